"""Propose measures at stations: check-in, ways to them, further stops, new stations."""

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely

from networks.intermodal.access import BETWEEN
from networks.intermodal.trains import HALLS
from optimiser.proposals.base_case import NEW, Arc, great_circle_km
from optimiser.proposals.services import PatternRules
from optimiser.proposals.shortest_times import NO_PATH_S
from optimiser.proposals.table import Proposal
from optimiser.proposals.trains import Stop, TrackPath, Tracks, Train, stop_at_new_station, train_arcs

REGION = "the whole region"
"""Where a rule holds that is none of one station."""
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
    from_km, to_km
        Straight distance of the station from the centre, from which on and below which it is of use.
    least_people
        Residents from which on a town has one.
    gain_s
        One that saves less is no candidate.
    """

    name: str
    standard: str
    fixed_s: int
    speed_kmh: float
    from_km: float = 0.0
    to_km: float = math.inf
    least_people: int = 0
    gain_s: int = 300


@dataclass(frozen=True, slots=True)
class StationRules:
    """Rules for measures at stations.

    Attributes
    ----------
    check_in_hsr_s, check_in_conv_s
        Shorter check-in before fast and before other trains; the former before all trains under one rule.
    check_in_by_station
        Whether each station is a measure of its own instead of one rule for the region.
    check_in_trains
        Trains a day and direction that one unit of `check-in` of the cost table serves.
    ways
        Classes of ways from a centre. A railway of its own costs some fifteen times a bus lane, so that
        it saves twice as much (assumed: 10 minutes).
    way_detour
        Length of a way over the straight line.
    way_longest_km
        Longest way, straight line.
    corridors
        Ways that a city of each tier needs so that most of it is as near as its centre; the cost is
        multiplied by them.
    check_in_count, access_count
        At most so many of each kind are kept: those that serve most weight of open pairs.
    """

    check_in_hsr_s: int = 900
    check_in_conv_s: int = 600
    check_in_by_station: bool = False
    check_in_trains: float = 50.0
    ways: tuple[AccessWay, ...] = (
        AccessWay("bus lanes and forecourt", "bus-lane", 300, 22.0, to_km=4.0),
        AccessWay("express bus", "bus-lane", 420, 28.0, from_km=4.0, to_km=8.0),
        AccessWay("tram", "tram", 480, 30.0, from_km=4.0, to_km=8.0, least_people=500_000),
        AccessWay(
            "suburban railway", "suburban-rail", 600, 60.0, from_km=8.0, least_people=500_000, gain_s=600
        ),
    )
    way_detour: float = 1.3
    way_longest_km: float = 20.0
    corridors: tuple[tuple[str, float], ...] = (("core", 5.0), ("secondary", 2.0), ("small", 1.0))
    check_in_count: int = 24
    access_count: int = 40


def propose_check_in(tracks: Tracks, rules: StationRules, left_out: Counter[str]) -> Iterator[Proposal]:
    """Propose shorter check-in: one rule for all stations with fast trains, or a measure a station.

    Under the rule boarding closes 5 minutes before departure and identities are checked at the train, so that
    passengers arrive `check_in_hsr_s` before any train of these stations and of those that are built.

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
        One, or one a station where the rules ask for it.
    """
    access, hsr_s = tracks.base.access, rules.check_in_hsr_s
    conv_s = rules.check_in_conv_s if rules.check_in_by_station else hsr_s
    halls = ((HALLS[0], hsr_s, access.check_in_hsr_s), (HALLS[1], conv_s, access.check_in_conv_s))
    shorter = [(hall, max(1, new), today) for hall, new, today in halls if new < today]
    if not shorter:
        left_out["check_in: check-in is as short already"] += 1
        return
    front = "" if tracks.base.door_to_door else BETWEEN

    def measure(rows: Sequence[int], new_stations: Sequence[str] = (), **facts: Any) -> Proposal:  # noqa: ANN401
        stations = [*(f"station:{row}" for row in rows), *new_stations]
        return at_station(
            tracks,
            max(rows, key=lambda row: (tracks.trains_a_day(row), -row)),
            "check-in",
            arcs=tuple(
                (f"{one}{front}", f"{one}/{hall}", new) for one in stations for hall, new, _ in shorter
            ),
            instead_s=tuple(today for _ in stations for *_, today in shorter),
            units=sum(max(1, math.ceil(tracks.trains_a_day(row) / rules.check_in_trains)) for row in rows),
            **facts,
        )

    if rules.check_in_by_station:
        minutes = " and ".join(f"{new / 60:g}" for _, new, _ in shorter)
        for row in _served(tracks):
            name, trains = (
                tracks.station_name(row),
                f"{tracks.trains_a_day(row):.0f} trains a day and direction",
            )
            yield measure(
                [row],
                candidate_id=f"check-in:{row}-{name}",
                to_name=f"{name} station",
                why=f"check-in of {minutes} min for {trains}",
            )
        return
    rows = [row for row in _served(tracks) if tracks.trains_a_day(row, fast=True)]
    if not rows:
        left_out["check_in: no station has fast trains"] += 1
        return
    saved = " and ".join(f"{today / 60:g}" for *_, today in shorter)
    rule = measure(
        rows,
        [f"{NEW}station/{tracks.base.ids[city]}" for city in tracks.cities_without_trains],
        candidate_id="check-in:region",
        to_name=REGION,
        why=(
            f"one rule at {len(rows)} stations with fast trains: {shorter[0][1] / 60:g} min before departure"
            f" instead of {saved}; boarding closes 5 min before, identities are checked at the train"
        ),
    )
    yield replace(rule, from_name="High-speed stations")


def _served(tracks: Tracks) -> list[int]:
    """Return the rail rows of the stations where trains stop, rising."""
    return [row for row in tracks.fronts if tracks.trains[row]]


def at_station(
    tracks: Tracks,
    row: int,
    standard: str,
    *,
    candidate_id: str,
    to_name: str,
    arcs: tuple[Arc, ...],
    why: str,
    **facts: Any,  # noqa: ANN401 (fields of `Proposal`)
) -> Proposal:
    """Return a measure at a station; a short line marks its place."""
    base, (lon, lat) = tracks.base, tracks.places[row]
    return Proposal(
        candidate_id=candidate_id,
        from_name=base.names[base.nearest_city(lon, lat)[0]],
        to_name=to_name,
        standard=standard,
        why=why,
        geometry=shapely.LineString([(lon - _MARK_DEG, lat), (lon + _MARK_DEG, lat)]),
        arcs=arcs,
        **facts,
    )


def propose_access(tracks: Tracks, rules: StationRules, left_out: Counter[str]) -> Iterator[Proposal]:
    """Propose faster ways from towns to stations with trains, of a kind that suits the distance.

    A way is as long as the mean way of the residents: it serves the town, not its centre alone. None leads
    past a station that is nearer to the town and has as many fast trains, or where there are none, as many
    trains.

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
    last, people = tracks.times.after, base.cities["population"].tolist()
    for city, (lon, lat) in enumerate(zip(base.lon.tolist(), base.lat.tolist(), strict=True)):
        origin, destination = base.city_ends(city)
        near = [(float(great_circle_km(lon, lat, *tracks.places[row])), row) for row in _served(tracks)]
        most, most_fast = 0.0, 0.0
        for straight_km, row in sorted(one for one in near if one[0] <= rules.way_longest_km):
            trains, fast = tracks.trains_a_day(row), tracks.trains_a_day(row, fast=True)
            is_passed = most_fast >= fast if fast else most >= trains
            most, most_fast = max(most, trains), max(most_fast, fast)
            if is_passed:
                left_out["access: a nearer station of the town has as many trains"] += 1
                continue
            km = rules.way_detour * base.access.mean_km(straight_km, float(base.extents_km[city]))
            for way in rules.ways:
                if not way.from_km <= straight_km < way.to_km or people[city] < way.least_people:
                    continue
                hours = (km if base.door_to_door else rules.way_detour * straight_km) / way.speed_kmh
                seconds = max(1, round(hours * 3600.0 + (way.fixed_s if base.door_to_door else 0)))
                today = int(tracks.reach_s[city, row])
                if today - seconds < way.gain_s:
                    left_out[f"access: {way.name}: saves under {way.gain_s // 60} min"] += 1
                    continue
                before = f"{today / 60:.0f}" if today < NO_PATH_S else "no way"
                yield Proposal(
                    candidate_id=f"access:{base.ids[city]}-{row}-{way.standard}",
                    from_name=base.names[city],
                    to_name=f"{tracks.station_name(row)} station",
                    length_km=km,
                    speed_kmh=way.speed_kmh,
                    standard=way.standard,
                    why=f"{way.name}: {seconds / 60:.0f} min from town to station, {before} today",
                    geometry=shapely.LineString([(lon, lat), tracks.places[row]]),
                    arcs=(
                        (origin, f"station:{row}", seconds),
                        (f"station:{row}{last}", destination, seconds),
                    ),
                    units=km * times_needed.get(base.tiers[city], 1.0),
                )


