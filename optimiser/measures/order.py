"""Order the links of a finished plan by when to build them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import Literal

from optimiser.measures.marginal import MarginalValues
from optimiser.measures.valuation import Valuer
from optimiser.problem import DesignProblem

type Method = Literal["best", "forward", "backward"]
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


def build_order(valuer: Valuer, built: Iterable[str], *, method: Method = "best") -> BuildOrder:
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

    Raises
    ------
    ProblemError
        When an id is unknown or occurs twice.

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
        free = _not_required(problem, left) or left
        losses = values.losses(left, free)
        gone = min(free, key=_rank_by_loss(problem, losses, left[::-1]))
        left.remove(gone)
        dropped.append(gone)
    return dropped[::-1]


def _forward(values: MarginalValues, ties: Sequence[str]) -> list[str]:
    problem, left, order = values.valuer.problem, list(ties), list[str]()
    while left:
        ready = _ready(problem, left) or left
        gains = values.gains(order, ready)
        losses = {name: -gain for name, gain in gains.items()}  # the largest gain is the smallest loss
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


def _ready(problem: DesignProblem, left: Collection[str]) -> list[str]:
    """Return the links left that require none of those left."""
    waiting = {first for first, second in problem.requires if second in left}
    return [name for name in left if name not in waiting]


def _not_required(problem: DesignProblem, left: Collection[str]) -> list[str]:
    """Return the links left that none of those left requires."""
    needed = {second for first, second in problem.requires if first in left}
    return [name for name in left if name not in needed]


def _exchanged(values: MarginalValues, links: Sequence[str]) -> list[str]:
    """Return an order in which no exchange of neighbours increases the area."""
    problem, order, at = values.valuer.problem, list(links), 0
    held = set(links)
    bound = {(second, first) for first, second in problem.requires if {first, second} <= held}
    while at + 1 < len(order):
        first, second = order[at : at + 2]
        if (first, second) not in bound and _second_is_better(values, order[:at], first, second):
            order[at : at + 2] = [second, first]
            # The link moved forward may be better than its new neighbour too.
            at = max(at - 1, 0)
        else:
            at += 1
    return order


def _second_is_better(values: MarginalValues, before: Sequence[str], first: str, second: str) -> bool:
    """Return whether building the second of two neighbours first increases the area.

    After `before`, the order first, second adds cost(second) x gain(first) to the area, and the opposite
    order cost(first) x gain(second); the value with both is the same.
    """
    problem = values.valuer.problem
    gains = values.gains(before, (first, second))
    return problem.cost_of([first]) * gains[second] > problem.cost_of([second]) * gains[first]
