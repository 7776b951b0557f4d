"""Maintain a plan with its shortest times and covered pairs from move to move.

Opening a candidate propagates shorter times from its arcs. Closing one follows Ramalingam and Reps, "An
incremental algorithm for a generalization of the shortest-path problem", Journal of Algorithms 21 (1996),
section 3.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.search.compiled import ONE, ZERO, Record, compiled, compiled_inner
from optimiser.engine.search.paths import (
    UNREACHED,
    Floats,
    Graph,
    Integers,
    Mask,
    Whole,
    pop,
    push,
    times_from,
)
from optimiser.engine.search.tables import Tables, usable_candidate_arcs

MOST_LABELS = 1 << 14
"""Most labels of one search for a constrained path."""

LOG_LENGTH, LOG_OVERFLOWED = 0, 1
"""Positions in `ShortestTimes.log_state`: the entries in the log, and 1 once the log was too short."""

SUSPECT, AFFECTED = 1, 2
"""Marks of a node while a candidate is closed."""


class ShortestTimes(Record):
    """Shortest times from R sources to all n nodes over open arcs, with a log for undoing changes.

    Attributes
    ----------
    by_tail, by_head
        All arcs in compressed rows, by tail and by head.
    arc_start, arc_tail, arc_head, arc_seconds
        Arcs of each candidate: int64 [J + 1], then one entry per arc.
    reach
        int64 [R x n]: latest time of interest at each node, in seconds. Along an arc it decreases by at most
        the time of the arc, so that every path to a node of interest passes nodes of interest only.
    time
        int64 [R x n], seconds; `UNREACHED` beyond the reach.
    is_open
        bool [J + 1], the last entry True: it stands for existing arcs.
    touched
        bool [R]: rows that changed since a caller last cleared the flag.
    log_at, log_time
        int64 [L]: flat position in `time` and the previous time; or -1 - j for a candidate that was toggled.
    log_state
        int64 [2]: see `LOG_LENGTH` and `LOG_OVERFLOWED`.
    heap_time, heap_node, mark, suspects
        Working arrays; `mark` int64 [n] is zero between calls.
    """

    by_tail: Graph
    by_head: Graph
    arc_start: Integers
    arc_tail: Integers
    arc_head: Integers
    arc_seconds: Integers
    reach: Integers
    time: Integers
    is_open: Mask
    touched: Mask
    log_at: Integers
    log_time: Integers
    log_state: Integers
    heap_time: Integers
    heap_node: Integers
    mark: Integers
    suspects: Integers


def shortest_times(
    by_tail: Graph,
    by_head: Graph,
    candidate_arcs: tuple[Integers, Integers, Integers, Integers],
    sources: Integers,
    reach: Integers,
) -> ShortestTimes:
    """Return the shortest times from the sources with nothing built.

    Parameters
    ----------
    by_tail, by_head
        All arcs in compressed rows, by tail and by head.
    candidate_arcs
        `arc_start`, `arc_tail`, `arc_head` and `arc_seconds` of `ShortestTimes`.
    sources
        int64 [R], nodes.
    reach
        int64 [R x n], latest time of interest at each node, in seconds.
    """
    nodes, candidates = by_tail.start.size - 1, candidate_arcs[0].size - 1
    log = max(1 << 14, 2 * len(sources) * nodes)
    heap = by_tail.head.size + candidate_arcs[1].size + nodes + 1
    is_open = np.zeros(candidates + 1, np.bool_)
    is_open[-1] = True
    arc_start, arc_tail, arc_head, arc_seconds = candidate_arcs
    time = np.full((len(sources), nodes), UNREACHED)
    for row, source in enumerate(sources.tolist()):
        time[row] = times_from(by_tail, is_open, source, int(reach[row].max()))
    return ShortestTimes(
        by_tail=by_tail,
        by_head=by_head,
        arc_start=arc_start,
        arc_tail=arc_tail,
        arc_head=arc_head,
        arc_seconds=arc_seconds,
        reach=reach,
        time=np.where(time <= reach, time, UNREACHED),
        is_open=is_open,
        touched=np.ones(len(sources), np.bool_),
        log_at=np.empty(log, np.int64),
        log_time=np.empty(log, np.int64),
        log_state=np.zeros(2, np.int64),
        heap_time=np.empty(heap, np.int64),
        heap_node=np.empty(heap, np.int64),
        mark=np.zeros(nodes, np.int64),
        suspects=np.empty(nodes, np.int64),
    )


@compiled_inner
def toggle(r: ShortestTimes, j: Whole) -> None:
    """Open a closed candidate, or close an open one, and update all times.

    Parameters
    ----------
    r
        Changed in place; the changes are logged.
    j
        Position of the candidate.

    Notes
    -----
    Invariant: `time` equals the result of Dijkstra's algorithm over the open arcs, within the reach.
    """
    r.is_open[j] = not r.is_open[j]
    _log(r, -1 - j, UNREACHED)
    for row in range(r.time.shape[0]):
        size = _apply_opening(r, row, j) if r.is_open[j] else _apply_closing(r, row, j)
        if size:
            _propagate_decreases(r, row, size)


@compiled_inner
def _log(r: ShortestTimes, at: Whole, time: Whole) -> None:
    """Append a position and its previous time to the log; a full log sets the overflow flag instead."""
    length = r.log_state[LOG_LENGTH]
    if length < r.log_at.size:
        r.log_at[length] = at
        r.log_time[length] = time
        r.log_state[LOG_LENGTH] = length + 1
    else:
        r.log_state[LOG_OVERFLOWED] = 1


@compiled_inner
def _propagate_decreases(r: ShortestTimes, row: Whole, size: int) -> None:
    """Propagate shorter times from the nodes in the heap (Dijkstra's algorithm)."""
    time, reach, is_open = r.time[row], r.reach[row], r.is_open
    start, head, seconds, owner = r.by_tail
    heap_time, heap_node = r.heap_time, r.heap_node
    while size:
        size = pop(heap_time, heap_node, size)
        popped, node = heap_time[size], heap_node[size]
        if popped > time[node]:
            continue
        for arc in range(start[node], start[node + 1]):
            arrival, to = popped + seconds[arc], head[arc]
            if arrival < time[to] and arrival <= reach[to] and is_open[owner[arc]]:
                _log(r, row * time.size + to, time[to])
                time[to] = arrival
                size = push(heap_time, heap_node, size, arrival, to)


@compiled_inner
def _apply_opening(r: ShortestTimes, row: Whole, j: Whole) -> int:
    """Shorten times along the arcs of an opened candidate; return the size of the heap of improved nodes."""
    time, size = r.time[row], ZERO
    for arc in range(r.arc_start[j], r.arc_start[j + 1]):
        tail, head = r.arc_tail[arc], r.arc_head[arc]
        if time[tail] >= UNREACHED:
            continue
        arrival = time[tail] + r.arc_seconds[arc]
        if arrival < time[head] and arrival <= r.reach[row, head]:
            _log(r, row * time.size + head, time[head])
            time[head] = arrival
            r.touched[row] = True
            size = push(r.heap_time, r.heap_node, size, arrival, head)
    return size


@compiled_inner
def _apply_closing(r: ShortestTimes, row: Whole, j: Whole) -> int:
    """Reset the nodes that a closing affects; return the size of the heap that holds their tentative times.

    A tentative time comes from an unaffected neighbour. `_propagate_decreases` then settles the affected
    nodes among themselves.
    """
    count = _mark_affected(r, row, j)
    time, mark, suspects = r.time[row], r.mark, r.suspects
    start, neighbour, seconds, owner = r.by_head
    for at in range(count):
        node = suspects[at]
        if mark[node] == AFFECTED:
            _log(r, row * time.size + node, time[node])
            time[node] = UNREACHED
            r.touched[row] = True
    size = ZERO
    for at in range(count):
        node = suspects[at]
        best = UNREACHED
        if mark[node] == AFFECTED:
            for arc in range(start[node], start[node + 1]):
                if (
                    time[neighbour[arc]] < UNREACHED
                    and mark[neighbour[arc]] != AFFECTED
                    and r.is_open[owner[arc]]
                ):
                    best = min(best, time[neighbour[arc]] + seconds[arc])
        if best <= r.reach[row, node]:
            size = push(r.heap_time, r.heap_node, size, best, node)
    for at in range(count):
        mark[suspects[at]] = 0
    # Write times last: a tentative time must not rest on another affected node.
    for at in range(size):
        time[r.heap_node[at]] = r.heap_time[at]
    return size


@compiled_inner
def _mark_affected(r: ShortestTimes, row: Whole, j: Whole) -> int:
    """List the suspects of a closing and mark the affected nodes; return the number of suspects.

    A suspect lost a tight arc (`time[tail] + seconds == time[head]`). It is affected when no other tight arc
    from an unaffected node is left. Suspects are decided in order of time: arcs take at least one second, so
    the tail of every tight arc is decided before its head.
    """
    time, mark, is_open = r.time[row], r.mark, r.is_open
    heap_time, heap_node = r.heap_time, r.heap_node
    size, count = ZERO, 0
    for arc in range(r.arc_start[j], r.arc_start[j + 1]):
        tail, head = r.arc_tail[arc], r.arc_head[arc]
        if time[tail] < UNREACHED and time[tail] + r.arc_seconds[arc] == time[head] and mark[head] == 0:
            mark[head] = SUSPECT
            size = push(heap_time, heap_node, size, time[head], head)
    start, neighbour, seconds, owner = r.by_tail
    while size:
        size = pop(heap_time, heap_node, size)
        node = heap_node[size]
        r.suspects[count] = node
        count += 1
        if _has_tight_arc(r, row, node):
            continue
        mark[node] = AFFECTED
        for arc in range(start[node], start[node + 1]):
            to = neighbour[arc]
            if mark[to] == 0 and time[node] + seconds[arc] == time[to] and is_open[owner[arc]]:
                mark[to] = SUSPECT
                size = push(heap_time, heap_node, size, time[to], to)
    return count


@compiled_inner
def _has_tight_arc(r: ShortestTimes, row: Whole, node: Whole) -> bool:
    """Return whether a tight open arc leads from an unaffected node to this one."""
    time, mark = r.time[row], r.mark
    start, neighbour, seconds, owner = r.by_head
    for arc in range(start[node], start[node + 1]):
        if (
            mark[neighbour[arc]] != AFFECTED
            and r.is_open[owner[arc]]
            and time[neighbour[arc]] + seconds[arc] == time[node]
        ):
            return True
    return False


@compiled_inner
def undo(r: ShortestTimes, length: Whole) -> None:
    """Undo changes, latest first, until the log has an earlier length again.

    Parameters
    ----------
    r
        Changed in place. Its log must not have overflowed since.
    length
        `log_state[LOG_LENGTH]` at the time to return to.
    """
    nodes, log_at, log_time, is_open = r.time.shape[1], r.log_at, r.log_time, r.is_open
    last = r.log_state[LOG_LENGTH]
    while last > length:
        last -= 1
        at = log_at[last]
        if at < 0:
            is_open[-1 - at] = not is_open[-1 - at]
        else:
            row = at // nodes
            r.time[row, at - row * nodes] = log_time[last]
            r.touched[row] = True
    r.log_state[LOG_LENGTH] = last


class PairArcs(NamedTuple):
    """Arcs of candidates that each pair can use, sorted by pair, then by candidate.

    Attributes
    ----------
    start
        int64 [K + 1]: the arcs of pair k are `start[k]:start[k + 1]`.
    tail, head, owner
        int32 [A]: end nodes and candidate of each arc.
    seconds
        int64 [A], times.
    """

    start: Integers
    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    owner: NDArray[np.int32]
    seconds: Integers


class SearchWorkspace(Record):
    """A plan with its shortest times and covered pairs, and the working arrays of the local search.

    Attributes
    ----------
    t
        The problem.
    forward, backward
        Times from each origin and to each destination. `forward.is_open` is the plan; `backward` is brought
        up to date only when gains are computed (`update_backward`).
    pair_arcs
        Arcs of candidates that each pair can use.
    is_plain
        Whether the problem has no caps, capacities, excludes and requires.
    is_covered
        bool [K], pairs covered by the plan.
    group
        int64 [J + 1]: candidates that the next move opens or closes together, from the front.
    best_group, is_fresh
        int64 [J + 1], bool [J + 1]: the best group so far, and candidates whose loss is up to date.
    preference
        float64 [J], > 0: factor on the gain of each candidate; 1 is neutral.
    price
        int64 [J]: cost of each candidate in searches for constrained paths.
    value
        float64 [K]: increase of the penalised objective when each pair is covered.
    enables
        bool [A]: whether the arc alone brings its pair within the limit, as of `checked_at`.
    checked_at, changed_at, changed_backward_at
        int64 [K], [O], [D]: clock when the arcs of each pair were last checked, and when each row of times
        last changed.
    clock
        int64 [1], counts changes.
    gain, loss
        float64 [J]: change of the penalised objective when a candidate is opened or closed; a loss is -1
        where unknown, and may be out of date.
    labels, settled
        int64 [7 x L], [n]: working arrays of the searches for constrained paths.
    random
        uint64 [1], state of the random number generator.
    """

    t: Tables
    forward: ShortestTimes
    backward: ShortestTimes
    pair_arcs: PairArcs
    is_plain: bool
    is_covered: Mask
    group: Integers
    best_group: Integers
    is_fresh: Mask
    preference: Floats
    price: Integers
    value: Floats
    enables: Mask
    checked_at: Integers
    changed_at: Integers
    changed_backward_at: Integers
    clock: Integers
    gain: Floats
    loss: Floats
    labels: Integers
    settled: Integers
    random: NDArray[np.uint64]

    @property
    def is_open(self) -> Mask:
        """Return the plan: bool [J + 1], the last place True."""
        return self.forward.is_open


def new_workspace(t: Tables, start: Mask, *, seed: int = 0) -> SearchWorkspace:
    """Return the workspace of a problem, set to a plan.

    Parameters
    ----------
    t
        The problem.
    start
        bool [J + 1], the plan; the last entry is True.
    seed
        Seed of the random numbers.
    """
    candidate_arcs = (t.arc_start, t.arc_tail, t.arc_head, t.arc_seconds)
    reversed_candidate_arcs = (t.arc_start, t.arc_head, t.arc_tail, t.arc_seconds)
    side, (start_of_pair, arc) = t.side, usable_candidate_arcs(t)
    tail, head, owner = (
        column[arc].astype(np.int32)
        for column in (t.arc_tail, t.arc_head, np.repeat(np.arange(t.size), np.diff(t.arc_start)))
    )
    arcs = PairArcs(start_of_pair, tail, head, owner, t.arc_seconds[arc])
    reach = _latest_times(t.limit, t.origin_row, t.to_destination, t.destination_row, len(t.origins))
    reach_backward = _latest_times(
        t.limit, t.destination_row, t.from_origin, t.origin_row, len(t.destinations)
    )
    found = SearchWorkspace(
        t=t,
        forward=shortest_times(t.net, t.back_net, candidate_arcs, t.origins, reach),
        backward=shortest_times(t.back_net, t.net, reversed_candidate_arcs, t.destinations, reach_backward),
        pair_arcs=arcs,
        is_plain=not (len(side.limit_most) or len(side.exclude) or len(side.require)),
        is_covered=np.zeros(len(t.limit), np.bool_),
        group=np.zeros(t.size + 1, np.int64),
        best_group=np.zeros(t.size + 1, np.int64),
        is_fresh=np.zeros(t.size + 1, np.bool_),
        preference=np.ones(t.size),
        price=np.ones(t.size, np.int64),
        value=np.zeros(len(t.limit)),
        enables=np.zeros(len(arcs.tail), np.bool_),
        checked_at=np.full(len(t.limit), -1, np.int64),
        changed_at=np.zeros(len(t.origins), np.int64),
        changed_backward_at=np.zeros(len(t.destinations), np.int64),
        clock=np.zeros(1, np.int64),
        gain=np.zeros(t.size),
        loss=np.full(t.size, -1.0),
        labels=np.zeros((7, MOST_LABELS), np.int64),
        settled=np.zeros(t.from_origin.shape[1], np.int64),
        random=np.array([seed], np.uint64),
    )
    move_to(found, start)
    return found


def _latest_times(
    limit: Integers, row: Integers, rest_time: Integers, rest_row: Integers, count: int
) -> Integers:
    """Return int64 [count x n], the latest time at each node from which a pair of the row can be covered."""
    reach = np.full((count, rest_time.shape[1]), -1, np.int64)
    for k in range(len(limit)):
        np.maximum(reach[row[k]], limit[k] - rest_time[rest_row[k]], out=reach[row[k]])
    return reach


@compiled_inner
def refresh_coverage(s: SearchWorkspace) -> None:
    """Update `is_covered` for the pairs of origins whose times changed."""
    t, touched, time, is_covered = s.t, s.forward.touched, s.forward.time, s.is_covered
    first, limit, destination = t.first_pair, t.limit, t.destination
    s.clock[0] += 1
    for row in range(touched.size):
        if touched[row]:
            touched[row] = False
            s.changed_at[row] = s.clock[0]
            for k in range(first[row], first[row + 1]):
                is_covered[k] = time[row, destination[k]] <= limit[k]


@compiled_inner
def is_in_group(s: SearchWorkspace, count: Whole, j: Whole) -> bool:
    """Return whether a candidate is among the first `count` of the group."""
    is_in = False
    for at in range(count):
        is_in = is_in or s.group[at] == j
    return is_in


@compiled
def move_to(s: SearchWorkspace, plan: Mask) -> None:
    """Set the workspace to a plan, and restart the logs there.

    Parameters
    ----------
    s
        Changed in place.
    plan
        bool [J + 1].
    """
    # Undoing is cheap, and the plans of one search differ little from the last one where the logs began.
    for r in (s.forward, s.backward):
        if r.log_state[LOG_OVERFLOWED] == 0:
            undo(r, ZERO)
        for j in range(plan.size - 1):
            if r.is_open[j] != plan[j]:
                toggle(r, j)
        r.log_state[:] = 0
    refresh_coverage(s)


@compiled
def restart_logs(s: SearchWorkspace) -> None:
    """Empty the logs, so that later undoing returns to the current plan."""
    s.forward.log_state[:] = 0
    update_backward(s)
    s.backward.log_state[:] = 0


@compiled_inner
def update_backward(s: SearchWorkspace) -> None:
    """Toggle candidates in `s.backward` until its times belong to the plan."""
    for j in range(s.forward.is_open.size - 1):
        if s.backward.is_open[j] != s.forward.is_open[j]:
            toggle(s.backward, j)


@compiled
def flip(s: SearchWorkspace, count: Whole) -> None:
    """Toggle the first `count` candidates of `s.group` in the plan.

    Parameters
    ----------
    s
        Changed in place.
    count
        Number of candidates.
    """
    for i in range(count):
        toggle(s.forward, s.group[i])
    refresh_coverage(s)


@compiled_inner
def flip_back(s: SearchWorkspace, length: Whole, count: Whole) -> None:
    """Undo the last `flip`.

    Parameters
    ----------
    s
        Changed in place.
    length
        Length of the forward log before the flip.
    count
        Number of candidates of `s.group` that were toggled.
    """
    if s.forward.log_state[LOG_OVERFLOWED] == 0:
        undo(s.forward, length)
        refresh_coverage(s)
    else:
        flip(s, count)


@compiled
def add_dependants(s: SearchWorkspace, count: int) -> int:
    """Extend the group by the candidates that requirements force to change with it; return its size.

    Parameters
    ----------
    s
        Its `group` is extended.
    count
        Number of candidates in the group, all open or all closed. To open candidates means to open what they
        require; to close candidates means to close what requires them.
    """
    at, require, is_open = 0, s.t.side.require, s.forward.is_open
    while at < count and require.shape[0]:
        j = s.group[at]
        side = 1 if is_open[j] else 0
        for row in range(require.shape[0]):
            other = require[row, 1 - side]
            is_bound = require[row, side] == j and is_open[other] == is_open[j]
            if is_bound and not is_in_group(s, count, other):
                s.group[count] = other
                count += 1
        at += 1
    return count


@compiled_inner
def set_group(s: SearchWorkspace, j: Whole) -> int:
    """Set the group to a candidate and its dependants; return its size."""
    s.group[0] = j
    return add_dependants(s, ONE)


@compiled_inner
def random_number(s: SearchWorkspace) -> float:
    """Return a random number in [0, 1) (SplitMix64 of Steele, Lea and Flood, OOPSLA 2014, figure 17)."""
    s.random[0] += np.uint64(0x9E3779B97F4A7C15)
    z = s.random[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) * (1.0 / 9007199254740992.0)
