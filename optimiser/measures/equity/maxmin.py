"""Compare plans by their worst tier first (lexicographic max-min)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from optimiser.problem.errors import ProblemError

type Share = int | float | Fraction


def maxmin_key(shares: Sequence[Share]) -> tuple[Share, ...]:
    """Return the shares from worst to best: of two plans the one with the larger key is the better.

    Parameters
    ----------
    shares
        One covered share a tier; exact when they are fractions.

    Notes
    -----
    The leximin order of Sen (1970), Collective Choice and Social Welfare, chapter 9*: first the worst tier,
    on equality the second worst, and so on. Which tier is worst may differ between plans.
    """
    return tuple(sorted(shares))


def compare_maxmin(first: Sequence[Share], second: Sequence[Share]) -> int:
    """Return 1 when the first plan is better for the worst tiers, -1 when the second is, 0 when neither is.

    Parameters
    ----------
    first, second
        One covered share a tier.

    Raises
    ------
    ProblemError
        When the plans differ in their number of tiers.
    """
    if len(first) != len(second):
        raise ProblemError(f"plans with {len(first)} and {len(second)} tiers cannot be compared")
    one, other = maxmin_key(first), maxmin_key(second)
    return (one > other) - (one < other)


def rank_maxmin(plans: Mapping[str, Sequence[Share]]) -> tuple[str, ...]:
    """Return the names of plans, best for the worst tiers first; equals by name.

    Parameters
    ----------
    plans
        Covered share of each tier, by name of the plan.

    Raises
    ------
    ProblemError
        When the plans differ in their number of tiers.
    """
    if len({len(shares) for shares in plans.values()}) > 1:
        raise ProblemError("plans with different numbers of tiers cannot be ranked")
    named = sorted(plans)
    return tuple(sorted(named, key=lambda name: maxmin_key(plans[name]), reverse=True))


def price_of_fairness(best: int, fair: int) -> Fraction:
    """Return the share of the best value that a fair plan gives up, 0 to 1.

    Parameters
    ----------
    best
        Value of the best plan without any demand for fairness, >= 0.
    fair
        Value of the best plan that is fair, measured alike, 0 to `best`.

    Raises
    ------
    ProblemError
        When the fair plan is better than the best, or a value is below 0.

    Notes
    -----
    Bertsimas, Farias and Trichakis (2011), The price of fairness, Operations Research 59, 17-31.
    """
    if not 0 <= fair <= best:
        raise ProblemError(f"a fair plan worth {fair} cannot be compared with a best plan worth {best}")
    return Fraction(best - fair, best) if best else Fraction(0)
