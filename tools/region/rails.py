"""Assign tracks to lines: route each railway through its stations, and draw those that are missing."""

import itertools
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from networks.osm.tags import LENGTH_FACTOR
from networks.sphere import KM_PER_DEGREE
from networks.world.geograph import Elements, chains, distance_km, length_km
from tools.region.facts import Corridor, Place, Stretch, Through, read_rows
from tools.region.geometry import between, stretched, turn_deg
from tools.region.matching import LEAST_EDGE_KM, SOURCE_TAGS, Edge, WorkingGraph, best_legs, edge_of

MOST_TURN_DEG = 50.0
"""Sharper turns are replaced by drawn curves; the geometry is exact to 100 m only."""
CURVE_KM = 1.0
"""Distance before a turn at which its curve begins."""
ROUNDS = 4
"""Number of passes; each replaces a turn by two of about half the angle."""


def smoothed(graph: WorkingGraph, path: Sequence[int], stops: Collection[int]) -> list[int]:
    """Remove reversals from a path, and replace its sharp turns by curves.

    Parameters
    ----------
    graph
        The tracks; edges are split where curves begin.
    path
        Nodes in order.
    stops
        Nodes that the path must visit.

    Returns
    -------
    list of int
        A path through the same stops. Where it leaves the tracks, the caller draws the missing edges.
    """
    smooth = _platforms(graph, list(path), stops)
    for _ in range(ROUNDS):
        smooth = _bevelled(graph, smooth, stops)
    return smooth


def at_stops(path: Sequence[int], stops: Sequence[int]) -> list[list[int]]:
    """Cut a path into legs at its stops, in their order."""
    legs, start = [], path.index(stops[0])
    for stop in stops[1:]:
        end = path.index(stop, start)
        legs.append(list(path[start : end + 1]))
        start = end
    return legs


def _platforms(graph: WorkingGraph, path: list[int], stops: Collection[int]) -> list[int]:
    """Replace each spur out and back by a curve through the stop at its end; drop spurs without a stop."""
    at = 1
    while at < len(path) - 1:
        depth = _spur(path, at, stops)
        if depth == 0:
            at += 1
            continue
        tip, root = path[at], path[at - depth]
        before, after = path[: at - depth + 1], path[at + depth :]
        if tip in stops:
            reach = max(CURVE_KM, 2 * distance_km(graph.points[tip], graph.points[root]))
            before = _shortened(graph, before, reach, stops)
            after = _shortened(graph, after[::-1], reach, stops)[::-1]
            path = [*before, tip, *after]
            at = len(before) + 1
        else:
            path = [*before, *after[1:]]
            at = max(1, len(before) - 1)
    return path


def _spur(path: Sequence[int], at: int, stops: Collection[int]) -> int:
    """Return over how many nodes a path returns the way it came, as far as the next stop."""
    depth = 0
    while at - depth - 1 >= 0 and at + depth + 1 < len(path) and path[at - depth - 1] == path[at + depth + 1]:
        depth += 1
        if path[at - depth] in stops:
            break
    return depth


def _shortened(graph: WorkingGraph, path: list[int], reach_km: float, stops: Collection[int]) -> list[int]:
    """Shorten a path at its end by a distance, but not beyond its last stop."""
    while len(path) > 1 and path[-1] not in stops:
        fine = graph.refined(path[-2:])
        here, back = fine[-1], fine[-2]
        km = graph.edges.get(edge_of(here, back), distance_km(graph.points[here], graph.points[back]))
        path = [*path[:-2], *fine[:-1]]
        if km > reach_km:
            return [*path, _on_edge(graph, here, back, reach_km / km)]
        reach_km -= km
    return path


def _on_edge(graph: WorkingGraph, here: int, there: int, share: float) -> int:
    """Return a node on an edge at a share of its length from one end."""
    edge = edge_of(here, there)
    return graph.split(edge, share if edge[0] == here else 1 - share) if edge in graph.edges else there


