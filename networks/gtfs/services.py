"""Build the services of a timetable, over the tracks of a map where it has them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from networks import errors, schema, sphere
from networks.gtfs.feed import Feed
from networks.gtfs.patterns import (
    DAY_S,
    JoinedStops,
    Pattern,
    Train,
    bare_name,
    chosen_day,
    join_stops,
    patterns_of,
    trains_on,
    trips_by_day,
)
from networks.rail.builder import RailBuild, RailReport
from networks.rail.drafts import BY_FREQUENCY, BY_TIMETABLE, Draft, Hop, Route, Timed, Timetable, to_services
from networks.rail.parameters import GtfsParameters, RailParameters
from networks.road.builder import geodesic_km
from networks.schema import Ints, Network

if TYPE_CHECKING:
    import networkx as nx

FROM_TIMETABLE = "timetable"
"""Source of the speed of a section: that of the fastest train over it."""

type Ends = tuple[int, int]
"""Rows of two stations, the smaller first."""


@dataclass(frozen=True, slots=True)
class Sections:
    """Sections of line between neighbouring stations.

    Attributes
    ----------
    ends
        Rows of the two stations of each section.
    length_km
        Length of each section.
    run_s
        Seconds of the fastest train over each section.
    ways
        For each two consecutive stops of a train, the sections between them in order, from the smaller row.
    """

    ends: tuple[Ends, ...]
    length_km: tuple[float, ...]
    run_s: tuple[float, ...]
    ways: Mapping[Ends, tuple[int, ...]]


def infer_sections(
    hops: Mapping[Ends, int], places: Sequence[tuple[float, float]], parameters: GtfsParameters
) -> Sections:
    """Infer the sections of line from consecutive stops of trains.

    Short hops come first, and each is a section of its own, unless other sections lead from stop to stop
    nearly as straight and trains there are nearly as fast: then the train passes the stations between. The
    fastest train that runs over a section sets its running time.

    Parameters
    ----------
    hops
        Seconds of the fastest train from each stop to the next.
    places
        Longitude and latitude of each station, degrees.
    parameters
        What is nearly as straight and nearly as fast.
    """
    import networkx as nx

    straight = dict(zip(hops, straight_km(places, list(hops)), strict=True))
    graph = nx.Graph()
    nodes: dict[Ends, list[int]] = {}
    for ends in sorted(hops, key=lambda pair: (straight[pair], pair)):
        way = _way(graph, ends, straight[ends], hops[ends], parameters)
        if way is None:
            graph.add_edge(*ends, km=straight[ends], run_s=hops[ends])
            way = list(ends)
        nodes[ends] = way
    number = {pair: at for at, pair in enumerate(sorted(_in_order(*ends) for ends in graph.edges))}
    factor = parameters.route_factor
    length_km = [max(straight[pair] * factor, 1e-3) for pair in number]
    ways = {ends: tuple(number[_in_order(*pair)] for pair in pairwise(over)) for ends, over in nodes.items()}
    # A train spends its time on its sections in proportion to their lengths; the fastest one sets each.
    fastest = [float("inf")] * len(number)
    for ends, own in ways.items():
        whole_km = sum(length_km[section] for section in own)
        for section in own:
            fastest[section] = min(fastest[section], hops[ends] * length_km[section] / whole_km)
    return Sections(tuple(number), tuple(length_km), tuple(fastest), ways)


def _in_order(a: int, b: int) -> Ends:
    return (a, b) if a <= b else (b, a)


def straight_km(places: Sequence[tuple[float, float]], pairs: Sequence[Ends]) -> list[float]:
    """Return the distances of pairs of places over the ellipsoid, km."""
    at = np.array(places, dtype=np.float64).reshape(-1, 2)
    rows = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return list(map(float, geodesic_km(*at[rows[:, 0]].T, *at[rows[:, 1]].T)))


def _way(
    graph: nx.Graph, ends: Ends, least_km: float, run_s: int, parameters: GtfsParameters
) -> list[int] | None:
    """Return the stations over which a train runs between two stops, None if it has a section of its own."""
    import networkx as nx

    try:
        way: list[int] = nx.bidirectional_dijkstra(graph, *ends, weight="km")[1]
    except (nx.NodeNotFound, nx.NetworkXNoPath):
        return None
    pairs = [graph.edges[pair] for pair in pairwise(way)]
    if sum(edge["km"] for edge in pairs) > parameters.section_detour * least_km:
        return None
    stopping_s = sum(edge["run_s"] for edge in pairs) - parameters.stop_loss_s * (len(pairs) - 1)
    return way if run_s >= parameters.section_least_time * stopping_s else None


def section_links(
    sections: Sections, places: Sequence[tuple[float, float]], nodes: Sequence[int], rail: RailParameters
) -> dict[str, object]:
    """Return the columns of the links of sections.

    Parameters
    ----------
    places
        Longitude and latitude of each station, degrees.
    nodes
        Row of the nodes of each station.
    rail
        Classes, and the ratio of running speed to design speed: a section has the design speed at which its
        fastest train, by this ratio, takes the time that it takes, time lost at stops included.
    """
    count = len(sections.ends)
    length_km, run_s = np.array(sections.length_km), np.array(sections.run_s)
    speed = length_km / (rail.running.factor * run_s / 3600.0)
    speed = np.clip(speed, schema.LEAST_SPEED_KMH, schema.MOST_SPEED_KMH)
    seconds = np.maximum(np.rint(run_s), 1).astype(np.int64)
    alike = {
        "mode": "rail", "speed_source": FROM_TIMETABLE, "oneway": False, "osm_id": 0, "name": "", "ref": "",
        "tracks": 0, "start_date": "",
    }  # fmt: skip
    return {
        **{name: [value] * count for name, value in alike.items()},
        "tail": [nodes[a] for a, _ in sections.ends],
        "head": [nodes[b] for _, b in sections.ends],
        "link_class": [rail.class_of_speed(float(kmh)) for kmh in speed],
        "length_km": length_km,
        "speed_kmh": speed,
        "forward_s": seconds,
        "backward_s": seconds,
        "geometry": [shapely.LineString([places[a], places[b]]) for a, b in sections.ends],
    }


LEAST_SHARE = 0.6
"""A day with a smaller share of the trips of the fullest day is remarked on (assumed)."""
PERIODS = ((0, 6), (6, 9), (9, 16), (16, 19), (19, 24))
"""Times of day of which the report counts the trains: hours from and to."""
COACH = "coach"
"""Class of services on roads."""

type Box = tuple[float, float, float, float]
"""West, south, east and north border, degrees."""


@dataclass(frozen=True, slots=True)
class TimetableReport:
    """What was taken from a timetable.

    Attributes
    ----------
    file, sha256, publisher
        The feed.
    day
        The day whose trips count.
    first_day, last_day, days
        First and last day of the feed, and number of days with trips.
    day_trips, most_trips, fullest_day
        Trips of the feed on its day, and on the day with most of them.
    trips
        Trips that run on that day here, once each where they run at the same times.
    doubles
        Trips left out because another runs at the same times between the same stations.
    patterns
        Groups of trips with the same stops and nearly the same times.
    trains_by_period
        Trips a day, both directions together, by the time of day at which they leave: `6-9` and so on.
    stations, stations_on_tracks
        Stations with trains, and those among them that are stations of the map.
    stops_joined
        Ids of the stops of each station that has several.
    stops_misplaced
        Stations left out because no train is as fast as their position asks for; trains pass them.
    stops_elsewhere
        Number of stops left out: outside the box of the map, or misplaced.
    sections
        Sections of line inferred from stops, where the map has no tracks.
    read
        What was read from the file, and what was left out.
    """

    file: str
    sha256: str
    publisher: str
    day: str
    first_day: str
    last_day: str
    days: int
    day_trips: int
    most_trips: int
    fullest_day: str
    trips: int
    doubles: int
    patterns: int
    trains_by_period: Mapping[str, int]
    stations: int
    stations_on_tracks: int
    stops_joined: Mapping[str, tuple[str, ...]]
    stops_misplaced: tuple[str, ...]
    stops_elsewhere: int
    sections: int
    read: Mapping[str, int]

    def notes(self) -> tuple[str, ...]:
        """Return remarks for the reader, one sentence each."""
        misplaced, share = ", ".join(self.stops_misplaced), self.day_trips / self.most_trips
        thin = (
            f"Only {self.day_trips} trips of the feed run on {self.day}, {share:.0%} of the "
            f"{self.most_trips} of {self.fullest_day}: choose a day by region.gtfs_date."
        )
        return (
            f"Trains of {self.day}, {self.trips} in all, from {self.file}.",
            *([thin] if share < LEAST_SHARE else []),
            *([f"Stations whose position cannot be right are left out: {misplaced}."] if misplaced else []),
        )


@dataclass(frozen=True, slots=True)
class GtfsBuild:
    """The services of a timetable.

    Attributes
    ----------
    rail
        Tracks or sections, stations and services, as from `networks.rail.build`; times of all services are
        known.
    patterns
        The pattern of each service, in the same order.
    report
        What was used and left out.
    """

    rail: RailBuild
    patterns: tuple[Pattern, ...]
    report: TimetableReport


def build(
    feed: Feed,
    *,
    day: date | None = None,
    hours: tuple[float, float] | None = None,
    tracks: RailBuild | None = None,
    box: Box | None = None,
    parameters: GtfsParameters | None = None,
    rail: RailParameters | None = None,
) -> GtfsBuild:
    """Build the services of a day of a timetable.

    Parameters
    ----------
    day
        Its day; None for the representative one (`days.representative_day`).
    hours
        Only services with trains that are on their way, by the middle of it, between these hours, at their
        headways then; None for the whole day.
    tracks
        Tracks and stations of a map; its own services are left out. None where there is no map: then trains
        run over sections that are inferred from their stops.
    box
        Stops outside are left out, and count as running time of trains that return; None for all stops.
    parameters, rail
        Assumptions about timetables, and about tracks; None for those of the packaged table.

    Returns
    -------
    GtfsBuild
        The headway of a service is the time of operation over its trains a day and direction, the mean of
        both.

    Raises
    ------
    SourceError
        If no trip runs on the day, or none calls at two stations here.
    """
    assumed, rail = parameters or GtfsParameters.default(), rail or RailParameters.default()
    on = chosen_day(feed, day)
    joined = join_stops(feed, assumed)
    ground = _Ground.of(joined, tracks, box, assumed)
    trains = trains_on(feed, on, ground.station_of_stop)
    # One that runs at the same times between the same stations as another does not count.
    once = dict[tuple[object, ...], Train]()
    for train in trains:
        once.setdefault((train.stations, train.arrives_s, train.departs_s), train)
    by_mode = defaultdict(list)
    for train in once.values():
        by_mode[str(feed.trips["mode"].iloc[train.trip])].append(train)
    found = [
        (pattern, mode, sum(train.is_within(hours or (0.0, 24.0)) for train in (*pattern.out, *pattern.back)))
        for mode, own in sorted(by_mode.items(), reverse=True)
        for pattern in patterns_of(own, most_spread=assumed.most_spread)
    ]
    counted = [one for one in found if one[2]]
    # Passengers who set out within the hours take later trains too, of services that run then.
    patterns, modes, counts = zip(*counted, strict=True) if counted else ((), (), ())
    if not patterns:
        raise errors.SourceError(
            f"no trip of {on} calls at two stations here",
            where=feed.name,
            done="Nothing was written.",
            remedy="Check gtfs_date and gtfs_hours, and that feed and map show the same region.",
        )
    network, station_node, ways, roads, sections = _lay_out(ground, patterns, modes, assumed, rail)
    hours_a_day = rail.hours_a_day if hours is None else (hours[1] - hours[0]) % 24 or 24.0
    timed = [
        _timed(
            feed, ground, roads if mode == COACH else ways, pattern, mode, f"g{at}", 2 * hours_a_day / trains
        )
        for at, (pattern, mode, trains) in enumerate(zip(patterns, modes, counts, strict=True), start=1)
    ]
    services = to_services(timed, network.links, station_node=station_node, parameters=rail)
    changes = _changes(feed, ground.station_of_stop, station_node)
    running = [(row, one) for row, pattern in enumerate(patterns) for one in (*pattern.out, *pattern.back)]
    rows = [
        (trip, row, station_node[station], *times)
        for trip, (row, one) in enumerate(running)
        for station, *times in zip(one.stations, one.arrives_s, one.departs_s, strict=True)
    ]
    calls = pd.DataFrame(rows, columns=list(schema.CALLS), dtype="int64")
    services = replace(services, calls=calls, changes=changes)
    if hours is not None:
        until_h = hours[1] + 24.0 * (hours[1] <= hours[0])
        services = replace(services, window_s=(round(hours[0] * 3600), round(until_h * 3600)))
    leave_h = [
        train.departs_s[0] % DAY_S / 3600 for train in once.values() if train.is_within(hours or (0.0, 24.0))
    ]
    served = sorted({station for pattern in patterns for station in pattern.stations})
    new = [station for station in served if not ground.points[station]]
    columns = {
        "osm_id": 0,
        "name": pd.Series([ground.names[station] for station in new], dtype="str"),
        "labels": pd.Series([(ground.names[station],) for station in new], dtype="object"),
        "node": station_node[new],
        "points": pd.Series([(int(station_node[station]),) for station in new], dtype="object"),
        "carried_m": 0.0,
    }
    table = pd.DataFrame(columns, index=range(len(new)))  # stations that are none of the map's
    if tracks is not None:
        table = pd.concat([tracks.stations, table], ignore_index=True)
    built = RailBuild(
        network=network,
        services=services,
        stations=table,
        report=replace(
            RailReport(stations=len(served)) if tracks is None else tracks.report,
            services=len(services.lines),
            services_source=BY_TIMETABLE,
            headways=dict(Counter(services.lines["headway_source"].tolist())),
            components=int(network.components().max(initial=-1)) + 1,
            service_counts={"services with known times": len(services.lines)},
            hops_strayed=0,
            faults=(),
        ),
    )
    days = trips_by_day(feed)
    fullest = max(days, key=lambda day: (days[day], day == on))
    report = TimetableReport(
        file=feed.name,
        sha256=feed.sha256,
        publisher=feed.publisher,
        day=str(on),
        first_day=str(min(days)),
        last_day=str(max(days)),
        days=len(days),
        day_trips=days[on],
        most_trips=days[fullest],
        fullest_day=str(fullest),
        trips=len(leave_h),
        doubles=len(trains) - len(once),
        patterns=len(patterns),
        trains_by_period={f"{a}-{b}": sum(a <= hour < b for hour in leave_h) for a, b in PERIODS},
        stations=len(served),
        stations_on_tracks=sum(bool(ground.points[station]) for station in served),
        stops_joined={
            name: ids for name, ids in zip(ground.names, ground.stop_ids, strict=True) if len(ids) > 1
        },
        stops_misplaced=ground.misplaced,
        stops_elsewhere=ground.elsewhere,
        sections=sections,
        read=feed.counts,
    )
    return GtfsBuild(built, tuple(patterns), report)


# ---- stations


@dataclass(frozen=True, slots=True)
class _Ground:
    """Stations of the timetable that count, and where they are.

    Attributes
    ----------
    names, stop_ids, places
        Name, stops, and longitude and latitude of each station.
    station_of_stop
        Row of the station of each stop of the feed, -1 for those that do not count.
    points
        Rows of the nodes of the map's station that each one is; empty where it is none.
    tracks
        Network of the map; without links where there is none.
    misplaced
        Names of stations whose position cannot be right, which do not count.
    elsewhere
        Number of stops outside the box or misplaced.
    """

    names: tuple[str, ...]
    stop_ids: tuple[tuple[str, ...], ...]
    places: tuple[tuple[float, float], ...]
    station_of_stop: Ints
    points: tuple[tuple[int, ...], ...]
    tracks: Network
    misplaced: tuple[str, ...]
    elsewhere: int

    @classmethod
    def of(
        cls, joined: JoinedStops, tracks: RailBuild | None, box: Box | None, assumed: GtfsParameters
    ) -> _Ground:
        table = joined.table
        lon, lat = table["lon"].to_numpy(), table["lat"].to_numpy()
        inside = np.ones(len(table), dtype=bool)
        if box is not None:
            west, south, east, north = box
            inside = (west <= lon) & (lon <= east) & (south <= lat) & (lat <= north)
        inside[list(joined.misplaced)] = False
        same = _stations_of_map(table, tracks, assumed.station_km)
        # Stations of the feed that are one station of the map are one.
        row_of, at = np.full(len(table), -1, dtype=np.int64), np.flatnonzero(inside)
        row_of[at], _ = pd.factorize(np.where(same[at] >= 0, same[at], -1 - at))
        rows = [own.tolist() for _, own in pd.Series(at).groupby(row_of[at])]
        known = [] if tracks is None else tracks.stations["points"].tolist()
        station = joined.station_of_stop
        counted = np.where(station >= 0, row_of[station], -1)
        return cls(
            names=tuple(str(table["name"].iloc[own[0]]) for own in rows),
            stop_ids=tuple(tuple(one for at in own for one in table["stop_ids"].iloc[at]) for own in rows),
            places=tuple((float(lon[own[0]]), float(lat[own[0]])) for own in rows),
            station_of_stop=counted,
            points=tuple(tuple(known[same[own[0]]]) if same[own[0]] >= 0 else () for own in rows),
            tracks=schema.empty_network() if tracks is None else tracks.network,
            misplaced=tuple(str(table["name"].iloc[at]) for at in joined.misplaced),
            elsewhere=int(((station >= 0) & (counted < 0)).sum()),
        )


def _stations_of_map(table: pd.DataFrame, tracks: RailBuild | None, most_km: float) -> Ints:
    """Return the row of the map's station of each station, one of its name first; -1 for none."""
    found = np.full(len(table), -1, dtype=np.int64)
    if tracks is None or not len(tracks.stations):
        return found
    at = shapely.get_coordinates(tracks.network.nodes.geometry.to_numpy()[tracks.stations["node"].to_numpy()])
    names = [{bare_name(label) for label in labels} for labels in tracks.stations["labels"]]
    around = sphere.within(table[["lon", "lat"]].to_numpy(dtype=np.float64), at, most_km)
    for row, (near, name) in enumerate(zip(around, table["name"].map(bare_name), strict=True)):
        if near:
            found[row] = min(near, key=lambda one: (name not in names[one], near[one], one))
    return found


