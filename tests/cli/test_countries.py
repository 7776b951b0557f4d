"""A country gives a run its money; tiers go by rank where no city is core; senseless cases are left out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli_drawing import JOB, cities_csv, draw_map
from engine_running import solve_here

from optimiser.cli.app import call as call_command
from optimiser.problem import load as load_problem

Call = Callable[..., tuple[int, str, str]]

CASES = ("--set", "cases.enabled=true", "--set", 'cases.only=["no cliff", "trains 10 % slower"]')


@pytest.fixture(scope="module")
def german(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder with the run of a region without expressways and large cities, counted in euros."""
    folder = tmp_path_factory.mktemp("german")
    (folder / "map.osm").write_text(draw_map().replace('"motorway"', '"trunk"'), encoding="utf-8")
    small = re.sub(r"(\d+)00000(?=,|$)", r"\g<1>0000", cities_csv(), flags=re.MULTILINE)
    (folder / "cities.csv").write_text(small, encoding="utf-8")
    (folder / "job.toml").write_text(JOB.replace('country = "CN"', 'country = "DE"'), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POLYRING_CACHE", str(folder / "cache"))
        solve_here(patch)
        assert call_command(["run", str(folder / "job.toml"), "--out", str(folder / "out"), *CASES]) == 0
        yield folder


def _summary(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return found


def test_money_travels_from_the_country_to_every_output(german: Path, call: Call, tmp_path: Path) -> None:
    summary, page = _summary(german / "out"), (german / "out" / "report.html").read_text(encoding="utf-8")
    problem = load_problem(german / "out" / "problem.json")
    assert summary["money"] == problem.money == "million EUR"
    assert "million EUR" in page
    assert not re.search(r"\bCNY\b|\bUSD\b", page)
    code, told, _ = call("frontier", german / "job.toml", "--points", 2, "--out", tmp_path / "curve")
    assert code == 0
    assert "million EUR" in told


def test_runs_in_different_moneys_are_compared_and_told_to_be(
    german: Path, call: Call, tmp_path: Path
) -> None:
    chinese = tmp_path / "chinese"
    chinese.mkdir()
    summary = _summary(german / "out") | {"money": "million CNY"}
    (chinese / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    code, told, _ = call("compare", german / "out", chinese)
    assert code == 0
    assert "Costs are in million EUR in the first and in million CNY in the second" in " ".join(told.split())
    _, told, _ = call("compare", german / "out", german / "out")
    assert "Costs are in" not in told


def test_tiers_by_rank_are_told_on_the_page_in_the_summary_and_in_the_log(german: Path) -> None:
    out, rule = (
        german / "out",
        "by rank, core: the largest 6 %; secondary: the next 35 % (1 core, 2 secondary, 3 small)",
    )
    summary, page = _summary(out), (out / "report.html").read_text(encoding="utf-8")
    note = "No city has more than 5,000,000 residents, so that tiers go by rank in the cluster"
    assert summary["tiers"] == rule
    assert any(note in text for text in summary["notes"])  # type: ignore[attr-defined]
    assert rule in page
    assert note in page
    assert f"tiers of cities: {rule}" in (out / "log.txt").read_text(encoding="utf-8")


def test_cases_that_mean_nothing_are_left_out_with_a_note(german: Path) -> None:
    summary = _summary(german / "out")
    notes = " ".join(summary["unasked"])  # type: ignore[arg-type]
    assert summary["sensitivity"] == []
    assert "No case varies the speed on expressways: the map has none." in notes
    assert "there are neither trains nor candidates for any" in notes
    assert "Sensitivity to road speeds" not in (german / "out" / "report.html").read_text(encoding="utf-8")
