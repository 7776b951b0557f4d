"""Test how far towns reach by the residential areas of a map: read from files, connected, measured."""

from __future__ import annotations

import math
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st
from osm_drawing import write

from networks import cities, graph, osm, regions
from networks.cities import with_extents
from networks.intermodal import AccessParameters
from networks.osm.tags import BUILT_UP
from networks.sphere import KM_PER_DEGREE

LAT = 40.0
SCALE = np.array([KM_PER_DEGREE * math.cos(math.radians(LAT)), KM_PER_DEGREE])
CENTRE = np.array([116.0, LAT])


def degrees(x: float, y: float) -> tuple[float, float]:
    """Return the position of a point in km east and north of the centre."""
    lon, lat = (CENTRE + np.array([x, y]) / SCALE).tolist()
    return lon, lat


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """Return a box in km round the centre, in degrees."""
    corners = ((west, south), (east, south), (east, north), (west, north))
    return shapely.Polygon([degrees(x, y) for x, y in corners])


def square_mean(side: float) -> float:
    """Return the mean distance of a square from its middle."""
    return side * (math.sqrt(2) + math.asinh(1)) / 6


def towns(*spots: tuple[float, float], people: int = 50_000, **more: object) -> cities.Cities:
    lon, lat = zip(*(degrees(x, y) for x, y in spots), strict=True)
    count = len(spots)
    columns = {name: [name] * count for name in ("tier", "population_definition", "source")}
    columns |= {name: [f"{name}{row}" for row in range(count)] for name in ("city_id", "name")}
    return cities.build({**columns, "population": [people] * count, **more}, lon=lon, lat=lat)


def extents(areas, *spots, people=50_000, **more) -> list[float]:
    found = with_extents(towns(*(spots or [(0.0, 0.0)]), people=people, **more), areas)
    return found.table["extent_km"].tolist()


# ---- the measure


def test_a_square_town_has_the_radius_of_the_circle_with_its_mean_distance():
    (radius,) = extents([box(-2, -2, 2, 2)])
    assert radius == pytest.approx(1.5 * square_mean(4), rel=1e-6)
    # The mean way of its residents to a station at the centre is exactly theirs.
    assert AccessParameters.default().mean_km(0, radius) == pytest.approx(square_mean(4), rel=1e-6)


def test_a_round_town_has_its_radius():
    disc = [degrees(3 * math.cos(a), 3 * math.sin(a)) for a in np.linspace(0, 2 * math.pi, 721)[:-1]]
    assert extents([shapely.Polygon(disc)]) == [pytest.approx(3.0, rel=1e-4)]


@given(
    shift=st.tuples(st.floats(-3, 3), st.floats(-3, 3)),
    corners=st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2)), min_size=3, max_size=7),
)
def test_the_mean_distance_is_that_of_the_points_of_the_area(shift, corners):
    """Against a sum over small squares, wherever the centre lies and whichever way the outline runs."""
    hull = shapely.MultiPoint(corners).convex_hull
    assume(hull.area >= 1.0 and shapely.distance(hull, shapely.Point(shift)) < 0.99)
    step = 0.02
    grid = np.stack(np.meshgrid(*[np.arange(-2, 2, step) + step / 2] * 2), axis=-1).reshape(-1, 2)
    inside = grid[shapely.contains_xy(hull, grid)]
    mean = np.linalg.norm(inside - shift, axis=1).mean()
    outline = shapely.Polygon([degrees(x, y) for x, y in hull.exterior.coords])
    lon, lat = degrees(*shift)
    town = cities.build(
        {name: ["a"] for name in ("city_id", "name", "tier", "population_definition", "source")}
        | {"population": [20_000]},
        lon=[lon],
        lat=[lat],
    )
    (radius,) = with_extents(town, [outline]).table["extent_km"]
    assert radius == pytest.approx(1.5 * mean, rel=0.01)


# ---- what belongs to a town


def test_areas_within_the_gap_are_one_town_and_others_are_not():
    near, far = (box(2 + gap, -2, 6 + gap, 2) for gap in (0.15, 0.25))
    (alone,) = extents([box(-2, -2, 2, 2), far])
    assert alone == pytest.approx(1.5 * square_mean(4), rel=1e-6)
    (both,) = extents([box(-2, -2, 2, 2), near])
    assert both > 1.5 * alone
    # A third one counts by the second.
    chain = [box(-2, -2, 2, 2), near, box(6.3, -2, 8, 2)]
    assert extents(chain) > [both]


