from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import jsonschema
import pytest
from core_drawing import both_ways, brute_force, line, problems
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from problem_files import schema_of

from optimiser import verify
from optimiser.engine.methods.variants import VARIANTS
from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import solve
from optimiser.problem import Candidate, Pair, load
from optimiser.problem import result as results
from optimiser.problem.errors import EnvironmentFault, ProblemError

PROVING = [name for name, variant in VARIANTS.items() if variant.proves and name != "auto"]
WITH_BUDGET = [name for name in VARIANTS if name != "auto"]


@pytest.mark.parametrize("variant", PROVING)
@given(problem=problems())
@settings(max_examples=40, deadline=None)
def test_a_proving_variant_finds_what_trying_every_plan_finds(variant, problem, in_process):
    outcome = in_process(problem, variant)
    optimum = brute_force(problem)
    if optimum is None:
        assert outcome["status"] == "infeasible"
    else:
        assert (outcome["status"], outcome["objective"]) == ("optimal", optimum)


@pytest.mark.parametrize("variant", ["reverse-greedy", "greedy", "swap", "do-nothing"])
@given(problem=problems())
@settings(max_examples=25, deadline=None)
def test_a_heuristic_never_beats_the_optimum_nor_breaks_a_rule(variant, problem, in_process):
    assume(problem.budget is not None or VARIANTS[variant].covers_all)
    outcome = in_process(problem, variant)
    optimum = brute_force(problem)
    assume(optimum is not None)
    verify.score(problem, outcome["built"])
    if problem.budget is None:
        assert outcome["bound"] <= optimum <= outcome["objective"]
    else:
        assert outcome["objective"] <= optimum <= outcome["bound"]


@given(problem=problems(), more=st.integers(1, 5))
@settings(max_examples=25, deadline=None)
def test_more_money_never_covers_less(problem, more, in_process):
    assume(problem.budget is not None)
    poor, rich = (
        in_process(problem, "cuts"),
        in_process(problem.replace(budget=problem.budget + more), "cuts"),
    )
    assert rich["objective"] >= poor["objective"]


@given(problem=problems(), more=st.integers(1, 5))
@settings(max_examples=25, deadline=None)
def test_a_looser_limit_never_covers_less(problem, more, in_process):
    assume(problem.budget is not None)
    pairs = tuple(dataclasses.replace(pair, limit=pair.limit + more) for pair in problem.pairs)
    assert (
        in_process(problem.replace(pairs=pairs), "cuts")["objective"]
        >= in_process(problem, "cuts")["objective"]
    )


