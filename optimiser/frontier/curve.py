"""Summarise a frontier: its ends, its proven band, its knee, and which links enter when."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from optimiser.frontier.axes import Axes, most_money
from optimiser.frontier.evaluation import EvaluatedPoint
from optimiser.frontier.point import Point
from optimiser.frontier.region import Level, Region
from optimiser.frontier.tracer import Tracer


@dataclass(frozen=True, slots=True)
class Step:
    """A stretch of budgets, up to one, on which one bound holds.

    Attributes
    ----------
    budget
        Its end; it begins after the end of the stretch before.
    bound
        No plan within these budgets is worth more.
    """

    budget: int
    bound: float


@dataclass(frozen=True, slots=True)
class Curve:
    """A frontier as it is shown.

    Attributes
    ----------
    name, money
        Of the problem, and the unit of its costs.
    axes
        What is weighed.
    points
        Points that no other one dominates, by cost.
    today, everything
        What is covered with nothing built, and with everything built that is not fixed out; where candidates
        exclude each other, no plan need reach the second.
    totals
        Weight of all pairs of each group; of all under `all`.
    band
        Of a two-way frontier, bounds of the objective by budget, rising; empty otherwise.
    proved
        Of a three-way frontier, least cost proved for coverages of the groups; empty otherwise.
    knee
        Position of the knee among the points; None with fewer than three points.
    ended
        `complete`: all non-dominated points are known within the gap; `points`: as many as were wanted;
        `time`.
    asked_gap
        Relative gap that was asked for.
    open_boxes
        Parts of the space in which there may be more points.
    """

    name: str
    money: str
    axes: Axes
    points: tuple[Point, ...]
    today: EvaluatedPoint
    everything: EvaluatedPoint
    totals: Mapping[str, int]
    band: tuple[Step, ...]
    proved: tuple[tuple[Level, float], ...]
    knee: int | None
    ended: str
    asked_gap: float
    open_boxes: int

    @property
    def groups(self) -> tuple[str, ...]:
        """Return the groups that weigh something, the largest weight last."""
        named = [group for group, weight in self.totals.items() if group not in ("", "all") and weight]
        return tuple(sorted(named, key=lambda group: (self.totals[group], group)))

    def share(self, plan: EvaluatedPoint, group: str) -> float:
        """Return the share of a group's weight that a plan covers, 0 to 1."""
        return plan.by_group.get(group, 0) / max(1, self.totals.get(group, 0))


def curve(tracer: Tracer) -> Curve:
    """Return what a tracer has found so far.

    Parameters
    ----------
    tracer
        During or after its work.
    """
    problem, axes, points = tracer.problem, tracer.axes, tuple(tracer.front())
    allowed = [c.id for c in problem.candidates if c.fixed != "out"]
    region, three = tracer.state.region, axes.kind == "three_way"
    return Curve(
        name=problem.name,
        money=problem.money,
        axes=axes,
        points=points,
        today=tracer.evaluate(()),
        everything=tracer.evaluate(allowed),
        totals=tracer.evaluate.totals(),
        band=() if three else tuple(band(region, most_money(problem))),
        proved=tuple((level, region.lower(level)) for level in region.bounded()) if three else (),
        knee=knee([point.place for point in points]),
        ended=tracer.state.ended,
        asked_gap=tracer.limits.gap,
        open_boxes=len(region.boxes),
    )


def band(region: Region, most: int) -> list[Step]:
    """Return the bounds of a two-way frontier as steps of rising budgets.

    Parameters
    ----------
    region
        What is proved; its levels are budgets with the sign turned.
    most
        Largest budget.
    """
    steps: list[Step] = []
    for level in sorted(region.bounded(), reverse=True):
        bound = -region.lower(level)
        if math.isfinite(bound) and -level[0] <= most:
            if steps and steps[-1].bound == bound:
                steps.pop()
            steps.append(Step(-level[0], bound))
    return steps


def knee(places: Sequence[Sequence[int]]) -> int | None:
    """Return the position of the point that bulges most from between the ends.

    Parameters
    ----------
    places
        Cost, then coverages, of each point; by cost.

    Returns
    -------
    int or None
        None with fewer than three points, or where no point bulges.

    Notes
    -----
    Each axis is scaled to 0..1 over the points; the bulge is the sum of the coverages, on average, less the
    cost. With two axes this is the distance from the chord between the ends (Das, Structural Optimization 18,
    1999), where the ends are the best in one axis each.
    """
    if len(places) < 3:
        return None
    axes = list(zip(*places, strict=True))
    spans = [max(axis) - min(axis) for axis in axes]
    if not spans[0]:
        return None

    def scaled(place: Sequence[int], axis: int) -> float:
        return (place[axis] - min(axes[axis])) / spans[axis] if spans[axis] else 0.0

    reached = range(1, len(axes))
    bulge = [
        sum(scaled(place, axis) for axis in reached) / len(reached) - scaled(place, 0) for place in places
    ]
    best = max(range(len(places)), key=lambda at: (bulge[at], -at))
    return best if bulge[best] > 0 else None


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
