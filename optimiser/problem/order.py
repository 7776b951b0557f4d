"""Bring the lists of a problem into an order that does not depend on its file."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from optimiser.problem.model import Arc, Candidate, City, DesignProblem, Pair
from optimiser.problem.ring_order import canonical_rings


def canonical(problem: DesignProblem) -> DesignProblem:
    """Return the same problem in canonical order.

    Parameters
    ----------
    problem
        Any problem.

    Notes
    -----
    Nodes, candidates, cities and rings (`canonical_ring`) are sorted by id; arcs, pairs, caps, targets,
    excludes and requires by all that they say, and of the last four what is said twice is said once. Pairs
    that say the same are sorted by the cities that count them; what is alike even then may change places
    without any difference.
    """
    nodes = sorted(range(len(problem.nodes)), key=problem.nodes.__getitem__)
    new = {old: position for position, old in enumerate(nodes)}
    pairs = [_moved(pair, new) for pair in problem.pairs]
    order = _pair_order(pairs, problem.cities)
    place = {old: position for position, old in enumerate(order)}
    return problem.replace(
        nodes=tuple(problem.nodes[i] for i in nodes),
        arcs=_renumbered(problem.arcs, new),
        candidates=_candidates(problem.candidates, new),
        pairs=tuple(pairs[k] for k in order),
        caps=tuple(sorted(set(problem.caps))),
        targets=tuple(sorted(set(problem.targets), key=dataclasses.astuple)),
        excludes=tuple(sorted({(min(two), max(two)) for two in problem.excludes})),
        requires=tuple(sorted(set(problem.requires))),
        cities=_cities(problem.cities, place),
        rings=canonical_rings(problem.rings),
    )


def _pair_order(pairs: list[Pair], cities: Iterable[City]) -> list[int]:
    """Return the positions of pairs in canonical order."""
    counted_by: list[list[str]] = [[] for _ in pairs]
    for city in sorted(cities, key=lambda c: c.id):
        for k in city.pairs:
            counted_by[k].append(city.id)
    return sorted(range(len(pairs)), key=lambda k: (dataclasses.astuple(pairs[k]), counted_by[k]))


def _candidates(candidates: Iterable[Candidate], new: Mapping[int, int]) -> tuple[Candidate, ...]:
    return tuple(
        dataclasses.replace(candidate, arcs=_renumbered(candidate.arcs, new))
        for candidate in sorted(candidates, key=lambda c: c.id)
    )


def _cities(cities: Iterable[City], place: Mapping[int, int]) -> tuple[City, ...]:
    return tuple(
        dataclasses.replace(city, pairs=tuple(sorted(place[k] for k in city.pairs)))
        for city in sorted(cities, key=lambda c: c.id)
    )


def _moved(pair: Pair, new: Mapping[int, int]) -> Pair:
    return dataclasses.replace(pair, origin=new[pair.origin], destination=new[pair.destination])


def _renumbered(arcs: Iterable[Arc], new: Mapping[int, int]) -> tuple[Arc, ...]:
    return tuple(sorted((new[tail], new[head], seconds) for tail, head, seconds in arcs))
