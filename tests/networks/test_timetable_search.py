"""The search in timetables finds the journeys of a day, and the services agree with it."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from itertools import permutations, product
from pathlib import Path
from types import ModuleType

import gtfs_drawing as drawing
import intermodal_drawing
import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from networks import intermodal
from networks.gtfs.patterns import Train
from networks.intermodal import AccessParameters, ByTier
from networks.schema import CALLS, Services
from networks.skims import UNREACHABLE, mean_change_s, travel_times
from networks.skims import mean_times as means

ROOT = Path(__file__).resolve().parents[2]


def _module(name: str) -> ModuleType:
    if str(ROOT / "benchmarks") not in sys.path:
        sys.path.append(str(ROOT / "benchmarks"))
    return importlib.import_module(name)


def train(number: int, *calls: tuple[int, int, int]) -> Train:
    """Draw a train by its calls: station, arrival, departure."""
    stations, arrives, departs = zip(*calls, strict=True)
    return Train(number, stations, arrives, departs)


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


_TRAINS = st.lists(
    st.tuples(
        st.permutations(range(4)),
        st.integers(2, 4),
        st.integers(0, 60),
        st.lists(_CALL, min_size=4, max_size=4),
    ),
    min_size=1,
    max_size=7,
)
type _Drawn = list[tuple[list[int], int, int, list[tuple[int, int]]]]


def _drawn(drawn: _Drawn, *, unit_s: int = 1, first_s: int = 0) -> list[Train]:
    trains = []
    for number, (order, count, start, spans) in enumerate(drawn):
        calls, at = [], first_s + unit_s * start
        for station, (run, stop) in zip(order[:count], spans, strict=False):
            at += unit_s * run
            calls.append((station, at, at + unit_s * stop))
            at += unit_s * stop
        trains.append(train(number, *calls))
    return trains


@given(_TRAINS, st.integers(0, 10))
def test_the_search_agrees_with_trying_all_pairs_of_trains(drawn: _Drawn, transfer_s: int) -> None:
    trains = _drawn(drawn)
    journeys_of = _module("raptor").Timetable.of(trains, transfer_s=transfer_s).journeys(0, [1])[1]
    found = [one for one in journeys_of if one.trains <= 2]
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


ACCESS = replace(
    AccessParameters.default(),
    check_in_hsr_s=600,
    waiting_hsr="scheduled",
    schedule_weight=0.4,
    wait_cap_s=1800,
    alight_s=300,
    transfer_s=480,
)


def mean_times(trains: list[Train], *ways: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return mean times and journeys of fast trains; the ways are city, station and seconds."""
    reach = tuple(np.array(values, dtype=np.int64) for values in zip(*ways, strict=True))
    found = means(services(trains), reach, ACCESS)
    return found.seconds, found.journeys


def services(trains: list[Train]) -> Services:
    """Return the trains as one fast service; stations are nodes."""
    rows = [
        (trip, 0, *call)
        for trip, one in enumerate(trains)
        for call in zip(one.stations, one.arrives_s, one.departs_s, strict=True)
    ]
    lines = pd.DataFrame({"link_class": [ACCESS.fast_classes[0]]})
    return Services(lines, pd.DataFrame(), calls=pd.DataFrame(rows, columns=list(CALLS)))


@given(_TRAINS)
def test_both_searches_find_the_same_means(drawn: _Drawn) -> None:
    """Trains run from seven o'clock on, by minutes; RAPTOR finds journeys of up to four of them."""
    trains = _drawn(drawn, unit_s=60, first_s=25_200)
    mean_s, _ = mean_times(trains, (0, 0, 0), (1, 1, 0), (2, 2, 0), (3, 3, 0))
    table = _module("raptor").Timetable.of(trains, transfer_s=ACCESS.transfer_s)
    for a, b in permutations(range(4), 2):
        found = table.journeys(a, [b])[b]
        known = _module("timetable").mean_s(found, (21_600, 72_000), ACCESS) if found else np.inf
        assert mean_s[a, b] == pytest.approx(known)


