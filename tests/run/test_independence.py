"""Without the core: which arcs remain, who is independent, and every plan judged alike by a slow rule."""

from __future__ import annotations

import dataclasses
import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from core_drawing import brute_force
from core_region import PLACES, candidates_of, graph_of
from engine_running import COUNT, outcome_of
from hypothesis import given
from hypothesis import strategies as st
from measures_drawing import drawn_candidates, drawn_cities, drawn_graph, drawn_plan, drawn_problem, two_way
from shapely import LineString
from small_networks import shortest_times
from tiers import examples

from networks.skims import ARC_KINDS
from optimiser.engine.search.paths import UNREACHED
from optimiser.frontier.cases import INDEPENDENCE, with_steps
from optimiser.job.sections import Independence
from optimiser.problem.errors import JobError
from optimiser.proposals.prepare import design_problem
from optimiser.run.independence import WithoutCore, core_radius_km
from optimiser.run.measuring import measure
from optimiser.verify import check, score

NO_LINES = gpd.GeoSeries([], dtype="geometry")
ASKED = Independence(weight=0.25, radius_km=(15.0,))

NEW = ("new:x/0", "new:x/0/arrived", "new:station/b", "new:station/b/platforms")
IN_CORE = ("city:a", "road:0", "station:0", "station:0/platforms")
"""What may not be used: trains in the core are not among it."""


def without(graph, candidates, asked=ASKED, lines=NO_LINES):
    return WithoutCore.of(graph, candidates, drawn_cities(), lines, asked)


@pytest.mark.parametrize(
    ("people", "km"), [(17_751_681, 30), (10_933_092, 20), (5_100_000, 20), (900_000, 10), (1, 10)]
)
def test_the_radius_is_that_of_a_dense_disc_rounded_to_ten_km(people, km):
    assert core_radius_km(people) == km


def test_a_through_train_passes_but_nobody_boards_leaves_or_changes_in_the_core():
    ids = list(PLACES)
    named = [
        ("stop:t/1", "stop:t/0/arrived", True),
        ("stop:t/0/arrived", "stop:t/0", True),
        ("station:0/platforms", "stop:t/0", False),
        ("stop:t/0/arrived", "station:0", False),
        ("station:1", "stop:t/1", True),
        ("city:b", "road:1", True),
        ("road:0", "road:1", False),
        ("city:a", "city:b", False),
    ]
    graph = graph_of([(ids.index(a), ids.index(b), 5) for a, b, _ in named])
    line = LineString([(115, 40), (116, 40)])
    arcs = [("station:0/platforms", "new:x/0", 5), ("new:x/0", "stop:t/1/arrived", 5)]
    new_station = [("city:a", "new:station/a", 5), ("new:station/a/platforms", "new:x/1", 5)]
    inside = [("new:station/a", "new:station/a/platforms", 5)]
    found = without(graph, candidates_of([(1, "rail", line, [*arcs, *new_station, *inside])]))
    assert found.arcs.tolist() == [remains for _, _, remains in named]
    assert found.opened.tolist() == [False, True, False, False, False]
    assert found.outside.tolist() == [False, True, True, True]


def test_a_road_whose_line_enters_the_core_is_out_and_so_is_all_of_such_a_candidate():
    lines = gpd.GeoSeries(
        [LineString([(115.5, 40.0), (116.5, 40.0)]), LineString([(115.5, 41), (116.5, 41)])]
    )
    ids = list(PLACES)
    graph = graph_of([(ids.index("city:b"), ids.index("road:1"), 5)] * 2)
    roads = np.zeros(2, dtype=np.int8) + ARC_KINDS.index("road")
    graph = dataclasses.replace(graph, kind=roads, ref=np.array([0, 1], dtype=np.int64))
    arcs = [("city:b", "city:c", 5), ("city:b", "road:1", 5)]
    through, round_ = (LineString([(117, lat), (115, lat)]) for lat in (40.0, 40.6))
    parts = [(1, "road", through, arcs), (1, "road", round_, arcs), (1, "rail", through, arcs)]
    found = without(graph, candidates_of(parts), lines=lines)
    assert found.arcs.tolist() == [False, True]
    assert found.opened.tolist() == [False, False, True, True, True, True]


