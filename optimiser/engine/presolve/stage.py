"""Represent a problem between two rules, with the decisions that are already made."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from optimiser.engine.search.paths import Mask, covered
from optimiser.problem import Capacity, DesignProblem


@dataclass(frozen=True, slots=True)
class Stage:
    """A reduced problem, with the decisions that are already made.

    Every rule preserves this invariant. The original problem is feasible if and only if `reason` is empty and
    `problem` is feasible; its optimum is that of `problem` plus `base`. `forced` together with an optimal
    plan of `problem` is an optimal plan of the original, and with a cheapest optimal plan it is a cheapest
    one (a tie rule states which of several cheapest plans a rule keeps). `problem` is in canonical order and
    no candidate in it is fixed. Where every pair must be covered, each of its pairs must be covered in the
    original problem too.

    Attributes
    ----------
    problem
        The remaining problem.
    forced
        Sorted ids of the candidates that are built in any case.
    forced_cost
        Total cost of `forced`.
    base_weight
        Weight of the pairs and cities that `forced` alone covers.
    reason
        Why the problem is infeasible; empty while that is not proved.
    groups
        Groups of pairs that are kept although no target names them.
    """

    problem: DesignProblem
    forced: tuple[str, ...] = ()
    forced_cost: int = 0
    base_weight: int = 0
    reason: str = ""
    groups: frozenset[str] = frozenset()

    @property
    def base(self) -> int:
        """Return the constant by which the objective of the original problem exceeds that of `problem`."""
        return self.forced_cost if self.problem.budget is None else self.base_weight

    def on(self, problem: DesignProblem) -> Stage:
        """Return the stage with another problem, which must have the same optimum."""
        return dataclasses.replace(self, problem=problem)

    def infeasible(self, reason: str) -> Stage:
        """Return the stage of a problem that is proved infeasible; its remaining problem is empty."""
        empty = self.problem.replace(
            candidates=(),
            pairs=(),
            cover="all",
            caps=(),
            capacities=(),
            targets=(),
            excludes=(),
            requires=(),
            cities=(),
        )
        return dataclasses.replace(self, problem=empty, reason=reason)


type Rule = Callable[[Stage], Stage]


def apply(stage: Stage, *rules: Rule) -> Stage:
    """Apply rules in turn, up to the first that proves infeasibility."""
    for rule in rules:
        if not stage.reason:
            stage = rule(stage)
    return stage


def must_cover(problem: DesignProblem) -> bool:
    """Return whether every pair of a stage's problem must be covered."""
    return problem.budget is None and problem.cover == "all"


def with_everything(problem: DesignProblem) -> Mask:
    """Return bool [pairs]: whether each is within its limit when every candidate is built."""
    return covered(problem, range(len(problem.candidates)))


def without(problem: DesignProblem, removed: Collection[str]) -> DesignProblem:
    """Return a problem without some candidates and the side constraints that name them.

    Parameters
    ----------
    problem
        The problem.
    removed
        Ids of the candidates; candidates that require one of them must be among them.
    """
    if not removed:
        return problem
    return problem.replace(
        candidates=tuple(c for c in problem.candidates if c.id not in removed),
        capacities=_capacities_without(problem.capacities, removed),
        excludes=tuple(two for two in problem.excludes if two[0] not in removed and two[1] not in removed),
        requires=tuple(two for two in problem.requires if two[0] not in removed),
    )


def _capacities_without(capacities: tuple[Capacity, ...], removed: Collection[str]) -> tuple[Capacity, ...]:
    """Return capacities without the uses of some candidates; those that nothing uses any more are dropped."""
    left = (
        dataclasses.replace(c, use=tuple((name, units) for name, units in c.use if name not in removed))
        for c in capacities
    )
    return tuple(capacity for capacity in left if capacity.use)


def requirements(problem: DesignProblem) -> Mapping[str, frozenset[str]]:
    """Return for each candidate the ids that it requires, directly or indirectly, including its own."""
    needs: dict[str, set[str]] = {}
    for first, second in problem.requires:
        needs.setdefault(first, set()).add(second)
    return {c.id: _closure(c.id, needs) for c in problem.candidates}


def _closure(name: str, needs: Mapping[str, set[str]]) -> frozenset[str]:
    found, todo = {name}, [name]
    while todo:
        fresh = needs.get(todo.pop(), set()) - found
        found |= fresh
        todo += fresh
    return frozenset(found)
