"""Run a job from its map to its run folder."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optimiser.job import render
from optimiser.job.model import LoadedJob
from optimiser.problem import result as results
from optimiser.run import cache, folder
from optimiser.run.chain import Chain
from optimiser.run.progress import Progress
from optimiser.run.source import settle

if TYPE_CHECKING:
    from optimiser.report.inputs import ReportInput
    from optimiser.verify import Plan

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run.

    Attributes
    ----------
    folder
        The run folder.
    summary
        Contents of `summary.json`.
    report
        What the report shows.
    exit_code
        0 within the gap asked for, else 10.
    """

    folder: Path
    summary: dict[str, Any]
    report: ReportInput
    exit_code: int


def run(loaded: LoadedJob, *, out: Path | None = None, progress: Progress | None = None) -> Run:
    """Run a job and write its run folder, whole or not at all.

    Parameters
    ----------
    loaded
        The job.
    out
        Run folder; None: the job's own.
    progress
        Who is told of each step.

    Returns
    -------
    Run
        Folder, summary and exit code.

    Raises
    ------
    NetworksError, OptimiserError
        With what happened, where, what was done and what to do; the exit code is theirs.
    """
    watch = progress or Progress()
    source = settle(loaded)
    target = out or loaded.run_folder()
    with folder.staged(target) as stage, _logged(stage / "log.txt"):
        from optimiser import verify
        from optimiser.run import refusing, solving

        chain = Chain(loaded=loaded, source=source, progress=watch)
        log.info("job %s", loaded.name)
        problem, result = chain.design, chain.result
        if result.status in ("infeasible", "none"):
            with watch.step("refuse", "Looking for what would do"):
                refusing.refuse(problem, result, loaded.job, city_names(chain))
        with watch.step("verify", "Checking the plan"):
            plan = verify.check(problem, result)
        summary, report = _write(stage, chain, plan)
    return Run(
        folder=target,
        summary=summary,
        report=report,
        exit_code=solving.exit_code(result, loaded.job.solve.gap),
    )


def city_names(chain: Chain) -> dict[str, str]:
    """Return the names of the cities of a run by their ids."""
    import geopandas as gpd

    table = gpd.read_parquet(chain.times.folder / "cities.parquet", columns=["city_id", "name", "geometry"])
    return dict(zip(table["city_id"].astype(str), table["name"].astype(str), strict=True))


def _write(stage: Path, chain: Chain, plan: Plan) -> tuple[dict[str, Any], ReportInput]:
    """Fill the stage of a run folder; return the summary and what the report shows."""
    from optimiser import verify
    from optimiser.run import reporting, store, summary

    loaded, problem, result = chain.loaded, chain.design, chain.result
    title = f"Job {loaded.name} {folder.AS_RUN}"
    (stage / "job.toml").write_text(render(loaded.job, title=title), encoding="utf-8")
    for name in ("problem.json", "levels.json"):
        if (chain.problem.folder / name).exists():
            shutil.copyfile(chain.problem.folder / name, stage / name)
    results.save(result, stage / "result.json")
    reporting.write_trace(stage / "trace.csv", result)
    store.save_json(stage / "plan.json", plan.as_dict())
    certificate = verify.certificate(problem, plan)
    verify.check_certificate(problem, certificate)
    store.save_json(stage / "certificate.json", certificate)
    _copy(chain.tables.folder, stage)
    shown = reporting.assemble(chain, plan)
    _copy(chain.report(plan, shown).folder, stage)
    found = summary.summarise(chain, plan, shown)
    store.save_json(stage / "summary.json", found)
    return found, shown


def _copy(outcome: Path, stage: Path) -> None:
    """Copy the files of a kept step into the stage of a run folder."""
    for path in outcome.iterdir():
        if path.name != cache.MANIFEST:
            shutil.copyfile(path, stage / path.name)


@contextmanager
def _logged(path: Path) -> Iterator[None]:
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
