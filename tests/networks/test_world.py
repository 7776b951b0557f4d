"""Regions from the world networks: clipping, towns, names of places, inferred classes, stations."""

from __future__ import annotations

import zlib
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import shapely
from tiers import long_case

from networks import osm, rail, road, world
from networks.errors import SourceError
from networks.world import assembly, geograph, towns
from networks.world.geograph import Elements, Geograph, read_clipped
from networks.world.towns import Town

ASSUMED = world.WorldParameters.default()


def town(name: str, lat: float, lon: float, population: int, country: str = "XX", *others: str) -> Town:
    return Town(zlib.crc32(name.encode()), name, country, lat, lon, population, others)


# Three towns on the equator, 1 degree apart, on a straight road; a longer road through C joins A and B too.
A, B, C = (town("A", 0.0, 0.0, 4_000_000), town("B", 0.0, 2.0, 1_000_000), town("C", 0.0, 1.0, 10_000))
LINE = Geograph(
    ((0.0, 0.0), (0.0, 1.0), (0.0, 2.0), (1.0, 1.0)),
    {(0, 1): 111.0, (1, 2): 111.0, (0, 3): 160.0, (2, 3): 160.0},
)


def test_demand_takes_the_shortest_path_and_is_the_root_of_the_product_of_populations():
    loads = assembly.demand(LINE, (A, B), ASSUMED)
    assert loads == {(0, 1): 2_000_000.0, (1, 2): 2_000_000.0}


def test_demand_of_several_pairs_adds_up_on_shared_edges():
    loads = assembly.demand(LINE, (A, B, replace(C, population=250_000)), ASSUMED)
    # A-B 2,000,000 on both edges, A-C 1,000,000 on the first, B-C 500,000 on the second.
    assert loads == {(0, 1): 3_000_000.0, (1, 2): 2_500_000.0}


def test_pairs_too_near_or_too_far_have_no_demand():
    near = replace(ASSUMED, pair_least_km=230.0)
    far = replace(ASSUMED, pair_most_km=200.0)
    assert assembly.demand(LINE, (A, B), near) == assembly.demand(LINE, (A, B), far) == {}


def test_classes_go_by_demand_within_their_shares_of_the_length():
    loads = {(0, 1): 3.0, (1, 2): 2.0, (0, 3): 1.0}
    assumed = replace(ASSUMED, motorway_share=0.25, trunk_share=0.25)
    # 542 km in all: the first edge (111) is within a quarter, both (222) are within a half, three are not.
    assert assembly.classify(LINE, loads, assumed) == {
        (0, 1): "motorway",
        (1, 2): "trunk",
        (0, 3): "primary",
        (2, 3): "primary",
    }


def test_a_way_states_its_length_on_the_ground_over_that_of_its_line():
    elements = Elements()
    classes = {(0, 1): "motorway", (1, 2): "motorway", (0, 3): "primary", (2, 3): "primary"}
    assembly.add_roads(LINE, classes, elements, ASSUMED)
    factors = {way.tags["highway"]: way.tags["polyring:length_factor"] for way in elements.ways.values()}
    # 1.07 x 222 km over two degrees of 111.195 km, and 1.07 x 320 km over two diagonals of 157.249 km.
    assert factors == {"motorway": "1.0681", "primary": "1.0887"}


def test_a_station_lies_on_the_largest_network_within_reach():
    # A short stump at the centre, and a line of 111 km that passes 0.05 degrees (5.6 km) to the north.
    graph = Geograph(((0.0, 0.5), (0.0, 0.51), (0.05, 0.0), (0.05, 1.0)), {(0, 1): 1.1, (2, 3): 111.0})
    elements = Elements()
    assembly.add_stations(graph, (town("Middle", 0.0, 0.5, 100_000),), elements, ASSUMED)
    ((place, tags),) = elements.nodes.values()
    assert place == pytest.approx((0.05, 0.5))
    assert (tags["railway"], tags["name"]) == ("station", "Middle")


