"""Say which link enters a frontier when, and which ones stay in every plan."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from optimiser.frontier.point import Point

CORE = 0.5
"""Share of the points that must build a link for it to count as core; one that enters at the dear end stays
for want of plans that could leave it out."""


@dataclass(frozen=True, slots=True)
class LinkOnFrontier:
    """A candidate along a frontier.

    Attributes
    ----------
    id
        Of the candidate.
    enters
        Position of the cheapest point that builds it.
    cost_of_entry
        What that point's plan costs.
    points
        Points that build it.
    share
        Of the points from its entry on, those that build it.
    leaves
        Times that it is in a point's plan and not in the next one's.
    stays
        Every point from its entry on builds it: whoever spends so much builds it, however much more follows.
    core
        It is steady from its entry on, and at least `CORE` of all points build it: part of the robust core.
    """

    id: str
    enters: int
    cost_of_entry: int
    points: int
    share: float
    leaves: int
    stays: bool
    core: bool


STEADY = {"two_way": 1.0, "three_way": 0.9}
"""Share of the points from its entry on that must build a link of the core, by the kind of axes. Plans of a
three-way frontier that cost alike serve different tiers, so that next to no link is in all of them."""


def marginal_order(points: Sequence[Point], *, steady: float = 1.0) -> list[LinkOnFrontier]:
    """Return the candidates that some point builds, in the order in which they enter.

    Parameters
    ----------
    points
        Points by cost.
    steady
        Share of the points from its entry on that must build a link of the core.
    """
    plans = [set(point.plan.built) for point in points]
    names = sorted(set().union(*plans)) if plans else []
    found = [_followed(name, plans, points, steady) for name in names]
    return sorted(found, key=lambda link: (link.enters, -link.share, link.id))


def _followed(name: str, plans: Sequence[set[str]], points: Sequence[Point], steady: float) -> LinkOnFrontier:
    there = [name in plan for plan in plans]
    first = there.index(True)
    count = sum(there)
    return LinkOnFrontier(
        id=name,
        enters=first,
        cost_of_entry=points[first].cost,
        points=count,
        share=count / (len(there) - first),
        leaves=sum(a and not b for a, b in itertools.pairwise(there)),
        stays=all(there[first:]),
        core=count >= steady * (len(there) - first) and count >= CORE * len(there),
    )
