from __future__ import annotations

import pytest
from pyproj import Geod

from optimiser.report import maps


@pytest.mark.parametrize(("span", "length"), [(600_000, 100_000), (400_000, 50_000), (26_000, 5_000)])
def test_the_scale_bar_has_a_round_length(span, length):
    assert maps.round_length_m(span) == length


def test_the_map_is_true_to_scale(report):
    layers = maps.project(report)
    metres = layers.cities.geometry.iloc[0].distance(layers.cities.geometry.iloc[3])
    assert metres == pytest.approx(Geod(ellps="WGS84").inv(116, 39, 119, 39.9)[2], rel=1e-3)
