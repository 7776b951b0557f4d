from __future__ import annotations

import dataclasses

import pytest
from core_drawing import best_plans, brute_force, line, problems, side_problems
from engine_running import COUNT, EXTENDED_JOBS, JOBS, HereProcess, outcome_of
from hypothesis import assume, given
from hypothesis import strategies as st
from ring_drawing import phased, ring_problem, ringed, square, whole_brute_force
from tiers import examples, thinned

import polyring as pr
from optimiser import verify
from optimiser.bench.generators.families import GridParameters, grid
from optimiser.engine.methods.ring_plans import first_plans
from optimiser.engine.search.task import NamedPlan, SolveParameters
from optimiser.engine.solve import solve
from optimiser.problem.model import canonical_circuits, lifted_circuits

RING_SEEDS = range(0, 4 * COUNT, 4)


def some_plan(problem, data):
    return NamedPlan([c.id for c in problem.candidates if data.draw(st.booleans())])


def plan_of(result):
    return NamedPlan(result.built, result.rings, result.starts)


def solved(problem, start, **params):
    with HereProcess() as process:
        return solve(
            problem, params=SolveParameters(threads=1, start=start, **params), run=process, variant="cuts"
        )


@pytest.mark.parametrize(("variant", "solver"), JOBS)
@given(problem=st.one_of(problems(), side_problems()), data=st.data())
@examples(max(5, COUNT // 4))
def test_whatever_the_start_the_optimum_is_that_of_trying_every_plan(variant, solver, problem, data):
    found = outcome_of(problem, variant, solver, start=some_plan(problem, data))
    optimum = brute_force(problem)
    if optimum is None:
        assert found.status == "infeasible"
    else:
        assert (found.status, found.objective) == ("optimal", optimum)


@pytest.mark.parametrize("variant", ["lns", "greedy", "swap", "reverse-greedy"])
@given(problem=problems())
@examples(20)
def test_a_heuristic_keeps_an_optimal_start(variant, problem):
    optimum = brute_force(problem)
    assume(optimum is not None)
    start = NamedPlan(next(iter(best_plans(problem))))
    assert outcome_of(problem, variant, start=start).objective == optimum


@pytest.mark.parametrize(
    ("variant", "solver", "seed"), thinned([(*job, seed) for job in EXTENDED_JOBS for seed in RING_SEEDS], 5)
)
def test_with_rings_and_periods_a_start_does_not_change_the_optimum(variant, solver, seed):
    problem = ring_problem(seed)
    optimum = whole_brute_force(problem)
    without = outcome_of(problem, variant, solver)
    starts = [plan_of(without), NamedPlan([c.id for c in problem.candidates], without.rings)]
    starts += [NamedPlan(()), plan_of(without)._replace(circuits={}), plan_of(without)._replace(starts={})]
    for start in starts:
        found = outcome_of(problem, variant, solver, start=start)
        assert (found.status, found.objective) == (without.status, without.objective)
    assert (without.objective if without.has_plan else None) == optimum


@pytest.mark.parametrize("problem", [line(), line(budget=None), ringed(), phased()])
def test_the_optimum_is_the_first_incumbent_and_the_outcome(problem):
    best = outcome_of(problem, "cuts")
    again = solved(problem, plan_of(best))
    assert (again.trace[0].step, again.trace[0].objective) == ("start", best.objective)
    assert (again.status, again.built, again.message) == ("optimal", best.built, "")
    assert (best.start, again.start) == ("", "taken")


@pytest.mark.parametrize("problem", [line(), ringed(), phased()])
def test_without_time_the_start_is_the_outcome(problem):
    best = outcome_of(problem, "cuts")
    assert solved(problem, plan_of(best), time_limit_s=0.0).built == best.built


def test_a_start_beyond_the_budget_is_repaired_and_the_note_says_what_it_breaks():
    problem = line()
    everything = NamedPlan([c.id for c in problem.candidates])
    found = solved(problem, everything)
    assert (found.status, found.objective) == ("optimal", 18)
    assert "used only as a hint" in found.message
    assert "budget" in found.message
    assert found.start == "hint"
    verify.check(problem, found)


def test_the_log_says_what_became_of_the_start(tmp_path):
    problem, log = line(), tmp_path / "solver.log"
    for built in (["ac", "bd"], [c.id for c in problem.candidates]):
        solved(problem, NamedPlan(built), solver_log=log)
    said = [text for text in log.read_text(encoding="utf-8").splitlines() if text.startswith("polyring")]
    assert said == [
        "polyring: the start was taken as the first plan; the solver did not get it",
        "polyring: the start was used only as a hint: it costs 16, more than the budget of 7",
    ]


@pytest.mark.parametrize(
    ("variant", "solver", "use"),
    [
        ("compact", "scip", "solution"),
        ("compact", "highs", "taken"),
        ("cuts", "highs", "taken"),
        ("cuts", "scip", "limit"),
        ("cuts-loop", "highs", "solution"),
        ("benders", "scip", "limit"),
    ],
)
def test_the_result_says_how_the_solver_got_the_start(variant, solver, use):
    problem = grid(GridParameters(rows=4, columns=4, candidates=16, pairs=20))
    params = SolveParameters(threads=1, solver=solver, start=NamedPlan(()))
    with HereProcess() as process:
        assert solve(problem, variant=variant, params=params, run=process).start == use


def test_what_a_problem_lacks_is_named_and_the_rest_is_used(tmp_path):
    log = tmp_path / "solver.log"
    found = solved(line(), NamedPlan(["ac", "bd", "gone"], {"lost": (0, 1)}), solver_log=log)
    assert found.trace[0].objective == 18
    said = "the start was used only as a hint: the problem lacks 'gone', 'lost'"
    assert (found.start, found.message, log.read_text(encoding="utf-8")) == (
        "hint",
        said,
        f"polyring: {said}\n",
    )


def test_what_a_start_breaks_does_not_keep_an_infeasible_problem_from_being_explained():
    candidates = tuple(dataclasses.replace(c, fixed="in") for c in line().candidates)
    problem = line(candidates=candidates)
    found = solved(problem, NamedPlan(()))
    assert found.status == "infeasible"
    assert found.reasons


def test_the_circuits_of_a_start_are_the_only_ones_tried_where_they_suffice():
    problem = ringed(square(required=False, reward=3)).canonical()
    best = outcome_of(problem, "cuts")
    start = plan_of(best)
    assert start.circuits
    found = first_plans(problem, any_plan=False, seed=1, left=lambda: 60.0, start=start)
    plans = [plan for plan, _ in found]
    assert {tuple(plan.circuits.items()) for plan in plans} == {tuple(start.circuits.items())}


def test_circuits_that_cannot_be_afforded_are_replaced_by_others():
    problem = ringed().canonical()
    start = NamedPlan((), {"square": (0, 1, 2)})
    found = first_plans(problem, any_plan=False, seed=1, left=lambda: 60.0, start=start)
    plans = [plan for plan, _ in found]
    assert plans
    assert all(plan.circuits["square"] != (0, 1, 2) for plan in plans)


@pytest.mark.parametrize("seed", thinned(range(40), 8))
def test_circuits_of_the_canonical_problem_are_those_of_the_problem_and_back(seed):
    problem = ring_problem(seed)
    circuits = {ring.id: tuple(range(len(ring.links))) for ring in problem.rings}
    assert lifted_circuits(problem, canonical_circuits(problem, circuits)) == circuits


@pytest.mark.usefixtures("here")
def test_from_python_a_start_is_the_plan_of_a_result():
    best = outcome_of(line(), "cuts")
    start = pr.NamedPlan.of(best)
    assert start == plan_of(best)
    assert pr.solve(line(), params=pr.SolveParameters(start=start), time_limit_s=0.0).built == best.built
