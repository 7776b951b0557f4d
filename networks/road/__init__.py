"""Build the road network: topology, directions, speeds and ferries."""

from networks.road.attributes import RoadReport, report_of
from networks.road.builder import build
from networks.road.speeds import SpeedCounts

__all__ = ["RoadReport", "SpeedCounts", "build", "report_of"]
