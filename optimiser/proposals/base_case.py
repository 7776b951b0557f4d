"""Hold the base case that candidates are measured against: networks, cities and travel times of today."""

import copy
import itertools
import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from networks.cities import CityNames
from networks.cities.table import sizes
from networks.intermodal import AccessParameters, trains
from networks.intermodal.access import AFTER, BETWEEN
from networks.schema import Network, Services
from networks.skims import TimeGraph, fastest_arcs, time_matrix, way
from networks.sphere import EARTH_RADIUS_KM, unit_vectors
from optimiser.proposals.shortest_times import MANY, NO_PATH_S, no_path_s, times_between, times_on_each

_GEOD = pyproj.Geod(ellps="WGS84")
_LEAST_KM_A_DEGREE = 110.57
"""Km of a degree of latitude at the equator, where it is shortest."""

_COMPASS = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")

NEW = "new:"
"""Prefix of the ids of nodes that a candidate adds to the time graph."""

LONGEST_TODAY_S = 36_000
"""Longest time of today from which a gain is counted; without a path it has no bound."""

type Arc = tuple[str, str, int]
"""Tail id and head id in the time graph, and seconds."""


UNKNOWN_CLASS = "class unknown (check)"
"""What a road is called whose class is inferred: it may be an expressway already."""


def road_label(ref: str, name: str) -> str:
    """Return the numbers of a road as on its signs, or its name where it has none: `G4`, `G1;G25`.

    Without a digit a reference is the key of a table, and stands where a road has no name either. What tells
    sections of a road apart in such a table stands on no sign: `G45-N`, `G1N-0`.
    """
    parts = (part.strip() for part in ref.split(";") if re.search(r"\d", part))
    numbers = dict.fromkeys(re.sub(r"(?<=\d)([A-Z]?)-[A-Za-z0]$", r"\1", part) for part in parts)
    return ";".join(numbers) or name or ref


