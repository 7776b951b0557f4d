"""Tell in which direction a way is open."""

from __future__ import annotations

from typing import Literal

from networks.osm.elements import Tags

Reversible = Literal["two_way", "closed"]
"""What is made of `oneway=reversible`: open both ways (each for a part of the day), or dropped."""

BOTH, FORWARD, BACKWARD, SHUT = 0, 1, -1, 2
"""Directions of a way as integers."""

_YES = frozenset({"yes", "true", "1"})
_NO = frozenset({"no", "false", "0"})
_REVERSE = frozenset({"-1", "reverse"})
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
        `BOTH`, `FORWARD`, `BACKWARD` or `SHUT`; the rule: `tag`, `tag_reverse`, `reversible`, `implied_motorway`,
        `implied_roundabout`, `two_way`, or `unreadable` for a value that means nothing (two-way then, unless
        implied).
    """
    value = tags.get("oneway", "").strip().lower()
    if value in _YES:
        return FORWARD, "tag"
    if value in _REVERSE:
        return BACKWARD, "tag_reverse"
    if value in _CHANGING:
        return (BOTH if reversible == "two_way" else SHUT), "reversible"
    if value in _NO:
        return BOTH, "two_way"
    if tags.get("highway") in _IMPLIED_CLASSES:
        return FORWARD, "implied_motorway"
    if tags.get("junction") in _IMPLIED_JUNCTIONS:
        return FORWARD, "implied_roundabout"
    return BOTH, "unreadable" if value else "two_way"
