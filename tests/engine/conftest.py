"""Run a variant inside the test's own process."""

from __future__ import annotations

import pytest

from optimiser.engine.ledger import Ledger
from optimiser.engine.methods.variants import VARIANTS
from optimiser.engine.presolve import reduce
from optimiser.engine.process import Ending
from optimiser.engine.search.task import Task
from optimiser.engine.work import work


def in_process(problem, variant, *, seconds=300.0, gap=0.0):
    """Return what `solve` would say of plan and bound, without a child process."""
    reduced = reduce(problem)
    ledger = Ledger(problem, reduced, None)
    if not reduced.feasible:
        return ledger.best()
    ending = Ending("proof" if ledger.has_plan else "infeasible", "", "", 0.0)
    if reduced.problem.candidates and reduced.problem.pairs:
        solver = next(iter(VARIANTS[variant].solvers), "none")
        task = Task(reduced.problem, variant, seconds, gap, 1, 1, solver, reduced.base)
        reason, used = work(task, ledger.receive)
        ending = Ending(reason, "", used, 0.0)
    ledger.finish(ending, proves=VARIANTS[variant].proves)
    assert not ledger.refusals
    return ledger.best()


@pytest.fixture(name="in_process", scope="session")
def in_process_fixture():
    return in_process
