"""Value links in subsets of a plan, order them by when to build them, and say what cities still need."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import groupby
from math import inf

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimiser.engine.search.labels import PathFinder
from optimiser.engine.search.paths import UNREACHED, Graph, Integers, Mask, in_rows, opened, times_from
from optimiser.engine.search.tables import tables
from optimiser.measures.valuation import PairTable, Search, Valuer, tails, used_owners
from optimiser.problem import Candidate, DesignProblem


@dataclass(frozen=True)
class MarginalValues:
    """The subsets of one plan; A pairs that the plan gains, J candidates of the problem.

    Attributes
    ----------
    valuer
        The problem, restricted to the plan by `Valuer.within`.
    plan
        Ids of the plan, sorted.

    Notes
    -----
    All values equal those of `Valuer.value`. Three facts spare searches. A subset that loses a link keeps the
    pairs whose shortest paths do not take the link. A link can bring a pair into a subset only if the pair
    can use the link within its limit with the whole plan built, where every path is shortest. So whether a
    subset covers a pair depends on those of its links alone that the pair can use, and is remembered by them:
    along an order of building most pairs meet the same links again and again.
    """

    valuer: Valuer
    plan: tuple[str, ...]

    @classmethod
    def of(cls, valuer: Valuer, built: Iterable[str]) -> MarginalValues:
        """Prepare a plan, given by its ids."""
        names = tuple(sorted(built))
        return cls(valuer.within(names), names)

    def value(self, names: Iterable[str]) -> int:
        """Return the value of a subset of the plan."""
        return self._value_of(self._within(self._open(names)))

    def covered(self, names: Iterable[str]) -> frozenset[int]:
        """Return the positions of the pairs that a subset of the plan covers."""
        rows = self._within(self._open(names))
        return self.valuer.always.union(self.valuer.table.pair[rows].tolist())

    def gains(self, held: Sequence[str], names: Iterable[str]) -> dict[str, int]:
        """Return the value that each of some links adds to a subset.

        Parameters
        ----------
        held
            Ids of the subset.
        names
            Ids of links of the plan outside it.
        """
        is_open = self._open(held)
        before = self._within(is_open)
        return self._changes(is_open, before, ~before[:, None] & self._usable[1], names, built=True)

    def losses(self, held: Sequence[str], names: Iterable[str]) -> dict[str, int]:
        """Return the value that a subset loses when each of some links alone is left out.

        Parameters
        ----------
        held
            Ids of the subset.
        names
            Ids of links in it.
        """
        is_open = self._open(held)
        before = self._within(is_open)
        found = self._changes(is_open, before, before[:, None] & self._uses(is_open), names, built=False)
        return {name: -change for name, change in found.items()}

    def lost_pairs(self, held: Sequence[str]) -> list[tuple[int, ...]]:
        """Return the pairs, by position, that a subset loses when each of its links alone is left out.

        Parameters
        ----------
        held
            Ids of the subset.
        """
        is_open = self._open(held)
        before, uses = self._within(is_open), self._uses(is_open)
        lost = (
            self._turned(is_open, np.flatnonzero(before & uses[:, self._at(name)]), name, built=False)
            for name in held
        )
        return [tuple(sorted(self.valuer.table.pair[rows].tolist())) for rows in lost]

    def shared_pairs(self) -> dict[str, dict[str, int]]:
        """Return for each link the other links that pairs use together with it, and by how many pairs.

        Returns
        -------
        dict
            By id, sorted: ids of other links, in order of falling counts, and the number of gained pairs
            whose shortest path with the whole plan takes both. Of several shortest paths one counts.
        """
        every = np.arange(len(self.valuer.table.pair))
        uses = used_owners(self._search, self._open(self.plan), every).astype(np.int64)
        both = uses.T @ uses
        counts = {
            one: {other: int(both[self._at(one), self._at(other)]) for other in self.plan if other != one}
            for one in self.plan
        }
        return {
            one: dict(sorted(((k, n) for k, n in own.items() if n), key=lambda item: -item[1]))
            for one, own in counts.items()
        }

    def _turned(self, is_open: Mask, rows: NDArray[np.intp], name: str, *, built: bool) -> NDArray[np.intp]:
        """Return which of some rows a link covers when it is built, or uncovers when it is left out."""
        switched = is_open.copy()
        switched[self._at(name)] = built
        turned: NDArray[np.intp] = rows[self._within(switched, rows) == built]
        return turned

    def _changes(
        self, is_open: Mask, before: Mask, may_turn: Mask, names: Iterable[str], *, built: bool
    ) -> dict[str, int]:
        """Return by how much the value of a subset changes when each of some links is built or left out.

        `before` are the pairs that it covers, `may_turn` those that each candidate may change, [A, J + 1].
        """
        start, found = self._value_of(before), dict[str, int]()
        for name in names:
            rows = np.flatnonzero(may_turn[:, self._at(name)])
            after = before.copy()
            after[self._turned(is_open, rows, name, built=built)] = built
            found[name] = self._value_of(after) - start
        return found

    def _at(self, name: str) -> int:
        return self.valuer.problem.index[name]

    def _open(self, names: Iterable[str]) -> Mask:
        return opened(self.valuer.problem, map(self._at, names))

    def _within(self, is_open: Mask, rows: NDArray[np.int64] | None = None) -> Mask:
        """Return which pairs, of all or of some rows, are within their limits."""
        asked = np.arange(len(self.valuer.table.pair)) if rows is None else rows
        known = [self._known[row] for row in asked.tolist()]
        keys = [key.tobytes() for key in self._usable_of(is_open, asked)]
        found = [own.get(key) for own, key in zip(known, keys, strict=True)]
        missing = [at for at, covered in enumerate(found) if covered is None]
        if missing:
            # A pair that the plan gains uses some candidate wherever it is within its limit.
            searched = used_owners(self._search, is_open, asked[missing]).any(axis=1).tolist()
            for at, covered in zip(missing, searched, strict=True):
                found[at] = known[at][keys[at]] = covered
        return np.array(found, dtype=np.bool_)

    def _usable_of(self, is_open: Mask, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return which links of a subset some pairs can use, packed, one row a pair."""
        return np.packbits(self._usable[1][rows] & is_open, axis=1)

    @cached_property
    def _known(self) -> list[dict[bytes, bool]]:
        """Remember for each pair whether it is covered, by the links of the subset that it can use."""
        return [{} for _ in self.valuer.table.pair]

    def _uses(self, is_open: Mask) -> Mask:
        """Return which links lie on a shortest path of each pair in a subset, as `used_owners`.

        Only pairs that can use what differs from the subset asked for before are searched again.
        """
        every = np.arange(len(self.valuer.table.pair))
        keys, (old, uses) = self._usable_of(is_open, every), self._last_uses[0]
        changed = every if old is None else np.flatnonzero((keys != old).any(axis=1))
        uses[changed] = used_owners(self._search, is_open, changed)
        self._last_uses[:] = [(keys, uses)]
        return uses

    @cached_property
    def _last_uses(self) -> list[tuple[NDArray[np.uint8] | None, Mask]]:
        """Remember the links of the last subset that each pair can use, and those that it uses."""
        return [(None, np.zeros(self._usable[1].shape, dtype=np.bool_))]

    def _value_of(self, within: Mask) -> int:
        member, lacking, weight = self._cities
        covered: int = sum(self._weight[within].tolist()) + sum(weight[member @ within >= lacking].tolist())
        return self.valuer.always_weight + covered

    @cached_property
    def _weight(self) -> NDArray[np.object_]:
        pairs = self.valuer.problem.pairs
        return np.array([pairs[k].weight for k in self.valuer.table.pair.tolist()], dtype=object)

    @cached_property
    def _cities(self) -> tuple[Integers, Integers, NDArray[np.object_]]:
        """Return which pairs belong to each city, [cities, A], how many of them it lacks, and its weight."""
        cities, pair = self.valuer.problem.cities, self.valuer.table.pair
        member = np.array([np.isin(pair, city.pairs) for city in cities], dtype=np.int64)
        lacking = [city.need - len(self.valuer.always.intersection(city.pairs)) for city in cities]
        weight = np.array([city.weight for city in cities], dtype=object)
        return member.reshape(len(cities), len(pair)), np.array(lacking, dtype=np.int64), weight

    @cached_property
    def _usable(self) -> tuple[Mask, Mask, Integers]:
        return _usable(self.valuer.net, self._open(self.plan), self.valuer.table)

    @cached_property
    def _search(self) -> Search:
        net, table = self.valuer.net, self.valuer.table
        kept, _, latest = self._usable
        arcs = (column[kept] for column in (tails(net), net.head, net.seconds, net.owner))
        return Search(in_rows(*arcs, nodes=net.start.size - 1), latest, table)


