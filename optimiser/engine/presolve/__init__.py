"""Reduce problems before they are solved: one function per rule, each with its proof."""

from __future__ import annotations

from optimiser.engine.presolve.sequence import Reduction, open_network, reduce

__all__ = ["Reduction", "open_network", "reduce"]
