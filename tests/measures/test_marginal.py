"""Compare marginal values of links with differences of two values."""

from __future__ import annotations

from core_drawing import line, side_problems
from hypothesis import given
from hypothesis import strategies as st
from link_drawing import apart, chain
from tiers import examples

from optimiser.measures.order import MarginalValues
from optimiser.measures.valuation import Valuer


def parts(data, problem):
    """Draw a plan, a set within it, and the links of the plan that are not in the set."""
    plan = [c.id for c in problem.candidates if data.draw(st.booleans())]
    held = [name for name in plan if data.draw(st.booleans())]
    return plan, held, [name for name in plan if name not in held]


@examples(100)
@given(side_problems(), st.data())
def test_a_gain_is_the_value_with_the_link_less_the_value_without(problem, data):
    plan, held, others = parts(data, problem)
    valuer = Valuer.of(problem)
    expected = {name: valuer.value([*held, name]) - valuer.value(held) for name in others}
    assert MarginalValues.of(valuer, plan).gains(held, others) == expected


@examples(100)
@given(side_problems(), st.data())
def test_a_loss_is_the_value_with_the_link_less_the_value_without(problem, data):
    plan, held, _ = parts(data, problem)
    valuer = Valuer.of(problem)
    expected = {name: valuer.value(held) - valuer.value([o for o in held if o != name]) for name in held}
    assert MarginalValues.of(valuer, plan).losses(held, held) == expected


@examples(100)
@given(side_problems(), st.data())
def test_values_do_not_depend_on_what_was_asked_before(problem, data):
    plan = [c.id for c in problem.candidates]
    valuer = Valuer.of(problem)
    values = MarginalValues.of(valuer, plan)
    for _ in range(4):
        held = [name for name in plan if data.draw(st.booleans())]
        others = [name for name in plan if name not in held]
        value = valuer.value(held)
        assert values.value(held) == value
        assert values.gains(held, others) == {name: valuer.value([*held, name]) - value for name in others}
        assert values.losses(held, held) == {
            name: value - valuer.value([other for other in held if other != name]) for name in held
        }


@examples(60)
@given(side_problems(), st.data())
def test_a_subset_of_a_plan_covers_what_it_covers_on_its_own(problem, data):
    plan, held, _ = parts(data, problem)
    valuer = Valuer.of(problem)
    assert MarginalValues.of(valuer, plan).covered(held) == valuer.covered(held)
    assert MarginalValues.of(valuer, plan).value(held) == valuer.value(held)


def test_links_on_different_paths_share_no_pairs():
    assert MarginalValues.of(Valuer.of(line()), ["ac", "bd"]).shared_pairs() == {"ac": {}, "bd": {}}


def alone_and_last(problem, plan):
    """Return the value of each link of a plan alone, and on top of the others."""
    values = MarginalValues.of(Valuer.of(problem), plan)
    alone, last = values.gains((), plan), values.losses(plan, plan)
    return {name: (alone[name], last[name]) for name in plan}


def test_an_independent_link_has_the_same_value_alone_and_last():
    assert alone_and_last(apart((1, 4), (1, 5)), ["c0", "c1"])["c0"] == (4, 4)


def test_a_link_that_needs_others_has_no_value_alone():
    assert alone_and_last(chain(), ["ab", "bc", "cd"])["ab"][0] == 0


def test_a_replaceable_link_is_worth_less_last_than_alone():
    # ad covers a-d (7) alone as ac does; ac covers a-c (5) too.
    assert alone_and_last(line(), ["ac", "ad"]) == {"ac": (12, 5), "ad": (7, 0)}
