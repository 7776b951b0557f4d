"""Check the circuits of rings in exact integers, and say which rings cannot be formed.

Winding numbers are computed by quadrants, and not by ray crossings as in the model
(`optimiser.problem.ring_geometry`): an error in one of the two shows in the other.
"""

import heapq
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from optimiser.problem import DesignProblem, Ring
from optimiser.problem.result import Circuits, Reason
from optimiser.problem.ring import Point, RingStop

UNITS_PER_DEGREE = 1e7
"""Units of a coordinate in a degree."""

SMALLEST_GAP_DEG = 1.0
"""Width of a sector without links below which a message does not name it."""

MOST_CENTRES = 6
"""Most centres that the search for a shortest walk tells apart, since each doubles its states."""


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
    for what, least, found in _shortages(ring, [served]):
        yield f"it passes {found} {what} of the {least} that it needs"
    yield from (f"it does not pass {stop.id!r}" for stop in ring.stops if stop.must and stop not in served)


def _shortages(ring: Ring, served: Sequence[Sequence[RingStop]]) -> Iterator[tuple[str, int, int]]:
    """Yield what of stops a ring has too few: what, how many it needs, and the most of the sets served."""
    of_groups = [(f"stops of group {group!r}", least, {group}) for group, least in ring.least_by_group]
    for what, least, groups in [("stops", ring.least_stops, {stop.group for stop in ring.stops}), *of_groups]:
        most = max(sum(stop.group in groups for stop in stops) for stops in served)
        if most < least:
            yield what, least, most


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
    turns
        For each link and centre, the number of whole turns, without sign, by which the link and a tree that
        spans the component turn differently round the centre between the ends of the link. With signs, these
        numbers add up along a closed walk to its winding number.
    """

    nodes: frozenset[int]
    turns: Mapping[int, tuple[int, ...]]

    @property
    def links(self) -> tuple[int, ...]:
        """Return the positions of its links."""
        return tuple(sorted(self.turns))

    def encloses(self, centre: int) -> bool:
        """Return whether a closed walk in it may wind round a centre, given by its position."""
        return any(turns[centre] for turns in self.turns.values())


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
    centre and touch the stops that the ring needs. A circuit that forms the ring is a closed walk that winds
    an odd number of times round each centre, so it is no shorter than the shortest of these
    (`_shortest_walk`), and where it must pass a stop, than the shortest through a node of the stop.
    """
    for ring in (ring for ring in problem.rings if ring.required):
        named, missing = {link.candidate for link in ring.links}, list(missing_stops(ring))
        mine = {} if missing else {name: why for name, why in barred.items() if name in named}
        for reason in missing or _link_obstacles(ring, components_of(ring, barred)):
            text = f"the ring {ring.id!r} must be formed, and {reason.text}"
            yield replace(reason, text=text, barred=mine, ring=ring.id)


def missing_stops(ring: Ring) -> Iterator[Reason]:
    """Yield the stops that a ring needs and does not have, whatever its links; the ring is the subject."""
    for what, least, count in _shortages(ring, [ring.stops]):
        yield Reason(f"needs {least} {what}, of which there are {count}")
    for stop in ring.stops:
        if stop.must and not stop.nodes:
            yield Reason(f"must pass {stop.id!r}, which has no node", stops=(stop.id,))


def _link_obstacles(ring: Ring, components: Sequence[Component]) -> Iterator[Reason]:
    """Yield why no circuit in some components forms a ring, which is the subject."""
    centres = range(len(ring.centres))
    enclosed = [any(part.encloses(s) for part in components) for s in centres]
    for s, centre in enumerate(ring.centres):
        if not enclosed[s]:
            gap = _widest_gap(ring, components, centre)
            x, y = (value / UNITS_PER_DEGREE for value in centre)
            yield Reason(f"no circuit of usable links encloses {x:.4f} E {y:.4f} N{gap}")
    if not all(enclosed):
        return
    around = [part for part in components if all(part.encloses(s) for s in centres)]
    if not around:
        yield Reason("links round one of its centres are not connected to those round another")
        return
    untouched = list(_untouched_stops(ring, around))
    if untouched:
        yield from untouched
        return
    serving = [part for part in around if not any(_stop_faults(ring, part.nodes))]
    if serving:
        yield from _length_obstacles(ring, serving)
    else:
        yield Reason("no connected links round its centres touch all the stops that it needs")


def _untouched_stops(ring: Ring, around: Sequence[Component]) -> Iterator[Reason]:
    """Yield the stops that a ring needs and no component round its centres touches."""
    touched = [[stop for stop in ring.stops if not part.nodes.isdisjoint(stop.nodes)] for part in around]
    for what, least, most in _shortages(ring, touched):
        yield Reason(f"needs {least} {what}; the links round its centres touch {most}")
    for stop in ring.stops:
        if stop.must and not any(stop in stops for stops in touched):
            text = f"must pass {stop.id!r}, which the links round its centres do not touch"
            yield Reason(text, stops=(stop.id,))


