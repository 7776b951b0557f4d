"""Every proving variant with every solver, on random problems with all side constraints, against brute force.

`POLYRING_RANDOM=1000 pytest tests/core/test_every_solver.py` draws a thousand problems instead of a few.
"""

from __future__ import annotations

import functools

import pytest
from core_drawing import brute_force, dense_problem, plan_value
from exact_ways import COUNT, HERE, JOBS, outcome_of

from optimiser import verify
from optimiser.engine.methods import cut_opening, cut_splits, cut_trees
from optimiser.engine.methods.cuts.finder import CutFinder
from optimiser.engine.methods.heuristics import lns
from optimiser.engine.presolve import reduce
from optimiser.problem import result as results


@functools.cache
def optimum_of(seed):
    return brute_force(dense_problem(seed))


def holds(seed, variant, solver):
    """Hold what a way finds on a problem drawn against trying every plan, and its claims by the verifier."""
    problem, optimum = dense_problem(seed), optimum_of(seed)
    outcome = outcome_of(problem, variant, solver)
    if optimum is None:
        assert outcome["status"] == "infeasible", seed
        return
    assert (outcome["status"], outcome["objective"]) == ("optimal", optimum), seed
    assert plan_value(problem, set(outcome["built"])) == (optimum, outcome["cost"]), seed
    claim = results.Result(
        problem=problem.name, **outcome, variant=variant, seconds=0.0, seed=1, threads=1, solver=solver
    )
    verify.check(problem, claim)


@pytest.mark.parametrize(("variant", "solver"), JOBS)
def test_a_variant_and_its_solver_find_the_optimum_of_every_problem_drawn(variant, solver):
    for seed in range(COUNT):
        holds(seed, variant, solver)


class Idle:
    """Stands for the heuristics: finds nothing, so that the tree has to."""

    def improve(self, *, attempts, **_):
        return attempts

    def begin(self, start):
        pass


class NoJoins(CutFinder):
    """Finds no partition inequalities, beside which no lift-and-project cuts are sought."""

    @classmethod
    def of(cls, t):
        return cls(t, joins=None)


@pytest.fixture
def split_from_the_first(monkeypatch):
    """Seek lift-and-project cuts from one candidate built in part and from any gap on.

    Returns how many of them the tree of each problem that came so far begins with. The heuristics are put
    aside: with the best plan known, the small relaxations leave nothing open.
    """
    rows = []

    def watched(t, progress, begun, *, gap):
        later = cut_splits.tightened(t, progress, begun, gap=gap, many=1)
        rows.append(len(later.splits))
        return later

    monkeypatch.setattr(cut_trees, "tightened", watched)
    monkeypatch.setattr(cut_splits, "WIDE", 0.0)
    monkeypatch.setattr(cut_opening, "CutFinder", NoJoins)
    monkeypatch.setattr(lns, "start_plans", lambda *_, **__: Idle())
    return rows


@pytest.mark.parametrize("solver", [solver for solver in ("highs", "scip") if HERE.get(solver, False)])
def test_time_cuts_with_lift_and_project_cuts_find_the_optimum_of_every_problem_drawn(
    solver, split_from_the_first
):
    for seed in range(COUNT):
        holds(seed, "cuts", solver)
    assert sum(rows > 0 for rows in split_from_the_first) >= COUNT // 20


def test_the_problems_drawn_leave_something_open_after_the_reduction():
    left = [bool(reduce(dense_problem(seed)).problem.candidates) for seed in range(40)]
    assert sum(left) >= 12
