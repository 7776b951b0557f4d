"""Run the solves of a bench one by one (or some at once), keep each row as it comes, go on where it ended."""

from __future__ import annotations

import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from optimiser.bench import rows as table
from optimiser.bench import traces
from optimiser.bench.child import Child, Measured
from optimiser.bench.estimate import Estimate
from optimiser.bench.generators import GridParameters, grid
from optimiser.bench.instances import Instance
from optimiser.bench.leaving import line
from optimiser.bench.machine import code, machine
from optimiser.bench.outcome import row_of
from optimiser.bench.plan import Limits, Run, Way
from optimiser.bench.rows import Row, key_of, slug_of
from optimiser.bench.sameness import (
    another_problem,
    refuse_another_problem,
    refuse_another_text,
    refuse_another_variant,
)
from optimiser.bench.store import Facts, Store
from optimiser.problem import result as results
from optimiser.problem.errors import OptimiserError, ProblemError
from optimiser.problem.result import Result

PAUSE_S = 0.1
"""Seconds between two looks at the running processes."""

WARM_UP_S = 120.0
"""Most seconds of a solve that only fills the cache of compiled code; a moment where that is full."""

_LATTICE = GridParameters(rows=3, columns=3, candidates=6, pairs=6)
TINY = Instance("warm_up", "warm-up", "tiny lattice", partial(grid, _LATTICE))


@dataclass(frozen=True, slots=True)
class Benched:
    """What a bench came to.

    Attributes
    ----------
    rows
        Every row of the folder, those of earlier calls first.
    unfit
        Solves left out since the way does not fit the problem.
    faults
        What was asked for and could not be done.
    """

    rows: tuple[Row, ...]
    unfit: tuple[str, ...]
    faults: tuple[OptimiserError, ...]


class Listener(Protocol):
    """Who is told how a bench goes on."""

    def begins(self, run: Run, number: int, total: int, left_s: float) -> None:
        """Hear that a solve begins, and in about how many seconds the bench will be over."""

    def ends(self, row: Row) -> None:
        """Hear that a solve ended."""

    def notes(self, text: str) -> None:
        """Hear of something left out."""


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
        """Learn from the rows that are there."""
        self.estimate = Estimate(self.rows.values())


def bench(
    runs: Sequence[Run],
    folder: Path,
    *,
    listener: Listener,
    jobs: int = 1,
    start: Callable[[dict[str, object]], Child] = Child,
) -> Benched:
    """Do the solves of a bench that the folder has no row of yet.

    Parameters
    ----------
    runs
        What to solve.
    folder
        Where tables, problems, plans and traces are kept.
    listener
        Is told of each solve.
    jobs
        Solves at once; more than one makes times depend on each other.
    start
        Starts the process of a task.

    Returns
    -------
    Benched
        The table, and what was left out.

    Raises
    ------
    ProblemError
        When a problem or a variant of the user's own differs from the one that earlier rows were measured
        with.
    """
    store = Store(folder)
    store.prepare()
    state = _Bench(store, listener, start, {row.key: row for row in store.rows()}, machine(), code())
    refuse_another_variant(state.rows.values(), runs)
    _look_at_files(state, runs)
    _tell_of_old_code(state, runs)
    waiting = deque(run for run in runs if key_of(run) not in state.rows)
    try:
        _warm_up(state, [run.way for run in waiting])
        _work(state, waiting, jobs=jobs)
    finally:
        for one in state.active:
            one.child.kill()
    return Benched(tuple(state.rows.values()), tuple(state.unfit), tuple(state.faults))


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


def _warm_up(state: _Bench, ways: Sequence[Way]) -> None:
    """Solve a tiny problem in each way, in a folder apart, so that no solve measured pays for compilation."""
    with tempfile.TemporaryDirectory() as folder:
        apart = replace(state, store=Store(Path(folder)), rows={}, facts={}, unfit=[], faults=[])
        apart.store.prepare()
        for way in dict.fromkeys(ways):
            begun = _begin(apart, Run(TINY, way, 1, Limits(time_limit_s=WARM_UP_S)))
            if begun is None:
                continue
            state.active.append(begun)
            while not begun.child.ended():
                time.sleep(PAUSE_S)
            state.active.remove(begun)
            begun.child.end()


