"""Shares of all pairs are answered by least costs with bounds, or by the most that can be."""

from __future__ import annotations

import dataclasses
import itertools
from fractions import Fraction

import pytest
from core_drawing import covered_by, dense_problem, line, side_line
from engine_running import HereProcess
from ring_drawing import leading, phased, ringed

from optimiser import verify
from optimiser.engine.search.task import Question
from optimiser.frontier import askers
from optimiser.frontier.askers import SessionAsker
from optimiser.frontier.axes import own_problem
from optimiser.frontier.point import Answer, FrontierEvaluator, Point
from optimiser.run.reach import ReachRow, _Group, _tightened, counted_axes, counting_problem, reach

SHARES = (Fraction(2, 5), Fraction(4, 5), Fraction(1))


@pytest.fixture(autouse=True)
def here(monkeypatch):
    monkeypatch.setattr(askers, "ChildProcess", HereProcess)


def answered(problem, *, shares=SHARES, groups=("core", "small")):
    return reach(counting_problem(problem, groups), shares=shares, groups=groups, threads=1)


def by_row(rows):
    return {(row.group, row.share): row for row in rows}


def least_cost(problem, wanted, group):
    """Try every plan; None where no plan covers so many pairs of a group."""
    costs = []
    for size in range(len(problem.candidates) + 1):
        for built in itertools.combinations(problem.candidates, size):
            ids = {candidate.id for candidate in built}
            if any(a in ids and b in ids for a, b in problem.excludes):
                continue
            covered = covered_by(problem, ids)
            mine = [yes for yes, p in zip(covered, problem.pairs, strict=True) if group in ("all", p.group)]
            if sum(mine) >= wanted:
                costs.append(sum(candidate.cost for candidate in built))
    return min(costs, default=None)


def test_each_share_costs_what_trying_every_plan_finds():
    problem = line()
    for row in answered(problem):
        true = least_cost(problem, row.asked, row.group)
        if row.status == "unreachable":
            assert true is None
        else:
            assert (row.point.cost, row.status) == (true, "optimal")


def test_a_share_out_of_reach_is_told_with_the_most_that_can_be():
    rows = by_row(answered(line()))
    whole = rows["all", Fraction(1)]
    assert (whole.status, whole.total, whole.today, whole.most, whole.most_bound) == (
        "unreachable",
        5,
        1,
        4,
        4,
    )
    last = rows["all", None]
    assert (last.asked, last.pairs, last.point.cost, last.status) == (4, 4, 7, "optimal")


def test_candidates_that_exclude_each_other_lower_the_most():
    rows = by_row(answered(line(excludes=(("ac", "bd"),))))
    assert rows["all", Fraction(1)].most_bound == 3
    assert rows["small", Fraction(1)].status == "unreachable"
    assert rows["small", None].most_bound == 1


def test_the_demands_of_a_job_do_not_count():
    problem = line(budget=1, caps=(("subsidy", 0),))
    counting = counting_problem(problem, ("core",))
    assert {p.group for p in counting.pairs} == {"core", ""}
    assert (counting.caps, counting.targets, {p.weight for p in counting.pairs}) == ((), (), {1})
    assert by_row(answered(problem))["all", Fraction(4, 5)].point.cost == 7


def test_every_row_is_a_problem_of_its_own_whose_targets_count_pairs():
    problem = counting_problem(line(), ("core", "small"))
    for row in answered(line()):
        if row.point is None or row.asked == 0:
            continue
        own = own_problem(problem, counted_axes(("core", "small")), row.point.asked)
        (target,) = own.targets
        assert (target.of, target.least) == ("cities" if row.group == "all" else "pairs", row.asked)
        assert verify.check(own, row.point.result(own.name)).cost == row.point.cost


def test_higher_shares_cost_no_less_and_have_no_lower_bounds():
    shares = tuple(Fraction(n, 10) for n in range(1, 11))
    problem = dense_problem(3)
    rows = [row for row in answered(problem, shares=shares, groups=()) if row.point is not None]
    costs, bounds = [row.point.cost for row in rows], [row.point.bound for row in rows]
    assert costs == sorted(costs)
    assert bounds == sorted(bounds)


