from __future__ import annotations

from collections import Counter
from functools import partial

import pytest
from core_drawing import brute_force, covered_by
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from reduction_drawing import corridors, optimum, plans, problems, with_sets
from tiers import examples

from optimiser.engine.presolve import reduce
from optimiser.engine.presolve.fixings import build_free, drop_slack_limits, propagate_fixings
from optimiser.engine.presolve.pairs import (
    LITTLE,
    Effort,
    build_essential,
    by_minimal_sets,
    close_unaffordable_pairs,
    drop_replaced,
    drop_unneeded,
    first_stage,
    merge_equivalent_pairs,
    merge_same_ends,
    minimal_sets,
    settle_pairs,
)
from optimiser.engine.presolve.sequence import contract, drop_irrelevant_arcs
from optimiser.engine.presolve.stage import apply

RULES = (
    propagate_fixings,
    build_free,
    drop_slack_limits,
    settle_pairs,
    drop_irrelevant_arcs,
    contract,
    merge_same_ends,
    close_unaffordable_pairs,
    drop_unneeded,
    merge_equivalent_pairs,
    build_essential,
    drop_replaced,
)

BY_SETS = (
    close_unaffordable_pairs,
    build_essential,
    drop_unneeded,
    drop_replaced,
    merge_equivalent_pairs,
)

EFFORTS = st.just(LITTLE) | st.builds(Effort, sets=st.integers(0, 3), labels=st.integers(1, 40))
"""The second kind leaves the sets of many a pair unknown."""

drawn = examples(60, suppress_health_check=[HealthCheck.too_slow])


@given(problem=problems())
@drawn
def test_the_start_keeps_the_optimum(problem):
    assert optimum(first_stage(problem)) == brute_force(problem)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@given(data=st.data(), mirrored=st.booleans())
@drawn
def test_a_rule_keeps_the_optimum_wherever_it_stands(rule, data, mirrored):
    problem = data.draw(problems(mirrored=mirrored))
    stage = first_stage(problem)
    for earlier in data.draw(st.lists(st.sampled_from(RULES), max_size=2)):
        stage = apply(stage, partial(with_sets, earlier))
    assert optimum(apply(stage, partial(with_sets, rule))) == optimum(stage) == brute_force(problem)


def changes(before, after):
    """Say whether a rule refused the problem, built something, or took something out."""
    sizes = size_of(before.problem) != size_of(after.problem)
    return bool(after.reason) or before.forced != after.forced or sizes


def size_of(problem):
    """Return the numbers of nodes, arcs, candidates and pairs."""
    arcs = len(problem.arcs) + sum(len(c.arcs) for c in problem.candidates)
    return len(problem.nodes), arcs, len(problem.candidates), len(problem.pairs)


def by(rule, stage, families):
    return apply(stage, partial(rule, families=families))


@pytest.mark.parametrize("rule", BY_SETS, ids=lambda rule: rule.__name__)
@given(problem=corridors() | corridors() | problems(), effort=EFFORTS)
@drawn
def test_a_rule_on_minimal_sets_keeps_the_optimum_where_some_are_unknown(rule, problem, effort):
    stage = apply(first_stage(problem), propagate_fixings, settle_pairs)
    families = minimal_sets(stage.problem, effort)
    assert optimum(by(rule, stage, families)) == brute_force(problem)


@given(problem=corridors() | problems(), effort=EFFORTS)
@drawn
def test_the_rules_on_minimal_sets_together_keep_the_optimum(problem, effort):
    stage = apply(first_stage(problem), propagate_fixings, settle_pairs)
    assert optimum(apply(stage, partial(by_minimal_sets, effort=effort))) == brute_force(problem)


def test_the_corridors_drawn_give_every_rule_on_minimal_sets_something_to_do():
    done = Counter()

    @seed(1)
    @given(problem=corridors(), effort=EFFORTS)
    @settings(max_examples=120, database=None, deadline=None, phases=[Phase.generate])
    def count(problem, effort):
        stage = apply(first_stage(problem), propagate_fixings, settle_pairs)
        families = minimal_sets(stage.problem, effort)
        done["unknown"] += None in families.of
        done.update(rule.__name__ for rule in BY_SETS if changes(stage, by(rule, stage, families)))

    count()
    assert min(done[name] for name in ("unknown", *(rule.__name__ for rule in BY_SETS))) >= 5, done


@given(problem=problems() | corridors())
@drawn
def test_all_rules_together_keep_the_optimum(problem):
    reduced = reduce(problem)
    small = brute_force(reduced.problem) if reduced.feasible else None
    assert (None if small is None else small + reduced.base) == brute_force(problem)


@given(problem=problems() | corridors(), looks=st.integers(0, 12))
@drawn
def test_a_reduction_that_the_clock_ends_keeps_the_optimum(problem, looks):
    left = iter(range(looks))
    reduced = reduce(problem, stop=lambda: next(left, None) is None)
    small = brute_force(reduced.problem) if reduced.feasible else None
    assert (None if small is None else small + reduced.base) == brute_force(problem)


def cheapest(problem):
    """Return the least cost of an optimal plan, None when there is no plan."""
    found = [(value if problem.budget is None else -value, problem.cost_of(b)) for b, value in plans(problem)]
    return min(found)[1] if found else None


@given(problem=problems() | corridors())
@drawn
def test_the_cheapest_of_the_optimal_plans_costs_the_same(problem):
    reduced = reduce(problem)
    small = cheapest(reduced.problem) if reduced.feasible else None
    assert (None if small is None else small + reduced.forced_cost) == cheapest(problem)


@given(problem=problems() | corridors())
@drawn
def test_what_the_rules_derive_keeps_the_format(problem):
    reduced = reduce(problem).problem
    assert reduced.replace() == reduced  # `replace` checks every value, which `derived` does not


@given(problem=problems() | corridors())
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
