from __future__ import annotations

import math

import numpy as np
import pytest
from core_drawing import line
from cut_drawing import meshes, two_of_three
from hypothesis import given, settings
from hypothesis import strategies as st

from optimiser.engine.backends.live_program import LiveProgram
from optimiser.engine.methods.branching.nodes import whole
from optimiser.engine.methods.cuts.time_cuts import FractionalCuts
from optimiser.engine.presolve import reduce
from optimiser.engine.search.rows import Rows
from optimiser.engine.search.tables import tables
from optimiser.problem import City

HALF = Rows(np.array([0]), np.array([0, 3]), np.array([0, 1, 2]), np.array([0.5, 0.5, 0.5]))
LOOSE = Rows(np.array([0]), np.array([0, 3]), np.array([0, 1, 2]), np.array([1.0, 1.0, 1.0]))


def program(*rows, **changes):
    live = LiveProgram(two_of_three(**changes), seed=0)
    for part in rows:
        live.add(part)
    return live


def fixed(*values):
    """Return lower and upper bounds; None leaves a decision free."""
    lower = [0.0 if value is None else value for value in values]
    upper = [1.0 if value is None else value for value in values]
    return np.array(lower, float), np.array(upper, float)


def test_without_cuts_all_is_covered_for_nothing():
    answer = program(budget=0).solve(seconds=10)
    assert (answer.ending, answer.worth) == ("optimal", 1.0)
    assert answer.level.tolist() == [1.0]
    assert answer.decided.tolist() == [0.0, 0.0, 0.0]


def test_a_cut_ties_the_level_to_what_is_built():
    answer = program(HALF, budget=1).solve(seconds=10)
    assert answer.worth == pytest.approx(0.5)
    assert answer.decided.sum() == pytest.approx(1.0)


def test_where_every_pair_must_be_covered_the_worth_is_minus_the_cost():
    answer = program(HALF).solve(seconds=10)
    assert answer.worth == pytest.approx(-2.0)
    assert answer.level.tolist() == [1.0]


@pytest.mark.parametrize("budget", [None, 3])
def test_several_rows_are_added_at_once(budget):
    both = Rows(np.array([0, 0]), np.array([0, 1, 2]), np.array([0, 2]), np.array([1.0, 1.0]))
    live = program(both, budget=budget)
    live.limit(*fixed(None, 1.0, 0.0))
    answer = live.solve(seconds=10)
    assert answer.ending == ("empty" if budget is None else "optimal")
    assert answer.worth == (-math.inf if budget is None else pytest.approx(0.0))


def test_bounds_hold_until_others_are_set():
    live = program(HALF, budget=3)
    live.limit(*fixed(0.0, 0.0, None))
    assert live.solve(seconds=10).worth == pytest.approx(0.5)
    live.limit(*fixed(None, None, None))
    assert live.solve(seconds=10).worth == pytest.approx(1.0)


def test_reduced_costs_are_changes_of_the_worth():
    live = program(HALF, costs=[1, 2, 4])
    live.limit(*fixed(None, None, 1.0))
    answer = live.solve(seconds=10)
    assert answer.worth == pytest.approx(-5.0)
    assert answer.reduced == pytest.approx([0.0, -1.0, -3.0])


def test_a_probe_says_what_fixing_would_do_and_leaves_all_as_it_was():
    live = program(HALF, costs=[1, 2, 4])
    before = live.solve(seconds=10)
    assert live.probe(0, 0.0, iterations=50) == (pytest.approx(-6.0), True)
    assert live.probe(2, 1.0, iterations=50) == (pytest.approx(-5.0), True)
    after = live.solve(seconds=10)
    assert after.worth == pytest.approx(before.worth)
    assert after.decided == pytest.approx(before.decided)


def test_a_probe_that_leaves_nothing_proves_it():
    live = program(HALF)
    live.limit(*fixed(None, None, 0.0))
    live.solve(seconds=10)
    assert live.probe(0, 0.0, iterations=50) == (-math.inf, True)


def test_a_probe_keeps_the_bounds_of_its_node():
    live = program(HALF, budget=3)
    live.limit(*fixed(0.0, None, None))
    live.solve(seconds=10)
    live.probe(1, 0.0, iterations=50)
    answer = live.solve(seconds=10)
    assert answer.decided == pytest.approx([0.0, 1.0, 1.0])


def test_a_probe_without_steps_proves_nothing_beyond_what_is_seen():
    live = program(HALF, costs=[1, 2, 4])
    live.solve(seconds=10)
    worth, proved = live.probe(0, 0.0, iterations=0)
    assert not proved or worth == pytest.approx(-6.0)


