"""Tie cities to a map: to the nearest node of its main component, and to the built-up area around."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.ops import substring

from networks.borders import border_crossings
from networks.cities.table import Cities
from networks.errors import SnapError
from networks.impedance import require_times
from networks.osm.tags import BUILT_UP
from networks.schema import CLOSED, LINKS, NODES, Floats, Ints, Mask, Network, components, table
from networks.sphere import KM_PER_DEGREE, lines_near, nearest

MOTORWAYS = frozenset({"motorway", "motorway_link"})
"""Classes on which no trip starts: motorways are entered at junctions with other roads."""

_MOST_OUTSIDE = 0.5
"""Largest share of cities that may lie outside the bounding box of the network."""
_ENTRY_DETOUR_KM = 2.0
"""A node on which a trip may start is preferred if it is less than this distance farther away."""
_MARGIN_DEG = 0.5
_NARROW_KM_PER_DEGREE = 50.0
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
    reason
        Explanation for users, one sentence.
    """

    city_id: str
    name: str
    distance_km: float
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
    closed_borders: Sequence[str] = (),
) -> Snapped:
    """Snap cities to the nearest node of the main component of a network.

    The main component is the largest set of nodes that can all reach each other, so no city is snapped to a
    one-way street that leads nowhere. A node that only has motorways or ferries is used only if all other
    nodes are at least 2 km farther away.

    Parameters
    ----------
    limit_km
        Largest great-circle distance between a city and its node.
    on_unsnapped
        `raise` an error if a city exceeds the limit, or `report` it and leave its node at -1.
    closed_borders
        No city is snapped to a node across one of these land borders.

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
    linked = np.zeros(len(network.nodes), dtype=bool)
    linked[network.links[["tail", "head"]].to_numpy()] = True
    component = np.where(linked, network.components(), -1)
    _check_box(points, places[component >= 0], margin_deg=_MARGIN_DEG + limit_km / _NARROW_KM_PER_DEGREE)
    sizes = np.bincount(component[component >= 0])
    in_main = _mutually_reachable(network)
    node, distance = nearest(points, places, np.flatnonzero(in_main))
    # Nodes with a link on which a trip may start are preferred.
    may_start = (network.links["mode"] != "ferry") & ~network.links["link_class"].isin(MOTORWAYS)
    is_entry = np.zeros(len(network.nodes), dtype=bool)
    is_entry[network.links.loc[may_start, ["tail", "head"]].to_numpy()] = True
    if (in_main & is_entry).any():
        entry, entry_km = nearest(points, places, np.flatnonzero(in_main & is_entry))
        prefer = entry_km < distance + _ENTRY_DETOUR_KM
        node, distance = np.where(prefer, entry, node), np.where(prefer, entry_km, distance)
    any_node, any_distance = nearest(points, places, np.flatnonzero(component >= 0))
    ways = shapely.linestrings(np.stack([points, places[node]], axis=1))
    distance[border_crossings(ways, closed_borders).any(axis=1)] = np.inf
    reached = distance <= limit_km
    table = cities.table.assign(
        road_node=np.where(reached, node, -1), road_snap_km=np.where(reached, distance, np.nan)
    )
    on_main = component[any_node] == component[np.flatnonzero(in_main)[0]]
    island = np.where(on_main, 0, sizes[component[any_node]])
    ids, titles = cities.table["city_id"].astype(str).tolist(), cities.table["name"].astype(str).tolist()
    measured = zip(ids, titles, distance.tolist(), any_distance.tolist(), island.tolist(), strict=True)
    every = (Unsnapped(*values[:3], _reason(*values[1:], limit_km)) for values in measured)
    unsnapped = tuple(one for one in every if one.distance_km > limit_km)
    if unsnapped and on_unsnapped == "raise":
        is_near = min(one.distance_km for one in unsnapped) <= _FAR * limit_km
        others = "Raise the snapping limit, include more road classes or ferries, or correct"
        raise SnapError(
            f"{len(unsnapped)} city(ies) are more than {limit_km:g} km from the main component of the "
            "network",
            faults=[city.reason for city in unsnapped],
            done="No travel times were computed.",
            remedy=f"{others if is_near else 'Correct'} the coordinates of the cities, or leave them out.",
        )
    return Snapped(Cities(table), unsnapped)


def _mutually_reachable(network: Network) -> Mask:
    """Mark the nodes of the largest strongly connected component; of equal ones, that of the first node."""
    links = network.links
    tail, head = links["tail"].to_numpy(), links["head"].to_numpy()
    there = (links["forward_s"] != CLOSED).to_numpy()
    back = ((links["backward_s"] != CLOSED) & ~links["oneway"]).to_numpy()
    start, end = np.concatenate((tail[there], head[back])), np.concatenate((head[there], tail[back]))
    labels = components(start, end, size=len(network.nodes), strong=True)
    _, first, count = np.unique(labels, return_index=True, return_counts=True)
    largest = first[count == count.max()].min()
    mutual: Mask = labels == labels[largest]
    return mutual


def _check_box(points: Floats, places: Floats, *, margin_deg: float) -> None:
    """Reject cities that mostly lie elsewhere; detect swapped longitude and latitude."""
    low, high = places.min(axis=0) - margin_deg, places.max(axis=0) + margin_deg

    def outside(at: Floats) -> float:
        return float(np.mean(np.any((at < low) | (at > high), axis=1))) if at.size else 0.0

    if (share := outside(points)) <= _MOST_OUTSIDE:
        return
    swapped = outside(points[:, ::-1]) <= _MOST_OUTSIDE
    guess = "; longitude and latitude look swapped ({:g}, {:g})".format(*points[0]) if swapped else ""
    raise SnapError(
        f"{100 * share:.0f} % of the cities lie outside the bounding box of the network{guess}",
        where=f"box {low[0]:.2f}, {low[1]:.2f}, {high[0]:.2f}, {high[1]:.2f} (west, south, east, north)",
        done="No cities were snapped.",
        remedy="Exchange the columns lat and lon." if swapped else "Use cities and a network of one region.",
    )


def _reason(name: str, distance: float, nearest: float, island: int, limit_km: float) -> str:
    if not np.isfinite(distance):
        return f"{name} lies across a closed border from the main component of the network"
    if island and nearest <= limit_km:
        return (
            f"{name} lies on an island of the network: a component of {island} node(s) is {nearest:.1f} km "
            f"away, the main component {distance:.1f} km"
        )
    elsewhere = ", in another region" if distance > _FAR * limit_km else ""
    return f"{name} is {distance:,.1f} km from the network{elsewhere} (limit {limit_km:g} km)"


_FAR = 10
"""Times the limit, beyond which no other limit or class of road reaches a city (assumed)."""
_LEAST_GAIN_KM = 0.2
"""A link is cut only if this brings the nearest node closer to a city by at least this distance."""
_LEAST_SHARE = 1e-6
"""Cuts closer together than this share of a link are merged."""


def with_nodes_near(network: Network, cities: Cities, *, limit_km: float = 10.0) -> Network:
    """Cut links where they pass closest to cities, so that `snap` finds a node there.

    Motorways are not cut, since they are entered at junctions only; nor are ferries and railways.

    Parameters
    ----------
    network
        Network with travel times. Links with fewer seconds than there are cities are not cut.
    limit_km
        Largest distance between a city and a link that is cut for it.

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
    cuts = _cuts(network, cities, limit_km=limit_km)
    pieces: list[pd.DataFrame] = []
    places: list[shapely.Point] = []
    for row, of_link in sorted(cuts.items()):
        shares = np.unique(of_link)
        apart = shares[np.diff(shares, prepend=-1.0) > _LEAST_SHARE].tolist()
        # Cut the link at these shares of its length.
        link, first_node = network.links.iloc[row].to_dict(), len(network.nodes) + len(places)
        ends = np.array([0.0, *apart, 1.0])
        nodes = [link["tail"], *range(first_node, first_node + len(apart)), link["head"]]
        parts = _split_line(link["geometry"], ends)
        columns = {
            "tail": nodes[:-1],
            "head": nodes[1:],
            "length_km": link["length_km"] * np.diff(ends),
            **{name: _split_seconds(link[name], ends) for name in ("forward_s", "backward_s")},
            "geometry": parts,
        }
        pieces.append(pd.DataFrame(link | columns))
        places += [shapely.Point(part.coords[-1]) for part in parts[:-1]]
    if not places:
        return network
    uncut = network.links.drop(index=list(cuts))
    new = pd.DataFrame({"osm_id": 0, "kind": "cut", "name": "", "geometry": places})
    return Network(
        nodes=table(pd.concat([network.nodes, new]), NODES),
        links=table(pd.concat([uncut, *pieces]), LINKS),
    )


