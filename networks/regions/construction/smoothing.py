"""Smooth the path of a railway line, so that trains can follow it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby

from networks.regions.construction.geometry import distance_km, turn_deg
from networks.regions.construction.matching import WorkingGraph, edge_of

MOST_TURN_DEG = 50.0
"""Turns that are sharper are cut by a drawn curve; the geometry is exact to 100 m only."""
CURVE_KM = 1.0
"""How far before a turn its curve begins."""
ROUNDS = 4


def smoothed(canvas: WorkingGraph, path: Sequence[int], stops: Collection[int]) -> list[int]:
    """Take reversals out of a path and cut its sharp turns.

    Parameters
    ----------
    canvas
        The tracks; edges are split where curves begin.
    path
        Nodes in order.
    stops
        Nodes that the path must keep.

    Returns
    -------
    list of int
        A path through the same stops; where it leaves the tracks, curves are still to be drawn.
    """
    smooth = _platforms(canvas, list(path), stops)
    for _ in range(ROUNDS):
        smooth = _bevelled(canvas, smooth, stops)
    return smooth


def at_stops(path: Sequence[int], stops: Sequence[int]) -> list[list[int]]:
    """Cut a path into legs at its stops, in their order."""
    legs, start = [], path.index(stops[0])
    for stop in stops[1:]:
        end = path.index(stop, start)
        legs.append(list(path[start : end + 1]))
        start = end
    return legs


def _platforms(canvas: WorkingGraph, path: list[int], stops: Collection[int]) -> list[int]:
    """Replace each way out and back by a track through the stop at its end; drop it where there is none."""
    at = 1
    while at < len(path) - 1:
        depth = _spur(path, at, stops)
        if depth == 0:
            at += 1
            continue
        tip, root = path[at], path[at - depth]
        before, after = path[: at - depth + 1], path[at + depth :]
        if tip in stops:
            reach = max(CURVE_KM, 2 * distance_km(canvas.points[tip], canvas.points[root]))
            before = _shortened(canvas, before, reach, stops)
            after = _shortened(canvas, after[::-1], reach, stops)[::-1]
            path = [*before, tip, *after]
            at = len(before) + 1
        else:
            path = [*before, *after[1:]]
            at = max(1, len(before) - 1)
    return path


def _spur(path: Sequence[int], at: int, stops: Collection[int]) -> int:
    """Return how many nodes a path goes back by the way it came, without passing another stop."""
    depth = 0
    while at - depth - 1 >= 0 and at + depth + 1 < len(path) and path[at - depth - 1] == path[at + depth + 1]:
        depth += 1
        if path[at - depth] in stops:
            break
    return depth


def _shortened(canvas: WorkingGraph, path: list[int], reach_km: float, stops: Collection[int]) -> list[int]:
    """Take a stretch off the end of a path, as far as its last stop at most."""
    while len(path) > 1 and path[-1] not in stops:
        fine = canvas.refined(path[-2:])
        here, back = fine[-1], fine[-2]
        km = canvas.edges.get(edge_of(here, back), distance_km(canvas.points[here], canvas.points[back]))
        path = [*path[:-2], *fine[:-1]]
        if km > reach_km:
            return [*path, _on_edge(canvas, here, back, reach_km / km)]
        reach_km -= km
    return path


def _on_edge(canvas: WorkingGraph, here: int, there: int, share: float) -> int:
    """Return a node on an edge, at a share of the way from one end."""
    edge = edge_of(here, there)
    return canvas.split(edge, share if edge[0] == here else 1 - share) if edge in canvas.edges else there


def _bevelled(canvas: WorkingGraph, path: Sequence[int], stops: Collection[int]) -> list[int]:
    """Cut each sharp turn once."""
    fine = canvas.refined(path)
    smooth, at = fine[:1], 1
    while at < len(fine) - 1:
        before, here, after = smooth[-1], fine[at], fine[at + 1]
        turn = turn_deg(*(canvas.points[node] for node in (before, here, here, after)))
        if here in stops or turn <= MOST_TURN_DEG or edge_of(here, after) not in canvas.edges:
            smooth.append(here)
        else:
            smooth += _curve(canvas, before, here, after)
        at += 1
    return [node for node, _ in groupby([*smooth, fine[-1]])]


def _curve(canvas: WorkingGraph, before: int, here: int, after: int) -> tuple[int, int]:
    """Return where a curve leaves the track before a turn and where it comes back after it."""
    ends = []
    for other in (before, after):
        km = max(0.001, distance_km(canvas.points[here], canvas.points[other]))
        ends.append(_on_edge(canvas, here, other, min(0.5, CURVE_KM / km)))
    return ends[0], ends[1]
