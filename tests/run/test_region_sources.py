"""Test regions from imports and street graphs: their times are those of the map."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import geopandas
import numpy as np
import osmnx as ox
import pytest
import shapely
from cli_drawing import JOB, cities_csv, draw_map

import networks
import polyring as pr
from networks import osm, storage
from networks.errors import SchemaError, SourceError
from networks.world import Town
from optimiser.cli.setup import build
from optimiser.job import find, loads
from optimiser.problem.errors import JobError
from optimiser.run import timing
from optimiser.run.chain import Chain


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A folder with a map, its import and its graphs."""
    folder = tmp_path_factory.mktemp("sources")
    (folder / "map.osm").write_text(draw_map())
    (folder / "cities.csv").write_text(cities_csv())
    elements = osm.read(folder / "map.osm")
    road, rail, report = build(elements, country="CN", contract=False)
    storage.write_import(
        folder / "map.gpkg", road=road, rail=rail, elements=elements, report=report, country="CN",
        road_classes=osm.DEFAULT_CLASSES,
    )  # fmt: skip
    # The roads are a ring, and OSMnx drops rings where it simplifies.
    graph = ox.graph_from_xml(folder / "map.osm", simplify=False, retain_all=True)
    ox.save_graphml(graph, folder / "roads.graphml")
    ox.save_graphml(networks.to_graph(road), folder / "ours.graphml")
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("POLYRING_CACHE", str(tmp_path))


def times(home, file, **options):
    region = pr.Region.read(file, cities=home / "cities.csv", limit="2h", **options)
    return region.travel_times(), region.travel_times("in_vehicle")


def equal(first, second):
    return all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))


def test_an_import_has_the_times_of_its_map(home):
    assert equal(times(home, home / "map.gpkg"), times(home, home / "map.osm", country="CN"))


def test_a_graph_has_the_times_of_its_map(home):
    expected = times(home, home / "map.osm", country="CN")
    assert equal(times(home, home / "roads.graphml", country="CN"), expected)


def test_a_graph_in_memory_is_a_region(home):
    graph = ox.load_graphml(home / "roads.graphml")
    found = times(home, graph, country="CN")
    assert equal(found, times(home, home / "roads.graphml", country="CN"))


def test_a_graph_of_our_own_keeps_its_times(home):
    assert equal(times(home, home / "ours.graphml"), times(home, home / "map.osm", country="CN"))


def test_the_speeds_of_a_graph_count_where_the_job_says_so(home):
    graph = ox.load_graphml(home / "roads.graphml")
    fast = ox.add_edge_travel_times(ox.add_edge_speeds(graph, fallback=200.0))
    by_table, by_graph = (
        times(home, fast, country="CN", settings=[f'region.graph_speeds="{way}"'])[1].loc["Alpha", "Beta"]
        for way in ("table", "graph")
    )
    assert by_graph < by_table
    assert by_graph == pytest.approx(by_table * 0.5, rel=0.3)


def job(home, text: str, *settings: str) -> Chain:
    (home / "job.toml").write_text(JOB.replace('file = "map.osm"', text))
    return Chain.of(find(str(home / "job.toml"), settings=settings))


def test_a_job_names_a_graph(home):
    chain = job(home, 'graph = "roads.graphml"')
    assert len(chain.networks.value.road.links) == 7
    assert chain.networks.value.report["source"]["name"] == "roads.graphml"


def test_no_candidate_of_an_extract_crosses_a_closed_border_and_its_roads_do(home, monkeypatch):
    wall = shapely.linestrings([[[117.5, 30.0], [117.5, 50.0]]])
    monkeypatch.setattr("networks.borders._borders", lambda: (np.array(["CN-KP"]), wall))
    chains = [
        job(home, 'file = "map.osm"', f"region.closed_borders={pairs}") for pairs in ("[]", "['KP-CN']")
    ]
    (opened, closed), (first, second) = (
        [getattr(chain, step).value for chain in chains] for step in ("candidates", "times")
    )
    assert np.array_equal(first.skims["door_to_door"], second.skims["door_to_door"])
    crosses = opened.table.intersects(wall[0]) & (opened.table["replaces"] == "")
    assert crosses.any()
    assert not set(opened.table["candidate_id"][crosses]) & set(closed.table["candidate_id"])
    counts = [count for why, count in closed.report.items() if why.endswith("closed to cars (CN-KP)")]
    assert sum(counts) >= crosses.sum()


