"""Generate networks: lattices, corridors, hubs with rings, missing links, hard problems, whole countries."""

import itertools
import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from optimiser.bench import generators as drawings
from optimiser.engine.search.paths import Integers
from optimiser.problem import DesignProblem, Pair

COST_PER_KM = 10
TERRAIN_PERCENT = (50, 150)
"""Least and largest factor of the terrain on the cost of a link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridParameters(drawings.Parameters):
    """Parameters of a lattice.

    Attributes
    ----------
    rows, columns
        Numbers of junctions.
    candidates
        Streets that may be made twice as fast, drawn at random; all streets, where there are fewer.
    pairs
        Pairs of junctions that are open.
    slack_percent
        Slack of the limit above the time with everything built, per cent.
    budget_percent
        Budget as a share of the cost of all candidates.
    seed
        Seed of the random number generator.
    """

    NAME = "grid_{p.rows}x{p.columns}_{p.seed}"
    rows: int = 7
    columns: int = 7
    candidates: int = 60
    pairs: int = 300
    slack_percent: int = 15
    budget_percent: int = 25
    seed: int = 1


STREET_S = (180, 300)
"""Least and most seconds on a street today."""
STREET_COST = (20, 60)


def grid(p: GridParameters) -> DesignProblem:
    """Return a lattice in which streets may be made twice as fast.

    Times today and costs are drawn for each street, so that ties are rare; weights are 1 to 20.
    """
    rng = drawings.generator(p.seed)
    places = range(p.rows * p.columns)
    across = [(a, a + 1) for a in places if (a + 1) % p.columns]
    streets = sorted([*across, *zip(places, places[p.columns :], strict=False)])
    seconds = rng.integers(*STREET_S, size=len(streets), endpoint=True).tolist()
    costs = rng.integers(*STREET_COST, size=len(streets), endpoint=True).tolist()
    fast = sorted(rng.permutation(len(streets))[: p.candidates].tolist())
    drawing = drawings.Drawing(
        places=p.rows * p.columns,
        roads=tuple(drawings.Road(a, b, time) for (a, b), time in zip(streets, seconds, strict=True)),
        links=tuple(drawings.Proposal(streets[k][0], streets[k][1], seconds[k] // 2, costs[k]) for k in fast),
    )
    return drawings.open_problem(rng, drawing, p, "lattice")


@dataclass(frozen=True, slots=True, kw_only=True)
class CorridorParameters(drawings.Parameters):
    """Parameters of parallel corridors.

    Attributes
    ----------
    corridors, cities
        Number of corridors, and of cities on each.
    pairs
        Pairs of cities that are open.
    slack_percent
        Slack of the limit above the time with everything built, per cent.
    budget_percent
        Budget as a share of the cost of all candidates.
    seed
        Seed of the random number generator.
    """

    NAME = "corridors_{p.corridors}x{p.cities}_{p.seed}"
    corridors: int = 4
    cities: int = 12
    pairs: int = 300
    slack_percent: int = 15
    budget_percent: int = 30
    seed: int = 1


PIECE_M = (25_000, 60_000)
"""Least and most metres between neighbouring cities of a corridor."""
ACROSS_M = (50_000, 90_000)
"""Least and most metres of a road to the next corridor."""
ACROSS_EVERY = 2
"""A road leads to the next corridor at every second city."""
CORRIDOR_KMH, CORRIDOR_FAST_KMH = 60, 120


def corridors(p: CorridorParameters) -> DesignProblem:
    """Return parallel corridors, on which a pair needs many faster pieces together.

    Slow roads join the cities of a corridor, and every second city to the next corridor. Every road may be
    upgraded from 60 to 120 km/h; the cost per kilometre varies by a factor of three. Weights are 1 to 20.
    """
    rng = drawings.generator(p.seed)
    rows = [range(c * p.cities, (c + 1) * p.cities) for c in range(p.corridors)]
    along = [edge for row in rows for edge in itertools.pairwise(row)]
    across = [
        (c * p.cities + i, (c + 1) * p.cities + i)
        for c in range(p.corridors - 1)
        for i in range(c % ACROSS_EVERY, p.cities, ACROSS_EVERY)
    ]
    lengths = rng.integers(*PIECE_M, size=len(along), endpoint=True).tolist()
    lengths += rng.integers(*ACROSS_M, size=len(across), endpoint=True).tolist()
    edges, metres = along + across, dict(zip(along + across, lengths, strict=True))
    links = _proposals(rng, edges, metres, kmh=CORRIDOR_FAST_KMH, per_km=COST_PER_KM)
    drawing = drawings.Drawing(p.corridors * p.cities, _roads(edges, metres, CORRIDOR_KMH), links)
    return drawings.open_problem(rng, drawing, p, "corridors")


@dataclass(frozen=True, slots=True, kw_only=True)
class HubRingParameters(drawings.Parameters):
    """Parameters of a hub with rings.

    Attributes
    ----------
    spokes, rings
        Number of spokes and of rings; a town lies where they meet.
    pairs
        Pairs of towns that are open.
    slack_percent
        Slack of the limit above the time with everything built, per cent.
    budget_percent
        Budget as a share of the cost of all candidates.
    seed
        Seed of the random number generator.
    """

    NAME = "hub_ring_{p.spokes}x{p.rings}_{p.seed}"
    spokes: int = 12
    rings: int = 4
    pairs: int = 300
    slack_percent: int = 10
    budget_percent: int = 25
    seed: int = 1


RING_M = (20_000, 35_000)
"""Least and most metres between a town and the next one inwards."""
CENTRE_S = 1_200
"""Seconds that the streets of the centre add to each spoke."""
SPOKE_KMH, SPOKE_FAST_KMH = 80, 120


def hub_ring(p: HubRingParameters) -> DesignProblem:
    """Return a hub with existing spokes; candidates are the arcs of rings and faster pieces of spokes.

    Place 0 is the hub; town r of spoke s has the number 1 + s x rings + r. The arc of ring r between two
    spokes is as long as the mean distance to the hub times 2 pi over the number of spokes (44/7 for 2 pi).
    Weights are 1 to 20.
    """
    rng = drawings.generator(p.seed)
    pieces = rng.integers(*RING_M, size=(p.spokes, p.rings), endpoint=True)
    radius = pieces.cumsum(axis=1)
    terrain = iter(rng.integers(*TERRAIN_PERCENT, size=2 * p.spokes * p.rings, endpoint=True).tolist())
    roads, links = [], []

    def propose(a: int, b: int, metres: int, extra_s: int) -> None:
        cost = drawings.link_cost(metres, COST_PER_KM, next(terrain))
        links.append(drawings.Proposal(a, b, drawings.drive_time_s(metres, SPOKE_FAST_KMH) + extra_s, cost))

    for s in range(p.spokes):
        for r in range(p.rings):
            town, inner = 1 + s * p.rings + r, s * p.rings + r if r else 0
            metres, centre_s = int(pieces[s, r]), 0 if r else CENTRE_S
            roads.append(drawings.Road(inner, town, drawings.drive_time_s(metres, SPOKE_KMH) + centre_s))
            propose(inner, town, metres, centre_s)
            following = (s + 1) % p.spokes
            arc_m = int(radius[s, r] + radius[following, r]) * 22 // (7 * p.spokes)
            propose(town, 1 + following * p.rings + r, arc_m, 0)
    drawing = drawings.Drawing(1 + p.spokes * p.rings, tuple(roads), tuple(links))
    return drawings.open_problem(rng, drawing, p, "hub with rings")


# ---- places at random


@dataclass(frozen=True, slots=True, kw_only=True)
class GeometricParameters(drawings.Parameters):
    """Parameters of a sparse network and its missing links.

    Attributes
    ----------
    places, candidates, pairs
        Numbers of each; pairs are open.
    slack_percent
        Slack of the limit above the time with everything built, per cent.
    budget_percent
        Budget as a share of the cost of all candidates.
    seed
        Seed of the random number generator.
    """

    NAME = "geometric_{p.places}_{p.seed}"
    places: int = 60
    candidates: int = 100
    pairs: int = 400
    slack_percent: int = 15
    budget_percent: int = 15
    seed: int = 1


GEOMETRIC_SIDE_M, GEOMETRIC_APART_M = 500_000, 20_000
GEOMETRIC_KMH = 80
KEPT_PERCENT = 40
"""Share of the Gabriel edges outside the spanning tree that exist today."""


def geometric(p: GeometricParameters) -> DesignProblem:
    """Return a sparse network and its missing links.

    Roads are a minimum spanning tree and two in five of the other Gabriel edges. Candidates join the closest
    neighbours that no road joins, at the same speed, so that they save detours; the cost per kilometre varies
    by a factor of three. Weights are 1 to 20.
    """
    rng = drawings.generator(p.seed)
    points = drawings.scatter(rng, p.places, side_m=GEOMETRIC_SIDE_M, apart_m=GEOMETRIC_APART_M)
    lengths = drawings.distances(points)
    tail, head = np.nonzero(np.triu(drawings.points_between(points) == 0, 1))
    kept = rng.integers(0, 100, size=len(tail)) < KEPT_PERCENT
    roads = {*drawings.spanning_tree(lengths), *zip(tail[kept].tolist(), head[kept].tolist(), strict=True)}
    chosen = sorted(drawings.closest_neighbours(points, p.candidates, roads))
    drawing = drawings.Drawing(
        places=p.places,
        roads=_roads(sorted(roads), lengths, GEOMETRIC_KMH),
        links=_proposals(rng, chosen, lengths, kmh=GEOMETRIC_KMH, per_km=COST_PER_KM),
    )
    return drawings.open_problem(rng, drawing, p, "sparse network with missing links")


type Lengths = Integers | Mapping[drawings.Edge, int]
"""Metres between places: of all, or of edges."""


def _roads(edges: Iterable[drawings.Edge], lengths: Lengths, kmh: int) -> tuple[drawings.Road, ...]:
    return tuple(drawings.Road(*edge, drawings.drive_time_s(int(lengths[edge]), kmh)) for edge in edges)


def _proposals(
    rng: np.random.Generator,
    edges: list[drawings.Edge],
    lengths: Lengths,
    *,
    kmh: int,
    per_km: int,
    terrain_percent: tuple[int, int] = TERRAIN_PERCENT,
) -> tuple[drawings.Proposal, ...]:
    """Return a link for each edge at one speed; the terrain changes its cost by a factor of up to three."""
    terrain = rng.integers(*terrain_percent, size=len(edges), endpoint=True).tolist()
    return tuple(
        drawings.Proposal(
            *edge,
            drawings.drive_time_s(int(lengths[edge]), kmh),
            drawings.link_cost(int(lengths[edge]), per_km, percent),
        )
        for edge, percent in zip(edges, terrain, strict=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HardParameters:
    """Parameters of a problem in which nothing is covered and every pair can use many candidates.

    Attributes
    ----------
    places, candidates, pairs
        Numbers of each.
    relevant
        Median number of candidates that a pair can use within its limit; the slack is set to come closest.
    roads_kmh
        Speed of a slow road on every Gabriel edge that exists today; 0: there is no road at all.
    budget_percent
        Budget as a share of the cost of all candidates.
    seed
        Seed of the random number generator.
    """

    places: int = 75
    candidates: int = 200
    pairs: int = 1_000
    relevant: int = 60
    roads_kmh: int = 0
    budget_percent: int = 20
    seed: int = 1

    @property
    def name(self) -> str:
        """Return the name of the problem."""
        return f"hard_{self.candidates}_{'roads' if self.roads_kmh else 'empty'}_{self.seed}"


HARD_SIDE_M, HARD_APART_M = 1_000_000, 50_000
HARD_KMH = 120
HARD_COST_PER_KM = 1
SLACK_STEPS = 12
"""Bisections of the search for the slack; 2^12 per mille is more than any slack asked for."""


def hard(p: HardParameters) -> DesignProblem:
    """Return a problem in which nothing is covered, everything is coverable, and every pair has many paths.

    Places lie at random with a least distance. Candidates join the closest neighbours at one speed; the cost
    per kilometre varies by a factor of three. Pairs are drawn among the uncovered ones. The limit of each is
    its time with everything built plus a slack in per mille that is the same for all. Bisection finds the
    slack at which the median number of candidates on some walk within the limit comes closest to `relevant`.
    Weights are 1 to 20.
    """
    rng = drawings.generator(p.seed)
    points = drawings.scatter(rng, p.places, side_m=HARD_SIDE_M, apart_m=HARD_APART_M)
    lengths = drawings.distances(points)
    edges = drawings.closest_neighbours(points, p.candidates)
    links = _proposals(rng, edges, lengths, kmh=HARD_KMH, per_km=HARD_COST_PER_KM)
    empty = drawings.points_between(points) == 0
    neighbours = [edge for edge in drawings.all_pairs(p.places) if p.roads_kmh and empty[edge]]
    drawing = drawings.Drawing(p.places, _roads(neighbours, lengths, p.roads_kmh), links)
    best, today = drawing.times(built=True), drawing.times(built=False)
    joined = [(a, b) for a, b in drawings.all_pairs(p.places) if best[a, b] < drawings.NO_PATH_S]
    chosen = [joined[k] for k in drawings.draw_positions(rng, joined, p.pairs)]
    relevant = partial(_median_relevant, drawing, best, chosen)
    low = bisect_right(range(1, 2**SLACK_STEPS), p.relevant, key=relevant)
    slack = min(low, low + 1, key=lambda slack: abs(relevant(slack) - p.relevant))
    weights = rng.integers(1, drawings.HEAVIEST, size=len(chosen), endpoint=True).tolist()
    pairs = [
        Pair(a, b, int(min(best[a, b] + best[a, b] * slack // 1_000, today[a, b] - 1)), weight)
        for (a, b), weight in zip(chosen, weights, strict=True)
        if today[a, b] > best[a, b]
    ]
    note = f"Generated: nothing covered yet, limits {slack} per mille above the best time. {p!r}"
    return drawing.problem(pairs, name=p.name, budget_percent=p.budget_percent, note=note)


def _median_relevant(
    drawing: drawings.Drawing, best: Integers, chosen: list[drawings.Edge], slack: int
) -> int:
    """Return the median number of links on some walk of a pair within its limit."""
    ends = np.array(chosen, dtype=np.int64).reshape(-1, 2)
    links = np.array([link[:3] for link in drawing.links], dtype=np.int64).reshape(-1, 3)
    limits = best[ends[:, 0], ends[:, 1]] * (1_000 + slack) // 1_000
    away, back = best[ends[:, 0]], best[:, ends[:, 1]].T
    there = away[:, links[:, 0]] + back[:, links[:, 1]]
    here = away[:, links[:, 1]] + back[:, links[:, 0]]
    counts = np.sort((np.minimum(there, here) + links[:, 2] <= limits[:, None]).sum(axis=1))
    return int(counts[len(counts) // 2])


@dataclass(frozen=True, slots=True, kw_only=True)
class NationalParameters(drawings.Parameters):
    """Parameters of a country.

    Attributes
    ----------
    cities, candidates
        Numbers of each.
    open_pairs
        Pairs that are not covered today but coverable.
    budget_percent
        Budget as a share of the cost of all candidates.
    seed
        Seed of the random number generator.
    """

    NAME = "national_{p.cities}_{p.seed}"
    cities: int = 300
    candidates: int = 1_000
    open_pairs: int = 10_000
    budget_percent: int = 10
    seed: int = 1


CITY_AREA_M2 = 60_000**2
"""Area per city."""
CITY_APART_M = 20_000
LARGEST_CITY = 20_000_000
"""People of the largest city; the r-th city has this number divided by r (Zipf's law)."""
CITIES_A_CORE, CITIES_A_SECONDARY = 15, 4
"""One city in 15 is core, one in 4 of the others secondary."""
ROAD_KMH, MOTORWAY_KMH, LINK_KMH = 60, 110, 120
ROAD_DETOUR_PERCENT, LINK_DETOUR_PERCENT = 125, 108
"""Length of existing roads, and of proposed links, in per cent of the straight line."""
LINK_TERRAIN_PERCENT = (80, 240)
LIMIT_STEP_S = 300
"""Limits are tried in these steps."""


def national(p: NationalParameters) -> DesignProblem:
    """Return a country in which some pairs of cities are covered and a given number is open.

    Cities lie at random with a least distance, and their sizes follow Zipf's law. Roads of 60 km/h join them
    on a spanning tree and on two in three Gabriel edges. Corridors of 110 km/h join core cities that are
    Gabriel neighbours among themselves, along the fastest roads. Candidates are links of 120 km/h between the
    closest neighbours that no corridor joins. All pairs have the same limit, the least multiple of 300 s at
    which `open_pairs` pairs are uncovered today and coverable; so many of them are drawn, and every pair
    within the limit today is added. The weight of a pair is the square root of the thousands of people of its
    smaller city.
    """
    rng = drawings.generator(p.seed)
    side = math.isqrt(CITY_AREA_M2 * p.cities)
    points = drawings.scatter(rng, p.cities, side_m=side, apart_m=CITY_APART_M)
    lengths = drawings.distances(points)
    rank = rng.permutation(p.cities).tolist()
    people = [LARGEST_CITY // (r + 1) for r in rank]
    cores = max(3, p.cities // CITIES_A_CORE)
    secondary = cores + (p.cities - cores) // CITIES_A_SECONDARY
    tiers = ["core" if r < cores else "secondary" if r < secondary else "small" for r in rank]
    empty, every = drawings.points_between(points) == 0, drawings.all_pairs(p.cities)
    edges = [edge for edge in every if empty[edge]]
    kept = (rng.integers(0, 3, size=len(edges)) > 0).tolist()
    metres = lengths * ROAD_DETOUR_PERCENT // 100
    joined = {*itertools.compress(edges, kept), *drawings.spanning_tree(lengths)}
    roads = _roads(sorted(joined), metres, ROAD_KMH)
    big = [i for i, r in enumerate(rank) if r < cores]
    corridors = _corridors(points, big, drawings.Drawing(p.cities, roads, ()))
    near = drawings.closest_neighbours(points, p.candidates, set(corridors))
    straight, terrain = lengths * LINK_DETOUR_PERCENT // 100, LINK_TERRAIN_PERCENT
    links = _proposals(rng, near, straight, kmh=LINK_KMH, per_km=COST_PER_KM, terrain_percent=terrain)
    fast = _roads(corridors, metres, MOTORWAY_KMH)
    drawing = drawings.Drawing(p.cities, (*roads, *fast), tuple(sorted(links)))
    today, best = drawing.times(built=False), drawing.times(built=True)
    # The first limit with enough open pairs, or the one with the most.
    upper_half = np.triu_indices(len(today), 1)
    now, then = today[upper_half], best[upper_half]
    steps = range(LIMIT_STEP_S, int(now.max()) + LIMIT_STEP_S, LIMIT_STEP_S)
    counts = [(int(((then <= limit) & (limit < now)).sum()), limit) for limit in steps]
    enough = [limit for count, limit in counts if count >= p.open_pairs]
    limit = enough[0] if enough else max(counts, key=lambda c: (c[0], -c[1]))[1]
    covered = [(a, b) for a, b in every if today[a, b] <= limit]
    waiting = [(a, b) for a, b in every if best[a, b] <= limit < today[a, b]]
    chosen = [waiting[k] for k in drawings.draw_positions(rng, waiting, p.open_pairs)]
    pairs = []
    for a, b in sorted([*covered, *chosen]):
        small = max(a, b, key=lambda city: (-people[city], city))
        pairs.append(Pair(a, b, limit, math.isqrt(people[small] // 1_000), tiers[small]))
    note = f"Generated country, one limit of {limit} s, {len(chosen)} pairs open today. {p!r}"
    return drawing.problem(pairs, name=p.name, budget_percent=p.budget_percent, note=note)


def national_of_size(cities: int, seed: int = 1) -> NationalParameters:
    """Return the parameters of a country with n cities, 10 n / 3 candidates and n^2 / 9 open pairs.

    These are the proportions of the country with 300 cities.
    """
    return NationalParameters(
        cities=cities, candidates=cities * 10 // 3, open_pairs=cities * cities // 9, seed=seed
    )


def _corridors(points: Integers, big: list[int], roads: drawings.Drawing) -> list[drawings.Edge]:
    """Return the roads on the shortest paths between core cities that are neighbours, sorted."""
    empty = drawings.points_between(points[big]) == 0
    times = roads.times(built=False)
    steps = {(a, b): s for road in roads.roads for a, b, s in (road, (road.b, road.a, road.seconds))}
    found: set[drawings.Edge] = set()
    for start, end in ((big[i], big[j]) for i, j in drawings.all_pairs(len(big)) if empty[i, j]):
        at = end
        while at != start:  # back along a shortest path; ties go to the smaller number
            arrives_s, after = times[start, at], at
            at = min(a for (a, b), s in steps.items() if b == at and times[start, a] + s == arrives_s)
            found.add((min(at, after), max(at, after)))
    return sorted(found)


GENERATORS: Mapping[str, Callable[[Any], DesignProblem]] = {
    make.__name__: make for make in (grid, corridors, hub_ring, geometric, hard, national)
}
"""The generators by name; each takes its parameters."""
