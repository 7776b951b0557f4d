"""Run tasks on the executor of the user: skip what is kept, keep what arrives, say how far it has come."""

import json
import logging
import os
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from optimiser.engine.child import Ending
from optimiser.engine.search.task import cores
from optimiser.problem.errors import EnvironmentFault, JobError, install_extra
from optimiser.problem.jsonfile import make_folder, write_atomically
from optimiser.tasks import cache, child_processes
from optimiser.tasks.task import Executor, Outcome, Task, address_of, call, describe_error

log = logging.getLogger(__name__)

KEPT_DAYS = 60.0
"""Days after its last use when an outcome is removed."""
KEPT_FORMAT = "polyring-outcome/1"
"""Format of a kept outcome. Those of another format, or made by another version of the code, are not read."""
CLUSTERS = ("none", "local")
"""What may do tasks on this machine besides this process: child processes of its own, or a Dask cluster."""


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


def run_tasks(
    tasks: Sequence[Task],
    contents: Mapping[str, bytes],
    executor: Executor,
    *,
    watch: Callable[[TaskProgress], object] = lambda _progress: None,
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
    # Refuse contents under another address than their own, and tasks that name one that is missing.
    wrong = [address for address, content in contents.items() if address != address_of(content)]
    missing = {address for task in by_key.values() for address in task.contents} - contents.keys()
    if wrong or missing:
        raise ValueError(f"contents under a wrong address: {wrong}; missing: {sorted(missing)}")
    found = {key: load_kept(key, task.name) for key, task in by_key.items()}
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
                elif (keeps := by_key[outcome.key].keeps) is None or keeps(outcome.value):
                    keep(outcome)
                outcomes[outcome.key] = outcome
                report(outcome)
    except BaseException as error:
        error.add_note(f"{len(outcomes) - quarantined:,} of {len(by_key):,} tasks are done and kept.")
        raise
    remove_unused()
    return {key: outcomes[key] for key in by_key}


# ---- outcomes kept in the cache, so that no task is done twice


def kept_path(key: str) -> Path:
    """Return the file of an outcome."""
    return cache.folder() / "tasks" / key[:2] / f"{key}.json"


def load_kept(key: str, name: str) -> Outcome | None:
    """Return the kept outcome of a task; None where there is none that this version of the code made.

    Parameters
    ----------
    key
        Of the task.
    name
        Of the task now: the same task may have had another one.
    """
    path = kept_path(key)
    try:
        found = json.loads(path.read_bytes())
        if (found.pop("format"), found.pop("code")) != (KEPT_FORMAT, cache.code_version()):
            return None
        outcome = Outcome(**{**found, "key": key, "name": name})
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    with suppress(OSError):
        os.utime(path)
    return outcome


def keep(outcome: Outcome) -> None:
    """Keep an outcome without fault, completely or not at all.

    Raises
    ------
    EnvironmentFault
        When it cannot be written.
    """
    path = kept_path(outcome.key)
    make_folder(path.parent, remedy="Name another folder in POLYRING_CACHE.")
    known = {"format": KEPT_FORMAT, "code": cache.code_version(), **asdict(outcome)}
    write_atomically(path, json.dumps(known, ensure_ascii=False, allow_nan=False))


def remove_unused() -> None:
    """Remove the outcomes that were not used for `KEPT_DAYS`."""
    oldest = time.time() - KEPT_DAYS * 86_400.0
    for path in (cache.folder() / "tasks").glob("*/*.json"):
        with suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()


# ---- executors


class InProcess:
    """Does tasks in this process, for a debugger; no limit holds, and a crash ends this process."""

    workers = 1

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Do nothing: no process was started."""

    def run(self, tasks: Sequence[Task], contents: Mapping[str, bytes]) -> Generator[Outcome, None, None]:
        """Do tasks in their order; errors of the functions are caught."""

        def run(asked: Mapping[str, Any], _receive: object, **_limits: float) -> Ending:
            begun = time.monotonic()
            try:
                value = call(asked["function"], asked["payload"], contents.__getitem__)
            except Exception as error:
                log.info("%s failed", asked["function"], exc_info=True)
                return Ending("crash", describe_error(error))
            return Ending("done", seconds=time.monotonic() - begun, details={"value": value})

        for task in tasks:
            yield child_processes.attempt(run, task, task.key, worker="this process")


def executor_of(
    *, workers: int | None = None, cluster: str = "none", scheduler: str | None = None
) -> Executor:
    """Return what does tasks; it is used as a context manager.

    Parameters
    ----------
    workers
        Tasks at a time on this machine, each in a process of its own; 0: one after another in this process,
        without limits; None: one a core. An existing scheduler has workers of its own.
    cluster
        One of `CLUSTERS`: child processes of this one, or a Dask cluster on this machine.
    scheduler
        Address of an existing Dask scheduler, such as "tcp://10.0.0.1:8786".

    Raises
    ------
    EnvironmentFault
        When Dask is asked for and not installed.
    JobError
        When the choices contradict each other.
    """
    if cluster not in CLUSTERS:
        raise JobError(f"the cluster {cluster!r} is unknown", remedy=f"Choose one of {', '.join(CLUSTERS)}.")
    if scheduler is not None and (cluster != "none" or workers is not None):
        raise JobError(
            "an existing scheduler has workers of its own",
            where=scheduler,
            remedy="Leave out --workers and --cluster, or --scheduler.",
        )
    if scheduler is None and cluster == "none":
        return InProcess() if workers == 0 else child_processes.ChildProcesses(workers or cores())
    try:
        from optimiser.tasks.dask_cluster import DaskCluster
    except ImportError as error:
        raise EnvironmentFault(
            f"Dask distributed is not installed ({error})",
            remedy=f"{install_extra('cluster')} Or leave out --cluster and --scheduler.",
        ) from error
    return DaskCluster(workers=workers or cores(), address=scheduler)
