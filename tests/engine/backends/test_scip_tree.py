from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest
from core_drawing import brute_force, line, side_problems
from hypothesis import given, settings
from hypothesis import strategies as st

from optimiser.engine.backends.tree import Rhythm, TreeLimits
from optimiser.engine.methods.cuts.time_cuts import separate
from optimiser.engine.presolve import reduce
from optimiser.engine.search.incumbent import mask_incumbent
from optimiser.engine.search.rows import NO_ROWS, Rows
from optimiser.engine.search.scoring import fits, objective_of
from optimiser.engine.search.tables import tables
from optimiser.problem import Pair, Target

pytest.importorskip("pyscipopt")

from optimiser.engine.backends.scip_tree import search_tree


def no_separator(built, level, *, integer):
    return NO_ROWS


def time_cuts(t):
    def violated(built, level, *, integer):
        pairs = np.flatnonzero(level > 1e-6)
        found = separate(t, pairs, built, level, -built)
        return Rows(found.pair, found.start, found.candidate, np.ones(len(found.candidate)))

    return violated


def searched(problem, separator=None, *, start=None, send=lambda _: None, gap=0.0, **more):
    """Return the outcome of a search of a reduced problem, and the progress that followed it."""
    t = tables(problem)
    progress = mask_incumbent(t, seconds=300.0, send=send)
    if start is not None:
        progress.plan(start, "start")
    limits = TreeLimits(
        30.0, gap, **{key: more.pop(key) for key in ("nodes", "rhythm", "seed") if key in more}
    )
    outcome = search_tree(t, problem, progress, separator or time_cuts(t), limits=limits, **more)
    return outcome, progress


@pytest.fixture(params=["cuts", "plain"], name="way")
def way_fixture(request):
    return None if request.param == "cuts" else no_separator


def line_problem(**changes):
    return reduce(line(**changes)).problem


def test_the_best_plan_of_the_line_is_proved(way):
    outcome, progress = searched(line_problem(), way)
    assert (outcome.reason, outcome.bound) == ("proof", 16.0)
    assert progress.best[:-1].all()


def test_the_cheapest_full_cover_of_the_line_is_proved(way):
    problem = line_problem(budget=None)
    outcome, _ = searched(problem, way)
    assert (outcome.reason, outcome.bound) == ("proof", float(brute_force(problem)))


@given(side_problems(), st.sampled_from([None, no_separator]))
@settings(max_examples=120, deadline=None)
def test_the_outcome_equals_that_of_trying_every_plan(problem, separator):
    small = reduce(problem).problem
    if not small.candidates or not small.pairs:
        return
    outcome, progress = searched(small, separator)
    best = brute_force(small)
    if best is None:
        assert (outcome.reason, progress.best) == ("infeasible", None)
    else:
        assert (outcome.reason, outcome.bound) == ("proof", float(best))
        assert objective_of(tables(small), progress.best) == best


@given(side_problems())
@settings(max_examples=40, deadline=None)
def test_a_known_best_plan_is_proved_without_finding_it_again(problem):
    small = reduce(problem).problem
    if not small.candidates or not small.pairs:
        return
    _, first = searched(small)
    if first.best is not None:
        outcome, second = searched(small, start=first.best)
        assert outcome.reason == "proof"
        assert (second.best == first.best).all()


@given(side_problems())
@settings(max_examples=40, deadline=None)
def test_no_bound_on_the_way_contradicts_the_brute_force(problem):
    small = reduce(problem).problem
    best = brute_force(small)
    if not small.candidates or not small.pairs or best is None:
        return
    sent = []
    searched(small, send=sent.append)
    bounds = [message["bound"] for message in sent if message["kind"] == "bound"]
    assert all(bound <= best if small.budget is None else bound >= best for bound in bounds)


