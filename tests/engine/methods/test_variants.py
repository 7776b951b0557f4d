"""Every proving variant with every solver, on random problems with all side constraints, against brute force.

`POLYRING_RANDOM=1000 pytest tests/engine/methods/test_variants.py` draws a thousand problems.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest
from core_drawing import brute_force, dense_problem, plan_value
from engine_running import COUNT, INSTALLED, JOBS, LONG_S, outcome_of
from hypothesis import given
from hypothesis import strategies as st
from partition_drawing import apart_today, triangle
from ring_drawing import whole_brute_force
from split_drawing import Idle, no_bound_is_wrong, time_cuts_only
from tiers import examples

from optimiser import verify
from optimiser.engine.methods.branching import tree_search
from optimiser.engine.methods.cuts import partitions
from optimiser.engine.methods.cuts import root as root_module
from optimiser.engine.methods.cuts.partitions import PartitionCuts
from optimiser.engine.methods.cuts.root import add_split_cuts
from optimiser.engine.methods.variants import method_of
from optimiser.engine.presolve import reduce
from optimiser.engine.search.incumbent import mask_incumbent
from optimiser.engine.search.scoring import objective_of
from optimiser.engine.search.tables import tables
from optimiser.engine.search.task import Task
from optimiser.problem import Period


@functools.cache
def optimum_of(seed):
    return brute_force(dense_problem(seed))


def check(seed, variant, solver):
    """Compare a variant on a random problem with trying every plan, and verify its result."""
    problem, optimum = dense_problem(seed), optimum_of(seed)
    found = outcome_of(problem, variant, solver)
    if optimum is None:
        assert found.status == "infeasible", seed
        return
    assert (found.status, found.objective) == ("optimal", optimum), seed
    assert plan_value(problem, set(found.built)) == (optimum, found.cost), seed
    verify.check(problem, found)


def test_a_start_solution_that_misleads_highs_is_left_out():
    """HiGHS 1.16 calls the start solution of this master problem optimal, with an objective of no point."""
    check(541, "cuts-loop", "highs")


@pytest.mark.parametrize(("variant", "solver"), JOBS)
def test_a_variant_and_its_solver_find_the_optimum_of_every_random_problem(variant, solver, draws):
    for seed in draws(6, COUNT):
        check(seed, variant, solver)


@pytest.fixture
def split_from_the_first(monkeypatch):
    """Seek lift-and-project cuts from one fractional candidate and from any gap on.

    Returns how many of them the tree of each problem begins with. The heuristics are left out: with the best
    plan known, the small relaxations leave nothing open.
    """
    counts = []

    def watched(incumbent, root, **how):
        later = add_split_cuts(incumbent, root, least_fractional=1, **how)
        counts.append(len(later.splits))
        return later

    monkeypatch.setattr(tree_search, "add_split_cuts", watched)
    monkeypatch.setattr(tree_search, "start_plans", lambda *_, **__: Idle())
    monkeypatch.setattr(root_module, "SPLITS_BEYOND", 0.0)
    time_cuts_only(monkeypatch)
    return counts


@pytest.mark.parametrize("solver", [solver for solver in ("highs", "scip") if INSTALLED.get(solver, False)])
def test_time_cuts_with_lift_and_project_cuts_find_the_optimum_of_every_random_problem(
    solver, split_from_the_first
):
    for seed in range(COUNT):
        check(seed, "cuts", solver)
    assert sum(count > 0 for count in split_from_the_first) >= COUNT // 20


def test_the_random_problems_leave_something_open_after_the_reduction():
    left = [bool(reduce(dense_problem(seed)).problem.candidates) for seed in range(40)]
    assert sum(left) >= 12


# ---- problems whose existing links leave places apart


def proved(problem, variant, solver):
    """Return why a variant ended on a reduced problem, the incumbent, and its messages."""
    t, sent = tables(problem), []
    incumbent = mask_incumbent(t, seconds=LONG_S, send=sent.append)
    task = Task(problem, variant, LONG_S, 0.0, 1, 1, solver)
    return method_of(variant)[0](t, incumbent, task)[0], incumbent, sent


@pytest.mark.parametrize(
    ("variant", "solver"),
    [
        pytest.param(variant, solver, marks=pytest.mark.skipif(not INSTALLED[solver], reason="not installed"))
        for variant, solver in (
            ("cuts", "highs"),
            ("cuts", "scip"),
            ("cuts-loop", "highs"),
            ("cuts-loop", "cpsat"),
        )
    ],
)
@given(problem=apart_today() | apart_today(budget="some"))
@examples(50)
def test_with_partition_inequalities_a_method_proves_what_trying_every_plan_finds(variant, solver, problem):
    small = reduce(problem).problem
    if not small.candidates or not small.pairs:
        return
    best = brute_force(small)
    reason, incumbent, sent = proved(small, variant, solver)
    assert (reason, objective_of(tables(small), incumbent.best)) == ("proof", best)
    assert no_bound_is_wrong(small, best, sent)


@st.composite
def over_time(draw):
    """Draw a problem with two periods whose candidates may open late."""
    problem = draw(apart_today(most=4))
    leads = draw(st.lists(st.integers(0, 2), min_size=4, max_size=4))
    candidates = tuple(
        dataclasses.replace(c, lead=lead) for c, lead in zip(problem.candidates, leads, strict=False)
    )
    total = sum(c.cost for c in candidates)
    first, second = draw(st.integers(0, total)), draw(st.integers(0, total))
    periods = Period("p", first, draw(st.integers(0, 3))), Period("q", second, draw(st.integers(1, 3)))
    return problem.replace(candidates=candidates, periods=periods, budget=first + second).canonical()


@given(over_time())
@examples(25)
def test_with_partition_inequalities_and_two_periods_the_optimum_is_that_of_trying_every_plan(problem):
    found = outcome_of(problem, "cuts", "highs")
    verify.check(problem, found)
    assert (found.status, found.objective) == ("optimal", whole_brute_force(problem))


def test_the_methods_add_partition_inequalities(monkeypatch):
    found = []

    class Watched(PartitionCuts):
        def violated(self, x, y, *, most):
            found.append(super().violated(x, y, most=most))
            return found[-1]

    monkeypatch.setattr(partitions, "PartitionCuts", Watched)
    assert proved(triangle(budget=1), "cuts", "highs")[0] == "proof"
    assert max(np.concatenate([rows.pair_counts for rows in found])) == 2
