"""Do a task in a child process, a few times if it must be, and say why it failed."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from optimiser.engine.child import ChildProcess, Ending
from optimiser.tasks.task import ATTEMPTS, Outcome, Task

WORKER = (sys.executable, "-m", "optimiser.tasks.worker")
"""Command of the child process."""


class Cancelled(Exception):
    """Nobody waits for a task any more."""


def new_child() -> ChildProcess:
    """Return a child process for tasks; it is started by its first one, and dies with this process."""
    return ChildProcess(WORKER, name="the child process")


def store(contents: Mapping[str, bytes], folder: Path) -> None:
    """Write shared contents that a folder does not hold yet, each completely or not at all.

    The folder is a temporary one, which need not outlive a loss of power.
    """
    for address, content in contents.items():
        if (folder / address).exists():
            continue
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as part:
            part.write(content)
        Path(part.name).replace(folder / address)


def attempt(
    child: ChildProcess, task: Task, key: str, *, folder: Path, worker: str, wanted: Callable[[], bool]
) -> Outcome:
    """Do a task in a child process, again in a new one after each failure, up to `ATTEMPTS` times.

    Parameters
    ----------
    child
        Process of this task alone while it lasts: whatever ends the process ends no other task.
    task, key
        The task and its key.
    folder
        Holds the shared contents by address.
    worker
        What the outcome says about where it ran.
    wanted
        Tells after a failure whether somebody still waits for the outcome.

    Raises
    ------
    Cancelled
        When nobody does.
    EnvironmentFault
        When the process cannot be started.
    """
    request: dict[str, Any] = {
        "function": task.function,
        "payload": task.payload,
        "folder": str(folder),
        "memory_mb": task.memory_mb,
    }
    fault, begun = "", time.monotonic()
    for number in range(1, ATTEMPTS + 1):
        if not wanted():
            raise Cancelled
        begun = time.monotonic()
        asked = {**request, "fresh": number > 1}
        ending = child(asked, lambda _message: None, time_limit_s=task.time_limit_s)
        if ending.reason == "done":
            return Outcome(
                key=key,
                name=task.name,
                value=ending.details["value"],
                attempts=number,
                seconds=round(ending.seconds, 3),
                worker=worker,
            )
        fault = _fault(ending, task)
    if not wanted():
        raise Cancelled
    seconds = round(time.monotonic() - begun, 3)
    return Outcome(key=key, name=task.name, fault=fault, attempts=ATTEMPTS, seconds=seconds, worker=worker)


def _fault(ending: Ending, task: Task) -> str:
    if ending.reason == "killed" and ending.seconds:
        return f"it did not end within its time limit of {task.time_limit_s:g} s and was ended"
    return ending.message
