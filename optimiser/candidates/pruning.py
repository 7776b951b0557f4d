"""Leave out candidates that no plan needs, by rules that keep every useful plan."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from optimiser.candidates.distances import between, matrix
from optimiser.candidates.numbering import Numbered, number
from optimiser.candidates.situation import Situation
from optimiser.candidates.table import Candidates


def prune(situation: Situation, candidates: Candidates, *, dominated: bool = True) -> Candidates:
    """Leave out candidates that cannot help, and count them by reason.

    Parameters
    ----------
    situation
        What there is.
    candidates
        All candidates; those fixed in stay.
    dominated
        Whether dominated ones are dropped as well.

    Returns
    -------
    Candidates
        The remaining ones, `report` extended.
    """
    report: Counter[str] = Counter(candidates.report)
    useful = _useful(situation, candidates)
    fixed = (candidates.table["fixed"] == "in").to_numpy()
    kinds = candidates.table["kind"].to_numpy()
    for row in np.flatnonzero(~useful & ~fixed).tolist():
        report[f"{kinds[row]}: no open pair can use it within the limit even when all is built"] += 1
    kept = candidates.take(np.flatnonzero(useful | fixed).tolist())
    if dominated:
        losers = _dominated(situation, kept)
        for row in losers:
            report[
                f"{kept.table['kind'].iloc[row]}: another one of the same ends serves better for less"
            ] += 1
        kept = kept.take([row for row in range(len(kept)) if row not in losers])
    return replace(kept, report=dict(report))


def _useful(situation: Situation, candidates: Candidates) -> NDArray[np.bool_]:
    """Tell which candidates lie on a way within the limit of a pair that is open today, with all built.

    A plan's ways are ways of the network with all built, so what is false here is false in every plan.
    """
    graph, arcs = situation.graph, number(situation.row, candidates)
    full = matrix(
        arcs.count,
        np.concatenate([graph.tail, arcs.tail]),
        np.concatenate([graph.head, arcs.head]),
        np.concatenate([graph.seconds, arcs.seconds]),
    )
    to_tail = between(full, graph.origin, arcs.tail)
    to_end = between(full.T.tocsr(), graph.destination, arcs.head)
    today = between(matrix(arcs.count, graph.tail, graph.head, graph.seconds), graph.origin, arcs.head)
    useful = np.zeros(len(candidates), dtype=bool)
    for city in range(len(situation.ids)):
        others = np.flatnonzero(situation.open_pair[city])
        if len(others) == 0:
            continue
        best = (to_end[others]).min(axis=0)
        gains = (to_tail[city] + arcs.seconds < today[city]) & (
            to_tail[city] + arcs.seconds + best <= situation.limit_s
        )
        useful[arcs.candidate[gains]] = True
    return useful


def _dominated(situation: Situation, candidates: Candidates) -> set[int]:
    """Return the candidates whose every arc a cheaper one of the same ends (or the base) makes at least as fast."""
    table = candidates.table
    groups: dict[tuple[str, ...], list[int]] = {}
    for row, ends in enumerate(zip(table["from_name"], table["to_name"], strict=True)):
        groups.setdefault(tuple(sorted(ends)), []).append(row)
    arcs = number(situation.row, candidates)
    losers: set[int] = set()
    for rows in groups.values():
        for row in sorted(rows, key=lambda r: (-int(table["cost"].iloc[r]), r)):
            cheaper = [
                other
                for other in rows
                if other != row
                and other not in losers
                and table["cost"].iloc[other] <= table["cost"].iloc[row]
            ]
            if table["fixed"].iloc[row] == "" and any(
                _serves(situation, arcs, other, row) for other in cheaper
            ):
                losers.add(row)
    return losers


def _serves(situation: Situation, arcs: Numbered, other: int, row: int) -> bool:
    """Tell whether today's graph with one candidate is at least as fast as with another one, between all ends.

    Ends are nodes of the graph, and new nodes that any other candidate shares (platforms).
    """
    own = arcs.candidate == row
    ends = np.unique(np.concatenate([arcs.tail[own], arcs.head[own]]))
    elsewhere = np.unique(np.concatenate([arcs.tail[~own], arcs.head[~own]]))
    ends = ends[(ends < len(situation.graph.nodes)) | np.isin(ends, elsewhere)]
    slower, faster = (_with(situation, arcs, mask, ends) for mask in (own, arcs.candidate == other))
    return bool((faster <= slower).all())


def _with(
    situation: Situation, arcs: Numbered, mask: NDArray[np.bool_], ends: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return seconds between nodes with some arcs built."""
    graph = situation.graph
    built = matrix(
        arcs.count,
        np.concatenate([graph.tail, arcs.tail[mask]]),
        np.concatenate([graph.head, arcs.head[mask]]),
        np.concatenate([graph.seconds, arcs.seconds[mask]]),
    )
    return between(built, ends, ends)
