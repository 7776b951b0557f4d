"""Build the road network: topology, one-way rules, speeds, ferries."""

from __future__ import annotations

from networks.road.build import build
from networks.road.report import RoadReport, SpeedCounts

__all__ = ["RoadReport", "SpeedCounts", "build"]
