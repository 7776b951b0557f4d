"""Prove the bound of a plan in a form that anyone can check."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from optimiser.cli import screen
from optimiser.cli.options import SECONDS, SEED, Json, within
from optimiser.cli.score import files_of, is_run
from optimiser.problem.errors import ProblemError

if TYPE_CHECKING:
    from optimiser.engine.certification import Certified
    from optimiser.problem import DesignProblem
    from optimiser.problem.result import Result

PARTLY = 10
"""Exit code where less is certified than the solver claims."""


def certify(
    problem: Annotated[Path, typer.Argument(metavar="PROBLEM", help="A problem file, or a run folder.")],
    result: Annotated[
        Path | None, typer.Argument(metavar="[RESULT]", help="A result file; none with a run folder.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Certificate to write [default: certificate.json beside RESULT]."
        ),
    ] = None,
    time_limit: Annotated[
        float, typer.Option("--time-limit", help="Limit on the proof, seconds.", callback=within(SECONDS))
    ] = 600.0,
    seed: Annotated[int, typer.Option(help="Random seed.", callback=within(SEED))] = 1,
    json: Json = False,
) -> int:
    """Prove the bound of a plan in exact integers, for a check that trusts no solver."""
    from optimiser.problem import load
    from optimiser.problem import result as results

    problem_file, result_file = files_of(problem, result)
    loaded, claimed = load(problem_file), results.load(result_file)
    if is_run(problem, result) and output is None:
        _rewrite(problem, claimed, time_limit=time_limit, quiet=json)
        shown = _claims(loaded, claimed, _proved_of(problem / "certificate.json"))
        written = problem / "certificate.json"
    else:
        written = output or result_file.parent / "certificate.json"
        proof = _write(loaded, claimed, written, time_limit=time_limit, seed=seed, quiet=json)
        shown = _claims(loaded, claimed, proof.bound) | {
            "seconds": round(proof.seconds, 3),
            "check_seconds": round(proof.checked_s, 3),
        }
    if json:
        screen.as_json({"certificate": str(written), **shown})
    else:
        screen.line(_sentence(shown))
        screen.line(f"Certificate: {written}")
        screen.line(f"Check it with Python alone: python {_checker()} {problem_file} {written}")
    return 0 if shown["is_complete"] else PARTLY


def _rewrite(folder: Path, claimed: Result, *, time_limit: float, quiet: bool) -> None:
    """Write a run folder again, with the same plan and the certificate of its bound."""
    from optimiser.job import find
    from optimiser.run import pipeline

    loaded = find(str(folder / "job.toml"), settings=[f"certificate.time_limit_s={time_limit}"])
    loaded = replace(loaded, name=claimed.problem)
    with screen.progress(quiet=quiet) as progress:
        pipeline.run(loaded, out=folder, progress=progress, known=claimed)


def _proved_of(path: Path) -> int | None:
    """Return the bound that a certificate proves."""
    from optimiser.problem.jsonfile import read_json

    proof = read_json(path).get("bound")
    if proof is None:
        raise ProblemError(
            "no bound was certified",
            where=str(path),
            done="The run folder holds the plan as before.",
            remedy="Certify with more time: --time-limit SECONDS.",
        )
    bound: int | None = proof["bound"]
    return bound


def _write(
    problem: DesignProblem, claimed: Result, path: Path, *, time_limit: float, seed: int, quiet: bool
) -> Certified:
    """Write a certificate of a plan and its bound; return what was proved."""
    from optimiser import verify
    from optimiser.engine.certification import certify as prove
    from optimiser.report import files
    from optimiser.run import store

    plan = verify.check(problem, claimed)
    evidence = verify.certificate(problem, plan) if claimed.has_plan else {"problem": problem.name}
    with screen.progress(quiet=quiet) as progress:

        def report(seconds: float, bound: int | None, _nodes: int) -> None:
            progress.begins(f"Certifying the bound, {seconds:.0f} s: {bound} so far")

        proof = prove(problem, claimed, time_limit_s=time_limit, seed=seed, progress=report)
    files.write_whole(path, lambda part: store.save_json(part, {**evidence, "bound": proof.document}))
    return proof


def _claims(problem: DesignProblem, claimed: Result, bound: int | None) -> dict[str, Any]:
    """Return what is certified of a result, beside what its solver claims."""
    from optimiser.engine.certification import claimed_bound
    from optimiser.problem.result import gap_of

    minimise, aim = problem.budget is None, claimed_bound(problem, claimed)
    has_plan = claimed.has_plan
    gap = gap_of(claimed.objective, bound, minimise=minimise) if has_plan else None
    is_complete = bound == aim or (
        bound is not None and aim is not None and (bound >= aim if minimise else bound <= aim)
    )
    return {
        "problem": problem.name,
        "objective": claimed.objective if has_plan else None,
        "certified_bound": bound,
        "certified_gap": gap,
        "claimed_bound": claimed.bound,
        "claimed_gap": claimed.gap,
        "solver": claimed.solver,
        "is_complete": is_complete and (claimed.bound is not None or claimed.status == "infeasible"),
    }


def _sentence(shown: dict[str, Any]) -> str:
    from optimiser.report import wording

    if shown["certified_bound"] is None:
        return "Certified: there is no plan."
    if shown["certified_gap"] is None:
        return f"Certified: no plan is better than {shown['certified_bound']:,}."
    bound, gap = f"{shown['certified_bound']:,}", wording.gap(shown["certified_gap"])
    words = f"Certified to {gap}: no plan is better than {bound}"
    if shown["is_complete"] or shown["claimed_gap"] is None:
        return f"{words}."
    solver = shown["solver"] or "the solver"
    return f"{words}; a gap of {wording.gap(shown['claimed_gap'])} is the word of {solver}."


def _checker() -> str:
    from optimiser.verify import bound_checker

    return bound_checker.__file__
