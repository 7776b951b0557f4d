from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from core_drawing import brute_force, line, side_problems
from engine_running import INSTALLED, solved_root
from hypothesis import given
from hypothesis import strategies as st
from tiers import examples

from optimiser.engine.methods.branching.tree_search import search_in_solver
from optimiser.engine.presolve import reduce
from optimiser.engine.search.incumbent import mask_incumbent
from optimiser.engine.search.rows import NO_ROWS
from optimiser.engine.search.scoring import objective_of
from optimiser.engine.search.tables import tables
from optimiser.engine.search.task import Task
from optimiser.problem.errors import SolverError

pytest.importorskip("gurobipy")

import gurobipy

from optimiser.engine.backends.gurobi import search_tree

pytestmark = pytest.mark.skipif(not INSTALLED["gurobi"], reason="Gurobi has no licence here")


def no_separator(x, y, *, integer):
    return NO_ROWS


def searched(problem, separator=no_separator, *, start=None, seconds=300.0):
    """Return the outcome of a search of a reduced problem, the incumbent, and its messages."""
    t, sent = tables(problem), []
    incumbent = mask_incumbent(t, seconds=seconds, send=sent.append)
    if start is not None:
        incumbent.plan(start, "start")
    task = Task(problem, "cuts", seconds, 0.0, 1, 1, "gurobi")
    outcome = search_tree(t, task, incumbent, separator)
    return outcome, incumbent, sent


@given(side_problems(), st.sampled_from(["relaxation first", "tree alone"]))
@examples(60)
def test_the_outcome_equals_that_of_trying_every_plan(problem, way):
    small = reduce(problem).problem
    if not small.candidates or not small.pairs:
        return
    t, best = tables(small), brute_force(small)
    if way == "tree alone":
        outcome, incumbent, sent = searched(small)
        reason = outcome.reason
    else:
        _, incumbent, sent, task, root = solved_root(small, solver="gurobi")
        reason = root if isinstance(root, str) else search_in_solver(t, incumbent, task, root)[0]
    if best is None:
        assert (reason, incumbent.best) == ("infeasible", None)
        return
    assert reason == "proof"
    assert objective_of(t, incumbent.best) == best
    bounds = [message["bound"] for message in sent if message["kind"] == "bound"]
    assert all(bound <= best + 1e-6 if small.budget is None else bound >= best - 1e-6 for bound in bounds)


def test_a_known_best_plan_is_proved():
    problem = reduce(line()).problem
    outcome, incumbent, _ = searched(problem, start=np.ones(3, np.bool_))
    assert (outcome.reason, outcome.bound) == ("proof", 16.0)
    assert incumbent.best.all()


def test_a_budget_is_kept_to_the_last_unit():
    """Both links together cost one unit more than the budget, less than Gurobi's tolerance of it."""
    base = line()
    costs = [50_000_001, 50_000_000, 900_000_000]
    candidates = tuple(
        dataclasses.replace(c, cost=cost) for c, cost in zip(base.candidates, costs, strict=True)
    )
    problem = reduce(base.replace(candidates=candidates, budget=100_000_000)).problem
    outcome, incumbent, _ = searched(problem)
    assert (outcome.reason, outcome.bound) == ("proof", float(brute_force(problem)))
    assert not incumbent.best[:-1].all()


def test_a_search_without_time_ends_by_time():
    outcome, _, _ = searched(reduce(line()).problem, seconds=0.0)
    assert outcome.reason == "time"


def test_an_exception_of_a_separator_is_raised():
    def broken(x, y, *, integer):
        raise ValueError("no cuts today")

    with pytest.raises(ValueError, match="no cuts today"):
        searched(reduce(line()).problem, broken)


def test_a_licence_that_does_not_suffice_is_reported(monkeypatch):
    def refused(self, *_arguments):
        raise gurobipy.GurobiError(10010, "Model too large for size-limited license")

    monkeypatch.setattr(gurobipy.Model, "setParam", refused)
    with pytest.raises(SolverError, match="too large") as caught:
        searched(reduce(line()).problem)
    assert "--solver highs" in caught.value.remedy
