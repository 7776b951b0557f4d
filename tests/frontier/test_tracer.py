"""Frontiers of small problems are those that trying every plan gives, and their bounds hold."""

from __future__ import annotations

import dataclasses
import itertools
from types import SimpleNamespace

import pytest
from core_drawing import dense_problem, line, side_problems
from engine_running import HereProcess
from frontier_drawing import ALL, extended_places, non_dominated, places_of, traced
from hypothesis import HealthCheck, given
from ring_drawing import phased, ring_problem, ringed, square
from tiers import examples, thinned

from optimiser import verify
from optimiser.engine.search.task import Question, cores
from optimiser.frontier import Limits, askers, tracing
from optimiser.frontier import tracer as tracer_module
from optimiser.frontier.askers import SessionAsker, SolveAsker
from optimiser.frontier.axes import axes_of, own_problem
from optimiser.frontier.point import Answer, FrontierEvaluator, LevelBox, ProvenRegion
from optimiser.frontier.tracer import Memory, Tracer, curve
from optimiser.problem import Target
from optimiser.problem.errors import InfeasibleError, ProblemError, SolverError
from optimiser.problem.model import Period
from optimiser.problem.result import rounded_bound
from optimiser.studies.frontier import refuse_empty

LATER = float("inf")
"""End of a tracing without a limit."""

FEW = examples(40, suppress_health_check=[HealthCheck.function_scoped_fixture])


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


@pytest.mark.parametrize("seed", thinned(range(60), 10))
def test_a_two_way_frontier_equals_brute_force(seed, monkeypatch):
    problem = dense_problem(seed)
    tracer = front_or_none(problem, monkeypatch)
    expected = non_dominated(places_of(problem, "two_way"))
    assert (places(tracer) if tracer else []) == expected
    assert not expected or tracer.state.ended == "complete"


@pytest.mark.parametrize("seed", thinned(range(60, 110), 8))
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
        own = own_problem(problem, tracer.axes, point.asked)
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
        return found if asked.cheapest else dataclasses.replace(found, **change(found))

    monkeypatch.setattr(SessionAsker, "ask", changed)


def test_a_time_limit_without_a_plan_is_no_proof_that_there_is_none(monkeypatch):
    change_answers(monkeypatch, lambda _found: {"built": None, "bound": None, "reason": "time"})
    tracer, points = traced(dense_problem(31), monkeypatch)
    assert not points
    assert tracer.state.ended == "time"
    with pytest.raises(SolverError, match="no point was found"):
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
        own = own_problem(problem, tracer.axes, point.asked)
        assert verify.check(own, point.result(own.name)).status == "optimal"


def test_a_budget_is_shared_out_over_the_periods(monkeypatch):
    periods = (Period("now", 1, 1), Period("later", 3, 1))
    problem = ringed(square(required=False), budget=4, periods=periods)
    points = traced(problem, monkeypatch)[0].front()
    assert [point.place for point in points] == [(0, 2), (4, 11), (16, 20)]
    assert points[-1].plan.starts == {"fast": 0}


@pytest.mark.parametrize("seed", thinned(range(25), 5))
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
        found = ask(self, asked, **options)
        answers.append(dataclasses.replace(found, cuts=10, nodes=7, seconds=2.0, whole_seconds=3.0))
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
        assert tracer.better(tracer.asker.evaluate(first), answer, question).built == chosen


