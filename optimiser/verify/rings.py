"""Check the circuits of rings in exact integers, and say which rings cannot be formed.

Winding numbers are computed by quadrants, and not by ray crossings as in the model
(`optimiser.problem.ring_geometry`): an error in one of the two shows in the other.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from optimiser.problem import DesignProblem, Ring
from optimiser.problem.result import Circuits, Reason
from optimiser.problem.ring import Point

UNITS_PER_DEGREE = 1e7
"""Units of a coordinate in a degree."""

SMALLEST_GAP_DEG = 1.0
"""Width of a sector without links below which a message does not name it."""

MOST_LISTED = 10
"""Names that one sentence lists; the rest are counted."""


# ---- winding numbers


def winding_number(line: Sequence[Point], centre: Point) -> int | None:
    """Return how often a closed line winds round a point, counterclockwise positive.

    Parameters
    ----------
    line
        The corners, in order; the last is joined to the first.
    centre
        The point.

    Returns
    -------
    int or None
        None when the line runs through the point.
    """
    turns = quarter_turns([*line, line[0]], centre)
    return None if turns is None else turns // 4


def quarter_turns(line: Sequence[Point], centre: Point) -> int | None:
    """Return by how many quadrants an open line turns round a point, counterclockwise positive.

    Parameters
    ----------
    line
        The corners, in order.
    centre
        The point.

    Returns
    -------
    int or None
        None when the line runs through the point. The numbers of joined lines add up, that of a reversed line
        has the opposite sign, and that of a closed line is four times its winding number.

    Notes
    -----
    Hormann and Agathos, "The point in polygon problem for arbitrary polygons", Computational Geometry 20
    (2001). Each corner lies in one of four half-open quadrants round the point. An edge turns by less than
    180 degrees, so between equal or adjacent quadrants its direction is certain. Between opposite quadrants
    the cross product of its ends decides; where that is 0, the edge runs through the point. Python integers
    do not overflow, so no coordinate is too large.
    """
    corners = [(x - centre[0], y - centre[1]) for x, y in line]
    if (0, 0) in corners:
        return None
    total = 0
    for (ax, ay), (bx, by) in pairwise(corners):
        turn = (_quadrant(bx, by) - _quadrant(ax, ay)) % 4
        if turn == 3:
            turn = -1
        elif turn == 2:
            cross = ax * by - ay * bx
            if cross == 0:
                return None
            turn = 2 if cross > 0 else -2
        total += turn
    return total


def _quadrant(x: int, y: int) -> int:
    """Return the quadrant, 0 to 3, of a point other than the origin.

    The half-axis at which a quadrant begins belongs to it. Each is a convex cone without the origin, so no
    edge within it runs through the origin.
    """
    if x > 0 and y >= 0:
        return 0
    if y > 0:
        return 1
    return 2 if x < 0 else 3


# ---- circuits


def circuit_nodes(ring: Ring, links: Sequence[int]) -> tuple[int, ...] | None:
    """Return the nodes that links pass in order as a closed circuit; None when they do not form one.

    Parameters
    ----------
    ring
        The ring.
    links
        Positions of its links, at least one; each is passed in the direction that fits.
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


def circuit_line(ring: Ring, links: Sequence[int], nodes: Sequence[int]) -> list[Point]:
    """Return the corners of a circuit that passes each link from the node given for it."""
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
    nodes = circuit_nodes(ring, links)
    if nodes is None:
        yield "its links are not a closed circuit"
        return
    if len(set(nodes)) < len(nodes):
        yield "it visits a node twice"
    names = (ring.links[k].candidate for k in links)
    yield from (
        f"it uses {name!r}, which is not built" for name in names if name is not None and name not in built
    )
    line = circuit_line(ring, links, nodes)
    for centre in ring.centres:
        turns = winding_number(line, centre)
        if turns not in (1, -1):
            how = "runs through it" if turns is None else f"winds {turns} times round it"
            yield f"it does not go once round {list(centre)}: it {how}"
    yield from _stop_faults(ring, set(nodes))
    if ring.longest is not None:
        length = sum(ring.links[k].length or 0 for k in links)
        if length > ring.longest:
            yield f"it is {length:,} m long, and may be {ring.longest:,} m"


