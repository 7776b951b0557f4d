"""Solve the root relaxation of the time-cut method: first with time cuts, then with lift-and-project cuts."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from optimiser.engine.backends.highs import Relaxation, SmallLps
from optimiser.engine.backends.interfaces import LpSolution
from optimiser.engine.methods.cuts.lift_project import Splitter
from optimiser.engine.methods.cuts.relaxation import CutFinder, cut_rounds, relax, stalls
from optimiser.engine.search.incumbent import MaskIncumbent
from optimiser.engine.search.paths import Integers, Mask
from optimiser.engine.search.rows import NO_SPLITS, Floats, Rows, SplitRows, gathered, joined
from optimiser.engine.search.tables import Tables

LARGE = 3_000
"""Number of pairs from which the relaxation is solved by the interior point method."""

LARGE_SPLITS = 6_000
"""Number of pairs from which no lift-and-project cuts are sought: a round takes a minute and more, and closes
two hundredths of the gap and less."""

TIGHTENING_BEYOND = 0.02
"""Gap below which tightening rows, which are dense, cost more time in the tree than they save."""

FAR_GAP = 0.1
"""Gap above which a proof of optimality is out of reach."""

FAR_STALL = 1e-3
"""Relative progress over `STALL_ROUNDS` rounds below which the relaxation ends, as long as the gap is above
`FAR_GAP`."""

RELAXATION_SHARE = 0.75
"""Share of the time left after which the relaxation ends as long as the gap is above `FAR_GAP`: better plans
close more of it then."""

SPLIT_TIME_SHARE = 0.7
"""Share of the time left after which no further round of lift-and-project cuts begins."""

SPLIT_ROUNDS = 10
"""Most rounds: cuts of high rank become dense."""

SPLIT_PROGRESS = 0.03
"""Share of the gap that a round must close for another round to follow."""

SPLITS_BEYOND = 0.05
"""Gap below which the tree is faster without lift-and-project cuts, which slow down each of its nodes."""

LEAST_FRACTIONAL = 90
"""Number of fractional candidates from which lift-and-project cuts pay off; with fewer, the tree alone is
faster."""

MOST_SPLIT_PAIRS = 200
"""Most pairs of which a round asks what holds whether they are covered or not."""

FRACTIONAL = 0.01
"""Distance from 0 and 1 above which a candidate counts as fractional here."""

TIME_CUT_ROUNDS, TIME_CUT_WEIGHT = 4, 0.05
"""Most rounds of time cuts after each round of lift-and-project cuts, and their in-out weight."""

BINDING = 1e-2
"""Slack up to which a lift-and-project cut counts as binding."""

NEARLY_BINDING = 0.05
"""Slack up to which a cut of the root is passed on to the integer phase."""


@dataclass(frozen=True, slots=True)
class ObjectiveScale:
    """Converts between objectives and scaled objectives, which the relaxation maximises.

    Attributes
    ----------
    incumbent
        Knows the sense of the objective, and evaluates plans.
    divisor
        Number by which the relaxation divides the objective, so that its values stay small integers.
    """

    incumbent: MaskIncumbent
    divisor: int

    @property
    def _factor(self) -> int:
        return -self.divisor if self.incumbent.minimise else self.divisor

    def to_objective(self, scaled: float) -> float:
        """Return the objective that belongs to a scaled objective."""
        return scaled * self._factor

    def of_plan(self, plan: Mask | None) -> float:
        """Return the scaled objective of a plan, an integer; minus infinity without a feasible plan."""
        found = None if plan is None else self.incumbent.evaluate(plan)
        return -math.inf if found is None else round(found.objective / self._factor)


@dataclass(frozen=True, slots=True)
class RootRelaxation:
    """The solved root relaxation, from which the integer phase starts.

    Attributes
    ----------
    t
        The problem; for a frontier, the question as arrays (`questions.question_tables`).
    scale
        Converts scaled objectives.
    program
        The live relaxation, with its cuts.
    cuts
        Separates cuts, and stores those found.
    rows
        Time cuts and tightening rows found, one entry for each round.
    solution
        Last solution of the relaxation.
    splits
        Lift-and-project cuts that bind at this solution; they are rows of the program.
    """

    t: Tables
    scale: ObjectiveScale
    program: Relaxation
    cuts: CutFinder
    rows: tuple[Rows, ...]
    solution: LpSolution
    splits: SplitRows = NO_SPLITS

    @property
    def x(self) -> Floats:
        """Return float64 [J], the values of the candidates at the root."""
        return self.solution.decisions[: self.t.size]


def solve_root(
    t: Tables,
    incumbent: MaskIncumbent,
    program: Relaxation,
    cuts: CutFinder,
    *,
    gap: float,
    is_fresh: bool = True,
) -> RootRelaxation | str:
    """Tighten the relaxation by time cuts and tightening rows; bounds go to the incumbent.

    Parameters
    ----------
    t
        The problem; for a frontier, the question as arrays.
    incumbent
        Receives bounds and counts, and knows the time left.
    program, cuts
        The relaxation, and the separation of its cuts.
    gap
        Relative gap at which to stop.
    is_fresh
        Whether the program has no cuts yet.

    Returns
    -------
    RootRelaxation or str
        The solved root; or, where the solve has ended with it, the reason: `proof`, `gap`, `infeasible` or
        `time`.
    """
    scale = ObjectiveScale(incumbent, program.divisor)
    history: list[float] = []
    end = (1.0 - RELAXATION_SHARE) * incumbent.left()

    def report(solution: LpSolution, found: int) -> bool:
        incumbent.count("relaxation", cuts=found)
        incumbent.bound(scale.to_objective(solution.objective), "relaxation")
        history.append(solution.objective)
        if incumbent.closed(gap):
            return True
        return (stalls(history, FAR_STALL) or incumbent.left() <= end) and not incumbent.closed(FAR_GAP)

    program.use_interior_point(enabled=is_fresh and len(t.limit) >= LARGE)
    relaxed = relax(
        program,
        cuts,
        left=incumbent.left,
        report=report,
        is_wide=lambda: not incumbent.closed(TIGHTENING_BEYOND),
        is_fresh=is_fresh,
    )
    program.use_interior_point(enabled=False)
    if relaxed.solution is not None and relaxed.solution.status == "infeasible":
        return "infeasible"
    if incumbent.closed(gap):
        return incumbent.ending(gap)
    if relaxed.solution is None or incumbent.stop():
        return "time"
    return RootRelaxation(t, scale, program, cuts, relaxed.rows, relaxed.solution)


def add_split_cuts(
    incumbent: MaskIncumbent,
    root: RootRelaxation,
    *,
    gap: float = 0.0,
    least_fractional: int = LEAST_FRACTIONAL,
) -> RootRelaxation:
    """Tighten the relaxation by lift-and-project cuts while the gap is wide and they close much of it.

    Parameters
    ----------
    incumbent
        Receives bounds and counts, and knows the time left.
    root
        The solved root; the rows are added to its program.
    gap
        Relative gap at which to stop.
    least_fractional
        Number of fractional candidates below which no cuts are sought.

    Returns
    -------
    RootRelaxation
        The root with its new solution, the time cuts found on the way, and the lift-and-project cuts that
        bind at the end.

    Notes
    -----
    Skipped where rows of several pairs were added, as partition inequalities are: their many terms make the
    membership programs slow (5 rounds in 50 s, and half a per cent of the bound, on a problem of the hard
    family). Skipped also with very many pairs (`LARGE_SPLITS`). The gap is measured on the reduced problem:
    the constant that presolve moved out of the objective would make the gap look smaller than it is.
    """
    if any((rows.pair_counts > 1).any() for rows in root.rows) or len(root.t.limit) >= LARGE_SPLITS:
        return root
    end = (1.0 - SPLIT_TIME_SHARE) * incumbent.left()
    if len(root.t.limit) >= LARGE:  # its points are of the interior point method, and no vertices
        vertex = root.program.solve_anew(seconds=incumbent.left())
        if vertex.status != "optimal":
            return root
        root = replace(root, solution=vertex)
    splits, solve_small = list[SplitRows](), SmallLps(incumbent.left)
    for _ in range(SPLIT_ROUNDS):
        before = root.solution.objective
        open_gap = before - root.scale.of_plan(incumbent.best)
        fractional = np.flatnonzero(_is_fractional(root.x))
        if open_gap <= SPLITS_BEYOND * max(1.0, abs(before)) or len(fractional) < least_fractional:
            break
        if incumbent.stop() or incumbent.closed(gap) or incumbent.left() < end:
            break
        fresh = _split_cuts(incumbent, root, [*fractional.tolist(), *_fractional_pairs(root)], solve_small)
        if not len(fresh):
            break
        root.program.add_splits(fresh)
        splits.append(fresh)
        later = _with_time_cuts(incumbent, root)
        if later is None:
            break
        root = later
        incumbent.bound(root.scale.to_objective(root.solution.objective), "relaxation")
        incumbent.count("relaxation", cuts=len(fresh))
        closed = before - root.solution.objective
        if closed < SPLIT_PROGRESS * (open_gap if math.isfinite(open_gap) else abs(before)):
            break
    rows = gathered(splits)
    binding = rows.only(rows.left_side(root.program.point(root.solution)) <= rows.least + BINDING)
    if len(rows):
        root.program.drop_slack_rows()
    return replace(root, splits=binding)


def _is_fractional(values: Floats) -> Mask:
    """Return bool, the values that count as fractional here."""
    is_fractional: Mask = np.abs(values - 0.5) < 0.5 - FRACTIONAL
    return is_fractional


def _fractional_pairs(root: RootRelaxation) -> list[int]:
    """Return the columns of pairs that are covered in part, those of the largest uncertain weight first."""
    y = root.solution.y
    if root.t.must_cover:  # there are no such columns
        return []
    pairs = np.flatnonzero(_is_fractional(y))
    worth = (root.t.weight * np.minimum(y, 1.0 - y))[pairs]
    order: Integers = root.t.size + pairs[np.argsort(-worth, kind="stable")]
    return [int(column) for column in order[:MOST_SPLIT_PAIRS]]


def _split_cuts(
    incumbent: MaskIncumbent, root: RootRelaxation, fractional: list[int], solve_small: SmallLps
) -> SplitRows:
    """Return lift-and-project cuts that the root violates, at most one for each fractional variable."""
    splitter = Splitter(*root.program.rows(), root.program.point(root.solution), solve_small)
    found = []
    for j in fractional:
        if incumbent.stop():
            break
        found.append(splitter.cut(j))
    return splitter.kept(found)


def _with_time_cuts(incumbent: MaskIncumbent, root: RootRelaxation) -> RootRelaxation | None:
    """Return the root after a few rounds of time cuts.

    None when the time is up before the first solve ends, or when the relaxation is infeasible, which the tree
    will find as well.
    """
    found, last = list(root.rows), None
    before = len(found)

    def is_done(solution: LpSolution) -> bool:
        nonlocal last
        if solution.status != "optimal":
            return True
        last = solution
        return len(found) - before >= TIME_CUT_ROUNDS

    def cut(solution: LpSolution) -> int:
        rows = root.cuts.violated(
            solution.decisions[: root.cuts.size], solution.y, in_out_weight=TIME_CUT_WEIGHT, tightening=0
        )
        if len(rows):
            found.append(rows)
            root.program.add(rows)
        return len(rows)

    cut_rounds(lambda: root.program.solve(seconds=incumbent.left()), is_done, cut)
    return None if last is None else replace(root, solution=last, rows=tuple(found))


def binding_rows(root: RootRelaxation) -> Rows:
    """Return the distinct time cuts and tightening rows that bind, or nearly bind, at the root."""
    rows = joined(root.rows)
    return rows.only(rows.right_side(root.x) <= rows.left_side(root.solution.y) + NEARLY_BINDING)
