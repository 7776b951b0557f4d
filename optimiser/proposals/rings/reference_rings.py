"""Compare a proposed ring with reference rings that are known from elsewhere."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from networks.inputs import number, printable, read_text
from optimiser.problem.errors import JobError
from optimiser.proposals.base_case import great_circle_km, line_km, project

CORRIDOR_KM = 15.0
"""Two rings overlap where they are at most this far apart; reference rings are good to a few km."""
COLUMNS = ("ring", "title", "mode", "seq", "lat", "lon", "source", "quality")
"""Columns of a table of reference rings: one row a way point, in order of `seq`; the ring is closed."""
_MOST_NAMES = 4
"""Cities that are named, at most."""
_BESIDE_KM = 5.0
"""An existing link runs beside a reference ring within so many km."""
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


@dataclass(frozen=True, slots=True)
class RingOverlap:
    """How far two rings overlap.

    Attributes
    ----------
    share_of_ring
        Share of the proposed ring's length within the corridor of the reference ring.
    share_of_reference
        Share of the reference ring's length within the corridor of the proposed one.
    alone
        float64 [points, 2]: longitudes and latitudes of points of the reference ring outside the corridor,
        half a kilometre apart.
    """

    share_of_ring: float
    share_of_reference: float
    alone: NDArray[np.float64]


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
        table = csv.DictReader(io.StringIO(read_text(path), newline=""))
        rows, header = list(table), table.fieldnames or ()
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise JobError(f"a table of known rings cannot be read: {fault}", where=str(path)) from fault
    faults = [f"column '{name}' is missing" for name in COLUMNS if name not in header]
    known: dict[str, list[tuple[float, dict[str, str], tuple[float, float]]]] = {}
    for line, row in enumerate([] if faults else rows, start=2):
        cells = {key: printable((row[key] or "").strip()) for key in COLUMNS}
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
    if faults:
        raise JobError("a table of known rings cannot be used", where=str(path), faults=faults)
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
) -> RingOverlap:
    """Return how far a proposed ring and a reference ring overlap.

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
    shares, outside = [], []
    for mine, other in ((parts[0], parts[1]), (parts[1], parts[0])):
        length = np.hypot(*np.diff(mine, axis=0).T)
        middle = (mine[1:] + mine[:-1]) / 2
        far = shapely.distance(shapely.points(middle), shapely.LineString(other))
        shares.append(float(length[far <= corridor_km].sum() / length.sum()))
        outside.append(far > corridor_km)
    return RingOverlap(shares[0], shares[1], coords[1][1:][outside[1]])


def describe_difference(
    found: RingOverlap,
    names: Sequence[str],
    points: NDArray[np.float64],
    existing: Sequence[shapely.Geometry],
) -> str:
    """Say where a reference ring is not followed, and how much of that part has something that exists.

    Parameters
    ----------
    found
        Result of `overlap`.
    names, points
        Names of the cities, and their longitudes and latitudes.
    existing
        Lines of existing links at the standard of the ring that some circuit could use, degrees.
    """
    if not len(found.alone):
        return "The known ring is followed all round."
    near = Counter(
        names[int(np.argmin(great_circle_km(lon, lat, points[:, 0], points[:, 1])))]
        for lon, lat in found.alone
    )
    places = ", ".join(sorted(near, key=lambda name: (-near[name], name))[:_MOST_NAMES])
    share = round(100 * _share_beside(found.alone, existing))
    return (
        f"The known ring is not followed where it runs nearest to {places}; {share} % of that part has "
        f"something at standard within {_BESIDE_KM:g} km that a ring could use today."
    )


def _share_beside(points: NDArray[np.float64], existing: Sequence[shapely.Geometry]) -> float:
    """Return the share of points that have one of some lines beside them."""
    if not len(existing):
        return 0.0
    coords, owner = shapely.get_coordinates(np.array(existing, dtype=object), return_index=True)
    plane = project(*np.concatenate([points, coords]).T)
    lines = shapely.linestrings(plane[len(points) :], indices=owner)
    tree = shapely.STRtree(lines)
    _, far = tree.query_nearest(shapely.points(plane[: len(points)]), return_distance=True, all_matches=False)
    return float((far <= _BESIDE_KM).mean())
