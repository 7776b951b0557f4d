"""A screening around a place, from the command line to the page, on a drawn world of four towns."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely
from cli_drawing import PLAIN

from networks.world import assembly, towns
from networks.world.geograph import Geograph
from networks.world.towns import Town

pytest.importorskip("scgraph_data")

TOWNS = (
    Town(1, "Alpha", "NG", 7.0, 4.0, 4_000_000),
    Town(2, "Beta", "NG", 7.0, 6.0, 900_000),
    Town(3, "Gamma", "NG", 7.8, 5.0, 300_000, ("Gammaville",)),
    Town(4, "Island", "NG", 6.0, 5.0, 200_000),
    Town(5, "Little", "NG", 7.0, 5.0, 30_000),
)
ROADS = Geograph(
    ((7.0, 4.0), (7.0, 5.0), (7.0, 6.0), (7.8, 5.0), (7.81, 5.0), (7.9, 5.0)),  # 1.1 km between two parts
    {(0, 1): 112.0, (1, 2): 111.0, (1, 3): 95.0, (0, 3): 150.0, (4, 5): 10.0},
)
TRACKS = Geograph(((7.01, 4.0), (7.01, 6.0)), {(0, 1): 222.0})
QUICK = ("--set", "cases.enabled=false", "--set", "certificate.time_limit_s=0", "--set", "cities.largest=4")

type Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def drawn_world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    graphs = {"world_highways.py": ROADS, "world_railways.py": TRACKS}
    monkeypatch.setattr(assembly, "read_clipped", lambda path, _: graphs[Path(path).name])
    monkeypatch.setattr(towns, "all_towns", lambda *_: TOWNS)
    monkeypatch.setenv("POLYRING_CACHE", str(tmp_path / "cache"))
    return tmp_path / "run"


def test_a_screening_says_so_on_screen_page_and_in_its_files(drawn_world: Path, call: Call) -> None:
    code, out, err = call("run", "--around", "alpha", "--out", drawn_world, *QUICK)
    assert code == 0
    assert "300 km around Alpha, NG" in out
    assert "A screening" in out
    assert "train relation" not in err  # a warning on extracts, which have trains
    summary = json.loads((drawn_world / "summary.json").read_text(encoding="utf-8"))
    assert summary["screening"].startswith("A screening")
    # The four largest towns; no road reaches the island, and the smallest is beyond the four.
    assert summary["sizes"]["cities"] == 3
    assert any("Island" in note for note in summary["notes"])
    assert any("closed with straight roads (1, the longest of 1.1 km)" in note for note in summary["notes"])
    page = (drawn_world / "report.html").read_text(encoding="utf-8")
    assert '<p class="screening">' in page
    assert "Screening: road classes and trains are assumed" in page
    with (drawn_world / "candidates.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    costs, kinds = [row["cost"] for row in rows], {row["kind"] for row in rows}
    upgrades = [row for row in rows if row["kind"] == "road_upgrade"]
    assert upgrades, kinds
    for row in upgrades:  # that the road is no expressway is inferred
        assert "class unknown (check)" in row["why"]
        assert row["replaces"].startswith("class unknown (check) ")
    assert all(set(cost[2:]) <= {"0"} for cost in costs)  # two significant digits
    report = json.loads((drawn_world / "import_report.json").read_text(encoding="utf-8"))
    assert report["screening"] is True
    assert report["rail"]["stations"] == 2


def test_a_screening_crosses_no_closed_border_and_names_the_cities_beyond_it(
    drawn_world: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall = np.array([shapely.LineString([(5.5, 6.0), (5.5, 9.0)])])  # between Beta and the others
    monkeypatch.setattr("networks.borders._borders", lambda: (np.array(["BJ-NG"]), wall))
    words = ("run", "--around", "alpha", "--set", "region.closed_borders=['NG-BJ']")
    assert call(*words, "--out", drawn_world, *QUICK)[0] == 0
    summary = json.loads((drawn_world / "summary.json").read_text(encoding="utf-8"))
    assert summary["sizes"]["cities"] == 2
    assert any("Beta" in note and note.startswith("Cities left out") for note in summary["notes"])
    assert any("roads taken out: 1 (BJ-NG)" in note for note in summary["notes"])
    report = json.loads((drawn_world / "import_report.json").read_text(encoding="utf-8"))
    assert report["closed_borders"] == ["BJ-NG"]
    code, _, err = call("run", "--around", "alpha", "--set", "region.closed_borders=['NG-XX', 'FR-NG']")
    assert code == 2
    assert "'NG-XX'" in err
    assert "'FR-NG'" in err


@pytest.mark.long
def test_the_job_of_a_screening_can_be_run_again(drawn_world: Path, call: Call) -> None:
    assert (
        call("run", "--around", "Gammaville", "--radius", 250, "--out", drawn_world, *QUICK, *PLAIN)[0] == 0
    )
    job = (drawn_world / "job.toml").read_text(encoding="utf-8")
    assert 'around = "Gammaville"' in job
    assert "radius_km = 250.0" in job
    again = drawn_world.with_name("again")
    assert call("run", drawn_world / "job.toml", "--out", again)[0] == 0
    plans = [
        json.loads((folder / "plan.json").read_text(encoding="utf-8")) for folder in (drawn_world, again)
    ]
    assert plans[0]["built"] == plans[1]["built"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--around", "Alpa"), "did you mean Alpha, NG?"),
        (("--around", "Alpha", "--radius", 5000), "radius_km"),
        (("jing-jin-ji", "--around", "Alpha"), "either a job or"),
        (("--around", "Alpha", "--set", "region.name='jing-jin-ji'"), "exactly one of"),
        (("--around", "Alpha", "--set", "cities.source='region'"), "no embedded region"),
    ],
)
@pytest.mark.usefixtures("drawn_world")
def test_a_place_that_cannot_be_screened_ends_with_two(
    call: Call, words: tuple[object, ...], message: str
) -> None:
    code, _, err = call("run", *words)
    assert code == 2
    assert message in err
