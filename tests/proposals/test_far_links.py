"""Check links between cities that are no neighbours."""

from __future__ import annotations

from collections import Counter

from candidates_drawing import base_case, cities, network, with_arcs

from optimiser.proposals.costs import Alignments
from optimiser.proposals.generate import Rules, Scope
from optimiser.proposals.roads import FarRules, RoadRules, propose_direct_expressways

ROAD = network([(0, 0), (100, 0), (200, 0)], [(0, 1, "primary", 100, 50), (1, 2, "primary", 100, 50)])
PLACES = cities(ROAD, [("a", (0, 0), 90_000, 0), ("b", (100, 0), 80_000, 1), ("c", (200, 0), 70_000, 2)])


def test_a_direct_expressway_joins_cities_that_are_no_neighbours():
    drawn = base_case(ROAD, PLACES, limit_s=10_800)
    far = Scope(drawn, Rules()).far_pairs
    assert far == [(0, 2)]
    (found,) = propose_direct_expressways(Alignments(drawn), far, FarRules(), RoadRules(), Counter())
    assert found.candidate_id == "road-direct:a-c"
    seconds = found.arcs[0][2]
    assert abs(seconds - 1.2 * 200 / RoadRules().speed_kmh * 3600) < 60
    assert with_arcs(drawn.graph, found.arcs)[0, 2] == seconds + 600


def test_one_that_is_too_long_for_the_limit_or_hardly_faster_is_counted():
    drawn = base_case(ROAD, PLACES, limit_s=9_000)
    left_out: Counter[str] = Counter()
    assert (
        list(propose_direct_expressways(Alignments(drawn), [(0, 2)], FarRules(), RoadRules(), left_out)) == []
    )
    slow = RoadRules(speed_kmh=70.0)
    wide = base_case(ROAD, PLACES, limit_s=14_000)
    assert list(propose_direct_expressways(Alignments(wide), [(0, 2)], FarRules(), slow, left_out)) == []
    assert left_out == {
        "direct_expressway: its ends stay beyond the limit": 1,
        "direct_expressway: under 1.2 times as fast as today's road": 1,
    }


def reasons(pairs=((0, 2),), rules=FarRules(), drawn=None):  # noqa: B008
    left_out: Counter[str] = Counter()
    region = drawn or base_case(ROAD, PLACES, limit_s=10_800)
    found = list(propose_direct_expressways(Alignments(region), pairs, rules, RoadRules(), left_out))
    return len(found), dict(left_out)


def test_one_that_is_longer_than_allowed_or_off_the_network_is_counted():
    km = base_case(ROAD, PLACES).straight_km(0, 2)
    too_long = {f"direct_expressway: longer than {km - 0.1:g} km": 1}
    assert reasons(rules=FarRules(longest_km=km)) == (1, {})
    assert reasons(rules=FarRules(longest_km=km - 0.1)) == (0, too_long)
    assert reasons(((0, 2), (2, 0)), FarRules(longest_km=km - 0.1))[1] == dict.fromkeys(too_long, 2)
    off = cities(ROAD, [("a", (0, 0), 90_000, 0), ("b", (100, 0), 80_000, 1), ("c", (200, 0), 70_000, -1)])
    drawn = base_case(ROAD, off, limit_s=10_800)
    assert reasons(drawn=drawn) == (0, {"direct_expressway: a city is not on the road network": 1})


def test_the_ends_count_to_the_second_of_the_limit():
    region = base_case(ROAD, PLACES, limit_s=10_800)
    (found,) = propose_direct_expressways(Alignments(region), [(0, 2)], FarRules(), RoadRules(), Counter())
    whole_s = found.arcs[0][2] + 600
    assert reasons(drawn=base_case(ROAD, PLACES, limit_s=whole_s))[0] == 1
    assert reasons(drawn=base_case(ROAD, PLACES, limit_s=whole_s - 1))[0] == 0
