"""Solve ring problems on the cities of the default region, and print sizes, seconds and gaps.

Run it with `python benchmarks/ring_problems.py`; `--gap` sets the gap at which a solve ends (0: proved
optimal), `--only` selects cases by name. Each case is a job; steps prepared before come from the cache.
Seconds are those of the solve itself, after imports and reading; "s to 0.5 %" are the seconds until plan and
bound were first within that gap.
"""

import argparse
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from measured import MACHINE

from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import solve
from optimiser.job import load
from optimiser.problem import DesignProblem
from optimiser.problem.result import Result, gap_of
from optimiser.run.chain import Chain

NEAR = 0.005
"""The gap within which ring problems must be solved."""


HEADS = (
    "rings",
    "candidates",
    "ring nodes",
    "ring links",
    "status",
    "objective",
    "s to 0.5 %",
    "s",
    "gap",
    "formed",
)


@dataclass(frozen=True, slots=True)
class Case:
    """A job with rings.

    Attributes
    ----------
    share
        Budget, share of the cost of all candidates.
    rings
        Its sections `[[rings]]`.
    """

    name: str
    share: float
    rings: str
    more: str = ""


def ring(centres: str, least: int, *, reward: int = 0, more: str = "") -> str:
    """Return a section `[[rings]]`."""
    names = ", ".join(f'"{name}"' for name in centres.split("+"))
    wanted = f"required = false\nreward = {reward}" if reward else "required = true"
    name = centres.replace("+", " and ")
    return (
        f'[[rings]]\nid = "{name}"\ncentres = [{names}]\nradius_km = [35, 160]\n'
        f"least_cities = {least}\n{wanted}\n{more}\n"
    )


BOTH = "Beijing+Tianjin"
RAIL = """[[rings]]
id = "rail"
mode = "rail"
centres = ["Beijing"]
radius_km = [30, 120]
least_cities = 3
gap_longest_km = 120
"""
PERIODS = """[phasing]
names = ["first", "second", "third"]
shares = [0.3, 0.3, 0.4]
years = [5, 5, 5]
"""

CASES = (
    *(
        Case(f"{centre}, {least} cities, {share:.0%}", share, ring(centre, least))
        for centre in ("Beijing", BOTH)
        for least in (3, 6, 9)
        for share in (0.05, 0.1)
    ),
    Case("Beijing rewarded, 6 cities, 5%", 0.05, ring("Beijing", 6, reward=2000)),
    Case(f"{BOTH} rewarded, 9 cities, 5%", 0.05, ring(BOTH, 9, reward=2000)),
    Case("expressway and rail round Beijing, 3 cities each, 10%", 0.1, ring("Beijing", 3) + RAIL),
    Case(
        "two nested round Beijing, 3 cities, 10%",
        0.1,
        ring("Beijing", 3) + ring("Beijing", 3, more='apart = ["Beijing"]').replace("id =", 'id = "outer" #'),
    ),
    Case("side by side, 2 cities each, 10%", 0.1, ring("Beijing", 2) + ring("Tianjin", 2)),
    Case(f"{BOTH}, 6 cities, 10%, three periods", 0.1, ring(BOTH, 6), PERIODS),
)


def problem_of(case: Case) -> DesignProblem:
    """Return the problem of a case."""
    text = f'[region]\nname = "jing-jin-ji"\n[budget]\nshare = {case.share}\n{case.more}{case.rings}'
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "ring-problem.toml")
        path.write_text(text, encoding="utf-8")
        return Chain.of(load(path)).design


def near_after(result: Result, *, minimise: bool) -> float | None:
    """Return the seconds after which plan and bound were within `NEAR` of each other; None: never."""
    for point in result.trace:
        if point.objective is not None and point.bound is not None:
            gap = gap_of(point.objective, point.bound, minimise=minimise)
            if gap is not None and gap <= NEAR:
                return point.seconds
    return None


def row(case: Case, params: SolveParameters) -> str:
    """Solve a case and return its row of the table."""
    problem = problem_of(case)
    result = solve(problem, params=params)
    nodes = "+".join(str(len(one.nodes)) for one in problem.rings)
    links = "+".join(str(len(one.links)) for one in problem.rings)
    near = near_after(result, minimise=problem.budget is None)
    cells = (
        case.name,
        f"{len(problem.candidates)}",
        nodes,
        links,
        result.status,
        f"{result.objective:,}",
        "" if near is None else f"{near:.1f}",
        f"{result.seconds:.1f}",
        "" if result.gap is None else f"{result.gap:.4%}",
        f"{len(result.rings)}",
    )
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print one Markdown row per case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--gap", type=float, default=0.0)
    parser.add_argument("--time-limit", type=float, default=120.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="", help="part of the names of the cases wanted")
    asked = parser.parse_args()
    params = SolveParameters(gap=asked.gap, time_limit_s=asked.time_limit, threads=asked.threads)
    print(f"{MACHINE}, load {os.getloadavg()[0]:.1f}; {asked.threads} threads, asked gap {asked.gap:g}\n")
    print(f"| {' | '.join(HEADS)} |\n{'|---' * len(HEADS)}|")
    for case in CASES:
        if asked.only in case.name:
            print(row(case, params), flush=True)


if __name__ == "__main__":
    main()
