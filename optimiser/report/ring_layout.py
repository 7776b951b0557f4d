"""Lay out the rings of a plan: pieces in order round each, what of it exists, and who lies on it."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import CRS
from shapely import LineString, Polygon, STRtree, get_coordinates, intersection, remove_repeated_points
from shapely.geometry.base import BaseGeometry

from optimiser.measures.ring_use import RingUse
from optimiser.problem import DesignProblem, Ring
from optimiser.verify import Plan
from optimiser.verify.rings import circuit_line, circuit_nodes, missing_stops, winding_number

WGS84 = "EPSG:4326"

PIECES = ("piece", "link", "candidate_id", "name", "state", "length_km", "new_km", "cost")
"""Columns of the pieces of a ring; their lines (`geometry`) run in the direction of the circuit.

`piece` is the place in the circuit, 1 first, clockwise from the northernmost node; `link` the position of the
link in the ring of problem.json; `candidate_id` what is paid for it, empty where nothing is; `new_km` its
length without ties, which are today's streets; `cost` that of the candidate, at the first of its pieces.
"""

ON_RING = ("city_id", "name", "tier", "population", "seconds", "piece")
"""Columns of the cities on a ring, in order round it.

`seconds` is the time to the nearest point of the circuit, `piece` the piece of the circuit that begins at the
nearest of the city's nodes on it.
"""

LINKS = ("ring", "position", "name", "length_km", "tie_km", "geometry")
"""Columns that are read of a table of ring links: id of the ring, position of the link in it, and so on."""

EXISTING, NEW = "existing", "new"

DEGREE = 10_000_000
"""Units of the coordinates of a problem in one degree."""


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
        Travel time from the city to the node.
    """

    city_id: str
    node: int
    seconds: int


@dataclass(frozen=True, slots=True)
class ExistingRing:
    """A ring that is not proposed since it exists already: the centres that it goes round, and its length."""

    centres: tuple[str, ...]
    length_km: float


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
    along
        Which cities lie along which links, by the positions of these (`Stop.node`).
    """

    id: str
    mode: str = "road"
    speed_kmh: float = 0.0
    classes: tuple[str, ...] = ()
    centres: tuple[str, ...] = ()
    on_s: int = 0
    stops: tuple[Stop, ...] = ()
    along: tuple[Stop, ...] = ()


@dataclass(frozen=True, slots=True)
class Overlap:
    """How far a proposed ring and a known one, the reference, lie side by side.

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
    source: str = ""


@dataclass(frozen=True, slots=True)
class RingReward:
    """What a ring earns besides the pairs, for the cheapest circuit that meets its demands.

    Attributes
    ----------
    ring
        Id of the ring.
    reward
        What it earns, in the unit of the weights of pairs: the two parts, rounded down.
    cost
        Cost of the candidates that the circuit needs.
    of_free, of_congested
        What the time counts that pairs of places save on free roads, and while the cores are congested.
    pairs
        Pairs of places that get faster by it, on free roads and on congested ones.
    """

    ring: str
    reward: int
    cost: int
    of_free: float
    of_congested: float
    pairs: tuple[int, int]


class _OfPieces:
    """What consists of pieces of a ring."""

    __slots__ = ()
    pieces: gpd.GeoDataFrame

    @property
    def length_km(self) -> float:
        """Return its length."""
        return float(self.pieces["length_km"].sum())

    @property
    def existing_km(self) -> float:
        """Return how much of it exists."""
        return float((self.pieces["length_km"] - self.pieces["new_km"]).sum())

    @property
    def new_km(self) -> float:
        """Return how much of it must be built."""
        return float(self.pieces["new_km"].sum())


@dataclass(frozen=True, slots=True)
class Leg(_OfPieces):
    """A stretch of a ring from one place where cities lie on it to the next.

    Attributes
    ----------
    cities
        Cities at its beginning: rows of `RingShown.cities`; empty where no city lies on the ring.
    pieces
        Its pieces in order: rows of `RingShown.pieces`.
    """

    cities: pd.DataFrame
    pieces: gpd.GeoDataFrame

    @property
    def roads(self) -> tuple[str, ...]:
        """Return the first names of its existing pieces, each once, in order."""
        names = self.pieces.loc[self.pieces["state"] == EXISTING, "name"]
        return tuple(dict.fromkeys(first for name in names if (first := str(name).split(";")[0])))


