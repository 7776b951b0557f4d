"""Define the road classes and the road tags that an import reads."""

from __future__ import annotations

from networks.osm.access import ACCESS_KEYS, CAR_POOL_KEYS, CAR_SIZE, CLOSED_STATUS, CONDITIONAL, SIDED_KEYS

ROAD_CLASSES = (
    "motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "living_street",
    "service",
)  # fmt: skip
"""Road classes that can be requested, from the highest to the lowest."""

DEFAULT_CLASSES = frozenset(ROAD_CLASSES[:5])
"""Classes read by default: motorway to tertiary; their slip roads are added."""

LENGTH_FACTOR = "polyring:length_factor"
"""Key of the length of a way on the ground over the length of its line, for lines known to be short."""

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
        "highway", "junction", *LIMIT_KEYS, *IMPLICIT_LIMIT_KEYS, *ADVISORY_KEYS,
        "name", "name:en", "ref", "start_date", "opening_date", "lanes", "surface", "smoothness",
        "tracktype", "construction", "proposed", *(key for key, _, _ in CLOSED_STATUS), *CAR_SIZE,
        *CAR_POOL_KEYS, "route", "duration", "toll", "bridge", "tunnel", LENGTH_FACTOR,
        *(f"{key}{suffix}" for key in (*SIDED_KEYS, *ONEWAY_KEYS) for suffix in ("", CONDITIONAL)),
    }
)  # fmt: skip
"""Keys of road tags that are kept; all others are discarded to save memory."""


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
