"""Test reading: selection by tag, ways cut at the border, counts."""

from __future__ import annotations

import gzip
import itertools

import networkx as nx
import numpy as np
import osmium
import pytest
from hypothesis import given
from hypothesis import strategies as st
from osm_drawing import GRID, write
from tiers import examples, long_case

from networks import osm, road
from networks.errors import SourceError
from networks.osm.elements import Nodes, element_name, point_id
from networks.osm.reader import cut_at_missing
from networks.osm.scan import RawWays

CROSS = [(10, (1, 2, 3), {"highway": "primary", "name": "京藏路"}), (11, (4, 2, 5), {"highway": "footway"})]


def ids_of(elements: osm.Elements, ways: osm.Ways) -> list[list[int]]:
    """Return the node ids of each way."""
    return [
        elements.nodes.id[ways.rows[a:b]].tolist()
        for a, b in zip(ways.offsets[:-1], ways.offsets[1:], strict=True)
    ]


def test_no_tag_keeps_a_character_that_a_terminal_would_obey(tmp_path):
    way = (10, (1, 2, 3), {"highway": "primary", "name": "a\x1b[31mred"})
    (tags,) = osm.read(write(tmp_path / "way.osm.pbf", nodes=GRID, ways=[way])).roads.tags
    assert tags["name"].isprintable()
    assert tags["name"].endswith("red")


@pytest.fixture
def everything(tmp_path):
    """A file with one element of each kind that is read, and some that are ignored."""
    return write(
        tmp_path / "all.osm.pbf",
        nodes=GRID,
        node_tags={
            2: {"railway": "station", "name": "Mid"},
            3: {"railway": "halt"},
            4: {"place": "city", "population": "12,345", "name": "North"},
            5: {"place": "town"},
            1: {"railway": "stop", "name": "Platform"},
        },
        ways=[
            (20, (1, 2), {"highway": "primary", "surface": "asphalt", "source": "survey"}),
            (21, (2, 3), {"highway": "primary_link"}),
            (22, (1, 2, 3), {"railway": "rail", "source": "survey"}),
            (23, (2, 4), {"route": "ferry"}),
            (24, (1, 4), {"railway": "construction"}),
            (25, (1, 5), {"highway": "residential"}),
            (26, (1, 4, 3, 5), {"railway": "station", "name": "Hall"}),
        ],
        relations=[
            (30, [("w", 22, ""), ("n", 1, "stop"), ("n", 3, "stop")], {"type": "route", "route": "train"}),
            (31, [("w", 20, "")], {"type": "route", "route": "bus"}),
        ],
    )


def test_roads_of_the_default_classes_and_their_slip_roads_are_read(everything):
    assert osm.read(everything).roads.id.tolist() == [20, 21]


def test_other_road_classes_can_be_requested(everything):
    assert osm.read(everything, roads=frozenset({"residential"})).roads.id.tolist() == [25]


def test_roads_keep_only_the_tags_that_are_read(everything):
    assert dict(osm.read(everything).roads.tags[0]) == {"highway": "primary", "surface": "asphalt"}


def test_tracks_keep_all_tags(everything):
    tracks = osm.read(everything).tracks
    assert tracks.id.tolist() == [22]
    assert dict(tracks.tags[0]) == {"railway": "rail", "source": "survey"}


def test_stations_are_nodes_and_outlines(everything):
    stations = osm.read(everything).stations
    assert stations.id.tolist() == [-26, 2, 3]
    assert stations.tags[0]["name"] == "Hall"
    assert stations.lon[0] == pytest.approx((116.0 + 116.01 + 116.02 + 116.01) / 4)


def test_cities_and_towns_are_read_also_without_population(everything):
    places = osm.read(everything).places
    assert places.id.tolist() == [4, 5]
    assert [tags.get("population") for tags in places.tags] == ["12,345", None]


def test_train_routes_keep_the_order_of_their_members(everything):
    (route,) = osm.read(everything).relations
    assert route.id == 30
    assert [tuple(member) for member in route.members] == [("w", 22, ""), ("n", 1, "stop"), ("n", 3, "stop")]


def test_stops_are_node_members_with_their_tags(everything):
    stops = osm.read(everything).stops
    assert stops.id.tolist() == [1, 3]
    assert stops.tags[0]["name"] == "Platform"


