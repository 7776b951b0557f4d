r"""Hold lift-and-project cuts, and derive one from multipliers.

Let v >= 0 be all decisions of the master problem (built, levels, cities), each at most 1, and G v >= g its
rows: budget, side constraints, time cuts. A plan builds candidate j or it does not. With multipliers
p, q >= 0 of the rows, every plan that builds j has (p G) v >= p g, every other one (q G) v >= q g. Write
a = p G, b = q G and u_i for v_i, or for 1 - v_i in some places (the coefficients of these change sign and
move to the right side). Then, with

    alpha_i = max(a_i, b_i)  (i != j),      alpha_j = q g - p g + a_j,

    alpha u >= q g

holds for every plan: with x_j = 1, alpha u >= a u + q g - p g >= q g; with x_j = 0, alpha u >= b u >= q g.

Source: Balas, Ceria and Cornuejols 1993, "A lift-and-project cutting plane algorithm for mixed 0-1 programs"
(coefficients in closed form, complemented variables). Any multipliers give a valid row, so that nothing rests
on the tolerance of the solver that proposed them; what sums are rounded by is taken off the right side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimiser.engine.methods.cuts.rows import Floats, starts, sums
from optimiser.engine.search.paths import Integers, Mask

TINY = 1e-4
"""Coefficients below this, the norm being 1, leave a row at the expense of its right side: beside large ones
they make bases that are nearly singular."""

ROUNDING = 1e-12
"""Share of all terms of a sum, before any cancel, by which it is rounded at most."""


@dataclass(frozen=True, slots=True)
class SplitRows:
    """Rows `sum of value v >= least`, one after the other.

    Attributes
    ----------
    start
        int64 [c + 1]: row i has the columns `column[start[i]:start[i + 1]]`.
    column
        int64: positions among built [J], levels [K] and cities [C], rising in each row.
    value
        float64, not 0, one a column.
    least
        float64 [c].
    """

    start: Integers
    column: Integers
    value: Floats
    least: Floats

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.least)

    def at(self, point: Floats) -> Floats:
        """Return the left side of each row at a point.

        Parameters
        ----------
        point
            float64 [J + K + C].
        """
        return sums(self.value * point[self.column], self.start)

    def only(self, kept: Mask) -> SplitRows:
        """Return some of the rows.

        Parameters
        ----------
        kept
            bool [c].
        """
        counts = np.diff(self.start)
        inside = np.repeat(kept, counts)
        return SplitRows(starts(counts[kept]), self.column[inside], self.value[inside], self.least[kept])


NO_SPLITS = SplitRows(np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0))


def gathered(parts: Sequence[SplitRows]) -> SplitRows:
    """Return several lists of rows one after the other.

    Parameters
    ----------
    parts
        The lists.
    """
    parts = (NO_SPLITS, *parts)
    return SplitRows(
        starts(np.concatenate([np.diff(part.start) for part in parts])),
        np.concatenate([part.column for part in parts]),
        np.concatenate([part.value for part in parts]),
        np.concatenate([part.least for part in parts]),
    )


def packed(alpha: Floats, least: float, *, terms: float) -> SplitRows:
    """Return a row that is given by all coefficients and the right side, without its small coefficients.

    Parameters
    ----------
    alpha, least
        float64 [J + K + C] with a norm of 1, and a number.
    terms
        Sum of all absolute terms of which the coefficients and the right side were made.
    """
    small = np.abs(alpha) < TINY
    kept = np.flatnonzero(~small)
    safe = least - np.maximum(0.0, alpha[small]).sum() - ROUNDING * terms
    return SplitRows(starts(np.array([len(kept)])), kept, alpha[kept], np.array([safe]))


def split_row(
    one: tuple[Floats, float], zero: tuple[Floats, float], j: int, point: Floats
) -> tuple[Floats, float, float]:
    """Return the row that holds whether j is built or not, as deep as possible at a point.

    Parameters
    ----------
    one
        p G and p g: float64 [J + K + C] and a number, a row that holds for every plan that builds j.
    zero
        q G and q g, of every other plan.
    j
        The candidate.
    point
        float64 [J + K + C], from 0 to 1: decides which variables are complemented.

    Returns
    -------
    tuple
        Coefficients, with a Euclidean norm of 1 (all 0 where the row says nothing), the least left side, and
        what both were divided by.
    """
    a, b = one[0].copy(), zero[0].copy()
    more = a - b
    more[j] = 0.0
    turned = ((more > 0.0) & (point > point[j])) | ((more < 0.0) & (point > 1.0 - point[j]))
    a[turned] *= -1.0
    b[turned] *= -1.0
    one_least, zero_least = one[1] + a[turned].sum(), zero[1] + b[turned].sum()
    alpha = np.maximum(a, b)
    alpha[j] = zero_least - one_least + a[j]
    alpha[turned] *= -1.0
    least = zero_least + alpha[turned].sum()
    norm = float(np.linalg.norm(alpha))
    return (alpha / norm, float(least / norm), norm) if norm else (alpha, float(least), 1.0)
