"""Propose straight links by which a ring could be closed: from dead ends and cities to other lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from optimiser.proposals.candidates import trains
from optimiser.proposals.candidates.neighbours import great_circle_km, line_km
from optimiser.proposals.candidates.rules import Rules
from optimiser.proposals.candidates.situation import Situation, seconds_of
from optimiser.proposals.candidates.table import Item, Proposal
from optimiser.proposals.candidates.trains import NEW, Arc, Stop, Train, TrainTimes, arcs
from optimiser.proposals.rings.band import within_distance
from optimiser.proposals.rings.graph import GraphNode, RingGraph
from optimiser.proposals.rings.joining import lines_through
from optimiser.proposals.rings.rules import RingRules

_LINES = 8
"""From each dead end, city and station, the nearest node of so many other lines is looked at,"""
_FEW_LINES = 3
"""from each junction of so many,"""
_COMPASS = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")
_SECTORS = 8
"""and the nearest node in each of so many directions."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place from which, or to which, a ring could be closed.

    Attributes
    ----------
    node
        Where it is; its key is that of the network.
    city
        Row of the city where it is one off the network at standard, else -1.
    """

    node: GraphNode
    city: int = -1


def propose_fillers(
    graph: RingGraph,
    situation: Situation,
    rules: RingRules,
    rates: Rules,
    *,
    cities: Sequence[int],
    longest_km: float,
) -> list[Proposal]:
    """Propose straight links between junctions, dead ends and cities.

    From each of them to the nearest node in each direction, and to the nearest nodes of other lines. Of
    railways, between stations.

    Parameters
    ----------
    graph
        What exists at standard within the band, not contracted.
    situation
        Networks and cities.
    rules
        Band, tiers and standard of the ring.
    rates
        Standards, speeds, and lengths over the straight line of new links.
    cities
        Rows of the cities from which links may start.
    longest_km
        Longest of them, straight line.

    Returns
    -------
    list of Proposal
        Each once, in order of their ids; far more than are of use.
    """
    nodes = [Place(node) for node in graph.nodes]
    towns = list(_towns(graph, situation, rules, cities))
    places = nodes + towns
    lines = [*lines_through(graph), *range(-len(towns), 0)]
    lon, lat = (
        np.array([getattr(place.node, name) for place in places], dtype=np.float64) for name in ("lon", "lat")
    )
    ends = np.array([place.node.can_stop for place in places], dtype=np.bool_)
    starts = _starts(graph, rules) | dict.fromkeys(range(len(nodes), len(places)), _LINES)
    pairs = {
        (min(a, b), max(a, b))
        for a, count in starts.items()
        for b in _nearest(a, lines, (lon, lat), ends, longest_km, count)
    }
    two = [(places[a], places[b]) for a, b in sorted(pairs)]
    straight = [_line(a.node, b.node) for a, b in two]
    inside = within_distance(straight, rules, situation)
    kept = [(*both, line) for both, line, ok in zip(two, straight, inside.tolist(), strict=True) if ok]
    used = dict.fromkeys(place for a, b, _ in kept for place in (a, b))
    names = {place: name_of(situation, place) for place in used}
    proposed = (_proposal(a, b, line, (names[a], names[b]), situation, rules, rates) for a, b, line in kept)
    found = {one.candidate_id: one for one in proposed if one is not None}
    return [found[name] for name in sorted(found)]


def _starts(graph: RingGraph, rules: RingRules) -> dict[int, int]:
    """Return the nodes from which links start, each with the number of other lines to look at."""
    if rules.mode == "rail":
        return {k: _LINES for k, node in enumerate(graph.nodes) if node.can_stop}
    return {
        k: _LINES if len(links) == 1 else _FEW_LINES for k, links in enumerate(graph.at()) if len(links) != 2
    }


def _towns(
    graph: RingGraph, situation: Situation, rules: RingRules, cities: Sequence[int]
) -> Iterator[Place]:
    """Yield cities that are no node of the graph yet."""
    row = graph.row
    for city in cities:
        if rules.mode == "rail":
            lon, lat = float(situation.lon[city]), float(situation.lat[city])
            yield Place(GraphNode(f"{NEW}station/{situation.ids[city]}", lon, lat), city)
        elif (key := f"road:{situation.road_nodes[city]}") not in row and situation.road_nodes[city] >= 0:
            point = situation.road.nodes.geometry.iloc[int(situation.road_nodes[city])]
            yield Place(GraphNode(key, point.x, point.y), city)


def _nearest(
    start: int,
    lines: list[int],
    position: tuple[NDArray[np.float64], NDArray[np.float64]],
    ends: NDArray[np.bool_],
    longest_km: float,
    most_lines: int,
) -> set[int]:
    """Return the nearest node of each of a number of lines nearest to a place, and in each direction.

    Only where links may end: a point of a track without a station hides no station behind it.
    """
    lon, lat = position
    count = len(lon)
    far = great_circle_km(np.full(count, lon[start]), np.full(count, lat[start]), lon, lat)
    east, north = (lon - lon[start]) * np.cos(np.radians(lat[start])), lat - lat[start]
    sector = np.floor((np.arctan2(north, east) / np.pi + 1.0) / 2.0 * _SECTORS).astype(np.int64) % _SECTORS
    found, reached, seen = set[int](), {lines[start]}, set[int]()
    for to in np.argsort(far, kind="stable").tolist():
        if far[to] > longest_km:
            break
        if far[to] == 0 or not ends[to]:
            continue
        if lines[to] not in reached and len(reached) <= most_lines:
            reached.add(lines[to])
            found.add(to)
        if sector[to] not in seen:
            seen.add(int(sector[to]))
            found.add(to)
    return found


def _line(a: GraphNode, b: GraphNode) -> shapely.LineString:
    """Return the straight line between two nodes, from west to east."""
    return shapely.LineString(sorted([(a.lon, a.lat), (b.lon, b.lat)]))


def _proposal(
    a: Place,
    b: Place,
    line: shapely.LineString,
    names: tuple[str, str],
    situation: Situation,
    rules: RingRules,
    rates: Rules,
) -> Proposal | None:
    """Return a straight link as a proposal, None where no standard is fast enough."""
    (lon, lat), (lon_to, lat_to) = line.coords
    name = f"ring-gap:{rules.mode}:{lon:.3f},{lat:.3f}-{lon_to:.3f},{lat_to:.3f}"
    built = standard_of(rules, rates)
    if built is None:
        return None
    standard, speed, factor = built
    length_km = line_km(line) * factor
    opened, sets = _opened(name, a, b, (length_km, speed), situation, rules, rates)
    return Proposal(
        candidate_id=name,
        kind="gap" if rules.mode == "road" else "rail_link",
        instrument="infrastructure",
        mode=rules.mode,
        from_name=names[0],
        to_name=names[1],
        length_km=length_km,
        speed_kmh=speed,
        standard=standard,
        why=f"closes the ring {rules.id}",
        geometry=line,
        arcs=opened,
        items=(Item(standard, length_km), *sets),
    )


def standard_of(rules: RingRules, rates: Rules) -> tuple[str, float, float] | None:
    """Return the slowest standard that is fast enough, its speed, and length over the straight line."""
    if rules.mode == "road":
        road = rates.road
        choices = [(road.standard, road.speed_kmh, road.route_factor)]
    else:
        rail = rates.rail
        choices = [
            (rail.upgrade_standard, rail.upgrade_kmh, rail.route_factor),
            (rail.usual_standard, rail.usual_kmh, rail.route_factor),
            (rail.fast_standard, rail.fast_kmh, rail.route_factor),
        ]
    return next((one for one in choices if one[1] >= rules.speed_kmh), None)


def _opened(
    name: str,
    a: Place,
    b: Place,
    size: tuple[float, float],
    situation: Situation,
    rules: RingRules,
    rates: Rules,
) -> tuple[tuple[Arc, ...], tuple[Item, ...]]:
    """Return the arcs that a link opens, and the trains that it needs."""
    if rules.mode == "road":
        seconds = seconds_of(*size)
        both = ((a.node.key, b.node.key, seconds), (b.node.key, a.node.key, seconds))
        return trains.everywhere(both, door_to_door=situation.door_to_door), ()
    times = TrainTimes(situation.access, situation.door_to_door)
    rail = rates.rail
    fast = size[1] >= rail.fast_class_kmh
    train = Train(rail.fast_class if fast else rail.slow_class, rail.new_headway_s, rail.turn_s)
    run_s = times.run_s(*size)
    stops = [_stop(place, situation, times) for place in (a, b)]
    sets = float(train.sets(times.ride_s([run_s])))
    return arcs(name, stops, [run_s], train, times), (Item("trainset", sets),)


def _stop(place: Place, situation: Situation, times: TrainTimes) -> Stop:
    """Return where trains stop at a place: a station of today, or a new one in a city."""
    if place.city < 0:
        return Stop(place.node.key)
    names, city = situation.graph.nodes["node_id"], place.city
    ends = [
        str(names.iloc[int(rows[city])]) for rows in (situation.graph.origin, situation.graph.destination)
    ]
    return Stop(place.node.key, times.new_station(place.node.key, ends[0], ends[1], situation.tiers[city]))


def name_of(situation: Situation, place: Place) -> str:
    """Return the name of a city, or the nearest city and where the place lies from it."""
    if place.city >= 0:
        return situation.names[place.city]
    return near_city(situation, place.node.lon, place.node.lat)


def near_city(situation: Situation, lon: float, lat: float) -> str:
    """Return the nearest city, how far off the place is from it, and in which direction.

    Parameters
    ----------
    situation
        The cities.
    lon, lat
        Degrees.

    Returns
    -------
    str
        Such as `Hub (12 km north-west)`.
    """
    count = len(situation.ids)
    far = great_circle_km(np.full(count, lon), np.full(count, lat), situation.lon, situation.lat)
    nearest = int(np.argmin(far))
    east = (lon - situation.lon[nearest]) * np.cos(np.radians(lat))
    bearing = np.degrees(np.arctan2(east, lat - situation.lat[nearest]))
    direction = _COMPASS[round(float(bearing) / 45.0) % 8]
    return f"{situation.names[nearest]} ({far[nearest]:.0f} km {direction})"
