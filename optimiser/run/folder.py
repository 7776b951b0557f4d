"""Fill a run folder: one process at a time, and all files of a run appear together or none does."""

import csv
import glob
import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from networks.inputs import checksum
from optimiser.problem.errors import EnvironmentFault, JobError
from optimiser.problem.jsonfile import is_same_file, make_folder, try_lock
from optimiser.report.wording import unguarded
from optimiser.tasks import cache, signals

if TYPE_CHECKING:
    from optimiser.job import LoadedJob

LOCK = ".lock"
SUMMARY = "summary.json"
RUN = ("job.toml", SUMMARY, "problem.json", "result.json")
"""Files without which a run cannot be opened again."""
_NAME_A_RUN = "Name a folder that polyring.run or `polyring run` wrote."
STAGE = ".unfinished"
"""Folder inside a run folder that takes the files of a run until it ends."""
SUMMARY_FORMAT = "polyring-summary/1"
"""Format that the `summary.json` of a run folder names."""
RUN_FORMAT = "polyring-run/1"
"""Begin of the first line of the `job.toml` that a run writes."""
CHECKSUMS = "checksums.json"
"""File of a run folder with the SHA-256 of all others that the run wrote."""
CHECKSUMS_FORMAT = "polyring-checksums/1"
STUDIES = ("frontier", "closures", "atlas", "sweep", "robust", "backcast")
"""Commands that leave a JSON file of their name in their folder."""
COMMIT = "commit.parquet"
"""File of a sweep that solved its cases with the robust core built as well."""
OPTIONAL_IN_SWEEP = (
    COMMIT, "sweep.html", "sweep_band.png", "sweep_indices.png", "sweep_links.png", "sweep_map.png",
    "sweep_regret.png",
)  # fmt: skip
"""Files that a sweep writes or not: its page needs a future that was solved."""
UNSEALED = ("times.parquet",)
"""Files that may differ between two runs of the same sweep, and have no checksum."""
QUESTION, QUESTION_OF = "question", "question.toml"
"""Folder and file that say what a what-if or a step-by-step plan asks, and of which job."""
_PARTS = {"states.csv": "states", QUESTION_OF: QUESTION}
"""Subfolders that come and go with a file."""
CHECKER = "bound_checker.py"
"""Script in a run folder that checks its certificate with the standard library alone."""
OPTIONAL = (
    CHECKER, "capacities.csv", "cases.csv", "curve.png", "independence.csv", "job.toml", "levels.json",
    "needs.csv", "phases.csv", "plan.png", QUESTION_OF, "report.html", "ring_links.csv", "ring_overlaps.csv",
    "ring_use.csv", "rings.csv", "rings.png", "states.csv",
)  # fmt: skip
"""Files that a run writes or not, as its job asks; those of an earlier run into the folder are removed."""


def replaced(folder: Path) -> str:
    """Return a line on the run or study in a folder, whose files a new one replaces; empty without one."""
    for name in ("summary", *STUDIES):
        with suppress(OSError, ValueError, AttributeError):
            path = folder / f"{name}.json"
            found, day = json.loads(path.read_text(encoding="utf-8")), path.stat().st_mtime
            what = f"a run of {found['job']}" if "job" in found else f"what `polyring {name}` wrote"
            return f"{folder} holds {what} on {datetime.fromtimestamp(day, UTC):%Y-%m-%d}: it is replaced."
    return ""


