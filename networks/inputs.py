"""Refuse files of a user that are no plain files, are too large, or are of another kind than their name says.

Everything that is read from a user's file goes through here first, but for problem and result files, which
`optimiser.problem` reads without this package. A faulty file is an `OSError`, so that each reader reports it
as any other file that cannot be read.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import json
import math
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

MOST_TEXT_BYTES = 64 * 2**20
"""A table of costs, of cities or of train services has at most so many bytes."""
MOST_BYTES = 4 * 2**30
"""A matrix or a GeoPackage has at most so many bytes."""
MOST_CELLS = 2_000_000
"""Cells of a table, whose lines all get those of the longest; in a matrix each takes up to 330 bytes."""
FREE_BYTES, MOST_EXPANSION = 2**25, 100
"""What is packed unpacks at most to this size or to so many times its own: a defence against bombs."""

_DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Characters that turn the direction of text: they can make a name read as another one."""
_UNSHOWN: Mapping[int, str | None] = {
    **dict.fromkeys((*range(32), *range(127, 160))),
    **dict.fromkeys(map(ord, "\t\n\r"), " "),
    **dict.fromkeys(map(ord, _DIRECTIONS)),
}
"""What becomes of characters that no name shows: terminals obey some of them."""

_LARGEST_ANGLE = 1000.0
"""Number beyond which a coordinate is taken for a length."""
_JSON_SUFFIXES = (".geojson", ".json")
_SQLITE, _GEOPACKAGE = b"SQLite format 3\0", (b"GPKG", b"GP10", b"GP11")
"""First bytes of a GeoPackage, and those at 68, the id of the application."""
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""First bytes of a GeoTIFF: either order of bytes, of 32 or 64 bits."""


class InputFileError(OSError):
    """A file is none that is read."""

    def __init__(self, fault: str) -> None:
        super().__init__(0, fault)

    def __str__(self) -> str:
        """Return the fault alone."""
        return str(self.strerror)


def checked(path: Path, *, most_bytes: int = MOST_BYTES) -> Path:
    """Return a path if it leads to a plain file that is not too large.

    Parameters
    ----------
    path
        A path that a user gave.
    most_bytes
        Largest size.

    Raises
    ------
    InputFileError
        When it leads to a folder, a device or a pipe, which might never end, or the file is too large.
    OSError
        When nothing is there, or it may not be read.
    """
    if "\0" in str(path):
        raise InputFileError("the path holds a null character")
    found = path.stat()
    if stat.S_ISDIR(found.st_mode):
        raise InputFileError("it is a folder, not a file")
    if not stat.S_ISREG(found.st_mode):
        raise InputFileError("it is a device or a pipe, not a file")
    if found.st_size > most_bytes:
        raise InputFileError(f"it has {found.st_size:,} bytes, more than {most_bytes:,}")
    return path


def checksum(path: Path, kind: str = "sha256") -> str:
    """Return a checksum of a file, its SHA-256 or another kind of `hashlib`, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False)).hexdigest()


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path to write to, with the same suffixes; it then replaces another, and goes after an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.stem}.{os.getpid()}.part{''.join(path.suffixes)}")
    try:
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def printable(text: str) -> str:
    """Return a name without control characters and without those that turn the direction of text."""
    return text if text.isprintable() else text.translate(_UNSHOWN)


def number(text: str) -> float | None:
    """Return the finite number that a cell holds; None where it holds none.

    Python's own reader would take `700_000` for a number.
    """
    try:
        value = math.nan if "_" in text else float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def read_text(path: Path, *, most_bytes: int = MOST_TEXT_BYTES) -> str:
    """Return the text of a small file in UTF-8.

    Raises
    ------
    OSError
        As for `checked`.
    UnicodeDecodeError
        When it is not UTF-8.
    """
    return checked(path, most_bytes=most_bytes).read_text(encoding="utf-8-sig")


def read_csv(path: Path, columns: Sequence[str]) -> tuple[list[tuple[int, dict[str, str]]], list[str]]:
    """Read a small table in CSV, UTF-8 with a header.

    Parameters
    ----------
    columns
        Those that it must have.

    Returns
    -------
    rows, faults
        Number of the line and cells by column, printable and without blanks round them, of each row that
        holds anything; and what is wrong with the header, in which case there are no rows.

    Raises
    ------
    OSError, UnicodeDecodeError, csv.Error
        As for `read_text`, or when quotes are not closed.
    """
    text = read_text(path)
    reader = csv.DictReader(io.StringIO(text, newline=""), restval="", strict=True)
    header = [name.strip() for name in reader.fieldnames or ()]
    refuse_cells(len(header) * (text.count("\n") + text.count("\r")))
    if fault := separator_fault(header):
        return [], [fault]
    faults = []
    for name in columns:
        if name not in header:
            short = [one for one in header if len(one) > 1 and (name.startswith(one) or one.startswith(name))]
            alike = (difflib.get_close_matches(name, header, n=1) or short)[:1]
            hint = "".join(f"; did you mean '{one}'?" for one in alike)
            faults.append(f"column '{name}' is missing{hint}")
    faults += [f"column '{name}' is repeated" for name in sorted(set(header)) if header.count(name) > 1]
    reader.fieldnames = header
    # Cells beyond the header have no name, and are a list.
    rows = [
        (reader.line_num, {k: printable(v).strip() for k, v in row.items() if isinstance(v, str)})
        for row in reader
        if any(row.values())
    ]
    return [] if faults else rows, faults


