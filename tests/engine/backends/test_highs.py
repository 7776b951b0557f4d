from __future__ import annotations

import math

import numpy as np
import pytest
from core_drawing import line
from cut_drawing import meshes, two_of_three
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import csr_array
from stated_rows import (
    CITY_WEIGHT,
    COSTS,
    TOWN_MODEL,
    TOWN_WEIGHTS,
    TWO_LINKS,
    WEIGHTS,
    check_master,
    given_rows,
    integer_best,
    relaxed_best,
    rows_of,
    rows_of_town,
    splits_of,
    town,
    town_splits,
    weighted_triangle,
)
from tiers import examples

from optimiser.engine.backends.highs import BELOW_ONE, ExtendedHighs, SmallLps, proving_gap
from optimiser.engine.methods.branching.tree import integer_bound
from optimiser.engine.methods.cuts.master_loop import IntegerMaster
from optimiser.engine.methods.cuts.relaxation import Relaxation
from optimiser.engine.methods.cuts.time_cuts import FractionalCuts
from optimiser.engine.methods.questions import QuestionRelaxation
from optimiser.engine.models.extended import build_extended
from optimiser.engine.presolve import reduce
from optimiser.engine.search.rows import Rows
from optimiser.engine.search.tables import tables
from optimiser.problem import City, Period
from optimiser.problem.result import rounded_bound


@given(best=st.integers(0, 400_000_000))
def test_a_bound_within_the_gap_that_proves_allows_no_better_objective(best):
    assert rounded_bound(best + proving_gap(best)) == best
    assert rounded_bound(best - proving_gap(best), minimise=True) == best


def test_a_gap_just_below_one_proves_nothing_of_large_objectives():
    """HiGHS ends there with a bound that allows one more: `cuts-loop` then stalled."""
    assert rounded_bound(2_000_000 + BELOW_ONE) == 2_000_001


HALF = Rows(np.array([0]), np.array([0, 3]), np.array([0, 1, 2]), np.array([0.5, 0.5, 0.5]))
LOOSE = Rows(np.array([0]), np.array([0, 3]), np.array([0, 1, 2]), np.array([1.0, 1.0, 1.0]))


def relaxation(*rows, **changes):
    live = Relaxation(two_of_three(**changes), seed=0)
    for part in rows:
        live.add(part)
    return live


def fixed(*values):
    """Return lower and upper bounds; None leaves a decision free."""
    lower = [0.0 if value is None else value for value in values]
    upper = [1.0 if value is None else value for value in values]
    return np.array(lower, float), np.array(upper, float)


def test_without_cuts_everything_is_covered_for_nothing():
    solution = relaxation(budget=0).solve(seconds=10)
    assert (solution.status, solution.objective) == ("optimal", 1.0)
    assert solution.y.tolist() == [1.0]
    assert solution.decisions.tolist() == [0.0, 0.0, 0.0]


def test_a_cut_limits_y_by_what_is_built():
    solution = relaxation(HALF, budget=1).solve(seconds=10)
    assert solution.objective == pytest.approx(0.5)
    assert solution.decisions.sum() == pytest.approx(1.0)


def test_where_every_pair_must_be_covered_the_objective_is_minus_the_cost():
    solution = relaxation(HALF).solve(seconds=10)
    assert solution.objective == pytest.approx(-2.0)
    assert solution.y.tolist() == [1.0]


@pytest.mark.parametrize("budget", [None, 3])
def test_several_rows_are_added_at_once(budget):
    both = Rows(np.array([0, 0]), np.array([0, 1, 2]), np.array([0, 2]), np.array([1.0, 1.0]))
    live = relaxation(both, budget=budget)
    live.set_bounds(*fixed(None, 1.0, 0.0))
    solution = live.solve(seconds=10)
    assert solution.status == ("infeasible" if budget is None else "optimal")
    assert solution.objective == (-math.inf if budget is None else pytest.approx(0.0))


def test_bounds_hold_until_others_are_set():
    live = relaxation(HALF, budget=3)
    live.set_bounds(*fixed(0.0, 0.0, None))
    assert live.solve(seconds=10).objective == pytest.approx(0.5)
    live.set_bounds(*fixed(None, None, None))
    assert live.solve(seconds=10).objective == pytest.approx(1.0)


