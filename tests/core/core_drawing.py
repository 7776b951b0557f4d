"""Draw small problems by hand and by chance, and solve them by trying every plan."""

from __future__ import annotations

import itertools

from hypothesis import strategies as st

from optimiser.problem import Candidate, DesignProblem, Pair


def both_ways(*links):
    return tuple(
        arc for tail, head, seconds in links for arc in ((tail, head, seconds), (head, tail, seconds))
    )


def line(**changes):
    """a - b - c - d, 100 s a link; shortcuts ac (cost 3) and bd (cost 4) of 50 s, ad (cost 9) of 60 s."""
    problem = DesignProblem(
        name="line",
        nodes=("a", "b", "c", "d"),
        arcs=both_ways((0, 1, 100), (1, 2, 100), (2, 3, 100)),
        candidates=(
            Candidate("ac", 3, both_ways((0, 2, 50)), "road"),
            Candidate("bd", 4, both_ways((1, 3, 50)), "road"),
            Candidate("ad", 9, both_ways((0, 3, 60)), "rail"),
        ),
        pairs=(
            Pair(0, 2, 120, 5, "small"),
            Pair(1, 3, 120, 4, "small"),
            Pair(0, 3, 160, 7, "core"),
            Pair(0, 1, 100, 2, "core"),
            Pair(3, 0, 10, 1, "core"),
        ),
        budget=7,
    )
    return problem.replace(**changes)


def covered_by(problem, built):
    """Say which pairs are covered, by relaxing every arc n times (Bellman and Ford)."""
    arcs = [*problem.arcs, *(arc for c in problem.candidates if c.id in built for arc in c.arcs)]
    found = []
    for pair in problem.pairs:
        times = {pair.origin: 0}
        for _ in problem.nodes:
            for tail, head, seconds in arcs:
                if tail in times:
                    times[head] = min(times.get(head, 10**18), times[tail] + seconds)
        found.append(times.get(pair.destination, 10**18) <= pair.limit)
    return found


def brute_force(problem):
    """Return the optimal objective of a small problem, None when no plan exists."""
    allowed = {c.id for c in problem.candidates if c.fixed != "out"}
    must = {c.id for c in problem.candidates if c.fixed == "in"}
    coverable = covered_by(problem, allowed)
    best = None
    for size in range(len(allowed) + 1):
        for chosen in itertools.combinations(sorted(allowed), size):
            built = set(chosen)
            cost = sum(c.cost for c in problem.candidates if c.id in built)
            if not must <= built or (problem.budget is not None and cost > problem.budget):
                continue
            covered = covered_by(problem, built)
            if problem.budget is None:
                if covered == coverable and (best is None or cost < best):
                    best = cost
            else:
                weight = sum(pair.weight for pair, yes in zip(problem.pairs, covered, strict=True) if yes)
                best = weight if best is None else max(best, weight)
    return best


@st.composite
def problems(draw, *, most_candidates=6):
    """Draw a problem of up to six nodes, with parallels, one-way candidates, zero weights and fixings."""
    n = draw(st.integers(2, 6))
    node = st.integers(0, n - 1)
    arc = st.tuples(node, node, st.integers(1, 9))
    candidates = []
    for j in range(draw(st.integers(0, most_candidates))):
        arcs = tuple(draw(st.lists(arc, min_size=0 if j % 3 == 2 else 1, max_size=3)))
        fixed = draw(st.sampled_from([None, None, None, None, "in", "out"]))
        candidates.append(Candidate(f"c{j}", draw(st.integers(0, 6)), arcs, "road", None, fixed))
    pair = st.builds(Pair, node, node, st.integers(0, 20), st.integers(0, 9), st.sampled_from(["", "small"]))
    return DesignProblem(
        name="drawn",
        nodes=tuple(f"n{i}" for i in range(n)),
        arcs=tuple(draw(st.lists(arc, max_size=6))),
        candidates=tuple(candidates),
        pairs=tuple(draw(st.lists(pair, max_size=6))),
        budget=draw(st.none() | st.integers(0, 15)),
    )
