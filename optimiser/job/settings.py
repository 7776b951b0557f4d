"""Change keys of a parsed job as the command line says."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from difflib import get_close_matches
from typing import Any

from optimiser.job import lines
from optimiser.problem.errors import JobError

_NOTHING = "Nothing was read or written."


def changed(data: Mapping[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """Return a parsed job with some keys changed.

    Parameters
    ----------
    data
        A parsed TOML text.
    settings
        Changes such as `budget.share=0.05` or `rings.outer.least_cities=4`, values in TOML.

    Raises
    ------
    JobError
        When a setting is not of that form, or names a section that is not there.
    """
    copy: dict[str, Any] = deepcopy(dict(data))
    for setting in settings:
        _apply(copy, setting)
    return copy


def path_of(setting: str) -> lines.Path:
    """Return the path of the key that a setting changes.

    Parameters
    ----------
    setting
        A change such as `budget.share=0.05`.
    """
    return tuple(part.strip() for part in setting.partition("=")[0].split("."))


def _apply(data: dict[str, Any], setting: str) -> None:
    """Change one key of a parsed job in place."""
    _, sign, value = setting.partition("=")
    path = path_of(setting)
    listed = data.get(path[0])
    if sign and len(path) == 3 and isinstance(listed, list):
        _one_of(listed, path[1], setting)[path[2]] = _value(value.strip(), setting)
        return
    if not sign or not all(path) or len(path) != 2:
        raise JobError(
            f"'{setting}' is not of the form section.key=value",
            where="--set",
            done=_NOTHING,
            remedy="Write for example --set budget.share=0.05.",
        )
    table = data.setdefault(path[0], {})
    if isinstance(table, dict):
        if path[0] == "budget":
            _clear_rivals(table, path[1])
        table[path[1]] = _value(value.strip(), setting)


def _one_of(listed: list[Any], name: str, setting: str) -> dict[str, Any]:
    """Return one of several sections of a name, told by its id or by its number from 0."""
    tables = [table for table in listed if isinstance(table, dict)]
    found = [table for table in tables if table.get("id") == name]
    found = found or [table for at, table in enumerate(tables) if str(at) == name]
    if not found:
        ids = [str(table.get("id", at)) for at, table in enumerate(tables)]
        raise JobError(
            f"there is no section '{name}'{_hint(name, ids)}",
            where=f"--set {setting}",
            done=_NOTHING,
            remedy=f"Name one of: {', '.join(ids)}.",
        )
    return found[0]


def _clear_rivals(table: dict[str, Any], key: str) -> None:
    """Let a budget set on the command line take the place of one in the file."""
    for rival in ("share", "amount", "unlimited"):
        if rival != key and key in {"share", "amount", "unlimited"}:
            table.pop(rival, None)


def _value(text: str, setting: str) -> object:
    """Return a TOML value; bare words count as strings."""
    if lines.depth(text) <= lines.DEEPEST and "\n" not in text:
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except (tomllib.TOMLDecodeError, ValueError):
            if text and text[0] not in "\"'[{+-0123456789":
                return text
    raise JobError(
        "the value is not valid TOML",
        where=f"--set {setting}",
        done=_NOTHING,
        remedy="Numbers are written plainly, texts in quotes, lists as [1, 2].",
    )


def _hint(word: str, known: Sequence[str]) -> str:
    close = get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else ""
