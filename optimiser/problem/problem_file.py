"""Read and write problem files strictly: all faults at once, and the same bytes for the same problem."""

import dataclasses
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from optimiser.problem import model
from optimiser.problem.errors import ProblemError, raise_faults
from optimiser.problem.jsonfile import (
    Json,
    Shape,
    anything,
    read_json,
    shape_faults,
    shape_of,
    text,
    word_of,
    write_atomically,
)
from optimiser.problem.ring import Point, Ring, RingLink, RingStop

FORMAT = "polyring-problem/1"
"""Name of the file format."""


def _row_of(*names: str, kind: type = object) -> Shape:
    """Return the check that a value is a list of one value of a kind for each name."""

    def check(value: Json) -> str:
        fits = isinstance(value, list) and len(value) == len(names)
        fits = fits and all(isinstance(part, kind) for part in value)
        return "" if fits else f"{value!r} is not [{', '.join(names)}]"

    return check


def _unless_null(value: Json) -> str:
    """Refuse a null under a key that is left out where it does not apply."""
    return "null is not an integer >= 0; leave the key out" if value is None else ""


_ID_OR_NULL = shape_of(lambda value: isinstance(value, str | None), "is neither null nor an id")
_ARCS: Shape = [_row_of("tail", "head", "seconds")]
_POINTS: Shape = [_row_of("longitude", "latitude")]
_COUPLES: Shape = [_row_of("id", "id", kind=str)]
# An optional key is left out where its value is the default.
CANDIDATE: dict[str, Shape] = {
    "id": text, "kind?": text, "instrument?": word_of(model.INSTRUMENTS), "fixed?": word_of(model.FIXED),
    "lead?": anything, "cost": anything, "arcs": _ARCS,
}  # fmt: skip
PAIR: dict[str, Shape] = {
    "origin": anything, "destination": anything, "limit": anything, "weight": anything, "group?": text,
}  # fmt: skip
CAPACITY: dict[str, Shape] = {"id": text, "use": {"*": anything}, "most": anything}
TARGET: dict[str, Shape] = {"group": text, "least": anything, "of?": word_of(model.COUNTED)}
CITY: dict[str, Shape] = {
    "id": text, "group?": text, "weight": anything, "pairs": [anything], "need": anything,
}  # fmt: skip
LINK: dict[str, Shape] = {
    "tail": anything, "head": anything, "candidate": _ID_OR_NULL, "length?": _unless_null, "via?": _POINTS,
}  # fmt: skip
STOP: dict[str, Shape] = {"id": text, "group?": text, "must?": anything, "nodes": [anything]}
RING: dict[str, Shape] = {
    "id": text, "required": anything, "reward?": anything, "apart?": [text], "longest?": _unless_null,
    "centres": _POINTS, "nodes": _POINTS, "links": [LINK], "stops": [STOP], "least_stops": anything,
    "least_by_group?": {"*": anything},
}  # fmt: skip
PERIOD: dict[str, Shape] = {"id": text, "budget": anything, "factor": anything}
PROBLEM: dict[str, Shape] = {
    "format": shape_of(lambda value: value == FORMAT, f"is not {FORMAT!r}"),
    "name": text, "note?": text, "money?": text, "nodes": [text], "arcs": _ARCS, "candidates": [CANDIDATE],
    "pairs": [PAIR], "budget": anything, "cover?": word_of(model.COVERS),
    "caps?": {f"{name}?": anything for name in model.INSTRUMENTS}, "capacities?": [CAPACITY],
    "targets?": [TARGET], "excludes?": _COUPLES, "requires?": _COUPLES, "cities?": [CITY], "rings?": [RING],
    "periods?": [PERIOD],
}  # fmt: skip


# ---- reading


def load(path: Path | str) -> model.DesignProblem:
    """Read a problem from a file in the format `polyring-problem/1`.

    Raises
    ------
    ProblemError
        With every fault of the file and its place, or with sums that no result could hold.
    EnvironmentFault
        When the file cannot be opened.
    """
    problem = parse(read_json(Path(path)), where=str(path))
    faults = list(model.sum_faults(problem))
    raise_faults(faults, where=str(path), what="the problem has numbers that are too large")
    return problem


