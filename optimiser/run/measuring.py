"""Measure a verified plan: equity, polycentricity, appraisal, build order and periods."""

from collections.abc import Collection, Sequence
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from networks.skims import ARC_KINDS, UNREACHABLE
from optimiser.engine.search.paths import UNREACHED, Floats, Integers
from optimiser.measures.appraisal import (
    RAIL,
    ROADS,
    Appraisal,
    CostRange,
    CostRisk,
    ReferenceClass,
    appraise,
    break_even,
    class_of,
    gravity_trips,
    sum_of,
)
from optimiser.measures.coverage import groups_in_order
from optimiser.measures.equity import ALL, equity_by_tier, share_of
from optimiser.measures.order import MarginalValues, links_of_rings, needs
from optimiser.measures.order import build_order as order_links
from optimiser.measures.polycentricity import (
    core_dependence,
    mean_rank_size_slope,
    ordinary_polycentricity,
    people_in_reach,
    polycentricity_of_coverage,
    primacy,
)
from optimiser.measures.tables import MEASURES, Measures
from optimiser.proposals.generate import SERVICES
from optimiser.proposals.shortest_times import NO_PATH_S
from optimiser.report import wording
from optimiser.run.measured_plan import MeasuredPlan, PlanState
from optimiser.run.timing import PARTS, trip_parts
from optimiser.verify.rules import open_in_period, opening_periods, weight_of

PLAN_ROW = "plan"
"""`candidate_id` of the row of the appraisal that covers the whole plan."""

NO_OVERRUNS = ReferenceClass("none", 0.0, 0.0, 0)
"""Reference class of services: they need running support, for which the sources hold no overruns."""

DESCRIPTION = (
    "kind", "instrument", "mode", "from_name", "to_name", "length_km", "plain", "hill", "mountain", "urban",
)  # fmt: skip

ACCESS = "access"
"""`mode` of measures at stations."""

type Value = float | None


def measure(measured: MeasuredPlan) -> Measures:
    """Return all measures of a plan."""
    plan, starts = measured.plan, measured.plan.starts
    found = order_links(measured.valuer, plan.built, links_of_rings(measured.problem, plan.rings))
    # The links by covered weight per cost, with periods in the order of their starts.
    links = tuple(sorted(found.links, key=lambda name: starts.get(name, 0)))
    values = MarginalValues.of(measured.valuer, links)
    steps = [values.covered(links[:at]) for at in range(len(links) + 1)]  # pairs within the limit after each
    opening = np.full(len(measured.problem.pairs), -1, dtype=np.int64)  # step that brings each; -1: none
    for at in range(len(links), -1, -1):
        opening[list(steps[at])] = at
    parts = trip_parts(measured.graph, measured.proposed(measured.plan.built), measured.ends)
    return Measures(
        appraisal=appraisal(measured, links),
        equity=equity(measured),
        polycentricity=polycentricity(measured),
        build_order=build_order(measured, links, steps),
        phases=phases(measured),
        independence=independence(measured),
        needs=city_needs(measured, parts),
        seconds=exact_seconds(measured).assign(
            step=opening, **{f"{part}_s": seconds for part, seconds in zip(PARTS, parts.T, strict=True)}
        ),
        facts=_facts(measured) | {"order_method": found.method} | assumed_pairs(measured),
    )


def city_needs(measured: MeasuredPlan, parts: NDArray[np.int64]) -> pd.DataFrame:
    """Return `needs` with names of cities, and in words (`by`) what would bring each another pair.

    `parts` are the seconds of the trip of each pair by part, with the plan.
    """
    problem, names = measured.problem, measured.cities["name"].astype(str)
    today, plan = (state.times for state in measured.states.values())
    found = needs(problem, measured.plan.built, measured.ends, today=today, plan=plan)
    rows = measured.candidates.table[["candidate_id", "kind", "from_name", "to_name"]].to_dict("records")
    known = wording.told_apart(rows)

    def words(pair: int, partner: int, cost: int, candidates: Sequence[str]) -> str:
        if pair < 0:
            return "all its pairs are within the limit"
        if candidates:
            built = wording.join_names([known[one] for one in candidates])
            return f"{built}: {names[partner]} within the limit, for {wording.money(cost, problem.money)}"
        longest = [
            f"{wording.WORDS['parts'][PARTS[at]]} {wording.clock(parts[pair, at])}"
            for at in np.argsort(-parts[pair], kind="stable")[:2]
        ]
        over = wording.minutes(plan[pair] - problem.pairs[pair].limit)
        beyond = f"the nearest, {names[partner]}, stays {over} min beyond the limit"
        return f"nothing that is proposed; {beyond} (longest parts: {', '.join(longest)})"

    columns = (found[name] for name in ("pair", "partner", "cost", "candidates"))
    return found.assign(
        by=[words(*row) for row in zip(*columns, strict=True)],
        **{end: found[end].map(names).fillna("") for end in ("city", "partner")},
        candidates=found["candidates"].map("; ".join),
    )