@given(problem=problems(), random=st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_the_plan_does_not_depend_on_the_order_of_the_file(problem, random, in_process):
    new = list(range(len(problem.nodes)))
    random.shuffle(new)

    def moved(arcs):
        return tuple((new[t], new[h], s) for t, h, s in random.sample(arcs, len(arcs)))

    shuffled = problem.replace(
        nodes=tuple(problem.nodes[new.index(i)] for i in range(len(new))),
        arcs=moved(problem.arcs),
        candidates=tuple(
            dataclasses.replace(c, arcs=moved(c.arcs))
            for c in random.sample(problem.candidates, len(problem.candidates))
        ),
        pairs=tuple(
            dataclasses.replace(p, origin=new[p.origin], destination=new[p.destination])
            for p in random.sample(problem.pairs, len(problem.pairs))
        ),
    )
    assert in_process(shuffled, "cuts")["built"] == in_process(problem, "cuts")["built"]


def test_money_and_time_in_other_units_give_the_same_plan(in_process):
    problem = line()
    scaled = problem.replace(
        arcs=tuple((t, h, 60 * s) for t, h, s in problem.arcs),
        candidates=tuple(
            dataclasses.replace(c, cost=1000 * c.cost, arcs=tuple((t, h, 60 * s) for t, h, s in c.arcs))
            for c in problem.candidates
        ),
        pairs=tuple(dataclasses.replace(p, limit=60 * p.limit) for p in problem.pairs),
        budget=7000,
    )
    assert in_process(scaled, "cuts")["built"] == in_process(problem, "cuts")["built"] == ("ac", "bd")


@pytest.mark.parametrize("variant", WITH_BUDGET)
def test_no_time_at_all_still_gives_a_usable_plan_with_its_bound(variant, in_process):
    outcome = in_process(line(), variant, seconds=0.0)
    assert (outcome["built"], outcome["objective"], outcome["bound"]) == ((), 2, 18.0)


def test_no_time_without_a_budget_gives_a_plan_that_covers_all_that_can_be(in_process):
    outcome = in_process(line(budget=None), "cuts", seconds=0.0)
    assert verify.score(line(budget=None), outcome["built"]).objective == outcome["objective"]
    assert outcome["bound"] <= 7 <= outcome["objective"]


def test_one_candidate_in_two_pieces_is_used_as_a_whole(in_process):
    pieces = Candidate("pieces", 4, both_ways((0, 1, 10), (2, 3, 10)))
    outcome = in_process(line(candidates=(pieces,), pairs=(Pair(0, 3, 120, 3),)), "cuts")
    assert outcome["built"] == ("pieces",)


@pytest.mark.shared
@pytest.mark.parametrize("variant", PROVING)
def test_the_optima_of_the_toys_are_found_and_the_independent_checker_agrees(
    variant, shared_dir, in_process, tmp_path
):
    toys = shared_dir / "instances" / "toy"
    for known in json.loads((toys / "optima.json").read_text(encoding="utf-8")):
        path = toys / f"{known['problem']}.json"
        problem = load(path)
        outcome = in_process(problem, variant)
        assert outcome["objective"] == known["cost" if problem.budget is None else "coverage"], path.name
        claimed = results.Result(
            problem=problem.name, **outcome, variant=variant, seconds=0.0, seed=1, threads=1, solver=""
        )
        results.save(claimed, tmp_path / "result.json")
        command = [sys.executable, shared_dir / "check.py", path, tmp_path / "result.json", "--gap", "0"]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        assert said.returncode == 0, said.stdout


@pytest.mark.shared
@pytest.mark.parametrize("name", ["side_08_fixed", "side_09_fixed_infeasible"])
def test_fixed_candidates_are_kept_in_and_out(name, shared_dir, in_process):
    toys = shared_dir / "instances" / "toy"
    known = {k["problem"]: k for k in json.loads((toys / "optima_side.json").read_text(encoding="utf-8"))}[
        name
    ]
    outcome = in_process(load(toys / f"{name}.json"), "cuts")
    assert outcome["status"] == known["status"]
    assert outcome["objective"] == known.get("objective", 0)


@pytest.mark.shared
def test_the_optimum_of_a_public_network_is_proved_within_seconds(shared_dir, in_process):
    outcome = in_process(load(shared_dir / "instances" / "public" / "ema_30.json"), "cuts", seconds=30)
    assert (outcome["status"], outcome["objective"]) == ("optimal", 62860)


def test_a_solve_in_a_child_process_returns_a_result_that_verify_accepts(tmp_path):
    seen = []
    result = solve(line(), params=SolveParameters(threads=1), progress=seen.append)
    assert (result.status, result.built, result.objective, result.gap) == ("optimal", ("ac", "bd"), 18, 0.0)
    assert (result.variant, result.termination, result.seed) == ("cuts", "proof", 1)
    assert tuple(seen) == result.trace
    plan = verify.check(line(), result)
    verify.check_certificate(line(), verify.certificate(line(), plan))
    results.save(result, tmp_path / "result.json")
    assert results.load(tmp_path / "result.json") == result
    jsonschema.validate(result.as_dict() | {"built": list(result.built)}, schema_of("result.schema.json"))


def test_a_time_limit_of_a_millisecond_is_a_result_and_no_failure():
    result = solve(line(), params=SolveParameters(threads=1, time_limit_s=0.001))
    assert result.status in {"optimal", "feasible"}
    assert result.objective <= 18 <= result.bound
    verify.check(line(), result)


def test_an_unknown_variant_is_answered_with_those_there_are():
    with pytest.raises(ProblemError, match="reverse-greedy"):
        solve(line(), variant="magic")


def test_a_solver_that_is_not_known_is_a_fault_of_the_environment_and_names_those_there_are():
    with pytest.raises(EnvironmentFault, match="highs") as caught:
        solve(line(), params=SolveParameters(solver="abacus"))
    assert caught.value.exit_code == 5


def test_a_variant_without_a_choice_of_solver_says_so():
    with pytest.raises(ProblemError, match="does not run with"):
        solve(line(), variant="paths", params=SolveParameters(solver="scip"))


def test_a_variant_that_needs_a_budget_says_so():
    with pytest.raises(ProblemError, match="needs a budget"):
        solve(line(budget=None), variant="do-nothing")


def test_parameters_out_of_range_are_refused_together():
    with pytest.raises(ProblemError) as caught:
        SolveParameters(time_limit_s=-1, gap=float("nan"), threads=0, seed=-1)
    assert len(caught.value.faults) == 4
