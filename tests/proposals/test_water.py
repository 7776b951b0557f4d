"""Check the map of seas and lakes, what it leaves to land, and what is made of crossings."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from candidates_drawing import KM
from hypothesis import given
from hypothesis import strategies as st

from optimiser.proposals.base_case import line_km
from optimiser.proposals.costs import builtin_cost_table
from optimiser.proposals.table import Item, Proposal, assemble
from optimiser.proposals.terrain import PLAIN, WATER, TerrainPolygons, WithWater, is_water, survey

WET = {
    "Bohai": (119.2, 38.6), "Bohai Bay": (118.1, 38.7), "Yellow Sea": (123.0, 36.0),
    "Tokyo Bay": (139.87, 35.5),
    "Øresund": (12.72, 55.75), "Channel": (1.2, 50.9), "Adriatic": (15.0, 43.5), "Gulf of Guinea": (3.0, 4.0),
    "Lake Victoria": (33.0, -1.0), "Lake Michigan": (-87.0, 43.5), "Chesapeake Bay": (-76.1, 37.4),
    "Río de la Plata": (-57.0, -35.0), "Bass Strait": (146.0, -39.8), "Caspian Sea": (51.0, 41.0),
    "Lake Baikal": (108.0, 53.3), "Pacific at the date line": (180.0, 0.0), "North Pole": (0.0, 90.0),
}  # fmt: skip
DRY = {
    "Beijing": (116.4, 39.9), "Tianjin": (117.2, 39.13), "Tianjin port": (117.75, 38.98),
    "Qinhuangdao": (119.6, 39.93), "Caofeidian": (118.46, 39.19), "Qingdao": (120.38, 36.07),
    "Shanghai": (121.47, 31.23), "Pudong airport": (121.8, 31.14), "Xiamen": (118.09, 24.48),
    "Hong Kong": (114.16, 22.28), "Tokyo": (139.76, 35.68), "Haneda": (139.78, 35.55),
    "Singapore": (103.85, 1.29),
    "Mumbai": (72.83, 18.93), "Istanbul": (28.98, 41.01), "Venice": (12.33, 45.44),
    "Copenhagen": (12.57, 55.68),
    "Malmö": (13.0, 55.6), "Lagos": (3.38, 6.45), "Cape Town": (18.42, -33.92), "New York": (-74.0, 40.71),
    "San Francisco": (-122.42, 37.77), "Key West": (-81.78, 24.55), "Rio de Janeiro": (-43.2, -22.9),
    "Sydney": (151.21, -33.87), "Sahara": (10.0, 23.0), "South Pole": (0.0, -90.0),
}  # fmt: skip
NOWHERE = gpd.GeoDataFrame({"mode": []}, geometry=[], crs=4326)


def wet(places):
    lon, lat = np.array(list(places.values()), dtype=float).T
    return dict(zip(places, is_water(lon, lat).tolist(), strict=True))


def place(lon, lat):
    return gpd.GeoDataFrame({"mode": ["road"]}, geometry=[shapely.Point(lon, lat)], crs=4326)


def test_seas_and_lakes_of_six_continents_are_water():
    assert wet(WET) == dict.fromkeys(WET, True)


def test_inland_and_coastal_cities_of_six_continents_are_land():
    assert wet(DRY) == dict.fromkeys(DRY, False)


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_longitudes_go_on_round_the_earth(lon, lat):
    # A sixty-fourth of a degree is exact in floating point, so that both fall into the same cell.
    lon = np.array([np.floor(lon * 64) / 64])
    at = np.array([lat])
    assert is_water(lon, at) == is_water(lon + 360.0, at)


def test_seven_tenths_of_the_earth_are_water():
    rng = np.random.default_rng(0)
    lon, lat = rng.uniform(-180, 180, 100_000), np.degrees(np.arcsin(rng.uniform(-1, 1, 100_000)))
    assert is_water(lon, lat).mean() == pytest.approx(0.71, abs=0.01)


@given(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
def test_open_sea_is_land_within_two_km_of_a_road_of_today_alone(east, north):
    ground = WithWater.of(PLAIN, place(119.2, 38.6), [NOWHERE])
    found = ground.classify(np.array([119.2 + east]), np.array([38.6 + north]))
    km = np.hypot(east * np.cos(np.radians(38.6)), north) / KM
    if abs(km - 2.0) > 0.05:
        assert (found[0] == WATER) == (km > 2.0 and bool(is_water(119.2 + east, 38.6 + north)))


def test_a_ferry_makes_no_land():
    across = shapely.LineString([(119.0, 38.6), (119.4, 38.6)])
    for mode, share in (("ferry", 1.0), ("road", 0.0)):
        links = gpd.GeoDataFrame({"mode": [mode]}, geometry=[across], crs=4326)
        shares = survey([across], WithWater.of(PLAIN, place(116.4, 39.9), [links]))
        assert shares[0, WATER] == share


def test_the_bohai_bay_is_one_long_crossing():
    ground = WithWater.of(PLAIN, place(117.2, 39.13), [NOWHERE])
    across, ashore = [(117.562, 38.777), (118.452, 39.083)], [(117.2, 39.6), (116.9, 38.3)]
    lines = [shapely.LineString(across), shapely.LineString(ashore)]
    wet = survey(lines, ground)[:, WATER]
    km = [share * line_km(line) for share, line in zip(wet, lines, strict=True)]
    assert km == pytest.approx([69, 0], abs=3)


# ---- drawn water: two channels of 12 and 6 km under a line of 40 km, 20 km apart

CHANNELS = TerrainPolygons(
    tuple(shapely.box(x * KM, -1.0, (x + wide) * KM, 1.0) for x, wide in ((2, 12), (34, 6))),
    (WATER,) * 2,
    "drawn",
)


def link(name, end_km):
    return Proposal(
        candidate_id=name, from_name="a", to_name="b", length_km=48.0, speed_kmh=100.0,
        standard="expressway-4", why="drawn", geometry=shapely.LineString([(0, 0), (end_km * KM, 0)]),
        arcs=(), kind="gap", mode="road", instrument="barrier", items=(Item("expressway-4", 48.0),),
    )  # fmt: skip


def test_each_line_has_its_own_share_of_water():
    lines = [link("a", 40.0).geometry, link("b", 2.0).geometry, link("c", 4.0).geometry]
    assert survey(lines, CHANNELS)[:, WATER].tolist() == [0.45, 0.0, 0.5]


def test_water_is_paid_for_by_the_km():
    found = assemble([link("a", 40.0)], builtin_cost_table("cn"), CHANNELS)
    assert found.table["water_km"].tolist() == [48 * 0.45]
    assert found.table["cost"].tolist() == [round(48 * (0.55 * 120 + 0.45 * 480))]


def test_what_crosses_much_water_in_all_is_left_out_and_counted():
    kept, none = (
        assemble([link("a", 40.0)], builtin_cost_table("cn"), CHANNELS, (km, ())) for km in (18.1, 17.9)
    )
    assert (len(kept), kept.report) == (1, {})
    assert (len(none), none.report) == (0, {"gap: crosses more than 17.9 km of water": 1})
