"""A job on a map of railways without roads: cities travel by train, alone or by the timetable beside it."""

from __future__ import annotations

from pathlib import Path

import gtfs_drawing
import pytest
from osm_drawing import write

from networks import osm, road
from networks.errors import SchemaError, SourceError
from networks.intermodal import AccessParameters
from optimiser.cli.app import call
from optimiser.job import load
from optimiser.proposals.generate import KINDS
from optimiser.run.chain import Chain

LINE = {1: (0.0, 0.0), 2: (0.5, 0.0), 3: (1.0, 0.0)}
"""Three stations on the equator, half a degree apart."""
NAMES = {1: "Aville", 2: "Beton", 3: "Cedar"}
STATIONS = {one: {"railway": "station", "name": name} for one, name in NAMES.items()}
TRAIN = (1, [("n", one, "stop") for one in LINE], {"type": "route", "route": "train", "interval": "01:00"})
TRACK = (9, tuple(LINE), {"railway": "rail", "maxspeed": "120"})
CITIES = "id,name,lat,lon,population\na,Aville,0.01,0,600000\nc,Cedar,0,1,200000\nd,Delta,3,3,100000\n"


def job(folder: Path, text: str = "", *, stations=STATIONS, relations=(TRAIN,)) -> Path:
    write(folder / "map.osm.pbf", nodes=LINE, ways=[TRACK], node_tags=stations, relations=relations)
    (folder / "cities.csv").write_text(CITIES, encoding="utf-8")
    region = '[region]\nfile = "map.osm.pbf"\ncountry = "DE"\n'
    path = folder / "job.toml"
    path.write_text(f'{region}{text}\n[cities]\nfile = "cities.csv"\n', encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYRING_CACHE", str(tmp_path / "cache"))


def test_times_in_vehicles_are_those_of_the_tracks_and_straight_ways_to_stations(tmp_path: Path) -> None:
    """Aville's centre lies 1.1 km from its station, Cedar's on its own."""
    chain = Chain.of(load(job(tmp_path)))
    times = chain.times.value
    assert times.cities["name"].tolist() == ["Aville", "Cedar"]
    assert times.report["snapped"]["not_served"] == ["Delta"]
    assert times.road.links.empty
    stops = chain.rail.services.stops
    ride_s = int(stops["run_s"].sum())
    access = AccessParameters.default("DE")
    tiers, extents = times.cities["tier"], access.extents_km(times.cities)
    to_station = access.access_s(tiers[0], 0.01 * 111.195, extents[0])[1]
    found = times.skims["in_vehicle"][0, 1]
    assert to_station > 60
    assert ride_s + to_station < found < ride_s + to_station + 15 * 60  # one stop, start and end
    assert times.skims["door_to_door"][0, 1] > found


def test_a_timetable_beside_the_tracks_gives_the_trains(tmp_path: Path) -> None:
    stops = {"a": ("Aville", 0, 0), "b": ("Beton", 5, 0), "c": ("Cedar", 10, 0)}
    trips = {"ICE 1": [("a", "08:00:00"), ("b", "08:30:00", "08:32:00"), ("c", "09:02:00")]}
    gtfs_drawing.write(tmp_path / "feed.zip", gtfs_drawing.tables(stops, trips))
    chain = Chain.of(load(job(tmp_path, 'gtfs = "feed.zip"')))
    assert chain.times.value.report["rail"]["services_source"] == "timetable"
    assert len(chain.rail.network.links) > 0
    access = chain.times.value.skims["in_vehicle"][0, 1] - 3720
    assert 0 < access < 600


def test_kinds_that_need_roads_say_why_there_are_none(tmp_path: Path) -> None:
    chain = Chain.of(load(job(tmp_path), settings=["times.limit_s=3600"]))
    found = chain.candidates.value
    lacking = {name for name, kind in KINDS.items() if kind.mode == "road"}
    assert {why for why in found.report if why.endswith("no roads")} == {
        f"{name}: the region has no roads" for name in lacking
    }
    assert not lacking & set(found.table["kind"])


def test_a_ring_of_roads_cannot_be_asked_for(tmp_path: Path) -> None:
    path = job(tmp_path)
    path.write_text(path.read_text() + '[[rings]]\ncentres = ["a"]\nmode = "road"\n', encoding="utf-8")
    with pytest.raises(Exception, match="reads no road network"):
        _ = Chain.of(load(path)).problem


def test_tracks_without_trains_are_no_region(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="neither roads nor trains"):
        _ = Chain.of(load(job(tmp_path, stations={}, relations=()))).times


def test_roads_that_are_all_closed_are_a_fault_beside_tracks_too(tmp_path: Path) -> None:
    ways = [TRACK, (10, (1, 2), {"highway": "primary", "access": "no"})]
    elements = osm.read(write(tmp_path / "map.osm", nodes=LINE, ways=ways))
    with pytest.raises(SourceError, match="No roads are left"):
        road.build(elements)


@pytest.mark.long
def test_page_and_screen_say_that_there_are_no_roads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(["run", str(job(tmp_path)), "--out", str(tmp_path / "run")]) == 0
    assert "The region has no roads" in capsys.readouterr().out
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "The region has no roads" in page
    assert ('data-layer="rail"' in page, 'data-layer="roads"' in page) == (True, False)
