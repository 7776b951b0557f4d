"""Measure what the rings of a plan do: times between cities, ways without the core, trips through it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import pandas as pd

from optimiser.engine.search.paths import UNREACHED
from optimiser.measures.dependence import core_dependence
from optimiser.measures.tables import ANY_WAY, OFF_CORE, PLAN, TODAY, WITHOUT_RING
from optimiser.problem.model import candidates_on
from optimiser.proposals.shortest_times import NO_PATH_S
from optimiser.run.measured_plan import MeasuredPlan

type Row = dict[str, Any]


def new_stretches(measured: MeasuredPlan) -> dict[str, frozenset[str]]:
    """Return what the plan builds for each ring that it forms, and for no other ring: ids of candidates."""
    problem = measured.problem
    built = {
        ring: frozenset(candidates_on(problem, {ring: links})) for ring, links in measured.plan.rings.items()
    }
    return {
        ring: own.difference(*(other for name, other in built.items() if name != ring))
        for ring, own in built.items()
    }


def effects(measured: MeasuredPlan) -> pd.DataFrame:
    """Return one row a ring and state: today, the plan without the new stretches of the ring, the plan.

    Parameters
    ----------
    measured
        The plan.

    Returns
    -------
    pandas.DataFrame
        `ring`, `state` (`TODAY`, `WITHOUT_RING` for rings that are formed, `PLAN`) and the figures of
        `state_of`; empty without rings.
    """
    built, own = frozenset(measured.plan.built), new_stretches(measured)
    asked = [
        (ring.id, state, held)
        for ring in measured.problem.rings
        for state, held in (
            (TODAY, frozenset[str]()),
            *([(WITHOUT_RING, built - own[ring.id])] if ring.id in own else []),
            (PLAN, built),
        )
    ]
    figures = {held: state_of(measured, held) for held in {held for _, _, held in asked}}
    return pd.DataFrame([{"ring": ring, "state": state, **figures[held]} for ring, state, held in asked])


def state_of(measured: MeasuredPlan, built: Collection[str]) -> Row:
    """Return the figures of a region in which some links of a plan are built.

    Parameters
    ----------
    measured
        The plan.
    built
        Ids of links of the plan.

    Returns
    -------
    dict
        `cost` of what is built; `pairs` of cities and `pairs_within` the limit; `through_core_share`, the
        weight of the trips between other cities whose fastest ways all run through the core, as a share;
        where independence counts, `outside_pairs` that count, those independent at each stretch
        (``independent_at_1.25`` and the like), and `off_core_minutes`, the mean time without the core of the
        pairs that a way without it joins today.
    """
    times = measured.valuer.times(built)
    within = times <= np.array([pair.limit for pair in measured.problem.pairs])
    row: Row = {
        "cost": measured.problem.cost_of(built),
        "pairs": len(times),
        "pairs_within": int(within.sum()),
        "through_core_share": _through_core(measured, built),
    }
    without = measured.without
    if without is None:
        return row
    rows, free, today = measured.outside, measured.off_core_s(built), measured.off_core_s(())
    limits = zip(without.asked.stretches, without.limits_s(measured.times["today"][rows]), strict=True)
    joined = free[today < NO_PATH_S]
    return row | {
        "outside_pairs": len(rows),
        **{f"independent_at_{stretch:g}": int((free <= most).sum()) for stretch, most in limits},
        "off_core_minutes": float(joined.mean()) / 60 if len(joined) else None,
    }


def _through_core(measured: MeasuredPlan, built: Collection[str]) -> float:
    """Return the share of the weight of pairs outside the core that every fastest way takes through it."""
    counts = measured.trips(built)
    return float(core_dependence(counts.core, measured.weight.tolist()).share_on_every)


def savings(measured: MeasuredPlan) -> pd.DataFrame:
    """Return the pairs of cities that the new stretches of each ring make faster, most minutes first.

    Parameters
    ----------
    measured
        The plan.

    Returns
    -------
    pandas.DataFrame
        `ring`, `way` (`ANY_WAY`, or `OFF_CORE` for ways without the core), `from_name` and `to_name`, `tier`
        of the smaller city, `without_minutes` with the plan but for the new stretches (empty where no way
        leads), `plan_minutes`, `saved_minutes`; empty where nothing is saved.
    """
    rows = [row for ring, own in new_stretches(measured).items() for row in _faster(measured, ring, own)]
    table = pd.DataFrame(rows)
    if table.empty:
        return table
    order = ["ring", "way", "saved_minutes", "from_name", "to_name"]
    sorted_: pd.DataFrame = table.sort_values(
        order, ascending=[True, True, False, True, True], na_position="first", ignore_index=True
    )
    return sorted_


def _faster(measured: MeasuredPlan, ring: str, own: frozenset[str]) -> Iterator[Row]:
    built = frozenset(measured.plan.built)
    names, tiers = measured.cities["name"].astype(str).tolist(), measured.group.tolist()
    every = np.arange(len(measured.ends))
    before, after = (measured.valuer.times(held) for held in (built - own, built))
    free_before, free_after = (measured.off_core_s(held) for held in (built - own, built))
    ways = (
        (ANY_WAY, every, before, after, UNREACHED),
        (OFF_CORE, measured.outside, free_before, free_after, NO_PATH_S),
    )
    for way, pairs, slow, fast, never in ways:
        for at in np.flatnonzero(fast < slow).tolist():
            one, other = measured.ends[pairs[at]].tolist()
            is_joined = slow[at] < never
            yield {
                "ring": ring,
                "way": way,
                "from_name": names[one],
                "to_name": names[other],
                "tier": tiers[pairs[at]],
                "without_minutes": float(slow[at]) / 60 if is_joined else None,
                "plan_minutes": float(fast[at]) / 60,
                "saved_minutes": float(slow[at] - fast[at]) / 60 if is_joined else None,
            }
