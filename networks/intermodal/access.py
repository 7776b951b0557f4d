"""Lay out what is outside trains as nodes and arcs: centres, roads, fronts of stations."""

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
    """One copy of everything outside trains, its nodes numbered from 0.

    Nodes are the cities, then the road nodes, then the fronts of stations.

    Attributes
    ----------
    nodes
        The nodes, in the columns of a time graph.
    roads
        Arcs of the road network.
    city_road, station_road, city_station
        The ties, between rows of the nodes.
    cities, road_nodes, stations
        How many there are of each.
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
        """Rows of the fronts of stations."""
        return self.cities + self.road_nodes + np.arange(self.stations, dtype=np.int64)

    def arcs(self, *, free: bool) -> Arcs:
        """Make the arcs of this copy.

        Parameters
        ----------
        free
            Let every tie take 1 s, where only driving is to count.

        Returns
        -------
        Arcs
            Roads and ferries, and all ties in both directions.
        """
        ties = [
            ("connector", self.city_road),
            ("connector", self.station_road),
            ("access", self.city_station),
        ]
        pieces = [self.roads]
        for kind, tie in ties:
            seconds = np.ones_like(tie.seconds) if free else tie.seconds
            back = "egress" if kind == "access" else kind
            pieces += [
                Arcs.of(kind, tie.first, tie.second, seconds),
                Arcs.of(back, tie.second, tie.first, seconds),
            ]
        return Arcs.join(pieces)


def build_access_network(
    road: Network, stations: gpd.GeoDataFrame, cities: Cities, *, parameters: AccessParameters
) -> AccessNetwork:
    """Lay out cities, roads and stations.

    Parameters
    ----------
    road
        The road network, with times.
    stations
        Points of the stations; the index is their row in the rail network's nodes.
    cities
        The cities, snapped.
    parameters
        What ties take.

    Returns
    -------
    Outside
        One copy.

    Raises
    ------
    SchemaError
        When times of the road network are not computed yet, or a city is tied to a node that is not there.
    """
    _check(road, cities)
    first_road, first_station = len(cities), len(cities) + len(road.nodes)
    city_road = cities_to_roads(cities, parameters=parameters)
    station_road = stations_to_roads(road, stations, parameters=parameters)
    city_station = cities_to_stations(cities, stations, parameters=parameters)
    return AccessNetwork(
        nodes=_nodes(road, stations, cities),
        roads=_road_arcs(road).shifted(first_road),
        city_road=Connectors(city_road.first, city_road.second + first_road, city_road.seconds),
        station_road=Connectors(
            station_road.first + first_station, station_road.second + first_road, station_road.seconds
        ),
        city_station=Connectors(
            city_station.first, city_station.second + first_station, city_station.seconds
        ),
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
    faults += [f"{name} is tied to a road node that is not there" for name in cities.table["name"][beyond]]
    if faults:
        raise SchemaError(
            "road and cities do not fit together",
            faults=faults,
            remedy="Add travel times to the road network, then snap the cities to this same network.",
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
    """Make rows of a time graph's nodes.

    Parameters
    ----------
    kind
        city, road, station or stop.
    node_ids
        Their ids.
    points
        Table with their points.

    Returns
    -------
    pandas.DataFrame
        Columns `node_id`, `kind`, `lon`, `lat`.
    """
    return pd.DataFrame(
        {
            "node_id": pd.Series(node_ids, dtype=str),
            "kind": pd.Series([kind] * len(node_ids), dtype=str),
            "lon": points.geometry.x.to_numpy(dtype=np.float64),
            "lat": points.geometry.y.to_numpy(dtype=np.float64),
        }
    )
