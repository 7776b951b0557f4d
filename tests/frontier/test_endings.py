"""A frontier says that it is complete only where all of it is proved."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from core_drawing import dense_problem
from frontier_drawing import HereProcess, traced

from optimiser.engine.backends.sweep_program import SweepProgram
from optimiser.engine.methods.sweep import Sweep
from optimiser.engine.search.task import Question
from optimiser.frontier import Limits
from optimiser.frontier.curve import curve
from optimiser.problem.errors import SolverError
from optimiser.run.frontier import refuse_empty

ALL = Limits(points=0)


def _answering(monkeypatch, change):
    """Change each reply to a question that maximises coverage, as a limit of time would."""
    ask = HereProcess.ask

    def changed(self, asked, **more):
        reply = ask(self, asked, **more)
        return reply if asked.cheapest else dataclasses.replace(reply, **change(reply))

    monkeypatch.setattr(HereProcess, "ask", changed)


def test_no_plan_found_in_time_is_no_proof_that_there_is_none(monkeypatch):
    _answering(monkeypatch, lambda _reply: {"built": None, "bound": None, "reason": "time"})
    tracer, points = traced(dense_problem(31), monkeypatch, limits=ALL)
    assert not points
    assert tracer.state.ended == "time"
    with pytest.raises(SolverError, match="no point was found in time"):
        refuse_empty(curve(tracer))


def test_points_with_an_open_gap_are_not_called_complete(monkeypatch):
    _answering(monkeypatch, lambda reply: {"bound": reply.bound + 5, "reason": "time"})
    tracer, points = traced(dense_problem(31), monkeypatch, limits=ALL)
    assert any(point.gap for point in points)
    assert tracer.state.ended == "time"


def test_the_result_of_a_point_that_time_cut_off_says_so(monkeypatch):
    _answering(monkeypatch, lambda reply: {"bound": reply.bound + 5, "reason": "time"})
    _, points = traced(dense_problem(31), monkeypatch, limits=ALL)
    assert {point.result("p").termination for point in points if point.gap} == {"time"}


def test_a_proved_frontier_is_complete(monkeypatch):
    assert traced(dense_problem(31), monkeypatch, limits=ALL)[0].state.ended == "complete"


@pytest.mark.parametrize("program", ["relaxation", "integer program"])
def test_a_program_without_a_point_does_not_prove_a_known_plan_best(program, monkeypatch):
    problem = dense_problem(31)
    measures = np.array([[pair.weight for pair in problem.pairs]], np.int64)
    problem = problem.replace(cities=(), targets=(), cover="all", budget=10**6)
    sweep, heard = Sweep(problem, measures, seed=1, threads=1), []
    if program == "relaxation":
        solve = SweepProgram.solve
        monkeypatch.setattr(
            SweepProgram, "solve", lambda *at, **how: dataclasses.replace(solve(*at, **how), ending="empty")
        )
    else:
        monkeypatch.setattr(Sweep, "_searched", lambda *_at, **_how: None)
        whole = SweepProgram.whole
        monkeypatch.setattr(
            SweepProgram, "whole", lambda *at, **how: dataclasses.replace(whole(*at, **how), empty=True)
        )
    asked = Question(max(c.cost for c in problem.candidates), (0,), cheapest=False)
    talk = sweep.answer(asked, seconds=9.0, gap=0.0, base=0, send=heard.append)
    assert talk.best is not None
    assert not talk.closed()
    assert all(message["kind"] != "empty" for message in heard)
