"""Separate partition inequalities: pairs that connect parts of the network need links between these parts."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from optimiser.engine.search.compiled import compiled, compiled_inner
from optimiser.engine.search.paths import Integers, starts
from optimiser.engine.search.rows import NO_ROWS, Floats, Rows, rows_of
from optimiser.engine.search.tables import Reach, Tables, arcs_of, components

SHARES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Shares of the pairs for which a part graph is tried, pairs that can use few existing arcs first.

The first share is also the least share of all pairs that must keep their ends in different parts. With fewer
of them, rows are still found, but they hardly move the bound and slow down every later solve.
"""


class PartGraph(NamedTuple):
    """The graph that is left when the existing arcs are contracted, with the links that candidates open.

    Attributes
    ----------
    size
        Number of parts G.
    pair
        int64 [Q], pairs with ends in different parts that can use no existing arc between parts.
    one, other
        int64 [Q], parts in which these pairs start and end.
    start, group, owner
        Link i joins the parts `group[start[i]:start[i + 1]]` (two or more) and is opened by candidate
        `owner[i]`; int64 [L + 1], [sum of sizes] and [L]. A candidate whose arcs are not connected opens
        several links.
    part
        int64 [n], the part of each node.
    """

    size: int
    pair: Integers
    one: Integers
    other: Integers
    start: Integers
    group: Integers
    owner: Integers
    part: Integers


def part_graph(t: Tables) -> PartGraph | None:
    """Return the part graph of a problem, or None where existing arcs connect most of it.

    Parameters
    ----------
    t
        A reduced problem.

    Notes
    -----
    An arc is relevant to a pair when it lies on a walk within the limit with everything built: a covered
    pair uses no other arcs. Each further pair makes more existing arcs relevant, and so leaves fewer parts.
    Of the sets of pairs given by `SHARES`, the one is taken whose pairs have the forest with most edges.
    """
    arcs, reach = arcs_of(t.net), Reach.in_tables(t)
    existing = arcs[arcs[:, 3] == t.size]
    counts = np.array([len(some) for some in reach.usable_by(existing)], np.int64)
    order, least = np.argsort(counts, kind="stable"), SHARES[0] * len(counts)
    best: tuple[int, int, Integers, Integers] | None = None
    is_used, done = np.zeros(len(existing), np.bool_), 0
    for end in sorted({int(np.count_nonzero(counts == 0)), *(math.ceil(s * len(order)) for s in SHARES)}):
        # The sets grow, and with them the arcs that some pair can use.
        is_used |= reach.only(order[done:end]).used(existing)
        done, used = end, existing[is_used]
        group = components(len(t.net.start) - 1, used[:, 0], used[:, 1])
        chosen = np.sort(order[:end])
        chosen = chosen[group[t.origin[chosen]] != group[t.destination[chosen]]]
        score = (forest_size(group[t.origin[chosen]], group[t.destination[chosen]]), len(chosen))
        if score[1] >= least and (best is None or score > best[:2]):
            best = (*score, chosen, group)
    if best is None or best[0] < 2:
        return None
    _, _, chosen, group = best
    built = arcs[arcs[:, 3] < t.size]
    links = _links(built[reach.only(chosen).used(built)], group)
    return PartGraph(
        size=int(group.max()) + 1,
        pair=chosen,
        one=group[t.origin[chosen]],
        other=group[t.destination[chosen]],
        start=starts([len(groups) for _, groups in links]),
        group=np.array([g for _, groups in links for g in groups], np.int64),
        owner=np.array([owner for owner, _ in links], np.int64),
        part=group,
    )


def forest_size(one: Integers, other: Integers) -> int:
    """Return the number of edges of a spanning forest of the given edges."""
    nodes = np.unique(np.concatenate([one, other]))
    if not len(nodes):
        return 0
    label = components(len(nodes), np.searchsorted(nodes, one), np.searchsorted(nodes, other))
    return len(nodes) - int(label.max()) - 1


def _links(arcs: Integers, group: Integers) -> list[tuple[int, list[int]]]:
    """Return the links that arcs of candidates open: a candidate, and the sorted parts that they connect."""
    one, other, owner = group[arcs[:, 0]], group[arcs[:, 1]], arcs[:, 3]
    found = []
    for j in np.unique(owner[one != other]).tolist():
        inside = (owner == j) & (one != other)
        nodes = np.unique(np.concatenate([one[inside], other[inside]]))
        ends = (np.searchsorted(nodes, side[inside]) for side in (one, other))
        label = components(len(nodes), *ends)
        found += [(j, nodes[label == part].tolist()) for part in range(int(label.max()) + 1)]
    return found


