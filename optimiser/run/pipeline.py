"""Run a job from its map to its run folder, or tell the sizes and the expected time of it before."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import comb
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from networks.inputs import checksum
from optimiser import verify
from optimiser.engine.child import ChildProcess
from optimiser.engine.search.compiled import LEAST_WORK, is_large
from optimiser.job import load, render
from optimiser.job.model import LoadedJob, askable
from optimiser.problem import errors, jsonfile
from optimiser.problem import load as load_problem
from optimiser.problem import result as results
from optimiser.problem.result import UNSETTLED
from optimiser.run import demands, folder, solving
from optimiser.run.solving import exit_code
from optimiser.run.source import Source, find_source
from optimiser.tasks import cache
from optimiser.tasks.cache import Progress
from optimiser.verify import Plan, bound_checker

if TYPE_CHECKING:
    from networks.cities import Cities
    from optimiser.engine.certification import Certified
    from optimiser.problem import DesignProblem
    from optimiser.proposals.table import Candidates
    from optimiser.report.inputs import ReportInput
    from optimiser.run.chain import Chain
    from optimiser.run.reporting import Answers

# The steps load heavy libraries. They are imported once the run folder is locked, so that faults of the job
# and of the folder are reported at once.

log = logging.getLogger(__name__)

CERTIFICATE = "certificate.json"
STEPS = ("network", "times", "candidates", "tables", "problem", "solve", "verify", "measures", "ranking",
         "report", "picture", "certify")  # fmt: skip
"""Steps of a run of most jobs, as `Chain` names them."""


@dataclass(frozen=True, slots=True)
class Written:
    """A finished run, in its folder.

    Attributes
    ----------
    folder
        The run folder.
    chain, plan
        The steps of the run, and its verified plan.
    summary
        Contents of `summary.json`.
    report
        What the report shows; None where the folder was opened, and is as an earlier process left it.
    exit_code
        0 within the gap asked for, else 10.
    proof
        The proof of its bound where the folder does not have it yet.
    """

    folder: Path
    chain: Chain
    plan: Plan
    summary: dict[str, Any]
    report: ReportInput | None
    exit_code: int
    proof: Certified | None = None


def find_unchanged(loaded: LoadedJob, target: Path) -> dict[str, Any] | None:
    """Return the summary of a run where neither its files nor job, data or code have changed since `keep`."""
    if not (target / folder.CHECKSUMS).is_file():
        return None
    from optimiser.run.folder_check import changed_files

    inputs = _inputs(loaded, find_source(loaded), target)
    is_same = cache.is_kept("run", inputs) and not any(changed_files(target, ()))
    return folder.summary_of(target) if is_same else None


def keep(done: Written) -> None:
    """Let `find_unchanged` find a run, unless another attempt may bring more: what failed or is unproven."""
    chain, summary = done.chain, done.summary
    failed = [*chain.faults, *summary.get("asked", {}).get("faults", ())]
    is_proven = all(state["is_proven"] for state in summary.get("states", ()))
    limit_s, proof = chain.loaded.job.certificate.time_limit_s, summary["certified"]
    is_certified = not chain.certifies if proof is None else proof["seconds"] < limit_s
    rows = [row for key in ("rows", "draws") for row in (summary.get("cases") or {}).get(key, ())]
    ended = {chain.result.termination, *(row.get("ended") for row in rows)}
    levels = done.folder / "levels.json"
    is_proven = is_proven and (not levels.exists() or jsonfile.read_json(levels)["proven"])
    if done.exit_code == 0 and is_proven and is_certified and ended.isdisjoint(UNSETTLED) and not failed:
        cache.get("run", _inputs(chain.loaded, chain.source, done.folder), lambda _folder: None)


def _inputs(loaded: LoadedJob, source: Source, target: Path) -> dict[str, Any]:
    """Return all that a run depends on, and the checksum of the list of the files that it wrote."""
    return {
        "job": [loaded.name, loaded.job.model_dump(mode="json"), repr(source)],
        "files": {key: checksum(path) for key, path in source.files.items()},
        "folder": [target.resolve().as_posix(), checksum(target / folder.CHECKSUMS)],
    }


def run(
    loaded: LoadedJob, *, out: Path | None = None, progress: Progress | None = None, solver: ChildProcess
) -> Written:
    """Run a job and write its run folder, whole or not at all; then come alternatives (`studies.states`).

    Networks, times, candidates, problem (with the rewards of rings), levels of max-min, further pairs, solve,
    check, measures, report: the steps of `Chain`, in this order. Tables of the map are written while
    the solver works. The bound of a large problem is certified once the page is written, and is added to the
    folder with the picture (`amend`); of others both are there with the first page. Plausible cases and
    what else can be asked of a plan are no part of a run: `optimiser.studies.cases`.

    Parameters
    ----------
    loaded
        The job.
    out
        Run folder; None: the job's own.
    progress
        Notified of each step.
    solver
        The process that solves everything, which stays open.

    Returns
    -------
    Written
        Folder, summary and exit code.

    Raises
    ------
    NetworksError, OptimiserError
        With what happened, where, what was done and what to do; the exit code is theirs.
    """
    source, target = find_source(loaded), out or loaded.run_folder()
    with _beside(solver) as beside:
        progress = progress or Progress()
        with folder.staged(target, progress.ends) as stage, _logging_to(stage / "log.txt"):
            from optimiser.run.chain import Chain

            chain = Chain(loaded, source, progress, solver)
            chain.progress.coming = list(STEPS)
            log.info("job %s", loaded.name)
            chain.candidates  # noqa: B018 - made here; what follows needs them
            tables = beside.submit(lambda: chain.tables)
            beside.submit(_load_ahead, chain)
            problem, result = chain.design, chain.result
            if not result.has_plan:
                with chain.progress.step("refuse", "Looking for demands that can be met"):
                    solving.refuse_empty_run(problem, result, loaded.job, names_of_nodes(chain))
            with chain.progress.step("verify", "Checking the plan"):
                plan = verify.check(problem, result)
            tables.result()
            is_later = chain.certifies and is_large(problem) and not chain.certificate_is_kept()
            _write_plan(stage, chain, plan)
            proof = chain.certified() if chain.certifies and not is_later else None
            summary, report = _write_report(stage, chain, plan, proof, with_picture=not is_later)
        done = Written(target, chain, plan, summary, report, exit_code(result, loaded.job.solve.gap))
        if is_later:
            page = target / "report.html"
            chain.progress.ends(f"The page is written ({page}); to come: picture and proof of its bound.")
            later = beside.submit(chain.certified)
            if loaded.job.output.picture:
                chain.picture(report)
            done = replace(done, proof=later.result())
            if not askable(loaded.job):  # else the answers are added with them
                done = amend(done)
    return done


@contextmanager
def _beside(solver: ChildProcess) -> Iterator[ThreadPoolExecutor]:
    """Give a thread for what the next steps do not need; an error kills the solver that it may wait for."""
    with ThreadPoolExecutor(1) as thread:
        try:
            yield thread
        except BaseException:
            solver.kill()
            raise


def _load_ahead(chain: Chain) -> None:
    """Import what a page needs, and compile what a large problem needs last, where a solve is to come."""
    if "tables" not in chain.progress.reused:
        from optimiser.report import geopackage, page, picture  # noqa: F401 - slow to import

        if len(chain.candidates.value) * comb(len(chain.times.value.cities), 2) >= LEAST_WORK:
            from optimiser.engine import warm_up
            from optimiser.measures.order import rank_links

            warm_up.compile_last_steps()
            rank_links(warm_up.small_problem(with_budget=True), ["c01"])


def amend(
    done: Written, *, answers: Answers | None = None, parts: Mapping[str, Path] = MappingProxyType({})
) -> Written:
    """Add the proof of the bound, or what was asked of the plan, to a finished run folder; all else stays.

    Parameters
    ----------
    done
        The run; without a proof, that of the folder stays.
    answers
        What was asked of its plan; None: as the folder has it.
    parts
        Folders whose files replace those of subfolders, by the names of these.
    """
    from optimiser.run.reporting import answers_of

    answers = answers_of(done.summary) if answers is None else answers
    with folder.staged(done.folder) as stage:
        folder.carry_over(done.folder, stage)
        for name, files in parts.items():
            shutil.rmtree(stage / name, ignore_errors=True)
            shutil.copytree(files, stage / name, ignore=shutil.ignore_patterns(cache.MANIFEST))
        with _logging_to(stage / "log.txt"):
            summary, report = _write_report(
                stage, done.chain, done.plan, done.proof, answers, before=done.summary
            )
    return replace(done, summary=summary, report=report, proof=None)


def reopen(
    home: Path,
    progress: Progress,
    solver: ChildProcess,
    loaded: LoadedJob | None = None,
    *,
    needed: Sequence[str] = folder.RUN,
    source: Source | None = None,
    own: Candidates | None = None,
    stated: Callable[[Chain], DesignProblem] = lambda chain: chain.design,
) -> Written:
    """Return a finished run from its folder; steps that the cache no longer holds are made again.

    Parameters
    ----------
    home
        The run folder.
    progress
        Notified of each step that is made.
    solver
        The process that solves further questions; it is closed where the folder is refused.
    loaded
        The job; None: as the folder has it.
    needed
        Files without which the folder is refused.
    source
        Where the map comes from; None: as the job says.
    own
        Candidates in place of those that are proposed.
    stated
        What was solved, by the steps of the job.

    Raises
    ------
    JobError
        When the folder holds no run of a job, or its problem no longer follows from the job: the map, the
        cities or the version of polyring has changed.
    """
    folder.refuse_unfinished(home, needed)
    from optimiser.run.chain import Chain

    summary = folder.summary_of(home)
    if loaded is None:
        loaded = replace(load(home / "job.toml"), name=str(summary["job"]))
    problem, result = load_problem(home / "problem.json"), results.load(home / "result.json")
    plan, source = verify.check(problem, result), source or find_source(loaded)
    try:
        chain = Chain(loaded, source, progress, solver, own=own, known=result)
        solving.prepare(solver, loaded.job)  # it loads its code while the steps are read
        follows = stated(chain).replace(name=problem.name) == problem
    except BaseException:
        solver.close()
        raise
    if not follows:
        solver.close()
        raise errors.JobError(
            "the problem of the run no longer follows from its job: map, cities or polyring have changed",
            where=str(home),
            done="The folder is as it was.",
            remedy="Run the job again: polyring.run(<job>), or `polyring run`.",
        )
    return Written(home, chain, plan, summary, None, exit_code(result, loaded.job.solve.gap))


def write_job(stage: Path, loaded: LoadedJob, name: str = "job.toml") -> None:
    """Write the job as it is run, every default visible, into a file in the stage of a run folder.

    Paths of its files start from the run folder, so that the job can be run from there.
    """
    job = loaded.moved_to(stage.parent)
    title = f"{folder.RUN_FORMAT}: job {loaded.name} as it was run, every default visible."
    (stage / name).write_text(render(job, title=title), encoding="utf-8")


def names_of_nodes(chain: Chain) -> dict[str, str]:
    """Return the names of the cities of a run by their ids, which are those of stops, and of their nodes."""
    cities = chain.times.value.cities
    named = list(zip(cities["city_id"].astype(str), cities["name"].astype(str), strict=True))
    # The destination of a trip has a node of its own where times count in the vehicle alone.
    nodes = {f"city:{city_id}{ending}": name for city_id, name in named for ending in ("", "/after")}
    return {**dict(named), **nodes}


def _write_plan(stage: Path, chain: Chain, plan: Plan) -> None:
    """Write problem, result, plan, certificate and tables into the stage of a run folder."""
    from optimiser.run import reporting, store
    from optimiser.run.chain import LEVELS

    write_job(stage, chain.loaded)
    shutil.copyfile(chain.problem.outcome.folder / "problem.json", stage / "problem.json")
    levels = chain.counted.outcome.folder / LEVELS
    if levels.exists():
        shutil.copyfile(levels, stage / LEVELS)
    results.save(chain.result, stage / "result.json")
    reporting.write_trace(stage / "trace.csv", chain.result)
    store.save_json(stage / "plan.json", plan.as_dict())
    store.save_json(stage / CERTIFICATE, verify.certificate(chain.design, plan))
    _copy(chain.tables, stage)


def _write_report(
    stage: Path,
    chain: Chain,
    plan: Plan,
    proof: Certified | None,
    answers: Answers | None = None,
    before: Mapping[str, Any] | None = None,
    *,
    with_picture: bool = True,
) -> tuple[dict[str, Any], ReportInput]:
    """Write page, pictures, tables and summary beside a plan, and what proves its bound; return the last two.

    `before` is the summary of a run that is amended: its times, and the bound that was certified, stay.
    """
    from optimiser.report.inputs import CertifiedBound
    from optimiser.run import reporting, store

    kept = {} if before is None else dict(before)
    certified = None if kept.get("certified") is None else CertifiedBound(**kept["certified"])
    if proof is not None:
        certificate = store.load_json(stage / CERTIFICATE)
        store.save_json(stage / CERTIFICATE, {**certificate, "bound": proof.document})
        shutil.copyfile(bound_checker.__file__, stage / folder.CHECKER)
        gap = results.gap_of(plan.objective, proof.bound, minimise=chain.design.budget is None)
        certified = None if proof.bound is None else CertifiedBound(proof.bound, gap or 0.0, proof.seconds)
    found = chain.findings(plan, answers=answers, certified=certified)
    shown = reporting.assemble_report(found)
    _copy(chain.report(found, shown), stage)
    if with_picture and found.job.output.picture:
        _copy(chain.picture(shown), stage)
    watch = chain.progress
    seconds, reused = {**watch.seconds, **kept.get("seconds", {})}, kept.get("reused", watch.reused)
    summary = reporting.summarise(found, shown, seconds=seconds, reused=reused)
    summary |= {key: kept[key] for key in ("version", "peak_memory_mb") if key in kept}
    log.info("tiers of cities: %s", summary["tiers"])
    store.save_json(stage / folder.SUMMARY, summary)
    return summary, shown


def _copy(kept: Path, stage: Path) -> None:
    """Copy the files of a kept step into the stage of a run folder."""
    for path in kept.iterdir():
        if path.name != cache.MANIFEST:
            shutil.copyfile(path, stage / path.name)


@contextmanager
def _logging_to(path: Path) -> Iterator[None]:
    """Write what the packages log into a file."""
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    loggers = [logging.getLogger(name) for name in ("networks", "optimiser")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)
        handler.close()


# ---- sizes and time, before a run

MOST_PAIRS = 2_000
"""Pairs of cities up to which trips, candidates and problem are worked out; beyond, they are estimated."""
MOST_MAP_MB = 40
"""Size of a map up to which it is read, beyond that many pairs."""
LIKELY_OPEN_KMH = 80
"""Where the limit asks for a higher speed in a straight line, most pairs are beyond it today."""

# Fitted to generated countries of 60 to 300 cities and to maps of 5 to 50 million nodes, two cores
# (benchmarks/results/national.md); rules of thumb.
_CANDIDATES, _CANDIDATES_PER_CITY = 200, 6
_READING_S_PER_MB = 0.15
_PREPARING_S, _PREPARING_CITIES, _PREPARING_POWER = 12.0, 60, 1.6
_REPORT_S, _REPORT_PAIRS = 15, 2_000


def rehearse(loaded: LoadedJob, progress: Progress) -> dict[str, Any]:
    """Return sizes and the expected time of a job; only the cache is written.

    Up to `MOST_PAIRS` pairs of cities all is worked out to the problem and its reduction. Beyond, a map of up
    to `MOST_MAP_MB` is read and the cities are placed on it, so that faults of both are found; the rest is
    estimated from the number of cities.

    Parameters
    ----------
    loaded
        The job.
    progress
        Notified of each step.

    Returns
    -------
    dict
        Sizes of network, candidates, problem and what is left after the reduction; budget; expected seconds.
        Beyond that many pairs what is estimated says `about`, and `not worked out` names what is missing.
    """
    from optimiser.run import timing
    from optimiser.run.chain import Chain

    # Max-min levels take solving to find; the problem without them is of the same size.
    objective = loaded.job.objective.model_copy(update={"kind": "coverage"})
    loaded = replace(loaded, job=loaded.job.model_copy(update={"objective": objective}))
    source = find_source(loaded)
    chain = Chain(loaded, source, progress)
    if "cities.file" in source.files:
        cities = timing.load_cities(loaded.job, source)
        if _is_large(cities) and _map_mb(chain) > MOST_MAP_MB and not chain.networks_are_kept():
            return {
                "map, MB": round(_map_mb(chain), 1),
                **_estimates(chain, cities),
                "not worked out": "the map, trips, candidates",
            }
    if chain.has_matrix:
        return _worked_out(chain)
    networks = chain.networks.read()
    cities = timing.load_cities(loaded.job, source, networks)
    if not _is_large(cities):
        return _worked_out(chain)
    road = networks.road
    if len(road.links):
        with progress.step("placing", "Placing the cities"):
            road, _ = timing.snap_cities(road, cities, loaded.job, source)
    return {
        "map, MB": round(_map_mb(chain), 1),
        "road nodes": len(road.nodes),
        "road links": len(road.links),
        "stations": len(networks.rail.stations),
        "train services": len(networks.rail.services.lines),
        **_estimates(chain, cities),
        "not worked out": "trips, candidates, problem",
    }


def _is_large(cities: Cities) -> bool:
    return comb(len(cities), 2) > MOST_PAIRS


def _map_mb(chain: Chain) -> float:
    """Return the size of the map; 0 where there is none yet."""
    file = chain.source.files.get("region.file")
    return 0.0 if file is None else file.stat().st_size / 1e6


def _worked_out(chain: Chain) -> dict[str, Any]:
    """Return the sizes of a job whose problem is made and reduced."""
    from optimiser.engine.presolve import reduce
    from optimiser.engine.presolve.sequence import open_network
    from optimiser.run import reporting, timing

    problem = chain.design
    on_task = solving.notes_on_task(chain.draft.value, chain.candidates.value, chain.loaded.job)
    left = reduce(problem).problem if problem.is_plain else open_network(problem.canonical())[0]
    # A solve takes about 4 s at 100 candidates and 100 pairs, growing with both.
    size = len(left.candidates) * len(left.pairs)
    asked = {one.name: demands.states_at_most(one, problem.budget) for one in askable(chain.loaded.job)}
    # The best ring is that of the best plan with each, and whether rings can be paid for is a question too.
    of_rings = len(problem.rings) + len(asked) if problem.rings and asked else 0
    expected = max(1, round(4.0 * pow(size / 9_300, 0.93)))
    return {
        **reporting.sizes(chain.times.value, chain.candidates.value, problem),
        "candidates left to decide on": len(left.candidates),
        "pairs left to cover": len(left.pairs),
        "budget": problem.budget,
        "money": problem.money,
        "cost of all candidates": sum(one.cost for one in problem.candidates),
        "warnings": [*timing.warnings_of(chain.times.value, chain.candidates.value), *on_task],
        "alternatives": "; ".join(f"{name} ({count})" for name, count in asked.items()) or "none",
        "problems to be solved, at most": 1 + sum(asked.values()) + of_rings,
        "expected seconds of solving, about": min(expected, round(chain.loaded.job.solve.time_limit_s)),
        "expected seconds of writing, about": _writing_s(len(problem.pairs)),
    }


def _estimates(chain: Chain, cities: Cities) -> dict[str, Any]:
    """Return what the number of cities and their distances say of a job."""
    from scipy.spatial.distance import pdist

    from networks.sphere import km_to_chord, unit_vectors

    job, count = chain.loaded.job, len(cities)
    pairs, far_km = comb(count, 2), round(job.times.limit_s / 3_600 * LIKELY_OPEN_KMH)
    points = unit_vectors(cities.table.geometry.x.to_numpy(), cities.table.geometry.y.to_numpy())
    chord = km_to_chord(far_km)
    preparing = _PREPARING_S * pow(count / _PREPARING_CITIES, _PREPARING_POWER)
    reading = {"expected seconds of reading the map, about": round(_map_mb(chain) * _READING_S_PER_MB)}
    return {
        "cities": count,
        "pairs of cities": pairs,
        f"pairs more than {far_km} km apart, mostly beyond the limit": int((pdist(points) > chord).sum()),
        "candidates, about": _CANDIDATES + _CANDIDATES_PER_CITY * count,
        **(reading if not chain.networks_are_kept() else {}),
        "expected seconds of trips, candidates and problem, about": round(preparing),
        "expected seconds of writing, about": _writing_s(pairs),
    }


def _writing_s(pairs: int) -> int:
    """Return about how many seconds the report takes."""
    return round(_REPORT_S * max(1.0, pairs / _REPORT_PAIRS))
