"""What the root reports, when its rounds end, and which rows it passes on, with stand-ins."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from cut_drawing import two_of_three

from optimiser.engine.backends.interfaces import LpSolution
from optimiser.engine.methods.cuts import root as root_module
from optimiser.engine.methods.cuts.relaxation import STALL_ROUNDS
from optimiser.engine.methods.cuts.root import (
    FAR_GAP,
    LARGE,
    LARGE_SPLITS,
    SPLIT_ROUNDS,
    TIGHTENING_BEYOND,
    TIME_CUT_ROUNDS,
    TIME_CUT_WEIGHT,
    ObjectiveScale,
    RootRelaxation,
    _split_cuts,
    _with_time_cuts,
    add_split_cuts,
    binding_rows,
    solve_root,
)
from optimiser.engine.search.rows import NO_ROWS, NO_SPLITS, Rows, SplitRows
from optimiser.engine.search.tables import tables


class Incumbent:
    """Stands for the incumbent: its gap and clock are given; keeps counts and bounds."""

    best, minimise = None, False

    def __init__(self, *, gap=1.0, seconds=100.0, stops=False):
        self.gap, self.seconds, self.stops = gap, seconds, stops
        self.counts, self.bounds = [], []

    def count(self, step, **counts):
        self.counts.append((step, counts))

    def bound(self, bound, step):
        self.bounds.append((bound, step))

    def closed(self, gap):
        return self.gap <= gap

    def left(self):
        return self.seconds

    def stop(self):
        return self.stops

    def ending(self, gap):
        return f"ended at {gap}"

    def evaluate(self, plan):
        return SimpleNamespace(objective=float(plan.sum()))


def solution(objective=5.0, x=(0.5, 0.5, 0.5), y=(1.0,), status="optimal"):
    return LpSolution(status, float(objective), np.array(x), np.array(y), np.zeros(len(x)))


class Program:
    """Stands for the relaxation in a solver: its solutions are given; keeps what it is told."""

    divisor = 2

    def __init__(self, *solutions):
        self.left, self.added, self.splits, self.interior, self.dropped = list(solutions), [], [], [], 0
        self.seconds, self.anew = [], []

    def solve_anew(self, *, seconds):
        self.anew.append(seconds)
        return self.solve(seconds=seconds)

    def use_interior_point(self, *, enabled):
        self.interior.append(enabled)

    def solve(self, *, seconds):
        self.seconds.append(seconds)
        return self.left.pop(0)

    def add(self, rows):
        self.added.append(len(rows))

    def add_splits(self, rows):
        self.splits.append(len(rows))

    def drop_slack_rows(self):
        self.dropped += 1

    def point(self, found):
        return np.concatenate((found.decisions, found.y))

    def rows(self):
        return ("rows",)


def rows_of(*values, pairs=1):
    """Return rows `y_0 <= v x_0` (with more pairs, of these)."""
    count = len(values)
    return Rows(
        np.zeros(count * pairs, np.int64),
        np.arange(count + 1),
        np.zeros(count, np.int64),
        np.array(values, np.float64),
        None if pairs == 1 else np.arange(count + 1) * pairs,
    )


# ---- time cuts


def rooted(monkeypatch, incumbent, *, relaxed=None, program=None, pairs=1, gap=0.25, **options):
    """Return what `solve_root` makes of a relaxation, and what it handed to the rounds."""
    t = tables(two_of_three(budget=2))._replace(limit=np.zeros(pairs, np.int64))
    given = {}

    def rounds(program, cuts, **handed):
        given.update(handed, program=program, cuts=cuts)
        return relaxed or (solution(), (rows_of(1.0),))

    monkeypatch.setattr(root_module, "relax", rounds)
    program = program or Program()
    return solve_root(t, incumbent, program, "cuts", gap=gap, **options), given, program


def test_each_solution_is_counted_and_bounds_the_objective(monkeypatch):
    incumbent = Incumbent()
    root, given, _ = rooted(monkeypatch, incumbent)
    assert given["report"](solution(7), 3) is False
    assert incumbent.counts == [("relaxation", {"cuts": 3})]
    assert incumbent.bounds == [(14.0, "relaxation")]
    assert (given["is_fresh"], given["left"](), given["cuts"]) == (True, 100.0, "cuts")
    assert isinstance(root, RootRelaxation)
    assert (root.cuts, root.x.tolist(), len(root.rows)) == ("cuts", [0.5, 0.5, 0.5], 1)
    assert len(root.splits) == 0


@pytest.mark.parametrize(("gap", "ends"), [(0.25, True), (0.26, False)])
def test_the_rounds_end_within_the_gap_asked_for(monkeypatch, gap, ends):
    incumbent = Incumbent()
    _, given, _ = rooted(monkeypatch, incumbent)
    incumbent.gap = gap
    assert given["report"](solution(7), 3) is ends


@pytest.mark.parametrize(
    ("gap", "last", "ends"), [(0.3, 999.1, True), (0.3, 998.9, False), (FAR_GAP, 999.1, False)]
)
def test_a_stalling_bound_ends_the_rounds_far_from_a_proof(monkeypatch, gap, last, ends):
    """Over five rounds a thousandth of the bound is the least that counts."""
    incumbent = Incumbent()
    _, given, _ = rooted(monkeypatch, incumbent)
    incumbent.gap = gap
    monkeypatch.setattr(incumbent, "closed", lambda asked: asked != 0.25 and gap <= asked)
    answers = [given["report"](solution(value), 1) for value in [1000.0] * STALL_ROUNDS]
    assert answers == [False] * STALL_ROUNDS
    assert given["report"](solution(last), 1) is ends


def test_tightening_rows_pay_off_beyond_a_gap(monkeypatch):
    incumbent = Incumbent()
    _, given, _ = rooted(monkeypatch, incumbent)
    assert given["is_wide"]()
    incumbent.gap = TIGHTENING_BEYOND
    assert not given["is_wide"]()


@pytest.mark.parametrize(
    ("pairs", "is_fresh", "first"), [(LARGE, True, True), (LARGE - 1, True, False), (LARGE, False, False)]
)
def test_a_large_fresh_relaxation_is_solved_by_the_interior_point_method_and_only_that(
    monkeypatch, pairs, is_fresh, first
):
    _, given, program = rooted(monkeypatch, Incumbent(), pairs=pairs, is_fresh=is_fresh)
    assert program.interior == [first, False]
    assert given["is_fresh"] is is_fresh


@pytest.mark.parametrize(
    ("found", "incumbent", "why"),
    [
        (solution(status="infeasible"), Incumbent(gap=0.0), "infeasible"),
        (solution(), Incumbent(gap=0.25), "ended at 0.25"),
        (None, Incumbent(), "time"),
        (solution(), Incumbent(stops=True), "time"),
        (None, Incumbent(gap=0.2), "ended at 0.25"),
    ],
)
def test_a_root_that_ends_the_solve_says_why(monkeypatch, found, incumbent, why):
    root, _, _ = rooted(monkeypatch, incumbent, relaxed=(found, ()))
    assert root == why


def test_a_scaled_objective_is_rounded_to_an_integer():
    for minimise, value in ((False, 2), (True, -2)):
        incumbent = Incumbent()
        incumbent.minimise = minimise
        scale = ObjectiveScale(incumbent, 2)
        assert scale.of_plan(np.ones(4)) == value
        assert scale.to_objective(float(value)) == 4.0
        assert scale.of_plan(None) == -math.inf


@pytest.mark.parametrize(("value", "binds"), [(2.0, True), (2.09, True), (2.11, False), (1.0, True)])
def test_rows_that_bind_or_nearly_bind_are_passed_on_once(value, binds):
    """The row `y <= v x` at x = y / 2 = 0.5: its slack is v / 2 - 1, at most 0.05."""
    root = SimpleNamespace(
        rows=(rows_of(value), rows_of(value)), x=np.array([0.5]), solution=solution(x=(0.5,), y=(1.0,))
    )
    assert len(binding_rows(root)) == int(binds)


# ---- lift-and-project cuts


def root_of(program, *, rows=(), objective=10.0, x=(0.5, 0.5, 0.5), cuts=None, incumbent=None, pairs=1):
    t = tables(two_of_three(budget=2))._replace(limit=np.zeros(pairs, np.int64))
    return RootRelaxation(
        t, ObjectiveScale(incumbent or Incumbent(), 2), program, cuts, rows, solution(objective, x)
    )


def splits_of(*least):
    """Return rows `x_0 >= least`."""
    return SplitRows(
        np.arange(len(least) + 1), np.zeros(len(least), np.int64), np.ones(len(least)), np.array(least)
    )


class Rounds:
    """Replaces the separation and the solves of a round: cuts and objectives are given."""

    def __init__(self, monkeypatch, objectives, *, cuts=None):
        self.fractional, self.left = [], list(objectives)
        self.cuts = list(cuts or [splits_of(0.5)] * 99)
        monkeypatch.setattr(root_module, "_split_cuts", self.split)
        monkeypatch.setattr(root_module, "_with_time_cuts", self.solve)

    def split(self, _incumbent, _root, fractional, _solve):
        self.fractional.append(fractional)
        return self.cuts.pop(0)

    def solve(self, _incumbent, root):
        value = self.left.pop(0)
        return (
            None if value is None else root_of(root.program, objective=value, incumbent=root.scale.incumbent)
        )


def split(
    monkeypatch, objectives, *, incumbent=None, cuts=None, x=(0.5, 0.5, 0.5), least_fractional=1,
    program=None, **changes,
):  # fmt: skip
    rounds = Rounds(monkeypatch, objectives, cuts=cuts)
    incumbent = incumbent or Incumbent()
    root = root_of(program or Program(solution(10.0)), x=x, incumbent=incumbent, **changes)
    later = add_split_cuts(incumbent, root, gap=0.25, least_fractional=least_fractional)
    return later, rounds, incumbent


def test_rounds_go_on_while_each_closes_three_hundredths_of_what_is_open(monkeypatch):
    """Without a plan the whole bound is open: of 10 a round must close 0.3, of 9 then 0.27."""
    later, rounds, incumbent = split(monkeypatch, [9.0, 8.74, 1.0])
    assert later.solution.objective == 8.74
    assert len(rounds.fractional) == 2
    assert incumbent.bounds == [(18.0, "relaxation"), (17.48, "relaxation")]
    assert incumbent.counts == [("relaxation", {"cuts": 1})] * 2
    later, rounds, _ = split(monkeypatch, [9.0, 8.72, 8.7])
    assert len(rounds.fractional) == 3


def test_a_known_plan_leaves_less_open(monkeypatch):
    """A plan of 16 is 8 in the scale: of 10 less 8 a round must close 0.06."""
    for value, count in ((9.95, 1), (9.93, 2)):
        incumbent = Incumbent()
        incumbent.best = np.full(16, fill_value=True)
        _, rounds, _ = split(monkeypatch, [value, value], incumbent=incumbent)
        assert len(rounds.fractional) == count


def test_there_are_ten_rounds_at_most(monkeypatch):
    _, rounds, _ = split(monkeypatch, [10.0 * 0.9**i for i in range(1, 30)])
    assert len(rounds.fractional) == SPLIT_ROUNDS == 10


@pytest.mark.parametrize(("plan", "count"), [(18, 1), (19, 0)])
def test_near_the_best_plan_no_cuts_are_sought(monkeypatch, plan, count):
    """Plans of 9 and 9.5, which is rounded up to 10: five hundredths of the bound of 10 are 0.5."""
    incumbent = Incumbent()
    incumbent.best = np.full(plan, fill_value=True)
    _, rounds, _ = split(monkeypatch, [10.0], incumbent=incumbent)
    assert len(rounds.fractional) == count


def test_half_a_unit_is_open_at_a_bound_of_ten(monkeypatch):
    incumbent = Incumbent()
    incumbent.best = np.full(18, fill_value=True)
    for objective, count in ((9.4, 0), (9.5, 1)):
        _, rounds, _ = split(monkeypatch, [objective], incumbent=incumbent, objective=objective)
        assert len(rounds.fractional) == count


@pytest.mark.parametrize(
    ("x", "least", "count"),
    [
        ((0.5, 0.011, 0.989), 3, 1),
        ((0.5, 0.009, 0.989), 3, 0),
        ((0.5, 0.011, 0.991), 3, 0),
        ((0.5, 0.009, 0.991), 1, 1),
        ((0.0, 0.0, 1.0), 1, 0),
    ],
)
def test_cuts_are_sought_with_enough_fractional_candidates_and_for_each_of_them(monkeypatch, x, least, count):
    _, rounds, _ = split(monkeypatch, [10.0], x=x, least_fractional=least)
    expected = [j for j, value in enumerate(x) if 0.01 < value < 0.99]
    assert rounds.fractional == [expected] * count


@pytest.mark.parametrize(("seconds", "count"), [([100, 31, 29], 1), ([100, 29], 0)])
def test_no_round_begins_when_seven_tenths_of_the_time_are_over(monkeypatch, seconds, count):
    incumbent, left = Incumbent(), iter(float(s) for s in seconds)
    incumbent.left = lambda: next(left)
    _, rounds, _ = split(monkeypatch, [5.0, 2.0], incumbent=incumbent)
    assert len(rounds.fractional) == count


@pytest.mark.parametrize("incumbent", [Incumbent(stops=True), Incumbent(gap=0.25)])
def test_no_round_begins_when_the_solve_has_ended(monkeypatch, incumbent):
    _, rounds, _ = split(monkeypatch, [5.0], incumbent=incumbent)
    assert rounds.fractional == []


def test_the_cuts_that_bind_at_the_end_are_returned_and_slack_rows_are_dropped(monkeypatch):
    """At x = 0.5 the row `x >= b` binds up to a slack of 0.01."""
    later, _, _ = split(monkeypatch, [5.0, 5.0], cuts=[splits_of(0.5, 0.48), splits_of(0.491, 0.489)])
    assert later.splits.least.tolist() == [0.5, 0.491]
    assert later.program.splits == [2, 2]
    assert later.program.dropped == 1


def test_without_a_cut_or_a_solution_the_last_root_is_returned(monkeypatch):
    later, rounds, incumbent = split(monkeypatch, [], cuts=[NO_SPLITS])
    assert (later.solution.objective, later.program.splits, later.program.dropped) == (10.0, [], 0)
    assert (len(rounds.fractional), incumbent.bounds, incumbent.counts) == (1, [], [])
    later, _, incumbent = split(monkeypatch, [None])
    assert (later.solution.objective, later.program.splits, later.program.dropped) == (10.0, [1], 1)
    assert (len(later.splits), incumbent.bounds) == (1, [])


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({"rows": (rows_of(1.0), rows_of(1.0))}, 1),
        ({"rows": (rows_of(1.0), rows_of(1.0, pairs=2))}, 0),
        ({"pairs": LARGE_SPLITS - 1}, 1),
        ({"pairs": LARGE_SPLITS}, 0),
    ],
)
def test_no_cuts_are_sought_beside_rows_of_several_pairs_or_with_many_pairs(monkeypatch, changes, count):
    _, rounds, _ = split(monkeypatch, [10.0], **changes)
    assert len(rounds.fractional) == count


@pytest.mark.parametrize(("pairs", "count"), [(LARGE - 1, 0), (LARGE, 1)])
def test_a_large_root_is_solved_anew_for_a_vertex(monkeypatch, pairs, count):
    program = Program(solution(9.0))
    later, rounds, _ = split(monkeypatch, [8.95, 8.95], program=program, pairs=pairs)
    assert len(program.anew) == count
    assert len(rounds.fractional) == (1 if count else 2)  # from 9 to 8.95 is too little for another round
    assert later.solution.objective == 8.95


def test_without_time_for_a_vertex_no_cuts_are_sought(monkeypatch):
    program = Program(solution(9.0, status="limit"))
    later, rounds, _ = split(monkeypatch, [], program=program, pairs=LARGE)
    assert (later.solution.objective, later.solution.status, rounds.fractional) == (10.0, "optimal", [])


def test_a_cut_is_sought_for_each_candidate_until_the_time_is_up(monkeypatch):
    asked = []

    class Splitter:
        def __init__(self, *given):
            assert given[0] == "rows"

        def cut(self, j):
            asked.append(j)
            return splits_of(float(j))

        def kept(self, found):
            return [float(rows.least[0]) for rows in found]

    monkeypatch.setattr(root_module, "Splitter", Splitter)
    incumbent = Incumbent()
    assert _split_cuts(incumbent, root_of(Program()), [0, 2], None) == [0.0, 2.0]
    answers = iter([False, True])
    incumbent.stop = lambda: next(answers)
    assert _split_cuts(incumbent, root_of(Program()), [1, 2], None) == [1.0]
    assert asked == [0, 2, 1]


class Cuts:
    size = 2

    def __init__(self, *rounds):
        self.rounds, self.asked = list(rounds), []

    def violated(self, x, y, *, in_out_weight, tightening):
        self.asked.append((x.tolist(), y.tolist(), in_out_weight, tightening))
        return self.rounds.pop(0) if self.rounds else NO_ROWS


def test_after_lift_and_project_cuts_there_are_four_rounds_of_time_cuts_at_most():
    program, cuts = Program(*(solution(9 - i) for i in range(9))), Cuts(*[rows_of(1.0, 2.0)] * 9)
    before = rows_of(3.0)
    later = _with_time_cuts(Incumbent(), root_of(program, rows=(before, before), cuts=cuts))
    assert program.added == [2] * TIME_CUT_ROUNDS == [2] * 4
    assert (later.solution.objective, len(later.rows)) == (5.0, 6)
    assert later.rows[0] is before
    assert program.seconds == [100.0] * 5
    assert cuts.asked == [([0.5, 0.5], [1.0], TIME_CUT_WEIGHT, 0)] * 4


def test_rounds_of_time_cuts_end_without_a_cut_or_an_optimum():
    program = Program(solution(9), solution(8))
    later = _with_time_cuts(Incumbent(), root_of(program, cuts=Cuts(rows_of(1.0))))
    assert (later.solution.objective, program.added) == (8.0, [1])
    for status in ("limit", "infeasible"):
        program = Program(solution(9), solution(0, status=status))
        later = _with_time_cuts(Incumbent(), root_of(program, cuts=Cuts(rows_of(1.0))))
        assert (later.solution.objective, len(later.rows)) == (9.0, 1)
        assert _with_time_cuts(Incumbent(), root_of(Program(solution(0, status=status)))) is None


@pytest.mark.parametrize(
    ("seconds", "gap", "ends"), [(26.0, 0.2, False), (25.0, 0.2, True), (1.0, FAR_GAP, False)]
)
def test_far_from_a_proof_the_relaxation_ends_after_three_quarters_of_the_time(
    monkeypatch, seconds, gap, ends
):
    incumbent = Incumbent(gap=gap, seconds=100.0)
    _, given, _ = rooted(monkeypatch, incumbent, gap=0.0)
    incumbent.seconds = seconds
    assert given["report"](solution(), 1) is ends
