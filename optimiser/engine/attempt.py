"""Run a variant on a problem in a child process, and check its claims against the original problem."""

import dataclasses
import json
import math
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

from optimiser.engine.backends import solvers
from optimiser.engine.child import ChildProcess, Ending
from optimiser.engine.methods.own_variant import SUFFIX
from optimiser.engine.methods.variants import variant_of
from optimiser.engine.presolve.magnitudes import bounded
from optimiser.engine.search.incumbent import Evaluated, EvaluatedPlan, Incumbent, PlanEvaluator, stop_after
from optimiser.engine.search.task import NamedPlan, SolveParameters
from optimiser.problem import DesignProblem, dumps
from optimiser.problem.result import TracePoint, bound_tolerance, rounded_bound
from optimiser.verify.infeasible import is_enumerable, prove_infeasible
from optimiser.verify.rules import coverable, pair_times, trivial_bound

ANY_GAP = 1e12
"""Relative gap that every plan satisfies, for total weights up to a trillion."""

BROKEN = ("crash", "memory", "killed")
"""Reasons for the end of a process after which its final claims are not trusted."""

_KIND_OF_STEP = {"presolve": "presolve", "relaxation": "relaxation", "columns": "relaxation"}
"""What a bound rests on, by the step that proved it; a search with any other step."""


