"""Run tasks on an executor: skip what is kept, keep what arrives, and say how far it has come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from optimiser.tasks import kept
from optimiser.tasks.task import Executor, Outcome, Task, address_of


@dataclass(frozen=True, slots=True)
class TaskProgress:
    """How far a run of tasks has come.

    Attributes
    ----------
    total
        Number of tasks.
    kept
        Those of them whose outcome was kept from before.
    done
        Those that have ended, kept and quarantined ones included.
    quarantined
        Those that were given up.
    seconds
        Since the first task began.
    latest
        The outcome that arrived last; None before the first.
    """

    total: int
    kept: int
    done: int
    quarantined: int
    seconds: float
    latest: Outcome | None = None

    @property
    def rate(self) -> float:
        """Return the tasks a second that were done; 0 before the first."""
        return (self.done - self.kept) / self.seconds if self.seconds else 0.0

    @property
    def left_s(self) -> float | None:
        """Return the seconds that the rest will take at this rate; None before the first task is done."""
        return (self.total - self.done) / self.rate if self.rate else None

    def __str__(self) -> str:
        """Return a line for the screen."""
        parts = [f"{self.done:,} of {self.total:,} done"]
        if self.kept:
            parts.append(f"{self.kept:,} of them kept from before")
        if self.quarantined:
            parts.append(f"{self.quarantined:,} quarantined")
        if self.left_s is not None:
            rate = f"{self.rate:.3g} a second" if self.rate >= 1 else f"{60 * self.rate:.3g} a minute"
            left = f"{self.left_s:.0f} s" if self.left_s < 120 else f"{self.left_s / 60:.0f} min"
            parts += [rate, f"about {left} left"]
        return ", ".join(parts)


def _ignore(_progress: TaskProgress) -> None:
    return


def run_tasks(
    tasks: Sequence[Task],
    contents: Mapping[str, bytes],
    executor: Executor,
    *,
    watch: Callable[[TaskProgress], object] = _ignore,
) -> dict[str, Outcome]:
    """Return the outcome of each task by its key, in the order of the tasks.

    Outcomes that are kept from before are read; new ones are kept as they arrive, so that whatever ends this
    process, the next call goes on where it ended. Faults are not kept: the next call tries those tasks again.

    Parameters
    ----------
    tasks
        Tasks; those with the same key are done once.
    contents
        Shared bytes by `address_of` them; the tasks name them.
    executor
        Does the tasks; within its block.
    watch
        Called before the first task, and after each.

    Raises
    ------
    EnvironmentFault
        When no task can be done at all, or an outcome cannot be kept.
    """
    by_key = {task.key: task for task in tasks}
    _check(by_key.values(), contents)
    found = {key: kept.load(key, task.name) for key, task in by_key.items()}
    outcomes = {key: outcome for key, outcome in found.items() if outcome is not None}
    before, begun = len(outcomes), time.monotonic()
    waiting = [task for key, task in by_key.items() if key not in outcomes]
    quarantined = 0

    def report(latest: Outcome | None) -> None:
        seconds = time.monotonic() - begun
        watch(TaskProgress(len(by_key), before, len(outcomes), quarantined, seconds, latest))

    report(None)
    try:
        with closing(executor.run(waiting, contents)) as arriving:
            for outcome in arriving:
                if outcome.key in outcomes:
                    continue
                if outcome.quarantined:
                    quarantined += 1
                else:
                    kept.save(outcome)
                outcomes[outcome.key] = outcome
                report(outcome)
    except BaseException as error:
        error.add_note(f"{len(outcomes) - quarantined:,} of {len(by_key):,} tasks are done and kept.")
        raise
    kept.remove_unused()
    return {key: outcomes[key] for key in by_key}


def _check(tasks: Iterable[Task], contents: Mapping[str, bytes]) -> None:
    """Refuse contents under another address than their own, and tasks that name one that is missing."""
    wrong = [address for address, content in contents.items() if address != address_of(content)]
    missing = {address for task in tasks for address in task.contents} - contents.keys()
    if wrong or missing:
        raise ValueError(f"contents under a wrong address: {wrong}; missing: {sorted(missing)}")
