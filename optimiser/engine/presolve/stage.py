"""Represent a problem between two rules, with the decisions that are already made."""

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from optimiser.engine.search.paths import arc_table
from optimiser.problem import Arc, DesignProblem

_SIDE = ("caps", "capacities", "targets", "excludes", "requires", "cities")
NO_SIDE: Mapping[str, Any] = {"cover": "all"} | dict.fromkeys(_SIDE, ())
"""Fields of a problem without side constraints."""


@dataclass(frozen=True, slots=True)
class Reduction:
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

    @property
    def feasible(self) -> bool:
        """Return whether infeasibility is not proved; else `problem` has no candidates and no pairs."""
        return not self.reason

    def lifted(self, built: Iterable[int]) -> tuple[str, ...]:
        """Return the sorted ids of the plan of the original problem that belongs to a plan of `problem`.

        Parameters
        ----------
        built
            Positions of the built candidates in `problem`.
        """
        return tuple(sorted({*self.forced, *(self.problem.candidates[j].id for j in built)}))

    def on(self, problem: DesignProblem) -> Self:
        """Return the stage with another problem, which must have the same optimum."""
        return dataclasses.replace(self, problem=problem)

    def infeasible(self, reason: str) -> Self:
        """Return the stage of a problem that is proved infeasible; its remaining problem is empty."""
        return dataclasses.replace(
            self, problem=self.problem.derived(candidates=(), pairs=(), **NO_SIDE), reason=reason
        )


type Rule = Callable[[Reduction], Reduction]


def apply(stage: Reduction, *rules: Rule) -> Reduction:
    """Apply rules in turn, up to the first that proves infeasibility."""
    for rule in rules:
        if not stage.reason:
            stage = rule(stage)
    return stage


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
    used = (
        dataclasses.replace(c, use=tuple((name, units) for name, units in c.use if name not in removed))
        for c in problem.capacities
    )
    return problem.derived(
        candidates=tuple(c for c in problem.candidates if c.id not in removed),
        capacities=tuple(capacity for capacity in used if capacity.use),
        excludes=tuple(two for two in problem.excludes if two[0] not in removed and two[1] not in removed),
        requires=tuple(two for two in problem.requires if two[0] not in removed),
    )


def with_arcs(problem: DesignProblem, rows: Iterable[tuple[int, int, int, int]]) -> DesignProblem:
    """Return a problem with other arcs.

    Parameters
    ----------
    problem
        The problem.
    rows
        Tail, head, seconds and owner of each arc: a position of a candidate; -1, or their number, for today.
    """
    arcs: list[list[Arc]] = [[] for _ in range(len(problem.candidates) + 1)]
    for tail, head, seconds, owner in rows:
        arcs[owner].append((tail, head, seconds))
    return problem.derived(
        arcs=tuple(arcs[-1]),
        candidates=tuple(
            dataclasses.replace(c, arcs=tuple(own))
            for c, own in zip(problem.candidates, arcs[:-1], strict=True)
        ),
    )


def without_idle(problem: DesignProblem) -> DesignProblem:
    """Return a problem without idle candidates, and without nodes at which no arc and no pair begins or ends.

    A candidate is idle if it has no arcs, is not fixed, and no other remaining candidate requires it.
    """
    needs = requirements(problem)
    kept = {name for c in problem.candidates if c.arcs or c.fixed for name in needs[c.id]}
    problem = without(problem, {c.id for c in problem.candidates} - kept)
    ends = set(arc_table(problem)[:, :2].ravel().tolist())
    ends |= {node for p in problem.pairs for node in (p.origin, p.destination)}
    return problem if len(ends) == len(problem.nodes) else problem.on_nodes(sorted(ends))


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
