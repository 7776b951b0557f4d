"""Frontiers of small problems are those that trying every plan gives, and their bounds hold."""

from __future__ import annotations

import itertools

import pytest
from core_drawing import dense_problem, line, side_problems
from engine_running import HereProcess
from frontier_drawing import extended_places, non_dominated, places_of, traced
from hypothesis import HealthCheck, given, settings
from ring_drawing import ring_problem, ringed, square

from optimiser import verify
from optimiser.engine.search.task import Question
from optimiser.frontier import Limits, askers, tracing
from optimiser.frontier.askers import Answer, SessionAsker
from optimiser.frontier.curve import curve
from optimiser.frontier.region import Box, Region
from optimiser.frontier.tracer import Memory
from optimiser.problem import Target
from optimiser.problem.errors import InfeasibleError, ProblemError, SolverError
from optimiser.problem.model import Period
from optimiser.problem.result import rounded_bound
from optimiser.run.frontier import refuse_empty

FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def front_or_none(problem, monkeypatch, **asked):
    try:
        tracer, _ = traced(problem, monkeypatch, **asked)
    except InfeasibleError:
        return None
    return tracer


def places(tracer):
    return sorted(point.place for point in tracer.front())


def test_the_frontier_of_a_line_leaves_out_the_shortcut_that_another_beats(monkeypatch):
    tracer, _ = traced(line(), monkeypatch)
    assert places(tracer) == [(0, 2), (3, 14), (7, 18)]


@pytest.mark.parametrize("seed", range(60))
def test_a_two_way_frontier_equals_brute_force(seed, monkeypatch):
    problem = dense_problem(seed)
    tracer = front_or_none(problem, monkeypatch)
    expected = non_dominated(places_of(problem, "two_way"))
    assert (places(tracer) if tracer else []) == expected
    assert not expected or tracer.state.ended == "complete"


@pytest.mark.parametrize("seed", range(60, 110))
def test_a_three_way_frontier_equals_brute_force(seed, monkeypatch):
    problem = dense_problem(seed)
    groups = tuple(sorted(group for group in problem.groups if group))
    if len(groups) < 2:
        pytest.skip("drawn without two groups")
    tracer = front_or_none(problem, monkeypatch, axes="three_way", groups=groups[:2])
    expected = non_dominated(places_of(problem, "three_way", groups[:2]))
    assert (places(tracer) if tracer else []) == expected


@FEW
@given(problem=side_problems())
def test_a_frontier_with_every_side_constraint_equals_brute_force(problem, monkeypatch):
    tracer = front_or_none(problem, monkeypatch)
    assert (places(tracer) if tracer else []) == non_dominated(places_of(problem, "two_way"))


def test_two_threads_find_the_same_frontier_as_one(monkeypatch):
    problem = dense_problem(7)
    assert places(traced(problem, monkeypatch)[0]) == places(traced(problem, monkeypatch, threads=2)[0])


# ---- bounds

SEEDS = [0, 3, 5, 7, 11, 17, 31, 42]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("gap", [0.0, 0.3])
def test_no_bound_is_below_a_plan_of_a_smaller_or_equal_budget(seed, gap, monkeypatch):
    tracer, points = traced(dense_problem(seed), monkeypatch, limits=Limits(points=0, gap=gap))
    for point, other in itertools.product(tracer.front(), points):
        if other.cost <= point.asked.budget:
            assert rounded_bound(point.bound) >= other.value


@pytest.mark.parametrize("seed", SEEDS)
def test_with_a_gap_no_plan_is_better_than_the_front_by_more_than_it(seed, monkeypatch):
    problem, gap = dense_problem(seed), 0.25
    front = traced(problem, monkeypatch, limits=Limits(points=0, gap=gap))[0].front()
    for cost, value in non_dominated(places_of(problem, "two_way")):
        best = max(point.value for point in front if point.cost <= cost)
        assert value - best <= gap * max(1, best)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_point_of_a_front_dominates_another_one(seed, monkeypatch):
    front = traced(dense_problem(seed), monkeypatch, limits=Limits(points=0, gap=0.3))[0].front()
    places = [point.place for point in front]
    assert non_dominated(places) == sorted(set(places)) == sorted(places)


@pytest.mark.parametrize("seed", SEEDS)
def test_points_on_a_grid_lie_on_the_frontier(seed, monkeypatch):
    problem = dense_problem(seed)
    front = traced(problem, monkeypatch, limits=Limits(points=5, placing="even"))[0].front()
    assert {point.place for point in front} <= set(non_dominated(places_of(problem, "two_way")))


@pytest.mark.parametrize("axes", ["two_way", "three_way"])
def test_each_point_is_a_verified_plan_of_its_own_problem(axes, monkeypatch):
    problem = dense_problem(31)
    groups = tuple(group for group in problem.groups if group)[:2]
    tracer, _ = traced(problem, monkeypatch, axes=axes, groups=groups)
    for point in tracer.front():
        own = point.problem(problem, tracer.axes)
        assert verify.check(own, point.result(own.name)).status == "optimal"


