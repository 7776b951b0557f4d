"""Read which roads and railways were opened after a day, and what they cost."""

import math
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from networks.osm.tags import last_day
from optimiser.measures.recall import MODES
from optimiser.problem.errors import JobError
from optimiser.problem.jsonfile import repeated
from optimiser.proposals import own
from optimiser.proposals.base_case import line_km
from optimiser.proposals.costs import CostTable, estimate
from optimiser.proposals.terrain import Terrain, survey

REQUIRED = ("id", "mode", "opened", "geometry")
"""Columns that every table of corridors has."""
OPTIONAL = ("from", "to", "length_km", "standard", "cost", "cost_quality", "left_out")
"""Columns that are read where they are there; all others are for readers."""
_REMEDY = (
    f"Required: {', '.join(REQUIRED)}, and `cost` or `standard`; optional: {', '.join(OPTIONAL)}. "
    "docs/backcast.md says what they mean."
)


def read_corridors(
    path: Path, costs: CostTable, terrain: Terrain, *, after: date, level: str = "central"
) -> gpd.GeoDataFrame:
    """Read the corridors of a table that were opened after a day.

    Parameters
    ----------
    path
        CSV with WKT, GeoJSON or GeoPackage; columns as in `REQUIRED` and `OPTIONAL`.
    costs, terrain
        For corridors whose cost is not stated.
    after
        The day. A month or a year counts as its last day, as everywhere in the network.
    level
        Which estimate counts for costs that are not stated: low, central or high.

    Returns
    -------
    gpd.GeoDataFrame
        In the order of the table, those left out included: `id`, `mode`, `from`, `to`, `opened` (date),
        `length_km` (published, or that of the line), `line_km`, `cost`, `cost_basis` (stated, rates),
        `cost_quality`, `left_out` (why it does not count; empty: it does), `geometry`.

    Raises
    ------
    JobError
        With the faults of all rows, such as missing dates; or when no corridor that counts was opened later.
    """
    table = own.read_table(path, "table of corridors")
    missing = [name for name in REQUIRED if name not in table.columns]
    if missing:
        raise _refusal(path, f"has no column {', '.join(missing)}")
    rows = [
        {  # dates, which GeoPackage knows, as text
            str(key): value.date().isoformat() if isinstance(value, datetime) else value
            for key, value in values.items()
            if not own.is_empty(value)
        }
        for values in table.to_dict("records")
    ]
    faults = [
        f"row {number}: {fault}" for number, row in enumerate(rows, 1) for fault in _row_faults(row, costs)
    ]
    twice = repeated(str(row.get("id")) for row in rows)
    faults += [f"the id `{name}` is used twice" for name in twice]
    if faults:
        raise _refusal(path, "cannot be used", *faults)
    found = pd.DataFrame([_corridor(row, costs, terrain, level) for row in rows])
    later = gpd.GeoDataFrame(found[found["opened"] > after].reset_index(drop=True), crs=4326)
    if (later["left_out"] != "").all():
        raise JobError(
            f"the table of corridors has none that was opened after {after}",
            where=str(path),
            done="Nothing was written.",
            remedy="Name an earlier day with --as-of, or extend the table.",
        )
    return later


def _refusal(path: Path, what: str, *faults: str) -> JobError:
    return JobError(
        f"the table of corridors {what}",
        where=str(path),
        faults=faults,
        done="Nothing was written.",
        remedy=_REMEDY,
    )


def _row_faults(row: Mapping[str, object], costs: CostTable) -> list[str]:
    """List what is wrong with a row, whose empty cells are left out."""
    faults = [f"{name} is missing" for name in REQUIRED if name not in row]
    if "opened" in row and last_day(str(row["opened"])) is None:
        faults.append(f"opened `{row['opened']}` is none of YYYY, YYYY-MM and YYYY-MM-DD")
    if "mode" in row and str(row["mode"]) not in MODES:
        faults.append(f"mode `{row['mode']}` is none of {', '.join(MODES)}")
    if "geometry" in row and _line(row) is None:
        faults.append("geometry is not a line")
    if "length_km" in row and not 0 < own.as_number(row["length_km"]) < math.inf:
        faults.append(f"length_km `{row['length_km']}` is not a number above 0")
    if "cost" in row and not (0 < (cost := own.as_number(row["cost"])) < 2**63 and cost % 1 == 0):
        faults.append(f"cost `{row['cost']}` is not a whole number above 0")
    if "cost" not in row and "standard" not in row:
        faults.append("neither cost nor standard is given")
    if "cost" not in row and "standard" in row and str(row["standard"]) not in costs.standards:
        faults.append(f"standard `{row['standard']}` is none of {', '.join(costs.standards)}")
    return faults


def _line(row: Mapping[str, object]) -> shapely.Geometry | None:
    """Return the line of a row, whether it is a geometry or well-known text; None where it is none."""
    shape = row["geometry"]
    if not isinstance(shape, shapely.Geometry):
        shape = shapely.from_wkt(str(shape), on_invalid="ignore")
    is_line = isinstance(shape, shapely.LineString | shapely.MultiLineString)
    return shape if is_line and shape.length > 0 else None


def _corridor(row: Mapping[str, object], costs: CostTable, terrain: Terrain, level: str) -> dict[str, Any]:
    """Return the corridor of a row without faults."""
    line = _line(row) or shapely.LineString()
    length_km = own.as_number(row["length_km"]) if "length_km" in row else line_km(line)
    is_stated = "cost" in row
    if is_stated:
        cost, quality = int(own.as_number(row["cost"])), str(row.get("cost_quality", ""))
    else:
        shares = survey([line], terrain)[0].tolist()
        cost = int(getattr(estimate(costs, str(row["standard"]), length_km, shares), level))
        quality = "C"
    return {
        "id": str(row["id"]),
        "mode": str(row["mode"]),
        "from": str(row.get("from", "")),
        "to": str(row.get("to", "")),
        "opened": last_day(str(row["opened"])),
        "length_km": length_km,
        "line_km": line_km(line),
        "cost": cost,
        "cost_basis": "stated" if is_stated else "rates",
        "cost_quality": quality,
        "left_out": str(row.get("left_out", "")),
        "geometry": line,
    }


def corridor_table(corridors: gpd.GeoDataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `corridors.csv`.

    Parameters
    ----------
    corridors
        The corridors.
    found
        Of those that count `id`, `ends_at_cities`, `share_found` and `share_on_rings`.
    """
    by_id = found.set_index("id")
    return (
        pd.DataFrame(corridors.drop(columns="geometry"))
        .assign(
            opened=corridors["opened"].astype(str),
            ends_at_cities=corridors["id"].map(by_id["ends_at_cities"]).astype("Int64"),
            **{name: corridors["id"].map(by_id[name]) for name in ("share_found", "share_on_rings")},
        )
        .round({"length_km": 1, "line_km": 1, "share_found": 4, "share_on_rings": 4})
    )
