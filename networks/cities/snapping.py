"""Snap cities to the nearest node of the main component of a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from networks.cities.table import Cities
from networks.errors import SnapError
from networks.network import CLOSED, Network
from networks.sphere import nearest

MOTORWAYS = frozenset({"motorway", "motorway_link"})
"""Classes on which no trip starts: motorways are entered at junctions with other roads."""

_MOST_OUTSIDE = 0.5
"""Largest share of cities that may lie outside the bounding box of the network."""
_ENTRY_DETOUR_KM = 2.0
"""A node on which a trip may start is preferred if it is less than this distance farther away."""
_MARGIN_DEG = 0.5
_KM_PER_DEGREE = 50.0
"""Degree of longitude at 63 degrees north; a larger margin than needed elsewhere."""


@dataclass(frozen=True, slots=True)
class Unsnapped:
    """A city without a node of the main component within the limit.

    Attributes
    ----------
    city_id, name
        Key and name of the city.
    distance_km
        Distance to the nearest node of the main component.
    nearest_km
        Distance to the nearest node of any component.
    component_nodes
        Number of nodes of the nearest component if it is not the main one, otherwise 0.
    reason
        Explanation for users, one sentence.
    """

    city_id: str
    name: str
    distance_km: float
    nearest_km: float
    component_nodes: int
    reason: str


@dataclass(frozen=True, slots=True)
class Snapped:
    """Cities with their nodes in the network.

    Attributes
    ----------
    cities
        All cities in the same order; `road_node` is -1 for those not snapped.
    unsnapped
        Cities that were not snapped, with distances and reasons.
    """

    cities: Cities
    unsnapped: tuple[Unsnapped, ...]


def snap(
    cities: Cities,
    network: Network,
    *,
    limit_km: float = 10.0,
    on_unsnapped: Literal["raise", "report"] = "raise",
    avoid: frozenset[str] = MOTORWAYS,
) -> Snapped:
    """Snap cities to the nearest node of the main component of a network.

    The main component is the largest set of nodes that can all reach each other, so no city is snapped to a
    one-way street that leads nowhere. A node that only has links of the classes in `avoid`, or ferries, is
    used only if all other nodes are at least 2 km farther away.

    Parameters
    ----------
    cities
        The cities.
    network
        The network.
    limit_km
        Largest great-circle distance between a city and its node.
    on_unsnapped
        `raise` an error if a city exceeds the limit, or `report` it and leave its node at -1.
    avoid
        Classes of links on which no trip starts.

    Returns
    -------
    Snapped
        The cities with `road_node` and `road_snap_km`, and those beyond the limit.

    Raises
    ------
    SnapError
        If the network has no links, if most cities lie outside its bounding box, or (with `raise`) if a city
        exceeds the limit; the message lists all such cities with their distances.
    """
    if len(network.links) == 0:
        raise SnapError("the network has no links, so no city can be snapped to it")
    places = shapely.get_coordinates(network.nodes.geometry.to_numpy())
    points = shapely.get_coordinates(cities.table.geometry.to_numpy())
    component = _component_of_linked(network)
    _check_box(points, places[component >= 0], margin_deg=_MARGIN_DEG + limit_km / _KM_PER_DEGREE)
    sizes = np.bincount(component[component >= 0])
    in_main = _mutually_reachable(network)
    node, distance = _nearest_entry(points, places, in_main, _is_entry(network, avoid))
    any_node, any_distance = nearest(points, places, np.flatnonzero(component >= 0))
    reached = distance <= limit_km
    table = cities.table.assign(
        road_node=np.where(reached, node, -1), road_snap_km=np.where(reached, distance, np.nan)
    )
    on_main = component[any_node] == component[np.flatnonzero(in_main)[0]]
    island = np.where(on_main, 0, sizes[component[any_node]])
    unsnapped = tuple(
        _unsnapped(
            table, int(row), float(distance[row]), float(any_distance[row]), int(island[row]), limit_km
        )
        for row in np.flatnonzero(~reached)
    )
    if unsnapped and on_unsnapped == "raise":
        raise _refusal(unsnapped, limit_km)
    return Snapped(Cities(table), unsnapped)


def _nearest_entry(
    points: NDArray[np.float64],
    places: NDArray[np.float64],
    in_main: NDArray[np.bool_],
    is_entry: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the nearest node of the main component for each point, and its distance; prefer entries."""
    node, distance = nearest(points, places, np.flatnonzero(in_main))
    rows = np.flatnonzero(in_main & is_entry)
    if rows.size == 0:
        return node, distance
    entry, entry_km = nearest(points, places, rows)
    prefer = entry_km < distance + _ENTRY_DETOUR_KM
    return np.where(prefer, entry, node), np.where(prefer, entry_km, distance)


