"""What is asked of the separators and of the relaxation in each round, with stand-ins that keep it."""

from __future__ import annotations

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
from cut_drawing import mesh, two_of_three

from optimiser.engine.backends.interfaces import LpSolution
from optimiser.engine.methods.cuts import relaxation
from optimiser.engine.methods.cuts.relaxation import (
    CORE_POINT_SHARE,
    FIRST_WEIGHT,
    LATER_WEIGHT,
    MARGIN,
    MOST_TIGHTENING,
    POSITIVE,
    CutFinder,
    needed_rows,
    relax,
)
from optimiser.engine.methods.cuts.time_cuts import in_portions, separate
from optimiser.engine.search.rows import NO_ROWS, Rows
from optimiser.engine.search.tables import tables
from optimiser.problem import Pair


def row(pair=0, candidate=0, value=1.0):
    """Return one row of one pair and one candidate."""
    return Rows(np.array([pair]), np.array([0, 1]), np.array([candidate]), np.array([value]))


def rows_of(count):
    """Return as many rows of pair 0 with the coefficients 1, 2, 3, ..."""
    return Rows(
        np.zeros(count, np.int64), np.arange(count + 1), np.zeros(count, np.int64), np.arange(1.0, count + 1)
    )


class Family:
    """A tightening family that returns one row, and keeps how many were asked for at which point."""

    def __init__(self):
        self.asked, self.made = [], 0

    def __call__(self, _t):
        def new():
            self.made += 1
            return self

        return new

    def violated(self, x, y, *, most):
        self.asked.append((x.tolist(), y.tolist(), most))
        return row(value=7.0)


# ---- the finder


@pytest.mark.parametrize(
    ("budget", "costs", "share"),
    [
        (None, [1, 1, 2], 0.5),
        (0, [1, 1, 2], 1e-3),
        (1, [1, 1, 2], 0.25),
        (3, [1, 1, 2], 0.75),
        (9, [1, 1, 2], 1.0),
        (0, [0, 0, 0], 1e-3),
        (1, [0, 0, 0], 1.0),
    ],
)
def test_the_core_point_builds_of_everything_the_share_that_the_budget_pays_for(budget, costs, share):
    finder = CutFinder(tables(two_of_three(budget=budget, costs=costs)), families=())
    assert finder.core_point.tolist() == pytest.approx([share] * 3)
    assert finder.size == 3


def test_the_core_point_moves_three_tenths_of_the_way_to_each_point_within_its_bounds():
    finder = CutFinder(tables(two_of_three()), families=())
    finder.follow(np.array([0.0, 1.5, -9.0]))
    assert finder.core_point == pytest.approx([0.35, 0.65, 0.35])


def test_another_worker_has_separators_of_its_own_the_core_point_and_the_clock_but_no_cuts():
    family = Family()
    finder = CutFinder(tables(two_of_three()), families=(family, lambda _t: None), stop=lambda: True)
    finder.follow(np.ones(3))
    other = finder.another()
    assert family.made == 2
    assert other.core_point is finder.core_point
    assert not len(other.violated_tightening(np.zeros(3), np.ones(1)))  # the time is up
    other.times.stop = lambda: False
    x, y = np.array([0.5, 0.5, 0.5]), np.ones(1)
    assert len(other.violated(x, y, in_out_weight=0.0, tightening=0)) == 1
    third = other.another()
    third.times.stop = lambda: True
    assert not len(third.violated(x, y, in_out_weight=0.0))


def test_time_cuts_come_first_and_then_a_share_of_each_family_unless_none_is_asked_for():
    first, second = Family(), Family()
    finder = CutFinder(tables(two_of_three()), families=(first, second))
    x, y = np.array([0.5, 0.5, 0.5]), np.ones(1)
    found = finder.violated(x, y, in_out_weight=0.0)
    assert found.value.tolist() == [0.5, 0.5, 0.5, 7.0, 7.0]
    assert first.asked == second.asked == [(x.tolist(), [1.0], MOST_TIGHTENING)]
    finder.violated(x, y, in_out_weight=0.0, tightening=1)
    assert first.asked[-1][-1] == 1
    assert finder.violated_tightening(x, y).value.tolist() == [7.0, 7.0]
    assert first.asked[-1][-1] == MOST_TIGHTENING
    before = len(first.asked)
    assert len(finder.violated(x, y, in_out_weight=0.0, tightening=0)) == 1
    assert len(first.asked) == before
    finder.times.stop = lambda: True
    assert not len(finder.violated_tightening(x, y))
    assert len(first.asked) == before


