"""Count what became of the rail elements of a source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


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
