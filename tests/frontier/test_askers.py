"""Askers answer in a process that keeps what it knows and leaves nothing behind."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import psutil
import pytest
from core_drawing import crowded_line, dense_problem, line
from ring_drawing import phased, ringed
from tiers import thinned

from optimiser.engine import child
from optimiser.engine.child import Ending
from optimiser.engine.presolve import reduce
from optimiser.engine.search.task import Question
from optimiser.engine.solve import SolveFailure
from optimiser.frontier import Limits, askers, trace, tracing
from optimiser.frontier import tracer as tracer_module
from optimiser.frontier.askers import SessionAsker, SolveAsker
from optimiser.frontier.axes import Axes, axes_of, own_problem, top_of
from optimiser.frontier.point import Answer, FrontierEvaluator, answer_from
from optimiser.frontier.tracer import curve
from optimiser.problem import Target
from optimiser.problem.errors import InfeasibleError, SolverError
from optimiser.problem.result import Result, TracePoint

QUESTION = Question(7, (0,), cheapest=False)


def asker_of(problem, kind=SessionAsker):
    axes = axes_of("two_way", problem)
    return kind(FrontierEvaluator(problem, axes), seed=1, threads=1)


def children():
    """Return the child processes that run, without the one of Python itself that tracks shared memory."""
    found = psutil.Process().children(recursive=True)
    running = [child for child in found if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in running if "resource_tracker" not in " ".join(child.cmdline())]


def test_a_frontier_is_traced_in_a_process_that_ends_with_it():
    places = sorted(point.place for point in trace(line(), limits=Limits(points=0)))
    assert places == [(0, 2), (3, 14), (7, 18)]
    assert not children()


def test_leaving_a_frontier_early_ends_its_process():
    with tracing(dense_problem(5), limits=Limits(points=0)) as tracer:
        next(iter(tracer))
        assert len(children()) == 1
    assert not children()


@pytest.mark.usefixtures("here")
def test_all_points_but_the_first_start_warm():
    warm = [point.warm for point in trace(dense_problem(5), limits=Limits(points=0))]
    assert warm == [False] + [True] * (len(warm) - 1)


@pytest.mark.usefixtures("here")
def test_an_answer_has_the_plan_the_bound_and_the_solver():
    with asker_of(line()) as asker:
        found = asker.ask(QUESTION, seconds=20, gap=0)
    assert (found.built, found.bound, found.empty, found.reason) == (("ac", "bd"), 18.0, False, "answered")
    assert found.solver.startswith("HiGHS")
    assert found.whole_seconds >= found.seconds
    assert answer_from(found.as_dict()) == found


@pytest.mark.usefixtures("here")
def test_a_question_without_an_answer_is_proved_to_have_none():
    with asker_of(line()) as asker:
        found = asker.ask(Question(4, (18,), cheapest=False), seconds=20, gap=0)
    assert (found.built, found.empty) == (None, True)


def test_money_below_what_must_be_built_needs_no_process():
    problem = line()
    first, *others = problem.candidates
    forced = problem.replace(candidates=(type(first)(first.id, 3, first.arcs, fixed="in"), *others))
    with asker_of(forced) as asker:
        found = asker.ask(Question(2, (0,), cheapest=False), seconds=20, gap=0)
        assert not children()
    assert (found.built, found.empty, found.warm) == (None, True, True)
    assert (found.seconds, found.whole_seconds) == (0.0, 0.0)


@pytest.mark.usefixtures("here")
def test_plans_known_from_elsewhere_are_used():
    with asker_of(line()) as asker:
        asker.know(["ac", "bd"])
        found = asker.ask(QUESTION, seconds=0.0, gap=0)
    assert found.built == ("ac", "bd")


def test_a_process_that_is_killed_is_reported_and_the_next_question_has_a_new_one():
    with asker_of(line()) as asker:
        first = asker.ask(QUESTION, seconds=20, gap=0)
        children()[0].kill()
        time.sleep(0.2)
        lost = asker.ask(QUESTION, seconds=20, gap=0)
        again = asker.ask(QUESTION, seconds=20, gap=0)
    assert (lost.built, lost.reason) == (None, "memory")
    assert (again.built, again.reason, again.warm) == (first.built, "answered", False)


def test_a_process_that_cannot_start_is_a_fault_with_its_message(monkeypatch):
    monkeypatch.setattr(child, "WORKER", (sys.executable, "-c", "import sys; sys.exit('no library')"))
    with asker_of(line()) as asker:
        found = asker.ask(QUESTION, seconds=5, gap=0)
    assert (found.built, found.reason, found.empty) == (None, "crash", False)
    assert "no library" in found.message
    with pytest.raises(SolverError, match="no library"):
        list(trace(line(), limits=Limits(points=0)))


def test_a_solver_that_fails_after_the_first_points_leaves_them(monkeypatch):
    """The process answers as one should, up to the third question; from then on none can be started."""
    asked, ask = [], SessionAsker.ask

    def answer(asker, question, *, seconds, gap):
        asked.append(question)
        if len(asked) > 2:
            monkeypatch.setattr(child, "WORKER", (sys.executable, "-c", "import sys; sys.exit('no library')"))
            asker.process.close()
        return ask(asker, question, seconds=seconds, gap=gap)

    monkeypatch.setattr(SessionAsker, "ask", answer)
    monkeypatch.setattr(tracer_module, "MOST_FAULTS", 0)
    with tracing(line(), limits=Limits(points=0)) as tracer:
        points = list(tracer)
        found = curve(tracer)
    assert points
    assert found.ended == "failed"
    assert "the solver failed repeatedly" in found.faults
    assert found.points


def test_solves_of_a_frontier_share_a_process_that_ends_with_it():
    with asker_of(ringed(), SolveAsker) as asker:
        first = asker.ask(Question(9, (0,), cheapest=False), seconds=30, gap=0)
        started = children()
        second = asker.ask(Question(5, (0,), cheapest=False), seconds=30, gap=0)
        assert children() == started
    assert not children()
    assert (first.bound, second.bound) == (10.0, 1.0)
    assert (first.warm, second.warm) == (False, False)
    assert answer_from(first.as_dict()) == first


def test_a_killed_parent_takes_the_process_along():
    code = (
        "import time\n"
        "from optimiser.frontier import Limits, tracing\n"
        "from core_drawing import dense_problem\n"
        "with tracing(dense_problem(5), limits=Limits(points=0)) as tracer:\n"
        "    next(iter(tracer)); print('ready', flush=True); time.sleep(60)\n"
    )
    path = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=path)
    assert parent.stdout.readline().strip() == b"ready"
    orphan = psutil.Process(parent.pid).children(recursive=True)[0]
    parent.kill()
    parent.wait()
    _, alive = psutil.wait_procs([orphan], timeout=60)
    assert not alive


def test_a_new_process_gets_all_known_plans_and_each_plan_once():
    asker = asker_of(line())
    asker.know(["bd", "ac"])
    asker.know(["ac", "nowhere"])
    asker.know(["ac"])
    names = [candidate.id for candidate in asker.reduced.problem.candidates]
    ask = {"seconds": 1.0, "gap": 0.0, "base": 0}
    task = asker.task_of(QUESTION, **ask)
    assert [[names[j] for j in plan] for plan in task["known"]] == [["ac", "bd"], ["ac"]]
    assert {"problem", "measures", "seed", "threads", "question"} <= task.keys()
    asker.know(["bd"])
    asker.process = SimpleNamespace(is_running=True)
    again = asker.task_of(QUESTION, **ask)
    assert [[names[j] for j in plan] for plan in again["known"]] == [["bd"]]
    assert "problem" not in again


def test_candidates_that_a_plan_does_not_need_are_dropped_the_dearest_first():
    """`ad` covers nothing that `ac` and `bd` do not; idle candidates lead nowhere."""
    problem = crowded_line(budget=99)
    asker = asker_of(problem, SolveAsker)
    plan = asker.evaluate(["ac", "bd", "ad", "idle03", "idle07"], rings={}, starts={})
    assert asker.drop_idle(plan, Question(99, (0,), cheapest=False)).built == ("ac", "bd")
    assert asker.drop_idle(plan, Question(None, (18,), cheapest=True)).built == ("ac", "bd")
    assert asker.drop_idle(plan, Question(None, (19,), cheapest=True)).built == plan.built


def test_of_known_plans_the_best_that_answers_the_question_counts():
    asker = asker_of(line(budget=99), SolveAsker)
    for built in ([], ["ac"], ["ad"], ["ac", "bd"], ["ac", "bd", "ad"]):
        asker.plans.append(asker.evaluate(built, rings={}, starts={}))

    def best(*question, cheapest):
        found = asker.best(Question(*question, cheapest=cheapest))
        return None if found is None else found.built

    assert best(99, (0,), cheapest=False) == ("ac", "bd")  # of equal coverage the cheaper one
    assert best(6, (0,), cheapest=False) == ("ac",)
    assert best(2, (0,), cheapest=False) == ()
    assert best(None, (0,), cheapest=True) == ()
    assert best(None, (14,), cheapest=True) == ("ac",)
    assert best(None, (15,), cheapest=True) == ("ac", "bd")
    assert best(None, (19,), cheapest=True) is None


def test_answers_of_a_file_are_those_that_were_written():
    found = Answer(
        asked=Question(None, (3, 4), cheapest=True),
        built=("a", "b"),
        bound=2.5,
        empty=False,
        seconds=1.0,
        whole_seconds=2.0,
        warm=True,
        nodes=3,
        cuts=4,
        reason="time",
        solver="s",
        message="m",
        rings={"r": (2, 0)},
        starts={"a": 1},
    )
    assert answer_from(json.loads(json.dumps(found.as_dict()))) == found
    none = dataclasses.replace(found, built=None, rings={}, starts={})
    assert answer_from(json.loads(json.dumps(none.as_dict()))) == none


@pytest.mark.parametrize(
    ("termination", "reason"),
    [
        ("proof", "answered"),
        ("gap", "answered"),
        ("infeasible", "answered"),
        ("time", "time"),
        ("crash", "crash"),
    ],
)
def test_an_answer_tells_how_the_solve_ended_and_what_it_took(termination, reason):
    asker = asker_of(line(), SolveAsker)
    ended = Result(
        "line", "none", (), 0, 0, 0, 5.0, None, "", 1.5, 1, 1, "s", termination=termination, message="m"
    )
    found = asker.answer_to(QUESTION, ended, 2.5)
    assert (found.reason, found.built, found.bound, found.empty, found.warm) == (
        reason,
        None,
        5.0,
        False,
        False,
    )
    assert (found.seconds, found.whole_seconds, found.solver, found.message) == (1.5, 2.5, "s", "m")
    assert (found.nodes, found.cuts) == (0, 0)
    traced = ended.replace(
        trace=tuple(TracePoint(0.1, "root", 1, 2.0, cuts=k, nodes=k - 1) for k in (3, 4, 6)),
        status="infeasible",
    )
    found = asker.answer_to(QUESTION, traced, 2.5)
    assert (found.nodes, found.cuts, found.empty) == (5, 6, True)


# ---- separate solves, with a solver that answers from a list


def solved(**changes):
    """Return the result of a solve of the line: ac and bd, proved."""
    fields = {"status": "optimal", "built": ("ac", "bd"), "cost": 7, "coverage": 18, "objective": 18}
    rest = {"bound": 18.0, "gap": 0.0, "variant": "", "seconds": 1.5, "seed": 1, "threads": 1, "solver": "s"}
    return Result(problem="line", **(fields | rest | changes))


@pytest.fixture
def solves(monkeypatch):
    """Let every solve return the next of a list of results, a failure raised, and note what was asked."""
    results, asked = [], []

    def solve(problem, **options):
        asked.append((problem, options))
        result = results.pop(0)
        if isinstance(result, SolveFailure):
            raise result
        return result

    monkeypatch.setattr(askers, "solve", solve)
    return results, asked


def test_a_separate_solve_gets_the_limits_of_the_question(solves):
    results, asked = solves
    results.append(solved())
    axes = axes_of("two_way", line())
    evaluate = FrontierEvaluator(line(), axes)
    asker = SolveAsker(evaluate, seed=5, threads=3)
    asker.know(["ad"])
    found = asker.ask(QUESTION, seconds=12.5, gap=0.25)
    ((problem, options),) = asked
    assert problem == own_problem(line(), axes, QUESTION)
    params = options["params"]
    assert (params.time_limit_s, params.gap, params.seed, params.threads) == (12.5, 0.25, 5, 3)
    assert options["run"] == asker.process
    assert (found.built, found.bound, found.seconds) == (("ac", "bd"), 18.0, 1.5)
    assert 0 <= found.whole_seconds < 60


@pytest.mark.parametrize(
    ("status", "known"), [("optimal", 1), ("feasible", 1), ("none", 0), ("infeasible", 0), ("failed", 1)]
)
def test_a_plan_of_a_solve_serves_the_questions_after_it(solves, status, known):
    results, _ = solves
    result = solved(status="feasible" if status == "failed" else status)
    results += [SolveFailure("it broke", result=result) if status == "failed" else result]
    results += [solved(status="none", built=(), bound=None)]
    asker = asker_of(line(), SolveAsker)
    asker.ask(QUESTION, seconds=1, gap=0)
    assert len(asker.plans) == known
    again = asker.ask(Question(8, (0,), cheapest=False), seconds=1, gap=0)
    assert (again.built, again.bound) == (("ac", "bd") if known else None, None)


def test_the_circuits_and_starts_of_a_plan_come_with_it(solves):
    results, _ = solves
    built, starts = ("north", "west"), {"north": 0, "west": 1}
    results.append(solved(built=built, starts=starts, rings={"square": (0, 1, 2, 3)}))
    asker = asker_of(phased(rings=ringed().rings), SolveAsker)
    found = asker.ask(Question(99, (0,), cheapest=False), seconds=1, gap=0)
    assert (found.built, found.starts, found.rings) == (built, starts, {"square": (0, 1, 2, 3)})


def test_a_question_that_is_no_problem_is_answered_by_the_best_known_plan_without_what_is_idle(solves):
    asker = asker_of(phased(), SolveAsker)
    question = Question(None, (2,), cheapest=True)
    none = asker.ask(question, seconds=1, gap=0)
    assert (none.built, none.bound, none.empty, none.warm, none.reason) == (
        None,
        None,
        False,
        True,
        "thinned",
    )
    assert (none.asked, none.rings, none.starts) == (question, {}, {})
    starts = {"north": 0, "fast": 1, "west": 1}
    asker.plans.append(asker.evaluate(starts, rings={}, starts=starts))
    found = asker.ask(question, seconds=1, gap=0)
    assert (found.built, found.starts, found.reason) == (("fast",), {"fast": 1}, "thinned")
    assert (found.bound, found.empty, found.warm, found.asked) == (None, False, True, question)
    assert [plan.built for plan in asker.plans] == [("fast", "north", "west"), ("fast",)]
    assert found.seconds == found.whole_seconds
    assert 0 <= found.seconds < 60


def test_plans_that_break_a_rule_answer_nothing():
    asker = asker_of(line(excludes=(("ac", "bd"),)), SolveAsker)
    asker.plans += [asker.evaluate(built, rings={}, starts={}) for built in (["ac", "bd"], ["ac"])]
    assert asker.best(QUESTION).built == ("ac",)


# ---- a session whose process is told what to answer


class Told:
    """Stands for the process of a session: notes its tasks, and answers with messages and an ending."""

    is_running = True

    def __init__(self, *messages, **ending):
        self.messages = messages
        self.ending = Ending(**({"reason": "proof"} | ending))
        self.tasks = []

    def __call__(self, task, receive, *, time_limit_s):
        self.tasks.append((task, time_limit_s))
        for message in self.messages:
            receive(message)
        return self.ending


def told(problem, *messages, axes=("two_way",), **ending):
    """Return a session asker with such a process, and the process."""
    chosen = axes_of(axes[0], problem, *axes[1:])
    asker = SessionAsker(FrontierEvaluator(problem, chosen), seed=5, threads=3)
    asker.process = Told(*messages, **ending)
    return asker, asker.process


def built_in(problem, name):
    """Return a problem in which a candidate must be built."""
    return problem.replace(
        candidates=tuple(
            dataclasses.replace(c, fixed="in") if c.id == name else c for c in problem.candidates
        )
    )


def test_a_session_is_asked_about_the_reduced_problem_and_answers_about_the_original():
    """`ac` must be built: the session sees 3 less of money and 12 less of coverage."""
    problem = built_in(line(), "ac")
    details = {"nodes": 7, "cuts": 8, "warm": True}
    messages = (
        {"kind": "plan", "built": []},
        {"kind": "bound", "bound": 5.5},
        {"kind": "trace", "bound": 9.0},
        {"kind": "plan", "built": [0]},
        {"kind": "bound", "bound": 4.0},
    )
    asker, process = told(problem, *messages, solver="s", seconds=2.5, message="m", details=details)
    found = asker.ask(Question(7, (13,), cheapest=False), seconds=9.0, gap=0.25)
    ((task, limit),) = process.tasks
    base = asker.base[0]
    assert (asker.cheapest_base, limit) == (3, 9.0)
    assert task["question"] == {"budget": 4, "least": (13 - base,), "cheapest": False}
    assert (task["seconds"], task["gap"], task["base"]) == (9.0, 0.25, base)
    assert (task["seed"], task["threads"]) == (5, 3)
    assert (found.built, found.bound) == (asker.reduced.lifted((0,)), 4.0 + base)
    assert (found.nodes, found.cuts, found.warm, found.seconds) == (7, 8, True, 2.5)
    assert (found.solver, found.message, found.reason, found.empty) == ("s", "m", "answered", False)
    assert 0 <= found.whole_seconds < 60
    least = asker.ask(Question(None, (13,), cheapest=True), seconds=9.0, gap=0.0)
    task, _ = process.tasks[1]
    assert (task["question"]["budget"], task["base"], least.bound) == (None, 3, 7.0)
    assert task["known"] == []


@pytest.mark.parametrize(
    ("axes", "total"),
    [(("two_way",), [2 + 5 + 1]), (("three_way", ("core", "small")), [2 + 1, 5])],
)
def test_what_is_covered_without_building_more_is_the_base_of_each_measure(axes, total):
    """With `ac` and a limit of 300 s for the last pair, the pairs of 5, 2 and 1 are covered in every plan."""
    *pairs, last = line().pairs
    pairs = (
        *(dataclasses.replace(p, limit=120) if p.weight == 7 else p for p in pairs),
        dataclasses.replace(last, limit=300),
    )
    asker, _ = told(built_in(line(pairs=pairs), "ac"), axes=axes)
    reached = FrontierEvaluator(asker.reduced.problem, Axes(*axes))(()).reached
    assert [a + b for a, b in zip(asker.base, reached, strict=True)] == total


@pytest.mark.parametrize(("budget", "empty"), [(2, True), (3, False)])
def test_money_for_what_must_be_built_is_enough_to_ask(budget, empty):
    asker, process = told(built_in(line(), "ac"))
    found = asker.ask(Question(budget, (0,), cheapest=False), seconds=1, gap=0)
    assert (found.empty, len(process.tasks)) == (empty, not empty)


@pytest.mark.parametrize(
    ("ending", "reason", "empty"),
    [
        ({"reason": "proof"}, "answered", False),
        ({"reason": "infeasible"}, "answered", True),
        ({"reason": "killed"}, "time", False),
        ({"reason": "gap", "details": {"late": True}}, "time", False),
        ({"reason": "gap", "details": {"late": False}}, "answered", False),
        ({"reason": "crash"}, "crash", False),
        ({"reason": "memory"}, "memory", False),
    ],
)
def test_an_answer_of_a_session_tells_how_its_process_ended(ending, reason, empty):
    asker, _ = told(line(), **ending)
    found = asker.ask(QUESTION, seconds=1, gap=0)
    assert (found.reason, found.empty, found.built, found.bound) == (reason, empty, None, None)
    assert (found.nodes, found.cuts, found.warm) == (0, 0, False)


def test_a_plan_that_a_session_found_is_not_sent_to_it_again():
    asker, process = told(line(), {"kind": "plan", "built": [0, 1]})
    asker.ask(QUESTION, seconds=1, gap=0)
    asker.ask(QUESTION, seconds=1, gap=0)
    assert [task["known"] for task, _ in process.tasks] == [[], []]
    process.is_running = False
    asker.ask(QUESTION, seconds=1, gap=0)
    assert process.tasks[2][0]["known"] == [[0, 1]]


def test_the_bound_counts_the_base_of_all_groups():
    asker, process = told(line(), {"kind": "bound", "bound": 1.0}, axes=("three_way", ("core", "small")))
    asker.base = [10, 200]
    assert asker.ask(Question(9, (0, 0), cheapest=False), seconds=1, gap=0).bound == 211.0
    assert process.tasks[0][0]["question"]["least"] == (-10, -200)


def test_a_problem_without_a_plan_at_any_budget_is_refused():
    problem = line(targets=(Target("small", 10),))
    with pytest.raises(InfeasibleError, match="even with a budget for everything"):
        asker_of(problem)


@pytest.mark.parametrize("seed", thinned(range(8), 2))
def test_measures_of_a_plan_are_those_of_its_reduction_and_the_base(seed):
    problem = dense_problem(seed)
    axes = axes_of("two_way", problem)
    evaluate = FrontierEvaluator(problem, axes)
    reduced = reduce(top_of(problem), groups=axes.groups)
    if not reduced.feasible:
        pytest.skip("drawn without a plan")
    (base,) = askers.base_of(reduced, evaluate)
    inner = FrontierEvaluator(reduced.problem, axes)
    names = [c.id for c in reduced.problem.candidates]
    for size in (0, 1, len(names)):
        here = inner(names[:size])
        there = evaluate(reduced.lifted(range(size)))
        assert there.reached[0] == here.reached[0] + base
        assert there.cost == here.cost + reduced.forced_cost
