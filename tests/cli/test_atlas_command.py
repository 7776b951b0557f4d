"""`polyring atlas` measures several regions by the same rules, and goes on where one cannot be measured."""

from __future__ import annotations

import csv
import json

import pytest
from cli_drawing import draw_map

from optimiser.cli import app
from optimiser.job import load_clusters
from optimiser.problem.errors import EnvironmentFault
from optimiser.studies import atlas as running
from optimiser.tasks import signals

CLUSTERS = """\
[cities]
file = "cities.csv"
[times]
limit_s = 7200
[candidates]
kinds = ["express_service"]
[[cluster]]
name = "slow"
title = "Slow roads"
region = {{ file = "map.osm", country = "CN" }}
[[cluster]]
name = "fast"
title = "<b>Fast</b> roads"
region = {{ file = "{fast}", country = "CN" }}
"""


@pytest.fixture
def two(region):
    """Return a file of two clusters: the drawn region, and the same with a motorway round its north."""
    more = [(a, b, {"highway": "motorway", "oneway": "no"}) for a, b in (("a", "d"), ("d", "e"), ("e", "f"))]
    (region / "fast.osm").write_text(draw_map(more), encoding="utf-8")
    path = region / "clusters.toml"
    path.write_text(CLUSTERS.format(fast="fast.osm"), encoding="utf-8")
    return path


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_table_maps_and_page_hold_every_cluster_and_a_second_atlas_measures_nothing_again(
    two, finished, call, tmp_path, monkeypatch
):
    out = tmp_path / "out"
    code, text, err = call("atlas", two, "--out", out, "--json")
    assert code == 0, err
    slow, fast = json.loads(text)["clusters"]
    assert (slow["cities"], slow["people"], slow["pairs"]) == (6, 8_500_000, 15)
    assert slow["core"] == "Alpha"
    # Two hours on motorways bring pairs together that two hours on primary roads do not.
    assert slow["within_all"] < fast["within_all"]
    for row in (slow, fast):
        assert row["within_all_low"] <= row["within_all"] <= row["within_all_high"]
        assert row["within_express"] == row["within_all"]  # there is no railway
    assert {path.name for path in out.iterdir()} == {
        "atlas.html", "atlas.json", "clusters.csv", "cases.csv", "tiers.csv", "maps",
    }  # fmt: skip
    assert {path.name for path in (out / "maps").iterdir()} == {"slow.png", "fast.png"}
    page = (out / "atlas.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;Fast&lt;/b&gt; roads" in page
    assert {row["trains"] for row in (slow, fast)} == {"known"}
    assert "Independent of the core" in page
    assert "Gained by express trains" not in page  # 0 % in both
    assert "<b>Fast</b> roads" not in page
    cases = rows_of(out / "cases.csv")
    assert next(row["case"] for row in cases if row["cluster"] == "slow") == "as assumed"
    slower = {row["case"]: float(row["within_all"]) for row in cases if row["cluster"] == "fast"}
    assert slower["roads 10 % slower"] <= slower["as assumed"] <= slower["roads 10 % faster"]
    assert slower["limit 15 min shorter"] <= slower["as assumed"] <= slower["limit 15 min longer"]
    counted = json.loads((finished / "out" / "summary.json").read_text(encoding="utf-8"))["coverage"]["all"]
    assert slow["within_all"] == pytest.approx(counted["before_pairs"] / counted["pairs"], abs=1e-4)

    def refuse(*_args):
        raise AssertionError("measured again")

    monkeypatch.setattr(running, "measure", refuse)
    assert call("atlas", two, "--out", out, "--only", "fast")[0] == 0
    assert {path.name for path in (out / "maps").iterdir()} == {"fast.png"}


def test_a_cluster_that_cannot_be_measured_is_named_and_the_others_are_measured(two, call, tmp_path):
    two.write_text(CLUSTERS.format(fast="missing.osm"), encoding="utf-8")
    out = tmp_path / "out"
    code, text, err = call("atlas", two, "--out", out)
    assert code == running.UNFINISHED
    assert "there is no file" in err
    assert "Slow roads" in text
    assert "Straight" in text
    assert "Gained" not in text  # 0 %
    faults = {row["cluster"]: row["fault"] for row in rows_of(out / "clusters.csv")}
    assert faults["slow"] == ""
    assert "missing.osm" in faults["fast"]


def test_where_no_cluster_can_be_measured_the_first_fault_ends_the_atlas(two, region, call, tmp_path):
    two.write_text(CLUSTERS.format(fast="missing.osm"), encoding="utf-8")
    (region / "map.osm").unlink()
    code, _, err = call("atlas", two, "--out", tmp_path / "out")
    assert code == app.BAD_INPUT
    assert "map.osm" in err
    assert not (tmp_path / "out").exists()


def test_an_unknown_cluster_is_refused_with_the_known_ones(two, call):
    code, _, err = call("atlas", two, "--only", "slwo")
    assert code == app.BAD_INPUT
    assert "did you mean 'slow'?" in err


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--cluster", "slurm"), "the cluster 'slurm' is unknown"),
        (("--scheduler", "tcp://127.0.0.1:1", "--workers", "2"), "workers of its own"),
    ],
)
def test_an_executor_that_does_not_exist_is_bad_input(words, text, two, call, tmp_path):
    code, _, err = call("atlas", two, "--out", tmp_path / "out", *words)
    assert code == 2
    assert text in err
    assert not (tmp_path / "out").exists()


