"""Read what tags of OpenStreetMap mean: classes of roads, access, directions, durations and dates.

The rules are in the tables of this module; `docs/osm-tags.md` lists them.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

import pandas as pd

from networks.countries import read_table
from networks.inputs import number
from networks.osm.elements import Tags

_SHORT_FORMS = ((r"(\d+(?:\.\d+)?)(?: *mins)?", r"\1 min"), (r"(\d+:\d\d)", r"\1:00"))
"""What pandas reads in another way, or not at all: a number of minutes, and hours with minutes."""
_LONGEST_S = 14 * 24 * 3600


def duration_s(text: str, *, most_s: int = _LONGEST_S) -> int | None:
    """Parse a `duration` tag.

    Parameters
    ----------
    text
        `HH:MM`, `HH:MM:SS`, minutes (`35`, `35 min`), hours (`2 h`) or ISO 8601 (`PT1H30M`).
    most_s
        The longest that is one, by default two weeks.

    Returns
    -------
    int or None
        Seconds, at least 1; None if the text is not such a duration.
    """
    text = text.strip().lower()
    for pattern, form in _SHORT_FORMS:
        text = re.sub(f"^{pattern}$", form, text, flags=re.ASCII)
    if re.search(":[6-9]", text):  # no minutes or seconds of a clock
        return None
    try:
        seconds = pd.Timedelta(text.upper() if text.startswith("p") else text).total_seconds()
    except (ValueError, OverflowError):
        return None
    return round(seconds) if 1 <= seconds <= most_s else None


_DATE = re.compile(r"^\s*~?\s*(\d{4}(?:-\d{2}){0,2})\s*$", re.ASCII)


def last_day(text: str) -> date | None:
    """Return the latest day that a value `YYYY`, `YYYY-MM` or `YYYY-MM-DD` can mean.

    Parameters
    ----------
    text
        Value of a `start_date` tag.

    Returns
    -------
    datetime.date or None
        None if the text is not such a date.
    """
    try:
        match = _DATE.match(text)
        return pd.Period(match[1]).end_time.date() if match else None
    except ValueError:
        return None


def was_open(start_date: str, *, on: date | None) -> bool:
    """Return whether a feature with this opening date was open at the end of a day.

    A month or a year counts as its last day, so that nothing is used before it has certainly opened.
    Features without a date, or with one that cannot be parsed, count as open.

    Parameters
    ----------
    start_date
        Value of the tag, empty if there is none.
    on
        The day; None for the network of today, in which everything is open.
    """
    if on is None or not start_date:
        return True
    opened = last_day(start_date)
    return opened is None or opened <= on


def had_ended(end_date: str, *, on: date | None) -> bool:
    """Return whether a feature with this last day was gone on a given day.

    A month or a year counts as its last day. Features without a date, or with one that cannot be parsed, have
    not ended.

    Parameters
    ----------
    end_date
        Value of the tag, empty if there is none.
    on
        The day; None for the network of today, in which everything that has a last day is gone.
    """
    last = last_day(end_date)
    return last is not None and (on is None or last < on)


ACCESS_KEYS = ("motorcar", "motor_vehicle", "vehicle", "access")
"""Access tags from the most specific to the most general; the first one present decides."""

Access = Literal["open", "restricted", "closed"]
"""Open to all cars; only to and from places along it, not through it; or closed."""

_TABLES = read_table("tags.toml")
CLOSED_VALUES, RESTRICTED_VALUES, OPEN_VALUES = (
    frozenset(_TABLES["access"][meaning]) for meaning in ("closed", "restricted", "open")
)
"""Values of access tags by what they mean for cars; a value that no table holds leaves a way open."""
PASSABLE_BARRIERS = frozenset(_TABLES["barrier"]["passable"])
CAR_SIZE: Mapping[str, float] = _TABLES["car"]
KMH: Mapping[str, float] = _TABLES["speed_units"]
_UNITS: Mapping[str, float] = _TABLES["units"]
CLOSED_STATUS = tuple(map(tuple, _TABLES["status"]["closed"]))
CONSTRUCTION_OPEN, UNBUILT_PROPOSED, NOT_RUNNING = (
    frozenset(_TABLES["status"][name]) for name in ("open_construction", "unbuilt_proposed", "not_running")
)
"""Further tables of `networks/data/tags.toml`, which says what each holds."""

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

_QUANTITY = re.compile(r"(\d{1,6}(?:[.,]\d{1,3})?)\s*([a-z/]*)", re.ASCII)
_FEET = re.compile(r"(\d{1,3})\s*'\s*(?:(\d{1,2}(?:\.\d+)?)\s*(?:\"|''))?", re.ASCII)

_DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
_HOLIDAYS = frozenset({"ph", "sh"})
_DAYLIGHT = {"24/7": True, "sunrise-sunset": True, "dawn-dusk": True}
_DAYLIGHT |= {"sunset-sunrise": False, "dusk-dawn": False}
_CLAUSE = re.compile(r"([^;@()]+)@\s*(\([^()]*\)|[^;()]+)")
_OPENING_HOURS = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})\+?", re.ASCII)
_DAY_RANGE = re.compile(r"([a-z]{2})(?:-([a-z]{2}))?")


def access(tags: Tags) -> tuple[Access, Access]:
    """Return how far a way is open to cars, along its nodes and against them.

    The most specific tag decides for each direction (`motorcar:forward`, `motorcar`, `motor_vehicle:forward`
    and so on); a tag with a condition (`motor_vehicle:conditional`) replaces it where the condition holds on
    a Wednesday at 10:00. Unknown values count as open.
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
    # Every lane of the direction may be kept for vehicles with several occupants.
    lanes = tags.get(f"hov:lanes:{side}") or tags.get("hov:lanes", "")
    is_kept = tags.get("hov") == "designated" or set(lanes.split("|")) == {"designated"}
    return "closed" if is_kept else "open"


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
        match = _DAY_RANGE.fullmatch(word)
        if match is not None and all(day in _DAYS or day in _HOLIDAYS for day in match.groups() if day):
            right_day = (right_day and open_days) or _includes_reference_day(word)
            open_days = True
            continue
        hours = _OPENING_HOURS.fullmatch(word)
        if hours is None and word not in _DAYLIGHT:
            return False
        holds = _DAYLIGHT.get(word, False)
        if hours is not None:
            first, last = (int(hours[i]) * 60 + int(hours[i + 1]) for i in (1, 3))
            is_after, is_before = first <= REFERENCE_MINUTE, last > REFERENCE_MINUTE
            holds = (is_after and is_before) if first < last else (is_after or is_before)
        found |= right_day and holds
        open_days = False
    return found or (open_days and right_day)


