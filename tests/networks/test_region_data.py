"""Test that the embedded region agrees with its README."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import date
from itertools import pairwise

import networkx as nx
import osmium
import pytest
from shapely import Point, STRtree
from shapely.geometry import box, shape

from networks import regions
from networks.errors import SourceError
from networks.osm.tags import duration_s, had_ended, was_open
from networks.world.geograph import distance_km
from tools.region import facts
from tools.region.patterns import is_in_timetable
from tools.region.timetable import read_patterns

REGION = regions.read("jing-jin-ji")


@pytest.fixture(scope="module")
def elements():
    """Nodes, ways and relations of the embedded file as plain values."""
    nodes, ways, relations = {}, {}, {}
    for item in osmium.FileProcessor(str(REGION.network)):
        if item.is_node():
            nodes[item.id] = ((item.location.lat, item.location.lon), dict(item.tags))
        elif item.is_way():
            ways[item.id] = ([node.ref for node in item.nodes], dict(item.tags))
        elif item.is_relation():
            relations[item.id] = ([(m.type, m.ref, m.role) for m in item.members], dict(item.tags))
    return nodes, ways, relations


@pytest.fixture(scope="module")
def roads(elements):
    """Road graph with km."""
    nodes, ways, _ = elements
    return _graph(nodes, [way for way in ways.values() if "highway" in way[1]])


@pytest.fixture(scope="module")
def tracks(elements):
    """Track graph with km."""
    nodes, ways, _ = elements
    return _graph(nodes, [way for way in ways.values() if "railway" in way[1]])


def _graph(nodes, ways):
    graph = nx.Graph()
    for refs, tags in ways:
        for a, b in pairwise(refs):
            graph.add_edge(
                a, b, km=distance_km(nodes[a][0], nodes[b][0]), **{"class": tags.get("highway", "")}
            )
    return graph


def _places(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_region_is_listed_and_its_files_exist():
    assert "jing-jin-ji" in regions.names()
    for path in (REGION.network, REGION.cities, REGION.counties, REGION.terrain, REGION.facts, REGION.readme):
        assert path.exists()


def test_an_unknown_region_is_rejected_with_the_closest_name():
    with pytest.raises(SourceError, match="did you mean jing-jin-ji"):
        regions.folder("jing-jin-jo")


def test_the_folder_is_smaller_than_five_megabytes():
    size = sum(path.stat().st_size for path in regions.folder("jing-jin-ji").rglob("*") if path.is_file())
    assert size < 5_000_000


def test_the_region_has_two_core_twelve_secondary_and_twenty_small_cities():
    assert Counter(row["tier"] for row in _places(REGION.cities)) == {"core": 2, "secondary": 12, "small": 20}


def test_the_tier_of_each_city_follows_from_its_population():
    for row in _places(REGION.cities):
        people = int(row["population"])
        assert row["tier"] == (
            "core" if people >= 5_000_000 else "secondary" if people >= 500_000 else "small"
        )


def test_each_place_states_its_definition_of_population():
    for path in (REGION.cities, REGION.counties):
        assert all("census" in row["population_definition"] and row["source"] for row in _places(path))


def test_each_list_has_one_definition_of_population():
    assert {row["population_definition"] for row in _places(REGION.cities)} == {
        "residents of the built-up area (城区人口), 2020 census"
    }
    assert all(
        row["population_definition"].startswith("urban residents (城镇人口)")
        for row in _places(REGION.counties)
    )


def test_the_counties_sum_to_the_urban_residents_of_the_three_units():
    assert sum(int(row["population"]) for row in _places(REGION.counties)) == 75_727_359


def test_names_and_ids_of_places_are_unique():
    for path in (REGION.cities, REGION.counties):
        for column in ("id", "name"):
            assert max(Counter(row[column] for row in _places(path)).values()) == 1


def test_the_list_of_counties_contains_the_cities():
    assert {row["id"] for row in _places(REGION.cities)} <= {row["id"] for row in _places(REGION.counties)}


def test_every_city_is_within_five_km_of_the_main_road_network(elements, roads):
    main = max(nx.connected_components(roads), key=len)
    for row in _places(REGION.cities):
        here = (float(row["lat"]), float(row["lon"]))
        assert min(distance_km(here, elements[0][node][0]) for node in main) < 5, row["name"]


def test_nearly_all_roads_are_connected(roads):
    assert len(max(nx.connected_components(roads), key=len)) > 0.99 * roads.number_of_nodes()


def test_the_length_of_expressways_agrees_with_the_readme(roads):
    km = sum(data["km"] for _, _, data in roads.edges(data=True) if data["class"] == "motorway")
    assert km == pytest.approx(10_400, rel=0.02)


def test_all_roads_are_motorway_or_primary(elements):
    classes = {tags["highway"] for _, tags in elements[1].values() if "highway" in tags}
    assert classes == {"motorway", "primary"}


def test_every_expressway_of_the_table_is_in_the_file(elements):
    refs = {
        ref for _, tags in elements[1].values() if "highway" in tags for ref in tags.get("ref", "").split(";")
    }
    assert {corridor.id for corridor in facts.expressways(REGION.facts)} <= refs


@pytest.mark.parametrize(
    "tag", ["maxspeed", "start_date", "interval", "highspeed", "electrified", "usage", "tracks"]
)
def test_each_inferred_tag_has_a_source(elements, tag):
    _, ways, relations = elements
    source = {"highspeed": "source:maxspeed", "usage": "source"}.get(tag, f"source:{tag}")
    for _, tags in [*ways.values(), *relations.values()]:
        if tag in tags:
            assert source in tags


def test_each_road_class_has_a_source(elements):
    assert all("source:highway" in tags for _, tags in elements[1].values() if "highway" in tags)


def test_all_tracks_state_the_length_factor_of_the_region(elements):
    factors = {tags["polyring:length_factor"] for _, tags in elements[1].values() if "railway" in tags}
    assert factors == {f"{REGION.rail_length_factor:g}"}


def test_each_line_has_a_track_with_its_stations(elements, tracks):
    nodes, ways, _ = elements
    refs = {ref for _, tags in ways.values() if "railway" in tags for ref in tags.get("ref", "").split(";")}
    assert {line.id for line in facts.rail_lines(REGION.facts)} <= refs
    assert all(node in tracks for node, (_, tags) in nodes.items() if tags.get("railway") == "station")


def test_each_station_of_a_passenger_line_is_one_node(elements):
    keys = Counter(tags["ref"] for _, tags in elements[0].values() if tags.get("railway") == "station")
    wanted = {
        p.key for line in facts.rail_lines(REGION.facts) if line.traffic != "freight" for p in line.places
    }
    assert set(keys) == wanted
    assert max(keys.values()) == 1


def test_the_ways_of_each_service_connect_its_stops_in_order(elements):
    _, ways, relations = elements
    assert len(relations) > 200
    for members, tags in relations.values():
        stops = [ref for kind, ref, role in members if kind == "n" and role == "stop"]
        passed = [stops[0]]
        for _, ref, _ in (member for member in members if member[0] == "w"):
            refs = ways[ref][0] if ways[ref][0][0] == passed[-1] else ways[ref][0][::-1]
            assert refs[0] == passed[-1], tags["name"]
            passed.extend(refs[1:])
        assert passed[-1] == stops[-1]
        assert [node for node in dict.fromkeys(passed) if node in set(stops)] == stops


def test_every_passenger_line_outside_the_timetable_has_a_local_service_in_both_directions(elements):
    refs = Counter(tags["ref"] for _, tags in elements[2].values())
    patterns, counted = read_patterns(REGION.facts), []
    for line in facts.rail_lines(REGION.facts):
        counted += [line.id] if is_in_timetable(line, patterns) else []
        expected = 0 if line.traffic == "freight" or line.id in counted else 2
        assert refs[f"{line.id} local"] == expected
    assert set(counted) == {
        *("jingguang_hs1", "jingguang_hs2", "jinghu_hs", "jingjin", "jingjin_ext", "jinbao", "jinqin"),
        *("qinshen", "shitai_hs"),
    }


def test_the_relations_hold_every_train_of_the_timetable_with_its_minutes(elements):
    timed = [tags for _, tags in elements[2].values() if "polyring:minutes" in tags]
    patterns = read_patterns(REGION.facts)
    day = date(2016, 3, 10)
    of_day = [
        tags
        for tags in timed
        if was_open(tags["start_date"], on=day) and not had_ended(tags.get("end_date", ""), on=day)
    ]
    assert len(of_day) == sum("end_date" not in tags for tags in timed) == 2 * len(patterns) == 484
    assert sum(pattern.trains_a_day for pattern in patterns) == 663 / 2
    # A train of one direction counts half in each, so that its interval is longer than a day.
    read_a_day = [16 * 3600 / (duration_s(tags["interval"]) or 1) for tags in of_day]
    assert sum(read_a_day) == pytest.approx(663, abs=0.1)
    express = [tags for tags in timed if tags["ref"].startswith("C-11 ") and tags["to"] == "TianJin"]
    assert {tags["interval"] for tags in express} == {"00:17:57"}
    assert [tags["polyring:minutes"] for tags in express] == ["33", "29.6"]
    assert [(tags["start_date"], tags.get("end_date")) for tags in express] == [
        ("2008-08-01", "2018-08-07"),
        ("2018-08-08", None),
    ]


def test_drawn_roads_have_their_known_length(elements):
    nodes, ways, _ = elements
    known = {c.id: c.known_km for c in facts.expressways(REGION.facts) if not c.matched}
    for ref in ("S-TH", "S-JW", "S3801", "S1", "S-XL", "S-SH"):
        km = sum(
            distance_km(nodes[a][0], nodes[b][0])
            for refs, tags in ways.values()
            if tags.get("source:geometry") == "curated" and ref in tags.get("ref", "").split(";")
            for a, b in pairwise(refs)
        )
        assert km == pytest.approx(known[ref], rel=0.03)


def test_the_terrain_covers_the_box_without_overlaps():
    features = json.loads(REGION.terrain.read_text(encoding="utf-8"))["features"]
    shapes = [shape(feature["geometry"]) for feature in features]
    assert {feature["properties"]["terrain"] for feature in features} == {"plain", "hill", "mountain"}
    south, west, north, east = REGION.bbox
    assert sum(area.area for area in shapes) == pytest.approx(box(west, south, east, north).area, rel=0.001)
    assert len(STRtree(shapes).query(Point(116.4, 39.9), predicate="within")) == 1
