"""Load cities, assign tiers, and snap cities to a network."""

from networks.cities.snapping import MOTORWAYS, Snapped, Unsnapped, snap, with_extents, with_nodes_near
from networks.cities.sources import from_osm_places, from_towns, load_csv
from networks.cities.table import (
    COLUMNS,
    DEFAULT_THRESHOLDS,
    TIERS,
    Cities,
    CityNames,
    Thresholds,
    UnknownCityError,
    build,
    describe_tiers,
)

__all__ = [
    "COLUMNS", "DEFAULT_THRESHOLDS", "MOTORWAYS", "TIERS", "Cities", "CityNames", "Snapped",
    "Thresholds", "UnknownCityError", "Unsnapped", "build", "describe_tiers",
    "from_osm_places", "from_towns", "load_csv", "snap", "with_extents", "with_nodes_near",
]  # fmt: skip
