"""Price lines by standard, length and terrain, from tables of unit costs with their sources."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from networks import inputs
from networks.countries import lineage
from optimiser.problem.errors import CandidateError, EnvironmentFault
from optimiser.proposals.base_case import line_km, on_sphere

TERRAIN_CLASSES = ("plain", "hill", "mountain", "urban", "water")
"""Terrain classes, in the order of the columns of shares; built-up ground is urban on whatever relief."""

WATER = TERRAIN_CLASSES.index("water")
"""Position of water among the classes."""

_MULTIPLIERS = {"water": 4.0}
"""Multipliers of tables that give none, else 1: a table that does not price water is not to offer it at the
price of plain ground. The factor is the ratio of the road rates of the Chinese table (quality C)."""

PEOPLE_PER_KM2 = 10_000
"""Residents of a km2 of built-up ground: about 100 m2 a person, the middle of the range of the Chinese
planning standard GB 50137-2011 (from memory, unverified; quality C)."""

_SAMPLE_KM = 0.5
"""Distance between the points at which a line is sampled."""

_TEXTS = ("standard", "mode", "terrain", "per", "basis", "source", "quality")
_LEVELS = ("low", "central", "high")
_LIKE = {
    **dict.fromkeys(("expressway-6", "expressway-120", "expressway-widen", "first-class"), ("expressway-4",)),
    "rail-250": ("hsr-350",),
    "hsr-350": ("rail-250",),
}
"""Standards whose rates stand in about the same ratio everywhere, for those that a country does not price."""
_TOP = ("money", "price_year", "note", "multipliers", "rates")


@dataclass(frozen=True, slots=True)
class Rate:
    """What one km (or one piece) of a standard costs on one terrain.

    Attributes
    ----------
    standard, mode, terrain
        What is built (e.g. `expressway-4`), `road` or `rail`, and where.
    per
        `km` or `each`.
    low, central, high
        Money of the table.
    basis, source, quality
        What it was derived from, by whom, and how sure it is: A, B or C.
    """

    standard: str
    mode: str
    terrain: str
    per: str
    low: float
    central: float
    high: float
    basis: str
    source: str
    quality: str


@dataclass(frozen=True, slots=True, eq=False)
class CostTable:
    """Unit costs of one country.

    Attributes
    ----------
    rates
        By standard and terrain.
    multipliers
        Terrain to factor on the plain rate, for standards without a row for that terrain. That of urban
        ground applies to roads alone: rates of railways are averages of projects from station to station.
    money, price_year, note
        Unit of all costs, year of prices, and what a reader should know about the figures.
    """

    rates: Mapping[tuple[str, str], Rate]
    multipliers: Mapping[str, float]
    money: str
    price_year: int
    note: str = ""

    @property
    def standards(self) -> tuple[str, ...]:
        """All standards that have a price, in rising order."""
        return tuple(sorted({standard for standard, _ in self.rates}))

    def rate(self, standard: str, terrain: str) -> Rate:
        """Return the rate of a standard on a terrain.

        Parameters
        ----------
        standard, terrain
            Terrain without a row of its own takes the plain rate times its multiplier (not for pieces).

        Raises
        ------
        CandidateError
            When the standard has no rate.
        """
        found = self.rates.get((standard, terrain))
        if found is not None:
            return found
        plain = self.rates.get((standard, "plain"))
        if plain is None:
            raise CandidateError(
                f"the cost table has no rate for `{standard}`",
                remedy=f"Add a rate, or use one of: {', '.join(self.standards)}.",
            )
        applies = plain.per == "km" and (terrain != "urban" or plain.mode == "road")
        factor = self.multipliers[terrain] if applies else 1.0
        return replace(
            plain,
            terrain=terrain,
            low=plain.low * factor,
            central=plain.central * factor,
            high=plain.high * factor,
            basis=f"{plain.basis}; plain x {factor:g}",
        )


@dataclass(frozen=True, slots=True, order=True)
class Cost:
    """A low, a central and a high estimate, whole units of money."""

    low: int
    central: int
    high: int

    def __add__(self, other: Cost) -> Cost:
        """Add estimates part by part."""
        return Cost(self.low + other.low, self.central + other.central, self.high + other.high)


def estimate(
    table: CostTable, standard: str, quantity: float, shares: Sequence[float] = (1.0, 0.0, 0.0, 0.0, 0.0)
) -> Cost:
    """Estimate the cost of a length of line, or of a number of pieces.

    Parameters
    ----------
    table
        The rates.
    standard
        What is built, a standard of the table.
    quantity
        Length in km, or number of pieces, as the rate says.
    shares
        Shares of plain, hill, mountain and urban ground and of water, summing to one.

    Returns
    -------
    Cost
        Sum over terrain of share x quantity x rate, each estimate rounded half up once, at least 1 when the
        quantity is not 0.

    Raises
    ------
    CandidateError
        When the table lacks the standard.
    """
    rates = [table.rate(standard, terrain) for terrain in TERRAIN_CLASSES]
    exact = [Fraction(quantity) * Fraction(share) for share in shares]
    sums = [
        sum(part * Fraction(getattr(rate, level)) for part, rate in zip(exact, rates, strict=True))
        for level in _LEVELS
    ]
    least = 1 if quantity > 0 else 0
    low, central, high = (max(least, int(value + Fraction(1, 2))) for value in sums)
    return Cost(low, central, high)


def builtin_cost_table(country: str = "CN") -> CostTable:
    """Return the table of a country that comes with the package.

    Parameters
    ----------
    country
        ISO 3166 code. A country without a table gets that of its group, else that of the world, whose `note`
        says how rough it is.
    """
    found: CostTable | None = None
    for key in reversed(lineage(country)):
        file = resources.files("optimiser.proposals") / "data" / f"{key.lower()}.toml"
        if file.is_file():
            document = tomllib.loads(file.read_text(encoding="utf-8"))
            found = _parse(document if found is None else _completed(document, found), file.name)
    if found is None:
        raise CandidateError("the package has no cost table of the world", remedy="Install it again.")
    return found


def _completed(document: Mapping[str, Any], parent: CostTable) -> dict[str, Any]:
    """Return the document of a table with what it takes from another.

    A table that gives the exchange rate of its money, or has no money of its own, takes the standards that it
    does not price itself from `parent`, and any other key. Every other table stands alone. A standard that is
    taken keeps its ratio to one of `_LIKE` that the table prices itself; otherwise the exchange rate counts.
    """
    if "money" in document and "exchange" not in document:
        return dict(document)
    rows, exchange = list(document.get("rates", ())), document.get("exchange", {})
    own = {row["standard"]: row for row in rows if row["terrain"] == "plain"}
    rate = float(exchange.get("rate", 1.0))
    for one in (found for found in parent.rates.values() if found.standard not in own):
        like = next((name for name in _LIKE.get(one.standard, ()) if name in own), "")
        factor, how = rate, f"; {parent.money} x {rate:g}" if exchange else ""
        if like:
            factor = own[like]["central"] / parent.rate(like, "plain").central
            how = f"; {parent.money} x the ratio of {like} to that of the same table"
        levels = {level: getattr(one, level) * factor for level in _LEVELS}
        quality = "C" if how else one.quality
        rows.append(asdict(one) | levels | {"basis": one.basis + how, "quality": quality})
    whole = {
        "money": parent.money,
        "price_year": parent.price_year,
        "note": parent.note,
        "multipliers": dict(parent.multipliers),
    }
    return whole | {key: value for key, value in document.items() if key != "exchange"} | {"rates": rows}


def read_cost_table(path: str | Path) -> CostTable:
    """Read a cost table of the user's, a TOML file in the form that `docs/candidates.md` gives.

    Raises
    ------
    CandidateError
        With all faults at once.
    """
    path = Path(path)
    try:
        document = tomllib.loads(inputs.read_text(path))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise CandidateError("the cost table cannot be read", where=str(path), done=str(error)) from error
    return _parse(document, str(path))


def _parse(document: Mapping[str, Any], where: str) -> CostTable:
    """Turn a document into a table, or refuse it with all its faults."""
    rows = document.get("rates", [])
    multipliers = dict(document.get("multipliers", {}))
    faults = [f"unknown key `{key}`" for key in document if key not in _TOP]
    faults += [f"key `{key}` is missing" for key in ("money", "price_year") if key not in document]
    faults += [fault for number, row in enumerate(rows, 1) for fault in _row_faults(number, row)]
    given = _MULTIPLIERS | multipliers
    factors = {terrain: given.get(terrain, 1.0) for terrain in TERRAIN_CLASSES}
    faults += [
        f"multiplier of {terrain}: `{value}` is not a number above 0"
        for terrain, value in factors.items()
        if not _is_positive(value)
    ]
    if not rows:
        faults.append("no [[rates]]")
    keys = [(row.get("standard"), row.get("terrain")) for row in rows]
    faults += [
        f"{key[0]} on {key[1]} is given twice"
        for key in sorted({k for k in keys if keys.count(k) > 1}, key=str)
    ]
    if faults:
        raise CandidateError("the cost table has faults", where=where, faults=faults)
    rates = [Rate(**{key: row[key] for key in (*_TEXTS, *_LEVELS)}) for row in rows]
    return CostTable(
        rates={(rate.standard, rate.terrain): rate for rate in rates},
        multipliers=factors,
        money=str(document["money"]),
        price_year=int(document["price_year"]),
        note=str(document.get("note", "")),
    )


def _is_positive(value: object) -> bool:
    """Tell whether a value is a number above 0."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")