def test_a_town_beyond_reach_of_the_tracks_has_no_station():
    graph = Geograph(((0.1, 0.0), (0.1, 1.0)), {(0, 1): 111.0})
    elements = Elements()
    assembly.add_stations(graph, (town("Off", 0.0, 0.5, 100_000),), elements, ASSUMED)
    assert not elements.nodes


@pytest.mark.parametrize(
    ("circle", "lat", "lon", "inside"),
    [
        (world.Circle(lat=0, lon=179.5, radius_km=200), 0.0, -179.5, True),  # 111 km over the antimeridian
        (world.Circle(lat=0, lon=179.5, radius_km=100), 0.0, -179.5, False),
        (world.Circle(lat=89.5, lon=0, radius_km=120), 89.5, 180.0, True),  # 111 km over the pole
    ],
)
def test_a_circle_reaches_over_antimeridian_and_pole(circle, lat, lon, inside):
    assert circle.holds(np.array([lat]), np.array([lon])).tolist() == [inside]


def test_a_box_with_west_above_east_crosses_the_antimeridian():
    box = world.Box(south=-20, north=-10, west=178, east=-178)
    assert box.holds(np.full(3, -15.0), np.array([179.0, -179.0, 0.0])).tolist() == [True, True, False]


def test_the_box_around_points_on_both_sides_of_the_antimeridian_crosses_it():
    box = world.Box.around(gpd.GeoSeries.from_xy([179.0, -179.5, 178.0], [-17.0, -16.0, -18.0]))
    assert box == world.Box(south=-18, north=-16, west=178, east=-179.5)


def test_edges_across_the_antimeridian_are_left_out(tmp_path):
    file = tmp_path / "world.py"
    file.write_text(
        "graph=[{1: 11.0}, {0: 11.0, 2: 22.0}, {1: 22.0}]\n"
        "nodes=[[0.0, 179.8], [0.0, 179.9], [0.0, -179.9]]\n"
    )
    found = read_clipped(file, world.Circle(lat=0, lon=180, radius_km=100))
    assert (len(found.points), found.edges) == (3, {(0, 1): 11.0})


# ---- gaps


def test_parts_one_kilometre_apart_are_joined_in_chains_and_farther_ones_are_not():
    # Along the equator, where 0.009 degrees are 1.0 km: roads that end 1 km, 1 km and 5 km from the next one,
    # and a second node of the first that is 1.5 km from the second road.
    ends = (0.0, 0.5, 0.509, 0.7, 0.709, 1.0, 1.045, 1.2)
    points = (*((0.0, lon) for lon in ends), (0.01, 0.5))
    roads = {(0, 1): 55.6, (2, 3): 21.2, (4, 5): 32.4, (6, 7): 17.2, (1, 8): 1.1}
    found = geograph.close_gaps(Geograph(points, roads), 2.0)
    assert found.gaps == pytest.approx({(1, 2): 1.0, (3, 4): 1.0}, abs=0.01)


def test_dead_ends_that_face_each_other_are_joined_where_the_way_round_is_long():
    # Both banks of a river meet far to the north: 55.6 km each way. Two dead ends of the far bank face one.
    points = ((0.0, 0.0), (0.0, 0.002), (0.5, 0.0), (0.5, 0.002), (0.001, 0.003))
    roads = {(0, 2): 55.6, (1, 3): 55.6, (2, 3): 0.2, (3, 4): 55.6}
    found = geograph.close_gaps(Geograph(points, roads), 2.0, 0.5, 40.0)
    assert found.gaps == pytest.approx({(0, 1): 0.22, (1, 4): 0.16}, abs=0.01)
    assert geograph.close_gaps(Geograph(points, roads), 2.0, 0.1, 40.0).gaps == {}
    assert geograph.close_gaps(Geograph(points, roads), 2.0, 0.5, 4000.0).gaps == {}