def _cuts(network: Network, cities: Cities, *, limit_km: float) -> dict[int, list[float]]:
    """Return the shares of the lengths of links at which to cut them, at most one for each city."""
    links = network.links
    usable = (links["mode"] == "road") & ~links["link_class"].isin(MOTORWAYS)
    # A link may be cut once for every city, and each piece needs at least one second.
    for name in ("forward_s", "backward_s"):
        usable = usable & ((links[name] == CLOSED) | (links[name] > len(cities)))
    rows = np.flatnonzero(usable.to_numpy())
    if rows.size == 0 or len(cities) == 0:
        return {}
    tree = shapely.STRtree(links.geometry.to_numpy()[rows])
    centres = shapely.get_coordinates(cities.table.geometry.to_numpy())
    places = shapely.get_coordinates(network.nodes.geometry.to_numpy())
    _, node_km = nearest(centres, places, np.unique(links[["tail", "head"]].to_numpy()[rows]))
    found: dict[int, list[float]] = defaultdict(list)
    for centre, reach_km in zip(centres, np.minimum(node_km - _LEAST_GAIN_KM, limit_km), strict=True):
        near, km, share = lines_near(tree, centre, reach_km)
        if near.size and 0.0 < share[best := km.argmin()] < 1.0:
            found[int(rows[near[best]])].append(float(share[best]))
    return found


