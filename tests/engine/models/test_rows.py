"""Each row family on problems small enough to write its rows out, beside the golden models."""

from __future__ import annotations

import dataclasses

import pulp
import pytest
from core_drawing import both_ways, line
from model_rows import bounds_of, objective_of, rows_of
from ring_drawing import leading, phased, ringed, square

from optimiser.engine.models import rings as rings_module
from optimiser.engine.models.cuts_master import (
    add_partition_inequalities,
    build_master,
)
from optimiser.engine.models.decisions import declare, divisor, empty_model, scale_of, weighted
from optimiser.engine.models.extended import build_extended, counting_rings
from optimiser.engine.models.rings import (
    add_apart,
    add_least_stops,
    add_longest,
    add_must_stops,
    add_rewards_in_time,
    add_rounds,
    add_stops,
    balanced_centre,
    circuits_in,
    declare_ring,
    forming,
)
from optimiser.problem import Candidate, Capacity, City, Pair, Period, RingLink, RingStop, Target


def master(**changes):
    return build_master(line(**changes).canonical())[0]


def priced(*costs, instrument=None):
    """Return candidates c0, c1, ... of these costs."""
    return tuple(
        Candidate(f"c{j}", cost, both_ways((0, 2, 50)), "road", instrument) for j, cost in enumerate(costs)
    )


# ---- objective and money


@pytest.mark.parametrize(
    ("numbers", "divided"), [([], 1), ([0, 0], 1), ([6], 6), ([6, 4, 10], 2), ([0, 9, 6], 3), ([5, 7], 1)]
)
def test_numbers_are_divided_by_their_greatest_common_divisor(numbers, divided):
    assert divisor(numbers) == divided


@pytest.mark.parametrize(
    ("changes", "objective", "scale"),
    [
        ({"budget": None, "candidates": priced(6, 4, 10)}, {"x0000001": 3, "x0000002": 2, "x0000003": 5}, 2),
        (
            {"pairs": (Pair(0, 2, 99, 6), Pair(0, 3, 99, 9)), "cities": (City("a", 3, (0, 1), 2),)},
            {"y0000001": 2, "y0000002": 3, "z0000001": 1},
            3,
        ),
    ],
)
def test_the_objective_is_the_cost_or_the_weight_divided(changes, objective, scale):
    problem = line(**changes).canonical()
    lp, decisions = build_master(problem)
    assert objective_of(lp) == objective
    assert scale_of(problem) == scale
    assert lp.sense == (pulp.LpMinimize if problem.budget is None else pulp.LpMaximize)
    assert empty_model(problem).sense == lp.sense
    assert len(decisions.y) == (0 if problem.budget is None else 2)


def test_a_model_has_a_variable_for_each_candidate_pair_and_city():
    problem = line(pairs=line().pairs[:2], cities=(City("a", 3, (0, 1), 2),)).canonical()
    lp = empty_model(problem)
    found = declare(lp, problem)
    assert [x.name for x in found.x] == ["x0000001", "x0000002", "x0000003"]
    integer, share = (0, 1, True), (0, 1, False)
    names = ["x0000001", "x0000002", "x0000003", "y0000001", "y0000002", "z0000001"]
    assert bounds_of(lp) == dict(zip(names, [integer] * 3 + [share] * 2 + [integer], strict=True))
    assert len(declare(empty_model(problem), problem.replace(budget=None)).y) == 0


@pytest.mark.parametrize(
    ("costs", "budget", "row"),
    [
        ((6, 4, 10), 15, ({"x0000001": 3, "x0000002": 2, "x0000003": 5}, "<=", 7)),
        ((3, 4), 7, ({"x0000001": 3, "x0000002": 4}, "<=", 7)),
        ((3, 4), None, None),
        ((), 7, None),
    ],
)
def test_the_budget_is_divided_and_rounded_down(costs, budget, row):
    assert rows_of(master(candidates=priced(*costs), budget=budget)).get("budget") == row


