from __future__ import annotations

import re
from dataclasses import replace

from ring_square import USE, shown

from optimiser.measures.ring_use import CONDITIONS
from optimiser.report import page, ring_section, tables


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


def test_what_a_ring_is_for_stands_beside_today():
    rows = {name: cells for name, _, cells in ring_section.use_rows(USE, USE.alone)}
    assert rows["Pairs through the cores"] == ["20 → 17", "20 → 17", "–"]
    assert rows["Their share of all trips"] == ["25.0 % → 25.0 %", "25.0 % → 25.0 %", "–"]
    assert rows["Pairs faster by 15 min"] == ["2 (3 %)"] * 3
    plan = {name: cells for name, _, cells in ring_section.use_rows(USE, USE.plan)}
    assert plan["Mean drive of pairs through the cores today, minutes"] == ["90.0 → –"] * 3
    assert plan["Pairs faster by 5 min"] == ["9 (15 %)"] * 3


def test_the_page_tells_what_a_ring_is_for(make, earning):
    ring = replace(earning, use=USE)
    text = re.sub(r"\s+", " ", page.render(make("bc", rings=(ring,), ring_use=USE)))
    for words in (
        *("What it is for", "with this ring alone", "<small>25 km/h</small>", "20 km of them existing roads"),
        *(
            "today → with the plan as chosen",
            "between places outside Hub, Side",
            "12 places of 20,000 people",
            "drawn by hand",
            "130 km, 30 new",
        ),
    ):
        assert words in text


def test_a_centre_that_is_a_core_for_its_ring_alone_is_named():
    plan = replace(USE, facts={**USE.facts, "cores": ["Hub"]})
    alone = replace(USE, shared=USE.today)
    assert ring_section.purpose(alone, plan).startswith(
        "By itself it takes none of 20 pairs of places out of Hub, and a net 3 of 20 pairs of places out "
        "of Hub and Side, if Side, which it goes round, counts as a core too; when these are congested, 20 "
        "of 60 pairs go through them, 17 with it. "
    )
    assert "20 of 60 pairs go through them, with it or without. " in ring_section.purpose(
        replace(alone, alone=USE.today), plan
    )
    assert "out of Hub and Side; when" in ring_section.purpose(USE, USE)


def test_a_ring_of_which_nothing_is_known_says_nothing_of_it(ringed):
    assert ring_section.purpose(ringed.rings[0].use, None) == ""
    assert "What it is for" not in page.render(ringed)


def test_the_table_of_use_has_a_row_for_each_state_and_condition(make, earning):
    report = make("bc", rings=(replace(earning, use=USE),), ring_use=USE)
    table = tables.of_rings(report.rings, report.ring_use)["ring_use.csv"]
    assert list(table) == list(tables.COLUMNS["ring_use"])
    assert list(zip(table["ring"], table["state"], table["roads"], strict=True)) == [
        (ring, state, roads)
        for ring, states in (("", ("today", "plan", "rings alone")), ("outer", ("today", "ring alone")))
        for state in states
        for roads in CONDITIONS
    ]
    assert table["faster_15"].tolist() == [0] * 3 + [3] * 3 + [2] * 3 + [0] * 3 + [2] * 3
    assert table["near_people"].dropna().unique().tolist() == [1_500_000]
