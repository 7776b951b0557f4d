"""Place the cities of a job, time all trips, and split the times into driving, waiting and the like."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from networks import cities as city_tables
from networks import intermodal, matrix, schema, simplify, skims, sphere
from networks.cities import Cities, CityNames, Snapped, UnknownCityError
from networks.errors import SchemaError
from networks.intermodal import AccessParameters, Definition, access
from networks.rail import RailBuild, RailReport, Running
from networks.road.speeds import speed_table
from networks.schema import Network
from networks.skims import UNREACHABLE, Arcs, TimeGraph
from networks.world import Area, Box
from optimiser.job.model import Job
from optimiser.proposals.base_case import great_circle_km
from optimiser.proposals.generate import OWN
from optimiser.proposals.prepare import city_pairs
from optimiser.proposals.roads import anchor_nodes
from optimiser.proposals.table import Candidates, number_arcs
from optimiser.run.reading import LEAST_RESIDENTS, MOST, PAIR, Networks, tier_thresholds, towns_around
from optimiser.run.source import Source

DEFINITIONS: tuple[Definition, ...] = ("door_to_door", "in_vehicle")
"""Both ways to count the time of a trip."""
SPEED_STEPS_KMH = (-15.0, 0.0, 15.0)
"""Changes of the average speed on expressways of a country that are tried, km/h."""
EXPRESSWAY = "motorway"
FEWEST = 500
"""Residents below which the unit is doubted: the longest list of towns of GeoNames begins here."""
FASTEST_KMH = 500
"""Speed that no trip on land reaches: the fastest train in service, the Shanghai maglev, runs at 431 km/h."""


@dataclass(frozen=True, slots=True)
class Times:
    """Cities and the times of all trips between them, by each definition; n cities.

    Attributes
    ----------
    cities
        Table of the cities, tied to `road`.
    graphs
        Road and rail joined.
    skims
        int64 [n, n], seconds.
    report
        Contents of `import_report.json`.
    road
        Contracted road network; empty where a matrix takes the place of a map.
    expressways
        float64 [links of `road`, 2]: km of expressway on each, and the seconds that they take.
    """

    cities: gpd.GeoDataFrame
    graphs: Mapping[Definition, TimeGraph]
    skims: Mapping[Definition, NDArray[np.int64]]
    report: Mapping[str, Any]
    road: Network
    expressways: NDArray[np.float64]

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what was amiss with the map, and what can hardly be right in the tables given."""
        counts, is_screening = self.report.get("rail"), self.report.get("screening", False)
        of_map = RailReport(**counts).warnings() if counts and not is_screening else ()
        return *of_map, *self._implausible()

    def _implausible(self) -> Iterator[str]:
        names, people = (self.cities[key].to_numpy() for key in ("name", "population"))
        few = np.flatnonzero((people > 0) & (people < FEWEST))
        if len(few):
            least = few[people[few].argmin()]
            yield (
                f"Cities with fewer than {FEWEST} residents: {len(few)} of {len(names)}, such as "
                f"{names[least]} with {people[least]}. Residents are counted one by one, not in thousands."
            )
        if "matrix" not in self.report:
            return
        (graph,), (seconds,) = self.graphs.values(), self.skims.values()
        has_way = np.zeros(seconds.shape, dtype=np.bool_)
        has_way[graph.tail, graph.head] = True
        if len(alone := np.argwhere(has_way & ~has_way.T)):
            yield (
                f"{len(alone)} pairs of cities have a time in one direction alone, such as "
                f"{' – '.join(names[alone[0]])}: no way back is read. A pair counts from the larger city to "
                "the smaller. Give both directions."
            )
        given, best = graph.seconds, seconds[graph.tail, graph.head]
        if count := np.count_nonzero(best < given):
            most = np.argmax(given - best)
            ends = " – ".join(names[[graph.tail[most], graph.head[most]]])
            yield (
                f"{count} of the {given.size} times given are slower than a way through a third city, which "
                f"counts in their place, such as {ends}: {given[most]:,} s given, {best[most]:,} s so."
            )
        at = sphere.unit_vectors(self.cities.geometry.x.to_numpy(), self.cities.geometry.y.to_numpy())
        km = sphere.chord_to_km(np.sqrt(np.maximum(2 - 2 * at @ at.T, 0)))
        yield from _too_fast("times", km, seconds, lambda *ends: " – ".join(names[[*ends]]))


