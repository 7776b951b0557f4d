"""Test train services from relations, from a table of lines, and from tracks alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rail_drawing import draw, train

from networks import rail
from networks.rail.builder import merge_directions
from networks.rail.drafts import BY_TAG, Draft
from networks.rail.parameters import RailParameters

SPOTS = {1: (0, 0), 2: (10, 0), 3: (20, 0), 4: (10, 10), 5: (40, 0), 6: (50, 0), 7: (5, 3)}
LINE = [(7, [1, 2, 3], {"maxspeed": "200"})]
STATIONS = {1: {"name": "A"}, 2: {"name": "B"}, 3: {"name": "C"}}


def build(relations=(), tracks=LINE, stations=STATIONS, **options):
    return rail.build(draw(SPOTS, tracks, stations=stations, relations=relations), **options)


def stop_names(built, service=0):
    stops = built.services.stops
    return built.network.nodes["name"][stops["node"][stops["service"] == service]].tolist()


def test_a_relation_gives_a_service_with_its_stops_in_order():
    assert stop_names(build([train(1, [3, 2, 1])])) == ["C", "B", "A"]


def test_the_running_time_between_stops_follows_from_the_links():
    built = build([train(1, [1, 3])])
    km = built.network.links["length_km"].sum()
    assert built.services.stops["run_s"].tolist() == [0, round(3600 * km / (0.80 * 200))]
    assert built.services.stops["length_km"].tolist() == [0.0, pytest.approx(km)]


@pytest.mark.parametrize(("text", "factor"), [("1.25", 1.25), ("0", 1.0), ("x", 1.0), ("9", 1.0)])
def test_a_track_may_state_its_length_on_the_ground(text, factor):
    tracks = [(way, nodes, tags | {"polyring:length_factor": text}) for way, nodes, tags in LINE]
    trains = [train(1, [1, 3]), train(2, [1, 2, 3], **known("12;18.5", "2"))]
    plain, longer = build(trains), build(trains, tracks)
    for table, before in (
        (longer.network.links, plain.network.links),
        (longer.services.stops, plain.services.stops),
    ):
        assert table["length_km"].tolist() == pytest.approx((before["length_km"] * factor).tolist())
    km = longer.network.links["length_km"].sum()
    # The modelled time follows the length, the stated minutes stay.
    assert longer.services.stops["run_s"].tolist() == [0, round(3600 * km / (0.80 * 200)), 0, 720, 1110]


def test_the_interval_tag_is_the_headway():
    lines = build([train(1, [1, 3], interval="00:20")]).services.lines
    assert (lines["headway_s"][0], lines["headway_source"][0]) == (1200, "tag")


def test_without_an_interval_the_headway_is_the_default_of_the_class():
    built = build([train(1, [1, 3], interval="often")])
    default = RailParameters.default().default_headway_s("intercity200")
    assert (built.services.lines["headway_s"][0], built.services.lines["headway_source"][0]) == (
        default,
        "class",
    )
    assert built.report.service_counts["interval not readable"] == 1


def known(run_s, stop_s=(0, 0, 0)):
    """Draw known minutes as the tags of a relation."""
    return {"polyring:minutes": run_s, "polyring:stop_minutes": stop_s}


def stop_times(built):
    return built.services.stops[["run_s", "stop_s"]].to_numpy().tolist()


def test_known_minutes_take_the_place_of_modelled_times():
    built = build([train(1, [1, 2, 3], **known("12;18.5", "2"))])
    assert stop_times(built) == [[0, 0], [720, 120], [1110, 0]]
    assert built.services.lines["known_times"].tolist() == [True]
    assert built.report.service_counts["services with known times"] == 1


def test_a_service_counts_until_its_last_day():
    relations = [train(1, [1, 3], end_date="2018-08-07"), train(2, [1, 2, 3], start_date="2018-08-08")]
    assert build(relations).services.lines["service_id"].tolist() == ["r2"]
    before = build(relations, opened_by=date(2018, 8, 7))
    assert before.services.lines["service_id"].tolist() == ["r1"]


def test_known_minutes_of_both_directions_are_averaged():
    there, back = known("12;18", "2"), known("20;10", "3")
    built = build([train(1, [1, 2, 3], **there), train(2, [3, 2, 1], **back)])
    assert stop_times(built) == [[0, 0], [660, 150], [1140, 0]]


def test_minutes_on_both_sides_of_a_stop_that_is_missing_are_summed():
    built = build([train(1, [1, 99, 3], **known("12;18", "2"))])
    assert stop_times(built)[-1] == [(12 + 2 + 18) * 60, 0]


@pytest.mark.parametrize("minutes", ["12", "12;18;20", "12;soon", "12;-1", ""])
def test_minutes_that_do_not_fit_the_stops_are_counted_and_modelled(minutes):
    built = build([train(1, [1, 2, 3], **known(minutes, "2"))])
    assert built.services.lines["known_times"].tolist() == [False]
    assert built.report.service_counts["minutes not readable"] == 1


def test_both_directions_of_a_train_are_one_service_with_the_longer_headway():
    built = build([train(1, [1, 2, 3], interval="10"), train(2, [3, 2, 1], interval="30")])
    assert built.services.lines["headway_s"].tolist() == [1800]


def test_platforms_are_no_stops_beside_stop_positions():
    one = train(1, [1, 3])
    platforms = train(1, [2], role="platform").members
    assert stop_names(build([replace(one, members=(*one.members, *platforms))])) == ["A", "C"]


def test_a_service_uses_its_own_tracks_if_given():
    tracks = [*LINE, (8, [1, 4, 3], {"maxspeed": "350"})]
    direct = build([train(1, [1, 3], along=[7])], tracks).services.stops["length_km"].iloc[1]
    round_about = build([train(1, [1, 3], along=[8])], tracks).services.stops["length_km"].iloc[1]
    assert round_about > 1.3 * direct


def test_stops_without_a_connecting_track_split_the_service_and_are_reported():
    tracks = [*LINE, (8, [5, 6], {})]
    stations = {**STATIONS, 5: {"name": "E"}, 6: {"name": "F"}}
    built = build([train(1, [1, 3, 5, 6])], tracks, stations)
    assert built.services.lines["service_id"].tolist() == ["r1#1", "r1#2"]
    assert built.report.faults == ("service r1 (relation 1): no track joins C and E",)


def test_exceeding_the_turn_limit_is_counted():
    tracks = [(7, [1, 2, 3], {}), (8, [7, 2, 4], {})]
    built = build(
        [train(1, [1, 3]), train(2, [1, 7])], tracks, {1: {"name": "A"}, 3: {"name": "C"}, 7: {"name": "G"}}
    )
    assert built.report.hops_strayed == 1


def test_a_service_that_started_later_is_left_out():
    built = build(
        [train(1, [1, 3], start_date="2020")], opened_by=date(2016, 3, 10), services_from="relations"
    )
    assert len(built.services.lines) == 0


def test_tracks_alone_give_services_between_neighbouring_stations():
    built = build()
    assert [stop_names(built, k) for k in range(len(built.services.lines))] == [["A", "B"], ["B", "C"]]
    assert set(built.services.lines["headway_source"]) == {"tracks"}


@given(st.lists(st.permutations(range(4)).map(tuple), max_size=8))
def test_merging_directions_loses_no_pair_of_stops(sequences):
    drafts = [Draft(str(i), str(i), s, 600, BY_TAG) for i, s in enumerate(sequences)]
    merged = merge_directions(drafts)

    def either(found):
        return {min(d.stations, d.stations[::-1]) for d in found}

    assert either(merged) == either(drafts)
    assert len(drafts) / 2 <= len(merged) <= len(drafts)


def test_trains_without_stops_leave_the_services_to_the_tracks():
    built = build([train(1, [], along=[7])])
    assert (built.report.services, built.report.services_source) == (2, "tracks")
    assert built.report.service_counts["relations with fewer than two stops here"] == 1
    assert "no train relation with two stops (of 1)" in built.report.warnings()[0]


def test_platforms_count_where_there_are_no_stop_positions():
    assert stop_names(build([train(1, [1, 3], role="platform")])) == ["A", "C"]


@pytest.mark.parametrize(
    "tags", [{"state": "proposed"}, {"disused": "yes"}, {"construction": "yes"}, {"service": "tourism"}]
)
def test_a_service_that_does_not_run_is_left_out(tags):
    built = build([train(1, [1, 3]), train(2, [1, 2], **tags)])
    assert built.report.services == 1
    assert built.report.service_counts["relations that do not run"] == 1


@pytest.mark.parametrize("state", ["disused", "abandoned"])
def test_a_station_out_of_use_is_left_out(state):
    stations = STATIONS | {2: {"name": "B", state: "yes"}}
    built = build([train(1, [1, 2, 3])], stations=stations)
    assert built.report.stations_left_out == {state: 1}


def test_speeds_that_cannot_be_used_are_reported():
    built = build(tracks=[(7, [1, 2, 3], {"maxspeed": "40 (freight)"})])
    assert built.report.speeds_unread == {"40 (freight)": 1}
    assert built.report.speeds_by_class == 1


def test_light_rail_is_counted_and_narrow_gauge_used():
    tracks = [(7, [1, 2], {"railway": "narrow_gauge"}), (8, [2, 3], {"railway": "light_rail"})]
    built = build(tracks=tracks)
    assert (built.report.tracks, built.report.tracks_left_out) == (1, {"railway=light_rail": 1})


def test_the_duration_of_a_train_is_spread_over_its_hops():
    built = build([train(1, [1, 2, 3], duration="00:20")])
    assert built.services.lines["known_times"].tolist() == [True]
    assert built.services.stops["run_s"].tolist() == [0, 600, 600]
    assert built.services.stops["stop_s"].tolist() == [0, 0, 0]


def test_durations_and_intervals_that_cannot_be_parsed_are_counted():
    counts = build([train(1, [1, 2, 3], duration="soon", interval="often")]).report.service_counts
    assert (counts["duration not readable"], counts["interval not readable"]) == (1, 1)
    counts = build([train(1, [1, 2, 3], duration="00:20")]).report.service_counts
    assert "duration not readable" not in counts


@pytest.mark.parametrize("duration", ["00:01", "09:00", "soon"])
def test_a_duration_that_no_train_has_is_not_believed(duration):
    built = build([train(1, [1, 2, 3], duration=duration)])
    assert built.services.lines["known_times"].tolist() == [False]


def test_the_duration_of_a_train_that_leaves_the_file_is_not_used():
    built = build([train(1, [1, 2, 3, 99], duration="00:20")])
    assert built.services.lines["known_times"].tolist() == [False]


def test_the_durations_of_both_directions_are_averaged():
    built = build([train(1, [1, 2, 3], duration="00:20"), train(2, [3, 2, 1], duration="00:30")])
    assert built.services.stops["run_s"].sum() == 1500