def _includes_reference_day(word: str) -> bool:
    first, _, last = word.partition("-")
    if not {first, last or first} <= set(_DAYS):
        return False
    start = _DAYS.index(first)
    return (REFERENCE_DAY - start) % 7 <= (_DAYS.index(last or first) - start) % 7


def carries_cars(tags: Tags) -> bool:
    """Return whether a ferry carries cars: they are not excluded, and it is not for foot passengers only.

    A ferry whose tags name passengers on foot or bicycle, and nobody else, is for these; a shuttle train is
    for cars.
    """
    keys = [key for key in ACCESS_KEYS if key in tags]
    value = tags[keys[0]] if keys else ""
    if tags.get("ferry") == "passenger" and set(keys) <= {"access"}:
        return False
    if (
        not keys
        and tags.get("route") not in _TABLES["crossing"]["for_cars"]
        and any(tags.get(key) in _ALLOWED for key in WALKERS)
    ):
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
    is_built = tags.get("construction", "no") in CONSTRUCTION_OPEN
    is_built &= tags.get("proposed") not in UNBUILT_PROPOSED
    if not is_built and not any(tags.get(key) == "yes" for key in ACCESS_KEYS[:-1]):
        return "under_construction"
    is_small = any(key in tags and is_too_small(key, tags[key]) for key in CAR_SIZE)
    closed = (reason for key, value, reason in CLOSED_STATUS if tags.get(key) == value)
    return next(closed, "too_small" if is_small else "")


