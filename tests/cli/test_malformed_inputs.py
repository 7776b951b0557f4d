"""Malformed inputs, made by script from good ones, end with a message: no traceback, nothing accepted."""

from __future__ import annotations

import copy
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_drawing import CITIES, JOB, PLAIN, cities_csv, draw_map

Call = Callable[..., tuple[int, str, str]]

MOST_S = 60.0
"""No refusal takes longer, even on a machine that does much else (2 s when it is idle)."""

PROBLEM: dict[str, Any] = {
    "format": "polyring-problem/1",
    "name": "small",
    "nodes": ["a", "b", "c"],
    "arcs": [[0, 1, 100], [1, 0, 100]],
    "candidates": [
        {"id": "x", "cost": 5, "arcs": [[1, 2, 50]]},
        {"id": "y", "cost": 2, "arcs": [[0, 2, 90]]},
    ],
    "pairs": [{"origin": 0, "destination": 2, "limit": 120, "weight": 3, "group": "small"}],
    "budget": 5,
}
DEEP = "[" * 3000 + "]" * 3000
WRONG_TYPES: tuple[Any, ...] = ("text", 1.5, 1e30, -1, True, {"deep": {}}, [[["x"]]])
PLACES: tuple[tuple[Any, ...], ...] = (
    ("nodes",),
    ("arcs",),
    ("arcs", 0),
    ("arcs", 0, 0),
    ("arcs", 0, 2),
    ("candidates",),
    ("candidates", 0),
    ("candidates", 0, "cost"),
    ("candidates", 0, "arcs", 0, 2),
    ("pairs",),
    ("pairs", 0, "origin"),
    ("pairs", 0, "limit"),
    ("pairs", 0, "weight"),
    ("budget",),
)


