"""Answer the questions of a frontier, in a session that keeps cuts and plans or by separate solves."""

import dataclasses
import json
import time
from collections.abc import Iterable
from typing import Any, Self

from optimiser.engine.attempt import BROKEN, Runner
from optimiser.engine.child import ChildProcess
from optimiser.engine.presolve import Reduction, reduce
from optimiser.engine.search.task import STUDY_SHARE, Question, SolveParameters
from optimiser.engine.solve import SolveFailure, solve
from optimiser.frontier.axes import own_problem, top_of
from optimiser.frontier.point import Answer, EvaluatedPoint, FrontierEvaluator
from optimiser.problem import DesignProblem, dumps, errors
from optimiser.problem.result import Result

REASONS = {"proof": "answered", "gap": "answered", "infeasible": "answered", "killed": "time"}
"""Reason of an answer by the termination of its solve, where it is another one."""


def solved(problem: DesignProblem, params: SolveParameters, run: Runner | None) -> Result:
    """Return what a solve claims, also where the solver failed."""
    try:
        return solve(problem, params=params, run=run)
    except SolveFailure as failure:
        return failure.result


class _Asker:
    """Has a child process, which is ended when the block that holds the asker is left.

    Parameters
    ----------
    evaluate
        Evaluates plans of the problem by the axes of the frontier.
    seed, threads
        As in `SolveParameters`.
    """

    def __init__(self, evaluate: FrontierEvaluator, *, seed: int, threads: int) -> None:
        self.evaluate, self.seed, self.threads = evaluate, seed, threads
        self.process = ChildProcess()

    def __enter__(self) -> Self:
        """Return the asker."""
        return self

    def __exit__(self, *_error: object) -> None:
        """End the process."""
        self.process.close()


class SolveAsker(_Asker):
    """Answers each question by a separate solve of any problem; plans are shared between questions."""

    def __init__(self, evaluate: FrontierEvaluator, *, seed: int, threads: int) -> None:
        super().__init__(evaluate, seed=seed, threads=threads)
        self.plans: list[EvaluatedPoint] = []

    def know(self, _built: Iterable[str]) -> None:
        """Do nothing: a plan without circuits cannot be used."""

    def ask(self, question: Question, *, seconds: float, gap: float) -> Answer:
        """Answer a question.

        Parameters
        ----------
        question
            The question.
        seconds
            Time limit.
        gap
            Requested relative gap.
        """
        start_time = time.monotonic()
        try:
            problem = own_problem(self.evaluate.problem, self.evaluate.axes, question)
        except ValueError:
            # The problem format cannot express the question: of the best known plan idle candidates go.
            best = self.best(question)
            if best is not None:
                best = self.drop_idle(best, question)
                self.plans.append(best)
            seconds = time.monotonic() - start_time
            facts: dict[str, Any] = {"bound": None, "empty": False, "warm": True, "reason": "thinned"}
            return self._answer(question, best, seconds, seconds=seconds, **facts)
        params = SolveParameters(
            time_limit_s=seconds, gap=gap, effort=STUDY_SHARE, seed=self.seed, threads=self.threads
        )
        result = solved(problem, params, self.process)
        if result.status in ("optimal", "feasible"):
            self.plans.append(self.evaluate(result.built, rings=result.rings, starts=result.starts))
        return self.answer_to(question, result, time.monotonic() - start_time)

    def answer_to(self, question: Question, result: Result, whole_seconds: float) -> Answer:
        """Return the answer that the result of a solve gives, with the best of all known plans."""
        return self._answer(
            question,
            self.best(question),
            whole_seconds,
            bound=result.bound,
            empty=result.status == "infeasible",
            seconds=result.seconds,
            warm=False,
            nodes=(result.trace[-1].nodes or 0) if result.trace else 0,
            cuts=result.trace[-1].cuts if result.trace else 0,
            reason=REASONS.get(result.termination, result.termination),
            solver=result.solver,
            message=result.message,
        )

    def _answer(
        self,
        question: Question,
        best: EvaluatedPoint | None,
        whole_seconds: float,
        **facts: Any,  # noqa: ANN401 - fields of an answer
    ) -> Answer:
        if best is None:
            return Answer(asked=question, built=None, whole_seconds=whole_seconds, **facts)
        plan: dict[str, Any] = {name: getattr(best, name) for name in ("built", "rings", "starts")}
        return Answer(asked=question, whole_seconds=whole_seconds, **plan, **facts)

    def best(self, question: Question) -> EvaluatedPoint | None:
        """Return the best plan of all questions that is feasible for this one."""
        sign = 1 if question.cheapest else -1

        def rank(plan: EvaluatedPoint) -> tuple[int, int]:
            return sign * (plan.cost if question.cheapest else sum(plan.reached)), plan.cost

        return min(
            (plan for plan in self.plans if not plan.faults and _answers(plan, question)),
            key=rank,
            default=None,
        )

    def drop_idle(self, plan: EvaluatedPoint, question: Question) -> EvaluatedPoint:
        """Return a plan without the candidates that the question can do without, the dearest first."""
        cost = {c.id: c.cost for c in self.evaluate.problem.candidates}
        for name in sorted(plan.built, key=lambda name: (-cost[name], name)):
            without_candidate = self.evaluate(
                set(plan.built) - {name},
                rings=plan.rings,
                starts={key: period for key, period in plan.starts.items() if key != name},
            )
            if (
                not without_candidate.faults
                and _answers(without_candidate, question)
                and sum(without_candidate.reached) >= sum(plan.reached)
            ):
                plan = without_candidate
        return plan


