"""Read the user's own candidates from GeoJSON, GeoPackage or CSV."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from networks import inputs
from networks.cities import UnknownCityError
from optimiser.job.model import did_you_mean
from optimiser.problem.errors import CandidateError
from optimiser.problem.jsonfile import repeated
from optimiser.problem.model import FIXED, INSTRUMENTS
from optimiser.proposals.base_case import Arc, BaseCase, great_circle_km, line_km, travel_time_s
from optimiser.proposals.costs import Cost, CostTable
from optimiser.proposals.generate import OWN, Rules, line_items
from optimiser.proposals.table import Candidates, Proposal, assemble
from optimiser.proposals.terrain import Terrain
from optimiser.proposals.trains import Stop, Tracks, Train, train_arcs

COLUMNS = (
    "id", "mode", "from", "to", "from_lon", "from_lat", "to_lon", "to_lat", "length_km", "speed_kmh",
    "seconds", "standard", "cost", "instrument", "headway_s", "fixed", "note",
)  # fmt: skip
"""Columns (properties) that are read; `docs/candidates.md` says what they mean."""

_NUMBERS = (
    "from_lon", "from_lat", "to_lon", "to_lat", "length_km", "speed_kmh", "seconds", "cost", "headway_s",
)  # fmt: skip
_TOO_LARGE = 1e15
"""No number of a candidate reaches this, so that sums of them stay whole."""
_LEAST_SHARE = 0.98
"""Least length of a candidate, as a share of the straight line: positions and lengths are rounded."""
_GAP_KM = 30.0
"""Farthest that a line may end from the city or place it is said to reach: the edge of a large city."""
_ABOVE_ZERO = ("length_km", "speed_kmh", "seconds", "headway_s")

_REMEDY = (
    "Required: `from` and `to` (id or name of a city), or `from_lon`, `from_lat`, `to_lon` and `to_lat`; "
    "neither where the file has lines and the region a map. All others are optional: "
    + ", ".join(name for name in COLUMNS if not name.startswith(("from", "to")))
    + ". docs/candidates.md says what they mean."
)


def read_own(
    path: str | Path,
    base: BaseCase,
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
    base
        The base case; ends are cities, or positions snapped to road nodes and stations.
    costs, terrain
        For candidates without a cost of their own.
    rules
        Speeds and standards where none is given.
    snap_km
        Greatest distance from a position to its road node or station.

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
    table, rules = read_table(path, "file of own candidates"), rules or Rules()
    unknown = [name for name in table.columns if name not in (*COLUMNS, "geometry")]
    if fault := inputs.separator_fault(list(table.columns)):
        raise CandidateError(fault, where=str(path))
    CandidateError.refuse(
        [f"`{name}`{did_you_mean(name, COLUMNS)}" for name in unknown],
        "unknown columns",
        where=str(path),
        remedy=_REMEDY,
    )
    finder = _EndFinder(base, Tracks(base, rules.rail), snap_km)
    proposals: list[Proposal] = []
    faults: list[str] = []
    for number, (_, values) in enumerate(table.iterrows(), 1):
        row = {str(key): value for key, value in values.items() if not is_empty(value)}
        wrong = _value_faults(row, costs)
        ends = [] if wrong else _ends(row, finder, wrong)
        if not wrong:
            proposals.append(_proposal(row, ends, finder.tracks, rules))
        faults += [f"row {number}: {fault}" for fault in wrong]
    twice = repeated(proposal.candidate_id for proposal in proposals)
    faults += [f"the id `{name}` is used twice" for name in twice]
    CandidateError.refuse(
        faults,
        "own candidates cannot be used",
        where=str(path),
        done="None of them was taken.",
        remedy=_REMEDY,
    )
    return assemble(proposals, costs, terrain)


def read_table(path: Path, what: str) -> pd.DataFrame:
    """Read a table of the user's, with or without lines.

    Parameters
    ----------
    path
        CSV, all cells as text; or GeoJSON or GeoPackage, turned to degrees.
    what
        Name of the table in messages.

    Raises
    ------
    CandidateError
        When the file is missing or cannot be read.
    """
    try:
        if path.suffix.lower() != ".csv":
            table = pd.DataFrame(inputs.read_features(path))
        else:
            table = inputs.read_frame(path)
    except FileNotFoundError as error:
        raise CandidateError(f"the {what} does not exist", where=str(path)) from error
    except Exception as error:
        raise CandidateError(f"the {what} cannot be read", where=str(path), done=str(error)) from error

    def printable(cell: object) -> object:
        return inputs.printable(cell) if isinstance(cell, str) else cell

    return table.assign(**{name: table[name].map(printable) for name in table.columns if name != "geometry"})


def is_empty(value: object) -> bool:
    """Tell whether a cell contains nothing."""
    if value is None or isinstance(value, shapely.Geometry):
        return value is None
    return bool(pd.isna(value)) or str(value).strip() == ""  # type: ignore[call-overload]


def as_number(value: object) -> float:
    """Return a cell as a number, NaN where it is none."""
    found = inputs.number(str(value))
    return math.nan if found is None else found


def _value_faults(row: Mapping[str, object], costs: CostTable) -> list[str]:
    """List the faults in the values of a row."""
    checks: tuple[tuple[str, tuple[str, ...], Callable[[float], bool]], ...] = (
        ("is not a number", _NUMBERS, lambda value: not math.isfinite(value)),
        (f"is not below {_TOO_LARGE:g}", _NUMBERS, lambda value: value >= _TOO_LARGE),
        ("is not above 0", _ABOVE_ZERO, lambda value: value <= 0),
    )
    faults = [
        f"{name} `{row[name]}` {what}"
        for what, names, is_wrong in checks
        for name in names
        if name in row and is_wrong(as_number(row[name]))
    ]
    if "cost" in row and (as_number(row["cost"]) < 0 or as_number(row["cost"]) % 1 > 0):
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


class _EndFault(Exception):
    """An end that cannot be found; the text says why."""


@dataclass(frozen=True, slots=True)
class _End:
    """An end of a candidate.

    Attributes
    ----------
    name
        Name for people.
    label
        Id of the city, else the name; part of the id of the candidate.
    lon, lat
        Position, degrees.
    at
        Id of the road node in the time graph, or where trains stop.
    """

    name: str
    label: str
    lon: float
    lat: float
    at: str | Stop


@dataclass(frozen=True)
class _EndFinder:
    """Finds ends by name or by position.

    Attributes
    ----------
    base
        The base case.
    tracks
        Stations of cities.
    snap_km
        Greatest distance from a position to the road node or station that it stands for.
    """

    base: BaseCase
    tracks: Tracks
    snap_km: float

    def by_name(self, text: str, mode: str) -> _End:
        """Return the end at a city, given its id or name."""
        base = self.base
        try:
            row = base.city_names.row(text)
        except UnknownCityError as fault:
            raise _EndFault(str(fault)) from fault
        at: str | Stop = f"road:{base.road_nodes[row]}"
        if mode == "rail":
            at = self.tracks.stop(row, next(iter(self.tracks.stations[row]), None))
        elif not len(base.road.nodes):  # the job starts from a matrix, whose only places are cities
            at = f"city:{base.ids[row]}"
        elif base.road_nodes[row] < 0:
            raise _EndFault(f"{base.names[row]} is not joined to the road network")
        return _End(base.names[row], base.ids[row], float(base.lon[row]), float(base.lat[row]), at)

    def by_position(self, lon: float, lat: float, mode: str) -> _End:
        """Return the end at the road node or station nearest to a position in degrees."""
        if not (-180.0 <= lon <= 180.0 and -90.0 <= lat <= 90.0):
            raise _EndFault(f"lon {lon:g}, lat {lat:g} is no position in degrees")
        what, (ids, lons, lats) = "road node", self._roads
        if mode == "rail":
            fronts = self.base.fronts
            what, ids = "station", fronts["node_id"].tolist()
            lons, lats = np.asarray(fronts["lon"]), np.asarray(fronts["lat"])
        if len(ids) == 0:
            named = "; beside a table of times name the two cities, in `from` and `to`"
            raise _EndFault(f"the network has no {what}" + (named if mode == "road" else ""))
        distance_km = great_circle_km(lon, lat, lons, lats)
        nearest = int(np.argmin(distance_km))
        if distance_km[nearest] > self.snap_km:
            raise _EndFault(
                f"lon {lon:g}, lat {lat:g}: the nearest {what} is {distance_km[nearest]:.1f} km off,"
                f" the limit is {self.snap_km:g} km"
            )
        place = f"{lon:.3f},{lat:.3f}"
        return _End(place, place, lon, lat, Stop(ids[nearest]) if mode == "rail" else ids[nearest])

    @cached_property
    def _roads(self) -> tuple[list[str], NDArray[np.float64], NDArray[np.float64]]:
        """Return ids and positions of road nodes that a link touches."""
        used = np.unique(self.base.road.links[["tail", "head"]].to_numpy(dtype=np.int64))
        lon, lat = self.base.road_points
        return [f"road:{row}" for row in used.tolist()], lon[used], lat[used]


def _ends(row: Mapping[str, object], finder: _EndFinder, faults: list[str]) -> list[_End]:
    """Return both ends of a row, by name, by coordinates or by its line; add their faults to the list."""
    mode = str(row.get("mode", "road"))
    found = []
    for side, place in (("from", 0), ("to", -1)):
        lon, lat, line = f"{side}_lon", f"{side}_lat", _line(row)
        try:
            if side in row:
                found.append(finder.by_name(str(row[side]).strip(), mode))
            elif lon in row and lat in row:
                found.append(finder.by_position(as_number(row[lon]), as_number(row[lat]), mode))
            elif line is not None:
                lon_end, lat_end = line.coords[place][:2]
                found.append(finder.by_position(lon_end, lat_end, mode))
            else:
                faults.append(f"{side}: neither `{side}`, nor `{lon}` and `{lat}`, nor a line")
        except _EndFault as fault:
            faults.append(f"{side}: {fault}")
    if len(found) == 2 and found[0].at == found[1].at:
        faults.append("both ends are the same place")
    elif len(found) == 2:
        faults += _misplaced(row, *found)
    return found


def _misplaced(row: Mapping[str, object], first: _End, last: _End) -> list[str]:
    """Return why a line or a length cannot be that of a way between two ends; empty where it can."""
    line, straight_km = _line(row), float(great_circle_km(first.lon, first.lat, last.lon, last.lat))
    faults, km = [], as_number(row["length_km"]) if "length_km" in row else math.inf
    if km < _LEAST_SHARE * straight_km:
        between = f"{straight_km:.1f} km in a straight line between its ends"
        faults.append(f"length_km `{row['length_km']}` is less than the {between}")
    if line is not None:
        far_km, lons, lats = min(_GAP_KM, straight_km / 4), (first.lon, last.lon), (first.lat, last.lat)
        tips = shapely.get_coordinates(line)[[0, -1]].T
        ways = (great_circle_km(lons, lats, *order) for order in (tips, tips[:, ::-1]))  # either end is first
        gaps = zip((first, last), min(ways, key=sum), strict=True)
        faults += [f"the line ends {gap:.1f} km from {end.name}" for end, gap in gaps if gap > far_km]
    return faults


def _line(row: Mapping[str, object]) -> shapely.LineString | None:
    """Return the line of a row, None where it has no single line."""
    shape = row.get("geometry")
    if isinstance(shape, shapely.MultiLineString):
        shape = shapely.line_merge(shape)
    return shape if isinstance(shape, shapely.LineString) and not shape.is_empty else None


def _proposal(row: Mapping[str, object], ends: list[_End], tracks: Tracks, rules: Rules) -> Proposal:
    """Return the proposal of a row without faults."""
    mode = str(row.get("mode", "road"))
    given = _line(row)
    line = given or shapely.LineString([(end.lon, end.lat) for end in ends])
    road, rail = rules.road, rules.rail
    factor, usual_kmh, usual_standard = road.route_factor, road.speed_kmh, road.standard
    if mode == "rail":
        factor, usual_kmh, usual_standard = rail.route_factor, rail.usual_kmh, rail.usual_standard
    drawn_km = line_km(line) * (factor if given is None else 1.0)
    length_km = as_number(row["length_km"]) if "length_km" in row else drawn_km
    speed_kmh = as_number(row.get("speed_kmh", usual_kmh))
    candidate_id = str(row.get("id", f"own-{mode}:{ends[0].label}-{ends[1].label}"))
    proposal = Proposal(
        candidate_id=candidate_id,
        kind=OWN,
        instrument=str(row.get("instrument", "infrastructure")),
        mode=mode,
        from_name=ends[0].name,
        to_name=ends[1].name,
        length_km=length_km,
        speed_kmh=speed_kmh,
        standard=str(row.get("standard", usual_standard)),
        why=str(row.get("note", "given by the user")),
        geometry=line,
        arcs=_arcs(candidate_id, row, ends, (length_km, speed_kmh), tracks),
        cost=Cost(*(3 * [int(as_number(row["cost"]))])) if "cost" in row else None,
        fixed=str(row.get("fixed", "")),
    )
    return replace(proposal, items=line_items(proposal))


def _arcs(
    candidate_id: str, row: Mapping[str, object], ends: list[_End], size: tuple[float, float], tracks: Tracks
) -> tuple[Arc, ...]:
    """Return the arcs of a candidate in both directions; `size` is length in km and speed in km/h."""
    rules, given = tracks.rules, round(as_number(row["seconds"])) if "seconds" in row else None
    stops = [end.at for end in ends if isinstance(end.at, Stop)]
    if stops:
        headway_s = round(as_number(row.get("headway_s", rules.new_headway_s)))
        train = Train(rules.train_class(size[1]), headway_s, rules.turn_s)
        return train_arcs(candidate_id, stops, [given or tracks.times.run_s(*size)], train, tracks.times)
    a, b = (str(end.at) for end in ends)
    return tracks.base.two_way_road_arcs([(a, b, given or travel_time_s(*size))])
