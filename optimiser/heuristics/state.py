"""Hold a plan with all that the moves of the heuristics look at, kept right step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np
from numba import types
from numba.experimental import structref
from numpy.typing import NDArray

from optimiser.compiled import compiled
from optimiser.heuristics.hops import Hops, hops
from optimiser.heuristics.rows import BROKEN, LENGTH, Rows, held, rows, toggle, undo
from optimiser.paths import Graph, Integers, Mask, Whole
from optimiser.scoring import breach, missing, worth
from optimiser.tables import Tables

FIRST = 2.0**40
"""What one unit of a shortfall counts against one unit of objective."""


LABELS = 1 << 14
"""Most labels of one search."""

type Floats = NDArray[np.float64]


class State(NamedTuple):
    """A plan, its times from origins and to destinations, and its covered pairs.

    Attributes
    ----------
    t
        The problem, for `scoring`; what follows is the same as in `Tables` and `Side`.
    ahead, behind
        Times from each origin and to each destination. `ahead.is_open` is the plan; `behind` follows when
        gains are asked for.
    hops
        Arcs of candidates that each pair can use.
    plain
        bool [1]: no caps, excludes or requires.
    met
        bool [K], the covered pairs.
    listed
        int64 [J + 1], work space for candidates that change together.
    kept, fresh
        int64 [J + 1] and bool [J + 1], work space for the best candidates so far and for those looked at.
    tilt
        float64 [J]: how much each candidate is liked beyond what it gains; 1 is neutral.
    price
        int64 [J]: what each candidate counts in label searches.
    value
        float64 [K], work space: what covering each pair is worth now.
    hit
        bool [H]: the hop brings its pair within the limit, as of `seen`.
    seen
        int64 [K]: when the hops of each pair were looked at.
    changed, changed_behind
        int64 [O], [D]: when each row changed last.
    now
        int64 [1]: counts changes.
    gained, lost
        float64 [J]: what opening and closing would change, as far as known; -1 where it is not known.
    labels
        int64 [7 x L], work space for label searches.
    settled
        int64 [n], work space for label searches.
    chance
        uint64 [1], the state of the random numbers.
    """

    t: Tables
    net: Graph
    cost: Integers
    origin: Integers
    destination: Integers
    limit: Integers
    weight: Integers
    origin_row: Integers
    destination_row: Integers
    first_pair: Integers
    back: Integers
    budget: int
    must_cover: bool
    require: Integers
    city_start: Integers
    city_pair: Integers
    city_need: Integers
    city_weight: Integers
    target_least: Integers
    target_pair_start: Integers
    target_pair: Integers
    target_city_start: Integers
    target_city: Integers
    ahead: Rows
    behind: Rows
    hops: Hops
    plain: Mask
    met: Mask
    listed: Integers
    kept: Integers
    fresh: Mask
    tilt: Floats
    price: Integers
    value: Floats
    hit: Mask
    seen: Integers
    changed: Integers
    changed_behind: Integers
    now: Integers
    gained: Floats
    lost: Floats
    labels: Integers
    settled: Integers
    chance: NDArray[np.uint64]


@structref.register
class StateType(types.StructRef):
    """Type of `State` in compiled code."""


class StateHeld(structref.StructRefProxy):
    """`State` as compiled code takes it: the same arrays behind one pointer."""


structref.define_proxy(StateHeld, StateType, list(State._fields))  # type: ignore[no-untyped-call] # numba does not say


class Work(NamedTuple):
    """The arrays of a `State` that are made for it, in its order."""

    plain: Mask
    met: Mask
    listed: Integers
    kept: Integers
    fresh: Mask
    tilt: Floats
    price: Integers
    value: Floats
    hit: Mask
    seen: Integers
    changed: Integers
    changed_behind: Integers
    now: Integers
    gained: Floats
    lost: Floats
    labels: Integers
    settled: Integers
    chance: NDArray[np.uint64]


@compiled
def _held(t: Tables, ahead: Rows, behind: Rows, hops: Hops, work: Work) -> StateHeld:
    return StateHeld(  # type: ignore[no-untyped-call] # numba does not say
        t,
        t.net,
        t.cost,
        t.origin,
        t.destination,
        t.limit,
        t.weight,
        t.origin_row,
        t.destination_row,
        t.first_pair,
        t.back,
        t.budget,
        t.must_cover,
        t.side.require,
        t.side.city_start,
        t.side.city_pair,
        t.side.city_need,
        t.side.city_weight,
        t.side.target_least,
        t.side.target_pair_start,
        t.side.target_pair,
        t.side.target_city_start,
        t.side.target_city,
        ahead,
        behind,
        hops,
        work.plain,
        work.met,
        work.listed,
        work.kept,
        work.fresh,
        work.tilt,
        work.price,
        work.value,
        work.hit,
        work.seen,
        work.changed,
        work.changed_behind,
        work.now,
        work.gained,
        work.lost,
        work.labels,
        work.settled,
        work.chance,
    )


@dataclass(frozen=True, slots=True)
class Desk:
    """A state as the compiled functions take it, and those of its arrays that others read and write.

    Attributes
    ----------
    t
        The problem.
    state
        For the compiled functions.
    is_open
        bool [J + 1], the plan.
    met, listed, tilt, value, gained, lost
        As in `State`.
    """

    t: Tables
    state: State
    is_open: Mask
    met: Mask
    listed: Integers
    tilt: Floats
    value: Floats
    gained: Floats
    lost: Floats


def desk(t: Tables, start: Mask, *, seed: int = 0) -> Desk:
    """Return the state of a plan.

    Parameters
    ----------
    t
        The problem.
    start
        bool [J + 1].
    seed
        For the random numbers.
    """
    ways_out = (t.arc_start, t.arc_tail, t.arc_head, t.arc_seconds)
    ways_back = (t.arc_start, t.arc_head, t.arc_tail, t.arc_seconds)
    reach = _reach(t.limit, t.origin_row, t.back, t.destination_row, len(t.origins))
    reach_back = _reach(t.limit, t.destination_row, t.away, t.origin_row, len(t.destinations))
    ahead = rows(t.net, t.back_net, ways_out, t.origins, reach)
    behind = rows(t.back_net, t.net, ways_back, t.destinations, reach_back)
    side, listed = t.side, hops(t)
    work = Work(
        plain=np.array([not (len(side.cap_most) or len(side.exclude) or len(side.require))]),
        met=np.zeros(len(t.limit), np.bool_),
        listed=np.zeros(t.size + 1, np.int64),
        kept=np.zeros(t.size + 1, np.int64),
        fresh=np.zeros(t.size + 1, np.bool_),
        tilt=np.ones(t.size),
        price=np.ones(t.size, np.int64),
        value=np.zeros(len(t.limit)),
        hit=np.zeros(len(listed.tail), np.bool_),
        seen=np.full(len(t.limit), -1, np.int64),
        changed=np.zeros(len(t.origins), np.int64),
        changed_behind=np.zeros(len(t.destinations), np.int64),
        now=np.zeros(1, np.int64),
        gained=np.zeros(t.size),
        lost=np.full(t.size, -1.0),
        labels=np.zeros((7, LABELS), np.int64),
        settled=np.zeros(t.away.shape[1], np.int64),
        chance=np.array([seed], np.uint64),
    )
    found = cast("State", _held(t, held(ahead), held(behind), listed, work))
    move_to(found, start)
    return Desk(t, found, ahead.is_open, work.met, work.listed, work.tilt, work.value, work.gained, work.lost)


def _reach(limit: Integers, row: Integers, rest: Integers, rest_row: Integers, count: int) -> Integers:
    """Return the latest time at each node from which some pair of the row can still be in time."""
    reach = np.full((count, rest.shape[1]), -1, np.int64)
    for k in range(len(limit)):
        left = limit[k] - rest[rest_row[k]]
        np.maximum(reach[row[k]], left, out=reach[row[k]])
    return reach


@compiled
def refresh(s: State) -> None:
    """Look anew at the pairs of the origins whose times changed.

    Parameters
    ----------
    s
        The state, changed in place.
    """
    touched, time, met, limit, destination = s.ahead.touched, s.ahead.time, s.met, s.limit, s.destination
    first = s.first_pair
    s.now[0] += 1
    for row in range(touched.size):
        if touched[row]:
            touched[row] = False
            s.changed[row] = s.now[0]
            for k in range(first[row], first[row + 1]):
                met[k] = time[row, destination[k]] <= limit[k]


@compiled
def move_to(s: State, plan: Mask) -> None:
    """Open and close candidates until the state holds a plan; the logs begin anew there.

    Parameters
    ----------
    s
        The state, changed in place.
    plan
        bool [J + 1].
    """
    for r in (s.ahead, s.behind):
        if r.meter[BROKEN] == 0:
            undo(r, 0)
        for j in range(s.cost.size):
            if r.is_open[j] != plan[j]:
                toggle(r, j)
        r.meter[:] = 0
    refresh(s)


@compiled
def stay(s: State) -> None:
    """Let the logs begin anew at the plan that the state holds.

    Parameters
    ----------
    s
        The state, changed in place.
    """
    s.ahead.meter[:] = 0
    for j in range(s.cost.size):
        if s.behind.is_open[j] != s.ahead.is_open[j]:
            toggle(s.behind, j)
    s.behind.meter[:] = 0


@compiled
def take_back(s: State, length: Whole, count: Whole) -> None:
    """Take back the last moves, of the candidates that `s.listed` names.

    Parameters
    ----------
    s
        The state, changed in place.
    length
        Length of the log before them.
    count
        How many candidates are listed.
    """
    if s.ahead.meter[BROKEN] == 0:
        undo(s.ahead, length)
    else:
        for at in range(count):
            toggle(s.ahead, s.listed[at])
    refresh(s)


@compiled
def merit(s: State) -> float:
    """Return what a plan is worth but for its cost: the objective, and before it what it lacks.

    Parameters
    ----------
    s
        The state, refreshed.
    """
    value = 0.0 if s.budget < 0 else float(worth(s.t, s.met))
    if s.must_cover or s.target_least.size:
        value -= FIRST * missing(s.t, s.met)
    return value


@compiled
def turn(s: State, count: Whole) -> None:
    """Change the side of the listed candidates.

    Parameters
    ----------
    s
        The state, changed in place.
    count
        How many candidates `s.listed` names.
    """
    for at in range(count):
        toggle(s.ahead, s.listed[at])
    refresh(s)


@compiled
def turned(s: State, count: Whole) -> float:
    """Return the merit that the plan would have with the listed candidates on their other side.

    Parameters
    ----------
    s
        The state; the same afterwards.
    count
        How many candidates `s.listed` names.
    """
    length = s.ahead.meter[LENGTH]
    turn(s, count)
    value = merit(s)
    take_back(s, length, count)
    return value


@compiled
def with_dependants(s: State, count: int) -> int:
    """List after some candidates all that must change sides with them; return the number of all.

    Parameters
    ----------
    s
        The state; `listed` grows.
    count
        How many candidates are listed, all open or all closed. With closed ones opens what they require; with
        open ones closes what requires them.
    """
    at = 0
    while at < count and s.require.shape[0]:
        j = s.listed[at]
        side = 1 if s.ahead.is_open[j] else 0
        for row in range(s.require.shape[0]):
            other = s.require[row, 1 - side]
            if s.require[row, side] == j and s.ahead.is_open[other] == s.ahead.is_open[j]:
                known = False
                for i in range(count):
                    known |= s.listed[i] == other
                if not known:
                    s.listed[count] = other
                    count += 1
        at += 1
    return count


@compiled
def money_of(s: State, count: Whole) -> Whole:
    """Return what the listed candidates cost together.

    Parameters
    ----------
    s
        The state.
    count
        How many candidates are listed.
    """
    money = np.int64(0)
    for at in range(count):
        money += s.cost[s.listed[at]]
    return money


@compiled
def spent(s: State) -> Whole:
    """Return what the plan costs.

    Parameters
    ----------
    s
        The state.
    """
    money = np.int64(0)
    for j in range(s.cost.size):
        if s.ahead.is_open[j]:
            money += s.cost[j]
    return money


@compiled
def over(s: State) -> Whole:
    """Return the breach of the plan: money above budget and caps, and broken excludes and requires.

    Parameters
    ----------
    s
        The state.
    """
    if s.plain[0]:
        return 0 if s.budget < 0 else max(0, spent(s) - s.budget)
    return breach(s.t, s.ahead.is_open)


@compiled
def levels(s: State) -> tuple[float, float, float]:
    """Return the breach, what is maximised (the merit, less the cost where there is no budget), and the cost.

    Parameters
    ----------
    s
        The state, refreshed.
    """
    cost = float(spent(s))
    return float(over(s)), merit(s) - (cost if s.budget < 0 else 0.0), cost


@compiled
def breach_turned(s: State, count: Whole) -> Whole:
    """Return the breach that the plan would have with the listed candidates on their other side.

    Parameters
    ----------
    s
        The state; the same afterwards.
    count
        How many candidates `s.listed` names.
    """
    for at in range(count):
        s.ahead.is_open[s.listed[at]] = not s.ahead.is_open[s.listed[at]]
    found = over(s)
    for at in range(count):
        s.ahead.is_open[s.listed[at]] = not s.ahead.is_open[s.listed[at]]
    return found


@compiled
def draw(s: State) -> float:
    """Return a random number in 0..1 (SplitMix64 of Steele, Lea and Flood, OOPSLA 2014, figure 17).

    Parameters
    ----------
    s
        The state; `chance` moves on.
    """
    s.chance[0] += np.uint64(0x9E3779B97F4A7C15)
    z = s.chance[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) * (1.0 / 9007199254740992.0)
