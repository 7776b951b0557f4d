"""Check the user's own candidates."""

from __future__ import annotations

import dataclasses
import json
import math

import geopandas as gpd
import pytest
import shapely
from candidates_drawing import KM, base_case, cities, network

from optimiser.problem.errors import CandidateError
from optimiser.proposals.costs import builtin_cost_table
from optimiser.proposals.generate import Rules
from optimiser.proposals.own import as_number, is_empty, read_own
from optimiser.proposals.terrain import PLAIN

ROAD = network([(0, 0), (100, 0), (200, 0)], [(0, 1, "primary", 100, 50), (1, 2, "primary", 100, 50)])
PLACES = cities(ROAD, [("a1", (0, 0), 90_000, 0), ("b1", (100, 0), 80_000, 1), ("c1", (200, 0), 70_000, 2)])


@pytest.fixture(scope="module")
def drawn():
    return base_case(ROAD, PLACES)


@pytest.fixture
def read(tmp_path, drawn):
    def from_text(text, name="own.csv"):
        path = tmp_path / name
        path.write_text(text)
        return read_own(path, drawn, builtin_cost_table(), PLAIN)

    return from_text


def test_a_row_of_csv_joins_two_cities_by_id_or_name(read):
    found = read("id,from,to,cost\nx,a1,C1,500\n")
    assert found.arcs[["tail_id", "head_id"]].to_numpy().tolist() == [
        ["road:0", "road:2"],
        ["road:2", "road:0"],
    ]
    assert (found.table["cost"][0], found.table["kind"][0]) == (500, "own")


def test_time_comes_from_length_and_speed_and_cost_from_the_table(read):
    found = read("from,to,length_km,speed_kmh,standard\na1,b1,100,80,first-class\n")
    assert (found.arcs["seconds"][0], found.table["cost"][0]) == (4500, 3000)


def test_given_seconds_count(read):
    assert read("from,to,seconds,cost\na1,b1,1234,0\n").arcs["seconds"][0] == 1234


def test_positions_are_snapped_to_road_nodes(read):
    text = f"from_lon,from_lat,to_lon,to_lat,cost\n{KM},0,{101 * KM},0,7\n"
    assert read(text).arcs["tail_id"].tolist() == ["road:0", "road:1"]


def test_lines_of_geojson_and_geopackage_are_read_alike(tmp_path, drawn):
    line = shapely.LineString([(0, 0), (0.5, 0.2), (100 * KM, 0)])
    table = gpd.GeoDataFrame({"id": ["x"], "cost": [9]}, geometry=[line], crs=4326)
    found = []
    for name in ("own.geojson", "own.gpkg"):
        table.to_file(tmp_path / name)
        found.append(read_own(tmp_path / name, drawn, builtin_cost_table(), PLAIN))
    assert found[0].arcs.equals(found[1].arcs)
    assert found[0].table["length_km"][0] == pytest.approx(found[1].table["length_km"][0])
    assert found[0].table["length_km"][0] == pytest.approx(109.5, abs=0.5)


@pytest.mark.parametrize(
    ("line", "faults"),
    [
        ([(0, 0), (100 * KM, 0)], []),
        ([(100 * KM, 0), (0, 0)], []),  # drawn from the other end
        ([(20 * KM, 0), (80 * KM, 0)], []),  # from edge to edge of the towns
        ([(0, 0), (0, 100 * KM)], ["the line ends 141.1 km from B1"]),
        ([(40 * KM, 0), (60 * KM, 0)], ["the line ends 40.0 km from A1", "the line ends 40.0 km from B1"]),
    ],
)
def test_a_line_ends_near_the_places_that_it_joins(tmp_path, drawn, line, faults):
    table = gpd.GeoDataFrame({"from": ["a1"], "to": ["b1"]}, geometry=[shapely.LineString(line)], crs=4326)
    table.to_file(tmp_path / "own.gpkg")
    told = []
    try:
        read_own(tmp_path / "own.gpkg", drawn, builtin_cost_table(), PLAIN)
    except CandidateError as error:
        told = list(error.faults)
    assert told == [f"row 1: {fault}" for fault in faults]


def test_other_coordinate_systems_are_turned_into_degrees(tmp_path, drawn):
    line = shapely.LineString([(0, 0), (100 * KM, 0)])
    gpd.GeoDataFrame({"id": ["x"]}, geometry=[line], crs=4326).to_crs(3857).to_file(tmp_path / "own.gpkg")
    found = read_own(tmp_path / "own.gpkg", drawn, builtin_cost_table(), PLAIN)
    assert set(found.arcs["tail_id"]) == {"road:0", "road:1"}


def test_a_railway_brings_stations_where_there_are_none(read):
    found = read("from,to,mode,headway_s\na1,b1,rail,1200\n")
    assert {"new:station/a1", "new:station/b1"} <= set(found.arcs["head_id"])


