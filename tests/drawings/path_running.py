"""Run the path formulation inside the test's own process."""

from __future__ import annotations

from optimiser.engine.ledger import Ledger
from optimiser.engine.presolve import reduce
from optimiser.engine.process import Ending
from optimiser.engine.search.task import Task
from optimiser.engine.work import work


def proved(problem, *, seconds=300.0, gap=0.0):
    """Return what is claimed of a problem, and why the run ended."""
    reduced = reduce(problem)
    ledger = Ledger(problem, reduced, None)
    reason, solver = ("proof" if ledger.has_plan else "infeasible"), ""
    if reduced.feasible and reduced.problem.candidates and reduced.problem.pairs:
        task = Task(reduced.problem, "paths", seconds, gap, 1, 1, "highs", reduced.base)
        reason, solver = work(task, ledger.receive)
    ledger.finish(Ending(reason, "", solver, 0.0), proves=True)
    assert not ledger.refusals
    return ledger.best(), reason
