"""Check the pairs, people and seconds that gain when links are built."""

from __future__ import annotations

import numpy as np
from core_drawing import both_ways, line, problems
from hypothesis import given
from hypothesis import strategies as st
from tiers import examples

from optimiser.engine.search.paths import UNREACHED
from optimiser.measures import appraisal as module
from optimiser.measures.valuation import Valuer
from optimiser.problem import Pair
from optimiser.verify import score

PEOPLE = [1000, 10, 100, 1]
"""People at a, b, c and d of the line."""


def gains(problem, before, after, people):
    """Count the gains from one set of links to a larger one."""
    valuer = Valuer.of(problem)
    return module.gains(problem, valuer.times(before), valuer.times(after), people)


def tier(found, name):
    return found.tiers[name]


def test_gains_of_the_line_counted_by_hand():
    # ac: a-c 200 to 50 s (within 120), a-d 300 to 150 s (within 160), d-a 300 to 150 s (beyond 10).
    found = gains(line(), (), ["ac"], PEOPLE)
    small, core = tier(found, "small"), tier(found, "core")
    assert (small.faster, small.brought) == (1, 1)
    assert (core.faster, core.brought) == (2, 1)


def test_minutes_saved_are_summed_over_pairs():
    found = gains(line(), (), ["ac"], PEOPLE)
    assert found.seconds == (150, 0, 150, 0, 150)
    assert found.minutes == 7.5


def test_a_pair_counts_for_its_smaller_end():
    found = gains(line(), (), ["ac"], PEOPLE)
    assert (tier(found, "small").people_brought, tier(found, "core").people_brought) == (100, 1)


def test_a_place_that_gains_by_two_pairs_is_counted_once():
    twice = line(pairs=(Pair(0, 2, 120, 1, "core"), Pair(2, 0, 120, 1, "core")))
    found = gains(twice, (), ["ac"], PEOPLE)
    assert (found.people, tier(found, "core").people_brought) == (100, 100)


def test_a_place_that_gains_in_two_tiers_is_counted_once_over_all():
    twice = line(pairs=(Pair(0, 2, 120, 1, "core"), Pair(0, 2, 60, 1, "small")))
    found = gains(twice, (), ["ac"], PEOPLE)
    assert [part.faster for part in found.tiers.values()] == [1, 1]
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
    assert (tier(found, "small").faster, found.seconds[0]) == (2, 0)


def test_nothing_built_is_nothing_gained():
    found = gains(line(), (), (), PEOPLE)
    assert (found.faster, found.brought, found.minutes, found.people) == (0, 0, 0, 0)


@st.composite
def chains(draw):
    problem = draw(problems())
    names = [c.id for c in problem.candidates]
    first = draw(st.sets(st.sampled_from(names))) if names else set()
    second = first | (draw(st.sets(st.sampled_from(names))) if names else set())
    people = draw(st.lists(st.integers(0, 9), min_size=len(problem.nodes), max_size=len(problem.nodes)))
    return problem, first, second, people


@examples(60)
@given(chains())
def test_building_slows_no_pair_down(drawn):
    assert all(seconds >= 0 for seconds in gains(*drawn).seconds)


@examples(60)
@given(chains())
def test_pairs_brought_are_those_of_the_independent_check(drawn):
    problem, _, second, people = drawn
    free = problem.replace(
        budget=10**6,
        candidates=tuple(c.__class__(c.id, c.cost, c.arcs, c.kind) for c in problem.candidates),
    )
    plan = score(free, second)
    assert gains(problem, (), second, people).brought == len(set(plan.covered) - set(plan.covered_before))


@examples(60)
@given(chains())
def test_gains_of_two_steps_add_up(drawn):
    problem, first, second, people = drawn
    parts = [gains(problem, (), first, people), gains(problem, first, second, people)]
    whole = gains(problem, (), second, people)
    assert sum(part.brought for part in parts) == whole.brought
    had_paths = Valuer.of(problem).times(()) < UNREACHED
    for k in np.flatnonzero(had_paths):
        assert sum(part.seconds[k] for part in parts) == whole.seconds[k]


@examples(60)
@given(chains())
def test_nobody_is_counted_twice(drawn):
    problem, first, second, people = drawn
    found = gains(problem, first, second, people)
    assert found.people_brought <= found.people <= sum(people)