def flat(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose named indices are its first columns, as they are in a file."""
    return table.reset_index([name for name in table.index.names if name and name not in table.columns])


def refuse_cells(cells: int, most: int = MOST_CELLS) -> None:
    """Refuse a table that has more than so many cells."""
    if cells > most:
        raise InputFileError(f"its lines and columns make {cells:,} cells, more than {most:,}")


def refuse_expansion(unpacked: int, packed: int) -> None:
    """Refuse a packed file that unpacks to far more bytes than it has."""
    if unpacked > max(FREE_BYTES, MOST_EXPANSION * packed):
        ratio = f"more than {MOST_EXPANSION} times its own {packed:,}"
        raise InputFileError(f"it unpacks to {unpacked:,} bytes, {ratio}")


def count_cells(stream: IO[bytes]) -> int:
    """Return how many cells a table in CSV has in memory, where every line has those of the longest."""
    import pandas as pd

    cells = lines = 0
    for chunk in iter(partial(stream.read, 2**20), b""):
        lines += chunk.count(b"\n") + chunk.count(b"\r")
        cells += chunk.count(b",")
    stream.seek(0)
    if cells + lines > MOST_CELLS:
        return cells + lines
    try:
        header = pd.read_csv(stream, dtype=str, nrows=0, encoding="utf-8-sig")
    except pd.errors.EmptyDataError:
        return 0
    return max(cells + lines, len(header.columns) * lines)


def read_frame(path: Path, most_cells: int = MOST_CELLS) -> pd.DataFrame:
    """Return a table in CSV, all its cells as text.

    Raises
    ------
    OSError, ValueError
        As for `checked`; when it has more cells, or is none.
    """
    import pandas as pd

    with checked(path).open("rb") as stream:
        refuse_cells(count_cells(stream), most_cells)
    return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")


def separator_fault(header: Sequence[str]) -> str:
    """Return a fault of the names of columns that something else than commas separates; else empty text."""
    marks = {";": "semicolons", "\t": "tabs"}
    found = next((name for mark, name in marks.items() if len(header) <= 2 and mark in "".join(header)), "")
    return f"the columns are separated by {found}; separate them by commas" if found else ""


def place_fault(lat: float, lon: float) -> str:
    """Return a fault of a place in degrees, with what its numbers look like; empty text where it has none."""
    if abs(lat) <= 90 and abs(lon) <= 180:
        return ""
    if max(abs(lat), abs(lon)) > _LARGEST_ANGLE:
        return "is in metres, as it seems; give degrees (WGS 84)"
    swapped = "; they look swapped" if abs(lon) <= 90 and abs(lat) <= 180 else ""
    return f"is out of range{swapped}"


def read_features(path: Path) -> gpd.GeoDataFrame:
    """Return the features of a GeoJSON file or a GeoPackage, in degrees of WGS 84.

    GeoJSON is read without GDAL, whose other formats may name further files and addresses to be opened
    whatever a file is called.

    Raises
    ------
    OSError
        As for `checked`, and when the file is neither of the two.
    ValueError
        When the content is damaged, or names a coordinate system that does not exist.
    """
    if path.suffix.lower() in _JSON_SUFFIXES:
        table = _read_geojson(path)
        if abs(table.total_bounds).max(initial=0.0) > _LARGEST_ANGLE:
            raise ValueError(f"its geometry {place_fault(0.0, float('inf'))}, or name its coordinate system")
        return table
    import geopandas as gpd

    table = gpd.read_file(checked_package(path), engine="pyogrio")
    return table if table.crs is None else table.to_crs(4326)


def checked_package(path: Path) -> Path:
    """Return a path if it leads to a GeoPackage, whatever it is called.

    Raises
    ------
    OSError
        As for `checked`, and when the file is something else.
    """
    head = _head(path)
    if not head.startswith(_SQLITE) or head[68:] not in _GEOPACKAGE:
        raise InputFileError("it is no GeoPackage (.gpkg)")
    return path


def checked_tiff(path: Path) -> Path:
    """Return a path if it leads to a TIFF, whatever it is called, as `checked_package` does."""
    if not _head(path).startswith(_TIFF):
        raise InputFileError("it is no GeoTIFF (.tif)")
    return path


def _head(path: Path) -> bytes:
    with checked(path).open("rb") as stream:
        return stream.read(72)


def _read_geojson(path: Path) -> gpd.GeoDataFrame:
    import geopandas as gpd
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    text = checked(path, most_bytes=MOST_BYTES).read_text(encoding="utf-8-sig")
    try:
        content = json.loads(text)
    except RecursionError:
        raise ValueError("brackets are nested too deep") from None
    kind = content.get("type") if isinstance(content, dict) else None
    features = (
        {"Feature": [content], "FeatureCollection": content.get("features")}.get(kind) if kind else None
    )
    if not isinstance(features, list) or not all(
        isinstance(one, dict)
        and one.get("type") == "Feature"
        and isinstance(one.get("properties") or {}, dict)
        and isinstance(one.get("geometry") or {}, dict)
        for one in features
    ):
        raise InputFileError("it is not GeoJSON: neither a feature nor a collection of features")
    try:
        crs = CRS.from_user_input(content["crs"]["properties"]["name"]) if content.get("crs") else CRS(4326)
        table = gpd.GeoDataFrame.from_features(features, crs=crs)
    except (CRSError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"its content is damaged: {error}") from error
    if "geometry" not in table:
        return gpd.GeoDataFrame(table, geometry=[], crs=crs).to_crs(4326)
    return table.to_crs(4326)