def _too_fast(
    what: str, km: NDArray[np.float64], seconds: NDArray[np.int64], name: Callable[..., str]
) -> Iterator[str]:
    is_time = (seconds > 0) & (seconds < UNREACHABLE)
    kmh = np.divide(3600 * km, seconds, out=np.zeros_like(km), where=is_time)
    if count := np.count_nonzero(kmh > FASTEST_KMH):
        one = np.unravel_index(kmh.argmax(), kmh.shape)
        yield (
            f"{count} of the {what} given need more than {FASTEST_KMH} km/h in a straight line, such as "
            f"{name(*one)}, {km[one]:.0f} km in {seconds[one]:,} s ({kmh[one]:,.0f} km/h): is the unit of "
            "the table, seconds or minutes, the right one?"
        )


def warnings_of(times: Times, candidates: Candidates) -> tuple[str, ...]:
    """Return what was amiss with the map, and what can hardly be right in tables, own candidates included."""
    own = np.flatnonzero(candidates.table["kind"] == OWN)
    table = candidates.table.iloc[own]
    # The last arc of such a candidate is its run, of trains too.
    seconds = candidates.arcs.groupby("candidate")["seconds"].last().reindex(own).to_numpy()
    points = (shapely.get_coordinates(shapely.get_point(table.geometry.array, at)).T for at in (0, -1))
    km = great_circle_km(*next(points), *next(points))
    return *times.warnings, *_too_fast("candidates", km, seconds, table["candidate_id"].tolist().__getitem__)


def access_parameters(job: Job, source: Source) -> AccessParameters:
    """Return the assumptions of a job about trips outside roads and trains: its own, else the country's.

    Parameters
    ----------
    job, source
        The job and its data.
    """
    return AccessParameters.default(source.country, given=job.access.model_dump())


def compute_times(networks: Networks, job: Job, source: Source) -> Times:
    """Place the cities on the networks and compute the times of all trips.

    Parameters
    ----------
    networks
        The networks of the map.
    job, source
        The job and its data.
    """
    road, limit_km = networks.road, job.cities.snap_km
    found = load_cities(job, source, networks)
    rail = networks.rail if job.times.rail else None
    assumed = access_parameters(job, source)
    not_served: tuple[str, ...] = ()
    if len(road.links):
        road, snapped = snap_cities(road, found, job, source)
        contraction, cities, expressways = contracted(road, rail, snapped.cities)
        distance_km, out_of_reach = snapped.cities.table["road_snap_km"].dropna(), snapped.unsnapped
    else:
        contraction, expressways = road, np.zeros((0, 2))
        cities, not_served = _served(found, rail, assumed)
        distance_km, out_of_reach = pd.Series(dtype="float64"), ()
    unserved = cities.table["name"].drop(_near_stations(cities, rail, assumed)) if rail else ()
    stated = int(cities.table["extent_km"].notna().sum())
    cities = city_tables.with_extents(cities, networks.built_up.geometry)
    known = int(cities.table["extent_km"].notna().sum())
    graphs: dict[Definition, TimeGraph] = {
        definition: intermodal.join(contraction, rail, cities, parameters=assumed, definition=definition)
        for definition in DEFINITIONS
    }
    simplified = {
        "nodes_before": len(road.nodes),
        "links_before": len(road.links),
        "nodes": len(contraction.nodes),
        "links": len(contraction.links),
    }
    counts = {
        "cities": len(cities),
        "limit_km": limit_km,
        "farthest_km": round(float(distance_km.max()), 3) if len(distance_km) else None,
        "out_of_reach": [city.reason for city in out_of_reach],
        "not_served": list(not_served),
        "without_station": list(map(str, unserved)),
        "extents": {"table": stated, "map": known - stated, "residents": len(cities) - known},
        "residents_a_km2": assumed.residents_a_km2,
        "merged": [part._asdict() for part in found.merged],
        "notes": list(found.notes),
    }
    return Times(
        cities=cities.table,
        graphs=graphs,
        skims={definition: skims.travel_times(graph) for definition, graph in graphs.items()},
        report={**networks.report, "simplified": simplified, "snapped": counts},
        road=contraction,
        expressways=expressways,
    )


