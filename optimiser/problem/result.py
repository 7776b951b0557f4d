"""Hold what a solver variant claims about a problem."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from optimiser.problem.errors import ProblemError
from optimiser.problem.jsonfile import Json, key_faults, read_json
from optimiser.problem.rules import report
from optimiser.problem.values import is_integer, twice
from optimiser.problem.writing import write_whole

FORMAT = "polyring-result/1"

type Status = Literal["optimal", "feasible", "infeasible", "none"]

STATUSES = ("optimal", "feasible", "infeasible", "none")

RESULT_KEYS = ("problem", "status", "built", "cost", "coverage", "bound")
"""Keys that a result file must have besides `format`."""


@dataclass(frozen=True, slots=True)
class TracePoint:
    """One line of the progress of a solve.

    Attributes
    ----------
    seconds
        Since the start of the solve.
    step
        What found it, for example `reverse-greedy` or `master`.
    objective
        Of the best plan so far; None when there is none.
    bound
        Best proven bound so far; None when there is none.
    cuts, nodes
        Cuts added and nodes of trees searched so far, in total.
    """

    seconds: float
    step: str
    objective: int | None
    bound: float | None
    cuts: int = 0
    nodes: int = 0


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
        Money, weight of covered pairs, and what is optimised (`coverage` and the weight of covered cities and
        rewards of rings, over all periods; or `cost` when the budget is None), all recomputed from `built`,
        `rings` and `starts`, never the solver's words.
    bound
        Proven limit of the objective, from above (from below when the budget is None); None without one.
    gap
        Relative distance of objective and rounded bound (`gap_of`); None without a bound.
    variant, solver
        What solved it.
    seconds
        Wall time of the solve itself.
    seed, threads
        What the solve was asked to use.
    versions
        Versions of the libraries that took part.
    termination
        Why the solve ended: `proof`, `infeasible` (proof that there is no plan), `gap`, `time`, `nodes` (a
        limit), `stalled` (numerical noise, or a solver whose end proves nothing), `heuristic`,
        `interrupted` (a signal; the best plan so far); by a fault of the solver: `crash`, `memory`, `refused`
        (it claimed what is not true) or `killed` (hard limit).
    message
        More about the end, for a reader; where there is no plan why, one reason a line.
    trace
        Progress, in order of time.
    rings
        Positions of the links of each ring that is formed, in order round it, by ring id.
    starts
        Position of the period in which each built candidate is started; empty without periods.
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
    rings: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    starts: Mapping[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object of the result file; rings and starts only where there are some."""
        values = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        values["built"] = list(self.built)
        values["versions"] = dict(self.versions)
        values["rings"] = [{"id": name, "links": list(links)} for name, links in self.rings.items()]
        values["starts"] = dict(self.starts)
        values = {key: value for key, value in values.items() if value or key not in ("rings", "starts")}
        values["trace"] = [dataclasses.asdict(point) for point in self.trace]
        return {"format": FORMAT, **values}

    def replace(self, **changes: Any) -> Result:  # noqa: ANN401 - any field may be exchanged
        """Return a result with some fields exchanged."""
        return dataclasses.replace(self, **changes)


def noise_of(bound: float) -> float:
    """Return the numerical noise that a bound is forgiven; from 1e9 on it spans whole numbers."""
    return 1e-6 + 1e-9 * abs(bound)


def rounded_bound(bound: float, *, minimise: bool = False, noise: float | None = None) -> int:
    """Return the integer that a bound allows, its numerical noise forgiven.

    Parameters
    ----------
    bound
        Proven limit of the objective.
    minimise
        The bound limits from below.
    noise
        Error that the bound may have; default `noise_of(bound)`.
    """
    forgiven = noise_of(bound) if noise is None else noise
    return math.ceil(bound - forgiven) if minimise else math.floor(bound + forgiven)


def gap_of(objective: int, bound: float | None, *, minimise: bool = False) -> float | None:
    """Return the relative gap of an objective against a bound; None without a bound.

    Objectives are integers, so the bound counts rounded: `|best - objective| / max(1, |objective|)`.
    """
    if bound is None:
        return None
    return abs(rounded_bound(bound, minimise=minimise) - objective) / max(1, abs(objective))


