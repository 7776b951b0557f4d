"""Measure what many solves cost besides solving, and reckon what a million of them on a thousand cores take.

    python benchmarks/scale_model.py jing-jin-ji-uncertain --cases 15     # writes results/scale_model.md

Measured here: the time of tasks that do nothing against their number (a straight line is fitted), for child
processes and a local Dask cluster; a real sweep on one child process, with what it sends, returns and holds
in memory; the files that importing its function reads; the outcomes kept on disk. Reckoned from these by the
formulas that the page states: larger runs. Nothing of more than two cores was run.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np
import psutil
from tasks import measure

from optimiser.job import find
from optimiser.studies import sweep
from optimiser.tasks import Executor, Outcome, Task, executor_of, running
from optimiser.tasks.cache import Progress

RESULTS = Path(__file__).resolve().parent / "results" / "scale_model.md"
COUNTS = (250, 500, 1_000, 2_000)
"""Numbers of tasks that do nothing, to which the line is fitted."""
SAMPLE_S = 0.2
"""Seconds between two samples of memory."""
SAVES, WEIGHED = 1_000, 20_000
"""Outcomes that are kept to time keeping them; tasks and outcomes that are held to weigh them."""
SOLVES, CORES, THREADS = 1_000_000, 1_000, 32
"""What is reckoned: cases, cores, and threads of a Dask worker."""
FUNCTION = "optimiser.studies.answers"
"""Module of the function that a case calls."""


# ---- measured


@dataclass(frozen=True, slots=True)
class Line:
    """Seconds of n tasks that do nothing: `start_s + each_s n`; `cpu_s` a task is of the command alone."""

    name: str
    start_s: float
    each_s: float
    cpu_s: float
    points: tuple[tuple[int, float], ...]


def line(name: str, make: Callable[[], Executor]) -> Line:
    """Fit the line of an executor."""
    found = [measure(name, make, count, with_poison=False) for count in COUNTS]
    each_s, start_s = np.polyfit(COUNTS, [one.seconds for one in found], 1)
    cpu_s, _ = np.polyfit(COUNTS, [one.cpu_s for one in found], 1)
    points = tuple((count, one.seconds) for count, one in zip(COUNTS, found, strict=True))
    return Line(name, float(start_s), float(each_s), float(cpu_s), points)


@dataclass
class Recording:
    """An executor that notes what another one is given, what it returns, and the memory of its processes."""

    inner: Executor
    tasks: list[Task] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    contents: dict[str, int] = field(default_factory=dict)
    memory_mb: float = 0.0
    wall_s: float = 0.0

    @property
    def workers(self) -> int:
        """Return how many tasks run at a time."""
        return self.inner.workers

    def __enter__(self) -> Self:
        """Start the other one."""
        self.inner.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        """End the other one."""
        self.inner.__exit__(*error)

    def run(self, tasks: Sequence[Task], contents: Mapping[str, bytes]) -> Generator[Outcome, None, None]:
        """Do tasks."""
        self.tasks += tasks
        self.contents |= {address: len(content) for address, content in contents.items()}
        begun = time.monotonic()
        with self._sampled():
            for outcome in self.inner.run(tasks, contents):
                self.outcomes.append(outcome)
                yield outcome
        self.wall_s += time.monotonic() - begun

    @contextmanager
    def _sampled(self) -> Iterator[None]:
        """Sample the largest memory of all child processes together within the block."""
        over = threading.Event()

        def sample() -> None:
            while not over.wait(SAMPLE_S):
                with suppress(psutil.Error):
                    children = psutil.Process().children(recursive=True)
                    here = sum(child.memory_info().rss for child in children) / 2**20
                    self.memory_mb = max(self.memory_mb, here)

        thread = threading.Thread(target=sample, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """A real sweep on one child process.

    Attributes
    ----------
    cases
        Tasks that solve a case; the others score plans in cases.
    solve_s, sd_s
        Mean and standard deviation of the seconds of such a task.
    between_s
        Seconds between two tasks of any kind: elapsed seconds without those of tasks, over their number.
    content, payload, outcome
        Bytes of all contents, and of the payload and the kept outcome of a case.
    memory_mb
        Largest memory of the child process and the solver's together.
    """

    name: str
    cases: int
    scored: int
    solve_s: float
    sd_s: float
    scored_s: float
    between_s: float
    content: int
    payload: int
    outcome: int
    memory_mb: float


def real(job: str, cases: int, seed: int) -> tuple[Sweep, Task, Outcome]:
    """Do a sweep, and return what was seen of it, and the task and the outcome of one of its cases."""
    loaded = find(job, settings=[f"sweep.cases={cases}", f"sweep.seed={seed}", "solve.threads=1"])
    with tempfile.TemporaryDirectory() as folder, Recording(executor_of(workers=1)) as executor:
        out = Path(folder, "sweep")
        sweep.sweep(loaded, out=out, executor=executor, progress=Progress(), watch=lambda _title, _now: None)
    keys = {task.key for task in executor.tasks if task.function.endswith(":solve_case")}
    if len(keys) < 2:
        raise SystemExit("these cases are kept from before: choose another --seed")
    solved = [one for one in executor.outcomes if one.key in keys]
    seconds = [one.seconds for one in solved]
    others = [one.seconds for one in executor.outcomes if one.key not in keys]
    busy_s = sum(one.seconds for one in executor.outcomes)
    payloads = [len(json.dumps(task.payload)) for task in executor.tasks if task.key in keys]
    one = next(task for task in executor.tasks if task.key == solved[-1].key)
    found = Sweep(
        name=job,
        cases=len(solved),
        scored=len(others),
        solve_s=statistics.mean(seconds),
        sd_s=statistics.stdev(seconds),
        scored_s=statistics.mean(others) if others else 0.0,
        between_s=(executor.wall_s - busy_s) / len(executor.outcomes),
        content=sum(executor.contents.values()),
        payload=round(statistics.mean(payloads)),
        outcome=round(statistics.mean(running.kept_path(one.key).stat().st_size for one in solved)),
        memory_mb=executor.memory_mb,
    )
    return found, one, solved[-1]


@dataclass(frozen=True, slots=True)
class Imports:
    """What a new process reads before its first case: files, their bytes, seconds with a warm file cache."""

    files: int
    size: int
    seconds: float


def imports() -> Imports:
    """Import the function of a case in a new process, the second time."""
    code = (
        f"import time; begun = time.monotonic(); import sys, os, {FUNCTION}; "
        "paths = {p for m in list(sys.modules.values()) for p in "
        "(getattr(m, '__cached__', None) or getattr(m, '__file__', None),) if p and os.path.exists(p)}; "
        "print(len(paths), sum(map(os.path.getsize, paths)), time.monotonic() - begun)"
    )
    found = [subprocess.run([sys.executable, "-c", code], capture_output=True, check=True) for _ in range(2)]
    files, size, seconds = found[-1].stdout.split()
    return Imports(int(files), int(size), float(seconds))


@dataclass(frozen=True, slots=True)
class Client:
    """What the command does and holds a task: seconds of keeping an outcome, disk and memory, in bytes."""

    keep_s: float
    disk: int
    task: int
    outcome: int


def client(task: Task, outcome: Outcome) -> Client:
    """Keep copies of an outcome, and weigh those of a task and of an outcome in memory."""
    process, payload, value = psutil.Process(), json.dumps(task.payload), json.dumps(outcome.value)
    before = process.memory_info().rss
    tasks = [
        replace(task, name=f"case {n}", payload={**json.loads(payload), "number": n}) for n in range(WEIGHED)
    ]
    with_tasks = process.memory_info().rss
    keys = [one.key for one in tasks[:SAVES]]
    held = [replace(outcome, key=f"{n:064}", value=json.loads(value)) for n in range(WEIGHED)]
    with_outcomes = process.memory_info().rss
    begun = time.monotonic()
    for key, one in zip(keys, held, strict=False):
        running.keep(replace(one, key=key))
    seconds = (time.monotonic() - begun) / SAVES
    paths = [running.kept_path(key) for key in keys]
    disk = sum(path.stat().st_blocks * 512 for path in paths) // SAVES
    for path in paths:
        path.unlink()
    weights = (with_tasks - before) // WEIGHED, (with_outcomes - with_tasks) // WEIGHED
    return Client(seconds, disk, *weights)


# ---- reckoned


def reckoned(one: Sweep, dask: Line, here: Client, files: Imports) -> list[str]:
    """Return the table of what `SOLVES` solves on `CORES` cores take."""
    each_s, per_case = dask.cpu_s + here.keep_s, 1 + round(one.scored / one.cases)
    work_s = one.solve_s + (per_case - 1) * one.scored_s + per_case * one.between_s
    command_s, count = per_case * each_s, SOLVES * per_case
    workers = -(-CORES // THREADS)
    rows = {
        "tasks: n m": f"{count:,.0f}",
        "work: n (s + (m - 1) q + m o) / c": f"{SOLVES * work_s / CORES / 3600:.1f} h",
        "the last cases, when none is left to begin: about s + 3 sd": f"{one.solve_s + 3 * one.sd_s:.0f} s",
        "command and scheduler, one task after another: n m (t + k)": f"{SOLVES * command_s / 3600:.1f} h",
        "cores that they keep busy: (s + (m - 1) q) / (m (t + k))": f"{work_s / command_s:,.0f}",
        f"contents to {workers} workers of {THREADS} threads": f"{workers * one.content / 1e6:.0f} MB",
        "payloads and outcomes": f"{count * (one.payload + one.outcome) / 1e9:.1f} GB",
        "kept outcomes": f"{count:,.0f} files, {count * here.disk / 1e9:.1f} GB on disk",
        "memory of the command": f"{count * (here.task + here.outcome) / 1e9:.0f} GB",
        "memory of the children": f"{CORES * one.memory_mb / 1024:,.0f} GB",
        "imports": f"{CORES * files.files:,} files opened, {CORES * files.size / 1e9:.0f} GB read",
    }
    return [f"| {name} | {value} |" for name, value in rows.items()]


def page(words: str, lines: Sequence[Line], one: Sweep, here: Client, files: Imports, load: float) -> str:
    """Return the page of results."""
    command = f"`python benchmarks/scale_model.py {words}`"
    counts = ", ".join(f"{count:,}" for count in COUNTS)
    text: list[str] = [
        "# Cost of scale",
        "",
        f"{command}; {os.cpu_count()} cores, load by other work at the begin {load:.1f}.",
        "",
        "## Measured",
        f"Tasks that do nothing, {counts} of them on two workers; fitted: seconds = start + t n.",
        "With a local cluster the scheduler is a thread of the command.",
        "",
        "| executor | start, s | ms a task | CPU of the command, ms a task: t | seconds measured |",
        "|---|---|---|---|---|",
        *(
            f"| {found.name} | {found.start_s:.2f} | {1000 * found.each_s:.2f} | {1000 * found.cpu_s:.2f} | "
            f"{', '.join(f'{seconds:.1f}' for _, seconds in found.points)} |"
            for found in lines
        ),
        "",
        f"A sweep of `{one.name}` on one child process:",
        "",
        "| what | value |",
        "|---|---|",
        f"| cases solved; tasks that score plans | {one.cases}; {one.scored} |",
        f"| a case: s, its standard deviation sd | {one.solve_s:.1f} s, {one.sd_s:.1f} s |",
        f"| a task that scores plans: q | {one.scored_s:.2f} s |",
        f"| between two tasks: o | {1000 * one.between_s:.0f} ms |",
        f"| contents, once a worker | {one.content / 1e6:.2f} MB |",
        f"| payload; outcome of a case | {one.payload:,} bytes; {one.outcome:,} bytes |",
        f"| memory of a child with its solver, largest | {one.memory_mb:.0f} MB |",
        f"| keeping an outcome of this size: k | {1000 * here.keep_s:.2f} ms, {here.disk:,} bytes on disk |",
        f"| memory of the command for a task; an outcome | {here.task:,}; {here.outcome:,} bytes |",
        f"| imports of a child | {files.files:,} files, {files.size / 1e6:.0f} MB, {files.seconds:.1f} s |",
        "",
        f"## Reckoned: {SOLVES:,} solves on {CORES:,} cores",
        "n cases on c cores, a thread each, on Dask; m tasks a case: one solves it, the others score plans.",
        "Extrapolated from the figures above; nothing of this size was run.",
        "",
        "| what | value |",
        "|---|---|",
        *reckoned(one, lines[-1], here, files),
    ]
    return "\n".join(text) + "\n"


def main() -> None:
    """Measure, print the page, and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("job")
    parser.add_argument("--cases", type=int, default=15)
    parser.add_argument("--seed", type=int, default=4711)
    asked = parser.parse_args()
    load, words = os.getloadavg()[0], f"{asked.job} --cases {asked.cases} --seed {asked.seed}"
    found, task, outcome = real(asked.job, asked.cases, asked.seed)
    here, files = client(task, outcome), imports()
    lines = [
        line("2 child processes", lambda: executor_of(workers=2)),
        line("local Dask cluster of 2", lambda: executor_of(workers=2, cluster="local")),
    ]
    text = page(words, lines, found, here, files, load)
    print(text)
    print(json.dumps(asdict(found)), file=sys.stderr)
    RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
