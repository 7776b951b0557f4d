"""The rules are repeated while a round removes enough, and the plain network of open pairs is exact."""

from __future__ import annotations

import dataclasses

import pytest
from core_drawing import both_ways, covered_by, dense_problem, line
from ring_drawing import leading, phased, ringed

from optimiser.engine.presolve import Reduction, reduce
from optimiser.engine.presolve.pairs import LITTLE, Effort, first_stage
from optimiser.engine.presolve.sequence import (
    MOST_ROUNDS,
    _by_sets,
    _removed_enough,
    _repeat,
    open_network,
)
from optimiser.engine.search.incumbent import never_stop
from optimiser.problem import Candidate, Capacity, City, Pair, Target
from optimiser.problem.errors import ProblemError


def of_size(*, arcs=0, own=0, candidates=0, pairs=0, forced=()):
    """Return a stage with as many existing arcs, arcs of the first candidate, candidates and pairs."""
    problem = line(
        arcs=tuple((0, 1, 1 + i) for i in range(arcs)),
        candidates=tuple(
            Candidate(f"c{j:02d}", 1, tuple((1, 2, 1 + i) for i in range(0 if j else own)))
            for j in range(candidates)
        ),
        pairs=tuple(Pair(0, 3, 1 + i, 1) for i in range(pairs)),
    )
    return dataclasses.replace(first_stage(problem), forced=forced)


@pytest.mark.parametrize(
    ("before", "after", "is_enough"),
    [
        ({"arcs": 40}, {"arcs": 38}, False),
        ({"arcs": 40}, {"arcs": 37}, True),
        ({"arcs": 30, "own": 10, "candidates": 1}, {"arcs": 30, "own": 7, "candidates": 1}, True),
        ({"arcs": 30, "own": 10, "candidates": 1}, {"arcs": 29, "own": 9, "candidates": 1}, False),
        ({"candidates": 40}, {"candidates": 38}, False),
        ({"candidates": 40}, {"candidates": 37}, True),
        ({"pairs": 40}, {"pairs": 38}, False),
        ({"pairs": 40}, {"pairs": 37}, True),
        ({"pairs": 40, "arcs": 40}, {"pairs": 40, "arcs": 37}, True),
        ({}, {}, False),
        ({}, {"forced": ("c",)}, True),
        ({"forced": ("c",)}, {"forced": ("c",)}, False),
    ],
)
def test_a_round_is_enough_where_more_than_one_in_twenty_goes_or_something_is_built(before, after, is_enough):
    assert _removed_enough(of_size(**before), of_size(**after)) == is_enough


def test_nothing_follows_a_proof_that_there_is_no_plan():
    before = of_size(pairs=40)
    assert not _removed_enough(before, before.infeasible("why"))


