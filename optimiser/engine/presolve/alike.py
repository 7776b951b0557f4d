"""Draw the conclusions of the minimal sets of candidates that cover each pair, where they are few."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Hashable, Iterator
from functools import partial

import numpy as np

from optimiser.engine.presolve.families import LITTLE, Effort, Families, minimal_sets
from optimiser.engine.presolve.fixings import close_fixings
from optimiser.engine.presolve.merging import merged
from optimiser.engine.presolve.pairs import settle, with_pairs
from optimiser.engine.presolve.replacement import drop_replaced
from optimiser.engine.presolve.stage import Stage, applied, must_cover
from optimiser.engine.presolve.useful import uses, without_idle
from optimiser.problem import DesignProblem


def _known(stage: Stage, families: Families | None) -> Families:
    return minimal_sets(stage.problem) if families is None else families


def by_minimal_sets(stage: Stage, effort: Effort = LITTLE) -> Stage:
    """Apply the rules of this module that change something, up to the first that changes the sets.

    Parameters
    ----------
    stage
        Any stage after `close_pairs`.
    effort
        How far the sets are listed.
    """
    families = minimal_sets(stage.problem, effort)
    rules = (close_dear_pairs, build_essential, drop_unneeded, drop_replaced, drop_implied_pairs)
    for rule in rules:
        before = stage
        stage = applied(partial(rule, families=families), stage, name=rule.__name__)
        if stage.reason or len(stage.problem.pairs) != len(families) or stage.forced != before.forced:
            return stage
    return applied(partial(merge_alike, families=families), stage, name=merge_alike.__name__)


def close_dear_pairs(stage: Stage, families: Families | None = None) -> Stage:
    """Leave out pairs that no plan within the budget can cover.

    Proof. A plan that covers a pair holds one of its minimal sets, which costs no more than the plan. A pair
    none of whose sets can be paid for is covered by no plan; what follows, see `close_pairs`.

    Parameters
    ----------
    stage
        Any stage after `start`.
    families
        Its minimal sets, where they are known already.
    """
    found = np.array([family != () for family in _known(stage, families)], dtype=np.bool_)
    return stage if found.all() else settle(stage, np.zeros(len(found), dtype=np.bool_), found)


def drop_unneeded(stage: Stage, families: Families | None = None) -> Stage:
    """Leave out candidates that are in no minimal set of any pair.

    Proof. A plan within the budget covers a pair exactly when it holds one of the minimal sets that can be
    paid for. When j is in none of a pair's sets, a plan covers the pair with j exactly when it does without.
    When that is so for every pair, j only costs money, and leaves as in `drop_useless`. Pairs whose sets are
    not known speak for every candidate that they can use.

    Parameters
    ----------
    stage
        Any stage after `close_pairs`.
    families
        Its minimal sets, where they are known already.
    """
    problem = stage.problem
    needed = _needed(problem, _known(stage, families))
    idle = [c.id for c in problem.candidates if c.arcs and c.id not in needed]
    if not idle:
        return stage
    candidates = tuple(c if c.id in needed else dataclasses.replace(c, arcs=()) for c in problem.candidates)
    return stage.on(without_idle(problem.replace(candidates=candidates)))


def _needed(problem: DesignProblem, families: Families) -> set[str]:
    start, use = uses(problem)
    found = {name for family in families for names in family or () for name in names}
    for k, family in enumerate(families):
        if family is None:
            found |= {problem.candidates[j].id for j in use[start[k] : start[k + 1]].tolist()}
    return found


def merge_alike(stage: Stage, families: Families | None = None) -> Stage:
    """Make one pair of pairs with the same minimal sets.

    Proof. A plan within the budget covers a pair exactly when it holds one of the minimal sets that can be
    paid for; pairs with the same ones are covered by the same plans. How they merge, see `merged`.

    Parameters
    ----------
    stage
        Any stage after `close_pairs`.
    families
        Its minimal sets, where they are known already.
    """
    keys: list[Hashable] = [k if f is None else f for k, f in enumerate(_known(stage, families))]
    return stage.on(merged(stage.problem, keys))


def build_essential(stage: Stage, families: Families | None = None) -> Stage:
    """Build what every minimal set of a pair that must be covered holds.

    Proof. A plan covers the pair, so it holds one of its minimal sets, and with it what all of them share.

    Parameters
    ----------
    stage
        Any stage after `close_pairs`.
    families
        Its minimal sets, where they are known already.
    """
    if not must_cover(stage.problem):
        return stage
    must: set[str] = set()
    for family in _known(stage, families):
        if family:
            must |= set[str](family[0]).intersection(*family[1:])
    if not must:
        return stage
    fixed = tuple(dataclasses.replace(c, fixed="in") if c.id in must else c for c in stage.problem.candidates)
    return close_fixings(stage.on(stage.problem.replace(candidates=fixed)))


def drop_implied_pairs(stage: Stage, families: Families | None = None) -> Stage:
    """Where every pair must be covered, leave out pairs that are covered whenever another one is.

    Proof. When every minimal set of pair l holds a minimal set of pair k, every plan that covers l covers k,
    so k need not be asked for. Two pairs that imply each other have the same minimal sets, since no set of a
    family holds another; of those the first stays. So implication among what may leave goes round in no
    circle, and every pair that leaves is implied by one that stays. (Row dominance of set covering.)

    Parameters
    ----------
    stage
        Any stage after `close_pairs`.
    families
        Its minimal sets, where they are known already.
    """
    problem = stage.problem
    if not must_cover(problem):
        return stage
    implied = set(_implied(_known(stage, families)))
    kept = np.array([k not in implied for k in range(len(problem.pairs))], dtype=np.bool_)
    return stage.on(with_pairs(problem, kept)) if implied else stage


def _implied(families: Families) -> Iterator[int]:
    """Yield the positions of pairs implied by others; an empty family implies and is implied by none."""
    known = {k: [frozenset(names) for names in family] for k, family in enumerate(families) if family}
    by_name: dict[str, set[int]] = defaultdict(set)
    for k, sets in known.items():
        for names in sets:
            by_name[min(names, default="")].add(k)
    for stronger, sets in known.items():
        first = min(sets, key=len)
        for k in set[int]().union(*(by_name[name] for name in first)):
            if k != stronger and _implies(sets, known[k]) and (k > stronger or known[k] != sets):
                yield k


def _implies(sets: list[frozenset[str]], weaker: list[frozenset[str]]) -> bool:
    return all(any(one <= names for one in weaker) for names in sets)
