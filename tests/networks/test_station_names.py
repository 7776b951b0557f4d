"""Stations are shown by the names that people write; the names by which they are found stay."""

from __future__ import annotations

import geopandas as gpd
import pytest
import shapely
from rail_drawing import draw, train

from networks import rail
from networks.rail.names import shown_names, with_names

CITIES = ["Beijing", "Langfang", "Xi'an", "Qian'an", "Suzhou (Jiangsu)", "Jingdong"]


def shown(name, *others, cities=CITIES, stations=()):
    labels = {name: (name, *others)} | {one: (one,) for one in stations}
    return shown_names(labels, cities, dict.fromkeys(labels, cities))[name]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("BeiJingXi", "Beijing West"),
        ("BeiJing", "Beijing"),
        ("BeiJingChaoYang", "Beijing Chaoyang"),
        ("QinHuangDao", "Qinhuangdao"),
        ("QianAn", "Qian'an"),
        ("XiongAn", "Xiong'an"),
        ("Langfang Bei", "Langfang North"),
        ("Langfangbei", "Langfang North"),
        ("Xi'an Bei", "Xi'an North"),
        ("Beijing West Railway Station", "Beijing West"),
        ("苏州北", "Suzhou (Jiangsu) North"),
    ],
)
def test_a_name_is_written_as_people_write_it(name, written):
    assert shown(name) == written


@pytest.mark.parametrize(
    "name", ["Hebei", "Shanxi", "Dongxi", "Hunan", "Jingdong", "McDonald", "LaSalle", "Köln Hbf"]
)
def test_a_name_that_only_ends_like_a_point_of_the_compass_stays(name):
    assert shown(name, stations=["He", "Shan", "Jing", "Hu"]) == name


def test_the_rest_of_a_name_with_a_point_of_the_compass_is_known():
    assert shown("DeZhouDong") == "Dezhoudong"
    assert shown("DeZhouDong", stations=["DeZhou"]) == "Dezhou East"
    assert shown("DeZhouDong", "德州东") == "Dezhou East"
    assert shown("DeZhouDong", "德州洞") == "Dezhoudong"
    assert shown("ChengDeDongZhan", "承德东站") == "Chengde East station"
    assert shown("DaXingJiChang", "大兴机场") == "Daxing Airport"


def test_a_name_in_chinese_alone_stays_where_no_city_nearby_confirms_its_reading():
    assert shown("长兴南", stations=["长兴"]) == "长兴南"
    assert shown_names({"苏州": ("苏州",)}, CITIES, {"苏州": ()}) == {"苏州": "苏州"}


def test_stations_and_services_are_shown_by_these_names_and_found_by_their_own():
    stations = {
        1: {"name": "BeiJingXi", "ref": "west"},
        2: {"name": "LangFang"},
        3: {"name": "Ost", "name:en": "East"},
    }
    built = rail.build(
        draw(
            {1: (0, 0), 2: (10, 0), 3: (20, 0)},
            [(7, [1, 2, 3], {"maxspeed": "200"})],
            stations=stations,
            relations=[train(1, [1, 2, 3], name="BeiJingXi => LangFang: BeiJingXin, BeiJingXi express")],
        )
    )
    cities = gpd.GeoDataFrame({"name": ["Beijing"]}, geometry=[shapely.Point(8.0, 50.0)], crs="EPSG:4326")
    found = with_names(built, cities)
    assert found.network.nodes["name"].tolist() == ["Beijing West", "Langfang", "East"]
    assert found.services.lines["name"].tolist() == [
        "Beijing West – Langfang: BeiJingXin, Beijing West express"
    ]
    assert found.stations["labels"].tolist() == [("west", "BeiJingXi"), ("LangFang",), ("East", "Ost")]
    assert found.services.stops.equals(built.services.stops)
    none = with_names(rail.build(draw({1: (0, 0)}, [])), cities)
    assert not len(none.network.nodes)