def test_an_area_far_from_the_centre_is_no_town():
    assert BUILT_UP["centre_km"] == 1.0
    assert np.isnan(extents([box(1.1, -2, 5, 2)])).all()
    assert not np.isnan(extents([box(0.9, -2, 5, 2)])).any()


def test_each_of_two_towns_has_its_own_square():
    squares = [box(-12, -2, -8, 2), box(9, -1, 11, 1)]
    assert extents(squares, (-10, 0), (10, 0), people=30_000) == [
        pytest.approx(1.5 * square_mean(4), rel=1e-6), pytest.approx(1.5 * square_mean(2), rel=1e-6),
    ]  # fmt: skip


def test_an_area_of_two_towns_is_divided_half_way():
    whole = [box(-4, -2, 4, 2)]
    assert extents(whole, (-2, 0), (2, 0)) == [pytest.approx(1.5 * square_mean(4), rel=1e-5)] * 2
    # Cities at one place share what is theirs.
    assert extents(whole, (-2, 0), (-2, 0), (2, 0)) == [pytest.approx(1.5 * square_mean(4), rel=1e-5)] * 3


def test_areas_that_overlap_count_once():
    halves = [box(-2, -2, 1, 2), box(-1, -2, 2, 2), box(-1, -1, 1, 1)]
    assert extents(halves) == [pytest.approx(1.5 * square_mean(4), rel=1e-6)]


def test_areas_that_cannot_hold_the_residents_or_hold_far_more_say_nothing():
    town = [box(-2, -2, 2, 2)]  # 16 km2
    least, most = (16 * BUILT_UP[f"{end}_residents_a_km2"] for end in ("least", "most"))
    for people, is_told in ((least - 9, False), (least + 9, True), (most - 9, True), (most + 9, False)):
        assert np.isnan(extents(town, people=round(people))).any() != is_told


def test_the_extent_of_the_table_counts_before_the_map():
    found = extents([box(-2, -2, 2, 2), box(18, -2, 22, 2)], (0, 0), (20, 0), extent_km=[7.0, math.nan])
    assert found == [7.0, pytest.approx(1.5 * square_mean(4), rel=1e-6)]


def test_without_areas_towns_are_as_wide_as_their_residents_need():
    known = with_extents(towns((0, 0), (9, 9), people=314_159), gpd.GeoSeries([], crs=4326))
    assert known.table["extent_km"].isna().all()
    circles = AccessParameters.default().extents_km(known.table)
    assert circles.tolist() == [pytest.approx(math.sqrt(10), rel=1e-5)] * 2


# ---- reading


def drawn(tmp_path, outlines, *, tags=None, relations=(), missing=(), suffix=".osm.pbf"):
    """Write closed ways through corners in km, numbered from 1, beside a road; return what is read."""
    nodes, ways = {1: degrees(-9, 0), 2: degrees(9, 0)}, [(99, (1, 2), {"highway": "primary"})]
    for number, corners in enumerate(outlines, 1):
        refs = range(10 * number, 10 * number + len(corners))
        nodes |= {ref: degrees(*at) for ref, at in zip(refs, corners, strict=True) if ref not in missing}
        own = {"landuse": "residential"} if tags is None else tags[number - 1]
        ways.append((number, (*refs, refs[0]), own))
    file = write(tmp_path / f"town{suffix}", nodes=nodes, ways=sorted(ways), relations=relations)
    return osm.read(file, most_missing=1.0)


def corners(half: float) -> list[tuple[float, float]]:
    return [(-half, -half), (half, -half), (half, half), (-half, half)]


@pytest.mark.parametrize("suffix", [".osm.pbf", ".osm"])
def test_residential_areas_are_read_as_outlines(tmp_path, suffix):
    elements = drawn(tmp_path, [corners(2)], suffix=suffix)
    assert extents(elements.built_up) == [pytest.approx(1.5 * square_mean(4), rel=1e-5)]
    # Their corners are no nodes of the network, and they are not counted as its ways.
    assert elements.nodes.id.tolist() == [1, 2]
    assert (elements.counts.nodes, elements.counts.ways) == (2, 1)


