"""Test the steps of the construction of a region on small networks."""

from __future__ import annotations

import csv
import math
import zipfile
from dataclasses import replace
from itertools import pairwise

import geopandas as gpd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from networks.errors import SourceError
from networks.world.geograph import (
    Elements,
    Geograph,
    chains,
    distance_km,
    length_km,
    merge_short_edges,
    read_clipped,
    write,
)
from networks.world.towns import Box
from tools.region.facts import Corridor, Place, Raised, Stretch, Through
from tools.region.geometry import crossing, foot_share, stretched, turn_deg
from tools.region.matching import WorkingGraph, best_legs, without_spurs
from tools.region.patterns import add_patterns, is_through_in_timetable
from tools.region.rails import Layout, Zone, add_tracks, lay_out, slow_zones, smoothed
from tools.region.roads import Town, add_roads, classify, ground_lengths
from tools.region.services import (
    Run,
    add_services,
    interval,
    is_large,
    join_overlapping,
    join_through,
    line_services,
    through_services,
)
from tools.region.timetable import COLUMNS, Pattern, group, read_patterns

DEGREE_KM = 111.19508


def place(key, lat, lon, source="parse12306"):
    return Place(key=key, name=key, name_zh=key, point=(lat, lon), source=source)


def corridor(key, places, **other):
    facts = {
        "name": key,
        "name_zh": key,
        "kind": "national",
        "design_kmh": 120.0,
        "known_km": None,
        "opened": "2000",
        "opened_source": "memory (quality C)",
        "speed_source": "memory (quality C)",
        "matched": True,
    }
    return Corridor(id=key, places=tuple(places), **{**facts, **other})


def ladder():
    """Two parallel roads 0.2 degrees apart, joined by rungs every half degree."""
    points = [(lat, lon / 2) for lat in (40.0, 40.2) for lon in range(5)]
    edges = {(a, a + 1): distance_km(points[a], points[a + 1]) for a in (0, 1, 2, 3, 5, 6, 7, 8)}
    edges |= {(a, a + 5): distance_km(points[a], points[a + 5]) for a in range(5)}
    return WorkingGraph.of(Geograph(tuple(points), edges))


def written(graph, corridors, *, terrain="plain", design_kmh=None):
    """Write classified roads that lie in one terrain."""
    places, elements = dict.fromkeys(graph.edges, terrain), Elements()
    ground = ground_lengths(graph, corridors, places, 1.07)
    add_roads(graph, corridors, elements, ground=ground, terrain=places, design_kmh=design_kmh or {})
    return elements


def test_clipping_keeps_edges_inside_the_box_and_drops_loops(tmp_path):
    file = tmp_path / "world.py"
    file.write_text(
        "graph=[{1: 1.5, 0: 0.0}, {0: 1.5, 2: 2.0}, {1: 2.0}, {}]\n"
        "nodes=[[40.0, 115.0], [40.1, 115.0], [50.0, 115.0], [41.0, 116.0]]\n",
        encoding="utf-8",
    )
    graph = read_clipped(file, Box(south=36, north=43, west=113, east=120))
    assert graph == Geograph(((40.0, 115.0), (40.1, 115.0), (41.0, 116.0)), {(0, 1): 1.5})


def test_a_file_without_graph_and_nodes_is_rejected(tmp_path):
    file = tmp_path / "world.py"
    file.write_text("nothing = 1\n", encoding="utf-8")
    with pytest.raises(SourceError):
        read_clipped(file, Box(south=36, north=43, west=113, east=120))


def test_a_degree_of_latitude_has_its_length():
    assert distance_km((40, 116), (41, 116)) == pytest.approx(DEGREE_KM, abs=0.01)


def test_crossings_are_shares_of_both_lines():
    assert crossing((0, 0), (2, 2), (0, 2), (2, 0)) == (0.5, 0.5)
    assert crossing((0, 0), (1, 1), (0, 1), (1, 2)) is None


def test_the_foot_of_a_point_is_on_the_line():
    assert foot_share((0.0, 5.0), (0.0, 0.0), (0.0, 1.0)) == 1.0
    assert foot_share((0.1, 0.25), (0.0, 0.0), (0.0, 1.0)) == pytest.approx(0.25)


def test_a_reversal_is_a_turn_of_180_degrees():
    assert turn_deg((0, 0), (0, 1), (0, 1), (0, 0)) == pytest.approx(180)


