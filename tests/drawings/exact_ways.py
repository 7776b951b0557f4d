"""Run every exact method with every solver that is here, in this process."""

from __future__ import annotations

import os

from optimiser.engine.backends.pulp_solvers import available
from optimiser.engine.ledger import Ledger
from optimiser.engine.methods.variants import VARIANTS
from optimiser.engine.presolve import reduce
from optimiser.engine.process import Ending
from optimiser.engine.search.task import Task
from optimiser.engine.work import work

HERE = available()

JOBS = [
    (name, solver)
    for name, variant in VARIANTS.items()
    for solver in variant.solvers
    if variant.proves and HERE.get(solver, False)
]
"""Variants that prove, each with each of its solvers that is installed."""

COUNT = int(os.environ.get("POLYRING_RANDOM", "20"))
"""Random problems that each way is held against."""


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
