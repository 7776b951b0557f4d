"""Smooth the path of a railway line so that trains can follow it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby

from networks.regions.construction.matching import WorkingGraph, edge_of
from networks.world.geometry import distance_km, turn_deg

MOST_TURN_DEG = 50.0
"""Sharper turns are replaced by drawn curves; the geometry is exact to 100 m only."""
CURVE_KM = 1.0
"""Distance before a turn at which its curve begins."""
ROUNDS = 4
"""Number of passes; each replaces a turn by two of about half the angle."""


def smoothed(graph: WorkingGraph, path: Sequence[int], stops: Collection[int]) -> list[int]:
    """Remove reversals from a path, and replace its sharp turns by curves.

    Parameters
    ----------
    graph
        The tracks; edges are split where curves begin.
    path
        Nodes in order.
    stops
        Nodes that the path must visit.

    Returns
    -------
    list of int
        A path through the same stops. Where it leaves the tracks, the caller draws the missing edges.
    """
    smooth = _platforms(graph, list(path), stops)
    for _ in range(ROUNDS):
        smooth = _bevelled(graph, smooth, stops)
    return smooth


def at_stops(path: Sequence[int], stops: Sequence[int]) -> list[list[int]]:
    """Cut a path into legs at its stops, in their order."""
    legs, start = [], path.index(stops[0])
    for stop in stops[1:]:
        end = path.index(stop, start)
        legs.append(list(path[start : end + 1]))
        start = end
    return legs


def _platforms(graph: WorkingGraph, path: list[int], stops: Collection[int]) -> list[int]:
    """Replace each spur out and back by a curve through the stop at its end; drop spurs without a stop."""
    at = 1
    while at < len(path) - 1:
        depth = _spur(path, at, stops)
        if depth == 0:
            at += 1
            continue
        tip, root = path[at], path[at - depth]
        before, after = path[: at - depth + 1], path[at + depth :]
        if tip in stops:
            reach = max(CURVE_KM, 2 * distance_km(graph.points[tip], graph.points[root]))
            before = _shortened(graph, before, reach, stops)
            after = _shortened(graph, after[::-1], reach, stops)[::-1]
            path = [*before, tip, *after]
            at = len(before) + 1
        else:
            path = [*before, *after[1:]]
            at = max(1, len(before) - 1)
    return path


def _spur(path: Sequence[int], at: int, stops: Collection[int]) -> int:
    """Return over how many nodes a path returns the way it came, as far as the next stop."""
    depth = 0
    while at - depth - 1 >= 0 and at + depth + 1 < len(path) and path[at - depth - 1] == path[at + depth + 1]:
        depth += 1
        if path[at - depth] in stops:
            break
    return depth


def _shortened(graph: WorkingGraph, path: list[int], reach_km: float, stops: Collection[int]) -> list[int]:
    """Shorten a path at its end by a distance, but not beyond its last stop."""
    while len(path) > 1 and path[-1] not in stops:
        fine = graph.refined(path[-2:])
        here, back = fine[-1], fine[-2]
        km = graph.edges.get(edge_of(here, back), distance_km(graph.points[here], graph.points[back]))
        path = [*path[:-2], *fine[:-1]]
        if km > reach_km:
            return [*path, _on_edge(graph, here, back, reach_km / km)]
        reach_km -= km
    return path


def _on_edge(graph: WorkingGraph, here: int, there: int, share: float) -> int:
    """Return a node on an edge at a share of its length from one end."""
    edge = edge_of(here, there)
    return graph.split(edge, share if edge[0] == here else 1 - share) if edge in graph.edges else there


def _bevelled(graph: WorkingGraph, path: Sequence[int], stops: Collection[int]) -> list[int]:
    """Bevel each sharp turn once."""
    fine = graph.refined(path)
    smooth, at = fine[:1], 1
    while at < len(fine) - 1:
        before, here, after = smooth[-1], fine[at], fine[at + 1]
        turn = turn_deg(*(graph.points[node] for node in (before, here, here, after)))
        if here in stops or turn <= MOST_TURN_DEG or edge_of(here, after) not in graph.edges:
            smooth.append(here)
        else:
            smooth += _curve(graph, before, here, after)
        at += 1
    return [node for node, _ in groupby([*smooth, fine[-1]])]


def _curve(graph: WorkingGraph, before: int, here: int, after: int) -> tuple[int, int]:
    """Return the nodes at which a curve leaves the track before a turn and rejoins it afterwards."""
    ends = []
    for other in (before, after):
        km = max(0.001, distance_km(graph.points[here], graph.points[other]))
        ends.append(_on_edge(graph, here, other, min(0.5, CURVE_KM / km)))
    return ends[0], ends[1]
