"""Questions about one problem have the answers that trying every plan gives, in whatever order they come."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
import math
import random
from fractions import Fraction

import numpy as np
import pytest
from core_drawing import covered_by, dense_problem, plan_value
from engine_running import LONG_S
from heuristic_drawing import open_line
from tiers import thinned

from optimiser.engine.methods import questions
from optimiser.engine.methods.questions import PlanPool, QuestionRelaxation, QuestionSession, question_tables
from optimiser.engine.presolve import reduce
from optimiser.engine.search.scoring import covered_pairs, fits, shortfall
from optimiser.engine.search.tables import tables
from optimiser.engine.search.task import LevelRow, Question
from optimiser.frontier.axes import top_of

SEEDS = [
    1, 2, 4, 5, 6, 7, 10, 12, 13, 14, 15, 16, 17, 20, 22, 24, 25, 27, 28, 30, 31, 33, 34, 35, 36, 38,
    40, 42, 43, 45, 46, 48, 51, 52, 53, 54, 56, 59, 61, 63, 64, 67, 68, 71, 72, 73, 74, 75, 76, 77, 78, 79,
]  # fmt: skip
"""Of the first 80 dense problems those whose reduction leaves at least two candidates."""


@functools.cache
def drawn(seed):
    """Return a reduced problem with money for everything, two measures, and all its plans.

    The measures are the weights of pairs and cities with even and with odd positions. Each plan has its mask,
    its cost and its value in each measure.
    """
    problem = reduce(top_of(dense_problem(seed))).problem
    assert len(problem.candidates) >= 2
    weights = [pair.weight for pair in problem.pairs] + [city.weight for city in problem.cities]
    measures = np.array([[w if i % 2 == m else 0 for i, w in enumerate(weights)] for m in (0, 1)], np.int64)
    names, plans = [c.id for c in problem.candidates], []
    for choice in itertools.product((False, True), repeat=len(names)):
        built = {name for name, yes in zip(names, choice, strict=True) if yes}
        if plan_value(problem, built) is None:
            continue
        pair = covered_by(problem, built)
        city = [sum(pair[k] for k in c.pairs) >= c.need for c in problem.cities]
        reached = measures @ np.array([*pair, *city], np.int64)
        plans.append((np.array([*choice, True]), problem.cost_of(built), tuple(reached.tolist())))
    return problem, measures, plans


def best_of(plans, question):
    """Return objective and cost of the best plan for a question, of equal ones the cheapest; None without."""
    able = [
        (cost if question.cheapest else value_of(question, reached), cost)
        for _, cost, reached in plans
        if (question.budget is None or cost <= question.budget)
        and all(has >= least for has, least in zip(reached, question.least, strict=True))
    ]
    return min(able, key=lambda both: (both[0] if question.cheapest else -both[0], both[1]), default=None)


def value_of(question, reached):
    """Return the sum of the measures, or the largest level that all of them attain."""
    if not question.levels:
        return sum(reached)
    rows = [(row, has) for row, has in zip(question.levels, reached, strict=True) if row.slope]
    return math.floor(min(Fraction(row.scale * has - row.offset, row.slope) for row, has in rows))


def questions_about_levels(seed, count=6):
    """Return questions by chance about the largest level, with others between them."""
    _, measures, _ = drawn(seed)
    chance, most = random.Random(f"levels {seed}"), measures.sum(axis=1).tolist()  # noqa: S311 - as above
    found = []
    for question in questions_about(seed, count):
        if question.cheapest:
            found.append(question)
            continue
        slopes = chance.choice([(1, 1), (2, 3), (0, 2), (1, 0)])
        rows = tuple(LevelRow(chance.randint(1, 3), slope, chance.randint(-9, 9)) for slope in slopes)
        least = (0 if row.slope else chance.randint(0, one) for row, one in zip(rows, most, strict=True))
        found.append(dataclasses.replace(question, least=tuple(least), levels=rows))
    return found


def questions_about(seed, count=12):
    """Return questions by chance, some of which no plan answers."""
    problem, measures, _ = drawn(seed)
    chance = random.Random(seed)  # noqa: S311 - chance for drawings, no secret
    total = sum(c.cost for c in problem.candidates)
    most = measures.sum(axis=1).tolist()
    return [
        Question(
            None if chance.random() < 0.4 else chance.randint(0, total),
            tuple(chance.choice([0, -3, chance.randint(0, one + 1)]) for one in most),
            cheapest=chance.random() < 0.5,
        )
        for _ in range(count)
    ]


# ---- the pool


@pytest.mark.parametrize("seed", thinned(SEEDS, 8))
def test_the_best_plan_of_a_full_pool_is_that_of_trying_every_plan(seed):
    problem, measures, plans = drawn(seed)
    pool = PlanPool(tables(problem), measures)
    for choice in itertools.product((False, True), repeat=len(problem.candidates)):
        pool.add(np.array([*choice, True]))
    for question in questions_about(seed):
        best, expected = pool.best(question), best_of(plans, question)
        if expected is None:
            assert best is None
            continue
        found = pool.add(best)
        assert (found.objective(question), found.cost) == expected
        assert found.answers(question)


@pytest.mark.parametrize("seed", thinned(SEEDS[:10], 3))
def test_a_pool_evaluates_each_plan_once_and_refuses_infeasible_ones(seed, monkeypatch):
    problem, measures, plans = drawn(seed)
    evaluated = []
    monkeypatch.setattr(questions, "fits", lambda t, plan: evaluated.append(plan) or fits(t, plan))
    pool, feasible = (
        PlanPool(tables(problem), measures),
        {mask.tobytes(): (mask, *more) for mask, *more in plans},
    )
    for choice in itertools.chain(*[itertools.product((False, True), repeat=len(problem.candidates))] * 2):
        mask = np.array([*choice, True])
        found = pool.add(mask)
        assert (found is None) == (mask.tobytes() not in feasible)
        if found is not None:
            _, cost, reached = feasible[mask.tobytes()]
            assert (found.cost, tuple(found.values.tolist())) == (cost, reached)
    assert len(evaluated) == 2 ** len(problem.candidates)


def test_a_pool_keeps_copies_of_its_plans():
    problem = open_line(budget=16)
    pool = PlanPool(tables(problem), np.array([[pair.weight for pair in problem.pairs]], np.int64))
    plan = np.array([True, True, False, True])
    pool.add(plan)
    plan[:] = False
    assert pool.best(Question(None, (0,), cheapest=False)).tolist() == [True, True, False, True]


def test_the_incumbent_of_a_question_begins_with_the_best_plan_of_the_pool():
    problem = open_line(budget=16)
    pool = PlanPool(tables(problem), np.array([[pair.weight for pair in problem.pairs]], np.int64))
    for plan in ([False] * 3, [True, False, False], [True, True, False]):
        pool.add(np.array([*plan, True]))
    sent = []
    incumbent = pool.incumbent(
        Question(4, (0,), cheapest=False), unit=1, seconds=9.0, send=sent.append, base=0
    )
    assert incumbent.best.tolist() == [True, False, False, True]
    assert sent == [{"kind": "plan", "step": "pool", "built": [0]}]
    assert not incumbent.plan(np.array([True, True, False, True]), "beyond the budget")


# ---- tables for the heuristics


def test_tables_of_a_question_have_its_money_and_its_targets():
    problem = open_line(budget=16)
    t = tables(problem)
    measures = np.array([[5, 0, 0], [0, 4, 7]], np.int64)
    asked = question_tables(t, measures, Question(7, (5, -1), cheapest=False))
    assert asked.budget == 7
    assert asked.side.target_least.tolist() == [5]
    nothing, ac = np.array([False] * 3 + [True]), np.array([True, False, False, True])
    assert [shortfall(asked, covered_pairs(asked, plan)) for plan in (nothing, ac)] == [5, 0]
    assert fits(asked, ac)
    assert not fits(asked, nothing)
    assert question_tables(t, measures, Question(None, (5, 11), cheapest=True)).budget == -1
    assert question_tables(t, measures, Question(None, (0, 0), cheapest=False)).budget == 16


# ---- the session


def check(session, question, plans, *, gap=0.0):
    """Compare the answer to a question with trying every plan."""
    sent = []
    reason, incumbent = session.answer(question, seconds=LONG_S, gap=gap, base=0, send=sent.append)
    expected = best_of(plans, question)
    if expected is None:
        assert (reason, incumbent.best) == ("infeasible", None)
        return
    sign = 1 if question.cheapest else -1
    assert reason in (("proof",) if gap == 0.0 else ("proof", "gap"))
    assert incumbent.gap() <= gap
    assert all(sign * m["bound"] <= sign * expected[0] + 1e-6 for m in sent if m["kind"] == "bound")
    if gap == 0.0:
        assert incumbent.evaluated.objective == expected[0]
    built = next(m["built"] for m in reversed(sent) if m["kind"] == "plan")
    assert np.flatnonzero(incumbent.best[:-1]).tolist() == built


@pytest.mark.parametrize("seed", thinned(SEEDS, 8))
def test_a_session_answers_as_trying_every_plan_does(seed):
    problem, measures, plans = drawn(seed)
    session = QuestionSession(problem, measures, seed=1, threads=1)
    for question in questions_about(seed):
        check(session, question, plans)


@pytest.mark.parametrize("seed", thinned(SEEDS[::3], 4))
def test_a_session_finds_the_largest_level_of_all_plans(seed):
    problem, measures, plans = drawn(seed)
    session = QuestionSession(problem, measures, seed=1, threads=1)
    for question in questions_about_levels(seed):
        check(session, question, plans)


@pytest.mark.parametrize("seed", thinned(SEEDS[::4], 4))
def test_a_session_in_a_tree_of_its_own_answers_as_trying_every_plan_does(seed, monkeypatch):
    """As for large problems, on two threads."""
    monkeypatch.setattr(questions, "SMALL", 0)
    monkeypatch.setattr(questions, "LEAST_FOR_THREADS", 0)
    problem, measures, plans = drawn(seed)
    session = QuestionSession(problem, measures, seed=1, threads=2)
    for question in (*questions_about(seed, count=6), *questions_about_levels(seed, count=3)):
        check(session, question, plans)


@pytest.mark.parametrize("seed", thinned(SEEDS[::6], 3))
def test_an_answer_is_within_the_gap_asked_for(seed):
    problem, measures, plans = drawn(seed)
    session = QuestionSession(problem, measures, seed=1, threads=1)
    for question in questions_about(seed, count=6):
        check(session, question, plans, gap=0.3)


@pytest.mark.parametrize("seed", thinned(SEEDS[::6], 3))
def test_relaxations_that_drop_their_slack_cuts_between_questions_answer_the_same(seed, monkeypatch):
    monkeypatch.setattr(questions, "KEPT_CUTS", (0, 0))
    problem, measures, plans = drawn(seed)
    session = QuestionSession(problem, measures, seed=1, threads=1)
    for question in questions_about(seed, count=8):
        check(session, question, plans)


def line_session():
    problem = open_line(budget=16)
    measures = np.array([[pair.weight for pair in problem.pairs]], np.int64)
    return QuestionSession(problem, measures, seed=1, threads=1)


def answer(session, question, *, seconds=LONG_S, base=0, gap=0.0):
    return session.answer(question, seconds=seconds, gap=gap, base=base, send=lambda _message: None)


def test_a_plan_found_elsewhere_is_used():
    session = line_session()
    session.know([0, 1])
    _, incumbent = answer(session, Question(None, (16,), cheapest=True), seconds=0.0)
    assert incumbent.best.tolist() == [True, True, False, True]


def test_the_gap_relates_to_the_objective_of_the_original_problem():
    """Everything costs 16 and what is needed 7; beside a million spent in any case that is the same."""
    question = Question(None, (16,), cheapest=True)
    reason, incumbent = answer(line_session(), question, base=10**6, gap=1e-4)
    assert (reason, incumbent.evaluated.objective) == ("gap", 16)
    reason, incumbent = answer(line_session(), question, gap=1e-4)
    assert (reason, incumbent.evaluated.objective) == ("proof", 7)


def test_a_question_about_levels_survives_being_sent():
    question = Question(7, (0, 2), cheapest=False, levels=(LevelRow(2, 3, -5), LevelRow(1, 0, 0)))
    assert Question.of(json.loads(json.dumps(question.as_dict()))) == question
    assert question.beyond(4).least == (4, 2)


def test_a_problem_without_open_pairs_is_answered_by_the_plans_known():
    problem = open_line(budget=16).replace(pairs=())
    session = QuestionSession(problem, np.zeros((1, 0), np.int64), seed=1, threads=1)
    reason, incumbent = answer(session, Question(None, (0,), cheapest=True))
    assert (reason, incumbent.evaluated.objective, incumbent.best_bound) == ("proof", 0, 0.0)
    assert answer(session, Question(None, (1,), cheapest=True))[0] == "infeasible"


def test_a_model_without_a_point_does_not_prove_a_known_plan_best(monkeypatch):
    problem = dense_problem(31)
    measures = np.array([[pair.weight for pair in problem.pairs]], np.int64)
    problem = problem.replace(cities=(), targets=(), cover="all", budget=10**6)
    solve = QuestionRelaxation.solve
    monkeypatch.setattr(
        QuestionRelaxation,
        "solve",
        lambda *at, **how: dataclasses.replace(solve(*at, **how), status="infeasible"),
    )
    session = QuestionSession(problem, measures, seed=1, threads=1)
    question = Question(max(c.cost for c in problem.candidates), (0,), cheapest=False)
    reason, incumbent = answer(session, question, seconds=9.0)
    assert incumbent.best is not None
    assert not incumbent.closed(0.0)
    assert reason == "stalled"