def test_groups_that_the_problem_lacks_are_named(monkeypatch):
    with pytest.raises(ProblemError, match="there is no pair of group 'tiny'"):
        traced(dense_problem(31), monkeypatch, axes="three_way", groups=("small", "tiny"))


def test_limits_outside_their_ranges_are_all_named():
    with pytest.raises(ProblemError, match=r"(?s)points -1 .*gap -0.1 .*limit 0 s"):
        Limits(points=-1, gap=-0.1, point_s=0)


# ---- endings


def change_answers(monkeypatch, change):
    """Change each answer to a question that maximises coverage, as a time limit would."""
    ask = SessionAsker.ask

    def changed(self, asked, **options):
        found = ask(self, asked, **options)
        return found if asked.cheapest else found.replace(**change(found))

    monkeypatch.setattr(SessionAsker, "ask", changed)


def test_a_time_limit_without_a_plan_is_no_proof_that_there_is_none(monkeypatch):
    change_answers(monkeypatch, lambda _found: {"built": None, "bound": None, "reason": "time"})
    tracer, points = traced(dense_problem(31), monkeypatch)
    assert not points
    assert tracer.state.ended == "time"
    with pytest.raises(SolverError, match="no point was found in time"):
        refuse_empty(curve(tracer))


def test_a_frontier_with_an_open_gap_is_not_complete(monkeypatch):
    change_answers(monkeypatch, lambda found: {"bound": found.bound + 5, "reason": "time"})
    tracer, points = traced(dense_problem(31), monkeypatch)
    assert any(point.gap for point in points)
    assert tracer.state.ended == "time"


def test_the_result_of_a_point_ended_by_time_says_so(monkeypatch):
    change_answers(monkeypatch, lambda found: {"bound": found.bound + 5, "reason": "time"})
    _, points = traced(dense_problem(31), monkeypatch)
    assert {point.result("p").termination for point in points if point.gap} == {"time"}


def test_a_proved_frontier_is_complete(monkeypatch):
    assert traced(dense_problem(31), monkeypatch)[0].state.ended == "complete"


# ---- rings and periods


def test_a_required_ring_is_the_cheap_end(monkeypatch):
    tracer, _ = traced(ringed(), monkeypatch)
    points = tracer.front()
    assert [point.place for point in points] == [(5, 1), (9, 10)]
    assert [sorted(point.plan.rings) for point in points] == [["square"], ["square"]]


def test_a_rewarded_ring_enters_where_it_pays(monkeypatch):
    problem = ringed(square(required=False, reward=5))
    assert [point.place for point in traced(problem, monkeypatch)[0].front()] == [(0, 1), (4, 10), (9, 15)]


def test_each_point_with_a_ring_is_a_verified_plan_of_its_own_problem(monkeypatch):
    problem = ringed()
    tracer, _ = traced(problem, monkeypatch)
    for point in tracer.front():
        own = point.problem(problem, tracer.axes)
        assert verify.check(own, point.result(own.name)).status == "optimal"


def test_a_budget_is_shared_out_over_the_periods(monkeypatch):
    periods = (Period("now", 1, 1), Period("later", 3, 1))
    problem = ringed(square(required=False), budget=4, periods=periods)
    points = traced(problem, monkeypatch)[0].front()
    assert [point.place for point in points] == [(0, 2), (4, 11), (16, 20)]
    assert points[-1].plan.starts == {"fast": 0}


@pytest.mark.parametrize("seed", range(25))
def test_frontiers_with_rings_and_periods_equal_brute_force(seed, monkeypatch):
    problem = ring_problem(seed)
    try:
        tracer, _ = traced(problem, monkeypatch)
    except InfeasibleError:
        assert not extended_places(problem)
        return
    assert sorted(point.place for point in tracer.front()) == non_dominated(extended_places(problem))


def test_three_way_frontiers_reject_periods(monkeypatch):
    problem = ringed(budget=9, periods=(Period("now", 9, 1),))
    pairs = tuple(
        type(pair)(pair.origin, pair.destination, pair.limit, pair.weight, group)
        for pair, group in zip(problem.pairs, ("secondary", "small"), strict=True)
    )
    with pytest.raises(ProblemError, match="not possible with periods"):
        traced(problem.replace(pairs=pairs), monkeypatch, axes="three_way")


@pytest.mark.parametrize(
    "wrong", [{"points": -1}, {"gap": -0.1}, {"gap": float("nan")}, {"point_s": 0.0}, {"total_s": 0.0}]
)
def test_a_limit_outside_its_range_is_named_alone(wrong):
    with pytest.raises(ProblemError) as caught:
        Limits(**wrong)
    (fault,) = caught.value.faults
    assert repr(next(iter(wrong.values()))) in fault


def test_limits_may_be_at_the_edge_of_their_ranges():
    assert Limits(points=0, gap=0.0, point_s=1e-9, total_s=1e-9).points == 0


