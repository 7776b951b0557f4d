"""Price links by standard, length and terrain."""

from optimiser.costs.estimate import Cost, estimate
from optimiser.costs.table import CostTable, Rate, builtin, load

__all__ = ["Cost", "CostTable", "Rate", "builtin", "estimate", "load"]
