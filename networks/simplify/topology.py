"""Shrink a graph of timed links, round by round, until nothing more can go."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from networks.network import CLOSED
from networks.simplify import kernels


@dataclass(frozen=True, slots=True)
class Bundle:
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
    ptr, member, flipped
        Original links of link i in order from tail to head: `member[ptr[i]:ptr[i + 1]]`, and whether each is
        travelled against its own direction.
    """

    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    forward_s: NDArray[np.int64]
    backward_s: NDArray[np.int64]
    length_km: NDArray[np.float64]
    mode: NDArray[np.int64]
    kind: NDArray[np.int64]
    ptr: NDArray[np.int64]
    member: NDArray[np.int64]
    flipped: NDArray[np.bool_]


def shrink(start: Bundle, *, kept: NDArray[np.bool_], prune: bool) -> Bundle:
    """Prune, merge and join until the number of links stays the same.

    Parameters
    ----------
    start
        All links.
    kept
        bool [nodes]: nodes that must stay.
    prune
        Whether to remove dead ends.

    Returns
    -------
    Bundle
        What is left, in a direction that is open.
    """
    links, before = start, -1
    while links.tail.size != before:
        before = links.tail.size
        links = _without_useless(links, kept=kept, prune=prune)
        links = _merge_parallels(links)
        links = _join_chains(links, kept=kept, original=start)
    return _face_forward(_without_useless(links, kept=kept, prune=prune))


def _without_useless(links: Bundle, *, kept: NDArray[np.bool_], prune: bool) -> Bundle:
    closed = (links.forward_s == CLOSED) & (links.backward_s == CLOSED)
    alive = ~closed & (links.tail != links.head)
    if prune:
        alive = kernels.peel(links.tail, links.head, links.forward_s, links.backward_s, kept, alive)
    return _take(links, np.flatnonzero(alive))


def _merge_parallels(links: Bundle) -> Bundle:
    low, high = np.minimum(links.tail, links.head), np.maximum(links.tail, links.head)
    order = np.lexsort((high, low))
    ends = np.flatnonzero((np.diff(low[order]) != 0) | (np.diff(high[order]) != 0)) + 1
    groups = np.concatenate(([0], ends, [order.size])).astype(np.int64)
    alive, forward, backward = kernels.merge(
        links.tail, links.head, links.forward_s, links.backward_s, links.length_km, links.kind, order, groups
    )
    merged = replace(links, forward_s=forward, backward_s=backward)
    return _take(merged, np.flatnonzero(alive))


def _join_chains(links: Bundle, *, kept: NDArray[np.bool_], original: Bundle) -> Bundle:
    chain_ptr, chain_link, chain_flip = kernels.chains(links.tail, links.head, links.mode, kept)
    first = chain_link[chain_ptr[:-1]]
    last, last_flip = chain_link[chain_ptr[1:] - 1], chain_flip[chain_ptr[1:] - 1]
    forward, backward = kernels.chain_seconds(
        chain_ptr, chain_link, chain_flip, links.forward_s, links.backward_s
    )
    ptr, member, flipped = kernels.compose(
        chain_ptr, chain_link, chain_flip, links.ptr, links.member, links.flipped
    )
    kinds = int(original.kind.max(initial=0)) + 1
    length, kind = kernels.length_and_kind(ptr, member, original.length_km, original.kind, kinds)
    return Bundle(
        tail=np.where(chain_flip[chain_ptr[:-1]], links.head[first], links.tail[first]),
        head=np.where(last_flip, links.tail[last], links.head[last]),
        forward_s=forward,
        backward_s=backward,
        length_km=length,
        mode=links.mode[first],
        kind=kind,
        ptr=ptr,
        member=member,
        flipped=flipped,
    )


def _take(links: Bundle, rows: NDArray[np.int64]) -> Bundle:
    """Return the links of some rows."""
    single = np.arange(rows.size + 1, dtype=np.int64)
    ptr, member, flipped = kernels.compose(
        single, rows, np.zeros(rows.size, dtype=np.bool_), links.ptr, links.member, links.flipped
    )
    return Bundle(
        tail=links.tail[rows],
        head=links.head[rows],
        forward_s=links.forward_s[rows],
        backward_s=links.backward_s[rows],
        length_km=links.length_km[rows],
        mode=links.mode[rows],
        kind=links.kind[rows],
        ptr=ptr,
        member=member,
        flipped=flipped,
    )


def _face_forward(links: Bundle) -> Bundle:
    """Turn links that are open head to tail alone, so that their line runs in the open direction."""
    turn = links.forward_s == CLOSED
    size = np.arange(links.tail.size, dtype=np.int64)
    ptr, member, flipped = kernels.compose(
        np.arange(size.size + 1, dtype=np.int64), size, turn, links.ptr, links.member, links.flipped
    )
    return replace(
        links,
        tail=np.where(turn, links.head, links.tail),
        head=np.where(turn, links.tail, links.head),
        forward_s=np.where(turn, links.backward_s, links.forward_s),
        backward_s=np.where(turn, links.forward_s, links.backward_s),
        ptr=ptr,
        member=member,
        flipped=flipped,
    )
