from __future__ import annotations

from dataclasses import replace

import pytest
from core_drawing import both_ways, line

from optimiser.engine.presolve import reduce
from optimiser.engine.presolve.fixings import (
    build_free,
    drop_slack_limits,
    propagate_fixings,
)
from optimiser.engine.presolve.pairs import first_stage, merge_same_ends, merged, settle_pairs
from optimiser.engine.presolve.sequence import contract, drop_irrelevant_arcs
from optimiser.problem import Candidate, Capacity, City, Pair, Target
from tools.model_pages import RULES, reduction


def left(rule, problem):
    return rule(first_stage(problem)).problem


def ids(problem):
    return [c.id for c in problem.candidates]


def fixed(problem, **how):
    return problem.replace(
        candidates=tuple(replace(c, fixed=how.get(c.id, c.fixed)) for c in problem.candidates)
    )


def test_what_is_fixed_in_brings_along_what_it_requires():
    stage = propagate_fixings(first_stage(fixed(line(requires=(("ac", "bd"),)), ac="in")))
    assert (stage.forced, stage.forced_cost, stage.problem.budget) == (("ac", "bd"), 7, 0)


def test_what_is_fixed_in_leaves_out_what_it_excludes():
    assert ids(left(propagate_fixings, fixed(line(budget=20, excludes=(("ac", "bd"),)), ac="in"))) == ["ad"]


def test_what_requires_a_candidate_that_is_out_is_out():
    assert ids(left(propagate_fixings, fixed(line(requires=(("ac", "bd"),)), bd="out"))) == []


def test_a_candidate_that_cannot_pay_for_what_it_requires_leaves():
    assert ids(left(propagate_fixings, line(budget=6, requires=(("ac", "bd"),)))) == ["bd"]


def test_a_candidate_dearer_than_the_cap_of_its_instrument_leaves():
    dear = Candidate("dear", 5, both_ways((0, 2, 9)), "road", "subsidy")
    assert ids(left(propagate_fixings, line(candidates=(dear,), caps=(("subsidy", 4),)))) == []


def trains(most, **use):
    """Return capacities of one section of line."""
    return (Capacity("trains", tuple(sorted(use.items())), most),)


def test_a_candidate_that_uses_more_than_a_capacity_leaves_and_its_use_with_it():
    after = left(propagate_fixings, line(budget=16, capacities=trains(5, ac=6, bd=5, ad=1)))
    assert ids(after) == ["ad", "bd"]
    assert after.capacities == trains(5, ad=1, bd=5)


def test_a_candidate_that_uses_too_much_with_what_it_requires_leaves():
    problem = line(budget=16, requires=(("ac", "bd"),), capacities=trains(5, ac=3, bd=3))
    assert ids(left(propagate_fixings, problem)) == ["ad", "bd"]


def test_what_is_built_leaves_less_of_a_capacity():
    after = left(propagate_fixings, fixed(line(budget=16, capacities=trains(5, ac=3, bd=2, ad=3)), ac="in"))
    assert (ids(after), after.capacities) == (["bd"], trains(2, bd=2))
    assert left(drop_slack_limits, after).capacities == ()


def test_a_capacity_that_suffices_for_all_leaves_and_a_smaller_one_stays():
    assert left(drop_slack_limits, line(capacities=trains(5, ac=3, bd=2))).capacities == ()
    assert left(drop_slack_limits, line(capacities=trains(4, ac=3, bd=2))).capacities == trains(4, ac=3, bd=2)


def test_of_sections_that_carry_the_same_trains_the_scarcest_stays():
    same = (("ac", 8), ("bd", 16))
    sections = (Capacity("a", same, 20), Capacity("b", same, 18), Capacity("c", same, 18))
    more = (Capacity("d", (("ac", 8), ("ad", 9), ("bd", 16)), 20), Capacity("e", (("ac", 7), ("bd", 16)), 18))
    after = left(drop_slack_limits, line(capacities=(*sections, *more)))
    assert [capacity.id for capacity in after.capacities] == ["b", "d"]


def test_what_is_free_but_uses_a_capacity_waits():
    gift = Candidate("gift", 0, both_ways((0, 2, 10)))
    problem = line(candidates=(*line().candidates, gift), capacities=trains(4, bd=4, gift=1))
    assert build_free(first_stage(problem)).forced == ()


