from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import pytest
from core_drawing import dense_problem, line, side_line
from frontier_drawing import non_dominated, places_of, traced

from optimiser.frontier import Limits
from optimiser.frontier.point import STEADY, ProvenRegion, marginal_order
from optimiser.frontier.tracer import band, curve, knee

SEEDS = [0, 3, 5, 7, 11, 17, 31, 42]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_band_holds_every_plan_there_is(seed, monkeypatch):
    problem = dense_problem(seed)
    tracer, _ = traced(problem, monkeypatch, limits=Limits(points=3))
    steps = curve(tracer).band
    for cost, value in places_of(problem, "two_way"):
        assert all(bound >= value for budget, bound in steps.items() if budget >= cost)


def test_the_band_is_the_best_bound_of_larger_budgets():
    region = ProvenRegion((-10,), (0,))
    for budget, bound in ((10, -7.0), (6, -5.0), (4, -6.0), (2, -3.0)):
        region.proved((-budget,), bound)
    assert band(region, 10) == {2: 3.0, 6: 5.0, 10: 7.0}


def test_the_knee_bulges_most_from_the_chord():
    assert knee([(0, 0), (2, 8), (5, 9), (10, 10)]) == 1


def test_a_straight_frontier_has_no_knee():
    assert knee([(0, 0), (5, 5), (10, 10)]) is None


def test_links_enter_in_the_order_of_cost(monkeypatch):
    front = traced(dense_problem(5), monkeypatch)[0].front()
    order = ordered(front)
    assert [link.enters_at_point for link in order] == sorted(link.enters_at_point for link in order)
    for link in order:
        there = [link.candidate_id in point.plan.built for point in front]
        assert there.index(True) == link.enters_at_point - 1
        assert bool(link.stays) == all(there[link.enters_at_point - 1 :])


def ordered(points, steady=STEADY["two_way"]):
    return [SimpleNamespace(**link) for link in marginal_order(points, steady=steady)]


def points_of(*plans):
    """Return points that cost 10, 20, ... and build these plans; the order of links reads nothing else."""
    return [SimpleNamespace(cost=10 * k, plan=SimpleNamespace(built=plan)) for k, plan in enumerate(plans, 1)]


def test_the_order_says_of_each_link_when_it_enters_and_how_often_it_stays():
    found = marginal_order(points_of("a", "ab", "bc", "abcd"), steady=1.0)
    assert [tuple(link.values()) for link in found if link["candidate_id"] != "c"] == [
        ("a", 1, 10, 3, 0.75, 1, "", ""),
        ("b", 2, 20, 3, 1.0, 0, "yes", "yes"),
        ("d", 4, 40, 1, 1.0, 0, "yes", ""),
    ]
    assert [link["candidate_id"] for link in found] == ["a", "b", "c", "d"]


def test_the_core_is_steady_and_in_half_of_all_points():
    order = ordered(points_of("a", "ab", "bc", "abcd"))
    assert {link.candidate_id: link.core for link in order} == {"a": "", "b": "yes", "c": "yes", "d": ""}


@pytest.mark.parametrize(("gaps", "core"), [(1, True), (2, False)])
def test_a_link_of_a_three_way_frontier_may_miss_one_point_of_ten(gaps, core):
    plans = ["a"] + [""] * gaps + ["a"] * (9 - gaps)
    (link,) = ordered(points_of(*plans), STEADY["three_way"])
    assert (bool(link.core), link.stays) == (core, "")
    assert not ordered(points_of(*plans))[0].core


# ---- by hand


def test_the_band_leaves_out_what_is_not_proved_or_beyond_the_largest_budget():
    region = ProvenRegion((-10,), (0,))
    for budget, bound in ((12, float("-inf")), (11, -9.0), (10, -7.0), (0, -1.0)):
        region.proved((-budget,), bound)
    assert band(region, 10) == {0: 1.0, 10: 7.0}
    assert list(band(region, 9)) == [0]
    assert list(band(region, 12)) == [0, 10, 11]
    assert band(ProvenRegion((-10,), (0,)), 10) == {}


def test_budgets_with_one_bound_are_one_step():
    region = ProvenRegion((-10,), (0,))
    for budget in (2, 4, 6):
        region.proved((-budget,), -5.0)
    region.proved((-8,), -6.0)
    assert band(region, 10) == {6: 5.0, 8: 6.0}


