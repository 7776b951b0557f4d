"""Build the design problem of a region: reduced network, candidates, pairs, budget."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from networks.timegraph import TimeGraph
from optimiser.problem import Candidate, DesignProblem, Pair
from optimiser.problem.errors import CandidateError, ProblemError
from optimiser.problem.model import Fixed, Instrument
from optimiser.proposals.candidates.distances import FAR
from optimiser.proposals.candidates.numbering import Numbered, number
from optimiser.proposals.candidates.table import Candidates
from optimiser.proposals.prepare.pairs import city_pairs, root_weight
from optimiser.proposals.prepare.reduction import Overlay, overlay
from optimiser.proposals.prepare.relevance import BuildArcs, Relevance, needed_by_pairs

_INSTRUMENT: dict[str, Instrument | None] = {
    "": None,
    "barrier": "barrier",
    "infrastructure": "infrastructure",
    "subsidy": "subsidy",
}
_FIXED: dict[str, Fixed | None] = {"": None, "in": "in", "out": "out"}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A design problem and what its numbers mean.

    Attributes
    ----------
    problem
        Ids and integers alone.
    node_ids
        For each node of the problem, its id in the time graph, or the new id that a candidate brought.
    pairs
        One row a pair of the problem, in its order; columns of `pairs.city_pairs` and `coverable` (bool:
        within the limit when everything not fixed out is built), `best_s` (int64, seconds with everything
        built, -1 where there is no way).
    report
        Sizes before and after the reduction: text to count.
    """

    problem: DesignProblem
    node_ids: tuple[str, ...]
    pairs: pd.DataFrame
    report: dict[str, int]


def design_problem(  # noqa: PLR0913 (everything but the first four has a default)
    graph: TimeGraph,
    cities: Any,  # noqa: ANN401 (Cities, or its table)
    candidates: Candidates,
    skim: NDArray[np.int64],
    *,
    limit_s: int = 14400,
    weight: Callable[[int], int] = root_weight,
    budget_share: Fraction | float | None = 0.1,
    budget: int | None = None,
    name: str = "region",
    note: str = "",
    money: str | None = None,
) -> Prepared:
    """Build the design problem of a region.

    Parameters
    ----------
    graph
        Road and rail joined.
    cities
        Cities in the order of the graph's origins.
    candidates
        What may be built.
    skim
        int64 [c, c], seconds between cities today.
    limit_s
        Time limit of every pair.
    weight
        Weight of a pair by the population of its smaller city.
    budget_share
        Budget as a share of the central cost of all candidates, rounded down; used where `budget` is None.
        None for both: reach every coverable pair at least cost.
    budget
        Budget in money.
    name, note
        Name and text of the problem.
    money
        Unit of costs; that of the candidates where None.

    Returns
    -------
    Prepared
        The problem with the meaning of its nodes and pairs.

    Raises
    ------
    CandidateError
        When a candidate's arc takes less than a second or ends nowhere.
    ProblemError
        When the budget, limit or share is negative.
    """
    table = getattr(cities, "table", cities)
    _check_numbers(limit_s, budget_share, budget)
    pairs = city_pairs(table, skim, limit_s=limit_s, weight=weight)
    numbered = number({name: at for at, name in enumerate(graph.nodes["node_id"])}, candidates)
    _check_arcs(candidates, numbered)
    small, arcs = _reduced(graph, numbered)
    ends = _pair_ends(graph, small, pairs)
    usable = (candidates.table["fixed"] != "out").to_numpy()[arcs.candidate]
    relevant = needed_by_pairs(small, arcs, ends, pairs["limit"].to_numpy(), usable)
    kept = _Kept.of(small, arcs, ends, relevant)
    problem = DesignProblem(
        name=name,
        nodes=tuple(_node_ids(graph, small, numbered, kept.nodes)),
        arcs=kept.base,
        candidates=tuple(_candidates(candidates, kept)),
        pairs=tuple(_pairs(pairs, kept)),
        budget=_budget(candidates, budget, budget_share),
        note=note,
        money=candidates.money if money is None else money,
    )
    best = relevant.best_s
    pairs = pairs.assign(coverable=best <= pairs["limit"].to_numpy(), best_s=np.where(best < FAR, best, -1))
    return Prepared(
        problem=problem,
        node_ids=problem.nodes,
        pairs=pairs,
        report={
            "nodes of the graph": len(graph.nodes),
            "arcs of the graph": len(graph.tail),
            "terminals": len(small.terminals),
            "arcs that keep all distances": len(small.tail),
            "nodes of the problem": len(problem.nodes),
            "arcs of the problem": len(problem.arcs),
            "arcs of candidates": len(arcs.tail),
            "arcs of candidates that a pair can use": int(relevant.build.sum()),
        },
    )


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is left of the reduced network: nodes, arcs, renumbered arcs of candidates, renumbered pairs."""

    nodes: NDArray[np.int64]
    base: tuple[tuple[int, int, int], ...]
    build: tuple[tuple[int, tuple[int, int, int]], ...]
    ends: tuple[NDArray[np.int64], NDArray[np.int64]]

    @classmethod
    def of(
        cls,
        small: Overlay,
        arcs: BuildArcs,
        ends: tuple[NDArray[np.int64], NDArray[np.int64]],
        relevant: Relevance,
    ) -> _Kept:
        """Keep the relevant arcs and the nodes that they or the pairs touch."""
        base, build = np.flatnonzero(relevant.base), np.flatnonzero(relevant.build)
        touched = [*ends, small.tail[base], small.head[base], arcs.tail[build], arcs.head[build]]
        nodes = np.unique(np.concatenate(touched))
        new = np.full(len(small.terminals), -1, dtype=np.int64)
        new[nodes] = np.arange(len(nodes))
        return cls(
            nodes=nodes,
            base=_triples(new[small.tail[base]], new[small.head[base]], small.seconds[base]),
            build=tuple(
                zip(
                    arcs.candidate[build].tolist(),
                    _triples(new[arcs.tail[build]], new[arcs.head[build]], arcs.seconds[build]),
                    strict=True,
                )
            ),
            ends=(new[ends[0]], new[ends[1]]),
        )


def _triples(
    tail: NDArray[np.int64], head: NDArray[np.int64], seconds: NDArray[np.int64]
) -> tuple[tuple[int, int, int], ...]:
    """Return arcs as tuples of Python integers."""
    return tuple(zip(tail.tolist(), head.tolist(), seconds.tolist(), strict=True))


def _reduced(graph: TimeGraph, numbered: Numbered) -> tuple[Overlay, BuildArcs]:
    """Reduce the graph to cities and ends of candidates, and renumber the arcs of candidates."""
    old = len(graph.nodes)
    ends = np.concatenate([numbered.tail, numbered.head])
    terminals = np.concatenate([graph.origin, graph.destination, ends[ends < old]])
    small = overlay(old, graph.tail, graph.head, graph.seconds, terminals, extra=len(numbered.names))
    position = np.full(numbered.count, -1, dtype=np.int64)
    known = small.terminals >= 0
    position[small.terminals[known]] = np.flatnonzero(known)
    position[old:] = np.flatnonzero(~known)
    return small, BuildArcs(
        numbered.candidate, position[numbered.tail], position[numbered.head], numbered.seconds
    )


def _pair_ends(
    graph: TimeGraph, small: Overlay, pairs: pd.DataFrame
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the origin and destination of each pair as positions of the overlay."""
    known = small.terminals[small.terminals >= 0]
    origin = np.searchsorted(known, graph.origin[pairs["origin"].to_numpy()])
    destination = np.searchsorted(known, graph.destination[pairs["destination"].to_numpy()])
    return origin.astype(np.int64), destination.astype(np.int64)


