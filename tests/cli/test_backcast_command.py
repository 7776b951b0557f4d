"""`polyring backcast` compares what it proposes for a past day with what was built since."""

from __future__ import annotations

import csv
import json

import pytest
from cli_drawing import JOB, draw_map

LATER = ("b", "f", {"highway": "motorway", "ref": "G2", "start_date": "2019-07-01"})
"""An expressway from Beta to Zeta that was opened in 2019."""
BUILT = """\
id,mode,from,to,opened,cost,left_out,geometry
g2,road,Beta,Zeta,2019-07-01,20000,,"LINESTRING (117 39, 118 40)"
g1,road,Alpha,Beta,2010,1,,"LINESTRING (116 39, 117 39)"
part,road,Beta,Zeta,2018,1,part of g2,"LINESTRING (117 39, 117.5 39.5)"
"""
FEW = ("--set", "backcast.draws=3", "--set", 'backcast.built="built.csv"')


@pytest.fixture
def past(region):
    """Return the drawn region with an expressway of 2019, and a table of what was built."""
    (region / "map.osm").write_text(draw_map([LATER]), encoding="utf-8")
    (region / "built.csv").write_text(BUILT, encoding="utf-8")
    return region


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_network_of_the_day_the_money_and_all_choosers_are_in_the_folder(past, call, tmp_path):
    out = tmp_path / "then"
    words = ("backcast", past / "job.toml", "--as-of", "2016-03-10", "--out", out, *FEW)
    code, text, err = call(*words, "--json")
    assert code == 0, err
    found = json.loads(text)
    assert {path.name for path in out.iterdir()} == {
        "job.toml", "backcast.csv", "backcast.json", "backcast.png", "corridors.csv", "choices.csv",
    }  # fmt: skip
    # Alpha-Beta was open by then; the half that is part of another road counts neither as km nor as money.
    assert found["spent"] == {"road": 20_000, "rail": 0}
    assert found["corridors"] == {"road": 1, "rail": 0}
    assert found["pairs"]["then"] < found["pairs"]["today"] <= found["pairs"]["total"] == 15
    rows = rows_of(out / "backcast.csv")
    lines = {row["chooser"]: row for row in rows if row["share"] == "1.0" and row["purse"] == "one"}
    assert set(lines) == {"plan", "plan_lines", "population", "population_per_cost", "towards_core", "random"}
    assert all(int(row["cost"]) <= int(row["money"]) for row in rows)
    assert len([row for row in rows if row["chooser"] == "random"]) == 2 * 2 * 4 * 3
    assert "not_yet_open" not in text
    assert (out / "backcast.png").read_bytes().startswith(b"\x89PNG")

    code, text, err = call(*words)
    assert code == 0
    assert "(kept from before)" in err
    assert "Spent since, million CNY: road 20,000, rail 0. Corridors that count: 1." in text


@pytest.mark.long
def test_the_day_may_stand_in_the_job_and_the_table_on_the_line(past, call, tmp_path):
    words = ("--set", "region.as_of=2016-03-10", "--set", "backcast.draws=0", "--built", past / "built.csv")
    code, text, err = call("backcast", past / "job.toml", *words, "--out", tmp_path / "then", "--json")
    assert code == 0, err
    found = json.loads(text)
    assert found["as_of"] == "2016-03-10"
    assert found["pairs"]["then"] < found["pairs"]["today"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((*FEW,), "no day is named"),
        (("--as-of", "2016-03-10"), "the region has no table of roads and railways opened in past years"),
        (("--as-of", "2016", *FEW), "2016 is not a day; write YYYY-MM-DD"),
        (("--as-of", "2020-01-01", *FEW), "the map holds no road or track that was opened after 2020-01-01"),
        (
            ("--as-of", "2016-03-10", *FEW, "--set", 'candidates.kinds=["check_in"]'),
            "names no kind that lays a line",
        ),
        (("--as-of", "2016-03-10", "--set", 'backcast.built="no.csv"'), "backcast.built: there is no file"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_written(past, call, tmp_path, words, message):
    code, _, err = call("backcast", past / "job.toml", "--out", tmp_path / "then", *words)
    assert (code, (tmp_path / "then").exists()) == (2, False)
    assert message in err


@pytest.mark.long
def test_a_job_of_lines_alone_is_planned_once(past, call, tmp_path):
    words = ("--as-of", "2016-03-10", *FEW, "--set", 'candidates.kinds=["road_link", "road_upgrade"]')
    code, text, err = call("backcast", past / "job.toml", *words, "--out", tmp_path / "then", "--json")
    assert code == 0, err
    choosers = {row["chooser"] for row in json.loads(text)["choices"]}
    assert "plan_lines" in choosers
    assert "plan" not in choosers


def test_a_map_without_dates_is_refused(region, call, tmp_path):
    (region / "built.csv").write_text(BUILT, encoding="utf-8")
    code, _, err = call(
        "backcast", region / "job.toml", "--as-of", "2016-03-10", "--out", tmp_path / "o", *FEW
    )
    assert code == 2
    assert "by its dates the map holds no road or track that was opened after 2016-03-10" in err


@pytest.mark.long
def test_demands_that_rules_cannot_meet_are_left_out(past, call, tmp_path):
    (past / "job.toml").write_text(JOB + "[caps]\nsubsidy = 0.1\n[least]\nsmall = 1.0\n")
    words = ("--as-of", "2016-03-10", "--out", tmp_path / "then", *FEW, "--json")
    code, _, err = call("backcast", past / "job.toml", *words)
    assert code == 0, err
    assert "small = 0.0" in (tmp_path / "then" / "job.toml").read_text()
