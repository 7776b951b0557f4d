"""Build a rail network and its services from OpenStreetMap elements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Literal

import pandas as pd

from networks.network import Network, Services
from networks.osm.elements import Elements, Relation
from networks.rail.drafts import Draft, Timetable, neighbour_drafts, to_services
from networks.rail.parameters import RailParameters
from networks.rail.services import Line, line_drafts, relation_drafts, train_relations
from networks.rail.stations import Stations, gather
from networks.rail.topology import Built, cut, place, to_network
from networks.rail.tracks import FROM_TAG, choose

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
    chosen = choose(elements, parameters=assumed, opened_by=opened_by)
    found = gather(elements, services, parameters=assumed, opened_by=opened_by)
    placed = place(elements, chosen.kept, found, parameters=assumed)
    links = cut(placed)
    built = to_network(links, placed, elements, found.all, running=assumed.running)
    network, node = built.network, built.station_node
    points = tuple(
        tuple(int(row) for row in built.node_of_point[list(rows)] if row >= 0) for rows in placed.points
    )
    drafts, counts, source = _draft_services(
        built, found, points, services, line_table, services_from, most_turn_deg=assumed.most_turn_deg
    )
    counts = {**counts, "relations that do not run": left_out} if left_out else counts
    timetable = Timetable(network, points, [station.label for station in found.all], parameters=assumed)
    results = [timetable.time(draft) for draft in drafts]
    timed = [part for parts, _, _ in results for part in parts]
    table = to_services(timed, network.links, station_node=node, parameters=assumed)
    rows = [
        (s.osm_id, s.name, s.labels, int(node[i]), points[i], placed.snapped_m[i])
        for i, s in enumerate(found.all)
        if node[i] >= 0
    ]
    stations = pd.DataFrame(rows, columns=["osm_id", "name", "labels", "node", "points", "carried_m"])
    carried = placed.snapped_m[placed.snapped_m > 0]
    tagged = sum(t.speed_source == FROM_TAG for t in chosen.kept)
    lengths = network.links.groupby("link_class")["length_km"].sum()
    report = RailReport(
        tracks=len(chosen.kept),
        track_km={str(name): float(km) for name, km in lengths.items()},
        tracks_left_out=chosen.left_out,
        speeds_tagged=tagged,
        speeds_by_class=len(chosen.kept) - tagged,
        speeds_unread=chosen.unread_speeds,
        loops=links.loops,
        components=int(network.components().max(initial=-1)) + 1,
        stations=int((node >= 0).sum()),
        stations_carried=len(carried),
        farthest_carried_m=float(carried.max(initial=0.0)),
        stations_left_out=found.left_out,
        stations_unreached=placed.unreached,
        stations_merged=built.merged,
        services=len(table.lines),
        services_source=source,
        headways=dict(Counter(table.lines["headway_source"].tolist())),
        service_counts=counts,
        hops_strayed=sum(strayed for _, _, strayed in results),
        faults=tuple(message for _, messages, _ in results for message in messages),
    )
    types = {"osm_id": "int64", "node": "int64", "carried_m": "float64"}
    return RailBuild(network=network, services=table, stations=stations.astype(types), report=report)


def _draft_services(
    built: Built,
    stations: Stations,
    points: Sequence[tuple[int, ...]],
    services: Sequence[Relation],
    line_table: Sequence[Line],
    source: str,
    *,
    most_turn_deg: float,
) -> tuple[Sequence[Draft], Mapping[str, int], str]:
    """Return drafts of services, counts from reading their source, and the source."""
    network, reached = built.network, built.station_node >= 0
    found: Sequence[Draft] = ()
    counts: Mapping[str, int] = {}
    if source in ("auto", "relations"):
        way = network.links["osm_id"].to_numpy()
        found, counts = relation_drafts(services, station_of_id=stations.of_id, reached=reached, link_way=way)
    if source == "auto":
        source = "relations" if found else "lines" if line_table else "tracks"
    if source == "lines":
        found = line_drafts(line_table, stations=stations.all, reached=reached)
    elif source == "tracks":
        found = neighbour_drafts(network, points, stations.all, most_turn_deg=most_turn_deg)
    return found, counts, source
