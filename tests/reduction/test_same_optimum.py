from __future__ import annotations

import pytest
from core_drawing import brute_force, covered_by
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reduction_drawing import plans, problems

from optimiser.reduction import reduce
from optimiser.reduction.alike import (
    build_essential,
    close_dear_pairs,
    drop_implied_pairs,
    drop_unneeded,
    merge_alike,
)
from optimiser.reduction.contraction import contract
from optimiser.reduction.detours import drop_slow_arcs
from optimiser.reduction.dominance import drop_dominated
from optimiser.reduction.fixings import build_free, close_fixings, drop_slack_rows
from optimiser.reduction.merging import merge_same_ends
from optimiser.reduction.pairs import close_pairs, start
from optimiser.reduction.replacement import drop_replaced
from optimiser.reduction.stage import applied
from optimiser.reduction.useful import drop_useless

RULES = (
    close_fixings,
    build_free,
    drop_slack_rows,
    close_pairs,
    drop_useless,
    drop_slow_arcs,
    contract,
    merge_same_ends,
    drop_dominated,
    close_dear_pairs,
    drop_unneeded,
    merge_alike,
    build_essential,
    drop_implied_pairs,
    drop_replaced,
)

drawn = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def optimum(stage):
    value = None if stage.reason else brute_force(stage.problem)
    return None if value is None else value + stage.base


@given(problem=problems())
@drawn
def test_the_start_keeps_the_optimum(problem):
    assert optimum(start(problem)) == brute_force(problem)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@given(data=st.data(), mirrored=st.booleans())
@drawn
def test_a_rule_keeps_the_optimum_wherever_it_stands(rule, data, mirrored):
    problem = data.draw(problems(mirrored=mirrored))
    stage = start(problem)
    for earlier in data.draw(st.lists(st.sampled_from(RULES), max_size=2)):
        stage = applied(earlier, stage)
    assert optimum(applied(rule, stage)) == optimum(stage) == brute_force(problem)


@given(problem=problems())
@drawn
def test_all_rules_together_keep_the_optimum(problem):
    reduced = reduce(problem)
    small = brute_force(reduced.problem) if reduced.feasible else None
    assert (None if small is None else small + reduced.base) == brute_force(problem)


def cheapest(problem):
    """Return the least cost of an optimal plan, None when there is no plan."""
    found = [(value if problem.budget is None else -value, problem.cost_of(b)) for b, value in plans(problem)]
    return min(found)[1] if found else None


@given(problem=problems())
@drawn
def test_the_cheapest_of_the_optimal_plans_costs_the_same(problem):
    reduced = reduce(problem)
    small = cheapest(reduced.problem) if reduced.feasible else None
    assert (None if small is None else small + reduced.forced_cost) == cheapest(problem)


@given(problem=problems())
@drawn
def test_every_plan_of_the_reduced_problem_lifts_to_a_plan_worth_as_much(problem):
    reduced = reduce(problem)
    if not reduced.feasible:
        return
    whole = {tuple(sorted(built)): value for built, value in plans(problem)}
    for built, value in plans(reduced.problem):
        positions = [reduced.problem.index[name] for name in built]
        assert whole[reduced.lifted(positions)] == value + reduced.base


@given(problem=problems())
@drawn
def test_what_must_be_covered_in_the_reduced_problem_can_be(problem):
    left = reduce(problem).problem
    assert all(covered_by(left, {c.id for c in left.candidates}))


@given(problem=problems(), data=st.data())
@drawn
def test_the_order_of_the_input_does_not_matter(problem, data):
    shuffled = problem.replace(
        arcs=tuple(data.draw(st.permutations(problem.arcs))),
        candidates=tuple(data.draw(st.permutations(problem.candidates))),
    )
    assert reduce(shuffled).problem == reduce(problem).problem