@pytest.mark.parametrize(("most", "right"), [(9, 4), (8, 4), (19, 9), (20, None), (21, None), (0, 0)])
def test_a_cap_on_part_of_the_candidates_is_divided_and_rounded_and_left_out_where_it_suffices(most, right):
    candidates = (*priced(6, 4, 10, instrument="subsidy"), Candidate("d", 1, both_ways((1, 3, 50))))
    row = rows_of(master(candidates=candidates, caps=(("subsidy", most),))).get("cap_subsidy")
    left = {"x0000001": 3, "x0000002": 2, "x0000003": 5}
    assert row == (None if right is None else (left, "<=", right))


@pytest.mark.parametrize(("most", "right"), [(9, 4), (8, 4), (19, 9), (20, None), (21, None), (0, 0)])
def test_capacities_are_numbered_divided_rounded_and_left_out_where_they_suffice(most, right):
    slack = Capacity("a", (("ac", 1),), 1)
    mine = Capacity("b", (("ac", 6), ("bd", 14)), most)
    rows = rows_of(master(capacities=(slack, mine)))
    assert "capacity_0000001" not in rows
    # ac, ad, bd in canonical order
    expected = None if right is None else ({"x0000001": 3, "x0000003": 7}, "<=", right)
    assert rows.get("capacity_0000002") == expected


def test_excludes_and_requires_are_numbered_rows_of_two():
    rows = rows_of(master(excludes=(("ac", "bd"), ("ad", "bd")), requires=(("ac", "ad"), ("bd", "ad"))))
    assert rows["exclude_0000001"] == ({"x0000001": 1, "x0000003": 1}, "<=", 1)
    assert rows["exclude_0000002"] == ({"x0000002": 1, "x0000003": 1}, "<=", 1)
    assert rows["require_0000001"] == ({"x0000001": 1, "x0000002": -1}, "<=", 0)
    assert rows["require_0000002"] == ({"x0000003": 1, "x0000002": -1}, "<=", 0)


def test_a_city_needs_each_of_its_pairs_or_some_of_them_or_none():
    cities = (
        City("a", 1, (0, 2), 2),
        City("b", 1, (0, 1, 2), 2),
        City("c", 1, (0,), 0),
        City("d", 1, (1,), 1),
    )
    rows = {name: row for name, row in rows_of(master(cities=cities)).items() if name.startswith("city")}
    order = [line().canonical().pairs.index(pair) for pair in line().pairs]
    y = [f"y{order[k] + 1:07d}" for k in range(3)]
    assert rows.pop("city_0000002") == ({"z0000002": 2, y[0]: -1, y[1]: -1, y[2]: -1}, "<=", 0)
    assert sorted(rows) == ["city_0000001_0000001", "city_0000001_0000002", "city_0000004_0000001"]
    assert {frozenset(left) for left, _, _ in rows.values()} == {
        frozenset({"z0000001", y[0]}), frozenset({"z0000001", y[2]}), frozenset({"z0000004", y[1]})
    }  # fmt: skip
    assert all(
        set(left.values()) == {1, -1} and (sense, right) == ("<=", 0) for left, sense, right in rows.values()
    )


@pytest.mark.parametrize(
    ("least", "right"), [(1, 1), (2, 1), (3, 2), (9, 5), (10, 5), (11, None), (0, "no row")]
)
def test_a_target_is_divided_and_rounded_up_and_one_out_of_reach_has_no_plan(least, right):
    pairs = (Pair(0, 2, 99, 4, "g"), Pair(0, 3, 99, 6, "g"), Pair(1, 3, 99, 5))
    row = rows_of(master(pairs=pairs, targets=(Target("g", least),))).get("target_0000001")
    if right == "no row":
        assert row is None
    elif right is None:
        assert row == ({"x0000001": 1}, "<=", -1)
    else:
        assert row == ({"y0000001": 2, "y0000002": 3}, ">=", right)


