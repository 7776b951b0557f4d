"""The steps of the search for partition inequalities, each against its definition on drawn part graphs."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from core_drawing import dense_problem
from cut_drawing import NEVER, mesh, seconds_between
from partition_drawing import triangle

from optimiser.engine.methods.cuts import partitions
from optimiser.engine.methods.cuts.partitions import (
    LINK_PREFERENCE,
    PartGraph,
    PartitionCuts,
    _best_merge,
    _crossing,
    _forest,
    _measure_links,
    _merge,
    _strongest_claims,
    forest_size,
    part_graph,
    partition_inequalities,
)
from optimiser.engine.search.tables import Reach, arcs_of, tables
from optimiser.problem import Pair

SEEDS = range(40)


def graph(seed):
    """Draw a part graph of six parts; some links join three parts."""
    chance = np.random.default_rng(seed)
    ends = [two for two in itertools.combinations(range(6), 2) if chance.random() < 0.6] or [(0, 1)]
    links = [
        sorted(chance.choice(6, size=chance.choice([2, 2, 3]), replace=False).tolist()) for _ in range(8)
    ]
    return PartGraph(
        size=6,
        pair=np.arange(len(ends)) * 2,
        one=np.array([one for one, _ in ends]),
        other=np.array([other for _, other in ends]),
        start=np.cumsum([0, *(len(own) for own in links)]),
        group=np.array([part for own in links for part in own]),
        owner=np.array([0, 0, 1, 2, 3, 4, 5, 5]),
        part=np.array([0, 1, 2, 3, 4, 5, 5]),
    )


def weights(seed, size):
    return np.random.default_rng(seed + 1000).integers(0, 11, size) / 10


def roots(size, edges):
    """Return the component of each node, named by its least member."""
    label = list(range(size))
    for _ in range(size):
        for one, other in edges:
            label[one] = label[other] = min(label[one], label[other])
    return label


@pytest.mark.parametrize(
    ("edges", "size"),
    [([], 0), ([(3, 7)], 1), ([(3, 7), (7, 3)], 1), ([(0, 1), (1, 2), (0, 2)], 2), ([(0, 9), (4, 5)], 2)],
)
def test_a_spanning_forest_has_an_edge_less_than_nodes_in_each_component(edges, size):
    one, other = np.array(edges, np.int64).reshape(-1, 2).T
    assert forest_size(one, other) == size


def test_arcs_are_relevant_to_the_pairs_that_have_a_walk_over_them_within_the_limit():
    for seed in range(20):
        problem = dense_problem(seed).canonical()
        t = tables(problem)
        arcs, every = arcs_of(t.net), {c.id for c in problem.candidates}
        arcs = arcs[np.arange(len(arcs)) % 3 != 0]

        def is_relevant(a, pair, arcs=arcs, problem=problem, every=every):
            tail, head, seconds, _ = arcs[a].tolist()
            to_tail = seconds_between(problem, pair.origin, every).get(tail, NEVER)
            on = seconds_between(problem, head, every).get(pair.destination, NEVER)
            return to_tail + seconds + on <= pair.limit

        found = np.array([[is_relevant(a, pair) for a in range(len(arcs))] for pair in problem.pairs])
        reach = Reach.in_tables(t)
        for k, expected in enumerate(found):
            assert reach.only([k]).used(arcs).tolist() == expected.tolist()
        assert reach.used(arcs).tolist() == found.any(axis=0).tolist()


def test_the_largest_y_of_a_pair_between_two_parts_is_its_claim():
    for seed in SEEDS:
        g = graph(seed)
        doubled = g._replace(
            pair=np.tile(g.pair, 2),
            one=np.concatenate([g.one, g.other]),
            other=np.concatenate([g.other, g.one]),
        )
        y = weights(seed, len(doubled.pair))
        claim, pair_of = _strongest_claims(doubled, y)
        for u, v in itertools.product(range(6), range(6)):
            between = [
                q for q, ends in enumerate(zip(doubled.one, doubled.other, strict=True)) if {*ends} == {u, v}
            ]
            assert claim[u, v] == max((y[q] for q in between), default=0.0)
            best = [q for q in between if y[q] == claim[u, v] > 0]
            assert pair_of[u, v] == min(best, default=-1)


def test_a_merged_part_has_the_stronger_claims_of_both_and_the_last_part_takes_the_free_number():
    for seed, (u, v) in itertools.product(range(5), itertools.combinations(range(6), 2)):
        g = graph(seed)
        claim, pair_of = _strongest_claims(g, weights(seed, len(g.pair)))
        part = np.array([0, 1, 2, 3, 4, 5, 2])
        old, old_pairs, old_part = claim.copy(), pair_of.copy(), part.copy()
        _merge(claim, pair_of, part, u, v, 6)
        new = {old: old for old in range(6)} | {5: v, v: u}
        assert part.tolist() == [new[p] for p in old_part.tolist()]
        for a, b in itertools.combinations(range(5), 2):
            before = [
                (old[p, q], int(old_pairs[p, q]))
                for p, q in itertools.combinations(range(6), 2)
                if {new[p], new[q]} == {a, b}
            ]
            most = max(value for value, _ in before)
            assert claim[a, b] == claim[b, a] == most
            assert pair_of[a, b] == pair_of[b, a]
            assert int(pair_of[a, b]) in {pair for value, pair in before if value == most}
        assert all(claim[a, a] == 0.0 for a in range(5))


def test_links_lower_the_right_side_by_their_capacity_for_each_two_parts_that_they_touch():
    for seed in SEEDS:
        g, chance = graph(seed), np.random.default_rng(seed)
        part = chance.integers(0, 4, 6)
        capacity = chance.integers(0, 9, len(g.owner)) / 8
        linked = np.full((6, 6), 7.0)
        _measure_links(g, capacity, part, linked, 4)
        touched = [{part[p] for p in g.group[a:b]} for a, b in itertools.pairwise(g.start.tolist())]
        for u, v in itertools.product(range(4), range(4)):
            both = [capacity[i] for i, parts in enumerate(touched) if u != v and {u, v} <= parts]
            assert linked[u, v] == pytest.approx(sum(both))
        assert (linked[4:] == 7.0).all()
        assert (linked[:, 4:] == 7.0).all()
        assert _crossing(g, part).tolist() == [len(parts) - 1 for parts in touched]


def bottleneck(claim, count, u, v):
    """Return the largest claim c such that u and v are joined by claims of at least c; 0 without any."""
    for value in sorted({*claim[:count, :count].ravel().tolist()} - {0.0}, reverse=True):
        label = roots(count, [(a, b) for a in range(count) for b in range(count) if claim[a, b] >= value])
        if label[u] == label[v]:
            return value
    return 0.0


def merges(g, y, capacity, part, count):
    """Return the gain of merging each two parts, from claims and links taken anew."""
    claim = np.zeros((count, count))
    for q in range(len(y)):
        u, v = part[g.one[q]], part[g.other[q]]
        if u != v:
            claim[u, v] = claim[v, u] = max(claim[u, v], y[q])
    linked = np.zeros((6, 6))
    _measure_links(g, capacity, part, linked, count)
    gains = {
        (u, v): linked[u, v] - bottleneck(claim, count, u, v)
        for u, v in itertools.combinations(range(count), 2)
        if linked[u, v] > 0
    }
    return claim, gains


def test_the_merge_of_largest_gain_is_that_over_the_widest_path_of_claims():
    for seed in SEEDS:
        g = graph(seed)
        y, capacity = weights(seed, len(g.pair)), weights(seed + 5, len(g.owner)) / 2
        claim, gains = merges(g, y, capacity, np.arange(6), 6)
        linked = np.zeros((6, 6))
        _measure_links(g, capacity, np.arange(6), linked, 6)
        order, parent = np.empty(6, np.int64), np.empty(6, np.int64)
        gain, u, v = _best_merge(claim, linked, np.zeros((6, 6)), order, parent, 6)
        most = max([0.0, *gains.values()])
        assert gain == pytest.approx(most)
        assert (u, v) == (-1, -1) if most <= 1e-12 else gains[min(u, v), max(u, v)] == pytest.approx(most)
        assert sorted(order.tolist()) == list(range(6))
        edges = [(v, int(parent[v])) for v in range(6) if parent[v] >= 0]
        label = roots(6, [(a, b) for a in range(6) for b in range(6) if claim[a, b] > 0])
        assert len(edges) == 6 - len(set(label))
        for a, b in itertools.combinations(range(6), 2):
            forest = np.zeros((6, 6))
            for one, other in edges:
                forest[one, other] = forest[other, one] = claim[one, other]
            assert bottleneck(forest, 6, a, b) == bottleneck(claim, 6, a, b)


def test_merging_ends_where_no_merge_gains_and_the_forest_has_the_largest_claims():
    merged = 0
    for seed in SEEDS:
        g = graph(seed)
        y, capacity = weights(seed, len(g.pair)), weights(seed + 9, len(g.owner)) / 4
        forest, part = _forest(g, capacity, y)
        count = len(set(part.tolist()))
        assert set(part.tolist()) == set(range(count))
        claim, gains = merges(g, y, capacity, part, count)
        assert max([0.0, *gains.values()]) <= 1e-9
        ends = [(int(part[g.one[q]]), int(part[g.other[q]])) for q in forest.tolist()]
        label = roots(count, [(a, b) for a in range(count) for b in range(count) if claim[a, b] > 0])
        assert len(ends) == count - len(set(label))
        assert roots(count, ends) == label
        spanning, left = 0.0, list(range(count))
        for q in np.argsort(-y).tolist():
            one, other = left[part[g.one[q]]], left[part[g.other[q]]]
            if one != other and y[q] > 0:
                spanning += y[q]
                left = [one if mine == other else mine for mine in left]
        assert y[forest].sum() == pytest.approx(spanning)
        merged += count < 6
    assert merged >= 10


# ---- searches of a round


def cuts_of(g, found=lambda _pairs, _part: None):
    return PartitionCuts(g, found)


def test_the_first_search_takes_y_as_it_is_and_later_ones_leave_out_pairs_and_lower_used_ones():
    y, used = np.full(4000, 0.5), np.repeat([0.0, 4.0], 2000)
    cuts = cuts_of(None)
    assert cuts.varied(y, used, 0) is y
    for search, share in ((1, 0.9), (2, 0.5), (3, 0.9), (4, 0.5)):
        varied = cuts.varied(y, used, search)
        kept = varied > 0
        assert kept.mean() == pytest.approx(share, abs=0.04)
        assert (varied[:2000][kept[:2000]] == 0.5).all()
        lowered = 0.5 - varied[2000:][kept[2000:]]
        assert lowered.min() >= 0.0
        assert lowered.max() == pytest.approx(0.08, abs=0.005)
        assert lowered.mean() == pytest.approx(0.04, abs=0.005)
    assert (cuts.varied(np.full(4000, 0.01), used * 100, 1) >= 0.0).all()


def scripted(monkeypatch, forests):
    """Replace the search by one that returns these forests in turn and merges nothing; return its calls."""
    calls, left = [], iter(forests)

    def forest(g, capacity, y):
        calls.append((capacity, y))
        return np.array(next(left), np.int64), np.arange(g.size)

    monkeypatch.setattr(partitions, "_forest", forest)
    return calls


def triangle_graph():
    return part_graph(tables(triangle()))


@pytest.mark.parametrize(
    ("forests", "rows", "searches"),
    [
        ([[0, 1], [0, 1], [0, 1], [0, 1], [0, 2]], 1, 4),  # three searches in a row without a new row
        ([[0, 1], [1, 0], [0, 1], [1, 2], [0, 1], [1, 2], [0, 2], [0, 1]], 3, 8),
        ([[0], [0], [0], [0, 1]], 0, 3),  # one pair alone is not violated
    ],
)
def test_a_round_ends_after_three_searches_in_a_row_without_a_new_row(monkeypatch, forests, rows, searches):
    calls = scripted(monkeypatch, forests)
    half = np.full(3, 0.5)
    assert len(cuts_of(triangle_graph()).violated(half, np.ones(3), most=8)) == rows
    assert len(calls) == searches


def test_capacities_are_those_of_the_owners_of_links_and_y_is_at_most_1(monkeypatch):
    calls = scripted(monkeypatch, [[0, 1]])
    x = np.array([0.25, 0.5, 0.75])
    cuts_of(triangle_graph()).violated(x, np.array([0.5, 1.5, 1.0]), most=1)
    ((capacity, y),) = calls
    assert capacity == pytest.approx(x + LINK_PREFERENCE, abs=1e-12)
    assert y.tolist() == [0.5, 1.0, 1.0]


def test_pairs_of_earlier_rows_are_lowered_in_later_searches(monkeypatch):
    seen = []
    scripted(monkeypatch, [[0, 1], [1, 2], [0, 1], [0, 1]])
    cuts = cuts_of(triangle_graph())
    varied = cuts.varied

    def note(y, used, search):
        seen.append((used.tolist(), search))
        return varied(y, used, search)

    monkeypatch.setattr(cuts, "varied", note)
    cuts.violated(np.full(3, 0.5), np.ones(3), most=4)
    assert seen == [([0, 0, 0], 0), ([1, 1, 0], 1), ([1, 2, 1], 2), ([2, 3, 1], 3)]


@pytest.mark.parametrize(("work", "searches"), [(27 * 2, 2), (27 * 2 - 1, 1), (26, 0)])
def test_fewer_searches_are_made_on_large_part_graphs(monkeypatch, work, searches):
    monkeypatch.setattr(partitions, "WORK_PER_ROUND", work)
    calls = scripted(monkeypatch, [[0, 1], [1, 2], [0, 2]])
    cuts_of(triangle_graph()).violated(np.full(3, 0.5), np.ones(3), most=3)
    assert len(calls) == searches


@pytest.mark.parametrize(("margin", "rows"), [(0.5, 0), (0.499, 1)])
def test_a_row_is_returned_where_it_is_violated_by_more_than_the_margin(margin, rows):
    found = cuts_of(triangle_graph()).violated(np.full(3, 0.5), np.ones(3), most=1, margin=margin)
    assert len(found) == rows


def test_each_row_is_reported_with_its_pairs_and_the_part_of_each_node():
    reported = []
    links = [[(0, 1, 1)], [(1, 2, 1)], [(0, 2, 1)]]
    pairs = [Pair(0, 1, 2, 1), Pair(0, 2, 2, 1), Pair(1, 2, 2, 1)]
    g = part_graph(tables(mesh(4, [(2, 3, 1)], links, [*pairs, Pair(0, 3, 2, 1)])))
    cuts = cuts_of(g, lambda found, part: reported.append((found.tolist(), part.tolist())))
    rows = cuts.violated(np.full(3, 0.5), np.ones(4), most=4)
    assert [found for found, _ in reported] == [rows.pairs_of(i).tolist() for i in range(len(rows))]
    assert {tuple(part) for _, part in reported} == {(0, 1, 2, 2)}


def test_the_family_makes_a_separator_for_each_worker_and_none_without_a_part_graph():
    new = partition_inequalities(tables(triangle()))
    first, second = new(), new()
    assert first is not second
    assert first.graph is second.graph
    assert partition_inequalities(tables(mesh(2, [], [[(0, 1, 1)]], [Pair(0, 1, 1, 1)]))) is None


def chosen_pairs(problem):
    """Return the pairs of the part graph and the part of each node, from the definition; None: no graph."""
    every = {c.id for c in problem.candidates}
    seconds = [seconds_between(problem, node, every) for node in range(len(problem.nodes))]
    uses = [
        {
            (u, v)
            for u, v, s in problem.arcs
            if seconds[p.origin].get(u, NEVER) + s + seconds[v].get(p.destination, NEVER) <= p.limit
        }
        for p in problem.pairs
    ]
    arcs = [
        sum(
            seconds[p.origin].get(u, NEVER) + s + seconds[v].get(p.destination, NEVER) <= p.limit
            for u, v, s in problem.arcs
        )
        for p in problem.pairs
    ]
    order, best = sorted(range(len(arcs)), key=lambda k: arcs[k]), None
    for end in sorted({arcs.count(0), *(math.ceil(s * len(order)) for s in (0.5, 0.6, 0.7, 0.8, 0.9, 1.0))}):
        label = roots(len(problem.nodes), [edge for k in order[:end] for edge in uses[k]])
        ends = {k: (label[problem.pairs[k].origin], label[problem.pairs[k].destination]) for k in order[:end]}
        apart = sorted(k for k, (one, other) in ends.items() if one != other)
        joined = roots(len(problem.nodes), [ends[k] for k in apart])
        score = (len(problem.nodes) - len(set(joined)), len(apart))
        if 2 * len(apart) >= len(order) and (best is None or score > best[0]):
            best = score, apart, label
    return None if best is None or best[0][0] < 2 else best[1:]


def test_of_the_sets_of_pairs_the_one_with_most_edges_and_then_most_pairs_is_taken():
    graphs = fewer = 0
    for seed in range(40):
        chance = np.random.default_rng(seed)
        today = [(*chance.choice(7, 2, replace=False).tolist(), int(chance.integers(2, 7))) for _ in range(4)]
        links = [[(*chance.choice(7, 2, replace=False).tolist(), 1)] for _ in range(9)]
        pairs = [
            Pair(*chance.choice(7, 2, replace=False).tolist(), int(chance.integers(1, 9)), 1)
            for _ in range(int(chance.integers(4, 9)))
        ]
        problem = mesh(7, today, links, sorted(pairs, key=lambda p: (p.origin, p.destination)))
        expected, found = chosen_pairs(problem), part_graph(tables(problem))
        assert (found is None) == (expected is None)
        if found is None:
            continue
        apart, label = expected
        assert found.pair.tolist() == apart
        assert found.size == len(set(label))
        assert len({*zip(label, found.part.tolist(), strict=True)}) == found.size
        graphs += 1
        fewer += len(apart) < len(pairs)
    assert graphs >= 20
    assert fewer >= 6
