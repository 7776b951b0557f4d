"""Bring the lists of a ring into an order that does not depend on its file."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from optimiser.problem.ring import Point, Ring, RingLink, RingStop

if TYPE_CHECKING:
    from optimiser.problem.model import DesignProblem


def canonical_rings(rings: Iterable[Ring]) -> tuple[Ring, ...]:
    """Return rings sorted by id, each in canonical order."""
    return tuple(canonical_ring(ring) for ring in sorted(rings, key=lambda r: r.id))


def canonical_ring(ring: Ring) -> Ring:
    """Return the same ring in canonical order.

    Parameters
    ----------
    ring
        Any ring.

    Notes
    -----
    Centres, nodes, links, stops and rings to be apart from are sorted by what they say, and centres and the
    last ones are said once. A link leads from the first of its nodes to the other.
    """
    new = _node_places(ring)
    links = [_moved(link, new) for link in ring.links]
    return dataclasses.replace(
        ring,
        centres=tuple(sorted(set(ring.centres))),
        nodes=tuple(ring.nodes[v] for v in sorted(range(len(ring.nodes)), key=new.__getitem__)),
        links=tuple(links[i] for i in link_order(ring)),
        stops=tuple(sorted((_stop(stop, new) for stop in ring.stops), key=dataclasses.astuple)),
        apart=tuple(sorted(set(ring.apart))),
    )


def link_order(ring: Ring) -> tuple[int, ...]:
    """Return for each link of the canonical ring its position in the ring given."""
    new = _node_places(ring)
    said = [_said(_moved(link, new)) for link in ring.links]
    return tuple(sorted(range(len(said)), key=said.__getitem__))


def lifted_circuits(
    problem: DesignProblem, circuits: Mapping[str, Sequence[int]]
) -> dict[str, tuple[int, ...]]:
    """Return circuits of the canonical problem as circuits of the problem given.

    Parameters
    ----------
    problem
        Any problem.
    circuits
        Ring id to positions of links of its canonical ring.
    """
    orders = {ring.id: link_order(ring) for ring in problem.rings if ring.id in circuits}
    return {name: tuple(orders[name][k] for k in links) for name, links in circuits.items()}


def _node_places(ring: Ring) -> dict[int, int]:
    order = sorted(range(len(ring.nodes)), key=lambda v: (ring.nodes[v], v))
    return {old: position for position, old in enumerate(order)}


def _moved(link: RingLink, new: Mapping[int, int]) -> RingLink:
    tail, head = new[link.tail], new[link.head]
    if (tail, link.via) <= (head, link.via[::-1]):
        return RingLink(tail, head, link.candidate, link.via)
    return RingLink(head, tail, link.candidate, link.via[::-1])


def _said(link: RingLink) -> tuple[int, int, str, bool, tuple[Point, ...]]:
    return link.tail, link.head, link.candidate or "", link.candidate is not None, link.via


def _stop(stop: RingStop, new: Mapping[int, int]) -> RingStop:
    return RingStop(stop.id, tuple(sorted({new[v] for v in stop.nodes})))
