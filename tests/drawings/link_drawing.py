"""Draw problems whose links are independent, or have value only together."""

from __future__ import annotations

from core_drawing import both_ways

from optimiser.problem import Candidate, DesignProblem, Pair


def apart(*links):
    """Each link (cost, weight) joins a pair of its own."""
    return DesignProblem(
        name="apart",
        nodes=tuple(f"n{i}" for i in range(2 * len(links))),
        arcs=(),
        candidates=tuple(
            Candidate(f"c{i}", cost, both_ways((2 * i, 2 * i + 1, 5))) for i, (cost, _) in enumerate(links)
        ),
        pairs=tuple(Pair(2 * i, 2 * i + 1, 9, weight) for i, (_, weight) in enumerate(links)),
        budget=10**6,
    )


def chain():
    """Links ab and bc have a value of 9 only together; cd has 1 at the same cost."""
    return DesignProblem(
        name="chain",
        nodes=("a", "b", "c", "d"),
        arcs=(),
        candidates=tuple(
            Candidate(name, 1, both_ways((i, i + 1, 5))) for i, name in enumerate(["ab", "bc", "cd"])
        ),
        pairs=(Pair(0, 2, 10, 9), Pair(2, 3, 5, 1)),
        budget=3,
    )
