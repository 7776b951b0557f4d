"""Determine the direction in which a way is open."""

from __future__ import annotations

from typing import Literal

from networks.osm.access import CONDITIONAL, Access, conditional
from networks.osm.classes import ONEWAY_KEYS
from networks.osm.elements import Tags

Reversible = Literal["two_way", "closed"]
"""Treatment of `oneway=reversible`: open in both directions (each for part of the day), or dropped."""

BOTH, FORWARD, BACKWARD, NEITHER = 0, 1, -1, 2
"""Directions in which a way is open, relative to the order of its nodes."""

_BY_VALUE: dict[str, tuple[int, str]] = {
    **dict.fromkeys(("yes", "true", "1"), (FORWARD, "tag")),
    **dict.fromkeys(("-1", "reverse"), (BACKWARD, "tag_reverse")),
    **dict.fromkeys(("no", "false", "0"), (BOTH, "two_way")),
}
_REVERSIBLE_VALUES = frozenset({"reversible", "alternating"})
_IMPLIED_CLASSES = frozenset({"motorway", "motorway_link"})
_IMPLIED_JUNCTIONS = frozenset({"roundabout", "circular"})


def direction(tags: Tags, *, reversible: Reversible) -> tuple[int, str]:
    """Return the direction in which a road or ferry is open, and the rule that decided it.

    Parameters
    ----------
    tags
        Tags of the way.
    reversible
        Treatment of `oneway=reversible` and `oneway=alternating`.

    Returns
    -------
    tuple of int and str
        `BOTH`, `FORWARD`, `BACKWARD` or `NEITHER`; and the rule: `tag`, `tag_reverse`, `reversible`,
        `implied_motorway`, `implied_roundabout`, `two_way`, or `unreadable` for an unknown value (then
        two-way, unless a direction is implied).
    """
    value = next((found for key in ONEWAY_KEYS if (found := _value(tags, key))), "")
    if value in _REVERSIBLE_VALUES:
        return (BOTH if reversible == "two_way" else NEITHER), "reversible"
    return _BY_VALUE.get(value) or _implied(tags, unreadable=bool(value))


def _value(tags: Tags, key: str) -> str:
    return conditional(tags.get(key + CONDITIONAL, "")) or tags.get(key, "").strip().lower()


def open_direction(tagged: int, access: tuple[Access, Access]) -> int:
    """Return the direction that is left of that of the one-way tags where a side is closed to cars.

    Parameters
    ----------
    tagged
        `BOTH`, `FORWARD`, `BACKWARD` or `NEITHER`, from `direction`.
    access
        How far the way is open to cars along its nodes, and against them.
    """
    along = tagged in (BOTH, FORWARD) and access[0] != "closed"
    against = tagged in (BOTH, BACKWARD) and access[1] != "closed"
    if along and against:
        return BOTH
    return FORWARD if along else BACKWARD if against else NEITHER


def _implied(tags: Tags, *, unreadable: bool) -> tuple[int, str]:
    if tags.get("highway") in _IMPLIED_CLASSES:
        return FORWARD, "implied_motorway"
    if tags.get("junction") in _IMPLIED_JUNCTIONS:
        return FORWARD, "implied_roundabout"
    return BOTH, "unreadable" if unreadable else "two_way"
