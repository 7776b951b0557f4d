"""Propose further stopping patterns of today's trains, and express trains over several lines."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from optimiser.proposals.base_case import NEW, great_circle_km
from optimiser.proposals.rail import calls_on_the_way
from optimiser.proposals.shortest_times import NO_PATH_S
from optimiser.proposals.table import Proposal
from optimiser.proposals.trains import Stop, TrackPath, Tracks, Train, train_arcs

TIERS_DOWN = ("core", "secondary", "small")
"""Tiers from the largest; express trains are priced by the smaller one of their ends."""


@dataclass(frozen=True, slots=True)
class PatternRules:
    """Rules for stopping patterns and express trains.

    Attributes
    ----------
    stop_share
        One of so many of today's trains makes the further stop; the others go on as they do.
    stop_most_s
        Longest time between the trains that make it.
    stop_city_km
        A further stop is made at stations within this distance of a city.
    new_station_km
        A new station on a passing line is within this distance of its city.
    express_calls
        Numbers of calls on the way of express trains.
    express_headway_s
        Time between express trains.
    express_least_km
        Shorter express trains are no candidates.
    express_slack_s
        An express train is proposed where it brings its own ends within the limit, or within this much of it,
        so that a faster way to the station may do the rest.
    reach_s, reach_count
        A city without a station near its centre uses so many stations within this time.
    stop_count, station_count, express_count
        At most so many of each kind are kept: those that serve most weight of open pairs.
    """

    stop_share: int = 2
    stop_most_s: int = 14_400
    stop_city_km: float = 15.0
    new_station_km: float = 10.0
    express_calls: tuple[int, ...] = (0, 1, 3)
    express_headway_s: int = 7200
    express_least_km: float = 60.0
    express_slack_s: int = 1200
    reach_s: int = 5400
    reach_count: int = 2
    stop_count: int = 24
    station_count: int = 16
    express_count: int = 60


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


def propose_express_services(
    tracks: Tracks, rules: PatternRules, open_pairs: Sequence[tuple[int, int]], left_out: Counter[str]
) -> Iterator[Proposal]:
    """Propose trains with few calls over today's tracks between cities of all tiers.

    Parameters
    ----------
    tracks, rules, left_out
        As for `propose_extra_stops`.
    open_pairs
        Pairs of cities beyond the limit today; trains are proposed between these.

    Yields
    ------
    Proposal
        One a pair of cities and number of calls, where the calls differ.
    """
    for pair in open_pairs:
        a, b = tracks.base.in_id_order(*pair)
        if tracks.base.straight_km(a, b) < rules.express_least_km:
            left_out[f"express_service: ends closer than {rules.express_least_km:g} km"] += 1
            continue
        path = _best_path(tracks, rules, a, b)
        if path is None:
            left_out["express_service: no tracks join the cities"] += 1
            continue
        every = Train(tracks.rules.fast_class, rules.express_headway_s, tracks.rules.turn_s)
        if tracks.runs_today((a, b), (path.nodes[0], path.nodes[-1]), every):
            left_out["express_service: as many direct trains run today"] += 1
            continue
        seen = set()
        for count in rules.express_calls:
            calls, runs_s = calls_on_the_way(tracks, (a, b), path, count)
            if calls in seen:
                continue
            seen.add(calls)
            speed = path.length_km / (sum(runs_s) / 3600.0) / tracks.times.access.running.factor
            train = Train(tracks.rules.train_class(speed), rules.express_headway_s, tracks.rules.turn_s)
            total = _end_to_end_s(tracks, (a, b), path, train, runs_s)
            if total > tracks.base.useful_s + rules.express_slack_s:
                left_out["express_service: its ends stay beyond the limit"] += 1
                continue
            yield _express(tracks, calls, runs_s, path, train=train, speed=speed)


def _best_path(tracks: Tracks, rules: PatternRules, a: int, b: int) -> TrackPath | None:
    """Return the path of the soonest trip between two cities over a train without calls."""
    ends = [tracks.reached_stations(city, rules.reach_s, rules.reach_count) for city in (a, b)]
    at = {row: place for place, row in enumerate(tracks.fronts)}
    options = [
        (tracks.reach_s[a, at[s]] + tracks.run_s(s, t) + tracks.reach_s[b, at[t]], s, t)
        for s in ends[0]
        for t in ends[1]
        if s != t and np.isfinite(tracks.run_s(s, t))
    ]
    best = min(options, default=None)
    return None if best is None else tracks.path(best[1], best[2])


def _end_to_end_s(
    tracks: Tracks, pair: tuple[int, int], path: TrackPath, train: Train, runs_s: Sequence[int]
) -> int:
    """Return the seconds of a trip between two cities on a new train; ways at both ends as today."""
    at = {row: place for place, row in enumerate(tracks.fronts)}
    ways = sum(
        min(int(tracks.reach_s[city, at[row]]), NO_PATH_S)
        for city, row in zip(pair, (path.nodes[0], path.nodes[-1]), strict=True)
    )
    return ways + tracks.times.station_s(train.link_class, train.headway_s) + tracks.times.ride_s(runs_s)


def _express(
    tracks: Tracks,
    calls: tuple[tuple[int, int], ...],
    runs_s: tuple[int, ...],
    path: TrackPath,
    *,
    train: Train,
    speed: float,
) -> Proposal:
    base, rules = tracks.base, tracks.rules
    a, b = calls[0][0], calls[-1][0]
    via = [base.names[city] for city, _ in calls[1:-1]]
    candidate_id = f"express:{base.ids[a]}-{base.ids[b]}-{len(via)}"
    stops = [tracks.stop(city, row) for city, row in calls]
    smaller = max((base.tiers[a], base.tiers[b]), key=lambda t: TIERS_DOWN.index(t) if t in TIERS_DOWN else 2)
    ride_s = tracks.times.ride_s(runs_s)
    return Proposal(
        candidate_id=candidate_id,
        from_name=base.names[a],
        to_name=base.names[b],
        length_km=path.length_km,
        speed_kmh=speed,
        standard=f"running-{smaller if smaller in TIERS_DOWN else 'small'}",
        why=(
            f"an express every {train.headway_s // 60} min, "
            + (f"calling at {' and '.join(via)}" if via else "without a call on the way")
            + f", {ride_s / 60:.0f} min on board"
        ),
        geometry=tracks.line(path),
        arcs=train_arcs(candidate_id, stops, runs_s, train, tracks.times),
        runs=tracks.runs_over(path.links, train.link_class, train.a_day(rules.hours_a_day)),
        trainsets=train.sets(ride_s),
        train_km_a_day=train.km_a_day(path.length_km, rules.hours_a_day),
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