def test_where_all_must_be_covered_only_a_target_out_of_reach_needs_a_row():
    pairs = (Pair(0, 2, 120, 4, "g"), Pair(1, 3, 120, 6, "g"))
    for least, count in ((10, 0), (11, 1)):
        rows = rows_of(master(pairs=pairs, targets=(Target("g", least),), budget=None))
        assert len([name for name in rows if name.startswith("target")]) == count
    assert rows_of(master(pairs=pairs, targets=(Target("g", 11),), candidates=())) == {}


def test_a_target_counts_pairs_or_cities_of_its_group():
    cities = (City("a", 4, (0,), 1, "small"), City("b", 6, (0,), 1), City("c", 2, (0,), 1, "small"))
    problem = line(cities=cities, targets=(Target("small", 5), Target("small", 5, "cities"))).canonical()
    rows = rows_of(build_master(problem)[0])
    number = {target.of: f"target_{i:07d}" for i, target in enumerate(problem.targets, start=1)}
    assert rows[number["cities"]] == ({"z0000001": 2, "z0000003": 1}, ">=", 3)
    small = {f"y{k + 1:07d}": p.weight for k, p in enumerate(problem.pairs) if p.group == "small"}
    assert rows[number["pairs"]] == (small, ">=", 5)


# ---- cuts


def test_cuts_are_numbered_after_the_rows_that_are_there():
    problem = line(pairs=line().pairs[:3]).canonical()
    lp, decisions = build_master(problem)
    assert list(rows_of(lp)) == ["budget"]
    rows = [((0,), {0: 1, 2: 1}), ((1,), {}), ((0, 2), {0: 2, 1: 1})]
    add_partition_inequalities(lp, decisions, rows)
    rows = rows_of(lp)
    assert rows["part_0000002"] == ({"x0000001": 1, "x0000003": 1, "y0000001": -1}, ">=", 0)
    assert rows["part_0000003"] == ({"y0000002": -1}, ">=", 0)
    assert rows["part_0000004"] == ({"x0000001": 2, "x0000002": 1, "y0000001": -1, "y0000003": -1}, ">=", 0)


def test_where_all_must_be_covered_cuts_have_the_number_of_pairs_on_the_right():
    lp, decisions = build_master(line(budget=None).canonical())
    add_partition_inequalities(lp, decisions, [((0,), {0: 1, 2: 1}), ((0, 2), {0: 2, 1: 1})])
    rows = rows_of(lp)
    assert rows["part_0000001"] == ({"x0000001": 1, "x0000003": 1}, ">=", 1)
    assert rows["part_0000002"] == ({"x0000001": 2, "x0000002": 1}, ">=", 2)


# ---- rings


def declared(ring, usable=None):
    """Return a model, the variables of a ring in it, and the rows of the families named."""
    lp = pulp.LpProblem()
    return lp, declare_ring(lp, ring, 1, range(len(ring.links)) if usable is None else usable)


def added(ring, *families):
    """Return the rows of families that need the variables n where they take two arguments more."""
    lp, decisions = declared(ring)
    passes = add_stops(lp, decisions)
    for add in families:
        if add in (add_least_stops, add_must_stops):
            add(lp, decisions, passes)
        else:
            add(lp, decisions)
    return rows_of(lp), passes


def test_a_ring_has_a_variable_and_two_for_each_link_that_it_can_use():
    lp, decisions = declared(square(), usable=[0, 3, 4])
    assert bounds_of(lp) == {
        "r001": (1, 1, True),
        "fa001_000001": (0, 1, True),
        "fa001_000004": (0, 1, True),
        "fb001_000001": (0, 1, True),
        "fb001_000004": (0, 1, True),
    }  # the diagonal runs through the centre
    assert sorted(decisions.turns) == [0, 3]
    lp, _ = declared(square(required=False), usable=[])
    assert bounds_of(lp) == {"r001": (0, 1, True)}


STOPS = (RingStop("a", (0,), "big"), RingStop("b", (1, 2), "small"), RingStop("c", (3, 3), must=True))


