"""Find the path of least price within a pair's time limit, compiled.

A path pays `alpha[j]` once for each candidate j that it uses, however many arcs of it it takes: its price is
that of its *set* of candidates. The search is label setting with time as the resource (Irnich and
Desaulniers, "Shortest path problems with resource constraints", 2005, section 4), ordered as A* by a lower
bound of the whole price.

* A candidate whose arcs all join the same two nodes is used once by a simple path, so its price adds up arc
  by arc. Other candidates are *lines*; a label remembers which lines it has paid for.
* Label A dominates label B at a node when it is no later and `price(A)` plus the price of the lines that B
  has paid for and A has not is no more than `price(B)`: what B can do from there, A can do no dearer.
* What is still to pay is bounded by a search from the destination that ignores time and spreads the price of
  a line over as many arcs as a simple path can take of it.

The path returned is of least price among all walks within the limit, up to rounding of the sums. Proof: of
all walks of least price take one of least time. It is simple, since leaving out a circuit saves time and adds
nothing to the set. Replacing a beginning of it by a label that dominates that beginning gives a walk no
dearer and no later, thus again one of least price and time, and simple; so the bounds, which hold for simple
paths, never cut it off.
"""

from __future__ import annotations

import numpy as np

from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.label_store import Floats, Labels, Scratch, larger, new_scratch, pop, push
from optimiser.engine.search.paths import Integers, Whole
from optimiser.engine.search.tables import Tables

__all__ = ["Scratch", "cheapest_path", "good_paths", "look_ahead", "new_scratch"]


@compiled
def look_ahead(t: Tables, k: Whole, alpha: Floats, most: float, scratch: Scratch) -> bool:
    """Bound what is still to pay from each node; say whether the origin can be below `most`.

    Dijkstra from the destination over arcs that the pair can use within its limit, time left out.
    """
    away, back = t.away[t.origin_row[k]], t.back[t.destination_row[k]]
    limit, now, heap = t.limit[k], scratch.turn[0], scratch.labels
    scratch.seen[t.destination[k]], scratch.ahead[t.destination[k]] = now, 0.0
    size = push(heap, 0, 0.0, 0, t.destination[k])
    while size:
        size = pop(heap, size)
        price, node = heap.key[size], heap.entry[size]
        if price > scratch.ahead[node]:
            continue
        for arc in range(t.back_net.start[node], t.back_net.start[node + 1]):
            tail, j = t.back_net.head[arc], t.back_net.owner[arc]
            if away[tail] > limit or away[tail] + t.back_net.seconds[arc] + back[node] > limit:
                continue
            dearer = price if j == alpha.size else price + alpha[j] * scratch.share[j]
            if dearer < most and (scratch.seen[tail] != now or dearer < scratch.ahead[tail]):
                scratch.seen[tail], scratch.ahead[tail] = now, dearer
                size = push(heap, size, dearer, 0, tail)
    return bool(scratch.seen[t.origin[k]] == now)


@compiled
def _dominated(scratch: Scratch, labels: Labels, alpha: Floats, end: Whole, new: Whole) -> bool:
    """Say whether a label settled at the same node makes a new one needless; lines count before the end."""
    node = labels.node[new]
    if scratch.visited[node] != scratch.turn[0] or labels.time[new] < scratch.earliest[node]:
        return False
    old = scratch.last[node]
    while old >= 0:
        if labels.time[old] <= labels.time[new] and labels.price[old] <= labels.price[new]:
            missing = labels.price[old]
            for word in range(0 if node == end else labels.paid.shape[1]):
                bits = labels.paid[new, word] & ~labels.paid[old, word]
                line = 63 * word
                while bits:
                    if bits & 1:
                        missing += alpha[scratch.lines[line]]
                    bits >>= 1
                    line += 1
            if missing <= labels.price[new]:
                return True
        old = labels.below[old]
    return False


@compiled
def _settle(scratch: Scratch, labels: Labels, new: Whole) -> None:
    """Enter a label into those of its node."""
    node, time = labels.node[new], labels.time[new]
    if scratch.visited[node] != scratch.turn[0]:
        scratch.visited[node] = scratch.turn[0]
        labels.below[new], scratch.earliest[node] = -1, time
    else:
        labels.below[new] = scratch.last[node]
        scratch.earliest[node] = min(time, scratch.earliest[node])
    scratch.last[node] = new


