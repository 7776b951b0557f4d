"""Write the trains of a timetable as route relations, with their minutes."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from math import inf
from typing import Any, NamedTuple

import networkx as nx

from networks.osm.tags import was_open
from networks.world.geograph import Elements, Point, length_km
from tools.region.facts import Corridor, Place, Through
from tools.region.rails import CURVE_KMH, Layout, Tracks
from tools.region.services import interval, ways_of
from tools.region.timetable import Pattern

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

    So it does if both lines are in it as wholes; lines opened since were counted in another one.
    """
    both = all(is_in_timetable(lines[line], patterns) for line in (run.line_a, run.line_b))
    days = [date.fromisoformat(pattern.day) for pattern in patterns]
    opened = [lines[line].opened for line in (run.line_a, run.line_b)]
    counted = run.trains_a_day is not None
    return both or (counted and any(all(was_open(x, on=day) for x in opened) for day in days))


class _Leg(NamedTuple):
    """A leg of a line, or a connecting curve, whose line is empty, in one direction."""

    start: str
    end: str
    line: str
    design_kmh: float
    km: float
    path: tuple[int, ...]


def _legs(lines: Mapping[str, Corridor], layout: Layout, points: Sequence[Point]) -> list[_Leg]:
    """Return the legs of lines and the connecting curves, each in both directions."""
    known: list[tuple[Any, ...]] = [
        (*(place.key for place in lines[line].places[at : at + 2]), line, lines[line].design_kmh or 0.0, path)
        for (line, at), path in layout.legs.items()
    ]
    known += [(*ends, "", CURVE_KMH, path) for ends, path in layout.curves.items()]
    return [
        _Leg(*ends, line, design_kmh, length_km([points[node] for node in path]), tuple(way))
        for a, b, line, design_kmh, path in known
        for ends, way in (((a, b), path), ((b, a), path[::-1]))
    ]


def _route(
    legs: Sequence[_Leg], stops: Sequence[str], most_kmh: float, open_lines: Container[str]
) -> list[list[_Leg]] | None:
    """Return the legs from each station to the next on the quickest way; None if there is none.

    Between two stops a train passes none of its other stops, if there is such a way.
    """
    graph = nx.DiGraph()
    hours = {leg: leg.km / min(leg.design_kmh, most_kmh) for leg in legs if leg.line in open_lines}
    # Of the legs between two stations the quickest is added last.
    for leg in sorted(hours, key=lambda leg: (hours[leg], leg.line), reverse=True):
        graph.add_edge(leg.start, leg.end, hours=hours[leg], leg=leg)
    hops = []
    for start, end in pairwise(stops):
        apart = nx.restricted_view(graph, set(stops) - {start, end}, ())
        keys = _way(apart, start, end) or _way(graph, start, end)
        if keys is None:
            return None
        hops.append([graph.edges[a, b]["leg"] for a, b in pairwise(keys)])
    return hops


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
    *,
    length_factor: float = 1.0,
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
    length_factor
        Factor by which lengths of the geometry are multiplied to obtain lengths on the ground.
    """
    legs = _legs(lines, layout, points)
    places = {place.key: place for line in lines.values() for place in line.places}
    for pattern in patterns:
        day = date.fromisoformat(pattern.day)
        open_lines = {"", *(name for name, line in lines.items() if was_open(line.opened, on=day))}
        hops = _route(legs, pattern.stops, SLOW_KIND_KMH if pattern.kind == SLOW_KIND else inf, open_lines)
        used = [leg for hop in hops or () for leg in hop]
        ways = ways_of([leg.path for leg in used], tracks)
        opened = max((lines[leg.line].opened for leg in used if leg.line), default=pattern.day)
        for version in _versions(pattern, hops or [], lines, opened, length_factor):
            for turn in (1, -1):
                stops = [places[key] for key in pattern.stops[::turn]]
                members = [("n", tracks.stops[place.key], "stop") for place in stops]
                members += [("w", way, "") for way in ways[::turn]]
                elements.add_relation(members, _tags(pattern, version, stops, back=turn < 0))


@dataclass(frozen=True)
class _Version:
    """The minutes of a pattern in a period; `end` is the last day, empty for today's."""

    minutes: tuple[float, ...]
    minutes_back: tuple[float, ...]
    start: str
    end: str
    note: str


def _versions(
    pattern: Pattern,
    hops: Sequence[Sequence[_Leg]],
    lines: Mapping[str, Corridor],
    opened: str,
    length_factor: float,
) -> list[_Version]:
    """Return the minutes of a pattern as counted, and after each rise of speed on one of its lines."""
    rises = {leg.line: lines[leg.line].raised for hop in hops for leg in hop if leg.line}
    known = {line: rise for line, rise in rises.items() if rise and pattern.kind != SLOW_KIND}
    days = sorted({rise.day for rise in known.values() if rise.day > pattern.day})
    found = []
    for at, start in enumerate([opened, *days]):
        saved = [
            sum(
                known[leg.line].saved_min(leg.km * length_factor)
                for leg in hop
                if leg.line in known and pattern.day < known[leg.line].day <= start
            )
            for hop in hops
        ] or [0.0] * len(pattern.minutes)
        note = "; ".join(sorted({known[line].source for line in known if known[line].day <= start}))
        found.append(
            _Version(
                minutes=_less(pattern.minutes, saved),
                minutes_back=_less(pattern.minutes_back, saved[::-1]),
                start=start,
                end=(date.fromisoformat(days[at]) - timedelta(days=1)).isoformat() if at < len(days) else "",
                note=f"; less the minutes that the higher speed saves ({note})" if note else "",
            )
        )
    return found


def _less(minutes: Sequence[float], saved: Sequence[float]) -> tuple[float, ...]:
    """Return minutes less those saved, in tenths and at least half of what they were."""
    pairs = zip(minutes, saved, strict=True)
    return tuple(round(max(known - gain, known / 2), 1) if gain else known for known, gain in pairs)


def _tags(pattern: Pattern, version: _Version, stops: Sequence[Place], *, back: bool) -> dict[str, str]:
    """Return the tags of the relation of one direction."""
    minutes = version.minutes_back if back else version.minutes
    stop_minutes = pattern.stop_minutes_back if back else pattern.stop_minutes
    tags = {
        "type": "route",
        "route": "train",
        "public_transport:version": "2",
        "ref": f"{pattern.id} of {pattern.day}",
        "name": f"{stops[0].name} => {stops[-1].name}: {pattern.kind} trains of {pattern.day}",
        "from": stops[0].name,
        "to": stops[-1].name,
        "service": "high_speed",
        "interval": interval(pattern.trains_a_day),
        "source:interval": f"{pattern.trains_a_day:g} trains in 16 h; {pattern.source}",
        "polyring:minutes": ";".join(f"{m:g}" for m in minutes),
        "source:polyring:minutes": f"{pattern.source}; medians of trains with the same stops{version.note}",
        "start_date": version.start,
        "source:start_date": "line table; latest line that the trains use, or day of the higher speed",
        "source": "timetable",
    }
    if stop_minutes:
        tags["polyring:stop_minutes"] = ";".join(f"{m:g}" for m in stop_minutes)
    if version.end:
        tags |= {"end_date": version.end, "source:end_date": "day before the higher speed"}
    return tags