def _split_line(line: shapely.LineString, ends: Floats) -> list[shapely.LineString]:
    """Cut a line at shares of its length in a plane tangent at its centroid; the pieces meet exactly."""
    narrow = float(np.cos(np.radians(line.centroid.y)))
    flat = shapely.transform(line, lambda points: points * [narrow, 1.0])
    inner = shapely.get_coordinates(shapely.line_interpolate_point(flat, ends[1:-1], normalized=True))
    corners = [line.coords[0], *(inner / [narrow, 1.0]).tolist(), line.coords[-1]]
    parts = []
    for i in range(len(ends) - 1):
        points = shapely.get_coordinates(substring(flat, ends[i], ends[i + 1], normalized=True))
        between = (points[1:-1] / [narrow, 1.0]).tolist()
        parts.append(shapely.LineString([corners[i], *between, corners[i + 1]]))
    return parts


def _split_seconds(seconds: int, ends: Floats) -> Ints:
    """Divide whole seconds by length: at least one for each piece, and the same sum."""
    place, count = np.arange(ends.size), ends.size - 1
    if seconds == CLOSED:
        return np.full(count, CLOSED)
    # Subtracting one second for each earlier piece turns "increases by at least 1" into "does not decrease".
    spare = np.maximum.accumulate(np.rint(ends * seconds).astype(np.int64) - place)
    before = np.minimum(spare, seconds - count) + place
    return before[1:] - before[:-1]


