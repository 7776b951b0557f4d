from __future__ import annotations

import itertools
import pkgutil
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest
from core_drawing import brute_force, line, side_problems
from cut_drawing import two_of_three
from hypothesis import given
from hypothesis import strategies as st
from tiers import examples

from optimiser.engine.backends import solvers
from optimiser.engine.backends.interfaces import MasterSolution, Point
from optimiser.engine.methods.cuts import master_loop
from optimiser.engine.methods.cuts.master_loop import (
    IN_OUT_WEIGHT,
    ORDERS,
    IntegerMaster,
    TimeCutMaster,
    prove,
    prove_by_master,
)
from optimiser.engine.methods.cuts.relaxation import CutFinder
from optimiser.engine.methods.cuts.root import binding_rows
from optimiser.engine.presolve import reduce
from optimiser.engine.search.incumbent import Evaluated, Incumbent, mask_incumbent
from optimiser.engine.search.rows import NO_ROWS, Rows
from optimiser.engine.search.scoring import objective_of
from optimiser.engine.search.tables import tables
from optimiser.engine.search.task import Task

SOLVERS = ["highs", "cpsat"]


@pytest.fixture(params=SOLVERS, name="solver")
def solver_fixture(request):
    if request.param == "cpsat":
        pytest.importorskip("ortools")
    return request.param


# ---- the loop


@dataclass
class Claims:
    """A master whose points claim an objective, while their plans achieve less or are infeasible (None).

    Attributes
    ----------
    claims
        By point, what it claims and what its plan achieves.
    early
        Points beside the best one that a turn finds on the way.
    gap_used
        The solver ends at the gap asked for, with a bound that far from its point.
    """

    claims: dict[int, tuple[int, int | None]]
    early: int = 0
    gap_used: bool = False
    asked: list = field(default_factory=list)
    cut_off: set = field(default_factory=set)
    taken: list = field(default_factory=list)
    incumbent: Incumbent | None = None

    def solve(self, *, gap, turn, seconds, on_point):
        assert seconds > 0
        self.asked.append((gap, turn))
        left = sorted(
            ((claim, point) for point, (claim, _) in self.claims.items() if point not in self.cut_off),
            reverse=True,
        )
        if not left:
            return MasterSolution(None, (), complete=True, infeasible=True)
        best = left[0][0]
        bound = best + gap * max(1, best) if self.gap_used else float(best)
        for _, point in left[1 : 1 + self.early]:
            if on_point(None, point):
                return MasterSolution(None, (), complete=False)
        ends = on_point(bound, None)
        return MasterSolution(bound, (left[0][1],), complete=not ends)

    def take(self, point):
        self.taken.append(point)
        self.incumbent.plan(point, "master")

    def refute(self, points):
        added = 0
        for point in points:
            claim, value = self.claims[point]
            self.incumbent.plan(point, "master")
            if value is None:
                self.cut_off.add(point)
            else:
                self.claims[point] = value, value
            added += claim != value
        return added


def proved(master, *, gap=0.0, seconds=60.0, known=()):
    """Return why the loop ended, and the incumbent."""

    def evaluate(point):
        value = master.claims[point][1]
        return None if value is None else Evaluated(point, value, 0, {})

    master.incumbent = Incumbent(evaluate, minimise=False, seconds=seconds, send=lambda _message: None)
    for point in known:
        master.incumbent.plan(point, "start")
    return prove_by_master(master, master.incumbent, gap=gap), master.incumbent


def at_least(claim, value):
    return (claim if value is None else max(claim, value)), value


values = st.integers(0, 20)
claims = st.lists(st.tuples(values, values | st.none()), max_size=8).map(
    lambda drawn: {
        i: (claim if value is None else max(claim, value), value) for i, (claim, value) in enumerate(drawn)
    }
)


@given(claims, st.integers(0, 3))
@examples(200)
def test_the_loop_proves_the_best_plan_or_that_there_is_none(drawn, early):
    reason, incumbent = proved(Claims(drawn, early=early))
    best = max((value for _, value in drawn.values() if value is not None), default=None)
    if best is None:
        assert (reason, incumbent.best) == ("infeasible", None)
    else:
        assert (reason, incumbent.evaluated.objective, incumbent.best_bound) == ("proof", best, best)


