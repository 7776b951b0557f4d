"""Measure whether time limits are kept, and whether what a solve claims is true when the clock ends it.

    python benchmarks/limits.py                       # both parts; about two hours on two cores
    python benchmarks/limits.py --part random --problems 5000
    python benchmarks/limits.py --part sizes --pairs 2000 5000 --seconds 5 20

`random`: small random problems, spread evenly over all variants that prove something and their installed
solvers, each with a time limit between 0.01 and 5 s (its logarithm is drawn evenly). Every claim is compared
with the optimum that trying every plan finds. `large`: the same with numbers up to the largest of the format,
of which each problem that is not refused must be solved to proof. `sizes`: generated problems of given
numbers of pairs with fixed limits; and jobs with a table of travel times of as many pairs, which `polyring
run` takes to a run folder. The figures go to results/limits.json, and as tables to results/limits.md.

The clock runs from the message with which the solver process starts it to the checked result. A solve may
exceed its limit by 2 s or 5 %, whichever is more.
"""

import argparse
import importlib
import json
import math
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
from measured import MACHINE, measure, table
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from optimiser.bench.generators.families import (
    GeometricParameters,
    GridParameters,
    geometric,
    grid,
    national,
    national_of_size,
)
from optimiser.engine.backends.pulp_solvers import find, is_installed
from optimiser.engine.child import ChildProcess, Ending, most_overrun_s
from optimiser.engine.methods.variants import VARIANTS
from optimiser.engine.search.compiled import use_machine_code
from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import SolveFailure, solve
from optimiser.problem import DesignProblem, load
from optimiser.problem.errors import OptimiserError
from optimiser.problem.result import Result, rounded_bound

HERE = Path(__file__).resolve().parent
FIGURES, TABLES = HERE / "results" / "limits.json", HERE / "results" / "limits.md"
DRAWINGS = HERE.parent / "tests" / "drawings"
"""Folder with the drawn problems of the tests and their brute force."""

PUBLIC = Path("../shared/instances/public/jjj_counties_05.json")
"""A public problem that is solved besides, where it is at hand."""

PARTS = {"random": "Random problems under random limits", "large": "Random problems with large numbers"}
"""Titles of the parts of random problems."""

SHORTEST_S, LONGEST_S, AMPLE_S = 0.01, 5.0, 60.0
"""Bounds on the random time limits, and the limit with large numbers."""

PAIRS, SECONDS = (2_000, 5_000, 14_000), (5.0, 20.0, 60.0)


@dataclass(frozen=True, slots=True)
class Timed:
    """A solve with its result and the seconds that it took.

    Attributes
    ----------
    result
        The result; None where the solve raised an error without one.
    seconds
        From the start of the clock to the checked result.
    waited_s
        Of these, how long this process or that of the solver was ready to run and had no processor.
    fault
        The error that the solve raised; empty without one.
    """

    result: Result | None
    seconds: float
    waited_s: float
    fault: str


def timed(problem: DesignProblem, variant: str, params: SolveParameters, process: ChildProcess) -> Timed:
    """Solve a problem in a process, and measure from the start of its clock to the checked result."""
    begun, waits, fault = time.monotonic(), _waits(), ""
    result: Result | None = None

    def run(
        task: Mapping[str, Any], receive: Callable[[dict[str, Any]], None], *, time_limit_s: float
    ) -> Ending:
        def note(message: dict[str, Any]) -> None:
            nonlocal begun, waits
            if message["kind"] == "ready" and not has_begun:
                has_begun.append(True)
                begun, waits = time.monotonic(), _waits()
            receive(message)

        return process(task, note, time_limit_s=time_limit_s)

    has_begun: list[bool] = []
    try:
        result = solve(problem, variant=variant, params=params, run=run)
    except SolveFailure as failure:
        result, fault = failure.result, str(failure)
    except OptimiserError as error:
        fault = str(error)
    return Timed(result, time.monotonic() - begun, _waited_s(waits), fault)


