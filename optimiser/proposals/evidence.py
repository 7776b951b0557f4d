"""Tell what serves the ends of each candidate today, and what the candidate gains there.

A reader can dismiss a candidate by this evidence without a map: a parallel expressway, a train that runs
already, a road within a town, a gain of two minutes.
"""

import functools
import itertools
from collections import defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from networks.skims import ARC_KINDS, way
from optimiser.proposals.base_case import BaseCase
from optimiser.proposals.shortest_times import NO_PATH_S
from optimiser.proposals.table import Candidates, NumberedArcs, number_arcs, rows_by_candidate, times_with
from optimiser.proposals.terrain import Surroundings

_MOST_PARTS = 3
"""So many parts of a way are named, the longest first."""
_AT_CITY_KM = 15.0
"""An end of a line within this distance of a city stands for the city."""


def with_evidence(base: BaseCase, candidates: Candidates, around: Surroundings) -> Candidates:
    """Return candidates with the columns of evidence.

    The ends of a candidate are its cities where both names are cities; else, for a road, the road nodes at
    the ends of its first and last arc; else the cities nearest to the ends of its line.

    Parameters
    ----------
    base
        Networks, cities and times of today.
    candidates
        All candidates.
    around
        Towns and expressways.
    """
    ways = _Ways(base, candidates)
    rows = [
        base.once(("evidence", *key), functools.partial(ways.between_ends, row))
        for row, key in enumerate(ways.keys)
    ]
    gains = [None if before is None or after is None else before - after for _, before, after in rows]
    looks = around.look_at(candidates.table.geometry.tolist())
    most = [
        share >= 0.5 and mode != "access"
        for (_, share, _), mode in zip(looks, candidates.table["mode"], strict=True)
    ]
    table = candidates.table.assign(
        today=[today or told for (today, _, _), told in zip(rows, candidates.table["today"], strict=True)],
        today_s=pd.array([seconds for _, seconds, _ in rows], dtype="Int64"),
        with_s=pd.array([seconds for _, _, seconds in rows], dtype="Int64"),
        gain_s=pd.array(gains, dtype="Int64"),
        town_share=np.array([share for share, _, _ in looks], dtype=np.float64),
        beside=[name if is_most else "" for (_, _, name), is_most in zip(looks, most, strict=True)],
        beside_share=np.where(most, [share for _, share, _ in looks], 0.0),
    )
    columns = [name for name in table.columns if name != "geometry"]
    return replace(candidates, table=table[[*columns, "geometry"]])


_OUTSIDE = {
    **dict.fromkeys(("connector", "access", "egress", "road", "ferry"), "way to the station"),
    "check_in": "check-in",
    **dict.fromkeys(("transfer", "board", "alight"), "change of trains"),
}
"""Parts of a trip outside trains in words, by kind of arc."""


