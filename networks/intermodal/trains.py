"""Represent train services as arcs: riding, boarding, alighting, transfers; and combine common lines."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from networks.intermodal.parameters import AccessParameters
from networks.rail.drafts import BY_TRACKS
from networks.schema import LINES, STOPS, Ints, Mask, Services
from networks.skims import Arcs, Ways, mean_times, over_centres

COMBINED, CONNECTED = "combined", "connected"
"""Sources of the headway of several services together: those that run directly, and any with changes."""

_LINES, _STOPS = [*(column.name for column in LINES), "ref", "every_s"], [column.name for column in STOPS]


class _Ride(NamedTuple):
    """A direct ride between two stations."""

    run_s: int
    service: int
    length_km: float


def with_common_lines(
    services: Services, parameters: AccessParameters, *, alone: bool, ways: Ways
) -> Services:
    """Add, for each two stations with several direct services of known times, those services together.

    The trains of a real timetable have many patterns of stops, each with few trains a day. A passenger waits
    for none of them in particular but takes the first train that is fast enough to be worth it. Of the
    services between two stations, sorted by their riding times, so many are combined that waiting time (for
    all their trains together) plus mean riding time is least: the common lines of Chriqui and Robillard
    (Transportation Science 9, 1975), on which optimal strategies rest (Spiess and Florian, Transportation
    Research B 23, 1989). Modelled services are left alone, since their headways are those between two
    stations already.

    Where clock times are known, times between two stations near cities are means over the departures instead
    (`mean_times`), of both directions and with any number of changes, over the centres of cities too; their
    headway is that whose wait counts as much as the waits of the departures. Other services there stand for
    direct rides alone.

    Parameters
    ----------
    parameters
        Waiting time, and the classes that board alike.
    alone
        Keep the services of known times beside their combinations. Otherwise each two stations have the
        combination alone, so that times without the wait are those of the trains that passengers take, and
        not of one fast train a day. The same holds where clock times are known.
    ways
        Rows of cities, nodes of the stations near them, and the seconds between.

    Returns
    -------
    Services
        The lines of the given services, then one with two stops for each combination, whose headway has the
        source `COMBINED`, or `CONNECTED` where no direct train runs. Further columns are `ref` of the lines
        (int64: the row of the service, -1 for several together), `every_s` (int64: the headway that counts at
        a change), `held_on` and `held_off` of the stops (bool: `Stops.held_on`).
    """
    fast = services.lines["link_class"].isin(parameters.fast_classes).to_numpy()
    headway_s = services.lines["headway_s"].tolist()
    rides: dict[tuple[int, int, bool], list[_Ride]] = defaultdict(list)
    names, classes, known = (services.lines[key].tolist() for key in ("name", "link_class", "known_times"))
    columns = [services.stops[key].to_numpy() for key in ("node", "run_s", "stop_s", "length_km")]
    for service, rows in services.stops.groupby("service", sort=True).indices.items():
        row = int(str(service))
        if known[row]:
            for ends, ride in _direct_rides(*(values[rows].tolist() for values in columns), service=row):
                rides[(*ends, bool(fast[row]))].append(ride)
    lines: list[tuple[object, ...]] = []
    stops: list[tuple[object, ...]] = []

    def add(
        ends: tuple[int, int], like: _Ride, headway_s: int, run_s: int, source: str, *, ref: int, every_s: int
    ) -> None:
        name, link_class = names[like.service] if source == COMBINED else "", classes[like.service]
        key = f"{source}:{ends[0]}-{ends[1]}:{link_class}"
        number = len(services.lines) + len(lines)
        lines.append((key, name, link_class, headway_s, source, True, ref, every_s))
        stops.extend([(number, 0, ends[0], 0, 0.0, 0), (number, 1, ends[1], run_s, like.length_km, 0)])

    for a, b, seconds, wait_s, on_fast, every_s in _by_departures(services, ways, parameters):
        direct = {kind: own for kind in (False, True) if (own := rides.pop((a, b, kind), None))}
        is_fast = on_fast > 0.5 if not direct or (on_fast > 0.5) in direct else next(iter(direct))
        like = min(direct[is_fast]) if direct else _Ride(0, int(np.argmax(fast == is_fast)), 0.0)
        share = float(parameters.wait_share(is_fast=is_fast))
        together_s = max(1, int(2.0 * wait_s / share if share else every_s))
        board_s = parameters.board_s(link_class=classes[like.service], headway_s=together_s)
        run_s = round(seconds) + parameters.running.start_s - board_s - parameters.alight_s
        source = COMBINED if direct else CONNECTED
        add((a, b), like, together_s, max(1, run_s), source, ref=-1, every_s=round(every_s))
    alone &= not len(services.calls)
    for (start, end, _), found in sorted(rides.items()):
        chosen = _attractive(found, headway_s, parameters)
        if len(chosen) > 1 or not alone:
            first, trains = chosen[0], [1.0 / float(headway_s[ride.service]) for ride in chosen]
            run_s = round(float(np.average([ride.run_s for ride in chosen], weights=trains)))
            together_s = max(round(1.0 / sum(trains)), 1)
            ref = first.service if len(chosen) == 1 else -1
            add((start, end), first, together_s, run_s, COMBINED, ref=ref, every_s=together_s)
    is_known = np.array(known, dtype=bool)[services.stops["service"].to_numpy()]
    given = services.stops if alone else services.stops[~is_known]
    numbered = services.lines.assign(ref=np.arange(len(services.lines)), every_s=services.lines["headway_s"])
    called = _added(given, stops, _STOPS)
    is_near = called["node"].isin(ways[1]) & (len(services.calls) > 0)
    of_service = is_near.groupby(called["service"])
    is_joint = is_near & ~of_service.transform("all")  # where a ride from afar meets the mean times
    held = {
        "held_on": (len(services.calls) > 0) & ~is_joint,
        "held_off": of_service.transform("any") & ~is_joint,
    }
    return replace(services, lines=_added(numbered, lines, _LINES), stops=called.assign(**held))


def _by_departures(
    services: Services, ways: Ways, parameters: AccessParameters
) -> Iterator[tuple[int, int, float, float, float, float]]:
    """Yield stations near cities with journeys in both directions, and their means over the departures.

    The smaller node comes first; then seconds from station to station, what the wait in them counts, the
    share of passengers whose first train is fast, and the window over its journeys; of both directions.
    """
    if len(ways[1]) and len(services.calls):
        nodes, (start, end) = np.unique(ways[1]), services.window_s
        each = np.arange(len(nodes)), nodes, np.zeros_like(nodes)
        found = mean_times(services, each, parameters, centres=ways)
        found = found._replace(journeys=(end - start) / np.maximum(found.journeys, 1))
        means = [(one + one.T) / 2 for one in found]
        a, b = np.nonzero(np.triu(np.isfinite(means[0]), 1))
        columns = (nodes[a], nodes[b], *(one[a, b] for one in means))
        yield from zip(*(one.tolist() for one in columns), strict=True)


def _direct_rides(
    node: list[int], run_s: list[int], stop_s: list[int], length_km: list[float], *, service: int
) -> list[tuple[tuple[int, int], _Ride]]:
    """Return the rides between all stops of a service, with the smaller row of the two nodes first."""
    found = []
    for a in range(len(node)):
        seconds, km = 0, 0.0
        for b in range(a + 1, len(node)):
            seconds += run_s[b] + (stop_s[b - 1] if b - 1 > a else 0)
            km += length_km[b]
            if node[a] != node[b]:
                ends = (min(node[a], node[b]), max(node[a], node[b]))
                found.append((ends, _Ride(seconds, service, km)))
    return found


def _attractive(
    found: Sequence[_Ride], headway_s: Sequence[int], parameters: AccessParameters
) -> Sequence[_Ride]:
    """Return the fastest rides whose waiting time together plus mean riding time is least."""
    ordered = sorted(found, key=lambda ride: (ride.run_s, ride.service))
    # With frequencies f = 1 / headway the first k rides take wait(1 / sum f) + sum(f * ride) / sum f. Chriqui
    # and Robillard: the best set is among these prefixes of the rides in order of their times.
    best, best_s = 0, np.inf
    trains = seconds = 0.0
    for count, ride in enumerate(ordered, start=1):
        trains += 1.0 / float(headway_s[ride.service])
        seconds += ride.run_s / float(headway_s[ride.service])
        total_s = parameters.change_wait_s(max(round(1.0 / trains), 1)) + seconds / trains
        if total_s < best_s:
            best, best_s = count, total_s
    return ordered[:best]


def _added(table: pd.DataFrame, rows: Sequence[tuple[object, ...]], columns: list[str]) -> pd.DataFrame:
    more = pd.DataFrame(rows, columns=columns).astype(table[columns].dtypes)
    return pd.concat([table, more], ignore_index=True)


HALLS = ("check-in-hsr", "check-in-conv", "arrivals", "platforms", "timed/arrivals", "timed/platforms")
"""Nodes of a station besides its entrance, `station:<n>/<hall>`: behind check-in for fast and for other
trains, where trains arrive, where passengers wait for the next train, and where those arrive and are waited
for whose connections with each other the timetable knows. The last two exist beside a timetable alone."""


ARRIVING_S = 1
"""Seconds from a train to the arrivals of a station, a part of each transfer."""


def check_in_hall(link_class: str, parameters: AccessParameters) -> str:
    """Return the hall behind check-in for a class of services, of `HALLS`."""
    return HALLS[0] if parameters.is_fast(link_class) else HALLS[1]


@dataclass(frozen=True, slots=True)
class Halls:
    """Rows of the halls of all stations, one hall after the other in the order of `HALLS`."""

    first_row: int
    stations: int

    def rows(self, hall: str) -> Ints:
        """Return the row of a hall at each station."""
        return self.first_row + HALLS.index(hall) * self.stations + np.arange(self.stations, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Stops:
    """The stops of all services, as rows of nodes of a time graph; all arrays have one entry per stop.

    Attributes
    ----------
    service
        Row of its service.
    station
        Row of its station.
    run_s
        Running time from the previous stop, seconds.
    headway_s
        Seconds between departures of its service.
    every_s
        The same as passengers count them who change to it.
    link_class
        Class of its service.
    on_track
        Whether its service is assumed from tracks alone.
    start_s
        Seconds added once per ride; 0 where the times of its service are known.
    stop_s
        Seconds for passengers who stay on the train.
    ref
        Row of its service among the given ones, -1 for several services together.
    held_on, held_off
        Whether nobody changes here from trains of a timetable to it, and from it to these: the mean times
        between stations near cities hold all changes. Rides between such a station and one afar are joined
        with them at the former, and those from afar to afar lead to no third one.
    departing, arrived
        Rows of its two nodes: a train that is about to depart, and a train that has arrived.
    """

    service: Ints
    station: Ints
    run_s: Ints
    headway_s: Ints
    every_s: Ints
    link_class: NDArray[np.object_]
    on_track: Mask
    start_s: Ints
    stop_s: Ints
    ref: Ints
    held_on: Mask
    held_off: Mask
    departing: Ints
    arrived: Ints

    @classmethod
    def of(
        cls, services: Services, *, parameters: AccessParameters, station_of_node: Ints, first_row: int
    ) -> Self:
        """Assign nodes to the stops of services, in the order of the stops table.

        Parameters
        ----------
        services
            The services, from `with_common_lines`.
        parameters
            Times at stops and once per ride, for services whose times are modelled.
        station_of_node
            Row of the station for each node of the rail network.
        first_row
            Row of the first node; all departing nodes come before all arrived ones.
        """
        stops = services.stops
        service = stops["service"].to_numpy()
        rows = first_row + np.arange(len(stops), dtype=np.int64)
        known = services.lines["known_times"].to_numpy(dtype=bool)[service]
        return cls(
            service=service,
            station=station_of_node[stops["node"].to_numpy()],
            run_s=stops["run_s"].to_numpy(),
            headway_s=services.lines["headway_s"].to_numpy()[service],
            every_s=services.lines["every_s"].to_numpy()[service],
            link_class=services.lines["link_class"].to_numpy(dtype=object)[service],
            on_track=(services.lines["headway_source"] == BY_TRACKS).to_numpy()[service],
            start_s=np.where(known, 0, parameters.running.start_s),
            stop_s=np.where(known, stops["stop_s"].to_numpy(), parameters.running.stop_s),
            ref=services.lines["ref"].to_numpy()[service],
            held_on=stops["held_on"].to_numpy(),
            held_off=stops["held_off"].to_numpy(),
            departing=rows,
            arrived=rows + len(stops),
        )


def ride_arcs(stops: Stops) -> Arcs:
    """Return the arcs of riding in both directions, and of staying on the train at intermediate stops.

    Services assumed from tracks alone run through every station, so passengers who stay on take the time of
    an intermediate stop there instead of a transfer.

    Returns
    -------
    Arcs
        Arcs of kind `ride`; `ref` is the row of the service.
    """
    ahead = np.flatnonzero(stops.service[:-1] == stops.service[1:])
    run_s, ref = stops.run_s[ahead + 1], stops.ref[ahead]
    out = Arcs.of("ride", stops.departing[ahead], stops.arrived[ahead + 1], run_s, ref=ref)
    back = Arcs.of("ride", stops.departing[ahead + 1], stops.arrived[ahead], run_s, ref=ref)
    inner, stop_s = np.intersect1d(ahead, ahead + 1), stops.stop_s
    stay = Arcs.of("ride", stops.arrived[inner], stops.departing[inner], stop_s[inner], ref=stops.ref[inner])
    # The stops of different services at the same station, for services assumed from tracks alone.
    rows = np.flatnonzero(stops.on_track)
    rows = rows[np.argsort(stops.station[rows], kind="stable")]
    at = pd.DataFrame({"station": stops.station[rows], "stop": rows})
    a, b = at.merge(at, on="station")[["stop_x", "stop_y"]].to_numpy().T
    a, b = (pair[stops.service[a] != stops.service[b]] for pair in (a, b))
    run_on = Arcs.of("ride", stops.arrived[a], stops.departing[b], stop_s[b], ref=stops.ref[b])
    return Arcs.join([out, back, stay, run_on])


def boarding_arcs(stops: Stops, entrance: Ints, halls: Halls | None, *, parameters: AccessParameters) -> Arcs:
    """Return the arcs from station entrances to trains.

    Parameters
    ----------
    entrance
        Row of the entrance node of each station.
    halls
        Halls that passengers check in to. None leaves out check-in and the waiting time: this is the first
        train of a trip for which only the time in vehicles counts.
    parameters
        Check-in, waiting time, and the time added once per ride.

    Returns
    -------
    Arcs
        Arcs of kind `check_in` to the halls, and of kind `board` to the trains; `ref` of the latter is the
        row of the service.
    """
    at = stops.station
    if halls is None:
        return Arcs.of("board", entrance[at], stops.departing, stops.start_s, ref=stops.ref)
    pieces = []
    seconds = [
        parameters.wait_s(link_class=str(name), headway_s=int(headway))
        for name, headway in zip(stops.link_class, stops.headway_s, strict=True)
    ]
    wait_s = np.array(seconds, dtype=np.int64) + stops.start_s
    hall_of = np.array([check_in_hall(str(name), parameters) for name in stops.link_class], dtype=object)
    for hall, check_in_s in zip(
        HALLS[:2], (parameters.check_in_hsr_s, parameters.check_in_conv_s), strict=True
    ):
        mine = np.flatnonzero(hall_of == hall)
        pieces += [
            Arcs.of("check_in", entrance, halls.rows(hall), check_in_s),
            Arcs.of(
                "board",
                halls.rows(hall)[at[mine]],
                stops.departing[mine],
                np.maximum(wait_s[mine], 1),
                ref=stops.ref[mine],
            ),
        ]
    return Arcs.join(pieces)


def alighting_arcs(stops: Stops, entrance: Ints, *, seconds: int) -> Arcs:
    """Return the arcs from trains to station entrances.

    Parameters
    ----------
    entrance
        Row of the entrance node of each station.
    seconds
        Time of every arc.

    Returns
    -------
    Arcs
        Arcs of kind `alight`; `ref` is the row of the service.
    """
    return Arcs.of("alight", stops.arrived, entrance[stops.station], seconds, ref=stops.ref)


def transfer_arcs(
    stops: Stops, halls: Halls, *, parameters: AccessParameters, least_s: Ints, centres: Ways | None
) -> Arcs:
    """Return the arcs from trains to the platforms of a station, and from there to the next train.

    Parameters
    ----------
    parameters
        Waiting time, check-in, and the time added once per ride.
    least_s
        Transfer time at each station.
    centres
        Rows of cities and of the stations near them, and the seconds between: ways by which passengers change
        to trains of another station beside a timetable, where nobody boards again who has left a train as if
        the trip began there. None without a timetable.

    Returns
    -------
    Arcs
        Arcs of kind `transfer` over the arrivals to the platforms; arcs of kind `board` from there, whose
        `ref` is the row of the service.
    """
    at, is_timed = stops.station, centres is not None
    seconds = [
        parameters.change_s(headway_s=every_s, start_s=start_s, is_capped=not is_timed)
        for every_s, start_s in zip(stops.every_s.tolist(), stops.start_s.tolist(), strict=True)
    ]
    arrivals, platforms = (halls.rows(hall) for hall in HALLS[2:4])
    timed = [halls.rows(hall) for hall in HALLS[4:]] if is_timed else [arrivals, platforms]
    comes = np.where(stops.held_off, timed[0][at], arrivals[at])
    boards = np.where(stops.held_on, timed[1][at], platforms[at])
    here = np.arange(halls.stations)
    changes = [(here, here, least_s - ARRIVING_S)]
    if centres is not None:
        start, end, across_s = over_centres(centres, parameters)
        check_in_s = max(parameters.check_in_hsr_s, parameters.check_in_conv_s)
        changes.append((start, end, across_s + check_in_s - ARRIVING_S))
    # Passengers of other trains wait half a headway for those of a timetable, and theirs for other trains.
    sides = [(arrivals, platforms), (arrivals, timed[1]), (timed[0], platforms)][: 3 if is_timed else 1]
    return Arcs.join(
        [
            Arcs.of("transfer", stops.arrived, comes, ARRIVING_S),
            *(Arcs.of("transfer", a[start], b[end], s) for start, end, s in changes for a, b in sides),
            Arcs.of("board", boards, stops.departing, np.array(seconds, dtype=np.int64), ref=stops.ref),
        ]
    )
