"""Load cities, sort them into tiers, and snap them to a network."""

from __future__ import annotations

from networks.cities.load import load_csv
from networks.cities.snap import Snapped, Unsnapped, snap
from networks.cities.sources import from_geonames, from_osm_places
from networks.cities.table import COLUMNS, DEFAULT_THRESHOLDS, TIERS, Cities, Thresholds, build

__all__ = [
    "COLUMNS",
    "DEFAULT_THRESHOLDS",
    "TIERS",
    "Cities",
    "Snapped",
    "Thresholds",
    "Unsnapped",
    "build",
    "from_geonames",
    "from_osm_places",
    "load_csv",
    "snap",
]
