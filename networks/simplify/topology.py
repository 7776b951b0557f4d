"""Shrink a graph of timed links, round by round, until nothing more can go."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from networks.network import CLOSED
from networks.simplify.chains import find_chains
from networks.simplify.parallels import merge
from networks.simplify.runs import Runs


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

    def take(self, rows: NDArray[np.int64]) -> Bundle:
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
        return Bundle(
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


def shrink(start: Bundle, *, kept: NDArray[np.bool_], prune: bool) -> Bundle:
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
    links, before = _without_useless(start), -1
    while links.open_directions != before:
        before = links.open_directions
        links = _without_useless(_join_chains(links, kept=kept, original=start))
        if prune:
            links = links.take(np.flatnonzero(_leads_on(links, kept)))
        links = _merge_parallels(links)
    return _face_forward(links)


def _without_useless(links: Bundle) -> Bundle:
    """Drop links that are closed both ways or lead back to where they start."""
    closed = (links.forward_s == CLOSED) & (links.backward_s == CLOSED)
    return links.take(np.flatnonzero(~closed & (links.tail != links.head)))


def _leads_on(links: Bundle, kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell links from dead ends: nodes not kept with one link, no way in or no way out."""
    size = kept.size
    there, back = links.forward_s != CLOSED, links.backward_s != CLOSED
    degree = np.bincount(links.tail, minlength=size) + np.bincount(links.head, minlength=size)
    out = np.bincount(links.tail[there], minlength=size) + np.bincount(links.head[back], minlength=size)
    into = np.bincount(links.head[there], minlength=size) + np.bincount(links.tail[back], minlength=size)
    dead = ~kept & ((degree == 1) | (out == 0) | (into == 0))
    leads_on: NDArray[np.bool_] = ~(dead[links.tail] | dead[links.head])
    return leads_on


def _merge_parallels(links: Bundle) -> Bundle:
    swap = links.tail > links.head
    up = np.where(swap, links.backward_s, links.forward_s)
    down = np.where(swap, links.forward_s, links.backward_s)
    pair = np.column_stack((np.minimum(links.tail, links.head), np.maximum(links.tail, links.head)))
    alive, up, down = merge(pair, up, down, length_km=links.length_km, kind=links.kind)
    merged = replace(links, forward_s=np.where(swap, down, up), backward_s=np.where(swap, up, down))
    return merged.take(np.flatnonzero(alive))


def _join_chains(links: Bundle, *, kept: NDArray[np.bool_], original: Bundle) -> Bundle:
    chains = find_chains(links.tail, links.head, links.mode, kept)
    if chains.ptr.size == 1:
        return links.take(np.zeros(0, dtype=np.int64))
    there = np.where(chains.flipped, links.backward_s[chains.member], links.forward_s[chains.member])
    back = np.where(chains.flipped, links.forward_s[chains.member], links.backward_s[chains.member])
    begin, end = chains.ptr[:-1], chains.ptr[1:] - 1
    first, last = chains.member[begin], chains.member[end]
    runs = chains.over(links.runs)
    return Bundle(
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


def _face_forward(links: Bundle) -> Bundle:
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
