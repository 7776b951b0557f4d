from __future__ import annotations

import numpy as np
from heuristic_drawing import changes, open_line, small_problem, tables_drawn
from hypothesis import assume, given
from hypothesis import strategies as st
from tiers import examples

from optimiser.engine.methods.heuristics.greedy import (
    everything,
    flip_candidates,
    greedy,
    nothing,
    prune,
    repair_breaches,
    reverse_greedy,
    swap,
)
from optimiser.engine.methods.heuristics.lns import relatedness_of_candidates
from optimiser.engine.methods.heuristics.moves import (
    cheapest_group,
    compute_gains,
    penalised_value_flipped,
    plan_rank,
    set_prices,
    update_pair_values,
)
from optimiser.engine.methods.heuristics.workspace import new_workspace, restart_logs
from optimiser.engine.search.scoring import (
    breach,
    cost_of,
    covered_pairs,
    fits,
    objective_of,
    shortfall,
)
from optimiser.engine.search.tables import tables


def lack(t, is_open):
    """Return what a plan lacks of targets and of pairs that must be covered."""
    return shortfall(t, covered_pairs(t, is_open))


def moved(t, js):
    at = new_workspace(t, nothing(t))
    for j in js:
        flip_candidates(at, np.array([j % t.size]))
    return at


@given(tables_drawn(), changes)
@examples(50)
def test_a_gain_is_never_more_than_the_weight_that_opening_covers(t, js):
    at = moved(t, js)
    for step in range(2):
        update_pair_values(at)
        compute_gains(at)
        for j in np.flatnonzero(~at.is_open[:-1]):
            more = at.is_open.copy()
            more[j] = True
            new = covered_pairs(t, more) & ~at.is_covered
            assert at.gain[j] <= at.value[new].sum()
        flip_candidates(at, np.array([step % t.size]))


@given(tables_drawn(), changes)
@examples(50)
def test_a_candidate_of_one_arc_gains_just_what_it_covers(t, js):
    at = moved(t, js)
    update_pair_values(at)
    compute_gains(at)
    for j in np.flatnonzero(~at.is_open[:-1] & (np.diff(t.arc_start) == 1)):
        more = at.is_open.copy()
        more[j] = True
        assert at.gain[j] == at.value[covered_pairs(t, more) & ~at.is_covered].sum()


@given(tables_drawn(), changes)
@examples(50)
def test_a_group_covers_its_pair_and_nothing_in_it_is_open_yet(t, js):
    at = moved(t, js)
    set_prices(at)
    for k in np.flatnonzero(~at.is_covered):
        group = at.group[: cheapest_group(at, k)].copy()
        assert len(group)
        assert not at.is_open[group].any()
        with_group = at.is_open.copy()
        with_group[group] = True
        assert covered_pairs(t, with_group)[k]


@given(tables_drawn(side=True), changes, st.integers(0, 99))
@examples(50)
def test_looking_at_a_change_leaves_the_plan_as_it_is(t, js, j):
    at = moved(t, js)
    restart_logs(at)
    plan, met = at.is_open.copy(), at.is_covered.copy()
    at.group[0] = j % t.size
    penalised_value_flipped(at, 1)
    np.testing.assert_array_equal(at.is_open, plan)
    np.testing.assert_array_equal(at.is_covered, met)


@given(tables_drawn(side=True), changes)
@examples(50)
def test_the_levels_of_a_workspace_are_those_of_scoring(t, js):
    at = moved(t, js)
    kept, value, saved = plan_rank(at)
    broken, cost = -kept, -saved
    assert (broken, cost) == (breach(t, at.is_open), cost_of(t, at.is_open))
    worth = -cost if t.budget < 0 else objective_of(t, at.is_open)
    assert value == worth - 2.0**40 * lack(t, at.is_open)


@given(tables_drawn(side=True))
@examples(50)
def test_closing_the_weakest_always_ends_with_nothing_broken(t):
    at = new_workspace(t, everything(t))
    repair_breaches(at)
    assert breach(t, at.is_open) == 0


@given(tables_drawn(side=True))
@examples(50)
def test_what_is_left_of_thinning_loses_something_when_any_of_it_closes(t):
    assume(not len(t.side.require))
    plan = prune(new_workspace(t, everything(t)))
    for j in np.flatnonzero(plan[:-1]):
        less = plan.copy()
        less[j] = False
        if t.budget < 0:
            assert lack(t, less) > lack(t, plan)
        else:
            before, after = (lack(t, p) - objective_of(t, p) for p in (plan, less))
            assert after > before


@given(tables_drawn(side=True))
@examples(50)
def test_the_greedy_plan_breaks_nothing(t):
    assert breach(t, greedy(t)) == 0


@given(tables_drawn())
@examples(50)
def test_exchanges_never_make_a_plan_worse(t):
    start = reverse_greedy(t)
    assume(fits(t, start))
    plan = swap(t, start)
    assert fits(t, plan)
    better = objective_of(t, plan) - objective_of(t, start)
    assert better <= 0 if t.budget < 0 else better >= 0


def test_two_candidates_that_only_help_together_are_built_together():
    assert greedy(tables(small_problem())).tolist() == [True, True, True]


def test_candidates_judged_one_by_one_miss_those_that_only_help_together():
    assert greedy(tables(small_problem()), tries=0).tolist() == [False, False, True]


def test_reverse_greedy_on_the_line_keeps_what_is_worth_most_for_its_money():
    assert reverse_greedy(tables(open_line(budget=7))).tolist() == [True, True, False, True]


def test_candidates_are_related_by_the_share_of_pairs_that_both_can_serve():
    t = tables(open_line())
    near = relatedness_of_candidates(t)
    assert near.shape == (3, 3)
    assert near[0, 1] == 0.5
