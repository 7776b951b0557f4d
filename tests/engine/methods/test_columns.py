from __future__ import annotations

import numpy as np
import pytest
from core_drawing import best_plans, brute_force, line
from hypothesis import given
from hypothesis import strategies as st
from label_drawing import enabling_paths, open_problems
from tiers import examples

from optimiser.engine.methods.column_generation import (
    PathMaster,
    first_columns,
    generate,
    list_columns,
    narrow,
    price_columns,
    tightened,
)
from optimiser.engine.methods.heuristics.greedy import nothing
from optimiser.engine.presolve.pairs import Effort
from optimiser.engine.search.incumbent import mask_incumbent
from optimiser.engine.search.labels import PathFinder
from optimiser.engine.search.scoring import covered_pairs, objective_unit
from optimiser.engine.search.tables import tables

halves = st.lists(st.integers(0, 6), min_size=6, max_size=6).map(lambda ns: np.array(ns) / 2)


def sets_of(columns):
    """Return the pair and the candidates of each column."""
    return [(k, frozenset(row.tolist())) for k, row in columns]


def minimal(sets):
    return {one for one in sets if not any(other < one for other in sets)}


@given(open_problems(), halves, st.integers(0, 12), st.integers(0, 63))
@examples(100)
def test_the_sets_listed_are_the_minimal_ones_below_the_price(small, prices, most, bits):
    t = tables(small)
    free = np.array([bool(bits >> j & 1) for j in range(t.size)])
    effort = Effort(sets=500, labels=5000)
    found, complete = list_columns(t, prices[t.use], np.full(len(t.limit), most / 2), free, effort)
    assert complete.all()
    listed = [{way for k, way in sets_of(found) if k == pair} for pair in range(len(t.limit))]
    for pair, got in zip(small.pairs, listed, strict=True):
        sets = {frozenset(j for j in way if not free[j]) for _, way in enabling_paths(small, pair)}
        assert got == minimal({way for way in sets if sum(prices[j] for j in way) < most / 2})


@given(open_problems())
@examples(50)
def test_a_pair_beyond_the_caps_is_given_up_as_a_whole(small):
    t = tables(small)
    zero, most = np.zeros(len(t.use)), np.ones(len(t.limit))
    effort = Effort(sets=1, labels=5000)
    found, complete = list_columns(t, zero, most, np.zeros(t.size, np.bool_), effort)
    for k, pair in enumerate(small.pairs):
        assert complete[k] == (len(minimal({way for _, way in enabling_paths(small, pair)})) <= 1)
        assert complete[k] == (k in {pair for pair, _ in found})


@given(open_problems(), halves, st.lists(st.integers(1, 8), min_size=6, max_size=6))
@examples(100)
def test_a_column_is_found_exactly_where_a_path_costs_less_than_its_pair_brings(small, prices, duals):
    t = tables(small)
    dual = np.array(duals[: len(t.limit)], dtype=np.float64)
    columns, excess = price_columns(t, dual, prices[t.use], PathFinder(t, paths=2))
    for k, pair in enumerate(small.pairs):
        best = min(sum(prices[j] for j in way) for _, way in enabling_paths(small, pair))
        assert (k in {pair for pair, _ in columns}) == (best < dual[k])
        assert excess[k] == pytest.approx(max(dual[k] - best, 0.0), abs=1e-6)


@given(open_problems())
@examples(60)
def test_building_a_column_covers_its_pair(small):
    t = tables(small)
    for k, way in sets_of(first_columns(t, None)):
        plan = nothing(t)
        plan[list(way)] = True
        assert covered_pairs(t, plan)[k]


def relaxation(small):
    t, sent = tables(small), []
    progress = mask_incumbent(t, seconds=300.0, send=sent.append)
    master = PathMaster(small, t, by_columns=np.ones(len(t.limit), np.bool_), threads=1, seed=1)
    master.add_columns(first_columns(t, None))
    return t, generate(t, master, progress), [m for m in sent if m["kind"] == "bound"]


@given(open_problems())
@examples(60)
def test_no_reported_bound_excludes_the_optimum(small):
    t, root, bounds = relaxation(small)
    optimum = brute_force(small)
    reported = [m["bound"] for m in bounds] + [tightened(t, root.bound)]
    assert all(b <= optimum if t.budget < 0 else b >= optimum for b in reported)


@given(open_problems())
@examples(60)
def test_narrowing_excludes_no_better_plan(small):
    t, root, _ = relaxation(small)
    worse = brute_force(small) + (objective_unit(t) if t.budget < 0 else -objective_unit(t))
    closed, free, _ = narrow(t, root, worse)
    for names in best_plans(small):
        plan = np.isin([c.id for c in small.candidates], names)
        assert not (plan & closed).any()
        assert not (~plan & free).any()


def test_a_master_keeps_each_column_once():
    small = line().canonical()
    t = tables(small)
    master = PathMaster(small, t, by_columns=np.ones(len(t.limit), np.bool_), threads=1, seed=1)
    columns = first_columns(t, None)
    assert master.add_columns([*columns, columns[0]]) == len(columns)
    widest = int(np.diff(t.use_start).argmax())
    everything = t.use[t.use_start[widest] : t.use_start[widest + 1]]
    assert master.add_columns([columns[0], (widest, everything)]) == 1
    assert master.add_columns(columns) == 0