def _set(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    changed = copy.deepcopy(value)
    inner = changed
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = new
    return changed


def problems() -> Iterator[tuple[str, bytes]]:
    """Yield problem files, each with a name and one thing wrong."""
    for place in PLACES:
        for new in WRONG_TYPES:
            yield f"{'.'.join(map(str, place))} = {new!r}", json.dumps(_set(PROBLEM, place, new)).encode()
    for key in PROBLEM:
        less = {name: value for name, value in PROBLEM.items() if name != key}
        if key not in {"name", "budget"}:
            yield f"no {key}", json.dumps(less).encode()
        yield f"{key} twice", (json.dumps(PROBLEM)[:-1] + f", {json.dumps(key)}: null}}").encode()
    text = json.dumps(PROBLEM).encode()
    for part in (0, 1, 7, len(text) // 3, len(text) // 2, len(text) - 1):
        yield f"cut after {part} bytes", text[:part]
    yield "deep", DEEP.encode()
    yield "seconds of 1e300", text.replace(b"100", b"1e300")
    yield "infinite", text.replace(b"100", b"Infinity")
    yield "no text", b"\xff\xfe\x00" + text
    yield "null characters", text.replace(b"small", b"sm\0ll")
    yield "a page", b"<!DOCTYPE html><html></html>"
    yield "unknown format", text.replace(b"problem/1", b"problem/9")


def tables() -> Iterator[tuple[str, str, bytes]]:
    """Yield files of a job with their names, each with one thing wrong."""
    rows = cities_csv().splitlines()
    for people in ("700_000", "1e400", "nan", "-1", "", "many", "1.5", "0x10", "9e12"):
        line = ",".join(map(str, ["b", "Beta", 117.0, 39.0, people]))
        yield f"population {people}", "cities.csv", "\n".join([*rows[:2], line, *rows[3:]]).encode()
    for lon in ("200", "nan", "", "east", "1_1"):
        line = f"b,Beta,{lon},39.0,5"
        yield f"longitude {lon}", "cities.csv", "\n".join([*rows[:2], line, *rows[3:]]).encode()
    yield "no cities", "cities.csv", b""
    yield "heads alone", "cities.csv", rows[0].encode()
    yield "a column less", "cities.csv", "\n".join(row.rsplit(",", 1)[0] for row in rows).encode()
    yield "a repeated city", "cities.csv", "\n".join([*rows, rows[1]]).encode()
    yield "not UTF-8", "cities.csv", cities_csv().replace("Beta", "Bêta").encode("latin-1")
    yield "cities of null characters", "cities.csv", b"\0" * 100
    drawn = draw_map().encode()
    for part in (0, 10, len(drawn) // 2, len(drawn) - 8):
        yield f"map cut after {part}", "map.osm", drawn[:part]
    yield "map of null characters", "map.osm", b"\0" * 1000
    for text in (b"[region\n", b"x = " + DEEP.encode(), b"\xff\xfe", b"\0", b"[times]\nlimit_s = 1e30\n"):
        yield f"job {text[:9]!r}", "job.toml", JOB.encode() + text
    for key, value in (
        ("limit_s", "-1"),
        ("limit_s", '"4h"'),
        ("share", "1e30"),
        ("gap", "nan"),
        ("threads", "0.5"),
        ("country", '"C\\u0000"'),
    ):
        lines = [f"{key} = {value}" if line.startswith(f"{key} =") else line for line in JOB.splitlines()]
        yield f"{key} = {value}", "job.toml", "\n".join(lines).encode()


def own_files() -> Iterator[tuple[str, str, bytes]]:
    """Yield files of own candidates with their names, each with one thing wrong."""
    heads = "id,mode,from,to,length_km,speed_kmh,cost\n"
    good = ["mine", "road", "Alpha", "Epsilon", "120", "100", "5000"]
    for at, new in (
        (1, "canal"),
        (2, "Nowhere"),
        (4, "-3"),
        (4, "1_0"),
        (5, "0"),
        (5, "nan"),
        (6, "1e30"),
        (6, "-1"),
        (6, "free"),
    ):
        row = [new if k == at else cell for k, cell in enumerate(good)]
        yield f"{heads.split(',')[at]} = {new}", "own.csv", (heads + ",".join(row)).encode()
    yield "an unknown column", "own.csv", (heads.strip() + ",colour\n" + ",".join(good) + ",red").encode()
    line = {"type": "LineString", "coordinates": [[116.0, 39.0], [117.0, 40.0]]}
    facts = dict(zip(heads.strip().split(","), good, strict=True))
    feature = {"type": "Feature", "properties": facts, "geometry": line}
    whole = {"type": "FeatureCollection", "features": [feature]}
    system = {"type": "name", "properties": {"name": "EPSG:999999"}}
    yield "an unknown system", "own.geojson", json.dumps({**whole, "crs": system}).encode()
    yield "an empty system", "own.geojson", json.dumps({**whole, "crs": {"type": "name"}}).encode()
    more = {**feature, "properties": {**facts, "colour": "red"}}
    yield "an unknown property", "own.geojson", json.dumps({**whole, "features": [more]}).encode()
    for shape in ({"type": "LineString", "coordinates": [[1]]}, {"type": "Spline"}, {"type": 3}, "line", 7):
        odd = {**feature, "geometry": shape}
        yield f"geometry {shape}", "own.geojson", json.dumps({**whole, "features": [odd]}).encode()
    for features in ("x", [1], [None], [{"type": "Feature", "properties": 3, "geometry": line}]):
        yield f"features {features}", "own.geojson", json.dumps({**whole, "features": features}).encode()
    source = "<OGRVRTLayer name='x'><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer>"
    vrt = f"<OGRVRTDataSource>{source}</OGRVRTDataSource>"
    for name in ("own.geojson", "own.gpkg", "own.vrt", "own.shp"):
        yield f"VRT named {name}", name, vrt.encode()
    yield "a cut GeoPackage", "own.gpkg", b"SQLite format 3\0" + b"\0" * 50
    yield "deep GeoJSON", "own.geojson", DEEP.encode()


def _named(cases: Iterator[tuple[Any, ...]]) -> list[Any]:
    return [pytest.param(*rest, id=name) for name, *rest in cases]


def _check(answer: tuple[int, str, str], seconds: float) -> None:
    code, _, err = answer
    assert code in {2, 3, 5}, err
    assert err.strip()
    assert "Traceback" not in err
    assert "fault in polyring itself" not in err
    assert seconds < MOST_S


def _timed(call: Call, *words: object) -> tuple[tuple[int, str, str], float]:
    begun = time.monotonic()
    answer = call(*words)
    return answer, time.monotonic() - begun


def test_the_good_problem_is_solved(tmp_path: Path, call: Call) -> None:
    (tmp_path / "p.json").write_text(json.dumps(PROBLEM))
    code, _, err = call("score", tmp_path / "p.json", "--built", "x")
    assert code == 0, err


@pytest.mark.parametrize("content", _named(problems()))
def test_a_malformed_problem_is_refused(content: bytes, tmp_path: Path, call: Call) -> None:
    (tmp_path / "p.json").write_bytes(content)
    _check(*_timed(call, "solve", tmp_path / "p.json", "-o", tmp_path / "r.json"))
    assert not (tmp_path / "r.json").exists()


@pytest.mark.parametrize(("name", "content"), _named(tables()))
def test_a_malformed_file_of_a_job_is_refused(name: str, content: bytes, region: Path, call: Call) -> None:
    (region / name).write_bytes(content)
    _check(*_timed(call, "run", region / "job.toml", "--dry-run"))


@pytest.mark.parametrize(("name", "content"), _named(own_files()))
def test_malformed_candidates_are_refused(name: str, content: bytes, warm: Path, call: Call) -> None:
    (warm / name).write_bytes(content)
    setting = f'candidates.file="{name}"'
    _check(*_timed(call, "run", warm / "job.toml", "--dry-run", "--set", setting))


@pytest.mark.parametrize("what", ["pipe", "device", "folder", "absent", "null"])
@pytest.mark.parametrize(
    "words",
    [
        ("solve", "{}", "-o", "r.json"),
        ("score", "{}", "--built", "x"),
        ("score", "p.json", "--plan", "{}"),
        ("verify", "p.json", "{}"),
        ("run", "{}"),
        ("import", "{}"),
        ("run", "region/job.toml", "--dry-run", "--set", 'cities.file="{}"'),
        ("run", "region/job.toml", "--dry-run", "--set", 'candidates.file="{}"'),
        ("run", "region/job.toml", "--dry-run", "--set", 'costs.file="{}"'),
        ("run", "region/job.toml", "--dry-run", "--set", 'region.file="{}"'),
        ("run", "region/job.toml", "--dry-run", "--set", 'objective.weights_file="{}"'),
    ],
    ids=" ".join,
)
def test_what_is_no_file_is_refused(
    words: tuple[str, ...], what: str, region: Path, call: Call, tmp_path: Path
) -> None:
    (tmp_path / "p.json").write_text(json.dumps(PROBLEM))
    folder = region if "--set" in words else tmp_path
    os.mkfifo(folder / "pipe.json")
    (folder / "folder.json").mkdir()
    paths = {"device": "/dev/zero", "null": "a\0b.json"}
    name = paths.get(what, f"{what}.json")
    escaped = name.replace("\0", "\\u0000") if "--set" in words else name
    _check(*_timed(call, *(word.format(escaped) for word in words)))


def test_a_folder_is_no_name_of_an_import(region: Path, call: Call) -> None:
    _check(*_timed(call, "import", region / "map.osm", "-o", region))


def test_no_name_steers_a_terminal_or_turns_text(region: Path, call: Call) -> None:
    hostile = "\x1b[31mBe\u202eta\x07\x9b"
    (region / "cities.csv").write_text(cities_csv().replace("Beta", hostile), encoding="utf-8")
    drawn = draw_map().replace('v="G1"', 'v="G\u202e1"')
    (region / "map.osm").write_text(drawn, encoding="utf-8")
    folder = region / "out"
    code, out, err = call("run", region / "job.toml", "--out", folder, *PLAIN)
    assert code == 0, err
    texts = [
        path.read_text(encoding="utf-8") for kind in ("csv", "json") for path in folder.glob(f"*.{kind}")
    ]
    for text in (out, err, *texts):
        assert not set("\x1b\x07\x9b\u202e") & set(text)
    assert "Beta" in "".join(texts).replace("[31m", "")


def test_a_name_of_a_problem_steers_no_terminal(tmp_path: Path, call: Call) -> None:
    text = json.dumps(PROBLEM).replace('"x"', '"\\u001b[2Jx"')
    (tmp_path / "p.json").write_text(text)
    code, out, err = call("score", tmp_path / "p.json", "--built", "\x1b[2Jx")
    assert code == 0, err
    assert "\x1b" not in out + err


def test_there_are_enough_of_them() -> None:
    assert len([*problems(), *tables(), *own_files()]) >= 150


def test_the_good_files_pass(region: Path, call: Call) -> None:
    names = [name for name, *_ in CITIES.values()]
    (region / "own.csv").write_text(
        f"id,mode,from,to,length_km,speed_kmh,cost\nmine,road,{names[0]},{names[4]},145,120,5000\n"
    )
    code, _, err = call("run", region / "job.toml", "--dry-run", "--set", 'candidates.file="own.csv"')
    assert code == 0, err