def test_reduced_costs_are_changes_of_the_objective():
    live = relaxation(HALF, costs=[1, 2, 4])
    live.set_bounds(*fixed(None, None, 1.0))
    solution = live.solve(seconds=10)
    assert solution.objective == pytest.approx(-5.0)
    assert solution.reduced_costs == pytest.approx([0.0, -1.0, -3.0])


def test_a_probe_returns_the_objective_after_fixing_and_restores_the_state():
    live = relaxation(HALF, costs=[1, 2, 4])
    before = live.solve(seconds=10)
    assert live.probe(0, 0.0, iterations=50) == (pytest.approx(-6.0), True)
    assert live.probe(2, 1.0, iterations=50) == (pytest.approx(-5.0), True)
    after = live.solve(seconds=10)
    assert after.objective == pytest.approx(before.objective)
    assert after.decisions == pytest.approx(before.decisions)


def test_a_probe_proves_infeasibility():
    live = relaxation(HALF)
    live.set_bounds(*fixed(None, None, 0.0))
    live.solve(seconds=10)
    assert live.probe(0, 0.0, iterations=50) == (-math.inf, True)


def test_a_probe_keeps_the_bounds_of_its_node():
    live = relaxation(HALF, budget=3)
    live.set_bounds(*fixed(0.0, None, None))
    live.solve(seconds=10)
    live.probe(1, 0.0, iterations=50)
    solution = live.solve(seconds=10)
    assert solution.decisions == pytest.approx([0.0, 1.0, 1.0])


def test_a_probe_without_steps_proves_no_bound_that_is_not_reached():
    live = relaxation(HALF, costs=[1, 2, 4])
    live.solve(seconds=10)
    objective, proved = live.probe(0, 0.0, iterations=0)
    assert not proved or objective == pytest.approx(-6.0)


@pytest.mark.parametrize(("budget", "objective"), [(None, -2.0), (1, 0.5)])
def test_only_cuts_that_do_not_bind_are_dropped(budget, objective):
    live = relaxation(LOOSE, HALF, budget=budget)
    live.solve(seconds=10)
    assert live.drop_slack_rows() == 1
    assert live.solve(seconds=10).objective == pytest.approx(objective)


def test_the_rows_of_the_model_itself_are_never_dropped():
    live = relaxation(HALF, budget=100)
    live.solve(seconds=10)
    live.set_bounds(*fixed(1.0, 1.0, 1.0))
    live.solve(seconds=10)
    assert live.drop_slack_rows() == 0
    assert live.solve(seconds=10).status == "optimal"


def test_the_objective_counts_in_units_of_the_divisor():
    problem = two_of_three(costs=[6, 4, 10])
    live = Relaxation(problem, seed=0)
    live.add(HALF)
    assert live.divisor == 2
    assert live.solve(seconds=10).objective == pytest.approx(-5.0)


def test_cities_are_decisions_behind_what_is_built():
    cities = (City("t", 5, (0,), 1),)
    problem = reduce(line(cities=cities, budget=3)).problem
    solution = Relaxation(problem, seed=0).solve(seconds=10)
    assert len(solution.decisions) == len(problem.candidates) + 1
    assert len(solution.y) == len(problem.pairs)
    assert len(solution.reduced_costs) == len(solution.decisions)


def test_no_time_ends_at_a_limit_without_a_bound():
    solution = relaxation(HALF, budget=1).solve(seconds=0.0)
    assert (solution.status, solution.objective) == ("limit", math.inf)


def test_a_solve_after_one_without_time_goes_on():
    live = relaxation(HALF, budget=1)
    live.solve(seconds=0.0)
    assert live.solve(seconds=10).objective == pytest.approx(0.5)


def test_the_interior_point_method_finds_the_same_objective():
    live = relaxation(HALF, costs=[1, 2, 4])
    live.use_interior_point(enabled=True)
    first = live.solve(seconds=10)
    live.use_interior_point(enabled=False)
    assert (first.objective, live.solve(seconds=10).objective) == pytest.approx((-3.0, -3.0), abs=1e-5)


