from __future__ import annotations

import math
from dataclasses import replace

import geopandas as gpd
import pytest
from ring_square import CIRCUIT, DEGREE, FACTS, cities, design, links, shown, square
from shapely import LineString, Polygon, get_coordinates

from optimiser import verify
from optimiser.problem import Candidate, RingLink, RingStop
from optimiser.report import ring_layout, ring_section

EVERY_TURN = [CIRCUIT[k:] + CIRCUIT[:k] for k in range(4)]


EITHER_WAY = [*EVERY_TURN, *(turn[::-1] for turn in EVERY_TURN)]


def test_the_length_of_a_ring_is_split_exactly():
    ring = shown()
    assert (ring.length_km, ring.existing_km, ring.new_km) == (280.0, 250.0, 30.0)
    assert ring.existing_share == 250 / 280


def test_ties_are_streets_of_today_and_not_built():
    tied = links().assign(tie_km=[0.0, 9.0, 0.0, 0.0, 0.0])
    plan = verify.score(design(square()), ["east"], rings={"outer": CIRCUIT})
    (ring,) = ring_layout.lay_out(design(square()), plan, cities=cities(), links=tied, facts=[FACTS])
    assert (ring.length_km, ring.existing_km, ring.new_km) == (280.0, 259.0, 21.0)
    assert sum(leg.new_km for leg in ring.legs) == 21.0
    assert [one["new_km"] for one in ring.stretches if one["state"] == ring_layout.NEW] == [21.0]


def test_a_city_is_as_far_from_a_ring_as_from_any_point_of_it():
    stops = ring_layout.Stop("b", 1, 300), ring_layout.Stop("b", 4, 7), ring_layout.Stop("a", 0, 99)
    plan = verify.score(design(square()), ["east"], rings={"outer": CIRCUIT})
    facts = [replace(FACTS, along=stops)]
    (ring,) = ring_layout.lay_out(design(square()), plan, cities=cities(), links=links(), facts=facts)
    # Link 4 is not on the circuit, and "a" is 61 s from a node of it.
    assert ring.cities.set_index("city_id")["seconds"].to_dict() == {"a": 61, "b": 300, "c": 0}


def test_a_ring_costs_what_its_new_links_cost():
    assert (shown().cost, shown().candidates) == (300, ("east",))


def test_a_candidate_that_opens_two_links_is_paid_for_once():
    two = square(links=(RingLink(0, 1, "east"), *square().links[1:]))
    ring = shown(ring=two)
    assert (ring.cost, ring.new_km, ring.candidates) == (300, 130.0, ("east",))
    assert ring.pieces.set_index("link")["cost"].to_dict() == {2: 0, 1: 300, 0: 0, 3: 0}


@pytest.mark.parametrize("circuit", EITHER_WAY)
def test_a_circuit_runs_clockwise_from_its_northernmost_and_westernmost_node(circuit):
    order, nodes = ring_layout.clockwise(square(), circuit)
    assert (order, nodes) == ((2, 1, 0, 3), (3, 2, 1, 0))


@pytest.mark.parametrize("circuit", EITHER_WAY)
def test_the_line_of_a_circuit_is_closed_and_simple_and_passes_every_bend(circuit):
    line = shown(circuit).circuit
    north_west, bend = (116.0, 40.0), (116.5, 40.1)
    assert list(line.coords) == [
        north_west,
        bend,
        (117.0, 40.0),
        (117.0, 39.0),
        (116.5, 38.9),
        (116.0, 39.0),
        north_west,
    ]
    assert line.is_ring
    assert not Polygon(line).exterior.is_ccw


def test_each_piece_begins_where_the_one_before_it_ends():
    lines = list(shown().pieces.geometry)
    for one, following in zip(lines, [*lines[1:], lines[0]], strict=True):
        assert one.coords[-1] == following.coords[0]


def test_a_link_whose_line_ends_beside_its_nodes_is_turned_the_right_way():
    off = links()
    off.loc[2, "geometry"] = LineString([(116.02, 40.01), (116.98, 40.01)])
    problem = design(replace(square(), required=False))
    plan = verify.score(problem, ["east"], rings={"outer": CIRCUIT})
    ring = ring_layout.lay_out(problem, plan, cities=cities(), links=off, facts=[FACTS])[0]
    assert get_coordinates(ring.pieces.geometry.iloc[0]).tolist() == [[116.02, 40.01], [116.98, 40.01]]
    assert ring.circuit.is_closed