@dataclass(frozen=True, slots=True)
class RingShown(_OfPieces):
    """A ring of a plan, or one that was asked for and is not formed.

    Attributes
    ----------
    facts
        What the job asks of it.
    required
        The plan had to form it.
    reward
        What forming it earns, in the unit of the objective.
    least_cities
        Cities that must lie on it.
    pieces
        The links of its circuit in order round it: columns `PIECES` and `geometry` (lines, EPSG:4326); empty
        when no circuit is known.
    cities
        Cities on the circuit in order round it: columns `ON_RING`.
    inside
        Names of the cities that it encloses and that are not on it, largest first.
    overlaps
        Comparisons with known rings.
    can_form
        The problem holds a circuit that could form it; False where the request cannot be met.
    least_by_tier
        Cities of a tier that must lie on it: tier and number.
    must
        Names of the cities that must lie on it.
    longest_km
        Greatest length that it may have; None: any.
    derived
        What its reward is derived from; None where the job gives the reward.
    is_left_out
        The plan leaves it out: the circuit is that of a stated alternative that forms it.
    use
        What it is for, on the road alone; None of railways and of rings without a circuit.
    """

    facts: RingFacts
    required: bool
    reward: int
    least_cities: int
    pieces: gpd.GeoDataFrame
    cities: pd.DataFrame
    inside: tuple[str, ...] = ()
    overlaps: tuple[Overlap, ...] = ()
    can_form: bool = True
    least_by_tier: tuple[tuple[str, int], ...] = ()
    must: tuple[str, ...] = ()
    longest_km: float | None = None
    derived: RingReward | None = None
    is_left_out: bool = False
    use: RingUse | None = None

    @property
    def id(self) -> str:
        """Return the id of the ring in the problem."""
        return self.facts.id

    @property
    def is_formed(self) -> bool:
        """Return whether the plan forms it."""
        return self.has_circuit and not self.is_left_out

    @property
    def has_circuit(self) -> bool:
        """Return whether a circuit of it is known, of the plan or of another one."""
        return len(self.pieces) > 0

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
        return tuple(dict.fromkeys(self.pieces.loc[self.pieces["candidate_id"] != "", "candidate_id"]))

    @property
    def self_crossings(self) -> int:
        """Return at how many points pieces cross, where roads pass over each other without a junction.

        A loop within one piece, such as the curve by which a train turns, does not count.
        """
        pieces = self.pieces.geometry.to_numpy()
        first, second = STRtree(pieces).query(pieces, predicate="crosses")
        one_way = first < second
        return len(get_coordinates(intersection(pieces[first[one_way]], pieces[second[one_way]])))

    @property
    def shape(self) -> dict[str, float]:
        """Return the measures of its shape; none without a circuit.

        Returns
        -------
        dict
            `roundness`, 4 pi A / L^2 of its length L and the area A that it encloses (Polsby and Popper
            1991): 1 for a circle, 0.79 for a square; `length_over_hull`, its length over the perimeter of its
            convex hull: 1 without any dent; `self_crossings`, points at which its pieces cross each other.

        Notes
        -----
        They are taken on a plane that is true to distance from the middle of the ring, where lengths of a few
        hundred km are right to a thousandth. Of a line that crosses itself, parts that it goes round in
        opposite directions count against each other.
        """
        if not self.has_circuit:
            return {}
        line = self.circuit
        (flat,) = gpd.GeoSeries([line], crs=WGS84).to_crs(plane_of(*line.bounds))
        length = flat.length
        return {
            "roundness": 4 * math.pi * Polygon(flat).area / length**2,
            "length_over_hull": length / flat.convex_hull.exterior.length,
            "self_crossings": self.self_crossings,
        }

    @property
    def circuit(self) -> LineString:
        """Return the circuit as one closed line, EPSG:4326; an empty line where none is known."""
        line = joined(self.pieces.geometry)
        return line if line.is_empty or line.is_closed else LineString([*line.coords, line.coords[0]])

    @property
    def legs(self) -> list[Leg]:
        """Return the ring unrolled, clockwise from the first city on it; none without a circuit."""
        if not self.has_circuit:
            return []
        starts = sorted(set(self.cities["piece"].astype(int))) or [1]
        whole, place = len(self.pieces), self.pieces["piece"].to_numpy()
        return [
            Leg(
                self.cities[self.cities["piece"] == start],
                pd.concat([self.pieces[(place >= start) & (place < end)], self.pieces[place < end - whole]]),
            )
            for start, end in zip(starts, [*starts[1:], starts[0] + whole], strict=True)
        ]

    @property
    def stretches(self) -> list[dict[str, Any]]:
        """Return runs of pieces that a reader takes for one road: of one state, with a number in common.

        Returns
        -------
        list of dict
            In order: `name` (what the pieces share), `state`, `candidate_id`, `length_km`, `new_km`, `cost`,
            `pieces` (the first and the last), `geometry` (line).

        Notes
        -----
        Roads that share a line for a while bear both numbers (``G1;G25``); such a piece goes with the road
        before it as long as it can.
        """
        runs: list[tuple[list[dict[Any, Any]], set[str]]] = []
        for piece in self.pieces.to_dict("records"):
            names = set(str(piece["name"]).split(";"))
            run, shared = runs[-1] if runs else ([], set[str]())
            same = run and all(run[-1][key] == piece[key] for key in ("state", "candidate_id"))
            if same and shared & names:
                runs[-1] = ([*run, piece], shared & names)
            else:
                runs.append(([piece], names))
        return [
            {
                "name": " / ".join(sorted(names)),
                "state": run[0]["state"],
                "candidate_id": run[0]["candidate_id"],
                **{key: sum(piece[key] for piece in run) for key in ("length_km", "new_km", "cost")},
                "pieces": (run[0]["piece"], run[-1]["piece"]),
                "geometry": joined(piece["geometry"] for piece in run),
            }
            for run, names in runs
        ]


