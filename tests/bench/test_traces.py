"""Times are read off traces as a reader would."""

from __future__ import annotations

import math

from bench_drawing import trace

from optimiser.bench import rows as traces
from optimiser.problem.result import TracePoint

LINE = trace((0.0, None, 200.0), (1.0, 50, 200.0), (2.0, 90, 150.0), (5.0, 99, 100.0), (9.0, 100, 100.0))


def test_the_first_time_at_a_gap():
    assert traces.time_to_gap(LINE, 0.7, minimise=False) == 2.0
    assert traces.time_to_gap(LINE, 0.0, minimise=False) == 9.0
    assert traces.time_to_gap(LINE[:3], 0.01, minimise=False) is None


def test_the_first_time_near_the_best_plan():
    assert traces.time_to_plan(LINE, 100, 0.01, minimise=False) == 5.0
    assert traces.time_to_plan(LINE, 100, 0.10, minimise=False) == 2.0
    assert traces.time_to_plan(LINE, 200, 0.01, minimise=False) is None


def test_of_costs_a_plan_is_near_from_above():
    costs = trace((0.0, 300, 10.0), (1.0, 202, 10.0), (2.0, 200, 200.0))
    assert traces.time_to_plan(costs, 200, 0.01, minimise=True) == 1.0
    assert traces.time_to_gap(costs, 0.0, minimise=True) == 2.0


def test_gaps_at_moments_are_the_smallest_so_far():
    assert traces.gaps_over_time(LINE, (0.5, 1.0, 4.0, 9.0), minimise=False) == (math.inf, 3.0, 60 / 90, 0.0)


def test_a_trace_is_read_back_unchanged(tmp_path):
    path = tmp_path / "t.csv"
    traces.save(LINE, path, TracePoint)
    assert traces.load(path, TracePoint) == [*LINE]
    assert traces.load(tmp_path / "absent.csv", TracePoint) == []


def test_the_root_ends_with_the_last_bound_before_branching():
    steps = [(0.1, "presolve", 200.0), (1.0, "relaxation", 150.0), (2.0, "root", 140.0), (3.0, "tree", 130.0)]
    line = [TracePoint(seconds, step, 100, bound) for seconds, step, bound in steps]
    assert traces.root_of(line) == (140.0, 2.0)
    assert traces.root_of(line[:1]) == (None, None)
