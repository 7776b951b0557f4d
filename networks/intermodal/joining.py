"""Join roads and trains into one graph, under one of two definitions of travel time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from networks.cities.table import Cities
from networks.intermodal import trains
from networks.intermodal.access import AccessNetwork, build_access_network, node_rows
from networks.intermodal.parameters import AccessParameters
from networks.intermodal.trains import HALLS, Halls, Stops, with_common_lines
from networks.network import Network, Services
from networks.rail.builder import RailBuild
from networks.timegraph import Arcs, TimeGraph

Definition = Literal["door_to_door", "in_vehicle"]

_COPIES = ("", "/between", "/after")
"""Suffixes of the node ids in the three copies of the access network for times in vehicles."""
_FREE_S = 1
"""Time of an arc that does not count, the least that a time graph allows."""


def join(
    road: Network,
    rail: RailBuild | None,
    cities: Cities,
    *,
    parameters: AccessParameters | None = None,
    definition: Definition = "door_to_door",
) -> TimeGraph:
    """Join roads, stations, trains and city centres.

    **door_to_door**: from centre to centre. A trip drives all the way, or it travels to a station (in the
    access time of the city's tier if the station is near its centre, or by road if that is faster), arrives
    there before departure, waits half the headway, rides, transfers, and travels from the last station to the
    centre likewise. It may also transfer between stations by road.

    **in_vehicle**: driving, riding, and the time between trains at a transfer. Of the connectors at both
    ends of a trip only the way to a station counts, in proportion to its distance, so that further stops of
    a train near a centre bring nobody there sooner; there is no wait for the first train, and nothing is
    lost between a centre and its road node. The graph therefore contains the access network
    three times: before the first train, between trains (where all times count) and after the last train. A
    path reaches a later copy only by using a train, or at its end, so the times are exact.

    Services of known times that join the same two stations are combined (`common_lines`); in vehicles the
    ride takes the mean of the combined trains.

    Parameters
    ----------
    road
        The road network, with travel times; contract it first to save time.
    rail
        The rail network with services and stations; None for roads alone.
    parameters
        Times of access, waiting and transfers; None for those of the packaged table.
    definition
        Definition of travel time.

    Returns
    -------
    TimeGraph
        Every arc takes at least 1 s.

    Raises
    ------
    SchemaError
        If road travel times are missing, or the cities are snapped to another network.
    """
    assumed = parameters or AccessParameters.default()
    stations = road.nodes.iloc[:0]
    if rail is not None:  # the index of a station is its row in the rail network
        served = np.union1d(rail.stations["node"].to_numpy(), rail.services.stops["node"].to_numpy())
        stations = rail.network.nodes.iloc[served]
    access = build_access_network(road, stations, cities, parameters=assumed)
    if rail is None or not len(rail.services.stops):
        arcs, centres = access.arcs(in_vehicles=definition == "in_vehicle"), np.arange(access.cities)
        return TimeGraph.of(access.nodes, arcs, origin=centres, destination=centres, definition=definition)
    copies = 1 if definition == "door_to_door" else len(_COPIES)
    services = with_common_lines(rail.services, assumed, alone=definition == "door_to_door")
    train = _train_nodes(services, rail, stations, assumed, first_row=copies * len(access))
    if definition == "door_to_door":
        return _door_to_door(access, train, assumed)
    return _in_vehicle(access, train, assumed)


@dataclass(frozen=True, slots=True)
class _TrainNodes:
    """Nodes of halls and stops, numbered after those of the access network."""

    nodes: pd.DataFrame
    halls: Halls
    stops: Stops


def _train_nodes(
    services: Services,
    rail: RailBuild,
    stations: gpd.GeoDataFrame,
    assumed: AccessParameters,
    *,
    first_row: int,
) -> _TrainNodes:
    station_of_node = np.full(len(rail.network.nodes), -1, dtype=np.int64)
    station_of_node[stations.index.to_numpy()] = np.arange(len(stations))
    stops = Stops.of(
        services,
        parameters=assumed,
        station_of_node=station_of_node,
        first_row=first_row + len(HALLS) * len(stations),
    )
    keys = services.lines["service_id"].to_numpy()[stops.service]
    ids = [f"stop:{key}/{seq}" for key, seq in zip(keys, services.stops["seq"], strict=True)]
    at = stations.iloc[stops.station]
    nodes = [
        *(
            node_rows("station", [f"station:{row}/{hall}" for row in stations.index], stations)
            for hall in HALLS
        ),
        node_rows("stop", ids, at),
        node_rows("stop", [f"{name}/arrived" for name in ids], at),
    ]
    return _TrainNodes(
        nodes=pd.concat(nodes, ignore_index=True),
        halls=Halls(first_row, len(stations)),
        stops=stops,
    )


def _door_to_door(access: AccessNetwork, train: _TrainNodes, assumed: AccessParameters) -> TimeGraph:
    centres = np.arange(access.cities, dtype=np.int64)
    arcs = [
        access.arcs(in_vehicles=False),
        trains.ride_arcs(train.stops),
        trains.transfer_arcs(train.stops, train.halls, parameters=assumed),
        trains.boarding_arcs(train.stops, access.entrance, train.halls, parameters=assumed),
        trains.alighting_arcs(train.stops, access.entrance, seconds=assumed.alight_s),
    ]
    nodes = pd.concat([access.nodes, train.nodes], ignore_index=True)
    return TimeGraph.of(
        nodes, Arcs.join(arcs), origin=centres, destination=centres, definition="door_to_door"
    )


def _in_vehicle(access: AccessNetwork, train: _TrainNodes, assumed: AccessParameters) -> TimeGraph:
    before, between, after = (copy * len(access) for copy in range(len(_COPIES)))
    entrance, stops = access.entrance, train.stops
    centres = np.arange(access.cities, dtype=np.int64)
    city_road = access.city_road
    arcs = [
        access.arcs(in_vehicles=True),
        access.arcs(in_vehicles=False).shifted(between),
        access.arcs(in_vehicles=True).shifted(after),
        trains.ride_arcs(stops),
        trains.transfer_arcs(stops, train.halls, parameters=assumed),
        trains.boarding_arcs(stops, entrance + before, None, parameters=assumed),
        trains.alighting_arcs(stops, entrance + between, seconds=assumed.alight_s),
        trains.boarding_arcs(stops, entrance + between, train.halls, parameters=assumed),
        trains.alighting_arcs(stops, entrance + after, seconds=_FREE_S),
        # A trip without trains goes from the first copy to the last at its end.
        Arcs.of("connector", city_road.second + before, city_road.first + after, _FREE_S),
        Arcs.of("connector", centres + before, centres + after, _FREE_S),
    ]
    copies = [access.nodes.assign(node_id=access.nodes["node_id"] + suffix) for suffix in _COPIES]
    nodes = pd.concat([*copies, train.nodes], ignore_index=True)
    return TimeGraph.of(
        nodes,
        Arcs.join(arcs),
        origin=centres + before,
        destination=centres + after,
        definition="in_vehicle",
    )
