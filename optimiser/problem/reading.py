"""Read a problem file strictly: every fault at once, each with its place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from optimiser.problem.errors import ProblemError
from optimiser.problem.jsonfile import Json, key_faults, list_faults, objects_of, read_json, text_faults
from optimiser.problem.model import FIXED, FORMAT, INSTRUMENTS, Arc, Candidate, DesignProblem, Pair
from optimiser.problem.ring_reading import period_shape_faults, ring_fields, ring_shape_faults
from optimiser.problem.rules import report
from optimiser.problem.side_reading import SIDE_KEYS, side_fields, side_shape_faults
from optimiser.problem.sums import sum_faults

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
    **SIDE_KEYS,
    "rings": False,
    "periods": False,
}
"""Keys of a problem; True: must be there."""

CANDIDATE_KEYS = {
    "id": True,
    "cost": True,
    "arcs": True,
    "kind": False,
    "instrument": False,
    "fixed": False,
    "lead": False,
}
PAIR_KEYS = {"origin": True, "destination": True, "limit": True, "weight": True, "group": False}


def load(path: Path | str) -> DesignProblem:
    """Read a problem from a file in the format `polyring-problem/1`.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    ProblemError
        With every fault of the file and its place, or with sums that no result could hold.
    EnvironmentFault
        When the file cannot be opened.
    """
    problem = parse(read_json(Path(path)), where=str(path))
    report(list(sum_faults(problem)), where=str(path), what="the problem has numbers that are too large")
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
    faults = list(_shape_faults(value))
    report(faults, where=where)
    try:
        return _build(value)
    except ProblemError as error:
        report(error.faults, where=where)
        raise


def _shape_faults(value: Json) -> Iterator[str]:
    if not isinstance(value, dict):
        yield "the file does not hold an object"
        return
    if value.get("format", FORMAT) != FORMAT:
        yield f"format: {value['format']!r} is not {FORMAT!r}"
    yield from key_faults(value, PROBLEM_KEYS, "")
    yield from text_faults(value, ("name", "note", "money"), "")
    yield from _node_faults(value.get("nodes", []))
    yield from _arc_shape_faults(value.get("arcs", []), "arcs")
    yield from list_faults(value, "candidates", CANDIDATE_KEYS)
    yield from list_faults(value, "pairs", PAIR_KEYS)
    for place, candidate in objects_of(value, "candidates"):
        yield from _candidate_shape_faults(candidate, place)
    for place, pair in objects_of(value, "pairs"):
        yield from text_faults(pair, ("group",), f"{place}.")
    yield from side_shape_faults(value)
    yield from ring_shape_faults(value)
    yield from period_shape_faults(value)


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


def _candidate_shape_faults(candidate: Json, place: str) -> Iterator[str]:
    yield from text_faults(candidate, ("id", "kind"), f"{place}.")
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
        **side_fields(value),
        **ring_fields(value),
    )


def _candidate(item: Json) -> Candidate:
    return Candidate(**{**item, "arcs": _arcs(item["arcs"])})


def _arcs(items: Json) -> tuple[Arc, ...]:
    return tuple((tail, head, seconds) for tail, head, seconds in items)
