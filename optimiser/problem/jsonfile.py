"""Read JSON, and say what departs from the keys and kinds that are known."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from optimiser.problem.errors import EnvironmentFault, ProblemError

type Json = Any
"""A value as the JSON reader gives it."""


class JsonObject(dict[str, Json]):
    """A JSON object that remembers which of its keys stood twice."""

    repeated: tuple[str, ...] = ()


def read_json(path: Path) -> Json:
    """Read a JSON file; objects come as `JsonObject`.

    Raises
    ------
    ProblemError
        When the file is not JSON in UTF-8.
    EnvironmentFault
        When the file cannot be opened.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise EnvironmentFault(
            f"cannot be read ({error.strerror})",
            where=str(path),
            remedy="Check the path and its permissions.",
        ) from error
    return parse_json(text, where=str(path))


def parse_json(text: bytes | str, *, where: str) -> Json:
    """Turn JSON text into values; objects come as `JsonObject`.

    Raises
    ------
    ProblemError
        When the text is not JSON in UTF-8.
    """
    try:
        content = text.decode("utf-8") if isinstance(text, bytes) else text
        return json.loads(content, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ProblemError(
            f"not a JSON file: {error}",
            where=where,
            done="Nothing was read.",
            remedy="Check that the file is complete and is text in UTF-8.",
        ) from error


def _object(items: list[tuple[str, Json]]) -> JsonObject:
    found = JsonObject(items)
    if len(found) < len(items):
        keys = [key for key, _ in items]
        found.repeated = tuple(sorted({key for key in keys if keys.count(key) > 1}))
    return found


def _refuse_constant(name: str) -> Json:
    raise ValueError(f"{name} is not a number of JSON")


def key_faults(value: Mapping[str, Json], known: Mapping[str, bool], place: str) -> Iterator[str]:
    """Yield missing, unknown (with the nearest known) and repeated keys of one object."""
    yield from (f"{place}key {key!r} is missing" for key, must in known.items() if must and key not in value)
    for key in value:
        if key in known:
            continue
        near = difflib.get_close_matches(key, known, 1)
        yield f"{place}unknown key {key!r}" + (f"; did you mean {near[0]!r}?" if near else "")
    yield from (f"{place}key {key!r} stands twice" for key in getattr(value, "repeated", ()))


def objects_of(value: Json, key: str) -> Iterator[tuple[str, Json]]:
    """Yield place and value of each object in the list that stands under a key."""
    items = value.get(key, [])
    if isinstance(items, list):
        yield from ((f"{key}[{i}]", item) for i, item in enumerate(items) if isinstance(item, dict))


def text_faults(value: Json, keys: Iterable[str], place: str) -> Iterator[str]:
    """Yield what should be a text under some keys and is none."""
    yield from (
        f"{place}{k}: {value[k]!r} is not a text"
        for k in keys
        if k in value and not isinstance(value[k], str)
    )


def list_faults(value: Json, key: str, known: Mapping[str, bool]) -> Iterator[str]:
    """Yield what keeps the value under a key from being a list of objects with known keys."""
    items = value.get(key, [])
    if not isinstance(items, list):
        yield f"{key}: not a list"
        return
    for position, item in enumerate(items):
        if isinstance(item, dict):
            yield from key_faults(item, known, f"{key}[{position}]: ")
        else:
            yield f"{key}[{position}]: not an object"
