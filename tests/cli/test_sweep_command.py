"""`polyring sweep` leaves the same tables whatever solved the cases, and says what varied."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shutil

import pyarrow.parquet as pq
import pytest
from cli_drawing import JOB, draw_region
from engine_running import HereProcess
from tiers import thinned

import polyring as pr
from networks.inputs import checksum
from optimiser import verify
from optimiser.cli.app import call as call_command
from optimiser.engine.solve import SolveFailure
from optimiser.frontier.cases import case_from, resolve
from optimiser.job import load as load_job
from optimiser.problem import load
from optimiser.studies import answers
from optimiser.studies.answers import AskedBase, base_of
from optimiser.studies.sweep import load_sweep, prepare
from optimiser.tasks.cache import Progress

FACTORS = """
[sweep]
cases = 6
time_limit_s = 300
commit_core = true
[[sweep.factors]]
id = "costs"
changes = "costs"
distribution = "reference_class"
[[sweep.factors]]
id = "road_speed"
changes = "road_speed"
low = 0.8
high = 1.2
[[sweep.factors]]
id = "failures"
changes = "closed"
of = ["G1"]
chance = 0.4
[[sweep.correlations]]
factors = ["costs", "road_speed"]
value = 0.5
"""


@pytest.fixture(scope="session")
def finished_sweep(once):
    """Return a folder with the drawn region, its sweep in `out` and what it said in `said.txt`."""

    def fill(folder):
        draw_region(folder, JOB + FACTORS)
        words = ["sweep", folder / "job.toml", "--out", folder / "out", "--workers", 0]
        with pytest.MonkeyPatch.context() as patch, (folder / "said.txt").open("w", encoding="utf-8") as said:
            patch.setenv("POLYRING_CACHE", str(folder / "cache"))
            patch.setattr(answers, "STATE", answers.ProcessState(engine=HereProcess()))
            with contextlib.redirect_stdout(said):
                assert call_command([str(word) for word in words]) == 0

    return once("swept", fill)


@pytest.fixture
def swept(finished_sweep, monkeypatch):
    """Return the folder of the finished sweep with its cache; nothing in it is changed."""
    monkeypatch.setenv("POLYRING_CACHE", str(finished_sweep / "cache"))
    return finished_sweep


@pytest.fixture
def job(region, monkeypatch):
    """A job with factors; cases are solved in this process where tasks are done in it."""
    monkeypatch.setattr(answers, "STATE", answers.ProcessState(engine=HereProcess()))
    path = region / "job.toml"
    path.write_text(path.read_text(encoding="utf-8") + FACTORS, encoding="utf-8")
    return path


def rows(folder, name):
    return pq.read_table(folder / name).to_pylist()


def test_a_sweep_leaves_tables_that_agree_with_each_other_and_with_the_check(swept):
    out, text = swept / "out", (swept / "said.txt").read_text(encoding="utf-8")
    assert {path.name for path in out.iterdir()} == {
        "cases.parquet", "case_links.parquet", "times.parquet", "regret.parquet", "plans.parquet",
        "commit.parquet", "problem.json", "job.toml", "sweep.json", "checksums.json", "sweep.html",
        "sweep_band.png", "sweep_indices.png", "sweep_links.png", "sweep_map.png", "sweep_regret.png",
        "links.geojson", "cities.geojson", "network.geojson",
    }  # fmt: skip
    cases, links = rows(out, "cases.parquet"), rows(out, "case_links.parquet")
    assert [row["case"] for row in cases] == list(range(7))
    assert (cases[0]["costs"], cases[0]["road_speed"], cases[0]["failures: G1"]) == (1.0, 1.0, 0.0)
    assert {row["failures: G1"] for row in cases} == {0.0, 1.0}
    for row in cases:
        own = [link for link in links if link["case"] == row["case"]]
        assert sum(link["cost"] for link in own) == row["cost"] <= row["budget"]
        assert row["weight_today"] <= row["weight_plan"] <= row["weight"]
        assert row["weight_today"] <= row["weight_best"] <= row["weight"]
        assert row["fault"] is None
    first = [link["candidate_id"] for link in links if link["case"] == 0]
    plan = verify.score(load(out / "problem.json"), first)
    assert (plan.cost, plan.objective, len(plan.covered)) == (
        cases[0]["cost"], cases[0]["objective"], cases[0]["pairs_best"],
    )  # fmt: skip
    closed = [row for row in cases if row["failures: G1"] and row["road_speed"] <= 1]
    assert closed
    assert all(row["pairs_today"] < cases[0]["pairs_today"] for row in closed)
    assert "links chosen in 90 % of the cases or more" in text
    found = load_sweep(out)
    assert sorted(found.core["candidate_id"]) == json.loads((out / "sweep.json").read_text("utf-8"))["core"]
    assert found.built == set(first)
    assert found.cost_of_commitment is not None


def test_python_sweeps_a_job_and_opens_what_came_of_it(swept, tmp_path):
    settings = ["sweep.commit_core=false", "sweep.cases=3"]
    found = pr.sweep(str(swept / "job.toml"), settings=settings, out=tmp_path / "out", workers=0)
    assert found.folder == tmp_path / "out"
    assert len(found.futures) == 3
    assert found.cost_of_commitment is None
    assert pr.load_sweep(tmp_path / "out").regret.equals(found.regret)


@pytest.mark.parametrize(
    ("name", "column", "words"),
    [
        ("cases.parquet", "cost", "cost of case 0"),
        ("cases.parquet", "pairs_best", "pairs_best of case 0"),
        ("case_links.parquet", "cost", "its links cost"),
        ("regret.parquet", "weight", "regret of plan 0"),
    ],
)
def test_verify_finds_tables_that_contradict_each_other(name, column, words, swept, call, tmp_path):
    out = shutil.copytree(swept / "out", tmp_path / "out")
    code, text, _ = call("verify", out)
    assert (code, "the tables of the sweep agree" in text) == (0, True)
    table = pq.read_table(out / name)
    at = table.column_names.index(column)
    values = [value and value + 1 for value in table[column].to_pylist()]
    pq.write_table(table.set_column(at, table.schema.field(at), [values]), out / name)
    code, _, err = call("verify", out)
    assert (code, f"{name} was changed after the run" in err) == (4, True)
    sums = json.loads((out / "checksums.json").read_text(encoding="utf-8"))
    sums["files"][name] = checksum(out / name)
    (out / "checksums.json").write_text(json.dumps(sums), encoding="utf-8")
    code, _, err = call("verify", out)
    assert (code, words in err) == (4, True)


def test_regret_is_what_a_plan_lacks_of_the_best_one_of_its_case(swept):
    out = swept / "out"
    cases, plans = rows(out, "cases.parquet"), rows(out, "plans.parquet")
    regrets = rows(out, "regret.parquet")
    assert plans[0]["name"] == "plan of the job"
    for row in regrets:
        best = cases[row["case"]]["weight_best"]
        assert row["regret"] == (best - row["weight"] if row["fits"] else None)
        if row["fits"]:
            assert row["regret"] >= -0.005 * best
        if row["plan"] == 0:
            own = cases[row["case"]]
            assert (row["weight"], row["fits"]) == (own["weight_plan"], own["plan_fits"])
    committed = rows(out, "commit.parquet")
    assert all(row["objective"] is None or row["objective"] <= row["bound"] for row in committed)


@pytest.mark.long
def test_tables_are_the_same_byte_for_byte_whatever_did_the_tasks(job, call, tmp_path, monkeypatch):
    few = ("--set", "sweep.cases=2")
    call("sweep", job, "--out", tmp_path / "one", "--workers", 0, *few)
    shutil.rmtree(tmp_path / "cache")
    code, _, err = call("sweep", job, "--out", tmp_path / "two", "--workers", 2, *few)
    assert code == 0, err
    names = {path.name for path in (tmp_path / "one").iterdir()} - {"times.parquet"}
    assert names == {path.name for path in (tmp_path / "two").iterdir()} - {"times.parquet"}
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


def test_solved_cases_are_not_solved_again(swept, call, tmp_path, monkeypatch):
    out = shutil.copytree(swept / "out", tmp_path / "out")
    monkeypatch.setattr(answers.solving, "solve", None)
    code, _, _ = call("sweep", swept / "job.toml", "--out", out, "--workers", 0)
    assert code == 0
    assert (out / "cases.parquet").read_bytes() == (swept / "out" / "cases.parquet").read_bytes()


def test_a_case_that_fails_each_time_is_given_up_and_named_and_the_others_stand(
    job, call, tmp_path, monkeypatch
):
    solve = answers.solving.solve

    def poisoned(problem, *args, **others):
        if problem.name.endswith("case 3"):
            raise RuntimeError("no good")
        return solve(problem, *args, **others)

    monkeypatch.setattr(answers.solving, "solve", poisoned)
    settings = ("--set", "sweep.commit_core=false", "--set", "sweep.cases=3")
    code, _, err = call("sweep", job, "--out", tmp_path / "out", "--workers", 0, *settings)
    assert code == 10
    assert "case 3 was given up: RuntimeError: no good" in err
    cases = rows(tmp_path / "out", "cases.parquet")
    assert [row["case"] for row in cases if row["fault"]] == [3]
    summary = json.loads((tmp_path / "out" / "sweep.json").read_text(encoding="utf-8"))
    assert (summary["cases"], summary["proven"], summary["faulty"]) == (4, 3, 1)
    assert summary["quarantined"] == [{"task": "case 3", "fault": "RuntimeError: no good"}]


def test_a_failed_solver_leaves_its_best_plan_and_the_case_counts_as_open(job, call, tmp_path, monkeypatch):
    solve = answers.solving.solve

    def failing(problem, *args, **others):
        result = solve(problem, *args, **others)
        if problem.name.endswith("case 2"):
            kept = dataclasses.replace(result, bound=None, gap=None, status="feasible", bound_source=None)
            raise SolveFailure("it broke", result=kept)
        return result

    monkeypatch.setattr(answers.solving, "solve", failing)
    settings = ("--set", "sweep.commit_core=false", "--set", "sweep.cases=3")
    code, _, _ = call("sweep", job, "--out", tmp_path / "out", "--workers", 0, *settings)
    assert code == 10
    row = rows(tmp_path / "out", "cases.parquet")[2]
    assert (row["gap"], row["fault"]) == (None, None)
    assert row["cost"] is not None


def test_a_dry_run_says_what_varies_and_solves_nothing(job, call, tmp_path, monkeypatch):
    monkeypatch.setattr(answers.solving, "solve", None)
    code, text, _ = call("sweep", job, "--dry-run", "--workers", 2)
    assert code == 0
    assert "7 cases, the job itself included, 2 at a time." in text
    assert "failures: G1" in text
    assert not (tmp_path / "polyring-runs").exists()


def test_factors_that_do_not_suit_the_job_are_all_named(region, call):
    path = region / "job.toml"
    text = """
