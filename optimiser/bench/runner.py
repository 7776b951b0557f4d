"""Run the solves of a bench, one or several at a time, and keep each row as it comes."""

from __future__ import annotations

import platform
import tempfile
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from optimiser.bench import rows as table
from optimiser.bench import traces
from optimiser.bench.child import Child, Measured
from optimiser.bench.exit_status import fault_line
from optimiser.bench.generators.regular import GridParameters, grid
from optimiser.bench.instances import Instance
from optimiser.bench.plan import Configuration, Limits, Run
from optimiser.bench.resume import (
    old_code_note,
    refuse_edited_file,
    refuse_other_digest,
    refuse_other_problems,
    refuse_other_variants,
)
from optimiser.bench.rows import Row, code_of, key_of, label_of, slug_of
from optimiser.bench.store import Facts, Store
from optimiser.problem import result as results
from optimiser.problem.errors import OptimiserError, ProblemError
from optimiser.problem.result import Result
from optimiser.run.tasks.choice import cores

PAUSE_S = 0.1
"""Seconds between two looks at the running processes."""

WARM_UP_S = 120.0
"""Time limit of a solve that only fills the cache of compiled code, and is short where that is full."""

_LATTICE = GridParameters(rows=3, columns=3, candidates=6, pairs=6)
TINY = Instance("warm_up", "warm-up", "tiny lattice", partial(grid, _LATTICE))


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of a bench.

    Attributes
    ----------
    rows
        Every row of the folder, those of earlier calls first.
    unfit
        Solves left out because the configuration does not fit the problem.
    faults
        What was asked for and could not be done.
    """

    rows: tuple[Row, ...]
    unfit: tuple[str, ...]
    faults: tuple[OptimiserError, ...]


class Listener(Protocol):
    """Receives the progress of a bench."""

    def begins(self, run: Run, number: int, total: int, left_s: float) -> None:
        """Receive the start of a solve, and the estimated seconds until the bench ends."""

    def ends(self, row: Row) -> None:
        """Receive the end of a solve."""

    def notes(self, text: str) -> None:
        """Receive a note on something left out."""


class Estimate:
    """Mean share of their time limit that solves have taken so far, by configuration and family.

    Parameters
    ----------
    rows
        Finished solves.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self._shares: dict[tuple[str, str], list[float]] = defaultdict(list)
        for row in rows:
            self.add(row)

    def add(self, row: Row) -> None:
        """Add a finished solve."""
        share = row.wall_s / max(row.time_limit_s, 1e-9)
        self._shares[row.label, row.family].append(share)
        self._shares[row.label, ""].append(share)

    def left_s(self, runs: Iterable[Run]) -> float:
        """Return about how many seconds some solves will take, one after the other.

        Each is assumed to take the mean share of its time limit that its configuration took on its family so
        far, else on all families; the whole limit where nothing is known.
        """
        return sum(self._share(run) * run.limits.time_limit_s for run in runs)

    def _share(self, run: Run) -> float:
        label = label_of(run.configuration, run.limits.threads)
        for key in ((label, run.instance.family), (label, "")):
            if key in self._shares:
                return sum(self._shares[key]) / len(self._shares[key])
        return 1.0


@dataclass(frozen=True, slots=True)
class _Active:
    run: Run
    facts: Facts
    child: Child


@dataclass(slots=True)
class _Bench:
    """The state of a running bench."""

    store: Store
    listener: Listener
    start: Callable[[dict[str, object]], Child]
    rows: dict[table.Key, Row]
    machine: str
    code: str
    facts: dict[str, Facts | None] = field(default_factory=dict)
    unfit: list[str] = field(default_factory=list)
    faults: list[OptimiserError] = field(default_factory=list)
    active: list[_Active] = field(default_factory=list)
    estimate: Estimate = field(init=False)

    def __post_init__(self) -> None:
        """Learn from the rows of earlier calls."""
        self.estimate = Estimate(self.rows.values())