@pytest.mark.parametrize(
    ("changes", "how", "why"),
    [
        (
            {"budget": 16, "capacities": trains(4, ac=3, bd=2)},
            {"ac": "in", "bd": "in"},
            "the candidates that must be built use more than the capacity 'trains'",
        ),
        ({"budget": 2}, {"ac": "in"}, "the candidates that must be built cost more than the budget"),
        ({"excludes": (("ac", "bd"),)}, {"ac": "in", "bd": "in"}, "exclude each other"),
        ({"requires": (("ac", "bd"),)}, {"ac": "in", "bd": "out"}, "bd must be built, but may not be built"),
        (
            {"budget": None, "requires": (("ac", "bd"),), "excludes": (("ac", "bd"),)},
            {},
            "a - c must be covered, but no candidates that may be built can cover them",
        ),
        ({"targets": (Target("core", 10),)}, {}, "target 'core': at most 9 of the 10 still required"),
    ],
)
def test_a_problem_without_a_plan_says_why(changes, how, why):
    reduced = reduce(fixed(line(**changes), **how))
    assert not reduced.feasible
    assert why in reduced.reason


def test_a_target_out_of_reach_names_a_pair_that_is_never_within_its_limit():
    assert reduce(line(targets=(Target("core", 10),))).reason.endswith("out of reach: d - a")


def test_what_is_free_but_excludes_another_candidate_waits():
    gift = Candidate("gift", 0, both_ways((0, 2, 10)))
    problem = line(candidates=(*line().candidates, gift), excludes=(("bd", "gift"),))
    assert build_free(first_stage(problem)).forced == ()


def test_what_is_free_but_requires_what_costs_waits():
    gift = Candidate("gift", 0, both_ways((0, 2, 10)))
    problem = line(candidates=(*line().candidates, gift), requires=(("gift", "bd"),))
    assert build_free(first_stage(problem)).forced == ()


def test_a_cap_that_no_plan_reaches_leaves():
    cheap = Candidate("cheap", 2, both_ways((0, 2, 9)), "road", "subsidy")
    assert left(drop_slack_limits, line(candidates=(cheap,), caps=(("subsidy", 2),))).caps == ()


def test_a_target_asks_for_the_less_the_more_is_covered_by_now():
    assert left(settle_pairs, line(targets=(Target("core", 5),))).targets == (Target("core", 3),)


def test_a_target_that_is_met_leaves_and_its_group_with_it():
    after = left(settle_pairs, line(targets=(Target("core", 2),)))
    assert after.targets == ()
    assert {p.group for p in after.pairs} == {""}


def test_a_city_needs_the_fewer_pairs_the_more_are_covered_by_now():
    city = City("a", 3, (0, 2, 3), 2)
    after = left(settle_pairs, line(cities=(city,)))
    assert [(c.id, len(c.pairs), c.need) for c in after.cities] == [("a", 2, 1)]


def test_a_city_that_is_covered_by_now_is_a_constant():
    after = settle_pairs(first_stage(line(cities=(City("b", 3, (3,), 1),))))
    assert (after.problem.cities, after.base_weight) == ((), 5)


def test_a_city_that_can_never_be_covered_leaves():
    assert left(settle_pairs, line(cities=(City("d", 3, (0, 4), 2),))).cities == ()


def test_a_pair_without_weight_stays_while_a_city_lists_it():
    pairs = (Pair(0, 2, 120, 0), Pair(1, 3, 120, 0))
    after = left(settle_pairs, line(pairs=pairs, cities=(City("a", 3, (0,), 1),)))
    assert [(p.origin, p.destination) for p in after.pairs] == [(0, 2)]


def test_without_a_budget_only_pairs_of_a_target_stay():
    after = left(settle_pairs, line(budget=None, cover="targets", targets=(Target("small", 5),)))
    assert [p.weight for p in after.pairs] == [5, 4]


def test_a_useless_candidate_stays_while_another_one_requires_it():
    depot = Candidate("depot", 1, ())
    problem = line(candidates=(*line().candidates, depot), requires=(("ac", "depot"),))
    assert "depot" in ids(left(drop_irrelevant_arcs, problem))


