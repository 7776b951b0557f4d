"""Measure how much of a line runs through plain, hills and mountains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from optimiser.problem.errors import CandidateError, EnvironmentFault
from optimiser.proposals.base_case import line_km

CLASSES = ("plain", "hill", "mountain")
"""Terrain classes, in the order of the columns of shares."""

SAMPLE_KM = 0.5
"""Distance between the points at which a line is sampled."""


class Terrain(Protocol):
    """A source of terrain classes."""

    @property
    def source(self) -> str:
        """Name in a few words where the classes come from."""

    def classify(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.int8]:
        """Return for each point its position in `CLASSES`."""


@dataclass(frozen=True, slots=True)
class AllPlain:
    """Class all ground as plain, for want of data."""

    source: str = "assumed plain: no terrain given"

    def classify(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.int8]:  # noqa: ARG002
        """Return zero (plain) for each point."""
        return np.zeros(len(lon), dtype=np.int8)


@dataclass(frozen=True, slots=True)
class TerrainPolygons:
    """Class points by the roughest of the polygons that contain them; outside all, they are plain."""

    polygons: tuple[shapely.Geometry, ...]
    classes: tuple[int, ...]
    source: str

    def classify(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.int8]:
        """Return for each point the roughest class of the polygons that contain it."""
        found = np.zeros(len(lon), dtype=np.int8)
        for polygon, rank in zip(self.polygons, self.classes, strict=True):
            inside = shapely.contains_xy(polygon, lon, lat)
            found[inside] = np.maximum(found[inside], rank)
        return found


@dataclass(frozen=True, slots=True)
class TerrainRaster:
    """Class points by the relief (highest less lowest ground) of a square window round them.

    The thresholds follow the relief classes of Chinese geomorphological mapping (below 30 m plain, to 200 m
    hills, above mountains).

    Attributes
    ----------
    path
        A raster of elevations in metres that rasterio opens.
    window_km
        Side of the window.
    hill_m, mountain_m
        Least relief of hills and of mountains.
    source
        What the report says.
    """

    path: Path
    window_km: float = 5.0
    hill_m: float = 30.0
    mountain_m: float = 200.0
    source: str = "relief of the elevation raster"

    def classify(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.int8]:
        """Return for each point the class of the relief round it; ground off the raster is plain."""
        relief = _relief(self.path, lon, lat, self.window_km)
        classes = (relief >= self.hill_m).astype(np.int8)
        classes[relief >= self.mountain_m] = 2
        return classes


def read(path: str | Path) -> Terrain:
    """Read a terrain source: polygons with a property `terrain`, or a raster of elevations.

    Parameters
    ----------
    path
        GeoJSON or GeoPackage with polygons whose `terrain` is plain, hill or mountain; else a raster.

    Raises
    ------
    CandidateError
        When the file is absent, unreadable or holds other classes.
    EnvironmentFault
        When a raster is given and rasterio is not installed.
    """
    path = Path(path)
    if not path.is_file():
        raise CandidateError(
            "the terrain file does not exist", where=str(path), remedy="Check the path of the terrain file."
        )
    if path.suffix.lower() in {".geojson", ".json", ".gpkg"}:
        return _read_polygons(path)
    _open_raster(path).close()
    return TerrainRaster(path, source=f"relief of {path.name}")


def shares(lines: gpd.GeoSeries | Sequence[Any], terrain: Terrain) -> NDArray[np.float64]:
    """Measure the share of each line in plain, hills and mountains.

    Parameters
    ----------
    lines
        Lines in degrees.
    terrain
        Source of the classes.

    Returns
    -------
    numpy.ndarray
        float64 [n, 3], rows sum to one, columns as in `CLASSES`.
    """
    samples = [_sample(line) for line in lines]
    if not samples:
        return np.zeros((0, len(CLASSES)))
    points = np.concatenate(samples)
    classes = terrain.classify(points[:, 0], points[:, 1])
    rows = np.repeat(np.arange(len(samples)), [len(part) for part in samples])
    counts = np.zeros((len(samples), len(CLASSES)))
    np.add.at(counts, (rows, classes), 1.0)
    return np.asarray(counts / counts.sum(axis=1, keepdims=True), dtype=np.float64)


def _sample(line: shapely.Geometry) -> NDArray[np.float64]:
    """Return the midpoints of equal parts of about `SAMPLE_KM` of a line, lon and lat."""
    count = max(1, round(line_km(line) / SAMPLE_KM))
    at = (np.arange(count) + 0.5) / count
    points = shapely.line_interpolate_point(shapely.line_merge(line), at, normalized=True)
    return np.asarray(shapely.get_coordinates(points), dtype=np.float64)


def _read_polygons(path: Path) -> TerrainPolygons:
    """Read polygons and their classes, all faults at once."""
    try:
        table = gpd.read_file(path)
    except Exception as error:
        raise CandidateError("the terrain file cannot be read", where=str(path), done=str(error)) from error
    if "terrain" not in table.columns:
        raise CandidateError(
            "the polygons have no property `terrain`",
            where=str(path),
            remedy="Give each polygon `terrain`: plain, hill or mountain.",
        )
    named = [str(value).strip().lower() for value in table["terrain"]]
    faults = [f"polygon {row + 1}: `{name}`" for row, name in enumerate(named) if name not in CLASSES]
    if faults:
        raise CandidateError(
            "unknown terrain classes", where=str(path), faults=faults, remedy="Use plain, hill or mountain."
        )
    if table.crs is not None:
        table = table.to_crs(4326)
    return TerrainPolygons(
        polygons=tuple(table.geometry),
        classes=tuple(CLASSES.index(name) for name in named),
        source=f"polygons of {path.name}",
    )


def _open_raster(path: Path) -> Any:  # noqa: ANN401 (rasterio is optional and has no types)
    """Open a raster, or say what is missing."""
    try:
        import rasterio
    except ImportError as error:
        raise EnvironmentFault(
            "reading an elevation raster needs rasterio",
            where=str(path),
            remedy="Install the extra `terrain` (pip install 'polyring[terrain]').",
        ) from error
    try:
        raster = rasterio.open(path)
    except rasterio.errors.RasterioIOError as error:
        raise CandidateError(
            "neither polygons nor a raster that can be opened", where=str(path), done=str(error)
        ) from error
    if raster.crs is None:
        raise CandidateError(
            "the raster names no coordinate system",
            where=str(path),
            remedy="Assign one, e.g. with gdal_edit.",
        )
    return raster


def _relief(
    path: Path, lon: NDArray[np.float64], lat: NDArray[np.float64], window_km: float
) -> NDArray[np.float64]:
    """Return highest less lowest ground in metres in a window round each point."""
    with _open_raster(path) as raster:
        to_raster = pyproj.Transformer.from_crs(4326, raster.crs, always_xy=True)
        half = window_km / 2.0
        east = half / (111.32 * np.cos(np.radians(lat)))
        north = np.full_like(lat, half / 110.57)
        x_low, y_low = to_raster.transform(lon - east, lat - north)
        x_high, y_high = to_raster.transform(lon + east, lat + north)
        boxes = np.column_stack([x_low, y_low, x_high, y_high])
        return np.array([_box_relief(raster, box) for box in boxes])


def _box_relief(raster: Any, box: NDArray[np.float64]) -> float:  # noqa: ANN401
    """Return the relief in one box of the raster, 0 off the raster, from at most 64 by 64 cells."""
    left, bottom, right, top = raster.bounds
    if not (box[0] < right and box[2] > left and box[1] < top and box[3] > bottom):
        return 0.0
    window = raster.window(*box).intersection(raster.window(left, bottom, right, top))
    shape = (min(64, max(1, int(window.height))), min(64, max(1, int(window.width))))
    ground = raster.read(1, window=window, out_shape=shape, masked=True)
    return float(ground.max() - ground.min()) if ground.count() else 0.0