@contextmanager
def staged(folder: Path, notify: Callable[[str], object] = lambda _text: None) -> Iterator[Path]:
    """Give a place to write files that move into the run folder when the block ends well.

    When the block fails, the place is removed, an earlier result in the folder stays as it was, and a folder
    that this call had to make is removed again.

    Parameters
    ----------
    folder
        The run folder.
    notify
        Called with what the folder holds, if anything, before it is replaced.

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
    if folder.is_dir() and not _is_run_folder(folder):  # its files could be replaced by those of a run
        raise JobError(
            "the folder holds files and is not the folder of an earlier run",
            where=str(folder),
            done="Nothing was written or changed.",
            remedy="Choose with --out (in Python: out) an empty or a new folder, or one of an earlier run.",
        )
    if before := replaced(folder):
        notify(before)
    made = [path for path in (folder, *folder.parents) if not path.exists()]  # innermost first
    make_folder(folder, done="Nothing was written.")
    stage = folder / STAGE

    def clean() -> None:
        shutil.rmtree(stage, ignore_errors=True)
        with suppress(OSError):
            (folder / LOCK).unlink()
        _remove(made)

    try:
        with locked(folder), _disk_faults(folder), cache.full_disk(folder, "the run folder"):
            shutil.rmtree(stage, ignore_errors=True)
            stage.mkdir()
            try:
                with signals.cleanup_on_kill(clean):
                    yield stage
                    _publish(stage, folder)
            finally:
                shutil.rmtree(stage, ignore_errors=True)
    except BaseException:
        _remove(made)
        raise


def carry_over(home: Path, stage: Path) -> None:
    """Copy the files of a finished run into the stage of its folder, so that those that change replace them.

    Parameters
    ----------
    home, stage
        The run folder and its stage.
    """
    for name in _checksums(home):
        source = home / name
        if source.is_file() and source.resolve().is_relative_to(home.resolve()):
            (stage / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, stage / name)


def _publish(stage: Path, folder: Path) -> None:
    """Flush every file of a stage to the disk, then move them all into the run folder.

    Older files of the same names are replaced, each in one step. After that, files that only an earlier run
    wrote are removed, and so are older files in a subfolder.
    """
    files = sorted(path for path in stage.rglob("*") if path.is_file())
    is_run = (stage / "summary.json").exists()
    # A frontier may join a run in its folder, whose other files stay what they were. Subfolders are replaced.
    parts = {path.name for path in stage.iterdir() if path.is_dir()}
    is_sealed = is_run or any((stage / f"{name}.json").exists() for name in ("sweep", "robust"))
    earlier = {} if is_sealed else _checksums(folder)
    if is_sealed or earlier:
        earlier = {name: sum_ for name, sum_ in earlier.items() if name.split("/")[0] not in parts}
        files.append(seal(stage, earlier))
    optional = OPTIONAL if is_run else OPTIONAL_IN_SWEEP if (stage / "sweep.json").exists() else ()
    stale = [name for name in optional if not (stage / name).exists()]
    for path in files:
        with path.open("rb+") as file:
            os.fsync(file.fileno())
    with signals.defer_signals():
        _move(files, stale, stage, folder)


def seal(folder: Path, earlier: Mapping[str, str] = MappingProxyType({})) -> Path:
    """Write the checksums of all files of a folder, after earlier ones, into a file of it; return that."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in UNSEALED)
    sums = {**earlier, **{path.relative_to(folder).as_posix(): checksum(path) for path in files}}
    text = json.dumps({"format": CHECKSUMS_FORMAT, "files": sums}, indent=1)
    (folder / CHECKSUMS).write_text(f"{text}\n", encoding="utf-8")
    return folder / CHECKSUMS


