"""Do tasks in child processes of this one: each a few times if it must be, and say why one failed."""

from __future__ import annotations

import itertools
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
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


class ChildProcesses:
    """Does tasks in child processes, which are kept from one task to the next.

    What a task does to its process, it does to no other: a process that crashes, exceeds a limit or is killed
    is replaced, and its task begun anew, up to three times. Each process belongs to a thread that starts it:
    Linux ends it with that thread.

    Parameters
    ----------
    workers
        Number of processes.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._stack = ExitStack()
        self._own, self._numbers = threading.local(), itertools.count(1)
        self._busy: dict[ChildProcess, threading.Event] = {}
        self._threads: ThreadPoolExecutor | None = None
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
        self._threads = ThreadPoolExecutor(self.workers, initializer=self._begin)
        return self

    def __exit__(self, *_error: object) -> None:
        """End the processes, and remove the folder."""
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=False, cancel_futures=True)
            self._kill(lambda _over: True)
            threads.shutdown()
        self._stack.close()

    def _begin(self) -> None:
        """Give the thread its child."""
        threading.current_thread().name = f"child {next(self._numbers)}"
        self._own.child = self._stack.enter_context(new_child())

    def _do(self, task: Task, over: threading.Event) -> Outcome | None:
        """Do a task in the child of this thread; return None where nobody waits for it any more."""
        child: ChildProcess = self._own.child
        self._busy[child] = over
        name, wanted = threading.current_thread().name, lambda: not over.is_set()
        try:
            return attempt(child, task, task.key, folder=self._folder, worker=name, wanted=wanted)
        except Cancelled:
            return None
        finally:
            del self._busy[child]

    def _kill(self, is_over: Callable[[threading.Event], bool]) -> None:
        """Kill children until none does a task that is over."""
        while doing := [child for child, over in [*self._busy.items()] if is_over(over)]:
            for child in doing:
                child.kill()
            time.sleep(PAUSE_S)

    def run(self, tasks: Sequence[Task], contents: Mapping[str, bytes]) -> Generator[Outcome, None, None]:
        """Do tasks; the processes take them in their order.

        Yields
        ------
        Outcome
            Of each task, as they arrive. Closing the generator ends the tasks that are not done.
        """
        if self._threads is None:
            raise ValueError("tasks are done within the block of their executor")
        store(contents, self._folder)
        over = threading.Event()
        futures = [self._threads.submit(self._do, task, over) for task in tasks]
        try:
            for future in as_completed(futures):
                if (found := future.result()) is not None:
                    yield found
        finally:
            over.set()
            for future in futures:
                future.cancel()
            self._kill(lambda of: of is over)
