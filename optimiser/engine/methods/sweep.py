"""Answer the questions of a frontier one after another, each from where the last one ended."""

from __future__ import annotations

import math
import time

import numpy as np

from optimiser.engine.backends.sweep_program import SweepProgram
from optimiser.engine.methods.branching.node import Node
from optimiser.engine.methods.branching.plunge import Diver, Rules
from optimiser.engine.methods.branching.program import Answer
from optimiser.engine.methods.branching.search import Report, search
from optimiser.engine.methods.cut_opening import LARGE
from optimiser.engine.methods.cuts.finder import CutFinder
from optimiser.engine.methods.cuts.relaxation import EDGE, relax
from optimiser.engine.methods.sweep_search import Searcher
from optimiser.engine.methods.sweep_state import Plans
from optimiser.engine.methods.sweep_talk import Talk
from optimiser.engine.methods.sweep_task import Asked
from optimiser.engine.search.incumbent import Send
from optimiser.engine.search.paths import Integers, Mask
from optimiser.engine.search.scoring import covered_pairs
from optimiser.engine.search.tables import tables
from optimiser.problem import DesignProblem

PATIENCE, LEAST = 5, 2e-4
"""Rounds of cuts over which the bound must have moved, and by which share of it."""

PULL = 0.2
"""Share of the way to the interior point at which cuts are sought first."""

KEPT = 3
"""Cuts a pair that a program keeps between questions; above, those that do not bind are dropped."""

FIRST_NODES = 1
"""Nodes of the tree from which on a small problem goes over to an integer program, after one plunge. That is
enough where few nodes will do; else the solver's cuts from the rows of measures save hundreds of nodes."""

SMALL = 600
"""Open pairs up to which a problem is small."""

MANY = 300
"""Pairs from which on a second thread gains more than it costs."""


