"""Leave out of a problem what cannot change its optimum: one module a subject, each rule with its proof."""

from __future__ import annotations

from optimiser.engine.presolve.bound import fixed_by_bound
from optimiser.engine.presolve.sequence import Reduction, reduce
from optimiser.engine.presolve.stage import Size, Step
from optimiser.engine.presolve.useful import distance_rows, useful_arcs, uses

__all__ = ["Reduction", "Size", "Step", "distance_rows", "fixed_by_bound", "reduce", "useful_arcs", "uses"]
