from __future__ import annotations

import numpy as np
import pytest
from core_drawing import best_plans, brute_force
from hypothesis import given, settings
from hypothesis import strategies as st
from label_drawing import enabling_sets, open_problems
from optimiser.engine.backends.live_paths import LivePaths
from optimiser.engine.methods.column_generation.enumeration import Caps, enumerate_sets
from optimiser.engine.methods.column_generation.narrowing import narrow
from optimiser.engine.methods.column_generation.pricing import price

from optimiser.engine.methods.column_generation.columns import Pool, columns_of
from optimiser.engine.methods.column_generation.generation import first_columns, generate, granule, tightened
from optimiser.engine.methods.heuristics.greedy import nothing
from optimiser.engine.search.incumbent import mask_incumbent
from optimiser.engine.search.labels import new_scratch
from optimiser.engine.search.scoring import covered_pairs
from optimiser.engine.search.tables import tables

halves = st.lists(st.integers(0, 6), min_size=6, max_size=6).map(lambda ns: np.array(ns) / 2)


def minimal(sets):
    return {way for way in sets if not any(other < way for other in sets)}


@given(open_problems(), halves, st.integers(0, 12), st.integers(0, 63))
@settings(max_examples=100, deadline=None)
def test_the_sets_listed_are_the_minimal_ones_below_the_price(small, prices, most, bits):
    t = tables(small)
    free = np.array([bool(bits >> j & 1) for j in range(t.size)])
    found = enumerate_sets(
        t, prices[t.use], np.full(len(t.limit), most / 2), free, new_scratch(t), Caps(500, 5000)
    )
    assert found.complete.all()
    listed = [{way for k, way in found.columns.sets() if k == pair} for pair in range(len(t.limit))]
    for pair, got in zip(small.pairs, listed, strict=True):
        ways = {frozenset(j for j in way if not free[j]) for _, way in enabling_sets(small, pair)}
        assert got == minimal({way for way in ways if sum(prices[j] for j in way) < most / 2})


@given(open_problems())
@settings(max_examples=50, deadline=None)
def test_a_pair_beyond_the_caps_is_given_up_as_a_whole(small):
    t = tables(small)
    zero, most = np.zeros(len(t.use)), np.ones(len(t.limit))
    found = enumerate_sets(t, zero, most, np.zeros(t.size, np.bool_), new_scratch(t), Caps(1, 5000))
    for k, pair in enumerate(small.pairs):
        assert found.complete[k] == (len(minimal({way for _, way in enabling_sets(small, pair)})) <= 1)
        assert found.complete[k] == (k in found.columns.pair)


@given(open_problems(), halves, st.lists(st.integers(1, 8), min_size=6, max_size=6))
@settings(max_examples=100, deadline=None)
def test_a_column_is_priced_in_exactly_where_a_path_is_worth_more_than_its_price(small, prices, worths):
    t = tables(small)
    worth = np.array(worths[: len(t.limit)], dtype=np.float64)
    priced = price(t, worth, prices[t.use], new_scratch(t), count=2)
    for k, pair in enumerate(small.pairs):
        best = min(sum(prices[j] for j in way) for _, way in enabling_sets(small, pair))
        assert (k in priced.columns.pair) == (best < worth[k])
        assert priced.plan_breach[k] == pytest.approx(max(worth[k] - best, 0.0), abs=1e-6)


@given(open_problems())
@settings(max_examples=60, deadline=None)
def test_building_a_column_covers_its_pair(small):
    t = tables(small)
    for k, way in first_columns(t, None, new_scratch(t)).sets():
        plan = nothing(t)
        plan[list(way)] = True
        assert covered_pairs(t, plan)[k]


def relaxation(small):
    t, sent = tables(small), []
    progress = mask_incumbent(t, seconds=300.0, send=sent.append)
    master = LivePaths(small, t, by_columns=np.ones(len(t.limit), np.bool_), threads=1, seed=1)
    pool = Pool()
    master.add(pool.new(first_columns(t, None, new_scratch(t))))
    return t, generate(t, master, pool, progress, new_scratch(t)), [m for m in sent if m["kind"] == "bound"]


@given(open_problems())
@settings(max_examples=60, deadline=None)
def test_no_bound_on_the_way_is_beaten_by_the_optimum(small):
    t, root, bounds = relaxation(small)
    optimum = brute_force(small)
    said = [m["bound"] for m in bounds] + [tightened(t, root.bound)]
    assert all(b <= optimum if t.budget < 0 else b >= optimum for b in said)


@given(open_problems())
@settings(max_examples=60, deadline=None)
def test_a_better_plan_keeps_to_what_narrowing_leaves(small):
    t, root, _ = relaxation(small)
    worse = brute_force(small) + (granule(t) if t.budget < 0 else -granule(t))
    narrowed = narrow(t, root, worse)
    for names in best_plans(small):
        plan = np.isin([c.id for c in small.candidates], names)
        assert not (plan & narrowed.closed).any()
        assert not (~plan & narrowed.free).any()


def test_the_pool_keeps_each_column_once():
    pool = Pool()
    first = pool.new(columns_of([0, 0, 1], [np.array([1]), np.array([1]), np.array([1])]))
    second = pool.new(columns_of([1, 2], [np.array([1]), np.array([], np.int64)]))
    assert first.sets() == [(0, frozenset({1})), (1, frozenset({1}))]
    assert second.sets() == [(2, frozenset())]
    assert len(pool) == 3
