"""Represent a problem by arrays for the compiled searches."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Self

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from optimiser.engine.search.compiled import Record
from optimiser.engine.search.paths import (
    LONGEST,
    Floats,
    Graph,
    Integers,
    Mask,
    arc_table,
    graph,
    starts,
    time_rows,
)
from optimiser.problem import City, DesignProblem, Pair


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


class Reach(NamedTuple):
    """Shortest times of all pairs with everything built, which determine the arcs that a pair can use.

    Attributes
    ----------
    origins, destinations, origin_row, destination_row, limit, from_origin, to_destination
        As in `Tables`.
    island
        int64 [n], number of the island of each node (`islands_of`).
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

    @classmethod
    def in_tables(cls, t: Tables) -> Self:
        """Return the times that the arrays of a problem hold."""
        known = {name: getattr(t, name) for name in cls._fields if name != "island"}
        arcs = arcs_of(t.net)
        return cls(**known, island=components(len(t.net.start) - 1, arcs[:, 0], arcs[:, 1]))

    def only(self, pairs: Integers | list[int]) -> Self:
        """Return the times of some pairs, by position."""
        per_pair = ("origin_row", "destination_row", "limit")
        return self._replace(**{name: getattr(self, name)[pairs] for name in per_pair})

    def usable_by(self, arcs: Integers) -> Iterator[Integers]:
        """Yield for each pair the positions of the arcs on a walk of it within its limit T.

        With a(u) the time from its origin to u and b(v) that from v to its destination, everything built, an
        arc (u, v) of s seconds is on such a walk exactly if a(u) + s + b(v) <= T.

        Parameters
        ----------
        arcs
            int64 [m x 3], tail, head and seconds of any arcs of the problem; more columns are ignored.
        """
        # A pair can use arcs of its own island alone: they are sorted by island, and the others never read.
        islands = self.island[arcs[:, 0]]
        order = np.argsort(islands, kind="stable")
        first = starts(np.bincount(islands, minlength=self.island.max(initial=-1) + 1))
        # Far above every limit, and so low that no sum of three overflows.
        far = 2 * LONGEST
        tail, head, seconds = np.minimum(arcs[order, :3], far).T
        before, after = np.minimum(self.from_origin, far), np.minimum(self.to_destination, far)
        rows = zip(self.origin_row.tolist(), self.destination_row.tolist(), self.limit.tolist(), strict=True)
        for origin, destination, limit in rows:
            part = self.island[self.origins[origin]]
            near = slice(first[part], first[part + 1])
            times = before[origin][tail[near]] + seconds[near] + after[destination][head[near]]
            yield order[near][times <= limit]

    def used(self, arcs: Integers) -> Mask:
        """Return bool [m], the arcs that some pair can use (`usable_by`)."""
        found = np.zeros(len(arcs), np.bool_)
        for positions in self.usable_by(arcs):
            found[positions] = True
        return found

    def usable(self, arcs: Integers, group: Integers, count: int) -> Mask:
        """Return bool [K x count], whether a pair can use an arc of a group.

        Parameters
        ----------
        arcs
            As for `usable_by`.
        group
            int64 [m], group of each arc, below `count`.
        count
            Number of groups.
        """
        found = np.zeros((len(self.limit), count), np.bool_)
        for k, positions in enumerate(self.usable_by(arcs)):
            found[k, group[positions]] = True
        return found


def islands_of(problem: DesignProblem) -> Integers:
    """Return int64 [n], the number of each node's island: what no arc, open or not, joins to the rest."""
    arcs = arc_table(problem)
    return components(len(problem.nodes), arcs[:, 0], arcs[:, 1])


def arcs_of(net: Graph) -> Integers:
    """Return int64 [m x 4], the tail, head, seconds and owner of each arc of a graph, in its order."""
    tails = np.repeat(np.arange(len(net.start) - 1), np.diff(net.start))
    return np.stack([tails, net.head, net.seconds, net.owner], axis=1)


def components(nodes: int, one: Integers, other: Integers) -> Integers:
    """Return int64 [nodes], the number of each node's connected component; edges join `one` and `other`."""
    network = coo_array((np.ones(len(one), np.int8), (one, other)), shape=(nodes, nodes))
    return connected_components(network, directed=False)[1].astype(np.int64)


def usable_candidate_arcs(t: Tables) -> tuple[Integers, Integers]:
    """Return the arcs of candidates that each pair can use, in the order of `t.arc_tail`, in compressed rows.

    Returns
    -------
    tuple
        int64 [K + 1], where each pair starts, and int64, the positions of the arcs.
    """
    found = list(Reach.in_tables(t).usable_by(np.stack([t.arc_tail, t.arc_head, t.arc_seconds], axis=1)))
    return starts([len(row) for row in found]), np.concatenate([*found, np.zeros(0, np.int64)])


