"""`polyring closures` finds a plan that closures do not break, and says what each of them leaves."""

from __future__ import annotations

import csv
import json

import pytest
from engine_running import HereProcess

from optimiser import problem as problems
from optimiser.frontier import askers, closures, levels
from optimiser.verify.rules import covered_pairs

FILES = {"job.toml", "problem.json", "closures.csv", "closures.html", "closures.json", "closures.png"}


@pytest.fixture
def closed(warm, call, tmp_path, monkeypatch):
    """Run the command on the drawn region; return its folder, summary, rows and what it said."""
    for module in (askers, closures, levels):
        monkeypatch.setattr(module, "ChildProcess", HereProcess)

    def run(*words):
        out = tmp_path / "closed"
        code, text, err = call("closures", warm / "job.toml", "--out", out, *words)
        assert code == 0, err
        with (out / "closures.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return out, json.loads((out / "closures.json").read_text(encoding="utf-8")), rows, text

    return run


def weight(problem, built):
    return sum(problem.pairs[k].weight for k in covered_pairs(problem, built))


def test_rows_say_what_the_independent_check_finds(closed):
    out, summary, rows, text = closed("--set", "closures.gap=0.0")
    assert {path.name for path in out.iterdir()} == FILES
    problem, built = problems.load(out / "problem.json"), set(summary["built"])
    assert summary["weight_plan"] == weight(problem, built)
    assert summary["answer_status"] == "optimal"
    assert summary["credited"] == summary["bound"]
    links = [row for row in rows if row["kind"] == "link"]
    assert {row["closure"] for row in links if row["in_plan"] == "True"} == built
    for row in links:
        assert int(row["weight_plan"]) == weight(problem, built - {row["closure"]})
        assert int(row["weight_today"]) == weight(problem, ())
    assert [row["name"].split(":")[0] for row in rows if row["kind"] == "expressway"] == ["G1"]
    assert "price of resilience" in text
    assert "Closures that leave least" in text


def test_the_credit_follows_from_the_rows(closed):
    _, summary, rows, _ = closed("--set", "closures.share=0.5", "--set", "closures.gap=0.0")
    today, share = summary["today"], 0.5
    each = [
        today + (int(row["weight_plan"]) - int(row["weight_today"])) / share
        for row in rows
        if row["kind"] != "link" or row["in_plan"] == "True"
    ]
    assert summary["credited"] == int(min([summary["weight_plan"], *each]))
    assert summary["price"] == summary["free"] - summary["weight_plan"]


def test_a_share_of_all_costs_what_the_page_says(closed):
    _, summary, _, text = closed(
        "--set",
        'closures.counted="coverage"',
        "--set",
        "closures.cost=true",
        "--set",
        'closures.of=["links"]',
    )
    cost = summary["cost"]
    assert cost["alone"] <= (cost["kept"] or cost["alone"])
    assert "To cover" in text or "at any cost" in text


def test_a_job_without_a_budget_is_refused(region, call):
    code, _, err = call("closures", region / "job.toml", "--set", "budget.unlimited=true")
    assert code == 2
    assert "closures need a budget" in err


def test_json_is_what_the_folder_holds(warm, call, tmp_path, monkeypatch):
    for module in (askers, closures, levels):
        monkeypatch.setattr(module, "ChildProcess", HereProcess)
    words = ("--out", tmp_path / "closed", "--set", 'closures.of=["links"]', "--json")
    code, text, _ = call("closures", warm / "job.toml", *words)
    assert code == 0
    told = json.loads(text)
    kept = json.loads((tmp_path / "closed" / "closures.json").read_text(encoding="utf-8"))
    assert {key: told[key] for key in ("credited", "bound", "price")} == {
        key: kept[key] for key in ("credited", "bound", "price")
    }