def with_extents(cities: Cities, built_up: Sequence[shapely.Polygon]) -> Cities:
    """Give towns whose table does not say so the extent that the built-up areas of a map have.

    A town is what is closer to its centre than to other cities, and connected in small steps to the area
    nearest its centre. Its extent is 3/2 of the mean distance from the centre: the radius of the circle with
    the same mean, so that `AccessParameters.mean_km` is exact at the centre whatever the shape of the town.

    Parameters
    ----------
    built_up
        Polygons in degrees, which may overlap.

    Returns
    -------
    Cities
        With `extent_km` where the areas can be those of the residents. `networks/data/tags.toml` has the
        figures of the rule.
    """
    extents, people = cities.table["extent_km"].to_numpy(copy=True), cities.table["population"].to_numpy()
    centres = shapely.get_coordinates(cities.table.geometry.to_numpy())
    # One plane tells what is near; distances from a centre are those in the plane tangent there.
    narrow = np.cos(np.radians(centres[:, 1]))
    scale = KM_PER_DEGREE * np.array([narrow.mean(), 1.0])
    tree = shapely.STRtree(shapely.transform(np.asarray(built_up), lambda at: at * scale))
    far = 1e6 * np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])  # no cities: they bound the cells
    points, row_of = np.unique(np.concatenate([centres * scale, far]), axis=0, return_inverse=True)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(points), ordered=True))
    for city in np.flatnonzero(np.isnan(extents)):
        row, tangent = row_of[city], [narrow[city] / narrow.mean(), 1.0]
        at, ring = _rings_around(tree, shapely.Point(points[row]), cells[row])
        km2, mean_km = _area_and_distance((at - points[row]) * tangent @ [1, 1j], ring)
        least, most = (km2 * BUILT_UP[f"{end}_residents_a_km2"] for end in ("least", "most"))
        if least < people[city] < most:
            extents[city] = 1.5 * mean_km
    return Cities(cities.table.assign(extent_km=extents))


def _rings_around(tree: shapely.STRtree, centre: shapely.Point, cell: shapely.Polygon) -> tuple[Floats, Ints]:
    """Return the rings of all areas in a cell that are connected to a centre, in a plane in km.

    They are points with the number of their ring; holes run against outlines.
    """
    found = tree.query_nearest(centre, max_distance=BUILT_UP["centre_km"])
    marked = np.zeros(len(tree), dtype=bool)
    while len(found):
        marked[found] = True
        pieces = shapely.intersection(tree.geometries[found], cell)
        near = tree.query(pieces, predicate="dwithin", distance=BUILT_UP["gap_km"])[1]
        found = np.unique(near[~marked[near]])
    town = shapely.union_all(shapely.intersection(tree.geometries[marked], cell))
    rings = shapely.get_rings(shapely.get_parts(shapely.normalize(town)))
    points: tuple[Floats, Ints] = shapely.get_coordinates(rings, return_index=True)
    return points


def _area_and_distance(place: NDArray[np.complex128], ring: Ints) -> tuple[float, float]:
    """Return the area that rings enclose in a plane, and the mean distance of its points from the origin.

    Each edge and the origin make a triangle whose sign is the direction of the edge. Let h be the distance of
    the line through the edge, and t run along it from the foot. Between the ends of the edge the area is that
    of h t / 2, the integral of the distance that of (h t sqrt(h^2 + t^2) + h^3 arsinh(t / |h|)) / 6.
    """
    step = np.diff(place)
    kept = (ring[:-1] == ring[1:]) & (step != 0)
    length = np.abs(step[kept])
    foot = place[:-1][kept] * step[kept].conj() / length
    t, h = np.array([foot.real, foot.real + length]), -foot.imag
    distances = (h * t * np.hypot(h, t) + h**3 * np.arcsinh(t / np.where(h == 0, 1, np.abs(h)))) / 6
    area = float((h * length).sum() / 2)
    return abs(area), float(np.diff(distances, axis=0).sum()) / area if area else 0.0