@given(claims, st.sampled_from([0.1, 0.5]))
@examples(100)
def test_the_loop_ends_within_the_gap_asked_for(drawn, gap):
    best = max((value for _, value in drawn.values() if value is not None), default=None)
    reason, incumbent = proved(Claims(drawn, gap_used=True), gap=gap)
    if best is not None:
        assert reason in ("proof", "gap")
        assert incumbent.gap() <= gap
        assert incumbent.best_bound >= best


def test_each_turn_has_a_number_and_counts_as_a_node():
    master = Claims({0: (9, 1), 1: (8, 1), 2: (1, 1)})
    reason, incumbent = proved(master)
    assert reason == "proof"
    assert [turn for _, turn in master.asked] == [0, 1, 2]
    assert (incumbent.cuts, incumbent.nodes) == (2, 3)


def test_points_found_on_the_way_are_taken():
    master = Claims({0: (9, 9), 1: (8, 8), 2: (7, 7)}, early=1)
    proved(master)
    assert master.taken == [1]


def test_a_solve_ends_as_soon_as_its_bound_on_the_way_closes_the_gap():
    """The plan of 5 is known; bounds of 9 and 6 leave it open, one of 5 proves it before the solve ends."""
    answers = []

    class Falling(Claims):
        def solve(self, *, on_point, **_):
            answers.extend(on_point(bound, None) for bound in (9.0, 6.0, None, 5.0))
            return MasterSolution(None, (), complete=False)

    reason, incumbent = proved(Falling({0: (5, 5)}), known=[0])
    assert answers == [False, False, False, True]
    assert (reason, incumbent.best_bound) == ("proof", 5.0)


def test_a_solve_ends_when_the_time_is_up_on_the_way():
    answers = []

    class Slow(Claims):
        def solve(self, *, on_point, **_):
            answers.append(on_point(9.0, None))
            self.incumbent.stop = lambda: True
            answers.append(on_point(None, 0))
            return MasterSolution(8.0, (0,), complete=False)

    reason, incumbent = proved(Slow({0: (9, 5)}))
    assert answers == [False, True]
    assert (reason, incumbent.best, incumbent.best_bound) == ("time", 0, 8.0)
    assert (incumbent.cuts, incumbent.nodes) == (1, 1)


def test_messages_name_the_step_and_the_gap_of_each_solve_is_that_asked_for():
    sent, master = [], Claims({0: (9, 1), 1: (3, 3)})
    master.incumbent = Incumbent(
        lambda point: Evaluated(point, master.claims[point][1], 0, {}),
        minimise=False,
        seconds=60.0,
        send=sent.append,
    )
    assert prove_by_master(master, master.incumbent, gap=0.125, step="rings") == "proof"
    assert {gap for gap, _ in master.asked} == {0.125}
    assert {message["step"] for message in sent if message["kind"] == "bound"} == {"rings"}


def test_an_infeasible_master_contradicts_a_known_plan():
    master = Claims({0: (9, 5)}, cut_off={0})
    assert proved(master, known=[0])[0] == "stalled"


def test_a_master_that_ends_at_its_own_gap_is_solved_once_more_without_one():
    """The point is true, and the bound within the gap of the master, which has no constant of -9."""
    master = Claims({0: (10, 10)}, gap_used=True)
    master.incumbent = Incumbent(
        lambda point: Evaluated(point, 10, 0, {}), minimise=False, seconds=60.0, send=lambda _: None, base=-9
    )
    assert prove_by_master(master, master.incumbent, gap=0.5) == "proof"
    assert [gap for gap, _ in master.asked] == [0.5, 0.0]


def test_a_loop_that_learns_nothing_more_stalls():
    class WithoutBound(Claims):
        def solve(self, **options):
            found = super().solve(**{**options, "on_point": lambda _bound, _point: False})
            return MasterSolution(None, found.points, complete=True)

    master = WithoutBound({0: (9, 9)})
    reason, incumbent = proved(master)
    assert (reason, incumbent.best, len(master.asked)) == ("stalled", 0, 1)


