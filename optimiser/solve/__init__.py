"""Solve a design problem by a variant of choice, in a child process with a hard limit."""

from __future__ import annotations

from optimiser.solve.parameters import SolveParameters
from optimiser.solve.run import SolveFailure, solve
from optimiser.variants.registry import VARIANTS
from optimiser.variants.variant import Variant

__all__ = ["VARIANTS", "SolveFailure", "SolveParameters", "Variant", "solve"]
