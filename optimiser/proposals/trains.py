"""Time new trains over today's tracks and over new lines."""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from networks.intermodal import AccessParameters
from networks.intermodal.access import AFTER, BETWEEN
from networks.intermodal.trains import ARRIVING_S, HALLS, check_in_hall, with_common_lines
from networks.schema import NO_SERVICES, Network, Services
from networks.skims import ARC_KINDS, fastest_arcs, time_matrix, way
from optimiser.measures.appraisal import gravity_trips
from optimiser.proposals.base_case import LONGEST_TODAY_S, NEW, Arc, BaseCase, great_circle_km
from optimiser.proposals.line_capacity import full_links
from optimiser.proposals.shortest_times import NO_PATH_S, sums_along, times_between
from optimiser.proposals.table import Proposal

FULL_FACTOR = 1.1
"""Links without room for a further service count as so many times as long when a train chooses its tracks."""


@dataclass(frozen=True, slots=True)
class RailRules:
    """Rules for railways.

    Attributes
    ----------
    route_factor
        Length of a new line over the straight line (1.1: gentle curves; published lines of the default region
        lie between 1.01 and 1.10).
    shortest_km, longest_km
        Straight-line length of a new line.
    fast_least_km
        New lines at least this long are built for `fast`, shorter ones for `usual`.
    usual_kmh, usual_standard, fast_kmh, fast_standard
        Design speeds and standards of new lines.
    mountain_kmh
        Most that trains run in mountains, whatever the line is designed for.
    approach_km, approach_kmh
        Within this distance of the centre of a core city they run at most so fast.
    line_least_pairs, line_slack_s
        The track of a new line brings at least so many pairs within the limit, or within this much of it,
        that its trains on today's tracks would not; other candidates may save the rest.
    upgrade_kmh, upgrade_standard
        Tracks slower than this between neighbours may be upgraded to it.
    track_detour
        Tracks longer than this over the straight line are not upgraded.
    onward_s
        Trains of a new line run on to a core city that is within this running time.
    time_ratio
        A link is proposed when the train (stations and waits left out) takes at most this share of today's
        best time between the two stations by any mode.
    tracks_do
        No new line is proposed where trains over today's tracks run in at most this many times its time: more
        trains would do.
    fast_class, slow_class, fast_class_kmh
        Class of trains on new lines, and on upgraded tracks; through-services are fast where their tracks
        allow at least `fast_class_kmh` on the whole.
    new_headway_s, service_headway_s
        Time between trains on new lines, and of new services on existing tracks.
    link_count, service_count, frequency_count
        At most so many new lines, through-services and services with more trains are kept: those that serve
        most weight of open pairs.
    service_end_tiers, service_calls
        Tiers of the cities where a through-service may start and end; most calls on the way.
    hours_a_day
        Hours of service a day, from which trains a day are derived.
    service_gain_s
        A through-service saves at least this much between its ends.
    service_least_km
        Shorter through-services are no candidates.
    frequency_least_s, frequency_headway_s
        Services that run less often than this may run every `frequency_headway_s`.
    turn_s
        Time that a train stands at an end before it returns.
    station_km
        A city uses a station within this distance of its centre, else it gets a new one.
    seats
        Seats of a train (an eight-car electric multiple unit: from memory, C).
    least_load
        Trains are proposed where at least this share of their seats is filled.
    trips_per_person
        Trips a year by each inhabitant to other cities, which a gravity model spreads over these.
    value_of_time, line_value
        Money of the cost table an hour, None where it is not known; a new line is proposed where the time
        that its track saves is worth at least this share of what the track costs.
    discount_rate, years
        Rate a year, and the years over which time is saved.
    """

    route_factor: float = 1.1
    shortest_km: float = 20.0
    longest_km: float = 250.0
    fast_least_km: float = 120.0
    usual_kmh: float = 250.0
    usual_standard: str = "rail-250"
    fast_kmh: float = 350.0
    fast_standard: str = "hsr-350"
    mountain_kmh: float = 250.0
    approach_km: float = 10.0
    approach_kmh: float = 160.0
    line_least_pairs: int = 2
    line_slack_s: int = 1200
    upgrade_kmh: float = 160.0
    upgrade_standard: str = "rail-160"
    track_detour: float = 1.5
    onward_s: int = 5400
    time_ratio: float = 0.75
    tracks_do: float = 1.3
    fast_class: str = "hsr250"
    slow_class: str = "conv160"
    fast_class_kmh: float = 180.0
    new_headway_s: int = 3600
    service_headway_s: int = 7200
    service_end_tiers: tuple[str, ...] = ("core", "secondary")
    service_calls: int = 3
    hours_a_day: float = 16.0
    link_count: int = 24
    service_count: int = 24
    frequency_count: int = 12
    service_gain_s: int = 900
    service_least_km: float = 40.0
    frequency_least_s: int = 3600
    frequency_headway_s: int = 2400
    turn_s: int = 1800
    station_km: float = 15.0
    seats: int = 560
    least_load: float = 0.25
    trips_per_person: float = 2.5
    value_of_time: float | None = None
    line_value: float = 1.0
    discount_rate: float = 0.06
    years: int = 30

    def seats_a_day(self, trains: float) -> int:
        """Return the seats of so many trains a day and direction, both directions together."""
        return round(2.0 * trains * self.seats)

    def train_class(self, speed_kmh: float) -> str:
        """Return the class of trains at a design speed."""
        return self.fast_class if speed_kmh >= self.fast_class_kmh else self.slow_class


