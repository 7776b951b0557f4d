"""Cities from files and sources: tiers, labels, and every fault by its line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from networks.cities import Thresholds, from_geonames, from_osm_places, load_csv
from networks.errors import SchemaError, SourceError
from networks.osm.elements import Elements, Nodes, Points, ReadCounts, Source, Ways

GOOD = """id,name,lat,lon,population
1,Beijing,39.9,116.4,17751681
2,Baoding,38.9,115.5,1700000
3,Xinji,37.9,115.2,314028
"""


@pytest.fixture
def load(tmp_path):
    def from_text(text, **options):
        (tmp_path / "cities.csv").write_text(text, encoding="utf-8")
        return load_csv(tmp_path / "cities.csv", **options)

    return from_text


def faults_of(load, *rows, header="id,name,lat,lon,population"):
    with pytest.raises(SchemaError) as caught:
        load("\n".join([header, *rows]) + "\n")
    return caught.value.faults


def test_tiers_follow_population_where_none_is_given(load):
    assert load(GOOD).table["tier"].tolist() == ["core", "secondary", "small"]


def test_a_given_tier_wins_over_population(load):
    text = "id,name,lat,lon,population,tier\n1,A,39,116,9000000,small\n2,B,39,117,9000000,\n"
    assert load(text).table["tier"].tolist() == ["small", "core"]


def test_thresholds_can_be_moved(load):
    cities = load(GOOD, thresholds=Thresholds(core=1_000_000, secondary=1000))
    assert cities.table["tier"].tolist() == ["core", "core", "secondary"]


def test_five_million_is_secondary_and_half_a_million_too():
    found = Thresholds().tier([5_000_001, 5_000_000, 500_000, 499_999])
    assert found.tolist() == ["core", "secondary", "secondary", "small"]


def test_thresholds_in_the_wrong_order_are_refused():
    with pytest.raises(ValueError, match="secondary <= core"):
        Thresholds(core=1, secondary=2)


def test_cities_stand_where_the_file_says_and_are_not_snapped_yet(load):
    table = load(GOOD).table
    assert (table.geometry.x[0], table.geometry.y[0]) == (116.4, 39.9)
    assert table["road_node"].tolist() == [-1, -1, -1]
    assert table.crs.to_epsg() == 4326


def test_namesakes_get_their_key_added(load):
    text = "id,name,lat,lon,population\n7,Wei,36,115,1\n8,Wei,37,115,1\n9,Ci,36,114,1\n"
    assert load(text).table["name"].tolist() == ["Wei (7)", "Wei (8)", "Ci"]


def test_cities_of_some_tiers_are_numbered_afresh(load):
    table = load(GOOD).of_tiers("secondary", "small").table
    assert table["city_id"].tolist() == ["2", "3"]
    assert table.index.tolist() == [0, 1]


def test_definition_and_source_are_kept_or_said_to_be_missing(load):
    head = "id,name,lat,lon,population,population_definition,source"
    text = f"{head}\n1,A,39,116,9,built-up 2020,census\n2,B,39,117,9,,\n"
    assert load(text).table["population_definition"].tolist() == ["built-up 2020", "not stated"]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("1,A,39,116,-5", "line 2 (A): population -5 is negative"),
        ("1,A,39,116,", "line 2 (A): population is missing"),
        ("1,A,39,116,nan", "line 2 (A): population 'nan' is no number"),
        ("1,A,39,116,many", "line 2 (A): population 'many' is no number"),
        ("1,A,39,116,1e30", "line 2 (A): population 1e30 is more than all people there are"),
        ("1,A,39,116,1.5", "line 2 (A): population 1.5 is no whole number"),
        ("1,,39,116,5", "line 2: name is empty"),
        (",A,39,116,5", "line 2 (A): id is empty"),
        ("1,A,116,39,5", "line 2 (A): latitude 116 or longitude 39 is out of range; they look swapped"),
        ("1,A,39,999,5", "line 2 (A): latitude 39 or longitude 999 is out of range"),
        ("1,A,north,116,5", "line 2 (A): latitude 'north', longitude '116' are no two numbers"),
        ("1,A,39,116", "line 2 (A): population is missing"),
    ],
)
def test_a_fault_is_named_by_its_line(load, row, fault):
    assert faults_of(load, row) == (fault,)


def test_all_faults_are_named_at_once(load):
    faults = faults_of(load, "1,A,39,116,-5", "1,B,39,116,5", "2,,99,116,x")
    assert faults == (
        "line 2 (A): population -5 is negative",
        "line 4: name is empty",
        "line 4: population 'x' is no number",
        "line 4: latitude 99 or longitude 116 is out of range",
        "line 3: id '1' stands in line 2 already",
    )


def test_a_near_miss_of_a_tier_is_refused(load):
    header = "id,name,lat,lon,population,tier"
    (fault,) = faults_of(load, "1,A,39,116,5,secondry", header=header)
    assert fault == "line 2 (A): tier 'secondry' is not known; did you mean 'secondary'?"


def test_a_region_may_have_tiers_of_its_own(load):
    text = "id,name,lat,lon,population,tier\n1,A,39,116,9,county_seat\n"
    assert load(text).table["tier"].tolist() == ["county_seat"]


def test_a_missing_column_is_named_with_the_nearest(load):
    (fault,) = faults_of(load, "1,A,39,116,5", header="id,name,lat,lon,populaton")
    assert fault == "column 'population' is missing; did you mean 'populaton'?"


def test_a_file_of_no_cities_is_refused(load):
    with pytest.raises(SchemaError, match="no rows"):
        load("id,name,lat,lon,population\n")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SourceError, match=r"nowhere\.csv"):
        load_csv(tmp_path / "nowhere.csv")


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "cities.csv").write_bytes(b"\xff\xfe\x00id")
    with pytest.raises(SourceError, match="UTF-8"):
        load_csv(tmp_path / "cities.csv")


def test_a_byte_order_mark_does_no_harm(load):
    assert len(load("\ufeff" + GOOD)) == 3


def test_geonames_gives_the_cities_of_a_box_from_the_largest_down():
    table = from_geonames((116, 39, 118, 41), min_population=1_000_000).table
    assert table["name"][:2].tolist() == ["Beijing", "Tianjin"]
    assert table["population"].is_monotonic_decreasing
    assert table["population_definition"].str.contains("mix").all()


def test_an_empty_box_of_geonames_is_named():
    with pytest.raises(SourceError, match="box 0, 0, 1, 1"):
        from_geonames((0, 0, 1, 1), min_population=1000)


def elements(*tags):
    count, none = len(tags), np.zeros(0, dtype=np.int64)
    points = Points(np.arange(count) + 10, np.full(count, 116.0), np.full(count, 39.0), tags)
    nothing = Points(none, none.astype(float), none.astype(float), ())
    ways = Ways(none, np.zeros(1, dtype=np.int64), none, ())
    nodes = Nodes(none, none.astype(float), none.astype(float))
    return Elements(nodes, ways, ways, ways, nothing, nothing, points, (), Source("x.osm", ""), ReadCounts())


def test_places_of_openstreetmap_need_a_name_and_a_population():
    found = from_osm_places(
        elements(
            {"name": "Small", "population": "12 345"},
            {"name": "大", "name:en": "Large", "population": "6,000,000"},
            {"name": "Unknown", "population": "about 5"},
            {"population": "77"},
        )
    ).table
    assert found["name"].tolist() == ["Large", "Small"]
    assert found["population"].tolist() == [6_000_000, 12_345]
    assert found["city_id"].tolist() == ["11", "10"]


def test_a_file_without_such_places_is_refused_with_the_way_out():
    with pytest.raises(SourceError, match="CSV"):
        from_osm_places(elements({"name": "A"}))


@given(text=st.text(max_size=12))
def test_no_population_tag_makes_the_reader_fail(text):
    try:
        table = from_osm_places(elements({"name": "A", "population": text})).table
    except SourceError:
        return
    assert table["population"][0] >= 0


cell = st.one_of(
    st.text(max_size=6), st.sampled_from(["1", "-1", "nan", "inf", "1e400", "39", "116", '"', "1_0", "x"])
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(cell, min_size=1, max_size=7), max_size=4), whole=st.booleans())
def test_no_table_of_cities_gives_anything_but_cities_or_a_named_fault(tmp_path, rows, whole):
    head = ["id,name,lat,lon,population,tier"] if whole else []
    text = "\n".join([*head, *(",".join(row) for row in rows)])
    (tmp_path / "cities.csv").write_bytes(text.encode("utf-8", errors="surrogatepass"))
    try:
        table = load_csv(tmp_path / "cities.csv").table
    except (SchemaError, SourceError) as error:
        assert "cities.csv" in str(error)  # noqa: PT017 - either outcome is right, each in its form
        return
    assert (table["population"] >= 0).all()
    assert table.geometry.x.between(-180, 180).all()
    assert table["city_id"].is_unique
