"""Derive train services over one or more lines from the fact tables, and write them as route relations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise, product

from networks.world.geograph import Elements, length_km
from tools.region.facts import Corridor, Place, Through
from tools.region.geometry import turn_deg
from tools.region.matching import edge_of
from tools.region.rails import Layout, Tracks
from tools.region.reduce import clock

REVERSAL_DEG = 100.0
"""Trains do not run through where they would have to turn by more than this."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """The path of a train along one or more lines.

    Parameters
    ----------
    lines
        Ids of the lines in order.
    stops
        All stations on the path in order.
    paths
        Nodes of the working graph from each station to the next.
    joints
        Positions in ``stops`` at which the run leaves a line and enters the next: twice the same position, or
        the two ends of a connecting curve.
    """

    lines: tuple[str, ...]
    stops: tuple[Place, ...]
    paths: tuple[tuple[int, ...], ...]
    joints: tuple[tuple[int, int], ...] = ()

    def reversed(self) -> Run:
        """Return the run in the other direction."""
        paths = tuple(path[::-1] for path in self.paths[::-1])
        last = len(self.stops) - 1
        joints = tuple((last - enter, last - leave) for leave, enter in self.joints[::-1])
        return Run(lines=self.lines[::-1], stops=self.stops[::-1], paths=paths, joints=joints)


def whole_run(line: Corridor, layout: Layout) -> Run:
    """Return the run over all legs of a line."""
    paths = tuple(tuple(layout.legs[line.id, leg]) for leg in range(len(line.places) - 1))
    return Run(lines=(line.id,), stops=line.places, paths=paths)


def join_through(lines: Mapping[str, Corridor], run: Through, layout: Layout) -> Run | None:
    """Return the longest run from line a onto line b without a reversal; None if there is none."""
    both = product(
        _parts_ending_at(whole_run(lines[run.line_a], layout), run.station_a),
        _parts_ending_at(whole_run(lines[run.line_b], layout), run.station_b),
    )
    joined = (_join(head, tail.reversed(), run, layout) for head, tail in both)
    return max((one for one in joined if one is not None), key=_km, default=None)


def _parts_ending_at(run: Run, key: str) -> Iterator[Run]:
    """Yield the parts of a run that end at a station, one from either direction."""
    at = [place.key for place in run.stops].index(key)
    if at > 0:
        yield Run(lines=run.lines, stops=run.stops[: at + 1], paths=run.paths[:at])
    if at < len(run.stops) - 1:
        yield Run(lines=run.lines, stops=run.stops[at:], paths=run.paths[at:]).reversed()


def _join(head: Run, tail: Run, run: Through, layout: Layout) -> Run | None:
    """Join two runs at their common station or by a curve; None if a train would have to reverse."""
    curve = layout.curves.get((run.station_a, run.station_b))
    stops, paths = head.stops, head.paths
    if curve is not None:
        stops, paths = (*stops, tail.stops[0]), (*paths, tuple(curve))
    stops, paths = (*stops, *tail.stops[1:]), (*paths, *tail.paths)
    keys, leave = [place.key for place in stops], len(head.stops) - 1
    # A train turns at the common station, else where the curve ends.
    at = leave + (keys[leave] != tail.stops[0].key)
    before, here, after = (stop.point for stop in stops[at - 1 : at + 2])
    if len(set(keys)) < len(keys) or turn_deg(before, here, here, after) > REVERSAL_DEG:
        return None
    joint = (leave, leave + (curve is not None))
    return Run(lines=head.lines + tail.lines, stops=stops, paths=paths, joints=(joint,))


def _km(run: Run) -> float:
    """Return the length of a run along straight lines between its stations, in km."""
    return length_km([place.point for place in run.stops])


def join_overlapping(head: Run, tail: Run) -> Run | None:
    """Join two runs that overlap: the last line of one is the first line of the other.

    Parameters
    ----------
    head, tail
        Runs over at least two lines. The head may extend farther on the common line than the tail.

    Returns
    -------
    Run or None
        The run over all lines; None if the two use the common line in opposite directions.
    """
    keys = [place.key for place in head.stops]
    leave, enter = tail.joints[0][0], head.joints[-1][1]
    if tail.stops[leave].key not in keys:
        return None
    at = keys.index(tail.stops[leave].key)
    if at <= enter or leave == 0 or keys[at - 1] != tail.stops[leave - 1].key:
        return None
    stops = head.stops[: at + 1] + tail.stops[leave + 1 :]
    if len({place.key for place in stops}) < len(stops):
        return None
    joints = head.joints + tuple((a + at - leave, b + at - leave) for a, b in tail.joints)
    paths = head.paths[:at] + tail.paths[leave:]
    return Run(lines=head.lines + tail.lines[1:], stops=stops, paths=paths, joints=joints)


EXPRESS_SHARE = 0.5
"""Share of the trains that stop at large cities only, by assumption."""
TRAINS_FOR_EXPRESS = 8.0
"""On lines with fewer trains per day, all trains stop everywhere."""
TRAINS_FOR_SKIPPING = 16.0
"""From this number of trains per day on, some skip every other small station, by assumption."""
SMALL_STATIONS_FOR_SKIPPING = 3
"""Least number of small stations of a line on which some trains skip every other one."""
THROUGH_TRAINS_FOR_LOCAL = 2.0
"""From this number of trains per day on, some trains over several lines stop everywhere."""
THROUGH_SHARE = 1 / 3
"""Share of the trains of the line with fewer trains that run through, by assumption if not counted."""
MOST_LINES = 5
"""Largest number of lines on the path of one train."""
SERVICE_HOURS = 16.0
"""Hours of the day in which trains run."""
PREFECTURES = (
    *("北京", "天津", "石家庄", "唐山", "秦皇岛", "邯郸", "邢台"),
    *("保定", "张家口", "承德", "沧州", "廊坊", "衡水"),
)
"""Municipalities and prefecture-level cities of the region."""
LARGE_STATIONS = frozenset({"清河"})
"""Stations of these with a name of their own: at Qinghe in Beijing all trains to Zhangjiakou call."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """Trains with one pattern of stops.

    Parameters
    ----------
    run
        Their path.
    calls
        Whether they stop at each station of the run.
    pattern
        ``local``, ``express``, ``skip 1`` or ``skip 2``; with the prefix ``through`` on several lines.
    trains_a_day
        Trains per day and direction.
    source
        Source of that number.
    """

    run: Run
    calls: tuple[bool, ...]
    pattern: str
    trains_a_day: float
    source: str


def is_large(place: Place) -> bool:
    """Return whether a station is named after a municipality or prefecture-level city."""
    return place.name_zh in LARGE_STATIONS or any(
        place.name_zh.startswith(city) and not place.name_zh.startswith(f"{city}县") for city in PREFECTURES
    )


def line_services(line: Corridor, layout: Layout) -> list[Service]:
    """Return the services of one line: local ones, and faster ones if there are many trains.

    Parameters
    ----------
    line
        The line; freight lines have no services.
    layout
        Nodes of its legs.
    """
    if line.trains_a_day <= 0:
        return []
    run = whole_run(line, layout)
    few = line.trains_a_day < TRAINS_FOR_EXPRESS
    return _patterns(run, line.trains_a_day, line.trains_source, first="local" if few else "")


def _patterns(run: Run, trains: float, source: str, *, first: str = "", prefix: str = "") -> list[Service]:
    """Divide trains among patterns of stops; with `first`, all trains have that pattern."""
    calls = {"express": express_calls(run), "local": (True,) * len(run.stops)}
    if calls["express"] == calls["local"]:
        first = "local"
    if first:
        shares = {first: 1.0}
    elif trains < TRAINS_FOR_SKIPPING or calls["express"].count(False) < SMALL_STATIONS_FOR_SKIPPING:
        shares = {"express": EXPRESS_SHARE, "local": 1 - EXPRESS_SHARE}
    else:
        calls |= {"skip 1": skipping_calls(run, 0), "skip 2": skipping_calls(run, 1)}
        rest = (1 - EXPRESS_SHARE) / 3
        shares = {"express": EXPRESS_SHARE, "skip 1": rest, "skip 2": rest, "local": rest}
    if not first:
        source = f"{source}; shared out over patterns by assumption (quality D)"
    return [
        Service(run=run, calls=calls[key], pattern=prefix + key, trains_a_day=share * trains, source=source)
        for key, share in shares.items()
    ]


def express_calls(run: Run) -> tuple[bool, ...]:
    """Return whether an express train stops at each station: at both ends and at large cities."""
    last = len(run.stops) - 1
    return tuple(at in {0, last} or is_large(place) for at, place in enumerate(run.stops))


def skipping_calls(run: Run, turn: int) -> tuple[bool, ...]:
    """Return whether a train that skips every other small station (even or odd) stops at each station."""
    calls, small = list(express_calls(run)), 0
    for at, call in enumerate(calls):
        if not call:
            calls[at] = small % 2 == turn
            small += 1
    return tuple(calls)


def through_services(lines: Mapping[str, Corridor], runs: Sequence[Through], layout: Layout) -> list[Service]:
    """Return the services from one line onto another, and over further lines if all joints were counted.

    Parameters
    ----------
    lines
        The lines by id.
    runs
        The connections between lines.
    layout
        Nodes of legs and connecting curves.
    """
    found, counted = [], []
    for run in runs:
        run_on = join_through(lines, run, layout)
        if run_on is None:
            continue
        trains, source = _through_trains(lines, run)
        found.append((run_on, trains, source))
        if run.trains_a_day is not None:
            counted.append((run_on, trains))
    source = "counts multiplied, over the trains of the lines between, by assumption (quality D)"
    found += [(run_on, trains, source) for run_on, trains in _chains(lines, counted)]
    return [
        service
        for run_on, trains, source in found
        for first in ["express" if trains < THROUGH_TRAINS_FOR_LOCAL else ""]
        for service in _patterns(run_on, trains, source, first=first, prefix="through ")
    ]


def _through_trains(lines: Mapping[str, Corridor], run: Through) -> tuple[float, str]:
    """Return the trains per day over a connection, and the source of the number."""
    if run.trains_a_day is not None:
        return run.trains_a_day, run.source
    least = min(lines[run.line_a].trains_a_day, lines[run.line_b].trains_a_day)
    return max(
        1.0, THROUGH_SHARE * least
    ), f"{run.source}; a third of the thinner line's trains by assumption (quality D)"


def _chains(lines: Mapping[str, Corridor], counted: Sequence[tuple[Run, float]]) -> list[tuple[Run, float]]:
    """Return the runs over at least three lines made of counted runs, with at least one train per day."""
    pairs = [
        (run, trains)
        for both in counted
        for run, trains in ((both[0], both[1]), (both[0].reversed(), both[1]))
    ]
    found: dict[frozenset[str], tuple[Run, float]] = {}
    heads = pairs
    for _ in range(MOST_LINES - 2):
        longer = [
            chain for head in heads for pair in pairs if (chain := _chain(lines, head, pair)) is not None
        ]
        heads = []
        for run, trains in longer:
            key = frozenset(run.lines)
            if trains >= 1 and key not in found:
                found[key] = (run, trains)
                heads += [(run, trains), (run.reversed(), trains)]
    return list(found.values())


def _chain(
    lines: Mapping[str, Corridor], head: tuple[Run, float], tail: tuple[Run, float]
) -> tuple[Run, float] | None:
    """Join two runs that overlap on a line; return the run and its trains per day.

    The number of trains assumes independence on the common line: the product of both counts divided by the
    trains of that line, and not more than either count.
    """
    middle = head[0].lines[-1]
    if tail[0].lines[0] != middle or tail[0].lines[-1] in head[0].lines:
        return None
    run = join_overlapping(head[0], tail[0])
    trains = min(head[1], tail[1], head[1] * tail[1] / lines[middle].trains_a_day)
    return None if run is None else (run, trains)


def interval(trains_a_day: float) -> str:
    """Return the time between trains as HH:MM:SS for a number of trains per day."""
    return clock(round(SERVICE_HOURS * 3600 / trains_a_day))


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
        Ids of stations and ways.
    elements
        Elements to which the relations are added; changed in place.
    """
    for service in services:
        for run, calls in ((service.run, service.calls), (service.run.reversed(), service.calls[::-1])):
            stops = [place for place, call in zip(run.stops, calls, strict=True) if call]
            members = [("n", tracks.stops[place.key], "stop") for place in stops]
            members += [("w", way, "") for way in ways_of(run.paths, tracks)]
            # The tags of a route relation.
            users = [lines[line] for line in run.lines]
            latest = max(users, key=lambda line: line.opened)
            speed = max(line.design_kmh or 0 for line in users)
            title = " + ".join(line.name for line in users)
            fast = all((line.design_kmh or 0) >= 200 for line in users)
            elements.add_relation(
                members,
                {
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
                },
            )


def ways_of(paths: Sequence[Sequence[int]], tracks: Tracks) -> list[int]:
    """Return the ways of paths in order; a way that is used in both directions appears twice.

    Parameters
    ----------
    paths
        Nodes of the working graph from each station to the next.
    tracks
        Ids of the ways.
    """
    ways: list[int] = []
    for path in paths:
        passed = [tracks.ways[edge_of(a, b)] for a, b in pairwise(path)]
        ways.extend(way for way, _ in groupby(passed))
    return ways