@given(meshes() | meshes(budget="some"))
@examples(40)
def test_a_solve_anew_leaves_a_basis_to_probe_from(problem):
    from_scratch, anew = Relaxation(problem, seed=0), Relaxation(problem, seed=0)
    objectives = (from_scratch.solve(seconds=10).objective, anew.solve_anew(seconds=10).objective)
    assert objectives[0] == pytest.approx(objectives[1], abs=1e-6)
    assert anew.solve(seconds=10).objective == pytest.approx(objectives[0], abs=1e-6)
    probes = [live.probe(0, 0.0, iterations=100) for live in (from_scratch, anew)]
    assert probes[0] == pytest.approx(probes[1], abs=1e-6)


@given(meshes(budget="some"))
@examples(40)
def test_the_interior_point_method_never_ends_below_the_optimum(problem):
    t, pairs = tables(problem), np.arange(len(problem.pairs))
    rows = FractionalCuts(t).violated(
        pairs,
        np.full(t.size, 0.4),
        np.ones(len(pairs)),
        core_point=np.full(t.size, 0.5),
        in_out_weight=0.2,
        margin=1e-4,
    )
    by_simplex, by_interior_point = Relaxation(problem, seed=0), Relaxation(problem, seed=0)
    by_interior_point.use_interior_point(enabled=True)
    for live in (by_simplex, by_interior_point):
        live.add(rows)
    least = by_simplex.solve(seconds=10).objective  # HiGHS itself promises 1e-7
    assert least - 1e-7 <= by_interior_point.solve(seconds=10).objective <= least + 1e-4


@given(meshes() | meshes(budget="some"), st.integers(0, 63), st.integers(0, 63), st.integers(-30, 30))
@examples(80)
def test_the_cutoff_removes_only_what_cannot_beat_the_known_objective(problem, chosen, ones, known):
    t, pairs = tables(problem), np.arange(len(problem.pairs))
    middle = np.full(t.size, 0.5)
    rows = FractionalCuts(t).violated(
        pairs, middle, np.ones(len(pairs)), core_point=middle, in_out_weight=0.0, margin=1e-4
    )
    values = [float(ones >> j & 1) if chosen >> j & 1 else None for j in range(t.size)]
    free, cut = Relaxation(problem, seed=0), Relaxation(problem, seed=0)
    cut.set_cutoff(float(known))
    for live in (free, cut):
        live.add(rows)
        live.solve(seconds=10)
        live.set_bounds(*fixed(*values))
    expected, found = free.solve(seconds=10), cut.solve(seconds=10)
    if integer_bound(expected.objective) > known:
        assert (found.status, found.objective) == ("optimal", pytest.approx(expected.objective))
    else:
        assert integer_bound(found.objective) <= known


def test_a_cutoff_is_removed_by_minus_infinity():
    live = relaxation(HALF, budget=1)
    live.set_cutoff(5.0)
    live.solve(seconds=10)
    live.set_cutoff(-math.inf)
    assert live.solve(seconds=10).objective == pytest.approx(0.5)


# ---- rows of several pairs


@given_rows
def test_a_relaxation_keeps_to_rows_of_several_pairs(lines, budget):
    live = Relaxation(weighted_triangle(budget), seed=0)
    live.add(rows_of(*lines))
    solution, best = live.solve(seconds=10), relaxed_best(lines, budget)
    assert solution.status == ("infeasible" if best is None else "optimal")
    assert best is None or solution.objective == pytest.approx(best, abs=1e-4)


@given_rows
def test_rows_of_several_pairs_that_do_not_bind_can_be_dropped(lines, budget):
    live = Relaxation(weighted_triangle(budget), seed=0)
    live.add(rows_of(*lines))
    before = live.solve(seconds=10)
    if before.status == "infeasible":
        return
    sides, claimed = rows_of(*lines).right_side(before.decisions), rows_of(*lines).left_side(before.y)
    assert live.drop_slack_rows() == np.count_nonzero(sides <= claimed + 1e-2)
    assert live.solve(seconds=10).objective == pytest.approx(before.objective, abs=1e-4)


