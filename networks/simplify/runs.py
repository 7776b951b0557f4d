"""Hold sequences of original links in flat arrays, one sequence for each contracted link."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Runs:
    """Non-empty sequences of members in one flat array.

    Attributes
    ----------
    ptr
        int64 [n + 1]: run i is `member[ptr[i]:ptr[i + 1]]`.
    member
        int64: members of the runs, in order.
    flipped
        bool, as long as `member`: whether the member is traversed from its end to its start.
    """

    ptr: NDArray[np.int64]
    member: NDArray[np.int64]
    flipped: NDArray[np.bool_]

    @classmethod
    def single(cls, member: NDArray[np.int64], flipped: NDArray[np.bool_] | None = None) -> Runs:
        """Return runs of one member each; by default none is flipped."""
        turned = np.zeros(member.size, dtype=bool) if flipped is None else flipped
        return cls(np.arange(member.size + 1), member, turned)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Number of members of each run."""
        return np.diff(self.ptr)

    @property
    def owner(self) -> NDArray[np.int64]:
        """Run of each member."""
        return np.repeat(np.arange(self.ptr.size - 1), self.sizes)

    def expand(self, inner: Runs) -> Runs:
        """Replace each member by the run of `inner` that it refers to; a flipped member reverses that run."""
        first, size = inner.ptr[self.member], inner.sizes[self.member]
        ends = np.concatenate(([0], np.cumsum(size)))
        step = np.arange(ends[-1]) - np.repeat(ends[:-1], size)
        turned = np.repeat(self.flipped, size)
        start = np.repeat(np.where(self.flipped, first + size - 1, first), size)
        source = start + np.where(turned, -step, step)
        return Runs(ends[self.ptr], inner.member[source], inner.flipped[source] != turned)

    def sums(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum a value of the original members over each run."""
        return np.bincount(self.owner, weights=values[self.member], minlength=self.ptr.size - 1)

    def largest_share(self, codes: NDArray[np.int64], weights: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the code with the largest total weight in each run, the lowest of equals.

        Parameters
        ----------
        codes
            Code of each original member, at least 0.
        weights
            Weight of each original member.
        """
        if self.member.size == 0:
            return np.zeros(0, dtype=np.int64)
        along, begin = codes[self.member], self.ptr[:-1]
        share_of: NDArray[np.int64] = along[begin]
        # Most runs have one code throughout; only the others need their weights summed.
        mixed = np.flatnonzero(np.minimum.reduceat(along, begin) != np.maximum.reduceat(along, begin))
        if mixed.size == 0:
            return share_of
        picked = Runs.single(mixed).expand(self)
        count = int(codes.max()) + 1
        keys, place = np.unique(picked.owner * count + codes[picked.member], return_inverse=True)
        share = np.bincount(place, weights=weights[picked.member])
        order = np.lexsort((keys % count, -share, keys // count))
        first = np.flatnonzero(np.diff(keys[order] // count, prepend=-1))
        share_of[mixed] = keys[order][first] % count
        return share_of
