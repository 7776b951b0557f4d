"""Keep what came out of tasks in the cache, so that no task is done twice."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from optimiser.problem.errors import EnvironmentFault
from optimiser.problem.jsonfile import write_atomically
from optimiser.tasks import cache
from optimiser.tasks.task import Outcome

KEPT_DAYS = 60.0
"""Days after its last use when an outcome is removed."""


def path_of(key: str) -> Path:
    """Return the file of an outcome."""
    return cache.folder() / "tasks" / key[:2] / f"{key}.json"


def load(key: str, name: str) -> Outcome | None:
    """Return the kept outcome of a task; None where there is none, or none that can be read.

    Parameters
    ----------
    key
        Of the task.
    name
        Of the task now: the same task may have had another one.
    """
    path = path_of(key)
    try:
        found = json.loads(path.read_bytes())
        outcome = Outcome(**{**found, "key": key, "name": name})
    except (OSError, ValueError, TypeError):
        return None
    with suppress(OSError):
        os.utime(path)
    return outcome


def save(outcome: Outcome) -> None:
    """Keep an outcome without fault, completely or not at all.

    Raises
    ------
    EnvironmentFault
        When it cannot be written.
    """
    path = path_of(outcome.key)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentFault(
            f"the folder of kept results cannot be made ({error.strerror})",
            where=str(path.parent),
            remedy="Name another folder in POLYRING_CACHE.",
        ) from error
    write_atomically(path, json.dumps(asdict(outcome), ensure_ascii=False, allow_nan=False))


def remove_unused() -> None:
    """Remove the outcomes that were not used for `KEPT_DAYS`."""
    oldest = time.time() - KEPT_DAYS * 86_400.0
    for path in (cache.folder() / "tasks").glob("*/*.json"):
        with suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()
