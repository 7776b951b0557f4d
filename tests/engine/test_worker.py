from __future__ import annotations

import json

import pytest
from core_drawing import line
from heuristic_drawing import open_line

from optimiser.engine import warm_up, worker
from optimiser.engine.search import compiled
from optimiser.engine.search.task import Question
from optimiser.engine.worker import Session
from optimiser.problem import dumps


def solve_task(problem, **changes):
    task = {
        "variant": "cuts",
        "seconds": 60.0,
        "gap": 0.0,
        "threads": 1,
        "seed": 1,
        "solver": "highs",
        "effort": 1.0,
    }
    return {"problem": json.loads(dumps(problem)), **task, **changes}


def question_task(question, **changes):
    task = {"seed": 1, "threads": 1, "seconds": 60.0, "gap": 0.0, "base": 0, "known": []}
    return {**task, "question": question.as_dict(), **changes}


def first_question(question, *, problem=None, **changes):
    problem = problem or open_line(budget=16)
    measures = [[pair.weight for pair in problem.pairs]]
    return question_task(question, problem=json.loads(dumps(problem)), measures=measures, **changes)


@pytest.fixture(name="session")
def session_fixture():
    sent = []
    session = Session(sent.append, warms_up=False)
    session.sent = sent
    return session


def kinds(sent):
    return [message["kind"] for message in sent]


def test_a_solve_is_answered_by_ready_messages_and_done(session):
    session.do(solve_task(line()))
    assert kinds(session.sent)[0] == "ready"
    assert kinds(session.sent)[-1] == "done"
    assert kinds(session.sent).count("ready") == kinds(session.sent).count("done") == 1
    done = session.sent[-1]
    assert (done["reason"], done["message"]) == ("proof", "")
    sent_s = [message["seconds"] for message in session.sent if message["kind"] != "ready"]
    assert sent_s == sorted(sent_s)
    assert sent_s[0] >= 0
    plans = [message for message in session.sent if message["kind"] == "plan"]
    assert sorted(plans[-1]["built"]) == ["ac", "bd"]
    assert json.loads(json.dumps(session.sent)) == session.sent


def test_a_session_does_one_task_after_another(session):
    for budget, built in ((7, ["ac", "bd"]), (4, ["ac"])):
        session.do(solve_task(line(budget=budget)))
        plans = [message for message in session.sent if message["kind"] == "plan"]
        assert sorted(plans[-1]["built"]) == built


def test_questions_share_one_session(session):
    session.do(first_question(Question(7, (0,), cheapest=False)))
    assert session.sent[-1]["warm"] is False
    session.do(question_task(Question(None, (16,), cheapest=True), known=[[0, 1]]))
    done = session.sent[-1]
    assert (done["kind"], done["reason"], done["warm"], done["late"]) == ("done", "proof", True, False)
    bounds = [message["bound"] for message in session.sent if message["kind"] == "bound"]
    assert bounds[-1] == 7.0


def test_a_solve_between_questions_leaves_their_session(session):
    session.do(first_question(Question(7, (0,), cheapest=False)))
    session.do(solve_task(line()))
    session.do(question_task(Question(3, (0,), cheapest=False)))
    assert session.sent[-1]["warm"] is True


def test_an_unanswerable_question_is_infeasible(session):
    session.do(first_question(Question(3, (16,), cheapest=False)))
    assert session.sent[-1]["reason"] == "infeasible"


def test_libraries_are_loaded_once_for_each_kind_of_task(monkeypatch):
    warmed, sent = [], []
    monkeypatch.setattr(warm_up, "warm_up", lambda task: warmed.append((task.variant, task.problem.budget)))
    monkeypatch.setattr(warm_up, "warm_up_questions", warmed.append)
    monkeypatch.setattr(compiled, "is_large", lambda _problem: True)
    session = Session(sent.append)
    for problem in (line(), line(budget=4), line(budget=None)):
        session.do(solve_task(problem, variant="greedy", solver="none"))
    session.do(first_question(Question(7, (0,), cheapest=False), threads=2))
    session.do(question_task(Question(3, (0,), cheapest=False)))
    assert warmed == [("greedy", 7), ("greedy", None), 2]


def test_the_clock_starts_after_the_libraries_are_loaded(monkeypatch):
    order = []
    monkeypatch.setattr(warm_up, "warm_up", lambda _task: order.append("warm-up"))
    monkeypatch.setattr(compiled, "is_large", lambda _problem: True)
    Session(lambda message: order.append(message["kind"])).do(
        solve_task(line(), variant="greedy", solver="none")
    )
    assert order[:2] == ["warm-up", "ready"]


def test_no_code_is_loaded_for_a_small_problem(monkeypatch):
    monkeypatch.setattr(warm_up, "warm_up", lambda _task: pytest.fail("warmed up"))
    sent = []
    Session(sent.append).do(solve_task(line()))
    assert sent[-1]["reason"] == "proof"


@pytest.mark.parametrize("with_ring", [True, False])
def test_a_session_prepares_for_a_kind_of_task_without_a_message(with_ring, monkeypatch):
    warmed, sent = [], []
    monkeypatch.setattr(warm_up, "warm_up", lambda task: warmed.append(task.problem))
    monkeypatch.setattr(compiled, "is_large", lambda _problem: True)
    session = Session(sent.append)
    session.do({**solve_task(line()), "prepare": {"with_budget": True, "with_ring": with_ring}})
    assert not sent
    assert [bool(problem.rings) for problem in warmed] == [with_ring]
    session.do(solve_task(line()))
    assert len(warmed) == (2 if with_ring else 1)


def test_measures_of_a_problem_without_open_pairs_have_no_columns(session):
    problem = open_line(budget=16).replace(pairs=())
    session.do(first_question(Question(7, (0,), cheapest=False), problem=problem))
    assert session.sent[-1]["reason"] == "proof"


def test_a_limit_of_memory_is_set_for_a_task_and_taken_back_for_the_next(monkeypatch):
    resource = pytest.importorskip("resource")
    limits = []
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (5, 7))
    monkeypatch.setattr(resource, "setrlimit", lambda kind, both: limits.append((kind, both)))
    worker.limit_memory(3)
    worker.limit_memory(None)
    assert limits == [(resource.RLIMIT_AS, (3 * 2**20, 7)), (resource.RLIMIT_AS, (7, 7))]