def test_rail_and_ferries_can_be_excluded(everything):
    elements = osm.read(everything, rail=False, ferries=False)
    assert (len(elements.tracks), len(elements.stations), len(elements.ferries)) == (0, 0, 0)
    assert elements.relations == ()


def test_only_nodes_in_use_are_kept(everything):
    elements = osm.read(everything, roads=frozenset({"residential"}), rail=False, ferries=False)
    assert elements.nodes.id.tolist() == [1, 5]


@pytest.mark.parametrize("name", ["a.osm", "a.osm.gz", "a.osm.bz2", "a.osm.pbf"])
def test_all_formats_give_the_same_elements(tmp_path, name):
    elements = osm.read(write(tmp_path / name, nodes=GRID, ways=CROSS))
    assert ids_of(elements, elements.roads) == [[1, 2, 3]]
    assert elements.nodes.lon.tolist() == [116.0, 116.01, 116.02]
    assert elements.roads.tags[0]["name"] == "京藏路"


def test_multi_stream_compressed_files_are_read(tmp_path):
    plain = write(tmp_path / "a.osm", nodes=GRID, ways=CROSS).read_bytes()
    (tmp_path / "b.osm.gz").write_bytes(gzip.compress(plain[:200]) + gzip.compress(plain[200:]))
    assert len(osm.read(tmp_path / "b.osm.gz").roads) == 1


def test_a_way_is_cut_where_its_nodes_are_missing(tmp_path):
    ways = [(7, (1, 2, 3, 77, 5, 4), {"highway": "trunk"})]
    elements = osm.read(write(tmp_path / "cut.osm", nodes=GRID, ways=ways))
    assert ids_of(elements, elements.roads) == [[1, 2, 3], [5, 4]]
    assert elements.roads.id.tolist() == [7, 7]
    assert (elements.counts.ways_cut, elements.counts.nodes_missing) == (1, 1)


def test_ways_of_which_nothing_is_left_are_counted(tmp_path):
    ways = [(7, (1, 2, 3, 4, 5), {"highway": "trunk"}), (8, (1, 88), {"highway": "trunk"})]
    elements = osm.read(write(tmp_path / "cut.osm", nodes=GRID, ways=ways))
    assert dict(elements.counts.dropped) == {"fewer_than_two_nodes": 1}


def test_too_many_missing_nodes_are_rejected(tmp_path):
    path = write(tmp_path / "torn.osm", nodes=GRID, ways=[(7, (1, 2, 71, 72, 73), {"highway": "trunk"})])
    with pytest.raises(SourceError, match="60 %"):
        osm.read(path)
    assert len(osm.read(path, most_missing=0.7).roads) == 1


@given(
    ways=st.lists(st.lists(st.integers(1, 12), max_size=9), min_size=1, max_size=8),
    held=st.sets(st.integers(1, 12), min_size=1),
)
@examples(200)
def test_cutting_keeps_exactly_the_segments_with_both_nodes(ways, held):
    raw = RawWays()
    for number, refs in enumerate(ways):
        raw.id.append(number)
        raw.refs.extend(refs)
        raw.ends.append(len(raw.refs))
        raw.tags.append({"number": str(number)})
    ids = np.array(sorted(held), dtype=np.int64)
    cut, counts = cut_at_missing(raw, Nodes(id=ids, lon=ids / 1.0, lat=ids / 1.0))
    found = [
        (int(cut.id[i]), int(ids[a]), int(ids[b]))
        for i in range(len(cut))
        for a, b in zip(
            cut.rows[cut.offsets[i] : cut.offsets[i + 1] - 1],
            cut.rows[cut.offsets[i] + 1 : cut.offsets[i + 1]],
            strict=True,
        )
    ]
    wanted = [
        (number, a, b)
        for number, refs in enumerate(ways)
        for a, b in itertools.pairwise(refs)
        if a in held and b in held
    ]
    assert found == wanted
    assert all(tags["number"] == str(way) for way, tags in zip(cut.id, cut.tags, strict=True))
    assert counts["nodes_missing"] == sum(ref not in held for refs in ways for ref in refs)
    assert (np.diff(cut.offsets) >= 2).all()