def assumed_pairs(measured: MeasuredPlan) -> dict[str, int]:
    """Return how many pairs the plan brings within the limit, and how many without measures at stations.

    Check-in, connections and ways to stations are what a plan assumes most about: what is left of it when
    they stay as today rests on tracks, roads and trains alone.

    Returns
    -------
    dict
        `new_pairs`, and `new_pairs_without_station_measures`.
    """
    table = measured.candidates.table
    assumed = set(table["candidate_id"][table["mode"] == ACCESS])
    states = (measured.state(()), measured.state(set(measured.plan.built) - assumed), measured.states["plan"])
    today, left, plan = (int(state.timed.within.sum()) for state in states)
    return {"new_pairs": plan - today, "new_pairs_without_station_measures": left - today}


def exact_seconds(measured: MeasuredPlan, built: Collection[str] | None = None) -> pd.DataFrame:
    """Return the exact time of each pair beyond the limits too: `seconds` of `Measures`, or of a part."""
    after_it = measured.states["plan"] if built is None else measured.state(built)
    times = (state.times for state in (measured.states["today"], after_it))
    before, after = (np.where(seconds >= UNREACHED, UNREACHABLE, seconds) for seconds in times)
    return pd.DataFrame({"before_s": before, "after_s": after})


def _facts(measured: MeasuredPlan) -> dict[str, object]:
    """Return the assumptions of the measures as plain values."""
    facts: dict[str, object] = {}
    if measured.without is not None:
        asked = measured.without.asked
        facts = {
            "independence_weight": asked.weight if asked.counts_pairs else 0.0,
            "independence_stretches": list(asked.stretches),
            "independence_radius_km": measured.without.radius_km,
        }
    return facts | {
        "core": measured.cities["name"].iloc[measured.core].astype(str).tolist(),
        **measured.settings.model_dump(),
        "line_s": measured.line_s,
        "hour_value": measured.hour_value,
    }


def equity(measured: MeasuredPlan) -> pd.DataFrame:
    """Return one row per tier and state.

    Parameters
    ----------
    measured
        The plan.

    Returns
    -------
    pandas.DataFrame
        `tier` (of the smaller city of pairs, and of cities), `state`, and the columns of `equity_by_tier`.
    """
    labels = measured.cities["tier"].astype(str)
    order = [*groups_in_order(labels), ALL]
    # A mean over more pairs would rise with each far pair that a plan joins.
    compared = np.all([state.times < UNREACHED for state in measured.states.values()], axis=0)
    rows = [
        {"tier": row["tier"], "state": name} | row
        for name, state in measured.states.items()
        for row in equity_by_tier(
            state.timed,
            people=measured.population,
            tiers=labels.tolist(),
            names=measured.cities["name"].astype(str).tolist(),
            line=measured.line_s,
            decay_s=measured.settings.decay_s,
            compared=compared,
        )
    ]
    rows.sort(key=lambda row: order.index(row["tier"]))
    return pd.DataFrame(rows).astype({"cities_core_within": "Int64"})


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
    (today, share_today), (plan, share_plan) = map(_structure, measured.states.values())
    if (measured.graph.kind == ARC_KINDS.index("matrix")).all():  # ways are not known
        today = {name: value for name, value in today.items() if not name.startswith("core_")}
    names = measured.cities["name"].astype(str).tolist()
    rows: list[tuple[str, str, Value, Value]] = [(name, "", today[name], plan[name]) for name in today]
    rows += (
        ("through_share", names[city], float(share_today[city]), float(share_plan[city]))
        for city in np.argsort(-share_plan, kind="stable").tolist()
    )
    table = pd.DataFrame(rows, columns=["measure", "place", "today", "plan"])
    for word in ("unit", "meaning", "source"):
        table[word] = [getattr(MEASURES[row[0]], word) for row in rows]
    columns = ["measure", "place", "unit", "today", "plan", "meaning", "source"]
    return table[columns].astype({"today": "float64", "plan": "float64"})