@pytest.mark.parametrize(("budget", "worth"), [(None, -2.0), (1, 0.5)])
def test_only_cuts_that_do_not_bind_are_dropped(budget, worth):
    live = program(LOOSE, HALF, budget=budget)
    live.solve(seconds=10)
    assert live.drop_slack() == 1
    assert live.solve(seconds=10).worth == pytest.approx(worth)


def test_the_rows_of_the_model_itself_are_never_dropped():
    live = program(HALF, budget=100)
    live.solve(seconds=10)
    live.limit(*fixed(1.0, 1.0, 1.0))
    live.solve(seconds=10)
    assert live.drop_slack() == 0
    assert live.solve(seconds=10).ending == "optimal"


def test_the_worth_counts_in_units_of_the_divisor():
    problem = two_of_three(costs=[6, 4, 10])
    live = LiveProgram(problem, seed=0)
    live.add(HALF)
    assert live.divisor == 2
    assert live.solve(seconds=10).worth == pytest.approx(-5.0)


def test_cities_are_decisions_behind_what_is_built():
    cities = (City("t", 5, (0,), 1),)
    problem = reduce(line(cities=cities, budget=3)).problem
    answer = LiveProgram(problem, seed=0).solve(seconds=10)
    assert len(answer.decided) == len(problem.candidates) + 1
    assert len(answer.level) == len(problem.pairs)
    assert len(answer.reduced) == len(answer.decided)


def test_no_time_ends_at_a_limit_without_a_bound():
    answer = program(HALF, budget=1).solve(seconds=0.0)
    assert (answer.ending, answer.worth) == ("limit", math.inf)


def test_a_solve_after_one_without_time_goes_on():
    live = program(HALF, budget=1)
    live.solve(seconds=0.0)
    assert live.solve(seconds=10).worth == pytest.approx(0.5)


def test_the_interior_point_method_finds_the_same_worth():
    live = program(HALF, costs=[1, 2, 4])
    live.by_interior_point(wanted=True)
    first = live.solve(seconds=10)
    live.by_interior_point(wanted=False)
    assert (first.worth, live.solve(seconds=10).worth) == pytest.approx((-3.0, -3.0), abs=1e-5)


@given(meshes(budget="some"))
@settings(max_examples=40, deadline=None)
def test_the_interior_point_method_never_ends_below_the_optimum(problem):
    t, pairs = tables(problem), np.arange(len(problem.pairs))
    rows = FractionalCuts(t).violated(
        pairs, np.full(t.size, 0.4), np.ones(len(pairs)), towards=np.full(t.size, 0.5), pull=0.2, margin=1e-4
    )
    by_simplex, by_interior_point = LiveProgram(problem, seed=0), LiveProgram(problem, seed=0)
    by_interior_point.by_interior_point(wanted=True)
    for live in (by_simplex, by_interior_point):
        live.add(rows)
    least = by_simplex.solve(seconds=10).worth
    assert least - 1e-9 <= by_interior_point.solve(seconds=10).worth <= least + 1e-4


@given(meshes() | meshes(budget="some"), st.integers(0, 63), st.integers(0, 63), st.integers(-30, 30))
@settings(max_examples=80, deadline=None)
def test_only_what_cannot_beat_the_known_worth_is_cut_off(problem, chosen, ones, known):
    t, pairs = tables(problem), np.arange(len(problem.pairs))
    middle = np.full(t.size, 0.5)
    rows = FractionalCuts(t).violated(
        pairs, middle, np.ones(len(pairs)), towards=middle, pull=0.0, margin=1e-4
    )
    values = [float(ones >> j & 1) if chosen >> j & 1 else None for j in range(t.size)]
    free, cut = LiveProgram(problem, seed=0), LiveProgram(problem, seed=0)
    cut.cut_off(float(known))
    for live in (free, cut):
        live.add(rows)
        live.solve(seconds=10)
        live.limit(*fixed(*values))
    expected, found = free.solve(seconds=10), cut.solve(seconds=10)
    if whole(expected.worth) > known:
        assert (found.ending, found.worth) == ("optimal", pytest.approx(expected.worth))
    else:
        assert whole(found.worth) <= known


def test_a_cut_off_is_lifted_by_a_worth_of_nothing():
    live = program(HALF, budget=1)
    live.cut_off(5.0)
    live.solve(seconds=10)
    live.cut_off(-math.inf)
    assert live.solve(seconds=10).worth == pytest.approx(0.5)
