"""Compare what measures are computed on with slower computations of the same."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measures_drawing import PLACES, drawn_candidates, drawn_cities, drawn_graph, drawn_problem
from shapely import LineString

from optimiser.engine.search.paths import FAR
from optimiser.measures.appraisal import valuer
from optimiser.measures.appraisal.trips import trips
from optimiser.measures.polycentricity.dependence import core_times
from optimiser.measures.polycentricity.streets import NOWHERE, Streets, journeys
from optimiser.problem import Candidate, DesignProblem, Pair
from optimiser.problem.errors import ProblemError
from optimiser.run import measured
from optimiser.run.sensitivity import with_arcs

ENDS = np.array([(i, j) for i in range(4) for j in range(i + 1, 4)], dtype=np.int64)

NODES = 7
arcs = st.lists(
    st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1), st.integers(1, 9)).filter(
        lambda arc: arc[0] != arc[1]
    ),
    max_size=18,
)


def problem_of(open_arcs, built, pairs) -> DesignProblem:
    return DesignProblem(
        name="random",
        nodes=tuple(f"n{i}" for i in range(NODES)),
        arcs=tuple(open_arcs),
        candidates=tuple(Candidate(f"c{j}", 1, tuple(part)) for j, part in enumerate(built)),
        pairs=tuple(Pair(i, j, 12, 1 + i) for i, j in pairs),
        budget=9,
    )


def shortest(problem: DesignProblem, built) -> list[int]:
    graph = nx.DiGraph()
    graph.add_nodes_from(range(NODES))
    every = [*problem.arcs, *(arc for name in built for arc in problem.candidates[problem.index[name]].arcs)]
    for tail, head, seconds in sorted(every, key=lambda arc: -arc[2]):
        graph.add_edge(tail, head, weight=seconds)
    found = dict(nx.all_pairs_dijkstra_path_length(graph))
    return [found[pair.origin].get(pair.destination, int(FAR)) for pair in problem.pairs]


pairs_of = st.lists(
    st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1)).filter(lambda pair: pair[0] != pair[1]),
    min_size=1,
    max_size=8,
    unique=True,
)


@settings(max_examples=60, deadline=None)
@given(arcs, st.lists(arcs, min_size=1, max_size=3), pairs_of, st.data())
def test_times_of_any_subset_are_those_of_a_fresh_search_whatever_the_limit(open_arcs, built, pairs, data):
    problem = problem_of(open_arcs, built, pairs)
    names = data.draw(st.lists(st.sampled_from([c.id for c in problem.candidates]), unique=True))
    assert valuer(problem).times(names).tolist() == shortest(problem, names)


@settings(max_examples=60, deadline=None)
@given(arcs, st.lists(arcs, min_size=1, max_size=3), pairs_of, st.data())
def test_looking_at_the_gained_pairs_alone_changes_no_value(open_arcs, built, pairs, data):
    problem = problem_of(open_arcs, built, pairs)
    plan = data.draw(st.lists(st.sampled_from([c.id for c in problem.candidates]), unique=True))
    part = data.draw(st.lists(st.sampled_from(plan), unique=True)) if plan else []
    whole, narrow = valuer(problem), valuer(problem).within(plan)
    assert narrow.covered(part) == whole.covered(part)
    assert narrow.value(part) == whole.value(part)


def streets_of(open_arcs, core) -> Streets:
    table = np.array(open_arcs, dtype=np.int64).reshape(-1, 3)
    area = np.arange(NODES, dtype=np.int64)
    area[NODES - 1] = NOWHERE
    is_core = np.isin(np.arange(NODES), core)
    return Streets(table[:, 0], table[:, 1], table[:, 2], area, is_core, np.zeros(len(table), dtype=bool))


@settings(max_examples=60, deadline=None)
@given(arcs, pairs_of, st.lists(st.integers(0, NODES - 1), min_size=1, max_size=3, unique=True))
def test_times_with_and_without_the_core_are_those_of_the_problem(open_arcs, pairs, core):
    problem = problem_of(open_arcs, [], pairs)
    origin, destination = np.array(pairs, dtype=np.int64).T
    found = journeys(
        streets_of(open_arcs, core), origin, destination, np.ones(len(pairs), dtype=np.int64), areas=NODES
    )
    expected = core_times(problem, (), [f"n{i}" for i in core])
    for name in ("best", "through", "closed", "ends"):
        assert getattr(found.core, name).tolist() == getattr(expected, name).tolist()


@settings(max_examples=60, deadline=None)
@given(arcs, pairs_of)
def test_a_pair_counts_for_an_area_only_where_a_best_path_passes_it(open_arcs, pairs):
    graph = nx.DiGraph()
    graph.add_nodes_from(range(NODES))
    for tail, head, seconds in sorted(open_arcs, key=lambda arc: -arc[2]):
        graph.add_edge(tail, head, weight=seconds)
    for one, other in pairs:
        found = journeys(
            streets_of(open_arcs, []),
            np.array([one]),
            np.array([other]),
            np.array([3]),
            areas=NODES - 1,
        )
        passed = {area for area in range(NODES - 1) if found.through[area]}
        if not nx.has_path(graph, one, other):
            assert not passed
            assert not found.elsewhere.any()
            continue
        ways = nx.all_shortest_paths(graph, one, other, weight="weight")
        inner = [set(way) - {one, other, NODES - 1} for way in ways]
        assert passed in inner
        assert found.elsewhere.tolist() == [0 if area in (one, other) else 3 for area in range(NODES - 1)]


def test_a_road_that_runs_through_the_core_between_nodes_outside_it_counts_as_within():
    table = np.array([(0, 1, 5), (0, 2, 9), (2, 1, 9)], dtype=np.int64)
    streets = Streets(*table.T, np.full(3, NOWHERE), np.zeros(3, dtype=bool), np.array([True, False, False]))
    found = journeys(streets, np.array([0]), np.array([1]), np.array([1]), areas=0)
    assert (found.core.best[0], found.core.closed[0]) == (5, 18)


def test_the_whole_problem_leaves_nothing_out_that_pairs_can_use_beyond_their_limits():
    # A problem without open arcs: what preparing leaves when nothing helps within the limit.
    pruned = drawn_problem().replace(arcs=())
    arcs_built = measured.arcs_of(pruned, drawn_candidates(), ["bd"])
    whole = measured.whole_problem(pruned, drawn_graph(), arcs_built, ENDS)
    assert valuer(whole).times(()).tolist() == [3610, 7210, 10810, 10800, 14400, 3600]
    assert valuer(whole).times(["bd"]).tolist() == [3610, 7210, 9010, 9000, 5400, 3600]


def test_a_candidate_that_was_not_proposed_has_the_arcs_of_the_problem():
    none = dataclasses.replace(
        drawn_candidates(), table=drawn_candidates().table.iloc[:0], arcs=drawn_candidates().arcs.iloc[:0]
    )
    found = measured.arcs_of(drawn_problem(), none, ["bd"])
    assert found["tail_id"].tolist() == ["city:b", "city:d"]
    assert found["seconds"].tolist() == [5400, 5400]


def test_a_new_stop_is_where_the_station_is_that_an_arc_ties_it_to():
    more = pd.DataFrame(
        {"tail_id": ["city:a", "new:x/0"], "head_id": ["new:x/0", "city:c"], "seconds": [60, 900]}
    )
    graph = with_arcs(drawn_graph(), more)
    found = measured.streets(graph, drawn_cities(), core=np.array([0]), core_km=15.0, near_km=10.0)
    assert found.is_core.tolist() == [True, False, False, False, True, True]
    assert found.area.tolist() == [0, 1, 2, 3, 0, 0]


def test_roads_cross_the_core_by_their_line_and_not_by_their_ends():
    lines = gpd.GeoSeries(
        [LineString([(115.5, 40.0), (116.5, 40.0)]), LineString([(115.5, 41), (116.5, 41)])]
    )
    graph = dataclasses.replace(drawn_graph(), ref=np.array([1, 1, 0, 0, 1, 1, -1, -1], dtype=np.int64))
    found = measured.streets(
        graph, drawn_cities(), core=np.array([0]), core_km=15.0, near_km=10.0, lines=lines
    )
    assert found.crosses.tolist() == [False, False, True, True, False, False, False, False]


@given(
    st.lists(st.integers(1, 10**6), min_size=4, max_size=4),
    st.lists(st.one_of(st.none(), st.integers(1, 10**5)), min_size=6, max_size=6),
)
def test_trips_sum_to_the_trips_of_all_who_have_a_partner(people, seconds):
    ends = [(i, j) for i in range(4) for j in range(i + 1, 4)]
    found = trips(ends, seconds, people, per_person=2.5)
    joined = {place for pair, time in zip(ends, seconds, strict=True) if time is not None for place in pair}
    assert found.sum() == pytest.approx(2.5 * sum(people[place] for place in joined))
    assert all((number > 0) == (time is not None) for number, time in zip(found, seconds, strict=True))


def test_trips_below_nought_are_refused():
    with pytest.raises(ProblemError, match="do not match"):
        trips([(0, 1)], [5], [1, 1], per_person=-1)


@settings(max_examples=40, deadline=None)
@given(arcs, st.lists(arcs, min_size=1, max_size=2))
def test_the_whole_problem_keeps_the_times_of_every_pair_for_every_part_of_the_plan(open_arcs, built):
    # Nodes 0 to 3 are cities, 4 and 5 junctions, and 6 is a stop that candidates bring.
    table = np.array([arc for arc in open_arcs if 6 not in arc[:2]], dtype=np.int64).reshape(-1, 3)
    ids = [*PLACES, "road:1", "new:stop"]
    problem = drawn_problem().replace(
        arcs=(), candidates=tuple(Candidate(f"c{j}", 1, ()) for j in range(len(built)))
    )
    graph = dataclasses.replace(
        drawn_graph(),
        nodes=pd.DataFrame({"node_id": ids[:6], "kind": "road", "lon": 0.0, "lat": 0.0}),
        tail=table[:, 0],
        head=table[:, 1],
        seconds=table[:, 2],
        kind=np.zeros(len(table), dtype=np.int8),
        ref=np.full(len(table), -1, dtype=np.int64),
    )
    opened = pd.DataFrame(
        [(f"c{j}", ids[tail], ids[head], s) for j, part in enumerate(built) for tail, head, s in part],
        columns=["candidate_id", "tail_id", "head_id", "seconds"],
    )
    whole = measured.whole_problem(problem, graph, opened, ENDS)
    known = [c.id for c in whole.candidates]
    for names in ([], known[:1], known):
        arcs_open = [*map(tuple, table.tolist()), *(arc for name in names for arc in built[int(name[1:])])]
        plain = problem_of(arcs_open, [], [tuple(pair) for pair in ENDS.tolist()])
        assert valuer(whole).times(names).tolist() == shortest(plain, [])