def test_cities_on_a_ring_come_clockwise_with_the_time_to_their_nearest_node():
    found = shown().cities[["name", "tier", "seconds", "piece"]].to_numpy().tolist()
    assert found == [["Sea", "small", 0, 1], ["Bee", "small", 600, 2], ["Ay", "secondary", 61, 4]]


def test_a_ring_encloses_what_it_winds_round_and_not_what_lies_on_it():
    assert shown().inside == ("Centre", "Inner")


def test_a_ring_without_links_cannot_be_formed():
    wish = replace(square(), required=False, links=(), nodes=(), stops=(), least_stops=0)
    assert [shown((), ring=ring).can_form for ring in (wish, replace(square(), required=False))] == [
        False,
        True,
    ]


def test_a_ring_that_is_not_formed_has_no_length_and_no_cost():
    ring = shown(())
    assert not ring.is_formed
    assert (ring.length_km, ring.existing_share, ring.cost, ring.candidates, ring.inside) == (
        0.0,
        0.0,
        0,
        (),
        (),
    )
    assert ring.circuit.is_empty
    assert len(ring.cities) == 0


def test_the_cost_of_a_ring_is_that_of_its_whole_candidates():
    dear = design(
        replace(square(), required=False), candidates=(Candidate("east", 7, ()), Candidate("far", 9, ()))
    )
    plan = verify.score(dear, ["east", "far"], rings={"outer": (0, 4, 2, 3)})
    ring = ring_layout.lay_out(dear, plan, cities=cities(), links=links(), facts=[FACTS])[0]
    assert (plan.cost, ring.cost, ring.candidates) == (16, 9, ("far",))


def test_coordinates_of_a_problem_are_in_units_of_1e_7_degrees():
    assert DEGREE == 10**7


def test_a_ring_whose_line_crosses_itself_is_noted():
    ring = shown()
    eight = ring.pieces.assign(
        geometry=[
            LineString([(0, 0), (2, 2)]),
            LineString([(2, 2), (2, 0)]),
            LineString([(2, 0), (0, 2)]),
            LineString([(0, 2), (0, 0)]),
        ]
    )
    crossing = replace(ring, pieces=eight)
    assert [one.self_crossings > 0 for one in (ring, shown(()), crossing)] == [False, False, True]
    assert ring_section.inside(crossing).endswith("it still goes round every centre.")
    assert (crossing.shape["self_crossings"], ring.shape["self_crossings"]) == (1, 0)


def shaped(*corners):
    """Return the shape of a ring through corners, in hundredths of a degree at the equator."""
    points = [(x / 100, y / 100) for x, y in corners]
    sides = [LineString(two) for two in zip(points, [*points[1:], points[0]], strict=True)]
    table = {"length_km": 1.0, "state": "existing", "candidate_id": "", "cost": 0}
    pieces = gpd.GeoDataFrame({**table, "piece": range(len(sides))}, geometry=sides, crs="EPSG:4326")
    return replace(shown(), pieces=pieces).shape


def test_the_shape_of_a_ring_is_measured_on_a_plane():
    # On the ellipsoid a degree of latitude is 0.7 % shorter than one of longitude here.
    square_shape = shaped((0, 0), (10, 0), (10, 10), (0, 10))
    assert square_shape["roundness"] == pytest.approx(math.pi / 4, abs=2e-3)
    assert square_shape["length_over_hull"] == pytest.approx(1.0, abs=1e-9)
    circle = shaped(*((10 * math.cos(a / 50), 10 * math.sin(a / 50)) for a in range(314)))
    assert circle["roundness"] == pytest.approx(1.0, abs=2e-3)
    dented = shaped((0, 0), (10, 0), (10, 10), (5, 0.01), (0, 10))
    assert dented["length_over_hull"] == pytest.approx((30 + 2 * math.hypot(5, 10)) / 40, rel=3e-3)
    assert not shown(()).shape


def test_what_a_ring_must_meet_is_shown_by_name():
    stops = tuple(
        replace(stop, must=stop.id == "b", group="small" if stop.id == "c" else "") for stop in square().stops
    )
    links_of_ring = tuple(replace(link, length=100_000) for link in square().links)
    ring = shown(
        ring=square(stops=stops, links=links_of_ring, least_by_group=(("small", 1),), longest=400_500)
    )
    assert (ring.must, ring.least_by_tier, ring.longest_km) == (("Bee",), (("small", 1),), 400.5)
    assert ring.can_form
    hopeless = square(stops=(*stops, RingStop("far", (), must=True)))
    assert not shown((), ring=hopeless).can_form