def _waits() -> dict[int, float]:
    """Return how long this process and its children have waited for a processor so far, in seconds.

    Of each process its first thread counts, as the two take turns. Empty where the system does not say.
    """
    found = {}
    for process in (psutil.Process(), *psutil.Process().children()):
        with suppress(OSError, ValueError, IndexError):
            text = Path(f"/proc/{process.pid}/task/{process.pid}/schedstat").read_text(encoding="ascii")
            found[process.pid] = int(text.split()[1]) / 1e9
    return found


def _waited_s(before: Mapping[int, float]) -> float:
    """Return how long this process and its present children have waited since."""
    return sum(seconds - before.get(process_id, 0.0) for process_id, seconds in _waits().items())


# ---- random problems under random limits


@dataclass(slots=True)
class Tally:
    """What came of the random problems of one variant with one solver."""

    problems: int = 0
    optimal: int = 0
    feasible: int = 0
    infeasible: int = 0
    none: int = 0
    refused: int = 0
    ended: int = 0
    failed: int = 0
    false_bounds: int = 0
    false_labels: int = 0
    late_by_machine: int = 0
    overruns: int = 0
    most_overrun_s: float = -math.inf


def jobs() -> Iterator[tuple[str, str, bool]]:
    """Yield each variant that proves something with each installed solver, for plain and other problems."""
    for name, variant in VARIANTS.items():
        if variant.proves:
            solvers = variant.solvers or ("auto",)
            yield from ((name, solver, False) for solver in solvers if _can_run(solver))
            extended = variant.extended or (("auto",) if name == "auto" else ())
            yield from ((name, solver, True) for solver in extended if _can_run(solver))


def _can_run(solver: str) -> bool:
    return solver == "auto" or ((found := find(solver)) is not None and is_installed(found))


def run_random(count: int, first: int, minutes: float, *, large: bool = False) -> dict[str, Any]:
    """Solve random problems under random limits; return the tallies and all that is wrong.

    Parameters
    ----------
    count, first
        Number of problems, and the number of the first one, which is its seed.
    minutes
        Time after which no further problem is begun.
    large
        Numbers up to the largest of the format, and no clock: what is not refused must be proved.
    """
    sys.path.insert(0, str(DRAWINGS))
    plain, rings = importlib.import_module("core_drawing"), importlib.import_module("ring_drawing")
    kinds = {
        False: (plain.dense_problem, plain.brute_force),
        True: (rings.ring_problem, rings.whole_brute_force),
    }
    use_machine_code()  # this process evaluates so many plans that it would compile in the middle of a solve
    every, tallies, wrong = list(jobs()), dict[str, Tally](), list[str]()
    begun = time.monotonic()
    with ChildProcess() as process:
        for number in range(first, first + count):
            if time.monotonic() - begun > 60 * minutes:
                count = number - first
                break
            variant, solver, is_extended = every[number % len(every)]
            make, brute_force = kinds[is_extended]
            problem, chance = make(number), random.Random(number)  # noqa: S311 - no secret
            limit_s = math.exp(chance.uniform(math.log(SHORTEST_S), math.log(LONGEST_S)))
            if large:
                problem, limit_s = plain.enlarged(problem, number), AMPLE_S
            params = SolveParameters(time_limit_s=limit_s, threads=1, solver=solver)
            found = timed(problem, variant, params, process)
            label = f"{variant}:{solver}{' (rings, periods)' if is_extended else ''}"
            tally = tallies.setdefault(label, Tally())
            faults = list(_count(tally, found, limit_s, problem, brute_force(problem), large=large))
            wrong += [f"{label}, problem {number}, limit {limit_s:.3f} s: {fault}" for fault in faults]
            for fault in wrong[len(wrong) - len(faults) :]:
                print(fault, flush=True)
            if (number - first + 1) % 50 == 0:
                print(f"{number - first + 1} problems, {time.monotonic() - begun:.0f} s", flush=True)
    return {
        "first": first,
        "problems": count,
        "seconds": round(time.monotonic() - begun),
        "tallies": {label: asdict(tally) for label, tally in sorted(tallies.items())},
        "wrong": wrong,
    }


