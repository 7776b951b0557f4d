"""Variants of the user's own that lie, compared with trying every plan: no outcome has a false label."""

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest
from core_drawing import brute_force, crowded_line, dense_problem, line, plan_value
from engine_running import COUNT, HereProcess, has_true_labels
from ring_drawing import ring_problem, whole_brute_force

from optimiser import verify
from optimiser.engine import attempt as attempt_module
from optimiser.engine.child import Ending
from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import SolveFailure, solve
from optimiser.problem import Target

HEAD = """from optimiser.engine.methods.heuristics.greedy import everything, nothing
from optimiser.engine.methods.variants import Variant

VARIANT = Variant(name="liar", about="Lies.", proves=True, extended=("highs",))
"""

LIES = {
    "no plan": """
def run(t, incumbent, task):
    return "infeasible", "Liar 1"

def run_extended(task, send):
    return "infeasible", "Liar 1"
""",
    "bound": """
def run(t, incumbent, task):
    incumbent.plan(everything(t) if t.budget < 0 else nothing(t), "lie")
    if incumbent.evaluated is not None:
        incumbent.bound(float(incumbent.evaluated.objective), "presolve")
    return ("time" if incumbent.evaluated is None else "proof"), "Liar 1"

def run_extended(task, send):
    send({"kind": "bound", "step": "tree", "bound": 1e6 if task.problem.budget is None else 0.0})
    return "time", "Liar 1"
""",
    "plan": """
def run(t, incumbent, task):
    incumbent._send({"kind": "plan", "step": "lie", "built": [] if t.budget < 0 else list(range(t.size))})
    return "proof", "Liar 1"

def run_extended(task, send):
    names = [] if task.problem.budget is None else list(range(len(task.problem.candidates)))
    send({"kind": "plan", "step": "lie", "built": names})
    return "proof", "Liar 1"
""",
}
"""Files that claim that no plan exists, that their first plan is optimal, and a plan beyond the budget."""

PARAMS = SolveParameters(threads=1, time_limit_s=60.0)


@pytest.fixture
def liar(tmp_path):
    """Return a function that writes the file of a variant that tells a lie."""

    def write(lie):
        path = tmp_path / f"{lie.replace(' ', '_')}.py"
        path.write_text(HEAD + LIES[lie], encoding="utf-8")
        return path

    return write


def outcome(problem, path, params=PARAMS, run=None):
    """Return the result of a solve, and whether it was a failure."""
    try:
        return solve(problem, variant=path, params=params, run=run or HereProcess()), False
    except SolveFailure as failure:
        return failure.result, True


@pytest.mark.parametrize("lie", LIES)
def test_no_lie_becomes_a_false_label(lie, liar, draws):
    seen, seeds = Counter(), draws(25, 5 * COUNT)
    for seed in seeds:
        problem = dense_problem(seed)
        optimum = brute_force(problem)
        result, failed = outcome(problem, liar(lie))
        assert has_true_labels(problem, result, optimum), seed
        if result.has_plan:
            assert plan_value(problem, set(result.built)) == (result.objective, result.cost), seed
        seen[result.status, failed] += 1
    assert sum(times for (_, failed), times in seen.items() if failed) >= len(seeds) // 5


@pytest.mark.parametrize("lie", LIES)
def test_no_lie_about_rings_and_periods_becomes_a_false_label(lie, liar, draws):
    failures = 0
    for seed in draws(5, COUNT):
        problem = ring_problem(seed)
        result, failed = outcome(problem, liar(lie))
        assert has_true_labels(problem, result, whole_brute_force(problem)), seed
        failures += failed
    assert failures


# ---- what a reader learns


def impossible(**changes):
    """Return a problem without a plan that has too many plans to try, and no short argument against them."""
    return crowded_line(targets=(Target("small", 9),), excludes=(("ac", "bd"),), **changes)


def out_of_time(task, receive, *, time_limit_s):
    """Stand for a process that has no time for a confirmation."""
    if not task["variant"].endswith(".py"):
        return Ending("time", seconds=time_limit_s)
    return HereProcess()(task, receive, time_limit_s=time_limit_s)


@pytest.fixture
def no_reduction(monkeypatch):
    """Let the reduction settle nothing, so that a search is needed."""
    monkeypatch.setattr("optimiser.engine.work.reduction_of", unreduced)


def unreduced(problem, **_more):
    from optimiser.engine.presolve import Reduction

    return Reduction(problem)


def test_a_true_claim_that_no_plan_exists_is_confirmed_by_our_own_prover(liar, no_reduction):
    result, failed = outcome(impossible(), liar("no plan"))
    assert not failed
    assert (result.status, result.termination) == ("infeasible", "infeasible")
    assert (result.infeasible_by.kind, result.infeasible_by.variant) == ("search", "cuts")
    assert "'ac' and 'bd' exclude each other" in result.message


