"""Hold a problem on its way through the rules, and what every plan is known to have."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from optimiser.engine.search.paths import Mask, covered
from optimiser.problem import DesignProblem


@dataclass(frozen=True, slots=True)
class Stage:
    """A problem, and what was settled before it was reached.

    Every rule keeps this invariant. The original problem has a plan if and only if `reason` is empty and
    `problem` has one; its optimum is that of `problem` plus `base`. `forced` together with an optimal plan
    of `problem` is an optimal plan, and with a cheapest one a cheapest (which of the cheapest plans a rule
    keeps, its tie rule says). `problem` is in canonical order and nothing in it is fixed. Where every pair
    must be covered, each of its pairs is one that the original problem wants covered.

    Attributes
    ----------
    problem
        What is left to decide.
    forced
        Ids built in any case, sorted.
    forced_cost
        What those cost.
    base_weight
        Weight of the pairs and cities that `forced` alone covers.
    reason
        Why there is no plan; empty while that is not proved.
    groups
        Groups of pairs whose weights are kept apart although no target names them.
    """

    problem: DesignProblem
    forced: tuple[str, ...] = ()
    forced_cost: int = 0
    base_weight: int = 0
    reason: str = ""
    groups: frozenset[str] = frozenset()

    @property
    def base(self) -> int:
        """Return what the objective of the original problem has on top of that of `problem`."""
        return self.forced_cost if self.problem.budget is None else self.base_weight

    def on(self, problem: DesignProblem) -> Stage:
        """Return the stage with another problem of the same optimum."""
        return dataclasses.replace(self, problem=problem)

    def infeasible(self, reason: str) -> Stage:
        """Return the stage of a problem that is proved to have no plan, with nothing left to decide."""
        empty = self.problem.replace(
            candidates=(), pairs=(), cover="all", caps=(), targets=(), excludes=(), requires=(), cities=()
        )
        return dataclasses.replace(self, problem=empty, reason=reason)


type Rule = Callable[[Stage], Stage]


def apply(stage: Stage, *rules: Rule) -> Stage:
    """Return a stage after some rules in turn, up to the first that proves that there is no plan."""
    for rule in rules:
        if not stage.reason:
            stage = rule(stage)
    return stage


def must_cover(problem: DesignProblem) -> bool:
    """Say whether every pair of a stage's problem must be covered."""
    return problem.budget is None and problem.cover == "all"


def with_everything(problem: DesignProblem) -> Mask:
    """Return bool [pairs]: whether each is within its limit when every candidate is built."""
    return covered(problem, range(len(problem.candidates)))


def without(problem: DesignProblem, gone: Collection[str]) -> DesignProblem:
    """Return a problem without some candidates, and without the rows that name them.

    Parameters
    ----------
    problem
        The problem.
    gone
        Ids of the candidates; whoever requires one of them must be among them.
    """
    if not gone:
        return problem
    return problem.replace(
        candidates=tuple(c for c in problem.candidates if c.id not in gone),
        excludes=tuple(two for two in problem.excludes if two[0] not in gone and two[1] not in gone),
        requires=tuple(two for two in problem.requires if two[0] not in gone),
    )


def requirements(problem: DesignProblem) -> Mapping[str, frozenset[str]]:
    """Return for each candidate the ids that are built whenever it is, its own among them."""
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
