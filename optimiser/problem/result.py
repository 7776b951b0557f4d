"""Define the result that a solver variant claims, its file, and the rounding of its bound."""

import dataclasses
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from optimiser.problem.errors import ProblemError, listed, raise_faults
from optimiser.problem.jsonfile import (
    Json,
    Shape,
    anything,
    is_integer,
    read_json,
    repeated,
    shape_faults,
    shape_of,
    text,
    word_of,
    write_atomically,
)
from optimiser.problem.model import Target

FORMAT = "polyring-result/1"

type Status = Literal["optimal", "feasible", "infeasible", "none"]

STATUSES = ("optimal", "feasible", "infeasible", "none")

UNSETTLED = ("time", "killed", "interrupted", "unconfirmed", "crash", "memory", "refused")
"""Terminations after which the same solve may end otherwise: a limit in seconds, a signal, a failure."""
BOUND_KINDS = ("trivial", "presolve", "relaxation", "search")
"""What a bound may rest on (`ProofSource`)."""

INFEASIBLE_KINDS = ("argument", "enumeration", "presolve", "search")
"""What may prove that no plan exists (`ProofSource`)."""

type Circuits = Mapping[str, tuple[int, ...]]
"""The circuit of each ring that is formed: ring id to positions of links, in order round the circuit."""

type Starts = Mapping[str, int]
"""Position of the period in which each built candidate is started; empty without periods."""


ROOT_STEPS = ("relaxation", "columns", "root")
"""Steps of a solve before any branching: the relaxation with its cuts, or the root of a solver's own tree."""


@dataclass(frozen=True, slots=True)
class TracePoint:
    """One line of the progress of a solve.

    Attributes
    ----------
    seconds
        Time since the start of the solve.
    step
        Part of the method that reports, for example `reverse-greedy` or `master`.
    objective
        Objective of the best plan so far; None when there is none.
    bound
        Best proven bound so far; None when there is none.
    cuts, nodes
        Totals so far: cuts added, and nodes of search trees explored; None where nobody counts nodes.
    claimed
        Tighter bound that nobody confirmed; None without one.
    """

    seconds: float
    step: str
    objective: int | None
    bound: float | None
    cuts: int = 0
    nodes: int | None = None
    claimed: float | None = None


STARTS = {
    "taken": "taken as the first plan; the solver did not get it",
    "solution": "taken as the first plan; the solver got it as a start solution",
    "limit": "taken as the first plan; the solver got its objective as a limit",
    "hint": "only a hint, since the problem does not allow all of it",
}
"""What became of a plan to start from."""

MOST_BARRED = 10
"""Candidates that one reason lists; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason why a problem has no plan: a clause for a reader, and what it is about.

    Attributes
    ----------
    text
        The clause, with nodes by their ids, and without the candidates of `barred`.
    target
        The target that cannot be met; None where the reason is about something else.
    nodes
        Ids of the nodes that `text` names.
    barred
        Candidates that cannot be built and take part in the reason, each with why.
    capacity
        Id of the capacity that is exceeded; empty where the reason is about something else.
    ring
        Id of the ring that cannot be formed; empty where the reason is about something else.
    stops
        Ids of the stops of the ring that `text` names, in quotation marks.
    """

    text: str
    target: Target | None = None
    nodes: tuple[str, ...] = ()
    barred: Mapping[str, str] = field(default_factory=dict)
    capacity: str = ""
    ring: str = ""
    stops: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the clause with the candidates that cannot be built."""
        reasons = [f"{name!r} {why}" for name, why in sorted(self.barred.items())]
        return self.text + (f"; not to be built: {listed(reasons, MOST_BARRED)}" if reasons else "")

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object of a result file; what the reason is not about is left out."""
        values = dataclasses.asdict(self) | {"nodes": list(self.nodes), "stops": list(self.stops)}
        return {key: v for key, v in values.items() if v or key not in ("capacity", "ring", "stops")}


_KINDS_IN_WORDS = {
    "trivial": "sums of weights or costs",
    "presolve": "exact reduction",
    "relaxation": "linear relaxation",
    "search": "search",
    "argument": "shortest paths and sums",
    "enumeration": "trying every plan",
}