def test_the_easiest_level_is_the_least_cost_that_the_bound_of_a_solve_allows(monkeypatch):
    """Something must be built: the least cost is at least 2.4, so 3, and a level below it is no question."""
    problem = line(targets=(Target("small", 5),))
    ask = SessionAsker.ask

    def loose(self, asked, **options):
        found = ask(self, asked, **options)
        return (
            dataclasses.replace(found, bound=2.4) if asked.budget is None and asked.least == (0,) else found
        )

    monkeypatch.setattr(SessionAsker, "ask", loose)
    tracer, points = traced(problem, monkeypatch)
    assert tracer.state.region.whole == LevelBox((-16,), (-3,))
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
    plan = tracer.asker.evaluate(["ac", "bd"])
    money, coverage = Question(9, (0,), cheapest=False), Question(None, (15,), cheapest=True)
    assert tracer.second_question(money, plan) == Question(None, (18,), cheapest=True)
    assert tracer.second_question(coverage, plan) == Question(7, (15,), cheapest=False)
    answer = Answer(coverage, None, 1.0, empty=False, seconds=0.0, whole_seconds=0.0, warm=True)
    tracer.state.region = ProvenRegion((-16,), (0,))
    for question, bound in ((coverage, 1.0), (money, None), (money, 0.0), (money, 8.0)):
        tracer.record_second_bound(question, plan, dataclasses.replace(answer, bound=bound))
    assert tracer.state.region.bounded() == []
    for bound in (1.0, 7.0):
        tracer.record_second_bound(money, plan, dataclasses.replace(answer, bound=bound))
    assert tracer.state.region.bounded() == [(0,), (-6,)]
    assert tracer.state.region.lower((-6,)) == -17.0


# ---- one level at a time, with an asker that answers from a list


