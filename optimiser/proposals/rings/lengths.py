"""Turn the limits on the length of rings into metres: in km, and over the shortest circuit."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.search.circuit_starts import start_circuits
from optimiser.engine.search.circuits import Circuit, lengths_m
from optimiser.problem import Ring
from optimiser.problem.ring import Point
from optimiser.proposals.rings.rules import RingRules
from optimiser.proposals.table import Candidates

_METRES = 1000
_PARTS = 10_000
"""A stretch is rounded to so many parts, so that limits do not depend on floating-point arithmetic."""
_MONEY_SHARES = (0.0, 0.25, 1.0, 4.0, 16.0, 1000.0)
"""What the cost of all links counts for against their metres in the search for a circuit within a budget; the
last share all but minimises the cost."""


def with_longest(
    rings: Sequence[tuple[RingRules, Ring]], candidates: Candidates, budget: int | None
) -> tuple[Ring, ...]:
    """Return rings with the most metres that the circuit of each may be long.

    Parameters
    ----------
    rings
        What is asked of each ring, and the ring; its links have lengths.
    candidates
        What may be built.
    budget
        Money that may be spent; None for no limit.

    Notes
    -----
    A stretch counts over the shortest circuit found that meets the demands of the ring, touches no circuit
    found for the rings before it from which it is apart, and can be paid for with those of the required ones.
    So these circuits together keep to the limits that are derived from them. Without such a circuit the
    stretch limits nothing.
    """
    costs, circuits = candidates.costs, dict[str, set[Point]]()
    table = candidates.table
    paid = set(table["candidate_id"][table["fixed"] == "in"])
    found = []
    for rules, ring in rings:
        limits = [math.floor(_METRES * rules.longest_km)] if math.isfinite(rules.longest_km) else []
        if math.isfinite(rules.most_stretch):
            others = [name for name, one in _apart(rings) if one == ring.id]
            taken = set[Point]().union(*(circuits.get(name, ()) for name in others))
            left = None if budget is None else budget - sum(costs[name] for name in paid)
            price = {name: 0 if name in paid else cost for name, cost in costs.items()}
            shortest = shortest_circuit_within(ring, price, left, closed=_touching(ring, taken))
            if shortest:
                metres = sum(ring.links[k].length or 0 for k in shortest)
                limits.append(metres * round(_PARTS * rules.most_stretch) // _PARTS)
                circuits[ring.id] = {
                    ring.nodes[v] for k in shortest for v in (ring.links[k].tail, ring.links[k].head)
                }
                if ring.required:
                    paid |= _names(ring, shortest)
        found.append(replace(ring, longest=min(limits, default=None)))
    return tuple(found)


def _apart(rings: Sequence[tuple[RingRules, Ring]]) -> set[tuple[str, str]]:
    """Return the ids of rings that must not touch, in both orders."""
    pairs = {(ring.id, other) for _, ring in rings for other in ring.apart}
    return pairs | {(other, name) for name, other in pairs}


def _touching(ring: Ring, taken: set[Point]) -> NDArray[np.bool_]:
    """Tell which links of a ring end at some points."""
    ends = ((ring.nodes[link.tail], ring.nodes[link.head]) for link in ring.links)
    return np.array([not taken.isdisjoint(two) for two in ends], dtype=np.bool_)


def _names(ring: Ring, links: Circuit) -> set[str]:
    return {name for k in links if (name := ring.links[k].candidate) is not None}


def shortest_circuit_within(
    ring: Ring, price: Mapping[str, int], budget: int | None, *, closed: NDArray[np.bool_] | None = None
) -> Circuit:
    """Return the shortest circuit found that meets the demands of a ring within a budget; empty without one.

    Parameters
    ----------
    ring
        The ring; its links have lengths.
    price
        Cost of each candidate by its id; 0 for those that are paid for in any case.
    budget
        Money that may be spent; None for no limit.
    closed
        bool [links], links that may not be used; None: all may.

    Notes
    -----
    Circuits are sought by metres, and by metres and money in growing shares; of those that the budget can pay
    for, the shortest counts. Without demands on cities and with money enough it is the shortest of all, else
    a good one (`engine.search.circuit_starts`).
    """
    metres, links_of = lengths_m(ring), Counter(link.candidate for link in ring.links)
    if metres is None or not ring.links:
        return ()
    costs = [
        0 if link.candidate is None else price[link.candidate] // links_of[link.candidate]
        for link in ring.links
    ]
    a_unit = max(1, int(metres.sum())) / max(1, sum(costs))
    found: list[tuple[int, Circuit]] = []
    for share in _MONEY_SHARES:
        length = metres + np.rint(share * a_unit * np.array(costs, dtype=np.float64)).astype(np.int64)
        found += [
            (int(metres[list(links)].sum()), links)
            for links in start_circuits(ring, length, closed=closed)
            if budget is None or sum(price[name] for name in _names(ring, links)) <= budget
        ]
    return min(found, default=(0, ()))[1]
