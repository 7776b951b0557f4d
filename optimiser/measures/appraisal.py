"""Appraise each link of a plan, and the plan as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from optimiser.measures.cost_overruns import CostRange, CostRisk, ReferenceClass, class_of, sum_of
from optimiser.measures.gains import Gains, People, gains
from optimiser.measures.marginal import LinkValue, link_values
from optimiser.measures.valuation import Valuer, sorted_plan
from optimiser.measures.value_of_time import break_even
from optimiser.problem import Candidate


@dataclass(frozen=True, slots=True)
class Assumptions:
    """Assumptions of an appraisal that the problem does not contain.

    Attributes
    ----------
    costs
        Low, central and high cost by id; a candidate that is missing has its cost in the problem for all
        three.
    classes
        Reference class by id; a candidate that is missing has that of its kind.
    correlation
        Correlation of the overruns of every two links, 0 to 1.
    trips
        Trips per year of each pair; None: no break-even value of time is computed.
    rate, years
        Discount rate per year, and years over which time is saved.
    """

    costs: Mapping[str, CostRange] = field(default_factory=dict)
    classes: Mapping[str, ReferenceClass] = field(default_factory=dict)
    correlation: float = 0.0
    trips: Sequence[float] | NDArray[np.float64] | None = None
    rate: float = 0.05
    years: int = 30

    def cost_of(self, candidate: Candidate) -> CostRange:
        """Return the cost of a candidate as a range."""
        return self.costs.get(candidate.id, CostRange(candidate.cost, candidate.cost, candidate.cost))

    def class_of(self, candidate: Candidate) -> ReferenceClass:
        """Return the reference class of a candidate."""
        return self.classes.get(candidate.id) or class_of(candidate.kind)

    def value_of_time(self, cost: int, gained: Gains) -> float | None:
        """Return the break-even value of time, money per hour; None without trips."""
        if self.trips is None:
            return None
        return break_even(cost, gained.seconds, self.trips, rate=self.rate, years=self.years)


@dataclass(frozen=True, slots=True)
class LinkAppraisal:
    """Appraisal of one link of a plan.

    Attributes
    ----------
    id
        Id of the candidate.
    cost
        Low, central, high.
    reference
        Reference class of its overruns.
    risk
        Distribution of the cost with overruns, from the central estimate.
    value
        Weight covered alone, and on top of the other links.
    gains
        Gains on top of the other links.
    cost_per_person
        Central cost per person brought within the limit on top of the others; None when it brings nobody.
    break_even
        Value of time at which the time saved on top of the others pays for it, money per hour; None without
        trips.
    """

    id: str
    cost: CostRange
    reference: ReferenceClass
    risk: CostRisk
    value: LinkValue
    gains: Gains
    cost_per_person: Fraction | None
    break_even: float | None


@dataclass(frozen=True, slots=True)
class PlanAppraisal:
    """Appraisal of a plan.

    Attributes
    ----------
    links
        Its links, sorted by id.
    cost
        Low, central and high cost, each summed.
    risk
        Distribution of the cost with overruns.
    gains
        Gains compared with nothing built.
    value
        Weight covered on top of what is covered with nothing built.
    cost_per_person
        Central cost per person brought within the limit; None when the plan brings nobody.
    break_even
        Value of time at which the plan pays for itself, money per hour; None without trips.
    """

    links: tuple[LinkAppraisal, ...]
    cost: CostRange
    risk: CostRisk
    gains: Gains
    value: int
    cost_per_person: Fraction | None
    break_even: float | None


def appraise(
    valuer: Valuer, built: Iterable[str], people: People, assumptions: Assumptions | None = None
) -> PlanAppraisal:
    """Appraise each link of a plan, and the plan as a whole.

    Parameters
    ----------
    valuer
        The prepared problem.
    built
        Ids of the plan.
    people
        People living at each node, [n]; 0 at nodes that are no places. See `gains`.
    assumptions
        None: the costs of the problem, and reference classes by kind.

    Raises
    ------
    ProblemError
        When an id is unknown or occurs twice, or an array does not fit the problem.
    """
    problem, given = valuer.problem, assumptions or Assumptions()
    names = sorted_plan(problem, built)
    values = link_values(valuer, names)
    nothing, whole = valuer.times(()), valuer.times(names)
    links = []
    for name, without in valuer.times_without(names, whole):
        candidate = problem.candidates[problem.index[name]]
        links.append(_link(candidate, given, values[name], gains(problem, without, whole, people)))
    gained = gains(problem, nothing, whole, people)
    cost = sum((link.cost for link in links), CostRange(0, 0, 0))
    return PlanAppraisal(
        links=tuple(links),
        cost=cost,
        risk=sum_of((link.risk for link in links), correlation=given.correlation),
        gains=gained,
        value=valuer.value(names) - valuer.value(()),
        cost_per_person=_per_person(cost.central, gained),
        break_even=given.value_of_time(cost.central, gained),
    )


def _link(candidate: Candidate, given: Assumptions, value: LinkValue, gained: Gains) -> LinkAppraisal:
    cost, reference = given.cost_of(candidate), given.class_of(candidate)
    return LinkAppraisal(
        id=candidate.id,
        cost=cost,
        reference=reference,
        risk=reference.risk(cost.central),
        value=value,
        gains=gained,
        cost_per_person=_per_person(cost.central, gained),
        break_even=given.value_of_time(cost.central, gained),
    )


def _per_person(cost: int, gained: Gains) -> Fraction | None:
    return Fraction(cost, gained.people_brought) if gained.people_brought else None
