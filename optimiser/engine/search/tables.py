"""Represent a problem by arrays for the compiled searches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Self

import numpy as np

from optimiser.engine.search.compiled import Record, compiled, compiled_inner
from optimiser.engine.search.paths import Floats, Graph, Integers, Mask, graph, time_rows
from optimiser.problem import Arc, City, DesignProblem, Pair


class Side(Record):
    """Side constraints as arrays; I limits, E excludes, R requires, C cities, T targets.

    A limit is a cap, whose candidates use their cost, or a capacity.

    Attributes
    ----------
    limit_most
        int64 [I], what the built candidates may use together of each limit.
    limit_start, limit_candidate, limit_use
        Candidates that use limit i, and how much: `limit_candidate[limit_start[i]:limit_start[i + 1]]` and
        `limit_use` alike.
    exclude, require
        int64 [E x 2], [R x 2], positions of candidates.
    city_start, city_pair
        Pairs of city i: `city_pair[city_start[i]:city_start[i + 1]]`, positions.
    city_need, city_weight
        int64 [C], number of pairs that must be covered for the city to count, and its weight.
    target_least
        int64 [T], least covered weight.
    target_pair_start, target_pair
        Pairs of target i: `target_pair[target_pair_start[i]:target_pair_start[i + 1]]`.
    target_city_start, target_city
        Cities of target i: `target_city[target_city_start[i]:target_city_start[i + 1]]`.
    """

    limit_most: Integers
    limit_start: Integers
    limit_candidate: Integers
    limit_use: Integers
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
    """A problem as arrays; n nodes, m arcs, J candidates, K pairs, O origins, D destinations.

    Attributes
    ----------
    net, back_net
        All arcs, and all arcs reversed.
    arc_start, arc_tail, arc_head, arc_seconds
        Arcs of each candidate: int64 [J + 1], then one entry per arc.
    cost
        int64 [J].
    budget
        Budget, or -1 without one; the cost is then minimised.
    must_cover
        Whether every pair must be covered.
    origin, destination, limit, weight
        int64 [K]; pairs are sorted by origin. Limits are in seconds.
    origins, destinations
        int64 [O], [D], the distinct nodes.
    origin_row, destination_row
        int64 [K], positions in `origins` and `destinations`.
    first_pair
        int64 [O + 1]: the pairs of origin i are `first_pair[i]:first_pair[i + 1]`.
    base
        int64 [O x n], seconds from each origin with nothing built.
    from_origin, to_destination
        int64 [O x n], [D x n], seconds from each origin, and to each destination, with everything built.
    use_start, use
        Candidates that pair k can use: `use[use_start[k]:use_start[k + 1]]`, rising.
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


class _PairReach(NamedTuple):
    """What decides which arcs a pair can use.

    Attributes
    ----------
    first
        int64 [islands + 1], where each island starts in the order of the arcs.
    island
        int64 [K], island of each pair.
    limit, origin_row, destination_row, from_origin, to_destination
        As in `Tables`.
    """

    first: Integers
    island: Integers
    limit: Integers
    origin_row: Integers
    destination_row: Integers
    from_origin: Integers
    to_destination: Integers


class Reach(NamedTuple):
    """Shortest times of all pairs with everything built, which determine the arcs that a pair can use.

    Attributes
    ----------
    origins, destinations, origin_row, destination_row, limit, from_origin, to_destination
        As in `Tables`.
    island
        int64 [n], number of the island of each node (`islands`).
    """

    origins: Integers
    destinations: Integers
    origin_row: Integers
    destination_row: Integers
    limit: Integers
    from_origin: Integers
    to_destination: Integers
    island: Integers

    @classmethod
    def of(cls, problem: DesignProblem) -> Self:
        """Compute the shortest times of a problem."""
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
            islands_of(problem),
        )

    def usable(self, arcs: Sequence[Arc], group: Integers, count: int) -> Mask:
        """Return bool [K x groups], whether a pair can use an arc of a group.

        A pair can use an arc that is on a walk within its limit with everything built.

        Parameters
        ----------
        arcs
            Any arcs of the problem.
        group
            int64 [arcs], number of the group of each arc.
        count
            Number of groups.
        """
        table = np.array(arcs, dtype=np.int64).reshape(-1, 3)
        order, first = _by_island(self.island, table[:, 0])
        return _usable(
            table[order],
            group[order],
            count,
            self._of_pairs(first),
        )

    def _of_pairs(self, first: Integers) -> _PairReach:
        return _PairReach(
            first,
            self.island[self.origins][self.origin_row],
            self.limit,
            self.origin_row,
            self.destination_row,
            self.from_origin,
            self.to_destination,
        )

    def relevant(self, arcs: Sequence[Arc]) -> Mask:
        """Return bool [arcs], whether some pair can use an arc."""
        table = np.array(arcs, dtype=np.int64).reshape(-1, 3)
        order, first = _by_island(self.island, table[:, 0])
        found = np.zeros(len(table), np.bool_)
        found[order] = _relevant(
            table[order],
            self._of_pairs(first),
        )
        return found


