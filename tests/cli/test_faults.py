"""Bad input ends with one message, the right exit code, and nothing written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cli_drawing import CITIES, JOB, cities_csv, draw_map

Call = Callable[..., tuple[int, str, str]]


def _rows(**changes: tuple[int, object]) -> str:
    """Return the cities with one value of some of them changed: column from 0, and value."""
    rows = [[key, *values] for key, values in CITIES.items()]
    for key, (column, value) in changes.items():
        next(row for row in rows if row[0] == key)[column] = value
    return cities_csv([tuple(row) for row in rows])


def _swapped() -> str:
    return cities_csv([(key, name, lat, lon, people) for key, (name, lon, lat, people) in CITIES.items()])


@dataclass(frozen=True)
class Fault:
    """A job with something wrong."""

    name: str
    says: tuple[str, ...]
    files: dict[str, str | bytes] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    code: int = 2
    job: str = "job.toml"


HTML = "<!DOCTYPE html><html><body>404 Not Found</body></html>"
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    '<osm version="0.6">&b;</osm>'
)

FAULTS = [
    Fault(
        "unknown key",
        ("job.toml:10: unknown key 'budjet'", "'budget'"),
        {"job.toml": JOB.replace("[budget]", "[budjet]")},
    ),
    Fault("negative budget", ("job.toml:11: budget.share",), {"job.toml": JOB.replace("0.3", "-0.3")}),
    Fault("nan", ("budget.share",), {"job.toml": JOB.replace("0.3", "nan")}),
    Fault("infinite time", ("solve.time_limit_s",), {"job.toml": JOB.replace("= 60", "= inf")}),
    Fault("limit of zero", ("times.limit_s",), {"job.toml": JOB.replace("7200", "0")}),
    Fault("rings", ("[[rings]]", "double brackets"), {"job.toml": JOB + "[rings]\nradius_km = 3\n"}),
    Fault("broken toml", ("not valid TOML", "line"), {"job.toml": "[region\n"}),
    Fault("missing map", ("region.file", "map.osm"), {"job.toml": JOB.replace("map.osm", "no/map.osm")}),
    Fault(
        "page in place of a map",
        ("map.osm.pbf",),
        {"job.toml": JOB.replace("map.osm", "map.osm.pbf"), "map.osm.pbf": HTML},
    ),
    Fault(
        "empty pbf", ("map.osm.pbf",), {"job.toml": JOB.replace("map.osm", "map.osm.pbf"), "map.osm.pbf": b""}
    ),
    Fault("cut xml", ("map.osm",), {"map.osm": draw_map()[:-400]}),
    Fault("entity bomb", ("map.osm",), {"map.osm": BOMB}),
    Fault("map without roads", ("map.osm",), {"map.osm": '<osm version="0.6"></osm>'}),
    Fault("longitude and latitude swapped", ("swapped",), {"cities.csv": _swapped()}),
    Fault("negative population", ("line 3 (Beta)", "negative"), {"cities.csv": _rows(b=(4, -5))}),
    Fault("missing population", ("line 3 (Beta)", "missing"), {"cities.csv": _rows(b=(4, ""))}),
    Fault("population nan", ("line 3 (Beta)",), {"cities.csv": _rows(b=(4, "nan"))}),
    Fault(
        "city on an island",
        ("Beta", "island", "km"),
        {"cities.csv": _rows(b=(2, 119.5)).replace("119.5,39.0", "119.5,39.5")},
    ),
    Fault("city far from any road", ("Beta", "km from the network"), {"cities.csv": _rows(b=(3, 39.5))}),
    Fault("one city", ("needs two",), {"cities.csv": "id,name,lon,lat,population\na,Alpha,116,39,6000000\n"}),
    Fault("unknown kind", ("candidates.kinds", "road_link"), words=("--set", 'candidates.kinds=["rode"]')),
    Fault(
        "unknown candidate fixed",
        ("no candidate has the id 'x9'",),
        words=("--set", 'candidates.fixed_in=["x9"]'),
    ),
    Fault("unknown variant", ("variant", "auto"), words=("--set", "solve.variant=magic")),
    Fault("malformed setting", ("--set",), words=("--set", "budget")),
    Fault("unknown ready job", ("no ready job", "jing-jin-ji"), job="jing-jing-ji"),
    Fault("output leaves the folder", ("leads out of",), words=("--set", "output.folder=../x")),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_gives_one_message_and_writes_nothing(fault: Fault, region: Path, call: Call) -> None:
    for name, content in fault.files.items():
        (region / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    job = region / fault.job if fault.job.endswith(".toml") else fault.job
    before = sorted(region.parent.rglob("*"))
    code, out, err = call("run", job, *fault.words)
    assert code == fault.code, err
    assert all(word in err for word in fault.says), err
    assert "Traceback" not in err
    assert out == ""
    written = [path for path in sorted(region.parent.rglob("*")) if path not in before]
    assert [path for path in written if "cache" not in path.parts] == []


def test_a_file_in_place_of_the_run_folder_is_an_environment_fault(region: Path, call: Call) -> None:
    (region / "out").write_text("a file")
    code, _, err = call("run", region / "job.toml", "--out", region / "out")
    assert code == 5
    assert "--out" in err


@pytest.mark.parametrize("name", ["problem.json", "absent.json"])
def test_a_broken_problem_is_refused(name: str, tmp_path: Path, call: Call) -> None:
    (tmp_path / "problem.json").write_text('{"format": "polyring-problem/1", "nodes": ["a"], "nodez": 1}')
    code, _, err = call("solve", tmp_path / name, "-o", tmp_path / "result.json")
    assert code in {2, 5}
    assert name in err
    assert not (tmp_path / "result.json").exists()


def test_an_import_of_a_page_writes_nothing(tmp_path: Path, call: Call) -> None:
    (tmp_path / "x.osm.pbf").write_text(HTML)
    code, _, err = call("import", tmp_path / "x.osm.pbf", "-o", tmp_path / "n.gpkg")
    assert code == 2
    assert "x.osm.pbf" in err
    assert [path.name for path in tmp_path.iterdir()] == ["x.osm.pbf"]
