"""Pairs count in parts: within later limits, and without the core over a network of its own."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

from core_drawing import both_ways, line
from ring_drawing import ringed, square

from optimiser.frontier.cases import Layer, LimitStep, is_further, longest_s, scale_of, with_steps
from optimiser.problem import Candidate, City, DesignProblem, Pair, Target
from optimiser.verify import score

STEPS = (LimitStep(Fraction(7, 10), 0), LimitStep(Fraction(3, 10), 60))


def detour():
    """Without b and c: a - e - d, 90 s a link; ad takes 60 s here too, and ac and bd lead nowhere."""
    network = DesignProblem(
        name="detour",
        nodes=("a", "d", "e"),
        arcs=both_ways((0, 2, 90), (2, 1, 90)),
        candidates=(
            Candidate("ac", 3, ()),
            Candidate("bd", 4, ()),
            Candidate("ad", 9, both_ways((0, 1, 60))),
        ),
        pairs=(Pair(0, 1, 150, 1), Pair(0, 1, 180, 1)),
        budget=0,
    )
    return Layer(network, (2, 2), (Fraction(1, 8), Fraction(1, 8)))


def test_a_layer_adds_pairs_and_a_network_that_nothing_joins_to_the_rest():
    problem = with_steps(line(targets=(Target("small", 9),)), (), detour())
    assert [p.weight for p in problem.pairs] == [40, 32, 56, 16, 8, 7, 7]
    assert [(p.origin, p.destination, p.limit, p.group) for p in problem.pairs[5:]] == [
        (4, 5, 150, "independence:core"),
        (4, 5, 180, "independence:core"),
    ]
    assert problem.nodes[4:] == ("a/without-core", "d/without-core", "e/without-core")
    assert problem.arcs[6:] == both_ways((4, 6, 90), (6, 5, 90))
    assert problem.candidates[2].arcs == both_ways((0, 3, 60), (4, 5, 60))
    assert problem.targets == (Target("small", 72),)
    assert not any(is_further(p.group) for p in problem.pairs[:5])


def test_the_layer_counts_what_is_covered_in_it_alone():
    problem = with_steps(line(), (), detour())
    assert score(problem, ()).covered == (3, 6)
    assert score(problem, ("ac", "bd")).covered == (0, 1, 2, 3, 6)
    assert score(problem.replace(budget=9), ("ad",)).covered == (2, 3, 5, 6)


def test_steps_and_a_layer_share_one_scale():
    problem = with_steps(line(cities=(City("dee", 3, (1, 2), 2, "core"),)), STEPS, detour())
    assert [p.weight for p in problem.pairs[:5]] == [28 * w for w in (5, 4, 7, 2, 1)]
    assert [p.weight for p in problem.pairs[5:10]] == [12 * w for w in (5, 4, 7, 2, 1)]
    assert [p.weight for p in problem.pairs[10:]] == [5 * 7] * 2
    assert problem.cities[0].weight == 40 * 3


def test_without_steps_and_layer_nothing_changes():
    assert with_steps(line()) == line()


def test_the_longest_step_and_the_least_scale_are_those_of_all_parts():
    assert (longest_s(()), longest_s(STEPS), longest_s(STEPS[::-1])) == (0, 60, 60)
    assert (scale_of(()), scale_of([Fraction(1, 6), Fraction(3, 4), Fraction(2)])) == (1, 12)
    assert [is_further(group) for group in ("", "core", "step:", "step:core", "independence:")] == [
        False,
        False,
        True,
        True,
        True,
    ]


def test_without_a_part_within_the_limit_only_the_later_one_counts():
    problem = with_steps(line(), (LimitStep(Fraction(1, 2), 60), LimitStep(Fraction(3, 2), 90)))
    assert [p.weight for p in problem.pairs] == [
        factor * weight for factor in (0, 1, 3) for weight in (5, 4, 7, 2, 1)
    ]
    assert [p.limit - q.limit for p, q in zip(problem.pairs, line().pairs * 3, strict=True)] == [
        later for later in (0, 60, 90) for _ in range(5)
    ]
    assert [(p.origin, p.destination) for p in problem.pairs] == [
        (p.origin, p.destination) for p in line().pairs * 3
    ]


def test_several_parts_within_the_limit_are_added_up():
    problem = with_steps(line(), (LimitStep(Fraction(1, 2), 0), LimitStep(Fraction(1, 4), 0)))
    assert [p.weight for p in problem.pairs] == [15, 12, 21, 6, 3]


def test_targets_and_rewards_keep_their_proportion_to_what_they_count():
    targets = (Target("small", 9), Target("core", 3, "cities"))
    cities = (City("dee", 3, (2, 3), 2, "core"),)
    problem = with_steps(line(targets=targets, cities=cities), STEPS)
    assert problem.targets == (Target("small", 63), Target("core", 30, "cities"))
    assert problem.cities == (City("dee", 30, (2, 3), 2, "core"),)
    ring = square(reward=5, required=False)
    assert [r.reward for r in with_steps(ringed(ring), STEPS).rings] == [50]


def test_candidates_that_the_layer_lacks_open_nothing_in_it():
    layer = detour()
    fewer = layer.network.replace(candidates=layer.network.candidates[2:])
    problem = with_steps(line(), STEPS, dataclasses.replace(layer, network=fewer))
    assert [len(c.arcs) for c in problem.candidates] == [2, 2, 4]
    assert [p.group for p in problem.pairs[5:]] == [
        *(f"step:{p.group}" for p in line().pairs),
        "independence:core",
        "independence:core",
    ]
    assert problem.pairs[10].origin == 4
