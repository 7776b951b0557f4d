from __future__ import annotations

import dataclasses
import json
import random

import jsonschema
import pytest
from problem_files import as_json, faults_of, schema_of
from ring_drawing import (
    circuits_of,
    on_line,
    ring_choices,
    ring_problem,
    ringed,
    square,
    starts_of,
    turns_by_angle,
    whole_value,
)

from optimiser import verify
from optimiser.problem import Candidate, Period, RingLink, load, parse
from optimiser.problem import result as results
from optimiser.problem.errors import ProblemError, VerificationError
from optimiser.problem.ring_order import canonical_ring, link_order
from optimiser.verify.circuits import circuit_fault, winding
from optimiser.verify.rules import plan_faults

SEEDS = range(30)


def phased(**changes):
    """`ringed` without its ring, in two periods: 4 and 5 of money, counting 1 and 2."""
    periods = (Period("early", 4, 1), Period("late", 5, 2))
    return ringed(periods=periods).replace(**{"rings": (), **changes})


# ---- reading, writing, order


@pytest.mark.parametrize("seed", SEEDS)
def test_rings_and_periods_read_back_as_written_and_keep_to_the_schema(seed):
    problem = ring_problem(seed)
    assert parse(as_json(problem)) == problem
    jsonschema.validate(as_json(problem), schema_of("problem.schema.json"))


def test_every_fault_of_rings_and_periods_is_named_with_its_place():
    value = as_json(ringed(periods=(Period("early", 4, 1), Period("late", 5, 2))))
    ring = value["rings"][0]
    ring["required"] = 1
    ring["centres"] = []
    ring["links"][0]["head"] = 4
    ring["links"][2]["candidate"] = "south"
    ring["links"][3]["via"] = [[1.5, 2]]
    ring["stops"][0]["nodes"] = [-1]
    ring["apart"] = ["square"]
    value["candidates"][0]["lead"] = -1
    value["budget"] = 8
    assert set(faults_of(value)) == {
        "rings[0] ('square').required: 1 is neither true nor false",
        "rings[0] ('square').centres: there is none",
        "rings[0] ('square').links[0]: 4 names a node that is not there (0..3)",
        "rings[0] ('square').links[2]: there is no candidate 'south'",
        "rings[0] ('square').links[3].via[0]: [1.5, 2] is not two integers",
        "rings[0] ('square').stops[0] ('town'): -1 names a node that is not there (0..3)",
        "rings[0] ('square').apart: 'square' is no other ring",
        "candidates[0] ('across').lead: -1 is not an integer >= 0",
        "budget: 8 is not 9, the sum of the periods' budgets",
    }


def test_keys_and_shapes_of_rings_are_held_to_the_format():
    value = as_json(ringed())
    ring = value["rings"][0]
    ring["center"] = ring.pop("centres")
    ring["nodes"][1] = [4]
    ring["links"][1]["cost"] = 3
    ring["stops"] = {}
    value["candidates"][0]["lead"] = 0
    value["periods"] = {}
    assert set(faults_of(value)) == {
        "rings[0]: key 'centres' is missing",
        "rings[0]: unknown key 'center'; did you mean 'centres'?",
        "rings[0].nodes[1]: [4] is not [longitude, latitude]",
        "rings[0].links[1]: unknown key 'cost'",
        "rings[0].stops: not a list",
        "periods: not a list",
    }


def test_a_lead_goes_with_periods_only():
    value = as_json(ringed())
    value["candidates"][1]["lead"] = 0
    assert faults_of(value) == ("candidates[1].lead: goes with periods only",)
    with pytest.raises(ProblemError, match="goes with periods only"):
        ringed(candidates=(Candidate("late", 1, (), lead=1),), rings=())


def test_periods_that_are_none_are_refused():
    assert faults_of({**as_json(ringed()), "periods": []}) == ("periods: there is none; leave the key out",)