def test_a_turn_that_ended_at_a_limit_is_followed_by_another():
    class Limited(Claims):
        def solve(self, *, turn, **options):
            if turn < 3:
                return MasterSolution(None, (), complete=False)
            return super().solve(turn=turn, **options)

    master = Limited({0: (9, 9)})
    assert proved(master)[0] == "proof"


def test_without_time_the_master_is_not_solved():
    master = Claims({0: (9, 9)})
    assert proved(master, seconds=0.0)[0] == "time"
    assert master.asked == []


def test_a_closed_gap_needs_no_master():
    master = Claims({0: (9, 9)})
    master.incumbent = Incumbent(
        lambda point: Evaluated(point, 9, 0, {}), minimise=False, seconds=9.0, send=lambda _: None, bound=9.0
    )
    master.incumbent.plan(0, "start")
    assert prove_by_master(master, master.incumbent, gap=0.0) == "proof"
    assert master.asked == []


# ---- masters in solvers


def master_of(problem, solver):
    if solver == "highs":
        return IntegerMaster(problem, threads=1, seed=1)
    from optimiser.engine.backends.cpsat import CpsatMaster

    return CpsatMaster(problem, threads=1, seed=1)


def answered(master, *, start=None):
    return master.solve(start=start, gap=0.0, turn=5, seconds=300.0, on_point=lambda _bound, _point: False)


def test_a_master_without_rows_builds_nothing_and_claims_everything(solver):
    found = answered(master_of(reduce(line()).problem, solver))
    assert (found.bound, found.complete) == (16.0, True)
    assert (found.points[-1].y > 0.5).all()


def test_a_fractional_row_limits_the_y_of_its_pair(solver):
    """Pair 0 needs both links: two halves make one, a single half makes none."""
    master = master_of(reduce(line(budget=4)).problem, solver)
    master.add(Rows(np.array([0]), np.array([0, 2]), np.array([0, 1]), np.array([0.5, 0.5])))
    assert round(answered(master).points[-1].y[0], 6) in (0.0, 0.5)


def test_a_forbidden_plan_is_not_returned_again(solver):
    master = master_of(reduce(line()).problem, solver)
    seen = set()
    for _ in range(3):
        point = answered(master).points[-1]
        seen.add(tuple(np.round(point.x).tolist()))
        master.forbid(np.round(point.x))
    assert len(seen) == 3


def test_a_master_without_any_point_is_infeasible(solver):
    master = master_of(reduce(line()).problem, solver)
    for plan in itertools.product((0.0, 1.0), repeat=2):
        master.forbid(np.array(plan))
    assert answered(master).infeasible


def test_a_master_that_starts_from_a_plan_finds_the_optimum(solver):
    problem = reduce(line()).problem
    master = master_of(problem, solver)
    start = Point(np.zeros(2), np.zeros(len(problem.pairs)))
    assert answered(master, start=start).bound == 16.0


# ---- time cuts against the points of a master


class Recorder:
    """Stands for a master in a solver: keeps what it is given."""

    def __init__(self):
        self.rows, self.forbidden = [], []

    def add(self, rows):
        self.rows.append(rows)

    def forbid(self, x):
        self.forbidden.append(x.tolist())

    def solve(self, *, start, **asked):
        return start, asked


def refuted(problem, *points):
    t, solver, near = tables(problem), Recorder(), []
    incumbent = mask_incumbent(t, seconds=60.0, send=lambda _message: None)
    master = TimeCutMaster(t, incumbent, CutFinder(t), solver, seed=1, improve=near.append)
    return master.refute(points), solver, near, incumbent


def test_false_claims_are_cut_off_by_time_cuts():
    x, y = np.array([1.0, 0.0, 0.0]), np.ones(1)
    added, solver, near, _ = refuted(two_of_three(budget=3), Point(x, y))
    assert added == len(solver.rows[0]) > 0
    assert (solver.rows[0].left_side(y) > solver.rows[0].right_side(x)).all()
    assert solver.forbidden == []
    assert near == [x]


def test_a_true_point_is_not_cut_off_and_its_plan_is_reported():
    added, solver, _, incumbent = refuted(
        two_of_three(budget=3), Point(np.array([1.0, 1.0, 0.0]), np.ones(1))
    )
    assert (added, len(solver.rows[0]), solver.forbidden) == (0, 0, [])
    assert incumbent.best.tolist() == [True, True, False, True]