def test_a_point_adds_up_both_stages_and_carries_the_seed(monkeypatch):
    answers = []
    ask = SessionAsker.ask

    def noted(self, asked, **options):
        answers.append(ask(self, asked, **options).replace(cuts=10, nodes=7, seconds=2.0, whole_seconds=3.0))
        return answers[-1]

    monkeypatch.setattr(SessionAsker, "ask", noted)
    _, points = traced(line(), monkeypatch)
    first = points[0]
    assert (first.cuts, first.nodes, first.seconds, first.whole_seconds) == (20, 14, 4.0, 6.0)
    assert (first.seed, first.threads) == (1, 1)


def test_the_second_stage_has_the_time_that_the_first_one_left(monkeypatch):
    given = []
    ask = SessionAsker.ask

    def noted(self, asked, *, seconds, gap):
        given.append(seconds)
        return ask(self, asked, seconds=seconds, gap=gap)

    monkeypatch.setattr(SessionAsker, "ask", noted)
    traced(line(), monkeypatch, limits=Limits(points=0, point_s=20.0, total_s=600.0))
    first, second = given[:2]
    assert first == pytest.approx(20.0, abs=0.01)
    assert 10.0 < second < first


@pytest.mark.parametrize(
    ("first", "second", "chosen"),
    [
        (["ac", "bd"], None, ("ac", "bd")),
        (["ac", "bd"], ("ac",), ("ac", "bd")),  # covers less
        (["ac", "bd"], ("ac", "ad", "bd"), ("ac", "bd")),  # costs more
        (["ad"], ("ac", "bd"), ("ac", "bd")),  # costs less and covers more
        (["ac", "ad", "bd"], ("ac", "bd"), ("ac", "bd")),  # costs less and covers the same
    ],
)
def test_the_plan_of_the_second_stage_counts_where_it_is_nowhere_worse(first, second, chosen, monkeypatch):
    tracer, _ = traced(line(budget=99), monkeypatch, limits=Limits(points=1))
    asked = Question(None, (18,), cheapest=True)
    answer = Answer(asked, second, None, empty=False, seconds=0.0, whole_seconds=0.0, warm=True)
    for question in (asked, Question(99, (0,), cheapest=False)):
        assert tracer._better(tracer.evaluate(first), answer, question).built == chosen


def test_the_easiest_level_is_the_least_cost_that_the_bound_of_a_solve_allows(monkeypatch):
    """Something must be built: the least cost is at least 2.4, so 3, and a level below it is no question."""
    problem = line(targets=(Target("small", 5),))
    ask = SessionAsker.ask

    def loose(self, asked, **options):
        found = ask(self, asked, **options)
        return found.replace(bound=2.4) if asked.budget is None and asked.least == (0,) else found

    monkeypatch.setattr(SessionAsker, "ask", loose)
    tracer, points = traced(problem, monkeypatch)
    assert tracer.state.region.whole == Box((-16,), (-3,))
    assert min(point.cost for point in points) == 3


def test_questions_are_counted_unless_an_answer_is_remembered(monkeypatch):
    asked, kept, told = [], {}, []
    ask = SessionAsker.ask
    monkeypatch.setattr(SessionAsker, "know", lambda _self, built: told.append(built))

    def noted(self, question, **options):
        asked.append(question)
        return ask(self, question, **options)

    monkeypatch.setattr(SessionAsker, "ask", noted)
    monkeypatch.setattr(askers, "ChildProcess", HereProcess)
    memory = Memory(recall=kept.get, keep=lambda found: kept.__setitem__(found.asked, found))
    for count in (len, lambda _asked: 0):
        asked.clear()
        with tracing(line(), limits=Limits(points=0), memory=memory, threads=1) as tracer:
            assert [point.place for point in tracer]
        assert tracer.state.answers == count(asked) == len(asked)
    assert kept
    assert {*told} == {found.built for found in kept.values() if found.built is not None}


def test_the_second_stage_asks_for_the_other_axis_and_its_bound_counts_below_the_least_cost(monkeypatch):
    tracer, _ = traced(line(), monkeypatch, limits=Limits(points=1))
    plan = tracer.evaluate(["ac", "bd"])
    money, coverage = Question(9, (0,), cheapest=False), Question(None, (15,), cheapest=True)
    assert tracer._second_question(money, plan) == Question(None, (18,), cheapest=True)
    assert tracer._second_question(coverage, plan) == Question(7, (15,), cheapest=False)
    answer = Answer(coverage, None, 1.0, empty=False, seconds=0.0, whole_seconds=0.0, warm=True)
    tracer.state.region = Region((-16,), (0,))
    for question, bound in ((coverage, 1.0), (money, None), (money, 0.0), (money, 8.0)):
        tracer._record_second_bound(question, plan, answer.replace(bound=bound))
    assert tracer.state.region.bounded() == []
    for bound in (1.0, 7.0):
        tracer._record_second_bound(money, plan, answer.replace(bound=bound))
    assert tracer.state.region.bounded() == [(0,), (-6,)]
    assert tracer.state.region.lower((-6,)) == -17.0
