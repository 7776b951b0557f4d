"""Compare the preparation of a plan for its measures with slower computations."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from measures_drawing import PLACES, drawn_candidates, drawn_cities, drawn_graph, drawn_problem
from shapely import LineString
from small_networks import arc_lists, shortest_times
from tiers import examples

from optimiser.measures.valuation import Valuer
from optimiser.problem import Candidate
from optimiser.proposals.table import Candidates
from optimiser.run.measured_plan import exact_problem, mark_network
from optimiser.run.timing import with_arcs

ENDS = np.array([(i, j) for i in range(4) for j in range(i + 1, 4)], dtype=np.int64)


def test_the_exact_problem_keeps_what_pairs_use_beyond_their_limits():
    # A problem without open arcs: what preparing leaves when nothing helps within the limit.
    pruned = drawn_problem().replace(arcs=())
    exact = Valuer.of(exact_problem(pruned, drawn_graph(), drawn_candidates().take([0]), ENDS))
    assert exact.times(()).tolist() == [3610, 7210, 10810, 10800, 14400, 3600]
    assert exact.times(["bd"]).tolist() == [3610, 7210, 9010, 9000, 5400, 3600]


@examples(40)
@given(arc_lists(7), st.lists(arc_lists(7), min_size=1, max_size=2))
def test_the_exact_problem_keeps_the_times_of_all_pairs_for_every_subset_of_the_plan(open_arcs, built):
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
        [(j, ids[tail], ids[head], s) for j, part in enumerate(built) for tail, head, s in part],
        columns=["candidate", "tail_id", "head_id", "seconds"],
    )
    names = [c.id for c in problem.candidates]
    proposed = pd.DataFrame({"candidate_id": names, "cost": 1, "kind": "", "instrument": "", "fixed": ""})
    exact = exact_problem(problem, graph, Candidates(table=proposed, arcs=opened), ENDS)
    known = [c.id for c in exact.candidates]
    assert sorted(known) == [c.id for c in problem.candidates]
    for names in ([], known[:1], known):
        arcs = [*map(tuple, table.tolist()), *(arc for name in names for arc in built[int(name[1:])])]
        assert Valuer.of(exact).times(names).tolist() == shortest_times(7, arcs, ENDS.tolist())


def test_a_new_stop_lies_where_the_station_lies_that_an_arc_joins_it_to():
    ends = {"tail_id": ["city:a", "new:x/0"], "head_id": ["new:x/0", "city:c"]}
    more = pd.DataFrame({"candidate": 0, **ends, "seconds": [60, 900]})
    graph = with_arcs(drawn_graph(), more)
    found = mark_network(graph, drawn_cities(), core=np.array([0]), core_km=15.0, near_km=10.0)
    assert found.is_core.tolist() == [True, False, False, False, True, True]
    assert found.area.tolist() == [0, 1, 2, 3, 0, 0]


def test_a_road_crosses_the_core_by_its_line_not_by_its_ends():
    lines = gpd.GeoSeries(
        [LineString([(115.5, 40.0), (116.5, 40.0)]), LineString([(115.5, 41), (116.5, 41)])]
    )
    graph = dataclasses.replace(drawn_graph(), ref=np.array([1, 1, 0, 0, 1, 1, -1, -1], dtype=np.int64))
    found = mark_network(graph, drawn_cities(), core=np.array([0]), core_km=15.0, near_km=10.0, lines=lines)
    assert found.crosses.tolist() == [False, False, True, True, False, False, False, False]
