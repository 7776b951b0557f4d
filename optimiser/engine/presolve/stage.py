"""Hold a problem on its way through the rules, and what is true of every plan by now."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from optimiser.engine.search.paths import Mask, covered
from optimiser.problem import DesignProblem


@dataclass(frozen=True, slots=True)
class Size:
    """Numbers of nodes, arcs (those of candidates too), candidates and pairs of a problem."""

    nodes: int
    arcs: int
    candidates: int
    pairs: int


@dataclass(frozen=True, slots=True)
class Step:
    """What one use of a rule took out.

    Attributes
    ----------
    rule
        Name of the rule.
    before, after
        Sizes of the problem.
    """

    rule: str
    before: Size
    after: Size


@dataclass(frozen=True, slots=True)
class Stage:
    """A problem, and what was settled before it was reached.

    Every rule keeps this invariant: the original problem has a plan if and only if `reason` is empty and
    `problem` has one; its optimum is that of `problem` plus `base`; `forced` together with an optimal plan of
    `problem` is an optimal plan, and with a cheapest one a cheapest (which of the cheapest ones a rule keeps,
    its tie rule says). `problem` is in canonical order, nothing in it is fixed, and where every pair must be
    covered, each of its pairs is one that the original problem wants covered.

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
    closed_weight
        Weight of the pairs that no plan covers.
    reason
        Why there is no plan; empty while that is not proved.
    steps
        What the rules took out so far.
    groups
        Groups of pairs whose weights are told apart although no target names them.
    """

    problem: DesignProblem
    forced: tuple[str, ...] = ()
    forced_cost: int = 0
    base_weight: int = 0
    closed_weight: int = 0
    reason: str = ""
    steps: tuple[Step, ...] = ()
    groups: frozenset[str] = frozenset()

    @property
    def base(self) -> int:
        """Return what the objective of the original problem has on top of that of `problem`."""
        return self.forced_cost if self.problem.budget is None else self.base_weight

    def on(self, problem: DesignProblem) -> Stage:
        """Return the stage with another problem of the same optimum."""
        return dataclasses.replace(self, problem=problem)

    def refused(self, reason: str) -> Stage:
        """Return the stage of a problem that is proved to have no plan."""
        return dataclasses.replace(self, problem=emptied(self.problem), reason=reason)


type Rule = Callable[[Stage], Stage]


def applied(rule: Rule, stage: Stage, *, name: str = "") -> Stage:
    """Return a stage after one rule, with a note of what it took out; a refused stage stays as it is.

    Parameters
    ----------
    rule
        The rule.
    stage
        Where it starts from.
    name
        What to call it; default the name of the function.
    """
    if stage.reason:
        return stage
    after = rule(stage)
    step = Step(name or rule.__name__, size_of(stage.problem), size_of(after.problem))
    changed = step.before != step.after
    return dataclasses.replace(after, steps=(*stage.steps, step) if changed else stage.steps)


def size_of(problem: DesignProblem) -> Size:
    """Return the sizes of a problem."""
    arcs = len(problem.arcs) + sum(len(c.arcs) for c in problem.candidates)
    return Size(len(problem.nodes), arcs, len(problem.candidates), len(problem.pairs))


def emptied(problem: DesignProblem) -> DesignProblem:
    """Return a problem with its network and budget, and nothing to decide."""
    return problem.replace(
        candidates=(), pairs=(), cover="all", caps=(), targets=(), excludes=(), requires=(), cities=()
    )


def must_cover(problem: DesignProblem) -> bool:
    """Say whether every pair of a stage's problem must be covered."""
    return problem.budget is None and problem.cover == "all"


def with_everything(problem: DesignProblem) -> Mask:
    """Say for each pair whether it is within its limit when every candidate is built."""
    return covered(problem, range(len(problem.candidates)))


def without(problem: DesignProblem, gone: Collection[str]) -> DesignProblem:
    """Return a problem without some candidates, and without the rows that say nothing any more.

    Parameters
    ----------
    problem
        The problem.
    gone
        Ids to leave out; whoever requires one of them must be among them.
    """
    if not gone:
        return problem
    return problem.replace(
        candidates=tuple(c for c in problem.candidates if c.id not in gone),
        excludes=tuple(two for two in problem.excludes if two[0] not in gone and two[1] not in gone),
        requires=tuple(two for two in problem.requires if two[0] not in gone),
    )


def requirements(problem: DesignProblem) -> Mapping[str, frozenset[str]]:
    """Return for each candidate the ids that are built whenever it is, itself among them.

    Parameters
    ----------
    problem
        The problem.
    """
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
