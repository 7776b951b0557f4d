"""Time a frontier, whose points are warm-started, against the same questions solved one by one.

    python benchmarks/frontier.py PROBLEM.json --axes two_way --points 24

A point of the frontier is solved in two stages (the best value, then the best of the plans that have it). A
single solve does only the first stage, so that the comparison favours it. Both use the same number of threads
and the same gap, with libraries and compiled code loaded before their clocks start. The seconds of a single
solve include its reduction; the frontier reduces once, and the table states how long that takes. `whole` is
the waiting time of a caller, with the start of a process, which the frontier needs once and a single solve
each time.
"""

import argparse
import statistics
import time
from pathlib import Path

from optimiser.engine.presolve import reduce
from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import solve
from optimiser.frontier import Limits, Point, tracing
from optimiser.frontier.axes import Axes, axes_of, own_problem, top_of
from optimiser.problem import DesignProblem, load


def main() -> None:
    """Trace the frontier, solve its questions one by one, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("problem", type=Path)
    parser.add_argument("--axes", choices=("two_way", "three_way"), default="two_way")
    parser.add_argument("--points", type=int, default=24)
    parser.add_argument("--gap", type=float, default=0.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--point-s", type=float, default=60.0)
    parser.add_argument("--total-s", type=float, default=1200.0)
    parser.add_argument("--cold", type=int, default=24, help="points that are repeated alone, evenly chosen")
    asked = parser.parse_args()
    problem = load(asked.problem)
    limits = Limits(points=asked.points, gap=asked.gap, point_s=asked.point_s, total_s=asked.total_s)
    begun = time.monotonic()
    reduce(top_of(problem), groups=axes_of(asked.axes, problem).groups)
    reduction = time.monotonic() - begun
    begun = time.monotonic()
    with tracing(problem, axes=asked.axes, limits=limits, threads=asked.threads) as tracer:
        for _point in tracer:
            pass
        points, ended = tracer.front(), tracer.state.ended
        asked_questions = len(tracer.state.points)
    whole = time.monotonic() - begun
    gaps = [point.gap for point in points if point.gap is not None]
    print(
        f"{problem.name}, {asked.axes}: {len(points)} non-dominated points in {whole:.1f} s "
        f"({asked_questions} answers with a plan; ended: {ended}); largest gap {max(gaps, default=0):.4%}; "
        f"{asked.threads} threads, gap asked {asked.gap:g}\n"
    )
    compare(problem, tracer.axes, points, asked, reduction)


def compare(
    problem: DesignProblem, axes: Axes, points: list[Point], asked: argparse.Namespace, reduction: float
) -> None:
    """Solve questions one by one, and print their times beside those of the frontier."""
    chosen = [point for point in points if point.warm][:: max(1, len(points) // max(1, asked.cold))]
    print("| asked | value | alone, s | frontier, s | times faster | alone, whole s | frontier, whole s |")
    print("|---|---|---|---|---|---|---|")
    alone, warm, alone_whole, warm_whole = [], [], [], []
    for point in chosen:
        params = SolveParameters(gap=asked.gap, threads=asked.threads, time_limit_s=asked.point_s)
        begun = time.monotonic()
        result = solve(own_problem(problem, axes, point.asked), params=params)
        alone_whole.append(time.monotonic() - begun)
        alone.append(result.seconds)
        warm.append(point.seconds)
        warm_whole.append(point.whole_seconds)
        what = point.asked.budget if point.asked.budget is not None else point.asked.least
        same = "" if result.objective == point.value else f" (alone {result.objective})"
        print(
            f"| {what} | {point.value}{same} | {alone[-1]:.3f} | {warm[-1]:.3f} | "
            f"{alone[-1] / max(1e-3, warm[-1]):.1f} | {alone_whole[-1]:.2f} | {warm_whole[-1]:.2f} |",
            flush=True,
        )
    print(f"| the frontier's one reduction | | | {reduction:.2f} | | | |")
    ratios = [a / max(1e-3, b) for a, b in zip(alone, warm, strict=True)]
    print(
        f"| **all {len(chosen)}** | | {sum(alone):.2f} | {sum(warm):.2f} | "
        f"{sum(alone) / max(1e-3, sum(warm)):.1f} (median {statistics.median(ratios):.1f}) | "
        f"{sum(alone_whole):.1f} | {sum(warm_whole):.1f} |"
    )


if __name__ == "__main__":
    main()
