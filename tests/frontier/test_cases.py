"""A case is the base problem with other times, prices, weights, limits or steps, and the same candidates."""

from __future__ import annotations

import dataclasses
import itertools
import json
from fractions import Fraction

import pytest
from core_drawing import dense_problem, line
from ring_drawing import ringed, square

from optimiser.engine.search.incumbent import PlanEvaluator
from optimiser.engine.solve import solve
from optimiser.frontier.cases import (
    ALL_PAIRS,
    Base,
    Case,
    Layer,
    LimitStep,
    People,
    TimeChanges,
    case_from,
    counted_pairs,
    payable,
    resolve,
    with_steps,
)
from optimiser.problem import Capacity, Target

STEPS = (LimitStep(Fraction(7, 10), 0), LimitStep(Fraction(3, 10), 60))
COSTS = {"ac": (2, 3, 6), "bd": (3, 4, 5), "ad": (8, 9, 12)}


def people(*counts):
    """The smaller end of each pair is a city of its own; the larger end is the capital."""
    names = [f"p{count}" for count in counts]
    return People(
        population={"capital": 100, **dict(zip(names, counts, strict=True))},
        tier={"capital": "core", **dict.fromkeys(names, "small")},
        ends=tuple(("capital", name) for name in names),
    )


def base(**changes):
    def slower(changes):
        asked.append(changes)
        problem = line()
        pairs = tuple(dataclasses.replace(p, limit=p.limit + changes.limit_s) for p in problem.pairs)
        return problem.replace(pairs=pairs)

    asked = []
    fields = {"problem": line(), "timer": slower, "costs": COSTS, "people": people(4, 9, 16, 25, 36)}
    found = Base(factors=(1, 1, 2, 1, 1), **(fields | changes))
    return found, asked


def test_a_case_without_changes_is_the_base_under_another_name():
    found, asked = base()
    assert resolve(found, Case(name="same")) == line().replace(name="line: same")
    assert not asked


@pytest.mark.parametrize(
    ("prices", "costs"),
    [
        ((("all", "high"),), [6, 5, 12]),
        ((("road", "low"),), [2, 3, 9]),
        ((("all", 2.0), ("rail", "central")), [6, 8, 9]),
    ],
)
def test_prices_go_by_kind(prices, costs):
    found, _ = base()
    assert [c.cost for c in resolve(found, Case(name="x", prices=prices)).candidates] == costs


def test_weights_go_by_the_smaller_population_and_the_factor_of_the_tier():
    found, _ = base()
    weights = [p.weight for p in resolve(found, Case(name="x", weight_exponent=0.5)).pairs]
    assert weights == [2, 3, 8, 5, 6]
    assert [p.weight for p in resolve(found, Case(name="x", weight_exponent=0.0)).pairs] == [1, 1, 2, 1, 1]


def test_lines_carry_what_the_estimate_of_the_case_says():
    low, high = (Capacity("A - B", (("ac", 8), ("bd", 8)), most) for most in (7, 12))
    found, asked = base(capacities={"low": (low,), "high": (high,)})
    assert resolve(found, Case(name="x", capacity="low")).capacities == (low,)
    assert resolve(found, Case(name="x", capacity="high")).capacities == (high,)
    assert resolve(found, Case(name="x")).capacities == ()
    assert not asked


def test_times_come_from_the_timer_and_limits_with_them():
    found, asked = base()
    longer = resolve(found, Case(name="x", times=TimeChanges(limit_s=30)))
    assert [p.limit for p in longer.pairs] == [150, 150, 190, 130, 40]
    assert asked == [TimeChanges(limit_s=30)]


def test_candidates_can_be_forced_and_excluded_and_the_budget_changed():
    found, _ = base()
    case = resolve(found, Case(name="x", budget=11, fixed_in=("ac",), fixed_out=("ad",)))
    assert ([c.fixed for c in case.candidates], case.budget) == (["in", None, "out"], 11)


def test_steps_ask_the_timer_for_paths_beyond_the_limit():
    found, asked = base()
    case = resolve(found, Case(name="x", steps=STEPS))
    assert asked == [TimeChanges(beyond_s=60)]
    assert counted_pairs(case) == (0, 1, 2, 3, 4)


