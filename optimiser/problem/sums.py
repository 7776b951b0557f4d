"""Judge the sums that a plan can reach: each number may fit the format while their sum does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from optimiser.problem.values import LARGEST

if TYPE_CHECKING:
    from optimiser.problem.model import DesignProblem


def sum_faults(problem: DesignProblem) -> Iterator[str]:
    """Yield each sum over a problem that is larger than the numbers of the format may be.

    Parameters
    ----------
    problem
        A problem whose single values are in order.

    Notes
    -----
    The objective is at most the weight of all pairs and cities and the rewards of all rings, counted
    sum_t factor_t times with periods; the coverage is at most the weight of all pairs. The cost is at most
    the budget; without a budget it is at most the cost of all candidates that are not fixed out.
    """
    pairs = sum(pair.weight for pair in problem.pairs)
    more = sum(city.weight for city in problem.cities) + sum(ring.reward for ring in problem.rings)
    factor = sum(period.factor for period in problem.periods) if problem.periods else 1
    yield from _fault("pairs: the weights", pairs)
    if pairs <= LARGEST:
        what = "the weights of pairs and cities and the rewards of rings"
        yield from _fault(f"{what}, over all periods," if problem.periods else what, (pairs + more) * factor)
    if problem.budget is None:
        yield from _fault(
            "candidates: the costs", sum(c.cost for c in problem.candidates if c.fixed != "out")
        )


def _fault(what: str, total: int) -> Iterator[str]:
    if total > LARGEST:
        yield f"{what} sum to {total:,}, above {LARGEST:,} (2^63 - 1); count in a larger unit"
