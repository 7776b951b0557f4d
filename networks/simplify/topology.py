"""Contract a graph of timed links until nothing changes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from networks.network import CLOSED
from networks.simplify.runs import Runs


def find_chains(
    tail: NDArray[np.int64], head: NDArray[np.int64], mode: NDArray[np.int64], kept: NDArray[np.bool_]
) -> Runs:
    """Find the chains of links between nodes that stay.

    A node is passed when it is not kept and joins exactly two links, of one mode. Each link is seen as two
    darts, `2 i` from tail to head and `2 i + 1` back. Every dart points to the one that follows it through a
    passed node; by doubling (Wyllie's list ranking) each learns the last dart of its chain and how many steps
    away that is, in log2(longest chain) rounds.

    Parameters
    ----------
    tail, head, mode
        int64 [m]: the links, none from a node to itself.
    kept
        bool [nodes]: nodes that stay.

    Returns
    -------
    Runs
        Chains of links, each link in one of them; circles without a node that stays are left out. Chains
        run so that the lower row of their two outer links comes first; one link alone keeps its direction.
    """
    following = _following(tail, head, mode, kept)
    last, steps = _ranked(following)
    darts = np.arange(last.size)
    ends = following[last] == last
    first = last[darts ^ 1] ^ 1
    taken = darts[ends & (first < (last ^ 1))]
    darts = taken[np.lexsort((-steps[taken], first[taken]))]
    begin = np.flatnonzero(np.diff(first[darts], prepend=-1))
    return Runs(np.append(begin, darts.size), darts >> 1, (darts & 1).astype(bool))


def _following(
    tail: NDArray[np.int64], head: NDArray[np.int64], mode: NDArray[np.int64], kept: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Return for each dart the next one through a passed node, itself where its end stays."""
    leaves = np.column_stack((tail, head)).ravel()
    order = np.argsort(leaves, kind="stable")
    degree = np.bincount(leaves, minlength=kept.size)
    start = np.cumsum(degree) - degree
    through = start[~kept & (degree == 2)]
    one, other = order[through], order[through + 1]
    alike = mode[one >> 1] == mode[other >> 1]
    one, other = one[alike], other[alike]
    following = np.arange(leaves.size)
    following[one ^ 1] = other
    following[other ^ 1] = one
    return following


def _ranked(following: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for each dart the last of its chain and the steps to it; darts of circles never arrive."""
    last, steps = following, (following != np.arange(following.size)).astype(np.int64)
    for _ in range(following.size.bit_length()):
        further = last[last]
        if np.array_equal(further, last):
            break
        steps = steps + steps[last]
        last = further
    return last, steps


_NEVER = np.iinfo(np.int64).max


type Ints = NDArray[np.int64]


def fastest_parallels(
    pair: Ints, up: Ints, down: Ints, *, length_km: NDArray[np.float64], kind: Ints
) -> tuple[NDArray[np.bool_], Ints, Ints]:
    """Keep of links between the same two nodes the fastest of each direction.

    Of equals the shorter stays, then the first. Where the two directions are won by two links of one kind,
    they become one two-way link; where their kinds differ, both stay, each in its direction alone.

    Parameters
    ----------
    pair
        int64 [m, 2]: the two nodes, the lower first.
    up, down
        int64 [m]: seconds from the lower to the higher node and back, or CLOSED; never both closed.
    length_km
        float64 [m].
    kind
        int64 [m]: code of mode and class.

    Returns
    -------
    tuple of arrays
        Which links stay, and their seconds up and down.
    """
    alive, up, down = np.ones(up.size, dtype=bool), up.copy(), down.copy()
    rows, group = _parallel_rows(pair)
    if rows.size == 0:
        return alive, up, down
    first = _fastest(rows, group, up, length_km)
    second = _fastest(rows, group, down, length_km)
    first, second = _prefer_single_link(first, second, up, down)
    alive[rows] = False
    alive[first] = True
    alive[second] = True
    two = first != second
    first, second = first[two], second[two]
    alike = kind[first] == kind[second]
    down[first] = np.where(alike, down[second], CLOSED)
    alive[second[alike]] = False
    up[second[~alike]] = CLOSED
    return alive, up, down


def _parallel_rows(pair: Ints) -> tuple[Ints, Ints]:
    """Return the rows of links that are not alone between their nodes, and the group of each."""
    key = pair[:, 0] * (int(pair.max(initial=0)) + 1) + pair[:, 1]
    _, group, count = np.unique(key, return_inverse=True, return_counts=True)
    rows = np.flatnonzero(count[group] > 1)
    return rows, group[rows]


def _fastest(rows: Ints, group: Ints, seconds: Ints, length_km: NDArray[np.float64]) -> Ints:
    """Return for each group the row with the least seconds, then length, then row; closed ones come last."""
    time = np.where(seconds[rows] == CLOSED, _NEVER, seconds[rows])
    order = np.lexsort((rows, length_km[rows], time, group))
    begin = np.flatnonzero(np.diff(group[order], prepend=-1))
    return rows[order][begin]


def _prefer_single_link(first: Ints, second: Ints, up: Ints, down: Ints) -> tuple[Ints, Ints]:
    """Let one link serve both directions where it is as fast, or where one direction is closed."""
    no_up, no_down = up[first] == CLOSED, down[second] == CLOSED
    second = np.where(no_down | (~no_up & (down[first] == down[second])), first, second)
    first = np.where(no_up | (up[first] == up[second]), second, first)
    return first, second


@dataclass(frozen=True, slots=True)
class LinkArrays:
    """Links during contraction, each with the original links that it is made of.

    Attributes
    ----------
    tail, head
        int64 [m]: rows of nodes.
    forward_s, backward_s
        int64 [m]: seconds, or CLOSED.
    length_km
        float64 [m].
    mode, kind
        int64 [m]: codes of the mode, and of mode and class together.
    runs
        Original links of each link, in order from tail to head.
    """

    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    forward_s: NDArray[np.int64]
    backward_s: NDArray[np.int64]
    length_km: NDArray[np.float64]
    mode: NDArray[np.int64]
    kind: NDArray[np.int64]
    runs: Runs

    def take(self, rows: NDArray[np.int64]) -> LinkArrays:
        """Return the links of some rows.

        Parameters
        ----------
        rows
            Rows to keep, in order.

        Returns
        -------
        Bundle
            A new bundle.
        """
        return LinkArrays(
            tail=self.tail[rows],
            head=self.head[rows],
            forward_s=self.forward_s[rows],
            backward_s=self.backward_s[rows],
            length_km=self.length_km[rows],
            mode=self.mode[rows],
            kind=self.kind[rows],
            runs=Runs.single(rows).over(self.runs),
        )

    @property
    def open_directions(self) -> int:
        """Return how many directions of all links are open: it falls with every step of a contraction."""
        return int(np.count_nonzero(self.forward_s != CLOSED) + np.count_nonzero(self.backward_s != CLOSED))


def shrink(start: LinkArrays, *, kept: NDArray[np.bool_], prune: bool) -> LinkArrays:
    """Join, prune and merge until nothing changes.

    Parameters
    ----------
    start
        All links, each a run of itself alone.
    kept
        bool [nodes]: nodes that must stay.
    prune
        Whether to remove dead ends.

    Returns
    -------
    Bundle
        What is left, each link in a direction that is open.
    """
    links, before = _drop_useless(start), -1
    while links.open_directions != before:
        before = links.open_directions
        links = _drop_useless(_join_chains(links, kept=kept, original=start))
        if prune:
            links = links.take(np.flatnonzero(_not_dead_ends(links, kept)))
        links = _merge_parallels(links)
    return _orient_forward(links)


def _drop_useless(links: LinkArrays) -> LinkArrays:
    """Drop links that are closed both ways or lead back to where they start."""
    closed = (links.forward_s == CLOSED) & (links.backward_s == CLOSED)
    return links.take(np.flatnonzero(~closed & (links.tail != links.head)))


def _not_dead_ends(links: LinkArrays, kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell links from dead ends: nodes not kept with one link, no way in or no way out."""
    size = kept.size
    there, back = links.forward_s != CLOSED, links.backward_s != CLOSED
    degree = np.bincount(links.tail, minlength=size) + np.bincount(links.head, minlength=size)
    out = np.bincount(links.tail[there], minlength=size) + np.bincount(links.head[back], minlength=size)
    into = np.bincount(links.head[there], minlength=size) + np.bincount(links.tail[back], minlength=size)
    dead = ~kept & ((degree == 1) | (out == 0) | (into == 0))
    leads_on: NDArray[np.bool_] = ~(dead[links.tail] | dead[links.head])
    return leads_on


def _merge_parallels(links: LinkArrays) -> LinkArrays:
    swap = links.tail > links.head
    up = np.where(swap, links.backward_s, links.forward_s)
    down = np.where(swap, links.forward_s, links.backward_s)
    pair = np.column_stack((np.minimum(links.tail, links.head), np.maximum(links.tail, links.head)))
    alive, up, down = fastest_parallels(pair, up, down, length_km=links.length_km, kind=links.kind)
    merged = replace(links, forward_s=np.where(swap, down, up), backward_s=np.where(swap, up, down))
    return merged.take(np.flatnonzero(alive))


def _join_chains(links: LinkArrays, *, kept: NDArray[np.bool_], original: LinkArrays) -> LinkArrays:
    chains = find_chains(links.tail, links.head, links.mode, kept)
    if chains.ptr.size == 1:
        return links.take(np.zeros(0, dtype=np.int64))
    there = np.where(chains.flipped, links.backward_s[chains.member], links.forward_s[chains.member])
    back = np.where(chains.flipped, links.forward_s[chains.member], links.backward_s[chains.member])
    begin, end = chains.ptr[:-1], chains.ptr[1:] - 1
    first, last = chains.member[begin], chains.member[end]
    runs = chains.over(links.runs)
    return LinkArrays(
        tail=np.where(chains.flipped[begin], links.head[first], links.tail[first]),
        head=np.where(chains.flipped[end], links.tail[last], links.head[last]),
        forward_s=_sum_of_open(there, begin),
        backward_s=_sum_of_open(back, begin),
        length_km=np.add.reduceat(links.length_km[chains.member], begin),
        mode=links.mode[first],
        kind=runs.largest_share(original.kind, original.length_km),
        runs=runs,
    )


def _sum_of_open(seconds: NDArray[np.int64], begin: NDArray[np.int64]) -> NDArray[np.int64]:
    """Add up seconds from each begin to the next; one closed link closes the chain."""
    closed = np.minimum.reduceat(seconds, begin) == CLOSED
    return np.where(closed, CLOSED, np.add.reduceat(seconds, begin))


def _orient_forward(links: LinkArrays) -> LinkArrays:
    """Turn links that are open head to tail alone, so that their line runs in the open direction."""
    turn = links.forward_s == CLOSED
    return replace(
        links,
        tail=np.where(turn, links.head, links.tail),
        head=np.where(turn, links.tail, links.head),
        forward_s=np.where(turn, links.backward_s, links.forward_s),
        backward_s=np.where(turn, links.forward_s, links.backward_s),
        runs=Runs.single(np.arange(turn.size), turn).over(links.runs),
    )