def test_steps_are_further_pairs_in_groups_of_their_own_and_integers():
    problem = with_steps(line(targets=(Target("small", 9),)), STEPS)
    assert [p.weight for p in problem.pairs] == [35, 28, 49, 14, 7, 15, 12, 21, 6, 3]
    assert [p.limit for p in problem.pairs[5:]] == [180, 180, 220, 160, 70]
    assert {p.group for p in problem.pairs[5:]} == {"step:small", "step:core"}
    assert problem.targets == (Target("small", 63),)
    assert [problem.pairs[k].limit for k in counted_pairs(problem)] == [p.limit for p in line().pairs]


def test_the_demands_of_a_job_are_stated_after_times_and_weights():
    def stated(problem, discounting, delays):
        assert (discounting, delays) == (False, {"road": 2})
        return problem.replace(targets=(Target("small", sum(p.weight for p in problem.pairs)),))

    found, _ = base(demands=stated)
    delays = (("road", 2),)
    case = resolve(found, Case(name="x", weight_exponent=0.0, discounting=False, delays=delays))
    assert case.targets == (Target("small", 6),)


def test_a_candidate_without_estimates_costs_what_it_costs():
    found, _ = base(costs={"ac": (2, 3, 6)})
    case = resolve(found, Case(name="dear", prices=(("all", "high"),)))
    assert [candidate.cost for candidate in case.candidates] == [6, 4, 9]


@pytest.mark.parametrize(
    ("exponent", "weights"),
    [
        (None, [5, 4, 7, 2, 1]),
        (1.0, [4, 9, 32, 25, 36]),
        (0.5, [2, 3, 8, 5, 6]),
        (0.25, [141, 173, 400, 224, 245]),
    ],
)
def test_weights_go_by_people_to_a_power_and_small_powers_by_hundredths(exponent, weights):
    found, _ = base()
    case = resolve(found, Case(name="weighed", weight_exponent=exponent))
    assert [pair.weight for pair in case.pairs] == weights


def test_a_case_says_beyond_which_limit_times_are_kept_by_what_lies_further():
    for beyond, kept in ((0, 60), (59, 60), (61, 61)):
        found, asked = base(steps=STEPS)
        times = TimeChanges(beyond_s=beyond)
        resolve(found, Case(name="x", times=times))
        assert asked == [TimeChanges(beyond_s=kept)]


def test_the_steps_of_a_case_go_before_those_of_the_base():
    found, asked = base(steps=STEPS)
    later = (LimitStep(Fraction(1, 2), 0), LimitStep(Fraction(1, 2), 30))
    case = resolve(found, Case(name="x", steps=later))
    assert asked == [TimeChanges(beyond_s=30)]
    assert [p.weight for p in case.pairs] == [5, 4, 7, 2, 1] * 2


@pytest.mark.parametrize("counts", [True, False])
def test_the_layer_is_timed_with_the_times_of_the_case_unless_independence_does_not_count(counts):
    asked = []

    def layer(changes):
        asked.append(changes)
        network = line(pairs=(dataclasses.replace(line().pairs[0], limit=77),))
        return Layer(network, (2,), (Fraction(1, 2),))

    found, _ = base(layer=layer)
    times = TimeChanges(limit_s=30)
    case = resolve(found, Case(name="x", times=times, independence=counts))
    assert asked == ([times] if counts else [])
    assert [p.limit for p in case.pairs[5:]] == ([77] if counts else [])
    assert counted_pairs(case) == (0, 1, 2, 3, 4)


def test_of_the_rings_of_a_plan_the_wished_ones_of_least_reward_are_given_up_where_money_is_short():
    rings = [square(id=name, required=False, reward=reward) for name, reward in (("r", 1), ("s", 2))]
    problem, circuits = ringed(*rings, budget=6), {"r": (0, 1, 2, 3), "s": (0, 1, 4)}  # cost 5 and 1
    assert payable([problem], circuits) == circuits
    assert payable([problem, problem.replace(budget=5)], circuits) == {"s": (0, 1, 4)}
    assert payable([problem.replace(budget=0)], circuits) == {}
    fixed = tuple(dataclasses.replace(c, fixed="in" if c.id == "fast" else None) for c in problem.candidates)
    assert payable([problem.replace(candidates=fixed)], circuits) == {"s": (0, 1, 4)}  # 4 besides
    must = problem.replace(rings=tuple(dataclasses.replace(ring, required=True) for ring in rings))
    assert payable([must.replace(budget=5)], circuits) == circuits


def test_rings_are_those_of_the_base_unless_the_case_asks_for_none():
    found, _ = base(problem=ringed(), people=people(1, 2), costs={})
    found = dataclasses.replace(found, factors=(1, 1))
    assert resolve(found, Case(name="x")).rings == ringed().rings
    assert resolve(found, Case(name="x", rings=False)).rings == ()


