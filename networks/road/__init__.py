"""Build the road network: topology, directions, speeds and ferries."""

from __future__ import annotations

from networks.road.builder import build
from networks.road.report import RoadReport, SpeedCounts, report_of

__all__ = ["RoadReport", "SpeedCounts", "build", "report_of"]
