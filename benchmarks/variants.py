"""Compare the solver variants on problem files: gap, bound, seconds.

Usage: python benchmarks/variants.py [--time-limit S] [--variants a,b] [--threads N] PROBLEM.json ...

Prints one Markdown row a run. Wall times on a busy machine are no measure; CPU seconds stand beside them.
"""

from __future__ import annotations

import argparse
import platform
import resource
import sys
from pathlib import Path

from optimiser.problem import DesignProblem, load
from optimiser.result import Result
from optimiser.solve import VARIANTS, SolveFailure, SolveParameters, solve

HEAD = (
    "| problem | variant | status | objective | bound | gap | solve s | CPU s |\n"
    "|---|---|---|---|---|---|---|---|"
)


def main() -> None:
    """Run every variant on every problem and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("problems", nargs="+", type=Path)
    parser.add_argument("--time-limit", type=float, default=60.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--variants", default="cuts,compact,swap,reverse-greedy,greedy")
    asked = parser.parse_args()
    params = SolveParameters(time_limit_s=asked.time_limit, threads=asked.threads)
    print(f"{platform.machine()}, Python {platform.python_version()}, limit {asked.time_limit:g} s\n\n{HEAD}")
    for path in asked.problems:
        problem = load(path)
        for variant in asked.variants.split(","):
            if problem.budget is not None or VARIANTS[variant].covers_all:
                print(row(problem, variant, params), flush=True)


def row(problem: DesignProblem, variant: str, params: SolveParameters) -> str:
    """Return the table row of one run."""
    before = child_seconds()
    result = outcome(problem, variant, params)
    spent = child_seconds() - before
    gap = "-" if result.gap is None else f"{result.gap:.2%}"
    bound = "-" if result.bound is None else f"{result.bound:.1f}"
    return (
        f"| {problem.name} | {variant} | {result.status} | {result.objective} | {bound} | {gap} "
        f"| {result.seconds:.1f} | {spent:.1f} |"
    )


def outcome(problem: DesignProblem, variant: str, params: SolveParameters) -> Result:
    """Return the result, that of a failed solver included."""
    try:
        return solve(problem, variant=variant, params=params)
    except SolveFailure as failure:
        return failure.result


def child_seconds() -> float:
    """Return the CPU seconds that ended child processes have used so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
