"""Compare rail times of the region Jing-Jin-Ji with a timetable, and write a page of results.

Usage: python benchmarks/rail_times.py CALIBRATION.csv [--network FILE.osm.pbf] [--out FILE.md]

The calibration table has one row per pair of cities: stations, number of stops and kind of the fastest train,
minutes of the fastest and of the median train, and the year of the timetable. Two models are measured on the
network of that year: the running-time model, given the number of stops and the kind of the fastest train; and
the services of the network from end to end, which do not use that train. The rows of the later timetable are
also compared with the services of today.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rail_model import Columns, errors, fit, model_min
from rail_page import SERVED, TARGET, report
from rail_routes import read_rows, route_rows

__all__ = [
    "SERVED",
    "TARGET",
    "Columns",
    "errors",
    "fit",
    "main",
    "model_min",
    "read_rows",
    "report",
    "route_rows",
]

ROOT = Path(__file__).resolve().parent.parent
NETWORK = ROOT / "networks" / "regions" / "jing-jin-ji" / "network.osm.pbf"
OUT = ROOT / "benchmarks" / "results" / "rail_times.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison.

    Returns
    -------
    int
        0 when the page is written, 2 when a file is missing.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("calibration", type=Path)
    parser.add_argument("--network", type=Path, default=NETWORK)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(arguments)
    for path, what in ((options.calibration, "calibration table"), (options.network, "network")):
        if not path.is_file():
            print(f"The {what} {path} is not here; nothing was compared.", file=sys.stderr)
            return 2
    rows = read_rows(options.calibration)
    routed, left_out = route_rows(rows, options.network)
    page = report(routed, left_out, len(rows))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(page, encoding="utf-8")
    print(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