def test_a_plan_that_violates_a_rule_unknown_to_the_model_is_forbidden():
    added, solver, _, _ = refuted(two_of_three(budget=1), Point(np.array([1.0, 1.0, 0.0]), np.ones(1)))
    assert (added, solver.forbidden) == (1, [[1.0, 1.0, 0.0]])


def test_a_master_starts_from_the_best_known_plan():
    t, solver = tables(two_of_three(budget=3)), Recorder()
    incumbent = mask_incumbent(t, seconds=60.0, send=lambda _message: None)
    master = TimeCutMaster(t, incumbent, CutFinder(t), solver, seed=1, improve=lambda _x: None)
    asked = {"gap": 0.25, "turn": 2, "seconds": 9.0, "on_point": None}
    assert master.solve(**asked) == (None, asked)
    incumbent.plan(np.array([True, True, False, True]), "greedy")
    start, passed = master.solve(**asked)
    assert (start.x.tolist(), start.y.tolist(), passed) == ([1.0, 1.0, 0.0], [1.0], asked)


class Refuting:
    """Stands for the separation: returns the rows given for each point, and keeps what it is asked."""

    def __init__(self, *rows):
        self.rows, self.asked = list(rows), []

    def refuting(self, x, y, *, orders, in_out_weight):
        self.asked.append((x.tolist(), y.tolist(), orders, in_out_weight))
        return self.rows.pop(0)


def row(*candidates):
    """Return the row that pair 0 needs one of some candidates."""
    count = len(candidates)
    return Rows(np.zeros(1, np.int64), np.array([0, count]), np.array(candidates), np.ones(count))


