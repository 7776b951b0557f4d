"""Tell sea and large lakes from land, anywhere on Earth, from a map that comes with the package."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from optimiser.proposals.base_case import on_sphere
from optimiser.proposals.costs import WATER, Terrain

CELLS_A_DEGREE = 60
"""Cells of the map in a degree: 1.85 km from south to north."""
_KNOWN_LAND_KM = 2.0
"""So near to a road, track or city centre of today is land, whatever the map says: a cell of it is as wide,
and much ground has been reclaimed since it was drawn."""
_STEP_DEG = 0.01
"""Greatest distance between the points that stand for a line of today."""


@functools.cache
def _wet_cells() -> NDArray[np.uint8]:
    """Return the map, uint8 [rows from north to south, bytes of eight cells from west to east]."""
    file = resources.files("optimiser.proposals") / "data" / "water.npz"
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as content:
        return np.asarray(content["water"], dtype=np.uint8)


def is_water(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which points lie in a sea or large lake.

    Parameters
    ----------
    lon, lat
        Degrees, float64 [n]; longitudes beyond 180 degrees go on round the Earth.

    Returns
    -------
    numpy.ndarray
        bool [n]. A cell is water where no coast runs through it, so places on the coast are land, and so are
        straits and rivers of less than about two cells.

    Notes
    -----
    Natural Earth 1:10m, layers land and lakes (public domain), rasterised by `tools/water_map.py`.
    """
    cells = _wet_cells()
    row = np.clip(np.floor((90.0 - lat) * CELLS_A_DEGREE), 0, len(cells) - 1).astype(np.int64)
    column = np.floor((lon + 180.0) * CELLS_A_DEGREE).astype(np.int64) % (360 * CELLS_A_DEGREE)
    return np.asarray((cells[row, column >> 3] >> (7 - (column & 7))) & 1, dtype=np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class WithWater:
    """Class points in seas and large lakes as water, and all else as another source does.

    Attributes
    ----------
    ground
        Classes elsewhere.
    known_land
        Points of today's lines and cities (`on_sphere`) that the map takes for water.
    """

    ground: Terrain
    known_land: cKDTree

    @classmethod
    def of(cls, ground: Terrain, cities: gpd.GeoDataFrame, links: Sequence[gpd.GeoDataFrame]) -> WithWater:
        """Return the ground with water, where roads, tracks and centres of cities of today are on land.

        Parameters
        ----------
        ground
            Classes elsewhere.
        cities
            Their `geometry` are points.
        links
            Links of networks; of ferries (`mode`) only the others of their table count.
        """
        today = [table.geometry[(table["mode"] != "ferry").to_numpy()].to_numpy() for table in links]
        lines = shapely.segmentize(np.concatenate([*today, cities.geometry.to_numpy()]), _STEP_DEG)
        points = shapely.get_coordinates(lines)
        wet = points[is_water(points[:, 0], points[:, 1])]
        return cls(ground, cKDTree(on_sphere(wet[:, 0], wet[:, 1])))

    @property
    def source(self) -> str:
        """Name in a few words where the classes come from."""
        return f"{self.ground.source}; seas and lakes of Natural Earth"

    def classify(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.int8]:
        """Return for each point water where it lies in a sea or lake, else the class of the ground."""
        found = self.ground.classify(lon, lat)
        wet = np.flatnonzero(is_water(lon, lat))
        km, _ = self.known_land.query(on_sphere(lon[wet], lat[wet]), distance_upper_bound=_KNOWN_LAND_KM)
        found[wet[km > _KNOWN_LAND_KM]] = WATER
        return found
