"""`polyring frontier` leaves points that check out, goes on after an interruption, and says what it found."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from core_drawing import dense_problem
from engine_running import HereProcess

from optimiser import problem as problems
from optimiser import verify
from optimiser.frontier import askers, tracer
from optimiser.problem import result as results
from optimiser.studies.frontier import page_name


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def here(monkeypatch):
    """Answer in this process, which spares the start of another one."""
    monkeypatch.setattr(askers, "ChildProcess", HereProcess)


@pytest.fixture
def drawn(region, here, tmp_path):
    path = tmp_path / "drawn.json"
    problems.save(dense_problem(5), path)
    return path


def test_a_job_leaves_every_file_of_its_frontier(region, call, tmp_path):
    out = tmp_path / "front"
    code, text, _ = call("frontier", region / "job.toml", "--out", out, "--points", 6)
    assert code == 0, text
    there = {path.name for path in out.iterdir()}
    assert there == {
        "job.toml", "problem.json", "frontier.csv", "frontier.json", "frontier.png", "frontier_links.csv",
        "report.html",
        "frontier",
    }  # fmt: skip
    assert (out / "frontier.png").read_bytes().startswith(b"\x89PNG")
    assert "Steady core" in text


def test_the_page_of_a_run_stays_when_its_frontier_joins_it(tmp_path):
    assert page_name(tmp_path) == "report.html"
    (tmp_path / "result.json").touch()
    assert page_name(tmp_path) == "frontier.html"


def test_the_plan_of_each_point_is_verified_for_its_own_problem(drawn, call, tmp_path):
    out = tmp_path / "front"
    assert call("frontier", drawn, "--out", out, "--points", 0)[0] == 0
    rows = rows_of(out / "frontier.csv")
    assert len(rows) > 3
    for row in rows:
        own = problems.load(out / row["plan"].replace("result", "problem"))
        plan = verify.check(own, results.load(out / row["plan"]))
        assert (plan.cost, plan.status) == (int(row["cost"]), "optimal")


def test_three_ways_weigh_the_cost_and_two_tiers(region, here, call, tmp_path):
    words = ("--axes", "three_way", "--points", 5, "--json")
    code, text, _ = call("frontier", region / "job.toml", "--out", tmp_path / "front", *words)
    found = json.loads(text)
    assert (code, found["exit_code"], found["groups"]) == (0, 0, ["secondary", "small"])


def test_a_second_run_takes_all_answers_from_the_cache(drawn, call, tmp_path, monkeypatch):
    words = ("frontier", drawn, "--points", 0, "--out")
    assert call(*words, tmp_path / "one")[0] == 0
    monkeypatch.setattr(askers, "ChildProcess", Refusing)
    assert call(*words, tmp_path / "two")[0] == 0
    one, two = (rows_of(tmp_path / name / "frontier.csv") for name in ("one", "two"))
    assert one == two


class Refusing(HereProcess):
    """A process that must not be asked."""

    def __call__(self, *_words, **_more):
        raise AssertionError


def test_another_gap_is_another_frontier(drawn, call, tmp_path, monkeypatch):
    assert call("frontier", drawn, "--points", 3, "--out", tmp_path / "one")[0] == 0
    monkeypatch.setattr(askers, "ChildProcess", Refusing)
    code, _, err = call("frontier", drawn, "--points", 3, "--gap", 0.5, "--out", tmp_path / "two")
    assert (code, "AssertionError" in err) == (1, True)


def test_points_of_an_earlier_frontier_leave_the_folder(drawn, call, tmp_path):
    out = tmp_path / "front"
    assert call("frontier", drawn, "--points", 0, "--out", out)[0] == 0
    assert call("frontier", drawn, "--points", 2, "--out", out)[0] == 0
    plans = {path.name for path in (out / "frontier").iterdir()}
    assert {row["plan"].removeprefix("frontier/") for row in rows_of(out / "frontier.csv")} == {
        name for name in plans if name.endswith("result.json")
    }


LIMIT = ("--time-limit", 1200)


def test_a_frontier_without_a_point_is_no_success(drawn, call, tmp_path, monkeypatch):
    monkeypatch.setattr(tracer, "time", Hurried(5000.0))
    code, _, err = call("frontier", drawn, "--points", 0, *LIMIT, "--out", tmp_path / "front")
    assert (code, "no point was found" in err) == (4, True)


def test_time_that_runs_out_between_points_sets_the_exit_code(drawn, call, tmp_path, monkeypatch):
    monkeypatch.setattr(tracer, "time", Hurried(60.0))
    code, text, err = call("frontier", drawn, "--points", 0, *LIMIT, "--out", tmp_path / "front")
    assert code == 10, text + err
    assert "A limit ended it with" in text


class Hurried:
    """A clock on which each look takes so many seconds."""

    def __init__(self, step_s):
        self.now, self.step_s = 0.0, step_s

    def monotonic(self):
        self.now += self.step_s
        return self.now


def test_the_amounts_of_caps_are_printed_since_they_do_not_grow_with_the_budget(drawn, call, tmp_path):
    problem = problems.load(drawn)
    problems.save(problem.replace(caps=(("infrastructure", 1234),)), drawn)
    _, text, _ = call("frontier", drawn, "--out", tmp_path / "f")
    assert "the same at every point: infrastructure 1,234." in text


def test_a_setting_that_no_problem_file_has_is_refused(drawn, call):
    code, _, err = call("frontier", drawn, "--set", "budget.share=0.1")
    assert (code, "budget.share=0.1" in err) == (2, True)


def test_the_folder_of_a_run_of_another_problem_is_refused(drawn, call, tmp_path):
    out = tmp_path / "run"
    out.mkdir()
    (out / "summary.json").write_text('{"format": "polyring-summary/1"}')
    (out / "result.json").write_text("{}")
    problems.save(dense_problem(7), out / "problem.json")
    code, _, err = call("frontier", drawn, "--out", out)
    assert (code, "another problem" in err) == (2, True)


@pytest.mark.long
def test_an_interrupted_frontier_ends_in_seconds_and_goes_on_later(region, call, tmp_path):
    from optimiser.bench.generators.families import GeometricParameters, geometric

    path, out = tmp_path / "large.json", tmp_path / "front"
    problems.save(geometric(GeometricParameters(places=24, candidates=36, pairs=60)), path)
    command = [sys.executable, "-m", "optimiser.cli", "frontier", str(path), "--out", str(out)]
    run = subprocess.Popen(
        [*command, "--points", "0"], stderr=subprocess.PIPE, env=dict(os.environ), text=True
    )
    kept = tmp_path / "cache" / "tasks"
    end = time.monotonic() + 60
    while time.monotonic() < end and len(list(kept.glob("*/*.json"))) < 4:
        time.sleep(0.1)
    tree = psutil.Process(run.pid).children(recursive=True)
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=120)
    assert run.returncode == 130, err
    assert not psutil.wait_procs(tree, timeout=60)[1]
    assert not out.exists()
    before = len(list(kept.glob("*/*.json")))
    code, text, err = call("frontier", path, "--out", out, "--points", 3)
    assert code == 0, text + err
    assert before >= 4


MEASURED = {"seconds", "seconds_whole", "start", "nodes", "cuts"}
"""Columns that say how an answer came about."""


def answers_of(folder):
    """Return the table of a frontier without the columns that say how its answers came about."""
    table = rows_of(folder / "frontier.csv")
    return [{name: value for name, value in row.items() if name not in MEASURED} for row in table]


@pytest.mark.long
def test_workers_find_the_frontier_that_one_session_finds(drawn, call, tmp_path, monkeypatch):
    words = ("--points", 12, "--set", 'frontier.placing="even"', "--set", "solve.threads=1")
    for name, workers in (("alone", ()), ("tasks", ("--workers", 0))):
        monkeypatch.setenv("POLYRING_CACHE", str(tmp_path / f"cache-{name}"))
        code, _, err = call("frontier", drawn, "--out", tmp_path / name, *words, *workers)
        assert code == 0, err
    assert answers_of(tmp_path / "alone") == answers_of(tmp_path / "tasks")
    assert len(answers_of(tmp_path / "tasks")) > 3
    links = [(tmp_path / name / "frontier_links.csv").read_bytes() for name in ("alone", "tasks")]
    assert links[0] == links[1]


def test_workers_are_not_used_where_each_point_depends_on_the_others(drawn, call, tmp_path):
    out = tmp_path / "front"
    code, _, err = call("frontier", drawn, "--out", out, "--points", 4, "--workers", 2)
    assert code == 0
    assert "one session answers them all" in err
    words = ("--set", 'frontier.placing="even"', "--workers", 2, "--scheduler", "tcp://x")
    code, _, err = call("frontier", drawn, "--out", out, *words)
    assert code == 2
    assert "an existing scheduler has workers of its own" in err
