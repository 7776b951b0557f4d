"""Set labels: find the cheapest paths of a pair within its limit, and the sets of candidates that cover it.

A path pays once for each candidate that it uses, however many of its arcs it takes: its price is that of its
*set* of candidates. One search serves all: label setting with time as the resource (Irnich and Desaulniers,
"Shortest path problems with resource constraints", 2005, section 4).

* Most candidates join the same two nodes by all their arcs. A simple path uses them once, so their prices
  add up arc by arc. The others are *lines*: a label remembers which lines it has paid for.
* What is still to pay is bounded from below by a search from the destination that ignores time and spreads
  the price of a line over the most arcs that a simple path can take of it.
"""

from __future__ import annotations

import numpy as np

from optimiser.engine.search.compiled import ONE, ZERO, Record, compiled, compiled_inner
from optimiser.engine.search.paths import Floats, Integers, Mask, Whole, pop, push
from optimiser.engine.search.tables import Tables

BITS = 63
"""Candidates in one word of a set; the sign bit stays free."""

LABELS = 1 << 18
"""Labels of a store where nothing else is asked for."""


class LabelStore(Record):
    """Arrays that the label searches of one problem work in, made once; threads must not share them.

    Attributes
    ----------
    node, time, before, owner
        int64 [L], for each label: its node, seconds, the label that it extends, the candidate of its last
        arc.
    after
        int64 [L]: the label settled before this one at the same node, -1 at the end.
    price, spread
        float64 [L]: price of the set, and the same with the prices of lines spread over their arcs.
    used
        int64 [L x words]: members used, one bit each, `BITS` in a word.
    heap_key, heap_time, heap_label
        float64 [H], int64 [H], int64 [H]: the heap of labels to extend, ordered by key, then by time.
    last
        int64 [n]: the label settled last at each node, -1 for none.
    ahead
        float64 [n]: least price from each node to the destination.
    share
        float64 [J + 1]: one over the most arcs that a simple path takes of a candidate.
    lines
        int64: the candidates whose bits `line_bit` gives.
    line_bit
        int64 [J + 1]: the bit of each line, -1 for other candidates.
    ends
        int64 [E]: labels found at the destination.
    in_sets
        Searches look for sets of candidates instead of paths.
    """

    node: Integers
    time: Integers
    before: Integers
    owner: Integers
    after: Integers
    price: Floats
    spread: Floats
    used: Integers
    heap_key: Floats
    heap_time: Integers
    heap_label: Integers
    last: Integers
    ahead: Floats
    share: Floats
    lines: Integers
    line_bit: Integers
    ends: Integers
    in_sets: bool