class CheckedClaims:
    """The best plan and bound of a running solve; every plan is evaluated on the original problem.

    Parameters
    ----------
    problem
        The original problem.
    progress
        Called with each improvement; None: no calls. Also an attribute.
    start
        A plan to start from, feasible or not.
    believes
        Whether bounds of the process, and its word that there is no plan, count. Where they do not, the bound
        is that of the reduction, which comes first, and `claimed_bound` and `is_called_infeasible` wait for
        confirmation.

    Attributes
    ----------
    start_faults
        What of `start` the problem lacks, and the rules that the rest violates, as sentences.
    refusals
        False claims, as sentences. The bounds of a process that made one are discarded.
    trace
        Improvements so far, with the bounds that the process claimed.
    claimed_bound, told_bound
        The best bound of a process that is not believed, and as it was claimed, not yet rounded to what
        objectives can be; None without one.
    is_called_infeasible
        Whether the process claims that there is no plan, and nothing contradicts it.
    bound_kind
        What the best bound rests on (`ProofSource`).
    """

    def __init__(
        self,
        problem: DesignProblem,
        progress: Callable[[TracePoint], None] | None,
        start: NamedPlan | None = None,
        *,
        believes: bool = True,
    ) -> None:
        self.problem = problem
        self.start_faults: tuple[str, ...] = ()
        self.refusals: list[str] = []
        self.trace: list[TracePoint] = []
        self.progress = progress
        self._seconds = 0.0
        self._cuts = 0
        self._nodes: int | None = None
        self._believes = believes
        self._heard_bound = False
        self.claimed_bound: float | None = None
        self.told_bound: float | None = None
        self.is_called_infeasible = False
        self.bound_kind = "trivial"
        self._evaluator = PlanEvaluator(problem)
        self._trivial_bound = trivial_bound(problem, self._evaluator.coverable)
        self._incumbent: Incumbent[EvaluatedPlan] = Incumbent(
            lambda plan: None if plan.faults else Evaluated(plan, plan.objective, plan.cost, {}),
            minimise=problem.budget is None,
            seconds=math.inf,
            send=self._improved,
            bound=self._trivial_bound,
        )
        # The first feasible one of the plan given, that of all candidates fixed in, and of all allowed ones.
        if start is not None:
            unknown = sorted(
                {*start.built, *start.circuits} - {*problem.index, *(r.id for r in problem.rings)}
            )
            lacks = [f"the problem lacks {', '.join(map(repr, unknown))}"] if unknown else []
            self.start_faults = (*lacks, *self._take_plan(start.known_to(problem), "start").faults)
        self._has_found = self._incumbent.best is not None
        for avoided in ({"out", None}, {"out"}):
            if self._incumbent.best is None:
                names = tuple(c.id for c in problem.candidates if c.fixed not in avoided)
                self._take_plan(NamedPlan(names), "start")

    def _take_plan(self, plan: NamedPlan, step: str, *, over_equal: bool = False) -> EvaluatedPlan:
        """Evaluate a plan, and keep it if it is feasible and better than the best one."""
        found = self._evaluator(plan.built, rings=plan.circuits, starts=plan.starts or None)
        self._incumbent.plan(found, step, over_equal=over_equal)
        return found

    def receive(self, message: Mapping[str, Any]) -> None:
        """Process a message of the solver process, which says when it was sent."""
        try:
            self._seconds = float(message.get("seconds", 0.0))
            step = str(message.get("step", ""))
            if message["kind"] == "plan":
                circuits = {name: tuple(links) for name, links in message.get("rings", {}).items()}
                plan = NamedPlan(message["built"], circuits, message.get("starts") or {})
                found = self._take_plan(plan, step, over_equal=message.get("over_equal") is True)
                self._has_found = self._has_found or not found.faults
                if found.faults:
                    self.refusals.append(f"a plan of step {step!r} violates a rule: {found.faults[0]}")
            elif message["kind"] == "bound":
                if not math.isfinite(message["bound"]):
                    raise ValueError(message["bound"])  # noqa: TRY301 - handled with all invalid messages below
                bound = float(message["bound"])
                # The first bound is that of the reduction: it is sent before any other code sees the problem.
                is_of_reduction, self._heard_bound = step == "presolve" and not self._heard_bound, True
                if self._believes or is_of_reduction:
                    self._incumbent.bound(bound, step)
                elif self._incumbent.is_tighter(bound, self._best_claimed()):
                    self.claimed_bound, self.told_bound = bound, float(message.get("told", bound))
                    self._improved({"step": step})
            elif message["kind"] == "count":
                self._cuts, self._nodes = int(message["cuts"]), int(message["nodes"])
                self._improved({"step": step})
        except (KeyError, TypeError, ValueError, IndexError) as error:
            self.refusals.append(f"a message of the solver process is invalid ({error!r})")

    def _best_claimed(self) -> float | None:
        """Return the best bound, believed or not."""
        return self._incumbent.best_bound if self.claimed_bound is None else self.claimed_bound

    def _improved(self, message: Mapping[str, Any]) -> None:
        """Append the current state to the trace."""
        if message.get("kind") == "bound":
            self.bound_kind = _KIND_OF_STEP.get(str(message["step"]), "search")
        best = self._incumbent.evaluated
        value, bound = None if best is None else best.objective, self._best_claimed()
        self.trace.append(
            TracePoint(self._seconds, str(message["step"]), value, bound, self._cuts, self._nodes)
        )
        if self.progress is not None:
            self.progress(self.trace[-1])

    def finish(
        self, ending: Ending, *, proves: bool, seconds: float = math.inf, rescues: bool = True
    ) -> None:
        """Check the final claims, and find a plan by a heuristic if a failed process left none.

        Parameters
        ----------
        ending
            How the process ended.
        proves
            Whether the variant proves bounds.
        seconds
            Time left for the heuristic; without any it does not run.
        rescues
            Whether our own plans count. Where they do not, a failed process that found none has none.
        """
        self._seconds = round(ending.seconds, 3)
        if ending.reason in BROKEN:
            if rescues and seconds > 0 and len({point.objective for point in self.trace}) <= 1:
                self._rescue(seconds)
            elif not rescues and not self._has_found:
                self._incumbent.evaluated = None
                self.trace = [dataclasses.replace(point, objective=None) for point in self.trace]
        self.is_called_infeasible = ending.reason == "infeasible"
        self.refusals.extend(self._contradictions(ending, proves=proves))
        if self.refusals:
            self._discard()

    def refuse(self, claim: str, plan: NamedPlan | None = None) -> None:
        """Refuse the final claims after the end, and keep a plan that contradicts them.

        Parameters
        ----------
        claim
            What is false, as a sentence.
        plan
            The plan, if it is known in full.
        """
        self.refusals.append(claim)
        self._discard()
        if plan is not None:
            self._take_plan(plan, "check")

    def settle(self, bound: int | None, *, is_proved: bool) -> None:
        """Believe, in place of the claims of the process, what was proved in integers.

        Parameters
        ----------
        bound
            The bound; None: there is no plan.
        is_proved
            Whether it leaves nothing open, so that earlier claims do not matter.
        """
        if is_proved:
            self.refusals.clear()
        self._discard()
        self.is_called_infeasible = bound is None
        if bound is not None:
            self.replace_bound(float(bound), "search")

    def replace_bound(self, bound: float, kind: str) -> None:
        """Believe a bound that was proved elsewhere, if it is better than the one believed so far.

        Parameters
        ----------
        bound
            The bound.
        kind
            What it rests on (`ProofSource`).
        """
        if self._incumbent.is_tighter(bound, self._incumbent.best_bound):
            self._incumbent.best_bound, self.bound_kind = bound, kind
        self.drop_claimed_bound()

    def drop_claimed_bound(self) -> None:
        """Believe the process no further than what is proved; the trace keeps what it claimed apart."""
        self.claimed_bound = None
        self.trace = [self._parted(point) for point in self.trace]

    def _parted(self, point: TracePoint) -> TracePoint:
        """Return a point whose bound is no tighter than what is proved, with what was claimed beside it."""
        told, proved = point.bound if point.claimed is None else point.claimed, self._incumbent.best_bound
        if told is None or proved is None or not self._incumbent.is_tighter(told, proved):
            return dataclasses.replace(point, bound=told, claimed=None)
        return dataclasses.replace(point, bound=proved, claimed=None if self.refusals else told)

    def _discard(self) -> None:
        """Discard all bounds, and the claim that there is no plan, of a process that made a false claim."""
        self.is_called_infeasible = False
        self._incumbent.best_bound, self.bound_kind = self._trivial_bound, "trivial"
        self.drop_claimed_bound()

    def _rescue(self, seconds: float) -> None:
        """Report the plan of the reverse greedy heuristic, as far as it comes in some seconds."""
        import numpy as np

        from optimiser.engine.methods.heuristics.greedy import reverse_greedy
        from optimiser.engine.search.tables import tables
        from optimiser.engine.work import reduction_of

        stop = stop_after(seconds)
        reduced = reduction_of(self.problem, stop=stop)
        if reduced.feasible:
            plan = reverse_greedy(tables(reduced.problem), stop=stop)
            built = reduced.lifted(np.flatnonzero(plan[:-1]).tolist())
            self._take_plan(NamedPlan(built), "reverse-greedy")

    def _contradictions(self, ending: Ending, *, proves: bool) -> Iterator[str]:
        """Yield final claims that contradict what is known."""
        best = self._incumbent.evaluated
        if best is None:
            if ending.reason in ("proof", "gap"):
                yield f"the solver claimed to have ended with {ending.reason!r}, but found no plan"
            return
        if ending.reason == "infeasible":
            yield "the solver claimed that the problem is infeasible, but a plan is known"
        bound, minimise = self._best_claimed(), self._incumbent.minimise
        if bound is None:
            return
        allowed = rounded_bound(bound, minimise=minimise)
        if (allowed > best.objective) if minimise else (allowed < best.objective):
            said = bound if self.claimed_bound is None else self.told_bound
            yield f"a plan with objective {best.objective} contradicts the solver's bound {said}"
        elif proves and ending.reason == "proof" and abs(allowed - best.objective) > bound_tolerance(bound):
            yield "the solver claimed a proof of optimality that its bound does not support"

    def best(self) -> dict[str, Any]:
        """Return the fields of a `Result` for status, plan, objective and bound."""
        plan, bound, gap = self._incumbent.best, self._incumbent.best_bound, self._incumbent.gap()
        status = "optimal" if gap == 0 else "feasible"
        if plan is None:
            plan, bound = EvaluatedPlan((), 0, 0, 0, ()), None
            status = "infeasible" if self.is_called_infeasible and self._believes else "none"
        names = ("built", "cost", "coverage", "objective", "rings", "starts")
        return {"status": status, "bound": bound, "gap": gap} | {name: getattr(plan, name) for name in names}


