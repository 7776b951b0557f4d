"""Say what one link more or less is worth to a set of links, asking only about pairs that it can touch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.search.paths import Mask
from optimiser.measures.appraisal.usable import Search, slack, some_arcs, usable, uses_of, within_of
from optimiser.measures.appraisal.valuing import Valuer, checked


class _City(NamedTuple):
    """A city by the number of its pairs that are always covered, and the rows of those that are asked for."""

    base: int
    rows: list[int]
    need: int
    weight: int


@dataclass(frozen=True)
class Marginal:
    """The sets of links that lie within one plan; A pairs that the plan gains, J candidates of the problem.

    Attributes
    ----------
    worth
        The problem, laid out, from `Valuer.within` of the plan.
    plan
        Ids, sorted.

    Notes
    -----
    A set keeps its pairs when it loses a link that their paths do not take, and a link can bring to a set
    only pairs that it can bring to the whole plan, where every way is shortest. So the answers are those of
    `Valuer.value` on every set.
    """

    worth: Valuer
    plan: tuple[str, ...]

    @classmethod
    def of(cls, worth: Valuer, built: Iterable[str]) -> Marginal:
        """Lay out a plan.

        Parameters
        ----------
        worth
            The problem, laid out.
        built
            Ids of the plan.

        Raises
        ------
        ProblemError
            When an id is unknown or stands twice.
        """
        names = checked(worth.problem, built)
        return cls(worth.within(names), names)

    def value(self, names: Iterable[str]) -> int:
        """Return what a set of links is worth.

        Parameters
        ----------
        names
            Ids, all of the plan.
        """
        return self._worth_of(self._within(self._open(names)))

    def covered(self, names: Iterable[str]) -> frozenset[int]:
        """Return the positions of the pairs that a set of links covers, in the order of the problem.

        Parameters
        ----------
        names
            Ids, all of the plan.
        """
        rows = self._within(self._open(names))
        return self.worth.always.union(self.worth.asked.pair[rows].tolist())

    def gains(self, held: Sequence[str], names: Iterable[str]) -> dict[str, int]:
        """Return what each of some links adds to a set.

        Parameters
        ----------
        held
            Ids of the set.
        names
            Ids of links that are not in it.
        """
        is_open = self._open(held)
        before = self._within(is_open)
        start, found = self._worth_of(before), dict[str, int]()
        for name in names:
            rows = np.flatnonzero(~before & self._useful[:, self._at(name)])
            after = before.copy()
            after[rows] = self._within(_switched(is_open, self._at(name), to=True), rows)
            found[name] = self._worth_of(after) - start
        return found

    def losses(self, held: Sequence[str], names: Iterable[str]) -> dict[str, int]:
        """Return what is lost when each of some links alone is left out of a set.

        Parameters
        ----------
        held
            Ids of the set.
        names
            Ids of links that are in it.
        """
        is_open = self._open(held)
        before = self._within(is_open)
        uses = uses_of(self._search, is_open)
        start, found = self._worth_of(before), dict[str, int]()
        for name in names:
            rows = np.flatnonzero(before & uses[:, self._at(name)])
            after = before.copy()
            after[rows] = self._within(_switched(is_open, self._at(name), to=False), rows)
            found[name] = start - self._worth_of(after)
        return found

    def shared(self) -> dict[str, dict[str, int]]:
        """Return for each link the others of the plan that pairs use with it, and by how many pairs.

        Returns
        -------
        dict
            By id, sorted: ids of other links, those of most pairs first, and the number of gained pairs whose
            fastest path with the whole plan takes both. One fastest path counts.
        """
        uses = uses_of(self._search, self._open(self.plan)).astype(np.int64)
        both = uses.T @ uses
        counts = {
            one: {other: int(both[self._at(one), self._at(other)]) for other in self.plan if other != one}
            for one in self.plan
        }
        return {
            one: dict(sorted(((k, n) for k, n in mine.items() if n), key=lambda item: -item[1]))
            for one, mine in counts.items()
        }

    def _at(self, name: str) -> int:
        return self.worth.problem.index[name]

    def _open(self, names: Iterable[str]) -> Mask:
        mask = np.zeros(len(self.worth.problem.candidates) + 1, dtype=np.bool_)
        mask[-1] = True
        mask[[self._at(name) for name in names]] = True
        return mask

    def _within(self, is_open: Mask, rows: NDArray[np.int64] | None = None) -> Mask:
        """Say which pairs, of all or of some rows, are within their limits."""
        asked = np.arange(len(self.worth.asked.pair)) if rows is None else rows
        found: Mask = within_of(self._search, is_open, asked)
        return found

    def _worth_of(self, within: Mask) -> int:
        covered: int = sum(self._weight[within].tolist())
        cities = sum(one.weight for one in self._cities if one.base + int(within[one.rows].sum()) >= one.need)
        return self._certain + covered + cities

    @cached_property
    def _weight(self) -> NDArray[np.object_]:
        pairs = self.worth.problem.pairs
        return np.array([pairs[k].weight for k in self.worth.asked.pair.tolist()], dtype=object)

    @cached_property
    def _certain(self) -> int:
        return sum(self.worth.problem.pairs[k].weight for k in self.worth.always)

    @cached_property
    def _cities(self) -> tuple[_City, ...]:
        row = {k: at for at, k in enumerate(self.worth.asked.pair.tolist())}
        return tuple(
            _City(
                base=sum(k in self.worth.always for k in city.pairs),
                rows=[row[k] for k in city.pairs if k in row],
                need=city.need,
                weight=city.weight,
            )
            for city in self.worth.problem.cities
        )

    @cached_property
    def _usable(self) -> tuple[Mask, Mask]:
        return usable(self.worth.net, self._open(self.plan), self.worth.asked)

    @property
    def _useful(self) -> Mask:
        return self._usable[1]

    @cached_property
    def _search(self) -> Search:
        net, asked, most = self.worth.net, self.worth.asked, self._open(self.plan)
        row = np.repeat(np.arange(len(asked.origins)), np.diff(asked.start))
        return Search(
            net=some_arcs(net, self._usable[0]),
            latest=slack(net, most, asked),
            row=row,
            origin=asked.origins[row],
            destination=asked.destination,
            limit=asked.limit,
        )


def _switched(is_open: Mask, at: int, *, to: bool) -> Mask:
    found = is_open.copy()
    found[at] = to
    return found
