"""Count the cities that a plan covers as a whole."""

from __future__ import annotations

from collections.abc import Mapping

from optimiser.job.model import Job
from optimiser.job.sections import TIERS
from optimiser.problem import DesignProblem
from optimiser.report.city_cover import CityCover, TierCities
from optimiser.verify import Plan
from optimiser.verify.rules import covered_cities
from optimiser.verify.times import covered, pair_times


def city_cover(problem: DesignProblem, plan: Plan, job: Job, names: Mapping[str, str]) -> CityCover | None:
    """Return which cities are covered today, with the plan and with everything built.

    Parameters
    ----------
    problem, plan
        What was solved and found.
    job
        The job.
    names
        Names of cities by id.

    Returns
    -------
    CityCover or None
        None where the job counts no cities.
    """
    if not problem.cities:
        return None
    everything = [c.id for c in problem.candidates if c.fixed != "out"]
    pairs = {k for k, yes in enumerate(covered(problem, pair_times(problem, everything))) if yes}
    best = {problem.cities[i].id for i in covered_cities(problem, pairs)}
    tiers = tuple(
        _tier(problem, plan, tier, best, names)
        for tier in TIERS
        if any(city.group == tier for city in problem.cities)
    )
    return CityCover(meaning(job), tiers)


def meaning(job: Job) -> str:
    """Return in words when a city is covered."""
    asked = job.city_coverage
    share = "all" if asked.share == 1 else f"{100 * asked.share:g} %"
    which = "its pairs" if asked.pairs == "all" else "its pairs with core cities"
    return f"{share} of {which} within the limit"


def _tier(
    problem: DesignProblem, plan: Plan, tier: str, best: set[str], names: Mapping[str, str]
) -> TierCities:
    mine = [city.id for city in problem.cities if city.group == tier]
    before, after = set(plan.cities_before), set(plan.cities)
    return TierCities(
        tier=tier,
        cities=len(mine),
        before=sum(name in before for name in mine),
        after=sum(name in after for name in mine),
        all_built=sum(name in best for name in mine),
        gained=tuple(names.get(name, name) for name in mine if name in after - before),
    )
