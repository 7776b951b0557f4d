from __future__ import annotations

import dataclasses
import math
from threading import Lock
from typing import NamedTuple

import numpy as np
import pytest
from core_drawing import dense_problem
from engine_running import LONG_S
from heuristic_drawing import open_line
from hypothesis import given
from hypothesis import strategies as st

from optimiser.engine.methods.questions import PlanPool, QuestionRelaxation
from optimiser.engine.methods.rings import extended_incumbent
from optimiser.engine.search.incumbent import Evaluated, Incumbent, PartIncumbent, mask_incumbent
from optimiser.engine.search.scoring import objective_of
from optimiser.engine.search.tables import tables
from optimiser.engine.search.task import Question, Task
from optimiser.problem.result import rounded_bound


class Plan(NamedTuple):
    objective: int
    cost: int = 0
    feasible: bool = True


def incumbent_of(*, minimise=False, seconds=60.0, **options):
    """Return an incumbent of such plans, and the list of its messages."""
    sent = []

    def evaluate(plan):
        return (
            Evaluated(plan, plan.objective, plan.cost, {"built": [plan.objective]}) if plan.feasible else None
        )

    return Incumbent(evaluate, minimise=minimise, seconds=seconds, send=sent.append, **options), sent


senses = pytest.mark.parametrize("minimise", [False, True])


# ---- plans


@senses
@given(plans=st.lists(st.builds(Plan, st.integers(0, 4), st.integers(0, 4), st.booleans()), max_size=8))
def test_the_best_feasible_plan_is_kept_and_of_equal_ones_the_cheapest(minimise, plans):
    incumbent, sent = incumbent_of(minimise=minimise)
    better = [incumbent.plan(plan, "search") for plan in plans]

    def rank(plan):
        return (plan.objective if minimise else -plan.objective), plan.cost

    feasible = [plan for plan in plans if plan.feasible]
    if not feasible:
        assert incumbent.best is None
        assert incumbent.evaluated is None
        return
    best = min(feasible, key=rank)
    assert (incumbent.best.objective, incumbent.best.cost) == (best.objective, best.cost)
    assert incumbent.best is feasible[[rank(plan) for plan in feasible].index(rank(best))]
    assert len(sent) == sum(better)


def test_each_better_plan_is_passed_on_with_its_step():
    incumbent, sent = incumbent_of()
    for objective in (3, 2, 5):
        incumbent.plan(Plan(objective), f"step {objective}")
    assert sent == [
        {"kind": "plan", "step": "step 3", "built": [3]},
        {"kind": "plan", "step": "step 5", "built": [5]},
    ]


# ---- bounds


@senses
@given(bounds=st.lists(st.floats(-9, 9) | st.sampled_from([math.inf, -math.inf]), max_size=8))
def test_the_tightest_finite_bound_is_kept_and_each_tighter_one_is_passed_on(minimise, bounds):
    incumbent, sent = incumbent_of(minimise=minimise)
    for bound in bounds:
        incumbent.bound(bound, "tree")
    finite = [bound for bound in bounds if math.isfinite(bound)]
    assert incumbent.best_bound == ((max if minimise else min)(finite) if finite else None)
    passed_on = [message["bound"] for message in sent]
    assert passed_on == sorted(set(passed_on), reverse=not minimise)
    assert (passed_on[-1] if passed_on else None) == incumbent.best_bound


def test_a_bound_known_from_the_start_is_replaced_by_tighter_ones_only():
    incumbent, sent = incumbent_of(bound=8.0)
    incumbent.bound(9.0, "tree")
    assert (incumbent.best_bound, sent) == (8.0, [])
    incumbent.bound(7.0, "tree")
    assert incumbent.best_bound == 7.0


def test_a_bound_can_be_reset():
    incumbent, _ = incumbent_of()
    incumbent.bound(7.0, "tree")
    incumbent.best_bound = 9.0
    assert incumbent.best_bound == 9.0


@senses
@pytest.mark.parametrize(("bound", "expected"), [(17.0, (10, 20)), (20.0, (20, 20)), (0.0, (0, 0))])
def test_a_bound_is_rounded_to_a_multiple_of_the_unit(minimise, bound, expected):
    incumbent, _ = incumbent_of(minimise=minimise, unit=10)
    incumbent.bound(bound, "tree")
    assert incumbent.best_bound == expected[minimise]


