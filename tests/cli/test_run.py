"""A drawn region runs from its map to its run folder."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from cli_drawing import CITIES, JOB, PLAIN

from networks.inputs import checksum
from optimiser import verify
from optimiser.engine import child
from optimiser.job import load
from optimiser.problem import load as load_problem
from optimiser.problem import result as results
from optimiser.run import chain, pipeline
from optimiser.tasks import cache

Call = Callable[..., tuple[int, str, str]]

FILES = {
    "network.gpkg",
    "import_report.json",
    "cities.gpkg",
    "skim.parquet",
    "candidates.csv",
    "candidates.gpkg",
    "left_out.csv",
    "problem.json",
    "result.json",
    "trace.csv",
    "plan.json",
    "plan.gpkg",
    "certificate.json",
    "checksums.json",
    "report.html",
    "links.csv",
    "pairs.csv",
    "links.geojson",
    "cities.geojson",
    "appraisal.csv",
    "bound_checker.py",
    "equity.csv",
    "needs.csv",
    "polycentricity.csv",
    "build_order.csv",
    "plan.png",
    "summary.json",
    "job.toml",
    "log.txt",
}


def _summary(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return found


def test_a_run_leaves_every_file_and_nothing_else(done: Path) -> None:
    assert {path.name for path in (done / "out").iterdir()} == FILES
    pairs = pd.read_csv(done / "out" / "pairs.csv")
    summary = json.loads((done / "out" / "summary.json").read_text(encoding="utf-8"))
    assert pairs["within_after"].sum() == summary["coverage"]["all"]["after_pairs"]


def test_the_page_tells_by_what_the_extents_of_towns_are_known(done: Path) -> None:
    text = (done / "out" / "report.html").read_text(encoding="utf-8")
    row = "radius of the built-up area: of 6 from their residents, at 10,000 on a km²"
    assert row in text
    report = json.loads((done / "out" / "import_report.json").read_text(encoding="utf-8"))
    assert report["snapped"]["extents"] == {"table": 0, "map": 0, "residents": 6}


def test_the_page_times_pairs_beyond_the_limit_as_the_table_of_times_does(done: Path) -> None:
    text = (done / "out" / "report.html").read_text(encoding="utf-8")
    part = text[text.index('id="beyond-heading"') :].partition("</table>")[0]
    rows = re.findall(
        r'<th scope="row">(.+?) – (.+?)</th><td>.*?</td><td class="number">(\d+:\d\d)</td>', part
    )
    names = pd.read_csv(done / "cities.csv").set_index("id")["name"].to_dict()
    skim = pd.read_parquet(done / "out" / "skim.parquet")
    known = {(names[row.origin], names[row.destination]): row.door_to_door_s for row in skim.itertuples()}
    assert rows
    for one, other, clock in rows:
        minutes = -(-known[one, other] // 60)
        assert clock == f"{minutes // 60}:{minutes % 60:02d}"


def test_the_summary_holds_equity_by_tier_and_the_build_order(done: Path) -> None:
    measures = _summary(done / "out")["measures"]
    assert isinstance(measures, dict)
    assert {row["tier"] for row in measures["equity"]} >= {"all"}
    assert (
        len(measures["build_order"]) == len(measures["appraisal"]) == 1 + len(_summary(done / "out")["built"])
    )


def test_the_result_is_optimal_and_passes_the_check(done: Path) -> None:
    problem = load_problem(done / "out" / "problem.json")
    result = results.load(done / "out" / "result.json")
    plan = verify.check(problem, result)
    assert result.status == "optimal"
    assert plan.cost <= (problem.budget or 0)
    assert plan.coverage.after > plan.coverage.before
    evidence = json.loads((done / "out" / "certificate.json").read_text())
    verify.bound_checker.check(json.loads((done / "out" / "problem.json").read_text()), evidence)


def test_the_job_written_is_the_job_run_with_every_default(done: Path) -> None:
    written = load(done / "out" / "job.toml").job
    original = load(done / "job.toml")
    assert written == original.moved_to(done / "out")
    assert "seed = 1" in (done / "out" / "job.toml").read_text()


def test_the_summary_counts_both_definitions(done: Path) -> None:
    summary = _summary(done / "out")
    definitions = summary["definitions"]
    assert isinstance(definitions, dict)
    assert set(definitions) == {"door_to_door", "in_vehicle"}
    assert definitions["in_vehicle"]["all"]["covered"] >= definitions["door_to_door"]["all"]["covered"]
    coverage = summary["coverage"]
    assert isinstance(coverage, dict)
    assert coverage["all"]["pairs"] == 15


def test_the_skim_lists_every_ordered_pair(done: Path) -> None:
    skim = pd.read_parquet(done / "out" / "skim.parquet")
    assert len(skim) == len(CITIES) ** 2
    assert set(skim.columns) == {"origin", "destination", "door_to_door_s", "in_vehicle_s"}


def test_a_name_that_looks_like_a_formula_is_no_formula_in_the_tables(done: Path) -> None:
    assert "\n=cmd" not in (done / "out" / "links.csv").read_text()
    assert ",=cmd" not in (done / "out" / "links.csv").read_text()


def test_geopackages_are_whole_databases(done: Path) -> None:
    for name in ("network.gpkg", "cities.gpkg", "candidates.gpkg", "plan.gpkg"):
        with sqlite3.connect(done / "out" / name) as database:
            assert database.execute("pragma integrity_check").fetchone() == ("ok",)


def test_a_second_run_takes_every_step_from_the_first(done: Path, call: Call) -> None:
    code, _, err = call("run", done / "job.toml", "--out", done / "again")
    assert code == 0
    summary = _summary(done / "again")
    assert sorted(summary["reused"]) == [  # some are done beside others, in any order
        "candidates",
        "certify",
        "measures",
        "network",
        "picture",
        "problem",
        "ranking",
        "report",
        "solve",
        "tables",
        "times",
    ]
    assert "kept from before" in err
    first, second = (results.load(done / name / "result.json") for name in ("out", "again"))
    assert first == second


UNCHANGED = "Nothing was made again"


def _change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def _forge(out: Path) -> None:
    """Change a file, and its checksum with it."""
    before = checksum(out / "links.csv")
    _change(out / "links.csv", ",", ";")
    _change(out / "checksums.json", before, checksum(out / "links.csv"))


CHANGES: dict[str, Callable[[Path, pytest.MonkeyPatch], object]] = {
    "nothing": lambda _region, _patch: None,
    "a file edited": lambda region, _patch: _change(region / "out" / "links.csv", ",", ";"),
    "a file missing": lambda region, _patch: (region / "out" / "plan.gpkg").unlink(),
    "a file forged": lambda region, _patch: _forge(region / "out"),
    "the job": lambda region, _patch: _change(region / "job.toml", "share = 0.3", "share = 0.2"),
    "its name": lambda region, _patch: (region / "job.toml").rename(region / "other.toml"),
    "the data": lambda region, _patch: _change(region / "cities.csv", "000", "001"),
    "the code": lambda _region, patch: patch.setattr(cache, "code_version", lambda: "another"),
    "the folder": lambda region, _patch: shutil.copytree(region / "out", region / "away" / "out"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_run_is_made_again_where_anything_has_changed(
    warm: Path, call: Call, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    out = warm / "out"
    assert call("run", warm / "job.toml", "--out", out, *PLAIN)[0] == 0
    before = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    CHANGES[change](warm, monkeypatch)
    out = warm / "away" / "out" if change == "the folder" else out
    job = warm / ("other.toml" if change == "its name" else "job.toml")
    code, text, err = call("run", job, "--out", out, *PLAIN, "--json")
    assert code == 0, err
    if change == "nothing":
        assert before == {path: path.stat().st_mtime_ns for path in out.iterdir()}
        assert json.loads(text) == {"folder": str(out), "exit_code": 0, **_summary(out)}
        code, text, err = call("run", job, "--out", out, *PLAIN)
        assert (code, UNCHANGED in err) == (0, True)
        assert str(_summary(out)["headline"]) in text
        return
    written = {path: path.stat().st_mtime_ns for path in (warm / "out").iterdir()}
    assert written.keys() == before.keys()
    assert (written == before) == (change == "the folder")
    sums = json.loads((out / "checksums.json").read_text())["files"]
    assert sums == {name: checksum(out / name) for name in sums}
    assert (out / "links.csv").read_text().startswith("rank,")
    assert UNCHANGED in call("run", job, "--out", out, *PLAIN)[2]


@pytest.mark.parametrize("fault", ["gap", "state", "failure", "proof"])
def test_a_run_of_which_another_attempt_may_bring_more_is_made_again(
    warm: Path, call: Call, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    keep = pipeline.keep

    def keep_with_fault(written: pipeline.Written) -> None:
        if fault == "gap":
            written = replace(written, exit_code=10)
        elif fault == "failure":
            written.chain.faults.append("A solver failed.")
        else:
            worse = {"state": {"states": [{"is_proven": False}]}, "proof": {"certified": None}}[fault]
            written = replace(written, summary={**written.summary, **worse})
        keep(written)

    monkeypatch.setattr(pipeline, "keep", keep_with_fault)
    for _ in range(2):
        code, _, err = call("run", warm / "job.toml", "--out", warm / "out", *PLAIN)
        assert (code, UNCHANGED in err) == (0, False)


@pytest.mark.usefixtures("processes")
def test_another_budget_solves_anew_on_the_same_network(done: Path, call: Call) -> None:
    code, out, _ = call(
        "run", done / "job.toml", "--out", done / "poor", *PLAIN, "--set", "budget.amount=0", "--json"
    )
    assert code == 0
    summary = json.loads(out)
    assert (summary["cost"], summary["built"], summary["gap"]) == (0, [], 0.0)
    assert {"network", "times", "candidates"} <= set(summary["reused"])
    assert "problem" not in summary["reused"]


def test_without_a_budget_everything_coverable_is_covered_at_least_cost(done: Path, call: Call) -> None:
    code, out, _ = call(
        "run", done / "job.toml", "--out", done / "rich", *PLAIN, "--set", "budget.unlimited=true", "--json"
    )
    assert code == 0
    summary = json.loads(out)
    assert summary["budget"] is None
    assert summary["coverage"]["all"]["after_pairs"] == summary["coverage"]["all"]["all_built_pairs"]


def test_a_run_shows_coverage_cost_gap_and_links(done: Path, call: Call) -> None:
    code, out, err = call("run", done / "job.toml", "--out", done / "shown")
    assert code == 0
    for words in (
        "door to door",
        "secondary",
        "small",
        "cost",
        "proven optimal",
        "million CNY",
        "report.html",
    ):
        assert words in out
    assert "Reading the map" in err


def test_a_problem_too_large_to_certify_is_told(
    done: Path, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "MOST_CERTIFIED", 0)
    code, out, err = call("run", done / "job.toml", "--out", tmp_path / "out", *PLAIN, "--json")
    assert code == 0, err
    summary = json.loads(out)
    (told,) = [words for words in summary["unasked"] if "not certified" in words]
    problem = json.loads((tmp_path / "out" / "problem.json").read_text())
    size = f"this problem has {len(problem['pairs']) * len(problem['arcs']):,}"
    assert "a run certifies up to 0 pairs times arcs" in told
    assert size in told
    assert summary["certified"] is None
    assert "bound" not in json.loads((tmp_path / "out" / "certificate.json").read_text())


def test_a_rehearsal_prints_sizes_and_writes_nothing(
    done: Path, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "never"
    code, text, _ = call("run", done / "job.toml", "--out", out, "--dry-run", "--json")
    assert code == 0
    assert json.loads(text)["cities"] == 6
    assert not out.exists()
    assert not list(tmp_path.iterdir())


def test_cities_can_come_from_the_map(done: Path, call: Call, tmp_path: Path) -> None:
    shutil.copy(done / "map.osm", tmp_path)
    job = JOB.replace('file = "cities.csv"', 'source = "osm"')
    (tmp_path / "job.toml").write_text(job)
    code, out, err = call("run", tmp_path / "job.toml", "--out", tmp_path / "out", *PLAIN, "--json")
    assert code == 0, err
    assert json.loads(out)["sizes"]["cities"] == 6


def test_a_matrix_takes_the_place_of_a_map(done: Path, call: Call, tmp_path: Path) -> None:
    shutil.copy(done / "cities.csv", tmp_path)
    names = [name for name, *_ in CITIES.values()]
    rows = [
        f"{a},{b},{60 + 10 * abs(i - j)}" for i, a in enumerate(names) for j, b in enumerate(names) if a != b
    ]
    (tmp_path / "times.csv").write_text("\n".join(["origin,destination,minutes", *rows]) + "\n")
    job = JOB.replace('file = "map.osm"', 'matrix = "times.csv"')
    (tmp_path / "job.toml").write_text(job)
    code, out, err = call("run", tmp_path / "job.toml", "--out", tmp_path / "out", *PLAIN, "--json")
    assert code == 0, err
    summary = json.loads(out)
    assert summary["sizes"]["cities"] == 6
    assert summary["coverage"]["all"]["before_pairs"] == 15
    assert not (tmp_path / "out" / "network.gpkg").exists()


def test_a_damaged_step_in_the_cache_is_computed_again(
    done: Path, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(done / "cache", tmp_path / "cache")
    monkeypatch.setenv("POLYRING_CACHE", str(tmp_path / "cache"))
    for kept in (tmp_path / "cache" / "steps" / "times").iterdir():
        (kept / "cities.parquet").write_bytes(b"damaged")
    code, _, _ = call("run", done / "job.toml", "--out", done / "mended", *PLAIN)
    assert code == 0
    assert "times" not in _summary(done / "mended")["reused"]  # type: ignore[operator]


def test_verify_accepts_a_run_folder_and_refuses_a_tampered_one(done: Path, call: Call) -> None:
    assert call("verify", done / "out")[0] == 0
    shutil.copytree(done / "out", done / "tampered")
    path = done / "tampered" / "result.json"
    claim = json.loads(path.read_text())
    claim["coverage"] += 1
    claim["objective"] += 1
    path.write_text(json.dumps(claim))
    code, _, err = call("verify", done / "tampered")
    assert code == 4
    assert "was claimed" in err


def test_score_measures_a_plan_by_hand_against_the_best_known(done: Path, call: Call) -> None:
    problem = done / "out" / "problem.json"
    code, out, _ = call("score", problem, "--built", "", "--json")
    assert code == 0
    summary = json.loads(out)
    best = results.load(done / "out" / "result.json").objective
    assert summary["cost"] == 0
    assert summary["away"] == best - summary["objective"] > 0
    code, out, _ = call("score", problem, "--plan", done / "out" / "plan.json", "--json")
    assert (code, json.loads(out)["away"]) == (0, 0)


def test_score_names_an_unknown_candidate_and_the_nearest_known(done: Path, call: Call) -> None:
    file = done / "out" / "problem.json"
    known = load_problem(file).candidates[0].id
    code, out, err = call("score", file, "--built", f"{known}x,@@@@")
    assert (code, out) == (2, "")
    assert f"no candidate has the id '{known}x'; did you mean '{known}'" in err
    assert "no candidate has the id '@@@@'\n" in err
    assert "withheld" not in err


def test_score_refuses_a_plan_that_breaks_a_rule(done: Path, call: Call) -> None:
    problem = load_problem(done / "out" / "problem.json")
    everything = ",".join(candidate.id for candidate in problem.candidates)
    code, _, err = call("score", done / "out" / "problem.json", "--built", everything)
    assert code == 4
    assert "budget" in err


def test_solve_writes_the_same_plan_as_the_run(done: Path, call: Call) -> None:
    code, out, err = call(
        "solve", done / "out" / "problem.json", "-o", done / "solved.json", "--threads", 1, "--json"
    )
    assert code == 0, err
    assert json.loads(out)["built"] == list(results.load(done / "out" / "result.json").built)
    assert verify.check(load_problem(done / "out" / "problem.json"), results.load(done / "solved.json"))


def test_a_heuristic_without_proof_ends_with_ten(done: Path, call: Call) -> None:
    code, _, _ = call(
        "solve", done / "out" / "problem.json", "-o", done / "guess.json", "--variant", "do-nothing"
    )
    assert code == 10
    assert results.load(done / "guess.json").status == "feasible"


SOLVER = """
import json, os, sys, time
def send(**message): print(json.dumps(message), flush=True)
for line in sys.stdin:
    task = json.loads(line)
    if "prepare" not in task:
        send(kind="ready")
        send(kind="bound", step="s", bound=1e9)
        {end}
