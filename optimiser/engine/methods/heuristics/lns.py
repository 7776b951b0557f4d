"""Improve plans by large neighbourhood search, and give exact methods good plans to start from."""

import math
from collections.abc import Callable, Collection, Sequence
from functools import partial

import numpy as np

from optimiser.engine.methods.heuristics.greedy import (
    everything,
    fill_greedily,
    flip_candidates,
    nothing,
    prune,
    repair_breaches,
)
from optimiser.engine.methods.heuristics.moves import cheapest_group, close_redundant, plan_rank, set_prices
from optimiser.engine.methods.heuristics.workspace import (
    SearchWorkspace,
    add_dependants,
    flip,
    move_to,
    new_workspace,
    restart_logs,
)
from optimiser.engine.search.incumbent import MaskIncumbent, Stop, never_stop
from optimiser.engine.search.paths import Floats, Mask, opened
from optimiser.engine.search.scoring import breach, fits
from optimiser.engine.search.tables import Tables
from optimiser.engine.search.task import Task
from optimiser.problem import DesignProblem

FIRST_CYCLE = 128
"""Attempts of the first cooling cycle."""

HOT, COLD = 1e-2, 1e-5
"""Temperature at the start and the end of a cycle, as a share of the best objective; a loss of this size is
accepted with probability 1/e."""

NEUTRAL = 0.7
"""Entry of a guide that neither prefers nor avoids a candidate."""

REWARDS = (10.0, 3.0, 0.5, 0.0)
"""Rewards of a destroy operator: new best plan, better than the current plan, accepted, rejected."""

START_WORK = 12_000_000
"""Attempts of a start times entries of `t.use`: about a second on a problem of county size."""

START_S, START_SHARE = 10.0, 0.5
"""Seconds, and share of the time left, after which start plans are not improved any further: whichever is
more. A bound needs time as well."""

QUIET = 20_000
"""Attempts without a better plan after which a search by itself ends."""

LEAST_ATTEMPTS, MOST_ATTEMPTS = 30, 400
"""Bounds on the attempts of a start."""

POSITIVE = 1e-6
"""A candidate counts as built in part when its x is above this."""

ROUNDED_EVERY = 200
"""Points of a tree of which one is rounded; of the first ones, those whose number is a power of two."""

ATTEMPTS_AT_POINT = 5
"""Attempts of the large neighbourhood search at each point of a tree."""


def relatedness_of_candidates(t: Tables) -> Floats:
    """Return how closely candidates are related: the share of a candidate's pairs that can use the other.

    Returns
    -------
    NDArray
        float64 [J x J], row i for candidate i, from 0 to 1; 2 on the diagonal, so that every candidate is
        most closely related to itself.
    """
    pair = np.repeat(np.arange(len(t.limit)), np.diff(t.use_start))
    uses = np.zeros((len(t.limit), t.size), np.float32)
    uses[pair, t.use] = 1.0
    shared = (uses.T @ uses).astype(np.float64)
    found: Floats = shared / np.maximum(1.0, shared.diagonal())[:, None]
    np.fill_diagonal(found, 2.0)
    return found


type Destroy = Callable[[SearchWorkspace, np.random.Generator, int, Floats], None]
"""Destroys part of the plan of a workspace, given a random generator, about how many candidates to open or
close, and the relatedness matrix (`relatedness_of_candidates`). The plan may break the budget afterwards."""


def _flip_some(
    workspace: SearchWorkspace, rng: np.random.Generator, weight: Floats, size: int, *, opens: bool
) -> None:
    """Open or close candidates, drawn by weight without replacement (Efraimidis and Spirakis, 2006)."""
    js = np.flatnonzero(workspace.is_open[:-1] != opens)
    size = min(size, len(js))
    if size > 0:
        key = np.log(rng.random(len(js)) + 1e-12) / np.maximum(weight[js], 1e-9)
        flip_candidates(workspace, np.sort(js[np.argpartition(-key, size - 1)[:size]]))


def flip_related(
    workspace: SearchWorkspace, rng: np.random.Generator, size: int, relatedness: Floats, *, opens: bool
) -> None:
    """Open or close candidates related to a random one of them; those opened may break the budget."""
    js = np.flatnonzero(workspace.is_open[:-1] != opens)
    if len(js):
        _flip_some(workspace, rng, relatedness[rng.choice(js)] ** 2, size, opens=opens)


def close_weak(workspace: SearchWorkspace, rng: np.random.Generator, size: int, _relatedness: Floats) -> None:
    """Close open candidates of small loss per cost, by the losses last computed."""
    weak = workspace.t.cost / np.maximum(1.0, workspace.loss)
    _flip_some(workspace, rng, weak / max(weak.max(initial=0.0), 1e-9), size, opens=False)


