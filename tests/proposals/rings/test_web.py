"""A web of rings is proposed from the places and tiers of cities alone; drawn on a plane of km."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import pytest
import shapely
from candidates_drawing import KM
from hypothesis import assume, given
from hypothesis import strategies as st
from ring_regions import GROUND, none, square

from optimiser.job.sections import Rings
from optimiser.problem import Candidate, DesignProblem
from optimiser.proposals.generate import Rules
from optimiser.proposals.rings import web
from optimiser.proposals.rings.graph import UNITS_A_DEGREE, within_distance
from optimiser.proposals.rings.web import core_groups, propose_web
from optimiser.report.ring_layout import ExistingRing
from optimiser.run.rings import add_rings, ring_rules, with_closing_links

AROUND = ((0, 90), (80, 45), (80, -45), (0, -90), (-80, -45), (-80, 45))
"""A hexagon of towns."""


def drawn(*cities):
    """Return the plane and the tiers of cities given as (tier, x, y)."""
    return np.array([at for _, *at in cities], dtype=np.float64), [tier for tier, *_ in cities]


def rings_of(rings):
    return [(ring.centres, ring.members) for ring in rings]


def towns(x=0, y=0, places=AROUND):
    return [("small", x + dx, y + dy) for dx, dy in places]


def test_two_core_cities_close_by_are_one_group_with_one_ring():
    (ring,) = propose_web(*drawn(("core", -20, 0), ("core", 20, 0), ("secondary", 0, 5), *towns()))
    assert ring.centres == (0, 1)
    assert ring.members == (2, 3, 4, 5, 6, 7, 8)
    assert ring.in_corridor == (3, 4, 5, 6, 7, 8)  # the city between them is inside
    assert (ring.least_cities, ring.least_secondary) == (3, 0)


def test_core_cities_far_apart_have_a_ring_each_and_cities_belong_to_the_nearer_one():
    cities = [("core", 0, 0), ("core", 400, 0), *towns(), *towns(400)]
    first, second = propose_web(*drawn(*cities))
    assert (first.centres, first.members) == ((0,), (2, 3, 4, 5, 6, 7))
    assert (second.centres, second.members) == ((1,), (8, 9, 10, 11, 12, 13))


def test_a_chain_of_core_cities_is_no_single_group():
    points, tiers = drawn(*(("core", x, 0) for x in (0, 100, 200, 300)))
    assert core_groups(points, tiers) == [(0, 1), (2, 3)]


def test_the_numbers_of_a_ring_follow_from_its_hull():
    points, tiers = drawn(("core", 0, 0), *towns())
    (ring,) = propose_web(points, tiers)
    hull = shapely.convex_hull(shapely.multipoints(points))
    radius = hull.length / (2 * np.pi)
    assert ring.longest_km == pytest.approx(web.LONGEST * hull.length)
    # Along the hull, a little farther out, and not through the middle.
    for x, y, is_inside in (
        (0, 89, True),
        (0, 90 + 0.69 * radius, True),
        (0, 90 + 0.71 * radius, False),
        (0, 0, False),
    ):
        assert shapely.intersects_xy(ring.corridor, x, y) == is_inside


def test_a_city_in_the_commuting_area_of_a_core_is_no_centre():
    suburb = [("core", 0, 0), ("secondary", 59, 0), *towns(120)]
    assert all(ring.centres == (0,) for ring in propose_web(*drawn(*suburb)))
    farther = [("core", 0, 0), ("secondary", 61, 0), *towns(120)]
    assert (1,) in [ring.centres for ring in propose_web(*drawn(*farther))]


def test_half_of_the_secondary_cities_about_a_core_lie_on_its_ring():
    tiers = ("secondary", "small", "secondary", "small", "secondary", "secondary")
    cities = [(tier, *at) for tier, at in zip(tiers, AROUND, strict=True)]
    (ring,) = propose_web(*drawn(("core", 0, 0), *cities))
    assert (ring.least_cities, ring.least_secondary) == (3, 2)


def test_a_secondary_city_far_away_gets_a_ring_if_it_lies_between_its_towns():
    capital = [("core", 0, 0), *towns()]
    first, second = propose_web(*drawn(*capital, ("secondary", 400, 0), *towns(400)))
    assert (first.centres, second.centres) == ((0,), (7,))
    assert len(propose_web(*drawn(*capital, ("secondary", 400, 0), *towns(400, 0, AROUND[:2])))) == 1
    beside = [("small", 400 + abs(x) + 10, y) for x, y in AROUND]  # all of them on one side
    assert len(propose_web(*drawn(*capital, ("secondary", 400, 0), *beside))) == 1


def test_a_secondary_city_within_a_ring_gets_none_of_its_own():
    inner = towns(40, 0, [(x / 2, y / 2) for x, y in AROUND])
    wide = towns(places=[(1.6 * x, 1.6 * y) for x, y in AROUND])
    rings = propose_web(*drawn(("core", 0, 0), ("secondary", 40, 0), *wide, *inner))
    assert {ring.centres for ring in rings} == {(0,)}


def test_a_second_ring_through_the_same_towns_brings_half_as_much():
    beside = [("secondary", 10, 0), ("secondary", -10, 0)]
    assert len(propose_web(*drawn(*beside, *towns()))) == 1


def test_a_ring_on_a_coast_is_drawn_in_until_it_lies_about_its_centre():
    inland = [(25, 0), (0, 30), (0, -30), (40, 30), (40, -30), (140, 0), (140, 40)]
    (ring,) = propose_web(*drawn(("core", 0, 0), *towns(places=inland)))
    assert ring.members == (1, 2, 3, 4, 5)


@pytest.mark.parametrize(("beside", "rings"), [(5, 0), (40, 1)])
def test_cities_in_a_row_get_no_ring(beside, rings):
    row = [(x, y) for x in (-90, -60, -30, 30, 60, 90) for y in (-beside, beside)]
    assert len(propose_web(*drawn(("core", 0, 0), *towns(places=row)))) == rings


def apex(degrees):
    """Return an isosceles triangle whose legs of 100 km meet at the origin."""
    half = np.radians(degrees) / 2
    return shapely.LinearRing(
        [(0, 0), *((100 * np.cos(half), side * 100 * np.sin(half)) for side in (1, -1))]
    )


def with_arm(y):
    """Return a square of 100 km with an arm 6 km wide from its upper side to a height, outward or inward."""
    return shapely.LinearRing(
        [(0, 0), (100, 0), (100, 100), (53, 100), (53, y), (47, y), (47, 100), (0, 100)]
    )


@pytest.mark.parametrize(
    ("circuit", "at"),
    [
        (shapely.Point(0, 0).buffer(100).exterior, None),
        (shapely.box(0, 0, 160, 40).exterior, None),
        (apex(35), None),
        (apex(22), (1, 0)),
        (with_arm(103), None),  # no deeper than wide
        (with_arm(160), (50, 159)),
        (with_arm(40), (50, 41)),
    ],
)
def test_spikes_are_sharp_corners_and_ways_out_and_back(circuit, at):
    for line in (circuit, shapely.reverse(circuit)):
        area = web.spikes(line)
        assert area.is_empty if at is None else shapely.get_num_geometries(area) == 1
        assert at is None or shapely.intersects_xy(area, *at)


def test_without_towns_there_is_no_ring():
    assert propose_web(*drawn(("core", 0, 0), ("secondary", 50, 0), ("small", 0, 50))) == ()
    assert propose_web(np.zeros((0, 2)), []) == ()


PLACES = st.lists(
    st.tuples(
        st.sampled_from(["core", "secondary", "small", "small"]), st.integers(0, 400), st.integers(0, 400)
    ),
    max_size=24,
    unique_by=lambda city: city[1:],
)


@given(PLACES, st.floats(0, 2 * np.pi), st.integers(-500, 500))
def test_the_web_does_not_depend_on_where_north_is(cities, angle, shift):
    points, tiers = drawn(*cities) if cities else (np.zeros((0, 2)), [])
    # Cities as far from two centres would be told apart by rounding alone.
    apart = np.linalg.norm(points[:, None] - points[None], axis=-1)[np.triu_indices(len(points), 1)]
    assume(len(apart) < 2 or np.diff(np.sort(apart)).min() > 1e-6)
    # Places a kilometre apart are one town, and whether a hull turns at both is decided by rounding.
    assume(apart.min(initial=np.inf) > 2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    before, after = propose_web(points, tiers), propose_web(points @ turn + shift, tiers)
    # Circles are drawn as polygons, so that a hull within 0.2 % of a limit may pass either way.
    for factor in (0.998, 1.002):
        limits = {
            name: factor * getattr(web, name) for name in ("FLATTEST", "OFF_MIDDLE", "INSIDE", "OUTSIDE")
        }
        with patch.multiple(web, **limits):
            assume(rings_of(propose_web(points, tiers)) == rings_of(before))
    assert rings_of(before) == rings_of(after)


@given(PLACES)
def test_no_ring_has_a_core_city_of_others_among_its_members_or_nearer_than_its_centres(cities):
    points, tiers = drawn(*cities) if cities else (np.zeros((0, 2)), [])
    rings = propose_web(points, tiers)
    assert len(rings) <= web.MOST_RINGS
    for ring in rings:
        others = [city for city, tier in enumerate(tiers) if tier == "core" and city not in ring.centres]
        for city in ring.members:
            assert tiers[city] != "core"
            own = np.linalg.norm(points[list(ring.centres)] - points[city], axis=1).min()
            assert all(np.linalg.norm(points[other] - points[city]) > own for other in others)


# ---- the web of a job


def corners(**changes):
    """Return the square of expressways with a town at each corner."""
    at = [(-42, -42), (42, -42), (42, 42), (-42, 42)]
    places = [(f"t{k}", place, 100_000, 2 * k, (2, 60)) for k, place in enumerate(at)]
    return square(places=places, **changes)


def test_a_web_goes_round_the_core_along_its_towns():
    region = corners()
    (ring,) = ring_rules([Rings(web=True)], region)
    assert (ring.id, ring.centres, ring.least_cities, ring.rivals) == ("hub", (0,), 2, ())
    assert ring.radius_km == (web.CLEAR * region.extents_km[0], np.inf)
    spoke = shapely.LineString([(0.0, 0.0), (0.3, 0.3)])
    side = shapely.LineString([(-0.36, -0.36), (0.36, -0.36)])
    assert within_distance([spoke, side], ring, region).tolist() == [False, True]


@pytest.mark.parametrize(
    ("gap_count", "missing", "formed", "existing"),
    [
        (12, (0,), ["hub"], ()),
        (0, (0,), [], ()),
        (12, (0, 2, 4, 5), [], ()),
        (12, (), [], (ExistingRing(("Hub",), 320.0),)),
    ],
)
def test_rings_of_a_web_that_cannot_be_formed_hardly_exist_or_exist_already_are_left_out(
    gap_count, missing, formed, existing
):
    region, asked = corners(without=missing), [Rings(web=True, gap_count=gap_count)]
    found = with_closing_links(none(), region, asked, Rules(), GROUND)
    assert bool(len(found)) == bool(formed)
    made, tables = add_rings(problem(found), region, found, asked, Rules(), GROUND, most=10**6)
    assert [ring.id for ring in made.rings] == formed
    assert tables.existing == existing


@pytest.mark.parametrize(("depth", "formed"), [(10, []), (34, ["hub"])])
def test_a_new_road_closes_a_ring_whose_only_way_leads_out_and_back(depth, formed):
    spots = [(-25, -40), (-20, -40 - depth), (-15, -40)]  # after eight corners, the hub and four towns
    leg = np.hypot(5, depth)
    way = zip((0, 13, 14, 15), (13, 14, 15, 1), (15, leg, leg, 15), strict=True)
    more = [(tail, head, "motorway", km, 100) for tail, head, km in way]
    region, asked = corners(without=(0,), spots=spots, more=more), [Rings(web=True)]
    found = with_closing_links(none(), region, asked, Rules(), GROUND)
    made, tables = add_rings(problem(found), region, found, asked, Rules(), GROUND, most=10**6)
    assert [ring.id for ring in made.rings] == formed
    assert bool(tables.existing) != bool(formed)
    for ring in made.rings:
        assert min(y for _, y in ring.nodes) > -41 * KM * UNITS_A_DEGREE


def problem(candidates):
    return DesignProblem(
        name="drawn",
        nodes=("a",),
        arcs=(),
        candidates=tuple(Candidate(name, int(cost), ()) for name, cost in candidates.costs.items()),
        pairs=(),
        budget=10**6,
    )
