"""Estimate what costs may grow to, from the overruns of comparable projects (reference classes)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, inf, log, sqrt
from statistics import NormalDist

from optimiser.problem.errors import ProblemError


@dataclass(frozen=True, slots=True, order=True)
class CostRange:
    """Three estimates of one cost, whole units of money, 0 <= low <= central <= high."""

    low: int
    central: int
    high: int

    def __post_init__(self) -> None:
        """Refuse estimates that are out of order."""
        if not 0 <= self.low <= self.central <= self.high:
            raise ProblemError(f"cost {self.low}, {self.central}, {self.high} is not in rising order from 0")

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

    def risk(self, cost: float) -> CostRisk:
        """Return the distribution of the actual cost of a project with this estimate, >= 0."""
        return CostRisk((1 + self.mean) * cost, self.deviation * cost)


RAIL = ReferenceClass("rail", 0.447, 0.384, 58)
FIXED_LINKS = ReferenceClass("fixed links", 0.338, 0.624, 33)
ROADS = ReferenceClass("roads", 0.204, 0.299, 167)
ALL_PROJECTS = ReferenceClass("all projects", 0.276, 0.387, 258)

CLASSES = {
    "rail": RAIL,
    "metro": RAIL,
    "bridge": FIXED_LINKS,
    "tunnel": FIXED_LINKS,
    "road": ROADS,
    "expressway": ROADS,
}
"""Reference class by the first word of a candidate's kind."""


def class_of(kind: str) -> ReferenceClass:
    """Return the reference class of a kind of candidate; all projects when the kind is unknown.

    Parameters
    ----------
    kind
        Label such as `road` or `rail-upgrade`; only the part before the first space, hyphen, underscore or
        colon counts.
    """
    word = kind.lower().replace("-", " ").replace("_", " ").replace(":", " ").split(" ")[0]
    return CLASSES.get(word, ALL_PROJECTS)


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

    def __post_init__(self) -> None:
        """Refuse moments that no cost has."""
        if not (0 <= self.mean < inf and 0 <= self.deviation < inf) or (self.mean == 0 < self.deviation):
            raise ProblemError(f"mean {self.mean} and deviation {self.deviation} are not those of a cost")

    def quantile(self, chance: float) -> float:
        """Return the amount of money that suffices with this probability.

        Parameters
        ----------
        chance
            Above 0 and below 1.

        Raises
        ------
        ProblemError
            When the probability is not between 0 and 1.
        """
        if not 0 < chance < 1:
            raise ProblemError(f"chance {chance} is not between 0 and 1")
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

    Raises
    ------
    ProblemError
        When the correlation is not between 0 and 1.

    Notes
    -----
    Mean and variance are exact, :math:`(1 - \rho) \sum_i s_i^2 + \rho (\sum_i s_i)^2`; that the sum is again
    lognormal is the approximation of Fenton (1960), The sum of log-normal probability distributions.
    """
    if not 0 <= correlation <= 1:
        raise ProblemError(f"correlation {correlation} is not between 0 and 1")
    parts = list(risks)
    alone = sum(part.deviation**2 for part in parts)
    together = sum(part.deviation for part in parts) ** 2
    variance = (1 - correlation) * alone + correlation * together
    return CostRisk(float(sum(part.mean for part in parts)), sqrt(variance))
