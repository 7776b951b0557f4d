"""Check the mean time of a place to the others."""

from __future__ import annotations

from math import inf

import pytest

from optimiser.measures.equity import place_times
from optimiser.problem.errors import ProblemError


def test_time_of_a_place_is_weighted_by_the_people_at_the_other_ends():
    places, times = place_times([(0, 1), (0, 2)], [10, 40], [5, 1, 2])
    assert places.tolist() == [0, 1, 2]
    assert times.tolist() == [30, 10, 40]


def test_a_pair_without_a_path_does_not_count_in_the_mean():
    assert place_times([(0, 1), (0, 2)], [10, None], [5, 1, 2])[1].tolist()[:2] == [10, 10]


def test_a_place_without_a_path_to_any_other_is_infinitely_far():
    assert place_times([(0, 1), (0, 2)], [10, None], [5, 1, 2])[1].tolist()[2] == inf


def test_pairs_with_nobody_at_the_other_end_do_not_count():
    places, times = place_times([(0, 1), (0, 2)], [10, 90], [5, 1, 0])
    assert (places.tolist(), times.tolist()) == ([0, 1, 2], [10, 10, 90])


def test_a_place_paired_with_itself_has_no_time():
    assert place_times([(0, 0)], [0], [5])[0].tolist() == []


def test_one_time_a_pair_is_needed():
    with pytest.raises(ProblemError):
        place_times([(0, 1)], [], [1, 1])
