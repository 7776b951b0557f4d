"""Side constraints: reading, scoring, solving and checking, against trying every plan."""

from __future__ import annotations

import json

import numpy as np
import pytest
from core_drawing import best_plans, both_ways, brute_force, covered_by, line, plan_value, side_problems
from engine_running import EXTENDED_JOBS, JOBS, outcome_of
from hypothesis import given
from hypothesis import strategies as st
from problem_files import as_json, faults_of, validate
from tiers import examples, thinned

from optimiser import verify
from optimiser.engine.methods.variants import VARIANTS
from optimiser.engine.presolve import reduce
from optimiser.engine.search.scoring import breach, cost_of, covered_pairs, fits, objective_of, shortfall
from optimiser.engine.search.tables import tables
from optimiser.problem import Candidate, Capacity, City, Pair, Target, dumps, load, parse
from optimiser.problem.errors import ProblemError

PROVING = [name for name, variant in VARIANTS.items() if variant.proves and name != "auto"]

KNOWN = [f"side_{number:02d}" for number in (*range(1, 15), 36, 37, 40, 43, 44, 45, 46)]
"""Problems of the reference set without rings and periods."""


def side(**changes):
    """The line with a city of two pairs, a cap on rail and a target for each kind."""
    candidates = (
        Candidate("ac", 3, both_ways((0, 2, 50)), "road", "barrier"),
        Candidate("bd", 4, both_ways((1, 3, 50)), "road", "subsidy"),
        Candidate("ad", 9, both_ways((0, 3, 60)), "rail", "subsidy"),
    )
    whole = {
        "candidates": candidates,
        "cities": (City("dee", 3, (1, 2), 2, "core"),),
        "targets": (Target("small", 4), Target("core", 3, "cities")),
        "caps": (("subsidy", 12),),
        "capacities": (Capacity("trains", (("ac", 2), ("ad", 9), ("bd", 3)), 9),),
        "excludes": (("ac", "ad"),),
        "requires": (("bd", "ac"),),
    }
    return line(**(whole | changes))


# ---- the file


@given(side_problems())
@examples(60)
def test_side_constraints_read_back_as_the_same_problem_the_same_bytes_and_within_the_schema(problem):
    value = as_json(problem)
    again = parse(value)
    assert again == problem
    assert dumps(again) == dumps(problem)
    validate(value, "problem.schema.json")


def test_what_is_not_used_is_not_written():
    assert not {"cover", "caps", "capacities", "targets", "excludes", "requires", "cities"} & set(
        as_json(line())
    )


def test_every_fault_of_a_side_constraint_is_named_at_once():
    value = as_json(side(budget=7))
    value["cities"] += [
        {"id": "dee", "weight": -1, "pairs": [0, 0, 9], "need": 4},
        {"id": "eff", "weight": 1, "pairs": [0, 0], "need": 1},
    ]
    value["targets"] += [{"group": "smal", "least": 1}, {"group": "core", "least": -1, "of": "cities"}]
    value["caps"]["subsidy"] = -3
    value["capacities"] += [
        {"id": "trains", "use": {"ac": 0, "zz": 1, "bd": True}, "most": -1},
        {"id": "none", "use": {}, "most": 0},
    ]
    value["excludes"] += [["ac", "ac"], ["ac", "zz"]]
    assert set(faults_of(value)) == {
        "cities: id 'dee' occurs twice",
        "cities[1] ('dee').weight: -1 is not an integer >= 0",
        "cities[1] ('dee').need: 4 is not an integer within 0..3, its pairs",
        "cities[1] ('dee').pairs: 9 is not a pair (0..4)",
        "cities[2] ('eff').pairs: 0 occurs twice",
        "targets[2].group: no pairs are of group 'smal'; there are core, small",
        "targets[3].least: -1 is not an integer >= 0",
        "caps.subsidy: -3 is not an integer >= 0",
        "capacities: id 'trains' occurs twice",
        "capacities[1] ('trains').most: -1 is not an integer >= 0",
        "capacities[1] ('trains').use: 0 of 'ac' is not an integer >= 1",
        "capacities[1] ('trains').use: True of 'bd' is not an integer >= 1",
        "capacities[1] ('trains').use: there is no candidate 'zz'",
        "capacities[2] ('none').use: names no candidate; leave the capacity out",
        "excludes[1]: 'ac' is named twice",
        "excludes[2]: there is no candidate 'zz'",
    }