@given_rows
def test_the_integer_master_keeps_to_rows_of_several_pairs(lines, budget):
    master = IntegerMaster(weighted_triangle(budget), threads=1, seed=1)
    best = integer_best(lines, budget)
    check_master(master, lines, budget, best, tolerance=BELOW_ONE)


@given_rows
def test_a_model_with_one_state_keeps_to_rows_of_several_pairs(lines, budget):
    model = build_extended(weighted_triangle(budget), flows=False)
    live = ExtendedHighs(model, threads=1, seed=1)
    live.add_cuts(rows_of(*lines), live.columns(model.x), live.columns(model.states[-1].y))
    found, best = live.solve_relaxation(seconds=10), relaxed_best(lines, budget)
    assert found.status == ("infeasible" if best is None else "optimal")
    assert best is None or model.scale * found.objective == pytest.approx(best, abs=1e-4)


@pytest.mark.parametrize(("covered", "expected"), [((), 5), ((0,), 3), ((1,), 2), ((0, 1), 0)])
def test_cuts_hold_in_the_state_that_they_are_added_to(covered, expected):
    """No pair may be covered in some of the two periods, which count twice and three times."""
    periods = (Period("now", sum(COSTS), 2), Period("later", 0, 3))
    model = build_extended(weighted_triangle(sum(COSTS)).replace(periods=periods), flows=False)
    live = ExtendedHighs(model, threads=1, seed=1)
    for s in covered:
        state = model.states[s]
        live.add_cuts(rows_of(([0, 1, 2], {})), live.columns(state.x), live.columns(state.y))
    assert live.solve_relaxation(seconds=10).objective * model.scale == pytest.approx(expected * sum(WEIGHTS))
    assert live.solve_integer(seconds=10, gap=0.0).bound * model.scale == pytest.approx(
        expected * sum(WEIGHTS)
    )


def test_cuts_of_a_state_tie_its_own_columns():
    periods = (Period("now", COSTS[0], 1), Period("later", COSTS[1], 1))
    model = build_extended(weighted_triangle(304).replace(periods=periods), flows=False)
    live = ExtendedHighs(model, threads=1, seed=1)
    cut = rows_of(([0], {0: 1.0}), ([1], {1: 1.0}), ([2], {2: 1.0}))
    for state in model.states:
        live.add_cuts(cut, live.columns(state.x), live.columns(state.y))
    found = live.solve_integer(seconds=10, gap=0.0)
    values = live.by_name(found.points[-1])
    covered = [[round(values[y.name]) for y in state.y] for state in model.states]
    assert covered == [[1, 0, 0], [1, 1, 0]]
    assert found.bound * model.scale == pytest.approx(2 * WEIGHTS[0] + WEIGHTS[1])


# ---- lift-and-project cuts


@given(town_splits())
@examples(60)
def test_a_relaxation_keeps_to_lift_and_project_cuts_and_returns_its_rows(drawn):
    lines, budget = drawn
    matrix, sides = rows_of_town(lines, budget)
    own, weights = TOWN_MODEL[budget][1], np.array(TOWN_MODEL[budget][2])
    live = Relaxation(town(budget), seed=0)
    live.add_splits(splits_of(*lines))
    solution = live.solve(seconds=10.0)
    best = linprog(-weights, A_ub=-matrix, b_ub=-sides, bounds=(0, 1), method="highs")
    assert solution.status == ("optimal" if best.success else "infeasible")
    if best.success:
        assert solution.objective == pytest.approx(-best.fun, abs=1e-4)
        point = live.point(solution)
        assert point.shape == weights.shape
        assert (matrix @ point >= sides - 1e-6).all()
        assert point @ weights == pytest.approx(-best.fun, abs=1e-4)
    held, least, is_own = live.rows()
    returned = zip(held.toarray(), least, is_own, strict=True)
    mine = [i < len(own) for i in range(len(sides))]
    assert sorted((*row, side, yes) for row, side, yes in returned) == sorted(
        (*row, side, yes) for row, side, yes in zip(matrix, sides, mine, strict=True)
    )


