"""Run tasks in a child process that can be ended: start it, send tasks, read messages, end it with its group.

One child does one task after another, so that libraries are loaded once. Each task and each message is one
line of JSON. A task is answered by `ready` (its clock starts), any number of `plan`, `bound` and `count`, and
at last `done` or `failed`. `worker` is the other side.
"""

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Self

from optimiser.problem.errors import EnvironmentFault
from optimiser.problem.jsonfile import TEMPORARY_VARIABLES, part_folder

STARTUP_S, ALLOWANCE_S = 300.0, 120.0
"""Seconds that imports and first compilation may take before the clock of a task starts: at most, and beside
its limit. Compiling everything took 90 s on a machine whose two cores were shared by five users."""

OVERRUN_S, OVERRUN_SHARE = 2.0, 0.05
"""A solve ends at most this many seconds, or this share of its limit, after the limit: whichever is more."""

KILLED_AFTER = 0.8
"""Share of that time after which a child is killed; the rest is for the check of its last plan."""

CLOSING_S = 1.0
"""Longest wait for the last messages of a killed child."""

SIGKILL = 9
"""Signal that ends a process when memory runs out, and whenever somebody sends it."""

POLL_S = 0.5
"""Longest wait for a message before the deadline is checked again."""

NO_MEMORY = ("bad_alloc", "MemoryError", "annot allocate memory", "allocation still failed", "pthread_create")
"""What libraries write when memory runs out, before they end the process."""

STDERR_TAIL = 2000
"""Characters of the standard error of a crashed child that its ending reports."""

WORKER = (sys.executable, "-m", "optimiser.engine.worker")
"""Command of the child process."""

type Receive = Callable[[dict[str, Any]], None]
"""Takes a message of a task while it runs."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a task ended.

    Attributes
    ----------
    reason
        `proof`, `gap`, `time`, `stalled`, `heuristic` or `infeasible`; or `crash`, `memory`, or `killed` (at
        the hard limit: it did not stop at its time limit by itself).
    message
        More about it, for readers; empty when all went well.
    solver
        What solved it, as far as known.
    seconds
        Of the task, without start-up.
    details
        Whatever else the child reported at the end.
    """

    reason: str
    message: str = ""
    solver: str = ""
    seconds: float = 0.0
    details: Mapping[str, Any] = field(default_factory=dict)


def describe_lack_of_memory(megabytes: int | None) -> str:
    """Say that the memory is used up.

    Parameters
    ----------
    megabytes
        The limit; None without one.
    """
    return "memory ran out" if megabytes is None else f"the memory limit of {megabytes} MB was reached"


def most_overrun_s(time_limit_s: float) -> float:
    """Return by how many seconds a solve may exceed its time limit."""
    return max(OVERRUN_S, OVERRUN_SHARE * time_limit_s)


def hard_limit_s(time_limit_s: float) -> float:
    """Return the seconds after which a child with a time limit is killed."""
    return time_limit_s + KILLED_AFTER * most_overrun_s(time_limit_s)


def startup_s(time_limit_s: float) -> float:
    """Return the seconds in which a child must be ready: a solver that hangs in its warm-up has no more."""
    return min(STARTUP_S, ALLOWANCE_S + time_limit_s)