def _bevelled(graph: WorkingGraph, path: Sequence[int], stops: Collection[int]) -> list[int]:
    """Bevel each sharp turn once."""
    fine = graph.refined(path)
    smooth, at = fine[:1], 1
    while at < len(fine) - 1:
        before, here, after = smooth[-1], fine[at], fine[at + 1]
        turn = turn_deg(*(graph.points[node] for node in (before, here, here, after)))
        if here in stops or turn <= MOST_TURN_DEG or edge_of(here, after) not in graph.edges:
            smooth.append(here)
        else:
            # The nodes at which a curve leaves the track before a turn and rejoins it afterwards.
            for other in (before, after):
                km = max(0.001, distance_km(graph.points[here], graph.points[other]))
                smooth.append(_on_edge(graph, here, other, min(0.5, CURVE_KM / km)))
        at += 1
    return [node for node, _ in groupby([*smooth, fine[-1]])]


LOG = logging.getLogger(__name__)

SURE_KM = 3.0
"""Largest distance between a track and a station with a known position."""
UNSURE_KM = 8.0
"""Largest distance between a track and a station placed from memory or by its town."""
CHOICES = 24
"""Largest number of edges considered for a station."""
TAKEN_FACTOR = 1.3
"""Factor on the length of edges that another line has claimed."""
MOVE_KM = 5.0
"""Penalty for a line that passes a station elsewhere than the line that placed it."""
SAME_STATION_KM = 3.0
"""Distance within which another track serves the same station, connected by a short drawn curve."""

PLAIN_TAGS = {
    "railway": "rail",
    "usage": "branch",
    "source:usage": "no line of the table claims it",
    **SOURCE_TAGS,
}
CURVE_KMH = 160.0
"""Design speed of connecting curves, by assumption (D)."""
MOUNTAIN_KMH = 250.0
"""Trains do not exceed this speed in mountains, where gradients reach 20 to 30 per mille: as on
Beijing-Zhangjiakou at Badaling, from memory (C)."""
APPROACH_KM, APPROACH_KMH = 10.0, 160.0
"""Speed of trains within this distance of the centre of a core city, where lines have tight curves and
points; from memory (C)."""
STRETCH_DEG = 0.03
"""Distance in degrees, about 3 km, from the straight line of a stretch within which its speed holds."""
LINK = "link:"
"""Prefix of the claims of connecting curves."""


@dataclass
class Layout:
    """Nodes of stations, legs and connecting curves in the working graph.

    Parameters
    ----------
    stations
        Node of each station, by its key.
    legs
        Nodes from one station to the next, by line and number of the leg.
    curves
        Nodes of each connecting curve, by the keys of its two stations.
    lengths_km
        Length of each line in the geometry.
    """

    stations: dict[str, int] = field(default_factory=dict)
    legs: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    curves: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    lengths_km: dict[str, float] = field(default_factory=dict)


def lay_out(
    graph: WorkingGraph, lines: Sequence[Corridor], through: Sequence[Through], *, length_factor: float = 1.0
) -> Layout:
    """Claim the tracks of each line, the fastest lines first, and draw what is missing.

    Parameters
    ----------
    graph
        The tracks; changed in place.
    lines
        The railway lines.
    through
        Connections between lines, some of them by connecting curves.
    length_factor
        Factor by which lengths are multiplied later; drawn lines are shorter by this factor.
    """
    layout = Layout()
    for line in sorted(lines, key=lambda line: -(line.design_kmh or 0)):
        legs = _routed(graph, line, layout) if line.matched else None
        if legs is None:
            LOG.info("%s is drawn by hand", line.id)
            legs = _drawn(graph, line, layout, length_factor)
        for place, (leg, path) in zip(line.places, enumerate(legs), strict=False):
            layout.stations.setdefault(place.key, path[0])
            layout.legs[line.id, leg] = path
        layout.stations.setdefault(line.places[-1].key, legs[-1][-1])
        layout.lengths_km[line.id] = sum(length_km([graph.points[n] for n in leg]) for leg in legs)
    for run in through:
        if run.station_a != run.station_b:
            _curve(graph, run, layout)
    layout.legs.update({key: graph.refined(path) for key, path in layout.legs.items()})
    layout.curves.update({key: graph.refined(path) for key, path in layout.curves.items()})
    return layout


