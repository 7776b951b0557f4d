"""Check results and score plans given by hand."""

from __future__ import annotations

from collections.abc import Container, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from optimiser import verify as checks
from optimiser.cli import forming, screen
from optimiser.problem import DesignProblem, load
from optimiser.problem import result as results
from optimiser.problem.errors import ProblemError, SolverError
from optimiser.problem.jsonfile import read_json
from optimiser.verify.plan import Plan

_VERDICTS = {
    "": "everything claimed is true",
    "argument": "no plan exists, as claimed; proved anew by an argument",
    "enumeration": "no plan exists, as claimed; proved anew by trying every plan",
    "solver": "that no plan exists is the word of the solver: too many plans to try, and no short argument",
}
"""What is said of a result, by what proves that there is no plan."""


def verify(problem: Path, result: Path | None, *, as_json: bool = False) -> int:
    """Recompute a result and say whether it holds.

    Parameters
    ----------
    problem
        A problem file, or a run folder.
    result
        A result file; None with a run folder.
    as_json
        Print JSON.

    Returns
    -------
    int
        0 when everything agrees.

    Raises
    ------
    SolverError
        When the result holds no plan and no proof that there is none; exit code 4, as of the solve itself.
    VerificationError
        With all that disagrees; exit code 4.
    """
    problem_file, result_file = _files(problem, result)
    loaded = load(problem_file)
    claimed = results.load(result_file)
    plan = checks.check(loaded, claimed)
    if claimed.status == "none":
        if as_json:
            screen.as_json({"problem": claimed.problem, "status": "none", "bound": claimed.bound})
        raise SolverError(
            "the result holds no plan: none was found, and none is excluded",
            where=str(result_file),
            done="There was nothing to check.",
            remedy="Solve again with more time, or by another variant; polyring list names them.",
        )
    certificate = problem_file.parent / "certificate.json"
    if problem.is_dir() and certificate.exists():
        checks.check_certificate(loaded, read_json(certificate))
    summary = _summary(loaded, plan) | {"status": claimed.status, "bound": claimed.bound, "gap": plan.gap}
    if plan.infeasible_by:
        summary["infeasible_by"] = plan.infeasible_by
    if as_json:
        screen.as_json(summary)
    else:
        _show(f"{result_file}: {_VERDICTS[plan.infeasible_by]}.", summary)
    return 0


def score(
    problem: Path, *, built: str | None, plan: Path | None, best: Path | None, as_json: bool = False
) -> int:
    """Print cost, coverage and distance from the best known of a plan given by hand.

    Parameters
    ----------
    problem
        A problem file.
    built
        Ids with commas; an empty text builds nothing.
    plan
        A file with the ids, in place of `built`; a JSON object may have `rings` and `starts` as well, as
        in a result. Rings that it does not name are formed with what is built, where they can be.
    best
        A result to compare with; None: `result.json` beside the problem, where there is one.
    as_json
        Print JSON.

    Returns
    -------
    int
        0 when the plan keeps the rules of the problem.

    Raises
    ------
    ProblemError
        When the files cannot be used, or the plan names candidates that the problem does not have.
    VerificationError
        When the plan breaks a rule, such as the budget; exit code 4.
    """
    if (built is None) == (plan is None):
        raise ProblemError(
            "give the plan by exactly one of --built and --plan", where="score", done="Nothing was computed."
        )
    loaded = load(problem)
    ids = _ids(plan) if plan is not None else _listed(built or "", known=loaded.index)
    _refuse_unknown(loaded, ids, where=str(plan) if plan is not None else "--built")
    given, starts = _rings_and_starts(plan)
    rings = forming.circuits(loaded, ids, given) if loaded.rings else given
    scored = checks.score(loaded, ids, rings=rings, starts=starts)
    summary = _summary(loaded, scored) | _distance(
        scored, best or problem.parent / "result.json", asked=bool(best)
    )
    if as_json:
        screen.as_json(summary)
    else:
        _show(f"{problem}: the plan keeps every rule.", summary)
    return 0


