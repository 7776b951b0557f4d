from __future__ import annotations

from dataclasses import replace

import pytest
from ring_square import FACTS, shown

from optimiser.report import ring_section
from optimiser.report.ring_layout import ExistingRing


def test_a_ring_reads_as_a_sentence():
    assert (
        ring_section.sentence(shown()) == "A ring of 280 km round Centre through 3 cities; 89 % of it exists"
    )


def test_rings_that_exist_already_are_named_with_their_length():
    rings = [ExistingRing(("Hub",), 189.4), ExistingRing(("Hub", "Port"), 1062.6)]
    assert ring_section.existing(rings) == (
        "A ring round Hub exists already: 189 km. A ring round Hub and Port exists already: 1,063 km."
    )
    assert ring_section.existing([]) == ""


def test_a_railway_ring_is_called_one():
    ring = shown(facts=replace(FACTS, mode="rail", centres=("Centre", "Inner")))
    assert ring_section.sentence(ring).startswith("A railway ring of 280 km round Centre and Inner through")


@pytest.mark.parametrize(
    ("km", "words"),
    [
        ((0.5, 999.5), "more than 99 % of it exists"),
        ((999.5, 0.5), "less than 1 % of it exists"),
        ((250.0, 750.0), "75 % of it exists"),
        ((100.0, 0.0), "none of it exists"),
    ],
)
def test_how_much_exists_is_never_rounded_to_all_or_nothing(km, words):
    rows = shown().pieces.iloc[[1, 2]].assign(length_km=km, new_km=(km[0], 0.0))
    assert ring_section.exists(replace(shown(), pieces=rows)) == words


def test_nothing_has_to_be_built_for_a_ring_that_exists(make):
    pieces = shown().pieces.assign(state="existing", candidate_id="", new_km=0.0, cost=0)
    ring = replace(shown(), pieces=pieces)
    report = make("bc", rings=(ring,))
    assert ring_section.exists(ring) == "all of it exists"
    assert ring_section.build(report, ring) == "Nothing has to be built for it."


def test_what_the_job_asks_of_a_ring_reads_as_a_sentence():
    asked = ring_section.terms(shown())
    assert asked == (
        "Requested: a road ring for 100 km/h or more round Centre, through at least 2 cities (within 20 "
        "minutes of it); required."
    )
    facts = replace(FACTS, classes=("motorway",), speed_kmh=0.0, on_s=0)
    wish = replace(shown(), facts=facts, required=False, reward=40, least_cities=0)
    assert ring_section.terms(wish) == "Requested: a ring of expressways round Centre; reward 40."
    demanding = replace(wish, least_by_tier=(("secondary", 2), ("small", 1)), must=("Ay",), longest_km=950.4)
    assert ring_section.terms(demanding) == (
        "Requested: a ring of expressways round Centre, through Ay and at least 2 secondary cities and 1 "
        "small city, at most 950 km long; reward 40."
    )
