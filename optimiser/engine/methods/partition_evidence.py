"""State partition inequalities on the original network, where a checker can follow them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import numpy as np

from optimiser.engine.methods.cuts.partitions import PartitionCuts, part_graph
from optimiser.engine.search.paths import UNREACHED, Integers
from optimiser.engine.search.tables import Reach, Tables
from optimiser.problem import DesignProblem


class PartitionRows:
    """Separates partition inequalities of the reduced network, and proves them on the original one.

    Parameters
    ----------
    problem
        The original problem.
    net
        Its open pairs on the reduced network (`presolve.sequence.open_network`).
    pairs
        Positions of the pairs of `net` in the problem.

    Notes
    -----
    A row of the reduced network names parts of its nodes. Nodes that the reduction contracted join the part
    to which arcs lead that some pair of the row can use, and the coefficients are counted anew on the
    original network, as a checker counts them: the number of merges that the arcs of a candidate make.
    """

    def __init__(self, problem: DesignProblem, net: DesignProblem, pairs: Sequence[int]) -> None:
        self._problem, self._pairs = problem, pairs
        position = {name: i for i, name in enumerate(problem.nodes)}
        self._node = np.array([position[name] for name in net.nodes], np.int64)
        arcs = [
            *((*arc, -1) for arc in problem.arcs),
            *((*arc, j) for j, c in enumerate(problem.candidates) if c.fixed != "out" for arc in c.arcs),
        ]
        self._arcs = np.array(arcs, np.int64).reshape(-1, 4)
        self._parts: dict[bytes, Integers] = {}
        self._reach: Reach | None = None

    def family(self, t: Tables) -> Callable[[], PartitionCuts] | None:
        """Prepare the family, as `methods.cuts.partitions.partition_inequalities` does."""
        g = part_graph(t)
        return None if g is None else partial(PartitionCuts, g, self._keep)

    def _keep(self, pairs: Integers, part: Integers) -> None:
        self._parts[pairs.tobytes()] = part.copy()

    def row(self, pairs: Integers) -> tuple[list[int], dict[int, int]] | None:
        """Return the row of some pairs of the reduced network, as it holds on the original one.

        Returns
        -------
        tuple or None
            The part of each node, and the coefficients by position of the candidate. None where existing arcs
            join parts.
        """
        chosen = [self._pairs[k] for k in pairs.tolist()]
        used = self._arcs[self._is_usable(chosen)]
        parts = np.full(len(self._problem.nodes), -1, np.int64)
        parts[self._node] = self._parts[pairs.tobytes()]
        existing, built = used[used[:, 3] < 0], used[used[:, 3] >= 0]
        for arcs in (existing, built, existing):
            _spread(parts, arcs)
        left = np.flatnonzero(parts < 0)
        parts[left] = parts.max(initial=-1) + 1 + np.arange(len(left))
        if (parts[existing[:, 0]] != parts[existing[:, 1]]).any():
            return None
        merges: dict[int, int] = {}
        crossing = built[parts[built[:, 0]] != parts[built[:, 1]]]
        for j in np.unique(crossing[:, 3]).tolist():
            mine = crossing[crossing[:, 3] == j]
            merges[j] = _rank(zip(parts[mine[:, 0]].tolist(), parts[mine[:, 1]].tolist(), strict=True))
        return parts.tolist(), merges

    def _is_usable(self, pairs: Sequence[int]) -> np.ndarray:
        """Return bool [arcs], whether some pair can use an arc within its limit, with everything built."""
        reach = self._reach
        if reach is None:
            reach = self._reach = Reach.of(self._problem)
        tail, head, seconds, _ = self._arcs.T
        usable = np.zeros(len(self._arcs), np.bool_)
        for k in pairs:
            to_tail = reach.from_origin[reach.origin_row[k]][tail]
            from_head = reach.to_destination[reach.destination_row[k]][head]
            near = (to_tail < UNREACHED) & (from_head < UNREACHED)
            usable |= near & (to_tail + seconds + from_head <= reach.limit[k])
        return usable


def _spread(parts: Integers, arcs: Integers) -> None:
    """Give nodes without a part that of a neighbour along the arcs, as long as there is one."""
    while True:
        tail, head = parts[arcs[:, 0]], parts[arcs[:, 1]]
        to_head, to_tail = (tail >= 0) & (head < 0), (head >= 0) & (tail < 0)
        if not (to_head.any() or to_tail.any()):
            return
        parts[arcs[to_head, 1]] = tail[to_head]
        parts[arcs[to_tail, 0]] = np.where(
            parts[arcs[to_tail, 0]] < 0, head[to_tail], parts[arcs[to_tail, 0]]
        )


def _rank(edges: Iterable[tuple[int, int]]) -> int:
    """Return the number of edges of a spanning forest."""
    parent: dict[int, int] = {}

    def root(v: int) -> int:
        while parent.setdefault(v, v) != v:
            v = parent[v]
        return v

    count = 0
    for one, other in edges:
        a, b = root(one), root(other)
        if a != b:
            parent[a] = b
            count += 1
    return count
