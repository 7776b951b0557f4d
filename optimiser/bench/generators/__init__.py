"""Generate design problems from frozen parameters: integers alone, the same on every machine."""

from __future__ import annotations

from optimiser.bench.generators.corridors import CorridorParameters, corridors
from optimiser.bench.generators.geometric import GeometricParameters, geometric
from optimiser.bench.generators.grid import GridParameters, grid
from optimiser.bench.generators.hard import HardParameters, hard
from optimiser.bench.generators.hub_ring import HubRingParameters, hub_ring
from optimiser.bench.generators.national import NationalParameters, national, sized

__all__ = [
    "CorridorParameters",
    "GeometricParameters",
    "GridParameters",
    "HardParameters",
    "HubRingParameters",
    "NationalParameters",
    "corridors",
    "geometric",
    "grid",
    "hard",
    "hub_ring",
    "national",
    "sized",
]
