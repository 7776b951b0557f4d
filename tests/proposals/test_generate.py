"""Check which candidates are generated, which are left out, and that no useful plan is lost."""

from __future__ import annotations

from dataclasses import fields, replace
from fractions import Fraction

import numpy as np
import pytest
from candidates_drawing import base_case, cities, network, proposal, railway, table
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from tiers import examples

from optimiser.job import loads
from optimiser.proposals.base_case import NeighbourRules
from optimiser.proposals.costs import builtin_cost_table
from optimiser.proposals.generate import KINDS, Kind, Rules, Scope, generate, line_items, of_kind, prune
from optimiser.proposals.prepare import design_problem
from optimiser.proposals.pruning import most_serving, open_pairs, usable_by_pairs
from optimiser.proposals.services import PatternRules
from optimiser.proposals.stations import StationRules
from optimiser.proposals.table import COLUMNS, fix, number_arcs
from optimiser.proposals.trains import RailRules

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
    return base_case(ROAD, PLACES, rail, limit_s=9000)


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
    roads = generate(base_case(ROAD, PLACES, None, limit_s=9000))
    assert set(roads.table["mode"]) == {"road"}


def test_the_problem_of_the_drawn_region_has_pairs_that_only_a_plan_covers(drawn, found):
    prepared = design_problem(drawn.graph, PLACES, found, drawn.skim, limit_s=9000)
    assert (prepared.pairs["coverable"] & ~prepared.pairs["covered_today"]).any()
    assert prepared.problem.money == builtin_cost_table("cn").money


@pytest.fixture
def line():
    """Three cities 100 km apart in line, two hours from one to the next."""
    road = network([(0, 0), (100, 0), (200, 0)], [(0, 1, "primary", 100, 50), (1, 2, "primary", 100, 50)])
    places = cities(road, [("a", (0, 0), 90_000, 0), ("b", (100, 0), 80_000, 1), ("c", (200, 0), 70_000, 2)])
    return base_case(road, places, limit_s=9000)


def test_a_candidate_that_no_open_pair_can_use_is_left_out(line):
    found = prune(line, table(proposal("fast", 0, 2, 3000), proposal("slow", 0, 2, 14_000)), Rules())
    assert found.table["candidate_id"].tolist() == ["fast"]
    assert found.report == {"road_link: no open pair can use it within the limit even when all is built": 1}
    assert [why for why, *_ends in found.rejected.values()] == [*found.report]


def test_with_slack_a_candidate_stays_that_brings_a_pair_near_the_limit(line):
    slow = table(proposal("slow", 0, 2, 14_000))
    missing_s = 14_000 + 2 * line.access.terminal.small - line.limit_s
    assert [len(prune(replace(line, slack_s=s), slow, Rules())) for s in (missing_s - 1, missing_s)] == [0, 1]


def test_candidates_that_only_help_together_stay(line):
    both = table(proposal("ab", 0, 1, 4000, ends=("A", "B")), proposal("bc", 1, 2, 4000, ends=("B", "C")))
    assert len(prune(line, both, Rules())) == 2


def test_what_is_fixed_in_stays_whatever_it_does(line):
    every = fix(table(proposal("slow", 0, 2, 14_000)), in_=["slow"])
    assert len(prune(line, every, Rules())) == 1


def test_the_rows_that_serve_most_weight_are_chosen_first():
    use = csr_array(np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], dtype=bool))
    assert most_serving(use, np.array([5.0, 5.0, 6.0]), 2) == [0, 2]


@pytest.mark.parametrize(
    ("use", "weight", "most", "rows"),
    [
        ([[1], [0]], [0.5], 2, [0, 1]),  # each row once, also one that serves nothing
        ([[1], [0]], [0.5], 1, [0]),
        ([[1], [0]], [0.5], 0, []),
        ([[1, 0], [1, 0], [0, 1]], [5.0, 2.6], 2, [0, 2]),  # the half of 5 is less than 2.6
        ([[1, 0], [1, 0], [0, 1]], [5.0, 2.4], 2, [0, 1]),
        ([[1, 0], [1, 0], [1, 0], [0, 1]], [6.0, 2.5], 3, [0, 1, 3]),  # the third time counts a third
        ([[0, 1], [1, 0]], [3.0, 3.0], 1, [0]),  # of equal ones the first
    ],
)
def test_rows_that_serve_what_is_served_already_count_less(use, weight, most, rows):
    assert most_serving(csr_array(np.array(use, dtype=bool)), np.array(weight), most) == rows


