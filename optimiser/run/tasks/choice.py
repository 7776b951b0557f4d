"""Choose what does tasks, as the user asked."""

from __future__ import annotations

import os

from optimiser.run.tasks.child_processes import ChildProcesses
from optimiser.run.tasks.in_process import InProcess
from optimiser.run.tasks.task import Executor


def executor_of(*, workers: int | None = None) -> Executor:
    """Return what does tasks; it is used as a context manager.

    Parameters
    ----------
    workers
        Tasks at a time, each in a process of its own; 0: one after another in this process, without limits;
        None: one a core.
    """
    if workers == 0:
        return InProcess()
    return ChildProcesses(workers or cores())


def cores() -> int:
    """Return the number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
