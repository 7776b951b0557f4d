from __future__ import annotations

import numpy as np
import pytest
from core_drawing import brute_force, line, side_problems
from hypothesis import given, settings

from optimiser.engine.backends.live_highs import LiveHighs
from optimiser.engine.methods.cut_loop import prove
from optimiser.engine.presolve import reduce
from optimiser.engine.search.incumbent import mask_incumbent
from optimiser.engine.search.rows import Rows
from optimiser.engine.search.scoring import objective_of
from optimiser.engine.search.tables import tables
from optimiser.engine.search.task import Task

SOLVERS = ["highs", "cpsat"]


@pytest.fixture(params=SOLVERS, name="solver")
def solver_fixture(request):
    if request.param == "cpsat":
        pytest.importorskip("ortools")
    return request.param


def master_of(problem, solver):
    if solver == "highs":
        return LiveHighs(problem, threads=1, seed=1)
    from optimiser.engine.backends.cpsat import LiveCpsat

    return LiveCpsat(problem, threads=1, seed=1)


def solved(problem, solver, *, seconds=300.0):
    """Return the reason, the progress and all messages of a run on a reduced problem."""
    t, sent = tables(problem), []
    progress = mask_incumbent(t, seconds=seconds, send=sent.append)
    reason, _ = prove(t, progress, Task(problem, "cuts-loop", seconds, 0.0, 1, 1, solver))
    return reason, progress, sent


def answered(master):
    return master.solve(start=None, gap=0.0, turn=5, seconds=300.0, tell=lambda _bound, _point: False)


@pytest.mark.parametrize("name", SOLVERS)
@given(problem=side_problems())
@settings(max_examples=60, deadline=None)
def test_the_outcome_equals_that_of_trying_every_plan(name, problem):
    if name == "cpsat":
        pytest.importorskip("ortools")
    small = reduce(problem).problem
    if not small.candidates or not small.pairs:
        return
    best = brute_force(small)
    reason, progress, sent = solved(small, name)
    if best is None:
        assert (reason, progress.best) == ("infeasible", None)
        return
    assert reason == "proof"
    assert objective_of(tables(small), progress.best) == best
    bounds = [message["bound"] for message in sent if message["kind"] == "bound"]
    assert all(bound <= best + 1e-6 if small.budget is None else bound >= best - 1e-6 for bound in bounds)


def test_a_master_without_rows_builds_nothing_and_claims_all(solver):
    outcome = answered(master_of(reduce(line()).problem, solver))
    assert (outcome.bound, outcome.complete) == (16.0, True)
    assert (outcome.points[-1].level > 0.5).all()


def test_a_row_with_fractions_holds_a_pair_down(solver):
    """Pair 0 needs both links: two halves make one whole, a single half makes none."""
    problem = reduce(line(budget=4)).problem
    master = master_of(problem, solver)
    master.add(Rows(np.array([0]), np.array([0, 2]), np.array([0, 1]), np.array([0.5, 0.5])))
    outcome = answered(master)
    assert round(outcome.points[-1].level[0], 6) in (0.0, 0.5)


def test_a_plan_that_is_forbidden_is_not_given_again(solver):
    problem = reduce(line()).problem
    master = master_of(problem, solver)
    seen = set()
    for _ in range(3):
        point = answered(master).points[-1]
        seen.add(tuple(np.round(point.built).tolist()))
        master.forbid(np.round(point.built))
    assert len(seen) == 3


def test_a_master_without_any_point_is_empty(solver):
    problem = reduce(line()).problem
    master = master_of(problem, solver)
    for plan in ([0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]):
        master.forbid(np.array(plan))
    assert answered(master).empty


def test_a_loop_without_time_gives_up(solver):
    reason, _, _ = solved(reduce(line()).problem, solver, seconds=0.0)
    assert reason == "time"


@pytest.mark.parametrize("thirds", [1, 2])
def test_coefficients_rounded_up_keep_every_plan_that_the_row_keeps(thirds):
    pytest.importorskip("ortools")
    problem = line(budget=None).canonical()
    master = master_of(problem, "cpsat")
    share = np.nextafter(thirds / 3.0, 1.0)
    master.add(Rows(np.array([0]), np.array([0, 2]), np.array([0, 1]), np.array([share, 1.0 - thirds / 3.0])))
    assert round(answered(master).points[-1].built.sum()) == 2
