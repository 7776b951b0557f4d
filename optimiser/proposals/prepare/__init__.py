"""Turn networks, cities and candidates into a design problem of ids and integers."""

from optimiser.proposals.prepare.design import Prepared, design_problem

__all__ = ["Prepared", "design_problem"]
