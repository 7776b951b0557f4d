from __future__ import annotations

import itertools

import numpy as np
import pytest
from core_drawing import brute_force, dense_problem
from cut_drawing import meshes, plans, relaxed_optimum, two_of_three
from hypothesis import given, settings
from hypothesis import strategies as st
from partition_drawing import apart_today, triangle

from optimiser.engine.backends.live_program import LiveProgram
from optimiser.engine.methods.cuts.relaxation import CutFinder
from optimiser.engine.methods.cuts.relaxation import needed, relax
from optimiser.engine.models.decisions import scale_of
from optimiser.engine.search.rows import NO_ROWS, joined
from optimiser.engine.search.tables import tables
from optimiser.problem import DesignProblem


def by_single_pairs(t):
    """Return a finder of time cuts alone."""
    return CutFinder(t, joins=None)


def relaxed(
    problem, *, finder=by_single_pairs, least=0.0, left=lambda: 10.0, tell=lambda _answer, _found: False
):
    """Return where the rounds ended, and the objective there."""
    t = tables(problem)
    ended = relax(t, LiveProgram(problem, seed=0), finder(t), left=left, tell=tell, least=least)
    factor = scale_of(problem) * (-1 if problem.budget is None else 1)
    return ended, ended.answer and ended.answer.worth * factor


@pytest.mark.parametrize(("budget", "optimum"), [(0, 0.0), (1, 0.5), (2, 1.0), (3, 1.0), (None, 2.0)])
def test_two_of_three_are_worth_half_the_money(budget, optimum):
    ended, value = relaxed(two_of_three(budget=budget))
    assert ended.complete
    assert value == pytest.approx(optimum, abs=1e-4)


@given(meshes() | meshes(budget="some"))
@settings(max_examples=60, deadline=None)
def test_the_rounds_end_at_the_value_of_the_program_over_all_paths(problem):
    ended, value = relaxed(problem)
    assert ended.complete
    weight = sum(pair.weight for pair in problem.pairs) + sum(c.cost for c in problem.candidates)
    assert value == pytest.approx(relaxed_optimum(problem), abs=3e-4 * weight)


@given(meshes() | meshes(budget="some"), st.sampled_from([0.0, 2e-4, 0.5]))
@settings(max_examples=60, deadline=None)
def test_every_answer_bounds_the_best_plan_and_none_is_worse_than_the_one_before(problem, least):
    told = []
    relaxed(problem, least=least, tell=lambda answer, _: told.append(answer.worth))
    factor = scale_of(problem) * (-1 if problem.budget is None else 1)
    best = brute_force(problem) / factor
    assert min(told) >= best - 1e-6
    assert all(after <= before + 1e-6 for before, after in itertools.pairwise(told))


@given(meshes(budget="some"))
@settings(max_examples=40, deadline=None)
def test_all_cuts_hold_for_every_plan(problem):
    ended, _ = relaxed(problem)
    for plan, cover in zip(*plans(problem), strict=True):
        for rows in ended.rows:
            assert (rows.at(plan) >= cover[rows.pair] - 1e-12).all()


@pytest.mark.parametrize(
    ("budget", "alone", "joint"), [(None, 1.5, 2.0), (0, 0.0, 0.0), (1, 2.0, 1.5), (2, 3.0, 3.0)]
)
def test_a_triangle_is_worth_less_with_partition_inequalities(budget, alone, joint):
    for finder, optimum in ((by_single_pairs, alone), (CutFinder.of, joint)):
        ended, value = relaxed(triangle(budget=budget), finder=finder)
        assert ended.complete
        assert value == pytest.approx(optimum, abs=2e-2 if finder is not by_single_pairs else 1e-3)


@given(apart_today() | apart_today(budget="some"))
@settings(max_examples=50, deadline=None)
def test_partition_inequalities_bring_the_bound_nearer_to_the_best_plan_and_never_beyond(problem):
    (_, without), (ended, value) = relaxed(problem), relaxed(problem, finder=CutFinder.of)
    sign = -1 if problem.budget is None else 1
    weight = sum(pair.weight for pair in problem.pairs) + sum(c.cost for c in problem.candidates)
    assert ended.complete
    assert sign * brute_force(problem) <= sign * value + 1e-5
    assert sign * value <= sign * without + 3e-4 * weight


