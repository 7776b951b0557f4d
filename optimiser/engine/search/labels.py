"""Find the cheapest paths of a pair within its limit, and the minimal sets of candidates that cover it.

A path pays once for each candidate that it uses, however many of its arcs it takes: its price is that of its
*set* of candidates. Both searches are label setting with time as the resource (Irnich and Desaulniers,
"Shortest path problems with resource constraints", 2005, section 4).

* All arcs of most candidates join the same two nodes. A simple path uses at most one of them, so these prices
  add up arc by arc. The other candidates are *lines*: a label records which lines it has paid for.
* The remaining price is bounded from below by a search from the destination that ignores time, and spreads
  the price of a line over the largest number of its arcs that a simple path can take.
"""

import numpy as np

from optimiser.engine.search.compiled import ONE, ZERO, Record, compiled, compiled_inner
from optimiser.engine.search.paths import Floats, Integers, Mask, Whole, pop, push
from optimiser.engine.search.tables import Tables

BITS = 63
"""Candidates in one word of a set; the sign bit is not used."""

LABELS = 1 << 18
"""Default number of labels of a store."""


class LabelStore(Record):
    """Working arrays of the label searches of one problem; threads must not share them.

    Attributes
    ----------
    node, time, parent, owner
        int64 [L], for each label: its node, its time in seconds, the label that it extends, and the candidate
        of its last arc.
    after
        int64 [L], the label settled before this one at the same node; -1 for none.
    price, spread
        float64 [L], price of the set, and the same with the prices of lines spread over their arcs.
    used
        int64 [L x words], bit set of the candidates used, `BITS` per word.
    heap_key, heap_time, heap_label
        float64 [H], int64 [H], int64 [H], heap of the labels to extend, ordered by key, then by time.
    last
        int64 [n], the label settled last at each node; -1 for none.
    price_ahead
        float64 [n], lower bound on the price from each node to the destination.
    share
        float64 [J + 1], one over the largest number of arcs of a candidate that a simple path takes.
    lines
        int64, the lines in the order of their bits.
    line_bit
        int64 [J + 1], the bit of each line; -1 for other candidates.
    ends
        int64 [E], labels found at the destination.
    in_sets
        Whether searches look for sets of candidates rather than paths.
    """

    node: Integers
    time: Integers
    parent: Integers
    owner: Integers
    after: Integers
    price: Floats
    spread: Floats
    used: Integers
    heap_key: Floats
    heap_time: Integers
    heap_label: Integers
    last: Integers
    price_ahead: Floats
    share: Floats
    lines: Integers
    line_bit: Integers
    ends: Integers
    in_sets: bool