@compiled
def _extend(
    t: Tables, k: Whole, alpha: Floats, scratch: Scratch, labels: Labels, old: Whole, arc: Whole, new: Whole
) -> float:
    """Write the label that an arc makes of an old one; return its bound of price, infinite when too late."""
    to, j = t.net.head[arc], t.net.owner[arc]
    time = labels.time[old] + t.net.seconds[arc]
    if scratch.seen[to] != scratch.turn[0] or time + t.back[t.destination_row[k], to] > t.limit[k]:
        return np.inf
    price, spread = labels.price[old], labels.spread[old]
    labels.paid[new] = labels.paid[old]
    if j < alpha.size and alpha[j] > 0.0:
        line = scratch.slot[j]
        bit = 0 if line < 0 else np.int64(1) << (line % 63)
        if line < 0 or not labels.paid[new, line // 63] & bit:
            price += alpha[j]
        if line >= 0:
            labels.paid[new, line // 63] |= bit
        spread += alpha[j] * scratch.share[j]
    labels.node[new], labels.time[new] = to, time
    labels.before[new], labels.candidate[new] = old, j
    labels.price[new], labels.spread[new] = price, spread
    bound: float = max(price, spread + scratch.ahead[to])
    return bound


@compiled
def _search(
    t: Tables, k: Whole, alpha: Floats, most: float, enough: float, ends: Integers, scratch: Scratch
) -> tuple[Labels, int]:
    """Write the first labels settled at the destination to `ends`; return labels and how many these are."""
    labels, found = scratch.labels, 0
    scratch.turn[0] += 1
    if not most > 0.0 or not look_ahead(t, k, alpha, most, scratch):
        return labels, found
    labels.node[0], labels.time[0], labels.before[0], labels.candidate[0] = t.origin[k], 0, -1, alpha.size
    labels.price[0], labels.spread[0] = 0.0, 0.0
    labels.paid[0] = 0
    size, filled = push(labels, 0, 0.0, 0, 0), 1
    while size:
        size = pop(labels, size)
        at = labels.entry[size]
        if _dominated(scratch, labels, alpha, t.destination[k], at):
            continue
        _settle(scratch, labels, at)
        node = labels.node[at]
        if node == t.destination[k]:
            ends[found] = at
            found += 1
            if found == ends.size:
                break
            continue
        for arc in range(t.net.start[node], t.net.start[node + 1]):
            if filled == labels.node.size:
                labels = larger(labels)
            key = _extend(t, k, alpha, scratch, labels, at, arc, filled)
            if key >= most or _dominated(scratch, labels, alpha, t.destination[k], filled):
                continue
            to, price = labels.node[filled], labels.price[filled]
            later = labels.time[filled] + t.back[t.destination_row[k], to]
            size = push(labels, size, key, later, filled)
            filled += 1
            if price <= enough and to == t.destination[k]:
                ends[found] = filled - 1
                return labels, found + 1
    return labels, found


@compiled
def _used(labels: Labels, end: Whole, none: int) -> Integers:
    """Return the candidates on the way to a label, rising, each once (insertion)."""
    steps, at = 0, end
    while at > 0:
        steps += labels.candidate[at] < none
        at = labels.before[at]
    found, count, at = np.empty(steps, np.int64), 0, end
    while at > 0:
        j, place = labels.candidate[at], count
        while place > 0 and found[place - 1] >= j:
            place -= 1
        if j < none and (place == count or found[place] != j):
            for moved in range(count, place, -1):
                found[moved] = found[moved - 1]
            found[place] = j
            count += 1
        at = labels.before[at]
    return found[:count].copy()


@compiled
def cheapest_path(
    t: Tables, k: Whole, alpha: Floats, most: float, enough: float, scratch: Scratch
) -> tuple[float, Integers]:
    """Return the least price of a path of a pair within its limit, and the candidates that it uses.

    Parameters
    ----------
    t
        The problem.
    k
        Position of the pair.
    alpha
        float64 [J], >= 0: what using a candidate costs a path.
    most
        Paths of this price or dearer are of no interest.
    enough
        Any path no dearer than this will do; negative: the cheapest.
    scratch
        From `new_scratch`.

    Returns
    -------
    tuple
        Price and rising candidates; an infinite price and none when no path is cheaper than `most`.
    """
    ends = np.empty(1, np.int64)
    labels, found = _search(t, k, alpha, most, enough, ends, scratch)
    if not found:
        return np.inf, np.empty(0, np.int64)
    used, price = _used(labels, ends[0], alpha.size), 0.0
    for j in used:
        price += alpha[j]
    return price, used


@compiled
def good_paths(
    t: Tables, k: Whole, alpha: Floats, most: float, count: int, scratch: Scratch
) -> tuple[Integers, Integers]:
    """Return several paths of a pair within its limit: the cheapest, then dearer ones that are faster.

    Parameters
    ----------
    t, k, alpha, most, scratch
        As in `cheapest_path`.
    count
        Most paths, >= 1.

    Returns
    -------
    tuple
        int64 [found + 1] and int64: candidates of path i are `second[first[i]:first[i + 1]]`, rising. No two
        have the same price and time; none is both dearer and slower than another.
    """
    ends = np.empty(count, np.int64)
    labels, found = _search(t, k, alpha, most, -1.0, ends, scratch)
    start = np.zeros(found + 1, np.int64)
    rows = np.empty(found * (1 + alpha.size), np.int64)
    for i in range(found):
        used = _used(labels, ends[i], alpha.size)
        start[i + 1] = start[i] + used.size
        rows[start[i] : start[i + 1]] = used
    return start, rows[: start[found]].copy()