def _row_faults(number: int, row: Mapping[str, Any]) -> list[str]:
    """List what is wrong with one rate."""
    name = f"rate {number}"
    faults = [f"{name}: unknown key `{key}`" for key in row if key not in (*_TEXTS, *_LEVELS)]
    faults += [f"{name}: `{key}` is missing" for key in (*_TEXTS, *_LEVELS) if key not in row]
    if row.get("terrain", "plain") not in TERRAIN_CLASSES:
        faults.append(f"{name}: terrain `{row['terrain']}` is not one of {', '.join(TERRAIN_CLASSES)}")
    if row.get("per", "km") not in ("km", "each"):
        faults.append(f"{name}: per `{row['per']}` is neither km nor each")
    values = [row[key] for key in _LEVELS if key in row]
    if not all(_is_positive(value) for value in values):
        faults.append(f"{name}: low, central and high must be numbers above 0")
    elif values != sorted(values):
        faults.append(f"{name}: low <= central <= high does not hold")
    return faults


class Terrain(Protocol):
    """A source of terrain classes."""

    @property
    def source(self) -> str:
        """Name in a few words where the classes come from."""

    def classify(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.int8]:
        """Return for each point its position in `TERRAIN_CLASSES`."""


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
    """

    ground: Terrain
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    radius_km: NDArray[np.float64]

    @classmethod
    def of(cls, ground: Terrain, cities: gpd.GeoDataFrame) -> WithTowns:
        """Return the ground with towns whose radii follow from the populations of the cities."""
        points = cities.geometry
        return cls(
            ground,
            np.asarray(points.x, dtype=np.float64),
            np.asarray(points.y, dtype=np.float64),
            urban_radius_km(cities["population"].to_numpy(dtype=np.float64)),
        )

    @property
    def source(self) -> str:
        """Name in a few words where the classes come from."""
        return f"{self.ground.source}; urban by the populations of the cities"

    def classify(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.int8]:
        """Return for each point urban where it lies in a town, else the class of the ground."""
        found = self.ground.classify(lon, lat)
        points = cKDTree(on_sphere(lon, lat))
        for rows in points.query_ball_point(on_sphere(self.lon, self.lat), self.radius_km):
            found[rows] = TERRAIN_CLASSES.index("urban")
        return found


def urban_radius_km(population: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the radius of a circle that holds the residents of a city at `PEOPLE_PER_KM2`, km."""
    return np.sqrt(population / (np.pi * PEOPLE_PER_KM2))


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