# ---- tracks and sections


def _lay_out(
    ground: _Ground,
    patterns: Sequence[Pattern],
    modes: Sequence[str],
    assumed: GtfsParameters,
    rail: RailParameters,
) -> tuple[Network, Ints, Mapping[Ends, Route], Mapping[Ends, Route], int]:
    """Find the way of every train from stop to stop: over tracks, else over sections.

    Returns
    -------
    network, station_node, ways, roads, sections
        Tracks of the map, then the sections; row of the nodes of each station, -1 for those without trains;
        routes of trains and of coaches, from the smaller row of stations to the larger; number of sections.
    """
    on_rail = [pattern for pattern, mode in zip(patterns, modes, strict=True) if mode != COACH]
    by_coach = [pattern for pattern, mode in zip(patterns, modes, strict=True) if mode == COACH]
    hops, on_road = _fastest(on_rail), _fastest(by_coach)
    ways = _over_tracks(ground, hops, assumed, rail)
    beside = {ends: seconds for ends, seconds in hops.items() if ends not in ways}
    sections = infer_sections(beside, ground.places, assumed)
    first_link, first_node = len(ground.tracks.links), len(ground.tracks.nodes)
    served = sorted({station for ends in (*hops, *on_road) for station in ends})
    station_node = np.full(len(ground.names), -1, dtype=np.int64)
    new = [station for station in served if not ground.points[station]]
    station_node[served] = [(*ground.points[station], -1)[0] for station in served]
    station_node[new] = first_node + np.arange(len(new))
    nodes = {
        "osm_id": np.zeros(len(new), dtype=np.int64),
        "kind": ["station"] * len(new),
        "name": [ground.names[station] for station in new],
        "geometry": [shapely.Point(ground.places[station]) for station in new],
    }
    links = section_links(sections, ground.places, station_node.tolist(), rail)
    for ends, way in sections.ways.items():
        km = sum(sections.length_km[section] for section in way)
        seconds = sum(sections.run_s[section] for section in way)
        ways[ends] = Route(seconds, km, tuple(first_link + section for section in way))
    # Coaches run on no tracks: their services have a length, but no links.
    far = straight_km(ground.places, list(on_road))
    roads = {
        ends: Route(float(on_road[ends]), km * assumed.route_factor, ())
        for ends, km in zip(on_road, far, strict=True)
    }
    more = (schema.table(nodes, schema.NODES), schema.table(links, schema.LINKS))
    old = (ground.tracks.nodes, ground.tracks.links)
    both = [pd.concat([a, b], ignore_index=True) if len(b) else a for a, b in zip(old, more, strict=True)]
    network = schema.coerce(Network(*both))
    return network, station_node, ways, roads, len(sections.ends)