def project(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Project points on a plane that is true to distance from their middle.

    Parameters
    ----------
    lon, lat
        Degrees, float64 [n].

    Returns
    -------
    numpy.ndarray
        float64 [n, 2], km east and north of the middle (azimuthal equidistant).
    """
    return np.column_stack(plane_of(lon, lat).transform(lon, lat))


def plane_of(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> pyproj.Transformer:
    """Return what leads from degrees to the plane of `project`, and back by its inverse."""
    crs = pyproj.CRS.from_proj4(
        f"+proj=aeqd +lat_0={np.mean(lat):.6f} +lon_0={np.mean(lon):.6f} +datum=WGS84 +units=km"
    )
    return pyproj.Transformer.from_crs(4326, crs, always_xy=True)


def great_circle_km(
    lon_a: ArrayLike, lat_a: ArrayLike, lon_b: ArrayLike, lat_b: ArrayLike
) -> NDArray[np.float64]:
    """Return distances over the ellipsoid in km, float64; scalars and arrays are broadcast."""
    lons_a, lats_a, lons_b, lats_b = np.broadcast_arrays(lon_a, lat_a, lon_b, lat_b)
    return np.asarray(_GEOD.inv(lons_a, lats_a, lons_b, lats_b)[2], dtype=np.float64) / 1000.0


def nearby(
    lon: float, lat: float, lons: NDArray[np.float64], lats: NDArray[np.float64], *, within_km: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the rows of the points within a distance of one, in order, and their km over the ellipsoid."""
    rows = np.flatnonzero(np.abs(lats - lat) * _LEAST_KM_A_DEGREE <= within_km)
    km = great_circle_km(lon, lat, lons[rows], lats[rows])
    return rows[km <= within_km], km[km <= within_km]


def on_sphere(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points on the sphere, km from its middle; over tens of km its chords are as long as its arcs.

    Parameters
    ----------
    lon, lat
        Degrees, float64 [n].

    Returns
    -------
    numpy.ndarray
        float64 [n, 3].
    """
    return EARTH_RADIUS_KM * unit_vectors(lon, lat)


def line_km(line: shapely.Geometry) -> float:
    """Return the length of a line in degrees over the ellipsoid, km."""
    return float(_GEOD.geometry_length(line)) / 1000.0


def travel_time_s(length_km: float, speed_kmh: float) -> int:
    """Return the travel time in whole seconds, at least 1."""
    return max(1, round(length_km / speed_kmh * 3600.0))


@dataclass(frozen=True)
class RoadPaths:
    """Fastest paths over the roads of today.

    Attributes
    ----------
    matrix
        Seconds between road nodes.
    link
        Row of the link from a node to another one; of parallel ones the fastest.
    """

    matrix: csr_array
    link: dict[tuple[int, int], int]

    @classmethod
    def of(cls, road: Network) -> Self:
        """Return the open directions of a road network with travel times."""
        names = ("tail", "head", "forward_s", "backward_s")
        tail, head, forward, backward = (road.links[name].to_numpy(dtype=np.int64) for name in names)
        rows = np.arange(len(road.links), dtype=np.int64)
        both = ((rows, rows), (tail, head), (head, tail), (forward, backward))
        parts = [np.concatenate([ahead[forward > 0], back[backward > 0]]) for ahead, back in both]
        order = np.argsort(parts[0], kind="stable")  # of equally fast parallel links the first one counts
        link, tails, heads, seconds = (part[order] for part in parts)
        kept = fastest_arcs(tails, heads, seconds)
        ends = zip(tails[kept].tolist(), heads[kept].tolist(), strict=True)
        matrix = time_matrix(len(road.nodes), tails, heads, seconds)
        return cls(matrix, dict(zip(ends, link[kept].tolist(), strict=True)))

    def tree(self, start: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the seconds from a node to every node, and the node before each (-9999 for none)."""
        seconds, before = dijkstra(self.matrix, indices=start, return_predecessors=True)
        return np.asarray(seconds, dtype=np.float64), np.asarray(before, dtype=np.int64)

    def path(self, before: NDArray[np.int64], start: int, end: int) -> tuple[list[int], list[int]]:
        """Return the nodes and links of a path in a tree; both are empty where there is none.

        Parameters
        ----------
        before
            Predecessors as returned by `tree(start)`.
        start, end
            Rows of nodes.
        """
        nodes = way(before, start, end)
        return nodes, [self.link[ends] for ends in itertools.pairwise(nodes)]


@dataclass(frozen=True, slots=True)
class NeighbourRules:
    """Rules for pairs of cities between which links are looked for.

    The angle rule is the one of Krantz, Optimal investments in Africa's road network: a link adds little when
    another one leaves in nearly the same direction and leads on to the same place without much of a detour.

    Attributes
    ----------
    nearest
        Each city is joined to this many nearest ones besides its Gabriel neighbours.
    angle_deg
        A link may be dropped for another one that leaves the same city within this angle.
    detour
        It is dropped when the path through the other one is at most this many times as long.
    longest_km
        Links longer than this are left out.
    """

    nearest: int = 3
    angle_deg: float = 45.0
    detour: float = 1.15
    longest_km: float = 250.0


def neighbour_pairs(points: NDArray[np.float64], rules: NeighbourRules) -> NDArray[np.int64]:
    """Return the pairs of neighbours that the rules leave; int64 [m, 2], smaller row first, rising.

    Parameters
    ----------
    points
        float64 [n, 2], km on a plane.
    rules
        See `NeighbourRules`.
    """
    if len(points) < 2:
        return np.zeros((0, 2), dtype=np.int64)
    pairs = _unique_pairs(np.concatenate([gabriel_pairs(points), nearest_pairs(points, rules.nearest)]))
    short = pairs[_lengths(points, pairs) <= rules.longest_km]
    return drop_similar(points, short, angle_deg=rules.angle_deg, detour=rules.detour)


def gabriel_pairs(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the Gabriel graph: pairs whose diameter circle contains no third point.

    Parameters
    ----------
    points
        float64 [n, 2], on a plane. A point on the circle does not break the pair.

    Returns
    -------
    numpy.ndarray
        int64 [m, 2], smaller row first, rising. Every pair is compared with every point, so the result is
        exact for collinear and coincident points as well.
    """
    square = _squared_distances(points)
    rows, columns = np.triu_indices(len(points), k=1)
    kept = [
        not np.any(square[a] + square[b] < square[a, b] * (1 - 1e-12))
        for a, b in zip(rows.tolist(), columns.tolist(), strict=True)
    ]
    return np.asarray(np.column_stack([rows, columns])[np.array(kept, dtype=bool)], dtype=np.int64)


def nearest_pairs(points: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Return the pairs of each point with its `count` nearest ones.

    Parameters
    ----------
    points
        float64 [n, 2], on a plane.
    count
        Nearest points of each one; ties go to the smaller row.

    Returns
    -------
    numpy.ndarray
        int64 [m, 2], smaller row first, rising, each pair once.
    """
    square = _squared_distances(points)
    np.fill_diagonal(square, np.inf)
    order = np.argsort(square, axis=1, kind="stable")[:, : min(count, len(points) - 1)]
    rows = np.repeat(np.arange(len(points)), order.shape[1])
    return _unique_pairs(np.column_stack([rows, order.ravel()]))


def drop_similar(
    points: NDArray[np.float64], pairs: NDArray[np.int64], *, angle_deg: float = 45.0, detour: float = 1.15
) -> NDArray[np.int64]:
    """Drop links that other links nearly replace.

    The longest link is tried first. It goes when, at one of its ends, another remaining link leaves within
    `angle_deg` and the path over it and on along remaining links is at most `detour` times as long.

    Parameters
    ----------
    points
        float64 [n, 2], on a plane.
    pairs
        int64 [m, 2], links.
    angle_deg, detour
        See `NeighbourRules`.

    Returns
    -------
    numpy.ndarray
        The remaining links, int64 [k, 2], rising. Points that were connected stay connected.
    """
    lengths = _lengths(points, pairs)
    alive = np.ones(len(pairs), dtype=bool)

    def is_replaced(link: int) -> bool:
        """Tell whether the remaining links replace one, seen from either of its ends."""
        weights = np.maximum(lengths[alive], 1e-9)
        graph = csr_array((weights, tuple(pairs[alive].T)), shape=(len(points), len(points)))
        ends = pairs[link].tolist()
        reach = dijkstra(graph, directed=False, indices=ends, limit=detour * lengths[link] * (1 + 1e-9))
        for start, end, from_end in ((*ends, reach[1]), (*reversed(ends), reach[0])):
            touching = alive & (pairs == start).any(axis=1)
            others = pairs[touching].sum(axis=1) - start
            main, side = points[end] - points[start], points[others] - points[start]
            cross = main[0] * side[:, 1] - main[1] * side[:, 0]
            near = np.abs(np.arctan2(cross, side @ main)) <= np.radians(angle_deg)
            if np.any(near & (lengths[touching] + from_end[others] <= detour * lengths[link])):
                return True
        return False

    for link in np.argsort(-lengths, kind="stable").tolist():
        alive[link] = False
        alive[link] = not is_replaced(link)
    return _unique_pairs(pairs[alive])


def _squared_distances(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(((points[:, None, :] - points[None, :, :]) ** 2).sum(axis=2), dtype=np.float64)


def _lengths(points: NDArray[np.float64], pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(np.hypot(*(points[pairs[:, 0]] - points[pairs[:, 1]]).T), dtype=np.float64)


def _unique_pairs(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return unordered pairs once each, smaller row first, rising; int64 [m, 2]."""
    return np.unique(np.sort(pairs, axis=1), axis=0).astype(np.int64)


def keeping_known[T](value: T, **changes: object) -> T:
    """Return a dataclass with other fields, and with the cached properties that are worked out already.

    The fields that change must not matter for these properties.
    """
    other = copy.copy(value)
    vars(other).update(changes)
    return other


@dataclass(frozen=True)
class BaseCase:
    """What exists before anything is built.

    Attributes
    ----------
    graph
        Time graph of road and rail.
    cities
        Table of cities, in the order of the graph's origins.
    road
        Contracted road network; row n of its nodes is `road:<n>` in the graph.
    rail
        Rail network, or None; row n of its nodes is `station:<n>` in the graph.
    services
        Trains of the rail network, or None.
    skim
        int64 [c, c], shortest seconds between cities.
    limit_s
        Time limit of the job.
    slack_s
        Seconds beyond the limit within which a candidate may bring a pair and still be proposed.
    access
        Times at stations, the same as the graph was made with.
    knows_classes
        Whether the classes of roads are those of a map; else they are inferred, and to be checked.
    known
        What `once` has made.
    """

    graph: TimeGraph
    cities: gpd.GeoDataFrame
    road: Network
    rail: Network | None
    services: Services | None
    skim: NDArray[np.int64]
    limit_s: int
    slack_s: int = 0
    access: AccessParameters = field(default_factory=AccessParameters.default)
    knows_classes: bool = True
    known: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)

    def once[T](self, key: Hashable, make: Callable[[], T]) -> T:
        """Return a value that follows from networks and cities; it is made once for all limits.

        Parameters
        ----------
        key
            What it is, and the rules that it depends on besides.
        make
            Makes it; it must not depend on the limit.
        """
        if key not in self.known:
            self.known[key] = make()
        found: T = self.known[key]
        return found

    def at_limit(self, limit_s: int) -> Self:
        """Return the base case with another limit; all that follows from networks and cities is shared."""
        return self if limit_s == self.limit_s else keeping_known(self, limit_s=limit_s)

    @property
    def useful_s(self) -> int:
        """Return the longest trip that counts where candidates are proposed, seconds."""
        return self.limit_s + self.slack_s

    @property
    def door_to_door(self) -> bool:
        """Tell whether times count from centre to centre."""
        return self.graph.definition == "door_to_door"

    @cached_property
    def node_ids(self) -> list[str]:
        """Return the ids of the nodes of the graph."""
        return [str(name) for name in self.graph.nodes["node_id"]]

    @cached_property
    def node_row(self) -> dict[str, int]:
        """Return the row of each node id of the graph."""
        return {name: row for row, name in enumerate(self.node_ids)}

    @cached_property
    def fronts(self) -> pd.DataFrame:
        """Return the fronts of the stations among the nodes of the graph, by `row` of the rail network."""
        nodes = self.graph.nodes
        found = nodes[nodes["node_id"].str.fullmatch(r"station:\d+")]
        rows = found["node_id"].str.removeprefix("station:").astype("int64")
        return found.assign(row=rows).sort_values("row")

    @cached_property
    def is_timed(self) -> bool:
        """Tell whether a timetable knows the connections of today's trains."""
        return bool(self.graph.nodes["node_id"].str.endswith(f"/{trains.HALLS[-1]}").any())

    @cached_property
    def times(self) -> csr_array:
        """Return the whole graph as a sparse matrix of seconds."""
        graph = self.graph
        return time_matrix(len(graph.nodes), graph.tail, graph.head, graph.seconds)

    @cached_property
    def from_origins_s(self) -> NDArray[np.int64]:
        """Return today's seconds from where the trips of each city start to every node; int64 [c, n]."""
        found = dijkstra(self.times, indices=self.graph.origin)
        return np.minimum(found, NO_PATH_S, out=found).astype(np.int64)

    @cached_property
    def to_destinations_s(self) -> NDArray[np.int64]:
        """Return today's seconds from every node to where the trips of each city end; int64 [n, c]."""
        found = dijkstra(self.times.T.tocsr(), indices=self.graph.destination)
        return np.minimum(found, NO_PATH_S, out=found).astype(np.int64).T

    def skim_with(self, arcs: Sequence[Arc]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the seconds between cities by the fastest trips that use some new arcs, and km on these.

        Parameters
        ----------
        arcs
            Arcs of a candidate. Trips go over them without a break: what leads away from them and back counts
            as today.

        Returns
        -------
        seconds, km : numpy.ndarray
            int64 [c, c], `NO_PATH_S` or more where no such trip exists; float64 [c, c], as the crow flies
            from where a trip enters the arcs to where it leaves them.
        """
        ids = list(dict.fromkeys(name for tail_id, head_id, _ in arcs for name in (tail_id, head_id)))
        local = {name: at for at, name in enumerate(ids)}
        rows = [(local[tail_id], local[head_id], run_s) for tail_id, head_id, run_s in arcs]
        tail, head, seconds = np.array(rows, dtype=np.int64).T
        known = [name for name in ids if name in self.node_row]
        inside, nodes = [local[name] for name in known], [self.node_row[name] for name in known]
        through = dijkstra(time_matrix(len(ids), tail, head, seconds), indices=inside)[:, inside]
        np.fill_diagonal(through, np.inf)  # a trip that only passes a node does not use the arcs
        places = on_sphere(*(self.graph.nodes[name].to_numpy()[nodes] for name in ("lon", "lat")))
        found, km = np.full(self.skim.shape, float(NO_PATH_S)), np.zeros(self.skim.shape)
        for at in np.flatnonzero(np.isfinite(through).any(axis=0)).tolist():
            ways = np.flatnonzero(np.isfinite(through[:, at]))  # few of the nodes lead to each
            to_exit = self.from_origins_s[:, np.take(nodes, ways)] + through[ways, at]
            entry = ways[to_exit.argmin(axis=1)]
            total = to_exit.min(axis=1)[:, None] + self.to_destinations_s[nodes[at]]
            on_it = np.linalg.norm(places[entry] - places[at], axis=-1)
            np.copyto(km, on_it[:, None], where=total < found)
            np.minimum(found, total, out=found)
        return found.astype(np.int64), km

    def today_s(self, nodes: NDArray[np.int64]) -> NDArray[np.integer]:
        """Return today's seconds between nodes; what was asked for before is not computed again.

        Parameters
        ----------
        nodes
            Rows of nodes of the graph, rising, int64 [n].

        Returns
        -------
        numpy.ndarray
            int32 or int64 [n, n], not to be changed; `no_path_s` of it where no path exists.
        """
        none = np.zeros(0, dtype=np.int64), np.zeros((0, 0), dtype=np.int64)
        old, seconds = self.known.pop("today_s", none)
        at = np.searchsorted(old, nodes)
        new = nodes[np.take(old, at, mode="clip") != nodes] if len(old) else nodes
        both = np.union1d(old, new) if len(new) else old
        if len(new) >= MANY:
            del seconds  # before the larger matrix is made
            seconds = times_on_each([self.times], both)[0]
        elif len(new):
            at_old, at_new = np.searchsorted(both, old), np.searchsorted(both, new)
            old_s, most_s = seconds, no_path_s(seconds)
            seconds = np.empty((len(both), len(both)), dtype=old_s.dtype)
            seconds[np.ix_(at_old, at_old)] = old_s
            if len(old):
                seconds[:, at_new] = np.minimum(times_between(self.times.T.tocsr(), new, both).T, most_s)
            seconds[at_new] = np.minimum(times_between(self.times, new, both), most_s)
        self.known["today_s"] = both, seconds
        at = np.searchsorted(both, nodes) if len(new) else at
        return np.asarray(seconds if len(nodes) == len(both) else seconds[np.ix_(at, at)])

    @cached_property
    def lon(self) -> NDArray[np.float64]:
        """Return the longitudes of the cities, degrees."""
        return np.asarray(self.cities.geometry.x, dtype=np.float64)

    @cached_property
    def lat(self) -> NDArray[np.float64]:
        """Return the latitudes of the cities, degrees."""
        return np.asarray(self.cities.geometry.y, dtype=np.float64)

    @cached_property
    def ids(self) -> list[str]:
        """Return the ids of the cities."""
        return [str(value) for value in self.cities["city_id"]]

    @cached_property
    def names(self) -> list[str]:
        """Return the names of the cities."""
        return [str(value) for value in self.cities["name"]]

    @cached_property
    def city_names(self) -> CityNames:
        """Return what finds cities by id or by name in any language."""
        return CityNames(self.cities)

    @cached_property
    def tiers(self) -> list[str]:
        """Return the tiers of the cities."""
        return [str(value) for value in self.cities["tier"]]

    @cached_property
    def sizes(self) -> list[str]:
        """Return the tiers by which trips from and to the cities are timed."""
        return sizes(self.cities)

    @cached_property
    def extents_km(self) -> NDArray[np.float64]:
        """Return the radius of each town; float64 [c]."""
        return self.access.extents_km(self.cities)

    @cached_property
    def road_nodes(self) -> NDArray[np.int64]:
        """Return for each city its node in the road network, -1 for none; int64 [c]."""
        return np.asarray(self.cities["road_node"], dtype=np.int64)

    @cached_property
    def road_points(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the longitudes and latitudes of the road nodes, degrees."""
        points = self.road.nodes.geometry
        return np.asarray(points.x, dtype=np.float64), np.asarray(points.y, dtype=np.float64)

    @cached_property
    def road_labels(self) -> list[str]:
        """Return the number, name or class of each road link."""
        columns = (self.road.links[name].tolist() for name in ("ref", "name", "link_class"))
        return [
            road_label(ref, name) or (link_class if self.knows_classes else UNKNOWN_CLASS)
            for ref, name, link_class in zip(*columns, strict=True)
        ]

    @cached_property
    def road_km(self) -> NDArray[np.float64]:
        """Return the length of each road link."""
        return np.asarray(self.road.links["length_km"], dtype=np.float64)

    @cached_property
    def road_paths(self) -> RoadPaths:
        """Return the fastest paths over roads."""
        return RoadPaths.of(self.road)

    @cached_property
    def drive_s(self) -> NDArray[np.float64]:
        """Return seconds over roads from each city to each road node, infinite where no path exists."""
        found = dijkstra(self.road_paths.matrix, indices=np.maximum(self.road_nodes, 0))
        found[self.road_nodes < 0] = np.inf
        return np.asarray(found, dtype=np.float64)

    def road_s(self, a: int, b: int) -> int | None:
        """Return the seconds over roads between two cities, None where no path exists."""
        if self.road_nodes[b] < 0 or not np.isfinite(self.drive_s[a, self.road_nodes[b]]):
            return None
        return int(self.drive_s[a, self.road_nodes[b]])

    @cached_property
    def between_km(self) -> NDArray[np.float64]:
        """Return the great-circle distances of all cities, km; float64 [c, c]."""
        return great_circle_km(self.lon[:, None], self.lat[:, None], self.lon, self.lat)

    def straight_km(self, a: int, b: int) -> float:
        """Return the great-circle distance of two cities, km."""
        return float(great_circle_km(self.lon[a], self.lat[a], self.lon[b], self.lat[b]))

    def straight_line(self, a: int, b: int) -> shapely.LineString:
        """Return the straight line between two cities, degrees."""
        return shapely.LineString([(self.lon[a], self.lat[a]), (self.lon[b], self.lat[b])])

    def nearest_city(self, lon: float, lat: float) -> tuple[int, float]:
        """Return the city nearest to a point in degrees, and its distance in km."""
        distance_km = great_circle_km(lon, lat, self.lon, self.lat)
        nearest = int(np.argmin(distance_km))
        return nearest, float(distance_km[nearest])

    def beside_city(self, lon: float, lat: float, road: str = "") -> str:
        """Return where a point in degrees lies: Hub (12 km west), or with a road G95 west of Hub."""
        nearest, distance_km = self.nearest_city(lon, lat)
        east = (lon - self.lon[nearest]) * np.cos(np.radians(lat))
        bearing = np.degrees(np.arctan2(east, lat - self.lat[nearest]))
        city, direction = self.names[nearest], _COMPASS[round(float(bearing) / 45.0) % 8]
        return f"{road} {direction} of {city}" if road else f"{city} ({distance_km:.0f} km {direction})"

    def city_ends(self, city: int) -> tuple[str, str]:
        """Return the ids of the nodes where trips of a city start and end."""
        return self.node_ids[self.graph.origin[city]], self.node_ids[self.graph.destination[city]]

    def in_id_order(self, a: int, b: int) -> tuple[int, int]:
        """Return two cities in the order of their ids."""
        return (a, b) if self.ids[a] <= self.ids[b] else (b, a)

    def neighbours(self, rules: NeighbourRules, *, tiers: tuple[str, ...] = ()) -> list[tuple[int, int]]:
        """Return pairs of neighbouring cities, each in order of ids, sorted by ids.

        Parameters
        ----------
        rules
            See `NeighbourRules`.
        tiers
            Only cities of these tiers are looked at; all where empty.
        """
        rows = np.array(
            [c for c, tier in enumerate(self.tiers) if not tiers or tier in tiers], dtype=np.int64
        )
        # The plane is that of all cities, so that two cities are as far apart for every choice of tiers.
        found = neighbour_pairs(project(self.lon, self.lat)[rows], rules)
        return self.sorted_by_id(self.in_id_order(int(rows[a]), int(rows[b])) for a, b in found.tolist())

    def sorted_by_id(self, pairs: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return pairs of cities sorted by the ids of their cities."""
        return sorted(pairs, key=lambda pair: (self.ids[pair[0]], self.ids[pair[1]]))

    def two_way_road_arcs(self, links: Iterable[Arc]) -> tuple[Arc, ...]:
        """Return the arcs of roads in both directions, in every copy of the road network in the graph.

        From door to door there is one copy, and beside a timetable one for what comes after trains; in
        vehicles there are three: before, between and after trains.

        Parameters
        ----------
        links
            Ids of two road nodes and the seconds between them.
        """
        is_whole = self.door_to_door
        copies = ("", *[BETWEEN] * (not is_whole), *[AFTER] * (self.is_timed or not is_whole))
        arcs = [arc for a, b, seconds in links for arc in ((a, b, seconds), (b, a, seconds))]
        return tuple((f"{a}{copy}", f"{b}{copy}", seconds) for copy in copies for a, b, seconds in arcs)
