"""Every exact variant with every solver, ended at a random time: no label is false, and no bound.

`POLYRING_RANDOM=400` makes 5,600 solves of it where OR-Tools is installed.
"""

from __future__ import annotations

import random

import pytest
from core_drawing import brute_force, dense_problem
from engine_running import COUNT, EXTENDED_JOBS, JOBS, HereProcess, has_true_labels
from ring_drawing import ring_problem, whole_brute_force

from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import solve

SHORTEST_S, LONGEST_S = 0.01, 5.0


def limit_of(seed):
    """Return a time limit; short ones are as frequent as long ones."""
    share = random.Random(seed).random()  # noqa: S311 - chance for tests, no secret
    return SHORTEST_S * (LONGEST_S / SHORTEST_S) ** share


CASES = [
    *((dense_problem, brute_force, *job) for job in JOBS),
    *((ring_problem, whole_brute_force, *job) for job in EXTENDED_JOBS),
]
"""What draws problems and what solves them by trying every plan, with a variant and its solver."""


@pytest.mark.parametrize(("draw", "optimum_of", "variant", "solver"), CASES)
def test_an_interrupted_solve_has_true_labels(draw, optimum_of, variant, solver, draws):
    for seed in draws(3, COUNT):
        problem = draw(1000 + seed)
        params = SolveParameters(threads=1, solver=solver, seed=seed, time_limit_s=limit_of(seed))
        result = solve(problem, variant=variant, params=params, run=HereProcess())
        assert has_true_labels(problem, result, optimum_of(problem)), seed