@given(held=st.sets(st.integers(-5, 30)), asked=st.lists(st.integers(-8, 35)))
def test_rows_of_returns_the_row_or_minus_one(held, asked):
    ids = np.array(sorted(held), dtype=np.int64)
    rows = Nodes(id=ids, lon=ids / 1.0, lat=ids / 1.0).rows_of(np.array(asked, dtype=np.int64))
    assert rows.tolist() == [sorted(held).index(one) if one in held else -1 for one in asked]


def test_take_keeps_entries_intact(everything):
    elements = osm.read(everything)
    kept = elements.roads.take(np.array([False, True]))
    assert ids_of(elements, kept) == [[2, 3]]
    assert kept.tags[0]["highway"] == "primary_link"


@pytest.mark.long
@pytest.mark.shared
def test_both_formats_of_andorra_contain_the_same_roads(shared_dir):
    first, second = (
        osm.read(shared_dir / "data" / "osm" / name) for name in ("gh_andorra.osm.gz", "gh_andorra.osm.pbf")
    )
    assert first.roads.id.tolist() == second.roads.id.tolist()
    assert first.nodes.id.tolist() == second.nodes.id.tolist()


@pytest.mark.shared
@pytest.mark.parametrize("name", [long_case("ors_heidelberg.osm.pbf"), "gh_krems.osm.gz"])
def test_an_unfiltered_reader_finds_the_same_roads(shared_dir, name):
    path = shared_dir / "data" / "osm" / name
    places, roads = {}, {}
    for item in osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY):
        if item.is_node():
            places[item.id] = (item.location.x, item.location.y)
        elif item.tags.get("highway", "").removesuffix("_link") in osm.DEFAULT_CLASSES:
            roads[item.id] = [places[node.ref] for node in item.nodes]
    elements = osm.read(path)
    found = {
        int(way): [
            (round(x * 1e7), round(y * 1e7))
            for x, y in zip(elements.nodes.lon[rows], elements.nodes.lat[rows], strict=True)
        ]
        for way, rows in zip(
            elements.roads.id, np.split(elements.roads.rows, elements.roads.offsets[1:-1]), strict=True
        )
    }
    assert found == roads


def test_ways_of_a_ferry_relation_are_read_with_what_they_lack(tmp_path):
    """Way 40 has no tags at all; way 41 forbids cars itself; way 42 is a road that the ferry shares."""
    path = write(
        tmp_path / "ferry.osm.pbf",
        nodes=GRID,
        ways=[
            (40, (1, 2), {}),
            (41, (2, 3), {"route": "ferry", "motor_vehicle": "no"}),
            (42, (4, 5), {"highway": "primary"}),
            (43, (1, 4), {}),
        ],
        relations=[
            (
                50,
                [("w", 40, ""), ("w", 41, ""), ("w", 42, "")],
                {"type": "route", "route": "ferry", "motor_vehicle": "yes", "duration": "00:20"},
            ),
        ],
    )
    elements = osm.read(path)
    tags = dict(zip(elements.ferries.id.tolist(), map(dict, elements.ferries.tags), strict=True))
    assert tags == {
        40: {"route": "ferry", "motor_vehicle": "yes"},
        41: {"route": "ferry", "motor_vehicle": "no"},
    }
    assert elements.roads.id.tolist() == [42]
    assert ids_of(elements, elements.ferries) == [[2, 3], [1, 2]]


def test_barriers_on_ways_are_read_with_the_tags_that_matter(tmp_path):
    path = write(
        tmp_path / "barriers.osm.pbf",
        nodes=GRID,
        node_tags={
            1: {"barrier": "bollard", "material": "steel"},
            2: {"highway": "crossing", "access": "no"},
            3: {"highway": "traffic_signals"},
            5: {"barrier": "gate"},
        },
        ways=[(20, (1, 2, 3), {"highway": "primary"})],
    )
    barriers = osm.read(path).barriers
    assert barriers.id.tolist() == [1, 2]
    assert list(map(dict, barriers.tags)) == [{"barrier": "bollard"}, {"highway": "crossing", "access": "no"}]
    assert barriers.lon.tolist() == [116.0, 116.01]


def test_platforms_are_read_where_a_train_has_no_stop_positions(tmp_path):
    ways = [(22, (1, 2, 3), {"railway": "rail"}), (26, (1, 4, 3, 5), {"railway": "platform", "name": "1"})]
    path = write(
        tmp_path / "platforms.osm.pbf",
        nodes=GRID,
        ways=ways,
        relations=[(30, [("w", 22, ""), ("w", 26, "platform")], {"route": "train"})],
    )
    stops = osm.read(path).stops
    assert stops.id.tolist() == [-26]
    assert stops.lon[0] == pytest.approx(116.01)


