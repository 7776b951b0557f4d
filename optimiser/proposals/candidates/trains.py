"""Time new trains: boarding, riding, changing and alighting as arcs of the time graph."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from networks.intermodal import AccessParameters

NEW = "new:"
"""What the ids of nodes begin with that a candidate brings along."""

Arc = tuple[str, str, int]
"""Tail id, head id, seconds."""


@dataclass(frozen=True, slots=True)
class TrainTimes:
    """What a ride costs besides running: the same figures, laid out alike, as for the trains of today.

    Attributes
    ----------
    access
        Times at stations and between them and the centres.
    door_to_door
        Whether access, first wait and egress count. Where not, the graph holds what is outside trains three
        times: before the first train, between trains, after the last.
    """

    access: AccessParameters
    door_to_door: bool

    def run_s(self, length_km: float, design_kmh: float) -> int:
        """Return the running time, seconds."""
        return max(1, round(length_km / (self.access.running.factor * design_kmh) * 3600.0))

    def ride_s(self, runs_s: Sequence[int]) -> int:
        """Return the seconds on board from the first stop to the last, starting included."""
        running = self.access.running
        return sum(runs_s) + running.start_s + running.stop_s * (len(runs_s) - 1)

    def station_s(self, link_class: str, headway_s: int) -> int:
        """Return the seconds at both ends of a ride that are no ride: before departure, wait, leaving."""
        if not self.door_to_door:
            return 0
        access = self.access
        board = access.board_s(link_class=link_class, headway_s=headway_s) - access.running.start_s
        return board + access.alight_s

    def outside(
        self, station: str, aboard: str, arrived: str, *, link_class: str, headway_s: int
    ) -> list[Arc]:
        """Return the arcs between the front of a station and a train.

        Parameters
        ----------
        station, aboard, arrived
            Ids of the front of the station, of a train about to leave, of a train that has come.
        link_class, headway_s
            Class of the train and seconds between departures.
        """
        access = self.access
        board = access.board_s(link_class=link_class, headway_s=headway_s)
        if self.door_to_door:
            return [(station, aboard, board), (arrived, station, access.alight_s)]
        return [
            (station, aboard, access.running.start_s),
            (arrived, f"{station}/between", access.alight_s),
            (f"{station}/between", aboard, board),
            (arrived, f"{station}/after", 1),
        ]

    def new_station(self, station: str, origin: str, destination: str, tier: str) -> tuple[Arc, ...]:
        """Return the arcs that join a new station to its city.

        Parameters
        ----------
        station, origin, destination
            Ids of the station's front, and of where trips of the city start and end.
        tier
            Tier of the city.
        """
        if self.door_to_door:
            seconds = self.access.centre_station.of(tier)
            return ((origin, station, seconds), (station, destination, seconds))
        return ((origin, station, 1), (f"{station}/after", destination, 1))


@dataclass(frozen=True, slots=True)
class Train:
    """A new train that runs in both directions.

    Attributes
    ----------
    link_class
        Class of the service, as for the trains of today.
    headway_s
        Seconds between departures.
    turn_s
        Time that a train stands at an end before it goes back.
    """

    link_class: str
    headway_s: int
    turn_s: int

    def sets(self, ride_s: int) -> int:
        """Return how many trains are needed: a round trip over the headway, rounded up."""
        return math.ceil(2 * (ride_s + self.turn_s) / self.headway_s)


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a new train stops: the front of a station, and for a new station its ties to the city."""

    station_id: str
    access: tuple[Arc, ...] = ()


def arcs(
    name: str, stops: Sequence[Stop], runs_s: Sequence[int], train: Train, times: TrainTimes
) -> tuple[Arc, ...]:
    """Return the arcs of a new train.

    All trains of a station meet at its platforms, so that one can change between today's trains and new ones,
    and between the trains of two candidates when both are built.

    Parameters
    ----------
    name
        Id of the candidate.
    stops
        Where it stops, at least two.
    runs_s
        Running time from each stop to the next.
    train
        Class and headway.
    times
        What boarding, stopping and changing costs.

    Returns
    -------
    tuple
        Tail id, head id, seconds.
    """
    found: list[Arc] = []
    access = times.access
    for at, stop in enumerate(stops):
        aboard, arrived = _aboard(name, at), _arrived(name, at)
        platforms = f"{stop.station_id}/platforms"
        found += stop.access
        found += times.outside(
            stop.station_id, aboard, arrived, link_class=train.link_class, headway_s=train.headway_s
        )
        found += [
            (platforms, aboard, access.change_s(headway_s=train.headway_s)),
            (arrived, platforms, access.transfer_s),
        ]
        if 0 < at < len(stops) - 1:
            found.append((arrived, aboard, access.running.stop_s))
    for at, run_s in enumerate(runs_s):
        found += [
            (_aboard(name, at), _arrived(name, at + 1), run_s),
            (_aboard(name, at + 1), _arrived(name, at), run_s),
        ]
    return tuple(dict.fromkeys(found))


def _aboard(name: str, at: int) -> str:
    """Return the node of a train about to leave a stop."""
    return f"{NEW}{name}/{at}"


def _arrived(name: str, at: int) -> str:
    """Return the node of a train that has come to a stop."""
    return f"{NEW}{name}/{at}/arrived"


def everywhere(found: tuple[Arc, ...], *, door_to_door: bool) -> tuple[Arc, ...]:
    """Return arcs of roads in each copy that the graph holds of what is outside trains.

    Parameters
    ----------
    found
        Arcs between road nodes.
    door_to_door
        Whether there is one copy; else three: before, between and after trains.
    """
    copies = ("",) if door_to_door else ("", "/between", "/after")
    return tuple((f"{a}{copy}", f"{b}{copy}", seconds) for copy in copies for a, b, seconds in found)
