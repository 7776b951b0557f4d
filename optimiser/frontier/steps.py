"""Let pairs count in steps: a part of their weight within the limit, further parts within later ones."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from optimiser.problem import DesignProblem

STEP = "step:"
"""Begin of the groups of the further pairs, which no count of covered pairs, target or tier includes."""


@dataclass(frozen=True, slots=True)
class LimitStep:
    """A part of the weight of each pair that counts within a limit.

    Attributes
    ----------
    share
        Part of the weight, above 0.
    later_s
        Seconds by which the limit of this part exceeds that of the pair, >= 0; 0: the pair itself.
    """

    share: Fraction
    later_s: int


def longest_s(steps: Sequence[LimitStep]) -> int:
    """Return by how much the last limit exceeds that of the pairs, seconds; 0 without steps."""
    return max((step.later_s for step in steps), default=0)


def is_step(group: str) -> bool:
    """Return whether a group is one of further pairs."""
    return group.startswith(STEP)


def scale_of(steps: Sequence[LimitStep]) -> int:
    """Return the least factor with which every part of a weight is whole."""
    return math.lcm(*(step.share.denominator for step in steps)) if steps else 1


def with_steps(problem: DesignProblem, steps: Sequence[LimitStep]) -> DesignProblem:
    """Return a problem whose pairs count in steps.

    Parameters
    ----------
    problem
        A problem without steps.
    steps
        The parts of the weight; those with `later_s` 0 stay with the pairs.

    Returns
    -------
    DesignProblem
        The pairs keep their positions; after them comes a further pair for each pair and later limit, in the
        group `step:<group of the pair>`. All weights (pairs, cities, rewards of rings, targets) are
        multiplied by `scale_of`, so that they are whole and keep their proportions.

    Notes
    -----
    A target of pairs counts the part of the weight within the limit alone, as before: it is multiplied by
    what the pairs of its group are multiplied by.
    """
    if not steps:
        return problem
    scale = scale_of(steps)
    own = int(scale * sum((step.share for step in steps if not step.later_s), Fraction(0)))
    pairs = [dataclasses.replace(pair, weight=own * pair.weight) for pair in problem.pairs]
    for step in steps:
        if step.later_s:
            pairs += [
                dataclasses.replace(
                    pair,
                    limit=pair.limit + step.later_s,
                    weight=int(scale * step.share) * pair.weight,
                    group=f"{STEP}{pair.group}",
                )
                for pair in problem.pairs
            ]
    return problem.replace(
        pairs=tuple(pairs),
        targets=tuple(
            dataclasses.replace(t, least=t.least * (own if t.of == "pairs" else scale))
            for t in problem.targets
        ),
        cities=tuple(dataclasses.replace(city, weight=scale * city.weight) for city in problem.cities),
        rings=tuple(dataclasses.replace(ring, reward=scale * ring.reward) for ring in problem.rings),
    )