@pytest.mark.parametrize(
    ("least", "by_group", "counted"),
    [
        (0, (), [2]),
        (1, (), [0, 1, 2]),
        (0, (("big", 1),), [0, 2]),
        (0, (("big", 0), ("small", 2)), [1, 2]),
    ],
)
def test_a_stop_counts_where_stops_are_needed_or_it_must_be_passed_or_some_of_its_group_are(
    least, by_group, counted
):
    rows, passes = added(square(stops=STOPS, least_stops=least, least_by_group=by_group))
    assert sorted(passes) == counted
    assert sorted(rows) == [f"stop001_{i + 1:06d}" for i in counted]
    if 1 in counted:  # links 1 - 2 and 0 - 1 into the second node, 1 - 2, 3 - 2 into the third
        assert rows["stop001_000002"] == (
            {
                "n001_000002": 1,
                "fa001_000001": -1,
                "fb001_000002": -1,
                "fa001_000002": -1,
                "fa001_000003": -1,
            },
            "<=",
            0,
        )
    assert rows["stop001_000003"] == ({"n001_000003": 1, "fb001_000003": -1, "fb001_000004": -1}, "<=", 0)


def test_stops_that_are_needed_in_all_by_group_and_each():
    ring = square(stops=STOPS, least_stops=2, least_by_group=(("big", 1), ("none", 1), ("small", 3)))
    rows, _ = added(ring, add_least_stops, add_must_stops)
    assert rows["stops001"] == ({"r001": -2, "n001_000001": 1, "n001_000002": 1, "n001_000003": 1}, ">=", 0)
    assert rows["stops001_001"] == ({"r001": -1, "n001_000001": 1}, ">=", 0)
    assert rows["stops001_002"] == ({"r001": -1}, ">=", 0)
    assert rows["stops001_003"] == ({"r001": -2, "n001_000002": 1}, ">=", 0)  # of one stop, two are too many
    assert rows["must001_000003"] == ({"r001": -1, "n001_000003": 1}, ">=", 0)
    assert len([name for name in rows if name.startswith("must")]) == 1
    rows, _ = added(square(stops=STOPS, least_stops=9), add_least_stops)
    assert rows["stops001"][0]["r001"] == -4
    rows, _ = added(square(stops=STOPS, least_stops=0), add_least_stops)
    assert "stops001" not in rows


def test_a_circuit_winds_once_round_each_centre_clockwise_or_not_round_all_but_the_first():
    """The ray from (2, 2) to the east crosses link 1 - 2, that from (-2, 2) the link over (-1, 2) too."""
    lp, decisions = declared(square(centres=((2, 2), (1, 1), (9, 9))))
    add_rounds(lp, decisions)
    rows = rows_of(lp)
    forward, backward = "fa001_000002", "fb001_000002"
    assert rows["round001_001"] == ({"r001": -1, forward: 1, backward: -1}, "==", 0)
    assert rows["round001_003"] == ({"r001": -1, "q001_003": 2}, "==", 0)
    assert rows["turn001_002"] == ({"q001_002": 1, "r001": -1}, "<=", 0)
    assert "turn001_001" not in rows
    assert bounds_of(lp)["q001_002"] == (0, 1, True)
    assert rows["round001_002"][0]["q001_002"] == 2


def lengths(*of, longest):
    links = tuple(
        dataclasses.replace(link, length=length) for link, length in zip(square().links, of, strict=False)
    )
    return square(links=(*links, *square().links[len(of) :]), longest=longest)


@pytest.mark.parametrize(
    ("of", "longest", "factors", "right"),
    [
        ((4, 6, 10, 8), 15, [2, 3, 5, 4], 7),
        ((4, 6, 10, 8), 99, [2, 3, 5, 4], 14),  # no circuit is longer than all links
        ((4, 6, 10, 8), 27, [2, 3, 5, 4], 13),
        ((3, 5, 0, 7), 9, [3, 5, 0, 7], 9),
        ((0, 0, 0, 0), 9, None, None),
        ((4, 6, 10, 8), None, None, None),
    ],
)
def test_the_longest_length_is_divided_by_the_unit_of_the_lengths(of, longest, factors, right):
    rows, _ = added(lengths(*of, longest=longest), add_longest)
    row = rows.get("longest001")
    if factors is None:
        assert row is None
        return
    left = {f"f{side}001_{a + 1:06d}": f for side in "ab" for a, f in enumerate(factors) if f}
    assert row == (left | {"r001": -right}, "<=", 0)


