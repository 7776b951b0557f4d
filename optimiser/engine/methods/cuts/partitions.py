"""Find violated partition inequalities: pairs that join parts of the nodes need links that join them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import FAR, Integers
from optimiser.engine.search.rows import NO_ROWS, Floats, Rows, starts
from optimiser.engine.search.tables import Tables

SHARES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Shares of the pairs, those that can use the fewest existing arcs first, for which part graphs are tried.

The first is also the least share of pairs whose ends must lie in different parts. Where fewer do, since the
others can use existing arcs, rows are found but hardly move the bound and slow down the solves after.
"""


class PartGraph(NamedTuple):
    """Parts of the nodes that existing arcs join, and the links between parts that candidates open.

    Attributes
    ----------
    size
        Number of parts G.
    pair
        int64 [Q], pairs with ends in different parts that can use no existing arc between parts.
    one, other
        int64 [Q], the parts of their ends.
    start, group, owner
        Links i: the parts that it joins, `group[start[i]:start[i + 1]]` (two or more), and int64 [L], the
        candidate that opens it. A candidate has several where its arcs are not connected.
    """

    size: int
    pair: Integers
    one: Integers
    other: Integers
    start: Integers
    group: Integers
    owner: Integers


def part_graph(t: Tables) -> PartGraph | None:
    """Return the part graph of a problem; None where existing arcs join most of it.

    Parameters
    ----------
    t
        A reduced problem.

    Notes
    -----
    An arc counts for a pair when it lies on a walk within the limit with everything built; no covered pair
    uses another one. The more pairs are looked at, the more arcs of today count, and the fewer groups are
    left: of a few choices the one is taken that leaves most to join.
    """
    arcs = _arcs(t)
    today = np.flatnonzero(arcs.owner == t.size)
    counts = _counts(t, arcs, today)
    order, least = np.argsort(counts, kind="stable"), SHARES[0] * len(counts)
    best: tuple[int, int, Integers, Integers] | None = None
    for end in sorted({int(np.count_nonzero(counts == 0)), *(math.ceil(s * len(order)) for s in SHARES)}):
        chosen = np.sort(order[:end])
        group = _groups(t, arcs, chosen, today)
        chosen = chosen[group[t.origin[chosen]] != group[t.destination[chosen]]]
        score = (_rank(group[t.origin[chosen]], group[t.destination[chosen]]), len(chosen))
        if score[1] >= least and (best is None or score > best[:2]):
            best = (*score, chosen, group)
    if best is None or best[0] < 2:
        return None
    _, _, chosen, group = best
    joints = _joints(t, arcs, chosen, group)
    return PartGraph(
        size=int(group.max()) + 1,
        pair=chosen,
        one=group[t.origin[chosen]],
        other=group[t.destination[chosen]],
        start=np.cumsum([0, *(len(groups) for _, groups in joints)]).astype(np.int64),
        group=np.array([g for _, groups in joints for g in groups], np.int64),
        owner=np.array([owner for owner, _ in joints], np.int64),
    )


class _Arcs(NamedTuple):
    """All arcs, int64 each: ends, seconds, and who opens them (the number of candidates: open today)."""

    tail: Integers
    head: Integers
    seconds: Integers
    owner: Integers


def _arcs(t: Tables) -> _Arcs:
    net = t.net
    tail = np.repeat(np.arange(len(net.start) - 1), np.diff(net.start)).astype(np.int64)
    return _Arcs(tail, net.head, net.seconds, net.owner)


@compiled
def _counts(t: Tables, arcs: _Arcs, among: Integers) -> Integers:
    """Return int64 [K], how many of some arcs lie on a walk of each pair within its limit."""
    counts = np.zeros(t.limit.size, np.int64)
    tail, head, seconds = arcs.tail[among], arcs.head[among], arcs.seconds[among]
    for k in range(t.limit.size):
        away, back = t.away[t.origin_row[k]], t.back[t.destination_row[k]]
        limit, count = t.limit[k], 0
        for a in range(among.size):
            out, home = away[tail[a]], back[head[a]]
            if out < FAR and home < FAR and out + seconds[a] + home <= limit:
                count += 1
        counts[k] = count
    return counts


@compiled
def _used(t: Tables, arcs: _Arcs, chosen: Integers, among: Integers) -> Integers:
    """Return the arcs that lie on a walk of any of some pairs within its limit."""
    kept = np.zeros(among.size, np.bool_)
    tail, head, seconds = arcs.tail[among], arcs.head[among], arcs.seconds[among]
    for k in chosen:
        away, back, limit = t.away[t.origin_row[k]], t.back[t.destination_row[k]], t.limit[k]
        for a in range(among.size):
            out, home = away[tail[a]], back[head[a]]
            if out < FAR and home < FAR and out + seconds[a] + home <= limit:
                kept[a] = True
    return among[kept]


