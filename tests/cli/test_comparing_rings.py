"""What a comparison of two runs says of their rings."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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