def _count(
    tally: Tally, found: Timed, limit_s: float, problem: DesignProblem, optimum: int | None, *, large: bool
) -> Iterator[str]:
    """Add a solve to a tally, and yield what is wrong with it."""
    tally.problems += 1
    if large and found.result is None and "too large to be counted exactly" in found.fault:
        tally.refused += 1
        return
    over_s = found.seconds - limit_s
    tally.most_overrun_s = max(tally.most_overrun_s, over_s)
    if over_s > most_overrun_s(limit_s) >= over_s - found.waited_s:
        tally.late_by_machine += 1
    elif over_s > most_overrun_s(limit_s):
        tally.overruns += 1
        end = "no result" if found.result is None else f"{found.result.status}, {found.result.termination}"
        waited = f"{found.waited_s:.2f} s without a processor"
        yield f"{over_s:.2f} s over the limit, of which {waited}; {end}"
    if found.fault:
        tally.failed += 1
        yield found.fault.splitlines()[0]
    result = found.result
    if result is None:
        return
    setattr(tally, result.status, getattr(tally, result.status) + 1)
    if large and not (
        result.status in ("optimal", "infeasible") or result.bound == result.objective == optimum
    ):
        yield f"{result.status}, not proved: {result.objective}, bound {result.bound}, optimum {optimum}"
    tally.ended += result.termination == "killed"
    if any(_false_labels(result, optimum, minimise=problem.budget is None)):
        tally.false_labels += 1
        yield f"it is called {result.status} with objective {result.objective}; the optimum is {optimum}"
    if result.has_plan and result.bound is not None and optimum is not None:
        best = rounded_bound(result.bound, minimise=problem.budget is None)
        if (best > optimum) if problem.budget is None else (best < optimum):
            tally.false_bounds += 1
            yield f"the bound {result.bound} is wrong: the optimum is {optimum}"


def _false_labels(result: Result, optimum: int | None, *, minimise: bool) -> Iterator[bool]:
    """Yield for each claim of a result whether it is false."""
    yield result.status == "infeasible" and optimum is not None
    yield result.has_plan and optimum is None
    if result.has_plan and optimum is not None:
        yield (result.objective < optimum) if minimise else (result.objective > optimum)
        yield result.status == "optimal" and result.objective != optimum


# ---- problems of many pairs


def sized(pairs: int) -> Iterator[tuple[str, Callable[[], DesignProblem]]]:
    """Yield problems of about so many pairs from the families of the bench."""
    yield "size", partial(national, national_of_size(round((pairs / 0.154) ** 0.5), seed=3))
    places = round(pairs**0.5) + 20
    network = GeometricParameters(places=places, candidates=2 * places, pairs=pairs, seed=3)
    yield "geometric", partial(geometric, network)
    side = round(pairs**0.25) + 5
    lattice = GridParameters(rows=side, columns=side, candidates=side * side, pairs=pairs, seed=3)
    yield "grid", partial(grid, lattice)


def run_sizes(pairs: Sequence[int], seconds: Sequence[float]) -> dict[str, Any]:
    """Solve large problems within limits, alone and as jobs; return the rows of both tables."""
    made = [(family, make) for count in pairs for family, make in sized(count)]
    if PUBLIC.is_file():
        made.append(("public", partial(load, PUBLIC)))
    solves, runs = list[dict[str, Any]](), list[dict[str, Any]]()
    with ChildProcess() as process:
        for family, make in made:
            problem = make()
            for limit_s in seconds:
                found = timed(problem, "auto", SolveParameters(time_limit_s=limit_s), process)
                solves.append({"family": family, **_row(problem, limit_s, found)})
                print(solves[-1], flush=True)
    for count in pairs:
        with tempfile.TemporaryDirectory() as folder:
            job = write_job(Path(folder), cities=round((2 * count) ** 0.5))
            for limit_s in seconds:
                runs.append(_run_job(job, limit_s))
                print(runs[-1], flush=True)
    return {"solves": solves, "runs": runs}