@pytest.mark.parametrize(("y", "margin", "found"), [(2e-6, 0.0, 1), (1e-6, 0.0, 0), (2e-4, MARGIN, 1)])
def test_pairs_that_are_covered_in_part_are_separated(y, margin, found):
    finder = CutFinder(tables(two_of_three()), families=())
    cuts = finder.violated(np.zeros(3), np.array([y]), in_out_weight=0.0, margin=margin)
    assert len(cuts) == found


def test_a_time_cut_is_violated_by_the_margin_of_the_relaxation():
    finder = CutFinder(tables(two_of_three()), families=())
    for y, found in ((MARGIN * 0.99, 0), (MARGIN * 1.01, 1)):
        assert len(finder.violated(np.zeros(3), np.array([y]), in_out_weight=0.0)) == found


def test_only_the_pairs_given_are_separated():
    links = [[(0, 1, 1)], [(1, 2, 1)]]
    t = tables(mesh(3, [], links, [Pair(0, 1, 1, 1), Pair(1, 2, 1, 1)]))
    finder = CutFinder(t, families=())
    found = finder.violated(np.zeros(2), np.ones(2), in_out_weight=0.0, pairs=np.array([1]))
    assert found.pair.tolist() == [1]


def test_no_time_for_cuts_at_the_core_point_is_over_at_once(monkeypatch):
    monkeypatch.setattr(relaxation, "time", SimpleNamespace(monotonic=lambda: 7.0))
    finder = CutFinder(tables(two_of_three()), families=())
    assert len(finder.at_core_point(seconds=0.0)) == 0
    assert len(finder.at_core_point(seconds=0.1)) == 1


def test_at_the_core_point_each_pair_has_its_tightest_cut_whatever_it_claims():
    """At (0.9, 0.2, 0.9) the shortcut in the middle is the weakest: the cut weighs it most."""
    family = Family()
    finder = CutFinder(tables(two_of_three()), families=(family,))
    finder.core_point = np.array([0.9, 0.2, 0.9])
    found = finder.at_core_point()
    assert found.pair.tolist() == [0]
    assert found.right_side(finder.core_point)[0] <= 1.0 + 1e-6
    assert family.asked == []


@pytest.mark.parametrize("stop", [False, True])
def test_cuts_at_the_core_point_end_with_their_seconds_or_the_clock_which_is_put_back(stop):
    def clock():
        return stop

    finder = CutFinder(tables(two_of_three()), families=(), stop=clock)
    assert len(finder.at_core_point()) == (0 if stop else 1)
    assert finder.times.stop is clock
    late = CutFinder(tables(two_of_three()), families=(), stop=clock)
    assert len(late.at_core_point(seconds=-1.0)) == 0
    assert late.times.stop is clock


def test_cuts_against_a_plan_are_sought_for_the_uncovered_pairs_that_it_claims():
    """Two shortcuts cover the first pair and its reverse, one the third; each order gives another cut."""
    links = [[(i, i + 1, 50)] for i in range(3)]
    today = [(i, i + 1, 100) for i in range(3)]
    t = tables(mesh(4, today, links, [Pair(0, 3, 200, 1), Pair(0, 3, 250, 1), Pair(3, 0, 200, 1)]))
    family = Family()
    orders = np.array([[0.1, 0.2, 0.3], [0.3, 0.2, 0.1]])

    def cuts(x, y):
        found = CutFinder(t, families=(family,)).refuting(x, y, orders=orders, in_out_weight=0.3)
        assert family.asked[-1] == (x.tolist(), y.tolist(), MOST_TIGHTENING)
        assert found.value[-1] == 7.0
        return {
            (pair, tuple(found.candidate[a:b].tolist()))
            for pair, (a, b) in zip(
                found.pair[:-1].tolist(), itertools.pairwise(found.start.tolist()), strict=False
            )
        }

    none, some = np.zeros(3), np.array([0.0, 1.0, 0.0])
    claims = np.array([1.0, 1.0, 0.0])
    assert cuts(none, claims) == {(0, (0, 1, 2)), (0, (1, 2)), (0, (0, 1)), (1, (0, 1, 2))}
    assert cuts(some, claims) == {(0, (0, 2))}
    assert cuts(some, np.array([1e-6, 1.0, 2e-6])) == {(2, (0, 2))}
    assert cuts(np.array([1.0, 1.0, 0.0]), np.ones(3)) == set()


def test_a_minimal_cut_opens_candidates_in_the_order_given():
    """Of three shortcuts of which two are needed, the first in the order is opened, and two are the cut."""
    t = tables(two_of_three())
    for first in range(3):
        order = np.where(np.arange(3) == first, 0.0, 1.0)
        cut = separate(t, np.arange(1), np.zeros(3), np.ones(1), order)
        assert cut.candidate.tolist() == [j for j in range(3) if j != first]
        assert cut.value.tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("x", "margin", "found"), [(0.49, 1e-6, 1), (0.5, 1e-6, 0), (0.4, 0.19, 1), (0.4, 0.21, 0)]
)
def test_a_minimal_cut_is_returned_where_it_is_violated_by_the_margin(x, margin, found):
    cut = separate(
        tables(two_of_three()), np.arange(1), np.full(3, x), np.ones(1), np.zeros(3), margin=margin
    )
    assert len(cut) == found


