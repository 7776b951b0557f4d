"""Appraise links and plans: what they cost and may cost, who gains, and in what order to build."""

from __future__ import annotations

from optimiser.measures.appraisal.costs import CostRange
from optimiser.measures.appraisal.gains import Gains, TierGains, gains
from optimiser.measures.appraisal.interplay import Interplay, interplay
from optimiser.measures.appraisal.order import BuildOrder, OrderStep, build_order
from optimiser.measures.appraisal.overruns import (
    ALL_PROJECTS,
    FIXED_LINKS,
    RAIL,
    ROADS,
    CostRisk,
    ReferenceClass,
    class_of,
    sum_of,
)
from optimiser.measures.appraisal.table import Appraisal, Assumptions, LinkRow, PlanRow, appraise
from optimiser.measures.appraisal.valuing import Valuer, valuer
from optimiser.measures.appraisal.worth import annuity, break_even

__all__ = [
    "ALL_PROJECTS",
    "FIXED_LINKS",
    "RAIL",
    "ROADS",
    "Appraisal",
    "Assumptions",
    "BuildOrder",
    "CostRange",
    "CostRisk",
    "Gains",
    "Interplay",
    "LinkRow",
    "OrderStep",
    "PlanRow",
    "ReferenceClass",
    "TierGains",
    "Valuer",
    "annuity",
    "appraise",
    "break_even",
    "build_order",
    "class_of",
    "gains",
    "interplay",
    "sum_of",
    "valuer",
]
