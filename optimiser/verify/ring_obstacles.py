"""Say why a ring cannot be formed, by arguments that need no search."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from optimiser.problem import DesignProblem, Ring
from optimiser.problem.ring import Point
from optimiser.verify.circuits import crossings

UNITS = 1e7
"""Units of a coordinate in a degree."""


@dataclass(frozen=True, slots=True)
class Part:
    """Links that hang together.

    Attributes
    ----------
    nodes
        Positions of their nodes.
    links
        Their positions.
    encloses
        For each centre, whether some circuit of theirs winds round it.
    """

    nodes: frozenset[int]
    links: tuple[int, ...]
    encloses: tuple[bool, ...]


def ring_obstacles(problem: DesignProblem, barred: Mapping[str, str]) -> Iterator[str]:
    """Yield sentences each of which proves that a required ring cannot be formed.

    Parameters
    ----------
    problem
        Any problem.
    barred
        Ids of candidates that no plan builds, each with why.

    Notes
    -----
    A circuit lies in one part of links that hang together. Where every circuit of a part winds 0 times round
    a centre (`Part.encloses`), the part holds no ring. So a part must enclose every centre, and must touch
    as many stops as the ring needs.
    """
    for ring in problem.rings:
        if ring.required:
            yield from _obstacle(ring, barred)


def _obstacle(ring: Ring, barred: Mapping[str, str]) -> Iterator[str]:
    who = f"the ring {ring.id!r} must be formed, and"
    if ring.least_stops > len(ring.stops):
        yield f"{who} needs {ring.least_stops} stops, of which there are {len(ring.stops)}"
        return
    usable = parts(ring, barred)
    open_round = [any(part.encloses[s] for part in usable) for s in range(len(ring.centres))]
    kept_out = _kept_out(ring, barred)
    for s, centre in enumerate(ring.centres):
        if not open_round[s]:
            yield f"{who} no way leads round {_place(centre)}{_widest(ring, usable, centre)}{kept_out}"
    if not all(open_round):
        return
    whole = [part for part in usable if all(part.encloses)]
    if not whole:
        yield f"{who} links round one of its centres do not hang together with those round another{kept_out}"
        return
    most = max(sum(not part.nodes.isdisjoint(stop.nodes) for stop in ring.stops) for part in whole)
    if most < ring.least_stops:
        yield f"{who} needs {ring.least_stops} stops; the links round its centres touch {most}{kept_out}"


def parts(ring: Ring, barred: Collection[str]) -> list[Part]:
    """Return the links that may be used, in parts that hang together.

    Parameters
    ----------
    ring
        The ring.
    barred
        Ids of candidates that cannot be built. A link that runs through a centre is no use either.
    """
    turns = {}
    for k, link in enumerate(ring.links):
        line = [ring.nodes[link.tail], *link.via, ring.nodes[link.head]]
        counted = [crossings(line, centre) for centre in ring.centres]
        known = [n for n in counted if n is not None]
        if link.candidate not in barred and len(known) == len(counted):
            turns[k] = tuple(known)
    steps: dict[int, list[tuple[int, int, tuple[int, ...]]]] = {}
    for k, counts in turns.items():
        link = ring.links[k]
        steps.setdefault(link.tail, []).append((k, link.head, counts))
        steps.setdefault(link.head, []).append((k, link.tail, tuple(-n for n in counts)))
    found, seen = [], set[int]()
    for root in sorted(steps):
        if root not in seen:
            part = _part(root, steps, len(ring.centres))
            seen |= part.nodes
            found.append(part)
    return found


def _part(root: int, steps: Mapping[int, Sequence[tuple[int, int, tuple[int, ...]]]], centres: int) -> Part:
    """Return the part of a node: numbers that all links agree with prove that no circuit winds round."""
    level: dict[int, tuple[int, ...]] = {root: (0,) * centres}
    links, encloses, heap = set[int](), [False] * centres, [root]
    while heap:
        v = heap.pop()
        for k, to, counts in steps[v]:
            links.add(k)
            reached = tuple(a + b for a, b in zip(level[v], counts, strict=True))
            if to not in level:
                level[to] = reached
                heap.append(to)
            for s in range(centres):
                encloses[s] |= level[to][s] != reached[s]
    return Part(frozenset(level), tuple(sorted(links)), tuple(encloses))


def _widest(ring: Ring, usable: Sequence[Part], centre: Point) -> str:
    """Return where the most complete part leaves its widest gap, seen from a centre, to end a sentence."""
    gaps = [gap_of(ring, part.links, centre) for part in usable]
    if not gaps:
        return ": no link may be used"
    low, high = min(gaps, key=lambda gap: gap[1] - gap[0])
    if high - low < 1.0:
        return ""
    return (
        f": the links that come nearest to it leave a gap between the bearings {low % 360:.0f} and "
        f"{high % 360:.0f} degrees"
    )


def gap_of(ring: Ring, links: Sequence[int], centre: Point) -> tuple[float, float]:
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
        Bearings in degrees, clockwise from north, the second no less than the first; alike without a gap.
    """
    spans = []
    for k in links:
        link = ring.links[k]
        line = [ring.nodes[link.tail], *link.via, ring.nodes[link.head]]
        for a, b in pairwise(line):
            first = _bearing(centre, a)
            turn = math.remainder(_bearing(centre, b) - first, 360.0)
            low = min(first, first + turn) % 360.0
            spans.append((low, low + abs(turn)))
    spans.sort()
    end, widest = max(high for _, high in spans) - 360.0, (0.0, 0.0)
    for low, high in spans:
        if low - end > widest[1] - widest[0]:
            widest = end, low
        end = max(end, high)
    return widest


def _bearing(centre: Point, point: Point) -> float:
    shrink = math.cos(math.radians(centre[1] / UNITS))
    east, north = (point[0] - centre[0]) * shrink, point[1] - centre[1]
    return math.degrees(math.atan2(east, north))


def _place(point: Point) -> str:
    return f"{point[0] / UNITS:.4f} E {point[1] / UNITS:.4f} N"


def _kept_out(ring: Ring, barred: Mapping[str, str]) -> str:
    mine = sorted({k.candidate for k in ring.links if k.candidate is not None and k.candidate in barred})
    told = [f"{name!r} {barred[name]}" for name in mine[:5]]
    more = f" and {len(mine) - 5} more" if len(mine) > 5 else ""
    return f"; not to be built: {', '.join(told)}{more}" if told else ""
