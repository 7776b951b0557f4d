"""Hold cities as one table, with tiers and with the definitions of their populations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from networks import schema
from networks.schema import Column

TIERS = ("core", "secondary", "small")
"""Tiers from the largest cities to the smallest."""

COLUMNS = (
    Column("city_id", "str", "-", "key, unique"),
    Column("name", "str", "-", "display name, unique: cities that share a name get their key added"),
    Column("tier", "str", "-", "`core`, `secondary`, `small`, or a tier of the region's own"),
    Column("population", "int64", "persons", "residents, >= 0"),
    Column("population_definition", "str", "-", "definition of the count (built-up area, census year, ...)"),
    Column("source", "str", "-", "source of position and population"),
    Column("road_node", "int64", "row of nodes", "road node that it is snapped to; -1 if none"),
    Column("road_snap_km", "float64", "km", "great-circle distance to that node; NaN if none"),
    Column("geometry", "Point", "degree", "centre, WGS 84"),
)
"""Columns of the cities table, in order; rows are numbered from 0."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Population limits of the tiers.

    Attributes
    ----------
    core
        Cities with more residents than this are core.
    secondary
        Other cities with at least this many residents are secondary; all others are small.
    """

    core: int = 5_000_000
    secondary: int = 500_000

    def __post_init__(self) -> None:
        """Reject thresholds in the wrong order."""
        if not 0 <= self.secondary <= self.core:
            raise ValueError(f"Expected 0 <= secondary <= core, got {self.secondary} and {self.core}.")

    def tier(self, population: ArrayLike) -> NDArray[np.str_]:
        """Return the tier (`core`, `secondary` or `small`) of each population in residents."""
        people = np.asarray(population)
        lower = np.where(people >= self.secondary, TIERS[1], TIERS[2])
        return np.where(people > self.core, TIERS[0], lower)


DEFAULT_THRESHOLDS = Thresholds()


@dataclass(frozen=True, slots=True)
class Cities:
    """Cities of a region.

    Attributes
    ----------
    table
        One row per city; the columns are `COLUMNS`.
    """

    table: gpd.GeoDataFrame

    def __len__(self) -> int:
        """Return the number of cities."""
        return len(self.table)


def build(columns: Mapping[str, object], *, lon: ArrayLike, lat: ArrayLike) -> Cities:
    """Build the table of cities from columns.

    Parameters
    ----------
    columns
        Values by column name: `city_id`, `name`, `tier`, `population`, `population_definition`, `source`.
    lon, lat
        Degrees.

    Returns
    -------
    Cities
        Not snapped yet. Cities that share a name get their key added in brackets.

    Raises
    ------
    SchemaError
        If a column is missing or its values have the wrong type.
    """
    points = shapely.points(np.asarray(lon, dtype=float), np.asarray(lat, dtype=float))
    named = pd.Series(columns["name"], dtype=schema.text_dtype())
    twice = named.duplicated(keep=False)
    labels = named.where(
        ~twice, named + " (" + pd.Series(columns["city_id"], dtype=schema.text_dtype()) + ")"
    )
    snapped = {"road_node": np.full(len(named), -1), "road_snap_km": np.full(len(named), np.nan)}
    return Cities(schema.table({**columns, "name": labels, **snapped, "geometry": points}, COLUMNS))
