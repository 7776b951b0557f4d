"""Read the side constraints of a problem file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from optimiser.problem.jsonfile import Json, key_faults, list_faults, objects_of, text_faults
from optimiser.problem.model import COUNTED, COVERS, INSTRUMENTS, City, Target

SIDE_KEYS = {
    "cover": False,
    "caps": False,
    "targets": False,
    "excludes": False,
    "requires": False,
    "cities": False,
}
"""Keys of a problem that hold side constraints; none must be there."""

TARGET_KEYS = {"group": True, "least": True, "of": False}
CITY_KEYS = {"id": True, "weight": True, "pairs": True, "need": True, "group": False}


def side_shape_faults(value: Json) -> Iterator[str]:
    """Yield what keeps the side constraints of a problem from being read.

    Parameters
    ----------
    value
        The JSON object of the problem.
    """
    yield from _cover_faults(value)
    yield from _cap_faults(value.get("caps", {}))
    for key in ("excludes", "requires"):
        yield from _two_faults(value.get(key, []), key)
    yield from list_faults(value, "targets", TARGET_KEYS)
    yield from list_faults(value, "cities", CITY_KEYS)
    for place, target in objects_of(value, "targets"):
        yield from text_faults(target, ("group",), f"{place}.")
        if target.get("of", "pairs") not in COUNTED:
            yield f"{place}.of: {target['of']!r} is none of {', '.join(COUNTED)}"
    for place, city in objects_of(value, "cities"):
        yield from text_faults(city, ("id", "group"), f"{place}.")
        if not isinstance(city.get("pairs", []), list):
            yield f"{place}.pairs: not a list"


def _cover_faults(value: Json) -> Iterator[str]:
    if "cover" not in value:
        return
    if value["cover"] not in COVERS:
        yield f"cover: {value['cover']!r} is none of {', '.join(COVERS)}"
    if value.get("budget") is not None:
        yield "cover: goes with a budget of null only"


def _cap_faults(caps: Json) -> Iterator[str]:
    if isinstance(caps, dict):
        yield from key_faults(caps, dict.fromkeys(INSTRUMENTS, False), "caps: ")
    else:
        yield "caps: not an object"


def _two_faults(items: Json, key: str) -> Iterator[str]:
    if not isinstance(items, list):
        yield f"{key}: not a list"
        return
    for position, item in enumerate(items):
        if not isinstance(item, list) or len(item) != 2 or not all(isinstance(name, str) for name in item):
            yield f"{key}[{position}]: {item!r} is not the ids of two candidates"


def side_fields(value: Json) -> dict[str, Any]:
    """Return the fields of `DesignProblem` that hold side constraints.

    Parameters
    ----------
    value
        The JSON object of a problem, of a shape without faults.
    """
    return {
        "cover": value.get("cover", "all"),
        "caps": tuple(sorted(value.get("caps", {}).items())),
        "targets": tuple(Target(**item) for item in value.get("targets", [])),
        "excludes": tuple((a, b) for a, b in value.get("excludes", [])),
        "requires": tuple((a, b) for a, b in value.get("requires", [])),
        "cities": tuple(City(**{**item, "pairs": tuple(item["pairs"])}) for item in value.get("cities", [])),
    }