def test_no_gap_is_closed_across_the_antimeridian():
    points = ((0.0, 179.0), (0.0, 179.999), (0.0, -179.999), (0.0, -179.0))
    roads = {(0, 1): 111.1, (2, 3): 111.1}
    assert geograph.close_gaps(Geograph(points, roads), 2.0).edges == roads


# ---- names of places


TOWNS = (
    town("Córdoba", -31.4, -64.2, 1_400_000, "AR"),
    town("Córdoba", 37.9, -4.8, 326_000, "ES"),
    town("Köln", 50.9, 7.0, 1_000_000, "DE", "Cologne", "Colonia", "科隆"),
    town("Colonia", -34.5, -57.8, 30_000, "UY"),
    replace(town("Springfield", 37.2, -93.3, 170_000, "US"), division="MO"),
    replace(town("Springfield", 39.8, -89.6, 114_000, "US"), division="IL"),
    replace(town("Springfield", 39.7, -89.7, 20_000, "US"), division="IL"),
    replace(town("Washington", 38.9, -77.0, 690_000, "US", "", "?"), division="DC"),
)


@pytest.fixture
def drawn_towns(monkeypatch):
    monkeypatch.setattr(towns, "all_towns", lambda *_: TOWNS)


@pytest.mark.parametrize(
    ("text", "name", "others"),
    [
        ("cordoba", "Córdoba, AR", ("Córdoba, ES",)),
        ("Cordoba, ES", "Córdoba, ES", ()),
        ("Cordoba, Spain", "Córdoba, ES", ()),
        ("COLOGNE", "Köln, DE", ()),
        ("科隆", "Köln, DE", ()),
        ("Colonia", "Köln, DE", ("Colonia, UY",)),
        ("Colonia, UY", "Colonia, UY", ()),
        ("Springfield", "Springfield, Missouri, US", ("Springfield, Illinois, US",)),
        ("Springfield, Illinois", "Springfield, Illinois, US", ()),
        ("springfield, il, us", "Springfield, Illinois, US", ()),
        ("Washington, D.C.", "Washington, US", ()),
        ("-34.6, -57.8", "-34.6, -57.8", ()),
    ],
)
@pytest.mark.usefixtures("drawn_towns")
def test_a_place_is_found_by_any_of_its_names(text, name, others):
    found = world.find_place(text)
    assert (found.name, found.others) == (name, others)


@pytest.mark.usefixtures("drawn_towns")
def test_coordinates_are_in_the_country_of_the_nearest_town():
    found = world.find_place("51.0, 7.1")
    assert (found.lat, found.lon, found.country) == (51.0, 7.1, "DE")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Cologn", "did you mean Köln, DE?"),
        ("Cordoba, Spayn", "did you mean Spain?"),
        ("Springfield, Ilinois", "did you mean Illinois?"),
        ("?", "names no town"),
        ("", "names no town"),
        ("95, 3", "out of range"),
        ("4419000, 448000", "in metres, as it seems"),
        ("Xyzzy", "no town"),
    ],
)
@pytest.mark.usefixtures("drawn_towns")
def test_a_place_that_is_not_found_is_told_with_suggestions(text, words):
    with pytest.raises(SourceError, match=words.replace("?", r"\?")):
        world.find_place(text)


# ---- the file


def small_world(monkeypatch, graphs: dict[str, Geograph], towns: tuple[Town, ...]) -> None:
    monkeypatch.setattr(assembly, "read_clipped", lambda name, _: graphs[name])
    monkeypatch.setattr(assembly, "package_file", lambda name: name)
    monkeypatch.setattr("networks.world.towns.all_towns", lambda _: towns)