def _groups(t: Tables, arcs: _Arcs, chosen: Integers, today: Integers) -> Integers:
    """Return the group of each node when the arcs of today that the pairs can use are contracted."""
    used = _used(t, arcs, chosen, today)
    return _components(len(t.net.start) - 1, arcs.tail[used], arcs.head[used])


def _rank(one: Integers, other: Integers) -> int:
    """Return how many of some edges make a forest, at most."""
    nodes = np.unique(np.concatenate([one, other]))
    if not len(nodes):
        return 0
    label = _components(len(nodes), np.searchsorted(nodes, one), np.searchsorted(nodes, other))
    return len(nodes) - int(label.max()) - 1


def _joints(t: Tables, arcs: _Arcs, chosen: Integers, group: Integers) -> list[tuple[int, list[int]]]:
    """Return for each candidate the sets of groups that it joins, by arcs that the pairs can use."""
    used = _used(t, arcs, chosen, np.flatnonzero(arcs.owner < t.size))
    one, other, owner = group[arcs.tail[used]], group[arcs.head[used]], arcs.owner[used]
    found = []
    for j in np.unique(owner[one != other]).tolist():
        mine = (owner == j) & (one != other)
        nodes = np.unique(np.concatenate([one[mine], other[mine]]))
        label = _components(
            len(nodes), np.searchsorted(nodes, one[mine]), np.searchsorted(nodes, other[mine])
        )
        found += [(j, nodes[label == part].tolist()) for part in range(int(label.max()) + 1)]
    return found


def _components(size: int, one: Integers, other: Integers) -> Integers:
    """Return int64 [size], the component of each node under some edges."""
    edges = coo_array((np.ones(len(one), np.int8), (one, other)), shape=(size, size))
    return connected_components(edges, directed=False)[1].astype(np.int64)


SEED = 1
"""Of the random numbers that make one search differ from the next."""


WORK = 250_000_000
"""Searches of a round times the third power of the groups, at most: about half a second."""


FRUITLESS = 3
"""Searches in a row without a new row after which there is no further one."""


PREFERENCE = 1e-6
"""What a link counts for on top of how far it is built: groups that only unbuilt links join are merged."""


