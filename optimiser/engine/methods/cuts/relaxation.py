"""Maintain a linear relaxation and tighten it by cutting planes: solve, separate, add cuts, solve again."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, Self

import numpy as np
from scipy.sparse import csr_array, vstack

from optimiser.engine.backends.highs import INFINITY, MasterHighs
from optimiser.engine.backends.interfaces import LpSolution
from optimiser.engine.methods.cuts.partitions import partition_inequalities
from optimiser.engine.methods.cuts.time_cuts import FractionalCuts, in_portions, separate
from optimiser.engine.search.incumbent import Stop, never_stop
from optimiser.engine.search.paths import Integers, Mask
from optimiser.engine.search.rows import NO_ROWS, Floats, Rows, SplitRows, joined, stacked
from optimiser.engine.search.scoring import covered_pairs
from optimiser.engine.search.tables import Tables
from optimiser.engine.search.task import NO_OPTIONS, Options, Task
from optimiser.problem import DesignProblem

POSITIVE = 1e-6
"""A pair counts as covered, at least in part, when its y is above this."""

MARGIN = 1e-4
"""Least violation of a time cut at a point of the relaxation."""

MOST_TIGHTENING = 30
"""Most rows of each tightening family that a round adds."""

TIGHTENING_FROM = 0.01
"""Relative progress of a round below which tightening rows are added: before, time cuts do more."""

FOLLOW = 0.3
"""Weight of each new point in the moving average that is the core point."""

FIRST_WEIGHT, LATER_WEIGHT, LEAST_WEIGHT = 0.3, 0.2, 0.05
"""In-out weight of the first rounds of a program without cuts, of one with cuts, and its lower limit."""

DECAY, DECAY_EVERY = 0.7, 4
"""Factor on the in-out weight, and the number of rounds after which it is applied each time."""

STALL_ROUNDS, STALL_SHARE = 5, 2e-4
"""The bound stalls when this many rounds improve it by less than this share of itself."""

CORE_POINT_SHARE = 0.5
"""Share of the time left for the cuts at the core point; without a solve after them there is no bound."""

DEEP_SHARE = 0.8
"""Share of the largest violation from which a row is added in one step of `needed_rows`."""


CUTOFF_TOLERANCE = 1e-6
"""Tolerance of integer objectives, relative to max(1, |objective|)."""


class Relaxation(MasterHighs):
    """The live linear relaxation of the master problem, with the cuts found so far.

    Parameters
    ----------
    problem
        A reduced problem.
    seed, options
        Random seed of HiGHS, and options of the user.

    Notes
    -----
    The decisions are x and z. The objective is always maximised; HiGHS minimises its negative. Each
    relaxation uses one thread, so that several can be solved in parallel.
    """

    def __init__(self, problem: DesignProblem, *, seed: int, options: Options = NO_OPTIONS) -> None:
        super().__init__(problem, threads=1, seed=seed, integer=False, options=options)
        self._relax()

    @classmethod
    def of(cls, task: Task) -> Self:
        """Return the relaxation of the problem of a task."""
        return cls(task.problem, seed=task.seed, options=task.options_of("highs"))

    @property
    def cuts(self) -> int:
        """Return the number of cuts in the relaxation."""
        return self._row_count() - self._fixed_rows

    def use_interior_point(self, *, enabled: bool) -> None:
        """Choose the interior point method without crossover, or leave the choice to HiGHS.

        Parameters
        ----------
        enabled
            True for the first rounds of large problems, where the simplex method is slow. The points are then
            no vertices, and the objective is corrected to a bound (`_objective`).
        """
        self._model.setOptionValue("solver", "ipm" if enabled else "choose")
        self._model.setOptionValue("run_crossover", "off" if enabled else "on")

    def add_splits(self, rows: SplitRows) -> None:
        """Add lift-and-project cuts over x, y and z."""
        self.add_rows(rows.least, rows.start[:-1], self._xyz[rows.column], rows.value)

    def rows(self) -> tuple[csr_array, Floats, Mask]:
        """Return all rows as `G v >= g` with v = (x, y, z).

        Returns
        -------
        tuple
            G, float64 [R x (J + K + C)]; g, float64 [R]; and bool [R], rows of the model itself, which
            `drop_slack_rows` keeps.
        """
        lp, matrix = self._model.getLp(), self._matrix()[:, self._xyz]
        least, most = np.array(lp.row_lower_), np.array(lp.row_upper_)
        below, above = np.flatnonzero(np.isfinite(least)), np.flatnonzero(np.isfinite(most))
        return (
            csr_array(vstack((matrix[below], -matrix[above]))),
            np.concatenate((least[below], -most[above])),
            np.concatenate((below, above)) < self._fixed_rows,
        )

    def point(self, solution: LpSolution) -> Floats:
        """Return the point (x, y, z) of a solution, without y where every pair must be covered."""
        x, z = solution.decisions[: len(self._x)], solution.decisions[len(self._x) :]
        return np.concatenate([x, z] if self._y is None else [x, solution.y, z])

    def set_cutoff(self, objective: float) -> None:
        """End later solves as infeasible once no integer objective above this one is possible.

        Parameters
        ----------
        objective
            Scaled objective of the best known plan; minus infinity without one.
        """
        tolerance = CUTOFF_TOLERANCE * max(1.0, abs(objective))
        bound = -(objective + 1.0 - tolerance) if math.isfinite(objective) else INFINITY
        self._model.setOptionValue("objective_bound", bound)

    def solve(self, *, seconds: float) -> LpSolution:
        """Solve from the last basis within the seconds given."""
        return self.solve_lp(seconds=seconds)

    def solve_anew(self, *, seconds: float) -> LpSolution:
        """Solve by the interior point method with crossover, which leaves a basis for later solves.

        Without a basis to start from, large problems take the simplex method ten times as long.
        """
        self._model.setOptionValue("solver", "ipm")
        try:
            return self.solve(seconds=seconds)
        finally:
            self._model.setOptionValue("solver", "choose")

    def _objective(self) -> float:
        """Return the objective of the last solution, raised to the bound that its duals prove.

        The interior point method stops about 1e-8 (relative) below the optimum, which is no upper bound.
        HiGHS reports the difference of primal and dual objective relative to `1 + |primal| + |dual|`.
        """
        objective = super()._objective()
        error = float(self._model.getInfo().primal_dual_objective_error)
        return objective + 2.0 * error * (1.0 + 2.0 * abs(objective)) if 0.0 < error < 1.0 else objective


class RowSeparator(Protocol):
    """Separates rows of one family, for one worker."""

    def violated(self, x: Floats, y: Floats, *, most: int) -> Rows:
        """Return rows of the family that a point violates, each of which holds for every plan.

        Parameters
        ----------
        x, y
            float64 [J] and [K], the point to cut off, from 0 to 1; y is ones where every pair must be
            covered.
        most
            Most rows.
        """


type CutFamily = Callable[[Tables], Callable[[], RowSeparator] | None]
"""A family of rows that tighten the relaxation. Called once for a reduced problem, it does the work that all
workers share, and returns a function that makes the separator of a worker; None where it has no rows."""

FAMILIES: tuple[CutFamily, ...] = (partition_inequalities,)
"""The families that every method on time cuts separates besides. Time cuts are none of them: they make the
master problem exact, and are always separated."""


class CutFinder:
    """Separates time cuts, and rows of the families that tighten the relaxation.

    Parameters
    ----------
    t
        A reduced problem.
    families
        Families that tighten the relaxation; none: time cuts alone are separated.
    stop
        Returns whether the time is up: the separation then ends with the cuts found so far.
    threads
        Threads that separate time cuts at the same time.

    Attributes
    ----------
    size
        Number of candidates J.
    core_point
        float64 [J], a point in the interior of the relaxation for in-out separation; `follow` moves it.
    times
        The time cuts; their `stop` may be changed.
    """

    def __init__(
        self,
        t: Tables,
        *,
        families: Sequence[CutFamily] = FAMILIES,
        stop: Stop = never_stop,
        threads: int = 1,
    ) -> None:
        self._t, self.size = t, t.size
        self._separators = [new for family in families if (new := family(t)) is not None]
        # Every candidate is built to the same share: that of all costs which the budget allows.
        share = 0.5 if t.budget < 0 else min(1.0, t.budget / max(1, int(t.cost.sum())))
        self.core_point = np.full(t.size, max(share, 1e-3))
        self.times = FractionalCuts(t, stop=stop, threads=threads)
        self._tightening = [new() for new in self._separators]

    def another(self) -> CutFinder:
        """Return a finder for another worker: same problem and core point, no paths yet, one thread."""
        prepared = [partial(lambda new, _t: new, new) for new in self._separators]
        other = CutFinder(self._t, families=prepared, stop=self.times.stop)
        other.core_point = self.core_point
        return other

    def follow(self, x: Floats) -> None:
        """Move the core point towards a point of the relaxation, float64 [J]."""
        self.core_point = (1.0 - FOLLOW) * self.core_point + FOLLOW * np.clip(x, 0.0, 1.0)

    def violated(
        self,
        x: Floats,
        y: Floats,
        *,
        in_out_weight: float,
        margin: float = MARGIN,
        tightening: int = MOST_TIGHTENING,
        pairs: Integers | None = None,
    ) -> Rows:
        """Return a violated time cut for each pair that has one, and violated tightening rows.

        Parameters
        ----------
        x, y
            float64 [J] and [K], the point to cut off.
        in_out_weight
            Share of the way from the point to the core point at which a cut is sought first; cuts found
            there are deep at more than one point (in-out separation: Ben-Ameur and Neto 2007). Where that cut
            does not cut off the point itself, one is sought nearer to the point, and at last at the point.
        margin
            Least violation of a time cut.
        tightening
            Most rows of each tightening family.
        pairs
            int64, positions of the pairs to separate; default: those with y > 0.
        """
        selected = np.flatnonzero(y > POSITIVE) if pairs is None else pairs
        found = self.times.violated(
            selected, x, y, core_point=self.core_point, in_out_weight=in_out_weight, margin=margin
        )
        return stacked(found, self.violated_tightening(x, y, most=tightening))

    def violated_tightening(self, x: Floats, y: Floats, *, most: int = MOST_TIGHTENING) -> Rows:
        """Return violated tightening rows, at most `most` of each family."""
        asked = self._tightening if most > 0 and not self.times.stop() else []
        return stacked(NO_ROWS, *(separator.violated(x, y, most=most) for separator in asked))

    def at_core_point(self, *, seconds: float = math.inf) -> Rows:
        """Return for each pair the time cut of smallest right side at the core point.

        Parameters
        ----------
        seconds
            Time limit, after which the remaining pairs are left out.
        """
        pairs = np.arange(len(self._t.limit))
        claims = np.full(len(pairs), np.inf)
        end, stop = time.monotonic() + seconds, self.times.stop
        self.times.stop = lambda: stop() or time.monotonic() >= end
        try:
            return self.violated(
                self.core_point, claims, in_out_weight=0.0, margin=POSITIVE, tightening=0, pairs=pairs
            )
        finally:
            self.times.stop = stop

    def refuting(self, x: Floats, y: Floats, *, orders: Floats, in_out_weight: float) -> Rows:
        """Return cuts that an integer point violates because its plan does not cover all pairs with y > 0.

        Parameters
        ----------
        x, y
            float64 [J] and [K]; x is integer.
        orders
            float64 [O x J], random sort keys of the candidates; each row may give another minimal cut.
        in_out_weight
            As for `violated`.
        """
        claimed = np.flatnonzero((y > POSITIVE) & ~covered_pairs(self._t, np.append(x > 0, True)))
        parts = [
            self.violated(x, y, in_out_weight=in_out_weight, margin=POSITIVE, pairs=claimed, tightening=0)
        ]
        parts += [
            separate(self._t, portion, x, y, -x + 0.5 * order)
            for order in orders
            for portion in in_portions(claimed, self.times.stop)
        ]
        return joined([*parts, self.violated_tightening(x, y)])


def stalls(history: list[float], share: float, rounds: int = STALL_ROUNDS) -> bool:
    """Return whether the last rounds improved the objective by less than a share of itself.

    Parameters
    ----------
    history
        Objectives of the rounds, not increasing.
    share, rounds
        Least relative progress, and the number of rounds over which it is measured.
    """
    if len(history) <= rounds:
        return False
    return history[-1 - rounds] - history[-1] < share * abs(history[-1])


def tighten(
    solve: Callable[[], LpSolution],
    cut: Callable[[LpSolution, float, list[float]], int],
    drop_slack_rows: Callable[[], object],
    *,
    report: Callable[[LpSolution, int], bool],
    first_weight: float = FIRST_WEIGHT,
    first_cuts: int = 0,
) -> LpSolution:
    """Cut off the solutions of a relaxation (Kelley 1960) until its bound stalls or no cut is violated.

    Parameters
    ----------
    solve
        Solves the relaxation.
    cut
        Adds cuts that a solution violates, given the in-out weight and the objectives so far, and returns
        their number.
    drop_slack_rows
        Removes cuts that do not bind; called every `DECAY_EVERY` rounds.
    report
        Called with each solution and the number of cuts added before it; returns whether to stop.
    first_weight
        In-out weight of the first rounds; it decays later.
    first_cuts
        Number of cuts added before the first solve, for the first report.

    Returns
    -------
    LpSolution
        The last solution: optimal, unless the relaxation is infeasible or the time ran out.
    """
    history: list[float] = []
    weight, added = first_weight, first_cuts
    while (solution := solve()).status == "optimal" and not report(solution, added):
        history.append(solution.objective)
        if stalls(history, STALL_SHARE):
            break
        now = weight
        if len(history) % DECAY_EVERY == 0:
            drop_slack_rows()
            weight = max(LEAST_WEIGHT, DECAY * weight)
        added = cut(solution, now, history)
        if not added:
            break
    return solution


def relax(
    program: Relaxation,
    cuts: CutFinder,
    *,
    left: Callable[[], float],
    report: Callable[[LpSolution, int], bool],
    is_wide: Callable[[], bool] = lambda: True,
    is_fresh: bool = True,
) -> tuple[LpSolution | None, tuple[Rows, ...]]:
    """Tighten the linear relaxation of a master problem by time cuts and rows of the tightening families.

    Parameters
    ----------
    program
        The live relaxation, to which the cuts are added.
    cuts
        Separates the cuts.
    left
        Returns the seconds left.
    report
        Called with each solution and the number of cuts added before it; returns whether to stop.
    is_wide
        Returns whether the gap is still so wide that tightening rows pay off.
    is_fresh
        Whether the program has no cuts yet; it then starts with those that are tightest at the core point.

    Returns
    -------
    tuple
        The last solution that no limit interrupted, None without one; and the cuts found, one entry for each
        round.
    """
    rows = [cuts.at_core_point(seconds=CORE_POINT_SHARE * left())] if is_fresh else []
    for first in rows:
        program.add(first)
    last: LpSolution | None = None

    def solve() -> LpSolution:
        nonlocal last
        solution = program.solve(seconds=left())
        last = last if solution.status == "limit" else solution
        return solution

    def cut(solution: LpSolution, weight: float, history: list[float]) -> int:
        x = solution.decisions[: cuts.size]
        tightening = MOST_TIGHTENING if is_wide() and stalls(history, TIGHTENING_FROM, 1) else 0
        found = cuts.violated(x, solution.y, in_out_weight=weight, tightening=tightening)
        if not (len(found) or tightening) and is_wide():
            found = cuts.violated_tightening(x, solution.y)
        if len(found):
            cuts.follow(x)
            rows.append(found)
            program.add(found)
        return len(found)

    tighten(
        solve,
        cut,
        program.drop_slack_rows,
        report=report,
        first_weight=FIRST_WEIGHT if is_fresh else LATER_WEIGHT,
        first_cuts=sum(len(first) for first in rows),
    )
    return last, tuple(rows)


def needed_rows(program: Relaxation, rows: Rows, *, left: Callable[[], float]) -> Rows:
    """Return a subset of the rows that gives the same bound, given the rows already in the program.

    Parameters
    ----------
    program
        A live relaxation; the chosen rows are added to it.
    rows
        Rows to choose from.
    left
        Returns the seconds left; when the time is up, all rows are returned.

    Notes
    -----
    The most violated rows are added first, since they often imply less violated ones.
    """
    if not len(rows):
        return NO_ROWS
    kept = np.zeros(len(rows), np.bool_)
    while (solution := program.solve(seconds=left())).status == "optimal":
        violation = np.where(kept, 0.0, rows.left_side(solution.y) - rows.right_side(solution.decisions))
        deepest = float(violation.max())
        if deepest <= POSITIVE:
            return rows.only(kept)
        is_deep = violation >= max(POSITIVE, DEEP_SHARE * deepest)
        program.add(rows.only(is_deep))
        kept[is_deep] = True
    return rows
