"""Check shares of lines within towns and beside expressways."""

from __future__ import annotations

import dataclasses

import pytest
import shapely
from candidates_drawing import KM, base_case, cities, network

from optimiser.proposals.terrain import (
    PLAIN,
    ArtefactRules,
    Surroundings,
    WithTowns,
    survey,
    urban_radius_km,
)


@pytest.fixture
def plane():
    """Two motorways without numbers that do not meet, 40 km apart; a city of 314,159 people at 0, 0."""
    road = network(
        [(0, 0), (50, 0), (0, 40), (50, 40), (100, 40)],
        [(0, 1, "motorway", 50, 100), (2, 3, "motorway", 50, 100), (3, 4, "motorway", 50, 100)],
    )
    return base_case(road, cities(road, [("a", (0, 0), 314_159, 0), ("b", (100, 40), 20_000, 4)]))


@pytest.fixture
def around(plane):
    return Surroundings(plane, ArtefactRules(), ("motorway",))


def line(*spots):
    return shapely.LineString([(x * KM, y * KM) for x, y in spots])


def test_a_town_reaches_eight_km(around):
    assert around.look_at([line((0, 0), (0, 16))])[0][0] == pytest.approx(0.5, abs=0.02)


def test_a_large_city_reaches_as_far_as_its_people_need(plane):
    around = Surroundings(plane, ArtefactRules(town_km=1.0), ("motorway",))
    assert around.look_at([line((0, 0), (0, 10))])[0][0] == pytest.approx(0.316, abs=0.03)


def test_a_line_that_leaves_an_expressway_is_beside_it_for_five_km(around):
    assert around.look_at([line((20, 0), (20, 20))])[0][1] == pytest.approx(0.25, abs=0.02)


def test_links_that_are_joined_are_one_expressway(around):
    _, share, name = around.look_at([line((10, 42), (90, 42))])[0]
    assert (share, name.startswith("expressway without a number")) == (1.0, True)


def test_an_expressway_whose_reference_is_no_number_is_called_by_its_name(plane):
    links = plane.road.links.assign(ref=["S-HE", "G45-N", "G45-N"], name=["Hengde", "Daguang", "Daguang"])
    named = dataclasses.replace(plane, road=dataclasses.replace(plane.road, links=links))
    around = Surroundings(named, ArtefactRules(), ("motorway",))
    beside = around.look_at([line((5, 2), (45, 2)), line((10, 42), (90, 42))])
    assert beside == [(pytest.approx(0.1, abs=0.2), 1.0, "Hengde"), (0.0, 1.0, "G45")]


def test_two_expressways_do_not_add_up(around):
    assert around.look_at([line((30, 0), (30, 40))])[0][1] == pytest.approx(5 / 40, abs=0.02)


def test_faults_say_which_rule_is_broken(around):
    assert around.fault(line((0, 0), (0, 10))) == "more than 50 % within towns"
    assert around.fault(line((20, 3), (45, 3))) == "more than 50 % within 5 km of one expressway"
    assert around.fault(line((60, 0), (100, -40))) == ""


def test_without_expressways_nothing_is_beside_one(plane):
    assert Surroundings(plane, ArtefactRules(), ("trunk",)).look_at([line((0, 0), (9, 0))])[0][1:] == (
        0.0,
        "",
    )


def test_built_up_ground_is_urban_within_the_radius_of_the_people(plane):
    land = WithTowns.of(PLAIN, plane.cities)
    assert urban_radius_km(plane.cities["population"].to_numpy(dtype=float))[0] == pytest.approx(
        3.162, abs=0.001
    )
    shares = survey([line((0, 0), (0, 10))], land)
    assert shares[0] == pytest.approx([0.7, 0.0, 0.0, 0.3, 0.0], abs=0.03)
    assert "populations" in land.source
