"""Add nodes to a network where its links pass closest to cities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.ops import substring

from networks.cities.snapping import MOTORWAYS
from networks.cities.table import Cities
from networks.impedance import require_times
from networks.network import CLOSED, Network
from networks.schema import LINKS, NODES, table
from networks.sphere import EARTH_RADIUS_KM, nearest

_KM_PER_DEGREE = EARTH_RADIUS_KM * np.pi / 180.0
_LEAST_SHARE = 1e-6
"""Cuts closer together than this share of a link are merged."""


@dataclass(frozen=True, slots=True)
class _Cut:
    """A position on a link: the row of the link, and the share of its length from the tail (0 to 1)."""

    link: int
    share: float


def with_nodes_near(
    network: Network,
    cities: Cities,
    *,
    limit_km: float = 10.0,
    least_gain_km: float = 0.2,
    avoid: frozenset[str] = MOTORWAYS,
) -> Network:
    """Cut links where they pass closest to cities, so that `snap` finds a node there.

    Parameters
    ----------
    network
        Network with travel times. Links with fewer seconds than there are cities are not cut.
    cities
        The cities.
    limit_km
        Largest distance between a city and a link that is cut for it.
    least_gain_km
        A link is cut only if this brings the nearest node closer to the city by at least this distance.
    avoid
        Classes of links that are not cut, as motorways can be entered at junctions only. Ferries and railways
        are never cut.

    Returns
    -------
    Network
        With a node of kind `cut` at each cut. The pieces of a link share its seconds in proportion to their
        lengths; each takes at least 1 s, and their sum is the time of the link.

    Raises
    ------
    SchemaError
        If travel times have not been computed.
    """
    require_times(network)
    cuts = _cuts(network, cities, limit_km=limit_km, least_gain_km=least_gain_km, avoid=avoid)
    pieces: list[dict[str, Any]] = []
    places: list[shapely.Point] = []
    for row, shares in _by_link(cuts):
        made = _pieces(network.links.iloc[row].to_dict(), shares, first_node=len(network.nodes) + len(places))
        pieces += made
        places += [shapely.Point(piece["geometry"].coords[-1]) for piece in made[:-1]]
    if not places:
        return network
    uncut = network.links.drop(index=sorted({cut.link for cut in cuts}))
    return Network(
        nodes=table(pd.concat([network.nodes, _new_nodes(places)]), NODES),
        links=table(pd.concat([uncut, pd.DataFrame(pieces)]), LINKS),
    )


def _by_link(cuts: Sequence[_Cut]) -> Iterator[tuple[int, list[float]]]:
    """Yield the shares of each link in increasing order, without near duplicates."""
    for row in sorted({cut.link for cut in cuts}):
        shares = np.unique([cut.share for cut in cuts if cut.link == row])
        apart = np.diff(shares, prepend=-1.0) > _LEAST_SHARE
        yield row, shares[apart].tolist()


def _cuts(
    network: Network, cities: Cities, *, limit_km: float, least_gain_km: float, avoid: frozenset[str]
) -> list[_Cut]:
    """Find where to cut links, at most one position for each city."""
    links = network.links
    usable = (links["mode"] == "road") & ~links["link_class"].isin(avoid)
    # A link may be cut once for every city, and each piece needs at least one second.
    for name in ("forward_s", "backward_s"):
        usable = usable & ((links[name] == CLOSED) | (links[name] > len(cities)))
    rows = np.flatnonzero(usable.to_numpy())
    if rows.size == 0 or len(cities) == 0:
        return []
    tree = shapely.STRtree(links.geometry.to_numpy()[rows])
    centres = shapely.get_coordinates(cities.table.geometry.to_numpy())
    places = shapely.get_coordinates(network.nodes.geometry.to_numpy())
    ends = np.unique(links[["tail", "head"]].to_numpy()[rows])
    _, node_km = nearest(centres, places, ends)
    found = []
    for centre, reach in zip(centres, np.minimum(node_km - least_gain_km, limit_km), strict=True):
        cut = _nearest_cut(links.geometry.to_numpy(), rows, tree, centre, reach_km=float(reach))
        if cut is not None:
            found.append(cut)
    return found


def _nearest_cut(
    lines: NDArray[np.object_],
    rows: NDArray[np.int64],
    tree: shapely.STRtree,
    centre: NDArray[np.float64],
    *,
    reach_km: float,
) -> _Cut | None:
    """Return the interior point of a line that is closest to a centre, in a plane tangent there."""
    if reach_km <= 0:
        return None
    lon, lat = centre
    narrow = float(np.cos(np.radians(lat)))
    high = reach_km / _KM_PER_DEGREE
    wide = high / max(narrow, 0.01)
    near = np.sort(rows[tree.query(shapely.box(lon - wide, lat - high, lon + wide, lat + high))])
    if near.size == 0:
        return None
    flat = shapely.transform(lines[near], lambda points: points * [narrow, 1.0])
    point = shapely.Point(lon * narrow, lat)
    distance = shapely.distance(flat, point)
    best = int(np.argmin(distance))
    share = float(shapely.line_locate_point(flat[best], point, normalized=True))
    if distance[best] > high or not 0.0 < share < 1.0:
        return None
    return _Cut(int(near[best]), share)


def _pieces(link: Mapping[str, Any], shares: Sequence[float], *, first_node: int) -> list[dict[str, Any]]:
    """Cut a link at shares of its length; new nodes are numbered from `first_node`."""
    ends = np.array([0.0, *shares, 1.0])
    nodes = [link["tail"], *range(first_node, first_node + len(shares)), link["head"]]
    forward, backward = (_split_seconds(link[name], ends) for name in ("forward_s", "backward_s"))
    parts = _split_line(link["geometry"], ends)
    return [
        {
            **link,
            "tail": nodes[i],
            "head": nodes[i + 1],
            "length_km": link["length_km"] * (ends[i + 1] - ends[i]),
            "forward_s": forward[i],
            "backward_s": backward[i],
            "geometry": part,
        }
        for i, part in enumerate(parts)
    ]


def _split_line(line: shapely.LineString, ends: NDArray[np.float64]) -> list[shapely.LineString]:
    """Cut a line at shares of its length in a plane tangent at its centroid; the pieces meet exactly."""
    narrow = float(np.cos(np.radians(line.centroid.y)))
    flat = shapely.transform(line, lambda points: points * [narrow, 1.0])
    inner = [_at(flat, share, narrow) for share in ends[1:-1]]
    corners = [line.coords[0], *inner, line.coords[-1]]
    parts = []
    for i in range(len(ends) - 1):
        points = shapely.get_coordinates(substring(flat, ends[i], ends[i + 1], normalized=True))
        between = (points[1:-1] / [narrow, 1.0]).tolist()
        parts.append(shapely.LineString([corners[i], *between, corners[i + 1]]))
    return parts


def _at(flat: shapely.LineString, share: float, narrow: float) -> tuple[float, float]:
    point = shapely.line_interpolate_point(flat, share, normalized=True)
    return point.x / narrow, point.y


def _split_seconds(seconds: int, ends: NDArray[np.float64]) -> NDArray[np.int64]:
    """Divide whole seconds by length: at least one for each piece, and the same sum."""
    place, count = np.arange(ends.size), ends.size - 1
    if seconds == CLOSED:
        return np.full(count, CLOSED)
    # Subtracting one second for each earlier piece turns "increases by at least 1" into "does not decrease".
    spare = np.maximum.accumulate(np.rint(ends * seconds).astype(np.int64) - place)
    before = np.minimum(spare, seconds - count) + place
    return before[1:] - before[:-1]


def _new_nodes(places: Sequence[shapely.Point]) -> pd.DataFrame:
    count = len(places)
    return pd.DataFrame(
        {"osm_id": [0] * count, "kind": ["cut"] * count, "name": [""] * count, "geometry": places}
    )
