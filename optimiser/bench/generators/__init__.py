"""Generate design problems from frozen parameters: integers alone, the same on every machine."""

from __future__ import annotations

from optimiser.bench.generators.hard import HardParameters, hard
from optimiser.bench.generators.national import NationalParameters, national, sized

__all__ = ["HardParameters", "NationalParameters", "hard", "national", "sized"]
