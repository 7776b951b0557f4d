"""Points of a frontier by hand: which dominate, their order, their gaps and results."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from optimiser.engine.search.task import Question
from optimiser.engine.solve import versions
from optimiser.frontier.point import Answer, EvaluatedPoint, Point, ProvenRegion, dominates, front
from optimiser.problem.result import ProofSource


def point(cost, *reached, asked=None, bound=None, needs=None, late=False):
    of_axes = {
        "needs": cost if needs is None else needs,
        "reached": reached,
        "by_group": {"all": sum(reached)},
    }
    plan = EvaluatedPoint(("a",), cost, sum(reached), sum(reached), (), **of_axes)
    question = asked or Question(cost, (0,) * len(reached), cheapest=False)
    answer = Answer(
        question,
        plan.built,
        bound,
        empty=False,
        seconds=1.23456,
        whole_seconds=2.0,
        warm=False,
        reason="time" if late else "answered",
        solver="HiGHS 1",
    )
    return Point.of(answer, plan, seed=3, threads=2)


@pytest.mark.parametrize(
    ("first", "second", "does"),
    [
        ((3, 5), (4, 5), True),
        ((3, 6), (3, 5), True),
        ((3, 5), (3, 5), False),
        ((4, 6), (3, 5), False),
        ((3, 5, 7), (3, 5, 6), True),
        ((3, 5, 7), (4, 6, 6), False),
    ],
)
def test_a_point_dominates_what_is_nowhere_better_and_somewhere_worse(first, second, does):
    assert dominates(point(*first), point(*second)) == does


def test_money_that_early_periods_lack_counts_in_the_place_of_a_point():
    assert point(3, 5, needs=8).place == (8, 5)
    assert dominates(point(4, 5), point(3, 5, needs=8))


def fronted(*points, levels=None, region=None):
    region = region or ProvenRegion((-99,) * 2, (0,) * 2)
    return front(points, region, levels or {one.asked: (0, 0) for one in points})


def test_a_front_goes_by_cost_and_has_no_dominated_point():
    points = [point(7, 9, 2), point(3, 5, 5), point(8, 9, 1), point(7, 2, 9), point(3, 4, 5), point(0, 0, 0)]
    for order in itertools.permutations(points[:4]):
        assert [one.place for one in fronted(*order, *points[4:])] == [
            (0, 0, 0),
            (3, 5, 5),
            (7, 9, 2),
            (7, 2, 9),
        ]


def test_of_two_points_at_one_place_the_one_with_the_smaller_gap_stays():
    wide, near, none = (point(3, 10, asked=Question(b, (0,), cheapest=False)) for b in (3, 4, 5))
    region = ProvenRegion((-9,), (0,))
    region.proved((-3,), -14.0)
    region.proved((-4,), -14.0)
    levels = {wide.asked: (-4,), near.asked: (-3,), none.asked: (-9,)}
    region.proved((-3,), -12.0)
    for order in itertools.permutations((wide, near, none)):
        (kept,) = fronted(*order, region=region, levels=levels)
        assert (kept.asked.budget, kept.bound, kept.gap) == (4, 12.0, 0.2)


def test_the_gap_and_status_of_a_point_follow_from_its_bound():
    assert (point(3, 10).gap, point(3, 10).status) == (None, "feasible")
    assert (point(3, 10, bound=10.4).gap, point(3, 10, bound=10.4).status) == (0.0, "optimal")
    assert (point(3, 10, bound=11.0).gap, point(3, 10, bound=11.0).status) == (0.1, "feasible")
    least = Question(None, (10,), cheapest=True)
    assert (point(4, 10, asked=least, bound=3.0).gap, point(4, 10, asked=least).value) == (0.25, 4)
    assert point(4, 10, asked=least, bound=3.5).status == "optimal"


@pytest.mark.parametrize(
    ("bound", "late", "ending"),
    [
        (10.0, False, ("optimal", "proof")),
        (10.0, True, ("optimal", "proof")),
        (12.0, True, ("feasible", "time")),
        (12.0, False, ("feasible", "gap")),
        (None, True, ("feasible", "time")),
    ],
)
def test_the_result_of_a_point_says_how_its_solve_ended(bound, late, ending):
    found = point(3, 10, bound=bound, late=late).result("p")
    assert (found.status, found.termination) == ending
    assert (found.cost, found.objective, found.coverage, found.bound) == (3, 10, 10, bound)
    assert (found.seconds, found.seed, found.threads, found.solver) == (1.235, 3, 2, "HiGHS 1")


def test_points_of_one_cost_go_by_what_they_reach_the_most_first():
    points = [point(3, 5, 8), point(3, 9, 1), point(3, 5, 5), point(3, 7, 7), point(2, 0, 0)]
    assert [one.place for one in fronted(*points)] == [(2, 0, 0), (3, 9, 1), (3, 7, 7), (3, 5, 8)]


def test_the_bound_of_a_point_is_the_best_of_the_region_with_the_sign_of_its_question():
    money, least = Question(3, (0,), cheapest=False), Question(None, (9,), cheapest=True)
    region = ProvenRegion((-9,), (9,))
    region.proved((-3,), -12.0)
    region.proved((9,), 2.0)
    levels = {money: (-3,), least: (9,)}
    (found,) = fronted(point(3, 10, asked=money, bound=15.0), region=region, levels=levels)
    assert (found.bound, found.gap) == (12.0, 0.2)
    (found,) = fronted(point(3, 10, asked=least, bound=1.0), region=region, levels=levels)
    assert (found.bound, round(found.gap, 9)) == (2.0, round(1 / 3, 9))
    (found,) = fronted(point(3, 10, asked=money, bound=15.0), levels={money: (-3, 0)})
    assert found.bound == 15.0


def test_of_two_points_at_one_place_with_the_same_gap_the_first_stays():
    first, second = (point(3, 10, asked=Question(b, (0,), cheapest=False), bound=12.0) for b in (3, 4))
    assert fronted(first, second) == [first]
    assert fronted(second, first) == [second]


def test_the_result_of_a_point_carries_its_plan_and_where_its_bound_is_from():
    of_axes = {"needs": 6, "reached": (9, 2), "by_group": {"core": 9, "small": 2, "all": 14}}
    plan = EvaluatedPoint(("a", "b"), 4, 14, 11, (), {"r": (0, 1)}, {"a": 1}, **of_axes)
    asked = Question(None, (9, 0), cheapest=True)
    found = dataclasses.replace(point(4, 9, 2, asked=asked, bound=2.0), plan=plan).result("own")
    assert (found.problem, found.variant, found.built) == ("own", "frontier", ("a", "b"))
    assert (found.cost, found.objective, found.coverage, found.gap) == (4, 4, 14, 0.5)
    assert (found.rings, found.starts) == ({"r": (0, 1)}, {"a": 1})
    assert found.bound_source == ProofSource("search", "frontier", "HiGHS 1")
    assert found.versions == versions()
    unbounded = point(4, 9, 2, asked=asked).result("own")
    assert (unbounded.bound, unbounded.gap, unbounded.bound_source) == (None, None, None)


def test_the_value_of_a_point_is_that_of_its_question():
    found = point(3, 14, asked=Question(3, (0,), cheapest=False))
    assert (found.cost, found.value) == (3, 14)