def test_all_faults_of_all_rows_come_at_once(read):
    text = "from,to,cost,speed_kmh,mode\na1,Bi1,5,100,road\na1,a1,5,100,road\na1,b1,-1,0,boat\n"
    with pytest.raises(CandidateError) as error:
        read(text)
    assert [fault.split(":")[0] for fault in error.value.faults] == [
        "row 1",
        "row 2",
        "row 3",
        "row 3",
        "row 3",
    ]
    assert "did you mean" in error.value.faults[0]


def test_unknown_columns_are_refused_with_the_nearest_known_one(read):
    with pytest.raises(CandidateError, match="did you mean 'speed_kmh'"):
        read("from,to,speed_kph\na1,b1,100\n")


def test_a_separator_other_than_a_comma_and_geometry_in_metres_are_named(read):
    with pytest.raises(CandidateError, match="separated by semicolons"):
        read("from;to;cost\na1;b1;100\n")
    line = {"type": "LineString", "coordinates": [[448000, 4419000], [449000, 4419000]]}
    feature = {"type": "Feature", "properties": {"id": "x"}, "geometry": line}
    with pytest.raises(CandidateError, match="in metres, as it seems"):
        read(json.dumps({"type": "FeatureCollection", "features": [feature]}), "own.geojson")


@pytest.mark.parametrize("text", ["from,to,speed_kph\na1,b1,100\n", "id,cost\nx,5\n"])
def test_faults_say_which_columns_are_required(read, text):
    with pytest.raises(CandidateError) as error:
        read(text)
    assert "Required: `from` and `to`" in str(error.value)
    assert "optional: id, mode, length_km" in str(error.value)


def test_a_position_out_of_reach_is_named_with_its_distance(read):
    with pytest.raises(CandidateError, match="nearest road node is"):
        read("from,to_lon,to_lat\na1,5,5\n")


def test_swapped_coordinates_are_no_position(read):
    with pytest.raises(CandidateError, match="no position"):
        read("from,to_lon,to_lat\na1,39.9,116.4\n")


def test_ids_used_twice_are_named(read):
    with pytest.raises(CandidateError, match="`x` is used twice"):
        read("id,from,to\nx,a1,b1\nx,b1,c1\n")


def test_a_file_that_is_no_table_is_refused(read):
    with pytest.raises(CandidateError, match="cannot be read"):
        read("{", name="own.geojson")


def test_a_missing_file_is_named(tmp_path, drawn):
    with pytest.raises(CandidateError, match="does not exist"):
        read_own(tmp_path / "none.csv", drawn, builtin_cost_table(), PLAIN)


HEAD = "from,to,cost,speed_kmh,length_km,mode,instrument,fixed,standard,seconds,headway_s\n"


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("a1,b1,x,100,105,,,,,,", "cost `x` is not a number"),
        ("a1,b1,1.5,100,105,,,,,,", "cost `1.5` is not a whole number of 0 or more"),
        ("a1,b1,-1,100,105,,,,,,", "cost `-1` is not a whole number of 0 or more"),
        ("a1,b1,1e15,100,105,,,,,,", "cost `1e15` is not below 1e+15"),
        ("a1,b1,1,0,5,,,,,,", "speed_kmh `0` is not above 0"),
        ("a1,b1,1,100,-2,,,,,,", "length_km `-2` is not above 0"),
        (
            "a1,b1,1,100,97,,,,,,",
            "length_km `97` is less than the 100.1 km in a straight line between its ends",
        ),
        ("a1,b1,1,100,105,boat,,,,,", "mode `boat` is none of road, rail"),
        ("a1,b1,1,100,105,,gift,,,,", "instrument `gift` is none of barrier, infrastructure, subsidy"),
        ("a1,b1,1,100,105,,,maybe,,,", "fixed `maybe` is none of in, out"),
        ("a1,b1,1,100,105,,,,,0,", "seconds `0` is not above 0"),
        ("a1,b1,1,100,105,rail,,,,,0", "headway_s `0` is not above 0"),
        (",b1,1,100,105,,,,,,", "from: neither `from`, nor `from_lon` and `from_lat`, nor a line"),
        ("a1,B1,1,100,105,,,,,,", None),
        ("a1,A1,1,100,105,,,,,,", "both ends are the same place"),
    ],
)
def test_each_fault_of_a_row_is_named_alone(read, row, fault):
    if fault is None:
        assert len(read(HEAD + row)) == 1
        return
    with pytest.raises(CandidateError) as error:
        read(HEAD + row)
    assert list(error.value.faults) == [f"row 1: {fault}"]


def test_a_standard_must_be_in_the_cost_table_unless_the_cost_is_given(read):
    with pytest.raises(CandidateError, match="standard `gold` is none of"):
        read(HEAD + "a1,b1,,100,105,,,,gold,,")
    assert read(HEAD + "a1,b1,0,100,105,,,,gold,,").table["standard"].tolist() == ["gold"]


