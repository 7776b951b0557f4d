"""Shares of all pairs are answered by least costs with bounds, or by the most that can be."""

from __future__ import annotations

import dataclasses
import itertools
from fractions import Fraction

import pytest
from core_drawing import covered_by, dense_problem, line
from engine_running import HereProcess

from optimiser import verify
from optimiser.frontier import askers
from optimiser.frontier.axes import own_problem
from optimiser.frontier.reach import ReachRow, counted_axes, counting_problem, reach

SHARES = (Fraction(2, 5), Fraction(4, 5), Fraction(1))


@pytest.fixture(autouse=True)
def here(monkeypatch):
    monkeypatch.setattr(askers, "ChildProcess", HereProcess)


def answered(problem, *, shares=SHARES, groups=("core", "small")):
    return reach(counting_problem(problem), shares=shares, groups=groups, threads=1)


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
    counting = counting_problem(problem)
    assert (counting.caps, counting.targets, {p.weight for p in counting.pairs}) == ((), (), {1})
    assert by_row(answered(problem))["all", Fraction(4, 5)].point.cost == 7


def test_every_row_is_a_problem_of_its_own_whose_targets_count_pairs():
    problem = counting_problem(line())
    for row in answered(line()):
        if row.point is None or row.asked == 0:
            continue
        own = own_problem(problem, counted_axes(("core", "small")), row.point.asked)
        (target,) = own.targets
        assert (target.of, target.least, {city.weight for city in own.cities}) == ("cities", row.asked, {1})
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
    assert all(c.lead == 0 for c in counting_problem(line(candidates=(first, *others))).candidates)
    assert dataclasses.replace(first, lead=0) == first


@pytest.mark.parametrize(("bound", "status"), [(None, "open"), (6, "open"), (5, "open"), (4, "unreachable")])
def test_a_share_without_a_plan_is_unreachable_only_beyond_a_proven_bound(bound, status):
    row = ReachRow(group="all", total=9, today=1, most=4, most_bound=bound, share=Fraction(1, 2), asked=5)
    assert row.status == status
