"""Choose the decision on which a part of the search space is split."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from optimiser.engine.methods.branching.node import Node, whole
from optimiser.engine.methods.branching.program import Answer, Floats, Program
from optimiser.engine.methods.branching.pseudocosts import LEAST, Experience
from optimiser.engine.presolve.fixings import fixed_by_bound
from optimiser.engine.search.paths import Integers

INTEGRAL = 1e-6
"""How near to an integer a value counts as that."""

PROBED = 8
"""Most decisions that are probed at one node."""

STEPS = 60
"""Steps of the dual simplex method in a probe."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """A decision, how good it is to split on, and upper bounds of the worth on both sides."""

    decision: int
    score: float
    worths: tuple[float, float]

    def live(self, cutoff: float) -> list[int]:
        """Return the sides that can hold a better plan."""
        return [side for side in (0, 1) if whole(self.worths[side]) > cutoff]


def fractional(decided: Floats) -> Integers:
    """Return the positions of decisions that are neither 0 nor 1.

    Parameters
    ----------
    decided
        float64 [N].
    """
    return np.flatnonzero(np.abs(decided - np.round(decided)) > INTEGRAL)


def narrowed(node: Node, answer: Answer, cutoff: float) -> Node:
    """Return the node with decisions fixed that every better plan in it has alike.

    Parameters
    ----------
    node
        A part of the search space.
    answer
        Of its relaxation.
    cutoff
        Worth of the best plan.
    """
    if not math.isfinite(cutoff):
        return node
    must, never = fixed_by_bound(answer.reduced, answer.decided, answer.worth, cutoff)
    return Node(
        node.worth,
        np.where(must, 1.0, node.lower),
        np.where(never, 0.0, node.upper),
        node.depth,
        node.decision,
        node.side,
        node.distance,
    )


def halves(
    program: Program, node: Node, answer: Answer, *, cutoff: float, known: Experience, noted: Experience
) -> list[Node]:
    """Return the two parts that the best decision makes, as far as they can hold a better plan.

    Parameters
    ----------
    program
        At the optimum of the part; its probes leave it there.
    node
        The part.
    answer
        Of its relaxation.
    cutoff
        Worth of the best plan.
    known
        What is known of decisions.
    noted
        Takes what probes show.

    Notes
    -----
    Reliability branching (Achterberg, Koch and Martin 2005): decisions in falling order of what experience
    expects of them; those of which little is known are probed. Invariant: every plan of the part that is
    worth more than `cutoff` lies in one of those returned.
    """
    open_ones = fractional(answer.decided)
    open_ones = open_ones[node.upper[open_ones] > node.lower[open_ones]]
    if not open_ones.size:
        # all fractions were fixed by the bound: the part is narrower than its relaxation
        return [Node(answer.worth, node.lower, node.upper, node.depth + 1)]
    scores = known.scores(answer.decided)
    best = _Choice(-1, -1.0, (answer.worth, answer.worth))
    probed = 0
    for decision in open_ones[np.lexsort((open_ones, -scores[open_ones]))].tolist():
        choice = _Choice(decision, float(scores[decision]), (answer.worth, answer.worth))
        if not known.reliable(decision) and probed < PROBED:
            probed += 1
            choice = _probed(program, decision, answer, cutoff, noted)
            live = choice.live(cutoff)
            if len(live) < 2:
                return _children(node, decision, answer, dict.fromkeys(live, answer.worth))
        if choice.score > best.score:
            best = choice
    return _children(node, best.decision, answer, dict(enumerate(best.worths)))


def _probed(program: Program, decision: int, answer: Answer, cutoff: float, noted: Experience) -> _Choice:
    """Try both sides of a decision, and note what it does to the bound where both live on."""
    value = float(answer.decided[decision])
    seen = [program.probe(decision, float(side), iterations=STEPS) for side in (0, 1)]
    down, up = (min(answer.worth, worth) if proved else answer.worth for worth, proved in seen)
    changes = [answer.worth - min(answer.worth, worth) for worth, _ in seen]
    choice = _Choice(decision, max(changes[0], LEAST) * max(changes[1], LEAST), (down, up))
    if len(choice.live(cutoff)) == 2:
        noted.note(decision, 0, changes[0], value)
        noted.note(decision, 1, changes[1], 1.0 - value)
    return choice


def _children(node: Node, decision: int, answer: Answer, worths: dict[int, float]) -> list[Node]:
    value = float(answer.decided[decision])
    return [node.child(decision, side, worth=worth, value=value) for side, worth in worths.items()]
