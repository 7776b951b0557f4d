"""Compose scenarios of a problem into one, and find the plan that is best over all of them, of each kind."""

import dataclasses
import math
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from optimiser import verify
from optimiser.engine.attempt import Runner
from optimiser.engine.search.task import NamedPlan, SolveParameters
from optimiser.frontier import askers, axes
from optimiser.frontier.cases import money_limits, shifted
from optimiser.frontier.levels import LevelAnswer, LevelTarget, highest_level
from optimiser.job.sections import Robust
from optimiser.problem import Candidate, Capacity, City, DesignProblem, Pair, Target
from optimiser.problem.errors import ProblemError
from optimiser.problem.model import Arc
from optimiser.problem.result import Result, rounded_bound
from optimiser.verify.rules import coverable

STEPS = 1000
"""Shares of `max_min` are distinguished in thousandths."""
LEVEL_SHARE = 0.7
"""Share of the time that the largest level may take; the rest is for the best plan that attains it."""

type Afford = Literal["all", "expected", "base"]
"""Where a plan must be affordable: in every scenario, in the mean of all, or at the prices of the base."""


EXPECTED_COST = "expected cost"
"""Id of the capacity that limits the expected cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A state of the world (times, prices, limits) in which the plan is evaluated.

    Attributes
    ----------
    name
        Unique name; it begins the ids of its nodes, and is the group of its pairs.
    problem
        What holds then: the candidates of the base with times, prices and limits of their own.
    weight
        Weight beside the others, >= 1; divided by the sum of all weights it is a probability.
    """

    name: str
    problem: DesignProblem
    weight: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """Scenarios composed into one problem.

    Attributes
    ----------
    problem
        The problem of the largest expected weight: its objective is the sum over the scenarios of their
        weight times the objective there.
    base
        The problem that names, prices and limits the candidates.
    scenarios
        What it is composed of.
    pairs
        For each scenario the positions in `problem` of its pairs, in their order.
    """

    problem: DesignProblem
    base: DesignProblem
    scenarios: tuple[Scenario, ...]
    pairs: tuple[range, ...]


def compose(base: DesignProblem, scenarios: Sequence[Scenario], *, afford: Afford = "all") -> Composition:
    """Compose scenarios into one problem, in which a candidate opens its arcs in all scenarios at once.

    Parameters
    ----------
    base
        The problem whose candidates, prices, budget, relations, rings and periods hold.
    scenarios
        Cases of the base, one at least: of its candidates, cover and periods, under names of their own that
        hold no '/'; none demands what the base forbids.
    afford
        `all`: a plan keeps the budget and the caps of the base, and at the prices of each scenario those of
        that scenario. `expected`: it keeps the mean budget and caps at mean prices, and nothing else.
        `base`: those of the base alone, whatever the scenarios cost.

    Notes
    -----
    Nodes are those of the scenarios, named `scenario/node`. Scenarios whose nodes, arcs and arcs of
    candidates are equal share one copy, named after the first of them. Pairs are copied, with their weight
    times that of the scenario, in the group of the scenario's name (`scenario/group` where a scenario has
    targets for its pairs). Cities and targets are copied likewise.

    What a candidate costs is in the problem once. So prices and budget of a scenario are a capacity: its use
    is the cost in the scenario, and its most the budget there. Rows that another implies are left out.

    A candidate that a scenario alone fixes `out` fails there: it may be built, and is paid for, but opens
    nothing in that scenario. What a scenario fixes `in` is built.
    """
    networks = _Networks(base)
    by_tier = any(target.of == "pairs" for s in scenarios for target in s.problem.targets)
    pairs: list[Pair] = []
    cities: list[City] = []
    places: list[range] = []
    for scenario in scenarios:
        name, weight, first, begin = scenario.name, scenario.weight, networks.place(scenario), len(pairs)
        pairs += (
            Pair(
                first + pair.origin,
                first + pair.destination,
                pair.limit,
                weight * pair.weight,
                f"{name}/{pair.group}" if by_tier else name,
            )
            for pair in scenario.problem.pairs
        )
        places.append(range(begin, len(pairs)))
        cities += (
            dataclasses.replace(
                city,
                id=f"{name}/{city.id}",
                weight=weight * city.weight,
                pairs=tuple(begin + k for k in city.pairs),
                group=f"{name}/{city.group}",
            )
            for city in scenario.problem.cities
        )
    total = sum(scenario.weight for scenario in scenarios)
    problems = (base, *(scenario.problem for scenario in scenarios))
    built = {c.id for problem in problems for c in problem.candidates if c.fixed == "in"}
    is_expected, capacities = afford == "expected", list(base.capacities)
    known = {(one.use, one.most) for one in capacities}
    for scenario in scenarios:  # what the base, or another scenario, has too stands once
        for one in scenario.problem.capacities:
            if (one.use, one.most) not in known:
                known.add((one.use, one.most))
                capacities.append(dataclasses.replace(one, id=f"{scenario.name}: {one.id}"))
    problem = base.replace(
        name=f"{base.name}: {len(scenarios)} scenarios",
        nodes=tuple(networks.nodes),
        arcs=tuple(networks.arcs),
        candidates=tuple(
            dataclasses.replace(
                c, arcs=tuple(networks.opened[c.id]), fixed=c.fixed or ("in" if c.id in built else None)
            )
            for c in base.candidates
        ),
        pairs=tuple(pairs),
        budget=axes.everything(base) if is_expected and base.budget is not None else base.budget,
        caps=() if is_expected else base.caps,
        capacities=(*capacities, *_money(base, scenarios, afford)),
        targets=tuple(
            dataclasses.replace(target, group=f"{s.name}/{target.group}", least=s.weight * target.least)
            for s in scenarios
            for target in s.problem.targets
        ),
        cities=tuple(cities),
        excludes=tuple(sorted({couple for problem in problems for couple in problem.excludes})),
        requires=tuple(sorted({couple for problem in problems for couple in problem.requires})),
        rings=tuple(dataclasses.replace(ring, reward=total * ring.reward) for ring in base.rings),
    )
    return Composition(problem=problem, base=base, scenarios=tuple(scenarios), pairs=tuple(places))