def test_every_fault_of_shape_is_named_at_once():
    value = as_json(line()) | {
        "cover": "some",
        "caps": {"subsidies": 3},
        "capacities": [{"id": 3, "use": [["ac", 1]], "mots": 2}, "trains"],
        "targets": [{"group": "small", "least": 1, "of": "nodes"}, 3],
        "excludes": [["ac"]],
        "requires": {},
        "cities": [{"id": "x", "weight": 1, "pairs": 0, "ned": 1}],
    }
    assert set(faults_of(value)) == {
        "cover: 'some' is none of all, targets",
        "cover: is allowed only with a budget of null",
        "caps: unknown key 'subsidies'; did you mean 'subsidy'?",
        "capacities[0]: key 'most' is missing",
        "capacities[0]: unknown key 'mots'; did you mean 'most'?",
        "capacities[0].id: 3 is not a string",
        "capacities[0].use: not an object",
        "capacities[1]: not an object",
        "targets[0].of: 'nodes' is none of pairs, cities",
        "targets[1]: not an object",
        "excludes[0]: ['ac'] is not [id, id]",
        "requires: not a list",
        "cities[0]: key 'need' is missing",
        "cities[0]: unknown key 'ned'; did you mean 'need'?",
        "cities[0].pairs: not a list",
    }


def test_covering_the_targets_alone_needs_targets_and_no_budget():
    with pytest.raises(ProblemError, match="without targets"):
        line(budget=None, cover="targets")
    with pytest.raises(ProblemError, match="only with a budget of null"):
        side(cover="targets")


def shuffled(problem, random):
    """Return a problem that says the same in another order."""
    new = random.sample(range(len(problem.nodes)), len(problem.nodes))
    place = random.sample(range(len(problem.pairs)), len(problem.pairs))

    def moved(arcs):
        return tuple((new[t], new[h], s) for t, h, s in random.sample(arcs, len(arcs)))

    def mixed(items):
        return tuple(random.sample(items, len(items)))

    pairs = [Pair(new[p.origin], new[p.destination], p.limit, p.weight, p.group) for p in problem.pairs]
    return problem.replace(
        nodes=tuple(problem.nodes[new.index(i)] for i in range(len(new))),
        arcs=moved(problem.arcs),
        candidates=tuple(
            Candidate(c.id, c.cost, moved(c.arcs), c.kind, c.instrument, c.fixed)
            for c in mixed(problem.candidates)
        ),
        pairs=tuple(pairs[place.index(k)] for k in range(len(pairs))),
        capacities=tuple(Capacity(c.id, mixed(c.use), c.most) for c in mixed(problem.capacities)),
        targets=mixed(problem.targets + problem.targets[:1]),
        excludes=tuple((b, a) for a, b in mixed(problem.excludes)),
        requires=mixed(problem.requires + problem.requires[:1]),
        cities=tuple(
            City(c.id, c.weight, mixed(tuple(place[k] for k in c.pairs)), c.need, c.group)
            for c in mixed(problem.cities)
        ),
    )


@given(problem=side_problems(), random=st.randoms(use_true_random=False))
@examples(80)
def test_the_order_of_a_file_does_not_change_the_canonical_problem(problem, random):
    assert shuffled(problem, random).canonical() == problem.canonical()


# ---- what a plan is worth


@given(problem=side_problems(), data=st.data())
@examples(120)
def test_scoring_agrees_with_the_rules_of_the_format(problem, data):
    problem = problem.canonical().replace(
        candidates=tuple(
            Candidate(c.id, c.cost, c.arcs, c.kind, c.instrument) for c in problem.canonical().candidates
        )
    )
    every = covered_by(problem, {c.id for c in problem.candidates})
    if problem.must_cover and not all(every):
        return
    t = tables(problem)
    mask = np.array([*data.draw(st.lists(st.booleans(), min_size=t.size, max_size=t.size)), True])
    built = {c.id for c, yes in zip(problem.candidates, mask, strict=False) if yes}
    value = plan_value(problem, built)
    assert fits(t, mask) == (value is not None)
    if value is not None:
        assert (objective_of(t, mask), cost_of(t, mask)) == value


def test_shortfall_and_breach_count_what_is_missing_and_what_is_too_much():
    # Pairs in the order of the tables: a-c, a-d, a-b, b-d, d-a.
    problem = side(budget=8).canonical()
    t = tables(problem)
    built = {c.id: j for j, c in enumerate(problem.candidates)}

    def mask(*names):
        chosen = np.zeros(t.size + 1, np.bool_)
        chosen[[*(built[name] for name in names), -1]] = True
        return chosen

    assert (shortfall(t, covered_pairs(t, mask())), breach(t, mask())) == (4 + 3, 0)
    assert (shortfall(t, covered_pairs(t, mask("ac", "bd"))), breach(t, mask("ac", "bd"))) == (0, 0)
    assert breach(t, mask("bd")) == 1
    assert breach(t, mask("ac", "bd", "ad")) == (16 - 8) + (13 - 12) + (14 - 9) + 1


# ---- solving


@pytest.mark.parametrize("variant", PROVING)
@given(problem=side_problems())
@examples(60)
def test_a_proving_variant_meets_side_constraints_as_trying_every_plan_does(variant, problem):
    outcome = outcome_of(problem, variant)
    optimum = brute_force(problem)
    if optimum is None:
        assert outcome.status == "infeasible"
    else:
        assert (outcome.status, outcome.objective) == ("optimal", optimum)
        assert plan_value(problem, set(outcome.built)) == (optimum, outcome.cost)


