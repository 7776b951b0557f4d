"""Draw a region small enough to know every number by heart."""

from __future__ import annotations

from collections.abc import Callable

import geopandas as gpd
import pytest
from shapely import LineString, Point

from optimiser import verify
from optimiser.problem import Candidate, DesignProblem, Pair
from optimiser.report.assemble import assemble
from optimiser.report.inputs import ReportInput

HOUR = 3600
NAMES = ("Ada", "Bo", "Cy", "Di")


@pytest.fixture
def cities() -> gpd.GeoDataFrame:
    """Four cities on a line, 100 km apart: one core, one secondary, two small."""
    return gpd.GeoDataFrame(
        {
            "city_id": ["a", "b", "c", "d"],
            "name": list(NAMES),
            "tier": ["core", "secondary", "small", "small"],
            "population": [6_000_000, 900_000, 300_000, 100_000],
        },
        geometry=[Point(116 + i, 39 + 0.3 * i) for i in range(4)],
        crs="EPSG:4326",
    )


@pytest.fixture
def candidates() -> gpd.GeoDataFrame:
    """Three candidates: B-C and C-D, which serve A-D only together, and a useless one."""
    line = [(116 + i, 39 + 0.3 * i) for i in range(4)]
    return gpd.GeoDataFrame(
        {
            "candidate_id": ["bc", "cd", "idle"],
            "kind": ["road_upgrade", "rail_link", "gap"],
            "instrument": ["infrastructure", "infrastructure", "barrier"],
            "mode": ["road", "rail", "road"],
            "from_name": ["Bo", "Cy", "Ada"],
            "to_name": ["Cy", "Di", "Bo"],
            "length_km": [100.04, 100.0, 1.0],
            "speed_kmh": [120.0, 160.0, 80.0],
            "cost_low": [80, 150, 5],
            "cost": [100, 200, 10],
            "cost_high": [130, 260, 20],
        },
        geometry=[LineString(line[1:3]), LineString(line[2:4]), LineString(line[0:2])],
        crs="EPSG:4326",
    )


@pytest.fixture
def problem() -> DesignProblem:
    """A-B 1 h, B-C 3 h (1 h when built), C-D 5 h (1 h when built); limit 4 h."""

    def two_way(tail: int, head: int, seconds: int) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        return (tail, head, seconds), (head, tail, seconds)

    today = (*two_way(0, 1, HOUR), *two_way(1, 2, 3 * HOUR), *two_way(2, 3, 5 * HOUR))
    built = (
        Candidate("bc", 100, two_way(1, 2, HOUR), "road_upgrade", "infrastructure"),
        Candidate("cd", 200, two_way(2, 3, HOUR), "rail_link", "infrastructure"),
        Candidate("idle", 10, two_way(0, 1, HOUR), "gap", "barrier"),
    )
    tiers = ("core", "secondary", "small", "small")
    pairs = tuple(Pair(i, j, 4 * HOUR, 10, tiers[j]) for i in range(4) for j in range(i + 1, 4))
    nodes = tuple(f"city:{name}" for name in "abcd")
    return DesignProblem("drawn", nodes, today, built, pairs, 400, money="million CNY")


@pytest.fixture
def make(
    problem: DesignProblem, cities: gpd.GeoDataFrame, candidates: gpd.GeoDataFrame
) -> Callable[..., ReportInput]:
    """Return a builder of report inputs: built ids, and names of cities to exchange."""

    def build(*built: str, names: tuple[str, ...] = NAMES, **words: object) -> ReportInput:
        plan = verify.score(problem, built)
        named = dict(zip(NAMES, names, strict=True))
        lines = gpd.GeoDataFrame(
            {"link_class": ["motorway", "primary"]}, geometry=list(candidates.geometry[:2]), crs="EPSG:4326"
        )
        rail = gpd.GeoDataFrame(
            {"link_class": ["hsr350"]}, geometry=[candidates.geometry[1]], crs="EPSG:4326"
        )
        return assemble(
            problem,
            plan,
            region="Drawn land",
            cities=cities.assign(name=list(names)),
            candidates=candidates.replace({"from_name": named, "to_name": named}),
            networks={"road": lines, "rail": rail},
            **words,
        )

    return build


@pytest.fixture
def report(make: Callable[..., ReportInput]) -> ReportInput:
    """The plan that builds everything."""
    return make("bc", "cd", "idle")
