from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest
from core_drawing import brute_force, dense_problem
from cut_drawing import meshes, plans, relaxed_optimum, two_of_three
from hypothesis import given
from hypothesis import strategies as st
from partition_drawing import apart_today, triangle
from tiers import examples

from optimiser.engine.backends.interfaces import LpSolution
from optimiser.engine.methods.cuts import relaxation
from optimiser.engine.methods.cuts.relaxation import (
    FAMILIES,
    STALL_ROUNDS,
    CutFinder,
    Relaxation,
    needed_rows,
    relax,
    stalls,
    tighten,
)
from optimiser.engine.models.decisions import scale_of
from optimiser.engine.search.rows import NO_ROWS, joined
from optimiser.engine.search.tables import tables
from optimiser.problem import DesignProblem


def relaxed(
    problem,
    *,
    families=(),
    stall_share=0.0,
    left=lambda: 10.0,
    report=lambda _solution, _found: False,
):
    """Return where the rounds ended, and the objective there; without a stall share they go on to the end."""
    cuts = CutFinder(tables(problem), families=families)
    with mock.patch.object(relaxation, "STALL_SHARE", stall_share):
        last, rows = relax(Relaxation(problem, seed=0), cuts, left=left, report=report)
    ended = SimpleNamespace(solution=last, rows=rows)
    factor = scale_of(problem) * (-1 if problem.budget is None else 1)
    return ended, ended.solution and ended.solution.objective * factor


@pytest.mark.parametrize(("budget", "optimum"), [(0, 0.0), (1, 0.5), (2, 1.0), (3, 1.0), (None, 2.0)])
def test_the_relaxation_of_two_of_three_covers_half_as_much_as_the_money_buys(budget, optimum):
    ended, value = relaxed(two_of_three(budget=budget))
    assert ended.solution.status == "optimal"
    assert value == pytest.approx(optimum, abs=1e-4)


@given(meshes() | meshes(budget="some"))
@examples(60)
def test_the_rounds_end_at_the_value_of_the_program_over_all_paths(problem):
    ended, value = relaxed(problem)
    assert ended.solution.status == "optimal"
    weight = sum(pair.weight for pair in problem.pairs) + sum(c.cost for c in problem.candidates)
    assert value == pytest.approx(relaxed_optimum(problem), abs=3e-4 * weight)


@given(meshes() | meshes(budget="some"), st.sampled_from([0.0, 2e-4, 0.5]))
@examples(60)
def test_every_solution_bounds_the_best_plan_and_none_is_weaker_than_the_one_before(problem, share):
    reported = []
    relaxed(problem, stall_share=share, report=lambda solution, _: reported.append(solution.objective))
    factor = scale_of(problem) * (-1 if problem.budget is None else 1)
    best = brute_force(problem) / factor
    assert min(reported) >= best - 1e-6
    assert all(after <= before + 1e-6 for before, after in itertools.pairwise(reported))


@given(meshes(budget="some"))
@examples(40)
def test_all_cuts_hold_for_every_plan(problem):
    ended, _ = relaxed(problem)
    for plan, cover in zip(*plans(problem), strict=True):
        for rows in ended.rows:
            assert (rows.right_side(plan) >= cover[rows.pair] - 1e-12).all()


@pytest.mark.parametrize(
    ("budget", "alone", "joint"), [(None, 1.5, 2.0), (0, 0.0, 0.0), (1, 2.0, 1.5), (2, 3.0, 3.0)]
)
def test_partition_inequalities_tighten_the_relaxation_of_a_triangle(budget, alone, joint):
    for families, optimum in (((), alone), (FAMILIES, joint)):
        ended, value = relaxed(triangle(budget=budget), families=families)
        assert ended.solution.status == "optimal"
        assert value == pytest.approx(optimum, abs=2e-2 if families else 1e-3)


@given(apart_today() | apart_today(budget="some"))
@examples(50)
def test_partition_inequalities_bring_the_bound_nearer_to_the_best_plan_and_never_beyond(problem):
    (_, without), (ended, value) = relaxed(problem), relaxed(problem, families=FAMILIES)
    sign = -1 if problem.budget is None else 1
    weight = sum(pair.weight for pair in problem.pairs) + sum(c.cost for c in problem.candidates)
    assert ended.solution.status == "optimal"
    assert sign * brute_force(problem) <= sign * value + 1e-5
    assert sign * value <= sign * without + 3e-4 * weight


