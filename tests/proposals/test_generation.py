"""Check the whole generator on a drawn region."""

from __future__ import annotations

import pytest
from candidates_drawing import cities, network, railway, situation

from optimiser.proposals.candidates import Rules, generate
from optimiser.proposals.candidates.table import COLUMNS, KINDS
from optimiser.proposals.costs import builtin
from optimiser.proposals.prepare import design_problem

ROAD = network(
    [(0, 0), (60, 0), (120, 0), (180, 0), (60, 60)],
    [
        (0, 1, "primary", 70, 50),
        (1, 2, "primary", 70, 50),
        (2, 3, "primary", 70, 50),
        (1, 4, "primary", 90, 50),
    ],
)
PLACES = cities(
    ROAD,
    [
        ("a", (0, 0), 9_000_000, 0),
        ("b", (60, 0), 900_000, 1),
        ("c", (120, 0), 800_000, 2),
        ("d", (180, 0), 90_000, 3),
        ("e", (60, 60), 80_000, 4),
    ],
)
TRACKS = network([(1, 1), (61, 1), (121, 1)], [(0, 1, "rail", 62, 120), (1, 2, "rail", 62, 120)], "rail")


@pytest.fixture(scope="module")
def drawn():
    rail = railway(TRACKS, [("conv120", 7200, [0, 1, 2], [0, 2200, 2200])])
    return situation(ROAD, PLACES, rail, limit_s=9000)


@pytest.fixture(scope="module")
def found(drawn):
    return generate(drawn)


def test_every_candidate_has_all_columns_a_cost_and_arcs_in_both_directions(found):
    assert tuple(found.table.columns) == COLUMNS
    assert len(found) > 0
    assert set(found.table["kind"]) <= set(KINDS)
    assert (found.table["cost_low"] <= found.table["cost"]).all()
    assert (found.table["cost"] <= found.table["cost_high"]).all()
    assert set(found.arcs["candidate"]) == set(range(len(found)))


def test_ids_are_in_order_and_the_same_in_every_run(drawn, found):
    ids = found.table["candidate_id"].tolist()
    assert ids == sorted(ids)
    assert generate(drawn).table["candidate_id"].tolist() == ids
    assert generate(drawn).arcs.equals(found.arcs)


def test_only_the_kinds_asked_for_are_proposed(drawn):
    only = generate(drawn, rules=Rules(kinds=("road_upgrade",)))
    assert set(only.table["kind"]) == {"road_upgrade"}


def test_a_region_without_railways_has_roads_alone():
    roads = generate(situation(ROAD, PLACES, None, limit_s=9000))
    assert set(roads.table["mode"]) == {"road"}


def test_the_problem_of_the_drawn_region_has_pairs_that_only_a_plan_covers(drawn, found):
    prepared = design_problem(drawn.graph, PLACES, found, drawn.skim, limit_s=9000)
    assert (prepared.pairs["coverable"] & ~prepared.pairs["covered_today"]).any()
    assert prepared.problem.money == builtin("cn").money
