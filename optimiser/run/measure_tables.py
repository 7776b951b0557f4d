"""Tabulate the measures of a plan: equity, polycentricity, appraisal, build order and periods."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimiser.measures.appraisal import (
    RAIL,
    ROADS,
    Assumptions,
    CostRange,
    CostRisk,
    Gains,
    LinkAppraisal,
    ReferenceClass,
    appraise,
    class_of,
    gravity_trips,
    sum_of,
)
from optimiser.measures.coverage import groups_in_order
from optimiser.measures.equity import ALL, equity_by_tier, share_of
from optimiser.measures.marginal import MarginalValues
from optimiser.measures.order import BuildOrder
from optimiser.measures.order import build_order as order_links
from optimiser.measures.polycentricity import (
    CoreDependence,
    core_dependence,
    mean_rank_size_slope,
    ordinary_polycentricity,
    people_in_reach,
    polycentricity_of_coverage,
    primacy,
)
from optimiser.measures.tables import MEASURES
from optimiser.proposals.generate import SERVICES
from optimiser.proposals.shortest_times import NO_PATH_S
from optimiser.report import wording
from optimiser.run.measured_plan import STATES, MeasuredPlan
from optimiser.verify.rules import open_in_period, opening_periods

PLAN_ROW = "plan"
"""`candidate_id` of the row of the appraisal that covers the whole plan."""

NO_OVERRUNS = ReferenceClass("none", 0.0, 0.0, 0)
"""Reference class of services: they need running support, for which the sources hold no overruns."""

DESCRIPTION = (
    "kind", "instrument", "mode", "from_name", "to_name", "length_km", "plain", "hill", "mountain", "urban",
)  # fmt: skip

type Value = float | None


def equity(measured: MeasuredPlan) -> pd.DataFrame:
    """Return one row per tier and state.

    Parameters
    ----------
    measured
        The plan.

    Returns
    -------
    pandas.DataFrame
        `tier`, `state`; of the pairs whose smaller city is of the tier: `pairs`, `pairs_within`,
        `pairs_share`, `weight`, `weight_within`, `weight_share`; of the cities of the tier: `people`,
        `cities`, `cities_all_within` (all their pairs), `cities_half_within`, `cities_core_within` (all their
        pairs with core cities), `mean_minutes` (mean over people of the mean time from their city to the
        people of all others), `worst_city`, `worst_minutes`, `gini`, `theil`, `palma`, `poor_share`,
        `poverty_gap`, `poverty_severity`, `people_cut_off`.
    """
    labels = measured.cities["tier"].astype(str)
    rows = {
        (row.tier, state): row
        for state in STATES
        for row in equity_by_tier(
            measured.timed(state),
            people=measured.population,
            tiers=labels.tolist(),
            names=measured.cities["name"].astype(str).tolist(),
            line=measured.line_s,
        )
    }
    tiers = [*groups_in_order(labels), ALL]
    table = pd.DataFrame(
        [{"tier": tier, "state": state} | asdict(rows[tier, state]) for tier in tiers for state in STATES]
    )
    return table.astype({"cities_core_within": "Int64"})


@dataclass(frozen=True, slots=True)
class _Structure:
    """The structure of a region in one state; C cities."""

    dependence: CoreDependence
    through: NDArray[np.float64]
    share_through: NDArray[np.float64]
    reach: NDArray[np.int64]
    functional: Value
    ring_cities: NDArray[np.int64]


def polycentricity(measured: MeasuredPlan) -> pd.DataFrame:
    """Return one row per measure of the region, then one per city for the trips that run through it.

    Parameters
    ----------
    measured
        The plan.

    Returns
    -------
    pandas.DataFrame
        Columns `measure` (a key of `measures.tables.MEASURES`), `place`, `unit`, `today`, `plan`
        (float64), `meaning`, `source`.
    """
    today, plan = _structure(measured, "today", ()), _structure(measured, "plan", measured.plan.built)
    region = _measures_of_region(measured, today, plan)
    rows: list[tuple[str, str, Value, Value]] = [(name, "", *pair) for name, pair in region.items()]
    names = measured.cities["name"].astype(str).tolist()
    rows += (
        ("through_share", names[city], float(today.share_through[city]), float(plan.share_through[city]))
        for city in np.argsort(-plan.share_through, kind="stable").tolist()
    )
    table = pd.DataFrame(rows, columns=["measure", "place", "today", "plan"])
    words = ("unit", "meaning", "source")
    table = table.assign(**{word: [getattr(MEASURES[row[0]], word) for row in rows] for word in words})
    columns = ["measure", "place", "unit", "today", "plan", "meaning", "source"]
    return table[columns].astype({"today": "float64", "plan": "float64"})


def _structure(measured: MeasuredPlan, state: str, built: Collection[str]) -> _Structure:
    cities, counts, timed = len(measured.cities), measured.trips(built), measured.timed(state)
    return _Structure(
        dependence=core_dependence(counts.core, measured.weight.tolist()),
        through=counts.through,
        share_through=np.divide(
            counts.through, counts.elsewhere, out=np.zeros(cities), where=counts.elsewhere > 0
        ),
        reach=people_in_reach(timed.ends, timed.within, measured.population),
        functional=polycentricity_of_coverage(timed, cities),
        ring_cities=_ring_cities(measured, only_existing=state == "today"),
    )


def _measures_of_region(measured: MeasuredPlan, *states: _Structure) -> dict[str, tuple[Value, Value]]:
    """Return the values today and with the plan of each measure of the region."""
    people, core = measured.population, measured.core
    leans = [state.dependence for state in states]
    columns: dict[str, list[Value]] = {
        "core_every_share": [float(d.share_on_every) for d in leans],
        "core_some_share": [float(d.share_on_some) for d in leans],
        "core_closed_minutes": [float(d.mean_lost) / 60 for d in leans],
        "core_closed_cut_off_share": [share_of(d.cut_off, d.weight) for d in leans],
        "core_detour_ratio": [None if d.detour is None else float(d.detour) for d in leans],
        "core_betweenness_share": [
            float(s.through[core].sum() / s.through.sum()) if s.through.any() else None for s in states
        ],
        "betweenness_evenness": [_evenness(state.through) for state in states],
        "people_evenness": [_evenness(people)] * 2,
        "people_slope": [mean_rank_size_slope(people) if np.count_nonzero(people) > 1 else None] * 2,
        "people_primacy_share": [primacy(people) if len(people) > 1 and people.any() else None] * 2,
        "reach_evenness": [_evenness(state.reach) for state in states],
        "functional_polycentricity": [state.functional for state in states],
    }
    if measured.problem.rings:
        columns["ring_cities"] = [float(len(state.ring_cities)) for state in states]
        columns["ring_people"] = [float(people[state.ring_cities].sum()) for state in states]
    return {name: (today, plan) for name, (today, plan) in columns.items()}


def _evenness(importance: NDArray[np.int64] | NDArray[np.float64]) -> Value:
    return ordinary_polycentricity(importance) if len(importance) > 1 and importance.any() else None


def _ring_cities(measured: MeasuredPlan, *, only_existing: bool) -> NDArray[np.int64]:
    """Return the rows of the cities on the rings of the plan, of all or of those that need nothing new."""
    found, circuits = set[str](), measured.plan.rings
    for ring in measured.problem.rings:
        links = [ring.links[at] for at in circuits.get(ring.id, ())]
        if not (only_existing and any(link.candidate is not None for link in links)):
            passed = {node for link in links for node in (link.tail, link.head)}
            found |= {stop.id for stop in ring.stops if not passed.isdisjoint(stop.nodes)}
    return np.flatnonzero(measured.cities["city_id"].astype(str).isin(found).to_numpy())


def independence(measured: MeasuredPlan) -> pd.DataFrame:
    """Return one row per tier and state for the ways without the core; empty where they do not count.

    Parameters
    ----------
    measured
        The plan.

    Returns
    -------
    pandas.DataFrame
        `tier` (of the smaller city; ``all`` last), `state`, `pairs` that count, those that are independent at
        each stretch (``independent_at_1.25`` and the like), `without_way` (pairs that no way without the core
        joins in this state), and over the pairs that one joins in both states `mean_minutes` without the core
        and `any_way_minutes` by the fastest way.
    """
    without = measured.without
    if without is None:
        return pd.DataFrame()
    rows = measured.outside
    today = measured.times["today"][rows]
    limits = dict(zip(without.asked.stretches, without.limits_s(today), strict=True))
    seconds = {"today": measured.off_core_s(()), "plan": measured.off_core_s(measured.plan.built)}
    joined = (seconds["today"] < NO_PATH_S) & (seconds["plan"] < NO_PATH_S)
    group = measured.group[rows]
    found = []
    for tier in [*(tier for tier in measured.tiers if tier in set(group.tolist())), ALL]:
        mine = (group == tier) | (tier == ALL)
        for state in STATES:
            free = seconds[state]
            met = {f"independent_at_{s:g}": int((free <= most)[mine].sum()) for s, most in limits.items()}
            found.append(
                {
                    "tier": tier,
                    "state": state,
                    "pairs": int(mine.sum()),
                    **met,
                    "without_way": int((free[mine] >= NO_PATH_S).sum()),
                    "mean_minutes": _mean_minutes(free[mine & joined]),
                    "any_way_minutes": _mean_minutes(measured.times[state][rows][mine & joined]),
                }
            )
    return pd.DataFrame(found)


def _mean_minutes(seconds: NDArray[np.int64]) -> Value:
    return float(seconds.mean()) / 60 if len(seconds) else None


def appraisal(measured: MeasuredPlan, order: Sequence[str]) -> pd.DataFrame:
    """Return one row per link of the plan, then one for the plan.

    Parameters
    ----------
    measured
        The plan.
    order
        Ids of the plan in the order of building.

    Returns
    -------
    pandas.DataFrame
        `step`, `candidate_id` (``plan`` in the last row), `kind`, `instrument`, `mode`, `from_name`,
        `to_name`, `length_km`, `plain`, `hill`, `mountain`, `urban` (shares of the line), `cost_low`, `cost`,
        `cost_high`, `cost_p50`, `cost_p80`, `cost_p80_alike` (of the plan, when all links err alike),
        `reference_class`, `overrun_percent` and `overrun_deviation_percent` (mean and standard deviation of
        the class); on top of the other links `pairs_faster`, `people_faster`, `pairs_brought`,
        `people_brought`, both also by tier of the smaller city, `saved_minutes` (summed over pairs, one trip
        a pair), `weight_alone`, `weight_last`, `dependence` (last divided by alone), `cost_per_person`
        (brought within the limit, single unit of money), `break_even_an_hour` (likewise), and
        `shares_pairs_with` (other links on the shortest paths of the same gained pairs, and how many pairs).
    """
    found = appraise(measured.valuer, measured.plan.built, measured.people_at_nodes, _assumptions(measured))
    shared = MarginalValues.of(measured.valuer, order).shared_pairs()
    tiers = measured.problem.groups
    scale, _ = wording.per_person(measured.problem.money)
    rows = {link.id: _link_row(link, tiers, scale, shared[link.id]) for link in found.links}
    alike, central = sum_of((link.risk for link in found.links), correlation=1.0), found.cost.central
    rows[PLAN_ROW] = {
        **_costs(found.cost, found.risk, alike),
        "reference_class": "",
        "overrun_percent": 100 * (found.risk.mean / central - 1) if central else None,
        "overrun_deviation_percent": 100 * found.risk.deviation / central if central else None,
        **_gains(found.gains, tiers),
        "weight_alone": found.value,
        "weight_last": found.value,
        "dependence": None,
        **_prices(found.cost_per_person, found.break_even, scale),
        "shares_pairs_with": "",
    }
    table = pd.DataFrame(
        [{"step": at, "candidate_id": id_, **rows[id_]} for at, id_ in enumerate((*order, PLAN_ROW), start=1)]
    )
    proposed = measured.candidates.table.set_index("candidate_id")
    described = pd.DataFrame(proposed[[name for name in DESCRIPTION if name in proposed.columns]])
    table = table.join(described, on="candidate_id")
    first = ["step", "candidate_id", *described.columns]
    counts = [name for name in table.columns if name.startswith(("pairs_", "people_", "weight_"))]
    table = table[[*first, *(name for name in table.columns if name not in first)]]
    return table.astype(dict.fromkeys(["step", *counts], "Int64")).assign(
        step=lambda one: one["step"].astype("Int64").where(one["candidate_id"] != PLAN_ROW)
    )


def _assumptions(measured: MeasuredPlan) -> Assumptions:
    given, table = measured.settings, measured.candidates.table.set_index("candidate_id")
    rows = {name: table.loc[name] for name in measured.plan.built if name in table.index}
    modes = {name: str(row["mode"]) for name, row in rows.items()}
    problem, times = measured.problem, measured.timed("today")
    return Assumptions(
        costs={
            name: CostRange(min(row["cost_low"], cost), cost, max(row["cost_high"], cost))
            for name, row in rows.items()
            for cost in [int(row["cost"])]
        },
        classes={
            name: reference_class(problem.candidates[problem.index[name]].kind, modes.get(name, ""))
            for name in measured.plan.built
        },
        correlation=given.overrun_correlation,
        trips=gravity_trips(
            times.ends, times.seconds, measured.population, per_person=given.trips_per_person
        ),
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
        ``road`` or ``rail``; for another mode the kind decides.
    """
    if kind in SERVICES:
        return NO_OVERRUNS
    return {"road": ROADS, "rail": RAIL}.get(mode) or class_of(kind)


