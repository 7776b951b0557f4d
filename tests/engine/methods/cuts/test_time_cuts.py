from __future__ import annotations

import numpy as np
import pytest
from core_drawing import covered_by, dense_problem, line, problems
from cut_drawing import largest_packing, mesh, meshes, paths_of, plans, two_of_three
from hypothesis import given
from hypothesis import strategies as st
from tiers import examples

from optimiser.engine.methods.cuts import time_cuts
from optimiser.engine.methods.cuts.packing import CUT, LONGEST_PATH, PACKED, new_pool, new_workspace, pack
from optimiser.engine.methods.cuts.time_cuts import FractionalCuts, separate
from optimiser.engine.presolve import reduce
from optimiser.engine.search.rows import PRICE_UNIT
from optimiser.engine.search.tables import tables
from optimiser.problem import Pair

shares = st.lists(st.integers(0, 20).map(lambda part: part / 20), min_size=6, max_size=6)
weights = st.sampled_from([0.0, 0.2, 0.5])


def violated(problem, x, y=None, *, finder=None, weight=0.0, margin=1e-4, **more):
    """Return the cuts of all pairs at a point; the core point is the middle, `weight` the in-out weight."""
    count = len(problem.pairs)
    x = np.array(x)[: len(problem.candidates)]
    y = np.ones(count) if y is None else np.array(y)[:count]
    finder = finder or FractionalCuts(tables(problem))
    middle = np.full(len(x), 0.5)
    return finder.violated(
        np.arange(count), x, y, core_point=middle, in_out_weight=weight, margin=margin, **more
    )


def terms(rows):
    return [
        (int(pair), dict(zip(rows.candidate[low:high].tolist(), rows.value[low:high].tolist(), strict=True)))
        for pair, low, high in zip(rows.pair, rows.start[:-1], rows.start[1:], strict=True)
    ]


def weakest_time_cuts(problem, x):
    """Return, for each pair, the least sum over a set of candidates that every cover needs one of."""
    rows, covers = plans(problem)
    return [
        min((1.0 - row) @ x for row, yes in zip(rows, covers[:, k], strict=True) if not yes)
        for k in range(len(problem.pairs))
    ]


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("size", [1, 2, 1000])
def test_neither_the_size_of_the_portions_nor_the_threads_change_the_cuts(size, threads, monkeypatch):
    problem = dense_problem(3)
    x = np.full(len(problem.candidates), 0.3)
    rounds = [FractionalCuts(tables(problem)), FractionalCuts(tables(problem), threads=threads)]
    whole = [terms(violated(problem, x * share, finder=rounds[0])) for share in (1.0, 0.5)]
    monkeypatch.setattr(time_cuts, "PORTION", size)
    assert [terms(violated(problem, x * share, finder=rounds[1])) for share in (1.0, 0.5)] == whole
    assert len(whole[0]) > 3


def test_a_worker_beside_others_separates_on_one_thread(monkeypatch):
    def refuse(_threads):
        raise AssertionError

    monkeypatch.setattr(time_cuts, "PORTION", 1)
    monkeypatch.setattr(time_cuts, "ThreadPoolExecutor", refuse)
    problem = dense_problem(3)
    x = np.full(len(problem.candidates), 0.3)
    finder = FractionalCuts(tables(problem), threads=2)
    with pytest.raises(AssertionError):
        violated(problem, x, finder=finder)
    finder.threads = 1
    assert terms(violated(problem, x, finder=finder)) == terms(violated(problem, x))


def test_when_the_time_is_up_the_cuts_found_so_far_are_returned(monkeypatch):
    monkeypatch.setattr(time_cuts, "PORTION", 1)
    problem, answers = dense_problem(3), iter([False, False, False, True])
    x = np.full(len(problem.candidates), 0.3)
    whole = terms(violated(problem, x))
    finder = FractionalCuts(tables(problem), stop=lambda: next(answers, True))
    part = terms(violated(problem, x, finder=finder))
    assert part
    assert part == whole[: len(part)] != whole


def test_two_of_three_are_cut_with_one_half_each():
    assert terms(violated(two_of_three(), [0.5, 0.5, 0.5])) == [(0, {0: 0.5, 1: 0.5, 2: 0.5})]