@pytest.mark.parametrize(
    ("places", "at"),
    [
        ([], None),
        ([(0, 0), (1, 9)], None),
        ([(0, 0), (1, 9), (2, 10)], 1),
        ([(3, 0), (3, 9), (3, 10)], None),  # all cost the same
        ([(0, 0), (4, 5), (5, 6), (10, 10)], 1),  # as far as the next one: the cheaper one
        ([(0, 0), (4, 5), (5, 7), (10, 10)], 2),
        ([(0, 0), (5, 4), (10, 10)], None),  # below the chord
        ([(2, 1, 7), (3, 9, 7), (12, 11, 7)], 1),  # 0.8 / 2 - 0.1: the axis without a span counts as 0
        ([(2, 1, 7), (3, 2, 7), (12, 11, 7)], None),
        ([(0, 0, 0), (2, 1, 8), (4, 10, 2), (10, 10, 10)], 1),
        ([(0, 0, 0), (2, 1, 5), (4, 10, 3), (10, 10, 10)], 2),
        ([(0, 5, 0), (2, 9, 8), (4, 10, 9), (10, 15, 10)], 1),
    ],
)
def test_the_knee_of_scaled_axes_is_farthest_beyond_the_chord(places, at):
    assert knee(places) == at


def test_links_that_enter_together_go_by_their_shares_and_then_by_name():
    assert [link.candidate_id for link in ordered(points_of("ba", "a", "ac"))] == ["a", "b", "c"]
    assert [link.candidate_id for link in ordered(points_of("bad", "b"))] == ["b", "a", "d"]
    assert ordered([]) == []
    assert ordered(points_of("", "")) == []


def test_a_link_that_comes_back_leaves_each_time():
    (link,) = ordered(points_of("", "a", "", "a", ""))
    assert (link.enters_at_point, link.points, link.share_from_entry, link.leaves) == (2, 2, 0.5, 2)
    assert (link.stays, link.core) == ("", "")
    assert ordered(points_of("", "a", "", "a", ""), 0.5)[0].core == ""
    assert ordered(points_of("", "a", "", "a"), 0.5)[0].core == "yes"


def test_the_curve_of_a_line_has_its_points_ends_totals_and_band(monkeypatch):
    problem = line(money="gold")
    tracer, _ = traced(problem, monkeypatch, limits=Limits(points=0, gap=0.0))
    found = curve(tracer)
    assert (found.name, found.money, found.axes) == ("line", "gold", tracer.axes)
    assert [point.place for point in found.points] == [(0, 2), (3, 14), (7, 18)]
    assert (found.today.built, found.everything.built) == ((), ("ac", "ad", "bd"))
    assert found.totals == {"core": 10, "small": 9, "all": 19}
    assert found.groups == ("small", "core")
    assert found.band == {2: 2.0, 6: 14.0, 16: 18.0}
    assert (found.proved, found.knee, found.ended, found.open_boxes) == ((), 1, "complete", 0)
    assert (found.asked_gap, found.faults, found.counts_pairs_alone) == (0.0, (), True)
    assert (found.share(found.today, "core"), found.share(found.today, "all")) == (0.2, 2 / 19)
    assert found.share(found.today, "nowhere") == 0.0


def test_the_curve_of_three_axes_has_proved_costs_and_no_band(monkeypatch):
    groups = ("core", "small")
    tracer, _ = traced(line(), monkeypatch, axes="three_way", groups=groups)
    found = curve(tracer)
    assert (found.band, found.counts_pairs_alone) == ({}, True)
    assert {point.place for point in found.points} == set(
        non_dominated(places_of(line(), "three_way", groups))
    )
    known = dict(found.proved)
    assert known == {level: tracer.state.region.lower(level) for level in tracer.state.region.bounded()}
    assert known[max(known)] > 0


def test_candidates_that_must_not_be_built_are_not_part_of_everything(monkeypatch):
    ac, bd, ad = line().candidates
    problem = line(candidates=(ac, dataclasses.replace(bd, fixed="out"), ad))
    tracer, _ = traced(problem, monkeypatch)
    assert curve(tracer).everything.built == ("ac", "ad")


def test_cities_and_rings_are_counted_besides_pairs(monkeypatch):
    found = curve(traced(side_line(), monkeypatch)[0])
    assert not found.counts_pairs_alone
    named = dataclasses.replace(found, totals={"": 3, "b": 2, "a": 2, "none": 0, "c": 1, "all": 8})
    assert named.groups == ("c", "a", "b")


def test_bounds_of_an_unfinished_curve_leave_boxes_open(monkeypatch):
    tracer, _ = traced(dense_problem(31), monkeypatch, limits=Limits(points=2))
    found = curve(tracer)
    assert (found.ended, found.open_boxes) == ("points", len(tracer.state.region.boxes))
    assert found.open_boxes > 0