def test_a_graph_takes_its_cities_from_geonames_where_the_job_names_none(home):
    assert job(home, 'graph = "roads.graphml"', 'cities.file=""').source.cities_from == "geonames"


def test_a_graph_has_no_places(home):
    with pytest.raises(JobError, match=r"cities: this job has no embedded region or map"):
        job(home, 'graph = "roads.graphml"', 'cities.source="osm"')


def test_an_import_gives_its_country_and_its_places_to_the_job(home):
    chain = job(home, 'file = "map.gpkg"', 'region.country=""', 'cities.file=""', 'cities.source="osm"')
    assert chain.source.country == "CN"
    assert chain.networks.value.places is not None
    assert len(chain.networks.value.places) == 6


def test_a_place_to_keep_that_no_source_has_is_refused_with_what_is_spelt_alike(home):
    chain = job(home, 'file = "map.osm"', 'cities.file=""', 'cities.source="osm"', 'cities.keep=["Alpa"]')
    with pytest.raises(SchemaError, match=r"cities.keep: no city is called 'Alpa'; did you mean 'Alpha'"):
        _ = chain.times.value


def test_a_town_reaches_as_far_as_the_map_says_and_others_by_their_residents(home):
    """Of Alpha the map and its import have a residential area of 0.2 by 0.2 degrees."""
    corners = enumerate([(115.9, 38.9), (116.1, 38.9), (116.1, 39.1), (115.9, 39.1)], 9001)
    nodes = "".join(f'<node id="{one}" lon="{lon}" lat="{lat}"/>' for one, (lon, lat) in corners)
    refs = "".join(f'<nd ref="{one}"/>' for one in (9001, 9002, 9003, 9004, 9001))
    area = f'{nodes}<way id="9005">{refs}<tag k="landuse" v="residential"/></way></osm>'
    (home / "area.osm").write_text(draw_map().replace("</osm>", area))
    elements = osm.read(home / "area.osm")
    road, rail, report = build(elements, country="CN", contract=False)
    storage.write_import(
        home / "area.gpkg", road=road, rail=rail, elements=elements, report=report, country="CN",
        road_classes=osm.DEFAULT_CLASSES,
    )  # fmt: skip
    side_km = math.sqrt(22.24 * 17.28)  # a square of the same area has nearly the same mean distance
    for file, told in (("area.osm", 1), ("area.gpkg", 1), ("map.osm", 0)):
        times = job(home, f'file = "{file}"').times.value
        assert times.report["snapped"]["extents"] == {"table": 0, "map": told, "residents": 6 - told}
        known = times.cities.set_index("city_id")["extent_km"].dropna().to_dict()
        assert known == pytest.approx({"a": 1.5 * 0.3826 * side_km} if told else {}, rel=0.02)


def test_railways_and_classes_that_a_job_leaves_out_are_left_out_of_an_import(home):
    chain = job(home, 'file = "map.gpkg"', "times.rail=false", 'times.road_classes=["motorway", "primary"]')
    assert set(chain.networks.value.road.links["link_class"]) == {"motorway", "primary"}
    assert not len(chain.networks.value.rail.stations)


def test_a_job_that_asks_an_import_for_more_is_told_all_at_once(home):
    with pytest.raises(JobError, match="imported file does not hold") as caught:
        job(
            home, 'file = "map.gpkg"', 'region.country="DE"', "region.as_of=2019-01-01",
            'times.road_classes=["motorway", "residential"]',
        )  # fmt: skip
    assert len(caught.value.faults) == 3


def test_a_contracted_import_is_refused(home):
    elements = osm.read(home / "map.osm")
    road, rail, report = build(elements, country="CN", contract=True)
    storage.write_import(
        home / "small.gpkg", road=road, rail=rail, elements=elements, report=report, country="CN",
        road_classes=osm.DEFAULT_CLASSES,
    )  # fmt: skip
    with pytest.raises(JobError, match="it is contracted"):
        job(home, 'file = "small.gpkg"')


def test_another_geopackage_is_refused_when_the_job_is_read(home):
    networks.write_gpkg(networks.read_gpkg(home / "map.gpkg"), home / "plain.gpkg")
    with pytest.raises(SourceError, match="not what `polyring import` writes"):
        job(home, 'file = "plain.gpkg"')


