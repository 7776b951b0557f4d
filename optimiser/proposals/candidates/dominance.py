"""Tell whether one candidate does all that another one does."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimiser.proposals.candidates.distances import FAR, between, matrix
from optimiser.proposals.candidates.numbering import Numbered, number
from optimiser.proposals.candidates.situation import Situation
from optimiser.proposals.candidates.table import Candidates


@dataclass(frozen=True, slots=True)
class Rivals:
    """Candidates that may replace one another.

    Attributes
    ----------
    arcs
        Arcs of all candidates by rows.
    old
        Number of nodes of the graph; higher rows are new nodes.
    ends
        int64 [e]: nodes of the graph at which the arcs of the rivals end, rising.
    today
        int64 [e, e]: today's seconds between them.
    """

    arcs: Numbered
    old: int
    ends: NDArray[np.int64]
    today: NDArray[np.int64]

    @classmethod
    def of(cls, situation: Situation, candidates: Candidates, rows: Collection[int]) -> Rivals:
        """Gather what is needed to compare some candidates.

        Parameters
        ----------
        situation
            What there is.
        candidates
            All candidates.
        rows
            Those to compare.
        """
        arcs = number(situation.row, candidates)
        old = len(situation.graph.nodes)
        own = np.isin(arcs.candidate, np.fromiter(rows, dtype=np.int64, count=len(rows)))
        ends = np.unique(np.concatenate([arcs.tail[own], arcs.head[own]]))
        ends = ends[ends < old]
        return cls(arcs, old, ends, between(situation.times, ends, ends))

    def replaces(self, other: int, row: int) -> bool:
        """Tell whether no way gets slower when one candidate is built in place of another.

        Parameters
        ----------
        other, row
            The candidate that might replace, and the one that might be replaced.

        Returns
        -------
        bool
            True when seconds between all ends of the second are no more with the first. Ends are nodes of the
            graph, and new nodes that further candidates share (platforms of new stations).
        """
        own, rival = self.arcs.candidate == row, self.arcs.candidate == other
        nodes = self._nodes(own | rival)
        ends = self._nodes(own)
        ends = ends[(ends < self.old) | np.isin(ends, self._nodes(~own))]
        return bool((self._seconds(rival, nodes, ends) <= self._seconds(own, nodes, ends)).all())

    def _nodes(self, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the nodes of some arcs, rising."""
        return np.unique(np.concatenate([self.arcs.tail[mask], self.arcs.head[mask]]))

    def _seconds(
        self, mask: NDArray[np.bool_], nodes: NDArray[np.int64], ends: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return seconds between ends over today's network and some arcs."""
        known = np.flatnonzero(nodes < self.old)
        at = np.searchsorted(self.ends, nodes[known])
        tails, heads = np.meshgrid(known, known, indexing="ij")
        built = matrix(
            len(nodes),
            np.concatenate([tails.ravel(), np.searchsorted(nodes, self.arcs.tail[mask])]),
            np.concatenate([heads.ravel(), np.searchsorted(nodes, self.arcs.head[mask])]),
            np.concatenate([self.today[np.ix_(at, at)].ravel(), self.arcs.seconds[mask]]),
        )
        places = np.searchsorted(nodes, ends)
        return np.minimum(between(built, places, places), FAR)
