"""Price links by standard, length and terrain."""

from optimiser.proposals.costs.estimate import Cost, estimate
from optimiser.proposals.costs.table import CostTable, Rate, builtin, load

__all__ = ["Cost", "CostTable", "Rate", "builtin", "estimate", "load"]
