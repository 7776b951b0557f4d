"""A timetable in the format GTFS becomes services with its times."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import gtfs_drawing as drawing
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rail_drawing import draw

from networks import gtfs, rail, regions, schema
from networks.cities import load_csv
from networks.errors import SourceError
from networks.gtfs.patterns import Train, bare_name, join_stops, patterns_of, trains_on
from networks.gtfs.services import infer_sections
from networks.intermodal import AccessParameters
from networks.rail.parameters import GtfsParameters
from networks.skims import mean_times
from tools.region import reduce

STOPS = {"a": ("Aville", 0, 0), "b": ("Beton", 5, 0), "c": ("Cedar", 10, 0)}
OUT = [("a", "08:00:00"), ("b", "08:30:00", "08:32:00"), ("c", "09:02:00")]
BACK = [("c", "10:00:00"), ("b", "10:32:00", "10:34:00"), ("a", "11:06:00")]


def stop_rows(built: gtfs.GtfsBuild, service: int = 0) -> list[list[object]]:
    stops = built.rail.services.stops
    own = stops[stops["service"] == service]
    names = built.rail.network.nodes["name"][own["node"]]
    return [list(row) for row in zip(names, own["run_s"], own["stop_s"], strict=True)]


def test_both_directions_are_one_service_with_median_times(tmp_path: Path) -> None:
    built = gtfs.build(drawing.feed(tmp_path, STOPS, {"ICE 1": OUT, "ICE 2": BACK}))
    # The way back takes 66 minutes and that way out 62: more than 2 % apart, so there are two patterns.
    assert [stop_rows(built, service) for service in (0, 1)] == [
        [["Aville", 0, 0], ["Beton", 1800, 120], ["Cedar", 1800, 0]],
        [["Aville", 0, 0], ["Beton", 1920, 120], ["Cedar", 1920, 0]],
    ]
    lines = built.rail.services.lines
    # One direction alone is half a train a day and direction, over 16 hours.
    assert lines["headway_s"].tolist() == [115_200, 115_200]
    assert lines["name"].tolist() == ["ICE Aville - Cedar"] * 2
    assert lines["known_times"].all()
    assert set(lines["headway_source"]) == {"timetable"}


def test_trains_with_nearly_the_same_times_are_one_pattern(tmp_path: Path) -> None:
    later = [("a", "12:00:00"), ("b", "12:31:00", "12:33:00"), ("c", "13:03:00")]
    built = gtfs.build(drawing.feed(tmp_path, STOPS, {"1": OUT, "2": later, "3": BACK}))
    assert built.report.patterns == 2
    # Medians of the time since departure: 1800 and 1860 at Beton, 3720 and 3780 at Cedar.
    assert stop_rows(built) == [["Aville", 0, 0], ["Beton", 1830, 120], ["Cedar", 1800, 0]]
    assert built.rail.services.lines["headway_s"].tolist() == [57_600, 115_200]


def test_a_trip_runs_on_past_midnight(tmp_path: Path) -> None:
    night = [("a", "23:40:00"), ("b", "24:20:00", "24:25:00"), ("c", "25:10:00")]
    built = gtfs.build(drawing.feed(tmp_path, STOPS, {"NJ 1": night}))
    assert stop_rows(built) == [["Aville", 0, 0], ["Beton", 2400, 300], ["Cedar", 2700, 0]]
    assert built.report.trains_by_period == {"0-6": 0, "6-9": 0, "9-16": 0, "16-19": 0, "19-24": 1}


def test_only_the_trips_of_the_day_count(tmp_path: Path) -> None:
    other = [("a", "08:00:00"), ("b", "08:50:00", "08:52:00"), ("c", "09:30:00")]
    days = {"1": ["20240305"], "2": ["20240306"]}
    feed = drawing.feed(tmp_path, STOPS, {"1": OUT, "2": other}, days=days)
    assert [stop_rows(gtfs.build(feed, day=date(2024, 3, day)))[1][1] for day in (5, 6)] == [1800, 3000]
    with pytest.raises(SourceError, match=r"no trip of the feed runs on 2024-03-07(.|\n)*2024-03-06"):
        gtfs.build(feed, day=date(2024, 3, 7))


@pytest.mark.parametrize(
    ("trips", "expected"),
    [
        # Tuesday to Thursday count; their median is 6, which the Wednesday has.
        ({"2024-03-04": 9, "2024-03-05": 5, "2024-03-06": 6, "2024-03-07": 8, "2024-03-10": 2}, "2024-03-06"),
        # Of days equally near the median 6, the one nearest to the middle of the period counts.
        ({"2024-03-05": 6, "2024-03-06": 5, "2024-03-12": 6, "2024-03-14": 9, "2024-03-21": 6}, "2024-03-12"),
        ({"2024-03-08": 3, "2024-03-09": 9}, "2024-03-08"),
        ({"2024-03-09": 9, "2024-03-10": 9}, "2024-03-09"),
        # Weeks with 80 % of the trips of the fullest one count, and others, of which little is known, do not.
        (
            {"2024-03-05": 100, "2024-03-12": 80, "2024-03-19": 90, "2024-03-26": 10, "2024-04-02": 10}
            | {"2024-04-09": 10, "2024-04-16": 79, "2024-04-23": 79},
            "2024-03-19",
        ),
    ],
)
def test_the_representative_day(trips: dict[str, int], expected: str) -> None:
    found = gtfs.representative_day({date.fromisoformat(day): count for day, count in trips.items()})
    assert str(found) == expected


@pytest.mark.parametrize(("trips", "remarks"), [(3, 1), (2, 2)])
def test_a_day_with_few_of_the_trips_of_the_fullest_one_is_remarked_on(
    tmp_path: Path, trips: int, remarks: int
) -> None:
    """Of five trips on the Tuesday three, 60 %, are enough on the Wednesday, and two are not."""
    days = {str(n): ["20240305", "20240306"][: 1 + (n < trips)] for n in range(5)}
    later = {str(n): [("a", f"{n + 8:02}:00:00"), ("c", f"{n + 9:02}:00:00")] for n in range(5)}
    feed = drawing.feed(tmp_path, STOPS, later, days=days)
    notes = gtfs.build(feed, day=date(2024, 3, 6)).report.notes()
    assert len(notes) == remarks
    assert remarks == 1 or "2 trips of the feed run on 2024-03-06, 40% of the 5 of 2024-03-05" in notes[1]


def test_a_weekly_calendar_with_exceptions(tmp_path: Path) -> None:
    drawn = drawing.tables(STOPS, {"1": OUT})
    drawn["calendar"] = (
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        "1,1,1,1,1,1,0,0,20240304,20240317"
    )
    drawn["calendar_dates"] = "service_id,date,exception_type\n1,20240306,2\n1,20240309,1"
    feed = gtfs.read_feed(drawing.write(tmp_path / "weekly.zip", drawn))
    days = gtfs.trips_by_day(feed)
    assert len(days) == 10
    assert date(2024, 3, 6) not in days
    assert date(2024, 3, 9) in days


def test_two_stops_of_a_station_are_one(tmp_path: Path) -> None:
    stops = STOPS | {"b2": ("Beton (tief)", 5.02, 0), "b3": ("Beton Gl.5-10", 5.03, 0)}
    trips = {
        "1": OUT,
        "2": [("a", "12:00:00"), ("b2", "12:25:00")],
        "3": [("b3", "9:00:00"), ("c", "9:30:00")],
    }
    built = gtfs.build(drawing.feed(tmp_path, stops, trips))
    assert built.report.stops_joined == {"Beton": ("b", "b2", "b3")}
    assert sorted(built.rail.network.nodes["name"]) == ["Aville", "Beton", "Cedar"]


def test_stops_with_a_train_from_one_to_the_other_are_two_stations(tmp_path: Path) -> None:
    stops = {"n": ("Norddeich", 0, 0), "m": ("Norddeich Mole", 0.02, 0), "a": ("Aville", 9, 0)}
    trips = {"1": [("m", "08:00:00"), ("n", "08:05:00"), ("a", "09:00:00")]}
    assert GtfsParameters.default().any_name_km > drawing.GRID * 0.02 * 111.2
    assert gtfs.build(drawing.feed(tmp_path, stops, trips)).report.stations == 3


def test_transfers_join_near_stops_or_keep_them_apart(tmp_path: Path) -> None:
    stops = {"x": ("Exeter", 0, 0), "y": ("Old Harbour", 0.05, 0), "a": ("Aville", 9, 0)}
    trips = {"1": [("x", "08:00:00"), ("a", "09:00:00")], "2": [("y", "10:00:00"), ("a", "11:00:00")]}

    def stations(kind: int | None, spot: float) -> int:
        moved = stops | {"y": ("Old Harbour", spot, 0)}
        more = {}
        if kind is not None:
            more["transfers"] = f"from_stop_id,to_stop_id,transfer_type,min_transfer_time\nx,y,{kind},300"
        return gtfs.build(drawing.feed(tmp_path, moved, trips, **more)).report.stations

    assert (stations(None, 0.05), stations(2, 0.05)) == (3, 2)  # 556 m apart
    assert (stations(None, 0.01), stations(3, 0.01)) == (2, 3)  # 111 m apart
    assert stations(2, 0.5) == 3  # 5.6 km apart: a way across town


def test_transfers_state_the_least_time_of_a_change_at_a_station(tmp_path: Path) -> None:
    """Of stop to stop the median counts, also where a row names the station itself; others state none."""
    drawn = drawing.tables(STOPS, {"1": OUT, "2": BACK})
    header, *rows = [*drawn["stops"].splitlines(), "s,Beton,0.0,0.5"]
    drawn["stops"] = "\n".join(
        [f"{header},parent_station", *(f"{row},{'s' * (row[0] == 'b')}" for row in rows)]
    )
    drawn["transfers"] = (
        "from_stop_id,to_stop_id,transfer_type,min_transfer_time\nb,b,2,240\ns,s,2,301\na,a,0,\na,c,2,900"
    )
    built = gtfs.build(gtfs.read_feed(drawing.write(tmp_path / "parents.zip", drawn)))
    (row,) = built.rail.services.changes.to_numpy().tolist()
    assert (built.rail.network.nodes["name"][row[0]], row[1]) == ("Beton", 271)


def test_stops_of_one_parent_are_one_station(tmp_path: Path) -> None:
    drawn = drawing.tables(STOPS, {"1": OUT, "2": [("a", "12:00:00"), ("p", "13:00:00")]})
    header, *rows = [*drawn["stops"].splitlines(), "p,Faraway,0.0,0.515", "s,Beton,0.0,0.5"]
    parent = {"b": "s", "p": "s"}
    rows = [f"{row},{parent.get(row[0], '')}" for row in rows]
    drawn["stops"] = "\n".join([f"{header},parent_station", *rows])
    built = gtfs.build(gtfs.read_feed(drawing.write(tmp_path / "parents.zip", drawn)))
    assert built.report.stops_joined == {"Beton": ("b", "p")}


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("Berlin Hbf (tief)", "berlin hbf"),
        ("München Hbf Gl.5-10", "münchen hbf"),
        ("Frankfurt(Main)Hbf", "frankfurt hbf"),
        ("Köln Messe/Deutz Gl.11-12", "köln messe deutz"),
        ("Paris Gare de Lyon Voie 4", "paris gare de lyon"),
        ("(42)", "(42)"),
    ],
)
def test_bare_names(name: str, bare: str) -> None:
    assert bare_name(name) == bare


def test_stops_beyond_the_map_are_left_out(tmp_path: Path) -> None:
    stops = STOPS | {"z": ("Zagreb", 200, 0)}
    trips = {"1": [("a", "08:00:00"), ("b", "08:30:00", "08:32:00"), ("c", "09:02:00"), ("z", "20:00:00")]}
    built = gtfs.build(drawing.feed(tmp_path, stops, trips), box=(-1.0, -1.0, 2.0, 1.0))
    assert [row[0] for row in stop_rows(built)] == ["Aville", "Beton", "Cedar"]
    assert built.report.stops_elsewhere == 1


def test_a_stop_between_two_that_count_is_passed(tmp_path: Path) -> None:
    stops = STOPS | {"b": ("Beton", 5, 40)}
    trip = [("a", "08:00:00"), ("b", "13:00:00", "13:10:00"), ("c", "18:00:00")]
    built = gtfs.build(drawing.feed(tmp_path, stops, {"1": trip}), box=(-1.0, -1.0, 2.0, 1.0))
    assert stop_rows(built) == [["Aville", 0, 0], ["Cedar", 36_000, 0]]


def test_a_train_under_two_numbers_is_one_departure(tmp_path: Path) -> None:
    built = gtfs.build(drawing.feed(tmp_path, STOPS, {"ICE 1": OUT, "ICE 9": OUT}))
    assert (built.report.trips, built.report.doubles) == (1, 1)


def test_a_misplaced_stop_is_left_out_and_named(tmp_path: Path) -> None:
    stops = STOPS | {"b": ("Beton", 500, 0)}
    built = gtfs.build(drawing.feed(tmp_path, stops, {"1": OUT}))
    assert built.report.stops_misplaced == ("Beton",)
    assert stop_rows(built) == [["Aville", 0, 0], ["Cedar", 3720, 0]]
    assert "Beton" in built.report.notes()[1]


def test_empty_times_are_interpolated(tmp_path: Path) -> None:
    trip = [("a", "08:00:00"), ("b", "", ""), ("c", "09:00:00")]
    assert stop_rows(gtfs.build(drawing.feed(tmp_path, STOPS, {"1": trip}))) == [
        ["Aville", 0, 0],
        ["Beton", 1800, 0],
        ["Cedar", 1800, 0],
    ]


def test_frequencies_repeat_a_trip(tmp_path: Path) -> None:
    rows = "trip_id,start_time,end_time,headway_secs\n1,06:00:00,10:00:00,1800\n1,10:00:00,12:00:00,3600"
    built = gtfs.build(drawing.feed(tmp_path, STOPS, {"1": OUT}, frequencies=rows))
    # Ten departures one way are five a day and direction.
    assert built.rail.services.lines["headway_s"].tolist() == [16 * 3600 // 5]


def test_trips_by_frequency_count_by_their_hours_and_meet_passengers_of_these(tmp_path: Path) -> None:
    """A train every half hour all day: those who set out from 12 to 14 wait as those of the whole day do."""
    rows = "trip_id,start_time,end_time,headway_secs\n1,06:00:00,22:00:00,1800\n2,06:00:00,22:00:00,1800"
    back = [("c", "10:00:00"), ("b", "10:30:00", "10:32:00"), ("a", "11:02:00")]
    feed = drawing.feed(tmp_path, STOPS, {"1": OUT, "2": back}, frequencies=rows)
    access, ways = AccessParameters.default(), (np.arange(3), np.arange(3), np.zeros(3, dtype=np.int64))
    services = [gtfs.build(feed, hours=hours).rail.services for hours in ((12, 14), None)]
    assert services[0].lines["headway_s"].tolist() == [1800]
    noon, all_day = (mean_times(one, ways, access).wait_s[0, 2] for one in services)
    assert noon == pytest.approx(all_day, rel=0.05)


def test_hours_choose_the_trains_that_are_under_way(tmp_path: Path) -> None:
    feed = drawing.feed(tmp_path, STOPS, {"1": OUT, "2": BACK})
    assert gtfs.build(feed, hours=(8, 9)).report.trips == 1
    assert gtfs.build(feed, hours=(8, 9)).rail.services.lines["headway_s"].tolist() == [7200]
    assert gtfs.build(feed, hours=(22, 9)).report.trips == 1
    with pytest.raises(SourceError, match="calls at two stations"):
        gtfs.build(feed, hours=(1, 2))


def test_clock_times_of_trains_are_kept_and_hours_are_the_window_of_means(tmp_path: Path) -> None:
    rows = "trip_id,start_time,end_time,headway_secs\n1,06:00:00,07:00:00,1800"
    services = gtfs.build(drawing.feed(tmp_path, STOPS, {"1": OUT}, frequencies=rows)).rail.services
    assert services.calls.to_numpy().tolist() == [
        [0, 0, 0, 21_600, 21_600], [0, 0, 1, 23_400, 23_520], [0, 0, 2, 25_320, 25_320],
        [1, 0, 0, 23_400, 23_400], [1, 0, 1, 25_200, 25_320], [1, 0, 2, 27_120, 27_120],
    ]  # fmt: skip
    assert services.window_s == (21_600, 72_000)
    feed = drawing.feed(tmp_path, STOPS, {"1": OUT})
    assert gtfs.build(feed, hours=(22, 9)).rail.services.window_s == (79_200, 118_800)


def test_coaches_run_on_no_tracks(tmp_path: Path) -> None:
    kinds = {"Bus 1": 200, "Bus 2": 3}
    trips = {"ICE 1": OUT, "Bus 1": OUT, "Bus 2": BACK, "Ferry": OUT}
    feed = drawing.feed(tmp_path, STOPS, trips, modes=("coach",), route_types=kinds | {"Ferry": 4})
    built = gtfs.build(feed)
    assert built.rail.services.lines["link_class"].tolist() == ["coach", "coach"]
    assert (len(built.rail.network.links), len(built.rail.services.routes)) == (0, 0)
    assert built.rail.services.stops["length_km"].sum() > 2 * 111.3
    assert {
        "trips of route type 2 left out": 1,
        "trips of route type 4 left out": 1,
    }.items() <= feed.counts.items()


# ---- sections of line

SHARE = replace(GtfsParameters.default(), route_factor=1.0, stop_loss_s=0)
PLACES = [(0.0, 0.0), (0.5, 0.0), (1.0, 0.0), (0.5, 0.3)]


def test_an_express_runs_over_the_sections_of_stopping_trains() -> None:
    found = infer_sections({(0, 1): 1800, (1, 2): 1800, (0, 2): 3000}, PLACES, SHARE)
    assert found.ends == ((0, 1), (1, 2))
    assert found.ways[0, 2] == (0, 1)
    # The express takes 3000 s over two sections of equal length, so that either takes 1500 s.
    assert found.run_s == pytest.approx((1500, 1500))


def test_a_much_faster_train_has_a_section_of_its_own() -> None:
    found = infer_sections({(0, 1): 1800, (1, 2): 1800, (0, 2): 2000}, PLACES, SHARE)
    assert found.ends == ((0, 1), (0, 2), (1, 2))


def test_a_detour_is_another_line() -> None:
    found = infer_sections({(0, 3): 1800, (2, 3): 1800, (0, 2): 3600}, PLACES, SHARE)
    assert (0, 2) in found.ends


def test_the_network_keeps_the_contract(tmp_path: Path) -> None:
    built = gtfs.build(drawing.feed(tmp_path, STOPS, {"1": OUT, "2": BACK})).rail
    schema.check(built.network)
    # The fastest train takes 1800 s from stop to stop: sections of 1.15 times the straight line.
    assert built.network.links["forward_s"].tolist() == [1800, 1800]
    km = 55.66 * 1.15
    assert built.network.links["length_km"].tolist() == pytest.approx([km, km], rel=1e-3)
    assert built.services.routes["link"].tolist() == [0, 1, 0, 1]


# ---- with a map

TRACKS = draw(
    {1: (0, 0), 2: (50, 0), 3: (100, 0.2), 4: (100, 40)},
    [(7, [1, 2, 3], {"maxspeed": "200"})],
    stations={1: {"name": "Aville"}, 3: {"name": "Cedar Central"}},
)


def test_stations_snap_to_those_of_the_map(tmp_path: Path) -> None:
    tracks = rail.build(TRACKS, services_from="none")
    trips = {"1": [("a", "08:00:00"), ("c", "09:02:00")], "2": [("c", "12:00:00"), ("b", "12:40:00")]}
    built = gtfs.build(drawing.feed(tmp_path, STOPS, trips), tracks=tracks)
    assert built.report.stations_on_tracks == 2
    schema.check(built.rail.network)
    routes = built.rail.services.routes
    # Aville to Cedar runs over the tracks; Beton is no station of the map, so its train has a section.
    assert built.report.sections == 1
    assert sorted(built.rail.network.nodes["name"].loc[lambda name: name != ""]) == [
        "Aville", "Beton", "Cedar Central",
    ]  # fmt: skip
    on_tracks = routes[routes["service"] == 0]["link"].tolist()
    assert on_tracks == list(range(len(tracks.network.links)))
    assert routes[routes["service"] == 1]["link"].tolist() == [len(tracks.network.links)]
    assert stop_rows(built)[1][1] == 3720


def test_tracks_that_lead_far_round_are_not_believed(tmp_path: Path) -> None:
    slow = draw({1: (0, 0), 2: (50, 200), 3: (100, 0)}, [(7, [1, 2, 3], {})],
                stations={1: {"name": "Aville"}, 3: {"name": "Cedar"}})  # fmt: skip
    trips = {"1": [("a", "08:00:00"), ("c", "09:02:00")]}
    built = gtfs.build(drawing.feed(tmp_path, STOPS, trips), tracks=rail.build(slow, services_from="none"))
    assert built.report.sections == 1


# ---- broken feeds


def faults(tmp_path: Path, drawn: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SourceError) as caught:
        gtfs.read_feed(drawing.write(tmp_path / "broken.zip", drawn))
    return caught.value.faults


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    drawn = drawing.tables(STOPS, {"1": OUT, "2": BACK})
    drawn["stops"] += "\na,Again,0,0\nd,Deep,95,0"
    drawn["trips"] = drawn["trips"].replace("2,2,2", "9,2,2")
    drawn["stop_times"] = drawn["stop_times"].replace("08:30:00", "half past 8").replace(",a,", ",q,", 1)
    drawn["stop_times"] += "\n1,10:00:00,10:00:00,d,2"
    drawn["calendar_dates"] = drawn["calendar_dates"].replace("20240305", "2024-03-05", 1)
    assert faults(tmp_path, drawn) == (
        "stops.txt: stop_id is repeated: line 5 'a'",
        "trips.txt: route_id is not in routes.txt: line 3 '9'",
        "stop_times.txt: stop_id is not in stops.txt: line 2 'q'",
        "stops.txt: stop_lat is none of this Earth: line 6 'd'",
        "stop_times.txt: arrival_time is no time HH:MM:SS: line 3 'half past 8'",
        "stop_times.txt: stop_sequence is empty or repeated in a trip: line 8 '1'",
        "calendar_dates.txt: date is no date YYYYMMDD: line 2 '2024-03-05'",
    )


def test_missing_tables_and_columns(tmp_path: Path) -> None:
    drawn = drawing.tables(STOPS, {"1": OUT})
    del drawn["calendar_dates"], drawn["routes"]
    drawn["stops"] = drawn["stops"].replace("stop_lat", "latitude")
    assert faults(tmp_path, drawn) == (
        "stops.txt: column stop_lat is missing",
        "routes.txt is missing or has no rows",
        "calendar.txt and calendar_dates.txt are missing; one of them says on which days trips run",
    )


def test_values_that_are_no_numbers(tmp_path: Path) -> None:
    drawn = drawing.tables(STOPS, {"1": OUT})
    drawn["stops"] = drawn["stops"].replace("Cedar,0", "Cedar,north")
    drawn["routes"] = drawn["routes"].replace("1,1,2", "1,1,train")
    assert faults(tmp_path, drawn) == (
        "stops.txt: stop_lat is no number: line 4 'north.0'",
        "routes.txt: route_type is no number: line 2 'train'",
    )


def test_blanks_around_headers_and_values_do_not_count(tmp_path: Path) -> None:
    drawn = drawing.tables(STOPS, {"1": OUT, "2": BACK})
    padded = {
        name: "\n".join(",".join(f" {cell}   " for cell in line.split(",")) for line in text.splitlines())
        for name, text in drawn.items()
    }
    plain, wide = (gtfs.read_feed(drawing.write(tmp_path / "tiny.zip", one)) for one in (drawn, padded))
    assert wide.counts == plain.counts == {"stops": 3, "trips": 2, "calls": 6}
    for name in ("stops", "trips", "calls"):
        pd.testing.assert_frame_equal(getattr(wide, name), getattr(plain, name))
    assert wide.services == plain.services
    assert wide.publisher == "Tiny Rail"


def test_calls_of_other_modes_may_have_no_stop(tmp_path: Path) -> None:
    """Trips on demand call at areas; the same of a train is a fault, told by its line in the file."""
    area = [("a", "08:00:00"), ("", "08:30:00"), ("c", "09:00:00")]
    kinds = {"On demand": 715}
    feed = drawing.feed(tmp_path, STOPS, {"On demand": area, "1": OUT}, route_types=kinds)
    assert feed.counts["calls"] == 3
    drawn = drawing.tables(STOPS, {"On demand": area, "1": area}, route_types=kinds)
    assert faults(tmp_path, drawn) == ("stop_times.txt: stop_id is not in stops.txt: line 6 ''",)


def test_a_file_that_is_no_feed(tmp_path: Path) -> None:
    path = tmp_path / "text.zip"
    path.write_text("no zip", encoding="utf-8")
    with pytest.raises(SourceError, match="no zip file"):
        gtfs.read_feed(path)
    with pytest.raises(OSError, match="folder"):
        gtfs.read_feed(tmp_path)


def test_tables_that_grow_beyond_the_limit_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("networks.gtfs.feed.MOST_BYTES", 10_000)
    path = tmp_path / "large.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("stops.txt", "0" * 100_000)
    assert path.stat().st_size < 10_000
    with pytest.raises(SourceError, match="more than 10,000"):
        gtfs.read_feed(path)


def test_trips_that_cannot_be_ridden_are_counted(tmp_path: Path) -> None:
    trips = {
        "good": OUT,
        "backwards": [("a", "08:00:00"), ("b", "07:00:00")],
        "short": [("a", "08:00:00")],
        "timeless": [("a", "08:00:00"), ("b", "", "")],
    }
    feed = drawing.feed(tmp_path, STOPS, trips)
    assert feed.trips["trip_id"].tolist() == ["good"]
    assert feed.counts == {
        "stops": 3,
        "trips": 1,
        "calls": 3,
        "trips without times at their ends left out": 1,
        "trips that run backwards in time left out": 1,
        "trips with fewer than two calls left out": 1,
    }


def test_a_feed_without_the_mode_says_what_it_has(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"route types of its trips: 3 \(1\)"):
        drawing.feed(tmp_path, STOPS, {"Bus": OUT}, route_types={"Bus": 3})


# ---- every timetable


@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(0, 5), min_size=2, max_size=6, unique=True),
            st.integers(0, 90_000),
            st.lists(st.tuples(st.integers(1, 9000), st.integers(0, 900)), min_size=6, max_size=6),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_patterns_keep_all_trains_and_their_times(
    drawn: list[tuple[list[int], int, list[tuple[int, int]]]],
) -> None:
    trains = []
    for number, (stations, start, spans) in enumerate(drawn):
        arrives, departs = [start], [start]
        for run_s, stop_s in spans[: len(stations) - 1]:
            arrives.append(departs[-1] + run_s)
            departs.append(arrives[-1] + stop_s)
        trains.append(Train(number, tuple(stations), tuple(arrives), tuple(departs)))
    patterns = patterns_of(trains, most_spread=0.02)
    kept = [train for pattern in patterns for train in (*pattern.out, *pattern.back)]
    assert sorted(train.trip for train in kept) == list(range(len(trains)))
    assert sum(pattern.trains_a_day for pattern in patterns) == len(trains) / 2
    for pattern in patterns:
        own = [train.ride_s for train in (*pattern.out, *pattern.back)]
        whole = sum(pattern.times.run_s) + sum(pattern.times.stop_s)
        assert min(own) - 1 <= whole <= max(own) + 1
        assert max(own) <= 1.02 * min(own)
        assert min(*pattern.times.run_s, *pattern.times.stop_s) >= 0
        assert all(train.stations == pattern.stations for train in pattern.out)
        assert all(train.stations == pattern.stations[::-1] for train in pattern.back)


# ---- the shared feeds


@pytest.mark.long
@pytest.mark.shared
def test_the_feed_of_deutsche_bahn(shared_dir: Path) -> None:
    feed = gtfs.read_feed(shared_dir / "data" / "gtfs" / "db_fernverkehr_2019.zip")
    built = gtfs.build(feed)
    report = built.report
    assert (report.day, report.days, report.trips, report.stations) == ("2019-04-24", 371, 743, 523)
    assert report.stops_joined["Berlin Hbf"] == ("8098160", "8011160")
    assert report.read["trips that run backwards in time left out"] == 3
    joined = join_stops(feed, GtfsParameters.default())
    trains = trains_on(feed, date.fromisoformat(report.day), joined.station_of_stop)
    assert len(trains) == 743
    assert np.isclose(sum(pattern.trains_a_day for pattern in built.patterns), 743 / 2)


@pytest.mark.long
@pytest.mark.shared
def test_the_feed_of_china_has_misplaced_stops(shared_dir: Path) -> None:
    built = gtfs.build(gtfs.read_feed(shared_dir / "data" / "gtfs" / "china_hsr_2016-03-10.zip"))
    assert set(built.report.stops_misplaced) == {"北井子", "福山镇", "普安", "银滩", "青堆"}


def test_the_embedded_region_of_germany_is_whole() -> None:
    region = regions.read("germany")
    regions.check(region)
    assert region.timetable is not None
    assert region.network is None
    report = gtfs.build(gtfs.read_feed(region.timetable)).report
    assert (report.day, report.trips, report.stations) == ("2019-05-22", 738 + 342 * 18, 519 + 8)
    cities = load_csv(region.cities).table
    assert len(cities) == 80
    assert cities["population"].min() >= 100_000
    assert not {"Wandsbek", "Neukölln"} & set(cities["name"])


@pytest.mark.long
@pytest.mark.shared
def test_the_timetable_of_germany_is_a_day_of_the_feed(shared_dir: Path, tmp_path: Path) -> None:
    feed = gtfs.read_feed(shared_dir / "data" / "gtfs" / "db_fernverkehr_2019.zip")
    reduce.write(reduce.reduced(feed, day=date(2019, 5, 22)), tmp_path / "day.zip")
    embedded = regions.read("germany").timetable
    assert embedded is not None
    with zipfile.ZipFile(tmp_path / "day.zip") as day, zipfile.ZipFile(embedded) as whole:
        assert {*day.namelist(), "frequencies.txt"} == set(whole.namelist())
        for name in day.namelist():  # assumed regional trains follow the rows of the feed
            assert whole.read(name).startswith(day.read(name))
            assert b"assumed" not in day.read(name)


def test_a_reduced_feed_has_the_same_services(tmp_path: Path) -> None:
    feed = drawing.feed(tmp_path, STOPS, {"1": OUT, "2": BACK, "3": OUT}, days={"3": ["20240306"]})
    reduce.write(reduce.reduced(feed, day=date(2024, 3, 5)), tmp_path / "small.zip")
    small = gtfs.read_feed(tmp_path / "small.zip")
    assert len(small.trips) == 2
    whole, part = gtfs.build(feed, day=date(2024, 3, 5)), gtfs.build(small)
    assert stop_rows(whole) == stop_rows(part)
    inside = reduce.reduced(feed, day=date(2024, 3, 5), box=(-1.0, -1.0, 0.6, 1.0))
    assert len(inside["trips"]) == 2
    assert len(reduce.reduced(feed, day=date(2024, 3, 5), box=(-1.0, -1.0, 0.1, 1.0))["trips"]) == 0


def test_the_embedded_region_of_the_yangtze_delta_is_whole() -> None:
    region = regions.read("yangtze-delta")
    regions.check(region)
    assert region.timetable is not None
    report = gtfs.build(gtfs.read_feed(region.timetable)).report
    assert (report.day, report.read["trips"]) == ("2016-03-10", 1137)
    table = load_csv(region.cities).table
    assert len(table) == len(set(table["name"])) == 41


@pytest.mark.long
@pytest.mark.shared
def test_the_timetable_of_the_yangtze_delta_is_a_part_of_the_feed(shared_dir: Path, tmp_path: Path) -> None:
    feed = gtfs.read_feed(shared_dir / "data" / "gtfs" / "china_hsr_2016-03-10.zip")
    reduce.write(reduce.reduced(feed, box=(114.8, 27.2, 123.0, 35.2)), tmp_path / "box.zip")
    embedded = regions.read("yangtze-delta").timetable
    assert embedded is not None
    assert (tmp_path / "box.zip").read_bytes() == embedded.read_bytes()
