"""Join drawn lines that cross or touch without a connection, with exact seconds and money."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from candidates_drawing import KM, base_case, cities, network, railway, table

from optimiser.proposals.base_case import NEW
from optimiser.proposals.generate import of_kind
from optimiser.proposals.rail import (
    CurveRules,
    _approaches,
    _curve_km,
    _curve_s,
    _Site,
    _sites,
    propose_curves,
)
from optimiser.proposals.trains import RailRules, Tracks

ROAD = network([(0, 0), (50, 60)], [(0, 1, "primary", 110, 40)])
PLACES = cities(ROAD, [("a", (0, 0), 9_000_000, 0), ("b", (50, 60), 900_000, 1)])


def lines(south=-60.0, links=((0, 1), (2, 3))):
    """Two lines for 160 km/h: of 100 km, and from `south` to 60 km north of its middle."""
    spots = [(0, 0), (100, 0), (50, south), (50, 60)]
    rows = [(a, b, "conv160", 100 if (a, b) == (0, 1) else 60 - south, 160) for a, b in links]
    tracks = network(spots, rows, "rail")
    today = [("conv160", 3600, list(links[at]), [0, 3000]) for at in (0, -1)]
    return Tracks(base_case(ROAD, PLACES, railway(tracks, today)), RailRules())


def test_a_curve_joins_crossing_lines_and_a_direct_train_runs_over_it():
    (found,) = propose_curves(lines(), CurveRules(), [(0, 1)], Counter())
    assert found.candidate_id == "rail-curve:a-b"
    # 50 and 60 km at 0.8 x 160 km/h take 3,094 s, and 1.5 km at 0.8 x 80 km/h take 84 s.
    ends = [f"{NEW}rail-curve:a-b/{at}" for at in (0, 1)]
    rides = {(tail, head): seconds for tail, head, seconds in found.arcs}
    assert rides[ends[0], f"{ends[1]}/arrived"] == rides[ends[1], f"{ends[0]}/arrived"] == 3094 + 84
    assert found.length_km == pytest.approx(111.5, abs=0.01)
    assert found.runs == ((0, 8, False), (1, 8, False))
    # Two trainsets for a round trip of 2 x (3,178 + 240 + 1,800) s every two hours, 1,784 train-km a day, and
    # one junction: 300 + 892 + 300 million CNY.
    assert found.trainsets == 2
    (priced,) = table(*of_kind("connecting_curve", [found])).table.to_dict("records")
    assert (priced["cost_low"], priced["cost"], priced["cost_high"]) == (746, 1492, 2695)


def test_a_line_that_ends_beside_another_one_is_joined_by_a_longer_curve():
    (found,) = propose_curves(lines(south=1.6), CurveRules(), [(0, 1)], Counter())
    assert found.units == pytest.approx(1.6, rel=0.01)
    assert "2.4 km of track" in found.why
    assert list(propose_curves(lines(south=2.4), CurveRules(), [(0, 1)], Counter())) == []


def test_lines_that_are_connected_get_no_curve():
    joined = ((0, 2), (2, 1), (2, 3))
    assert list(propose_curves(lines(south=0, links=joined), CurveRules(), [(0, 1)], Counter())) == []


def test_a_curve_that_saves_too_little_is_counted():
    # The gain is counted from ten hours, since no track joins the cities today.
    left_out: Counter[str] = Counter()
    rules = CurveRules(gain_s=36_000 - 3177)
    assert list(propose_curves(lines(), rules, [(0, 1)], left_out)) == []
    assert left_out == {"connecting_curve: its train saves under 547 min of running": 1}
    rules = CurveRules(gain_s=36_000 - 3178)
    assert len(list(propose_curves(lines(), rules, [(0, 1)], Counter()))) == 1


def test_without_railways_there_are_no_curves():
    tracks = Tracks(base_case(ROAD, PLACES, None), RailRules())
    assert list(propose_curves(tracks, CurveRules(), [(0, 1)], Counter())) == []


# ---- sites and runs by hand


def near_site(south, **rules):
    """Return the sites of a line that ends `south` km north of another one."""
    return list(_sites(lines(south=south), CurveRules(**rules)))


@pytest.mark.parametrize(
    ("south", "touch_km", "count"), [(1.6, 2.0, 1), (1.6, 1.5, 0), (2.1, 2.0, 0), (2.1, 2.2, 1)]
)
def test_a_line_touches_another_one_within_the_distance(south, touch_km, count):
    found = near_site(south, touch_km=touch_km)
    assert len(found) == count
    for site in found:
        assert site.links == (1, 0)
        assert site.shares == pytest.approx((0.0, 0.5), abs=1e-3)
        assert site.km == pytest.approx(south, rel=1e-2)
        assert site.points[1] == pytest.approx((50 * KM, 0.0), abs=1e-6)


def test_lines_cross_at_shares_of_their_lengths():
    (site,) = near_site(-30.0)
    assert (site.links, site.km) == ((0, 1), 0.0)
    assert site.shares == pytest.approx((0.5, 1 / 3))


def test_runs_to_a_site_come_from_the_nearer_end_of_its_link():
    """50 and 60 km at 0.8 x 160 km/h take 1,406 and 1,688 s."""
    tracks = lines()
    (site,) = _sites(tracks, CurveRules())
    seconds, station, end = _approaches(tracks, [site])
    assert seconds[0].tolist() == [
        [pytest.approx(50 / 128 * 3600), np.inf],
        [np.inf, pytest.approx(60 / 128 * 3600)],
    ]
    assert station[0].tolist() == [[0, -1], [-1, 3]]
    assert (end[0, 0, 0], end[0, 1, 1]) == (0, 3)


@pytest.mark.parametrize(
    ("km", "rules", "curve_km"),
    [(0.0, {}, 1.5), (1.0, {}, 1.5), (2.0, {}, 3.0), (2.0, {"curve_factor": 1.0}, 2.0)],
)
def test_a_curve_is_longer_than_what_it_bridges_and_has_a_least_length(km, rules, curve_km):
    site = _Site((0, 1), (0.5, 0.5), ((0.0, 0.0), (0.0, 0.0)), km)
    assert _curve_km(site, CurveRules(**rules)) == curve_km
    assert _curve_s(lines(), site, CurveRules(**rules)) == round(curve_km / 64 * 3600)


def test_no_curve_is_built_where_as_many_direct_trains_run():
    """A direct train every two hours, which takes ten hours, is as many as would run over the curve."""
    tracks = lines()
    direct = [("conv160", 3600, [0, 1], [0, 3000]), ("conv160", 7200, [0, 3], [0, 36_000])]
    base = base_case(ROAD, PLACES, railway(tracks.base.rail, direct))
    left_out: Counter[str] = Counter()
    assert list(propose_curves(Tracks(base, RailRules()), CurveRules(), [(0, 1)], left_out)) == []
    assert left_out == {"connecting_curve: as many direct trains run today": 1}
    more = CurveRules(headway_s=7199)
    assert len(list(propose_curves(Tracks(base, RailRules()), more, [(0, 1)], Counter()))) == 1