def close_any(workspace: SearchWorkspace, rng: np.random.Generator, size: int, _relatedness: Floats) -> None:
    """Close open candidates, drawn uniformly."""
    _flip_some(workspace, rng, np.ones(workspace.t.size), size, opens=False)


def open_groups(
    workspace: SearchWorkspace, rng: np.random.Generator, size: int, _relatedness: Floats
) -> None:
    """Open the cheapest groups that cover random uncovered pairs, even beyond the budget.

    Where every pair is covered, one random candidate is opened.
    """
    for _ in range(1 + size // 3):
        uncovered = np.flatnonzero(~workspace.is_covered)
        if not len(uncovered):
            _flip_some(workspace, rng, np.ones(workspace.t.size), 1, opens=True)
            return
        flip(workspace, add_dependants(workspace, cheapest_group(workspace, rng.choice(uncovered))))


DESTROY_OPERATORS: tuple[Destroy, ...] = (
    partial(flip_related, opens=False),
    close_weak,
    close_any,
    open_groups,
    partial(flip_related, opens=True),
)
"""The destroy operators of every search; none of them needs a guide."""


class Improver:
    """A large neighbourhood search that can be resumed.

    The plans depend on the problem, seed, start plans and number of attempts alone, not on the clock.

    Parameters
    ----------
    t
        The problem.
    seed
        Seed of the random numbers.
    workspace
        A workspace of the problem; default: a new one.
    destroy
        Destroy operators, one of which is drawn for each attempt.

    Notes
    -----
    Adaptive large neighbourhood search after Ropke and Pisinger, Transportation Science 40 (2006), sections
    3.3 to 3.5: destroy operators are drawn by their past success, and plans are accepted as in simulated
    annealing. Since the time available is not known, cooling cycles double in length, and each begins with
    the best plan.
    """

    def __init__(
        self,
        t: Tables,
        *,
        seed: int = 0,
        workspace: SearchWorkspace | None = None,
        destroy: Sequence[Destroy] = DESTROY_OPERATORS,
    ) -> None:
        self._workspace = new_workspace(t, nothing(t), seed=seed) if workspace is None else workspace
        self._relatedness = relatedness_of_candidates(t)
        self._rng = np.random.default_rng(seed)
        self._current = self._best = nothing(t)
        self._rank = self._best_rank = (-math.inf, -math.inf, -math.inf)
        self._operators = tuple(destroy)
        self._weights = np.ones(len(self._operators) + 1)
        self._step, self._cycle_length = 0, FIRST_CYCLE

    @property
    def best(self) -> Mask:
        """Return the best plan so far."""
        return self._best.copy()

    def start_from(self, start: Mask) -> None:
        """Continue from a plan, bool [J + 1], if it is better than the best so far."""
        move_to(self._workspace, start)
        value = plan_rank(self._workspace)
        if value > self._best_rank:
            self._current = self._best = start.copy()
            self._rank = self._best_rank = value
            self._step = 0
        move_to(self._workspace, self._current)

    def improve(
        self,
        *,
        attempts: int,
        stop: Stop = never_stop,
        take: Callable[[Mask], object] | None = None,
        guide: Floats | None = None,
    ) -> int:
        """Destroy and repair the plan; return the number of attempts since the last improvement of the best.

        Parameters
        ----------
        attempts
            Largest number of attempts.
        stop
            Called before each attempt.
        take
            Called with each new best plan.
        guide
            float64 [J], 0..1: preference for building each candidate, for example a point of a relaxation.
        """
        attempts_since_best = 0
        for _ in range(attempts):
            if stop():
                break
            attempts_since_best += 1
            if self._attempt(guide):
                attempts_since_best = 0
                if take is not None:
                    take(self.best)
        return attempts_since_best

    def improve_for(self, incumbent: MaskIncumbent, attempts: int, guide: Floats | None = None) -> int:
        """Improve the plan as long as an incumbent has time, which receives better ones; as `improve`."""
        return self.improve(
            attempts=attempts, stop=incumbent.stop, take=lambda plan: incumbent.plan(plan, "lns"), guide=guide
        )

    def _attempt(self, guide: Floats | None) -> bool:
        """Destroy and repair the plan once; return whether the best plan was improved."""
        if self._step >= self._cycle_length:
            self._step, self._cycle_length = 0, 2 * self._cycle_length
            self._current, self._rank = self._best, self._best_rank
            move_to(self._workspace, self._current)
        # A destroy operator is drawn by its weight; a constant keeps each operator possible.
        cumulative = np.cumsum(self._weights[: len(self._operators) + int(guide is not None)] + 0.05)
        operator = int(np.searchsorted(cumulative, self._rng.random() * cumulative[-1]))
        self._destroy(operator, guide)
        repair_breaches(self._workspace)
        fill_greedily(self._workspace, tries=int(self._rng.integers(6)), noise=0.3 * self._rng.random())
        if self._workspace.t.budget < 0:
            close_redundant(self._workspace)
        reward = self._accept_or_reject()
        self._weights[operator] = 0.95 * self._weights[operator] + 0.05 * REWARDS[reward]
        self._step += 1
        return reward == 0

    def _destroy(self, operator: int, guide: Floats | None) -> None:
        workspace, rng = self._workspace, self._rng
        workspace.preference[:] = (0.3 + (NEUTRAL if guide is None else guide)) * rng.uniform(
            0.8, 1.2, workspace.t.size
        )
        workspace.loss[:] = 0.9 * workspace.loss
        set_prices(workspace)
        most = min(40.0, 2 + 0.3 * np.count_nonzero(workspace.is_open[:-1]))
        size = 1 + int(rng.random() ** 2 * most)
        if guide is not None and operator == len(self._operators):
            # Open and close where the plan and the guide disagree.
            _flip_some(workspace, rng, guide, size, opens=True)
            _flip_some(workspace, rng, 1.0 - guide, size // 2, opens=False)
        else:
            self._operators[operator](workspace, rng, size, self._relatedness)

    def _accept_or_reject(self) -> int:
        """Accept or reject the plan of the workspace; return the position of its reward in `REWARDS`."""
        workspace, value = self._workspace, plan_rank(self._workspace)
        if value > self._best_rank:
            close_redundant(workspace)
            self._current = self._best = fill_greedily(workspace, tries=4)
            self._rank = self._best_rank = plan_rank(workspace)
            reward = 0
        elif self._accepts(value):
            reward = 1 if value > self._rank else 2
            self._current, self._rank = self._workspace.is_open.copy(), value
        else:
            move_to(self._workspace, self._current)
            return 3
        restart_logs(self._workspace)
        return reward

    def _accepts(self, value: tuple[float, float, float]) -> bool:
        """Return whether a plan of this rank becomes the current plan (Metropolis criterion).

        A plan with more breach than the current one never does.
        """
        temperature = (
            HOT * (COLD / HOT) ** (self._step / self._cycle_length) * max(1.0, abs(self._best_rank[1]))
        )
        least = self._rank[1] + temperature * math.log(max(self._rng.random(), 1e-12))
        return value[0] >= self._rank[0] and value[1] >= least


def attempts_for(t: Tables) -> int:
    """Return the number of attempts of a large neighbourhood search that suits the size of a problem.

    There are never many more attempts than plans.
    """
    attempts = max(LEAST_ATTEMPTS, min(MOST_ATTEMPTS, START_WORK // max(1, len(t.use))))
    return min(attempts, 4 << min(t.size, MOST_ATTEMPTS.bit_length()))


def report_start(t: Tables, incumbent: MaskIncumbent, problem: DesignProblem, built: Collection[str]) -> None:
    """Report a plan that is known from elsewhere; where it is infeasible, what a repair makes of it.

    Parameters
    ----------
    t, problem
        The problem as arrays, and as it is.
    incumbent
        Receives the plan.
    built
        Ids of the built candidates; those that the problem lacks are ignored.
    """
    plan = opened(problem, [problem.index[name] for name in built if name in problem.index])
    if not fits(t, plan):
        workspace = new_workspace(t, plan)
        repair_breaches(workspace, stop=incumbent.stop)
        plan = fill_greedily(workspace, stop=incumbent.stop)
    incumbent.plan(plan, "start")


def start_plans(
    t: Tables,
    incumbent: MaskIncumbent,
    *,
    seed: int = 0,
    destroy: Sequence[Destroy] = DESTROY_OPERATORS,
    attempts: int | None = None,
) -> Improver:
    """Report the plans of the greedy heuristics and of a short large neighbourhood search.

    Parameters
    ----------
    t
        The problem.
    incumbent
        Receives the plans. Where it has one already, only this plan is completed, and the search from it is
        kept as short as any.
    seed
        Seed of the random numbers.
    destroy
        Destroy operators of the search.
    attempts
        Most attempts of the search; None: as many as suit the size of the problem.

    Returns
    -------
    Improver
        The search, which can be resumed later, for example guided by a point of a relaxation.
    """
    known, most = incumbent.best, attempts_for(t)
    attempts = most if attempts is None else min(attempts, most)
    end = incumbent.left() - max(START_S, START_SHARE * incumbent.left())

    def stop() -> bool:
        return incumbent.left() <= max(0.0, end)

    incumbent.plan(everything(t) if t.budget < 0 else nothing(t), "start")
    workspace = new_workspace(t, nothing(t), seed=seed)
    search = Improver(t, seed=seed, workspace=workspace, destroy=destroy)
    starts = [("greedy", nothing(t)), ("reverse-greedy", everything(t))]
    if known is not None:
        starts, attempts = [("start", known)], min(attempts, LEAST_ATTEMPTS)
    for step, start in starts:
        if stop():
            return search
        move_to(workspace, start)
        workspace.loss[:] = -1.0
        if step == "reverse-greedy":
            prune(workspace, stop=stop)
        fill_greedily(workspace, stop=stop)
        plan = prune(workspace, stop=stop)
        incumbent.plan(plan, step)
        if breach(t, plan) == 0:
            search.start_from(plan)
    search.improve(attempts=attempts, stop=stop, take=lambda plan: incumbent.plan(plan, "lns"))
    return search


def search_until_quiet(
    t: Tables, incumbent: MaskIncumbent, *, seed: int, destroy: Sequence[Destroy] = DESTROY_OPERATORS
) -> str:
    """Destroy and repair parts of the plan until the time is up or it gains no more; the variant `lns`.

    Parameters
    ----------
    t
        The problem.
    incumbent
        Receives the plans, and knows the time left.
    seed
        Seed of the random numbers.
    destroy
        Destroy operators of the search.

    Returns
    -------
    str
        Why the search ended: `time` or `heuristic`.
    """
    search, idle = start_plans(t, incumbent, seed=seed, destroy=destroy), 0
    while idle < QUIET and not incumbent.stop():
        quiet = search.improve_for(incumbent, 100)
        idle = idle + quiet if quiet == 100 else quiet
    return "time" if incumbent.stop() else "heuristic"


def run(t: Tables, incumbent: MaskIncumbent, task: Task) -> tuple[str, str]:
    """Search a large neighbourhood until nothing is gained; the variant `lns`."""
    return search_until_quiet(t, incumbent, seed=task.seed), ""


class Rounding:
    """Rounds points of a relaxation and repairs the results; plans go to the incumbent.

    Parameters
    ----------
    t
        The problem.
    incumbent
        Receives the plans.
    """

    def __init__(self, t: Tables, incumbent: MaskIncumbent) -> None:
        self._t = t
        self._incumbent = incumbent
        self._workspace = new_workspace(t, everything(t))
        self._seen: set[bytes] = set()

    def __call__(self, x: Floats) -> None:
        """Round a point at one half and just above 0, then close what is too much and open what gains.

        Parameters
        ----------
        x
            float64 [J], values of the candidates. A rounded point seen before is skipped.
        """
        workspace, stop = self._workspace, self._incumbent.stop
        for threshold in (0.5, POSITIVE):
            start = np.append(x > threshold, True)
            key = np.packbits(start).tobytes()
            if key not in self._seen and not stop():
                self._seen.add(key)
                move_to(workspace, start)
                repair_breaches(workspace, stop=stop)
                fill_greedily(workspace, stop=stop)
                if not stop():
                    close_redundant(workspace)
                self._incumbent.plan(fill_greedily(workspace, stop=stop), "rounding")


class TreeHeuristics:
    """Searches for plans at the points of a tree, an `Improve`.

    Parameters
    ----------
    t
        The problem.
    incumbent
        Receives the plans.
    improver
        A large neighbourhood search for this tree alone, which does not begin with the best plan, in order to
        find plans of another kind; None: points are only rounded.
    """

    def __init__(self, t: Tables, incumbent: MaskIncumbent, improver: Improver | None = None) -> None:
        self._incumbent = incumbent
        self._rounding = Rounding(t, incumbent)
        self._improver = improver
        self._points = 0

    def __call__(self, x: Floats) -> None:
        """Search near a point, float64 [J]: odd points guide the neighbourhood search, even ones do not."""
        self._points += 1
        if (self._points & (self._points - 1)) == 0 or self._points % ROUNDED_EVERY == 0:
            self._rounding(x)
        if self._improver is not None:
            guide = x if self._points % 2 else None
            self._improver.improve_for(self._incumbent, ATTEMPTS_AT_POINT, guide)
