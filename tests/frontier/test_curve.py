from __future__ import annotations

from types import SimpleNamespace

import pytest
from core_drawing import dense_problem
from frontier_drawing import places_of, traced

from optimiser.frontier import Limits
from optimiser.frontier.curve import STEADY, band, curve, knee, marginal_order
from optimiser.frontier.region import Region

SEEDS = [0, 3, 5, 7, 11, 17, 31, 42]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_band_holds_every_plan_there_is(seed, monkeypatch):
    problem = dense_problem(seed)
    tracer, _ = traced(problem, monkeypatch, limits=Limits(points=3))
    steps = curve(tracer).band
    for cost, value in places_of(problem, "two_way"):
        assert all(step.bound >= value for step in steps if step.budget >= cost)


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


def points_of(*plans):
    """Return points that cost 10, 20, ... and build these plans; the order of links reads nothing else."""
    return [SimpleNamespace(cost=10 * k, plan=SimpleNamespace(built=plan)) for k, plan in enumerate(plans, 1)]


def test_the_order_says_of_each_link_when_it_enters_and_how_often_it_stays():
    a, b, c, d = marginal_order(points_of("a", "ab", "bc", "abcd"))
    assert [link.id for link in (a, b, c, d)] == ["a", "b", "c", "d"]
    assert (a.enters, a.cost_of_entry, a.points, a.share, a.leaves, a.stays) == (0, 10, 3, 0.75, 1, False)
    assert (b.enters, b.cost_of_entry, b.points, b.share, b.leaves, b.stays) == (1, 20, 3, 1.0, 0, True)
    assert (d.enters, d.cost_of_entry, d.points, d.share, d.leaves, d.stays) == (3, 40, 1, 1.0, 0, True)


def test_the_core_is_steady_and_in_half_of_all_points():
    order = marginal_order(points_of("a", "ab", "bc", "abcd"))
    assert {link.id: link.core for link in order} == {"a": False, "b": True, "c": True, "d": False}


@pytest.mark.parametrize(("gaps", "core"), [(1, True), (2, False)])
def test_a_link_of_a_three_way_frontier_may_miss_one_point_of_ten(gaps, core):
    plans = ["a"] + [""] * gaps + ["a"] * (9 - gaps)
    (link,) = marginal_order(points_of(*plans), steady=STEADY["three_way"])
    assert (link.core, link.stays) == (core, False)
    assert not marginal_order(points_of(*plans), steady=STEADY["two_way"])[0].core
