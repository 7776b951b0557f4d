"""Hold, for many links at once, the run of original links that each is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of members, none empty, one after the other in one array.

    Attributes
    ----------
    ptr
        int64 [n + 1]: run i is `member[ptr[i]:ptr[i + 1]]`.
    member
        int64: what the runs are made of, in order.
    flipped
        bool, beside `member`: whether the member is passed from its end to its start.
    """

    ptr: NDArray[np.int64]
    member: NDArray[np.int64]
    flipped: NDArray[np.bool_]

    @classmethod
    def single(cls, member: NDArray[np.int64], flipped: NDArray[np.bool_] | None = None) -> Runs:
        """Return runs of one member each.

        Parameters
        ----------
        member
            The members.
        flipped
            Whether each is passed from its end to its start; None for no.

        Returns
        -------
        Runs
            As many runs as members.
        """
        turned = np.zeros(member.size, dtype=bool) if flipped is None else flipped
        return cls(np.arange(member.size + 1), member, turned)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Return the number of members of each run."""
        return np.diff(self.ptr)

    @property
    def owner(self) -> NDArray[np.int64]:
        """Return for each member the run that it belongs to."""
        return np.repeat(np.arange(self.ptr.size - 1), self.sizes)

    def over(self, inner: Runs) -> Runs:
        """Replace each member, a run of `inner`, by what that run is made of.

        Parameters
        ----------
        inner
            Runs that the members of this one point to.

        Returns
        -------
        Runs
            The same runs, made of the members of `inner`; a flipped member gives its run from the end.
        """
        first, size = inner.ptr[self.member], inner.sizes[self.member]
        ends = np.concatenate(([0], np.cumsum(size)))
        step = np.arange(ends[-1]) - np.repeat(ends[:-1], size)
        turned = np.repeat(self.flipped, size)
        start = np.repeat(np.where(self.flipped, first + size - 1, first), size)
        source = start + np.where(turned, -step, step)
        return Runs(ends[self.ptr], inner.member[source], inner.flipped[source] != turned)

    def sums(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Add up a value of the members over each run.

        Parameters
        ----------
        values
            Value by original member.

        Returns
        -------
        numpy.ndarray of float64
            Sum by run.
        """
        return np.bincount(self.owner, weights=values[self.member], minlength=self.ptr.size - 1)

    def largest_share(self, codes: NDArray[np.int64], weights: NDArray[np.float64]) -> NDArray[np.int64]:
        """Find the code with the largest share of the weight of each run.

        Parameters
        ----------
        codes
            Code >= 0 by original member.
        weights
            Weight by original member.

        Returns
        -------
        numpy.ndarray of int64
            Code by run; of equal shares the lowest.
        """
        if self.member.size == 0:
            return np.zeros(0, dtype=np.int64)
        along, begin = codes[self.member], self.ptr[:-1]
        share_of: NDArray[np.int64] = along[begin]
        mixed = np.flatnonzero(np.minimum.reduceat(along, begin) != np.maximum.reduceat(along, begin))
        if mixed.size == 0:
            return share_of
        picked = Runs.single(mixed).over(self)
        count = int(codes.max()) + 1
        keys, place = np.unique(picked.owner * count + codes[picked.member], return_inverse=True)
        share = np.bincount(place, weights=weights[picked.member])
        order = np.lexsort((keys % count, -share, keys // count))
        first = np.flatnonzero(np.diff(keys[order] // count, prepend=-1))
        share_of[mixed] = keys[order][first] % count
        return share_of
