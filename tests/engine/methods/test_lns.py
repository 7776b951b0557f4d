from __future__ import annotations

import json

import numpy as np
import pytest
from core_drawing import brute_force, dense_problem, problems, side_problems
from heuristic_drawing import open_line, tables_drawn
from hypothesis import given
from hypothesis import strategies as st
from tiers import examples

from optimiser.engine.methods.heuristics import lns
from optimiser.engine.methods.heuristics.greedy import nothing, reverse_greedy
from optimiser.engine.methods.heuristics.lns import Improver, attempts_for, start_plans
from optimiser.engine.presolve import reduce
from optimiser.engine.search.incumbent import mask_incumbent, never_stop
from optimiser.engine.search.scoring import fits, objective_of
from optimiser.engine.search.tables import tables
from optimiser.problem import load


def improved(t, start, *, attempts, seed=0, stop=never_stop):
    """Return the best plan that a search finds from a plan."""
    search = Improver(t, seed=seed)
    search.start_from(start)
    search.improve(attempts=attempts, stop=stop)
    return search.best


def reported(t, *, seed=0):
    found = []
    progress = mask_incumbent(t, seconds=60, send=found.append)
    start_plans(t, progress, seed=seed)
    return progress.best, [tuple(m["built"]) for m in found if m["kind"] == "plan"]


@given(tables_drawn(side=True), st.integers(0, 9))
@examples(20)
def test_the_same_seed_and_attempts_give_the_same_plan(t, seed):
    first, second = (improved(t, nothing(t), attempts=25, seed=seed) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@given(tables_drawn(side=True))
@examples(20)
def test_the_plans_of_a_start_all_fit_and_come_again_when_asked_again(t):
    best, plans = reported(t)
    assert best is None or fits(t, best)
    assert reported(t)[1] == plans


def test_start_plans_leave_time_for_a_bound(monkeypatch):
    monkeypatch.setattr(lns, "START_S", 0.0)
    monkeypatch.setattr(lns, "START_SHARE", 0.0)
    t = tables(dense_problem(1))
    assert len(reported(t)[1]) == 1
    monkeypatch.setattr(lns, "START_SHARE", 1.0)
    assert len(reported(t)[1]) > 1


@given(tables_drawn(), st.integers(0, 9))
@examples(20)
def test_the_search_never_ends_with_less_than_it_began_with(t, seed):
    start = reverse_greedy(t)
    plan = improved(t, start, attempts=20, seed=seed)
    assert fits(t, plan) or not fits(t, start)
    worse = objective_of(t, plan) - objective_of(t, start)
    assert worse <= 0 if t.budget < 0 else worse >= 0


@given(tables_drawn(side=True), st.integers(0, 9))
@examples(20)
def test_a_guide_of_any_kind_leaves_plans_that_break_nothing(t, seed):
    search = Improver(t, seed=seed)
    search.start_from(nothing(t))
    search.improve(attempts=20, guide=np.random.default_rng(seed).random(t.size))
    assert fits(t, search.best) or not fits(t, nothing(t))


def test_a_search_that_is_told_to_stop_keeps_what_it_has():
    t = tables(open_line())
    assert improved(t, nothing(t), attempts=50, stop=lambda: True).tolist() == nothing(t).tolist()


def test_a_search_goes_on_where_it_was_left():
    t = tables(open_line())
    whole, parts = Improver(t, seed=3), Improver(t, seed=3)
    whole.start_from(nothing(t))
    parts.start_from(nothing(t))
    whole.improve(attempts=30)
    parts.improve(attempts=10)
    parts.improve(attempts=20)
    assert whole.best.tolist() == parts.best.tolist()


def test_large_problems_get_fewer_attempts_than_small_ones():
    small = tables(dense_problem(5))
    assert small.size == 9
    large = small._replace(use=np.zeros(10**6, np.int64))
    assert attempts_for(large) < attempts_for(small)


def test_a_tiny_problem_gets_four_attempts_for_each_plan():
    t = tables(open_line())
    assert attempts_for(t) == 4 * 2**t.size == 32


@given(problems() | side_problems())
@examples(20)
def test_no_plan_is_better_than_what_trying_every_plan_finds(problem):
    optimum = brute_force(problem)
    reduced = reduce(problem)
    if not reduced.feasible or not reduced.problem.candidates or not reduced.problem.pairs:
        return
    t = tables(reduced.problem)
    best, _ = reported(t)
    if best is not None:
        value = objective_of(t, best) + reduced.base
        assert optimum is not None
        assert value >= optimum if problem.budget is None else value <= optimum


@pytest.mark.shared
def test_a_start_finds_nearly_all_optima_of_the_toy_problems(shared_dir):
    optima = {
        row["problem"]: row["coverage" if row["objective"] == "coverage" else "cost"]
        for row in json.loads((shared_dir / "instances/toy/optima.json").read_text())
    }
    missed = []
    for path in sorted((shared_dir / "instances/toy").glob("toy_*.json")):
        problem = load(path)
        reduced = reduce(problem)
        if not reduced.feasible or not reduced.problem.candidates or not reduced.problem.pairs:
            continue
        t = tables(reduced.problem)
        best, _ = reported(t)
        optimum = optima[problem.name]
        if best is None or objective_of(t, best) + reduced.base != optimum:
            missed.append(path.stem)
    assert len(missed) <= 1