@pytest.mark.long
@pytest.mark.shared
def test_an_import_of_a_real_map_with_trains_has_its_times(shared_dir, tmp_path):
    file = shared_dir / "data" / "osm" / "ors_heidelberg.osm.pbf"
    elements = osm.read(file)
    road, rail, report = build(elements, country="DE", contract=False)
    storage.write_import(
        tmp_path / "h.gpkg", road=road, rail=rail, elements=elements, report=report, country="DE",
        road_classes=osm.DEFAULT_CLASSES,
    )  # fmt: skip
    rows = [("a", "Heidelberg", 8.6943, 49.4094, 160000), ("b", "Leimen", 8.691, 49.348, 27000)]
    rows += [("c", "Schriesheim", 8.659, 49.474, 15000), ("d", "Eppelheim", 8.63, 49.401, 15000)]
    (tmp_path / "cities.csv").write_text(cities_csv(rows))
    assert len(rail.services.lines)
    assert equal(times(tmp_path, tmp_path / "h.gpkg"), times(tmp_path, file, country="DE"))


PLACES = tuple(
    Town(key, f"T{key}", country, 0.3 * key, 0.0, people)
    for key, (country, people) in enumerate(
        [("IN", 90_000), ("IN", 30_000), ("NP", 12_000), ("IN", 11_000), ("BD", 10_500), ("IN", 700)], start=1
    )
)


OF_MAP = SimpleNamespace(files={}, area=None, cities_from="osm", has_map=True, country="IN", title="map")


def read_with_roads(at: list[float], part: list[int]) -> SimpleNamespace:
    """Return networks whose roads have nodes at these latitudes and longitudes, in these components."""
    nodes = geopandas.GeoSeries.from_xy(at, at)
    return SimpleNamespace(places=None, road=SimpleNamespace(nodes=nodes, components=lambda: np.array(part)))


@pytest.mark.parametrize(
    ("cities", "kept", "told"),
    [
        ("", [1, 2, 3, 4, 5], ["IN 3, NP 1, BD 1", "GeoNames", "from 10,000 residents"]),
        ("least_population = 20_000", [1, 2], ["GeoNames"]),
        ('countries = ["IN"]', [1, 2, 4], ["GeoNames", "from 1,000 residents"]),
    ],
)
def test_where_a_map_has_no_cities_smaller_towns_of_geonames_count(monkeypatch, cities, kept, told):
    monkeypatch.setattr("networks.world.towns.all_towns", lambda _: PLACES)
    job = loads(f'[region]\nfile = "map.osm"\ncountry = "IN"\n[cities]\n{cities}\n')
    found = timing.load_cities(job, OF_MAP, read_with_roads([-3.0, 3.0], [0, 0]))
    assert found.table["name"].tolist() == [f"T{key}" for key in kept]
    assert len(found.notes) == len(told)
    for note, words in zip(found.notes, told, strict=True):
        assert words in note


@pytest.mark.parametrize(("part", "least"), [([0, 0, 0], 10_000), ([0, 1, 1], 1_000)])
def test_smaller_towns_count_until_the_largest_part_of_the_roads_reaches_enough(monkeypatch, part, least):
    monkeypatch.setattr("networks.world.towns.all_towns", lambda _: PLACES)
    job = loads('[region]\nfile = "map.osm"\ncountry = "IN"\n')
    found = timing.load_cities(job, OF_MAP, read_with_roads([-3.0, 39.0, 42.0], part))
    assert f"from {least:,} residents" in found.notes[-1]


@pytest.mark.parametrize(
    ("cities", "count"), [("", 300), ("largest = 301", 301), ("least_population = 9_000", 302)]
)
def test_a_nation_of_geonames_has_300_cities_where_the_job_sets_no_limit(monkeypatch, cities, count):
    nation = tuple(Town(key, f"T{key}", "IN", 0.3 * key, 0.0, 60_000) for key in range(1, 303))
    monkeypatch.setattr("networks.world.towns.all_towns", lambda _: nation)
    job = loads(f'[region]\nfile = "map.osm"\ncountry = "IN"\n[cities]\n{cities}\n')
    found = timing.load_cities(job, OF_MAP, read_with_roads([-3.0, 95.0], [0, 0]))
    assert len(found) == count
    assert ("the 300 largest" in found.notes[-1]) == (count == 300)