@given(st.floats(1.0, 1.6), st.floats(0.1, 2.0), st.floats(-2.0, 2.0))
def test_a_stretched_line_has_the_desired_length(factor, north, east):
    line = [(39.0, 116.0), (39.0 + north, 116.0 + east), (39.0 + 2 * north, 116.0 + east)]
    target = factor * length_km(line)
    legs = stretched(line, target)
    drawn = [line[0]]
    for inner, end in zip(legs, line[1:], strict=True):
        drawn += [*inner, end]
    assert length_km(drawn) == pytest.approx(target, rel=0.01)


def test_a_line_longer_than_desired_stays_straight():
    assert stretched([(39.0, 116.0), (40.0, 116.0)], 10.0) == [[]]


def test_splitting_an_edge_divides_its_length_and_keeps_its_claims():
    graph = WorkingGraph([(40.0, 116.0), (40.0, 117.0)], {(0, 1): 10.0}, {(0, 1): ("G1",)})
    assert graph.split((0, 1), 0.3) == 2
    assert graph.edges == {(0, 2): pytest.approx(3.0), (1, 2): pytest.approx(7.0)}
    assert graph.claims == {(0, 2): ("G1",), (1, 2): ("G1",)}
    assert graph.refined([1, 0]) == [1, 2, 0]


def test_splitting_an_edge_close_to_an_end_returns_that_end():
    graph = WorkingGraph([(40.0, 116.0), (40.0, 117.0)], {(0, 1): 10.0})
    assert graph.split((0, 1), 0.001) == 0


def test_the_route_balances_length_and_distance_from_way_points():
    graph = ladder()
    choices = [{0: 0.0}, {7: 1.0, 2: 3.0}, {4: 0.0}]
    legs = best_legs(graph.matrix(1.0), choices)
    assert without_spurs(legs) == [0, 1, 2, 3, 4]


def test_disconnected_way_points_give_no_route():
    graph = WorkingGraph(
        [(40.0, 116.0), (40.0, 117.0), (41.0, 116.0), (41.0, 117.0)], {(0, 1): 1.0, (2, 3): 1.0}
    )
    assert best_legs(graph.matrix(1.0), [{0: 0.0}, {3: 0.0}]) is None


def test_spurs_are_removed_from_a_path():
    assert without_spurs([[0, 1, 9], [9, 1, 2]]) == [0, 1, 2]


@given(
    st.sets(st.tuples(st.integers(0, 8), st.integers(0, 8)).filter(lambda e: e[0] < e[1]), min_size=1),
    st.data(),
)
def test_chains_contain_every_edge_once_and_have_one_key(edges, data):
    keys = {edge: data.draw(st.sampled_from("ab")) for edge in sorted(edges)}
    seen = []
    for line in chains(keys):
        pairs = [(min(p), max(p)) for p in pairwise(line)]
        assert len({keys[pair] for pair in pairs}) == 1
        seen += pairs
    assert sorted(seen) == sorted(edges)


def test_a_routed_expressway_becomes_motorway_and_the_rest_primary():
    graph = ladder()
    road = corridor("G1", [place("a", 40.0, 0.0), place("b", 40.0, 1.0), place("c", 40.0, 2.0)])
    classify(graph, [road])
    elements = written(graph, [road])
    motorways = [way for way in elements.ways.values() if way.tags["highway"] == "motorway"]
    assert [way.tags["ref"] for way in motorways] == ["G1"]
    assert motorways[0].tags["maxspeed"] == "120"
    assert {way.tags["highway"] for way in elements.ways.values()} == {"motorway", "primary"}


def test_a_drawn_expressway_is_connected_where_it_crosses_another():
    graph = ladder()
    first = corridor("G1", [place("a", 40.0, 0.0), place("c", 40.0, 2.0)])
    second = corridor("G2", [place("n", 40.2, 0.75), place("s", 39.8, 0.75)], matched=False, known_km=60.0)
    classify(graph, [first, second])
    used_by = {
        key: {n for edge, users in graph.claims.items() if key in users for n in edge} for key in ("G1", "G2")
    }
    assert used_by["G1"] & used_by["G2"]
    drawn = [edge for edge, users in graph.claims.items() if users == ("G2",)]
    assert sum(graph.edges[edge] for edge in drawn) == pytest.approx(60.0, rel=0.05)


