"""Find plans that are best for the worst-covered tiers (lexicographic max-min), and price that demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from optimiser.problem.errors import ProblemError

type Attains = Callable[[Mapping[str, int]], bool]
"""Returns whether some plan covers at least the given weight of each tier."""

type Levels = frozenset[tuple[str, int]]


def lexicographic_shares(
    totals: Mapping[str, int], attains: Attains, *, steps: int = 1000
) -> dict[str, Fraction]:
    """Return the covered share of each tier in a plan that is lexicographically max-min optimal.

    Parameters
    ----------
    totals
        Weight of each tier, >= 0.
    attains
        Asked whether some plan, within the budget and all other demands, covers at least the given weights.
        A solver is asked with the weights as targets and without an objective. The answer must be monotone:
        yes to smaller weights wherever it is yes to larger ones.
    steps
        Resolution: shares are multiples of 1 / `steps`.

    Returns
    -------
    dict
        Share of each tier. Some plan attains all of them, and no plan whose shares are rounded down to the
        steps is better, where plans are compared by their shares sorted from worst to best (the leximin order
        of Sen 1970, Collective Choice and Social Welfare, chapter 9*). A tier without weight has share 1.

    Raises
    ------
    ProblemError
        When no plan attains even zero coverage.

    Notes
    -----
    The worst tier of the best plan stays at the largest level that all free tiers attain together. Which
    tier that is must be found by trying each of them: plans do not form a convex set, in which the blocking
    tiers would be known (Ogryczak, Pioro and Tomaszewski 2005, Telecommunications network design and max-min
    optimization problem, Journal of Telecommunications and Information Technology 3). With n tiers there are
    at most 2^n states, each with a bisection of about log2(steps) questions.
    """
    if not attains(dict.fromkeys(totals, 0)):
        raise ProblemError("no plan meets the demands, whatever it covers")
    question = _Question({tier: total for tier, total in totals.items() if total > 0}, attains, steps)

    @cache
    def best(fixed: Levels) -> Levels:
        free = sorted(question.totals.keys() - dict(fixed).keys())
        if not free:
            return fixed
        level = question.common_level(dict(fixed))
        if level == steps or len(free) == 1:
            return fixed | {(tier, level) for tier in free}
        found = [best(fixed | {(tier, level)}) for tier in free]
        return max(found, key=lambda levels: sorted(level for _, level in levels))

    levels = dict.fromkeys(totals, steps) | dict(best(frozenset()))
    return {tier: Fraction(level, steps) for tier, level in levels.items()}


@dataclass(frozen=True, slots=True)
class _Question:
    totals: Mapping[str, int]
    attains: Attains
    steps: int

    def common_level(self, fixed: Mapping[str, int]) -> int:
        """Return the largest level that all tiers not fixed attain together, by bisection."""
        # Invariant: `low` is attained and `high` is not. All free tiers attain the largest fixed level,
        # because that level was once the common level of the tiers that were free then.
        low, high = max(fixed.values(), default=0), self.steps + 1
        if low < self.steps and not self._ask(fixed, low + 1):
            return low
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._ask(fixed, middle) else (low, middle)
        return low

    def _ask(self, fixed: Mapping[str, int], level: int) -> bool:
        levels = {tier: fixed.get(tier, level) for tier in self.totals}
        return self.attains({t: -(-levels[t] * total // self.steps) for t, total in self.totals.items()})


def price_of_fairness(best: int, fair: int) -> Fraction:
    """Return the share of the best objective value that a fair plan gives up, 0 to 1.

    Parameters
    ----------
    best
        Objective value of the best plan without any demand for fairness, >= 0.
    fair
        Objective value of the best fair plan, in the same measure, 0 to `best`.

    Raises
    ------
    ProblemError
        When the fair plan is better than the best one, or a value is below 0.

    Notes
    -----
    Bertsimas, Farias and Trichakis (2011), The price of fairness, Operations Research 59, 17-31.
    """
    if not 0 <= fair <= best:
        raise ProblemError(f"a fair plan worth {fair} cannot be compared with a best plan worth {best}")
    return Fraction(best - fair, best) if best else Fraction(0)
