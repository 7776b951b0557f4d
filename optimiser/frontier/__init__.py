"""Trace exact frontiers of cost and coverage, with proven bounds between their points."""

from optimiser.frontier.point import Point
from optimiser.frontier.tracer import Limits, Memory, Tracer, trace, tracing

__all__ = ["Limits", "Memory", "Point", "Tracer", "trace", "tracing"]
