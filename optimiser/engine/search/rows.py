"""Hold rows and columns of master problems as arrays: cuts of every family, and paths of pairs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.search.paths import Integers, Mask
from optimiser.engine.search.tables import Tables

type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows `sum of y over pairs <= sum of value x over candidates`, one after the other.

    Without levels, where every pair must be covered, the left side is the number of pairs.

    Attributes
    ----------
    pair
        int64, positions of pairs, each once in a row.
    start
        int64 [c + 1]: row i is `candidate[start[i]:start[i + 1]]` with the values there.
    candidate
        int64, positions of candidates, rising in each row.
    value
        float64, > 0, one a candidate.
    claim_start
        int64 [c + 1]: the pairs of row i are `pair[claim_start[i]:claim_start[i + 1]]`; None: one pair a row.
    """

    pair: Integers
    start: Integers
    candidate: Integers
    value: Floats
    claim_start: Integers | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.start) - 1

    @property
    def claims(self) -> Integers:
        """Return int64 [c], the number of pairs of each row."""
        return np.ones(len(self), np.int64) if self.claim_start is None else np.diff(self.claim_start)

    def pairs_of(self, i: int) -> Integers:
        """Return the pairs of a row.

        Parameters
        ----------
        i
            Position of the row.
        """
        if self.claim_start is None:
            return self.pair[i : i + 1]
        return self.pair[self.claim_start[i] : self.claim_start[i + 1]]

    def at(self, built: Floats) -> Floats:
        """Return the right side of each row at a point.

        Parameters
        ----------
        built
            float64 [J].
        """
        return sums(self.value * built[self.candidate], self.start)

    def claimed(self, level: Floats) -> Floats:
        """Return the left side of each row at a point.

        Parameters
        ----------
        level
            float64 [K].
        """
        if self.claim_start is None:
            return level[self.pair]
        return sums(level[self.pair], self.claim_start)

    def only(self, kept: NDArray[np.bool_]) -> Rows:
        """Return some of the rows.

        Parameters
        ----------
        kept
            bool [c].
        """
        counts = np.diff(self.start)
        inside = np.repeat(kept, counts)
        claims = self.claims
        return Rows(
            self.pair[np.repeat(kept, claims)],
            starts(counts[kept]),
            self.candidate[inside],
            self.value[inside],
            None if self.claim_start is None else starts(claims[kept]),
        )


def sums(terms: Floats, start: Integers) -> Floats:
    """Return the sum of each stretch of terms; an empty stretch has none.

    Parameters
    ----------
    terms
        float64.
    start
        int64 [c + 1]: where each stretch starts, and where the last ends.

    Returns
    -------
    NDArray
        float64 [c].
    """
    return np.where(np.diff(start) > 0, np.add.reduceat(np.append(terms, 0.0), start[:-1]), 0.0)


NO_ROWS = Rows(np.zeros(0, np.int64), np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0))


def starts(counts: Integers) -> Integers:
    """Return where each row starts, and where the last ends.

    Parameters
    ----------
    counts
        int64 [c], terms of each row.

    Returns
    -------
    NDArray
        int64 [c + 1].
    """
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)


def stacked(*parts: Rows) -> Rows:
    """Return several lists of rows one after the other, as they are.

    Parameters
    ----------
    parts
        The lists, at least one.
    """
    alone = all(part.claim_start is None for part in parts)
    return Rows(
        np.concatenate([part.pair for part in parts]),
        starts(np.concatenate([np.diff(part.start) for part in parts])),
        np.concatenate([part.candidate for part in parts]),
        np.concatenate([part.value for part in parts]),
        None if alone else starts(np.concatenate([part.claims for part in parts])),
    )


def joined(parts: Iterable[Rows]) -> Rows:
    """Return several lists of rows as one, each row once.

    Parameters
    ----------
    parts
        The lists.
    """
    whole = stacked(NO_ROWS, *parts)
    seen: set[tuple[bytes, bytes, bytes]] = set()
    kept = np.zeros(len(whole), np.bool_)
    for i in range(len(whole)):
        inside = slice(whole.start[i], whole.start[i + 1])
        candidates, values = whole.candidate[inside], whole.value[inside]
        key = (whole.pairs_of(i).tobytes(), candidates.tobytes(), values.tobytes())
        kept[i] = key not in seen
        seen.add(key)
    return whole.only(kept)


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


def unbuilt_rows(t: Tables, pairs: Integers, x: Floats) -> Rows:
    """Return `y_k <= sum of x_j` over what pair k can use and a plan has not built, for uncovered pairs.

    Parameters
    ----------
    t
        The problem.
    pairs
        int64, the pairs.
    x
        float64 [J], 0 or 1.

    Notes
    -----
    What is not built is a time cut of each such pair: the weakest one, which needs no search.
    """
    lists = [t.use[t.use_start[k] : t.use_start[k + 1]] for k in pairs.tolist()]
    lists = [mine[x[mine] < 0.5] for mine in lists]
    index = np.concatenate([*lists, np.zeros(0, np.int64)])
    counts = np.array([len(mine) for mine in lists], np.int64)
    return Rows(pairs, starts(counts), index, np.ones(len(index)))


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns, one after the other: building all candidates of one covers its pair.

    Attributes
    ----------
    pair
        int64 [c].
    start
        int64 [c + 1]: candidates of column i are `candidate[start[i]:start[i + 1]]`.
    candidate
        int64, positions of candidates, rising in each column.
    """

    pair: Integers
    start: Integers
    candidate: Integers

    def __len__(self) -> int:
        """Return the number of columns."""
        return len(self.pair)


def columns_of(pair: list[int], rows: list[Integers]) -> Columns:
    """Return columns from the pair and the rising candidates of each."""
    start = np.concatenate(([0], np.cumsum([len(row) for row in rows]))).astype(np.int64)
    flat = np.concatenate([*rows, np.zeros(0, np.int64)]).astype(np.int64)
    return Columns(np.array(pair, np.int64), start, flat)