def test_the_file_is_read_like_any_extract(monkeypatch, tmp_path):
    rail_line = Geograph(((0.02, 0.0), (0.02, 1.0), (0.02, 2.0)), {(0, 1): 111.0, (1, 2): 111.0})
    small_world(monkeypatch, {"world_highways": LINE, "world_railways": rail_line}, (A, B))
    path = world.region_file(world.Circle(lat=0, lon=1, radius_km=300), tmp_path)
    elements = osm.read(path)
    network, _ = road.build(elements, country="NG")
    by_class = dict(zip(network.links["link_class"], network.links["length_km"], strict=True))
    # A share of 0.3 holds one edge of 111 km; the other three, 431 km, join into one link.
    assert by_class == pytest.approx({"trunk": 1.07 * 111.0, "primary": 1.07 * 431.0}, rel=0.002)
    tracks = rail.build(elements)
    assert tracks.network.links["length_km"].sum() == pytest.approx(1.025 * 222.4, rel=0.002)
    assert tracks.stations["name"].tolist() == ["A", "B"]
    assert tracks.services.lines["name"].tolist() == ["A - B"]
    assert tracks.report.services_source == "tracks"


def test_the_file_alone_closes_gaps_and_says_which(monkeypatch, tmp_path):
    none = Geograph((), {})
    apart = Geograph(((0.0, 0.0), (0.0, 1.0), (0.0, 1.009), (0.0, 2.0)), {(0, 1): 111.2, (2, 3): 110.2})
    small_world(monkeypatch, {"world_highways": apart, "world_railways": none}, (A, B))
    circle = world.Circle(lat=0, lon=1, radius_km=300)
    elements = osm.read(world.region_file(circle, tmp_path))
    assert [tags.get("polyring:gap_km") for tags in elements.roads.tags].count("1.00") == 1
    assert len(set(road.build(elements, country="NG")[0].components())) == 1
    ways = world.assemble(circle).ways.values()
    assert [way for way in ways if "polyring:gap_km" in way.tags] == []
    assert len(ways) == 2


BORDER = np.array([[0.5, -5.0], [0.5, 0.4], [3.0, 0.4]])
"""The land border of XA and XB, longitudes first: XB lies within its corner, south and east of it."""


@pytest.fixture
def border(monkeypatch):
    """Draw a world with a single land border."""
    drawn = np.array(["XA-XB"]), shapely.linestrings(BORDER[None])
    monkeypatch.setattr("networks.borders._borders", lambda: drawn)


@pytest.mark.usefixtures("border")
def test_an_edge_between_two_sides_of_a_closed_border_is_taken_out_and_one_that_returns_is_not():
    # The first edge leads across; the second along the border; the third cuts the corner and comes back.
    points = ((0.0, 0.0), (0.0, 1.0), (0.3, 1.0), (0.2, 0.4), (0.6, 0.7))
    graph = Geograph(points, {(0, 1): 111.0, (1, 2): 44.0, (3, 4): 60.0})
    found = geograph.part_at_borders(graph, ("XA-XB",))
    assert (found.edges, found.across) == ({(1, 2): 44.0, (3, 4): 60.0}, {(0, 1): "XA-XB"})
    assert geograph.part_at_borders(graph, ()).edges == graph.edges
    assert geograph.part_at_borders(Geograph((), {}), ("XA-XB",)).edges == {}


@pytest.mark.usefixtures("border")
def test_no_gap_is_closed_across_a_closed_border():
    # The middle part is 0.9 km from one across the border, and 1.6 km from one on its side.
    points = ((0.0, 0.0), (0.0, 0.496), (0.0, 0.504), (0.0, 1.0), (0.01, 1.01), (0.3, 1.5))
    graph = Geograph(points, {(0, 1): 55.0, (2, 3): 55.0, (4, 5): 70.0})
    assert set(geograph.close_gaps(graph, 2.0).gaps) == {(1, 2), (3, 4)}
    closed = geograph.part_at_borders(graph, ("XA-XB",))
    assert set(geograph.close_gaps(closed, 2.0).gaps) == {(3, 4)}
    # Two dead ends of one part, each on its side.
    round_about = replace(graph, edges={(0, 1): 55.0, (2, 3): 55.0, (3, 4): 2.0, (0, 4): 120.0})
    assert set(geograph.close_gaps(round_about, 2.0, 2.0, 40.0).gaps) == {(1, 2)}
    assert not geograph.close_gaps(replace(round_about, closed=("XA-XB",)), 2.0, 2.0, 40.0).gaps


