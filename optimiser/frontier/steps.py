"""Let pairs count in parts: within later limits, and without the core within limits of their own."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from optimiser.problem import DesignProblem, Pair

STEP = "step:"
"""Begin of the groups of the further pairs with later limits."""
INDEPENDENCE = "independence:"
"""Begin of the groups of the further pairs without the core."""
WITHOUT_CORE = "/without-core"
"""End of the ids of nodes in the layer without the core."""


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


@dataclass(frozen=True, slots=True)
class Layer:
    """Further pairs over a network of their own, on the same candidates.

    Attributes
    ----------
    network
        Nodes, arcs, candidates with the ids of the problem and the arcs that they open here, and the further
        pairs with their limits. Weights, groups and budget are not used.
    of
        Position in the problem of the pair that each further pair belongs to.
    shares
        What each further pair counts, as a multiple of the weight of that pair, above 0.
    """

    network: DesignProblem
    of: tuple[int, ...]
    shares: tuple[Fraction, ...]


def longest_s(steps: Sequence[LimitStep]) -> int:
    """Return by how much the last limit exceeds that of the pairs, seconds; 0 without steps."""
    return max((step.later_s for step in steps), default=0)


def is_further(group: str) -> bool:
    """Return whether a group is one of further pairs, which no count, target, tier or figure includes."""
    return group.startswith((STEP, INDEPENDENCE))


def scale_of(shares: Iterable[Fraction]) -> int:
    """Return the least factor with which every part of a weight is whole; 1 without parts."""
    return math.lcm(*(share.denominator for share in shares))


def with_steps(
    problem: DesignProblem, steps: Sequence[LimitStep] = (), layer: Layer | None = None
) -> DesignProblem:
    """Return a problem whose pairs count in parts.

    Parameters
    ----------
    problem
        A problem without further pairs.
    steps
        The parts of the weight; those with `later_s` 0 stay with the pairs. Empty: the whole weight does.
    layer
        Further pairs without the core, besides the whole weight; None: there are none.

    Returns
    -------
    DesignProblem
        The pairs keep their positions; after them comes a further pair for each pair and later limit, in the
        group `step:<group of the pair>`, then those of the layer, in the group `independence:<group of the
        pair>`, whose network is added with its nodes renamed: no arc joins it to the rest. All weights
        (pairs, cities, rewards of rings, targets) are multiplied by `scale_of` all parts, so that they are
        whole and keep their proportions.

    Notes
    -----
    A target of pairs counts the part of the weight within the limit alone, as before: it is multiplied by
    what the pairs of its group are multiplied by.
    """
    if not steps and layer is None:
        return problem
    scale = scale_of([*(step.share for step in steps), *(() if layer is None else layer.shares)])
    kept = sum((step.share for step in steps if not step.later_s), Fraction(0)) if steps else Fraction(1)
    own = int(scale * kept)
    further = [
        *_later(problem, steps, scale),
        *(() if layer is None else _without_core(problem, layer, scale)),
    ]
    pairs = (dataclasses.replace(pair, weight=own * pair.weight) for pair in problem.pairs)
    return (problem if layer is None else _beside(problem, layer.network)).replace(
        pairs=(*pairs, *further),
        targets=tuple(
            dataclasses.replace(t, least=t.least * (own if t.of == "pairs" else scale))
            for t in problem.targets
        ),
        cities=tuple(dataclasses.replace(city, weight=scale * city.weight) for city in problem.cities),
        rings=tuple(dataclasses.replace(ring, reward=scale * ring.reward) for ring in problem.rings),
    )


def _later(problem: DesignProblem, steps: Sequence[LimitStep], scale: int) -> Iterator[Pair]:
    """Yield a further pair for each pair and later limit."""
    for step in steps:
        if step.later_s:
            for pair in problem.pairs:
                yield dataclasses.replace(
                    pair,
                    limit=pair.limit + step.later_s,
                    weight=int(scale * step.share) * pair.weight,
                    group=f"{STEP}{pair.group}",
                )


def _without_core(problem: DesignProblem, layer: Layer, scale: int) -> Iterator[Pair]:
    """Yield the further pairs of a layer, their ends numbered after the nodes of the problem."""
    first = len(problem.nodes)
    for pair, of, share in zip(layer.network.pairs, layer.of, layer.shares, strict=True):
        yield Pair(
            origin=first + pair.origin,
            destination=first + pair.destination,
            limit=pair.limit,
            weight=int(scale * share) * problem.pairs[of].weight,
            group=f"{INDEPENDENCE}{problem.pairs[of].group}",
        )


def _beside(problem: DesignProblem, network: DesignProblem) -> DesignProblem:
    """Return a problem with a second network beside its own: a candidate opens its arcs in both."""
    first = len(problem.nodes)

    def shifted(arcs: Iterable[tuple[int, int, int]]) -> Iterator[tuple[int, int, int]]:
        return ((first + tail, first + head, seconds) for tail, head, seconds in arcs)

    there = {candidate.id: candidate.arcs for candidate in network.candidates}
    return problem.replace(
        nodes=(*problem.nodes, *(f"{name}{WITHOUT_CORE}" for name in network.nodes)),
        arcs=(*problem.arcs, *shifted(network.arcs)),
        candidates=tuple(
            dataclasses.replace(c, arcs=(*c.arcs, *shifted(there.get(c.id, ())))) for c in problem.candidates
        ),
    )