def test_a_known_length_is_kept_and_the_factor_goes_to_unknown_geometry():
    graph = ladder()
    road = corridor(
        "G1",
        [place("a", 40.0, 0.0), place("b", 40.0, 2.0)],
        known_km=1.05 * 2 * DEGREE_KM * 0.766,
        known_quality="A",
    )
    classify(graph, [road])
    ground = ground_lengths(graph, [road], dict.fromkeys(graph.edges, "hill"), 1.07)
    ratios = {edge: ground[edge] / km for edge, km in graph.edges.items()}
    assert all(ratios[edge] == pytest.approx(1.05, rel=1e-3) for edge in graph.claims)
    assert all(ratios[edge] == pytest.approx(1.07) for edge in graph.edges if edge not in graph.claims)


def test_an_expressway_whose_known_length_has_other_ends_keeps_its_geometry_in_the_plain():
    graph = ladder()
    road = corridor("G1", [place("a", 40.0, 0.0), place("b", 40.0, 2.0)], known_km=90.0, known_quality="A")
    classify(graph, [road])
    plain = ground_lengths(graph, [road], dict.fromkeys(graph.edges, "plain"), 1.07)
    assert all(plain[edge] == graph.edges[edge] for edge in graph.claims)


def test_the_design_speed_of_a_section_follows_from_its_terrain():
    road = corridor(
        "G1", [place("a", 40.0, 0.0), place("b", 40.0, 2.0)], design_kmh=80.0, design_most_kmh=120.0
    )
    speeds = {}
    for terrain in ("plain", "hill", "mountain"):
        graph = ladder()
        classify(graph, [road])
        ways = written(graph, [road], terrain=terrain, design_kmh={"mountain": 60}).ways.values()
        speeds[terrain] = {way.tags["maxspeed"] for way in ways if way.tags["highway"] == "motorway"}
    assert speeds == {"plain": {"120"}, "hill": {"100"}, "mountain": {"60"}}


def test_the_mean_design_speed_of_hills_is_rounded_down_to_a_step_of_the_standard():
    ends = [place("a", 40.0, 0.0), place("b", 40.0, 2.0)]
    standard = {"plain": 120.0, "hill": 100.0, "mountain": 80.0}
    for least, most, step in ((80.0, 100.0, "80"), (100.0, 120.0, "100"), (80.0, 120.0, "100")):
        road, graph = corridor("G1", ends, design_kmh=least, design_most_kmh=most), ladder()
        classify(graph, [road])
        ways = written(graph, [road], terrain="hill", design_kmh=standard).ways.values()
        assert {way.tags["maxspeed"] for way in ways if way.tags["highway"] == "motorway"} == {step}


def test_streets_reach_as_far_as_the_residents_or_as_the_core_of_a_large_city(tmp_path):
    file = tmp_path / "towns.csv"
    file.write_text("lat,lon,population\n40.0,0.0,1000000\n40.0,1.0,1900000\n40.0,2.0,2100000\n", "utf-8")
    assert [town.radius_km for town in Town.read(file)] == [4.0, 4.0, 4.0]
    town, city, large = Town.read(file, beyond_core=True)
    assert math.pi * town.radius_km**2 == pytest.approx(100.0)
    assert city.radius_km == pytest.approx(math.sqrt(190.0 / math.pi))
    assert large.radius_km == 4.0


def test_roads_have_the_limit_of_streets_in_towns_and_that_of_the_country_outside():
    graph, elements = ladder(), Elements()
    plain = dict.fromkeys(graph.edges, "plain")
    add_roads(
        graph, [], elements, ground=graph.edges, terrain=plain, design_kmh={}, towns=[Town((40.0, 0.0), 25.0)]
    )
    assert {way.tags["maxspeed"] for way in elements.ways.values()} == {"CN:urban", "CN:rural"}
    (street,) = [way for way in elements.ways.values() if way.tags["maxspeed"] == "CN:urban"]
    assert {elements.nodes[node][0] for node in street.nodes} == {(40.0, 0.0), (40.0, 0.5), (40.2, 0.0)}


def test_a_corridor_passes_outside_a_town():
    graph = ladder()
    road = corridor("G1", [place("a", 40.0, 0.0), place("c", 40.0, 2.0)])
    town = Town((39.95, 1.0), 25.0)
    classify(graph, [road], [town])
    assert 2 not in {node for edge in graph.claims for node in edge}