UNIT, TRUE, NOISE = 10**6, 3, 1e-8


@pytest.mark.parametrize("cheapest", [False, True])
def test_numerical_noise_of_a_question_does_not_move_its_bound(cheapest):
    problem = dense_problem(0).replace(budget=9, targets=(), cities=())
    problem = problem.replace(
        candidates=tuple(dataclasses.replace(c, cost=UNIT) for c in problem.candidates),
        pairs=tuple(dataclasses.replace(pair, weight=UNIT) for pair in problem.pairs),
    )
    measures = np.full((1, len(problem.pairs)), UNIT)
    program = QuestionRelaxation(problem, measures, seed=1)
    program.set_question(budget=None, least=(0,), weights=None if cheapest else measures[0])
    assert program.divisor == UNIT
    question, sent = Question(None, (0,), cheapest), []
    incumbent = PlanPool(tables(problem), measures).incumbent(
        question, unit=program.divisor, seconds=LONG_S, send=sent.append, base=0
    )
    incumbent.bound((TRUE + (NOISE if cheapest else -NOISE)) * UNIT, "tree")
    assert sent[-1]["bound"] == TRUE * UNIT


@pytest.mark.parametrize("cheapest", [False, True])
def test_numerical_noise_of_a_problem_with_rings_does_not_move_its_bound(cheapest):
    problem = dataclasses.replace(dense_problem(0), budget=None if cheapest else 9, targets=())
    task = Task(problem, "cuts", seconds=9.0, gap=0.0, threads=1, seed=1, solver="highs", base=0)
    sent = []
    incumbent = extended_incumbent(task, unit=UNIT, send=sent.append)
    incumbent.bound((TRUE + (NOISE if cheapest else -NOISE)) * UNIT, "master")
    assert rounded_bound(sent[-1]["bound"], minimise=cheapest) == TRUE * UNIT


@pytest.mark.parametrize("cheapest", [False, True])
def test_numerical_noise_of_a_plain_problem_does_not_move_its_bound(cheapest):
    problem = dense_problem(0)
    problem = problem.replace(
        budget=None if cheapest else 9,
        targets=(),
        candidates=tuple(dataclasses.replace(c, cost=UNIT) for c in problem.candidates),
        pairs=tuple(dataclasses.replace(pair, weight=UNIT) for pair in problem.pairs),
    )
    sent = []
    incumbent = mask_incumbent(tables(problem), seconds=9.0, send=sent.append)
    incumbent.bound((TRUE + (NOISE if cheapest else -NOISE)) * UNIT, "tree")
    assert sent[-1]["bound"] == TRUE * UNIT


# ---- gaps, endings and counts


def test_there_is_no_gap_without_a_plan_or_a_bound():
    incumbent, _ = incumbent_of()
    assert incumbent.gap() is None
    incumbent.bound(9.0, "tree")
    assert incumbent.gap() is None
    assert not incumbent.closed(1e9)


@senses
def test_the_gap_relates_to_the_objective_with_its_constant(minimise):
    incumbent, _ = incumbent_of(minimise=minimise, base=90)
    incumbent.plan(Plan(10), "search")
    incumbent.bound(5.0 if minimise else 15.0, "tree")
    assert incumbent.gap() == pytest.approx(0.05)
    assert incumbent.closed(0.05)
    assert not incumbent.closed(0.04)


@pytest.mark.parametrize(
    ("bound", "seconds", "ending"),
    [
        (10.0, 9.0, "proof"),
        (10.5, 9.0, "proof"),
        (12.0, 9.0, "gap"),
        (15.0, 9.0, "stalled"),
        (15.0, 0.0, "time"),
    ],
)
def test_the_ending_names_the_strongest_reason(bound, seconds, ending):
    incumbent, _ = incumbent_of(seconds=seconds)
    incumbent.plan(Plan(10), "search")
    incumbent.bound(bound, "tree")
    assert incumbent.ending(0.2) == ending


def test_the_clock_runs_from_the_start():
    incumbent, _ = incumbent_of(seconds=0.0)
    assert incumbent.stop()
    assert incumbent.left() <= 0
    assert not incumbent_of(seconds=60.0)[0].stop()


def test_counts_are_passed_on_as_sums():
    incumbent, sent = incumbent_of()
    incumbent.count("relaxation", cuts=3)
    incumbent.count("tree", cuts=1, nodes=2)
    assert sent == [
        {"kind": "count", "step": "relaxation", "cuts": 3, "nodes": 0},
        {"kind": "count", "step": "tree", "cuts": 4, "nodes": 2},
    ]


