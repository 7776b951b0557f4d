"""Read and write problem files strictly: all faults at once, and the same bytes for the same problem."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from optimiser.problem.errors import ProblemError, raise_faults
from optimiser.problem.jsonfile import (
    Json,
    Keys,
    key_faults,
    keys_of,
    list_faults,
    objects_in,
    read_json,
    text_faults,
    write_atomically,
)
from optimiser.problem.model import (
    COUNTED,
    COVERS,
    FIXED,
    INSTRUMENTS,
    Arc,
    Candidate,
    Capacity,
    City,
    DesignProblem,
    Pair,
    Period,
    Target,
    sum_faults,
)
from optimiser.problem.ring import Point, Ring, RingLink, RingStop

FORMAT = "polyring-problem/1"
"""Name of the file format."""

# In the order in which the keys are written. An optional key is left out where its value is the default.
PROBLEM_KEYS = keys_of(
    "format name note? money? nodes arcs candidates pairs budget"
    " cover? caps? capacities? targets? excludes? requires? cities? rings? periods?"
)
CANDIDATE_KEYS = keys_of("id kind? instrument? fixed? lead? cost arcs")
PAIR_KEYS = keys_of("origin destination limit weight group?")
CAPACITY_KEYS = keys_of("id use most")
TARGET_KEYS = keys_of("group least of?")
CITY_KEYS = keys_of("id group? weight pairs need")
RING_KEYS = keys_of(
    "id required reward? apart? longest? centres nodes links stops least_stops least_by_group?"
)
LINK_KEYS = keys_of("tail head candidate length? via?")
STOP_KEYS = keys_of("id group? must? nodes")
PERIOD_KEYS = keys_of("id budget factor")


ARC = ("tail", "head", "seconds")
POINT = ("longitude", "latitude")


# ---- reading


def load(path: Path | str) -> DesignProblem:
    """Read a problem from a file in the format `polyring-problem/1`.

    Raises
    ------
    ProblemError
        With every fault of the file and its place, or with sums that no result could hold.
    EnvironmentFault
        When the file cannot be opened.
    """
    problem = parse(read_json(Path(path)), where=str(path))
    faults = list(sum_faults(problem))
    raise_faults(faults, where=str(path), what="the problem has numbers that are too large")
    return problem


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
    raise_faults(list(_shape_faults(value)), where=where)
    try:
        return _problem(value)
    except ProblemError as error:
        raise ProblemError(
            error.what, where=where, faults=error.faults, done=error.done, remedy=error.remedy
        ) from error


def _shape_faults(value: Json) -> Iterator[str]:
    """Yield what keeps a JSON value from being turned into a problem; values are checked by the problem."""
    if not isinstance(value, dict):
        yield "the file does not hold an object"
        return
    if value.get("format", FORMAT) != FORMAT:
        yield f"format: {value['format']!r} is not {FORMAT!r}"
    yield from key_faults(value, PROBLEM_KEYS, "")
    yield from text_faults(value, ("name", "note", "money"), "")
    yield from _text_list_faults(value.get("nodes", []), "nodes")
    yield from _tuple_faults(value.get("arcs", []), "arcs", ARC)
    yield from list_faults(value, "candidates", CANDIDATE_KEYS, texts=("id", "kind"))
    for place, candidate in objects_in(value, "candidates"):
        yield from _tuple_faults(candidate.get("arcs", []), f"{place}.arcs", ARC)
        yield from _word_faults(candidate, "instrument", INSTRUMENTS, f"{place}.")
        yield from _word_faults(candidate, "fixed", FIXED, f"{place}.")
    yield from list_faults(value, "pairs", PAIR_KEYS, texts=("group",))
    yield from _side_shape_faults(value)
    yield from list_faults(value, "rings", RING_KEYS, texts=("id",))
    for place, ring in objects_in(value, "rings"):
        yield from _ring_shape_faults(ring, f"{place}.")
    yield from _period_shape_faults(value)


def _side_shape_faults(value: Json) -> Iterator[str]:
    """Yield the faults of cover, caps, capacities, excludes, requires, targets and cities."""
    yield from _word_faults(value, "cover", COVERS, "")
    if "cover" in value and value.get("budget") is not None:
        yield "cover: is allowed only with a budget of null"
    caps = value.get("caps", {})
    if isinstance(caps, dict):
        yield from key_faults(caps, dict.fromkeys(INSTRUMENTS, False), "caps: ")
    else:
        yield "caps: not an object"
    yield from list_faults(value, "capacities", CAPACITY_KEYS, texts=("id",))
    for place, capacity in objects_in(value, "capacities"):
        use = capacity.get("use", {})
        if isinstance(use, dict):
            yield from key_faults(use, dict.fromkeys(use, False), f"{place}.use: ")
        else:
            yield f"{place}.use: not an object"
    for key in ("excludes", "requires"):
        yield from _tuple_faults(value.get(key, []), key, ("id", "id"), kind=str)
    yield from list_faults(value, "targets", TARGET_KEYS, texts=("group",))
    for place, target in objects_in(value, "targets"):
        yield from _word_faults(target, "of", COUNTED, f"{place}.")
    yield from list_faults(value, "cities", CITY_KEYS, texts=("id", "group"))
    for place, city in objects_in(value, "cities"):
        if not isinstance(city.get("pairs", []), list):
            yield f"{place}.pairs: not a list"


def _ring_shape_faults(ring: Json, place: str) -> Iterator[str]:
    for key in ("centres", "nodes"):
        yield from _tuple_faults(ring.get(key, []), f"{place}{key}", POINT)
    yield from _text_list_faults(ring.get("apart", []), f"{place}apart")
    yield from list_faults(ring, "links", LINK_KEYS, place=place)
    for here, link in objects_in(ring, "links"):
        yield from _tuple_faults(link.get("via", []), f"{place}{here}.via", POINT)
        if not isinstance(link.get("candidate"), str | None):
            yield f"{place}{here}.candidate: {link['candidate']!r} is neither null nor an id"
        yield from _null_faults(link, "length", f"{place}{here}.")
    yield from list_faults(ring, "stops", STOP_KEYS, texts=("id", "group"), place=place)
    for here, stop in objects_in(ring, "stops"):
        if not isinstance(stop.get("nodes", []), list):
            yield f"{place}{here}.nodes: not a list"
    yield from _null_faults(ring, "longest", place)
    least = ring.get("least_by_group", {})
    if isinstance(least, dict):
        yield from key_faults(least, dict.fromkeys(least, False), f"{place}least_by_group: ")
    else:
        yield f"{place}least_by_group: not an object"


def _null_faults(value: Json, key: str, place: str) -> Iterator[str]:
    """Yield a null under a key that is left out where it does not apply."""
    if key in value and value[key] is None:
        yield f"{place}{key}: null is not an integer >= 0; leave the key out"


def _period_shape_faults(value: Json) -> Iterator[str]:
    yield from list_faults(value, "periods", PERIOD_KEYS, texts=("id",))
    if "periods" not in value:
        for place, candidate in objects_in(value, "candidates"):
            if "lead" in candidate:
                yield f"{place}.lead: is allowed only with periods"
    elif value["periods"] == []:
        yield "periods: is empty; leave the key out"


def _word_faults(value: Json, key: str, words: Iterable[str], place: str) -> Iterator[str]:
    if key in value and value[key] not in words:
        yield f"{place}{key}: {value[key]!r} is none of {', '.join(words)}"


def _text_list_faults(items: Json, place: str) -> Iterator[str]:
    if not isinstance(items, list):
        yield f"{place}: not a list"
        return
    for position, item in enumerate(items):
        if not isinstance(item, str):
            yield f"{place}[{position}]: {item!r} is not a string"


def _tuple_faults(items: Json, place: str, names: Sequence[str], *, kind: type = object) -> Iterator[str]:
    """Yield why a value is not a list of lists that hold one value of a kind for each name."""
    if not isinstance(items, list):
        yield f"{place}: not a list"
        return
    for position, item in enumerate(items):
        fits = isinstance(item, list) and len(item) == len(names)
        if not fits or not all(isinstance(part, kind) for part in item):
            yield f"{place}[{position}]: {item!r} is not [{', '.join(names)}]"


def _problem(value: Json) -> DesignProblem:
    return DesignProblem(
        name=value["name"],
        nodes=tuple(value["nodes"]),
        arcs=_arcs(value["arcs"]),
        candidates=tuple(Candidate(**{**item, "arcs": _arcs(item["arcs"])}) for item in value["candidates"]),
        pairs=tuple(Pair(**item) for item in value["pairs"]),
        budget=value["budget"],
        cover=value.get("cover", "all"),
        caps=tuple(sorted(value.get("caps", {}).items())),
        capacities=tuple(
            Capacity(**{**item, "use": tuple(sorted(item["use"].items()))})
            for item in value.get("capacities", [])
        ),
        targets=tuple(Target(**item) for item in value.get("targets", [])),
        excludes=tuple((a, b) for a, b in value.get("excludes", [])),
        requires=tuple((a, b) for a, b in value.get("requires", [])),
        cities=tuple(City(**{**item, "pairs": tuple(item["pairs"])}) for item in value.get("cities", [])),
        rings=tuple(_ring(item) for item in value.get("rings", [])),
        periods=tuple(Period(**item) for item in value.get("periods", [])),
        note=value.get("note", ""),
        money=value.get("money", ""),
    )


def _arcs(items: Json) -> tuple[Arc, ...]:
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


def save(problem: DesignProblem, path: Path | str) -> None:
    """Write a problem to a file in the format `polyring-problem/1`, completely or not at all.

    Raises
    ------
    EnvironmentFault
        When the disk or the folder does not allow it; an earlier file stays intact.
    """
    write_atomically(Path(path), dumps(problem))


def dumps(problem: DesignProblem) -> str:
    """Return the text of a problem file, one node, arc, candidate or pair a line."""
    values: dict[str, Any] = {
        "format": FORMAT,
        "candidates": _objects(problem.candidates, CANDIDATE_KEYS),
        "pairs": _objects(problem.pairs, PAIR_KEYS),
        "cover": "" if problem.cover == "all" else problem.cover,
        "caps": dict(problem.caps),
        "capacities": [
            {**item, "use": dict(item["use"])} for item in _objects(problem.capacities, CAPACITY_KEYS)
        ],
        "targets": _objects(problem.targets, TARGET_KEYS),
        "cities": _objects(problem.cities, CITY_KEYS),
        "rings": [_ring_object(ring) for ring in problem.rings],
        "periods": _objects(problem.periods, PERIOD_KEYS),
    }
    parts = []
    for key, required in PROBLEM_KEYS.items():
        value = values[key] if key in values else getattr(problem, key)
        if required or value:
            text = _lines(value) if isinstance(value, list | tuple) else _compact(value)
            parts.append(f'"{key}":{text}')
    return "{" + ",\n".join(parts) + "}\n"


def _ring_object(ring: Ring) -> dict[str, Any]:
    (found,) = _objects([ring], RING_KEYS)
    if ring.least_by_group:
        found["least_by_group"] = dict(ring.least_by_group)
    return {**found, "links": _objects(ring.links, LINK_KEYS), "stops": _objects(ring.stops, STOP_KEYS)}


def _objects(items: Sequence[Any], keys: Keys) -> list[dict[str, Any]]:
    """Return the JSON objects of values of one dataclass; optional keys with their defaults are left out."""
    if not items:
        return []
    defaults = {field.name: field.default for field in dataclasses.fields(items[0])}
    return [
        {
            key: getattr(item, key)
            for key, required in keys.items()
            if required or getattr(item, key) != defaults[key]
        }
        for item in items
    ]


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _lines(items: Iterable[object]) -> str:
    lines = ",\n".join(map(_compact, items))
    return f"[\n{lines}]" if lines else "[]"
