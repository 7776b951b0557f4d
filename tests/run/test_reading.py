"""Test how the area of a job is read."""

from __future__ import annotations

import pytest
import shapely

from optimiser.run import reading


def test_an_area_grows_by_its_margin_in_every_direction() -> None:
    box = shapely.box(116.0, 39.0, 117.0, 40.0)
    west, south, east, north = reading.widened(box, 50.0).bounds
    # A degree of latitude is 111.2 km; at 39.5 degrees north one of longitude is 85.8 km.
    assert (south, north) == pytest.approx((39.0 - 50 / 111.2, 40.0 + 50 / 111.2), abs=1e-6)
    assert (west, east) == pytest.approx((116.0 - 50 / 85.8, 117.0 + 50 / 85.8), abs=1e-3)
    assert reading.widened(box, 0.0) is box