def apart(seed):
    """Return a drawn problem that has no link today, with a budget for a third of what could be built."""
    drawn = dense_problem(seed)
    money = sum(c.cost for c in drawn.candidates) // 3
    return DesignProblem("apart", drawn.nodes, (), drawn.candidates, drawn.pairs, money).canonical()


def test_all_partition_inequalities_hold_for_every_plan():
    joint = 0
    for seed in range(40):
        problem = apart(seed)
        ended, _ = relaxed(problem, families=FAMILIES)
        joint += any((rows.pair_counts > 1).any() for rows in ended.rows)
        for plan, cover in zip(*plans(problem), strict=True):
            for rows in ended.rows:
                assert (rows.right_side(plan) >= rows.left_side(cover.astype(np.float64)) - 1e-12).all()
    assert joint >= 10


def with_rows(problem, *parts):
    program = Relaxation(problem, seed=0)
    for rows in parts:
        program.add(rows)
    return program


def test_needed_rows_give_the_bound_of_all_rows_and_their_optimum_violates_none_of_the_others():
    fewer = moved = 0
    for seed in range(40):
        for problem in (apart(seed), apart(seed).replace(budget=None)):
            ended, _ = relaxed(problem, families=FAMILIES)
            if ended.solution.status == "infeasible":
                continue
            rows = joined(ended.rows)
            times, joint = rows.only(rows.pair_counts == 1), rows.only(rows.pair_counts > 1)
            program = with_rows(problem, times)
            alone = program.solve(seconds=10.0).objective
            kept = needed_rows(program, joint, left=lambda: 10.0)
            solution = program.solve(seconds=10.0)
            every = with_rows(problem, times, joint).solve(seconds=10.0).objective
            assert solution.objective == pytest.approx(every, abs=1e-4)
            assert with_rows(problem, times, kept).solve(seconds=10.0).objective == pytest.approx(
                every, abs=1e-4
            )
            assert (joint.left_side(solution.y) <= joint.right_side(solution.decisions) + 1e-5).all()
            fewer += len(kept) < len(joint)
            moved += every < alone - 1e-3
    assert fewer >= 10
    assert moved >= 10


def test_all_rows_are_needed_when_there_is_no_time_to_choose():
    problem = triangle(budget=1)
    ended, _ = relaxed(problem, families=FAMILIES)
    rows = joined(ended.rows)
    joint = rows.only(rows.pair_counts > 1)
    assert len(joint)
    assert needed_rows(with_rows(problem), joint, left=lambda: 0.0) is joint


def test_of_no_rows_none_is_needed():
    problem = triangle(budget=1)
    assert len(needed_rows(with_rows(problem), NO_ROWS, left=lambda: 10.0)) == 0


def test_the_rounds_end_when_the_report_asks_for_it():
    ended, _ = relaxed(two_of_three(budget=1), report=lambda _solution, _found: True)
    assert ended.solution.status == "optimal"
    assert len(ended.rows) == 1


def test_each_report_has_the_number_of_cuts_of_the_round_before():
    reported = []
    ended, _ = relaxed(two_of_three(budget=1), report=lambda _solution, found: reported.append(found))
    assert reported == [len(rows) for rows in ended.rows]


def test_without_time_there_are_no_cuts_at_the_core_point():
    ended, _ = relaxed(two_of_three(budget=1), left=lambda: 0.0)
    assert len(ended.rows[0]) == 0


def test_an_infeasible_relaxation_ends_the_rounds():
    problem = two_of_three()
    problem = problem.replace(excludes=(("c0", "c1"), ("c1", "c2"), ("c0", "c2")))
    ended, _ = relaxed(problem)
    assert ended.solution.status == "infeasible"


def test_the_core_point_stays_between_0_and_1():
    problem = two_of_three(budget=1)
    cuts = CutFinder(tables(problem))
    begun = cuts.core_point
    relax(Relaxation(problem, seed=0), cuts, left=lambda: 10.0, report=lambda _solution, _found: False)
    assert (cuts.core_point != begun).any()
    assert (cuts.core_point >= 0).all()
    assert (cuts.core_point <= 1).all()


# ---- rounds


@dataclass(frozen=True)
class Solution:
    objective: float
    status: str = "optimal"


class Falling:
    """A relaxation whose objectives are given; each round finds one cut as long as there are objectives."""

    def __init__(self, *objectives):
        self.left = [one if isinstance(one, Solution) else Solution(float(one)) for one in objectives]
        self.weights, self.dropped, self.histories, self.reports = [], [], [], []

    def solve(self):
        return self.left.pop(0)

    def cut(self, _solution, weight, history):
        self.weights.append(weight)
        self.histories.append(list(history))
        return 1 if self.left else 0

    def tighten(self, *, ends=lambda _solution: False, **options):
        def report(solution, added):
            self.reports.append((solution.objective, added))
            return ends(solution)

        def drop():
            self.dropped.append(len(self.weights))

        return tighten(self.solve, self.cut, drop, report=report, **options)


