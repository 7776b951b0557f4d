"""Find how far the worst tier can be raised, then the second worst, and so on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from optimiser.problem.errors import ProblemError

type Attains = Callable[[Mapping[str, int]], bool]
"""Says whether some plan covers at least these weights, by tier."""

type Levels = frozenset[tuple[str, int]]


def lexicographic(totals: Mapping[str, int], attains: Attains, *, steps: int = 1000) -> dict[str, Fraction]:
    """Return the shares by tier of a plan that is best for the worst tiers first.

    Parameters
    ----------
    totals
        Weight of each tier, >= 0.
    attains
        Asked whether some plan, within the budget and all else that is demanded, covers at least these
        weights of the tiers. Who asks a solver gives the weights as targets and no objective. It must say yes
        to less where it says yes to more.
    steps
        Shares are told apart in this many steps from 0 to 1.

    Returns
    -------
    dict
        Share of each tier, a multiple of 1 / `steps`: some plan attains them all, and none is better in the
        order of `maxmin_key` once its shares are rounded down to the steps. A tier without weight has 1.

    Raises
    ------
    ProblemError
        When not even no coverage at all is attained.

    Notes
    -----
    The tier that is worst in the best plan stays at the largest level that all free tiers attain together;
    which tier that is, is tried out, since plans are no convex set, where blocked tiers would be known by
    themselves (Ogryczak, Pioro and Tomaszewski 2005, Telecommunications network design and max-min
    optimization problem, Journal of Telecommunications and Information Technology 3). With n tiers there are
    at most 2^n states, each with a bisection of about log2(steps) questions.
    """
    if not attains(dict.fromkeys(totals, 0)):
        raise ProblemError("no plan meets what is demanded, whatever it covers")
    question = _Question({tier: total for tier, total in totals.items() if total > 0}, attains, steps)

    @cache
    def best(fixed: Levels) -> Levels:
        free = sorted(question.totals.keys() - dict(fixed).keys())
        if not free:
            return fixed
        level = question.common(dict(fixed))
        if level == steps or len(free) == 1:
            return fixed | {(tier, level) for tier in free}
        found = [best(fixed | {(tier, level)}) for tier in free]
        return max(found, key=lambda levels: sorted(level for _, level in levels))

    levels = dict.fromkeys(totals, steps) | dict(best(frozenset()))
    return {tier: Fraction(level, steps) for tier, level in levels.items()}


@dataclass(frozen=True, slots=True)
class _Question:
    """How far tiers can be raised together."""

    totals: Mapping[str, int]
    attains: Attains
    steps: int

    def common(self, fixed: Mapping[str, int]) -> int:
        """Return the largest level that all tiers not fixed attain together, by bisection.

        They attain the largest level that is fixed, since that is how it was found.
        """
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
