"""Propose what could be built: links, services, gaps to close, and the user's own candidates."""

from optimiser.proposals.candidates.anchors import anchors
from optimiser.proposals.candidates.generation import generate
from optimiser.proposals.candidates.own import read_own
from optimiser.proposals.candidates.rules import RailRules, RoadRules, Rules
from optimiser.proposals.candidates.situation import Situation
from optimiser.proposals.candidates.table import Candidates, fix, merge

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