def test_in_out_separation_finds_a_cut_that_is_deep_around_the_point():
    rows = violated(two_of_three(), [0.4, 0.4, 0.0], weight=0.5)
    assert terms(rows) == [(0, {0: 0.5, 1: 0.5, 2: 0.5})]


def test_a_cut_is_sought_at_the_point_where_the_one_near_the_core_point_does_not_cut_it_off():
    links = [[(0, 1, 1)], [(1, 2, 1)]]
    problem = mesh(3, [], links, [Pair(0, 2, 2, 1)])
    finder = FractionalCuts(tables(problem))
    rows = finder.violated(
        np.arange(1),
        np.array([0.0, 1.0]),
        np.array([1e-3]),
        core_point=np.array([1.0, 0.0]),
        in_out_weight=0.9,
        margin=1e-6,
    )
    assert terms(rows) == [(0, {0: 1.0})]


def test_claims_that_the_packing_supports_are_not_cut_off():
    assert not len(violated(two_of_three(), [0.5, 0.5, 0.5], [0.75]))
    assert len(violated(two_of_three(), [0.5, 0.5, 0.5], [0.7502]))


def test_a_path_too_long_to_be_packed_is_cut_by_a_set_of_candidates():
    count = LONGEST_PATH + 2
    chain = [[(i, i + 1, 1)] for i in range(count)]
    problem = mesh(count + 1, [], [*chain, [(0, count, 1)]], [Pair(0, count, count, 1)])
    x = np.append(np.ones(count), 0.0)
    assert not len(violated(problem, x))
    x[7] = 0.25
    assert terms(violated(problem, x)) == [(0, {7: 1.0, count: 1.0})]


@pytest.mark.parametrize("y", [np.inf, 1.0])
def test_a_pair_whose_packing_fails_on_the_way_has_a_cut_of_a_set_of_candidates(y):
    """Of a chain that is too long to be packed, the link of least x and the direct link are the cut."""
    count = LONGEST_PATH + 2
    chain = [[(i, i + 1, 1)] for i in range(count)]
    problem = mesh(count + 1, [], [*chain, [(0, count, 1)]], [Pair(0, count, count, 1)])
    x = np.append(np.full(count, 0.5), 0.25)
    x[7] = 0.125
    assert terms(violated(problem, x, [y], weight=0.5)) == [(0, {7: 1.0, count: 1.0})]


@given(meshes(), shares, weights)
@examples(120)
def test_no_plan_violates_a_cut(problem, x, weight):
    found = violated(problem, x, weight=weight)
    rows, covers = plans(problem)
    for plan, cover in zip(rows, covers, strict=True):
        assert (found.right_side(plan) >= cover[found.pair] - 1e-12).all()


@given(meshes(), shares, weights)
@examples(120)
def test_cuts_are_violated_and_name_candidates_that_the_pair_can_use(problem, x, weight):
    found = violated(problem, x, weight=weight)
    assert (found.right_side(np.array(x)[: len(problem.candidates)]) < 1.0 - 1e-4).all()
    assert (found.value > 0).all()
    assert (found.value <= 1).all()
    for pair, row in terms(found):
        assert list(row) == sorted(row)
        assert set(row) <= set().union(*paths_of(problem, problem.pairs[pair]))


@given(meshes(), shares)
@examples(120)
def test_a_cut_is_as_strong_as_any_time_cut_at_the_point(problem, x):
    x = np.array(x)[: len(problem.candidates)]
    found = violated(problem, x)
    sides = dict(zip(found.pair.tolist(), found.right_side(x).tolist(), strict=True))
    for k, side in enumerate(weakest_time_cuts(problem, x)):
        assert sides.get(k, 1.0) <= side + 2e-4


@given(meshes(), st.integers(0, 63), st.sampled_from([1.0, 1e-3, 2e-5]), weights)
@examples(120)
def test_a_plan_is_cut_off_exactly_for_the_pairs_that_it_leaves_uncovered(problem, bits, y, weight):
    rows, covers = plans(problem)
    which = bits % len(rows)
    found = violated(problem, rows[which], [y] * 3, weight=weight, margin=1e-6)
    assert sorted(found.pair) == np.flatnonzero(~covers[which]).tolist()


