"""Answer questions about one problem: most coverage for a budget, or least cost for a coverage."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from optimiser.engine.backends.highs import INFINITY
from optimiser.engine.methods.branching.tree_search import ATTEMPTS_IN_TREE, new_worker, search_tree
from optimiser.engine.methods.cuts.relaxation import CutFinder, Relaxation
from optimiser.engine.methods.cuts.root import solve_root
from optimiser.engine.methods.heuristics.greedy import everything, nothing
from optimiser.engine.methods.heuristics.lns import start_plans
from optimiser.engine.models.decisions import divisor
from optimiser.engine.search.incumbent import Evaluated, Incumbent, MaskIncumbent, Send
from optimiser.engine.search.paths import Integers, Mask, starts
from optimiser.engine.search.scoring import cost_of, covered_cities, covered_pairs, fits
from optimiser.engine.search.tables import Tables, tables
from optimiser.engine.search.task import STUDY_SHARE, LevelRow, Question, most_nodes
from optimiser.problem import DesignProblem

KEPT_CUTS = 3, 100
"""Number of cuts per pair, and further cuts, that a relaxation keeps between questions; beyond, slack cuts
are dropped."""

SMALL = 600
"""Most open pairs of a small problem, whose easy questions are answered before a heuristic pays off."""

LEAST_FOR_THREADS = 300
"""Number of pairs from which several threads pay off."""

NODES_BEFORE_SEARCH = 64
"""Number of nodes of the tree after which a large neighbourhood search starts in a small problem."""


@dataclass(frozen=True, slots=True)
class PooledPlan:
    """A plan of a pool: its mask, its cost, and its value in each measure, int64 [M]."""

    plan: Mask
    cost: int
    values: Integers

    def answers(self, question: Question) -> bool:
        """Return whether the plan is feasible for a question."""
        within = question.budget is None or self.cost <= question.budget
        return within and all(has >= least for has, least in zip(self.values, question.least, strict=True))

    def objective(self, question: Question) -> int:
        """Return the objective of a question."""
        return self.cost if question.cheapest else question.worth(self.values.tolist())


class PlanPool:
    """All plans found so far, each evaluated once for all questions.

    Parameters
    ----------
    t
        The reduced problem, with the largest budget of all questions.
    measures
        int64 [M, K + C], the weight of each pair and city in each measure.
    """

    def __init__(self, t: Tables, measures: Integers) -> None:
        self._t = t
        self._measures = measures
        self._plans: dict[bytes, PooledPlan | None] = {}

    def add(self, plan: Mask) -> PooledPlan | None:
        """Add a plan, bool [J + 1]; return its evaluation, or None if it is infeasible for all questions."""
        key = np.packbits(plan).tobytes()
        if key not in self._plans:
            self._plans[key] = None
            if fits(self._t, plan):
                pair = covered_pairs(self._t, plan)
                values = self._measures @ np.concatenate([pair, covered_cities(self._t, pair)])
                self._plans[key] = PooledPlan(plan.copy(), cost_of(self._t, plan), values)
        return self._plans[key]

    def best(self, question: Question) -> Mask | None:
        """Return the best plan for a question, of equal plans the cheapest; None without a feasible plan."""
        sign = 1 if question.cheapest else -1
        feasible = (one for one in self._plans.values() if one is not None and one.answers(question))
        best = min(feasible, key=lambda one: (sign * one.objective(question), one.cost), default=None)
        return None if best is None else best.plan

    def incumbent(
        self, question: Question, *, unit: int, seconds: float, send: Send, base: int
    ) -> MaskIncumbent:
        """Return an incumbent for a question that starts with the best plan of the pool."""

        def evaluate(plan: Mask) -> Evaluated[Mask] | None:
            found = self.add(plan)
            if found is None or not found.answers(question):
                return None
            message = {"built": np.flatnonzero(found.plan[:-1]).tolist()}
            return Evaluated(found.plan, found.objective(question), found.cost, message)

        incumbent = Incumbent(
            evaluate, minimise=question.cheapest, seconds=seconds, send=send, base=base, unit=unit
        )
        best = self.best(question)
        if best is not None:
            incumbent.plan(best, "pool")
        return incumbent


def question_tables(t: Tables, measures: Integers, question: Question) -> Tables:
    """Return the arrays of a problem with the budget and targets of a question, for the heuristics.

    Parameters
    ----------
    t
        The reduced problem.
    measures
        int64 [M, K + C], the weight of each pair and city in each measure.
    question
        The question. Its objective is replaced by the total coverage, which suffices for heuristics.
    """
    pairs, side = len(t.limit), t.side
    rows = [row for row, least in enumerate(question.least) if least > 0]
    places = [np.flatnonzero(measures[row]) for row in rows]

    def extended(start: Integers, held: Integers, parts: list[Integers]) -> tuple[Integers, Integers]:
        return starts([*np.diff(start), *map(len, parts)]), np.concatenate([held, *parts])

    inside = [mine[mine < pairs] for mine in places]
    pair_start, pair = extended(side.target_pair_start, side.target_pair, inside)
    cities = [mine[mine >= pairs] - pairs for mine in places]
    city_start, city = extended(side.target_city_start, side.target_city, cities)
    side = side._replace(
        target_least=np.append(side.target_least, np.array([question.least[row] for row in rows], np.int64)),
        target_pair_start=pair_start,
        target_pair=pair,
        target_city_start=city_start,
        target_city=city,
    )
    budget = -1 if question.cheapest else question.budget
    return t._replace(budget=t.budget if budget is None else budget, side=side)


class QuestionRelaxation(Relaxation):
    """The linear relaxation for a sequence of questions with different budgets, targets and objectives.

    The model contains a row for the cost and a row for each measure; a question sets their sides and the
    objective. Cuts are kept between questions, since they are valid at every budget.

    Parameters
    ----------
    problem
        A reduced problem with the largest budget of all questions.
    measures
        int64 [M x (K + C)], the weight of each pair and city in each measure.
    seed
        Random seed of HiGHS.
    """

    def __init__(self, problem: DesignProblem, measures: Integers, *, seed: int) -> None:
        super().__init__(problem, seed=seed)
        self._cost = np.array([c.cost for c in problem.candidates], np.int64)
        self._covered = self._xyz[len(self._x) :]
        self._cost_unit = divisor(self._cost.tolist())
        self._units = [divisor(row) for row in measures.tolist()]
        self._level_column: int | None = None
        self._first_row = self._row_count()
        measured = [(self._covered, row / unit) for row, unit in zip(measures, self._units, strict=True)]
        for columns, values in [(self._x, self._cost / self._cost_unit), *measured]:
            used = np.flatnonzero(values)
            self._model.addRow(-INFINITY, INFINITY, len(used), columns[used].astype(np.int32), values[used])
        self.keep_rows()
        self._free = np.zeros(len(self.decisions)), np.ones(len(self.decisions))

    def set_question(
        self,
        *,
        budget: int | None,
        least: Sequence[int],
        weights: Integers | None,
        levels: Sequence[LevelRow] = (),
    ) -> None:
        """Set budget, targets and objective, and reset the bounds of all decisions.

        Parameters
        ----------
        budget
            Budget; None: unlimited.
        least
            Least value of each measure.
        weights
            int64 [K + C], objective coefficients of covered pairs and cities; None: minimise the cost.
        levels
            For each measure what a level asks of it: the level is maximised, whatever the weights, and a
            measure with a slope has no other target.
        """
        most = INFINITY if budget is None else math.floor(budget / self._cost_unit)
        self._model.changeRowBounds(self._first_row, -INFINITY, most)
        for row, (value, unit) in enumerate(zip(least, self._units, strict=True), start=self._first_row + 1):
            self._model.changeRowBounds(row, -(-value // unit), INFINITY)
        costs = np.zeros(len(self.names))
        self._set_levels(levels)
        if levels:
            self.divisor = 1
        elif weights is None:
            self.divisor = self._cost_unit
            costs[self._x] = self._cost / self._cost_unit
        else:
            self.divisor = divisor(weights.tolist())
            costs[self._covered] = -weights / self.divisor
        self._set_costs(costs)
        self.set_bounds(*self._free)
        self.set_cutoff(-math.inf)

    def _set_levels(self, levels: Sequence[LevelRow]) -> None:
        """Let the level, a free column, be the objective and part of the rows of measures; or take it out.

        The row of a measure, in its unit, becomes `measure - slope / scale * level >= offset / scale`.
        """
        if self._level_column is None:
            if not levels:
                return
            self._level_column = int(self._model.getNumCol())
            self._model.addCol(0.0, -INFINITY, INFINITY, 0, [], [])
        self._model.changeColCost(self._level_column, -1.0 if levels else 0.0)
        for row, unit in enumerate(self._units):
            asked = levels[row] if levels else None
            scale = unit * (asked.scale if asked else 1)
            place = self._first_row + 1 + row
            self._model.changeCoeff(place, self._level_column, -asked.slope / scale if asked else 0.0)
            if asked and asked.slope:
                self._model.changeRowBounds(place, asked.offset / scale, INFINITY)


class QuestionSession:
    """A reduced problem whose cuts, paths and plans are kept between questions.

    Parameters
    ----------
    problem
        The reduced problem, with the largest budget of all questions.
    measures
        int64 [M, K + C], the weight of each pair and city in each measure.
    seed
        Random seed.
    threads
        Number of threads for large problems.

    Notes
    -----
    Invariant: the rows in the relaxations are valid for every budget and all targets, and the plans of the
    pool are evaluated anew for each question. So the state left by earlier questions can only speed up later
    ones; it cannot make an answer wrong.
    """

    def __init__(self, problem: DesignProblem, measures: Integers, *, seed: int, threads: int) -> None:
        self._problem, self._measures, self._seed = problem, measures, seed
        self._t = tables(problem)
        self._pool = PlanPool(self._t, measures)
        self._cuts: list[CutFinder] = []
        self._programs: list[QuestionRelaxation] = []
        self._threads = threads if len(self._t.limit) >= LEAST_FOR_THREADS else 1
        self._is_fresh = True
        self._incumbent: MaskIncumbent | None = None
        self._most_nodes = most_nodes(problem, STUDY_SHARE)

    def know(self, built: list[int]) -> None:
        """Add a plan that was found elsewhere, given by the positions of the built candidates."""
        plan = np.zeros(self._t.size + 1, np.bool_)
        plan[[*built, -1]] = True
        self._pool.add(plan)

    def answer(
        self, question: Question, *, seconds: float, gap: float, base: int, send: Send
    ) -> tuple[str, MaskIncumbent]:
        """Answer a question.

        Parameters
        ----------
        question
            The question.
        seconds
            Time limit.
        gap
            Relative gap at which to stop.
        base
            Constant by which the objective of the original problem is larger.
        send
            Sends messages.

        Returns
        -------
        tuple
            Why the solve ended (as of `Incumbent.ending`, or `infeasible`), and the incumbent.
        """
        for plan in (nothing(self._t), everything(self._t)):
            self._pool.add(plan)
        if not self._t.size or not len(self._t.limit):
            incumbent = self._pool.incumbent(question, unit=1, seconds=seconds, send=send, base=base)
            if incumbent.evaluated is None:
                return "infeasible", incumbent
            incumbent.bound(incumbent.evaluated.objective, "do-nothing")
            return "proof", incumbent
        program = self._programs_for(question, 1)[0][0]
        incumbent = self._pool.incumbent(
            question, unit=program.divisor, seconds=seconds, send=send, base=base
        )
        incumbent.most_nodes = self._most_nodes
        self._incumbent = incumbent
        return self._search(question, incumbent, gap), incumbent

    def _search(self, question: Question, incumbent: MaskIncumbent, gap: float) -> str:
        t = question_tables(self._t, self._measures, question)
        # Heuristics work on the question; on levels, with the next level as targets.
        aimed = question
        if question.levels and incumbent.evaluated is not None:
            aimed = question.beyond(incumbent.evaluated.objective + 1)
        aim = question_tables(self._t, self._measures, aimed)
        improver = None if len(t.limit) <= SMALL else start_plans(aim, incumbent, seed=self._seed)
        program, cuts = self._programs[0], self._cuts[0]
        root = solve_root(t, incumbent, program, cuts, gap=gap, is_fresh=self._is_fresh)
        self._is_fresh = False
        if root == "infeasible" and incumbent.best is not None:
            return "stalled"  # a known plan contradicts it
        if isinstance(root, str):
            return root
        per_pair, extra = KEPT_CUTS
        if program.cuts > per_pair * len(t.limit) + extra:
            program.drop_slack_rows()
        x = root.x

        def after_round(plans: Iterable[Mask]) -> None:
            """Report the plans of a round, and search for better ones near the point of the root."""
            nonlocal improver
            for plan in plans:
                incumbent.plan(plan, "tree")
            if improver is None and incumbent.nodes >= NODES_BEFORE_SEARCH:
                improver = start_plans(aim, incumbent, seed=self._seed)
            if improver is not None:
                improver.improve_for(incumbent, ATTEMPTS_IN_TREE, x)

        programs = self._programs_for(question, self._threads)
        workers = [new_worker(incumbent, root, program, cuts, program.cuts) for program, cuts in programs]
        return search_tree(incumbent, root, workers, gap=gap, after_round=after_round)

    def _programs_for(self, question: Question, count: int) -> list[tuple[QuestionRelaxation, CutFinder]]:
        """Return `count` relaxations that are set to a question, each with its own cut finder."""

        def is_late() -> bool:
            return self._incumbent is not None and self._incumbent.stop()

        while len(self._programs) < count:
            self._programs.append(QuestionRelaxation(self._problem, self._measures, seed=self._seed))
            finder = self._cuts[0].another() if self._cuts else None
            self._cuts.append(finder or CutFinder(self._t, stop=is_late))
        weights = None if question.cheapest else self._measures.sum(axis=0)
        for program in self._programs[:count]:
            program.set_question(
                budget=question.budget, least=question.least, weights=weights, levels=question.levels
            )
        return list(zip(self._programs[:count], self._cuts[:count], strict=True))
