"""Find plans that keep a share of their coverage when any one link or section is closed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, NamedTuple

import numpy as np

from optimiser.engine.attempt import attempt
from optimiser.engine.child import ChildProcess
from optimiser.engine.search.evaluation import PlanEvaluator
from optimiser.engine.search.incumbent import Evaluated, Incumbent
from optimiser.engine.search.paths import Mask
from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import prover_of
from optimiser.frontier.axes import everything
from optimiser.frontier.levels import LevelTarget, highest_level, with_least
from optimiser.frontier.robust import Scenario, compose
from optimiser.problem import DesignProblem, Target
from optimiser.problem.errors import raise_faults
from optimiser.problem.model import without_rings
from optimiser.problem.result import Starts, Status, rounded_bound
from optimiser.verify.rules import period_states

type ShareOf = Literal["coverage", "gain"]
"""Of what a share is kept: of all that the plan covers, or of what it adds to today."""

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
    today
        Weight covered today under each closure, and intact, by id.
    """

    def __init__(self, problem: DesignProblem, closures: Sequence[Closure]) -> None:
        self._problem, self.closures = problem, tuple(closures)
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
        is_open = period_states(self._problem, built, starts or {})[-1].is_open
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
            self._evaluators[closure.id] = PlanEvaluator(closed(self._problem, closure))
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
    counted: ShareOf = "coverage"
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
class ClosureAnswer:
    """The best plan under closures, and its proof.

    Attributes
    ----------
    status
        As in `Result`.
    value
        Credited coverage, or cost; None without a plan.
    bound
        Proved: no plan has a larger credited coverage, or a smaller cost. None where no plan exists or
        nothing was proved.
    gap
        Relative gap between them; None without one of them.
    built, starts
        The plan, as in `Result`.
    weights
        Weight that it covers by id of closure, and `INTACT`.
    rounds
        The rounds.
    seconds
        Elapsed time.
    """

    status: Status
    value: int | None = None
    bound: int | None = None
    gap: float | None = None
    built: tuple[str, ...] = ()
    starts: Starts = field(default_factory=dict)
    weights: Mapping[str, int] = field(default_factory=dict)
    rounds: tuple[Round, ...] = ()
    seconds: float = 0.0


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
    bare = _without_rewards(problem)
    evaluator = ClosureEvaluator(bare, closures)
    search = _Rounds(params, notify, minimise=False)
    plans = [tuple(built) for built in known]
    while True:
        limited = search.next_limit()
        composed, groups = _composed(bare, closures, search.chosen, keep.least)
        targets = keep.targets(groups, evaluator.today)
        found = highest_level(composed, targets, limited, known=plans, bound=search.bound)
        if found.level is None:
            return search.answer(found.status)
        plans.append(found.built)
        search.prove(found.bound)
        weights = evaluator(found.built, found.starts)
        lacking, credit = keep.lacking(weights), keep.credits(weights, evaluator.today)
        if not lacking:
            search.take(min(credit.values()), weights, found.built, found.starts)
        lacking = lacking or {c: found.level - has for c, has in credit.items() if has < found.level}
        if search.is_done(found.level, lacking):
            return search.answer()


