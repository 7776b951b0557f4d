"""Libraries are loaded before the clock of a solve starts."""

from __future__ import annotations

import dataclasses
import time

import numba
import pytest
from core_drawing import line
from ring_drawing import ringed

from optimiser.engine import warming
from optimiser.engine.methods.column_generation import proof
from optimiser.engine.methods.variants import VARIANTS
from optimiser.engine.search.task import Task

NAMES = [name for name in VARIANTS if name not in {"auto", "lns", "do-nothing"}]


def asked(variant, **changes):
    return Task(line(**changes), variant, 60.0, 0.0, 1, 1, (*VARIANTS[variant].solvers, "none")[0])


@pytest.mark.parametrize("variant", NAMES)
def test_the_small_problem_can_be_solved_in_every_way(variant, monkeypatch):
    outcomes = []

    def work(task, send):
        outcomes.append(original(task, send)[0])

    original = warming.work
    monkeypatch.setattr(warming, "work", work)
    monkeypatch.setattr(warming, "ROUND_S", 30.0)
    warming.warm(asked(variant))
    assert outcomes[-1] == ("proof" if VARIANTS[variant].proves else "heuristic")


@pytest.mark.parametrize("variant", ["cuts", "compact"])
def test_the_tiny_problem_has_a_ring_to_form_where_the_task_has_rings(variant, monkeypatch):
    outcomes, plans = [], []

    def work(task, _send):
        outcomes.append(original(task, lambda m: plans.append(m) if m["kind"] == "plan" else None)[0])

    original = warming.work
    monkeypatch.setattr(warming, "work", work)
    monkeypatch.setattr(warming, "ROUND_S", 30.0)
    task = dataclasses.replace(asked(variant), problem=ringed(), solver="highs")
    warming.warm(task)
    assert outcomes[-1] == "proof"
    assert plans[-1]["rings"].keys() == {"tiny"}


def test_the_small_problem_has_no_budget_where_the_task_has_none(monkeypatch):
    seen = []
    monkeypatch.setattr(warming, "work", lambda task, _send: seen.append(task))
    warming.warm(asked("greedy", budget=None))
    warming.warm(asked("greedy", budget=5))
    assert [task.problem.budget for task in seen] == [1665, None, 1665]


def test_a_small_solve_that_overran_is_done_again(monkeypatch):
    monkeypatch.setattr(warming, "ROUND_S", 0.02)
    waits = [0.1, 0.1, 0.0, 0.0]
    monkeypatch.setattr(warming, "work", lambda _task, _send: time.sleep(waits.pop(0)))
    warming.warm(asked("greedy"))
    assert len(waits) == 1


def test_a_failure_is_left_to_the_task_itself(monkeypatch):
    def work(_task, _send):
        raise RuntimeError

    monkeypatch.setattr(warming, "work", work)
    warming.warm(asked("greedy"))


def test_a_solve_that_compiled_is_done_again(monkeypatch):
    compiled = [True, True, False, False]

    def work(_task, _send):
        if compiled.pop(0):
            numba.njit(lambda x: x + 1)(1)

    monkeypatch.setattr(warming, "ROUND_S", 60.0)
    monkeypatch.setattr(warming, "work", work)
    warming.warm(asked("greedy"))
    assert len(compiled) == 1


@pytest.mark.parametrize("with_budget", [True, False])
def test_paths_are_listed_when_warming(with_budget, monkeypatch):
    called = []
    original = proof.enumerate_sets
    monkeypatch.setattr(proof, "enumerate_sets", lambda *a, **k: called.append(1) or original(*a, **k))
    monkeypatch.setattr(warming, "ROUND_S", 10.0)
    warming.warm(asked("paths", budget=5 if with_budget else None))
    assert called
