"""Draft train services from relations, and build a rail network with its services."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from datetime import date
from itertools import pairwise
from typing import Literal

import numpy as np
import pandas as pd

from networks.osm.elements import Elements, Relation
from networks.osm.tags import duration_s, had_ended, runs, was_open
from networks.rail import features
from networks.rail.drafts import BY_TAG, Draft, KnownTimes, Timetable, neighbour_drafts, to_services
from networks.rail.parameters import RailParameters
from networks.rail.topology import place, to_network
from networks.schema import Ints, Mask, Network, Services

MINUTES, STOP_MINUTES = "polyring:minutes", "polyring:stop_minutes"
"""Our tags for known times: minutes from the departure at each stop to the arrival at the next, and minutes
at each stop between the first and the last; numbers separated by `;`."""


def train_relations(elements: Elements, *, opened_by: date | None = None) -> tuple[Relation, ...]:
    """Return the relations with `route=train` that run, sorted by id; those of tourist trains are left out.

    Parameters
    ----------
    opened_by
        Leave out services that started after this day or had ended by then; None for the services of today.
    """
    found = (
        relation
        for relation in elements.relations
        if relation.tags.get("route") == "train"
        and runs(relation.tags)
        and relation.tags.get("service") != "tourism"
        and was_open(relation.tags.get("start_date", ""), on=opened_by)
        and not had_ended(relation.tags.get("end_date", ""), on=opened_by)
    )
    return tuple(sorted(found, key=lambda relation: relation.id))


def relation_drafts(
    relations: Sequence[Relation], *, station_of_id: Mapping[int, int], reached: Mask, link_way: Ints
) -> tuple[tuple[Draft, ...], dict[str, int]]:
    """Draft the services of relations.

    Stops are the members with a stop role (nodes, or outlines of stations) in their order; consecutive
    repeats count once. Two relations with the same stops in opposite order are the two directions of one
    service: they are merged, the longer headway is kept, and known times are the means of both.

    Parameters
    ----------
    relations
        Relations with `route=train`.
    station_of_id
        Row of the station for each OSM id.
    reached
        Whether each station is on a track.
    link_way
        OSM way of each link.

    Returns
    -------
    drafts, counts
        Services with at least two stops; and numbers of relations and stops by what was found in them.
    """
    counts, found = Counter[str](), []
    links_of_way: dict[int, list[int]] = defaultdict(list)
    for link, way in enumerate(link_way.tolist()):
        links_of_way[way].append(link)
    for relation in relations:
        stops = _stops(relation, station_of_id, reached, counts)
        # At stations, without consecutive repeats.
        here = [at for at, row in enumerate(stops) if row >= 0]
        positions = [at for before, at in pairwise([-1, *here]) if before < 0 or stops[before] != stops[at]]
        if len(positions) < 2:
            counts["relations with fewer than two stops here"] += 1
            continue
        known = _known_times(relation, len(stops), counts)
        draft = _draft(relation, tuple(stops[at] for at in positions), links_of_way, counts)
        if -1 in stops:
            draft = replace(draft, whole_s=None)  # of the whole way, of which a part is not here
        found.append(draft if known is None else replace(draft, known=known.kept(positions)))
    merged = merge_directions(found)
    counts["directions merged"] = len(found) - len(merged)
    return merged, dict(counts)


def _stops(
    relation: Relation, station_of_id: Mapping[int, int], reached: Mask, counts: Counter[str]
) -> list[int]:
    """Return the row of the station of each stop, -1 for one that is not in the source or not on a track."""
    rows: list[int] = []
    for member in relation.stops():
        row = station_of_id.get(member.point, -1)
        if row < 0:
            counts["stops not in the source"] += 1
        elif not reached[row]:
            counts["stops out of reach of tracks"] += 1
            row = -1
        rows.append(row)
    return rows


def _known_times(relation: Relation, stops: int, counts: Counter[str]) -> KnownTimes | None:
    """Return the times that a relation states; None without such tags, or if they do not fit its stops."""
    if MINUTES not in relation.tags:
        return None
    run_s = features.parse_minutes_s(relation.tags[MINUTES])
    stop_s = features.parse_minutes_s(relation.tags.get(STOP_MINUTES)) if stops > 2 else ()
    if run_s is None or stop_s is None or (len(run_s), len(stop_s)) != (stops - 1, max(stops - 2, 0)):
        counts["minutes not readable"] += 1
        return None
    counts["services with known times"] += 1
    return KnownTimes(run_s, (0, *stop_s, 0))


def _draft(
    relation: Relation, stations: tuple[int, ...], links_of_way: Mapping[int, list[int]], counts: Counter[str]
) -> Draft:
    tags = relation.tags
    headway = duration_s(tags.get("interval", ""), most_s=features.LONGEST_INTERVAL_S)
    if headway is None:
        counts["interval not readable" if tags.get("interval") else "interval not tagged"] += 1
    whole_s = duration_s(tags.get("duration", ""))
    if whole_s is None and tags.get("duration"):
        counts["duration not readable"] += 1
    ways = [m.ref for m in relation.members if m.kind == "w"]
    links = [link for way in dict.fromkeys(ways) for link in links_of_way.get(way, ())]
    return Draft(
        service_id=f"r{relation.id}",
        name=tags.get("name") or tags.get("ref") or f"relation {relation.id}",
        stations=stations,
        headway_s=headway,
        headway_source=BY_TAG,
        links=np.array(sorted(links), dtype=np.int64) if links else None,
        most_kmh=features.parse_speed_kmh(tags.get("maxspeed")) or np.inf,
        whole_s=whole_s,
    )


def merge_directions(found: Sequence[Draft]) -> tuple[Draft, ...]:
    """Return services with the two directions of each line merged into one."""
    waiting: dict[tuple[int, ...], list[int]] = defaultdict(list)
    kept: list[Draft] = []
    for draft in found:
        opposite = waiting[draft.stations[::-1]] if draft.stations != draft.stations[::-1] else []
        if opposite:
            first = opposite.pop(0)
            a, b = kept[first], draft
            parts = [d.links for d in (a, b) if d.links is not None]
            times = [t for t in (a.known, b.known and b.known.reversed()) if t is not None]
            kinds = zip(*map(astuple, times), strict=True)
            whole = [d.whole_s for d in (a, b) if d.whole_s is not None]
            kept[first] = replace(
                a,
                headway_s=max((d.headway_s for d in (a, b) if d.headway_s is not None), default=None),
                links=np.unique(np.concatenate(parts)) if parts else None,
                most_kmh=min(a.most_kmh, b.most_kmh),
                known=KnownTimes(*(tuple(map(_mean, zip(*kind, strict=True))) for kind in kinds))
                if times
                else None,
                whole_s=_mean(whole) if whole else None,
            )
        else:
            waiting[draft.stations].append(len(kept))
            kept.append(draft)
    return tuple(kept)


def _mean(seconds: Sequence[int]) -> int:
    """Return the mean of some seconds, rounded up."""
    return -(-sum(seconds) // len(seconds))


ServicesFrom = Literal["auto", "relations", "tracks", "none"]
"""Source of services; `auto` takes tracks where no relation gives a service."""


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
    services_from: ServicesFrom = "auto",
) -> RailBuild:
    """Build a rail network with its services.

    Services come from `route=train` relations; if none has two stops here, from tracks alone: trains between
    neighbouring stations with the default headway of the class.

    Parameters
    ----------
    elements
        Elements from `networks.osm.read` or `networks.osm.fetch`.
    parameters
        Classes, limits and running times; None for those of the packaged table.
    opened_by
        Leave out what opened after this day; None for the network of today.
    services_from
        Source of the services; `auto` for the order above.

    Returns
    -------
    RailBuild
        All tables are empty if the source has no tracks.
    """
    assumed = parameters or RailParameters.default()
    services = train_relations(elements, opened_by=opened_by)
    left_out = sum(one.tags.get("route") == "train" for one in elements.relations) - len(services)
    tracks, tracks_left_out, unread = features.choose(elements, parameters=assumed, opened_by=opened_by)
    found, of_id, stations_left_out = features.gather(
        elements, services, parameters=assumed, opened_by=opened_by
    )
    placed = place(elements, tracks, found, parameters=assumed)
    network, node_of_point, node, merged, loops = to_network(placed, elements, found, running=assumed.running)
    points = tuple(tuple(int(row) for row in node_of_point[list(rows)] if row >= 0) for rows in placed.points)
    reached, source, counts = node >= 0, str(services_from), dict[str, int]()
    drafts: tuple[Draft, ...] = ()
    if source in ("auto", "relations"):
        ways = network.links["osm_id"].to_numpy()
        drafts, counts = relation_drafts(services, station_of_id=of_id, reached=reached, link_way=ways)
    if source == "auto":
        source = "relations" if drafts else "tracks"
    if source == "tracks":
        drafts = neighbour_drafts(network, points, found, most_turn_deg=assumed.most_turn_deg)
    if left_out:
        counts["relations that do not run"] = left_out
    timetable = Timetable(network, points, [station.label for station in found], parameters=assumed)
    results = [timetable.time(draft) for draft in drafts]
    timed = [part for parts, _, _ in results for part in parts]
    table = to_services(timed, network.links, station_node=node, parameters=assumed)
    rows = [
        (s.osm_id, s.name, s.labels, int(node[i]), points[i], placed.snapped_m[i])
        for i, s in enumerate(found)
        if node[i] >= 0
    ]
    stations = pd.DataFrame(rows, columns=["osm_id", "name", "labels", "node", "points", "carried_m"])
    carried = placed.snapped_m[placed.snapped_m > 0]
    tagged = sum(t.speed_source == features.FROM_TAG for t in tracks)
    lengths = network.links.groupby("link_class")["length_km"].sum()
    report = RailReport(
        tracks=len(tracks),
        track_km={str(name): float(km) for name, km in lengths.items()},
        tracks_left_out=tracks_left_out,
        speeds_tagged=tagged,
        speeds_by_class=len(tracks) - tagged,
        speeds_unread=unread,
        loops=loops,
        components=int(network.components().max(initial=-1)) + 1,
        stations=int(reached.sum()),
        stations_carried=len(carried),
        farthest_carried_m=float(carried.max(initial=0.0)),
        stations_left_out=stations_left_out,
        stations_unreached=placed.unreached,
        stations_merged=merged,
        services=len(table.lines),
        services_source=source,
        headways=dict(Counter(table.lines["headway_source"].tolist())),
        service_counts=counts,
        hops_strayed=sum(strayed for _, _, strayed in results),
        faults=tuple(message for _, messages, _ in results for message in messages),
    )
    types = {"osm_id": "int64", "node": "int64", "carried_m": "float64"}
    return RailBuild(network=network, services=table, stations=stations.astype(types), report=report)