def test_an_equal_plan_replaces_the_best_only_where_asked_to():
    incumbent, sent = incumbent_of()
    incumbent.plan(Plan(5), "first")
    assert not incumbent.plan(Plan(5), "second")
    assert incumbent.plan(Plan(5), "third", over_equal=True)
    assert not incumbent.plan(Plan(4), "fourth", over_equal=True)
    assert [(message["step"], message.get("over_equal", False)) for message in sent] == [
        ("first", False),
        ("third", True),
    ]


# ---- parts


def parts_of(whole, count):
    """Return parts of a search, and the bounds that each reported."""
    lock, bounds = Lock(), [[] for _ in range(count)]
    return [PartIncumbent(whole, lock, whole.plan, mine.append) for mine in bounds], bounds


def test_a_part_passes_its_plans_on_and_compares_them_with_its_own_alone():
    whole, sent = incumbent_of()
    whole.plan(Plan(3), "start")
    (one, other), _ = parts_of(whole, 2)
    assert one.best == other.best == Plan(3)
    assert one.plan(Plan(9), "tree")
    assert (whole.best, other.best) == (Plan(9), Plan(3))
    assert other.plan(Plan(5), "tree")
    assert not other.plan(Plan(4), "tree")
    assert (whole.best, other.best) == (Plan(9), Plan(5))
    assert [message["built"] for message in sent] == [[3], [9]]


def test_bounds_of_a_part_go_to_its_limit_alone():
    whole, sent = incumbent_of()
    (one, other), bounds = parts_of(whole, 2)
    one.bound(7.0, "tree")
    other.bound(8.0, "tree")
    assert bounds == [[7.0], [8.0]]
    assert (whole.best_bound, sent) == (None, [])


def test_counts_of_parts_add_up_in_the_whole():
    whole, _ = incumbent_of()
    for part in parts_of(whole, 2)[0]:
        part.count("tree", cuts=2, nodes=3)
    assert (whole.cuts, whole.nodes) == (4, 6)


def test_a_part_is_closed_by_its_own_plan_and_bound_whatever_another_part_has_found_by_then():
    whole, _ = incumbent_of(base=100)
    whole.plan(Plan(3), "start")
    (part, other), _ = parts_of(whole, 2)
    part.bound(9.0, "tree")
    other.plan(Plan(9), "tree")
    assert not part.closed(0.05)
    assert not part.closed(0.0)
    part.plan(Plan(7), "tree")
    assert part.closed(0.05)
    assert part.ending(0.05) == "gap"  # the objective of the original problem is 100 more
    assert not other.closed(0.05)


def test_a_search_ends_by_its_nodes_and_says_so():
    incumbent, _ = incumbent_of()
    incumbent.most_nodes = 5
    incumbent.plan(Plan(3), "start")
    incumbent.count("tree", nodes=4)
    assert not incumbent.is_spent()
    assert incumbent.ending(0.0) == "stalled"
    incumbent.count("tree", nodes=1)
    assert incumbent.is_spent()
    assert incumbent.ending(0.0) == "nodes"
    assert not incumbent.stop()
    assert parts_of(incumbent, 1)[0][0].most_nodes == 5


def test_a_part_has_the_time_of_the_whole():
    whole, _ = incumbent_of(seconds=0.0)
    assert parts_of(whole, 1)[0][0].stop()


# ---- problems in arrays


@pytest.mark.parametrize(("budget", "bound", "objective"), [(7, 16.0, 16), (None, 0.0, 7)])
def test_an_incumbent_of_masks_keeps_copies_of_feasible_plans(budget, bound, objective):
    sent = []
    t = tables(open_line(budget=budget))
    incumbent = mask_incumbent(t, seconds=9.0, send=sent.append)
    assert incumbent.best_bound == bound
    plan = np.array([True, False, False, True])
    assert incumbent.plan(plan, "start") == (budget is not None)
    plan[1] = True
    assert incumbent.plan(plan, "search")
    plan[:] = False
    assert incumbent.best.tolist() == [True, True, False, True]
    assert incumbent.evaluated.objective == objective_of(t, incumbent.best) == objective
    assert sent[-1] == {"kind": "plan", "step": "search", "built": [0, 1]}