def test_each_pair_may_have_an_order_of_its_own_and_there_is_room_for_all_cuts():
    t = tables(two_of_three())
    pairs = np.zeros(900, np.int64)
    orders = np.tile(np.eye(3), (300, 1))
    cuts = separate(t, pairs, np.zeros(3), np.ones(1), orders)
    assert len(cuts) == 900
    assert (
        cuts.candidate.reshape(-1, 2).tolist() == [[0, 1], [0, 1], [0, 1]] * 300
        or (cuts.candidate.reshape(300, 3, 2) == cuts.candidate[:6].reshape(3, 2)).all()
    )
    for i, j in enumerate([0, 1, 2]):
        assert j in cuts.candidate[2 * i : 2 * i + 2]


def test_there_is_room_for_the_cuts_of_pairs_that_very_many_candidates_can_serve():
    """Each pair needs the first link, built to a tenth, and one of a thousand others, all of them built."""
    links = [[(0, 1, 1)], *([(1, 2, 1)] for _ in range(1030))]
    finder = CutFinder(tables(mesh(3, [], links, [Pair(0, 2, limit, 1) for limit in (2, 3, 4)])), families=())
    found = finder.violated(np.append(0.1, np.ones(1030)), np.ones(3), in_out_weight=0.0)
    assert found.pair.tolist() == [0, 1, 2]
    assert found.candidate.tolist() == [0, 0, 0]
    assert found.value.tolist() == [1.0] * 3


# ---- portions


def test_portions_have_sixteen_pairs_each_but_the_last():
    portions = list(in_portions(np.arange(300), lambda: False))
    assert [len(portion) for portion in portions] == [16] * 18 + [12]
    assert np.concatenate(portions).tolist() == list(range(300))


def test_no_portion_begins_when_the_time_is_up():
    answers = iter([False, False, True])
    assert len(list(in_portions(np.arange(99), lambda: next(answers)))) == 2


# ---- rounds


def solution(objective, x=(0.0,), y=(1.0,), status="optimal"):
    return LpSolution(status, float(objective), np.array(x), np.array(y), np.zeros(len(x)))


class Program:
    """A relaxation whose solutions are given; keeps the rows that are added and the seconds it has."""

    def __init__(self, *solutions):
        self.left, self.added, self.seconds, self.dropped = list(solutions), [], [], 0

    def solve(self, *, seconds):
        self.seconds.append(seconds)
        return self.left.pop(0)

    def add(self, rows):
        self.added.append(rows.value.tolist())

    def drop_slack_rows(self):
        self.dropped += 1


class Finder:
    """Separates what is given, round by round, and keeps what it is asked for."""

    size = 1

    def __init__(self, *rounds, tightening=()):
        self.rounds, self.tightening = list(rounds), list(tightening)
        self.asked, self.followed, self.core, self.alone = [], [], [], 0

    def at_core_point(self, *, seconds):
        self.core.append(seconds)
        return rows_of(4)

    def violated(self, x, y, *, in_out_weight, tightening):
        self.asked.append((x.tolist(), y.tolist(), in_out_weight, tightening))
        return self.rounds.pop(0) if self.rounds else NO_ROWS

    def violated_tightening(self, _x, _y):
        self.alone += 1
        return self.tightening.pop(0) if self.tightening else NO_ROWS

    def follow(self, x):
        self.followed.append(x.tolist())


def relaxed(program, finder, **options):
    reports = []

    def report(found, added):
        reports.append((found.objective, added))
        return False

    last, rows = relax(program, finder, left=lambda: 8.0, report=report, **options)
    return SimpleNamespace(solution=last, rows=rows), reports


def test_a_fresh_relaxation_begins_with_the_cuts_at_the_core_point_in_half_of_the_time():
    program = Program(solution(9, x=(0.25, 7.0)), solution(5), solution(5))
    finder = Finder(row(value=2.0), row(value=3.0))
    ended, reports = relaxed(program, finder, is_wide=lambda: False)
    assert finder.core == [8.0 * CORE_POINT_SHARE]
    assert program.added == [[1.0, 2.0, 3.0, 4.0], [2.0], [3.0]]
    assert program.seconds == [8.0] * 3
    assert reports == [(9.0, 4), (5.0, 1), (5.0, 1)]
    assert [len(rows) for rows in ended.rows] == [4, 1, 1]
    assert finder.asked[0] == ([0.25], [1.0], FIRST_WEIGHT, 0)  # of the decisions those of candidates
    assert finder.followed == [[0.25], [0.0]]
    assert ended.solution.objective == 5.0


