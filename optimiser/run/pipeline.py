"""Run a job from its map to its run folder."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optimiser.engine.child import ChildProcess
from optimiser.job import render
from optimiser.job.model import LoadedJob
from optimiser.problem import result as results
from optimiser.run import folder
from optimiser.run.outcome import exit_code
from optimiser.run.source import find_source
from optimiser.tasks import cache
from optimiser.tasks.cache import Progress

if TYPE_CHECKING:
    from optimiser.engine.certification import Certified
    from optimiser.problem.result import Result
    from optimiser.report.inputs import CertifiedBound, ReportInput
    from optimiser.run.chain import Chain
    from optimiser.verify import Plan

# The steps load heavy libraries. They are imported once the run folder is locked, so that faults of the job
# and of the folder are reported at once.

log = logging.getLogger(__name__)


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
        What the report shows.
    exit_code
        0 within the gap asked for, else 10.
    """

    folder: Path
    chain: Chain
    plan: Plan
    summary: dict[str, Any]
    report: ReportInput
    exit_code: int


def run(
    loaded: LoadedJob,
    *,
    out: Path | None = None,
    progress: Progress | None = None,
    solver: ChildProcess | None = None,
    known: Result | None = None,
) -> Written:
    """Run a job and write its run folder, whole or not at all.

    Parameters
    ----------
    loaded
        The job.
    out
        Run folder; None: the job's own.
    progress
        Notified of each step.
    solver
        The process that solves everything, which stays open; None: one of its own.
    known
        The result of an earlier run of the job, in place of a solve; None: the problem is solved.

    Returns
    -------
    Written
        Folder, summary and exit code.

    Raises
    ------
    NetworksError, OptimiserError
        With what happened, where, what was done and what to do; the exit code is theirs.
    """
    if solver is None:
        with ChildProcess() as process:
            return run(loaded, out=out, progress=progress, solver=process, known=known)
    source, target = find_source(loaded), out or loaded.run_folder()
    with folder.staged(target) as stage, _logging_to(stage / "log.txt"):
        from optimiser import verify
        from optimiser.run import solving
        from optimiser.run.chain import Chain

        chain = Chain(loaded, source, progress or Progress(), solver, known=known)
        log.info("job %s", loaded.name)
        problem, result = chain.design, chain.result
        if not result.has_plan:
            with chain.progress.step("refuse", "Looking for demands that can be met"):
                solving.refuse_empty_run(problem, result, loaded.job, names_of_nodes(chain))
        with chain.progress.step("verify", "Checking the plan"):
            plan = verify.check(problem, result)
        follow = _what_follows(chain, plan)
        summary, report = _write(stage, chain, plan, is_whole=not follow)
    if follow:
        chain.progress.ends(f"The page is written ({target / 'report.html'}); to come: {follow}.")
        summary, report = _write_again(target, chain, plan)
    code = exit_code(result, loaded.job.solve.gap)
    return Written(target, chain, plan, summary, report, code)


def write_job(stage: Path, loaded: LoadedJob) -> None:
    """Write the job as it is run, every default visible, into the stage of a run folder.

    Paths of its files start from the run folder, so that the job can be run from there.
    """
    job = loaded.moved_to(stage.parent)
    title = f"{folder.RUN_FORMAT}: job {loaded.name} as it was run, every default visible."
    (stage / "job.toml").write_text(render(job, title=title), encoding="utf-8")


def names_of_nodes(chain: Chain) -> dict[str, str]:
    """Return the names of the cities of a run by their ids, which are those of stops, and of their nodes."""
    from optimiser.report.tables import AFTER, CITY

    cities = chain.times.value.cities
    named = list(zip(cities["city_id"].astype(str), cities["name"].astype(str), strict=True))
    nodes = {f"{CITY}{city_id}{ending}": name for city_id, name in named for ending in ("", AFTER)}
    return {**dict(named), **nodes}


def _what_follows(chain: Chain, plan: Plan) -> str:
    """Return what a run works out after its page is written: what takes long and was not kept from before."""
    from optimiser.engine.warm_up import is_large

    takes_long = chain.certifies and is_large(chain.design) and not chain.certificate_is_kept()
    certificate = "the proof of its bound" if takes_long else ""
    cases = "the plausible cases" if chain.has_cases and not chain.cases_are_kept(plan) else ""
    return " and ".join(part for part in (certificate, cases) if part)


def _write_again(target: Path, chain: Chain, plan: Plan) -> tuple[dict[str, Any], ReportInput]:
    """Certify the bound, solve the cases and write the run folder again; until then the first one stands."""
    with folder.staged(target) as stage:
        shutil.copyfile(target / "log.txt", stage / "log.txt")
        with _logging_to(stage / "log.txt"):
            return _write(stage, chain, plan, is_whole=True)


def _write(stage: Path, chain: Chain, plan: Plan, *, is_whole: bool) -> tuple[dict[str, Any], ReportInput]:
    """Fill the stage of a run folder, whole or without what takes long; return summary and report."""
    from optimiser import verify
    from optimiser.engine.warm_up import is_large
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
    certificate = verify.certificate(chain.design, plan)
    verify.check_certificate(chain.design, certificate)
    is_next = is_whole or not is_large(chain.design)
    proof = chain.certified() if is_next and chain.certifies else None
    if proof is not None:
        certificate["bound"] = proof.document
        shutil.copyfile(verify.bound_checker.__file__, stage / folder.CHECKER)
    store.save_json(stage / "certificate.json", certificate)
    _copy(chain.tables, stage)
    cases = chain.cases(plan) if is_whole and chain.has_cases else None
    found = chain.findings(plan, cases=cases, certified=_certified_bound(chain, plan, proof))
    shown = reporting.assemble_report(found)
    _copy(chain.report(found, shown), stage)
    watch = chain.progress
    summary = reporting.summarise(found, shown, seconds=watch.seconds, reused=watch.reused)
    log.info("tiers of cities: %s", summary["tiers"])
    store.save_json(stage / "summary.json", summary)
    return summary, shown


def _certified_bound(chain: Chain, plan: Plan, proof: Certified | None) -> CertifiedBound | None:
    """Return what a proof certifies of a plan, for the report."""
    from optimiser.report.inputs import CertifiedBound

    if proof is None or proof.bound is None:
        return None
    gap = results.gap_of(plan.objective, proof.bound, minimise=chain.design.budget is None)
    return None if gap is None else CertifiedBound(proof.bound, gap, proof.seconds)


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
