"""Split the time of arcs and of trips into driving, access, check-in, waiting, riding and the like."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from networks import skims
from networks.rail import Running
from networks.skims import TimeGraph
from optimiser.proposals.table import Candidates, number_arcs
from optimiser.run.timing import with_arcs

Ints = NDArray[np.int64]

PARTS = (
    "terminal",
    "driving",
    "check_in",
    "wait",
    "start",
    "riding",
    "stops",
    "transfer",
    "alighting",
    "other",
)
"""Parts of a trip: between a centre and the road or a station, and between a road and a station; on the
road; before departure; waiting; the time added once a ride; running; standing at stops; changing trains;
leaving the train; what is none of these (tables of times)."""

CITY, ROAD, FRONT, CHECKED, ARRIVALS, PLATFORMS, MET, MEETS, ABOARD, ARRIVED = range(10)
"""Places of nodes: centre, road node, front of a station, behind its check-in, where trains arrive, its
platforms; of a timed connection where trains arrive and where those that wait for them leave; a train before
departure, a train on arrival."""

EFFECTS = ("timed_transfer", "check_in")
"""Kinds of measures whose effect may be less than proposed."""

_BOARD = -1
"""Mark of an arc into a train, which is split further."""


def _part_of_places() -> Ints:
    """Return the part of an arc by the places of its tail and head, int64 [10, 10]."""
    table = np.full((10, 10), PARTS.index("other"), dtype=np.int64)
    for tails, heads, part in (
        ((CITY, ROAD, FRONT), (CITY, ROAD, FRONT), "terminal"),
        ((CITY,), (CITY,), "other"),
        ((ROAD,), (ROAD,), "driving"),
        ((FRONT,), (CHECKED,), "check_in"),
        ((ABOARD,), (ARRIVED, MET), "riding"),
        ((MET,), (MEETS,), "transfer"),
        ((MEETS,), (ARRIVED,), "riding"),
        ((ARRIVED,), (ABOARD,), "stops"),
        ((ARRIVED,), (PLATFORMS, ARRIVALS), "transfer"),
        ((ARRIVALS,), (PLATFORMS,), "transfer"),
        ((ARRIVED,), (FRONT,), "alighting"),
    ):
        table[np.ix_(tails, heads)] = PARTS.index(part)
    table[[FRONT, CHECKED, PLATFORMS], ABOARD] = _BOARD
    return table


def places(ids: Sequence[str]) -> Ints:
    """Return the place of each node by its id, int64 [n].

    Parameters
    ----------
    ids
        Ids of a time graph and of the arcs of candidates; copies for times in vehicles count like the node.
    """
    names = pd.Series(ids, dtype=str)
    found = np.full(len(names), ABOARD, dtype=np.int64)
    for prefix, place in (("city:", CITY), ("road:", ROAD), ("station:", FRONT), ("new:station/", FRONT)):
        found[names.str.startswith(prefix).to_numpy(dtype=bool)] = place
    for suffix, place in (
        ("/check-in-hsr", CHECKED),
        ("/check-in-conv", CHECKED),
        ("/arrivals", ARRIVALS),
        ("/platforms", PLATFORMS),
        ("/from", MET),
        ("/to", MEETS),
        ("/arrived", ARRIVED),
    ):
        found[names.str.endswith(suffix).to_numpy(dtype=bool)] = place
    return found


@dataclass(frozen=True, slots=True)
class SplitArcs:
    """The arcs of today and of all candidates, each with its seconds by part.

    Attributes
    ----------
    today
        Number of arcs of today, which come first.
    parts
        int64 [m, parts], seconds; the rows sum to the seconds of the arcs.
    near_centre
        bool [m]: arcs between a centre and the front of a station.
    effect
        int64 [m], the place in `EFFECTS` of the kind of measure that an arc belongs to, -1 for none.
    saved
        int64 [m], seconds that such a measure saves between the ends of the arc; 0 for other arcs.
    """

    today: int
    parts: Ints
    near_centre: NDArray[np.bool_]
    effect: Ints
    saved: Ints

    @property
    def seconds(self) -> Ints:
        """Return the seconds of the arcs, int64 [m]."""
        return np.asarray(self.parts.sum(axis=1), dtype=np.int64)


def split_arcs(graph: TimeGraph, candidates: Candidates) -> SplitArcs:
    """Split the arcs of a time graph and of candidates into parts.

    Parameters
    ----------
    graph
        The graph of today.
    candidates
        What may be built, whether fixed or not.

    Notes
    -----
    The ids of the ends say what an arc is. An arc from behind the check-in, or from the platforms, into a
    train holds wait and start. One from the front of a station holds the check-in too: what it has more than
    the arc from the platforms into the same train.
    """
    ids = graph.nodes["node_id"].tolist()
    arcs = number_arcs(graph, candidates.arcs)
    place = places([*ids, *arcs.new_ids])
    tail, head, seconds = arcs.joined(graph)
    candidate = np.concatenate([np.full(len(graph.tail), -1, dtype=np.int64), arcs.candidate])
    part = _part_of_places()[place[tail], place[head]]
    parts = np.zeros((len(tail), len(PARTS)), dtype=np.int64)
    plain = part != _BOARD
    parts[np.flatnonzero(plain), part[plain]] = seconds[plain]
    boards = np.flatnonzero(~plain)
    change = _change_s(candidate[boards], head[boards], seconds[boards], place[tail[boards]] == PLATFORMS)
    start = np.minimum(seconds[boards], Running.default().start_s)
    most = np.where(place[tail[boards]] == FRONT, change, seconds[boards])
    wait = np.clip(np.minimum(most - start, seconds[boards] - start), 0, None)
    parts[boards, PARTS.index("start")] = start
    parts[boards, PARTS.index("wait")] = wait
    parts[boards, PARTS.index("check_in")] = seconds[boards] - start - wait
    near = np.isin(place[[tail, head]], (CITY, FRONT)).all(axis=0) & (place[tail] != place[head])
    kinds = candidates.table["kind"].map(lambda kind: EFFECTS.index(kind) if kind in EFFECTS else -1)
    effect = np.append(kinds.to_numpy(dtype=np.int64), -1)[candidate]
    instead_s = candidates.arcs.get("instead_s", candidates.arcs["seconds"]).to_numpy(dtype=np.int64)
    saved = np.concatenate([np.zeros(len(graph.tail), dtype=np.int64), instead_s - arcs.seconds])
    return SplitArcs(len(graph.tail), parts, near, effect, saved)


def _change_s(candidate: Ints, train: Ints, seconds: Ints, is_change: NDArray[np.bool_]) -> Ints:
    """Return for each arc into a train the seconds of its owner's, else today's, arc from the platforms."""
    arcs = pd.DataFrame({"candidate": candidate, "train": train, "seconds": seconds})
    change = arcs[is_change].groupby(["candidate", "train"])["seconds"].min()
    keys = arcs[["candidate", "train"]]
    own, today = (
        change.reindex(pd.MultiIndex.from_frame(one)).reset_index(drop=True)
        for one in (keys, keys.assign(candidate=-1))
    )
    return own.fillna(today).fillna(arcs["seconds"]).to_numpy(dtype=np.int64)


def trip_parts(graph: TimeGraph, candidates: Candidates, ends: Ints) -> Ints:
    """Return the seconds by part of the fastest trips with everything built.

    Parameters
    ----------
    graph
        The graph of today.
    candidates
        What is built.
    ends
        int64 [n, 2], positions of the cities at which the trips start and end.

    Returns
    -------
    numpy.ndarray
        int64 [n, parts]; zeros where no path leads.
    """
    parts, found = split_arcs(graph, candidates).parts, np.zeros((len(ends), len(PARTS)), dtype=np.int64)
    origins = np.unique(ends[:, 0]).tolist()
    for origin, ways in zip(origins, skims.paths(with_arcs(graph, candidates.arcs), origins), strict=True):
        for trip in np.flatnonzero(ends[:, 0] == origin).tolist():
            if (way := ways.get(int(ends[trip, 1]))) is not None:
                found[trip] = parts[way.arcs].sum(axis=0)
    return found