class Sweep:
    """A reduced problem with tables, cuts, paths and plans that are kept from question to question.

    Parameters
    ----------
    problem
        The reduced problem, with the largest budget of all questions.
    measures
        int64 [M, K + C]: what each covered pair and city adds to each measure.
    seed
        Of everything random.
    threads
        Threads for large problems.

    Notes
    -----
    Invariant: the rows in the programs are those of `cuts.finder`, true whatever money and targets
    there are, and the plans kept are judged anew for each question. So what one question leaves behind
    makes another one faster and never wrong.
    """

    def __init__(self, problem: DesignProblem, measures: Integers, *, seed: int, threads: int) -> None:
        self._problem, self._measures, self._seed = problem, measures, seed
        self._t = tables(problem)
        self._plans = Plans(self._t, measures)
        self._cuts: list[CutFinder] = []
        self._programs: list[SweepProgram] = []
        self._threads = threads if len(self._t.limit) >= MANY else 1
        self._towards = np.full(self._t.size, 0.1)
        self._opened = False

    def know(self, built: list[int]) -> None:
        """Take in a plan found elsewhere.

        Parameters
        ----------
        built
            Positions of candidates.
        """
        plan = np.zeros(self._t.size + 1, np.bool_)
        plan[[*built, -1]] = True
        self._plans.see(plan)

    def answer(self, asked: Asked, *, seconds: float, gap: float, base: int, send: Send) -> Talk:
        """Answer a question; plans and bounds go out as messages.

        Parameters
        ----------
        asked
            The question.
        seconds
            Time limit.
        gap
            Relative gap asked for.
        base
            What the objective of the original problem has on top.
        send
            Takes messages.

        Returns
        -------
        Talk
            With the best plan and bound. A proof that there is no plan is told by the message `empty`.
        """
        talk = Talk(asked, time.monotonic() + seconds, gap, base, send)
        for built in (np.zeros(self._t.size, np.bool_), np.ones(self._t.size, np.bool_)):
            self._plans.see(np.append(built, True))
        talk.plan(self._plans.best(asked))
        if not self._t.size or not len(self._t.limit):
            self._empty(talk)
            return talk
        searcher = Searcher(self._t, self._problem, self._measures, self._plans, talk, seed=self._seed)
        if len(self._t.limit) > SMALL:
            searcher.start()
        program = self._crew(talk, 1)[0][0]
        answer = self._relaxed(program, talk)
        if answer is None or answer.ending == "limit" or talk.closed():
            return talk
        if answer.ending == "empty":
            self._without_point(talk)
            return talk
        if program.cuts > KEPT * len(self._t.limit) + 100:
            program.drop_slack()
        self._branch(talk, answer, searcher)
        return talk

    def _empty(self, talk: Talk) -> None:
        """Conclude from the proof that nothing is better than the best plan, or that there is no plan."""
        if talk.best is None:
            talk.send({"kind": "empty"})
        else:
            value = talk.best.value(talk.asked)
            talk.limit(-value if talk.asked.cheapest else value, 1)

    def _without_point(self, talk: Talk) -> None:
        """Conclude that there is no plan from a program without a point; a known plan gives that the lie."""
        if talk.best is None:
            self._empty(talk)

    def _relaxed(self, program: SweepProgram, talk: Talk) -> Answer | None:
        """Cut off the points of the relaxation; bounds go out."""
        if self._opened:
            return self._tightened(program, talk)
        t = self._t._replace(budget=self._t.budget if talk.asked.budget is None else talk.asked.budget)
        program.by_interior_point(wanted=len(t.limit) >= LARGE)

        def tell(answer: Answer, found: int) -> bool:
            talk.cuts += found
            talk.limit(answer.worth, program.divisor)
            return talk.closed()

        relaxed = relax(t, program, self._cuts[0], left=talk.left, tell=tell)
        program.by_interior_point(wanted=False)
        self._towards, self._opened = relaxed.towards, True
        return relaxed.answer

    def _tightened(self, program: SweepProgram, talk: Talk) -> Answer:
        """Go on cutting with the cuts there are."""
        history: list[float] = []
        while True:
            answer = program.solve(seconds=talk.left())
            if answer.ending != "optimal":
                return answer
            talk.limit(answer.worth, program.divisor)
            history.append(answer.worth)
            stands = len(history) > PATIENCE and history[-1 - PATIENCE] - history[-1] < LEAST * abs(
                history[-1]
            )
            if stands or talk.closed():
                return answer
            built = answer.decided[: self._t.size]
            rows = self._cuts[0].violated(
                np.flatnonzero(answer.level > EDGE),
                built,
                answer.level,
                towards=self._towards,
                pull=PULL,
                margin=1e-4,
            )
            if not len(rows):
                return answer
            self._towards = 0.7 * self._towards + 0.3 * np.clip(built, 0.0, 1.0)
            talk.cuts += len(rows)
            program.add(rows)

    def _branch(self, talk: Talk, answer: Answer, searcher: Searcher) -> None:
        """Search the tree from the relaxation; small problems go over to an integer program when it grows."""
        small = len(self._t.limit) <= SMALL
        self._searched(talk, answer, searcher, most=FIRST_NODES if small else None)
        if small and not talk.closed() and talk.left() > 0:
            self._by_integers(talk)
            if not talk.closed() and talk.left() > 0:
                self._searched(talk, answer, searcher, most=None)

    def _by_integers(self, talk: Talk) -> None:
        """Solve the integer program, cut off what it claims without right, and solve it again."""
        program = self._crew(talk, 1)[0][0]
        while not talk.closed() and talk.left() > 0:
            start = None if talk.best is None else talk.best.plan
            found = program.whole(start, gap=talk.room(program.divisor), seconds=talk.left())
            talk.nodes += found.nodes
            if found.empty:
                self._without_point(talk)
                return
            talk.limit(found.worth, program.divisor)
            if found.built is None:
                return
            plan = np.append(found.built > 0.5, True)
            talk.plan(self._plans.see(plan))
            claimed = np.flatnonzero((found.level > EDGE) & ~covered_pairs(self._t, plan))
            rows = self._cuts[0].violated(
                claimed, found.built, found.level, towards=self._towards, pull=PULL, margin=EDGE
            )
            if not len(rows):
                return
            talk.cuts += len(rows)
            for other in self._programs:
                other.add(rows)

    def _searched(self, talk: Talk, answer: Answer, searcher: Searcher, *, most: int | None) -> None:
        """Search the tree, up to a number of nodes where one is given."""
        before = talk.nodes
        divisor = self._programs[0].divisor

        def worth_of(plan: Mask) -> float:
            return self._plans.worth(plan, talk.asked, divisor)

        def cutoff() -> float:
            return -math.inf if talk.best is None else worth_of(talk.best.plan)

        def tell(report: Report) -> tuple[float, bool]:
            talk.nodes += report.nodes
            talk.cuts += report.cuts
            for plan in report.plans:
                talk.plan(self._plans.see(plan))
            talk.limit(report.bound, divisor)
            searcher.look(answer.decided[: self._t.size])
            enough = most is not None and talk.nodes - before >= most
            return cutoff(), enough or talk.left() <= 0 or talk.closed()

        weight = (self._t.weight + 1.0).astype(np.float64)
        divers = [
            Diver(program, cuts, self._towards, weight, worth_of, talk.left, Rules(), program.cuts)
            for program, cuts in self._crew(talk, self._threads)
        ]
        outcome = search(Node.root(answer), divers, cutoff=cutoff(), tell=tell)
        if math.isfinite(outcome.bound):
            talk.limit(outcome.bound, divisor)
        elif outcome.complete:
            self._empty(talk)

    def _crew(self, talk: Talk, count: int) -> list[tuple[SweepProgram, CutFinder]]:
        """Return programs with their cuts, all ready for the question."""
        while len(self._programs) < count:
            self._programs.append(SweepProgram(self._problem, self._measures, seed=self._seed))
            self._cuts.append(self._cuts[0].another() if self._cuts else CutFinder.of(self._t))
        counted = None if talk.asked.cheapest else self._measures.sum(axis=0)
        for program in self._programs[:count]:
            program.ask(budget=talk.asked.budget, least=talk.asked.least, counted=counted)
        return list(zip(self._programs[:count], self._cuts[:count], strict=True))
