"""Find the demands of a job that cannot be met together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches

from optimiser.job.model import Job
from optimiser.job.rings import DERIVED, Rings
from optimiser.job.sections import Caps
from optimiser.problem.model import TIERS

_NO_BUDGET = "and budget.unlimited has none; give budget.share or budget.amount"

type Contradiction = tuple[tuple[str, ...], str]
"""Path of the key that a user should look at first, and a sentence."""


def contradictions(job: Job) -> Iterator[Contradiction]:
    """Yield what does not go together, with the key to look at and what to do.

    Parameters
    ----------
    job
        A job whose sections are valid, each by itself.
    """
    yield from _with_unlimited_budget(job) if job.budget.unlimited else _with_budget(job)
    yield from _with_independence(job)
    yield from _with_derived_rewards(job)
    yield from _between_shares_of_cities(job)
    yield from _between_rings(job.rings)


def least_keys(job: Job) -> tuple[str, ...]:
    """Return the keys of the least shares that a job asks for, `least.small` and the like."""
    pairs = [f"least.{tier}" for tier in TIERS if getattr(job.least, tier)]
    cities = [f"city_coverage.least_{tier}" for tier in TIERS if getattr(job.city_coverage, f"least_{tier}")]
    return (*pairs, *cities)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint at the known word that is most like a given one, to end a sentence; empty without one."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else ""


def _with_unlimited_budget(job: Job) -> Iterator[Contradiction]:
    if job.phasing.names:
        yield ("phasing", "names"), f"periods share out a budget, {_NO_BUDGET}"
    for name in Caps.model_fields:
        if getattr(job.caps, name) < 1:
            yield ("caps", name), f"a cap is a share of the budget, {_NO_BUDGET}"
    if job.objective.kind == "max_min":
        yield ("objective", "kind"), f"max_min raises the worst tier as far as the budget goes, {_NO_BUDGET}"
    least = least_keys(job)
    if job.budget.cover == "all" and least:
        reason = f"every coverable pair is covered, so {' and '.join(least)} would change nothing"
        yield ("budget", "cover"), f"{reason}; set it to 'targets' to reach only these shares at least cost"
    if job.budget.cover == "targets" and not least:
        yield ("budget", "cover"), "'targets' needs something to reach: give least.small or another share"


def _with_budget(job: Job) -> Iterator[Contradiction]:
    if job.budget.cover == "targets":
        yield (
            ("budget", "cover"),
            "'targets' asks for the least cost: it goes with budget.unlimited = true only",
        )


def _with_independence(job: Job) -> Iterator[Contradiction]:
    """Yield what independence from the core does not go with."""
    asked = job.independence
    if not asked.weight:
        return
    if job.region.matrix:
        reason = "a table of travel times does not say where trips run, so that no core can be left out"
        yield ("independence", "weight"), f"{reason}; set it to 0, or start from a map"
    if job.budget.unlimited:
        yield ("independence", "weight"), f"it is weighed against the pairs within the limit, {_NO_BUDGET}"
    unknown = [tier for tier in asked.tiers if tier not in TIERS]
    for tier in unknown:
        hint = did_you_mean(tier, TIERS) or f"; tiers: {', '.join(TIERS)}"
        yield ("independence", "tiers"), f"there is no tier '{tier}'{hint}"


def _with_derived_rewards(job: Job) -> Iterator[Contradiction]:
    """Yield rings whose worth is to be derived where independence counts nothing."""
    for number, ring in enumerate(job.rings):
        if ring.reward == DERIVED and not job.independence.weight:
            reason = "a derived worth is a multiple of independence.weight, which is 0"
            yield ("rings", str(number), "reward"), f"{reason}; set that weight, or give a number"


def _between_shares_of_cities(job: Job) -> Iterator[Contradiction]:
    """Yield least shares of cities where cities do not count."""
    keys = [key for key in least_keys(job) if key.startswith("city_coverage.")]
    if keys and not job.city_coverage.weight:
        yield (
            ("city_coverage", "weight"),
            f"it is 0, and {' and '.join(keys)} would be a share of nothing; set it to 1 or more",
        )


def _between_rings(rings: Sequence[Rings]) -> Iterator[Contradiction]:
    ids = [ring.id for ring in rings]
    for number, ring in enumerate(rings):
        if ring.id in ids[:number]:
            yield ("rings", str(number), "id"), f"'{ring.id}' is the id of another ring"
        for other in ring.apart:
            path = ("rings", str(number), "apart")
            if other == ring.id:
                yield path, f"'{other}' is the ring itself; nested rings are apart from each other anyway"
            elif other not in ids:
                hint = did_you_mean(other, ids) or f"; rings: {', '.join(ids)}"
                yield path, f"there is no ring '{other}'{hint}"
    yield from _between_charges(rings)


def _between_charges(rings: Sequence[Rings]) -> Iterator[Contradiction]:
    """Yield rings of one standard that pay differently for what exists, though they may share it."""
    first: dict[tuple[object, ...], Rings] = {}
    for number, ring in enumerate(rings):
        other = first.setdefault((ring.mode, ring.classes, ring.speed_kmh), ring)
        if ring.existing_cost_per_km != other.existing_cost_per_km:
            reason = f"'{other.id}' is a ring of the same standard, and what both use is paid for once"
            yield ("rings", str(number), "existing_cost_per_km"), f"{reason}; give both the same charge"
