"""Draw problems whose relaxation is fractional, for lift-and-project cuts."""

from __future__ import annotations

import functools

from core_drawing import both_ways, brute_force, dense_problem

from optimiser.engine.methods.cuts.relaxation import CutFinder
from optimiser.engine.presolve import reduce
from optimiser.problem import Candidate, DesignProblem, Pair, Target

FRACTIONAL = (
    *(1, 5, 12, 14, 17, 34, 40, 51, 52, 63, 64, 71, 73, 93, 95, 114, 116, 120, 121, 128, 147, 152),
    *(154, 157, 172, 203, 210, 220, 230, 243, 248, 262, 264, 293, 296, 298),
)
"""Dense problems that are half built after the relaxation; most others are settled by it."""

SETTLED = (0, 2, 3, 4, 6, 7, 8, 9, 10, 11, 13, 15, 16, 24)


@functools.cache
def drawn():
    """Return reduced problems of which something is left, and what trying every plan finds."""
    small = [reduce(dense_problem(seed)).problem for seed in (*FRACTIONAL, *SETTLED)]
    return [(problem, brute_force(problem)) for problem in small if problem.candidates and problem.pairs]


def time_cuts_only(monkeypatch):
    """Seek no partition inequalities, beside which no lift-and-project cuts are sought."""
    begin = CutFinder.__init__
    monkeypatch.setattr(CutFinder, "__init__", lambda self, t, **_: begin(self, t, families=()))


def no_bound_is_wrong(problem, best, sent):
    bounds = [message["bound"] for message in sent if message["kind"] == "bound"]
    sign = -1.0 if problem.budget is None else 1.0
    return all(sign * bound >= sign * best - 1e-6 for bound in bounds)


class Idle:
    """Stands for the heuristics: finds nothing, so that the tree has to."""

    def improve(self, *, attempts, **_):
        return attempts

    def improve_for(self, _incumbent, attempts, _guide=None):
        return attempts

    def start_from(self, start):
        pass


def corridors(least):
    """Two corridors of two links, a pair along each, money for one and a half, and what must be reached."""
    links = [(0, 1, 1), (1, 2, 1), (3, 4, 1), (4, 5, 1)]
    return DesignProblem(
        name="corridors",
        nodes=tuple("abcdef"),
        arcs=(),
        candidates=tuple(Candidate(f"c{j}", 1, both_ways(link)) for j, link in enumerate(links)),
        pairs=(Pair(0, 2, 2, 10, "far"), Pair(3, 5, 2, 11, "far")),
        budget=3,
        targets=(Target("far", least),),
    )
