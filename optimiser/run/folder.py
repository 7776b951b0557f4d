"""Fill a run folder: all files of a run appear together, or none does."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from optimiser.problem.errors import EnvironmentFault, JobError
from optimiser.run import lock, stop

STAGE = ".unfinished"
SUMMARY = "polyring-summary/"
"""Start of the format that the `summary.json` of a run folder names."""
FRONTIER = "frontier.json"
"""File that a traced frontier leaves in its run folder."""
AS_RUN = "as it was run, every default visible."
"""End of the first line of the `job.toml` that a run writes."""


OPTIONAL = (
    "levels.json",
    "phases.csv",
    "plan.png",
    "report.html",
    "ring_links.csv",
    "ring_overlaps.csv",
    "rings.csv",
    "rings.png",
)
"""Files that a run writes or not, as its job asks; those of an earlier run into the folder go."""


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """Give a place to write files that move into the run folder when the block ends well.

    When the block fails, the place is removed, an earlier result in the folder stays as it was, and a folder
    that this call had to make is removed again.

    Parameters
    ----------
    folder
        The run folder.

    Yields
    ------
    pathlib.Path
        An empty folder inside the run folder.

    Raises
    ------
    JobError
        When the folder holds files and none shows that it is a run folder.
    EnvironmentFault
        When the folder is in use, cannot be written, or the disk is full.
    """
    _refuse_foreign(folder)
    made = _make(folder)
    stage = folder / STAGE
    try:
        with lock.held(folder), _disk_faults(folder):
            shutil.rmtree(stage, ignore_errors=True)
            stage.mkdir()
            try:
                with stop.taken_away(lambda: _clear(stage, made)):
                    yield stage
                    publish(stage, folder)
            finally:
                shutil.rmtree(stage, ignore_errors=True)
    except BaseException:
        _remove(made)
        raise


def publish(stage: Path, folder: Path) -> None:
    """Flush every file of a stage to the disk, then move them all into a folder.

    Parameters
    ----------
    stage
        Folder with the new files, on the same disk as `folder`.
    folder
        Where they go; older files of the same names are replaced, each in one step. What only an earlier run
        wrote is taken away after that, and so is what is older in a folder within.
    """
    files = sorted(path for path in stage.rglob("*") if path.is_file())
    stale = [name for name in OPTIONAL if not (stage / name).exists()]
    stale = stale if (stage / "summary.json").exists() else []
    for path in files:
        with path.open("rb+") as file:
            os.fsync(file.fileno())
    with stop.undisturbed():
        _move(files, stale, stage, folder)


def _move(files: list[Path], stale: list[str], stage: Path, folder: Path) -> None:
    for path in files:
        target = folder / path.relative_to(stage)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
    for name in stale:
        (folder / name).unlink(missing_ok=True)
    for part in (path for path in stage.iterdir() if path.is_dir()):
        new = {path.name for path in files if path.parent == part}
        for old in (folder / part.name).iterdir():
            if old.is_file() and old.name not in new:
                old.unlink()


def _clear(stage: Path, made: list[Path]) -> None:
    """Take away the stage and the lock of a run that is ended by force, and the folders that it made."""
    shutil.rmtree(stage, ignore_errors=True)
    with suppress(OSError):
        (stage.parent / lock.NAME).unlink()
    _remove(made)


def _remove(made: list[Path]) -> None:
    """Remove folders, innermost first, as far as they are empty."""
    for path in made:
        with suppress(OSError):
            path.rmdir()


def _refuse_foreign(folder: Path) -> None:
    """Refuse a folder with files of somebody else, for those of a run could replace them."""
    if not folder.is_dir() or _is_own(folder):
        return
    raise JobError(
        "the folder holds files and is not the folder of an earlier run",
        where=str(folder),
        done="Nothing was written or changed.",
        remedy="Choose with --out an empty folder, one that does not exist yet, or one of an earlier run.",
    )


def _is_own(folder: Path) -> bool:
    """Tell whether a folder is empty, or of a run that ended or was stopped."""
    try:
        there = {path.name for path in folder.iterdir()}
    except OSError:
        return True  # what is wrong with it is said where it is written
    if there <= {lock.NAME} or FRONTIER in there or (folder / STAGE).is_dir():
        return True
    return _is_summed_up(folder) or _is_as_run(folder)


def _is_summed_up(folder: Path) -> bool:
    try:
        found = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and str(found.get("format")).startswith(SUMMARY)


def _is_as_run(folder: Path) -> bool:
    try:
        with (folder / "job.toml").open(encoding="utf-8") as file:
            return file.readline().rstrip().endswith(AS_RUN)
    except (OSError, ValueError):
        return False


def _make(folder: Path) -> list[Path]:
    """Make a folder; return the folders that were missing, innermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentFault(
            f"the folder cannot be made: {error.strerror}",
            where=str(folder),
            done="Nothing was written.",
            remedy="Choose another folder with --out.",
        ) from error
    return missing


@contextmanager
def _disk_faults(folder: Path) -> Iterator[None]:
    """Turn a full or read-only disk into a message."""
    try:
        yield
    except OSError as error:
        if hasattr(error, "exit_code"):
            raise
        free_mb = shutil.disk_usage(folder).free // 1_000_000
        raise EnvironmentFault(
            f"a file could not be written: {error.strerror or error}",
            where=str(error.filename or folder),
            done="An earlier result in the folder, if there was one, is untouched.",
            remedy=f"Make room (a run takes about 100 MB, {free_mb} MB are free) or choose another --out.",
        ) from error
