"""Draw what a bench found: profiles, gaps over time, time against size."""

from __future__ import annotations

from optimiser.bench.figures.draw import write_all

__all__ = ["write_all"]