def _routed(graph: WorkingGraph, line: Corridor, layout: Layout) -> list[list[int]] | None:
    """Route a line through its stations, claim its legs, and lead them through stations already placed."""
    choices = [_choices(graph, place, layout.stations) for place in line.places]
    used = graph.used_nodes
    legs = best_legs(
        graph.matrix(TAKEN_FACTOR),
        [{node: km for node, km in choice.items() if node in used} for choice in choices],
    )
    if legs is None:
        return None
    ends = [legs[0][0], *(leg[-1] for leg in legs)]
    stops = [layout.stations.get(place.key, end) for place, end in zip(line.places, ends, strict=True)]
    path = [stops[0]]
    for leg, end in zip(legs, stops[1:], strict=True):
        path += [*leg, end]
    smooth = smoothed(graph, [node for node, _ in itertools.groupby(path)], stops)
    graph.draw(smooth, line.id)
    return at_stops(graph.refined(smooth), stops)


def _choices(graph: WorkingGraph, place: Place, stations: Mapping[str, int]) -> dict[int, float]:
    """Return the nodes that may represent a station, with their penalties in km."""
    placed = stations.get(place.key)
    if placed is not None:
        near = graph.near(graph.points[placed], SAME_STATION_KM, CHOICES)
        return {node: MOVE_KM + 2 * km for node, km in near.items()} | {placed: 0.0}
    taken = set(stations.values())
    radius = SURE_KM if place.source.startswith("parse12306") else UNSURE_KM
    near = graph.near(place.point, radius, CHOICES) or graph.near(place.point, 2 * UNSURE_KM, CHOICES)
    return {node: km for node, km in near.items() if node not in taken}


def _drawn(graph: WorkingGraph, line: Corridor, layout: Layout, length_factor: float) -> list[list[int]]:
    """Draw a line through its stations with its known length."""
    stops: list[int] = []
    for place in line.places:
        stop = layout.stations.get(place.key)
        if stop is None:
            node, km = graph.nearest_node(place.point)
            stop = node if km < SAME_STATION_KM and node not in stops else graph.add_node(place.point)
        stops.append(stop)
    bends = stretched([graph.points[node] for node in stops], (line.known_km or 0.0) / length_factor)
    legs = []
    for start, inner, end in zip(stops, bends, stops[1:], strict=False):
        path = [start, *(graph.add_node(point) for point in inner), end]
        graph.draw(path, line.id)
        legs.append(path)
    return legs


def _curve(graph: WorkingGraph, run: Through, layout: Layout) -> None:
    """Draw the connecting curve between two lines with its known length."""
    start, end = layout.stations[run.station_a], layout.stations[run.station_b]
    if (run.station_a, run.station_b) in layout.curves or start == end:
        return
    if (run.station_b, run.station_a) in layout.curves:
        layout.curves[run.station_a, run.station_b] = layout.curves[run.station_b, run.station_a][::-1]
        return
    line = [graph.points[start], graph.points[end]]
    bends = stretched(line, run.link_km or distance_km(*line))
    path = [start, *(graph.add_node(point) for point in bends[0]), end]
    if len(path) == 2 and edge_of(start, end) in graph.edges:
        path = [start, graph.add_node(graph.points[start]), end]
    graph.draw(path, f"{LINK}{run.station_a}-{run.station_b}")
    layout.curves[run.station_a, run.station_b] = path


@dataclass(frozen=True)
class Tracks:
    """Ids of tracks and stations in the file.

    Parameters
    ----------
    stops
        Node id of each station, by its key.
    ways
        Way id of each edge of the working graph.
    """

    stops: dict[str, int]
    ways: dict[Edge, int]


@dataclass(frozen=True)
class Zone:
    """An area in which no train exceeds a speed.

    Parameters
    ----------
    outline
        The area, in degrees of longitude and latitude.
    most_kmh
        The speed.
    source
        Reason, with its quality letter.
    """

    outline: shapely.Geometry
    most_kmh: float
    source: str


