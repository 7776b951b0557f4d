"""Connect city centres and stations to the road network, and centres to nearby stations."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import KDTree

from networks.cities.table import Cities
from networks.intermodal.parameters import AccessParameters
from networks.network import Network
from networks.sphere import km_to_chord, nearest, unit_vectors

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Connectors:
    """Two-way connectors between rows of one table and rows of another, with their times in seconds [m]."""

    first: Ints
    second: Ints
    seconds: Ints

    def shifted(self, first: int, second: int) -> Connectors:
        """Return the connectors with constants added to the rows of either table."""
        return Connectors(self.first + first, self.second + second, self.seconds)


def cities_to_roads(cities: Cities, *, parameters: AccessParameters) -> Connectors:
    """Connect each city to its road node.

    Parameters
    ----------
    cities
        Snapped cities; one without a road node gets no connector.
    parameters
        Speed and detour factor of connectors, and the terminal time of each tier.

    Returns
    -------
    Connectors
        Rows of the cities, rows of the road nodes.
    """
    table = cities.table
    rows = np.flatnonzero(table["road_node"].to_numpy() >= 0).astype(np.int64)
    seconds = [
        parameters.terminal.of(str(tier)) + parameters.connector_s(float(km))
        for tier, km in zip(table["tier"].iloc[rows], table["road_snap_km"].iloc[rows], strict=True)
    ]
    return Connectors(rows, table["road_node"].to_numpy()[rows], _ints(seconds))


def stations_to_roads(
    road: Network, stations: gpd.GeoDataFrame, *, parameters: AccessParameters
) -> Connectors:
    """Connect each station to the nearest road node within the limit.

    Nodes of the largest component of the road network come before all other nodes within the limit.

    Parameters
    ----------
    road
        The road network.
    stations
        Points of the stations.
    parameters
        The distance limit, speed and detour factor of connectors, and the time at the station front.

    Returns
    -------
    Connectors
        Rows of `stations`, rows of the road nodes. A station beyond the limit gets no connector.
    """
    linked, main = _linked_and_main(road)
    places = shapely.get_coordinates(road.nodes.geometry.to_numpy())
    points = shapely.get_coordinates(stations.geometry.to_numpy())
    station_rows: list[int] = []
    node_rows: list[int] = []
    km: list[float] = []
    for nodes in (main, linked):
        missing = np.setdiff1d(np.arange(len(stations)), _ints(station_rows))
        if not len(nodes) or not len(missing):
            continue
        node, distance = nearest(points[missing], places, nodes)
        near = distance <= parameters.station_road_km
        station_rows += missing[near].tolist()
        node_rows += node[near].tolist()
        km += distance[near].tolist()
    seconds = [parameters.station_road_s + parameters.connector_s(d) for d in km]
    return Connectors(_ints(station_rows), _ints(node_rows), _ints(seconds))


def cities_to_stations(
    cities: Cities, stations: gpd.GeoDataFrame, *, parameters: AccessParameters
) -> Connectors:
    """Connect each city to all stations near its centre, with the access time of its tier.

    Parameters
    ----------
    cities
        The cities.
    stations
        Points of the stations.
    parameters
        The distance limit, and the access time of each tier.

    Returns
    -------
    Connectors
        Rows of the cities, rows of `stations`.
    """
    if not len(stations):
        return Connectors(_ints([]), _ints([]), _ints([]))
    tree, chord = KDTree(_on_sphere(stations)), km_to_chord(parameters.centre_station_km)
    pairs = [
        (row, int(station), parameters.centre_station.of(str(tier)))
        for row, (centre, tier) in enumerate(zip(_on_sphere(cities.table), cities.table["tier"], strict=True))
        for station in sorted(tree.query_ball_point(centre, chord))
    ]
    columns = np.array(pairs, dtype=np.int64).reshape(-1, 3).T
    return Connectors(columns[0], columns[1], columns[2])


def _linked_and_main(road: Network) -> tuple[Ints, Ints]:
    """Return the nodes with links, and those of them in the largest component."""
    linked = np.unique(road.links[["tail", "head"]].to_numpy())
    if not len(linked):
        return linked, linked
    component = road.components()[linked]
    return linked, linked[component == np.argmax(np.bincount(component))]


def _on_sphere(points: gpd.GeoDataFrame) -> NDArray[np.float64]:
    return unit_vectors(points.geometry.x.to_numpy(), points.geometry.y.to_numpy())


def _ints(values: list[int]) -> Ints:
    return np.array(values, dtype=np.int64)
