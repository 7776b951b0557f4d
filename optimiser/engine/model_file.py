"""Write the model of a problem to an LP or MPS file, for other programs."""

import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Literal

from optimiser.engine.methods.variants import AUTO, variant_of
from optimiser.engine.models.compact import build_compact
from optimiser.engine.models.cuts_master import add_partition_inequalities, build_master
from optimiser.engine.models.decisions import Decisions, pulp, scale_of
from optimiser.engine.models.extended import build_extended
from optimiser.engine.presolve import magnitudes, reduce
from optimiser.engine.search.lifeline import output_to
from optimiser.problem import DesignProblem, Pair, errors, jsonfile

type Form = Literal["lp", "mps"]

_COMMENT = {"lp": "\\ ", "mps": "* "}
"""What a line of comment begins with."""

ROOT_S = 600.0
"""Time limit of the root whose cuts are written, seconds."""


def write_model(problem: DesignProblem, path: Path | str, *, form: Form, variant: str = "auto") -> None:
    """Write the model of a problem to a file.

    Parameters
    ----------
    problem
        Any problem.
    path
        File to write; an existing one is replaced.
    form
        LP or free MPS format, by PuLP's writers.
    variant
        `auto` and `compact`: the compact model, whose optimum is that of the problem; with rings, what keeps
        a ring from falling into pieces is separated during the solve and not in the file. `cuts` and
        `cuts-loop`: the master problem with the cuts that bind at the root, whose optimum is a bound.

    Raises
    ------
    ProblemError
        When the variant has no model to be written.
    InfeasibleError
        When presolve proves that no plan exists.

    Notes
    -----
    The comments at the top say what each variable of a candidate, pair and city stands for, what presolve
    decided, and how the objective of the problem follows from that of the file.
    """
    lp, comments = _stated(problem, variant, mps=form == "mps")
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "model"
        if form == "lp":
            lp.writeLP(str(written))
        else:
            lp.writeMPS(str(written))
        model = written.read_text(encoding="utf-8")
    jsonfile.write_atomically(Path(path), "".join(f"{_COMMENT[form]}{line}\n" for line in comments) + model)


def _stated(problem: DesignProblem, variant: str, *, mps: bool) -> tuple[pulp.LpProblem, list[str]]:
    """Return the model of a problem, and the comments on it."""
    row = variant_of("compact" if variant == AUTO.name else variant)
    if not row.model or not (problem.is_plain or row.extended):
        kind = "" if problem.is_plain else " of a problem with rings or periods"
        raise errors.ProblemError(
            f"variant {row.name!r} has no model{kind} that could be written",
            done="Nothing was written.",
            remedy="Write that of --variant compact, or the master problem of --variant cuts.",
        )
    if not problem.is_plain:
        ordered = magnitudes.bounded(problem).canonical()
        model = build_extended(ordered, flows=row.model == "flows")
        cut = "; pairs are bounded by time cuts, which are not in this file"
        first = f"Rings or periods, without presolve{cut if row.model == 'cuts' else ''}."
        names = _names(ordered, Decisions(model.x, model.states[-1].y, model.states[-1].z))
        return model.lp, [first, _objective(ordered, model.scale, 0, mps=mps), *names]
    reduced = reduce(problem)
    if not reduced.feasible:
        raise errors.InfeasibleError(
            f"no plan meets the constraints: {reduced.reason}", done="No model was written."
        )
    if row.model == "cuts":
        lp, decisions = _master_with_cuts(reduced.problem)
        first = "Master problem with the cuts that bind at the root: a relaxation, its optimum is a bound."
    else:
        lp, decisions = build_compact(reduced.problem)
        first = "Compact model: an arc flow for each pair."
    left = reduced.problem
    kept = {candidate.id for candidate in left.candidates}.union(reduced.forced)
    pairs = {_ends(left, pair) for pair in left.pairs}
    return lp, [
        first,
        _objective(left, scale_of(left), reduced.base, mps=mps),
        f"Presolve left {len(left.candidates)} candidates, {len(left.pairs)} pairs.",
        *_names(left, decisions),
        *(f"built in any case: {name!r}" for name in reduced.forced),
        *(f"not built: {one.id!r}" for one in problem.candidates if one.id not in kept),
        *(
            f"always or never covered, or part of another pair: {ends}"
            for pair in problem.pairs
            if (ends := _ends(problem, pair)) not in pairs
        ),
    ]


def _objective(problem: DesignProblem, scale: int, base: int, *, mps: bool) -> str:
    """Return how the objective follows from that of the file; in MPS format PuLP minimises its negative."""
    factor = -scale if mps and problem.budget is not None else scale
    return f"Problem {problem.name!r}. Objective of the problem = {factor} * OBJ + {base}."


def _ends(problem: DesignProblem, pair: Pair) -> str:
    return f"{problem.nodes[pair.origin]!r} to {problem.nodes[pair.destination]!r}"


def _names(problem: DesignProblem, decisions: Decisions) -> Iterator[str]:
    """Yield what each variable of a candidate, pair and city stands for."""
    for x, candidate in zip(decisions.x, problem.candidates, strict=True):
        yield f"{x.name} = candidate {candidate.id!r}"
    for y, pair in zip(decisions.y, problem.pairs, strict=False):
        yield f"{y.name} = pair {_ends(problem, pair)}"
    for z, city in zip(decisions.z, problem.cities, strict=False):
        yield f"{z.name} = city {city.id!r}"


def _master_with_cuts(problem: DesignProblem) -> tuple[pulp.LpProblem, Decisions]:
    """Return the master of a reduced problem with the rows that bind at its root."""
    from optimiser.engine.backends.highs import reset_threads
    from optimiser.engine.methods.cuts.relaxation import CutFinder, Relaxation
    from optimiser.engine.methods.cuts.root import binding_rows, solve_root
    from optimiser.engine.search.incumbent import mask_incumbent
    from optimiser.engine.search.tables import tables

    lp, decisions = build_master(problem)
    if problem.candidates and problem.pairs:
        t = tables(problem)
        # Without a plan the gap stays open, so that all cuts are found.
        incumbent = mask_incumbent(t, seconds=ROOT_S, send=lambda _message: None)
        with output_to():  # HiGHS says once in a process that it runs
            reset_threads()
            root = solve_root(t, incumbent, Relaxation(problem, seed=1), CutFinder(t), gap=0.0)
        if not isinstance(root, str):
            rows = binding_rows(root)
            for i, (first, end) in enumerate(pairwise(rows.start.tolist())):  # a time cut has one pair
                factors = zip(
                    rows.candidate[first:end].tolist(), map(int, rows.value[first:end]), strict=True
                )
                add_partition_inequalities(lp, decisions, [(rows.pairs_of(i).tolist(), dict(factors))])
    return lp, decisions
