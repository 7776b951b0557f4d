"""Hold columns: sets of candidates that bring a pair within its limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.engine.search.paths import Integers


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

    def sets(self) -> list[tuple[int, frozenset[int]]]:
        """Return pair and candidates of each column."""
        rows = np.split(self.candidate, self.start[1:-1]) if len(self) else []
        return [(int(k), frozenset(row.tolist())) for k, row in zip(self.pair, rows, strict=True)]


def columns_of(pair: list[int], rows: list[Integers]) -> Columns:
    """Return columns from one array of candidates each.

    Parameters
    ----------
    pair
        Pair of each column.
    rows
        Rising candidates of each column.
    """
    start = np.concatenate(([0], np.cumsum([len(row) for row in rows]))).astype(np.int64)
    flat = np.concatenate([*rows, np.zeros(0, np.int64)]).astype(np.int64)
    return Columns(np.array(pair, np.int64), start, flat)


def joined(parts: list[Columns]) -> Columns:
    """Return several lists of columns as one."""
    none = np.zeros(0, np.int64)
    sizes = [np.diff(part.start) for part in parts]
    start = np.concatenate(([0], np.cumsum(np.concatenate([*sizes, none])))).astype(np.int64)
    pair = np.concatenate([*(part.pair for part in parts), none])
    return Columns(pair, start, np.concatenate([*(part.candidate for part in parts), none]))


class Pool:
    """The columns of a master problem, each once.

    Notes
    -----
    Invariant: what `new` returned over time are the columns of the pool, in that order, without repeats.
    """

    def __init__(self) -> None:
        self._seen: set[tuple[int, bytes]] = set()

    def __len__(self) -> int:
        """Return the number of columns."""
        return len(self._seen)

    def new(self, found: Columns) -> Columns:
        """Return those of the columns found that were not in the pool; they are now."""
        pair: list[int] = []
        rows: list[Integers] = []
        for i, k in enumerate(found.pair.tolist()):
            row = found.candidate[found.start[i] : found.start[i + 1]]
            if (k, row.tobytes()) not in self._seen:
                self._seen.add((k, row.tobytes()))
                pair.append(k)
                rows.append(row)
        return columns_of(pair, rows)
