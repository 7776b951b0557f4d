"""The search in timetables finds the journeys of a day, and the services agree with it."""

from __future__ import annotations

import importlib
import sys
from itertools import product
from pathlib import Path
from types import ModuleType

import gtfs_drawing as drawing
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from networks.gtfs.patterns import Train

ROOT = Path(__file__).resolve().parents[2]


def _module(name: str) -> ModuleType:
    if str(ROOT / "benchmarks") not in sys.path:
        sys.path.append(str(ROOT / "benchmarks"))
    return importlib.import_module(name)


def train(number: int, *calls: tuple[int, int, int]) -> Train:
    """Draw a train by its calls: station, arrival, departure."""
    stations, arrives, departs = zip(*calls, strict=True)
    return Train(number, stations, arrives, departs, 1.0)


def test_a_change_takes_its_least_time() -> None:
    raptor = _module("raptor")
    first = train(0, (1, 0, 100), (2, 1000, 1000))
    trains = [first, train(1, (2, 1200, 1200), (3, 2000, 2000)), train(2, (2, 1500, 1500), (3, 2600, 2600))]
    quick = raptor.Timetable.of(trains, transfer_s=200).journeys(1, [3])[3]
    slow = raptor.Timetable.of(trains, transfer_s=201).journeys(1, [3])[3]
    assert quick == (raptor.Journey(100, 2000, 900 + 800, 2),)
    assert slow == (raptor.Journey(100, 2600, 900 + 1100, 2),)


def test_a_direct_train_beats_a_change_that_arrives_later() -> None:
    raptor = _module("raptor")
    trains = [
        train(0, (1, 0, 100), (2, 1000, 1100), (3, 2000, 2000)),
        train(1, (2, 1300, 1300), (3, 1900, 1900)),
        train(2, (1, 0, 500), (3, 3000, 3000)),
    ]
    found = raptor.Timetable.of(trains, transfer_s=60).journeys(1, [3])[3]
    assert found == (
        raptor.Journey(500, 3000, 2500, 1),
        raptor.Journey(100, 2000, 1900, 1),
        raptor.Journey(100, 1900, 1500, 2),
    )


_CALL = st.tuples(st.integers(1, 30), st.integers(0, 5))


@given(
    st.lists(
        st.tuples(
            st.permutations(range(4)),
            st.integers(2, 4),
            st.integers(0, 60),
            st.lists(_CALL, min_size=4, max_size=4),
        ),
        min_size=1,
        max_size=7,
    ),
    st.integers(0, 10),
)
def test_the_search_agrees_with_trying_all_pairs_of_trains(
    drawn: list[tuple[list[int], int, int, list[tuple[int, int]]]], transfer_s: int
) -> None:
    trains = []
    for number, (order, count, start, spans) in enumerate(drawn):
        calls, at = [], start
        for station, (run_s, stop_s) in zip(order[:count], spans, strict=False):
            at += run_s
            calls.append((station, at, at + stop_s))
            at += stop_s
        trains.append(train(number, *calls))
    found = _module("raptor").Timetable.of(trains, transfer_s=transfer_s).journeys(0, [1])[1]
    earliest = {
        departs_s: min((one.arrives_s for one in found if one.departs_s >= departs_s), default=None)
        for departs_s in range(100)
    }
    rides = list(_rides(trains))
    journeys = [(a[2], a[3]) for a in rides if (a[0], a[1]) == (0, 1)]
    journeys += [
        (a[2], b[3])
        for a, b in product(rides, rides)
        if (a[0], b[1]) == (0, 1) and a[1] == b[0] and a[3] + transfer_s <= b[2]
    ]
    for departs_s, arrives_s in earliest.items():
        assert arrives_s == min((end for start, end in journeys if start >= departs_s), default=None)


def _rides(trains: list[Train]) -> list[tuple[int, int, int, int]]:
    return [
        (one.stations[a], one.stations[b], one.departs_s[a], one.arrives_s[b])
        for one in trains
        for a in range(len(one.stations))
        for b in range(a + 1, len(one.stations))
    ]


def test_a_regular_timetable_is_met_to_the_second(tmp_path: Path) -> None:
    """Two lines that meet every hour: seconds on trains are those of every journey of the day."""
    stops = {"a": ("Aville", 0, 0), "b": ("Beton", 5, 0), "c": ("Cedar", 5, 5)}
    trips: dict[str, list[tuple[str, str]]] = {}
    for hour in range(6, 22):
        trips[f"A{hour}"] = [("a", f"{hour:02}:00:00"), ("b", f"{hour:02}:30:00")]
        trips[f"B{hour}"] = [("b", f"{hour:02}:40:00"), ("c", f"{hour + 1:02}:05:00")]
        trips[f"C{hour}"] = [("c", f"{hour:02}:00:00"), ("b", f"{hour:02}:25:00")]
        trips[f"D{hour}"] = [("b", f"{hour:02}:40:00"), ("a", f"{hour + 1:02}:10:00")]
    path = drawing.write(tmp_path / "hourly.zip", drawing.tables(stops, trips))
    found = _module("timetable").compare(path, pairs=1, seed=1)
    assert not np.any(found.rides)
    assert not np.any(found.mean)
    assert [errors.tolist() for errors in found.changes.values()] == [[0.0]] * 6


@pytest.mark.long
@pytest.mark.shared
def test_direct_rides_of_a_national_feed(shared_dir: Path) -> None:
    benchmark = _module("timetable")
    found = benchmark.compare(shared_dir / "data" / "gtfs" / "db_fernverkehr_2019.zip", pairs=20, seed=1)
    assert np.median(np.abs(found.rides)) <= 1.0
    assert np.quantile(np.abs(found.mean), 0.9) <= 1.0
    assert np.mean(np.abs(found.rides) <= 5.0) > 0.95
