"""Contract the graph of a ring to junctions, and keep one of parallel links that do alike."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

import shapely

from optimiser.problem.ring import Point
from optimiser.problem.ring_geometry import ray_crossings
from optimiser.proposals.rings.graph import GraphLink, RingGraph

type Chain = tuple[tuple[int, bool], ...]
"""Links in line, each with whether it is run from head to tail."""


def contract(graph: RingGraph, keep: Collection[int]) -> RingGraph:
    """Return a graph in which links that run into each other at a node of no interest are one.

    A circuit that uses one of them uses the other as well, so every circuit stands for itself.

    Parameters
    ----------
    graph
        The graph.
    keep
        Positions of nodes to keep besides those at which not exactly two links of one kind meet.

    Returns
    -------
    RingGraph
        Kept nodes without a link remain when they are in `keep`.
    """
    found = tuple(_one(graph, chain) for chain in chains(graph, keep))
    return RingGraph(graph.nodes, found).take(range(len(found)), also=keep)


def chains(graph: RingGraph, keep: Collection[int]) -> list[Chain]:
    """Return the links of a graph in line from one node that stays to the next.

    Parameters
    ----------
    graph
        The graph.
    keep
        Positions of nodes that stay whatever meets there.
    """
    at, wanted = graph.at(), set(keep)
    stays = [v in wanted or not _passes(graph, links) for v, links in enumerate(at)]
    for node in list(_closed_chains(graph, at, stays)):
        stays[node] = True
    used = [False] * len(graph.links)
    found = []
    for node, stay in enumerate(stays):
        for first in at[node] if stay else ():
            if not used[first]:
                chain = _chain(graph, at, stays, node, first)
                for position, _ in chain:
                    used[position] = True
                found.append(chain)
    return found


def inner_nodes(graph: RingGraph, chain: Chain) -> list[int]:
    """Return the nodes between the links of a chain."""
    ends = [(link.tail, link.head) for link in (graph.links[position] for position, _ in chain[:-1])]
    return [two[0] if back else two[1] for two, (_, back) in zip(ends, chain[:-1], strict=True)]


def _passes(graph: RingGraph, links: Sequence[int]) -> bool:
    """Tell whether two links meet at a node that exist both, or belong to one candidate."""
    if len(links) != 2 or links[0] == links[1]:
        return False
    return graph.links[links[0]].candidate == graph.links[links[1]].candidate


def _closed_chains(graph: RingGraph, at: list[list[int]], stays: list[bool]) -> Iterator[int]:
    """Yield a node of each circuit that has no node that stays."""
    seen = list(stays)
    for start in [*(v for v, stay in enumerate(stays) if stay), *range(len(stays))]:
        if not seen[start]:
            yield start
        stack = [start] if not seen[start] or stays[start] else []
        seen[start] = True
        while stack:
            for position in at[stack.pop()]:
                for end in (graph.links[position].tail, graph.links[position].head):
                    if not seen[end]:
                        seen[end] = True
                        stack.append(end)


def _chain(graph: RingGraph, at: list[list[int]], stays: list[bool], node: int, first: int) -> Chain:
    """Return the links from a node on to the next one that stays, each with whether it is run backwards."""
    chain, here, position = [], node, first
    while True:
        link = graph.links[position]
        back = link.tail != here
        chain.append((position, back))
        here = link.tail if back else link.head
        if stays[here]:
            return tuple(chain)
        position = next(other for other in at[here] if other != position)


def _one(graph: RingGraph, chain: Chain) -> GraphLink:
    """Return links in line as one."""
    links = [graph.links[position] for position, _ in chain]
    points: list[tuple[float, float]] = []
    for (_, back), link in zip(chain, links, strict=True):
        coords = [(float(x), float(y)) for x, y in link.line.coords]
        points += reversed(coords) if back else coords
    apart = [point for k, point in enumerate(points) if k == 0 or point != points[k - 1]]
    km: dict[str, float] = defaultdict(float)
    for link in links:
        km[link.name] += link.length_km
    named = sorted((-length, name) for name, length in km.items() if name)
    start, end = links[0], links[-1]
    return GraphLink(
        tail=start.head if chain[0][1] else start.tail,
        head=end.tail if chain[-1][1] else end.head,
        line=shapely.LineString(apart),
        length_km=sum(link.length_km for link in links),
        name=named[0][1] if named else "",
        candidate=start.candidate,
    )


def without_twins(graph: RingGraph, centres: Sequence[Point]) -> RingGraph:
    """Keep one of the links that join the same nodes and wind alike.

    What exists comes before what must be built, and of what exists or belongs to one candidate, the shortest.
    Where one of them can be used the other can be as well, at no more cost and winding alike round every
    centre, so no ring is lost but longer or dearer ones. Loops that wind round no centre leave, and so do
    links through a centre.

    Parameters
    ----------
    graph
        The graph.
    centres
        Centres in 1e-7 degree.
    """
    alike: dict[tuple[object, ...], dict[str, tuple[float, int]]] = defaultdict(dict)
    for position, link in enumerate(graph.links):
        turns = _turns(graph, position, centres)
        if turns is not None:
            ends = min(link.tail, link.head), max(link.tail, link.head)
            best = alike[ends, turns]
            best[link.candidate] = min(best.get(link.candidate, (math.inf, -1)), (link.length_km, position))
    kept = [best[""] for best in alike.values() if "" in best]
    kept += [one for best in alike.values() if "" not in best for one in best.values()]
    return graph.take(sorted(position for _, position in kept))


def _turns(graph: RingGraph, position: int, centres: Sequence[Point]) -> tuple[int, ...] | None:
    """Return how often a link crosses the ray of each centre, from its lower node on; None: of no use."""
    link = graph.links[position]
    line = graph.corners(position)
    counted = [ray_crossings(line if link.tail <= link.head else line[::-1], centre) for centre in centres]
    turns = tuple(n for n in counted if n is not None)
    if len(turns) < len(counted) or (link.tail == link.head and not any(turns)):
        return None
    return max(turns, tuple(-n for n in turns)) if link.tail == link.head else turns
