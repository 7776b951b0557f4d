"""Every proving variant with every solver, on random problems with all side constraints, against brute force.

`POLYRING_RANDOM=1000 pytest tests/core/test_every_solver.py` draws a thousand problems instead of a few.
"""

from __future__ import annotations

import functools
import os

import pytest
from core_drawing import brute_force, dense_problem, plan_value

from optimiser import result as results
from optimiser import verify
from optimiser.reduction import reduce
from optimiser.solve.ledger import Ledger
from optimiser.solvers.process import Ending
from optimiser.solvers.registry import available
from optimiser.solvers.task import Task
from optimiser.solvers.work import work
from optimiser.variants.registry import VARIANTS

HERE = available()

JOBS = [
    (name, solver)
    for name, variant in VARIANTS.items()
    for solver in variant.solvers
    if variant.proves and HERE.get(solver, False)
]

COUNT = int(os.environ.get("POLYRING_RANDOM", "20"))


@functools.cache
def optimum_of(seed):
    return brute_force(dense_problem(seed))


def outcome_of(problem, variant, solver):
    """Return what is known after a run in this process, its claims recomputed."""
    reduced = reduce(problem)
    ledger = Ledger(problem, reduced, None)
    ending = Ending("proof" if ledger.has_plan else "infeasible", "", "", 0.0)
    if reduced.feasible and reduced.problem.candidates and reduced.problem.pairs:
        task = Task(reduced.problem, variant, 300.0, 0.0, 1, 1, solver, reduced.base)
        ending = Ending(work(task, ledger.receive)[0], "", "", 0.0)
    if reduced.feasible:
        ledger.finish(ending, proves=True)
    assert not ledger.refusals
    return ledger.best()


@pytest.mark.parametrize(("variant", "solver"), JOBS)
def test_a_variant_and_its_solver_find_the_optimum_of_every_problem_drawn(variant, solver):
    for seed in range(COUNT):
        problem, optimum = dense_problem(seed), optimum_of(seed)
        outcome = outcome_of(problem, variant, solver)
        if optimum is None:
            assert outcome["status"] == "infeasible", seed
            continue
        assert (outcome["status"], outcome["objective"]) == ("optimal", optimum), seed
        assert plan_value(problem, set(outcome["built"])) == (optimum, outcome["cost"]), seed
        claim = results.Result(
            problem=problem.name, **outcome, variant=variant, seconds=0.0, seed=1, threads=1, solver=solver
        )
        verify.check(problem, claim)


def test_the_problems_drawn_leave_something_open_after_the_reduction():
    left = [bool(reduce(dense_problem(seed)).problem.candidates) for seed in range(40)]
    assert sum(left) >= 12
