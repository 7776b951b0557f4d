"""Enumerate the minimal sets of candidates that cover each pair, and reduce the problem by them."""

import dataclasses
from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from optimiser.engine.presolve.fixings import excluded_by, propagate_fixings
from optimiser.engine.presolve.pairs import merged, settled
from optimiser.engine.presolve.stage import Reduction, requirements, without, without_idle
from optimiser.engine.search.incumbent import Stop, never_stop
from optimiser.engine.search.labels import enabling_sets, new_store
from optimiser.engine.search.paths import Floats, Integers, Mask
from optimiser.engine.search.tables import Tables, tables
from optimiser.problem import Candidate, DesignProblem

WIDTH = 62
"""A pair that can use more candidates than this is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """Limits beyond which the enumeration for a pair is given up.

    Attributes
    ----------
    sets
        Most minimal sets of a pair.
    labels
        Most labels of the search for a pair.
    """

    sets: int
    labels: int


LITTLE = Effort(sets=64, labels=3_000)
"""Limits while thousands of pairs are open: some tenths of a millisecond per pair."""


type Column = tuple[int, Integers]
"""A pair, and rising positions of candidates: building all of them brings the pair within its limit."""

type Family = tuple[tuple[str, ...], ...]
"""The minimal sets of a pair, sorted; each is a sorted tuple of ids."""


class Families(NamedTuple):
    """The minimal sets of all pairs.

    Attributes
    ----------
    of
        For each pair its minimal sets; empty when none is affordable, None when the pair was given up.
    unknown
        Ids of the candidates that some pair that was given up can use.
    """

    of: tuple[Family | None, ...]
    unknown: frozenset[str]


def list_columns(
    t: Tables,
    price: Floats,
    most: Floats,
    free: Mask,
    effort: Effort,
    *,
    width: int | None = None,
    stop: Stop = never_stop,
) -> tuple[list[Column], Mask]:
    """Enumerate all minimal columns of each pair below a price limit.

    Parameters
    ----------
    t
        The problem.
    price
        float64 >= 0, aligned with `t.use`: prices of the candidates of each pair; infinite for candidates
        that are not built.
    most
        float64 [K], price limit of each pair: columns of this price or more are left out.
    free
        bool [J], candidates that are built in any case; they are left out of the columns.
    effort
        Limits beyond which a pair is given up.
    width
        A pair that can use more candidates than this is given up; None: none is for that reason.
    stop
        Returns whether the time is up: the remaining pairs are then given up.

    Returns
    -------
    tuple
        All minimal columns below the price limit of the pairs that were completed, and bool [K], these pairs.
    """
    members = width or int(np.diff(t.use_start).max(initial=1))
    store = new_store(t, ends=effort.sets, labels=effort.labels, members=members)
    complete = np.zeros(len(most), np.bool_)
    prices, columns = np.zeros(t.size + 1), list[Column]()
    for k in range(len(most)):
        entries = slice(t.use_start[k], t.use_start[k + 1])
        use = t.use[entries]
        if len(use) > members or stop():
            continue
        prices[use] = np.where(free[use], 0.0, price[entries])
        sets = enabling_sets(t, k, prices, float(most[k]), use[~free[use]], store)
        if sets is not None:
            complete[k] = True
            columns += [(k, row) for row in sets]
    return columns, complete


def minimal_sets(problem: DesignProblem, effort: Effort = LITTLE, *, stop: Stop = never_stop) -> Families:
    """Return for each pair all minimal sets of candidates that cover it within the budget.

    Labels (time, set of candidates used) are extended from the origin in order of the size of the set, then
    of time. A label is dropped if it cannot reach the destination within the limit with everything built, if
    its set costs more than the budget, if a label settled at its node is no later and its set is a subset, or
    if a set found at the destination is a subset. (Multicriteria label setting: Martins, EJOR 1984; here one
    criterion is a set.)

    Parameters
    ----------
    problem
        The problem of a stage.
    effort
        Limits beyond which a pair is given up.
    stop
        Returns whether the time is up: the remaining pairs are then given up.
    """
    t, names = tables(problem), [c.id for c in problem.candidates]
    price, none_free = t.cost[t.use].astype(np.float64), np.zeros(t.size, np.bool_)
    most = np.full(len(t.limit), np.inf if problem.budget is None else problem.budget + 1.0)
    columns, complete = list_columns(t, price, most, none_free, effort, width=WIDTH, stop=stop)
    sets = [list[tuple[str, ...]]() for _ in problem.pairs]
    for k, members in columns:
        sets[k].append(tuple(names[j] for j in members.tolist()))
    unknown = t.use[np.repeat(~complete, np.diff(t.use_start))].tolist()
    families = (tuple(sorted(own)) if known else None for own, known in zip(sets, complete, strict=True))
    return Families(tuple(families), frozenset(names[j] for j in unknown))


def close_unaffordable_pairs(stage: Reduction, families: Families) -> Reduction:
    """Remove pairs that no plan within the budget can cover.

    Proof. A plan that covers a pair contains one of its minimal sets, which costs no more than the plan. A
    pair without affordable minimal sets is covered by no plan; see `settle_pairs` for the consequences.

    Parameters
    ----------
    stage
        Any stage after `settle_pairs`.
    families
        Its minimal sets.
    """
    ever = np.array([family != () for family in families.of], dtype=np.bool_)
    return stage if ever.all() else settled(stage, np.zeros(len(ever), dtype=np.bool_), ever)


def build_essential(stage: Reduction, families: Families) -> Reduction:
    """Build candidates that are in every minimal set of a pair that must be covered.

    Proof. Every plan covers the pair, so it contains one of its minimal sets, and with it their intersection.

    Parameters
    ----------
    stage, families
        As for `close_unaffordable_pairs`.
    """
    if not stage.problem.must_cover:
        return stage
    must: set[str] = set()
    for family in families.of:
        if family:
            must |= set[str](family[0]).intersection(*family[1:])
    if not must:
        return stage
    fixed = tuple(dataclasses.replace(c, fixed="in") if c.id in must else c for c in stage.problem.candidates)
    return propagate_fixings(stage.on(stage.problem.derived(candidates=fixed)))


def drop_unneeded(stage: Reduction, families: Families) -> Reduction:
    """Remove candidates that are in no minimal set of any pair.

    Proof. A plan within the budget covers a pair exactly if it contains one of the affordable minimal sets of
    the pair. If j is in none of them, removing j from a plan does not change whether the pair is covered. If
    that holds for every pair, j only adds cost, and is removed as in `drop_irrelevant_arcs`. Candidates that
    a pair with unknown minimal sets can use are kept.

    Parameters
    ----------
    stage, families
        As for `close_unaffordable_pairs`.
    """
    problem = stage.problem
    needed = families.unknown.union(*(names for family in families.of for names in family or ()))
    if all(c.id in needed or not c.arcs for c in problem.candidates):
        return stage
    candidates = tuple(c if c.id in needed else dataclasses.replace(c, arcs=()) for c in problem.candidates)
    return stage.on(without_idle(problem.derived(candidates=candidates)))


def drop_replaced(stage: Reduction, families: Families) -> Reduction:
    """Remove candidates that another candidate replaces in every minimal set of every pair.

    Proof. Candidate i replaces j if c_i <= c_j, if the side constraints allow it, and if for each pair and
    each of its minimal sets S with j, the set S without j and with i contains a minimal set T of the pair.
    Side constraints allow it if no candidate requires j; i excludes only j and what j excludes; i requires
    only what j requires; the instrument of i has no cap, or is that of j; and i uses no more of any capacity
    than j. A plan with j that covers the pair contains a minimal set of the pair. With i in place of j, the
    plan contains T if j is in this set, and the set itself otherwise. So the new plan covers no less. It
    costs no more and violates no side constraint: none requires j, what i requires is built, what it excludes
    is not, and no more of a cap or capacity is used. Candidates are removed one at a time, and T consists of
    remaining candidates, so the argument holds for all of them. Tie rule: candidates are tried by falling
    cost, then by falling id, so that of two that replace each other the first in canonical order stays.
    Candidates that a pair with unknown minimal sets can use are kept.

    Parameters
    ----------
    stage, families
        As for `close_unaffordable_pairs`.
    """
    problem = stage.problem
    conditions, removed = RowConditions(problem), set[str]()
    families_with: dict[str, list[Sets]] = defaultdict(list)
    for family in families.of:
        sets = [frozenset(names) for names in family or ()]
        for name in frozenset[str]().union(*sets):
            families_with[name].append(sets)
    for candidate in sorted(problem.candidates, key=lambda c: (c.cost, c.id), reverse=True):
        if candidate.id not in families.unknown:
            others = _replacements(candidate.id, families_with[candidate.id], removed)
            if any(conditions.allow(candidate, problem.candidates[problem.index[name]]) for name in others):
                removed.add(candidate.id)
    return stage.on(without(problem, removed)) if removed else stage


class RowConditions:
    """Checks whether costs and side constraints allow one candidate to replace another."""

    def __init__(self, problem: DesignProblem) -> None:
        self._needs = requirements(problem)
        self._required = {second for _, second in problem.requires}
        self._excluded = excluded_by(problem)
        self._capped = {name for name, _ in problem.caps}
        self._uses: dict[str, dict[str, int]] = {c.id: {} for c in problem.candidates}
        for capacity in problem.capacities:
            for name, units in capacity.use:
                self._uses[name][capacity.id] = units

    def allow(self, one: Candidate, other: Candidate) -> bool:
        """Return whether `other` may replace `one` in every plan, as far as costs and side constraints go."""
        return (
            other.cost <= one.cost
            and one.fixed is None
            and other.fixed is None
            and one.id not in self._required
            and self._excluded.get(other.id, set()) - {one.id} <= self._excluded.get(one.id, set())
            and self._needs[other.id] - {other.id} <= self._needs[one.id]
            and (other.instrument not in self._capped or other.instrument == one.instrument)
            and all(units <= self._uses[one.id].get(key, 0) for key, units in self._uses[other.id].items())
        )


type Sets = list[frozenset[str]]


def _replacements(name: str, families: Iterable[Sets], removed: set[str]) -> set[str]:
    """Return the candidates that replace `name` in every minimal set; none if it is in no set."""
    found: set[str] | None = None
    for sets in families:
        remaining = [names for names in sets if names.isdisjoint(removed)]
        for names in remaining:
            if name in names:
                rest = [other - names for other in remaining if name not in other]
                fits = {one for others in rest if len(others) == 1 for one in others}
                found = fits if found is None else found & fits
                if not found:
                    return set()
    return found or set()


def merge_equivalent_pairs(stage: Reduction, families: Families) -> Reduction:
    """Merge pairs with the same minimal sets.

    Proof. A plan within the budget covers a pair exactly if it contains one of its affordable minimal sets,
    so pairs with the same sets are covered by the same plans. `merged` describes how pairs are merged.

    Parameters
    ----------
    stage, families
        As for `close_unaffordable_pairs`.
    """
    keys: list[Hashable] = [k if family is None else family for k, family in enumerate(families.of)]
    return stage.on(merged(stage.problem, keys))


BY_SETS = (close_unaffordable_pairs, build_essential, drop_unneeded, drop_replaced, merge_equivalent_pairs)
"""Rules on minimal sets, in the order in which they are applied."""


def by_minimal_sets(stage: Reduction, effort: Effort = LITTLE, *, stop: Stop = never_stop) -> Reduction:
    """Apply the rules on minimal sets in turn, up to the first that invalidates the minimal sets.

    Parameters
    ----------
    stage
        Any stage after `settle_pairs`.
    effort
        Limits of the enumeration.
    stop
        Returns whether the time is up; the remaining pairs then count as given up.
    """
    families = minimal_sets(stage.problem, effort, stop=stop)
    for rule in BY_SETS:
        before, stage = stage, rule(stage, families)
        if stage.reason or len(stage.problem.pairs) != len(families.of) or stage.forced != before.forced:
            break
    return stage
