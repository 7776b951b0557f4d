"""Lay out the circuits of a plan: pieces in order round each ring, what exists of it, and who lies on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import Geod
from shapely import LineString, get_coordinates
from shapely.geometry.base import BaseGeometry

from optimiser.problem import DesignProblem, Ring
from optimiser.problem.ring import Point
from optimiser.report.rings_shown import EXISTING, NEW, ON_RING, PIECES, RingFacts, RingShown, Stop
from optimiser.verify import Plan
from optimiser.verify.rings import circuit_line, circuit_nodes, winding_number

DEGREE = 10_000_000
"""Units of the coordinates of a problem in one degree."""

LINKS = ("ring", "position", "name", "length_km", "geometry")
"""Columns of the table of ring links that are read: id of the ring, position of the link in it, and so on."""

WGS84 = "EPSG:4326"


def describe(
    problem: DesignProblem,
    plan: Plan,
    *,
    cities: gpd.GeoDataFrame,
    links: gpd.GeoDataFrame | None = None,
    facts: Iterable[RingFacts] = (),
) -> tuple[RingShown, ...]:
    """Return what a report shows of each ring of a problem.

    Parameters
    ----------
    problem, plan
        What was solved, and what the independent check found.
    cities
        Columns `city_id`, `name`, `tier`, `population`, `geometry` (points).
    links
        Ring links as they lie: columns `LINKS`, one row a link of a ring. None, or a link without a row:
        straight lines through the points of the problem, without a name.
    facts
        What the job asks of the rings. A ring without facts is shown with what the problem knows of it.

    Returns
    -------
    tuple of RingShown
        One for each ring of the problem, in its order.
    """
    known = {fact.id: fact for fact in facts}
    cities = cities.to_crs(WGS84)
    return tuple(
        _ring(problem, ring, plan.rings.get(ring.id, ()), known.get(ring.id) or _bare(ring), cities, links)
        for ring in problem.rings
    )


def _bare(ring: Ring) -> RingFacts:
    """Return what the problem alone knows of a ring."""
    return RingFacts(ring.id, stops=tuple(Stop(stop.id, v) for stop in ring.stops for v in stop.nodes))


def _ring(
    problem: DesignProblem,
    ring: Ring,
    circuit: Sequence[int],
    facts: RingFacts,
    cities: gpd.GeoDataFrame,
    links: gpd.GeoDataFrame | None,
) -> RingShown:
    order, nodes = clockwise(ring, circuit)
    on_it = _cities_on(facts, nodes, cities)
    return RingShown(
        facts=facts,
        required=ring.required,
        reward=ring.reward,
        least_cities=ring.least_stops,
        pieces=_pieces(problem, ring, order, nodes, links),
        cities=on_it,
        inside=_inside(ring, order, nodes, cities, apart_from=set(on_it["city_id"])),
        can_form=bool(ring.links) and len(ring.stops) >= ring.least_stops,
    )


def clockwise(ring: Ring, circuit: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the links of a circuit clockwise from its northernmost node, and the nodes that they start from.

    Parameters
    ----------
    ring
        The ring.
    circuit
        Positions of its links in order round it, in either direction; empty when it is not formed.
    """
    nodes = circuit_nodes(ring, circuit) if circuit else None
    if nodes is None:
        return (), ()
    links = tuple(circuit)
    if _doubled_area(circuit_line(ring, links, nodes)) > 0:
        links, nodes = links[::-1], (nodes[0], *nodes[:0:-1])
    first = max(range(len(nodes)), key=lambda i: (ring.nodes[nodes[i]][1], -ring.nodes[nodes[i]][0]))
    return links[first:] + links[:first], nodes[first:] + nodes[:first]


def _doubled_area(line: Sequence[Point]) -> int:
    """Return twice the area within a closed line, positive when it runs anticlockwise (shoelace formula)."""
    following = [*line[1:], line[0]]
    return sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(line, following, strict=True))


