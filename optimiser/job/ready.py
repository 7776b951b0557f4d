"""Name the ready jobs that come with the package."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable


def ready_names() -> tuple[str, ...]:
    """Return the names of the ready jobs, in alphabetical order.

    Returns
    -------
    tuple of str
        Names that `polyring run` takes.
    """
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in _folder().iterdir() if _is_job(entry)))


def ready_text(name: str) -> str:
    """Return the text of a ready job.

    Parameters
    ----------
    name
        One of `ready_names()`.

    Returns
    -------
    str
        Its TOML text.
    """
    return (_folder() / f"{name}.toml").read_text(encoding="utf-8")


def _folder() -> Traversable:
    return resources.files("optimiser.job") / "ready"


def _is_job(entry: Traversable) -> bool:
    return entry.name.endswith(".toml")