def _node_ids(
    graph: TimeGraph, small: Overlay, numbered: Numbered, nodes: NDArray[np.int64]
) -> Iterator[str]:
    """Yield the id of each node of the problem."""
    names = graph.nodes["node_id"].tolist()
    known = int((small.terminals >= 0).sum())
    for node in nodes.tolist():
        yield names[small.terminals[node]] if node < known else numbered.names[node - known]


def _candidates(candidates: Candidates, kept: _Kept) -> Iterator[Candidate]:
    """Yield the candidates of the problem."""
    arcs: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for row, arc in kept.build:
        arcs[row].append(arc)
    for row, line in enumerate(candidates.table.itertuples()):
        yield Candidate(
            id=str(line.candidate_id),
            cost=int(line.cost),
            arcs=tuple(arcs[row]),
            kind=str(line.kind),
            instrument=_INSTRUMENT[str(line.instrument)],
            fixed=_FIXED[str(line.fixed)],
        )


def _pairs(pairs: pd.DataFrame, kept: _Kept) -> Iterator[Pair]:
    """Yield the pairs of the problem."""
    columns = (pairs["limit"].tolist(), pairs["weight"].tolist(), pairs["group"].tolist())
    ends = (kept.ends[0].tolist(), kept.ends[1].tolist())
    for origin, destination, limit, weight, group in zip(*ends, *columns, strict=True):
        yield Pair(origin=origin, destination=destination, limit=limit, weight=weight, group=group)


def _budget(candidates: Candidates, budget: int | None, share: Fraction | float | None) -> int | None:
    """Return the budget in money: given, or a share of the central cost of all, rounded down."""
    if budget is not None or share is None:
        return budget
    return int(Fraction(str(share)) * int(candidates.table["cost"].sum()))


def _check_numbers(limit_s: int, share: Fraction | float | None, budget: int | None) -> None:
    """Refuse negative numbers, all at once."""
    faults = [
        f"{name}: {value}"
        for name, value in (("limit", limit_s), ("budget share", share), ("budget", budget))
        if value is not None and value < 0
    ]
    if faults:
        raise ProblemError("numbers of the problem are negative", faults=faults, remedy="Give 0 or more.")


def _check_arcs(candidates: Candidates, numbered: Numbered) -> None:
    """Refuse arcs below a second, and candidates that hang on nothing of the graph."""
    ids = candidates.table["candidate_id"].tolist()
    faults = [
        f"{ids[row]}: an arc takes {seconds} s, less than 1"
        for row, seconds in zip(numbered.candidate.tolist(), numbered.seconds.tolist(), strict=True)
        if seconds < 1
    ]
    old = numbered.count - len(numbered.names)
    tied = set(numbered.candidate[(numbered.tail < old) | (numbered.head < old)].tolist())
    faults += [
        f"{name}: no end of it is a node of the graph" for row, name in enumerate(ids) if row not in tied
    ]
    if faults:
        raise CandidateError("candidates cannot be used with this network", faults=faults)
