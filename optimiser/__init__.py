"""Decide what to build: candidates, design problem, plan, check, report.

    import optimiser

    problem = optimiser.problem.load("problem.json")
    result = optimiser.solve(problem, params=optimiser.SolveParameters(time_limit_s=600))
    plan = optimiser.verify.check(problem, result)

Everything is loaded on first use, so that importing the package is fast.
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from optimiser import engine, frontier, job, measures, problem, proposals, report, run, verify
    from optimiser.engine.search.task import NamedPlan, SolveParameters
    from optimiser.engine.solve import solve
    from optimiser.problem.result import Result

__all__ = [
    "NamedPlan", "Result", "SolveParameters", "engine", "frontier", "job", "measures", "problem", "proposals",
    "report", "run", "solve", "verify",
]  # fmt: skip

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submodules=("engine", "frontier", "job", "measures", "problem", "proposals", "report", "run", "verify"),
    submod_attrs={
        "engine.search.task": ["NamedPlan", "SolveParameters"],
        "engine.solve": ["solve"],
        "problem.result": ["Result"],
    },
)