def test_an_interrupted_command_says_how_many_tasks_are_done(two, call, tmp_path, monkeypatch):
    def stopped(*_args, **_kwargs):
        error = signals.Interrupted()
        error.add_note("3 of 5 tasks are done and kept.")
        raise error

    monkeypatch.setattr(running, "atlas", stopped)
    code, _, err = call("atlas", two, "--out", tmp_path / "out", "--workers", "0")
    assert code == 130
    assert err.splitlines()[-2:] == [
        "3 of 5 tasks are done and kept.",
        "Interrupted; run the same command again to resume: finished steps are kept.",
    ]


@pytest.mark.long
def test_clusters_measured_as_tasks_give_the_same_files(two, call, tmp_path, monkeypatch):
    for name, workers in (("alone", ()), ("tasks", ("--workers", 2))):
        monkeypatch.setenv("POLYRING_CACHE", str(tmp_path / f"cache-{name}"))
        code, _, err = call("atlas", two, "--out", tmp_path / name, *workers)
        assert code == 0, err
    alone, tasks = (
        {path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name).rglob("*.*")}
        for name in ("alone", "tasks")
    )
    assert alone == tasks
    assert len(alone) == 7


@pytest.mark.long
def test_a_task_that_fails_names_its_cluster_and_the_others_are_measured(two, region, call, tmp_path):
    (region / "fast.osm").write_text("<osm>", encoding="utf-8")
    code, _, err = call("atlas", two, "--out", tmp_path / "out", "--workers", 0)
    assert code == running.UNFINISHED
    assert "<b>Fast</b> roads could not be measured" in err
    faults = {row["cluster"]: row["fault"] for row in rows_of(tmp_path / "out" / "clusters.csv")}
    assert faults["slow"] == ""
    assert "fast.osm" in faults["fast"]


def test_a_worker_that_does_not_see_the_files_of_a_cluster_says_so(two, region):
    slow, fast = (running.task_of(cluster) for cluster in load_clusters(two))
    assert slow.key != fast.key
    (region / "fast.osm").write_text("another map", encoding="utf-8")
    (region / "cities.csv").unlink()
    with pytest.raises(EnvironmentFault, match="cannot read the files of the cluster") as told:
        running.measure_cluster(fast.payload, dict.__getitem__)
    assert sorted(fault.partition(" ")[0] for fault in told.value.faults) == [
        str(region / "cities.csv"),
        str(region / "fast.osm"),
    ]
    assert {fault.partition(" ")[2] for fault in told.value.faults} == {
        "is not there, or holds something else than where the atlas was begun"
    }
    assert "a shared file system" in str(told.value)
