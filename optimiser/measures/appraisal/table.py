"""Appraise every link of a plan, and the plan as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from optimiser.measures.appraisal.costs import CostRange
from optimiser.measures.appraisal.gains import Gains, People, gains_between
from optimiser.measures.appraisal.interplay import Interplay, interplay
from optimiser.measures.appraisal.overruns import CostRisk, ReferenceClass, class_of, sum_of
from optimiser.measures.appraisal.valuing import checked, valuer
from optimiser.measures.appraisal.worth import break_even
from optimiser.problem import Candidate, DesignProblem


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What an appraisal takes for granted beside the problem.

    Attributes
    ----------
    costs
        Low, central and high cost by id; a candidate that is not there has its cost in the problem as all
        three.
    classes
        Reference class by id; a candidate that is not there has that of its kind.
    correlation
        Of the overruns of every two links, 0 to 1.
    trips
        Trips of each pair, a year; None: no break-even value of time.
    rate, years
        Discount rate a year, and years over which time is saved.
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

    def value_of_time(self, cost: int, gains: Gains) -> float | None:
        """Return the break-even value of time, money an hour; None without trips."""
        if self.trips is None:
            return None
        return break_even(cost, gains.seconds, self.trips, rate=self.rate, years=self.years)


@dataclass(frozen=True, slots=True)
class LinkRow:
    """Appraisal of one link of a plan.

    Attributes
    ----------
    id, kind
        As in the problem.
    cost
        Low, central, high.
    reference
        Name of its reference class.
    risk
        Distribution of the cost with overruns, about the central estimate.
    interplay
        Weight covered alone and on top of the other links.
    alone, last
        Who gains from it alone (None where that was not asked for), and on top of the other links.
    cost_per_person
        Central cost per person brought within the limit on top of the others; None when it brings nobody.
    break_even
        Value of time at which what it saves on top of the others pays for it, money an hour; None without
        trips.
    """

    id: str
    kind: str
    cost: CostRange
    reference: str
    risk: CostRisk
    interplay: Interplay
    alone: Gains | None
    last: Gains
    cost_per_person: Fraction | None
    break_even: float | None


@dataclass(frozen=True, slots=True)
class PlanRow:
    """Appraisal of a plan as a whole.

    Attributes
    ----------
    cost
        Low, central, high, each summed.
    risk
        Distribution of the cost with overruns.
    gains
        Who gains.
    value
        Weight covered on top of what is covered with nothing built.
    cost_per_person
        Central cost per person brought within the limit; None when it brings nobody.
    break_even
        Value of time at which it pays for itself, money an hour; None without trips.
    """

    cost: CostRange
    risk: CostRisk
    gains: Gains
    value: int
    cost_per_person: Fraction | None
    break_even: float | None


@dataclass(frozen=True, slots=True)
class Appraisal:
    """The rows of a plan: its links sorted by id, and the whole."""

    links: tuple[LinkRow, ...]
    plan: PlanRow


def appraise(
    problem: DesignProblem,
    built: Iterable[str],
    people: People,
    assumptions: Assumptions | None = None,
    *,
    alone: bool = True,
) -> Appraisal:
    """Appraise every link of a plan, and the plan as a whole.

    Parameters
    ----------
    problem
        The problem.
    built
        Ids of the plan.
    people
        People living at each node, [n]; 0 at nodes that are no places. See `gains`.
    assumptions
        What is taken for granted; None: the costs of the problem, and classes by kind.
    alone
        Say too who gains from each link alone, which takes a search of everything a link.

    Raises
    ------
    ProblemError
        When an id is unknown or stands twice, or an array does not fit the problem.
    """
    names, given = checked(problem, built), assumptions or Assumptions()
    worth = valuer(problem)
    between = interplay(worth, names)
    nothing, whole = worth.times(()), worth.times(names)
    links = []
    for name, without in worth.times_without(names, whole):
        first = gains_between(problem, nothing, worth.times([name]), people) if alone else None
        last = gains_between(problem, without, whole, people)
        candidate = problem.candidates[problem.index[name]]
        links.append(_link_row(candidate, given, between[name], first, last))
    gained = gains_between(problem, nothing, whole, people)
    value = worth.value(names) - worth.value(())
    return Appraisal(tuple(links), _plan_row(links, given, gained, value))


def _link_row(
    candidate: Candidate, given: Assumptions, between: Interplay, alone: Gains | None, last: Gains
) -> LinkRow:
    cost, reference = given.cost_of(candidate), given.class_of(candidate)
    return LinkRow(
        id=candidate.id,
        kind=candidate.kind,
        cost=cost,
        reference=reference.name,
        risk=reference.risk(cost.central),
        interplay=between,
        alone=alone,
        last=last,
        cost_per_person=_per_person(cost.central, last),
        break_even=given.value_of_time(cost.central, last),
    )


def _plan_row(links: Sequence[LinkRow], given: Assumptions, gained: Gains, value: int) -> PlanRow:
    cost = sum((row.cost for row in links), CostRange(0, 0, 0))
    return PlanRow(
        cost=cost,
        risk=sum_of((row.risk for row in links), correlation=given.correlation),
        gains=gained,
        value=value,
        cost_per_person=_per_person(cost.central, gained),
        break_even=given.value_of_time(cost.central, gained),
    )


def _per_person(cost: int, gained: Gains) -> Fraction | None:
    return Fraction(cost, gained.people_brought) if gained.people_brought else None
