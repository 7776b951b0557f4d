from __future__ import annotations

import pytest
from core_drawing import best_plans, brute_force, line, plan_value, side_problems
from engine_running import HereProcess
from hypothesis import given
from ring_drawing import ringed
from tiers import examples

from optimiser.engine import attempt as attempt_module
from optimiser.engine.attempt import UnsettledError, any_plan, attempt, plan_within_gap
from optimiser.engine.child import Ending
from optimiser.engine.search.task import SolveParameters
from optimiser.problem import Target

PARAMS = SolveParameters(time_limit_s=60.0, threads=1, solver="highs")


def unused(_task, _receive, *, time_limit_s):
    raise AssertionError(time_limit_s)


@given(side_problems())
@examples(40)
def test_an_attempt_finds_what_trying_every_plan_finds(problem):
    claims, ending = attempt(problem, "cuts", PARAMS, run=HereProcess())
    optimum = brute_force(problem)
    assert not claims.refusals
    if optimum is None:
        assert (ending.reason, claims.best()["status"]) == ("infeasible", "infeasible")
    else:
        assert (ending.reason, claims.best()["objective"], claims.best()["status"]) == (
            "proof",
            optimum,
            "optimal",
        )


def test_the_task_has_the_problem_and_all_that_was_asked_for():
    seen = {}

    def run(task, _receive, *, time_limit_s):
        seen.update(task, limit=time_limit_s)
        return Ending("time")

    params = SolveParameters(time_limit_s=7.0, gap=0.1, threads=3, seed=5, solver="scip", memory_mb=99)
    claims, ending = attempt(line(), "cuts", params, run=run)
    assert (ending.reason, claims.best()["status"]) == ("time", "feasible")
    assert seen.pop("problem")["name"] == "line"
    assert seen == {
        "variant": "cuts", "seconds": 7.0, "gap": 0.1, "threads": 3, "seed": 5, "solver": "scip",
        "memory_mb": 99, "limit": 7.0, "start": None, "log": None, "effort": 1.0, "options": {},
    }  # fmt: skip


def test_progress_hears_of_each_improvement():
    heard = []
    claims, _ = attempt(line(), "cuts", PARAMS, heard.append, run=HereProcess())
    assert heard == claims.trace
    assert (heard[-1].objective, heard[-1].bound) == (18, 18.0)


@given(side_problems())
@examples(60)
def test_any_plan_of_a_small_problem_is_found_without_a_solver(problem):
    found = any_plan(problem, "cuts", PARAMS, run=unused)
    if found is None:
        assert best_plans(problem) == []
    else:
        assert plan_value(problem, set(found)) is not None


@given(side_problems())
@examples(30)
def test_any_plan_of_a_larger_problem_is_found_by_a_solver(problem):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attempt_module, "is_enumerable", lambda _problem: False)
        found = any_plan(problem, "cuts", PARAMS, run=HereProcess())
    if found is None:
        assert best_plans(problem) == []
    else:
        assert plan_value(problem, set(found)) is not None


def test_any_plan_of_a_problem_with_a_ring_is_found_by_a_solver():
    assert {"north", "west"} <= set(any_plan(ringed(), "cuts", PARAMS, run=HereProcess()))
    assert any_plan(ringed(budget=4), "cuts", PARAMS, run=HereProcess()) is None


def test_a_plan_within_the_gap_is_returned_or_the_proof_that_there_is_none():
    assert plan_within_gap(line(), "cuts", PARAMS, run=HereProcess()) == ("ac", "bd")
    impossible = line(targets=(Target("small", 9),), excludes=(("ac", "bd"),))
    assert plan_within_gap(impossible, "cuts", PARAMS, run=HereProcess()) is None


def test_an_attempt_without_proof_settles_nothing():
    def run(_task, _receive, *, time_limit_s):
        assert time_limit_s == 60.0
        return Ending("time")

    with pytest.raises(UnsettledError):
        plan_within_gap(line(), "cuts", PARAMS, run=run)
    with pytest.raises(UnsettledError):
        plan_within_gap(line(targets=(Target("small", 5),)), "cuts", PARAMS, run=run)
