"""Take services from tracks alone: trains between stations that are next to each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from networks.network import Network
from networks.rail.drafts import BY_TRACKS, Draft
from networks.rail.layout import Layout
from networks.rail.routing import TrackGraph
from networks.rail.stations import Station


def drafts(
    network: Network,
    points: Sequence[tuple[int, ...]],
    stations: Sequence[Station],
    *,
    most_turn_deg: float,
) -> tuple[Draft, ...]:
    """Draft a service between each two stations that tracks join without passing a third.

    No chain of stations is invented: where nothing is known of services, trains of the default headway of the
    class are taken to run on every such piece of track, and through every station.

    Parameters
    ----------
    network
        The rail network.
    points
        Rows of the nodes of each station.
    stations
        The stations.
    most_turn_deg
        Sharpest turn of a train at a junction, degrees.

    Returns
    -------
    tuple of Draft
        In order of the stations.
    """
    owner = np.full(len(network.nodes), -1, dtype=np.int64)
    for station in range(len(points) - 1, -1, -1):
        owner[list(points[station])] = station
    return tuple(
        Draft(
            service_id=f"t{stations[a].osm_id}-{stations[b].osm_id}",
            name=f"{stations[a].label} - {stations[b].label}",
            stations=(a, b),
            headway_s=None,
            headway_source=BY_TRACKS,
        )
        for a, b in _neighbours(network, points, owner, most_turn_deg)
    )


def _neighbours(
    network: Network, points: Sequence[tuple[int, ...]], owner: NDArray[np.int64], most_turn_deg: float
) -> list[tuple[int, int]]:
    """Search from each station over tracks on which no way leads through a station."""
    layout = Layout.of(network.links, count=len(network.nodes))
    closed = np.flatnonzero(owner >= 0)
    graph = TrackGraph.of(layout, layout.length_km, closed=closed, most_turn_deg=most_turn_deg)
    pairs = set()
    for station, rows in enumerate(points):
        if rows and owner[rows[0]] == station:
            others = np.unique(owner[graph.reach(rows)])
            pairs |= {(min(station, o), max(station, o)) for o in others.tolist() if o not in {-1, station}}
    return sorted(pairs)
