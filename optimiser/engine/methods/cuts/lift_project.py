r"""Find lift-and-project cuts: rows that a half-built candidate violates.

Time cuts describe each pair fully, but nothing ties them to the budget: with half of everything built, every
pair is half covered, although the budget then buys half of a network that covers far less than half. A plan
builds candidate j or not, and either part has to keep all rows, the budget among them. So a point v that is a
mean of plans splits into u, the part of those that build j, and v - u:

    G u >= g x_j,    G (v - u) >= g (1 - x_j),    u_j = x_j,    max(0, v + x_j - 1) <= u <= min(v, x_j).

That is a linear program (the *membership program*: Bonami 2012, "On optimizing over lift-and-project
closures"). When it has no point, its multipliers are those of a row that v violates (`split_rows`). All rows
are brought to a norm of 1, whatever the unit of money. Each may be short by s, and s is minimised, so that
the multipliers are bounded and deep rows are preferred.

Rows are taken into the program as its point violates them, at first those of the model itself and those in
which j stands: a few rounds of tiny programs instead of a large one. Whatever rows are left out, the
multipliers are valid, and the row is violated as soon as s > 0.

Invariant: each row returned is violated at the point by more than `DEEP`, and holds for all plans.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from scipy.sparse import csr_array, hstack, vstack

from optimiser.engine.search.paths import Integers, Mask
from optimiser.engine.search.rows import NO_SPLITS, Floats, SplitRows, gathered, packed, split_row

STEPS = 3
"""Times that a membership program takes in rows: later ones make rows little deeper and far dearer."""

MORE = 30
"""Most rows that it takes in at once on either side."""

SHORT = 1e-4
"""Shortfall of the membership program, or of a row left out of it, that counts."""

DEEP = 1e-3
"""Least distance of the point from a row that is kept."""

ALIKE = 0.9
"""Cosine of two rows from which on the less violated one is dropped."""

FREE = 1e-6
"""Distance from 0 and 1 within which a decision is no fraction."""

NEAR = 0.05
"""Slack, relative to the right side where that is above 1, up to which a row takes part."""


class SmallProgram(Protocol):
    """Solves a small linear program."""

    def __call__(
        self, matrix: csr_array, least: Floats, lower: Floats, upper: Floats
    ) -> tuple[Floats, Floats] | None:
        """Minimise the last column subject to `matrix @ v >= least` and bounds; return point and duals."""


class Splitter:
    """Finds lift-and-project cuts at one point.

    Parameters
    ----------
    matrix, least
        The rows G v >= g: float64 [r x (J + K + C)] and [r].
    own
        bool [r]: rows of the model itself, which take part in every membership program.
    point
        float64 [J + K + C], satisfying the rows.
    solve
        Solves the membership programs.
    """

    def __init__(
        self, matrix: csr_array, least: Floats, own: Mask, point: Floats, solve: SmallProgram
    ) -> None:
        self._point = np.clip(point, 0.0, 1.0)
        free = (self._point > FREE) & (self._point < 1.0 - FREE)
        slack = matrix @ self._point - least
        near = own | (slack <= NEAR * np.maximum(1.0, np.abs(least)))
        kept = np.flatnonzero(near & (abs(matrix) @ free.astype(np.float64) > 0.0))
        norm = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())[kept]
        self._rows: csr_array = csr_array(matrix[kept].multiply(1.0 / norm[:, None]))
        self._least = least[kept] / norm
        self._own = np.flatnonzero(own[kept])
        self._of_column = self._rows.tocsc()
        settled = (~free & (self._point > 0.5)).astype(np.float64)
        self._need = self._least - self._rows @ settled
        self._free = csr_array(self._rows.multiply(free.astype(np.float64)[None, :]))
        self._free.eliminate_zeros()
        self._there = self._free @ self._point
        self._solve = solve

    def cut(self, j: int) -> SplitRows:
        """Return a row that the point violates, from whether j is built or not, or none.

        Parameters
        ----------
        j
            A candidate that is built in part.
        """
        share = self._point[j]
        lower = np.maximum(0.0, self._point + share - 1.0)
        upper = np.maximum(lower, np.minimum(self._point, share))
        lower[j] = upper[j] = share
        part = share * self._point
        holding = self._of_column.indices[self._of_column.indptr[j] : self._of_column.indptr[j + 1]]
        one = zero = np.union1d(self._own, holding)
        for step in range(STEPS):
            columns, matrix = self._program(one, zero, j)
            need = np.concatenate(
                (self._need[one] * share, self._need[zero] * (1.0 - share) - self._there[zero])
            )
            found = self._solve(
                matrix, need, np.append(lower[columns], 0.0), np.append(upper[columns], np.inf)
            )
            if found is None:
                return NO_SPLITS
            values, duals = found
            short = values[-1]
            if step == STEPS - 1:
                break
            part[columns] = values[:-1]
            built = self._free @ part
            more_one = self._worst(self._need * share - built, short, one)
            more_zero = self._worst(self._need * (1.0 - share) - self._there + built, short, zero)
            if not len(more_one) + len(more_zero):
                break
            one, zero = np.append(one, more_one), np.append(zero, more_zero)
        return self._row(j, one, zero, duals) if short > SHORT else NO_SPLITS

    def _program(self, one: Integers, zero: Integers, j: int) -> tuple[Integers, csr_array]:
        """Return the columns that some rows touch, and the matrix over these and the shortfall."""
        built, not_built = self._free[one], self._free[zero]
        columns = np.unique(np.concatenate((built.indices, not_built.indices, [j]))).astype(np.int64)
        short = np.ones((len(one) + len(zero), 1))
        left = vstack((built[:, columns], -not_built[:, columns]))
        return columns, csr_array(hstack((left, csr_array(short))))

    def _worst(self, missing: Floats, short: float, there: Integers) -> Integers:
        """Return the rows left out that fall short by most."""
        apart = missing - short
        apart[there] = 0.0
        worst = np.argsort(-apart, kind="stable")[:MORE]
        return worst[apart[worst] > SHORT]

    def _row(self, j: int, one: Integers, zero: Integers, duals: Floats) -> SplitRows:
        """Return the row of the multipliers, if it is deep."""
        weights = np.maximum(0.0, duals)
        p, q = weights[: len(one)], weights[len(one) :]
        upper, lower = self._rows[one], self._rows[zero]
        alpha, least, norm = split_row(
            (upper.T @ p, float(p @ self._least[one])),
            (lower.T @ q, float(q @ self._least[zero])),
            j,
            self._point,
        )
        terms = float((abs(upper).sum(axis=1) + np.abs(self._least[one])) @ p)
        terms += float((abs(lower).sum(axis=1) + np.abs(self._least[zero])) @ q)
        row = packed(alpha, least, terms=terms / norm)
        return row if self._depth(row) > DEEP else NO_SPLITS

    def _depth(self, row: SplitRows) -> float:
        return float((row.least - row.at(self._point)).max(initial=0.0))

    def kept(self, found: list[SplitRows]) -> SplitRows:
        """Return the deepest rows, none nearly parallel to a deeper one.

        Parameters
        ----------
        found
            What `cut` returned.
        """
        rows = gathered([row for row in found if len(row)])
        whole = csr_array((rows.value, rows.column, rows.start), shape=(len(rows), len(self._point)))
        alike = np.asarray((whole @ whole.T).todense()) if len(rows) else np.zeros((0, 0))
        depth = rows.least - rows.at(self._point)
        kept: list[int] = []
        for i in np.argsort(-depth, kind="stable").tolist():
            if alike[i, kept].max(initial=-1.0) < ALIKE:
                kept.append(i)
        return gathered([rows.only(np.arange(len(rows)) == i) for i in kept])
