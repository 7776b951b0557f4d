"""Hand out the regions that come with the package: a network, cities and facts each."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import resources
from pathlib import Path

from networks.errors import SourceError

__all__ = ["Region", "check", "checksum", "folder", "names", "read"]


@dataclass(frozen=True, kw_only=True)
class Region:
    """What a job needs to know about an embedded region.

    Parameters
    ----------
    name, title
        Name on the command line; name for people.
    country
        ISO 3166-1 alpha-2 code, which chooses the table of default speeds.
    bbox
        South, west, north and east border of the network, degrees (WGS 84).
    margin_km
        Least distance that the network reaches beyond the outermost border of the region.
    money, price_year
        Unit of every cost, and the year of its prices.
    road_length_factor, rail_length_factor
        By what the lengths of the geometry are multiplied to give lengths on the ground.
    vintage, attribution
        Date of the sources; the notice that maps must carry.
    network_sha256
        Checksum of the network file, hexadecimal.
    network, cities, counties, terrain, facts, readme
        Paths of the files.
    """

    name: str
    title: str
    country: str
    bbox: tuple[float, float, float, float]
    margin_km: float
    money: str
    price_year: int
    road_length_factor: float
    rail_length_factor: float
    vintage: str
    attribution: str
    network_sha256: str
    network: Path
    cities: Path
    counties: Path
    terrain: Path
    facts: Path
    readme: Path


def names() -> tuple[str, ...]:
    """Return the names of the embedded regions, sorted."""
    return tuple(sorted(entry.name for entry in _root().iterdir() if (entry / "region.toml").is_file()))


def folder(name: str) -> Path:
    """Return the folder of an embedded region.

    Parameters
    ----------
    name
        Name of the region, as :func:`names` lists it.

    Returns
    -------
    Path
        A folder with ``region.toml`` and the files that it names.

    Raises
    ------
    SourceError
        If there is no such region.
    """
    known = names()
    if name not in known:
        close = get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"embedded regions: {', '.join(known)}"
        raise SourceError(f"no region named {name!r} comes with the package", remedy=hint)
    return _root() / name


def read(name: str) -> Region:
    """Read the description of an embedded region.

    Parameters
    ----------
    name
        Name of the region, as :func:`names` lists it.

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
    """Refuse an embedded region whose network file is not the one that was built for it.

    Parameters
    ----------
    region
        The region, from :func:`read`.

    Raises
    ------
    SourceError
        If the file is missing or its checksum differs, such as after a cut that no other test can see.
    """
    if not region.network.is_file():
        fault = "the network of the region is missing"
    elif checksum(region.network) != region.network_sha256:
        fault = "the network of the region is damaged: its checksum is not the one in region.toml"
    else:
        return
    raise SourceError(
        fault,
        where=str(region.network),
        done="Nothing was read and nothing was written.",
        remedy="Install the package again; after a change on purpose write the SHA-256 to region.toml.",
    )


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    str
        64 digits.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _root() -> Path:
    """Return the folder that holds the regions."""
    return Path(str(resources.files("networks.regions")))