def test_a_relaxation_with_cuts_begins_without_more_and_nearer_to_its_point():
    program, finder = Program(solution(9), solution(5)), Finder(row())
    ended, reports = relaxed(program, finder, is_fresh=False, is_wide=lambda: False)
    assert (finder.core, [len(rows) for rows in ended.rows]) == ([], [1])
    assert finder.asked[0][2] == LATER_WEIGHT
    assert reports == [(9.0, 0), (5.0, 1)]


@pytest.mark.parametrize("is_wide", [True, False])
def test_tightening_rows_are_asked_for_where_a_round_hardly_moved_a_wide_bound(is_wide):
    """9 to 5 is much, 5 to 4.96 less than a hundredth; without any cut the families are asked once more."""
    program = Program(solution(9), solution(5), solution(4.96), solution(4.0))
    finder = Finder(row(), row(), row(), tightening=[NO_ROWS])
    relaxed(program, finder, is_wide=lambda: is_wide)
    most = MOST_TIGHTENING if is_wide else 0
    assert [tightening for *_, tightening in finder.asked] == [0, 0, most, 0]
    assert finder.alone == int(is_wide)


def test_tightening_rows_alone_go_on_with_the_rounds():
    program = Program(solution(9), solution(5), solution(4))
    finder = Finder(NO_ROWS, tightening=[row(value=7.0)])
    ended, reports = relaxed(program, finder)
    assert program.added[1:] == [[7.0]]
    assert finder.followed == [[0.0]]
    assert [added for _, added in reports] == [4, 1]
    assert len(ended.rows) == 2


def test_families_that_a_round_asked_in_vain_are_not_asked_again():
    program = Program(solution(9), solution(9))
    finder = Finder(row())
    relaxed(program, finder)
    assert [tightening for *_, tightening in finder.asked] == [0, MOST_TIGHTENING]
    assert finder.alone == 0


@pytest.mark.parametrize(("status", "objective"), [("limit", 9.0), ("infeasible", 0.0)])
def test_the_last_solution_that_no_limit_interrupted_is_returned(status, objective):
    program = Program(solution(9), solution(0, status=status))
    ended, _ = relaxed(program, Finder(row()))
    assert ended.solution.objective == objective


def test_without_any_solution_there_is_none():
    ended, reports = relaxed(Program(solution(0, status="limit")), Finder())
    assert ended.solution is None
    assert reports == []


# ---- rows that are needed


def left_over(y=1.0, x=0.0):
    return solution(1, x=(x,), y=(y,))


def test_rows_within_a_fifth_of_the_deepest_violation_are_added_together():
    """At x = 0.1 the rows `y <= v x` are violated by y - v / 10, at most by 0.9: 0.72 is four fifths."""
    rows = rows_of(6)
    program = Program(left_over(x=0.1), left_over(y=0.55, x=0.1), left_over(y=0.3, x=0.1))
    kept = needed_rows(program, rows, left=lambda: 5.0)
    assert program.added == [[1.0, 2.0], [3.0]]
    assert kept.value.tolist() == [1.0, 2.0, 3.0]
    assert program.seconds == [5.0] * 3


@pytest.mark.parametrize(("y", "added"), [(POSITIVE, 0), (2 * POSITIVE, 1)])
def test_rows_violated_by_rounding_alone_are_not_needed(y, added):
    program = Program(left_over(y=y), left_over(y=0.0))
    assert len(needed_rows(program, row(), left=lambda: 5.0)) == added


def test_a_row_that_is_in_the_program_is_not_added_again():
    program = Program(left_over(), left_over())
    assert needed_rows(program, row(), left=lambda: 5.0).value.tolist() == [1.0]
    assert program.added == [[1.0]]


@pytest.mark.parametrize("status", ["limit", "infeasible"])
def test_all_rows_are_needed_where_the_last_solve_has_no_optimum(status):
    rows = rows_of(3)
    program = Program(left_over(y=1.0, x=0.2), solution(0, status=status))
    assert needed_rows(program, rows, left=lambda: 5.0) is rows


def test_small_violations_are_added_in_one_step_down_to_the_least_that_counts():
    rows = rows_of(2)
    x = 0.5 * POSITIVE
    program = Program(left_over(y=1.6 * POSITIVE, x=x), left_over(y=0.0))
    assert needed_rows(program, rows, left=lambda: 5.0).value.tolist() == [1.0]
    assert math.isclose(relaxation.DEEP_SHARE, 0.8)
