"""`polyring backcast` compares what it proposes for a past day with what was built since."""

from __future__ import annotations

import csv
import json
import math

import pytest
from cli_drawing import JOB, MOTORWAY, SQUARE, cities_csv, draw_map, draw_square
from engine_running import solve_here

from optimiser.job import find
from optimiser.run.chain import Chain
from optimiser.studies.backcast import proposed_rings

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
        "rings.csv",
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
    assert "A web proposes no ring for the day." in text


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


# ---- rings

WEST = ("nw", "sw", MOTORWAY | {"ref": "G4", "start_date": "2019-07-01"})
"""The side that closes the ring, opened in 2019."""
KNOWN = "ring,title,mode,seq,lat,lon,source,quality\n" + "".join(
    f"square,Square Ring,road,{number},{lat},{lon},drawn,A\n"
    for number, (lon, lat) in enumerate([(116, 39), (117, 39), (117, 40), (116, 40), (116, 39)])
)
WEB = """
[[rings]]
id = "web"
web = true
required = false
reward = "derived"
"""


def write_square(folder, *further):
    """Write the region with three sides of a ring of expressways, and further roads."""
    folder.mkdir()
    (folder / "map.osm").write_text(draw_square(*further), encoding="utf-8")
    (folder / "cities.csv").write_text(cities_csv(SQUARE), encoding="utf-8")
    (folder / "job.toml").write_text(JOB + WEB, encoding="utf-8")


def within_15_km_of_the_square(length_km):
    """Return the share of a circle round the hub that lies near the square, by many points of it."""
    east_km, north_km, radius_km = 0.5 * 85.91, 0.5 * 111.0, length_km / (2 * math.pi)
    near = 0
    for step in range(3600):
        angle = 2 * math.pi * step / 3600
        x, y = abs(radius_km * math.cos(angle)), abs(radius_km * math.sin(angle))
        outside = math.hypot(max(0.0, x - east_km), max(0.0, y - north_km))
        near += (outside or min(east_km - x, north_km - y)) <= 15
    return near / 3600


def test_the_ring_that_was_closed_since_is_proposed_and_set_beside_a_circle(
    call, tmp_path, monkeypatch, region
):
    solve_here(monkeypatch)
    write_square(tmp_path / "past", WEST)
    built = 'id,mode,opened,cost,geometry\ng4,road,2019-07-01,20000,"LINESTRING (116 40, 116 39)"\n'
    (tmp_path / "past" / "built.csv").write_text(built, encoding="utf-8")
    (tmp_path / "past" / "known.csv").write_text(KNOWN, encoding="utf-8")
    words = ("--as-of", "2016-03-10", *FEW, "--set", 'measures.known_rings="known.csv"')
    code, text, err = call("backcast", tmp_path / "past" / "job.toml", "--out", tmp_path / "then", *words)
    assert code == 0, err
    known, web, circle = rows_of(tmp_path / "then" / "rings.csv")
    assert [row["chooser"] for row in (known, web, circle)] == ["known", "web", "circle"]
    assert (web["ring"], web["known"], web["corridors"]) == ("hub", "square", "g4")
    assert (float(web["share_of_ring"]), float(web["share_of_known"])) == (1.0, 1.0)
    assert float(web["new_km"]) == pytest.approx(111.3, abs=0.5)  # the west side, a degree with its bends
    assert circle["length_km"] == web["length_km"]
    share = within_15_km_of_the_square(float(circle["length_km"]))
    assert float(circle["share_of_ring"]) == pytest.approx(share, abs=0.02)
    assert 0.5 < share < 0.9
    (corridor,) = rows_of(tmp_path / "then" / "corridors.csv")
    assert corridor["share_on_rings"] == "1.0"
    assert "Ring proposed round Hub: " in text
    assert "; 100% of it is within 15 km of the Square Ring, and 100% of that" in text


def test_neither_known_rings_nor_what_opened_later_has_a_part_in_what_is_proposed(tmp_path, monkeypatch):
    solve_here(monkeypatch)
    webs = []
    for name, further, settings in (
        ("with", (WEST,), ('measures.known_rings="known.csv"',)),
        ("without", (), ()),
        ("today", (("nw", "sw", MOTORWAY | {"ref": "G4"}),), ()),
    ):
        write_square(tmp_path / name, *further)
        (tmp_path / name / "known.csv").write_text(KNOWN, encoding="utf-8")
        path = str(tmp_path / name / "job.toml")
        chain = Chain.of(find(path, settings=("region.as_of=2016-03-10", "budget.share=1.0", *settings)))
        webs.append([(ring.id, ring.circuit.wkt, ring.cost) for ring, _ in proposed_rings(chain)])
    assert webs[0] == webs[1] != []
    assert webs[0] != webs[2]
