"""Set a plan up for the compiled moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from optimiser.engine.methods.heuristics.hops import hops
from optimiser.engine.methods.heuristics.rows import held, rows
from optimiser.engine.methods.heuristics.state import LABELS, Floats, State, Work, held_state
from optimiser.engine.methods.heuristics.steps import move_to
from optimiser.engine.search.paths import Integers, Mask
from optimiser.engine.search.tables import Tables


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
    found = cast("State", held_state(t, held(ahead), held(behind), listed, work))
    move_to(found, start)
    return Desk(t, found, ahead.is_open, work.met, work.listed, work.tilt, work.value, work.gained, work.lost)


def _reach(limit: Integers, row: Integers, rest: Integers, rest_row: Integers, count: int) -> Integers:
    """Return the latest time at each node from which some pair of the row can still be in time."""
    reach = np.full((count, rest.shape[1]), -1, np.int64)
    for k in range(len(limit)):
        left = limit[k] - rest[rest_row[k]]
        np.maximum(reach[row[k]], left, out=reach[row[k]])
    return reach
