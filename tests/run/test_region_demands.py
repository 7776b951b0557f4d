"""On the embedded region plans shift as what is demanded of them says they must."""

from __future__ import annotations

from functools import cache

import pytest

from optimiser import verify
from optimiser.job import find
from optimiser.problem.jsonfile import LARGEST
from optimiser.run import solving
from optimiser.run.chain import Chain

INSTRUMENTS = {
    "gap": "barrier",
    "rail_frequency": "subsidy",
    "rail_link": "infrastructure",
    "rail_upgrade": "infrastructure",
    "road_link": "infrastructure",
    "road_upgrade": "infrastructure",
    "expressway_upgrade": "infrastructure",
    "rail_service": "subsidy",
    "check_in": "barrier",
    "timed_transfer": "barrier",
    "extra_stop": "barrier",
    "access": "infrastructure",
    "station": "infrastructure",
    "direct_expressway": "infrastructure",
    "rail_direct": "infrastructure",
    "express_service": "subsidy",
    "connecting_curve": "infrastructure",
}
LINKS_AND_TRAINS = (
    'candidates.kinds=["road_upgrade", "road_link", "gap", "rail_link", "rail_upgrade", "rail_service", '
    '"rail_frequency"]'
)
"""Kinds that are enough to see what a demand does; the whole toolbox takes several times as long."""


def chain(name, *settings):
    return Chain.of(find(name, settings=("solve.threads=1", *settings)))


@cache
def solved(name, *settings):
    """Return the problem of a job and its verified plan."""
    run = chain(name, LINKS_AND_TRAINS, *settings)
    result = solving.solve(run.design, run.loaded.job.solve)
    return run.design, verify.check(run.design, result)


def small(problem, plan, *, factor=1):
    """Return the covered weight of pairs with a small city, without the factor of the tier."""
    return plan.groups["small"].after // factor


def slack(plan):
    """Return by how much a plan may be below the best, as proven."""
    return int((plan.bound if plan.bound is not None else LARGEST) - plan.objective + 1e-6)


@pytest.mark.long
def test_every_kind_of_candidate_carries_its_instrument():
    found = chain("jing-jin-ji-links").candidates.value.table
    pairs = set(zip(found["kind"], found["instrument"], strict=True))
    assert pairs <= set(INSTRUMENTS.items())
    assert {instrument for _, instrument in pairs} == {"barrier", "infrastructure", "subsidy"}


@pytest.mark.long
@pytest.mark.rare
def test_doubling_the_weight_of_small_pairs_never_lowers_what_is_covered_of_them():
    # As in test_pricing, with what the two proofs leave open taken off.
    problem, plain = solved("jing-jin-ji-links", "budget.amount=16000")
    doubled, plan = solved("jing-jin-ji-links", "budget.amount=16000", "objective.small=2")
    open_ = slack(plain) + slack(plan)
    assert small(doubled, plan, factor=2) >= small(problem, plain) - open_


@pytest.mark.long
def test_a_least_share_for_small_pairs_is_met_and_costs_coverage_in_all():
    _, plain = solved("jing-jin-ji-links", "budget.amount=16000")
    problem, plan = solved("jing-jin-ji-links", "budget.amount=16000", "least.small=0.995")
    (target,) = problem.targets
    assert plan.groups["small"].after >= target.least > plain.groups["small"].after
    assert plan.objective <= plain.objective + slack(plain)


@pytest.mark.long
def test_full_cover_covers_every_coverable_pair_and_costs_more_than_a_tenth_of_everything():
    problem, plan = solved("jing-jin-ji-full")
    assert plan.coverage.after == plan.coverage.all_built
    assert (plan.status, plan.objective) == ("optimal", plan.cost)
    assert plan.cost > sum(candidate.cost for candidate in problem.candidates) // 10


@pytest.mark.long
def test_a_plan_in_periods_is_proven_and_never_loses_coverage_from_one_to_the_next():
    problem, plan = solved("jing-jin-ji-phased")
    assert [period.id for period in problem.periods] == ["2026-30", "2031-35", "2036-40", "after"]
    assert plan.gap is not None
    assert plan.gap <= 0.001
    assert list(plan.coverage_by_period) == sorted(plan.coverage_by_period)
    assert plan.coverage_by_period[0] > plan.coverage.before
