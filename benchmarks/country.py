"""Generate a country as an OpenStreetMap extract: cities, roads of all classes, railways, trains.

Cities lie at random with a least distance, and their sizes follow Zipf's law. Roads join neighbours among
junctions some five kilometres apart; those on the fastest routes between neighbouring cities are primary and
trunk roads, and expressways with two carriageways join the largest fifth of the cities beside them. Tracks
join neighbouring cities, high-speed lines the largest eighth. Trains run along the shortest routes.
Everything follows from the seed.
"""

import csv
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import Delaunay, cKDTree

from networks.world import geograph
from optimiser.bench import generators
from optimiser.bench.generators.families import CITY_APART_M, CITY_AREA_M2, LARGEST_CITY

type Edge = tuple[int, int]
type Floats = NDArray[np.float64]
type Integers = NDArray[np.int64]

KM_PER_DEGREE = 111.195
MIDDLE_LON, MIDDLE_LAT = 108.0, 35.0
JUNCTION_KM = 5.0
"""Distance of junctions of roads in the mean."""
BEND_KM = 0.7
"""Distance of the nodes of a road."""
TRACK_BEND_KM = 2.0
TRUNK_SHARE, EXPRESSWAY_SHARE, HIGH_SPEED_SHARE = 3, 5, 8
"""One city in so many, the largest first, is on the network of that class."""
CARRIAGEWAY_KM = 0.02
BESIDE_KM = 0.6
"""Distance of an expressway from the junctions of the roads beside it."""
SERVICE_SECONDS = 16 * 3600
"""Part of the day in which trains run."""
SIGNS = {"primary": ("", "80", "70"), "secondary": ("", "60", "70"), "tertiary": ("", "", "40")}
"""Speed limits on signs, empty for none; one is drawn for each road."""
JOB = """[region]
file = "country.osm.pbf"
country = "CN"
[cities]
file = "cities.csv"
"""


