"""Say what a plan that is asked to be fair gives to each tier, and what that costs in all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from optimiser.measures.max_min import price_of_fairness
from optimiser.report import wording


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
        With the best plan of the same budget that nothing is demanded of.
    """

    tier: str
    coverable: int
    today: int
    plan: int
    free: int

    @property
    def gained(self) -> int:
        """Return the weight that the tier has from the demands; negative where it loses."""
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
        What the plan is worth, and what the plan without demands is: the objective without demands.
    counted
        What that adds up, in words.
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
        """Return the share of that objective that fairness costs (`equity.maxmin.price_of_fairness`)."""
        return price_of_fairness(self.worth_free, self.worth_plan)

    def as_dict(self) -> dict[str, Any]:
        """Return the value for `summary.json`, with what follows from it."""
        return {
            **asdict(self),
            "lost": self.lost,
            "price_of_fairness": round(float(self.price), 9),
        }


def from_dict(values: Mapping[str, Any]) -> Fairness:
    """Return the value that `as_dict` wrote."""
    return Fairness(
        demands=tuple(values["demands"]),
        tiers=tuple(TierPrice(**tier) for tier in values["tiers"]),
        free_gap=values["free_gap"],
        only_plan=tuple(values["only_plan"]),
        only_free=tuple(values["only_free"]),
        cost_of_both=values["cost_of_both"],
        both_proven=values["both_proven"],
        worth_plan=values["worth_plan"],
        worth_free=values["worth_free"],
        counted=values["counted"],
        budget=values["budget"],
        money=values["money"],
    )


def sentences(found: Fairness) -> tuple[str, ...]:
    """Return what the demands change and cost, for the screen and the page.

    Parameters
    ----------
    found
        The price.
    """
    asked = f"Asked for: {'; '.join(found.demands)}."
    if not found.only_plan and not found.only_free and not found.lost:
        return asked, "The best plan without these demands is the same one: they cost nothing at this budget."
    moved = [tier for tier in found.tiers if tier.gained]
    told = [_moved(tier) for tier in sorted(moved, key=lambda tier: -tier.gained)]
    links = f"{_links(len(found.only_plan))} in place of {len(found.only_free)}"
    if not found.only_plan and not found.only_free:
        links = "the same proposals, started in another order"
    shifts = f"The demands shift the plan ({links}): {', '.join(told) or 'no tier gains or loses'}."
    return asked, shifts, _price(found), *_both(found)


def _moved(tier: TierPrice) -> str:
    verb = "gain" if tier.gained > 0 else "lose"
    now, else_ = _percent(tier.plan, tier.coverable), _percent(tier.free, tier.coverable)
    weight = wording.whole(abs(tier.gained))
    return f"{tier.tier} pairs {verb} {weight} ({now} of what can be covered instead of {else_})"


def _price(found: Fairness) -> str:
    if not found.lost:
        return "Price of fairness: none, as much weight is covered as without the demands."
    return (
        "Price of fairness: the same budget without the demands would cover "
        f"{wording.whole(found.lost)} more {found.counted}, {_percent(found.lost, found.worth_free)} of "
        f"{wording.whole(found.worth_free)}."
    )


def _both(found: Fairness) -> tuple[str, ...]:
    if found.cost_of_both is None or found.cost_of_both <= found.budget:
        return ()
    cost = f"{wording.whole(found.cost_of_both)} {found.money}".strip()
    more = wording.whole(found.cost_of_both - found.budget)
    verb = "takes" if found.both_proven else "takes at most"
    return (f"To have both {verb} {cost}, {more} more than the budget.",)


def _links(count: int) -> str:
    return "1 proposal" if count == 1 else f"{count} proposals"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


def rows(found: Fairness) -> list[dict[str, str]]:
    """Return one row a tier for a table, every cell as it is read.

    Parameters
    ----------
    found
        The price.
    """
    return [
        {
            "tier": tier.tier,
            "today": _counted(tier.today, tier.coverable),
            "free": _counted(tier.free, tier.coverable),
            "plan": _counted(tier.plan, tier.coverable),
            "gained": f"{tier.gained:+,}",
        }
        for tier in (*found.tiers, _all(found))
    ]


def _counted(part: int, whole: int) -> str:
    return f"{wording.whole(part)} ({_percent(part, whole)})"


def _all(found: Fairness) -> TierPrice:
    keys = ("coverable", "today", "plan", "free")
    return TierPrice("all", **{key: sum(getattr(tier, key) for tier in found.tiers) for key in keys})


def facts(found: Fairness | None) -> dict[str, Any] | None:
    """Return what the section of the page shows; None where nothing was demanded.

    Parameters
    ----------
    found
        The price.
    """
    return None if found is None else {"sentences": sentences(found), "rows": rows(found)}
