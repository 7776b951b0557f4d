"""Figures of a country are its own, else those of its group, else those of the world."""

from __future__ import annotations

from dataclasses import fields

import pytest

from networks.countries import (
    figures,
    groups,
    lineage,
    names,
    read_table,
    thresholds,
    value_of_time,
)
from networks.errors import SourceError
from networks.intermodal import AccessParameters
from networks.rail.parameters import RailParameters, Running
from networks.road.speeds import speed_table

ALL = sorted(names())


@pytest.mark.parametrize(
    ("country", "keys"),
    [
        ("DE", ("DE", "EU", "world")),
        ("gb", ("GB", "EU", "world")),
        ("CH", ("CH", "EU", "world")),
        ("EU", ("EU", "world")),
        ("CN", ("CN", "world")),
        ("KE", ("KE", "world")),
        ("world", ("world",)),
    ],
)
def test_figures_are_sought_by_country_group_and_world(country, keys):
    assert lineage(country) == keys


@pytest.mark.parametrize("country", ["", "D", "DEU", "D1", "Germany", "XX", "日本"])
def test_what_is_no_code_is_refused(country):
    with pytest.raises(SourceError, match="country code"):
        lineage(country)


@pytest.mark.parametrize(
    ("country", "hint"), [("Germany", "; did you mean DE?"), (" germny", "; did you mean DE?"), ("XX", ".")]
)
def test_a_country_that_is_named_is_hinted_at(country, hint):
    with pytest.raises(SourceError) as fault:
        lineage(country)
    assert f"is not a country code{hint}" in str(fault.value)


def test_inner_tables_are_joined_and_the_table_stays_as_it_is():
    table = {"world": {"a": 1, "b": {"c": 2, "d": 3}}, "EU": {"b": {"c": 4}}, "DE": {"a": 5}}
    assert figures(table, "DE") == {"a": 5, "b": {"c": 4, "d": 3}}
    assert figures(table, "JP") == {"a": 1, "b": {"c": 2, "d": 3}}
    assert table["world"] == {"a": 1, "b": {"c": 2, "d": 3}}


def test_every_country_with_figures_of_its_own_has_a_name():
    assert set(read_table("rail.toml")["country"]) <= set(ALL)
    assert set(groups()) <= set(ALL)


def test_tables_of_countries_hold_known_keys_only():
    table, classes = read_table("rail.toml"), {line.name for line in RailParameters.default().classes}
    for code, own in table["country"].items():
        assert set(own) <= {*table["access"], "running", "trains_a_day", "source"}, code
        assert set(own.get("running", {})) <= {field.name for field in fields(Running)} - {"start_s"}, code
        assert set(own.get("trains_a_day", classes)) == classes, code
        assert own["source"], code


@pytest.mark.parametrize("country", ALL)
def test_every_country_has_all_parameters(country):
    access, rail = AccessParameters.default(country), RailParameters.default(country)
    assert access.running == rail.running
    assert access.running.start_s == 240
    assert all(1 <= line.trains_a_day <= 200 for line in rail.classes)
    assert 0 < access.check_in_conv_s <= access.check_in_hsr_s <= 2400
    assert speed_table(country).source
    assert thresholds(country) == (5_000_000, 500_000)


def test_china_has_the_figures_that_were_fitted_and_counted_there():
    rail, access = RailParameters.default("CN"), AccessParameters.default("CN")
    assert (rail.running.factor, rail.running.stop_s, rail.running.start_s) == (0.8, 450, 240)
    assert [line.trains_a_day for line in rail.classes] == [44, 18, 8, 27, 3]
    assert (access.check_in_hsr_s, access.check_in_conv_s, access.transfer_s) == (1500, 1200, 1200)
    assert (access.waiting_hsr, access.waiting_conv) == ("scheduled", "scheduled")


def test_countries_differ_where_their_railways_do():
    assert RailParameters.default("JP").running.stop_s == 240
    assert RailParameters.default("DE").running.stop_s == RailParameters.default().running.stop_s == 300
    assert AccessParameters.default("ES").check_in_hsr_s == 1200
    assert AccessParameters.default("DE").transfer_s == 480
    assert AccessParameters.default("FR").transfer_s == 600
    assert AccessParameters.default("NG").terminal.core == 2400
    assert [mode.name for mode in AccessParameters.default("NG").modes] == ["walk", "bus", "taxi"]
    assert [mode.name for mode in AccessParameters.default("IN").modes] == ["walk", "bus", "taxi", "metro"]
    taxis = {code: AccessParameters.default(code).modes[2].speed_kmh for code in ("CN", "IN", "NG")}
    assert taxis == {"CN": 25.0, "IN": 18.0, "NG": 14.0}
    assert RailParameters.default("NL").default_headway_s("conv160") == round(16 * 3600 / 28)
    assert RailParameters.default("DE").default_headway_s("conv160") == 1800


@pytest.mark.parametrize(
    ("country", "motorway", "trunk", "tagged"),
    [("JP", 80, 48, 80), ("AU", 99, 90, 90), ("ZA", 96, 80, 80), ("GB", 100, 70, 90), ("ke", 90, 85, 80)],
)
def test_speeds_and_factors_of_countries(country, motorway, trunk, tagged):
    table = speed_table(country)
    assert (table.speed_kmh["motorway"], table.speed_kmh["trunk"]) == (motorway, trunk)
    assert table.average_kmh("motorway", 100) == tagged


@pytest.mark.parametrize(
    ("country", "money", "an_hour"),
    [("CN", "CNY", 41.0), ("de", "EUR", 40.0), ("CN", "EUR", None), ("NG", "NGN", None), ("CH", "EUR", None)],
)
def test_the_value_of_time_is_that_of_the_country_in_its_own_money(country, money, an_hour):
    assert value_of_time(country, money) == an_hour
