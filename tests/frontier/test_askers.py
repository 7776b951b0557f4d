"""Askers answer in a process that keeps what it knows and leaves nothing behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import psutil
import pytest
from core_drawing import crowded_line, dense_problem, line
from ring_drawing import ringed

from optimiser.engine import child
from optimiser.engine.search.task import Question
from optimiser.frontier import Limits, trace, tracing
from optimiser.frontier import tracer as tracer_module
from optimiser.frontier.askers import Answer, SessionAsker, SolveAsker, answer_from
from optimiser.frontier.axes import axes_of
from optimiser.frontier.curve import curve
from optimiser.frontier.evaluation import FrontierEvaluator
from optimiser.problem.errors import SolverError
from optimiser.problem.result import Result, TracePoint

QUESTION = Question(7, (0,), cheapest=False)


def asker_of(problem, kind=SessionAsker):
    axes = axes_of("two_way", problem)
    return kind(problem, axes, FrontierEvaluator(problem, axes), seed=1, threads=1)


def children():
    """Return the child processes, without the one of Python itself that tracks shared memory."""
    found = psutil.Process().children(recursive=True)
    return [child for child in found if "resource_tracker" not in " ".join(child.cmdline())]


def test_a_frontier_is_traced_in_a_process_that_ends_with_it():
    places = sorted(point.place for point in trace(line(), limits=Limits(points=0)))
    assert places == [(0, 2), (3, 14), (7, 18)]
    assert not children()


def test_leaving_a_frontier_early_ends_its_process():
    with tracing(dense_problem(5), limits=Limits(points=0)) as tracer:
        next(iter(tracer))
        assert len(children()) == 1
    assert not children()


def test_all_points_but_the_first_start_warm():
    warm = [point.warm for point in trace(dense_problem(5), limits=Limits(points=0))]
    assert warm == [False] + [True] * (len(warm) - 1)


def test_an_answer_has_the_plan_the_bound_and_the_solver():
    with asker_of(line()) as asker:
        found = asker.ask(QUESTION, seconds=20, gap=0)
    assert (found.built, found.bound, found.empty, found.reason) == (("ac", "bd"), 18.0, False, "answered")
    assert found.solver.startswith("HiGHS")
    assert found.whole_seconds >= found.seconds
    assert answer_from(found.as_dict()) == found


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
            asker._process.close()
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
    _, alive = psutil.wait_procs([orphan], timeout=5)
    assert not alive


def test_a_new_process_gets_all_known_plans_and_each_plan_once():
    asker = asker_of(line())
    asker.know(["bd", "ac"])
    asker.know(["ac", "nowhere"])
    asker.know(["ac"])
    names = [candidate.id for candidate in asker._reduced.problem.candidates]
    ask = {"seconds": 1.0, "gap": 0.0, "base": 0}
    task = asker._task(QUESTION, **ask)
    assert [[names[j] for j in plan] for plan in task["known"]] == [["ac", "bd"], ["ac"]]
    assert {"problem", "measures", "seed", "threads", "question"} <= task.keys()
    asker.know(["bd"])
    asker._process = SimpleNamespace(is_running=True)
    again = asker._task(QUESTION, **ask)
    assert [[names[j] for j in plan] for plan in again["known"]] == [["bd"]]
    assert "problem" not in again


def test_candidates_that_a_plan_does_not_need_are_dropped_the_dearest_first():
    """`ad` covers nothing that `ac` and `bd` do not; idle candidates lead nowhere."""
    problem = crowded_line(budget=99)
    asker = asker_of(problem, SolveAsker)
    plan = asker._evaluate(["ac", "bd", "ad", "idle03", "idle07"], rings={}, starts={})
    assert asker._drop_idle(plan, Question(99, (0,), cheapest=False)).built == ("ac", "bd")
    assert asker._drop_idle(plan, Question(None, (18,), cheapest=True)).built == ("ac", "bd")
    assert asker._drop_idle(plan, Question(None, (19,), cheapest=True)).built == plan.built


def test_of_known_plans_the_best_that_answers_the_question_counts():
    asker = asker_of(line(budget=99), SolveAsker)
    for built in ([], ["ac"], ["ad"], ["ac", "bd"], ["ac", "bd", "ad"]):
        asker._plans.append(asker._evaluate(built, rings={}, starts={}))

    def best(*question, cheapest):
        found = asker._best(Question(*question, cheapest=cheapest))
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
        asked=Question(None, (3, 4), cheapest=True, rows=(1,)),
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
    none = found.replace(built=None, rings={}, starts={})
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
    found = asker._found(QUESTION, ended, 2.5)
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
        trace=tuple(TracePoint(0.1, "root", 1, 2.0, cuts=k, nodes=k - 1) for k in (3, 6)), status="infeasible"
    )
    found = asker._found(QUESTION, traced, 2.5)
    assert (found.nodes, found.cuts, found.empty) == (5, 6, True)
