"""Compare driving times and distances of the region Jing-Jin-Ji with two tables, and show where they differ.

Usage: python benchmarks/road_times.py FOLDER [--network FILE.osm.pbf] [--out FILE.md]

`FOLDER` holds two tables whose cities have the names of the region's list:

* `road_times_reference.csv` (a, b, design_speed_hours): driving times at design speed. The spread of the
  ratio of our time to this time is judged: one ratio for all pairs means that the network is right.
* `road_distances.csv` (a, b, driving_km): usual driving distances.

Times are those of the definition `in_vehicle` without trains: driving alone, from the road node of one city
to that of the other. For pairs that stand out the page lists the road numbers of the route with km and speed.
"""

import argparse
import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from networks import cities, impedance, intermodal, osm, regions, road, skims
from networks.schema import Floats, Network
from networks.skims import ARC_KINDS, TimeGraph
from optimiser.proposals.base_case import road_label

ROOT = Path(__file__).resolve().parent.parent
REGION = "jing-jin-ji"
OUT = ROOT / "benchmarks" / "results" / "road_times.md"
TIMES, DISTANCES = "road_times_reference.csv", "road_distances.csv"
MEDIAN = (1.15, 1.35)
"""Range in which the median of the ratios should lie."""
SPREAD = 1.15
"""Largest 90th over 10th percentile of the ratios."""
OUTLIER = (0.8, 1.25)
"""Range of a ratio over the median; pairs outside are outliers."""
NEAR_KM, NEAR_SHARE = 0.10, 0.85
"""Distances within this share of the table, for at least this share of the pairs."""
SHOWN = 0.10
"""Pairs whose ratio or distance is off by more than this are shown with their routes."""


@dataclass(frozen=True)
class Stretch:
    """The part of a route on one road: its number or class, speed and length."""

    name: str
    speed_kmh: float
    km: float


@dataclass(frozen=True)
class Drive:
    """A driving route between two cities."""

    pair: str
    hours: float
    km: float
    stretches: tuple[Stretch, ...]

    def km_by_speed(self) -> str:
        """Return the km of each class and speed, the longest first."""
        total: dict[str, float] = {}
        for key, km in (
            (f"{'M' if s.name[:1].isupper() else s.name} {s.speed_kmh:.0f}", s.km) for s in self.stretches
        ):
            total[key] = total.get(key, 0.0) + km
        return ", ".join(
            f"{key}: {km:.0f}" for key, km in sorted(total.items(), key=lambda item: -item[1]) if km >= 1
        )

    def roads(self) -> str:
        """Return the roads in order of travel with km and speed; parts below 1 km are left out."""
        return ", ".join(f"{s.name} {s.km:.0f} km ({s.speed_kmh:.0f})" for s in self.stretches if s.km >= 1.0)


@dataclass(frozen=True)
class Compared:
    """A route beside the value of a table, hours or km."""

    drive: Drive
    table: float
    ratio: float


def road_network(file: Path, region: regions.Region) -> Network:
    """Return the roads of a network file with times, as a run reads them."""
    roads, _ = road.build(osm.read(file, rail=False), country=region.country)
    return impedance.add_travel_times(roads)


class Driving:
    """Routes between the cities of the region on its roads."""

    def __init__(self, file: Path) -> None:
        region = regions.read(REGION)
        found = cities.load_csv(region.cities)
        roads = cities.with_nodes_near(road_network(file, region), found)
        snapped = cities.snap(found, roads).cities
        self._graph: TimeGraph = intermodal.join(roads, None, snapped, definition="in_vehicle")
        self._links = roads.links
        self._rows = {str(name): row for row, name in enumerate(snapped.table["name"])}
        self._paths: dict[int, dict[int, skims.Path]] = {}

    def knows(self, name: str) -> bool:
        """Return whether the region's list has a city of this name."""
        return name in self._rows

    def drive(self, a: str, b: str) -> Drive:
        """Return the fastest route between two cities."""
        origin, end = self._rows[a], self._rows[b]
        if origin not in self._paths:
            (self._paths[origin],) = skims.paths(self._graph, [origin])
        path = self._paths[origin][end]
        arcs = path.arcs[self._graph.kind[path.arcs] == ARC_KINDS.index("road")]
        rows = self._links.iloc[self._graph.ref[arcs]]
        return Drive(f"{a} - {b}", path.seconds / 3600.0, float(rows["length_km"].sum()), _stretches(rows))


def _stretches(rows: object) -> tuple[Stretch, ...]:
    """Join consecutive links of one road and speed."""
    joined: list[Stretch] = []
    for link in rows.itertuples():  # type: ignore[attr-defined]
        name = road_label(str(link.ref), "").split(";")[0] or str(link.link_class)
        if joined and (joined[-1].name, joined[-1].speed_kmh) == (name, link.speed_kmh):
            joined[-1] = Stretch(name, link.speed_kmh, joined[-1].km + link.length_km)
        else:
            joined.append(Stretch(name, link.speed_kmh, link.length_km))
    return tuple(joined)