def test_the_points_of_a_turn_are_separated_as_plans_and_improved_from_the_last():
    t, solver, near = tables(two_of_three(budget=3)), Recorder(), []
    incumbent = mask_incumbent(t, seconds=60.0, send=lambda _message: None)
    cuts = Refuting(row(0, 1), row(0, 1), row(2))
    master = TimeCutMaster(t, incumbent, cuts, solver, seed=4, improve=near.append)
    points = [Point(np.array(x), np.ones(1)) for x in ([0.2, 0.9, 0.6], [0.0, 0.0, 0.4], [1.0, 0.1, 0.0])]
    assert master.refute(tuple(points)) == 2  # equal rows count once
    assert [asked[0] for asked in cuts.asked] == [[0.0, 1.0, 1.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]
    assert {asked[-1] for asked in cuts.asked} == {IN_OUT_WEIGHT}
    orders = cuts.asked[0][2]
    assert orders.tolist() == np.random.default_rng(4).random((ORDERS, 3)).tolist()
    assert len(solver.rows[0]) == 2
    assert near == [points[-1].x]
    assert incumbent.best.tolist() == [False, True, True, True]


def test_plans_that_break_a_rule_are_forbidden_where_no_row_cuts_off_any_point():
    """Two shortcuts are more than the money buys: both plans are cut off one by one, the third is none."""
    t = tables(two_of_three(budget=1))
    points = tuple(
        Point(np.array(x), np.zeros(1)) for x in ([0.9, 1.0, 0.1], [1.0, 0.0, 0.0], [0.0, 1.0, 1.0])
    )
    for rows, forbidden, count in (
        ([NO_ROWS] * 3, [[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]], 2),
        ([NO_ROWS, row(0), NO_ROWS], [], 1),
    ):
        solver = Recorder()
        incumbent = mask_incumbent(t, seconds=60.0, send=lambda _message: None)
        master = TimeCutMaster(t, incumbent, Refuting(*rows), solver, seed=1, improve=lambda _x: None)
        assert master.refute(points) == count
        assert solver.forbidden == forbidden


@pytest.mark.parametrize(("value", "built"), [(0.5, False), (0.51, True)])
def test_a_point_stands_for_the_plan_of_what_it_builds_by_more_than_half(value, built):
    t = tables(two_of_three(budget=3))
    incumbent = mask_incumbent(t, seconds=60.0, send=lambda _message: None)
    master = TimeCutMaster(t, incumbent, Refuting(), Recorder(), seed=1, improve=lambda _x: None)
    master.take(Point(np.array([1.0, value, 0.0]), np.ones(1)))
    assert incumbent.best.tolist() == [True, built, False, True]


def test_without_points_nothing_is_improved():
    t, near = tables(two_of_three(budget=3)), []
    incumbent = mask_incumbent(t, seconds=60.0, send=lambda _message: None)
    master = TimeCutMaster(t, incumbent, Refuting(), Recorder(), seed=1, improve=near.append)
    assert master.refute(()) == 0
    assert near == []


# ---- the method


def test_the_method_starts_from_plans_relaxes_and_hands_the_binding_rows_to_the_master(monkeypatch):
    problem, called = two_of_three(budget=1), []
    t = tables(problem)
    incumbent = mask_incumbent(t, seconds=60.0, send=lambda _message: None)

    def noted(name, function=None):
        def call(*given, **named):
            called.append(name)
            return function(*given, **named) if function else None

        return call

    def start(given, to, *, seed):
        assert (given, to, seed) == (t, incumbent, 7)

    relax = master_loop.solve_root

    def root(*given, gap):
        assert gap == -1.0
        found = relax(*given, gap=gap)
        called.append(len(binding_rows(found)))
        return found

    class Master(Recorder):
        def solve(self, **asked):
            called.append(len(self.rows[0]))
            assert asked["gap"] == -1.0
            return MasterSolution(None, (), complete=True, infeasible=True)

    monkeypatch.setattr(master_loop, "start_plans", noted("start", start))
    monkeypatch.setattr(master_loop, "reset_threads", noted("threads"))
    monkeypatch.setattr(master_loop, "solve_root", root)
    highs = solvers.SOLVERS["highs"]
    places = {highs.master: lambda _problem, **_options: Master()}
    monkeypatch.setattr(master_loop, "label", {"highs": "solver 1"}.__getitem__)
    monkeypatch.setattr(master_loop, "pkgutil", SimpleNamespace(resolve_name=places.__getitem__))
    found = prove(t, incumbent, Task(problem, "cuts-loop", 60.0, -1.0, 1, 7, "highs"))
    assert found == ("infeasible", "solver 1")
    assert called[:2] == ["start", "threads"]
    assert called[2] == called[3] > 0


@pytest.mark.parametrize("name", ["highs", "cpsat"])
def test_the_solver_of_a_task_is_named_with_its_version(name):
    if name == "cpsat":
        pytest.importorskip("ortools")
    row = solvers.SOLVERS[name]
    master = pkgutil.resolve_name(row.master)(two_of_three(budget=3), threads=1, seed=1, log=False)
    label = solvers.label(name)
    assert isinstance(master, IntegerMaster) is (name == "highs")
    assert label.lower().startswith("highs" if name == "highs" else "cp-sat")


def solved(problem, solver, *, seconds=300.0):
    """Return the reason, the incumbent and all messages of a run on a reduced problem."""
    t, sent = tables(problem), []
    incumbent = mask_incumbent(t, seconds=seconds, send=sent.append)
    reason, _ = prove(t, incumbent, Task(problem, "cuts-loop", seconds, 0.0, 1, 1, solver))
    return reason, incumbent, sent


@pytest.mark.parametrize("name", SOLVERS)
@given(problem=side_problems())
@examples(60)
def test_the_outcome_equals_that_of_trying_every_plan(name, problem):
    if name == "cpsat":
        pytest.importorskip("ortools")
    small = reduce(problem).problem
    if not small.candidates or not small.pairs:
        return
    best = brute_force(small)
    reason, incumbent, sent = solved(small, name)
    if best is None:
        assert (reason, incumbent.best) == ("infeasible", None)
        return
    assert reason == "proof"
    assert objective_of(tables(small), incumbent.best) == best
    bounds = [message["bound"] for message in sent if message["kind"] == "bound"]
    assert all(bound <= best + 1e-6 if small.budget is None else bound >= best - 1e-6 for bound in bounds)


def test_without_time_the_method_ends_by_time(solver):
    reason, _, _ = solved(reduce(line()).problem, solver, seconds=0.0)
    assert reason == "time"