def test_a_factor_on_a_cost_is_rounded_and_a_kind_goes_before_all():
    found, _ = base()
    case = resolve(found, Case(name="x", prices=(("all", 1.5), ("rail", 0.25))))
    assert [c.cost for c in case.candidates] == [4, 6, 2]
    case = resolve(found, Case(name="x", prices=(("road", "high"),)))
    assert [c.cost for c in case.candidates] == [6, 5, 9]


def test_a_fixing_of_a_candidate_stays_unless_the_case_sets_another():
    ac, bd, ad = line().candidates
    fixed = tuple(dataclasses.replace(c, fixed=f) for c, f in ((ac, "out"), (bd, "in"), (ad, "out")))
    found, _ = base(problem=line(candidates=fixed))
    assert [c.fixed for c in resolve(found, Case(name="x")).candidates] == ["out", "in", "out"]
    case = resolve(found, Case(name="x", fixed_in=("ac", "ad"), fixed_out=("bd", "ad")))
    assert [c.fixed for c in case.candidates] == ["in", "out", "in"]


def test_demands_count_later_periods_less_unless_the_case_says_otherwise():
    said = []

    def stated(problem, discounting, delays):
        said.append((problem.name, discounting))
        return problem

    found, _ = base(demands=stated)
    resolve(found, Case(name="x"))
    resolve(found, Case(name="y", discounting=False))
    assert said == [("line: x", True), ("line: y", False)]


def test_a_budget_of_nothing_is_a_budget():
    found, _ = base()
    assert resolve(found, Case(name="x", budget=0)).budget == 0
    assert resolve(found, Case(name="x")).budget == 7


def test_changes_of_times_change_nothing_by_default():
    assert TimeChanges() == TimeChanges(
        road_speed=1.0,
        rail_speed=1.0,
        check_in_most_s=None,
        wait_most_s=None,
        waits=1.0,
        access_s=0,
        limit_s=0,
        beyond_s=0,
    )


def test_populations_grow_by_tier_and_by_city_and_the_smaller_end_counts():
    found, asked = base(exponent=1.0)
    grown = resolve(found, Case(name="x", growth=(("small", 2.0), ("p36", 1.5))))
    assert [pair.weight for pair in grown.pairs] == [8, 18, 64, 50, 100]
    assert [pair.weight for pair in resolve(found, Case(name="x")).pairs] == [5, 4, 7, 2, 1]
    assert not asked


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("seed", range(8))
def test_the_most_different_plan_shares_least_money_of_all_that_are_as_good(seed):
    problem = dense_problem(seed).replace(targets=(), cities=(), cover="all", budget=14)
    plan, scored = solve(problem).built, PlanEvaluator(problem)
    least = round(0.8 * scored(plan).coverage)
    weights = tuple(pair.weight for pair in problem.pairs)
    given = {"people": people(), "factors": (1,) * len(weights), "weights": weights}
    asked = Base(problem=problem, timer=lambda _changes: problem, costs={}, **given)
    case = Case(demands=False, least=((ALL_PAIRS, least),), unlike=plan)
    found = solve(resolve(asked, case)).built
    names = [candidate.id for candidate in problem.candidates]
    subsets = (one for size in range(len(names) + 1) for one in itertools.combinations(names, size))

    def shared(built):
        return problem.cost_of(set(built) & set(plan)), problem.cost_of(built)

    def is_as_good(built):
        if problem.cost_of(built) > problem.budget:  # a fault that is found sooner than by the evaluator
            return False
        score = scored(built)
        return not score.faults and score.coverage >= least

    assert shared(found) == shared(next(filter(is_as_good, sorted(subsets, key=shared))))


def test_a_case_survives_being_written_as_json():
    case = Case(
        name="case 3",
        times=TimeChanges(road_speed=0.9, access_s=120, closed=("G4", "G5: a - b")),
        prices=(("rail_link", 1.3), ("road", 0.9)),
        growth=(("small", 1.2),),
        budget=12,
        fixed_out=("ad",),
        delays=(("road", 2),),
    )
    assert case_from(json.loads(json.dumps(case.as_dict()))) == case
    assert Case(name="x").as_dict() == {"name": "x"}
    stepped = Case(name="stepped", steps=STEPS, rings_required=("r",), demands=False, least=(("small", 3),))
    assert case_from(json.loads(json.dumps(stepped.as_dict()))) == stepped