@dataclass(frozen=True, slots=True)
class TrainTimes:
    """Times of a ride besides running: the same figures and layout as for the trains of today.

    Attributes
    ----------
    access
        Times at stations and between them and the centres.
    door_to_door
        Whether access, first wait and egress count. Where not, the graph contains what is outside trains
        three times: before the first train, between trains, after the last.
    is_timed
        Whether a timetable knows the connections of today's trains: who leaves a train boards no other one.
    """

    access: AccessParameters
    door_to_door: bool
    is_timed: bool = False

    @property
    def after(self) -> str:
        """Return what follows the id of a station where passengers leave it, at the end of a trip."""
        return AFTER if self.is_timed or not self.door_to_door else ""

    def run_s(self, length_km: float, design_kmh: float) -> int:
        """Return the running time, seconds."""
        return max(1, round(length_km / (self.access.running.factor * design_kmh) * 3600.0))

    def ride_s(self, runs_s: Sequence[int]) -> int:
        """Return the seconds on board from the first stop to the last, starting included."""
        running = self.access.running
        return sum(runs_s) + running.start_s + running.stop_s * (len(runs_s) - 1)

    def station_s(self, link_class: str, headway_s: int) -> int:
        """Return the seconds at both ends of a ride besides the ride: before departure, wait, leaving."""
        if not self.door_to_door:
            return 0
        access = self.access
        board = access.board_s(link_class=link_class, headway_s=headway_s) - access.running.start_s
        return board + access.alight_s

    def station_arcs(self, station: str, aboard: str, arrived: str, train: Train) -> list[Arc]:
        """Return the arcs between the front and the halls of a station and a train.

        Parameters
        ----------
        station, aboard, arrived
            Ids of the front of the station, of the train before it leaves, and of the train on arrival.
        train
            Its class and headway.
        """
        access = self.access
        hall = f"{station}/{check_in_hall(train.link_class, access)}"
        start_s = access.running.start_s
        wait_s = access.wait_s(link_class=train.link_class, headway_s=train.headway_s)
        boards = [
            (hall, aboard, max(1, wait_s + start_s)),
            (f"{station}/platforms", aboard, access.change_s(headway_s=train.headway_s)),
            (arrived, f"{station}/arrivals", ARRIVING_S),
        ]
        alight_s, leave = max(1, access.alight_s), f"{station}{self.after}"
        if self.door_to_door:
            return [*boards, (arrived, leave, alight_s)]
        again = () if self.is_timed else [(arrived, f"{station}{BETWEEN}", alight_s)]
        return [*boards, (station, aboard, max(1, start_s)), *again, (arrived, leave, 1)]

    def new_station_arcs(self, station: str) -> tuple[Arc, ...]:
        """Return the arcs inside a new station, between its front and its halls."""
        access, front = self.access, station if self.door_to_door else f"{station}{BETWEEN}"
        return (
            (front, f"{station}/{HALLS[0]}", max(1, access.check_in_hsr_s)),
            (front, f"{station}/{HALLS[1]}", max(1, access.check_in_conv_s)),
            (f"{station}/arrivals", f"{station}/platforms", max(1, access.transfer_s - ARRIVING_S)),
        )


