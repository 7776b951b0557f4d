from __future__ import annotations

import geopandas as gpd

from optimiser.report import geopackage, ring_layout


def test_the_geopackage_has_five_layers_and_their_styles(report, tmp_path):
    path = geopackage.write(report, tmp_path / "plan.gpkg")
    assert sorted(gpd.list_layers(path)["name"]) == [
        "cities",
        "layer_styles",
        "network_rail",
        "network_roads",
        "pairs",
        "proposals",
    ]


def test_cities_in_the_geopackage_have_their_coverage(report, tmp_path):
    path = geopackage.write(report, tmp_path / "plan.gpkg")
    cities = gpd.read_file(path, layer="cities").set_index("name")
    assert cities.loc["Di", ["before", "after", "worst_after"]].tolist() == [0, 3, "Ada"]


def test_pairs_in_the_geopackage_are_lines_with_seconds_before_and_after(report, tmp_path):
    path = geopackage.write(report, tmp_path / "plan.gpkg")
    pair = gpd.read_file(path, layer="pairs").set_index(["origin", "destination"]).loc[("Ada", "Di")]
    assert (pair["before_s"], pair["after_s"]) == (9 * 3600, 3 * 3600)
    assert pair.geometry.geom_type == "LineString"


def test_the_geopackage_holds_each_ring_as_one_closed_line(ringed, tmp_path):
    path = geopackage.write(ringed, tmp_path / "plan.gpkg")
    rings = gpd.read_file(path, layer="rings")
    assert rings[["ring", "length_km", "new_km", "cost", "cities"]].to_numpy().tolist() == [
        ["outer", 280, 30, 300, 3]
    ]
    assert rings.geometry.iloc[0].is_ring


def test_the_geopackage_holds_the_links_of_a_ring_in_order(ringed, tmp_path):
    path = geopackage.write(ringed, tmp_path / "plan.gpkg")
    links = gpd.read_file(path, layer="ring_links")
    assert links["link"].tolist() == [2, 1, 0, 3]
    assert links["state"].tolist() == ["existing", "new", "existing", "existing"]
    assert ring_layout.joined(links.geometry).is_closed


def test_the_geopackage_holds_known_rings(compared, tmp_path):
    path = geopackage.write(compared, tmp_path / "plan.gpkg")
    known = gpd.read_file(path, layer="known_rings")
    assert known[["reference", "name", "reference_km"]].to_numpy().tolist() == [
        ["known", "the known ring", 350]
    ]


def test_a_ring_that_is_not_formed_adds_no_layer(missed, tmp_path):
    names = set(gpd.list_layers(geopackage.write(missed, tmp_path / "plan.gpkg"))["name"])
    assert not names & {"rings", "ring_links", "known_rings"}
