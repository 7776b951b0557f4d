"""Plan ring roads and links that bring every city of a region within reach of the others.

    import polyring as pr

    run = pr.run_job(pr.find_job("jing-jin-ji"))
    problem = pr.load_problem("problem.json")
    result = pr.solve(problem, params=pr.SolveParameters(time_limit_s=600))
    plan = pr.check(problem, result)

This module only exports names. `networks` reads maps and computes travel times; `optimiser` decides what to
build.
"""

from __future__ import annotations

from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import solve
from optimiser.frontier import Limits, trace
from optimiser.job import Job, LoadedJob
from optimiser.job import find as find_job
from optimiser.problem import (
    Candidate,
    Capacity,
    City,
    DesignProblem,
    Pair,
    Period,
    Ring,
    RingLink,
    RingStop,
    Target,
)
from optimiser.problem import load as load_problem
from optimiser.problem import save as save_problem
from optimiser.problem.errors import OptimiserError
from optimiser.problem.result import Result
from optimiser.problem.result import load as load_result
from optimiser.problem.result import save as save_result
from optimiser.run.pipeline import Run
from optimiser.run.pipeline import run as run_job
from optimiser.verify import Plan, check

__all__ = [
    "Candidate", "Capacity", "City", "DesignProblem", "Job", "Limits", "LoadedJob", "OptimiserError", "Pair",
    "Period", "Plan", "Result", "Ring", "RingLink", "RingStop", "Run", "SolveParameters", "Target", "check",
    "find_job", "load_problem", "load_result", "run_job", "save_problem", "save_result", "solve", "trace",
]  # fmt: skip