def railway():
    """A main line of four stations and a branch that leaves from the second, onward in the same direction."""
    points = [(40.0, 116.0), (40.0, 116.5), (40.0, 117.0), (40.0, 117.5), (39.8, 117.0)]
    edges = {edge: distance_km(points[edge[0]], points[edge[1]]) for edge in ((0, 1), (1, 2), (2, 3), (1, 4))}
    graph = WorkingGraph.of(Geograph(tuple(points), edges))
    keys = ("北京", "中", "东县", "唐山")
    main = corridor(
        "main",
        [place(key, *point) for key, point in zip(keys, points, strict=False)],
        kind="hsr350",
        design_kmh=350.0,
        trains_a_day=32.0,
        trains_source="counted (quality A)",
        traffic="passenger",
    )
    branch = corridor(
        "branch",
        [place("中", *points[1]), place("南", *points[4])],
        kind="conv120",
        trains_a_day=3.0,
        trains_source="default (quality D)",
        opened="2010",
        traffic="mixed",
    )
    run = Through(
        line_a="branch",
        line_b="main",
        station_a="中",
        station_b="中",
        link_km=None,
        trains_a_day=4.0,
        source="counted",
    )
    return graph, [main, branch], run


def test_lines_share_the_node_of_their_common_station():
    graph, lines, run = railway()
    layout = lay_out(graph, lines, [run])
    assert layout.legs["branch", 0][0] == layout.stations["中"] == layout.legs["main", 1][0]


def test_half_of_many_trains_are_express_and_stop_at_large_cities():
    graph, lines, run = railway()
    layout = lay_out(graph, lines, [run])
    express, local = line_services(lines[0], layout)
    assert (local.pattern, local.calls, local.trains_a_day) == ("local", (True,) * 4, 16)
    assert (express.pattern, express.calls, express.trains_a_day) == (
        "express",
        (True, False, False, True),
        16,
    )
    assert [service.pattern for service in line_services(lines[1], layout)] == ["local"]


def test_trains_run_through_without_reversing():
    graph, lines, run = railway()
    layout = lay_out(graph, lines, [run])
    on = join_through({line.id: line for line in lines}, run, layout)
    assert {on.stops[0].key, on.stops[-1].key} == {"南", "北京"}


def test_a_through_service_opens_with_the_later_line_in_both_directions():
    graph, lines, run = railway()
    layout, elements = lay_out(graph, lines, [run]), Elements()
    tracks = add_tracks(graph, lines, layout, elements)
    by_id = {line.id: line for line in lines}
    add_services(through_services(by_id, [run], layout), by_id, tracks, elements)
    tags = [relation.tags for relation in elements.relations.values()]
    assert [tag["ref"] for tag in tags[::2]] == ["branch+main through express", "branch+main through local"]
    assert {tag["start_date"] for tag in tags} == {"2010"}
    assert {tag["interval"] for tag in tags} == {"08:00:00"}
    assert (tags[0]["from"], tags[0]["to"]) == (tags[1]["to"], tags[1]["from"])


def gtfs(folder, trips):
    """Write a timetable of one day: stops as (name, arrival, departure) by the number of the train."""
    tables = {
        "calendar_dates.txt": ["service_id,date,exception_type", "d,20110310,1"],
        "stops.txt": ["stop_id,stop_name,stop_lat,stop_lon", "b,北京,40,116", "z,中,40.1,116", "n,南,40,117"],
        "stop_times.txt": ["trip_id,arrival_time,departure_time,stop_id,stop_sequence"],
        "routes.txt": ["route_id,route_short_name,route_type"],
        "trips.txt": ["route_id,service_id,trip_id"],
    }
    for trip, calls in trips.items():
        tables["routes.txt"].append(f"{trip},{trip},101")
        tables["trips.txt"].append(f"{trip},d,{trip}")
        for at, (stop, arrival, departure) in enumerate(calls):
            tables["stop_times.txt"].append(f"{trip},{arrival}:00,{departure}:00,{stop},{at}")
    with zipfile.ZipFile(folder / "day.zip", "w") as archive:
        for name, lines in tables.items():
            archive.writestr(name, "\n".join(lines))
    return folder / "day.zip"


