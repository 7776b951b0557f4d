"""Check which candidates are left out, and that no useful plan is lost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from candidates_drawing import cities, network, situation
from hypothesis import given, settings
from hypothesis import strategies as st

from optimiser.problem.errors import CandidateError
from optimiser.proposals.candidates import RailRules, Rules, fix, merge
from optimiser.proposals.candidates.pruning import prune
from optimiser.proposals.candidates.serving import most_useful, served
from optimiser.proposals.candidates.table import Candidates, Item, Proposal, assemble
from optimiser.proposals.costs import Cost, builtin
from optimiser.proposals.prepare import design_problem
from optimiser.proposals.terrain import AllPlain


def proposal(name, a, b, seconds, *, cost=10, ends=("A", "B"), kind="road_link"):
    return Proposal(
        candidate_id=name,
        kind=kind,
        instrument="infrastructure",
        mode="road",
        from_name=ends[0],
        to_name=ends[1],
        length_km=10.0,
        speed_kmh=100.0,
        standard="expressway-4",
        why="drawn",
        geometry=shapely.LineString([(0, 0), (0.1, 0)]),
        arcs=((f"road:{a}", f"road:{b}", seconds), (f"road:{b}", f"road:{a}", seconds)),
        items=(Item("expressway-4", 10.0),),
        cost=Cost(cost, cost, cost),
    )


def table(*proposals) -> Candidates:
    return assemble(proposals, builtin(), AllPlain())


@pytest.fixture
def line():
    """Three cities 100 km apart in line, two hours from one to the next."""
    road = network([(0, 0), (100, 0), (200, 0)], [(0, 1, "primary", 100, 50), (1, 2, "primary", 100, 50)])
    places = cities(road, [("a", (0, 0), 90_000, 0), ("b", (100, 0), 80_000, 1), ("c", (200, 0), 70_000, 2)])
    return situation(road, places, limit_s=9000)


def test_a_candidate_that_no_open_pair_can_use_is_left_out(line):
    found = prune(line, table(proposal("fast", 0, 2, 3000), proposal("slow", 0, 2, 14_000)), Rules())
    assert found.table["candidate_id"].tolist() == ["fast"]
    assert found.report == {"road_link: no open pair can use it within the limit even when all is built": 1}


def test_candidates_that_only_help_together_stay(line):
    both = table(proposal("ab", 0, 1, 4000, ends=("A", "B")), proposal("bc", 1, 2, 4000, ends=("B", "C")))
    assert len(prune(line, both, Rules())) == 2


def test_a_dearer_candidate_that_is_no_faster_is_left_out(line):
    found = prune(line, table(proposal("cheap", 0, 2, 3000), proposal("dear", 0, 2, 3000, cost=11)), Rules())
    assert found.table["candidate_id"].tolist() == ["cheap"]


def test_a_dearer_candidate_that_is_faster_stays(line):
    found = prune(line, table(proposal("cheap", 0, 2, 3000), proposal("dear", 0, 2, 2900, cost=11)), Rules())
    assert len(found) == 2


def test_of_two_equal_candidates_one_stays(line):
    found = prune(line, table(proposal("x", 0, 2, 3000), proposal("y", 0, 2, 3000)), Rules())
    assert len(found) == 1


def test_what_is_fixed_in_stays_whatever_it_does(line):
    every = fix(table(proposal("slow", 0, 2, 14_000)), in_=["slow"])
    assert len(prune(line, every, Rules())) == 1


def test_the_rows_that_serve_most_weight_are_chosen_first():
    use = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], dtype=bool)
    assert most_useful(use, np.array([5.0, 5.0, 6.0]), 2) == [0, 2]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(1000, 9000)), max_size=5), st.data()
)
def test_no_plan_covers_a_pair_that_a_pruned_plan_cannot(line_arcs, data):
    road = network([(0, 0), (100, 0), (200, 0)], [(0, 1, "primary", 100, 50), (1, 2, "primary", 100, 50)])
    places = cities(road, [("a", (0, 0), 90_000, 0), ("b", (100, 0), 80_000, 1), ("c", (200, 0), 70_000, 2)])
    drawn = situation(road, places, limit_s=9000)
    every = table(
        *(proposal(f"c{at}", a, b, s, ends=(f"n{a}", f"n{b}")) for at, (a, b, s) in enumerate(line_arcs))
    )
    use = served(drawn, every)
    chosen = data.draw(st.lists(st.sampled_from(range(len(every))), unique=True)) if len(every) else []
    useful = [row for row in chosen if use[row].any()]
    plans = [
        design_problem(drawn.graph, places, every.take(rows), drawn.skim, limit_s=9000)
        for rows in (chosen, useful)
    ]
    assert plans[0].pairs["coverable"].tolist() == plans[1].pairs["coverable"].tolist()


def test_ids_used_twice_are_refused():
    with pytest.raises(CandidateError, match="used twice"):
        table(proposal("x", 0, 1, 5), proposal("x", 1, 2, 5))


def test_merged_candidates_are_in_order_of_their_ids_with_their_arcs():
    both = merge(table(proposal("b", 0, 1, 5)), table(proposal("a", 1, 2, 7)))
    assert both.table["candidate_id"].tolist() == ["a", "b"]
    first = both.arcs[both.arcs["candidate"] == 0]
    assert set(first["seconds"]) == {7}


def test_fixing_names_every_unknown_id_and_every_contradiction():
    with pytest.raises(CandidateError) as error:
        fix(table(proposal("x", 0, 1, 5)), in_=["x", "y"], out=["x"])
    assert len(error.value.faults) == 2


def test_fixing_leaves_the_candidates_before_as_they_were():
    before = table(proposal("x", 0, 1, 5))
    after = fix(before, out=["x"])
    assert (before.table["fixed"][0], after.table["fixed"][0]) == ("", "out")


def test_the_arcs_keep_their_dtypes_when_there_are_none():
    empty = table()
    assert isinstance(empty.arcs, pd.DataFrame)
    assert str(empty.arcs["seconds"].dtype) == "int64"


def test_of_a_kind_with_a_limit_those_stay_that_serve_most(line):
    few = Rules(rail=RailRules(link_count=1))
    both = table(
        proposal("bc", 1, 2, 4000, ends=("B", "C"), kind="rail_link"),
        proposal("ac", 0, 2, 3000, ends=("A", "C"), kind="rail_link"),
        proposal("ab", 0, 1, 1000, ends=("A", "B")),
    )
    found = prune(line, both, few)
    assert len(found) == 2
    assert found.report == {"rail_link: beyond the 1 that serve most weight of open pairs": 1}
