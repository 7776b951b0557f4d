"""The data that a reader of the page explores."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from report_drawing import explored, line_report
from shapely import Point

from networks.skims import UNREACHABLE
from optimiser.report import page, webmap
from optimiser.report.inputs import PARTS

HOUR = 60


@pytest.fixture(scope="module")
def found():
    return explored()


def test_each_state_tells_money_share_and_pairs_by_tier(found):
    states = webmap.states(found)
    assert [(one["spent"], one["pairs"]) for one in states] == [
        ("0", [3, 1, 2]),
        ("100", [3, 1, 2]),
        ("300", [6, 1, 5]),
        ("310", [6, 1, 5]),
    ]
    assert [states[0]["words"], states[0]["share"]] == ["Today: nothing is built.", "50.0 %"]
    assert states[2]["words"] == (
        f"Built: 2 of 3 proposals, the last one number {found.ranks['cd']}, Cy – Di."
    )


def test_a_plan_that_was_not_measured_has_no_states():
    assert webmap.states(line_report("bc")) == []
    assert webmap.gather(line_report("bc"))["states"] == []


def test_pairs_have_minutes_limit_states_and_the_step_that_opens_them(found):
    pairs = {tuple(row[:2]): row[2:] for row in webmap.gather(found)["pairs"]}
    assert pairs[0, 1] == [HOUR, HOUR, HOUR, 4 * HOUR, 7, 0]
    assert pairs[0, 3] == [9 * HOUR, 3 * HOUR, 3 * HOUR, 4 * HOUR, 6, 2]


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


def test_a_ring_is_closed_by_the_last_of_its_links(found):
    built_at = webmap.steps(found)
    assert built_at == {"": 0, "bc": 1, "cd": 2, "idle": 3}
    assert webmap.closing_step(found.rings[0], built_at) == 1
    assert webmap.closing_step(replace(found.rings[0], pieces=found.rings[0].pieces.iloc[:0]), {}) == 0


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
    rows = {row["name"]: row for row in page.context(found)["what_if"]}
    assert [rows[name]["verdict"] for name in ("Bo – Cy", "Cy – Di", "Ada – Bo")] == [
        "robust",
        "mixed",
        "fragile",
    ]
    assert (rows["Cy – Di"]["chosen"], rows["Cy – Di"]["dropped"], rows["Cy – Di"]["lost"]) == (1, "slow", 3)
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