def test_an_argument_or_an_enumeration_confirms_without_a_solver(liar):
    def run(task, receive, *, time_limit_s):
        assert task["variant"].endswith(".py")
        return HereProcess()(task, receive, time_limit_s=time_limit_s)

    for problem, kind in (
        (line(targets=(Target("small", 10),)), "argument"),
        (line(targets=(Target("small", 9),), excludes=(("ac", "bd"),)), "enumeration"),
    ):
        result, _ = outcome(problem, liar("no plan"), run=run)
        assert (result.status, result.infeasible_by.kind, result.infeasible_by.variant) == (
            "infeasible",
            kind,
            "",
        )


def test_what_time_does_not_confirm_is_the_word_of_the_variant_alone(liar):
    result, failed = outcome(impossible(), liar("no plan"), run=out_of_time)
    assert not failed
    assert (result.status, result.termination, result.infeasible_by) == ("none", "unconfirmed", None)
    assert "that no plan exists is the word of liar with Liar 1 alone" in result.message
    verify.check(impossible(), result)


def test_a_bound_that_time_does_not_confirm_makes_no_plan_optimal(liar):
    result, failed = outcome(line(budget=4), liar("bound"), run=out_of_time)
    assert not failed
    assert (result.status, result.termination) == ("feasible", "unconfirmed")
    assert (result.bound, result.bound_source.kind) == (18.0, "trivial")
    assert "is the word of liar with Liar 1 alone: what is proved is 18" in result.message
    assert all(point.bound >= 18.0 for point in result.trace)


def test_a_bound_that_a_better_plan_contradicts_is_refused(liar, no_reduction):
    result, failed = outcome(line(budget=4), liar("bound"))
    assert failed
    assert (result.status, result.termination, result.built) == ("feasible", "refused", ())
    assert "a plan with objective 14 contradicts the solver's bound 2.0" in result.message
    assert result.bound_source.variant in ("", "cuts")


def test_a_true_bound_is_confirmed_and_its_source_is_the_prover(liar, tmp_path, no_reduction):
    path = tmp_path / "honest.py"
    path.write_text(
        HEAD.replace("liar", "honest")
        + "def run(t, incumbent, task):\n"
        + "    from optimiser.engine.methods.branching.tree_search import prove\n"
        + "    return prove(t, incumbent, task)[0], 'Honest 1'\n"
        + "def run_extended(task, send):\n    return 'time', ''\n"
    )
    result, failed = outcome(line(budget=4), path)
    assert not failed
    assert (result.variant, result.solver) == ("honest", "Honest 1")
    assert (result.status, result.objective, result.termination) == ("optimal", 14, "proof")
    assert result.bound_source.variant == "cuts"
    assert result.message == ""


def test_a_heuristic_of_the_user_gets_the_bound_of_the_reduction_alone(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        HEAD.replace("proves=True", "proves=False")
        + "def run(t, incumbent, task):\n    incumbent.plan(nothing(t), 'start')\n"
        + "    incumbent.bound(float(incumbent.evaluated.objective), 'presolve')\n"
        + "    return 'heuristic', ''\n"
        + "def run_extended(task, send):\n    return 'time', ''\n"
    )
    result, failed = outcome(dense_problem(5), path)
    assert not failed
    assert (result.status, result.termination) == ("feasible", "heuristic")
    assert (result.bound_source.kind, result.bound) == ("trivial", 50.0)
    assert "is the word of liar alone: the variant proves nothing" in result.message


def test_a_bound_of_the_last_moment_is_not_confirmed(liar):
    def run(task, receive, *, time_limit_s):
        assert task["variant"].endswith(".py")
        ending = HereProcess()(task, receive, time_limit_s=time_limit_s)
        return dataclasses.replace(ending, seconds=time_limit_s)

    for lie, problem, status in (("bound", dense_problem(5), "feasible"), ("no plan", impossible(), "none")):
        result, failed = outcome(problem, liar(lie), run=run)
        assert not failed
        assert (result.status, result.termination) == (status, "unconfirmed")
        assert "alone: no time was left to confirm it" in result.message
        assert all(point.bound >= 50.0 for point in result.trace if lie == "bound")


def test_plans_within_a_gap_take_no_unconfirmed_word(liar):
    path = str(liar("no plan"))
    with pytest.raises(attempt_module.UnsettledError):
        attempt_module.plan_within_gap(impossible(), path, PARAMS.replace(solver="none"), run=HereProcess())
