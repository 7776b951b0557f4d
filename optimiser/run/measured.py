"""Prepare what measures are computed on: exact times beyond every limit, and the streets of the region."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from networks.sphere import km_to_chord, unit_vectors
from networks.timegraph import ARC_KINDS, TimeGraph
from optimiser.measures.polycentricity.streets import NOWHERE, Streets
from optimiser.problem import Candidate, DesignProblem
from optimiser.proposals.prepare import reduced_network
from optimiser.proposals.table import Candidates, number_arcs

KM_A_DEGREE = 111.195
"""Kilometres a degree of latitude, on a sphere of 6,371 km."""


def arcs_of(problem: DesignProblem, found: Candidates, built: Iterable[str]) -> pd.DataFrame:
    """Return the arcs that a plan opens, those that no pair can use within its limit among them.

    Parameters
    ----------
    problem
        The problem; its candidates that are no row of `found` have the arcs that it gives them.
    found
        The candidates as they were proposed.
    built
        Ids of the plan.

    Returns
    -------
    pandas.DataFrame
        Columns `candidate_id`, `tail_id`, `head_id` (str), `seconds` (int64).
    """
    names = found.table["candidate_id"].astype(str).to_numpy()
    known = found.arcs.assign(candidate_id=names[found.arcs["candidate"].to_numpy(dtype=np.int64)])
    wanted = sorted(built)
    rows = known.loc[known["candidate_id"].isin(wanted), ["candidate_id", "tail_id", "head_id", "seconds"]]
    own = [
        (name, problem.nodes[tail], problem.nodes[head], seconds)
        for name in wanted
        if name not in set(names)
        for tail, head, seconds in problem.candidates[problem.index[name]].arcs
    ]
    more = pd.DataFrame(own, columns=list(rows.columns)).astype({"seconds": "int64"})
    return pd.concat([rows, more], ignore_index=True) if own else rows.reset_index(drop=True)


def whole_problem(
    problem: DesignProblem, graph: TimeGraph, arcs: pd.DataFrame, ends: NDArray[np.int64]
) -> DesignProblem:
    """Return a problem of a plan's candidates alone, in which the times of all pairs are exact.

    The design problem leaves out what no pair can use within its limit, so that times beyond limits are too
    long there. Here nothing is left out.

    Parameters
    ----------
    problem
        The design problem.
    graph
        Road and rail joined, today.
    arcs
        What the plan opens, from `arcs_of`.
    ends
        Rows of the cities of each pair, int64 [pairs x 2].

    Returns
    -------
    DesignProblem
        With the pairs, cities and periods of the problem, and the built candidates; rings, caps and targets
        are left out.
    """
    names = list(dict.fromkeys(arcs["candidate_id"]))
    rows = {name: at for at, name in enumerate(graph.nodes["node_id"])}
    at = {name: row for row, name in enumerate(names)}
    numbered = number_arcs(rows, arcs.assign(candidate=arcs["candidate_id"].map(at)))
    small = reduced_network(graph, numbered)
    every_id = (*graph.nodes["node_id"], *numbered.new_ids)
    own: dict[str, list[tuple[int, int, int]]] = {name: [] for name in names}
    ends_of_arcs = (small.at(nodes).tolist() for nodes in (numbered.tail, numbered.head))
    triples = zip(*ends_of_arcs, numbered.seconds.tolist(), strict=True)
    for row, arc in zip(numbered.candidate.tolist(), triples, strict=True):
        own[names[row]].append(arc)
    tail, head = (small.at(nodes).tolist() for nodes in (small.tail, small.head))
    origin, destination = small.at(graph.origin[ends[:, 0]]), small.at(graph.destination[ends[:, 1]])
    return DesignProblem(
        name=problem.name,
        nodes=tuple(every_id[node] for node in small.terminals.tolist()),
        arcs=tuple(zip(tail, head, small.seconds.tolist(), strict=True)),
        candidates=tuple(
            replace(candidate, arcs=tuple(own[candidate.id]), fixed=None)
            for candidate in _built(problem, names)
        ),
        pairs=tuple(
            replace(pair, origin=one, destination=other)
            for pair, one, other in zip(problem.pairs, origin.tolist(), destination.tolist(), strict=True)
        ),
        budget=problem.budget,
        requires=tuple((a, b) for a, b in problem.requires if a in at and b in at),
        cities=problem.cities,
        periods=problem.periods,
        money=problem.money,
    )


def _built(problem: DesignProblem, names: Sequence[str]) -> list[Candidate]:
    return [problem.candidates[problem.index[name]] for name in names]


def streets(
    graph: TimeGraph,
    cities: gpd.GeoDataFrame,
    *,
    core: NDArray[np.int64],
    core_km: float,
    near_km: float,
    lines: gpd.GeoSeries | None = None,
) -> Streets:
    """Mark the core and the surroundings of each city on a network.

    Parameters
    ----------
    graph
        Road and rail joined, today or with a plan.
    cities
        Table of cities, points in degrees; areas are its rows.
    core
        Rows of the core cities.
    core_km
        The core reaches so far from their centres, straight.
    near_km
        A node belongs to the nearest city that is so near.
    lines
        Lines of the road links that road arcs refer to (degrees): a road that runs through the core between
        two nodes outside it counts as within. None: nodes alone decide.
    """
    lon, lat = _positions(graph)
    known = np.isfinite(lon)
    where = unit_vectors(np.where(known, lon, 0.0), np.where(known, lat, 0.0))
    centres = unit_vectors(cities.geometry.x.to_numpy(), cities.geometry.y.to_numpy())
    chord, nearest = cKDTree(centres).query(where)
    area = np.where(known & (chord <= km_to_chord(near_km)), nearest, NOWHERE).astype(np.int64)
    to_core, which = cKDTree(centres[core]).query(where)
    is_core = known & (to_core <= km_to_chord(core_km))
    area[is_core] = core[np.asarray(which)[is_core]]
    for ends in (graph.origin, graph.destination):
        area[ends] = np.arange(len(cities))
        is_core[ends[core]] = True
    return Streets(
        tail=graph.tail,
        head=graph.head,
        seconds=graph.seconds,
        area=area,
        is_core=is_core,
        crosses=_crossing(graph, lines, cities.geometry.iloc[core], core_km),
    )


def _positions(graph: TimeGraph) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where nodes are; a new node is where the first node with a place is that an arc ties it to."""
    lon, lat = (graph.nodes[key].to_numpy(dtype=np.float64).copy() for key in ("lon", "lat"))
    placed = np.isfinite(lon)
    for one, other in ((graph.tail, graph.head), (graph.head, graph.tail)):
        rows = np.flatnonzero(~placed[one] & placed[other])[::-1]
        lon[one[rows]], lat[one[rows]] = lon[other[rows]], lat[other[rows]]
    return lon, lat


def _crossing(
    graph: TimeGraph, lines: gpd.GeoSeries | None, centres: gpd.GeoSeries, core_km: float
) -> NDArray[np.bool_]:
    """Tell which arcs follow a road link that comes within the core."""
    crosses = np.zeros(len(graph.tail), dtype=np.bool_)
    if lines is None:
        return crosses
    links = lines.to_numpy()
    within = np.zeros(len(links), dtype=np.bool_)
    for centre in centres:
        scale = np.array([np.cos(np.radians(centre.y)), 1.0]) * KM_A_DEGREE
        flat = shapely.transform(links, lambda xy, c=centre, s=scale: (xy - [c.x, c.y]) * s)
        within |= shapely.dwithin(flat, shapely.Point(0, 0), core_km)
    arcs = np.flatnonzero((graph.kind == ARC_KINDS.index("road")) & (graph.ref >= 0))
    crosses[arcs] = within[graph.ref[arcs]]
    return crosses