def test_a_budget_is_kept_to_the_last_unit(way):
    """Both links together cost one unit more than the budget, less than SCIP's tolerance of it."""
    base = line()
    costs = [50_000_001, 50_000_000, 900_000_000]
    candidates = tuple(
        dataclasses.replace(c, cost=cost) for c, cost in zip(base.candidates, costs, strict=True)
    )
    problem = reduce(base.replace(candidates=candidates, budget=100_000_000)).problem
    outcome, progress = searched(problem, way)
    assert (outcome.reason, outcome.bound) == ("proof", float(brute_force(problem)))
    assert not progress.best[:-1].all()


def test_a_target_is_met_to_the_last_unit(way):
    """Two links fall one unit short of the target, less than SCIP's tolerance of it."""
    pairs = (
        Pair(0, 2, 120, 60_000_000, "small"),
        Pair(1, 3, 120, 39_999_999, "small"),
        Pair(0, 3, 60, 5, "small"),
    )
    targets = (Target("small", 100_000_000),)
    problem = line(pairs=pairs, targets=targets, budget=None, cover="targets").canonical()
    outcome, progress = searched(problem, way)
    assert (outcome.reason, outcome.bound) == ("proof", 16.0)
    assert progress.best.all()


def test_a_plan_that_breaks_a_rule_unseen_by_scip_is_cut_off(way, monkeypatch):
    def strict(t, is_open):
        return fits(t, is_open) and not is_open.all()

    monkeypatch.setattr("optimiser.engine.backends.scip_tree.fits", strict)
    monkeypatch.setattr("optimiser.engine.search.incumbent.fits", strict)
    outcome, progress = searched(line_problem(), way)
    assert (outcome.reason, outcome.bound) == ("proof", 12.0)
    assert progress.best.tolist() == [True, False, True]


def test_fixed_candidates_keep_their_value():
    problem = line_problem()
    outcome, progress = searched(problem, fixed=np.array([0, -1]))
    assert not progress.best[0]
    assert outcome.bound == objective_of(tables(problem), progress.best)


def test_rows_known_from_the_start_hold():
    problem = line_problem()
    row = Rows(np.array([0]), np.array([0, 1]), np.array([0]), np.array([1.0]))
    outcome, _ = searched(problem, rows=row)
    assert outcome.bound == 16.0


def test_what_a_separator_raises_comes_out():
    def broken(built, level, *, integer):
        raise ValueError("no cuts today")

    with pytest.raises(ValueError, match="no cuts today"):
        searched(line_problem(), broken)


def test_rows_that_are_not_violated_are_left_out():
    t = tables(line_problem())

    def idle(built, level, *, integer):
        return Rows(np.array([0]), np.array([0, t.size]), np.arange(t.size), np.full(t.size, 5.0))

    outcome, _ = searched(line_problem(), idle)
    assert outcome.bound == 16.0


def test_a_search_may_separate_integer_points_alone():
    outcome, _ = searched(line_problem(), rhythm=Rhythm(depth=-1))
    assert outcome.bound == 16.0


def test_a_search_without_time_gives_up():
    problem = line_problem()
    t = tables(problem)
    progress = mask_incumbent(t, seconds=0.0, send=lambda _: None)
    outcome = search_tree(t, problem, progress, time_cuts(t), limits=TreeLimits(0.0))
    assert outcome.reason == "time"


def test_plans_made_near_fractional_points_are_taken_in():
    problem = line_problem()
    t = tables(problem)
    progress = mask_incumbent(t, seconds=300.0, send=lambda _: None)
    seen = []

    def improve(built):
        seen.append(built)
        progress.plan(np.ones(t.size + 1, np.bool_), "whole")

    begun = time.monotonic()
    outcome = search_tree(t, problem, progress, time_cuts(t), limits=TreeLimits(30.0), improve=improve)
    assert outcome.reason == "proof"
    assert all(len(built) == t.size for built in seen)
    assert time.monotonic() - begun < 30.0


def test_counts_of_cuts_and_nodes_are_told():
    sent = []
    outcome, _ = searched(line_problem(), send=sent.append)
    last = [message for message in sent if message["kind"] == "count"][-1]
    assert (last["cuts"], last["nodes"]) == (outcome.cuts, outcome.nodes)