TRAINS = {
    "G1": [("b", "08:00", "08:00"), ("z", "08:12", "08:14"), ("n", "08:34", "08:34")],
    "G3": [("b", "23:50", "23:50"), ("z", "24:04", "24:07"), ("n", "24:37", "24:37")],
    "G2": [("n", "09:00", "09:00"), ("z", "09:25", "09:26"), ("b", "09:41", "09:41")],
    "D4": [("n", "09:00", "09:00"), ("z", "09:25", "09:26"), ("b", "09:41", "09:41")],
}


def test_trains_of_one_kind_with_the_same_stops_are_a_pattern_with_median_minutes(tmp_path):
    rows = group(gtfs(tmp_path, TRAINS), ["北京", "中", "南"], (36, 113, 43, 120))
    assert [row["id"] for row in rows] == ["D-1", "G-2"]
    both = rows[1]
    assert (both["stops"], both["day"]) == ("北京;中;南", "2011-03-10")
    assert (both["trains_out"], both["minutes_out"], both["stop_minutes_out"]) == ("2", "13;25", "2.5")
    assert (both["trains_back"], both["minutes_back"], both["stop_minutes_back"]) == ("1", "25;15", "1")


def test_a_stop_at_a_station_outside_the_tables_is_running_time(tmp_path):
    rows = group(gtfs(tmp_path, {"G1": TRAINS["G1"]}), ["北京", "南"], (36, 113, 43, 120))
    assert [(row["stops"], row["minutes_out"], row["stop_minutes_out"]) for row in rows] == [
        ("北京;南", "34", "")
    ]


