from __future__ import annotations

import numpy as np
from heuristic_drawing import changes, open_line, tables_drawn
from hypothesis import given
from hypothesis import strategies as st
from tiers import examples

from optimiser.engine.methods.heuristics.greedy import nothing
from optimiser.engine.methods.heuristics.workspace import (
    LOG_LENGTH,
    LOG_OVERFLOWED,
    flip,
    move_to,
    new_workspace,
    restart_logs,
    shortest_times,
    toggle,
    undo,
)
from optimiser.engine.search.paths import UNREACHED, times_from
from optimiser.engine.search.scoring import covered_pairs
from optimiser.engine.search.tables import tables


def fresh_times(t, *, reach=None):
    if reach is None:
        reach = np.full((len(t.origins), t.from_origin.shape[1]), t.limit.max())
    arcs = (t.arc_start, t.arc_tail, t.arc_head, t.arc_seconds)
    return shortest_times(t.net, t.back_net, arcs, t.origins, reach)


def searched(t, is_open):
    return np.array([times_from(t.net, is_open, o, t.limit.max()) for o in t.origins])


@given(tables_drawn(), changes)
@examples(50)
def test_times_equal_a_fresh_search_after_any_openings_and_closings(t, js):
    r = fresh_times(t)
    for j in js:
        toggle(r, j % t.size)
    np.testing.assert_array_equal(r.time, searched(t, r.is_open))


@given(tables_drawn(), changes)
@examples(50)
def test_times_within_a_reach_equal_those_of_a_fresh_search_and_others_are_far(t, js):
    reach = np.full((len(t.origins), t.from_origin.shape[1]), -1)
    for k in range(len(t.limit)):
        row = t.origin_row[k]
        reach[row] = np.maximum(reach[row], t.limit[k] - t.to_destination[t.destination_row[k]])
    r = fresh_times(t, reach=reach)
    for j in js:
        toggle(r, j % t.size)
    times = searched(t, r.is_open)
    np.testing.assert_array_equal(r.time, np.where(times <= reach, times, UNREACHED))


@given(tables_drawn(), changes, changes)
@examples(50)
def test_undoing_brings_back_plan_and_times(t, js, more):
    r = fresh_times(t)
    for j in js:
        toggle(r, j % t.size)
    length, times, plan = r.log_state[LOG_LENGTH], r.time.copy(), r.is_open.copy()
    for j in more:
        toggle(r, j % t.size)
    undo(r, length)
    np.testing.assert_array_equal(r.time, times)
    np.testing.assert_array_equal(r.is_open, plan)


@given(tables_drawn(), st.lists(changes, max_size=6))
@examples(50)
def test_the_covered_pairs_of_a_workspace_are_those_of_its_plan(t, turns):
    at = new_workspace(t, nothing(t))
    for js in turns:
        turned = np.unique(np.array([j % t.size for j in js], np.int64))
        at.group[: len(turned)] = turned
        flip(at, len(turned))
        np.testing.assert_array_equal(at.is_covered, covered_pairs(t, at.is_open))
        if len(js) % 2:
            restart_logs(at)
    move_to(at, nothing(t))
    np.testing.assert_array_equal(at.is_covered, covered_pairs(t, nothing(t)))


def test_a_log_without_room_says_so_and_the_times_are_right_all_the_same():
    t = tables(open_line())
    r = fresh_times(t)._replace(log_at=np.empty(1, np.int64), log_time=np.empty(1, np.int64))
    for j in (0, 1, 2, 0):
        toggle(r, j)
    assert r.log_state[LOG_OVERFLOWED] == 1
    np.testing.assert_array_equal(r.time, searched(t, r.is_open))