def with_least(composition: Composition, least: Sequence[int]) -> DesignProblem:
    """Return the composed problem with a least weight to be covered in each scenario.

    Parameters
    ----------
    composition
        Scenarios that have neither targets nor cities, in a problem without periods.
    least
        Weight of the scenario's pairs to be covered at least, in its own units, >= 0.

    Raises
    ------
    ProblemError
        When a scenario has demands of its own, which count pairs in other groups.
    """
    _refuse_demands(composition, "a least weight in each scenario")
    weights = [s.weight * weight for s, weight in zip(composition.scenarios, least, strict=True)]
    return axes.with_least(composition.problem, [(s.name,) for s in composition.scenarios], weights)


def covered_in_most(composition: Composition, need: int) -> DesignProblem:
    """Return the problem of the largest weight of pairs that are covered in at least so many scenarios.

    Parameters
    ----------
    composition
        Scenarios that have neither targets nor cities, whose pairs have the ends of those of the base.
    need
        Number of scenarios in which a pair must be covered to count, 1 to all; the weights of scenarios play
        no part.

    Returns
    -------
    DesignProblem
        The composed problem in which the copies of a pair weigh nothing, and a city `pair 1`, `pair 2`, ...
        with the weight of the pair in the base is covered when `need` of its copies are.

    Raises
    ------
    ProblemError
        When there are fewer scenarios, or they have demands of their own.
    """
    _refuse_demands(composition, "a count of scenarios")
    count, base = len(composition.scenarios), composition.base
    if not 1 <= need <= count:
        raise ProblemError(
            "pairs cannot be counted over the scenarios",
            where=f"problem {base.name!r}",
            faults=[f"need: {need} is not within 1..{count}, the scenarios"],
        )
    return composition.problem.replace(
        pairs=tuple(dataclasses.replace(pair, weight=0) for pair in composition.problem.pairs),
        cities=tuple(
            City(f"pair {k + 1}", pair.weight, tuple(place[k] for place in composition.pairs), need)
            for k, pair in enumerate(base.pairs)
        ),
    )


def with_share_on(
    problem: DesignProblem, names: Collection[str], share: Fraction, *, aside: Collection[str] = ()
) -> DesignProblem:
    """Return the problem whose plans put at least a share of their money into some candidates.

    Parameters
    ----------
    problem
        A problem with a budget and without periods.
    names
        Ids of the candidates R.
    share
        Least share p / q of what a plan costs, 0 to 1; a plan without cost has every share.
    aside
        Ids of others, whose cost does not count.

    Notes
    -----
    With c the costs, 0 of those aside, and x what is built, the demand is ``p cx(all) <= q cx(R)``, which is
    the same as ``p cx(all but R) + (q - p) c(1 - x)(R) <= (q - p) c(R)``. A capacity cannot be used by what
    is *not* built. So each candidate of R has a twin of no cost that uses it, and a switch demands one of
    the two.
    Who builds both only has less left for the others, so the best plans are those of the demand. The switch
    adds 1 to every objective.
    """
    p, q = share.numerator, share.denominator
    cost = {c.id: c.cost for c in problem.candidates if c.cost}
    twins = {name: f"without {name}" for name in names if name in cost and p < q}
    use = {name: p * money for name, money in cost.items() if p and name not in names and name not in aside}
    use |= {twin: (q - p) * cost[name] for name, twin in twins.items()}
    most = sum(use[twin] for twin in twins.values())
    rows = [Capacity("money elsewhere", tuple(sorted(use.items())), most)] if use else []
    return _switched(problem, list(twins.items()), len(twins), rows)