def test_a_pattern_becomes_a_relation_in_either_direction_on_its_lines(tmp_path):
    rows = group(gtfs(tmp_path, TRAINS), ["北京", "中", "南"], (36, 113, 43, 120))
    with (tmp_path / "train_patterns.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows[1:])
    patterns = read_patterns(tmp_path)
    assert patterns[0].trains_a_day == 1.5
    graph, lines, run = railway()
    layout, elements = lay_out(graph, lines, [run]), Elements()
    tracks = add_tracks(graph, lines, layout, elements)
    add_patterns(patterns, {line.id: line for line in lines}, layout, graph.points, tracks, elements)
    out, back = (relation.tags for relation in elements.relations.values())
    assert (out["polyring:minutes"], out["polyring:stop_minutes"]) == ("13;25", "2.5")
    assert (back["polyring:minutes"], back["polyring:stop_minutes"]) == ("25;15", "1")
    assert out["interval"] == back["interval"] == "10:40:00"
    assert (out["from"], out["to"], out["start_date"]) == (back["to"], back["from"], "2010")
    members = [relation.members for relation in elements.relations.values()]
    assert [m for m in members[1] if m[0] == "w"] == [m for m in members[0] if m[0] == "w"][::-1]


def test_trains_take_less_time_from_the_day_of_a_higher_speed_on(tmp_path):
    rows = group(gtfs(tmp_path, {"G1": TRAINS["G1"]}), ["北京", "中"], (36, 113, 43, 120))
    with (tmp_path / "train_patterns.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    graph, (main, branch), run = railway()
    raised = Raised(from_kmh=300.0, to_kmh=350.0, day="2018-08-08", source="memory")
    lines = {"main": replace(main, raised=raised), "branch": branch}
    layout, elements = lay_out(graph, list(lines.values()), [run]), Elements()
    tracks = add_tracks(graph, list(lines.values()), layout, elements)
    add_patterns(read_patterns(tmp_path), lines, layout, graph.points, tracks, elements)
    found = [relation.tags for relation in elements.relations.values()]
    km = length_km([graph.points[node] for node in layout.legs["main", 0]])
    saved = km * (60 / 300 - 60 / 350)
    assert [tags["polyring:minutes"] for tags in found[::2]] == ["12", f"{12 - saved:.1f}"]
    assert (found[0]["end_date"], found[2]["start_date"]) == ("2018-08-07", "2018-08-08")


def test_trains_are_slower_in_a_zone():
    graph, lines, run = railway()
    layout, elements = lay_out(graph, lines, [run]), Elements()
    zones = [Zone(shapely.box(115.0, 39.0, 118.0, 41.0), 250.0, "gradients")]
    add_tracks(graph, lines, layout, elements, zones=zones)
    speeds = {(way.tags["maxspeed"], way.tags.get("maxspeed:design")) for way in elements.ways.values()}
    assert speeds == {("250", "350"), ("120", None)}


def test_trains_are_slower_on_a_stretch_with_a_speed_and_not_beyond_its_ends(tmp_path):
    terrain, towns = tmp_path / "terrain.geojson", tmp_path / "cities.csv"
    plain = gpd.GeoDataFrame({"terrain": ["plain"]}, geometry=[shapely.box(110, 30, 120, 45)], crs=4326)
    terrain.write_text(plain.to_json(), "utf-8")
    towns.write_text("tier,lat,lon\nsmall,40.0,116.0\n", "utf-8")
    stretches = [
        Stretch(
            start=(40.0, 116.0), end=(40.0, 116.5), tracks=0, source="tunnel (quality C)", most_kmh=160.0
        ),
        Stretch(start=(40.0, 117.0), end=(40.0, 117.5), tracks=4, source="wide (C)"),
    ]
    graph, lines, run = railway()
    layout, elements = lay_out(graph, lines, [run]), Elements()
    zones = slow_zones(terrain, towns, stretches)
    add_tracks(graph, lines, layout, elements, zones=zones, stretches=stretches)
    main = [way for way in elements.ways.values() if way.tags.get("ref") == "main"]
    speeds = {elements.nodes[way.nodes[0]][0][1]: way.tags["maxspeed"] for way in main}
    assert {kmh for lon, kmh in speeds.items() if lon < 116.5} == {"160"}
    assert {kmh for lon, kmh in speeds.items() if lon >= 116.5} == {"350"}
    assert all("tunnel" in way.tags["source:maxspeed"] for way in main if way.tags["maxspeed"] == "160")


def test_a_connection_counted_in_a_later_timetable_is_not_in_that_of_its_patterns():
    _, (main, branch), run = railway()
    pattern = Pattern(
        id="1",
        kind="G",
        stops=("北京", "中"),
        trains_a_day=1.0,
        minutes=(12.0,),
        minutes_back=(12.0,),
        stop_minutes=(),
        stop_minutes_back=(),
        day="2016-03-10",
        source="timetable (quality A)",
    )
    for opened, held in (("2010", True), ("2019-12-30", False)):
        lines = {"main": main, "branch": replace(branch, opened=opened)}
        counted = replace(run, trains_a_day=3.0)
        assert is_through_in_timetable(counted, lines, [pattern]) is held
        assert not is_through_in_timetable(replace(run, trains_a_day=None), lines, [pattern])


def test_a_way_has_the_tracks_of_its_line_and_none_where_lines_are_one():
    _, (main, branch), _ = railway()
    single = replace(branch, tracks=1)
    for lines, expected in (
        ([main, single], {("main", None), ("branch", "1")}),
        ([main, single, replace(single, id="along")], {("main", None), ("branch;along", None)}),
    ):
        graph, elements = railway()[0], Elements()
        add_tracks(graph, lines, lay_out(graph, lines, []), elements)
        tags = {(way.tags.get("ref"), way.tags.get("tracks")) for way in elements.ways.values()}
        assert tags == expected


def test_unclaimed_tracks_between_two_points_have_the_number_of_their_stretch():
    points = [(40.0, 116.0 + at / 10) for at in range(4)]
    edges = {(at, at + 1): distance_km(points[at], points[at + 1]) for at in range(3)}
    graph, elements = WorkingGraph.of(Geograph(tuple(points), edges)), Elements()
    graph.claim([0, 1], "main")
    stretch = Stretch(start=points[0], end=points[2], tracks=2, source="memory (quality C)")
    add_tracks(graph, [corridor("main", [])], Layout(), elements, stretches=[stretch])
    found = [(way.tags.get("ref"), way.tags.get("tracks"), way.nodes) for way in elements.ways.values()]
    assert sorted(found, key=str) == [("main", None, (1, 2)), (None, "2", (2, 3)), (None, None, (3, 4))]


def test_the_interval_is_sixteen_hours_divided_by_the_trains():
    assert interval(44) == "00:21:49"


def test_a_county_named_after_a_city_is_not_large():
    assert is_large(place("承德南", 40, 117))
    assert not is_large(place("承德县北", 40, 117))
    assert is_large(place("清河", 40, 116))
    assert not is_large(place("清河城", 37, 115))


def test_the_same_elements_give_the_same_bytes(tmp_path):
    files = []
    for name in ("a.osm.pbf", "b.osm.pbf"):
        elements = Elements()
        ends = [elements.add_node((40.0, 116.0 + at / 10), {}) for at in range(3)]
        elements.add_way(ends, {"highway": "primary"})
        write(elements, tmp_path / name)
        files.append((tmp_path / name).read_bytes())
    assert files[0] == files[1]


def straight_line(trains):
    """Seven stations in a row, the ends large, and their layout on a straight track."""
    points = [(40.0, 116.0 + at / 10) for at in range(7)]
    keys = ["北京", *"abcde", "唐山"]
    graph = Geograph(tuple(points), {(a, a + 1): distance_km(points[a], points[a + 1]) for a in range(6)})
    line = corridor(
        "line",
        [place(key, *point) for key, point in zip(keys, points, strict=True)],
        trains_a_day=trains,
        trains_source="counted (quality A)",
        traffic="passenger",
    )
    return line, lay_out(WorkingGraph.of(graph), [line], [])


def test_every_small_station_of_a_busy_line_has_a_train_that_skips_its_neighbours():
    line, layout = straight_line(30.0)
    calls = {service.pattern: service.calls for service in line_services(line, layout)}
    assert calls["express"] == (True, *[False] * 5, True)
    assert calls["skip 1"] == (True, True, False, True, False, True, True)
    assert calls["skip 2"] == (True, False, True, False, True, False, True)


@given(st.floats(0.5, 200.0))
def test_the_patterns_of_a_line_have_all_its_trains(trains):
    line, layout = straight_line(trains)
    assert sum(service.trains_a_day for service in line_services(line, layout)) == pytest.approx(trains)


def test_trains_continue_over_a_third_line_only_in_the_same_direction():
    stops = {key: place(key, 40.0, 116.0 + at / 10) for at, key in enumerate("abcdef")}

    def run(lines, keys, joint):
        paths = tuple((ord(a), ord(b)) for a, b in pairwise(keys))
        joints = ((joint, joint),)
        return Run(lines=lines, stops=tuple(stops[key] for key in keys), paths=paths, joints=joints)

    head = run(("one", "two"), "abcd", 1)
    on = join_overlapping(head, run(("two", "three"), "bce", 1))
    assert "".join(stop.key for stop in on.stops) == "abce"
    assert on.lines == ("one", "two", "three")
    assert on.joints == ((1, 1), (2, 2))
    assert join_overlapping(head, run(("two", "three"), "dce", 1)) is None


def test_a_spur_to_a_stop_becomes_a_track_through_it():
    points = [(40.0, 116.0), (40.0, 116.2), (40.01, 116.2), (40.0, 116.4)]
    edges = {edge: distance_km(points[edge[0]], points[edge[1]]) for edge in ((0, 1), (1, 2), (1, 3))}
    graph = WorkingGraph.of(Geograph(tuple(points), edges))
    path = smoothed(graph, [0, 1, 2, 1, 3], {0, 2, 3})
    assert 1 not in path
    assert [node for node in path if node in {0, 2, 3}] == [0, 2, 3]
    turns = [
        turn_deg(*(graph.points[n] for n in (a, b, b, c)))
        for a, b, c in zip(path, path[1:], path[2:], strict=False)
    ]
    assert max(turns) < 70


def test_a_spur_without_a_stop_is_removed():
    graph = ladder()
    assert smoothed(graph, [0, 1, 6, 1, 2], {0, 2}) == [0, 1, 2]


def test_a_sharp_turn_becomes_several_smaller_ones():
    graph = ladder()
    path = smoothed(graph, [0, 1, 6], {0, 6})
    turns = [
        turn_deg(*(graph.points[n] for n in (a, b, b, c)))
        for a, b, c in zip(path, path[1:], path[2:], strict=False)
    ]
    assert max(turns) <= 50


def test_merging_short_edges_keeps_the_network_connected():
    points = ((40.0, 116.0), (40.0, 116.1), (40.001, 116.1), (40.0, 116.2))
    graph = merge_short_edges(Geograph(points, {(0, 1): 8.5, (1, 2): 0.11, (2, 3): 8.5}), 0.2)
    assert graph.edges == {(0, 1): 8.5, (1, 3): 8.5}


def test_short_edges_in_a_row_move_no_node_as_far_as_they_are_merged():
    points = tuple((0.0, 0.00135 * at) for at in range(4))  # 150 m apart
    graph = merge_short_edges(Geograph(points, {(0, 1): 0.15, (1, 2): 0.15, (2, 3): 0.15}), 0.2)
    assert graph.edges == {(1, 3): 0.15}
