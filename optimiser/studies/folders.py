"""Open the folder of a study of a job, and write its files."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from optimiser import verify
from optimiser.job import find
from optimiser.job.model import LoadedJob
from optimiser.problem import DesignProblem, save
from optimiser.problem import result as results
from optimiser.report.inputs import ReportInput
from optimiser.report.tables import write_csv
from optimiser.run import folder, pipeline, reporting, store
from optimiser.tasks.cache import Progress


@dataclass(frozen=True)
class StudyRun:
    """A finished study.

    Attributes
    ----------
    folder
        Where its files are.
    exit_code
        0 where everything is proven to the gap asked for, else 10.
    """

    folder: Path
    exit_code: int


def job_of(job: str | Path | LoadedJob, settings: Sequence[str] = ()) -> LoadedJob:
    """Return a job, or the one that a name or path stands for.

    Parameters
    ----------
    job
        A job, the name of a ready one, or the path of a job file.
    settings
        Changes such as `robust.kind="regret"`, values in TOML; only where `job` is a name or a path.
    """
    return job if isinstance(job, LoadedJob) else find(str(job), settings=settings)


@contextmanager
def opened(
    job: str | Path | LoadedJob,
    ending: str,
    out: str | Path | None,
    progress: Progress,
    settings: Sequence[str] = (),
) -> Iterator[tuple[LoadedJob, Path, Path]]:
    """Give a job, the folder of its study, and a place for the files of the study.

    The files move into the folder together when the block ends well.

    Parameters
    ----------
    job, settings
        As for `job_of`; the job is written as `job.toml`.
    ending
        Ending of the folder where none is given.
    out
        The folder; None: that of the job with the ending.
    progress
        Notified of what the folder holds already.
    """
    loaded = job_of(job, settings)
    target = loaded.run_folder(ending) if out is None else Path(out)
    with folder.staged(target, progress.ends) as stage:
        pipeline.write_job(stage, loaded)
        yield loaded, target, stage


def write_plan(
    stage: Path, problem: DesignProblem, plan: verify.Plan, found: reporting.Findings, shown: ReportInput
) -> None:
    """Write a plan without a chain of its own: problem, result, plan, certificate, summary.

    Parameters
    ----------
    stage
        Where to write.
    problem, plan
        What was solved, and what the independent check found.
    found, shown
        The values of the plan, and what a report shows of them.
    """
    contents = {
        "problem.json": problem,
        "result.json": found.result,
        "plan.json": plan.as_dict(),
        pipeline.CERTIFICATE: verify.certificate(problem, plan),
        folder.SUMMARY: reporting.summarise(found, shown, seconds={}, reused=()),
    }
    write(stage, contents)


def write(stage: Path, contents: Mapping[str, Any]) -> None:
    """Write files of a study, each as its content demands.

    Parameters
    ----------
    stage
        Where to write.
    contents
        By name of the file: a problem, a result, a data frame (CSV), an Arrow table (Parquet: the same rows
        are the same bytes), or what JSON can hold.
    """
    for name, content in contents.items():
        path = stage / name
        match content:
            case DesignProblem():
                save(content, path)
            case results.Result():
                results.save(content, path)
            case pd.DataFrame():
                write_csv(content, path)
            case pa.Table():
                pq.write_table(content, path, compression="zstd", version="2.6", row_group_size=1 << 20)
            case _:
                store.save_json(path, content)
