"""Make small sweeps: six links between four cities, chosen by rules that are known."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.stats import qmc
from shapely import LineString, Point

from optimiser.report.sweep import SweepResults

FACTORS = ("rail_speed", "costs")

CITIES = gpd.GeoDataFrame(
    {
        "city_id": ["a", "b", "c", "d"],
        "name": ["Ahafen", "Bdorf", "C <b>burg</b>", "Dstadt"],
        "tier": ["core", "secondary", "small", "small"],
        "population": [5_000_000, 800_000, 90_000, 80_000],
    },
    geometry=[Point(9, 50), Point(10, 50), Point(10, 51), Point(9, 51)],
    crs="EPSG:4326",
)

LINKS = gpd.GeoDataFrame(
    {
        "candidate_id": ["always", "fast", "slow", "cheap", "never", "station"],
        "kind": ["rail_link", "rail_service", "road_link", "road_upgrade", "rail_link", "check_in"],
        "mode": ["rail", "rail", "road", "road", "rail", "access"],
        "from_name": ["Ahafen", "Ahafen", "Bdorf", "C <b>burg</b>", "Bdorf", "Dstadt"],
        "to_name": ["Bdorf", "C <b>burg</b>", "C <b>burg</b>", "Dstadt", "Dstadt", "Dstadt Hbf"],
        "length_km": [71.0, 132.0, 111.0, 70.0, 131.0, 0.0],
        "cost": [100, 40, 50, 30, 90, 5],
    },
    geometry=[
        LineString([(9, 50), (10, 50)]),
        LineString([(9, 50), (10, 51)]),
        LineString([(10, 50), (10, 51)]),
        LineString([(10, 51), (9, 51)]),
        LineString([(10, 50), (9, 51)]),
        Point(9, 51),
    ],
    crs="EPSG:4326",
)

NETWORK = gpd.GeoDataFrame(
    {"layer": ["roads", "rail", "motorways", "high_speed"]},
    geometry=[LineString([(9, 50), (9.5, 50.5), (10, 51)]), None, LineString([(9, 51), (10, 50)]), None],
    crs="EPSG:4326",
)


def blocks_and_chances(design, count):
    """Return the blocks of a design, and the chances of both factors in each of its cases."""
    if design == "saltelli":
        points = qmc.Sobol(4, rng=1).random(count)
        first, second = points[:, :2], points[:, 2:]
        one, other = first.copy(), first.copy()
        one[:, 0], other[:, 1] = second[:, 0], second[:, 1]
        names = ["A", "B", *(f"AB:{name}" for name in FACTORS)]
        blocks = [(name, 1 + at * count, count) for at, name in enumerate(names)]
        return blocks, np.vstack([first, second, one, other])
    if design == "morris":
        rows = []
        for at in range(count):
            start = np.array([0.125 + 0.25 * (at % 2), 0.125 + 0.25 * (at // 2 % 2)])
            order = (0, 1) if at % 3 else (1, 0)
            rows.append(start.copy())
            for factor in order:
                start[factor] += 0.5
                rows.append(start.copy())
        return [(f"trajectory {at + 1}", 1 + 3 * at, 3) for at in range(count)], np.array(rows)
    if design == "one-at-a-time":
        return [(design, 1, 4)], np.array([[0.1, 0.5], [0.9, 0.5], [0.5, 0.1], [0.5, 0.9]])
    return [(design, 1, count)], qmc.LatinHypercube(2, rng=3).random(count)


def swept(design="latin-hypercube", count=40, **facts):
    """Return a sweep whose outcomes are known functions of its factors.

    Trains of speed s (0.8 to 1.2) bring 60 + 50 (s - 0.8) pairs within the limit, of 100; the plan of the job
    brings 2 less, where it fits: where costs (0.5 to 1.5) are at most 1.2. The best plan builds `always` and
    `station`, `fast` where s > 1, `slow` elsewhere, and `cheap` in the first half of the cases.
    """
    blocks, chances = blocks_and_chances(design, count)
    chances = np.vstack([[0.5, 0.5], chances])
    speed, costs = 0.8 + 0.4 * chances[:, 0], 0.5 + chances[:, 1]
    number = np.arange(len(chances))
    best = 60 + 50 * (speed - 0.8)
    chosen = {
        "always": number >= 0,
        "station": number >= 0,
        "fast": speed > 1,
        "slow": (speed <= 1) & (number > 0),
        "cheap": number <= len(number) // 2,
    }
    price = dict(zip(LINKS["candidate_id"], LINKS["cost"], strict=True))
    links = [(case, name, price[name]) for case in number for name, mask in chosen.items() if mask[case]]
    cases = pd.DataFrame(
        {
            "case": number,
            "rail_speed": speed,
            "costs": costs,
            "status": "feasible",
            "gap": 0.001,
            "cost": 150,
            "budget": 174,
            "pairs": 100,
            "pairs_today": 40,
            "pairs_best": best,
            "pairs_plan": best - 2,
            "weight": 1000,
            "weight_today": 400,
            "weight_best": 10 * best,
            "weight_plan": 10 * best - 20,
            "cost_plan": 145 * costs,
            "plan_fits": costs <= 1.2,
            "fault": None,
        }
    )
    regrets = pd.concat(
        [
            pd.DataFrame(
                {"plan": plan, "case": number, "weight": 10 * best - less, "fits": (costs <= most)}
            ).assign(regret=less)
            for plan, less, most in ((0, 20, 1.2), (1, 50, 2.0))
        ],
        ignore_index=True,
    )
    plans = pd.DataFrame(
        [(0, "plan of the job", name) for name in ("always", "station", "cheap")]
        + [(1, "robust core", name) for name in ("always", "station")],
        columns=["plan", "name", "candidate_id"],
    )
    known = {
        "region": "Region <i>X</i>",
        "money": "million EUR",
        "limit_s": 14_400,
        "attribution": "somebody",
        "design": design,
        "gap": 0.005,
        "core_share": 0.9,
        "factors": [
            {
                "id": name,
                "changes": name,
                "of": [],
                "central": 1.0,
                "distribution": {"name": "uniform", "low": low, "high": high},
            }
            for name, low, high in (("rail_speed", 0.8, 1.2), ("costs", 0.5, 1.5))
        ],
        "blocks": [dict(zip(("name", "first", "count"), block, strict=True)) for block in blocks],
        "correlations": [],
    }
    return SweepResults(
        folder=Path("sweep"),
        facts=known | facts,
        cases=cases,
        case_links=pd.DataFrame(links, columns=["case", "candidate_id", "cost"]),
        regrets=regrets,
        plans=plans,
        layers={"links": LINKS, "cities": CITIES, "network": NETWORK},
    )
