"""The value of time that a ring saves is exact, and a link has a second way where other ones replace it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.csgraph import floyd_warshall

from optimiser.measures.ring_use import CONDITIONS, RoadTimes, second_way, time_value, trip_use


def two_places(*, is_city=(True, False)):
    """Two places, 1,000 s apart on free roads and 2,000 s on congested ones, or 600 s by a new road."""
    seconds = np.array([[[0, s], [s, 0]] for s in (1000, 2000, np.inf)])
    places = pd.DataFrame(
        {
            "name": ["Ay", "Bee"],
            "population": [900, 400],
            "tier": "small",
            "terminal": [0, 1],
            "is_outside": True,
            "is_city": is_city,
        }
    )
    arcs = pd.DataFrame(
        {"candidate_id": ["new"], "tail": [0], "head": [1], **dict.fromkeys(CONDITIONS, 600.0)}
    )
    near = pd.DataFrame({"place": [], "lon": [], "lat": []})
    return RoadTimes(seconds, places, arcs, near, trips_per_person=2.0, facts={})


def value(roads, built=("new",), **changes):
    given = {"weights": np.array([20]), "total": 100, "limit_s": 1200, "congested": Fraction(1, 4)} | changes
    return time_value(roads, built, **given)


def test_time_counts_by_the_share_of_the_limit_that_it_is_of_and_at_most_all_of_it():
    # 400 s for three quarters of the day, and 1,400 s, of which 1,200 count, for one.
    assert value(two_places()) == (Fraction(100 * 3 * 400, 4 * 1200), Fraction(100, 4))
    assert value(two_places(), congested=Fraction(1)) == (0, 100)
    assert value(two_places(), limit_s=7) == (75, 25)


def test_a_heavier_pair_counts_no_more_where_it_is_the_only_one():
    assert value(two_places(), weights=np.array([7])) == value(two_places())


def test_a_pair_of_cities_of_the_job_counts_by_itself_and_nothing_built_is_worth_nothing():
    assert value(two_places(is_city=(True, True))) == (0, 0)
    assert value(two_places(), built=()) == (0, 0)


def test_a_pair_that_nothing_joined_is_faster_by_any_time():
    (_, _, closed) = trip_use(two_places(), ("new",))
    assert (closed.faster, closed.faster_5, closed.faster_15) == (1, 1, 1)


def test_all_trips_of_two_places_are_between_them():
    (free, _, _) = trip_use(two_places())
    assert (free.through_trips, free.through_share) == (2 * (900 + 400), 1.0)


def stretches(*rows):
    """Stretches: tail, head, metres, and whether each is open there and back."""
    return pd.DataFrame(rows, columns=["tail", "head", "metres", "forward", "backward"])


BOTH, THERE, BACK = (True, True), (True, False), (False, True)
ON_RING = (10, 10, 10, 0)


@pytest.mark.parametrize(
    ("chord", "expected"),
    [
        # A square whose side 0 - 1 must be built: 3 - 0 is the only link at its end, the chord 1 - 3 serves
        # the other two. At 21 m it is farther than round the rest of the ring.
        (12, [2]),
        (20, [2]),
        (21, [0, 1, 2]),
    ],
)
def test_a_stretch_gets_a_second_way_unless_a_chord_is_one_today(chord, expected):
    today = stretches((1, 2, 10, *BOTH), (2, 3, 10, *BOTH), (3, 0, 10, *BOTH), (1, 3, chord, *BOTH))
    assert second_way(today, ON_RING, 40) == expected


def test_a_ring_that_exists_gives_nothing_that_is_not_there():
    today = stretches(*((k, (k + 1) % 4, 10, *BOTH) for k in range(4)))
    assert second_way(today, [10] * 4, 40) == []


@pytest.mark.parametrize(("way", "expected"), [(BOTH, []), (THERE, []), (BACK, [0])])
def test_a_road_the_other_way_such_as_the_second_carriageway_is_no_second_way(way, expected):
    assert second_way(stretches((0, 1, 10, *THERE), (0, 1, 12, *way)), [10, 0], 40) == expected


def test_a_stretch_of_both_ways_needs_another_each_way():
    rows = (0, 1, 10, *BOTH), (0, 1, 12, *THERE), (0, 1, 14, *BACK)
    assert second_way(stretches(*rows), [10, 0, 0], 24) == []
    assert second_way(stretches(*rows), [10, 0, 0], 23) == [0]
    assert second_way(stretches(*rows[:2]), [10, 0], 24) == [0]


arcs = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(1, 40)), max_size=9)


@given(arcs, arcs)
def test_times_with_new_roads_are_those_of_the_network_with_them(today, new):
    def times(rows):
        matrix = np.full((5, 5), np.inf)
        for tail, head, seconds in rows:
            matrix[tail, head] = min(matrix[tail, head], seconds)
        return floyd_warshall(np.ma.masked_invalid(matrix))

    roads = two_places()
    ends = np.array([row[:2] for row in new], dtype=np.int64).reshape(-1, 2)
    table = pd.DataFrame({"candidate_id": "new", "tail": ends[:, 0], "head": ends[:, 1]})
    table = table.assign(**dict.fromkeys(CONDITIONS, np.array([float(row[2]) for row in new])))
    places = pd.concat([roads.places] * 3, ignore_index=True)[:5].assign(terminal=range(5))
    drawn = replace(roads, seconds=np.array([times(today)] * 3), places=places, arcs=table)
    expected = times([*today, *new])[tuple(drawn.ends.T)]
    assert drawn.with_built(["new"]).tolist() == [expected.tolist()] * 3
    assert drawn.with_built([]).tolist() == [times(today)[tuple(drawn.ends.T)].tolist()] * 3