def dumps(result: Result) -> str:
    """Return the text of a result file."""
    return json.dumps(result.as_dict(), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def save(result: Result, path: Path | str) -> None:
    """Write a result to a file, whole or not at all.

    Raises
    ------
    EnvironmentFault
        When the disk or the folder does not allow it.
    """
    write_whole(Path(path), dumps(result))


def load(path: Path | str) -> Result:
    """Read a result file; keys that are not ours are passed over.

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
    report(list(_faults(value)), where=where, what="the result breaks its format")
    trace = value.get("trace", [])
    return Result(
        problem=value["problem"],
        status=value["status"],
        built=tuple(sorted(value["built"])),
        cost=value["cost"],
        coverage=value["coverage"],
        objective=value["objective"] if "objective" in value else value["coverage"],
        bound=value["bound"],
        gap=value.get("gap"),
        variant=str(value.get("variant", "")),
        seconds=float(value.get("seconds", 0.0)),
        seed=int(value.get("seed", 0)),
        threads=int(value.get("threads", 1)),
        solver=str(value.get("solver", "")),
        versions={str(k): str(v) for k, v in value.get("versions", {}).items()},
        termination=str(value.get("termination", "")),
        message=str(value.get("message", "")),
        trace=tuple(TracePoint(**point) for point in trace),
        rings=_rings(value),
        starts=dict(value.get("starts", {})),
    )


def parse_more(value: Json, *, where: str) -> tuple[dict[str, tuple[int, ...]], dict[str, int]]:
    """Return the rings and starts of a JSON object that may have them, as a result has.

    Parameters
    ----------
    value
        The object.
    where
        Name of the source, for messages.

    Raises
    ------
    ProblemError
        With every fault and its place.
    """
    faults = [*_ring_faults(value.get("rings", [])), *_start_faults(value.get("starts", {}))]
    report(faults, where=where, what="the plan breaks its format")
    return _rings(value), dict(value.get("starts", {}))


def _rings(value: Json) -> dict[str, tuple[int, ...]]:
    return {item["id"]: tuple(item["links"]) for item in value.get("rings", [])}


def _faults(value: Mapping[str, Json]) -> list[str]:
    known = dict.fromkeys(value, False) | dict.fromkeys(("format", *RESULT_KEYS), True)
    faults = list(key_faults(value, known, ""))
    if value.get("format", FORMAT) != FORMAT:
        faults.append(f"format: {value['format']!r} is not {FORMAT!r}")
    if value.get("status", "none") not in STATUSES:
        faults.append(f"status: {value['status']!r} is none of {', '.join(STATUSES)}")
    built = value.get("built", [])
    if not isinstance(built, list) or not all(isinstance(name, str) for name in built):
        faults.append("built: not a list of ids")
    else:
        faults += [f"built: {name!r} stands twice" for name in twice(built)]
    faults += [*_ring_faults(value.get("rings", [])), *_start_faults(value.get("starts", {}))]
    faults += [
        f"{key}: {value[key]!r} is not an integer >= 0"
        for key in ("cost", "coverage", "objective")
        if key in value and not is_integer(value[key])
    ]
    faults += [
        f"{key}: {value[key]!r} is not a number"
        for key in ("bound", "gap")
        if value.get(key) is not None and not _is_number(value[key])
    ]
    return faults


def _ring_faults(rings: Json) -> Iterator[str]:
    if not isinstance(rings, list):
        yield "rings: not a list"
        return
    for position, item in enumerate(rings):
        if not isinstance(item, dict) or set(item) != {"id", "links"} or not isinstance(item["id"], str):
            yield f"rings[{position}]: not an object with 'id' and 'links'"
        elif not isinstance(item["links"], list) or not all(is_integer(k) for k in item["links"]):
            yield f"rings[{position}].links: not a list of positions"
    yield from (f"rings: {name!r} stands twice" for name in twice(_ring_ids(rings)))


def _ring_ids(rings: Json) -> list[str]:
    return [str(item.get("id")) for item in rings if isinstance(item, dict)]


def _start_faults(starts: Json) -> Iterator[str]:
    if not isinstance(starts, dict):
        yield "starts: not an object"
        return
    yield from (f"starts.{name}: {t!r} is no period" for name, t in starts.items() if not is_integer(t))


def _is_number(value: Json) -> bool:
    return type(value) in (int, float) and math.isfinite(value)