class Runner(Protocol):
    """Runs tasks in a child process, like `ChildProcess`."""

    def __call__(
        self, task: Mapping[str, Any], receive: Callable[[dict[str, Any]], None], *, time_limit_s: float
    ) -> Ending:
        """Run a task, and pass its messages to `receive`."""


@contextmanager
def runner(run: Runner | None) -> Iterator[Runner]:
    """Give what runs tasks: the runner given, or a new child process, which ends with the block."""
    if run is not None:
        yield run
        return
    with ChildProcess() as process:
        process.start()
        yield process


def is_believed(name: str, solver: str) -> bool:
    """Return whether bounds of a variant with a solver, and its word that there is no plan, count.

    Parameters
    ----------
    name
        Name of a variant, or path of a file with a variant of the user's own.
    solver
        Name of its solver.
    """
    return not name.endswith(SUFFIX) and solvers.is_believed(solver)


class UnsettledError(Exception):
    """A solve ended without a plan within the requested gap, and without a proof of infeasibility."""


def attempt(
    problem: DesignProblem,
    name: str,
    params: SolveParameters,
    progress: Callable[[TracePoint], None] | None = None,
    run: Runner | None = None,
) -> tuple[CheckedClaims, Ending]:
    """Run a variant on a problem.

    Parameters
    ----------
    problem
        The problem.
    name
        Name of a variant other than `auto`, or path of a file with a variant of the user's own.
    params
        Limits and options; the solver must not be `auto`.
    progress
        Called with each improvement of plan or bound.
    run
        Runs the task; default: a new child process.

    Returns
    -------
    tuple
        The checked plan and bound, and how the run ended.

    Raises
    ------
    EnvironmentFault
        When the child process cannot be started.
    ProblemError
        When the problem has numbers that cannot be counted exactly.
    """
    claims = CheckedClaims(problem, progress, params.start, believes=is_believed(name, params.solver))
    task = {
        "problem": json.loads(dumps(bounded(problem))),
        "start": None if params.start is None else [*params.start.known_to(problem)],
        "log": None if params.solver_log is None else str(params.solver_log.absolute()),
        **_task(name, params),
    }
    # The check of the plan asks for these times, and should not begin with them when the time is up.
    for times in (partial(pair_times, problem, ()), partial(coverable, problem)):
        threading.Thread(target=times, daemon=True).start()
    with runner(run) as run_task:
        ending = run_task(task, claims.receive, time_limit_s=params.time_limit_s)
    left = params.time_limit_s - ending.seconds
    claims.finish(
        ending,
        proves=variant_of(name).proves,
        seconds=left,
        rescues=params.second_solver and not name.endswith(SUFFIX),
    )
    return claims, ending