class ChildProcess:
    """A child process that is started for its first task and kept for the next ones.

    Parameters
    ----------
    command
        Command of the child; default `WORKER`.
    name
        What messages call the child.

    Notes
    -----
    The child has a process group of its own. It is ended with the group when the block that holds this object
    is left, and it ends itself when its standard input closes, that is, when this process is gone.
    """

    def __init__(self, command: Sequence[str] | None = None, *, name: str = "the solver process") -> None:
        self._command = command
        self._name = name
        self._errors: IO[bytes] | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._scratch = ExitStack()
        self._memory_mb: int | None = None
        self._lines: queue.Queue[bytes | None] = queue.Queue()

    def __enter__(self) -> Self:
        """Return the child process; it is started by its first task or by `start`."""
        return self

    def __exit__(self, *_error: object) -> None:
        """End the child."""
        self.close()

    @property
    def is_running(self) -> bool:
        """Return whether the child runs; it has then kept what earlier tasks left."""
        return self._child is not None

    @property
    def pid(self) -> int:
        """Return the number of the running process; 0 where none runs."""
        return 0 if self._child is None else self._child.pid

    def start(self) -> None:
        """Start the child unless it runs; it imports its libraries at once, while nothing is asked of it yet.

        Raises
        ------
        EnvironmentFault
            When it cannot be started.
        """
        if self._child is not None:
            return
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the child lives
        try:
            # What a killed child leaves there goes with the folder, or with the next one.
            scratch = self._scratch.enter_context(part_folder(Path(tempfile.gettempdir())))
            self._child = subprocess.Popen(  # noqa: S603 - our own module, no shell
                list(self._command or WORKER),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                start_new_session=True,
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                    **dict.fromkeys(TEMPORARY_VARIABLES, str(scratch)),
                },
            )
        except OSError as error:
            self.close()
            raise EnvironmentFault(f"{self._name} cannot be started ({error.strerror})") from error
        self._lines = queue.Queue()
        threading.Thread(target=_pump, args=(self._child.stdout, self._lines), daemon=True).start()

    def prepare(self, task: Mapping[str, Any]) -> None:
        """Start the child, and let it load what tasks of a kind need while nothing is asked of it yet.

        Parameters
        ----------
        task
            A JSON object with `prepare` (see `worker.Session.do`).

        Raises
        ------
        EnvironmentFault
            When it cannot be started.
        """
        self.start()
        self._send(task)

    def close(self) -> None:
        """Kill the child with its whole group, close its pipes, and remove its temporary files."""
        self.kill()
        child, self._child = self._child, None
        pipes = (child.stdin, child.stdout, self._errors) if child is not None else (self._errors,)
        for pipe in filter(None, pipes):
            with suppress(OSError):
                pipe.close()
        self._errors = None
        self._scratch.close()

    def kill(self) -> None:
        """Kill the child with its whole group, and wait for it; from any thread.

        A task that another thread waits for then ends as `memory`, as after any such signal.
        """
        child = self._child
        if child is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(child.pid, SIGKILL)
            else:
                child.kill()
        child.wait()

    def __call__(self, task: Mapping[str, Any], receive: Receive, *, time_limit_s: float) -> Ending:
        """Run a task in the child and pass on its messages.

        Parameters
        ----------
        task
            A JSON object; with `fresh`, a child that did earlier tasks is replaced first.
        receive
            Takes the message `ready`, with which the clock starts, and each `plan`, `bound` and `count`.
        time_limit_s
            Of the task; the child is killed at `hard_limit_s` of it.

        Raises
        ------
        EnvironmentFault
            When the child cannot be started.
        """
        if task.get("fresh"):
            self.close()
        self.start()
        self._memory_mb = task.get("memory_mb")
        self._send(task)
        try:
            ending = self._converse(receive, time_limit_s)
        except BaseException:
            self.close()  # what it says from now on would be taken for messages of the next task
            raise
        is_over = ending.reason in ("crash", "memory", "killed")
        if is_over or self._child is None or self._child.poll() is not None:
            self.close()
        return ending

    def _send(self, task: Mapping[str, Any]) -> None:
        """Write a task; the pipe stays open. That the child is gone is noticed when its messages end."""
        if self._child is not None and self._child.stdin is not None:
            with suppress(OSError):
                self._child.stdin.write(json.dumps(task).encode() + b"\n")
                self._child.stdin.flush()

    def _converse(self, receive: Receive, time_limit_s: float) -> Ending:
        begun, is_ready = time.monotonic(), False
        deadline = begun + startup_s(time_limit_s)
        while (message := self._next_message(deadline)) is not None:
            if message["kind"] in ("done", "failed"):
                return ending_of({"seconds": time.monotonic() - begun, **message})
            if message["kind"] == "ready":
                begun, is_ready = time.monotonic(), True
                deadline = begun + hard_limit_s(time_limit_s)
            receive(message)
        return self._end_late(receive, begun, is_ready=is_ready)

    def _next_message(self, deadline: float) -> dict[str, Any] | None:
        """Return the next message, one of kind `failed` when the child ends; None at the deadline."""
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=min(POLL_S, left))
            except queue.Empty:
                continue
            return self._last_message() if line is None else self._parsed(line)
        return None

    def _end_late(self, receive: Receive, begun: float, *, is_ready: bool) -> Ending:
        """Kill the child at its deadline, and pass on the last plan and the last bound that it sent.

        Messages wait where checking them takes longer than finding them. Each plan is better than those
        before it, so that the last one is enough.
        """
        self.kill()
        latest: dict[str, dict[str, Any]] = {}
        with suppress(queue.Empty):
            while (line := self._lines.get(timeout=CLOSING_S)) is not None:
                message = self._parsed(line)
                latest[message["kind"]] = message
        for message in filter(None, map(latest.get, ("plan", "bound", "count"))):
            receive(message)
        if "done" in latest:
            return ending_of(latest["done"])
        text = f"{self._name.removesuffix(' process')} did not stop at its time limit and was ended"
        if not is_ready:
            text = f"{self._name} was not ready to start after {time.monotonic() - begun:.0f} s and was ended"
        return Ending("killed", text, "", time.monotonic() - begun if is_ready else 0.0)

    def _last_message(self) -> dict[str, Any]:
        """Return why a child ended without a message."""
        code, tail = -SIGKILL, ""
        if self._child is not None and self._errors is not None:
            code = self._child.wait()
            self._errors.seek(0)
            tail = self._errors.read()[-STDERR_TAIL:].decode(errors="replace").strip()
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        reason, text = "crash", f"{self._name} ended with {how}" + (f": {tail}" if tail else "")
        if code == -SIGKILL:
            reason, text = "memory", f"{self._name} was killed (signal 9), probably for lack of memory"
        elif any(word in tail for word in NO_MEMORY):
            reason, text = "memory", describe_lack_of_memory(self._memory_mb)
        return {"kind": "failed", "reason": reason, "message": text}

    def _parsed(self, line: bytes) -> dict[str, Any]:
        """Return the message in a line; one of kind `failed` where the line is none."""
        with suppress(ValueError):
            value = json.loads(line)
            if isinstance(value, dict) and "kind" in value:
                return value
        return {"kind": "failed", "reason": "crash", "message": f"{self._name} wrote {line[:80]!r}"}


_ENDING_KEYS = ("kind", "reason", "message", "solver", "seconds")


def ending_of(message: Mapping[str, Any]) -> Ending:
    """Return how a task ended, from its last message, `done`."""
    details = {key: value for key, value in message.items() if key not in _ENDING_KEYS}
    text, solver = str(message.get("message", "")), str(message.get("solver", ""))
    return Ending(message["reason"], text, solver, float(message["seconds"]), details)


def _pump(stream: IO[bytes] | None, lines: queue.Queue[bytes | None]) -> None:
    """Put the lines of a stream into a queue, and None at its end."""
    if stream is not None:
        with suppress(OSError, ValueError):
            for line in stream:
                lines.put(line)
    lines.put(None)
