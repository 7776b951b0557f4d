"""Reduce pairs: remove those that every plan decides alike, merge equivalent ones, use their minimal sets.

A minimal set of a pair is one of candidates that cover it.
"""

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from optimiser.engine.presolve.fixings import SHOWN, excluded_by, named_pair, propagate_fixings, uncovered
from optimiser.engine.presolve.stage import Reduction, requirements, without, without_idle
from optimiser.engine.search.incumbent import Stop, never_stop
from optimiser.engine.search.labels import enabling_sets, new_store
from optimiser.engine.search.paths import Floats, Integers, Mask, covered
from optimiser.engine.search.tables import Tables, tables
from optimiser.problem import Candidate, City, DesignProblem, Pair, errors
from optimiser.verify.rules import target_coverage, weight_of


def first_stage(problem: DesignProblem) -> Reduction:
    """Return the first stage of a problem, in canonical order.

    Where every coverable pair must be covered, targets and cities are removed.

    Proof. By monotonicity, no plan covers a pair that stays uncovered with all candidates built that are not
    fixed out. So where every coverable pair must be covered, every plan covers the same pairs and the same
    cities: those that all these candidates together cover. A target is then met by every plan or by none, and
    cities have no influence.

    Parameters
    ----------
    problem
        Any problem.
    """
    problem = problem.canonical()
    stage = Reduction(problem)
    if not problem.must_cover:
        return stage
    every = covered(problem, [j for j, c in enumerate(problem.candidates) if c.fixed != "out"])
    if reason := _unreachable_target(problem, every):
        return stage.infeasible(reason)
    return stage.on(problem.derived(targets=(), cities=()).on_pairs(np.flatnonzero(every).tolist()))


def settle_pairs(stage: Reduction) -> Reduction:
    """Remove pairs that every plan or no plan covers, and the cities and targets that this decides.

    Proof. By monotonicity, a pair that is covered with nothing built is covered by every plan, and a pair
    that is not covered with everything built is covered by none. Both are constants: cities need, and targets
    require, correspondingly less of the open pairs. A city is a constant too if it needs no open pair, or
    more than there are. A target that is out of reach with everything built is met by no plan, so the problem
    is infeasible. An open pair or city matters only if it adds to the objective, to a target or to a city
    that matters, or if every pair must be covered.

    Parameters
    ----------
    stage
        Any stage after `first_stage`.
    """
    every = range(len(stage.problem.candidates))
    return settled(stage, covered(stage.problem, ()), covered(stage.problem, every))


def settled(stage: Reduction, always: Mask, ever: Mask) -> Reduction:
    """Return a stage without the pairs that every plan or no plan covers, as in `settle_pairs`.

    Parameters
    ----------
    stage
        Any stage after `first_stage`.
    always
        bool [K], pairs that every plan covers.
    ever
        bool [K], pairs that are not known to be uncovered in every plan.
    """
    problem = stage.problem
    if problem.must_cover and not ever.all():
        return stage.infeasible(uncovered(problem, np.flatnonzero(~ever).tolist()))
    if reason := _unreachable_target(problem, ever):
        return stage.infeasible(reason)
    known = set(np.flatnonzero(always).tolist())
    return dataclasses.replace(
        stage,
        problem=_open_part(problem, always, ever, stage.groups),
        base_weight=stage.base_weight + weight_of(problem, known),
    )


def _open_part(
    problem: DesignProblem, always: Mask, ever: Mask, kept_groups: frozenset[str]
) -> DesignProblem:
    """Return the problem of the open pairs, cities and targets that matter; unused groups are cleared."""
    known = set(np.flatnonzero(always).tolist())
    targets = tuple(
        dataclasses.replace(target, least=target.least - reached)
        for target in problem.targets
        if (reached := target_coverage(problem, target, known)) < target.least
    )
    city_groups = {target.group for target in targets if target.of == "cities"}
    pair_groups = {target.group for target in targets if target.of == "pairs"} | kept_groups

    def matters(item: Pair | City, groups: Collection[str]) -> bool:
        return item.weight > 0 and (problem.budget is not None or item.group in groups)

    is_open = (ever & ~always).tolist()
    cities = tuple(
        dataclasses.replace(
            city,
            pairs=tuple(k for k in city.pairs if is_open[k]),
            need=city.need - int(always[list(city.pairs)].sum()),
            group=city.group if city.group in city_groups else "",
        )
        for city in problem.cities
        if _is_met(city, ever) and not _is_met(city, always) and matters(city, city_groups)
    )
    in_cities = {k for city in cities for k in city.pairs}
    kept = [
        k
        for k, pair in enumerate(problem.pairs)
        if is_open[k] and (problem.must_cover or k in in_cities or matters(pair, pair_groups))
    ]
    pairs = tuple(
        dataclasses.replace(p, group=p.group if p.group in pair_groups else "") for p in problem.pairs
    )
    cover = problem.cover if targets else "all"
    changed = problem.derived(pairs=pairs, cities=cities, targets=(), cover="all")
    return changed.on_pairs(kept).derived(targets=targets, cover=cover)


