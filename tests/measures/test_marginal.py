"""Compare what one link more or less is worth with the difference of two whole values."""

from __future__ import annotations

import pytest
from core_drawing import line, side_problems
from hypothesis import given, settings
from hypothesis import strategies as st

from optimiser.measures.appraisal import valuer
from optimiser.measures.appraisal.marginal import Marginal
from optimiser.problem.errors import ProblemError


def parts(data, problem):
    """Draw a plan, a set within it, and the links of the plan that are not in the set."""
    plan = [c.id for c in problem.candidates if data.draw(st.booleans())]
    held = [name for name in plan if data.draw(st.booleans())]
    return plan, held, [name for name in plan if name not in held]


@settings(max_examples=100, deadline=None)
@given(side_problems(), st.data())
def test_a_gain_is_the_value_with_the_link_less_the_value_without(problem, data):
    plan, held, others = parts(data, problem)
    worth = valuer(problem)
    expected = {name: worth.value([*held, name]) - worth.value(held) for name in others}
    assert Marginal.of(worth, plan).gains(held, others) == expected


@settings(max_examples=100, deadline=None)
@given(side_problems(), st.data())
def test_a_loss_is_the_value_with_the_link_less_the_value_without(problem, data):
    plan, held, _ = parts(data, problem)
    worth = valuer(problem)
    expected = {name: worth.value(held) - worth.value([o for o in held if o != name]) for name in held}
    assert Marginal.of(worth, plan).losses(held, held) == expected


@settings(max_examples=60, deadline=None)
@given(side_problems(), st.data())
def test_a_set_within_a_plan_covers_what_it_covers_on_its_own(problem, data):
    plan, held, _ = parts(data, problem)
    worth = valuer(problem)
    assert Marginal.of(worth, plan).covered(held) == worth.covered(held)
    assert Marginal.of(worth, plan).value(held) == worth.value(held)


@settings(max_examples=60, deadline=None)
@given(side_problems(), st.data())
def test_times_without_a_link_are_those_of_the_rest(problem, data):
    plan, _, _ = parts(data, problem)
    worth = valuer(problem)
    for name, found in worth.times_without(plan, worth.times(plan)):
        assert found.tolist() == worth.times([other for other in plan if other != name]).tolist()


def test_links_that_serve_the_same_pairs_side_by_side_share_none():
    assert Marginal.of(valuer(line()), ["ac", "bd"]).shared() == {"ac": {}, "bd": {}}


def test_an_unknown_link_is_refused():
    with pytest.raises(ProblemError, match="not one"):
        Marginal.of(valuer(line()), ["nowhere"])
