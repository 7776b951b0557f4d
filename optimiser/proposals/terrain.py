"""Tell what ground a line runs over and what it runs beside: relief, water, towns, expressways."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any, Protocol, Self

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from networks import inputs, schema
from optimiser.problem.errors import CandidateError, EnvironmentFault, install_extra
from optimiser.proposals.base_case import BaseCase, line_km, on_sphere, road_label

TERRAIN_CLASSES = ("plain", "hill", "mountain", "urban", "water")
"""Terrain classes, in the order of the columns of shares; built-up ground is urban on whatever relief."""


MOUNTAIN, URBAN, WATER = (TERRAIN_CLASSES.index(name) for name in ("mountain", "urban", "water"))
"""Positions of mountains, of built-up ground and of water among the classes."""


PEOPLE_PER_KM2 = 10_000
"""Residents of a km2 of built-up ground: about 100 m2 a person, the middle of the range of the Chinese
planning standard GB 50137-2011 (from memory, unverified; quality C)."""


_RELIEF_DEG = 0.02
"""Distance between the points round which relief is read, 2.2 km from south to north."""


_SAMPLE_KM = 0.5
"""Distance between the points at which a line is sampled."""


class Terrain(Protocol):
    """A source of terrain classes."""

    @property
    def source(self) -> str:
        """Name in a few words where the classes come from."""

    def classify(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.int8]:
        """Return for each point its position in `TERRAIN_CLASSES`."""


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


PLAIN = TerrainPolygons(
    (), (), "all is assumed plain: new lines are straight, and in hills costs are a lower bound"
)
"""Ground of which nothing is known."""


@dataclass(frozen=True, slots=True)
class CoarseRelief:
    """Class points by the relief that means over cells of 1/12 degree show (`tools/relief_map.py`)."""

    source: str = (
        "coarse relief in cells of 9 km, new lines over the cheapest ground; in hills costs are a lower bound"
    )

    def classify(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.int8]:
        """Return for each point the class of its cell."""
        return _packaged("relief")[_cell(lon, lat, 12)].astype(np.int8)


@dataclass(frozen=True, slots=True, eq=False)
class WithTowns:
    """Class the built-up ground round city centres as urban, and all else as another source does.

    Attributes
    ----------
    ground
        Classes elsewhere.
    lon, lat
        Centres of the cities, degrees, float64 [c].
    radius_km
        Radius of the built-up ground of each city, float64 [c].
    source
        What the report says.
    """

    ground: Terrain
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    radius_km: NDArray[np.float64]
    source: str

    @classmethod
    def of(cls, ground: Terrain, cities: gpd.GeoDataFrame, *, least_km: float = 0.0) -> Self:
        """Return the ground with towns whose radii follow from the populations of the cities."""
        lon, lat = shapely.get_coordinates(cities.geometry.to_numpy()).T
        radius_km = np.maximum(urban_radius_km(cities["population"].to_numpy(dtype=np.float64)), least_km)
        return cls(ground, lon, lat, radius_km, f"{ground.source}; urban by the populations of the cities")

    def classify(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.int8]:
        """Return for each point urban where it lies in a town, else the class of the ground."""
        found = self.ground.classify(lon, lat)
        points = cKDTree(on_sphere(lon, lat))
        for rows in points.query_ball_point(on_sphere(self.lon, self.lat), self.radius_km):
            found[rows] = URBAN
        return found


def is_known(ground: Terrain) -> bool:
    """Tell whether anything is known of the relief of some ground."""
    return is_known(ground.ground) if isinstance(ground, WithTowns | WithWater) else ground != PLAIN


def urban_radius_km(population: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the radius of a circle that holds the residents of a city at `PEOPLE_PER_KM2`, km."""
    return np.sqrt(population / (np.pi * PEOPLE_PER_KM2))


