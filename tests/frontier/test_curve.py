from __future__ import annotations

import pytest
from core_drawing import dense_problem
from frontier_drawing import places_of, traced

from optimiser.frontier import Limits
from optimiser.frontier.curve import band, curve, knee, marginal_order
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