def plane_of(west: float, south: float, east: float, north: float) -> CRS:
    """Return an azimuthal projection, in metres, that is true to distance round the middle of a box."""
    lon, lat = (west + east) / 2, (south + north) / 2
    return CRS.from_proj4(f"+proj=aeqd +lat_0={lat:.4f} +lon_0={lon:.4f} +datum=WGS84 +units=m")


def joined(lines: Iterable[BaseGeometry]) -> LineString:
    """Return lines that follow each other as one line; ends a little apart are joined by a straight bit.

    Parameters
    ----------
    lines
        In order, each in the direction of the whole.
    """
    return remove_repeated_points(LineString(get_coordinates(list(lines))))


def formed(rings: Iterable[RingShown]) -> list[RingShown]:
    """Return the rings that the plan forms."""
    return [ring for ring in rings if ring.is_formed]


def drawn(rings: Iterable[RingShown]) -> list[RingShown]:
    """Return the rings whose circuit is known: those of the plan, and those that it leaves out."""
    return [ring for ring in rings if ring.has_circuit]


def known_rings(rings: Iterable[RingShown]) -> list[Overlap]:
    """Return the known rings that rings are compared with, each once, in order of appearance."""
    return list({one.reference: one for ring in rings for one in ring.overlaps}.values())


def lay_out(
    problem: DesignProblem,
    plan: Plan,
    *,
    cities: gpd.GeoDataFrame,
    links: gpd.GeoDataFrame,
    facts: Iterable[RingFacts],
) -> tuple[RingShown, ...]:
    """Return what a report shows of each ring of a problem.

    Parameters
    ----------
    problem, plan
        What was solved, and what the independent check found.
    cities
        Columns `city_id`, `name`, `tier`, `population`, `geometry` (points).
    links
        Ring links with their lines: columns `LINKS`, one row a link of a ring.
    facts
        What the job asks of each ring.

    Returns
    -------
    tuple of RingShown
        One for each ring of the problem, in its order.
    """
    known, cities, shown = {fact.id: fact for fact in facts}, cities.to_crs(WGS84), []
    names = dict(zip(cities["city_id"].astype(str), cities["name"].astype(str), strict=True))
    for ring in problem.rings:
        asked = known[ring.id]
        order, nodes = clockwise(ring, plan.rings.get(ring.id, ()))
        on_it = _cities_on(asked, order, nodes, cities)
        apart = cities[~cities["city_id"].isin(set(on_it["city_id"]))]
        found = RingShown(
            facts=asked,
            required=ring.required,
            reward=ring.reward,
            least_cities=ring.least_stops,
            pieces=_pieces(problem, ring, order, nodes, links),
            cities=on_it,
            inside=_inside(ring, order, nodes, apart),
            can_form=bool(ring.links) and not any(missing_stops(ring)),
            least_by_tier=ring.least_by_group,
            must=tuple(names.get(stop.id, stop.id) for stop in ring.stops if stop.must),
            longest_km=None if ring.longest is None else ring.longest / 1000,
        )
        shown.append(found)
    return tuple(shown)