@dataclass(frozen=True)
class _Ways:
    """Fastest ways of today, and with one candidate.

    Attributes
    ----------
    base
        The base case.
    candidates
        All candidates.
    """

    base: BaseCase
    candidates: Candidates

    @cached_property
    def _city_row(self) -> dict[str, int]:
        """Return the rows of the cities whose name no other city has."""
        return {name: row for row, name in enumerate(self.base.names) if self.base.names.count(name) == 1}

    @cached_property
    def _rows(self) -> list[NDArray[np.int64]]:
        """Return the rows of arcs of each candidate."""
        return rows_by_candidate(self.candidates.arcs["candidate"].to_numpy(), len(self.candidates))

    @cached_property
    def _arcs(self) -> list[list[tuple[str, str, int]]]:
        """Return the ids of the ends and the seconds of the arcs of each candidate."""
        columns = self.candidates.arcs[["tail_id", "head_id", "seconds"]]
        every = list(columns.itertuples(index=False, name=None))
        return [[every[at] for at in rows.tolist()] for rows in self._rows]

    @cached_property
    def _arc_at(self) -> dict[tuple[int, int], int]:
        """Return the fastest arc of today between two nodes."""
        graph = self.base.graph
        slowest_first = np.argsort(-graph.seconds, kind="stable")
        tail, head = graph.tail[slowest_first].tolist(), graph.head[slowest_first].tolist()
        return dict(zip(zip(tail, head, strict=True), slowest_first.tolist(), strict=True))

    @cached_property
    def keys(self) -> list[tuple[Hashable, ...]]:
        """Return for each candidate all that its evidence depends on: ends, mode, line and arcs."""
        table = self.candidates.table
        named = (table[name].tolist() for name in ("from_name", "to_name", "mode"))
        return list(zip(*named, table.geometry.to_wkb().tolist(), map(tuple, self._arcs), strict=True))

    def between_ends(self, row: int) -> tuple[str, int | None, int | None]:
        """Return today's way between the ends of a candidate, its seconds, and those with the candidate.

        No text and None where the ends are unknown, or no way exists.
        """
        ends = self.ends_of(row)
        if ends is None:
            return "", None, None
        (start, end), numbered = ends, self._numbered
        with_s = int(times_with(self.base, numbered, self._rows[row], np.array(ends, dtype=np.int64))[0, 1])
        seconds, before = self.base.once(
            ("ways from", start), lambda: dijkstra(self.base.times, indices=start, return_predecessors=True)
        )
        today_s = int(seconds[end]) if np.isfinite(seconds[end]) else None
        text = "" if today_s is None else self._describe(way(before, start, end))
        return text, today_s, with_s if with_s < NO_PATH_S else None

    def ends_of(self, row: int) -> tuple[int, int] | None:
        """Return the nodes of the time graph between which a candidate is judged; None where unknown."""
        base, table = self.base, self.candidates.table
        named = [self._city_row.get(str(table[column].iloc[row]), -1) for column in ("from_name", "to_name")]
        if min(named) < 0:
            # Trains count between the cities at their ends.
            mode = str(table["mode"].iloc[row])
            found = self._road_ends(row) if mode == "road" else self._measure_ends(row)
            if found is not None and mode != "rail":
                return found
            ends = shapely.get_coordinates(table.geometry.iloc[row])[[0, -1]].tolist()
            near = (base.nearest_city(*end) for end in ends)
            named = [city if km <= _AT_CITY_KM else -1 for city, km in near]
        a, b = named
        if min(a, b) < 0 or a == b:
            return None
        return int(base.graph.origin[a]), int(base.graph.destination[b])

    def _road_ends(self, row: int) -> tuple[int, int] | None:
        # Both directions of a stretch are neighbours; further copies of the roads follow.
        tails = [tail for tail, head, _ in self._arcs[row] if "/" not in tail and "/" not in head]
        known = self.base.node_row
        if not tails or tails[0] not in known or tails[-1] not in known:
            return None
        return known[tails[0]], known[tails[-1]]

    def _measure_ends(self, row: int) -> tuple[int, int] | None:
        """Return the ends of the first arc of a measure that joins nodes of today, as shorter check-in does.

        A timed connection is judged from the train before it to the train after it, where it saves most.
        """
        known, arcs = self.base.node_row, self._arcs[row]
        for tail, head, _ in arcs:
            if tail in known and head in known:
                return known[tail], known[head]
        if str(self.candidates.table["kind"].iloc[row]) != "timed_transfer":
            return None
        instead_s = self.candidates.arcs["instead_s"].to_numpy()[self._rows[row]].tolist()
        saved = [today - seconds for today, (_, _, seconds) in zip(instead_s, arcs, strict=True)]
        arrives, leaves, _ = arcs[saved.index(max(saved))]
        start = next(tail for tail, head, _ in arcs if head == arrives)
        return known[start], known[next(head for tail, head, _ in arcs if tail == leaves)]

    @cached_property
    def _numbered(self) -> NumberedArcs:
        """Return the arcs of all candidates, numbered by the nodes of the time graph.

        Today's times between their ends and cities are worked out at once; the design problem needs them too.
        """
        graph, arcs = self.base.graph, number_arcs(self.base.graph, self.candidates.arcs)
        nodes = np.unique(np.concatenate([graph.origin, graph.destination, arcs.ends]))
        self.base.today_s(nodes[nodes < arcs.old])
        return arcs

    def _describe(self, nodes: list[int]) -> str:
        """Name the trains of a way by their stations, with their minutes, and its roads with their km."""
        graph, labels = self.base.graph, self.base.road_labels
        arcs = [self._arc_at[ends] for ends in itertools.pairwise(nodes)]
        kind_of = {arc: ARC_KINDS[kind] for arc, kind in zip(arcs, graph.kind[arcs].tolist(), strict=True)}
        ride_s, road_km = defaultdict[str, int](int), defaultdict[str, float](float)
        outside_s = defaultdict[str, int](int)
        for is_ride, part in itertools.groupby(arcs, lambda arc: kind_of[arc] == "ride"):
            run = list(part)
            if is_ride:  # trains of several patterns together have no service of their own
                ends = (int(graph.tail[run[0]]), int(graph.head[run[-1]]))
                named = (self._stations.get(node, "a station") for node in ends)
                ride_s[" – ".join(named)] += int(graph.seconds[run].sum())
            for arc in () if is_ride else run:
                kind, link = kind_of[arc], int(graph.ref[arc])
                outside_s[_OUTSIDE.get(kind, kind)] += int(graph.seconds[arc])
                if kind in {"road", "ferry"} and link >= 0:
                    road_km[labels[link]] += float(self.base.road_km[link])
        parts = []
        if ride_s:
            parts.append(f"train: {_listed({name: s / 60.0 for name, s in ride_s.items()}, 'min')}")
        if sum(road_km.values()) >= 1.0:
            parts.append(f"road: {_listed(road_km, 'km')}")
        # A part of a trip, for a measure at a station, has neither.
        return "; ".join(parts or [f"{name} {seconds / 60:.0f} min" for name, seconds in outside_s.items()])

    @cached_property
    def _stations(self) -> dict[int, str]:
        """Return the names of nodes at the places of stations; at one place the last name counts."""
        if self.base.rail is None:
            return {}
        rail, nodes = self.base.rail.nodes, self.base.graph.nodes
        points = zip(rail.geometry.x.tolist(), rail.geometry.y.tolist(), strict=True)
        named = {point: name for point, name in zip(points, rail["name"].tolist(), strict=True) if name}
        places = zip(nodes["lon"].tolist(), nodes["lat"].tolist(), strict=True)
        return {node: named[place] for node, place in enumerate(places) if place in named}


def _listed(parts: Mapping[str, float], unit: str) -> str:
    """List the largest parts with their sizes, and the sum of the others."""
    order = sorted(parts.items(), key=lambda part: (-part[1], part[0]))
    named = [f"{name} {size:.0f} {unit}" for name, size in order[:_MOST_PARTS]]
    others = sum(size for _, size in order[_MOST_PARTS:])
    return ", ".join([*named, f"others {others:.0f} {unit}"] if others >= 0.5 else named)
