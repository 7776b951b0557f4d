"""Read the rings and periods of a problem file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from optimiser.problem.jsonfile import Json, list_faults, objects_of, text_faults
from optimiser.problem.ring import Period, Point, Ring, RingLink, RingStop

RING_KEYS = {
    "id": True,
    "required": True,
    "centres": True,
    "nodes": True,
    "links": True,
    "stops": True,
    "least_stops": True,
    "reward": False,
    "apart": False,
}
LINK_KEYS = {"tail": True, "head": True, "candidate": True, "via": False}
STOP_KEYS = {"id": True, "nodes": True}
PERIOD_KEYS = {"id": True, "budget": True, "factor": True}


def ring_shape_faults(value: Json) -> Iterator[str]:
    """Yield what keeps the rings of a problem from being read.

    Parameters
    ----------
    value
        The JSON object of the problem.
    """
    yield from list_faults(value, "rings", RING_KEYS)
    for place, ring in objects_of(value, "rings"):
        yield from text_faults(ring, ("id",), f"{place}.")
        for key in ("centres", "nodes"):
            yield from _point_faults(ring.get(key, []), f"{place}.{key}")
        apart = ring.get("apart", [])
        if not isinstance(apart, list) or not all(isinstance(name, str) for name in apart):
            yield f"{place}.apart: not a list of ids"
        yield from _inner_faults(ring, "links", LINK_KEYS, place)
        for inner, link in objects_of(ring, "links"):
            yield from _point_faults(link.get("via", []), f"{place}.{inner}.via")
            if not isinstance(link.get("candidate"), str | None):
                yield f"{place}.{inner}.candidate: {link['candidate']!r} is neither null nor an id"
        yield from _inner_faults(ring, "stops", STOP_KEYS, place)
        for inner, stop in objects_of(ring, "stops"):
            yield from text_faults(stop, ("id",), f"{place}.{inner}.")
            if not isinstance(stop.get("nodes", []), list):
                yield f"{place}.{inner}.nodes: not a list"


def period_shape_faults(value: Json) -> Iterator[str]:
    """Yield what keeps the periods of a problem, and the leads of its candidates, from being read.

    Parameters
    ----------
    value
        The JSON object of the problem.
    """
    yield from list_faults(value, "periods", PERIOD_KEYS)
    for place, period in objects_of(value, "periods"):
        yield from text_faults(period, ("id",), f"{place}.")
    if "periods" not in value:
        for place, candidate in objects_of(value, "candidates"):
            if "lead" in candidate:
                yield f"{place}.lead: goes with periods only"
    elif value["periods"] == []:
        yield "periods: there is none; leave the key out"


def _inner_faults(ring: Json, key: str, known: dict[str, bool], place: str) -> Iterator[str]:
    yield from (f"{place}.{fault}" for fault in list_faults(ring, key, known))


def _point_faults(points: Json, place: str) -> Iterator[str]:
    if not isinstance(points, list):
        yield f"{place}: not a list"
        return
    for position, point in enumerate(points):
        if not isinstance(point, list) or len(point) != 2:
            yield f"{place}[{position}]: {point!r} is not [longitude, latitude]"


def ring_fields(value: Json) -> dict[str, Any]:
    """Return the fields of `DesignProblem` that hold rings and periods.

    Parameters
    ----------
    value
        The JSON object of a problem, of a shape without faults.
    """
    return {
        "rings": tuple(_ring(item) for item in value.get("rings", [])),
        "periods": tuple(Period(**item) for item in value.get("periods", [])),
    }


def _ring(item: Json) -> Ring:
    stops = (RingStop(stop["id"], tuple(stop["nodes"])) for stop in item["stops"])
    links = (RingLink(**{**link, "via": _points(link.get("via", []))}) for link in item["links"])
    lists = {
        "centres": _points(item["centres"]),
        "nodes": _points(item["nodes"]),
        "links": tuple(links),
        "stops": tuple(stops),
        "apart": tuple(item.get("apart", [])),
    }
    return Ring(**{**item, **lists})


def _points(items: Json) -> tuple[Point, ...]:
    return tuple((x, y) for x, y in items)