@dataclass(frozen=True)
class Country:
    """A country before it is written.

    Attributes
    ----------
    seed
        Seed of the random number generator.
    """

    cities: int
    seed: int

    @cached_property
    def points(self) -> Floats:
        """Return the centres of the cities, km, the largest city first."""
        side = math.isqrt(CITY_AREA_M2 * self.cities)
        found = generators.scatter(
            generators.generator(self.seed), self.cities, side_m=side, apart_m=CITY_APART_M
        )
        return found / 1_000

    @property
    def people(self) -> list[int]:
        """Return the inhabitants of each city."""
        return [LARGEST_CITY // (rank + 1) for rank in range(self.cities)]

    def largest(self, share: int) -> Integers:
        """Return the largest cities: one in `share` of all, at least four."""
        return np.arange(min(self.cities, max(4, self.cities // share)))


def elements_of(country: Country) -> geograph.Elements:
    """Return nodes, ways and relations of a country."""
    elements = geograph.Elements()
    rng = np.random.default_rng(country.seed)
    _add_roads(elements, country, rng)
    _add_railways(elements, country, rng)
    return elements


def write_job(folder: Path, country: Country) -> Path:
    """Write map, cities and job of a country into a folder, and return the path of the job."""
    geograph.write(elements_of(country), folder / "country.osm.pbf")
    with (folder / "cities.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("id", "name", "lon", "lat", "population"))
        for row, ((lat, lon), people) in enumerate(
            zip(map(_place, country.points), country.people, strict=True), start=1
        ):
            table.writerow((row, f"City {row}", round(lon, 6), round(lat, 6), people))
    (folder / "job.toml").write_text(JOB, encoding="utf-8")
    return folder / "job.toml"


def _place(point: Floats) -> tuple[float, float]:
    """Return latitude and longitude of a point in km, true to distances east and west."""
    lat = MIDDLE_LAT + (float(point[1]) - 500.0) / KM_PER_DEGREE
    east = (float(point[0]) - 500.0) / (KM_PER_DEGREE * math.cos(math.radians(lat)))
    return lat, MIDDLE_LON + east


def _neighbours(points: Floats) -> list[Edge]:
    """Return the Gabriel neighbours, sorted: no other point lies in the circle on their diameter."""
    corners = Delaunay(points).simplices
    sides = np.sort(np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]]), axis=1)
    edges = np.unique(sides, axis=0)
    ends = points[edges[:, 0]], points[edges[:, 1]]
    radius = np.linalg.norm(ends[0] - ends[1], axis=1) / 2
    nearest, _ = cKDTree(points).query((ends[0] + ends[1]) / 2)
    return [(int(a), int(b)) for a, b in edges[nearest >= radius * (1 - 1e-9)]]


def _routes(
    count: int, edges: Sequence[Edge], weights: Floats, trips: Iterable[tuple[int, int]]
) -> Iterator[list[int]]:
    """Yield the nodes of the shortest route of each trip that has one."""
    ends = np.array(edges, dtype=np.int64).reshape(-1, 2)
    graph = csr_array((weights, (ends[:, 0], ends[:, 1])), shape=(count, count))
    by_start: dict[int, list[int]] = {}
    for start, end in trips:
        by_start.setdefault(start, []).append(end)
    for start, stops in by_start.items():
        _, before = dijkstra(graph, directed=False, indices=start, return_predecessors=True)
        for stop in stops:
            route = [stop]
            while route[-1] != start and before[route[-1]] >= 0:
                route.append(int(before[route[-1]]))
            if route[-1] == start and len(route) > 1:
                yield route[::-1]


def _lengths(points: Floats, edges: Sequence[Edge]) -> Floats:
    ends = np.array(edges, dtype=np.int64).reshape(-1, 2)
    found: Floats = np.linalg.norm(points[ends[:, 0]] - points[ends[:, 1]], axis=1)
    return found


def _line(start: Floats, end: Floats, rng: np.random.Generator, *, step_km: float, sway: float) -> Floats:
    """Return the points of a bent line between two points, without them.

    `sway` is the largest distance from the straight line as a share of its length.
    """
    along = end - start
    km = float(np.hypot(*along))
    share = np.linspace(0, 1, max(2, math.ceil(km / step_km) + 1))[1:-1, None]
    across = np.array([-along[1], along[0]])
    bow = sway * rng.uniform(-1, 1) * np.sin(np.pi * share)
    jitter = rng.uniform(-0.1, 0.1, share.shape) * min(step_km, km) / max(km, 1e-9)
    line: Floats = start + share * along + (bow + jitter * 0.3) * across
    return line


def _edge(a: int, b: int) -> Edge:
    return (a, b) if a < b else (b, a)


# ---- roads


def _add_roads(elements: geograph.Elements, country: Country, rng: np.random.Generator) -> None:
    """Add junctions and the roads between them; the expressways run beside."""
    junctions, of_city = _junctions(country, rng)
    edges = _neighbours(junctions)
    km = _lengths(junctions, edges)
    kind = {edge: "secondary" if chance < 0.25 else "tertiary" for edge, chance in
            zip(edges, rng.random(len(edges)), strict=True)}  # fmt: skip

    def routes(cities: Integers) -> Iterator[list[int]]:
        """Yield routes between neighbours among some cities; each network chooses its own way."""
        trips = [(of_city[cities[a]], of_city[cities[b]]) for a, b in _neighbours(country.points[cities])]
        yield from _routes(len(junctions), edges, km * rng.uniform(0.9, 1.3, len(km)), trips)

    for cities, name in ((np.arange(country.cities), "primary"), (country.largest(TRUNK_SHARE), "trunk")):
        for route in routes(cities):
            kind.update((_edge(a, b), name) for a, b in pairwise(route))
    nodes = [elements.add_node(_place(point), {}) for point in junctions]
    for (a, b), name in kind.items():
        inner = _line(junctions[a], junctions[b], rng, step_km=BEND_KM, sway=0.08)
        between = [elements.add_node(_place(point), {}) for point in inner]
        signs = SIGNS.get(name, ("",))
        sign = signs[int(rng.integers(len(signs)))]
        tags = {"highway": name, "surface": "asphalt"} | ({"maxspeed": sign} if sign else {})
        elements.add_way([nodes[a], *between, nodes[b]], tags)
    expressways = {
        _edge(a, b) for route in routes(country.largest(EXPRESSWAY_SHARE)) for a, b in pairwise(route)
    }
    _add_expressways(elements, junctions, nodes, sorted(expressways), set(of_city.tolist()), rng)


def _junctions(country: Country, rng: np.random.Generator) -> tuple[Floats, Integers]:
    """Return junctions on a disturbed lattice, km, and the one at the centre of each city."""
    side = math.sqrt(CITY_AREA_M2 * country.cities) / 1_000
    count = math.ceil(side / JUNCTION_KM) + 2
    grid = np.stack(np.meshgrid(np.arange(count), np.arange(count)), axis=-1).reshape(-1, 2) - 0.5
    junctions = (grid + rng.uniform(-0.35, 0.35, grid.shape)) * JUNCTION_KM
    _, nearest = cKDTree(junctions).query(country.points)
    junctions[nearest] = country.points
    return junctions, np.asarray(nearest, dtype=np.int64)


def _add_expressways(
    elements: geograph.Elements,
    junctions: Floats,
    nodes: Sequence[int],
    edges: Sequence[Edge],
    in_cities: set[int],
    rng: np.random.Generator,
) -> None:
    """Add two carriageways for each edge; slip roads lead to every other junction and to the cities."""
    passed = sorted({junction for edge in edges for junction in edge})
    beside = {one: elements.add_node(_place(junctions[one] + BESIDE_KM), {}) for one in passed}
    for a, b in edges:
        start, end = junctions[a] + BESIDE_KM, junctions[b] + BESIDE_KM
        middle = _line(start, end, rng, step_km=BEND_KM, sway=0.05)
        across = np.array([start[1] - end[1], end[0] - start[0]]) / max(float(np.hypot(*(end - start))), 1e-9)
        for from_, to, side in ((a, b, -1), (b, a, 1)):
            line = (middle + side * CARRIAGEWAY_KM * across)[::-side]
            between = [elements.add_node(_place(point), {}) for point in line]
            tags = {"highway": "motorway", "oneway": "yes", "maxspeed": "120", "surface": "asphalt"}
            elements.add_way([beside[from_], *between, beside[to]], tags)
    for one in passed:
        if one % 2 == 0 or one in in_cities:
            elements.add_way([beside[one], nodes[one]], {"highway": "motorway_link", "oneway": "no"})


# ---- railways


@dataclass(frozen=True)
class _Lines:
    """Tracks of one sort: the edges between cities, with their ways, and the station of each city."""

    edges: list[Edge]
    km: Floats
    ways: dict[Edge, int]
    stations: dict[int, int]


def _add_railways(elements: geograph.Elements, country: Country, rng: np.random.Generator) -> None:
    """Add conventional and high-speed lines, their stations and their trains."""
    points = country.points
    every = _neighbours(points)
    tree = set(generators.spanning_tree(generators.distances((points * 1_000).astype(np.int64))))
    chances = rng.random(len(every))
    kept = [edge for edge, chance in zip(every, chances, strict=True) if edge in tree or chance < 0.7]
    fast = country.largest(HIGH_SPEED_SHARE)
    trips = [(int(fast[a]), int(fast[b])) for a, b in _neighbours(points[fast])]
    found = _routes(country.cities, every, _lengths(points, every), trips)
    high = sorted({_edge(a, b) for route in found for a, b in pairwise(route)})
    main = set(country.largest(TRUNK_SHARE).tolist())
    speed = {edge: "160" if main.intersection(edge) else "120" for edge in kept}
    conventional = _add_tracks(elements, points, speed, np.array([0.8, -0.8]), rng)
    rapid = _add_tracks(elements, points, dict.fromkeys(high, "300"), np.array([-2.0, 1.5]), rng)
    stops_fast = set(fast.tolist())
    _add_trains(elements, country, rapid, _trips(fast, len(fast) * 3, rng), stops_fast, "high_speed", rng)
    middle = country.largest(TRUNK_SHARE)
    trips = _trips(middle, len(middle) * 2, rng)
    _add_trains(elements, country, conventional, trips, set(middle.tolist()), "long_distance", rng)
    _add_trains(elements, country, conventional, kept, set(range(country.cities)), "regional", rng)


def _trips(cities: Integers, count: int, rng: np.random.Generator) -> list[Edge]:
    """Draw different pairs of cities."""
    pairs = [(int(a), int(b)) for at, a in enumerate(cities) for b in cities[at + 1 :]]
    return [pairs[one] for one in sorted(rng.permutation(len(pairs))[:count].tolist())]


def _add_tracks(
    elements: geograph.Elements,
    points: Floats,
    speed: dict[Edge, str],
    offset: Floats,
    rng: np.random.Generator,
) -> _Lines:
    """Add a station for each city on a line, `offset` km from its centre, and a way for each edge."""
    cities = sorted({city for edge in speed for city in edge})
    station_tags = {"railway": "station", "train": "yes"}
    stations = {
        city: elements.add_node(_place(points[city] + offset), {**station_tags, "name": f"City {city + 1}"})
        for city in cities
    }
    ways = {}
    for (a, b), kmh in speed.items():
        line = _line(points[a] + offset, points[b] + offset, rng, step_km=TRACK_BEND_KM, sway=0.04)
        between = [elements.add_node(_place(point), {}) for point in line]
        tags = {"railway": "rail", "usage": "main", "maxspeed": kmh, "electrified": "contact_line"}
        tags |= {"highspeed": "yes"} if int(kmh) >= 250 else {}
        ways[a, b] = elements.add_way([stations[a], *between, stations[b]], tags)
    edges = list(speed)
    return _Lines(edges, _lengths(points, edges) / [int(kmh) for kmh in speed.values()], ways, stations)


def _add_trains(
    elements: geograph.Elements,
    country: Country,
    lines: _Lines,
    trips: Sequence[Edge],
    stops_at: set[int],
    service: str,
    rng: np.random.Generator,
) -> None:
    """Add the trains of each trip and direction; they call at its ends and at the cities of `stops_at`."""
    for route in _routes(country.cities, lines.edges, lines.km, trips):
        stops = [city for city in route if city in stops_at or city in (route[0], route[-1])]
        seconds = SERVICE_SECONDS // int(rng.integers(4, 24, endpoint=True))
        interval = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        for step in (1, -1):
            members = [("n", lines.stations[city], "stop") for city in stops[::step]]
            members += [("w", lines.ways[_edge(a, b)], "") for a, b in pairwise(route[::step])]
            name = " => ".join(f"City {city + 1}" for city in stops[::step][:: max(1, len(stops) - 1)])
            tags = {"type": "route", "route": "train", "service": service, "interval": interval, "name": name}
            elements.add_relation(members, tags)
