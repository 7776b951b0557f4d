"""State rings, one function a family of rows.

Sets, for each ring: nodes v at points p_v, two-way links a between them, centres s, stops i with nodes V_i
of which the circuit passes L. A link is left out when it runs through a centre, when its candidate may not
be built, or when every circuit through it costs more than the budget (`search.circuits`). w_as is the number
of times that a, passed from tail to head, crosses the ray from centre s eastwards: northwards +1, southwards
-1. The ray is moved north by less than any distance, so that it avoids every node and corner; crossings are
counted in integers (`problem.ring_geometry`).

Variables: r in {0, 1} (the ring is formed; 1 where it is required), f_a+ and f_a- in {0, 1} (the circuit
passes a from tail to head, or back), q_s in {0, 1} (it winds clockwise round s), n_i in [0, 1] (it passes
stop i). It winds counterclockwise round the first centre; a circuit that does not is the same one passed the
other way.

A point that satisfies all rows is a set of circuits that share no node, and wind round each centre once in
sum. Where there are several, either one of them forms the ring by itself, and the others are dropped; or
none does, and rows that forbid this are added (`leave_rows`, `mend_row`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from optimiser.engine.models.decisions import affine
from optimiser.engine.models.modelling import pulp
from optimiser.engine.search.circuits import Circuit
from optimiser.problem import Ring
from optimiser.problem.ring import Point
from optimiser.problem.ring_geometry import link_crossings
from optimiser.verify.rings import circuit_fault, circuit_nodes

type Terms = list[tuple[pulp.LpVariable, float]]


@dataclass(frozen=True, slots=True)
class RingDecisions:
    """The variables of a ring, and what its rows are made of.

    Attributes
    ----------
    ring
        The ring.
    tag
        Ends the names of its variables and rows.
    formed
        r.
    ahead, back
        f_a+ and f_a- by position of the link; links that cannot be used are left out.
    turns
        w_as by position of the link, one for each centre.
    """

    ring: Ring
    tag: str
    formed: pulp.LpVariable
    ahead: dict[int, pulp.LpVariable]
    back: dict[int, pulp.LpVariable]
    turns: dict[int, tuple[int, ...]]

    def inflow(self, v: int) -> Terms:
        """Return the terms whose sum is the number of visits to a node."""
        terms: Terms = []
        for a in self.ahead:
            link = self.ring.links[a]
            if link.head == v:
                terms.append((self.ahead[a], 1.0))
            if link.tail == v:
                terms.append((self.back[a], 1.0))
        return terms


def declare_ring(lp: pulp.LpProblem, ring: Ring, number: int, usable: Collection[int]) -> RingDecisions:
    """Add the variables r and f of a ring to a model.

    Parameters
    ----------
    lp
        The model.
    ring
        The ring.
    number
        Its number, from 1, in the names of variables and rows.
    usable
        Positions of the links that a circuit may use (`usable_links`); the others are left out.
    """
    tag = f"{number:03d}"
    turns = {}
    for a in range(len(ring.links)):
        crossings = link_crossings(ring, a)
        if a in usable and crossings is not None:
            turns[a] = crossings
    formed = lp.add_variable(f"r{tag}", int(ring.required), 1, "Integer")
    ahead = {a: lp.add_variable(f"fa{tag}_{a + 1:06d}", 0, 1, "Integer") for a in turns}
    back = {a: lp.add_variable(f"fb{tag}_{a + 1:06d}", 0, 1, "Integer") for a in turns}
    return RingDecisions(ring, tag, formed, ahead, back, turns)


def add_ring_rows(lp: pulp.LpProblem, decisions: RingDecisions, x: dict[str, pulp.LpVariable]) -> None:
    """Add every family of rows of one ring but those that are added where a point violates them.

    Parameters
    ----------
    lp
        The model.
    decisions
        The ring.
    x
        x_j by id: the candidate is built (and open at the end of the last period).
    """
    add_circulation(lp, decisions)
    add_visits(lp, decisions)
    add_link_use(lp, decisions, x)
    add_rounds(lp, decisions)
    add_stops(lp, decisions)


def add_circulation(lp: pulp.LpProblem, decisions: RingDecisions) -> None:
    """Add `circuit_v: sum_{a into v} f - sum_{a out of v} f = 0` for each node v, over both directions."""
    terms: dict[int, Terms] = defaultdict(list)
    for a in decisions.ahead:
        link = decisions.ring.links[a]
        if link.tail != link.head:
            terms[link.tail] += [(decisions.ahead[a], -1.0), (decisions.back[a], 1.0)]
            terms[link.head] += [(decisions.ahead[a], 1.0), (decisions.back[a], -1.0)]
    for v in sorted(terms):
        _add(lp, terms[v], "==", 0, f"circuit{decisions.tag}_{v + 1:06d}")


def add_visits(lp: pulp.LpProblem, decisions: RingDecisions) -> None:
    """Add `visit_v: sum_{a into v} f <= r` for each node v: at most one visit, none to a ring not formed."""
    for v in range(len(decisions.ring.nodes)):
        terms = decisions.inflow(v)
        if terms:
            _add(lp, [*terms, (decisions.formed, -1.0)], "<=", 0, f"visit{decisions.tag}_{v + 1:06d}")


def add_link_use(lp: pulp.LpProblem, decisions: RingDecisions, x: dict[str, pulp.LpVariable]) -> None:
    """Add `use_a: f_a+ + f_a- <= x_j` for the candidate j of link a; `<= r` where it needs none."""
    for a in decisions.ahead:
        name = decisions.ring.links[a].candidate
        most = decisions.formed if name is None else x[name]
        terms = [(decisions.ahead[a], 1.0), (decisions.back[a], 1.0), (most, -1.0)]
        _add(lp, terms, "<=", 0, f"use{decisions.tag}_{a + 1:06d}")


def add_rounds(lp: pulp.LpProblem, decisions: RingDecisions) -> None:
    """Add `round_s: sum_a w_as (f_a+ - f_a-) = r - 2 q_s` and `turn_s: q_s <= r`.

    q_s = 0 for the first centre. The sum is the winding number of the line round the centre: +1 or -1 where
    the ring is formed, else 0.
    """
    for s in range(len(decisions.ring.centres)):
        label = f"{decisions.tag}_{s + 1:03d}"
        terms: Terms = [(decisions.formed, -1.0)]
        for a, turns in decisions.turns.items():
            if turns[s]:
                terms += [(decisions.ahead[a], float(turns[s])), (decisions.back[a], -float(turns[s]))]
        if s:
            clockwise = lp.add_variable(f"q{label}", 0, 1, "Integer")
            terms.append((clockwise, 2.0))
            _add(lp, [(clockwise, 1.0), (decisions.formed, -1.0)], "<=", 0, f"turn{label}")
        _add(lp, terms, "==", 0, f"round{label}")


def add_stops(lp: pulp.LpProblem, decisions: RingDecisions) -> None:
    """Add `stop_i: n_i <= sum_{v in V_i} sum_{a into v} f` and `stops: sum_i n_i >= L r`.

    n may stay continuous: once f is integer, n_i may be 1 exactly where one of the nodes is visited.
    """
    ring = decisions.ring
    if not ring.least_stops:
        return
    passed: Terms = [(decisions.formed, -float(min(ring.least_stops, len(ring.stops) + 1)))]
    for i, stop in enumerate(ring.stops):
        label = f"{decisions.tag}_{i + 1:06d}"
        on = lp.add_variable(f"n{label}", 0, 1)
        passed.append((on, 1.0))
        visits = [(f, -1.0) for v in sorted(set(stop.nodes)) for f, _ in decisions.inflow(v)]
        _add(lp, [(on, 1.0), *visits], "<=", 0, f"stop{label}")
    _add(lp, passed, ">=", 0, f"stops{decisions.tag}")


def add_apart(lp: pulp.LpProblem, rings: Sequence[RingDecisions]) -> None:
    """Add `apart: sum_{a into v} f + sum_{b into u} f <= 1` for nodes v, u of rings that are kept apart.

    One row for each two nodes of the same position.
    """
    number, known = 0, {item.ring.id: item for item in rings}
    twos = {frozenset((item.ring.id, other)) for item in rings for other in item.ring.apart if other in known}
    for first, second in sorted(sorted(two) for two in twos):
        places: dict[Point, list[int]] = defaultdict(list)
        for u, point in enumerate(known[second].ring.nodes):
            places[point].append(u)
        for v, point in enumerate(known[first].ring.nodes):
            for u in places.get(point, []):
                number += 1
                terms = [*known[first].inflow(v), *known[second].inflow(u)]
                _add(lp, terms, "<=", 1, f"apart_{number:07d}")


def add_rewards_in_time(
    lp: pulp.LpProblem, decisions: RingDecisions, is_open: dict[str, pulp.LpVariable], period: int
) -> pulp.LpVariable:
    """Add `formed_t: r_t <= r` and `formed_t_a: r_t <= 1 - u_a + o_jt`, and return r_t in [0, 1].

    r_t says that the ring is formed by what is open in period t, u_a = f_a+ + f_a- that the circuit uses link
    a, and o_jt that its candidate j is open in period t.
    """
    label = f"{decisions.tag}_{period + 1:03d}"
    now = lp.add_variable(f"rt{label}", 0, 1)
    _add(lp, [(now, 1.0), (decisions.formed, -1.0)], "<=", 0, f"formed{label}")
    for a in decisions.ahead:
        name = decisions.ring.links[a].candidate
        if name is not None:
            terms = [(now, 1.0), (decisions.ahead[a], 1.0), (decisions.back[a], 1.0), (is_open[name], -1.0)]
            _add(lp, terms, "<=", 1, f"formed{label}_{a + 1:06d}")
    return now


def _add(lp: pulp.LpProblem, terms: Terms, sense: str, right: int, name: str) -> None:
    """Add a row of terms, of which several may name one variable."""
    total: dict[pulp.LpVariable, float] = defaultdict(float)
    for variable, factor in terms:
        total[variable] += factor
    left = affine(total.items())
    row = left == right if sense == "==" else left <= right if sense == "<=" else left >= right
    lp.addConstraint(row, name)


def circuits_in(decisions: RingDecisions, values: Mapping[str, float]) -> list[Circuit]:
    """Return the circuits that an integer point consists of.

    Parameters
    ----------
    decisions
        The ring.
    values
        Value of each variable by name.
    """
    leave: dict[int, tuple[int, int]] = {}
    for a in decisions.ahead:
        link = decisions.ring.links[a]
        if values[decisions.ahead[a].name] > 0.5:
            leave[link.tail] = a, link.head
        elif values[decisions.back[a].name] > 0.5:
            leave[link.head] = a, link.tail
    found = []
    while leave:
        at, links = min(leave), []
        while at in leave:
            a, at = leave.pop(at)
            links.append(a)
        found.append(tuple(links))
    return found


def forming(decisions: RingDecisions, circuits: Sequence[Circuit]) -> Circuit | None:
    """Return the first circuit that forms the ring by itself with its candidates built; None without one."""
    names = {link.candidate for link in decisions.ring.links if link.candidate is not None}
    return next((links for links in circuits if not circuit_fault(decisions.ring, links, names)), None)


def detached_rows(decisions: RingDecisions, circuits: Sequence[Circuit]) -> Iterator[pulp.LpAffineExpression]:
    """Yield rows that a ring satisfies and a point of several circuits, none of which forms it, violates.

    Parameters
    ----------
    decisions
        The ring.
    circuits
        All circuits of the point.

    Notes
    -----
    `leave` rows are stronger; where there are some, `mend` rows are not needed.
    """
    rows = [row for links in circuits for row in leave_rows(decisions, links)]
    yield from rows or (mend_row(decisions, links) for links in circuits)


def leave_rows(decisions: RingDecisions, links: Circuit) -> Iterator[pulp.LpAffineExpression]:
    """Yield `leave_v: sum_{a out of S} f >= sum_{a into v} f` for each node v of the node set S of a circuit.

    Valid where for some centre no circuit within S winds round it: the ring winds round it, so it cannot stay
    in S, and visits v at most once. No circuit within S winds round s if and only if there are numbers g with
    w_as = g_head - g_tail for all links within S (a signed graph that is balanced; Harary 1953, for integers
    Zaslavsky, "Biased graphs I", 1989).
    """
    inside = set(circuit_nodes(decisions.ring, links) or ())
    centres = range(len(decisions.ring.centres))
    if not any(_is_balanced(decisions, inside, s) for s in centres):
        return
    out = []
    for a in decisions.ahead:
        link = decisions.ring.links[a]
        if link.tail in inside and link.head not in inside:
            out.append((decisions.ahead[a], 1.0))
        elif link.head in inside and link.tail not in inside:
            out.append((decisions.back[a], 1.0))
    left = affine(out)
    for v in sorted(inside):
        yield left - affine(decisions.inflow(v)) >= 0


def mend_row(decisions: RingDecisions, links: Circuit) -> pulp.LpAffineExpression:
    """Return `mend: sum_{a in C} (f_a+ + f_a-) <= |C| - 1` for a circuit C that does not form the ring.

    A circuit that uses all links of C is C.
    """
    used = [(side[a], 1.0) for a in links for side in (decisions.ahead, decisions.back)]
    return affine(used) <= len(links) - 1


def _is_balanced(decisions: RingDecisions, inside: Collection[int], s: int) -> bool:
    """Say whether every circuit within a set of nodes winds 0 times round a centre."""
    steps: dict[int, list[tuple[int, int]]] = {v: [] for v in inside}
    for a, turns in decisions.turns.items():
        link = decisions.ring.links[a]
        if link.tail in steps and link.head in steps:
            steps[link.tail].append((link.head, turns[s]))
            steps[link.head].append((link.tail, -turns[s]))
    level: dict[int, int] = {}
    for root in sorted(steps):
        if root in level:
            continue
        level[root], heap = 0, [root]
        while heap:
            v = heap.pop()
            for to, change in steps[v]:
                if to not in level:
                    level[to] = level[v] + change
                    heap.append(to)
                elif level[to] != level[v] + change:
                    return False
    return True