def optimal(objective):
    return LpSolution("optimal", objective, np.zeros(0), np.zeros(0), np.zeros(0))


def test_rounds_go_on_until_a_round_adds_no_cut():
    added = iter([3, 1, 0])
    solved = iter([optimal(30.0), optimal(20.0), optimal(10.0)])
    found = tighten(lambda: next(solved), lambda *_: next(added), lambda: None, report=lambda *_: False)
    assert found.objective == 10.0
    assert next(solved, None) is None


def test_a_solution_that_is_good_enough_is_not_cut_off():
    cut = []
    found = tighten(lambda: optimal(7.0), cut.append, lambda: None, report=lambda *_: True)
    assert found.objective == 7.0
    assert cut == []


def test_a_bound_stalls_only_over_as_many_rounds_as_asked():
    assert not stalls([100.0] * STALL_ROUNDS, 0.1)
    assert stalls([100.0] * (STALL_ROUNDS + 1), 0.1)
    assert stalls([100.0, 99.5], 0.01, 1)
    assert not stalls([100.0, 98.5], 0.01, 1)


def test_a_bound_that_moves_by_the_share_exactly_does_not_stall():
    assert not stalls([110.0, 100.0], 0.1, 1)
    assert not stalls([-10.0, -11.0], 1 / 11, 1)


@pytest.mark.parametrize(
    ("history", "rounds", "is_stalled"),
    [
        ([1000.0, 900.0, 100.0, 90.0], 1, False),  # 10 of 90
        ([1000.0, 900.0, 100.0, 96.0], 1, True),  # 4 of 96
        ([1.0, 2.0, 100.0, 96.0], 1, True),
        ([1000.0, 104.0, 103.0, 100.0], 2, True),
        ([1000.0, 106.0, 103.0, 100.0], 2, False),
        ([104.0, 103.0, 100.0], 3, False),
    ],
)
def test_progress_is_measured_over_the_last_rounds_as_a_share_of_the_last_bound(history, rounds, is_stalled):
    assert stalls(history, 0.05, rounds) is is_stalled


def test_a_bound_of_0_that_does_not_move_does_not_stall():
    assert not stalls([0.0] * 9, 0.1)


def test_tightening_ends_when_the_bound_stalls():
    falling = Falling(*range(200, 100, -10), *[100] * 20)
    assert falling.tighten().objective == 100.0
    assert len(falling.reports) == 10 + STALL_ROUNDS + 1


def test_tightening_ends_when_nothing_is_violated():
    assert Falling(9, 8, 7).tighten() == Solution(7.0)


def test_tightening_ends_when_the_report_asks_for_it():
    falling = Falling(9, 8, 7)
    assert falling.tighten(ends=lambda solution: solution.objective < 9) == Solution(8.0)
    assert len(falling.weights) == 1


@pytest.mark.parametrize("status", ["infeasible", "limit"])
def test_tightening_ends_without_a_report_at_a_solution_that_is_not_optimal(status):
    last = Solution(-math.inf, status)
    falling = Falling(9, last)
    assert falling.tighten() == last
    assert falling.reports == [(9.0, 0)]


def test_each_round_is_reported_with_the_cuts_of_the_one_before():
    falling = Falling(9, 8, 7)
    falling.tighten(first_cuts=5)
    assert falling.reports == [(9.0, 5), (8.0, 1), (7.0, 1)]


def test_cuts_are_sought_with_the_objectives_so_far():
    falling = Falling(9, 8, 7)
    falling.tighten()
    assert falling.histories == [[9.0], [9.0, 8.0], [9.0, 8.0, 7.0]]


def test_the_in_out_weight_decays_every_few_rounds_down_to_its_limit():
    falling = Falling(*(2.0**-i for i in range(60)))
    falling.tighten(first_weight=0.2)
    weights = np.array(falling.weights)
    assert weights[:4] == pytest.approx(0.2)
    assert weights[4:8] == pytest.approx(0.14)
    assert weights[-1] == pytest.approx(0.05)
    assert (np.diff(weights) <= 0).all()


def test_slack_rows_are_dropped_every_few_rounds():
    falling = Falling(*(2.0**-i for i in range(13)))
    falling.tighten()
    assert falling.dropped == [3, 7, 11]