def _answers(plan: EvaluatedPoint, question: Question) -> bool:
    within = question.budget is None or plan.needs <= question.budget
    return within and all(has >= least for has, least in zip(plan.reached, question.least, strict=True))


class SessionAsker(_Asker):
    """Answers questions about a plain problem in one process that keeps cuts, paths and plans.

    Raises
    ------
    InfeasibleError
        When the problem is infeasible even with a budget for everything.

    Notes
    -----
    The problem is reduced once, with a budget for everything. By the proofs of the rules, every plan has
    another one in the reduced problem that costs no more and covers no less, pair by pair. So one reduction
    serves all budgets and targets, minus the cost and coverage of the candidates that are built in any case.
    """

    def __init__(self, evaluate: FrontierEvaluator, *, seed: int, threads: int) -> None:
        super().__init__(evaluate, seed=seed, threads=threads)
        problem, axes = evaluate.problem, evaluate.axes
        reduced = reduce(top_of(problem), groups=axes.groups)
        if not reduced.feasible:
            raise errors.InfeasibleError(
                "no plan meets the constraints, even with a budget for everything; proved.",
                where=f"problem {problem.name!r}",
                faults=[reduced.reason],
                done="No frontier was traced.",
                remedy="Lower a target, or remove fixed candidates or exclusions.",
            )
        self._measures = axes.measures(reduced.problem)
        self.reduced, self.cheapest_base = reduced, reduced.forced_cost
        self.base = base_of(reduced, evaluate)
        self._known_plans: dict[tuple[int, ...], None] = {}
        self._sent: set[tuple[int, ...]] = set()

    def know(self, built: Iterable[str]) -> None:
        """Add a plan found elsewhere, given by ids; candidates outside the reduced problem are ignored."""
        index = self.reduced.problem.index
        self._known_plans[tuple(sorted(index[name] for name in built if name in index))] = None

    def ask(self, question: Question, *, seconds: float, gap: float) -> Answer:
        """Answer a question.

        Parameters
        ----------
        question
            The question.
        seconds
            Time limit.
        gap
            Requested relative gap.
        """
        start_time = time.monotonic()
        budget = None if question.budget is None else question.budget - self.cheapest_base
        if budget is not None and budget < 0:
            return Answer(question, None, None, empty=True, seconds=0.0, whole_seconds=0.0, warm=True)
        least = tuple(value - base for value, base in zip(question.least, self.base, strict=True))
        levels = tuple(
            row._replace(offset=row.offset - row.scale * base)
            for row, base in zip(question.levels, self.base, strict=False)
        )
        base = self.cheapest_base if question.cheapest else sum(self.base)
        task = self.task_of(
            dataclasses.replace(question, budget=budget, least=least, levels=levels),
            seconds=seconds,
            gap=gap,
            base=0 if levels else base,
        )
        built: tuple[int, ...] | None = None
        bound: float | None = None

        def receive(message: dict[str, Any]) -> None:
            nonlocal built, bound
            if message["kind"] == "plan":
                built = tuple(int(j) for j in message["built"])
            elif message["kind"] == "bound":
                bound = float(message["bound"])

        ending = self.process(task, receive, time_limit_s=seconds)
        if built is not None:
            self._known_plans[built] = None
            self._sent.add(built)
        is_late = ending.reason == "killed" or ending.details.get("late")
        return Answer(
            asked=question,
            built=None if built is None else self.reduced.lifted(built),
            bound=None if bound is None else bound + task["base"],
            empty=ending.reason == "infeasible",
            seconds=ending.seconds,
            whole_seconds=time.monotonic() - start_time,
            warm=bool(ending.details.get("warm")),
            nodes=int(ending.details.get("nodes", 0)),
            cuts=int(ending.details.get("cuts", 0)),
            reason="time" if is_late else ending.reason if ending.reason in BROKEN else "answered",
            solver=ending.solver,
            message=ending.message,
        )

    def task_of(self, question: Question, *, seconds: float, gap: float, base: int) -> dict[str, Any]:
        """Return the task of a question; a new process gets the problem and all known plans."""
        task: dict[str, Any] = {"seed": self.seed, "threads": self.threads}
        if not self.process.is_running:
            self._sent = set()
            task |= {"problem": json.loads(dumps(self.reduced.problem)), "measures": self._measures.tolist()}
        unsent = [plan for plan in self._known_plans if plan not in self._sent]
        self._sent.update(unsent)
        task |= {"question": question.as_dict(), "seconds": seconds, "gap": gap, "base": base}
        return task | {"known": [list(plan) for plan in unsent]}


def base_of(reduced: Reduction, evaluate: FrontierEvaluator) -> list[int]:
    """Return by how much each measure of a plan exceeds that of its plan in the reduced problem."""
    nothing, inner = evaluate(reduced.lifted(())), FrontierEvaluator(reduced.problem, evaluate.axes)(())
    return [has - reduced_value for has, reduced_value in zip(nothing.reached, inner.reached, strict=True)]
