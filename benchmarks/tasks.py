"""Measure what a task costs that does nothing, and what becomes of poisoned ones.

    python benchmarks/tasks.py                 # 10,000 tasks on two child processes
    python benchmarks/tasks.py --tasks 500     # a short version

Each executor does the tasks twice: all sound, and with one in a hundred that ends its process. Every sound
task must be done, every poisoned one quarantined and named. The cache is an empty folder each time.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from optimiser.run.tasks import Contents, Executor, Task, executor_of, run_tasks

POISONED = 100
"""One task in so many ends its process."""


def nothing(payload: Mapping[str, Any], _contents: Contents) -> int:
    """Return the number of the task; a poisoned one ends its process."""
    if payload["poison"]:
        os._exit(137)
    return int(payload["number"])


@dataclass(frozen=True, slots=True)
class Measured:
    """What the tasks of an executor came to."""

    executor: str
    poisoned: int
    done: int
    quarantined: int
    seconds: float
    cpu_s: float
    faults: tuple[str, ...]


def tasks_of(count: int, *, with_poison: bool) -> list[Task]:
    """Return tasks that do nothing."""
    return [
        Task(
            name=f"nothing {number}",
            function="tasks:nothing",
            payload={"number": number, "poison": with_poison and number % POISONED == POISONED // 2},
            time_limit_s=60.0,
        )
        for number in range(count)
    ]


def measure(name: str, make: Callable[[], Executor], count: int, *, with_poison: bool) -> Measured:
    """Do tasks in an empty cache."""
    tasks = tasks_of(count, with_poison=with_poison)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["POLYRING_CACHE"] = folder
        with make() as executor:
            run_tasks(tasks[:2], {}, executor)  # starts the processes
            begun, cpu_s = time.monotonic(), time.process_time()
            outcomes = run_tasks(tasks, {}, executor)
            seconds, cpu_s = time.monotonic() - begun, time.process_time() - cpu_s
    poisoned = {task.name for task in tasks if task.payload["poison"]}
    quarantined = {one.name for one in outcomes.values() if one.quarantined}
    faults = [f"{name} is quarantined" for name in quarantined - poisoned]
    faults += [f"{name} is not quarantined" for name in poisoned - quarantined]
    faults += [
        f"{one.name} returned {one.value!r}"
        for task, one in zip(tasks, outcomes.values(), strict=True)
        if not one.quarantined and one.value != task.payload["number"]
    ]
    done = len(outcomes) - len(quarantined)
    return Measured(name, len(poisoned), done, len(quarantined), seconds, cpu_s, tuple(faults))


def main() -> int:
    """Measure, and print a table; return 1 where a task went astray."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    executors = {f"{asked.workers} child processes": lambda: executor_of(workers=asked.workers)}
    print("| executor | poisoned | done | quarantined | s | ms a task | CPU ms a task (parent) |")
    print("|---|---|---|---|---|---|---|")
    faults: list[str] = []
    for name, make in executors.items():
        for with_poison in (False, True):
            one = measure(name, make, asked.tasks, with_poison=with_poison)
            each, cpu = (1000 * seconds / asked.tasks for seconds in (one.seconds, one.cpu_s))
            print(
                f"| {one.executor} | {one.poisoned} | {one.done} | {one.quarantined} | {one.seconds:.1f} | "
                f"{each:.2f} | {cpu:.2f} |",
                flush=True,
            )
            faults += one.faults
    print(*faults, sep="\n")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
