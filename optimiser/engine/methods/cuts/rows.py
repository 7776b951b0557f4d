"""Hold rows that limit how far pairs are covered by what is built."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.search.paths import Integers

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
