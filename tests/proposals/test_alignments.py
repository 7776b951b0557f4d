"""Check lines over the cheapest ground: walls that they go round or cross, and what follows their length."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import shapely
from candidates_drawing import KM, base_case, cities, four_in_line, network, railway
from hypothesis import given, settings
from hypothesis import strategies as st

from optimiser.proposals import rail
from optimiser.proposals.base_case import line_km, travel_time_s
from optimiser.proposals.costs import Alignments, CostTable, Rate, builtin_cost_table, estimate
from optimiser.proposals.roads import FarRules, RoadRules, propose_direct_expressways, propose_links
from optimiser.proposals.terrain import (
    MOUNTAIN,
    PLAIN,
    TERRAIN_CLASSES,
    URBAN,
    WATER,
    TerrainPolygons,
    WithTowns,
    WithWater,
    is_known,
    survey,
)
from optimiser.proposals.trains import RailRules, Tracks

ROAD = network([(0, 0), (200, 0)], [(0, 1, "primary", 200, 50)])
REGION = base_case(ROAD, cities(ROAD, [("a", (0, 0), 90_000, 0), ("b", (200, 0), 80_000, 1)]))
STRAIGHT = REGION.straight_line(0, 1)


def rate(standard, terrain, central, per="km"):
    return Rate(standard, "road", terrain, per, central, central, central, "", "", "A")


def table(*, mountain=300.0, running=10.0):
    """A km of line costs 100 on plain, and each train-km a day costs some money."""
    line = [rate("line", "plain", 100.0), rate("line", "mountain", mountain)]
    rates = [*line, rate("running", "plain", running, "each")]
    factors = dict.fromkeys(TERRAIN_CLASSES, 1.0) | {"urban": 2.0, "water": 5.0}
    return CostTable({(one.standard, one.terrain): one for one in rates}, factors, "EUR", 2026)


def boxes(*places, kind=MOUNTAIN):
    """Draw ground of a kind in boxes: west, south, east, north in km."""
    shapes = tuple(shapely.box(*(np.array(place) * KM).tolist()) for place in places)
    return TerrainPolygons(shapes, (kind,) * len(shapes), "drawn")


def wall(half_km):
    """Mountains across the way from A to B, 20 km thick, so far to the north and the south."""
    return boxes((91, -half_km, 111, half_km))


def price(line, ground, costs, a_km):
    shares = survey([line], ground)[0].tolist()
    return sum(estimate(costs, name, part * line_km(line), shares).central for name, part in a_km.items())


def aligned(ground, a_km=None, costs=None):
    return Alignments(REGION, ground, costs or table()).line(STRAIGHT, a_km or {"line": 1.0})


# ---- where lines run


def test_flat_land_gives_the_straight_line():
    assert aligned(boxes((90, 40, 110, 60))) is STRAIGHT


@pytest.mark.parametrize(("half_km", "goes_round"), [(31, True), (57, True), (66, False), (150, False)])
def test_a_line_goes_round_a_ridge_where_that_is_cheaper_and_crosses_it_where_not(half_km, goes_round):
    """Straight: 180 km at 100 and 20 km at 300; round it is as dear with the ends of the ridge 63 km off."""
    line, ground = aligned(wall(half_km)), wall(half_km)
    found = price(line, ground, table(), {"line": 1.0})
    assert price(STRAIGHT, ground, table(), {"line": 1.0}) == pytest.approx(24_000, rel=0.01)
    if not goes_round:
        assert line is STRAIGHT
        return
    round_it = 100 * (np.hypot(91, half_km) + 20 + np.hypot(89, half_km))
    assert round_it * 0.995 < found < min(1.02 * round_it, 24_000)
    assert line.coords[0] == STRAIGHT.coords[0]
    assert line.coords[-1] == STRAIGHT.coords[-1]
    assert survey([line], ground)[0][MOUNTAIN] < 0.02
    assert len(line.coords) <= 6


def test_a_line_takes_the_pass():
    """Two walls leave 20 km open, 40 km off the straight line."""
    ground = boxes((90, -150, 110, 30), (90, 50, 110, 150))
    line = aligned(ground)
    assert survey([line], ground)[0][MOUNTAIN] < 0.02
    through = shapely.get_coordinates(shapely.segmentize(line, 0.01))
    north = through[np.abs(through[:, 0] / KM - 100) < 9, 1] / KM
    assert ((north > 28) & (north < 52)).all()


def test_a_line_keeps_off_towns_and_bays_that_cost_more_than_the_way_round():
    for kind in (URBAN, WATER):
        ground = boxes((90, -10, 110, 30), kind=kind)
        line = aligned(ground)
        assert survey([line], ground)[0][kind] < 0.02
        assert shapely.get_coordinates(line)[:, 1].min() < -8 * KM


def test_what_each_km_costs_besides_shortens_the_way_round():
    """The way round is 21 km longer and spares 1,875 of the line: trains for 88 a km cost as much."""
    ground = wall(45)
    assert aligned(ground, {"line": 1.0, "running": 3.0}) is not STRAIGHT
    assert aligned(ground, {"line": 1.0, "running": 12.0}) is STRAIGHT


def test_without_terrain_lines_are_straight_whatever_towns_and_seas_there_are():
    towns = WithTowns.of(PLAIN, REGION.cities)
    every = (PLAIN, towns, WithWater.of(towns, REGION.cities, [ROAD.links]))
    assert [is_known(ground) for ground in every] == [False, False, False]
    assert all(Alignments(REGION, ground).line(STRAIGHT, {"no such": 1.0}) is STRAIGHT for ground in every)
    assert is_known(WithTowns.of(wall(30), REGION.cities))


@settings(max_examples=40, deadline=None)
@given(
    places=st.lists(
        st.tuples(st.integers(-50, 250), st.integers(-90, 90), st.integers(5, 80), st.integers(5, 80)),
        min_size=1,
        max_size=5,
    ),
    kind=st.sampled_from((MOUNTAIN, URBAN, WATER)),
    mountain=st.integers(100, 400),
    end=st.tuples(st.integers(-150, 150), st.integers(-150, 150)).filter(lambda at: max(map(abs, at)) > 10),
)
def test_no_alignment_costs_more_than_the_straight_line(places, kind, mountain, end):
    ground = boxes(*((x, y, x + wide, y + high) for x, y, wide, high in places), kind=kind)
    straight = shapely.LineString([(0.0, 0.0), (end[0] * KM, end[1] * KM)])
    costs, a_km = table(mountain=float(mountain)), {"line": 1.0, "running": 0.3}
    line = Alignments(REGION, ground, costs).line(straight, a_km)
    assert (line.coords[0], line.coords[-1]) == (straight.coords[0], straight.coords[-1])
    for parts in (a_km, {"line": 1.0}):
        assert price(line, ground, costs, parts) <= price(straight, ground, costs, parts)
    assert line is straight or line_km(line) >= line_km(straight)


# ---- what follows them


def test_length_time_speed_and_drawing_of_a_new_railway_follow_its_alignment():
    """Mountains on the way from B to D that a line goes round, and so long ones that it crosses."""
    roads, places = four_in_line()
    tracks = network([(1, 1), (301, 1)], [(0, 1, "rail", 300, 80)], "rail")
    base = base_case(roads, places, railway(tracks, [("conv160", 86_400, [0, 1], [0, 20_000])]))
    every = Tracks(base, RailRules(time_ratio=9.0, tracks_do=0.0, line_least_pairs=0))
    costs = builtin_cost_table()
    steep = {
        key: replace(one, central=600.0, high=700.0)
        for key, one in costs.rates.items()
        if key[1] == "mountain"
    }
    dear = replace(costs, rates={**costs.rates, **steep})
    for north, is_straight in ((10.0, False), (200.0, True)):
        ground = boxes((180, -200, 240, north))
        by = Alignments(base, ground, dear)
        (found,) = rail.propose_lines(every, [(1, 3)], Counter(), by=by)
        assert (len(found.geometry.coords) == 2) == is_straight
        assert found.length_km == pytest.approx(1.1 * line_km(found.geometry))
        kmh = 350.0 if not is_straight else 1 / (0.7 / 350 + 0.3 / 250)
        run_s = every.times.run_s(found.length_km, rail.running_kmh(every, found.geometry, 350.0, ground))
        assert run_s == pytest.approx(every.times.run_s(found.length_km, kmh), rel=0.01)
        assert run_s in {seconds for _, _, seconds in found.arcs}
        assert ("drawn straight" if is_straight else "over the cheapest ground") in found.why


def test_length_and_time_of_a_new_expressway_follow_its_alignment():
    ground = boxes((90, -150, 110, 20), kind=WATER)
    by, rules = Alignments(REGION, ground), RoadRules(longest_km=250.0)
    far = replace(by, base=replace(REGION, limit_s=99_000))
    (near,) = propose_links(by, [(0, 1)], rules, Counter())
    (direct,) = propose_direct_expressways(far, [(0, 1)], FarRules(), rules, Counter())
    (straight,) = propose_links(Alignments(REGION), [(0, 1)], rules, Counter())
    assert straight.geometry.equals(STRAIGHT)
    for found in (near, direct):
        assert len(found.geometry.coords) > 2
        assert found.length_km == pytest.approx(1.2 * line_km(found.geometry))
        assert found.length_km > straight.length_km
        assert {s for _, _, s in found.arcs} == {travel_time_s(found.length_km, rules.speed_kmh)}
        assert "over the cheapest ground" in found.why
    assert "drawn straight, x 1.2" in straight.why
