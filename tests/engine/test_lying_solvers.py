"""Solvers that are broken or lie: each fault leads to its outcome, and none to a false label."""

from __future__ import annotations

import pytest
from core_drawing import brute_force, crowded_line, dense_problem, line, plan_value
from engine_running import HereProcess
from ring_drawing import ringed
from solver_shims import FAULTS, write_shim
from tiers import thinned

from optimiser import verify
from optimiser.bench.generators.families import GridParameters, grid
from optimiser.engine import solve as solve_module
from optimiser.engine.child import Ending
from optimiser.engine.methods import compact
from optimiser.engine.methods.branching import tree_search
from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import SolveFailure, second_way, solve
from optimiser.problem import Target
from optimiser.problem.errors import VerificationError
from optimiser.problem.result import rounded_bound

HARD = dense_problem(5)
"""Seven candidates that the reduction leaves, of 43 in the best plan and 5 with nothing built."""

CRASH, REFUSED, STALLED, TIME = "crash", "refused", "stalled", "time"

OUTCOMES = {
    "exit 1": CRASH,
    "no file": CRASH,
    "SIGKILL": CRASH,
    "SIGSEGV": CRASH,
    "hang": TIME,
    "empty file": STALLED,
    "truncated file": CRASH,
    "random bytes": CRASH,
    "infeasible point": REFUSED,
    "sub-optimal point": REFUSED,
    "infeasible": REFUSED,
    "wrong names": STALLED,
    "wrong order": STALLED,
}
"""How a solve by CBC ends, by the fault of its command."""

OF_GLPK = {"empty file": CRASH, "wrong names": CRASH}
"""Where PuLP reads the files of GLPK more strictly."""

CASES = [
    (command, solver, fault, OUTCOMES[fault] if command == "cbc" else OF_GLPK.get(fault, OUTCOMES[fault]))
    for command, solver in (("cbc", "cbc"), ("glpsol", "glpk_cmd"))
    for fault in FAULTS
    if (command, fault) != ("cbc", "hang")
]


def limit_of(fault):
    """Return a time limit that only a command that hangs can reach."""
    return 2.0 if fault == "hang" else 300.0


def here(task, receive, *, time_limit_s):
    """Run a task in this process; an exception is a crash, as in the child process."""
    try:
        return HereProcess()(task, receive, time_limit_s=time_limit_s)
    except Exception as error:  # noqa: BLE001 - the child process reports every exception
        return Ending("crash", f"{type(error).__name__}: {error}")


@pytest.fixture
def no_start(monkeypatch):
    """Let the compact model be solved without a plan to start from."""
    monkeypatch.setattr(compact, "start_plans", lambda *_args, **_more: None)


@pytest.fixture
def broken(monkeypatch, tmp_path, no_start):
    """Return a function that puts a broken command on the search path."""

    def place(command, fault):
        monkeypatch.setenv("PATH", write_shim(tmp_path, command, fault))

    return place


@pytest.mark.parametrize(("command", "solver", "fault", "termination"), thinned(CASES, 13))
def test_a_broken_command_leads_to_its_outcome_and_to_no_false_label(
    command, solver, fault, termination, broken
):
    broken(command, fault)
    params = SolveParameters(threads=1, time_limit_s=limit_of(fault), solver=solver, second_solver=False)
    if termination in (CRASH, REFUSED):
        with pytest.raises(SolveFailure) as caught:
            solve(HARD, variant="compact", params=params, run=here)
        result = caught.value.result
    else:
        result = solve(HARD, variant="compact", params=params, run=here)
    verify.check(HARD, result)
    # A solver that breaks without a plan is not credited with one of ours.
    assert (result.termination, result.status) == (
        termination,
        "none" if termination == CRASH else "feasible",
    )
    if not result.has_plan:
        assert (result.built, result.bound, {point.objective for point in result.trace}) == ((), None, {None})
        return
    assert result.objective <= brute_force(HARD) <= result.bound
    assert plan_value(HARD, set(result.built)) == (result.objective, result.cost)


@pytest.mark.parametrize(("command", "solver", "fault", "termination"), thinned(CASES, 8))
def test_a_second_solver_takes_over_from_a_command_that_breaks_or_lies(
    command, solver, fault, termination, broken
):
    broken(command, fault)
    params = SolveParameters(threads=1, time_limit_s=limit_of(fault), solver=solver)
    if termination in (CRASH, REFUSED):
        with pytest.raises(SolveFailure):  # variant and solver are what was asked for
            solve(HARD, variant="compact", params=params, run=here)
    result = solve(HARD, params=params, run=here)
    if termination in (CRASH, REFUSED):
        assert (result.status, result.objective) == ("optimal", brute_force(HARD))
        assert result.variant == result.bound_source.variant == "cuts"
        assert result.message.startswith("compact with ")
        assert "failed (" in result.message
        assert "solved again by cuts with" in result.message
    else:
        assert (result.variant, result.status) == ("compact", "feasible")


