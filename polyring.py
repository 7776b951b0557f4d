"""Plan ring roads and links that bring every city of a region within reach of the others.

    import polyring as pr

    run = pr.run("jing-jin-ji")                     # or pr.load("polyring-runs/jing-jin-ji")
    run.links, run.cities, run.pairs, run.rings     # tables; run.columns says what each column means
    run.why(1)                                      # who needs a link, what stands in for it, what it beats
    half = run.solve(budget=0.5)                    # a what-if: without, force, budget, weights, limit
    pr.compare(run, half).map()

    region = pr.Region.read("north.osm.pbf", cities="cities.csv", country="CN")
    problem = region.problem(region.candidates(kinds=["gap", "rail_link"]), budget=130_000)
    plan = pr.verify(problem, pr.solve(problem, gap=1e-3))
    plan.report("out/")

This module only exports names, each loaded on first use (PEP 562), so that importing it is fast; see
docs/python.md. `networks` reads maps and computes travel times; `optimiser` decides what to build.
"""

import ast
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from networks.errors import NetworksError
    from optimiser.bench.instances import instance
    from optimiser.bench.outputs import Bench, bench
    from optimiser.engine.certification import Certified
    from optimiser.engine.search.task import NamedPlan, SolveParameters
    from optimiser.frontier import Limits
    from optimiser.job import Job, LoadedJob, load_clusters
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
    from optimiser.problem.errors import OptimiserError
    from optimiser.problem.result import Result
    from optimiser.problem.result import load as load_result
    from optimiser.problem.result import save as save_result
    from optimiser.report.page import MapView, Views, views
    from optimiser.studies.atlas import AtlasRun, atlas
    from optimiser.studies.backcast import Backcasted, backcast
    from optimiser.studies.closures import ClosuresRun, closures
    from optimiser.studies.comparison import Comparison, Why
    from optimiser.studies.finished import Run, compare, run
    from optimiser.studies.finished import ask_cases as cases
    from optimiser.studies.finished import load_run as load
    from optimiser.studies.finished import run as run_job
    from optimiser.studies.frontier import TracedFrontier
    from optimiser.studies.regional import (
        Region,
        RegionProblem,
        certify,
        check,
        save_problem,
        solve,
        trace,
        verify,
        write_model,
    )
    from optimiser.studies.robust import RobustRun, robust
    from optimiser.studies.sweep import Sweep, load_sweep, sweep
    from optimiser.tasks.cache import Progress
    from optimiser.verify import Plan

__all__ = [
    "AtlasRun", "Backcasted", "Bench", "Candidate", "Capacity", "Certified", "City", "ClosuresRun",
    "Comparison", "DesignProblem", "Job", "Limits", "LoadedJob", "MapView", "NamedPlan", "NetworksError",
    "OptimiserError", "Pair", "Period", "Plan", "Progress", "Region", "RegionProblem", "Result", "Ring",
    "RingLink", "RingStop", "RobustRun", "Run", "SolveParameters", "Sweep", "Target", "TracedFrontier",
    "Views", "Why", "atlas", "backcast", "bench", "cases", "certify", "check", "closures", "compare",
    "find_job", "instance", "load", "load_clusters", "load_problem", "load_result", "load_sweep", "robust",
    "run", "run_job", "save_problem", "save_result", "solve", "sweep", "trace", "verify", "views",
    "write_model",
]  # fmt: skip


if not TYPE_CHECKING:  # checkers read the imports above, and so refuse a name that does not exist

    @cache
    def _homes() -> dict[str, tuple[str, str]]:
        """Return the module of each name, and its name there: the imports above, which nobody executes."""
        tree = ast.parse(Path(__file__).read_text(encoding="utf-8"))
        imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
        return {one.asname or one.name: (node.module, one.name) for node in imports for one in node.names}

    def __getattr__(name: str) -> object:
        """Load a name from its module when it is first used."""
        if name not in __all__:
            raise AttributeError(f"module 'polyring' has no attribute {name!r}", name=name, obj=None)
        home, inside = _homes()[name]
        value = globals()[name] = getattr(import_module(home), inside)
        return value


def __dir__() -> list[str]:
    """Return the names that the module exports."""
    return sorted(__all__)
