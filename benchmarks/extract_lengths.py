"""Compare road kilometres of imported networks with a direct count; print a table.

Run it with `python benchmarks/extract_lengths.py FOLDER`, where FOLDER holds OpenStreetMap files. The
direct count adds the geodesics between the nodes of every way, with pyosmium's node locations and pyproj, and
shares no code with the import.
"""

from __future__ import annotations

import argparse
import itertools
from collections import defaultdict
from pathlib import Path

import osmium
import pyproj

from networks import osm, road

CLASSES = ("motorway", "trunk", "primary", "secondary", "tertiary")
_GEOD = pyproj.Geod(ellps="WGS84")


def direct_km(path: Path) -> dict[str, float]:
    """Add up the length of all ways by class, slip roads with their class.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    dict
        Kilometres by class. Segments with a node that is not in the file are left out.
    """
    total: dict[str, float] = defaultdict(float)
    wanted = osmium.filter.KeyFilter("highway")
    wanted.enable_for(osmium.osm.WAY)
    for way in osmium.FileProcessor(str(path)).with_locations().with_filter(wanted):
        if not isinstance(way, osmium.osm.Way):
            continue
        name = (way.tags.get("highway") or "").removesuffix("_link")
        if name not in CLASSES:
            continue
        places = [(node.lon, node.lat) if node.location.valid() else None for node in way.nodes]
        for a, b in itertools.pairwise(places):
            if a is not None and b is not None:
                total[name] += _GEOD.inv(*a, *b)[2] / 1000
    return dict(total)


def imported(path: Path, *, country: str) -> tuple[dict[str, float], road.RoadReport]:
    """Import a file and add up the length of the links by class, slip roads with their class.

    Parameters
    ----------
    path
        The file.
    country
        Table of speeds.

    Returns
    -------
    tuple of dict and RoadReport
        Kilometres by class, and what the import dropped.
    """
    network, report = road.build(osm.read(path), country=country)
    links = network.links[network.links["mode"] == "road"]
    names = links["link_class"].str.removesuffix("_link")
    return links.groupby(names)["length_km"].sum().to_dict(), report


def main() -> None:
    """Read the folder, print the table, and write it to a page where one is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--country", default="EU")
    parser.add_argument("--out", type=Path, help="page whose table is replaced")
    options = parser.parse_args()
    paths = sorted(
        path for path in options.folder.iterdir() if ".osm" in path.name or path.name.endswith(".pbf")
    )
    lines = [
        f"| file | {' | '.join(CLASSES)} | difference | dropped or merged |",
        "|---|" + "---:|" * (len(CLASSES) + 1) + "---|",
        *(_line(path, options.country) for path in paths),
    ]
    text = "\n".join(lines)
    print(text)
    if options.out:
        head, _, rest = options.out.read_text(encoding="utf-8").partition("<!-- table -->\n")
        _, _, tail = rest.partition("<!-- end -->\n")
        page = f"{head}<!-- table -->\n{text}\n<!-- end -->\n{tail}"
        options.out.write_text(page, encoding="utf-8")


def _line(path: Path, country: str) -> str:
    counted = direct_km(path)
    network, report = imported(path, country=country)
    cells = [
        f"{network.get(name, 0):.1f} / {counted.get(name, 0):.1f}" if counted.get(name) else "-"
        for name in CLASSES
    ]
    whole = sum(counted.values())
    gap = (sum(network.values()) - whole) / whole
    dropped = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in report.dropped.items())
    return f"| {path.name} | {' | '.join(cells)} | {gap:+.2%} | {dropped or 'nothing'} |"


if __name__ == "__main__":
    main()
