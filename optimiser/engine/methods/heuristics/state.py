"""Hold a plan with all that the moves of the heuristics look at."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import types
from numba.experimental import structref
from numpy.typing import NDArray

from optimiser.engine.methods.heuristics.hops import Hops
from optimiser.engine.methods.heuristics.rows import Rows
from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import Graph, Integers, Mask
from optimiser.engine.search.tables import Tables

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
def held_state(t: Tables, ahead: Rows, behind: Rows, hops: Hops, work: Work) -> StateHeld:
    """Return the state of a problem, its rows and its work space.

    Parameters
    ----------
    t, ahead, behind, hops, work
        As in `State`.
    """
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
