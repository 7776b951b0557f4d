"""Lay a problem out in arrays for the compiled searches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Self

import numpy as np

from optimiser.engine.search.compiled import Record, compiled
from optimiser.engine.search.paths import Floats, Graph, Integers, Mask, graph, time_rows
from optimiser.problem import Arc, City, DesignProblem, Pair


class Side(Record):
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


class Tables(Record):
    """A problem in arrays; n nodes, m arcs, J candidates, K pairs, O origins, D destinations.

    Attributes
    ----------
    net, back_net
        All arcs, and the same with every arc turned round.
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
    from_origin, to_destination
        int64 [O x n], [D x n]: seconds from each origin, and to each destination, with everything built.
    use_start, use
        Candidates that each pair can use: int64 [K + 1], then candidates, rising within each pair.
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
    from_origin: Integers
    to_destination: Integers
    use_start: Integers
    use: Integers
    side: Side

    @property
    def size(self) -> int:
        """Return the number of candidates."""
        return len(self.cost)


class Reach(NamedTuple):
    """When each pair can be where, with everything built: what says which arcs it can use.

    Attributes
    ----------
    origins, destinations, origin_row, destination_row, limit, from_origin, to_destination
        As in `Tables`.
    """

    origins: Integers
    destinations: Integers
    origin_row: Integers
    destination_row: Integers
    limit: Integers
    from_origin: Integers
    to_destination: Integers

    @classmethod
    def of(cls, problem: DesignProblem) -> Self:
        """Return the reach of the pairs of a problem."""
        every = range(len(problem.candidates))
        origins, origin_row = np.unique(integers(p.origin for p in problem.pairs), return_inverse=True)
        destinations, destination_row = np.unique(
            integers(p.destination for p in problem.pairs), return_inverse=True
        )
        return cls(
            origins,
            destinations,
            origin_row.astype(np.int64),
            destination_row.astype(np.int64),
            integers(pair.limit for pair in problem.pairs),
            time_rows(problem, origins, every),
            time_rows(problem, destinations, every, reverse=True),
        )

    def usable(self, arcs: Sequence[Arc], group: Integers, count: int) -> Mask:
        """Say which groups of arcs each pair can use: those with an arc on a walk within its limit.

        Parameters
        ----------
        arcs
            Any arcs of the problem.
        group
            int64 [arcs]: number of the group of each.
        count
            Number of groups.

        Returns
        -------
        NDArray
            bool [pairs x groups].
        """
        table = np.array(arcs, dtype=np.int64).reshape(-1, 3)
        return _usable(
            table,
            group,
            count,
            self.limit,
            self.origin_row,
            self.destination_row,
            self.from_origin,
            self.to_destination,
        )


@compiled
def _usable(
    arcs: Integers,
    group: Integers,
    count: int,
    limit: Integers,
    origin_row: Integers,
    destination_row: Integers,
    from_origin: Integers,
    to_destination: Integers,
) -> Mask:
    found = np.zeros((limit.size, count), np.bool_)
    for k in range(limit.size):
        to, on, most = from_origin[origin_row[k]], to_destination[destination_row[k]], limit[k]
        for a in range(group.size):
            start, seconds, end = to[arcs[a, 0]], arcs[a, 2], on[arcs[a, 1]]
            # Each by itself first: the sum of times out of reach would overflow.
            if start <= most and seconds <= most and end <= most and start + seconds + end <= most:
                found[k, group[a]] = True
    return found


def usable_arcs(problem: DesignProblem, arcs: Sequence[Arc]) -> Mask:
    """Return bool [pairs x arcs]: whether an arc lies on a walk of a pair within its limit, everything built.

    Parameters
    ----------
    problem
        The problem.
    arcs
        Any arcs of it.
    """
    return Reach.of(problem).usable(arcs, np.arange(len(arcs)), len(arcs))


def usable_candidates(problem: DesignProblem, reach: Reach) -> tuple[Integers, Integers]:
    """Return the candidates that each pair can use: `use_start` and `use` of `Tables`.

    Parameters
    ----------
    problem
        The problem.
    reach
        The reach of its pairs.
    """
    arcs = [arc for c in problem.candidates for arc in c.arcs]
    owner = integers(j for j, c in enumerate(problem.candidates) for _ in c.arcs)
    found = reach.usable(arcs, owner, len(problem.candidates))
    return _starts(found.sum(axis=1)), np.nonzero(found)[1].astype(np.int64)


def usable_candidate_arcs(t: Tables) -> Mask:
    """Return bool [K x arcs of candidates]: which arcs each pair can use, in the order of `t.arc_tail`."""
    arcs = np.stack([t.arc_tail, t.arc_head, t.arc_seconds], axis=1)
    count = len(arcs)
    return _usable(
        arcs,
        np.arange(count),
        count,
        t.limit,
        t.origin_row,
        t.destination_row,
        t.from_origin,
        t.to_destination,
    )


