"""Check what links cost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimiser.problem.errors import CandidateError
from optimiser.proposals.costs import Cost, builtin_cost_table, estimate, read_cost_table

OWN = """
money = "million EUR"
price_year = 2024
[multipliers]
hill = 1.5
mountain = 2.0
[[rates]]
standard = "road"
mode = "road"
terrain = "plain"
per = "km"
low = 1
central = 2.5
high = 4
basis = "b"
source = "s"
quality = "B"
"""


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "costs.toml"
    path.write_text(OWN)
    return read_cost_table(path)


def test_a_length_in_the_plain_costs_length_times_rate():
    assert estimate(builtin_cost_table("cn"), "expressway-4", 10.0) == Cost(900, 1200, 1500)


def test_shares_of_terrain_weigh_the_rates():
    assert (
        estimate(builtin_cost_table("cn"), "expressway-4", 10.0, (0.5, 0.0, 0.5, 0.0, 0.0)).central
        == 600 + 750
    )


def test_terrain_without_a_rate_takes_the_multiplier(own):
    assert estimate(own, "road", 10.0, (0.0, 0.0, 1.0, 0.0, 0.0)) == Cost(20, 50, 80)


def test_halves_are_rounded_up_once(own):
    assert estimate(own, "road", 1.0).central == 3


def test_pieces_cost_the_same_on_any_ground():
    table = builtin_cost_table("cn")
    assert estimate(table, "trainset", 3.0, (0.0, 0.0, 1.0, 0.0, 0.0)) == estimate(table, "trainset", 3.0)


@given(st.floats(0.01, 500), st.floats(0, 1))
def test_low_central_and_high_never_change_order(length_km, hill):
    cost = estimate(builtin_cost_table("cn"), "rail-250", length_km, (1 - hill, hill, 0.0, 0.0, 0.0))
    assert 1 <= cost.low <= cost.central <= cost.high


def test_every_rate_of_the_package_names_source_and_quality():
    rates = builtin_cost_table("cn").rates.values()
    assert all(rate.source and rate.basis and rate.quality in "ABC" for rate in rates)


def test_a_country_without_a_table_gets_that_of_the_world_which_says_what_it_is_good_for():
    table = builtin_cost_table("xx")
    assert table.money == "million USD"
    assert "orders of magnitude" in table.note


def test_the_table_of_the_world_prices_every_standard_that_is_proposed():
    assert set(builtin_cost_table("xx").rates) >= {
        key for key in builtin_cost_table("cn").rates if key[1] == "plain"
    }


def test_an_unknown_standard_is_refused_with_the_known_ones(own):
    with pytest.raises(CandidateError, match="one of: road"):
        estimate(own, "canal", 1.0)


def test_all_faults_of_a_table_come_at_once(tmp_path):
    path = tmp_path / "costs.toml"
    text = (
        OWN.replace("low = 1", "low = 9").replace('"plain"', '"swamp"').replace('money = "million EUR"', "")
    )
    path.write_text(text)
    with pytest.raises(CandidateError) as error:
        read_cost_table(path)
    assert len(error.value.faults) == 3
    assert str(path) in str(error.value)


def test_a_file_that_is_no_toml_is_refused(tmp_path):
    path = tmp_path / "costs.toml"
    path.write_text("rates = [")
    with pytest.raises(CandidateError, match="cannot be read"):
        read_cost_table(path)


def test_urban_ground_has_its_own_rate_on_roads():
    table = builtin_cost_table("cn")
    assert estimate(table, "expressway-4", 10.0, (0.0, 0.0, 0.0, 1.0, 0.0)) == Cost(2300, 3000, 4950)


def test_urban_ground_multiplies_roads_and_not_railways(tmp_path):
    rail = (
        OWN[OWN.index("[[rates]]") :]
        .replace('"road"', '"track"', 1)
        .replace('mode = "road"', 'mode = "rail"')
    )
    path = tmp_path / "costs.toml"
    path.write_text(OWN.replace("hill = 1.5", "hill = 1.5\nurban = 3.0") + rail)
    table, town = read_cost_table(path), (0.0, 0.0, 0.0, 1.0, 0.0)
    assert estimate(table, "road", 10.0, town) == Cost(30, 75, 120)
    assert estimate(table, "track", 10.0, town) == estimate(table, "track", 10.0)


def test_a_table_that_does_not_price_water_takes_four_times_plain_ground(own):
    assert estimate(own, "road", 10.0, (0.0, 0.0, 0.0, 0.0, 1.0)) == Cost(40, 100, 160)
