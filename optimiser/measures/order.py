"""Order the links of a finished plan by when to build them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from optimiser.engine.search.paths import Integers, arc_table
from optimiser.measures.marginal import MarginalValues
from optimiser.measures.valuation import Valuer
from optimiser.problem import DesignProblem

type OrderMethod = Literal["best", "forward", "backward"]
type Rank = tuple[float | Fraction, int]


@dataclass(frozen=True, slots=True)
class BuildOrder:
    """The links of a plan in the order of building.

    Attributes
    ----------
    method
        How the order was found: `forward` or `backward`, followed by `, exchanged` where exchanges of
        neighbours improved it.
    links
        Ids.
    area
        Money x weight under the curve of value over money spent, above the value with nothing built. While
        the money of a link is spent, the value is that of the links before it. The larger the area, the
        earlier the value comes.
    """

    method: str
    links: tuple[str, ...]
    area: int


def build_order(valuer: Valuer, built: Iterable[str], *, method: OrderMethod = "best") -> BuildOrder:
    """Return an order in which to build the links of a plan, best value for money first.

    Parameters
    ----------
    valuer
        The prepared problem.
    built
        Ids of the plan.
    method
        `forward`: start with nothing, and build the link that gains the most weight per unit of money; ties
        are built in the order of `backward`. `backward`: start with the plan, and leave out the link that
        loses the least weight per unit of money; the link left out first is built last. `best`: the order
        with the larger `area` of the two (of equal ones `forward`), improved by exchanges of neighbours.

    Returns
    -------
    BuildOrder
        A link follows the links of the plan that it requires, unless they require each other.

    Notes
    -----
    When no link needs another, both orders are optimal: sorting jobs by value per time is the rule of Smith
    (1956), Various optimizers for single-stage production, Naval Research Logistics Quarterly 3, and the
    exchange of neighbours is its proof. Links that have value only together mislead `forward`, and links that
    can replace each other mislead `backward`. Each exchange increases the area, so that exchanges terminate.
    """
    values = MarginalValues.of(valuer, built)
    backward = _ordered(values, _backward(values), "backward")
    if method == "backward":
        return backward
    forward = _ordered(values, _forward(values, backward.links), "forward")
    if method == "forward":
        return forward
    better = max(forward, backward, key=lambda order: order.area)
    exchanged = _exchanged(values, better.links)
    if tuple(exchanged) == better.links:
        return better
    return _ordered(values, exchanged, f"{better.method}, exchanged")


def _ordered(values: MarginalValues, links: Sequence[str], method: str) -> BuildOrder:
    nothing, problem = values.value(()), values.valuer.problem
    area = sum(
        problem.cost_of([name]) * (values.value(links[:at]) - nothing) for at, name in enumerate(links)
    )
    return BuildOrder(method, tuple(links), area)


def _backward(values: MarginalValues) -> list[str]:
    problem, left, dropped = values.valuer.problem, list(values.plan), list[str]()
    while left:
        free = _free(problem, left, 1) or left
        losses = values.losses(left, free)
        gone = min(free, key=_rank_by_loss(problem, losses, left[::-1]))
        left.remove(gone)
        dropped.append(gone)
    return dropped[::-1]


def _forward(values: MarginalValues, ties: Sequence[str]) -> list[str]:
    problem, left, order = values.valuer.problem, list(ties), list[str]()
    while left:
        ready = _free(problem, left, 0) or left
        # The largest gain is the smallest loss.
        losses = {name: -gain for name, gain in values.gains(order, ready).items()}
        taken = min(ready, key=_rank_by_loss(problem, losses, ties))
        left.remove(taken)
        order.append(taken)
    return order


def _rank_by_loss(
    problem: DesignProblem, losses: Mapping[str, int], ties: Sequence[str]
) -> Callable[[str], Rank]:
    """Return a sort key: loss per unit of money, then the place in `ties`."""
    place = {name: i for i, name in enumerate(ties)}

    def rank(name: str) -> Rank:
        cost, lost = problem.cost_of([name]), losses[name]
        if cost:
            return Fraction(lost, cost), place[name]
        return (inf if lost > 0 else -inf if lost < 0 else 0), place[name]

    return rank


def _free(problem: DesignProblem, left: Collection[str], end: int) -> list[str]:
    """Return the links that require none of those left (`end` 0), or that none of those requires (1)."""
    bound = {both[end] for both in problem.requires if both[1 - end] in left}
    return [name for name in left if name not in bound]


def _exchanged(values: MarginalValues, links: Sequence[str]) -> list[str]:
    """Return an order in which no exchange of neighbours increases the area."""
    problem, order, at = values.valuer.problem, list(links), 0
    while at + 1 < len(order):
        first, second = order[at : at + 2]
        # After those before, this order adds cost(second) x gain(first) to the area, the opposite one
        # cost(first) x gain(second); the value with both is the same.
        gains = values.gains(order[:at], (first, second))
        more = problem.cost_of([first]) * gains[second] > problem.cost_of([second]) * gains[first]
        if more and (second, first) not in problem.requires:
            order[at : at + 2] = [second, first]
            # The link moved forward may be better than its new neighbour too.
            at = max(at - 1, 0)
        else:
            at += 1
    return order


TODAY = -1
"""Owner of an arc that is open already."""


@dataclass(frozen=True, slots=True)
class FastestPath:
    """The fastest path of one pair.

    Attributes
    ----------
    seconds
        Travel time; None where no path exists.
    candidates
        Positions of the candidates whose arcs it takes, in order of travel, each once.
    """

    seconds: int | None
    candidates: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Router:
    """All arcs of a problem, ready to be searched with any candidates built.

    Attributes
    ----------
    problem
        The design problem.
    tail, head, seconds, owner
        int64 [arcs]: ends, travel time, and the position of the candidate that opens the arc (`TODAY` where
        it is open already). Of parallel arcs the fastest comes first, of equally fast ones what is open
        today.
    """

    problem: DesignProblem
    tail: Integers
    head: Integers
    seconds: Integers
    owner: Integers

    @classmethod
    def of(cls, problem: DesignProblem) -> Router:
        """Collect the arcs of a problem; loops are left out."""
        table = arc_table(problem)
        table[table[:, 3] == len(problem.candidates), 3] = TODAY
        table = table[table[:, 0] != table[:, 1]]
        tail, head, seconds, owner = table[np.lexsort(table.T[[3, 2, 1, 0]])].T
        return cls(problem, tail, head, seconds, owner)

    def fastest(
        self, *, built: Collection[int], pairs: Iterable[int], most_s: float = np.inf
    ) -> dict[int, FastestPath]:
        """Return the fastest path of some pairs with some candidates built.

        Parameters
        ----------
        built
            Positions of the candidates that are open.
        pairs
            Positions of the pairs to search.
        most_s
            Longer paths are of no interest.

        Returns
        -------
        dict
            Path by position of the pair. Of two arcs with equal time the one that is open today counts.
        """
        wanted = list(pairs)
        if not wanted:
            return {}
        ends = self.problem.pairs
        origins, row = np.unique([ends[k].origin for k in wanted], return_inverse=True)
        graph, owner = self._graph(built)
        seconds, predecessor = dijkstra(graph, indices=origins, return_predecessors=True, limit=most_s)
        return {
            k: _route(ends[k].destination, seconds[r], predecessor[r], owner)
            for k, r in zip(wanted, row.tolist(), strict=True)
        }

    def within_limit(self, *, built: Collection[int], pairs: Iterable[int]) -> dict[int, FastestPath]:
        """Return `fastest` for the pairs that are within their limits."""
        limit = [pair.limit for pair in self.problem.pairs]
        found = self.fastest(built=built, pairs=pairs, most_s=max(limit, default=0))
        return {k: way for k, way in found.items() if way.seconds is not None and way.seconds <= limit[k]}

    def _graph(self, built: Collection[int]) -> tuple[csr_array, dict[tuple[int, int], int]]:
        """Return the graph of what is open, and the owner of each arc that is not open today."""
        is_open = np.zeros(len(self.problem.candidates) + 1, dtype=np.bool_)
        is_open[[TODAY, *built]] = True
        rows = np.flatnonzero(is_open[self.owner])
        size = len(self.problem.nodes)
        _, first = np.unique(self.tail[rows] * size + self.head[rows], return_index=True)
        tail, head, seconds, owner = (
            column[rows[first]] for column in (self.tail, self.head, self.seconds, self.owner)
        )
        graph = csr_array((seconds.astype(np.float64), (tail, head)), shape=(size, size))
        new = np.flatnonzero(owner != TODAY)
        arcs = zip(tail[new].tolist(), head[new].tolist(), strict=True)
        return graph, dict(zip(arcs, owner[new].tolist(), strict=True))


def _route(
    end: int, seconds: NDArray[np.float64], predecessor: NDArray[np.int32], owner: dict[tuple[int, int], int]
) -> FastestPath:
    if not np.isfinite(seconds[end]):
        return FastestPath(None)
    candidates, head = list[int](), end
    while (tail := int(predecessor[head])) >= 0:
        if (tail, head) in owner:
            candidates.append(owner[tail, head])
        head = tail
    return FastestPath(int(seconds[end]), tuple(reversed(dict.fromkeys(candidates))))


@dataclass(frozen=True, slots=True)
class LinkGain:
    """What one proposed link brings; pairs are positions in the problem.

    Attributes
    ----------
    candidate
        Position of the candidate in the problem.
    used_by
        Newly covered pairs whose path, with the whole plan built, takes the link.
    added
        Pairs newly covered when the link joins those of better rank.
    lost_alone
        Pairs that fall back beyond the limit when this link alone is left out of the plan.
    """

    candidate: int
    used_by: tuple[int, ...]
    added: tuple[int, ...]
    lost_alone: tuple[int, ...]


type Ranking = tuple[list[LinkGain], dict[int, tuple[int, ...]]]
"""Gains of the links of a plan in order of rank; the candidates on the path of each newly covered pair."""


def rank_links(
    problem: DesignProblem, built: Collection[int]
) -> tuple[list[LinkGain], dict[int, FastestPath]]:
    """Order the links of a plan by what each brings in the context of the plan.

    Links are taken away one by one, always the one whose loss of covered weight per unit of cost is least
    given those that remain (reverse greedy; ties: the dearer, then the later id). The last to go ranks first.
    Removal, rather than addition, keeps together links that only serve jointly.

    Parameters
    ----------
    problem
        The design problem.
    built
        Positions of the candidates of the plan.

    Returns
    -------
    list of LinkGain, dict
        Gains in order of rank, and the routes of the newly covered pairs with the whole plan built.

    Notes
    -----
    Unlike `optimiser.measures.appraisal.order.build_order`, the ranking looks at pairs alone: cities that
    count as a whole and links that require each other have no influence, and ties are broken by cost.
    """
    router = Router.of(problem)
    everything = range(len(problem.pairs))
    today = router.within_limit(built=(), pairs=everything)
    gained = router.within_limit(built=built, pairs=[k for k in everything if k not in today])
    used_by = {j: tuple(k for k, route in gained.items() if j in route.candidates) for j in built}
    values = MarginalValues.of(Valuer.of(problem), (problem.candidates[j].id for j in built))
    left, removed = list(built), list[LinkGain]()
    alone: dict[int, tuple[int, ...]] = {}
    while left:
        names = [problem.candidates[j].id for j in left]
        losses = dict(zip(left, values.lost_pairs(names), strict=True))
        alone = alone or losses
        least = min(left, key=lambda j: _removal_key(problem, j, losses[j]))
        removed.append(LinkGain(least, used_by[least], losses[least], alone[least]))
        left.remove(least)
    return removed[::-1], gained


def ranking_of(problem: DesignProblem, built: Iterable[str]) -> Ranking:
    """Return the ranking of the links of a plan, by id, as `rank_links` orders them."""
    gains, routes = rank_links(problem, [problem.index[name] for name in built])
    return gains, {k: tuple(route.candidates) for k, route in routes.items()}


def _removal_key(problem: DesignProblem, j: int, lost: tuple[int, ...]) -> tuple[Fraction, int, str]:
    """Return the sort key of a link: weight lost per unit of cost rising, then cost and id falling."""
    candidate = problem.candidates[j]
    weight = sum(problem.pairs[k].weight for k in lost)
    backwards = "".join(chr(0x10FFFF - ord(letter)) for letter in candidate.id)
    return Fraction(weight, max(candidate.cost, 1)), -candidate.cost, backwards
