"""Bound from below how long a circuit through each link is, so that links of no use leave."""

from __future__ import annotations

from collections.abc import Collection

import networkx as nx
import numpy as np

from optimiser.engine.search.circuits.cover import Cover, cover_of
from optimiser.engine.search.circuits.walks import walks_through
from optimiser.engine.search.paths import FAR, Integers
from optimiser.problem import Ring


def through_links(ring: Ring, length: Integers, *, barred: Collection[str] = ()) -> Integers:
    """Return for each link a lower bound of the length of a circuit through it that forms the ring.

    Parameters
    ----------
    ring
        The ring.
    length
        int64 [links], >= 0, any integers that add up: cost, metres, seconds.
    barred
        Ids of candidates that may not be built.

    Returns
    -------
    NDArray
        int64 [links]; `optimiser.engine.search.paths.FAR` for a link on no circuit that forms the ring.

    Notes
    -----
    A circuit that forms the ring and uses link a from u to v is a itself and a path from v back to u that
    does not use a. The whole circuit lies in one block of the graph (a block is a largest part that no single
    node divides; two links are in one block if and only if a circuit uses both), and crosses the ray of each
    centre an odd number of times, since it winds +1 or -1 round it. So its length is at least that of a
    shortest walk from v to u in the block without a, in the sheet of the cover that completes the crossings
    of a. Where there is no such walk, no circuit through a forms the ring. Stops are not looked at.
    """
    cover = cover_of(ring, barred=barred)
    return walks_through(cover, np.ascontiguousarray(length, dtype=np.int64), blocks(cover))


def blocks(cover: Cover) -> Integers:
    """Return the block of each link, -1 for a link that cannot be used or is a bridge.

    Parameters
    ----------
    cover
        The cover.
    """
    between: dict[tuple[int, int], list[int]] = {}
    for a in np.flatnonzero(cover.odd >= 0).tolist():
        two = sorted((int(cover.tail_of[a]), int(cover.head_of[a])))
        between.setdefault((two[0], two[1]), []).append(a)
    graph = nx.Graph()
    graph.add_edges_from(two for two in between if two[0] != two[1])
    block = np.full(len(cover.odd), -1, dtype=np.int64)
    for number, edges in enumerate(nx.biconnected_component_edges(graph)):
        links = [a for u, v in edges for a in between[min(u, v), max(u, v)]]
        if len(links) > 1:
            block[links] = number
    for (u, v), links in between.items():
        if u == v:
            block[links] = len(cover.odd) + np.array(links)
    return block


def unusable(ring: Ring, *, barred: Collection[str] = ()) -> tuple[int, ...]:
    """Return the positions of links on no circuit that forms the ring.

    Parameters
    ----------
    ring
        The ring.
    barred
        Ids of candidates that may not be built.
    """
    nothing = np.zeros(len(ring.links), dtype=np.int64)
    return tuple(np.flatnonzero(through_links(ring, nothing, barred=barred) == FAR).tolist())
