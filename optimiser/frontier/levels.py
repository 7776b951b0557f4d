"""Find the largest level that several groups of pairs attain together, each by a demand of its own."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import Any

from optimiser.engine.attempt import ANY_GAP, attempt
from optimiser.engine.child import ChildProcess
from optimiser.engine.search.incumbent import Evaluated, Incumbent
from optimiser.engine.search.task import LevelRow, Question, SolveParameters
from optimiser.engine.solve import prover_of
from optimiser.frontier.askers import SessionAsker
from optimiser.frontier.axes import Axes, with_least
from optimiser.frontier.point import EvaluatedPoint, FrontierEvaluator
from optimiser.problem import DesignProblem, errors
from optimiser.problem.result import Starts, Status, gap_of, rounded_bound
from optimiser.verify.rules import coverable

type Shares = frozenset[tuple[str, int]]
"""Levels of some groups."""
type CommonLevel = Callable[[Mapping[str, int]], int | None]
"""Returns the largest level that all other groups attain together while some have at least theirs; None where
no plan exists."""

QUESTION_SHARE = 0.5
"""Share of the time left that one decision question may take, while others may follow."""


@dataclass(frozen=True, slots=True)
class LevelTarget:
    """What a level V asks of some pairs: a covered weight of at least `factor * V + base`.

    Attributes
    ----------
    groups
        Groups of pairs whose covered weights are added up.
    factor
        Weight for each unit of the level, > 0.
    base
        Weight at level 0, of any sign.
    """

    groups: tuple[str, ...]
    factor: Fraction | int = 1
    base: Fraction | int = 0

    @property
    def row(self) -> LevelRow:
        """Return the demand in integers."""
        factor, base = Fraction(self.factor), Fraction(self.base)
        scale = math.lcm(factor.denominator, base.denominator)
        return LevelRow(scale, int(scale * factor), int(scale * base))

    def least(self, level: int) -> int:
        """Return the least covered weight that meets the demand of a level, >= 0."""
        return max(0, self.row.least(level))

    def level(self, weight: int) -> int:
        """Return the largest level whose demand a covered weight meets."""
        return self.row.level(weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelAnswer:
    """The largest level found, with its plan and its proof.

    Attributes
    ----------
    status
        As in `Result`: `optimal`: `level` equals `bound`.
    level
        Level of the plan; None without a plan.
    bound
        Proved: no plan attains a level above it. None where no plan exists.
    built
        Ids of the plan.
    starts
        As in `Result`.
    questions
        Number of questions asked.
    seconds
        Elapsed time.
    """

    status: Status
    level: int | None = None
    bound: int | None = None
    built: tuple[str, ...] = ()
    starts: Starts = field(default_factory=dict)
    questions: int = 0
    seconds: float = 0.0

    @property
    def gap(self) -> float | None:
        """Return the relative gap between level and bound; None without a plan or a bound."""
        return None if self.level is None or self.bound is None else gap_of(self.level, float(self.bound))


def highest_level(
    problem: DesignProblem,
    targets: Sequence[LevelTarget],
    params: SolveParameters,
    *,
    known: Iterable[Collection[str]] = (),
    bound: int | None = None,
    notify: Callable[[str], object] = lambda _text: None,
) -> LevelAnswer:
    """Return the largest integer level whose demands some plan meets together, within all other rules.

    Parameters
    ----------
    problem
        A problem with a budget; its own targets stay, and its objective plays no part.
    targets
        What the level asks for, one at least; each names groups of pairs of the problem.
    params
        Gap at which to stop, time limit of all questions together, seed and threads.
    known
        Plans, as ids, from which to start; those that are not feasible are left out.
    bound
        A level that no plan exceeds, if one is known.
    notify
        Called with a line of text before each question.

    Returns
    -------
    LevelAnswer
        Without a plan its status is `infeasible` where that is proved, otherwise `none`.

    Notes
    -----
    A level is monotone in what is covered: a plan that covers more attains at least the same. So the largest
    level is max-min, `max min_t floor((w_t(x) - base_t) / factor_t)`. For a plain problem it is one question:
    the level is a column of the relaxation, with a row for each demand, and our tree searches plans by their
    exact levels. A problem with rings or periods is solved anew for each level asked for, by bisection: a
    plan found raises the level to its own, which may be far above what was asked; a proof that a level is out
    of reach, and the proven bound on the sum of all demands, lower the bound.
    """
    targets = tuple(targets)
    sums = tuple(target.groups for target in targets)
    named = tuple(sorted({group for groups in sums for group in groups}))
    # Where pairs without a group count, no other group may lose its name in the reduced problem.
    axes = Axes("summed", problem.groups if "" in named else named, sums)
    search = _LevelSearch(problem, targets, FrontierEvaluator(problem, axes), params, notify)
    # Everything coverable attains no higher level.
    pairs = [problem.pairs[k] for k in coverable(problem)]
    most = min(target.level(sum(p.weight for p in pairs if p.group in target.groups)) for target in targets)
    search.incumbent.bound(float(most if bound is None else min(most, bound)), "")
    for built in known:
        search.incumbent.plan(search.evaluate(built), "")
    try:
        if problem.is_plain:
            _ask_for_the_largest(search)
        else:
            _bisect(search)
    except errors.InfeasibleError:
        search.infeasible = True
    return search.answer()


class _LevelSearch:
    """The best plan and the best bound so far; the objective of the incumbent is the level."""

    def __init__(
        self,
        problem: DesignProblem,
        targets: tuple[LevelTarget, ...],
        evaluate: FrontierEvaluator,
        params: SolveParameters,
        notify: Callable[[str], object],
    ) -> None:
        self.problem, self.targets, self.evaluate = problem, targets, evaluate
        self.params, self.notify = params, notify
        self.incumbent = Incumbent(
            self._rated, minimise=False, seconds=params.time_limit_s, send=lambda _message: None
        )
        self.infeasible, self.questions = False, 0

    @property
    def level(self) -> int | None:
        """Return the level of the best plan; None without one."""
        return None if self.incumbent.evaluated is None else self.incumbent.evaluated.objective

    @property
    def bound(self) -> int:
        """Return the proven bound on the level."""
        return int(self.incumbent.best_bound or 0)

    def level_of(self, plan: EvaluatedPoint) -> int:
        """Return the largest level whose demands a plan meets."""
        return min(t.level(weight) for t, weight in zip(self.targets, plan.reached, strict=True))

    def _rated(self, plan: EvaluatedPoint) -> Evaluated[EvaluatedPoint] | None:
        """Return a plan with its level; None where it is not feasible."""
        if plan.faults or plan.needs > (self.problem.budget or 0):
            return None
        return Evaluated(plan, self.level_of(plan), plan.cost, {})

    def record(self, bound: int | None) -> None:
        """Count a question, and keep the bound that its answer proved."""
        self.questions += 1
        if bound is not None:
            self.incumbent.bound(float(bound), "")

    def is_done(self) -> bool:
        """Return whether the gap is closed, or the time is up."""
        is_proven = self.level is not None and self.bound <= self.level
        return is_proven or self.infeasible or self.incumbent.closed(self.params.gap) or self.incumbent.stop()

    def answer(self) -> LevelAnswer:
        """Return the best plan with its proof."""
        plan, level = self.incumbent.best, self.level
        effort: dict[str, Any] = {
            "questions": self.questions,
            "seconds": round(self.params.time_limit_s - self.incumbent.left(), 3),
        }
        if plan is None or level is None:
            status: Status = "infeasible" if self.infeasible else "none"
            bound = None if self.infeasible else self.bound
            return LevelAnswer(status=status, bound=bound, **effort)
        return LevelAnswer(
            status="optimal" if self.bound <= level else "feasible",
            level=level,
            bound=max(self.bound, level),
            built=plan.built,
            starts=plan.starts,
            **effort,
        )


def _ask_for_the_largest(search: _LevelSearch) -> None:
    """Ask the engine for the largest level, in one question."""
    params = search.params
    if search.is_done():
        return
    question = Question(
        search.problem.budget,
        (0,) * len(search.targets),
        cheapest=False,
        levels=tuple(target.row for target in search.targets),
    )
    with SessionAsker(search.evaluate, seed=params.seed, threads=params.threads) as asker:
        if search.incumbent.best is not None:
            asker.know(search.incumbent.best.built)
        search.notify("Seeking the largest level")
        found = asker.ask(question, seconds=max(0.0, search.incumbent.left()), gap=params.gap)
    if found.built is not None:
        search.incumbent.plan(search.evaluate(found.built), "")
    search.infeasible = found.empty and search.incumbent.best is None
    search.record(None if found.bound is None else int(rounded_bound(found.bound)))


# ---- problems with rings and periods


def _bisect(search: _LevelSearch) -> None:
    """Decide level after level, until the gap is closed or the time is up."""
    # Left to decide are the levels above that of the plan, up to `ceiling`: below what stayed open.
    ceiling, asked = search.bound, None
    with ChildProcess() as process:
        while not search.is_done():
            if asked is not None:
                number = search.questions + 1
                search.notify(f"Deciding whether level {asked} is attained, question {number}")
            is_decided, bound = _decide(search, asked, process)
            search.record(bound)
            ceiling = min(ceiling, search.bound)
            if asked is not None and not is_decided:
                ceiling = min(ceiling, asked - 1)
            low = ceiling - 1 if search.level is None else search.level
            if ceiling <= low:
                return
            asked = low + (ceiling - low + 1) // 2


def _decide(search: _LevelSearch, asked: int | None, process: ChildProcess) -> tuple[bool, int | None]:
    """Find out whether a plan meets the demands of a level; None: find a plan of largest coverage.

    Returns whether that is decided, and the bound on the level that the answer proved; None: none.
    """
    least = [0 if asked is None else target.least(asked) for target in search.targets]
    problem = with_least(search.problem, [target.groups for target in search.targets], least)
    name, params = prover_of(problem, search.params)
    gap = params.gap if asked is None else ANY_GAP
    seconds = max(1.0, QUESTION_SHARE * search.incumbent.left())
    claims, _ending = attempt(problem, name, params.replace(gap=gap, time_limit_s=seconds), run=process)
    best = claims.best()
    allowed = _allowed(search, best["bound"])
    if best["status"] in ("optimal", "feasible"):
        plan = search.evaluate(best["built"], rings=best["rings"], starts=best["starts"])
        search.incumbent.plan(plan, "")
        return True, None if allowed is None else max(allowed, search.level_of(plan))
    if best["status"] == "infeasible":
        search.infeasible = asked is None
        return True, None if asked is None else asked - 1
    # Plans that do not meet the demands may attain lower levels.
    return False, None if allowed is None or asked is None else max(allowed, asked - 1)


def _allowed(search: _LevelSearch, objective: Any) -> int | None:  # noqa: ANN401 - a number or None
    """Return the largest level that a bound on the objective, the sum of all weights, allows."""
    counted = [group for target in search.targets for group in target.groups]
    if objective is None or search.problem.periods or len(set(counted)) < len(counted):
        return None
    rows = [target.row for target in search.targets]
    scale = math.lcm(*(row.scale for row in rows))
    slope = sum(scale // row.scale * row.slope for row in rows)
    offset = sum(scale // row.scale * row.offset for row in rows)
    return LevelRow(scale, slope, offset).level(int(rounded_bound(objective)))


# ---- one group after the other


def lexicographic_shares(
    totals: Mapping[str, int], common_level: CommonLevel, *, steps: int
) -> dict[str, Fraction]:
    """Return the covered share of each group in a plan that is lexicographically max-min optimal.

    Parameters
    ----------
    totals
        Weight of each group, >= 0.
    common_level
        Asked for levels in `1 / steps` of the weights of the groups that have any, as `highest_level` finds
        them.
    steps
        Resolution: shares are multiples of 1 / `steps`.

    Returns
    -------
    dict
        Share of each group. Some plan attains all of them, and no plan whose shares are rounded down to the
        steps is better, where plans are compared by their shares sorted from worst to best (the leximin order
        of Sen 1970, Collective Choice and Social Welfare, chapter 9*). A group without weight has share 1.

    Raises
    ------
    InfeasibleError
        When there is no plan.

    Notes
    -----
    The worst group of the best plan stays at the largest level that all free groups attain together. Which
    group that is must be found by trying each of them: plans do not form a convex set, in which the blocking
    groups would be known (Ogryczak, Pioro and Tomaszewski 2005, Telecommunications network design and max-min
    optimization problem, Journal of Telecommunications and Information Technology 3). The groups can be fixed
    in any order, so that n groups have up to 1 + n + n (n - 1) + ... + n! states without the last level
    (three: ten), each with one question for the largest level.
    """
    counted = {group for group, total in totals.items() if total > 0}

    @cache
    def best(fixed: Shares) -> Shares:
        free = sorted(counted - dict(fixed).keys())
        if not free:
            return fixed
        level = common_level(dict(fixed))
        if level is None:
            raise errors.InfeasibleError("no plan meets the demands, whatever it covers")
        if level >= steps or len(free) == 1:
            return fixed | {(group, min(level, steps)) for group in free}
        found = [best(fixed | {(group, level)}) for group in free]
        return max(found, key=lambda levels: sorted(level for _, level in levels))

    levels = dict.fromkeys(totals, steps) | dict(best(frozenset()))
    return {group: Fraction(level, steps) for group, level in levels.items()}