[[sweep.factors]]
id = "leads"
changes = "delay_years"
low = 0
high = 3
[[sweep.factors]]
id = "bridges"
changes = "costs"
of = ["bridge"]
low = 0.8
high = 1.2
"""
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
    code, _, err = call("sweep", path)
    assert code == 2
    assert "leads: a delay counts where there are periods" in err
    assert "bridges: there is no 'bridge'" in err


def test_links_that_do_not_exist_are_named(region, call):
    path = region / "job.toml"
    text = '[[sweep.factors]]\nid = "x"\nchanges = "closed"\nof = ["G9", "G1: Alpha - Beta"]\nchance = 0.1\n'
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
    code, _, err = call("sweep", path, "--workers", 0)
    assert code == 2
    assert "'G9': nothing has this name" in err
    assert "G1: Alpha" not in err


def test_a_sweep_joins_no_folder_of_somebody_else(job, call, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x", encoding="utf-8")
    code, _, err = call("sweep", job, "--out", tmp_path / "mine", "--workers", 0)
    assert code == 2
    assert "not the folder of an earlier run" in err


@pytest.mark.parametrize(
    "changes",
    thinned(
        [
            (
                'phasing.names=["one", "two"]',
                (
                    'sweep.factors=[{id="late", changes="delay_years", low=0, high=9}, '
                    '{id="costs", changes="costs", low=0.5, high=2}]'
                ),
            ),
            (
                "budget.unlimited=true",
                (
                    'sweep.factors=[{id="costs", changes="costs", low=0.5, high=2}, '
                    '{id="limit", changes="limit_s", low=-600, high=600}]'
                ),
            ),
            (
                "steps.shares=[0.8, 0.2]",
                "steps.later_s=[0, 900]",
                (
                    'sweep.factors=[{id="growth", changes="demand", low=0.5, high=2, of=["small"]}, '
                    '{id="power", changes="weight_exponent", low=0.3, high=1}]'
                ),
            ),
            (
                "independence.weight=0.5",
                "city_coverage.weight=2",
                (
                    'sweep.factors=[{id="G1", changes="closed", of=["G1"], chance=0.5}, '
                    '{id="money", changes="budget", low=0.2, high=1}]'
                ),
            ),
        ],
        1,
        packed=False,
    ),
)
def test_jobs_with_periods_without_budget_with_steps_and_with_independence_are_swept(
    changes, job, call, tmp_path, draws
):
    settings = [
        word
        for change in (*changes, "sweep.correlations=[]", f"sweep.cases={draws(3, 6).stop}")
        for word in ("--set", change)
    ]
    code, _, err = call("sweep", job, "--out", tmp_path / "out", "--workers", 0, *settings)
    assert code == 0, err
    code, _, err = call("verify", tmp_path / "out")
    assert code == 0, err
    cases = rows(tmp_path / "out", "cases.parquet")
    assert len({row["weight_best"] for row in cases} | {row["cost"] for row in cases}) > 1
    committed = rows(tmp_path / "out", "commit.parquet")
    is_minimum = cases[0]["budget"] is None
    for row, own in zip(committed, cases, strict=True):
        if row["objective"] is not None:
            worse = row["objective"] - own["bound"] if is_minimum else own["bound"] - row["objective"]
            assert worse >= 0


def test_a_base_that_has_travelled_resolves_the_same_problems(job, monkeypatch):
    found = prepare(load_job(job), Progress())
    content = found.base.content
    assert content == AskedBase(found.chain, found.base.closures).content
    chain = found.chain
    closures = {name: closure.arcs for name, closure in found.closures.items()}
    times, candidates, draft = (step.value for step in (chain.times, chain.candidates, chain.draft))
    base = base_of(times, candidates, draft, chain.loaded.job, closures=closures)
    there = answers.unpack(content)
    assert len(found.cases) == 7
    for case in found.cases:
        assert resolve(there, case_from(json.loads(json.dumps(case.as_dict())))) == resolve(base, case)