def halving(seen):
    """Return a rule that takes away half of the pairs, and notes how many there were."""

    def rule(stage):
        seen.append(len(stage.problem.pairs))
        return stage.on(stage.problem.replace(pairs=stage.problem.pairs[: seen[-1] // 2]))

    return rule


def test_rounds_go_on_while_each_removes_enough_and_no_longer():
    seen = []
    after = _repeat(halving(seen), of_size(pairs=4), never_stop)
    assert seen == [4, 2, 1, 0]
    assert after.problem.pairs == ()
    seen.clear()
    _repeat(halving(seen), of_size(pairs=200), never_stop)
    assert seen == [200, 100, 50, 25, 12, 6]
    assert len(seen) == MOST_ROUNDS


def test_rounds_end_when_the_time_is_up_after_the_first():
    seen = []
    _repeat(halving(seen), of_size(pairs=40), lambda: True)
    assert seen == [40]


def test_after_rules_on_sets_that_removed_enough_the_other_rules_follow():
    """The dearer way goes by its sets; only the rules on the network then take away what it passed."""
    ways = (
        Candidate("direct", 2, both_ways((0, 3, 50))),
        Candidate("over", 3, both_ways((0, 2, 20), (2, 3, 20))),
    )
    stage = first_stage(line(arcs=(), candidates=ways, pairs=(Pair(0, 3, 60, 1),), budget=9))
    after = _by_sets(stage, effort=LITTLE, stop=never_stop)
    assert [c.id for c in after.problem.candidates] == ["direct"]
    assert after.problem.nodes == ("a", "d")
    unknown = _by_sets(stage, effort=Effort(sets=1, labels=99), stop=never_stop)
    assert unknown == stage
    refused = stage.infeasible("why")
    assert _by_sets(refused, effort=LITTLE, stop=never_stop) is refused


def test_the_objective_without_a_budget_is_the_cost_and_with_one_the_weight():
    found = Reduction(problem=line(), forced=("zz", "bb"), forced_cost=5, base_weight=8)
    assert found.base == 8
    assert dataclasses.replace(found, problem=line(budget=None)).base == 5
    assert found.lifted([2, 0]) == ("ac", "ad", "bb", "zz")


def test_the_constant_of_a_reduction_is_that_of_what_it_built_and_covered():
    gift = Candidate("gift", 0, both_ways((0, 2, 10)))
    for budget, base in ((7, 5 + 7 + 2), (None, 0)):
        found = reduce(line(candidates=(*line().candidates, gift), budget=budget))
        assert "gift" in found.forced
        assert found.base == (base if budget else found.forced_cost)
        assert found.forced_cost == sum(c.cost for c in line().candidates if c.id in found.forced)


def test_groups_that_are_asked_for_are_kept():
    assert {p.group for p in reduce(line(budget=20), groups=["small"]).problem.pairs} == {"small", ""}


@pytest.mark.parametrize("problem", [ringed(), phased()], ids=["rings", "periods"])
def test_rings_and_periods_are_not_reduced(problem):
    with pytest.raises(ProblemError, match="problems with rings or periods cannot be reduced"):
        reduce(problem)


# ---- the network of open pairs


def subsets(names):
    return [{name for j, name in enumerate(names) if bits >> j & 1} for bits in range(2 ** len(names))]


def test_in_the_open_network_a_pair_is_covered_exactly_where_it_is_in_the_problem():
    gone = 0
    for seed in range(30):
        problem = dense_problem(seed)
        allowed = [c.id for c in problem.candidates if c.fixed != "out"][:6]
        out = [c.id for c in problem.candidates if c.id not in allowed]
        problem = problem.replace(
            candidates=tuple(
                dataclasses.replace(c, fixed="out") if c.id in out else c for c in problem.candidates
            )
        )
        plain, pairs = open_network(problem)
        always, ever = covered_by(problem, set()), covered_by(problem, set(allowed))
        assert sorted(pairs) == [k for k in range(len(problem.pairs)) if ever[k] and not always[k]]
        origins = [pair.origin for pair in plain.pairs]
        assert origins == sorted(origins)  # `tables` look up the rows of an origin by its first pair
        assert plain.is_plain
        left = [c.id for c in plain.candidates]
        for built in subsets(allowed):
            covers = covered_by(problem, built)
            assert covered_by(plain, built & {*left}) == [covers[k] for k in pairs]
        gone += len(problem.candidates) - len(left)
    assert gone >= 30


def test_the_open_network_has_no_rows_leads_or_fixings():
    """Of the pairs of the line two are settled; `ad` is out, and its arc is not there."""
    fixings = {"bd": "in", "ad": "out"}
    problem = line(
        candidates=tuple(
            dataclasses.replace(c, fixed=fixings.get(c.id), instrument="subsidy") for c in line().candidates
        ),
        budget=None,
        cover="targets",
        caps=(("subsidy", 16),),
        capacities=(Capacity("trains", (("ac", 1),), 1),),
        targets=(Target("core", 1),),
        excludes=(("ac", "ad"),),
        requires=(("bd", "ac"),),
        cities=(City("a", 1, (0,), 1),),
    )
    plain, pairs = open_network(problem)
    assert set(pairs) == {0, 1, 2}
    assert plain.cover == "all"
    rows = (plain.caps, plain.capacities, plain.targets, plain.excludes, plain.requires, plain.cities)
    assert rows == ((),) * 6
    assert [(c.id, c.fixed) for c in plain.candidates] == [("ac", None), ("bd", None)]


def test_leads_rings_and_periods_are_left_out_of_the_open_network():
    for problem in (ringed().canonical(), leading(phased(), fast=1).canonical()):
        plain, pairs = open_network(problem)
        assert (plain.rings, plain.periods) == ((), ())
        assert all(c.lead == 0 and c.fixed is None for c in plain.candidates)
        assert pairs == (0,)
        assert [c.id for c in plain.candidates] == ["fast"]


def test_without_open_pairs_the_network_is_left_as_it_is():
    problem = line(pairs=line().pairs[3:])
    plain, pairs = open_network(problem)
    assert pairs == ()
    assert (plain.arcs, plain.candidates, plain.pairs) == (problem.arcs, problem.candidates, ())
