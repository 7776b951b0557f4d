"""Rank the links of a plan by their worth to it: the last to be given up comes first."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction

from optimiser.problem import DesignProblem
from optimiser.report.routes import Route, Router


@dataclass(frozen=True, slots=True)
class Gain:
    """What one proposed link brings.

    Attributes
    ----------
    candidate
        Position of the candidate in the problem.
    users
        Newly covered pairs whose path, with the whole plan built, takes the link.
    adds
        Pairs newly covered when the link joins those of better rank.
    loses
        Pairs that fall back beyond the limit when this link alone is left out of the plan.
    """

    candidate: int
    users: tuple[int, ...]
    adds: tuple[int, ...]
    loses: tuple[int, ...]


def rank(problem: DesignProblem, built: Collection[int]) -> tuple[list[Gain], dict[int, Route]]:
    """Order the links of a plan by what each brings in the context of the plan.

    Links are taken away one by one, always the one whose loss of covered weight per unit of cost is least
    given those that remain (reverse greedy; ties: the dearer, then the later id). The last to go ranks first.
    Taking away, rather than adding, keeps together links that only serve jointly.

    Parameters
    ----------
    problem
        The problem.
    built
        Positions of the candidates of the plan.

    Returns
    -------
    list of Gain, dict
        Gains in order of rank, and the routes of the newly covered pairs with the whole plan built.
    """
    router = Router.of(problem)
    today = router.fastest(built=(), pairs=range(len(problem.pairs)))
    open_pairs = [k for k, route in today.items() if not _covers(problem, k, route)]
    routes = router.fastest(built=built, pairs=open_pairs)
    gained = {k: route for k, route in routes.items() if _covers(problem, k, route)}
    alone = {j: _lost(router, built, gained, j) for j in built}
    taken = _take_away(router, built, gained)
    users = {j: tuple(k for k, route in gained.items() if j in route.uses) for j in built}
    return [Gain(j, users[j], adds, alone[j]) for j, adds in reversed(taken)], gained


def _covers(problem: DesignProblem, pair: int, route: Route) -> bool:
    return route.seconds <= problem.pairs[pair].limit


def _take_away(
    router: Router, built: Collection[int], gained: Mapping[int, Route]
) -> list[tuple[int, tuple[int, ...]]]:
    left, routes = set(built), dict(gained)
    taken = []
    while left:
        losses = {j: _lost(router, left, routes, j) for j in left}
        least = min(left, key=lambda j: _worth(router.problem, j, losses[j]))
        left.remove(least)
        kept = {k: route for k, route in routes.items() if k not in set(losses[least])}
        moved = [k for k, route in kept.items() if least in route.uses]
        routes = kept | router.fastest(built=left, pairs=moved)
        taken.append((least, losses[least]))
    return taken


def _worth(problem: DesignProblem, j: int, lost: tuple[int, ...]) -> tuple[Fraction, int, str]:
    """Sort key of a link: what falls away without it per unit of cost, then cost, then id."""
    candidate = problem.candidates[j]
    weight = sum(problem.pairs[k].weight for k in lost)
    return Fraction(weight, max(candidate.cost, 1)), -candidate.cost, _reversed(candidate.id)


def _reversed(name: str) -> str:
    """Return a key that sorts later ids first."""
    return "".join(chr(0x10FFFF - ord(letter)) for letter in name)


def _lost(
    router: Router, built: Collection[int], routes: Mapping[int, Route], without: int
) -> tuple[int, ...]:
    touched = [k for k, route in routes.items() if without in route.uses]
    moved = router.fastest(built=set(built) - {without}, pairs=touched)
    return tuple(k for k, route in moved.items() if not _covers(router.problem, k, route))
