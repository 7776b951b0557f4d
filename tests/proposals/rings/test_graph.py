"""Check that contraction and thinning keep every circuit and its windings."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from ring_regions import GRID, GRID_EDGES, circuit_marks, grid_graph

from optimiser.proposals.rings.graph import contract, thinned, without_twins
from optimiser.verify.rings import winding_number

near = st.integers(-30_000_000, 30_000_000)
points = st.tuples(near, near)
some_edges = st.lists(st.sampled_from(GRID_EDGES), unique=True, min_size=8)


def test_a_straight_line_needs_no_corners():
    line = [(0, 0), (100_000, 0), (200_000, 10), (300_000, 0)]
    assert thinned(line, [(0, 5_000_000)], within_km=0.5) == ()


def test_a_corner_that_matters_stays():
    line = [(0, 0), (1_000_000, 1_000_000), (2_000_000, 0)]
    assert thinned(line, [(0, 5_000_000)], within_km=0.5) == ((1_000_000, 1_000_000),)


def test_a_small_bend_round_a_centre_stays():
    line = [(0, 0), (1_000_000, 20_000), (2_000_000, 0)]  # 220 m north
    assert thinned(line, [(1_000_000, 10_000)], within_km=0.5) == ((1_000_000, 20_000),)
    assert thinned(line, [(1_000_000, 30_000)], within_km=0.5) == ()


@settings(max_examples=200, deadline=None)
@given(st.lists(points, min_size=3, max_size=9, unique=True), points, st.sampled_from([0.5, 50.0, 500.0]))
def test_windings_stay_as_they_are(line, centre, within_km):
    kept = [line[0], *thinned(line, [centre], within_km=within_km), line[-1]]
    before, after = winding_number(line, centre), winding_number(kept, centre)
    if before is not None:
        assert before == after


@settings(max_examples=60, deadline=None)
@given(some_edges, st.sets(st.integers(0, GRID * GRID - 1)))
def test_contracting_keeps_every_circuit(edges, keep):
    graph = grid_graph(edges)
    assert circuit_marks(contract(graph, keep)) == circuit_marks(graph)


@settings(max_examples=40, deadline=None)
@given(some_edges)
def test_of_twins_the_shortest_ring_stays(edges):
    graph = contract(grid_graph(edges), set())
    left = without_twins(graph, ((0, 0),))
    before, after = circuit_marks(graph), circuit_marks(left)
    assert after <= before
    assert min(after, default=0.0) == min(before, default=0.0)
