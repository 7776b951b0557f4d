"""Find shortest walks in the cover of a ring, compiled."""

from __future__ import annotations

import numpy as np

from optimiser.engine.search.circuits.cover import Cover
from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import FAR, Integers, Mask, Whole, pop, push


@compiled
def lengths_from(
    cover: Cover,
    length: Integers,
    banned: Mask,
    shut: Mask,
    origin: Whole,
    target: Whole,
    limit: Whole,
) -> tuple[Integers, Integers]:
    """Return the lengths of shortest walks from a state of the cover, and the last link of each (Dijkstra).

    Parameters
    ----------
    cover
        The cover; state (v, m) has the number `v * (every + 1) + m`.
    length
        int64 [links], >= 0.
    banned
        bool [links]: links that may not be used.
    shut
        bool [n]: nodes that a walk may reach but not pass.
    origin
        State to start from; its node may be passed though it be shut.
    target
        State at which to stop; -1: none.
    limit
        Walks of this length or more are of no interest.

    Returns
    -------
    tuple
        int64 [states]: lengths, `FAR` where nothing shorter than the limit is known; int64 [states]: link,
        -1 for none. States beyond the target are unfinished.
    """
    sheets = cover.every + 1
    found = np.full((cover.start.size - 1) * sheets, FAR)
    last = np.full(found.size, np.int64(-1))
    heap_length = np.empty(cover.link.size * sheets + 1, np.int64)
    heap_state = np.empty(heap_length.size, np.int64)
    found[origin] = 0
    size = push(heap_length, heap_state, 0, 0, origin)
    while size:
        size = pop(heap_length, heap_state, size)
        walked, state = heap_length[size], heap_state[size]
        if state == target:
            break
        if walked > found[state]:
            continue
        node, odd = state // sheets, state % sheets
        if shut[node] and state != origin:
            continue
        for end in range(cover.start[node], cover.start[node + 1]):
            link = cover.link[end]
            if banned[link]:
                continue
            to = cover.head[end] * sheets + (odd ^ cover.odd[link])
            reached = walked + length[link]
            if reached < found[to] and reached < limit:
                found[to] = reached
                last[to] = link
                size = push(heap_length, heap_state, size, reached, to)
    return found, last


@compiled
def closed_walk(
    cover: Cover, length: Integers, banned: Mask, first: Integers, limit: Whole
) -> tuple[Whole, Integers]:
    """Return a shortest closed walk that goes an odd number of times round every centre.

    Parameters
    ----------
    cover
        The cover.
    length
        int64 [links], >= 0.
    banned
        bool [links]: links that may not be used.
    first
        int64: links of which the walk uses one at least; each is left out once it was tried.
    limit
        Walks of this length or more are of no interest.

    Returns
    -------
    tuple
        Its length, `FAR` where there is none; its links in order.
    """
    sheets = cover.every + 1
    kept_out = banned.copy()
    shut = np.zeros(cover.start.size - 1, np.bool_)
    best = np.int64(limit)
    walk = np.empty(0, np.int64)
    for a in first:
        if kept_out[a]:
            continue
        kept_out[a] = True
        origin = cover.head_of[a] * sheets + cover.odd[a]
        target = cover.tail_of[a] * sheets + cover.every
        found, last = lengths_from(cover, length, kept_out, shut, origin, target, best - length[a])
        if found[target] < FAR:
            best = found[target] + length[a]
            walk = np.append(np.array([a]), walk_to(cover, last, origin, target))
    return (best if walk.size else FAR), walk


@compiled
def walk_to(cover: Cover, last: Integers, origin: Whole, target: Whole) -> Integers:
    """Return the links of a shortest walk in order, from the last link of each state."""
    sheets = cover.every + 1
    count, state = 0, target
    while state != origin:
        link = last[state]
        node = state // sheets
        other = cover.tail_of[link] if cover.head_of[link] == node else cover.head_of[link]
        state = other * sheets + ((state % sheets) ^ cover.odd[link])
        count += 1
    walk = np.empty(count, np.int64)
    state = target
    while state != origin:
        link = last[state]
        node = state // sheets
        other = cover.tail_of[link] if cover.head_of[link] == node else cover.head_of[link]
        state = other * sheets + ((state % sheets) ^ cover.odd[link])
        count -= 1
        walk[count] = link
    return walk


@compiled
def walks_through(cover: Cover, length: Integers, block: Integers) -> Integers:
    """Return for each link the length of a shortest closed walk through it, within its block.

    Parameters
    ----------
    cover
        The cover.
    length
        int64 [links], >= 0.
    block
        int64 [links]: block of the graph that the link belongs to; -1 for links on no circuit.

    Returns
    -------
    NDArray
        int64 [links]: lengths of walks that use the link once and go an odd number of times round every
        centre; `FAR` where there is none.
    """
    sheets = cover.every + 1
    shut = np.zeros(cover.start.size - 1, np.bool_)
    through = np.full(length.size, FAR)
    for a in range(length.size):
        if block[a] < 0 or cover.odd[a] < 0:
            continue
        banned = block != block[a]
        banned[a] = True
        origin = cover.head_of[a] * sheets + cover.odd[a]
        target = cover.tail_of[a] * sheets + cover.every
        found, _ = lengths_from(cover, length, banned, shut, origin, target, FAR)
        if found[target] < FAR:
            through[a] = found[target] + length[a]
    return through
