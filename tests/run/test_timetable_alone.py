"""A job on a timetable alone: cities travel by train, and those without a station take no part."""

from __future__ import annotations

from pathlib import Path

import gtfs_drawing as drawing
import pytest

from networks.errors import SchemaError, SourceError
from networks.intermodal import AccessParameters
from optimiser.job import load, loads
from optimiser.problem.errors import JobError
from optimiser.run.chain import Chain
from optimiser.studies.regional import Region

STOPS = {"a": ("Aville", 0, 0), "b": ("Beton", 5, 0), "c": ("Cedar", 10, 0)}
TRIPS = {
    "ICE 1": [("a", "08:00:00"), ("b", "08:30:00", "08:32:00"), ("c", "09:02:00")],
    "ICE 2": [("c", "10:00:00"), ("b", "10:30:00", "10:32:00"), ("a", "11:02:00")],
}
CITIES = (
    "id,name,lat,lon,population,tier\n"
    "a,Aville,0,0,600000,secondary\nc,Cedar,0.05,1,200000,small\nd,Delta,3,3,100000,small\n"
)


def job(folder: Path, cities: str = CITIES, region: str = "") -> Path:
    drawing.write(folder / "feed.zip", drawing.tables(STOPS, TRIPS))
    (folder / "cities.csv").write_text(cities, encoding="utf-8")
    text = f'[region]\ngtfs = "feed.zip"\n{region}\n[cities]\nfile = "cities.csv"\n'
    (folder / "job.toml").write_text(text, encoding="utf-8")
    return folder / "job.toml"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYRING_CACHE", str(tmp_path / "cache"))


def test_times_are_those_of_the_timetable(tmp_path: Path) -> None:
    chain = Chain.of(load(job(tmp_path)))
    times, access = chain.times.value, AccessParameters.default()
    assert times.cities["name"].tolist() == ["Aville", "Cedar"]
    ride_s = 1800 + 120 + 1800
    assert times.skims["in_vehicle"][0, 1] >= ride_s
    # Both stations are near the centres; within the towns people take a taxi.
    km, extents = (0.0, 0.05 * 111.195), access.extents_km(times.cities).tolist()
    to_station = sum(
        access.access_s(tier, far, extent)[0]
        for tier, far, extent in zip(("secondary", "small"), km, extents, strict=True)
    )
    # One train a day and direction: the wait is the largest that counts, half an hour, but for those who wish
    # to be at the station 25, 15 or 5 minutes before check-in; of 85 departures from 6 to 20 o'clock.
    wait_s = 60 * (82 * 30 + 25 + 15 + 5) / 85
    board_s = access.check_in_conv_s + wait_s
    assert times.skims["door_to_door"][0, 1] == round(to_station + board_s + ride_s + access.alight_s)


def test_cities_without_a_station_are_named(tmp_path: Path) -> None:
    report = Chain.of(load(job(tmp_path))).times.value.report
    assert report["snapped"]["not_served"] == ["Delta"]
    assert report["timetable"]["patterns"] == 1
    assert report["rail"]["services_source"] == "timetable"


def test_one_city_with_a_station_is_too_few(tmp_path: Path) -> None:
    cities = "\n".join(CITIES.splitlines()[:2] + CITIES.splitlines()[3:])
    with pytest.raises(SchemaError, match="1 of 2 cities have a station within 15 km"):
        _ = Chain.of(load(job(tmp_path, cities))).times


def test_candidates_are_priced_without_roads(tmp_path: Path) -> None:
    chain = Chain.of(load(job(tmp_path), settings=["times.limit_s=8500", "candidates.least_load=0"]))
    kinds = set(chain.candidates.value.table["kind"])
    assert "rail_frequency" in kinds
    assert not {kind for kind in kinds if "road" in kind or "expressway" in kind}


def test_two_stations_may_have_one_position(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A train calls at one after the other, so that the section between them has no length."""
    calls = TRIPS["ICE 1"]
    monkeypatch.setitem(STOPS, "e", ("Other", 5, 0))
    monkeypatch.setitem(TRIPS, "ICE 1", [*calls[:2], ("e", "08:35:00"), calls[2]])
    chain = Chain.of(load(job(tmp_path), settings=["times.limit_s=8500", "candidates.least_load=0"]))
    assert len(chain.candidates.value.table)


def test_a_broken_feed_ends_the_run_with_all_its_faults(tmp_path: Path) -> None:
    path = job(tmp_path)
    drawn = drawing.tables(STOPS, TRIPS)
    drawn["stops"] = drawn["stops"].replace("b,Beton", "x,Beton")
    drawn["stop_times"] = drawn["stop_times"].replace("10:00:00", "ten")
    drawing.write(tmp_path / "feed.zip", drawn)
    with pytest.raises(SourceError) as caught:
        _ = Chain.of(load(path)).networks
    assert len(caught.value.faults) == 3


def test_a_region_is_read_from_a_feed(tmp_path: Path) -> None:
    job(tmp_path)
    region = Region.read(tmp_path / "feed.zip", cities=tmp_path / "cities.csv")
    assert region.loaded.job.region.gtfs == str(tmp_path / "feed.zip")
    assert region.cities["name"].tolist() == ["Aville", "Cedar"]
    assert region.travel_times("door_to_door").loc["Aville", "Cedar"] > 3720
    assert len(region.railways) == 2


@pytest.mark.parametrize(
    ("region", "fault"),
    [
        ('gtfs = "a.zip"\nmatrix = "b.csv"', "a matrix has no trains"),
        ('file = "a.osm.pbf"\ngtfs_date = 2019-04-24', "give gtfs"),
        ('gtfs = "a.zip"\ngtfs_hours = [8]', r"\[from, to\]"),
        ('gtfs = "a.zip"\ngtfs_hours = [0, 24]', "two different hours"),
        ('gtfs = "a.zip"\ngtfs_modes = []', "at least 1 item"),
        ('gtfs = "a.zip"\ngtfs_modes = ["tram"]', "gtfs_modes"),
        ('country = "DE"', "or gtfs alone"),
    ],
)
def test_keys_that_do_not_fit_are_refused(region: str, fault: str) -> None:
    with pytest.raises(JobError, match=fault):
        loads(f"[region]\n{region}\n")
