"""Propose straight links by which a ring could be closed: from dead ends and cities to other lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from optimiser.proposals.base_case import BaseCase, great_circle_km, line_km, travel_time_s
from optimiser.proposals.generate import Rules, of_kind
from optimiser.proposals.rings.access import within_distance
from optimiser.proposals.rings.graph import GraphNode, RingGraph
from optimiser.proposals.rings.ring_network import lines_through
from optimiser.proposals.rings.rules import RingRules
from optimiser.proposals.table import Proposal
from optimiser.proposals.trains import Stop, Train, TrainTimes, stop_at_new_station, train_arcs

_LINES = 8
"""From each dead end, city and station, links to the nearest node of so many other lines are tried,"""
_FEW_LINES = 3
"""from each junction of so many,"""
_SECTORS = 8
"""and links to the nearest node in each of so many directions."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A place at which straight links may begin or end.

    Attributes
    ----------
    node
        Where it is; its key is that of the network.
    city
        Row of the city where it is one off the network at standard, else -1.
    """

    node: GraphNode
    city: int = -1


def propose_straight_links(
    graph: RingGraph,
    base: BaseCase,
    rules: RingRules,
    standards: Rules,
    *,
    cities: Sequence[int],
    longest_km: float,
) -> list[Proposal]:
    """Propose straight links between junctions, dead ends and cities; for railways, between stations.

    They lead from each of them to the nearest node in each direction and to the nearest nodes of other lines.

    Parameters
    ----------
    graph
        What exists at standard within the band, not contracted.
    base
        Networks and cities.
    rules
        Band, tiers and standard of the ring.
    standards
        Standards, speeds, and lengths over the straight line of new links.
    cities
        Rows of the cities from which links may start.
    longest_km
        Greatest straight-line length.

    Returns
    -------
    list of Proposal
        Each once, in order of their ids; far more than are of use.
    """
    built = standard_of(rules, standards)
    if built is None:
        return []
    nodes = [_Place(node) for node in graph.nodes]
    off_network = list(_cities_off_network(graph, base, rules, cities))
    places = nodes + off_network
    lines = [*lines_through(graph), *range(-len(off_network), 0)]
    lon, lat = (
        np.array([getattr(place.node, axis) for place in places], dtype=np.float64) for axis in ("lon", "lat")
    )
    can_end = np.array([place.node.can_stop for place in places], dtype=np.bool_)
    starts = _starts(graph, rules) | dict.fromkeys(range(len(nodes), len(places)), _LINES)
    pairs = {
        (min(a, b), max(a, b))
        for a, most_lines in starts.items()
        for b in _nearest(a, lines, (lon, lat), can_end, longest_km, most_lines)
    }
    ends = [(places[a], places[b]) for a, b in sorted(pairs)]
    straight = [
        shapely.LineString(sorted([(a.node.lon, a.node.lat), (b.node.lon, b.node.lat)])) for a, b in ends
    ]
    inside = within_distance(straight, rules, base).tolist()
    kept = [(*both, line) for both, line, is_inside in zip(ends, straight, inside, strict=True) if is_inside]
    names = {place: _name_of(base, place) for place in dict.fromkeys(p for a, b, _ in kept for p in (a, b))}
    proposed = (
        _straight_link((a, b), line, (names[a], names[b]), built, base, rules, standards)
        for a, b, line in kept
    )
    kind = "gap" if rules.mode == "road" else "rail_link"
    found = {one.candidate_id: one for one in of_kind(kind, proposed, instrument="infrastructure")}
    return [found[candidate_id] for candidate_id in sorted(found)]


def standard_of(rules: RingRules, standards: Rules) -> tuple[str, float, float] | None:
    """Return the slowest standard that is fast enough, its speed, and length over the straight line."""
    road, rail = standards.road, standards.rail
    choices = [(road.standard, road.speed_kmh, road.route_factor)]
    if rules.mode == "rail":
        choices = [
            (rail.upgrade_standard, rail.upgrade_kmh, rail.route_factor),
            (rail.usual_standard, rail.usual_kmh, rail.route_factor),
            (rail.fast_standard, rail.fast_kmh, rail.route_factor),
        ]
    return next((one for one in choices if one[1] >= rules.speed_kmh), None)


def _starts(graph: RingGraph, rules: RingRules) -> dict[int, int]:
    """Return the nodes from which links start, each with the number of other lines to try."""
    if rules.mode == "rail":
        return {k: _LINES for k, node in enumerate(graph.nodes) if node.can_stop}
    return {
        k: _LINES if len(links) == 1 else _FEW_LINES
        for k, links in enumerate(graph.links_at_nodes())
        if len(links) != 2
    }


def _cities_off_network(
    graph: RingGraph, base: BaseCase, rules: RingRules, cities: Sequence[int]
) -> Iterator[_Place]:
    """Yield cities that are no node of the graph yet."""
    row, (lon, lat) = graph.row, base.road_points
    for city in cities:
        if rules.mode == "rail":
            station = stop_at_new_station(base, city).station_id
            yield _Place(GraphNode(station, float(base.lon[city]), float(base.lat[city])), city)
        elif (node := int(base.road_nodes[city])) >= 0 and f"road:{node}" not in row:
            yield _Place(GraphNode(f"road:{node}", float(lon[node]), float(lat[node])), city)


def _nearest(
    start: int,
    lines: list[int],
    position: tuple[NDArray[np.float64], NDArray[np.float64]],
    can_end: NDArray[np.bool_],
    longest_km: float,
    most_lines: int,
) -> set[int]:
    """Return the nearest node of each of the lines nearest to a place, and in each direction.

    Only nodes where links may end count: a point of a track without a station hides no station behind it.
    """
    lon, lat = position
    km = great_circle_km(lon[start], lat[start], lon, lat)
    east, north = (lon - lon[start]) * np.cos(np.radians(lat[start])), lat - lat[start]
    sector = np.floor((np.arctan2(north, east) / np.pi + 1.0) / 2.0 * _SECTORS).astype(np.int64) % _SECTORS
    found, reached, seen = set[int](), {lines[start]}, set[int]()
    for to in np.argsort(km, kind="stable").tolist():
        if km[to] > longest_km:
            break
        if km[to] == 0 or not can_end[to]:
            continue
        if lines[to] not in reached and len(reached) <= most_lines:
            reached.add(lines[to])
            found.add(to)
        if sector[to] not in seen:
            seen.add(int(sector[to]))
            found.add(to)
    return found


def _straight_link(
    ends: tuple[_Place, _Place],
    line: shapely.LineString,
    names: tuple[str, str],
    built: tuple[str, float, float],
    base: BaseCase,
    rules: RingRules,
    standards: Rules,
) -> Proposal:
    """Return a straight link as a proposal, its line from west to east."""
    (lon, lat), (lon_to, lat_to) = line.coords
    candidate_id = f"ring-gap:{rules.mode}:{lon:.3f},{lat:.3f}-{lon_to:.3f},{lat_to:.3f}"
    standard, speed_kmh, factor = built
    length_km, trainsets = line_km(line) * factor, 0
    if rules.mode == "road":
        a, b = (place.node.key for place in ends)
        arcs = base.two_way_road_arcs([(a, b, travel_time_s(length_km, speed_kmh))])
    else:
        rail, times = standards.rail, TrainTimes(base.access, base.door_to_door)
        train = Train(rail.train_class(speed_kmh), rail.new_headway_s, rail.turn_s)
        run_s = times.run_s(length_km, speed_kmh)
        stops = [
            stop_at_new_station(base, place.city) if place.city >= 0 else Stop(place.node.key)
            for place in ends
        ]
        arcs = train_arcs(candidate_id, stops, [run_s], train, times)
        trainsets = train.sets(times.ride_s([run_s]))
    return Proposal(
        candidate_id=candidate_id,
        from_name=names[0],
        to_name=names[1],
        length_km=length_km,
        speed_kmh=speed_kmh,
        standard=standard,
        why=f"closes the ring {rules.id}",
        geometry=line,
        arcs=arcs,
        trainsets=trainsets,
    )


def _name_of(base: BaseCase, place: _Place) -> str:
    """Return the name of a city, else the nearest one with distance and direction."""
    return base.names[place.city] if place.city >= 0 else base.beside_city(place.node.lon, place.node.lat)
