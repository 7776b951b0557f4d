"""State the question and the claimed answer in ids and integers: design problems, results and their files."""

from optimiser.problem.model import Arc, Candidate, Capacity, City, DesignProblem, Pair, Period, Target
from optimiser.problem.problem_file import FORMAT, dumps, load, parse, save
from optimiser.problem.ring import Ring, RingLink, RingStop

__all__ = [
    "FORMAT", "Arc", "Candidate", "Capacity", "City", "DesignProblem", "Pair", "Period", "Ring", "RingLink",
    "RingStop", "Target", "dumps", "load", "parse", "save",
]  # fmt: skip