def _fastest(patterns: Iterable[Pattern]) -> dict[Ends, int]:
    """Return the seconds of the fastest pattern between any two consecutive stops."""
    found: dict[Ends, int] = {}
    for pattern in patterns:
        for (a, b), run_s in zip(pairwise(pattern.stations), pattern.times.run_s, strict=True):
            ends = _in_order(a, b)
            found[ends] = max(min(found.get(ends, run_s), run_s), 1)
    return found


def _over_tracks(
    ground: _Ground, hops: Mapping[Ends, int], assumed: GtfsParameters, rail: RailParameters
) -> dict[Ends, Route]:
    """Return the ways over the tracks of the map that are plausible by the timetable."""
    timetable = Timetable(ground.tracks, ground.points, ground.names, parameters=rail)
    found = {}
    for ends, seconds in hops.items():
        if not (ground.points[ends[0]] and ground.points[ends[1]]):
            continue
        parts, _, _ = timetable.time(Draft("", "", ends, None, BY_TIMETABLE))
        route = parts[0].hops[0].route if parts else None
        if route is not None and route.seconds <= assumed.tracks_most_time * seconds:
            found[ends] = route
    return found


# ---- tables


def _timed(
    feed: Feed,
    ground: _Ground,
    ways: Mapping[Ends, Route],
    pattern: Pattern,
    mode: str,
    service_id: str,
    headway_h: float,
) -> Timed:
    """Return a service with its ways, whose times are those of the timetable."""
    trips = feed.trips.iloc[[train.trip for train in (*pattern.out, *pattern.back)]]
    routes = trips["route"].astype(str)
    kinds = Counter(word[0] for route in routes if (word := re.match(r"[^\W\d_]+", route)))
    kind = min(kinds, key=lambda word: (-kinds[word], word)) if kinds else mode
    stations, times = pattern.stations, pattern.times
    draft = Draft(
        service_id=service_id,
        name=f"{kind} {ground.names[stations[0]]} - {ground.names[stations[-1]]}",
        stations=stations,
        headway_s=max(round(headway_h * 3600.0), 1),
        headway_source=BY_FREQUENCY if all(trips["starts"]) else BY_TIMETABLE,
        known=times,
        link_class=COACH if mode == COACH else "",
    )
    hops = zip(pairwise(stations), times.run_s, times.stop_s[1:], strict=True)
    found = (Hop(a, b, ways[_in_order(a, b)], max(run_s, 1), stop_s) for (a, b), run_s, stop_s in hops)
    return Timed(draft, tuple(found))


def _changes(feed: Feed, station_of_stop: Ints, station_node: Ints) -> pd.DataFrame:
    """Return the least times of changes that the feed states for stations, as `Services.changes` holds them.

    Of several within a station, from stop to stop, the median counts.
    """
    stops, table = feed.stops.assign(station=station_of_stop), feed.transfers
    # A transfer may name the station as a whole, at which no trip calls.
    of_parent = stops[stops["station"] >= 0].groupby("parent")["station"].first()
    station = stops["station"].where(stops["station"] >= 0, stops["stop_id"].map(of_parent)).fillna(-1)
    at = station.to_numpy(dtype=np.int64)
    start, end = at[table["start"].to_numpy()], at[table["end"].to_numpy()]
    is_change = (
        (start == end) & (start >= 0) & table["possible"].to_numpy() & (table["least_s"].to_numpy() > 0)
    )
    median = table["least_s"][is_change].groupby(station_node[start[is_change]]).median()
    return pd.DataFrame({"node": median.index, "least_s": np.ceil(median)}).astype("int64")
