"""Of equal plans the cheapest, and of these the first in canonical order, whatever was found first."""

from __future__ import annotations

import pytest
from core_drawing import best_plans, both_ways, line, plan_value, problems, side_problems
from hypothesis import given
from hypothesis import strategies as st
from tiers import examples

from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import solve
from optimiser.engine.tidy import as_good, at_least_cost, building_one, earlier_plans
from optimiser.problem import Candidate, City, Pair, Target


def first_of(plans, problem):
    """Return the plan that builds the first candidate in which it differs from any other."""
    names = sorted(c.id for c in problem.candidates)
    return max(plans, key=lambda built: [name in built for name in names])


def by_trying(problem):
    """Answer as a solver would, with the last of the best plans."""
    plans = best_plans(problem)
    return plans[-1] if plans else None


def canonical(problem, built):
    value = plan_value(problem, set(built))[0]
    plans = list(earlier_plans(problem, built, value, cheapest=by_trying, some=by_trying))
    return tuple(sorted(plans[-1])) if plans else tuple(sorted(built))


@given(problem=problems(most_candidates=5) | side_problems(most_candidates=5), data=st.data())
@examples(60)
def test_the_plan_chosen_is_the_first_of_the_cheapest_whichever_optimal_plan_it_starts_from(problem, data):
    best = best_plans(problem)
    if best:
        start = data.draw(st.sampled_from(best))
        assert canonical(problem, start) == first_of(best, problem)


@given(problem=side_problems(most_candidates=5))
@examples(60)
def test_the_plans_of_the_questions_are_the_equal_plans(problem):
    best = best_plans(problem)
    if not best:
        return
    value, cost = plan_value(problem, set(best[0]))
    if problem.budget is not None:
        assert plan_value(problem, set(by_trying(at_least_cost(problem, value)))) == (value, cost)
    names = sorted(c.id for c in problem.candidates)
    part = as_good(problem, value, cost)
    for name in names:
        known = [built for built in best if name in built]
        plans = best_plans(building_one(part, [name]))
        assert (plans == []) == (known == [])
        assert set(plans) <= set(known)


def twins():
    """The line with a second ac that costs less in its place, and twins of bd."""
    candidates = (
        Candidate("ac", 4, both_ways((0, 2, 50)), "road"),
        Candidate("ac2", 3, both_ways((0, 2, 50)), "road"),
        Candidate("bd2", 4, both_ways((1, 3, 50)), "road"),
        Candidate("bd1", 4, both_ways((1, 3, 51)), "road"),
    )
    return line(candidates=candidates, budget=9)


def test_the_cheapest_of_equal_plans_goes_before_the_first():
    assert canonical(twins(), ("ac", "bd2")) == ("ac2", "bd1")


def test_with_a_city_of_weight_and_a_target_the_same_plan_is_found():
    problem = twins().replace(
        cities=(City("dee", 3, (1, 2), 2, "core"),), targets=(Target("small", 9), Target("core", 7))
    )
    assert canonical(problem, ("ac", "bd2")) == ("ac2", "bd1")


def test_a_plan_worth_nothing_gives_way_to_building_nothing():
    problem = line(pairs=(Pair(0, 2, 120, 0),))
    assert canonical(problem, ("ac",)) == ()


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("budget", [9, None])
def test_a_solve_returns_the_canonical_plan_when_asked(budget):
    params = SolveParameters(threads=1, canonical=True)
    result = solve(twins().replace(budget=budget), params=params)
    assert (result.status, result.built, result.cost, result.message) == ("optimal", ("ac2", "bd1"), 7, "")