def bench(
    runs: Sequence[Run],
    folder: Path,
    *,
    listener: Listener,
    jobs: int = 1,
    start: Callable[[dict[str, object]], Child] = Child,
) -> Outcome:
    """Do the solves of a bench that its folder has no row of yet.

    Parameters
    ----------
    runs
        Solves.
    folder
        Folder for tables, problems, plans and traces.
    listener
        Receives the progress.
    jobs
        Solves at a time; with more than one, times depend on each other.
    start
        Starts the process of a task.

    Raises
    ------
    ProblemError
        When a problem or a variant of the user's own differs from the one that earlier rows were measured
        with.
    """
    store = Store(folder)
    store.prepare()
    state = _Bench(store, listener, start, {row.key: row for row in store.rows()}, machine(), code())
    refuse_other_variants(state.rows.values(), runs)
    refuse_other_problems(store, state.rows.values(), runs)
    note = old_code_note(state.rows, runs, state.code)
    if note:
        listener.notes(note)
    waiting = deque(run for run in runs if key_of(run) not in state.rows)
    try:
        _warm_up(state, [run.configuration for run in waiting])
        _work(state, waiting, jobs=jobs)
    finally:
        for one in state.active:
            one.child.kill()
    return Outcome(tuple(state.rows.values()), tuple(state.unfit), tuple(state.faults))


def _warm_up(state: _Bench, configurations: Sequence[Configuration]) -> None:
    """Solve a tiny problem in a temporary folder, so that no measured solve includes compilation."""
    with tempfile.TemporaryDirectory() as folder:
        apart = replace(state, store=Store(Path(folder)), rows={}, facts={}, unfit=[], faults=[])
        apart.store.prepare()
        for one in dict.fromkeys(configurations):
            begun = _begin(apart, Run(TINY, one, 1, Limits(time_limit_s=WARM_UP_S)))
            if begun is None:
                continue
            state.active.append(begun)
            while not begun.child.ended():
                time.sleep(PAUSE_S)
            state.active.remove(begun)
            begun.child.end()


def _work(state: _Bench, waiting: deque[Run], *, jobs: int) -> None:
    total = len(waiting)
    while waiting or state.active:
        while waiting and len(state.active) < jobs:
            left_s = state.estimate.left_s([*waiting, *(one.run for one in state.active)]) / jobs
            run = waiting.popleft()
            begun = _begin(state, run)
            if begun is not None:
                state.listener.begins(run, total - len(waiting), total, left_s)
                state.active.append(begun)
        for one in [one for one in state.active if one.child.ended()]:
            state.active.remove(one)
            _finish(state, one)
        if state.active:
            time.sleep(PAUSE_S)


def _begin(state: _Bench, run: Run) -> _Active | None:
    """Start a solve; return None when its problem cannot be made or solved with its configuration."""
    configuration = run.configuration
    refuse_edited_file(configuration)
    facts = _facts(state, run)
    if facts is None:
        return None
    if facts.minimise and not configuration.capabilities.covers_all:
        _leave_out(state, run, f"variant {configuration.variant!r} needs a budget")
        return None
    plan = state.store.plan(slug_of(key_of(run)))
    with suppress(FileNotFoundError):
        plan.unlink()
    task: dict[str, object] = {
        "problem": str(state.store.instance(run.instance.name).resolve()),
        "result": str(plan.resolve()),
        "variant": configuration.variant,
        "solver": configuration.solver,
        "seed": run.seed,
        "file": None if configuration.own is None else configuration.own.path,
        **asdict(run.limits),
    }
    return _Active(run, facts, state.start(task))


