"""Build the access network of centres, roads and stations, and join it with trains to one graph."""

from dataclasses import dataclass, replace
from typing import Literal, Self

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from networks.cities.table import Cities, sizes
from networks.errors import SchemaError
from networks.impedance import require_times
from networks.intermodal import trains
from networks.intermodal.parameters import AccessParameters
from networks.rail.builder import RailBuild
from networks.schema import Ints, Network
from networks.skims import Arcs, TimeGraph
from networks.sphere import chord_to_km, nearest, within


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

    def shifted(self, first: int, second: int) -> Self:
        """Return the connectors with constants added to the rows of either table."""
        return replace(self, first=self.first + first, second=self.second + second)


def cities_to_roads(cities: Cities, *, parameters: AccessParameters) -> Connectors:
    """Connect each city to its road node.

    Parameters
    ----------
    cities
        Snapped cities; one without a road node gets no connector.
    parameters
        Speed and detour factor of connectors, and the terminal time of each tier (`cities.sizes`).

    Returns
    -------
    Connectors
        Rows of the cities, rows of the road nodes. In vehicles a drive starts and ends at the road node, so
        that nothing of the connector counts.
    """
    table, tiers = cities.table, sizes(cities.table)
    rows = np.flatnonzero(table["road_node"].to_numpy() >= 0).astype(np.int64)
    seconds = [
        parameters.terminal.of(tiers[row]) + parameters.connector_s(float(table["road_snap_km"].iloc[row]))
        for row in rows.tolist()
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
    linked = np.unique(road.links[["tail", "head"]].to_numpy())
    if not len(linked) or not len(stations):
        return Connectors(*[_ints([])] * 4)
    component = road.components()[linked]
    main = linked[component == np.argmax(np.bincount(component))]
    places = shapely.get_coordinates(road.nodes.geometry.to_numpy())
    points = shapely.get_coordinates(stations.geometry.to_numpy())
    node, km = nearest(points, places, main)
    other, other_km = nearest(points, places, linked)
    in_main = km <= parameters.station_road_km
    further = np.flatnonzero(~in_main & (other_km <= parameters.station_road_km))
    rows = np.concatenate([np.flatnonzero(in_main), further])
    km, node = np.where(in_main, km, other_km)[rows], np.where(in_main, node, other)[rows]
    moving_s = _ints([parameters.connector_s(one) for one in km.tolist()])
    return Connectors(rows, node, moving_s + parameters.station_road_s, moving_s)


def cities_to_stations(
    cities: Cities, stations: gpd.GeoDataFrame, *, parameters: AccessParameters
) -> Connectors:
    """Connect each city to all stations near its centre, with the times of `AccessParameters.access_s`.

    Parameters
    ----------
    parameters
        The distance limit, and the modes of access.

    Returns
    -------
    Connectors
        Rows of the cities, rows of `stations`.
    """
    centres, places = (shapely.get_coordinates(table.geometry) for table in (cities.table, stations))
    around = within(centres, places, parameters.centre_station_km)
    towns = zip(sizes(cities.table), parameters.extents_km(cities.table).tolist(), around, strict=True)
    found = [
        (row, at, *parameters.access_s(tier, float(chord_to_km(np.array(chord))), extent_km))
        for row, (tier, extent_km, near) in enumerate(towns)
        for at, chord in near.items()
    ]
    return Connectors(*np.array(found, dtype=np.int64).reshape(-1, 4).T.copy())


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
    cities, stations
        Number of nodes of either kind. Cities come first, station entrances last.
    """

    nodes: pd.DataFrame
    roads: Arcs
    city_road: Connectors
    station_road: Connectors
    city_station: Connectors
    cities: int
    stations: int

    def __len__(self) -> int:
        """Return the number of nodes."""
        return len(self.nodes)

    @property
    def entrance(self) -> Ints:
        """Rows of the station entrances."""
        return np.arange(self.stations, dtype=np.int64) + len(self) - self.stations

    def arcs(self, *, in_vehicles: bool, left_out: str = "") -> Arcs:
        """Return the arcs of roads and ferries, and of all connectors in both directions.

        Parameters
        ----------
        in_vehicles
            Count only that part of each connector which counts in vehicles.
        left_out
            Kind of arcs that are left out: ways to stations or from there, which lead from town to town too.
        """
        pieces = [self.roads]
        for kind, reverse_kind, connector in (
            ("connector", "connector", self.city_road),
            ("connector", "connector", self.station_road),
            ("access", "egress", self.city_station),
        ):
            seconds = connector.moving_s if in_vehicles else connector.seconds
            ends = (
                (kind, connector.first, connector.second),
                (reverse_kind, connector.second, connector.first),
            )
            pieces += [Arcs.of(*each, seconds) for each in ends if each[0] != left_out]
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
    require_times(road)
    beyond = cities.table["road_node"] >= len(road.nodes)
    faults = [f"{name} is snapped to a missing road node" for name in cities.table["name"][beyond]]
    if faults:
        raise SchemaError(
            "the road network and the cities do not match",
            faults=faults,
            remedy="Snap the cities to this network.",
        )
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
        stations=len(stations),
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


Definition = Literal["door_to_door", "in_vehicle"]

BETWEEN, AFTER = "/between", "/after"
"""What follows the node ids in copies of the access network: between trains, and after the last one."""
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
    centre likewise. It may also transfer between stations by road. Beside a timetable, which knows the
    connections of its trains, nobody who has left a train boards another one as if the trip began there: the
    graph has the access network a second time, for what comes after the last train. Changes between two
    stations of a city lead over its centre.

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
    is_timed = rail is not None and len(rail.services.calls) > 0
    access = build_access_network(road, stations, cities, parameters=assumed)
    if rail is None or not len(rail.services.stops):
        driving, centres = access.arcs(in_vehicles=definition == "in_vehicle"), np.arange(access.cities)
        return TimeGraph.of(access.nodes, driving, origin=centres, destination=centres, definition=definition)
    # Halls and stops are numbered after the nodes of the access network, of which there are one or three.
    is_whole = definition == "door_to_door"
    suffixes = ("", *[BETWEEN] * (not is_whole), *[AFTER] * (is_timed or not is_whole))
    between, after = (suffixes.index(one) * len(access) if one in suffixes else 0 for one in (BETWEEN, AFTER))
    halls = trains.Halls(len(suffixes) * len(access), len(stations))
    used_halls = trains.HALLS if is_timed else trains.HALLS[:-2]
    rows, near = stations.index.to_numpy(), access.city_station
    reach = near.first, near.second - access.entrance[0], near.seconds
    services = trains.with_common_lines(
        rail.services, assumed, alone=is_whole, ways=(reach[0], rows[reach[1]], reach[2])
    )
    station_of_node = np.full(len(rail.network.nodes), -1, dtype=np.int64)
    station_of_node[stations.index.to_numpy()] = np.arange(len(stations))
    stops = trains.Stops.of(
        services,
        parameters=assumed,
        station_of_node=station_of_node,
        first_row=halls.first_row + len(used_halls) * len(stations),
    )
    keys = services.lines["service_id"].to_numpy()[stops.service]
    ids = [f"stop:{key}/{seq}" for key, seq in zip(keys, services.stops["seq"], strict=True)]
    at = stations.iloc[stops.station]
    nodes = [access.nodes.assign(node_id=access.nodes["node_id"] + suffix) for suffix in suffixes]
    names = ([f"station:{row}/{hall}" for row in stations.index] for hall in used_halls)
    nodes += [node_rows("station", of_hall, stations) for of_hall in names]
    nodes += [node_rows("stop", ids, at), node_rows("stop", [f"{name}/arrived" for name in ids], at)]
    least_s = rail.services.changes.set_index("node")["least_s"].reindex(rows, fill_value=assumed.transfer_s)
    transfers = trains.transfer_arcs(
        stops,
        halls,
        parameters=assumed,
        least_s=least_s.to_numpy(dtype=np.int64),
        centres=reach if is_timed else None,
    )
    running = [trains.ride_arcs(stops), transfers]
    entrance, centres = access.entrance, np.arange(access.cities, dtype=np.int64)
    # Beside a timetable nobody arrives where trips begin, nor boards where they end.
    before_trains, after_trains = ("egress", "access") if is_timed else ("", "")
    boarding = trains.boarding_arcs(stops, entrance + between, halls, parameters=assumed)
    if is_whole:
        alighting = trains.alighting_arcs(stops, entrance + after, seconds=assumed.alight_s)
        arcs = [access.arcs(in_vehicles=False, left_out=before_trains), *running, boarding, alighting]
        if is_timed:  # who drives all the way arrives where those who take trains do
            ends = access.city_road
            arcs.append(access.arcs(in_vehicles=False, left_out=after_trains).shifted(after))
            arcs.append(Arcs.of("connector", ends.second, ends.first + after, ends.seconds))
    else:
        arcs = [
            access.arcs(in_vehicles=True, left_out=before_trains),
            access.arcs(in_vehicles=False).shifted(between),
            access.arcs(in_vehicles=True, left_out=after_trains).shifted(after),
            *running,
            trains.boarding_arcs(stops, entrance, None, parameters=assumed),
            boarding,
            trains.alighting_arcs(stops, entrance + after, seconds=_FREE_S),
            # A trip without trains goes from the first copy to the last at its end.
            Arcs.of("connector", access.city_road.second, access.city_road.first + after, _FREE_S),
            Arcs.of("connector", centres, centres + after, _FREE_S),
        ]
        if not is_timed:
            arcs.append(trains.alighting_arcs(stops, entrance + between, seconds=assumed.alight_s))
    return TimeGraph.of(
        pd.concat(nodes, ignore_index=True),
        Arcs.join(arcs),
        origin=centres,
        destination=centres + after,
        definition=definition,
    )
