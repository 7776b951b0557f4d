"""Check the commands that bench problem files and convert networks."""

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

from optimiser.bench import outputs
from optimiser.bench.generators.families import GridParameters, HardParameters, grid, hard
from optimiser.bench.runner import exclusive
from optimiser.cli import bench
from optimiser.cli.app import call
from optimiser.problem import load, save
from optimiser.problem.errors import OptimiserError

POLYRING = (sys.executable, "-c", "from optimiser.cli import main; main()")
NETWORK = """NODES (
  A ( 0.00 0.00 )
  B ( 3.00 4.00 )
)
LINKS (
  AB ( A B ) 0.00 0.00 0.00 7.00 ( 40.00 900.00 )
)
DEMANDS (
  d1 ( A B ) 1 5.00 UNLIMITED
)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(grid(GridParameters(rows=3, columns=3, candidates=6, pairs=6)), "mine.json")
    return tmp_path


def test_a_problem_file_is_benched_in_one_command(folder, capfd):
    words = ["bench", "--instances", "mine.json", "--variant", "greedy", "--time-limit", "20"]
    assert call([*words, "-o", "out"]) == 0
    with (folder / "out" / "runs.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["instance"], row["variant"], row["check"]) == ("mine", "greedy", "ok")
    assert float(row["cpu_s"]) > 0
    assert float(row["peak_mb"]) > 50
    out, err = capfd.readouterr()
    assert "open summary.md" in out
    assert "[1/1" in err
    page = (folder / "out" / "summary.md").read_text(encoding="utf-8")
    assert "`polyring bench --instances mine.json --variant greedy --time-limit 20 --threads 1`" in page
    assert list((folder / "out" / "traces").iterdir())


def test_a_bench_by_effort_with_options_records_both(folder, capfd):
    words = [
        "bench",
        "--instances",
        "mine.json",
        "--variant",
        "compact:highs",
        "--effort",
        "0.001",
        "-o",
        "out",
    ]
    for option in ("presolve=off", "presolve=on"):
        assert call([*words, "--solver-option", option]) == 0
    with (folder / "out" / "runs.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    shown = [(row["options"], row["effort"], row["time_limit_s"], row["check"]) for row in rows]
    assert shown == [(f"presolve = {to}", "0.001", "86400.0", "ok") for to in ("off", "on")]
    assert ["HiGHS (presolve = " in row["used"] for row in rows] == [True, True]
    assert len(list((folder / "out" / "traces").iterdir())) == 2
    page = (folder / "out" / "summary.md").read_text(encoding="utf-8")
    assert "--solver-option presolve=on --effort 0.001" in page
    assert "time limit 86400 s; effort 0.001; threads 1" in page
    assert "compact/highs (presolve = off)" in page


def test_options_are_refused_for_a_variant_that_they_do_not_reach(folder, capfd):
    words = ["bench", "--instances", "mine.json", "-o", "out", "--solver-option", "presolve=off"]
    whys = {"greedy": "this variant runs without any", "auto": "none is named"}
    for variant, why in (*whys.items(), ("cuts:scip", "presolve is unknown")):
        assert call([*words, "--variant", "cuts:highs", "--variant", variant]) == 2
        err = capfd.readouterr().err
        assert why in err
        assert variant.replace(":", "/") in err
    assert not (folder / "out").exists()


@pytest.mark.long
def test_solves_in_several_processes_give_the_same_rows_and_continue(folder, capfd):
    save(grid(GridParameters(rows=3, columns=3, candidates=6, pairs=6)).replace(budget=1), "other.json")
    words = ["bench", "--variant", "greedy", "--time-limit", "20", "--instances", "mine.json"]
    assert call([*words, "-o", "one"]) == 0
    more = [*words, "--instances", "other.json", "--workers", "2"]
    assert call([*more, "-o", "two"]) == 0
    assert call([*more, "-o", "one"]) == 0
    assert "[1/1" in capfd.readouterr().err.rpartition("about")[0][-80:]
    one, two = (outcomes(folder / name) for name in ("one", "two"))
    assert one == two
    assert [row["instance"] for row in one] == ["mine", "other"]
    plans = [path.name for path in (folder / "two" / "plans").iterdir()]
    assert sorted(plans) == sorted(path.name for path in (folder / "one" / "plans").iterdir())


def outcomes(folder):
    """Return the rows of a bench without what was measured, sorted."""
    measured = {"seconds", "wall_s", "cpu_s", "peak_mb", "other_load", "plan_1pct_s", "gap_1pct_s", "root_s"}
    with (folder / "runs.csv").open(encoding="utf-8") as file:
        rows = [{k: v for k, v in row.items() if k not in measured} for row in csv.DictReader(file)]
    return sorted(rows, key=lambda row: row["instance"])


@pytest.mark.long
def test_an_interrupted_bench_ends_within_seconds_and_leaves_no_process(folder):
    save(hard(HardParameters(places=40, candidates=100, pairs=300)), "hard.json")
    words = ["bench", "--instances", "hard.json", "--variant", "cuts", "--time-limit", "60"]
    with subprocess.Popen([*POLYRING, *words, "-o", "out"], start_new_session=True) as bench:
        seen = psutil.Process(bench.pid)
        end = time.monotonic() + 60
        while len(seen.children(recursive=True)) < 2 and time.monotonic() < end:
            time.sleep(0.05)
        tree = seen.children(recursive=True)
        os.kill(bench.pid, signal.SIGINT)
        assert bench.wait(timeout=120) == 130
    assert len(tree) >= 2
    _, alive = psutil.wait_procs(tree, timeout=60)
    assert alive == []


def test_what_cannot_be_solved_is_reported_and_sets_the_exit_code(folder, capfd):
    (folder / "bad.json").write_text('{"format": "polyring problem"}', encoding="utf-8")
    with pytest.raises(OptimiserError, match="some of what was asked for could not be solved") as told:
        bench.bench(
            instances=["mine.json", "bad.json"],
            variant=["greedy"],
            seeds=["1"],
            out=folder / "out",
        )
    assert told.value.exit_code == 2
    err = capfd.readouterr().err + str(told.value)
    assert "bad.json" in err
    with (folder / "out" / "runs.csv").open(encoding="utf-8") as file:
        assert [(row["instance"], row["seed"]) for row in csv.DictReader(file)] == [("mine", "1")]
    page = (folder / "out" / "summary.md").read_text(encoding="utf-8")
    assert "## Left out\n\n* " in page


@pytest.mark.long
def test_a_bench_from_python_tells_what_it_left_out(folder):
    (folder / "bad.json").write_text('{"format": "polyring problem"}', encoding="utf-8")
    found = outputs.bench(
        ["mine.json", "bad.json"], variants=["greedy"], seeds=[1, 99999999999], out=folder / "out"
    )
    assert [(row.instance, row.seed) for row in found.rows] == [("mine", 1)]
    told = " ".join(map(str, found.left_out))
    assert "seed 99999999999 is outside 0..2147483647" in told
    assert "bad.json" in told
    page = (folder / "out" / "summary.md").read_text(encoding="utf-8")
    assert "seed 99999999999 is outside" in page.partition("## Left out")[2]


def test_a_bench_that_solves_nothing_reports_why(folder, capfd):
    save(grid(GridParameters(rows=3, columns=3, candidates=6, pairs=6)).replace(budget=None), "all.json")
    assert call(["bench", "--instances", "all.json", "--variant", "do-nothing", "-o", "out"]) == 2
    assert "variant 'do-nothing' needs a budget" in capfd.readouterr().err


def test_a_second_bench_in_a_folder_is_refused(folder, capfd):
    with exclusive(folder / "out"):
        assert call(["bench", "--instances", "mine.json", "--variant", "greedy", "-o", "out"]) == 5
    err = capfd.readouterr().err
    assert "the folder is in use by process" in err
    assert "choose another folder with --out" in err
    assert not (folder / "out" / "runs.csv").exists()


def test_instances_and_variants_are_listed(capfd):
    assert call(["bench", "--list", "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert {"grid", "hard", "national", "region-counties"} <= {one["family"] for one in told["instances"]}
    assert "cuts" in {one["variant"] for one in told["variants"]}


def test_a_bench_without_instances_is_refused(folder, capfd):
    assert call(["bench"]) == 2
    assert "no instance is asked for" in capfd.readouterr().err


def test_a_network_is_converted_in_one_command(folder, capfd):
    (folder / "net.txt").write_text(NETWORK, encoding="utf-8")
    assert call(["convert", "sndlib", "net.txt", "-o", "net.json", "--budget-percent", "100"]) == 0
    problem = load(folder / "net.json")
    assert (problem.name, len(problem.candidates), problem.budget) == ("net", 1, 7)
    said = capfd.readouterr()
    assert ("1 candidates, 1 pairs" in said.out, "It will replace" in said.err) == (True, False)
    assert call(["convert", "sndlib", "net.txt", "-o", "net.json"]) == 0
    assert "It will replace the file net.json." in capfd.readouterr().err


def test_a_broken_network_file_is_refused_with_its_line(folder, capfd):
    (folder / "net.txt").write_text(NETWORK.replace("B ( 3.00", "B ( x"), encoding="utf-8")
    assert call(["convert", "sndlib", "net.txt", "-o", "net.json"]) == 2
    assert "line 3: x of a node: 'x' is not a number" in capfd.readouterr().err
    assert not (folder / "net.json").exists()


@pytest.mark.parametrize(
    ("words", "seeds"), [(["3"], [3]), (["1..4"], [1, 2, 3, 4]), (["2..3", "7", "2"], [2, 3, 7])]
)
def test_seeds_are_numbers_and_ranges(words, seeds):
    assert bench.seeds_of(words) == seeds


@pytest.mark.parametrize("word", ["x", "1..", "3..1", "0..20000", "1..2..3", "-1", "1..3000000000"])
def test_seeds_that_are_none_are_refused(word, folder):
    assert call(["bench", "--instances", "mine.json", "-o", "out", f"--seeds={word}"]) == 2
    assert not (folder / "out").exists()
