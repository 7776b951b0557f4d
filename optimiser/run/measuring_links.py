"""Tabulate what each proposed link costs, may cost, and is worth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import isfinite
from typing import TYPE_CHECKING, Any

import pandas as pd

from optimiser.measures.appraisal import (
    RAIL,
    ROADS,
    Appraisal,
    Assumptions,
    CostRange,
    CostRisk,
    Gains,
    ReferenceClass,
    appraise,
    class_of,
    sum_of,
)
from optimiser.measures.appraisal.marginal import Marginal
from optimiser.measures.appraisal.trips import trips
from optimiser.report import wording

if TYPE_CHECKING:
    from optimiser.run.measuring import Subject

PLAN = "plan"
"""Id of the row that stands for the plan as a whole."""

NO_CLASS = ReferenceClass("none", 0.0, 0.0, 0)
"""Of train services: what they need is support over years, of which the sources hold no overruns."""

SERVICES = ("rail_service", "rail_frequency")

DESCRIBED = ("kind", "instrument", "mode", "from_name", "to_name", "length_km", "plain", "hill", "mountain")


def appraisal(subject: Subject, order: Sequence[str]) -> pd.DataFrame:
    """Return one row a link of the plan, then one for the plan.

    Parameters
    ----------
    subject
        What is measured.
    order
        Ids of the plan in the order of building.

    Returns
    -------
    pandas.DataFrame
        `step`, `candidate_id` (``plan`` in the last row), `kind`, `instrument`, `mode`, `from_name`,
        `to_name`, `length_km`, `plain`, `hill`, `mountain` (shares of the line), `cost_low`, `cost`,
        `cost_high`, `reference_class`, `overrun_percent` and `overrun_deviation_percent` (mean
        and standard deviation of the class), `cost_p50`, `cost_p80`,
        `cost_p80_alike` (of the plan, when all links err alike); on top of the other links `pairs_faster`,
        `people_faster`, `pairs_brought`, `people_brought`, both by tier of the smaller city, `saved_minutes`
        (summed over pairs, one trip a pair), `weight_alone`, `weight_last`, `dependence` (last per alone),
        `cost_per_person` (brought within the limit, single unit of money), `break_even_an_hour` (likewise),
        `shares_pairs_with` (other links on the fastest paths of the same gained pairs, and how many pairs).
    """
    found = appraise(
        subject.worth.problem, subject.plan.built, subject.people, _assumptions(subject), alone=False
    )
    described = _described(subject)
    shared = {name: _listed(others) for name, others in Marginal.of(subject.worth, order).shared().items()}
    rows = {
        row["candidate_id"]: row | {"shares_pairs_with": shared.get(row["candidate_id"], "")}
        for row in _rows(subject, found)
    }
    table = pd.DataFrame([{"step": at, **rows[name]} for at, name in enumerate((*order, PLAN), start=1)])
    table = table.join(described, on="candidate_id")
    first = ["step", "candidate_id", *described.columns]
    counts = [name for name in table.columns if name.startswith(("pairs_", "people_", "weight_"))]
    table = table[[*first, *(name for name in table.columns if name not in first)]]
    return table.astype(dict.fromkeys(["step", *counts], "Int64")).assign(
        step=lambda one: one["step"].astype("Int64").where(one["candidate_id"] != PLAN)
    )


def _assumptions(subject: Subject) -> Assumptions:
    given, table = subject.assumed, subject.found.table.set_index("candidate_id")
    known = [name for name in subject.plan.built if name in table.index]
    rows = {name: table.loc[name] for name in known}
    times = subject.timed("today")
    return Assumptions(
        costs={name: _range(row) for name, row in rows.items()},
        classes={name: reference_class(str(row["kind"]), str(row["mode"])) for name, row in rows.items()},
        correlation=given.overrun_correlation,
        trips=trips(times.ends, times.seconds, subject.population, per_person=given.trips_per_person),
        rate=given.discount_rate,
        years=given.years,
    )


def reference_class(kind: str, mode: str) -> ReferenceClass:
    """Return the reference class of overruns of a candidate.

    Parameters
    ----------
    kind
        Of `optimiser.proposals.generate.KINDS`.
    mode
        ``road`` or ``rail``.
    """
    if kind in SERVICES:
        return NO_CLASS
    return {"road": ROADS, "rail": RAIL}.get(mode) or class_of(kind)


def _range(row: pd.Series) -> CostRange:
    low, central, high = (int(row[key]) for key in ("cost_low", "cost", "cost_high"))
    return CostRange(min(low, central), central, max(high, central))


def _described(subject: Subject) -> pd.DataFrame:
    table = subject.found.table
    columns = [name for name in DESCRIBED if name in table.columns]
    return pd.DataFrame(table.set_index("candidate_id")[columns])


def _rows(subject: Subject, found: Appraisal) -> Iterator[dict[str, Any]]:
    scale, _ = wording.per_person(subject.problem.money)
    tiers = subject.problem.groups
    for link in found.links:
        reference = _class(subject, link.id, link.kind)
        yield {
            "candidate_id": link.id,
            **_costs(link.cost, link.risk, link.risk),
            "reference_class": reference.name,
            "overrun_percent": 100 * reference.mean if reference is not NO_CLASS else None,
            "overrun_deviation_percent": 100 * reference.deviation if reference is not NO_CLASS else None,
            **_gains(link.last, tiers),
            "weight_alone": link.interplay.alone,
            "weight_last": link.interplay.last,
            "dependence": None if link.interplay.dependence is None else float(link.interplay.dependence),
            **_prices(link.cost_per_person, link.break_even, scale),
        }
    plan = found.plan
    alike = sum_of((link.risk for link in found.links), correlation=1.0)
    yield {
        "candidate_id": PLAN,
        **_costs(plan.cost, plan.risk, alike),
        "reference_class": "",
        "overrun_percent": 100 * (plan.risk.mean / plan.cost.central - 1) if plan.cost.central else None,
        "overrun_deviation_percent": 100 * plan.risk.deviation / plan.cost.central
        if plan.cost.central
        else None,
        **_gains(plan.gains, tiers),
        "weight_alone": plan.value,
        "weight_last": plan.value,
        "dependence": None,
        **_prices(plan.cost_per_person, plan.break_even, scale),
    }


def _listed(others: Mapping[str, int]) -> str:
    return "; ".join(f"{name} ({count})" for name, count in others.items())


def _class(subject: Subject, name: str, kind: str) -> ReferenceClass:
    table = subject.found.table
    mode = table.loc[table["candidate_id"] == name, "mode"]
    return reference_class(kind, str(mode.iloc[0]) if len(mode) else "")


def _costs(cost: CostRange, risk: CostRisk, alike: CostRisk) -> dict[str, int]:
    return {
        "cost_low": cost.low,
        "cost": cost.central,
        "cost_high": cost.high,
        "cost_p50": round(risk.quantile(0.5)) if cost.central else 0,
        "cost_p80": round(risk.quantile(0.8)) if cost.central else 0,
        "cost_p80_alike": round(alike.quantile(0.8)) if cost.central else 0,
    }


def _gains(gained: Gains, tiers: Sequence[str]) -> Mapping[str, object]:
    by_tier = {tier.tier: tier for tier in gained.tiers}
    counts: dict[str, object] = {
        "pairs_faster": gained.faster,
        "people_faster": gained.people,
        "pairs_brought": gained.brought,
        "people_brought": gained.people_brought,
        "saved_minutes": gained.minutes,
    }
    for name in tiers:
        counts[f"pairs_brought_{name or 'all cities'}"] = by_tier[name].brought
        counts[f"people_brought_{name or 'all cities'}"] = by_tier[name].people_brought
    return counts


def _prices(per_person: Fraction | None, break_even: float | None, scale: int) -> dict[str, float | None]:
    return {
        "cost_per_person": None if per_person is None else float(per_person * scale),
        "break_even_an_hour": break_even * scale if break_even is not None and isfinite(break_even) else None,
    }