def _length_obstacles(ring: Ring, components: Sequence[Component]) -> Iterator[Reason]:
    """Yield why each circuit in some components is longer than a ring may be."""
    longest = ring.longest
    if longest is None:
        return
    shortest = _least(_shortest_walk(ring, part, enough=longest) for part in components)
    if shortest is None or shortest > longest:
        length = "no circuit of usable links goes round all its centres"
        if shortest is not None:
            length = f"every circuit round its centres has {shortest:,} m or more"
        yield Reason(f"may be {longest:,} m long; {length}")
        return
    for stop in ring.stops:
        if stop.must:
            through = _least(_shortest_walk(ring, part, stop.nodes, enough=longest) for part in components)
            if through is not None and through > longest:
                text = (
                    f"may be {longest:,} m long; every circuit round its centres that passes {stop.id!r} has "
                    f"{through:,} m or more"
                )
                yield Reason(text, stops=(stop.id,))


def _least(lengths: Iterable[int | None]) -> int | None:
    return min((length for length in lengths if length is not None), default=None)


def _shortest_walk(
    ring: Ring, component: Component, through: Collection[int] | None = None, *, enough: int
) -> int | None:
    """Return the metres of a shortest closed walk that winds an odd number of times round each centre.

    Parameters
    ----------
    ring
        A ring whose links have lengths.
    component
        Links that may be used.
    through
        Nodes of which the walk passes one; None: any walk counts.
    enough
        Metres of a walk at which the search ends, whether or not there are shorter ones.

    Returns
    -------
    int or None
        None without such a walk.

    Notes
    -----
    Dijkstra's algorithm on nodes and the centres round which the walk has turned an odd number of times, from
    each node of `through`. Without these it starts at the tails of the links that turn round some centre an
    odd number of times: a walk that winds an odd number of times uses one of them. At most `MOST_CENTRES`
    centres are told apart, which only admits more walks.
    """
    odd = {
        k: sum(1 << s for s, n in enumerate(turns[:MOST_CENTRES]) if n % 2)
        for k, turns in component.turns.items()
    }
    steps: dict[int, list[tuple[int, int, int]]] = {v: [] for v in component.nodes}
    for k, change in odd.items():
        link, length = ring.links[k], ring.links[k].length or 0
        steps[link.tail].append((link.head, length, change))
        steps[link.head].append((link.tail, length, change))
    every = (1 << min(MOST_CENTRES, len(ring.centres))) - 1
    if through is None:
        tails = (
            {ring.links[k].tail for k, bits in odd.items() if bits >> s & 1}
            for s in range(every.bit_length())
        )
        through = min(tails, key=len)
    best: int | None = None
    for start in sorted(component.nodes.intersection(through)):
        shorter = _shortest_path(steps, (start, 0), (start, every), limit=best)
        best = best if shorter is None else shorter
        if best is not None and best <= enough:
            break
    return best


def _shortest_path(
    steps: Mapping[int, Sequence[tuple[int, int, int]]],
    origin: tuple[int, int],
    target: tuple[int, int],
    *,
    limit: int | None,
) -> int | None:
    """Return the length of a shortest path between two states, each a node and a set of bits.

    Parameters
    ----------
    steps
        For each node the next nodes, each with the length of the step and the bits that it flips.
    origin, target
        The states.
    limit
        Paths of this length or more do not count; None: all do.

    Returns
    -------
    int or None
        None without such a path.
    """
    found, heap = {origin: 0}, [(0, origin)]
    while heap:
        length, state = heapq.heappop(heap)
        if limit is not None and length >= limit:
            return None
        if state == target:
            return length
        if length > found[state]:
            continue
        node, bits = state
        for to, step_length, change in steps[node]:
            reached = to, bits ^ change
            if reached not in found or length + step_length < found[reached]:
                found[reached] = length + step_length
                heapq.heappush(heap, (length + step_length, reached))
    return None


def components_of(ring: Ring, barred: Collection[str]) -> list[Component]:
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
    beyond, queue = dict[int, tuple[int, ...]](), [root]
    while queue:
        v = queue.pop()
        for k, to, turns in steps[v]:
            reached = tuple(a + b for a, b in zip(sums[v], turns, strict=True))
            if to not in sums:
                sums[to] = reached
                queue.append(to)
            beyond[k] = tuple(abs(a - b) // 4 for a, b in zip(reached, sums[to], strict=True))
    return Component(frozenset(sums), beyond)


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