def _usable(net: Graph, is_open: Mask, table: PairTable) -> tuple[Mask, Mask, Integers]:
    """Return which arcs some pair can use, which pairs can use which candidates, and when nodes are of use.

    `is_open` holds the most that is ever open. A pair (o, d) can use an arc (u, v) if the times from o to u,
    over the arc, and from v to d sum to at most its limit.

    Returns
    -------
    arcs, candidates, latest
        bool [m]; bool [A, J + 1], whose last column stands for the arcs that exist today; int64 [O x n], the
        latest second at which a path from each origin may reach each node: the largest limit less the least
        time onward, over the pairs of the origin; below 0 where a node is of no use to any of them.
    """
    ends, end = np.unique(table.destination, return_inverse=True)
    away = _times_from_each(net, is_open, table.origins)
    tail, nodes = tails(net), net.start.size - 1
    reverse = in_rows(net.head, tail, net.seconds, net.owner, nodes=nodes)
    back = _times_from_each(reverse, is_open, ends)
    arcs, latest = np.zeros(net.head.size, dtype=np.bool_), np.full((len(away), nodes), -UNREACHED)
    np.maximum.at(latest, table.row, table.limit[:, None] - back[end])
    candidates = np.zeros((table.pair.size, is_open.size), dtype=np.bool_)
    for k, row in enumerate(table.row.tolist()):
        seconds = away[row][tail] + net.seconds + back[end[k]][net.head]
        fits = is_open[net.owner] & (seconds <= table.limit[k])
        arcs |= fits
        candidates[k, net.owner[fits]] = True
    return arcs, candidates, latest


