"""Lay a problem out in arrays for the compiled searches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from optimiser.engine.presolve import distance_rows, useful_arcs
from optimiser.engine.search.paths import Graph, Integers, graph, opened, times_from
from optimiser.problem import City, DesignProblem, Pair


class Side(NamedTuple):
    """Side constraints in arrays; I caps, E excludes, R requires, C cities, T targets.

    Attributes
    ----------
    cap_most
        int64 [I]: most money for an instrument.
    cap_of
        int64 [J]: position in `cap_most` of the cap that a candidate counts for, -1 for none.
    exclude, require
        int64 [E x 2], [R x 2]: positions of candidates, in the order of the problem.
    city_start, city_pair
        int64 [C + 1], then the pairs of each city: positions in the order of `Tables`.
    city_need, city_weight
        int64 [C].
    target_least
        int64 [T].
    target_pair_start, target_pair
        int64 [T + 1], then the pairs that count for a target, each with its weight.
    target_city_start, target_city
        int64 [T + 1], then the cities that count for a target, each with its weight.
    """

    cap_most: Integers
    cap_of: Integers
    exclude: Integers
    require: Integers
    city_start: Integers
    city_pair: Integers
    city_need: Integers
    city_weight: Integers
    target_least: Integers
    target_pair_start: Integers
    target_pair: Integers
    target_city_start: Integers
    target_city: Integers


class Tables(NamedTuple):
    """A problem in arrays; n nodes, m arcs, J candidates, K pairs, O origins, D destinations.

    Attributes
    ----------
    net, back_net
        All arcs, and the same turned round.
    arc_start, arc_tail, arc_head, arc_seconds
        The arcs of each candidate: int64 [J + 1], then one place an arc.
    cost
        int64 [J].
    budget
        Money, or -1 when there is no budget and the cost is minimised.
    must_cover
        Every pair must be covered: no budget, and not the targets alone.
    origin, destination, limit, weight
        int64 [K]; pairs are sorted by origin.
    origins, destinations
        int64 [O], [D]: the nodes.
    origin_row, destination_row
        int64 [K]: positions in `origins` and `destinations`.
    first_pair
        int64 [O + 1]: pairs of each origin.
    base
        int64 [O x n]: seconds from each origin with nothing built.
    away, back
        int64 [O x n], [D x n]: seconds from each origin, and to each destination, with everything built.
    use_start, use
        Candidates that each pair can use: int64 [K + 1], then candidates.
    side
        Side constraints.
    """

    net: Graph
    back_net: Graph
    arc_start: Integers
    arc_tail: Integers
    arc_head: Integers
    arc_seconds: Integers
    cost: Integers
    budget: int
    must_cover: bool
    origin: Integers
    destination: Integers
    limit: Integers
    weight: Integers
    origins: Integers
    destinations: Integers
    origin_row: Integers
    destination_row: Integers
    first_pair: Integers
    base: Integers
    away: Integers
    back: Integers
    use_start: Integers
    use: Integers
    side: Side

    @property
    def size(self) -> int:
        """Return the number of candidates."""
        return len(self.cost)


def tables(problem: DesignProblem) -> Tables:
    """Return the arrays of a problem in canonical order (pairs sorted by origin).

    Parameters
    ----------
    problem
        A reduced problem (`reduction.reduce`).
    """
    arcs = np.array([arc for c in problem.candidates for arc in c.arcs], dtype=np.int64).reshape(-1, 3)
    pairs = np.array(
        [(p.origin, p.destination, p.limit, p.weight) for p in problem.pairs], dtype=np.int64
    ).reshape(-1, 4)
    origins, origin_row = np.unique(pairs[:, 0], return_inverse=True)
    destinations, destination_row = np.unique(pairs[:, 1], return_inverse=True)
    use_start, use = _uses(problem)
    return Tables(
        net=graph(problem),
        back_net=graph(problem, reverse=True),
        arc_start=_starts([len(c.arcs) for c in problem.candidates]),
        arc_tail=np.ascontiguousarray(arcs[:, 0]),
        arc_head=np.ascontiguousarray(arcs[:, 1]),
        arc_seconds=np.ascontiguousarray(arcs[:, 2]),
        cost=np.array([c.cost for c in problem.candidates], dtype=np.int64),
        budget=-1 if problem.budget is None else problem.budget,
        must_cover=problem.must_cover,
        origin=np.ascontiguousarray(pairs[:, 0]),
        destination=np.ascontiguousarray(pairs[:, 1]),
        limit=np.ascontiguousarray(pairs[:, 2]),
        weight=np.ascontiguousarray(pairs[:, 3]),
        origins=origins,
        destinations=destinations,
        origin_row=origin_row.astype(np.int64),
        destination_row=destination_row.astype(np.int64),
        first_pair=_starts(np.bincount(origin_row, minlength=len(origins)).tolist()),
        base=_base_rows(problem, origins),
        away=distance_rows(problem, origins),
        back=distance_rows(problem, destinations, reverse=True),
        use_start=use_start,
        use=use,
        side=side_tables(problem),
    )


def side_tables(problem: DesignProblem) -> Side:
    """Return the side constraints of a problem in arrays.

    Parameters
    ----------
    problem
        A problem whose pairs are sorted by origin.
    """
    cities, targets = problem.cities, problem.targets
    caps = {name: row for row, (name, _) in enumerate(problem.caps)}
    pairs = [_of_group(problem.pairs, t.group) if t.of == "pairs" else [] for t in targets]
    places = [_of_group(cities, t.group) if t.of == "cities" else [] for t in targets]
    return Side(
        cap_most=_integers(most for _, most in problem.caps),
        cap_of=_integers(caps.get(c.instrument, -1) if c.instrument else -1 for c in problem.candidates),
        exclude=_twos(problem, problem.excludes),
        require=_twos(problem, problem.requires),
        city_start=_starts([len(city.pairs) for city in cities]),
        city_pair=_integers(k for city in cities for k in city.pairs),
        city_need=_integers(city.need for city in cities),
        city_weight=_integers(city.weight for city in cities),
        target_least=_integers(target.least for target in targets),
        target_pair_start=_starts([len(row) for row in pairs]),
        target_pair=_integers(k for row in pairs for k in row),
        target_city_start=_starts([len(row) for row in places]),
        target_city=_integers(i for row in places for i in row),
    )


def _integers(values: Iterable[int]) -> Integers:
    return np.array(list(values), dtype=np.int64)


def _of_group(items: Iterable[Pair | City], group: str) -> list[int]:
    return [position for position, item in enumerate(items) if item.group == group]


def _twos(problem: DesignProblem, items: Iterable[tuple[str, str]]) -> Integers:
    rows = [(problem.index[first], problem.index[second]) for first, second in items]
    return np.array(rows, dtype=np.int64).reshape(-1, 2)


def _starts(counts: list[int]) -> Integers:
    return np.concatenate(([0], np.cumsum(np.array(counts, dtype=np.int64)))).astype(np.int64)


def _base_rows(problem: DesignProblem, origins: Integers) -> Integers:
    net, mask = graph(problem), opened(problem, ())
    radius = max((pair.limit for pair in problem.pairs), default=0)
    rows = [times_from(net, mask, o, radius) for o in origins.tolist()]
    return np.array(rows, dtype=np.int64).reshape(len(origins), len(problem.nodes))


def _uses(problem: DesignProblem) -> tuple[Integers, Integers]:
    arcs = [arc for c in problem.candidates for arc in c.arcs]
    owner = np.array([j for j, c in enumerate(problem.candidates) for _ in c.arcs], dtype=np.int64)
    useful = useful_arcs(problem, arcs)
    rows = [np.unique(owner[row]) for row in useful]
    return _starts([len(row) for row in rows]), np.concatenate([*rows, np.zeros(0, np.int64)]).astype(
        np.int64
    )