def slow_zones(terrain: Path, cities: Path, stretches: Sequence[Stretch] = ()) -> list[Zone]:
    """Return the areas in which trains are slower than the lines are designed for.

    Parameters
    ----------
    terrain
        GeoJSON file of outlines with a property `terrain`.
    cities
        Table of cities with `tier`, `lat` and `lon`.
    stretches
        Stretches of track, of which some have a speed.
    """
    outlines = gpd.read_file(terrain)
    hard = outlines.geometry[outlines["terrain"] == "mountain"]
    cores = [(float(row["lon"]), float(row["lat"])) for row in read_rows(cities) if row["tier"] == "core"]
    places = np.array(cores).reshape(-1, 1, 2)
    per_degree = KM_PER_DEGREE * np.cos(np.radians(places[..., 1:])) ** (1, 0)  # km eastward, km northward
    around = shapely.get_coordinates(shapely.Point(0.0, 0.0).buffer(APPROACH_KM))
    circles = shapely.polygons(places + around / per_degree)
    slow = [
        Zone(
            shapely.LineString([one.start[::-1], one.end[::-1]]).buffer(STRETCH_DEG, cap_style="flat"),
            one.most_kmh,
            one.source,
        )
        for one in stretches
        if one.most_kmh is not None
    ]
    return [
        *slow,
        Zone(shapely.union_all(circles), APPROACH_KMH, "approach to a core city, from memory (quality C)"),
        Zone(hard.union_all(), MOUNTAIN_KMH, "gradients in mountains, from memory (quality C)"),
    ]


def add_tracks(
    graph: WorkingGraph,
    lines: Sequence[Corridor],
    layout: Layout,
    elements: Elements,
    length_factor: float = 1.0,
    *,
    zones: Sequence[Zone] = (),
    stretches: Sequence[Stretch] = (),
) -> Tracks:
    """Add tracks and stations to the elements; ways end at stations and where lines diverge.

    Parameters
    ----------
    graph
        The claimed tracks.
    lines
        The railway lines.
    layout
        Stations and legs.
    elements
        Elements to which they are added; changed in place.
    length_factor
        Length on the ground over length of the geometry, which each way states.
    zones
        Areas in which trains are slower; of several at one place the first counts.
    stretches
        Tracks between lines whose number is known.

    Returns
    -------
    Tracks
        Ids for the members of route relations.
    """
    known = {line.id: line for line in lines}
    # The legs and curves that use each edge.
    found: dict[Edge, set[str]] = {}
    named = {f"{line}/{leg}": path for (line, leg), path in layout.legs.items()}
    named |= {LINK + "-".join(sorted(ends)): path for ends, path in layout.curves.items()}
    for name, path in named.items():
        for a, b in itertools.pairwise(path):
            found.setdefault(edge_of(a, b), set()).add(name)
    users = {edge: frozenset(names) for edge, names in found.items()}
    slow = _zone_of_edges(graph, zones)
    counted = _stretch_of_edges(graph, stretches)
    keys = {
        edge: (users.get(edge, frozenset()), edge in graph.drawn, slow.get(edge), counted.get(edge))
        for edge in graph.edges
    }
    station_tags = _station_tags(lines, layout)
    ids = {
        node: elements.add_node(graph.points[node], station_tags.get(node, {}))
        for node in sorted(graph.used_nodes)
    }
    ways: dict[Edge, int] = {}
    for line in chains(keys):
        edge = edge_of(line[0], line[1])
        tags = _track_tags(graph.claims.get(edge, ()), known, drawn=edge in graph.drawn)
        tags = _slowed(tags, zones[slow[edge]]) if edge in slow else tags
        if edge in counted:
            tags |= _tracks_tags(counted[edge].tracks, counted[edge].source)
        tags[LENGTH_FACTOR] = f"{length_factor:g}"
        way = elements.add_way([ids[node] for node in line], tags)
        ways |= {edge_of(a, b): way for a, b in itertools.pairwise(line)}
    return Tracks({key: ids[node] for key, node in layout.stations.items()}, ways)


def _zone_of_edges(graph: WorkingGraph, zones: Sequence[Zone]) -> dict[Edge, int]:
    """Return the first zone in which the middle of an edge lies, for the edges in a zone."""
    edges = list(graph.edges)
    middles = [between(graph.points[a], graph.points[b], 0.5) for a, b in edges]
    found: dict[Edge, int] = {}
    for number, zone in enumerate(zones):
        lat, lon = zip(*middles, strict=True)
        for edge, within in zip(edges, shapely.contains_xy(zone.outline, lon, lat).tolist(), strict=True):
            if within:
                found.setdefault(edge, number)
    return found


