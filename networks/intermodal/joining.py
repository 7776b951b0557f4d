"""Join roads and trains into one graph of integer seconds, under one of two definitions of travel time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from networks.cities.table import Cities
from networks.intermodal import access as outside
from networks.intermodal import trains
from networks.intermodal.access import AccessNetwork, node_rows
from networks.intermodal.parameters import AccessParameters
from networks.intermodal.trains import Stops
from networks.network import Network
from networks.rail.builder import RailBuild
from networks.timegraph import Arcs, TimeGraph

Definition = Literal["door_to_door", "in_vehicle"]

_COPIES = ("", "/between", "/after")
_TIE_S = 1

Ints = NDArray[np.int64]


def join(
    road: Network,
    rail: RailBuild | None,
    cities: Cities,
    *,
    parameters: AccessParameters | None = None,
    definition: Definition = "door_to_door",
) -> TimeGraph:
    """Join roads, stations, trains and city centres.

    **door_to_door**: from centre to centre. A trip may drive all the way, or get to a station (in the minutes
    of the city's tier for stations near its centre, or by road, whichever is quicker), be there before
    departure, wait half the headway, ride, change, and get from the last station to the centre likewise. A
    trip may change between stations by road.

    **in_vehicle**: driving, riding, and the time between trains at a change. Ties at either end take 1 s, and
    the first train needs no wait. For this the nodes outside trains are there three times: before the first
    train, between trains (where all times count) and after the last, so that the times are exact.

    Parameters
    ----------
    road
        The road network, with times; best contracted.
    rail
        The rail network with services and stations; None for roads alone.
    cities
        The cities, snapped to `road`.
    parameters
        Access, waits and changes; None for those of the packaged table.
    definition
        What counts as travel time.

    Returns
    -------
    TimeGraph
        Every arc takes 1 s or more.

    Raises
    ------
    SchemaError
        When road times are missing or cities are snapped to another network.
    """
    assumed = parameters or AccessParameters.default()
    stations = _stations(rail, road)
    around = outside.build_access_network(road, stations, cities, parameters=assumed)
    if rail is None or not len(rail.services.stops):
        return _roads_only(around, definition)
    copies = 1 if definition == "door_to_door" else len(_COPIES)
    inside = _train_nodes(rail, stations, first_row=copies * len(around))
    if definition == "door_to_door":
        return _door_to_door(around, inside, assumed)
    return _in_vehicle(around, inside, assumed)


@dataclass(frozen=True, slots=True)
class _TrainNodes:
    """Platforms and stops: their nodes, the first of which has a given row."""

    nodes: pd.DataFrame
    platforms: Ints
    stops: Stops


def _stations(rail: RailBuild | None, road: Network) -> gpd.GeoDataFrame:
    """Return the rail network's nodes that are stations; the index is their row there."""
    if rail is None:
        return road.nodes.iloc[:0]
    served = np.union1d(rail.stations["node"].to_numpy(), rail.services.stops["node"].to_numpy())
    return rail.network.nodes.iloc[served]


def _train_nodes(rail: RailBuild, stations: gpd.GeoDataFrame, *, first_row: int) -> _TrainNodes:
    station_of_node = np.full(len(rail.network.nodes), -1, dtype=np.int64)
    station_of_node[stations.index.to_numpy()] = np.arange(len(stations))
    stops = Stops.of(rail.services, station_of_node=station_of_node, first_row=first_row + len(stations))
    keys = rail.services.lines["service_id"].to_numpy()[stops.service]
    ids = [f"stop:{key}/{seq}" for key, seq in zip(keys, rail.services.stops["seq"], strict=True)]
    at = stations.iloc[stops.station]
    nodes = [
        node_rows("station", [f"station:{row}/platforms" for row in stations.index], stations),
        node_rows("stop", ids, at),
        node_rows("stop", [f"{name}/arrived" for name in ids], at),
    ]
    return _TrainNodes(
        nodes=pd.concat(nodes, ignore_index=True),
        platforms=first_row + np.arange(len(stations), dtype=np.int64),
        stops=stops,
    )


def _roads_only(around: AccessNetwork, definition: Definition) -> TimeGraph:
    centres = np.arange(around.cities, dtype=np.int64)
    return _graph(around.nodes, around.arcs(free=definition == "in_vehicle"), centres, centres, definition)


def _door_to_door(around: AccessNetwork, inside: _TrainNodes, assumed: AccessParameters) -> TimeGraph:
    centres = np.arange(around.cities, dtype=np.int64)
    arcs = [
        around.arcs(free=False),
        *_train_arcs(inside, assumed),
        trains.boarding_arcs(inside.stops, around.entrance, parameters=assumed, first=False),
        trains.alighting_arcs(inside.stops, around.entrance, seconds=assumed.alight_s),
    ]
    nodes = pd.concat([around.nodes, inside.nodes], ignore_index=True)
    return _graph(nodes, Arcs.join(arcs), centres, centres, "door_to_door")


def _in_vehicle(around: AccessNetwork, inside: _TrainNodes, assumed: AccessParameters) -> TimeGraph:
    before, between, after = (copy * len(around) for copy in range(len(_COPIES)))
    fronts, stops = around.entrance, inside.stops
    centres = np.arange(around.cities, dtype=np.int64)
    tie = around.city_road
    arcs = [
        around.arcs(free=True),
        around.arcs(free=False).shifted(between),
        around.arcs(free=True).shifted(after),
        *_train_arcs(inside, assumed),
        trains.boarding_arcs(stops, fronts + before, parameters=assumed, first=True),
        trains.alighting_arcs(stops, fronts + between, seconds=assumed.alight_s),
        trains.boarding_arcs(stops, fronts + between, parameters=assumed, first=False),
        trains.alighting_arcs(stops, fronts + after, seconds=_TIE_S),
        Arcs.of("connector", tie.second + before, tie.first + after, _TIE_S),
        Arcs.of("connector", centres + before, centres + after, _TIE_S),
    ]
    copies = [around.nodes.assign(node_id=around.nodes["node_id"] + name) for name in _COPIES]
    nodes = pd.concat([*copies, inside.nodes], ignore_index=True)
    return _graph(nodes, Arcs.join(arcs), centres + before, centres + after, "in_vehicle")


def _train_arcs(inside: _TrainNodes, assumed: AccessParameters) -> tuple[Arcs, Arcs]:
    return (
        trains.ride_arcs(inside.stops, parameters=assumed),
        trains.transfer_arcs(inside.stops, inside.platforms, parameters=assumed),
    )


def _graph(
    nodes: pd.DataFrame, arcs: Arcs, origin: Ints, destination: Ints, definition: Definition
) -> TimeGraph:
    return TimeGraph(
        nodes=nodes,
        tail=arcs.tail,
        head=arcs.head,
        seconds=arcs.seconds,
        kind=arcs.kind,
        ref=arcs.ref,
        origin=origin,
        destination=destination,
        definition=definition,
    )
