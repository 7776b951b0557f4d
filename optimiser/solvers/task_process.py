"""Keep a child process that does one task after another."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import IO, Any, Self

from optimiser.solvers.process import (
    STARTUP_S,
    Ending,
    end_child,
    hard_limit_s,
    message_of,
    pump,
    silent_end,
    start_child,
)

WORKER = (sys.executable, "-m", "optimiser.solvers.task_worker")
"""Command of the child process."""


class TaskProcess:
    """Does tasks as `process.run_child` does, in one child that starts with the first of them.

    Parameters
    ----------
    command
        The child's command; default `WORKER`.

    Notes
    -----
    A child that fails or breaks its hard limit is ended; the next task has a new one.
    """

    def __init__(self, *, command: Sequence[str] = WORKER) -> None:
        self._command = command
        self._errors: IO[bytes] | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._lines: queue.Queue[bytes | None] = queue.Queue()

    def __enter__(self) -> Self:
        """Return the process."""
        return self

    def __exit__(self, *_error: object) -> None:
        """End the child."""
        self.close()

    def close(self) -> None:
        """End the child, if there is one."""
        if self._child is not None:
            end_child(self._child)
            self._child = None
        if self._errors is not None:
            self._errors.close()
            self._errors = None

    def __call__(
        self, task: Mapping[str, Any], receive: Callable[[dict[str, Any]], None], *, time_limit_s: float
    ) -> Ending:
        """Do a task and pass on its messages.

        Parameters
        ----------
        task, receive, time_limit_s
            As for `process.run_child`; a limit of memory plays no part.
        """
        self._begin()
        self._tell(task)
        begun = time.monotonic()
        deadline = begun + STARTUP_S + hard_limit_s(time_limit_s)
        while True:
            message = self._next(deadline, begun)
            if message["kind"] == "ready":
                begun = time.monotonic()
                deadline = begun + hard_limit_s(time_limit_s)
                receive(message)
            elif message["kind"] == "done":
                solver = str(message.get("solver", ""))
                return Ending(message["reason"], "", solver, float(message["seconds"]))
            elif message["kind"] == "failed":
                self.close()
                return Ending(message["reason"], message["message"], "", time.monotonic() - begun)
            else:
                receive(message)

    def _begin(self) -> None:
        if self._child is not None:
            return
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the child lives
        self._child = start_child(self._command, self._errors)
        self._lines = queue.Queue()
        threading.Thread(target=pump, args=(self._child.stdout, self._lines), daemon=True).start()

    def _tell(self, task: Mapping[str, Any]) -> None:
        if self._child is not None and self._child.stdin is not None:
            with suppress(OSError):
                self._child.stdin.write(json.dumps(task).encode() + b"\n")
                self._child.stdin.flush()

    def _next(self, deadline: float, begun: float) -> dict[str, Any]:
        """Return the next message; one of kind `failed` when the child ended or took too long."""
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=min(0.5, left))
            except queue.Empty:
                continue
            if line is not None:
                return message_of(line)
            if self._child is None or self._errors is None:
                break
            ending = silent_end(self._child, self._errors, time.monotonic() - begun)
            return {"kind": "failed", "reason": ending.reason, "message": ending.message}
        return {"kind": "failed", "reason": "killed", "message": "the solver did not keep to its time limit"}
