"""Order the links of a finished plan by when to build them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf

from optimiser.measures.marginal import MarginalValues
from optimiser.measures.valuation import Valuer
from optimiser.problem import DesignProblem

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


def build_order(valuer: Valuer, built: Iterable[str]) -> BuildOrder:
    """Return an order in which to build the links of a plan, best value for money first.

    Parameters
    ----------
    valuer
        The prepared problem.
    built
        Ids of the plan.

    Returns
    -------
    BuildOrder
        A link follows the links of the plan that it requires, unless they require each other.

    Notes
    -----
    `forward`: start with nothing, and build the link that gains the most weight per unit of money; ties are
    built in the order of `backward`. `backward`: start with the plan, and leave out the link that loses the
    least weight per unit of money; the link left out first is built last. The order is that of the larger
    `area` (of equal ones `forward`), improved by exchanges of neighbours.

    When no link needs another, both orders are optimal: sorting jobs by value per time is the rule of Smith
    (1956), Various optimizers for single-stage production, Naval Research Logistics Quarterly 3, and the
    exchange of neighbours is its proof. Links that have value only together mislead `forward`, and links that
    can replace each other mislead `backward`. Each exchange increases the area, so that exchanges terminate.
    """
    values = MarginalValues.of(valuer, built)
    backward = _ordered(values, _backward(values), "backward")
    forward = _ordered(values, _forward(values, backward.links), "forward")
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


type Ranking = tuple[tuple[LinkGain, ...], tuple[tuple[int, tuple[int, ...]], ...]]
"""Gains of the links of a plan in order of rank; each newly covered pair with the candidates on its path."""


def rank_links(problem: DesignProblem, built: Iterable[str]) -> Ranking:
    """Order the links of a plan by what each brings in the context of the plan.

    Links are taken away one by one, always the one whose loss of covered weight per unit of cost is least
    given those that remain (reverse greedy; ties: the dearer, then the later id). The last to go ranks first.
    Removal, rather than addition, keeps together links that only serve jointly.

    Parameters
    ----------
    problem
        The design problem.
    built
        Ids of the plan.

    Returns
    -------
    Ranking
        The routes are those with the whole plan built.

    Notes
    -----
    Unlike `build_order`, the ranking looks at pairs alone: cities that count as a whole and links that
    require each other have no influence, and ties are broken by cost.
    """
    values = MarginalValues.of(Valuer.of(problem), built)
    routes = values.valuer.routes(values.plan)
    left, removed = list(values.plan), list[LinkGain]()
    alone: dict[str, tuple[int, ...]] = {}
    while left:
        losses = dict(zip(left, values.lost_pairs(left), strict=True))
        alone = alone or losses
        least = min(left, key=lambda name: removal_key(problem, name, losses[name]))
        j = problem.index[least]
        used_by = tuple(k for k, route in routes.items() if j in route)
        removed.append(LinkGain(j, used_by, losses[least], alone[least]))
        left.remove(least)
    return tuple(removed[::-1]), tuple(routes.items())


def removal_key(problem: DesignProblem, name: str, lost: tuple[int, ...]) -> tuple[Fraction, int, str]:
    """Return the sort key of a link: weight lost per unit of cost rising, then cost and id falling."""
    cost, weight = problem.cost_of([name]), sum(problem.pairs[k].weight for k in lost)
    backwards = "".join(chr(0x10FFFF - ord(letter)) for letter in name)
    return Fraction(weight, max(cost, 1)), -cost, backwards
