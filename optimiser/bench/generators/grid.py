"""Generate a lattice of slow streets, some of which may become fast ones."""

from __future__ import annotations

from dataclasses import dataclass

from optimiser.bench.generators import plane
from optimiser.bench.generators.drawing import Drawing, Proposal, Road, problem_of
from optimiser.bench.generators.slack import open_pairs
from optimiser.problem import DesignProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class GridParameters:
    """What a lattice is made from.

    Attributes
    ----------
    rows, columns
        Junctions.
    candidates
        Streets that may be made twice as fast, drawn among all; all where there are fewer.
    pairs
        Pairs of junctions that are open.
    slack_percent
        Limit above the time with everything built, per cent of it.
    budget_percent
        Budget as a share of the cost of all candidates.
    seed
        Seed.
    """

    rows: int = 7
    columns: int = 7
    candidates: int = 60
    pairs: int = 300
    slack_percent: int = 15
    budget_percent: int = 25
    seed: int = 1

    @property
    def name(self) -> str:
        """Return the name of the problem made."""
        return f"grid_{self.rows}x{self.columns}_{self.seed}"


STREET_S = (180, 300)
"""Least and most seconds on a street today."""
STREET_COST = (20, 60)
HEAVIEST = 20


def grid(p: GridParameters) -> DesignProblem:
    """Return a lattice in which streets may be made twice as fast.

    Times today and costs are drawn for each street, so that equal ways are rare; weights are 1 to 20.

    Parameters
    ----------
    p
        What to make.
    """
    rng = plane.generator(p.seed)
    streets = _streets(p.rows, p.columns)
    seconds = rng.integers(*STREET_S, size=len(streets), endpoint=True).tolist()
    costs = rng.integers(*STREET_COST, size=len(streets), endpoint=True).tolist()
    fast = sorted(rng.permutation(len(streets))[: p.candidates].tolist())
    drawing = Drawing(
        places=p.rows * p.columns,
        roads=tuple(Road(a, b, time) for (a, b), time in zip(streets, seconds, strict=True)),
        links=tuple(Proposal(streets[k][0], streets[k][1], seconds[k] // 2, costs[k]) for k in fast),
    )
    return problem_of(
        drawing,
        open_pairs(rng, drawing, count=p.pairs, slack_percent=p.slack_percent, heaviest=HEAVIEST),
        name=p.name,
        budget_percent=p.budget_percent,
        note=f"Generated lattice. {p!r}",
    )


def _streets(rows: int, columns: int) -> list[tuple[int, int]]:
    across = [(r * columns + c, r * columns + c + 1) for r in range(rows) for c in range(columns - 1)]
    along = [(r * columns + c, (r + 1) * columns + c) for r in range(rows - 1) for c in range(columns)]
    return sorted([*across, *along])
