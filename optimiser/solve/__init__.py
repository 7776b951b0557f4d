"""Solve a design problem by a variant of choice, in a child process with a hard limit."""

from __future__ import annotations

from optimiser.solve.parameters import SolveParameters
from optimiser.solve.run import SolveFailure, solve
from optimiser.solve.variants import VARIANTS, Variant

__all__ = ["VARIANTS", "SolveFailure", "SolveParameters", "Variant", "solve"]
