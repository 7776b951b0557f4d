"""Check results, and score plans given by hand."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from networks import inputs
from optimiser.cli import screen
from optimiser.cli.options import Json, Problem
from optimiser.problem.errors import ProblemError, SolverError, VerificationError

if TYPE_CHECKING:
    from optimiser.engine.search.task import NamedPlan
    from optimiser.problem import DesignProblem, Ring
    from optimiser.verify.plan import Plan

type Circuits = Mapping[str, tuple[int, ...]]
"""Positions of the links of each ring that is formed, in order round it, by ring id."""

SEARCH_S = 60.0
"""Time limit of the search for circuits; it takes a second or two, since nothing else is left to choose."""
_VERDICTS = {
    "": "everything claimed is true",
    "argument": "no plan exists, as claimed; proved again by an argument",
    "enumeration": "no plan exists, as claimed; proved again by trying every plan",
    "solver": "that no plan exists is the word of {word} alone: too many plans to try, no short argument",
}
"""Verdict on a result, by what proves that there is no plan."""
_NOTHING = "Nothing was computed."


def verify(
    problem: Annotated[
        Path, typer.Argument(metavar="PROBLEM", help="A problem file, or a folder of a run or a sweep.")
    ],
    result: Annotated[
        Path | None, typer.Argument(metavar="[RESULT]", help="A result file; none with a run folder.")
    ] = None,
    json: Json = False,
) -> int:
    """Check a result against its problem, trusting no solver."""
    if result is None and (problem / "sweep.json").is_file():
        return _verify_sweep(problem, json=json)
    from optimiser import verify as checks
    from optimiser.problem import load
    from optimiser.problem import result as results

    problem_file, result_file = files_of(problem, result)
    loaded = load(problem_file)
    claimed = results.load(result_file)
    plan = checks.check(loaded, claimed)
    if claimed.status == "none":
        if json:
            screen.as_json({"problem": claimed.problem, "status": "none", "bound": claimed.bound})
        raise SolverError(
            "the result holds no plan: none was found, and none is excluded",
            where=str(result_file),
            done="There was nothing to check.",
            remedy="Solve again with more time, or by another variant; polyring list names them.",
        )
    if claimed.status == "infeasible":
        from optimiser.run.folder_check import refuse_contradicted

        refuse_contradicted(loaded, result_file)
    if is_run(problem, result):
        from optimiser.run.folder_check import check_folder

        check_folder(problem, loaded, claimed, plan)
    summary = _summary(loaded, plan) | {"status": claimed.status, "bound": claimed.bound, "gap": plan.gap}
    if plan.infeasible_by:
        summary["infeasible_by"] = plan.infeasible_by
    if json:
        screen.as_json(summary | {"bound_source": claimed.as_dict().get("bound_source")})
        return 0
    if plan.bound is not None:
        summary["source of the bound"] = str(plan.bound_source or "not stated")
    word = "the solver" if claimed.infeasible_by is None else claimed.infeasible_by.who
    _show(f"{result_file}: {_VERDICTS[plan.infeasible_by].format(word=word)}.", summary)
    return 0


def _verify_sweep(folder: Path, *, json: bool) -> int:
    from optimiser.studies.sweep_check import check_sweep

    found = check_sweep(folder)
    if json:
        screen.as_json(found)
    else:
        screen.line(f"{folder}: the tables of the sweep agree.")
        screen.pairs("", found, heads=("what", "value"))
    return 0


def is_run(problem: Path, result: Path | None) -> bool:
    """Return whether a command names the folder of a run, and not that of a robust plan or two files."""
    return problem.is_dir() and result is None and not (problem / "robust.json").is_file()


def files_of(problem: Path, result: Path | None) -> tuple[Path, Path]:
    """Return the problem and the result file that a command names, of which a run folder holds both.

    Raises
    ------
    ProblemError
        When no result is named.
    """
    found = result or (problem / "result.json" if problem.is_dir() else None)
    if found is None:
        raise ProblemError(
            "a result is missing",
            where=str(problem),
            done=_NOTHING,
            remedy="Name a problem and a result file, or a run folder.",
        )
    return problem / "problem.json" if problem.is_dir() else problem, found


def score(
    problem: Problem,
    built: Annotated[
        str | None, typer.Option(help="Ids of what is built, with commas; empty text: nothing.")
    ] = None,
    plan: Annotated[Path | None, typer.Option(help="File with a plan: a result, or one id a line.")] = None,
    best: Annotated[
        Path | None,
        typer.Option(help="Best known result to compare with [default: result.json beside PROBLEM]."),
    ] = None,
    json: Json = False,
) -> int:
    """Tell cost, coverage and distance from the best known of a plan given by hand."""
    from optimiser import verify as checks
    from optimiser.problem import load

    if (built is None) == (plan is None):
        raise ProblemError("give the plan by exactly one of --built and --plan", where="score", done=_NOTHING)
    loaded = load(problem)
    ids = _ids(plan) if plan is not None else _listed(built or "", known=loaded.index)
    _refuse_unknown(loaded, ids, where=str(plan) if plan is not None else "--built")
    given, starts = _rings_and_starts(plan)
    rings = find_circuits(loaded, ids, given) if loaded.rings else given
    scored = checks.score(loaded, ids, rings=rings, starts=starts)
    distance = _distance(scored, best or problem.parent / "result.json", asked=bool(best))
    summary = _summary(loaded, scored) | distance
    if json:
        screen.as_json(summary)
    else:
        _show(f"{problem}: the plan keeps every rule.", summary)
    return 0


# ---- plans given by hand


def _listed(text: str, *, known: Container[str]) -> list[str]:
    """Return the ids of a text with commas; ids that contain commas are recognised as known ones."""
    pieces = [piece.strip() for piece in text.split(",")]
    ids = []
    while pieces:
        ends = (end for end in range(len(pieces), 0, -1) if ",".join(pieces[:end]) in known)
        end = next(ends, 1)
        ids.append(",".join(pieces[:end]))
        pieces = pieces[end:]
    return [name for name in ids if name]


def named_plan(path: Path, problem: DesignProblem) -> NamedPlan:
    """Return the plan of a file: a run folder, a result, or one id a line.

    Parameters
    ----------
    path
        The file or folder.
    problem
        The problem at hand; a plan none of whose candidates it has is refused.

    Raises
    ------
    ProblemError
        When there is no plan in the file, or the problem has none of its candidates.
    """
    from optimiser.engine.search.task import NamedPlan

    file = path / "result.json" if path.is_dir() else path
    ids = _ids(file)
    if ids and not set(ids) & problem.index.keys():
        _refuse_unknown(problem, ids[:3], where=str(file))
    return NamedPlan(tuple(ids), *_rings_and_starts(file))


def _ids(path: Path) -> list[str]:
    """Return the ids of a plan file: JSON with `built`, or one id a line."""
    from optimiser.problem.jsonfile import read_json

    if path.suffix == ".json":
        value = read_json(path)
        ids = value.get("built") if isinstance(value, dict) else value
        if not isinstance(ids, list) or not all(isinstance(name, str) for name in ids):
            raise ProblemError("holds no list of ids named 'built'", where=str(path), done=_NOTHING)
        return ids
    try:
        lines = inputs.read_text(path).splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise ProblemError(f"cannot be read: {fault}", where=str(path), done=_NOTHING) from fault
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _rings_and_starts(path: Path | None) -> tuple[Circuits, Mapping[str, int]]:
    """Return the circuits and periods of start of a plan file; empty where it does not name them."""
    from optimiser.problem import result as results
    from optimiser.problem.jsonfile import read_json

    value = read_json(path) if path is not None and path.suffix == ".json" else None
    return results.parse_rings_and_starts(value, where=str(path)) if isinstance(value, dict) else ({}, {})


def _refuse_unknown(problem: DesignProblem, ids: Sequence[str], *, where: str) -> None:
    """Refuse ids that no candidate has, with the nearest ones that there are."""
    unknown = [name for name in dict.fromkeys(ids) if name not in problem.index]
    if not unknown:
        return
    known = [candidate.id for candidate in problem.candidates]
    near = {name: get_close_matches(name, known, n=3, cutoff=0.5) for name in unknown}
    some = ", ".join(known[:5]) + (", ..." if len(known) > 5 else "")
    raise ProblemError(
        f"problem {problem.name!r} has no such candidates",
        where=where,
        faults=[
            f"there is no candidate {name!r}" + (f"; near it: {', '.join(close)}" if close else "")
            for name, close in near.items()
        ],
        done=_NOTHING,
        remedy=f"The problem has {len(known)} candidates{f': {some}' if known else ''}.",
    )


def find_circuits(problem: DesignProblem, built: Collection[str], given: Circuits) -> Circuits:
    """Return the circuits of a plan: those given, and one for each other ring that what is built can form.

    Parameters
    ----------
    problem
        A problem with rings.
    built
        Ids of what the plan builds.
    given
        Circuits that the plan names itself.

    Returns
    -------
    Mapping
        Rings that earn a reward are formed such that the sum of rewards is largest.

    Raises
    ------
    VerificationError
        When a required ring cannot be formed with what is built; exit code 4.
    """
    from optimiser.engine.search.task import SolveParameters
    from optimiser.engine.solve import solve

    if all(ring.id in given for ring in problem.rings):
        return given
    params = SolveParameters(time_limit_s=SEARCH_S, gap=0.0, threads=1)
    found = solve(_rings_alone(problem, built, given), params=params)
    if found.status == "infeasible":
        # Here the candidates that cannot be built are those that the plan leaves out.
        left_out = [", ".join(map(repr, reason.barred)) for reason in found.reasons]
        raise VerificationError(
            "what is built does not form the rings that it must",
            where=problem.name,
            faults=[
                f"{reason.text}; not built: {names}" if names else reason.text
                for reason, names in zip(found.reasons, left_out, strict=True)
            ],
            done="The plan was not scored.",
            remedy="Build what is missing, or give the plan as a JSON file with `rings`, as in a result.",
        )
    return {**given, **{name: links for name, links in found.rings.items() if name not in given}}


def _rings_alone(problem: DesignProblem, built: Collection[str], given: Circuits) -> DesignProblem:
    """Return the problem to form rings with just what is built; circuits that are given stay as they are."""
    from optimiser.problem import DesignProblem

    candidates = tuple(
        replace(one, fixed="in" if one.id in built else "out", lead=0) for one in problem.candidates
    )
    return DesignProblem(
        name=problem.name,
        nodes=problem.nodes,
        arcs=(),
        candidates=candidates,
        pairs=(),
        budget=sum(candidate.cost for candidate in candidates),
        rings=tuple(_only_given_links(ring, given) for ring in problem.rings),
    )


def _only_given_links(ring: Ring, given: Circuits) -> Ring:
    if ring.id not in given:
        return ring
    known = [ring.links[k] for k in given[ring.id] if 0 <= k < len(ring.links)]
    return replace(ring, links=tuple(known), required=True)


def _distance(plan: Plan, best: Path, *, asked: bool) -> dict[str, Any]:
    """Return how far a plan is from the best known result."""
    from optimiser.problem import result as results

    if not asked and not best.exists():
        return {}
    known = results.load(best)
    if known.problem != plan.problem or not known.has_plan:
        return {}
    away = abs(known.objective - plan.objective)
    return {
        "best_known": known.objective,
        "away": away,
        "away_share": round(away / max(1, abs(known.objective)), 6),
        "bound": known.bound,
    }


# ---- outcome


def _summary(problem: DesignProblem, plan: Plan) -> dict[str, Any]:
    tiers = {
        name or "all": {"total": group.total, "before": group.before, "after": group.after}
        for name, group in plan.groups.items()
    }
    rings = {
        "rings": [{"id": name, "links": list(links)} for name, links in plan.rings.items()],
        "rings_not_formed": [ring.id for ring in problem.rings if ring.id not in plan.rings],
    }
    periods = {"starts": dict(plan.starts), "coverage_by_period": list(plan.coverage_by_period)}
    return {
        "problem": problem.name,
        "built": list(plan.built),
        "cost": plan.cost,
        "budget": problem.budget,
        "money": problem.money,
        "objective": plan.objective,
        "coverage": plan.coverage.after,
        "coverage_before": plan.coverage.before,
        "coverage_total": plan.coverage.total,
        **({"cities": list(plan.cities)} if problem.cities else {}),
        **(rings if problem.rings else {}),
        **(periods if problem.periods else {}),
        "groups": tiers,
    }


def _show(head: str, summary: dict[str, Any]) -> None:
    screen.line(head)
    figures = {
        key.replace("_", " "): "" if value is None else value
        for key, value in summary.items()
        if key != "problem" and not isinstance(value, list | dict)
    }
    screen.pairs("", figures, heads=("what", "value"))
    for ring in summary.get("rings", []):
        screen.line(f"Ring {ring['id']}: formed by {len(ring['links'])} links.")
    for name in summary.get("rings_not_formed", []):
        screen.line(f"Ring {name}: not formed; it is not required.")
    groups = [{"group": name, **values} for name, values in summary["groups"].items()]
    screen.table("Covered weight", groups, right=["total", "before", "after"])
