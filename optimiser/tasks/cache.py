"""Make each step of a run once: keep its outcome under the hash of its inputs, and report its time."""

import hashlib
import json
import logging
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from importlib import resources
from pathlib import Path
from typing import Any

from networks.inputs import checksum
from optimiser.engine.backends.solvers import version_of
from optimiser.problem.errors import EnvironmentFault
from optimiser.problem.jsonfile import TEMPORARY_VARIABLES, part_folder, remove_left_behind, write_atomically
from optimiser.problem.result import TracePoint, gap_of
from optimiser.tasks import signals

log = logging.getLogger(__name__)

MANIFEST = "manifest.json"
"""File of a kept outcome that lists the checksums of all others."""
PACE = "pace.json"
"""File with the seconds of each step when it was last made, of any job."""
KEPT = 16
"""Number of outcomes kept of each step; the least recently used ones are removed first."""
ALLOW_LOCAL = "POLYRING_ALLOW_LOCAL"
"""Variable that allows jobs to name servers on this machine and its networks, in this process and its own."""
FULL_BYTES = 2**18
"""A disk with less room is full."""
_ATTEMPTS = 5
_LIBRARIES = ("highspy", "numpy", "osmium", "pandas", "pulp", "scipy", "shapely")


def folder() -> Path:
    """Return the cache folder: `POLYRING_CACHE`, else the user's cache folder."""
    moved = os.environ.get("POLYRING_CACHE")
    if moved:
        return Path(moved).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("polyring", appauthor=False))


@cache
def code_version() -> str:
    """Return a hash of the source and data of both packages and of the libraries' versions."""
    digest = hashlib.sha256()
    for package in ("networks", "optimiser"):
        root = Path(str(resources.files(package)))
        for path in sorted(root.rglob("*")):
            inside = path.relative_to(root).parts
            if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in inside):
                digest.update(f"{path.relative_to(root)}\0".encode())
                digest.update(path.read_bytes())
    for name in _LIBRARIES:
        digest.update(f"{name}={version_of(name)}\0".encode())
    return digest.hexdigest()


