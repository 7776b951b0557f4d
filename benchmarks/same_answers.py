"""Compare the answers of this checkout with those of another revision.

    python benchmarks/same_answers.py REVISION [--problems 300] [--studies levels closures ...]
    python benchmarks/same_answers.py REVISION --problems 0 --jobs toy-cities jing-jin-ji --commands run

Problems are drawn as in the tests (tests/drawings), each version by its own drawings, and answered in one
process. Jobs are run by both versions, each with a cache of its own, and their tables and results are
compared byte for byte but for times and versions. Prints what differs; then the exit code is 1.
"""

import argparse
import importlib
import itertools
import json
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
VOLATILE = {
    "seconds", "whole_seconds", "trace", "versions", "finished", "started", "steps", "times", "load",
    "memory_mb", "reused", "checksums", "files", "created",
}  # fmt: skip
"""Keys of JSON files that tell of the course of a run."""
COMPARED = {".json", ".csv", ".parquet", ".gpkg"}
IGNORED = {"times.parquet", "checksums.json", "certificate.json"}
type Answers = Iterator[tuple[str, Any]]
"""Names and answers."""


def named(name: str, *modules: str) -> Any:  # noqa: ANN401 - a function or class of either version
    """Return what a name stands for in the first of some modules that has it: versions differ."""
    for module in modules:
        try:
            return getattr(importlib.import_module(f"optimiser.{module}"), name)
        except (ImportError, AttributeError):
            continue
    raise SystemExit(f"no module of {', '.join(modules)} has {name}")


def exact() -> Any:  # noqa: ANN401 - parameters of either version
    """Return parameters of an exact solve with one thread, with time enough on a busy machine."""
    return named("SolveParameters", "engine.search.task")(threads=1, time_limit_s=600.0)


def process() -> Any:  # noqa: ANN401 - a class of either version
    """Return what answers in this process."""
    return importlib.import_module("engine_running").HereProcess()


