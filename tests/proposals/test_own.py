"""Check the user's own candidates."""

from __future__ import annotations

import geopandas as gpd
import pytest
import shapely
from candidates_drawing import KM, base_case, cities, network

from optimiser.problem.errors import CandidateError
from optimiser.proposals.costs import AllPlain, builtin_cost_table
from optimiser.proposals.own import read_own

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
        return read_own(path, drawn, builtin_cost_table(), AllPlain())

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
        found.append(read_own(tmp_path / name, drawn, builtin_cost_table(), AllPlain()))
    assert found[0].arcs.equals(found[1].arcs)
    assert found[0].table["length_km"][0] == pytest.approx(found[1].table["length_km"][0])
    assert found[0].table["length_km"][0] == pytest.approx(109.5, abs=0.5)


def test_other_coordinate_systems_are_turned_into_degrees(tmp_path, drawn):
    line = shapely.LineString([(0, 0), (100 * KM, 0)])
    gpd.GeoDataFrame({"id": ["x"]}, geometry=[line], crs=4326).to_crs(3857).to_file(tmp_path / "own.gpkg")
    found = read_own(tmp_path / "own.gpkg", drawn, builtin_cost_table(), AllPlain())
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
    with pytest.raises(CandidateError, match="did you mean `speed_kmh`"):
        read("from,to,speed_kph\na1,b1,100\n")


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
        read_own(tmp_path / "none.csv", drawn, builtin_cost_table(), AllPlain())
