"""Build the access network: city centres, roads and station entrances as nodes, connectors as arcs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import KDTree

from networks.cities.table import Cities
from networks.errors import SchemaError
from networks.intermodal.parameters import AccessParameters
from networks.network import Ints, Network
from networks.sphere import chord_to_km, km_to_chord, nearest, unit_vectors
from networks.timegraph import Arcs


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
    parameters
        The distance limit, speed and detour factor of connectors, and the time at the station front.

    Returns
    -------
    Connectors
        Rows of `stations`, rows of the road nodes. A station beyond the limit gets no connector. In vehicles
        the way to the station counts, the time at its front does not.
    """
    # The nodes with links, and those of them in the largest component.
    linked = main = np.unique(road.links[["tail", "head"]].to_numpy())
    if len(linked):
        component = road.components()[linked]
        main = linked[component == np.argmax(np.bincount(component))]
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


def _on_sphere(points: gpd.GeoDataFrame) -> NDArray[np.float64]:
    return unit_vectors(points.geometry.x.to_numpy(), points.geometry.y.to_numpy())


def _ints(values: list[int]) -> Ints:
    return np.array(values, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class AccessNetwork:
    """Everything outside trains, with nodes numbered from 0: cities, road nodes, station entrances.

    Attributes
    ----------
    nodes
        Nodes with the columns of `TimeGraph.nodes`.
    roads
        Arcs of the road network.
    city_road, station_road, city_station
        Connectors between rows of the nodes.
    cities, road_nodes, stations
        Number of nodes of each kind.
    """

    nodes: pd.DataFrame
    roads: Arcs
    city_road: Connectors
    station_road: Connectors
    city_station: Connectors
    cities: int
    road_nodes: int
    stations: int

    def __len__(self) -> int:
        """Return the number of nodes."""
        return self.cities + self.road_nodes + self.stations

    @property
    def entrance(self) -> Ints:
        """Rows of the station entrances."""
        return self.cities + self.road_nodes + np.arange(self.stations, dtype=np.int64)

    def arcs(self, *, in_vehicles: bool) -> Arcs:
        """Return the arcs of roads and ferries, and of all connectors in both directions.

        Parameters
        ----------
        in_vehicles
            Count only that part of each connector which counts in vehicles.
        """
        connectors = [
            ("connector", "connector", self.city_road),
            ("connector", "connector", self.station_road),
            ("access", "egress", self.city_station),
        ]
        pieces = [self.roads]
        for kind, reverse_kind, connector in connectors:
            seconds = connector.moving_s if in_vehicles else connector.seconds
            pieces += [
                Arcs.of(kind, connector.first, connector.second, seconds),
                Arcs.of(reverse_kind, connector.second, connector.first, seconds),
            ]
        return Arcs.join(pieces)


def build_access_network(
    road: Network, stations: gpd.GeoDataFrame, cities: Cities, *, parameters: AccessParameters
) -> AccessNetwork:
    """Build the access network of cities, roads and stations.

    Parameters
    ----------
    road
        The road network, with travel times.
    stations
        Points of the stations; the index is their row in the nodes of the rail network.

    Raises
    ------
    SchemaError
        If travel times are missing, or a city is snapped to a node that does not exist.
    """
    _check(road, cities)
    first_road, first_station = len(cities), len(cities) + len(road.nodes)
    city_road = cities_to_roads(cities, parameters=parameters)
    station_road = stations_to_roads(road, stations, parameters=parameters)
    city_station = cities_to_stations(cities, stations, parameters=parameters)
    named = [
        ("city", cities.table["city_id"], cities.table),
        ("road", range(len(road.nodes)), road.nodes),
        ("station", stations.index, stations),
    ]
    rows = [node_rows(kind, [f"{kind}:{key}" for key in keys], table) for kind, keys, table in named]
    return AccessNetwork(
        nodes=pd.concat(rows, ignore_index=True),
        roads=_road_arcs(road).shifted(first_road),
        city_road=city_road.shifted(0, first_road),
        station_road=station_road.shifted(first_station, first_road),
        city_station=city_station.shifted(0, first_station),
        cities=len(cities),
        road_nodes=len(road.nodes),
        stations=len(stations),
    )


def _check(road: Network, cities: Cities) -> None:
    faults = []
    unset = (road.links["forward_s"] == 0) | (road.links["backward_s"] == 0)
    if unset.any():
        faults.append(f"{int(unset.sum())} of {len(road.links)} links have no travel time yet")
    beyond = cities.table["road_node"] >= len(road.nodes)
    faults += [f"{name} is snapped to a missing road node" for name in cities.table["name"][beyond]]
    if faults:
        raise SchemaError(
            "the road network and the cities do not match",
            faults=faults,
            remedy="Add travel times to the road network, then snap the cities to this network.",
        )


def _road_arcs(road: Network) -> Arcs:
    links = road.links
    tail, head = links["tail"].to_numpy(), links["head"].to_numpy()
    ferry = (links["mode"] == "ferry").to_numpy()
    pieces = []
    for kind, of_kind in (("road", ~ferry), ("ferry", ferry)):
        for start, end, column in ((tail, head, "forward_s"), (head, tail, "backward_s")):
            seconds = links[column].to_numpy()
            rows = np.flatnonzero(of_kind & (seconds > 0) & (start != end))
            pieces.append(Arcs.of(kind, start[rows], end[rows], seconds[rows], ref=rows))
    return Arcs.join(pieces)


def node_rows(kind: str, node_ids: list[str], points: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return rows for `TimeGraph.nodes`.

    Parameters
    ----------
    kind
        `city`, `road`, `station` or `stop`.
    node_ids
        One id for each point.
    points
        Table with the positions of the nodes.
    """
    return pd.DataFrame(
        {
            "node_id": pd.Series(node_ids, dtype=str),
            "kind": pd.Series([kind] * len(node_ids), dtype=str),
            "lon": points.geometry.x.to_numpy(dtype=np.float64),
            "lat": points.geometry.y.to_numpy(dtype=np.float64),
        }
    )
