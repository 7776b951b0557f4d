"""Summarise a frontier: its ends, its proven band, its knee, and the order in which links enter."""

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
    """An interval of budgets with a common bound.

    Attributes
    ----------
    budget
        End of the interval; it begins after the end of the interval before.
    bound
        Upper bound on the objective of all plans within these budgets.
    """

    budget: int
    bound: float


@dataclass(frozen=True, slots=True)
class Curve:
    """A frontier for presentation.

    Attributes
    ----------
    name, money
        Name of the problem, and the unit of its costs.
    axes
        Axes of the frontier.
    points
        Non-dominated points, by cost.
    today, everything
        The plans that build nothing, and everything that is not fixed out. Where candidates exclude each
        other, no feasible plan may reach the second.
    totals
        Weight of all pairs by group, and the total weight under `all`.
    band
        For a two-way frontier, bounds on the objective by rising budget; empty otherwise.
    proved
        For a three-way frontier, lower bounds on the cost of coverages of the groups; empty otherwise.
    knee
        Position of the knee among the points; None with fewer than three points.
    ended
        `complete`: all non-dominated points are known within the gap; `points`: the requested number of
        points was found; `time`: the time limit was reached; `failed`: the solver failed, and the points are
        those found before.
    asked_gap
        Requested relative gap.
    open_boxes
        Number of boxes in which there may be more points.
    faults
        How the solver failed, as sentences.
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
    faults: tuple[str, ...] = ()

    @property
    def groups(self) -> tuple[str, ...]:
        """Return the named groups of positive weight, the largest weight last."""
        named = [group for group, weight in self.totals.items() if group not in ("", "all") and weight]
        return tuple(sorted(named, key=lambda group: (self.totals[group], group)))

    @property
    def counts_pairs_alone(self) -> bool:
        """Whether the axis of coverage is the weight of pairs: no city or ring earns anything on it."""
        if self.axes.kind != "two_way":
            return True
        return all(point.plan.reached[0] == point.plan.by_group["all"] for point in self.points)

    def share(self, plan: EvaluatedPoint, group: str) -> float:
        """Return the share of the weight of a group that a plan covers, from 0 to 1."""
        return plan.by_group.get(group, 0) / max(1, self.totals.get(group, 0))


def curve(tracer: Tracer) -> Curve:
    """Return the frontier that a tracer has found so far.

    Parameters
    ----------
    tracer
        A tracer, during or after its iteration.
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
        faults=tuple(tracer.state.faults),
    )


def band(region: Region, most: int) -> list[Step]:
    """Return the bounds of a two-way frontier as steps of rising budgets.

    Parameters
    ----------
    region
        The proven bounds; its levels are negative budgets.
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
    """Return the position of the knee: the point farthest beyond the chord between the ends.

    Parameters
    ----------
    places
        Cost, then coverages, of each point, sorted by cost.

    Returns
    -------
    int or None
        None with fewer than three points, or when no point lies beyond the chord.

    Notes
    -----
    Each axis is scaled to 0..1 over the points. The distance is the mean coverage minus the cost. With two
    axes it is proportional to the distance from the chord between the ends (Das, Structural Optimization 18,
    1999), where each end is the best point in one axis.
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
    distance = [
        sum(scaled(place, axis) for axis in reached) / len(reached) - scaled(place, 0) for place in places
    ]
    best = max(range(len(places)), key=lambda at: (distance[at], -at))
    return best if distance[best] > 0 else None


CORE = 0.5


"""Share of all points that must build a link of the core. A link that enters near the expensive end is in all
later points only because there are few of them."""


@dataclass(frozen=True, slots=True)
class LinkOnFrontier:
    """A candidate along a frontier.

    Attributes
    ----------
    id
        Id of the candidate.
    enters
        Position of the cheapest point that builds it.
    cost_of_entry
        Cost of this point.
    points
        Number of points that build it.
    share
        Share of the points from its entry on that build it.
    leaves
        Number of points that build it while the next point does not.
    stays
        Whether every point from its entry on builds it.
    core
        Whether it belongs to the robust core: it is steady from its entry on, and at least the share `CORE`
        of all points build it.
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


"""Share of the points from its entry on that must build a link of the core, by the kind of axes. Points of a
three-way frontier with similar costs serve different groups, so hardly any link is in all of them."""


def marginal_order(points: Sequence[Point], *, steady: float = 1.0) -> list[LinkOnFrontier]:
    """Return the candidates that at least one point builds, in the order in which they enter.

    Parameters
    ----------
    points
        Points by cost.
    steady
        Share of the points from its entry on that must build a link of the core.
    """
    plans = [set(point.plan.built) for point in points]
    names = sorted(set().union(*plans)) if plans else []
    found = [_link_on_frontier(name, plans, points, steady) for name in names]
    return sorted(found, key=lambda link: (link.enters, -link.share, link.id))


def _link_on_frontier(
    name: str, plans: Sequence[set[str]], points: Sequence[Point], steady: float
) -> LinkOnFrontier:
    is_built = [name in plan for plan in plans]
    first = is_built.index(True)
    count = sum(is_built)
    return LinkOnFrontier(
        id=name,
        enters=first,
        cost_of_entry=points[first].cost,
        points=count,
        share=count / (len(is_built) - first),
        leaves=sum(a and not b for a, b in itertools.pairwise(is_built)),
        stays=all(is_built[first:]),
        core=count >= steady * (len(is_built) - first) and count >= CORE * len(is_built),
    )
