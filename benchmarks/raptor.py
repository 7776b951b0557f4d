"""Search a timetable for the journeys of a day with few changes, by RAPTOR.

Delling, Pajor, Werneck: Round-Based Public Transit Routing, Transportation Science 49 (2015), 591-604: one
round a train, routes of trips that do not overtake each other, and for a whole day one search for every
departure (range RAPTOR), the latest first, with the labels kept. It knows trips and clock times alone, and
nothing of the patterns and headways of `networks.gtfs`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from networks.gtfs.patterns import Train

ROUNDS = 4
"""Trains of a journey at most."""
_NEVER = 10**9


@dataclass(frozen=True, slots=True)
class Journey:
    """A journey that no other one beats in departure, arrival and trains.

    Attributes
    ----------
    departs_s, arrives_s
        Seconds after midnight.
    ride_s
        Seconds on trains, their stops on the way included; waits at a change are not.
    """

    departs_s: int
    arrives_s: int
    ride_s: int
    trains: int


@dataclass(slots=True)
class _Route:
    """Trips with the same stations, none of which overtakes another, from the first to the last."""

    stations: tuple[int, ...]
    trips: list[Train] = field(default_factory=list)

    def takes(self, train: Train) -> bool:
        """Tell whether a later trip leaves and arrives no earlier than the last one anywhere."""
        last = self.trips[-1]
        both = zip((*last.arrives_s, *last.departs_s), (*train.arrives_s, *train.departs_s), strict=True)
        return all(a <= b for a, b in both)


@dataclass(frozen=True, slots=True)
class _Label:
    """The earliest arrival at a station with a number of trains."""

    arrives_s: int
    departs_s: int
    ride_s: int


@dataclass(frozen=True)
class Timetable:
    """Trips of a day, laid out for the search.

    Attributes
    ----------
    at
        For each station the routes that call there, and where in their order.
    departures
        For each station the seconds of all departures, rising.
    transfer_s
        Least seconds between two trains at a station.
    """

    routes: tuple[_Route, ...]
    at: dict[int, list[tuple[int, int]]]
    departures: dict[int, list[int]]
    transfer_s: int

    @classmethod
    def of(cls, trains: Iterable[Train], *, transfer_s: int) -> Timetable:
        """Lay out the trips of a day."""
        routes: dict[tuple[int, ...], list[_Route]] = defaultdict(list)
        for train in sorted(trains, key=lambda one: (one.departs_s[0], one.trip)):
            for route in routes[train.stations]:
                if route.takes(train):
                    route.trips.append(train)
                    break
            else:
                routes[train.stations].append(_Route(train.stations, [train]))
        found = tuple(route for own in routes.values() for route in own)
        at: dict[int, list[tuple[int, int]]] = defaultdict(list)
        departures: dict[int, set[int]] = defaultdict(set)
        for number, route in enumerate(found):
            for position, station in enumerate(route.stations):
                at[station].append((number, position))
                if position < len(route.stations) - 1:
                    departures[station].update(trip.departs_s[position] for trip in route.trips)
        return cls(found, dict(at), {station: sorted(own) for station, own in departures.items()}, transfer_s)

    def journeys(self, origin: int, destinations: Sequence[int]) -> dict[int, tuple[Journey, ...]]:
        """Return the journeys of the day from a station to others, the latest departure first."""
        best: list[dict[int, _Label]] = [{} for _ in range(ROUNDS + 1)]
        found: dict[int, list[Journey]] = {station: [] for station in destinations}
        for departs_s in reversed(self.departures.get(origin, [])):
            marked = {origin: _Label(departs_s, departs_s, 0)}
            for number in range(1, ROUNDS + 1):
                marked = self._round(marked, best, number)
                for station in destinations:
                    if station in marked:
                        label = marked[station]
                        found[station].append(Journey(departs_s, label.arrives_s, label.ride_s, number))
        return {station: tuple(own) for station, own in found.items()}

    def _round(
        self, marked: dict[int, _Label], best: list[dict[int, _Label]], number: int
    ) -> dict[int, _Label]:
        """Ride one more train from the marked stations; return the stations that are reached earlier."""
        first: dict[int, int] = {}
        for station in marked:
            for route, position in self.at[station]:
                first[route] = min(first.get(route, position), position)
        improved: dict[int, _Label] = {}
        for route_number, position in first.items():
            self._ride(self.routes[route_number], position, marked, best, number, improved)
        return improved

    def _ride(
        self,
        route: _Route,
        start: int,
        marked: dict[int, _Label],
        best: list[dict[int, _Label]],
        number: int,
        improved: dict[int, _Label],
    ) -> None:
        transfer_s = 0 if number == 1 else self.transfer_s
        trip: Train | None = None
        boarded: tuple[_Label, int] | None = None
        for position in range(start, len(route.stations)):
            station = route.stations[position]
            if trip is not None and boarded is not None:
                label = _Label(
                    trip.arrives_s[position],
                    boarded[0].departs_s,
                    boarded[0].ride_s + trip.arrives_s[position] - boarded[1],
                )
                known = min((best[k][station].arrives_s for k in range(1, number + 1) if station in best[k]),
                            default=_NEVER)  # fmt: skip
                if label.arrives_s < known:
                    best[number][station] = improved[station] = label
            if station in marked:
                ready_s = marked[station].arrives_s + transfer_s
                if trip is None or ready_s <= trip.departs_s[position]:
                    at = bisect_left([one.departs_s[position] for one in route.trips], ready_s)
                    if at < len(route.trips) and (
                        trip is None or route.trips[at].departs_s[position] < trip.departs_s[position]
                    ):
                        trip = route.trips[at]
                        boarded = marked[station], trip.departs_s[position]
