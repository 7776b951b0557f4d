"""`polyring robust` writes a plan that is checked in every scenario."""

from __future__ import annotations

import csv
import inspect
import json
import subprocess
import sys

import pytest
from engine_running import HereProcess

import polyring as pr
from optimiser import verify
from optimiser.frontier import askers
from optimiser.frontier.robust import Composition
from optimiser.problem import load
from optimiser.problem.result import load as load_result
from optimiser.report import studies
from optimiser.studies import robust
from optimiser.verify.rules import covered_pairs

ROBUST = """
[sweep]
seed = 3
[robust]
scenarios = 4
gap = 0.0
compare_gap = 0.0
time_limit_s = 60
[[sweep.factors]]
id = "road_speed"
changes = "road_speed"
low = 0.8
high = 1.2
[[sweep.factors]]
id = "costs"
changes = "costs"
low = 0.8
high = 1.5
"""


@pytest.fixture
def job(warm, monkeypatch):
    for module in (askers, robust):
        monkeypatch.setattr(module, "ChildProcess", HereProcess)
    path = warm / "job.toml"
    path.write_text(path.read_text(encoding="utf-8") + ROBUST, encoding="utf-8")
    return path


def rows(folder, name="scenarios.csv"):
    with (folder / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_robust_plan_leaves_files_that_agree_with_each_other_and_with_the_check(job, call, tmp_path):
    out = tmp_path / "out"
    code, text, err = call("robust", job, "--out", out)
    assert code == 0, err
    assert {path.name for path in out.iterdir()} == {
        "problem.json", "result.json", "robust.json", "robust.html", "robust.png", "scenarios.csv",
        "robust_links.csv", "job.toml", "checksums.json",
    }  # fmt: skip
    assert "the largest expected weight" in text
    problem, result = load(out / "problem.json"), load_result(out / "result.json")
    summary = json.loads((out / "robust.json").read_text(encoding="utf-8"))
    assert (summary["objective"], summary["status"]) == (result.objective, "optimal")
    found = rows(out)
    assert [row["scenario"] for row in found] == ["case 1", "case 2", "case 3", "case 4"]
    assert sum(int(row["plan"]) for row in found) == result.objective
    covered = covered_pairs(problem, result.built)
    for row in found:
        group = [k for k, pair in enumerate(problem.pairs) if pair.group == row["scenario"]]
        assert int(row["pairs_plan"]) == len(covered & set(group))
        assert int(row["regret"]) == int(row["best"]) - int(row["plan"]) >= 0
        assert int(row["cost"]) <= int(row["budget"])
        assert row["description"].startswith("road_speed ")
    assert {row["candidate_id"] for row in rows(out, "robust_links.csv") if row["in_plan"] == "True"} == {
        *result.built
    }
    code, text, err = call("verify", out)
    assert (code, "plan checked; the bound is the word of" in text) == (10, True), err
    (tmp_path / "checker.py").write_text(inspect.getsource(verify.bound_checker), encoding="utf-8")
    code, text, err = call("certify", out, "--time-limit", 60)
    assert code == 0, err
    checked = subprocess.run(
        [sys.executable, out.parent / "checker.py", out / "problem.json", out / "certificate.json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    code, text, err = call("verify", out)
    assert (code, "everything claimed is true" in text) == (0, True), err


@pytest.mark.long
def test_each_kind_is_asked_for_by_name_and_is_best_in_what_it_names(job, call, tmp_path):
    found = {}
    for kind in ("expected", "share", "max_min", "count", "regret"):
        out = tmp_path / kind
        code, text, err = call(
            "robust", job, "--out", out, "--kind", kind, "--set", "robust.share=0.1", "--json"
        )
        assert code == 0, err
        found[kind] = json.loads(text)
        assert call("verify", out)[0] == 10  # the plan is checked, and the bound the word of a solver
    expected = found["expected"]
    assert all(one["mean_plan"] <= expected["mean_plan"] for one in found.values())
    assert all(one["largest_regret"] >= found["regret"]["largest_regret"] for one in found.values())
    level = found["regret"]["level"]
    assert level["regret"] == level["regret_least"] == max(0, found["regret"]["largest_regret"])
    shares = {kind: min(row["plan"] / row["coverable"] for row in one["rows"]) for kind, one in found.items()}
    level = found["max_min"]["level"]
    assert level["share"] == level["share_most"] <= shares["max_min"]
    assert all(share <= shares["max_min"] + 0.001 for share in shares.values())


def test_plausible_cases_serve_as_scenarios(job, tmp_path):
    done = pr.robust(job, out=tmp_path / "out", settings=['robust.of="cases"', "robust.compare=false"])
    names = list(done.scenarios["scenario"])
    assert names[:2] == ["roads 10 % slower", "roads 10 % faster"]
    assert not {"no cliff", "pairs weigh as people", "all pairs weigh the same"} & set(names)
    assert done.scenarios["best"].isna().all()
    assert done.exit_code == 0


def test_the_page_says_which_rings_are_built_and_which_are_only_wished_for(job, tmp_path):
    done = pr.robust(job, out=tmp_path / "out", settings=["robust.compare=false"])
    assert done.summary["rings"] == {}
    figures = studies.robust_figures({**done.summary, "rings": {"web": False, "inner": True}})
    assert figures["ring web"] == "left out: it is wished for, and weighs nothing here"
    assert figures["ring inner"] == "built, as in the plan of the job"


def test_a_job_without_a_budget_is_refused(job, call, tmp_path):
    code, _, err = call("robust", job, "--out", tmp_path / "out", "--set", "budget.unlimited=true")
    assert code == 2
    assert "a robust plan needs a budget" in err


def test_a_plan_that_covers_other_pairs_than_the_scenario_says_is_refused(job, call, tmp_path, monkeypatch):
    composed = robust.compose

    def wrong(*given, **options):
        found = composed(*given, **options)
        places = (*found.pairs[1:], found.pairs[0])
        return Composition(problem=found.problem, base=found.base, scenarios=found.scenarios, pairs=places)

    monkeypatch.setattr(robust, "compose", wrong)
    code, _, err = call("robust", job, "--out", tmp_path / "out", "--set", "robust.compare=false")
    assert code == 4
    assert "covers other pairs in a scenario" in err
    assert not (tmp_path / "out" / "robust.json").exists()