def _is_met(city: City, mask: Mask) -> bool:
    return int(mask[list(city.pairs)].sum()) >= city.need


def _unreachable_target(problem: DesignProblem, ever: Mask) -> str:
    """Return the message that a target is out of reach even with everything built; empty if none is."""
    reachable = set(np.flatnonzero(ever).tolist())
    for target in problem.targets:
        reach = target_coverage(problem, target, reachable)
        if reach < target.least:
            pairs = [
                named_pair(problem, k)
                for k, p in enumerate(problem.pairs)
                if p.group == target.group and not ever[k]
            ]
            cities = [c.id for c in problem.cities if c.group == target.group and not _is_met(c, ever)]
            missed = pairs if target.of == "pairs" else cities
            return (
                f"target {target.group!r}: at most {reach} of the {target.least} still required can be "
                "covered, even with all candidates built that may be; out of reach: "
                f"{errors.listed(missed, SHOWN)}"
            )
    return ""


def merge_same_ends(stage: Reduction) -> Reduction:
    """Merge pairs with the same ends, limit and group; on symmetric networks opposite pairs as well.

    Proof. Pairs with the same origin, destination and limit are covered by the same plans. If every arc has a
    reverse arc with the same seconds and owner, the reverse of every walk is a walk of the same time that is
    open in the same plans, so a pair and its opposite are covered by the same plans too. `merged` describes
    how pairs are merged.

    Parameters
    ----------
    stage
        Any stage after `first_stage`.
    """
    ends = [(pair.origin, pair.destination) for pair in stage.problem.pairs]
    if is_symmetric(stage.problem):
        ends = [(min(two), max(two)) for two in ends]
    keys = [(*two, pair.limit) for two, pair in zip(ends, stage.problem.pairs, strict=True)]
    return stage.on(merged(stage.problem, keys))


def is_symmetric(problem: DesignProblem) -> bool:
    """Return whether every arc has a reverse arc with the same seconds and owner."""
    return all(
        {(head, tail, seconds) for tail, head, seconds in arcs} == {*arcs}
        for arcs in (problem.arcs, *(c.arcs for c in problem.candidates))
    )


def merged(problem: DesignProblem, keys: Sequence[Hashable]) -> DesignProblem:
    """Return a problem in which pairs with the same key and group are merged to one pair.

    The first pair of a class represents it, with the sum of the weights: objective and targets count the
    weights of all or none of its pairs. A city counts pairs, not weights. It allows a merge if it lists the
    same number m of pairs of every class that occurs in it: it then has `need` covered pairs exactly if
    ceil(need / m) classes are covered. If it lists different numbers, its pairs of classes that occur more
    than once in it are not merged. This refines the classes, which may violate the condition for other
    cities, so it is repeated until all cities allow the merge.

    Parameters
    ----------
    problem
        The problem of a stage.
    keys
        A key for each pair; pairs with the same key are covered by the same plans.
    """
    classes: list[Hashable] = [(key, pair.group) for key, pair in zip(keys, problem.pairs, strict=True)]
    while unmergeable := {k for city in problem.cities for k in _unmergeable(city, classes)}:
        classes = [k if k in unmergeable else name for k, name in enumerate(classes)]
    first = {name: k for k, name in reversed(list(enumerate(classes)))}
    if len(first) == len(classes):
        return problem
    weight: dict[Hashable, int] = defaultdict(int)
    for name, pair in zip(classes, problem.pairs, strict=True):
        weight[name] += pair.weight
    cities = []
    for city in problem.cities:
        pairs = tuple(sorted({first[classes[k]] for k in city.pairs}))
        times = len(city.pairs) // max(len(pairs), 1) or 1
        cities.append(dataclasses.replace(city, pairs=pairs, need=-(-city.need // times)))
    changed = problem.derived(
        pairs=tuple(
            dataclasses.replace(pair, weight=weight[name])
            for name, pair in zip(classes, problem.pairs, strict=True)
        ),
        cities=tuple(cities),
        targets=(),
        cover="all",
    )
    kept = sorted(first.values())
    return changed.on_pairs(kept).derived(targets=problem.targets, cover=problem.cover)


def _unmergeable(city: City, classes: Sequence[Hashable]) -> list[int]:
    """Return the pairs of a city that must not be merged."""
    counts = Counter(classes[k] for k in city.pairs)
    return [k for k in city.pairs if counts[classes[k]] > 1] if len({*counts.values()}) > 1 else []


# ---- minimal sets

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