def stops_cars(tags: Tags) -> bool:
    """Return whether a node of a way stops cars, by its access tag or else by its barrier.

    The rules are those of OSRM (profiles/car.lua), with more kinds of gates and with locks: an access tag is
    stronger than the barrier; kerbs that are lowered or flush, bollards that can be lowered, and fences that
    are only heard, stop nobody. So do gates unless they are locked.
    """
    held = (conditional(tags.get(key + CONDITIONAL, "")) or tags.get(key) for key in ACCESS_KEYS)
    value, is_locked = next((one for one in held if one is not None), None), tags.get("locked") == "yes"
    if value is not None:
        access = access_of_value(value)
        return access == "closed" or (access == "restricted" and is_locked)
    match tags.get("barrier"):
        case None:
            return False
        case "height_restrictor":
            return is_too_small("maxheight", tags.get("maxheight", ""))
        case "kerb":
            return tags.get("kerb") not in {"lowered", "flush", "no"} and tags.get("highway") != "crossing"
        case "fence":
            return tags.get("sensory") not in {"audible", "audio"}
        case barrier:
            is_passable = barrier in PASSABLE_BARRIERS and not is_locked
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
    size = quantity(text, _UNITS)
    return size is not None and size < CAR_SIZE[key]


def quantity(text: str, units: Mapping[str, float]) -> float | None:
    """Return a number with or without a unit, such as `30 mph`; None if the text is none.

    Parameters
    ----------
    text
        In small letters, without blanks at its ends.
    units
        What the number is multiplied by, by unit; the key of a number alone is empty.
    """
    match = _QUANTITY.fullmatch(text)
    factor = units.get(match[2]) if match else None
    return float(match[1].replace(",", ".")) * factor if match and factor else None


ROAD_CLASSES: tuple[str, ...] = tuple(_TABLES["road"]["classes"])
"""Road classes that can be requested, from the highest to the lowest."""

DEFAULT_CLASSES = frozenset(ROAD_CLASSES[:5])
"""Classes read by default: motorway to tertiary; their slip roads are added."""

LENGTH_FACTOR = "polyring:length_factor"
"""Key of the length of a way on the ground over the length of its line, for lines known to be short."""

GAP_KM = "polyring:gap_km"
"""Key of the length of a straight road that closes a gap between two parts of a network."""

BORDER = "polyring:closed_border"
"""Key of the closed border, such as `BY-UA`, for which a road is closed."""

_LEAST_FACTOR, _MOST_FACTOR = 0.5, 3.0


def length_factor(tags: Tags) -> float:
    """Return the stated length of a road or track over that of its line; 1 without a plausible statement."""
    stated = number(tags.get(LENGTH_FACTOR, "")) or 1.0
    return stated if _LEAST_FACTOR <= stated <= _MOST_FACTOR else 1.0


ONEWAY_KEYS = (*(f"oneway:{vehicle}" for vehicle in ACCESS_KEYS[:-1]), "oneway")
"""Tags of one-way roads from the most specific to the most general; the first one present decides."""

LIMIT_KEYS = (
    "maxspeed:motorcar",
    *(f"maxspeed{side}{suffix}" for side in (":forward", ":backward", "") for suffix in (CONDITIONAL, "")),
)
"""Tags of speed limits."""

IMPLICIT_LIMIT_KEYS = ("source:maxspeed", "maxspeed:type", "zone:maxspeed", "zone:traffic")
"""Tags that name the rule a limit comes from, such as `DE:urban`; read where no limit is tagged."""

ADVISORY_KEYS = tuple(f"maxspeed:advisory{side}" for side in (":forward", ":backward", ""))
"""Tags of recommended speeds."""

