"""Define rings to be formed, with their rules and canonical order."""

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from optimiser.problem.jsonfile import LARGEST, integer_faults, is_integer, repeated

type Point = tuple[int, int]
"""Longitude and latitude in 1e-7 degree."""


@dataclass(frozen=True, slots=True)
class RingLink:
    """A two-way link that a ring may use.

    Attributes
    ----------
    tail, head
        Positions in `Ring.nodes`.
    candidate
        Id of the candidate that must be built for it; None: it exists at the ring's standard.
    via
        Inner points of its line, from tail to head.
    length
        Metres, >= 0; None: not known, which only a ring without a longest length allows.
    """

    tail: int
    head: int
    candidate: str | None = None
    via: tuple[Point, ...] = ()
    length: int | None = None


@dataclass(frozen=True, slots=True)
class RingStop:
    """A place that a ring serves when its circuit passes one of some nodes.

    Attributes
    ----------
    id
        Name.
    nodes
        Positions in `Ring.nodes`.
    group
        Free label such as a tier; may be empty.
    must
        Whether the circuit has to serve it.
    """

    id: str
    nodes: tuple[int, ...]
    group: str = ""
    must: bool = False


@dataclass(frozen=True, slots=True)
class Ring:
    """A ring that a plan must form, or that earns a reward when formed.

    It is formed by a closed circuit of links that visits no node twice and uses no link twice, whose line
    winds once (+1 or -1) round every centre, and which passes a node of at least `least_stops` stops, of each
    stop that it must serve, and of as many stops of each group as `least_by_group` states. Its links are
    together at most `longest` long.

    Attributes
    ----------
    id
        Unique name.
    required
        The plan must form it.
    centres
        Points that it encloses; at least one.
    nodes
        Points at which its links meet.
    links
        Links that it may use.
    stops
        Places that it may serve.
    least_stops
        Number of stops that it must serve, >= 0.
    reward
        Added to the objective when it is formed, >= 0.
    apart
        Ids of rings with whose circuits it shares no node position. Circuits of other rings may touch its own
        and share links with it, whose candidates are paid once.
    longest
        Most metres of the links of its circuit together, >= 0; None: any length.
    least_by_group
        Number of stops of a group that it must serve, >= 0: group and number, sorted.
    """

    id: str
    required: bool
    centres: tuple[Point, ...]
    nodes: tuple[Point, ...]
    links: tuple[RingLink, ...]
    stops: tuple[RingStop, ...] = ()
    least_stops: int = 0
    reward: int = 0
    apart: tuple[str, ...] = ()
    longest: int | None = None
    least_by_group: tuple[tuple[str, int], ...] = ()


# ---- rules


def ring_faults(rings: Sequence[Ring], candidates: Collection[str]) -> Iterator[str]:
    """Yield every value of some rings that breaks the format.

    Parameters
    ----------
    rings
        All rings of a problem.
    candidates
        Ids of its candidates.
    """
    yield from (f"rings: id {name!r} occurs twice" for name in repeated(ring.id for ring in rings))
    names = {ring.id for ring in rings}
    for position, ring in enumerate(rings):
        place = f"rings[{position}] ({ring.id!r})"
        required: object = ring.required
        if not isinstance(required, bool):
            yield f"{place}.required: {ring.required!r} is neither true nor false"
        numbers = ("reward", "least_stops") if ring.longest is None else ("reward", "least_stops", "longest")
        yield from integer_faults(ring, numbers, place)
        yield from _group_faults(ring, place)
        if not ring.centres:
            yield f"{place}.centres: is empty"
        yield from _point_faults(ring.centres, f"{place}.centres")
        yield from _point_faults(ring.nodes, f"{place}.nodes")
        for number, link in enumerate(ring.links):
            here = f"{place}.links[{number}]"
            yield from _node_faults((link.tail, link.head), len(ring.nodes), here)
            if link.candidate is not None and link.candidate not in candidates:
                yield f"{here}: there is no candidate {link.candidate!r}"
            yield from _point_faults(link.via, f"{here}.via")
            if link.length is None:
                if ring.longest is not None:
                    yield f"{here}: has no length, which every link of a ring with a longest length needs"
            else:
                yield from integer_faults(link, ("length",), here)
        for number, stop in enumerate(ring.stops):
            here = f"{place}.stops[{number}] ({stop.id!r})"
            yield from _node_faults(stop.nodes, len(ring.nodes), here)
            must: object = stop.must
            if not isinstance(must, bool):
                yield f"{here}.must: {stop.must!r} is neither true nor false"
        for other in ring.apart:
            if other == ring.id or other not in names:
                yield f"{place}.apart: {other!r} is not another ring"


