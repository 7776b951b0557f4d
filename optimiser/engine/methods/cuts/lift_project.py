r"""Separate lift-and-project cuts: a candidate is either built or not, a pair either covered or not.

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

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_array, hstack, vstack

from optimiser.engine.search.paths import Integers, Mask
from optimiser.engine.search.rows import NO_SPLITS, Floats, SplitRows, gathered, packed, split_row

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

INTEGRALITY_TOLERANCE = 1e-6
"""Distance from 0 and 1 up to which a value counts as integer."""

MOST_SLACK = 0.05
"""Slack, relative to the right side where that is above 1, up to which a row takes part."""


type SmallProgram = Callable[[csr_array, Floats, Floats, Floats], tuple[Floats, Floats] | None]
"""Minimises the last column subject to `matrix @ v >= least` and lower and upper bounds; returns the solution
and the duals, or None where the program was not solved to optimality."""


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
        free = (self._point > INTEGRALITY_TOLERANCE) & (self._point < 1.0 - INTEGRALITY_TOLERANCE)
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
