"""What rings are for equals an own count over all pairs of places of a drawn region, by plain Dijkstra."""

from __future__ import annotations

import heapq
import itertools
import math
from dataclasses import replace
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from candidates_drawing import KM
from ring_regions import CORNERS, none, road, square
from ring_square import CIRCUIT, design, links, shown
from ring_square import square as ring_of_links

from networks.intermodal.access import AFTER
from networks.world.towns import Town
from optimiser.job import loads
from optimiser.measures.ring_use import CONDITIONS, trip_use
from optimiser.proposals.table import merge
from optimiser.run import ring_use
from optimiser.run.ring_use import ALL_RINGS, road_times, with_use
from optimiser.run.rings import RingTables

# Motorways of 40 km round the hub, without two sides in the south, and a road from each side to it.
MISSING, SIDE_S, SPOKE_S, NEW_S = (0, 1), 1440, 2400, 3300
RADIUS_KM = math.sqrt(9_000_000 / 10_000 / math.pi)
TOWNS = {1: 90_000, 3: 80_000, 5: 70_000, 7: 60_000, 0: 50_000, 4: 40_000, 8: 30_000}
"""People of the places, each at a node of the region: the last one in the middle of the hub."""
JOB = """
[region]
place = "drawn"
[independence]
congested_kmh = 20
[[rings]]
id = "outer"
centres = ["Hub"]
"""


def candidates(region):
    """Return the two sides that are missing; the second one passes through the hub instead of beside it.

    As beside a timetable, each arc has a copy for what comes after trains.
    """
    ends = [(f"road:{a}{{0}}", f"road:{b}{{0}}") for a, b in itertools.pairwise((0, 1, 2))]
    arcs = [
        tuple((x.format(copy), y.format(copy), NEW_S) for copy in ("", AFTER) for x, y in ((a, b), (b, a)))
        for a, b in ends
    ]
    west = road("west", 0, 1, region=region, arcs=arcs[0])
    return merge(west, road("east", 1, 2, region=region, arcs=arcs[1]))


def drawn(monkeypatch, towns=TOWNS):
    """Return the times of the drawn region."""
    region = square(without=MISSING)
    at = [*CORNERS, (0, 0)]
    known = [
        Town(node, f"t{node}", "CN", at[node][1] * KM, at[node][0] * KM, people)
        for node, people in towns.items()
    ]
    monkeypatch.setattr(ring_use, "cities_in", lambda *_args, **_options: tuple(known))
    source = SimpleNamespace(country="CN", files={})
    return road_times(region, candidates(region), loads(JOB), source)["outer"]


def arcs_of(condition, built):
    """Return the roads of the region in a condition, both ways: tail, head, seconds."""
    inside = RADIUS_KM / 40
    spoke = {
        "free": SPOKE_S,
        "congested": math.ceil(SPOKE_S * (1 - inside + inside * 3) - 1e-6),
        "closed": None,
    }
    found = [(at, (at + 1) % 8, SIDE_S) for at in range(8) if at not in MISSING]
    found += [(at, 8, spoke[condition]) for at in (1, 3, 5, 7) if spoke[condition]]
    found += [(a, b, NEW_S) for name, a, b in (("west", 0, 1), ("east", 1, 2)) if name in built]
    return found + [(b, a, s) for a, b, s in found]


def dijkstra(arcs, start, end):
    """Return the seconds from one node to another; infinity without a way."""
    heap, seen = [(0, start)], set()
    while heap:
        seconds, node = heapq.heappop(heap)
        if node == end:
            return seconds
        if node not in seen:
            seen.add(node)
            for tail, head, more in arcs:
                if tail == node:
                    heapq.heappush(heap, (seconds + more, head))
    return math.inf


def counted(condition, built):
    """Count as `trip_use` should: by trying all pairs with and without the hub."""
    pairs = list(itertools.combinations([node for node in TOWNS if node != 8], 2))

    def times(condition, built):
        arcs = arcs_of(condition, built)
        return {pair: dijkstra(arcs, *pair) for pair in pairs}

    before, after = times(condition, ()), times(condition, built)
    was, now = (
        {pair for pair in pairs if times_of[pair] < closed[pair]}
        for times_of, closed in ((before, times("closed", ())), (after, times("closed", built)))
    )
    faster = [
        {pair for pair in pairs if after[pair] < before[pair] and before[pair] - after[pair] >= 60 * least}
        for least in (0, 5, 15)
    ]
    return {
        "pairs": len(pairs),
        "through_pairs": len(now),
        "relieved_pairs": len(was - now),
        **dict(zip(("faster", "faster_5", "faster_15"), map(len, faster), strict=True)),
    }


@pytest.mark.parametrize("built", [(), ("west",), ("west", "east")])
@pytest.mark.parametrize("condition", CONDITIONS)
def test_the_figures_equal_an_own_count_over_all_pairs(condition, built, monkeypatch):
    found = trip_use(drawn(monkeypatch), built)[CONDITIONS.index(condition)]
    expected = counted(condition, built)
    assert {name: getattr(found, name) for name in expected} == expected


def test_the_drawing_has_pairs_of_every_sort(monkeypatch):
    today, ring = (trip_use(drawn(monkeypatch), built) for built in ((), ("west", "east")))
    assert today[0].through_pairs > ring[0].through_pairs > 0
    assert ring[0].faster > ring[0].faster_15 > 0
    assert ring[0].faster < ring[1].faster