def islands_of(problem: DesignProblem) -> Integers:
    """Return int64 [n], the number of each node's island: what no arc, open or not, joins to the rest."""
    arcs = [*problem.arcs, *(arc for c in problem.candidates for arc in c.arcs)]
    table = np.array(arcs, dtype=np.int64).reshape(-1, 3)
    return _islands(len(problem.nodes), table[:, 0], table[:, 1])


@compiled
def _islands(nodes: int, tail: Integers, head: Integers) -> Integers:
    above = np.arange(nodes)
    for arc in range(tail.size):
        a, b = tail[arc], head[arc]
        while above[a] != a:
            above[a] = above[above[a]]
            a = above[a]
        while above[b] != b:
            above[b] = above[above[b]]
            b = above[b]
        above[max(a, b)] = min(a, b)
    # The first node of an island stands for it, and comes before all others of it.
    count = 0
    number = np.zeros(nodes, np.int64)
    for node in range(nodes):
        if above[node] == node:
            number[node] = count
            count += 1
        else:
            number[node] = number[above[node]]
    return number


def _by_island(island: Integers, tail: Integers) -> tuple[Integers, Integers]:
    """Return an order of arcs by island, and int64 [islands + 1], where each island starts in it."""
    of = island[tail]
    order: Integers = np.argsort(of, kind="stable").astype(np.int64)
    return order, _starts(np.bincount(of, minlength=int(island.max(initial=-1)) + 1))


@compiled
def _usable(
    arcs: Integers,
    group: Integers,
    count: int,
    reach: _PairReach,
) -> Mask:
    is_usable = np.zeros((reach.limit.size, count), np.bool_)
    for k in range(reach.limit.size):
        to_tail, from_head = (
            reach.from_origin[reach.origin_row[k]],
            reach.to_destination[reach.destination_row[k]],
        )
        most, part = reach.limit[k], reach.island[k]
        for a in range(reach.first[part], reach.first[part + 1]):
            if _is_usable(arcs, a, to_tail, from_head, most):
                is_usable[k, group[a]] = True
    return is_usable


@compiled_inner
def _is_usable(arcs: Integers, a: int, to_tail: Integers, from_head: Integers, most: int) -> bool:
    start, seconds, end = to_tail[arcs[a, 0]], arcs[a, 2], from_head[arcs[a, 1]]
    # Check each term first: a sum of unreached times would overflow.
    return bool(start <= most and seconds <= most and end <= most and start + seconds + end <= most)


@compiled
def _relevant(arcs: Integers, reach: _PairReach) -> Mask:
    found = np.zeros(len(arcs), np.bool_)
    for k in range(reach.limit.size):
        to_tail, from_head = (
            reach.from_origin[reach.origin_row[k]],
            reach.to_destination[reach.destination_row[k]],
        )
        most, part = reach.limit[k], reach.island[k]
        for a in range(reach.first[part], reach.first[part + 1]):
            if not found[a]:
                found[a] = _is_usable(arcs, a, to_tail, from_head, most)
    return found


@compiled
def _usable_rows(arcs: Integers, reach: _PairReach) -> tuple[Integers, Integers]:
    """Return the number of arcs that each pair can use, and the positions of all of them, pair by pair."""
    counts = np.zeros(reach.limit.size, np.int64)
    found = np.empty(1024, np.int64)
    filled = 0
    for k in range(reach.limit.size):
        to_tail, from_head = (
            reach.from_origin[reach.origin_row[k]],
            reach.to_destination[reach.destination_row[k]],
        )
        most, part = reach.limit[k], reach.island[k]
        begin, end = reach.first[part], reach.first[part + 1]
        if filled + end - begin > found.size:
            larger = np.empty(2 * found.size + end - begin, np.int64)
            larger[:filled] = found[:filled]
            found = larger
        before = filled
        for a in range(begin, end):
            if _is_usable(arcs, a, to_tail, from_head, most):
                found[filled] = a
                filled += 1
        counts[k] = filled - before
    return counts, found[:filled]


def usable_arcs(problem: DesignProblem, arcs: Sequence[Arc]) -> Mask:
    """Return bool [K x arcs], whether each arc is on a walk of a pair within its limit with everything built.

    Parameters
    ----------
    problem
        The problem.
    arcs
        Any arcs of the problem.
    """
    return Reach.of(problem).usable(arcs, np.arange(len(arcs)), len(arcs))


