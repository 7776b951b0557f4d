"""Hold rows that limit how far a pair is covered by what is built."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimiser.paths import Integers

type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows `y_pair <= sum of value x over candidates`, one after the other (`1 <= ...` without a level).

    Attributes
    ----------
    pair
        int64 [c].
    start
        int64 [c + 1]: row i is `candidate[start[i]:start[i + 1]]` with the values there.
    candidate
        int64, positions of candidates, rising in each row.
    value
        float64, > 0, one a candidate.
    """

    pair: Integers
    start: Integers
    candidate: Integers
    value: Floats

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.pair)

    def at(self, built: Floats) -> Floats:
        """Return the right side of each row at a point.

        Parameters
        ----------
        built
            float64 [J].
        """
        terms = np.append(self.value * built[self.candidate], 0.0)
        return np.where(np.diff(self.start) > 0, np.add.reduceat(terms, self.start[:-1]), 0.0)

    def only(self, kept: NDArray[np.bool_]) -> Rows:
        """Return some of the rows.

        Parameters
        ----------
        kept
            bool [c].
        """
        counts = np.diff(self.start)
        inside = np.repeat(kept, counts)
        return Rows(self.pair[kept], starts(counts[kept]), self.candidate[inside], self.value[inside])


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
    return Rows(
        np.concatenate([part.pair for part in parts]),
        starts(np.concatenate([np.diff(part.start) for part in parts])),
        np.concatenate([part.candidate for part in parts]),
        np.concatenate([part.value for part in parts]),
    )


def joined(parts: Iterable[Rows]) -> Rows:
    """Return several lists of rows as one, each row once.

    Parameters
    ----------
    parts
        The lists.
    """
    seen: set[tuple[int, bytes, bytes]] = set()
    kept: list[tuple[int, Integers, Floats]] = []
    for part in parts:
        for i, pair in enumerate(part.pair.tolist()):
            inside = slice(part.start[i], part.start[i + 1])
            row = (pair, part.candidate[inside], part.value[inside])
            key = (pair, row[1].tobytes(), row[2].tobytes())
            if key not in seen:
                seen.add(key)
                kept.append(row)
    if not kept:
        return NO_ROWS
    return Rows(
        np.array([pair for pair, _, _ in kept], np.int64),
        starts(np.array([len(candidates) for _, candidates, _ in kept], np.int64)),
        np.concatenate([candidates for _, candidates, _ in kept]),
        np.concatenate([values for _, _, values in kept]),
    )