def least_cost(
    problem: DesignProblem,
    closures: Sequence[Closure],
    least: Mapping[str, int],
    params: SolveParameters,
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
    evaluator, search = ClosureEvaluator(bare, closures), _Rounds(params, lambda _text: None, minimise=True)
    with ChildProcess() as process:
        while True:
            limited = search.next_limit()
            master, _groups = _composed(bare, closures, search.chosen, least)
            # A target of 0 lets a problem say that nothing is asked for.
            nothing = Target(master.pairs[0].group, 0)
            master = master.replace(budget=None, cover="targets", targets=(*master.targets, nothing))
            claims, _ending = attempt(master, *prover_of(master, limited), run=process)
            found = claims.best()
            if found["status"] not in ("optimal", "feasible"):
                return search.answer(found["status"])
            if found["bound"] is not None:
                search.prove(rounded_bound(found["bound"], minimise=True))
            weights = evaluator(found["built"])
            lacking = Keep(least=least).lacking(weights)
            if not lacking:
                search.take(found["cost"], weights, found["built"], {})
            if search.is_done(found["cost"], lacking):
                return search.answer()


class _Rounds:
    """The closures added so far, the best plan and the best bound.

    Parameters
    ----------
    params
        Gap and time limit of all rounds.
    notify
        Called before each round.
    minimise
        Whether the cost is minimised.
    """

    def __init__(self, params: SolveParameters, notify: Callable[[str], object], *, minimise: bool) -> None:
        self._params, self._notify = params, notify
        self._incumbent: Incumbent[ClosureAnswer] = Incumbent(
            lambda plan: Evaluated(plan, plan.value or 0, 0, {}),
            minimise=minimise,
            seconds=params.time_limit_s,
            send=lambda _message: None,
        )
        self._rounds: list[Round] = []
        self.chosen: list[str] = []

    @property
    def bound(self) -> int | None:
        """Return the best bound; None before one was proved."""
        bound = self._incumbent.best_bound
        return None if bound is None else int(bound)

    def next_limit(self) -> SolveParameters:
        """Say which round begins; return the parameters with the time that is left."""
        self._notify(f"Round {len(self._rounds) + 1}: {len(self.chosen)} closures in the problem")
        return self._params.replace(time_limit_s=max(1.0, self._incumbent.left()))

    def prove(self, bound: float | None) -> None:
        """Record what a round proved."""
        if bound is not None:
            self._incumbent.bound(float(bound), "")

    def take(self, value: int, weights: Mapping[str, int], built: tuple[str, ...], starts: Starts) -> None:
        """Keep a plan that is better than the best so far."""
        self._incumbent.plan(
            ClosureAnswer(status="feasible", value=value, weights=weights, built=built, starts=starts), ""
        )

    def is_done(self, value: int, lacking: Mapping[str, int]) -> bool:
        """Record a round, and add the closures that lack most, unless nothing is lacking or time is up."""
        worst = sorted(lacking, key=lambda name: (-lacking[name], name))
        self._rounds.append(Round(tuple(self.chosen), value))
        if not worst or self._incumbent.closed(self._params.gap) or self._incumbent.stop():
            return True
        self.chosen += worst[:MOST_ADDED]
        return False

    def answer(self, status: Status = "none") -> ClosureAnswer:
        """Return the best plan with its proof; without a plan, what the last round said."""
        best, gap, bound = self._incumbent.best, self._incumbent.gap(), self.bound
        if best is None or status == "infeasible":
            best = ClosureAnswer(status=status)
            gap, bound = None, None if status == "infeasible" else bound
        else:
            best = dataclasses.replace(best, status="optimal" if gap == 0 else "feasible")
        seconds = round(self._params.time_limit_s - self._incumbent.left(), 3)
        return dataclasses.replace(best, bound=bound, gap=gap, rounds=tuple(self._rounds), seconds=seconds)


def _composed(
    problem: DesignProblem, closures: Sequence[Closure], chosen: Collection[str], least: Mapping[str, int]
) -> tuple[DesignProblem, dict[str, tuple[str, ...]]]:
    """Return the network with everything open and beside it a copy for each chosen closure.

    Each keeps the weight that is kept in any case. With it come the groups of the pairs of each copy, by id
    of its closure and `INTACT`.
    """
    added = [closure for closure in closures if closure.id in chosen]
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
    kept = [name for name in names if name in least]
    targets = [LevelTarget(groups[name]) for name in kept]
    return with_least(composition.problem, targets, [least[name] for name in kept]), groups


def _without_rewards(problem: DesignProblem) -> DesignProblem:
    """Return the problem without rings that only earn a reward, which cover no pair."""
    return without_rings(problem, [ring.id for ring in problem.rings if not ring.required])


def _refuse(problem: DesignProblem, *, minimise: bool) -> None:
    faults = ["periods: the cost cannot be minimised with periods"] if minimise and problem.periods else []
    faults += [] if problem.pairs else ["pairs: there is none"]
    raise_faults(faults, where=f"problem {problem.name!r}")
