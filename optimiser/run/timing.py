"""Place the cities of a job and compute the times of all trips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from networks import cities as city_tables
from networks import intermodal, matrix, simplify, skims
from networks.cities import Cities, Unsnapped
from networks.errors import SchemaError
from networks.intermodal import AccessParameters
from networks.intermodal.connectors import stations_to_roads
from networks.network import Network
from networks.rail import RailBuild
from networks.timegraph import UNREACHABLE
from optimiser.job.model import LoadedJob
from optimiser.proposals.prepare import city_pairs
from optimiser.proposals.roads import anchor_nodes
from optimiser.run import store
from optimiser.run.reading import thresholds
from optimiser.run.source import Source

Definition = Literal["door_to_door", "in_vehicle"]
DEFINITIONS: tuple[Definition, ...] = ("door_to_door", "in_vehicle")
"""Both ways to count the time of a trip."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Cities on a contracted road network, with the railways beside it.

    Attributes
    ----------
    road
        Contracted road network.
    row_before
        int64 [nodes of `road`]: their rows in the network before.
    row_after
        int64 [nodes before]: their rows in `road`, -1 for those that are gone.
    rail
        Railways; None without tracks.
    cities
        The cities, tied to `road`.
    """

    road: Network
    row_before: NDArray[np.int64]
    row_after: NDArray[np.int64]
    rail: RailBuild | None
    cities: Cities


def write_times(folder: Path, networks: Path, loaded: LoadedJob, source: Source) -> None:
    """Write cities, contracted roads, both time graphs and their skims.

    Parameters
    ----------
    folder
        Where the files go.
    networks
        Folder of the networks.
    loaded, source
        The job and its data.
    """
    road = store.load_network(networks, "road")
    found = load_cities(source, loaded, networks=networks, road=road)
    job = loaded.job
    road = city_tables.with_nodes_near(road, found, limit_km=job.cities.snap_km)
    snapped = city_tables.snap(found, road, limit_km=job.cities.snap_km, on_unsnapped="raise")
    rail = store.load_rail(networks) if job.times.rail else None
    placed = place(road, rail, snapped.cities, keep=anchor_nodes(road))
    for definition in DEFINITIONS:
        graph = intermodal.join(placed.road, placed.rail, placed.cities, definition=definition)
        store.save_graph(folder, definition, graph)
        store.save_array(folder, f"skim_{definition}", skims.travel_times(graph))
    store.save_network(folder, "road", placed.road)
    store.save_array(folder, "row_before", placed.row_before)
    placed.cities.table.to_parquet(folder / "cities.parquet")
    report = store.load_json(networks / "import_report.json")
    report["simplified"] = {
        "nodes_before": len(road.nodes),
        "links_before": len(road.links),
        "nodes": len(placed.road.nodes),
        "links": len(placed.road.links),
    }
    report["snapped"] = _snap_counts(snapped.cities, snapped.unsnapped, limit_km=job.cities.snap_km)
    store.save_json(folder / "import_report.json", report)


def write_matrix(folder: Path, loaded: LoadedJob, source: Source) -> None:
    """Write cities and the time graph of a travel-time matrix.

    Parameters
    ----------
    folder
        Where the files go.
    loaded, source
        The job and its data; the matrix counts as the definition that the job names.
    """
    if source.matrix_file is None:
        raise SchemaError("the job has no travel-time matrix")
    found = load_cities(source, loaded)
    definition = loaded.job.times.definition
    graph = matrix.load_times(source.matrix_file, found, definition=definition)
    store.save_graph(folder, definition, graph)
    store.save_array(folder, f"skim_{definition}", skims.travel_times(graph))
    found.table.to_parquet(folder / "cities.parquet")
    store.save_json(folder / "import_report.json", {"matrix": source.matrix_file.name, "cities": len(found)})


def load_cities(
    source: Source, loaded: LoadedJob, *, networks: Path | None = None, road: Network | None = None
) -> Cities:
    """Return the cities of a job.

    Parameters
    ----------
    source, loaded
        The job and its data.
    networks
        Folder of the networks, for place nodes of the map.
    road
        Road network, whose box GeoNames cities are taken from.

    Returns
    -------
    Cities
        At least two cities.

    Raises
    ------
    SchemaError
        When there are fewer than two.
    """
    job = loaded.job
    tiers = thresholds(job)
    if source.cities_file is not None:
        found = city_tables.load_csv(source.cities_file, thresholds=tiers)
    elif source.cities_from == "geonames" and road is not None:
        box = tuple(float(edge) for edge in road.nodes.total_bounds)
        found = city_tables.from_geonames(box, min_population=job.cities.least_population, thresholds=tiers)
    elif networks is not None:
        found = Cities(gpd.read_parquet(networks / "cities.parquet"))
    else:
        raise SchemaError("the job names no table of cities", remedy="Give cities.file.")
    if len(found) < 2:
        raise SchemaError(
            f"there is {len(found)} city, and a trip needs two",
            where=str(source.cities_file or loaded.name),
            done="Nothing was written.",
            remedy="Name more cities, or lower cities.least_population.",
        )
    return found


def place(
    road: Network,
    rail: RailBuild | None,
    cities: Cities,
    *,
    keep: NDArray[np.int64] | None = None,
) -> Placed:
    """Contract the roads round what must stay, and tie the cities to what is left.

    Parameters
    ----------
    road
        Road network with times, to which the cities are snapped.
    rail
        Railways; the road nodes of their stations stay.
    cities
        Snapped cities.
    keep
        Further rows of road nodes that stay.

    Returns
    -------
    Placed
        All of it, on one network.
    """
    nodes = cities.table["road_node"].to_numpy()
    further = np.zeros(0, dtype=np.int64) if keep is None else keep
    stay = np.unique(np.concatenate([nodes[nodes >= 0], _station_nodes(road, rail), further]))
    contraction = simplify.contract(road, keep=stay, prune=False)
    row_before = np.zeros(len(contraction.network.nodes), dtype=np.int64)
    left = np.flatnonzero(contraction.node_map >= 0)
    row_before[contraction.node_map[left]] = left
    moved = np.where(nodes >= 0, contraction.node_map[np.maximum(nodes, 0)], -1)
    table = cities.table.assign(road_node=moved.astype(np.int64))
    return Placed(
        road=contraction.network,
        row_before=row_before,
        row_after=contraction.node_map,
        rail=rail,
        cities=Cities(table),
    )


def covered_today(
    cities: pd.DataFrame, skim: NDArray[np.int64], *, limit_s: int
) -> dict[str, dict[str, int]]:
    """Count the pairs of cities within the limit, by tier of the smaller city.

    Parameters
    ----------
    cities
        Table of the cities.
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


