"""The axes of a frontier on the line: its measures, and the problems that its questions are."""

from __future__ import annotations

import dataclasses

import pytest
from core_drawing import line, side_line
from ring_drawing import phased, ringed, square

from optimiser.engine.search.task import Question
from optimiser.frontier.axes import (
    Axes,
    axes_of,
    everything,
    most_money,
    own_problem,
    shares_of,
    top_of,
    with_budget,
    with_least,
)
from optimiser.frontier.point import FrontierEvaluator
from optimiser.problem import City, Period, Target
from optimiser.problem.errors import ProblemError

TWO = Axes("two_way")
THREE = Axes("three_way", ("core", "small"))
SUMMED = Axes("summed", ("core", "small"), (("core", "small"), ("core",)))


def cheapest(*least):
    return Question(None, least, cheapest=True)


# ---- measures


def test_a_two_way_frontier_measures_pairs_and_cities_by_their_weights():
    assert TWO.measures(side_line()).tolist() == [[5, 4, 7, 2, 1, 3, 2]]


def test_a_three_way_frontier_measures_the_pairs_of_each_group_and_no_cities():
    assert THREE.measures(side_line()).tolist() == [[0, 0, 7, 2, 1, 0, 0], [5, 4, 0, 0, 0, 0, 0]]


def test_a_sum_of_groups_measures_the_pairs_of_them_all():
    assert SUMMED.measures(line()).tolist() == [[5, 4, 7, 2, 1], [0, 0, 7, 2, 1]]


def test_a_three_way_frontier_has_two_groups_that_the_problem_has():
    assert axes_of("three_way", line(), ("small", "core")).groups == ("small", "core")
    for groups in (("core",), ("core", "small", "core"), ("core", "far")):
        with pytest.raises(ProblemError, match="needs two groups"):
            axes_of("three_way", line(), groups)


# ---- money


def test_budgets_of_periods_keep_their_shares_and_are_rounded_down_up_to_each_period():
    thirds = tuple(Period(name, 1, 1) for name in "abc")
    problem = phased(periods=thirds, budget=3)
    assert shares_of(thirds) == [(1, 3), (2, 3), (3, 3)]
    assert shares_of(tuple(dataclasses.replace(p, budget=0) for p in thirds)) == [(1, 3), (2, 3), (3, 3)]
    assert [p.budget for p in with_budget(problem, 10).periods] == [3, 3, 4]
    assert with_budget(problem, 10).budget == 10


def test_the_largest_budget_pays_for_everything_in_the_first_period_with_money():
    # all candidates cost 1 + 4 + 2 + 3
    assert most_money(ringed()) == 10
    assert (
        most_money(phased(periods=(Period("a", 0, 1), Period("b", 3, 1), Period("c", 4, 1)), budget=7)) == 24
    )
    assert top_of(ringed()).budget == 10


@pytest.mark.parametrize(
    ("starts", "needs"),
    [({"north": 0}, 6), ({"north": 1}, 2), ({"fast": 0, "north": 1}, 12), ({"fast": 1, "north": 1}, 6)],
)
def test_a_plan_needs_a_budget_whose_shares_pay_for_each_period(starts, needs):
    """A third of the budget comes in the first period; `fast` costs 4 and `north` 2."""
    problem = phased(periods=(Period("early", 3, 1), Period("late", 6, 2)))
    assert FrontierEvaluator(problem, TWO)(list(starts), starts=starts).needs == needs


def test_a_first_period_without_money_asks_for_none():
    problem = phased(periods=(Period("early", 0, 1), Period("late", 9, 2)))
    assert FrontierEvaluator(problem, TWO)(["fast"], starts={"fast": 1}).needs == 4


def test_a_plan_reaches_the_measures_of_its_axes():
    found = FrontierEvaluator(side_line(), THREE)(["ac", "bd"])
    assert (found.cost, found.needs, found.reached) == (7, 7, (9, 9))
    assert found.by_group == {"core": 9, "small": 9, "all": 18}
    assert FrontierEvaluator(side_line(), TWO)(["ac", "bd"]).reached == (21,)
    assert FrontierEvaluator(side_line(), TWO).totals() == {"core": 10, "small": 9, "all": 19}


# ---- problems of their own


def test_a_question_about_money_is_the_problem_with_that_budget():
    own = own_problem(line(), TWO, Question(4, (0,), cheapest=False))
    assert own == line(budget=4, name="line with 4")


@pytest.mark.parametrize(
    "question", [Question(None, (0,), cheapest=False), Question(4, (1,), cheapest=False)]
)
def test_a_question_about_money_with_a_target_or_without_money_is_no_problem(question):
    with pytest.raises(ValueError, match="Question"):
        own_problem(line(), TWO, question)


def test_a_question_about_coverage_is_a_target_on_all_pairs():
    own = own_problem(line(), TWO, cheapest(14))
    assert (own.budget, own.cover, own.targets) == (None, "targets", (Target("all", 14),))
    assert {pair.group for pair in own.pairs} == {"all"}
    assert own_problem(line(), TWO, cheapest(-3)).targets == (Target("all", 0),)


def test_a_question_about_groups_is_a_target_on_each_beside_those_of_the_problem():
    problem = line(targets=(Target("small", 1),))
    own = own_problem(problem, THREE, cheapest(9, -1))
    assert own.targets == (Target("small", 1), Target("core", 9), Target("small", 0))
    assert own.pairs == problem.pairs


