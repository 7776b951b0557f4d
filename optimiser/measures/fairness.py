"""Hold what the fairness demands of a job give to each tier, and what they cost in all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from typing import Any

from optimiser.problem.errors import ProblemError


@dataclass(frozen=True, slots=True)
class TierPrice:
    """Covered weight of one tier's pairs, in weights without factors.

    Attributes
    ----------
    tier
        Its name.
    coverable
        With everything built.
    today
        With nothing built.
    plan
        With the plan, which meets the demands.
    free
        With the best plan of the same budget without demands.
    """

    tier: str
    coverable: int
    today: int
    plan: int
    free: int

    @property
    def gained(self) -> int:
        """Return the weight that the demands bring to the tier; negative where it loses."""
        return self.plan - self.free


@dataclass(frozen=True, slots=True)
class Fairness:
    """What the demands of a job change, and what they cost.

    Attributes
    ----------
    demands
        What is demanded, each in words that finish "the plan is asked for".
    tiers
        Each tier, largest cities first.
    free_gap
        Gap to which the plan without demands is proven; None without a bound.
    only_plan, only_free
        Ids of what only the plan builds, and of what only the plan without demands builds.
    cost_of_both
        Least cost of a plan in which each tier that the demands favour keeps what it has, and as much is
        covered in all as without demands; None where it was not found.
    both_proven
        Whether no cheaper one exists within the gap asked for.
    worth_plan, worth_free
        Objective without demands of the plan, and of the plan without demands.
    counted
        What that objective adds up, in words.
    budget
        Money that could be spent.
    money
        Its unit.
    """

    demands: tuple[str, ...]
    tiers: tuple[TierPrice, ...]
    free_gap: float | None
    only_plan: tuple[str, ...]
    only_free: tuple[str, ...]
    cost_of_both: int | None
    both_proven: bool
    worth_plan: int
    worth_free: int
    counted: str
    budget: int
    money: str

    @property
    def lost(self) -> int:
        """Return what the demands cost of the objective without them."""
        return self.worth_free - self.worth_plan

    @property
    def price(self) -> Fraction:
        """Return the share of that objective that fairness costs (`price_of_fairness`)."""
        return price_of_fairness(self.worth_free, self.worth_plan)

    def as_dict(self) -> dict[str, Any]:
        """Return the value for `summary.json`, with what follows from it."""
        return {**asdict(self), "lost": self.lost, "price_of_fairness": round(float(self.price), 9)}


def from_dict(values: Mapping[str, Any]) -> Fairness:
    """Return the value that `as_dict` wrote."""
    kept = {one.name: values[one.name] for one in fields(Fairness)}
    lists = {name: tuple(kept[name]) for name in ("demands", "only_plan", "only_free")}
    return Fairness(**{**kept, **lists, "tiers": tuple(TierPrice(**tier) for tier in kept["tiers"])})


def price_of_fairness(best: int, fair: int) -> Fraction:
    """Return the share of the best objective value that a fair plan gives up, 0 to 1.

    Parameters
    ----------
    best
        Objective value of the best plan without any demand for fairness, >= 0.
    fair
        Objective value of the best fair plan, in the same measure, 0 to `best`.

    Raises
    ------
    ProblemError
        When the fair plan is better than the best one, or a value is below 0.

    Notes
    -----
    Bertsimas, Farias and Trichakis (2011), The price of fairness, Operations Research 59, 17-31.
    """
    if not 0 <= fair <= best:
        raise ProblemError(f"a fair plan of objective {fair} cannot be compared with a best plan of {best}")
    return Fraction(best - fair, best) if best else Fraction(0)
