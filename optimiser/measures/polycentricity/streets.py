"""Measure the dependence on areas of a network given as arrays, whole junctions and stations of a region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import FAR, LONGEST, Graph, Integers, Mask, Whole, times_from
from optimiser.measures.polycentricity.dependence import CoreTimes
from optimiser.measures.polycentricity.network import ALWAYS
from optimiser.problem.errors import ProblemError

type Floats = NDArray[np.float64]

NOWHERE = -1
"""Area of a node that lies in none."""


class Streets(NamedTuple):
    """A network in which areas are marked; n nodes, m arcs.

    Attributes
    ----------
    tail, head, seconds
        int64 [m]; seconds >= 1.
    area
        int64 [n]: area of each node, `NOWHERE` outside all.
    is_core
        bool [n]: nodes of the core.
    crosses
        bool [m]: arcs that run through the core between their ends.
    """

    tail: Integers
    head: Integers
    seconds: Integers
    area: Integers
    is_core: Mask
    crosses: Mask


@dataclass(frozen=True, slots=True)
class Journeys:
    """What the journeys of pairs pass.

    Attributes
    ----------
    core
        Times with the core and without it.
    through
        float64 [areas]: weight of the pairs whose best path passes an area, begun and ended outside it. Of
        paths that are as fast one counts, chosen by the order of arcs.
    elsewhere
        float64 [areas]: weight of the joined pairs that begin and end outside an area.
    """

    core: CoreTimes
    through: Floats
    elsewhere: Floats


def journeys(
    streets: Streets, origin: Integers, destination: Integers, weight: Integers, *, areas: int
) -> Journeys:
    """Follow the best paths of pairs.

    Parameters
    ----------
    streets
        The network.
    origin, destination
        int64 [K]: nodes.
    weight
        int64 [K].
    areas
        Number of areas.

    Raises
    ------
    ProblemError
        When times are longer than the compiled code can add up.

    Notes
    -----
    Times as in `core_times`: one search an origin in two layers, the upper of which is reached by way of the
    core. The best path is followed back in the layer in which it ends.
    """
    n = len(streets.area)
    net, back = _two_layers(streets, n)
    best, through, closed = (np.full(len(origin), FAR) for _ in range(3))
    passed, elsewhere = np.zeros(areas), np.zeros(areas)
    order = np.argsort(origin, kind="stable")
    starts = np.flatnonzero(np.diff(origin[order], prepend=-1))
    for ks in np.split(order, starts[1:]) if len(order) else []:
        times = times_from(net, ALWAYS, origin[ks[0]], LONGEST)
        ends = destination[ks]
        closed[ks], through[ks] = times[ends], times[ends + n]
        best[ks] = np.minimum(closed[ks], through[ks])
        follow(back, times, streets.area, origin[ks[0]], ends, weight[ks], passed, elsewhere)
    touches = streets.is_core[origin] | streets.is_core[destination]
    through[touches], closed[touches] = FAR, FAR
    return Journeys(CoreTimes(best, through, closed, touches), passed, elsewhere)


def _two_layers(streets: Streets, n: int) -> tuple[Graph, Graph]:
    """Return the network without the core below and by way of it above, and the same turned round."""
    tail, head, seconds = streets.tail, streets.head, streets.seconds
    if len(seconds) and int(seconds.max()) * 2 * n > LONGEST:
        raise ProblemError(f"paths may last longer than the {LONGEST} s that can be added up")
    leads_up = streets.is_core[head] | streets.crosses
    tails = np.concatenate([tail, tail + n])
    heads = np.concatenate([np.where(leads_up, head + n, head), head + n])
    both = np.concatenate([seconds, seconds])
    return rows(tails, heads, both, 2 * n), rows(heads, tails, both, 2 * n)


def rows(tail: Integers, head: Integers, seconds: Integers, nodes: int) -> Graph:
    """Return arcs in compressed rows, all open, in order of head and seconds.

    Parameters
    ----------
    tail, head, seconds
        int64 [m].
    nodes
        Number of nodes.
    """
    order = np.lexsort((seconds, head, tail))
    counts = np.bincount(tail, minlength=nodes)
    return Graph(
        start=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        head=np.ascontiguousarray(head[order], dtype=np.int64),
        seconds=np.ascontiguousarray(seconds[order], dtype=np.int64),
        owner=np.zeros(len(order), dtype=np.int64),
    )


@compiled
def follow(
    back: Graph,
    times: Integers,
    area: Integers,
    origin: Whole,
    ends: Integers,
    weight: Integers,
    passed: Floats,
    elsewhere: Floats,
) -> None:
    """Follow the best path to each end back, and count the pair for every area that it passes.

    Parameters
    ----------
    back
        The two layers turned round.
    times
        int64 [2n]: seconds from the origin.
    area
        int64 [n].
    origin
        Where all paths begin.
    ends
        int64: where they end.
    weight
        int64, one an end.
    passed, elsewhere
        float64 [areas]: counted up here.
    """
    n = area.size
    seen = np.full(passed.size, -1)
    for k in range(ends.size):
        node = ends[k] if times[ends[k]] <= times[ends[k] + n] else ends[k] + n
        if times[node] == FAR:
            continue
        first, last = area[origin], area[ends[k]]
        for a in range(elsewhere.size):
            if a not in (first, last):
                elsewhere[a] += weight[k]
        while node != origin:
            here = area[node % n]
            if here >= 0 and here not in (first, last) and seen[here] != k:
                seen[here] = k
                passed[here] += weight[k]
            for arc in range(back.start[node], back.start[node + 1]):
                before = back.head[arc]
                if times[before] < FAR and times[before] + back.seconds[arc] == times[node]:
                    node = before
                    break
