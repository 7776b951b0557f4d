"""Change a job for a what-if question, and solve what it asks in a process that is kept."""

from __future__ import annotations

import functools
import inspect
import math
import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache, wraps
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError

from networks.errors import NetworksError
from optimiser.frontier.cases import Case
from optimiser.job.model import Job, LoadedJob, did_you_mean, unknown_links
from optimiser.job.sections import LEAST_LIMIT_S, clock_seconds
from optimiser.problem import DesignProblem, model
from optimiser.problem.errors import JobError, OptimiserError
from optimiser.proposals.table import fix
from optimiser.run.chain import Chain
from optimiser.run.demands import exact_share
from optimiser.studies.answers import AskedBase
from optimiser.tasks.cache import folder

IN_MEMORY = "inputs"
"""Folder of the cache with the tables and graphs that were given in memory."""
_NOTHING = "Nothing was solved."
_UNFIT = "arguments have the wrong type or range"
_WORDS = {str: "a text", type(None): "None", Sequence: "a list", Iterable: "a list"}
_LINE = re.compile(r"line (\d+)")
_OWN = (str(Path(__file__).parents[1]), functools.__file__.removesuffix(".py"))
"""How the names of files begin that are not the user's, though a call leads through them."""
_UNCLEAR = (1.0, 10.0)
"""Budgets within these bounds, written as fractions, may be meant as shares, and the first of them always."""

