"""Measure what a task costs that does nothing, what becomes of poisoned ones, and what a solve adds.

    python benchmarks/tasks.py                 # 10,000 tasks on each executor; writes results/tasks.md
    python benchmarks/tasks.py --tasks 500     # a short version

1. Overhead: child processes and a local Dask cluster do the tasks twice: all sound, and with one in a hundred
   that ends its process. Every sound task must be done, every poisoned one quarantined and named.
2. A scheduler and workers in processes of their own: memory of each while the tasks run, and the bytes that
   they send and receive (counted by the kernel, read with `ss`), with 10 MB that all tasks share.
3. What the child process of a solve adds to a task: a small problem solved in a new child, and in a kept one.

The cache is an empty folder each time.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
from cluster_kills import Cluster
from measured import MACHINE

from optimiser.bench.generators.families import GridParameters, grid
from optimiser.engine.child import ChildProcess
from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import solve
from optimiser.tasks import Contents, Executor, Task, TaskProgress, address_of, executor_of, run_tasks

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "tasks.md"
POISONED = 100
"""One task in so many ends its process."""
CONTENT = b"\0" * 10_000_000
"""What all tasks of the second part share."""
SAMPLES = 10
"""Samples of memory in a run."""
SOLVES = 6
"""Solves of each kind in the third part."""


def nothing(payload: Mapping[str, Any], _contents: Contents) -> int:
    """Return the number of the task; a poisoned one ends its process."""
    if payload["poison"]:
        os._exit(137)
    return int(payload["number"])


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


@contextmanager
def empty_cache() -> Iterator[None]:
    """Let kept results go to an empty folder."""
    before = os.environ.get("POLYRING_CACHE")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["POLYRING_CACHE"] = folder
        try:
            yield
        finally:
            del os.environ["POLYRING_CACHE"]
            if before is not None:
                os.environ["POLYRING_CACHE"] = before


# ---- overhead


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


def measure(name: str, make: Callable[[], Executor], count: int, *, with_poison: bool) -> Measured:
    """Do tasks in an empty cache."""
    tasks = tasks_of(count, with_poison=with_poison)
    with empty_cache(), make() as executor:
        # The first ones start the processes.
        run_tasks([replace(task, function="tasks:start") for task in tasks[:8]], {}, executor)
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


def start(payload: Mapping[str, Any], _contents: Contents) -> int:
    """Take long enough that every worker gets such a task."""
    time.sleep(0.3)
    return int(payload["number"])


def overhead(count: int, workers: int) -> tuple[list[str], list[str]]:
    """Return the table of the first part, and what went astray."""
    executors: dict[str, Callable[[], Executor]] = {
        f"{workers} child processes": lambda: executor_of(workers=workers),
        f"local Dask cluster of {workers}": lambda: executor_of(workers=workers, cluster="local"),
    }
    lines = [
        "| executor | poisoned | done | quarantined | wall s | ms a task | CPU ms a task (command) |",
        "|---|---|---|---|---|---|---|",
    ]
    faults: list[str] = []
    for name, make in executors.items():
        for with_poison in (False, True):
            one = measure(name, make, count, with_poison=with_poison)
            each, cpu = (1000 * seconds / count for seconds in (one.seconds, one.cpu_s))
            lines.append(
                f"| {one.executor} | {one.poisoned} | {one.done:,} | {one.quarantined} | {one.seconds:.1f} | "
                f"{each:.1f} | {cpu:.1f} |"
            )
            print(lines[-1], file=sys.stderr, flush=True)
            faults += one.faults
    return lines, faults


# ---- memory and transfer


def transferred(process: psutil.Process) -> tuple[int, int]:
    """Return the bytes that a process has sent and received by the connections that it holds now."""
    if shutil.which("ss") is None:
        return 0, 0
    text = subprocess.run(["ss", "-tinpHO"], capture_output=True, text=True, check=True).stdout
    lines = [line for line in text.splitlines() if f"pid={process.pid}," in line]
    sent, received = (
        sum(int(found[1]) for line in lines if (found := re.search(rf"\b{word}:(\d+)", line)))
        for word in ("bytes_sent", "bytes_received")
    )
    return sent, received


def memory_mb(processes: list[psutil.Process]) -> float:
    """Return the resident memory of some processes together."""
    return sum(process.memory_info().rss for process in processes) / 2**20


def memory_and_transfer(count: int, workers: int) -> list[str]:
    """Return the tables of the second part."""
    address = address_of(CONTENT)
    tasks = [replace(task, contents=(address,)) for task in tasks_of(count, with_poison=False)]
    rows: list[str] = []
    moved: dict[str, tuple[int, int]] = {}
    with empty_cache(), Cluster(workers, HERE) as cluster, executor_of(scheduler=cluster.address) as executor:
        while executor.workers < workers:
            time.sleep(0.2)
        names = ["scheduler", *(f"worker {number}" for number in range(workers))]

        def sample(progress: TaskProgress) -> None:
            if progress.done % max(count // SAMPLES, 1):
                return
            own = [cluster.process(name) for name in names]
            children = [child for one in own[1:] for child in one.children(recursive=True)]
            cells = [memory_mb([one]) for one in own] + [memory_mb(children) / max(len(children), 1)]
            shown = " | ".join(f"{cell:.0f}" for cell in cells)
            rows.append(f"| {progress.done:,} | {shown} |")
            print(rows[-1], file=sys.stderr, flush=True)
            if progress.done == count:
                moved.update({name: transferred(one) for name, one in zip(names, own, strict=True)})

        run_tasks(tasks, {address: CONTENT}, executor, watch=sample)
    heads = " | ".join([f"{name}, MB" for name in names] + ["child of a worker, MB"])
    lines = [f"| tasks done | {heads} |", f"|{'---|' * (len(names) + 2)}", *rows, ""]
    lines += ["| process | sent, MB | received, MB |", "|---|---|---|"]
    lines += [
        f"| {name} | {sent / 1e6:.1f} | {received / 1e6:.1f} |" for name, (sent, received) in moved.items()
    ]
    return lines


# ---- what a solve adds


def solves() -> list[str]:
    """Return the table of the third part."""
    problem = grid(GridParameters(rows=3, columns=3, candidates=6, pairs=6, seed=1))
    params = SolveParameters(threads=1)

    def seconds_of(do: Callable[[], object]) -> list[float]:
        times = []
        for _ in range(SOLVES):
            begun = time.monotonic()
            do()
            times.append(time.monotonic() - begun)
        return times

    solve(problem, params=params)  # fills the cache of compiled code
    fresh = seconds_of(lambda: solve(problem, params=params))
    with ChildProcess() as child:
        solve(problem, params=params, run=child)
        kept = seconds_of(lambda: solve(problem, params=params, run=child))
    within = statistics.median(solve(problem, params=params).seconds for _ in range(3))
    return [
        "| the child process of the solve | median s | least s | largest s |",
        "|---|---|---|---|",
        *(
            f"| {name} | {statistics.median(times):.3f} | {min(times):.3f} | {max(times):.3f} |"
            for name, times in (("new for each solve", fresh), ("kept from solve to solve", kept))
        ),
        "",
        f"The solve itself, by the clock of the child: {within:.3f} s.",
    ]


def main() -> int:
    """Measure, print the page and write it; return 1 where a task went astray."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    load = os.getloadavg()[0]
    first, faults = overhead(asked.tasks, asked.workers)
    second = memory_and_transfer(asked.tasks, asked.workers)
    third = solves()
    asked_words = f"--tasks {asked.tasks} --workers {asked.workers}"
    lines = [
        "# Tasks",
        "",
        f"`python benchmarks/tasks.py {asked_words}`; {MACHINE}; load by other work at the begin {load:.1f}.",
        "",
        "## Overhead",
        "Tasks that do nothing. In the poisoned runs one in a hundred ends its process, three times each.",
        "",
        *first,
        "",
        "## Memory and transfer",
        "Scheduler and workers in processes of their own; all tasks share a content of 10 MB.",
        "",
        *second,
        "",
        "## What a solve adds",
        f"A lattice of 6 candidates and 6 pairs, {SOLVES} solves each.",
        "",
        *third,
        "",
        *(f"* {fault}" for fault in faults),
    ]
    text = "\n".join(lines)
    print(text)
    if asked.tasks == parser.get_default("tasks"):
        RESULTS.write_text(text.rstrip() + "\n", encoding="utf-8")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
