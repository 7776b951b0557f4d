"""Connect city centres and stations to the road network, and centres to nearby stations."""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import KDTree

from networks.cities.table import Cities
from networks.intermodal.parameters import AccessParameters
from networks.network import Network
from networks.sphere import chord_to_km, km_to_chord, nearest, unit_vectors

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Connectors:
    """Two-way connectors between rows of one table and rows of another, with their times in seconds [m].

    Attributes
    ----------
    first, second
        Rows in either table.
    seconds
        Times door to door.
    moving_s
        The part of these times that counts in vehicles; it grows with the distance and starts at 0.
    """

    first: Ints
    second: Ints
    seconds: Ints
    moving_s: Ints

    def shifted(self, first: int, second: int) -> Connectors:
        """Return the connectors with constants added to the rows of either table."""
        return replace(self, first=self.first + first, second=self.second + second)


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
        Rows of the cities, rows of the road nodes. In vehicles a drive starts and ends at the road node, so
        that nothing of the connector counts.
    """
    table = cities.table
    rows = np.flatnonzero(table["road_node"].to_numpy() >= 0).astype(np.int64)
    seconds = [
        parameters.terminal.of(str(tier)) + parameters.connector_s(float(km))
        for tier, km in zip(table["tier"].iloc[rows], table["road_snap_km"].iloc[rows], strict=True)
    ]
    return Connectors(rows, table["road_node"].to_numpy()[rows], _ints(seconds), np.zeros_like(rows))


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
        Rows of `stations`, rows of the road nodes. A station beyond the limit gets no connector. In vehicles
        the way to the station counts, the time at its front does not.
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
    moving_s = _ints([parameters.connector_s(d) for d in km])
    rows = _ints(station_rows), _ints(node_rows)
    return Connectors(*rows, moving_s + parameters.station_road_s, moving_s)


def cities_to_stations(
    cities: Cities, stations: gpd.GeoDataFrame, *, parameters: AccessParameters
) -> Connectors:
    """Connect each city to all stations near its centre, with the access time of its tier.

    In vehicles the access counts in proportion to the distance: nothing at the centre, all of it at the
    limit. This is slower than any train, so that a train which stops at more stations near a centre is no
    way to get there sooner. It never exceeds the access time door to door.

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
        return Connectors(_ints([]), _ints([]), _ints([]), _ints([]))
    limit_km, places = parameters.centre_station_km, _on_sphere(stations)
    tree, chord = KDTree(places), km_to_chord(limit_km)
    pairs = []
    for row, (centre, tier) in enumerate(zip(_on_sphere(cities.table), cities.table["tier"], strict=True)):
        near = _ints(sorted(tree.query_ball_point(centre, chord)))
        seconds = parameters.centre_station.of(str(tier))
        share = np.minimum(chord_to_km(np.linalg.norm(places[near] - centre, axis=1)) / limit_km, 1.0)
        moving_s = np.rint(seconds * share).astype(np.int64)
        pairs += [(row, at, seconds, s) for at, s in zip(near.tolist(), moving_s.tolist(), strict=True)]
    columns = np.array(pairs, dtype=np.int64).reshape(-1, 4).T
    return Connectors(columns[0], columns[1], columns[2], columns[3])


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
