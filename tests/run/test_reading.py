"""Lengths on the ground scale lengths and running times, and nothing else."""

from __future__ import annotations

from types import SimpleNamespace

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from networks.rail import RailBuild
from networks.schema import Network, Services
from optimiser.run import reading


def _railways(*, known: bool = False) -> RailBuild:
    links = gpd.GeoDataFrame({"length_km": [10.0, 0.1], "forward_s": [100, 1], "backward_s": [-1, 1]})
    stops = pd.DataFrame(
        {"service": [0, 0], "seq": [0, 1], "node": [0, 1], "run_s": [0, 100], "length_km": [0.0, 10.0]}
    )
    services = Services(lines=pd.DataFrame({"service_id": ["x"], "known_times": [known]}), stops=stops)
    network = Network(nodes=gpd.GeoDataFrame({"osm_id": [1, 2]}), links=links)
    return RailBuild(network=network, services=services, stations=pd.DataFrame(), report=SimpleNamespace())  # type: ignore[arg-type]


def test_times_and_lengths_grow_together_and_closed_stays_closed() -> None:
    longer = reading.lengthened_rail(_railways(), 1.025)
    assert longer.network.links["length_km"].tolist() == [10.25, 0.1025]
    assert longer.network.links["forward_s"].tolist() == [102, 1]
    assert longer.network.links["backward_s"].tolist() == [-1, 1]
    assert longer.services.stops["run_s"].tolist() == [0, 102]


def test_times_that_the_source_states_stay() -> None:
    longer = reading.lengthened_rail(_railways(known=True), 1.025)
    assert longer.services.stops["run_s"].tolist() == [0, 100]
    assert longer.services.stops["length_km"].tolist() == [0.0, 10.25]


def test_a_factor_of_one_changes_nothing() -> None:
    before = _railways()
    assert reading.lengthened_rail(before, 1.0) is before


def test_an_area_grows_by_its_margin_in_every_direction() -> None:
    box = shapely.box(116.0, 39.0, 117.0, 40.0)
    west, south, east, north = reading.widened(box, 50.0).bounds
    # A degree of latitude is 111.2 km; at 39.5 degrees north one of longitude is 85.8 km.
    assert (south, north) == pytest.approx((39.0 - 50 / 111.2, 40.0 + 50 / 111.2), abs=1e-6)
    assert (west, east) == pytest.approx((116.0 - 50 / 85.8, 117.0 + 50 / 85.8), abs=1e-3)
    assert reading.widened(box, 0.0) is box
