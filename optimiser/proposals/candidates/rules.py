"""State the rules by which candidates are proposed, priced and timed."""

from __future__ import annotations

from dataclasses import dataclass, field

from optimiser.proposals.candidates.neighbours import NeighbourRules


@dataclass(frozen=True, slots=True)
class RoadRules:
    """Rules for roads.

    Attributes
    ----------
    expressway_classes
        Link classes that are expressways already.
    meeting_classes
        Link classes at which an upgraded road gets an interchange.
    speed_kmh
        Speed on a new or upgraded expressway.
    standard
        What is built, a standard of the cost table.
    upgrade_least_km, upgrade_run_km
        An upgrade below this length is no candidate; an ordinary stretch shorter than `upgrade_run_km`
        (streets of a town, a slip road) is left as it is.
    route_factor
        Length of a new road over the straight line (1.2: between the 1.15 of lowland motorways and the 1.25
        of old trunk roads; assumed).
    detour_index
        A new road is proposed where today's fastest way takes at least this many times its time.
    shortest_km, longest_km
        Length of the straight line of a new road.
    gap_longest_km, gap_detour_index, gap_count
        A gap between expressways is at most this long; today's way takes at least so many times as long; at
        most so many gaps are proposed, the worst detours first.
    border_km
        Dead ends this near to the border of the network may go on beyond it and are no gaps.
    """

    expressway_classes: tuple[str, ...] = ("motorway", "motorway_link")
    meeting_classes: tuple[str, ...] = ("motorway", "motorway_link", "trunk", "trunk_link")
    speed_kmh: float = 100.0
    standard: str = "expressway-4"
    upgrade_least_km: float = 12.0
    upgrade_run_km: float = 3.0
    route_factor: float = 1.2
    detour_index: float = 1.35
    shortest_km: float = 10.0
    longest_km: float = 160.0
    gap_longest_km: float = 40.0
    gap_detour_index: float = 2.0
    gap_count: int = 15
    border_km: float = 15.0


@dataclass(frozen=True, slots=True)
class RailRules:
    """Rules for railways.

    Attributes
    ----------
    route_factor
        Length of a new line over the straight line (1.1: gentle curves; published lines of the default region
        lie between 1.01 and 1.10).
    shortest_km, longest_km
        Length of the straight line of a new line.
    fast_least_km
        New lines at least this long are built for `fast`, shorter ones for `usual`.
    usual_kmh, usual_standard, fast_kmh, fast_standard
        Design speeds and standards of new lines.
    upgrade_kmh, upgrade_standard
        Tracks slower than this between neighbours may be upgraded to it.
    track_detour
        Tracks longer than this over the straight line are not upgraded.
    onward_s
        Trains of a new line run on to a core city that is within this running time.
    time_ratio
        A link is proposed when the train (stations and waits left out) takes at most this share of today's
        best time by any way between the two stations.
    tracks_do
        No new line is proposed where trains over today's tracks run in at most this many times its time: more
        trains would do.
    fast_class, slow_class, fast_class_kmh
        Class of trains on new lines, and on upgraded tracks; through-services are fast where their tracks
        allow at least `fast_class_kmh` on the whole.
    new_headway_s, service_headway_s
        Time between trains on new lines, and of new services on existing tracks.
    link_count, service_count, frequency_count
        At most so many new lines, through-services and services with more trains: those that serve most
        weight of open pairs.
    service_end_tiers, service_calls
        Tiers of the cities where a through-service may start and end; most calls on the way.
    hours_a_day
        Hours of service a day, which trains a day are reckoned from.
    service_gain_s
        A through-service saves at least so much between its ends.
    service_least_km
        Shorter through-services are no candidates.
    frequency_least_s, frequency_headway_s
        Services that run less often than this may run every `frequency_headway_s`.
    turn_s
        Time that a train stands at an end before it goes back.
    station_km
        A city uses a station within this distance of its centre, else it gets a new one.
    """

    route_factor: float = 1.1
    shortest_km: float = 20.0
    longest_km: float = 250.0
    fast_least_km: float = 120.0
    usual_kmh: float = 250.0
    usual_standard: str = "rail-250"
    fast_kmh: float = 350.0
    fast_standard: str = "hsr-350"
    upgrade_kmh: float = 160.0
    upgrade_standard: str = "rail-160"
    track_detour: float = 1.5
    onward_s: int = 5400
    time_ratio: float = 0.75
    tracks_do: float = 1.3
    fast_class: str = "hsr250"
    slow_class: str = "conv160"
    fast_class_kmh: float = 180.0
    new_headway_s: int = 3600
    service_headway_s: int = 7200
    service_end_tiers: tuple[str, ...] = ("core", "secondary")
    service_calls: int = 3
    hours_a_day: float = 16.0
    link_count: int = 24
    service_count: int = 24
    frequency_count: int = 12
    service_gain_s: int = 900
    service_least_km: float = 40.0
    frequency_least_s: int = 3600
    frequency_headway_s: int = 2400
    turn_s: int = 1800
    station_km: float = 15.0


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of the candidate generator.

    Attributes
    ----------
    neighbours
        Which cities are neighbours.
    road, rail
        Rules by mode.
    kinds
        Which kinds are proposed.
    prune_dominated
        Whether candidates that another one of the same ends serves better for less are dropped.
    """

    neighbours: NeighbourRules = field(default_factory=NeighbourRules)
    road: RoadRules = field(default_factory=RoadRules)
    rail: RailRules = field(default_factory=RailRules)
    kinds: tuple[str, ...] = (
        "road_upgrade", "road_link", "gap", "rail_link", "rail_upgrade", "rail_service", "rail_frequency",
    )  # fmt: skip
    prune_dominated: bool = True
