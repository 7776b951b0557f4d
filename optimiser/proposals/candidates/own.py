"""Read the user's own candidates from GeoJSON, GeoPackage or CSV."""

from __future__ import annotations

import math
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from optimiser.problem.errors import CandidateError
from optimiser.problem.model import FIXED, INSTRUMENTS
from optimiser.proposals.candidates.ends import End, EndFault, Finder
from optimiser.proposals.candidates.neighbours import line_km
from optimiser.proposals.candidates.rules import Rules
from optimiser.proposals.candidates.situation import Situation, seconds_of
from optimiser.proposals.candidates.table import Candidates, Item, Proposal, assemble
from optimiser.proposals.candidates.tracks import Tracks
from optimiser.proposals.candidates.trains import Train, TrainTimes, arcs, everywhere
from optimiser.proposals.costs import Cost, CostTable
from optimiser.proposals.terrain import Terrain

COLUMNS = (
    "id", "mode", "from", "to", "from_lon", "from_lat", "to_lon", "to_lat", "length_km", "speed_kmh",
    "seconds", "standard", "cost", "instrument", "headway_s", "fixed", "note",
)  # fmt: skip
"""Columns (properties) that are read; `docs/candidates.md` says what they mean."""

_NEEDED = (
    "Required: `from` and `to` (id or name of a city), or `from_lon`, `from_lat`, `to_lon` and `to_lat`; "
    "neither where the file has lines. All others are optional: "
    + ", ".join(name for name in COLUMNS if not name.startswith(("from", "to")))
    + ". docs/candidates.md says what they mean."
)
"""What a user is told who has made a mistake."""
_NUMBERS = (
    "from_lon",
    "from_lat",
    "to_lon",
    "to_lat",
    "length_km",
    "speed_kmh",
    "seconds",
    "cost",
    "headway_s",
)
_ABOVE_ZERO = ("length_km", "speed_kmh", "seconds", "headway_s")


def read_own(
    path: str | Path,
    situation: Situation,
    costs: CostTable,
    terrain: Terrain,
    *,
    rules: Rules | None = None,
    snap_km: float = 5.0,
) -> Candidates:
    """Read the user's own candidates.

    Parameters
    ----------
    path
        `.csv`, `.geojson`, `.json` or `.gpkg`; columns as in `COLUMNS`.
    situation
        What there is; ends are cities, or positions snapped to road nodes and stations.
    costs, terrain
        For candidates without a cost of their own.
    rules
        Speeds and standards where none is given.
    snap_km
        Farthest way from a position to its road node or station.

    Returns
    -------
    Candidates
        One row a candidate, `kind` own.

    Raises
    ------
    CandidateError
        With the faults of all rows at once.
    """
    path = Path(path)
    table = _read_table(path)
    rules = rules or Rules()
    times = TrainTimes(situation.access, situation.door_to_door)
    finder = Finder(situation, Tracks(situation, rules.rail, times), snap_km)
    proposals: list[Proposal] = []
    faults: list[str] = []
    for number, (_, values) in enumerate(table.iterrows(), 1):
        row = {str(key): value for key, value in values.items() if not _is_empty(value)}
        wrong = _value_faults(row, costs)
        ends = [] if wrong else _ends(row, finder, wrong)
        if not wrong:
            proposals.append(_proposal(row, ends, finder.tracks, rules))
        faults += [f"row {number}: {fault}" for fault in wrong]
    ids = [proposal.candidate_id for proposal in proposals]
    faults += [
        f"the id `{name}` is used twice" for name in sorted({name for name in ids if ids.count(name) > 1})
    ]
    if faults:
        raise CandidateError(
            "own candidates cannot be used",
            where=str(path),
            faults=faults,
            done="None of them was taken.",
            remedy=_NEEDED,
        )
    return assemble(proposals, costs, terrain)


def _read_table(path: Path) -> pd.DataFrame:
    """Read a file as a table, refuse what is no such file."""
    if not path.is_file():
        raise CandidateError("the file of own candidates does not exist", where=str(path))
    try:
        if path.suffix.lower() != ".csv":
            shapes: pd.DataFrame = gpd.read_file(path)
            if isinstance(shapes, gpd.GeoDataFrame) and shapes.crs is not None:
                shapes = shapes.to_crs(4326)
            return pd.DataFrame(shapes)
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except Exception as error:
        raise CandidateError(
            "the file of own candidates cannot be read", where=str(path), done=str(error)
        ) from error
    unknown = [name for name in table.columns if name not in COLUMNS]
    if unknown:
        hints = [(name, get_close_matches(name, COLUMNS, n=1)) for name in unknown]
        raise CandidateError(
            "unknown columns",
            where=str(path),
            faults=[
                f"`{name}`" + (f"; did you mean `{close[0]}`?" if close else "") for name, close in hints
            ],
            remedy=_NEEDED,
        )
    return table


def _is_empty(value: object) -> bool:
    """Tell whether a cell holds nothing."""
    if value is None or isinstance(value, shapely.Geometry):
        return value is None
    return bool(pd.isna(value)) or str(value).strip() == ""  # type: ignore[call-overload]


def _number(value: object) -> float:
    """Return a cell as a number, NaN where it is none."""
    try:
        return float(str(value))
    except ValueError:
        return math.nan


