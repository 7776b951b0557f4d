"""Leave out of a problem what cannot change its optimum: one module a rule, each with its proof."""

from __future__ import annotations

from optimiser.reduction.sequence import Reduction, distance_rows, reduce, useful_arcs

__all__ = ["Reduction", "distance_rows", "reduce", "useful_arcs"]
