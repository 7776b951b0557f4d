"""Test the data contract: what is rejected, and that the page about it is up to date."""

from __future__ import annotations

import numpy as np
import pytest
from network_drawing import draw

from networks import schema
from networks.errors import SchemaError
from tools import written_pages


@pytest.fixture
def network():
    return draw([(0, 1, 10, 10), (1, 2, 20, -1)], count=3)


def faults_of(network, match):
    with pytest.raises(SchemaError, match=match) as caught:
        schema.check(network)
    return caught.value.faults


def with_links(network, **columns):
    return network.replace(links=network.links.assign(**columns))


def test_a_drawn_network_is_valid(network):
    schema.check(network)


def test_the_page_about_the_contract_is_up_to_date():
    page = (written_pages.DOCS / "data-contract.md").read_text(encoding="utf-8")
    assert page == written_pages.data_contract()


def test_all_faults_are_reported_at_once(network):
    broken = with_links(network, length_km=[0.0, 1.0], speed_kmh=[60.0, 401.0], tail=[0, 9])
    assert len(faults_of(broken, "data contract")) == 3


@pytest.mark.parametrize(
    ("columns", "match"),
    [
        ({"tail": np.array([0, 3])}, r"links.tail is not a row of the 3 nodes in 1 row\(s\): 1"),
        ({"head": np.array([-1, 2])}, "links.head is not a row"),
        ({"length_km": [0.0, 1.0]}, "length_km is not above 0"),
        ({"length_km": [np.nan, 1.0]}, "length_km is not a finite number"),
        ({"speed_kmh": [np.inf, 60.0]}, "speed_kmh is not a finite number"),
        ({"speed_kmh": [4.9, 60.0]}, "speed_kmh outside 5 to 400"),
        ({"speed_kmh": [60, 60]}, "speed_kmh has dtype int64; float64 is required"),
        ({"forward_s": np.array([-2, 5])}, "forward_s is neither a time nor 0 nor -1"),
        ({"backward_s": np.array([5, 5])}, "backward_s is open on a one-way link"),
        ({"backward_s": np.array([-1, -1])}, "backward_s is closed on a two-way link"),
        ({"tracks": [2, -1]}, "links.tracks is below 0"),
        ({"mode": ["road", "boat"]}, "links.mode is not one of road, ferry, rail"),
        ({"name": ["a", None]}, "links.name is not text"),
        ({"name": [1, 2]}, "links.name has dtype int64; text is required"),
        ({"lanes": [1, 2]}, "column 'lanes' is not part of the contract"),
    ],
)
def test_a_fault_in_a_column_is_reported(network, columns, match):
    faults_of(with_links(network, **columns), match)


def test_a_missing_column_is_reported(network):
    faults_of(network.replace(links=network.links.drop(columns="ref")), "links: column 'ref' is missing")


def test_rows_with_gaps_in_their_numbers_are_rejected(network):
    faults_of(network.replace(links=network.links.iloc[1:]), "rows are not numbered")


def test_another_reference_system_is_rejected(network):
    faults_of(network.replace(nodes=network.nodes.to_crs("EPSG:3857")), "coordinates are EPSG:3857")


def test_a_table_without_reference_system_is_rejected(network):
    bare = network.nodes.set_crs(None, allow_override=True)
    faults_of(network.replace(nodes=bare), "no coordinate reference system")


def test_a_latitude_beyond_the_pole_is_rejected(network):
    moved = network.nodes.set_geometry(network.nodes.geometry.translate(yoff=60))
    faults_of(network.replace(nodes=moved), "latitude outside -90 to 90")


def test_points_instead_of_lines_are_rejected(network):
    faults_of(with_links(network, geometry=network.nodes.geometry.iloc[:2]), "is not a LineString")


def test_coerce_orders_and_casts_columns(network):
    mixed = network.links[network.links.columns[::-1]].astype({"tail": "int32", "speed_kmh": "int64"})
    found = schema.coerce(network.replace(links=mixed))
    schema.check(found)
    assert list(found.links) == [column.name for column in schema.LINKS]


def test_coerce_reports_what_cannot_be_cast(network):
    with pytest.raises(SchemaError, match="'length_km' cannot be read as float64"):
        schema.coerce(with_links(network, length_km=["one", "two"]))


def test_an_empty_network_is_valid():
    schema.check(draw([], count=0))
