"""Search a tree with several workers, the same way each time."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from optimiser.engine.methods.branching.node import Node, whole
from optimiser.engine.methods.branching.plunge import Diver, Harvest
from optimiser.engine.methods.branching.pseudocosts import Experience
from optimiser.engine.search.paths import Mask


@dataclass(frozen=True, slots=True)
class Report:
    """State of the search after a round.

    Attributes
    ----------
    bound
        Upper bound of the worth of every plan.
    nodes, cuts
        Done and found in the round.
    plans
        Better plans found in it.
    """

    bound: float
    nodes: int
    cuts: int
    plans: tuple[Mask, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a search ended.

    Attributes
    ----------
    bound
        Upper bound of the worth of every plan; -infinity when there is no plan.
    complete
        No part is left.
    """

    bound: float
    complete: bool


def search(
    root: Node,
    divers: Sequence[Diver],
    *,
    cutoff: float,
    tell: Callable[[Report], tuple[float, bool]],
) -> Outcome:
    """Search a tree, best bound first, one plunge a worker at a time.

    Parameters
    ----------
    root
        The whole space.
    divers
        Workers; each round gives every worker the best part left, and ends when all are back.
    cutoff
        Worth of the best plan known, -infinity without one.
    tell
        Takes the state after each round; returns the worth of the best plan, and whether to end.

    Notes
    -----
    Branch and cut (Padberg and Rinaldi 1991). Invariant: every plan worth more than `cutoff` lies in a part
    that is open or being searched, or its worth is at most that of a part given up as `doubtful`. Rounds make
    the outcome the same for the same number of workers, whichever of them is faster.
    """
    serial = 0
    heap: list[tuple[float, int, int, Node]] = [(-root.worth, 0, serial, root)]
    experience = Experience.none(len(root.lower))
    doubtful = -math.inf
    with ThreadPoolExecutor(len(divers)) as crew:
        while True:
            batch = _batch(heap, cutoff, len(divers))
            if not batch:
                return Outcome(max(cutoff, doubtful), complete=True)
            harvests = _worked(crew, divers, batch, cutoff, experience)
            _share(divers, harvests)
            for harvest in harvests:
                experience = experience.plus(harvest.experience)
                doubtful = max(doubtful, harvest.doubtful)
                cutoff = max(cutoff, harvest.worth)
                for node in harvest.left:
                    serial += 1
                    heapq.heappush(heap, (-node.worth, -node.depth, serial, node))
            bound = max(cutoff, doubtful, -heap[0][0] if heap else -math.inf)
            cutoff, ends = tell(
                Report(
                    bound,
                    sum(h.nodes for h in harvests),
                    sum(len(part) for h in harvests for part in h.rows),
                    tuple(plan for h in harvests for plan in h.plans),
                )
            )
            if ends:
                bound = max(cutoff, doubtful, -heap[0][0] if heap else -math.inf)
                return Outcome(bound, complete=False)


def _worked(
    crew: ThreadPoolExecutor,
    divers: Sequence[Diver],
    batch: Sequence[Node],
    cutoff: float,
    known: Experience,
) -> list[Harvest]:
    return list(crew.map(lambda diver, node: diver.plunge(node, cutoff, known), divers[: len(batch)], batch))


def _batch(heap: list[tuple[float, int, int, Node]], cutoff: float, count: int) -> list[Node]:
    batch: list[Node] = []
    while heap and len(batch) < count:
        node = heapq.heappop(heap)[3]
        if whole(node.worth) > cutoff:
            batch.append(node)
    return batch


def _share(divers: Sequence[Diver], harvests: Sequence[Harvest]) -> None:
    """Give each worker the cuts of the others."""
    for diver in divers:
        for other, harvest in zip(divers, harvests, strict=False):
            if other is not diver:
                diver.learn(harvest.rows)
        diver.tidy()