def test_areas_where_nobody_lives_and_outlines_of_places_are_not_read(tmp_path):
    others = [
        {"landuse": "industrial"}, {"landuse": "commercial"}, {"place": "town", "boundary": "administrative"}
    ]  # fmt: skip
    assert not len(drawn(tmp_path, [corners(2)] * 3, tags=others).built_up)


def test_an_area_with_a_hole_is_measured_without_it(tmp_path):
    """Outer and inner ways of a relation; the outer way may have the tag as well, and the hole another."""
    area = [(7, [("w", 1, "outer"), ("w", 2, "inner")], {"type": "multipolygon", "landuse": "residential"})]
    expected = 1.5 * (16 * square_mean(4) - 4 * square_mean(2)) / 12
    for outer in ({}, {"landuse": "residential"}):
        tags = [outer, {"landuse": "grass"}]
        elements = drawn(tmp_path, [corners(2), corners(1)], tags=tags, relations=area)
        assert extents(elements.built_up) == [pytest.approx(expected, rel=1e-5)]
    # A hole that is residential itself is none.
    filled = drawn(tmp_path, [corners(2), corners(1)], relations=area)
    assert extents(filled.built_up) == [pytest.approx(1.5 * square_mean(4), rel=1e-5)]


def test_an_outline_of_several_ways_is_joined(tmp_path):
    nodes = {number: degrees(*at) for number, at in enumerate(corners(2), 3)}
    nodes |= {1: degrees(-9, 0), 2: degrees(9, 0)}
    ways = [(1, (3, 4, 5), {}), (2, (5, 6, 3), {}), (99, (1, 2), {"highway": "primary"})]
    members = [("w", 1, "outer"), ("w", 2, "outer"), ("n", 3, "label"), ("w", 77, "outer")]
    relation = (7, members, {"type": "multipolygon", "landuse": "residential"})
    file = write(tmp_path / "t.osm.pbf", nodes=nodes, ways=ways, relations=[relation])
    assert extents(osm.read(file, rail=False, ferries=False).built_up) == [
        pytest.approx(1.5 * square_mean(4), rel=1e-5)
    ]


def test_an_outline_that_leaves_the_file_is_closed_at_the_border_or_left_out(tmp_path):
    cut = drawn(tmp_path, [corners(2)], missing={12})
    assert [
        round(shapely.area(shapely.transform(one, lambda at: at * SCALE)), 3) for one in cut.built_up
    ] == [8]
    assert not len(drawn(tmp_path, [corners(2)], missing={10}).built_up)


def test_a_street_graph_has_no_areas(tmp_path):
    import networkx as nx

    street = nx.MultiDiGraph(crs="epsg:4326")
    for node, x in ((1, -9.0), (2, 9.0)):
        lon, lat = degrees(x, 0)
        street.add_node(node, x=lon, y=lat)
    street.add_edge(1, 2, osmid=5, highway="primary", length=18_000.0, oneway=False, reversed=False)
    street.add_edge(2, 1, osmid=5, highway="primary", length=18_000.0, oneway=False, reversed=True)
    assert not len(graph.read_graph(street).built_up)


@pytest.mark.parametrize("name", regions.names())
def test_the_embedded_regions_have_no_areas(name):
    """Whoever adds some changes access to every station: the extents are then those of the map."""
    network = regions.read(name).network
    assert network is None or not len(osm.read(network).built_up)


@pytest.mark.shared
def test_the_towns_of_malta_reach_farther_than_their_residents_need(shared_dir: Path):
    """Thirty towns, most of which touch: no two share an area, and nearly all are known."""
    elements = osm.read(shared_dir / "data" / "osm" / "malta_2018.osm.pbf")
    table = with_extents(cities.from_osm_places(elements), elements.built_up).table
    by_residents = AccessParameters.default().extents_km(table.drop(columns="extent_km"))
    unknown = table["name"][table["extent_km"].isna()].tolist()
    assert unknown == ["Valletta"]  # residential areas cover a tenth of it
    ratio = (table["extent_km"] / by_residents).dropna()
    assert 1.3 < ratio.median() < 1.8
    assert table["extent_km"].max() < 2.5  # the bays of Saint Paul's
    known = table.dropna(subset="extent_km").set_index("name")["extent_km"]
    assert known["Birkirkara"] == pytest.approx(1.12, abs=0.02)
    assert known["Mosta"] == pytest.approx(0.94, abs=0.02)  # shares an outline with Naxxar