@given(
    st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=6),
    st.lists(st.integers(1, 9), min_size=4, max_size=4),
    st.integers(0, 6),
)
def test_rows_are_chosen_by_the_weight_that_they_serve_by_definition(use, weight, most):
    times, expected = [0] * 4, list[int]()
    while len(expected) < min(most, len(use)):
        score = {
            row: sum(Fraction(weight[pair], 1 + times[pair]) for pair in range(4) if use[row][pair])
            for row in range(len(use))
            if row not in expected
        }
        # Sums that are equal may differ in their last bit, and any of the equal rows is then right.
        best = [row for row in score if score[row] == max(score.values())]
        assume(len({tuple(use[row]) for row in best}) == 1)
        expected.append(best[0])
        times = [count + use[best[0]][pair] for pair, count in enumerate(times)]
    assert most_serving(csr_array(np.array(use)), np.array(weight, float), most) == sorted(expected)


@examples(40)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(1000, 9000)), max_size=5),
    st.integers(3_000, 14_000),
)
def test_a_pair_can_use_what_lies_on_a_short_path_with_everything_built(line_arcs, limit_s):
    road = network([(0, 0), (100, 0), (200, 0)], [(0, 1, "primary", 100, 50), (1, 2, "primary", 100, 50)])
    places = cities(road, [("a", (0, 0), 90_000, 0), ("b", (100, 0), 80_000, 1), ("c", (200, 0), 70_000, 2)])
    drawn = base_case(road, places, limit_s=limit_s)
    every = table(
        *(proposal(f"c{at}", a, b, s, ends=(f"n{a}", f"n{b}")) for at, (a, b, s) in enumerate(line_arcs))
    )
    arcs = number_arcs(drawn.graph, every.arcs)
    use = usable_by_pairs(drawn, arcs, len(every)).toarray()
    full, today = with_arcs_s(drawn, arcs), with_arcs_s(drawn, arcs.take(np.zeros(len(arcs.tail), bool)))
    for at, (a, b) in enumerate(open_pairs(drawn).tolist()):
        start, end = drawn.graph.origin[a], drawn.graph.destination[b]
        expected = {
            candidate
            for candidate, tail, head, seconds in zip(
                arcs.candidate.tolist(),
                arcs.tail.tolist(),
                arcs.head.tolist(),
                arcs.seconds.tolist(),
                strict=True,
            )
            if full[start, tail] + seconds < today[start, head]
            and full[start, tail] + seconds + full[head, end] <= limit_s
        }
        assert set(np.flatnonzero(use[:, at]).tolist()) == expected


def with_arcs_s(drawn, arcs):
    """Return the seconds between all nodes of a base case with some arcs, by Floyd and Warshall."""
    found = np.full((arcs.count, arcs.count), np.inf)
    np.fill_diagonal(found, 0)
    for source in (drawn.graph, arcs):
        np.minimum.at(found, (source.tail, source.head), source.seconds)
    for middle in range(arcs.count):
        found = np.minimum(found, found[:, [middle]] + found[[middle], :])
    return found


@examples(40)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(1000, 9000)), max_size=5), st.data()
)
def test_no_plan_covers_a_pair_that_a_pruned_plan_cannot(line_arcs, data):
    road = network([(0, 0), (100, 0), (200, 0)], [(0, 1, "primary", 100, 50), (1, 2, "primary", 100, 50)])
    places = cities(road, [("a", (0, 0), 90_000, 0), ("b", (100, 0), 80_000, 1), ("c", (200, 0), 70_000, 2)])
    drawn = base_case(road, places, limit_s=9000)
    every = table(
        *(proposal(f"c{at}", a, b, s, ends=(f"n{a}", f"n{b}")) for at, (a, b, s) in enumerate(line_arcs))
    )
    use = usable_by_pairs(drawn, number_arcs(drawn.graph, every.arcs), len(every))
    chosen = data.draw(st.lists(st.sampled_from(range(len(every))), unique=True)) if len(every) else []
    useful = [row for row in chosen if use[[row]].nnz]
    plans = [
        design_problem(drawn.graph, places, every.take(rows), drawn.skim, limit_s=9000)
        for rows in (chosen, useful)
    ]
    assert plans[0].pairs["coverable"].tolist() == plans[1].pairs["coverable"].tolist()


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


