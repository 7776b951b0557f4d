"""Hold a plan with its times and covered pairs, and keep them right from move to move."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.methods.heuristics.dynamic_sssp import (
    OVERFLOWED,
    ShortestTimes,
    shortest_times,
    toggle,
    undo,
)
from optimiser.engine.search.compiled import ONE, ZERO, Record, compiled, compiled_inner
from optimiser.engine.search.paths import Floats, Integers, Mask, Whole
from optimiser.engine.search.tables import Tables, usable_candidate_arcs

LABELS = 1 << 14
"""Most labels of one search for a constrained path."""


class PairArcs(NamedTuple):
    """Arcs of candidates that each pair can use, pair by pair and candidate by candidate.

    Attributes
    ----------
    start
        int64 [K + 1]: arcs of each pair.
    tail, head, owner
        int32 [A]: nodes and candidate.
    seconds
        int64 [A].
    """

    start: Integers
    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    owner: NDArray[np.int32]
    seconds: Integers


def pair_arcs(t: Tables) -> PairArcs:
    """Return the arcs of candidates that each pair can use."""
    usable = usable_candidate_arcs(t)
    arc = np.nonzero(usable)[1]
    owner = np.repeat(np.arange(t.size), np.diff(t.arc_start))
    return PairArcs(
        start=np.concatenate(([0], np.cumsum(usable.sum(axis=1)))).astype(np.int64),
        tail=t.arc_tail[arc].astype(np.int32),
        head=t.arc_head[arc].astype(np.int32),
        owner=owner[arc].astype(np.int32),
        seconds=t.arc_seconds[arc],
    )


class SearchWorkspace(Record):
    """A plan, its times from origins and to destinations, its covered pairs, and arrays that moves work in.

    Attributes
    ----------
    t
        The problem.
    ahead, behind
        Times from each origin and to each destination. `ahead.is_open` is the plan; `behind` follows when
        gains are asked for.
    pair_arcs
        Arcs of candidates that each pair can use.
    is_plain
        There are no caps, excludes or requires.
    is_covered
        bool [K].
    group
        int64 [J + 1], work space: candidates that change together.
    best_group, is_fresh
        int64 [J + 1], bool [J + 1], work space: the best group so far, and candidates looked at.
    preference
        float64 [J]: how much each candidate is preferred beyond what it gains; 1 is neutral.
    price
        int64 [J]: what each candidate counts in searches for constrained paths.
    value
        float64 [K], work space: what covering each pair is worth now.
    enables
        bool [A]: the arc brings its pair within the limit, as of `checked_at`.
    checked_at, changed_at, changed_behind_at
        int64 [K], [O], [D]: when the arcs of each pair were looked at, and when each row of times changed
        last.
    clock
        int64 [1]: counts changes.
    gain, loss
        float64 [J]: what opening and closing would change, as far as known; -1 where it is not known.
    labels
        int64 [7 x L], work space of searches for constrained paths.
    settled
        int64 [n], work space of the same.
    random
        uint64 [1], state of the random numbers.
    """

    t: Tables
    ahead: ShortestTimes
    behind: ShortestTimes
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
    changed_behind_at: Integers
    clock: Integers
    gain: Floats
    loss: Floats
    labels: Integers
    settled: Integers
    random: NDArray[np.uint64]

    @property
    def is_open(self) -> Mask:
        """Return the plan: bool [J + 1], the last place True."""
        return self.ahead.is_open


def new_workspace(t: Tables, start: Mask, *, seed: int = 0) -> SearchWorkspace:
    """Return the workspace of a problem, with a plan in it.

    Parameters
    ----------
    t
        The problem.
    start
        bool [J + 1], the plan.
    seed
        For the random numbers.
    """
    out = (t.arc_start, t.arc_tail, t.arc_head, t.arc_seconds)
    back = (t.arc_start, t.arc_head, t.arc_tail, t.arc_seconds)
    side, arcs = t.side, pair_arcs(t)
    reach = _reach(t.limit, t.origin_row, t.back, t.destination_row, len(t.origins))
    reach_back = _reach(t.limit, t.destination_row, t.away, t.origin_row, len(t.destinations))
    found = SearchWorkspace(
        t=t,
        ahead=shortest_times(t.net, t.back_net, out, t.origins, reach),
        behind=shortest_times(t.back_net, t.net, back, t.destinations, reach_back),
        pair_arcs=arcs,
        is_plain=not (len(side.cap_most) or len(side.exclude) or len(side.require)),
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
        changed_behind_at=np.zeros(len(t.destinations), np.int64),
        clock=np.zeros(1, np.int64),
        gain=np.zeros(t.size),
        loss=np.full(t.size, -1.0),
        labels=np.zeros((7, LABELS), np.int64),
        settled=np.zeros(t.away.shape[1], np.int64),
        random=np.array([seed], np.uint64),
    )
    move_to(found, start)
    return found


def _reach(limit: Integers, row: Integers, rest: Integers, rest_row: Integers, count: int) -> Integers:
    """Return the latest time at each node from which some pair of the row can still be in time."""
    reach = np.full((count, rest.shape[1]), -1, np.int64)
    for k in range(len(limit)):
        left = limit[k] - rest[rest_row[k]]
        np.maximum(reach[row[k]], left, out=reach[row[k]])
    return reach


@compiled_inner
def refresh(s: SearchWorkspace) -> None:
    """Look again at the pairs of the origins whose times changed."""
    t, touched, time, is_covered = s.t, s.ahead.touched, s.ahead.time, s.is_covered
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
    """Open and close candidates until the workspace holds a plan; the logs begin anew there.

    Parameters
    ----------
    s
        Changed in place.
    plan
        bool [J + 1].
    """
    for r in (s.ahead, s.behind):
        if r.meter[OVERFLOWED] == 0:
            undo(r, ZERO)
        for j in range(plan.size - 1):
            if r.is_open[j] != plan[j]:
                toggle(r, j)
        r.meter[:] = 0
    refresh(s)


@compiled
def restart_logs(s: SearchWorkspace) -> None:
    """Let the logs begin anew at the plan that the workspace holds."""
    s.ahead.meter[:] = 0
    follow(s)
    s.behind.meter[:] = 0


@compiled_inner
def follow(s: SearchWorkspace) -> None:
    """Bring the times to destinations to the plan."""
    for j in range(s.gain.size):
        if s.behind.is_open[j] != s.ahead.is_open[j]:
            toggle(s.behind, j)


@compiled
def flip(s: SearchWorkspace, count: Whole) -> None:
    """Change the side of the first candidates of `s.group`.

    Parameters
    ----------
    s
        Changed in place.
    count
        How many.
    """
    for at in range(count):
        toggle(s.ahead, s.group[at])
    refresh(s)


@compiled_inner
def flip_back(s: SearchWorkspace, length: Whole, count: Whole) -> None:
    """Take back the last flip.

    Parameters
    ----------
    s
        Changed in place.
    length
        Length of the log before it.
    count
        How many candidates of `s.group` changed.
    """
    if s.ahead.meter[OVERFLOWED] == 0:
        undo(s.ahead, length)
        refresh(s)
    else:
        flip(s, count)


@compiled
def with_dependants(s: SearchWorkspace, count: int) -> int:
    """Add to the group all that must change sides with its candidates; return how many there are.

    Parameters
    ----------
    s
        `group` grows.
    count
        How many candidates there are, all open or all closed. With closed ones opens what they require; with
        open ones closes what requires them.
    """
    at, require, is_open = 0, s.t.side.require, s.ahead.is_open
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
def group_of(s: SearchWorkspace, j: Whole) -> int:
    """Make a candidate and its dependants the group; return how many there are."""
    s.group[0] = j
    return with_dependants(s, ONE)


@compiled_inner
def draw(s: SearchWorkspace) -> float:
    """Return a random number in 0..1 (SplitMix64 of Steele, Lea and Flood, OOPSLA 2014, figure 17)."""
    s.random[0] += np.uint64(0x9E3779B97F4A7C15)
    z = s.random[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) * (1.0 / 9007199254740992.0)