def _begin(state: _Bench, run: Run) -> _Active | None:
    """Start a solve; None where its problem cannot be had or solved so."""
    refuse_another_text(run.way)
    facts = _facts(state, run)
    if facts is None:
        return None
    if facts.minimise and not run.way.able.covers_all:
        _leave_out(state, run, f"variant {run.way.variant!r} needs a budget")
        return None
    task: dict[str, object] = {
        "problem": str(state.store.instance(run.instance.name).resolve()),
        "result": str(state.store.plan(slug_of(key_of(run))).resolve()),
        "variant": run.way.variant,
        "solver": run.way.solver,
        "seed": run.seed,
        "file": None if run.way.own is None else run.way.own.path,
        **asdict(run.limits),
    }
    with suppress(FileNotFoundError):
        state.store.plan(slug_of(key_of(run))).unlink()
    return _Active(run, facts, state.start(task))


def _look_at_files(state: _Bench, runs: Sequence[Run]) -> None:
    """Refuse a file that no longer holds what it was measured on; forget a problem without rows."""
    measured = {row.instance for row in state.rows.values()}
    for instance in {run.instance.name: run.instance for run in runs if run.instance.source}.values():
        kept = state.store.instance(instance.name)
        if instance.name in measured:
            refuse_another_problem(instance, kept)
        else:
            kept.unlink(missing_ok=True)


def _tell_of_old_code(state: _Bench, runs: Sequence[Run]) -> None:
    kept = [state.rows[key_of(run)] for run in runs if key_of(run) in state.rows]
    old = [row for row in kept if row.source != state.code]
    if old:
        solves = "1 solve is" if len(old) == 1 else f"{len(old)} solves are"
        codes = ", ".join(dict.fromkeys(row.source for row in old))
        state.listener.notes(
            f"{solves} kept from earlier code ({codes}; now {state.code}): bench in another folder with -o "
            "to solve anew"
        )


def _facts(state: _Bench, run: Run) -> Facts | None:
    name = run.instance.name
    if name not in state.facts:
        try:
            state.facts[name] = state.store.facts(run.instance)
        except OptimiserError as fault:
            state.faults.append(fault)
            state.listener.notes(f"{name} is left out: {line(fault)}")
            state.facts[name] = None
    facts = state.facts[name]
    known = {row.digest for row in state.rows.values() if row.instance == name}
    if facts is not None and known - {facts.digest}:
        raise another_problem(name, state.store.instance(name))
    return facts


def _leave_out(state: _Bench, run: Run, why: str) -> None:
    text = f"{run.way.label} on {run.instance.name} is left out: {why}"
    if text not in state.unfit:
        state.unfit.append(text)
        state.listener.notes(text)


def _finish(state: _Bench, one: _Active) -> None:
    """Make the row of an ended solve and write the table; a way that does not fit the problem has none."""
    measured = one.child.end()
    if "unfit" in measured.told:
        _leave_out(state, one.run, str(measured.told["unfit"]))
        return
    if "wrong" in measured.told:
        where = f"{one.run.way.label} on {one.run.instance.name}, seed {one.run.seed}"
        state.faults.append(ProblemError(str(measured.told["wrong"]), where=where))
        state.listener.notes(f"{line(state.faults[-1])}: left out")
        return
    result = _result(state.store.plan(slug_of(key_of(one.run))), measured)
    if result is not None:
        traces.save(result.trace, state.store.trace(slug_of(key_of(one.run))))
    row = row_of(one.run, one.facts, measured, result, machine_text=state.machine, code_text=state.code)
    state.rows[row.key] = row
    table.save(state.rows.values(), state.store.runs)
    state.estimate.learn(row)
    state.listener.ends(row)


def _result(path: Path, measured: Measured) -> Result | None:
    if "fault" in measured.told or not path.exists():
        return None
    return results.load(path)
