"""Find violated partition inequalities: pairs that join groups of nodes need links that join them."""

from __future__ import annotations

import numpy as np

from optimiser.engine.methods.cuts.ground import Ground
from optimiser.engine.methods.cuts.pool import Floats
from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import Integers
from optimiser.engine.search.rows import NO_ROWS, Rows, starts

SEED = 1
"""Of the random numbers that make one search differ from the next."""

WORK = 250_000_000
"""Searches of a round times the third power of the groups, at most: about half a second."""

FRUITLESS = 3
"""Searches in a row without a new row after which there is no further one."""

PREFERENCE = 1e-6
"""What a link counts for on top of how far it is built: groups that only unbuilt links join are merged."""


class PartitionCuts:
    """Find violated partition inequalities of a problem.

    Parameters
    ----------
    g
        What there is to join (`ground`); None: nothing.

    Notes
    -----
    The rows are those of `formulation.cuts_master.add_partition_inequalities`, which has the proof: pairs F
    that are a forest over parts of the nodes, and m_j, the joins that candidate j adds between parts, give
    `sum_{k in F} y_k <= sum_j m_j x_j`. Parts are found by merging those first whose links are built further
    than what the forest loses, a heuristic: that no row is found does not say that there is none. Invariant:
    every row returned holds for every plan, whatever the point.
    """

    def __init__(self, g: Ground | None) -> None:
        self._ground = g
        self._random = np.random.default_rng(SEED)

    def violated(self, built: Floats, level: Floats, *, margin: float, most: int) -> Rows:
        """Return rows that a point violates, each once.

        Parameters
        ----------
        built, level
            float64 [J] and [K], the point to cut off.
        margin
            Least violation.
        most
            Most rows; fewer on large grounds, and none where a single search takes too long.
        """
        if self._ground is None:
            return NO_ROWS
        g = self._ground
        most = min(most, WORK // g.size**3)
        room, level = built[g.owner] + PREFERENCE, np.minimum(level[g.pair], 1.0)
        taken = np.zeros(len(level))
        found: dict[tuple[bytes, bytes], tuple[Integers, Floats]] = {}
        fruitless = 0
        for search in range(most):
            forest, part = _forest(g, room, self._varied(level, taken, search))
            taken[forest] += 1.0
            joins = np.bincount(g.owner, weights=_crossing(g, part), minlength=len(built))
            gained = level[forest].sum() - (joins * built).sum()
            key = (np.sort(forest).tobytes(), joins.tobytes())
            if gained > margin and key not in found:
                found[key] = (g.pair[np.sort(forest)], joins)
                fruitless = 0
                continue
            fruitless += 1
            if fruitless == FRUITLESS:
                break
        return _rows(list(found.values()))

    def _varied(self, level: Floats, taken: Floats, search: int) -> Floats:
        """Return levels to search at: as they are at first, then without some, and less where they served."""
        if search == 0:
            return level
        kept = self._random.random(len(level)) < (0.9 if search % 2 else 0.5)
        less = 0.02 * taken * self._random.random(len(level))
        return np.where(kept, np.maximum(level - less, 0.0), 0.0)


def _rows(found: list[tuple[Integers, Floats]]) -> Rows:
    """Return rows of pairs and of the joins that each candidate adds."""
    if not found:
        return NO_ROWS
    candidates = [np.flatnonzero(joins) for _, joins in found]
    return Rows(
        np.concatenate([pairs for pairs, _ in found]),
        starts(np.array([len(mine) for mine in candidates], np.int64)),
        np.concatenate(candidates).astype(np.int64),
        np.concatenate([joins[mine] for mine, (_, joins) in zip(candidates, found, strict=True)]),
        starts(np.array([len(pairs) for pairs, _ in found], np.int64)),
    )


def _crossing(g: Ground, part: Integers) -> Integers:
    """Return int64 [L], how many joins each joint adds between parts: the parts that it touches, less one."""
    parts = part[g.group]
    joint = np.repeat(np.arange(len(g.owner)), np.diff(g.start))
    touched = np.unique(joint * (g.size + 1) + parts)
    counts = np.bincount(touched // (g.size + 1), minlength=len(g.owner))
    return (counts - 1).astype(np.int64)


@compiled
def _forest(g: Ground, room: Floats, level: Floats) -> tuple[Integers, Integers]:
    """Merge parts as long as that gains, and return the pairs of the forest and the part of each group.

    Starts from groups alone. Merging two parts saves the room of what joins them, and loses the least claim
    on their path in the forest of largest claims (the new cycle's cheapest edge); the merge that gains most
    goes first. Invariant: `claim[u, v]` is the largest level of a pair between parts u and v, `pair_of` it.
    """
    size = g.size
    part = np.arange(size)
    claim, pair_of = _claims(g, level)
    joined, least = np.zeros((size, size)), np.zeros((size, size))
    order, parent = np.empty(size, np.int64), np.empty(size, np.int64)
    count = size
    while True:
        _measure(g, room, part, joined, count)
        gain, u, v = _spanned(claim, joined, least, order, parent, count)
        if gain <= 0.0:
            break
        _merge(claim, pair_of, part, min(u, v), max(u, v), count)
        count -= 1
    forest = np.empty(size, np.int64)
    edges = 0
    for i in range(count):
        if parent[order[i]] >= 0:
            forest[edges] = pair_of[order[i], parent[order[i]]]
            edges += 1
    return forest[:edges].copy(), part


@compiled
def _claims(g: Ground, level: Floats) -> tuple[Floats, Integers]:
    """Return the largest level of a pair between two groups, and the pair that has it (-1: none)."""
    claim = np.zeros((g.size, g.size))
    pair_of = np.full((g.size, g.size), -1)
    for q in range(level.size):
        u, v = g.one[q], g.other[q]
        if level[q] > claim[u, v]:
            claim[u, v] = claim[v, u] = level[q]
            pair_of[u, v] = pair_of[v, u] = q
    return claim, pair_of


@compiled
def _merge(claim: Floats, pair_of: Integers, part: Integers, u: int, v: int, count: int) -> None:
    """Take part v into u (u < v), and let the last part have the number v."""
    last = count - 1
    for w in range(count):
        if w not in (u, v) and claim[v, w] > claim[u, w]:
            claim[u, w] = claim[w, u] = claim[v, w]
            pair_of[u, w] = pair_of[w, u] = pair_of[v, w]
    for w in range(count):
        claim[v, w] = claim[w, v] = claim[last, w]
        pair_of[v, w] = pair_of[w, v] = pair_of[last, w]
    claim[v, v] = 0.0
    for i in range(part.size):
        if part[i] == v:
            part[i] = u
        elif part[i] == last:
            part[i] = v


@compiled
def _measure(g: Ground, room: Floats, part: Integers, joined: Floats, count: int) -> None:
    """Write down how far two parts are joined: what the right side loses when they are merged."""
    joined[:count, :count] = 0.0
    start, group = g.start, g.group
    touched = np.empty(group.size, np.int64)
    for i in range(room.size):
        size = 0
        for a in range(start[i], start[i + 1]):
            u = part[group[a]]
            for v in touched[:size]:
                if v == u:
                    break
            else:
                touched[size] = u
                size += 1
        for a in range(size):
            for b in range(a + 1, size):
                joined[touched[a], touched[b]] += room[i]
                joined[touched[b], touched[a]] += room[i]


@compiled
def _spanned(
    claim: Floats, joined: Floats, least: Floats, order: Integers, parent: Integers, count: int
) -> tuple[float, int, int]:
    """Grow the forest of largest claims (Prim), and return the merge that gains most.

    `least[s, v]` is the smallest claim on the path of the forest from s to v, 0 when there is none.
    """
    best = np.zeros(count)
    done = np.zeros(count, np.bool_)
    for i in range(count):
        parent[i] = -1
    top, one, other = 0.0, -1, -1
    for i in range(count):
        v = -1
        for w in range(count):
            if not done[w] and (v < 0 or best[w] > best[v]):
                v = w
        for at in range(i):
            s = order[at]
            path = 0.0
            if parent[v] >= 0:
                path = best[v] if s == parent[v] else min(least[s, parent[v]], best[v])
            least[s, v] = least[v, s] = path
            if joined[s, v] > 0.0 and joined[s, v] - path > top:
                top, one, other = joined[s, v] - path, s, v
        done[v] = True
        order[i] = v
        for w in range(count):
            if not done[w] and claim[v, w] > best[w]:
                best[w] = claim[v, w]
                parent[w] = v
    return top, one, other
