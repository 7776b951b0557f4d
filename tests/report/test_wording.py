from __future__ import annotations

import pytest
import shapely

from networks.skims import UNREACHABLE
from optimiser.report import wording


@pytest.mark.parametrize(
    ("seconds", "words"), [(14_400, "4:00"), (14_401, "4:01"), (59, "0:01"), (UNREACHABLE, "no path")]
)
def test_a_clock_rounds_up_so_that_over_the_limit_never_reads_as_the_limit(seconds, words):
    assert wording.clock(seconds) == words


@pytest.mark.parametrize(("money", "scale"), [("million CNY", 10**6), ("CNY", 1), ("", 1), ("million", 1)])
def test_cost_per_person_is_in_the_single_unit_of_money(money, scale):
    assert wording.per_person(money)[0] == scale


def test_links_of_one_name_and_kind_are_told_apart_by_their_ids():
    row = {"from_name": "Bo", "to_name": "Cy", "kind": "gap"}
    rows = [row | {"candidate_id": one} for one in "ab"] + [row | {"candidate_id": "c", "to_name": "Di"}]
    name = f"Bo – Cy ({wording.kind('gap')})"
    assert wording.told_apart(rows) == {
        "a": f"{name} [a]", "b": f"{name} [b]", "c": name.replace("Cy", "Di"),
    }  # fmt: skip


def test_different_moneys_are_told():
    assert wording.different_moneys("million EUR", "million EUR") == ""
    assert (
        wording.different_moneys("million EUR", "")
        == "Costs are in million EUR in the first and in no named unit in the second, and are not converted."
    )


def test_a_new_line_whose_geometry_is_given_says_how_it_runs():
    straight, bent = shapely.LineString([(0, 0), (1, 0)]), shapely.LineString([(0, 0), (1, 1), (2, 0)])
    assert wording.kind("rail_link") == "new rail line"
    assert wording.kind("rail_link", straight) == "new rail line, drawn straight"
    assert wording.kind("direct_expressway", bent) == "direct expressway, over the cheapest ground"
    for kind in ("rail_upgrade", "access", "own"):
        assert wording.kind(kind, straight) == wording.kind(kind)


@pytest.mark.parametrize(
    ("kind", "to_name", "name"),
    [
        ("express_service", "Luanhe", "Luanzhou – Luanhe"),
        ("access", "Luanhe station", "Luanzhou – Luanhe station"),
        ("check_in", "Luanhe station", "Luanhe station"),
        ("timed_transfer", "Luanhe: one with another", "Luanhe: one with another"),
        ("check_in", "the whole region", "Luanzhou of the whole region"),
    ],
)
def test_what_is_done_at_a_station_has_its_name_and_a_link_has_two(kind, to_name, name):
    assert wording.link_name({"kind": kind, "from_name": "Luanzhou", "to_name": to_name}) == name
