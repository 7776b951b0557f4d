"""Reduce problems before they are solved.

Presolve makes a problem smaller before it is solved. Each rule below is a function with its proof. Property
tests compare the optimum with and without each rule on small random problems with all side constraints, which
are solved by enumeration of all plans (`tests/engine/presolve`).
"""

from optimiser.engine.presolve.sequence import open_network, reduce
from optimiser.engine.presolve.stage import Reduction

__all__ = ["Reduction", "open_network", "reduce"]
