"""Provide the embedded regions, each with a network, cities and fact tables."""

import tomllib
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import resources
from pathlib import Path

from networks.errors import SourceError
from networks.inputs import checksum

__all__ = ["Region", "check", "folder", "names", "read"]

_ROOT = Path(str(resources.files("networks.regions")))
"""Folder that holds the regions."""


@dataclass(frozen=True, kw_only=True)
class Region:
    """Description of an embedded region.

    Parameters
    ----------
    name, title
        Name on the command line, and name for people.
    country
        ISO 3166-1 alpha-2 code, which selects the table of default speeds.
    bbox
        South, west, north and east border of the network, degrees (WGS 84).
    margin_km
        Least distance by which the network extends beyond the border of the region.
    money, price_year
        Unit of all costs, and the year of their prices.
    road_length_factor, rail_length_factor
        Factors by which lengths of the geometry are multiplied to obtain lengths on the ground. The network
        file has those of roads already, of which only geometry of unknown length is multiplied.
    design_kmh
        Highest design speed of expressways by terrain.
    vintage, attribution
        Dates of the sources, and the notice that maps must show.
    caution
        What a reader must know before taking a plan for an answer; may be empty.
    gaps
        What the data are known to lack, in a sentence; may be empty.
    cities, readme
        Paths of the table of cities, and of the description of the data.
    network
        Network file; None where the region has no roads and tracks.
    network_sha256, timetable_sha256
        Checksums of the network file and of the timetable, hexadecimal; empty where there is none.
    counties, terrain, facts
        Further list of cities, outline of the terrain, folder of fact tables; None where there are none.
    built
        Table of the roads and railways opened in past years; None where the region has none.
    timetable
        GTFS feed whose trains run; None where the network has its own.
    """

    name: str
    title: str
    country: str
    bbox: tuple[float, float, float, float]
    margin_km: float
    money: str
    price_year: int
    vintage: str
    attribution: str
    cities: Path
    readme: Path
    road_length_factor: float = 1.0
    rail_length_factor: float = 1.0
    design_kmh: dict[str, float] = field(default_factory=dict)
    network: Path | None = None
    network_sha256: str = ""
    counties: Path | None = None
    terrain: Path | None = None
    facts: Path | None = None
    built: Path | None = None
    caution: str = ""
    gaps: str = ""
    timetable: Path | None = None
    timetable_sha256: str = ""


def names() -> tuple[str, ...]:
    """Return the names of the embedded regions, sorted."""
    return tuple(sorted(entry.name for entry in _ROOT.iterdir() if (entry / "region.toml").is_file()))


def folder(name: str) -> Path:
    """Return the folder of an embedded region, which contains ``region.toml``.

    Parameters
    ----------
    name
        Name of the region, one of :func:`names`.

    Raises
    ------
    SourceError
        If there is no such region.
    """
    known = names()
    if name not in known:
        close = get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"embedded regions: {', '.join(known)}"
        raise SourceError(f"there is no embedded region named {name!r}", remedy=hint)
    return _ROOT / name


def read(name: str) -> Region:
    """Read the description of an embedded region.

    Parameters
    ----------
    name
        Name of the region, one of :func:`names`.

    Returns
    -------
    Region
        Its description, with absolute paths.

    Raises
    ------
    SourceError
        If there is no such region.
    """
    place = folder(name)
    with (place / "region.toml").open("rb") as file:
        data = tomllib.load(file)
    files = {key: place / value for key, value in data.pop("files").items()}
    box = data.pop("bbox")
    bbox = (box["south"], box["west"], box["north"], box["east"])
    return Region(name=name, bbox=bbox, **files, **data)


def check(region: Region) -> None:
    """Check that network and timetable of a region are the ones that were built for it.

    Parameters
    ----------
    region
        The region, from :func:`read`.

    Raises
    ------
    SourceError
        If the file is missing or its checksum differs. This also detects a truncation between two blocks,
        which no check of the file itself can.
    """
    for title, path, known in (
        ("network file", region.network, region.network_sha256),
        ("timetable", region.timetable, region.timetable_sha256),
    ):
        if path is None:
            continue
        if not path.is_file():
            fault = f"the {title} of the region is missing"
        elif checksum(path) != known:
            fault = f"the {title} of the region is damaged: its checksum differs from that in region.toml"
        else:
            continue
        raise SourceError(
            fault,
            where=str(path),
            done="Nothing was read and nothing was written.",
            remedy="Reinstall the package; after an intended change, write the new SHA-256 to region.toml.",
        )
