r"""Solve the root relaxation of the time-cut method: first with time cuts, then with lift-and-project cuts.

A lift-and-project cut says: a candidate is either built or not, a pair either covered or not.

Time cuts describe each pair on its own, but do not combine with the budget: with half of everything built,
every pair is half covered, although half of the budget buys a network that covers far less than half of the
pairs. A plan either builds candidate j or does not, and in both cases satisfies all rows, the budget among
them. So a point v that is a convex combination of plans splits into u, the share of plans that build j, and
v - u:

    G u >= g v_j,    G (v - u) >= g (1 - v_j),    u_j = v_j,    max(0, v + v_j - 1) <= u <= min(v, v_j).

The same holds for a pair j, which a plan covers or does not; in the first case all time cuts of the pair must
hold in full.

This is a linear program in u (the *membership program*: Bonami 2012, "On optimizing over lift-and-project
closures"). If it is infeasible, its dual multipliers define a row that v violates (`search.rows.split_row`).
All rows are scaled to norm 1, so that the unit of money does not matter. Each row may fall short by s, and s
is minimised; this bounds the multipliers and prefers deep cuts.

The program starts with the rows of the model itself and those that contain j, and takes in further rows where
its solution violates them: a few small programs instead of a large one. Multipliers over some of the rows are
multipliers over all of them (the others are 0), so the cut is valid whichever rows are left out, and it is
violated as soon as s > 0.

Invariant: each row returned is violated at the point by more than `LEAST_DEPTH`, and holds for all plans.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array, hstack, vstack

from optimiser.engine.backends.highs import BINDING, SmallLps
from optimiser.engine.backends.interfaces import FEASIBILITY_TOLERANCE, LpSolution
from optimiser.engine.methods.cuts.relaxation import CutFinder, Relaxation, relax, stalls
from optimiser.engine.search.incumbent import MaskIncumbent
from optimiser.engine.search.paths import Integers, Mask
from optimiser.engine.search.rows import (
    NO_ROWS,
    NO_SPLITS,
    Floats,
    Rows,
    SplitRows,
    gathered,
    joined,
    packed,
    split_row,
)
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

NEARLY_BINDING = 0.05
"""Slack up to which a cut of the root is passed on to the integer phase."""

MOST_SOLVES = 3
"""Solves of one membership program: further ones deepen a cut little and cost much more."""

MOST_NEW_ROWS = 30
"""Most rows that a membership program takes in after a solve, for each of the two cases."""

LEAST_SHORTFALL = 1e-4
"""Shortfall of the membership program, or of a row left out of it, below which it counts as 0."""

LEAST_DEPTH = 1e-3
"""Least distance of the point from the hyperplane of a cut that is kept."""

PARALLEL = 0.9
"""Cosine of the angle between two cuts above which the less violated one is dropped."""

MOST_SLACK = 0.05
"""Slack, relative to the right side where that is above 1, up to which a row takes part."""


type SmallProgram = Callable[[csr_array, Floats, Floats, Floats], tuple[Floats, Floats] | None]
"""Minimises the last column subject to `matrix @ v >= least` and lower and upper bounds; returns the solution
and the duals, or None where the program was not solved to optimality."""


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

    def to_objective(self, scaled: float) -> float:
        """Return the objective that belongs to a scaled objective."""
        return scaled * (-self.divisor if self.incumbent.minimise else self.divisor)

    def of_plan(self, plan: Mask | None) -> float:
        """Return the scaled objective of a plan, an integer; minus infinity without a feasible plan."""
        found = None if plan is None else self.incumbent.evaluate(plan)
        return -math.inf if found is None else round(found.objective / self.to_objective(1))


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
    last, rows = relax(
        program,
        cuts,
        left=incumbent.left,
        report=report,
        is_wide=lambda: not incumbent.closed(TIGHTENING_BEYOND),
        is_fresh=is_fresh,
    )
    program.use_interior_point(enabled=False)
    if last is not None and last.status == "infeasible":
        return "infeasible"
    if incumbent.closed(gap):
        return incumbent.ending(gap)
    if last is None or incumbent.stop():
        return "time"
    return RootRelaxation(t, scale, program, cuts, rows, last)


class Splitter:
    """Separates lift-and-project cuts at one point.

    Parameters
    ----------
    matrix, least
        The rows G v >= g: float64 [r x (J + K + C)] and [r].
    own
        bool [r], rows of the model itself, which take part in every membership program.
    point
        float64 [J + K + C], a point that satisfies the rows.
    solve
        Solves the membership programs.
    """

    def __init__(
        self, matrix: csr_array, least: Floats, own: Mask, point: Floats, solve: SmallProgram
    ) -> None:
        self._point = np.clip(point, 0.0, 1.0)
        free = (self._point > FEASIBILITY_TOLERANCE) & (self._point < 1.0 - FEASIBILITY_TOLERANCE)
        slack = matrix @ self._point - least
        near = own | (slack <= MOST_SLACK * np.maximum(1.0, np.abs(least)))
        kept = np.flatnonzero(near & (abs(matrix) @ free.astype(np.float64) > 0.0))
        norm = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())[kept]
        self.rows: csr_array = csr_array(matrix[kept].multiply(1.0 / norm[:, None]))
        self.least = least[kept] / norm
        self.own = np.flatnonzero(own[kept])
        self._of_column = self.rows.tocsc()
        at_one = (~free & (self._point > 0.5)).astype(np.float64)
        # Columns at 1 are constants of the membership program: their share moves to the right side.
        self.right_side = self.least - self.rows @ at_one
        self.free = csr_array(self.rows.multiply(free.astype(np.float64)[None, :]))
        self.free.eliminate_zeros()
        self.activity = self.free @ self._point
        self._solve = solve

    def cut(self, j: int) -> SplitRows:
        """Return a cut from the disjunction on column j, or `NO_SPLITS`.

        Parameters
        ----------
        j
            Column of a candidate or pair with a value between 0 and 1 at the point.
        """
        share = self._point[j]
        lower = np.maximum(0.0, self._point + share - 1.0)
        upper = np.maximum(lower, np.minimum(self._point, share))
        lower[j] = upper[j] = share
        part = share * self._point
        containing = self._of_column.indices[self._of_column.indptr[j] : self._of_column.indptr[j + 1]]
        one = zero = np.union1d(self.own, containing)
        for step in range(MOST_SOLVES):
            columns, matrix = self.program(one, zero, j)
            right_side = np.concatenate(
                (self.right_side[one] * share, self.right_side[zero] * (1.0 - share) - self.activity[zero])
            )
            found = self._solve(
                matrix, right_side, np.append(lower[columns], 0.0), np.append(upper[columns], np.inf)
            )
            if found is None:
                return NO_SPLITS
            values, duals = found
            short = values[-1]
            if step == MOST_SOLVES - 1:
                break
            part[columns] = values[:-1]
            built = self.free @ part
            more_one = self.most_violated(self.right_side * share - built, short, one)
            more_zero = self.most_violated(
                self.right_side * (1.0 - share) - self.activity + built, short, zero
            )
            if not len(more_one) + len(more_zero):
                break
            one, zero = np.append(one, more_one), np.append(zero, more_zero)
        return self.row(j, one, zero, duals) if short > LEAST_SHORTFALL else NO_SPLITS

    def program(self, one: Integers, zero: Integers, j: int) -> tuple[Integers, csr_array]:
        """Return the columns with entries in the given rows, and the matrix over these and the shortfall."""
        built, not_built = self.free[one], self.free[zero]
        columns = np.unique(np.concatenate((built.indices, not_built.indices, [j]))).astype(np.int64)
        short = np.ones((len(one) + len(zero), 1))
        left = vstack((built[:, columns], -not_built[:, columns]))
        return columns, csr_array(hstack((left, csr_array(short))))

    def most_violated(self, missing: Floats, short: float, included: Integers) -> Integers:
        """Return the left-out rows of largest shortfall beyond `short`, largest first."""
        excess = missing - short
        excess[included] = 0.0
        order = np.argsort(-excess, kind="stable")[:MOST_NEW_ROWS]
        return order[excess[order] > LEAST_SHORTFALL]

    def row(self, j: int, one: Integers, zero: Integers, duals: Floats) -> SplitRows:
        """Return the cut that the dual multipliers define, if it is deep enough."""
        weights = np.maximum(0.0, duals)
        p, q = weights[: len(one)], weights[len(one) :]
        upper, lower = self.rows[one], self.rows[zero]
        alpha, least, norm = split_row(
            (upper.T @ p, float(p @ self.least[one])),
            (lower.T @ q, float(q @ self.least[zero])),
            j,
            self._point,
        )
        terms = float((abs(upper).sum(axis=1) + np.abs(self.least[one])) @ p)
        terms += float((abs(lower).sum(axis=1) + np.abs(self.least[zero])) @ q)
        row = packed(alpha, least, terms=terms / norm)
        is_deep = bool((row.least - row.left_side(self._point) > LEAST_DEPTH).any())
        return row if is_deep else NO_SPLITS

    def kept(self, found: list[SplitRows]) -> SplitRows:
        """Return the deepest cuts, leaving out those nearly parallel to a deeper one.

        Parameters
        ----------
        found
            Results of `cut`.
        """
        rows = gathered([row for row in found if len(row)])
        matrix = csr_array((rows.value, rows.column, rows.start), shape=(len(rows), len(self._point)))
        cosine = np.asarray((matrix @ matrix.T).todense()) if len(rows) else np.zeros((0, 0))
        depth = rows.least - rows.left_side(self._point)
        kept: list[int] = []
        for i in np.argsort(-depth, kind="stable").tolist():
            if cosine[i, kept].max(initial=-1.0) < PARALLEL:
                kept.append(i)
        return gathered([rows.only(np.arange(len(rows)) == i) for i in kept])


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
        fractional = np.flatnonzero(np.abs(root.x - 0.5) < 0.5 - FRACTIONAL)
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


def _fractional_pairs(root: RootRelaxation) -> list[int]:
    """Return the columns of pairs that are covered in part, those of the largest uncertain weight first."""
    y = root.solution.y
    if root.t.must_cover:  # there are no such columns
        return []
    pairs = np.flatnonzero(np.abs(y - 0.5) < 0.5 - FRACTIONAL)
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
    for left in reversed(range(TIME_CUT_ROUNDS + 1)):
        solution = root.program.solve(seconds=incumbent.left())
        if solution.status != "optimal":
            break
        last, x = solution, solution.decisions[: root.cuts.size]
        rows = NO_ROWS
        if left:
            rows = root.cuts.violated(x, solution.y, in_out_weight=TIME_CUT_WEIGHT, tightening=0)
        if not len(rows):
            break
        found.append(rows)
        root.program.add(rows)
    return None if last is None else replace(root, solution=last, rows=tuple(found))


def binding_rows(root: RootRelaxation) -> Rows:
    """Return the distinct time cuts and tightening rows that bind, or nearly bind, at the root."""
    rows = joined(root.rows)
    return rows.only(rows.right_side(root.x) <= rows.left_side(root.solution.y) + NEARLY_BINDING)
