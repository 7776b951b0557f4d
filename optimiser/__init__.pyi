from . import engine, frontier, job, measures, problem, proposals, report, run, verify
from .engine.search.task import NamedPlan, SolveParameters
from .engine.solve import solve
from .problem.result import Result

__all__ = [
    "NamedPlan", "Result", "SolveParameters", "engine", "frontier", "job", "measures", "problem", "proposals",
    "report", "run", "solve", "verify",
]  # fmt: skip