def tables(problem: DesignProblem) -> Tables:
    """Return the arrays of a problem.

    Parameters
    ----------
    problem
        A reduced problem (`presolve.reduce`) in canonical order: pairs sorted by origin.
    """
    arcs = np.array([arc for c in problem.candidates for arc in c.arcs], dtype=np.int64).reshape(-1, 3)
    reach = Reach.of(problem)
    use_start, use = usable_candidates(problem, reach)
    return Tables(
        net=graph(problem),
        back_net=graph(problem, reverse=True),
        arc_start=_starts([len(c.arcs) for c in problem.candidates]),
        arc_tail=np.ascontiguousarray(arcs[:, 0]),
        arc_head=np.ascontiguousarray(arcs[:, 1]),
        arc_seconds=np.ascontiguousarray(arcs[:, 2]),
        cost=integers(c.cost for c in problem.candidates),
        budget=-1 if problem.budget is None else problem.budget,
        must_cover=problem.must_cover,
        origin=integers(pair.origin for pair in problem.pairs),
        destination=integers(pair.destination for pair in problem.pairs),
        limit=reach.limit,
        weight=integers(pair.weight for pair in problem.pairs),
        origins=reach.origins,
        destinations=reach.destinations,
        origin_row=reach.origin_row,
        destination_row=reach.destination_row,
        first_pair=_starts(np.bincount(reach.origin_row, minlength=len(reach.origins))),
        base=time_rows(problem, reach.origins, ()),
        from_origin=reach.from_origin,
        to_destination=reach.to_destination,
        use_start=use_start,
        use=use,
        side=_side(problem),
    )


def _side(problem: DesignProblem) -> Side:
    cities, targets = problem.cities, problem.targets
    caps = {name: row for row, (name, _) in enumerate(problem.caps)}
    pairs = [_of_group(problem.pairs, t.group) if t.of == "pairs" else [] for t in targets]
    places = [_of_group(cities, t.group) if t.of == "cities" else [] for t in targets]
    return Side(
        cap_most=integers(most for _, most in problem.caps),
        cap_of=integers(caps.get(c.instrument, -1) if c.instrument else -1 for c in problem.candidates),
        exclude=_twos(problem, problem.excludes),
        require=_twos(problem, problem.requires),
        city_start=_starts([len(city.pairs) for city in cities]),
        city_pair=integers(k for city in cities for k in city.pairs),
        city_need=integers(city.need for city in cities),
        city_weight=integers(city.weight for city in cities),
        target_least=integers(target.least for target in targets),
        target_pair_start=_starts([len(row) for row in pairs]),
        target_pair=integers(k for row in pairs for k in row),
        target_city_start=_starts([len(row) for row in places]),
        target_city=integers(i for row in places for i in row),
    )


def integers(values: Iterable[int]) -> Integers:
    """Return numbers as an array."""
    return np.array(list(values), dtype=np.int64)


def _of_group(items: Iterable[Pair | City], group: str) -> list[int]:
    return [position for position, item in enumerate(items) if item.group == group]


def _twos(problem: DesignProblem, items: Iterable[tuple[str, str]]) -> Integers:
    rows = [(problem.index[first], problem.index[second]) for first, second in items]
    return np.array(rows, dtype=np.int64).reshape(-1, 2)


def _starts(counts: Sequence[int] | Integers) -> Integers:
    """Return where each part of an array of parts begins, and where the last one ends."""
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)


class Commodity(NamedTuple):
    """The arcs that one pair can use within its limit.

    Attributes
    ----------
    nodes
        Number of nodes; they are renumbered, the origin 0 and the destination 1.
    tail, head, seconds
        int64 [a], the arcs.
    limit
        Seconds.
    link
        int64 [a]: the link that opens an arc, -1 for arcs open today. A link is the arcs of one candidate
        between the same two nodes, in either direction: they share one capacity.
    candidate
        int64 [links], the candidate of each link.
    """

    nodes: int
    tail: Integers
    head: Integers
    seconds: Integers
    limit: int
    link: Integers
    candidate: Integers


def commodities(problem: DesignProblem) -> tuple[Commodity, ...]:
    """Return the commodity of each pair, in the order of the pairs.

    Parameters
    ----------
    problem
        A reduced problem.

    Notes
    -----
    Arcs on no walk within the limit with everything built leave, as in the preprocessing of Bucarey et al.;
    so do arcs into the origin and out of the destination, which no fastest path uses.
    """
    arcs = [*problem.arcs, *(arc for c in problem.candidates for arc in c.arcs)]
    owner = [-1] * len(problem.arcs) + [j for j, c in enumerate(problem.candidates) for _ in c.arcs]
    table, owners = np.array(arcs, dtype=np.int64).reshape(-1, 3), integers(owner)
    found = []
    for pair, usable in zip(problem.pairs, usable_arcs(problem, arcs), strict=True):
        kept = usable & (table[:, 1] != pair.origin) & (table[:, 0] != pair.destination)
        found.append(_commodity(table[kept], owners[kept], pair.origin, pair.destination, pair.limit))
    return tuple(found)


def _commodity(arcs: Integers, owner: Integers, origin: int, destination: int, limit: int) -> Commodity:
    others = np.setdiff1d(arcs[:, :2], [origin, destination])
    nodes = np.concatenate(([origin, destination], others))
    number = np.zeros(int(nodes.max()) + 1, np.int64)
    number[nodes] = np.arange(len(nodes))
    tail, head = number[arcs[:, 0]], number[arcs[:, 1]]
    link, candidate = _links(tail, head, owner)
    return Commodity(len(nodes), tail, head, arcs[:, 2].copy(), limit, link, candidate)


def _links(tail: Integers, head: Integers, owner: Integers) -> tuple[Integers, Integers]:
    """Return the link of each arc and the candidate of each link."""
    ends = np.stack([owner, np.minimum(tail, head), np.maximum(tail, head)], axis=1)
    built = owner >= 0
    rows, inverse = np.unique(ends[built], axis=0, return_inverse=True)
    link = np.full(len(tail), -1)
    link[built] = inverse.reshape(-1)
    return link.astype(np.int64), np.ascontiguousarray(rows[:, 0])


class Prices(NamedTuple):
    """Prices of a commodity: dual values, or a ray of them, of its flow problem.

    Attributes
    ----------
    link
        float64 [links], price of a unit of capacity, >= 0.
    time
        Price of using the whole limit, >= 0.
    """

    link: Floats
    time: float