def test_times_of_the_pairs_through_the_core_are_means_over_those_that_can_avoid_it(monkeypatch):
    free, congested, closed = trip_use(drawn(monkeypatch))
    # Of the pairs through the hub today, 3 - 7 has another way, of four sides, and so has 3 - 0, of five.
    assert free.mean_minutes == (2 * SPOKE_S + SIDE_S + 2 * SPOKE_S) / 2 / 60
    assert congested.mean_minutes == closed.mean_minutes == (4 + 5) * SIDE_S / 2 / 60


def test_trips_are_those_of_the_gravity_model_over_all_places(monkeypatch):
    times = drawn(monkeypatch)
    free = trip_use(times)[0]
    assert len(times.places) == 7
    assert times.places["is_outside"].tolist() == [node != 8 for node in TOWNS]
    # Two places would make all of their trips to each other; the one in the hub takes some of them.
    assert 0 < free.through_trips == pytest.approx(free.through_share * times.trips.sum())
    assert times.trips.sum() < 2.5 * (sum(TOWNS.values()))


def test_a_region_without_places_has_no_trips(monkeypatch):
    times = drawn(monkeypatch, towns={})
    assert [(one.pairs, one.through_pairs, one.mean_minutes) for one in trip_use(times, ("west",))] == [
        (0, 0, None)
    ] * 3


def test_the_cores_of_a_ring_are_those_of_the_region_and_what_it_goes_round(monkeypatch):
    monkeypatch.setattr(ring_use, "cities_in", lambda *_args, **_options: ())
    region = square(places=(("town", (0, -45), 300_000, 1, (5, 60)),))
    job = loads(JOB + '\n[[rings]]\nid = "inner"\ncentres = ["Town"]\n')
    found = road_times(region, none(), job, SimpleNamespace(country="CN", files={}))
    assert {name: one.facts["cores"] for name, one in found.items()} == {
        ALL_RINGS: ["Hub"], "outer": ["Hub"], "inner": ["Hub", "Town"],
    }  # fmt: skip
    assert found["outer"] is found[ALL_RINGS]


def test_roads_without_length_or_known_speed_keep_their_seconds():
    area = shapely.box(-1, -1, 1, 1)
    lines = shapely.linestrings([[(0, 0), (2, 0)], [(0, 0), (0, 0)], [(5, 5), (6, 6)]])
    free, slow, closed = ring_use._by_condition(
        np.array([100, 7, 50]), np.array([60.0, np.nan, 60.0]), lines, area, 30.0
    )
    assert free.tolist() == [100, 7, 50]
    assert slow.tolist() == [150, 7, 50]
    assert closed.tolist() == [np.inf, np.inf, 50]


def test_a_job_without_road_rings_times_nothing():
    job = loads('[region]\nplace = "drawn"\n')
    assert road_times(square(), none(), job, SimpleNamespace(country="CN", files={})) == {}


# ---- rings of a plan


def test_rings_that_share_a_stretch_count_it_and_their_people_once(monkeypatch):
    times = drawn(monkeypatch)
    problem = design(ring_of_links())
    problem = problem.replace(rings=(problem.rings[0], replace(problem.rings[0], id="twin")))
    table = pd.concat([links(), links().assign(ring="twin")], ignore_index=True)
    # Today 175 km join the ends of the south too, less than the 180 of the rest of the ring.
    today = table.iloc[[0, 2, 3, 1]].assign(
        tail=[1, 2, 3, 0], head=[0, 3, 0, 1], metres=[100_000, 80_000, 70_000, 175_000], forward=True
    )
    today = today.assign(backward=True, geometry=[*today.geometry[:3], shapely.LineString([(0, 0), (1, 1)])])
    twice = pd.concat([today, today.assign(ring="twin")], ignore_index=True)
    tables = RingTables(gpd.GeoDataFrame(table, crs=4326), (), (), gpd.GeoDataFrame(twice, crs=4326))
    ring = shown(CIRCUIT)
    twin = replace(ring, facts=replace(ring.facts, id="twin"))
    lon, lat = ring.circuit.coords[0]
    near = pd.DataFrame({"place": [2, 2, 5], "lon": [lon, lon, 0.0], "lat": [lat, lat, 0.0]})
    found, total = with_use(
        dict.fromkeys((ALL_RINGS, "outer", "twin"), replace(times, near=near)), problem, tables, (ring, twin)
    )
    assert [one.use.near_people for one in found] == [70_000, 70_000]
    assert total.near_people == 70_000
    assert found[0].use.shared == found[0].use.alone == total.alone  # the same cores, the same roads
    assert total.second_way_km == pytest.approx(found[0].use.second_way_km)
    assert found[0].use.second_way_existing_km == pytest.approx(80 + 70)
    assert found[0].use.second_way_km == pytest.approx(80 + 30 + 70)


def test_rings_that_are_not_formed_have_no_use(monkeypatch):
    missed = shown(())
    assert with_use({"outer": drawn(monkeypatch)}, design(ring_of_links()), None, (missed,)) == (
        (missed,),
        None,
    )
    assert with_use({}, design(ring_of_links()), None, (shown(),))[1] is None
