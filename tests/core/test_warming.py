"""Libraries are loaded before the clock of a solve starts."""

from __future__ import annotations

import time

import pytest
from core_drawing import line

from optimiser.solvers import warming
from optimiser.solvers.task import Task
from optimiser.variants.registry import VARIANTS

NAMES = [name for name in VARIANTS if name not in {"auto", "lns", "do-nothing"}]


def asked(variant, **changes):
    return Task(line(**changes), variant, 60.0, 0.0, 1, 1, (*VARIANTS[variant].solvers, "none")[0])


@pytest.mark.parametrize("variant", NAMES)
def test_the_tiny_problem_can_be_solved_in_every_way(variant, monkeypatch):
    outcomes = []

    def work(task, send):
        outcomes.append(original(task, send)[0])

    original = warming.work
    monkeypatch.setattr(warming, "work", work)
    warming.warm(asked(variant))
    assert outcomes[-1] == ("proof" if VARIANTS[variant].proves else "heuristic")


def test_the_tiny_problem_has_no_budget_where_the_task_has_none(monkeypatch):
    seen = []
    monkeypatch.setattr(warming, "work", lambda task, _send: seen.append(task))
    warming.warm(asked("greedy", budget=None))
    warming.warm(asked("greedy", budget=5))
    assert [task.problem.budget for task in seen] == [None, 7]


def test_a_tiny_solve_that_overran_is_done_again(monkeypatch):
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
