"""Appraise each link of a plan, and the plan as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, inf, log, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.search.paths import UNREACHED, Floats, Integers
from optimiser.measures.equity import Numbers
from optimiser.measures.order import MarginalValues
from optimiser.measures.valuation import Valuer
from optimiser.problem import DesignProblem


@dataclass(frozen=True, slots=True)
class Appraisal:
    """Appraisal of a link or of a plan.

    Attributes
    ----------
    cost
        Low, central, high; of a plan the sums over its links.
    risk
        Distribution of the cost with overruns, from the central estimate.
    gains
        Gains of a link on top of the others, of a plan compared with nothing built.
    alone, last
        Weight covered when this alone is built, and lost when this alone is left out of the plan. A link with
        `last` above `alone` needs the others (complements); below, they can replace it (substitutes).
    """

    cost: CostRange
    risk: CostRisk
    gains: Gains
    alone: int
    last: int


def appraise(
    valuer: Valuer,
    built: Iterable[str],
    people: Sequence[int] | NDArray[np.int64],
    *,
    costs: Mapping[str, CostRange],
    classes: Mapping[str, ReferenceClass],
    correlation: float,
) -> tuple[Appraisal, dict[str, Appraisal]]:
    """Appraise a plan as a whole, and each link of it, by id.

    Parameters
    ----------
    valuer
        The prepared problem.
    built
        Ids of the plan.
    people
        People living at each node, [n]; 0 at nodes that are no places. See `gains`.
    costs, classes
        Low, central and high cost, and reference class, of each candidate of the plan, by id.
    correlation
        Correlation of the overruns of every two links, 0 to 1.
    """
    names = tuple(sorted(built))
    values, nothing, whole = MarginalValues.of(valuer, names), valuer.times(()), valuer.times(names)
    alone, last = values.gains((), names), values.losses(names, names)
    links = {
        name: Appraisal(
            costs[name],
            classes[name].risk(costs[name].central),
            gains(valuer.problem, without, whole, people),
            alone[name],
            last[name],
        )
        for name, without in valuer.times_without(names, whole)
    }
    value = valuer.value(names) - valuer.value(())
    plan = Appraisal(
        sum((link.cost for link in links.values()), CostRange(0, 0, 0)),
        sum_of((link.risk for link in links.values()), correlation=correlation),
        gains(valuer.problem, nothing, whole, people),
        value,
        value,
    )
    return plan, links


@dataclass(frozen=True, slots=True)
class Gains:
    """Gains of all pairs, or of those of a tier; a place that gains by several of them counts once.

    Attributes
    ----------
    faster
        Pairs that become faster, those joined for the first time among them.
    brought
        Pairs that come within their limits.
    people
        People of the places for which a pair becomes faster.
    people_brought
        People of the places for which a pair comes within its limit.
    seconds
        Of all pairs: seconds saved by each, in the order of the problem; 0 for one that had no path before.
    tiers
        Of all pairs: the gains by tier, sorted.
    """

    faster: int
    brought: int
    people: int
    people_brought: int
    seconds: tuple[int, ...] = ()
    tiers: Mapping[str, Gains] = field(default_factory=dict)

    @property
    def minutes(self) -> float:
        """Return the minutes saved, summed over the pairs that had a path, each pair counted once."""
        return sum(self.seconds) / 60


def gains(
    problem: DesignProblem, before: Integers, after: Integers, people: Sequence[int] | NDArray[np.int64]
) -> Gains:
    """Return the gains when the times of pairs fall.

    Parameters
    ----------
    problem
        The problem.
    before, after
        int64 [K], seconds, from `Valuer.times`.
    people
        People living at each node, [n]. A pair counts for its end with fewer people (of equal ends the
        destination), as does its tier: a link to a capital does not benefit everybody who lives there.
    """
    number = np.asarray(people, dtype=np.int64)

    def counts(faster: Sequence[int]) -> tuple[int, int, int, int]:
        brought = [k for k in faster if after[k] <= problem.pairs[k].limit < before[k]]
        people, people_brought = (_people_of(problem, ks, number) for ks in (faster, brought))
        return len(faster), len(brought), people, people_brought

    every = np.flatnonzero(after < before).tolist()
    tiers = {
        tier: Gains(*counts([k for k in every if problem.pairs[k].group == tier])) for tier in problem.groups
    }
    return Gains(*counts(every), tuple(np.where(before < UNREACHED, before - after, 0).tolist()), tiers)


def _people_of(problem: DesignProblem, ks: Iterable[int], people: NDArray[np.int64]) -> int:
    places = set()
    for k in ks:
        one, other = problem.pairs[k].origin, problem.pairs[k].destination
        places.add(one if people[one] < people[other] else other)
    return sum(int(people[place]) for place in places)


@dataclass(frozen=True, slots=True, order=True)
class CostRange:
    """Three estimates of one cost, whole units of money, 0 <= low <= central <= high."""

    low: int
    central: int
    high: int

    def __add__(self, other: CostRange) -> CostRange:
        """Add low to low, central to central, high to high, as if all estimates erred in the same way."""
        return CostRange(self.low + other.low, self.central + other.central, self.high + other.high)


@dataclass(frozen=True, slots=True)
class ReferenceClass:
    """Overruns of completed projects of one kind, in constant prices, as shares of the estimate.

    Attributes
    ----------
    name
        Kind of project.
    mean, deviation
        Mean and standard deviation of the overrun: 0.2 is a fifth above the estimate at the decision to
        build.
    projects
        Size of the sample.
    kinds
        First words of the kinds of candidates that belong to it.

    Notes
    -----
    Flyvbjerg, Holm and Buhl (2002), Underestimating costs in public works projects, Journal of the American
    Planning Association 68, 279-295; and the same (2003), How common and how large are cost overruns in
    transport infrastructure projects?, Transport Reviews 23, 71-88: 258 projects in 20 nations, built 1927 to
    1998.
    """

    name: str
    mean: float
    deviation: float
    projects: int
    kinds: tuple[str, ...] = ()

    def risk(self, cost: float) -> CostRisk:
        """Return the distribution of the actual cost of a project with this estimate, >= 0."""
        return CostRisk((1 + self.mean) * cost, self.deviation * cost)


RAIL = ReferenceClass("rail", 0.447, 0.384, 58, ("rail", "metro"))
FIXED_LINKS = ReferenceClass("fixed links", 0.338, 0.624, 33, ("bridge", "tunnel"))
ROADS = ReferenceClass("roads", 0.204, 0.299, 167, ("road", "expressway"))
ALL_PROJECTS = ReferenceClass("all projects", 0.276, 0.387, 258)
CLASSES = (RAIL, FIXED_LINKS, ROADS, ALL_PROJECTS)


def class_of(kind: str) -> ReferenceClass:
    """Return the reference class of a kind of candidate; all projects when the kind is unknown.

    Parameters
    ----------
    kind
        Label such as `road` or `rail-upgrade`; only the part before the first space, hyphen, underscore or
        colon counts.
    """
    word = re.split("[-_: ]", kind.lower())[0]
    return next((one for one in CLASSES if word in one.kinds), ALL_PROJECTS)


@dataclass(frozen=True, slots=True)
class CostRisk:
    """Distribution of a cost, assumed lognormal: never below 0, with a long right tail.

    Attributes
    ----------
    mean, deviation
        Mean and standard deviation, units of money.

    Notes
    -----
    The sources give only mean and deviation; the lognormal distribution with these two moments is an
    assumption made here. With s^2 = ln(1 + deviation^2 / mean^2), the logarithm of the cost is normal with
    deviation s about ln(mean) - s^2 / 2 (Aitchison and Brown 1957, The Lognormal Distribution, chapter 2).
    """

    mean: float
    deviation: float

    def quantile(self, chance: float) -> float:
        """Return the amount of money that suffices with this probability, above 0 and below 1."""
        if self.deviation == 0:
            return self.mean
        spread = sqrt(log(1 + (self.deviation / self.mean) ** 2))
        return exp(log(self.mean) - spread**2 / 2 + spread * NormalDist().inv_cdf(chance))


def sum_of(risks: Iterable[CostRisk], *, correlation: float = 0.0) -> CostRisk:
    r"""Return the distribution of a sum of costs.

    Parameters
    ----------
    risks
        The costs.
    correlation
        Correlation of every two costs, from 0 (independent) to 1 (all err in the same way).

    Notes
    -----
    Mean and variance are exact, :math:`(1 - \rho) \sum_i s_i^2 + \rho (\sum_i s_i)^2`; that the sum is again
    lognormal is the approximation of Fenton (1960), The sum of log-normal probability distributions.
    """
    parts = list(risks)
    alone = sum(part.deviation**2 for part in parts)
    together = sum(part.deviation for part in parts) ** 2
    variance = (1 - correlation) * alone + correlation * together
    return CostRisk(float(sum(part.mean for part in parts)), sqrt(variance))


HOUR_S = 3600


def annuity(rate: float, years: int) -> float:
    """Return the present value of 1 per year, paid at the end of each year.

    Parameters
    ----------
    rate
        Discount rate per year, >= 0: 0.05 is 5 %.
    years
        Number of years, >= 1.

    Notes
    -----
    (1 - (1 + r)^-n) / r, and n without discounting.
    """
    return (1 - (1 + rate) ** -years) / rate if rate > 0 else float(years)


def break_even(
    cost: float,
    seconds: Sequence[int],
    trips: Sequence[float] | NDArray[np.float64],
    *,
    rate: float,
    years: int,
) -> float:
    """Return the value of time at which the value of the time saved equals the cost.

    Parameters
    ----------
    cost
        Money, spent at the start.
    seconds
        Seconds saved per trip by each pair.
    trips
        Trips per year of each pair, >= 0.
    rate
        Discount rate per year.
    years
        Years over which time is saved.

    Returns
    -------
    float
        Money per hour; infinity when there is a cost and no time is saved, 0 when there is no cost.

    Notes
    -----
    The value of time at which the net present value is 0, with the same trips every year and no new ones.
    """
    hours = float(np.dot(np.asarray(seconds, dtype=np.float64), np.asarray(trips, dtype=np.float64))) / HOUR_S
    present = hours * annuity(rate, years)
    if cost == 0:
        return 0.0
    return cost / present if present > 0 else inf


def gravity_trips(ends: NDArray[np.int64], seconds: Floats, people: Numbers, *, per_person: float) -> Floats:
    r"""Return an estimate of the trips of each pair, per year, both directions together.

    Parameters
    ----------
    ends
        int64 [K, 2]: two places per pair.
    seconds
        float64 [K], today, infinity where no path joins a pair, which has no trips then; nor has a pair of a
        place with itself.
    people
        People of each place.
    per_person
        Trips per year that each inhabitant makes, >= 0.

    Notes
    -----
    A singly constrained gravity model (Wilson 1967, A statistical theory of spatial distribution models,
    Transportation Research 1): the trips of a place are distributed over its partners in proportion to their
    people divided by the time,

    .. math:: T_{ij} = t n_i \frac{n_j / s_{ij}}{\sum_k n_k / s_{ik}}

    The exponent 1 of time is an assumption; it is not fitted to counts.
    """
    number = np.asarray(people, dtype=np.float64)
    one, other = ends.T
    time = np.where(one != other, np.maximum(seconds, 1.0), np.inf)
    attraction = [number[there] / time for there in (other, one)]
    total = np.zeros(len(number))
    for place, attracted in zip((one, other), attraction, strict=True):
        np.add.at(total, place, attracted)
    rate = np.divide(per_person * number, total, out=np.zeros(len(number)), where=total > 0)
    found: Floats = rate[one] * attraction[0] + rate[other] * attraction[1]
    return found
