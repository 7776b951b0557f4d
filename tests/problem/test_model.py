"""Problems whose numbers fit the format one by one, but whose sums do not."""

from __future__ import annotations

import dataclasses

import pytest
from core_drawing import line

from optimiser.problem import (
    Candidate,
    Capacity,
    City,
    DesignProblem,
    Pair,
    Period,
    Ring,
    RingLink,
    Target,
    load,
    save,
)
from optimiser.problem.errors import ProblemError
from optimiser.problem.jsonfile import LARGEST
from optimiser.problem.model import (
    candidates_on,
    canonical_circuits,
    lifted_circuits,
    unused_id,
    with_circuits,
    without_rings,
)

HALF = 2**62


def two(weights=(1, 1), costs=(1, 1), **changes):
    """Return a problem of two pairs, each with a candidate of its own."""
    problem = DesignProblem(
        name="two",
        nodes=("a", "b", "c"),
        arcs=(),
        candidates=(Candidate("ab", costs[0], ((0, 1, 1),)), Candidate("bc", costs[1], ((1, 2, 1),))),
        pairs=(Pair(0, 1, 9, weights[0]), Pair(1, 2, 9, weights[1])),
        budget=1,
    )
    return problem.replace(**changes)


def faults_of(problem, tmp_path):
    save(problem, tmp_path / "p.json")
    with pytest.raises(ProblemError) as caught:
        load(tmp_path / "p.json")
    assert caught.value.exit_code == 2
    assert "p.json" in caught.value.where
    return caught.value.faults


RING = Ring(
    id="r",
    required=False,
    reward=HALF,
    centres=((2, 1),),
    nodes=((0, 0), (4, 0), (2, 4)),
    links=(RingLink(0, 1), RingLink(1, 2), RingLink(2, 0)),
)


@pytest.mark.parametrize(
    ("problem", "says"),
    [
        (two(weights=(HALF, HALF)), "pairs: the weights sum to 9,223,372,036,854,775,808, above"),
        (two(weights=(HALF, HALF), budget=None), "pairs: the weights sum to"),
        (
            two(weights=(HALF, HALF - 1), cities=(City("c", 1, (0,), 1),)),
            "the weights of pairs and cities and the",
        ),
        (
            two(weights=(HALF, 1), cities=(City("c", HALF, (0,), 1),)),
            "the weights of pairs and cities and the",
        ),
        (
            two(weights=(HALF, 1), rings=(RING,)),
            "the weights of pairs and cities and the rewards of rings sum",
        ),
        (
            two(weights=(1, 1), periods=(Period("p", 1, HALF), Period("q", 0, HALF - 1))),
            "the weights of pairs and cities and the rewards of rings, over all periods, sum to",
        ),
        (
            two(capacities=(Capacity("c", (("ab", HALF), ("bc", HALF)), 1),)),
            "capacities: the uses of 'c' sum to 9,223,372,036,854,775,808, above",
        ),
        (
            two(costs=(HALF, HALF), budget=None),
            "candidates: the costs sum to 9,223,372,036,854,775,808, above",
        ),
    ],
)
def test_a_sum_that_is_too_large_is_reported_with_the_limit(problem, says, tmp_path):
    (fault,) = faults_of(problem, tmp_path)
    assert fault.startswith(says)
    assert "9,223,372,036,854,775,807 (2^63 - 1)" in fault


@pytest.mark.parametrize(
    "problem",
    [
        two(weights=(HALF, HALF - 1)),
        two(costs=(HALF, HALF)),
        two(costs=(HALF, HALF - 1), budget=None),
        two(
            candidates=(Candidate("a", LARGEST, (), fixed="out"), Candidate("ab", 2, ((0, 1, 1),))),
            budget=None,
        ),
    ],
)
def test_sums_that_a_result_can_hold_are_accepted(problem, tmp_path):
    save(problem, tmp_path / "p.json")
    assert load(tmp_path / "p.json") == problem


@pytest.mark.parametrize(
    ("changes", "plain"),
    [({}, True), ({"rings": (RING,)}, False), ({"periods": (Period("p", 1, 1),)}, False)],
)
def test_a_problem_is_plain_without_rings_and_periods(changes, plain):
    assert two(**changes).is_plain == plain


def test_every_pair_must_be_covered_without_a_budget_and_without_targets_in_its_place():
    grouped = tuple(Pair(p.origin, p.destination, p.limit, p.weight, "g") for p in two().pairs)
    targets = {"pairs": grouped, "budget": None, "cover": "targets", "targets": (Target("g", 1),)}
    assert [two(**changes).must_cover for changes in ({}, {"budget": None}, targets)] == [False, True, False]


