"""Make a design problem of a public network by stated choices."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

from optimiser.bench.converters.network import Demand, PublicNetwork
from optimiser.bench.generators.plane import Integers, generator
from optimiser.engine.search.paths import FAR, LONGEST, graph, opened, times_from
from optimiser.problem import Arc, Candidate, DesignProblem, Pair
from optimiser.problem.errors import ProblemError

type Weights = Literal["demand", "equal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a network file leaves open.

    Attributes
    ----------
    name
        Of the problem; empty: that of the network.
    seconds
        Seconds of one unit of `Link.measure` (a metre, or the file's unit of time).
    cost_factor
        Money of one unit of `Link.cost`; costs are rounded, at least 1; of two directions the dearer counts.
    candidate_percent
        Share of the two-way links that do not exist today and become candidates, drawn by the seed; links at
        terminals always exist. 100: every link is a candidate.
    limit_percent
        Limit of each pair, in per cent of its shortest time with every link.
    budget_percent
        Budget as a share of the cost of all candidates.
    weights
        `demand`: the demand, rounded, at least 1; `equal`: 1.
    merge
        The two directions of a demand are one pair, its ends in the order of the nodes.
    seed
        Of the draw of candidates.
    """

    name: str = ""
    seconds: float = 60.0
    cost_factor: float = 1.0
    candidate_percent: int = 100
    limit_percent: int = 200
    budget_percent: int = 30
    weights: Weights = "demand"
    merge: bool = True
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse values outside their ranges, all at once."""
        checks = {
            "seconds of a unit must be above 0": 0 < self.seconds < math.inf,
            "the cost factor must be above 0": 0 < self.cost_factor < math.inf,
            "the share of candidates must be 0 to 100 per cent": 0 <= self.candidate_percent <= 100,
            "limits must be at least 100 per cent of the shortest time": self.limit_percent >= 100,
            "the budget must be 0 to 100 per cent": 0 <= self.budget_percent <= 100,
        }
        faults = [text for text, holds in checks.items() if not holds]
        if faults:
            raise ProblemError(
                "the network cannot be converted so", faults=faults, done="Nothing was written."
            )


def problem_of(network: PublicNetwork, choices: Choices) -> DesignProblem:
    """Return the design problem of a public network.

    A link with its opposite is one candidate. Terminals, which no way may lead through, are split: trips end
    at the node itself and begin at a copy of it. Pairs without a way even with every link are left out.

    Parameters
    ----------
    network
        The network.
    choices
        What its file leaves open; they are written into the note.

    Raises
    ------
    ProblemError
        When no demand can travel at all.
    """
    nodes = (*network.nodes, *(f"{name}:out" for name in network.nodes[: network.terminals]))
    groups = _two_way(network, choices)
    drawn = _drawn(network, groups, choices)
    links = [group for at, group in enumerate(groups) if at not in drawn]
    candidates = tuple(groups[at].candidate() for at in sorted(drawn))
    bare = DesignProblem(
        name=choices.name or network.name,
        nodes=nodes,
        arcs=tuple(arc for group in links for arc in group.arcs),
        candidates=candidates,
        pairs=(),
        budget=sum(c.cost for c in candidates) * choices.budget_percent // 100,
        note=f"{network.source} {network.name}, seconds of {network.unit}. {choices!r}",
        money="units",
    )
    pairs = _pairs(network, bare, choices)
    if not pairs:
        raise ProblemError("no demand has a way, even with every link", where=network.name)
    return bare.replace(pairs=pairs)


@dataclass(frozen=True, slots=True)
class _Group:
    """A link with its opposite."""

    id: str
    ends: tuple[int, int]
    arcs: tuple[Arc, ...]
    cost: int

    def candidate(self) -> Candidate:
        """Return it as a candidate."""
        return Candidate(id=self.id, cost=self.cost, arcs=self.arcs, kind="link")


def _two_way(network: PublicNetwork, choices: Choices) -> list[_Group]:
    """Return the links, each with its opposite, in order of first appearance; parallel ones stay apart."""
    split = network.terminals
    found: list[tuple[str, int, int, list[Arc], list[float]]] = []
    waiting: dict[tuple[int, int], list[int]] = defaultdict(list)
    for link in network.links:
        tail = link.tail + len(network.nodes) if link.tail < split else link.tail
        seconds = max(1, round(link.measure * choices.seconds))
        opposite = waiting.get((link.head, link.tail))
        if opposite:
            at = opposite.pop(0)
            found[at][3].append((tail, link.head, seconds))
            found[at][4].append(link.cost)
        else:
            waiting[link.tail, link.head].append(len(found))
            found.append((link.id, link.tail, link.head, [(tail, link.head, seconds)], [link.cost]))
    return [
        _Group(name, (a, b), tuple(arcs), max(1, round(max(costs) * choices.cost_factor)))
        for name, a, b, arcs, costs in found
    ]


def _drawn(network: PublicNetwork, groups: list[_Group], choices: Choices) -> set[int]:
    free = [at for at, group in enumerate(groups) if min(group.ends) >= network.terminals]
    count = len(free) * choices.candidate_percent // 100
    order = generator(choices.seed).permutation(len(free))[:count].tolist()
    return {free[at] for at in order}


def _pairs(network: PublicNetwork, bare: DesignProblem, choices: Choices) -> tuple[Pair, ...]:
    values: dict[tuple[int, int], float] = defaultdict(float)
    for demand in network.demands:
        if demand.value > 0 and demand.origin != demand.destination:
            values[_ends(demand, merge=choices.merge)] += demand.value
    whole = bare.replace(pairs=(Pair(0, 0, LONGEST, 0),))
    net, mask = graph(whole), opened(whole, range(len(bare.candidates)))
    times: dict[int, Integers] = {}
    pairs = []
    for (origin, destination), value in sorted(values.items()):
        start = origin + len(network.nodes) if origin < network.terminals else origin
        if start not in times:
            times[start] = times_from(net, mask, start, LONGEST)
        best = int(times[start][destination])
        if best < FAR:
            weight = max(1, round(value)) if choices.weights == "demand" else 1
            pairs.append(Pair(start, destination, best * choices.limit_percent // 100, weight))
    return tuple(pairs)


def _ends(demand: Demand, *, merge: bool) -> tuple[int, int]:
    ends = (demand.origin, demand.destination)
    return (min(ends), max(ends)) if merge else ends
