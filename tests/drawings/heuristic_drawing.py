"""Draw problems that leave something to decide, and rows of changes, for the heuristics."""

from __future__ import annotations

from core_drawing import line, problems, side_problems
from hypothesis import strategies as st

from optimiser.engine.presolve import reduce
from optimiser.engine.search.paths import covered
from optimiser.engine.search.tables import tables
from optimiser.problem import Pair


@st.composite
def tables_drawn(draw, *, side=False):
    """Draw the arrays of a problem that leaves something to decide, the line where the drawn one does not."""
    problem = draw(problems() if not side else side_problems())
    reduced = reduce(problem)
    if reduced.feasible and reduced.problem.candidates and reduced.problem.pairs:
        return tables(reduced.problem)
    return tables(open_line(budget=problem.budget))


def open_line(**changes):
    """Draw the line with those of its pairs alone that are open."""
    problem = line(**changes)
    now, every = covered(problem, ()), covered(problem, range(len(problem.candidates)))
    pairs = [pair for k, pair in enumerate(problem.pairs) if every[k] and not now[k]]
    return problem.replace(pairs=tuple(sorted(pairs, key=lambda p: (p.origin, p.destination))))


def small_problem():
    """Draw the line with one pair that only two candidates together bring within its limit."""
    return line(arcs=((2, 1, 5),), candidates=line().candidates[:2], pairs=(Pair(0, 3, 110, 7),), budget=20)


changes = st.lists(st.integers(0, 99), max_size=20)
"""Candidates that change sides one after the other (modulo their number)."""
