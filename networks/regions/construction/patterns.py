"""Write the trains of a timetable as route relations, with their minutes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from math import inf

import networkx as nx

from networks.osm.vintage import was_open
from networks.regions.construction.facts import Corridor, Through
from networks.regions.construction.geometry import Point, length_km
from networks.regions.construction.osmfile import Elements
from networks.regions.construction.rails import CURVE_KMH, Layout, Tracks
from networks.regions.construction.services import interval, ways_of
from networks.regions.construction.timetable import Pattern

FAST_KMH = 200.0
"""Design speed from which a line is a high-speed line."""
SLOW_KIND, SLOW_KIND_KMH = "D", 250.0
"""Kind of trains that run at most at this speed (from memory, C)."""


def is_in_timetable(line: Corridor, patterns: Sequence[Pattern]) -> bool:
    """Return whether a timetable holds all trains of a line: a high-speed line that was open on its day."""
    days = [date.fromisoformat(pattern.day) for pattern in patterns]
    return any(was_open(line.opened, on=day) for day in days) and (line.design_kmh or 0) >= FAST_KMH


def is_through_in_timetable(run: Through, lines: Mapping[str, Corridor], patterns: Sequence[Pattern]) -> bool:
    """Return whether a timetable holds all trains of a connection, because it was counted in one.

    So it does if both lines are in it as wholes.
    """
    both = all(is_in_timetable(lines[line], patterns) for line in (run.line_a, run.line_b))
    return both or (bool(patterns) and run.trains_a_day is not None)


class _Legs:
    """The legs of lines and the connecting curves as a graph of stations, to follow trains of a timetable.

    Parameters
    ----------
    lines
        The lines.
    layout
        Nodes of legs and connecting curves.
    """

    def __init__(self, lines: Mapping[str, Corridor], layout: Layout, points: Sequence[Point]) -> None:
        self._paths: dict[tuple[str, str], list[tuple[str, float, float, tuple[int, ...]]]] = {}
        for (line, leg), path in layout.legs.items():
            a, b = (place.key for place in lines[line].places[leg : leg + 2])
            self._add(a, b, line, lines[line].design_kmh or 0.0, path, points)
        for (a, b), path in layout.curves.items():
            self._add(a, b, "", CURVE_KMH, path, points)

    def _add(
        self, a: str, b: str, line: str, design_kmh: float, path: Sequence[int], points: Sequence[Point]
    ) -> None:
        km = length_km([points[node] for node in path])
        self._paths.setdefault((a, b), []).append((line, design_kmh, km, tuple(path)))
        self._paths.setdefault((b, a), []).append((line, design_kmh, km, tuple(path[::-1])))

    def route(
        self, stops: Sequence[str], most_kmh: float, is_open: Callable[[str], bool]
    ) -> tuple[list[str], list[tuple[int, ...]]] | None:
        """Return the lines and the paths of the quickest way through some stations; None if there is none.

        Between two stops a train passes none of its other stops, if there is such a way.
        """
        graph = nx.DiGraph()
        for (a, b), found in self._paths.items():
            usable = [(km / min(kmh, most_kmh), line, path) for line, kmh, km, path in found if is_open(line)]
            if usable:
                hours, line, path = min(usable)
                graph.add_edge(a, b, hours=hours, line=line, path=path)
        lines: list[str] = []
        paths: list[tuple[int, ...]] = []
        for start, end in pairwise(stops):
            others = set(stops) - {start, end}
            apart = nx.subgraph_view(graph, filter_node=lambda key: key not in others)  # noqa: B023
            keys = _way(apart, start, end) or _way(graph, start, end)
            if keys is None:
                return None
            for a, b in pairwise(keys):
                lines += [graph.edges[a, b]["line"]] if graph.edges[a, b]["line"] else []
                paths.append(graph.edges[a, b]["path"])
        return list(dict.fromkeys(lines)), paths


def _way(graph: nx.DiGraph, start: str, end: str) -> list[str] | None:
    """Return the stations on the quickest way, None if there is none."""
    try:
        keys: list[str] = nx.shortest_path(graph, start, end, weight="hours")
    except (nx.NodeNotFound, nx.NetworkXNoPath):
        return None
    return keys


def add_patterns(
    patterns: Sequence[Pattern],
    lines: Mapping[str, Corridor],
    layout: Layout,
    points: Sequence[Point],
    tracks: Tracks,
    elements: Elements,
) -> None:
    """Add one route relation for each pattern of a timetable and direction, with its minutes.

    Parameters
    ----------
    patterns
        The patterns.
    lines
        The lines by id.
    layout
        Nodes of legs and connecting curves.
    points
        Latitude and longitude of the nodes.
    tracks
        Ids of stations and ways.
    elements
        Elements to which the relations are added; changed in place.
    """
    legs = _Legs(lines, layout, points)
    places = {place.key: place for line in lines.values() for place in line.places}
    for pattern in patterns:
        day = date.fromisoformat(pattern.day)
        most_kmh = SLOW_KIND_KMH if pattern.kind == SLOW_KIND else inf
        found = legs.route(
            pattern.stops,
            most_kmh,
            lambda line: not line or was_open(lines[line].opened, on=day),  # noqa: B023
        )
        users, paths = ([], []) if found is None else found
        ways = ways_of(paths, tracks)
        opened = max((lines[line].opened for line in users), default=pattern.day)
        shared = {
            "type": "route",
            "route": "train",
            "public_transport:version": "2",
            "service": "high_speed",
            "interval": interval(pattern.trains_a_day),
            "source:interval": f"{pattern.trains_a_day:g} trains in 16 h; {pattern.source}",
            "start_date": opened,
            "source:start_date": "line table; latest line that the trains use",
            "source:polyring:minutes": f"{pattern.source}; medians of trains with the same stops",
            "source": "timetable",
        }
        for turn, minutes, stop_minutes in (
            (1, pattern.minutes, pattern.stop_minutes),
            (-1, pattern.minutes_back, pattern.stop_minutes_back),
        ):
            stops = [places[key] for key in pattern.stops[::turn]]
            members = [("n", tracks.stops[place.key], "stop") for place in stops]
            members += [("w", way, "") for way in ways[::turn]]
            tags = {
                "ref": f"{pattern.id} of {pattern.day}",
                "name": f"{stops[0].name} => {stops[-1].name}: {pattern.kind} trains of {pattern.day}",
                "from": stops[0].name,
                "to": stops[-1].name,
                "polyring:minutes": ";".join(f"{m:g}" for m in minutes),
            }
            if stop_minutes:
                tags["polyring:stop_minutes"] = ";".join(f"{m:g}" for m in stop_minutes)
            elements.add_relation(members, shared | tags)
