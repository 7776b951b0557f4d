"""Problems with rings and periods have frontiers too, by a solve each."""

from __future__ import annotations

import pytest
from frontier_drawing import non_dominated, traced, whole_places
from ring_drawing import ring_problem, ringed, square

from optimiser import verify
from optimiser.problem.errors import InfeasibleError, ProblemError
from optimiser.problem.model import Period


def test_a_required_ring_is_the_cheap_end(monkeypatch):
    tracer, _ = traced(ringed(), monkeypatch)
    points = tracer.front()
    assert [point.place for point in points] == [(5, 1), (9, 10)]
    assert [sorted(point.plan.rings) for point in points] == [["square"], ["square"]]


def test_a_rewarded_ring_enters_where_it_pays(monkeypatch):
    problem = ringed(square(required=False, reward=5))
    assert [point.place for point in traced(problem, monkeypatch)[0].front()] == [(0, 1), (4, 10), (9, 15)]


def test_each_point_is_a_verified_plan_of_its_own_problem(monkeypatch):
    problem = ringed()
    tracer, _ = traced(problem, monkeypatch)
    for point in tracer.front():
        own = point.problem(problem, tracer.axes)
        assert verify.check(own, point.result(own.name)).status == "optimal"


def test_a_budget_is_shared_out_over_the_periods(monkeypatch):
    periods = (Period("now", 1, 1), Period("later", 3, 1))
    problem = ringed(square(required=False), budget=4, periods=periods)
    points = traced(problem, monkeypatch)[0].front()
    assert [point.place for point in points] == [(0, 2), (4, 11), (16, 20)]
    assert points[-1].plan.starts == {"fast": 0}


@pytest.mark.parametrize("seed", range(25))
def test_frontiers_with_rings_and_periods_equal_brute_force(seed, monkeypatch):
    problem = ring_problem(seed)
    try:
        tracer, _ = traced(problem, monkeypatch)
    except InfeasibleError:
        assert not whole_places(problem)
        return
    assert sorted(point.place for point in tracer.front()) == non_dominated(whole_places(problem))


def test_three_ways_do_not_go_with_periods(monkeypatch):
    problem = ringed(budget=9, periods=(Period("now", 9, 1),))
    pairs = tuple(
        type(pair)(pair.origin, pair.destination, pair.limit, pair.weight, group)
        for pair, group in zip(problem.pairs, ("secondary", "small"), strict=True)
    )
    with pytest.raises(ProblemError, match="goes with no periods"):
        traced(problem.replace(pairs=pairs), monkeypatch, axes="three_way")
