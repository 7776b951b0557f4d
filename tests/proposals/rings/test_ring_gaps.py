"""Where a ring has gaps, few further links are proposed; a ring that cannot exist is refused with the gap."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from candidates_drawing import KM
from ring_regions import GROUND, circuits, generated_ring, none, road, rules, square

from optimiser.engine.search.circuits import shortest_circuit
from optimiser.job.sections import Rings
from optimiser.proposals.generate import Rules
from optimiser.proposals.rings.generate import RingNetwork
from optimiser.proposals.rings.ring_gaps import (
    _KM_A_UNIT_OF_COST,
    close_gaps,
    link_lengths,
    obstacles,
    off_the_ray,
)
from optimiser.proposals.table import merge
from optimiser.proposals.terrain import WATER, TerrainPolygons
from optimiser.run.rings import ring_rules, with_closing_links

TOWN = ("town", (-44, -40), 300_000, 0, (4, 50))


def reasons(region, candidates, asked):
    found = generated_ring(region, candidates, asked)
    return list(obstacles(found, RingNetwork(region, asked), candidates, Rules(), GROUND))


def further_links(region, asked):
    return close_gaps(RingNetwork(region, asked), none(), Rules(), GROUND)[0]


def test_one_gap_is_closed_by_a_link_across_it_or_by_one_that_shortens_the_ring():
    # Across the missing side: 40 km, a fifth longer than the straight line. From the middle of the next side
    # it is 68 km, but spares 88, so that the ring is shorter for more money.
    region = square(without=(0,))
    found = further_links(region, rules())
    assert found.table["length_km"].round().tolist() == [48, 68]
    assert found.table["kind"].tolist() == ["gap", "gap"]
    assert len(circuits(generated_ring(region, found, rules()).ring)) == 2


def test_the_links_are_priced_by_the_cost_table():
    found = further_links(square(without=(0,)), rules())
    assert found.table["cost"].tolist() == [round(120 * km) for km in found.table["length_km"]]


def bay(west_km, east_km):
    """Return a closure of the square whose southern side is missing, with a channel of water below it."""
    water = TerrainPolygons((shapely.box(west_km * KM, -1.0, east_km * KM, 1.0),), (WATER,), "drawn")
    region = square(without=(0,))
    return close_gaps(RingNetwork(region, rules()), none(), Rules(), (GROUND[0], water))[0]


def test_a_link_across_a_bay_is_priced_as_a_bridge():
    first = bay(-30, -18).table.iloc[0]
    assert np.isclose(first["water_km"], 0.3 * first["length_km"])
    assert first["cost"] == round((0.7 * 120 + 0.3 * 480) * first["length_km"])


def test_a_link_across_a_wide_bay_is_left_out_and_counted():
    found = bay(-35, -5)
    assert len(found) == 0
    assert all(why.endswith("km of water (tried for the ring ring)") for why in found.report)


def test_a_link_across_a_closed_border_is_left_out_and_counted(monkeypatch):
    wall = np.array([shapely.LineString([(0.0, -5.0), (0.0, 0.0)])])  # from the centre to the south
    monkeypatch.setattr("networks.borders._borders", lambda: (np.array(["XA-XB"]), wall))
    network = RingNetwork(square(without=(0,)), rules())
    found = close_gaps(network, none(), Rules(closed_borders=("XA-XB",)), GROUND)[0]
    assert len(found) == 0
    assert {why.partition(": ")[2] for why in found.report} == {
        "crosses a border that is closed to cars (XA-XB) (tried for the ring ring)"
    }


def test_a_ring_without_gaps_asks_for_nothing():
    assert len(further_links(square(), rules())) == 0


def test_no_more_links_than_the_rules_allow():
    region = square(without=(0, 4))
    assert len(further_links(region, rules(gap_count=2))) == 2
    assert len(further_links(region, rules(gap_count=1))) == 0


def test_no_link_is_longer_than_the_rules_allow():
    region = square(without=(0, 1))
    asked = rules(gap_longest_km=39.0)
    assert len(further_links(region, asked)) == 0


def test_a_city_off_the_standard_gets_links_of_its_own():
    far = ("far", (-60, 0), 300_000, 7, (20, 20))  # an hour's drive from the western side
    region = square(places=(far,))
    found = further_links(region, rules())
    both = generated_ring(region, merge(none(), found), rules())
    assert len(found) == 2
    assert [stop.id for stop in both.ring.stops] == ["far"]


def test_a_ring_that_exists_is_not_refused():
    assert reasons(square(places=(TOWN,)), none(), rules(least_cities=1)) == []


def test_a_ring_with_a_gap_is_refused_with_its_ends_and_its_length():
    (reason,) = reasons(square(without=(0,), places=(TOWN,)), none(), rules())
    assert "goes round Hub" in reason
    assert "open gap between Town (4 km east) and Hub (40 km south) (48 km)" in reason


def test_a_ring_with_two_gaps_is_refused_with_both():
    (reason,) = reasons(square(without=(0, 4)), none(), rules())
    assert reason.count(" km), between ") == 1
    assert "open gaps" in reason


def test_a_band_in_which_nothing_fits_is_said_to_be_too_narrow():
    (reason,) = reasons(square(), none(), rules(radius_km=(50.0, 55.0)))
    assert "widen the band" in reason


def test_cities_that_stations_serve_already_are_not_said_to_have_been_tried():
    (reason,) = reasons(square(), none(), rules(radius_km=(50.0, 55.0), on_s=300))
    assert "cities more than 5 minutes from them, that cross at most 20 km of water and no closed" in reason


def test_a_ring_that_too_few_cities_can_lie_on_is_refused_with_those_that_can():
    (reason,) = reasons(square(places=(TOWN,)), none(), rules(least_cities=2))
    assert reason.startswith("least_cities asks for 2 cities on it, but only 1 can be within 20 minutes of")
    assert reason.endswith(": Town")


def test_a_tier_of_which_too_few_cities_can_lie_on_a_ring_is_named():
    (reason,) = reasons(square(places=(TOWN,)), none(), rules(least_by_tier=(("secondary", 1),)))
    assert reason.startswith("least_by_tier.secondary asks for 1 secondary cities on it, but only 0 can be")


def test_a_city_that_must_lie_on_a_ring_and_cannot_is_named():
    far = ("far", (0, -75), 300_000, 1, (35, 60))
    region = square(places=(far,))
    (reason,) = reasons(region, none(), rules(must=(1,)))
    assert reason == "must names Far, which cannot be within 20 minutes of one of its circuits"
    assert reasons(region, none(), rules(must=(1,), on_s=2400)) == []


def test_a_ring_that_every_circuit_makes_too_long_is_refused_with_the_shortest():
    assert reasons(square(), none(), rules(longest_km=321.0)) == []
    (reason,) = reasons(square(), none(), rules(longest_km=300.0))
    assert reason == "longest_km is 300, but the shortest circuit has 320 km"


OUTER = ((-60, -60), (60, -60), (60, 60), (-60, 60))


def test_two_nested_rings_are_closed_each_by_links_of_its_own():
    outer = ((9, 10), (10, 11), (11, 12))  # the western side is open
    region = square(without=(0,), spots=OUTER, more=[(a, b, "motorway", 120, 100) for a, b in outer])
    asked = [
        Rings(id="n", centres=("Hub",), gap_longest_km=130.0),
        Rings(id="m", centres=("Hub",), gap_longest_km=130.0, apart=("n",)),
    ]
    found = with_closing_links(none(), region, asked, Rules(), GROUND)
    first, _ = ring_rules(asked, region)
    ring = generated_ring(region, found, first).ring
    lengths = np.array([1 if link.candidate is None else 2 for link in ring.links], dtype=np.int64)
    inner = shortest_circuit(ring, lengths).links
    used = {end for k in inner for end in (ring.links[k].tail, ring.links[k].head)}
    banned = np.array([bool({link.tail, link.head} & used) for link in ring.links], dtype=np.bool_)
    assert shortest_circuit(ring, lengths, banned=banned).links


def test_links_past_as_many_cities_as_asked_come_before_those_past_others():
    towns = [(name, place, 300_000, node, (30, 20)) for name, place, node in (
        ("west", (-70, 0), 7), ("east", (70, 0), 3), ("south", (0, -70), 1),
    )]  # fmt: skip
    region = square(places=towns)
    asked = rules(least_cities=3, gap_count=6)
    found = further_links(region, asked)
    assert len(generated_ring(region, found, asked).stops) == 3
    assert reasons(region, found, asked) == []


@pytest.mark.parametrize("city", [1, 2, 3])
@pytest.mark.parametrize("shift", [(0.0, 0.0), (300.0, 500.0), (-300.0, -500.0), (12_900.0, 4_300.0)])
def test_a_circuit_through_a_node_does_without_what_crosses_its_ray_elsewhere(city, shift):
    towns = [(name, place, 300_000, node, (10, 60)) for name, place, node in (
        ("west", (-50, 0), 7), ("east", (50, 0), 3), ("south", (0, -50), 1),
    )]  # fmt: skip
    sides = [(12 + k, 12 + (k + 1) % 4, "motorway", 120, 100) for k in range(4)]
    region = square(places=towns, spots=OUTER, more=sides, shift=shift)
    network = RingNetwork(region, rules())
    ring = generated_ring(region, none(), rules())
    node = min(ring.stops[city], key=ring.stops[city].get)
    outer = [link.length_km == 480 for link in ring.graph.links]
    assert sum(outer) == 1
    assert off_the_ray(ring, node, network).tolist() == outer


def test_the_ray_leaves_from_the_nearest_centre():
    """`far` lies 200 km north: from there, the ray through the southern side crosses the northern one too."""
    places = (("south", (0, -50), 300_000, 1, (10, 60)), ("far", (0, 200), 300_000, 5, (160, 60)))
    region = square(places=places)
    asked = rules(centres=(0, 2))
    ring = generated_ring(region, none(), rules())
    (node,) = {min(nodes, key=nodes.get) for city, nodes in ring.stops.items() if city == 1}
    assert not off_the_ray(ring, node, RingNetwork(region, asked)).any()


def test_the_length_of_a_link_is_its_share_of_the_cost_then_its_km():
    region = square(without=(0,))
    found = generated_ring(region, road("new", 0, 1, region=region), rules())
    is_new = [link.candidate == "new" for link in found.graph.links]
    assert sum(is_new) == 1
    km = [link.length_km for link in found.graph.links]
    lengths = link_lengths(found, {"new": 700}).tolist()
    dear = link_lengths(found, {"new": 700}, charge_a_km=3).tolist()
    for k, new in enumerate(is_new):
        assert lengths[k] == round(_KM_A_UNIT_OF_COST * 700 * new + km[k])
        assert dear[k] == round(_KM_A_UNIT_OF_COST * (700 * new + 3 * km[k]) + km[k])


def test_the_gap_that_needs_the_fewest_km_is_named_however_many_links_exist():
    """A junction lies 600 m behind the end of the gap: a link to it would be longer and use one link less."""
    region = square(
        without=(0, 1),
        spots=[(0.6, -40), (0.6, -20)],
        more=[(1, 9, "motorway", 0.6, 100), (9, 2, "motorway", 39.4, 100), (9, 10, "motorway", 20, 100)],
    )
    (reason,) = reasons(region, none(), rules())
    assert "open gap between " in reason
    assert "(48 km); raise" in reason
