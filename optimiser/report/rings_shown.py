"""Hold what a report shows of each ring: its pieces in order, who lies on it, what it is likened to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import geopandas as gpd
import pandas as pd
from shapely import LineString, STRtree, get_coordinates
from shapely.geometry.base import BaseGeometry

PIECES = {
    "piece": "place in the circuit, 1 first: clockwise from the northernmost node",
    "link": "position of the link in the ring of problem.json",
    "candidate_id": "id of the candidate that must be built for it; empty where it exists",
    "name": "name or number of the road or line",
    "state": "existing or new",
    "length_km": "kilometres",
    "cost": "cost of the candidate, at the first of its pieces; 0 where it exists or was counted before",
}
"""Columns of the pieces of a ring and their meaning; `geometry` runs in the direction of the circuit."""

ON_RING = ("city_id", "name", "tier", "population", "seconds", "piece")
"""Columns of the cities on a ring, in order round it.

`seconds` is the time to the nearest of the city's nodes on the circuit (-1: not known), `piece` the piece of
the circuit that begins there.
"""

EXISTING, NEW = "existing", "new"


@dataclass(frozen=True, slots=True)
class Stop:
    """A node of a ring at which a city counts as lying on it.

    Attributes
    ----------
    city_id
        The city.
    node
        Position in the nodes of the ring of `problem.json`.
    seconds
        Travel time from the city to the node; -1 when it is not known.
    """

    city_id: str
    node: int
    seconds: int = -1


@dataclass(frozen=True, slots=True)
class RingFacts:
    """What a job asks of a ring and its problem does not hold; plain values, so that JSON can keep them.

    Attributes
    ----------
    id
        Id of the ring in the problem.
    mode
        ``road`` or ``rail``.
    speed_kmh
        Speed that counts as its standard; 0 when there is none.
    classes
        Classes of road or track of which it may consist; empty: any.
    centres
        Names of what it goes round.
    on_s
        Travel time within which a city lies on it, in seconds; 0 when it is not known.
    stops
        Which nodes stand for which cities.
    """

    id: str
    mode: str = "road"
    speed_kmh: float = 0.0
    classes: tuple[str, ...] = ()
    centres: tuple[str, ...] = ()
    on_s: int = 0
    stops: tuple[Stop, ...] = ()


@dataclass(frozen=True, slots=True)
class Overlap:
    """How a proposed ring and one that is known from elsewhere lie beside each other.

    Attributes
    ----------
    reference
        Id of the known ring, for example ``g95``.
    name
        As in a heading, for example ``Capital Area Ring Expressway (G95)``.
    corridor_km
        Two lines are together where they are at most so far apart.
    reference_km
        Length of the known ring.
    share_of_ring
        Share of the proposed ring's length within the corridor of the known one, 0 to 1.
    share_of_reference
        Share of the known ring's length within the corridor of the proposed one, 0 to 1.
    line
        The known ring, EPSG:4326.
    why
        Why they differ, in a sentence or two; empty when nothing is said.
    source
        Where the known ring is from.
    """

    reference: str
    name: str
    corridor_km: float
    reference_km: float
    share_of_ring: float
    share_of_reference: float
    line: BaseGeometry
    why: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class RingShown:
    """A ring of a plan, or one that was asked for and is not formed.

    Attributes
    ----------
    facts
        What the job asks of it.
    required
        The plan had to form it.
    reward
        What forming it is worth, in the unit of the objective.
    least_cities
        Cities that must lie on it.
    pieces
        The links of its circuit in order round it: columns `PIECES` and `geometry` (lines, EPSG:4326); empty
        when it is not formed.
    cities
        Cities on the circuit in order round it: columns `ON_RING`.
    inside
        Names of the cities that it encloses and that are not on it, largest first.
    overlaps
        Known rings that it is likened to.
    can_form
        The problem holds a circuit that could form it; False for a wish that cannot come true.
    """

    facts: RingFacts
    required: bool
    reward: int
    least_cities: int
    pieces: gpd.GeoDataFrame
    cities: pd.DataFrame
    inside: tuple[str, ...] = ()
    overlaps: tuple[Overlap, ...] = field(default=())
    can_form: bool = True

    @property
    def id(self) -> str:
        """Return the id of the ring in the problem."""
        return self.facts.id

    @property
    def is_formed(self) -> bool:
        """Return whether the plan forms it."""
        return len(self.pieces) > 0

    @property
    def length_km(self) -> float:
        """Return the length of the circuit."""
        return float(self.pieces["length_km"].sum())

    @property
    def existing_km(self) -> float:
        """Return how much of it exists at standard."""
        return float(self.pieces.loc[self.pieces["state"] == EXISTING, "length_km"].sum())

    @property
    def new_km(self) -> float:
        """Return how much of it must be built."""
        return float(self.pieces.loc[self.pieces["state"] == NEW, "length_km"].sum())

    @property
    def existing_share(self) -> float:
        """Return the share of its length that exists, 0 to 1; 0 when it is not formed."""
        whole = self.length_km
        return self.existing_km / whole if whole else 0.0

    @property
    def cost(self) -> int:
        """Return the cost of the candidates that it needs, each once."""
        return int(self.pieces["cost"].sum())

    @property
    def candidates(self) -> tuple[str, ...]:
        """Return the ids of the candidates that it needs, in order round it, each once."""
        named = self.pieces.loc[self.pieces["candidate_id"] != "", "candidate_id"]
        return tuple(dict.fromkeys(named))

    @property
    def crosses_itself(self) -> bool:
        """Return whether two pieces cross, where roads pass over each other without a junction.

        A curl within one piece, such as the curve by which a train turns, is none.
        """
        pieces = self.pieces.geometry.to_numpy()
        return bool(STRtree(pieces).query(pieces, predicate="crosses").size)

    @property
    def circuit(self) -> LineString:
        """Return the circuit as one closed line, EPSG:4326; an empty line when it is not formed."""
        line = joined(self.pieces.geometry)
        if line.is_empty or line.is_closed:
            return line
        return LineString([*line.coords, line.coords[0]])


def joined(lines: Iterable[BaseGeometry]) -> LineString:
    """Return lines that follow each other as one line; ends a little apart are joined by a straight bit.

    Parameters
    ----------
    lines
        In order, each in the direction of the whole.
    """
    points = [tuple(point) for line in lines for point in get_coordinates(line)]
    return LineString([point for i, point in enumerate(points) if i == 0 or point != points[i - 1]])
