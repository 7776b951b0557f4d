"""Check what links cost."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from networks.countries import names
from networks.road.speeds import speed_table
from optimiser.problem.errors import CandidateError
from optimiser.proposals.costs import Cost, builtin_cost_table, estimate, read_cost_table, read_standards
from optimiser.proposals.roads import RoadRules
from optimiser.proposals.terrain import WATER, sample_line, survey, urban_radius_km
from optimiser.proposals.trains import RailRules
from tools import written_pages

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


@pytest.mark.parametrize("country", names())
def test_every_rate_of_the_package_names_source_and_quality(country):
    table = builtin_cost_table(country)
    assert all(rate.source and rate.basis and rate.quality in "ABC" for rate in table.rates.values())
    assert table.note


MONEY = {
    "CN": "million CNY", "EU": "million EUR", "DE": "million EUR", "FR": "million EUR", "ES": "million EUR",
    "IT": "million EUR", "PL": "million EUR", "PT": "million EUR", "GB": "million GBP", "US": "million USD",
    "CA": "million CAD", "IN": "million INR", "BR": "million BRL", "JP": "million JPY", "ID": "billion IDR",
    "ZA": "million ZAR", "NG": "million NGN", "TR": "million TRY", "AU": "million AUD",
    "world": "million USD",
}  # fmt: skip


@pytest.mark.parametrize("country", names())
def test_every_country_counts_in_its_money_and_prices_all_that_is_proposed(country):
    table = builtin_cost_table(country)
    assert (table.money, table.price_year) == (MONEY[country], 2020)
    assert set(table.standards) >= set(builtin_cost_table("cn").standards)
    assert {read_standards(country)[name] for name in ("fast_standard", "usual_standard")} <= set(
        table.standards
    )


@pytest.mark.parametrize("country", names())
def test_what_is_faster_or_wider_costs_no_less(country):
    def central(standard):
        return builtin_cost_table(country).rate(standard, "plain").central

    assert central("first-class") < central("expressway-120") < central("expressway-4")
    assert central("expressway-4") < central("expressway-6")
    assert central("rail-250") < central("hsr-350")
    assert central("rail-160") < central("hsr-350")


def test_a_rate_that_a_country_does_not_give_is_that_of_its_group_at_the_exchange_rate():
    eu, gb = builtin_cost_table("EU"), builtin_cost_table("GB")
    assert gb.rate("trainset", "plain").central == pytest.approx(25 * 0.876 * 0.89)
    assert gb.rate("trainset", "plain").basis.endswith("million USD x 0.876; million EUR x 0.89")
    assert builtin_cost_table("PT").rates == eu.rates
    assert builtin_cost_table("CH").money == "million EUR"


def test_a_rate_that_a_country_does_not_give_keeps_its_ratio_to_one_of_its_own():
    india, world = builtin_cost_table("IN"), builtin_cost_table("world")
    assert world.rate("first-class", "plain").central / world.rate("expressway-4", "plain").central == 2.5 / 8
    assert india.rate("first-class", "plain").central == 200 * 2.5 / 8
    assert india.rate("rail-250", "plain").high == pytest.approx(35 * 2165 / 30)
    assert "ratio of expressway-4" in india.rate("first-class", "plain").basis


@pytest.mark.parametrize(
    ("country", "road", "fast", "standard", "usual"),
    [
        ("CN", 120, 350, "hsr-350", 250), ("DE", 130, 300, "hsr-350", 250), ("FR", 130, 320, "hsr-350", 250),
        ("JP", 100, 260, "rail-250", 260), ("NG", 100, 160, "rail-160", 160),
        ("ke", 120, 350, "hsr-350", 250),
    ],
)  # fmt: skip
def test_new_roads_and_railways_have_the_standards_of_the_country(country, road, fast, standard, usual):
    found = read_standards(country)
    assert tuple(found[name] for name in ("road_kmh", "fast_kmh", "fast_standard", "usual_kmh")) == (
        road,
        fast,
        standard,
        usual,
    )
    assert found["source"]


def test_a_country_without_a_table_gets_that_of_the_world_which_says_what_it_is_good_for():
    table = builtin_cost_table("ke")
    assert table.money == "million USD"
    assert "orders of magnitude" in table.note


def test_the_table_of_the_world_prices_every_standard_that_is_proposed():
    assert set(builtin_cost_table("ke").rates) >= {
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


def test_ground_without_rate_and_multiplier_costs_as_much_as_plain_ground(tmp_path):
    path = tmp_path / "costs.toml"
    path.write_text(OWN.replace("hill = 1.5\nmountain = 2.0", ""))
    table = read_cost_table(path)
    for at in range(4):
        shares = tuple(float(k == at) for k in range(5))
        assert estimate(table, "road", 10.0, shares) == Cost(10, 25, 40)
    assert table.multipliers == {"plain": 1.0, "hill": 1.0, "mountain": 1.0, "urban": 1.0, "water": 4.0}
    assert table.rate("road", "water").basis == "b; plain x 4"


def test_a_rate_for_a_terrain_goes_before_the_multiplier(tmp_path):
    path = tmp_path / "costs.toml"
    row = OWN[OWN.index("[[rates]]") :]
    path.write_text(OWN + row.replace('"plain"', '"hill"').replace("central = 2.5", "central = 3"))
    table = read_cost_table(path)
    assert estimate(table, "road", 10.0, (0.0, 1.0, 0.0, 0.0, 0.0)) == Cost(10, 30, 40)
    assert estimate(table, "road", 10.0, (0.0, 0.0, 1.0, 0.0, 0.0)) == Cost(20, 50, 80)
    assert table.standards == ("road",)


def test_something_costs_one_at_least_and_nothing_costs_nothing(own):
    assert estimate(own, "road", 0.01) == Cost(1, 1, 1)
    assert estimate(own, "road", 0.0) == Cost(0, 0, 0)
    assert estimate(own, "road", 1.0) == Cost(1, 3, 4)
    assert Cost(1, 2, 3) + Cost(10, 20, 30) == Cost(11, 22, 33)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("low = 1", "low = 0"), "rate 1: low, central and high must be numbers above 0"),
        (("low = 1", "low = true"), "rate 1: low, central and high must be numbers above 0"),
        (("high = 4", "high = inf"), "rate 1: low, central and high must be numbers above 0"),
        (("low = 1", "low = 3"), "rate 1: low <= central <= high does not hold"),
        (('per = "km"', 'per = "mile"'), "rate 1: per `mile` is neither km nor each"),
        (('basis = "b"', ""), "rate 1: `basis` is missing"),
        (('basis = "b"', 'basis = "b"\nbase = 1'), "rate 1: unknown key `base`"),
        (("price_year = 2024", ""), "key `price_year` is missing"),
        (("price_year = 2024", "price_year = 2024\nyear = 1"), "unknown key `year`"),
        (("hill = 1.5", "hill = 0"), "multiplier of hill: `0` is not a number above 0"),
    ],
)
def test_each_fault_of_a_table_is_named_alone(tmp_path, change, fault):
    path = tmp_path / "costs.toml"
    assert change[0] in OWN
    path.write_text(OWN.replace(*change))
    with pytest.raises(CandidateError) as error:
        read_cost_table(path)
    assert list(error.value.faults) == [fault]


def test_a_rate_that_is_given_twice_or_not_at_all_is_a_fault(tmp_path):
    path = tmp_path / "costs.toml"
    head, row = OWN[: OWN.index("[[rates]]")], OWN[OWN.index("[[rates]]") :]
    for text, fault in ((OWN + row, "road on plain is given twice"), (head, "no [[rates]]")):
        path.write_text(text)
        with pytest.raises(CandidateError) as error:
            read_cost_table(path)
        assert list(error.value.faults) == [fault]
    path.write_text(OWN)
    assert read_cost_table(path).note == ""


@pytest.mark.parametrize(
    ("km", "at"), [(0.3, [0.5]), (0.74, [0.5]), (0.76, [0.25, 0.75]), (1.5, [1 / 6, 0.5, 5 / 6])]
)
def test_a_line_is_sampled_at_the_middles_of_parts_of_half_a_km(km, at):
    line = shapely.LineString([(0, 0), (km / 111.195, 0)])
    found = sample_line(line)
    assert found[:, 0] == pytest.approx(np.array(at) * km / 111.195, rel=1e-9)
    assert found[:, 1].tolist() == [0.0] * len(at)


def test_towns_are_urban_within_the_radius_of_their_people():
    assert urban_radius_km(np.array([0.0, 31_415.926_535, 314_159.265_35])).tolist() == pytest.approx(
        [0.0, 1.0, 10**0.5]
    )


class Wet:
    """Ground of 200 parts a degree of longitude; those whose numbers are in a set are water, others plain."""

    source = "drawn"

    def __init__(self, *wet):
        self.wet = wet

    def classify(self, lon, lat):  # noqa: ARG002
        return np.where(np.isin(np.floor(lon * 200).astype(int), self.wet), WATER, 0).astype(np.int8)


@pytest.mark.parametrize(
    ("wet", "parts"),
    [
        ((), 0),
        ((0, 1, 2), 3),
        ((3,), 1),
        ((8, 9), 2),
        ((1, 2, 4, 5, 6, 8), 3),
        ((0, 9), 1),
        (tuple(range(10)), 10),
    ],
)
def test_the_share_of_water_is_that_of_the_samples_of_a_line(wet, parts):
    """A line of 5.56 km, sampled at 11 points of which two lie in one part; a second one that is all dry."""
    first = shapely.LineString([(0, 0), (0.05, 0)])
    second = shapely.LineString([(0.05, 0), (0.1, 0)])
    shares = survey([first, second], Wet(*wet))
    is_wet = np.isin(np.floor(sample_line(first)[:, 0] * 200).astype(int), wet)
    assert is_wet.any() == (parts > 0)
    assert shares[0] == pytest.approx([1 - is_wet.mean(), 0, 0, 0, is_wet.mean()])
    assert shares[1].tolist() == [1.0, 0.0, 0.0, 0.0, 0.0]


def test_the_page_of_countries_shows_the_tables():
    text = written_pages.countries()
    for title in ("Roads", "Stations", "Trains", "Standards", "Unit costs"):
        rows = text.partition(f"### {title}\n")[2].partition("###")[0]
        assert all(f"| {name} |" in rows for name in names().values())
    assert all(f"* **{name}**" in text.partition("### Sources")[2] for name in names().values())


def test_the_standards_of_china_are_those_that_rules_have_without_a_country():
    china = read_standards("CN")
    road_kmh, mountain_kmh, _ = (china.pop(key) for key in ("road_kmh", "road_mountain_kmh", "source"))
    assert RailRules(**china) == RailRules()
    speed, mountain = (speed_table("CN").average_kmh("motorway", kmh) for kmh in (road_kmh, mountain_kmh))
    assert RoadRules(speed_kmh=speed, mountain_kmh=mountain) == RoadRules()


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=2, max_size=6, unique=True),
        min_size=1,
        max_size=3,
    )
)
def test_samples_are_the_points_that_shapely_finds_along_the_line(parts):
    line = shapely.MultiLineString([[(x / 50, 40 + y / 50) for x, y in part] for part in parts])
    found = sample_line(line)
    at = (np.arange(len(found)) + 0.5) / len(found)
    points = shapely.line_interpolate_point(shapely.line_merge(line), at, normalized=True)
    assert (found == shapely.get_coordinates(points)).all()