@dataclass(frozen=True, slots=True)
class ProofSource:
    """Whose word a bound is, or that no plan exists.

    Attributes
    ----------
    kind
        `trivial` (the weight of all that can be covered, or the cost of what is fixed in), `presolve` (the
        exact reduction), `relaxation` (a linear program) or `search` (a tree, or integer programs); for the
        absence of a plan also `argument` (shortest paths and sums) and `enumeration` (of every plan).
    variant, solver
        The variant that proved it, and the solver that it used; empty where none took part.
    """

    kind: str
    variant: str = ""
    solver: str = ""

    @property
    def who(self) -> str:
        """Return the variant with its solver; empty where none took part."""
        return " with ".join(filter(None, [self.variant, self.solver]))

    @property
    def word(self) -> str:
        """Return whose word it is: `who`, or else the part of polyring itself."""
        return self.who or _KINDS_IN_WORDS[self.kind]

    @property
    def is_recomputed(self) -> bool:
        """Return whether the independent check finds the same bound by itself."""
        return self.kind == "trivial"

    def __str__(self) -> str:
        """Return the source in words."""
        return ", ".join(filter(None, [_KINDS_IN_WORDS[self.kind], self.who]))


@dataclass(frozen=True, slots=True)
class Result:
    """What a solve claims; `verify.check` turns it into a plan.

    Attributes
    ----------
    problem
        Name of the problem.
    status
        `optimal` (gap 0), `feasible` (a usable plan), `infeasible` (proved) or `none`.
    built
        Ids of what is built, sorted.
    cost, coverage, objective
        Money, weight of covered pairs, and the value that is optimised (`coverage` plus the weight of covered
        cities and the rewards of rings, over all periods; `cost` when the budget is None). All are recomputed
        from `built`, `rings` and `starts`, never taken from a solver.
    bound
        Proven bound of the objective, from above (from below when the budget is None); None without one.
    gap
        Relative distance of objective and rounded bound (`gap_of`); None without a bound.
    variant, solver
        Names of the variant and of the solver that it used.
    seconds
        Wall time of the solve itself.
    seed, threads
        Seed and number of threads that the solve was asked to use.
    versions
        Versions of the libraries that took part.
    termination
        Why the solve ended: `proof`, `infeasible` (proof that there is no plan), `gap`, `time`, `nodes` (a
        limit), `stalled` (numerical noise, or a solver whose status proves nothing), `heuristic`,
        `unconfirmed` (a claimed proof that was not confirmed in time),
        `interrupted` (a signal; the best plan so far), `killed` (it did not stop at its limit and was ended;
        the same); by a fault of the solver: `crash`, `memory`, or `refused` (it made a false claim).
    message
        Details of the end for a reader; without a plan the reasons, one a line.
    trace
        Progress, in order of time.
    rings
        Circuits of the rings that are formed.
    starts
        Periods in which the built candidates are started.
    reasons
        Without a plan the reasons, as in `message`.
    bound_source
        Whose word the bound is; None without a bound, or in a file that does not say.
    start
        What became of a plan to start from (`STARTS`); of a `hint` the message says what it violates. Empty
        without one.
    infeasible_by
        With status `infeasible`, whose word that is: never that of the claim alone, but of what confirmed it.
    """

    problem: str
    status: Status
    built: tuple[str, ...]
    cost: int
    coverage: int
    objective: int
    bound: float | None
    gap: float | None
    variant: str
    seconds: float
    seed: int
    threads: int
    solver: str
    versions: Mapping[str, str] = field(default_factory=dict)
    termination: str = "proof"
    message: str = ""
    trace: tuple[TracePoint, ...] = ()
    rings: Circuits = field(default_factory=dict)
    starts: Starts = field(default_factory=dict)
    reasons: tuple[Reason, ...] = ()
    bound_source: ProofSource | None = None
    infeasible_by: ProofSource | None = None
    start: str = ""

    def __repr__(self) -> str:
        """Return name, status and objective in one line."""
        word = f" by the word of {self.bound_source.word}" if self.bound_source else ""
        found = f"objective {self.objective:,}, {len(self.built)} built, bound {self.bound}{word}"
        return f"<Result {self.problem}: {self.status}, {found}>"

    @property
    def has_plan(self) -> bool:
        """Return whether the result holds a plan."""
        return self.status in ("optimal", "feasible")

    @property
    def is_settled(self) -> bool:
        """Return whether the same solve would end alike again: neither a limit in seconds nor a failure."""
        return self.termination not in UNSETTLED

    def is_proven(self, gap: float) -> bool:
        """Return whether the plan is proven to be within a relative gap, or the problem to be infeasible."""
        if self.status == "infeasible":
            return True
        return self.has_plan and self.gap is not None and self.gap <= gap

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object of the result file; optional keys without a value are left out."""
        values = dataclasses.asdict(self) | {
            "built": list(self.built),
            "versions": dict(self.versions),
            "trace": [dataclasses.asdict(point) for point in self.trace],
            "rings": circuit_objects(self.rings),
            "reasons": [reason.as_dict() for reason in self.reasons],
        }
        optional = ("rings", "starts", "reasons", "bound_source", "infeasible_by", "start")
        return {"format": FORMAT, **{key: v for key, v in values.items() if v or key not in optional}}

    def replace(self, **changes: Any) -> Self:  # noqa: ANN401 - any field may be exchanged
        """Return a result with some fields exchanged."""
        return dataclasses.replace(self, **changes)


def circuit_objects(circuits: Circuits) -> list[dict[str, Any]]:
    """Return circuits as result files and plans hold them: objects with the `id` and `links` of each ring."""
    return [{"id": name, "links": list(links)} for name, links in circuits.items()]


# ---- bounds


def bound_tolerance(bound: float) -> float:
    """Return the numerical error that a bound of this size may have: 1e-6 + 1e-9 |bound|."""
    return 1e-6 + 1e-9 * abs(bound)


def rounded_bound(
    bound: float, *, minimise: bool = False, unit: int = 1, tolerance: float | None = None
) -> int:
    """Return the best objective that a proven bound allows.

    Parameters
    ----------
    bound
        Proven bound of the objective from above, finite.
    minimise
        The bound limits from below.
    unit
        Every objective is a multiple of it, >= 1: the greatest common divisor of the weights, say, or the
        number by which a model divides its objective.
    tolerance
        Error that the bound may have, in units; default `bound_tolerance` of it.

    Returns
    -------
    int
        The largest multiple of `unit` within the bound (the smallest when minimising).

    Notes
    -----
    Round bounds with this function alone, so that all parts of a solve agree on when a gap is closed. Solvers
    prove bounds in floating point, so the bound, counted in units, is first relaxed by `bound_tolerance`:
    9.9999999 allows an objective of 10. That keeps plans that exist from being cut off, and costs nothing
    while the tolerance is below one unit. From about 1e9 units on it spans several integers: the result is
    still valid, but a gap of 0 can no longer be proved. A model that divides its objective by a unit should
    therefore name it: the error of a bound is small in units of the model, and not after multiplying.
    """
    units = bound / unit
    error = bound_tolerance(units) if tolerance is None else tolerance
    return unit * (math.ceil(units - error) if minimise else math.floor(units + error))


def gap_of(objective: int, bound: float | None, *, minimise: bool = False) -> float | None:
    """Return the relative gap |best - objective| / max(1, |objective|), where best is the rounded bound.

    None without a bound.
    """
    if bound is None:
        return None
    return abs(rounded_bound(bound, minimise=minimise) - objective) / max(1, abs(objective))


# ---- files


def dumps(result: Result) -> str:
    """Return the text of a result file."""
    return json.dumps(result.as_dict(), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def save(result: Result, path: Path | str) -> None:
    """Write a result to a file, completely or not at all.

    Raises
    ------
    EnvironmentFault
        When the disk or the folder does not allow it.
    """
    write_atomically(Path(path), dumps(result))


def load(path: Path | str) -> Result:
    """Read a result file; unknown keys are ignored.

    Raises
    ------
    ProblemError
        With every fault of the file and its place.
    EnvironmentFault
        When the file cannot be opened.
    """
    return parse(read_json(Path(path)), where=str(path))


def parse(value: Json, *, where: str = "result") -> Result:
    """Turn parsed JSON into a result.

    Raises
    ------
    ProblemError
        With every fault and its place.
    """
    if not isinstance(value, dict):
        raise ProblemError("the file does not hold an object", where=where)
    raise_faults(list(_faults(value, _RESULT)), where=where, what="the result breaks its format")
    return Result(
        problem=value["problem"],
        status=value["status"],
        built=tuple(sorted(value["built"])),
        cost=value["cost"],
        coverage=value["coverage"],
        objective=value["objective"] if "objective" in value else value["coverage"],
        bound=value["bound"],
        gap=value.get("gap"),
        seconds=float(value.get("seconds", 0.0)),
        seed=int(value.get("seed", 0)),
        threads=int(value.get("threads", 1)),
        versions={str(k): str(v) for k, v in value.get("versions", {}).items()},
        **{key: str(value.get(key, "")) for key in ("variant", "solver", "termination", "message", "start")},
        trace=tuple(TracePoint(**point) for point in value.get("trace", [])),
        rings=_circuits(value),
        starts=dict(value.get("starts", {})),
        reasons=tuple(_reason(item) for item in value.get("reasons", [])),
        bound_source=_source(value.get("bound_source")),
        infeasible_by=_source(value.get("infeasible_by")),
    )


def parse_rings_and_starts(value: Json, *, where: str) -> tuple[dict[str, tuple[int, ...]], dict[str, int]]:
    """Return the optional `rings` and `starts` of a JSON object, in the form that they have in a result.

    Raises
    ------
    ProblemError
        With every fault and its place.
    """
    raise_faults(list(_faults(value, _RINGS_AND_STARTS)), where=where, what="the plan breaks its format")
    return _circuits(value), dict(value.get("starts", {}))


def _circuits(value: Json) -> dict[str, tuple[int, ...]]:
    return {item["id"]: tuple(item["links"]) for item in value.get("rings", [])}


def _source(value: Json) -> ProofSource | None:
    return None if value is None else ProofSource(**value)


def _reason(item: Json) -> Reason:
    values = {
        "target": None if item["target"] is None else Target(**item["target"]),
        "nodes": tuple(item["nodes"]),
        "barred": dict(item["barred"]),
        "stops": tuple(map(str, item.get("stops", []))),
    }
    return Reason(**{**item, **values})


def _reason_fault(item: Json) -> str:
    try:
        is_reason = isinstance(_reason(item).text, str)
    except (KeyError, TypeError, ValueError, AttributeError):
        is_reason = False
    return "" if is_reason else "not a reason"


def _list_of(is_one: Callable[[Json], bool], names: str) -> Shape:
    """Return the check that a value is a list of values of a kind, named in the plural."""
    fault = f"not a list of {names}"
    return lambda value: "" if isinstance(value, list) and all(map(is_one, value)) else fault


def _source_shape(kinds: tuple[str, ...]) -> Shape:
    return {"kind": word_of(kinds), "variant": text, "solver": text}


_INTEGER = shape_of(is_integer, "is not an integer >= 0")
_NUMBER_OR_NULL = shape_of(
    lambda value: value is None or (type(value) in (int, float) and math.isfinite(value)), "is not a number"
)
_RINGS_AND_STARTS: dict[str, Shape] = {
    "rings?": [{"id": text, "links": _list_of(is_integer, "positions")}],
    "starts?": {"*": shape_of(is_integer, "is not a period")},
    "*": anything,
}
_RESULT: dict[str, Shape] = {
    "format": shape_of(lambda value: value == FORMAT, f"is not {FORMAT!r}"),
    "problem": anything,
    "status": word_of(STATUSES),
    "built": _list_of(lambda name: isinstance(name, str), "ids"),
    "cost": _INTEGER,
    "coverage": _INTEGER,
    "objective?": _INTEGER,
    "bound": _NUMBER_OR_NULL,
    "gap?": _NUMBER_OR_NULL,
    "reasons?": [_reason_fault],
    "bound_source??": _source_shape(BOUND_KINDS),
    "infeasible_by??": _source_shape(INFEASIBLE_KINDS),
    **_RINGS_AND_STARTS,
}


def _faults(value: Mapping[str, Json], shape: Shape) -> Iterator[str]:
    """Yield where a result, or a plan, departs from its shape, and what it names twice."""
    yield from shape_faults(value, shape)
    for key in ("built", "rings"):
        items = value[key] if isinstance(value.get(key), list) else []
        names = (str(item.get("id")) if isinstance(item, dict) else str(item) for item in items)
        yield from (f"{key}: {name!r} occurs twice" for name in repeated(names))
