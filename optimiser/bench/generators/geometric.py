"""Generate places at random with a sparse network, and the links that it lacks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.bench.generators import plane
from optimiser.bench.generators.drawing import Drawing, Proposal, Road, drive_s, price, problem_of
from optimiser.bench.generators.plane import Edge
from optimiser.bench.generators.slack import open_pairs
from optimiser.problem import DesignProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class GeometricParameters:
    """What a random geometric problem is made from.

    Attributes
    ----------
    places, candidates, pairs
        Numbers of each; pairs are open.
    slack_percent
        Limit above the time with everything built, per cent of it.
    budget_percent
        Budget as a share of the cost of all candidates.
    seed
        Seed.
    """

    places: int = 60
    candidates: int = 100
    pairs: int = 400
    slack_percent: int = 15
    budget_percent: int = 15
    seed: int = 1

    @property
    def name(self) -> str:
        """Return the name of the problem made."""
        return f"geometric_{self.places}_{self.seed}"


SIDE_M = 500_000
APART_M = 20_000
ROAD_KMH = 80
KEPT_PERCENT = 40
"""Share of the Gabriel edges outside the spanning tree that exist today."""
HEAVIEST = 20


def geometric(p: GeometricParameters) -> DesignProblem:
    """Return a sparse network and its missing links.

    Roads are a shortest spanning tree and two in five of the other Gabriel edges. Candidates are the closest
    neighbours that no road joins, at the same speed, dearer by up to a factor of three for the ground: what
    they spare is the detour. Weights are 1 to 20.

    Parameters
    ----------
    p
        What to make.
    """
    rng = plane.generator(p.seed)
    points = plane.scattered(rng, p.places, side_m=SIDE_M, apart_m=APART_M)
    lengths = plane.distances(points)
    roads = _roads(points, lengths, rng)
    near = [e for e in plane.neighbours(points, p.candidates + len(roads)) if e not in roads]
    chosen = sorted(near[: p.candidates])
    ground = rng.integers(50, 150, size=len(chosen), endpoint=True).tolist()
    drawing = Drawing(
        places=p.places,
        roads=tuple(Road(*edge, drive_s(int(lengths[edge]), ROAD_KMH)) for edge in sorted(roads)),
        links=tuple(
            Proposal(*edge, drive_s(int(lengths[edge]), ROAD_KMH), price(int(lengths[edge]), 10, percent))
            for edge, percent in zip(chosen, ground, strict=True)
        ),
    )
    return problem_of(
        drawing,
        open_pairs(rng, drawing, count=p.pairs, slack_percent=p.slack_percent, heaviest=HEAVIEST),
        name=p.name,
        budget_percent=p.budget_percent,
        note=f"Generated sparse network with missing links. {p!r}",
    )


def _roads(points: plane.Integers, lengths: plane.Integers, rng: np.random.Generator) -> set[Edge]:
    tree = set(plane.spanning_tree(lengths))
    tail, head = np.nonzero(np.triu(plane.between(points) == 0, 1))
    kept = rng.integers(0, 100, size=len(tail)) < KEPT_PERCENT
    return tree | set(zip(tail[kept].tolist(), head[kept].tolist(), strict=True))
