from __future__ import annotations

import numpy as np

from optimiser.report import maps


def test_labels_do_not_overlap():
    random = np.random.default_rng(1)
    labels = [maps.Label(x, y, 60, 12) for x, y in random.uniform(0, 500, (60, 2))]
    found = maps.place_labels(labels, taken=maps.boxes(()), frame=(0, 0, 500, 500))
    corners = maps.boxes([[p.x, p.y, p.x + 60, p.y + 12] for p in found if p is not None])
    for row, box in enumerate(corners):
        assert not maps.overlaps(box, np.delete(corners, row, axis=0)).any()


def test_a_label_stands_right_of_its_point_where_there_is_room():
    found = maps.place_labels(
        [maps.Label(50, 50, 20, 10)], taken=maps.boxes(()), frame=(0, 0, 100, 100), gap=5
    )
    assert found == [maps.Place(55.0, 45.0, (1, 0), 1.0)]


def test_a_label_without_room_is_left_out():
    found = maps.place_labels([maps.Label(50, 50, 200, 10)], taken=maps.boxes(()), frame=(0, 0, 100, 100))
    assert found == [None]