@dataclass(frozen=True, slots=True, eq=False)
class TerrainRaster:
    """Class points by the relief (highest less lowest ground) of a square window round the nearest of a grid.

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
    _relief_m: dict[tuple[float, float], float] = field(default_factory=dict, init=False, repr=False)

    def classify(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.int8]:
        """Return for each point the class of the relief round it; ground off the raster is plain."""
        middles = np.rint(np.column_stack([lon, lat]) / _RELIEF_DEG) * _RELIEF_DEG
        cells, cell_of = np.unique(middles, axis=0, return_inverse=True)
        north = self.window_km / 2.0 / 110.57
        with _open_raster(self.path) as raster:
            to_raster = pyproj.Transformer.from_crs(4326, raster.crs, always_xy=True)
            for x, y in cells.tolist():
                if (x, y) not in self._relief_m:
                    east = self.window_km / 2.0 / (111.32 * np.cos(np.radians(y)))
                    low, high = (to_raster.transform(x + at * east, y + at * north) for at in (-1, 1))
                    self._relief_m[x, y] = _box_relief(raster, np.array([*low, *high]))
        relief = [self._relief_m[x, y] for x, y in cells.tolist()]
        return np.searchsorted((self.hill_m, self.mountain_m), relief, side="right").astype(np.int8)[cell_of]


def read_terrain(path: str | Path | None) -> Terrain:
    """Read a terrain source: polygons with a property `terrain`, or a raster of elevations.

    Parameters
    ----------
    path
        GeoJSON or GeoPackage with polygons whose `terrain` is plain, hill, mountain, urban or water; else a
        GeoTIFF of heights in metres; None: the coarse relief of the package.

    Raises
    ------
    CandidateError
        When the file is absent, unreadable or contains other classes.
    EnvironmentFault
        When a raster is given and rasterio is not installed.
    """
    if path is None:
        return CoarseRelief()
    path = Path(path)
    if not path.is_file():
        raise CandidateError(
            "the terrain file does not exist", where=str(path), remedy="Check the path of the terrain file."
        )
    if path.suffix.lower() in {".geojson", ".json", ".gpkg"}:
        return _read_polygons(path)
    _open_raster(path).close()
    return TerrainRaster(path, source=f"relief of {path.name}, new lines over the cheapest ground")


def survey(lines: gpd.GeoSeries | Sequence[Any], terrain: Terrain) -> NDArray[np.float64]:
    """Measure the share of each line on each terrain.

    Parameters
    ----------
    lines
        Lines in degrees.
    terrain
        Source of the classes.

    Returns
    -------
    numpy.ndarray
        float64 [n, 5], rows sum to one, columns as in `TERRAIN_CLASSES`.
    """
    samples = [sample_line(line) for line in lines]
    points = np.concatenate([np.zeros((0, 2)), *samples])
    sizes = np.array([len(part) for part in samples], dtype=np.int64)
    classes = terrain.classify(points[:, 0], points[:, 1])
    rows = np.repeat(np.arange(len(samples)), sizes)
    kinds = len(TERRAIN_CLASSES)
    counts = np.bincount(rows * kinds + classes, minlength=len(samples) * kinds).reshape(-1, kinds)
    return np.asarray(counts / sizes[:, None], dtype=np.float64)


def sample_line(line: shapely.Geometry) -> NDArray[np.float64]:
    """Return the midpoints of equal parts of about half a km of a line; float64 [n, 2], lon and lat.

    A place, or a line without length, stands for itself.
    """
    if shapely.length(line) == 0:
        return np.asarray(shapely.get_coordinates(line)[:1], dtype=np.float64)
    count = max(1, round(line_km(line) / _SAMPLE_KM))
    merged = line if line.geom_type == "LineString" else shapely.line_merge(line)
    corners, part = shapely.get_coordinates(shapely.get_parts(merged), return_index=True)
    is_segment = part[1:] == part[:-1]
    start, step = corners[:-1][is_segment], np.diff(corners, axis=0)[is_segment]
    # As `shapely.line_interpolate_point` does it, which begins at the first corner again for each point.
    long = np.sqrt(step[:, 0] ** 2 + step[:, 1] ** 2)
    ends = np.cumsum(long)
    along = (np.arange(count) + 0.5) / count * shapely.length(merged)
    segment = np.minimum(np.searchsorted(ends, along, side="right"), len(ends) - 1)
    before = np.where(segment > 0, ends[segment - 1], 0.0)
    share = (along - before) / long[segment]
    return np.asarray(step[segment] * share[:, None] + start[segment], dtype=np.float64)


def speeds_on(
    line: shapely.Geometry, ground: Terrain, kmh: float, mountain_kmh: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the points of `sample_line`, and the speed at each: in mountains at most that of mountains."""
    points = sample_line(line)
    in_mountains = ground.classify(*np.ascontiguousarray(points.T)) == MOUNTAIN
    return points, np.where(in_mountains, min(kmh, mountain_kmh), kmh)


