"""Draft services as sequences of stations, route them on the tracks, and build the tables of services."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from networks.rail.features import Station
from networks.rail.parameters import RailParameters
from networks.rail.topology import running_seconds
from networks.schema import LINES, STOPS, Floats, Ints, Network, Services

ANY_TURN_DEG = 180.0
"""Turn limit that allows every turn."""

_BEARING_BASE_DEG = 0.0003
"""Bearings are measured over about 30 m, so that a single short segment does not decide them."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The links of a network, with the bearings at their ends.

    Attributes
    ----------
    count
        Number of nodes.
    tail, head
        Rows of nodes [m].
    length_km
        Length of the links [m].
    leaving_tail, leaving_head
        Bearings of the track at its tail and at its head, seen from there along the link, radians [m].
    """

    count: int
    tail: Ints
    head: Ints
    length_km: Floats
    leaving_tail: Floats
    leaving_head: Floats

    @classmethod
    def of(cls, links: gpd.GeoDataFrame, *, count: int) -> Layout:
        """Measure the links of a network with `count` nodes."""
        lines = links.geometry.to_numpy()
        return cls(
            count=count,
            tail=links["tail"].to_numpy(),
            head=links["head"].to_numpy(),
            length_km=links["length_km"].to_numpy(),
            leaving_tail=_bearings(lines, start=0.0, to=_BEARING_BASE_DEG),
            leaving_head=_bearings(lines, start=1.0, to=-_BEARING_BASE_DEG),
        )

    def part(self, only: Ints) -> tuple[Layout, Ints]:
        """Return some links with their nodes numbered anew, and the rows of these nodes in the whole."""
        nodes, ends = np.unique(np.concatenate([self.tail[only], self.head[only]]), return_inverse=True)
        kept = (self.length_km[only], self.leaving_tail[only], self.leaving_head[only])
        return Layout(len(nodes), ends[: len(only)], ends[len(only) :], *kept), nodes


def _bearings(lines: NDArray[np.object_], *, start: float, to: float) -> Floats:
    """Return the bearings from a share of each line to a distance along it in degrees."""
    ends = shapely.line_interpolate_point(lines, start, normalized=True)
    ahead = shapely.line_interpolate_point(lines, to)
    east = (shapely.get_x(ahead) - shapely.get_x(ends)) * np.cos(np.radians(shapely.get_y(ends)))
    bearing: Floats = np.arctan2(east, shapely.get_y(ahead) - shapely.get_y(ends))
    return bearing


@dataclass(frozen=True, slots=True)
class Route:
    """A route along tracks.

    Attributes
    ----------
    seconds
        Running time, not rounded.
    length_km
        Total length.
    links
        Rows of the links, in order of travel.
    """

    seconds: float
    length_km: float
    links: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TrackGraph:
    """Tracks as a graph of movements from one directed link to the next.

    Directed link k < m runs from the tail to the head of link k, and k + m runs back. Since the nodes of the
    graph are directed links, a forbidden turn is simply a missing arc.

    Attributes
    ----------
    matrix
        Cost of each allowed movement: the running time of the directed link that it leaves, in seconds.
    end
        Node at the end of each directed link [2 m].
    seconds
        Running time of each directed link [2 m].
    leaving
        Directed links, sorted by the node at which they start.
    offsets
        Position in `leaving` of the first directed link of each node [count + 1].
    length_km
        Length of the links [m].
    links, nodes
        Rows of its links [m] and nodes [count] in the whole network, the nodes increasing.
    """

    matrix: csr_array
    end: Ints
    seconds: Floats
    leaving: Ints
    offsets: Ints
    length_km: Floats
    links: Ints
    nodes: Ints

    @classmethod
    def of(
        cls,
        layout: Layout,
        seconds: Floats,
        *,
        closed: Ints | None = None,
        any_turn: Ints | None = None,
        most_turn_deg: float = ANY_TURN_DEG,
        only: Ints | None = None,
    ) -> TrackGraph:
        """Build the graph of all links, or the small one of some.

        Parameters
        ----------
        seconds
            Running time of each link.
        closed
            Rows of nodes that a route may not pass through.
        any_turn
            Rows of nodes without a turn limit, such as stations.
        most_turn_deg
            Largest change of direction where three or more links meet. A bend between two links is not a
            turn. No route reverses onto the link that it came from.
        only
            Rows of the links to use; None for all. Lists of nodes count in the graph of these alone.
        """
        links, nodes = np.arange(len(layout.tail)), np.arange(layout.count)
        if only is not None:
            links, layout, nodes = only, *layout.part(only)
            seconds = seconds[only]
        size = len(layout.tail)
        start = np.concatenate([layout.tail, layout.head])
        end = np.concatenate([layout.head, layout.tail])
        leaving = np.argsort(start, kind="stable").astype(np.int64)
        offsets = np.searchsorted(start[leaving], np.arange(layout.count + 1)).astype(np.int64)
        # Each directed link with all directed links that start at its end.
        counts = np.diff(offsets)[end]
        before = np.repeat(np.arange(len(end), dtype=np.int64), counts)
        place = np.arange(len(before)) - np.repeat(np.cumsum(counts) - counts, counts)
        after = leaving[np.repeat(offsets[end], counts) + place]
        is_free = np.diff(offsets) <= 2
        is_free[[] if any_turn is None else any_turn] = True
        is_closed = np.zeros(layout.count, dtype=bool)
        is_closed[[] if closed is None else closed] = True
        allowed = (np.abs(before - after) != size) & ~is_closed[end[before]]
        # `back` points against the direction of travel: add a half turn, then wrap the difference to +-pi.
        away = np.concatenate([layout.leaving_tail, layout.leaving_head])
        back = np.concatenate([layout.leaving_head, layout.leaving_tail])
        turn = np.abs((away[after] - back[before] + np.pi + np.pi) % (2 * np.pi) - np.pi)
        allowed &= (turn <= np.radians(most_turn_deg) + 1e-9) | is_free[end[before]]
        cost = np.tile(seconds, 2)
        movements = (before[allowed], after[allowed])
        matrix = csr_array((cost[movements[0]], movements), shape=(2 * size, 2 * size))
        return cls(matrix, end, cost, leaving, offsets, layout.length_km, links, nodes)

    def route(self, origins: Collection[int], destinations: Collection[int]) -> Route | None:
        """Find the fastest route from any origin to any destination.

        Parameters
        ----------
        origins, destinations
            Rows of nodes of the whole network.

        Returns
        -------
        Route or None
            None if no route exists; an empty route if origins and destinations share a node.
        """
        starts, ends = (np.flatnonzero(np.isin(self.nodes, list(rows))) for rows in (origins, destinations))
        if np.intersect1d(starts, ends).size:
            return Route(0.0, 0.0, ())
        reached, before = self._search(starts)
        is_destination = np.zeros(len(self.nodes), dtype=bool)
        is_destination[ends] = True
        last = np.flatnonzero(is_destination[self.end])
        total = reached[last] + self.seconds[last]
        if not len(last) or not np.isfinite(total.min()):
            return None
        at = int(last[np.argmin(total)])
        arcs = [at]
        while before[at] >= 0:
            at = int(before[at])
            arcs.append(at)
        links = [arc % len(self.length_km) for arc in reversed(arcs)]
        return Route(
            float(total.min()), float(self.length_km[links].sum()), tuple(self.links[links].tolist())
        )

    def reachable(self, origins: Collection[int]) -> Ints:
        """Return the rows of the nodes at the ends of all links that can be reached from some nodes."""
        reached, _ = self._search(origins)
        return np.unique(self.end[np.isfinite(reached)])

    def _search(self, origins: Collection[int]) -> tuple[Floats, NDArray[np.int32]]:
        """Return for each directed link the time at which it is entered, and its predecessor."""
        first = [arc for node in origins for arc in self.leaving[self.offsets[node] : self.offsets[node + 1]]]
        if not first:
            size = len(self.seconds)
            return np.full(size, np.inf), np.full(size, -1, dtype=np.int32)
        cost, before, _ = dijkstra(self.matrix, indices=first, return_predecessors=True, min_only=True)
        return cost, before


# ---- services

BY_TAG, BY_CLASS, BY_TRACKS = "tag", "class", "tracks"
BY_TIMETABLE, BY_FREQUENCY = "timetable", "frequency"
"""Sources of a headway: the `interval` tag, the default of the class, the default of the class for services
assumed from tracks alone, whose trains run through every station, a timetable, and one that states how often
trains run but not when."""

FASTEST_SHARE, SLOWEST_SHARE = 0.7, 4.0
"""Range of the tagged duration of a service, relative to running at the modelled speed without stops, that is
believed."""

_LINES, _STOPS = ({column.name: column.dtype for column in columns} for columns in (LINES, STOPS))


@dataclass(frozen=True, slots=True)
class KnownTimes:
    """Times of a service that its source states.

    Attributes
    ----------
    run_s
        Seconds from the departure at each stop to the arrival at the next; one less than there are stops.
    stop_s
        Seconds at each stop, as many as there are stops; those of the first and the last do not count.
    """

    run_s: tuple[int, ...]
    stop_s: tuple[int, ...]

    def reversed(self) -> KnownTimes:
        """Return the times in the other direction."""
        return KnownTimes(self.run_s[::-1], self.stop_s[::-1])

    def kept(self, positions: Sequence[int]) -> KnownTimes:
        """Return the times between some of the stops, at least one; times between two of them are summed."""
        inside = list(pairwise(positions))
        return KnownTimes(
            tuple(sum(self.run_s[a:b]) + sum(self.stop_s[a + 1 : b]) for a, b in inside),
            tuple(self.stop_s[at] for at in positions),
        )


@dataclass(frozen=True, slots=True)
class Draft:
    """A service before it is routed on the tracks.

    Attributes
    ----------
    service_id, name
        Key, and name for messages and reports.
    stations
        Rows of the stations at which it stops, in order.
    headway_s
        Seconds between departures, None if unknown.
    headway_source
        Source of the headway if it is known.
    links
        Rows of the links that the source assigns to it; None if all links may be used.
    most_kmh
        Highest speed of its trains, km/h.
    known
        Its times where the source states them; None where they are modelled.
    whole_s
        Seconds from the first stop to the last where the source states only that; None otherwise.
    link_class
        Class of its trains where they run on no tracks; empty for that of its tracks.
    """

    service_id: str
    name: str
    stations: tuple[int, ...]
    headway_s: int | None
    headway_source: str
    links: Ints | None = None
    most_kmh: float = np.inf
    known: KnownTimes | None = None
    whole_s: int | None = None
    link_class: str = ""


@dataclass(frozen=True, slots=True)
class Hop:
    """The route of a service between consecutive stops, given as rows of stations.

    Attributes
    ----------
    start, end
        Rows of the stations.
    route
        The tracks between them.
    run_s
        Seconds from departure to arrival: known, or else running at a share of the design speed.
    stop_s
        Known seconds at the end for passengers who stay on the train, 0 where they are modelled.
    """

    start: int
    end: int
    route: Route
    run_s: int
    stop_s: int


@dataclass(frozen=True, slots=True)
class Timed:
    """A service, or a part of one, with the routes between its stops."""

    draft: Draft
    hops: tuple[Hop, ...]


def neighbour_drafts(
    network: Network, points: Sequence[tuple[int, ...]], stations: Sequence[Station], *, most_turn_deg: float
) -> tuple[Draft, ...]:
    """Draft a service between every two stations that tracks connect without passing a third.

    This is the fallback where the source has no services. Trains with the default headway of the class are
    assumed on every such section of track; they run through every station, so passengers need not change.

    Parameters
    ----------
    points
        Rows of the nodes of each station.
    most_turn_deg
        Largest change of direction of a train at a junction, degrees.

    Returns
    -------
    tuple of Draft
        Sorted by the rows of the two stations.
    """
    owner = np.full(len(network.nodes), -1, dtype=np.int64)
    for station in range(len(points) - 1, -1, -1):
        owner[list(points[station])] = station
    layout, closed = Layout.of(network.links, count=len(network.nodes)), np.flatnonzero(owner >= 0)
    graph = TrackGraph.of(layout, layout.length_km, closed=closed, most_turn_deg=most_turn_deg)
    pairs = set()
    for station, rows in enumerate(points):
        if rows and owner[rows[0]] == station:
            others = np.unique(owner[graph.reachable(rows)])
            pairs |= {(min(station, o), max(station, o)) for o in others.tolist() if o not in {-1, station}}
    return tuple(
        Draft(
            service_id=f"t{stations[a].osm_id}-{stations[b].osm_id}",
            name=f"{stations[a].label} - {stations[b].label}",
            stations=(a, b),
            headway_s=None,
            headway_source=BY_TRACKS,
        )
        for a, b in sorted(pairs)
    )


class Timetable:
    """Route drafts on the tracks of one network.

    Parameters
    ----------
    points
        Rows of the nodes of each station, its own node first; empty if the station is not on a track.
    names
        Names of the stations, for messages.
    parameters
        Parameters of the running time, and the largest turn at junctions.
    """

    def __init__(
        self,
        network: Network,
        points: Sequence[tuple[int, ...]],
        names: Sequence[str],
        *,
        parameters: RailParameters,
    ) -> None:
        self._points, self._names = points, names
        self._parameters = parameters
        self._layout = Layout.of(network.links, count=len(network.nodes))
        self._stations = np.flatnonzero((network.nodes["kind"] == "station").to_numpy())
        self._speed = network.links["speed_kmh"].to_numpy()
        self._graphs: dict[tuple[float, float], TrackGraph] = {}

    def time(self, draft: Draft) -> tuple[tuple[Timed, ...], tuple[str, ...], int]:
        """Find the fastest routes between the stops of a service.

        A route uses the service's own tracks if these are known and connect the two stops; else all tracks
        under the turn limit at junctions outside stations; else all tracks without a turn limit.

        Returns
        -------
        parts, faults, strayed
            The service, split into parts wherever no track connects two stops; a message for each such
            place; and the number of routes that leave the service's own tracks or exceed the turn limit.
        """
        own = None
        if draft.links is not None:
            own = TrackGraph.of(self._layout, self._seconds(draft.most_kmh), only=draft.links)
        parts: list[list[Hop]] = [[]]
        faults, strayed = [], 0
        for at, (start, end) in enumerate(pairwise(draft.stations)):
            route, has_strayed = self._route(own, draft.most_kmh, start, end)
            strayed += has_strayed
            if route is None:
                places = f"{self._names[start]} and {self._names[end]}"
                faults.append(f"service {draft.service_id} ({draft.name}): no track joins {places}")
                parts.append([])
            elif route.links:
                times = round(route.seconds), 0
                if draft.known is not None:
                    times = draft.known.run_s[at], draft.known.stop_s[at + 1]
                parts[-1].append(Hop(start, end, route, max(times[0], 1), times[1]))
        hops = [tuple(part) for part in parts if part]
        is_whole = not faults and len(hops) == 1 and draft.known is None
        if is_whole and draft.whole_s is not None and (known := _spread(draft.whole_s, hops[0])) is not None:
            draft = replace(draft, known=known)
            hops = [tuple(replace(hop, run_s=s) for hop, s in zip(hops[0], known.run_s, strict=True))]
        named = [replace(draft, service_id=f"{draft.service_id}#{k + 1}") for k in range(len(hops))]
        return tuple(map(Timed, named if len(hops) > 1 else [draft], hops)), tuple(faults), strayed

    def _route(
        self, own: TrackGraph | None, most_kmh: float, start: int, end: int
    ) -> tuple[Route | None, bool]:
        """Return the route, and whether it leaves the service's own tracks or exceeds the turn limit."""
        ends = self._points[start], self._points[end]
        if own is not None and (route := own.route(*ends)):
            return route, False
        if route := self._all_graph(most_kmh, self._parameters.most_turn_deg).route(*ends):
            return route, own is not None
        route = self._all_graph(most_kmh, ANY_TURN_DEG).route(*ends)
        return route, route is not None

    def _all_graph(self, most_kmh: float, most_turn_deg: float) -> TrackGraph:
        key = most_kmh, most_turn_deg
        if key not in self._graphs:
            self._graphs[key] = TrackGraph.of(
                self._layout, self._seconds(most_kmh), any_turn=self._stations, most_turn_deg=most_turn_deg
            )
        return self._graphs[key]

    def _seconds(self, most_kmh: float) -> Floats:
        speed = np.minimum(self._speed, most_kmh)
        return running_seconds(self._layout.length_km, speed, running=self._parameters.running)


