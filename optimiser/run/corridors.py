"""Read which roads and railways were opened after a day, and what they cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import shapely

from networks.osm.tags import last_day
from optimiser.measures.recall import MODES
from optimiser.problem.errors import JobError
from optimiser.proposals import own
from optimiser.proposals.base_case import line_km
from optimiser.proposals.costs import CostTable, estimate
from optimiser.proposals.terrain import Terrain, terrain_shares

REQUIRED = ("id", "mode", "opened", "geometry")
"""Columns that every table of corridors has."""
OPTIONAL = ("from", "to", "length_km", "standard", "cost", "cost_quality", "left_out")
"""Columns that are read where they are there; all others are for readers."""
_REMEDY = (
    f"Required: {', '.join(REQUIRED)}, and `cost` or `standard`; optional: {', '.join(OPTIONAL)}. "
    "docs/backcast.md says what they mean."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Corridor:
    """A road or railway that was opened.

    Attributes
    ----------
    id, from_name, to_name
        Key, and ends for people.
    mode
        road or rail.
    opened
        Latest day that its date can mean.
    line
        Its course, degrees.
    length_km
        Length that it is paid for: the published one, else that of the line.
    cost
        Money of the cost table.
    cost_quality
        Quality of the cost: that of the table for a stated cost, C for a length at the rates.
    is_stated
        Whether the table states the cost.
    left_out
        Why the corridor does not count; empty where it does.
    """

    id: str
    from_name: str
    to_name: str
    mode: str
    opened: date
    line: shapely.Geometry
    length_km: float
    cost: int
    cost_quality: str
    is_stated: bool
    left_out: str


def read_corridors(
    path: Path, costs: CostTable, terrain: Terrain, *, after: date, level: str = "central"
) -> tuple[Corridor, ...]:
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
    tuple of Corridor
        In the order of the table, those left out included.

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
        {str(key): _plain(value) for key, value in values.items() if not own.is_empty(value)}
        for values in table.to_dict("records")
    ]
    faults = [
        f"row {number}: {fault}" for number, row in enumerate(rows, 1) for fault in _row_faults(row, costs)
    ]
    ids = [str(row.get("id")) for row in rows]
    faults += [f"the id `{name}` is used twice" for name in sorted({n for n in ids if ids.count(n) > 1})]
    if faults:
        raise _refusal(path, "cannot be used", *faults)
    found = tuple(_corridor(row, costs, terrain, level) for row in rows)
    later = tuple(one for one in found if one.opened > after)
    if not any(not one.left_out for one in later):
        raise JobError(
            f"the table of corridors has none that was opened after {after}",
            where=str(path),
            done="Nothing was written.",
            remedy="Name an earlier day with --as-of, or extend the table.",
        )
    return later


def _plain(value: object) -> object:
    """Return a cell, dates (which GeoPackage knows) as text."""
    return value.date().isoformat() if isinstance(value, datetime) else value


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
    if "cost" in row and not _is_whole(own.as_number(row["cost"])):
        faults.append(f"cost `{row['cost']}` is not a whole number above 0")
    if "cost" not in row and "standard" not in row:
        faults.append("neither cost nor standard is given")
    if "cost" not in row and "standard" in row and str(row["standard"]) not in costs.standards:
        faults.append(f"standard `{row['standard']}` is none of {', '.join(costs.standards)}")
    return faults


def _is_whole(value: float) -> bool:
    return 0 < value < 2**63 and value % 1 == 0


def _line(row: Mapping[str, object]) -> shapely.Geometry | None:
    """Return the line of a row, whether it is a geometry or well-known text; None where it is none."""
    shape = row["geometry"]
    if not isinstance(shape, shapely.Geometry):
        shape = shapely.from_wkt(str(shape), on_invalid="ignore")
    is_line = isinstance(shape, shapely.LineString | shapely.MultiLineString)
    return shape if is_line and shape.length > 0 else None


def _corridor(row: Mapping[str, object], costs: CostTable, terrain: Terrain, level: str) -> Corridor:
    """Return the corridor of a row without faults."""
    line, opened = _line(row), last_day(str(row["opened"]))
    if line is None or opened is None:
        raise ValueError("the row has faults")
    length_km = own.as_number(row["length_km"]) if "length_km" in row else line_km(line)
    is_stated = "cost" in row
    if is_stated:
        cost, quality = int(own.as_number(row["cost"])), str(row.get("cost_quality", ""))
    else:
        shares = terrain_shares([line], terrain)[0].tolist()
        cost = int(getattr(estimate(costs, str(row["standard"]), length_km, shares), level))
        quality = "C"
    return Corridor(
        id=str(row["id"]),
        from_name=str(row.get("from", "")),
        to_name=str(row.get("to", "")),
        mode=str(row["mode"]),
        opened=opened,
        line=line,
        length_km=length_km,
        cost=cost,
        cost_quality=quality,
        is_stated=is_stated,
        left_out=str(row.get("left_out", "")),
    )


def corridor_table(
    corridors: Sequence[Corridor], found: Mapping[str, float], cities: Mapping[str, int]
) -> pd.DataFrame:
    """Return the rows of `corridors.csv`.

    Parameters
    ----------
    corridors
        The corridors.
    found
        Share of each corridor that counts near the lines of the plan shown, by id.
    cities
        How many cities each corridor that counts ends at, by id.
    """
    return pd.DataFrame(
        {
            "id": one.id,
            "mode": one.mode,
            "from": one.from_name,
            "to": one.to_name,
            "opened": str(one.opened),
            "length_km": round(one.length_km, 1),
            "line_km": round(line_km(one.line), 1),
            "cost": one.cost,
            "cost_basis": "stated" if one.is_stated else "rates",
            "cost_quality": one.cost_quality,
            "left_out": one.left_out,
            "ends_at_cities": cities.get(one.id),
            "share_found": round(found[one.id], 4) if one.id in found else None,
        }
        for one in corridors
    ).astype({"ends_at_cities": "Int64"})
