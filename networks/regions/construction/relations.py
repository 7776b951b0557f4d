"""Write trains as route relations with their stops, ways and intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise

from networks.regions.construction.facts import Corridor, Place
from networks.regions.construction.matching import edge_of
from networks.regions.construction.osmfile import Elements
from networks.regions.construction.rails import Tracks
from networks.regions.construction.runs import Run
from networks.regions.construction.services import Service

SERVICE_HOURS = 16.0
"""Hours of a day in which the trains run."""


def interval(trains_a_day: float) -> str:
    """Return the time between trains as HH:MM:SS, for a number of trains a day."""
    seconds = round(SERVICE_HOURS * 3600 / trains_a_day)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def add_services(
    services: Sequence[Service], lines: Mapping[str, Corridor], tracks: Tracks, elements: Elements
) -> None:
    """Add one route relation for each service and direction.

    Parameters
    ----------
    services
        The services.
    lines
        The lines by id.
    tracks
        Stops and ways in the file.
    elements
        Where to add them; changed in place.
    """
    for service in services:
        for run, calls in ((service.run, service.calls), (service.run.reversed(), service.calls[::-1])):
            stops = [place for place, call in zip(run.stops, calls, strict=True) if call]
            members = [("n", tracks.stops[place.key], "stop") for place in stops]
            members += [("w", way, "") for way in _ways(run, tracks)]
            elements.add_relation(members, _tags(service, run, stops, lines))


def _ways(run: Run, tracks: Tracks) -> list[int]:
    """Return the ways of a run in order; a way that is passed out and back stands twice."""
    ways: list[int] = []
    for path in run.paths:
        passed = [tracks.ways[edge_of(a, b)] for a, b in pairwise(path)]
        ways.extend(way for way, _ in groupby(passed))
    return ways


def _tags(
    service: Service, run: Run, stops: Sequence[Place], lines: Mapping[str, Corridor]
) -> dict[str, str]:
    """Return the tags of a route relation."""
    users = [lines[line] for line in run.lines]
    latest = max(users, key=lambda line: line.opened)
    speed = max(line.design_kmh or 0 for line in users)
    title = " + ".join(line.name for line in users)
    fast = all((line.design_kmh or 0) >= 200 for line in users)
    return {
        "type": "route",
        "route": "train",
        "public_transport:version": "2",
        "ref": f"{'+'.join(run.lines)} {service.pattern}",
        "name": f"{stops[0].name} => {stops[-1].name}: {title} ({service.pattern})",
        "from": stops[0].name,
        "to": stops[-1].name,
        "service": "high_speed"
        if fast
        else "regional"
        if service.pattern.endswith("local")
        else "long_distance",
        "interval": interval(service.trains_a_day),
        "source:interval": f"{service.trains_a_day:.3g} trains in 16 h; {service.source}",
        "start_date": latest.opened,
        "source:start_date": latest.opened_source,
        "maxspeed": f"{speed:g}",
        "source:maxspeed": "design speed of the fastest line it runs on",
        "source": "line table",
    }
