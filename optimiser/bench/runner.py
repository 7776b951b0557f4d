"""Run the solves of a bench one by one (or some at once), keep each row as it comes, go on where it ended."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from optimiser import result as results
from optimiser.bench import rows as table
from optimiser.bench import traces
from optimiser.bench.child import Child, Measured
from optimiser.bench.estimate import Estimate
from optimiser.bench.generators import GridParameters, grid
from optimiser.bench.instances import Instance
from optimiser.bench.machine import code, machine
from optimiser.bench.outcome import row_of
from optimiser.bench.plan import Limits, Run, Way
from optimiser.bench.rows import Row, key_of, slug_of
from optimiser.bench.store import Facts, Store
from optimiser.errors import OptimiserError, ProblemError
from optimiser.result import Result
from optimiser.variants.own import digest_of

PAUSE_S = 0.1
"""Seconds between two looks at the running processes."""

WARM_UP_S = 20.0
"""Most seconds of a solve that only fills the cache of compiled code."""

_LATTICE = GridParameters(rows=3, columns=3, candidates=6, pairs=6)
TINY = Instance("warm_up", "warm-up", "tiny lattice", partial(grid, _LATTICE))


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
    facts: dict[str, Facts | None] = field(default_factory=dict)
    machine: str = field(default_factory=machine)
    code: str = field(default_factory=code)
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
) -> list[Row]:
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
    list of Row
        Every row of the folder, those of earlier calls first.

    Raises
    ------
    ProblemError
        When a problem or a variant of the user's own differs from the one that earlier rows were measured
        with, or no solve can be done.
    """
    store = Store(folder)
    store.prepare()
    state = _Bench(store, listener, start, {row.key: row for row in store.rows()})
    _refuse_another_variant(state.rows.values(), runs)
    waiting = deque(run for run in runs if key_of(run) not in state.rows)
    try:
        _warm_up(state, [run.way for run in waiting])
        _work(state, waiting, jobs=jobs)
    finally:
        for one in state.active:
            one.child.kill()
    if state.faults and not state.rows:
        raise state.faults[0]
    return list(state.rows.values())


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
    """Solve a tiny problem in each way and forget it, so that no solve measured pays for compilation."""
    for way in dict.fromkeys(ways):
        run = Run(TINY, way, 1, Limits(time_limit_s=WARM_UP_S))
        begun = _begin(state, run)
        if begun is None:
            continue
        state.active.append(begun)
        while not begun.child.ended():
            time.sleep(PAUSE_S)
        state.active.remove(begun)
        begun.child.end()
        state.store.plan(slug_of(key_of(run))).unlink(missing_ok=True)


def _begin(state: _Bench, run: Run) -> _Active | None:
    """Start a solve; None where its problem cannot be had or solved so."""
    _refuse_another_text(run.way)
    facts = _facts(state, run)
    if facts is None:
        return None
    if facts.minimise and not run.way.able.covers_all:
        state.listener.notes(f"{run.way.label} needs a budget: left out on {run.instance.name}")
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


def _refuse_another_text(way: Way) -> None:
    """Refuse a variant of the user's own whose file was changed since the bench began."""
    if way.own is not None and digest_of(Path(way.own.path)) != way.own.digest:
        raise ProblemError(
            f"the file of variant {way.variant!r} was changed while the bench was running",
            where=way.own.path,
            done="The rows so far are kept; those to come were not solved.",
            remedy="Give the changed variant another name in VARIANT, or bench it in another folder with -o.",
        )


def _refuse_another_variant(rows: Iterable[Row], runs: Iterable[Run]) -> None:
    """Refuse a variant of the user's own that is no longer the one that rows were measured with."""
    known = {(row.variant, row.own) for row in rows}
    for way in dict.fromkeys(run.way for run in runs):
        own = "" if way.own is None else way.own.digest
        if any(name == way.variant and digest != own for name, digest in known):
            raise ProblemError(
                f"the variant {way.variant!r} is not the one that was measured before",
                where="" if way.own is None else way.own.path,
                done="Its rows are kept; nothing was solved.",
                remedy="Give it another name in VARIANT, or bench it in another folder with -o.",
            )


def _facts(state: _Bench, run: Run) -> Facts | None:
    name = run.instance.name
    if name not in state.facts:
        try:
            state.facts[name] = state.store.facts(run.instance)
        except OptimiserError as fault:
            state.faults.append(fault)
            state.listener.notes(f"{name} is left out: {fault.what}")
            state.facts[name] = None
    facts = state.facts[name]
    known = {row.digest for row in state.rows.values() if row.instance == name}
    if facts is not None and known - {facts.digest}:
        raise ProblemError(
            f"the problem {name!r} is not the one that was measured before",
            where=str(state.store.instance(name)),
            done="Its rows are kept.",
            remedy="Bench it in another folder with -o.",
        )
    return facts


def _finish(state: _Bench, one: _Active) -> None:
    """Make the row of an ended solve and write the table; a way that does not fit the problem has none."""
    measured = one.child.end()
    if "unfit" in measured.told:
        where = f"{one.run.way.label} on {one.run.instance.name}"
        state.listener.notes(f"{where} is left out: {measured.told['unfit']}")
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