@pytest.mark.usefixtures("border")
def test_neither_roads_nor_tracks_of_the_file_cross_a_closed_border_and_it_tells_which_roads_did(
    monkeypatch, tmp_path
):
    rail_line = Geograph(((0.02, 0.0), (0.02, 1.0), (0.02, 2.0)), {(0, 1): 111.0, (1, 2): 111.0})
    small_world(monkeypatch, {"world_highways": LINE, "world_railways": rail_line}, (A, B))
    circle = world.Circle(lat=0, lon=1, radius_km=300)
    paths = [world.region_file(circle, tmp_path, closed_borders=pairs) for pairs in ((), ("XA-XB",))]
    opened, closed = (osm.read(path) for path in paths)
    told = [tags["polyring:closed_border"] for tags in closed.roads.tags if "polyring:closed_border" in tags]
    assert (len(opened.roads.tags), told) == (2, ["XA-XB", "XA-XB"])
    # Of 542 km the 111 from A to the middle and the 160 from B to the north lead across; of the others the
    # 111 on the side of the centre remain, or the 160 where the centre lies on the side of A.
    west = osm.read(world.region_file(replace(circle, lon=0), tmp_path, closed_borders=("XA-XB",)))
    km = [road.build(one, country="NG")[0].links["length_km"].sum() for one in (closed, west)]
    assert km == pytest.approx([1.07 * 111, 1.07 * 160], rel=0.005)
    assert rail.build(closed).network.links["length_km"].sum() == pytest.approx(1.025 * 111.2, rel=0.002)


def test_a_region_whose_trains_come_from_a_timetable_has_roads_alone(monkeypatch):
    rail_line = Geograph(((0.02, 0.0), (0.02, 1.0), (0.02, 2.0)), {(0, 1): 111.0, (1, 2): 111.0})
    small_world(monkeypatch, {"world_highways": LINE, "world_railways": rail_line}, (A, B))
    box = world.Box(south=-1, west=-1, north=1, east=3)
    whole, roads_alone = (world.assemble(box, with_rail=with_rail) for with_rail in (True, False))

    def kinds(elements):
        return {key for way in elements.ways.values() for key in way.tags if key in ("highway", "railway")}

    assert kinds(whole) == {"highway", "railway"}
    assert kinds(roads_alone) == {"highway"}


def test_the_file_is_made_once(monkeypatch, tmp_path):
    none = Geograph((), {})
    small_world(monkeypatch, {"world_highways": LINE, "world_railways": none}, (A, B))
    circle = world.Circle(lat=0, lon=1, radius_km=300)
    first = world.region_file(circle, tmp_path)
    monkeypatch.setattr(assembly, "assemble", None)  # a second call would fail
    assert world.region_file(circle, tmp_path) == first
    assert [one.name for one in tmp_path.iterdir()] == [first.name]


def test_an_area_without_roads_is_refused(monkeypatch):
    none = Geograph((), {})
    small_world(monkeypatch, {"world_highways": none, "world_railways": none}, ())
    with pytest.raises(SourceError, match="no roads in this area"):
        world.assemble(world.Circle(lat=0, lon=-30, radius_km=100))


def test_without_the_extra_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(geograph.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SourceError, match=r"uv run --extra world.*pip install 'WHEEL\[world\]'"):
        world.require()


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Parma", "Parma, IT"),  # Perm, five times as large, is called so in other languages
        ("Peking", "Beijing, CN"),
        long_case("Cologne", "Köln, DE"),
        long_case("Rome", "Rome, IT"),  # Lomé
        long_case("Cordoba", "Córdoba, AR"),
        ("Cordoba, Spain", "Córdoba, ES"),
    ],
)
def test_a_town_is_found_by_its_own_name_before_larger_ones_that_others_call_so(name, found):
    assert world.find_place(name).name == found