def _times_from_each(net: Graph, is_open: Mask, nodes: Integers) -> Integers:
    """Return the seconds from each of some nodes to all others, int64 [nodes x n].

    A node out of reach has half of `UNREACHED`: two such times can be added without overflow.
    """
    found = [times_from(net, is_open, node, UNREACHED // 4) for node in nodes]
    return np.minimum(np.array(found).reshape(len(nodes), net.start.size - 1), UNREACHED // 2)


@dataclass(frozen=True, slots=True)
class BuildOrder:
    """The links of a plan in the order of building.

    Attributes
    ----------
    method
        How the order was found: `forward` or `backward`, followed by `, exchanged` where exchanges of
        neighbours improved it.
    links
        Ids.
    area
        Money x weight under the curve of value over money spent, above the value with nothing built. While
        the money of a link is spent, the value is that of the links before it. The larger the area, the
        earlier the value comes.
    """

    method: str
    links: tuple[str, ...]
    area: int


def build_order(valuer: Valuer, built: Iterable[str], rings: Sequence[set[str]] = ()) -> BuildOrder:
    """Return an order in which to build the links of a plan, most covered weight per cost first.

    Parameters
    ----------
    valuer
        The prepared problem.
    built
        Ids of the plan.
    rings
        Ids on each ring that it forms: `links_of_rings`.

    Returns
    -------
    BuildOrder
        A link follows the links of the plan that it requires, unless they require each other.

    Notes
    -----
    `forward`: start with nothing, and build the link that gains the most weight per unit of money; ties are
    built in the order of `backward`. `backward`: start with the plan, and leave out the link that loses the
    least weight per unit of money; the link left out first is built last. The order is that of the larger
    `area` (of equal ones `forward`), improved by exchanges of neighbours.

    When no link needs another, both orders are optimal: sorting jobs by value per time is the rule of Smith
    (1956), Various optimizers for single-stage production, Naval Research Logistics Quarterly 3, and the
    exchange of neighbours is its proof. A ring earns nothing before it is closed: of neighbours that bring no
    pair, those of one ring stand together, in the order of `rings`. Value never falls as links are
    added, so that such neighbours have the same area in any order. Links that have value only together
    mislead `forward`, and links that can replace each other mislead `backward`. Each exchange increases the
    area, so that exchanges terminate.
    """
    values = MarginalValues.of(valuer, built)
    backward = _ordered(values, _backward(values), "backward")
    forward = _ordered(values, _forward(values, backward.links), "forward")
    better = max(forward, backward, key=lambda order: order.area)
    exchanged = _exchanged(values, better.links)
    method = better.method if tuple(exchanged) == better.links else f"{better.method}, exchanged"
    return _ordered(values, _by_ring(values, exchanged, rings), method)


def links_of_rings(problem: DesignProblem, circuits: Mapping[str, Sequence[int]]) -> list[set[str]]:
    """Return the ids on each ring that a plan forms, the ring of the highest reward per unit of money first.

    `circuits` are the positions of the links of each ring, by its id.
    """
    rings = [
        (ring.reward, {name for at in circuits[ring.id] if (name := ring.links[at].candidate) is not None})
        for ring in problem.rings
        if ring.id in circuits
    ]
    rings.sort(key=lambda ring: -Fraction(ring[0], max(1, problem.cost_of(ring[1]))))
    return [names for _, names in rings]


def _by_ring(values: MarginalValues, links: Sequence[str], rings: Sequence[set[str]]) -> list[str]:
    """Return an order in which neighbours that bring no pair stand by ring (see `build_order`)."""
    place = {name: at for at, names in reversed([*enumerate(rings)]) for name in names}
    worth = [values.value(links[:at]) for at in range(len(links) + 1)]
    bound, order = {name for both in values.valuer.problem.requires for name in both}, list[str]()
    for _, steps in groupby(range(len(links)), key=lambda at: (worth[at], worth[at + 1])):
        names = [links[at] for at in steps]
        is_free = bound.isdisjoint(names)
        order += sorted(names, key=lambda name: place.get(name, len(rings))) if is_free else names
    return order


def _ordered(values: MarginalValues, links: Sequence[str], method: str) -> BuildOrder:
    nothing, problem = values.value(()), values.valuer.problem
    area = sum(
        problem.cost_of([name]) * (values.value(links[:at]) - nothing) for at, name in enumerate(links)
    )
    return BuildOrder(method, tuple(links), area)


def _backward(values: MarginalValues) -> list[str]:
    problem, left, dropped = values.valuer.problem, list(values.plan), list[str]()
    while left:
        free = _free(problem, left, 1) or left
        gone = min(free, key=_rank_by_loss(problem, values.losses(left, free), left[::-1]))
        left.remove(gone)
        dropped.append(gone)
    return dropped[::-1]


def _forward(values: MarginalValues, ties: Sequence[str]) -> list[str]:
    problem, left, order = values.valuer.problem, list(ties), list[str]()
    while left:
        ready = _free(problem, left, 0) or left
        # The largest gain is the smallest loss.
        losses = {name: -gain for name, gain in values.gains(order, ready).items()}
        taken = min(ready, key=_rank_by_loss(problem, losses, ties))
        left.remove(taken)
        order.append(taken)
    return order


def _rank_by_loss(
    problem: DesignProblem, losses: Mapping[str, int], ties: Sequence[str]
) -> Callable[[str], tuple[float | Fraction, int]]:
    """Return a sort key: loss per unit of money, then the place in `ties`."""
    place = {name: i for i, name in enumerate(ties)}

    def rank(name: str) -> tuple[float | Fraction, int]:
        cost, lost = problem.cost_of([name]), losses[name]
        if cost:
            return Fraction(lost, cost), place[name]
        return (inf if lost > 0 else -inf if lost < 0 else 0), place[name]

    return rank


def _free(problem: DesignProblem, left: Collection[str], end: int) -> list[str]:
    """Return the links that require none of those left (`end` 0), or that none of those requires (1)."""
    bound = {both[end] for both in problem.requires if both[1 - end] in left}
    return [name for name in left if name not in bound]


def _exchanged(values: MarginalValues, links: Sequence[str]) -> list[str]:
    """Return an order in which no exchange of neighbours increases the area."""
    problem, order, at = values.valuer.problem, list(links), 0
    while at + 1 < len(order):
        first, second = order[at : at + 2]
        # After those before, this order adds cost(second) x gain(first) to the area, the opposite one
        # cost(first) x gain(second); the value with both is the same.
        gains = values.gains(order[:at], (first, second))
        more = problem.cost_of([first]) * gains[second] > problem.cost_of([second]) * gains[first]
        if more and (second, first) not in problem.requires:
            order[at : at + 2] = [second, first]
            # The link moved forward may be better than its new neighbour too.
            at = max(at - 1, 0)
        else:
            at += 1
    return order


@dataclass(frozen=True, slots=True)
class LinkGain:
    """What one proposed link brings; pairs are positions in the problem.

    Attributes
    ----------
    candidate
        Position of the candidate in the problem.
    used_by
        Newly covered pairs whose path, with the whole plan built, takes the link.
    added
        Pairs newly covered when the link joins those of better rank.
    lost_alone
        Pairs that fall back beyond the limit when this link alone is left out of the plan.
    """

    candidate: int
    used_by: tuple[int, ...]
    added: tuple[int, ...]
    lost_alone: tuple[int, ...]


type Ranking = tuple[tuple[LinkGain, ...], tuple[tuple[int, tuple[int, ...]], ...]]
"""Gains of the links of a plan in order of rank; each newly covered pair with the candidates on its path."""


def rank_links(
    problem: DesignProblem, built: Iterable[str], rings: Sequence[set[str]] = (), *, order: Sequence[str] = ()
) -> Ranking:
    """Return what each link of a plan brings, in the order of building: the first to build ranks first.

    Parameters
    ----------
    problem
        The design problem.
    built
        Ids of the plan.
    rings
        As in `build_order`.
    order
        The same ids in the order of building, where it is known; else that of `build_order`.

    Returns
    -------
    Ranking
        The routes are those with the whole plan built.
    """
    values = MarginalValues.of(Valuer.of(problem), built)
    routes, links = values.valuer.routes(values.plan), order or build_order(values.valuer, built, rings).links
    alone = dict(zip(values.plan, values.lost_pairs(values.plan), strict=True))
    covered = [values.covered(links[:at]) for at in range(len(links) + 1)]
    gains = tuple(
        LinkGain(
            j,
            tuple(k for k, route in routes.items() if j in route),
            tuple(sorted(after - before)),
            alone[name],
        )
        for name, before, after in zip(links, covered, covered[1:], strict=False)
        for j in [problem.index[name]]
    )
    return gains, tuple(routes.items())


# ---- what each city gains, and what would bring another of its pairs within the limit


def cheapest_sets(
    problem: DesignProblem, built: Collection[str], pairs: Iterable[int]
) -> dict[int, tuple[int, tuple[str, ...]]]:
    """Return the cheapest candidates that bring each of some pairs within its limit, beside what is built.

    Parameters
    ----------
    problem, built
        The problem, and ids of what is built.
    pairs
        Positions of pairs.

    Returns
    -------
    dict
        By position, cost and ids; pairs that nothing brings within their limits are missing. Rules
        between candidates, caps, periods and room on lines do not count.
    """
    order = sorted(pairs, key=lambda k: (problem.pairs[k].origin, k))
    some = tuple(problem.pairs[k] for k in order)
    plain = tuple(Candidate(c.id, c.cost, c.arcs) for c in problem.candidates)
    finder = PathFinder(tables(DesignProblem(problem.name, problem.nodes, problem.arcs, plain, some, None)))
    price = np.array([np.inf if c.fixed == "out" else float(c.cost) for c in problem.candidates] + [0.0])
    price[[problem.index[name] for name in built]] = 0.0
    found = {}
    for at, k in enumerate(order):
        for used in finder.cheapest(at, price, np.inf)[:1]:
            new = [problem.candidates[j] for j in used.tolist() if problem.candidates[j].id not in built]
            found[k] = (sum(one.cost for one in new), tuple(one.id for one in new))
    return found


def needs(
    problem: DesignProblem, built: Collection[str], ends: Integers, *, today: Integers, plan: Integers
) -> pd.DataFrame:
    """Return a row for each city that has pairs beyond their limits today, those that gain least first.

    Parameters
    ----------
    problem, built
        The problem, and ids of what the plan builds.
    ends
        Rows of the cities of each pair, int64 [K x 2].
    today, plan
        Seconds of each pair, int64 [K].

    Returns
    -------
    pandas.DataFrame
        `city` (row), `open` (pairs beyond their limits today), and of these those that are `gained`, that are
        `left` to other candidates, and that are out of reach of all (`never`); `pair`, the position of the
        one that takes least money, else lies least beyond its limit (-1: all are gained), its other city
        `partner` (row), and `cost` and `candidates` (ids) beyond the plan, where candidates bring it.

    Notes
    -----
    Cities are ordered by the share of open pairs that they gain, then by the number of those that remain.
    """
    limit = np.array([pair.limit for pair in problem.pairs], dtype=np.int64)
    is_open, rest = today > limit, plan > limit
    sets = cheapest_sets(problem, built, np.flatnonzero(rest).tolist())
    rows = []
    for city in np.unique(ends[is_open]).tolist():
        mine = np.flatnonzero(is_open & (ends == city).any(axis=1))
        remain = mine[rest[mine]].tolist()
        left = [k for k in remain if k in sets]
        nearest = min(remain, key=lambda k: (plan[k] - limit[k], k), default=-1)
        pair = min(left, key=lambda k: (sets[k][0], k), default=nearest)
        row = {"city": city, "open": len(mine), "gained": len(mine) - len(remain), "left": len(left)}
        partner = int(ends[pair].sum()) - city if remain else -1
        row |= {"never": len(remain) - len(left), "pair": pair, "partner": partner}
        cost, names = sets.get(pair, (None, ()))
        rows.append(row | {"cost": cost, "candidates": names})
    found = pd.DataFrame(rows, columns=["city", *_COUNTS, "pair", "partner", "cost", "candidates"])
    share = found["gained"] / found["open"]
    order = np.lexsort([found["city"], -(found["left"] + found["never"]), share])
    return found.astype({"cost": "Int64"}).iloc[order].reset_index(drop=True)


_COUNTS = ("open", "gained", "left", "never")
