"""Turn the factors of a job into columns of a table of cases, and each row of it into a case."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from optimiser.frontier import designs
from optimiser.frontier.cases import Case, TimeChanges
from optimiser.job.model import EFFECTS, MAY, NEEDS, SCALES, Changes, Factor, Job, did_you_mean
from optimiser.measures.appraisal import ALL_PROJECTS, CLASSES, class_of
from optimiser.problem.errors import JobError
from optimiser.problem.jsonfile import packaged
from optimiser.problem.model import TIERS
from optimiser.proposals.table import Candidates
from optimiser.run.timing import Times
from optimiser.studies.answers import WEIGHT_EXPONENTS
from optimiser.studies.closures import LATER, ClosedLinks

OPEN, CLOSED = 0.0, 1.0
"""Values of a factor that closes a link."""
TODAY = "as in the job"
"""Value of a factor of opening days in the job itself."""
USUAL = tuple(
    Factor.model_validate(row) for row in packaged("optimiser.studies", "data/usual_factors.toml")["factor"]
)
"""Factors of a job that names none."""
_REFERENCES = {one.name: one for one in CLASSES}
_OF_TIMES = {one.name for one in fields(TimeChanges)}
"""Factors that change times: fields of `TimeChanges`."""
_MEASURES: Mapping[Changes, str] = {"connections": "timed_transfer", "check_in_rule": "check_in"}
"""Kinds of candidates whose effect a factor changes."""


def described(column: designs.Factor) -> dict[str, Any]:
    """Return a column of the table of cases as a JSON object for `sweep.json`."""
    own = column.given
    may = MAY.get(own.distribution, ())
    keys = (
        *NEEDS[own.distribution],
        *(may if any(getattr(own, key) not in (None, ()) for key in may) else ()),
    )
    drawn = {"values" if key == "choices" else key: getattr(own, key) for key in keys}
    named = {"id": own.id, "changes": own.changes, "of": list(own.of), "central": column.central}
    return named | {"distribution": {"name": own.distribution, **drawn}}


def columns(job: Job, candidates: Candidates, times: Times) -> tuple[designs.Factor, ...]:
    """Return the columns of the table of cases of a job: its factors, or the usual ones.

    Parameters
    ----------
    job
        The job.
    candidates
        What may be built.
    times
        Its cities are those that demands may name.

    Raises
    ------
    JobError
        With every factor that the job has no use for.
    """
    classes = kinds_by_class(candidates)
    found, faults = list[designs.Factor](), list[str]()
    cities = dict(zip(times.cities["name"].astype(str), times.cities["city_id"].astype(str), strict=True))
    kinds = {kind: (kind,) for own in classes.values() for kind in own}
    known: dict[str, dict[str, tuple[str, ...]]] = {
        "costs": {**classes, **kinds},
        "delay_years": {**classes, **kinds},
        "demand": {**{tier: (tier,) for tier in TIERS}, **{name: (key,) for name, key in cities.items()}},
    }
    for factor in job.sweep.factors or USUAL:
        reasons = list(_useless(factor, job, kinds))
        try:
            found += [] if reasons else _columns_of(factor, known.get(factor.changes, {}), job)
        except LookupError as fault:
            reasons.append(str(fault.args[0]))
        faults += [f"{factor.id}: {reason}" for reason in reasons]
    if faults and job.sweep.factors:  # the usual ones are left out where a job has no use for them
        raise JobError(
            "factors do not suit the job",
            where="sweep.factors",
            faults=faults,
            done="No case was made.",
            remedy="Correct or remove them; docs/uncertainty.md says what each needs.",
        )
    return tuple(found)


def _useless(factor: Factor, job: Job, kinds: Collection[str]) -> Iterator[str]:
    """Yield why a factor cannot change a job."""
    if factor.changes in ("demand", "weight_exponent") and job.objective.weight == "file":
        yield "the weights of pairs come from a file, not from populations"
    if factor.changes == "budget" and job.budget.unlimited:
        yield "the job has no budget"
    if factor.changes == "delay_years" and not job.phasing.names:
        yield "a delay counts where there are periods (phasing.names)"
    if factor.changes in ("rail_speed", "waits", "check_in", "access_s", *EFFECTS) and not job.times.rail:
        yield "the job reads no trains (times.rail)"
    elif _MEASURES.get(factor.changes) not in (None, *kinds):
        yield f"no candidate is a {_MEASURES[factor.changes]}"


def _columns_of(factor: Factor, known: Mapping[str, tuple[str, ...]], job: Job) -> Iterator[designs.Factor]:
    """Yield the column of a factor; one that closes links has one for each of them."""
    if factor.changes == "closed":
        chance = factor.chance or 0.0
        drawn = {"distribution": "choice", "choices": (OPEN, CLOSED), "chances": (1 - chance, chance)}
        for name in factor.of:
            named = {"id": f"{factor.id}: {name}", "of": (name,)}
            yield designs.Factor(factor.model_copy(update=drawn | named), OPEN)
        return
    unknown = [name for name in factor.of if name not in known]
    if unknown:
        hints = (f"there is no '{name}'{did_you_mean(name, list(known))}" for name in unknown)
        raise LookupError("; ".join(hints))
    names = factor.of or (() if factor.changes == "demand" else tuple(known))
    of = tuple(dict.fromkeys(one for name in names for one in known[name]))
    if factor.changes == "demand" and not factor.of:
        of = TIERS
    if factor.changes in ("costs", "delay_years") and not of:
        raise LookupError("no candidate is of these kinds")
    given = factor.model_copy(update={**_drawn(factor), "of": of})
    yield designs.Factor(given, _central(factor.changes, job))


def _central(changes: Changes, job: Job) -> designs.Value:
    if changes == "opening":
        return str(job.region.as_of or TODAY)
    if changes == "weight_exponent":
        return WEIGHT_EXPONENTS.get(job.objective.weight, 0.0)
    return 1.0 if changes in (*SCALES, *EFFECTS) else 0.0


def _drawn(factor: Factor) -> dict[str, Any]:
    """Return what a factor leaves open: the overruns of its reference class, or the chances of a choice."""
    if factor.distribution == "reference_class":
        classes = {class_of(name) for name in factor.of}
        only = next(iter(classes)) if len(classes) == 1 else ALL_PROJECTS
        risk = (only if factor.reference == "auto" else _REFERENCES[factor.reference]).risk(1.0)
        return {"distribution": "lognormal", "mean": risk.mean, "deviation": risk.deviation}
    count = len(factor.choices)
    return {"chances": factor.chances or (1 / count,) * count} if count else {}


def kinds_by_class(candidates: Candidates) -> dict[str, tuple[str, ...]]:
    """Return the kinds of candidates by what is built: `road`, `rail` lines, `service` of trains, `station`.

    Parameters
    ----------
    candidates
        What may be built.
    """
    table = candidates.table
    is_service = table["instrument"] == "subsidy"
    rows: dict[str, Any] = {
        "road": table["mode"].eq("road"),
        "rail": table["mode"].eq("rail") & ~is_service,
        "service": is_service,
        "station": ~table["mode"].isin(["road", "rail"]) & ~is_service,
    }
    return {name: tuple(sorted({str(kind) for kind in table["kind"][own]})) for name, own in rows.items()}


def links_to_close(found: Sequence[designs.Factor]) -> tuple[str, ...]:
    """Return the names under which the cases of some columns close links."""
    names = dict[str, None]()
    for column in found:
        if column.given.changes == "closed":
            names |= dict.fromkeys(column.given.of)
        elif column.given.changes == "opening":
            names |= dict.fromkeys(f"{LATER}{day}" for day in column.given.choices)
    return tuple(names)


def case_of(
    number: int,
    values: Sequence[designs.Value],
    found: Sequence[designs.Factor],
    *,
    budget: int | None,
    closures: Mapping[str, ClosedLinks],
) -> Case:
    """Return a case of a sweep.

    Parameters
    ----------
    number
        Number of the case.
    values
        Value of each column.
    found
        The columns.
    budget
        Budget of the job; None without one.
    closures
        What each of `links_to_close` closes.

    Notes
    -----
    A factor at its central value changes nothing, so that case 0 is the job. Factors of several columns on
    the same costs, populations or money are multiplied, times at stations and limits added.
    """
    times, prices, growth, delays = dict[str, Any](), dict[str, float](), dict[str, float](), dict[str, int]()
    money, exponent, closed, out = 1.0, None, list[str](), set[str]()
    for value, column in zip(values, found, strict=True):
        own, key = column.given, column.given.changes
        if value == column.central:
            continue
        if key in ("closed", "opening"):
            name = f"{LATER}{value}" if key == "opening" else own.of[0]
            out |= set(closures[name].candidates)
            closed += [name] if len(closures[name].arcs) else []
            continue
        amount = float(value)
        if key in _OF_TIMES:
            is_factor = key in (*SCALES, *EFFECTS)
            times[key] = times.get(key, 1.0) * amount if is_factor else times.get(key, 0) + round(amount)
        elif key == "budget":
            money *= amount
        elif key == "weight_exponent":
            exponent = amount
        elif key == "delay_years":
            delays |= {kind: delays.get(kind, 0) + round(amount) for kind in own.of}
        else:
            target = prices if key == "costs" else growth
            target |= {name: target.get(name, 1.0) * amount for name in own.of}
    return Case(
        name=f"case {number}",
        times=TimeChanges(closed=tuple(closed), **times),
        prices=tuple(sorted(prices.items())),
        weight_exponent=exponent,
        growth=tuple(sorted(growth.items())),
        budget=None if budget is None or money == 1.0 else round(money * budget),
        fixed_out=tuple(sorted(out)),
        delays=tuple(sorted(delays.items())),
    )
