"""Value one link more or less in subsets of a plan, searching only for pairs that the link can affect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.search.paths import UNREACHED, Graph, Integers, Mask, in_rows, times_from
from optimiser.measures.valuation import PairTable, Search, Valuer, tails, used_owners


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
        mask = np.zeros(len(self.valuer.problem.candidates) + 1, dtype=np.bool_)
        mask[-1] = True
        mask[[self._at(name) for name in names]] = True
        return mask

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
