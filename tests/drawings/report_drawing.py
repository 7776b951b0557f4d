"""Draw a region small enough to know every number by heart."""

from __future__ import annotations

import io
from dataclasses import replace

import geopandas as gpd
from rich.console import Console
from shapely import LineString, Point

from optimiser import verify
from optimiser.measures.fairness import Fairness, TierPrice
from optimiser.problem import Candidate, DesignProblem, Pair
from optimiser.report import screen
from optimiser.report.inputs import ReportInput, assemble

HOUR = 3600
NAMES = ("Ada", "Bo", "Cy", "Di")
LINE = [(116 + i, 39 + 0.3 * i) for i in range(4)]


def four_cities(names: tuple[str, ...] = NAMES) -> gpd.GeoDataFrame:
    """Four cities on a line, 100 km apart: one core, one secondary, two small."""
    return gpd.GeoDataFrame(
        {
            "city_id": ["a", "b", "c", "d"],
            "name": list(names),
            "tier": ["core", "secondary", "small", "small"],
            "population": [6_000_000, 900_000, 300_000, 100_000],
        },
        geometry=[Point(place) for place in LINE],
        crs="EPSG:4326",
    )


def three_candidates() -> gpd.GeoDataFrame:
    """Three candidates: B-C and C-D, which serve A-D only together, and a useless one."""
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
        geometry=[LineString(LINE[1:3]), LineString(LINE[2:4]), LineString(LINE[0:2])],
        crs="EPSG:4326",
    )


def line_problem() -> DesignProblem:
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


def line_report(*built: str, names: tuple[str, ...] = NAMES, **further: object) -> ReportInput:
    """A report of the plan that builds some candidates; names of cities can be exchanged."""
    problem, candidates = line_problem(), three_candidates()
    named = dict(zip(NAMES, names, strict=True))
    lines = gpd.GeoDataFrame(
        {"link_class": ["motorway", "primary"]}, geometry=list(candidates.geometry[:2]), crs="EPSG:4326"
    )
    rail = gpd.GeoDataFrame({"link_class": ["hsr350"]}, geometry=[candidates.geometry[1]], crs="EPSG:4326")
    return assemble(
        problem,
        verify.score(problem, built),
        region="Drawn land",
        cities=four_cities(names),
        candidates=candidates.replace({"from_name": named, "to_name": named}),
        networks={"road": lines, "rail": rail},
        **further,
    )


def report_out_of_reach() -> ReportInput:
    """The plan that builds all without a budget, where three pairs with Di stay at five hours even so."""
    report = line_report("bc", "cd", "idle")
    away = report.pairs["destination"] == 3
    times = {name: report.pairs[name].where(~away, 5 * HOUR) for name in ("all_built_s", "after_s")}
    return replace(report, budget=None, pairs=report.pairs.assign(**times))


def on_screen(report: ReportInput) -> str:
    """Return what the screen shows of a plan, on lines that do not wrap."""
    console = Console(width=400, record=True, file=io.StringIO())
    console.print(screen.summary(report))
    return console.export_text()


PRICED = Fairness(
    demands=("90 % of the pairs with a small city that can be covered, by weight",),
    tiers=(TierPrice("secondary", 100, 10, 40, 70), TierPrice("small", 200, 50, 180, 160)),
    free_gap=0.0,
    only_plan=("bc",),
    only_free=("cd", "idle"),
    cost_of_both=450,
    both_proven=True,
    worth_plan=220,
    worth_free=230,
    counted="weight",
    budget=400,
    money="million CNY",
)
"""Demands that shift weight from secondary to small cities and cost 10 of 230."""
