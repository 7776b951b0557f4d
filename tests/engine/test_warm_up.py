"""Libraries are loaded before the clock of a solve starts."""

from __future__ import annotations

import dataclasses
import time

import numba
import pytest
from core_drawing import brute_force, line
from ring_drawing import ringed

from optimiser.engine import warm_up
from optimiser.engine.methods import column_generation as proof
from optimiser.engine.methods.variants import VARIANTS
from optimiser.engine.search.task import Task

NAMES = [name for name in VARIANTS if name not in {"auto", "lns", "do-nothing"}]


def asked(variant, **changes):
    return Task(line(**changes), variant, 60.0, 0.0, 1, 1, (*VARIANTS[variant].solvers, "none")[0])


@pytest.mark.parametrize("variant", NAMES)
def test_every_variant_solves_the_small_problem(variant, monkeypatch):
    outcomes = []

    def solve(task, send):
        outcomes.append(original(task, send)[0])

    original = warm_up.solve
    monkeypatch.setattr(warm_up, "solve", solve)
    monkeypatch.setattr(warm_up, "WARM_UP_S", 30.0)
    warm_up.warm_up(asked(variant))
    assert outcomes[-1] == ("proof" if VARIANTS[variant].proves else "heuristic")


@pytest.mark.parametrize("variant", ["cuts", "compact"])
def test_the_tiny_problem_has_a_ring_where_the_task_has_rings(variant, monkeypatch):
    outcomes, plans = [], []

    def solve(task, _send):
        outcomes.append(original(task, lambda m: plans.append(m) if m["kind"] == "plan" else None)[0])

    original = warm_up.solve
    monkeypatch.setattr(warm_up, "solve", solve)
    monkeypatch.setattr(warm_up, "WARM_UP_S", 30.0)
    task = dataclasses.replace(asked(variant), problem=ringed(), solver="highs")
    warm_up.warm_up(task)
    assert outcomes[-1] == "proof"
    assert plans[-1]["rings"].keys() == {"tiny"}


def test_the_small_problem_has_no_budget_where_the_task_has_none(monkeypatch):
    seen = []
    monkeypatch.setattr(warm_up, "solve", lambda task, _send: seen.append(task))
    warm_up.warm_up(asked("greedy", budget=None))
    warm_up.warm_up(asked("greedy", budget=5))
    assert [task.problem.budget for task in seen] == [1665, None, 1665]


def test_a_warm_up_that_took_too_long_is_repeated(monkeypatch):
    monkeypatch.setattr(warm_up, "WARM_UP_S", 0.02)
    waits = [0.1, 0.1, 0.0, 0.0]
    monkeypatch.setattr(warm_up, "solve", lambda _task, _send: time.sleep(waits.pop(0)))
    warm_up.warm_up(asked("greedy"))
    assert len(waits) == 1


def test_a_failing_warm_up_is_ignored(monkeypatch):
    def solve(_task, _send):
        raise RuntimeError

    monkeypatch.setattr(warm_up, "solve", solve)
    warm_up.warm_up(asked("greedy"))


def test_a_warm_up_that_compiled_is_repeated(monkeypatch):
    compiled = [True, True, False, False]

    def solve(_task, _send):
        if compiled.pop(0):
            numba.njit(lambda x: x + 1)(1)

    monkeypatch.setattr(warm_up, "WARM_UP_S", 60.0)
    monkeypatch.setattr(warm_up, "solve", solve)
    warm_up.warm_up(asked("greedy"))
    assert len(compiled) == 1


@pytest.mark.parametrize("with_budget", [True, False])
def test_the_warm_up_of_paths_lists_paths(with_budget, monkeypatch):
    called = []
    original = proof.list_columns
    monkeypatch.setattr(proof, "list_columns", lambda *a, **k: called.append(1) or original(*a, **k))
    monkeypatch.setattr(warm_up, "WARM_UP_S", 10.0)
    warm_up.warm_up(asked("paths", budget=5 if with_budget else None))
    assert called


def test_the_warm_up_of_questions_answers_one_of_each_kind(monkeypatch):
    asked_for = []

    class Watched(warm_up.QuestionSession):
        def answer(self, question, **options):
            reason, incumbent = super().answer(question, **options)
            asked_for.append((question.cheapest, reason))
            return reason, incumbent

    monkeypatch.setattr(warm_up, "QuestionSession", Watched)
    monkeypatch.setattr(warm_up, "WARM_UP_S", 30.0)
    warm_up.warm_up_questions(2)
    assert asked_for[-2:] == [(False, "proof"), (True, "proof")]


def test_the_optimum_of_the_small_problem_is_proved(monkeypatch):
    proofs = []

    def prove(*args, **options):
        proofs.append(original(*args, **options))

    original = warm_up.prove_bound
    monkeypatch.setattr(warm_up, "prove_bound", prove)
    monkeypatch.setattr(warm_up, "WARM_UP_S", 30.0)
    warm_up.warm_up_proofs()
    problem = warm_up.small_problem(with_budget=True)
    assert proofs[-1].bound == brute_force(problem)