SEED = 1
"""Seed of the random numbers that vary the searches of a round."""


WORK_PER_ROUND = 250_000_000
"""Limit on searches of a round times the cube of the number of parts: about half a second."""


MOST_MISSES = 3
"""Searches in a row without a new row after which a round ends."""


LINK_PREFERENCE = 1e-6
"""Capacity added to every link, so that merging parts between which all links are unbuilt still gains."""


MARGIN = 1e-2
"""Least violation of a partition inequality: they are dense, and slightly violated ones move the bound
little."""


def partition_inequalities(t: Tables) -> Callable[[], PartitionCuts] | None:
    """Prepare the family (`relaxation.CutFamily`): one part graph, a separator of its own for each worker."""
    g = part_graph(t)
    return None if g is None else partial(PartitionCuts, g)


class PartitionCuts:
    """Separates partition inequalities of a problem.

    Parameters
    ----------
    g
        The part graph (`part_graph`); with None, no inequality is ever found.
    found
        Called with the pairs of each inequality that is returned, int64, and the part of each node, int64
        [n].

    Notes
    -----
    `models.cuts_master.add_partition_inequalities` proves the rows: if the pairs F form a forest over the
    parts, and m_j is the number of merges of parts that candidate j makes, then
    `sum_{k in F} y_k <= sum_j m_j x_j`. The partition is found by a merging heuristic (`_forest`), so a round
    without rows does not prove that the point satisfies all inequalities. Invariant: every row returned holds
    for every plan, whatever the point.
    """

    def __init__(
        self, g: PartGraph | None, found: Callable[[Integers, Integers], None] = lambda _pairs, _part: None
    ) -> None:
        self.graph, self._found = g, found
        self._random = np.random.default_rng(SEED)

    def violated(self, x: Floats, y: Floats, *, most: int, margin: float = MARGIN) -> Rows:
        """Return distinct partition inequalities that a point violates.

        Parameters
        ----------
        x, y
            float64 [J] and [K], the point to cut off.
        most
            Most searches, hence rows; fewer on large part graphs, and none where one search would take too
            long (`WORK_PER_ROUND`).
        margin
            Least violation `sum y - sum m x`.
        """
        if self.graph is None:
            return NO_ROWS
        g = self.graph
        most = min(most, WORK_PER_ROUND // g.size**3)
        capacity, y = x[g.owner] + LINK_PREFERENCE, np.minimum(y[g.pair], 1.0)
        used = np.zeros(len(y))
        found: dict[tuple[bytes, bytes], tuple[Integers, Integers, Floats]] = {}
        misses = 0
        for search in range(most):
            forest, part = _forest(g, capacity, self.varied(y, used, search))
            used[forest] += 1.0
            joins = np.bincount(g.owner, weights=_crossing(g, part), minlength=len(x))
            violation = y[forest].sum() - (joins * x).sum()
            key = (np.sort(forest).tobytes(), joins.tobytes())
            if violation > margin and key not in found:
                candidates = np.flatnonzero(joins)
                found[key] = (g.pair[np.sort(forest)], candidates, joins[candidates])
                self._found(g.pair[np.sort(forest)], part[g.part])
                misses = 0
                continue
            misses += 1
            if misses == MOST_MISSES:
                break
        return rows_of(list(found.values()))

    def varied(self, y: Floats, used: Floats, search: int) -> Floats:
        """Return y for a search: unchanged at first, then with random pairs at 0 and used pairs lowered.

        Each search is greedy, so other values lead it to other forests. The violation is measured with the
        true y.
        """
        if search == 0:
            return y
        kept = self._random.random(len(y)) < (0.9 if search % 2 else 0.5)
        less = 0.02 * used * self._random.random(len(y))
        return np.where(kept, np.maximum(y - less, 0.0), 0.0)


def _crossing(g: PartGraph, part: Integers) -> Integers:
    """Return int64 [L], for each link the number of merged parts that it touches, less one."""
    parts = part[g.group]
    touched = np.unique(np.repeat(np.arange(len(g.owner)), np.diff(g.start)) * (g.size + 1) + parts)
    return (np.bincount(touched // (g.size + 1), minlength=len(g.owner)) - 1).astype(np.int64)


@compiled
def _forest(g: PartGraph, capacity: Floats, y: Floats) -> tuple[Integers, Integers]:
    """Merge parts while that increases the violation; return the pairs of the forest, and the merged parts.

    For a given partition, the left side is largest for the spanning forest of largest y. Merging two parts
    lowers the right side by the capacity of the links between them, and the left side by the smallest y on
    their path in that forest: the edge that leaves the cycle which the merge closes. The merge with the
    largest gain goes first. Invariant: `claim[u, v]` is the largest y of a pair between the parts u and v,
    and `pair_of[u, v]` is that pair.
    """
    size = g.size
    part = np.arange(size)
    claim, pair_of = _strongest_claims(g, y)
    linked, least = np.zeros((size, size)), np.zeros((size, size))
    order, parent = np.empty(size, np.int64), np.empty(size, np.int64)
    count = size
    while True:
        _measure_links(g, capacity, part, linked, count)
        gain, u, v = _best_merge(claim, linked, least, order, parent, count)
        if gain <= 0.0:
            break
        _merge(claim, pair_of, part, min(u, v), max(u, v), count)
        count -= 1
    # No merge gains any more: the edges of the last forest, each named by the pair of its claim.
    forest = np.empty(size, np.int64)
    edges = 0
    for i in range(count):
        if parent[order[i]] >= 0:
            forest[edges] = pair_of[order[i], parent[order[i]]]
            edges += 1
    return forest[:edges].copy(), part


@compiled_inner
def _strongest_claims(g: PartGraph, y: Floats) -> tuple[Floats, Integers]:
    """Return the largest y of a pair between each two parts, and the pair that attains it (-1: none)."""
    claim = np.zeros((g.size, g.size))
    pair_of = np.full((g.size, g.size), -1)
    for q in range(y.size):
        u, v = g.one[q], g.other[q]
        if y[q] > claim[u, v]:
            claim[u, v] = claim[v, u] = y[q]
            pair_of[u, v] = pair_of[v, u] = q
    return claim, pair_of


@compiled_inner
def _merge(claim: Floats, pair_of: Integers, part: Integers, u: int, v: int, count: int) -> None:
    """Merge part v into u (u < v), and renumber the last part as v, so that numbers stay consecutive."""
    last = count - 1
    # A part w claims of the merged part the larger of what it claims of u and of v.
    for w in range(count):
        if w not in (u, v) and claim[v, w] > claim[u, w]:
            claim[u, w] = claim[w, u] = claim[v, w]
            pair_of[u, w] = pair_of[w, u] = pair_of[v, w]
    for w in range(count):
        claim[v, w] = claim[w, v] = claim[last, w]
        pair_of[v, w] = pair_of[w, v] = pair_of[last, w]
    claim[v, v] = 0.0
    for i in range(part.size):
        if part[i] == v:
            part[i] = u
        elif part[i] == last:
            part[i] = v


@compiled_inner
def _measure_links(g: PartGraph, capacity: Floats, part: Integers, linked: Floats, count: int) -> None:
    """Compute `linked[u, v]`, the capacity by which merging u and v lowers the right side.

    A link contributes its capacity once for each two parts that it touches: merging these two lowers its
    coefficient by one.
    """
    linked[:count, :count] = 0.0
    start, group = g.start, g.group
    touched = np.empty(group.size, np.int64)
    for i in range(capacity.size):
        # The first `size` entries of `touched` are the merged parts at the ends of link i, each once.
        size = 0
        for a in range(start[i], start[i + 1]):
            u = part[group[a]]
            for v in touched[:size]:
                if v == u:
                    break
            else:
                touched[size] = u
                size += 1
        for a in range(size):
            for b in range(a + 1, size):
                linked[touched[a], touched[b]] += capacity[i]
                linked[touched[b], touched[a]] += capacity[i]


@compiled_inner
def _best_merge(
    claim: Floats, linked: Floats, least: Floats, order: Integers, parent: Integers, count: int
) -> tuple[float, int, int]:
    """Grow the forest of largest claims (Prim's algorithm); return the gain and the parts of the best merge.

    Invariant: for all parts s and v in the forest, `least[s, v]` is the smallest claim on the path between
    them, and 0 where there is none. A new part v hangs on `parent[v]`, so its path to s is the path from the
    parent and one more edge of claim `best[v]`.
    """
    best = np.zeros(count)
    done = np.zeros(count, np.bool_)
    for i in range(count):
        parent[i] = -1
    top, one, other = 0.0, -1, -1
    for i in range(count):
        v = -1
        for w in range(count):
            if not done[w] and (v < 0 or best[w] > best[v]):
                v = w
        for at in range(i):
            s = order[at]
            path = 0.0
            if parent[v] >= 0:
                path = best[v] if s == parent[v] else min(least[s, parent[v]], best[v])
            least[s, v] = least[v, s] = path
            if linked[s, v] > 0.0 and linked[s, v] - path > top:
                top, one, other = linked[s, v] - path, s, v
        done[v] = True
        order[i] = v
        for w in range(count):
            if not done[w] and claim[v, w] > best[w]:
                best[w] = claim[v, w]
                parent[w] = v
    return top, one, other
