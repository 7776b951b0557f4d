"""A user's own candidates, weights and costs join a job."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_drawing import CITIES, JOB, PLAIN

Call = Callable[..., tuple[int, str, str]]

OWN = "id,mode,from,to,length_km,speed_kmh,cost\nmine,road,Alpha,Epsilon,145,120,5000\n"


@pytest.fixture
def matrix(region: Path) -> Path:
    """Return a folder with a job that starts from a matrix in which Alpha and Epsilon are far apart."""
    names = [name for name, *_ in CITIES.values()]
    far = {("Alpha", "Epsilon"), ("Epsilon", "Alpha")}
    rows = [f"{a},{b},{200 if (a, b) in far else 110}" for a in names for b in names if a != b]
    (region / "times.csv").write_text("\n".join(["origin,destination,minutes", *rows]) + "\n")
    (region / "job.toml").write_text(JOB.replace('file = "map.osm"', 'matrix = "times.csv"'))
    (region / "own.csv").write_text(OWN)
    return region


def test_an_own_candidate_is_built_where_it_pays(warm: Path, call: Call) -> None:
    (warm / "own.csv").write_text(OWN)
    own = (
        "--set",
        'candidates.file="own.csv"',
        "--set",
        'candidates.kinds=["gap"]',
        "--set",
        "budget.amount=5000",
    )
    code, out, err = call("run", warm / "job.toml", "--out", warm / "out", *own, *PLAIN, "--json")
    assert code == 0, err
    assert json.loads(out)["built"] == ["mine"]


def test_an_own_candidate_covers_a_pair_of_a_matrix(matrix: Path, call: Call) -> None:
    own = ("--set", 'candidates.file="own.csv"', "--set", "budget.amount=5000")
    code, out, err = call("run", matrix / "job.toml", "--out", matrix / "out", *own, *PLAIN, "--json")
    assert code == 0, err
    summary = json.loads(out)
    assert summary["built"] == ["mine"]
    assert (summary["coverage"]["all"]["before_pairs"], summary["coverage"]["all"]["after_pairs"]) == (14, 15)


def test_a_matrix_counts_by_the_definition_that_the_job_names(matrix: Path, call: Call) -> None:
    for definition in ("door_to_door", "in_vehicle"):
        setting = ("--set", f"times.definition={definition}")
        code, out, err = call("run", matrix / "job.toml", "--dry-run", "--json", *setting)
        assert code == 0, err
        assert json.loads(out)["problem pairs"] == 15


def test_a_matrix_without_candidates_gets_a_note_that_nothing_could_be_proposed(
    matrix: Path, call: Call
) -> None:
    words = ("--set", "output.picture=false")
    code, out, err = call("run", matrix / "job.toml", "--out", matrix / "out", *words)
    assert code == 0, err
    assert "a table of travel times proposes no links by itself" in " ".join(out.split())
    assert "candidates.file" in out
    assert "Proposed links" not in out
    page = (matrix / "out" / "report.html").read_text(encoding="utf-8")
    assert "candidates.file" in page
    assert "Travel times: times.csv, a table of the user&#39;s." in page
    assert "OpenStreetMap" not in page
    assert "OpenStreetMap" not in (matrix / "out" / "problem.json").read_text(encoding="utf-8")
    summary = json.loads((matrix / "out" / "summary.json").read_text(encoding="utf-8"))
    assert ["candidates.file" in note for note in summary["notes"]] == [True]


def test_a_matrix_says_nothing_of_ways_without_the_core(matrix: Path, call: Call) -> None:
    code, out, err = call("run", matrix / "job.toml", "--out", matrix / "out", *PLAIN)
    assert code == 0, err
    assert "cannot avoid" not in out
    assert "core_" not in (matrix / "out" / "polycentricity.csv").read_text()
    assert "WARNING" not in err


def test_slips_of_units_are_told_with_the_worst_example_and_refuse_nothing(matrix: Path, call: Call) -> None:
    times = (matrix / "times.csv").read_text().replace("minutes", "seconds")
    (matrix / "times.csv").write_text(times)
    head, first, *rest = (matrix / "cities.csv").read_text().splitlines()
    at = head.split(",").index("population")
    cells = first.split(",")
    cells[at] = "12"
    (matrix / "cities.csv").write_text("\n".join([head, ",".join(cells), *rest]) + "\n")
    words = ("--dry-run", "--set", 'candidates.file="own.csv"', "--set", "amount=26e9")
    code, out, err = call("run", matrix / "job.toml", *words)
    assert code == 0, err
    told = " ".join(err.split())
    assert f"Cities with fewer than 500 residents: 1 of 6, such as {cells[1]} with 12." in told
    assert re.search(
        r"WARNING: \d+ of the times given need more than 500 km/h in a straight line, such as", told
    )
    assert "times the cost of all candidates: check its unit" in told
    assert re.search(r"budget +26,000,000,000 million CNY", out)


def test_times_slower_than_a_way_through_a_third_city_are_counted(matrix: Path, call: Call) -> None:
    times = (matrix / "times.csv").read_text().replace("Alpha,Epsilon,200", "Alpha,Epsilon,230")
    (matrix / "times.csv").write_text(times)
    code, _, err = call("run", matrix / "job.toml", "--dry-run")
    assert code == 0, err
    told = "1 of the 30 times given are slower than a way through a third city, which counts in their place"
    assert f"{told}, such as Alpha – Epsilon: 13,800 s given, 13,200 s so." in " ".join(err.split())


def test_a_table_of_one_direction_is_told(matrix: Path, call: Call) -> None:
    rows = (matrix / "times.csv").read_text().splitlines()
    kept = [row for row in rows[1:] if row.split(",")[0] > row.split(",")[1]]
    (matrix / "times.csv").write_text("\n".join(["origin,destination,minutes", *kept]) + "\n")
    code, _, err = call("run", matrix / "job.toml", "--dry-run")
    assert code == 0, err
    told = "15 pairs of cities have a time in one direction alone, such as Beta – Alpha: no way back is read."
    assert told in " ".join(err.split())


def test_a_matrix_with_candidates_carries_no_note(matrix: Path, call: Call) -> None:
    own = ("--set", 'candidates.file="own.csv"', "--set", "budget.amount=5000")
    code, out, err = call("run", matrix / "job.toml", "--out", matrix / "out", *own, *PLAIN, "--json")
    assert code == 0, err
    assert json.loads(out)["notes"] == []


def test_a_candidate_fixed_out_is_not_built(matrix: Path, call: Call) -> None:
    own = (
        "--set",
        'candidates.file="own.csv"',
        "--set",
        "budget.amount=5000",
        "--set",
        'candidates.fixed_out=["mine"]',
    )
    code, out, err = call("run", matrix / "job.toml", "--out", matrix / "out", *own, *PLAIN, "--json")
    assert code == 0, err
    assert json.loads(out)["built"] == []


def test_weights_of_a_file_count_both_directions_and_tiers_multiply(matrix: Path, call: Call) -> None:
    rows = ["origin,destination,weight", "Alpha,Epsilon,30", "Epsilon,Alpha,12", "Alpha,Beta,100"]
    (matrix / "weights.csv").write_text("\n".join(rows) + "\n")
    words = (
        "--set",
        "objective.weight=file",
        "--set",
        'objective.weights_file="weights.csv"',
        "--set",
        "objective.small=2",
    )
    code, out, err = call("run", matrix / "job.toml", "--out", matrix / "out", *words, *PLAIN, "--json")
    assert code == 0, err
    coverage = json.loads(out)["coverage"]
    assert coverage["small"]["weight"] == 2 * 42
    assert coverage["secondary"]["weight"] == 100


@pytest.mark.parametrize("level", ["low", "high"])
def test_the_estimate_named_is_the_cost_that_counts(level: str, warm: Path, call: Call) -> None:
    words = ("--set", f"costs.level={level}", "--set", "budget.share=1.0")
    code, out, err = call("run", warm / "job.toml", "--out", warm / "out", *words, *PLAIN, "--json")
    assert code == 0, err
    links = json.loads(out)["links"]
    assert links
    assert all(link["cost"] == link[f"cost_{level}"] for link in links)