def _row(problem: DesignProblem, limit_s: float, found: Timed) -> dict[str, Any]:
    result = found.result
    return {
        "candidates": len(problem.candidates),
        "pairs": len(problem.pairs),
        "limit_s": limit_s,
        "over_s": round(found.seconds - limit_s, 2),
        "waited_s": round(found.waited_s, 2),
        "end": found.fault.splitlines()[0] if result is None else result.termination,
        "objective": None if result is None or not result.has_plan else result.objective,
        "bound": None if result is None else result.bound,
        "trivial": float(sum(pair.weight for pair in problem.pairs)),
    }


JOB = """[region]
matrix = "times.csv"
[cities]
file = "cities.csv"
[times]
limit_s = 14400
[candidates]
file = "candidates.csv"
[budget]
share = 0.1
[output]
report = false
picture = false
[cases]
enabled = false
"""


def write_job(folder: Path, *, cities: int) -> Path:
    """Write a job on a generated country with a table of travel times, and return its path."""
    problem, chance = national(national_of_size(cities, seed=3)), random.Random(cities)  # noqa: S311
    size = len(problem.nodes)
    tails, heads, times = zip(*problem.arcs, strict=True)
    shortest = dijkstra(csr_array((np.array(times, float), (tails, heads)), shape=(size, size)))
    names = [f"city {i + 1}" for i in range(size)]
    rows = [
        (names[i], names[j], int(shortest[i, j]))
        for i in range(size)
        for j in range(size)
        if i != j and np.isfinite(shortest[i, j])
    ]
    places = [
        (i, name, round(chance.uniform(105, 120), 5), round(chance.uniform(28, 40), 5), 9_000_000 // i)
        for i, name in enumerate(names, 1)
    ]
    links = [
        (f"own {j + 1}", "road", names[c.arcs[0][0]], names[c.arcs[0][1]], c.arcs[0][2], c.cost)
        for j, c in enumerate(problem.candidates)
    ]
    for name, columns, lines in (
        ("times.csv", ["origin", "destination", "seconds"], rows),
        ("cities.csv", ["id", "name", "lon", "lat", "population"], places),
        ("candidates.csv", ["id", "mode", "from", "to", "seconds", "cost"], links),
    ):
        pd.DataFrame(lines, columns=columns).to_csv(folder / name, index=False)
    (folder / "job.toml").write_text(JOB, encoding="utf-8")
    return folder / "job.toml"


def _run_job(job: Path, limit_s: float) -> dict[str, Any]:
    """Run a job under a limit, and return what its run folder says."""
    out, setting = job.parent / f"out{limit_s:g}", f"solve.time_limit_s={limit_s:g}"
    words = ("run", str(job), "--out", str(out), "--set", setting)
    done = measure([sys.executable, "-m", "optimiser.cli", *words], cache=job.parent / "cache")
    row: dict[str, Any] = {
        "limit_s": limit_s,
        "exit_code": done.code,
        "whole_s": round(done.wall_s, 1),
        "files": len(list(out.iterdir())) if out.is_dir() else 0,
    }
    if not (out / "result.json").exists():
        return {**row, "said": done.said}
    result = json.loads((out / "result.json").read_text(encoding="utf-8"))
    problem = json.loads((out / "problem.json").read_text(encoding="utf-8"))
    return {
        **row,
        "candidates": len(problem["candidates"]),
        "pairs": len(problem["pairs"]),
        "over_s": round(result["seconds"] - limit_s, 2),
        "end": result["termination"],
        "objective": result["objective"],
        "bound": result["bound"],
    }


# ---- tables


def render(figures: Mapping[str, Any]) -> str:
    """Return the figures as a page in Markdown."""
    parts = ["# Time limits", figures["machine"], ""]
    for part, title in PARTS.items():
        if found := figures.get(part):
            parts += [f"## {title}", *_random_page(part, found), ""]
    if found := figures.get("sizes"):
        parts += ["## Many pairs", *_sizes_page(found), ""]
    return "\n".join(parts)


def _random_page(part: str, found: Mapping[str, Any]) -> Iterator[str]:
    tallies = found["tallies"].values()
    *counts, _ = asdict(Tally())  # the last one is no count
    total = {key: sum(one.get(key, 0) for one in tallies) for key in counts}
    yield (
        f"`python benchmarks/limits.py --part {part} --problems {found['problems']}`: {found['problems']:,} "
        f"problems in {found['seconds'] / 60:.0f} minutes; "
        f"{f'limits from {SHORTEST_S} to {LONGEST_S:g} s' if part == 'random' else f'limit {AMPLE_S:g} s'}. "
        f"False bounds: {total['false_bounds']}; false labels: {total['false_labels']}; beyond the rule: "
        f"{total['overruns']}; failures: {total['failed']}."
    )
    yield ""
    heads = [key for key in counts if not key.startswith("false_")]
    yield from table(
        ("variant", *heads, "most s over the limit"),
        [
            (label, *(one.get(head, 0) for head in heads), f"{one['most_overrun_s']:.2f}")
            for label, one in found["tallies"].items()
        ],
    )
    yield ""
    yield (
        "Ended: by the parent process, since the solver did not stop by itself. Late by machine: beyond the "
        "rule, but within it without the time in which the processes were ready to run and had no processor."
    )
    if found["wrong"]:
        yield from ("", "All that was wrong:", "", *(f"* {fault}" for fault in found["wrong"]))


def _sizes_page(found: Mapping[str, Any]) -> Iterator[str]:
    yield (
        "Solves with `auto` on all cores; s over the limit includes the check of the plan, and s without a "
        "processor is how long both processes waited in all (that of a killed solver is not known)."
    )
    yield ""
    measured = ("over_s", "waited_s", "end", "objective", "bound", "trivial")
    heads: tuple[str, ...] = ("family", "candidates", "pairs", "limit_s", *measured)
    shown = (*heads[:3], "limit s", "s over", "s without a processor", *heads[6:9], "weight of all pairs")
    yield from table(shown, [[_shown(row.get(head)) for head in heads] for row in found["solves"]])
    yield from ("", "`polyring run` on jobs with a table of travel times:", "")
    heads = ("candidates", "pairs", "limit_s", "over_s", "exit_code", "files", "end", "objective", "bound")
    shown = (*heads[:2], "limit s", "s over", "exit code", "files of the run folder", *heads[6:])
    yield from table(shown, [[_shown(row.get(head)) for head in heads] for row in found["runs"]])


def _shown(value: object) -> object:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return "-" if value is None else value


def main() -> int:
    """Measure what is asked for, and write figures and tables; return 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--part", choices=("all", *PARTS, "sizes"), default="all")
    parser.add_argument("--problems", type=int, default=5_000, help="number of random problems")
    parser.add_argument("--first", type=int, default=0, help="number of the first random problem")
    parser.add_argument("--minutes", type=float, default=math.inf, help="limit on the random problems")
    parser.add_argument("--pairs", type=int, nargs="+", default=PAIRS, help="pairs of the large problems")
    parser.add_argument("--seconds", type=float, nargs="+", default=SECONDS, help="limits of large problems")
    asked = parser.parse_args()
    figures = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}
    figures["machine"] = f"{MACHINE}."
    for part in PARTS:
        if asked.part in ("all", part):
            figures[part] = run_random(asked.problems, asked.first, asked.minutes, large=part == "large")
    if asked.part in ("all", "sizes"):
        figures["sizes"] = run_sizes(asked.pairs, asked.seconds)
    FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    TABLES.write_text(render(figures), encoding="utf-8")
    return int(any(figures.get(part, {}).get("wrong") for part in PARTS))


if __name__ == "__main__":
    sys.exit(main())
