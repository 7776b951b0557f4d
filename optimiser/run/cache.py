"""Keep the outcome of each step under the hash of all that it was made from."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

MANIFEST = "manifest.json"
"""File of a kept outcome that lists the checksums of all others."""
KEPT = 16
"""Outcomes kept of each step; the ones not used for longest go first."""
_ATTEMPTS = 5
_LIBRARIES = ("highspy", "numpy", "osmium", "pandas", "pulp", "scipy", "shapely")


def folder() -> Path:
    """Return the cache folder: `POLYRING_CACHE`, else the user's cache folder."""
    moved = os.environ.get("POLYRING_CACHE")
    if moved:
        return Path(moved).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("polyring", appauthor=False))


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
        digest.update(f"{name}={_version(name)}\0".encode())
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
    """A folder with the files of one step, and whether it was there before."""

    folder: Path
    key: str
    reused: bool


def get(step: str, inputs: Mapping[str, Any], make: Callable[[Path], None]) -> Outcome:
    """Return the outcome of a step, made now or found from before.

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
    if _is_whole(place):
        with suppress(OSError):
            os.utime(place)
        return Outcome(folder=place, key=name, reused=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".part-") as part:
        fresh = Path(part) / "outcome"
        fresh.mkdir()
        make(fresh)
        _seal(fresh)
        _swap(fresh, place)
    _prune(place.parent, keep=place)
    return Outcome(folder=place, key=name, reused=False)


def forget(outcome: Outcome) -> None:
    """Take an outcome out of the cache, so that the next run makes it again."""
    shutil.rmtree(outcome.folder, ignore_errors=True)


def _seal(fresh: Path) -> None:
    """Write the checksums of all files, so that a damaged outcome is noticed."""
    sums = {path.name: checksum(path) for path in sorted(fresh.iterdir())}
    with (fresh / MANIFEST).open("w", encoding="utf-8") as file:
        json.dump(sums, file)
        file.flush()
        os.fsync(file.fileno())


def _is_whole(place: Path) -> bool:
    if not place.exists():
        return False
    try:
        sums = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
        whole = all(checksum(place / name) == value for name, value in sums.items())
    except (OSError, ValueError, AttributeError):
        whole = False
    if not whole:
        log.warning("a stored outcome of the step %s is damaged; it is computed again", place.parent.name)
    return whole


def _swap(fresh: Path, place: Path) -> None:
    """Put a fresh outcome in place, unless another process was first: the same key means the same content.

    A whole outcome is never taken away, for another process may be reading it; a damaged one is moved aside
    into the folder of the fresh one, which goes with its owner.
    """
    for attempt in range(_ATTEMPTS):
        try:
            fresh.rename(place)
        except OSError:
            if attempt == _ATTEMPTS - 1 or not place.exists():
                raise
        else:
            return
        if _is_whole(place):
            return
        with suppress(FileNotFoundError):
            place.rename(fresh.with_name(f"damaged-{attempt}"))


def _prune(parent: Path, *, keep: Path) -> None:
    old = sorted(
        (path for path in parent.iterdir() if path != keep and not path.name.startswith(".")),
        key=_last_used,
        reverse=True,
    )
    for path in old[KEPT - 1 :]:
        shutil.rmtree(path, ignore_errors=True)


def _last_used(path: Path) -> float:
    """Return when an outcome was last used; one that another process just removed is the oldest."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"
