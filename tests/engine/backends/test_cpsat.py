from __future__ import annotations

import numpy as np
import pytest
from core_drawing import line
from stated_rows import binary_best, check_master, given_rows, weighted_triangle

from optimiser.engine.search.rows import Rows

pytest.importorskip("ortools")

from optimiser.engine.backends.cpsat import CpsatMaster


@given_rows
def test_a_master_keeps_to_rows_of_several_pairs(lines, budget):
    master = CpsatMaster(weighted_triangle(budget), threads=1, seed=1)
    check_master(master, lines, budget, binary_best(lines, budget), tolerance=1e-6)


@pytest.mark.parametrize("thirds", [1, 2])
def test_coefficients_that_are_rounded_up_keep_every_plan_of_the_row(thirds):
    master = CpsatMaster(line(budget=None).canonical(), threads=1, seed=1)
    share = np.nextafter(thirds / 3.0, 1.0)
    master.add(Rows(np.array([0]), np.array([0, 2]), np.array([0, 1]), np.array([share, 1.0 - thirds / 3.0])))
    found = master.solve(start=None, gap=0.0, turn=5, seconds=300.0, on_point=lambda _bound, _point: False)
    assert round(found.points[-1].x.sum()) == 2
