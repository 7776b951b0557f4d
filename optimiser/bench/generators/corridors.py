"""Generate parallel corridors, upgraded piece by piece, with few ways across."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from optimiser.bench.generators import plane
from optimiser.bench.generators.drawing import Drawing, Proposal, Road, drive_s, price, problem_of
from optimiser.bench.generators.slack import open_pairs
from optimiser.problem import DesignProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class CorridorParameters:
    """What corridors are made from.

    Attributes
    ----------
    corridors, cities
        Number of corridors, and of cities on each.
    pairs
        Pairs of cities that are open.
    slack_percent
        Limit above the time with everything built, per cent of it.
    budget_percent
        Budget as a share of the cost of all candidates.
    seed
        Seed.
    """

    corridors: int = 4
    cities: int = 12
    pairs: int = 300
    slack_percent: int = 15
    budget_percent: int = 30
    seed: int = 1

    @property
    def name(self) -> str:
        """Return the name of the problem made."""
        return f"corridors_{self.corridors}x{self.cities}_{self.seed}"


PIECE_M = (25_000, 60_000)
"""Least and most metres between cities of a corridor."""
ACROSS_M = (50_000, 90_000)
SLOW_KMH, FAST_KMH = 60, 120
ACROSS_EVERY = 2
"""Every so many cities a road leads to the next corridor."""
HEAVIEST = 20


def corridors(p: CorridorParameters) -> DesignProblem:
    """Return parallel corridors: a pair needs many pieces of one together, so that single gains are none.

    Slow roads join the cities of a corridor, and every second city to the next corridor. Every road may be
    upgraded from 60 to 120 km/h; what a kilometre costs varies by a factor of three. Weights are 1 to 20.

    Parameters
    ----------
    p
        What to make.
    """
    rng = plane.generator(p.seed)
    edges = _along(p) + _across(p)
    pieces = len(_along(p))
    along = rng.integers(*PIECE_M, size=pieces, endpoint=True).tolist()
    across = rng.integers(*ACROSS_M, size=len(edges) - pieces, endpoint=True).tolist()
    ground = rng.integers(50, 150, size=len(edges), endpoint=True).tolist()
    roads, links = [], []
    for (a, b), metres, percent in zip(edges, along + across, ground, strict=True):
        roads.append(Road(a, b, drive_s(metres, SLOW_KMH)))
        links.append(Proposal(a, b, drive_s(metres, FAST_KMH), price(metres, 10, percent)))
    drawing = Drawing(p.corridors * p.cities, tuple(roads), tuple(links))
    return problem_of(
        drawing,
        open_pairs(rng, drawing, count=p.pairs, slack_percent=p.slack_percent, heaviest=HEAVIEST),
        name=p.name,
        budget_percent=p.budget_percent,
        note=f"Generated corridors. {p!r}",
    )


def _along(p: CorridorParameters) -> list[tuple[int, int]]:
    rows = [range(c * p.cities, (c + 1) * p.cities) for c in range(p.corridors)]
    return [edge for row in rows for edge in itertools.pairwise(row)]


def _across(p: CorridorParameters) -> list[tuple[int, int]]:
    return [
        (c * p.cities + i, (c + 1) * p.cities + i)
        for c in range(p.corridors - 1)
        for i in range(c % ACROSS_EVERY, p.cities, ACROSS_EVERY)
    ]