def test_the_targets_of_a_problem_stand_where_nothing_more_is_asked():
    targets = (Target("small", 1),)
    problem = line(targets=targets)
    assert own_problem(problem, TWO, cheapest(0)).targets == targets
    with pytest.raises(ValueError, match="Question"):
        own_problem(problem, TWO, cheapest(1))


@pytest.mark.parametrize(
    ("problem", "counts"),
    [
        (line(cities=(City("a", 0, (0,), 1),)), False),
        (line(cities=(City("a", 0, (0,), 1), City("b", 2, (1,), 1))), True),
        (ringed(square(reward=0)), False),
        (ringed(square(reward=5), square(id="other")), True),
    ],
)
def test_a_target_on_pairs_stands_for_the_objective_only_where_nothing_else_counts(problem, counts):
    if counts:
        with pytest.raises(ValueError, match="Question"):
            own_problem(problem, TWO, cheapest(1))
    else:
        assert own_problem(problem, TWO, cheapest(1)).targets == (Target("all", 1),)


def test_least_costs_are_not_asked_with_periods():
    with pytest.raises(ValueError, match="ringed"):
        own_problem(phased(), TWO, cheapest(1))


def test_a_demand_on_sums_is_a_target_of_each():
    own = with_least(line(), SUMMED.sums, (0, 2))
    assert (own.targets, own.cities, own.pairs) == ((Target("core", 2),), (), line().pairs)
    whole = with_least(line(), SUMMED.sums, (3, 0))
    assert whole.targets == (Target("core and small", 3, "cities"),)
    assert [city.id for city in whole.cities] == [f"core and small: pair {k}" for k in range(5)]


def test_problems_of_points_are_named_after_their_questions():
    problem = line(targets=(Target("small", 1),))
    assert own_problem(line(), TWO, cheapest(14)).name == "line for 14"
    assert own_problem(problem, TWO, cheapest(0)).name == "line at least cost"
    assert own_problem(problem, TWO, cheapest(-1)).targets == problem.targets
    assert own_problem(line(), THREE, cheapest(9, 0)).name == "line for core 9 and small 0"


def test_a_question_about_money_may_ask_for_nothing_of_each_group():
    assert own_problem(line(), THREE, Question(4, (0, -2), cheapest=False)).budget == 4
    with pytest.raises(ValueError, match="Question"):
        own_problem(line(), THREE, Question(4, (0, 1), cheapest=False))


def test_a_question_about_coverage_needs_pairs():
    with pytest.raises(ValueError, match="Question"):
        own_problem(line(pairs=()), TWO, cheapest(1))


def test_with_another_budget_a_problem_covers_all_it_can():
    problem = line(budget=None, targets=(Target("small", 1),), cover="targets")
    found = with_budget(problem, 0)
    assert (found.budget, found.cover, found.targets, found.periods) == (0, "all", problem.targets, ())
    assert everything(line()) == 16
    assert most_money(line()) == 16


def test_budgets_up_to_each_period_do_not_fall_when_the_budget_rises():
    problem = phased(
        budget=7, periods=tuple(Period(name, part, 1) for name, part in zip("abc", (2, 0, 5), strict=True))
    )
    before = [0, 0, 0]
    for budget in range(20):
        parts = [p.budget for p in with_budget(problem, budget).periods]
        up_to = [sum(parts[: t + 1]) for t in range(3)]
        assert up_to == [budget * 2 // 7, budget * 2 // 7, budget]
        assert all(a <= b for a, b in zip(before, up_to, strict=True))
        before = up_to


def test_two_way_axes_have_no_groups_whatever_is_asked_for():
    assert axes_of("two_way", line(), ("core", "small")) == Axes("two_way")
    problem = line(pairs=tuple(dataclasses.replace(p, group="secondary") for p in line().pairs[:2]))
    with pytest.raises(ProblemError, match="no pair of group 'small'") as caught:
        axes_of("three_way", problem)
    assert caught.value.faults == ("there is no pair of group 'small'",)


def test_what_is_covered_in_the_last_period_counts_by_group_and_the_objective_by_period():
    """`fast` covers the 9 from the later period on, which counts twice; the 1 is covered all the time."""
    problem = phased(periods=(Period("early", 3, 1), Period("late", 6, 2)))
    problem = problem.replace(
        pairs=tuple(
            dataclasses.replace(p, group=g) for p, g in zip(problem.pairs, ("core", "small"), strict=True)
        )
    )
    found = FrontierEvaluator(problem, TWO)(["fast"], starts={"fast": 1})
    assert found.by_group == {"core": 9, "small": 1, "all": 10}
    assert (found.reached, found.starts, found.faults) == ((1 + 2 * 10,), {"fast": 1}, ())
    early = FrontierEvaluator(problem, TWO)(["fast"], starts={"fast": 0})
    assert (early.reached, early.needs, early.cost) == ((10 + 2 * 10,), 12, 4)


def test_a_plan_says_which_rules_it_breaks_at_any_budget():
    evaluate = FrontierEvaluator(line(budget=0, excludes=(("ac", "bd"),)), TWO)
    assert evaluate(["ad"]).faults == ()
    assert len(evaluate(["ac", "bd"]).faults) == 1
