"""Certificates: evidence for plans that can be followed by hand."""

from __future__ import annotations

import copy
import dataclasses
import json

import pytest
from core_drawing import line, problems, side_line
from hypothesis import given
from problem_files import as_json
from ring_drawing import phased
from tiers import examples

from optimiser import verify
from optimiser.problem import Target
from optimiser.verify.bound_checker import Refused, check


def follow(problem, evidence):
    check(as_json(problem), json.loads(json.dumps(evidence)))


@given(problems())
@examples(60)
def test_the_certificate_of_every_plan_is_accepted(problem):
    built = [c.id for c in problem.candidates if c.fixed != "out"]
    problem = problem.replace(budget=problem.cost_of(built))
    plan = verify.score(problem, built)
    follow(problem, verify.certificate(problem, plan))


def spoil_city(evidence):
    evidence["cities"][0]["pairs"].pop()


def spoil_city_weight(evidence):
    evidence["cities"][0]["weight"] += 1


def spoil_city_pair(evidence):
    evidence["cities"][0]["pairs"][0] = 0


@pytest.mark.parametrize(
    ("spoil", "answer"),
    [
        (spoil_city, "city .* is not covered as shown"),
        (spoil_city_weight, "city .* is not covered as shown"),
        (spoil_city_pair, "city .* is not covered as shown"),
    ],
)
def test_a_certificate_with_a_wrong_city_is_rejected(spoil, answer):
    evidence = verify.certificate(side_line(), verify.score(side_line(), ["ac", "bd"]))
    follow(side_line(), evidence)
    spoil(evidence)
    with pytest.raises(Refused, match=answer):
        follow(side_line(), evidence)


def test_a_certificate_that_misses_a_target_is_rejected():
    evidence = verify.certificate(side_line(), verify.score(side_line(), ["ac", "bd"]))
    with pytest.raises(Refused, match="rules or bounds target_0000001"):
        follow(side_line(targets=(Target("small", 10),)), evidence)


def spoil_time(evidence):
    evidence["paths"][0]["seconds"][0] -= 1


def spoil_candidate(evidence):
    evidence["paths"][0]["candidates"][0] = "ad"


def spoil_cost(evidence):
    evidence["cost"] = 1


def spoil_coverage(evidence):
    evidence["paths"].pop()


def spoil_ends(evidence):
    evidence["paths"][0]["nodes"][-1] = "b"


def spoil_twice(evidence):
    evidence["paths"].append(evidence["paths"][0])


def spoil_shape(evidence):
    del evidence["paths"][0]["nodes"]


def spoil_item_cost(evidence):
    evidence["built"][0]["cost"] += 1


def spoil_position(evidence):
    """Show a pair a second time by a position counted from the end."""
    again = copy.deepcopy(evidence["paths"][0])
    again["pair"] -= len(line().pairs)
    evidence["paths"].append(again)
    evidence["coverage"] += line().pairs[evidence["paths"][0]["pair"]].weight


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_time,
        spoil_candidate,
        spoil_cost,
        spoil_item_cost,
        spoil_coverage,
        spoil_ends,
        spoil_twice,
        spoil_position,
        spoil_shape,
    ],
)
def test_an_altered_certificate_is_rejected(spoil):
    plan = verify.score(line(), ["ac", "bd"])
    evidence = copy.deepcopy(verify.certificate(line(), plan))
    spoil(evidence)
    with pytest.raises((Refused, KeyError, IndexError)):
        follow(line(), evidence)


def name_twice(evidence):
    evidence["built"].append(evidence["built"][0])
    evidence["cost"] += evidence["built"][0]["cost"]


def name_unknown(evidence):
    evidence["built"].append({"id": "xy", "cost": 0})


@pytest.mark.parametrize(("spoil", "answer"), [(name_twice, "built twice"), (name_unknown, "xy")])
def test_a_certificate_names_known_candidates_once(spoil, answer):
    evidence = copy.deepcopy(verify.certificate(line(), verify.score(line(), ["ac", "bd"])))
    spoil(evidence)
    with pytest.raises((Refused, KeyError), match=answer):
        follow(line(), evidence)


def test_a_path_may_use_what_is_built_in_the_last_period_alone():
    plan = verify.score(phased(), ["fast"], starts={"fast": 1})
    evidence = verify.certificate(phased(), plan)
    assert evidence["paths"][0]["candidates"] == ["fast"]
    follow(phased(), evidence)


@pytest.mark.parametrize(
    ("claimed", "limit", "answer"),
    [
        (49, 60, "49 s is not its sum"),
        (51, 60, "51 s is not its sum"),
        (50, 49, "true: cost 4, weight 1"),
    ],
)
def test_the_time_of_a_path_is_its_sum_and_within_the_limit(claimed, limit, answer):
    evidence = verify.certificate(phased(), verify.score(phased(), ["fast"], starts={"fast": 1}))
    evidence["paths"][0]["time_s"] = claimed
    pairs = (dataclasses.replace(phased().pairs[0], limit=limit), *phased().pairs[1:])
    with pytest.raises(Refused, match=answer):
        follow(phased(pairs=pairs), evidence)


@pytest.mark.parametrize("number", [-1, 2, 1.0, True, "0"])
def test_a_pair_that_is_none_is_unknown(number):
    evidence = verify.certificate(phased(), verify.score(phased(), []))
    evidence["paths"].append({**evidence["paths"][0], "pair": number})
    with pytest.raises(Refused, match=r"pair is not int|covered pairs, each once"):
        follow(phased(), evidence)
