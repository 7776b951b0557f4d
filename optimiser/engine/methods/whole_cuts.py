"""Solve problems with rings or periods by time cuts: cut one model and solve it again until it is right."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version as version_of

import numpy as np
import pulp
from numpy.typing import NDArray

from optimiser.engine.backends.live_whole import LiveWhole
from optimiser.engine.methods.cuts.finder import CutFinder
from optimiser.engine.methods.cuts.separation import separate
from optimiser.engine.methods.ring_repair import RingRepair
from optimiser.engine.methods.whole_claims import Claims
from optimiser.engine.models.extended import ExtendedModel, build_extended
from optimiser.engine.presolve.sequence import open_network
from optimiser.engine.search.incumbent import Send
from optimiser.engine.search.paths import Integers
from optimiser.engine.search.rows import Rows, joined
from optimiser.engine.search.scoring import covered_pairs
from optimiser.engine.search.tables import Tables, tables
from optimiser.engine.search.task import Task

EDGE = 1e-6
"""How near to 0 a value counts as that."""

PATIENCE = 5
"""Rounds of the relaxation over which its bound must have moved, by `LEAST` of itself."""

LEAST = 2e-4

ORDERS = 3
"""Orders by chance in which candidates are opened: each may give another minimal cut of the same pair."""

FIRST_NODES = 500
"""Most nodes of the first tree; each one may have twice as many as the one before."""

MOST_POINTS = 4
"""Points of one tree that are cut off after it, the last ones."""

STEP = "master"
"""What messages name as the source of plans and bounds of the integer model."""

type Floats = NDArray[np.float64]


def solve_whole_by_cuts(task: Task, send: Send) -> tuple[str, str]:
    """Solve a problem with rings and periods; plans and bounds go out as messages.

    Parameters
    ----------
    task
        The task.
    send
        Takes messages.

    Returns
    -------
    tuple
        Why it ended, and the name of the solver.

    Notes
    -----
    Time cuts of the pairs in each period, over what is open in it, are added to the relaxation until its
    bound stands still (stabilised: `cuts.relaxation`), and then to the integer model, with the rows that keep
    rings in one piece, until its best point is a plan worth what it says. Every row holds for every plan, so
    that each bound is one of the problem.
    """
    whole = build_extended(task.problem, flows=False)
    repair = RingRepair(task.problem, threads=task.threads, seed=task.seed) if whole.rings else None
    claims = Claims(task, whole, send, repair)
    claims.begin()
    live = LiveWhole(whole, threads=task.threads, seed=task.seed)
    finder = _finder(task, whole, live)
    name = f"HiGHS {version_of('highspy')}"
    if finder is not None and not _relaxed(finder, claims):
        return "infeasible", name
    return _master(task, live, finder, claims), name


def _master(task: Task, live: LiveWhole, finder: _Finder | None, claims: Claims) -> str:
    """Solve the integer model and cut off what is not true of its points, and say why that ended."""
    nodes = FIRST_NODES
    while claims.left() and not claims.closed():
        listener = _Listener(live, claims)
        solved = live.solve(seconds=claims.left(), gap=task.gap, nodes=nodes, tell=listener)
        if solved.empty:
            return "stalled" if claims.has_plan else "infeasible"
        if solved.bound is not None:
            claims.bound(solved.bound, STEP)
        points = [*listener.points, *([] if solved.values is None else [solved.values])]
        added = sum(finder.refute(values) for values in points) if finder is not None else 0
        rows = [*listener.rows, *(claims.point(live.named(values), STEP) for values in points[-1:])]
        flat = [row for found in rows for _, row in found]
        live.add_rows(flat)
        claims.count(added + len(flat), STEP, nodes=1)
        if claims.closed() or (solved.complete and not added + len(flat)):
            break
        nodes *= 2
    return claims.ending()


class _Listener:
    """Hears of integer points while the model is solved, and makes plans of the 1st, 2nd, 4th, 8th and so on.

    Which ones is a matter of their number and not of the clock, so that the outcome is the same each time.
    """

    def __init__(self, live: LiveWhole, claims: Claims) -> None:
        self._live = live
        self._claims = claims
        self._count = 0
        self.points: list[Floats] = []
        self.rows: list[list[tuple[str, pulp.LpAffineExpression]]] = []

    def __call__(self, bound: float | None, values: Floats | None) -> bool:
        """Take a bound or a point; say whether the gap is closed or the time over."""
        if bound is not None:
            self._claims.bound(bound, STEP)
        if values is not None:
            self.points = [*self.points[1 - MOST_POINTS :], values]
            self._count += 1
            if self._count.bit_count() == 1:
                self.rows.append(self._claims.point(self._live.named(values), STEP))
        return self._claims.closed() or not self._claims.left()


@dataclass(frozen=True, slots=True)
class _State:
    """Columns of what is open and covered in one period."""

    built: Integers
    level: Integers


class _Finder:
    """Finds violated time cuts in each period and adds them to the model."""

    def __init__(self, t: Tables, live: LiveWhole, states: tuple[_State, ...], seed: int) -> None:
        self._t = t
        self.live = live
        self._states = states
        self._cuts = CutFinder.of(t)
        self._orders = np.random.default_rng(seed).random((ORDERS, t.size))
        share = 0.5 if t.budget < 0 else min(1.0, t.budget / max(1, int(t.cost.sum())))
        self._towards = [np.full(t.size, max(share, 1e-3)) for _ in states]
        pairs = np.arange(len(t.limit))
        first = self._cuts.violated(
            pairs,
            self._towards[0],
            np.full(len(pairs), np.inf),
            towards=self._towards[0],
            pull=0.0,
            margin=EDGE,
        )
        for state in states:
            live.add_cuts(first, state.built, state.level)

    def cut(self, values: Floats, *, pull: float, margin: float) -> int:
        """Add fractional cuts that a point of the relaxation breaks, and return how many."""
        added = 0
        for s, state in enumerate(self._states):
            built, level = np.clip(values[state.built], 0.0, 1.0), values[state.level]
            wanted = np.flatnonzero(level > EDGE)
            found = self._cuts.violated(
                wanted, built, level, towards=self._towards[s], pull=pull, margin=margin
            )
            self._towards[s] = 0.7 * self._towards[s] + 0.3 * built
            self.live.add_cuts(found, state.built, state.level)
            added += len(found)
        return added

    def refute(self, values: Floats) -> int:
        """Add cuts for every pair that an integer point calls covered and that is not; return how many."""
        added = 0
        for s, state in enumerate(self._states):
            built, level = np.round(values[state.built]), values[state.level]
            is_open = np.append(built > 0, True)
            false = np.flatnonzero((level > EDGE) & ~covered_pairs(self._t, is_open))
            found = joined(self._against(false, built, level, self._towards[s]))
            self.live.add_cuts(found, state.built, state.level)
            added += len(found)
        return added

    def _against(self, false: Integers, built: Floats, level: Floats, towards: Floats) -> list[Rows]:
        """Return violated cuts of pairs; opened in an order that begins with what is built, each has one."""
        parts = [self._cuts.violated(false, built, level, towards=towards, pull=0.3, margin=EDGE)]
        for order in self._orders:
            found = separate(self._t, false, built, level, -built + 0.5 * order)
            parts.append(Rows(found.pair, found.start, found.candidate, np.ones(len(found.candidate))))
        return parts


def _finder(task: Task, whole: ExtendedModel, live: LiveWhole) -> _Finder | None:
    """Return what finds time cuts; None where no pair is open."""
    net, pairs = open_network(task.problem)
    if not net.candidates or not pairs:
        return None
    where = [task.problem.index[c.id] for c in net.candidates]
    states = tuple(
        _State(live.columns(state.x[j] for j in where), live.columns(state.y[k] for k in pairs))
        for state in whole.states
    )
    return _Finder(tables(net), live, states, task.seed)


def _relaxed(finder: _Finder, claims: Claims) -> bool:
    """Cut off points of the relaxation until its bound stands still; say whether a point is left."""
    history: list[float] = []
    pull = 0.3
    while claims.left():
        solved = finder.live.relax(seconds=claims.left())
        if solved.empty:
            return False
        if solved.bound is None or solved.values is None:
            return True
        claims.bound(solved.bound, "relaxation")
        if claims.closed():
            return True
        history.append(solved.bound)
        if len(history) > PATIENCE:
            moved = abs(history[-1 - PATIENCE] - history[-1])
            if moved < LEAST * abs(history[-1]):
                break
        if len(history) % 4 == 0:
            finder.live.drop_slack()
            pull = max(0.05, 0.7 * pull)
        added = finder.cut(solved.values, pull=pull, margin=1e-4)
        claims.count(added, "relaxation")
        if not added:
            break
    if claims.left() and history:
        last = finder.live.relax(seconds=claims.left())
        finder.live.drop_slack()
        if last.values is not None and not claims.closed():
            claims.improve(finder.live.named(last.values))
    return True
