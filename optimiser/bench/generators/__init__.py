"""Draw networks and make problems with open pairs of them, in integers alone: equal on every machine.

Places lie on a plane, and neighbours are joined.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from optimiser.engine.search.paths import LONGEST, UNREACHED, Integers, graph, opened, times_from
from optimiser.problem import Arc, Candidate, DesignProblem, Pair

type Edge = tuple[int, int]

TRIES = 200
"""Draws without success after which the least distance between points shrinks by a tenth."""

NO_PATH_S = int(UNREACHED)
"""Time between places that no path joins."""

HEAVIEST = 20
"""Largest weight of a pair."""


class Road(NamedTuple):
    """A two-way link that exists: two places and seconds."""

    a: int
    b: int
    seconds: int


class Proposal(NamedTuple):
    """A two-way link that may be built: two places, seconds and cost."""

    a: int
    b: int
    seconds: int
    cost: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """What exists and what may be built, before there are pairs.

    Attributes
    ----------
    links
        Links that may be built.
    """

    places: int
    roads: tuple[Road, ...]
    links: tuple[Proposal, ...]

    def problem(self, pairs: Sequence[Pair], *, name: str, budget_percent: int, note: str) -> DesignProblem:
        """Return the design problem with these pairs.

        Parameters
        ----------
        budget_percent
            Budget as a share of the cost of all links, per cent, rounded down.
        """
        # Numbers are padded with zeros, so that ids sort as they are numbered.
        width, wide = (len(str(max(count - 1, 0))) for count in (len(self.links), self.places))
        return DesignProblem(
            name=name,
            nodes=tuple(f"p{i:0{wide}}" for i in range(self.places)),
            arcs=tuple(arc for road in self.roads for arc in _two_way(*road)),
            candidates=tuple(
                Candidate(id=f"c{j:0{width}}", cost=link.cost, arcs=_two_way(*link[:3]), kind="road")
                for j, link in enumerate(self.links)
            ),
            pairs=tuple(pairs),
            budget=sum(link.cost for link in self.links) * budget_percent // 100,
            note=note,
            money="units",
        )

    def times(self, *, built: bool) -> Integers:
        """Return the times between all places with every link built or with none.

        Returns
        -------
        NDArray
            int64 [places x places], seconds, `NO_PATH_S` where no path exists.
        """
        # A pair with the longest limit keeps the graph from leaving out any arc.
        whole = self.problem((Pair(0, 0, LONGEST, 0),), name="drawing", budget_percent=0, note="")
        net, mask = graph(whole), opened(whole, range(len(self.links)) if built else ())
        rows = [times_from(net, mask, place, LONGEST) for place in range(self.places)]
        return np.array(rows, dtype=np.int64).reshape(self.places, self.places)


def _two_way(a: int, b: int, seconds: int) -> tuple[Arc, Arc]:
    return (a, b, seconds), (b, a, seconds)


class Parameters:
    """What parameters of generated problems have in common; NAME is the pattern of the name of a problem."""

    NAME: ClassVar[str]
    pairs: int
    slack_percent: int
    budget_percent: int

    @property
    def name(self) -> str:
        """Return the name of the problem."""
        return self.NAME.format(p=self)


def open_problem(rng: np.random.Generator, drawing: Drawing, p: Parameters, what: str) -> DesignProblem:
    """Return the problem of a drawing with pairs that are not covered today and coverable.

    Parameters
    ----------
    drawing
        Places, roads and links; some places may be unreachable today.
    p
        What to make. Where fewer than `pairs` pairs can be open, all of them are taken. The limit of each is
        always below its time today, however large the slack.
    what
        Kind of network, for the note of the problem.
    """
    today, best = drawing.times(built=False), drawing.times(built=True)
    gaining = [(a, b) for a, b in all_pairs(drawing.places) if best[a, b] < min(int(today[a, b]), NO_PATH_S)]
    chosen = [gaining[k] for k in draw_positions(rng, gaining, p.pairs)]
    weights = rng.integers(1, HEAVIEST, size=len(chosen), endpoint=True).tolist()
    pairs = [
        Pair(a, b, limit_of(int(best[a, b]), int(today[a, b]), p.slack_percent), weight)
        for (a, b), weight in zip(chosen, weights, strict=True)
    ]
    note = f"Generated {what}. {p!r}"
    return drawing.problem(pairs, name=p.name, budget_percent=p.budget_percent, note=note)


def limit_of(best: int, today: int, slack_percent: int) -> int:
    """Return a limit that exceeds the best time by the slack, yet is below the time today.

    Parameters
    ----------
    best, today
        Seconds with everything built and with nothing, best < today.
    slack_percent
        Slack, per cent of the best time.
    """
    return min(best + best * slack_percent // 100, today - 1)


def drive_time_s(metres: int, kmh: int) -> int:
    """Return the seconds that a drive takes, rounded up, at least 1."""
    return max(1, -(-metres * 18 // (5 * kmh)))


def link_cost(metres: int, per_km: int, percent: int = 100) -> int:
    """Return the cost of a link, rounded down, at least 1.

    Parameters
    ----------
    per_km
        Money per kilometre.
    percent
        Factor for the terrain, per cent.
    """
    return max(1, metres * per_km * percent // 100_000)


def draw_positions(rng: np.random.Generator, items: Sequence[object], count: int) -> Sequence[int]:
    """Draw positions of a list without repetition, sorted; all of them where there are at most `count`."""
    if len(items) <= count:
        return range(len(items))
    return sorted(rng.permutation(len(items))[:count].tolist())


def all_pairs(count: int) -> list[tuple[int, int]]:
    """Return all pairs of places a < b in order."""
    return [(a, b) for a in range(count) for b in range(a + 1, count)]


# ---- the plane


def generator(seed: int) -> np.random.Generator:
    """Return the random number generator of a problem: PCG64, from which only integers are drawn."""
    return np.random.Generator(np.random.PCG64(seed))


def scatter(rng: np.random.Generator, count: int, *, side_m: int, apart_m: int) -> Integers:
    """Draw points of a square that keep a distance from each other.

    Parameters
    ----------
    side_m
        Side of the square, metres.
    apart_m
        Least distance, metres; it shrinks by a tenth whenever `TRIES` draws have found no place.

    Returns
    -------
    NDArray
        int64 [count, 2], metres.
    """
    points = np.empty((0, 2), dtype=np.int64)
    failed = 0
    while len(points) < count:
        point = rng.integers(0, side_m, size=(1, 2), endpoint=True)
        if len(points) and ((points - point) ** 2).sum(axis=1).min() < max(apart_m, 1) ** 2:
            failed += 1
            if failed % TRIES == 0:
                apart_m = apart_m * 9 // 10
            continue
        points = np.concatenate([points, point])
    return points


def distances(points: Integers) -> Integers:
    """Return the distances between points, rounded down to whole metres.

    The square root of an integer below 2^52 is rounded in the same way on every machine (IEEE 754), and its
    floor is exact.

    Parameters
    ----------
    points
        int64 [n, 2], metres, below 2^25 in absolute value.

    Returns
    -------
    NDArray
        int64 [n, n], metres.
    """
    squares = ((points[:, None, :] - points[None, :, :]) ** 2).sum(axis=2)
    return np.floor(np.sqrt(squares)).astype(np.int64)


def spanning_tree(lengths: Integers) -> list[Edge]:
    """Return the edges of a minimum spanning tree, sorted; ties go to the smaller numbers.

    Parameters
    ----------
    lengths
        int64 [n, n], symmetric.
    """
    import networkx as nx

    return sorted(nx.minimum_spanning_edges(nx.from_numpy_array(lengths), data=False))


def points_between(points: Integers) -> Integers:
    """Count for every two points the points inside the circle on their diameter.

    Two points with count 0 are Gabriel neighbours (Gabriel and Sokal 1969). Two points with count at most k
    are neighbours in the k-Gabriel graph (Su and Chang 1990), which in practice contains the Delaunay edges
    for small k.

    Parameters
    ----------
    points
        int64 [n, 2].

    Returns
    -------
    NDArray
        int64 [n, n].
    """
    squares = ((points[:, None, :] - points[None, :, :]) ** 2).sum(axis=2)
    # By Thales, a point lies inside the circle if it sees the two ends under an obtuse angle.
    rows = [((squares[a][None, :] + squares) < squares[a][:, None]).sum(axis=1) for a in range(len(points))]
    return np.array(rows, dtype=np.int64).reshape(len(points), len(points))


def closest_neighbours(points: Integers, count: int, taken: Collection[Edge] = ()) -> list[Edge]:
    """Return the edges between the closest neighbours: fewest points between them, then shortest.

    Parameters
    ----------
    points
        int64 [n, 2].
    count
        Number of edges wanted; all edges, where there are fewer.
    taken
        Edges to leave out.

    Returns
    -------
    list of tuple
        Positions a < b, in order of closeness.
    """
    tail, head = np.triu_indices(len(points), 1)
    keys = (head, tail, distances(points)[tail, head], points_between(points)[tail, head])
    order = np.lexsort(keys)[: count + len(taken)]
    edges = zip(tail[order].tolist(), head[order].tolist(), strict=True)
    return [edge for edge in edges if edge not in taken][:count]
