"""Draw problems whose network of today leaves places apart, and list the links that a pair can use."""

from __future__ import annotations

import itertools

from cut_drawing import NEVER, mesh, seconds_between
from hypothesis import assume
from hypothesis import strategies as st

from optimiser.problem import Pair


def triangle(**changes):
    """Three places without a link today, a candidate for each two, and pairs that may go round."""
    links = [[(0, 1, 1)], [(1, 2, 1)], [(0, 2, 1)]]
    pairs = [Pair(0, 1, 2, 1), Pair(0, 2, 2, 1), Pair(1, 2, 2, 1)]
    return mesh(3, [], links, pairs, **changes)


@st.composite
def apart_today(draw, *, budget=None, slow=2, most=7):
    """Draw a mesh with no links today but a few slow ones, and many pairs, sorted; all can be covered."""
    n = draw(st.integers(3, 6))
    two = st.lists(st.integers(0, n - 1), min_size=2, max_size=2, unique=True)

    def links(fastest, slowest, least, most):
        one = st.tuples(two, st.integers(fastest, slowest)).map(lambda drawn: (*drawn[0], drawn[1]))
        return st.lists(one, min_size=least, max_size=most)

    own = draw(st.lists(links(1, 3, 1, 2), min_size=3, max_size=most))
    costs = draw(st.lists(st.integers(1, 6), min_size=len(own), max_size=len(own)))
    problem = mesh(n, draw(links(6, 12, 0, slow)), own, [], costs=costs)
    everything = {c.id for c in problem.candidates}
    chances = []
    for origin, destination in itertools.combinations(range(n), 2):
        least = seconds_between(problem, origin, everything).get(destination, NEVER)
        late = seconds_between(problem, origin, set()).get(destination, NEVER)
        if least < late:
            chances.append((origin, destination, least, min(late - 1, least + 9)))
    assume(len(chances) > 1)
    chosen = sorted(draw(st.lists(st.sampled_from(chances), min_size=2, max_size=8, unique=True)))
    pairs = [
        Pair(o, d, draw(st.integers(least, most)), draw(st.integers(1, 9))) for o, d, least, most in chosen
    ]
    money = draw(st.integers(0, sum(costs))) if budget == "some" else None
    return problem.replace(pairs=tuple(pairs), budget=money)


def links_used_by(problem, pair):
    """Return (tail, head, candidate or None) of each arc on a simple path of a pair within its limit."""
    arcs = [(*arc, None) for arc in problem.arcs]
    arcs += [(*arc, j) for j, candidate in enumerate(problem.candidates) for arc in candidate.arcs]
    found = set()

    def walk(at, time, seen, used):
        if at == pair.destination:
            found.update(used)
            return
        for tail, head, seconds, owner in arcs:
            if tail == at and head not in seen and time + seconds <= pair.limit:
                walk(head, time + seconds, seen | {head}, used | {(tail, head, owner)})

    walk(pair.origin, 0, {pair.origin}, frozenset())
    return found