def _structure(state: PlanState) -> tuple[dict[str, Value], NDArray[np.float64]]:
    """Return the measures of the region in a state, and the share of other trips through each city."""
    measured, counts, timed = state.measured, state.trips, state.timed
    people = measured.population
    lean, through = core_dependence(counts.core, measured.weight.tolist()), counts.through
    found: dict[str, Value] = {
        "core_every_share": share_of(lean["on_every"], lean["weight"]) or 0.0,
        "core_some_share": share_of(lean["on_some"], lean["weight"]) or 0.0,
        "core_closed_minutes": (share_of(lean["lost"], lean["still_joined"]) or 0.0) / 60,
        "core_closed_cut_off_share": share_of(lean["cut_off"], lean["weight"]),
        "core_detour_ratio": share_of(lean["through"], lean["best"]),
        "core_betweenness_share": (
            float(through[measured.core].sum() / through.sum()) if through.any() else None
        ),
        "betweenness_evenness": _evenness(through),
        "people_evenness": _evenness(people),
        "people_slope": mean_rank_size_slope(people) if np.count_nonzero(people) > 1 else None,
        "people_primacy_share": primacy(people) if len(people) > 1 and people.any() else None,
        "reach_evenness": _evenness(people_in_reach(timed.ends, timed.within, people)),
        "functional_polycentricity": polycentricity_of_coverage(timed, len(people)),
    }
    elsewhere = counts.elsewhere
    return found, np.divide(through, elsewhere, out=np.zeros(len(people)), where=elsewhere > 0)


def _evenness(importance: NDArray[np.int64] | NDArray[np.float64]) -> Value:
    return ordinary_polycentricity(importance) if len(importance) > 1 and importance.any() else None


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
    if measured.without is None:
        return pd.DataFrame()
    rows, states = measured.outside, measured.states
    joined = np.all([state.off_core_s < NO_PATH_S for state in states.values()], axis=0)
    group = measured.group[rows]
    found = []
    for tier in [*(tier for tier in measured.tiers if tier in group), ALL]:
        mine = (group == tier) | (tier == ALL)
        found += [
            {
                "tier": tier,
                "state": name,
                "pairs": int(mine.sum()),
                **{stretch: int(holds[mine].sum()) for stretch, holds in state.independent.items()},
                "without_way": int((state.off_core_s[mine] >= NO_PATH_S).sum()),
                "mean_minutes": mean_minutes(state.off_core_s[mine & joined]),
                "any_way_minutes": mean_minutes(state.times[rows][mine & joined]),
            }
            for name, state in states.items()
        ]
    return pd.DataFrame(found)