def read_terrain(path: str | Path) -> Terrain:
    """Read a terrain source: polygons with a property `terrain`, or a raster of elevations.

    Parameters
    ----------
    path
        GeoJSON or GeoPackage with polygons whose `terrain` is plain, hill, mountain, urban or water; else a
        GeoTIFF of heights in metres.

    Raises
    ------
    CandidateError
        When the file is absent, unreadable or contains other classes.
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


def terrain_shares(lines: gpd.GeoSeries | Sequence[Any], terrain: Terrain) -> NDArray[np.float64]:
    """Return the share of each line in plain, hills, mountains, towns and over water, as `survey` does."""
    return survey(lines, terrain)[0]


def survey(
    lines: gpd.GeoSeries | Sequence[Any], terrain: Terrain
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Measure the share of each line on each terrain, and its longest crossing of water.

    Parameters
    ----------
    lines
        Lines in degrees.
    terrain
        Source of the classes.

    Returns
    -------
    shares, crossing_km : numpy.ndarray
        float64 [n, 5], rows sum to one, columns as in `TERRAIN_CLASSES`; and float64 [n], km of the longest
        unbroken stretch over water along the line as drawn.
    """
    samples = [sample_line(line) for line in lines]
    if not samples:
        return np.zeros((0, len(TERRAIN_CLASSES))), np.zeros(0)
    points, sizes = np.concatenate(samples), np.array([len(part) for part in samples])
    classes = terrain.classify(points[:, 0], points[:, 1])
    rows = np.repeat(np.arange(len(samples)), sizes)
    counts = np.zeros((len(samples), len(TERRAIN_CLASSES)))
    np.add.at(counts, (rows, classes), 1.0)
    # A dry place before each line and after the last keeps the crossings of two lines apart.
    starts = np.cumsum(sizes) - sizes
    wet = np.append(np.insert(classes == WATER, starts, False), False).astype(np.int8)
    line_of = np.insert(rows, starts, np.arange(len(samples)))
    before, last = (np.flatnonzero(np.diff(wet) == step) for step in (1, -1))
    longest = np.zeros(len(samples))
    np.maximum.at(longest, line_of[last], last - before)
    step_km = np.array([line_km(line) for line in lines]) / sizes
    shares = np.asarray(counts / counts.sum(axis=1, keepdims=True), dtype=np.float64)
    return shares, longest * step_km


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


def _read_polygons(path: Path) -> TerrainPolygons:
    """Read polygons and their classes, all faults at once."""
    try:
        table = inputs.read_features(path)
    except Exception as error:
        raise CandidateError("the terrain file cannot be read", where=str(path), done=str(error)) from error
    if "terrain" not in table.columns:
        raise CandidateError(
            "the polygons have no property `terrain`",
            where=str(path),
            remedy="Give each polygon `terrain`: plain, hill, mountain, urban or water.",
        )
    named = [str(value).strip().lower() for value in table["terrain"]]
    faults = [f"polygon {row + 1}: `{name}`" for row, name in enumerate(named) if name not in TERRAIN_CLASSES]
    if faults:
        raise CandidateError(
            "unknown terrain classes",
            where=str(path),
            faults=faults,
            remedy="Use plain, hill, mountain, urban or water.",
        )
    return TerrainPolygons(
        polygons=tuple(table.geometry),
        classes=tuple(TERRAIN_CLASSES.index(name) for name in named),
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
