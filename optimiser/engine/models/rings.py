"""Add the rows of rings, one function per family.

Sets, for each ring: nodes v, two-way links a between them, centres s, and stops e with nodes V_e, of which
the circuit passes at least L, all of a set E* that it must pass, and at least L_g of the stops E_g of a
group. d_a is the length of a link, and D the most that the circuit may be long. A link is left out if it runs
through a centre, if its candidate may not be built, or if every circuit through it costs more than the budget
or is longer than D (`search.circuits`). kappa_as counts the crossings of link a, passed from tail to head,
with the ray from centre s to the east: +1 northwards, -1 southwards. The ray is shifted to the north by an
infinitesimal distance, so that it avoids all nodes and corners; crossings are computed in integers
(`problem.ring_geometry`).

Variables: r in {0, 1} (the ring is formed; 1 where it is required), f_a+ and f_a- in {0, 1} (the circuit
passes a from tail to head, or from head to tail), q_s in {0, 1} (it winds clockwise round s), n_e in [0, 1]
(it passes stop e). The circuit winds counterclockwise round the first centre; reversing a circuit changes its
direction, so this excludes no ring.

A point that satisfies all rows is a set of node-disjoint circuits whose winding numbers round each centre add
up to +1 or -1. If there are several circuits, either one of them forms the ring alone and the others are
dropped, or none does, and rows that exclude the point are added (`leave_rows`, `mend_row`). Dropping circuits
makes a ring no longer. Each ring has variables of its own: rings may use the same link, and pay for its
candidate, x_j, once.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optimiser.engine.models.decisions import affine, divisor, pulp
from optimiser.engine.search.circuits import Circuit
from optimiser.problem import Ring, ring_geometry
from optimiser.problem.ring import Point
from optimiser.verify.rings import circuit_fault, circuit_nodes

type Terms = list[tuple[pulp.LpVariable, float]]

type Passes = Mapping[int, pulp.LpVariable]
"""n_e by position of the stop, for each stop that counts."""

type ProvedRow = tuple[dict[str, Any], pulp.LpAffineExpression]
"""What tells a checker why a row holds (`verify.bound_checker`), and the row."""

LARGEST_LENGTH = 2**40
"""Largest total length of the links in the row of the longest length: beyond it, the numbers are rounded so
that a solver still holds them exactly."""


@dataclass(frozen=True, slots=True)
class RingDecisions:
    """The variables of a ring, and the coefficients of its rows.

    Attributes
    ----------
    ring
        The ring.
    tag
        Suffix of the names of its variables and rows.
    formed
        r.
    forward, backward
        f_a+ and f_a- by position of the link; links that cannot be used are missing.
    turns
        kappa_as by position of the link, for each centre.
    """

    ring: Ring
    tag: str
    formed: pulp.LpVariable
    forward: dict[int, pulp.LpVariable]
    backward: dict[int, pulp.LpVariable]
    turns: dict[int, tuple[int, ...]]

    def inflow(self, v: int) -> Terms:
        """Return the terms whose sum is the number of visits to node v."""
        return [(f, 1.0) for _, f, _, head in self.arcs() if head == v]

    def arcs(self) -> Iterator[tuple[int, pulp.LpVariable, int, int]]:
        """Yield each usable link in both directions: its position, f, and where it begins and ends."""
        for a in self.forward:
            link = self.ring.links[a]
            yield a, self.forward[a], link.tail, link.head
            yield a, self.backward[a], link.head, link.tail

    def use(self, a: int) -> Terms:
        """Return the terms whose sum is 1 if the circuit uses link a, else 0."""
        return [(self.forward[a], 1.0), (self.backward[a], 1.0)]


def declare_ring(lp: pulp.LpProblem, ring: Ring, number: int, usable: Collection[int]) -> RingDecisions:
    """Add the variables r and f of a ring to a model.

    Parameters
    ----------
    lp
        The model.
    ring
        The ring.
    number
        Number of the ring in the names of variables and rows, from 1.
    usable
        Positions of the links that a circuit may use (`search.circuits.usable_links`).
    """
    tag, crossings = f"{number:03d}", {a: ring_geometry.link_crossings(ring, a) for a in sorted(usable)}
    turns = {a: counts for a, counts in crossings.items() if counts is not None}
    formed = lp.add_variable(f"r{tag}", int(ring.required), 1, "Integer")
    forward = {a: lp.add_variable(f"fa{tag}_{a + 1:06d}", 0, 1, "Integer") for a in turns}
    backward = {a: lp.add_variable(f"fb{tag}_{a + 1:06d}", 0, 1, "Integer") for a in turns}
    return RingDecisions(ring, tag, formed, forward, backward, turns)


def add_ring_rows(lp: pulp.LpProblem, decisions: RingDecisions, x: dict[str, pulp.LpVariable]) -> None:
    """Add all rows of a ring except those that are separated (`detached_rows`).

    Parameters
    ----------
    lp
        The model.
    decisions
        The variables of the ring.
    x
        x_j by id of the candidate: it is built, and open in the last period.
    """
    add_circulation(lp, decisions)
    add_visits(lp, decisions)
    add_link_use(lp, decisions, x)
    add_rounds(lp, decisions)
    passes = add_stops(lp, decisions)
    add_least_stops(lp, decisions, passes)
    add_must_stops(lp, decisions, passes)
    add_longest(lp, decisions)


def add_circulation(lp: pulp.LpProblem, decisions: RingDecisions) -> None:
    """Add `circuit_v: sum_{a into v} f - sum_{a out of v} f = 0` for each node v, over both directions."""
    terms: dict[int, Terms] = defaultdict(list)
    for _, f, tail, head in decisions.arcs():
        if tail != head:
            terms[tail].append((f, -1.0))
            terms[head].append((f, 1.0))
    for v in sorted(terms):
        _add(lp, terms[v], "==", 0, f"circuit{decisions.tag}_{v + 1:06d}")


def add_visits(lp: pulp.LpProblem, decisions: RingDecisions) -> None:
    """Add `visit_v: sum_{a into v} f <= r` for each node v: at most one visit, none without the ring."""
    for v in range(len(decisions.ring.nodes)):
        if terms := decisions.inflow(v):
            _add(lp, [*terms, (decisions.formed, -1.0)], "<=", 0, f"visit{decisions.tag}_{v + 1:06d}")


def add_link_use(lp: pulp.LpProblem, decisions: RingDecisions, x: dict[str, pulp.LpVariable]) -> None:
    """Add `use_a: f_a+ + f_a- <= o_j` of the last period for the candidate j of link a; else `<= r`."""
    for a in decisions.forward:
        name = decisions.ring.links[a].candidate
        upper = decisions.formed if name is None else x[name]
        _add(lp, [*decisions.use(a), (upper, -1.0)], "<=", 0, f"use{decisions.tag}_{a + 1:06d}")


def add_rounds(lp: pulp.LpProblem, decisions: RingDecisions) -> None:
    """Add `round_s: sum_a kappa_as (f_a+ - f_a-) = r - 2 q_s` and `turn_s: q_s <= r`.

    q_s = 0 for the first centre. The sum is the winding number of the circuit round the centre: +1 or -1 if
    the ring is formed, 0 otherwise.
    """
    for s in range(len(decisions.ring.centres)):
        label = f"{decisions.tag}_{s + 1:03d}"
        terms: Terms = [(decisions.formed, -1.0)]
        for a, turns in decisions.turns.items():
            if turns[s]:
                terms += [(decisions.forward[a], float(turns[s])), (decisions.backward[a], -float(turns[s]))]
        if s:
            clockwise = lp.add_variable(f"q{label}", 0, 1, "Integer")
            terms.append((clockwise, 2.0))
            _add(lp, [(clockwise, 1.0), (decisions.formed, -1.0)], "<=", 0, f"turn{label}")
        _add(lp, terms, "==", 0, f"round{label}")


def add_stops(lp: pulp.LpProblem, decisions: RingDecisions) -> dict[int, pulp.LpVariable]:
    """Add `stop_e: n_e <= sum_{v in V_e} sum_{a into v} f` for each stop that counts, and return n.

    n may stay continuous: for integer f, n_e = 1 is feasible exactly if a node of the stop is visited.
    """
    ring, passes = decisions.ring, {}
    groups = {group for group, least in ring.least_by_group if least}
    for i, stop in enumerate(ring.stops):
        if ring.least_stops or stop.must or stop.group in groups:
            label = f"{decisions.tag}_{i + 1:06d}"
            passes[i] = lp.add_variable(f"n{label}", 0, 1)
            visits = [(f, -1.0) for v in sorted(set(stop.nodes)) for f, _ in decisions.inflow(v)]
            _add(lp, [(passes[i], 1.0), *visits], "<=", 0, f"stop{label}")
    return passes


def add_least_stops(lp: pulp.LpProblem, decisions: RingDecisions, passes: Passes) -> None:
    """Add `stops: sum_e n_e >= L r`, and `stops_g: sum_{e in E_g} n_e >= L_g r` for each group with L_g > 0.

    Where there are too few stops, one more than there are suffices.
    """
    ring, tag = decisions.ring, f"stops{decisions.tag}"
    rows = [(tag, ring.least_stops, [*passes.values()])]
    for number, (group, least) in enumerate(ring.least_by_group, start=1):
        mine = [n for i, n in passes.items() if ring.stops[i].group == group]
        rows.append((f"{tag}_{number:03d}", least, mine))
    for name, least, some in rows:
        if least:
            needed = (decisions.formed, -float(min(least, len(some) + 1)))
            _add(lp, [needed, *((n, 1.0) for n in some)], ">=", 0, name)


def add_must_stops(lp: pulp.LpProblem, decisions: RingDecisions, passes: Passes) -> None:
    """Add `must_e: n_e >= r` for each stop e in E*, which the ring must pass."""
    for i, n in passes.items():
        if decisions.ring.stops[i].must:
            _add(lp, [(n, 1.0), (decisions.formed, -1.0)], ">=", 0, f"must{decisions.tag}_{i + 1:06d}")


def add_longest(lp: pulp.LpProblem, decisions: RingDecisions) -> None:
    """Add `longest: sum_a [d_a / unit] (f_a+ + f_a-) <= [D / unit] r`, where [ ] rounds down.

    unit is the greatest common divisor of the lengths, or more where their sum would exceed 2^40 (then D may
    be exceeded by less than unit a link, which `mend_row` corrects). A sum of rounded lengths is at most the
    rounded sum, so that no ring is lost.
    """
    ring = decisions.ring
    if ring.longest is None:
        return
    lengths = {a: ring.links[a].length or 0 for a in decisions.forward}
    unit = max(divisor(lengths.values()), -(-sum(lengths.values()) // LARGEST_LENGTH))
    # No circuit is longer than all links together, and a smaller right side is easier on a solver.
    longest = min(ring.longest, sum(lengths.values()))
    terms: Terms = [(decisions.formed, -float(longest // unit))]
    for a, length in lengths.items():
        if length // unit:
            terms += [(f, float(length // unit)) for f, _ in decisions.use(a)]
    if len(terms) > 1:
        _add(lp, terms, "<=", 0, f"longest{decisions.tag}")


def add_apart(lp: pulp.LpProblem, rings: Sequence[RingDecisions]) -> None:
    """Add `apart: sum_{a into v} f + sum_{a into v'} f <= 1` for rings that must not share a node.

    There is a row for each node v of one ring and node v' of the other at the same position.
    """
    number, by_id = 0, {item.ring.id: item for item in rings}
    for first, second in sorted(
        {(*sorted((item.ring.id, other)),) for item in rings for other in item.ring.apart if other in by_id}
    ):
        nodes_at: dict[Point, list[int]] = defaultdict(list)
        for u, point in enumerate(by_id[second].ring.nodes):
            nodes_at[point].append(u)
        for v, point in enumerate(by_id[first].ring.nodes):
            for u in nodes_at[point]:
                number += 1
                terms = [*by_id[first].inflow(v), *by_id[second].inflow(u)]
                _add(lp, terms, "<=", 1, f"apart_{number:07d}")


def add_rewards_in_time(
    lp: pulp.LpProblem, decisions: RingDecisions, is_open: dict[str, pulp.LpVariable], period: int
) -> pulp.LpVariable:
    """Add `formed_t: r_t <= r` and `formed_t_a: r_t <= 1 - f_a+ - f_a- + o_jt`, and return r_t in [0, 1].

    r_t = 1 means that the ring is complete in period t. f_a+ + f_a- is 1 if the circuit uses link a, and o_jt
    is 1 if the candidate j of the link is open in period t.
    """
    label = f"{decisions.tag}_{period + 1:03d}"
    formed_in_period = lp.add_variable(f"rt{label}", 0, 1)
    _add(lp, [(formed_in_period, 1.0), (decisions.formed, -1.0)], "<=", 0, f"formed{label}")
    for a in decisions.forward:
        name = decisions.ring.links[a].candidate
        if name is not None:
            terms = [(formed_in_period, 1.0), *decisions.use(a), (is_open[name], -1.0)]
            _add(lp, terms, "<=", 1, f"formed{label}_{a + 1:06d}")
    return formed_in_period


def _add(lp: pulp.LpProblem, terms: Terms, sense: str, right: int, name: str) -> None:
    """Add a row, summing the coefficients of variables that occur in several terms."""
    total: dict[pulp.LpVariable, float] = defaultdict(float)
    for variable, factor in terms:
        total[variable] += factor
    left = affine(total.items())
    lp.addConstraint({"==": left == right, "<=": left <= right, ">=": left >= right}[sense], name)


def circuits_in(decisions: RingDecisions, values: Mapping[str, float]) -> list[Circuit]:
    """Return the node-disjoint circuits of a ring at an integer point.

    Parameters
    ----------
    decisions
        The variables of the ring.
    values
        Values of the point by variable name.
    """
    used = (arc for arc in decisions.arcs() if values[arc[1].name] > 0.5)
    successor, found = {tail: (a, head) for a, _, tail, head in used}, []
    while successor:
        node, links = min(successor), []
        while node in successor:
            a, node = successor.pop(node)
            links.append(a)
        found.append(tuple(links))
    return found


def forming(decisions: RingDecisions, circuits: Sequence[Circuit]) -> Circuit | None:
    """Return the first circuit that forms the ring alone, with its candidates built; None without one."""
    names = {link.candidate for link in decisions.ring.links if link.candidate is not None}
    return next((links for links in circuits if not circuit_fault(decisions.ring, links, names)), None)


def detached_rows(decisions: RingDecisions, circuits: Sequence[Circuit]) -> Iterator[ProvedRow]:
    """Yield rows that exclude a point whose circuits do not form the ring.

    Parameters
    ----------
    decisions
        The variables of the ring.
    circuits
        All circuits of the point, none of which forms the ring alone.

    Notes
    -----
    `leave` rows are stronger; `mend` rows are added only where there are no `leave` rows.
    """
    rows = [row for links in circuits for row in leave_rows(decisions, links)]
    yield from rows or (mend_row(decisions, links) for links in circuits)


def leave_rows(decisions: RingDecisions, links: Circuit) -> Iterator[ProvedRow]:
    """Yield `leave_v: sum_{a out of S} f >= sum_{a into v} f` for each node v of the node set S of a circuit.

    Valid if for some centre s no circuit within S winds round s: the ring winds round s, so a ring that
    visits v also leaves S, and it visits v at most once. No circuit within S winds round s if and only if
    there are numbers phi with kappa_as = phi_head - phi_tail for all links within S (the signed graph is
    balanced: Harary 1953; for integers, Zaslavsky, "Biased graphs I", 1989).
    """
    inside = sorted(set(circuit_nodes(decisions.ring, links) or ()))
    balanced = balanced_centre(decisions, inside)
    if balanced is None:
        return
    centre, g = balanced
    evidence = {"leave": decisions.tag, "nodes": inside, "potentials": [g[v] for v in inside]}
    out = ((f, 1.0) for _, f, tail, head in decisions.arcs() if tail in g and head not in g)
    outflow = affine(out)
    for v in inside:
        yield {**evidence, "centre": centre, "node": v}, outflow - affine(decisions.inflow(v)) >= 0


def mend_row(decisions: RingDecisions, links: Circuit) -> ProvedRow:
    """Return `mend: sum_{a in A} (f_a+ + f_a-) <= |A| - 1` for a circuit A that does not form the ring.

    Valid since a circuit that uses all links of A is A itself.
    """
    row = affine(term for a in links for term in decisions.use(a)) <= len(links) - 1
    return {"mend": decisions.tag, "links": list(links)}, row


def balanced_centre(decisions: RingDecisions, inside: Collection[int]) -> tuple[int, dict[int, int]] | None:
    """Return a centre round which no circuit within a set of nodes winds, and potentials that show it.

    Returns
    -------
    tuple or None
        Position of the first such centre, and the number phi of each node (`leave_rows`); None without one.
    """
    for s in range(len(decisions.ring.centres)):
        if (potentials := _potentials(decisions, inside, s)) is not None:
            return s, potentials
    return None


def _potentials(decisions: RingDecisions, inside: Collection[int], s: int) -> dict[int, int] | None:
    """Return potentials whose differences are the crossings of all links within a set, or None.

    They are propagated from a root along the links; none exist if a link contradicts them.
    """
    steps: dict[int, list[tuple[int, int]]] = {v: [] for v in inside}
    for a, f, tail, head in decisions.arcs():
        if tail in steps and head in steps:
            turns = decisions.turns[a][s]
            steps[tail].append((head, turns if f is decisions.forward[a] else -turns))
    potential: dict[int, int] = {}
    for root in sorted(steps):
        if root in potential:
            continue
        potential[root], stack = 0, [root]
        while stack:
            v = stack.pop()
            for to, change in steps[v]:
                if to not in potential:
                    potential[to] = potential[v] + change
                    stack.append(to)
                elif potential[to] != potential[v] + change:
                    return None
    return potential
