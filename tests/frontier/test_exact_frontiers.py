"""A frontier of a small problem is the one that trying every plan gives."""

from __future__ import annotations

import pytest
from core_drawing import dense_problem, line, side_problems
from frontier_drawing import non_dominated, places_of, traced
from hypothesis import HealthCheck, given, settings

from optimiser.problem.errors import InfeasibleError

FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def front_or_none(problem, monkeypatch, **asked):
    try:
        tracer, _ = traced(problem, monkeypatch, **asked)
    except InfeasibleError:
        return None
    return tracer


def places(tracer):
    return sorted(point.place for point in tracer.front())


def test_the_frontier_of_a_line_leaves_out_the_shortcut_that_another_beats(monkeypatch):
    tracer, _ = traced(line(), monkeypatch)
    assert places(tracer) == [(0, 2), (3, 14), (7, 18)]


@pytest.mark.parametrize("seed", range(60))
def test_a_two_way_frontier_equals_brute_force(seed, monkeypatch):
    problem = dense_problem(seed)
    tracer = front_or_none(problem, monkeypatch)
    expected = non_dominated(places_of(problem, "two_way"))
    assert (places(tracer) if tracer else []) == expected
    assert not expected or tracer.state.ended == "complete"


@pytest.mark.parametrize("seed", range(60, 110))
def test_a_three_way_frontier_equals_brute_force(seed, monkeypatch):
    problem = dense_problem(seed)
    groups = tuple(sorted(group for group in problem.groups if group))
    if len(groups) < 2:
        pytest.skip("drawn without two groups")
    tracer = front_or_none(problem, monkeypatch, axes="three_way", groups=groups[:2])
    expected = non_dominated(places_of(problem, "three_way", groups[:2]))
    assert (places(tracer) if tracer else []) == expected


@FEW
@given(problem=side_problems())
def test_a_frontier_with_every_side_constraint_equals_brute_force(problem, monkeypatch):
    tracer = front_or_none(problem, monkeypatch)
    assert (places(tracer) if tracer else []) == non_dominated(places_of(problem, "two_way"))


def test_two_threads_find_the_same_frontier_as_one(monkeypatch):
    problem = dense_problem(7)
    assert places(traced(problem, monkeypatch)[0]) == places(traced(problem, monkeypatch, threads=2)[0])