def test_leads_of_candidates_are_left_out():
    first, *others = line().candidates
    assert all(c.lead == 0 for c in counting_problem(line(candidates=(first, *others)), ()).candidates)
    assert dataclasses.replace(first, lead=0) == first


@pytest.mark.parametrize(("bound", "status"), [(None, "open"), (6, "open"), (5, "open"), (4, "unreachable")])
def test_a_share_without_a_plan_is_unreachable_only_beyond_a_proven_bound(bound, status):
    row = ReachRow(group="all", total=9, today=1, most=4, most_bound=bound, share=Fraction(1, 2), asked=5)
    assert row.status == status


# ---- one group at a time, with a session that answers from a list


class Listed:
    """Stands for a session: notes each question, and answers with the next of a list."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def ask(self, question, *, seconds, gap):
        self.asked.append((question, seconds, gap))
        built, bound, changes = self.answers.pop(0)
        empty = changes.pop("empty", False)
        known = {"seconds": 1.5, "whole_seconds": 2.5, "warm": True, "nodes": 3, "cuts": 4, "solver": "s"}
        return Answer(question, built, bound, empty=empty, **(known | changes))


def group_of(place, *answers):
    """Return the questions about one group of the line, two of which cover nothing yet, and their asker."""
    groups = ("core", "small")
    axes, problem = counted_axes(groups), counting_problem(line(), groups)
    asker = Listed(*answers)
    asker.evaluate, asker.seed, asker.threads = FrontierEvaluator(problem, axes), 7, 3
    return _Group(place, asker, 0.25, 9.0), asker


def test_the_most_is_asked_first_then_each_share_and_at_the_end_the_most_that_can_be():
    group, asker = group_of(
        0,
        (("ac", "bd"), 4.2, {}),
        (("ac",), 2.0, {"reason": "time"}),
        (("ac", "bd"), 6.5, {}),
    )
    rows = group.rows((Fraction(2, 5), Fraction(9, 10), Fraction(1)))
    assert asker.asked == [
        (Question(None, (0, 0, 0), cheapest=False, rows=(0,)), 9.0, 0.0),
        (Question(None, (2, 0, 0), cheapest=True), 9.0, 0.25),
        (Question(None, (4, 0, 0), cheapest=True), 9.0, 0.25),
    ]
    assert [(row.share, row.asked, row.pairs) for row in rows] == [
        (Fraction(2, 5), 2, 3),
        (Fraction(9, 10), 5, None),
        (Fraction(1), 5, None),
        (None, 4, 4),
    ]
    assert {(row.group, row.total, row.today, row.most, row.most_bound) for row in rows} == {
        ("all", 5, 1, 4, 4)
    }
    assert [row.status for row in rows] == ["feasible", "unreachable", "unreachable", "optimal"]
    point = rows[0].point
    assert (point.asked, point.plan.built, point.bound, point.reason) == (
        asker.asked[1][0],
        ("ac",),
        2.0,
        "time",
    )
    assert (point.seconds, point.whole_seconds, point.warm, point.nodes, point.cuts) == (1.5, 2.5, True, 3, 4)
    assert (point.solver, point.seed, point.threads) == ("s", 7, 3)
    assert rows[3].point.reason != "time"


def test_each_group_is_asked_about_its_own_pairs():
    group, asker = group_of(2, (("ac",), 2.0, {}), (("ac",), 2.0, {}), (None, None, {}))
    rows = group.rows((Fraction(1, 2), Fraction(1)))
    assert [asked.least for asked, _, _ in asker.asked] == [(0, 0, 0), (0, 0, 1), (0, 0, 2)]
    assert asker.asked[0][0].rows == (2,)
    assert [(row.group, row.total, row.today, row.most, row.most_bound) for row in rows] == [
        ("small", 2, 0, 1, 2)
    ] * 2
    assert [(row.pairs, row.status) for row in rows] == [(1, "feasible"), (None, "open")]


@pytest.mark.parametrize(
    ("built", "bound", "most"),
    [
        (None, None, (1, None)),
        (None, 3.9, (1, 3)),
        (("ac",), None, (3, None)),
        (("ac",), 4.0, (3, 4)),
        (("ac",), 2.0, (3, 3)),  # a bound is never below a plan
    ],
)
def test_the_most_comes_with_a_bound_where_there_is_one(built, bound, most):
    group, _ = group_of(0, (built, bound, {}))
    assert group.most(1) == most


@pytest.mark.parametrize(
    ("known", "empty", "bound"), [(None, True, 2), (4, True, 2), (2, True, 2), (1, True, 1), (4, False, 4)]
)
def test_a_share_that_is_proved_to_be_out_of_reach_lowers_the_most(known, empty, bound):
    group, _ = group_of(0, (None, None, {"empty": empty}))
    row = ReachRow(group="all", total=5, today=1, most=1, most_bound=known, share=Fraction(3, 5), asked=3)
    found = group.answered(row)
    assert (found.most_bound, found.point, found.pairs) == (bound, None, None)


def test_rows_share_their_plans_across_groups_and_their_bounds_within_one():
    group, _ = group_of(0)

    def row(name, asked, built=None, bound=None):
        point = None
        if built is not None:
            question = Question(None, (asked, 0, 0), cheapest=True)
            answer = Answer(question, built, bound, empty=False, seconds=0.0, whole_seconds=0.0, warm=True)
            point = Point.of(answer, group.asker.evaluate(built), seed=1, threads=1)
        facts = {"total": 5, "today": 1, "most": 4, "most_bound": 4, "share": None}
        return ReachRow(group=name, asked=asked, point=point, pairs=9 if point else None, **facts)

    rows = [
        row("all", 2, ("ac", "ad"), 1.0),
        row("all", 3, ("ac", "bd"), 3.0),
        row("all", 3, ("ac", "bd"), 2.0),
        row("all", 4, ("ac", "bd"), None),
        row("all", 5),
        row("core", 2, ("ac",), 6.0),
    ]
    found = [_tightened(one, rows, group.asker.evaluate.axes) for one in rows]
    assert [one.point and (one.point.plan.built, one.point.bound, one.pairs) for one in found] == [
        (("ac",), 1.0, 3),
        (("ac",), 3.0, 3),
        (("ac",), 3.0, 3),
        (("ac", "bd"), 3.0, 4),
        None,
        (("ac",), 6.0, 2),
    ]
    assert found[4] is rows[4]
    alone = [row("all", 2, ("bd",)), row("all", 2, ("ac", "bd"), None)]
    assert _tightened(alone[1], alone, group.asker.evaluate.axes).point.bound is None


def test_every_row_is_told_once_before_the_end_and_the_session_gets_seed_and_threads(monkeypatch):
    told, made = [], []
    init = SessionAsker.__init__

    def noted(self, *args, **options):
        made.append(options)
        init(self, *args, **options)

    monkeypatch.setattr(SessionAsker, "__init__", noted)
    problem = counting_problem(line(), ("core",))
    rows = reach(problem, shares=SHARES, groups=("core",), seed=4, threads=2, notify=told.append)
    assert [(row.group, row.share) for row in told] == [(row.group, row.share) for row in rows]
    assert list(dict.fromkeys(row.group for row in rows)) == ["all", "core"]
    assert made == [{"seed": 4, "threads": 2}]
    assert {(row.point.seed, row.point.threads) for row in rows if row.point} == {(4, 2)}


def test_a_counting_problem_keeps_candidates_relations_and_pairs_and_nothing_a_job_asks_for():
    first, *others = side_line().candidates
    problem = side_line(candidates=(dataclasses.replace(first, lead=0), *others), budget=5)
    found = counting_problem(problem, problem.groups)
    assert (found.excludes, found.requires, found.capacities, found.budget) == (
        problem.excludes,
        problem.requires,
        problem.capacities,
        5,
    )
    assert (found.cover, found.caps, found.targets, found.cities, found.rings, found.periods) == (
        "all",
        (),
        (),
        (),
        (),
        (),
    )
    assert [(p.limit, p.weight) for p in found.pairs] == [(p.limit, 1) for p in problem.pairs]
    assert counting_problem(line(budget=None), ()).budget == 0
    late = leading(phased(), north=1)
    assert {c.lead for c in late.candidates} == {0, 1}
    assert {c.lead for c in counting_problem(late, ()).candidates} == {0}
    assert counting_problem(ringed(), ()).rings == ()