def parse(value: Json, *, where: str = "problem") -> model.DesignProblem:
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
    raise_faults(list(_shape_faults(value)), where=where)
    try:
        return model.DesignProblem(
            name=value["name"],
            nodes=tuple(value["nodes"]),
            arcs=_arcs(value["arcs"]),
            candidates=tuple(
                model.Candidate(**{**item, "arcs": _arcs(item["arcs"])}) for item in value["candidates"]
            ),
            pairs=tuple(model.Pair(**item) for item in value["pairs"]),
            budget=value["budget"],
            cover=value.get("cover", "all"),
            caps=tuple(sorted(value.get("caps", {}).items())),
            capacities=tuple(
                model.Capacity(**{**item, "use": tuple(sorted(item["use"].items()))})
                for item in value.get("capacities", [])
            ),
            targets=tuple(model.Target(**item) for item in value.get("targets", [])),
            excludes=tuple((a, b) for a, b in value.get("excludes", [])),
            requires=tuple((a, b) for a, b in value.get("requires", [])),
            cities=tuple(
                model.City(**{**item, "pairs": tuple(item["pairs"])}) for item in value.get("cities", [])
            ),
            rings=tuple(_ring(item) for item in value.get("rings", [])),
            periods=tuple(model.Period(**item) for item in value.get("periods", [])),
            note=value.get("note", ""),
            money=value.get("money", ""),
        )
    except ProblemError as error:
        raise ProblemError(
            error.what, where=where, faults=error.faults, done=error.done, remedy=error.remedy
        ) from error


def _shape_faults(value: Json) -> Iterator[str]:
    """Yield what keeps a JSON value from being turned into a problem; values are checked by the problem."""
    if not isinstance(value, dict):
        yield "the file does not hold an object"
        return
    yield from shape_faults(value, PROBLEM)
    if "cover" in value and value.get("budget") is not None:
        yield "cover: is allowed only with a budget of null"
    if value.get("periods") == []:
        yield "periods: is empty; leave the key out"
    candidates = value.get("candidates")
    for position, item in enumerate(candidates if isinstance(candidates, list) else []):
        if "periods" not in value and isinstance(item, dict) and "lead" in item:
            yield f"candidates[{position}].lead: is allowed only with periods"


def _arcs(items: Json) -> tuple[model.Arc, ...]:
    return tuple((tail, head, seconds) for tail, head, seconds in items)


def _ring(item: Json) -> Ring:
    lists = {
        "centres": _points(item["centres"]),
        "nodes": _points(item["nodes"]),
        "links": tuple(RingLink(**{**link, "via": _points(link.get("via", []))}) for link in item["links"]),
        "stops": tuple(RingStop(**{**stop, "nodes": tuple(stop["nodes"])}) for stop in item["stops"]),
        "apart": tuple(item.get("apart", [])),
        "least_by_group": tuple(sorted(item.get("least_by_group", {}).items())),
    }
    return Ring(**{**item, **lists})


def _points(items: Json) -> tuple[Point, ...]:
    return tuple((x, y) for x, y in items)


# ---- writing


def save(problem: model.DesignProblem, path: Path | str) -> None:
    """Write a problem to a file in the format `polyring-problem/1`, completely or not at all.

    Raises
    ------
    EnvironmentFault
        When the disk or the folder does not allow it; an earlier file stays intact.
    """
    write_atomically(Path(path), dumps(problem))


def dumps(problem: model.DesignProblem) -> str:
    """Return the text of a problem file, one node, arc, candidate or pair a line."""
    values: dict[str, Any] = {
        "format": FORMAT,
        "candidates": _objects(problem.candidates, CANDIDATE),
        "pairs": _objects(problem.pairs, PAIR),
        "cover": "" if problem.cover == "all" else problem.cover,
        "caps": dict(problem.caps),
        "capacities": [{**item, "use": dict(item["use"])} for item in _objects(problem.capacities, CAPACITY)],
        "targets": _objects(problem.targets, TARGET),
        "cities": _objects(problem.cities, CITY),
        "rings": [
            {
                **item,
                **({"least_by_group": dict(ring.least_by_group)} if ring.least_by_group else {}),
                "links": _objects(ring.links, LINK),
                "stops": _objects(ring.stops, STOP),
            }
            for ring, item in zip(problem.rings, _objects(problem.rings, RING), strict=True)
        ],
        "periods": _objects(problem.periods, PERIOD),
    }
    parts = []
    for key in PROBLEM:
        name = key.rstrip("?")
        value = values[name] if name in values else getattr(problem, name)
        if value or name == key:
            written = _compact(value)
            if value and isinstance(value, list | tuple):
                written = "[\n" + ",\n".join(map(_compact, value)) + "]"
            parts.append(f'"{name}":{written}')
    return "{" + ",\n".join(parts) + "}\n"


def _objects(items: Sequence[Any], keys: Iterable[str]) -> list[dict[str, Any]]:
    """Return the JSON objects of values of one dataclass; optional keys with their defaults are left out."""
    if not items:
        return []
    defaults = {f"{field.name}?": field.default for field in dataclasses.fields(items[0])}
    names = {key: key.rstrip("?") for key in keys}
    return [
        {
            name: getattr(item, name)
            for key, name in names.items()
            if name == key or getattr(item, name) != defaults[key]
        }
        for item in items
    ]


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
