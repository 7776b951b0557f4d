"""Propose measures at stations: check-in, connections, ways to them, further stops, new stations."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely

from networks.intermodal.trains import ARRIVING_S, HALLS
from optimiser.proposals.base_case import NEW, Arc, great_circle_km
from optimiser.proposals.services import PatternRules
from optimiser.proposals.table import Proposal
from optimiser.proposals.trains import Stop, TrackPath, Tracks, Train, train_arcs

_MARK_DEG = 0.01
"""Half the length of the line that marks a station on a map, degrees."""


@dataclass(frozen=True, slots=True)
class AccessWay:
    """A class of ways from a centre to its station.

    Attributes
    ----------
    name, standard
        In words, and in the cost table.
    fixed_s, speed_kmh
        Walk and wait, and the speed on the way, stops included.
    least_share
        Least share of the time of the tier that remains, for the centre is where only a part of the city is.
    """

    name: str
    standard: str
    fixed_s: int
    speed_kmh: float
    least_share: float


@dataclass(frozen=True, slots=True)
class StationRules:
    """Rules for measures at stations.

    Attributes
    ----------
    check_in_hsr_s, check_in_conv_s
        Shorter check-in before fast and before other trains.
    check_in_trains
        Trains a day and direction that one unit of `check-in` of the cost table serves.
    transfer_s, timed_wait_s
        Transfer and wait at a timed connection.
    ways
        Classes of ways from a centre.
    way_detour
        Length of a way over the straight line.
    way_longest_km
        Longest way, straight line.
    way_gain_s
        Ways that save less are no candidates.
    corridors
        Ways that a city of each tier needs so that most of it is as near as its centre; the cost is
        multiplied by them.
    hub_services
        Fewest services at a station of timed connections.
    check_in_count, timed_count, access_count
        At most so many of each kind are kept: those that serve most weight of open pairs.
    """

    check_in_hsr_s: int = 900
    check_in_conv_s: int = 600
    check_in_trains: float = 50.0
    transfer_s: int = 600
    timed_wait_s: int = 300
    ways: tuple[AccessWay, ...] = (
        AccessWay("bus lane", "bus-lane", 360, 25.0, 0.8),
        AccessWay("rapid transit", "rapid-transit", 480, 40.0, 2 / 3),
        AccessWay("suburban railway", "suburban-rail", 600, 80.0, 2 / 3),
    )
    way_detour: float = 1.3
    way_longest_km: float = 40.0
    way_gain_s: int = 300
    corridors: tuple[tuple[str, float], ...] = (("core", 5.0), ("secondary", 2.0), ("small", 1.0))
    hub_services: int = 3
    check_in_count: int = 24
    timed_count: int = 16
    access_count: int = 40


def propose_check_in(tracks: Tracks, rules: StationRules, left_out: Counter[str]) -> Iterator[Proposal]:
    """Propose shorter check-in at stations with trains.

    Parameters
    ----------
    tracks
        Today's stations and trains.
    rules
        Rules for measures at stations.
    left_out
        Reason to count; added to.

    Yields
    ------
    Proposal
        One a station.
    """
    access = tracks.base.access
    shorter = {
        hall: new
        for hall, new, old in (
            (HALLS[0], rules.check_in_hsr_s, access.check_in_hsr_s),
            (HALLS[1], rules.check_in_conv_s, access.check_in_conv_s),
        )
        if new < old
    }
    if not shorter:
        left_out["check_in: check-in is as short already"] += 1
        return
    front = "" if tracks.base.door_to_door else "/between"
    for row in _served(tracks):
        station = f"station:{row}"
        arcs = tuple((f"{station}{front}", f"{station}/{hall}", max(1, new)) for hall, new in shorter.items())
        minutes = " and ".join(f"{new / 60:g}" for new in shorter.values())
        yield _at_station(
            tracks,
            row,
            "check-in",
            arcs=arcs,
            units=max(1, math.ceil(tracks.trains_a_day(row) / rules.check_in_trains)),
            why=f"check-in of {minutes} min for {tracks.trains_a_day(row):.0f} trains a day and direction",
        )


def propose_timed_transfers(
    tracks: Tracks, rules: StationRules, left_out: Counter[str]
) -> Iterator[Proposal]:
    """Propose timed connections at stations where several services meet.

    Parameters
    ----------
    tracks, rules, left_out
        As for `propose_check_in`.

    Yields
    ------
    Proposal
        One a station.
    """
    seconds = max(1, rules.transfer_s + rules.timed_wait_s - ARRIVING_S)
    for row in _served(tracks):
        if tracks.trains[row] < rules.hub_services:
            left_out[f"timed_transfer: fewer than {rules.hub_services} services meet"] += 1
            continue
        station = f"station:{row}"
        yield _at_station(
            tracks,
            row,
            "timed-transfer",
            arcs=((f"{station}/arrivals", f"{station}/timed", seconds),),
            units=1,
            why=f"{tracks.trains[row]} services connect within {(seconds + ARRIVING_S) / 60:g} min",
        )


def _served(tracks: Tracks) -> list[int]:
    """Return the rail rows of the stations where trains stop, rising."""
    return [row for row in tracks.fronts if tracks.trains[row]]


def _at_station(
    tracks: Tracks, row: int, standard: str, *, arcs: tuple[Arc, ...], units: int, why: str
) -> Proposal:
    """Return a measure at a station; a short line marks its place."""
    base, name, (lon, lat) = tracks.base, tracks.station_name(row), tracks.place_of(row)
    return Proposal(
        candidate_id=f"{standard}:{row}-{name}",
        from_name=base.names[base.nearest_city(lon, lat)[0]],
        to_name=name,
        length_km=0.0,
        speed_kmh=0.0,
        standard=standard,
        why=why,
        geometry=shapely.LineString([(lon - _MARK_DEG, lat), (lon + _MARK_DEG, lat)]),
        arcs=arcs,
        units=float(units),
    )


def propose_access(tracks: Tracks, rules: StationRules, left_out: Counter[str]) -> Iterator[Proposal]:
    """Propose faster ways from centres to stations with trains.

    Parameters
    ----------
    tracks, rules, left_out
        As for `propose_check_in`.

    Yields
    ------
    Proposal
        One a city, station and class of way.
    """
    base, times_needed = tracks.base, dict(rules.corridors)
    for city, (lon, lat) in enumerate(zip(base.lon.tolist(), base.lat.tolist(), strict=True)):
        least_s = base.access.centre_station.of(base.tiers[city])
        for at, row in enumerate(tracks.fronts):
            if not tracks.trains[row]:
                continue
            place = tracks.place_of(row)
            km = float(great_circle_km(lon, lat, *place)) * rules.way_detour
            if km > rules.way_longest_km * rules.way_detour:
                continue
            for way in rules.ways:
                moving_s = km / way.speed_kmh * 3600.0
                seconds = round(max(way.fixed_s + moving_s, way.least_share * least_s))
                seconds = seconds if base.door_to_door else max(1, round(moving_s))
                today = int(tracks.reach_s[city, at])
                if today - seconds < rules.way_gain_s:
                    left_out[f"access: a {way.name} saves under {rules.way_gain_s // 60} min"] += 1
                    continue
                yield Proposal(
                    candidate_id=f"access:{base.ids[city]}-{row}-{way.standard}",
                    from_name=base.names[city],
                    to_name=tracks.station_name(row),
                    length_km=km,
                    speed_kmh=way.speed_kmh,
                    standard=way.standard,
                    why=f"{way.name}: {seconds / 60:.0f} min from centre to station, {today / 60:.0f} today",
                    geometry=shapely.LineString([(lon, lat), place]),
                    arcs=_access_arcs(tracks, city, row, seconds),
                    units=km * times_needed.get(base.tiers[city], 1.0),
                )


def _access_arcs(tracks: Tracks, city: int, row: int, seconds: int) -> tuple[Arc, ...]:
    origin, destination = tracks.base.city_ends(city)
    last = "" if tracks.base.door_to_door else "/after"
    return ((origin, f"station:{row}", seconds), (f"station:{row}{last}", destination, seconds))


@dataclass(frozen=True, slots=True)
class _Pattern:
    """The stops of a service in order: rail rows, the running time from each to the next, its class."""

    service_id: str
    name: str
    link_class: str
    headway_s: int
    rows: tuple[int, ...]
    runs_s: tuple[int, ...]


def _patterns(tracks: Tracks) -> Iterator[_Pattern]:
    services = tracks.base.services
    if services is None:
        return
    for service, line in enumerate(services.lines.to_dict("records")):
        stops = tracks.calls.get(service, services.stops.iloc[:0])
        yield _Pattern(
            service_id=str(line["service_id"]),
            name=str(line["name"] or line["service_id"]),
            link_class=str(line["link_class"]),
            headway_s=int(line["headway_s"]),
            rows=tuple(stops["node"].tolist()),
            runs_s=tuple(stops["run_s"].tolist()[1:]),
        )


def propose_extra_stops(tracks: Tracks, rules: PatternRules, left_out: Counter[str]) -> Iterator[Proposal]:
    """Propose that some of the trains which pass a station stop there.

    The trains that stop form a pattern of their own beside today's, so that nobody else is slowed. They are
    some of today's, but a train that stops where others pass takes the room of a second one between its calls
    before and after: the next one cannot follow until it is out of the way.

    Parameters
    ----------
    tracks
        Today's stations, tracks and trains.
    rules
        Rules for patterns.
    left_out
        Reason to count; added to.

    Yields
    ------
    Proposal
        One a service and station.
    """
    wanted = _stations_of_cities(tracks, rules.stop_city_km)
    for pattern in _patterns(tracks):
        headway_s = rules.stop_share * pattern.headway_s
        done = set(pattern.rows)
        for leg, (start, end) in enumerate(itertools.pairwise(pattern.rows)):
            path = tracks.path(start, end) if start != end else None
            if path is None:
                continue
            for at, row in enumerate(path.nodes[1:-1], 1):
                if row not in wanted or row in done:
                    continue
                done.add(row)
                if headway_s > rules.stop_most_s:
                    left_out["extra_stop: too few trains pass"] += 1
                    continue
                before = tracks.run_between(path, 0, at)
                share = before / max(1, path.run_s)
                yield _extra_stop(
                    tracks, pattern, leg, path, Stop(f"station:{row}"), row, share=share, headway_s=headway_s
                )


def _stations_of_cities(tracks: Tracks, most_km: float) -> dict[int, int]:
    """Return the stations within a distance of a city, each with the nearest such city."""
    base, found = tracks.base, {}
    for row in tracks.fronts:
        city, km = base.nearest_city(*tracks.place_of(row))
        if km <= most_km:
            found[row] = city
    return found


def _extra_stop(
    tracks: Tracks,
    pattern: _Pattern,
    leg: int,
    path: TrackPath,
    stop: Stop,
    row: int,
    *,
    share: float,
    headway_s: int,
) -> Proposal:
    """Return a pattern with a further stop at a share of the running time of one of its legs."""
    base, times = tracks.base, tracks.times
    stops = [Stop(f"station:{one}") for one in pattern.rows]
    runs_s = list(pattern.runs_s)
    first = min(max(1, round(share * runs_s[leg])), max(1, runs_s[leg] - 1))
    runs_s[leg : leg + 1] = [first, max(1, runs_s[leg] - first)]
    stops.insert(leg + 1, stop)
    train = Train(pattern.link_class, headway_s, tracks.rules.turn_s)
    longer_s = times.access.running.stop_s
    candidate_id = f"extra-stop:{pattern.service_id}-{row}"
    name, place = tracks.station_name(row), tracks.place_of(row)
    ends = [tracks.place_of(one) for one in (pattern.rows[leg], pattern.rows[leg + 1])]
    return Proposal(
        candidate_id=candidate_id,
        from_name=base.names[base.nearest_city(*place)[0]],
        to_name=name,
        length_km=0.0,
        speed_kmh=0.0,
        standard="extra-stop",
        why=f"{pattern.name}: a train every {headway_s / 60:.0f} min stops at {name} too",
        geometry=shapely.LineString([ends[0], place, ends[1]]),
        arcs=train_arcs(candidate_id, stops, runs_s, train, times),
        runs=tracks.runs_over(path.links, train.link_class, train.a_day(tracks.rules.hours_a_day)),
        trainsets=max(1, -(-2 * longer_s // headway_s)),
        units=1.0,
    )


def propose_stations(tracks: Tracks, rules: PatternRules, left_out: Counter[str]) -> Iterator[Proposal]:
    """Propose new stations on passing lines at cities that have none with trains near their centre.

    Trains of the most frequent service that passes stop there as a pattern of their own.

    Parameters
    ----------
    tracks, rules, left_out
        As for `propose_extra_stops`.

    Yields
    ------
    Proposal
        At most one a city and service.
    """
    base, rail = tracks.base, tracks.base.rail
    if rail is None:
        return
    without = [
        city for city in range(len(base.ids)) if not any(tracks.trains[row] for row in tracks.stations[city])
    ]
    if not without:
        left_out["station: every city has a station with trains"] += 1
        return
    for pattern in _patterns(tracks):
        headway_s = rules.stop_share * pattern.headway_s
        done: set[int] = set()
        if headway_s > rules.stop_most_s:
            left_out["station: too few trains pass"] += 1
            continue
        for leg, (start, end) in enumerate(itertools.pairwise(pattern.rows)):
            path = tracks.path(start, end) if start != end else None
            if path is None:
                continue
            places = np.array([tracks.place_of(node) for node in path.nodes])
            for city in without:
                km = great_circle_km(base.lon[city], base.lat[city], places[:, 0], places[:, 1])
                at = int(np.argmin(km))
                if city in done or not 0 < at < len(places) - 1 or km[at] > rules.new_station_km:
                    continue
                done.add(city)
                yield _new_station(tracks, pattern, leg, path, at, city, float(km[at]), headway_s=headway_s)


def _new_station(
    tracks: Tracks,
    pattern: _Pattern,
    leg: int,
    path: TrackPath,
    at: int,
    city: int,
    km: float,
    *,
    headway_s: int,
) -> Proposal:
    """Return a new station at a node of the tracks with a stop of one pattern."""
    base, row = tracks.base, path.nodes[at]
    drawn = _extra_stop(
        tracks,
        pattern,
        leg,
        path,
        tracks.stop(city, None),
        row,
        share=tracks.run_between(path, 0, at) / max(1, path.run_s),
        headway_s=headway_s,
    )
    candidate_id = f"station:{base.ids[city]}-{pattern.service_id}"
    arcs = tuple(
        (_renamed(a, drawn.candidate_id, candidate_id), _renamed(b, drawn.candidate_id, candidate_id), s)
        for a, b, s in drawn.arcs
    )
    return Proposal(
        candidate_id=candidate_id,
        from_name=base.names[city],
        to_name=f"{base.names[city]} (new station)",
        length_km=0.0,
        speed_kmh=0.0,
        standard="station",
        why=(
            f"{pattern.name} passes {km:.0f} km from the centre; a train every {headway_s / 60:.0f} min stops"
        ),
        geometry=drawn.geometry,
        arcs=arcs,
        runs=drawn.runs,
        trainsets=drawn.trainsets,
        units=1.0,
    )


def _renamed(node: str, old: str, new: str) -> str:
    """Return the id of a node of one candidate as that of another."""
    return node.replace(f"{NEW}{old}/", f"{NEW}{new}/") if node.startswith(f"{NEW}{old}/") else node