def _link_row(
    link: LinkAppraisal, tiers: Sequence[str], scale: int, shared: Mapping[str, int]
) -> dict[str, Any]:
    reference, dependence = link.reference, link.value.dependence
    known = reference is not NO_OVERRUNS
    return {
        **_costs(link.cost, link.risk, link.risk),
        "reference_class": reference.name,
        "overrun_percent": 100 * reference.mean if known else None,
        "overrun_deviation_percent": 100 * reference.deviation if known else None,
        **_gains(link.gains, tiers),
        "weight_alone": link.value.alone,
        "weight_last": link.value.last,
        "dependence": None if dependence is None else float(dependence),
        **_prices(link.cost_per_person, link.break_even, scale),
        "shares_pairs_with": "; ".join(f"{name} ({count})" for name, count in shared.items()),
    }


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


def _prices(per_person: Fraction | None, break_even: Value, scale: int) -> dict[str, Value]:
    return {
        "cost_per_person": None if per_person is None else float(per_person * scale),
        "break_even_an_hour": break_even * scale if break_even is not None and isfinite(break_even) else None,
    }


def building_order(measured: MeasuredPlan) -> BuildOrder:
    """Return the links of a plan by value for money, with periods in the order of their starts."""
    found, starts = order_links(measured.valuer, measured.plan.built), measured.plan.starts
    return replace(found, links=tuple(sorted(found.links, key=lambda name: starts.get(name, 0))))


