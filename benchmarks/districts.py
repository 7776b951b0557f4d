"""Compare the rule on districts with lists of municipalities: the 100 largest places of twelve countries.

`python -m benchmarks.districts` prints a row for each country. `districts.toml` names the districts, from
memory.
"""

import tomllib
from pathlib import Path

from networks.world.towns import Box, all_towns, cities_in

LARGEST = 100
LEAST_PEOPLE = 50_000
EARTH = Box(south=-90, north=90, west=-180, east=180)


def compared(country: str, districts: set[str], merged: dict[int, str]) -> tuple[list[int], str]:
    """Return counts of one country, and the names of what the rule gets wrong.

    Parameters
    ----------
    country
        ISO 3166 code.
    districts
        Names of the districts among its largest places.
    merged
        Names of the cities that places were merged into, by the key of the place.
    """
    places = [town for town in all_towns() if town.country == country][:LARGEST]
    if absent := districts - {town.name for town in places}:
        raise SystemExit(f"{country}: not among the {LARGEST} largest places: {', '.join(sorted(absent))}")
    lost = [
        f"{t.name} ({merged[t.geonames_id]})"
        for t in places
        if t.name not in districts and t.geonames_id in merged
    ]
    left = [town.name for town in places if town.name in districts and town.geonames_id not in merged]
    gone = sum(town.geonames_id in merged for town in places)
    words = f"wrongly merged: {', '.join(lost) or 'none'}; wrongly kept: {', '.join(left) or 'none'}"
    return [len(places) - gone, gone, len(lost), len(left)], words


def main() -> None:
    """Print the table, and below it what is wrong."""
    truth = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    merged = {
        part.key: city.name for city in cities_in(EARTH, least_population=LEAST_PEOPLE) for part in city.parts
    }
    found = {country: compared(country, set(names), merged) for country, names in truth.items()}
    print("| country | kept | merged | wrongly merged | wrongly kept |", "|---|---|---|---|---|", sep="\n")
    rows = {country: counts for country, (counts, _) in found.items()}
    rows["all"] = [sum(column) for column in zip(*rows.values(), strict=True)]
    for country, counts in rows.items():
        print(f"| {country} | {' | '.join(map(str, counts))} |")
    print(*(f"{country}: {words}" for country, (_, words) in found.items()), sep="\n")


if __name__ == "__main__":
    main()
