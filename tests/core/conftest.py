"""Run a variant inside the test's own process."""

from __future__ import annotations

import pytest

from optimiser.reduction import reduce
from optimiser.solve.ledger import Ledger
from optimiser.solvers.process import Ending
from optimiser.solvers.task import Task
from optimiser.solvers.work import work


def in_process(problem, variant, *, seconds=60.0, gap=0.0):
    """Return what `solve` would say of plan and bound, without a child process."""
    reduced = reduce(problem)
    ledger = Ledger(problem, reduced, None)
    if not reduced.feasible:
        return ledger.best()
    if reduced.problem.candidates and reduced.problem.pairs:
        task = Task(reduced.problem, variant, seconds, gap, 1, 1, "highs")
        reason, solver = work(task, ledger.receive)
        ledger.finish(Ending(reason, "", solver, 0.0), proves=variant in {"cuts", "compact"})
    assert not ledger.refusals
    return ledger.best()


@pytest.fixture(name="in_process", scope="session")
def in_process_fixture():
    return in_process
