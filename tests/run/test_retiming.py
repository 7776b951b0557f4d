"""Arcs are timed anew by their parts."""

from __future__ import annotations

import numpy as np
import pytest

from optimiser.frontier.cases import TimeChanges
from optimiser.run.retiming import changed_seconds
from optimiser.run.timing import PARTS, SplitArcs


def arcs():
    """A road, access to a station, a boarding with check-in, wait and start, a ride, a free connector."""
    rows = [
        {"driving": 1000},
        {"terminal": 900},
        {"check_in": 1500, "wait": 1800, "start": 120},
        {"riding": 3000},
        {"terminal": 1},
    ]
    parts = np.array([[row.get(part, 0) for part in PARTS] for row in rows], dtype=np.int64)
    near = np.array([False, True, False, False, True])
    # The third arc is that of a timed connection that saves 600 seconds, the fourth of a rule that saves 300.
    effect, saved = np.array([-1, -1, 0, 1, -1]), np.array([0, 0, 600, 300, 0])
    return SplitArcs(5, parts, near, effect, saved)


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({}, [1000, 900, 3420, 3000, 1]),
        ({"road_speed": 1.1}, [909, 900, 3420, 3000, 1]),
        ({"rail_speed": 0.9}, [1000, 900, 3420, 3333, 1]),
        ({"check_in_most_s": 900}, [1000, 900, 2820, 3000, 1]),
        ({"wait_most_s": 900}, [1000, 900, 2520, 3000, 1]),
        ({"waits": 1.5}, [1000, 900, 4320, 3000, 1]),
        ({"check_in": 0.8}, [1000, 900, 3120, 3000, 1]),
        ({"access_s": -300}, [1000, 600, 3420, 3000, 1]),
        ({"access_s": -3000}, [1000, 60, 3420, 3000, 1]),
        ({"access_s": 600}, [1000, 1500, 3420, 3000, 1]),
        ({"connections": 0.5}, [1000, 900, 3720, 3000, 1]),
        ({"connections": 0.0}, [1000, 900, 4020, 3000, 1]),
        ({"check_in_rule": 0.5}, [1000, 900, 3420, 3150, 1]),
        ({"check_in_rule": 0.0}, [1000, 900, 3420, 3300, 1]),
    ],
)
def test_each_change_moves_its_part_alone(changes, seconds):
    assert changed_seconds(arcs(), TimeChanges(**changes)).tolist() == seconds
