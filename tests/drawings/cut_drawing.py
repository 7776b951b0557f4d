"""Draw meshes in which candidates have several links, and list every path of a pair by trying them all."""

from __future__ import annotations

import itertools

import numpy as np
from core_drawing import both_ways, covered_by
from hypothesis import assume
from hypothesis import strategies as st
from scipy.optimize import linprog

from optimiser.engine.models.decisions import divisor
from optimiser.problem import Candidate, DesignProblem, Pair

NEVER = 10**9


def mesh(nodes, today, links, pairs, *, costs=None, budget=None, **more):
    """Return a problem with two-way links today and candidates c0, c1, ... of two-way links each."""
    costs = costs or [1] * len(links)
    candidates = (
        Candidate(f"c{j}", cost, both_ways(*own))
        for j, (own, cost) in enumerate(zip(links, costs, strict=True))
    )
    return DesignProblem(
        name="mesh",
        nodes=tuple(f"n{i}" for i in range(nodes)),
        arcs=both_ways(*today),
        candidates=tuple(candidates),
        pairs=tuple(pairs),
        budget=budget,
        **more,
    )


def two_of_three(**changes):
    """Three slow links of 100 s in a row, each with a shortcut of 50 s; 200 s need two of the shortcuts."""
    links = [[(i, i + 1, 50)] for i in range(3)]
    today = [(i, i + 1, 100) for i in range(3)]
    return mesh(4, today, links, [Pair(0, 3, 200, 1)], **changes)


def clique_covers(cliques, size):
    """Return vertex cover on some complete graphs: an edge is a pair, which needs one of two candidates.

    Candidate u opens the arc from node 2u to 2u + 1; the relaxation builds one half of each.
    """
    arcs, pairs, nodes = [], [], 2 * cliques * size
    for ends in itertools.combinations(range(cliques * size), 2):
        if ends[0] // size != ends[1] // size:
            continue
        arcs += [(nodes, 2 * u, 1) for u in ends] + [(2 * u + 1, nodes + 1, 1) for u in ends]
        pairs.append(Pair(nodes, nodes + 1, 3, 1))
        nodes += 2
    return DesignProblem(
        name="clique covers",
        nodes=tuple(f"n{i:03d}" for i in range(nodes)),
        arcs=tuple(arcs),
        candidates=tuple(
            Candidate(f"c{u}", 20 + 3 * u % 5, ((2 * u, 2 * u + 1, 1),)) for u in range(cliques * size)
        ),
        pairs=tuple(pairs),
        budget=None,
    )


def seconds_between(problem, origin, built):
    arcs = [*problem.arcs, *(arc for c in problem.candidates if c.id in built for arc in c.arcs)]
    times = {origin: 0}
    for _ in problem.nodes:
        for tail, head, seconds in arcs:
            if tail in times:
                times[head] = min(times.get(head, NEVER), times[tail] + seconds)
    return times


@st.composite
def meshes(draw, *, most_candidates=6, budget=None):
    """Draw a mesh whose pairs are late today and within their limits with everything built, sorted."""
    n = draw(st.integers(3, 6))
    node = st.integers(0, n - 1)

    def links(fastest, slowest, least, most):
        one = st.tuples(node, node, st.integers(fastest, slowest))
        return st.lists(one, min_size=least, max_size=most)

    own = draw(st.lists(links(1, 5, 1, 3), min_size=2, max_size=most_candidates))
    costs = draw(st.lists(st.integers(1, 6), min_size=len(own), max_size=len(own)))
    problem = mesh(n, draw(links(2, 9, 0, 4)), own, [], costs=costs)
    everything = {c.id for c in problem.candidates}
    chances = []
    for origin, destination in itertools.permutations(range(n), 2):
        least = seconds_between(problem, origin, everything).get(destination, NEVER)
        late = seconds_between(problem, origin, set()).get(destination, NEVER)
        if least < late:
            chances.append((origin, destination, least, min(late - 1, least + 8)))
    assume(chances)
    chosen = draw(st.lists(st.sampled_from(chances), min_size=1, max_size=3, unique=True))
    pairs = [
        Pair(o, d, draw(st.integers(least, most)), draw(st.integers(1, 9))) for o, d, least, most in chosen
    ]
    pairs.sort(key=lambda pair: (pair.origin, pair.destination))
    total = sum(costs)
    money = draw(st.integers(0, total)) if budget == "some" else None
    return problem.replace(pairs=tuple(pairs), budget=money)


def paths_of(problem, pair):
    """Return what each simple path of a pair within its limit is made of: sets of positions."""
    out = [[] for _ in problem.nodes]
    for tail, head, seconds in problem.arcs:
        out[tail].append((head, seconds, None))
    for j, candidate in enumerate(problem.candidates):
        for tail, head, seconds in candidate.arcs:
            out[tail].append((head, seconds, j))
    found = set()

    def walk(at, time, seen, used):
        if at == pair.destination:
            found.add(used)
            return
        for head, seconds, owner in out[at]:
            if head not in seen and time + seconds <= pair.limit:
                walk(head, time + seconds, seen | {head}, used if owner is None else used | {owner})

    walk(pair.origin, 0, {pair.origin}, frozenset())
    return found


def largest_packing(paths, room):
    """Return the value of the linear program `max sum f_p, sum of f_p over paths with j <= room_j`."""
    paths = sorted(paths, key=sorted)
    rows = [[1.0 if j in path else 0.0 for path in paths] for j in range(len(room))]
    return -linprog([-1.0] * len(paths), A_ub=rows, b_ub=room, method="highs").fun


def relaxed_optimum(problem):
    """Return the value of the linear program over all paths: what is built, covered and flows.

    As in the model, the budget is rounded down to what sums of costs can reach.
    """
    size, pairs = len(problem.candidates), len(problem.pairs)
    paths = [(k, path) for k, pair in enumerate(problem.pairs) for path in paths_of(problem, pair)]
    width = size + pairs + len(paths)
    rows, sides = [], []
    for k in range(pairs):
        row = np.zeros(width)
        row[size + k] = 1.0
        row[[size + pairs + p for p, (owner, _) in enumerate(paths) if owner == k]] = -1.0
        rows.append(row)
        sides.append(0.0)
        for j in range(size):
            row = np.zeros(width)
            row[j] = -1.0
            row[[size + pairs + p for p, (owner, path) in enumerate(paths) if owner == k and j in path]] = 1.0
            rows.append(row)
            sides.append(0.0)
    cost = np.zeros(width)
    cost[:size] = [c.cost for c in problem.candidates]
    gain = np.zeros(width)
    gain[size : size + pairs] = [-pair.weight for pair in problem.pairs]
    least = 0.0
    if problem.budget is None:
        gain, least = cost, 1.0
    else:
        rows.append(cost)
        scale = divisor(c.cost for c in problem.candidates)
        sides.append(float(problem.budget // scale * scale))
    bounds = [(0, 1)] * size + [(least, 1)] * pairs + [(0, None)] * len(paths)
    answer = linprog(gain, A_ub=np.array(rows), b_ub=sides, bounds=bounds, method="highs")
    return answer.fun if problem.budget is None else -answer.fun


def plans(problem):
    """Return every plan as a row of zeros and ones, and which pairs each covers."""
    names = [c.id for c in problem.candidates]
    rows = list(itertools.product((0.0, 1.0), repeat=len(names)))
    covers = [
        covered_by(problem, {name for name, yes in zip(names, row, strict=True) if yes}) for row in rows
    ]
    return np.array(rows).reshape(len(rows), len(names)), np.array(covers)