def test_what_a_pair_cannot_reach_its_end_without_stays_beyond_the_limits(line):
    # a - c takes 14,400 s of 9,000 today; either half at 1,000 s brings it in, so the dearer half goes.
    halves = table(
        proposal("ab", 0, 1, 1000, cost=30, ends=("A", "B"), kind="rail_link"),
        proposal("bc", 1, 2, 1000, cost=20, ends=("B", "C"), kind="rail_link"),
        proposal("ac", 0, 2, 8000, cost=10, ends=("A", "C"), kind="rail_link"),
    )
    found = prune(line, halves, Rules(rail=RailRules(link_count=0)))
    assert found.table["candidate_id"].tolist() == ["bc"]
    assert found.report == {"rail_link: beyond the 0 that serve most weight of open pairs": 2}


@examples(40)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1000, 9000)), max_size=8),
    st.integers(0, 2),
)
def test_pruning_leaves_every_pair_a_way_that_has_one(line_arcs, most):
    road = network(
        [(0, 0), (100, 0), (200, 0), (300, 0)],
        [(at, at + 1, "primary", 100, 50) for at in range(3)],
    )
    places = cities(road, [(name, (100 * at, 0), 90_000 - at, at) for at, name in enumerate("abcd")])
    drawn = base_case(road, places, limit_s=9000)
    every = table(
        *(
            proposal(f"c{at}", a, b, s, cost=at, ends=(f"n{a}", f"n{b}"), kind="rail_link")
            for at, (a, b, s) in enumerate(line_arcs)
        )
    )
    kept = prune(drawn, every, Rules(rail=RailRules(link_count=most)))
    in_reach = [
        design_problem(drawn.graph, places, some, drawn.skim, limit_s=9000).pairs["coverable"].tolist()
        for some in (every, kept)
    ]
    assert in_reach[0] == in_reach[1]


def test_a_candidate_fixed_in_does_not_shift_the_limits_of_other_kinds(line):
    few = Rules(rail=RailRules(link_count=0, service_count=1))
    every = table(
        proposal("a", 0, 2, 3000, kind="rail_link"),
        proposal("b", 0, 2, 3000, kind="rail_service"),
        proposal("c", 0, 2, 3000, kind="rail_service"),
    )
    found = prune(line, fix(every, in_=["a"]), few)
    assert found.table["candidate_id"].tolist() == ["a", "b"]


def test_of_many_pairs_each_city_has_its_largest_partners_tried(drawn):
    """The third pair of the two largest cities comes after the first one of the smallest."""
    scope = Scope(drawn, Rules(pairs_tried=3))
    assert scope.heaviest("x", [(0, 4), (1, 2), (0, 2), (0, 1)]) == [(0, 4), (1, 2), (0, 1)]
    assert scope.left_out == {"x: beyond the 3 pairs of largest partners": 1}
    assert scope.heaviest("x", [(0, 4)]) == [(0, 4)]


@pytest.mark.parametrize(("open_pairs", "kept"), [(100, 2), (101, 1), (0, 3)])
def test_new_roads_bring_two_pairs_or_one_of_few(drawn, open_pairs, kept):
    """Roads that bring no pair, one and three."""
    scope = Scope(drawn, Rules())
    scope.__dict__["open_pairs"] = [(0, 1)] * open_pairs
    today_s, limit_s = scope.tracks.of_pairs(drawn.skim), drawn.useful_s
    roads = [proposal("slow", 0, 3, 20_000), proposal("end", 0, 3, 6000), proposal("middle", 0, 3, 60)]
    brought = [
        scope.tracks.brought(
            np.minimum(today_s, scope.tracks.of_pairs(drawn.skim_with(one.arcs)[0])), today_s
        )
        for one in roads
    ]
    assert (brought[0], limit_s) == (0, 9000)
    assert brought[1:] == [1, 3]
    found = [one.candidate_id for one in scope.of_use("road_link", roads)]
    assert found == [one.candidate_id for one in roads][3 - kept :]
    assert scope.left_out.total() == 3 - kept