def _checksums(folder: Path) -> dict[str, str]:
    """Return the checksums that an earlier run left in a folder; none where there are none."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return dict(json.loads((folder / CHECKSUMS).read_text(encoding="utf-8"))["files"])
    return {}


def _move(files: list[Path], stale: list[str], stage: Path, folder: Path) -> None:
    for path in files:
        target = folder / path.relative_to(stage)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
    for name in stale:
        (folder / name).unlink(missing_ok=True)
        if name in _PARTS:
            shutil.rmtree(folder / _PARTS[name], ignore_errors=True)
    for part in (path for path in stage.iterdir() if path.is_dir()):
        new = {folder / path.relative_to(stage) for path in files}
        for old in sorted((folder / part.name).rglob("*"), reverse=True):  # a folder after its files
            if old.is_file() and old not in new:
                old.unlink()
            elif old.is_dir() and not any(old.iterdir()):
                old.rmdir()


def _remove(made: list[Path]) -> None:
    """Remove folders, innermost first, as far as they are empty."""
    for path in made:
        with suppress(OSError):
            path.rmdir()


def _is_run_folder(folder: Path) -> bool:
    """Tell whether a folder is empty, or of a run that ended or was stopped."""
    try:
        names = {path.name for path in folder.iterdir()}
    except OSError:
        return True  # the fault is reported where the folder is written
    if names <= {LOCK} or names & {f"{name}.json" for name in STUDIES} or (folder / STAGE).is_dir():
        return True
    with suppress(OSError, ValueError):
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        if isinstance(summary, dict) and str(summary.get("format")).startswith("polyring-summary/"):
            return True
    with suppress(OSError, ValueError), (folder / "job.toml").open(encoding="utf-8") as file:
        return file.readline().startswith(f"# {RUN_FORMAT}")
    return False


def find_finished(
    job: str, settings: Sequence[str] = (), out: Path | None = None
) -> "tuple[Path, LoadedJob | None]":
    """Return the folder of a finished run, and its job where that is not simply the one of the folder.

    Parameters
    ----------
    job
        Name of a ready job, path of a job file, or a run folder.
    settings
        Changes of keys, values in TOML.
    out
        Run folder of the job; None: its own.
    """
    from optimiser.job import find  # other commands need it not
    from optimiser.job.reading import ready_names

    home = Path(job)
    if home.suffix != ".toml" and job not in ready_names():
        home = of_run(home)
    if home.is_dir():
        refuse_unfinished(home)
        if not settings:
            return home, None
        return home, replace(find(str(home / "job.toml"), settings=settings), name=summary_of(home)["job"])
    loaded = find(job, settings=settings)
    home = out or loaded.run_folder()
    refuse_unfinished(home, remedy=f"Run the job first: polyring run {job}; or name the folder of its run.")
    return home, loaded


def of_run(name: Path) -> Path:
    """Return a folder as it is named, or that of the run of a job of this name."""
    from optimiser.job import find
    from optimiser.job.model import RUNS
    from optimiser.job.reading import ready_names

    if not name.is_dir() and (name.suffix == ".toml" or str(name) in ready_names()):
        return find(str(name)).run_folder()
    if name.exists() or name.is_absolute():
        return name
    if (RUNS / name).is_dir():
        return RUNS / name
    # The name of a run may go on with what was set: around-lagos--region.radius_km=200.
    found = [path.parent for path in RUNS.glob(f"{glob.escape(str(name))}*/{SUMMARY}")]
    return found[0] if len(found) == 1 else name


def refuse_unfinished(home: Path, needed: Sequence[str] = RUN, remedy: str = _NAME_A_RUN) -> None:
    """Refuse a folder that is not that of a finished run."""
    missing = [name for name in needed if not (home / name).is_file()]
    if not home.is_dir():
        where = str(home.absolute())
        raise JobError("there is no such folder", where=where, done="Nothing was read.", remedy=remedy)
    if missing:
        refuse_study(home, "Nothing was read.")
        made_later = missing == ["job.toml"] and (home / "plan.json").is_file()
        raise JobError(
            "this folder is a what-if or a step-by-step plan, which polyring.load opens in Python, not a run"
            if made_later
            else "the folder holds no run of a job that can be opened",
            where=str(home),
            faults=[f"there is no {name}" for name in missing],
            done="Nothing was read.",
            remedy=remedy,
        )


def summary_of(home: Path) -> dict[str, Any]:
    """Return the contents of the summary of a run folder."""
    found: dict[str, Any] = json.loads((home / SUMMARY).read_text(encoding="utf-8"))
    return found


def link_ends(home: Path, table: str = "candidates.csv", key: str = "candidate_id") -> dict[str, str]:
    """Return the two ends of each link in a table of a run folder; nothing where there is no such table."""
    return {row[key]: f"{row['from_name']} – {row['to_name']}" for row in rows_of(home / table)}


def rows_of(table: Path) -> list[dict[str, str]]:
    """Return the rows of a table of a run folder as texts; none where there is no such table."""
    if not table.is_file():
        return []
    with table.open(encoding="utf-8", newline="") as file:
        return [{name: unguarded(cell) for name, cell in row.items()} for row in csv.DictReader(file)]


def city_pairs(home: Path) -> dict[tuple[str, ...], tuple[bool, bool]]:
    """Return whether each pair of cities, by name, is within the limit today and by the plan of a folder."""
    files = [home / name for name in (SUMMARY, "problem.json", "plan.json", "cities.geojson")]
    if not all(file.is_file() for file in files):
        return {}
    summary, problem, plan, places = (json.loads(file.read_text(encoding="utf-8")) for file in files)
    cities = [place["properties"] for place in places["features"]]
    names = {f"city:{city['city_id']}": city["name"] for city in cities}
    at_node = [names.get(node.removesuffix("/after"), "") for node in problem["nodes"]]
    today, after = set(plan["covered_before"]), set(plan["covered"])
    return {  # of the pairs that count in parts, with later limits or without the core, none is taken
        tuple(sorted(ends)): (number in today, number in after)
        for number, pair in reversed([*enumerate(problem["pairs"])])
        if pair["limit"] == summary["limit_s"]
        and all(ends := (at_node[pair["origin"]], at_node[pair["destination"]]))
    }


def refuse_study(folder: Path, done: str) -> None:
    """Refuse the folder of a study where that of a run is wanted, with the command that makes it again.

    Parameters
    ----------
    done
        What has happened so far, for the message.
    """
    for name in STUDIES:
        if (folder / f"{name}.json").is_file():
            asked = folder / "job.toml" if (folder / "job.toml").is_file() else "CLUSTERS.toml"
            points = ", each point of it by its two files in frontier/" if name == "frontier" else ""
            raise JobError(
                f"the folder holds what `polyring {name}` wrote, and no run",
                where=str(folder),
                done=done,
                remedy=f"Read its tables and pages{points}; `polyring {name} {asked}` makes them again.",
            )


def _refusal(folder: Path, what: str, remedy: str = "Choose another folder with --out.") -> EnvironmentFault:
    return EnvironmentFault(what, where=str(folder), done="Nothing was written.", remedy=remedy)


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


@contextmanager
def locked(
    folder: Path,
    *,
    done: str = "Nothing was written.",
    remedy: str = "Wait until that run ends, or choose another folder with --out.",
) -> Iterator[None]:
    """Hold a folder for the time of a `with` block.

    The lock is the operating system's, so it goes with the process however that ends; a lock file that is
    left behind blocks nobody.

    Parameters
    ----------
    folder
        The folder; it must exist.
    done, remedy
        What the message says where it is in use.

    Yields
    ------
    None

    Raises
    ------
    EnvironmentFault
        At once, when another process holds the folder, or when the folder cannot be written.
    """
    path = folder / LOCK
    try:
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise _refusal(folder, f"the folder cannot be written: {error.strerror}") from error
    with file:
        if not try_lock(file) or not is_same_file(file, path):
            in_use = "the folder is in use by another process"
            with suppress(OSError, ValueError, KeyError, TypeError):
                holder = json.loads(path.read_text(encoding="utf-8"))
                who = f"process {holder['pid']} on host {holder['host']} since {holder['since']}"
                in_use = f"the folder is in use by {who}"
            raise EnvironmentFault(in_use, where=str(folder), done=done, remedy=remedy)
        file.seek(0)
        file.truncate()
        since = datetime.now(UTC).isoformat(timespec="seconds")
        json.dump({"pid": os.getpid(), "host": socket.gethostname(), "since": since}, file)
        file.flush()
        try:
            yield
        finally:
            with suppress(OSError):
                path.unlink()
