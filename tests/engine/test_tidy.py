from __future__ import annotations

import dataclasses
import random

import pytest
from engine_running import HereProcess
from ring_drawing import (
    circuits_of,
    forms,
    ring_choices,
    ring_problem,
    ringed,
    square,
    starts_of,
    whole_value,
)
from tiers import thinned

from optimiser.engine.search.incumbent import PlanEvaluator
from optimiser.engine.solve import solve
from optimiser.engine.tidy import rings_alone, tidied
from optimiser.problem import RingLink
from optimiser.problem import result as results
from optimiser.problem.model import candidates_on, canonical_circuits
from optimiser.verify.rings import circuit_line, circuit_nodes


def result_of(problem, built, circuits, starts):
    value = whole_value(problem, built, circuits, starts)
    return results.Result(
        problem=problem.name,
        status="feasible",
        built=tuple(sorted(built)),
        cost=problem.cost_of(built),
        coverage=0,
        objective=value,
        bound=None,
        gap=None,
        rings=circuits,
        starts=starts,
        variant="",
        seconds=0.0,
        seed=1,
        threads=1,
        solver="",
    )


def some_plan(problem, seed):
    """Return a plan by chance that forms a ring and keeps every rule; None when none was drawn."""
    chance = random.Random(seed)  # noqa: S311 - chance for drawings, no secret
    names = sorted(c.id for c in problem.candidates)
    for _ in range(40):
        built = {name for name in names if chance.random() < 0.7}
        starts = chance.choice(starts_of(problem, built))
        for circuits in ring_choices(problem, built):
            if circuits and whole_value(problem, built, circuits, starts) is not None:
                return result_of(problem, built, circuits, starts)
    return None


@pytest.mark.parametrize("seed", thinned(range(160), 20))
def test_a_tidied_plan_keeps_every_rule_is_worth_as_much_and_costs_no_more(seed):
    problem = ring_problem(seed)
    plan = some_plan(problem, seed)
    if plan is None:
        return
    tidy = tidied(problem, plan)
    built, starts = set(tidy.built), dict(tidy.starts)
    value = whole_value(problem, built, dict(tidy.rings), starts)
    assert value is not None
    assert value <= plan.objective if problem.budget is None else value >= plan.objective
    assert tidy.objective == value
    assert tidy.cost == problem.cost_of(built) <= plan.cost
    for ring in problem.rings:
        if ring.id in tidy.rings:
            nodes = circuit_nodes(ring, tidy.rings[ring.id])
            assert forms(ring, circuit_line(ring, tidy.rings[ring.id], nodes), set(nodes))


@pytest.mark.long
def test_chance_draws_enough_plans_with_rings():
    problems = {seed: ring_problem(seed) for seed in range(160)}
    assert sum(some_plan(problem, seed) is not None for seed, problem in problems.items()) > 20


def test_solved_plans_form_their_rings_at_least_cost_beside_what_pairs_need(draws):
    compared = 0
    with HereProcess() as process:
        for seed in draws(20, 60):
            problem = ring_problem(seed)
            if problem.budget is None or problem.periods or not some_plan(problem, seed):
                continue
            found = solve(problem, run=process)
            on_rings = candidates_on(problem, found.rings)
            evaluate = PlanEvaluator(problem.replace(rings=()))
            for circuits in ring_choices(problem, set(problem.index)):
                built = set(found.built) - on_rings | candidates_on(problem, circuits)
                # Another choice for the pairs is not sought: what they need of the rings of the plan stays.
                needs_no_more = evaluate(built & set(found.built)).coverage == found.coverage
                if circuits.keys() == found.rings.keys() and needs_no_more:
                    value = whole_value(problem, built, circuits, {})
                    is_worse = value is None or value < found.objective
                    assert is_worse or problem.cost_of(built) >= found.cost
                    compared += not is_worse
    assert compared


def test_the_cheapest_rings_are_found_where_no_candidate_of_the_plan_is_on_them():
    problem = ringed(square(links=(*square().links[:4], RingLink(3, 0, "across", ((-2, 2),)))))
    plan = result_of(problem, {"north", "west", "fast"}, {"square": (0, 1, 2, 3)}, {})
    asked = []

    def find_rings(part):
        asked.append(part)
        return canonical_circuits(problem, {"square": (0, 1, 2, 4)})

    tidy = tidied(problem, plan, find_rings=find_rings)
    assert (tidy.built, dict(tidy.rings)) == (("across", "fast", "north"), {"square": (0, 1, 2, 4)})
    assert asked == [rings_alone(problem.canonical(), {"fast"}, {"square"})]
    assert [(c.id, c.cost) for c in asked[0].candidates] == [("across", 1), ("north", 2), ("west", 3)]


def test_a_ring_that_goes_to_and_fro_over_what_exists_goes_the_short_way():
    ring = square(least_stops=0, links=(*square().links, RingLink(0, 1, None, ((2, -9),))))
    problem = ringed(ring)
    long_way = (5, 1, 2, 3)
    plan = result_of(problem, {"north", "west"}, {"square": long_way}, {})
    assert set(tidied(problem, plan).rings["square"]) == {0, 1, 2, 3}


def test_what_neither_pairs_nor_rings_need_is_not_built():
    problem = ringed()
    plan = result_of(problem, {"north", "west", "across"}, {"square": (0, 1, 2, 3)}, {})
    assert tidied(problem, plan).built == ("north", "west")


def test_a_ring_takes_a_cheaper_way_that_the_plan_does_not_build():
    problem = ringed(square(links=(*square().links[:4], RingLink(3, 0, "across", ((-2, 2),)))))
    plan = result_of(problem, {"north", "west"}, {"square": (0, 1, 2, 3)}, {})
    cheaper = canonical_circuits(problem, {"square": (0, 1, 2, 4)})
    assert tidied(problem, plan, find_rings=lambda _part: cheaper).built == ("across", "north")
    dear = problem.replace(excludes=(("across", "north"),))
    assert tidied(dear, plan, find_rings=lambda _part: cheaper).built == ("north", "west")


def test_where_the_cost_is_the_objective_a_cheaper_plan_closes_the_gap():
    problem = ringed(budget=None)
    plan = result_of(problem, {"fast", "north", "west", "across"}, {"square": (0, 1, 2, 3)}, {})
    tidy = tidied(problem, plan.replace(bound=9.0, gap=0.1))
    assert (tidy.objective, tidy.gap, tidy.status) == (9, 0.0, "optimal")


def test_what_is_fixed_in_stays():
    problem = ringed()
    fixed = tuple(
        dataclasses.replace(c, fixed="in" if c.id == "across" else None) for c in problem.candidates
    )
    problem = problem.replace(candidates=fixed)
    plan = result_of(problem, {"north", "west", "across"}, {"square": (0, 1, 2, 3)}, {})
    assert tidied(problem, plan).built == ("across", "north", "west")


def test_of_two_ways_that_are_built_the_ring_takes_the_one_that_other_things_need():
    problem = ringed(square(least_stops=0, links=(*square().links, RingLink(2, 3, "fast", ((2, 9),)))))
    plan = result_of(problem, {"north", "west", "fast"}, {"square": (0, 1, 2, 3)}, {})
    assert circuits_of(problem.rings[0], {"west", "fast"})
    assert tidied(problem, plan).built == ("fast", "west")
