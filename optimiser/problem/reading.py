"""Read a problem file strictly: every fault at once, each with its place."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from optimiser.errors import EnvironmentFault, ProblemError
from optimiser.problem.model import FIXED, FORMAT, INSTRUMENTS, Arc, Candidate, DesignProblem, Pair
from optimiser.problem.rules import report

PROBLEM_KEYS = {
    "format": True,
    "name": True,
    "nodes": True,
    "arcs": True,
    "candidates": True,
    "pairs": True,
    "budget": True,
    "note": False,
    "money": False,
}
"""Keys of a problem; True: must be there."""

CANDIDATE_KEYS = {"id": True, "cost": True, "arcs": True, "kind": False, "instrument": False, "fixed": False}
PAIR_KEYS = {"origin": True, "destination": True, "limit": True, "weight": True, "group": False}

LATER_KEYS = ("cover", "caps", "targets", "excludes", "requires", "cities", "rings", "periods")
"""Keys of the format that this release refuses by name."""

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


def load(path: Path | str) -> DesignProblem:
    """Read a problem from a file in the format `polyring-problem/1`.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    ProblemError
        With every fault of the file and its place.
    EnvironmentFault
        When the file cannot be opened.
    """
    return parse(read_json(Path(path)), where=str(path))


def parse(value: Json, *, where: str = "problem") -> DesignProblem:
    """Turn parsed JSON into a problem.

    Parameters
    ----------
    value
        What `read_json` (or `json.load`) returned.
    where
        Name of the source, for messages.

    Raises
    ------
    ProblemError
        With every fault and its place.
    """
    faults = list(_shape_faults(value))
    report(faults, where=where)
    try:
        return _build(value)
    except ProblemError as error:
        report(error.faults, where=where)
        raise


def key_faults(value: Mapping[str, Json], known: Mapping[str, bool], place: str) -> Iterator[str]:
    """Yield missing, unknown (with the nearest known) and repeated keys of one object."""
    yield from (f"{place}key {key!r} is missing" for key, must in known.items() if must and key not in value)
    for key in value:
        if key in known:
            continue
        near = difflib.get_close_matches(key, known, 1)
        yield f"{place}unknown key {key!r}" + (f"; did you mean {near[0]!r}?" if near else "")
    yield from (f"{place}key {key!r} stands twice" for key in getattr(value, "repeated", ()))


def _shape_faults(value: Json) -> Iterator[str]:
    if not isinstance(value, dict):
        yield "the file does not hold an object"
        return
    if value.get("format", FORMAT) != FORMAT:
        yield f"format: {value['format']!r} is not {FORMAT!r}"
    yield from (f"{key}: comes with a later release" for key in LATER_KEYS if key in value)
    yield from key_faults({k: v for k, v in value.items() if k not in LATER_KEYS}, PROBLEM_KEYS, "")
    yield from (f"key {key!r} stands twice" for key in getattr(value, "repeated", ()))
    yield from _text_faults(value, ("name", "note", "money"), "")
    yield from _node_faults(value.get("nodes", []))
    yield from _arc_shape_faults(value.get("arcs", []), "arcs")
    yield from _list_faults(value, "candidates", CANDIDATE_KEYS)
    yield from _list_faults(value, "pairs", PAIR_KEYS)
    for place, candidate in _objects(value, "candidates"):
        yield from _candidate_shape_faults(candidate, place)
    for place, pair in _objects(value, "pairs"):
        yield from _text_faults(pair, ("group",), f"{place}.")


def _objects(value: Json, key: str) -> Iterator[tuple[str, Json]]:
    items = value.get(key, [])
    if isinstance(items, list):
        yield from ((f"{key}[{i}]", item) for i, item in enumerate(items) if isinstance(item, dict))


def _text_faults(value: Json, keys: Iterable[str], place: str) -> Iterator[str]:
    yield from (
        f"{place}{k}: {value[k]!r} is not a text"
        for k in keys
        if k in value and not isinstance(value[k], str)
    )


def _node_faults(nodes: Json) -> Iterator[str]:
    if not isinstance(nodes, list):
        yield "nodes: not a list"
        return
    yield from (
        f"nodes[{i}]: {node!r} is not a text" for i, node in enumerate(nodes) if not isinstance(node, str)
    )


def _arc_shape_faults(arcs: Json, place: str) -> Iterator[str]:
    if not isinstance(arcs, list):
        yield f"{place}: not a list"
        return
    for position, arc in enumerate(arcs):
        if not isinstance(arc, list) or len(arc) != 3:
            yield f"{place}[{position}]: {arc!r} is not [tail, head, seconds]"


def _list_faults(value: Json, key: str, known: Mapping[str, bool]) -> Iterator[str]:
    items = value.get(key, [])
    if not isinstance(items, list):
        yield f"{key}: not a list"
        return
    for position, item in enumerate(items):
        if isinstance(item, dict):
            yield from key_faults(item, known, f"{key}[{position}]: ")
        else:
            yield f"{key}[{position}]: not an object"


def _candidate_shape_faults(candidate: Json, place: str) -> Iterator[str]:
    if "lead" in candidate:
        yield f"{place}.lead: comes with a later release"
    yield from _text_faults(candidate, ("id", "kind"), f"{place}.")
    yield from _arc_shape_faults(candidate.get("arcs", []), f"{place}.arcs")
    for key, words in (("instrument", INSTRUMENTS), ("fixed", FIXED)):
        if key in candidate and candidate[key] not in words:
            yield f"{place}.{key}: {candidate[key]!r} is none of {', '.join(words)}"


def _build(value: Json) -> DesignProblem:
    return DesignProblem(
        name=value["name"],
        nodes=tuple(value["nodes"]),
        arcs=_arcs(value["arcs"]),
        candidates=tuple(_candidate(item) for item in value["candidates"]),
        pairs=tuple(Pair(**item) for item in value["pairs"]),
        budget=value["budget"],
        note=value.get("note", ""),
        money=value.get("money", ""),
    )


def _candidate(item: Json) -> Candidate:
    return Candidate(**{**item, "arcs": _arcs(item["arcs"])})


def _arcs(items: Json) -> tuple[Arc, ...]:
    return tuple((tail, head, seconds) for tail, head, seconds in items)
