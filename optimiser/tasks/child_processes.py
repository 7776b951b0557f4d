"""Do tasks in child processes of this one: each a few times if it must be, and say why one failed."""

from __future__ import annotations

import queue
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from optimiser.engine.child import ChildProcess, Ending
from optimiser.problem.errors import EnvironmentFault
from optimiser.problem.jsonfile import part_folder
from optimiser.tasks.task import ATTEMPTS, Outcome, Task

WORKER = (sys.executable, "-m", "optimiser.tasks.worker")
"""Command of the child process."""
PAUSE_S = 0.02
"""Seconds between two looks whether a child has ended."""


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
    child: Callable[..., Ending],
    task: Task,
    key: str,
    *,
    worker: str,
    folder: Path | None = None,
    wanted: Callable[[], bool] = lambda: True,
) -> Outcome:
    """Do a task in a child process, again in a new one after each failure, up to `ATTEMPTS` times.

    Parameters
    ----------
    child
        Process of this task alone while it lasts: whatever ends the process ends no other task. Or what does
        the task in this process.
    task, key
        The task and its key.
    worker
        What the outcome says about where it ran.
    folder
        Holds the shared contents by address; None where the child does not need it.
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
        "payload": task.handed_out()["payload"],
        "folder": str(folder),
        "memory_mb": task.memory_mb,
    }
    for number in range(1, ATTEMPTS + 1):
        if not wanted():
            raise Cancelled
        begun, value = time.monotonic(), None
        asked = {**request, "fresh": number > 1}
        ending = child(asked, lambda _message: None, time_limit_s=task.time_limit_s)
        if ending.reason == "done":
            value, fault, seconds = ending.details["value"], "", ending.seconds
            break
        fault, seconds = ending.message, time.monotonic() - begun
        if ending.reason == "killed" and ending.seconds:
            fault = f"it did not end within its time limit of {task.time_limit_s:g} s and was ended"
    if fault and not wanted():
        raise Cancelled
    return Outcome(
        key=key,
        name=task.name,
        value=value,
        fault=fault,
        attempts=number,
        seconds=round(seconds, 3),
        worker=worker,
    )


@dataclass(frozen=True, slots=True)
class _Batch:
    """The tasks of one call of `run`: where their outcomes go, and whether they are still wanted."""

    outcomes: queue.SimpleQueue[Outcome | Exception]
    over: threading.Event


class _Slot(threading.Thread):
    """A thread with a child process, which does one task after another.

    The child is started and ended by this thread: Linux ends it with the thread that started it.
    """

    def __init__(self, number: int, folder: Path, waiting: queue.SimpleQueue[_Job | None]) -> None:
        super().__init__(daemon=True, name=f"child {number}")
        self._folder, self._waiting = folder, waiting
        self.child = new_child()
        self.batch: _Batch | None = None

    def run(self) -> None:
        """Do tasks until None comes."""
        with self.child:
            while (job := self._waiting.get()) is not None:
                task, self.batch = job
                self._do(task, self.batch)
                self.batch = None

    def _do(self, task: Task, batch: _Batch) -> None:
        outcome: Outcome | Exception
        try:
            outcome = attempt(
                self.child,
                task,
                task.key,
                folder=self._folder,
                worker=self.name,
                wanted=lambda: not batch.over.is_set(),
            )
        except Cancelled:
            return
        except Exception as error:  # noqa: BLE001 - raised again where the outcomes are awaited
            outcome = error
        batch.outcomes.put(outcome)


type _Job = tuple[Task, _Batch]


class ChildProcesses:
    """Does tasks in child processes, which are kept from one task to the next.

    What a task does to its process, it does to no other: a process that crashes, exceeds a limit or is killed
    is replaced, and its task begun anew, up to three times.

    Parameters
    ----------
    workers
        Number of processes.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._stack = ExitStack()
        self._slots: list[_Slot] = []
        self._waiting: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._folder = Path()

    def __enter__(self) -> Self:
        """Make the folder of the contents; the processes are started by their first tasks."""
        try:
            self._folder = self._stack.enter_context(part_folder(Path(tempfile.gettempdir())))
        except OSError as error:
            raise EnvironmentFault(
                f"no temporary folder can be made ({error.strerror})",
                where=tempfile.gettempdir(),
                remedy="Free space there, or name another folder in TMPDIR.",
            ) from error
        self._slots = [_Slot(n, self._folder, self._waiting) for n in range(1, self.workers + 1)]
        for slot in self._slots:
            slot.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """End the processes, and remove the folder."""
        for _ in self._slots:
            self._waiting.put(None)
        while any(slot.is_alive() for slot in self._slots):
            for slot in self._slots:
                slot.child.kill()
                slot.join(PAUSE_S)
        self._slots = []
        self._stack.close()

    def run(self, tasks: Sequence[Task], contents: Mapping[str, bytes]) -> Generator[Outcome, None, None]:
        """Do tasks; the processes take them in their order.

        Raises
        ------
        ValueError
            Outside the block of this executor: no process would take them.
        """
        if not self._slots:
            raise ValueError("tasks are done within the block of their executor")
        store(contents, self._folder)
        batch = _Batch(queue.SimpleQueue(), threading.Event())
        for task in tasks:
            self._waiting.put((task, batch))
        try:
            for _ in tasks:
                found = batch.outcomes.get()
                if isinstance(found, Exception):
                    raise found
                yield found
        finally:
            batch.over.set()
            while any(slot.batch is batch for slot in self._slots):
                for slot in self._slots:
                    if slot.batch is batch:
                        slot.child.kill()
                threading.Event().wait(PAUSE_S)
