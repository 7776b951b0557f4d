"""Noise of a solver stays noise when a bound is turned from units of the divisor into money or weight."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import pytest
from core_drawing import dense_problem

from optimiser.engine.methods.sweep_talk import Talk
from optimiser.engine.search.task import Question
from optimiser.engine.methods.whole_claims import Claims
from optimiser.engine.search.incumbent import mask_incumbent
from optimiser.engine.search.tables import tables
from optimiser.engine.search.task import Task
from optimiser.problem.result import rounded_bound

UNIT, TRUE, NOISE = 10**6, 3, 1e-8


@pytest.mark.parametrize("cheapest", [False, True])
def test_a_question_of_a_frontier_keeps_the_bound_on_the_right_side(cheapest):
    talk = Talk(Question(None, (0,), cheapest), end=1e18, gap=0.0, base=0, send=lambda _message: None)
    talk.limit((-TRUE if cheapest else TRUE) - NOISE, UNIT)
    assert rounded_bound(talk.bound, minimise=cheapest) == TRUE * UNIT


@pytest.mark.parametrize("cheapest", [False, True])
def test_a_problem_with_rings_keeps_the_bound_on_the_right_side(cheapest):
    problem = dense_problem(0)
    problem = dataclasses.replace(problem, budget=None if cheapest else 9, targets=())
    task = Task(problem, "cuts", seconds=9.0, gap=0.0, threads=1, seed=1, solver="highs", base=0)
    heard = []
    claims = Claims(task, SimpleNamespace(scale=UNIT, rings=()), heard.append)
    claims.bound(TRUE + (NOISE if cheapest else -NOISE), "master")
    assert rounded_bound(heard[-1]["bound"], minimise=cheapest) == TRUE * UNIT


@pytest.mark.parametrize("cheapest", [False, True])
def test_a_plain_problem_keeps_the_bound_on_the_right_side(cheapest):
    problem = dense_problem(0)
    problem = problem.replace(
        budget=None if cheapest else 9,
        targets=(),
        candidates=tuple(dataclasses.replace(c, cost=UNIT) for c in problem.candidates),
        pairs=tuple(dataclasses.replace(pair, weight=UNIT) for pair in problem.pairs),
    )
    heard = []
    mask_incumbent(tables(problem), seconds=9.0, send=heard.append).bound(
        (TRUE + (NOISE if cheapest else -NOISE)) * UNIT, "tree"
    )
    assert heard[-1]["bound"] == TRUE * UNIT
