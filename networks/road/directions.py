"""Tell in which direction a way is open."""

from __future__ import annotations

from typing import Literal

from networks.osm.elements import Tags

Reversible = Literal["two_way", "closed"]
"""What is made of `oneway=reversible`: open both ways (each for a part of the day), or dropped."""

BOTH, FORWARD, BACKWARD, NEITHER = 0, 1, -1, 2
"""Directions of a way as integers."""

_BY_VALUE: dict[str, tuple[int, str]] = {
    **dict.fromkeys(("yes", "true", "1"), (FORWARD, "tag")),
    **dict.fromkeys(("-1", "reverse"), (BACKWARD, "tag_reverse")),
    **dict.fromkeys(("no", "false", "0"), (BOTH, "two_way")),
}
_CHANGING = frozenset({"reversible", "alternating"})
_IMPLIED_CLASSES = frozenset({"motorway", "motorway_link"})
_IMPLIED_JUNCTIONS = frozenset({"roundabout", "circular"})


def direction(tags: Tags, *, reversible: Reversible) -> tuple[int, str]:
    """Say in which direction a road or ferry is open, and by which rule.

    Parameters
    ----------
    tags
        Tags of the way.
    reversible
        Policy for `oneway=reversible` and `oneway=alternating`.

    Returns
    -------
    tuple of int and str
        `BOTH`, `FORWARD`, `BACKWARD` or `NEITHER`; the rule: `tag`, `tag_reverse`, `reversible`,
        `implied_motorway`, `implied_roundabout`, `two_way`, or `unreadable` for a value that means nothing
        (two-way then, unless implied).
    """
    value = tags.get("oneway", "").strip().lower()
    if value in _CHANGING:
        return (BOTH if reversible == "two_way" else NEITHER), "reversible"
    return _BY_VALUE.get(value) or _implied(tags, unreadable=bool(value))


def _implied(tags: Tags, *, unreadable: bool) -> tuple[int, str]:
    if tags.get("highway") in _IMPLIED_CLASSES:
        return FORWARD, "implied_motorway"
    if tags.get("junction") in _IMPLIED_JUNCTIONS:
        return FORWARD, "implied_roundabout"
    return BOTH, "unreadable" if unreadable else "two_way"
