"""Determine which ways and nodes cars may pass: the rules of access, of barriers and of closed roads.

The rules are in the tables of this module and of `networks.osm.directions`; `docs/osm-tags.md` lists them.
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
        "minibus", "taxi", "share_taxi", "foot", "bicycle", "horse", "official", "service", "permit",
        "restricted", "hgv", "goods", "motorcycle", "moped", "mofa", "snowmobile", "atv", "golf_cart",
    }
)  # fmt: skip
"""Values of access tags that close a way to cars: others alone may use it."""

OPEN_VALUES = frozenset(
    {
        "yes", "permissive", "designated", "public", "discouraged", "unknown", "motorcar", "motor_vehicle",
        "vehicle", "hov",
    }
)  # fmt: skip
"""Values that leave a way open. So do all values that no table holds, which the import report counts."""

RESTRICTED_VALUES = frozenset(
    {"private", "destination", "customers", "delivery", "residents", "residential", "visitors", "guest",
     "employees", "students"}
)  # fmt: skip
"""Values that allow no through traffic."""

PASSABLE_BARRIERS = frozenset(
    {
        "no", "gate", "lift_gate", "swing_gate", "cattle_grid", "border_control", "toll_booth", "sally_port",
        "entrance", "height_restrictor", "arch", "bump_gate", "hampshire_gate", "checkpoint", "sliding_gate",
        "sliding_beam", "coupure",
    }
)  # fmt: skip
"""Values of `barrier` on a node that cars pass; all others stop them, unless an access tag says otherwise."""

CAR_SIZE = {
    "maxheight": 2.0, "maxheight:physical": 2.0, "maxwidth": 1.9, "maxwidth:physical": 1.9, "maxlength": 4.8,
    "maxweight": 2.0,
}  # fmt: skip
"""Height, width and length in metres and weight in tonnes of a car; a lower limit closes a road to it."""

CONSTRUCTION_OPEN = frozenset({"no", "minor", "widening"})
"""Values of `construction` on a road that stays open."""

CLOSED_STATUS = (
    ("area", "yes", "area"),
    ("impassable", "yes", "impassable"),
    ("status", "impassable", "impassable"),
    ("smoothness", "impassable", "impassable"),
    ("disused", "yes", "disused"),
    ("abandoned", "yes", "disused"),
    ("razed", "yes", "disused"),
    ("demolished", "yes", "disused"),
    ("ice_road", "yes", "seasonal"),
    ("winter_road", "yes", "seasonal"),
    ("4wd_only", "yes", "off_road"),
    ("service", "emergency_access", "emergency_access"),
)
"""Tags of roads that are closed whatever their access tags say, and the reason that is counted."""

NOT_RUNNING = frozenset({"proposed", "construction", "disused", "abandoned", "razed"})
"""Values of `state`, and keys with `yes`, of ferries and trains that do not run."""

_SIDES = ("forward", "backward")
SIDED_KEYS = tuple(name for key in ACCESS_KEYS for name in (key, *(f"{key}:{side}" for side in _SIDES)))
"""Access tags, for both directions and for one."""

CAR_POOL_KEYS = ("hov", "hov:lanes", *(f"hov:lanes:{side}" for side in _SIDES))
"""Tags of lanes for vehicles with several occupants."""

CONDITIONAL = ":conditional"
"""End of the keys of tags that hold under a condition."""

WALKERS = ("foot", "bicycle")
LARGE_VEHICLES = ("hgv", "bus", "psv", "coach", "tourist_bus", "goods", "motorhome")
"""Tags of passengers without a car, and of vehicles whose ferries carry cars as well."""
_ALLOWED = frozenset({"yes", "designated"})
_KNOWN = CLOSED_VALUES | RESTRICTED_VALUES | OPEN_VALUES
_CLOSING = frozenset(("construction", "proposed", *(key for key, _, _ in CLOSED_STATUS), *CAR_SIZE))
_DECIDING = frozenset((*SIDED_KEYS, *(key + CONDITIONAL for key in SIDED_KEYS), *CAR_POOL_KEYS))

REFERENCE_DAY, REFERENCE_MINUTE = 2, 10 * 60
"""Weekday (Monday is 0) and minute at which conditional tags are read: Wednesday, 10:00."""

_UNITS = {
    "": 1.0, "m": 1.0, "cm": 0.01, "ft": 0.3048, "feet": 0.3048,
    "t": 1.0, "kg": 0.001, "st": 0.907185, "lbs": 0.000453592, "lb": 0.000453592,
}  # fmt: skip
"""Metres or tonnes of each unit; a number alone is in metres or tonnes."""
_SIZE = re.compile(r"(\d{1,6}(?:[.,]\d{1,3})?)\s*([a-z]*)", re.ASCII)
_FEET = re.compile(r"(\d{1,3})\s*'\s*(?:(\d{1,2}(?:\.\d+)?)\s*(?:\"|''))?", re.ASCII)

_DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
_HOLIDAYS = frozenset({"ph", "sh"})
_DAYLIGHT = {"24/7": True, "sunrise-sunset": True, "dawn-dusk": True}
_DAYLIGHT |= {"sunset-sunrise": False, "dusk-dawn": False}
_CLAUSE = re.compile(r"([^;@()]+)@\s*(\([^()]*\)|[^;()]+)")
_HOURS = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})\+?", re.ASCII)
_DAY_RANGE = re.compile(r"([a-z]{2})(?:-([a-z]{2}))?")


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
    return "closed" if _is_for_car_pools(tags, side) else "open"


def access_of_value(value: str) -> Access:
    """Return what an access value means; of a list such as `destination;bus` the most open one counts."""
    parts = _parts(value)
    if parts <= CLOSED_VALUES:
        return "closed"
    return "restricted" if parts <= CLOSED_VALUES | RESTRICTED_VALUES else "open"


def unknown_access(tags: Tags) -> tuple[str, ...]:
    """Return the access tags of a way or node whose values no table holds, as `key=value`."""
    if _DECIDING.isdisjoint(tags):
        return ()
    return tuple(f"{key}={tags[key]}" for key in SIDED_KEYS if key in tags and not _parts(tags[key]) & _KNOWN)


def _parts(value: str) -> frozenset[str]:
    return frozenset(part.strip().lower() for part in re.split(r"[;,]", value))


def _is_for_car_pools(tags: Tags, side: str) -> bool:
    """Return whether every lane of a direction is kept for vehicles with several occupants."""
    lanes = tags.get(f"hov:lanes:{side}") or tags.get("hov:lanes", "")
    return tags.get("hov") == "designated" or set(lanes.split("|")) == {"designated"}


def conditional(text: str) -> str | None:
    """Return the value of a conditional tag whose condition holds at the reference time, None without one.

    Hours and weekdays are understood, such as `no @ (Mo-Fr 07:00-19:00)`. Other conditions (weights, seasons,
    weather) are taken not to hold; of conditions joined by `AND` all must hold.

    Parameters
    ----------
    text
        Value of the tag: clauses `value @ condition`, separated by semicolons; the last that holds counts.
    """
    if not text:
        return None
    found = None
    for value, condition in _CLAUSE.findall(text.lower()):
        if all(map(_holds, condition.strip(" ()").split(" and "))):
            found = value.strip()
    return found


def _holds(condition: str) -> bool:
    """Return whether opening hours hold at the reference time; a later rule that applies replaces others."""
    found = False
    for rule in condition.split(";"):
        words = re.split(r"[,\s]+", re.sub(r"\s*-\s*", "-", rule.strip()))
        is_off = words[-1] in {"off", "closed"}
        if _applies(words[:-1] if is_off else words):
            found = not is_off
    return found


def _applies(words: list[str]) -> bool:
    """Return whether a list of weekdays and hours includes the reference time; False with other words."""
    found, right_day, open_days = False, True, False
    for word in words:
        if _is_day(word):
            right_day = (right_day and open_days) or _includes_reference_day(word)
            open_days = True
            continue
        hours = _HOURS.fullmatch(word)
        if hours is None and word not in _DAYLIGHT:
            return False
        found |= right_day and (_DAYLIGHT[word] if hours is None else _includes_reference_minute(hours))
        open_days = False
    return found or (open_days and right_day)


def _is_day(word: str) -> bool:
    match = _DAY_RANGE.fullmatch(word)
    return match is not None and all(day in _DAYS or day in _HOLIDAYS for day in match.groups() if day)


def _includes_reference_day(word: str) -> bool:
    first, _, last = word.partition("-")
    if not {first, last or first} <= set(_DAYS):
        return False
    start = _DAYS.index(first)
    return (REFERENCE_DAY - start) % 7 <= (_DAYS.index(last or first) - start) % 7


def _includes_reference_minute(hours: re.Match[str]) -> bool:
    first, last = (int(hours[i]) * 60 + int(hours[i + 1]) for i in (1, 3))
    if first < last:
        return first <= REFERENCE_MINUTE < last
    return first <= REFERENCE_MINUTE or last > REFERENCE_MINUTE


def carries_cars(tags: Tags) -> bool:
    """Return whether a ferry carries cars: they are not excluded, and it is not for foot passengers only.

    A ferry whose tags name passengers on foot or bicycle, and nobody else, is for these.
    """
    keys = [key for key in ACCESS_KEYS if key in tags]
    value = tags[keys[0]] if keys else ""
    if tags.get("ferry") == "passenger" and set(keys) <= {"access"}:
        return False
    if not keys and any(tags.get(key) in _ALLOWED for key in WALKERS):
        return any(tags.get(key) in _ALLOWED for key in LARGE_VEHICLES)
    return value != "private" and access_of_value(value) != "closed"


def runs(tags: Tags) -> bool:
    """Return whether a ferry or train runs: it is neither planned nor given up."""
    return tags.get("state") not in NOT_RUNNING and all(tags.get(key) != "yes" for key in NOT_RUNNING)


def closed_reason(tags: Tags) -> str:
    """Return why no car can drive on a way, whatever its access tags say; empty if cars can.

    Parameters
    ----------
    tags
        Tags of a way with `highway`.

    Returns
    -------
    str
        `under_construction`, `too_small` or a reason of `CLOSED_STATUS`; or an empty text.
    """
    if _CLOSING.isdisjoint(tags):
        return ""
    is_built = tags.get("construction", "no") in CONSTRUCTION_OPEN and tags.get("proposed", "no") == "no"
    if not is_built and not any(tags.get(key) == "yes" for key in ACCESS_KEYS[:-1]):
        return "under_construction"
    for key, value, reason in CLOSED_STATUS:
        if tags.get(key) == value:
            return reason
    return "too_small" if any(key in tags and is_too_small(key, tags[key]) for key in CAR_SIZE) else ""


def stops_cars(tags: Tags) -> bool:
    """Return whether a node of a way stops cars, by its access tag or else by its barrier.

    The rules are those of OSRM (profiles/car.lua), with more kinds of gates and with locks: an access tag is
    stronger than the barrier; kerbs that are lowered or flush, bollards that can be lowered, and fences that
    are only heard, stop nobody. So do gates unless they are locked.

    Parameters
    ----------
    tags
        Tags of the node.
    """
    for key in ACCESS_KEYS:
        value = conditional(tags.get(key + CONDITIONAL, "")) or tags.get(key)
        if value is not None:
            access = access_of_value(value)
            return access == "closed" or (access == "restricted" and tags.get("locked") == "yes")
    barrier = tags.get("barrier")
    if barrier is None:
        return False
    if barrier == "height_restrictor":
        return is_too_small("maxheight", tags.get("maxheight", ""))
    if barrier == "kerb":
        return tags.get("kerb") not in {"lowered", "flush", "no"} and tags.get("highway") != "crossing"
    if barrier == "fence":
        return tags.get("sensory") not in {"audible", "audio"}
    is_passable = barrier in PASSABLE_BARRIERS and tags.get("locked") != "yes"
    return not is_passable and tags.get("bollard") != "rising"


def is_too_small(key: str, text: str) -> bool:
    """Return whether a limit of size or weight excludes a car; values that are no numbers do not.

    Parameters
    ----------
    key
        A key of `CAR_SIZE`.
    text
        Value of the tag: metres or tonnes, or with a unit (`6'3"`, `7 ft`, `1500 kg`).
    """
    text = text.strip().lower()
    if feet := _FEET.fullmatch(text):
        return (int(feet[1]) + float(feet[2] or 0) / 12) * _UNITS["ft"] < CAR_SIZE[key]
    match = _SIZE.fullmatch(text)
    unit = _UNITS.get(match[2]) if match else None
    return match is not None and unit is not None and float(match[1].replace(",", ".")) * unit < CAR_SIZE[key]
