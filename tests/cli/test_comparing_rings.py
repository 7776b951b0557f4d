"""What a comparison of two runs says of their rings."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from optimiser.cli.results import _show_unproposed

type Call = Callable[..., tuple[int, str, str]]


def ring(km: float, *cities: str, name: str = "outer") -> dict[str, Any]:
    """Return a ring of a summary."""
    return {
        "id": name,
        "sentence": f"A ring of {km:g} km",
        "formed": True,
        "length_km": km,
        "existing_km": km,
        "new_km": 0,
        "cost": 0,
        "candidates": [],
        "cities": [{"name": city} for city in cities],
    }


@pytest.fixture
def runs(tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    """Return a writer of two run folders that hold nothing but rings."""

    def write(*sides: list[dict[str, Any]] | None) -> tuple[Path, Path]:
        folders = []
        for number, rings in enumerate(sides):
            folder = tmp_path / f"run{number}"
            folder.mkdir()
            said = {"built": [], "coverage": {}} | ({} if rings is None else {"rings": rings})
            (folder / "summary.json").write_text(json.dumps(said))
            folders.append(folder)
        return folders[0], folders[1]

    return write


def test_two_rings_are_compared_by_length_and_cities(
    call: Call, runs: Callable[..., tuple[Path, Path]]
) -> None:
    code, out, _ = call("compare", *runs([ring(700, "Ada", "Bo")], [ring(800, "Bo", "Cy")]))
    assert code == 0
    assert "Ring outer in the first: A ring of 700 km." in out
    assert "Ring outer in the second: A ring of 800 km." in out
    assert "Ring outer gains Cy and loses Ada." in out


def test_a_ring_of_both_runs_is_named_once(call: Call, runs: Callable[..., tuple[Path, Path]]) -> None:
    _, out, _ = call("compare", *runs([ring(700, "Ada")], [ring(700, "Ada")]))
    assert "Ring outer in both: A ring of 700 km." in out
    assert "in the first: A ring" not in out


def test_a_ring_that_only_one_run_asks_for_is_reported(
    call: Call, runs: Callable[..., tuple[Path, Path]]
) -> None:
    folders = runs(None, [ring(700, "Ada")])
    _, out, _ = call("compare", *folders)
    assert "Ring outer in the first: not asked for." in out
    _, out, _ = call("compare", *folders, "--json")
    first, second = json.loads(out)["rings"]["outer"]
    assert (first, second["length_km"], second["cities"]) == (None, 700, ["Ada"])


def test_a_comparison_of_runs_without_rings_prints_no_rings(
    call: Call, runs: Callable[..., tuple[Path, Path]]
) -> None:
    _, out, _ = call("compare", *runs(None, None))
    assert "Ring" not in out


def test_the_covered_weight_of_each_tier_stands_side_by_side(
    call: Call, runs: Callable[..., tuple[Path, Path]]
) -> None:
    folders = runs(None, None)
    for folder, weight in zip(folders, (5, 8), strict=True):
        covered = {"small": {"pairs": 9, "after_pairs": 2, "after_weight": weight}}
        (folder / "summary.json").write_text(json.dumps({"built": [], "coverage": covered}))
    _, out, _ = call("compare", *folders, "--json")
    assert json.loads(out)["coverage"] == {"small": [5, 8]}
    _, out, _ = call("compare", *folders)
    assert next(line.split() for line in out.splitlines() if line.startswith("small")) == ["small", "5", "8"]


def test_a_ring_that_is_not_formed_has_no_cities(call: Call, runs: Callable[..., tuple[Path, Path]]) -> None:
    planned = ring(700, "Ada", "Bo") | {"formed": False, "sentence": "No ring is formed"}
    folders = runs([ring(700, "Ada", "Bo")], [planned])
    assert "Ring outer gains no city and loses Ada, Bo." in call("compare", *folders)[1]
    assert "Ring outer gains Ada, Bo and loses none." in call("compare", *folders[::-1])[1]
    other = ring(800, "Cy") | {"formed": False, "sentence": "No other ring is formed"}
    (folders[0] / "summary.json").write_text(json.dumps({"built": [], "coverage": {}, "rings": [other]}))
    assert "gains" not in call("compare", *folders)[1]


def test_the_pairs_that_only_one_plan_has_within_the_limit_are_named(
    call: Call, runs: Callable[..., tuple[Path, Path]]
) -> None:
    folders, names = runs(None, None), ("Ada", "Bo", "Cy")
    pairs = [
        {"origin": 0, "destination": 1},
        {"origin": 0, "destination": 2},
        {"origin": 1, "destination": 2},
    ]
    later = {"origin": 0, "destination": 2, "limit": 18000}  # counts in part: beyond the limit itself
    problem = {"nodes": ["city:a", "city:b", "city:c"], "pairs": [pair | {"limit": 14400} for pair in pairs]}
    problem["pairs"].append(later)
    places = {"features": [{"properties": {"city_id": name[0].lower(), "name": name}} for name in names]}
    for folder, covered in zip(folders, ([0, 1, 3], [0, 2, 3]), strict=True):
        said = {"built": [], "coverage": {}, "limit_s": 14400}
        files = {
            "summary.json": said,
            "problem.json": problem,
            "plan.json": {"covered": covered, "covered_before": [0]},
        }
        for name, value in (files | {"cities.geojson": places}).items():
            (folder / name).write_text(json.dumps(value))
    _, out, _ = call("compare", *folders)
    assert "Pairs within the limit in the first alone, 1: Ada – Cy\n" in out
    assert "Pairs within the limit in the second alone, 1: Bo – Cy\n" in out
    assert json.loads(call("compare", *folders, "--json")[1])["pairs"] == {
        "first": ["Ada – Cy"], "second": ["Bo – Cy"],
    }  # fmt: skip
    assert "in the first alone, none" in call("compare", folders[0], folders[0])[1]


def test_a_run_is_named_by_its_job_or_its_name(
    call: Call, runs: Callable[..., tuple[Path, Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = runs([ring(700, "Ada")], [ring(800, "Bo")])
    home = folders[0].parent
    monkeypatch.chdir(home)
    (home / "polyring-runs").mkdir()
    for folder, name in zip(folders, ("jing-jin-ji", "less"), strict=True):
        folder.rename(home / "polyring-runs" / name)
    code, out, _ = call("compare", "jing-jin-ji", "less")
    assert code == 0
    assert "A ring of 700 km" in out
    assert "A ring of 800 km" in out
    code, _, err = call("explain", "jing-jin-ji", "1")
    assert code == 2
    assert "polyring-runs/jing-jin-ji" in err.replace("\n", "")


def test_what_rings_bring_by_road_stands_beside_a_plan_without_any(call: Call, tmp_path: Path) -> None:
    today = {"through_pairs": 3620, "faster_5": 0, "faster_15": 0, "pairs": 13366}
    plan = {**today, "through_pairs": 3605, "faster_5": 582, "faster_15": 69}
    with_rings = {"today": [today], "plan": [plan], "alone": []}
    homes = [tmp_path / "rings", tmp_path / "plain"]
    for home, use in zip(homes, (with_rings, None), strict=True):
        home.mkdir()
        said = {"built": [], "coverage": {}} | ({"ring_use": use} if use else {})
        (home / "summary.json").write_text(json.dumps(said))
    _, out, _ = call("compare", *homes, "--json")
    assert json.loads(out)["by_road"] == {
        "that pass the cores": ["3,620 today, 3,605 after", None],
        "faster by 5 min or more": ["582 of 13,366", None],
        "faster by 15 min or more": ["69 of 13,366", None],
    }
    assert call("compare", *homes)[1].count("no ring closed") == 3


def test_what_the_other_run_does_not_propose_is_named_with_the_rule(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ends = "candidate_id,from_name,to_name\n"
    (tmp_path / "candidates.csv").write_text(f"{ends}kept,A,B\n")
    row = "rail_service: fills too few seats,1,gone,A,C\n"
    (tmp_path / "left_out.csv").write_text(f"reason,count,{ends}{row}rail_service: other,4,,,\n")
    built = {"first": ["gone", "kept", "own"], "second": ["more"]}
    _show_unproposed(built, (tmp_path / "nothing", tmp_path))
    assert capsys.readouterr().out.splitlines() == [
        "Not proposed in the second: gone: fills too few seats",
        "Not proposed in the second: own",
    ]