def tables(problem: DesignProblem) -> Tables:
    """Return the arrays of a problem.

    Parameters
    ----------
    problem
        A reduced problem (`presolve.reduce`) in canonical order: pairs sorted by origin.
    """
    arcs, size = arc_table(problem)[len(problem.arcs) :], len(problem.candidates)
    reach = Reach.of(problem)
    can_use = reach.usable(arcs, arcs[:, 3], size)
    return Tables(
        net=graph(problem),
        back_net=graph(problem, reverse=True),
        arc_start=starts([len(c.arcs) for c in problem.candidates]),
        arc_tail=np.ascontiguousarray(arcs[:, 0]),
        arc_head=np.ascontiguousarray(arcs[:, 1]),
        arc_seconds=np.ascontiguousarray(arcs[:, 2]),
        cost=integers(c.cost for c in problem.candidates),
        budget=-1 if problem.budget is None else problem.budget,
        must_cover=problem.must_cover,
        origin=integers(pair.origin for pair in problem.pairs),
        destination=integers(pair.destination for pair in problem.pairs),
        weight=integers(pair.weight for pair in problem.pairs),
        first_pair=starts(np.bincount(reach.origin_row, minlength=len(reach.origins))),
        base=time_rows(problem, reach.origins, ()),
        **{name: value for name, value in reach._asdict().items() if name != "island"},
        use_start=starts(can_use.sum(axis=1)),
        use=np.nonzero(can_use)[1].astype(np.int64),
        side=_side(problem),
    )


def _side(problem: DesignProblem) -> Side:
    cities, targets = problem.cities, problem.targets
    # A limit: what there is of it, and the candidates that use it, each with how much it takes.
    limits = [
        (most, [(j, c.cost) for j, c in enumerate(problem.candidates) if c.instrument == name and c.cost])
        for name, most in problem.caps
    ]
    limits += [(c.most, [(problem.index[name], units) for name, units in c.use]) for c in problem.capacities]

    def members(items: Sequence[Pair | City], of: str) -> list[list[int]]:
        return [[i for i, x in enumerate(items) if x.group == t.group and t.of == of] for t in targets]

    def couples(items: Iterable[tuple[str, str]]) -> Integers:
        rows = [(problem.index[first], problem.index[second]) for first, second in items]
        return np.array(rows, dtype=np.int64).reshape(-1, 2)

    pairs_of_target, cities_of_target = members(problem.pairs, "pairs"), members(cities, "cities")
    return Side(
        limit_most=integers(most for most, _ in limits),
        limit_start=starts([len(row) for _, row in limits]),
        limit_candidate=integers(j for _, row in limits for j, _ in row),
        limit_use=integers(units for _, row in limits for _, units in row),
        exclude=couples(problem.excludes),
        require=couples(problem.requires),
        city_start=starts([len(city.pairs) for city in cities]),
        city_pair=integers(k for city in cities for k in city.pairs),
        city_need=integers(city.need for city in cities),
        city_weight=integers(city.weight for city in cities),
        target_least=integers(target.least for target in targets),
        target_pair_start=starts([len(row) for row in pairs_of_target]),
        target_pair=integers(k for row in pairs_of_target for k in row),
        target_city_start=starts([len(row) for row in cities_of_target]),
        target_city=integers(i for row in cities_of_target for i in row),
    )


def integers(values: Iterable[int]) -> Integers:
    """Return numbers as an int64 array."""
    return np.array(list(values), dtype=np.int64)


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
    table, found = arc_table(problem), []
    for pair, usable in zip(problem.pairs, Reach.of(problem).usable_by(table), strict=True):
        arcs = table[usable]
        arcs = arcs[(arcs[:, 1] != pair.origin) & (arcs[:, 0] != pair.destination)]
        others = np.setdiff1d(arcs[:, :2], [pair.origin, pair.destination])
        number = np.zeros(len(problem.nodes), np.int64)
        number[[pair.origin, pair.destination, *others]] = np.arange(len(others) + 2)
        (tail, head), owner = number[arcs[:, :2].T], arcs[:, 3]
        ends = np.stack([owner, np.minimum(tail, head), np.maximum(tail, head)], axis=1)
        is_new, link = owner < len(problem.candidates), np.full(len(arcs), -1)
        links, inverse = np.unique(ends[is_new], axis=0, return_inverse=True)
        link[is_new] = inverse.reshape(-1)
        nodes, candidate = len(others) + 2, np.ascontiguousarray(links[:, 0])
        found.append(Commodity(nodes, tail, head, arcs[:, 2].copy(), pair.limit, link, candidate))
    return tuple(found)


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
