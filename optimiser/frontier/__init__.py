"""Trace what each level of spending buys: exact frontiers of cost and coverage, with a proven band."""

from optimiser.frontier.point import Point
from optimiser.frontier.state import Limits, Memory
from optimiser.frontier.trace import trace, tracing
from optimiser.frontier.tracer import Tracer

__all__ = ["Limits", "Memory", "Point", "Tracer", "trace", "tracing"]
