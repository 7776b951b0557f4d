"""Build the access network: city centres, roads and station entrances as nodes and arcs."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from networks.cities.table import Cities
from networks.errors import SchemaError
from networks.intermodal.connectors import Connectors, cities_to_roads, cities_to_stations, stations_to_roads
from networks.intermodal.parameters import AccessParameters
from networks.network import Network
from networks.timegraph import Arcs

Ints = NDArray[np.int64]


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
    cities
        Cities snapped to `road`.
    parameters
        Times of the connectors.

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
    return AccessNetwork(
        nodes=_nodes(road, stations, cities),
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


def _nodes(road: Network, stations: gpd.GeoDataFrame, cities: Cities) -> pd.DataFrame:
    named = [
        ("city", cities.table["city_id"].astype(str).tolist(), cities.table),
        ("road", [str(row) for row in range(len(road.nodes))], road.nodes),
        ("station", [str(row) for row in stations.index], stations),
    ]
    return pd.concat(
        [node_rows(kind, [f"{kind}:{key}" for key in keys], table) for kind, keys, table in named],
        ignore_index=True,
    )


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