def test_circuits_lead_to_the_canonical_problem_and_back():
    links = (RingLink(2, 0, "bc"), RingLink(1, 2), RingLink(0, 1, "ab"))
    ring = Ring("r", required=False, centres=((2, 1),), nodes=((0, 0), (4, 0), (2, 4)), links=links)
    problem = two(rings=(ring,))
    canonical = problem.canonical()
    there = canonical_circuits(problem, {"r": (2, 1, 0)})
    names = [canonical.rings[0].links[k].candidate for k in there["r"]]
    assert names == ["ab", None, "bc"]
    assert lifted_circuits(problem, there) == {"r": (2, 1, 0)}
    assert canonical_circuits(problem, {}) == {}
    assert candidates_on(problem, {"r": (1, 0)}) == {"bc"}
    fixed = with_circuits(problem, {"r": (1, 0)})
    assert [c.fixed for c in fixed.candidates] == [None, "in"]
    assert fixed.rings == ()


def test_a_ring_that_is_left_out_leaves_the_rings_that_keep_apart_from_it():
    far, near = (
        dataclasses.replace(RING, id=name, apart=apart)
        for name, apart in (("far", ("r", "near")), ("near", ()))
    )
    problem = two(rings=(dataclasses.replace(RING, reward=0), far, near))
    left = without_rings(problem, ["r"]).rings
    assert [(ring.id, ring.apart) for ring in left] == [("far", ("near",)), ("near", ())]


def test_a_name_that_is_taken_gets_primes():
    assert unused_id("a", {"b"}) == "a"
    assert unused_id("a", {"a", "a'"}) == "a''"


def test_the_canonical_problem_is_sorted_and_has_no_duplicates_that_mean_nothing():
    pairs = (Pair(1, 2, 9, 1, "g"), Pair(0, 1, 9, 1, "g"), Pair(0, 1, 9, 1, "g"))
    problem = two(
        nodes=("c", "a", "b"),
        pairs=pairs,
        caps=(("subsidy", 2), ("infrastructure", 1)),
        capacities=(Capacity("y", (("bc", 1), ("ab", 2)), 9), Capacity("x", (("ab", 1),), 9)),
        targets=(Target("g", 2), Target("g", 1), Target("g", 2)),
        excludes=(("bc", "ab"), ("ab", "bc")),
        requires=(("bc", "ab"), ("ab", "bc"), ("bc", "ab")),
        cities=(City("t", 1, (0, 2), 1), City("s", 1, (2,), 1)),
    )
    found = problem.canonical()
    assert found.nodes == ("a", "b", "c")
    assert [(c.id, c.arcs) for c in found.candidates] == [("ab", ((2, 0, 1),)), ("bc", ((0, 1, 1),))]
    # the pair that cities count comes after its equal that none counts
    assert [(p.origin, p.destination) for p in found.pairs] == [(0, 1), (2, 0), (2, 0)]
    assert [(city.id, city.pairs) for city in found.cities] == [("s", (2,)), ("t", (0, 2))]
    assert found.caps == (("infrastructure", 1), ("subsidy", 2))
    assert [(c.id, c.use) for c in found.capacities] == [("x", (("ab", 1),)), ("y", (("ab", 2), ("bc", 1)))]
    assert found.targets == (Target("g", 1), Target("g", 2))
    assert found.excludes == (("ab", "bc"),)
    assert found.requires == (("ab", "bc"), ("bc", "ab"))


def test_what_must_be_covered_is_said_without_a_budget_alone():
    targets = (Target("small", 1),)
    assert line(budget=None, targets=targets, cover="targets").cover == "targets"
    for changes, fault in (
        ({"targets": targets}, "cover: is allowed only with a budget of null"),
        ({"budget": None}, "cover: 'targets' without targets"),
    ):
        with pytest.raises(ProblemError) as caught:
            line(cover="targets", **changes)
        assert list(caught.value.faults) == [fault]


def test_of_equal_pairs_the_one_that_cities_count_comes_last_wherever_it_stood():
    pairs = (Pair(0, 1, 9, 1, "g"),) * 3
    for counted in range(3):
        cities = (City("s", 1, (counted,), 1), City("t", 1, (counted, (counted + 1) % 3), 1))
        found = two(pairs=pairs, cities=cities).canonical()
        assert [(city.id, city.pairs) for city in found.cities] == [("s", (1,)), ("t", (1, 2))]


@pytest.mark.parametrize(
    ("use", "fault"),
    [
        ((("ab", 1), ("ab", 2)), "capacities[0] ('c').use: 'ab' is named twice"),
        ((("no", 1),), "capacities[0] ('c').use: there is no candidate 'no'"),
        ((("ab", 0),), "capacities[0] ('c').use: 0 of 'ab' is not an integer >= 1"),
        ((), "capacities[0] ('c').use: names no candidate; leave the capacity out"),
    ],
)
def test_a_capacity_names_each_of_its_candidates_once(use, fault):
    with pytest.raises(ProblemError) as caught:
        two(capacities=(Capacity("c", use, 9),))
    assert list(caught.value.faults) == [fault]