def prepare(
    process: ChildProcess, name: str, params: SolveParameters, *, with_budget: bool, with_ring: bool
) -> None:
    """Let a child process load what a solve will need, while its problem is still being made.

    Parameters
    ----------
    process
        The process that will be given the problem.
    name, params
        As for `attempt`.
    with_budget, with_ring
        What kind of problem it will be.

    Raises
    ------
    EnvironmentFault
        When the child process cannot be started.
    """
    process.prepare({"prepare": {"with_budget": with_budget, "with_ring": with_ring}, **_task(name, params)})


def _task(name: str, params: SolveParameters) -> dict[str, Any]:
    """Return a task without its problem."""
    return {
        "variant": name,
        "seconds": params.time_limit_s,
        "gap": params.gap,
        "effort": params.effort,
        "threads": params.threads,
        "seed": params.seed,
        "solver": params.solver,
        "memory_mb": params.memory_mb,
        "options": dict(params.solver_options),
    }


def any_plan(
    problem: DesignProblem, name: str, params: SolveParameters, run: Runner | None = None
) -> tuple[str, ...] | None:
    """Return any feasible plan, or None if the problem is proved infeasible; small problems are enumerated.

    Raises
    ------
    UnsettledError
        When the time ran out first.
    """
    if problem.is_plain:
        from optimiser.engine.presolve import reduce

        reduced = reduce(problem)
        if not reduced.feasible:
            return None
        if is_enumerable(reduced.problem):
            found = prove_infeasible(reduced.problem).plan
            return None if found is None else tuple(sorted({*reduced.forced, *found}))
    return plan_within_gap(problem, name, params.replace(gap=ANY_GAP), run)


def plan_within_gap(
    problem: DesignProblem, name: str, params: SolveParameters, run: Runner | None = None
) -> tuple[str, ...] | None:
    """Return a plan within the requested gap, or None if the problem is proved infeasible.

    Raises
    ------
    UnsettledError
        When the time ran out first.
    """
    best = attempt(problem, name, params, run=run)[0].best()
    if best["status"] == "infeasible":
        return None
    if best["gap"] is None or best["gap"] > params.gap:
        raise UnsettledError
    return tuple(best["built"])
