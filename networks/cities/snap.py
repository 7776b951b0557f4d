"""Tie cities to the nearest node of the network's main component, and name those out of reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from networks.cities.sphere import nearest
from networks.cities.table import Cities
from networks.errors import SnapError
from networks.network import CLOSED, Network

MOTORWAYS = frozenset({"motorway", "motorway_link"})
"""Classes that no trip of a city starts on: they are entered at junctions with other roads."""

_SHARE_OUTSIDE = 0.5
_DETOUR_KM = 2.0
_MARGIN_DEG = 0.5
_KM_PER_DEGREE = 50.0  # of longitude, at 63 degrees north: generous elsewhere


@dataclass(frozen=True, slots=True)
class Unsnapped:
    """A city that the main component of the network does not reach.

    Attributes
    ----------
    city_id, name
        The city.
    distance_km
        Distance to the nearest node of the main component.
    nearest_km
        Distance to the nearest node of any component.
    component_nodes
        Number of nodes of the component that is nearest, where that is not the main one; else 0.
    reason
        One sentence for people.
    """

    city_id: str
    name: str
    distance_km: float
    nearest_km: float
    component_nodes: int
    reason: str


@dataclass(frozen=True, slots=True)
class Snapped:
    """Cities with their node in the network.

    Attributes
    ----------
    cities
        All cities, in the same order; `road_node` is -1 for those not snapped.
    unsnapped
        Those not snapped, with distance and reason.
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

    The main component is the largest set of nodes that can all reach each other by the open directions, so no
    city ends up at a one-way that leads nowhere. Nodes that only
    links of the classes in `avoid` (and ferries) touch are taken where all others are 2 km farther or more.

    Parameters
    ----------
    cities
        The cities.
    network
        The network; its nodes are the places that cities can be snapped to.
    limit_km
        Greatest great-circle distance between a city and its node.
    on_unsnapped
        `raise`: refuse when a city is out of reach. `report`: leave its node at -1 and name it.
    avoid
        Classes of links that no trip of a city starts on.

    Returns
    -------
    Snapped
        The cities with `road_node` and `road_snap_km`, and those out of reach.

    Raises
    ------
    SnapError
        When the network has no links, when most cities lie outside its box, or (with `raise`) when a city is
        out of reach; every such city is named with its distance.
    """
    if len(network.links) == 0:
        raise SnapError("the network has no links, so no city can be snapped to it")
    places = shapely.get_coordinates(network.nodes.geometry.to_numpy())
    points = shapely.get_coordinates(cities.table.geometry.to_numpy())
    component = _components(network)
    _check_box(points, places[component >= 0], margin_deg=_MARGIN_DEG + limit_km / _KM_PER_DEGREE)
    sizes = np.bincount(component[component >= 0])
    in_main = _mutually_reachable(network)
    node, distance = _nearest_entry(points, places, in_main, _entered(network, avoid))
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
    entered: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return for each point the nearest node of the main component, by preference one to start on."""
    node, distance = nearest(points, places, np.flatnonzero(in_main))
    rows = np.flatnonzero(in_main & entered)
    if rows.size == 0:
        return node, distance
    better, better_km = nearest(points, places, rows)
    prefer = better_km < distance + _DETOUR_KM
    return np.where(prefer, better, node), np.where(prefer, better_km, distance)


def _entered(network: Network, avoid: frozenset[str]) -> NDArray[np.bool_]:
    """Tell the nodes that a road touches on which a trip may start."""
    links = network.links
    open_to_all = links[(links["mode"] != "ferry") & ~links["link_class"].isin(avoid)]
    touched = np.zeros(len(network.nodes), dtype=bool)
    touched[open_to_all["tail"].to_numpy()] = True
    touched[open_to_all["head"].to_numpy()] = True
    return touched


def _mutually_reachable(network: Network) -> NDArray[np.bool_]:
    """Return the nodes of the largest strong component (the one with the first node of equals)."""
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


def _components(network: Network) -> NDArray[np.int64]:
    """Return the component of each node, -1 for nodes without a link."""
    tail, head = network.links["tail"].to_numpy(), network.links["head"].to_numpy()
    size = len(network.nodes)
    graph = coo_array((np.ones(tail.size, dtype=np.int64), (tail, head)), shape=(size, size))
    _, labels = connected_components(graph.tocsr(), directed=False)
    linked = np.zeros(size, dtype=bool)
    linked[tail] = True
    linked[head] = True
    return np.where(linked, labels, -1).astype(np.int64)


def _check_box(points: NDArray[np.float64], places: NDArray[np.float64], *, margin_deg: float) -> None:
    """Refuse cities that mostly lie elsewhere, and say so when longitude and latitude look swapped."""
    low, high = places.min(axis=0) - margin_deg, places.max(axis=0) + margin_deg

    def outside(at: NDArray[np.float64]) -> float:
        return float(np.mean(np.any((at < low) | (at > high), axis=1))) if at.size else 0.0

    share = outside(points)
    if share <= _SHARE_OUTSIDE:
        return
    swapped = outside(points[:, ::-1]) <= _SHARE_OUTSIDE
    first = points[0]
    guess = f"; longitude and latitude look swapped ({first[0]:g}, {first[1]:g})" if swapped else ""
    raise SnapError(
        f"{share:.0%} of the cities lie outside the network's box{guess}",
        where=f"box {low[0]:.2f}, {low[1]:.2f}, {high[0]:.2f}, {high[1]:.2f} (west, south, east, north)",
        done="No city was snapped.",
        remedy="Exchange the columns lat and lon." if swapped else "Take cities and network of one region.",
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
        f"the network's main component passes {len(unsnapped)} city(ies) at more than {limit_km:g} km",
        faults=[city.reason for city in unsnapped],
        done="No travel times were computed.",
        remedy="Raise the snapping limit, take more road classes or ferries, mend the coordinates of the "
        "cities, or leave them out.",
    )