def _value_faults(row: Mapping[str, object], costs: CostTable) -> list[str]:
    """List what is wrong with the values of a row."""
    faults = [
        f"{name} `{row[name]}` is not a number"
        for name in _NUMBERS
        if name in row and not math.isfinite(_number(row[name]))
    ]
    faults += [
        f"{name} `{row[name]}` is not above 0"
        for name in _ABOVE_ZERO
        if name in row and _number(row[name]) <= 0
    ]
    if "cost" in row and (_number(row["cost"]) < 0 or _number(row["cost"]) % 1 > 0):
        faults.append(f"cost `{row['cost']}` is not a whole number of 0 or more")
    choices = {
        "mode": ("road", "rail"),
        "instrument": INSTRUMENTS,
        "fixed": FIXED,
        "standard": costs.standards if "cost" not in row else (),
    }
    for name, known in choices.items():
        if name in row and known and str(row[name]) not in known:
            faults.append(f"{name} `{row[name]}` is none of {', '.join(known)}")
    return faults


def _ends(row: Mapping[str, object], finder: Finder, faults: list[str]) -> list[End]:
    """Return both ends of a row; add to the faults what is wrong with them."""
    mode = str(row.get("mode", "road"))
    found = []
    for side, place in (("from", 0), ("to", -1)):
        try:
            found.append(_end(row, side, place, mode, finder))
        except EndFault as fault:
            faults.append(f"{side}: {fault}")
    if len(found) == 2 and (found[0].road_id, found[0].stop) == (found[1].road_id, found[1].stop):
        faults.append("both ends are the same place")
    return found


def _end(row: Mapping[str, object], side: str, place: int, mode: str, finder: Finder) -> End:
    """Return one end: by name, else by coordinates, else by the end of the line."""
    if side in row:
        return finder.by_name(str(row[side]).strip(), mode)
    if f"{side}_lon" in row and f"{side}_lat" in row:
        return finder.by_position(_number(row[f"{side}_lon"]), _number(row[f"{side}_lat"]), mode)
    line = _line(row)
    if line is None:
        raise EndFault(f"neither `{side}`, nor `{side}_lon` and `{side}_lat`, nor a line")
    lon, lat = line.coords[place][:2]
    return finder.by_position(lon, lat, mode)


def _line(row: Mapping[str, object]) -> shapely.LineString | None:
    """Return the line of a row, None where it has no single line."""
    shape = row.get("geometry")
    if isinstance(shape, shapely.MultiLineString):
        shape = shapely.line_merge(shape)
    return shape if isinstance(shape, shapely.LineString) and not shape.is_empty else None


def _proposal(row: Mapping[str, object], ends: list[End], tracks: Tracks, rules: Rules) -> Proposal:
    """Return the proposal of a row without faults."""
    rail = str(row.get("mode", "road")) == "rail"
    line = _line(row) or shapely.LineString([(end.lon, end.lat) for end in ends])
    factor = 1.0 if _line(row) is not None else (rules.rail if rail else rules.road).route_factor
    length_km = _number(row["length_km"]) if "length_km" in row else line_km(line) * factor
    speed = _number(row.get("speed_kmh", rules.rail.usual_kmh if rail else rules.road.speed_kmh))
    standard = str(row.get("standard", rules.rail.usual_standard if rail else rules.road.standard))
    a, b = (tracks.situation.ids[end.city] if end.city >= 0 else end.name for end in ends)
    name = str(row.get("id", f"own-{'rail' if rail else 'road'}:{a}-{b}"))
    return Proposal(
        candidate_id=name,
        kind="own",
        instrument=str(row.get("instrument", "infrastructure")),
        mode="rail" if rail else "road",
        from_name=ends[0].name,
        to_name=ends[1].name,
        length_km=length_km,
        speed_kmh=speed,
        standard=standard,
        why=str(row.get("note", "given by the user")),
        geometry=line,
        arcs=_arcs(name, row, ends, (length_km, speed), tracks, rules),
        items=(Item(standard, length_km),),
        cost=Cost(*(3 * [int(_number(row["cost"]))])) if "cost" in row else None,
        fixed=str(row.get("fixed", "")),
    )


def _arcs(
    name: str,
    row: Mapping[str, object],
    ends: list[End],
    size: tuple[float, float],
    tracks: Tracks,
    rules: Rules,
) -> tuple[tuple[str, str, int], ...]:
    """Return the arcs of a candidate in both directions."""
    given = round(_number(row["seconds"])) if "seconds" in row else None
    stops = [end.stop for end in ends if end.stop is not None]
    if len(stops) == 2:
        run_s = given or tracks.times.run_s(*size)
        train = Train(
            rules.rail.fast_class if size[1] >= rules.rail.fast_class_kmh else rules.rail.slow_class,
            round(_number(row.get("headway_s", rules.rail.new_headway_s))),
            rules.rail.turn_s,
        )
        return arcs(name, stops, [run_s], train, tracks.times)
    seconds = given or seconds_of(*size)
    a, b = (end.road_id for end in ends)
    return everywhere(((a, b, seconds), (b, a, seconds)), door_to_door=tracks.times.door_to_door)
