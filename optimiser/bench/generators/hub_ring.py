"""Generate a city with spokes, and rings that spare the way through its centre."""

from __future__ import annotations

from dataclasses import dataclass

from optimiser.bench.generators import plane
from optimiser.bench.generators.drawing import Drawing, Proposal, Road, drive_s, price, problem_of
from optimiser.bench.generators.slack import open_pairs
from optimiser.problem import DesignProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class HubRingParameters:
    """What a hub with rings is made from.

    Attributes
    ----------
    spokes, rings
        Number of spokes and of rings; a town lies where they meet.
    pairs
        Pairs of towns that are open.
    slack_percent
        Limit above the time with everything built, per cent of it.
    budget_percent
        Budget as a share of the cost of all candidates.
    seed
        Seed.
    """

    spokes: int = 12
    rings: int = 4
    pairs: int = 300
    slack_percent: int = 10
    budget_percent: int = 25
    seed: int = 1

    @property
    def name(self) -> str:
        """Return the name of the problem made."""
        return f"hub_ring_{self.spokes}x{self.rings}_{self.seed}"


RING_M = (20_000, 35_000)
"""Least and most metres between a town and the next one inwards."""
CENTRE_S = 1_200
"""Seconds that the streets of the centre add to each spoke."""
ROAD_KMH, FAST_KMH = 80, 120
HEAVIEST = 20


def hub_ring(p: HubRingParameters) -> DesignProblem:
    """Return a hub with existing spokes; candidates are the arcs of rings and faster pieces of spokes.

    Place 0 is the hub; town r of spoke s has the number 1 + s x rings + r. The arc of ring r between two
    spokes is as long as the mean way to the hub times 2 pi over the number of spokes (44/7 in place of 2 pi).
    Weights are 1 to 20.

    Parameters
    ----------
    p
        What to make.
    """
    rng = plane.generator(p.seed)
    pieces = rng.integers(*RING_M, size=(p.spokes, p.rings), endpoint=True)
    radius = pieces.cumsum(axis=1)
    ground = iter(rng.integers(50, 150, size=2 * p.spokes * p.rings, endpoint=True).tolist())
    roads, links = [], []
    for s in range(p.spokes):
        for r in range(p.rings):
            town, inner = 1 + s * p.rings + r, s * p.rings + r if r else 0
            metres, slow = int(pieces[s, r]), 0 if r else CENTRE_S
            roads.append(Road(inner, town, drive_s(metres, ROAD_KMH) + slow))
            links.append(
                Proposal(inner, town, drive_s(metres, FAST_KMH) + slow, price(metres, 10, next(ground)))
            )
            following = (s + 1) % p.spokes
            arc = int(radius[s, r] + radius[following, r]) * 22 // (7 * p.spokes)
            links.append(
                Proposal(
                    town,
                    1 + following * p.rings + r,
                    drive_s(arc, FAST_KMH),
                    price(arc, 10, next(ground)),
                )
            )
    drawing = Drawing(1 + p.spokes * p.rings, tuple(roads), tuple(links))
    return problem_of(
        drawing,
        open_pairs(rng, drawing, count=p.pairs, slack_percent=p.slack_percent, heaviest=HEAVIEST),
        name=p.name,
        budget_percent=p.budget_percent,
        note=f"Generated hub with rings. {p!r}",
    )
