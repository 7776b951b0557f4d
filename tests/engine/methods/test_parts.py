from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from core_drawing import brute_force, line, side_problems
from hypothesis import HealthCheck, given, settings

from optimiser.engine.presolve import reduce
from optimiser.engine.search.incumbent import mask_incumbent
from optimiser.engine.search.scoring import fits, objective_of
from optimiser.engine.search.tables import tables
from optimiser.engine.search.task import Task

pytest.importorskip("pyscipopt")

from optimiser.engine.methods import cut_single_tree
from optimiser.engine.methods.cut_opening import opened
from optimiser.engine.methods.parts import fixed_in, search_parts, split


@pytest.fixture
def always_split(monkeypatch):
    """Split every search, however narrow its gap."""
    monkeypatch.setattr(cut_single_tree, "WIDE", -1.0)


def begin(problem):
    t = tables(problem)
    said = []
    progress = mask_incumbent(t, seconds=300.0, send=said.append)
    task = Task(problem, "cuts", 30.0, 0.0, 2, 1, "scip")
    return t, progress, task, opened(t, progress, task), said


def parts_of(t, begun):
    return split(begun.program, begun.answer, parts=4, cutoff=-np.inf, size=t.size, left=lambda: 30.0)


@pytest.mark.usefixtures("always_split")
@given(side_problems())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_parts_searched_beside_each_other_find_what_trying_every_plan_finds(problem):
    small = reduce(problem).problem
    if not small.candidates or not small.pairs:
        return
    t, progress, task, begun, _ = begin(small)
    reason = (
        begun if isinstance(begun, str) else cut_single_tree.prove_in_one_tree(t, progress, task, begun)[0]
    )
    best = brute_force(small)
    if best is None:
        assert (reason, progress.best) == ("infeasible", None)
    else:
        assert (reason, objective_of(t, progress.best)) == ("proof", best)


@given(side_problems())
@settings(max_examples=40, deadline=None)
def test_every_plan_that_fits_lies_in_exactly_one_part_when_nothing_is_cut_off(problem):
    small = reduce(problem).problem
    if not small.candidates or not small.pairs:
        return
    t, _, _, begun, _ = begin(small)
    if isinstance(begun, str):
        return
    fixed = [fixed_in(part, t.size) for part in parts_of(t, begun)]
    for choice in product((False, True), repeat=t.size):
        mask = np.array([*choice, True])
        if fits(t, mask):
            assert sum(all(mask[:-1][side >= 0] == side[side >= 0]) for side in fixed) == 1


def test_a_split_leaves_the_bounds_of_the_program_open():
    t, _, _, begun, _ = begin(reduce(line()).problem)
    assert not isinstance(begun, str), "the opening left nothing to split"
    before = begun.program.solve(seconds=30.0).worth
    parts_of(t, begun)
    assert begun.program.solve(seconds=30.0).worth == pytest.approx(before)


def test_no_parts_prove_the_plan_that_is_known():
    t = tables(line())
    progress = mask_incumbent(t, seconds=300.0, send=lambda _: None)
    progress.plan(np.array([False] * t.size + [True]), "given")
    reason = search_parts([], progress, lambda *_: None, threads=2, objective=lambda worth: worth)
    assert reason == "proof"


def test_no_parts_and_no_plan_prove_that_there_is_none():
    progress = mask_incumbent(tables(line()), seconds=300.0, send=lambda _: None)
    reason = search_parts([], progress, lambda *_: None, threads=2, objective=lambda worth: worth)
    assert reason == "infeasible"


@pytest.mark.shared
@pytest.mark.usefixtures("always_split")
def test_two_searches_in_parts_say_the_same_plan(shared_dir):
    from optimiser.problem import load

    problem = reduce(load(shared_dir / "instances/public/siouxfalls_03.json")).problem
    plans = []
    for _ in range(2):
        t, progress, task, begun, _ = begin(problem)
        cut_single_tree.prove_in_one_tree(t, progress, task, begun)
        plans.append(progress.best.tolist())
    assert plans[0] == plans[1]


@pytest.mark.shared
@pytest.mark.usefixtures("always_split")
def test_no_bound_of_parts_is_below_the_optimum(shared_dir):
    from optimiser.problem import load

    problem = reduce(load(shared_dir / "instances/public/siouxfalls_03.json")).problem
    t, progress, task, begun, said = begin(problem)
    cut_single_tree.prove_in_one_tree(t, progress, task, begun)
    optimum = objective_of(t, progress.best)
    bounds = [one["bound"] for one in said if one.get("kind") == "bound"]
    assert bounds
    assert min(bounds) >= optimum - 1e-6


def test_without_time_nothing_is_split():
    t, _, _, begun, _ = begin(reduce(line(budget=3)).problem)
    assert not isinstance(begun, str)
    parts = split(begun.program, begun.answer, parts=4, cutoff=-np.inf, size=t.size, left=lambda: 0.0)
    assert [part.decision for part in parts] == [-1]