def test_a_command_that_calls_a_problem_infeasible_against_a_known_plan_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", write_shim(tmp_path, "cbc", "infeasible"))
    params = SolveParameters(threads=1, solver="cbc", second_solver=False)
    with pytest.raises(SolveFailure, match="claimed that the problem is infeasible, but a plan is known"):
        solve(HARD, variant="compact", params=params, run=here)


@pytest.mark.parametrize(("command", "solver"), [("cbc", "cbc"), ("glpsol", "glpk_cmd")])
def test_the_bound_of_an_honest_command_is_confirmed_by_our_own_prover(command, solver, broken):
    broken(command, "none")
    params = SolveParameters(threads=1, solver=solver, second_solver=False)
    result = solve(HARD, variant="compact", params=params, run=here)
    assert (result.status, result.objective) == ("optimal", brute_force(HARD))
    assert (result.termination, result.message) == ("proof", "")
    assert (result.variant, result.bound_source.variant) == ("compact", "cuts")


# ---- a library in place of a command: claims of a child process


def telling(messages, reason, solver="HiGHS 1"):
    """Return a runner whose first task ends with these claims; later tasks are done here."""
    tasks = []

    def run(task, receive, *, time_limit_s):
        tasks.append(task)
        if len(tasks) > 1:
            return HereProcess()(task, receive, time_limit_s=time_limit_s)
        for message in messages:
            receive({"step": "tree", **message})
        return Ending(reason, solver=solver, seconds=0.1)

    run.tasks = tasks
    return run


def infeasible_for_search():
    return crowded_line(targets=(Target("small", 9),), excludes=(("ac", "bd"),))


def feasible_for_search():
    """Return a problem whose plans only a search finds: neither nothing nor everything is one."""
    return crowded_line(targets=(Target("small", 9),), excludes=(("ac", "ad"),))


@pytest.mark.parametrize("variant", ["auto", "cuts", "compact", "benders"])
def test_nobody_is_believed_that_no_plan_exists(variant):
    run = telling([], "infeasible")
    result = solve(feasible_for_search(), variant=variant, params=SolveParameters(threads=1), run=run)
    assert (result.status, result.objective) == ("optimal", 18)
    assert "claimed that the problem is infeasible, yet a plan meets every constraint" in result.message
    assert all(task.get("fresh") for task in run.tasks[1:])


@pytest.mark.parametrize("variant", ["auto", "compact"])
def test_a_true_claim_that_no_plan_exists_is_confirmed_with_another_solver(variant):
    run = telling([], "infeasible")
    result = solve(infeasible_for_search(), variant=variant, params=SolveParameters(threads=1), run=run)
    assert (result.status, result.infeasible_by.variant) == ("infeasible", "cuts")
    assert run.tasks[1]["variant"] == "cuts"
    assert run.tasks[1]["fresh"]


def test_a_false_bound_and_a_crash_are_followed_by_another_solver():
    for messages, reason in (
        ([{"kind": "plan", "built": ["ac", "bd"]}, {"kind": "bound", "bound": 3.0}], "proof"),
        ([{"kind": "plan", "built": ["bd"]}], "crash"),
        ([{"kind": "plan", "built": ["ad"]}], "time"),
        ([], "memory"),
    ):
        run = telling(messages, reason)
        result = solve(line(), params=SolveParameters(threads=1), run=run)
        assert (result.status, result.objective) == ("optimal", 18)
        assert "solved again by cuts with" in result.message
        assert result.seconds >= 0.1


def test_the_plan_of_the_first_solver_is_the_start_of_the_second():
    run = telling([{"kind": "plan", "built": ["bd"]}], "crash")
    solve(line(), params=SolveParameters(threads=1), run=run)
    assert run.tasks[1]["start"][0] == ("bd",)


def test_a_failure_of_the_last_moment_leaves_no_time_for_another_solver():
    tasks = []

    def run(task, _receive, *, time_limit_s):
        tasks.append(task)
        return Ending("crash", "too late", seconds=time_limit_s)

    with pytest.raises(SolveFailure, match="too late"):
        solve(line(), params=SolveParameters(threads=1), run=run)
    assert len(tasks) == 1


