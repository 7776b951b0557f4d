"""Generate regular networks: lattices, parallel corridors, and hubs with rings."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from optimiser.bench.generators import (
    Drawing,
    Parameters,
    Proposal,
    Road,
    drive_time_s,
    generator,
    link_cost,
    open_problem,
)
from optimiser.problem import DesignProblem

COST_PER_KM = 10
TERRAIN_PERCENT = (50, 150)
"""Least and largest factor of the terrain on the cost of a link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridParameters(Parameters):
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
    rng = generator(p.seed)
    streets = _streets(p.rows, p.columns)
    seconds = rng.integers(*STREET_S, size=len(streets), endpoint=True).tolist()
    costs = rng.integers(*STREET_COST, size=len(streets), endpoint=True).tolist()
    fast = sorted(rng.permutation(len(streets))[: p.candidates].tolist())
    drawing = Drawing(
        places=p.rows * p.columns,
        roads=tuple(Road(a, b, time) for (a, b), time in zip(streets, seconds, strict=True)),
        links=tuple(Proposal(streets[k][0], streets[k][1], seconds[k] // 2, costs[k]) for k in fast),
    )
    return open_problem(rng, drawing, p, "lattice")


def _streets(rows: int, columns: int) -> list[tuple[int, int]]:
    across = [(r * columns + c, r * columns + c + 1) for r in range(rows) for c in range(columns - 1)]
    along = [(r * columns + c, (r + 1) * columns + c) for r in range(rows - 1) for c in range(columns)]
    return sorted([*across, *along])


@dataclass(frozen=True, slots=True, kw_only=True)
class CorridorParameters(Parameters):
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
    rng = generator(p.seed)
    rows = [range(c * p.cities, (c + 1) * p.cities) for c in range(p.corridors)]
    along = [edge for row in rows for edge in itertools.pairwise(row)]
    across = [
        (c * p.cities + i, (c + 1) * p.cities + i)
        for c in range(p.corridors - 1)
        for i in range(c % ACROSS_EVERY, p.cities, ACROSS_EVERY)
    ]
    lengths = rng.integers(*PIECE_M, size=len(along), endpoint=True).tolist()
    lengths += rng.integers(*ACROSS_M, size=len(across), endpoint=True).tolist()
    terrain = rng.integers(*TERRAIN_PERCENT, size=len(lengths), endpoint=True).tolist()
    roads, links = [], []
    for (a, b), metres, percent in zip(along + across, lengths, terrain, strict=True):
        roads.append(Road(a, b, drive_time_s(metres, CORRIDOR_KMH)))
        cost = link_cost(metres, COST_PER_KM, percent)
        links.append(Proposal(a, b, drive_time_s(metres, CORRIDOR_FAST_KMH), cost))
    drawing = Drawing(p.corridors * p.cities, tuple(roads), tuple(links))
    return open_problem(rng, drawing, p, "corridors")


@dataclass(frozen=True, slots=True, kw_only=True)
class HubRingParameters(Parameters):
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
    rng = generator(p.seed)
    pieces = rng.integers(*RING_M, size=(p.spokes, p.rings), endpoint=True)
    radius = pieces.cumsum(axis=1)
    terrain = iter(rng.integers(*TERRAIN_PERCENT, size=2 * p.spokes * p.rings, endpoint=True).tolist())
    roads, links = [], []

    def propose(a: int, b: int, metres: int, extra_s: int) -> None:
        cost = link_cost(metres, COST_PER_KM, next(terrain))
        links.append(Proposal(a, b, drive_time_s(metres, SPOKE_FAST_KMH) + extra_s, cost))

    for s in range(p.spokes):
        for r in range(p.rings):
            town, inner = 1 + s * p.rings + r, s * p.rings + r if r else 0
            metres, centre_s = int(pieces[s, r]), 0 if r else CENTRE_S
            roads.append(Road(inner, town, drive_time_s(metres, SPOKE_KMH) + centre_s))
            propose(inner, town, metres, centre_s)
            following = (s + 1) % p.spokes
            arc_m = int(radius[s, r] + radius[following, r]) * 22 // (7 * p.spokes)
            propose(town, 1 + following * p.rings + r, arc_m, 0)
    drawing = Drawing(1 + p.spokes * p.rings, tuple(roads), tuple(links))
    return open_problem(rng, drawing, p, "hub with rings")