def usable_candidates(problem: DesignProblem, reach: Reach) -> tuple[Integers, Integers]:
    """Return the candidates that each pair can use, as `use_start` and `use` of `Tables`."""
    arcs = [arc for c in problem.candidates for arc in c.arcs]
    owner = integers(j for j, c in enumerate(problem.candidates) for _ in c.arcs)
    found = reach.usable(arcs, owner, len(problem.candidates))
    return _starts(found.sum(axis=1)), np.nonzero(found)[1].astype(np.int64)


def usable_candidate_arcs(t: Tables) -> tuple[Integers, Integers]:
    """Return the arcs of candidates that each pair can use, in the order of `t.arc_tail`, in compressed rows.

    Returns
    -------
    tuple
        int64 [K + 1], where each pair starts, and int64, the positions of the arcs.
    """
    arcs = np.stack([t.arc_tail, t.arc_head, t.arc_seconds], axis=1)
    tails = np.repeat(np.arange(len(t.net.start) - 1), np.diff(t.net.start))
    island = _islands(len(t.net.start) - 1, tails, t.net.head)
    order, first = _by_island(island, t.arc_tail)
    counts, found = _usable_rows(
        arcs[order],
        _PairReach(
            first,
            island[t.origin],
            t.limit,
            t.origin_row,
            t.destination_row,
            t.from_origin,
            t.to_destination,
        ),
    )
    return _starts(counts), order[found]


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
    limits = [*_cap_rows(problem), *_capacity_rows(problem)]
    pairs = [_of_group(problem.pairs, t.group) if t.of == "pairs" else [] for t in targets]
    cities_of_target = [_of_group(cities, t.group) if t.of == "cities" else [] for t in targets]
    return Side(
        limit_most=integers(most for most, _ in limits),
        limit_start=_starts([len(row) for _, row in limits]),
        limit_candidate=integers(j for _, row in limits for j, _ in row),
        limit_use=integers(units for _, row in limits for _, units in row),
        exclude=_candidate_pairs(problem, problem.excludes),
        require=_candidate_pairs(problem, problem.requires),
        city_start=_starts([len(city.pairs) for city in cities]),
        city_pair=integers(k for city in cities for k in city.pairs),
        city_need=integers(city.need for city in cities),
        city_weight=integers(city.weight for city in cities),
        target_least=integers(target.least for target in targets),
        target_pair_start=_starts([len(row) for row in pairs]),
        target_pair=integers(k for row in pairs for k in row),
        target_city_start=_starts([len(row) for row in cities_of_target]),
        target_city=integers(i for row in cities_of_target for i in row),
    )


type LimitRow = tuple[int, list[tuple[int, int]]]
"""What there is of a limit, and the candidates that use it, by position, with how much each uses."""


def _cap_rows(problem: DesignProblem) -> Iterator[LimitRow]:
    for name, most in problem.caps:
        yield most, [(j, c.cost) for j, c in enumerate(problem.candidates) if c.instrument == name and c.cost]


def _capacity_rows(problem: DesignProblem) -> Iterator[LimitRow]:
    for capacity in problem.capacities:
        yield capacity.most, [(problem.index[name], units) for name, units in capacity.use]


def integers(values: Iterable[int]) -> Integers:
    """Return numbers as an int64 array."""
    return np.array(list(values), dtype=np.int64)


def _of_group(items: Iterable[Pair | City], group: str) -> list[int]:
    return [position for position, item in enumerate(items) if item.group == group]


def _candidate_pairs(problem: DesignProblem, items: Iterable[tuple[str, str]]) -> Integers:
    rows = [(problem.index[first], problem.index[second]) for first, second in items]
    return np.array(rows, dtype=np.int64).reshape(-1, 2)


def _starts(counts: Sequence[int] | Integers) -> Integers:
    """Return int64 [parts + 1], where each part starts and the last one ends."""
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)


class Commodity(NamedTuple):
    """The arcs that one pair can use within its limit.

    Attributes
    ----------
    nodes
        Number of nodes; they are renumbered, with the origin as 0 and the destination as 1.
    tail, head, seconds
        int64 [a], the arcs.
    limit
        Time limit, in seconds.
    link
        int64 [a], the link of each arc; -1 for existing arcs. A link consists of the arcs of one candidate
        between the same two nodes, in both directions, which share one capacity.
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
    Arcs that are on no walk within the limit with everything built are left out, as in the preprocessing of
    Bucarey et al., and so are arcs into the origin and out of the destination, which no shortest path uses.
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
    """Prices of a commodity: a dual solution or dual ray of its flow problem.

    Attributes
    ----------
    link
        float64 [links] >= 0, price of a unit of capacity.
    time
        Price >= 0 of the whole time limit.
    """

    link: Floats
    time: float