@pytest.mark.parametrize("keeps", [True, False])
def test_kept_rows_stay_although_they_do_not_bind(keeps):
    live = Relaxation(town(508), seed=0)
    live.add_splits(splits_of(({0: 0.5, 3: 0.5}, -7.0), ({3: -1.0, 4: -1.0}, -1.0)))
    if keeps:
        live.keep_rows()
    live.add_splits(splits_of(({1: 1.0}, -5.0), ({5: -1.0}, -1.0)))
    before = live.solve(seconds=10.0)
    assert before.objective == pytest.approx(TOWN_WEIGHTS[1] + CITY_WEIGHT)
    assert live.drop_slack_rows() == live.cuts == (1 if keeps else 2)
    _, least, is_own = live.rows()
    assert least.tolist().count(-7.0) == (1 if keeps else 0)
    assert -5.0 not in least
    assert is_own.sum() == len(TOWN_MODEL[508][1]) + (2 if keeps else 0)
    assert live.solve(seconds=10.0).objective == pytest.approx(before.objective)


# ---- questions

MEASURES = np.array([[WEIGHTS[0], 0, 0], [0, WEIGHTS[1], WEIGHTS[2]]], np.int64)


def question_relaxation(*lines):
    live = QuestionRelaxation(weighted_triangle(sum(COSTS)), MEASURES, seed=1)
    if lines:
        live.add(rows_of(*lines))
    return live


def test_questions_follow_each_other():
    live = question_relaxation(TWO_LINKS)
    live.set_question(budget=COSTS[0], least=(0, 0), weights=MEASURES.sum(axis=0))
    first = live.solve(seconds=10).objective * live.divisor
    live.set_question(budget=None, least=(WEIGHTS[0], WEIGHTS[1] + WEIGHTS[2]), weights=None)
    assert live.solve(seconds=10).objective * live.divisor == pytest.approx(-COSTS[0] - COSTS[1])
    live.set_question(budget=COSTS[0], least=(0, 0), weights=MEASURES.sum(axis=0))
    assert live.solve(seconds=10).objective * live.divisor == pytest.approx(first)
    assert first == pytest.approx(WEIGHTS[1] + WEIGHTS[2])


# ---- small linear programs


@st.composite
def small_lps(draw):
    """Draw rows over a few columns, the last of which makes up for what a row is short by, and bounds."""
    size, count = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    integers = st.lists(st.integers(-3, 3), min_size=size, max_size=size)
    matrix = np.array([[*draw(integers), draw(st.sampled_from([0, 1, 2]))] for _ in range(count)], np.float64)
    least = np.array([draw(st.integers(-3, 6)) for _ in range(count)], np.float64)
    lower = np.array([draw(st.sampled_from([0.0, 0.25])) for _ in range(size)])
    upper = lower + np.array([draw(st.sampled_from([0.0, 0.5])) for _ in range(size)])
    return matrix, least, np.append(lower, 0.0), np.append(upper, np.inf)


@given(st.lists(small_lps(), min_size=1, max_size=3))
@examples(60)
def test_small_lps_are_solved_one_after_another_with_duals_that_prove_the_optimum(programs):
    solve = SmallLps()
    for matrix, least, lower, upper in programs:
        cost = np.append(np.zeros(len(lower) - 1), 1.0)
        bounds = list(zip(lower, upper, strict=True))
        best = linprog(cost, A_ub=-matrix, b_ub=-least, bounds=bounds, method="highs")
        found = solve(csr_array(matrix), least, lower, upper)
        assert (found is not None) == best.success
        if found is None:
            continue
        values, duals = found
        assert values[-1] == pytest.approx(best.fun, abs=1e-6)
        assert (matrix @ values >= least - 1e-6).all()
        assert (duals >= -1e-9).all()
        reduced = (cost - duals @ matrix)[:-1]
        at_best = np.where(reduced > 0, lower[:-1], upper[:-1])
        assert duals @ least + reduced @ at_best == pytest.approx(best.fun, abs=1e-6)
