"""Test the assumed regional trains of a feed without any."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from networks import gtfs
from networks.world.geograph import Geograph, distance_km
from tools.region import reduce
from tools.region.regional import NAME, neighbours, stations, with_regional_trains, without_gaps


def tracks() -> Geograph:
    """Three places on one line with a gap of 110 m, and a fourth on tracks of its own."""
    points = ((50.0, 7.0), (50.0, 7.5), (50.001, 7.5), (50.001, 8.0), (52.0, 7.0), (52.0, 7.1))
    edges = {ends: distance_km(points[ends[0]], points[ends[1]]) for ends in ((0, 1), (2, 3), (4, 5))}
    return Geograph(points, edges)


def day() -> dict[str, pd.DataFrame]:
    """One train from A to C, as `tools.region.reduce` writes it."""
    stops = [("a", "A", 50.0, 7.0, ""), ("b", "B", 50.0, 7.52, ""), ("c", "C", 50.001, 8.0, "")]
    times = [("1", "08:00:00", "08:00:00", "a", "0"), ("1", "08:40:00", "08:40:00", "c", "1")]
    tables = {
        "agency": [("1", "drawn", "", "")],
        "stops": stops,
        "routes": [("0", "IC", 2)],
        "trips": [("0", "day", "1")],
        "stop_times": times,
        "calendar_dates": [("day", "20190522", "1")],
    }
    columns = {
        "agency": ["agency_id", "agency_name", "agency_url", "agency_timezone"],
        "stops": ["stop_id", "stop_name", "stop_lat", "stop_lon", "parent_station"],
        "routes": ["route_id", "route_short_name", "route_type"],
        "trips": ["route_id", "service_id", "trip_id"],
        "stop_times": ["trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence"],
        "calendar_dates": ["service_id", "date", "exception_type"],
    }
    return {name: pd.DataFrame(rows, columns=columns[name]) for name, rows in tables.items()}


CITIES = pd.DataFrame(
    [("1", "A", 50.0, 7.01), ("2", "A-West", 50.0, 7.02), ("3", "M", 50.0, 7.5), ("4", "C", 50.0, 8.0)],
    columns=["id", "name", "lat", "lon"],
)


def test_neighbours_have_no_third_place_between_them_and_are_not_far():
    km = np.array([[0, 50, 100, 1], [50, 0, 52, 51], [100, 52, 0, 101], [1, 51, 101, 0]], dtype=float)
    assert neighbours(km) == [(0, 1), (0, 3), (1, 2)]
    assert neighbours(np.array([[0.0, 151.0], [151.0, 0.0]])) == []
    assert neighbours(np.array([[0.0, np.inf], [np.inf, 0.0]])) == []


def test_a_city_has_its_busiest_central_station_or_one_that_is_marked_as_assumed():
    ids, added = stations(day(), CITIES)
    assert ids == ["a", "assumed-3", "c"]  # at B no train calls
    assert added["stop_name"].tolist() == ["M (assumed)"]


def test_ends_of_tracks_that_almost_meet_are_joined():
    assert set(without_gaps(tracks()).edges) == {(0, 1), (1, 2), (2, 3), (4, 5)}


def test_trains_run_hourly_between_neighbours_on_the_tracks_and_leave_the_feed_as_it_was(tmp_path: Path):
    reduce.write(with_regional_trains(day(), CITIES, tracks()), tmp_path / "feed.zip")
    reduce.write(day(), tmp_path / "day.zip")
    feed = gtfs.read_feed(tmp_path / "feed.zip")
    added = feed.trips[feed.trips["route"] == NAME]
    assert sorted(added["trip_id"]) == [
        "assumed-a-assumed-3", "assumed-assumed-3-a", "assumed-assumed-3-c", "assumed-c-assumed-3"
    ]  # fmt: skip
    assert set(added["starts"].map(len)) == {18}
    calls = feed.calls[feed.calls["trip"].isin(added.index)]
    minutes = (calls.groupby("trip")["arrives_s"].max() - calls.groupby("trip")["departs_s"].min()) / 60
    assert np.allclose(minutes, 60 * distance_km((50.0, 7.0), (50.0, 7.5)) / 75.0, atol=0.2)
    assert len(feed.trips) == len(gtfs.read_feed(tmp_path / "day.zip").trips) + 4