ROAD_KEYS = frozenset(
    {
        *_TABLES["road"]["keys"], *LIMIT_KEYS, *IMPLICIT_LIMIT_KEYS, *ADVISORY_KEYS, LENGTH_FACTOR, GAP_KM,
        BORDER, *CAR_SIZE, *CAR_POOL_KEYS, *(key for key, _, _ in CLOSED_STATUS),
        *(f"{key}{suffix}" for key in (*SIDED_KEYS, *ONEWAY_KEYS) for suffix in ("", CONDITIONAL)),
    }
)  # fmt: skip
"""Keys of road tags that are kept; all others are discarded to save memory."""


BUILT_UP: Mapping[str, Any] = _TABLES["built_up"]
"""Values of `landuse` of areas by which the extent of a town is known, and the figures of that rule."""

BARRIER_SIGNS = frozenset({"barrier", *ACCESS_KEYS})
"""Keys of which a node needs one to stop cars."""

BARRIER_KEYS = BARRIER_SIGNS | {
    "bollard", "kerb", "highway", "maxheight", "locked", "sensory",
    *(key + CONDITIONAL for key in ACCESS_KEYS),
}  # fmt: skip
"""Keys of the tags of way nodes that are kept, where one of `BARRIER_SIGNS` is among them."""


def with_slip_roads(classes: frozenset[str]) -> frozenset[str]:
    """Add the slip-road class (`motorway_link` to `tertiary_link`) of each class that has one.

    Parameters
    ----------
    classes
        Values of `highway`, such as `motorway`.
    """
    return classes | {f"{name}_link" for name in classes & set(ROAD_CLASSES[:5])}


BOTH, FORWARD, BACKWARD, NEITHER = 0, 1, -1, 2
"""Directions in which a way is open, relative to the order of its nodes."""

_BY_VALUE: dict[str, tuple[int, str]] = {
    **dict.fromkeys(("yes", "true", "1"), (FORWARD, "tag")),
    **dict.fromkeys(("-1", "reverse"), (BACKWARD, "tag_reverse")),
    **dict.fromkeys(("no", "false", "0"), (BOTH, "two_way")),
    **{value: (BOTH, value) for value in ("reversible", "alternating")},
}
_ONEWAY = frozenset((*ONEWAY_KEYS, *(key + CONDITIONAL for key in ONEWAY_KEYS)))
_IMPLIED_CLASSES = frozenset({"motorway", "motorway_link"})
_IMPLIED_JUNCTIONS = frozenset({"roundabout", "circular"})


def direction(tags: Tags) -> tuple[int, str]:
    """Return the direction in which a road or ferry is open, and the rule that decided it.

    Returns
    -------
    tuple of int and str
        `BOTH`, `FORWARD` or `BACKWARD`; and the rule: `tag`, `tag_reverse`, `reversible`,
        `alternating`, `implied_motorway`, `implied_roundabout`, `two_way`, or `unreadable` for an unknown
        value (then two-way, unless a direction is implied).
    """
    value = ""
    if not _ONEWAY.isdisjoint(tags):
        held = (conditional(tags.get(key + CONDITIONAL, "")) or tags.get(key, "") for key in ONEWAY_KEYS)
        value = next(filter(None, (text.strip().lower() for text in held)), "")
    if value in _BY_VALUE:
        return _BY_VALUE[value]
    if tags.get("highway") in _IMPLIED_CLASSES:
        return FORWARD, "implied_motorway"
    if tags.get("junction") in _IMPLIED_JUNCTIONS:
        return FORWARD, "implied_roundabout"
    return BOTH, "unreadable" if value else "two_way"


def open_direction(tagged: int, access: tuple[Access, Access]) -> int:
    """Return the direction that is left of that of the one-way tags where a side is closed to cars.

    Parameters
    ----------
    tagged
        `BOTH`, `FORWARD` or `BACKWARD`, from `direction`.
    access
        How far the way is open to cars along its nodes, and against them.
    """
    along = tagged in (BOTH, FORWARD) and access[0] != "closed"
    against = tagged in (BOTH, BACKWARD) and access[1] != "closed"
    if along and against:
        return BOTH
    return FORWARD if along else BACKWARD if against else NEITHER
