"""State rings, one function a family of rows.

Sets, for each ring: nodes v at points p_v, two-way links a between them, centres s, stops i with nodes V_i of
which the circuit passes L. A link that runs through a centre, whose candidate may not be built, or that no
circuit uses that can be paid for (`circuits.useful`), is left out. w_as is the number of times that a, passed
from tail to head, crosses the ray from centre s eastwards: northwards +1, southwards -1. The ray is thought
moved north by less than any distance, so that it avoids every node and corner; crossings are counted in
integers (`problem.ring_geometry`).

Variables: r in {0, 1} (the ring is formed; 1 where it is required), f_a+ and f_a- in {0, 1} (the circuit
passes a from tail to head, or back), q_s in {0, 1} (it goes round s clockwise), n_i in [0, 1] (it passes stop
i). The first centre is gone round counterclockwise; a circuit that does not is the same one passed the other
way.

A point that keeps to all rows is a set of circuits that share no node, and wind round each centre once in
sum. Where there are several, either one of them forms the ring by itself, and the others are left out; or
none does, and rows that forbid this are added (`formulation.detached`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pulp

from optimiser.problem import Ring
from optimiser.problem.ring import Point
from optimiser.problem.ring_geometry import link_crossings

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


def declare_ring(lp: pulp.LpProblem, ring: Ring, number: int, useful: Collection[int]) -> RingDecisions:
    """Add the variables r and f of a ring to a model.

    Parameters
    ----------
    lp
        The model.
    ring
        The ring.
    number
        Its number, from 1, in the names of variables and rows.
    useful
        Positions of the links that a circuit may use (`circuits.useful`); the others are left out.
    """
    tag = f"{number:03d}"
    turns = {}
    for a in range(len(ring.links)):
        crossings = link_crossings(ring, a)
        if a in useful and crossings is not None:
            turns[a] = crossings
    formed = lp.add_variable(f"r{tag}", int(ring.required), 1, "Integer")
    ahead = {a: lp.add_variable(f"fa{tag}_{a + 1:06d}", 0, 1, "Integer") for a in turns}
    back = {a: lp.add_variable(f"fb{tag}_{a + 1:06d}", 0, 1, "Integer") for a in turns}
    return RingDecisions(ring, tag, formed, ahead, back, turns)


def add_ring_rows(lp: pulp.LpProblem, decisions: RingDecisions, built: dict[str, pulp.LpVariable]) -> None:
    """Add every family of rows of one ring but those that are added as they are broken.

    Parameters
    ----------
    lp
        The model.
    decisions
        The ring.
    built
        x_j by id: the candidate is built (and open at the end of the last period).
    """
    add_circulation(lp, decisions)
    add_visits(lp, decisions)
    add_link_use(lp, decisions, built)
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


def add_link_use(lp: pulp.LpProblem, decisions: RingDecisions, built: dict[str, pulp.LpVariable]) -> None:
    """Add `use_a: f_a+ + f_a- <= x_j` for the candidate j of link a; `<= r` where it needs none."""
    for a in decisions.ahead:
        name = decisions.ring.links[a].candidate
        most = decisions.formed if name is None else built[name]
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
    left = pulp.LpAffineExpression.from_list(list(total.items()))
    row = left == right if sense == "==" else left <= right if sense == "<=" else left >= right
    lp.addConstraint(row, name)
