"""Measure a verified plan."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from networks.intermodal import AccessParameters
from networks.skims import UNREACHABLE
from optimiser.engine.search.paths import UNREACHED
from optimiser.measures.tables import Measures
from optimiser.run import measure_tables
from optimiser.run.measured_plan import STATES, MeasuredPlan, effects, savings
from optimiser.run.trip_parts import PARTS, split_arcs, trip_parts


def measure(measured: MeasuredPlan) -> Measures:
    """Return all measures of a plan."""
    order = measure_tables.building_order(measured)
    steps = measure_tables.covered_by_step(measured, order.links)
    opening = measure_tables.opening_steps(steps, len(measured.problem.pairs))
    return Measures(
        appraisal=measure_tables.appraisal(measured, order.links),
        equity=measure_tables.equity(measured),
        polycentricity=measure_tables.polycentricity(measured),
        build_order=measure_tables.build_order(measured, order.links, steps),
        phases=measure_tables.phases(measured),
        independence=measure_tables.independence(measured),
        ring_effects=effects(measured),
        ring_savings=savings(measured),
        seconds=exact_seconds(measured).assign(step=opening, **trip_seconds(measured)),
        facts=_facts(measured) | {"order_method": order.method},
    )


def exact_seconds(measured: MeasuredPlan) -> pd.DataFrame:
    """Return the exact time of each pair beyond the limits too: `seconds` of `Measures`."""
    before, after = (
        np.where(measured.times[state] >= UNREACHED, UNREACHABLE, measured.times[state]) for state in STATES
    )
    return pd.DataFrame({"before_s": before, "after_s": after})


def trip_seconds(measured: MeasuredPlan) -> dict[str, NDArray[np.int64]]:
    """Return the seconds by part of the fastest trip of each pair with the plan, int64 [pairs] each.

    Returns
    -------
    dict
        By column, `<part>_s` for each of `trip_parts.PARTS`; zeros where no path leads.
    """
    rows = np.flatnonzero(measured.candidates.table["candidate_id"].isin(measured.plan.built).to_numpy())
    start_s = AccessParameters.default().running.start_s
    arcs = split_arcs(measured.graph, measured.candidates.take(rows.tolist()), start_s=start_s)
    origin, destination = measured.ends.T
    parts = trip_parts(arcs, measured.graph.origin[origin], measured.graph.destination[destination])
    return {f"{part}_s": seconds for part, seconds in zip(PARTS, parts.T, strict=True)}


def _facts(measured: MeasuredPlan) -> dict[str, object]:
    """Return the assumptions of the measures as plain values."""
    without = measured.without
    facts: dict[str, object] = {}
    if without is not None:
        asked = without.asked
        facts = {
            "independence_weight": asked.weight if asked.counts_pairs else 0.0,
            "independence_stretches": list(asked.stretches),
            "independence_radius_km": without.radius_km,
        }
    return facts | {
        "core": measured.cities["name"].iloc[measured.core].astype(str).tolist(),
        **measured.settings.model_dump(),
        "line_s": measured.line_s,
    }
