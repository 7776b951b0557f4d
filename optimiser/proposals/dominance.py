"""Find candidates that another one between the same ends dominates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from optimiser.proposals.base_case import BaseCase
from optimiser.proposals.shortest_times import NO_PATH_S
from optimiser.proposals.table import Candidates, NumberedArcs

type Integers = NDArray[np.int64]


def dominated(
    base: BaseCase, candidates: Candidates, arcs: NumberedArcs, left: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Tell which candidates another one of the same ends dominates.

    That one costs no more, slows no path, and runs no more trains over any section of today's line. In a plan
    it can take the place of the dominated one, whatever limits there are on sections.

    Parameters
    ----------
    base
        The base case.
    candidates
        All candidates; those that are fixed are never dominated.
    arcs
        Their arcs.
    left
        bool, one a candidate: which of them take part.

    Returns
    -------
    numpy.ndarray
        bool, one a candidate.
    """
    table = candidates.table
    groups: dict[tuple[str, ...], list[int]] = {}
    for row, ends in enumerate(zip(table["from_name"], table["to_name"], strict=True)):
        if left[row]:
            groups.setdefault(tuple(sorted(ends)), []).append(row)
    opened = _Opened.of(arcs.take(left[arcs.candidate]), len(candidates))
    cost, free = table["cost"].to_numpy(dtype=np.int64), (table["fixed"] == "").to_numpy()
    found = np.zeros(len(candidates), dtype=bool)
    runs: dict[int, dict[int, int]] = {}
    for candidate, link, trains in candidates.runs[["candidate", "link", "trains"]].to_numpy().tolist():
        own = runs.setdefault(candidate, {})
        own[link] = own.get(link, 0) + trains
    rivals: dict[int, list[int]] = {}
    for rows in groups.values():
        # The dearest comes first, and what is dominated dominates nothing, so that one of equals remains.
        for row in sorted(rows, key=lambda r: (-int(cost[r]), r)):
            others = [r for r in rows if r != row and cost[r] <= cost[row]] if free[row] else []
            rivals[row] = [r for r in others if _runs_no_more(runs.get(r, {}), runs.get(row, {}))]
    compared = {row for row, others in rivals.items() if others}
    if not compared:
        return found
    comparison = _Comparison.of(base, opened, sorted(compared.union(*rivals.values())))
    for row, others in rivals.items():
        if others:
            own_s = comparison.seconds(row, row)
            found[row] = any(
                not found[other] and (comparison.seconds(other, row) <= own_s).all() for other in others
            )
    return found


def _runs_no_more(trains: Mapping[int, int], others: Mapping[int, int]) -> bool:
    """Tell whether one candidate runs no more trains than another over any link."""
    return all(count <= others.get(link, 0) for link, count in trains.items())


@dataclass(frozen=True, slots=True)
class _Opened:
    """The arcs that candidates open, by candidate.

    Attributes
    ----------
    arcs
        In the order of candidates.
    start
        int64: those of candidate j are from `start[j]` to `start[j + 1]`.
    is_shared
        bool, one a node: several candidates have arcs there.
    """

    arcs: NumberedArcs
    start: Integers
    is_shared: NDArray[np.bool_]

    @classmethod
    def of(cls, arcs: NumberedArcs, count: int) -> Self:
        """Sort the arcs of so many candidates."""
        arcs = arcs.take(np.argsort(arcs.candidate, kind="stable"))
        start = np.searchsorted(arcs.candidate, np.arange(count + 1))
        both = np.concatenate([arcs.tail, arcs.head]), np.concatenate([arcs.candidate, arcs.candidate])
        touched = np.unique(np.stack(both), axis=1)[0]
        return cls(arcs, start, np.bincount(touched, minlength=arcs.count) > 1)

    def nodes_of(self, row: int) -> Integers:
        """Return the nodes at which a candidate has arcs, rising."""
        tails, heads, _ = self.of_candidate(row)
        return np.unique(np.concatenate([tails, heads]))

    def of_candidate(self, row: int) -> tuple[Integers, Integers, Integers]:
        """Return tails, heads and seconds of the arcs of a candidate."""
        part = slice(int(self.start[row]), int(self.start[row + 1]))
        return self.arcs.tail[part], self.arcs.head[part], self.arcs.seconds[part]


@dataclass(frozen=True)
class _Comparison:
    """Times that each of some candidates gives.

    Attributes
    ----------
    opened
        Arcs of all candidates.
    old
        int64 [n], rising: the nodes of the time graph at which the compared candidates have arcs.
    today_s
        int64 [n, n]: today's seconds between them.
    """

    opened: _Opened
    old: Integers
    today_s: Integers

    @classmethod
    def of(cls, base: BaseCase, opened: _Opened, rows: list[int]) -> Self:
        """Gather the nodes of some candidates and today's times between them."""
        nodes = np.unique(np.concatenate([opened.nodes_of(row) for row in rows]))
        old = nodes[nodes < opened.arcs.old]
        # Evidence and the design problem need the times of all these nodes, which cost least all at once.
        ends = np.concatenate([opened.arcs.ends, base.graph.origin, base.graph.destination])
        base.today_s(np.unique(ends[ends < opened.arcs.old]))
        return cls(opened, old, base.today_s(old))

    def seconds(self, built: int, row: int) -> Integers:
        """Return the seconds between the ends of one candidate when another one, or itself, is built alone.

        Ends are nodes of the time graph, and new nodes at which further candidates have arcs (such as
        platforms of new stations).
        """
        own = self.opened.nodes_of(row)
        ends = own[(own < self.opened.arcs.old) | self.opened.is_shared[own]]
        nodes = np.union1d(self.opened.nodes_of(built), ends)
        known = np.flatnonzero(nodes < self.opened.arcs.old)
        at = np.searchsorted(self.old, nodes[known])
        times = np.full((len(nodes), len(nodes)), np.inf)
        times[np.ix_(known, known)] = self.today_s[np.ix_(at, at)]
        tails, heads, seconds = self.opened.of_candidate(built)
        np.minimum.at(times, (np.searchsorted(nodes, tails), np.searchsorted(nodes, heads)), seconds)
        places = np.searchsorted(nodes, ends)
        return np.minimum(dijkstra(times, indices=places)[:, places], NO_PATH_S).astype(np.int64)
