from __future__ import annotations

import pytest
from core_drawing import brute_force, dense_problem

from optimiser.engine.backends.compact import solve_compact
from optimiser.engine.methods.heuristics.greedy import everything, nothing
from optimiser.engine.presolve import reduce
from optimiser.engine.search.incumbent import mask_incumbent
from optimiser.engine.search.tables import tables
from optimiser.engine.search.task import Task


@pytest.mark.parametrize("seed", range(40))
def test_no_bound_is_told_that_the_optimum_beats_when_the_start_is_poor(seed):
    problem = dense_problem(seed)
    reduced, optimum = reduce(problem), brute_force(problem)
    if optimum is None or not reduced.problem.candidates or not reduced.problem.pairs:
        return
    t, messages = tables(reduced.problem), []
    progress = mask_incumbent(t, seconds=300.0, send=messages.append, base=reduced.base)
    assert (
        progress.plan(nothing(t), "start") or progress.plan(everything(t), "start") or progress.best is None
    )
    task = Task(reduced.problem, "compact", 300.0, 0.0, 1, 1, "highs", reduced.base)
    assert solve_compact(task, progress)[0] == "proof"
    bounds = [message["bound"] + reduced.base for message in messages if message["kind"] == "bound"]
    beaten = [b for b in bounds if (b > optimum + 1e-6 if problem.budget is None else b < optimum - 1e-6)]
    assert not beaten
