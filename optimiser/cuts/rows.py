"""Hold rows that bound how far pairs can be covered by what is built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimiser.paths import Integers

type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows `y_pair <= sum of value * x over candidates`, in compressed rows.

    When every pair must be covered, y_pair is 1.

    Attributes
    ----------
    pair
        int64 [c], positions of pairs.
    start
        int64 [c + 1]: entries of row i are `start[i]:start[i + 1]`.
    candidate
        int64, positions of candidates, each at most once in a row.
    value
        float64, coefficients, >= 0.
    """

    pair: Integers
    start: Integers
    candidate: Integers
    value: Floats

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.pair)

    def sums(self, built: Floats) -> Floats:
        """Return the right hand side of each row at a point.

        Parameters
        ----------
        built
            float64 [J].
        """
        owner = np.repeat(np.arange(len(self)), np.diff(self.start))
        terms = self.value * built[self.candidate]
        return np.bincount(owner, weights=terms, minlength=len(self)).astype(np.float64)

    def chosen(self, which: NDArray[np.bool_]) -> Rows:
        """Return some of the rows.

        Parameters
        ----------
        which
            bool [c].
        """
        counts = np.diff(self.start)
        entries = np.repeat(which, counts)
        return Rows(self.pair[which], starts_of(counts[which]), self.candidate[entries], self.value[entries])


def no_rows() -> Rows:
    """Return no rows."""
    return Rows(np.zeros(0, np.int64), np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0))


def rows_of_sets(pair: Integers, start: Integers, candidate: Integers) -> Rows:
    """Return rows whose coefficients are all 1, from sets of candidates.

    Parameters
    ----------
    pair, start, candidate
        As in `Rows`.
    """
    return Rows(pair, start, candidate, np.ones(len(candidate)))


def stacked(parts: Sequence[Rows]) -> Rows:
    """Return several lists of rows as one, in their order.

    Parameters
    ----------
    parts
        The lists; may be none.
    """
    parts = [no_rows(), *parts]
    counts = np.concatenate([np.diff(part.start) for part in parts])
    return Rows(
        np.concatenate([part.pair for part in parts]),
        starts_of(counts),
        np.concatenate([part.candidate for part in parts]),
        np.concatenate([part.value for part in parts]),
    )


def starts_of(counts: Integers) -> Integers:
    """Return where each of several runs of the given lengths starts, and where the last ends."""
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
