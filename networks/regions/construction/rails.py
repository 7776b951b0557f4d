"""Give tracks their lines: route each railway through its stations, draw those that are missing."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from networks.regions.construction.facts import Corridor, Place, Through
from networks.regions.construction.geometry import distance_km, length_km, stretched
from networks.regions.construction.matching import WorkingGraph, best_legs, edge_of
from networks.regions.construction.osmfile import Elements, chains
from networks.regions.construction.smoothing import at_stops, smoothed

LOG = logging.getLogger(__name__)

SURE_KM = 3.0
"""How far from its track a station with a known position may lie."""
UNSURE_KM = 8.0
"""How far from its track a station placed from memory or by its town may lie."""
CHOICES = 24
TAKEN_FACTOR = 1.3
"""How much longer an edge counts that another line claimed."""
MOVE_KM = 5.0
"""Penalty for a line that would pass a known station elsewhere than its first line did."""
SAME_STATION_KM = 3.0
"""Within this distance another track passes the same station, joined by a short drawn curve."""
ALMOST_KM = 0.05

SOURCE_TAGS = {"source": "OpenStreetMap by way of scgraph_data 2.0.0"}
PLAIN_TAGS = {
    "railway": "rail",
    "usage": "branch",
    "source:usage": "no line of the table claims it",
    **SOURCE_TAGS,
}
LINK = "link:"
"""Prefix of the keys of connecting curves."""


@dataclass
class Layout:
    """Where the stations stand and which nodes each leg passes.

    Parameters
    ----------
    stations
        Node of each station key.
    legs
        Nodes from one station to the next, by line and place of the leg in its order.
    curves
        Nodes of each connecting curve, by its two station keys.
    lengths_km
        Length of each line on the map.
    """

    stations: dict[str, int] = field(default_factory=dict)
    legs: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    curves: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    lengths_km: dict[str, float] = field(default_factory=dict)


def lay_out(
    canvas: WorkingGraph, lines: Sequence[Corridor], through: Sequence[Through], *, length_factor: float = 1.0
) -> Layout:
    """Claim the tracks of each line, fastest lines first, and draw what is missing.

    Parameters
    ----------
    canvas
        The class-less tracks; changed in place.
    lines
        The railway lines.
    through
        Through-running, for its connecting curves.
    length_factor
        By what lengths of the file are multiplied later; drawn lines are made shorter by it.

    Returns
    -------
    Layout
        Stations, legs and curves as nodes of the canvas.
    """
    layout = Layout()
    for line in sorted(lines, key=lambda line: -(line.design_kmh or 0)):
        legs = _routed(canvas, line, layout) if line.matched else None
        if legs is None:
            LOG.info("%s is drawn by hand", line.id)
            legs = _drawn(canvas, line, layout, length_factor)
        for place, (leg, path) in zip(line.places, enumerate(legs), strict=False):
            layout.stations.setdefault(place.key, path[0])
            layout.legs[line.id, leg] = path
        layout.stations.setdefault(line.places[-1].key, legs[-1][-1])
        layout.lengths_km[line.id] = sum(length_km([canvas.points[n] for n in leg]) for leg in legs)
    for run in through:
        if run.station_a != run.station_b:
            _curve(canvas, run, layout)
    layout.legs.update({key: canvas.refined(path) for key, path in layout.legs.items()})
    layout.curves.update({key: canvas.refined(path) for key, path in layout.curves.items()})
    return layout


def _routed(canvas: WorkingGraph, line: Corridor, layout: Layout) -> list[list[int]] | None:
    """Route a line through its stations; claim its legs and join them to stations that stand already."""
    choices = [_choices(canvas, place, layout.stations) for place in line.places]
    used = {node for edge in canvas.edges for node in edge}
    legs = best_legs(
        canvas.matrix(TAKEN_FACTOR),
        [{node: km for node, km in choice.items() if node in used} for choice in choices],
    )
    if legs is None:
        return None
    ends = [legs[0][0], *(leg[-1] for leg in legs)]
    stands = [layout.stations.get(place.key, end) for place, end in zip(line.places, ends, strict=True)]
    path = [stands[0]]
    for leg, end in zip(legs, stands[1:], strict=True):
        path += [*leg, end]
    smooth = smoothed(canvas, [node for node, _ in itertools.groupby(path)], stands)
    canvas.draw(smooth, line.id)
    return at_stops(canvas.refined(smooth), stands)


def _choices(canvas: WorkingGraph, place: Place, stations: Mapping[str, int]) -> dict[int, float]:
    """Return the nodes that may stand for a station, with their penalties in km."""
    stand = stations.get(place.key)
    if stand is not None:
        near = canvas.near(canvas.points[stand], SAME_STATION_KM, CHOICES)
        return {node: MOVE_KM + 2 * km for node, km in near.items()} | {stand: 0.0}
    taken = set(stations.values())
    radius = SURE_KM if place.source.startswith("parse12306") else UNSURE_KM
    near = canvas.near(place.point, radius, CHOICES) or canvas.near(place.point, 2 * UNSURE_KM, CHOICES)
    return {node: km for node, km in near.items() if node not in taken}


def _drawn(canvas: WorkingGraph, line: Corridor, layout: Layout, length_factor: float) -> list[list[int]]:
    """Draw a line through its stations, as long as it is known to be."""
    stops = []
    for place in line.places:
        stand = layout.stations.get(place.key)
        if stand is None:
            node, km = canvas.nearest_node(place.point)
            stand = node if km < SAME_STATION_KM and node not in stops else canvas.add_node(place.point)
        stops.append(stand)
    bends = stretched([canvas.points[node] for node in stops], (line.known_km or 0.0) / length_factor)
    legs = []
    for start, inner, end in zip(stops, bends, stops[1:], strict=False):
        path = [start, *(canvas.add_node(point) for point in inner), end]
        canvas.draw(path, line.id)
        legs.append(path)
    return legs


def _curve(canvas: WorkingGraph, run: Through, layout: Layout) -> None:
    """Draw the connecting curve of a through run, as long as it is known to be."""
    start, end = layout.stations[run.station_a], layout.stations[run.station_b]
    if (run.station_a, run.station_b) in layout.curves or start == end:
        return
    if (run.station_b, run.station_a) in layout.curves:
        layout.curves[run.station_a, run.station_b] = layout.curves[run.station_b, run.station_a][::-1]
        return
    line = [canvas.points[start], canvas.points[end]]
    bends = stretched(line, run.link_km or distance_km(*line))
    path = [start, *(canvas.add_node(point) for point in bends[0]), end]
    if len(path) == 2 and edge_of(start, end) in canvas.edges:
        path = [start, canvas.add_node(canvas.points[start]), end]
    canvas.draw(path, f"{LINK}{run.station_a}-{run.station_b}")
    layout.curves[run.station_a, run.station_b] = path


@dataclass(frozen=True)
class Tracks:
    """Where tracks and stations stand in the file.

    Parameters
    ----------
    stops
        Node id of each station key.
    ways
        Way id by edge of the canvas.
    """

    stops: dict[str, int]
    ways: dict[tuple[int, int], int]


def add_tracks(canvas: WorkingGraph, lines: Sequence[Corridor], layout: Layout, elements: Elements) -> Tracks:
    """Add tracks and stations to the elements; ways end at stations and where lines part.

    Parameters
    ----------
    canvas
        The claimed tracks.
    lines
        The railway lines.
    layout
        Stations and legs.
    elements
        Where to add them; changed in place.

    Returns
    -------
    Tracks
        What the services refer to.
    """
    known = {line.id: line for line in lines}
    users = _users(layout)
    keys = {edge: (users.get(edge, frozenset()), edge in canvas.drawn) for edge in canvas.edges}
    station_tags = _station_tags(lines, layout)
    ids: dict[int, int] = {}
    for node in sorted({node for edge in canvas.edges for node in edge}):
        ids[node] = elements.add_node(canvas.points[node], station_tags.get(node, {}))
    ways: dict[tuple[int, int], int] = {}
    for line in chains(keys):
        tags = _track_tags(
            canvas.claims.get(edge_of(line[0], line[1]), ()), known, drawn=keys[edge_of(line[0], line[1])][1]
        )
        way = elements.add_way([ids[node] for node in line], tags)
        ways |= {edge_of(a, b): way for a, b in itertools.pairwise(line)}
    return Tracks({key: ids[node] for key, node in layout.stations.items()}, ways)


def _users(layout: Layout) -> dict[tuple[int, int], frozenset[str]]:
    """Return which legs and curves pass each edge."""
    found: dict[tuple[int, int], set[str]] = {}
    named = {f"{line}/{leg}": path for (line, leg), path in layout.legs.items()}
    named |= {LINK + "-".join(sorted(ends)): path for ends, path in layout.curves.items()}
    for name, path in named.items():
        for a, b in itertools.pairwise(path):
            found.setdefault(edge_of(a, b), set()).add(name)
    return {edge: frozenset(names) for edge, names in found.items()}


def _station_tags(lines: Sequence[Corridor], layout: Layout) -> dict[int, dict[str, str]]:
    """Return the tags of the nodes at which passenger trains call."""
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
    """Return the tags of a track that some lines use."""
    lines = [known[user] for user in users if user in known]
    if lines:
        tags = _line_tags(lines)
    elif users:
        tags = {
            "railway": "rail",
            "usage": "branch",
            "maxspeed": "160",
            "source:maxspeed": "assumed (quality D)",
        }
        tags |= {"name": "connecting curve"}
    else:
        return dict(PLAIN_TAGS)
    if drawn:
        return tags | {"source": "points of the fact tables", "source:geometry": "curated"}
    return tags | SOURCE_TAGS


def _line_tags(lines: Sequence[Corridor]) -> dict[str, str]:
    """Return the tags of a track by its fastest line and its earliest opening."""
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
    if (main.design_kmh or 0) >= 200:
        tags["highspeed"] = "yes"
    if main.electrified:
        tags |= {"electrified": "contact_line", "source:electrified": main.speed_source}
    return tags