type LinkNames = int | str | Iterable[int | str]
"""Ranks in the table of links, ids of candidates, or a mixture."""
type Limit = float | str | timedelta
"""A time limit: seconds, a text such as ``3h30``, ``3:30`` or ``210 min``, or a time span."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf(Case):
    """A case that a what-if question types by hand; the default changes nothing.

    Attributes
    ----------
    limit_s
        Another time limit, for which candidates are proposed anew; None: that of the job.
    """

    limit_s: int | None = None

    def then(self, later: WhatIf) -> WhatIf:
        """Return these changes followed by later ones, which win where both speak of the same thing."""
        return replace(
            self,
            fixed_out=_joined(self.fixed_out, later.fixed_out, taken_back=later.fixed_in),
            fixed_in=_joined(self.fixed_in, later.fixed_in, taken_back=later.fixed_out),
            budget=self.budget if later.budget is None else later.budget,
            tier_factors=tuple((dict(self.tier_factors) | dict(later.tier_factors)).items()),
            limit_s=self.limit_s if later.limit_s is None else later.limit_s,
            rings=self.rings and later.rings,
            rings_dropped=later.rings_dropped,
        )

    def __str__(self) -> str:
        """Return the changes as words of a title; empty where nothing changes."""
        parts = (
            f"without {', '.join(self.fixed_out)}" if self.fixed_out else "",
            f"with {', '.join(self.fixed_in)}" if self.fixed_in else "",
            "" if self.budget is None else f"budget {self.budget:,}",
            *(f"{tier} pairs times {factor}" for tier, factor in self.tier_factors),
            "" if self.limit_s is None else f"limit {self.limit_s // 60} min",
            "" if self.rings else "no rings",
        )
        return ", ".join(part for part in parts if part)

    def of(self, job: Job) -> Job:
        """Return a job with these changes in its own keys."""
        candidates, budget = job.candidates, job.budget
        fixed = {
            "fixed_in": _joined(candidates.fixed_in, self.fixed_in, taken_back=self.fixed_out),
            "fixed_out": _joined(candidates.fixed_out, self.fixed_out, taken_back=self.fixed_in),
        }
        limit_s = job.times.limit_s if self.limit_s is None else self.limit_s
        rings = (ring for ring in job.rings if self.rings and ring.id not in self.rings_dropped)
        return job.model_copy(
            update={
                "candidates": candidates.model_copy(update=fixed),
                "budget": budget if self.budget is None else type(budget)(amount=self.budget),
                "times": job.times.model_copy(update={"limit_s": limit_s}),
                "objective": job.objective.model_copy(update=dict(self.tier_factors)),
                "rings": tuple(rings),
            }
        )


UNCHANGED = WhatIf()
"""Changes of nothing: the run of a job as it is."""


def _joined(
    first: tuple[str, ...], later: tuple[str, ...], *, taken_back: tuple[str, ...]
) -> tuple[str, ...]:
    return tuple(name for name in dict.fromkeys((*first, *later)) if name not in taken_back)


def warn(texts: Iterable[str]) -> None:
    """Warn of something at the line of the user that led to it."""
    for text in texts:
        warnings.warn(text, stacklevel=2, skip_file_prefixes=_OWN)


def limit_seconds(limit: Limit) -> int:
    """Return a time limit in whole seconds.

    Parameters
    ----------
    limit
        Seconds as an integer, a time span, or a text: ``4h``, ``3h30``, ``3:30``, ``3.5 h``, ``210 min``. A
        text of digits alone is seconds too.

    Raises
    ------
    JobError
        When it cannot be read, or is below five minutes.

    Examples
    --------
    >>> limit_seconds("3h30"), limit_seconds("90 min"), limit_seconds("14400")
    (12600, 5400, 14400)
    """
    seconds, bare = 0.0, ""
    if isinstance(limit, timedelta):
        seconds = limit.total_seconds()
    elif isinstance(limit, str):
        bare = limit.strip() if limit.strip().isdecimal() else ""
        seconds = int(bare) if bare else clock_seconds(limit)
    else:
        seconds, bare = float(limit), f"{limit:g}"
    remedy = "Write for example '4h', '3h30', '3:30', '210 min', or whole seconds, at least 300."
    if bare and 0 < seconds < LEAST_LIMIT_S:
        hours = f"'{bare}h' for hours, " if seconds <= 24 else ""
        remedy = f"Seconds were read. Write {hours}'{bare} min' for minutes."
    if not LEAST_LIMIT_S <= seconds < math.inf or seconds != round(seconds):
        raise JobError(f"{limit!r} is no time limit", where="limit", done=_NOTHING, remedy=remedy)
    return round(seconds)


def budget_given(
    budget: float | None, share: float | None, *, of: str, money: str
) -> tuple[int, float | None]:
    """Return a budget as money, or 0 and a share: one below 1, or one that is named so.

    Parameters
    ----------
    budget, share
        The arguments; one of them is None.
    of, money
        What a share is a share of, and the unit of money, for messages.

    Raises
    ------
    JobError
        When it is no number of at least 0, a fraction of a unit of money, or may be meant as either.
    """
    value = budget if share is None else share
    is_share = share is not None or (value is not None and value < 1)
    fault, remedy = "", f"Give a share of {of} below 1, or whole {money or 'money'}."
    if budget is not None and share is not None:
        fault = "and budget_share are both given"
    elif value is None or not 0 <= value < math.inf:
        fault = f"{value!r} is negative or not a number"
    elif (
        not is_share
        and _UNCLEAR[0] <= value <= _UNCLEAR[1]
        and (value == _UNCLEAR[0] or isinstance(value, float))
    ):
        fault = f"{value:g} may be a share or money"
        amount = "an amount in full" if value == _UNCLEAR[0] else f"budget={round(value)}"
        remedy = f"Write budget_share={value:g} for a share of {of}, {amount} for {money or 'money'}."
    elif not is_share and value != round(value):
        fault = f"{value!r} is neither a share below 1 nor whole money"
    if fault or value is None:
        raise JobError(f"the budget {fault}", where="budget", done=_NOTHING, remedy=remedy)
    return (0, float(value)) if is_share else (round(value), None)


def budget_amount(budget: float | None, share: float | None, problem: DesignProblem) -> int | None:
    """Return a budget as money, a share of that of a problem rounded down; None where none is given.

    Raises
    ------
    JobError
        As for `budget_given`, or when it is a share and the problem has no budget.
    """
    if budget is None and share is None:
        return None
    amount, part = budget_given(budget, share, of="the budget of the run", money=problem.money)
    if part is None:
        return amount
    if problem.budget is None:
        raise JobError("a share is asked for, and the run has no budget", where="budget", done=_NOTHING)
    exact = exact_share(part)
    return exact.numerator * problem.budget // exact.denominator


def door[F: Callable[..., Any]](function: F) -> F:
    """Return a function for users that refuses what its annotations exclude, all faults at once.

    Numbers of NumPy count as those of Python, and any list, tuple or set as a sequence; a text is none.
    Faults of a table that was given in memory name it, and its rows from 1, not its copy in the cache.
    """
    order = [*inspect.signature(function).parameters]
    hints = cache(lambda: get_type_hints(function, include_extras=True))

    @wraps(function)
    def checked(*given: object, **further: object) -> Any:  # noqa: ANN401 - of the function
        values = {**dict(zip(order, given, strict=False)), **further}
        named = {name: _fault(values[name], hint) for name, hint in hints().items() if name in values}
        if faults := [
            f"{name}: {_shown(values[name])} is not {what}" for name, what in named.items() if what
        ]:
            remedy = f"help() of {function.__name__} says what it takes."
            raise JobError(_UNFIT, where=function.__name__, faults=faults, done=_NOTHING, remedy=remedy)
        try:
            return function(*given, **further)
        except (NetworksError, OptimiserError) as fault:
            file = Path(fault.where)
            if file.parent != folder() / IN_MEMORY:
                raise
            where, done, remedy = f"{file.name.partition('-')[0]} in memory", fault.done, fault.remedy
            rows = [_LINE.sub(lambda line: f"row {int(line[1]) - 1}", text) for text in fault.faults]
            raise type(fault)(fault.what, where=where, faults=rows, done=done, remedy=remedy) from fault

    return cast("F", checked)


def _fault(value: object, hint: Any) -> str:  # noqa: ANN401 - any annotation
    """Return what an annotation asks for, such as `a valid number`; empty where a value is that."""
    hint = getattr(hint, "__value__", hint)
    kind, parts = get_origin(hint) or hint, get_args(hint)
    if kind in (Union, UnionType):
        faults = [_fault(value, part) for part in parts]
        return " or ".join(faults) if all(faults) else ""
    if kind in (Literal, Annotated, bool, int, float):
        try:
            plain = value.item() if isinstance(value, np.generic) else value
            TypeAdapter(hint, config=ConfigDict(strict=True)).validate_python(plain)
        except ValidationError as error:
            return error.errors()[0]["msg"].removeprefix("Input should be ")
        return ""
    is_list = kind in (Sequence, Iterable)
    is_fit = isinstance(value, Iterable if is_list else kind) and not (is_list and isinstance(value, str))
    return "" if is_fit else _WORDS.get(kind, f"a {kind.__name__}")


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, str | int | float | None) else f"a {type(value).__name__}"


def tier_weights(weights: Mapping[str, int], problem: DesignProblem) -> tuple[tuple[str, int], ...]:
    """Return factors on the weights of tiers, checked.

    Raises
    ------
    JobError
        With every tier that the problem lacks, and every factor that is no integer of at least 0.
    """
    tiers = [tier for tier in model.TIERS if tier in problem.groups]
    faults = [
        f"no pair is of the tier '{tier}'{did_you_mean(tier, tiers)}" for tier in weights if tier not in tiers
    ]
    faults += [
        f"{tier}: {factor!r} is no whole number of at least 0"
        for tier, factor in weights.items()
        if not isinstance(factor, int) or isinstance(factor, bool) or factor < 0
    ]
    JobError.refuse(
        faults,
        "the weights cannot be used",
        where="weights",
        done=_NOTHING,
        remedy=f"Give whole factors by tier of the smaller city: {', '.join(tiers)}.",
    )
    return tuple(weights.items())


def candidate_ids(
    names: LinkNames, ranked: Mapping[int, str], known: Mapping[str, str], *, where: str
) -> tuple[str, ...]:
    """Return the ids of candidates that are named by rank or by id.

    Parameters
    ----------
    names
        One or several; see `LinkNames`.
    ranked
        Ids of the links of the plan by rank.
    known
        The name of every candidate by its id.
    where
        Name of the argument, for messages.

    Raises
    ------
    JobError
        With all names that are unknown.
    """
    listed = [names] if isinstance(names, int | str) else list(names)
    JobError.refuse(
        unknown_links(listed, ranked, known),
        "links are named that do not exist",
        where=where,
        done=_NOTHING,
        remedy="Give ranks of run.links, or ids of run.candidates.",
    )
    return tuple(dict.fromkeys(ranked[name] if isinstance(name, int) else name for name in listed))


@dataclass(frozen=True)
class Study(AskedBase):
    """The steps of a job, what its cases are resolved from, and the process that solves them."""

    @property
    def job(self) -> Job:
        """The job."""
        return self.chain.loaded.job

    @property
    def takes_cases(self) -> bool:
        """Whether a case of the problem says all: there is a map, and no levels to be raised anew."""
        return not self.chain.has_matrix and self.job.objective.kind != "max_min"

    def asked(self, changes: WhatIf) -> tuple[Study, Case]:
        """Return what some changes ask: the steps that times and candidates come from, and a case of them.

        A new limit makes other candidates worth proposing, so that it goes through the steps of the job again
        (candidates of the user's own stay). All else is a case of the problem, unless the job starts from a
        matrix or raises levels: then the job itself is changed.

        Parameters
        ----------
        changes
            What differs from the job.
        """
        study, through_job = self, changes
        if self.takes_cases:
            of_steps = replace(changes, fixed_in=(), fixed_out=(), budget=None, tier_factors=())
            through_job = UNCHANGED if changes.limit_s is None else of_steps
        if through_job != UNCHANGED:
            chain, loaded = self.chain, self.chain.loaded
            loaded = LoadedJob(f"{loaded.name}: {through_job}", loaded.folder, through_job.of(self.job))
            fixed = {"in_": through_job.fixed_in, "out": through_job.fixed_out}
            own = None if chain.own is None else fix(chain.own, **fixed)
            steps = Chain(loaded, chain.source, chain.progress, chain.solver, own=own, like=chain)
            study = Study(steps, process=self.process)
        case = replace(changes, limit_s=None)  # what is left leaves times and candidates as they are
        if not self.takes_cases or case == replace(through_job, limit_s=None):
            return study, UNCHANGED
        named, known = (*case.fixed_out, *case.fixed_in), study.chain.design.index
        JobError.refuse(
            [name for name in named if name not in known],
            "candidates are named that this limit does not propose",
            done=_NOTHING,
            remedy="Solve with the limit first, and name links of that run.",
        )
        return study, replace(case, name=str(case))
