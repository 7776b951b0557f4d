"""Measure how many journeys need the core: whose best path passes it, and what is lost when it is closed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from optimiser.engine.search.paths import FAR, Integers, Mask
from optimiser.measures.polycentricity.network import (
    all_times,
    laid_out,
    open_arcs,
    pairs_by_origin,
    positions,
)
from optimiser.problem import Arc, DesignProblem


class CoreTimes(NamedTuple):
    """Times of each pair with the core and without it, in seconds, `FAR` where no path leads.

    Attributes
    ----------
    best
        int64 [K]: shortest time.
    through
        int64 [K]: shortest time of those that pass a node of the core on their way.
    closed
        int64 [K]: shortest time of those that pass none.
    ends
        bool [K]: the pair begins or ends in the core; its other times are then `FAR`.
    """

    best: Integers
    through: Integers
    closed: Integers
    ends: Mask

    @property
    def on_every(self) -> Mask:
        """Say which pairs pass the core on every best path."""
        joined: Mask = (self.best < FAR) & ~self.ends & (self.closed > self.best)
        return joined

    @property
    def on_some(self) -> Mask:
        """Say which pairs pass the core on a best path, though perhaps not on each that is as fast."""
        joined: Mask = (self.best < FAR) & ~self.ends & (self.through == self.best)
        return joined


def core_times(problem: DesignProblem, built: Iterable[str], core: Iterable[str]) -> CoreTimes:
    """Return the times of all pairs with and without the core.

    Parameters
    ----------
    problem
        The problem.
    built
        Ids of what is built.
    core
        Ids of the nodes of the core.

    Raises
    ------
    ProblemError
        When an id is unknown.

    Notes
    -----
    One search an origin in two layers (shortest paths in a product graph): the lower layer holds what is
    reached without the core, the upper what is reached by way of it, and an arc into the core leads up. So
    ties are exact: a best path avoids the core if and only if the lower time equals the best, and one passes
    it if and only if the upper does.
    """
    n, core_nodes = len(problem.nodes), frozenset(positions(problem, core))
    net = laid_out(_layers(open_arcs(problem, built), core_nodes, n), 2 * n)
    through, closed = np.full(len(problem.pairs), FAR), np.full(len(problem.pairs), FAR)
    best = np.full(len(problem.pairs), FAR)
    for origin, ks in pairs_by_origin(problem).items():
        times = all_times(net, origin)
        ends = np.array([problem.pairs[k].destination for k in ks])
        closed[ks], through[ks] = times[ends], times[ends + n]
        best[ks] = np.minimum(times[ends], times[ends + n])
    touches = np.array([not core_nodes.isdisjoint((p.origin, p.destination)) for p in problem.pairs], bool)
    through[touches], closed[touches] = FAR, FAR
    return CoreTimes(best, through, closed, touches)


def _layers(arcs: Iterable[Arc], core: Collection[int], n: int) -> Iterator[Arc]:
    for tail, head, seconds in arcs:
        yield tail + n, head + n, seconds
        yield tail, head + n if head in core else head, seconds


@dataclass(frozen=True, slots=True)
class Dependence:
    """How far the pairs of a problem depend on the core; pairs that begin or end in it are left out.

    Attributes
    ----------
    ends
        Weight of the pairs left out.
    apart
        Weight of the pairs that no path joins; they are left out too.
    weight
        Weight of the rest: joined pairs with both ends outside the core.
    on_every, on_some
        Weight of the pairs that pass the core on every best path, and on some.
    cut_off
        Weight of the pairs that no path joins once the core is closed.
    lost
        Weight x seconds lost when the core is closed, over the pairs that are still joined.
    still_joined
        Weight of the pairs that are still joined.
    best, through
        Weight x seconds by the best path and by the best through the core, over the pairs that have the
        latter.
    """

    ends: int
    apart: int
    weight: int
    on_every: int
    on_some: int
    cut_off: int
    lost: int
    still_joined: int
    best: int
    through: int

    @property
    def share_on_every(self) -> Fraction:
        """Return the share of weight that passes the core on every best path; 0 without weight."""
        return _ratio(self.on_every, self.weight)

    @property
    def share_on_some(self) -> Fraction:
        """Return the share of weight that passes the core on some best path; 0 without weight."""
        return _ratio(self.on_some, self.weight)

    @property
    def mean_lost(self) -> Fraction:
        """Return the mean seconds lost when the core is closed, of those still joined; 0 without weight."""
        return _ratio(self.lost, self.still_joined)

    @property
    def detour(self) -> Fraction | None:
        """Return time through the core per best time, >= 1; 1: no way round is faster. None without weight.

        The larger it is, the less the region needs its core.
        """
        return Fraction(self.through, self.best) if self.best else None


def _ratio(part: int, whole: int) -> Fraction:
    return Fraction(part, whole) if whole else Fraction(0)


def dependence(problem: DesignProblem, built: Iterable[str], core: Iterable[str]) -> Dependence:
    """Measure the dependence of a plan on the core.

    Parameters
    ----------
    problem
        The problem.
    built
        Ids of what is built.
    core
        Ids of the nodes of the core.

    Raises
    ------
    ProblemError
        When an id is unknown.
    """
    return weighed_dependence(problem, core_times(problem, built, core))


def weighed_dependence(problem: DesignProblem, times: CoreTimes) -> Dependence:
    """Sum up the times of pairs by their weights.

    Parameters
    ----------
    problem
        The problem.
    times
        Of its pairs, from `core_times`.
    """
    return summed(times, [pair.weight for pair in problem.pairs])


def summed(times: CoreTimes, weights: Iterable[int]) -> Dependence:
    """Sum up times by weights.

    Parameters
    ----------
    times
        Of K pairs.
    weights
        Of each.
    """
    weight = np.array(list(weights), dtype=object)
    counts = ~times.ends & (times.best < FAR)
    joined, passing = counts & (times.closed < FAR), counts & (times.through < FAR)
    best, through, closed = (row.astype(object) for row in times[:3])
    return Dependence(
        ends=_sum(weight[times.ends]),
        apart=_sum(weight[~times.ends & ~counts]),
        weight=_sum(weight[counts]),
        on_every=_sum(weight[times.on_every]),
        on_some=_sum(weight[times.on_some]),
        cut_off=_sum(weight[counts & ~joined]),
        lost=_sum((weight * (closed - best))[joined]),
        still_joined=_sum(weight[joined]),
        best=_sum((weight * best)[passing]),
        through=_sum((weight * through)[passing]),
    )


def _sum(values: np.ndarray[tuple[int, ...], np.dtype[np.object_]]) -> int:
    return sum(int(value) for value in values)
