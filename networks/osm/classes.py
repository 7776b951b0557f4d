"""Define the road classes and the road tags that an import reads."""

from __future__ import annotations

ROAD_CLASSES = ("motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential")
"""Road classes that can be requested, from the highest to the lowest."""

DEFAULT_CLASSES = frozenset(ROAD_CLASSES[:5])
"""Classes read by default: motorway to tertiary; their slip roads are added."""

LENGTH_FACTOR = "polyring:length_factor"
"""Key of the length of a way on the ground over the length of its line, for lines known to be short."""

ROAD_KEYS = frozenset(
    {
        "highway", "oneway", "junction", "maxspeed", "maxspeed:forward", "maxspeed:backward", "maxspeed:type",
        "name", "name:en", "ref", "start_date", "opening_date", "access", "motor_vehicle", "vehicle",
        "motorcar", "area", "lanes", "surface", "route", "duration", "maxspeed:conditional",
        "oneway:conditional", "toll", "bridge", "tunnel", LENGTH_FACTOR,
    }
)  # fmt: skip
"""Keys of road tags that are kept; all others are discarded to save memory."""


def with_slip_roads(classes: frozenset[str]) -> frozenset[str]:
    """Add the slip-road class (`motorway_link` to `tertiary_link`) of each class that has one.

    Parameters
    ----------
    classes
        Values of `highway`, such as `motorway`.
    """
    return classes | {f"{name}_link" for name in classes & set(ROAD_CLASSES[:5])}
