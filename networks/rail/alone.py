"""Take services from tracks alone: trains between stations that are next to each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from networks.network import Network
from networks.rail.drafts import BY_TRACKS, Draft
from networks.rail.stations import Station

_AT_ONCE = 64


def drafts(
    network: Network, points: Sequence[tuple[int, ...]], stations: Sequence[Station]
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

    Returns
    -------
    tuple of Draft
        In order of the stations.
    """
    owner = np.full(len(network.nodes), -1, dtype=np.int64)
    for station in range(len(points) - 1, -1, -1):
        owner[list(points[station])] = station
    served = [s for s in range(len(points)) if points[s] and owner[points[s][0]] == s]
    pairs = _neighbours(network, points, owner, served)
    return tuple(
        Draft(
            f"t{stations[a].osm_id}-{stations[b].osm_id}",
            _name(stations[a], stations[b]),
            (a, b),
            None,
            BY_TRACKS,
        )
        for a, b in pairs
    )


def _name(a: Station, b: Station) -> str:
    return f"{a.name or a.osm_id} - {b.name or b.osm_id}"


def _neighbours(
    network: Network, points: Sequence[tuple[int, ...]], owner: NDArray[np.int64], served: Sequence[int]
) -> list[tuple[int, int]]:
    """Search from each station over a graph in which nothing leads out of a station but from the start."""
    count = len(owner)
    matrix = _one_way_in(network, points, owner, served)
    at_stations = np.flatnonzero(owner >= 0)
    pairs = set()
    for first in range(0, len(served), _AT_ONCE):
        batch = served[first : first + _AT_ONCE]
        cost = np.atleast_2d(dijkstra(matrix, indices=[count + s for s in batch]))[:, at_stations]
        for row, station in enumerate(batch):
            others = np.unique(owner[at_stations[np.isfinite(cost[row])]]).tolist()
            pairs |= {(min(station, o), max(station, o)) for o in others if o != station}
    return sorted(pairs)


def _one_way_in(
    network: Network, points: Sequence[tuple[int, ...]], owner: NDArray[np.int64], served: Sequence[int]
) -> csr_array:
    count = len(owner)
    tail, head = network.links["tail"].to_numpy(), network.links["head"].to_numpy()
    start, end = np.concatenate([tail, head]), np.concatenate([head, tail])
    size = count + len(points)
    from_station = owner[start]
    out = np.where(from_station >= 0, count + from_station, start)
    kept = np.isin(from_station, np.array([-1, *served]))
    ones = np.ones(int(kept.sum()))
    return csr_array((ones, (out[kept], end[kept])), shape=(size, size))
