"""Reduce a problem: shrink its network, and apply all rules in turn until they change little."""

import dataclasses
from collections.abc import Iterable, Iterator
from functools import partial

from optimiser.engine.presolve.fixings import build_free, drop_slack_limits, propagate_fixings
from optimiser.engine.presolve.magnitudes import bounded
from optimiser.engine.presolve.pairs import (
    LITTLE,
    Effort,
    by_minimal_sets,
    first_stage,
    merge_same_ends,
    settle_pairs,
)
from optimiser.engine.presolve.stage import NO_SIDE, Reduction, Rule, apply, with_arcs, without_idle
from optimiser.engine.search.incumbent import Stop, never_stop
from optimiser.engine.search.paths import arc_table, covered, longest_limit
from optimiser.engine.search.tables import Reach
from optimiser.problem import DesignProblem, errors

# ---- rules on the network: arcs that no pair can use go, nodes are contracted


def drop_irrelevant_arcs(stage: Reduction) -> Reduction:
    """Remove arcs that are on no walk within the limit of any pair, and candidates without arcs.

    Proof. With every candidate built, let a(u) be the shortest time from the origin of a pair to u, and b(v)
    that from v to its destination. A walk of the pair over the arc (u, v) of s seconds takes at least
    a(u) + s + b(v) in any plan. If that exceeds the limit for every pair, no pair is covered over the arc,
    and without it every plan covers the same pairs. A candidate without arcs only adds cost; it is removed
    unless a remaining candidate requires it. Leaving it out of a plan violates no side constraint, since no
    remaining candidate requires it. Nodes without arcs and pairs are removed as well.

    Parameters
    ----------
    stage
        Any stage.
    """
    table = arc_table(stage.problem)
    used = Reach.of(stage.problem).used(table)
    return stage.on(without_idle(with_arcs(stage.problem, table[used].tolist())))


TODAY = -1
"""Owner of existing arcs: least, so that the greater owner of two arcs is that of their shortcut."""

type Shortcut = tuple[int, int, int, int]
"""Tail, head, seconds and owner."""


def contract(stage: Reduction) -> Reduction:
    """Replace nodes by arcs between their neighbours, where this does not increase the number of arcs.

    Proof. Let node v be neither origin nor destination of a pair, and let all its arcs belong to the existing
    network or to a single candidate j. Every walk through v enters by an arc (u, v) and leaves by an arc
    (v, w). The new arc (u, w) takes the sum of their seconds; it belongs to j if one of the two does, and to
    the existing network otherwise, so it is open exactly if both are. Hence the new arcs preserve all
    distances between other nodes in every plan. Walks with u = w are part of no shortest path, and neither is
    the slower of two arcs between the same nodes if the other is open whenever it is. Arcs longer than every
    limit are useless. (Contraction as in Geisberger, Sanders, Schultes and Delling, "Contraction
    hierarchies", WEA 2008, here with owners of arcs.)

    Parameters
    ----------
    stage
        Any stage.
    """
    problem = stage.problem
    arcs = ArcIndex(problem)
    ends = {node for p in problem.pairs for node in (p.origin, p.destination)}
    todo = [node for node in range(len(problem.nodes)) if node not in ends]
    while todo:
        touched: set[int] = set()
        for node in todo:
            touched |= arcs.contract(node)
        todo = sorted(touched - ends)
    return stage.on(without_idle(arcs.problem(problem)))


class ArcIndex:
    """The arcs of a problem by tail and by head; of parallel arcs of one owner, only the fastest."""

    def __init__(self, problem: DesignProblem) -> None:
        self._longest = longest_limit(problem)
        self._out: list[dict[tuple[int, int], int]] = [{} for _ in problem.nodes]
        self._back: list[dict[tuple[int, int], int]] = [{} for _ in problem.nodes]
        for *arc, owner in arc_table(problem).tolist():
            self._add((*arc, TODAY if owner == len(problem.candidates) else owner))

    def _add(self, arc: Shortcut) -> None:
        tail, head, seconds, owner = arc
        if tail != head and seconds < self._out[tail].get((head, owner), seconds + 1):
            self._out[tail][head, owner] = self._back[head][tail, owner] = seconds

    def _shortcuts(self, node: int) -> Iterator[Shortcut]:
        """Yield the arcs that would replace a node, except those that existing ones dominate."""
        for (tail, before), first in self._back[node].items():
            for (head, after), second in self._out[node].items():
                owner, seconds = max(before, after), first + second
                if (
                    tail != head
                    and seconds <= self._longest
                    and not self._is_dominated(tail, head, seconds, owner)
                ):
                    yield tail, head, seconds, owner

    def _is_dominated(self, tail: int, head: int, seconds: int, owner: int) -> bool:
        """Return whether an arc that is no slower is open whenever this one is."""
        row = self._out[tail]
        return any(row.get((head, other), seconds + 1) <= seconds for other in (TODAY, owner))

    def contract(self, node: int) -> set[int]:
        """Replace a node by arcs between its neighbours, and return the neighbours.

        Nothing is done where several candidates have arcs at the node, or where there would be more arcs.
        """
        arcs = [*self._back[node], *self._out[node]]
        if len({owner for _, owner in arcs} - {TODAY}) > 1:
            return set()
        shortcuts, ends = list[Shortcut](), set[tuple[int, int, int]]()
        for tail, head, seconds, owner in self._shortcuts(node):
            shortcuts.append((tail, head, seconds, owner))
            ends.add((tail, head, owner))
            if len(ends) > len(arcs):
                return set()
        for tail, owner in self._back[node]:
            del self._out[tail][node, owner]
        for head, owner in self._out[node]:
            del self._back[head][node, owner]
        self._back[node], self._out[node] = {}, {}
        for arc in shortcuts:
            self._add(arc)
        return {other for other, _ in arcs}

    def problem(self, problem: DesignProblem) -> DesignProblem:
        """Return a problem with these arcs instead of its own."""
        rows = enumerate(self._out)
        arcs = ((u, v, seconds, owner) for u, row in rows for (v, owner), seconds in sorted(row.items()))
        return with_arcs(problem, arcs)


# ---- the order of the rules


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
        When the problem has rings or periods, for which the rules are not proved, or numbers that cannot be
        counted exactly.

    Notes
    -----
    Each rule preserves the invariant of `Reduction`; its docstring contains the proof. One rule may enable
    another, so the rules are repeated in rounds while a round removes enough: first the rules on decisions
    and network, then those that need minimal sets.
    """
    if not problem.is_plain:
        raise errors.ProblemError(
            "problems with rings or periods cannot be reduced", where=f"problem {problem.name!r}"
        )
    stage = dataclasses.replace(first_stage(bounded(problem)), groups=frozenset(groups))
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
        Any problem.

    Returns
    -------
    tuple
        A plain problem without side constraints, whose candidates keep their ids; and the positions of its
        pairs in `problem`, which rise by origin. A pair is open if it is covered with every allowed candidate
        built, but not with none.

    Notes
    -----
    Only the rules of `NETWORK` are applied. By their proofs, they do not change which pairs a set of open
    candidates covers, and neither do the candidates that they remove. So a pair is covered here exactly if it
    is covered in `problem`.
    """
    allowed = [j for j, c in enumerate(problem.candidates) if c.fixed != "out"]
    ever, always = covered(problem, allowed).tolist(), covered(problem, []).tolist()
    by_origin = sorted(range(len(ever)), key=lambda k: problem.pairs[k].origin)  # as `tables` need them
    pairs = tuple(k for k in by_origin if ever[k] and not always[k])
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