@dataclass(frozen=True, slots=True)
class _Pattern:
    """The stops of a service in order: rail rows, the running time from each to the next, its class."""

    service_id: str
    name: str
    link_class: str
    headway_s: int
    rows: tuple[int, ...]
    runs_s: tuple[int, ...]

    def legs(self, tracks: Tracks) -> Iterator[tuple[int, TrackPath]]:
        """Yield the position and the tracks of each leg, as far as they are known."""
        for leg, (start, end) in enumerate(itertools.pairwise(self.rows)):
            path = tracks.path(start, end)
            if path is not None:
                yield leg, path


def _patterns(tracks: Tracks, rules: PatternRules) -> Iterator[_Pattern]:
    """Yield the trains of each service that make a further stop."""
    for stops, line in zip(tracks.calls, tracks.services.lines.to_dict("records"), strict=True):
        yield _Pattern(
            service_id=str(line["service_id"]),
            name=str(line["name"] or line["service_id"]),
            link_class=str(line["link_class"]),
            headway_s=rules.stop_share * int(line["headway_s"]),
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
    near = {row: tracks.base.nearest_city(*tracks.places[row]) for row in tracks.fronts}
    for pattern in _patterns(tracks, rules):
        done = set(pattern.rows)
        for leg, path in pattern.legs(tracks):
            for at, row in enumerate(path.nodes[1:-1], 1):
                if row not in near or near[row][1] > rules.stop_city_km or row in done:
                    continue
                done.add(row)
                if pattern.headway_s > rules.stop_most_s:
                    left_out["extra_stop: too few trains pass"] += 1
                    continue
                name = tracks.station_name(row)
                yield _extra_stop(
                    tracks,
                    pattern,
                    (leg, path, at),
                    Stop(f"station:{row}"),
                    candidate_id=f"extra-stop:{pattern.service_id}-{row}",
                    from_name=tracks.base.names[near[row][0]],
                    to_name=f"{name} station",
                    standard="extra-stop",
                    why=f"{pattern.name}: a train every {pattern.headway_s / 60:.0f} min stops at {name} too",
                )


def _extra_stop(
    tracks: Tracks,
    pattern: _Pattern,
    place: tuple[int, TrackPath, int],
    stop: Stop,
    *,
    candidate_id: str,
    **facts: Any,  # noqa: ANN401 (fields of `Proposal`)
) -> Proposal:
    """Return a pattern with a further stop at a leg of it, its tracks, and a position of their nodes."""
    rules, times, (leg, path, at) = tracks.rules, tracks.times, place
    stops = [Stop(f"station:{row}") for row in pattern.rows]
    stops.insert(leg + 1, stop)
    runs_s = list(pattern.runs_s)
    share = tracks.run_between(path, 0, at) / max(1, path.run_s)
    first = min(max(1, round(share * runs_s[leg])), max(1, runs_s[leg] - 1))
    runs_s[leg : leg + 1] = [first, max(1, runs_s[leg] - first)]
    train = Train(pattern.link_class, pattern.headway_s, rules.turn_s)
    return Proposal(
        candidate_id=candidate_id,
        geometry=shapely.LineString([tracks.places[path.nodes[node]] for node in (0, at, -1)]),
        arcs=train_arcs(candidate_id, stops, runs_s, train, times),
        runs=tracks.runs_over(path.links, train.link_class, train.a_day(rules.hours_a_day)),
        trainsets=max(1, -(-2 * times.access.running.stop_s // train.headway_s)),
        units=1.0,
        **facts,
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
    base = tracks.base
    without = tracks.cities_without_trains
    if not without:
        left_out["station: every city has a station with trains"] += 1
        return
    for pattern in _patterns(tracks, rules):
        done: set[int] = set()
        if pattern.headway_s > rules.stop_most_s:
            left_out["station: too few trains pass"] += 1
            continue
        for leg, path in pattern.legs(tracks):
            lon, lat = np.array([tracks.places[node] for node in path.nodes]).T
            for city in without:
                km = great_circle_km(base.lon[city], base.lat[city], lon, lat)
                at = int(np.argmin(km))
                if city in done or not 0 < at < len(km) - 1 or km[at] > rules.new_station_km:
                    continue
                done.add(city)
                yield _extra_stop(
                    tracks,
                    pattern,
                    (leg, path, at),
                    stop_at_new_station(base, city, float(km[at])),
                    candidate_id=f"station:{base.ids[city]}-{pattern.service_id}",
                    from_name=base.names[city],
                    to_name=f"{base.names[city]} (new station)",
                    standard="station",
                    why=(
                        f"{pattern.name} passes {km[at]:.0f} km from the centre;"
                        f" a train every {pattern.headway_s / 60:.0f} min stops"
                    ),
                )
