"""Run the loops of the contraction over plain arrays, compiled."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

_CLOSED = -1
_NEVER = np.iinfo(np.int64).max

type Ints = NDArray[np.int64]
type Floats = NDArray[np.float64]
type Flags = NDArray[np.bool_]


@njit(cache=True)
def incidence(tail: Ints, head: Ints, alive: Flags, size: int) -> tuple[Ints, Ints]:
    """List for each node the living links that touch it.

    Parameters
    ----------
    tail, head
        Rows of nodes, by link.
    alive
        Links that count.
    size
        Number of nodes.

    Returns
    -------
    tuple of arrays
        `start` [size + 1] and `links`: those of node v are `links[start[v]:start[v + 1]]`, ascending.
    """
    start = np.zeros(size + 1, dtype=np.int64)
    for link in range(tail.size):
        if alive[link]:
            start[tail[link] + 1] += 1
            start[head[link] + 1] += 1
    start = np.cumsum(start)
    slot = start[:-1].copy()
    links = np.empty(start[-1], dtype=np.int64)
    for link in range(tail.size):
        if alive[link]:
            links[slot[tail[link]]] = link
            slot[tail[link]] += 1
            links[slot[head[link]]] = link
            slot[head[link]] += 1
    return start, links


@njit(cache=True)
def _count_arc(tail: int, head: int, seconds: int, change: int, out: Ints, into: Ints) -> None:
    if seconds != _CLOSED:
        out[tail] += change
        into[head] += change


@njit(cache=True)
def _count_link(
    link: int,
    change: int,
    ends: tuple[Ints, Ints],
    seconds: tuple[Ints, Ints],
    counts: tuple[Ints, Ints, Ints],
) -> None:
    tail, head = ends[0][link], ends[1][link]
    degree, out, into = counts
    degree[tail] += change
    degree[head] += change
    _count_arc(tail, head, seconds[0][link], change, out, into)
    _count_arc(head, tail, seconds[1][link], change, out, into)


@njit(cache=True)
def peel(tail: Ints, head: Ints, forward: Ints, backward: Ints, kept: Flags, alive: Flags) -> Flags:
    """Remove dead ends: nodes not kept with one link, with no way in or with no way out, again and again.

    Parameters
    ----------
    tail, head
        Rows of nodes, by link.
    forward, backward
        Seconds or CLOSED, by link.
    kept
        Nodes that stay.
    alive
        Links that count at the start.

    Returns
    -------
    array of bool
        Links that are left.
    """
    size = kept.size
    alive = alive.copy()
    start, links = incidence(tail, head, alive, size)
    ends, seconds = (tail, head), (forward, backward)
    degree = np.zeros(size, dtype=np.int64)
    counts = (degree, np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64))
    for link in range(tail.size):
        if alive[link]:
            _count_link(link, 1, ends, seconds, counts)
    todo = np.empty(size + 2 * tail.size, dtype=np.int64)
    todo[:size] = np.arange(size)
    done, end = 0, size
    while done < end:
        node = todo[done]
        done += 1
        if kept[node] or (degree[node] > 1 and counts[1][node] > 0 and counts[2][node] > 0):
            continue
        for place in range(start[node], start[node + 1]):
            link = links[place]
            if alive[link]:
                alive[link] = False
                _count_link(link, -1, ends, seconds, counts)
                todo[end] = tail[link] + head[link] - node
                end += 1
    return alive


@njit(cache=True)
def _best(seconds: Ints, length: Floats, group: Ints) -> int:
    """Return the open link with the least time, then least length, then least row; -1 if all are closed."""
    best = -1
    for link in group:
        if seconds[link] == _CLOSED:
            continue
        if (
            best == -1
            or seconds[link] < seconds[best]
            or (seconds[link] == seconds[best] and length[link] < length[best])
        ):
            best = link
    return best


@njit(cache=True)
def merge(
    tail: Ints,
    head: Ints,
    forward: Ints,
    backward: Ints,
    length: Floats,
    kind: Ints,
    order: Ints,
    groups: Ints,
) -> tuple[Flags, Ints, Ints]:
    """Keep of links between the same two nodes the fastest of each direction.

    Where the two directions are won by two links of one kind, they become one two-way link; where their kinds
    differ, both stay, each in its direction alone.

    Parameters
    ----------
    tail, head, forward, backward, length, kind
        The links.
    order, groups
        Links between the same two nodes are `order[groups[g]:groups[g + 1]]`.

    Returns
    -------
    tuple of arrays
        Links that are left, and their seconds forward and backward.
    """
    alive = np.ones(tail.size, dtype=np.bool_)
    swap = tail > head
    up, down = np.where(swap, backward, forward), np.where(swap, forward, backward)
    for place in range(groups.size - 1):
        group = order[groups[place] : groups[place + 1]]
        if group.size < 2:
            continue
        first, second = _best(up, length, group), _best(down, length, group)
        if first == -1 or second == -1:
            first = second = max(first, second)
        elif down[first] == down[second]:
            second = first
        elif up[first] == up[second]:
            first = second
        for link in group:
            alive[link] = link in (first, second)
        if first == second:
            continue
        if kind[first] == kind[second]:
            down[first] = down[second]
            alive[second] = False
        else:
            down[first] = _CLOSED
            up[second] = _CLOSED
    return alive, np.where(swap, down, up), np.where(swap, up, down)


@njit(cache=True)
def chains(tail: Ints, head: Ints, mode: Ints, kept: Flags) -> tuple[Ints, Ints, Flags]:
    """Walk the chains between nodes that stay.

    A node is passed when it is not kept and joins two links of one mode. Circles without a node that
    stays are left out.

    Parameters
    ----------
    tail, head, mode
        The links, none from a node to itself.
    kept
        Nodes that stay.

    Returns
    -------
    tuple of arrays
        `ptr`, `link`, `flip`: chain i passes `link[ptr[i]:ptr[i + 1]]`, against their direction where `flip`.
    """
    size, count = kept.size, tail.size
    start, links = incidence(tail, head, np.ones(count, dtype=np.bool_), size)
    inner = np.zeros(size, dtype=np.bool_)
    for node in range(size):
        if not kept[node] and start[node + 1] - start[node] == 2:
            inner[node] = mode[links[start[node]]] == mode[links[start[node] + 1]]
    seen = np.zeros(count, dtype=np.bool_)
    ptr, link_out = np.zeros(count + 1, dtype=np.int64), np.empty(count, dtype=np.int64)
    flip_out = np.empty(count, dtype=np.bool_)
    made, filled = 0, 0
    for anchor in range(size):
        if inner[anchor]:
            continue
        for place in range(start[anchor], start[anchor + 1]):
            link, node = links[place], anchor
            if seen[link]:
                continue
            while True:
                seen[link] = True
                flip = tail[link] != node
                link_out[filled], flip_out[filled] = link, flip
                filled += 1
                node = tail[link] if flip else head[link]
                if not inner[node]:
                    break
                link = links[start[node]] + links[start[node] + 1] - link
            made += 1
            ptr[made] = filled
    return ptr[: made + 1], link_out[:filled], flip_out[:filled]


@njit(cache=True)
def chain_seconds(ptr: Ints, link: Ints, flip: Flags, forward: Ints, backward: Ints) -> tuple[Ints, Ints]:
    """Sum the seconds along chains in both directions; one closed link closes the direction.

    Parameters
    ----------
    ptr, link, flip
        The chains.
    forward, backward
        Seconds or CLOSED, by link.

    Returns
    -------
    tuple of arrays
        Seconds or CLOSED, by chain.
    """
    along, against = np.zeros(ptr.size - 1, dtype=np.int64), np.zeros(ptr.size - 1, dtype=np.int64)
    for chain in range(ptr.size - 1):
        for place in range(ptr[chain], ptr[chain + 1]):
            there, back = forward[link[place]], backward[link[place]]
            if flip[place]:
                there, back = back, there
            closed = along[chain] == _CLOSED or there == _CLOSED
            along[chain] = _CLOSED if closed else along[chain] + there
            closed = against[chain] == _CLOSED or back == _CLOSED
            against[chain] = _CLOSED if closed else against[chain] + back
    return along, against


@njit(cache=True)
def compose(
    ptr: Ints, link: Ints, flip: Flags, member_ptr: Ints, member: Ints, flipped: Flags
) -> tuple[Ints, Ints, Flags]:
    """Replace the links of chains by what those links are made of.

    Parameters
    ----------
    ptr, link, flip
        The chains.
    member_ptr, member, flipped
        What each link is made of, in order.

    Returns
    -------
    tuple of arrays
        `ptr`, `member`, `flipped` of the chains.
    """
    out_ptr = np.zeros(ptr.size, dtype=np.int64)
    for chain in range(ptr.size - 1):
        total = 0
        for place in range(ptr[chain], ptr[chain + 1]):
            total += member_ptr[link[place] + 1] - member_ptr[link[place]]
        out_ptr[chain + 1] = out_ptr[chain] + total
    out_member = np.empty(out_ptr[-1], dtype=np.int64)
    out_flipped = np.empty(out_ptr[-1], dtype=np.bool_)
    filled = 0
    for place in range(ptr[-1]):
        first, last = member_ptr[link[place]], member_ptr[link[place] + 1]
        for step in range(last - first):
            source = last - 1 - step if flip[place] else first + step
            out_member[filled] = member[source]
            out_flipped[filled] = flipped[source] != flip[place]
            filled += 1
    return out_ptr, out_member, out_flipped


@njit(cache=True)
def length_and_kind(ptr: Ints, member: Ints, length: Floats, kind: Ints, kinds: int) -> tuple[Floats, Ints]:
    """Sum lengths and find the kind with the largest share of the length (the lowest code of equals).

    Parameters
    ----------
    ptr, member
        What each link is made of.
    length, kind
        Length in km and code, by original link.
    kinds
        Number of codes.

    Returns
    -------
    tuple of arrays
        Length and kind, by link.
    """
    total, largest = np.zeros(ptr.size - 1), np.zeros(ptr.size - 1, dtype=np.int64)
    share = np.zeros(kinds)
    for link in range(ptr.size - 1):
        for place in range(ptr[link], ptr[link + 1]):
            share[kind[member[place]]] += length[member[place]]
            total[link] += length[member[place]]
        best = kind[member[ptr[link]]]
        for place in range(ptr[link], ptr[link + 1]):
            code = kind[member[place]]
            if share[code] > share[best] or (share[code] == share[best] and code < best):
                best = code
        largest[link] = best
        for place in range(ptr[link], ptr[link + 1]):
            share[kind[member[place]]] = 0.0
    return total, largest


@njit(cache=True)
def join_lines(
    ptr: Ints, member: Ints, flipped: Flags, line_ptr: Ints, points: Floats
) -> tuple[Floats, Ints]:
    """Join the points of lines, without a point twice in a row.

    Parameters
    ----------
    ptr, member, flipped
        Which lines, in order and direction.
    line_ptr, points
        Points [k, 2] of original line i: `points[line_ptr[i]:line_ptr[i + 1]]`.

    Returns
    -------
    tuple of arrays
        Points [n, 2] and the index of the line that each belongs to.
    """
    room = 0
    for place in range(member.size):
        room += line_ptr[member[place] + 1] - line_ptr[member[place]]
    out, owner = np.empty((room, 2)), np.empty(room, dtype=np.int64)
    filled = 0
    for line in range(ptr.size - 1):
        begun = filled
        for place in range(ptr[line], ptr[line + 1]):
            first, last = line_ptr[member[place]], line_ptr[member[place] + 1]
            for step in range(last - first):
                source = last - 1 - step if flipped[place] else first + step
                x, y = points[source, 0], points[source, 1]
                again = step == 0 and filled > begun and out[filled - 1, 0] == x and out[filled - 1, 1] == y
                if not again:
                    out[filled, 0], out[filled, 1], owner[filled] = x, y, line
                    filled += 1
    return out[:filled], owner[:filled]
