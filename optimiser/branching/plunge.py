"""Follow one branch down the tree: bound, cut, fix, branch, and go on with the better half."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from optimiser.branching.node import Node
from optimiser.branching.program import Answer, Floats, Program
from optimiser.branching.pseudocosts import Experience
from optimiser.cuts.fractional import FractionalCuts
from optimiser.cuts.rows import Rows
from optimiser.paths import Integers, Mask
from optimiser.reduction.bound import fixed_by_bound

INTEGRAL = 1e-6
"""How near to an integer a value counts as that."""

PROBED = 8
"""Most decisions that are probed at one node."""

GROWTH = 1.2
"""Growth of the number of cuts at which those that do not bind are dropped."""

STEPS = 60
"""Steps of the dual simplex method in a probe."""


def whole(worth: float) -> float:
    """Return the largest whole worth that a bound allows, tolerances of the solver granted."""
    return math.floor(worth + 1e-6 + 1e-9 * abs(worth)) if math.isfinite(worth) else worth


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
    """

    length: int = 8
    rounds: int = 1
    pull: float = 0.2
    margin: float = 1e-2
    most: int = 150
    enough: int = 150


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
        cuts: FractionalCuts,
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
        """Take in cuts that others found."""
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
        """
        size = len(node.lower)
        harvest = Harvest(experience=Experience.none(size))
        at: Node | None = node
        while at is not None and whole(at.worth) > cutoff:
            if harvest.nodes >= self._rules.length or self._left() <= 0:
                harvest.left.append(at)
                break
            halves, cutoff = self._step(at, cutoff, known, harvest)
            halves.sort(key=lambda half: (-half.worth, half.side))
            at = halves[0] if halves else None
            harvest.left.extend(halves[1:])
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
        if not _fractional(answer.decided).size:
            if whole(answer.worth) > cutoff:
                harvest.doubtful = max(harvest.doubtful, answer.worth)
            return [], cutoff
        if whole(answer.worth) <= cutoff:
            return [], cutoff
        return self._split(
            _narrowed(node, answer, cutoff), answer, cutoff, known.plus(harvest.experience), harvest
        ), cutoff

    def _given_back(self, node: Node, harvest: Harvest) -> list[Node]:
        harvest.left.append(node)
        return []

    def _cut_off(self, cutoff: float, harvest: Harvest) -> Answer:
        """Solve and cut until the part is dead, nothing is violated, or the bound moves little."""
        answer = self._program.solve(seconds=self._left())
        rounds = 0
        while answer.ending == "optimal" and whole(answer.worth) > cutoff:
            done = _fractional(answer.decided).size == 0
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
            if slow and _fractional(answer.decided).size:
                break
        return answer

    def _split(
        self, node: Node, answer: Answer, cutoff: float, known: Experience, harvest: Harvest
    ) -> list[Node]:
        """Choose a decision and return the two parts that it makes, as far as they can hold a better plan."""
        open_ones = _fractional(answer.decided)
        open_ones = open_ones[node.upper[open_ones] > node.lower[open_ones]]
        if not open_ones.size:
            # all fractions were fixed by the bound: the part is narrower than its relaxation
            return [Node(answer.worth, node.lower, node.upper, node.depth + 1)]
        scores = known.scores(answer.decided)[open_ones]
        order = open_ones[np.lexsort((open_ones, -scores))]
        best, best_score, worths = -1, -1.0, (answer.worth, answer.worth)
        probed = 0
        for decision in order.tolist():
            value = float(answer.decided[decision])
            if known.reliable(decision) or probed >= PROBED:
                score = float(known.scores(answer.decided)[decision])
                found = (answer.worth, answer.worth)
            else:
                probed += 1
                seen = [self._program.probe(decision, float(side), iterations=STEPS) for side in (0, 1)]
                limits = [min(answer.worth, worth) if proved else answer.worth for worth, proved in seen]
                live = [side for side in (0, 1) if whole(limits[side]) > cutoff]
                if len(live) < 2:
                    return [node.child(decision, side, worth=answer.worth, value=value) for side in live]
                found = (limits[0], limits[1])
                changes = [answer.worth - min(answer.worth, worth) for worth, _ in seen]
                harvest.experience.note(decision, 0, changes[0], value)
                harvest.experience.note(decision, 1, changes[1], 1.0 - value)
                score = max(changes[0], 1e-6) * max(changes[1], 1e-6)
            if score > best_score:
                best, best_score, worths = decision, score, found
        value = float(answer.decided[best])
        return [node.child(best, side, worth=worths[side], value=value) for side in (0, 1)]


def _fractional(decided: Floats) -> Integers:
    return np.flatnonzero(np.abs(decided - np.round(decided)) > INTEGRAL)


def _narrowed(node: Node, answer: Answer, cutoff: float) -> Node:
    """Return the node with decisions fixed that every better plan in it has alike."""
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


def _strongest(rows: Rows, answer: Answer, built: Floats, weight: Floats, most: int) -> Rows:
    """Return the rows whose violation, times the weight of the pair, is largest."""
    violation = (answer.level[rows.pair] - rows.at(built)) * weight[rows.pair]
    kept = np.zeros(len(rows), np.bool_)
    kept[np.argsort(-violation, kind="stable")[:most]] = True
    return rows.only(kept)
