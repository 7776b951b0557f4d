"""Test loading cities from files and other sources: tiers, names, and faults with their lines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from tiers import examples

from networks.cities import CityNames, Thresholds, describe_tiers, from_osm_places, from_towns, load_csv
from networks.cities.table import sizes, tier_by_rank
from networks.errors import SchemaError, SourceError
from networks.osm.elements import Elements, Nodes, Points, ReadCounts, Source, Ways
from networks.world import Box, cities_in

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


def test_missing_tiers_follow_from_the_population(load):
    assert load(GOOD).table["tier"].tolist() == ["core", "secondary", "small"]


def test_a_given_tier_has_priority_over_the_population(load):
    text = "id,name,lat,lon,population,tier\n1,A,39,116,9000000,small\n2,B,39,117,9000000,\n"
    assert load(text).table["tier"].tolist() == ["small", "core"]


def test_thresholds_can_be_changed(load):
    cities = load(GOOD, thresholds=Thresholds(core=1_000_000, secondary=1000))
    assert cities.table["tier"].tolist() == ["core", "core", "secondary"]


def test_the_default_limits_of_the_tiers_are_exact():
    found = Thresholds().tier([5_000_001, 5_000_000, 500_000, 499_999])
    assert found.tolist() == ["core", "secondary", "secondary", "small"]


def test_thresholds_in_the_wrong_order_are_rejected():
    with pytest.raises(ValueError, match="secondary <= core"):
        Thresholds(core=1, secondary=2)


def test_cities_have_the_coordinates_of_the_file_and_no_node(load):
    table = load(GOOD).table
    assert (table.geometry.x[0], table.geometry.y[0]) == (116.4, 39.9)
    assert table["road_node"].tolist() == [-1, -1, -1]
    assert table.crs.to_epsg() == 4326


def test_cities_that_share_a_name_get_their_key_added(load):
    text = "id,name,lat,lon,population\n7,Wei,36,115,1\n8,Wei,37,115,1\n9,Ci,36,114,1\n"
    assert load(text).table["name"].tolist() == ["Wei (7)", "Wei (8)", "Ci"]


def test_definition_and_source_are_kept_or_marked_as_not_stated(load):
    head = "id,name,lat,lon,population,population_definition,source"
    text = f"{head}\n1,A,39,116,9,built-up 2020,census\n2,B,39,117,9,,\n"
    assert load(text).table["population_definition"].tolist() == ["built-up 2020", "not stated"]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("1,A,39,116,-5", "line 2 (A): population -5 is negative"),
        ("1,A,39,116,", "line 2 (A): population is missing"),
        ("1,A,39,116,nan", "line 2 (A): population 'nan' is not a number"),
        ("1,A,39,116,many", "line 2 (A): population 'many' is not a number"),
        ("1,A,39,116,1e30", "line 2 (A): population 1e30 exceeds the population of the world"),
        ("1,A,39,116,1.5", "line 2 (A): population 1.5 is not a whole number"),
        ("1,,39,116,5", "line 2: name is empty"),
        (",A,39,116,5", "line 2 (A): id is empty"),
        ("1,A,116,39,5", "line 2 (A): latitude 116 or longitude 39 is out of range; they look swapped"),
        (
            "1,A,44190,4480,5",
            "line 2 (A): latitude 44190 or longitude 4480 is in metres, as it seems; give degrees (WGS 84)",
        ),
        ("1,A,39,999,5", "line 2 (A): latitude 39 or longitude 999 is out of range"),
        ("1,A,north,116,5", "line 2 (A): latitude 'north' or longitude '116' is not a number"),
        ("1,A,39,116", "line 2 (A): population is missing"),
    ],
)
def test_a_fault_is_reported_with_its_line(load, row, fault):
    assert faults_of(load, row) == (fault,)


@pytest.mark.parametrize(("mark", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_a_separator_other_than_a_comma_is_named(load, mark, name):
    with pytest.raises(SchemaError) as caught:
        load(GOOD.replace(",", mark))
    assert caught.value.faults == (f"the columns are separated by {name}; separate them by commas",)


def test_all_faults_are_reported_at_once(load):
    faults = faults_of(load, "1,A,39,116,-5", "1,B,39,116,5", "2,,99,116,x")
    assert faults == (
        "line 2 (A): population -5 is negative",
        "line 4: name is empty",
        "line 4: population 'x' is not a number",
        "line 4: latitude 99 or longitude 116 is out of range",
        "line 3 (B): id '1' is already used in line 2",
    )


def test_a_misspelt_tier_is_rejected(load):
    header = "id,name,lat,lon,population,tier"
    (fault,) = faults_of(load, "1,A,39,116,5,secondry", header=header)
    assert fault == "line 2 (A): tier 'secondry' is unknown; did you mean 'secondary'?"


def test_a_region_may_have_tiers_of_its_own(load):
    text = "id,name,lat,lon,population,tier\n1,A,39,116,9,county_seat\n"
    assert load(text).table["tier"].tolist() == ["county_seat"]


@pytest.mark.parametrize("near", ["populaton", "pop"])
def test_a_missing_column_is_reported_with_the_closest_match(load, near):
    (fault,) = faults_of(load, "1,A,39,116,5", header=f"id,name,lat,lon,{near}")
    assert fault == f"column 'population' is missing; did you mean '{near}'?"


def test_a_file_without_cities_is_rejected(load):
    with pytest.raises(SchemaError, match="no rows"):
        load("id,name,lat,lon,population\n")


def test_a_missing_file_is_reported(tmp_path):
    with pytest.raises(SourceError, match=r"nowhere\.csv"):
        load_csv(tmp_path / "nowhere.csv")


def test_a_binary_file_is_rejected(tmp_path):
    (tmp_path / "cities.csv").write_bytes(b"\xff\xfe\x00id")
    with pytest.raises(SourceError, match="UTF-8"):
        load_csv(tmp_path / "cities.csv")


def test_a_byte_order_mark_is_ignored(load):
    assert len(load("\ufeff" + GOOD)) == 3


def test_geonames_cities_are_sorted_by_population():
    table = from_towns(cities_in(Box.of((116, 39, 118, 41)), least_population=1_000_000)).table
    assert table["name"][:2].tolist() == ["Beijing", "Tianjin"]
    assert table["city_id"][:2].tolist() == ["beijing", "tianjin"]
    assert table["population"].is_monotonic_decreasing
    assert table["population_definition"].str.contains("mix").all()


def elements(*tags):
    count, none = len(tags), np.zeros(0, dtype=np.int64)
    points = Points(np.arange(count) + 10, 116.0 + np.arange(count), np.full(count, 39.0), tags)
    nothing = Points(none, none.astype(float), none.astype(float), ())
    ways = Ways(none, np.zeros(1, dtype=np.int64), none, ())
    nodes = Nodes(none, none.astype(float), none.astype(float))
    return Elements(nodes, ways, ways, ways, nothing, nothing, points, (), Source("x.osm", ""), ReadCounts())


def test_names_of_place_nodes_in_other_languages_are_kept():
    tags = {
        "place": "city", "population": "600000", "name": "Αθήνα", "name:en": "Athens", "name:de": "Athen",
        "name:sr-Latn": "Atina", "alt_name": "Athinai;Athens", "name:etymology": "Athena", "name:fr": "Athen",
    }  # fmt: skip
    table = from_osm_places(elements(tags)).table
    assert table["name"].tolist() == ["Athens"]
    assert table["local_name"].tolist() == ["Αθήνα"]
    assert table["other_names"].tolist() == ["Athinai; Αθήνα; Athen; Atina"]
    assert {CityNames(table).row(text) for text in ("athen", "Αθήνα", "ATINA")} == {0}


def test_smaller_places_of_openstreetmap_are_left_out_and_counted(caplog):
    sizes = (("A", "900"), ("B", "899"), ("C", "none"))
    places = [{"name": name, "population": size} for name, size in sizes]
    assert from_osm_places(elements(*places), min_population=900).table["name"].tolist() == ["A"]
    assert caplog.messages == [
        "1 place(s) of fewer than 900 residents are left out: see cities.least_population."
    ]


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
    assert found["city_id"].tolist() == ["large", "small"]


def test_places_without_population_are_named_with_the_remedy():
    tags = [{"name": "A", "population": "9"}, *({"name": f"{row}"} for row in range(6)), {"population": "5"}]
    (note,) = from_osm_places(elements(*tags)).notes
    assert "6 cities and towns of the map have no population" in note
    assert "(0, 1, 2, 3, 4, ...)" in note
    assert "cities.file" in note
    assert not from_osm_places(elements(tags[0])).notes


def test_a_place_in_the_built_up_area_of_a_larger_one_is_a_part_of_it():
    given = elements(
        *({"name": name, "population": size} for name, size in (("A", "4000000"), ("B", "90000")))
    )
    near = replace(given, places=replace(given.places, lon=np.array([116.0, 116.1])))
    found = from_osm_places(near)
    assert found.table["name"].tolist() == ["A"]
    assert found.merged == ((11, "B", 90_000, "A", 8.6, "built-up area"),)
    assert len(from_osm_places(near, keep=["B"])) == 2


def test_a_source_without_usable_places_is_rejected_with_a_remedy():
    with pytest.raises(SourceError, match="CSV"):
        from_osm_places(elements({"name": "A"}))


@given(text=st.text(max_size=12))
def test_any_population_tag_can_be_parsed(text):
    try:
        table = from_osm_places(elements({"name": "A", "population": text})).table
    except SourceError:
        return
    assert table["population"][0] >= 0


cell = st.one_of(
    st.text(max_size=6), st.sampled_from(["1", "-1", "nan", "inf", "1e400", "39", "116", '"', "1_0", "x"])
)


@examples(150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(cell, min_size=1, max_size=7), max_size=4), whole=st.booleans())
def test_any_table_gives_cities_or_an_error_that_names_the_file(tmp_path, rows, whole):
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


RHINE_RUHR = [1_070_000, 620_000, 588_000, 583_000, 500_000, 365_000, 355_000, 330_000, 315_000, 270_000] + [
    200_000 - 1000 * i for i in range(20)
]
"""Residents of the cities of a cluster without a city above five million."""


def test_tiers_by_rank_are_shares_of_the_cluster():
    tiers = tier_by_rank(RHINE_RUHR).tolist()
    assert tiers == ["core"] * 2 + ["secondary"] * 10 + ["small"] * 18
    assert tier_by_rank(RHINE_RUHR[::-1]).tolist() == tiers[::-1]


def test_a_cluster_has_a_core_city_by_rank_however_small_it_is():
    assert tier_by_rank([10, 20]).tolist() == ["secondary", "core"]
    assert tier_by_rank([10]).tolist() == ["core"]
    assert tier_by_rank([]).tolist() == []


def test_cities_of_equal_population_share_the_higher_tier():
    assert tier_by_rank([100, 100, 50]).tolist() == ["core", "core", "small"]
    assert tier_by_rank([100, 50, 50, 10]).tolist() == ["core", "secondary", "secondary", "small"]


@pytest.mark.parametrize(
    ("rule", "largest", "tiers"),
    [
        ("population", 4_000_000, ["secondary", "secondary", "small"]),
        ("auto", 4_000_000, ["core", "secondary", "small"]),
        ("auto", 6_000_000, ["core", "secondary", "small"]),
        ("rank", 6_000_000, ["core", "secondary", "small"]),
    ],
)
def test_tiers_go_by_rank_where_asked_or_where_no_city_is_core(rule, largest, tiers):
    assert Thresholds(rule=rule).tier([largest, 600_000, 100_000]).tolist() == tiers


@pytest.mark.parametrize(("given", "tiers"), [("core", "core small small"), ("", "core secondary small")])
def test_a_core_city_in_the_table_keeps_tiers_by_population(load, given, tiers):
    rows = f"1,A,39,116,490000,{given}\n2,B,39,117,400000,\n3,C,39,118,300000,\n"
    found = load("id,name,lat,lon,population,tier\n" + rows, thresholds=Thresholds(rule="auto"))
    assert found.table["tier"].tolist() == tiers.split()


@pytest.mark.parametrize(
    ("rule", "people", "said", "note"),
    [
        ("population", [6_000_000, 600_000], "core: more than 5,000,000 residents", ""),
        ("auto", [6_000_000, 600_000], "core: more than 5,000,000 residents", ""),
        ("population", [4_000_000, 600_000], "core: more than 5,000,000", "so that none is core"),
        (
            "auto",
            [900_000, 60_000, 5_000],
            "by rank",
            "No city has more than 5,000,000 residents, so that tiers",
        ),
        ("rank", [900_000, 60_000, 5_000], "by rank", ""),
    ],
)
def test_the_rule_of_the_tiers_is_told(rule, people, said, note):
    thresholds = Thresholds(rule=rule)
    table = pd.DataFrame({"population": people, "tier": thresholds.tier(people)})
    found = describe_tiers(table, thresholds)
    assert found[0].startswith(said)
    assert (note in found[1]) if note else found[1] == ""


def test_tiers_of_the_table_are_told_as_such():
    table = pd.DataFrame({"population": [5, 4, 3], "tier": ["small", "core", "hub"]})
    assert describe_tiers(table, Thresholds()) == (
        "as the table of cities says (1 core, 0 secondary, 1 small, 1 hub)",
        "",
    )


def test_the_largest_of_a_small_cluster_takes_no_longer_to_leave_than_a_town_of_its_size():
    people = [600_000, 240_000, 170_000, 90_000]
    cluster = pd.DataFrame({"population": people, "tier": tier_by_rank(people)})
    assert cluster["tier"].tolist() == ["core", "secondary", "small", "small"]
    assert sizes(cluster) == ["secondary", "small", "small", "small"]
    as_stated = cluster.assign(tier=["core", "core", "small", "small"])
    assert sizes(as_stated) == ["core", "core", "small", "small"]
