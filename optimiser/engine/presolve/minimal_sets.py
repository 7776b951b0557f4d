"""List the minimal sets of candidates that cover each pair, where they are few, and apply what they imply."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from optimiser.engine.presolve.arc_relevance import without_idle
from optimiser.engine.presolve.dominance import RowConditions, dearest_first
from optimiser.engine.presolve.fixings import propagate_fixings
from optimiser.engine.presolve.pairs import merged, settled, with_pairs
from optimiser.engine.presolve.stage import Stage, must_cover, without
from optimiser.engine.search.labels import enabling_sets, new_store
from optimiser.engine.search.tables import tables
from optimiser.problem import DesignProblem

WIDTH = 62
"""Most candidates that a pair may be able to use; others are given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """Where a pair is given up.

    Attributes
    ----------
    sets
        Most minimal sets.
    labels
        Most labels of its search.
    """

    sets: int
    labels: int


LITTLE = Effort(sets=64, labels=3_000)
"""Some tenths of a millisecond a pair, while thousands are open."""


type Family = tuple[tuple[str, ...], ...]
"""The minimal sets of a pair: sorted ids, sorted."""


class Families(NamedTuple):
    """The minimal sets of all pairs.

    Attributes
    ----------
    of
        One entry a pair: its minimal sets, none at all when none can be paid for, None when it was given up.
    unknown
        Ids of the candidates that a pair which was given up can use.
    """

    of: tuple[Family | None, ...]
    unknown: frozenset[str]


def minimal_sets(problem: DesignProblem, effort: Effort = LITTLE) -> Families:
    """Return for each pair every minimal set of candidates that covers it and can be paid for.

    Labels (time, set of candidates used) are extended from the origin in order of size, then of time. A
    label leaves when it cannot reach the destination within the limit with everything built, when its set
    costs more than the budget, when a label settled at its node is no later and has a subset of its set, or
    when a set of the destination is a subset of its set. (Multicriteria label setting: Martins, EJOR 1984;
    here one criterion is a set.)

    Parameters
    ----------
    problem
        The problem of a stage.
    effort
        Where to give a pair up.
    """
    t = tables(problem)
    store = new_store(t, ends=effort.sets, labels=effort.labels, members=WIDTH)
    most = np.inf if problem.budget is None else problem.budget + 1.0
    price = np.append(t.cost, 0).astype(np.float64)
    names = [c.id for c in problem.candidates]
    found: list[Family | None] = []
    unknown: set[str] = set()
    for k in range(len(t.limit)):
        use = t.use[t.use_start[k] : t.use_start[k + 1]]
        sets = enabling_sets(t, k, price, most, use, store) if len(use) <= WIDTH else None
        if sets is None:
            found.append(None)
            unknown.update(names[j] for j in use.tolist())
        else:
            found.append(tuple(sorted(tuple(names[j] for j in members.tolist()) for members in sets)))
    return Families(tuple(found), frozenset(unknown))


def by_minimal_sets(stage: Stage, effort: Effort = LITTLE) -> Stage:
    """Apply the rules of this module in turn, up to the first that changes the sets.

    Parameters
    ----------
    stage
        Any stage after `settle_pairs`.
    effort
        How far the sets are listed.
    """
    families = minimal_sets(stage.problem, effort)
    for rule in (close_unaffordable_pairs, build_essential, drop_unneeded, drop_replaced, drop_implied_pairs):
        before = stage
        stage = rule(stage, families)
        if stage.reason or len(stage.problem.pairs) != len(families.of) or stage.forced != before.forced:
            return stage
    return merge_equivalent_pairs(stage, families)


def close_unaffordable_pairs(stage: Stage, families: Families | None = None) -> Stage:
    """Drop pairs that no plan within the budget can cover.

    Proof. A plan that covers a pair holds one of its minimal sets, which costs no more than the plan. A pair
    none of whose sets can be paid for is covered by no plan; what follows, see `settle_pairs`.

    Parameters
    ----------
    stage
        Any stage after `settle_pairs`.
    families
        Its minimal sets, where they are known already.
    """
    families = families or minimal_sets(stage.problem)
    ever = np.array([family != () for family in families.of], dtype=np.bool_)
    return stage if ever.all() else settled(stage, np.zeros(len(ever), dtype=np.bool_), ever)


def build_essential(stage: Stage, families: Families | None = None) -> Stage:
    """Build what every minimal set of a pair that must be covered holds.

    Proof. A plan covers the pair, so it holds one of its minimal sets, and with it what all of them share.

    Parameters
    ----------
    stage, families
        As of `close_unaffordable_pairs`.
    """
    if not must_cover(stage.problem):
        return stage
    families = families or minimal_sets(stage.problem)
    must: set[str] = set()
    for family in families.of:
        if family:
            must |= set[str](family[0]).intersection(*family[1:])
    if not must:
        return stage
    fixed = tuple(dataclasses.replace(c, fixed="in") if c.id in must else c for c in stage.problem.candidates)
    return propagate_fixings(stage.on(stage.problem.replace(candidates=fixed)))


