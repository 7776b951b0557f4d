"""Maintain a plan with its shortest times and covered pairs from move to move."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.methods.heuristics.dynamic_sssp import (
    LOG_OVERFLOWED,
    ShortestTimes,
    shortest_times,
    toggle,
    undo,
)
from optimiser.engine.search.compiled import ONE, ZERO, Record, compiled, compiled_inner
from optimiser.engine.search.paths import Floats, Integers, Mask, Whole
from optimiser.engine.search.tables import Tables, usable_candidate_arcs

MOST_LABELS = 1 << 14
"""Most labels of one search for a constrained path."""


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


def pair_arcs(t: Tables) -> PairArcs:
    """Return the arcs of candidates that each pair can use."""
    start, arc = usable_candidate_arcs(t)
    owner = np.repeat(np.arange(t.size), np.diff(t.arc_start))
    return PairArcs(
        start=start,
        tail=t.arc_tail[arc].astype(np.int32),
        head=t.arc_head[arc].astype(np.int32),
        owner=owner[arc].astype(np.int32),
        seconds=t.arc_seconds[arc],
    )


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
    side, arcs = t.side, pair_arcs(t)
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
        left = limit[k] - rest_time[rest_row[k]]
        np.maximum(reach[row[k]], left, out=reach[row[k]])
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
    for j in range(s.gain.size):
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
            if require[row, side] == j and is_open[other] == is_open[j]:
                known = False
                for i in range(count):
                    known |= s.group[i] == other
                if not known:
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