def test_the_mean_over_departures_of_hourly_trains() -> None:
    """Passengers set out 11 minutes before the hour; those of 6:00 wait 49 minutes, those of 6:50 59."""
    hourly = [train(h, (0, h * 3600, h * 3600), (1, h * 3600 + 3600, h * 3600 + 3600)) for h in range(6, 23)]
    mean_s, journeys = mean_times(hourly, (0, 0, 60), (1, 1, 90))
    wait_min = (14 * (49 + 39 + 29 + 19 + 9 + 59) + 49) / 85
    assert mean_s[0, 1] == pytest.approx(0.4 * 60 * wait_min + 60 + 600 + 3600 + 300 + 90)
    assert journeys[0, 1] == 14  # from 6:49 to 19:49
    assert np.isinf(mean_s[1, 0])


def test_those_with_one_train_a_day_fit_their_day_to_it() -> None:
    mean_s, journeys = mean_times([train(0, (0, 0, 18_000), (1, 25_200, 25_200))], (0, 0, 60), (1, 1, 90))
    assert mean_s[0, 1] == 1800 + 60 + 600 + 7200 + 300 + 90  # it leaves before the first of them is up
    assert journeys[0, 1] == 0


@pytest.mark.parametrize(("departs_s", "between_s"), [(44_080, 480), (44_079, 4079)])
def test_a_connection_counts_as_long_as_it_takes(departs_s: int, between_s: int) -> None:
    """A train a second earlier is missed, and the next one comes an hour later."""
    trains = [train(0, (0, 0, 40_000), (1, 43_600, 43_600))]
    trains += [
        train(n + 1, (1, 0, s), (2, s + 900, s + 900)) for n, s in enumerate((departs_s, departs_s + 3600))
    ]
    mean_s, _ = mean_times(trains, (0, 0, 60), (1, 2, 90))
    length_s = 60 + 600 + 3600 + between_s + 900 + 300 + 90
    wait_s = [0.4 * (39_340 - s) if s <= 39_340 else 1800.0 for s in range(21_600, 72_001, 600)]
    assert mean_s[0, 1] == pytest.approx(np.mean(np.minimum(wait_s, 1800)) + length_s)


def test_two_stations_of_a_city_are_joined_over_its_centre() -> None:
    trains = [train(0, (0, 0, 18_000), (1, 20_000, 20_000)), train(1, (2, 0, 21_100), (3, 22_000, 22_000))]
    ways = [(0, 0, 0), (1, 1, 100), (1, 2, 100), (2, 3, 0)]
    assert mean_times(trains, *ways)[0][0, 2] == 1800 + 600 + 4000 + 300
    ways[1] = (1, 1, 101)  # 300 + 101 + 100 + 600 s are more than there are
    assert np.isinf(mean_times(trains, *ways)[0][0, 2])


def test_the_mean_change_from_trains_of_a_window_to_the_next_one_that_leaves() -> None:
    """Of trains at 5:59, 6:00, 6:51 and 8:00 the second and third meet those of 6:10 and 7:10."""
    at = [3600 * hour + 60 * minute for hour, minute in ((5, 59), (6, 0), (6, 51), (8, 0))]
    leaves = [6 * 3600 + 300, 6 * 3600 + 600, 7 * 3600 - 61, 7 * 3600 + 600]
    assert mean_change_s(at, leaves, least_s=480, window_s=(21_600, 72_000)) == (600 + 19 * 60) / 2
    assert mean_change_s(at[3:], leaves, least_s=480, window_s=(21_600, 72_000)) is None


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
    assert np.allclose([*found.changes.values()], [[0.0], [0.0]])


# ---- the graph


def graph_times(
    trains: list[Train], spots: list[tuple[float, float]], towns: list[tuple[float, float]], access_s: int
) -> np.ndarray:
    """Return times between towns by fast trains that call at stations, door to door."""
    rail = intermodal_drawing.railway(spots, [("hsr350", 3600, [(0, 0), (1, 1)])], stop_s=0)
    timed = replace(services(trains), lines=rail.services.lines, stops=rail.services.stops)
    places = intermodal_drawing.cities(towns, [-1] * len(towns))
    access = replace(ACCESS, modes=(), centre_station_km=5.0, centre_station=ByTier(*[access_s] * 3))
    no_roads = intermodal_drawing.network([], [], "road")
    graph = intermodal.join(no_roads, replace(rail, services=timed), places, parameters=access)
    found = travel_times(graph).astype(float)
    return np.where(found < UNREACHABLE, found, np.inf)


