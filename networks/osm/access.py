"""Determine which ways and nodes cars may pass: the rules of access, of barriers and of closed roads.

The rules are in the tables of this module and of `networks.road.directions`; `docs/osm-tags.md` lists them.
"""

from __future__ import annotations

import re
from typing import Literal

from networks.osm.elements import Tags

ACCESS_KEYS = ("motorcar", "motor_vehicle", "vehicle", "access")
"""Access tags from the most specific to the most general; the first one present decides."""

Access = Literal["open", "restricted", "closed"]
"""Open to all cars; only to and from places along it, not through it; or closed."""

CLOSED_VALUES = frozenset(
    {
        "no", "agricultural", "forestry", "emergency", "military", "psv", "bus", "coach", "tourist_bus",
        "taxi", "foot", "bicycle", "horse", "official", "service", "permit", "restricted",
    }
)  # fmt: skip
"""Values of access tags that close a way to cars."""

RESTRICTED_VALUES = frozenset(
    {"private", "destination", "customers", "delivery", "residents", "residential", "visitors", "guest",
     "employees", "students"}
)  # fmt: skip
"""Values that allow no through traffic."""

PASSABLE_BARRIERS = frozenset(
    {
        "no", "gate", "lift_gate", "swing_gate", "cattle_grid", "border_control", "toll_booth", "sally_port",
        "entrance", "height_restrictor", "arch", "bump_gate", "hampshire_gate", "checkpoint",
    }
)  # fmt: skip
"""Values of `barrier` on a node that cars pass; all others stop them, unless an access tag says otherwise."""

CAR_HEIGHT_M = 2.0
"""A lower height restrictor stops cars."""

CONSTRUCTION_OPEN = frozenset({"no", "minor", "widening"})
"""Values of `construction` on a road that stays open."""

CLOSED_STATUS = (("impassable", "yes"), ("status", "impassable"), ("smoothness", "impassable"))
"""Tags of roads that nobody can drive on."""

_SIDES = ("forward", "backward")
SIDED_KEYS = tuple(name for key in ACCESS_KEYS for name in (key, *(f"{key}:{side}" for side in _SIDES)))
"""Access tags, for both directions and for one."""

CAR_POOL_KEYS = ("hov", "hov:lanes")
"""Tags of lanes for vehicles with several occupants."""

CONDITIONAL = ":conditional"
"""End of the keys of tags that hold under a condition."""

_DECIDING = frozenset((*SIDED_KEYS, *(key + CONDITIONAL for key in SIDED_KEYS), *CAR_POOL_KEYS))

REFERENCE_DAY, REFERENCE_MINUTE = 2, 10 * 60
"""Weekday (Monday is 0) and minute at which conditional tags are read: Wednesday, 10:00."""

_M_PER_FOOT = 0.3048
_DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
_CLAUSE = re.compile(r"([a-z_]+)\s*@\s*(\([^()]*\)|[^;()]+)")
_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\+?")
_DAY_RANGE = re.compile(r"([a-z]{2})(?:\s*-\s*([a-z]{2}))?")


def access(tags: Tags) -> tuple[Access, Access]:
    """Return how far a way is open to cars, along its nodes and against them.

    The most specific tag decides for each direction (`motorcar:forward`, `motorcar`, `motor_vehicle:forward`
    and so on); a tag with a condition (`motor_vehicle:conditional`) replaces it where the condition holds on
    a Wednesday at 10:00. Unknown values count as open.

    Parameters
    ----------
    tags
        Tags of a way.
    """
    if _DECIDING.isdisjoint(tags):
        return "open", "open"
    along, against = (_access(tags, side) for side in _SIDES)
    return along, against


def _access(tags: Tags, side: str) -> Access:
    for key in ACCESS_KEYS:
        for name in (f"{key}:{side}", key):
            value = conditional(tags.get(name + CONDITIONAL, "")) or tags.get(name)
            if value is not None:
                return access_of_value(value)
    return "closed" if _is_for_car_pools(tags) else "open"


def access_of_value(value: str) -> Access:
    """Return what an access value means; of a list such as `destination;bus` the most open one counts."""
    parts = {part.strip().lower() for part in re.split(r"[;,]", value)}
    if parts <= CLOSED_VALUES:
        return "closed"
    return "restricted" if parts <= CLOSED_VALUES | RESTRICTED_VALUES else "open"


