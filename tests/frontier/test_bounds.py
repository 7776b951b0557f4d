"""What is proved at one point holds at every easier one, and plans count wherever they fit."""

from __future__ import annotations

import itertools

import pytest
from core_drawing import dense_problem
from frontier_drawing import non_dominated, places_of, traced
from hypothesis import given
from hypothesis import strategies as st

from optimiser import verify
from optimiser.frontier import Limits
from optimiser.frontier.curve import band, curve, knee
from optimiser.frontier.curve import marginal_order
from optimiser.frontier.region import Box, Region
from optimiser.problem.errors import ProblemError
from optimiser.problem.result import rounded_bound

SEEDS = [0, 3, 5, 7, 11, 17, 31, 42]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("gap", [0.0, 0.3])
def test_no_bound_is_below_a_plan_of_a_smaller_or_equal_budget(seed, gap, monkeypatch):
    tracer, points = traced(dense_problem(seed), monkeypatch, limits=Limits(points=0, gap=gap))
    for point, other in itertools.product(tracer.front(), points):
        if other.cost <= point.asked.budget:
            assert rounded_bound(point.bound) >= other.value


@pytest.mark.parametrize("seed", SEEDS)
def test_the_band_holds_every_plan_there_is(seed, monkeypatch):
    problem = dense_problem(seed)
    tracer, _ = traced(problem, monkeypatch, limits=Limits(points=3))
    steps = curve(tracer).band
    for cost, value in places_of(problem, "two_way"):
        assert all(step.bound >= value for step in steps if step.budget >= cost)


@pytest.mark.parametrize("seed", SEEDS)
def test_with_a_gap_no_plan_is_better_than_the_front_by_more_than_it(seed, monkeypatch):
    problem, gap = dense_problem(seed), 0.25
    front = traced(problem, monkeypatch, limits=Limits(points=0, gap=gap))[0].front()
    for cost, value in non_dominated(places_of(problem, "two_way")):
        best = max(point.value for point in front if point.cost <= cost)
        assert value - best <= gap * max(1, best)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_point_of_a_front_dominates_another_one(seed, monkeypatch):
    front = traced(dense_problem(seed), monkeypatch, limits=Limits(points=0, gap=0.3))[0].front()
    places = [point.place for point in front]
    assert non_dominated(places) == sorted(set(places)) == sorted(places)


@pytest.mark.parametrize("seed", SEEDS)
def test_points_on_a_grid_lie_on_the_frontier(seed, monkeypatch):
    problem = dense_problem(seed)
    front = traced(problem, monkeypatch, limits=Limits(points=5, placing="even"))[0].front()
    assert {point.place for point in front} <= set(non_dominated(places_of(problem, "two_way")))


@pytest.mark.parametrize("axes", ["two_way", "three_way"])
def test_each_point_is_a_verified_plan_of_its_own_problem(axes, monkeypatch):
    problem = dense_problem(31)
    groups = tuple(group for group in problem.groups if group)[:2]
    tracer, _ = traced(problem, monkeypatch, axes=axes, groups=groups)
    for point in tracer.front():
        own = point.problem(problem, tracer.axes)
        assert verify.check(own, point.result(own.name)).status == "optimal"


def test_groups_that_the_problem_lacks_are_named(monkeypatch):
    with pytest.raises(ProblemError, match="there is no pair of group 'tiny'"):
        traced(dense_problem(31), monkeypatch, axes="three_way", groups=("small", "tiny"))


def test_limits_outside_their_ranges_are_all_named():
    with pytest.raises(ProblemError, match=r"(?s)points -1 .*gap -0.1 .*limit 0 s"):
        Limits(points=-1, gap=-0.1, point_s=0)


sides = st.tuples(st.integers(0, 6), st.integers(0, 6)).map(sorted)
boxes = st.tuples(sides, sides).map(lambda both: Box(*zip(*both, strict=True)))


@given(box=boxes, cut=boxes, axes=st.permutations([0, 1]))
def test_what_is_left_of_a_box_parts_the_levels_outside_the_cut(box, cut, axes):
    parts = list(box.without(cut.low, cut.high, axes))
    for level in itertools.product(range(7), range(7)):
        there = box.holds(level) and not cut.holds(level)
        assert sum(part.holds(level) for part in parts) == there


@given(st.lists(boxes, max_size=6))
def test_a_level_is_open_until_it_is_settled(cuts):
    region = Region((0, 0), (6, 6))
    for cut in cuts:
        region.settle(cut.low, cut.high)
    for level in itertools.product(range(7), range(7)):
        assert region.is_open(level) == (not any(cut.holds(level) for cut in cuts))


def test_bounds_reach_up_and_plans_reach_down():
    region = Region((0,), (9,))
    region.proved((4,), 10.0)
    region.found((6,), 12.0)
    assert [region.lower((e,)) for e in (3, 4, 9)] == [float("-inf"), 10.0, 10.0]
    assert [region.upper((e,)) for e in (0, 6, 7)] == [12.0, 12.0, float("inf")]


def test_a_box_whose_bounds_agree_is_no_longer_open():
    region = Region((0,), (9,))
    region.proved((0,), 12.0)
    region.found((9,), 12.0)
    assert region.widest() is None


def test_the_band_is_the_best_bound_of_larger_budgets():
    region = Region((-10,), (0,))
    for budget, bound in ((10, -7.0), (6, -5.0), (4, -6.0), (2, -3.0)):
        region.proved((-budget,), bound)
    assert [(step.budget, step.bound) for step in band(region, 10)] == [(2, 3.0), (6, 5.0), (10, 7.0)]


def test_the_knee_bulges_most_from_the_chord():
    assert knee([(0, 0), (2, 8), (5, 9), (10, 10)]) == 1


def test_a_straight_frontier_has_no_knee():
    assert knee([(0, 0), (5, 5), (10, 10)]) is None


def test_links_enter_in_the_order_of_cost(monkeypatch):
    front = traced(dense_problem(5), monkeypatch)[0].front()
    order = marginal_order(front)
    assert [link.enters for link in order] == sorted(link.enters for link in order)
    for link in order:
        there = [link.id in point.plan.built for point in front]
        assert there.index(True) == link.enters
        assert link.stays == all(there[link.enters :])