def _stop_faults(ring: Ring, nodes: Collection[int]) -> Iterator[str]:
    """Yield the stops that a circuit through some nodes lacks, of all, of a group, and by name."""
    served = [stop for stop in ring.stops if any(v in nodes for v in stop.nodes)]
    if len(served) < ring.least_stops:
        yield f"it passes {len(served)} stops of the {ring.least_stops} that it needs"
    for group, least in ring.least_by_group:
        found = sum(stop.group == group for stop in served)
        if found < least:
            yield f"it passes {found} stops of group {group!r} of the {least} that it needs"
    yield from (f"it does not pass {stop.id!r}" for stop in ring.stops if stop.must and stop not in served)


def ring_faults(problem: DesignProblem, circuits: Circuits, built: Collection[str]) -> Iterator[str]:
    """Yield why circuits do not form their rings, and the required rings without a circuit.

    Parameters
    ----------
    problem
        Any problem.
    circuits
        Circuits of the rings that a plan claims to form.
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
    """Return the points of the nodes that links of a ring touch."""
    return {ring.nodes[v] for k in links for v in (ring.links[k].tail, ring.links[k].head)}


def ring_rewards(problem: DesignProblem, circuits: Circuits, built: Collection[str]) -> int:
    """Return the rewards of the rings that are formed with what is open."""
    return sum(
        ring.reward
        for ring in problem.rings
        if ring.id in circuits and not circuit_fault(ring, circuits[ring.id], built)
    )


# ---- rings that cannot be formed


@dataclass(frozen=True, slots=True)
class Component:
    """A connected component of the links that a ring may use.

    Attributes
    ----------
    nodes
        Positions of its nodes.
    links
        Their positions.
    encloses
        For each centre, whether a closed walk in it may wind round the centre.
    """

    nodes: frozenset[int]
    links: tuple[int, ...]
    encloses: tuple[bool, ...]


def ring_obstacles(problem: DesignProblem, barred: Mapping[str, str]) -> Iterator[Reason]:
    """Yield reasons each of which proves that a required ring cannot be formed.

    Parameters
    ----------
    problem
        Any problem.
    barred
        Ids of the candidates that no plan builds, each with the reason.

    Notes
    -----
    A circuit lies in one component of the usable links. A component in which every closed walk winds 0 times
    round a centre (`Component.encloses`) holds no circuit of the ring. So one component must enclose every
    centre and touch as many stops as the ring needs.
    """
    for ring in problem.rings:
        if ring.required:
            yield from _obstacles(ring, barred)


def _obstacles(ring: Ring, barred: Mapping[str, str]) -> Iterator[Reason]:
    subject = f"the ring {ring.id!r} must be formed, and"
    if ring.least_stops > len(ring.stops):
        yield Reason(f"{subject} needs {ring.least_stops} stops, of which there are {len(ring.stops)}")
        return
    components = _components(ring, barred)
    named = {link.candidate for link in ring.links}
    mine = {name: why for name, why in barred.items() if name in named}
    enclosed = [any(part.encloses[s] for part in components) for s in range(len(ring.centres))]
    for s, centre in enumerate(ring.centres):
        if not enclosed[s]:
            gap = _widest_gap(ring, components, centre)
            text = f"{subject} no circuit of usable links encloses {_degrees(centre)}{gap}"
            yield Reason(text, barred=mine)
    if not all(enclosed):
        return
    around = [part for part in components if all(part.encloses)]
    if not around:
        text = f"{subject} links round one of its centres are not connected to those round another"
        yield Reason(text, barred=mine)
        return
    most = max(sum(not part.nodes.isdisjoint(stop.nodes) for stop in ring.stops) for part in around)
    if most < ring.least_stops:
        text = f"{subject} needs {ring.least_stops} stops; the links round its centres touch {most}"
        yield Reason(text, barred=mine)


def _components(ring: Ring, barred: Collection[str]) -> list[Component]:
    """Return the connected components of the usable links: not barred, and not through a centre."""
    steps: dict[int, list[tuple[int, int, tuple[int, ...]]]] = {}
    for k, link in enumerate(ring.links):
        counts = [quarter_turns(_link_line(ring, k), centre) for centre in ring.centres]
        turns = tuple(n for n in counts if n is not None)
        if link.candidate not in barred and len(turns) == len(counts):
            steps.setdefault(link.tail, []).append((k, link.head, turns))
            steps.setdefault(link.head, []).append((k, link.tail, tuple(-n for n in turns)))
    found, seen = [], set[int]()
    for root in sorted(steps):
        if root not in seen:
            found.append(_component(root, steps, len(ring.centres)))
            seen |= found[-1].nodes
    return found


def _component(
    root: int, steps: Mapping[int, Sequence[tuple[int, int, tuple[int, ...]]]], centres: int
) -> Component:
    """Return the component of a node.

    Turns are summed along a spanning tree. Where every other link agrees with the sums at its ends, they are
    a potential: the turns along any closed walk cancel, and none winds round the centre.
    """
    sums: dict[int, tuple[int, ...]] = {root: (0,) * centres}
    links, encloses, queue = set[int](), [False] * centres, [root]
    while queue:
        v = queue.pop()
        for k, to, turns in steps[v]:
            links.add(k)
            reached = tuple(a + b for a, b in zip(sums[v], turns, strict=True))
            if to not in sums:
                sums[to] = reached
                queue.append(to)
            for s in range(centres):
                encloses[s] |= sums[to][s] != reached[s]
    return Component(frozenset(sums), tuple(sorted(links)), tuple(encloses))


def _widest_gap(ring: Ring, components: Sequence[Component], centre: Point) -> str:
    """Return where the component that comes nearest to enclosing a centre is open, to end a sentence."""
    if not components:
        return ": no link may be used"
    gaps = [_gap(ring, component.links, centre) for component in components]
    low, high = min(gaps, key=lambda gap: gap[1] - gap[0])
    if high - low < SMALLEST_GAP_DEG:
        return ""
    return (
        f": the links that come nearest to it leave a gap between the bearings {low % 360:.0f} and "
        f"{high % 360:.0f} degrees"
    )


def _gap(ring: Ring, links: Sequence[int], centre: Point) -> tuple[float, float]:
    """Return the widest sector, seen from a centre, that no link crosses.

    Parameters
    ----------
    ring
        The ring.
    links
        Positions of links, none of which runs through the centre.
    centre
        The centre.

    Returns
    -------
    tuple
        Bearings in degrees, clockwise from north, the second no less than the first; equal without a gap.
    """
    spans = []
    for k in links:
        for a, b in pairwise(_link_line(ring, k)):
            first = _bearing(centre, a)
            turn = math.remainder(_bearing(centre, b) - first, 360.0)
            low = min(first, first + turn) % 360.0
            spans.append((low, low + abs(turn)))
    spans.sort()
    # Sweep the sectors in order of their beginnings; `end` is how far they reach so far, at first from the
    # ones that pass north.
    end, widest = max(high for _, high in spans) - 360.0, (0.0, 0.0)
    for low, high in spans:
        if low - end > widest[1] - widest[0]:
            widest = end, low
        end = max(end, high)
    return widest


def _link_line(ring: Ring, k: int) -> list[Point]:
    link = ring.links[k]
    return [ring.nodes[link.tail], *link.via, ring.nodes[link.head]]


def _bearing(centre: Point, point: Point) -> float:
    shrink = math.cos(math.radians(centre[1] / UNITS_PER_DEGREE))
    east, north = (point[0] - centre[0]) * shrink, point[1] - centre[1]
    return math.degrees(math.atan2(east, north))


def _degrees(point: Point) -> str:
    return f"{point[0] / UNITS_PER_DEGREE:.4f} E {point[1] / UNITS_PER_DEGREE:.4f} N"


# ---- words


def listed(names: Collection[str]) -> str:
    """Return some names for a sentence, the rest counted."""
    shown = ", ".join(list(names)[:MOST_LISTED])
    return shown + (f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else "")