def _is_for_car_pools(tags: Tags) -> bool:
    """Return whether every lane is kept for vehicles with several occupants."""
    lanes = tags.get("hov:lanes", "").split("|")
    return tags.get("hov") == "designated" or set(lanes) == {"designated"}


def conditional(text: str) -> str | None:
    """Return the value of a conditional tag whose condition holds at the reference time, None without one.

    Only hours with or without weekdays are understood, such as `no @ (Mo-Fr 07:00-19:00)`. Other conditions
    (weights, seasons, weather) are taken not to hold.

    Parameters
    ----------
    text
        Value of the tag: clauses `value @ condition`, separated by semicolons; the last that holds counts.
    """
    if not text:
        return None
    found = None
    for value, condition in _CLAUSE.findall(text.lower()):
        if _holds(condition.strip(" ()")):
            found = value
    return found


def _holds(condition: str) -> bool:
    return any(_holds_one(part.strip()) for part in condition.split(","))


def _holds_one(rule: str) -> bool:
    hours = _HOURS.search(rule)
    if hours is None:
        return False
    days = rule[: hours.start()].strip()
    first, last = (int(hours[i]) * 60 + int(hours[i + 1]) for i in (1, 3))
    minute = REFERENCE_MINUTE
    inside = first <= minute < last if first < last else minute >= first or minute < last
    return inside and (not days or _includes_reference_day(days))


def _includes_reference_day(days: str) -> bool:
    match = _DAY_RANGE.fullmatch(days)
    if match is None or match[1] not in _DAYS or (match[2] or match[1]) not in _DAYS:
        return False
    first, last = _DAYS.index(match[1]), _DAYS.index(match[2] or match[1])
    return (REFERENCE_DAY - first) % 7 <= (last - first) % 7


def carries_cars(tags: Tags) -> bool:
    """Return whether a ferry carries cars: they are not excluded, and it is not for foot passengers only."""
    keys = [key for key in ACCESS_KEYS if key in tags]
    value = tags[keys[0]] if keys else ""
    if tags.get("ferry") == "passenger" and set(keys) <= {"access"}:
        return False
    return value != "private" and access_of_value(value) != "closed"


def closed_reason(tags: Tags) -> str:
    """Return why nobody can drive on a way, whatever its access tags say; empty if cars can.

    Parameters
    ----------
    tags
        Tags of a way with `highway`.

    Returns
    -------
    str
        `area`, `under_construction`, `impassable`, or an empty text.
    """
    if tags.get("area") == "yes":
        return "area"
    if tags.get("construction", "no") not in CONSTRUCTION_OPEN or tags.get("proposed", "no") != "no":
        return "under_construction"
    if any(tags.get(key) == value for key, value in CLOSED_STATUS):
        return "impassable"
    return ""


def stops_cars(tags: Tags) -> bool:
    """Return whether a node of a way stops cars, by its access tag or else by its barrier.

    The rules are those of OSRM (profiles/car.lua): an access tag is stronger than the barrier; kerbs that are
    lowered or flush, and bollards that can be lowered, stop nobody.

    Parameters
    ----------
    tags
        Tags of the node.
    """
    for key in ACCESS_KEYS:
        if key in tags:
            return access_of_value(tags[key]) == "closed"
    barrier = tags.get("barrier")
    if barrier is None:
        return False
    if barrier == "height_restrictor":
        return _is_too_low(tags.get("maxheight", ""))
    if barrier == "kerb":
        return tags.get("kerb") not in {"lowered", "flush", "no"} and tags.get("highway") != "crossing"
    return barrier not in PASSABLE_BARRIERS and tags.get("bollard") != "rising"


def _is_too_low(text: str) -> bool:
    metres = re.fullmatch(r"(\d+(?:\.\d+)?)\s*m?", text.strip())
    if metres:
        return float(metres[1]) < CAR_HEIGHT_M
    feet = re.fullmatch(r"(\d+)(?:'|ft)\s*(?:(\d+)(?:\"|in)?)?", text.strip())
    return feet is not None and (int(feet[1]) + int(feet[2] or 0) / 12) * _M_PER_FOOT < CAR_HEIGHT_M