def apart(seed):
    """Return a drawn problem that has no link today, with a budget for a third of what could be built."""
    drawn = dense_problem(seed)
    money = sum(c.cost for c in drawn.candidates) // 3
    return DesignProblem("apart", drawn.nodes, (), drawn.candidates, drawn.pairs, money).canonical()


def test_all_rows_of_several_pairs_hold_for_every_plan():
    joint = 0
    for seed in range(40):
        problem = apart(seed)
        ended, _ = relaxed(problem, finder=CutFinder.of)
        joint += any((rows.claims > 1).any() for rows in ended.rows)
        for plan, cover in zip(*plans(problem), strict=True):
            for rows in ended.rows:
                assert (rows.at(plan) >= rows.claimed(cover.astype(np.float64)) - 1e-12).all()
    assert joint >= 10


def with_rows(problem, *parts):
    program = LiveProgram(problem, seed=0)
    for rows in parts:
        program.add(rows)
    return program


def test_needed_rows_give_the_bound_of_all_and_the_optimum_breaks_none_of_the_others():
    fewer = moved = 0
    for seed in range(40):
        for problem in (apart(seed), apart(seed).replace(budget=None)):
            ended, _ = relaxed(problem, finder=CutFinder.of)
            if ended.answer.ending == "empty":
                continue
            rows = joined(ended.rows)
            times, joint = rows.only(rows.claims == 1), rows.only(rows.claims > 1)
            program = with_rows(problem, times)
            alone = program.solve(seconds=10.0).worth
            kept = needed(program, joint, left=lambda: 10.0)
            answer = program.solve(seconds=10.0)
            every = with_rows(problem, times, joint).solve(seconds=10.0).worth
            assert answer.worth == pytest.approx(every, abs=1e-4)
            assert with_rows(problem, times, kept).solve(seconds=10.0).worth == pytest.approx(every, abs=1e-4)
            assert (joint.claimed(answer.level) <= joint.at(answer.decided) + 1e-5).all()
            fewer += len(kept) < len(joint)
            moved += every < alone - 1e-3
    assert fewer >= 10
    assert moved >= 10


def test_all_rows_are_needed_when_there_is_no_time_to_tell():
    problem = triangle(budget=1)
    ended, _ = relaxed(problem, finder=CutFinder.of)
    rows = joined(ended.rows)
    joint = rows.only(rows.claims > 1)
    assert len(joint)
    assert needed(with_rows(problem), joint, left=lambda: 0.0) is joint


def test_of_no_rows_none_is_needed():
    problem = triangle(budget=1)
    assert len(needed(with_rows(problem), NO_ROWS, left=lambda: 10.0)) == 0


def test_the_rounds_end_when_told_to():
    ended, _ = relaxed(two_of_three(budget=1), tell=lambda _answer, _found: True)
    assert not ended.complete
    assert ended.answer.ending == "optimal"


def test_what_is_told_is_how_many_cuts_were_found_for_each_answer():
    told = []
    ended, _ = relaxed(two_of_three(budget=1), tell=lambda _answer, found: told.append(found))
    assert told == [len(rows) for rows in ended.rows]


def test_without_time_there_is_no_answer():
    ended, _ = relaxed(two_of_three(budget=1), left=lambda: 0.0)
    assert (ended.answer, ended.complete) == (None, False)


def test_a_program_without_any_point_ends_the_rounds():
    problem = two_of_three()
    problem = problem.replace(excludes=(("c0", "c1"), ("c1", "c2"), ("c0", "c2")))
    ended, _ = relaxed(problem)
    assert ended.answer.ending == "empty"


def test_the_interior_point_stays_inside():
    ended, _ = relaxed(two_of_three(budget=1))
    assert (ended.towards >= 0).all()
    assert (ended.towards <= 1).all()
    assert np.isfinite(ended.towards).all()
