"""Districts of a city and cities of their own: one rule for all sources."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiers import examples

from networks import world
from networks.cities import from_towns
from networks.world.towns import Town

KM = 1 / 111.195
"""Degrees of latitude."""
# 4,000,000 residents fill a circle of 12.6 km at 8,000 a square km, and of 29.1 km at 1,500.
CITY = Town(1, "Big", "XX", 0.0, 0.0, 4_000_000, division="A", code="PPLA")


def place(km: float, population: int = 100_000, name: str = "Place", **facts) -> Town:
    return replace(Town(2, name, "XX", km * KM, 0.0, population, division="A"), **facts)


def parts(*towns: Town, keep: tuple[str, ...] = ()) -> list[str]:
    """Return the reasons why places are parts of the first of the cities found."""
    return [part.why for part in world.merge(towns, keep)[0].parts]


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (place(12), ["built-up area"]),
        (place(13), []),
        (place(12, country="YY"), []),
        (place(12, code="PPLA"), ["built-up area"]),  # a division has one seat
        (place(12, 250_000, code="PPL"), []),  # a principal city
        (place(12, 249_999, code="PPL"), ["built-up area"]),
        (place(12, 250_000, code="PPLA3"), ["built-up area"]),  # it may be the seat of a borough
        (place(12, 250_000), ["built-up area"]),  # not known to be a municipality
        (place(12, 250_000, "Borough of Low", code="PPLA2"), ["built-up area"]),
        (place(29, code="PPLX"), ["district"]),
        (place(30, code="PPLX"), []),
        (place(29, other_names=("Low", "Низький район")), ["district"]),
        (place(29, name="15e Arrondissement"), ["district"]),
        (place(29, other_names=("Arrondissement de Low",), code="PPLA3"), []),  # its seat
        (place(29, name="Guri"), []),
    ],
)
def test_a_place_is_a_part_of_a_city_by_level_division_and_distance(other, why):
    assert parts(CITY, other) == why


def test_a_city_alone_in_its_division_reaches_into_those_of_its_country():
    suburb, afar, abroad = place(12, division="B"), place(13, division="B"), place(12, country="YY")
    assert [parts(CITY, one) for one in (suburb, afar, abroad)] == [["built-up area"], [], []]
    assert parts(CITY, suburb, place(40, geonames_id=3)) == []


def test_the_seat_of_a_division_is_no_part_of_a_larger_town():
    assert parts(replace(CITY, code="PPL"), place(5, code="PPLA")) == []


def test_divisions_of_a_city_state_are_parts_of_it():
    state, town = (replace(one, country="HK") for one in (CITY, place(5, 300_000, code="PPLA", division="B")))
    assert parts(state, town) == ["built-up area"]


def test_a_satellite_city_stays_however_large_its_neighbour():
    assert world.merge((replace(CITY, population=40_000_000), place(31, 60_000, code="PPLX"))) == (
        replace(CITY, population=40_000_000),
        place(31, 60_000, code="PPLX"),
    )


def test_residents_of_parts_are_not_added():
    (city,) = world.merge((CITY, place(5, 300_000, code="PPLX"), replace(place(6), geonames_id=3)))
    assert city.population == 4_000_000
    assert [(part.key, round(part.km)) for part in city.parts] == [(2, 5), (3, 6)]


def test_a_district_larger_than_its_city_stands_for_it():
    district = place(3, 350_000, "Right bank", code="PPLX")
    (city,) = world.merge((district, place(0, 230_000, "Town", code="PPL")))
    assert (city.name, city.population) == ("Town", 350_000)


def test_a_district_far_from_any_city_stays():
    assert len(world.merge((CITY, place(200, code="PPLX")))) == 2


def test_the_job_keeps_places_by_name():
    assert parts(CITY, place(5, name="Démo"), place(6, name="Else"), keep=("demo",)) == ["built-up area"]


def test_a_district_belongs_to_a_city_outside_the_area(monkeypatch):
    monkeypatch.setattr("networks.world.towns.all_towns", lambda _: (CITY, place(12)))
    assert world.cities_in(world.Box.of((-1, 0.05, 1, 1)), least_population=50_000) == ()


def test_the_largest_cities_of_a_country_are_chosen_after_the_districts(monkeypatch):
    foreign = Town(4, "Foreign", "YY", 0.9, 0.0, 900_000)
    monkeypatch.setattr("networks.world.towns.all_towns", lambda _: (CITY, foreign, place(12), place(40)))
    box = world.Box.of((-1, -1, 1, 1))
    found = world.cities_in(box, least_population=50_000, largest=2, countries=["XX"])
    assert [round(town.lat / KM) for town in found] == [0, 40]


def test_names_that_are_shared_get_their_division_and_ids_are_names():
    same = [
        Town(key, "Córdoba", "MX", float(key), 0.0, 9, division=code) for key, code in ((1, "30"), (2, "99"))
    ]
    table = from_towns([*same, Town(3, "São Paulo", "BR", 5.0, 0.0, 9)]).table
    assert table["name"].tolist() == ["Córdoba, Veracruz de Ignacio de la Llave", "Córdoba", "São Paulo"]
    assert table["city_id"].tolist() == ["cordoba-veracruz-de-ignacio-de-la-llave", "cordoba", "sao-paulo"]
    twice = from_towns([same[0], replace(same[0], geonames_id=7)]).table
    assert twice["name"].tolist() == ["Córdoba (cordoba-1)", "Córdoba (cordoba-7)"]


towns = st.lists(
    st.builds(
        lambda km, people, code: place(km, people, code=code),
        st.integers(0, 60), st.integers(1, 5_000_000), st.sampled_from(["", "PPL", "PPLA", "PPLX"]),
    ),
    max_size=8,
)  # fmt: skip


@examples(60)
@given(towns)
def test_each_place_is_a_city_or_a_part_of_one(drawn):
    drawn = [replace(town, geonames_id=key) for key, town in enumerate(drawn)]
    drawn.sort(key=lambda town: -town.population)
    cities = world.merge(drawn)
    ids = [key for city in cities for key in (city.geonames_id, *(part.key for part in city.parts))]
    assert sorted(ids) == sorted(town.geonames_id for town in drawn)
    assert not any(city.parts and city.code == "PPLX" for city in cities)
    assert [city.population for city in cities] == sorted((city.population for city in cities), reverse=True)
