"""List the minimal sets of candidates that bring a pair within its limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from optimiser.engine.presolve.useful import distance_rows, uses
from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import Graph, Integers, Whole, graph, pop, push
from optimiser.problem import DesignProblem
from optimiser.problem.jsonfile import LARGEST

WIDTH = 62
"""Candidates that a pair may be able to use: bits of a signed integer, and one to spare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """Where a pair is given up.

    Attributes
    ----------
    sets
        Most sets it may have.
    labels
        Most labels its search may make.
    """

    sets: int
    labels: int


LITTLE = Effort(sets=64, labels=3_000)
"""What a pair is worth while thousands are open: some tenths of a millisecond."""


type Family = tuple[tuple[str, ...], ...]
"""Minimal sets of ids, sorted."""

type Families = Sequence[Family | None]
"""What `minimal_sets` returns: one entry a pair, None where the sets are too many to list."""


def minimal_sets(problem: DesignProblem, effort: Effort = LITTLE) -> Families:
    """Return for each pair every minimal set of candidates that covers it and can be paid for.

    Labels (time, set of candidates used) are pushed from the origin in order of time, as in Dijkstra's
    search. A label leaves when it cannot reach the destination within the limit with everything built, when
    its set costs more than the budget, or when an earlier label of its node has a subset of its set: that
    one is no slower and needs no more. So at the end the minimal sets are those among the destination's
    labels that hold no other one. (Multicriteria label setting: Martins, EJOR 1984; here one criterion is
    a set.)

    Parameters
    ----------
    problem
        The problem of a stage.
    effort
        Where to give a pair up.

    Returns
    -------
    list
        One entry a pair: its minimal sets, no set at all when none can be paid for, or None when given up.
    """
    finder = _Finder.of(problem)
    return [_family(problem, finder, k, effort) for k in range(len(problem.pairs))]


class _Finder(NamedTuple):
    net: Graph
    cost: Integers
    budget: int
    back: Integers
    back_row: Integers
    use_start: Integers
    use: Integers

    @classmethod
    def of(cls, problem: DesignProblem) -> _Finder:
        """Lay out what every pair's search needs."""
        ends = np.array([p.destination for p in problem.pairs], dtype=np.int64)
        destinations, row = np.unique(ends, return_inverse=True)
        cost = [c.cost for c in problem.candidates]
        return cls(
            graph(problem),
            np.array(cost, dtype=np.int64),
            min(sum(cost), LARGEST) if problem.budget is None else problem.budget,
            distance_rows(problem, destinations, reverse=True),
            row.astype(np.int64),
            *uses(problem),
        )


def _family(problem: DesignProblem, finder: _Finder, k: int, effort: Effort) -> Family | None:
    pair = problem.pairs[k]
    use = finder.use[finder.use_start[k] : finder.use_start[k + 1]]
    if len(use) > WIDTH:
        return None
    back = finder.back[finder.back_row[k]]
    bit = np.zeros(len(finder.cost) + 1, dtype=np.int64)
    bit[use] = np.int64(1) << np.arange(len(use), dtype=np.int64)
    ends = (pair.origin, pair.destination, pair.limit)
    sets = _search(
        _Task(finder.net, finder.cost, finder.budget, back, bit, *ends), effort.sets, effort.labels
    )
    if len(sets) == 1 and sets[0] < 0:
        return None
    names = [problem.candidates[j].id for j in use.tolist()]
    return tuple(sorted(_members(bits, names) for bits in sets.tolist()))


def _members(bits: int, names: list[str]) -> tuple[str, ...]:
    return tuple(name for place, name in enumerate(names) if bits >> place & 1)


class _Task(NamedTuple):
    """A pair to search for: seconds to its destination, and the bit of each candidate that it can use."""

    net: Graph
    cost: Integers
    budget: int
    back: Integers
    bit: Integers
    origin: int
    destination: int
    limit: int


class _Labels(NamedTuple):
    """Labels: int64 each; `after` chains the settled ones of a node, `first` is where each chain begins."""

    time: Integers
    node: Integers
    used: Integers
    cost: Integers
    after: Integers
    first: Integers


@compiled
def _search(task: _Task, most_sets: int, most_labels: int) -> Integers:
    """Return the minimal sets of a pair as bits; -1 alone when given up."""
    labels = _Labels(
        np.zeros(most_labels, np.int64),
        np.full(most_labels, task.origin, np.int64),
        np.zeros(most_labels, np.int64),
        np.zeros(most_labels, np.int64),
        np.empty(most_labels, np.int64),
        np.full(len(task.back), -1, np.int64),
    )
    heap_time = np.empty(most_labels + 1, np.int64)
    heap_label = np.empty(most_labels + 1, np.int64)
    count: Whole = np.int64(1)
    found = 0
    size = push(heap_time, heap_label, 0, 0, 0)
    while size:
        size = pop(heap_time, heap_label, size)
        label = heap_label[size]
        node, used = labels.node[label], labels.used[label]
        if _beaten(labels, node, used) or _beaten(labels, task.destination, used):
            continue
        labels.after[label], labels.first[node] = labels.first[node], label
        found += node == task.destination
        first = count
        if node != task.destination:
            count = _extend(task, labels, label, count)
        if count < 0 or found > most_sets:
            return np.full(1, -1, np.int64)
        for fresh in range(first, count):
            size = push(heap_time, heap_label, size, labels.time[fresh], fresh)
    return _minimal(labels, task.destination, found)


@compiled
def _extend(task: _Task, labels: _Labels, label: Whole, count: Whole) -> Whole:
    """Add the labels that follow one, and return how many there are then; -1 when they are too many."""
    node, net = labels.node[label], task.net
    for arc in range(net.start[node], net.start[node + 1]):
        owner, head = net.owner[arc], net.head[arc]
        time = labels.time[label] + net.seconds[arc]
        if time > task.limit or task.back[head] > task.limit - time:
            continue
        if owner < len(task.cost) and task.bit[owner] == 0:
            continue
        used, paid = labels.used[label] | task.bit[owner], labels.cost[label]
        if used != labels.used[label]:
            paid += task.cost[owner]
        if paid > task.budget or _beaten(labels, head, used) or _beaten(labels, task.destination, used):
            continue
        if count == len(labels.time):
            return -1
        labels.time[count], labels.node[count] = time, head
        labels.used[count], labels.cost[count] = used, paid
        count += 1
    return count


@compiled
def _beaten(labels: _Labels, node: int, used: int) -> bool:
    """Say whether a settled label of a node uses no other candidates than these."""
    label = labels.first[node]
    while label >= 0:
        if labels.used[label] & ~used == 0:
            return True
        label = labels.after[label]
    return False


@compiled
def _minimal(labels: _Labels, node: int, found: int) -> Integers:
    """Return the sets of the labels of a node that hold no other one's set."""
    sets = np.empty(found, np.int64)
    label = labels.first[node]
    for row in range(found):
        sets[row] = labels.used[label]
        label = labels.after[label]
    kept = np.ones(found, np.bool_)
    for row in range(found):
        for other in range(found):
            if other != row and sets[other] & ~sets[row] == 0:
                kept[row] = False
    return sets[kept]
