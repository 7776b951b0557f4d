"""Land borders of the world have the lengths that are known, and lines that cross them are found."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from networks import borders
from networks.borders import border_crossings, closed_borders
from networks.countries import read_table
from networks.errors import SourceError
from optimiser.proposals.base_case import line_km

LENGTHS_KM = {
    "AM-AZ": 996, "AM-TR": 311, "BI-RW": 315, "BT-CN": 477, "BY-UA": 1084, "CN-IN": 2659, "DZ-MA": 1600,
    "ER-ET": 1030, "FI-RU": 1330, "IL-LB": 100, "IL-SY": 83, "IN-PK": 3190, "KP-KR": 240, "RU-UA": 1974,
}  # fmt: skip
"""Lengths of the borders that are closed, from memory (World Factbook; Lebanon with 20 km of the Golan)."""
_LEAST_SHARE, _MOST_SHARE = 0.7, 1.25
"""At 1:10m a border is drawn with fewer bends: those of the Caucasus have 0.72 to 0.83 of their length."""


def length_km(pair: str) -> float:
    pairs, lines = borders._borders()
    return sum(line_km(line) for line in lines[pairs == pair])


@pytest.mark.parametrize("pair", sorted(LENGTHS_KM))
def test_a_closed_border_has_a_line_of_about_its_length(pair):
    assert set(LENGTHS_KM) == set(read_table("borders.toml")["closed"])
    assert _LEAST_SHARE < length_km(pair) / LENGTHS_KM[pair] < _MOST_SHARE


@pytest.mark.parametrize(
    ("pair", "km"),
    [("CA-US", 8891), ("PT-ES", 1214), ("AR-CL", 5308), ("KZ-RU", 7600), ("BR-GF", 673), ("ID-TL", 228)],
)
def test_other_borders_have_lines_of_about_their_lengths_too(pair, km):
    assert 0.5 < length_km("-".join(sorted(pair.split("-")))) / km < _MOST_SHARE


@pytest.mark.parametrize(
    ("places", "pair"),
    [
        ([(28.64, 51.27), (29.23, 52.05)], "BY-UA"),  # Korosten - Mazyr
        ([(31.29, 51.49), (31.93, 52.53)], "BY-UA RU-UA"),  # Chernihiv - Novozybkov, by way of Belarus
        ([(126.77, 37.76), (126.55, 37.97)], "KP-KR"),  # Paju - Kaesong
        ([(43.84, 40.79), (43.10, 40.61)], "AM-TR"),  # Gyumri - Kars
        ([(-1.91, 34.68), (-1.31, 34.88)], "DZ-MA"),  # Oujda - Tlemcen
        ([(30.52, 50.45), (36.23, 49.99)], ""),  # Kyiv - Kharkiv
    ],
)
def test_a_line_between_two_countries_crosses_their_border_alone(places, pair):
    closed = closed_borders(read_table("borders.toml")["closed"])
    crossed = border_crossings([shapely.LineString(places)], closed)[0]
    assert {name for name, count in zip(closed, crossed, strict=True) if count} <= set(pair.split())
    assert crossed.sum() % 2 == bool(pair)


def test_lines_without_borders_and_borders_without_lines_have_no_crossings():
    assert border_crossings([], ("BY-UA",)).shape == (0, 1)
    assert border_crossings([shapely.Point(0, 0)], ()).shape == (1, 0)
    assert np.array_equal(border_crossings([shapely.LineString([(28.64, 51.27), (29.23, 52.05)])], ()), [[]])


def test_borders_are_read_in_any_order_and_all_faults_are_told():
    assert closed_borders(["ua-by", "RU-UA", "BY-UA"]) == ("BY-UA", "RU-UA")
    assert closed_borders([]) == ()
    with pytest.raises(SourceError, match=r"region\.closed_borders") as fault:
        closed_borders(["PT-FR", "BY-UA", "XX", "KR-XX"])
    first, second, third = fault.value.faults
    near = "AD-FR, BE-FR, CH-FR, DE-FR, ES-FR, ES-PT, FR-IT, FR-LU, FR-MC"
    assert first == f"'PT-FR': of these countries there are {near}"
    assert second == "'XX': of these countries there are none"
    assert third == "'KR-XX': of these countries there are KP-KR"