def _stretch_of_edges(graph: WorkingGraph, stretches: Sequence[Stretch]) -> dict[Edge, Stretch]:
    """Return the stretch of the edges on the shortest way between its ends that no line has claimed."""
    found: dict[Edge, Stretch] = {}
    # Trains run by the lengths of lines, not by those of the package.
    lengths = {(a, b): distance_km(graph.points[a], graph.points[b]) for a, b in graph.edges}
    factors = {edge: lengths[edge] / max(km, LEAST_EDGE_KM) for edge, km in graph.edges.items()}
    for stretch in stretches:
        if not stretch.tracks:
            continue
        ends = [{graph.nearest_node(point)[0]: 0.0} for point in (stretch.start, stretch.end)]
        legs = best_legs(graph.matrix(TAKEN_FACTOR, factors), ends) or []
        edges = [edge_of(a, b) for leg in legs for a, b in itertools.pairwise(leg)]
        found |= {edge: stretch for edge in edges if edge not in graph.claims}
    return found


def _tracks_tags(tracks: int, source: str) -> dict[str, str]:
    return {"tracks": f"{tracks}", "source:tracks": source}


def _slowed(tags: dict[str, str], zone: Zone) -> dict[str, str]:
    """Return the tags of a track in a zone; `maxspeed` becomes its speed where it is above that."""
    if float(tags.get("maxspeed", 0)) <= zone.most_kmh:
        return tags
    design = {"maxspeed:design": tags["maxspeed"]} | tags
    source = f"{zone.source}; {tags['source:maxspeed']}"
    return design | {"maxspeed": f"{zone.most_kmh:g}", "source:maxspeed": source}


def _station_tags(lines: Sequence[Corridor], layout: Layout) -> dict[int, dict[str, str]]:
    """Return the tags of the nodes at which passenger trains stop."""
    tags = {}
    for line in lines:
        if line.traffic == "freight":
            continue
        for place in line.places:
            tags[layout.stations[place.key]] = {
                "railway": "station",
                "train": "yes",
                "name": place.name,
                "name:zh": place.name_zh,
                "ref": place.key,
                "source": "line table",
                "source:position": place.source,
            }
    return tags


def _track_tags(users: Sequence[str], known: Mapping[str, Corridor], *, drawn: bool) -> dict[str, str]:
    """Return the tags of a track with claims of lines or of a connecting curve."""
    lines = [known[user] for user in users if user in known]
    if lines:
        tags = _line_tags(lines)
    elif users:
        tags = {
            "railway": "rail",
            "usage": "branch",
            "maxspeed": f"{CURVE_KMH:g}",
            "source:maxspeed": "assumed (quality D)",
            "name": "connecting curve",
        }
    else:
        return dict(PLAIN_TAGS)
    if drawn:
        return tags | {"source": "points of the fact tables", "source:geometry": "curated"}
    return tags | SOURCE_TAGS


def _line_tags(lines: Sequence[Corridor]) -> dict[str, str]:
    """Return the tags of a track from its fastest line and its earliest opening.

    Where several lines are one way, the tables do not say whether they share tracks, so that their number is
    left out.
    """
    main = max(lines, key=lambda line: line.design_kmh or 0)
    earliest = min(lines, key=lambda line: line.opened)
    tags = {
        "railway": "rail",
        "usage": "freight" if all(line.traffic == "freight" for line in lines) else "main",
        "name": main.name,
        "name:zh": main.name_zh,
        "ref": ";".join(line.id for line in lines),
        "maxspeed": f"{main.design_kmh:g}",
        "source:maxspeed": f"design speed, {main.speed_source}",
        "start_date": earliest.opened,
        "source:start_date": f"{earliest.opened_source}; latest section of the line",
        "source:railway": "line routed through its stations",
    }
    if main.running_kmh is not None:
        tags |= {
            "maxspeed": f"{main.running_kmh:g}",
            "source:maxspeed": main.running_source,
            "maxspeed:design": f"{main.design_kmh:g}",
        }
    if (main.design_kmh or 0) >= 200:
        tags["highspeed"] = "yes"
    if main.electrified:
        tags |= {"electrified": "contact_line", "source:electrified": main.speed_source}
    if len(lines) == 1 and main.tracks:
        tags |= _tracks_tags(main.tracks, main.speed_source)
    return tags
