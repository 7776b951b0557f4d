"""Join stations to roads and to the centres of cities that they lie near."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from networks.cities.table import Cities
from networks.intermodal.parameters import AccessParameters
from networks.network import Network
from networks.rail.geometry import chord_to_km, km_to_chord, on_sphere

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Connectors:
    """Two-way ties between rows of one table and rows of another, with seconds [m]."""

    first: Ints
    second: Ints
    seconds: Ints


def cities_to_roads(cities: Cities, *, parameters: AccessParameters) -> Connectors:
    """Tie each city to its road node.

    Parameters
    ----------
    cities
        The cities, snapped; one without a road node has no tie.
    parameters
        Speed and detour of the way, and the minutes of the tier.

    Returns
    -------
    Ties
        Rows of the cities, rows of the road nodes.
    """
    table = cities.table
    rows = np.flatnonzero(table["road_node"].to_numpy() >= 0).astype(np.int64)
    terminal = [parameters.terminal.of(str(tier)) for tier in table["tier"].iloc[rows]]
    way = [parameters.connector_s(float(km)) for km in table["road_snap_km"].iloc[rows]]
    return Connectors(
        rows, table["road_node"].to_numpy()[rows], np.array(terminal, dtype=np.int64) + _ints(way)
    )


def stations_to_roads(
    road: Network, stations: gpd.GeoDataFrame, *, parameters: AccessParameters
) -> Connectors:
    """Tie each station to the nearest road node within the limit.

    A node of the largest part of the road network goes before all others within the limit.

    Parameters
    ----------
    road
        The road network.
    stations
        Points of the stations.
    parameters
        The limit, speed and detour of the way, and the time at the front of the station.

    Returns
    -------
    Ties
        Rows of `stations`, rows of the road nodes; a station out of reach has no tie.
    """
    linked, main = _linked_and_main(road)
    station_rows: list[int] = []
    node_rows: list[int] = []
    km: list[float] = []
    where = _positions(stations)
    for nodes in (main, linked):
        missing = np.setdiff1d(np.arange(len(stations)), np.array(station_rows, dtype=np.int64))
        if not len(nodes) or not len(missing):
            continue
        nearest, distance = _nearest(_positions(road.nodes.iloc[nodes]), where[missing])
        near = distance <= parameters.station_road_km
        station_rows += missing[near].tolist()
        node_rows += nodes[nearest[near]].tolist()
        km += distance[near].tolist()
    seconds = [parameters.station_road_s + parameters.connector_s(d) for d in km]
    return Connectors(_ints(station_rows), _ints(node_rows), _ints(seconds))


def cities_to_stations(
    cities: Cities, stations: gpd.GeoDataFrame, *, parameters: AccessParameters
) -> Connectors:
    """Tie each city to the stations near its centre, in the minutes of its tier.

    Parameters
    ----------
    cities
        The cities.
    stations
        Points of the stations.
    parameters
        The distance, and the minutes of each tier.

    Returns
    -------
    Ties
        Rows of the cities, rows of `stations`.
    """
    if not len(stations):
        return Connectors(_ints([]), _ints([]), _ints([]))
    tree = cKDTree(_positions(stations))
    chord = km_to_chord(parameters.centre_station_km)
    pairs = [
        (row, int(station), parameters.centre_station.of(str(tier)))
        for row, (place, tier) in enumerate(zip(_positions(cities.table), cities.table["tier"], strict=True))
        for station in sorted(tree.query_ball_point(place, chord))
    ]
    columns = np.array(pairs, dtype=np.int64).reshape(-1, 3).T
    return Connectors(columns[0], columns[1], columns[2])


def _nearest(places: Floats, points: Floats) -> tuple[Ints, Floats]:
    chord, rows = cKDTree(places).query(points)
    return np.asarray(rows, dtype=np.int64), chord_to_km(np.asarray(chord, dtype=np.float64))


def _linked_and_main(road: Network) -> tuple[Ints, Ints]:
    tail, head = road.links["tail"].to_numpy(), road.links["head"].to_numpy()
    count = len(road.nodes)
    matrix = coo_array((np.ones(len(tail), dtype=np.int8), (tail, head)), shape=(count, count)).tocsr()
    linked = np.unique(np.concatenate([tail, head]))
    if not len(linked):
        return linked, linked
    part = connected_components(matrix, directed=False)[1][linked]
    return linked, linked[part == np.argmax(np.bincount(part))]


def _positions(points: gpd.GeoDataFrame) -> Floats:
    return on_sphere(points.geometry.x.to_numpy(), points.geometry.y.to_numpy())


def _ints(values: list[int]) -> Ints:
    return np.array(values, dtype=np.int64)
