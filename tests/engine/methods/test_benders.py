from __future__ import annotations

import itertools

import numpy as np
import pytest
from core_drawing import brute_force, covered_by, line, problems, side_problems
from hypothesis import given
from hypothesis import strategies as st
from tiers import examples

from optimiser.engine.methods.benders import (
    BendersCuts,
    FlowProgram,
    benders_cut,
    cheapest_path_cost,
    cut_set_rows,
)
from optimiser.engine.presolve import reduce
from optimiser.engine.search.incumbent import mask_incumbent
from optimiser.engine.search.scoring import objective_of
from optimiser.engine.search.tables import Commodity, Prices, commodities, tables
from optimiser.engine.search.task import Task

NAMES = {"normalised": "benders", "normal": "benders-normal"}
KINDS = st.sampled_from(list(NAMES))


def plans(problem):
    """Return every plan as a point, with the pairs that it covers."""
    ids = [c.id for c in problem.candidates]
    for bits in itertools.product((0.0, 1.0), repeat=len(ids)):
        yield np.array(bits), covered_by(problem, {name for name, bit in zip(ids, bits, strict=True) if bit})


def separator(problem, kind):
    return BendersCuts(tables(problem), commodities(problem), is_normal=kind == "normal", stop=lambda: False)


def assert_valid(rows, problem):
    for built, covered in plans(problem):
        assert (rows.right_side(built) >= np.array(covered)[rows.pair] - 1e-7).all()


@given(problems(), KINDS, st.randoms(use_true_random=False))
@examples(60)
def test_no_plan_violates_a_cut(problem, kind, random):
    small = reduce(problem).problem
    built = np.array([random.random() for _ in small.candidates])
    rows = separator(small, kind)(built, np.ones(len(small.pairs)), integer=False)
    assert_valid(rows, small)
    assert (rows.right_side(built) < 1.0).all()


@given(problems(), st.randoms(use_true_random=False))
@examples(60)
def test_any_prices_make_a_valid_cut(problem, random):
    small = reduce(problem).problem
    for k, commodity in enumerate(commodities(small)):
        prices = Prices(
            np.array([random.choice([0.0, random.random()]) for _ in commodity.candidate]), random.random()
        )
        cut = benders_cut(commodity, prices)
        if cut is not None:
            assert all(cut[1] @ built[cut[0]] >= covered[k] - 1e-7 for built, covered in plans(small))


@given(problems())
@examples(60)
def test_no_plan_violates_a_cut_set(problem):
    small = reduce(problem).problem
    assert_valid(cut_set_rows(commodities(small)), small)


@given(problems(), KINDS)
@examples(60)
def test_a_plan_violates_a_cut_exactly_for_the_pairs_that_it_leaves_uncovered(problem, kind):
    small = reduce(problem).problem
    found = separator(small, kind)
    for built, covered in itertools.islice(plans(small), 8):
        rows = found(built, np.ones(len(small.pairs)), integer=True)
        assert sorted(rows.pair.tolist()) == [k for k, yes in enumerate(covered) if not yes]


@given(problems(), st.randoms(use_true_random=False))
@examples(40)
def test_the_normalised_cut_is_as_deep_as_any_normal_one(problem, random):
    small = reduce(problem).problem
    built = np.array([random.random() for _ in small.candidates])
    ones = np.ones(len(small.pairs))
    normal = separator(small, "normal")(built, ones, integer=False)
    normalised = separator(small, "normalised")(built, ones, integer=False)
    depth = dict(zip(normalised.pair.tolist(), normalised.right_side(built), strict=True))
    assert all(
        depth[k] <= at + 1e-6 for k, at in zip(normal.pair.tolist(), normal.right_side(built), strict=True)
    )


def test_the_flow_of_the_line_is_known():
    small = reduce(line()).problem
    flows = [FlowProgram(commodity) for commodity in commodities(small)]
    found = [
        flow.most(np.full(len(c.candidate), 0.5), 1.0)
        for flow, c in zip(flows, commodities(small), strict=True)
    ]
    assert [round(amount, 6) for amount, _ in found] == [0.5, 1.0, 0.5]


def test_a_flow_that_is_possible_has_no_ray():
    commodity = commodities(reduce(line()).problem)[0]
    flow = FlowProgram(commodity)
    assert flow.ray(np.ones(len(commodity.candidate)), 1.0) is None
    assert flow.ray(np.zeros(len(commodity.candidate)), 1.0) is not None


def test_the_directions_of_a_link_share_its_capacity():
    commodity = commodities(reduce(line()).problem)[1]
    assert len(commodity.candidate) <= len(commodity.link)
    assert set(commodity.link.tolist()) <= {-1, *range(len(commodity.candidate))}


def test_the_cheapest_path_is_the_shortest():
    tail, head = np.array([0, 0, 2]), np.array([1, 2, 1])
    assert cheapest_path_cost(3, tail, head, np.array([5.0, 1.0, 2.0])) == 3.0


def test_a_candidate_of_two_links_in_series_pays_for_both():
    """The path pays 2, and so does the candidate: x >= y. One price for it, x >= 2 y, cut off x = y = 1."""
    one, two = np.array([0, 2]), np.array([2, 1])
    part = Commodity(3, one, two, np.array([1, 1]), 5, link=np.array([0, 1]), candidate=np.array([0, 0]))
    candidates, factors = benders_cut(part, Prices(np.ones(2), 0.0))
    assert (candidates.tolist(), factors.tolist()) == ([0], [1.0])


def test_prices_under_which_a_path_costs_no_more_than_the_limit_make_no_cut():
    commodity = commodities(reduce(line()).problem)[0]
    assert benders_cut(commodity, Prices(np.zeros(len(commodity.candidate)), 1.0)) is None


@given(side_problems(), KINDS)
@examples(80)
def test_the_outcome_equals_that_of_trying_every_plan(problem, kind):
    pytest.importorskip("pyscipopt")
    from optimiser.engine.methods.benders import prove

    small = reduce(problem).problem
    if not small.candidates or not small.pairs:
        return
    t = tables(small)
    progress = mask_incumbent(t, seconds=300.0, send=lambda _: None)
    reason, _ = prove(t, progress, Task(small, NAMES[kind], 30.0, 0.0, 1, 1, "scip"))
    best = brute_force(small)
    if best is None:
        assert (reason, progress.best) == ("infeasible", None)
    else:
        assert reason == "proof"
        assert objective_of(t, progress.best) == best