def key(step: str, inputs: Mapping[str, Any]) -> str:
    """Return the name under which the outcome of a step is kept.

    Parameters
    ----------
    step
        Name of the step.
    inputs
        Everything that the outcome depends on, as JSON values: parameters, checksums, keys of earlier steps.

    Returns
    -------
    str
        SHA-256 of the step, its inputs and the version of the code, in hexadecimal.
    """
    text = json.dumps([step, code_version(), inputs], sort_keys=True, allow_nan=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Outcome:
    """A folder with the files of one step, and whether it was kept from before."""

    folder: Path
    key: str
    reused: bool


@dataclass(frozen=True)
class Kept[T]:
    """The value of a step, kept in a folder of the cache.

    Attributes
    ----------
    outcome
        The folder.
    load
        Reads the value from it.
    """

    outcome: Outcome
    load: Callable[[Path], T]

    @property
    def key(self) -> str:
        """Return the hash of all that the value was made from."""
        return self.outcome.key

    @cached_property
    def value(self) -> T:
        """Return the value, read once and kept in memory."""
        return self.read()

    def read(self) -> T:
        """Read the value from its folder."""
        return self.load(self.outcome.folder)


PATIENCE_S = 3.0
"""Seconds after which a slow answer says how long it takes."""
MINUTE_S = 60.0
"""Seconds between two lines of progress where the output is no terminal."""
STEP_LETTERS = 9
"""Letters that tell one step from the next: of a solve all others change with each second."""
LONGEST_S = 86_400.0
"""A limit of a day or more is none that a reader waits for."""


@contextmanager
def at_intervals(tell: Callable[[float], object], first_s: float, then_s: float) -> Iterator[None]:
    """Call a function with the seconds since the block began, first after `first_s`, then each `then_s`."""
    ended, begun = threading.Event(), time.monotonic()

    def work() -> None:
        wait_s = first_s
        while not ended.wait(wait_s):
            wait_s = then_s
            tell(time.monotonic() - begun)

    teller = threading.Thread(target=work, daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()


@contextmanager
def told(what: str, time_limit_s: float | None = None) -> "Iterator[Progress]":
    """Say on the standard error how long an answer takes, once that is `PATIENCE_S` seconds, and its steps.

    In a terminal that is a line that is written anew each second, and is empty in the end; elsewhere, as in a
    notebook or a log, a line then, at each step that takes a second, and each minute.
    """
    moves, is_limited = sys.stderr.isatty(), time_limit_s is not None and time_limit_s < LONGEST_S
    rest, steps = f" of at most {time_limit_s:.0f} s" if is_limited else "", [""]
    line, said = "", (-1.0, "")

    def tell(seconds: float) -> None:
        nonlocal line, said
        before, line = line, f"{what}: {seconds:.0f} s{rest}{steps[-1]}"
        now = (seconds // MINUTE_S, steps[-1][:STEP_LETTERS])
        if moves or now != said:
            sys.stderr.write(f"\r{line:{len(before)}}" if moves else f"{line}\n")
        said = now

    try:
        with at_intervals(tell, PATIENCE_S, min(1.0, MINUTE_S)):
            yield Progress(begins=lambda text: steps.append(f", {text}"))
    finally:
        sys.stderr.write(f"\r{' ' * len(line)}\r" if moves and line else "")


@dataclass(slots=True)
class Progress:
    """Reports which step is running, and keeps the time of each.

    Attributes
    ----------
    begins, ends
        Called with a line of text when a step begins, and when it ends.
    seconds
        Wall time of each step that ended, in order.
    reused
        Names of the steps whose outcome was kept from before.
    coming
        Names of the steps still to come, as far as known.
    """

    begins: Callable[[str], object] = lambda _text: None
    ends: Callable[[str], object] = lambda _text: None
    seconds: dict[str, float] = field(default_factory=dict)
    reused: list[str] = field(default_factory=list)
    coming: list[str] = field(default_factory=list)

    def trace(self, point: TracePoint) -> None:
        """Report how far a solve has come."""
        bound, gap = "none", "unknown"
        if point.bound is not None:
            bound = f"{point.bound:.1f}"
            if point.objective is not None:
                found = gap_of(point.objective, point.bound, minimise=point.bound < point.objective)
                gap = gap if found is None else f"{100 * found:.3g} %"
        self.begins(f"Solving, {point.seconds:.0f} s: plan {point.objective}, bound {bound}, gap {gap}")

    def certifying(self, seconds: float, bound: int | None, _nodes: int) -> None:
        """Say how far the proof of a bound in exact integers is."""
        self.begins(f"Certifying the bound, {seconds:.0f} s: {bound} so far")

    @contextmanager
    def step(self, name: str, title: str) -> Iterator[None]:
        """Time a step.

        Parameters
        ----------
        name
            Key of the step in `seconds`.
        title
            What the step does, for people.

        Yields
        ------
        None
        """
        is_planned, before = name in self.coming, _seconds_before()
        last_s = sum(before.get(step, 0.0) for step in self.coming)
        self.coming = [step for step in self.coming if step != name]
        ahead = f"{len(self.coming)} more step{'s' * (len(self.coming) > 1)}" + (
            f", with this {last_s:.0f} s last time" if last_s else ""
        )
        self.begins(f"{title} ({ahead})" if self.coming else title)
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)
        if is_planned and name not in self.reused:
            with suppress(EnvironmentFault):
                write_atomically(folder() / PACE, json.dumps(before | {name: self.seconds[name]}))
        note = " (kept from before)" if name in self.reused else ""
        line = f"{title}: {self.seconds[name]:.1f} s{note}"
        log.info(line)
        self.ends(line)


def _seconds_before() -> dict[str, float]:
    """Return the seconds that steps took when they were last made; none where that cannot be read."""
    with suppress(OSError, ValueError):
        found: dict[str, float] = json.loads((folder() / PACE).read_text(encoding="utf-8"))
        return found
    return {}


def get(step: str, inputs: Mapping[str, Any], make: Callable[[Path], object]) -> Outcome:
    """Return the outcome of a step: the kept one where there is one, else a fresh one.

    Parameters
    ----------
    step
        Name of the step.
    inputs
        As for `key`.
    make
        Writes the files of the outcome into the folder it is given.

    Returns
    -------
    Outcome
        The folder, to be read only.
    """
    name = key(step, inputs)
    place = folder() / "steps" / step / name[:32]
    if _is_intact(place):
        with suppress(OSError):
            os.utime(place)
        return Outcome(folder=place, key=name, reused=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    with part_folder(place.parent) as part, signals.cleanup_on_kill(partial(shutil.rmtree, part, True)):
        fresh = part / "outcome"
        fresh.mkdir()
        with full_disk(part, "the cache"):
            make(fresh)
        # Checksums of all files, so that a damaged outcome is noticed.
        files = sorted(path for path in fresh.rglob("*") if path.is_file())
        sums = {path.relative_to(fresh).as_posix(): checksum(path) for path in files}
        with (fresh / MANIFEST).open("w", encoding="utf-8") as file:
            json.dump(sums, file)
            file.flush()
            os.fsync(file.fileno())
        _swap(fresh, place)
    prune(place.parent, keep=place, most=KEPT)
    return Outcome(folder=place, key=name, reused=False)


@contextmanager
def full_disk(place: Path, what: str) -> Iterator[None]:
    """Call whatever goes wrong on a full disk by that name: GDAL and Arrow each have errors of their own.

    Parameters
    ----------
    place
        Folder on the disk.
    what
        What is kept there.

    Raises
    ------
    EnvironmentFault
        When the disk is full after an error.
    """
    try:
        yield
    except Exception as error:
        if hasattr(error, "exit_code") or shutil.disk_usage(place).free > FULL_BYTES:
            raise
        raise EnvironmentFault(
            f"the disk of {what} is full",
            where=str(place.parent),
            done="What was kept before is intact.",
            remedy="Make room there, or choose another disk: POLYRING_CACHE names the folder of the cache, "
            "--out that of a run.",
        ) from error


@contextmanager
def own_temporary_folder() -> Iterator[None]:
    """Let this process and those it starts keep temporary files in a folder of their own in the cache.

    Solvers leave models and solutions there when they are killed. The folder is removed at the end, and by
    the next process when this one is killed; so are the steps that killed processes began. Where the cache
    cannot be written, the system's folder is used.
    """
    parent = folder() / "temporary"
    with ExitStack() as stack:
        try:
            parent.mkdir(parents=True, exist_ok=True)
            place = stack.enter_context(part_folder(parent))
        except OSError:
            yield
            return
        for step in (folder() / "steps").glob("*"):
            remove_left_behind(step)
        stack.enter_context(signals.cleanup_on_kill(partial(shutil.rmtree, place, True)))
        kept = {name: os.environ[name] for name in TEMPORARY_VARIABLES if name in os.environ}
        kept_folder = tempfile.tempdir
        os.environ.update(dict.fromkeys(TEMPORARY_VARIABLES, str(place)))
        tempfile.tempdir = str(place)
        try:
            yield
        finally:
            tempfile.tempdir = kept_folder
            for name in TEMPORARY_VARIABLES:
                del os.environ[name]
            os.environ.update(kept)


def is_kept(step: str, inputs: Mapping[str, Any]) -> bool:
    """Return whether the outcome of a step is kept, so that it need not be made."""
    return _is_intact(folder() / "steps" / step / key(step, inputs)[:32])


def forget(outcome: Outcome) -> None:
    """Remove an outcome from the cache, so that the next run makes it again."""
    shutil.rmtree(outcome.folder, ignore_errors=True)


def _is_intact(place: Path) -> bool:
    if not place.exists():
        return False
    try:
        sums = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
        intact = all(checksum(place / name) == value for name, value in sums.items())
    except (OSError, ValueError, AttributeError):
        intact = False
    if not intact:
        log.warning("a stored outcome of the step %s is damaged; it is computed again", place.parent.name)
    return intact


def _swap(fresh: Path, place: Path) -> None:
    """Put a fresh outcome in place, unless another process was first: the same key means the same content.

    An intact outcome is never removed, since another process may be reading it; a damaged one is moved into
    the temporary folder of the fresh one, which is removed by its owner.
    """
    for attempt in range(_ATTEMPTS):
        try:
            fresh.rename(place)
        except OSError:
            if attempt == _ATTEMPTS - 1 or not place.exists():
                raise
        else:
            return
        if _is_intact(place):
            return
        with suppress(FileNotFoundError):
            place.rename(fresh.with_name(f"damaged-{attempt}"))


def prune(parent: Path, *, keep: Path, most: int) -> None:
    """Remove the least recently used files and folders of a folder.

    Parameters
    ----------
    parent
        The folder; hidden entries stay.
    keep
        An entry that stays in any case.
    most
        Number of entries that are left, `keep` included.
    """
    used = dict[Path, float]()
    for path in parent.iterdir():
        if path != keep and not path.name.startswith("."):
            with suppress(FileNotFoundError):  # another process just removed it
                used[path] = path.stat().st_mtime
    for path in sorted(used, key=used.__getitem__, reverse=True)[most - 1 :]:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
