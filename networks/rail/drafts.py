"""Draft services stop by stop, find their running times, and write them as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from networks.network import Network, Services
from networks.rail.parameters import RailParameters
from networks.rail.routing import Route, TrackGraph
from networks.rail.topology import running_seconds

BY_TAG, BY_TABLE, BY_CLASS, BY_TRACKS = "tag", "table", "class", "tracks"
"""Where a headway comes from: the `interval` tag, a lines table, the default of the class, or the default of
the class where no service is known and tracks alone are taken (trains then run through every station)."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A service before its times are known.

    Attributes
    ----------
    service_id, name
        Key and name.
    stations
        Rows of stations, in order.
    headway_s
        Seconds between departures, None when not known.
    headway_source
        Where the headway comes from, when known.
    links
        Rows of the links that it uses by its own account, None for any.
    most_kmh
        Highest speed of its trains, km/h.
    """

    service_id: str
    name: str
    stations: tuple[int, ...]
    headway_s: int | None
    headway_source: str
    links: NDArray[np.int64] | None = None
    most_kmh: float = np.inf


@dataclass(frozen=True, slots=True)
class Hop:
    """The way of a service from one stop to the next: station rows and the route."""

    start: int
    end: int
    route: Route


@dataclass(frozen=True, slots=True)
class Timed:
    """A service with the way between its stops."""

    draft: Draft
    service_id: str
    hops: tuple[Hop, ...]


class Timetable:
    """Time drafts on the tracks of one network.

    Parameters
    ----------
    network
        The rail network.
    points
        Rows of the nodes of each station, the first its own; empty when out of reach.
    parameters
        Running time.
    """

    def __init__(
        self, network: Network, points: Sequence[tuple[int, ...]], *, parameters: RailParameters
    ) -> None:
        links = network.links
        self._points = points
        self._running = parameters.running
        self._count = len(network.nodes)
        self._tail, self._head = links["tail"].to_numpy(), links["head"].to_numpy()
        self._length = links["length_km"].to_numpy()
        self._speed = links["speed_kmh"].to_numpy()
        self._graphs: dict[float, TrackGraph] = {}

    def time(self, draft: Draft) -> tuple[tuple[Timed, ...], tuple[str, ...], int]:
        """Find the way between the stops of a service.

        Parameters
        ----------
        draft
            The service.

        Returns
        -------
        parts, faults, strayed
            The service, or its parts where two stops are not joined by track; one fault for each such place;
            the number of hops that no way over the tracks of its own joins and all tracks were searched for.
        """
        own = self._own_graph(draft)
        parts: list[list[Hop]] = [[]]
        faults, strayed = [], 0
        for start, end in zip(draft.stations[:-1], draft.stations[1:], strict=True):
            route = self._route(own, start, end) if own is not None else None
            if route is None:
                strayed += own is not None
                route = self._route(self._all_graph(draft.most_kmh), start, end)
            if route is None or not route.links:
                faults.append(f"service {draft.service_id}: no track joins stop {start} and stop {end}")
                parts.append([])
            else:
                parts[-1].append(Hop(start, end, route))
        whole = [tuple(part) for part in parts if part]
        names = (
            [draft.service_id]
            if len(whole) == 1
            else [f"{draft.service_id}#{k + 1}" for k in range(len(whole))]
        )
        timed = tuple(Timed(draft, name, part) for name, part in zip(names, whole, strict=True))
        return timed, tuple(faults), strayed

    def _route(self, graph: TrackGraph, start: int, end: int) -> Route | None:
        return graph.route(self._points[start], self._points[end])

    def _all_graph(self, most_kmh: float) -> TrackGraph:
        if most_kmh not in self._graphs:
            self._graphs[most_kmh] = self._graph(most_kmh, None)
        return self._graphs[most_kmh]

    def _own_graph(self, draft: Draft) -> TrackGraph | None:
        if draft.links is None or not len(draft.links):
            return None
        return self._graph(draft.most_kmh, draft.links)

    def _graph(self, most_kmh: float, only: NDArray[np.int64] | None) -> TrackGraph:
        seconds = running_seconds(self._length, np.minimum(self._speed, most_kmh), running=self._running)
        return TrackGraph.of(
            count=self._count,
            tail=self._tail,
            head=self._head,
            seconds=seconds,
            length_km=self._length,
            only=only,
        )


def to_services(
    timed: Sequence[Timed],
    *,
    station_node: NDArray[np.int64],
    link_class: NDArray[np.object_],
    length_km: NDArray[np.float64],
    parameters: RailParameters,
) -> Services:
    """Write services as tables.

    Parameters
    ----------
    timed
        Services with the ways between their stops.
    station_node
        Row of the nodes of each station.
    link_class, length_km
        Class and length of each link; the class that a service runs on farthest is its own.
    parameters
        Default headways.

    Returns
    -------
    Services
        The tables of the contract. Where no headway is known it is the default of the class, said so in
        `headway_source`.
    """
    lines, stops = [], []
    for row, service in enumerate(timed):
        own = _main_class(service, link_class, length_km)
        known = service.draft.headway_s
        lines.append(
            {
                "service_id": service.service_id,
                "name": service.draft.name,
                "link_class": own,
                "headway_s": parameters.default_headway_s(own) if known is None else known,
                "headway_source": service.draft.headway_source if known is not None else _default(service),
            }
        )
        stops += _stop_rows(row, service, station_node)
    return Services(lines=_frame(lines, _LINES), stops=_frame(stops, _STOPS))


_LINES = {
    "service_id": "str",
    "name": "str",
    "link_class": "str",
    "headway_s": "int64",
    "headway_source": "str",
}
_STOPS = {"service": "int64", "seq": "int64", "node": "int64", "run_s": "int64", "length_km": "float64"}


def _default(service: Timed) -> str:
    return BY_TRACKS if service.draft.headway_source == BY_TRACKS else BY_CLASS


def _main_class(service: Timed, link_class: NDArray[np.object_], length_km: NDArray[np.float64]) -> str:
    by_class = Counter[str]()
    for hop in service.hops:
        for link in hop.route.links:
            by_class[str(link_class[link])] += float(length_km[link])  # type: ignore[assignment]
    return max(by_class, key=lambda name: (by_class[name], name))


def _stop_rows(row: int, service: Timed, station_node: NDArray[np.int64]) -> list[dict[str, float]]:
    first = service.hops[0].start
    rows: list[dict[str, float]] = [
        {"service": row, "seq": 0, "node": int(station_node[first]), "run_s": 0, "length_km": 0.0}
    ]
    for seq, hop in enumerate(service.hops, start=1):
        rows.append(
            {
                "service": row,
                "seq": seq,
                "node": int(station_node[hop.end]),
                "run_s": max(round(hop.route.seconds), 1),
                "length_km": hop.route.length_km,
            }
        )
    return rows


def _frame(rows: list[dict[str, object]] | list[dict[str, float]], dtypes: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(dtypes)).astype(dtypes)