@pytest.mark.long
@settings(max_examples=40, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(_TRAINS)
def test_no_change_in_the_graph_beats_the_timetable(drawn: _Drawn) -> None:
    """Where each town has one station, times are means over both directions."""
    trains = _drawn(drawn, unit_s=60, first_s=25_200)
    spots = [(float(x), 0.0) for x in range(4)]
    found = graph_times(trains, spots, spots, access_s=1)
    mean_s, _ = mean_times(trains, *((town, town, 1) for town in range(4)))
    both = (mean_s + mean_s.T) / 2
    both[[0, 1], [1, 0]] = np.minimum(both, found)[[0, 1], [1, 0]]  # these have a line with a headway too
    np.fill_diagonal(both, 0.0)
    assert np.allclose(found, both, atol=15)


def test_rare_trains_are_not_met_sooner_by_leaving_the_station() -> None:
    """Trains meet after 11.5 hours either way; those to D have left before any other comes."""
    h = 3600
    trains = [
        train(0, (0, 0, 8 * h), (1, 9 * h, 9 * h)),
        train(1, (1, 0, 20 * h + 1800), (2, 22 * h, 22 * h)),
        train(2, (2, 0, 8 * h), (1, 9 * h, 9 * h)),
        train(3, (1, 0, 20 * h + 1800), (0, 22 * h, 22 * h)),
        train(4, (1, 0, 7 * h), (3, 8 * h, 8 * h)),
        train(5, (3, 0, 6 * h), (1, 7 * h, 7 * h)),
    ]
    spots = [(float(x), 0.0) for x in range(4)]
    found = graph_times(trains, spots, spots, access_s=1200)
    assert found[0, 2] == pytest.approx(1200 + 600 + 14 * h + 300 + 1200 + 1800, abs=400)
    assert np.isinf(found[0, 3])


def test_changes_over_the_centre_of_a_town_take_the_next_train_there_is() -> None:
    """The town between has two stations: 300 + 1200 + 1200 + 600 seconds lie between their trains."""
    h = 3600
    trains = [
        train(0, (0, 0, 8 * h), (1, 9 * h, 9 * h)),
        train(1, (2, 0, 9 * h + 3300), (3, 11 * h, 11 * h)),
        train(2, (3, 0, 8 * h), (2, 9 * h, 9 * h)),
        train(3, (1, 0, 9 * h + 3299), (0, 10 * h, 10 * h)),
        train(4, (1, 0, 15 * h), (0, 16 * h, 16 * h)),
    ]
    spots = [(0.0, 0.0), (1.0, 0.0), (1.02, 0.0), (2.0, 0.0)]
    found = graph_times(trains, spots, [(0.0, 0.0), (1.01, 0.0), (2.0, 0.0)], access_s=1200)
    length_s = (3 * h + 8 * h) / 2 + 1200 + 600 + 300 + 1200
    assert found[0, 2] == pytest.approx(length_s + 1800, abs=400)


def test_a_station_may_state_the_least_time_of_a_change() -> None:
    """Of 600 s between two trains 480 are usual, and 601 too many."""
    trains = [train(0, (0, 0, 30_000), (1, 32_000, 32_000)), train(1, (1, 0, 32_600), (2, 34_000, 34_000))]
    ways = np.arange(3), np.arange(3), np.zeros(3, dtype=np.int64)
    for least_s, is_met in ((None, True), (600, True), (601, False)):
        rows = [] if least_s is None else [(1, least_s)]
        changes = pd.DataFrame(rows, columns=["node", "least_s"]).astype("int64")
        found = means(replace(services(trains), changes=changes), ways, ACCESS).seconds
        assert np.isfinite(found[0, 2]) == is_met


@pytest.mark.long
@pytest.mark.shared
def test_direct_rides_of_a_national_feed(shared_dir: Path) -> None:
    benchmark = _module("timetable")
    found = benchmark.compare(shared_dir / "data" / "gtfs" / "db_fernverkehr_2019.zip", pairs=1, seed=1)
    assert np.median(np.abs(found.rides)) <= 1.0
    assert np.quantile(np.abs(found.mean), 0.9) <= 1.0
    assert np.mean(np.abs(found.rides) <= 5.0) > 0.95
