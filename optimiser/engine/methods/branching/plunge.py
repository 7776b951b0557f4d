"""Follow one branch down the tree: bound, cut, fix, branch, and go on with the better half."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from optimiser.engine.methods.branching.choice import INTEGRAL, fractional, halves, narrowed
from optimiser.engine.methods.branching.node import Node, whole
from optimiser.engine.methods.branching.program import Answer, Floats, Program
from optimiser.engine.methods.branching.pseudocosts import Experience
from optimiser.engine.methods.cuts.finder import CutFinder
from optimiser.engine.search.paths import Mask
from optimiser.engine.search.rows import Rows

GROWTH = 1.2
"""Growth of the number of cuts at which those that do not bind are dropped."""


@dataclass
class Harvest:
    """What a plunge brings home.

    Attributes
    ----------
    left
        Parts that are still to be searched.
    plans
        bool [J + 1] each, in the order in which they were found.
    worth
        Of the best of them.
    rows
        Cuts found.
    nodes
        Nodes solved.
    experience
        What was seen of decisions.
    doubtful
        Largest worth of a part given up although its bound is not met by a plan (noise), or -infinity.
    """

    left: list[Node] = field(default_factory=list)
    plans: list[Mask] = field(default_factory=list)
    worth: float = -math.inf
    rows: list[Rows] = field(default_factory=list)
    nodes: int = 0
    experience: Experience = field(default_factory=lambda: Experience.none(0))
    doubtful: float = -math.inf


@dataclass(frozen=True)
class Rules:
    """How a plunge works.

    Attributes
    ----------
    length
        Most nodes of a plunge.
    rounds
        Most rounds of cuts at a node with fractions.
    pull
        Share of the way to an interior point at which cuts are sought.
    margin
        Least violation of a cut at a node with fractions.
    most
        Most cuts of a round at a node with fractions: those that matter most for the objective.
    enough
        Known cuts, violated at such a node, from which on no new ones are sought.
    joint
        Most partition inequalities of a round.
    """

    length: int = 8
    rounds: int = 6
    pull: float = 0.2
    margin: float = 1e-2
    most: int = 150
    enough: int = 150
    joint: int = 2


class Diver:
    """One worker of the search: a linear program, cuts and paths of its own.

    Parameters
    ----------
    program
        A live program that holds the cuts of the root.
    cuts
        Finds cuts.
    towards
        float64 [J], an interior point.
    weight
        float64 [K], what each pair is worth.
    worth_of
        Says what a plan (bool [J + 1]) is worth, -infinity when it breaks a rule.
    left
        Says how many seconds are left.
    rules
        How it works.
    rows
        Number of cuts that the program holds.
    """

    def __init__(
        self,
        program: Program,
        cuts: CutFinder,
        towards: Floats,
        weight: Floats,
        worth_of: Callable[[Mask], float],
        left: Callable[[], float],
        rules: Rules,
        rows: int,
    ) -> None:
        self._program = program
        self._cuts = cuts
        self._towards = towards
        self._weight = weight
        self._worth_of = worth_of
        self._left = left
        self._rules = rules
        self._built = len(towards)
        self._held = rows
        self._most = int(GROWTH * rows) + 50

    def learn(self, rows: list[Rows]) -> None:
        """Take in cuts that others found.

        Parameters
        ----------
        rows
            The cuts.
        """
        for part in rows:
            self._program.add(part)
            self._held += len(part)

    def tidy(self) -> None:
        """Drop cuts that do not bind, when there are too many."""
        if self._held > self._most:
            self._held = self._program.drop_slack()

    def plunge(self, node: Node, cutoff: float, known: Experience) -> Harvest:
        """Search from a node downwards, until its branch ends or enough nodes are done.

        Parameters
        ----------
        node
            Where to start.
        cutoff
            Worth of the best plan; parts that cannot beat it are dropped.
        known
            What is known of decisions.

        Returns
        -------
        Harvest
            What was found, and the parts that are left: together they hold every plan of the node that is
            worth more than the best one.
        """
        size = len(node.lower)
        harvest = Harvest(experience=Experience.none(size))
        at: Node | None = node
        while at is not None and whole(at.worth) > cutoff:
            if harvest.nodes >= self._rules.length or self._left() <= 0:
                harvest.left.append(at)
                break
            parts, cutoff = self._step(at, cutoff, known, harvest)
            parts.sort(key=lambda part: (-part.worth, part.side))
            at = parts[0] if parts else None
            harvest.left.extend(parts[1:])
        return harvest

    def _step(
        self, node: Node, cutoff: float, known: Experience, harvest: Harvest
    ) -> tuple[list[Node], float]:
        """Solve a node; return what it splits into, and the cutoff."""
        harvest.nodes += 1
        self._program.limit(node.lower, node.upper)
        self._program.cut_off(cutoff)
        answer = self._cut_off(cutoff, harvest)
        if answer.ending == "limit":
            return [node] if self._left() > 0 else self._given_back(node, harvest), cutoff
        if node.decision >= 0 and answer.ending == "optimal" and math.isfinite(node.worth):
            harvest.experience.note(node.decision, node.side, node.worth - answer.worth, node.distance)
        if answer.ending == "empty" or whole(answer.worth) <= cutoff:
            return [], cutoff
        plan = np.append(np.round(answer.decided[: self._built]) > 0, True)
        worth = self._worth_of(plan)
        if worth > cutoff:
            harvest.plans.append(plan)
            harvest.worth = cutoff = worth
        if not fractional(answer.decided).size:
            if whole(answer.worth) > cutoff:
                harvest.doubtful = max(harvest.doubtful, answer.worth)
            return [], cutoff
        if whole(answer.worth) <= cutoff:
            return [], cutoff
        return self._halves(narrowed(node, answer, cutoff), answer, cutoff, known, harvest), cutoff

    def _halves(
        self, node: Node, answer: Answer, cutoff: float, known: Experience, harvest: Harvest
    ) -> list[Node]:
        noted = harvest.experience
        return halves(self._program, node, answer, cutoff=cutoff, known=known.plus(noted), noted=noted)

    def _given_back(self, node: Node, harvest: Harvest) -> list[Node]:
        harvest.left.append(node)
        return []

    def _cut_off(self, cutoff: float, harvest: Harvest) -> Answer:
        """Solve and cut until the part is dead, nothing is violated, or the bound moves little."""
        answer = self._program.solve(seconds=self._left())
        rounds = 0
        while answer.ending == "optimal" and whole(answer.worth) > cutoff:
            done = fractional(answer.decided).size == 0
            if not done and rounds >= self._rules.rounds:
                break
            rows = self._cuts.violated(
                np.flatnonzero(answer.level > INTEGRAL),
                answer.decided[: self._built],
                answer.level,
                towards=self._towards,
                pull=self._rules.pull,
                margin=INTEGRAL if done else self._rules.margin,
                enough=2**31 if done else self._rules.enough,
                joint=self._rules.joint,
            )
            if not len(rows):
                break
            if not done and len(rows) > self._rules.most:
                rows = _strongest(rows, answer, answer.decided[: self._built], self._weight, self._rules.most)
            harvest.rows.append(rows)
            self._program.add(rows)
            self._held += len(rows)
            before = answer.worth
            answer = self._program.solve(seconds=self._left())
            rounds += 1
            open_gap = before - cutoff if math.isfinite(cutoff) else abs(before)
            slow = answer.ending == "optimal" and before - answer.worth < 0.02 * open_gap
            if slow and fractional(answer.decided).size:
                break
        return answer


def _strongest(rows: Rows, answer: Answer, built: Floats, weight: Floats, most: int) -> Rows:
    """Return the rows whose violation, times the mean weight of their pairs, is largest."""
    violation = (rows.claimed(answer.level) - rows.at(built)) * rows.claimed(weight) / rows.claims
    kept = np.zeros(len(rows), np.bool_)
    kept[np.argsort(-violation, kind="stable")[:most]] = True
    return rows.only(kept)
