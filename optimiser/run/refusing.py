"""Say to a user of a job why no plan meets it, and what would do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from optimiser.job.contradictions import least_keys
from optimiser.job.model import Job
from optimiser.job.sections import TIERS
from optimiser.problem import DesignProblem, Target
from optimiser.problem.errors import InfeasibleError
from optimiser.problem.result import Result
from optimiser.run import solving
from optimiser.verify.rules import target_coverage
from optimiser.verify.times import covered, pair_times

_CITY = re.compile(r"city:([^\s,;()'\"/]+)(?:/after)?")
_TARGET = re.compile(r"the target of \d+ for the (pairs|cities) of group '(\w+)'")

SEARCH_S = 60.0
"""Most time for each of the two solves that look for what would do."""

_USUAL = (
    "Raise the budget, a cap or a limit, lower a target, or take back what is fixed, excluded or required."
)


def refuse(problem: DesignProblem, result: Result, job: Job, cities: Mapping[str, str]) -> None:
    """Refuse a result without a plan, with cities by name and with what would do.

    Parameters
    ----------
    problem
        The problem.
    result
        What the solver claims.
    job
        The job.
    cities
        Names by id.

    Raises
    ------
    InfeasibleError
        When it is proven that no plan exists.
    SolverError
        When nothing was found and nothing proven.
    """
    try:
        solving.refuse_empty(result)
    except InfeasibleError as error:
        raise InfeasibleError(
            error.what,
            where=error.where,
            faults=[keyed(named(fault, cities), job) for fault in error.faults],
            done=error.done,
            remedy=" ".join(_remedies(problem, job) if _on_targets(error.faults) else ()) or _USUAL,
        ) from None


def named(text: str, cities: Mapping[str, str]) -> str:
    """Return a text with the names of cities in place of their nodes.

    Parameters
    ----------
    text
        Any text, with nodes such as ``city:130100``.
    cities
        Names by id; others stay as they are.
    """
    return _CITY.sub(lambda match: cities.get(match[1], match[0]), text)


def keyed(text: str, job: Job) -> str:
    """Return a text with the key of the job behind each target that it speaks of.

    Parameters
    ----------
    text
        Any text.
    job
        The job.
    """

    def with_key(match: re.Match[str]) -> str:
        what, tier = match[1], match[2]
        section, key = (job.least, tier) if what == "pairs" else (job.city_coverage, f"least_{tier}")
        share = getattr(section, key, 0.0)
        name = "least" if what == "pairs" else "city_coverage"
        return f"{match[0]} ({name}.{key} = {share:g})" if share else match[0]

    return _TARGET.sub(with_key, text)


def _on_targets(faults: Sequence[str]) -> bool:
    """Return whether a target has a part in why there is no plan, or may have where nothing is told."""
    return not faults or any(_TARGET.search(fault) for fault in faults)


def _remedies(problem: DesignProblem, job: Job) -> Iterator[str]:
    """Yield what would do, where shares are demanded."""
    keys = least_keys(job)
    if not keys:
        return
    yield f"Lower {' or '.join(keys)}, or raise the budget."
    if not problem.periods and problem.budget is not None:
        yield from _most(problem, job)
        if not problem.caps:  # which grow with the budget
            yield from _least_cost(problem, job)


def _most(problem: DesignProblem, job: Job) -> Iterator[str]:
    """Yield how high the only share that is demanded can be with this budget."""
    if len(problem.targets) != 1 or problem.targets[0].of != "pairs":
        return
    tier = problem.targets[0].group
    pairs = tuple(replace(p, weight=p.weight if p.group == tier else 0) for p in problem.pairs)
    result = _solved(problem.replace(pairs=pairs, targets=(), cities=()), job)
    total = _coverable(problem, tier)
    if result.status in {"optimal", "feasible"} and total and tier in TIERS:
        yield f"With this budget least.{tier} = {_rounded_down(result.objective, total)} can be met."


def _least_cost(problem: DesignProblem, job: Job) -> Iterator[str]:
    """Yield the budget with which the shares that are demanded can be met."""
    result = _solved(problem.replace(budget=None, cover="targets"), job)
    if result.status in {"optimal", "feasible"}:
        cost = f"{result.cost:,} {problem.money}".strip()
        yield f"What is demanded can be met with budget.amount = {result.cost} ({cost})."
    elif result.status == "infeasible":
        yield "No budget meets it, whatever is built of these candidates."


def _solved(problem: DesignProblem, job: Job) -> Result:
    seconds = min(SEARCH_S, job.solve.time_limit_s)
    return solving.solve(problem, job.solve.model_copy(update={"time_limit_s": seconds}))


def _coverable(problem: DesignProblem, tier: str) -> int:
    times = pair_times(problem, [c.id for c in problem.candidates if c.fixed != "out"])
    pairs = {k for k, yes in enumerate(covered(problem, times)) if yes}
    return target_coverage(problem, Target(tier, 0), pairs)


def _rounded_down(part: int, whole: int) -> str:
    """Return a share with three decimals, rounded down so that it can be met."""
    return f"{1000 * part // whole / 1000:g}"