def _facts(state: _Bench, run: Run) -> Facts | None:
    """Return the sizes of the problem of a run; None when it cannot be made."""
    name = run.instance.name
    if name not in state.facts:
        try:
            state.facts[name] = state.store.facts(run.instance)
        except OptimiserError as fault:
            state.faults.append(fault)
            state.listener.notes(f"{name} is left out: {fault_line(fault)}")
            state.facts[name] = None
    facts = state.facts[name]
    if facts is not None:
        refuse_other_digest(state.store, state.rows.values(), run.instance, facts)
    return facts


def _leave_out(state: _Bench, run: Run, why: str) -> None:
    text = f"{run.configuration.label} on {run.instance.name} is left out: {why}"
    if text not in state.unfit:
        state.unfit.append(text)
        state.listener.notes(text)


def _finish(state: _Bench, one: _Active) -> None:
    """Make the row of a finished solve and write the table; a solve that did not fit has none."""
    measured, run = one.child.end(), one.run
    if "unfit" in measured.answer:
        _leave_out(state, run, str(measured.answer["unfit"]))
        return
    if "wrong" in measured.answer:
        where = f"{run.configuration.label} on {run.instance.name}, seed {run.seed}"
        state.faults.append(ProblemError(str(measured.answer["wrong"]), where=where))
        state.listener.notes(f"{fault_line(state.faults[-1])}: left out")
        return
    slug = slug_of(key_of(run))
    plan = state.store.plan(slug)
    result = results.load(plan) if "fault" not in measured.answer and plan.exists() else None
    if result is not None:
        traces.save(result.trace, state.store.trace(slug))
    row = _row(state, one, measured, result)
    state.rows[row.key] = row
    table.save(state.rows.values(), state.store.runs)
    state.estimate.add(row)
    state.listener.ends(row)


def _row(state: _Bench, one: _Active, measured: Measured, result: Result | None) -> Row:
    """Return the row of a solve; `result` is None when nothing came out."""
    run, facts = one.run, one.facts
    trace = () if result is None else result.trace
    usable = result is not None and result.status in ("optimal", "feasible")
    return Row(
        instance=run.instance.name,
        family=run.instance.family,
        **asdict(facts),
        variant=run.configuration.variant,
        solver=run.configuration.solver,
        seed=run.seed,
        threads=run.limits.threads,
        time_limit_s=float(run.limits.time_limit_s),
        gap_asked=float(run.limits.gap),
        status="none" if result is None else result.status,
        termination="crash" if result is None else result.termination,
        objective=result.objective if result is not None and usable else None,
        bound=None if result is None else result.bound,
        gap=None if result is None else result.gap,
        seconds=measured.wall_s if result is None else result.seconds,
        wall_s=round(measured.wall_s, 3),
        cpu_s=round(measured.cpu_s, 3),
        peak_mb=round(measured.peak_mb, 1),
        other_load=round(measured.other_load, 3),
        cuts=trace[-1].cuts if trace else 0,
        tree_nodes=trace[-1].nodes if trace else 0,
        plan_1pct_s=None,
        gap_1pct_s=traces.time_to_gap(trace, 0.01, minimise=facts.minimise),
        check=str(measured.answer.get("check", "no result")),
        message=str(measured.answer.get("fault", "")) if result is None else result.message,
        used="" if result is None else f"{result.variant} {result.solver}".strip(),
        versions="" if result is None else ", ".join(f"{k} {v}" for k, v in result.versions.items()),
        code=code_of(run.configuration, state.code),
        machine=state.machine,
    )


def machine() -> str:
    """Return processor, available cores, memory, system and Python version in one line."""
    import psutil

    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{_processor()}, {cores()} cores, {memory:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}"
    )


def _processor() -> str:
    """Return the model name of the processor as Linux reports it, else its architecture."""
    facts = Path("/proc/cpuinfo")
    if facts.is_file():
        for line in facts.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return " ".join(value.split())
    return platform.processor() or platform.machine()


def code() -> str:
    """Return the first characters of the hash of the source of both packages and of their libraries."""
    from optimiser.run.cache import code_version

    return code_version()[:12]
