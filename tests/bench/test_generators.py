"""Check the form of generated instances, and that they are equal on every machine."""

from __future__ import annotations

import hashlib
import itertools
import json

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiers import examples

from optimiser.bench import generators
from optimiser.bench.generators import Drawing, Proposal, Road, drive_time_s, limit_of, link_cost
from optimiser.bench.generators.families import (
    CorridorParameters,
    GeometricParameters,
    GridParameters,
    HardParameters,
    HubRingParameters,
    NationalParameters,
    corridors,
    geometric,
    grid,
    hard,
    hub_ring,
    national,
    national_of_size,
)
from optimiser.engine.search.paths import covered
from optimiser.engine.search.tables import tables
from optimiser.problem import dumps, parse

SMALL = {
    "grid": lambda seed: grid(GridParameters(rows=4, columns=4, candidates=12, pairs=20, seed=seed)),
    "corridors": lambda seed: corridors(CorridorParameters(corridors=2, cities=5, pairs=20, seed=seed)),
    "hub_ring": lambda seed: hub_ring(HubRingParameters(spokes=5, rings=2, pairs=20, seed=seed)),
    "geometric": lambda seed: geometric(GeometricParameters(places=12, candidates=12, pairs=20, seed=seed)),
    "hard": lambda seed: hard(HardParameters(places=20, candidates=40, pairs=60, relevant=10, seed=seed)),
    "national": lambda seed: national(national_of_size(20, seed)),
}
DIGESTS = {
    "grid": "e6b20943566ae54a",
    "corridors": "5c96af34dfe0f8cb",
    "hub_ring": "ba76f895b0cc7657",
    "geometric": "cbbbf9eb82042d63",
    "hard": "853514e8ec323d0a",
    "national": "7e0def5e0968442e",
}


@pytest.mark.parametrize("family", SMALL)
def test_an_instance_is_the_same_on_every_machine(family):
    digest = hashlib.sha256(dumps(SMALL[family](1)).encode()).hexdigest()[:16]
    assert digest == DIGESTS[family]


@pytest.mark.parametrize("family", SMALL)
def test_another_seed_gives_another_instance(family):
    assert SMALL[family](1) != SMALL[family](2).replace(name=SMALL[family](1).name)


@pytest.mark.parametrize("family", SMALL)
def test_an_instance_is_read_back_unchanged(family):
    problem = SMALL[family](1)
    assert parse(json.loads(dumps(problem))) == problem


@pytest.mark.parametrize("family", [name for name in SMALL if name != "national"])
@examples(10)
@given(seed=st.integers(0, 2**31 - 1))
def test_pairs_are_open_and_can_be_covered(family, seed):
    problem = SMALL[family](seed)
    assert len(problem.pairs) > 0
    assert not covered(problem, ()).any()
    assert covered(problem, range(len(problem.candidates))).all()


def test_the_hard_family_has_about_sixty_relevant_candidates_a_pair():
    problem = hard(HardParameters())
    t = tables(problem)
    assert (len(problem.candidates), len(problem.pairs)) == (200, 1000)
    assert abs(np.median(np.diff(t.use_start)) - 60) <= 1
    assert not covered(problem, ()).any()
    assert covered(problem, range(200)).all()


@examples(5)
@given(seed=st.integers(0, 1000))
def test_a_country_has_the_number_of_open_pairs_asked_for(seed):
    problem = national(national_of_size(40, seed))
    now, then = covered(problem, ()), covered(problem, range(len(problem.candidates)))
    assert int((then & ~now).sum()) == 177
    assert then.all()
    assert len(problem.candidates) == 133


def test_the_country_of_300_cities_has_its_documented_sizes():
    problem = national(NationalParameters())
    assert (len(problem.nodes), len(problem.candidates)) == (300, 1000)
    assert int((~covered(problem, ())).sum()) == 10_000


def test_a_spanning_tree_of_four_points_by_hand():
    lengths = np.array([[0, 1, 4, 9], [1, 0, 2, 8], [4, 2, 0, 3], [9, 8, 3, 0]])
    assert generators.spanning_tree(lengths) == [(0, 1), (1, 2), (2, 3)]


POINTS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=2, max_size=9, unique=True)


@given(POINTS)
def test_a_spanning_tree_has_the_weight_that_networkx_finds(points):
    lengths = generators.distances(np.array(points))
    tree = generators.spanning_tree(lengths)
    graph = nx.Graph(
        (a, b, {"weight": lengths[a, b]}) for a, b in itertools.combinations(range(len(points)), 2)
    )
    assert nx.is_tree(nx.Graph(tree))
    assert sum(lengths[edge] for edge in tree) == nx.minimum_spanning_tree(graph).size("weight")


@given(POINTS)
def test_points_between_see_the_ends_under_an_obtuse_angle(points):
    found = generators.points_between(np.array(points))
    for a, b in itertools.permutations(range(len(points)), 2):
        obtuse = [
            sum((points[a][i] - p[i]) * (points[b][i] - p[i]) for i in (0, 1)) < 0
            for c, p in enumerate(points)
            if c not in (a, b)
        ]
        assert found[a, b] == sum(obtuse)


@given(POINTS)
def test_gabriel_neighbours_form_a_connected_graph(points):
    empty = generators.points_between(np.array(points)) == 0
    edges = [(a, b) for a, b in itertools.combinations(range(len(points)), 2) if empty[a, b]]
    graph = nx.Graph(edges)
    assert nx.is_connected(graph)
    assert len(graph) == len(points)


def test_points_with_another_between_them_are_no_close_neighbours():
    points = np.array([[0, 0], [10, 0], [5, 1]])
    assert generators.points_between(points)[0].tolist() == [0, 1, 0]
    assert generators.closest_neighbours(points, 2) == [(0, 2), (1, 2)]


def test_distances_are_rounded_down():
    assert generators.distances(np.array([[0, 0], [1, 1], [3, 4]])).tolist()[0] == [0, 1, 5]


def test_points_keep_their_distance():
    points = generators.scatter(generators.generator(1), 20, side_m=1000, apart_m=50)
    lengths = generators.distances(points)
    assert lengths[np.triu_indices(20, 1)].min() >= 50


def test_a_drive_is_rounded_up():
    assert [drive_time_s(1000, 60), drive_time_s(1001, 60), drive_time_s(0, 60)] == [60, 61, 1]


def test_a_link_cost_is_rounded_down_but_at_least_one():
    assert [link_cost(1500, 10), link_cost(1500, 10, 50), link_cost(1, 1)] == [15, 7, 1]


def test_a_limit_lies_between_the_best_time_and_today():
    assert [limit_of(100, 200, 15), limit_of(100, 110, 15)] == [115, 109]


def test_times_of_a_drawing_count_links_when_they_are_built():
    drawing = Drawing(3, (Road(0, 1, 5), Road(1, 2, 7)), (Proposal(0, 2, 4, 1),))
    assert drawing.times(built=False)[0].tolist() == [0, 5, 12]
    assert drawing.times(built=True)[0].tolist() == [0, 5, 4]
