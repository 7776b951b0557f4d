from __future__ import annotations

import json

import pytest
from core_drawing import brute_force, dense_problem, line, problems, side_problems
from engine_running import outcome_of
from hypothesis import given
from hypothesis import strategies as st
from tiers import examples

from optimiser.engine.child import ChildProcess
from optimiser.engine.methods import column_generation as proof
from optimiser.engine.presolve.pairs import Effort
from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import solve
from optimiser.problem import load


def expect_optimum(problem):
    found, optimum = outcome_of(problem, "paths"), brute_force(problem)
    if optimum is None:
        assert (found.status, found.termination) == ("infeasible", "infeasible")
    else:
        assert (found.objective, found.gap, found.status) == (optimum, 0.0, "optimal")


@given(problems())
@examples(100)
def test_the_proved_optimum_is_that_of_trying_every_plan(problem):
    expect_optimum(problem)


@given(side_problems())
@examples(150)
def test_with_side_constraints_it_is_as_well(problem):
    expect_optimum(problem)


@pytest.mark.parametrize(
    "effort",
    [Effort(sets=0, labels=20_000), Effort(sets=1, labels=20_000), Effort(sets=200, labels=3)],
)
@given(problem=side_problems())
@examples(40)
def test_pairs_with_too_many_ways_are_held_by_cuts_without_harm(effort, problem):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proof, "EFFORT", effort)
        expect_optimum(problem)


@given(problems(), st.integers(0, 30))
@examples(30)
def test_the_first_nodes_do_not_decide_the_answer(problem, nodes):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proof, "FIRST_NODES", nodes)
        patch.setattr(proof, "EFFORT", Effort(sets=0, labels=10))
        expect_optimum(problem)


def test_the_line_is_proved():
    assert outcome_of(line(), "paths").objective == 18


def test_covering_everything_on_the_line_costs_both_shortcuts():
    assert outcome_of(line(budget=None), "paths").objective == 7


def test_a_run_without_time_says_so():
    found = outcome_of(line(), "paths", seconds=0.0)
    assert (found.termination, found.status) == ("time", "feasible")


@pytest.mark.shared
def test_the_reference_optima_are_found(shared_dir):
    toys = shared_dir / "instances" / "toy"
    for expected in json.loads((toys / "optima.json").read_text(encoding="utf-8")):
        problem = load(toys / f"{expected['problem']}.json")
        optimum = expected["cost" if problem.budget is None else "coverage"]
        assert outcome_of(problem, "paths").objective == optimum, expected["problem"]


@pytest.mark.shared
def test_the_reference_optima_with_side_constraints_are_found(shared_dir):
    toys = shared_dir / "instances" / "toy"
    for expected in json.loads((toys / "optima_side.json").read_text(encoding="utf-8"))[:14]:
        found = outcome_of(load(toys / f"{expected['problem']}.json"), "paths")
        assert (found.status, found.objective) == (expected["status"], expected.get("objective", 0)), (
            expected["problem"]
        )


def test_tasks_with_other_numbers_of_threads_follow_each_other_in_one_process():
    """HiGHS keeps the threads of the first model of a process, and fails with others."""
    problem = dense_problem(1)
    optimum = brute_force(problem)
    with ChildProcess() as process:
        for variant, threads in (("cuts", 1), ("paths", 2), ("cuts", 2), ("paths", 1)):
            found = solve(problem, variant=variant, params=SolveParameters(threads=threads), run=process)
            assert (found.status, found.objective, found.variant) == ("optimal", optimum, variant)
            assert found.message == ""
