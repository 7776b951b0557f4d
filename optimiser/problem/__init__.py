"""Hold what may be built, for whom, and for how much money: ids and integers alone."""

from __future__ import annotations

from optimiser.problem.model import FORMAT, Arc, Candidate, City, DesignProblem, Pair, Target
from optimiser.problem.reading import load, parse
from optimiser.problem.ring import Period, Ring, RingLink, RingStop
from optimiser.problem.writing import dumps, save

__all__ = [
    "FORMAT",
    "Arc",
    "Candidate",
    "City",
    "DesignProblem",
    "Pair",
    "Period",
    "Ring",
    "RingLink",
    "RingStop",
    "Target",
    "dumps",
    "load",
    "parse",
    "save",
]
