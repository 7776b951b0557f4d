"""Tabulate how evenly travel time falls on cities and their people, today and with a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from optimiser.measures.coverage import groups_in_order
from optimiser.measures.equity import equity_by_tier
from optimiser.measures.equity.by_tier import ALL, TierEquity

if TYPE_CHECKING:
    from optimiser.run.measuring import Subject

STATES = ("today", "plan")


def equity(subject: Subject) -> pd.DataFrame:
    """Return one row a tier and state.

    Parameters
    ----------
    subject
        What is measured.

    Returns
    -------
    pandas.DataFrame
        `tier`, `state`; of the pairs whose smaller city is of the tier: `pairs`, `pairs_within`,
        `pairs_share`, `weight`, `weight_within`, `weight_share`; of the cities of the tier: `people`,
        `cities`, `cities_all_within` (all their pairs), `cities_half_within`, `cities_core_within` (all their
        pairs with core cities), `mean_minutes` (mean over people of their city's mean time to the people of
        all others), `worst_city`, `worst_minutes`, `gini`, `theil`, `palma`, `poor_share`, `poverty_gap`,
        `poverty_severity`, `people_cut_off`.
    """
    rows = {
        state: {
            row.tier: row
            for row in equity_by_tier(
                subject.timed(state),
                people=subject.population,
                tiers=subject.cities["tier"].astype(str).tolist(),
                names=subject.cities["name"].astype(str).tolist(),
                line=subject.line_s,
            )
        }
        for state in STATES
    }
    tiers = [*groups_in_order(subject.cities["tier"].astype(str)), ALL]
    table = pd.DataFrame([_row(rows[state][tier], state) for tier in tiers for state in STATES])
    return table.astype({"cities_core_within": "Int64"})


def _row(found: TierEquity, state: str) -> dict[str, Any]:
    return {
        "tier": found.tier,
        "state": state,
        "pairs": found.pairs,
        "pairs_within": found.pairs_within,
        "pairs_share": _share(found.pairs_within, found.pairs),
        "weight": found.weight,
        "weight_within": found.weight_within,
        "weight_share": _share(found.weight_within, found.weight),
        "people": found.people,
        "cities": found.places,
        "cities_all_within": found.places_all,
        "cities_half_within": found.places_half,
        "cities_core_within": found.places_core,
        "mean_minutes": _minutes(found.mean),
        "worst_city": found.worst.place if found.worst else "",
        "worst_minutes": _minutes(found.worst.value) if found.worst else None,
        "gini": found.gini,
        "theil": found.theil,
        "palma": found.palma,
        "poor_share": found.headcount,
        "poverty_gap": found.gap,
        "poverty_severity": found.severity,
        "people_cut_off": found.cut_off,
    }


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None or seconds == float("inf") else seconds / 60