class PartitionCuts:
    """Finds violated partition inequalities of a problem.

    Parameters
    ----------
    g
        What there is to join (`ground`); None: nothing.

    Notes
    -----
    The rows are those of `models.cuts_master.add_partition_inequalities`, which has the proof: pairs F
    that are a forest over parts of the nodes, and m_j, the joins that candidate j adds between parts, give
    `sum_{k in F} y_k <= sum_j m_j x_j`. Parts are found by merging those first whose links are x further
    than what the forest loses, a heuristic: that no row is found does not say that there is none. Invariant:
    every row returned holds for every plan, whatever the point.
    """

    def __init__(self, g: PartGraph | None) -> None:
        self._graph = g
        self._random = np.random.default_rng(SEED)

    def violated(self, x: Floats, y: Floats, *, margin: float, most: int) -> Rows:
        """Return distinct rows that a point violates.

        Parameters
        ----------
            x, y
                float64 [J] and [K], the point to cut off.
            margin
                Least violation.
            most
        Most rows; fewer on large part graphs, and none where a single search takes too long.
        """
        if self._graph is None:
            return NO_ROWS
        g = self._graph
        most = min(most, WORK // g.size**3)
        capacity, y = x[g.owner] + PREFERENCE, np.minimum(y[g.pair], 1.0)
        used = np.zeros(len(y))
        found: dict[tuple[bytes, bytes], tuple[Integers, Floats]] = {}
        misses = 0
        for search in range(most):
            forest, part = _forest(g, capacity, self._varied(y, used, search))
            used[forest] += 1.0
            joins = np.bincount(g.owner, weights=_crossing(g, part), minlength=len(x))
            gained = y[forest].sum() - (joins * x).sum()
            key = (np.sort(forest).tobytes(), joins.tobytes())
            if gained > margin and key not in found:
                found[key] = (g.pair[np.sort(forest)], joins)
                misses = 0
                continue
            misses += 1
            if misses == FRUITLESS:
                break
        return _rows(list(found.values()))

    def _varied(self, y: Floats, used: Floats, search: int) -> Floats:
        """Return y as it is at first; then without random pairs, and less for pairs that were used before."""
        if search == 0:
            return y
        kept = self._random.random(len(y)) < (0.9 if search % 2 else 0.5)
        less = 0.02 * used * self._random.random(len(y))
        return np.where(kept, np.maximum(y - less, 0.0), 0.0)


def _rows(found: list[tuple[Integers, Floats]]) -> Rows:
    """Return rows of pairs and of the joins that each candidate adds."""
    if not found:
        return NO_ROWS
    candidates = [np.flatnonzero(joins) for _, joins in found]
    return Rows(
        np.concatenate([pairs for pairs, _ in found]),
        starts(np.array([len(mine) for mine in candidates], np.int64)),
        np.concatenate(candidates).astype(np.int64),
        np.concatenate([joins[mine] for mine, (_, joins) in zip(candidates, found, strict=True)]),
        starts(np.array([len(pairs) for pairs, _ in found], np.int64)),
    )


def _crossing(g: PartGraph, part: Integers) -> Integers:
    """Return int64 [L], how many joins each joint adds between parts: the parts that it touches, less one."""
    parts = part[g.group]
    joint = np.repeat(np.arange(len(g.owner)), np.diff(g.start))
    touched = np.unique(joint * (g.size + 1) + parts)
    counts = np.bincount(touched // (g.size + 1), minlength=len(g.owner))
    return (counts - 1).astype(np.int64)


@compiled
def _forest(g: PartGraph, room: Floats, y: Floats) -> tuple[Integers, Integers]:
    """Merge parts as long as that gains, and return the pairs of the forest and the part of each group.

    Starts from groups alone. Merging two parts saves the room of what joins them, and loses the least claim
    on their path in the forest of largest claims (the new cycle's cheapest edge); the merge that gains most
    goes first. Invariant: `claim[u, v]` is the largest y of a pair between parts u and v, `pair_of` it.
    """
    size = g.size
    part = np.arange(size)
    claim, pair_of = _claims(g, y)
    joined, least = np.zeros((size, size)), np.zeros((size, size))
    order, parent = np.empty(size, np.int64), np.empty(size, np.int64)
    count = size
    while True:
        _measure(g, room, part, joined, count)
        gain, u, v = _spanned(claim, joined, least, order, parent, count)
        if gain <= 0.0:
            break
        _merge(claim, pair_of, part, min(u, v), max(u, v), count)
        count -= 1
    forest = np.empty(size, np.int64)
    edges = 0
    for i in range(count):
        if parent[order[i]] >= 0:
            forest[edges] = pair_of[order[i], parent[order[i]]]
            edges += 1
    return forest[:edges].copy(), part


@compiled
def _claims(g: PartGraph, y: Floats) -> tuple[Floats, Integers]:
    """Return the largest y of a pair between two groups, and the pair that has it (-1: none)."""
    claim = np.zeros((g.size, g.size))
    pair_of = np.full((g.size, g.size), -1)
    for q in range(y.size):
        u, v = g.one[q], g.other[q]
        if y[q] > claim[u, v]:
            claim[u, v] = claim[v, u] = y[q]
            pair_of[u, v] = pair_of[v, u] = q
    return claim, pair_of


@compiled
def _merge(claim: Floats, pair_of: Integers, part: Integers, u: int, v: int, count: int) -> None:
    """Take part v into u (u < v), and let the last part have the number v."""
    last = count - 1
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


@compiled
def _measure(g: PartGraph, room: Floats, part: Integers, joined: Floats, count: int) -> None:
    """Write down how far two parts are joined: what the right side loses when they are merged."""
    joined[:count, :count] = 0.0
    start, group = g.start, g.group
    touched = np.empty(group.size, np.int64)
    for i in range(room.size):
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
                joined[touched[a], touched[b]] += room[i]
                joined[touched[b], touched[a]] += room[i]


@compiled
def _spanned(
    claim: Floats, joined: Floats, least: Floats, order: Integers, parent: Integers, count: int
) -> tuple[float, int, int]:
    """Grow the forest of largest claims (Prim), and return the merge that gains most.

    `least[s, v]` is the smallest claim on the path of the forest from s to v, 0 when there is none.
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
            if joined[s, v] > 0.0 and joined[s, v] - path > top:
                top, one, other = joined[s, v] - path, s, v
        done[v] = True
        order[i] = v
        for w in range(count):
            if not done[w] and claim[v, w] > best[w]:
                best[w] = claim[v, w]
                parent[w] = v
    return top, one, other