def test_radii_must_be_as_many_as_core_cities():
    with pytest.raises(JobError, match="2 values for 1 core cities"):
        without(drawn_graph(), drawn_candidates(), Independence(weight=1.0, radius_km=(15.0, 20.0)))


def test_a_pair_is_independent_up_to_its_stretch_of_the_time_of_today():
    # Bo and Cy are 10,800 s apart over the core, and 9,000 s over the new road and Di.
    plan = dataclasses.replace(drawn_plan("bd"), without=without(drawn_graph(), drawn_candidates()))
    table = measure(plan).independence.set_index(["tier", "state"])
    assert table.loc["small", "plan"].to_dict() == {
        "pairs": 3,
        "independent_at_1": 3,
        "independent_at_1.1": 3,
        "independent_at_1.25": 3,
        "without_way": 0,
        "mean_minutes": 60.0,
        "any_way_minutes": 60.0,
    }
    today = table.loc["all", "today"]
    assert today[["independent_at_1", "independent_at_1.25", "without_way"]].tolist() == [1, 1, 2]


def test_independence_that_does_not_count_is_measured_and_adds_no_pair():
    asked = Independence(weight=0.25, counts=False, radius_km=(15.0,))
    region = without(drawn_graph(), drawn_candidates(), asked)
    plan = dataclasses.replace(drawn_plan("bd"), without=region)
    found = measure(plan)
    assert found.independence["independent_at_1"].max() == 3
    assert found.facts["independence_weight"] == 0.0
    assert region.layer(drawn_graph(), drawn_candidates(), plan.pairs) is None


def test_without_independence_there_is_no_table():
    assert measure(drawn_plan("bd")).independence.empty


def test_the_limits_are_rounded_down_and_the_weights_stay_whole():
    asked = Independence(weight=0.5, stretches=(1.0, 1.1), radius_km=(15.0,))
    pairs = pd.DataFrame(
        {
            "origin": [1, 0, 2],
            "destination": [2, 3, 3],
            "limit": 0,
            "weight": [10, 10, 10],
            "group": ["small", "small", "core"],
            "today_s": [10_809, 50, -1],
        }
    )
    layer = without(drawn_graph(), _fixed(drawn_candidates()), asked).layer(
        drawn_graph(), _fixed(drawn_candidates()), pairs
    )
    assert (layer.of, [p.limit for p in layer.network.pairs]) == ((0, 0), [10_809, 11_889])
    assert {str(share) for share in layer.shares} == {"1/4"}
    weights = [p.weight for p in with_steps(drawn_problem(), (), layer).pairs]
    assert weights == [40, 40, 40, 40, 40, 40, 10, 10]


def _fixed(candidates):
    return dataclasses.replace(candidates, table=candidates.table.assign(fixed=""))


# ---- every plan, judged by a slow rule


@st.composite
def regions(draw):
    """Draw ways between any places, and up to four candidates with further places of their own.

    Today Bo, Cy and Di are joined through the core.
    """
    ids = [*PLACES, *NEW]
    here, any_ = st.integers(0, len(PLACES) - 1), st.integers(0, len(ids) - 1)
    core = ids.index("road:0")
    arcs = two_way((ids.index(f"city:{name}"), core, 5) for name in "bcd")
    way = st.tuples(here, here, st.integers(1, 9)).filter(lambda a: a[0] != a[1])
    arcs += two_way(draw(st.lists(way, max_size=12)))
    # The new station is joined to its city, so that it has a place.
    station = [("city:b", "new:station/b", 3), ("new:station/b", "new:station/b/platforms", 2)]
    # Nothing joins it to the core directly: then it would not be certain where it lies.
    new_way = st.tuples(any_, any_, st.integers(1, 9)).filter(
        lambda way: (
            way[0] != way[1]
            and not (
                {ids[way[0]], ids[way[1]]} & set(IN_CORE)
                and any(ids[end].startswith("new:station/") for end in way[:2])
            )
        )
    )
    parts = []
    for _ in range(draw(st.integers(1, 4))):
        mode = draw(st.sampled_from(["road", "rail", "access"]))
        lat = draw(st.sampled_from([40.0, 40.6]))
        ways = two_way(draw(st.lists(new_way, max_size=6)))
        own = [(ids[a], ids[b], s) for a, b, s in ways]
        ends = draw(st.permutations(["city:b", "city:c", "city:d"]))[:2]
        own += [(*ends, draw(st.integers(5, 13))), (*reversed(ends), draw(st.integers(5, 13)))]
        line = LineString([(117, lat), (115, lat)])
        parts.append((draw(st.integers(0, 4)), mode, line, [*station, *own]))
    return arcs, parts