def test_stations_of_public_transport_count_where_trains_stop(tmp_path):
    path = write(
        tmp_path / "stations.osm.pbf",
        nodes=GRID,
        node_tags={
            1: {"public_transport": "station", "train": "yes"},
            2: {"public_transport": "station", "bus": "yes"},
            3: {"public_transport": "station", "train": "yes", "railway": "tram_stop"},
        },
        ways=[(22, (1, 2, 3), {"railway": "rail"})],
    )
    assert osm.read(path).stations.id.tolist() == [1]


PIER = GRID | {6: (116.03, 40.0), 7: (116.04, 40.0), 8: (116.1, 40.0), 9: (116.03, 40.01)}


def pier(tmp_path, ferry=(7, 8), **tags):
    """A primary road 1 2, two service roads to the pier at 7, one to nowhere, and a ferry to 8."""
    return write(
        tmp_path / "pier.osm.pbf",
        nodes=PIER,
        ways=[
            (20, (1, 2), {"highway": "primary"}),
            (21, (2, 3, 6), {"highway": "service", "surface": "gravel", "source": "survey"}),
            (22, (6, 7), {"highway": "residential"}),
            (23, (6, 9), {"highway": "service"}),
            (24, ferry, {"route": "ferry", **tags}),
        ],
    )


def test_small_roads_on_the_way_to_a_ferry_are_read(tmp_path):
    elements = osm.read(pier(tmp_path))
    assert elements.roads.id.tolist() == [20, 21, 22]
    assert dict(elements.roads.tags[1]) == {"highway": "service", "surface": "gravel"}
    network, _ = road.build(elements)
    assert len(set(network.components())) == 1


def test_no_small_road_is_read_where_a_ferry_meets_a_road(tmp_path):
    assert osm.read(pier(tmp_path, ferry=(2, 8))).roads.id.tolist() == [20]


def test_no_small_road_is_read_without_ferries(tmp_path):
    assert osm.read(pier(tmp_path), ferries=False).roads.id.tolist() == [20]


def test_no_small_road_is_read_for_a_ferry_without_cars(tmp_path):
    assert osm.read(pier(tmp_path, motor_vehicle="no")).roads.id.tolist() == [20]


def test_a_station_may_be_a_relation_of_ways_and_nodes(tmp_path):
    """Its outline is two ways without tags; a platform of the same file is no station."""
    path = write(
        tmp_path / "relation.osm.pbf",
        nodes=GRID,
        ways=[(22, (1, 2, 3), {"railway": "rail"}), (26, (1, 4), {}), (27, (4, 5), {})],
        relations=[
            (40, [("w", 26, "outer"), ("w", 27, "outer")], {"type": "multipolygon", "railway": "station"}),
            (41, [("n", 3, "")], {"type": "site", "public_transport": "station", "train": "yes"}),
            (42, [("w", 26, "outer")], {"type": "multipolygon", "railway": "platform"}),
            (43, [("w", 99, "outer")], {"type": "multipolygon", "railway": "station"}),
        ],
    )
    stations = osm.read(path).stations
    assert stations.id.tolist() == [point_id("r", 41), point_id("r", 40)]
    assert stations.lon.tolist() == pytest.approx([116.02, (116.0 + 3 * 116.01) / 4])
    assert stations.lat.tolist() == pytest.approx([40.0, (40.0 + 2 * 40.01 + 39.99) / 4])
    assert element_name(int(stations.id[0])) == "relation 41"


def test_only_stop_areas_of_trains_are_kept(tmp_path):
    areas = {"type": "public_transport", "public_transport": "stop_area"}
    path = write(
        tmp_path / "areas.osm.pbf",
        nodes=GRID,
        node_tags={2: {"railway": "station", "name": "B"}},
        ways=[(22, (1, 2, 3), {"railway": "rail"})],
        relations=[
            (30, [("w", 22, ""), ("n", 1, "stop")], {"type": "route", "route": "train"}),
            (40, [("n", 2, ""), ("w", 22, "")], areas | {"name": "B"}),
            (41, [("n", 1, "stop")], areas),
            (42, [("n", 5, "platform")], areas),
        ],
    )
    assert [area.id for area in osm.read(path).stop_areas] == [40, 41]


