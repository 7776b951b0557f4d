"""Reduce a problem by applying the rules in turn until they change little."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from optimiser.engine.presolve.arc_relevance import drop_irrelevant_arcs
from optimiser.engine.presolve.contraction import contract, drop_slow_arcs
from optimiser.engine.presolve.dominance import drop_dominated
from optimiser.engine.presolve.fixings import build_free, drop_slack_limits, propagate_fixings
from optimiser.engine.presolve.minimal_sets import LITTLE, Effort, by_minimal_sets
from optimiser.engine.presolve.pairs import first_stage, merge_same_ends, settle_pairs
from optimiser.engine.presolve.stage import Rule, Stage, apply, must_cover
from optimiser.engine.search.incumbent import Stop, never_stop
from optimiser.engine.search.paths import covered
from optimiser.problem import DesignProblem
from optimiser.problem.errors import ProblemError

DECISIONS: tuple[Rule, ...] = (propagate_fixings, build_free, drop_slack_limits, settle_pairs)
"""Rules on candidates, pairs and targets."""

NETWORK: tuple[Rule, ...] = (drop_irrelevant_arcs, drop_slow_arcs, contract, drop_slow_arcs)
"""Rules on the network. They do not change which pairs each plan covers."""

BY_NETWORK: tuple[Rule, ...] = (*DECISIONS, merge_same_ends, *NETWORK, drop_dominated)
"""Rules of a round that does not need minimal sets."""

MOST_ROUNDS = 6
"""Most rounds in a row."""

EFFORTS = (LITTLE, Effort(sets=256, labels=20_000))
"""Limits on the enumeration of minimal sets; the second pays off where every pair must be covered and few
pairs are left."""

ONE_IN = 20
"""A round is followed by another one, which costs as much, if it removed at least one in this many of the
arcs, candidates or pairs."""


@dataclass(frozen=True, slots=True)
class Reduction:
    """A reduced problem, and the decisions that presolve made.

    The original problem is feasible if and only if `feasible` is True and `problem` is feasible. Its optimum
    is then that of `problem` plus `base`, and `lifted` converts an optimal plan of `problem` to one of the
    original. A bound on the objective of `problem`, plus `base`, is a bound on that of the original.

    Attributes
    ----------
    problem
        The remaining problem in canonical order: open pairs, candidates that some open pair can use (or that
        one of these requires), the network between them, and the side constraints that can be violated.
    forced
        Sorted ids of candidates built in any case: those fixed `in`; those that cost nothing, exclude
        nothing and use no capacity; those in every minimal set of a pair that must be covered; and what these
        require.
    forced_cost
        Total cost of `forced`.
    base_weight
        Weight of the pairs and cities that `forced` alone covers.
    feasible
        False when infeasibility is proved; `problem` then has no candidates and no pairs.
    reason
        Why the problem is infeasible; empty otherwise.
    """

    problem: DesignProblem
    forced: tuple[str, ...]
    forced_cost: int
    base_weight: int
    feasible: bool
    reason: str = ""

    @property
    def base(self) -> int:
        """Return the constant by which the objective of the original problem exceeds that of `problem`."""
        return self.forced_cost if self.problem.budget is None else self.base_weight

    def lifted(self, built: Iterable[int]) -> tuple[str, ...]:
        """Return the sorted ids of the plan of the original problem that belongs to a plan of `problem`.

        Parameters
        ----------
        built
            Positions of the built candidates in `problem`.
        """
        return tuple(sorted({*self.forced, *(self.problem.candidates[j].id for j in built)}))


def reduce(problem: DesignProblem, *, groups: Iterable[str] = (), stop: Stop = never_stop) -> Reduction:
    """Reduce a problem.

    Parameters
    ----------
    problem
        A plain problem (`DesignProblem.is_plain`); for others use `open_network`.
    groups
        Groups of pairs that are kept although no target names them.
    stop
        Returns whether the time is up. The first round of the rules that need no minimal sets is always done.

    Raises
    ------
    ProblemError
        When the problem has rings or periods, for which the rules are not proved.

    Notes
    -----
    Each rule preserves the invariant of `Stage`; its docstring contains the proof. One rule may enable
    another, so the rules are repeated in rounds while a round removes enough: first the rules on decisions
    and network, then those that need minimal sets.
    """
    if not problem.is_plain:
        where = f"problem {problem.name!r}"
        raise ProblemError("problems with rings or periods cannot be reduced", where=where)
    stage = dataclasses.replace(first_stage(problem), groups=frozenset(groups))
    stage = _repeat(_by_network, stage, stop)
    for effort in EFFORTS if must_cover(stage.problem) else EFFORTS[:1]:
        if not stop():
            stage = _repeat(partial(_by_sets, effort=effort, stop=stop), stage, stop)
    return Reduction(
        problem=stage.problem.canonical(),
        forced=stage.forced,
        forced_cost=stage.forced_cost,
        base_weight=stage.base_weight,
        feasible=not stage.reason,
        reason=stage.reason,
    )


def _by_network(stage: Stage) -> Stage:
    """Apply the rules that need no minimal sets; without pairs, the network decides nothing."""
    return apply(stage, *(BY_NETWORK if stage.problem.pairs else DECISIONS))


def _by_sets(stage: Stage, *, effort: Effort, stop: Stop) -> Stage:
    """Apply the rules on minimal sets and, if they removed enough, the other rules again."""
    if stage.reason:
        return stage
    after = by_minimal_sets(stage, effort, stop=stop)
    return _repeat(_by_network, after, stop) if _removed_enough(stage, after) else after


def _repeat(rule: Rule, stage: Stage, stop: Stop) -> Stage:
    """Apply a rule in rounds while each removes enough and time is left."""
    for _ in range(MOST_ROUNDS):
        before = stage
        stage = rule(stage)
        if not _removed_enough(before, stage) or stop():
            break
    return stage


def _removed_enough(before: Stage, after: Stage) -> bool:
    """Return whether a round fixed candidates or removed one in `ONE_IN` of the arcs, candidates or pairs."""
    if after.reason:
        return False
    sizes = zip(_sizes(before.problem), _sizes(after.problem), strict=True)
    return before.forced != after.forced or any(
        (size_before - size_after) * ONE_IN > size_before for size_before, size_after in sizes
    )


def _sizes(problem: DesignProblem) -> tuple[int, int, int]:
    arcs = len(problem.arcs) + sum(len(c.arcs) for c in problem.candidates)
    return arcs, len(problem.candidates), len(problem.pairs)


def open_network(problem: DesignProblem) -> tuple[DesignProblem, tuple[int, ...]]:
    """Return a plain problem of the open pairs, for time cuts in problems with rings or periods.

    Parameters
    ----------
    problem
        A problem in canonical order, with rings or periods.

    Returns
    -------
    tuple
        A plain problem without side constraints, whose candidates keep their ids; and the positions of its
        pairs in `problem`. A pair is open if it is covered with every allowed candidate built, but not with
        none.

    Notes
    -----
    Only the rules of `NETWORK` are applied. By their proofs, they do not change which pairs a set of open
    candidates covers, and neither do the candidates that they remove. So a pair is covered here exactly if it
    is covered in `problem`.
    """
    allowed = [j for j, c in enumerate(problem.candidates) if c.fixed != "out"]
    ever, always = covered(problem, allowed).tolist(), covered(problem, []).tolist()
    pairs = tuple(k for k in range(len(problem.pairs)) if ever[k] and not always[k])
    plain = problem.replace(
        candidates=tuple(
            dataclasses.replace(c, fixed=None, lead=0, arcs=() if c.fixed == "out" else c.arcs)
            for c in problem.candidates
        ),
        pairs=tuple(problem.pairs[k] for k in pairs),
        cover="all",
        caps=(),
        capacities=(),
        targets=(),
        excludes=(),
        requires=(),
        cities=(),
        rings=(),
        periods=(),
    )
    return apply(Stage(plain), *NETWORK).problem if pairs else plain, pairs
