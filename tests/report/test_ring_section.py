from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest
from ring_square import shown

from optimiser.measures.tables import ANY_WAY, OFF_CORE, PLAN, TODAY, WITHOUT_RING, Measures
from optimiser.report import page, ring_section
from optimiser.report.ring_layout import RingValue


def state(within, independent, minutes, through, cost):
    return {
        "cost": cost,
        "pairs": 6,
        "pairs_within": within,
        "through_core_share": through,
        "outside_pairs": 3,
        "independent_at_1.25": independent,
        "off_core_minutes": minutes,
    }


STATES = {
    TODAY: state(3, 1, 60.0, 0.5, 0),
    WITHOUT_RING: state(5, 1, 60.0, 0.5, 100),
    PLAN: state(6, 3, 55.0, 0.25, 400),
}
OTHER = state(5, 2, 58.0, 0.4, 390)
SAVED = ["ring", "way", "from_name", "to_name", "tier", "without_minutes", "plan_minutes", "saved_minutes"]


def measured(report, *, ring="outer"):
    effects = pd.DataFrame([{"ring": ring, "state": name, **row} for name, row in STATES.items()])
    savings = pd.DataFrame(
        [
            (ring, OFF_CORE, "Bo", "Cy", "small", float("nan"), 150.0, float("nan")),
            *((ring, ANY_WAY, "Bo", f"C{n}", "small", 200.0, 190.0 + n, 10.0 - n) for n in range(10)),
        ],
        columns=SAVED,
    )
    empty = pd.DataFrame()
    tables = Measures(
        empty, empty, empty, empty, empty, empty, ring_effects=effects, ring_savings=savings,
        facts={"core": ["Ada", "Bo"]},
    )  # fmt: skip
    return replace(report, measures=tables)


def test_the_ring_unrolled_goes_from_city_to_city_and_back():
    # Clockwise from the north-west: Sea, the north and the new east to Bee, the south to Ay, the west.
    places = ring_section.unrolled(shown())
    assert [[name for name, _ in place["cities"]] for place in places] == [["Sea"], ["Bee"], ["Ay"], ["Sea"]]
    assert [place["km"] for place in places] == ["80", "130", "70", ""]
    assert [place.get("new") for place in places] == ["", "30", "", None]
    assert places[1]["parts"] == [{"start": 0.0, "width": round(3000 / 130, 2)}]
    assert (places[1]["roads"], places[1]["grow"]) == ("G1", 1.0)
    assert places[1]["cities"] == [("Bee", "Small city, 10 min")]


def test_a_ring_without_cities_is_one_leg():
    (place, back) = ring_section.unrolled(replace(shown(), cities=shown().cities.iloc[:0]))
    assert (place["km"], place["new"], back["km"]) == ("280", "30", "")


def test_a_ring_has_four_key_figures(ringed):
    assert len(ring_section.figures(ringed, ringed.rings[0])) == 4


def test_what_a_ring_changes_stands_beside_the_plan_without_it(ringed):
    found = ring_section.effects(measured(ringed), ringed.rings[0])
    assert [head for head, _ in found["heads"]] == ["Today", "Plan", "Plan"]
    core = "Ada and Bo"
    assert found["rows"] == [
        ("City pairs within 4 h", "of 6", ["3", "5", "6"]),
        (
            "Independent at 1.25",
            f"a way without {core} within 1.25 times its time; of 3 pairs",
            ["1", "1", "3"],
        ),
        (f"Time without {core}", "mean of these pairs", ["1:00", "1:00", "0:55"]),
        (
            "Through trips",
            f"weight of trips between other cities that cannot avoid {core}",
            ["50.0 %", "50.0 %", "25.0 %"],
        ),
        ("Cost", "million CNY", ["0", "100", "400"]),
    ]
    assert "required = false" in found["note"]


def test_the_same_money_spent_otherwise_stands_beside_the_plan_where_it_is_known(make, earning):
    margin = RingValue("outer", 2.0, 3.0, 300, OTHER)
    ring = replace(earning, margin=margin)
    found = ring_section.effects(measured(make("bc", rings=(ring,))), ring)
    assert found["heads"][-1] == ("Best plan found", "without the ring, same money")
    assert (found["rows"][0][2], found["note"]) == (["3", "5", "6", "5"], "")


def test_a_wished_ring_whose_margin_is_not_known_yet_promises_no_figure(make, earning):
    report = measured(make("bc", rings=(earning,)))
    found = ring_section.effects(report, earning)
    assert found["note"] == "What the same money buys otherwise was not asked: “polyring cases JOB” asks."
    unasked = replace(report, unasked=frozenset({"margins"}))  # the section says so, below all rings
    assert ring_section.effects(unasked, earning)["note"] == ""


def test_the_pairs_that_save_most_are_listed_for_each_way(ringed):
    fast, free = ring_section.savings(measured(ringed), ringed.rings[0])
    assert (fast["count"], len(fast["rows"])) == (10, ring_section.MOST_SAVINGS)
    assert fast["rows"][0] == {"pair": "Bo – C0", "before": "3:20", "after": "3:10", "saved": "10 min"}
    assert free["rows"] == [{"pair": "Bo – Cy", "before": "–", "after": "2:30", "saved": "joined"}]


@pytest.mark.parametrize("changes", [{"measures": None}, {}])
def test_without_measures_nothing_is_said_of_effects(ringed, changes):
    report = replace(ringed, **changes)
    ring = report.rings[0]
    assert (ring_section.effects(report, ring), ring_section.savings(report, ring)) == (None, [])


def test_the_page_tells_what_a_ring_does(ringed):
    text = re.sub(r"\s+", " ", page.render(measured(ringed)))
    for words in ("What it changes", "10 pairs of cities", "1 pair of cities", "130 km, 30 new"):
        assert words in text
