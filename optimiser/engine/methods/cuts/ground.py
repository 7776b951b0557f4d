"""Say which nodes can only be joined by building: where partition inequalities stand on."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import FAR, Integers
from optimiser.engine.search.tables import Tables

SHARES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Shares of the pairs, those with the fewest arcs of today first, that are tried as the pairs looked at.

The first is also the least share of pairs that must have joins to make. Where fewer have, since the others
can use arcs of today, rows are found but hardly move the bound, and slow what is solved after.
"""


class Ground(NamedTuple):
    """Nodes in groups that arcs of today join, and what joins groups once it is built.

    Attributes
    ----------
    size
        Number of groups G.
    pair
        int64 [Q], pairs whose ends lie in two groups, and that can use no arc of today between groups.
    one, other
        int64 [Q], the groups of their ends.
    start, group, owner
        Joints: int64 [L + 1], the groups that joint i joins `group[start[i]:start[i + 1]]` (two or more), and
        int64 [L], the candidate that opens it. A candidate has several where its arcs do not hang together.
    """

    size: int
    pair: Integers
    one: Integers
    other: Integers
    start: Integers
    group: Integers
    owner: Integers


def ground(t: Tables) -> Ground | None:
    """Return the groups on which pairs can be joined; None where there is little to join.

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
    return Ground(
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
