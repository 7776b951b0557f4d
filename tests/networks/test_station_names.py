"""Stations are shown by the names that people write; the names by which they are found stay."""

from __future__ import annotations

import geopandas as gpd
import pytest
import shapely
from rail_drawing import draw, train

from networks import rail
from networks.rail.names import shown_names, with_names

CITIES = ["Beijing", "Langfang", "Xi'an", "Qian'an", "Suzhou (Jiangsu)", "Jingdong"]


def shown(name, *others, stations=()):
    return shown_names({name: (name, *others)} | {one: (one,) for one in stations}, CITIES)[name]


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


def test_a_name_in_chinese_alone_is_read_by_the_town_nearby_that_it_begins_with():
    places = {
        "厦门北": (118.07, 24.64),
        "六安": (116.50, 31.75),
        "南京南": (118.79, 31.97),
        "上海虹桥": (121.32, 31.19),
        "南京": (121.0, 24.0),
        "瓦屋山": (119.3, 31.6),
    }
    spots = {at: (100 * lon, 100 * lat) for at, (lon, lat) in enumerate(places.values(), start=1)}
    tags = {at: {"name": name} for at, name in enumerate(places, start=1)}
    built = rail.build(draw(spots, [(7, [*spots], {"maxspeed": "200"})], stations=tags))
    cities = gpd.GeoDataFrame({"name": ["Nanjing"]}, geometry=[shapely.Point(118.8, 32.0)], crs="EPSG:4326")
    names = dict(
        zip(built.network.nodes["name"], with_names(built, cities).network.nodes["name"], strict=True)
    )
    assert names == {
        "厦门北": "Xiamen North",
        "六安": "Lu'an",
        "南京南": "Nanjing South",
        "上海虹桥": "Shanghai Hongqiao",
        "南京": "南京",
        "瓦屋山": "瓦屋山",
    }


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