def _spread(whole_s: int, hops: Sequence[Hop]) -> KnownTimes | None:
    """Spread the time of a whole service, its stops included, over its hops by their modelled times.

    None where it is not plausible: faster than any train on these tracks, or several times as slow.
    """
    modelled = np.array([hop.route.seconds for hop in hops])
    if not FASTEST_SHARE * modelled.sum() <= whole_s <= SLOWEST_SHARE * modelled.sum():
        return None
    # Rounding the sums, not the parts, keeps the whole time.
    ends = np.rint(np.cumsum(modelled) / modelled.sum() * whole_s).astype(int)
    run_s = np.maximum(np.diff(ends, prepend=0), 1)
    return KnownTimes(tuple(run_s.tolist()), (0,) * (len(hops) + 1))


def to_services(
    timed: Sequence[Timed], links: gpd.GeoDataFrame, *, station_node: Ints, parameters: RailParameters
) -> Services:
    """Build the tables of services.

    Parameters
    ----------
    timed
        Services with the routes between their stops.
    links
        Links of the rail network. The class of a service is that with the largest share of its length.
    station_node
        Row of the nodes of each station.
    parameters
        Default headways by class, for services without a known headway.
    """
    link_class, length_km = links["link_class"].to_numpy(), links["length_km"].to_numpy()
    lines: list[tuple[object, ...]] = []
    stops: list[tuple[object, ...]] = []
    routes: list[tuple[int, int]] = []
    for row, service in enumerate(timed):
        draft = service.draft
        by_class: defaultdict[str, float] = defaultdict(float)
        for link in (link for hop in service.hops for link in hop.route.links):
            by_class[str(link_class[link])] += float(length_km[link])
        # The class of most kilometres, of equal ones the last in the alphabet.
        own_class = draft.link_class or max(by_class, key=lambda name: (by_class[name], name))
        headway_s, source = draft.headway_s, draft.headway_source
        if headway_s is None:
            headway_s = parameters.default_headway_s(own_class)
            source = source if source == BY_TRACKS else BY_CLASS
        known = draft.known is not None
        lines.append((draft.service_id, draft.name, own_class, headway_s, source, known))
        stops.append((row, 0, station_node[service.hops[0].start], 0, 0.0, 0))
        stops += [
            (row, seq, station_node[hop.end], hop.run_s, hop.route.length_km, hop.stop_s)
            for seq, hop in enumerate(service.hops, start=1)
        ]
        routes += [(row, link) for link in sorted({one for hop in service.hops for one in hop.route.links})]
    return Services(
        lines=pd.DataFrame(lines, columns=list(_LINES)).astype(_LINES),
        stops=pd.DataFrame(stops, columns=list(_STOPS)).astype(_STOPS),
        routes=pd.DataFrame(routes, columns=["service", "link"]).astype("int64"),
    )
