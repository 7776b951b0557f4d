"""Judge the circuits of rings in exact integers, with nothing of the solving code."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise

from optimiser.problem import DesignProblem, Ring
from optimiser.problem.ring import Point

type Circuits = Mapping[str, tuple[int, ...]]
"""The circuit of each ring that is formed: ring id to positions of links, in order round the circuit."""


def winding(line: Sequence[Point], centre: Point) -> int | None:
    """Return how often a closed line winds round a point, counterclockwise positive; None when it lies on it.

    Parameters
    ----------
    line
        The corners, in order; the last is joined to the first.
    centre
        The point.

    Notes
    -----
    Sunday, "Inclusion of a point in a polygon" (2001): edges that cross the ray from the point eastwards
    count +1 upwards and -1 downwards. The lower end belongs to an edge and the upper does not, which is to
    move the ray northwards by less than any distance, so that it meets no corner. Python integers do not
    overflow.
    """
    return crossings([*line, line[0]], centre)


def crossings(line: Sequence[Point], centre: Point) -> int | None:
    """Return how often an open line crosses the ray from a point eastwards, northwards less southwards.

    Parameters
    ----------
    line
        The corners, in order.
    centre
        The point.

    Returns
    -------
    int or None
        None when the line runs through the point. The numbers of lines that are joined add up, and a line
        passed the other way has the number turned round.
    """
    x, y = centre
    count = 0
    for (ax, ay), (bx, by) in pairwise(line):
        side = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        if side == 0 and min(ax, bx) <= x <= max(ax, bx) and min(ay, by) <= y <= max(ay, by):
            return None
        if ay <= y < by and side > 0:
            count += 1
        elif by <= y < ay and side < 0:
            count -= 1
    return count


def nodes_round(ring: Ring, links: Sequence[int]) -> tuple[int, ...] | None:
    """Return the nodes that links pass in order, as a closed circuit; None when they are none.

    Parameters
    ----------
    ring
        The ring.
    links
        Positions of its links; each is passed in the direction that fits.
    """
    first = ring.links[links[0]]
    for start in (first.tail, first.head):
        at, visited = start, []
        for k in links:
            link = ring.links[k]
            if at not in (link.tail, link.head):
                break
            visited.append(at)
            at = link.head if at == link.tail else link.tail
        else:
            if at == start:
                return tuple(visited)
    return None


def line_of(ring: Ring, links: Sequence[int], nodes: Sequence[int]) -> list[Point]:
    """Return the corners of a circuit that passes links from the nodes given."""
    line: list[Point] = []
    for k, at in zip(links, nodes, strict=True):
        link = ring.links[k]
        line += [ring.nodes[at], *(link.via if at == link.tail else link.via[::-1])]
    return line


def circuit_fault(ring: Ring, links: Sequence[int], built: Collection[str]) -> str:
    """Return why links do not form a ring with what is built; empty when they do.

    Parameters
    ----------
    ring
        The ring.
    links
        Positions of its links, in order round the circuit.
    built
        Ids of the candidates that are open.
    """
    return next(_circuit_faults(ring, links, built), "")


def _circuit_faults(ring: Ring, links: Sequence[int], built: Collection[str]) -> Iterator[str]:
    if not links or not all(0 <= k < len(ring.links) for k in links):
        yield "its links are not positions of links of the ring"
        return
    if len(set(links)) < len(links):
        yield "it uses a link twice"
    nodes = nodes_round(ring, links)
    if nodes is None:
        yield "its links are not a closed circuit"
        return
    if len(set(nodes)) < len(nodes):
        yield "it visits a node twice"
    names = (ring.links[k].candidate for k in links)
    yield from (
        f"it uses {name!r}, which is not built" for name in names if name is not None and name not in built
    )
    line = line_of(ring, links, nodes)
    for centre in ring.centres:
        turns = winding(line, centre)
        if turns not in (1, -1):
            how = "runs through it" if turns is None else f"winds {turns} times round it"
            yield f"it does not go once round {list(centre)}: it {how}"
    passed = sum(not set(nodes).isdisjoint(stop.nodes) for stop in ring.stops)
    if passed < ring.least_stops:
        yield f"it passes {passed} stops of the {ring.least_stops} that it needs"


def ring_faults(problem: DesignProblem, circuits: Circuits, built: Collection[str]) -> Iterator[str]:
    """Yield what keeps circuits from forming their rings, and required rings that have none.

    Parameters
    ----------
    problem
        The problem.
    circuits
        Ring id to links.
    built
        Ids of the candidates that are open at the end.
    """
    rings = {ring.id: ring for ring in problem.rings}
    yield from (f"there is no ring {name!r}" for name in circuits if name not in rings)
    faults = {
        name: circuit_fault(rings[name], links, built) for name, links in circuits.items() if name in rings
    }
    yield from (f"ring {name!r} is not formed: {fault}" for name, fault in faults.items() if fault)
    places = {name: _places(rings[name], circuits[name]) for name, fault in faults.items() if not fault}
    for name, mine in places.items():
        for other in rings[name].apart:
            if mine & places.get(other, set()):
                yield f"ring {name!r} shares a node with ring {other!r}, and must be apart from it"
    for ring in problem.rings:
        if ring.required and ring.id not in circuits:
            yield f"ring {ring.id!r} must be formed and is not"


def _places(ring: Ring, links: Sequence[int]) -> set[Point]:
    """Return the positions of the nodes that links of a ring touch."""
    return {ring.nodes[v] for k in links for v in (ring.links[k].tail, ring.links[k].head)}


def rewards(problem: DesignProblem, circuits: Circuits, built: Collection[str]) -> int:
    """Return what the rings earn that are formed with what is open."""
    return sum(
        ring.reward
        for ring in problem.rings
        if ring.id in circuits and not circuit_fault(ring, circuits[ring.id], built)
    )
