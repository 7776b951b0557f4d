"""Name the road classes and the tags that an import reads."""

from __future__ import annotations

LADDER = ("motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential")
"""Road classes from the highest to the lowest that can be asked for."""

DEFAULT_CLASSES = frozenset(LADDER[:5])
"""Classes read when none are named: motorway to tertiary, links included."""

ROAD_KEYS = frozenset(
    {
        "highway", "oneway", "junction", "maxspeed", "maxspeed:forward", "maxspeed:backward", "maxspeed:type",
        "name", "name:en", "ref", "start_date", "opening_date", "access", "motor_vehicle", "vehicle",
        "motorcar", "area", "lanes", "surface", "route", "duration", "maxspeed:conditional",
        "oneway:conditional", "toll", "bridge", "tunnel",
    }
)  # fmt: skip
"""Tags of roads that are kept; all others stay in the file."""


def with_links(classes: frozenset[str]) -> frozenset[str]:
    """Add the slip roads of each class.

    Parameters
    ----------
    classes
        Values of `highway`, such as `motorway`.

    Returns
    -------
    frozenset[str]
        The classes, and `motorway_link` to `tertiary_link` of those among them that have links.
    """
    return classes | {f"{name}_link" for name in classes & set(LADDER[:5])}