def _near_stations(found: Cities, rail: RailBuild, assumed: AccessParameters) -> NDArray[np.int64]:
    """Return the rows of the cities with a station of passenger trains near their centres."""
    stations = rail.network.nodes.iloc[np.unique(rail.services.stops["node"].to_numpy())]
    return np.unique(access.cities_to_stations(found, stations, parameters=assumed).first)


def _served(
    found: Cities, rail: RailBuild | None, assumed: AccessParameters
) -> tuple[Cities, tuple[str, ...]]:
    """Return the cities with a station near their centres, and the names of the others.

    Without roads no other city can travel.
    """
    if rail is None or not len(rail.services.stops):
        raise SchemaError(
            "there are neither roads nor trains that call at two stations",
            done="No travel times were computed.",
            remedy="Set times.rail = true, or give a map with roads or a timetable (region.gtfs).",
        )
    near, table = _near_stations(found, rail, assumed), found.table
    others = tuple(table["name"].astype(str).drop(table.index[near]))
    if len(near) < 2:
        raise SchemaError(
            f"{len(near)} of {len(table)} cities have a station within {assumed.centre_station_km:g} km, and "
            "a trip needs two",
            done="No travel times were computed.",
            remedy="Give cities with stations, raise access.centre_station_km, or give a map with roads.",
        )
    return Cities(table.iloc[near].reset_index(drop=True)), others


def snap_cities(road: Network, found: Cities, job: Job, source: Source) -> tuple[Network, Snapped]:
    """Return roads with nodes near the cities, and the cities tied to them.

    Parameters
    ----------
    road
        The roads of the map.
    found
        The cities.
    job, source
        The job and its data.

    Raises
    ------
    SnapError
        With all cities that are too far from any road.
    """
    limit_km = job.cities.snap_km
    near = city_tables.with_nodes_near(road, found, limit_km=limit_km)
    # Towns without roads are common around a place, and in the box of an extract; nobody asked for them.
    is_own = source.area is None and source.cities_from in ("csv", "region")
    closed = source.closed_borders if source.area else ()  # roads of extracts stay as they are tagged
    on_unsnapped: Literal["raise", "report"] = "raise" if is_own else "report"
    tied = city_tables.snap(found, near, limit_km=limit_km, on_unsnapped=on_unsnapped, closed_borders=closed)
    is_tied = (tied.cities.table["road_node"] >= 0).to_numpy()
    if is_tied.sum() < 2:
        raise SchemaError(
            f"the roads reach {is_tied.sum()} of {len(is_tied)} cities, and a trip needs two",
            where=source.title,
            faults=[city.reason for city in tied.unsnapped],
            done="Nothing was written.",
            remedy="Raise cities.snap_km, or choose a larger region.radius_km or map.",
        )
    reached = Cities(found.table[is_tied].reset_index(drop=True))
    if len(reached) == len(found):
        return near, tied
    # Roads are cut for no other cities than those that stay, so that whoever cuts them anew for these finds
    # the same nodes.
    near, again = snap_cities(road, reached, job, source)
    return near, replace(again, unsnapped=tied.unsnapped)