def test_a_row_without_facts_takes_those_of_new_expressways(read):
    rules = Rules()
    row = read("from,to\na1,b1\n").table.iloc[0]
    assert (row["candidate_id"], row["kind"], row["mode"]) == ("own-road:a1-b1", "own", "road")
    assert (row["instrument"], row["fixed"], row["why"]) == ("infrastructure", "", "given by the user")
    assert (row["from_name"], row["to_name"]) == ("A1", "B1")
    assert (row["speed_kmh"], row["standard"]) == (rules.road.speed_kmh, rules.road.standard)
    assert row["length_km"] == pytest.approx(100 * rules.road.route_factor, rel=1e-2)
    rail = read("from,to,mode\na1,b1,rail\n").table.iloc[0]
    assert (rail["candidate_id"], rail["speed_kmh"], rail["standard"]) == (
        "own-rail:a1-b1",
        rules.rail.usual_kmh,
        rules.rail.usual_standard,
    )
    assert rail["length_km"] == pytest.approx(100 * rules.rail.route_factor, rel=1e-2)


def test_a_row_with_all_facts_keeps_them(read):
    head = "id,from,to,cost,speed_kmh,length_km,instrument,fixed,note,seconds\n"
    found = read(f"{head}x,a1,b1,7,90,144,barrier,in,why,60\n")
    row = found.table.iloc[0]
    assert (row["candidate_id"], row["cost_low"], row["cost"], row["cost_high"]) == ("x", 7, 7, 7)
    assert (row["speed_kmh"], row["length_km"], row["instrument"], row["fixed"], row["why"]) == (
        90.0,
        144.0,
        "barrier",
        "in",
        "why",
    )
    assert found.arcs["seconds"].tolist() == [60, 60]


@pytest.mark.parametrize(("given", "ride_s"), [("1800", 1800), ("", None)])
def test_a_railway_runs_in_the_seconds_given_or_by_length_and_speed(read, drawn, given, ride_s):
    found = read(
        f"id,from,to,mode,length_km,speed_kmh,seconds,headway_s\nx,a1,b1,rail,100,200,{given},1200\n"
    )
    arcs = {(a, b): s for a, b, s in found.arcs[["tail_id", "head_id", "seconds"]].to_numpy().tolist()}
    expected = ride_s or round(100 / (drawn.access.running.factor * 200) * 3600)
    assert arcs["new:x/0", "new:x/1/arrived"] == arcs["new:x/1", "new:x/0/arrived"] == expected
    wait_s = drawn.access.wait_s(link_class="hsr250", headway_s=1200)
    assert arcs["new:station/a1/check-in-hsr", "new:x/0"] == wait_s + drawn.access.running.start_s


def test_a_name_of_two_cities_needs_the_id(tmp_path):
    places = cities(
        ROAD, [("x", (0, 0), 90_000, 0), ("X", (100, 0), 80_000, 1), ("c1", (200, 0), 70_000, -1)]
    )
    base = base_case(ROAD, places)
    path = tmp_path / "own.csv"
    for text, fault in (
        ("from,to\nx,C1\n", "to: C1 is not joined to the road network"),
        ("from,to\nx,zzz\n", "to: no city is called 'zzz'"),
    ):
        path.write_text(text)
        with pytest.raises(CandidateError) as error:
            read_own(path, base, builtin_cost_table(), PLAIN)
        assert list(error.value.faults) == [f"row 1: {fault}"]
    same = dataclasses.replace(base, cities=base.cities.assign(name=["Both", "Both", "C"]))
    path.write_text("from,to\nboth,x\n")
    with pytest.raises(CandidateError, match="'both' names 2 cities; give the id"):
        read_own(path, same, builtin_cost_table(), PLAIN)


@pytest.mark.parametrize(("snap_km", "joins"), [(5.1, True), (4.9, False)])
def test_a_position_stands_for_a_node_within_the_distance(tmp_path, drawn, snap_km, joins):
    path = tmp_path / "own.csv"
    path.write_text(f"from_lon,from_lat,to,cost\n{5 * KM},0,b1,7\n")
    if joins:
        found = read_own(path, drawn, builtin_cost_table(), PLAIN, snap_km=snap_km)
        assert found.table["candidate_id"].tolist() == ["own-road:0.045,0.000-b1"]
    else:
        with pytest.raises(CandidateError, match=r"the nearest road node is 5.0 km off, the limit is 4.9 km"):
            read_own(path, drawn, builtin_cost_table(), PLAIN, snap_km=snap_km)


@pytest.mark.parametrize(
    ("lon", "lat", "is_position"),
    [(180, 0, True), (180.1, 0, False), (-180.1, 0, False), (0, 90, True), (0, 90.1, False)],
)
def test_positions_are_degrees(read, lon, lat, is_position):
    message = "nearest road node is" if is_position else "is no position in degrees"
    with pytest.raises(CandidateError, match=message):
        read(f"from,to_lon,to_lat\nb1,{lon},{lat}\n")


def test_empty_cells_are_no_values():
    assert [is_empty(value) for value in (None, float("nan"), "", "  ", "x", 0, shapely.Point(0, 0))] == [
        True,
        True,
        True,
        True,
        False,
        False,
        False,
    ]
    assert as_number("1.5") == 1.5
    assert math.isnan(as_number("x"))