def slow_times(region, built, pairs, *, closed):
    """Time pairs with some candidates built; `closed`: arcs of the core removed by the rule in words."""
    ids = [*PLACES, *NEW]
    arcs, parts = region
    every = [(ids[a], ids[b], s) for a, b, s in arcs]
    for j in built:
        _, mode, line, own = parts[j]
        if not (closed and mode != "rail" and line.coords[0][1] == 40.0):
            every += own
    if closed:
        every = [(a, b, s) for a, b, s in every if a not in IN_CORE and b not in IN_CORE]
    row = {name: at for at, name in enumerate(ids)}
    return shortest_times(len(ids), [(row[a], row[b], s) for a, b, s in every], pairs)


def resolved(region, budget):
    """Return the problem with its further pairs, and the number of pairs of the problem itself."""
    arcs, parts = region
    graph, candidates = graph_of(arcs), candidates_of(parts)
    skim = np.zeros((4, 4), dtype=np.int64)
    ends = [(a, b) for a in range(4) for b in range(4) if a != b]
    for (a, b), seconds in zip(ends, slow_times(region, (), ends, closed=False), strict=True):
        skim[a, b] = seconds if seconds < UNREACHED else np.iinfo(np.int64).max
    prepared = design_problem(graph, drawn_cities(), candidates, skim, limit_s=12, budget=budget)
    layer = without(graph, candidates).layer(graph, candidates, prepared.pairs)
    return with_steps(prepared.problem, (), layer), prepared.pairs


@examples(3 * COUNT)
@given(regions())
def test_for_every_plan_the_further_pairs_are_those_with_a_way_without_the_core(region):
    problem, pairs = resolved(region, budget=99)
    ends = pairs[["origin", "destination"]].to_numpy().tolist()
    today = pairs["today_s"].tolist()
    chosen = [k for k, (a, b) in enumerate(ends) if 0 not in (a, b) and today[k] >= 0]
    further = [k for k, pair in enumerate(problem.pairs) if pair.group.startswith(INDEPENDENCE)]
    assert len(further) == 3 * len(chosen)
    count = len(region[1])
    for built in itertools.chain.from_iterable(
        itertools.combinations(range(count), size) for size in range(count + 1)
    ):
        covered = set(score(problem, [f"c{j}" for j in built]).covered)
        any_way = slow_times(region, built, ends, closed=False)
        assert [k in covered for k in range(len(ends))] == [seconds <= 12 for seconds in any_way]
        free = slow_times(region, built, [ends[k] for k in chosen], closed=True)
        limits = [today[k] * tenths // 100 for tenths in (100, 110, 125) for k in chosen]
        assert [k in covered for k in further] == [s <= m for s, m in zip(free * 3, limits, strict=True)]


@examples(COUNT)
@given(regions(), st.integers(0, 8))
def test_the_optimum_is_the_best_of_all_plans_and_the_check_agrees(region, budget):
    problem, _ = resolved(region, budget)
    plan = check(problem, outcome_of(problem))
    assert (plan.status, plan.objective) == ("optimal", brute_force(problem))