def covered_by_step(measured: MeasuredPlan, links: Sequence[str]) -> list[frozenset[int]]:
    """Return the positions of the pairs within the limit after each step of building; step 0 is today.

    Parameters
    ----------
    measured
        The plan.
    links
        Its ids in the order of building.
    """
    values = MarginalValues.of(measured.valuer, links)
    return [values.covered(links[:at]) for at in range(len(links) + 1)]


def opening_steps(steps: Sequence[Collection[int]], count: int) -> NDArray[np.int64]:
    """Return the step from which each pair is within the limit, int64 [count]; -1 for those that never are.

    Parameters
    ----------
    steps
        What `covered_by_step` found.
    count
        Number of pairs.
    """
    found = np.full(count, -1, dtype=np.int64)
    for at in range(len(steps) - 1, -1, -1):
        found[list(steps[at])] = at
    return found


def build_order(
    measured: MeasuredPlan, links: Sequence[str], steps: Sequence[Collection[int]]
) -> pd.DataFrame:
    """Return the state after each step of building; step 0 is today.

    Parameters
    ----------
    measured
        The plan.
    links
        Its ids in the order of building.
    steps
        What `covered_by_step` found.

    Returns
    -------
    pandas.DataFrame
        `step`, `candidate_id`, `kind`, `from_name`, `to_name`, `cost`, `cost_so_far`, `starts_in`, `opens_in`
        (period; only with periods), `weight_gained`, `pairs_within`, `weight_within`, `weight_share`, and
        `pairs_within_<tier>`, `weight_share_<tier>` by tier of the smaller city.
    """
    problem, starts = measured.problem, measured.plan.starts
    opens, rows = opening_periods(problem, starts), list[dict[str, Any]]()
    proposed = measured.candidates.table.set_index("candidate_id")
    spent = before = 0
    for at, (name, covered) in enumerate(zip(("", *links), steps, strict=True)):
        cost, weight = problem.cost_of([name]) if at else 0, measured.valuer.weight_of(covered)
        spent += cost
        periods = {
            "starts_in": _period(measured, starts.get(name)),
            "opens_in": _period(measured, opens.get(name)),
        }
        rows.append(
            {
                "step": at,
                "candidate_id": name,
                **{
                    key: str(proposed.loc[name, key]) if name in proposed.index else ""
                    for key in ("kind", "from_name", "to_name")
                },
                "cost": cost,
                "cost_so_far": spent,
                **(periods if problem.periods else {}),
                "weight_gained": weight - before if at else 0,
                **_coverage(measured, covered),
            }
        )
        before = weight
    return pd.DataFrame(rows)


