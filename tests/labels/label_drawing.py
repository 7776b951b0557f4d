"""Find paths by trying every simple one."""

from __future__ import annotations


def enabling_sets(problem, pair):
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