def affordable_in_most(problem: DesignProblem, cases: Sequence[DesignProblem], need: int) -> DesignProblem:
    """Return the problem whose plans also keep budget and caps of at least so many cases.

    Parameters
    ----------
    problem
        A problem with a budget and without periods.
    cases
        The problem at other prices, budgets and caps; nothing else of them plays a part.
    need
        Number of cases, 0 to all.

    Notes
    -----
    A chance constraint (Charnes and Cooper 1959) over equally likely cases, exact over these. A candidate of
    no cost stands for each case that is kept, and takes up the slack of a case that is not: a limit
    ``ux <= m`` of the case is ``ux + Mz <= m + M``, where M is what everything built exceeds m by. A switch
    demands `need` of these candidates, and adds 1 to every objective.
    """
    rows, kept = list[Capacity](), [f"keeps {k}" for k in range(1, len(cases) + 1)]
    for name, case in zip(kept, cases, strict=True):
        for what, use, most in money_limits(case):
            if (over := sum(use.values()) - most) > 0:
                own = tuple(sorted([*use.items(), (name, over)]))
                rows.append(Capacity(f"{name}: {what}", own, most + over))
    return _switched(problem, [(name,) for name in kept], need, rows)


def _switched(
    problem: DesignProblem, switches: Sequence[tuple[str, ...]], need: int, rows: Sequence[Capacity]
) -> DesignProblem:
    """Return the problem, with further rows, whose plans turn on at least so many switches.

    A switch is a pair of no weight between two nodes of its own, and each of its candidates joins them; the
    last of these is new and costs nothing. A city over all of the pairs needs so many, and a target demands
    the city.
    """
    first, at, count = len(problem.nodes), len(problem.pairs), len(switches)
    name = f"switch {first}"
    joined: dict[str, list[Arc]] = {}
    for k, ids in enumerate(switches):
        for one in ids:
            joined.setdefault(one, []).append((first + 2 * k, first + 2 * k + 1, 1))
    candidates = (*problem.candidates, *(Candidate(ids[-1], 0, ()) for ids in switches))
    return problem.replace(
        nodes=(*problem.nodes, *(f"{name}: {k}{end}" for k in range(count) for end in ("", "/to"))),
        candidates=tuple(dataclasses.replace(c, arcs=(*c.arcs, *joined.get(c.id, ()))) for c in candidates),
        pairs=(*problem.pairs, *(Pair(first + 2 * k, first + 2 * k + 1, 1, 0, name) for k in range(count))),
        capacities=(*problem.capacities, *rows),
        cities=(*problem.cities, City(name, 1, tuple(range(at, at + count)), need, name)),
        targets=(*problem.targets, Target(name, 1, "cities")),
    )


def coverable_weights(composition: Composition) -> tuple[int, ...]:
    """Return the weight of each scenario's pairs that are covered with everything built that may be."""
    ever = coverable(composition.problem)
    return tuple(
        sum(pair.weight for k, pair in zip(place, s.problem.pairs, strict=True) if k in ever)
        for s, place in zip(composition.scenarios, composition.pairs, strict=True)
    )


# ---- networks


class _Networks:
    """The networks of the scenarios beside each other, equal ones once."""

    def __init__(self, base: DesignProblem) -> None:
        self.nodes: list[str] = []
        self.arcs: list[Arc] = []
        self.opened: dict[str, list[Arc]] = {c.id: [] for c in base.candidates}
        self._fixed = {c.id for c in base.candidates if c.fixed == "out"}
        self._known: dict[object, int] = {}

    def place(self, scenario: Scenario) -> int:
        """Return the position of the first node of a scenario's network, and add it if it is new."""
        problem = scenario.problem
        failed = {c.id for c in problem.candidates if c.fixed == "out"} - self._fixed
        opened = {c.id: () if c.id in failed else c.arcs for c in problem.candidates}
        key = (problem.nodes, problem.arcs, tuple(sorted(opened.items())))
        if key in self._known:
            return self._known[key]
        first = self._known[key] = len(self.nodes)
        self.nodes += (f"{scenario.name}/{name}" for name in problem.nodes)
        self.arcs += shifted(problem.arcs, first)
        for name, arcs in opened.items():
            self.opened[name] += shifted(arcs, first)
        return first


