"""Cities are found by id, by name, and by name in other languages; unknown names get suggestions."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from networks.cities import CityNames, UnknownCityError, build, load_csv
from networks.errors import SchemaError

PLACES = [
    # id, name, lon, lat, population
    ("k", "Köln", 6.95, 50.93, 1_070_000),
    ("d", "Düsseldorf", 6.78, 51.22, 620_000),
    ("f", "Frankfurt am Main", 8.68, 50.11, 750_000),
    ("o", "Frankfurt (Oder)", 14.55, 52.34, 57_000),
    ("x", "Nowhere", 9.0, 51.0, 1_000),
]


def cities(places=PLACES, **more):
    ids, names, lon, lat, people = zip(*places, strict=True)
    texts = {key: [""] * len(ids) for key in ("population_definition", "source")}
    columns = {"city_id": ids, "name": names, "tier": ["small"] * len(ids), "population": people}
    return build({**columns, **texts, **more}, lon=lon, lat=lat)


@pytest.fixture(scope="module")
def german():
    return CityNames(cities().table)


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("k", 0), ("Köln", 0), ("KÖLN", 0), ("koln", 0), ("Cologne", 0), ("Keulen", 0), ("科隆", 0),
        ("Кёльн", 0), ("Dusseldorf", 1), ("Francoforte", 2), ("frankfurt am main", 2), ("frankfurt oder", 3),
        ("nowhere", 4),
    ],
)  # fmt: skip
def test_a_city_is_found_by_id_and_by_name_in_any_language(german, text, row):
    assert german.row(text) == row


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Cologn", "no city is called 'Cologn'; did you mean 'Köln'?"),
        ("Duseldorf", "no city is called 'Duseldorf'; did you mean 'Düsseldorf'?"),
        ("Nowere", "no city is called 'Nowere'; did you mean 'Nowhere'?"),
        ("Xyzzy", "no city is called 'Xyzzy'"),
        ("", "no city is called ''"),
        ("§", "no city is called '§'"),
    ],
)
def test_an_unknown_name_gets_cities_that_are_spelt_alike_in_any_language(german, text, said):
    with pytest.raises(UnknownCityError) as caught:
        german.row(text)
    assert str(caught.value) == said


def test_suggestions_can_be_left_out(german):
    with pytest.raises(UnknownCityError, match=r"^no city is called 'Cologn'$"):
        german.row("Cologn", hints=False)


def test_a_name_of_two_cities_asks_for_the_id():
    finder = CityNames(
        cities([("1", "Halle", 11.97, 51.48, 240_000), ("2", "HALLE", 8.36, 52.06, 21_000)]).table
    )
    assert finder.row("Halle") == 0
    with pytest.raises(UnknownCityError, match=r"'halle' names 2 cities; give the id \(Halle: 1, HALLE: 2\)"):
        finder.row("halle")


def test_an_id_comes_before_a_name_and_the_name_of_the_table_before_other_languages():
    two = [("Rom", "Cologne", 12.5, 41.9, 2_000_000), ("b", "Rom", 12.5, 41.9, 2_000_000)]
    finder = CityNames(cities(two, other_names=["", "Cologne; Roma"]).table)
    assert finder.row("Rom") == 0
    assert finder.row("Cologne") == 0
    assert finder.row("Roma") == 1


def test_a_town_of_another_name_or_far_away_lends_no_names():
    far = CityNames(cities([("k", "Köln", 7.6, 50.93, 1_000)]).table)
    other = CityNames(cities([("k", "Neustadt", 6.95, 50.93, 1_000_000)]).table)
    for finder in (far, other):
        with pytest.raises(UnknownCityError):
            finder.row("Colonia")


def test_a_table_without_places_is_searched_as_it_is(monkeypatch):
    finder = CityNames(pd.DataFrame({"city_id": ["1"], "name": ["Köln"]}))
    assert finder.row("koln") == 0
    with pytest.raises(UnknownCityError):
        finder.row("Cologne")


def test_geonames_is_not_read_for_names_of_the_table(monkeypatch):
    monkeypatch.setattr("networks.cities.table.towns_in", lambda *_, **__: pytest.fail("GeoNames was read"))
    finder = CityNames(cities(other_names=["Cologne", "", "", "", ""]).table)
    assert [finder.row(text) for text in ("Köln", "d", "frankfurt am main", "cologne")] == [0, 1, 2, 0]


def test_the_cities_of_the_embedded_region_are_found_in_other_languages():
    finder = CityNames(load_csv("networks/regions/jing-jin-ji/cities.csv").table)
    found = [finder.names[finder.row(text)] for text in ("Peking", "Tientsin", "石家庄", "Pékin")]
    assert found == ["Beijing", "Tianjin", "Shijiazhuang", "Beijing"]


def test_the_extent_of_a_town_is_read_from_a_file(tmp_path):
    path = tmp_path / "cities.csv"
    path.write_text(
        "id,name,lat,lon,population,extent_km\n1,A,39,116,5,2.5\n2,B,39,117,5,\n", encoding="utf-8"
    )
    extents = load_csv(path).table["extent_km"].tolist()
    assert extents[0] == 2.5
    assert math.isnan(extents[1])
    path.write_text(
        "id,name,lat,lon,population,extent_km\n1,A,39,116,5,0\n2,B,39,117,5,wide\n", encoding="utf-8"
    )
    with pytest.raises(SchemaError) as caught:
        load_csv(path)
    assert [fault.partition("extent_km")[2][:8] for fault in caught.value.faults] == [" '0' is ", " 'wide' "]


def test_other_names_of_a_file_are_read(tmp_path):
    path = tmp_path / "cities.csv"
    head = "id,name,lat,lon,population,other_names,local_name"
    path.write_text(f"{head}\n1,A,39,116,5,Alpha ;Alef,\u7532\n2,B,39,117,5,,\n")
    table = load_csv(path).table
    assert table["other_names"].tolist() == ["Alpha; Alef", ""]
    assert table["local_name"].tolist() == ["\u7532", ""]
    assert CityNames(table).row("\u7532") == 0
    assert CityNames(table).row("alef") == 0