@pytest.mark.parametrize(("largest", "unit"), [(28, 2), (15, 2), (14, 2), (13, 3), (10, 3), (9, 4), (4, 7)])
def test_lengths_are_rounded_to_a_unit_in_which_their_sum_is_held_exactly(monkeypatch, largest, unit):
    """The lengths sum to 28 and have the divisor 2; the unit is 28 over the largest sum, rounded up."""
    monkeypatch.setattr(rings_module, "LARGEST_LENGTH", largest)
    rows, _ = added(lengths(4, 6, 10, 8, longest=21), add_longest)
    factors = [length // unit for length in (4, 6, 10, 8)]
    left = {f"f{side}001_{a + 1:06d}": f for side in "ab" for a, f in enumerate(factors) if f}
    assert rows["longest001"] == (left | {"r001": -(21 // unit)}, "<=", 0)


def test_rings_that_must_stay_apart_share_no_node_at_the_same_place():
    """The second ring has two nodes at the place of one of the first; a third is apart from nobody there."""
    lp = pulp.LpProblem()
    triangle = square(
        id="beside", nodes=((4, 4), (12, 4), (4, 4)), centres=((9, 9),), stops=(), least_stops=0,
        links=(RingLink(0, 1), RingLink(1, 2), RingLink(2, 0)), apart=("square",),
    )  # fmt: skip
    rings = [
        declare_ring(lp, square(apart=("beside", "gone")), 1, range(5)),
        declare_ring(lp, triangle, 2, range(3)),
        declare_ring(lp, square(id="third"), 3, range(5)),
    ]
    add_apart(lp, rings)
    corner = {"fa001_000002": 1, "fa001_000003": 1}
    rows = rows_of(lp)
    assert [row[1:] for row in rows.values()] == [("<=", 1)] * 2
    assert sorted(rows) == ["apart_0000001", "apart_0000002"]
    into_first = {"fa002_000003": 1, "fb002_000001": 1}
    into_last = {"fa002_000002": 1, "fb002_000003": 1}
    ends = [{n: f for n, f in row[0].items() if "002_" in n} for row in rows.values()]
    assert ends == [into_first, into_last]
    assert all(corner.items() <= row[0].items() for row in rows.values())


def test_a_ring_that_is_complete_in_a_period_has_all_its_candidates_open():
    lp, decisions = declared(square(reward=5))
    is_open = {name: lp.add_variable(name, 0, 1) for name in ("north", "west", "across")}
    formed = add_rewards_in_time(lp, decisions, is_open, 1)
    assert formed.name == "rt001_002"
    assert bounds_of(lp)["rt001_002"] == (0, 1, False)
    assert rows_of(lp) == {
        "formed001_002": ({"rt001_002": 1, "r001": -1}, "<=", 0),
        "formed001_002_000003": (
            {"rt001_002": 1, "fa001_000003": 1, "fb001_000003": 1, "north": -1},
            "<=",
            1,
        ),
        "formed001_002_000004": ({"rt001_002": 1, "fa001_000004": 1, "fb001_000004": 1, "west": -1}, "<=", 1),
    }


def test_circuits_are_read_off_the_values_of_links_in_both_directions():
    """Links 0 - 1 - 2 and 3 - 2, 3 - 0: the square passes the last two backwards and forwards."""
    _, decisions = declared(square())
    values = dict.fromkeys([f"f{side}001_{a:06d}" for side in "ab" for a in range(1, 5)], 0.0)
    round_once = {"fa001_000001": 0.9, "fa001_000002": 1.0, "fb001_000003": 1.0, "fa001_000004": 0.51}
    assert circuits_in(decisions, values | round_once) == [(0, 1, 2, 3)]
    back = {
        name.replace("fa", "f_").replace("fb", "fa").replace("f_", "fb"): v for name, v in round_once.items()
    }
    assert circuits_in(decisions, values | back) == [(3, 2, 1, 0)]
    assert circuits_in(decisions, values | {"fa001_000001": 0.49}) == []


def test_the_first_circuit_that_forms_the_ring_is_found():
    _, decisions = declared(square())
    assert forming(decisions, [(0, 1), (0, 1, 2, 3)]) == (0, 1, 2, 3)
    assert forming(decisions, [(0, 1)]) is None


def test_a_centre_that_no_circuit_winds_round_has_potentials_that_differ_by_the_crossings():
    _, decisions = declared(square(centres=((2, 2), (9, 9), (1, 1))))
    assert balanced_centre(decisions, range(4)) == (1, {0: 0, 1: 0, 2: 0, 3: 0})
    _, decisions = declared(square())
    assert balanced_centre(decisions, range(4)) is None
    centre, potentials = balanced_centre(decisions, [1, 2, 3])
    assert centre == 0
    assert potentials == {1: 0, 2: 1, 3: 1}
    assert balanced_centre(decisions, [0, 2]) == (0, {0: 0, 2: 0})


# ---- models with rings and periods


def test_rings_count_that_are_required_or_earn_something_where_earning_matters():
    rings = (
        square(id="a"),
        square(id="b", required=False, reward=3),
        square(id="c", required=False),
        square(id="d", reward=2),
    )
    assert [ring.id for ring in counting_rings(ringed(*rings))] == ["a", "b", "d"]
    assert [ring.id for ring in counting_rings(ringed(*rings, budget=None))] == ["a", "d"]


def test_fixed_candidates_have_fixed_variables():
    fixed = {"fast": "in", "north": "out"}
    problem = ringed()
    problem = problem.replace(
        candidates=tuple(dataclasses.replace(c, fixed=fixed.get(c.id)) for c in problem.candidates)
    )
    bounds = bounds_of(build_extended(problem).lp)
    assert [bounds[f"x000000{j}"] for j in (1, 2, 3, 4)] == [
        (0, 1, True),
        (1, 1, True),
        (0, 0, True),
        (0, 1, True),
    ]


@pytest.mark.parametrize(
    ("limit", "bounds"), [(100, (1, 1, False)), (60, (0, 1, False)), (40, (0, 0, False))]
)
def test_pairs_that_every_plan_or_no_plan_covers_have_fixed_coverage_and_no_flow(limit, bounds):
    problem = ringed(pairs=(Pair(0, 1, limit, 9),))
    lp = build_extended(problem).lp
    assert bounds_of(lp)["y0000001"] == bounds
    assert any(name.startswith("flow") for name in rows_of(lp)) == (limit == 60)
    assert not any(name.startswith("flow") for name in rows_of(build_extended(problem, flows=False).lp))
    alone = bounds_of(build_extended(problem.replace(budget=None)).lp)["y0000001"]
    assert alone == ((0, 0, False) if limit == 40 else (1, 1, False))


def test_periods_weigh_what_is_open_in_them_and_money_adds_up():
    """Factors 3 and 2; `fast` opens a period after its start. The last state alone meets targets."""
    problem = phased(
        periods=(Period("p", 5, 3), Period("q", 6, 2)),
        pairs=(Pair(0, 1, 60, 9, "g"), Pair(1, 0, 100, 6)),
        cities=(City("a", 12, (0, 1), 1),),
        targets=(Target("g", 5),),
        candidates=tuple(dataclasses.replace(c, cost=2 * c.cost) for c in phased().candidates),
        budget=11,
    )
    model = build_extended(leading(problem, fast=1))
    rows, lp = rows_of(model.lp), model.lp
    assert model.scale == 3
    assert objective_of(lp) == {
        "y0000001_1": 9, "y0000002_1": 6, "z0000001_1": 12, "y0000001_2": 6, "y0000002_2": 4, "z0000001_2": 8,
    }  # fmt: skip
    costs = {1: 1, 2: 4, 3: 2, 4: 3}
    assert rows["budget_001"] == ({f"x000000{j}_1": c for j, c in costs.items()}, "<=", 2)
    both = {f"x000000{j}_{t}": c for j, c in costs.items() for t in (1, 2)}
    assert rows["budget_002"] == (both, "<=", 5)
    assert rows["start_0000002"] == ({"x0000002_1": 1, "x0000002_2": 1, "x0000002": -1}, "==", 0)
    assert rows["open_0000002_1"] == ({"o0000002_1": 1}, "==", 0)
    assert rows["open_0000002_2"] == ({"o0000002_2": 1, "x0000002_1": -1}, "==", 0)
    assert rows["open_0000001_2"] == ({"o0000001_2": 1, "x0000001_1": -1, "x0000001_2": -1}, "==", 0)
    assert rows["target_0000001"] == ({"y0000001_2": 1}, ">=", 1)
    assert rows["city_0000001_1"] == ({"z0000001_1": 1, "y0000001_1": -1, "y0000002_1": -1}, "<=", 0)
    assert "budget" not in rows
    assert (len(model.states), [len(starts) for starts in model.starts]) == (2, [2] * 4)


@pytest.mark.parametrize(
    ("lead", "starts"),
    [(0, [[1], [1, 2], [1, 2, 3]]), (1, [[], [1], [1, 2]]), (2, [[], [], [1]]), (3, [[]] * 3), (9, [[]] * 3)],
)
def test_a_candidate_is_open_from_its_start_and_lead_on(lead, starts):
    problem = phased(periods=tuple(Period(f"p{t}", 3, 1) for t in range(3)), budget=9)
    rows = rows_of(build_extended(leading(problem, fast=lead)).lp)
    for t in range(3):
        left = {f"o0000002_{t + 1}": 1} | {f"x0000002_{u}": -1 for u in starts[t]}
        assert rows[f"open_0000002_{t + 1}"] == (left, "==", 0)


def test_rewards_count_in_each_period_in_which_the_ring_is_complete():
    problem = ringed(square(reward=5), periods=(Period("p", 4, 3), Period("q", 5, 2)), pairs=())
    assert objective_of(build_extended(problem).lp) == {"rt001_001": 3, "r001": 2}
    assert build_extended(problem).scale == 5
    for required in (True, False):
        plain = ringed(square(reward=0, required=required), periods=problem.periods, pairs=())
        assert objective_of(build_extended(plain).lp) == {}
        assert not any(name.startswith("formed") for name in rows_of(build_extended(plain).lp))


def test_without_a_budget_the_cost_is_minimised_and_divided():
    problem = ringed(budget=None)
    problem = problem.replace(
        candidates=tuple(dataclasses.replace(c, cost=3 * c.cost) for c in problem.candidates)
    )
    model = build_extended(problem)
    assert objective_of(model.lp) == {"x0000001": 1, "x0000002": 4, "x0000003": 2, "x0000004": 3}
    assert (model.scale, model.lp.sense) == (3, pulp.LpMinimize)
    assert "budget" not in rows_of(model.lp)


def test_links_that_no_affordable_circuit_uses_are_left_out_unless_all_are_asked_for():
    problem = ringed(budget=4)  # north and west together cost 5
    assert not any(name.startswith("fa") for name in bounds_of(build_extended(problem).lp))
    assert sum(name.startswith("fa") for name in bounds_of(build_extended(problem, all_links=True).lp)) == 4


def test_weights_are_divided_term_by_term():
    lp = pulp.LpProblem()
    x = [lp.add_variable(f"x{j}", 0, 1) for j in range(3)]
    assert {v.name: f for v, f in weighted(x, [6, 0, 9], 3).items()} == {"x0": 2, "x1": 0, "x2": 3}
