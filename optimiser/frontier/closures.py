"""Find plans that keep a share of their coverage when any one link or section is closed."""

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal, NamedTuple

import numpy as np

from optimiser.engine.attempt import attempt
from optimiser.engine.child import ChildProcess
from optimiser.engine.search.incumbent import Evaluated, Incumbent, PlanEvaluator
from optimiser.engine.search.paths import Mask
from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import prover_of
from optimiser.frontier.axes import everything, with_least
from optimiser.frontier.levels import LevelAnswer, LevelTarget, highest_level
from optimiser.frontier.robust import Scenario, compose
from optimiser.problem import DesignProblem, Target, errors, model
from optimiser.problem.result import Starts, Status, rounded_bound
from optimiser.verify.rules import period_states

MOST_ADDED = 3
"""Most closures that a round adds: each adds a copy of the network, and the worst ones imply many others."""

INTACT = "intact"
"""Name of the network without closures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """What is closed together.

    Attributes
    ----------
    id
        Unique name.
    candidates
        Ids of the candidates whose arcs are closed.
    arcs
        Positions in `DesignProblem.arcs` of the arcs of today that are closed.
    network
        The problem timed without something of today, where arcs of the problem stand for whole paths, so that
        closing a part makes them slower: its nodes, arcs and arcs of candidates take the place of those of
        the problem; its pairs and candidates are the same, in the same order. Then `arcs` are its arcs.
    """

    id: str
    candidates: tuple[str, ...] = ()
    arcs: tuple[int, ...] = ()
    network: DesignProblem | None = None


def closed(problem: DesignProblem, closure: Closure) -> DesignProblem:
    """Return the problem in which a closure is in force: its candidates open nothing, its arcs are gone.

    Parameters
    ----------
    problem
        Any problem.
    closure
        What is closed. Its candidates are fixed `out`, which `robust.compose` reads as built and of no use.
    """
    closed_arcs, closed_candidates = set(closure.arcs), set(closure.candidates)
    network = closure.network or problem
    arcs = {c.id: c.arcs for c in network.candidates}
    return problem.replace(
        nodes=network.nodes,
        arcs=tuple(arc for position, arc in enumerate(network.arcs) if position not in closed_arcs),
        candidates=tuple(
            dataclasses.replace(c, arcs=arcs[c.id], fixed="out" if c.id in closed_candidates else c.fixed)
            for c in problem.candidates
        ),
        pairs=tuple(
            dataclasses.replace(pair, origin=other.origin, destination=other.destination)
            for pair, other in zip(problem.pairs, network.pairs, strict=True)
        ),
        targets=(),
        cities=(),
    )


class ClosureEvaluator:
    """Evaluates plans with everything open, and under each closure.

    Parameters
    ----------
    problem
        The problem.
    closures
        The closures.

    Attributes
    ----------
    problem, closures
        As above.
    today
        Weight covered today under each closure, and intact, by id.
    """

    def __init__(self, problem: DesignProblem, closures: Sequence[Closure]) -> None:
        self.problem, self.closures = problem, tuple(closures)
        self._weight = np.array([pair.weight for pair in problem.pairs], np.int64)
        self._open = PlanEvaluator(problem)
        self._evaluators: dict[str, PlanEvaluator] = {}
        self.today: Mapping[str, int] = self(())

    def __call__(self, built: Collection[str], starts: Starts | None = None) -> dict[str, int]:
        """Return the weight that a plan covers intact and under each closure, by id.

        Parameters
        ----------
        built
            Ids of the plan.
        starts
            With periods, when each is started: what is open at the end of the last one counts.
        """
        is_open = period_states(self.problem, built, starts or {})[-1].is_open
        found = {INTACT: self.weight(self.covered(is_open, None))}
        return found | {c.id: self.weight(self.covered(is_open, c)) for c in self.closures}

    def weight(self, covered: Mask) -> int:
        """Return the weight of pairs, bool [K]."""
        return int(self._weight[covered].sum())

    def covered(self, built: Collection[str], closure: Closure | None) -> Mask:
        """Return bool [K]: pairs that a plan covers under a closure; None: with everything open."""
        if closure is None:
            return self._open.covered(built)
        left = set(built) - set(closure.candidates)
        if not closure.arcs and closure.network is None:
            return self._open.covered(left)
        if closure.id not in self._evaluators:
            self._evaluators[closure.id] = PlanEvaluator(closed(self.problem, closure))
        return self._evaluators[closure.id].covered(left)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """What a plan has to keep under each closure.

    Attributes
    ----------
    share
        Share that is kept, above 0 to 1; None: no share.
    counted
        Of what: of the `coverage` of the plan, or of the `gain` over what is covered today, under the same
        closure.
    least
        Weight that is kept in any case, by id of closure; others keep none.
    """

    share: Fraction | None = None
    counted: Literal["coverage", "gain"] = "coverage"
    least: Mapping[str, int] = field(default_factory=dict)

    def targets(self, groups: Mapping[str, tuple[str, ...]], today: Mapping[str, int]) -> list[LevelTarget]:
        """Return what a credited coverage V asks of the pairs with everything open, and under closures.

        Parameters
        ----------
        groups
            Groups of the pairs, by id of the closure and `INTACT`.
        today
            Weight covered today, likewise.

        Notes
        -----
        Intact `W >= V`. Under closure c, `W_c >= share * V`; of the gain `W_c - t_c >= share * (V - t)`, with
        the weights t and t_c that are covered today.
        """
        found = [LevelTarget(groups[INTACT])]
        if self.share is not None:
            intact = 0 if self.counted == "coverage" else today[INTACT]
            for name in groups:
                if name != INTACT:
                    base = -self.share * intact + (0 if self.counted == "coverage" else today[name])
                    found.append(LevelTarget(groups[name], self.share, base))
        return found

    def credits(self, weights: Mapping[str, int], today: Mapping[str, int]) -> dict[str, int]:
        """Return the coverage that each closure, and the intact network, would credit a plan with."""
        targets = self.targets({name: (name,) for name in weights}, today)
        return {t.groups[0]: t.level(weights[t.groups[0]]) for t in targets}

    def least_of(self, coverage: int, today: Mapping[str, int]) -> dict[str, int]:
        """Return the least weight intact and under each closure with which a plan is credited a coverage."""
        targets = self.targets({name: (name,) for name in today}, today)
        return {t.groups[0]: t.least(coverage) for t in targets}

    def lacking(self, weights: Mapping[str, int]) -> dict[str, int]:
        """Return by how much the weight of a plan falls short of what is kept in any case, where it does."""
        return {name: least - weights[name] for name, least in self.least.items() if weights[name] < least}


type SolveRound = Callable[[DesignProblem, Sequence[LevelTarget], SolveParameters, int | None], LevelAnswer]
"""Solves the problem of a round: with what the level asks of its pairs, the limits of the round, and the best
bound so far."""


class Round(NamedTuple):
    """One round of adding closures.

    Attributes
    ----------
    closures
        Ids of the closures in the problem of the round.
    value
        Credited coverage (or cost) of the plan of the round in its problem.
    """

    closures: tuple[str, ...]
    value: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureAnswer(LevelAnswer):
    """The best plan under closures, and its proof.

    Attributes
    ----------
    level
        Credited coverage, or cost; None without a plan.
    bound
        Proved: no plan has a larger credited coverage, or a smaller cost. None where no plan exists or
        nothing was proved.
    weights
        Weight that it covers by id of closure, and `INTACT`.
    rounds
        The rounds.
    """

    weights: Mapping[str, int] = field(default_factory=dict)
    rounds: tuple[Round, ...] = ()


def most_coverage(
    problem: DesignProblem,
    closures: Sequence[Closure],
    keep: Keep,
    params: SolveParameters,
    *,
    known: Iterable[Collection[str]] = (),
    notify: Callable[[str], object] = lambda _text: None,
) -> ClosureAnswer:
    """Return the plan of the largest coverage of which it keeps a share under each closure.

    Parameters
    ----------
    problem
        A problem with a budget. Rings that only earn a reward are left out, since they cover nothing.
    closures
        What may be closed, one at a time.
    keep
        The share, and of what.
    params
        Gap at which to stop, time limit of all rounds together, seed and threads.
    known
        Plans, as ids, from which to start.
    notify
        Called with a line of text before each round.

    Raises
    ------
    ProblemError
        When closures name what the problem lacks, or the problem has no budget.

    Notes
    -----
    A plan that covers weight W, and W_c under closure c, is credited with the largest V such that `W >= V`
    and `W_c >= share * V` for every c: `min(W, min_c W_c / share)`, rounded down. So a plan that would lose
    too much is not forbidden, it is credited with less, and covering more never lowers what is credited:
    the engine, whose proofs rest on that, seeks the largest V (`levels.highest_level`).

    Each closure in the problem is a copy of the network without what is closed (`robust.compose`), so they
    are added by need (row generation): the plan of a round is evaluated under every closure; while it is
    credited with less than in the problem of the round, the closures that credit it least are added. A
    problem with some of the closures is a relaxation, so its bound holds for all; and every plan on the way
    has a credit that counts, so that there is a gap from the first round on. The number of closures is
    finite, so the rounds end. Closures of one link at a time are the interdiction of Israeli and Wood (2002),
    Shortest-path network interdiction, Networks 40, 97-111, with one attack against covered pairs.
    """
    _refuse(problem, minimise=False)
    evaluator, plans = (
        ClosureEvaluator(_without_rewards(problem), closures),
        [tuple(built) for built in known],
    )

    def solve(
        asked: DesignProblem, targets: Sequence[LevelTarget], limits: SolveParameters, bound: int | None
    ) -> LevelAnswer:
        found = highest_level(asked, targets, limits, known=plans, bound=bound)
        plans.append(found.built)
        return found

    return _by_rounds(evaluator, keep, params, solve, minimise=False, notify=notify)


def least_cost(
    problem: DesignProblem, closures: Sequence[Closure], least: Mapping[str, int], params: SolveParameters
) -> ClosureAnswer:
    """Return the cheapest plan that covers given weights with everything open and under each closure.

    Parameters
    ----------
    problem
        Any problem without periods; its budget plays no part, its caps stay as money.
    closures
        What may be closed, one at a time.
    least
        Weight to be covered at least, by id of closure, and under `INTACT` with everything open. To keep a
        share of a coverage V: V, and the share of V under each closure.
    params
        As for `most_coverage`.

    Raises
    ------
    ProblemError
        When closures name what the problem lacks, or the problem has periods.

    Notes
    -----
    Closures are added by need, as in `most_coverage`; here every round is a problem of least cost with
    targets, whose bound from below holds for all closures.
    """
    _refuse(problem, minimise=True)
    bare = _without_rewards(problem).replace(budget=everything(problem), cover="all", targets=(), cities=())
    evaluator = ClosureEvaluator(bare, closures)
    with ChildProcess() as process:

        def solve(
            asked: DesignProblem, _targets: object, limits: SolveParameters, _bound: object
        ) -> LevelAnswer:
            # A target of 0 lets a problem say that nothing is asked for.
            targets = (*asked.targets, Target(asked.pairs[0].group, 0))
            asked = asked.replace(budget=None, cover="targets", targets=targets)
            claims, _ending = attempt(asked, *prover_of(asked, limits), run=process)
            best = claims.best()
            if best["status"] not in ("optimal", "feasible"):
                return LevelAnswer(status=best["status"])
            bound = None if best["bound"] is None else int(rounded_bound(best["bound"], minimise=True))
            return LevelAnswer(status=best["status"], level=best["cost"], bound=bound, built=best["built"])

        return _by_rounds(evaluator, Keep(least=least), params, solve, minimise=True)


def _by_rounds(
    evaluator: ClosureEvaluator,
    keep: Keep,
    params: SolveParameters,
    solve: SolveRound,
    *,
    minimise: bool,
    notify: Callable[[str], object] = lambda _text: None,
) -> ClosureAnswer:
    """Add closures round by round, until the plan of a round lacks nothing under any of them.

    Parameters
    ----------
    evaluator
        Evaluates plans of the problem under all closures.
    keep, params, notify
        As for `most_coverage`.
    solve
        Solves the problem of a round.
    minimise
        Whether the value is a cost; else it is the coverage that the closures credit least.
    """
    incumbent: Incumbent[ClosureAnswer] = Incumbent(
        lambda plan: Evaluated(plan, plan.level or 0, 0, {}),
        minimise=minimise,
        seconds=params.time_limit_s,
        send=lambda _message: None,
    )
    rounds, chosen, bound = list[Round](), list[str](), None
    status: Status = "none"
    while True:
        notify(f"Round {len(rounds) + 1}: {len(chosen)} closures in the problem")
        limits = params.replace(time_limit_s=max(1.0, incumbent.left()))
        found = solve(*_composed(evaluator, keep, chosen), limits, bound)
        if found.level is None:
            status = found.status
            break
        if found.bound is not None:
            incumbent.bound(float(found.bound), "")
        bound = None if incumbent.best_bound is None else int(incumbent.best_bound)
        weights = evaluator(found.built, found.starts)
        lacking = keep.lacking(weights)
        credit = {INTACT: found.level} if minimise else keep.credits(weights, evaluator.today)
        if not lacking:
            facts: dict[str, Any] = {"weights": weights, "built": found.built, "starts": found.starts}
            incumbent.plan(ClosureAnswer(status="feasible", level=min(credit.values()), **facts), "")
        lacking = lacking or {name: found.level - has for name, has in credit.items() if has < found.level}
        rounds.append(Round(tuple(chosen), found.level))
        worst = sorted(lacking, key=lambda name: (-lacking[name], name))  # those that lack most are added
        if not worst or incumbent.closed(params.gap) or incumbent.stop():
            break
        chosen += worst[:MOST_ADDED]
    best = incumbent.best
    if best is None or status == "infeasible":
        best, bound = ClosureAnswer(status=status), None if status == "infeasible" else bound
    seconds = round(params.time_limit_s - incumbent.left(), 3)
    answer = dataclasses.replace(best, bound=bound, rounds=tuple(rounds), seconds=seconds)
    return dataclasses.replace(answer, status="optimal") if answer.gap == 0 else answer


def _composed(
    evaluator: ClosureEvaluator, keep: Keep, chosen: Collection[str]
) -> tuple[DesignProblem, list[LevelTarget]]:
    """Return the network with everything open and beside it a copy for each chosen closure.

    Each keeps the weight that is kept in any case. With it comes what a credited coverage asks of the copies.
    """
    problem, added = evaluator.problem, [one for one in evaluator.closures if one.id in chosen]
    copies = [
        Scenario(name=f"closure {number}", problem=closed(problem, closure))
        for number, closure in enumerate(added, start=1)
    ]
    composition = compose(problem, [Scenario(name=INTACT, problem=problem), *copies], afford="base")
    names, pairs = [INTACT, *(closure.id for closure in added)], composition.problem.pairs
    groups = {
        name: tuple(sorted({pairs[k].group for k in place}))
        for name, place in zip(names, composition.pairs, strict=True)
    }
    least = [keep.least.get(name, 0) for name in names]
    return with_least(composition.problem, list(groups.values()), least), keep.targets(
        groups, evaluator.today
    )


def _without_rewards(problem: DesignProblem) -> DesignProblem:
    """Return the problem without rings that only earn a reward, which cover no pair."""
    return model.without_rings(problem, [ring.id for ring in problem.rings if not ring.required])


def _refuse(problem: DesignProblem, *, minimise: bool) -> None:
    faults = ["periods: the cost cannot be minimised with periods"] if minimise and problem.periods else []
    faults += [] if problem.pairs else ["pairs: there is none"]
    errors.raise_faults(faults, where=f"problem {problem.name!r}")