@pytest.mark.parametrize("variant", [n for n, v in VARIANTS.items() if not v.proves])
@given(problem=side_problems())
@examples(25)
def test_a_heuristic_gives_a_plan_that_meets_every_constraint_or_none(variant, problem):
    if problem.budget is None and not VARIANTS[variant].covers_all:
        return
    outcome = outcome_of(problem, variant)
    if outcome.status in ("optimal", "feasible"):
        value = plan_value(problem, set(outcome.built))
        assert value == (outcome.objective, outcome.cost)
        assert (outcome.bound - value[0]) * (-1 if problem.budget is None else 1) >= -1e-6
    else:
        assert outcome.built == ()
        assert outcome.status == "none" or brute_force(problem) is None


@given(problem=side_problems(), random=st.randoms(use_true_random=False))
@examples(25)
def test_the_plan_does_not_depend_on_the_order_of_the_side_constraints(problem, random):
    assert outcome_of(shuffled(problem, random), "cuts") == outcome_of(problem, "cuts")


@pytest.mark.shared
@pytest.mark.parametrize("variant", thinned(PROVING, 1))
def test_the_reference_optima_with_side_constraints_are_found_and_the_checker_agrees(
    variant, shared_dir, independent_check
):
    toys = shared_dir / "instances" / "toy"
    optima = json.loads((toys / "optima_side.json").read_text(encoding="utf-8"))
    known = {item["problem"]: item for item in optima if item["problem"][:7] in KNOWN}
    assert len(known) == len(KNOWN)
    for name, item in known.items():
        problem = load(toys / f"{name}.json")
        outcome = outcome_of(problem, variant)
        assert (outcome.status, outcome.objective) == (item["status"], item.get("objective", 0)), name
        verify.check(problem, outcome)
        independent_check(toys / f"{name}.json", outcome)


@pytest.mark.shared
@pytest.mark.parametrize(("variant", "solver"), thinned(sorted({*JOBS, *EXTENDED_JOBS}), 2))
def test_the_reference_optima_with_capacities_are_found_and_the_checker_agrees(
    variant, solver, shared_dir, independent_check
):
    folder = shared_dir / "instances" / "capacity"
    optima = json.loads((folder / "optima.json").read_text(encoding="utf-8"))
    assert len(optima) == 14
    for item in optima:
        path = folder / f"{item['problem']}.json"
        problem = load(path)
        if (variant, solver) not in (JOBS if problem.is_plain else EXTENDED_JOBS):
            continue
        outcome = outcome_of(problem, variant, solver)
        assert (outcome.status, outcome.objective) == (item["status"], item.get("objective", 0)), path.name
        verify.check(problem, outcome)
        independent_check(path, outcome)


# ---- the optimum of the line by hand


@pytest.mark.parametrize(
    ("most", "built", "objective"), [(24, ("ac", "bd"), 18), (23, ("ac",), 14), (7, ("bd",), 13), (0, (), 2)]
)
@pytest.mark.parametrize("variant", PROVING)
def test_a_capacity_lets_through_what_it_suffices_for(variant, most, built, objective):
    """Beside a-b (2), ac covers a-c (5) and a-d (7), bd covers b-d (4) and a-d."""
    trains = Capacity("trains", (("ac", 20), ("ad", 60), ("bd", 4)), most)
    outcome = outcome_of(line(capacities=(trains,)), variant)
    assert (outcome.built, outcome.objective) == (built, objective)


def test_the_line_with_every_side_constraint_has_the_plan_found_by_hand():
    # ac and bd: pairs a-c 5, b-d 4, a-d 7 and a-b 2, and the city of b-d and a-d 3.
    outcome = outcome_of(side(), "cuts")
    assert (outcome.built, outcome.cost, outcome.coverage, outcome.objective) == (
        ("ac", "bd"),
        7,
        18,
        21,
    )


def test_the_least_cost_of_a_target_leaves_other_pairs_alone():
    problem = line(budget=None, cover="targets", targets=(Target("small", 5),))
    assert outcome_of(problem, "cuts").built == ("ac",)


def test_all_that_can_be_covered_and_a_target_are_met_together():
    problem = line(budget=None, targets=(Target("small", 9),))
    assert best_plans(problem) == [("ac", "bd")]
    assert outcome_of(problem, "compact").built == ("ac", "bd")


def test_a_target_beyond_the_weight_of_its_group_is_infeasible():
    assert outcome_of(line(targets=(Target("small", 10),)), "cuts").status == "infeasible"


def test_the_reduction_of_the_line_keeps_the_side_constraints_that_still_matter():
    reduced = reduce(side())
    assert brute_force(reduced.problem) + reduced.base == 21
