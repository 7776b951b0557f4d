"""Measure how far a region leans on its core, and how evenly places share importance and relations."""

from __future__ import annotations

from optimiser.measures.polycentricity.betweenness import betweenness
from optimiser.measures.polycentricity.dependence import CoreTimes, Dependence, core_times, dependence
from optimiser.measures.polycentricity.functional import covered_flows, functional, general_functional
from optimiser.measures.polycentricity.morphology import mean_slope, ordinary, primacy, rank_size_slope
from optimiser.measures.polycentricity.nearby import near
from optimiser.measures.polycentricity.structure import Change, Structure, change, people_in_reach, structure

__all__ = [
    "Change",
    "CoreTimes",
    "Dependence",
    "Structure",
    "betweenness",
    "change",
    "core_times",
    "covered_flows",
    "dependence",
    "functional",
    "general_functional",
    "mean_slope",
    "near",
    "ordinary",
    "people_in_reach",
    "primacy",
    "rank_size_slope",
    "structure",
]