def skim_table(
    cities: pd.DataFrame, skims_by_definition: Mapping[Definition, NDArray[np.int64]]
) -> pd.DataFrame:
    """Return skims in long form.

    Parameters
    ----------
    cities
        Table of the cities.
    skims_by_definition
        int64 [n, n] seconds by definition.

    Returns
    -------
    pandas.DataFrame
        Columns `origin`, `destination` (city ids) and seconds by definition, empty where no path leads.
    """
    ids = cities["city_id"].astype(str).to_numpy()
    count = len(ids)
    table = pd.DataFrame({"origin": np.repeat(ids, count), "destination": np.tile(ids, count)})
    for definition, skim in skims_by_definition.items():
        seconds = pd.Series(skim.ravel()).astype("Int64")
        table[f"{definition}_s"] = seconds.where(skim.ravel() != UNREACHABLE)
    return table


def _station_nodes(road: Network, rail: RailBuild | None) -> NDArray[np.int64]:
    """Return the road nodes that stations are tied to."""
    if rail is None or not len(rail.stations):
        return np.zeros(0, dtype=np.int64)
    served = np.union1d(rail.stations["node"].to_numpy(), rail.services.stops["node"].to_numpy())
    ties = stations_to_roads(road, rail.network.nodes.iloc[served], parameters=AccessParameters.default())
    return ties.second


def _snap_counts(cities: Cities, missed: tuple[Unsnapped, ...], *, limit_km: float) -> dict[str, object]:
    km = cities.table["road_snap_km"].dropna()
    return {
        "cities": len(cities),
        "limit_km": limit_km,
        "farthest_km": round(float(km.max()), 3) if len(km) else None,
        "out_of_reach": [city.reason for city in missed],
    }