def drop_unneeded(stage: Stage, families: Families | None = None) -> Stage:
    """Drop candidates that are in no minimal set of any pair.

    Proof. A plan within the budget covers a pair exactly when it holds one of the minimal sets that can be
    paid for. When j is in none of a pair's sets, a plan covers the pair with j exactly when it does without.
    When that is so for every pair, j only costs money, and leaves as in `drop_irrelevant_arcs`. A candidate
    that a pair with unknown sets can use stays.

    Parameters
    ----------
    stage, families
        As of `close_unaffordable_pairs`.
    """
    problem = stage.problem
    families = families or minimal_sets(problem)
    needed = families.unknown.union(*(names for family in families.of for names in family or ()))
    if all(c.id in needed or not c.arcs for c in problem.candidates):
        return stage
    candidates = tuple(c if c.id in needed else dataclasses.replace(c, arcs=()) for c in problem.candidates)
    return stage.on(without_idle(problem.replace(candidates=candidates)))


def drop_replaced(stage: Stage, families: Families | None = None) -> Stage:
    """Drop candidates that another one replaces in every minimal set of every pair.

    Proof. Candidate i replaces j when c_i <= c_j, when no row forbids it (as in `drop_dominated`), and when
    for each minimal set S with j of each pair the set of the pair S without j and with i holds a minimal set
    T. A plan with j that covers the pair holds a minimal set; if j is in it, the plan without j and with i
    holds T, else that set itself. So this plan, which costs no more and breaks no row, covers no less.
    Candidates leave one at a time, and T is a set of candidates that are still there, so the argument holds
    for all of them. Tie rule: as in `drop_dominated`. A candidate that a pair with unknown sets can use
    stays.

    Parameters
    ----------
    stage, families
        As of `close_unaffordable_pairs`.
    """
    problem = stage.problem
    families = families or minimal_sets(problem)
    conditions, gone = RowConditions(problem), set[str]()
    holding = _holding(families)
    for candidate in dearest_first(problem):
        if candidate.id not in families.unknown:
            others = _replacements(candidate.id, holding[candidate.id], gone)
            if any(conditions.allow(candidate, problem.candidates[problem.index[name]]) for name in others):
                gone.add(candidate.id)
    return stage.on(without(problem, gone)) if gone else stage


type Sets = list[frozenset[str]]


def _holding(families: Families) -> Mapping[str, list[Sets]]:
    """Return for each candidate the sets of the pairs that have it in one."""
    found: dict[str, list[Sets]] = defaultdict(list)
    for family in families.of:
        sets = [frozenset(names) for names in family or ()]
        for name in frozenset[str]().union(*sets):
            found[name].append(sets)
    return found


def _replacements(name: str, families: Iterable[Sets], gone: set[str]) -> set[str]:
    """Return the candidates that replace one in every set; none where it is in no set."""
    found: set[str] | None = None
    for sets in families:
        there = [names for names in sets if names.isdisjoint(gone)]
        for names in there:
            if name in names:
                rest = [other - names for other in there if name not in other]
                fits = {one for others in rest if len(others) == 1 for one in others}
                found = fits if found is None else found & fits
                if not found:
                    return set()
    return found or set()


def drop_implied_pairs(stage: Stage, families: Families | None = None) -> Stage:
    """Where every pair must be covered, drop pairs that are covered whenever another one is.

    Proof. When every minimal set of pair l holds a minimal set of pair k, every plan that covers l covers k,
    so k need not be asked for. Two pairs that imply each other have the same minimal sets, since no set of a
    family holds another; of those the first stays. So implication among what may leave goes round in no
    circle, and every pair that leaves is implied by one that stays. (Row dominance of set covering.)

    Parameters
    ----------
    stage, families
        As of `close_unaffordable_pairs`.
    """
    problem = stage.problem
    if not must_cover(problem):
        return stage
    implied = set(_implied(families or minimal_sets(problem)))
    kept = np.array([k not in implied for k in range(len(problem.pairs))], dtype=np.bool_)
    return stage.on(with_pairs(problem, kept)) if implied else stage


def _implied(families: Families) -> Iterator[int]:
    """Yield the positions of pairs implied by others; an empty family implies and is implied by none."""
    known = {k: [frozenset(names) for names in family] for k, family in enumerate(families.of) if family}
    by_name: dict[str, set[int]] = defaultdict(set)
    for k, sets in known.items():
        for names in sets:
            by_name[min(names, default="")].add(k)
    for stronger, sets in known.items():
        first = min(sets, key=len)
        # A set within `first` is found by its least name, which is in `first` too.
        for k in set[int]().union(*(by_name[name] for name in first)):
            if k != stronger and _implies(sets, known[k]) and (k > stronger or known[k] != sets):
                yield k


def _implies(sets: Sets, weaker: Sets) -> bool:
    return all(any(one <= names for one in weaker) for names in sets)


def merge_equivalent_pairs(stage: Stage, families: Families | None = None) -> Stage:
    """Merge pairs with the same minimal sets.

    Proof. A plan within the budget covers a pair exactly when it holds one of the minimal sets that can be
    paid for; pairs with the same ones are covered by the same plans. How they merge, see `merged`.

    Parameters
    ----------
    stage, families
        As of `close_unaffordable_pairs`.
    """
    families = families or minimal_sets(stage.problem)
    keys: list[Hashable] = [k if family is None else family for k, family in enumerate(families.of)]
    return stage.on(merged(stage.problem, keys))