def phases(measured: MeasuredPlan) -> pd.DataFrame:
    """Return one row per period: what it starts and opens, and what is covered from then on.

    Parameters
    ----------
    measured
        The plan.

    Returns
    -------
    pandas.DataFrame
        `period`, `budget_so_far`, `spent`, `spent_so_far`, `starts`, `opens` (ids, joined by semicolons), and
        the columns of coverage of `build_order`; empty without periods.
    """
    problem, starts = measured.problem, measured.plan.starts
    opens, rows = opening_periods(problem, starts), list[dict[str, Any]]()
    budget = so_far = 0
    for t, period in enumerate(problem.periods):
        started = sorted(name for name, start in starts.items() if start == t)
        spent = problem.cost_of(started)
        budget, so_far = budget + period.budget, so_far + spent
        rows.append(
            {
                "period": period.id,
                "budget_so_far": budget,
                "spent": spent,
                "spent_so_far": so_far,
                "starts": "; ".join(started),
                "opens": "; ".join(sorted(name for name, at in opens.items() if at == t)),
                **_coverage(measured, measured.valuer.covered(open_in_period(problem, starts, t))),
            }
        )
    return pd.DataFrame(rows)


def _coverage(measured: MeasuredPlan, covered: Collection[int]) -> dict[str, int | Value]:
    """Return number and weight of the covered pairs, and shares of weight, of all and by tier."""
    weight, within = measured.weight, np.zeros(len(measured.weight), dtype=np.bool_)
    within[list(covered)] = True
    total = sum(weight[within].tolist())
    found: dict[str, int | Value] = {
        "pairs_within": int(within.sum()),
        "weight_within": total,
        "weight_share": share_of(total, sum(weight.tolist())),
    }
    for tier in measured.tiers:
        mine = measured.group == tier
        found[f"pairs_within_{tier}"] = int(within[mine].sum())
        found[f"weight_share_{tier}"] = share_of(
            sum(weight[mine & within].tolist()), sum(weight[mine].tolist())
        )
    return found


def _period(measured: MeasuredPlan, at: int | None) -> str:
    if at is None:
        return ""
    periods = measured.problem.periods
    return periods[at].id if at < len(periods) else "later"