"""


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize(
    ("end", "code", "termination", "said"),
    [
        ("os._exit(3)", 4, "crash", "The solver failed"),
        ("os.kill(os.getpid(), 9)", 4, "memory", "The solver failed"),
        ("time.sleep(60)", 10, "killed", "did not stop at its time limit of 0.5 s"),
    ],
)
def test_a_run_whose_solver_fails_leaves_its_folder_with_the_plan_known_by_then(
    done: Path,
    call: Call,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    end: str,
    code: int,
    termination: str,
    said: str,
) -> None:
    monkeypatch.setattr(child, "WORKER", [sys.executable, "-c", SOLVER.format(end=end)])
    monkeypatch.setattr(child, "hard_limit_s", lambda _limit_s: 1.5)
    out = tmp_path / "out"
    settings = (*PLAIN, "--set", "solve.time_limit_s=0.5", "--set", "budget.share=0.31")
    settings = (*settings, "--set", "certificate.time_limit_s=0.5")
    found, _, messages = call("run", done / "job.toml", "--out", out, *settings)
    assert found == code
    assert {path.name for path in out.iterdir()} == FILES - {"report.html", "plan.png", "bound_checker.py"}
    assert results.load(out / "result.json").termination == termination
    assert json.loads((out / "plan.json").read_text(encoding="utf-8"))["status"] == "feasible"
    assert any(said in warning for warning in _summary(out)["warnings"])
    assert said in messages.replace("\n", " ")
    assert call("verify", out)[0] == 0


@pytest.mark.usefixtures("processes")
def test_a_run_whose_solver_fails_without_a_plan_leaves_none(
    done: Path, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "WORKER", [sys.executable, "-c", SOLVER.format(end="os._exit(3)")])
    settings = (*PLAIN, "--set", "budget.share=0.0", "--set", "least.small=1.0")
    assert call("run", done / "job.toml", "--out", tmp_path / "out", *settings)[0] == 4
    assert not (tmp_path / "out").exists()


def test_an_impossible_demand_ends_with_three(done: Path, call: Call) -> None:
    value = json.loads((done / "out" / "problem.json").read_text())
    value["candidates"][0]["fixed"] = "in"
    value["budget"] = value["candidates"][0]["cost"] - 1
    (done / "hard.json").write_text(json.dumps(value))
    code, _, err = call("solve", done / "hard.json", "-o", done / "hard_result.json")
    assert code == 3
    assert "proved" in err
    assert results.load(done / "hard_result.json").status == "infeasible"


def test_compare_names_what_differs(done: Path, call: Call) -> None:
    code, out, _ = call(
        "run", done / "job.toml", "--out", done / "less", *PLAIN, "--set", "budget.share=0.1", "--json"
    )
    assert code == 0
    code, out, _ = call("compare", done / "out", done / "less")
    assert code == 0
    assert "cost" in out
    code, out, _ = call("compare", done / "out", done / "out", "--json")
    assert json.loads(out)["built"]["first"] == []


def test_compare_names_money_limits_and_links(done: Path, call: Call) -> None:
    _, out, _ = call("compare", done / "out", done / "out")
    summary = json.loads((done / "out" / "summary.json").read_text(encoding="utf-8"))
    (link, *_) = summary["links"]
    assert f"{link['from_name']} – {link['to_name']} (" in out
    assert summary["money"] in out
    assert link["candidate_id"] not in out
    limit = next(line for line in out.splitlines() if line.startswith("limit"))
    assert "hour" in limit or " h" in limit


def test_explain_says_who_needs_a_link_and_what_stands_in(done: Path, call: Call) -> None:
    code, out, _ = call("explain", done / "out", "1")
    assert code == 0
    assert out.startswith("1. ")
    assert "Without it, the best plan found" in out
    code, out, _ = call("explain", done / "out", "1", "--json")
    found = json.loads(out)
    assert (code, found["rank"]) == (0, 1)
    assert found["pairs"]
    assert found["pairs"][0].keys() >= {"origin", "destination", "needs_it"}
    code, _, err = call("explain", done / "out", "no-such-link")
    assert code == 2
    assert "no candidate has the id 'no-such-link'" in err


def test_import_writes_a_network_that_reads_back(done: Path, call: Call) -> None:
    from networks import storage

    code, out, _ = call("import", done / "map.osm", "-o", done / "n.gpkg", "--country", "CN", "--no-simplify")
    assert code == 0
    assert "motorway" in out
    assert len(storage.read_gpkg(done / "n.gpkg").links) == 7


def test_independence_counts_besides_every_count_and_has_a_table(done: Path, call: Call) -> None:
    asked = ("--set", "independence.weight=0.25", "--set", "independence.radius_km=[5.0]")
    folder = done / "independence"
    code, out, _ = call("run", done / "job.toml", "--out", folder, *PLAIN, *asked, "--json")
    assert code == 0
    summary, plain = json.loads(out), json.loads((done / "out" / "summary.json").read_text())
    assert {name: row["pairs"] for name, row in summary["coverage"].items()} == {
        name: row["pairs"] for name, row in plain["coverage"].items()
    }
    problem = json.loads((folder / "problem.json").read_text())
    further = [k for k, pair in enumerate(problem["pairs"]) if pair["group"].startswith("independence:")]
    table = pd.read_csv(folder / "independence.csv").set_index(["tier", "state"])
    count = table.loc[("all", "plan"), "pairs"]
    assert len(further) == 3 * count > 0
    covered = set(json.loads((folder / "plan.json").read_text())["covered"]) & set(further)
    met = table.loc[("all", "plan"), ["independent_at_1", "independent_at_1.1", "independent_at_1.25"]]
    assert met.sum() == len(covered)


def test_pairs_that_count_in_steps_leave_every_count_as_it_is(done: Path, call: Call) -> None:
    steps = ("--set", "steps.shares=[0.5, 0.5]", "--set", "steps.later_s=[0, 1800]")
    code, out, _ = call("run", done / "job.toml", "--out", done / "steps", *PLAIN, *steps, "--json")
    assert code == 0
    summary, plain = json.loads(out), json.loads((done / "out" / "summary.json").read_text())
    assert {name: row["pairs"] for name, row in summary["coverage"].items()} == {
        name: row["pairs"] for name, row in plain["coverage"].items()
    }
    groups = {pair["group"] for pair in json.loads((done / "steps" / "problem.json").read_text())["pairs"]}
    assert any(group.startswith("step:") for group in groups)
    assert not any(name.startswith("step:") for name in summary["coverage"])
