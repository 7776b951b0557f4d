"""Build rail networks: tracks, the stations on them, and the services that run."""

from __future__ import annotations

from networks.rail.builder import RailBuild, RailReport, build
from networks.rail.parameters import RailClass, RailParameters, Running
from networks.rail.services import Line, read_lines

__all__ = ["Line", "RailBuild", "RailClass", "RailParameters", "RailReport", "Running", "build", "read_lines"]
