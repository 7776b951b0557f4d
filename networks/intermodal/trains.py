"""Lay out trains as arcs: riding, staying on, boarding, leaving, changing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from networks.intermodal.parameters import AccessParameters
from networks.network import Services
from networks.rail.drafts import BY_TRACKS
from networks.timegraph import Arcs

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Stops:
    """The stops of all services, as rows of nodes of a time graph.

    Attributes
    ----------
    service
        Service of each stop [s].
    station
        Station of each stop [s], a row of the stations joined.
    run_s
        Running time from the stop before [s].
    headway_s
        Seconds between departures of its service [s].
    link_class
        Class of its service [s].
    on_track
        Whether its service was taken from tracks alone [s].
    departing, arrived
        Rows of the nodes for a train about to leave the stop, and for one that has come to it [s].
    """

    service: Ints
    station: Ints
    run_s: Ints
    headway_s: Ints
    link_class: NDArray[np.object_]
    on_track: NDArray[np.bool_]
    departing: Ints
    arrived: Ints

    @classmethod
    def of(cls, services: Services, *, station_of_node: Ints, first_row: int) -> Stops:
        """Give the stops of services rows of a graph.

        Parameters
        ----------
        services
            The services.
        station_of_node
            Station of each node of the rail network.
        first_row
            Row of the first of the two nodes of each stop.

        Returns
        -------
        Stops
            In the order of the stops table.
        """
        stops = services.stops
        service = stops["service"].to_numpy()
        rows = first_row + np.arange(len(stops), dtype=np.int64)
        return cls(
            service=service,
            station=station_of_node[stops["node"].to_numpy()],
            run_s=stops["run_s"].to_numpy(),
            headway_s=services.lines["headway_s"].to_numpy()[service],
            link_class=services.lines["link_class"].to_numpy(dtype=object)[service],
            on_track=(services.lines["headway_source"] == BY_TRACKS).to_numpy()[service],
            departing=rows,
            arrived=rows + len(stops),
        )


def ride_arcs(stops: Stops, *, parameters: AccessParameters) -> Arcs:
    """Make the arcs of riding in both directions, and of staying on at intermediate stops.

    Trains of services taken from tracks alone run through every station: whoever stays on pays an
    intermediate stop there, and no change.

    Parameters
    ----------
    stops
        The stops.
    parameters
        Time at an intermediate stop.

    Returns
    -------
    Arcs
        Kind `ride`, with the row of the service.
    """
    ahead = np.flatnonzero(stops.service[:-1] == stops.service[1:])
    out = Arcs.of(
        "ride",
        stops.departing[ahead],
        stops.arrived[ahead + 1],
        stops.run_s[ahead + 1],
        ref=stops.service[ahead],
    )
    back = Arcs.of(
        "ride",
        stops.departing[ahead + 1],
        stops.arrived[ahead],
        stops.run_s[ahead + 1],
        ref=stops.service[ahead],
    )
    inner = np.intersect1d(ahead, ahead + 1)
    stop_s = parameters.running.stop_s
    stay = Arcs.of("ride", stops.arrived[inner], stops.departing[inner], stop_s, ref=stops.service[inner])
    a, b = _through(stops)
    run_on = Arcs.of("ride", stops.arrived[a], stops.departing[b], stop_s, ref=stops.service[b])
    return Arcs.join([out, back, stay, run_on])


def _through(stops: Stops) -> tuple[Ints, Ints]:
    """Pair the stops at one station of different services taken from tracks alone."""
    rows = np.flatnonzero(stops.on_track)
    rows = rows[np.argsort(stops.station[rows], kind="stable")]
    groups = np.split(rows, np.flatnonzero(np.diff(stops.station[rows])) + 1) if len(rows) else []
    pairs = [
        (a, b)
        for group in groups
        for a in group.tolist()
        for b in group.tolist()
        if stops.service[a] != stops.service[b]
    ]
    columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return columns[0], columns[1]


def boarding_arcs(stops: Stops, entrance: Ints, *, parameters: AccessParameters, first: bool) -> Arcs:
    """Make the arcs from the front of a station to a train.

    Parameters
    ----------
    stops
        The stops.
    entrance
        Row of the node in front of each station.
    parameters
        Time before departure, wait, and what a ride takes once.
    first
        Leave out the time before departure and the wait: this is the first train of a journey of which only
        the time in vehicles counts.

    Returns
    -------
    Arcs
        Kind `board`, with the row of the service.
    """
    seconds = [
        parameters.running.start_s
        if first
        else parameters.board_s(link_class=str(name), headway_s=int(headway))
        for name, headway in zip(stops.link_class, stops.headway_s, strict=True)
    ]
    at = entrance[stops.station]
    return Arcs.of("board", at, stops.departing, np.array(seconds, dtype=np.int64), ref=stops.service)


def alighting_arcs(stops: Stops, entrance: Ints, *, seconds: int) -> Arcs:
    """Make the arcs from a train to the front of a station.

    Parameters
    ----------
    stops
        The stops.
    entrance
        Row of the node in front of each station.
    seconds
        Time that it takes.

    Returns
    -------
    Arcs
        Kind `alight`, with the row of the service.
    """
    return Arcs.of("alight", stops.arrived, entrance[stops.station], seconds, ref=stops.service)


def transfer_arcs(stops: Stops, platforms: Ints, *, parameters: AccessParameters) -> Arcs:
    """Make the arcs from a train to the platforms of a station, and from there to the next train.

    Parameters
    ----------
    stops
        The stops.
    platforms
        Row of the node of the platforms of each station.
    parameters
        Time of a change, wait, and what a ride takes once.

    Returns
    -------
    Arcs
        Kind `transfer` to the platforms; kind `board`, with the row of the service, from them.
    """
    at = platforms[stops.station]
    seconds = [parameters.change_s(headway_s=int(headway)) for headway in stops.headway_s]
    return Arcs.join(
        [
            Arcs.of("transfer", stops.arrived, at, parameters.transfer_s),
            Arcs.of("board", at, stops.departing, np.array(seconds, dtype=np.int64), ref=stops.service),
        ]
    )