def read_matrix(job: Job, source: Source) -> Times:
    """Return cities and the times of a travel-time matrix, which count by the definition that the job names.

    Parameters
    ----------
    job, source
        The job and its data.
    """
    found, definition, file = load_cities(job, source), job.times.definition, source.files["region.matrix"]
    graph = matrix.load_times(file, found, definition=definition, in_order=job.cities.omx_in_order)
    return Times(
        cities=found.table,
        graphs={definition: graph},
        skims={definition: skims.travel_times(graph)},
        report={"matrix": file.name, "cities": len(found)},
        road=schema.empty_network(),
        expressways=np.zeros((0, 2)),
    )


def load_cities(job: Job, source: Source, networks: Networks | None = None) -> Cities:
    """Return the cities of a job; a trip needs at least two.

    Parameters
    ----------
    job, source
        The job and its data.
    networks
        The networks of the map, where the list of cities depends on them.
    """
    if "cities.file" in source.files:
        found = city_tables.load_csv(source.files["cities.file"], thresholds=tier_thresholds(job, source))
    elif source.area is not None and source.cities_from == "geonames":
        found = _of_geonames(source.area, job, source, reach=source.area)
    elif networks is not None and networks.places is not None:
        found = networks.places
    elif networks is not None and (source.cities_from == "geonames" or job.cities.source == "auto"):
        network = networks.road if len(networks.road.nodes) else networks.rail.network
        part, places = network.components(), network.nodes.geometry
        main = Box.around(places[part == np.bincount(part).argmax()])
        found = _of_geonames(Box.around(places), job, source, reach=main)
    else:
        raise SchemaError("the job names no table of cities", remedy="Give cities.file.")
    _rows(job.cities.keep, "cities.keep", found, source)
    if gone := _rows(job.cities.leave_out, "cities.leave_out", found, source):
        found = replace(found, table=found.table.drop(index=found.table.index[gone]).reset_index(drop=True))
    if len(found) < PAIR:
        raise SchemaError(
            f"there is {len(found) or 'no'} city, and a trip needs two",
            where=str(source.files.get("cities.file", source.title)),
            done="Nothing was written.",
            remedy="Name more cities, or lower cities.least_population.",
        )
    return found


def _rows(texts: Sequence[str], key: str, found: Cities, source: Source) -> list[int]:
    names = CityNames(found.table)
    try:
        return [names.row(text) for text in texts]
    except UnknownCityError as fault:
        remedy = "Write names as the source of the cities has them."
        raise SchemaError(f"{key}: {fault}", where=source.title, remedy=remedy) from fault


def _of_geonames(area: Area, job: Job, source: Source, reach: Area) -> Cities:
    """Return the cities of GeoNames, with a note where a job asked neither for them nor for so small ones."""
    towns, least = towns_around(area, job, reach, "" if source.has_map else job.region.country)
    counts, is_free = Counter(town.country for town in towns), job.cities.least_population is None
    told = ", ".join(f"{code} {count}" for code, count in counts.most_common())
    texts = (
        f"Cities of {len(counts)} countries ({told}); borders count as open but for region.closed_borders.",
        "Fewer than two places of the map are cities: those of GeoNames count (cities.source).",
        f"Cities are places from {least:,} residents: few have more (cities.least_population).",
        f"Cities are the {MOST} largest (cities.largest, cities.least_population).",
    )
    is_few, is_cut = least < LEAST_RESIDENTS[0], len(towns) == MOST and not job.cities.largest
    holds = (len(counts) > 1, source.cities_from == "osm", is_free and is_few, is_free and is_cut)
    notes = tuple(itertools.compress(texts, holds))
    return city_tables.from_towns(towns, thresholds=tier_thresholds(job, source), notes=notes)