# ---- money


def _money(base: DesignProblem, scenarios: Sequence[Scenario], afford: Afford) -> tuple[Capacity, ...]:
    """Return the capacities that keep the budgets and caps of the scenarios."""
    if base.budget is None or afford == "base":
        return ()
    if afford == "expected":
        return tuple(_expected(base, scenarios))
    rows = [
        (f"{s.name}: {what}", use, most) for s in scenarios for what, use, most in money_limits(s.problem)
    ]
    of_base = [(use, most) for _, use, most in money_limits(base)]
    kept: list[Capacity] = []
    for at, (name, use, most) in enumerate(rows):
        # Of equal rows the first one stands for all.
        others = [(u, m) for i, (_, u, m) in enumerate(rows) if i < at or (i > at and (u, m) != (use, most))]
        # A limit implies another if it takes no less of every candidate, and allows no more.
        implied = (
            m <= most and all(u.get(name, 0) >= units for name, units in use.items())
            for u, m in (*of_base, *others)
        )
        if sum(use.values()) > most and not any(implied):
            kept.append(Capacity(name, tuple(sorted(use.items())), most))
    return tuple(kept)


def _expected(base: DesignProblem, scenarios: Sequence[Scenario]) -> Iterator[Capacity]:
    """Yield the expected budget, and the expected cap of each instrument that every scenario caps.

    Both sides are sums over the scenarios with their weights.
    """
    parts = [{what: (use, most) for what, use, most in money_limits(s.problem)} for s in scenarios]
    for what in parts[0]:
        if all(what in part for part in parts):
            rows = [(s.weight, *part[what]) for s, part in zip(scenarios, parts, strict=True)]
            use = {c.id: sum(weight * cost.get(c.id, 0) for weight, cost, _ in rows) for c in base.candidates}
            most = sum(weight * limit for weight, _, limit in rows)
            if sum(use.values()) > most:
                name = EXPECTED_COST if what == "budget" else f"expected {what}"
                divisor = math.gcd(*use.values())
                used = tuple((n, units // divisor) for n, units in sorted(use.items()) if units)
                yield Capacity(name, used, most // divisor)


# ---- what cannot be composed


def _refuse_demands(composition: Composition, what: str) -> None:
    faults = [
        f"scenario {s.name!r}: it has {found}"
        for s in composition.scenarios
        for found, has in (
            ("targets", s.problem.targets),
            ("cities that count", s.problem.cities),
            ("periods", s.problem.periods),
            ("rings that earn a reward", any(ring.reward for ring in composition.base.rings)),
        )
        if has
    ]
    ProblemError.refuse(
        faults,
        f"{what} cannot be asked for beside other demands",
        where=f"problem {composition.base.name!r}",
        remedy="Leave them out, or ask for the largest expected weight.",
    )


# ---- robust plans of each kind


@dataclass(frozen=True, slots=True)
class Alone:
    """The best plan of a scenario by itself.

    Attributes
    ----------
    built
        Ids of the best plan found.
    weight
        Its objective in the scenario.
    bound
        Proven upper bound on the objective of all plans there.
    """

    built: tuple[str, ...]
    weight: int
    bound: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RobustAnswer:
    """A robust plan, and what is proven about it.

    Attributes
    ----------
    problem
        The problem that `result` solves: the composed one, with the demands that the kind makes.
    result
        As the solver left it.
    plan
        What the independent check found about problem and result; None without a plan.
    level
        With `max_min` and `regret`: the largest level and its bound; None otherwise.
    """

    problem: DesignProblem
    result: Result
    plan: verify.Plan | None
    level: LevelAnswer | None = None


def solve_alone(scenario: Scenario, params: SolveParameters, run: Runner | None = None) -> Alone:
    """Return the best plan of a scenario by itself, as if it were certain; it is checked independently.

    Parameters
    ----------
    scenario
        The scenario, its problem with a budget.
    params
        Gap, limit, seed and threads.
    run
        The process that solves it; default one of its own.

    Raises
    ------
    VerificationError
        When the plan fails the independent check.
    ProblemError
        When the scenario has no plan, or none was found.
    """
    result = askers.solved(scenario.problem, params, run)
    if not result.has_plan or result.bound is None:
        raise ProblemError(
            f"scenario {scenario.name!r} has no plan by itself that the others could be compared with",
            where=f"problem {scenario.problem.name!r}",
            faults=[result.message] if result.message else [],
            remedy="Leave the scenario out, or allow more time.",
        )
    plan = verify.check(scenario.problem, result)
    return Alone(plan.built, plan.objective, int(rounded_bound(result.bound)))


def robust_plan(
    composition: Composition,
    asked: Robust,
    params: SolveParameters,
    *,
    alone: Sequence[Alone] = (),
    run: Runner | None = None,
    notify: Callable[[str], object] = lambda _text: None,
) -> RobustAnswer:
    """Return the best robust plan of a kind, with its proof.

    Parameters
    ----------
    composition
        The composed scenarios.
    asked
        What the plan should be best in: `expected`, the expected weight; `share`, the same with a least
        share of the coverable weight in every scenario; `max_min`, the share that every scenario can be
        given; `count`, the weight of pairs covered in `need` scenarios; `regret`.
    params
        Gap, limit of everything together, seed and threads.
    alone
        The best plan of each scenario by itself, which `regret` needs.
    run
        The process that solves; default one of its own.
    notify
        Called with a line of text before each step.

    Raises
    ------
    ProblemError
        When the question does not suit the scenarios.
    VerificationError
        When the plan fails the independent check.

    Notes
    -----
    `max_min` and `regret` first find the largest level that some plan attains in all scenarios together
    (`levels.highest_level`): of the share in thousandths, or of the weight less that of the best plan found
    for the scenario alone. Then they find, among the plans that attain it, the one of the largest expected
    weight, which is what `result` proves. The bound on the level is a proof of its own.
    """
    if asked.kind == "count":
        need = asked.need or len(composition.scenarios)
        return _answer(covered_in_most(composition, need), params, run)
    if asked.kind == "expected":
        return _answer(composition.problem, params, run)
    ever = coverable_weights(composition)
    if asked.kind == "share":
        least = [_rounded_up(Fraction(repr(asked.share)) * weight) for weight in ever]
        return _answer(with_least(composition, least), params, run)
    begun = time.monotonic()
    targets, demanded = _targets(composition, asked.kind, ever, alone)
    with_least(composition, ever)  # refuses what has demands of its own
    if not targets:
        return _answer(composition.problem, params, run)
    limited = params.replace(time_limit_s=LEVEL_SHARE * params.time_limit_s, start=None)
    level = highest_level(composition.problem, targets, limited, notify=notify)
    if level.level is None:
        return _answer(composition.problem, params.replace(time_limit_s=1.0), run, level)
    problem = with_least(composition, demanded(level.level))
    left = max(1.0, params.time_limit_s - (time.monotonic() - begun))
    notify("Seeking the largest expected weight at that level")
    return _answer(problem, params.replace(time_limit_s=left, start=NamedPlan(level.built)), run, level)


def level_offset(alone: Sequence[Alone]) -> int:
    """Return the level at which the largest regret is 0: the smallest weight of a best plan.

    A gap of the level is then relative to the weight in the scenario that has least.
    """
    return min(one.weight for one in alone)


def _targets(
    composition: Composition, kind: str, ever: Sequence[int], alone: Sequence[Alone]
) -> tuple[list[LevelTarget], Callable[[int], list[int]]]:
    """Return what a level asks for, and the function from a level to the least weight of each scenario."""
    scenarios = composition.scenarios
    if kind == "max_min":
        rows = [(s, weight) for s, weight in zip(scenarios, ever, strict=True) if weight]
        return [LevelTarget((s.name,), Fraction(s.weight * weight, STEPS)) for s, weight in rows], (
            lambda level: [_rounded_up(Fraction(level * weight, STEPS)) for weight in ever]
        )
    offset = level_offset(alone)
    both = list(zip(scenarios, alone, strict=True))
    targets = [LevelTarget((s.name,), s.weight, s.weight * (one.weight - offset)) for s, one in both]
    return targets, lambda level: [max(0, one.weight - offset + level) for one in alone]


def _rounded_up(value: Fraction) -> int:
    return -(-value.numerator // value.denominator)


def _answer(
    problem: DesignProblem, params: SolveParameters, run: Runner | None, level: LevelAnswer | None = None
) -> RobustAnswer:
    result = askers.solved(problem, params, run)
    plan = verify.check(problem, result) if result.has_plan else None
    return RobustAnswer(problem=problem, result=result, plan=plan, level=level)
