"""Let the tests of this folder measure plans of the drawn region."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from measures_drawing import drawn_candidates, drawn_cities, drawn_graph, drawn_problem

from optimiser import verify
from optimiser.job.measures import Measures as Assumed
from optimiser.problem import DesignProblem
from optimiser.run.measuring import Subject


@pytest.fixture
def subject() -> Callable[..., Subject]:
    """Return a builder of what is measured: ids of what is built."""

    def build(*built: str, assumed: Assumed | None = None, problem: DesignProblem | None = None) -> Subject:
        asked = problem or drawn_problem()
        return Subject(
            problem=asked,
            plan=verify.score(asked, built),
            graph=drawn_graph(),
            found=drawn_candidates(),
            cities=drawn_cities(),
            ends=np.array([(p.origin, p.destination) for p in asked.pairs], dtype=np.int64),
            assumed=assumed or Assumed(),
        )

    return build