def _group_faults(ring: Ring, place: str) -> Iterator[str]:
    groups = {stop.group for stop in ring.stops} - {""}
    for name, least in ring.least_by_group:
        if name not in groups:
            yield f"{place}.least_by_group: no stops are of group {name!r}" + (
                f"; there are {', '.join(sorted(groups))}" if groups else ""
            )
        if not is_integer(least):
            yield f"{place}.least_by_group.{name}: {least!r} is not an integer >= 0"
    twice = repeated(name for name, _ in ring.least_by_group)
    yield from (f"{place}.least_by_group: {name!r} occurs twice" for name in twice)


def _node_faults(items: Iterable[int], nodes: int, place: str) -> Iterator[str]:
    for node in items:
        if not is_integer(node, high=nodes - 1):
            yield f"{place}: {node!r} is not a node (0..{nodes - 1})"


def _point_faults(points: Iterable[Point], place: str) -> Iterator[str]:
    for position, point in enumerate(points):
        if not all(is_integer(value, low=-LARGEST - 1) for value in point):
            yield f"{place}[{position}]: {list(point)} is not two integers"


# ---- canonical order


def canonical_ring(ring: Ring) -> Ring:
    """Return the same ring with its lists in an order that does not depend on its file.

    Notes
    -----
    Centres, nodes, links, stops, `apart` and `least_by_group` are sorted by their values; duplicate centres
    and duplicates in `apart` are dropped. A link leads from the first of its nodes to the other.
    """
    new = _new_positions(ring)
    links = [_renumbered(link, new) for link in ring.links]
    stops = (
        dataclasses.replace(stop, nodes=tuple(sorted({new[v] for v in stop.nodes}))) for stop in ring.stops
    )
    return dataclasses.replace(
        ring,
        centres=tuple(sorted(set(ring.centres))),
        nodes=tuple(ring.nodes[v] for v in sorted(new, key=new.__getitem__)),
        links=tuple(links[i] for i in link_order(ring)),
        stops=tuple(sorted(stops, key=dataclasses.astuple)),
        apart=tuple(sorted(set(ring.apart))),
        least_by_group=tuple(sorted(ring.least_by_group)),
    )


def link_order(ring: Ring) -> tuple[int, ...]:
    """Return for each link of the canonical ring its position in the ring given."""
    new = _new_positions(ring)
    links = (_renumbered(link, new) for link in ring.links)
    keys = [
        (
            k.tail,
            k.head,
            k.candidate or "",
            k.candidate is not None,
            k.via,
            -1 if k.length is None else k.length,
        )
        for k in links
    ]
    return tuple(sorted(range(len(keys)), key=keys.__getitem__))


def _new_positions(ring: Ring) -> dict[int, int]:
    """Return the canonical position of each node."""
    order = sorted(range(len(ring.nodes)), key=lambda v: (ring.nodes[v], v))
    return {old: position for position, old in enumerate(order)}


def _renumbered(link: RingLink, new: Mapping[int, int]) -> RingLink:
    tail, head = new[link.tail], new[link.head]
    if (tail, link.via) <= (head, link.via[::-1]):
        return dataclasses.replace(link, tail=tail, head=head)
    return dataclasses.replace(link, tail=head, head=tail, via=link.via[::-1])
