"""Reduce a problem to what can change its optimum: one function a rule, each with its proof."""

from __future__ import annotations

from optimiser.engine.presolve.sequence import Reduction, open_network, reduce

__all__ = ["Reduction", "open_network", "reduce"]
