"""Find stations of cities and ways over today's tracks."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from networks.timegraph import ARC_KINDS
from optimiser.proposals.candidates.distances import FAR, between, least_arcs, matrix
from optimiser.proposals.candidates.neighbours import great_circle_km
from optimiser.proposals.candidates.rules import RailRules
from optimiser.proposals.candidates.situation import Situation
from optimiser.proposals.candidates.trains import NEW, Stop, TrainTimes


@dataclass(frozen=True)
class Way:
    """A way over tracks.

    Attributes
    ----------
    nodes, links
        Rows of the rail network.
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
    """Stations of cities, trains at stations, ways over tracks."""

    situation: Situation
    rules: RailRules
    times: TrainTimes

    @cached_property
    def stations(self) -> list[list[int]]:
        """Return for each city the rail rows of the stations near it, the one with most trains first."""
        nodes = self.situation.graph.nodes
        table = nodes[nodes["node_id"].str.fullmatch(r"station:\d+")]
        rows = [int(name.removeprefix("station:")) for name in table["node_id"]]
        lon, lat = (table[name].to_numpy(dtype=np.float64) for name in ("lon", "lat"))
        found = []
        for city_lon, city_lat in zip(self.situation.lon, self.situation.lat, strict=True):
            far = great_circle_km(np.full(len(lon), city_lon), np.full(len(lat), city_lat), lon, lat)
            near = [
                (-self.trains[rows[at]], far[at], rows[at])
                for at in np.flatnonzero(far <= self.rules.station_km)
            ]
            found.append([row for _, _, row in sorted(near)])
        return found

    @cached_property
    def trains(self) -> Counter[int]:
        """Return how many services stop at each station."""
        services = self.situation.services
        return Counter() if services is None else Counter(services.stops["node"].tolist())

    def stop(self, city: int, row: int | None) -> Stop:
        """Return the stop of a new train in a city.

        Parameters
        ----------
        city
            Row of the city.
        row
            Rail row of the station, or None for a new station.
        """
        if row is not None:
            return Stop(f"station:{row}")
        situation = self.situation
        station = f"{NEW}station/{situation.ids[city]}"
        names = situation.graph.nodes["node_id"]
        ends = [
            str(names.iloc[int(rows[city])]) for rows in (situation.graph.origin, situation.graph.destination)
        ]
        return Stop(station, self.times.new_station(station, ends[0], ends[1], situation.tiers[city]))

    @cached_property
    def _arcs(self) -> tuple[csr_array, dict[tuple[int, int], int], NDArray[np.float64]]:
        """Return the tracks as a matrix of running seconds, links by their nodes, and seconds a link."""
        rail = self.situation.rail
        if rail is None:
            return csr_array((0, 0)), {}, np.zeros(0)
        links = rail.links
        run = self._length_km / (self.times.access.running.factor * self._speed_kmh) * 3600.0
        ends = links[["tail", "head"]].to_numpy(dtype=np.int64)
        tail, head = np.concatenate([ends[:, 0], ends[:, 1]]), np.concatenate([ends[:, 1], ends[:, 0]])
        tenths = np.maximum(1, np.rint(np.concatenate([run, run]) * 10)).astype(np.int64)
        tails, heads, seconds, kept = least_arcs(tail, head, tenths)
        count = len(rail.nodes)
        graph = csr_array((seconds.astype(np.float64) / 10.0, (tails, heads)), shape=(count, count))
        link = {
            (a, b): k % len(run)
            for a, b, k in zip(tails.tolist(), heads.tolist(), kept.tolist(), strict=True)
        }
        return graph, link, run

    @cached_property
    def _trees(self) -> dict[int, tuple[NDArray[np.float64], NDArray[np.int64]]]:
        """Return shortest running times from each station of a city, and the node before each."""
        rows = sorted({row for near in self.stations for row in near})
        if not rows:
            return {}
        seconds, before = dijkstra(self._arcs[0], indices=rows, return_predecessors=True)
        return {row: (seconds[at], before[at]) for at, row in enumerate(rows)}

    def way(self, start: int, end: int) -> Way | None:
        """Return the fastest way over tracks from a city's station to a rail node, None without one."""
        if start == end or start not in self._trees:
            return None
        seconds, before = self._trees[start]
        if not np.isfinite(seconds[end]):
            return None
        nodes = [end]
        while nodes[-1] != start:
            nodes.append(int(before[nodes[-1]]))
        nodes.reverse()
        link = self._arcs[1]
        rows = [link[a, b] for a, b in itertools.pairwise(nodes)]
        length, speed = self._length_km[rows], self._speed_kmh[rows]
        slow = length[speed < self.rules.upgrade_kmh].sum()
        return Way(
            tuple(nodes), tuple(rows), max(1, round(float(seconds[end]))), float(length.sum()),
            float(slow),
        )  # fmt: skip

    @cached_property
    def _links(self) -> pd.DataFrame:
        """Return the links of the rail network."""
        rail = self.situation.rail
        return pd.DataFrame(columns=["length_km", "speed_kmh"]) if rail is None else rail.links

    @cached_property
    def _length_km(self) -> NDArray[np.float64]:
        """Return the lengths of the tracks."""
        return np.asarray(self._links["length_km"], dtype=np.float64)

    @cached_property
    def _speed_kmh(self) -> NDArray[np.float64]:
        """Return the design speeds of the tracks."""
        return np.asarray(self._links["speed_kmh"], dtype=np.float64)

    @cached_property
    def _position(self) -> dict[int, int]:
        """Return the position of each station of a city in the matrices of station times."""
        return {row: at for at, row in enumerate(sorted({row for near in self.stations for row in near}))}

    def _station_times(self, graph: csr_array) -> NDArray[np.int64]:
        """Return seconds from station to station of cities."""
        rows = self.situation.row
        after = "" if self.times.door_to_door else "/after"
        ends = [
            np.array([rows[f"station:{row}{suffix}"] for row in self._position], dtype=np.int64)
            for suffix in ("", after)
        ]
        return between(graph, ends[0], ends[1])

    @cached_property
    def _by_any_way(self) -> NDArray[np.int64]:
        """Return today's seconds from station to station by any way."""
        return self._station_times(self.situation.times)

    @cached_property
    def _by_train(self) -> NDArray[np.int64]:
        """Return today's seconds from station to station by trains alone."""
        graph = self.situation.graph
        kinds = [ARC_KINDS.index(name) for name in ("board", "ride", "alight", "transfer")]
        used = np.isin(graph.kind, kinds)
        return self._station_times(
            matrix(len(graph.nodes), graph.tail[used], graph.head[used], graph.seconds[used])
        )

    def today_s(self, start: int, end: int) -> int:
        """Return today's seconds between two stations of cities by any way."""
        return int(self._by_any_way[self._position[start], self._position[end]])

    def best_service_s(self, a: int, b: int) -> int | None:
        """Return today's best seconds between two cities by train, stations and the first wait left out."""
        ends = [[self._position[row] for row in self.stations[city]] for city in (a, b)]
        found = [int(self._by_train[s, t]) for s in ends[0] for t in ends[1] if s != t]
        best = min(found, default=FAR)
        if best >= FAR:
            return None
        return max(1, best - self.times.station_s("hsr350", 0))

    def run_s(self, start: int, end: int) -> float:
        """Return the running seconds from a city's station to a rail node, infinite where no tracks lead."""
        return float(self._trees[start][0][end]) if start != end else np.inf

    def fastest_s(self, a: int, b: int) -> float:
        """Return the least running seconds over today's tracks between cities, infinite without tracks."""
        pairs = ((s, t) for s in self.stations[a] for t in self.stations[b])
        return min((self.run_s(s, t) for s, t in pairs), default=np.inf)

    def best_way(self, a: int, b: int) -> tuple[int, int, Way] | None:
        """Return the stations of two cities with the fastest way between them, and the way."""
        found = [
            (float(self._trees[s][0][t]), s, t)
            for s in self.stations[a]
            for t in self.stations[b]
            if s != t and np.isfinite(self._trees[s][0][t])
        ]
        if not found:
            return None
        _, s, t = min(found)
        way = self.way(s, t)
        return None if way is None else (s, t, way)

    def line(self, way: Way) -> shapely.Geometry:
        """Return the line of a way."""
        lines = self._links.geometry.to_numpy()[list(way.links)]
        return shapely.line_merge(shapely.MultiLineString(list(lines)))

    def upgraded_run_s(self, way: Way, design_kmh: float) -> int:
        """Return the running time of a way when its slow tracks are brought to a speed."""
        rows = list(way.links)
        speed = np.maximum(self._speed_kmh[rows], design_kmh)
        hours = self._length_km[rows] / (self.times.access.running.factor * speed)
        return max(1, round(float(hours.sum()) * 3600.0))

    def run_between(self, way: Way, low: int, high: int) -> int:
        """Return the running time of a part of a way, between two positions of its nodes."""
        return round(float(self._arcs[2][list(way.links[low:high])].sum()))