def test_a_shuttle_train_may_be_a_relation_of_tracks(tmp_path):
    path = write(
        tmp_path / "shuttle.osm.pbf",
        nodes=GRID,
        ways=[
            (20, (4, 2), {"highway": "primary"}),
            (22, (2, 3), {"railway": "rail"}),
            (23, (1, 2), {"railway": "platform"}),
        ],
        relations=[
            (
                30,
                [("w", 22, ""), ("w", 23, "platform")],
                {"route": "shuttle_train", "motorcar": "yes", "duration": "00:20"},
            )
        ],
    )
    elements = osm.read(path)
    assert (elements.tracks.id.tolist(), elements.ferries.id.tolist()) == ([22], [22])
    assert elements.ferries.tags[0]["route"] == "shuttle_train"
    network, _ = road.build(elements)
    (train,) = network.links[network.links["link_class"] == "shuttle_train"].itertuples()
    assert train.forward_s == 20 * 60 + 1200


def test_a_ferry_on_a_way_with_highway_is_a_ferry(tmp_path):
    ways = [(20, (1, 2), {"highway": "primary"}), (21, (2, 3), {"highway": "primary", "route": "ferry"})]
    elements = osm.read(write(tmp_path / "ferry.osm", nodes=GRID, ways=ways))
    assert (elements.roads.id.tolist(), elements.ferries.id.tolist()) == ([20], [21])


def test_what_is_not_read_is_counted(tmp_path):
    """Only restrictions for cars between two roads that are read count."""
    path = write(
        tmp_path / "unread.osm.pbf",
        nodes=GRID,
        ways=[
            (20, (1, 2), {"highway": "primary", "toll": "yes"}),
            (21, (2, 3), {"highway": "primary", "vehicle:lanes": "no|yes"}),
            (22, (2, 4), {"highway": "footway"}),
            (23, (2, 5), {"highway": "construction", "construction": "motorway"}),
            (24, (1, 4), {"railway": "subway"}),
            (25, (1, 5), {"railway": "rail"}),
        ],
        relations=[
            (30, [("w", 20, "from"), ("n", 2, "via"), ("w", 21, "to")], TURN),
            (31, [("w", 20, "from"), ("n", 2, "via"), ("w", 22, "to")], TURN),
            (
                32,
                [("w", 20, "from"), ("w", 21, "to")],
                {"type": "restriction", "restriction:hgv": "no"},
            ),
            (33, [("w", 20, "from"), ("w", 21, "to")], TURN | {"except": "motorcar"}),
            (34, [("w", 20, "from")], TURN),
        ],
    )
    assert dict(osm.read(path).counts.unread) == {
        "highway=construction": 1,
        "railway=subway": 1,
        "toll": 1,
        "turn restrictions": 1,
        "vehicle:lanes": 1,
    }
    assert "railway=subway" not in osm.read(path, rail=False).counts.unread


TURN = {"type": "restriction", "restriction": "no_left_turn"}


def test_both_ways_between_a_road_and_a_ferry_are_read_where_they_are_one_way(tmp_path):
    """Cars leave the ferry over 21 alone and reach it over 22 and 23; 24 is closed, 25 for foot."""
    path = write(
        tmp_path / "lanes.osm.pbf",
        nodes=PIER,
        ways=[
            (20, (1, 2, 3), {"highway": "primary"}),
            (21, (7, 3), {"highway": "service", "oneway": "yes"}),
            (22, (2, 9), {"highway": "service", "oneway": "yes", "access": "customers"}),
            (23, (7, 9), {"highway": "service", "oneway": "-1"}),
            (24, (7, 2), {"highway": "service", "access": "no"}),
            (25, (7, 1), {"highway": "footway"}),
            (26, (7, 8), {"route": "ferry"}),
        ],
    )
    elements = osm.read(path)
    assert elements.roads.id.tolist() == [20, 21, 22, 23]
    network, report = road.build(elements)
    assert "no_through_traffic" not in report.dropped
    links = network.links
    arcs = links[["tail", "head"]].to_numpy().tolist()
    arcs += links.loc[~links["oneway"], ["head", "tail"]].to_numpy().tolist()
    graph = nx.DiGraph(arcs)
    assert nx.is_strongly_connected(graph)
