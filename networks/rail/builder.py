"""Build a rail network and its services from OpenStreetMap elements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any, Literal

import pandas as pd

from networks.network import Network, Services
from networks.osm.elements import Elements, Relation
from networks.rail.drafts import Draft, Timed, Timetable, neighbour_drafts, to_services
from networks.rail.parameters import RailParameters
from networks.rail.services import Line, line_drafts, relation_drafts, train_relations
from networks.rail.stations import Stations, gather
from networks.rail.topology import Built, Cut, Placed, cut, place, to_network
from networks.rail.tracks import FROM_TAG, Tracks, choose

ServicesFrom = Literal["auto", "relations", "lines", "tracks", "none"]
"""Source of services; `auto` takes the first of relations, lines and tracks that is available."""


@dataclass(frozen=True, slots=True)
class RailReport:
    """What a rail import used, left out and assumed; without figures that of a source without tracks.

    Attributes
    ----------
    tracks, track_km
        Number of tracks in use, and length of the links of each class.
    tracks_left_out
        Number of tracks left out, by reason.
    speeds_tagged, speeds_by_class
        Numbers of tracks with a tagged design speed, and with the default of their class.
    loops
        Number of links from a point to itself that were dropped.
    components
        Number of connected components of the network.
    stations
        Number of stations on the tracks.
    stations_carried
        Number of stations among them that were snapped to a track.
    farthest_carried_m
        Largest distance between a station and the track that it was snapped to.
    stations_left_out
        Number of stations left out, by reason.
    stations_unreached, stations_merged
        Names of stations without a track within the limit, and of stations that share a point with another.
    services, services_source
        Number of services, and their source: `relations`, `lines`, `tracks`, `timetable` or `none`.
    headways
        Number of services by the source of their headway.
    service_counts
        Counts from reading the train relations.
    hops_strayed
        Number of routes between stops that leave the service's own tracks or exceed the turn limit.
    faults
        One message for each pair of consecutive stops that no track connects; the service was split there.
    speeds_unread
        Number of tracks by the value of `maxspeed` that could not be used.
    """

    tracks: int = 0
    track_km: Mapping[str, float] = field(default_factory=dict)
    tracks_left_out: Mapping[str, int] = field(default_factory=dict)
    speeds_tagged: int = 0
    speeds_by_class: int = 0
    loops: int = 0
    components: int = 0
    stations: int = 0
    stations_carried: int = 0
    farthest_carried_m: float = 0.0
    stations_left_out: Mapping[str, int] = field(default_factory=dict)
    stations_unreached: tuple[str, ...] = ()
    stations_merged: tuple[str, ...] = ()
    services: int = 0
    services_source: str = "none"
    headways: Mapping[str, int] = field(default_factory=dict)
    service_counts: Mapping[str, int] = field(default_factory=dict)
    hops_strayed: int = 0
    faults: tuple[str, ...] = ()
    speeds_unread: Mapping[str, int] = field(default_factory=dict)

    def warnings(self) -> tuple[str, ...]:
        """Return warnings for the user, one sentence each; none if services were read or there are no tracks.

        A complete extract may have no train relations. So may one that was truncated exactly between two
        blocks, which no check of the file itself can detect.
        """
        if not self.tracks or self.services_source != "tracks":
            return ()
        stretches = "1 stretch" if self.services == 1 else f"{self.services} stretches"
        without = self.service_counts.get("relations with fewer than two stops here", 0)
        what = f"no train relation with two stops (of {without})" if without else "no train relation"
        text = (
            f"{what} in this file: services are assumed on {stretches} of track; "
            "if you expected relations, the file may be cut: compare its checksum"
        )
        return (text,)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values for `import_report.json`."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class RailBuild:
    """A rail network with its services.

    Attributes
    ----------
    network
        Tracks. The times of its links are running times without stops.
    services
        Train services on the network.
    stations
        One row per station on a track; columns `osm_id` (int64), `name` (str), `labels` (tuple of str: all
        its names, including `ref`), `node` (int64, row of the network's nodes), `points` (tuple of int: rows
        of all its nodes, one for each track that serves it), `carried_m` (float64, distance in metres
        between the station and the track that it was snapped to).
    report
        What was used, left out and assumed.
    """

    network: Network
    services: Services
    stations: pd.DataFrame
    report: RailReport


@dataclass(frozen=True, slots=True)
class _Parts:
    """The network with the results of all steps that built it."""

    chosen: Tracks
    stations: Stations
    placed: Placed
    links: Cut
    built: Built
    points: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class _ServiceDrafts:
    """Drafts of services, their source, and counts from reading it."""

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

    Services come from `route=train` relations; if none has two stops here, from the table of lines; if that
    is empty too, from tracks alone: trains between neighbouring stations with the default headway of the
    class.

    Parameters
    ----------
    elements
        Elements from `networks.osm.read` or `networks.osm.fetch`.
    parameters
        Classes, limits and running times; None for those of the packaged table.
    opened_by
        Leave out what opened after this day; None for the network of today.
    line_table
        A table of lines from `read_lines`.
    services_from
        Source of the services; `auto` for the order above.

    Returns
    -------
    RailBuild
        All tables are empty if the source has no tracks.

    Raises
    ------
    SchemaError
        If the table of lines is used and has stops that are not stations.
    """
    assumed = parameters or RailParameters.default()
    services = train_relations(elements, opened_by=opened_by)
    left_out = sum(one.tags.get("route") == "train" for one in elements.relations) - len(services)
    parts = _build_network(elements, services, assumed, opened_by)
    running = _draft_services(parts, services, line_table, services_from, most_turn_deg=assumed.most_turn_deg)
    if left_out:
        running = replace(running, counts={**running.counts, "relations that do not run": left_out})
    network, names = parts.built.network, [station.label for station in parts.stations.all]
    timetable = Timetable(network, parts.points, names, parameters=assumed)
    timed: list[Timed] = []
    faults: list[str] = []
    strayed = 0
    for draft in running.drafts:
        parts_of_draft, messages, count = timetable.time(draft)
        timed += parts_of_draft
        faults += messages
        strayed += count
    table = to_services(timed, network.links, station_node=parts.built.station_node, parameters=assumed)
    return RailBuild(
        network=network,
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
    chosen = choose(elements, parameters=assumed, opened_by=opened_by)
    found = gather(elements, services, parameters=assumed, opened_by=opened_by)
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
    network, all_stations = parts.built.network, parts.stations.all
    reached = parts.built.station_node >= 0
    found: Sequence[Draft] = ()
    counts: Mapping[str, int] = {}
    source: str = services_from
    if source in ("auto", "relations"):
        way = network.links["osm_id"].to_numpy()
        of_id = parts.stations.of_id
        found, counts = relation_drafts(services, station_of_id=of_id, reached=reached, link_way=way)
    if source == "auto":
        source = "relations" if found else "lines" if line_table else "tracks"
    if source == "lines":
        found = line_drafts(line_table, stations=all_stations, reached=reached)
    elif source == "tracks":
        found = neighbour_drafts(network, parts.points, all_stations, most_turn_deg=most_turn_deg)
    return _ServiceDrafts(source, found, counts)


def _station_table(parts: _Parts) -> pd.DataFrame:
    node, snapped_m = parts.built.station_node, parts.placed.snapped_m
    rows = [
        (s.osm_id, s.name, s.labels, int(node[i]), parts.points[i], snapped_m[i])
        for i, s in enumerate(parts.stations.all)
        if node[i] >= 0
    ]
    table = pd.DataFrame(rows, columns=["osm_id", "name", "labels", "node", "points", "carried_m"])
    return table.astype({"osm_id": "int64", "node": "int64", "carried_m": "float64"})


def _report(
    parts: _Parts, running: _ServiceDrafts, services: Services, *, faults: tuple[str, ...], strayed: int
) -> RailReport:
    network, links = parts.built.network, parts.built.network.links
    carried = parts.placed.snapped_m[parts.placed.snapped_m > 0]
    tagged = sum(t.speed_source == FROM_TAG for t in parts.chosen.kept)
    return RailReport(
        tracks=len(parts.chosen.kept),
        track_km={str(k): float(v) for k, v in links.groupby("link_class")["length_km"].sum().items()},
        tracks_left_out=parts.chosen.left_out,
        speeds_tagged=tagged,
        speeds_by_class=len(parts.chosen.kept) - tagged,
        speeds_unread=parts.chosen.unread_speeds,
        loops=parts.links.loops,
        components=int(network.components().max(initial=-1)) + 1,
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
