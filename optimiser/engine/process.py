"""Run a task in a child process of its own group, with a hard limit, and read what it sends."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

from optimiser.problem.errors import EnvironmentFault

STARTUP_S = 120.0
"""Seconds that imports and first compilation may take before the clock of the solve starts."""

KILLED = 9
"""Signal that ends a process when memory runs out (and whenever somebody means it)."""

WORKER = (sys.executable, "-m", "optimiser.engine.worker")
"""Command of the child process."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a child process ended.

    Attributes
    ----------
    reason
        `proof`, `gap`, `time`, `heuristic`; or `crash`, `memory`, `killed` (by the hard limit).
    message
        More, for a reader; empty when all went well.
    solver
        What solved it, as far as known.
    seconds
        Of the solve, without start-up.
    """

    reason: str
    message: str
    solver: str
    seconds: float


def hard_limit_s(time_limit_s: float) -> float:
    """Return the seconds after which a child that has a time limit is killed."""
    return 1.2 * time_limit_s + 10.0


def run_child(
    task: Mapping[str, Any],
    receive: Callable[[dict[str, Any]], None],
    *,
    time_limit_s: float,
    command: Sequence[str] | None = None,
) -> Ending:
    """Run a task in a child process and pass on its messages.

    Parameters
    ----------
    task
        JSON object for the child.
    receive
        Takes the message `ready`, with which the clock starts, and each one of kind `plan`, `bound`, `count`.
    time_limit_s
        Of the task; the child is killed at `hard_limit_s` of it.
    command
        The child's command; default `WORKER`.

    Raises
    ------
    EnvironmentFault
        When the child cannot be started.
    """
    with tempfile.TemporaryFile() as errors:
        child = start_child(command or WORKER, errors)
        try:
            return _converse(child, task, receive, time_limit_s, errors)
        finally:
            end_child(child)


def start_child(command: Sequence[str], errors: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a child in a process group of its own.

    Parameters
    ----------
    command
        The child's command.
    errors
        File for what it says on its standard error.

    Raises
    ------
    EnvironmentFault
        When it cannot be started.
    """
    try:
        return subprocess.Popen(  # noqa: S603 - our own module, no shell
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    except OSError as error:
        raise EnvironmentFault(f"the solver process cannot be started ({error.strerror})") from error


def end_child(child: subprocess.Popen[bytes]) -> None:
    """Kill the child with its whole group, wait for it, and close the pipes."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(child.pid, KILLED)
        else:
            child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


def _converse(
    child: subprocess.Popen[bytes],
    task: Mapping[str, Any],
    receive: Callable[[dict[str, Any]], None],
    time_limit_s: float,
    errors: IO[bytes],
) -> Ending:
    lines: queue.Queue[bytes | None] = queue.Queue()
    threading.Thread(target=pump, args=(child.stdout, lines), daemon=True).start()
    hand_over(child, task)
    begun = time.monotonic()
    deadline = begun + STARTUP_S + hard_limit_s(time_limit_s)
    while True:
        try:
            line = lines.get(timeout=max(0.0, min(0.5, deadline - time.monotonic())))
        except queue.Empty:
            if time.monotonic() >= deadline:
                return Ending(
                    "killed", "the solver did not keep to its time limit", "", time.monotonic() - begun
                )
            continue
        if line is None:
            return silent_end(child, errors, time.monotonic() - begun)
        message = message_of(line)
        if message["kind"] == "ready":
            begun = time.monotonic()
            deadline = begun + hard_limit_s(time_limit_s)
            receive(message)
        elif message["kind"] == "done":
            return Ending(message["reason"], "", str(message.get("solver", "")), float(message["seconds"]))
        elif message["kind"] == "failed":
            return Ending(message["reason"], message["message"], "", time.monotonic() - begun)
        else:
            receive(message)


def pump(stream: IO[bytes] | None, lines: queue.Queue[bytes | None]) -> None:
    """Put the lines of a stream into a queue, and None at its end.

    Parameters
    ----------
    stream
        What a child says.
    lines
        The queue.
    """
    if stream is not None:
        with suppress(OSError, ValueError):
            for line in stream:
                lines.put(line)
    lines.put(None)


def hand_over(child: subprocess.Popen[bytes], task: Mapping[str, Any]) -> None:
    """Write a task; the pipe stays open, and its closing tells the child that the parent is gone.

    Parameters
    ----------
    child
        The child; that it is gone is seen when it is heard.
    task
        A JSON object.
    """
    if child.stdin is None:
        return
    with suppress(OSError):
        child.stdin.write(json.dumps(task).encode() + b"\n")
        child.stdin.flush()


def message_of(line: bytes) -> dict[str, Any]:
    """Return the message in a line, one of kind `failed` where the line makes no sense."""
    try:
        value = json.loads(line)
    except ValueError:
        value = None
    if isinstance(value, dict) and "kind" in value:
        return value
    return {"kind": "failed", "reason": "crash", "message": f"the solver process said {line[:80]!r}"}


def silent_end(child: subprocess.Popen[bytes], errors: IO[bytes], seconds: float) -> Ending:
    """Say why a child ended without a word.

    Parameters
    ----------
    child
        The child.
    errors
        What it said on its standard error.
    seconds
        Since it began.
    """
    code = child.wait()
    errors.seek(0)
    tail = errors.read()[-2000:].decode(errors="replace").strip()
    if code == -KILLED:
        return Ending("memory", "the solver process was killed (signal 9), likely for memory", "", seconds)
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return Ending(
        "crash", f"the solver process ended with {how}" + (f": {tail}" if tail else ""), "", seconds
    )
