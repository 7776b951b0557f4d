"""Publish what was read, cut, dropped and imputed, so that every figure of a network can be traced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from networks.osm.elements import Elements, ReadCounts, Source
from networks.road.report import RoadReport

FORMAT = "polyring-import-report/1"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a source on its way to a network.

    Attributes
    ----------
    source
        Name and SHA-256 of the file or download.
    read
        Ways and nodes read, cut at the border, dropped.
    roads
        Counts of the roads; None where none were built.
    rail
        Counts of the railways as a mapping ready for JSON; empty where none were built.
    simplified
        Counts of the contraction, ready for JSON: nodes and links before and after.
    snapped
        Places tied to the network, ready for JSON: how many, how far.
    notes
        Anything that a reader should know, one sentence each.
    """

    source: Source
    read: ReadCounts
    roads: RoadReport | None = None
    rail: Mapping[str, Any] = field(default_factory=dict)
    simplified: Mapping[str, Any] = field(default_factory=dict)
    snapped: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @staticmethod
    def of(elements: Elements) -> ImportReport:
        """Return a report of the reading alone, to be added to.

        Parameters
        ----------
        elements
            What was read.

        Returns
        -------
        ImportReport
            With source and counts.
        """
        return ImportReport(source=elements.source, read=elements.counts)

    def replace(self, **parts: Any) -> ImportReport:  # noqa: ANN401 - one of several kinds, named by the keyword
        """Return the report with parts exchanged, by name of the attribute."""
        return replace(self, **parts)

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain dictionaries, lists, texts and numbers."""
        return {"format": FORMAT, **asdict(self), "notes": list(self.notes)}