def new_store(t: Tables, *, ends: int = 1, labels: int = LABELS, members: int | None = None) -> LabelStore:
    """Return arrays for the searches of a problem: for paths, or for sets where they have members.

    Parameters
    ----------
    t
        The problem.
    ends
        Most paths or sets of one search.
    labels
        Most labels of one search.
    members
        Most candidates that the sets of one search name.
    """
    most = np.array([*(_most_arcs(t, j) for j in range(t.size)), 1], dtype=np.int64)
    lines = np.flatnonzero(most > 1)
    line_bit = np.full(t.size + 1, -1, np.int64)
    line_bit[lines] = np.arange(len(lines))
    nodes, heap = t.net.start.size - 1, max(labels, t.net.head.size + 1)
    words = -(-(len(lines) if members is None else members) // BITS)
    return LabelStore(
        node=np.empty(labels, np.int64),
        time=np.empty(labels, np.int64),
        before=np.empty(labels, np.int64),
        owner=np.empty(labels, np.int64),
        after=np.empty(labels, np.int64),
        price=np.empty(labels),
        spread=np.empty(labels),
        used=np.zeros((labels, words), np.int64),
        heap_key=np.empty(heap),
        heap_time=np.empty(heap, np.int64),
        heap_label=np.empty(heap, np.int64),
        last=np.empty(nodes, np.int64),
        ahead=np.empty(nodes),
        share=1.0 / np.maximum(most, 1),
        lines=lines,
        line_bit=line_bit,
        ends=np.empty(ends, np.int64),
        in_sets=members is not None,
    )


def _most_arcs(t: Tables, j: int) -> int:
    """Return the most arcs of a candidate that a simple path can take, an arc and its reverse being one."""
    arcs = range(t.arc_start[j], t.arc_start[j + 1])
    links = {frozenset((int(t.arc_tail[a]), int(t.arc_head[a]))) for a in arcs}
    nodes: set[int] = set().union(*links)
    return min(len(links), len(nodes) - 1)


@compiled
def search_labels(t: Tables, k: Whole, price: Floats, most: float, bit: Integers, s: LabelStore) -> int:
    """Find the cheapest paths of a pair within its limit, or the minimal sets of candidates that cover it.

    Parameters
    ----------
    t
        The problem.
    k
        Position of the pair.
    price
        float64 [J + 1], >= 0: what a path pays for each candidate that it uses; the last is 0.
    most
        Paths and sets of this price or dearer are left out.
    bit
        int64 [J + 1]: bit of each candidate in `s.used`; -1 for those that a set does not name. Of paths,
        `s.line_bit`.
    s
        From `new_store`, which says what is looked for, and how many.

    Returns
    -------
    int
        How many were found, their last labels in `s.ends`. Of paths: the cheapest first, then dearer ones
        that are faster, none of which is both dearer and slower than another. Of sets: all that there are.
        -1 when the labels, or the sets, were too many.

    Notes
    -----
    Labels leave the heap in rising order of a lower bound of the whole price (A*), then of the time at which
    they can arrive. Sets leave it in order of size, then of time, so that what is settled at the destination
    contains no set found later.

    The first path is the cheapest of all walks within the limit, up to rounding of the sums. Proof: of all
    walks of least price take one of least time. It is simple, since leaving out a circuit saves time and
    adds nothing to the set. Replacing a beginning of it by a label that dominates that beginning gives a
    walk no dearer and no later, thus again one of least price and time, and simple; so the bounds, which
    hold for simple paths, never cut it off.
    """
    if not _begin(t, k, price, most, s):
        return 0
    in_sets, destination, limit, to_destination = (
        s.in_sets,
        t.destination[k],
        t.limit[k],
        t.to_destination[t.destination_row[k]],
    )
    start, heads, seconds, owners = t.net
    nodes, times, prices, spreads, used = s.node, s.time, s.price, s.spread, s.used
    share, ahead, last, ends, words = s.share, s.ahead, s.last, s.ends, used.shape[1]
    size, count, found = ONE, ONE, ZERO
    while size and (in_sets or found < ends.size):
        size = _pop(s, size)
        key, label = s.heap_key[size], s.heap_label[size]
        node = nodes[label]
        paid_for = ZERO if node == destination else words
        if _is_dominated(s, price, last[node], label, paid_for) or (
            in_sets and _contains_found(s, label, found)
        ):
            continue
        s.after[label], last[node] = last[node], label
        if node == destination:
            if found == ends.size:
                return -1
            ends[found] = label
            found += 1
            continue
        for arc in range(start[node], start[node + 1]):
            head, time, owner = heads[arc], times[label] + seconds[arc], owners[arc]
            if to_destination[head] > limit or time + to_destination[head] > limit:
                continue
            place, spread = bit[owner], spreads[label] + price[owner] * share[owner]
            is_new = place >= 0 and not used[label, place // BITS] >> (place % BITS) & 1
            paid = prices[label] + (price[owner] if place < 0 or is_new else 0.0)
            bound = max(paid, spread + ahead[head])
            if not bound < most:
                continue
            if count == nodes.size:
                return -1
            nodes[count], times[count], prices[count], spreads[count] = head, time, paid, spread
            s.before[count], s.owner[count] = label, owner
            used[count] = used[label]
            if is_new:
                used[count, place // BITS] |= np.int64(1) << (place % BITS)
            # Most new labels are dominated by what is settled already: a look here keeps the heap small.
            old, paid_for = last[head], ZERO if head == destination else words
            if (old < 0 or not _is_dominated(s, price, old, count, paid_for)) and not (
                in_sets and _contains_found(s, count, found)
            ):
                size = _push(s, size, key + is_new if in_sets else bound, time + to_destination[head], count)
                count += 1
    return found


@compiled_inner
def _begin(t: Tables, k: Whole, price: Floats, most: float, s: LabelStore) -> bool:
    """Put the label of the origin into the heap; say whether it may lead to the destination."""
    origin = t.origin[k]
    if not most > 0.0 or t.to_destination[t.destination_row[k], origin] > t.limit[k]:
        return False
    _look_ahead(t, k, price, most, s)
    s.last[:] = -1
    s.node[0], s.time[0], s.price[0], s.spread[0], s.before[0] = origin, 0, 0.0, 0.0, -1
    s.used[0] = 0
    s.heap_key[0], s.heap_time[0], s.heap_label[0] = 0.0, 0, 0
    return bool(s.ahead[origin] < most)


@compiled_inner
def _look_ahead(t: Tables, k: Whole, price: Floats, most: float, s: LabelStore) -> None:
    """Bound the price from each node to the destination, over arcs that the pair can use (Dijkstra)."""
    from_origin, to_destination, limit = (
        t.from_origin[t.origin_row[k]],
        t.to_destination[t.destination_row[k]],
        t.limit[k],
    )
    start, tails, seconds, owners = t.back_net
    ahead, share, keys, entries = s.ahead, s.share, s.heap_key, s.heap_label
    ahead[:] = np.inf
    ahead[t.destination[k]] = 0.0
    keys[0], entries[0] = 0.0, t.destination[k]
    size = ONE
    while size:
        size = pop(keys, entries, size)
        here, node = keys[size], entries[size]
        if here > ahead[node]:
            continue
        for arc in range(start[node], start[node + 1]):
            tail = tails[arc]
            if from_origin[tail] > limit or from_origin[tail] + seconds[arc] + to_destination[node] > limit:
                continue
            total = here + price[owners[arc]] * share[owners[arc]]
            if total < most and total < ahead[tail]:
                ahead[tail] = total
                size = push(keys, entries, size, total, tail)


@compiled_inner
def _is_dominated(s: LabelStore, price: Floats, old: Whole, new: Whole, words: int) -> bool:
    """Say whether a label settled at the same node does all that a new label can do.

    `old` is the first of the settled ones. Of paths: one of them is no later, and no dearer even if it pays
    for the lines that the new one has and it has not. Then whatever continues the new label costs no more
    after the old one. At the destination nothing continues it: there the lines do not count, and `words` is
    0. Of sets: one of them is no later and names no other candidates.
    """
    times, prices, used = s.time, s.price, s.used
    while old >= 0:
        if s.in_sets:
            if times[old] <= times[new] and _is_subset(used, old, new):
                return True
        elif times[old] <= times[new] and prices[old] <= prices[new]:
            spare = prices[new] - prices[old]
            for word in range(words):
                bits, line = used[new, word] & ~used[old, word], BITS * word
                while bits:
                    if bits & 1:
                        spare -= price[s.lines[line]]
                    bits >>= 1
                    line += 1
            if spare >= 0.0:
                return True
        old = s.after[old]
    return False


@compiled_inner
def _contains_found(s: LabelStore, new: Whole, found: int) -> bool:
    """Say whether the set of a new label contains one found already."""
    i = 0
    while i < found and not _is_subset(s.used, s.ends[i], new):
        i += 1
    return i < found


@compiled_inner
def _is_subset(used: Integers, small: Whole, large: Whole) -> bool:
    """Say whether all bits of one row are in another."""
    word, words = 0, used.shape[1]
    while word < words and not used[small, word] & ~used[large, word]:
        word += 1
    return bool(word == words)


@compiled_inner
def _push(s: LabelStore, size: int, key: float, time: Whole, label: Whole) -> int:
    """Put a label into the heap; return its new size."""
    keys, times, labels = s.heap_key, s.heap_time, s.heap_label
    at = size
    while at > 0:
        above = (at - 1) >> 1
        if keys[above] < key or (keys[above] == key and times[above] <= time):
            break
        keys[at], times[at], labels[at] = keys[above], times[above], labels[above]
        at = above
    keys[at], times[at], labels[at] = key, time, label
    return size + 1


@compiled_inner
def _pop(s: LabelStore, size: int) -> int:
    """Move the first label of the heap to its last place; return the new size, without that place."""
    keys, times, labels = s.heap_key, s.heap_time, s.heap_label
    size -= 1
    key, time, label = keys[size], times[size], labels[size]
    keys[size], times[size], labels[size] = keys[0], times[0], labels[0]
    at = 0
    while True:
        below = 2 * at + 1
        if below >= size:
            break
        if below + 1 < size and (
            keys[below + 1] < keys[below]
            or (keys[below + 1] == keys[below] and times[below + 1] < times[below])
        ):
            below += 1
        if keys[below] > key or (keys[below] == key and times[below] >= time):
            break
        keys[at], times[at], labels[at] = keys[below], times[below], labels[below]
        at = below
    keys[at], times[at], labels[at] = key, time, label
    return size


@compiled
def path_candidates(s: LabelStore, label: Whole, found: Integers) -> int:
    """List the candidates of a path, each once.

    Parameters
    ----------
    s
        After `search_labels`.
    label
        The last label of the path.
    found
        int64, takes the candidates, in no order.

    Returns
    -------
    int
        How many there are; -1 when they are more than `found` has places.
    """
    count, none = 0, s.share.size - 1
    while label > 0:
        before, owner = s.before[label], s.owner[label]
        bit = s.line_bit[owner]
        if owner != none and (bit < 0 or not s.used[before, bit // BITS] >> (bit % BITS) & 1):
            if count == found.size:
                return -1
            found[count] = owner
            count += 1
        label = before
    return count


class PathFinder:
    """Finds the cheapest paths of pairs, with a larger store where a search needs one.

    Parameters
    ----------
    t
        The problem.
    paths
        Most paths of one search.
    labels
        Labels of the first store.
    """

    def __init__(self, t: Tables, *, paths: int = 1, labels: int = LABELS) -> None:
        self._t = t
        self._store = new_store(t, ends=paths, labels=labels)

    def is_line(self, candidates: Integers) -> Mask:
        """Say which candidates a simple path may use at two places."""
        found: Mask = self._store.line_bit[candidates] >= 0
        return found

    def cheapest(self, k: int, price: Floats, most: float) -> list[Integers]:
        """Return the candidates of the cheapest path of a pair, and of dearer ones that are faster.

        Parameters
        ----------
        k, price, most
            As of `search_labels`.

        Returns
        -------
        list
            int64 each, rising; empty when no path is cheaper than `most`.
        """
        t, s = self._t, self._store
        count = search_labels(t, k, price, most, s.line_bit, s)
        if count < 0:
            self._store = new_store(t, ends=s.ends.size, labels=2 * s.node.size)
            return self.cheapest(k, price, most)
        used = np.empty(t.size, np.int64)
        return [np.sort(used[: path_candidates(s, end, used)]) for end in s.ends[:count]]


def enabling_sets(
    t: Tables, k: int, price: Floats, most: float, members: Integers, s: LabelStore
) -> list[Integers] | None:
    """Return every minimal set of candidates that brings a pair within its limit below a price.

    Parameters
    ----------
    t, k, price, most, s
        As of `search_labels`.
    members
        int64, rising: candidates that a set names; what else the pair can use is free of charge.

    Returns
    -------
    list or None
        int64 each, rising; None when sets or labels were too many.
    """
    bit = np.full(t.size + 1, -1, np.int64)
    place = np.arange(len(members))
    bit[members] = place
    count = search_labels(t, k, price, most, bit, s)
    if count < 0:
        return None
    held = s.used[s.ends[:count, np.newaxis], place // BITS] >> (place % BITS) & 1
    return [members[row] for row in held.astype(np.bool_)]