def new_store(t: Tables, *, ends: int = 1, labels: int = LABELS, members: int | None = None) -> LabelStore:
    """Return the working arrays for the searches of a problem.

    Parameters
    ----------
    t
        The problem.
    ends
        Most paths or sets of one search.
    labels
        Most labels of one search.
    members
        Most candidates that the sets of one search distinguish; None: the searches look for paths.
    """
    most = np.array([*(_most_arcs(t, j) for j in range(t.size)), 1], dtype=np.int64)
    lines = np.flatnonzero(most > 1)
    line_bit = np.full(t.size + 1, -1, np.int64)
    line_bit[lines] = np.arange(len(lines))
    nodes, heap = t.net.start.size - 1, max(labels, t.net.head.size + 1)
    words = -(-(len(lines) if members is None else members) // BITS)
    return LabelStore(
        **{name: np.empty(labels, np.int64) for name in ("node", "time", "parent", "owner", "after")},
        price=np.empty(labels),
        spread=np.empty(labels),
        used=np.zeros((labels, words), np.int64),
        heap_key=np.empty(heap),
        heap_time=np.empty(heap, np.int64),
        heap_label=np.empty(heap, np.int64),
        last=np.empty(nodes, np.int64),
        price_ahead=np.empty(nodes),
        share=1.0 / np.maximum(most, 1),
        lines=lines,
        line_bit=line_bit,
        ends=np.empty(ends, np.int64),
        in_sets=members is not None,
    )


def _most_arcs(t: Tables, j: int) -> int:
    """Return a bound on the arcs of a candidate that a simple path takes; it uses an arc or its reverse."""
    arcs = range(t.arc_start[j], t.arc_start[j + 1])
    links = {frozenset((int(t.arc_tail[a]), int(t.arc_head[a]))) for a in arcs}
    nodes: set[int] = set().union(*links)
    return min(len(links), len(nodes) - 1)


@compiled_inner
def _copy_row(rows: Integers, old: Whole, new: Whole) -> None:
    for word in range(rows.shape[1]):  # less to compile than a row at once
        rows[new, word] = rows[old, word]


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
        float64 [J + 1] >= 0, price of each candidate; the last entry, for existing arcs, is 0.
    most
        Price limit: paths and sets of this price or more are left out.
    bit
        int64 [J + 1], bit of each candidate in `s.used`, or -1. For paths this is `s.line_bit`; for sets, -1
        marks candidates that sets do not distinguish.
    s
        Working arrays from `new_store`, which also determines the kind of search and the number of results.

    Returns
    -------
    int
        Number of results; their last labels are in `s.ends`. Paths: the cheapest first, then more expensive
        ones that are faster; none is both more expensive and slower than another. Sets: all minimal sets. -1
        when there were too many labels or sets.

    Notes
    -----
    For paths, labels leave the heap in rising order of a lower bound on the total price (A*), then of the
    earliest arrival time. For sets, they leave it in rising order of size, then of arrival time, so that no
    set settled at the destination contains a set found later.

    The first path is the cheapest of all walks within the limit, up to rounding of the sums. Proof: of all
    walks of least price, take one of least time. It is simple, since removing a circuit saves time and adds
    no candidate. Replace a prefix of it by a label that dominates this prefix: the result is a walk that is
    no more expensive and no later, so it has least price and time too, and is simple. Hence the bounds, which
    hold for simple paths, never cut it off.
    """
    if not _initialise(t, k, price, most, s):
        return 0
    in_sets, destination, limit, to_destination = (
        s.in_sets,
        t.destination[k],
        t.limit[k],
        t.to_destination[t.destination_row[k]],
    )
    start, heads, seconds, owners = t.net
    nodes, times, prices, spreads, used = s.node, s.time, s.price, s.spread, s.used
    share, price_ahead, last, ends, words = s.share, s.price_ahead, s.last, s.ends, used.shape[1]
    # Invariant: labels below `count` are written; those on the heap are open, those on the chain that starts
    # at `last[v]` and goes on by `after` are settled at node v. None is settled that a settled one dominates.
    size, count, found = ONE, ONE, ZERO
    while size and (in_sets or found < ends.size):
        size = _pop(s, size)
        key, label = s.heap_key[size], s.heap_label[size]
        node = nodes[label]
        words_compared = ZERO if node == destination else words
        if _is_dominated(s, price, last[node], label, words_compared) or (
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
            # The rest of the way takes at least as long as with everything built; unreached times are checked
            # alone, since a sum with one may overflow.
            if to_destination[head] > limit or time + to_destination[head] > limit:
                continue
            place, spread = bit[owner], spreads[label] + price[owner] * share[owner]
            is_new = place >= 0 and not used[label, place // BITS] >> (place % BITS) & 1
            # The price of a whole set counts once paid. A line may come again for nothing, so that ahead only
            # its share of the price for each arc is certain.
            set_price = prices[label] + (price[owner] if place < 0 or is_new else 0.0)
            bound = max(set_price, spread + price_ahead[head])
            if not bound < most:
                continue
            if count == nodes.size:
                return -1
            nodes[count], times[count], prices[count], spreads[count] = head, time, set_price, spread
            s.parent[count], s.owner[count] = label, owner
            _copy_row(used, label, count)
            if is_new:
                used[count, place // BITS] |= np.int64(1) << (place % BITS)
            # Most new labels are dominated by settled ones: checking here keeps the heap small.
            old, words_compared = last[head], ZERO if head == destination else words
            if (old < 0 or not _is_dominated(s, price, old, count, words_compared)) and not (
                in_sets and _contains_found(s, count, found)
            ):
                size = _push(s, size, key + is_new if in_sets else bound, time + to_destination[head], count)
                count += 1
    return found


@compiled_inner
def _initialise(t: Tables, k: Whole, price: Floats, most: float, s: LabelStore) -> bool:
    """Initialise the search with the label of the origin; return whether the destination may be reachable."""
    origin = t.origin[k]
    if not most > 0.0 or t.to_destination[t.destination_row[k], origin] > t.limit[k]:
        return False
    _bound_prices_ahead(t, k, price, most, s)
    s.last[:] = -1
    s.node[0], s.time[0], s.price[0], s.spread[0], s.parent[0] = origin, 0, 0.0, 0.0, -1
    s.used[0] = 0
    s.heap_key[0], s.heap_time[0], s.heap_label[0] = 0.0, 0, 0
    return bool(s.price_ahead[origin] < most)


@compiled_inner
def _bound_prices_ahead(t: Tables, k: Whole, price: Floats, most: float, s: LabelStore) -> None:
    """Compute lower bounds on the price from each node to the destination (Dijkstra's algorithm).

    Only arcs that the pair can use within its limit are considered.
    """
    from_origin, to_destination, limit = (
        t.from_origin[t.origin_row[k]],
        t.to_destination[t.destination_row[k]],
        t.limit[k],
    )
    start, tails, seconds, owners = t.back_net
    price_ahead, share, keys, entries = s.price_ahead, s.share, s.heap_key, s.heap_label
    price_ahead[:] = np.inf
    price_ahead[t.destination[k]] = 0.0
    keys[0], entries[0] = 0.0, t.destination[k]
    size = ONE
    while size:
        size = pop(keys, entries, size)
        popped_price, node = keys[size], entries[size]
        if popped_price > price_ahead[node]:
            continue
        for arc in range(start[node], start[node + 1]):
            tail = tails[arc]
            if from_origin[tail] > limit or from_origin[tail] + seconds[arc] + to_destination[node] > limit:
                continue
            total = popped_price + price[owners[arc]] * share[owners[arc]]
            if total < most and total < price_ahead[tail]:
                price_ahead[tail] = total
                size = push(keys, entries, size, total, tail)


@compiled_inner
def _is_dominated(s: LabelStore, price: Floats, settled: Whole, new: Whole, words: int) -> bool:
    """Return whether a settled label dominates a new label at the same node.

    `settled` is the first of the settled labels. For paths: a label dominates the new one if it is no later,
    and no more expensive even after paying for the lines that only the new one has paid for. Every
    continuation then costs no more after the old label. At the destination there is no continuation, so lines
    do not count and `words` is 0. For sets: a label dominates if it is no later and its set is a subset.
    """
    times, prices, used = s.time, s.price, s.used
    while settled >= 0:
        if s.in_sets:
            if times[settled] <= times[new] and _is_subset(used, settled, new):
                return True
        elif times[settled] <= times[new] and prices[settled] <= prices[new]:
            excess = prices[new] - prices[settled]
            for word in range(words):
                bits, line = used[new, word] & ~used[settled, word], BITS * word
                while bits:
                    if bits & 1:
                        excess -= price[s.lines[line]]
                    bits >>= 1
                    line += 1
            if excess >= 0.0:
                return True
        settled = s.after[settled]
    return False


@compiled_inner
def _contains_found(s: LabelStore, new: Whole, found: int) -> bool:
    """Return whether the set of a new label contains a set found already."""
    i = 0
    while i < found and not _is_subset(s.used, s.ends[i], new):
        i += 1
    return i < found


@compiled_inner
def _is_subset(used: Integers, small: Whole, large: Whole) -> bool:
    """Return whether all bits of one row are set in another."""
    word, words = 0, used.shape[1]
    while word < words and not used[small, word] & ~used[large, word]:
        word += 1
    return bool(word == words)


@compiled_inner
def _push(s: LabelStore, size: int, key: float, time: Whole, label: Whole) -> int:
    """Push a label onto the heap; return the new size of the heap."""
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
    """Pop the first label of the heap to position `size - 1`, and return this new size."""
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
    """Write the distinct candidates of a path to an array.

    Parameters
    ----------
    s
        Working arrays after `search_labels`.
    label
        The last label of the path.
    found
        int64, overwritten with the candidates, unsorted.

    Returns
    -------
    int
        Number of candidates; -1 when `found` is too short.
    """
    count, none = 0, s.share.size - 1
    while label > 0:
        parent, owner = s.parent[label], s.owner[label]
        bit = s.line_bit[owner]
        if owner != none and (bit < 0 or not s.used[parent, bit // BITS] >> (bit % BITS) & 1):
            if count == found.size:
                return -1
            found[count] = owner
            count += 1
        label = parent
    return count


class PathFinder:
    """Finds the cheapest paths of pairs; the label store grows as needed.

    Parameters
    ----------
    t
        The problem.
    paths
        Most paths of one search.
    labels
        Initial number of labels.
    """

    def __init__(self, t: Tables, *, paths: int = 1, labels: int = LABELS) -> None:
        self._t = t
        self._store = new_store(t, ends=paths, labels=labels)

    def is_line(self, candidates: Integers) -> Mask:
        """Return a mask of the lines: candidates of which a simple path may use more than one arc."""
        return self._store.line_bit[candidates] >= 0

    def cheapest(self, k: int, price: Floats, most: float) -> list[Integers]:
        """Return the candidates of the cheapest path of a pair, and of more expensive paths that are faster.

        Parameters
        ----------
        k, price, most
            As for `search_labels`.

        Returns
        -------
        list
            int64 arrays, sorted; empty when no path is cheaper than `most`.
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
    """Return all minimal sets of candidates below a price limit that bring a pair within its time limit.

    Parameters
    ----------
    t, k, price, most, s
        As for `search_labels`.
    members
        int64, sorted: candidates that the sets distinguish; all others that the pair can use are free.

    Returns
    -------
    list or None
        int64 arrays, sorted; None when there were too many sets or labels.
    """
    bit = np.full(t.size + 1, -1, np.int64)
    word_bit = np.arange(len(members))
    bit[members] = word_bit
    count = search_labels(t, k, price, most, bit, s)
    if count < 0:
        return None
    is_member = s.used[s.ends[:count, np.newaxis], word_bit // BITS] >> (word_bit % BITS) & 1
    return [members[row] for row in is_member.astype(np.bool_)]