def _pieces(
    problem: DesignProblem,
    ring: Ring,
    order: Sequence[int],
    nodes: Sequence[int],
    links: gpd.GeoDataFrame | None,
) -> gpd.GeoDataFrame:
    rows, counted = _rows_by_position(ring, links), set[str]()
    table: list[dict[str, object]] = []
    for place, (k, tail) in enumerate(zip(order, nodes, strict=True), start=1):
        name = ring.links[k].candidate or ""
        cost = problem.candidates[problem.index[name]].cost if name and name not in counted else 0
        counted.add(name)
        shape = _along(ring, k, tail, rows.get(k, {}).get("geometry"))
        table.append(
            {
                "piece": place,
                "link": k,
                "candidate_id": name,
                "name": str(rows.get(k, {}).get("name") or ""),
                "state": NEW if name else EXISTING,
                "length_km": _length_km(rows.get(k, {}).get("length_km"), shape),
                "cost": cost,
                "geometry": shape,
            }
        )
    return gpd.GeoDataFrame(table, columns=[*PIECES, "geometry"], geometry="geometry", crs=WGS84)


def _rows_by_position(ring: Ring, links: gpd.GeoDataFrame | None) -> Mapping[int, dict[str, object]]:
    if links is None:
        return {}
    mine = links[links["ring"] == ring.id].to_crs(WGS84)
    return {int(row["position"]): row for row in mine[list(LINKS)].to_dict("records")}


def _along(ring: Ring, link: int, tail: int, shape: object) -> LineString:
    """Return the line of a link in the direction in which it leaves a node.

    Notes
    -----
    The ends of its line may be a little off the nodes; the nearer end is the one that is meant.
    """
    points = _straight(ring, link)
    if isinstance(shape, BaseGeometry) and not shape.is_empty:
        points = get_coordinates(shape)
    start, end = points[0], points[-1]
    head = ring.links[link].head if ring.links[link].tail == tail else ring.links[link].tail
    here, there = (np.array(ring.nodes[v]) / DEGREE for v in (tail, head))
    forward = np.hypot(*(start - here)) + np.hypot(*(end - there))
    backward = np.hypot(*(end - here)) + np.hypot(*(start - there))
    return LineString(points if forward <= backward else points[::-1])


def _straight(ring: Ring, link: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    one = ring.links[link]
    corners = (ring.nodes[one.tail], *one.via, ring.nodes[one.head])
    return np.array(corners, dtype=np.float64) / DEGREE


def _length_km(said: object, shape: LineString) -> float:
    if isinstance(said, int | float) and said > 0:
        return float(said)
    return float(Geod(ellps="WGS84").geometry_length(shape)) / 1000


def _cities_on(facts: RingFacts, nodes: Sequence[int], cities: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the cities whose nodes a circuit passes, each at the nearest of them, in order round it."""
    piece = {node: place for place, node in enumerate(nodes, start=1)}
    nearest: dict[str, tuple[bool, int, int]] = {}
    for stop in facts.stops:
        if stop.node in piece:
            at = (stop.seconds < 0, stop.seconds, piece[stop.node])
            nearest[stop.city_id] = min(at, nearest.get(stop.city_id, at))
    ids = cities["city_id"].astype(str)
    table = pd.DataFrame(cities[["city_id", "name", "tier", "population"]])[ids.isin(nearest)]
    found = [nearest[name] for name in table["city_id"].astype(str)]
    spots = {
        "seconds": np.array([seconds for _, seconds, _ in found], dtype=np.int64),
        "piece": np.array([place for _, _, place in found], dtype=np.int64),
    }
    ordered = table.assign(**spots).sort_values(["piece", "seconds"], kind="stable")
    found_in_order: pd.DataFrame = ordered[list(ON_RING)].reset_index(drop=True)
    return found_in_order


def _inside(
    ring: Ring,
    order: Sequence[int],
    nodes: Sequence[int],
    cities: gpd.GeoDataFrame,
    *,
    apart_from: set[object],
) -> tuple[str, ...]:
    """Return the names of the cities that a circuit winds round, largest first."""
    if not order:
        return ()
    line = circuit_line(ring, order, nodes)
    points = np.rint(get_coordinates(cities.geometry) * DEGREE).astype(np.int64).tolist()
    is_in = [bool(winding_number(line, (x, y))) for x, y in points]
    held = cities[np.array(is_in, dtype=np.bool_) & ~cities["city_id"].isin(apart_from)]
    return tuple(held.sort_values("population", ascending=False)["name"].astype(str))