def test_nodes_between_neighbours_are_contracted():
    pairs = (Pair(0, 3, 260, 1), Pair(3, 0, 300, 1))
    problem = line(candidates=(Candidate("cd", 1, both_ways((2, 3, 50))),), pairs=pairs)
    after = left(contract, problem)
    assert after.nodes == ("a", "d")
    assert after.arcs == ((0, 1, 300), (1, 0, 300))
    assert after.candidates[0].arcs == ((0, 1, 250), (1, 0, 250))


def test_a_node_where_two_candidates_meet_stays():
    parts = (Candidate("ab", 1, ((0, 1, 5),)), Candidate("bd", 1, ((1, 3, 5),)))
    assert "b" in left(contract, line(arcs=(), candidates=parts, pairs=(Pair(0, 3, 20, 1),))).nodes


def test_pairs_there_and_back_become_one_where_all_ways_run_alike():
    problem = line(pairs=(Pair(0, 2, 120, 5), Pair(2, 0, 120, 3)))
    assert [p.weight for p in left(merge_same_ends, problem).pairs] == [8]


def test_pairs_there_and_back_stay_two_where_a_way_runs_one_way_only():
    problem = line(arcs=line().arcs[1:], pairs=(Pair(0, 2, 120, 5), Pair(2, 0, 120, 3)))
    assert len(left(merge_same_ends, problem).pairs) == 2


def test_pairs_of_different_groups_stay_apart_while_a_target_counts_them():
    problem = line(pairs=(Pair(0, 2, 120, 5, "core"), Pair(2, 0, 120, 3)), targets=(Target("core", 4),))
    assert len(left(merge_same_ends, problem).pairs) == 2


def test_a_city_that_lists_both_ways_counts_the_merged_pairs():
    pairs = (Pair(0, 2, 120, 5), Pair(2, 0, 120, 3), Pair(0, 3, 160, 1), Pair(3, 0, 160, 1))
    after = left(merge_same_ends, line(pairs=pairs, cities=(City("a", 1, (0, 1, 2, 3), 3),)))
    assert [(len(c.pairs), c.need) for c in after.cities] == [(2, 2)]


def test_a_city_that_lists_one_pair_both_ways_and_one_not_keeps_them_apart():
    pairs = (Pair(0, 2, 120, 5), Pair(2, 0, 120, 3), Pair(0, 3, 160, 1))
    after = left(merge_same_ends, line(pairs=pairs, cities=(City("a", 1, (0, 1, 2), 2),)))
    assert len(after.pairs) == 3


def test_a_plan_is_lifted_with_what_is_built_in_any_case():
    reduced = reduce(fixed(line(budget=20), ad="in"))
    assert reduced.lifted([0]) == tuple(sorted(["ad", reduced.problem.candidates[0].id]))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_rule_has_its_proof_on_the_page(rule):
    title = rule.__name__.replace("_", " ").capitalize()
    after = reduction().split(f"**{title}.**", maxsplit=1)[1]
    assert "Proof." in after.split("**", maxsplit=1)[0]


def test_a_pair_that_a_city_lists_once_of_its_class_merges_with_one_that_no_city_lists():
    """The city lists two pairs of class `a` and one of class `b`: those of `a` stay apart, `b` may merge."""
    pairs = tuple(Pair(0, 2, 120, weight, "g") for weight in (1, 2, 4, 8, 16))
    problem = line(pairs=pairs, cities=(City("c", 1, (0, 1, 2), 2),))
    after = merged(problem, ["a", "a", "b", "b", "a"])
    assert [pair.weight for pair in after.pairs] == [1, 2, 12, 16]
    assert after.cities == (City("c", 1, (0, 1, 2), 2),)


def test_a_city_that_lists_each_class_alike_often_needs_its_share_of_the_classes():
    pairs = tuple(Pair(0, 2, 120, weight, "g") for weight in (1, 2, 4, 8))
    problem = line(pairs=pairs, cities=(City("c", 1, (0, 1, 2, 3), 3),))
    after = merged(problem, ["a", "b", "a", "b"])
    assert [pair.weight for pair in after.pairs] == [5, 10]
    assert after.cities == (City("c", 1, (0, 1), 2),)
    assert merged(problem, ["a", "b", "c", "d"]) == problem