def _files(problem: Path, result: Path | None) -> tuple[Path, Path]:
    if problem.is_dir():
        return problem / "problem.json", result or problem / "result.json"
    if result is None:
        raise ProblemError(
            "a result is missing",
            where=str(problem),
            done="Nothing was checked.",
            remedy="Name a problem and a result file, or a run folder.",
        )
    return problem, result


def _listed(text: str, *, known: Container[str]) -> list[str]:
    """Return the ids of a text with commas; ids that hold commas themselves are told by being known."""
    pieces = [piece.strip() for piece in text.split(",")]
    ids = []
    while pieces:
        ends = (end for end in range(len(pieces), 0, -1) if ",".join(pieces[:end]) in known)
        end = next(ends, 1)
        ids.append(",".join(pieces[:end]))
        pieces = pieces[end:]
    return [name for name in ids if name]


def _ids(path: Path) -> list[str]:
    """Return the ids of a plan file: JSON with `built`, or one id a line."""
    if path.suffix == ".json":
        value = read_json(path)
        ids = value.get("built") if isinstance(value, dict) else value
        if not isinstance(ids, list) or not all(isinstance(name, str) for name in ids):
            raise ProblemError(
                "holds no list of ids named 'built'", where=str(path), done="Nothing was computed."
            )
        return ids
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise ProblemError(
            f"cannot be read: {fault}", where=str(path), done="Nothing was computed."
        ) from fault
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _rings_and_starts(path: Path | None) -> tuple[dict[str, tuple[int, ...]], dict[str, int]]:
    """Return the circuits and periods of start of a plan file; empty where it says nothing of them.

    Raises
    ------
    ProblemError
        When they are not of the form that they have in a result.
    """
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
        done="Nothing was computed.",
        remedy=f"The problem has {len(known)} candidates{f': {some}' if known else ''}.",
    )


def _distance(plan: Plan, best: Path, *, asked: bool) -> dict[str, Any]:
    """Return how far a plan is from the best known result."""
    if not asked and not best.exists():
        return {}
    known = results.load(best)
    if known.problem != plan.problem or known.status in {"infeasible", "none"}:
        return {}
    away = abs(known.objective - plan.objective)
    return {
        "best_known": known.objective,
        "away": away,
        "away_share": round(away / max(1, abs(known.objective)), 6),
        "bound": known.bound,
    }


def _summary(problem: DesignProblem, plan: Plan) -> dict[str, Any]:
    tiers = {
        name or "all": {"total": group.total, "before": group.before, "after": group.after}
        for name, group in plan.groups.items()
    }
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
        **(_ring_summary(problem, plan) if problem.rings else {}),
        **({"starts": dict(plan.starts)} if problem.periods else {}),
        **({"coverage_by_period": list(plan.coverage_by_period)} if problem.periods else {}),
        "groups": tiers,
    }


def _ring_summary(problem: DesignProblem, plan: Plan) -> dict[str, Any]:
    return {
        "rings": [{"id": name, "links": list(links)} for name, links in plan.rings.items()],
        "rings_not_formed": [ring.id for ring in problem.rings if ring.id not in plan.rings],
    }


_APART = {
    "groups",
    "built",
    "problem",
    "cities",
    "rings",
    "rings_not_formed",
    "starts",
    "coverage_by_period",
}
"""Parts of a summary that are lists, and not figures of a table."""


def _show(head: str, summary: dict[str, Any]) -> None:
    screen.line(head)
    rows = [
        {"what": key.replace("_", " "), "value": "" if value is None else value}
        for key, value in summary.items()
        if key not in _APART
    ]
    screen.table("", rows, right=["value"])
    for ring in summary.get("rings", []):
        screen.line(f"Ring {ring['id']}: formed by {len(ring['links'])} links.")
    for name in summary.get("rings_not_formed", []):
        screen.line(f"Ring {name}: not formed; it is not required.")
    groups = [{"group": name, **values} for name, values in summary["groups"].items()]
    screen.table("Covered weight", groups, right=["total", "before", "after"])