def mean_kmh(speeds: NDArray[np.float64]) -> float:
    """Return the mean speed over equal parts of a line."""
    return float(1.0 / np.mean(1.0 / speeds))


def _read_polygons(path: Path) -> TerrainPolygons:
    """Read polygons and their classes, all faults at once."""
    try:
        table = inputs.read_features(path)
    except Exception as error:
        raise CandidateError("the terrain file cannot be read", where=str(path), done=str(error)) from error
    named = [str(value).strip().lower() for value in table.get("terrain", [None] * len(table))]
    faults = [f"polygon {row + 1}: `{name}`" for row, name in enumerate(named) if name not in TERRAIN_CLASSES]
    CandidateError.refuse(
        faults,
        "polygons without a known class of terrain",
        where=str(path),
        remedy="Give each polygon a property `terrain`: plain, hill, mountain, urban or water.",
    )
    return TerrainPolygons(
        polygons=tuple(table.geometry),
        classes=tuple(TERRAIN_CLASSES.index(name) for name in named),
        source=f"polygons of {path.name}, new lines over the cheapest ground",
    )


def _open_raster(path: Path) -> Any:  # noqa: ANN401 (rasterio is optional and has no types)
    """Open a raster, or say what is missing."""
    try:
        import rasterio
    except ImportError as error:
        raise EnvironmentFault(
            "reading an elevation raster needs rasterio", where=str(path), remedy=install_extra("terrain")
        ) from error
    try:
        # Neither another driver nor a file beside it is opened: both may name further files and addresses.
        with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"):
            raster = rasterio.open(inputs.checked_tiff(path), driver="GTiff")
    except (OSError, rasterio.errors.RasterioIOError) as error:
        raise CandidateError(
            "neither polygons nor a GeoTIFF that can be opened", where=str(path), done=str(error)
        ) from error
    if raster.crs is None:
        raise CandidateError(
            "the raster names no coordinate system",
            where=str(path),
            remedy="Assign one, e.g. with gdal_edit.",
        )
    return raster


def _box_relief(raster: Any, box: NDArray[np.float64]) -> float:  # noqa: ANN401
    """Return the relief in one box of the raster, 0 off the raster, from at most 64 by 64 cells."""
    left, bottom, right, top = raster.bounds
    if not (box[0] < right and box[2] > left and box[1] < top and box[3] > bottom):
        return 0.0
    window = raster.window(*box).intersection(raster.window(left, bottom, right, top))
    shape = (min(64, max(1, int(window.height))), min(64, max(1, int(window.width))))
    ground = raster.read(1, window=window, out_shape=shape, masked=True)
    return float(ground.max() - ground.min()) if ground.count() else 0.0


CELLS_A_DEGREE = 60
"""Cells of the map in a degree: 1.85 km from south to north."""
_KNOWN_LAND_KM = 2.0
"""So near to a road, track or city centre of today is land, whatever the map says: a cell of it is as wide,
and much ground has been reclaimed since it was drawn."""


