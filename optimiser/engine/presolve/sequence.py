"""Reduce a problem: apply the rules one after another until they find nothing more."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from optimiser.engine.presolve.alike import by_minimal_sets
from optimiser.engine.presolve.contraction import contract
from optimiser.engine.presolve.detours import drop_slow_arcs
from optimiser.engine.presolve.dominance import drop_dominated
from optimiser.engine.presolve.families import LITTLE, Effort
from optimiser.engine.presolve.fixings import build_free, close_fixings, drop_slack_rows
from optimiser.engine.presolve.merging import merge_same_ends
from optimiser.engine.presolve.pairs import close_pairs, start
from optimiser.engine.presolve.stage import Rule, Stage, Step, applied, must_cover, size_of
from optimiser.engine.presolve.useful import drop_useless
from optimiser.problem import DesignProblem
from optimiser.problem.errors import ProblemError

DECISIONS: tuple[Rule, ...] = (close_fixings, build_free, drop_slack_rows, close_pairs)
"""Rules on what is built and covered."""

NETWORK: tuple[Rule, ...] = (
    merge_same_ends,
    drop_useless,
    drop_slow_arcs,
    contract,
    drop_slow_arcs,
    drop_dominated,
)
"""Rules on the network and who uses it."""

ROUNDS = 6
"""Most times that rules are tried in a row."""

EFFORTS = (LITTLE, Effort(sets=256, labels=20_000))
"""How far minimal sets are listed; the second one pays where every pair must be covered and few are left."""

WORTH = 20
"""Another round costs as much again; it is tried when the last one took out one in so many of anything."""


@dataclass(frozen=True, slots=True)
class Reduction:
    """A smaller problem with the same optimal plans, and what was taken out.

    The original has a plan if and only if `feasible` and `problem` has one. Its optimum is then `base` more
    than that of `problem`, and `lifted` makes its optimal plan of one of `problem`. A bound lifts likewise:
    what limits `problem` limits the original after adding `base`.

    Attributes
    ----------
    problem
        What is left to decide, in canonical order: open pairs, candidates that some open pair can use (or
        that one of those requires), the network between them, and the rows that still say something.
    forced
        Ids built in any case: fixed `in`; free of charge and in nobody's way; on every way of a pair that
        must be covered; or required by one of these.
    forced_cost
        What those cost.
    base_weight
        Weight of the pairs and cities that `forced` alone covers.
    closed_weight
        Weight of pairs that stay uncovered even when everything allowed is built.
    feasible
        False when it is proved that no plan exists; then `problem` is empty of candidates and pairs.
    reason
        Why no plan exists; empty otherwise.
    steps
        What each use of a rule took out, in order.
    """

    problem: DesignProblem
    forced: tuple[str, ...]
    forced_cost: int
    base_weight: int
    closed_weight: int
    feasible: bool
    reason: str = ""
    steps: tuple[Step, ...] = ()

    @property
    def base(self) -> int:
        """Return what the objective of the original problem has on top of that of `problem`."""
        return self.forced_cost if self.problem.budget is None else self.base_weight

    def lifted(self, built: Iterable[int]) -> tuple[str, ...]:
        """Return the plan of the original problem that a plan of `problem` stands for: sorted ids.

        Parameters
        ----------
        built
            Positions of candidates of `problem`.
        """
        return tuple(sorted({*self.forced, *(self.problem.candidates[j].id for j in built)}))


def reduce(problem: DesignProblem, *, groups: Iterable[str] = ()) -> Reduction:
    """Return the part of a problem that is still open, in canonical order.

    Parameters
    ----------
    problem
        A plain problem (`DesignProblem.is_plain`); for others there is `open_network`.
    groups
        Groups of pairs that are told apart in what is left, although no target names them.

    Raises
    ------
    ProblemError
        When it has rings or periods, which the rules know nothing of.

    Notes
    -----
    Each rule keeps the invariant of `Stage`; its proof stands with it. What one rule takes out may let
    another one see more, so they take turns as long as a round is worth the next one: first those that look
    at the network, then those that list minimal sets.
    """
    if not problem.is_plain:
        where = f"problem {problem.name!r}"
        raise ProblemError("a problem with rings or periods is not reduced", where=where)
    begun = dataclasses.replace(start(problem), groups=frozenset(groups))
    stage = _repeated(_by_network, begun)
    for effort in EFFORTS if must_cover(stage.problem) else EFFORTS[:1]:
        stage = _repeated(partial(_by_sets, effort=effort), stage)
    return _finished(stage)


def _by_sets(stage: Stage, *, effort: Effort) -> Stage:
    """List minimal sets and, when that is worth it, look at the network again."""
    if stage.reason:
        return stage
    after = by_minimal_sets(stage, effort)
    worth = not after.reason and _worth_another_round(stage, after)
    return _repeated(_by_network, after) if worth else after


def _by_network(stage: Stage) -> Stage:
    for rule in (*DECISIONS, *NETWORK):
        stage = applied(rule, stage)
    return stage


def _repeated(rules: Rule, stage: Stage) -> Stage:
    """Apply rules while each round is worth the next one."""
    for _ in range(ROUNDS):
        before = stage
        stage = rules(stage)
        if stage.reason or not _worth_another_round(before, stage):
            break
    return stage


def _worth_another_round(before: Stage, after: Stage) -> bool:
    """Say whether a round built something or took out one in `WORTH` of anything."""
    old, new = size_of(before.problem), size_of(after.problem)
    sizes = ((old.arcs, new.arcs), (old.candidates, new.candidates), (old.pairs, new.pairs))
    return before.forced != after.forced or any((was - now) * WORTH > was for was, now in sizes)


def _finished(stage: Stage) -> Reduction:
    return Reduction(
        problem=stage.problem.canonical(),
        forced=stage.forced,
        forced_cost=stage.forced_cost,
        base_weight=stage.base_weight,
        closed_weight=stage.closed_weight,
        feasible=not stage.reason,
        reason=stage.reason,
        steps=stage.steps,
    )