def shuffled(ring, chance):
    new = chance.sample(range(len(ring.nodes)), len(ring.nodes))
    place = {old: position for position, old in enumerate(new)}
    links = [
        RingLink(place[link.tail], place[link.head], link.candidate, link.via)
        if chance.random() < 0.5
        else RingLink(place[link.head], place[link.tail], link.candidate, link.via[::-1])
        for link in ring.links
    ]
    return dataclasses.replace(
        ring,
        nodes=tuple(ring.nodes[old] for old in new),
        links=tuple(chance.sample(links, len(links))),
        stops=tuple(dataclasses.replace(s, nodes=tuple(place[v] for v in s.nodes)) for s in ring.stops[::-1]),
        centres=ring.centres[::-1],
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_a_ring_in_its_file_does_not_change_the_canonical_ring(seed):
    for ring in ring_problem(seed).rings:
        assert canonical_ring(shuffled(ring, random.Random(seed))) == canonical_ring(ring)  # noqa: S311


@pytest.mark.parametrize("seed", SEEDS)
def test_a_circuit_of_the_canonical_ring_is_one_of_the_ring_given(seed):
    for ring in ring_problem(seed).rings:
        order, names = link_order(ring), {link.candidate for link in ring.links}
        for links in circuits_of(canonical_ring(ring), names)[:5]:
            assert circuit_fault(ring, [order[k] for k in links], names) == ""


# ---- the winding number and circuits


@pytest.mark.parametrize("seed", range(300))
def test_the_winding_number_agrees_with_the_sum_of_angles(seed):
    chance = random.Random(seed)  # noqa: S311 - chance for drawings
    line = [(chance.randint(-3, 3), chance.randint(-3, 3)) for _ in range(chance.randint(1, 9))]
    centre = (chance.randint(-3, 3), chance.randint(-3, 3))
    assert winding(line, centre) == (None if on_line(line, centre) else turns_by_angle(line, centre))


def test_the_winding_number_is_exact_where_products_leave_64_bits():
    far = 2**62
    triangle = [(-far, -far), (far, -far), (far, far)]
    assert winding(triangle, (0, 0)) is None
    assert winding(triangle, (0, -1)) == 1
    assert winding(triangle[::-1], (0, -1)) == -1
    assert winding(triangle, (0, 1)) == 0


EVERY = ("across", "north", "west")


@pytest.mark.parametrize(
    ("links", "built", "change", "answer"),
    [
        ((0, 1, 2, 3), EVERY, {}, ""),
        ((2, 1, 0, 3), EVERY, {}, ""),
        ((1, 2, 3, 0), EVERY, {}, ""),
        ((), EVERY, {}, "not positions"),
        ((0, 1, 2, 9), EVERY, {}, "not positions"),
        ((0, 0), EVERY, {}, "uses a link twice"),
        ((0, 1, 2), EVERY, {}, "not a closed circuit"),
        ((0, 2, 1, 3), EVERY, {}, "not a closed circuit"),
        ((0, 1, 2, 3), ("west",), {}, "uses 'north', which is not built"),
        ((0, 1, 4), EVERY, {"least_stops": 0}, "it runs through it"),
        ((0, 1, 4), EVERY, {"least_stops": 0, "centres": ((3, 1),)}, ""),
        ((0, 1, 4), EVERY, {"least_stops": 0, "centres": ((1, 3),)}, "it winds 0 times"),
        ((0, 1, 4), EVERY, {"centres": ((3, 1),)}, "1 stops of the 2"),
        ((0, 1, 2, 3), EVERY, {"centres": ((2, 2), (-2, 2))}, r"round \[-2, 2\]"),
        ((0, 1, 2, 3), EVERY, {"centres": ((0, 2),)}, ""),
    ],
)
def test_a_circuit_forms_a_ring_or_it_is_said_why_not(links, built, change, answer):
    fault = circuit_fault(square(**change), links, built)
    assert (answer in fault.replace("[", r"\[").replace("]", r"\]")) if answer else not fault


def test_a_circuit_that_visits_a_node_twice_is_none():
    ring = square(links=(RingLink(0, 1), RingLink(1, 2), RingLink(2, 0), RingLink(2, 3), RingLink(3, 2)))
    assert "visits a node twice" in circuit_fault(ring, (0, 1, 3, 4, 2), ())


# ---- plans with rings and periods


def test_a_plan_with_a_required_ring_needs_its_circuit():
    problem, built = ringed(), ("north", "west")
    plan = verify.score(problem, built, rings={"square": (0, 1, 2, 3)})
    assert (plan.cost, plan.objective, plan.rings) == (5, 1, {"square": (0, 1, 2, 3)})
    with pytest.raises(VerificationError, match="'square' must be formed and is not"):
        verify.score(problem, built)
    with pytest.raises(VerificationError, match="uses 'north', which is not built"):
        verify.score(problem, ("west",), rings={"square": (0, 1, 2, 3)})


def test_a_ring_that_need_not_be_formed_earns_its_reward_with_a_circuit_only():
    problem = ringed(square(required=False, reward=20))
    built = ("north", "west", "fast")
    assert verify.score(problem, built).objective == 10
    assert verify.score(problem, built, rings={"square": (3, 0, 1, 2)}).objective == 30


def test_rings_that_must_be_apart_share_no_node():
    other = square(id="other", apart=("square",), required=False)
    rings = {"square": (0, 1, 2, 3), "other": (0, 1, 2, 3)}
    with pytest.raises(VerificationError, match="shares a node"):
        verify.score(ringed(square(), other), ("north", "west"), rings=rings)


def test_the_objective_counts_each_period_with_its_factor():
    problem = phased()
    early = verify.score(problem, ["fast"], starts={"fast": 0})
    late = verify.score(problem, ["fast"], starts={"fast": 1})
    assert (early.objective, early.coverage_by_period) == (30, (10, 10))
    assert (late.objective, late.coverage_by_period) == (21, (1, 10))


def test_a_budget_carries_over_and_is_not_spent_in_advance():
    problem = phased(periods=(Period("early", 3, 1), Period("late", 6, 2)))
    assert verify.score(problem, ["fast", "across"], starts={"fast": 1, "across": 1}).objective == 21
    with pytest.raises(VerificationError, match="4 is spent up to period 'early'"):
        verify.score(problem, ["fast"], starts={"fast": 0})


def leading(problem, **leads):
    candidates = (dataclasses.replace(c, lead=leads.get(c.id, 0)) for c in problem.candidates)
    return problem.replace(candidates=tuple(candidates))


def test_what_opens_after_the_last_period_is_paid_for_and_does_not_count():
    plan = verify.score(leading(phased(), fast=2), ["fast"], starts={"fast": 0})
    assert (plan.cost, plan.objective, plan.coverage.after) == (4, 3, 1)


def test_what_is_required_opens_no_later():
    problem = leading(phased(requires=(("fast", "north"),)), north=1)
    starts = {"fast": 1, "north": 0}
    assert verify.score(problem, list(starts), starts=starts).objective == 21
    with pytest.raises(VerificationError, match="'fast' requires 'north', which opens later"):
        verify.score(problem, list(starts), starts={"fast": 1, "north": 1})


def test_a_ring_counts_from_the_period_in_which_all_of_it_is_open():
    ring = square(required=False, reward=20)
    problem = phased(rings=(ring,))
    plan = verify.score(
        problem, ["north", "west"], rings={"square": (0, 1, 2, 3)}, starts={"north": 0, "west": 1}
    )
    assert plan.objective == 1 * 1 + 2 * (1 + 20)
    with pytest.raises(VerificationError, match="uses 'west', which is not built"):
        verify.score(leading(problem, west=1), ["north", "west"], rings=plan.rings, starts=dict(plan.starts))


@pytest.mark.parametrize(
    ("starts", "answer"),
    [
        ({}, "'fast' is built, and no period is named"),
        ({"fast": 2}, "period 2, which is none"),
        ({"fast": 0, "west": 0}, "'west' is not built"),
    ],
)
def test_starts_name_a_period_of_each_built_candidate(starts, answer):
    with pytest.raises(VerificationError, match=answer):
        verify.score(phased(), ["fast"], starts=starts)


def test_starts_without_periods_are_refused():
    with pytest.raises(VerificationError, match="has no periods"):
        verify.score(ringed(), ["north", "west"], rings={"square": (0, 1, 2, 3)}, starts={"north": 0})


@pytest.mark.parametrize("seed", SEEDS)
def test_plans_of_drawn_problems_are_worth_what_the_format_says(seed):
    problem, chance = ring_problem(seed), random.Random(seed)  # noqa: S311 - chance for drawings
    for _ in range(5):
        built = {c.id for c in problem.candidates if chance.random() < 0.6}
        starts = chance.choice(starts_of(problem, built))
        for circuits in list(ring_choices(problem, built))[:3]:
            value = whole_value(problem, built, circuits, starts)
            if value is None:
                with pytest.raises(VerificationError):
                    verify.score(problem, built, rings=circuits, starts=starts)
            elif not any(plan_faults(problem, built, circuits, starts)):
                plan = verify.score(problem, built, rings=circuits, starts=starts)
                assert plan.objective == value
                verify.check_certificate(problem, json.loads(json.dumps(verify.certificate(problem, plan))))


# ---- results


def test_rings_and_starts_of_a_result_read_back_as_written():
    value = results.Result(
        "p", "feasible", ("a",), 1, 2, 3, None, None, "", 0.0, 1, 1, "", rings={"r": (2, 0)}, starts={"a": 1}
    )
    assert results.parse(json.loads(results.dumps(value))) == value
    jsonschema.validate(json.loads(results.dumps(value)), schema_of("result.schema.json"))
    assert not {"rings", "starts"} & value.replace(rings={}, starts={}).as_dict().keys()


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"rings": {}}, "rings: not a list"),
        ({"rings": [{"id": "r"}]}, r"rings\[0\]: not an object"),
        ({"rings": [{"id": "r", "links": [-1]}]}, r"rings\[0\].links: not a list of positions"),
        ({"rings": [{"id": "r", "links": []}] * 2}, "'r' stands twice"),
        ({"starts": []}, "starts: not an object"),
        ({"starts": {"a": 1.0}}, "starts.a: 1.0 is no period"),
    ],
)
def test_a_result_with_malformed_rings_or_starts_is_refused(change, answer):
    bare = {"format": "polyring-result/1", "problem": "p", "status": "feasible", "built": ["a"]}
    with pytest.raises(ProblemError, match=answer):
        results.parse({**bare, "cost": 1, "coverage": 2, "bound": None, **change})


@pytest.mark.shared
def test_the_reference_optima_with_rings_and_periods_are_worth_what_is_claimed(shared_dir):
    toys = shared_dir / "instances" / "toy"
    optima = json.loads((toys / "optima_side.json").read_text(encoding="utf-8"))
    known = [item for item in optima if item["status"] == "optimal"]
    assert len(known) > 30
    for item in known:
        problem = load(toys / f"{item['problem']}.json")
        circuits = {ring["id"]: tuple(ring["links"]) for ring in item["rings"]}
        plan = verify.score(problem, item["built"], rings=circuits, starts=item["starts"])
        found = (plan.objective, plan.cost, plan.coverage.after)
        assert found == (item["objective"], item["cost"], item["coverage"]), item["problem"]
