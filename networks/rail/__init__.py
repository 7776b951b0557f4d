"""Build rail networks: tracks, the stations on them, and the services that run."""

from networks.rail.builder import Line, RailBuild, RailReport, build, read_lines
from networks.rail.parameters import RailClass, RailParameters, Running

__all__ = ["Line", "RailBuild", "RailClass", "RailParameters", "RailReport", "Running", "build", "read_lines"]
