"""Report what was read, cut, dropped and imputed on the way from a source to a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from networks.osm.elements import Elements, ReadCounts, Source
from networks.road.report import RoadReport

FORMAT = "polyring-import-report/1"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Counts from all steps between a source and a network.

    Attributes
    ----------
    source
        Name and SHA-256 of the file or download.
    read
        Counts of ways and nodes that were read, cut at the border and dropped.
    roads
        Counts of the roads; None if no road network was built.
    rail
        Counts of the railways as plain values; empty if no rail network was built.
    timetable
        What was taken from a GTFS feed as plain values; empty if there is none.
    simplified
        Numbers of nodes and links before and after contraction, as plain values.
    snapped
        Number and distances of snapped places, as plain values.
    screening
        Whether classes and services are inferred, since the source has none.
    notes
        Remarks for the reader, one sentence each.
    """

    source: Source
    read: ReadCounts
    roads: RoadReport | None = None
    rail: Mapping[str, Any] = field(default_factory=dict)
    timetable: Mapping[str, Any] = field(default_factory=dict)
    simplified: Mapping[str, Any] = field(default_factory=dict)
    snapped: Mapping[str, Any] = field(default_factory=dict)
    screening: bool = False
    notes: tuple[str, ...] = ()

    @staticmethod
    def of(elements: Elements) -> ImportReport:
        """Return a report with the source and the counts of elements that were read."""
        return ImportReport(source=elements.source, read=elements.counts)

    def replace(self, **parts: Any) -> ImportReport:  # noqa: ANN401 - one of several kinds, named by the keyword
        """Return the report with some attributes replaced."""
        return replace(self, **parts)

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain values for JSON."""
        return {"format": FORMAT, **asdict(self), "notes": list(self.notes)}
