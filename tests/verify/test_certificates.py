"""Certificates: evidence for plans that can be followed by hand."""

from __future__ import annotations

import copy
import dataclasses

import pytest
from core_drawing import line, problems, side_line
from hypothesis import given
from ring_drawing import phased
from tiers import examples

from optimiser import verify
from optimiser.problem import Target
from optimiser.problem.errors import VerificationError


@given(problems())
@examples(60)
def test_the_certificate_of_every_plan_is_accepted(problem):
    built = [c.id for c in problem.candidates if c.fixed != "out"]
    problem = problem.replace(budget=problem.cost_of(built))
    plan = verify.score(problem, built)
    verify.check_certificate(problem, verify.certificate(problem, plan))


def spoil_city(evidence):
    evidence["cities"][0]["pairs"].pop()


def spoil_city_weight(evidence):
    evidence["cities"][0]["weight"] += 1


def spoil_city_pair(evidence):
    evidence["cities"][0]["pairs"][0] = 0


@pytest.mark.parametrize(
    ("spoil", "answer"),
    [
        (spoil_city, "1 of the 2 pairs that it needs"),
        (spoil_city_weight, "weight 4 was claimed, 3 is true"),
        (spoil_city_pair, "not one of its own"),
    ],
)
def test_a_certificate_with_a_wrong_city_is_rejected(spoil, answer):
    evidence = verify.certificate(side_line(), verify.score(side_line(), ["ac", "bd"]))
    verify.check_certificate(side_line(), evidence)
    spoil(evidence)
    with pytest.raises(VerificationError, match=answer):
        verify.check_certificate(side_line(), evidence)


def test_a_certificate_that_misses_a_target_is_rejected():
    evidence = verify.certificate(side_line(), verify.score(side_line(), ["ac", "bd"]))
    with pytest.raises(VerificationError, match="9 of 10 is reached"):
        verify.check_certificate(side_line(targets=(Target("small", 10),)), evidence)


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
    with pytest.raises(VerificationError):
        verify.check_certificate(line(), evidence)


def name_twice(evidence):
    evidence["built"].append(evidence["built"][0])
    evidence["cost"] += evidence["built"][0]["cost"]


def name_unknown(evidence):
    evidence["built"].append({"id": "xy", "cost": 0})


@pytest.mark.parametrize("spoil", [name_twice, name_unknown])
def test_a_certificate_names_known_candidates_once(spoil):
    evidence = copy.deepcopy(verify.certificate(line(), verify.score(line(), ["ac", "bd"])))
    spoil(evidence)
    with pytest.raises(VerificationError, match="an id is unknown or occurs twice"):
        verify.check_certificate(line(), evidence)


def test_a_path_may_use_what_is_built_in_the_last_period_alone():
    plan = verify.score(phased(), ["fast"], starts={"fast": 1})
    evidence = verify.certificate(phased(), plan)
    assert evidence["paths"][0]["candidates"] == ["fast"]
    verify.check_certificate(phased(), evidence)


@pytest.mark.parametrize(("claimed", "limit"), [(49, 60), (51, 60), (50, 49)])
def test_the_time_of_a_path_is_its_sum_and_within_the_limit(claimed, limit):
    evidence = verify.certificate(phased(), verify.score(phased(), ["fast"], starts={"fast": 1}))
    evidence["paths"][0]["time_s"] = claimed
    pairs = (dataclasses.replace(phased().pairs[0], limit=limit), *phased().pairs[1:])
    with pytest.raises(VerificationError, match=f"path of pair 0: {claimed} s is not its sum, or above"):
        verify.check_certificate(phased(pairs=pairs), evidence)


@pytest.mark.parametrize("number", [-1, 2, 1.0, True, "0"])
def test_a_pair_that_is_none_is_unknown(number):
    evidence = verify.certificate(phased(), verify.score(phased(), []))
    evidence["paths"].append({**evidence["paths"][0], "pair": number})
    with pytest.raises(VerificationError, match="a pair is unknown"):
        verify.check_certificate(phased(), evidence)