def contracted(
    road: Network, rail: RailBuild | None, cities: Cities
) -> tuple[Network, Cities, NDArray[np.float64]]:
    """Contract a road network, except at cities, stations and ends of candidates.

    Parameters
    ----------
    road
        Road network with times, to which the cities are snapped.

    Returns
    -------
    tuple[Network, Cities, NDArray[np.float64]]
        What is left, the cities tied to it, and `Times.expressways`.
    """
    nodes = cities.table["road_node"].to_numpy()
    kept = [nodes[nodes >= 0], anchor_nodes(road)]
    if rail is not None and len(rail.stations):
        served = np.union1d(rail.stations["node"].to_numpy(), rail.services.stops["node"].to_numpy())
        stations = rail.network.nodes.iloc[served]
        kept.append(access.stations_to_roads(road, stations, parameters=AccessParameters.default()).second)
    found = simplify.contract(road, keep=np.unique(np.concatenate(kept)))
    moved = np.where(nodes >= 0, found.node_map[np.maximum(nodes, 0)], -1)
    # A contracted link may be an expressway for a part of its length.
    is_part = (road.links["link_class"] == EXPRESSWAY).to_numpy()[found.member, None]
    members = is_part * road.links[["length_km", "forward_s"]].to_numpy(dtype=np.float64)[found.member]
    tied = Cities(cities.table.assign(road_node=moved.astype(np.int64)))
    return found.network, tied, np.add.reduceat(members, found.member_ptr[:-1], axis=0)


def count_covered(
    cities: pd.DataFrame, skim: NDArray[np.int64], *, limit_s: int
) -> dict[str, dict[str, int]]:
    """Count the pairs of cities within the limit, by tier of the smaller city.

    Parameters
    ----------
    cities
        Table of n cities.
    skim
        int64 [n, n], seconds.
    limit_s
        The limit.

    Returns
    -------
    dict
        By tier, and for `all`: `pairs` and `covered`.
    """
    pairs = city_pairs(cities, skim, limit_s=limit_s)
    groups = {str(name): part for name, part in pairs.groupby("group", sort=True)} | {"all": pairs}
    return {
        name: {"pairs": len(part), "covered": int(part["covered_today"].sum())}
        for name, part in groups.items()
    }


def skim_table(times: Times) -> pd.DataFrame:
    """Return the skims in long form.

    Parameters
    ----------
    times
        The times.

    Returns
    -------
    pandas.DataFrame
        Columns `origin`, `destination` (city ids) and seconds by definition, empty where no path leads.
    """
    ids = times.cities["city_id"].astype(str).to_numpy()
    count = len(ids)
    table = pd.DataFrame({"origin": np.repeat(ids, count), "destination": np.tile(ids, count)})
    for definition, skim in times.skims.items():
        seconds = pd.Series(skim.ravel()).astype("Int64")
        table[f"{definition}_s"] = seconds.where(skim.ravel() != UNREACHABLE)
    return table


# ---- other speeds, further arcs


def expressway_speeds(road: Network, country: str) -> tuple[float, ...]:
    """Return the average speeds on expressways that are tried, km/h; none where there are no expressways."""
    if EXPRESSWAY not in set(road.links["link_class"]):
        return ()
    usual = speed_table(country).speed_kmh[EXPRESSWAY]
    return tuple(usual + step for step in SPEED_STEPS_KMH)


def with_arcs(graph: TimeGraph, arcs: pd.DataFrame) -> TimeGraph:
    """Return a time graph with further arcs, and nodes for ids that it lacks.

    Parameters
    ----------
    graph
        The graph.
    arcs
        As `Candidates.arcs`.

    Returns
    -------
    TimeGraph
        A new graph; the origins and destinations are the same.
    """
    found = number_arcs(graph, arcs)
    new = pd.DataFrame({"node_id": found.new_ids, "kind": "stop", "lon": np.nan, "lat": np.nan})
    added = Arcs.of("ride", found.tail, found.head, found.seconds)
    nodes = pd.concat([graph.nodes, new], ignore_index=True) if len(new) else graph.nodes
    return replace(graph, nodes=nodes).with_arcs(Arcs.join([graph.arcs(), added]))


# ---- what trips are made of

Ints = NDArray[np.int64]

