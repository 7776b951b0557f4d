"""Check who gains, and what an hour must be worth."""

from __future__ import annotations

from math import inf

import pytest
from core_drawing import both_ways, line, problems
from hypothesis import given, settings
from hypothesis import strategies as st

from optimiser.measures.appraisal import annuity, break_even, gains
from optimiser.problem import Pair
from optimiser.problem.errors import ProblemError
from optimiser.verify import score

PEOPLE = [1000, 10, 100, 1]
"""People at a, b, c and d of the line."""


def tier(found, name):
    return next(part for part in found.tiers if part.tier == name)


def test_gains_of_the_line_are_those_counted_by_hand():
    # ac: a-c 200 to 50 s (within 120), a-d 300 to 150 s (within 160), d-a 300 to 150 s (beyond 10).
    found = gains(line(), (), ["ac"], PEOPLE)
    small, core = tier(found, "small"), tier(found, "core")
    assert (small.faster, small.brought, small.weight_brought) == (1, 1, 5)
    assert (core.faster, core.brought, core.weight_brought) == (2, 1, 7)


def test_minutes_saved_are_summed_over_pairs():
    found = gains(line(), (), ["ac"], PEOPLE)
    assert found.seconds == (150, 0, 150, 0, 150)
    assert found.minutes == 7.5


def test_seconds_saved_are_weighed_by_tier():
    found = gains(line(), (), ["ac"], PEOPLE)
    assert (tier(found, "small").saved, tier(found, "core").saved) == (5 * 150, 8 * 150)


def test_the_smaller_end_of_a_pair_is_who_gains():
    found = gains(line(), (), ["ac"], PEOPLE)
    assert (tier(found, "small").people, tier(found, "core").people) == (100, 1)


def test_a_place_that_gains_by_two_pairs_is_counted_once():
    assert tier(gains(line(), (), ["ac"], PEOPLE), "core").people == 1


def test_a_place_that_gains_in_two_tiers_is_counted_once_over_all():
    twice = line(pairs=(Pair(0, 2, 120, 1, "core"), Pair(0, 2, 60, 1, "small")))
    found = gains(twice, (), ["ac"], PEOPLE)
    assert [part.people for part in found.tiers] == [100, 100]
    assert (found.people, found.people_brought) == (100, 100)


def test_of_equal_ends_the_destination_gains():
    # a-c, a-d and d-a become faster: c, d and a gain, not a, a and d.
    assert gains(line(), (), ["ac"], [5, 5, 5, 5]).people == 15


def test_a_pair_within_its_limit_today_becomes_faster_and_is_not_brought():
    near = line(pairs=(Pair(0, 2, 200, 5),))
    found = gains(near, (), ["ac"], PEOPLE)
    assert (found.faster, found.brought, found.people_brought) == (1, 0, 0)


def test_a_pair_that_had_no_path_is_joined_and_saves_no_time():
    apart = line(arcs=both_ways((0, 1, 100), (2, 3, 100)))
    # Both a-c and b-d, by a and c.
    found = gains(apart, (), ["ac"], PEOPLE)
    assert (tier(found, "small").joined, tier(found, "small").saved, found.seconds[0]) == (2, 0, 0)


def test_nothing_built_is_nothing_gained():
    found = gains(line(), (), (), PEOPLE)
    assert (found.faster, found.brought, found.saved, found.people) == (0, 0, 0, 0)


def test_gains_need_one_number_of_people_a_node():
    with pytest.raises(ProblemError):
        gains(line(), (), ["ac"], [1])


def test_annuity_of_ten_years_at_five_per_cent_is_that_of_the_tables():
    assert annuity(0.05, 10) == pytest.approx(7.7217, abs=5e-5)


def test_annuity_without_discount_is_the_number_of_years():
    assert annuity(0, 30) == 30


@pytest.mark.parametrize(("rate", "years"), [(-0.1, 5), (0.05, 0)])
def test_an_annuity_without_meaning_is_refused(rate, years):
    with pytest.raises(ProblemError):
        annuity(rate, years)


def test_break_even_is_cost_per_hour_saved():
    # 600 trips x 60 s + 30 trips x 1800 s = 25 hours a year, over 2 years.
    assert break_even(500, [60, 1800], [600, 30], rate=0, years=2) == 10


def test_time_that_nobody_saves_never_pays():
    assert break_even(500, [60, 0], [0, 30], rate=0.05, years=30) == inf


def test_what_costs_nothing_pays_at_any_value_of_time():
    assert break_even(0, [0], [1], rate=0.05, years=30) == 0


@pytest.mark.parametrize("trips", [[1], [1, -1], [1, inf], [1, float("nan")]])
def test_trips_that_do_not_fit_are_refused(trips):
    with pytest.raises(ProblemError):
        break_even(500, [60, 60], trips, rate=0.05, years=30)


@st.composite
def chains(draw):
    problem = draw(problems())
    names = [c.id for c in problem.candidates]
    first = draw(st.sets(st.sampled_from(names))) if names else set()
    second = first | (draw(st.sets(st.sampled_from(names))) if names else set())
    people = draw(st.lists(st.integers(0, 9), min_size=len(problem.nodes), max_size=len(problem.nodes)))
    return problem, first, second, people


@settings(max_examples=60)
@given(chains())
def test_no_pair_loses_by_building(drawn):
    assert all(seconds >= 0 for seconds in gains(*drawn).seconds)


@settings(max_examples=60)
@given(chains())
def test_pairs_brought_are_those_of_the_independent_check(drawn):
    problem, _, second, people = drawn
    free = problem.replace(
        budget=10**6,
        candidates=tuple(c.__class__(c.id, c.cost, c.arcs, c.kind) for c in problem.candidates),
    )
    plan = score(free, second)
    assert gains(problem, (), second, people).brought == len(set(plan.covered) - set(plan.covered_before))


@settings(max_examples=60)
@given(chains())
def test_gains_of_two_steps_add_up(drawn):
    problem, first, second, people = drawn
    parts = [gains(problem, (), first, people), gains(problem, first, second, people)]
    whole = gains(problem, (), second, people)
    assert sum(part.brought for part in parts) == whole.brought
    if not any(part.joined for gain in parts for part in gain.tiers):
        assert sum(part.saved for part in parts) == whole.saved


@settings(max_examples=60)
@given(chains())
def test_nobody_is_counted_twice(drawn):
    problem, first, second, people = drawn
    found = gains(problem, first, second, people)
    assert found.people_brought <= found.people <= sum(people)
