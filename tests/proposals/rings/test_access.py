"""Check which cities lie on a ring, to the second, and where it may run."""

from __future__ import annotations

import pytest
from ring_regions import generated_ring, none, rules, square


def town(km, kmh, *, people=300_000):
    """Return a town so many km of ordinary road outside the middle of the southern side."""
    return ("town", (0, -40 - km), people, 1, (km, kmh))


@pytest.mark.parametrize(("on_s", "serves"), [(600, True), (599, False)])
def test_a_city_lies_on_it_when_the_drive_is_no_longer_than_allowed(on_s, serves):
    found = generated_ring(square(places=(town(10, 60),)), none(), rules(on_s=on_s, tiers=("small",)))
    assert [stop.id for stop in found.ring.stops] == (["town"] if serves else [])


def test_the_seconds_of_the_drive_are_kept():
    found = generated_ring(square(places=(town(10, 60),)), none(), rules(on_s=1200))
    assert min(found.stops[1].values()) == 600


def test_only_the_tiers_that_count_count():
    for tiers, ids in ((("small",), ["town"]), (("secondary",), []), (("secondary", "small"), ["town"])):
        found = generated_ring(square(places=(town(5, 60),)), none(), rules(tiers=tiers))
        assert [stop.id for stop in found.ring.stops] == ids


def test_a_centre_is_no_stop_of_its_own_ring():
    found = generated_ring(square(), none(), rules(tiers=("core",), on_s=36_000))
    assert found.ring.stops == ()


def test_a_city_beside_a_long_link_is_served_there_though_nothing_else_meets():
    found = generated_ring(square(places=(town(1, 60),)), none(), rules(on_s=120))
    (stop,) = found.ring.stops
    (node,) = stop.nodes
    assert found.graph.nodes[node].key == "road:1"
    assert any(node in (link.tail, link.head) for link in found.ring.links)


def test_the_band_leaves_out_what_is_too_near_or_too_far():
    assert generated_ring(square(), none(), rules(radius_km=(39.5, 57.0))).ring.links
    assert generated_ring(square(), none(), rules(radius_km=(41.0, 57.0))).ring.links == ()
    assert generated_ring(square(), none(), rules(radius_km=(39.5, 56.0))).ring.links == ()


def test_the_band_may_be_a_driving_time():
    # hub to the middle of a side: 40 km at 60 km/h, 2400 s; to a corner 40 km at 100 km/h more, 3840 s
    assert generated_ring(square(), none(), rules(time_s=(2400.0, 3840.0))).ring.links
    assert generated_ring(square(), none(), rules(time_s=(2401.0, 3840.0))).ring.links == ()
    assert generated_ring(square(), none(), rules(time_s=(2400.0, 3839.0))).ring.links == ()