PARTS = (
    "terminal", "driving", "check_in", "wait", "start", "riding", "stops", "transfer", "alighting", "other",
)  # fmt: skip
"""Parts of a trip: between a centre and the road or a station, and between a road and a station; on the
road; before departure; waiting; the time added once a ride; running; standing at stops; changing trains;
leaving the train; what is none of these (tables of times)."""

CITY, ROAD, FRONT, CHECKED, ARRIVALS, PLATFORMS, MET, MEETS, ABOARD, ARRIVED = range(10)
"""Places of nodes: centre, road node, front of a station, behind its check-in, where trains arrive, its
platforms; of a timed connection where trains arrive and where those that wait for them leave; a train before
departure, a train on arrival."""

EFFECTS = ("timed_transfer", "check_in")
"""Kinds of measures whose effect may be less than proposed."""

_BOARD = -1
"""Mark of an arc into a train, which is split further."""


def _part_of_places() -> Ints:
    """Return the part of an arc by the places of its tail and head, int64 [10, 10]."""
    table = np.full((10, 10), PARTS.index("other"), dtype=np.int64)
    for tails, heads, part in (
        ((CITY, ROAD, FRONT), (CITY, ROAD, FRONT), "terminal"),
        ((CITY,), (CITY,), "other"),
        ((ROAD,), (ROAD,), "driving"),
        ((FRONT,), (CHECKED,), "check_in"),
        ((ABOARD,), (ARRIVED, MET), "riding"),
        ((MET,), (MEETS,), "transfer"),
        ((MEETS,), (ARRIVED,), "riding"),
        ((ARRIVED,), (ABOARD,), "stops"),
        ((ARRIVED,), (PLATFORMS, ARRIVALS), "transfer"),
        ((ARRIVALS,), (PLATFORMS,), "transfer"),
        ((ARRIVED,), (FRONT,), "alighting"),
    ):
        table[np.ix_(tails, heads)] = PARTS.index(part)
    table[[FRONT, CHECKED, PLATFORMS], ABOARD] = _BOARD
    return table


def places(ids: Sequence[str]) -> Ints:
    """Return the place of each node by its id, int64 [n].

    Parameters
    ----------
    ids
        Ids of a time graph and of the arcs of candidates; copies for times in vehicles count like the node.
    """
    names = pd.Series(ids, dtype=str)
    found = np.full(len(names), ABOARD, dtype=np.int64)
    for prefix, place in (("city:", CITY), ("road:", ROAD), ("station:", FRONT), ("new:station/", FRONT)):
        found[names.str.startswith(prefix).to_numpy(dtype=bool)] = place
    for suffix, place in (
        ("/check-in-hsr", CHECKED),
        ("/check-in-conv", CHECKED),
        ("/arrivals", ARRIVALS),
        ("/platforms", PLATFORMS),
        ("/from", MET),
        ("/to", MEETS),
        ("/arrived", ARRIVED),
    ):
        found[names.str.endswith(suffix).to_numpy(dtype=bool)] = place
    return found


@dataclass(frozen=True, slots=True)
class SplitArcs:
    """The arcs of today and of all candidates, each with its seconds by part.

    Attributes
    ----------
    today
        Number of arcs of today, which come first.
    parts
        int64 [m, parts], seconds; the rows sum to the seconds of the arcs.
    near_front
        bool [m]: arcs between the front of a station and a centre or a road: a drive to the station from the
        centre is an access trip too, and takes about as long as the others.
    effect
        int64 [m], the place in `EFFECTS` of the kind of measure that an arc belongs to, -1 for none.
    saved
        int64 [m], seconds that such a measure saves between the ends of the arc; 0 for other arcs.
    """

    today: int
    parts: Ints
    near_front: NDArray[np.bool_]
    effect: Ints
    saved: Ints

    @property
    def seconds(self) -> Ints:
        """Return the seconds of the arcs, int64 [m]."""
        return np.asarray(self.parts.sum(axis=1), dtype=np.int64)