def clockwise(ring: Ring, circuit: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the links of a circuit clockwise from its northernmost node, and the nodes that they start from.

    Parameters
    ----------
    ring
        The ring.
    circuit
        Positions of its links in order round it, in either direction; empty when it is not formed.
    """
    nodes = circuit_nodes(ring, circuit) if circuit else None
    if nodes is None:
        return (), ()
    links = tuple(circuit)
    # Twice the area within the line is positive where it runs anticlockwise (shoelace formula).
    line = circuit_line(ring, links, nodes)
    following = zip(line, [*line[1:], line[0]], strict=True)
    if sum(ax * by - bx * ay for (ax, ay), (bx, by) in following) > 0:
        links, nodes = links[::-1], (nodes[0], *nodes[:0:-1])
    # Of several northernmost nodes the westernmost comes first.
    first = max(range(len(nodes)), key=lambda i: (ring.nodes[nodes[i]][1], -ring.nodes[nodes[i]][0]))
    return links[first:] + links[:first], nodes[first:] + nodes[:first]


def _pieces(
    problem: DesignProblem, ring: Ring, order: Sequence[int], nodes: Sequence[int], links: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    mine = links[links["ring"] == ring.id].to_crs(WGS84)
    rows: dict[int, dict[Any, Any]] = {row["position"]: row for row in mine[list(LINKS)].to_dict("records")}
    counted, table = set[str](), list[dict[str, object]]()
    for place, (k, tail) in enumerate(zip(order, nodes, strict=True), start=1):
        row, candidate = rows[k], ring.links[k].candidate or ""
        is_first = candidate and candidate not in counted
        counted.add(candidate)
        # The line in the direction in which it leaves a node. Its ends may be a little off the nodes, so that
        # the direction counts in which they lie nearer.
        one = ring.links[k]
        head = one.head if one.tail == tail else one.tail
        points, ends = (
            get_coordinates(row["geometry"]),
            np.array([ring.nodes[tail], ring.nodes[head]]) / DEGREE,
        )
        forward, backward = (np.hypot(*(points[at] - ends).T).sum() for at in ([0, -1], [-1, 0]))
        table.append(
            {
                "piece": place,
                "link": k,
                "candidate_id": candidate,
                "name": str(row["name"] or ""),
                "state": NEW if candidate else EXISTING,
                "length_km": float(row["length_km"]),
                "new_km": float(row["length_km"] - row["tie_km"]) if candidate else 0.0,
                "cost": problem.candidates[problem.index[candidate]].cost if is_first else 0,
                "geometry": LineString(points if forward <= backward else points[::-1]),
            }
        )
    return gpd.GeoDataFrame(table, columns=[*PIECES, "geometry"], geometry="geometry", crs=WGS84)


def _cities_on(
    facts: RingFacts, order: Sequence[int], nodes: Sequence[int], cities: gpd.GeoDataFrame
) -> pd.DataFrame:
    """Return the cities whose nodes a circuit passes, each at the nearest of them, in order round it."""
    piece = {node: place for place, node in enumerate(nodes, start=1)}
    rows = [(one.city_id, one.seconds, piece[one.node]) for one in facts.stops if one.node in piece]
    near = pd.DataFrame(rows, columns=["city_id", "seconds", "piece"]).sort_values(["seconds", "piece"])
    found = pd.DataFrame(cities).merge(near.drop_duplicates("city_id"), on="city_id")
    along = [(one.city_id, one.seconds) for one in facts.along if one.node in set(order)]
    least = pd.DataFrame(along, columns=["city_id", "least"]).groupby("city_id")["least"].min()
    found["seconds"] = np.fmin(found["seconds"], found["city_id"].map(least).astype(np.float64))
    ordered = found.sort_values(["piece", "seconds"], kind="stable", ignore_index=True)
    return ordered[list(ON_RING)].astype({"seconds": "int64", "piece": "int64"})


def _inside(
    ring: Ring, order: Sequence[int], nodes: Sequence[int], cities: gpd.GeoDataFrame
) -> tuple[str, ...]:
    """Return the names of the cities that a circuit winds round, largest first."""
    if not order:
        return ()
    line = circuit_line(ring, order, nodes)
    points = np.rint(get_coordinates(cities.geometry) * DEGREE).astype(np.int64).tolist()
    is_in = [bool(winding_number(line, (x, y))) for x, y in points]
    return tuple(cities[is_in].sort_values("population", ascending=False)["name"].astype(str))