def mean_minutes(seconds: Integers) -> float | None:
    """Return the mean of seconds, minutes; None of none."""
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
        (brought within the limit, single unit of money), `break_even_an_hour` (likewise), `pays` (whether
        that is no more than the value of time of the region; empty where this is not known), and
        `shares_pairs_with` (other links on the shortest paths of the same gained pairs, and how many pairs).
    """
    given, built, problem = measured.settings, list(measured.plan.built), measured.problem
    proposed, times = measured.candidates.table.set_index("candidate_id"), measured.states["today"].timed
    used = proposed.loc[built]
    costs = {
        name: CostRange(min(low, cost), cost, max(high, cost))
        for name, low, cost, high in used[["cost_low", "cost", "cost_high"]].itertuples()
    }
    classes = {
        name: reference_class(problem.candidates[problem.index[name]].kind, str(mode))
        for name, mode in used["mode"].items()
    }
    people, correlation = measured.people_at_nodes, given.overrun_correlation
    whole, links = appraise(
        measured.valuer, built, people, costs=costs, classes=classes, correlation=correlation
    )
    trips = gravity_trips(times.ends, times.seconds, measured.population, per_person=given.trips_per_person)
    shared = MarginalValues.of(measured.valuer, order).shared_pairs()
    central, risk = whole.cost.central, whole.risk
    alike = sum_of((link.risk for link in links.values()), correlation=1.0)
    rows = {
        PLAN_ROW: _appraised(whole, alike, trips, measured)
        | {
            "overrun_percent": 100 * (risk.mean / central - 1) if central else None,
            "overrun_deviation_percent": 100 * risk.deviation / central if central else None,
        }
    }
    for name, link in links.items():
        reference = classes[name]
        known = reference is not NO_OVERRUNS
        rows[name] = _appraised(link, link.risk, trips, measured) | {
            "reference_class": reference.name,
            "overrun_percent": 100 * reference.mean if known else None,
            "overrun_deviation_percent": 100 * reference.deviation if known else None,
            "dependence": share_of(link.last, link.alone),
            "shares_pairs_with": "; ".join(f"{other} ({count})" for other, count in shared[name].items()),
        }
    table = pd.DataFrame(
        [{"step": at, "candidate_id": id_, **rows[id_]} for at, id_ in enumerate((*order, PLAN_ROW), start=1)]
    )
    described = pd.DataFrame(proposed[[name for name in DESCRIPTION if name in proposed.columns]])
    table = table.join(described, on="candidate_id")
    first = ["step", "candidate_id", *described.columns]
    counts = [name for name in table.columns if name.startswith(("pairs_", "people_", "weight_"))]
    table = table[[*first, *(name for name in table.columns if name not in first)]]
    return table.astype(dict.fromkeys(["step", *counts], "Int64")).assign(
        step=lambda one: one["step"].astype("Int64").where(one["candidate_id"] != PLAN_ROW)
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
    return NO_OVERRUNS if kind in SERVICES else {"road": ROADS, "rail": RAIL}.get(mode) or class_of(kind)


def _appraised(found: Appraisal, alike: CostRisk, trips: Floats, measured: MeasuredPlan) -> dict[str, Any]:
    """Return the columns of a link or of the plan; those that differ between them are empty."""
    cost, gains, given = found.cost, found.gains, measured.settings
    scale, _ = wording.per_person(measured.problem.money)
    hourly = break_even(cost.central, gains.seconds, trips, rate=given.discount_rate, years=given.years)
    quantiles = {"p50": (found.risk, 0.5), "p80": (found.risk, 0.8), "p80_alike": (alike, 0.8)}
    return {
        "cost_low": cost.low,
        "cost": cost.central,
        "cost_high": cost.high,
        **{
            f"cost_{name}": round(risk.quantile(at)) if cost.central else 0
            for name, (risk, at) in quantiles.items()
        },
        **dict.fromkeys(("reference_class", "overrun_percent", "overrun_deviation_percent"), ""),
        "pairs_faster": gains.faster,
        "people_faster": gains.people,
        "pairs_brought": gains.brought,
        "people_brought": gains.people_brought,
        "saved_minutes": gains.minutes,
        **{
            f"{what}_brought_{name or 'all cities'}": count
            for name in measured.problem.groups
            for what, count in (
                ("pairs", gains.tiers[name].brought),
                ("people", gains.tiers[name].people_brought),
            )
        },
        "weight_alone": found.alone,
        "weight_last": found.last,
        "dependence": None,
        "cost_per_person": share_of(cost.central * scale, gains.people_brought),
        "break_even_an_hour": hourly * scale if isfinite(hourly) else None,
        "pays": None if measured.hour_value is None else hourly <= measured.hour_value,
        "shares_pairs_with": "",
    }


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
        Positions of the pairs within the limit after each step.

    Returns
    -------
    pandas.DataFrame
        `step`, `candidate_id`, `kind`, `from_name`, `to_name`, `cost`, `cost_so_far`, `starts_in`, `opens_in`
        (period; only with periods), `weight_gained`, `pairs_within`, `weight_within`, `weight_share`, and
        `pairs_within_<tier>`, `weight_share_<tier>` by tier of the smaller city.
    """
    problem, starts, rows = measured.problem, measured.plan.starts, list[dict[str, Any]]()
    names = [*(period.id for period in problem.periods), "later"]
    periods = {"starts_in": starts, "opens_in": opening_periods(problem, starts)} if problem.periods else {}
    proposed = measured.candidates.table.set_index("candidate_id")
    spent = before = 0
    for at, (name, covered) in enumerate(zip(("", *links), steps, strict=True)):
        cost, weight = problem.cost_of([name]) if at else 0, weight_of(problem, covered)
        spent += cost
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
                **{
                    key: names[min(held[name], len(problem.periods))] if name in held else ""
                    for key, held in periods.items()
                },
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