def test_a_link_of_no_neighbours_states_the_hours_that_it_saves(drawn):
    """The trips of all pairs that gain, with their times then; neighbours serve others as well."""
    scope = Scope(drawn, Rules())
    road = proposal("x", 0, 3, 60)
    (far,) = scope.of_use("direct_expressway", [road])
    today_s = scope.tracks.of_pairs(drawn.skim)
    with_s = np.minimum(today_s, scope.tracks.of_pairs(drawn.skim_with(road.arcs)[0]))
    hours = float(scope.tracks.trips_a_year(with_s) @ (today_s - with_s)) / 3600
    assert far.saved_hours == pytest.approx(hours)
    (near,) = scope.of_use("road_link", [road])
    assert near.saved_hours is None


def test_an_optional_kind_without_a_rate_is_left_out_and_counted(drawn):
    full = builtin_cost_table()
    rates = {key: rate for key, rate in full.rates.items() if not key[0].startswith("running-")}
    hourly = Rules(kinds=("express_service",), patterns=PatternRules(express_headway_s=3600))
    found = generate(drawn, rules=hourly, costs=replace(full, rates=rates))
    assert len(found) == 0
    assert found.report["express_service: the cost table has no rate"] > 0


def test_the_table_of_kinds_gives_mode_instrument_and_items(line):
    (found,) = of_kind("rail_service", [proposal("x", 0, 2, 3000)])
    assert (found.kind, found.mode, found.instrument) == ("rail_service", "rail", "subsidy")
    assert [item.standard for item in found.items] == ["trainset", "running", "junction"]


def test_a_new_kind_needs_a_row_of_the_table_alone(drawn, monkeypatch):
    new = Kind(
        mode="road",
        instrument="barrier",
        propose=lambda scope: [proposal(f"new:{scope.base.ids[0]}", 0, 3, 3600)],
        pays_for=line_items,
        most=lambda _: 1,
    )
    monkeypatch.setitem(KINDS, "checkpoint", new)
    found = generate(drawn, rules=Rules(kinds=("checkpoint",)))
    assert found.table[["kind", "instrument"]].to_numpy().tolist() == [["checkpoint", "barrier"]]
    prepared = design_problem(drawn.graph, PLACES, found, drawn.skim, limit_s=9000)
    assert [(one.kind, bool(one.arcs)) for one in prepared.problem.candidates] == [("checkpoint", True)]


def test_what_is_of_use_with_far_links_alone_does_not_count_before_them():
    """`cd` brings D within reach of A where `far` joins A and C; `db` serves smaller cities by itself."""
    road = network(
        [(0, 0), (100, 0), (200, 0), (300, 0)], [(at, at + 1, "primary", 100, 50) for at in range(3)]
    )
    people = (9_000_000, 10_000, 10_000, 900_000)
    places = cities(road, [(name, (100 * at, 0), people[at], at) for at, name in enumerate("abcd")])
    every = table(
        proposal("cd", 2, 3, 5000, kind="express_service"),
        proposal("db", 3, 1, 6900, kind="express_service"),
        proposal("far", 0, 2, 500, kind="direct_expressway"),
        proposal("ad", 0, 3, 7000),
        proposal("bd", 1, 3, 7000),
    )
    for count, kept in ((1, ["ad", "bd", "db", "far"]), (2, ["ad", "bd", "cd", "db", "far"])):
        few = Rules(patterns=PatternRules(express_count=count))
        found = prune(base_case(road, places, limit_s=9000), every, few)
        assert found.table["candidate_id"].tolist() == kept


@pytest.mark.parametrize("rules", [NeighbourRules(), RailRules(), StationRules(), PatternRules()])
def test_defaults_of_rules_are_those_of_a_job(rules):
    asked = loads('[region]\nname = "jing-jin-ji"\n').candidates.model_dump()
    own = {field.name: getattr(rules, field.name) for field in fields(rules) if field.name in asked}
    assert own
    assert own == {name: asked[name] for name in own}
