"""Max-min levels are those of an exhaustive search."""

from __future__ import annotations

from functools import cache

import pytest
from engine_running import HereProcess
from tiers import thinned
from toys import SETTINGS, TIERS, by_tier, coverable, plans, toy

from optimiser.frontier import askers, levels
from optimiser.problem import Target
from optimiser.run.solving import STEPS, notes_on_levels, raise_worst, with_least


@pytest.fixture(autouse=True)
def _here(monkeypatch):
    for module in (askers, levels):
        monkeypatch.setattr(module, "ChildProcess", HereProcess)


SEEDS = range(6)
TRYING = SETTINGS.model_copy(update={"variant": "cuts"})
"""Settings with which each question about so small a problem is answered by trying every plan."""


@cache
def raised(problem, settings=TRYING):
    told = []
    return (*raise_worst(problem, coverable(problem), settings, notify=told.append), told)


def levels_of(problem, proof):
    return sorted([round(STEPS * proof["tiers"][tier]["share"]) for tier in TIERS])


def levels_by_hand(problem, least_small=0):
    totals = by_tier(problem, [c.id for c in problem.candidates])
    every = (by_tier(problem, built) for built in plans(problem))
    return [
        sorted([STEPS * have[tier] // totals[tier] if totals[tier] else STEPS for tier in TIERS])
        for have in every
        if have["small"] >= least_small
    ]


@pytest.mark.parametrize("seed", thinned(SEEDS, 3))
def test_the_levels_are_those_of_the_best_plan_for_the_worst_tiers(seed):
    problem = toy(seed)
    assert levels_of(problem, raised(problem)[1]) == max(levels_by_hand(problem))


def test_a_process_that_keeps_its_cuts_finds_the_same_levels_also_with_a_least_share():
    problem = toy(3)
    most = max(by_tier(problem, built)["small"] for built in plans(problem))
    fair = problem.replace(targets=(Target("small", most),))
    best = max(levels_by_hand(problem, most))
    assert best != max(levels_by_hand(problem))
    assert levels_of(fair, raised(fair, SETTINGS)[1]) == best


@pytest.mark.parametrize("seed", thinned(SEEDS, 3))
def test_every_answer_is_true(seed):
    problem = toy(seed)
    every = [by_tier(problem, built) for built in plans(problem)]
    _, proof, told = raised(problem)
    assert proof["proven"]
    assert len(told) == sum(question["answer"] == "yes" for question in proof["questions"]) > 0
    for question in proof["questions"]:
        can = any(all(have[t] >= least for t, least in question["least"].items()) for have in every)
        assert question["answer"] == ("yes" if can else "no")
        if can:
            have = by_tier(problem, question["built"])
            assert all(have[tier] >= least for tier, least in question["least"].items())


def test_the_problem_carries_the_levels_as_targets():
    problem = toy(0)
    found, proof, _ = raised(problem)
    assert {t.group: t.least for t in found.targets} == {
        tier: level["least"] for tier, level in proof["tiers"].items() if level["least"]
    }


def test_a_least_share_asked_for_besides_is_kept_where_it_is_higher():
    problem = toy(0).replace(targets=(Target("small", 5),))
    assert with_least(problem, {"small": 4, "core": 2}).targets == (Target("small", 5), Target("core", 2))
    assert with_least(problem, {"small": 6}).targets == (Target("small", 6),)


def test_a_problem_without_a_plan_is_left_for_the_solver_to_explain():
    problem = toy(0)
    hopeless = problem.replace(targets=(Target("small", 10**6),))
    found, proof, _ = raised(hopeless)
    assert found == hopeless
    assert proof["tiers"] == {}


def test_unproven_levels_are_reported_with_a_remedy():
    _, proof, _ = raised(toy(0))
    assert notes_on_levels(None) == notes_on_levels(proof) == ()
    unsettled = {**proof, "proven": False, "questions": [{"answer": "yes"}, {"answer": "open"}]}
    (note,) = notes_on_levels(unsettled)
    assert "1 of 2 questions were not settled. Raise solve.effort." in note
