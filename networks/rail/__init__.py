"""Build rail networks: tracks, the stations on them, and the services that run."""

from networks.rail.builder import RailBuild, RailReport, build
from networks.rail.parameters import RailClass, RailParameters, Running

__all__ = ["RailBuild", "RailClass", "RailParameters", "RailReport", "Running", "build"]
