from __future__ import annotations

import pytest
from core_drawing import brute_force, dense_problem
from tiers import thinned

from optimiser.engine.methods import compact
from optimiser.engine.methods.heuristics.greedy import everything, nothing
from optimiser.engine.presolve import reduce
from optimiser.engine.search.incumbent import mask_incumbent
from optimiser.engine.search.tables import tables
from optimiser.engine.search.task import Task


def poor_start(t, incumbent, *, seed):
    """Stand for the heuristics."""
    return incumbent.plan(nothing(t), "start") or incumbent.plan(everything(t), "start")


@pytest.mark.parametrize("seed", thinned(range(40), 8))
def test_no_bound_contradicts_the_optimum_when_the_start_is_poor(seed, monkeypatch):
    monkeypatch.setattr(compact, "start_plans", poor_start)
    problem = dense_problem(seed)
    reduced, optimum = reduce(problem), brute_force(problem)
    if optimum is None or not reduced.problem.candidates or not reduced.problem.pairs:
        return
    t, messages = tables(reduced.problem), []
    incumbent = mask_incumbent(t, seconds=300.0, send=messages.append, base=reduced.base)
    task = Task(reduced.problem, "compact", 300.0, 0.0, 1, 1, "highs", reduced.base)
    assert compact.prove(t, incumbent, task)[0] == "proof"
    assert any(message["kind"] == "count" for message in messages)  # HiGHS tells its nodes
    bounds = [message["bound"] + reduced.base for message in messages if message["kind"] == "bound"]
    assert all(b <= optimum + 1e-6 if problem.budget is None else b >= optimum - 1e-6 for b in bounds)
