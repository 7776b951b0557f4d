"""Reduce a problem: apply the rules one after another until they find nothing more."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from optimiser.engine.presolve.arc_relevance import drop_irrelevant_arcs
from optimiser.engine.presolve.contraction import contract, drop_slow_arcs
from optimiser.engine.presolve.dominance import drop_dominated
from optimiser.engine.presolve.fixings import build_free, drop_slack_caps, propagate_fixings
from optimiser.engine.presolve.minimal_sets import LITTLE, Effort, by_minimal_sets
from optimiser.engine.presolve.pairs import first_stage, merge_same_ends, settle_pairs
from optimiser.engine.presolve.stage import Rule, Stage, apply, must_cover
from optimiser.engine.search.paths import covered
from optimiser.problem import DesignProblem
from optimiser.problem.errors import ProblemError

DECISIONS: tuple[Rule, ...] = (propagate_fixings, build_free, drop_slack_caps, settle_pairs)
"""Rules on what is built and covered."""

NETWORK: tuple[Rule, ...] = (drop_irrelevant_arcs, drop_slow_arcs, contract, drop_slow_arcs)
"""Rules on the network: they keep whether each plan covers each pair."""

BY_NETWORK: tuple[Rule, ...] = (*DECISIONS, merge_same_ends, *NETWORK, drop_dominated)
"""The rules of one round that looks at the network."""

ROUNDS = 6
"""Most rounds in a row."""

EFFORTS = (LITTLE, Effort(sets=256, labels=20_000))
"""How far minimal sets are listed; the second pays where every pair must be covered and few are left."""

ONE_IN = 20
"""Another round costs as much as the last one; it is tried when that took out one in so many of anything."""


@dataclass(frozen=True, slots=True)
class Reduction:
    """A smaller problem with the same optimal plans, and what was taken out.

    The original has a plan if and only if `feasible` and `problem` has one. Its optimum is then `base` more
    than that of `problem`, and `lifted` makes an optimal plan of one of `problem`. A bound lifts likewise:
    what limits `problem` limits the original after adding `base`.

    Attributes
    ----------
    problem
        What is left to decide, in canonical order: open pairs, candidates that some open pair can use (or
        that one of those requires), the network between them, and the rows that can still be broken.
    forced
        Ids built in any case: fixed `in`; free of charge and excluding nothing; on every way of a pair that
        must be covered; or required by one of these.
    forced_cost
        What those cost.
    base_weight
        Weight of the pairs and cities that `forced` alone covers.
    feasible
        False when it is proved that no plan exists; then `problem` has no candidates and no pairs.
    reason
        Why no plan exists; empty otherwise.
    """

    problem: DesignProblem
    forced: tuple[str, ...]
    forced_cost: int
    base_weight: int
    feasible: bool
    reason: str = ""

    @property
    def base(self) -> int:
        """Return what the objective of the original problem has on top of that of `problem`."""
        return self.forced_cost if self.problem.budget is None else self.base_weight

    def lifted(self, built: Iterable[int]) -> tuple[str, ...]:
        """Return the plan of the original problem, as sorted ids, that belongs to a plan of `problem`.

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
        Groups of pairs that are kept apart in what is left, although no target names them.

    Raises
    ------
    ProblemError
        When it has rings or periods, which the rules do not know.

    Notes
    -----
    Each rule keeps the invariant of `Stage`; its proof is in its docstring. What one rule takes out may let
    another one see more, so they take turns as long as a round is worth the next one: first those that look
    at the network, then those that list minimal sets.
    """
    if not problem.is_plain:
        where = f"problem {problem.name!r}"
        raise ProblemError("a problem with rings or periods is not reduced", where=where)
    stage = dataclasses.replace(first_stage(problem), groups=frozenset(groups))
    stage = _repeated(_by_network, stage)
    for effort in EFFORTS if must_cover(stage.problem) else EFFORTS[:1]:
        stage = _repeated(partial(_by_sets, effort=effort), stage)
    return Reduction(
        problem=stage.problem.canonical(),
        forced=stage.forced,
        forced_cost=stage.forced_cost,
        base_weight=stage.base_weight,
        feasible=not stage.reason,
        reason=stage.reason,
    )


def _by_network(stage: Stage) -> Stage:
    return apply(stage, *BY_NETWORK)


def _by_sets(stage: Stage, *, effort: Effort) -> Stage:
    """List minimal sets and, when that took out enough, look at the network again."""
    if stage.reason:
        return stage
    after = by_minimal_sets(stage, effort)
    return _repeated(_by_network, after) if _is_worth_another_round(stage, after) else after


def _repeated(rule: Rule, stage: Stage) -> Stage:
    """Apply a rule while each round is worth the next one."""
    for _ in range(ROUNDS):
        before = stage
        stage = rule(stage)
        if not _is_worth_another_round(before, stage):
            break
    return stage


def _is_worth_another_round(before: Stage, after: Stage) -> bool:
    """Say whether a round built something or took out one in `ONE_IN` of arcs, candidates or pairs."""
    if after.reason:
        return False
    sizes = zip(_sizes(before.problem), _sizes(after.problem), strict=True)
    return before.forced != after.forced or any((was - now) * ONE_IN > was for was, now in sizes)


def _sizes(problem: DesignProblem) -> tuple[int, int, int]:
    arcs = len(problem.arcs) + sum(len(c.arcs) for c in problem.candidates)
    return arcs, len(problem.candidates), len(problem.pairs)


def open_network(problem: DesignProblem) -> tuple[DesignProblem, tuple[int, ...]]:
    """Return a problem of the open pairs alone, and their positions in the problem given.

    Parameters
    ----------
    problem
        A problem in canonical order, with rings or periods.

    Returns
    -------
    tuple
        A plain problem without side constraints whose candidates keep their ids. A pair is open when it is
        covered with everything that may be built, and not with nothing built.

    Notes
    -----
    The rules used keep whether each pair is covered by each set of open candidates (their proofs); candidates
    that are left out change that for no pair. So coverage in this problem is coverage in the problem given.
    """
    allowed = [j for j, c in enumerate(problem.candidates) if c.fixed != "out"]
    ever, always = covered(problem, allowed).tolist(), covered(problem, []).tolist()
    pairs = tuple(k for k in range(len(problem.pairs)) if ever[k] and not always[k])
    bare = problem.replace(
        candidates=tuple(
            dataclasses.replace(c, fixed=None, lead=0, arcs=() if c.fixed == "out" else c.arcs)
            for c in problem.candidates
        ),
        pairs=tuple(problem.pairs[k] for k in pairs),
        cover="all",
        caps=(),
        targets=(),
        excludes=(),
        requires=(),
        cities=(),
        rings=(),
        periods=(),
    )
    return apply(Stage(bare), *NETWORK).problem if pairs else bare, pairs
