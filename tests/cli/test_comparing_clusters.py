"""What a comparison of runs about different clusters says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
from cli_drawing import CITIES, PLAIN, cities_csv

type Call = Callable[..., tuple[int, str, str]]


def summary(title: str, pairs: int, *, cost: int | None, **others: Any) -> dict[str, Any]:
    """Return a summary of a run in which half of the pairs are within the limit, then three quarters."""
    row = {
        "pairs": pairs,
        "before_pairs": pairs // 2,
        "after_pairs": 3 * pairs // 4,
        "all_built_pairs": pairs,
        "after_weight": 7 * pairs,
    }
    state = {"name": "90 % of all pairs", "case": {"least": [["all pairs", 90]]}, "why": "Out of reach."}
    state |= {"cost": cost, "bound": cost, "gap": 0.0}
    measure = {"measure": "core_every_share", "unit": "share", "today": 0.25, "plan": 0.2}
    return {
        "title": title,
        "built": ["x"],
        "coverage": {"all": row},
        "money": "million CNY",
        "states": [{"name": "as chosen", "case": {}, "cost": 1}, state],
        "measures": {"polycentricity": [measure]},
        **others,
    }


def folders(tmp_path: Path, *summaries: dict[str, Any]) -> list[Path]:
    made = []
    for number, one in enumerate(summaries):
        folder = tmp_path / f"run{number}"
        folder.mkdir()
        (folder / "summary.json").write_text(json.dumps(one), encoding="utf-8")
        made.append(folder)
    return made


def test_clusters_are_compared_by_shares(call: Call, tmp_path: Path) -> None:
    runs = folders(tmp_path, summary("North", 100, cost=1200), summary("South", 40, cost=None))
    code, out, _ = call("compare", *runs, "--json")
    assert code == 0
    found = json.loads(out)
    assert found["within"]["all"] == [
        "50 (50 %), 75 (75 %), 100 (100 %) of 100",
        "20 (50 %), 30 (75 %), 40 (100 %) of 40",
    ]
    assert found["dependence"] == {"of pairs outside it, all ways through it": ["25 % today, 20 % after"] * 2}
    assert found["least_cost"] == {"90 % of all pairs": ["1,200 million CNY", "Out of reach."]}
    assert found["same_cities"] is False


def test_the_links_of_different_clusters_are_not_compared(call: Call, tmp_path: Path) -> None:
    old = summary("South", 40, cost=1, screening="Classes are inferred.", notes=["Trains of 2016 alone."])
    _, out, _ = call("compare", *folders(tmp_path, summary("North", 100, cost=1), old))
    assert "different cities" in out
    assert "run1: Classes are inferred." in out.replace("\n", "")
    assert "run1: Trains of 2016 alone." in out.replace("\n", "")
    assert "run0: " not in out
    assert "Built in both" not in out


def test_runs_of_one_region_still_name_their_links(call: Call, tmp_path: Path) -> None:
    two = summary("North", 40, cost=2, built=["x", "y"])
    _, out, _ = call("compare", *folders(tmp_path, summary("North", 40, cost=1), two))
    assert "Built in both: x\nOnly in the first: nothing\nOnly in the second: y\n" in out
    assert "Least cost of shares of pairs" in out


def test_runs_that_build_the_same_say_so_once(call: Call, tmp_path: Path) -> None:
    _, out, _ = call("compare", *folders(tmp_path, summary("N", 40, cost=1), summary("N", 40, cost=2)))
    assert out.endswith("Both build the same: x\n")


def test_links_of_one_name_are_told_apart_by_their_ids(call: Call, tmp_path: Path) -> None:
    ends = {"kind": "gap", "from_name": "Ay", "to_name": "Bee"}
    runs = [
        summary("N", 40, cost=1, built=["x", name], links=[{"candidate_id": name, **ends}]) for name in "yz"
    ]
    runs[1]["links"] += [{"candidate_id": "x", **ends, "to_name": "Sea"}]
    _, out, _ = call("compare", *folders(tmp_path, *runs))
    lines = [line.partition(" (")[0] + line.partition(")")[2] for line in out.splitlines()[-3:]]
    assert lines == [
        "Built in both: Ay – Sea", "Only in the first: Ay – Bee [y]", "Only in the second: Ay – Bee [z]",
    ]  # fmt: skip


def test_an_unproven_least_cost_shows_its_bound(call: Call, tmp_path: Path) -> None:
    one, two = summary("North", 40, cost=1000), summary("North", 40, cost=1000)
    two["states"][1] |= {"gap": 0.1, "bound": 900.0}
    _, out, _ = call("compare", *folders(tmp_path, one, two), "--json")
    costs = json.loads(out)["least_cost"]["90 % of all pairs"]
    assert costs == ["1,000 million CNY", "1,000 million CNY, at least 900"]


def test_a_summary_without_these_figures_is_compared_as_before(call: Call, tmp_path: Path) -> None:
    bare = {"built": [], "coverage": {}}
    code, out, _ = call("compare", *folders(tmp_path, bare, bare))
    assert code == 0
    assert "Dependence" not in out


def test_runs_of_lists_that_overlap_are_compared_by_proposals_and_by_the_pairs_of_both(
    region: Path, call: Call
) -> None:
    homes = []
    for name, left_out in (("one", "f"), ("two", "d")):
        rows = [(key, *of) for key, of in CITIES.items() if key != left_out]
        (region / f"{name}.csv").write_text(cities_csv(rows), encoding="utf-8")
        file = ("--set", f'cities.file="{name}.csv"', "--out", region / name)
        assert call("run", region / "job.toml", *PLAIN, *file)[0] == 0
        homes.append(region / name)
    code, out, err = call("compare", *homes, "--json")
    assert code == 0, err
    found = json.loads(out)
    layers = [gpd.read_file(home / "plan.gpkg", layer="pairs") for home in homes]
    is_own = [of[["origin", "destination"]].isin(["Delta", "Zeta"]).any(axis=1) for of in layers]
    shared = [of[~rows] for of, rows in zip(layers, is_own, strict=True)]
    own = [of[rows] for of, rows in zip(layers, is_own, strict=True)]
    assert found["common"] == {
        "cities in one alone": ["Delta", "Zeta"],
        "their pairs within": [
            f"{of['within_before'].sum()} today, {of['within_after'].sum()} after, of 4" for of in own
        ],
        "pairs between the others": [6, 6],
        "of these within today": [int(of["within_before"].sum()) for of in shared],
        "of these within after": [int(of["within_after"].sum()) for of in shared],
    }
    assert found["same_cities"] is False
    _, out, _ = call("compare", *homes)
    assert "Between the cities of both" in out
    assert re.search(r"cities in one alone +Delta +Zeta", out)
    assert "Only in the first: " in out or "Both build the same: " in out
    assert "different cities" not in out


def test_runs_without_two_common_cities_are_about_different_ones(region: Path, call: Call) -> None:
    for name, keys in (("one", "abc"), ("two", "cdef")):
        rows = [(key, *CITIES[key]) for key in keys]
        (region / f"{name}.csv").write_text(cities_csv(rows), encoding="utf-8")
        file = ("--set", f'cities.file="{name}.csv"', "--out", region / name)
        assert call("run", region / "job.toml", *PLAIN, *file)[0] == 0
    _, out, _ = call("compare", region / "one", region / "two")
    assert "different cities" in out
    assert "Only in the first" not in out