def test_where_both_solvers_fail_the_first_failure_is_told():
    def run(_task, _receive, *, time_limit_s):
        return Ending("crash", f"broken after {time_limit_s:.0f} s")

    with pytest.raises(SolveFailure, match="broken after 600 s"):
        solve(line(), params=SolveParameters(threads=1, time_limit_s=600.0), run=run)


def test_a_plan_that_fails_the_independent_check_is_followed_by_another_solver(monkeypatch):
    real, calls = verify.check, []

    def check(problem, result):
        calls.append(result)
        if len(calls) == 1:
            raise VerificationError("no", faults=("cost: 7 was claimed, 9 is true",))
        return real(problem, result)

    monkeypatch.setattr(solve_module.verify, "check", check)
    result = solve(line(), params=SolveParameters(threads=1), run=HereProcess())
    assert (result.status, result.objective) == ("optimal", 18)
    assert "cost: 7 was claimed, 9 is true" in result.message


@pytest.mark.parametrize(
    ("variant", "asked", "used", "second"),
    [
        ("cuts", "auto", "", "highs"),
        ("cuts", "auto", "HiGHS 1.16", "scip"),
        ("cuts", "highs", "HiGHS 1.16", "scip"),
        ("cuts", "scip", "", "highs"),
        ("compact", "highs", "HiGHS 1.16", "scip"),
        ("compact", "cbc", "COIN_CMD", "scip"),
        ("benders", "scip", "SCIP 10", "highs"),
    ],
)
def test_the_second_solver_is_another_one(variant, asked, used, second):
    params = SolveParameters(threads=1, solver=asked)
    assert second_way(line(), variant, params, Ending("crash", solver=used)) == (
        "cuts",
        params.replace(solver=second),
    )


def test_with_rings_the_prover_gets_another_seed():
    params = SolveParameters(threads=1, solver="highs")
    assert second_way(ringed(), "cuts", params, Ending("crash")) == ("cuts", params.replace(seed=2))


# ---- libraries inside `cuts` that break or lie


def raising(*_args, **_more):
    raise RuntimeError("no licence")


def proving_too_much(incumbent):
    sign = 1 if incumbent.minimise else -1
    incumbent.bound(incumbent.evaluated.objective + sign, "tree")
    return "proof", "Liar 1"


LIBRARY_FAULTS = {
    "crash": (raising, raising, "no licence"),
    "infeasible": (
        lambda *_args: ("infeasible", "Liar 1"),
        lambda *_args, **_more: "infeasible",
        "claimed that the problem is infeasible, but a plan is known",
    ),
    "bound": (
        lambda _t, incumbent, *_more: proving_too_much(incumbent),
        lambda incumbent, *_args, **_more: proving_too_much(incumbent)[0],
        "contradicts the solver's bound",
    ),
}
"""What stands for the tree of SCIP, what for our own tree on HiGHS, and what a reader learns."""


@pytest.mark.parametrize("fault", thinned([*LIBRARY_FAULTS], 1))
@pytest.mark.parametrize(("asked", "second"), [("scip", "HiGHS"), ("highs", "SCIP")])
def test_a_library_that_breaks_or_lies_is_followed_by_the_other_one(asked, second, fault, monkeypatch):
    in_scip, in_highs, told = LIBRARY_FAULTS[fault]
    if asked == "scip":
        monkeypatch.setattr(tree_search, "search_in_solver", in_scip)
    else:
        monkeypatch.setattr(tree_search, "search_tree", in_highs)
    open_at_the_root = grid(GridParameters(rows=4, columns=4, candidates=16, pairs=20))
    params = SolveParameters(threads=1, solver=asked)
    result = solve(open_at_the_root, params=params, run=here)
    assert result.status == "optimal"
    assert told in result.message
    assert result.solver.startswith(second)
    assert result.objective == solve_honestly(open_at_the_root)


def solve_honestly(problem):
    """Return the optimum by a method that has no part of `cuts`."""
    params = SolveParameters(threads=1, solver="highs")
    return solve(problem, variant="compact", params=params, run=here).objective


# ---- where a bound comes from


def test_the_source_of_a_bound_names_variant_and_solver():
    result = solve(HARD, params=SolveParameters(threads=1), run=HereProcess())
    assert result.status == "optimal"
    assert result.bound_source.variant == "cuts"
    assert result.bound_source.solver.startswith(("HiGHS", "SCIP"))
    assert result.bound_source.kind in ("relaxation", "search")
    nothing = solve(HARD, variant="greedy", params=SolveParameters(threads=1), run=HereProcess())
    assert nothing.bound_source.kind in ("trivial", "presolve")
    assert rounded_bound(nothing.bound) >= brute_force(HARD)
