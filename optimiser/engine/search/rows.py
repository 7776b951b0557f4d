"""Store rows of master problems, cuts of every family, as arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.search.paths import Integers, Mask, starts
from optimiser.engine.search.tables import Tables

type Floats = NDArray[np.float64]

PRICE_UNIT = 2.0**20
"""Integer price that stands for 1 in fractional time cuts: coefficients are multiples of 1 / `PRICE_UNIT`,
so that the costs of paths are compared exactly."""


@dataclass(frozen=True, slots=True)
class Rows:
    """c rows `sum of y over pairs <= sum of value x over candidates`.

    In models without variables y, where every pair must be covered, the left side is the number of pairs.

    Attributes
    ----------
    pair
        int64, positions of pairs, each at most once in a row.
    start
        int64 [c + 1]: row i has the candidates `candidate[start[i]:start[i + 1]]`.
    candidate
        int64, positions of candidates, rising in each row.
    value
        float64, coefficients > 0, aligned with `candidate`.
    pair_start
        int64 [c + 1]: row i has the pairs `pair[pair_start[i]:pair_start[i + 1]]`; None: one pair per row.
    """

    pair: Integers
    start: Integers
    candidate: Integers
    value: Floats
    pair_start: Integers | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.start) - 1

    @property
    def pair_counts(self) -> Integers:
        """Return int64 [c], the number of pairs of each row."""
        return np.ones(len(self), np.int64) if self.pair_start is None else np.diff(self.pair_start)

    def pairs_of(self, i: int) -> Integers:
        """Return int64, the pairs of row i."""
        first, end = (i, i + 1) if self.pair_start is None else self.pair_start[i : i + 2]
        return self.pair[first:end]

    def right_side(self, x: Floats) -> Floats:
        """Return float64 [c], the right side of each row at a point x, float64 [J]."""
        return sums(self.value * x[self.candidate], self.start)

    def left_side(self, y: Floats) -> Floats:
        """Return float64 [c], the left side of each row at a point y, float64 [K]."""
        return y[self.pair] if self.pair_start is None else sums(y[self.pair], self.pair_start)

    def only(self, kept: NDArray[np.bool_]) -> Rows:
        """Return the rows selected by a mask, bool [c]."""
        counts, pair_counts = np.diff(self.start), self.pair_counts
        inside = np.repeat(kept, counts)
        return Rows(
            self.pair[np.repeat(kept, pair_counts)],
            starts(counts[kept]),
            self.candidate[inside],
            self.value[inside],
            None if self.pair_start is None else starts(pair_counts[kept]),
        )


def sums(values: Floats, start: Integers) -> Floats:
    """Return float64 [c], the sums of the segments `values[start[i]:start[i + 1]]`; 0 for empty segments."""
    return np.where(np.diff(start) > 0, np.add.reduceat(np.append(values, 0.0), start[:-1]), 0.0)


NO_ROWS = Rows(np.zeros(0, np.int64), np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0))


def rows_of(rows: Sequence[tuple[Sequence[int] | Integers, Integers, Floats]]) -> Rows:
    """Return rows, each given by its pairs, its candidates, and their coefficients."""
    if not rows:
        return NO_ROWS
    pairs, candidates, values = zip(*rows, strict=True)
    counts = [len(part) for part in pairs]
    return Rows(
        np.concatenate(pairs).astype(np.int64),
        starts([len(part) for part in candidates]),
        np.concatenate(candidates).astype(np.int64),
        np.concatenate(values),
        None if max(counts) == 1 else starts(counts),
    )


def stacked(*parts: Rows) -> Rows:
    """Return the concatenation of one or more sets of rows; duplicates are kept."""
    alone = all(part.pair_start is None for part in parts)
    return Rows(
        np.concatenate([part.pair for part in parts]),
        starts(np.concatenate([np.diff(part.start) for part in parts])),
        np.concatenate([part.candidate for part in parts]),
        np.concatenate([part.value for part in parts]),
        None if alone else starts(np.concatenate([part.pair_counts for part in parts])),
    )


def joined(parts: Iterable[Rows]) -> Rows:
    """Return the concatenation of sets of rows without duplicates; the first of equal rows is kept."""
    whole, first = stacked(NO_ROWS, *parts), dict[tuple[bytes, ...], int]()
    for i in range(len(whole)):
        inside = slice(whole.start[i], whole.start[i + 1])
        row = (whole.pairs_of(i), whole.candidate[inside], whole.value[inside])
        first.setdefault(tuple(part.tobytes() for part in row), i)
    kept = np.zeros(len(whole), np.bool_)
    kept[list(first.values())] = True
    return whole.only(kept)


TINY = 1e-4
"""Coefficients below this, in a row of norm 1, are removed and the right side is relaxed accordingly: beside
large coefficients they make bases nearly singular."""


ROUNDING = 1e-12
"""Largest rounding error of a sum, relative to the sum of the absolute values of its terms."""


@dataclass(frozen=True, slots=True)
class SplitRows:
    """c rows `sum of value v >= least` over v, all of x, y and z: lift-and-project cuts.

    Attributes
    ----------
    start
        int64 [c + 1]: row i has the columns `column[start[i]:start[i + 1]]`.
    column
        int64, positions among the concatenation of x [J], y [K] and z [C], rising in each row.
    value
        float64, coefficients other than 0, aligned with `column`.
    least
        float64 [c], right sides.
    """

    start: Integers
    column: Integers
    value: Floats
    least: Floats

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.least)

    def left_side(self, point: Floats) -> Floats:
        """Return float64 [c], the left side of each row at a point, float64 [J + K + C]."""
        return sums(self.value * point[self.column], self.start)

    def only(self, kept: Mask) -> SplitRows:
        """Return the rows selected by a mask, bool [c]."""
        counts = np.diff(self.start)
        inside = np.repeat(kept, counts)
        return SplitRows(starts(counts[kept]), self.column[inside], self.value[inside], self.least[kept])


NO_SPLITS = SplitRows(np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0))


def gathered(parts: Sequence[SplitRows]) -> SplitRows:
    """Return the concatenation of sets of rows."""
    parts = (NO_SPLITS, *parts)
    return SplitRows(
        starts(np.concatenate([np.diff(part.start) for part in parts])),
        np.concatenate([part.column for part in parts]),
        np.concatenate([part.value for part in parts]),
        np.concatenate([part.least for part in parts]),
    )


def packed(alpha: Floats, least: float, *, terms: float) -> SplitRows:
    """Return the row `alpha v >= least` without its small coefficients, with a right side that is safe.

    Parameters
    ----------
    alpha, least
        float64 [J + K + C] with a norm of 1, and the right side.
    terms
        Sum of the absolute values of all terms from which alpha and `least` were computed; it bounds their
        rounding error.

    Notes
    -----
    Each v is between 0 and 1, so a removed coefficient contributes at most its positive part to the left
    side. The right side is lowered by these parts and by the rounding error, so the row stays valid.
    """
    small = np.abs(alpha) < TINY
    kept = np.flatnonzero(~small)
    safe = least - np.maximum(0.0, alpha[small]).sum() - ROUNDING * terms
    return SplitRows(starts([len(kept)]), kept, alpha[kept], np.array([safe]))


def split_row(
    one: tuple[Floats, float], zero: tuple[Floats, float], j: int, point: Floats
) -> tuple[Floats, float, float]:
    r"""Return a lift-and-project cut alpha chi >= beta, chi all x, y and z, much violated at a point.

    Time cuts and partition inequalities do not involve the budget. Example: two corridors of two links, all
    of cost 1; for each corridor a pair that needs both links; and a budget of 3:

            a ----- b ----- c        x = 3/4 each: y = 3/4 each, 3/2 pairs covered; no plan covers more than 1
            d ----- e ----- f        (3 links are one corridor and a half)

    A plan builds ab or it does not. If it does, a budget of 2 is left for the other three links; if not,
    y_ac = 0. Weighted sums of rows give the same row in both cases:

        x_ab = 1:  x_bc + x_de + x_ef <= 2,  y_ac <= x_bc,  y_df <= x_de,  y_df <= x_ef
                   whose sum is  y_ac + 2 y_df <= 2
        x_ab = 0:  y_ac <= 0,  2 y_df <= 2
                   whose sum is  y_ac + 2 y_df <= 2

    The row holds in both cases and cuts off y_ac = y_df = 3/4.

    In general, let G chi >= gamma be rows that hold for every plan, chi_0 one of the variables that are 0 or
    1 in every plan (a candidate is built or not, a pair covered or not), and mu, nu >= 0 multipliers of the
    rows. Then beta = nu gamma, alpha_0 = nu gamma - mu gamma + (mu G)_0, elsewhere alpha = max(mu G, nu G).

    Proof: chi >= 0. A plan with chi_0 = 1 satisfies alpha chi >= mu G chi + nu gamma - mu gamma >= nu gamma;
    one with chi_0 = 0 satisfies alpha chi >= nu G chi >= nu gamma. Any variable may be replaced by its
    complement first.

    These are the lift-and-project cuts of Balas, Ceria and Cornuejols 1993. Any multipliers give a valid row;
    those of a deep cut are duals of a membership program (`methods/cuts/root.py`): the least by which rows of
    length 1 must fall short for the point to be a mean of points with chi_0 = 1 and with chi_0 = 0.

    Parameters
    ----------
    one
        mu G and mu gamma: float64 [J + K + C] and a number, a row that holds for every plan with chi_0 = 1.
    zero
        nu G and nu gamma: a row that holds for every plan with chi_0 = 0.
    j
        Column of chi_0, a candidate or pair.
    point
        float64 [J + K + C], from 0 to 1; decides which variables are complemented.

    Returns
    -------
    tuple
        Coefficients of Euclidean norm 1 (all 0 where the row is trivial), the right side, and the number by
        which both were divided.

    Notes
    -----
    Variables are complemented first where that makes the row more violated at the point, and back at the end.
    """
    a, b = one[0].copy(), zero[0].copy()
    difference = a - b
    difference[j] = 0.0
    complemented = ((difference > 0.0) & (point > point[j])) | ((difference < 0.0) & (point > 1.0 - point[j]))
    a[complemented] *= -1.0
    b[complemented] *= -1.0
    one_least, zero_least = one[1] + a[complemented].sum(), zero[1] + b[complemented].sum()
    alpha = np.maximum(a, b)
    alpha[j] = zero_least - one_least + a[j]
    alpha[complemented] *= -1.0
    least = zero_least + alpha[complemented].sum()
    norm = float(np.linalg.norm(alpha))
    return (alpha / norm, float(least / norm), norm) if norm else (alpha, float(least), 1.0)


def unbuilt_rows(t: Tables, pairs: Integers, x: Floats) -> Rows:
    """Return for each pair `y_k <= sum of x_j` over the candidates that it can use and a plan does not build.

    Parameters
    ----------
    t
        The problem.
    pairs
        int64, positions of pairs that the plan does not cover.
    x
        float64 [J], the plan, each 0 or 1.

    Notes
    -----
    All unbuilt candidates together are a time cut of an uncovered pair: the weakest, but found without
    search.
    """
    usable = [(k, t.use[t.use_start[k] : t.use_start[k + 1]]) for k in pairs.tolist()]
    unbuilt = [(k, candidates[x[candidates] < 0.5]) for k, candidates in usable]
    return rows_of([((k,), candidates, np.ones(len(candidates))) for k, candidates in unbuilt])
