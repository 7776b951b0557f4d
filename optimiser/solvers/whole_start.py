"""Say a plan with rings and periods in the variables of its model, for a solver to start from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from optimiser.formulation.detached import Circuit
from optimiser.formulation.rings import RingDecisions
from optimiser.formulation.whole import Whole
from optimiser.verify.circuits import nodes_round


def start_values(
    whole: Whole, built: Collection[int], circuits: Mapping[str, Circuit], starts: Mapping[int, int]
) -> dict[str, float]:
    """Return values of what is built, started and formed, by name of the variable; the rest follows.

    Parameters
    ----------
    whole
        The model.
    built
        Positions of candidates.
    circuits
        Circuit of each ring that is formed.
    starts
        Period in which each of them is started; empty without periods.
    """
    values = {x.name: float(j in built) for j, x in enumerate(whole.built)}
    for j, mine in enumerate(whole.starts):
        values |= {x.name: float(starts.get(j) == t) for t, x in enumerate(mine)}
    for ring in whole.rings:
        values |= dict(_ring_values(ring, circuits.get(ring.ring.id, ())))
    return values


def _ring_values(decisions: RingDecisions, links: Circuit) -> Iterator[tuple[str, float]]:
    """Yield the values of a ring, its circuit passed counterclockwise round the first centre."""
    nodes = nodes_round(decisions.ring, links) or () if links else ()
    ways = {a: 1 if at == decisions.ring.links[a].tail else -1 for a, at in zip(links, nodes, strict=True)}
    turns = [
        sum(way * decisions.turns[a][s] for a, way in ways.items())
        for s in range(len(decisions.ring.centres))
    ]
    if turns[0] < 0:
        ways = {a: -way for a, way in ways.items()}
    yield decisions.formed.name, float(bool(links))
    for a in decisions.ahead:
        yield decisions.ahead[a].name, float(ways.get(a) == 1)
        yield decisions.back[a].name, float(ways.get(a) == -1)
