"""Check that contraction and thinning keep every circuit and its windings."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import shapely
from hypothesis import given
from hypothesis import strategies as st
from ring_regions import GRID, GRID_EDGES, circuit_marks, grid_graph
from tiers import examples

from optimiser.proposals.rings.generate import RingNetwork
from optimiser.proposals.rings.graph import (
    GraphLink,
    GraphNode,
    RingGraph,
    contract,
    thinned,
    without_twins,
)
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


@examples(200)
@given(st.lists(points, min_size=3, max_size=9, unique=True), points, st.sampled_from([0.5, 50.0, 500.0]))
def test_windings_stay_as_they_are(line, centre, within_km):
    kept = [line[0], *thinned(line, [centre], within_km=within_km), line[-1]]
    before, after = winding_number(line, centre), winding_number(kept, centre)
    if before is not None:
        assert before == after


@examples(60)
@given(some_edges, st.sets(st.integers(0, GRID * GRID - 1)))
def test_contracting_keeps_every_circuit(edges, keep):
    graph = grid_graph(edges)
    assert circuit_marks(contract(graph, keep)) == circuit_marks(graph)


@examples(40)
@given(some_edges)
def test_of_twins_the_shortest_ring_stays(edges):
    graph = contract(grid_graph(edges), set())
    left = without_twins(graph, ((0, 0),))
    before, after = circuit_marks(graph), circuit_marks(left)
    assert after <= before
    assert min(after, default=0.0) == min(before, default=0.0)


# ---- twins


PLACES = (GraphNode("road:0", -0.5, 0.0), GraphNode("road:1", 0.5, 0.0))
NORTH, SOUTH = (0, 1_000_000), (0, -1_000_000)
"""Centres a tenth of a degree north and south of the line between the nodes."""


def arc(tail, head, north, length_km, candidate="", *, place=PLACES):
    """Return a link between two nodes that passes so many degrees north of the middle between them."""
    ends = [(place[k].lon, place[k].lat) for k in (tail, head)]
    return GraphLink(
        tail, head, shapely.LineString([ends[0], (0.0, north), ends[1]]), length_km, candidate=candidate
    )


def kept_of(links, centres, **options):
    """Return the positions of the links that stay."""
    graph = RingGraph(PLACES, tuple(links))
    left = without_twins(graph, centres, **options)
    return [k for k, link in enumerate(links) if link in left.links]


def test_of_twins_what_exists_stays_and_of_that_the_shortest():
    links = [arc(0, 1, 0.2, 10.0), arc(1, 0, 0.3, 8.0), arc(0, 1, 0.2, 5.0, "new"), arc(0, 1, 0.2, 8.0, "as")]
    assert kept_of(links, [NORTH]) == [1]
    # new links that are shorter than what exists stay where length counts
    assert kept_of(links, [NORTH], keep_short=True) == [1, 2]


def test_of_twins_that_must_be_built_the_shortest_of_each_candidate_stays():
    links = [arc(0, 1, 0.2, 5.0, "a"), arc(0, 1, 0.3, 4.0, "a"), arc(1, 0, 0.2, 9.0, "b")]
    assert kept_of(links, [NORTH]) == kept_of(links, [NORTH], keep_short=True) == [1, 2]


def test_links_that_pass_a_centre_on_different_sides_are_no_twins():
    links = [arc(0, 1, 0.2, 10.0), arc(0, 1, 0.0, 8.0), arc(0, 1, -0.2, 9.0)]
    assert kept_of(links, [NORTH]) == [0, 1]
    assert kept_of(links, [NORTH, SOUTH]) == [0, 1, 2]


def test_a_link_through_a_centre_leaves():
    assert kept_of([arc(0, 1, 0.2, 10.0), arc(0, 1, 0.0, 8.0)], [(0, 0)]) == [0]


def loop(south, north, length_km):
    """Return a loop at the western node, round what lies between two latitudes."""
    line = shapely.LineString([(-0.5, 0.0), (0.3, south), (0.3, north), (-0.5, 0.0)])
    return GraphLink(0, 0, line, length_km)


def test_a_loop_stays_where_it_winds_round_a_centre_whichever_way_it_runs():
    both, back = loop(-0.5, 0.5, 9.0), loop(0.5, -0.5, 8.0)
    north, beside = loop(0.0, 0.5, 7.0), loop(0.01, 0.02, 6.0)
    assert kept_of([both, back, north, beside], [NORTH, SOUTH]) == [1, 2]


# ---- contraction


def chain(*links):
    """Return a graph of four nodes in a line a degree apart."""
    nodes = tuple(GraphNode(f"road:{k}", float(k), 0.0) for k in range(4))
    return RingGraph(nodes, tuple(links))


def test_links_between_two_junctions_become_one_with_their_length_line_and_longest_name():
    straight = [shapely.LineString([(k, 0), (k + 1, 0)]) for k in range(3)]
    graph = chain(
        GraphLink(0, 1, straight[0], 2.0, "G1"),
        GraphLink(2, 1, straight[1].reverse(), 3.0, "G2"),
        GraphLink(2, 3, straight[2], 1.5, "G1"),
    )
    (joined,) = contract(graph, {0, 3}).links
    assert {joined.tail, joined.head} == {0, 1}
    assert (joined.length_km, joined.name) == (6.5, "G1")
    assert shapely.get_coordinates(joined.line)[:, 0].tolist() in ([0, 1, 2, 3], [3, 2, 1, 0])


def stretches(graph):
    return RingNetwork.stretches.func(SimpleNamespace(existing=graph))


def test_stretches_do_not_depend_on_where_roads_are_cut_between_interchanges():
    """A square of 40 km a side, its south-western corner with a road beside it, cut or whole."""
    corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (2.0, 2.0), (0.5, 0.0)]
    nodes = tuple(GraphNode(f"road:{k}", lon, lat) for k, (lon, lat) in enumerate(corners))

    def link(tail, head, km, direction=0):
        return GraphLink(
            tail, head, shapely.LineString([corners[tail], corners[head]]), km, direction=direction
        )

    others = [link(1, 2, 40.0), link(3, 2, 40.0), link(0, 3, 40.0), link(2, 4, 7.0)]
    whole = stretches(RingGraph(nodes, (link(0, 1, 40.0), *others)))
    cut = stretches(RingGraph(nodes, (link(0, 5, 15.0), link(1, 5, 25.0), *others)))
    for found in (whole, cut):
        # Of the corners only that with the spur is an interchange: once round, and the spur.
        assert sorted(found["metres"]) == [7_000, 160_000]
        assert found["forward"].all()
        assert found["backward"].all()
    one_way = stretches(RingGraph(nodes, (link(0, 5, 15.0, 1), link(1, 5, 25.0, -1), *others)))
    (row,) = one_way[one_way["metres"] == 160_000].to_dict("records")
    assert row["forward"] != row["backward"]
    against = stretches(RingGraph(nodes, (link(0, 5, 15.0, 1), link(1, 5, 25.0, 1), *others)))
    (row,) = against[against["metres"] == 160_000].to_dict("records")
    assert not row["forward"] | row["backward"]


def test_a_joined_link_knows_its_inner_nodes_and_how_much_of_it_are_ties():
    straight = [shapely.LineString([(k, 0), (k + 1, 0)]) for k in range(3)]
    links = [GraphLink(k, k + 1, straight[k], 2.0, candidate="new") for k in range(3)]
    links[2] = replace(links[2], length_km=1.5, tie_km=1.5)
    (joined,) = contract(chain(*links), {0, 3}).links
    assert sorted(joined.inner) == ["road:1", "road:2"]
    assert (joined.length_km, joined.tie_km) == (5.5, 1.5)


def test_a_node_to_be_kept_and_links_of_different_candidates_stay_apart():
    straight = [shapely.LineString([(k, 0), (k + 1, 0)]) for k in range(3)]
    links = [GraphLink(k, k + 1, straight[k], 1.0, candidate=name) for k, name in enumerate(("", "", "new"))]
    assert sorted(link.length_km for link in contract(chain(*links), {0, 3}).links) == [1.0, 2.0]
    assert sorted(link.length_km for link in contract(chain(*links), {0, 1, 3}).links) == [1.0, 1.0, 1.0]
