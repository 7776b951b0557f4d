"""Draw problems that are open as they stand, and find paths by trying every simple one."""

from __future__ import annotations

from core_drawing import covered_by, line
from hypothesis import strategies as st

from optimiser.problem import Candidate, DesignProblem, Pair


@st.composite
def open_problems(draw):
    """Draw a problem whose pairs are all coverable and not covered yet, with lines of several arcs."""
    n = draw(st.integers(3, 6))
    node = st.integers(0, n - 1)
    arc = st.tuples(node, node, st.integers(1, 9)).filter(lambda a: a[0] != a[1])
    arcs = st.lists(arc, min_size=1, max_size=4).map(tuple)
    drawn = draw(st.lists(st.tuples(st.integers(1, 6), arcs), min_size=2, max_size=6))
    problem = DesignProblem(
        name="drawn",
        nodes=tuple(f"n{i}" for i in range(n)),
        arcs=tuple(draw(st.lists(arc, max_size=3))),
        candidates=tuple(Candidate(f"c{j}", cost, own) for j, (cost, own) in enumerate(drawn)),
        pairs=tuple(
            Pair(o, d, draw(st.integers(5, 25)), draw(st.integers(1, 9)))
            for o, d in draw(st.permutations([(o, d) for o in range(n) for d in range(n) if o != d]))[:10]
        ),
        budget=draw(st.none() | st.integers(1, 15)),
    )
    now, every = covered_by(problem, set()), covered_by(problem, set(problem.index))
    kept = tuple(p for p, a, b in zip(problem.pairs, now, every, strict=True) if b and not a)
    open_ = problem.replace(pairs=kept[:6]).canonical()
    return open_ if kept else line(pairs=line().pairs[:3]).canonical()


def enabling_paths(problem, pair):
    """Return time and candidates of every simple path of a pair within its limit."""
    count = len(problem.candidates)
    arcs = [(*arc, count) for arc in problem.arcs]
    arcs += [(*arc, j) for j, candidate in enumerate(problem.candidates) for arc in candidate.arcs]
    found = []

    def walk(node, time, seen, used):
        if node == pair.destination:
            found.append((time, frozenset(used - {count})))
            return
        for tail, head, seconds, owner in arcs:
            if tail == node and head not in seen and time + seconds <= pair.limit:
                walk(head, time + seconds, seen | {head}, used | {owner})

    walk(pair.origin, 0, {pair.origin}, set())
    return found


def price(used, alpha):
    return sum(alpha[j] for j in used)
