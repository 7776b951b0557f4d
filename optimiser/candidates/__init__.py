"""Propose what could be built: links, services, gaps to close, and the user's own candidates."""

from optimiser.candidates.anchors import anchors
from optimiser.candidates.generation import generate
from optimiser.candidates.own import read_own
from optimiser.candidates.rules import RailRules, RoadRules, Rules
from optimiser.candidates.situation import Situation
from optimiser.candidates.table import Candidates, fix, merge

__all__ = [
    "Candidates",
    "RailRules",
    "RoadRules",
    "Rules",
    "Situation",
    "anchors",
    "fix",
    "generate",
    "merge",
    "read_own",
]
