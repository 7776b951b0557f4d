"""The data that a reader of the page explores."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from report_drawing import explored, line_report, stated
from shapely import Point

from networks.skims import UNREACHABLE
from optimiser.report import page, webmap, wording
from optimiser.report.inputs import PARTS

HOUR = 60


@pytest.fixture(scope="module")
def found():
    return explored()


def test_the_plan_alone_is_chosen_from_with_its_build_order(found):
    (plan,) = webmap.gather(found)["plans"]
    pairs = [row[:2] for row in webmap.gather(found)["pairs"]]
    assert [(link, cost, [pairs[at] for at in new]) for link, cost, new in plan["order"]] == [
        (place(found, "bc"), 100, []),
        (place(found, "cd"), 200, [[0, 3], [1, 3], [2, 3]]),
        (place(found, "idle"), 10, []),
    ]
    assert (plan["budget"], plan["cost"], plan["formed"], plan["left"]) == (400, 310, [[0, [1]]], [])


def place(report, name):
    return list(webmap.every_link(report)["candidate_id"]).index(name)


def test_without_a_build_order_all_pairs_come_with_the_last_proposal():
    report = line_report("bc", "cd")
    assert not report.has_order
    (plan,) = webmap.gather(report)["plans"]
    assert [len(new) for _, _, new in plan["order"]] == [0, 3]


def test_pairs_have_minutes_limit_states_and_a_tier(found):
    pairs = {tuple(row[:2]): row[2:] for row in webmap.gather(found)["pairs"]}
    assert pairs[0, 1] == [HOUR, HOUR, HOUR, 4 * HOUR, 7, 0]
    assert pairs[0, 3] == [9 * HOUR, 3 * HOUR, 3 * HOUR, 4 * HOUR, 6, 1]


def test_states_have_their_rings_and_a_ring_that_one_leaves_out_is_that_of_the_nearest():
    plans = {plan["name"]: plan for plan in webmap.gather(stated())["plans"]}
    assert [(plan["formed"], plan["left"]) for plan in plans.values()] == [
        ([[0, [1]]], []),
        ([], [0]),
        ([], [0]),
        ([], [0]),
        ([], [0]),
        ([[0, [1]]], []),
    ]
    # The plan as chosen stands for that with all rings and its budget.
    assert plans["as chosen"]["rings"] == plans["all rings, 320"]["rings"] == "all rings"
    assert plans["all rings, 40"]["cost"] is None
    assert plans["no ring, 320"]["more"] == 0  # of a weight of 60, all is covered


def test_the_share_that_a_better_plan_may_add_is_told():
    report = stated()
    states = [replace(one, bound=75, objective=60, is_proven=False) for one in report.states]
    assert webmap.gather(replace(report, states=tuple(states)))["plans"][0]["more"] == 0.25


def test_links_of_other_states_follow_those_of_the_plan():
    report = stated()
    less = replace(report, links=report.links.iloc[:1])
    assert list(webmap.every_link(less)["candidate_id"]) == ["bc", "cd", "idle"]
    assert page.render(less).count("<tr data-part=") == 3 + 1  # in the tables of proposals and of what ifs


def test_a_pair_that_no_path_joins_has_no_minutes(found):
    pairs = found.pairs.assign(before_s=UNREACHABLE)
    rows = webmap.gather(replace(found, pairs=pairs))["pairs"]
    assert {row[2] for row in rows} == {webmap.NO_PATH}
    assert all(not row[6] & 1 for row in rows)


def test_cities_stand_by_tier_and_then_by_people():
    cities = line_report().cities.assign(
        tier=["small", "core", "small", "secondary"], population=[1, 2, 3, 4]
    )
    assert webmap.city_order(cities).tolist() == [1, 3, 2, 0]


def test_trips_beyond_the_limit_are_split_into_parts(found):
    report = replace(found, pairs=found.pairs.assign(limit_s=2 * 3600))
    parts = {f"{name}_s": 60 * at for at, name in enumerate(PARTS)}
    measures = replace(found.measures, seconds=found.measures.seconds.assign(**parts))
    trips = webmap.gather(replace(report, measures=measures))["trips"]
    beyond = np.flatnonzero(report.pairs["after_s"] > 2 * 3600).tolist()
    assert sorted(trips) == beyond
    assert trips[beyond[0]] == list(range(len(PARTS)))


def test_names_in_other_letters_come_with_a_transliteration():
    found = webmap.gather(line_report("bc", names=("北京", "Bo", "Çay", "Di")))
    assert found["latin"] == {"北京": "BeiJing"}


def test_the_table_of_what_ifs_tells_robust_from_fragile(found):
    rows = {wording.link_name(row): row for row in page.context(found)["links"]}
    assert [rows[name]["verdict"] for name in ("Bo – Cy", "Cy – Di", "Ada – Bo")] == [
        "robust",
        "mixed",
        "fragile",
    ]
    assert (rows["Cy – Di"]["chosen"], rows["Cy – Di"]["dropped"]) == ("1 of 2", "slow")
    assert (rows["Ada – Bo"]["open"], rows["Ada – Bo"]["dropped"]) == (1, "slow; fast")


def test_the_data_of_two_hundred_cities_stay_small(found):
    count = 200
    cities = gpd.GeoDataFrame(
        {
            "city_id": [f"c{at}" for at in range(count)],
            "name": [f"City number {at}" for at in range(count)],
            "tier": "small",
            "population": 100_000,
        },
        geometry=[Point(116 + at % 20, 39 + at // 20) for at in range(count)],
        crs="EPSG:4326",
    )
    origin, destination = np.triu_indices(count, 1)
    times = {f"{state}_s": 20_000 for state in ("before", "after", "all_built")}
    pairs = pd.DataFrame(
        {"origin": origin, "destination": destination, "group": "small", "limit_s": 14_400, **times}
    )
    report = replace(
        found, cities=cities, pairs=pairs.assign(weight=1, links=[()] * len(pairs)), measures=None
    )
    assert len(page.as_json(webmap.gather(report))) < 1_000_000