def compare(file: Path, column: str, driving: Driving) -> tuple[list[Compared], list[str]]:
    """Compare the routes with a column of a table, and return the pairs with an unknown city as well."""
    with file.open(encoding="utf-8", newline="") as stream:
        rows = [(row["a"], row["b"], float(row[column])) for row in csv.DictReader(stream)]
    compared, unknown = [], []
    for a, b, value in rows:
        if not (driving.knows(a) and driving.knows(b)):
            unknown.append(f"{a} - {b}")
            continue
        drive = driving.drive(a, b)
        ours = drive.hours if column.endswith("hours") else drive.km
        compared.append(Compared(drive, value, ours / value))
    return compared, unknown


def times_page(rows: Sequence[Compared]) -> list[str]:
    """Return the lines of the page about times."""
    ratios = np.array([row.ratio for row in rows])
    median = float(np.median(ratios))
    low, high = np.percentile(ratios, [10, 90])
    outside = [row for row in rows if not OUTLIER[0] <= row.ratio / median <= OUTLIER[1]]
    verdict = (
        f"{len(rows)} pairs. Ratio: median {median:.3f} ({_verdict(good=MEDIAN[0] <= median <= MEDIAN[1])}, "
        f"wanted {MEDIAN[0]:g} to {MEDIAN[1]:g}), 10th percentile {low:.3f}, 90th {high:.3f}, their quotient "
        f"{high / low:.3f} ({_verdict(good=high / low <= SPREAD)}, wanted {SPREAD:g} at most), least "
        f"{ratios.min():.3f}, greatest {ratios.max():.3f}. Outside {OUTLIER[0]:g} to {OUTLIER[1]:g} of the "
        f"median: {len(outside)} ({_verdict(good=not outside)}, wanted none). Quotient of the "
        f"rows in odd and in even places: {_quotient(ratios[::2]):.3f} and {_quotient(ratios[1::2]):.3f}."
    )
    lines = [
        "## Times over the times at design speed",
        "",
        verdict,
        "",
        "| pair | table, h | ours, h | km | km/h | ratio | over median | km by class and speed |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.drive.pair} | {row.table:.2f} | {row.drive.hours:.2f} | {row.drive.km:.0f} | "
        f"{row.drive.km / row.drive.hours:.0f} | {row.ratio:.3f} | {row.ratio / median:.3f} | "
        f"{row.drive.km_by_speed()} |"
        for row in sorted(rows, key=lambda row: row.ratio)
    ]
    return [*lines, "", *_routes([row for row in rows if abs(row.ratio / median - 1.0) > SHOWN], median)]


def distances_page(rows: Sequence[Compared]) -> list[str]:
    """Return the lines of the page about distances."""
    near = [abs(row.ratio - 1.0) <= NEAR_KM for row in rows]
    share = sum(near) / max(1, len(rows))
    verdict = (
        f"{sum(near)} of {len(rows)} pairs ({share:.0%}) are within {NEAR_KM:.0%} "
        f"({_verdict(good=share >= NEAR_SHARE)}, wanted {NEAR_SHARE:.0%}); median ratio "
        f"{np.median([row.ratio for row in rows]):.3f}."
    )
    lines = [
        "## Driving distances",
        "",
        verdict,
        "",
        "| pair | table, km | ours, km | ratio |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {row.drive.pair} | {row.table:.0f} | {row.drive.km:.0f} | {row.ratio:.3f} |"
        for row in sorted(rows, key=lambda row: row.ratio)
    ]
    return [*lines, "", *_routes([row for row in rows if abs(row.ratio - 1.0) > NEAR_KM], 1.0)]


def _routes(rows: Sequence[Compared], centre: float) -> list[str]:
    lines = [f"* {row.drive.pair} ({row.ratio / centre:.2f}): {row.drive.roads()}" for row in rows]
    return ["Routes that stand out, in order of travel:", "", *lines, ""] if lines else []


def _quotient(ratios: Floats) -> float:
    low, high = np.percentile(ratios, [10, 90])
    return float(high / low)


def _verdict(*, good: bool) -> str:
    return "met" if good else "missed"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison.

    Returns
    -------
    int
        0 when the page is written, 2 when a file is missing.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "folder", type=Path, help=f"folder with {TIMES} and {DISTANCES}; either may be absent"
    )
    parser.add_argument("--network", type=Path, default=regions.read(REGION).network)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(arguments)
    times, distances = options.folder / TIMES, options.folder / DISTANCES
    if not options.network.is_file() or not (times.is_file() or distances.is_file()):
        print(f"There is no table in {options.folder}, or no network {options.network}.", file=sys.stderr)
        return 2
    driving = Driving(options.network)
    lines: list[str] = ["# Road times and distances", ""]
    unknown: list[str] = []
    tables = ((times, "design_speed_hours", times_page), (distances, "driving_km", distances_page))
    for table, column, written in tables:
        if table.is_file():
            rows, missing = compare(table, column, driving)
            lines, unknown = [*lines, *written(rows)], [*unknown, *missing]
    if unknown:
        lines += [f"Pairs with a city that the region does not list: {', '.join(unknown)}.", ""]
    page = "\n".join(lines)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(page, encoding="utf-8")
    print(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
