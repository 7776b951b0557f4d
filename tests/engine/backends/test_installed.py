from __future__ import annotations

import pytest
from core_drawing import line

from optimiser.engine.backends import pulp_solvers
from optimiser.engine.solve import solve
from optimiser.problem.errors import EnvironmentFault


def test_a_missing_solver_that_a_variant_alone_runs_with_is_told_to_the_user(monkeypatch):
    monkeypatch.setattr(registry, "_installed", lambda solver: solver.name == "highs")
    with pytest.raises(EnvironmentFault, match="scip") as caught:
        solve(line(), variant="benders")
    assert "pip install" in caught.value.remedy
