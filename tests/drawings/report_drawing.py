"""Draw a region small enough to know every number by heart."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import geopandas as gpd
import numpy as np
import pandas as pd
from rich.console import Console
from ring_square import KNOWN, shown
from shapely import LineString, Point

from optimiser import verify
from optimiser.measures.coverage import Fairness, TierPrice
from optimiser.measures.order import rank_links
from optimiser.measures.tables import Measures
from optimiser.problem import Candidate, DesignProblem, Pair
from optimiser.report import sentences, tables
from optimiser.report.inputs import CaseResults, ReportInput, StateShown, StateStep, assemble

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
        roads=lines,
        rail=rail,
        ends=np.array([[pair.origin, pair.destination] for pair in problem.pairs]),
        **further,
    )


MANY = (
    ("rule", "check_in", "access", "High-speed stations", "the whole region"),
    ("bc", "road_upgrade", "road", "Bo", "Cy"),
    ("express", "express_service", "rail", "Ada", "Di"),
    ("bus", "access", "access", "Cy", "Cy West station"),
    ("cd", "rail_link", "rail", "Cy", "Di"),
    ("stop", "extra_stop", "rail", "Di", "Di station"),
    ("change", "timed_transfer", "access", "Cy", "Cy West: a line with another"),
    *((f"road {at}", "road_link", "road", "Ada", f"Village {at}") for at in range(8, 24)),
)
"""Id, kind, mode and ends of links of each package, by rank."""


def many_links() -> ReportInput:
    """A plan of links of each package, more than a screen shows; B-C closes a ring, and two pairs use C-D."""
    ring = shown()
    ring = replace(ring, pieces=ring.pieces.replace({"candidate_id": {"east": "bc"}}))
    report = line_report("bc", "cd", rings=(ring,))
    base = report.links.set_index("candidate_id").loc["cd"]
    columns = ("candidate_id", "kind", "mode", "from_name", "to_name")
    rows = [
        {**base, **dict(zip(columns, one, strict=True)), "rank": rank, "length_km": rank, "cost": 10 * rank}
        for rank, one in enumerate(MANY, start=1)
    ]
    links = gpd.GeoDataFrame(rows, geometry="geometry", crs="EPSG:4326")
    found = [tables.package(row, report.rings) for row in links.to_dict("records")]
    return replace(report, links=links.assign(package=found))


def report_out_of_reach() -> ReportInput:
    """The plan that builds all without a budget, where three pairs with Di stay at five hours even so."""
    report = line_report("bc", "cd", "idle")
    away = report.pairs["destination"] == 3
    times = {name: report.pairs[name].where(~away, 5 * HOUR) for name in ("all_built_s", "after_s")}
    return replace(report, budget=None, pairs=report.pairs.assign(**times))


def explored(words: Iterator[str] | None = None) -> ReportInput:
    """A measured plan with its build order, a ring that B-C closes, cases: all that a page can show.

    Every name and note is the next of some words, where they are given.
    """
    order = ("bc", "cd", "idle")
    names = NAMES if words is None else tuple(islice(words, len(NAMES)))
    ring = shown(overlaps=(KNOWN,))
    ring = replace(ring, pieces=ring.pieces.replace({"candidate_id": {"east": "bc"}}))
    ranking = rank_links(line_problem(), order, order=order)
    report = line_report(*order, names=names, rings=(ring,), ranking=ranking)
    report = replace(
        report, measures=_measures(report, order), cases=CASES, links=CASES.with_counts(report.links)
    )
    if words is None:
        return report
    facts = replace(ring.facts, id=next(words), centres=(next(words),))
    strange = replace(
        ring,
        facts=facts,
        pieces=ring.pieces.assign(name=next(words)),
        cities=ring.cities.assign(name=next(words)),
        overlaps=(replace(KNOWN, name=next(words), source=next(words)),),
    )
    needs = NEEDS.assign(city=next(words), partner=next(words), by=next(words))
    cases = replace(
        CASES, rows=tuple(row | {"name": next(words), "description": next(words)} for row in CASES.rows)
    )
    columns = {name: next(words) for name in ("from_name", "to_name", "kind", "today", "replaces", "beside")}
    return replace(
        report,
        region=next(words),
        money=next(words),
        variant=next(words),
        solver=next(words),
        notes=(next(words),),
        sources=(next(words),),
        assumptions=((next(words), next(words)),),
        attribution=next(words),
        rings=(strange,),
        measures=replace(report.measures, needs=needs),
        cases=cases,
        links=report.links.assign(**columns, today_s=5400, with_s=3601, beside_share=0.41, town_share=0.2),
    )


def traced(words: Iterator[str] | None = None) -> ReportInput:
    """A frontier of four points: nothing, B-C, C-D with the idle link in place of it, and everything.

    Every name is the next of some words, where they are given.
    """
    order = ("bc", "cd", "idle")
    plans = ((), ("bc",), ("cd", "idle"), order)
    report = line_report(*order, names=NAMES if words is None else tuple(islice(words, len(NAMES))))
    points = tuple(
        state(f"point {at}", "", None, plan, circuits={"ring": (0,)} if at == 4 else {})
        for at, plan in enumerate(plans, start=1)
    )
    points = (replace(points[0], gap=None), *points[1:])
    counts = [sum(name in plan for plan in plans) for name in report.links["candidate_id"]]
    links = report.links.assign(enters_at=100, points=counts, is_core=[True, False, False])
    report = replace(report, points=points, knee=2, links=links)
    if words is None:
        return report
    columns = {name: next(words) for name in ("from_name", "to_name", "kind")}
    strange = replace(points[-1], circuits={next(words): (0,)})
    return replace(
        report,
        region=next(words),
        money=next(words),
        attribution=next(words),
        points=(*points[:-1], strange),
        links=links.assign(**columns),
    )


def state(name: str, rings: str, budget: int | None, order: tuple[str, ...], **changes: object) -> StateShown:
    """A state of the drawn region that builds some candidates in this order, counted by the check."""
    problem, covered = line_problem(), list[frozenset[int]]()
    for at in range(len(order) + 1):
        covered.append(frozenset(verify.score(problem, order[:at]).covered))
    steps = tuple(
        StateStep(one, problem.cost_of([one]), tuple(sorted(after - before)))
        for one, before, after in zip(order, covered, covered[1:], strict=False)
    )
    weight = sum(problem.pairs[k].weight for k in covered[-1])
    found = StateShown(
        name=name,
        rings=rings,
        budget=budget,
        status="optimal",
        cost=problem.cost_of(order),
        objective=weight,
        bound=weight,
        gap=0.0,
        is_proven=True,
        covered=tuple(sorted(covered[-1])),
        order=steps,
    )
    return replace(found, **changes)


def stated(words: Iterator[str] | None = None) -> ReportInput:
    """The plan with a ring that B-C closes, and six states: three budgets, without the ring and with it.

    With the ring and 40 million there is no plan; without it and 320 million one is not proven.
    """
    report, formed = explored(words), {"outer": (0, 1, 2, 3)}
    ring, left = report.rings[0], shown(circuit=())
    without = {"rings_shown": (left,)}
    within = {"ring_ids": ("outer",), "circuits": formed, "rings_shown": (ring,)}
    none = dict.fromkeys(("cost", "objective", "bound", "gap"))
    open_end = {"status": "feasible", "bound": 60, "gap": 0.5, "is_proven": False}
    states = (
        state("as chosen", "as chosen", 400, ("bc", "cd", "idle"), **within),
        state("no ring, 40", "no ring", 40, ("idle",), **without),
        state("no ring, 320", "no ring", 320, ("bc", "cd"), **without, **open_end),
        state("no ring, 400", "no ring", 400, ("bc", "cd", "idle"), **without),
        state(
            "all rings, 40",
            "all rings",
            40,
            (),
            **{**without, "ring_ids": ("outer",)},
            **none,
            status="infeasible",
            is_proven=True,
            covered=(),
            why="The rings alone cost 100 million CNY.",
        ),
        state("all rings, 320", "all rings", 320, ("bc", "cd"), **within),
        state("all rings, 400", "all rings", 400, ("bc", "cd", "idle"), **within),
    )
    if words is not None:
        states = tuple(
            replace(one, name=next(words), rings=f"{one.rings} {next(words)}", why=next(words))
            for one in states
        )
    return replace(report, states=states, state_links=report.links)


def _measures(report: ReportInput, order: tuple[str, ...]) -> Measures:
    """The build order alone, counted with the independent check."""
    problem, pairs = line_problem(), report.pairs
    within = [
        np.array([s is not None and s <= 4 * HOUR for s in verify.score(problem, order[:at]).times_after_s])
        for at in range(len(order) + 1)
    ]
    rows = []
    for at, (name, inside) in enumerate(zip(("", *order), within, strict=True)):
        link = report.links[report.links["candidate_id"] == name]
        row = {"step": at, "candidate_id": name, "cost": problem.cost_of([name]) if at else 0}
        row |= {key: str(link[key].iloc[0]) if at else "" for key in ("kind", "from_name", "to_name")}
        row |= {"cost_so_far": problem.cost_of(order[:at]), "pairs_within": int(inside.sum())}
        row |= {"weight_share": float(inside.mean())}
        for tier in ("secondary", "small"):
            mine = inside[(pairs["group"] == tier).to_numpy()]
            row |= {f"pairs_within_{tier}": int(mine.sum()), f"weight_share_{tier}": float(mine.mean())}
        rows.append(row)
    steps = np.where(np.any(within, axis=0), np.argmax(within, axis=0), -1)
    seconds = pairs[["before_s", "after_s"]].assign(step=steps)
    empty = pd.DataFrame()
    facts = {
        "order_method": "forward",
        "hour_value": None,
        "new_pairs": 2,
        "new_pairs_without_station_measures": 1,
    }
    return Measures(empty, empty, empty, pd.DataFrame(rows), empty, seconds, needs=NEEDS, facts=facts)


NEEDS = pd.DataFrame(
    {
        "city": ["Di", "Cy", "Bo"],
        "open": [3, 2, 1],
        "gained": [0, 1, 1],
        "left": [2, 0, 0],
        "never": [1, 1, 0],
        "pair": [2, 5, -1],
        "partner": ["Ada", "Di", ""],
        "cost": pd.array([300, None, None], dtype="Int64"),
        "candidates": ["bc; cd", "", ""],
        "by": [
            "B-C: Ada within the limit",
            "nothing proposed; the nearest stays",
            "all its pairs are within",
        ],
    }
)
"""Cities that gain least: one that candidates help, one that nothing helps, one with all its pairs."""


_CASE = {
    "description": "",
    "status": "optimal",
    "gap": 0.0,
    "seconds": 0.1,
    "cost": 1,
    "pairs": 6,
    "today": 1,
}
_ROWS = (
    {**_CASE, "name": "slow", "built": ["bc"], "plan": 3, "best": 2},
    {**_CASE, "name": "fast", "built": ["bc", "cd"], "plan": 5, "best": 6},
    {**_CASE, "name": "late", "built": ["idle"], "plan": 3, "best": 4, "gap": 0.2},
    {**_CASE, "name": "open", "built": [], "plan": 3, "best": None, "status": "none", "gap": None},
)
CASES = CaseResults(
    rows=_ROWS,
    draws=tuple(row | {"name": f"draw {at}", "fits": at < 3} for at, row in enumerate(_ROWS, start=1)),
    pairs=6,
    covered=3,
)
"""Two cases that count, one that is not settled, and one without a plan; joint draws like them."""


def on_screen(report: ReportInput) -> str:
    """Return what the screen shows of a plan, on lines that do not wrap."""
    console = Console(width=400, record=True, file=io.StringIO())
    console.print(sentences.summary(report))
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
