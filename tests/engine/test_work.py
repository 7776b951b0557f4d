from __future__ import annotations

import dataclasses
from functools import cache

import pytest
from core_drawing import brute_force, line, plan_value, side_problems
from hypothesis import given
from ring_drawing import ringed, web_problem
from tiers import examples

from optimiser.bench.instances import instance
from optimiser.engine.presolve import reduce
from optimiser.engine.search import task as task_module
from optimiser.engine.search.task import Task, most_nodes
from optimiser.engine.work import reduction_of, solve
from optimiser.problem import Target


def solved(problem, variant="cuts", solver="highs", *, seconds=300.0):
    """Return what a solve returns, and its messages by kind."""
    sent = []
    outcome = solve(Task(problem, variant, seconds, 0.0, 1, 1, solver), sent.append)
    kinds = ("plan", "bound", "count")
    return outcome, {kind: [m for m in sent if m["kind"] == kind] for kind in kinds}


@given(side_problems())
@examples(60)
def test_plans_and_bounds_are_those_of_the_original_problem(problem):
    (reason, _, _), sent = solved(problem)
    optimum = brute_force(problem)
    if optimum is None:
        assert (reason, sent["plan"]) == ("infeasible", [])
        return
    assert reason == "proof"
    values = [plan_value(problem, set(message["built"])) for message in sent["plan"]]
    assert all(value is not None for value in values)
    assert values[-1][0] == optimum
    sign = 1 if problem.budget is None else -1
    assert all(sign * message["bound"] <= sign * optimum + 1e-6 for message in sent["bound"])


def test_the_first_bound_is_that_of_the_reduction():
    _, sent = solved(line(), seconds=0.0)
    assert sent["bound"][0] == {"kind": "bound", "step": "presolve", "bound": 18.0}
    first, *others = line().candidates
    _, sent = solved(line(candidates=(dataclasses.replace(first, fixed="in"), *others), budget=None))
    assert sent["bound"][0]["bound"] >= 3.0


def test_a_problem_that_the_reduction_settles_is_proved_with_its_plan():
    problem = line(budget=0)
    assert not reduce(problem).problem.candidates
    (reason, solver, message), sent = solved(problem)
    assert (reason, solver, message) == ("proof", "", "")
    assert [plan["built"] for plan in sent["plan"]] == [[]]
    assert sent["bound"][-1]["bound"] == 2.0


def test_what_the_reduction_proves_infeasible_has_its_reason():
    (reason, solver, message), sent = solved(line(targets=(Target("small", 10),)))
    assert (reason, solver) == ("infeasible", "")
    assert "at most 9 of the 10 still required can be covered" in message
    assert sent["plan"] == []


def test_circuits_have_the_numbers_of_the_original_problem():
    ring = ringed().rings[0]
    turned = dataclasses.replace(ring, links=ring.links[::-1])
    (reason, _, _), sent = solved(ringed(turned))
    assert reason == "proof"
    assert sorted(sent["plan"][-1]["rings"]["square"]) == [1, 2, 3, 4]
    assert sent["plan"][-1]["built"] == ["fast", "north", "west"]


def test_a_problem_with_rings_is_not_reduced():
    made = reduction_of(ringed())
    assert made.problem == ringed().canonical()
    assert (made.forced, made.base, made.feasible) == ((), 0, True)


def test_a_ring_that_cannot_be_formed_is_infeasible_with_its_obstacle():
    (reason, _, message), _ = solved(ringed(dataclasses.replace(ringed().rings[0], least_stops=3)))
    assert reason == "infeasible"
    assert "needs 3 stops" in message


def test_a_variant_without_rings_is_not_run_on_them():
    with pytest.raises(ValueError, match="greedy"):
        solved(ringed(), "greedy", "none")


def test_without_pairs_the_network_decides_nothing():
    """The cheapest circuit of a ring is asked for without pairs; arcs would only be carried along."""
    problem = ringed(pairs=(), budget=None)
    outcome, sent = solved(problem)
    bare = problem.replace(
        arcs=(), candidates=tuple(dataclasses.replace(c, arcs=()) for c in problem.candidates)
    )
    assert (outcome, sent["plan"]) == (solved(bare)[0], solved(bare)[1]["plan"])
    assert outcome[0] == "proof"
    assert sent["plan"][-1]["built"] == ["north", "west"]
    reduced = reduce(problem.replace(rings=()))
    assert (reduced.problem.candidates, reduced.forced) == ((), ())


CORRIDORS = "corridors_3x8_1"


@cache
def best_of_corridors():
    (reason, _, _), sent = solved(instance(CORRIDORS), solver="scip")
    assert reason == "proof"
    return sent["bound"][-1]["bound"]


@pytest.mark.parametrize(
    ("variant", "solver"),
    [
        ("cuts", "highs"), ("cuts", "scip"), ("cuts-loop", "highs"), ("paths", "highs"), ("benders", "scip"),
        ("compact", "highs"), ("compact", "scip"),
    ],
)  # fmt: skip
def test_a_tree_ends_by_its_nodes_alike_every_time_with_a_plan_and_a_bound(variant, solver, monkeypatch):
    problem, best = instance(CORRIDORS), best_of_corridors()
    monkeypatch.setattr(task_module, "LEAST_NODES", 4)

    def ended():
        messages = []
        task = Task(problem, variant, 600.0, 0.0, 2, 1, solver, effort=1e-9)
        reason = solve(task, messages.append)[0]
        plans = [message["built"] for message in messages if message["kind"] == "plan"]
        return reason, plans[-1], min(m["bound"] for m in messages if m["kind"] == "bound")

    reason, plan, bound = ended()
    assert reason == "nodes"
    assert ended() == (reason, plan, bound)
    assert plan_value(problem, plan)[0] <= best <= bound


def test_a_compact_model_with_rings_ends_by_its_nodes(monkeypatch):
    (reason, _, _), proved = solved(web_problem(1), "compact")
    assert reason == "proof"
    monkeypatch.setattr(Task, "nodes", 1)
    (reason, _, _), sent = solved(web_problem(1), "compact")
    assert reason == "nodes"
    assert sent["bound"][-1]["bound"] > proved["bound"][-1]["bound"]


def test_larger_problems_get_fewer_nodes_and_none_fewer_than_the_least():
    problem = line()
    size = len(problem.candidates) * len(problem.pairs)
    many = problem.replace(pairs=problem.pairs * 100)
    assert most_nodes(problem, 0.5) == round(0.5 * task_module.MOST_NODES / size**0.5)
    assert most_nodes(many, 0.5) == round(most_nodes(problem, 0.5) / 10)
    assert most_nodes(problem, 1e-12) == task_module.LEAST_NODES
    assert most_nodes(problem.replace(candidates=()), 1.0) == task_module.MOST_NODES
