"""Reduce a problem by applying the rules in turn until they change little."""

import dataclasses
from collections.abc import Iterable
from functools import partial

from optimiser.engine.presolve.contraction import contract, drop_irrelevant_arcs
from optimiser.engine.presolve.fixings import build_free, drop_slack_limits, propagate_fixings
from optimiser.engine.presolve.minimal_sets import LITTLE, Effort, by_minimal_sets
from optimiser.engine.presolve.pairs import first_stage, merge_same_ends, settle_pairs
from optimiser.engine.presolve.stage import NO_SIDE, Reduction, Rule, apply
from optimiser.engine.search.incumbent import Stop, never_stop
from optimiser.engine.search.paths import covered
from optimiser.problem import DesignProblem
from optimiser.problem.errors import ProblemError

DECISIONS: tuple[Rule, ...] = (propagate_fixings, build_free, drop_slack_limits, settle_pairs)
"""Rules on candidates, pairs and targets."""

NETWORK: tuple[Rule, ...] = (drop_irrelevant_arcs, contract)
"""Rules on the network. They do not change which pairs each plan covers."""

BY_NETWORK: tuple[Rule, ...] = (*DECISIONS, merge_same_ends, *NETWORK)
"""Rules of a round that does not need minimal sets."""

MOST_ROUNDS = 6
"""Most rounds in a row."""

EFFORTS = (LITTLE, Effort(sets=256, labels=20_000))
"""Limits on the enumeration of minimal sets; the second pays off where every pair must be covered and few
pairs are left."""

ONE_IN = 20
"""A round is followed by another one, which costs as much, if it removed at least one in this many of the
arcs, candidates or pairs."""


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
    Each rule preserves the invariant of `Reduction`; its docstring contains the proof. One rule may enable
    another, so the rules are repeated in rounds while a round removes enough: first the rules on decisions
    and network, then those that need minimal sets.
    """
    if not problem.is_plain:
        raise ProblemError(
            "problems with rings or periods cannot be reduced", where=f"problem {problem.name!r}"
        )
    stage = dataclasses.replace(first_stage(problem), groups=frozenset(groups))
    stage = _repeat(_by_network, stage, stop)
    for effort in EFFORTS if stage.problem.must_cover else EFFORTS[:1]:
        if not stop():
            stage = _repeat(partial(_by_sets, effort=effort, stop=stop), stage, stop)
    return stage.on(stage.problem.canonical())


def _by_network(stage: Reduction) -> Reduction:
    """Apply the rules that need no minimal sets; without pairs, the network decides nothing."""
    return apply(stage, *(BY_NETWORK if stage.problem.pairs else DECISIONS))


def _by_sets(stage: Reduction, *, effort: Effort, stop: Stop) -> Reduction:
    """Apply the rules on minimal sets and, if they removed enough, the other rules again."""
    if stage.reason:
        return stage
    after = by_minimal_sets(stage, effort, stop=stop)
    return _repeat(_by_network, after, stop) if _removed_enough(stage, after) else after


def _repeat(rule: Rule, stage: Reduction, stop: Stop) -> Reduction:
    """Apply a rule in rounds while each removes enough and time is left."""
    for _ in range(MOST_ROUNDS):
        before = stage
        stage = rule(stage)
        if not _removed_enough(before, stage) or stop():
            break
    return stage


def _removed_enough(before: Reduction, after: Reduction) -> bool:
    """Return whether a round fixed candidates or removed one in `ONE_IN` of the arcs, candidates or pairs."""
    if after.reason:
        return False
    one, other = before.problem, after.problem
    sizes = (
        *((len(p.arcs) + sum(len(c.arcs) for c in p.candidates) for p in (one, other)),),
        (len(one.candidates), len(other.candidates)),
        (len(one.pairs), len(other.pairs)),
    )
    return before.forced != after.forced or any((was - now) * ONE_IN > was for was, now in sizes)


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
    plain = problem.derived(
        candidates=tuple(
            dataclasses.replace(c, fixed=None, lead=0, arcs=() if c.fixed == "out" else c.arcs)
            for c in problem.candidates
        ),
        pairs=tuple(problem.pairs[k] for k in pairs),
        **NO_SIDE,
        rings=(),
        periods=(),
    )
    return apply(Reduction(plain), *NETWORK).problem if pairs else plain, pairs