def cases(count: int) -> Answers:
    """Resolve and solve drawn cases of drawn problems."""
    cases_ = importlib.import_module("optimiser.frontier.cases")
    draw = importlib.import_module("core_drawing").dense_problem
    dumps, solve, here = named("dumps", "problem"), named("solve", "engine.solve"), process()
    for seed in range(count):
        chance, problem = random.Random(f"case {seed}"), draw(seed)  # noqa: S311 - chance for drawings
        base = cases_.Base(
            problem=problem,
            timer=lambda changes, one=problem: one.replace(
                pairs=tuple(replace(p, limit=p.limit + changes.limit_s) for p in one.pairs)
            ),
            costs={c.id: (c.cost // 2, c.cost, 2 * c.cost) for c in problem.candidates},
            people=cases_.People(
                population={name: chance.randint(1, 10**6) for name in problem.nodes},
                tier={name: chance.choice(("core", "secondary", "small")) for name in problem.nodes},
                ends=tuple((problem.nodes[p.origin], problem.nodes[p.destination]) for p in problem.pairs),
            ),
            factors=tuple(chance.randint(1, 3) for _ in problem.pairs),
        )
        case = cases_.Case(
            name=f"case {seed}",
            times=cases_.TimeChanges(limit_s=chance.randint(0, 3)),
            prices=(("all", chance.choice(["low", "high", 1.0, chance.uniform(0.5, 2.0)])),),
            weight_exponent=chance.choice([None, 0.0, 0.25, 1.0]),
            fixed_out=tuple(c.id for c in problem.candidates[: chance.randint(0, 1)]),
        )
        resolved = cases_.resolve(base, case)
        result = solve(resolved, params=exact(), run=here)
        yield (
            f"case {seed}",
            [dumps(resolved), result.status, result.objective, result.bound, result.cost, result.built],
        )


def sweep(count: int) -> Answers:
    """Draw the tables of all designs of random factors."""
    designs = importlib.import_module("optimiser.frontier.designs")
    model = importlib.import_module("optimiser.job.model")
    for seed in range(count):
        chance = random.Random(f"sweep {seed}")  # noqa: S311 - chance for drawings
        low, mean = chance.uniform(0.1, 1.0), chance.uniform(0.5, 2.0)
        given: dict[str, tuple[dict[str, Any], Any]] = {
            "uniform": ({"low": low, "high": low + mean}, low),
            "triangular": ({"low": low, "mode": low + mean / 3, "high": low + mean}, low),
            "normal": ({"mean": mean, "deviation": low}, mean),
            "lognormal": ({"mean": mean, "deviation": low, "low": low, "high": 3.0}, mean),
            "choice": ({"choices": ("a", "b", 3.0), "chances": (0.2, 0.3, 0.5)}, "a"),
        }
        factors = [
            designs.Factor(model.Factor.model_construct(id=name, distribution=name, **own), central)
            for name, (own, central) in given.items()
        ]
        for kind in (
            "grid", "one-at-a-time", "latin-hypercube", "sobol", "monte-carlo", "saltelli", "morris",
        ):  # fmt: skip
            linked = kind in ("latin-hypercube", "sobol", "monte-carlo")
            pairs = [{"factors": ("normal", "uniform"), "value": chance.uniform(-0.9, 0.9)}] if linked else []
            size, count_of_levels = (512, 3) if kind in ("grid", "sobol", "saltelli") else (48, 4)
            design = {"design": kind, "cases": size, "seed": seed, "levels": count_of_levels}
            found = designs.table(factors, model.Sweep.model_validate(design | {"correlations": pairs}))
            yield f"sweep {seed}, {kind}", [found.rows, [str(block) for block in found.blocks]]


def frontier(count: int) -> Answers:
    """Trace exact frontiers of drawn problems."""
    drawn = importlib.import_module("core_drawing").dense_problem
    tracing, limits = named("tracing", "frontier"), named("Limits", "frontier")
    for seed in range(count):
        points: list[Any] = []
        with (
            suppress(named("OptimiserError", "problem.errors")),
            tracing(drawn(seed), limits=limits(points=0), threads=1) as tracer,
        ):
            list(tracer)
            points = [[p.place, p.bound, p.plan.built] for p in tracer.front()]
        yield f"frontier {seed}", points


def levels(count: int) -> Answers:
    """Find the largest levels of drawn problems."""
    drawing, core = (importlib.import_module(name) for name in ("level_drawing", "core_drawing"))
    highest = named("highest_level", "frontier.levels")
    for seed in drawing.budgeted(count):
        problem = core.dense_problem(seed)
        found = highest(problem, drawing.drawn_targets(problem, seed), exact())
        yield f"level {seed}", {"level": found.level, "bound": found.bound, "built": found.built}


def closures(count: int) -> Answers:
    """Find the best plans of drawn problems under closures."""
    drawing, level = (importlib.import_module(name) for name in ("closure_drawing", "level_drawing"))
    most = named("most_coverage", "frontier.closures")
    for seed in level.budgeted(count):
        found = most(*drawing.drawn_closures(seed), exact())
        yield f"closures {seed}", {"value": found.level, "bound": found.bound, "built": found.built}


def robust(count: int) -> Answers:
    """Find robust plans of drawn scenarios in the five kinds."""
    drawing = importlib.import_module("robust_drawing")
    module, here = "frontier.robust", process()
    compose, afford_of = named("compose", module), ("all", "expected", "base")
    plan_of, alone_of = (
        named(name, module, "frontier.robust_plans") for name in ("robust_plan", "solve_alone")
    )
    question = named("Robust", "job.sections")
    for seed in range(count):
        base, scenarios = drawing.futures(seed)
        composed = compose(base, scenarios, afford=afford_of[seed % 3])
        share, need = drawing.SHARES[seed % len(drawing.SHARES)], 1 + seed % len(scenarios)
        alone = [alone_of(one, exact(), here) for one in scenarios]
        for kind in ("expected", "share", "count", "max_min", "regret"):
            asked = question(kind=kind, share=float(share), need=need)
            found = plan_of(composed, asked, exact(), alone=alone, run=here)
            result, level = found.result, found.level and [found.level.level, found.level.bound]
            yield f"robust {seed}, {kind}", [level, result.objective, result.bound, result.built]


STUDIES = {one.__name__: one for one in (cases, sweep, frontier, levels, closures, robust)}


def answer_here(studies: Sequence[str], count: int) -> None:
    """Answer the drawn problems of studies in this process; print study, problem and answer, one a line."""
    for name in ("askers", "closures", "levels"):
        module: Any = importlib.import_module(f"optimiser.frontier.{name}")
        module.ChildProcess = process
    for study in studies:
        for name, answer in STUDIES[study](count):
            print(json.dumps([study, name, answer], default=list), flush=True)


def answers_of(tree: Path, studies: Sequence[str], count: int) -> dict[str, dict[str, Any]]:
    """Return the answers of the version in a folder, by study and problem."""
    from before_after import ran

    words = (__file__, "-", "--answers", "--problems", str(count), "--studies", *studies)
    found: dict[str, dict[str, Any]] = {study: {} for study in studies}
    for line in ran(tree, words, drawings=True).splitlines():
        if line.startswith("["):
            study, name, answer = json.loads(line)
            found[study][name] = answer
    return found


def files_of(tree: Path, job: str, command: str, place: Path) -> dict[str, Any]:
    """Run a job with the version in a folder; return the contents of its files by name."""
    from before_after import ran

    out, cache = place / "out", str(place / "cache")
    ran(tree, ["-m", "optimiser.cli", command, job, "--out", str(out)], codes=(0, 10), POLYRING_CACHE=cache)
    paths = [path for path in out.rglob("*") if path.suffix in COMPARED and path.name not in IGNORED]
    return {str(path.relative_to(out)): content_of(path) for path in sorted(paths)}


def content_of(path: Path) -> Any:  # noqa: ANN401 - bytes, or any JSON value
    """Return the content of a file; of JSON without what tells of the course of a run."""
    if path.suffix != ".json":
        return path.read_bytes()
    return json.loads(
        path.read_bytes(),
        object_pairs_hook=lambda pairs: {key: value for key, value in pairs if key not in VOLATILE},
    )


def differing(title: str, before: dict[str, Any], after: dict[str, Any]) -> int:
    """Print what differs between two versions; return how much does."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    print(f"{title}: {len({**before, **after})} answers, {len(names)} differ", flush=True)
    for name in names:
        texts = [str(found.get(name)) for found in (before, after)]
        first = max(0, len(os.path.commonprefix(texts)) - 60)  # noqa: RUF071 - the character that differs
        print(f"  {name}: {' -> '.join(text[first : first + 160] for text in texts)}")
    return len(names)


def main() -> int:
    """Compare the answers."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("revision", help="revision of Git to compare with")
    parser.add_argument("--problems", type=int, default=300, help="problems drawn for each study")
    parser.add_argument("--studies", nargs="+", choices=STUDIES, default=list(STUDIES))
    parser.add_argument("--jobs", nargs="+", default=[], help="ready jobs, or job files")
    parser.add_argument("--commands", nargs="+", default=["run"], help="commands that take a job")
    parser.add_argument("--answers", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.answers:
        answer_here(asked.studies, asked.problems)
        return 0
    from before_after import checked_out

    total = 0
    with checked_out(asked.revision) as before, tempfile.TemporaryDirectory() as text:
        if asked.problems:
            sides = [answers_of(tree, asked.studies, asked.problems) for tree in (before, ROOT)]
            total += sum(differing(study, *(side[study] for side in sides)) for study in asked.studies)
        for job, command in itertools.product(asked.jobs, asked.commands):
            places = [Path(text) / f"{Path(job).stem}-{command}-{side}" for side in ("before", "after")]
            trees = zip((before, ROOT), places, strict=True)
            total += differing(f"{command} {job}", *(files_of(tree, job, command, at) for tree, at in trees))
    return int(total > 0)


if __name__ == "__main__":
    sys.exit(main())
