from __future__ import annotations

import numpy as np
from core_drawing import line, side_problems
from hypothesis import given, settings

from optimiser.engine.methods.rounding import Rounding
from optimiser.engine.presolve import reduce
from optimiser.engine.search.incumbent import mask_incumbent
from optimiser.engine.search.scoring import fits, objective_of
from optimiser.engine.search.tables import tables


@given(side_problems())
@settings(max_examples=40, deadline=None)
def test_rounded_plans_violate_no_constraint(problem):
    small = reduce(problem).problem
    if not small.candidates or not small.pairs:
        return
    t = tables(small)
    incumbent = mask_incumbent(t, seconds=300.0, send=lambda _: None)
    Rounding(t, incumbent)(np.full(t.size, 0.4))
    assert incumbent.best is None or fits(t, incumbent.best)


def test_a_point_of_the_line_is_rounded_to_the_best_plan():
    small = reduce(line()).problem
    t = tables(small)
    incumbent = mask_incumbent(t, seconds=300.0, send=lambda _: None)
    Rounding(t, incumbent)(np.array([0.6, 0.0]))
    assert objective_of(t, incumbent.best) == 16
