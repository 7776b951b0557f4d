from __future__ import annotations

import dataclasses
import json

import pytest
from core_drawing import both_ways, brute_force, line, problems
from engine_running import outcome_of
from hypothesis import assume, given
from hypothesis import strategies as st
from problem_files import as_json, validate
from tiers import examples, thinned

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
@examples(40)
def test_a_proving_variant_finds_what_trying_every_plan_finds(variant, problem):
    found = outcome_of(problem, variant)
    optimum = brute_force(problem)
    if optimum is None:
        assert found.status == "infeasible"
    else:
        assert (found.status, found.objective) == ("optimal", optimum)


@pytest.mark.parametrize("variant", ["reverse-greedy", "greedy", "swap", "do-nothing"])
@given(problem=problems())
@examples(25)
def test_a_heuristic_never_beats_the_optimum_nor_violates_a_rule(variant, problem):
    assume(problem.budget is not None or VARIANTS[variant].covers_all)
    found = outcome_of(problem, variant)
    optimum = brute_force(problem)
    assume(optimum is not None)
    verify.score(problem, found.built)
    if problem.budget is None:
        assert found.bound <= optimum <= found.objective
    else:
        assert found.objective <= optimum <= found.bound


@given(problem=problems(), more=st.integers(1, 5))
@examples(25)
def test_more_money_never_covers_less(problem, more):
    assume(problem.budget is not None)
    poor, rich = (
        outcome_of(problem, "cuts"),
        outcome_of(problem.replace(budget=problem.budget + more), "cuts"),
    )
    assert rich.objective >= poor.objective


@given(problem=problems(), more=st.integers(1, 5))
@examples(25)
def test_a_looser_limit_never_covers_less(problem, more):
    assume(problem.budget is not None)
    pairs = tuple(dataclasses.replace(pair, limit=pair.limit + more) for pair in problem.pairs)
    assert outcome_of(problem.replace(pairs=pairs), "cuts").objective >= outcome_of(problem, "cuts").objective


@given(problem=problems(), random=st.randoms(use_true_random=False))
@examples(25)
def test_the_plan_does_not_depend_on_the_order_of_the_file(problem, random):
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
    assert outcome_of(shuffled, "cuts").built == outcome_of(problem, "cuts").built


def test_money_and_time_in_other_units_give_the_same_plan():
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
    assert outcome_of(scaled, "cuts").built == outcome_of(problem, "cuts").built == ("ac", "bd")


@pytest.mark.parametrize("variant", WITH_BUDGET)
def test_without_time_there_is_a_usable_plan_with_its_bound(variant):
    found = outcome_of(line(), variant, seconds=0.0)
    assert (found.built, found.objective, found.bound) == ((), 2, 18.0)


def test_without_time_and_budget_the_plan_covers_every_coverable_pair():
    found = outcome_of(line(budget=None), "cuts", seconds=0.0)
    assert verify.score(line(budget=None), found.built).objective == found.objective
    assert found.bound <= 7 <= found.objective


def test_one_candidate_in_two_pieces_is_used_as_a_whole():
    pieces = Candidate("pieces", 4, both_ways((0, 1, 10), (2, 3, 10)))
    found = outcome_of(line(candidates=(pieces,), pairs=(Pair(0, 3, 120, 3),)), "cuts")
    assert found.built == ("pieces",)


@pytest.mark.shared
@pytest.mark.parametrize("variant", thinned(PROVING, 1))
def test_the_optima_of_the_toys_are_found_and_the_independent_checker_agrees(
    variant, shared_dir, independent_check
):
    toys = shared_dir / "instances" / "toy"
    for known in json.loads((toys / "optima.json").read_text(encoding="utf-8")):
        path = toys / f"{known['problem']}.json"
        problem = load(path)
        found = outcome_of(problem, variant)
        assert found.objective == known["cost" if problem.budget is None else "coverage"], path.name
        independent_check(path, found)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["side_08_fixed", "side_09_fixed_infeasible"])
def test_fixed_candidates_are_kept_in_and_out(name, shared_dir):
    toys = shared_dir / "instances" / "toy"
    known = {k["problem"]: k for k in json.loads((toys / "optima_side.json").read_text(encoding="utf-8"))}[
        name
    ]
    found = outcome_of(load(toys / f"{name}.json"), "cuts")
    assert found.status == known["status"]
    assert found.objective == known.get("objective", 0)


@pytest.mark.shared
def test_the_optimum_of_a_public_network_is_proved_within_seconds(shared_dir):
    found = outcome_of(load(shared_dir / "instances" / "public" / "ema_30.json"), "cuts", seconds=30)
    assert (found.status, found.objective) == ("optimal", 62860)


def test_a_solve_in_a_child_process_returns_a_result_that_verify_accepts(tmp_path):
    seen = []
    result = solve(line(), params=SolveParameters(threads=1), progress=seen.append)
    assert (result.status, result.built, result.objective, result.gap) == ("optimal", ("ac", "bd"), 18, 0.0)
    assert (result.variant, result.termination, result.seed) == ("cuts", "proof", 1)
    assert tuple(seen) == result.trace
    plan = verify.check(line(), result)
    verify.bound_checker.check(as_json(line()), verify.certificate(line(), plan))
    results.save(result, tmp_path / "result.json")
    assert results.load(tmp_path / "result.json") == result
    validate(result.as_dict() | {"built": list(result.built)}, "result.schema.json")


def test_a_time_limit_of_a_millisecond_gives_a_result():
    result = solve(line(), params=SolveParameters(threads=1, time_limit_s=0.001))
    assert result.status in {"optimal", "feasible"}
    assert result.objective <= 18 <= result.bound
    verify.check(line(), result)


def test_an_unknown_variant_is_reported_with_the_known_ones():
    with pytest.raises(ProblemError, match="reverse-greedy"):
        solve(line(), variant="magic")


def test_an_unknown_solver_is_a_fault_of_the_environment_and_names_the_known_ones():
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
