"""Determine the travel times of ferries and shuttle trains, from shore to shore."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from networks.osm.durations import duration_s
from networks.osm.elements import Relation, Tags
from networks.road.tables import crossing_table

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Crossings:
    """Pieces of ferries between the nodes at which ways meet; all arrays are as long as `km`.

    Attributes
    ----------
    way
        Position of the way of each piece among the ferries.
    first, last
        Nodes at its ends.
    km
        Length.
    """

    way: Ints
    first: Ints
    last: Ints
    km: Floats


def ride_seconds(way_ids: Ints, tags: Sequence[Tags], relations: Sequence[Relation]) -> list[tuple[int, int]]:
    """Return the tagged duration of each way in seconds, and a key shared by the ways that it is for.

    The duration of a relation is for all its ways that have none of their own. Ways without any get 0.

    Parameters
    ----------
    way_ids, tags
        Id and tags of each way.
    relations
        Route relations.
    """
    found = [(duration_s(one.get("duration", "")) or 0, position) for position, one in enumerate(tags)]
    position_of: dict[int, list[int]] = {}
    for position, way in enumerate(way_ids.tolist()):
        position_of.setdefault(way, []).append(position)
    for number, relation in enumerate(relations):
        seconds = duration_s(relation.tags.get("duration", ""))
        if seconds is None or relation.tags.get("route") == "train":
            continue
        members = {member.ref for member in relation.members if member.kind == "w"}
        for way in sorted(members & position_of.keys()):
            for position in position_of[way]:
                if found[position][0] == 0:
                    found[position] = (seconds, len(tags) + number)
    return found


def crossing_times(
    pieces: Crossings,
    *,
    shore: NDArray[np.bool_],
    rides: Sequence[tuple[int, int]],
    kinds: Sequence[str],
) -> tuple[Ints, NDArray[np.bool_]]:
    """Return the travel time of each piece in seconds, waiting included, and whether it comes from a tag.

    Pieces that meet at sea form one crossing. A tagged duration is shared by length among the pieces that it
    is for; without one, the speed of the table for the length of the crossing applies. Half of the wait of
    the table is added at each end on a shore, so that a crossing pays the wait once, however many ways it
    is mapped as.

    Parameters
    ----------
    pieces
        The pieces.
    shore
        bool [n], nodes that a road touches. Ends of the ferries that nothing else touches count as well.
    rides
        Seconds and key of each way, from `ride_seconds`.
    kinds
        `ferry` or `shuttle_train` for each way, which selects the table.
    """
    count = len(pieces.km)
    if not count:
        return np.empty(0, np.int64), np.empty(0, bool)
    degree = np.bincount(np.concatenate([pieces.first, pieces.last]), minlength=len(shore))
    is_shore = shore | (degree == 1)
    crossing = _crossings(pieces, is_shore)
    crossing_km = np.bincount(crossing, weights=pieces.km)[crossing]
    seconds_of, key_of = (np.array([ride[i] for ride in rides], np.int64)[pieces.way] for i in (0, 1))
    _, key = np.unique(key_of, return_inverse=True)
    shared_km = np.bincount(key, weights=pieces.km)[key]
    is_tagged = seconds_of > 0
    tables = [crossing_table(kind) for kind in kinds]
    steps = [tables[way].step(km) for way, km in zip(pieces.way.tolist(), crossing_km.tolist(), strict=True)]
    by_table = pieces.km / np.array([step.kmh for step in steps]) * 3600
    ride = np.where(is_tagged, seconds_of * pieces.km / np.maximum(shared_km, 1e-9), by_table)
    boardings = is_shore[pieces.first].astype(np.int64) + is_shore[pieces.last]
    wait = np.array([step.wait_s for step in steps]) / 2 * boardings
    return np.maximum(1, np.rint(ride + wait)).astype(np.int64), is_tagged


def _crossings(pieces: Crossings, is_shore: NDArray[np.bool_]) -> Ints:
    """Return the number of the crossing of each piece: pieces are joined at nodes that are no shore."""
    count = len(pieces.km)
    piece = np.concatenate([np.arange(count), np.arange(count)])
    node = np.concatenate([pieces.first, pieces.last])
    at_sea = ~is_shore[node]
    size = count + len(is_shore)
    edges = coo_array(
        (np.ones(np.count_nonzero(at_sea)), (piece[at_sea], count + node[at_sea])), shape=(size, size)
    )
    _, label = connected_components(edges, directed=False)
    _, crossing = np.unique(label[:count], return_inverse=True)
    return crossing.astype(np.int64)
