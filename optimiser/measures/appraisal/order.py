"""Put the links of a finished plan into the order in which to build them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import Literal

from optimiser.measures.appraisal.marginal import Marginal
from optimiser.measures.appraisal.valuing import Valuer
from optimiser.problem import DesignProblem

type Method = Literal["best", "forward", "backward"]
type Rank = tuple[float | Fraction, int]


@dataclass(frozen=True, slots=True)
class OrderStep:
    """One link of a build order, and the state once it is built.

    Attributes
    ----------
    id
        The link.
    cost
        Its cost.
    spent
        Money spent up to and with it.
    gain
        Weight that it covers on top of those before it.
    value
        Weight of covered pairs and cities.
    coverage
        Tier and weight of its covered pairs, sorted by tier.
    """

    id: str
    cost: int
    spent: int
    gain: int
    value: int
    coverage: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class BuildOrder:
    """A plan, link by link.

    Attributes
    ----------
    method
        How it was found: `forward` or `backward`, with `, exchanged` where exchanges made it better.
    start
        Weight covered with nothing built.
    steps
        In order of building.
    """

    method: str
    start: int
    steps: tuple[OrderStep, ...]

    @property
    def area(self) -> int:
        """Return money x weight under the curve of value over money spent, above the start.

        While the money of a link is spent, what was covered before it is covered. The larger, the earlier
        value comes.
        """
        return sum(step.cost * (step.value - step.gain - self.start) for step in self.steps)


def build_order(worth: Valuer, built: Iterable[str], *, method: Method = "best") -> BuildOrder:
    """Return an order in which to build the links of a plan, value for money first.

    Parameters
    ----------
    worth
        The problem, laid out.
    built
        Ids of the plan.
    method
        `forward`: begin with nothing, and build what gains most weight a unit of money; what is equal in this
        is built in the order of `backward`. `backward`: begin with the plan, and leave out what loses least
        weight a unit of money; what is left out first is built last. `best`: of the two the one with the
        larger `area`, of equals `forward`.

    Returns
    -------
    BuildOrder
        Links follow those that they require, where the plan has them and they do not require each other.

    Raises
    ------
    ProblemError
        When an id is unknown or stands twice.

    Notes
    -----
    When no link needs another, both are optimal: to sort jobs by value per time is the rule of Smith (1956),
    Various optimizers for single-stage production, Naval Research Logistics Quarterly 3, and the exchange of
    neighbours is its proof. Links that are worth something only together mislead `forward`, and links that
    stand in for each other mislead `backward`. The area rises with each exchange, so that exchanges come to
    an end.
    """
    plan = Marginal.of(worth, built)
    backward = _backward(plan)
    if method == "backward":
        return _with_steps(plan, backward, method)
    forward = _with_steps(plan, _forward(plan, backward), "forward")
    if method == "forward":
        return forward
    better = max(forward, _with_steps(plan, backward, "backward"), key=lambda order: order.area)
    order = [step.id for step in better.steps]
    exchanged = _exchanged(plan, order)
    return better if exchanged == order else _with_steps(plan, exchanged, f"{better.method}, exchanged")


def _backward(plan: Marginal) -> list[str]:
    problem, left, dropped = plan.worth.problem, list(plan.plan), list[str]()
    while left:
        free = _unneeded(problem, left) or left
        losses = plan.losses(left, free)
        gone = min(free, key=_ranked(problem, losses, left[::-1]))
        left.remove(gone)
        dropped.append(gone)
    return dropped[::-1]


def _forward(plan: Marginal, names: Sequence[str]) -> list[str]:
    problem, left, order = plan.worth.problem, list(names), list[str]()
    while left:
        ready = _ready(problem, left) or left
        gains = plan.gains(order, ready)
        losses = {name: -gain for name, gain in gains.items()}  # a gain is a loss below 0
        taken = min(ready, key=_ranked(problem, losses, names))
        left.remove(taken)
        order.append(taken)
    return order


def _exchanged(plan: Marginal, names: Sequence[str]) -> list[str]:
    """Return an order in which no exchange of neighbours makes the area larger."""
    problem, order, at = plan.worth.problem, list(names), 0
    while at + 1 < len(order):
        first, second = order[at : at + 2]
        if (first, second) not in _bound(problem, order) and _larger(plan, order[:at], first, second):
            order[at : at + 2] = [second, first]
            at = max(at - 1, 0)
        else:
            at += 1
    return order


def _bound(problem: DesignProblem, order: Sequence[str]) -> set[tuple[str, str]]:
    """Return the links of a plan of which the first must come before the second."""
    held = set(order)
    return {(second, first) for first, second in problem.requires if {first, second} <= held}


def _larger(plan: Marginal, before: Sequence[str], first: str, second: str) -> bool:
    """Say whether the second of two neighbours should come first."""
    costs = [plan.worth.problem.cost_of([name]) for name in (first, second)]
    gains = plan.gains(before, (first, second))
    return costs[0] * gains[second] > costs[1] * gains[first]


def _ranked(problem: DesignProblem, losses: Mapping[str, int], ties: Sequence[str]) -> Callable[[str], Rank]:
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


def _unneeded(problem: DesignProblem, left: Collection[str]) -> list[str]:
    """Return the links left that none of those left requires."""
    needed = {second for first, second in problem.requires if first in left}
    return [name for name in left if name not in needed]


def _with_steps(plan: Marginal, order: Sequence[str], method: str) -> BuildOrder:
    problem, spent = plan.worth.problem, 0
    start = value = plan.value(())
    steps = []
    for at, name in enumerate(order):
        cost, new = problem.cost_of([name]), plan.value(order[: at + 1])
        spent += cost
        tiers = _by_tier(problem, plan.covered(order[: at + 1]))
        steps.append(OrderStep(name, cost, spent, new - value, new, tiers))
        value = new
    return BuildOrder(method, start, tuple(steps))


def _by_tier(problem: DesignProblem, pairs: Collection[int]) -> tuple[tuple[str, int], ...]:
    weights = dict.fromkeys(problem.groups, 0)
    for k in pairs:
        weights[problem.pairs[k].group] += problem.pairs[k].weight
    return tuple(sorted(weights.items()))