@dataclass(frozen=True, slots=True)
class Train:
    """A new train that runs in both directions.

    Attributes
    ----------
    link_class
        Class of the service, as for the trains of today.
    headway_s
        Seconds between departures.
    turn_s
        Time that a train stands at an end before it returns.
    """

    link_class: str
    headway_s: int
    turn_s: int

    def sets(self, ride_s: int) -> int:
        """Return the number of trainsets: a round trip over the headway, rounded up."""
        return math.ceil(2 * (ride_s + self.turn_s) / self.headway_s)

    def a_day(self, hours_a_day: float) -> int:
        """Return the trains a day and direction, rounded up."""
        return math.ceil(hours_a_day * 3600.0 / self.headway_s)

    def km_a_day(self, length_km: float, hours_a_day: float) -> float:
        """Return the train-km a day of both directions."""
        return 2.0 * hours_a_day * 3600.0 / self.headway_s * length_km


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop of a new train: the front of a station, and the arcs that join a new station to its city."""

    station_id: str
    access: tuple[Arc, ...] = ()


def stop_at_new_station(base: BaseCase, city: int, km: float | None = None) -> Stop:
    """Return a stop at a new station of a city; all candidates that need one there share it.

    It lies so many km from the centre; where nobody knows, at the edge of the town.
    """
    station = f"{NEW}station/{base.ids[city]}"
    origin, destination = base.city_ends(city)
    times = TrainTimes(base.access, base.door_to_door, base.is_timed)
    extent_km = float(base.extents_km[city])
    away_km = extent_km if km is None else km
    seconds, moving_s = base.access.access_s(base.sizes[city], away_km, extent_km)
    way_s = seconds if base.door_to_door else max(1, moving_s)
    ways = (origin, station, way_s), (f"{station}{times.after}", destination, way_s)
    return Stop(station, (*ways, *times.new_station_arcs(station)))


def train_arcs(
    candidate_id: str,
    stops: Sequence[Stop],
    runs_s: Sequence[int],
    train: Train,
    times: TrainTimes,
    *,
    stops_s: Sequence[int] | None = None,
) -> tuple[Arc, ...]:
    """Return the arcs of a new train.

    All trains of a station meet in its halls, so that passengers can change between today's trains and
    new ones, and between the trains of two candidates when both are built.

    Parameters
    ----------
    candidate_id
        Id of the candidate.
    stops
        Where it stops, at least two.
    runs_s
        Running time from each stop to the next.
    train
        Class and headway.
    times
        Times of boarding, stopping and changing.
    stops_s
        Seconds at each stop, for trains of known times, whose runs include what a ride needs to start; None
        for modelled ones.
    """
    if stops_s is None:
        stops_s = [times.access.running.stop_s] * len(stops)
    else:
        running = replace(times.access.running, start_s=0)
        times = replace(times, access=replace(times.access, running=running))
    aboard = [f"{NEW}{candidate_id}/{at}" for at in range(len(stops))]
    arrived = [f"{node}/arrived" for node in aboard]
    arcs: list[Arc] = []
    for at, stop in enumerate(stops):
        arcs += stop.access
        arcs += times.station_arcs(stop.station_id, aboard[at], arrived[at], train)
        if 0 < at < len(stops) - 1:
            arcs.append((arrived[at], aboard[at], max(1, stops_s[at])))
    for at, run_s in enumerate(runs_s):
        arcs += [(aboard[at], arrived[at + 1], run_s), (aboard[at + 1], arrived[at], run_s)]
    return tuple(dict.fromkeys(arcs))


@dataclass(frozen=True, slots=True)
class TrackPath:
    """A path over tracks.

    Attributes
    ----------
    nodes, links
        Rows of the rail network; the first and the last node are stations.
    run_s, length_km, slow_km
        Running time, length, and the length below the upgrade speed.
    """

    nodes: tuple[int, ...]
    links: tuple[int, ...]
    run_s: int
    length_km: float
    slow_km: float


@dataclass(frozen=True)
class Tracks:
    """Stations of cities, trains at stations, and paths over tracks."""

    base: BaseCase
    rules: RailRules

    @cached_property
    def times(self) -> TrainTimes:
        """Return the times of new trains."""
        return TrainTimes(self.base.access, self.base.door_to_door, self.base.is_timed)

    @cached_property
    def fronts(self) -> list[int]:
        """Return the rail rows of all stations of the time graph, rising."""
        return self.base.fronts["row"].tolist()

    @cached_property
    def stations(self) -> list[list[int]]:
        """Return for each city the rail rows of the stations near it, the one with most trains first."""
        lon, lat = (self.base.fronts[name].to_numpy(dtype=np.float64) for name in ("lon", "lat"))
        found = []
        for city_lon, city_lat in zip(self.base.lon, self.base.lat, strict=True):
            km = great_circle_km(city_lon, city_lat, lon, lat)
            near = [(km[at], self.fronts[at]) for at in np.flatnonzero(km <= self.rules.station_km).tolist()]
            found.append([row for _, row in sorted(near, key=lambda one: (-self.trains[one[1]], *one))])
        return found

    @property
    def services(self) -> Services:
        """Return the trains of today, none where nothing is known of them."""
        return self.base.services or NO_SERVICES

    def _by(self, key: str, column: str, *, of: str = "stops") -> dict[int, list[int]]:
        """Return a column of the stops or routes of today's services as lists, by another column."""
        found: dict[int, list[int]] = getattr(self.services, of).groupby(key)[column].agg(list).to_dict()
        return found

    @cached_property
    def _callers(self) -> dict[int, list[int]]:
        """Return the services that stop at each station, once for each stop."""
        return self._by("node", "service")

    @cached_property
    def routes(self) -> dict[int, list[int]]:
        """Return the links that each service of today runs over, as far as they are known."""
        return self._by("service", "link", of="routes")

    @cached_property
    def trains(self) -> Counter[int]:
        """Return the number of services that stop at each station."""
        return Counter({node: len(services) for node, services in self._callers.items()})

    @cached_property
    def cities_without_trains(self) -> list[int]:
        """Return the cities near which no train stops."""
        return [city for city, rows in enumerate(self.stations) if not any(self.trains[row] for row in rows)]

    @cached_property
    def cities_at(self) -> dict[int, list[int]]:
        """Return the cities near each station that has any."""
        found = defaultdict[int, list[int]](list)
        for city, rows in enumerate(self.stations):
            for row in rows:
                found[row].append(city)
        return dict(found)

    @cached_property
    def a_day(self) -> list[float]:
        """Return the trains a day and direction of each service."""
        return [
            self.rules.hours_a_day * 3600.0 / seconds for seconds in self.services.lines["headway_s"].tolist()
        ]

    @cached_property
    def direct_a_day(self) -> NDArray[np.float64]:
        """Return today's direct trains a day and direction between the stations near cities; [c, c]."""
        found = np.zeros((len(self.stations), len(self.stations)))
        for nodes, trains in zip(self.called, self.a_day, strict=True):
            cities = sorted({city for node in nodes for city in self.cities_at.get(node, ())})
            found[np.ix_(cities, cities)] += trains
        return found

    @cached_property
    def pairs(self) -> NDArray[np.int64]:
        """Return all pairs of cities, the smaller row first; int64 [pairs, 2]."""
        return np.column_stack(np.triu_indices(len(self.base.ids), k=1)).astype(np.int64)

    def of_pairs(self, seconds: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the seconds of all pairs in their faster direction, infinite without a path.

        Parameters
        ----------
        seconds
            Seconds between cities, int64 [c, c].
        """
        there, back = self.pairs.T
        found = np.minimum(seconds[there, back], seconds[back, there]).astype(np.float64)
        return np.where(found >= NO_PATH_S, np.inf, found)

    def trips_a_year(self, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the trips of all pairs, both directions, by a gravity model with these seconds."""
        people = self.base.cities["population"].to_numpy(dtype=np.int64)
        return gravity_trips(self.pairs, seconds, people, per_person=self.rules.trips_per_person)

    def brought(self, with_s: NDArray[np.float64], others_s: NDArray[np.float64]) -> int:
        """Return how many pairs the first of these times bring within the limit, or nearly so."""
        within, most_s = self.base.useful_s, self.base.useful_s + self.rules.line_slack_s
        return int(np.count_nonzero((with_s < others_s) & (with_s <= most_s) & (others_s > within)))

    def saved_hours(self, with_s: NDArray[np.float64], others_s: NDArray[np.float64]) -> float:
        """Return the hours a year that the trips of all pairs save by the first of these times."""
        saved_s = np.maximum(np.minimum(others_s, LONGEST_TODAY_S) - with_s, 0.0)
        return float(self.trips_a_year(with_s) @ np.where(with_s < others_s, saved_s, 0.0)) / 3600.0

    @cached_property
    def calls(self) -> list[pd.DataFrame]:
        """Return the rows of the stops of each service, in order."""
        ordered = self.services.stops.sort_values(["service", "seq"])
        parts = dict(iter(ordered.groupby("service")))
        return [parts.get(service, ordered.iloc[:0]) for service in range(len(self.services.lines))]

    @cached_property
    def called(self) -> list[list[int]]:
        """Return the stations at which each service stops, in order."""
        return [stops["node"].tolist() for stops in self.calls]

    @cached_property
    def is_fast(self) -> list[bool]:
        """Tell of each service whether the figures of fast trains hold for it."""
        return [self.base.access.is_fast(str(name)) for name in self.services.lines["link_class"]]

    @cached_property
    def joined(self) -> Services:
        """Return today's services and, of known times, those that passengers take together."""
        base, graph, fronts = self.base, self.base.graph, self.base.fronts
        # Ways to stations: in vehicles those in full, which lead there between trains.
        suffix = "" if base.door_to_door else BETWEEN
        front = pd.Series(
            fronts["row"].to_numpy(), index=[base.node_row[i + suffix] for i in fronts["node_id"]]
        )
        used = (graph.kind == ARC_KINDS.index("access")) & np.isin(graph.head, front.index)
        ways = graph.tail[used], front.loc[graph.head[used]].to_numpy(), graph.seconds[used]
        return with_common_lines(self.services, base.access, alone=base.door_to_door, ways=ways)

    @cached_property
    def together(self) -> dict[tuple[int, int, bool], tuple[str, str, int, int]]:
        """Return what passengers take together, by its two stations and whether it is fast.

        Its id, class, seconds between trains and mean seconds of the ride.
        """
        stops = self.joined.stops[self.joined.stops["service"] >= len(self.called)]
        lines = self.joined.lines.iloc[len(self.called) :]
        named = (lines[key].tolist() for key in ("service_id", "link_class", "headway_s"))
        first, last = (stops["node"].tolist()[at::2] for at in (0, 1))
        return {
            (a, b, self.base.access.is_fast(link_class)): (name, link_class, headway_s, run_s)
            for a, b, run_s, name, link_class, headway_s in zip(
                first, last, stops["run_s"].tolist()[1::2], *named, strict=True
            )
        }

    @cached_property
    def boards(self) -> dict[str, list[int]]:
        """Return the arcs by which passengers board each train, by the id of the train before it leaves."""
        graph, found = self.base.graph, defaultdict[str, list[int]](list)
        for arc in np.flatnonzero(graph.kind == ARC_KINDS.index("board")).tolist():
            found[self.base.node_ids[graph.head[arc]]].append(arc)
        return dict(found)

    def stop(self, city: int, row: int | None) -> Stop:
        """Return the stop of a new train in a city: at a station of the rail network, or at a new one."""
        return stop_at_new_station(self.base, city) if row is None else Stop(f"station:{row}")

    @cached_property
    def _rail(self) -> Network:
        """Return the rail network, an empty one where there is none."""
        road = self.base.road
        return self.base.rail or road.replace(nodes=road.nodes.iloc[:0], links=road.links.iloc[:0])

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        """Return the rail rows of tail and head of each link; int64 [links, 2]."""
        return np.asarray(self._rail.links[["tail", "head"]], dtype=np.int64)

    @cached_property
    def lines(self) -> NDArray[np.object_]:
        """Return the line of each link, degrees."""
        return np.asarray(self._rail.links["geometry"], dtype=object)

    @cached_property
    def line_names(self) -> NDArray[np.object_]:
        """Return the name of the line of each link, else its number; empty where the map has neither."""
        names, numbers = (self._rail.links[key].to_numpy(dtype=object) for key in ("name", "ref"))
        return np.asarray(np.where(names == "", numbers, names), dtype=object)

    @cached_property
    def length_km(self) -> NDArray[np.float64]:
        """Return the length of each link."""
        return np.asarray(self._rail.links["length_km"], dtype=np.float64)

    @cached_property
    def _speed_kmh(self) -> NDArray[np.float64]:
        return np.asarray(self._rail.links["speed_kmh"], dtype=np.float64)

    @cached_property
    def link_s(self) -> NDArray[np.float64]:
        """Return the running seconds of each link."""
        return self.length_km / (self.times.access.running.factor * self._speed_kmh) * 3600.0

    @cached_property
    def _graph(self) -> tuple[csr_array, dict[tuple[int, int], int]]:
        """Return the tracks as a matrix of seconds, and the fastest link between two nodes.

        Seconds are those of running, longer on links without room, so that trains take tracks beside them.
        """
        trains = self.rules.hours_a_day * 3600.0 / self.rules.service_headway_s
        full = full_links(self.base, hours_a_day=self.rules.hours_a_day, trains=trains)
        run_s = np.where(full, FULL_FACTOR * self.link_s, self.link_s)
        tail, head = np.concatenate([self.ends, self.ends[:, ::-1]]).T
        # Parallel links are compared as integers, so running times are rounded to tenths of a second.
        tenths = np.maximum(1, np.rint(np.concatenate([run_s, run_s]) * 10)).astype(np.int64)
        kept = fastest_arcs(tail, head, tenths)
        tails, heads, count = tail[kept], head[kept], len(self._rail.nodes)
        graph = csr_array((tenths[kept].astype(np.float64) / 10.0, (tails, heads)), shape=(count, count))
        links = zip(tails.tolist(), heads.tolist(), (kept % len(run_s)).tolist(), strict=True)
        return graph, {(a, b): link for a, b, link in links}

    @cached_property
    def _trees(self) -> dict[int, tuple[NDArray[np.float64], NDArray[np.int64]]]:
        """Return running times from each station of a city or a train, and the node before each.

        Paths are chosen by the seconds of `_graph`, and timed by those of running; infinite without a path.
        """
        rows = sorted({*self._position, *self.trains})
        if not rows:
            return {}
        chosen, before = dijkstra(self._graph[0], indices=rows, return_predecessors=True)
        tenths = np.maximum(1, np.rint(self.link_s * 10)).astype(np.int64)
        along = sums_along(before.astype(np.int64), self._graph[1], tenths)
        run_s = np.where(np.isfinite(chosen), along / 10.0, np.inf)
        return {row: (run_s[at], before[at]) for at, row in enumerate(rows)}

    @cached_property
    def reach_s(self) -> NDArray[np.int64]:
        """Return today's seconds from each city to the front of each station; int64 [c, rail nodes]."""
        fronts = [self.base.node_row[f"station:{row}"] for row in self.fronts]
        found = np.full((len(self.base.ids), len(self._rail.nodes)), NO_PATH_S, dtype=np.int64)
        found[:, self.fronts] = times_between(
            self.base.times, self.base.graph.origin, np.array(fronts, dtype=np.int64)
        )
        return found

    def reached_stations(self, city: int, most_s: int, count: int) -> list[int]:
        """Return the stations near a city, else the soonest reached ones with trains within a time.

        Parameters
        ----------
        city
            Row of the city.
        most_s, count
            Longest time, and largest number, of stations farther away.
        """
        if self.stations[city]:
            return self.stations[city]
        near = (row for row in self.fronts if self.trains[row] and self.reach_s[city, row] <= most_s)
        return sorted(near, key=lambda row: (self.reach_s[city, row], row))[:count]

    def trains_a_day(self, row: int, *, fast: bool = False) -> float:
        """Return the number of trains a day and direction, all or the fast ones, that stop at a station."""
        services = self._callers.get(row, ())
        return sum(self.a_day[service] for service in services if self.is_fast[service] or not fast)

    def runs_today(self, pair: tuple[int, int], ends: tuple[int, int], headway_s: int) -> bool:
        """Tell whether today's direct trains between two cities are at least as many as a service's.

        Parameters
        ----------
        pair
            The cities; stations near either count.
        ends
            Rail rows of the stations of the new service, which count as well.
        headway_s
            Time between trains of the new service.
        """
        near = [{*self.stations[city], row} for city, row in zip(pair, ends, strict=True)]
        first, last = ({s for row in rows for s in self._callers.get(row, ())} for rows in near)
        direct = (s for s in sorted(first & last) if len((near[0] | near[1]) & {*self.called[s]}) > 1)
        return sum(self.a_day[s] for s in direct) >= self.rules.hours_a_day * 3600.0 / headway_s - 1e-6

    def runs_over(
        self, links: Iterable[int], link_class: str, trains: int
    ) -> tuple[tuple[int, int, bool], ...]:
        """Return runs over links of today's tracks by trains of a class, as in `Proposal.runs`."""
        fast = self.times.access.is_fast(link_class)
        return tuple((link, trains, fast) for link in dict.fromkeys(links))

    def proposal(
        self,
        candidate_id: str,
        pair: tuple[int, int],
        stops: Sequence[Stop],
        runs_s: Sequence[int],
        train: Train,
        links: Iterable[int],
        *,
        run_km: float,
        **facts: Any,  # noqa: ANN401 (fields of `Proposal`)
    ) -> Proposal:
        """Return a new train as a proposal.

        Parameters
        ----------
        candidate_id
            Id of the candidate.
        pair
            Rows of the cities that it is named by.
        stops, runs_s, train
            As for `train_arcs`.
        links
            Links of today's tracks that it runs over.
        run_km
            Length of its run, over tracks of today and new ones.
        facts
            What else the proposal says: length, speed, standard, line, reason.
        """
        hours = self.rules.hours_a_day
        return Proposal(
            candidate_id=candidate_id,
            from_name=self.base.names[pair[0]],
            to_name=self.base.names[pair[1]],
            arcs=train_arcs(candidate_id, stops, runs_s, train, self.times),
            runs=self.runs_over(links, train.link_class, train.a_day(hours)),
            trainsets=train.sets(self.times.ride_s(runs_s)),
            train_km_a_day=train.km_a_day(run_km, hours),
            seats_a_day=self.rules.seats_a_day(hours * 3600.0 / train.headway_s),
            **facts,
        )

    def direct_train(
        self,
        candidate_id: str,
        calls: Sequence[tuple[int, int]],
        runs_s: Sequence[int],
        links: Iterable[int],
        *,
        length_km: float,
        headway_s: int,
        **facts: Any,  # noqa: ANN401 (fields of `Proposal`)
    ) -> Proposal:
        """Return a new train between stations of today as a proposal.

        Parameters
        ----------
        candidate_id, runs_s, links, facts
            As for `proposal`.
        calls
            City and rail row of the station of each stop, in order.
        length_km, headway_s
            Length of its run, and time between its trains.
        """
        speed_kmh, train = self.train_over(length_km, runs_s, headway_s)
        return self.proposal(
            candidate_id,
            (calls[0][0], calls[-1][0]),
            [self.stop(*call) for call in calls],
            runs_s,
            train,
            links,
            run_km=length_km,
            length_km=length_km,
            speed_kmh=speed_kmh,
            **facts,
        )

    def train_over(self, length_km: float, runs_s: Sequence[int], headway_s: int) -> tuple[float, Train]:
        """Return the design speed that some runs need, km/h, and a train of its class."""
        speed_kmh = length_km / (sum(runs_s) / 3600.0) / self.times.access.running.factor
        return speed_kmh, Train(self.rules.train_class(speed_kmh), headway_s, self.rules.turn_s)

    def station_name(self, row: int) -> str:
        """Return the name of a station, its number where it has none."""
        return self.names[row] or f"station {row}"

    @cached_property
    def names(self) -> list[str]:
        """Return the name of each rail node."""
        return [str(name) for name in self._rail.nodes["name"]]

    @cached_property
    def places(self) -> list[tuple[float, float]]:
        """Return the longitude and latitude of each rail node, degrees."""
        points = shapely.get_coordinates(self._rail.nodes.geometry.to_numpy()).tolist()
        return [(lon, lat) for lon, lat in points]

    def runs_s(self, start: int) -> NDArray[np.float64]:
        """Return the running seconds from a station to each rail node, infinite without tracks."""
        return self._trees[start][0]

    def run_s(self, start: int, end: int) -> float:
        """Return the running seconds from a station to a rail node, infinite without tracks."""
        return float(self.runs_s(start)[end]) if start != end else np.inf

    def fastest_s(self, a: int, b: int) -> float:
        """Return the least running seconds over today's tracks between cities, infinite without tracks."""
        return min((self.run_s(s, t) for s in self.stations[a] for t in self.stations[b]), default=np.inf)

    def path(self, start: int, end: int) -> TrackPath | None:
        """Return the fastest path over tracks from a station to a rail node, None without tracks."""
        if not np.isfinite(self.run_s(start, end)):
            return None
        seconds, before = self._trees[start]
        nodes = way(before, start, end)
        links = [self._graph[1][ends] for ends in itertools.pairwise(nodes)]
        length_km = self.length_km[links]
        return TrackPath(
            nodes=tuple(nodes),
            links=tuple(links),
            run_s=max(1, round(float(seconds[end]))),
            length_km=float(length_km.sum()),
            slow_km=float(length_km[self._speed_kmh[links] < self.rules.upgrade_kmh].sum()),
        )

    def best_path(self, a: int, b: int) -> TrackPath | None:
        """Return the fastest path over tracks between stations of two cities, None without tracks."""
        ends = ((self.run_s(s, t), s, t) for s in self.stations[a] for t in self.stations[b])
        best = min(ends, default=None)
        return None if best is None else self.path(best[1], best[2])

    def fast_links(self, path: TrackPath, design_kmh: float) -> tuple[int, ...]:
        """Return the links of a path that are at least as fast as a design speed."""
        return tuple(link for link in path.links if self._speed_kmh[link] >= design_kmh)

    def line(self, path: TrackPath) -> shapely.Geometry:
        """Return the line of a path, degrees."""
        return shapely.line_merge(shapely.MultiLineString(list(self.lines[list(path.links)])))

    def upgraded_run_s(self, path: TrackPath, design_kmh: float) -> int:
        """Return the running time of a path when its slow tracks are brought to a speed."""
        rows = list(path.links)
        speed = np.maximum(self._speed_kmh[rows], design_kmh)
        hours = self.length_km[rows] / (self.times.access.running.factor * speed)
        return max(1, round(float(hours.sum()) * 3600.0))

    def run_between(self, path: TrackPath, low: int, high: int) -> int:
        """Return the running time of a part of a path, between two positions of its nodes."""
        return round(float(self.link_s[list(path.links[low:high])].sum()))

    @cached_property
    def _position(self) -> dict[int, int]:
        """Return the position of each station of a city in the matrices of station times."""
        return {row: at for at, row in enumerate(sorted({row for near in self.stations for row in near}))}

    @cached_property
    def _today_s(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return today's seconds between the stations of cities: by any mode, and by train alone."""
        base, graph = self.base, self.base.graph
        kinds = [ARC_KINDS.index(name) for name in ("check_in", "board", "ride", "alight", "transfer")]
        used = np.isin(graph.kind, kinds)
        trains = time_matrix(len(graph.nodes), graph.tail[used], graph.head[used], graph.seconds[used])
        starts, ends = (
            np.array([base.node_row[f"station:{row}{suffix}"] for row in self._position], dtype=np.int64)
            for suffix in ("", self.times.after)
        )
        return times_between(base.times, starts, ends), times_between(trains, starts, ends)

    def today_s(self, start: int, end: int) -> int:
        """Return today's seconds between two stations of cities by any mode."""
        return int(self._today_s[0][self._position[start], self._position[end]])

    def best_service_s(self, a: int, b: int) -> int | None:
        """Return today's best seconds between two cities by train, without stations and the first wait."""
        ends = [[self._position[row] for row in self.stations[city]] for city in (a, b)]
        found = [int(self._today_s[1][s, t]) for s in ends[0] for t in ends[1] if s != t]
        best = min(found, default=NO_PATH_S)
        return None if best >= NO_PATH_S else max(1, best - self.times.station_s("hsr350", 0))

    def ride_today_s(self, a: int, b: int) -> int | None:
        """Return today's seconds between two cities by train or by road, None where neither exists.

        Access, waits and stations are left out, so that they compare with the ride on a new train.
        """
        both = (self.base.road_s(a, b), self.best_service_s(a, b))
        return min((seconds for seconds in both if seconds is not None), default=None)