def split_arcs(graph: TimeGraph, candidates: Candidates) -> SplitArcs:
    """Split the arcs of a time graph and of candidates into parts.

    Parameters
    ----------
    graph
        The graph of today.
    candidates
        What may be built, whether fixed or not.

    Notes
    -----
    The ids of the ends say what an arc is. An arc from behind the check-in, or from the platforms, into a
    train holds wait and start. One from the front of a station holds the check-in too: what it has more than
    the arc from the platforms into the same train.
    """
    ids = graph.nodes["node_id"].tolist()
    arcs = number_arcs(graph, candidates.arcs)
    place = places([*ids, *arcs.new_ids])
    tail, head, seconds = arcs.joined(graph)
    candidate = np.concatenate([np.full(len(graph.tail), -1, dtype=np.int64), arcs.candidate])
    part = _part_of_places()[place[tail], place[head]]
    parts = np.zeros((len(tail), len(PARTS)), dtype=np.int64)
    plain = part != _BOARD
    parts[np.flatnonzero(plain), part[plain]] = seconds[plain]
    boards = np.flatnonzero(~plain)
    change = _change_s(candidate[boards], head[boards], seconds[boards], place[tail[boards]] == PLATFORMS)
    start = np.minimum(seconds[boards], Running.default().start_s)
    most = np.where(place[tail[boards]] == FRONT, change, seconds[boards])
    wait = np.clip(np.minimum(most - start, seconds[boards] - start), 0, None)
    parts[boards, PARTS.index("start")] = start
    parts[boards, PARTS.index("wait")] = wait
    parts[boards, PARTS.index("check_in")] = seconds[boards] - start - wait
    near = np.isin(place[[tail, head]], (CITY, ROAD, FRONT)).all(axis=0)
    near &= (place[tail] == FRONT) ^ (place[head] == FRONT)
    kinds = candidates.table["kind"].map(lambda kind: EFFECTS.index(kind) if kind in EFFECTS else -1)
    effect = np.append(kinds.to_numpy(dtype=np.int64), -1)[candidate]
    instead_s = candidates.arcs.get("instead_s", candidates.arcs["seconds"]).to_numpy(dtype=np.int64)
    saved = np.concatenate([np.zeros(len(graph.tail), dtype=np.int64), instead_s - arcs.seconds])
    return SplitArcs(len(graph.tail), parts, near, effect, saved)


def _change_s(candidate: Ints, train: Ints, seconds: Ints, is_change: NDArray[np.bool_]) -> Ints:
    """Return for each arc into a train the seconds of its owner's, else today's, arc from the platforms."""
    arcs = pd.DataFrame({"candidate": candidate, "train": train, "seconds": seconds})
    change = arcs[is_change].groupby(["candidate", "train"])["seconds"].min()
    keys = arcs[["candidate", "train"]]
    own, today = (
        change.reindex(pd.MultiIndex.from_frame(one)).reset_index(drop=True)
        for one in (keys, keys.assign(candidate=-1))
    )
    return own.fillna(today).fillna(arcs["seconds"]).to_numpy(dtype=np.int64)


def trip_parts(graph: TimeGraph, candidates: Candidates, ends: Ints) -> Ints:
    """Return the seconds by part of the fastest trips with everything built.

    Parameters
    ----------
    graph
        The graph of today.
    candidates
        What is built.
    ends
        int64 [n, 2], positions of the cities at which the trips start and end.

    Returns
    -------
    numpy.ndarray
        int64 [n, parts]; zeros where no path leads.
    """
    parts, found = split_arcs(graph, candidates).parts, np.zeros((len(ends), len(PARTS)), dtype=np.int64)
    origins = np.unique(ends[:, 0]).tolist()
    for origin, ways in zip(origins, skims.paths(with_arcs(graph, candidates.arcs), origins), strict=True):
        for trip in np.flatnonzero(ends[:, 0] == origin).tolist():
            if (way := ways.get(int(ends[trip, 1]))) is not None:
                found[trip] = parts[way.arcs].sum(axis=0)
    return found