class Listed:
    """Stands for an asker: notes each question, and answers with the next of a list."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []
        self.known = []

    def know(self, built):
        self.known.append(built)

    def ask(self, question, *, seconds, gap):
        self.asked.append((question, seconds, gap))
        built, bound, *changes = self.answers.pop(0)
        known = {"seconds": 1.5, "whole_seconds": 2.5, "warm": True, "nodes": 3, "cuts": 4, "solver": "s"}
        fields = {"empty": False} | known | (changes[0] if changes else {})
        return Answer(question, built, bound, **fields)


def listing(*answers, problem=None, axes="two_way", limits=ALL, memory=None):
    """Return a tracer of the line with such an asker, its region not yet made, and the asker."""
    problem = line() if problem is None else problem
    chosen = axes_of(axes, problem, () if axes == "two_way" else ("core", "small"))
    asker = Listed(*answers)
    asker.evaluate, asker.seed, asker.threads = FrontierEvaluator(problem, chosen), 5, 3
    tracer = Tracer(asker=asker, limits=limits, memory=memory or Memory())
    return tracer, asker


def money(budget):
    return Question(budget, (0,), cheapest=False)


def test_a_level_is_asked_twice_and_closes_what_its_plan_reaches():
    tracer, asker = listing(
        (("ac", "ad"), 14.4, {"warm": False}),
        (("ac",), 2.9, {"nodes": 10, "cuts": 20, "warm": True}),
        limits=Limits(points=0, point_s=20.0, gap=0.25),
    )
    tracer.answer((-16,), (0,), [(-13,)])
    (point,) = tracer.state.points
    (first, first_s, first_gap), (second, second_s, second_gap) = asker.asked
    assert (first, first_s, first_gap) == (money(13), 20.0, 0.25)
    assert (second, second_gap) == (Question(None, (14,), cheapest=True), 0.25)
    assert 19.0 < second_s <= 20.0
    assert (point.asked, point.plan.built, point.bound) == (money(13), ("ac",), 14.4)
    assert point.reason != "time"
    assert (point.seconds, point.whole_seconds, point.warm) == (3.0, 5.0, False)
    assert (point.nodes, point.cuts, point.solver, point.seed, point.threads) == (13, 24, "s", 5, 3)
    region = tracer.state.region
    assert region.boxes == [LevelBox((-16,), (-14,)), LevelBox((-2,), (0,))]
    assert [(at, region.lower(at)) for at in region.bounded()] == [((-13,), -14.0), ((-2,), -13.0)]
    assert (region.upper((-3,)), region.upper((-2,))) == (-14.0, float("inf"))
    assert (tracer.state.points, tracer.state.levels) == ([point], {money(13): (-13,)})
    assert (tracer.state.start, tracer.state.answers, tracer.state.unsettled) == (None, 2, 0)


def test_a_level_of_three_axes_is_asked_for_its_least_cost_and_then_for_more_coverage():
    tracer, asker = listing((("ad",), 2.2, {"reason": "time"}), (("ac", "bd"), 30.0), axes="three_way")
    tracer.answer((0, 0), (10, 9), [(0, 0)])
    (point,) = tracer.state.points
    questions = [question for question, _, _ in asker.asked]
    assert questions == [Question(None, (0, 0), cheapest=True), Question(9, (0, 0), cheapest=False)]
    assert point.place == (7, 9, 9)
    assert (point.bound, point.reason) == (2.2, "time")
    region = tracer.state.region
    assert [(at, region.lower(at)) for at in region.bounded()] == [((0, 0), 3.0)]
    assert (region.upper((9, 9)), region.upper((10, 0))) == (7.0, float("inf"))
    assert tracer.state.start == (9, 9)
    assert sorted(region.boxes) == [LevelBox((10, 0), (10, 9))]


@pytest.mark.parametrize(("empty", "unsettled"), [(True, 0), (False, 1)])
def test_a_level_without_a_plan_is_settled_with_all_harder_ones(empty, unsettled):
    tracer, asker = listing((None, 5.0, {"empty": empty}))
    tracer.answer((-16,), (0,), [(-4,)])
    region = tracer.state.region
    assert (region.boxes, region.lower((-4,))) == ([LevelBox((-16,), (-5,))], -5.0)
    assert (tracer.state.unsettled, tracer.state.points, len(asker.asked)) == (unsettled, [], 1)


@pytest.mark.parametrize(
    ("reason", "seconds", "asked"), [("time", 19.9, 1), ("time", 20.0, 2), ("answered", 19.9, 2)]
)
def test_a_plan_cut_short_by_the_end_of_the_whole_run_is_no_point(reason, seconds, asked):
    tracer, asker = listing((("ac",), 16.0, {"reason": reason}), (None, None))
    tracer.state.region = ProvenRegion((-16,), (0,))
    point = tracer.answer_level((-5,), seconds)
    region = tracer.state.region
    assert (point is None, len(asker.asked)) == (asked == 1, asked)
    assert (region.upper((-3,)), region.lower((-5,))) == (-14.0, -16.0)
    assert (region.boxes == [region.whole]) == (asked == 1)
    assert len(tracer.state.points) == asked - 1


def test_the_second_stage_gets_a_quarter_of_the_time_at_least(monkeypatch):
    """The first answer takes 18 of 20 seconds: 2 are left, and 5 are given."""
    clock = iter([100.0, 118.0, 200.0, 212.0])
    monkeypatch.setattr(tracer_module, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    tracer, asker = listing(*[(("ac",), 14.0), (None, None)] * 2)
    tracer.state.region = ProvenRegion((-16,), (0,))
    tracer.answer_level((-5,), 20.0)
    tracer.answer_level((-4,), 20.0)
    assert [seconds for _, seconds, _ in asker.asked] == [20.0, 5.0, 20.0, 8.0]


@pytest.mark.parametrize(
    ("weight", "cost", "chosen"),
    [(4, 4, "ac"), (5, 4, "ac"), (6, 4, "bd"), (5, 3, "ac"), (5, 2, "bd")],
)
def test_of_two_plans_for_a_coverage_the_one_that_is_no_worse_in_sum_and_money_counts(weight, cost, chosen):
    """With `ac`, 9 of the core and 5 of the small pairs are covered for 3; with `bd` the core alone."""
    ac, bd, ad = line().candidates
    small, other, *pairs = line().pairs
    other = dataclasses.replace(other, weight=weight, group="core")
    problem = line(pairs=(small, other, *pairs), candidates=(ac, dataclasses.replace(bd, cost=cost), ad))
    tracer, _ = listing(axes="three_way", problem=problem)
    first = tracer.asker.evaluate(["bd"])
    assert (first.cost, first.reached, tracer.asker.evaluate(["ac"]).reached) == (
        cost,
        (9 + weight, 0),
        (9, 5),
    )
    least = Question(None, (0, 0), cheapest=True)
    answer = Answer(least, ("ac",), None, empty=False, seconds=0.0, whole_seconds=0.0, warm=True)
    assert tracer.better(first, answer, least).built == (chosen,)
    assert tracer.better(first, answer, Question(9, (0, 0), cheapest=False)).built == ("bd",)


@pytest.mark.parametrize(
    ("problem", "axes", "whole"),
    [
        (line(), "two_way", LevelBox((-16,), (0,))),
        (line(), "three_way", LevelBox((2, 0), (9, 9))),
        (phased(), "two_way", LevelBox((-23,), (0,))),
    ],
)
def test_the_levels_are_those_between_building_nothing_and_everything(problem, axes, whole):
    tracer, asker = listing(problem=problem, axes=axes, limits=Limits(points=0, gap=0.5))
    region = tracer.new_region(1e12)
    assert (region.whole, asker.asked) == (whole, [])
    region.found(whole.high, 2.0)
    region.proved(whole.low, 0.99)
    assert not region.is_known(whole.low)
    region.proved(whole.low, 1.0)
    assert region.is_known(whole.low)


def test_what_must_and_must_not_be_built_bounds_the_levels():
    ac, bd, ad = line().candidates
    fixed = (dataclasses.replace(ac, fixed="in"), bd, dataclasses.replace(ad, fixed="out"))
    tracer, _ = listing(problem=line(candidates=fixed))
    assert tracer.new_region(1e12).whole == LevelBox((-16,), (-3,))
    fixed = (ac, dataclasses.replace(bd, fixed="out"), ad)
    tracer, _ = listing(problem=line(candidates=fixed), axes="three_way")
    assert tracer.new_region(1e12).whole == LevelBox((2, 0), (9, 5))


@pytest.mark.parametrize(("bound", "least"), [(None, 0), (2.4, 3), (-1.5, 0), (3.0, 3)])
def test_the_least_cost_is_asked_where_nothing_is_no_plan(bound, least, monkeypatch):
    monkeypatch.setattr(tracer_module, "time", SimpleNamespace(monotonic=lambda: 100.0))
    problem = line(targets=(Target("small", 5),))
    tracer, asker = listing((None, bound), problem=problem)
    assert tracer.new_region(107.0).whole == LevelBox((-16,), (-least,))
    assert asker.asked == [(Question(None, (0,), cheapest=True), 7.0, 0.0)]
    tracer, asker = listing((None, bound), problem=problem)
    tracer.new_region(190.0)
    assert asker.asked[0][1] == 20.0


def test_a_problem_without_a_plan_has_no_frontier():
    tracer, _ = listing((None, None, {"empty": True}), problem=line(targets=(Target("small", 5),)))
    with pytest.raises(InfeasibleError, match="no plan meets the constraints"):
        tracer.new_region(1e12)


# ---- the next question


def test_the_ends_are_asked_first_then_the_middle_of_the_widest_box_until_there_are_enough_points():
    tracer, _ = listing(limits=Limits(points=3))
    tracer.state.region = region = ProvenRegion((-16,), (0,))
    assert tracer.next_level(LATER) == (-16,)
    region.settle((-16,), (-12,))
    assert tracer.next_level(LATER) == (0,)
    region.settle((-1,), (0,))
    assert tracer.next_level(LATER) == (-7,)
    tracer.state.places |= {(0, 1), (1, 2)}
    assert tracer.next_level(LATER) == (-7,)
    tracer.state.places |= {(2, 3)}
    assert tracer.next_level(LATER) is None
    tracer.state.places -= {(2, 3)}
    region.settle((-11,), (-2,))
    assert tracer.next_level(LATER) is None


@pytest.mark.parametrize(("known", "level"), [(63, (-7,)), (64, (-11,))])
def test_where_all_points_are_asked_for_the_easy_ends_of_boxes_come_after_a_while(known, level):
    tracer, _ = listing(limits=Limits(points=0))
    tracer.state.region = region = ProvenRegion((-16,), (0,))
    region.settle((-16,), (-12,))
    region.settle((-1,), (0,))
    tracer.state.places |= {(k, k) for k in range(known)}
    assert tracer.next_level(LATER) == level
    many, _ = listing(limits=Limits(points=99))
    many.state.region = region
    many.state.places |= tracer.state.places
    assert many.next_level(LATER) == (-7,)


def test_a_grid_has_equal_steps_from_the_hardest_level_and_skips_what_is_settled():
    tracer, _ = listing(limits=Limits(points=5, placing="even"))
    tracer.state.region = region = ProvenRegion((-16,), (0,))
    assert list(tracer.grid()) == [(0,), (-4,), (-8,), (-12,), (-16,)]
    tracer.state.start = (-9,)
    assert list(tracer.grid()) == [(0,), (-2,), (-4,), (-6,), (-9,)]
    region.settle((-16,), (-9,))
    region.settle((-3,), (0,))
    assert tracer.next_level(LATER) == (-4,)
    region.settle((-8,), (-4,))
    assert tracer.next_level(LATER) is None


@pytest.mark.parametrize(
    ("points", "first", "second"),
    [
        (1, [9, 3], [9, 0]),
        (4, [9, 3], [9, 0]),
        (5, [9, 6, 3], [9, 5, 0]),
        (0, [9, 9, 8, 7, 6, 5, 4, 3], [9, 8, 7, 6, 4, 3, 2, 0]),
    ],
)
def test_a_grid_of_two_groups_has_as_many_steps_along_each(points, first, second):
    tracer, _ = listing(limits=Limits(points=points, placing="even"), axes="three_way")
    tracer.state.region = ProvenRegion((3, 0), (9, 9))
    assert list(tracer.grid()) == list(itertools.product(first, second))


# ---- endings and faults


def iterated(tracer, region, levels):
    """Let a tracer ask these levels of a region, one after the other."""
    levels = iter(levels)
    kind = type(tracer)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kind, "new_region", lambda _self, _end: region)
        patch.setattr(kind, "next_level", lambda _self, _end: next(levels, None))
        return list(tracer)


def test_a_place_that_was_found_before_is_no_further_point():
    answers = [(("ac",), 14.0), (None, None)]
    tracer, _ = listing(*answers * 2, *[(("ac", "bd"), 18.0), (None, None)])
    points = iterated(tracer, ProvenRegion((-16,), (0,)), [(-5,), (-4,), (-9,)])
    assert [point.place for point in points] == [(3, 14), (7, 18)]
    assert tracer.state.places == {(3, 14), (7, 18)}
    assert len(tracer.state.points) == 3


def test_each_question_has_what_is_left_of_the_whole_time(monkeypatch):
    """The run begins at 100 and may take 30 s; the second level begins 18 s later."""
    now = [100.0]
    monkeypatch.setattr(tracer_module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    limits = Limits(points=0, point_s=20.0, total_s=30.0)
    tracer, asker = listing(*[(None, None)] * 5, limits=limits)

    def levels():
        for at, level in ((100.0, -5), (118.0, -4), (129.5, -3), (130.0, -2)):
            now[0] = at
            yield (level,)

    assert iterated(tracer, ProvenRegion((-16,), (0,)), levels()) == []
    assert [seconds for _, seconds, _ in asker.asked] == [20.0, 12.0, 0.5]
    assert tracer.state.ended == "time"


@pytest.mark.parametrize(
    ("known", "unsettled", "open_boxes", "ended"),
    [
        (True, 0, False, "complete"),
        (True, 1, False, "time"),
        (False, 0, False, "time"),
        (True, 0, True, "points"),
    ],
)
def test_a_tracing_is_complete_where_nothing_is_open(known, unsettled, open_boxes, ended):
    tracer, _ = listing((("ac",), 14.0 if known else 15.0), (None, None))
    tracer.answer((-16,), (0,), [(-5,)])
    region = tracer.state.region
    tracer.state.unsettled = unsettled
    if not open_boxes:
        region.boxes = []
    assert tracer.ending() == ended


@pytest.mark.parametrize(
    ("reason", "is_fault"),
    [
        ("crash", True),
        ("memory", True),
        ("killed", True),
        ("refused", True),
        ("time", False),
        ("answered", False),
    ],
)
def test_failures_are_noted_and_not_stored_and_other_answers_are(reason, is_fault):
    kept = []
    tracer, asker = listing(
        *[(None, None, {"reason": reason, "message": f"m{k}"}) for k in range(6)],
        memory=Memory(keep=kept.append),
    )
    for k in range(5):
        tracer.answer_of(money(k), 1.0)
    assert tracer.state.faults == [f"{reason}: m{k}" for k in range(5) if is_fault]
    assert len(kept) == (0 if is_fault else 5)
    assert (tracer.state.answers, len(asker.asked), asker.known) == (5, 5, [])
    if is_fault:
        with pytest.raises(SolverError, match="failed repeatedly"):
            tracer.answer_of(money(9), 1.0)
    else:
        tracer.answer_of(money(9), 1.0)
    assert tracer.state.answers == 6


def test_a_stored_answer_without_a_plan_tells_the_asker_nothing():
    question = money(4)
    for built, known in ((None, []), (("ac",), [("ac",)]), ((), [()])):
        stored = Answer(question, built, None, empty=False, seconds=0.0, whole_seconds=0.0, warm=True)
        tracer, asker = listing(memory=Memory(recall={question: stored}.get))
        assert tracer.answer_of(question, 1.0) is stored
        assert (asker.known, asker.asked, tracer.state.answers) == (known, [], 0)


def test_a_plan_that_breaks_a_rule_is_the_fault_of_the_solver():
    tracer, _ = listing((("ac", "bd"), 18.0), problem=line(excludes=(("ac", "bd"),)))
    with pytest.raises(SolverError, match="violates a rule") as caught:
        tracer.answer((-16,), (0,), [(-9,)])
    assert len(caught.value.faults) == 1


@pytest.mark.parametrize("before", [0, 1])
def test_a_fault_before_the_first_point_is_an_error_and_after_it_an_ending(before):
    wrong = (("ac", "bd"), 18.0)
    tracer, _ = listing(
        *[(("ac",), 14.0), (None, None)] * before, wrong, problem=line(excludes=(("ac", "bd"),))
    )
    if before:
        assert len(iterated(tracer, ProvenRegion((-16,), (0,)), [(-5,), (-9,)])) == 1
        assert (tracer.state.ended, len(tracer.state.faults)) == ("failed", 1)
    else:
        with pytest.raises(SolverError, match="violates a rule"):
            iterated(tracer, ProvenRegion((-16,), (0,)), [(-9,)])


def test_without_a_point_the_failures_of_the_solver_are_an_error():
    crash = (None, None, {"reason": "crash", "message": "m"})
    tracer, _ = listing(crash)
    with pytest.raises(SolverError, match="before the first point") as caught:
        iterated(tracer, ProvenRegion((-16,), (0,)), [(-9,)])
    assert tuple(caught.value.faults) == ("crash: m",)
    tracer, _ = listing(crash, (("ac",), 14.0), (None, None))
    assert len(iterated(tracer, ProvenRegion((-16,), (0,)), [(-9,), (-5,)])) == 1


def test_plans_with_circuits_and_starts_are_evaluated_with_them():
    tracer, _ = listing(problem=phased())
    answer = Answer(
        money(9), ("fast",), None, empty=False, seconds=0.0, whole_seconds=0.0, warm=True, starts={"fast": 1}
    )
    assert tracer.plan_of(answer).starts == {"fast": 1}
    assert tracer.plan_of(dataclasses.replace(answer, built=None, starts={})).built == ()


def test_bounds_of_the_second_stage_count_neither_with_periods_nor_for_least_costs():
    for problem, known in ((line(), [(-2,)]), (phased(), [])):
        tracer, _ = listing(problem=problem)
        tracer.state.region = ProvenRegion((-16,), (0,))
        plan = tracer.asker.evaluate(["fast"] if known == [] else ["ac"])
        answer = Answer(money(5), None, 2.5, empty=False, seconds=0.0, whole_seconds=0.0, warm=True)
        tracer.record_second_bound(money(5), plan, answer)
        assert tracer.state.region.bounded() == known


def test_limits_and_the_number_of_threads_have_defaults():
    assert Limits() == Limits(points=40, placing="widest", gap=0.0, point_s=60.0, total_s=1200.0)
    with tracing(line()) as tracer:
        assert (tracer.asker.threads, tracer.asker.seed, tracer.limits) == (cores(), 1, Limits())
        assert isinstance(tracer.asker, SessionAsker)
    with tracing(ringed(), seed=4, threads=2) as tracer:
        assert (tracer.asker.threads, tracer.asker.seed) == (2, 4)
        assert isinstance(tracer.asker, SolveAsker)
