"""The report states the assumptions of a run in words."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import geopandas as gpd

from networks.intermodal import AccessParameters
from networks.world import Circle
from optimiser.run import reporting
from optimiser.run.reporting import describe_access


def test_the_report_tells_what_counts_before_the_first_train():
    said = dict(describe_access(AccessParameters.default("CN")))
    assert said["Arrival at the station"] == "25 min before high-speed and 20 min before conventional trains"
    assert said["Wait before the first train"] == "a fifth of the time between two trains, at most 30 min"
    assert said["Change of trains"] == "20 min and half the time between two trains, at most 30 min"


def test_two_rules_of_waiting_are_told_apart():
    mixed = replace(AccessParameters.default("CN"), waiting_conv="turn_up", wait_cap_s=90)
    wait = dict(describe_access(mixed))["Wait before the first train"]
    assert wait == (
        "high-speed: a fifth of the time between two trains, at most 1.5 min; "
        "conventional: half the time between two trains, at most 1.5 min"
    )


def test_cities_without_passenger_rail_are_named_with_the_distance_that_counts(monkeypatch):
    assumed = AccessParameters.default("CN")
    monkeypatch.setattr(reporting, "access_parameters", lambda *_: assumed)

    def said(*names):
        times = SimpleNamespace(report={"snapped": {"without_station": list(names)}})
        return reporting._without_rail(SimpleNamespace(job=None, source=None, times=times))

    near = f"no station of a train on this map within {assumed.centre_station_km:g} km of the centre"
    assert said("Anguo", "Hejian") == f"Anguo and Hejian: {near}"
    assert said() == "none"


def test_cities_near_a_larger_one_are_named_where_no_table_says_what_is_a_city():
    at = gpd.points_from_xy([0.0, 0.05, 0.3, 0.05], [0.0, 0.0, 0.0, 0.01])
    rows = {"name": ["Town", "Suburb", "Other", "Twin"], "population": [90_000, 20_000, 50_000, 20_000]}
    cities = gpd.GeoDataFrame(rows, geometry=at, crs=4326)

    def said(source, area=None):
        asked = SimpleNamespace(source=SimpleNamespace(cities_from=source, area=area))
        asked.times = SimpleNamespace(cities=cities)
        return list(reporting._suburbs(asked))

    near = "Suburb (6 km from Town), Twin (1 km from Suburb)"
    (told,) = said("geonames")
    assert told.startswith(
        f"Near a larger city, and counted as cities of their own: {near}. cities.leave_out"
    )
    assert said("csv") == said("region") == []
    # A larger city may lie just outside the circle: Montreal, 9 km from Longueuil.
    cities = gpd.GeoDataFrame(
        {"name": ["Longueuil"], "population": [229_330]},
        geometry=gpd.points_from_xy([-73.468], [45.515]),
        crs=4326,
    )
    (told,) = said("geonames", Circle(lat=45.5, lon=-73.4, radius_km=12.0))
    assert "Longueuil (9 km from Montréal, which lies outside)" in told
