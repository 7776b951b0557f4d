"""Turn what a job demands of a plan into integers of the problem, and into words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Any, get_args

import pandas as pd

from optimiser.frontier.cases import LimitStep
from optimiser.job.model import Job, askable
from optimiser.job.sections import Alternative, CityCoverage, Phasing
from optimiser.measures.order import MarginalValues
from optimiser.measures.valuation import Valuer
from optimiser.problem import City, DesignProblem, Period, Target, errors
from optimiser.problem.model import TIERS, Counted, Instrument
from optimiser.proposals.prepare import root_weight
from optimiser.report.wording import join_names
from optimiser.verify import Plan
from optimiser.verify.rules import coverable, covered_cities

_PAIRS = {
    "core": "pairs of core cities",
    "secondary": "pairs whose smaller city is secondary",
    "small": "pairs with a small city",
}
_INSTRUMENTS: tuple[Instrument, ...] = get_args(Instrument.__value__)
AFTER = "after"
"""Name of the time of use after the last period."""
PARTS_OF_A_YEAR = 100
"""A factor counts present value in hundredths of a year: rounding it shifts no period by over two days."""


def with_demands(
    problem: DesignProblem,
    pairs: pd.DataFrame,
    cities: Any,  # noqa: ANN401 (a frame with or without geometry)
    job: Job,
) -> DesignProblem:
    """Return a problem with the cities, targets and caps that a job asks for.

    Parameters
    ----------
    problem
        The problem, its pairs with the weights that count.
    pairs
        One row a pair of the problem: `origin`, `destination` (rows of cities), `coverable` (bool).
    cities
        Table of cities: `city_id`, `tier`, `population`.
    job
        The job.

    Raises
    ------
    JobError
        When a share is asked of a tier that has no pairs or no cities.

    Notes
    -----
    A share is taken as the decimal number that is written, not as its nearest binary fraction: a target is
    ceil(share x weight of what can be covered), a cap floor(share x budget).
    """
    coverable = tuple(bool(yes) for yes in pairs["coverable"])
    counted = tuple(_cities(job.city_coverage, pairs, cities)) if job.city_coverage.weight else ()
    shares = list(_least_shares(job, problem, counted, coverable))
    missing = {"pairs": "no pair is", "cities": "no city that counts is"}
    faults = [
        f"{key}: {missing[of]} of the tier '{tier}'"
        for key, share, tier, of, total in shares
        if share and total is None
    ]
    errors.JobError.refuse(
        faults,
        "a least share is asked of a tier that is empty",
        done="No problem was written.",
        remedy="Remove the share, or move the thresholds of the tiers under [cities].",
    )
    targets = tuple(
        Target(tier, weight, of)
        for _, share, tier, of, total in shares
        if (weight := least_weight(share, total or 0))
    )
    caps = (
        (instrument, share.numerator * problem.budget // share.denominator)
        for instrument in _INSTRUMENTS
        if problem.budget is not None and (share := exact_share(getattr(job.caps, instrument))) < 1
    )
    cover = job.budget.cover if targets else "all"
    return problem.replace(cities=counted, targets=targets, caps=tuple(caps), cover=cover)


def _least_shares(
    job: Job, problem: DesignProblem, counted: Sequence[City], coverable: Sequence[bool]
) -> Iterator[tuple[str, float, str, Counted, int | None]]:
    """Yield each least share: its key, share, tier, what counts, and the weight that it is of.

    The weight is None where the tier is empty.
    """
    weights = weight_by_group(problem, (k for k, yes in enumerate(coverable) if yes))
    for tier in TIERS:
        yield f"least.{tier}", getattr(job.least, tier), tier, "pairs", weights.get(tier)
    for tier in TIERS:
        mine = [city for city in counted if city.group == tier]
        total = sum(city.weight for city in mine if is_coverable(city, coverable)) if mine else None
        key = f"least_{tier}"
        yield f"city_coverage.{key}", getattr(job.city_coverage, key), tier, "cities", total


def exact_share(share: float) -> Fraction:
    """Return a share as the decimal number that a user wrote: 0.9 is nine tenths."""
    return Fraction(repr(share))


def gains_alone(problem: DesignProblem) -> dict[str, int]:
    """Return the weight that each candidate alone brings within the limit, of those that bring any."""
    free = [one.id for one in problem.candidates if one.fixed != "out"]
    gains = MarginalValues.of(Valuer.of(problem), free).gains((), free)
    return {name: gain for name, gain in gains.items() if gain > 0}


def cost_of_best(problem: DesignProblem) -> int:
    """Return the cost of the candidate that alone brings the most weight for its money; 0 where none does."""
    costs = {one.id: one.cost for one in problem.candidates}
    ratios = {name: Fraction(gain, max(1, costs[name])) for name, gain in gains_alone(problem).items()}
    return costs[max(ratios, key=lambda name: (ratios[name], -costs[name], name))] if ratios else 0


def budgets_of(one: Alternative, budget: int | None) -> list[int]:
    """Return the budgets of an alternative in money, the smallest first; `budget` is that of the job."""
    return sorted({int(exact_share(part) * (budget or 0)) for part in one.budgets} | {*one.amounts})


def states_at_most(one: Alternative, budget: int | None) -> int:
    """Return how many plans an alternative asks for, at most."""
    return max(1, len(set(one.shares)) or len(budgets_of(one, budget)))


def most_money(job: Job, budget: int | None) -> int | None:
    """Return the most that the plan of a job or one of its alternatives may spend; None: any money."""
    if budget is None or any(one.shares for one in askable(job)):
        return None
    return max([budget, *(amount for one in askable(job) for amount in budgets_of(one, budget))])


def least_weight(share: float | Fraction, total: int) -> int:
    """Return the least integer weight that is at least a share of a total: ceil(share x total)."""
    share = exact_share(share) if isinstance(share, float) else share
    return -(-share.numerator * total // share.denominator)


def weight_by_group(problem: DesignProblem, pairs: Iterable[int]) -> dict[str, int]:
    """Return the weight of some pairs of a problem, by group."""
    found = dict.fromkeys(problem.groups, 0)
    for k in pairs:
        found[problem.pairs[k].group] += problem.pairs[k].weight
    return found


def is_coverable(city: City, coverable: Sequence[bool]) -> bool:
    """Tell whether a city is covered when every coverable pair is."""
    return sum(coverable[k] for k in city.pairs) >= city.need


def _cities(asked: CityCoverage, pairs: pd.DataFrame, cities: Any) -> Iterator[City]:  # noqa: ANN401 (as above)
    """Yield each city that has pairs which count, with how many of them it needs."""
    tiers = cities["tier"].astype(str).tolist()
    ends = list(zip(pairs["origin"].tolist(), pairs["destination"].tolist(), strict=True))
    for row, (name, people) in enumerate(zip(cities["city_id"], cities["population"], strict=True)):
        own = tuple(
            k
            for k, (a, b) in enumerate(ends)
            if row in (a, b) and (asked.pairs == "all" or tiers[b if row == a else a] == "core")
        )
        if own:
            yield City(
                id=str(name),
                weight=asked.weight * root_weight(int(people)),
                pairs=own,
                need=least_weight(asked.share, len(own)),
                group=tiers[row],
            )


def with_periods(problem: DesignProblem, asked: Phasing) -> DesignProblem:
    """Return a problem with the periods that a job asks for; unchanged where it asks for none.

    Parameters
    ----------
    problem
        A problem with a budget.
    asked
        The section of the job.
    """
    if not asked.names or problem.budget is None:
        return problem
    return problem.replace(
        candidates=tuple(replace(c, lead=lead_of(asked, c.kind)) for c in problem.candidates),
        periods=tuple(_periods(asked, problem.budget)),
    )


def discount_factor(start: int, years: int, rate: Fraction) -> int:
    """Return what a unit covered throughout a period counts for: its present value.

    Parameters
    ----------
    start
        Years from today to the begin of the period.
    years
        Length of the period.
    rate
        Discount rate a year.

    Returns
    -------
    int
        Hundredths of a year, rounded: 100 x the sum of (1 + rate)^-y over the years y = start + 1 to
        start + years, each counted at its end (the present value of an annuity).
    """
    value = sum((1 + rate) ** -y for y in range(start + 1, start + years + 1))
    return round(PARTS_OF_A_YEAR * value)


def period_budgets(shares: tuple[Fraction, ...], budget: int) -> tuple[int, ...]:
    """Return the money of each period; the sum up to each is its share of the budget, rounded down."""
    so_far = [0, *(int(share * budget) for share in accumulate(shares))]
    return tuple(after - before for before, after in pairwise(so_far))


def lead_of(asked: Phasing, kind: str) -> int:
    """Return the number of periods after which a candidate of a kind opens.

    Parameters
    ----------
    asked
        The section of the job.
    kind
        Kind of the candidate.

    Returns
    -------
    int
        The years to build it over those of a mean period, rounded; a half is rounded up. What is built in
        less than half a period counts as open in the period in which it is started.
    """
    key = f"{kind}_years"
    years = getattr(asked, key) if key in Phasing.model_fields else asked.other_years
    count, total = len(asked.lengths), sum(asked.lengths)
    return (2 * years * count + total) // (2 * total)


def delayed(asked: Phasing, delays: Mapping[str, int]) -> Phasing:
    """Return a section in which building takes some years longer, by kind of candidate.

    Parameters
    ----------
    asked
        The section of the job.
    delays
        Further years by kind; of kinds without a key of their own, which share `other_years`, the longest.
    """
    keys: dict[str, int] = {}
    for kind, years in delays.items():
        key = f"{kind}_years" if f"{kind}_years" in Phasing.model_fields else "other_years"
        keys[key] = max(keys.get(key, 0), years)
    return asked.model_copy(update={key: getattr(asked, key) + years for key, years in keys.items()})


def _periods(asked: Phasing, budget: int) -> Iterator[Period]:
    """Yield the periods, and the time of use after them where it counts."""
    rate, start = exact_share(asked.discount_rate), 0
    money = period_budgets(asked.exact_shares, budget)
    for name, years, amount in zip(asked.names, asked.lengths, money, strict=True):
        yield Period(name, amount, discount_factor(start, years, rate))
        start += years
    if asked.after_years:
        name = AFTER if AFTER not in asked.names else f"{AFTER} {asked.names[-1]}"
        yield Period(name, 0, discount_factor(start, asked.after_years, rate))


def limit_steps(job: Job) -> tuple[LimitStep, ...]:
    """Return the steps in which the pairs of a job count; empty: within the limit alone."""
    asked = zip(job.steps.shares, job.steps.later_s, strict=True)
    return tuple(LimitStep(exact_share(share), later_s) for share, later_s in asked)


def fairness_demands(job: Job) -> Iterator[str]:
    """Yield in words what a job demands of a plan for the sake of fairness; nothing without a budget."""
    if job.budget.unlimited:
        return
    if job.objective.kind == "max_min":
        yield "the share of the worst tier as high as it goes, then that of the next"
    for tier in TIERS:
        share = getattr(job.least, tier)
        if share:
            yield f"{100 * share:g} % of the {_PAIRS[tier]} that can be covered, by weight"
        cities = getattr(job.city_coverage, f"least_{tier}")
        if cities:
            yield f"{100 * cities:g} % of the {tier} cities that can be covered as a whole, by weight"
    factors = {tier: getattr(job.objective, tier) for tier in TIERS}
    if len(set(factors.values())) > 1:
        yield "weights of " + ", ".join(f"{tier} pairs times {factor}" for tier, factor in factors.items())
    if job.city_coverage.weight:
        yield f"cities covered as a whole to count as well as pairs, with factor {job.city_coverage.weight}"


def describe_objective(job: Job) -> str:
    """Return in words what the objective of a job with a budget adds up."""
    factors = {getattr(job.objective, tier) for tier in TIERS}
    parts = (
        "covered weight",
        " with the factors of the tiers" if factors != {1} else "",
        " of pairs and of cities" if job.city_coverage.weight else "",
        " in steps beyond the limit" if job.steps.shares else "",
    )
    more = ["rewards of rings"] if any(ring.reward for ring in job.rings) else []
    more += ["independence from the core"] if job.independence.counts_pairs else []
    found = join_names(["".join(parts), *more])
    return f"{found} over all periods, each with its factor" if job.phasing.names else found


def city_cover(
    problem: DesignProblem, plan: Plan, job: Job, names: Mapping[str, str]
) -> dict[str, Any] | None:
    """Return the cities that are covered today, with the plan and with everything built.

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
    dict or None
        None where the job counts no cities. `meaning`, when a city is covered, in words; `tiers`, largest
        cities first: `tier`, its `cities`, how many are covered `before`, `after` and with `all_built`, and
        the names of those that the plan covers (`gained`).
    """
    if not problem.cities:
        return None
    best = {problem.cities[i].id for i in covered_cities(problem, coverable(problem))}
    before, after = set(plan.cities_before), set(plan.cities)
    tiers = []
    for tier in TIERS:
        mine = [city.id for city in problem.cities if city.group == tier]
        today, now, most = (sum(city in state for city in mine) for state in (before, after, best))
        gained = tuple(names.get(city, city) for city in mine if city in after - before)
        if mine:
            counts = {"cities": len(mine), "before": today, "after": now, "all_built": most}
            tiers.append({"tier": tier, **counts, "gained": gained})
    asked = job.city_coverage
    share = "all" if asked.share == 1 else f"{100 * asked.share:g} %"
    which = "its pairs" if asked.pairs == "all" else "its pairs with core cities"
    return {"meaning": f"{share} of {which} within the limit", "tiers": tiers}