@functools.cache
def _packaged(name: str) -> NDArray[np.uint8]:
    """Return a map, uint8 [rows from north to south, cells or bytes of eight cells from west to east]."""
    file = resources.files("optimiser.proposals") / "data" / f"{name}.npz"
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as content:
        return np.asarray(content[name], dtype=np.uint8)


def _cell(lon: NDArray[np.float64], lat: NDArray[np.float64], a_degree: int) -> tuple[NDArray[np.int64], ...]:
    """Return rows and columns of points in a map with so many cells a degree."""
    row = np.clip(np.floor((90.0 - lat) * a_degree), 0, 180 * a_degree - 1).astype(np.int64)
    return row, np.floor((lon + 180.0) * a_degree).astype(np.int64) % (360 * a_degree)


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
    Natural Earth 1:10m, layers land and lakes (public domain), rasterised by `tools/world_maps.py`.
    """
    row, column = _cell(lon, lat, CELLS_A_DEGREE)
    return np.asarray((_packaged("water")[row, column >> 3] >> (7 - (column & 7))) & 1, dtype=np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class WithWater:
    """Class points in seas and large lakes as water, and all else as another source does.

    Attributes
    ----------
    ground
        Classes elsewhere.
    known_land
        Points of today's lines and cities (`on_sphere`) that the map takes for water.
    source
        What the report says.
    """

    ground: Terrain
    known_land: cKDTree
    source: str

    @classmethod
    def of(cls, ground: Terrain, cities: gpd.GeoDataFrame, links: Sequence[gpd.GeoDataFrame]) -> Self:
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
        drawn = np.concatenate([*today, cities.geometry.to_numpy()])
        # Nothing divides a line without length, such as that between two stations at one position.
        is_long = shapely.length(drawn) > 0
        lines = np.concatenate([drawn[~is_long], shapely.segmentize(drawn[is_long], _STEP_DEG)])
        points = shapely.get_coordinates(lines)
        wet = points[is_water(*points.T)]
        return cls(ground, cKDTree(on_sphere(*wet.T)), f"{ground.source}; seas and lakes of Natural Earth")

    def classify(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.int8]:
        """Return for each point water where it lies in a sea or lake, else the class of the ground."""
        found = self.ground.classify(lon, lat)
        wet = np.flatnonzero(is_water(lon, lat))
        km, _ = self.known_land.query(on_sphere(lon[wet], lat[wet]), distance_upper_bound=_KNOWN_LAND_KM)
        found[wet[km > _KNOWN_LAND_KM]] = WATER
        return found


_STEP_DEG = 0.01
"""Greatest distance between the points that stand for a line of today."""


@dataclass(frozen=True, slots=True)
class ArtefactRules:
    """Rules by which a road is taken for an artefact of the map and not for a road between cities.

    Attributes
    ----------
    town_km
        A town reaches at least this far from its centre, and as far as its residents need at
        `costs.PEOPLE_PER_KM2`. Centres are single points that are joined to the network some km off, and the
        ring roads of a medium city lie within 8 km: so near, the map decides what a road gains.
    most_in_towns
        A road with a greater share within towns is a street of a town.
    beside_km
        A line within this distance of an expressway runs beside it: interchanges are 5 to 10 km apart.
    most_beside
        A road with a greater share beside one expressway duplicates it, or is a junction that the map lacks.
    """

    town_km: float = 8.0
    most_in_towns: float = 0.5
    beside_km: float = 5.0
    most_beside: float = 0.5


@dataclass(frozen=True)
class Surroundings:
    """Towns and expressways of a region.

    Attributes
    ----------
    base
        The base case.
    rules
        How far towns reach, and what counts as beside an expressway.
    expressway_classes
        Link classes that are expressways.
    """

    base: BaseCase
    rules: ArtefactRules
    expressway_classes: tuple[str, ...]

    @cached_property
    def _towns(self) -> WithTowns:
        """Return the towns; all else is plain."""
        return WithTowns.of(PLAIN, self.base.cities, least_km=self.rules.town_km)

    @cached_property
    def _expressways(self) -> tuple[cKDTree, NDArray[np.int64], list[str]]:
        """Return points of all expressways, the number of the expressway of each, and the names.

        Links of one `ref` are one expressway; a link with several counts for each of them. Of links without
        any, those that are joined are one. The last name is empty, for a region without expressways.
        """
        links = self.base.road.links
        fast = links[links["link_class"].isin(self.expressway_classes)]
        labels = pd.Series(_names_of(fast), dtype=object).explode()
        label, names = pd.factorize(labels, sort=True)
        lines = shapely.segmentize(fast.geometry.to_numpy(), _STEP_DEG)
        points, index = shapely.get_coordinates(lines[labels.index], return_index=True)
        # Of several numbers of a link the first is that of its name.
        called = dict(zip(labels[~labels.index.duplicated()], fast["name"], strict=True))
        shown = [*(road_label(name, called.get(name, "")) for name in names), ""]
        return cKDTree(on_sphere(*points.T)), label[index].astype(np.int64), shown

    def look_at(self, lines: Sequence[shapely.Geometry]) -> list[tuple[float, float, str]]:
        """Return the shares of lines within towns and beside one expressway; many at once cost least.

        Parameters
        ----------
        lines
            Degrees.

        Returns
        -------
        list of tuple
            For each line its share within towns, the largest share beside one expressway, and the name of
            that expressway: 0 and no name where none is near.
        """
        keys = shapely.to_wkb(np.array(lines, dtype=object)).tolist() if lines else []
        seen = self.base.once((self.rules, self.expressway_classes), dict[bytes, tuple[float, float, str]])
        new = {key: line for key, line in zip(keys, lines, strict=True) if key not in seen}
        if new:
            parts = [sample_line(line) for line in new.values()]
            sizes = np.array([len(part) for part in parts])
            owner, points = np.repeat(np.arange(len(parts)), sizes), np.concatenate(parts).T
            in_town, at = self._towns.classify(*points) == URBAN, on_sphere(*points)
            towns = np.bincount(owner[in_town], minlength=len(parts)) / sizes
            tree, label, names = self._expressways
            near = cKDTree(at).sparse_distance_matrix(tree, self.rules.beside_km, output_type="coo_matrix")
            # A point of a line counts once for an expressway, however many points of it are near.
            found = np.unique(near.row.astype(np.int64) * len(names) + label[near.col])
            point, road = np.divmod(found, len(names))
            beside = np.zeros((len(parts), len(names)))
            np.add.at(beside, (owner[point], road), 1)
            share = beside.max(axis=1) / sizes
            most = np.where(share > 0, np.array(names)[beside.argmax(axis=1)], "").tolist()
            seen.update(zip(new, zip(towns.tolist(), share.tolist(), most, strict=True), strict=True))
        return [seen[key] for key in keys]

    def fault(self, line: shapely.Geometry) -> str:
        """Return why a road along a line is an artefact of the map; empty where it is none."""
        in_towns, beside, _ = self.look_at([line])[0]
        if in_towns > self.rules.most_in_towns:
            return f"more than {100 * self.rules.most_in_towns:.0f} % within towns"
        if beside <= self.rules.most_beside:
            return ""
        where = f"within {self.rules.beside_km:g} km of one expressway"
        return f"more than {100 * self.rules.most_beside:.0f} % {where}"


def _names_of(fast: pd.DataFrame) -> list[list[str]]:
    """Return the names of the expressways that each link is part of."""
    refs = [[part.strip() for part in str(ref).split(";") if part.strip()] for ref in fast["ref"]]
    bare = np.flatnonzero([not several for several in refs])
    ends = fast[["tail", "head"]].to_numpy(dtype=np.int64)[bare]
    group = schema.components(*ends.T, size=int(ends.max(initial=0)) + 1)[ends[:, 0]]
    for at, number in zip(bare.tolist(), group.tolist(), strict=True):
        refs[at] = [f"expressway without a number ({number})"]
    return refs
