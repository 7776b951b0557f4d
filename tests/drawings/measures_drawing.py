"""Draw a region of five nodes whose measures can be worked out by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import LineString, Point

from networks.skims import ARC_KINDS, TimeGraph
from optimiser import verify
from optimiser.job.sections import Measures as Settings
from optimiser.problem import Candidate, DesignProblem, Pair
from optimiser.proposals.table import Candidates
from optimiser.run.measured_plan import MeasuredPlan

LIMIT = 10_000
PLACES = {
    "city:a": (116.0, 40.0),
    "city:b": (117.0, 40.0),
    "city:c": (115.0, 40.0),
    "city:d": (116.0, 41.0),
    "road:0": (116.05, 40.0),
}
"""Ada (core), Bo (secondary), Cy and Di (small), and a junction 4 km east of Ada."""

ROADS = ((0, 4, 10), (1, 4, 3600), (2, 4, 7200), (3, 2, 3600))
"""Two-way: Ada 10 s, Bo 1 h and Cy 2 h from the junction; Di hangs on Cy, 1 h."""


def two_way(arcs: Iterable[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    return [arc for tail, head, s in arcs for arc in ((tail, head, s), (head, tail, s))]


def drawn_graph() -> TimeGraph:
    arcs = np.array(two_way(ROADS), dtype=np.int64)
    ends = np.arange(4, dtype=np.int64)
    return TimeGraph(
        nodes=pd.DataFrame(
            {
                "node_id": list(PLACES),
                "kind": ["city"] * 4 + ["road"],
                "lon": [lon for lon, _ in PLACES.values()],
                "lat": [lat for _, lat in PLACES.values()],
            }
        ),
        tail=arcs[:, 0],
        head=arcs[:, 1],
        seconds=arcs[:, 2],
        kind=np.full(len(arcs), ARC_KINDS.index("road"), dtype=np.int8),
        ref=np.full(len(arcs), -1, dtype=np.int64),
        origin=ends,
        destination=ends,
        definition="door_to_door",
    )


def drawn_cities() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "city_id": ["a", "b", "c", "d"],
            "name": ["Ada", "Bo", "Cy", "Di"],
            "tier": ["core", "secondary", "small", "small"],
            "population": [6_000_000, 900_000, 300_000, 100_000],
        },
        geometry=[Point(PLACES[f"city:{name}"]) for name in "abcd"],
        crs="EPSG:4326",
    )


def drawn_candidates() -> Candidates:
    """A road from Bo to Di (90 min), and faster trains from Ada to Cy (100 min)."""
    table = gpd.GeoDataFrame(
        {
            "candidate_id": ["bd", "ac"],
            "kind": ["road_link", "rail_service"],
            "instrument": ["infrastructure", "subsidy"],
            "mode": ["road", "rail"],
            "from_name": ["Bo", "Ada"],
            "to_name": ["Di", "Cy"],
            "length_km": [140.0, 85.0],
            "plain": [0.5, 1.0],
            "hill": [0.5, 0.0],
            "mountain": [0.0, 0.0],
            "cost_low": [150, 40],
            "cost": [200, 50],
            "cost_high": [300, 80],
        },
        geometry=[LineString([PLACES["city:b"], PLACES["city:d"]]), LineString([(116, 40), (115, 40)])],
        crs="EPSG:4326",
    )
    names = [("city:b", "city:d", 5400), ("city:a", "city:c", 6000)]
    rows = [(at, *ends, seconds) for at, (a, b, seconds) in enumerate(names) for ends in ((a, b), (b, a))]
    return Candidates(
        table=table, arcs=pd.DataFrame(rows, columns=["candidate", "tail_id", "head_id", "seconds"])
    )


def drawn_problem() -> DesignProblem:
    """Every pair once, weight 10, limit 10,000 s."""
    tiers = ("core", "secondary", "small", "small")
    return DesignProblem(
        name="five",
        nodes=tuple(PLACES),
        arcs=tuple(two_way(ROADS)),
        candidates=(
            Candidate("bd", 200, tuple(two_way([(1, 3, 5400)])), "road_link", "infrastructure"),
            Candidate("ac", 50, tuple(two_way([(0, 2, 6000)])), "rail_service", "subsidy"),
        ),
        pairs=tuple(Pair(i, j, LIMIT, 10, tiers[j]) for i in range(4) for j in range(i + 1, 4)),
        budget=300,
        money="million CNY",
    )


def drawn_plan(
    *built: str, settings: Settings | None = None, problem: DesignProblem | None = None
) -> MeasuredPlan:
    """Return the region with a plan, given by its ids, ready to be measured."""
    asked = problem or drawn_problem()
    return MeasuredPlan(
        problem=asked,
        plan=verify.score(asked, built),
        graph=drawn_graph(),
        candidates=drawn_candidates(),
        cities=drawn_cities(),
        ends=np.array([(p.origin, p.destination) for p in asked.pairs], dtype=np.int64),
        settings=settings or Settings(),
    )


def drawn_apart(*built: str) -> MeasuredPlan:
    """Return the region with a plan, but without the way from Cy to Di: only the road from Bo leads to Di."""
    plan = drawn_plan(*built)
    graph = plan.graph
    keep = (graph.tail != 3) & (graph.head != 3)
    rows = {key: getattr(graph, key)[keep] for key in ("tail", "head", "seconds", "kind", "ref")}
    return dataclasses.replace(plan, graph=dataclasses.replace(graph, **rows))
