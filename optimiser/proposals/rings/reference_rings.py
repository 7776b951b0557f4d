"""Compare a proposed ring with reference rings that are known from elsewhere."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely

from networks.inputs import number, read_csv
from optimiser.problem.errors import JobError
from optimiser.proposals.base_case import line_km, project

CORRIDOR_KM = 15.0
"""Two rings overlap where they are at most this far apart; reference rings are good to a few km."""
COLUMNS = ("ring", "title", "mode", "seq", "lat", "lon", "source", "quality")
"""Columns of a table of reference rings: one row a way point, in order of `seq`; the ring is closed."""
_STEP_DEG = 0.005
"""Lines are cut into pieces of about half a kilometre."""


@dataclass(frozen=True, slots=True)
class ReferenceRing:
    """A ring that is known from elsewhere.

    Attributes
    ----------
    id, title
        Short name, and name for people.
    mode
        `road` or `rail`.
    line
        Straight lines between its way points, closed, degrees.
    source
        Where the way points are from, with their quality.
    """

    id: str
    title: str
    mode: str
    line: shapely.LineString
    source: str

    @property
    def length_km(self) -> float:
        """Return the length of the line, km; the true one is longer, since roads bend between way points."""
        return line_km(self.line)


def read_reference_rings(path: Path) -> tuple[ReferenceRing, ...]:
    """Read reference rings from a table.

    Parameters
    ----------
    path
        CSV with the columns `COLUMNS`.

    Raises
    ------
    JobError
        When it is no table with these columns, or with all rows and rings that cannot be used.
    """
    try:
        rows, faults = read_csv(path, COLUMNS)
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise JobError(f"a table of known rings cannot be read: {fault}", where=str(path)) from fault
    known: dict[str, list[tuple[float, dict[str, str], tuple[float, float]]]] = {}
    for line, cells in rows:
        seq, lat, lon = (number(cells[key]) for key in ("seq", "lat", "lon"))
        if seq is None or lat is None or lon is None or abs(lat) > 90 or abs(lon) > 180:
            faults.append(f"line {line}: seq, lat and lon must be numbers, lat and lon in degrees")
        elif cells["mode"] not in {"road", "rail"}:
            faults.append(f"line {line}: mode is '{cells['mode']}', not road or rail")
        else:
            known.setdefault(cells["ring"], []).append((seq, cells, (lon, lat)))
    faults += [
        f"ring {name}: it needs three way points"
        for name, points in known.items()
        if not faults and len({point for *_, point in points}) < 3
    ]
    JobError.refuse(faults, "a table of known rings cannot be used", where=str(path))
    found = []
    for name, points in known.items():
        ordered = sorted(points, key=lambda one: one[0])
        first, corners = ordered[0][1], [point for *_, point in ordered]
        closed = corners if corners[0] == corners[-1] else [*corners, corners[0]]
        sources = sorted({f"{cells['source']} (quality {cells['quality']})" for _, cells, _ in ordered})
        line = shapely.LineString(closed)
        found.append(ReferenceRing(name, first["title"], first["mode"], line, "; ".join(sources)))
    return tuple(found)


def overlap(
    ring: shapely.LineString, reference: shapely.LineString, *, corridor_km: float = CORRIDOR_KM
) -> tuple[float, float]:
    """Return the share of a proposed ring along a reference ring, and of this along the proposed one.

    Lines are cut into pieces of half a kilometre or less; a piece lies in the corridor of the other line when
    its middle is at most so far from it, on a plane that is true to distance round the middle of both.

    Parameters
    ----------
    ring, reference
        Closed lines in degrees.
    corridor_km
        Half the width of the corridor, km.
    """
    fine = [shapely.segmentize(line, _STEP_DEG) for line in (ring, reference)]
    coords = [shapely.get_coordinates(line) for line in fine]
    plane = project(*np.concatenate(coords).T)
    parts = plane[: len(coords[0])], plane[len(coords[0]) :]
    shares = []
    for mine, other in ((parts[0], parts[1]), (parts[1], parts[0])):
        length = np.hypot(*np.diff(mine, axis=0).T)
        middle = (mine[1:] + mine[:-1]) / 2
        far = shapely.distance(shapely.points(middle), shapely.LineString(other))
        shares.append(float(length[far <= corridor_km].sum() / length.sum()))
    return shares[0], shares[1]
