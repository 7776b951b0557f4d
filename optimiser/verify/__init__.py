"""Recompute every claim about a plan from the problem and the built ids, and reject what disagrees.

The check imports `optimiser.problem` alone, and nothing of the methods that find plans.
"""

from optimiser.verify import bound_checker
from optimiser.verify.plan import Coverage, Plan, certificate, check, score

__all__ = ["Coverage", "Plan", "bound_checker", "certificate", "check", "score"]
