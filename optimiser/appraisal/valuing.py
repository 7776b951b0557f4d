"""Say what a set of links is worth, many sets of one problem after another."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from optimiser.errors import ProblemError
from optimiser.paths import Graph, graph, opened, times_from
from optimiser.polycentricity.network import pairs_by_origin
from optimiser.problem import DesignProblem


@dataclass(frozen=True)
class Valuer:
    """A problem laid out for many questions about coverage.

    Attributes
    ----------
    problem
        The problem.
    net
        Its arcs.
    by_origin
        Positions of the pairs that begin at each origin.

    Notes
    -----
    Worth is the weight of covered pairs and cities. Rewards of rings and periods are left out: they belong to
    circuits and starts, not to a set of links.
    """

    problem: DesignProblem
    net: Graph
    by_origin: tuple[tuple[int, tuple[int, ...]], ...]

    def covered(self, built: Iterable[str]) -> frozenset[int]:
        """Return the positions of the covered pairs.

        Parameters
        ----------
        built
            Ids of what is built.
        """
        pairs = self.problem.pairs
        found: set[int] = set()
        is_open = opened(self.problem, [self.problem.index[name] for name in built])
        for origin, ks in self.by_origin:
            times = times_from(self.net, is_open, origin, max(pairs[k].limit for k in ks))
            found.update(k for k in ks if times[pairs[k].destination] <= pairs[k].limit)
        return frozenset(found)

    def worth(self, pairs: Collection[int]) -> int:
        """Return the weight of covered pairs and of the cities that they cover.

        Parameters
        ----------
        pairs
            Positions of the covered pairs.
        """
        held = frozenset(pairs)
        cities = (c for c in self.problem.cities if sum(k in held for k in c.pairs) >= c.need)
        return sum(self.problem.pairs[k].weight for k in held) + sum(city.weight for city in cities)

    def value(self, built: Iterable[str]) -> int:
        """Return what a set of links is worth.

        Parameters
        ----------
        built
            Ids of what is built.
        """
        return self.worth(self.covered(built))


def valuer(problem: DesignProblem) -> Valuer:
    """Lay a problem out for many questions about coverage.

    Parameters
    ----------
    problem
        The problem.
    """
    rows = tuple((origin, tuple(ks)) for origin, ks in sorted(pairs_by_origin(problem).items()))
    return Valuer(problem, graph(problem), rows)


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