@given(meshes(), shares)
@examples(30)
def test_equal_searches_find_equal_cuts(problem, x):
    first, second = violated(problem, x, weight=0.2), violated(problem, x, weight=0.2)
    assert terms(first) == terms(second)


@pytest.mark.parametrize("weight", [0.0, 0.2])
def test_a_point_slightly_outside_its_bounds_counts_as_on_them(weight):
    assert terms(violated(two_of_three(), [-1e-9, 1 + 1e-9, 0.0], weight=weight)) == terms(
        violated(two_of_three(), [0.0, 1.0, 0.0], weight=weight)
    )


def drawn_mesh(seed):
    """Draw one-link candidates between five places, two pairs that everything covers, and two points."""
    chance = np.random.default_rng(seed)
    links = [[(*chance.choice(5, 2, replace=False).tolist(), int(chance.integers(1, 4)))] for _ in range(8)]
    pairs = [Pair(0, 3, int(chance.integers(4, 9)), 1), Pair(1, 4, int(chance.integers(4, 9)), 1)]
    problem = mesh(5, [], links, pairs)
    yes = covered_by(problem, {c.id for c in problem.candidates})
    pairs = [pair for pair, is_covered in zip(pairs, yes, strict=True) if is_covered]
    x, core = chance.integers(0, 21, (2, 8)) / 20
    return problem.replace(pairs=tuple(pairs)), x, core, chance.choice([0.3, 0.7, 1.0])


def first_cut_on_the_way(t, k, x, core, target, weight, pool, workspace):
    """Return the place on the way from the core point at which the cut is found, and its terms; None: none.

    The whole way of the in-out weight, a tenth of it, the point, and the point for a cut below the target.
    """
    if np.isfinite(target) and pack(t, k, x, target, 0.0, pool, workspace) == PACKED:
        return None
    mine = t.use[t.use_start[k] : t.use_start[k + 1]].tolist()
    tolerance = 0.0 if np.isfinite(target) else 0.5
    for place, (part, most) in enumerate([(1.0, np.inf), (0.1, np.inf), (0.0, np.inf), (0.0, target)]):
        near = (1.0 - part * weight) * x + part * weight * core
        assert pack(t, k, near, most, tolerance, pool, workspace) == CUT
        found = {j: workspace.price[j] / PRICE_UNIT for j in mine if workspace.price[j] > 0}
        if sum(value * x[j] for j, value in found.items()) < target:
            return place, found
    return None


def test_the_cut_of_a_pair_is_the_first_on_the_way_from_the_core_point_that_cuts_off_the_point():
    places = []
    for seed in range(80):
        problem, x, core, y = drawn_mesh(seed)
        if not problem.pairs:
            continue
        t, pairs = tables(problem), np.arange(len(problem.pairs))
        claims = np.full(len(pairs), y if seed % 4 else np.inf)
        if seed % 4 > 1:  # what the point supports and the margin, or half of the margin
            claims = np.array([largest_packing(paths_of(problem, p), x) for p in problem.pairs])
            claims += 0.0102 if seed % 4 == 2 else 0.005
        pool, workspace = new_pool(t), new_workspace(t)
        expected = [
            first_cut_on_the_way(t, k, x, core, claims[k] - 0.01, 0.8, pool, workspace)
            for k in pairs.tolist()
        ]
        found = FractionalCuts(t).violated(pairs, x, claims, core_point=core, in_out_weight=0.8, margin=0.01)
        assert terms(found) == [(k, cut[1]) for k, cut in enumerate(expected) if cut]
        places += [cut and cut[0] for cut in expected]
    assert min(places.count(place) for place in (None, 0, 1)) >= 10, places


# ---- minimal cuts in a given order


def cut_sets(problem, x, order):
    t = tables(problem)
    pairs = np.arange(len(problem.pairs))
    cuts = separate(t, pairs, x, np.ones(len(pairs)), order)
    return [
        (int(k), set(cuts.candidate[cuts.start[i] : cuts.start[i + 1]].tolist()))
        for i, k in enumerate(cuts.pair)
    ]


@given(problems(), st.randoms(use_true_random=False))
@examples(80)
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
@examples(80)
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
