from __future__ import annotations

import math

import numpy as np
import pytest

from optimiser.engine.methods.branching.nodes import LEAST, RELIABLE, Experience


def seen(*notes, size=2):
    known = Experience.none(size)
    for note in notes:
        known.note(*note)
    return known


def test_a_change_counts_per_unit_of_distance():
    known = seen((0, 0, 3.0, 0.25), (0, 0, 1.0, 0.5), (0, 1, 6.0, 0.75))
    assert known.total[:, 0].tolist() == [14.0, 8.0]
    assert known.count[:, 0].tolist() == [2, 1]


def test_a_score_is_the_product_of_the_mean_changes_on_both_sides():
    known = seen((0, 0, 3.0, 0.25), (0, 0, 1.0, 0.5), (0, 1, 6.0, 0.75))
    assert known.scores(np.array([0.5, 0.0]))[0] == pytest.approx((7.0 * 0.5) * (8.0 * 0.5))
    assert known.scores(np.array([0.2, 0.0]))[0] == pytest.approx((7.0 * 0.2) * (8.0 * 0.8))


def test_decisions_never_seen_are_taken_as_the_mean_of_the_others():
    known = seen((0, 0, 2.0, 1.0), (0, 0, 4.0, 1.0), (0, 1, 8.0, 1.0))
    assert known.scores(np.array([0.5, 0.25]))[1] == pytest.approx((3.0 * 0.25) * (8.0 * 0.75))


def test_without_experience_all_scores_are_the_same_and_least():
    assert Experience.none(3).scores(np.array([0.1, 0.5, 0.9])).tolist() == [LEAST * LEAST] * 3


def test_a_bound_that_rose_by_noise_counts_as_no_change():
    known = seen((1, 0, -1e-7, 0.5))
    assert (known.total[0, 1], known.count[0, 1]) == (0.0, 1)


def test_a_change_without_bound_is_left_out():
    assert seen((0, 0, math.inf, 0.5)).count.sum() == 0


def test_a_distance_of_nothing_divides_by_the_least():
    assert seen((0, 0, LEAST, 0.0)).total[0, 0] == 1.0


def test_a_decision_is_reliable_once_both_sides_are_seen_often():
    known = seen(*[(0, 0, 1.0, 0.5)] * RELIABLE, *[(0, 1, 1.0, 0.5)] * (RELIABLE - 1))
    assert not known.reliable(0)
    known.note(0, 1, 1.0, 0.5)
    assert known.reliable(0)
    assert not known.reliable(1)


def test_what_two_have_seen_adds_up_and_leaves_both_as_they_were():
    first, second = seen((0, 0, 1.0, 0.5)), seen((0, 0, 3.0, 0.5), (1, 1, 1.0, 1.0))
    both = first.plus(second)
    assert both.total.tolist() == [[8.0, 0.0], [0.0, 1.0]]
    assert both.count.tolist() == [[2, 0], [0, 1]]
    assert first.count.sum() == 1
    assert second.count.sum() == 2
