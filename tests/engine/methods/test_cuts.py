from __future__ import annotations

import numpy as np
from core_drawing import covered_by, line, problems
from hypothesis import given, settings
from hypothesis import strategies as st

from optimiser.engine.methods.cuts.time_cuts import separate
from optimiser.engine.presolve import reduce
from optimiser.engine.search.tables import tables


def cut_sets(problem, x, order):
    t = tables(problem)
    pairs = np.arange(len(problem.pairs))
    cuts = separate(t, pairs, x, np.ones(len(pairs)), order)
    return [
        (int(k), set(cuts.candidate[cuts.start[i] : cuts.start[i + 1]].tolist()))
        for i, k in enumerate(cuts.pair)
    ]


@given(problems(), st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_every_cut_is_valid_and_minimal(problem, random):
    small = reduce(problem).problem
    x = np.array([random.random() / 4 for _ in small.candidates])
    order = np.array([random.random() for _ in small.candidates])
    ids = [c.id for c in small.candidates]
    for k, cut in cut_sets(small, x, order):
        outside = {name for j, name in enumerate(ids) if j not in cut}
        assert not covered_by(small, outside)[k]
        assert all(covered_by(small, {*outside, ids[j]})[k] for j in cut)


@given(problems(), st.integers(0, 63))
@settings(max_examples=80, deadline=None)
def test_a_plan_violates_a_cut_exactly_for_the_pairs_that_it_leaves_uncovered(problem, bits):
    small = reduce(problem).problem
    x = np.array([float(bits >> j & 1) for j in range(len(small.candidates))])
    built = {c.id for c, value in zip(small.candidates, x, strict=True) if value}
    uncovered = {k for k, yes in enumerate(covered_by(small, built)) if not yes}
    assert {k for k, _ in cut_sets(small, x, -x)} == uncovered


def test_the_cuts_of_the_line_are_known():
    small = reduce(line()).problem
    assert cut_sets(small, np.zeros(2), np.zeros(2)) == [(0, {0}), (1, {0, 1}), (2, {1})]


def test_no_cut_is_returned_where_none_is_violated():
    t = tables(reduce(line()).problem)
    assert not len(separate(t, np.arange(3), np.ones(t.size), np.ones(3), np.zeros(t.size)))
