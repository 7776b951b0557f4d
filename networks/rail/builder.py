"""Build a rail network and its services from OpenStreetMap elements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from networks.network import Network, Services
from networks.osm.elements import Elements, Relation
from networks.rail import drafts, lines, relations, stations, tracks
from networks.rail.drafts import Draft, Timed, Timetable, to_services
from networks.rail.lines import Line
from networks.rail.parameters import RailParameters
from networks.rail.placing import Placed, place
from networks.rail.stations import Stations
from networks.rail.topology import Built, Cut, cut, to_network


@dataclass(frozen=True, slots=True)
class RailReport:
    """What a rail import kept, left out and assumed.

    Attributes
    ----------
    tracks, track_km
        Tracks kept and their length by class.
    tracks_left_out
        Tracks left out, by reason.
    speeds_tagged, speeds_by_class
        Tracks whose design speed is tagged, and those whose speed is the default of the class.
    loops
        Links from a point to itself that were dropped.
    components
        Parts of the network that no track joins.
    stations
        Stations on the tracks.
    stations_carried
        Those of them that were carried to a track beside them.
    farthest_carried_m
        Longest way that a station was carried.
    stations_left_out
        Stations left out, by reason.
    stations_unreached, stations_merged
        Names of stations out of reach of any track, and of stations that share the point of another.
    services, services_source
        Services, and where they come from: `relations`, `lines`, `tracks` or `none`.
    headways
        Services by where their headway comes from.
    service_counts
        What was counted while services were read.
    hops_strayed
        Ways between stops that the service's own tracks do not join and all tracks were used for.
    faults
        Places where two stops are not joined by track; the service was split there.
    """

    tracks: int
    track_km: Mapping[str, float]
    tracks_left_out: Mapping[str, int]
    speeds_tagged: int
    speeds_by_class: int
    loops: int
    components: int
    stations: int
    stations_carried: int
    farthest_carried_m: float
    stations_left_out: Mapping[str, int]
    stations_unreached: tuple[str, ...]
    stations_merged: tuple[str, ...]
    services: int
    services_source: str
    headways: Mapping[str, int]
    service_counts: Mapping[str, int]
    hops_strayed: int
    faults: tuple[str, ...]

    def warnings(self) -> tuple[str, ...]:
        """Return what a user has to be told loudly, one sentence each.

        A complete extract may have no train relation, and so may one that was cut on the edge of a block,
        where no test of the file itself can see it.

        Returns
        -------
        tuple of str
            Empty when services were read or given, or when there are no tracks.
        """
        if not self.tracks or self.services_source != "tracks":
            return ()
        stretches = "1 stretch" if self.services == 1 else f"{self.services} stretches"
        text = (
            f"no train relation in this file: services are assumed on {stretches} of track; "
            "if you expected relations, the file may be cut: compare its checksum"
        )
        return (text,)

    def to_dict(self) -> dict[str, Any]:
        """Return the report for `import_report.json`.

        Returns
        -------
        dict
            Plain numbers, texts, lists and mappings.
        """
        return asdict(self)


ServicesFrom = Literal["auto", "relations", "lines", "tracks", "none"]


@dataclass(frozen=True, slots=True)
class RailBuild:
    """A rail network with its services.

    Attributes
    ----------
    network
        Tracks: junctions, ends and stations, and links whose times are running times without stops.
    services
        Trains.
    stations
        One row a station on the tracks; columns `osm_id` (int64), `name` (str), `labels` (tuple of str: all
        that it is called, `ref` included), `node` (int64, row of the network's nodes), `points` (tuple of
        int: rows of all nodes where its tracks are), `carried_m` (float64, metres from where it was drawn).
    report
        What was kept, left out and assumed.
    """

    network: Network
    services: Services
    stations: pd.DataFrame
    report: RailReport


@dataclass(frozen=True, slots=True)
class _Parts:
    chosen: tracks.Tracks
    stations: Stations
    placed: Placed
    links: Cut
    built: Built
    points: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class _ServiceDrafts:
    source: str
    drafts: Sequence[Draft]
    counts: Mapping[str, int]


def build(
    elements: Elements,
    *,
    parameters: RailParameters | None = None,
    opened_by: date | None = None,
    line_table: Sequence[Line] = (),
    services_from: ServicesFrom = "auto",
) -> RailBuild:
    """Build a rail network with its services.

    Services come from `route=train` relations; where there are none, from the lines table; where that is
    empty too, from tracks alone: trains of the default headway of the class between neighbouring stations.

    Parameters
    ----------
    elements
        What was read.
    parameters
        Classes, limits and running times; None for those of the packaged table.
    opened_by
        Cut out the network of this day; None for today's.
    line_table
        A table of lines, from `read_lines`.
    services_from
        Take services from this source whatever else there is; `auto` for the order above.

    Returns
    -------
    RailBuild
        Network, services, stations and report. All are empty where the source has no tracks.

    Raises
    ------
    SchemaError
        When the lines table is used and names stops that are no stations.
    """
    assumed = parameters or RailParameters.default()
    services = relations.train_relations(elements, opened_by=opened_by)
    parts = _build_network(elements, services, assumed, opened_by)
    running = _draft_services(parts, services, line_table, services_from, most_turn_deg=assumed.most_turn_deg)
    names = [station.label for station in parts.stations.all]
    timetable = Timetable(parts.built.network, parts.points, names, parameters=assumed)
    timed: list[Timed] = []
    faults: list[str] = []
    strayed = 0
    for draft in running.drafts:
        whole, broken, off = timetable.time(draft)
        timed += whole
        faults += broken
        strayed += off
    table = to_services(
        timed,
        station_node=parts.built.station_node,
        link_class=parts.built.network.links["link_class"].to_numpy(),
        length_km=parts.built.network.links["length_km"].to_numpy(),
        parameters=assumed,
    )
    return RailBuild(
        network=parts.built.network,
        services=table,
        stations=_station_table(parts),
        report=_report(parts, running, table, faults=tuple(faults), strayed=strayed),
    )


def _build_network(
    elements: Elements,
    services: Sequence[Relation],
    assumed: RailParameters,
    opened_by: date | None,
) -> _Parts:
    chosen = tracks.choose(elements, parameters=assumed, opened_by=opened_by)
    found = stations.gather(elements, services, parameters=assumed, opened_by=opened_by)
    placed = place(elements, chosen.kept, found, parameters=assumed)
    links = cut(placed)
    built = to_network(links, placed, elements, found.all, running=assumed.running)
    points = tuple(
        tuple(int(row) for row in built.node_of_point[list(rows)] if row >= 0) for rows in placed.points
    )
    return _Parts(chosen, found, placed, links, built, points)


def _draft_services(
    parts: _Parts,
    services: Sequence[Relation],
    line_table: Sequence[Line],
    services_from: ServicesFrom,
    *,
    most_turn_deg: float,
) -> _ServiceDrafts:
    source: str = services_from
    if source == "auto":
        source = "relations" if services else "lines" if line_table else "tracks"
    reached = parts.built.station_node >= 0
    if source == "relations":
        way = parts.built.network.links["osm_id"].to_numpy()
        found, counts = relations.drafts(
            services, station_of_id=parts.stations.of_id, reached=reached, link_way=way
        )
        return _ServiceDrafts(source, found, counts)
    if source == "lines":
        return _ServiceDrafts(
            source, lines.drafts(line_table, stations=parts.stations.all, reached=reached), {}
        )
    if source == "tracks":
        return _ServiceDrafts(
            source,
            drafts.neighbour_drafts(
                parts.built.network,
                parts.points,
                parts.stations.all,
                most_turn_deg=most_turn_deg,
            ),
            {},
        )
    return _ServiceDrafts(source, (), {})


def _station_table(parts: _Parts) -> pd.DataFrame:
    rows = [
        (
            s.osm_id,
            s.name,
            s.labels,
            int(parts.built.station_node[i]),
            parts.points[i],
            parts.placed.snapped_m[i],
        )
        for i, s in enumerate(parts.stations.all)
        if parts.built.station_node[i] >= 0
    ]
    table = pd.DataFrame(rows, columns=["osm_id", "name", "labels", "node", "points", "carried_m"])
    return table.astype({"osm_id": "int64", "node": "int64", "carried_m": "float64"})


def _report(
    parts: _Parts, running: _ServiceDrafts, services: Services, *, faults: tuple[str, ...], strayed: int
) -> RailReport:
    links = parts.built.network.links
    carried = parts.placed.snapped_m[parts.placed.snapped_m > 0]
    tagged = sum(t.speed_source == tracks.FROM_TAG for t in parts.chosen.kept)
    return RailReport(
        tracks=len(parts.chosen.kept),
        track_km={str(k): float(v) for k, v in links.groupby("link_class")["length_km"].sum().items()},
        tracks_left_out=parts.chosen.left_out,
        speeds_tagged=tagged,
        speeds_by_class=len(parts.chosen.kept) - tagged,
        loops=parts.links.loops,
        components=_components(parts.built.network),
        stations=int((parts.built.station_node >= 0).sum()),
        stations_carried=len(carried),
        farthest_carried_m=float(carried.max()) if len(carried) else 0.0,
        stations_left_out=parts.stations.left_out,
        stations_unreached=parts.placed.unreached,
        stations_merged=parts.built.merged,
        services=len(services.lines),
        services_source=running.source,
        headways=dict(Counter(services.lines["headway_source"].tolist())),
        service_counts=running.counts,
        hops_strayed=strayed,
        faults=faults,
    )


def _components(network: Network) -> int:
    count = len(network.nodes)
    if not count:
        return 0
    ends: tuple[NDArray[np.int64], NDArray[np.int64]] = (
        network.links["tail"].to_numpy(),
        network.links["head"].to_numpy(),
    )
    return int(
        connected_components(csr_array((np.ones(len(ends[0])), ends), shape=(count, count)), directed=False)[
            0
        ]
    )
