"""Say what a set of links is worth, many sets of one problem after another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from optimiser.engine.search.paths import FAR, LONGEST, Graph, Integers, Mask, opened
from optimiser.measures.appraisal.asked import Asked, pairs_of, some, times_of
from optimiser.measures.appraisal.usable import Search, uses_of
from optimiser.problem import DesignProblem
from optimiser.problem.errors import ProblemError


@dataclass(frozen=True)
class Valuer:
    """A problem laid out for many questions about coverage and times.

    Attributes
    ----------
    problem
        The problem.
    net
        Its arcs.
    asked
        The pairs that are looked at.
    always
        Positions of the pairs that are covered whatever is built, and not looked at.

    Notes
    -----
    Worth is the weight of covered pairs and cities. Rewards of rings and periods are left out: they belong to
    circuits and starts, not to a set of links.
    """

    problem: DesignProblem
    net: Graph
    asked: Asked
    always: frozenset[int] = frozenset()

    def covered(self, built: Iterable[str]) -> frozenset[int]:
        """Return the positions of the covered pairs.

        Parameters
        ----------
        built
            Ids of what is built.
        """
        times = times_of(self.net, self._open(built), self.asked, endless=False)
        return self.always.union(self.asked.pair[times <= self.asked.limit].tolist())

    def times(self, built: Iterable[str]) -> Integers:
        """Return the seconds of each pair that is looked at, whatever its limit; `FAR` where no path leads.

        Parameters
        ----------
        built
            Ids of what is built.

        Returns
        -------
        NDArray
            int64, in the order of the problem.
        """
        found = np.full(len(self.problem.pairs), FAR)
        found[self.asked.pair] = times_of(self.net, self._open(built), self.asked, endless=True)
        return found

    def times_without(self, built: Sequence[str], whole: Integers) -> Iterator[tuple[str, Integers]]:
        """Yield for each link of a plan the times of pairs when it alone is left out.

        Parameters
        ----------
        built
            Ids of the plan.
        whole
            Times with all of the plan, from `times`.

        Yields
        ------
        str, NDArray
            Id, and times as of `times`. Only pairs whose path takes the link are looked at again.
        """
        search = Search(
            net=self.net,
            latest=np.full((len(self.asked.origins), self.net.start.size - 1), LONGEST),
            row=np.repeat(np.arange(len(self.asked.origins)), np.diff(self.asked.start)),
            origin=np.repeat(self.asked.origins, np.diff(self.asked.start)),
            destination=self.asked.destination,
            limit=np.full(len(self.asked.pair), LONGEST),
        )
        uses = uses_of(search, self._open(built))
        for name in built:
            rows = np.flatnonzero(uses[:, self.problem.index[name]])
            found = whole.copy()
            is_open = self._open([other for other in built if other != name])
            found[self.asked.pair[rows]] = times_of(self.net, is_open, some(self.asked, rows), endless=True)
            yield name, found

    def worth(self, pairs: Collection[int]) -> int:
        """Return the weight of covered pairs and of the cities that they cover.

        Parameters
        ----------
        pairs
            Positions of the covered pairs.
        """
        held = frozenset(pairs)
        cities = (c for c in self.problem.cities if sum(k in held for k in c.pairs) >= c.need)
        certain = self._always_worth if self.always <= held else sum(map(self._weight, self.always & held))
        return certain + sum(map(self._weight, held - self.always)) + sum(city.weight for city in cities)

    def value(self, built: Iterable[str]) -> int:
        """Return what a set of links is worth.

        Parameters
        ----------
        built
            Ids of what is built.
        """
        return self.worth(self.covered(built))

    def within(self, names: Iterable[str]) -> Valuer:
        """Return a faster valuer of the subsets of a plan: it looks at the pairs that the plan gains alone.

        Parameters
        ----------
        names
            Ids of the plan. More is built, more is covered: what nothing covers stays covered, and what the
            whole does not cover none of its parts does.
        """
        nothing = self.covered(())
        gained = self.covered(names) - nothing
        return replace(self, asked=pairs_of(self.problem, gained), always=nothing)

    def _open(self, built: Iterable[str]) -> Mask:
        return opened(self.problem, [self.problem.index[name] for name in built])

    def _weight(self, pair: int) -> int:
        return self.problem.pairs[pair].weight

    @cached_property
    def _always_worth(self) -> int:
        return sum(map(self._weight, self.always))


def valuer(problem: DesignProblem) -> Valuer:
    """Lay a problem out for many questions about coverage and times.

    Parameters
    ----------
    problem
        The problem.

    Raises
    ------
    ProblemError
        When times are longer than the compiled code can add up.
    """
    return Valuer(problem, _laid_out(problem), pairs_of(problem, range(len(problem.pairs))))


def _laid_out(problem: DesignProblem) -> Graph:
    """Return all arcs in compressed rows, however long."""
    rows = [(t, h, s, len(problem.candidates)) for t, h, s in problem.arcs]
    rows += [(t, h, s, j) for j, c in enumerate(problem.candidates) for t, h, s in c.arcs]
    if max((row[2] for row in rows), default=0) * len(problem.nodes) > LONGEST:
        raise ProblemError(f"paths may last longer than the {LONGEST} s that can be added up")
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    table = table[np.lexsort((table[:, 3], table[:, 2], table[:, 1], table[:, 0]))]
    counts = np.bincount(table[:, 0], minlength=len(problem.nodes))
    return Graph(
        start=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        head=np.ascontiguousarray(table[:, 1]),
        seconds=np.ascontiguousarray(table[:, 2]),
        owner=np.ascontiguousarray(table[:, 3]),
    )


def checked(problem: DesignProblem, built: Iterable[str]) -> tuple[str, ...]:
    """Return the ids of a plan, sorted.

    Parameters
    ----------
    problem
        The problem.
    built
        Ids.

    Raises
    ------
    ProblemError
        When an id is unknown or stands twice.
    """
    names = sorted(built)
    unknown = [f"there is no candidate {name!r}" for name in names if name not in problem.index]
    if unknown or len(set(names)) < len(names):
        faults = unknown or ["an id stands twice"]
        raise ProblemError("the plan is not one", where=f"problem {problem.name!r}", faults=faults)
    return tuple(names)
