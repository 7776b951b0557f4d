"""Trace what each level of spending buys: exact frontiers of cost and coverage, with a proven band."""

from optimiser.frontier.point import Point
from optimiser.frontier.tracer import Limits, Memory, Tracer, trace, tracing

__all__ = ["Limits", "Memory", "Point", "Tracer", "trace", "tracing"]