def _is_entry(network: Network, avoid: frozenset[str]) -> NDArray[np.bool_]:
    """Mark the nodes with a link on which a trip may start."""
    links = network.links
    usable = links[(links["mode"] != "ferry") & ~links["link_class"].isin(avoid)]
    marks = np.zeros(len(network.nodes), dtype=bool)
    marks[usable[["tail", "head"]].to_numpy()] = True
    return marks


def _mutually_reachable(network: Network) -> NDArray[np.bool_]:
    """Mark the nodes of the largest strongly connected component; of equal ones, that of the first node."""
    links = network.links
    tail, head = links["tail"].to_numpy(), links["head"].to_numpy()
    there = (links["forward_s"] != CLOSED).to_numpy()
    back = ((links["backward_s"] != CLOSED) & ~links["oneway"]).to_numpy()
    start, end = np.concatenate((tail[there], head[back])), np.concatenate((head[there], tail[back]))
    size = len(network.nodes)
    graph = coo_array((np.ones(start.size, dtype=np.int64), (start, end)), shape=(size, size))
    _, labels = connected_components(graph.tocsr(), directed=True, connection="strong")
    _, first, count = np.unique(labels, return_index=True, return_counts=True)
    largest = first[count == count.max()].min()
    mutual: NDArray[np.bool_] = labels == labels[largest]
    return mutual


def _component_of_linked(network: Network) -> NDArray[np.int64]:
    """Return the connected component of each node, -1 for nodes without links."""
    linked = np.zeros(len(network.nodes), dtype=bool)
    linked[network.links[["tail", "head"]].to_numpy()] = True
    return np.where(linked, network.components(), -1)


def _check_box(points: NDArray[np.float64], places: NDArray[np.float64], *, margin_deg: float) -> None:
    """Reject cities that mostly lie elsewhere; detect swapped longitude and latitude."""
    low, high = places.min(axis=0) - margin_deg, places.max(axis=0) + margin_deg

    def outside(at: NDArray[np.float64]) -> float:
        return float(np.mean(np.any((at < low) | (at > high), axis=1))) if at.size else 0.0

    share = outside(points)
    if share <= _MOST_OUTSIDE:
        return
    swapped = outside(points[:, ::-1]) <= _MOST_OUTSIDE
    first = points[0]
    guess = f"; longitude and latitude look swapped ({first[0]:g}, {first[1]:g})" if swapped else ""
    raise SnapError(
        f"{100 * share:.0f} % of the cities lie outside the bounding box of the network{guess}",
        where=f"box {low[0]:.2f}, {low[1]:.2f}, {high[0]:.2f}, {high[1]:.2f} (west, south, east, north)",
        done="No cities were snapped.",
        remedy="Exchange the columns lat and lon." if swapped else "Use cities and a network of one region.",
    )


def _unsnapped(
    table: gpd.GeoDataFrame, row: int, distance: float, nearest: float, island: int, limit_km: float
) -> Unsnapped:
    name = str(table["name"].iloc[row])
    if island and nearest <= limit_km:
        reason = (
            f"{name} lies on an island of the network: a component of {island} node(s) is {nearest:.1f} km "
            f"away, the main component {distance:.1f} km"
        )
    else:
        reason = f"{name} is {distance:.1f} km from the network (limit {limit_km:g} km)"
    return Unsnapped(str(table["city_id"].iloc[row]), name, distance, nearest, island, reason)


def _refusal(unsnapped: tuple[Unsnapped, ...], limit_km: float) -> SnapError:
    return SnapError(
        f"{len(unsnapped)} city(ies) are more than {limit_km:g} km from the main component of the network",
        faults=[city.reason for city in unsnapped],
        done="No travel times were computed.",
        remedy="Raise the snapping limit, include more road classes or ferries, correct the coordinates of "
        "the cities, or leave them out.",
    )
