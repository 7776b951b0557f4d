"""Check that the tables of a sweep agree with each other, with its problem, and with what the sweep wrote."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from optimiser.frontier.cases import counted_pairs
from optimiser.problem import DesignProblem, load
from optimiser.problem.errors import ProblemError, VerificationError
from optimiser.problem.result import gap_of
from optimiser.run.folder import SWEEP
from optimiser.run.folder_check import changed_files, object_of
from optimiser.verify.times import covered_pairs

NEEDED = (
    "cases.parquet",
    "case_links.parquet",
    "plans.parquet",
    "problem.json",
    "regret.parquet",
    SWEEP,
)
"""Files that every sweep has."""
_GAP_TOLERANCE = 1e-6
_SAID = 8
"""Faults of one sort that are named."""

type Row = Mapping[str, Any]


def check_sweep(folder: Path) -> dict[str, Any]:
    """Refuse the folder of a sweep whose files contradict each other or were changed; return what it holds.

    Parameters
    ----------
    folder
        The folder.

    Raises
    ------
    VerificationError
        With every fault.

    Notes
    -----
    Of case 0, the problem says what its links cost and which pairs they bring within the limit. Of every case
    the tables say so twice: costs against links and budget, gap against bound, regret against weights.
    """
    faults = list(changed_files(folder, NEEDED))
    found: dict[str, Any] = {}
    if not faults:
        try:
            tables = {name: pq.read_table(folder / name).to_pylist() for name in NEEDED[:3]}
            tables["regret.parquet"] = pq.read_table(folder / "regret.parquet").to_pylist()
            problem, summary = load(folder / "problem.json"), object_of(folder / SWEEP) or {}
            faults = list(_contradictions(problem, summary, tables))
            found = {
                "problem": problem.name,
                "cases": len(tables["cases.parquet"]),
                "plans": len({row["plan"] for row in tables["plans.parquet"]}),
                "proven": summary.get("proven"),
            }
        except (OSError, pa.ArrowException, ProblemError, KeyError, TypeError, IndexError) as error:
            faults = [f"a file cannot be read: {type(error).__name__}: {error}"]
    if faults:
        raise VerificationError(
            "files of the sweep are not what it wrote, or contradict each other",
            where=str(folder),
            faults=faults,
            done="Nothing was solved again.",
            remedy="Sweep the job again into another folder; kept cases are not solved again.",
        )
    return found


def _contradictions(
    problem: DesignProblem, summary: Row, tables: Mapping[str, list[dict[str, Any]]]
) -> Iterator[str]:
    cases = tables["cases.parquet"]
    links: dict[int, dict[str, int]] = defaultdict(dict)
    for row in tables["case_links.parquet"]:
        links[row["case"]][row["candidate_id"]] = row["cost"]
    if [row["case"] for row in cases] != list(range(len(cases))) or len(cases) != summary.get("cases"):
        yield "cases.parquet does not have each case once, in order, as sweep.json counts them"
        return
    unknown = sorted({name for own in links.values() for name in own} - problem.index.keys())
    yield from (f"case_links.parquet: problem.json has no candidate {name}" for name in unknown[:_SAID])
    if unknown:
        return
    yield from _of_first(problem, cases[0], links[0])
    faults = [fault for row in cases for fault in _of_case(row, links[row["case"]])]
    yield from faults[:_SAID]
    regrets = [fault for row in tables["regret.parquet"] for fault in _of_regret(row, cases)]
    yield from regrets[:_SAID]


def _of_first(problem: DesignProblem, row: Row, links: Mapping[str, int]) -> Iterator[str]:
    """Yield how case 0 contradicts the problem."""
    covered = covered_pairs(problem, links)
    true = {
        "cost": problem.cost_of(links),
        "pairs_best": len(covered & set(counted_pairs(problem))),
        "weight_best": sum(problem.pairs[k].weight for k in covered),
        "budget": problem.budget,
    }
    for name, value in true.items():
        if row[name] != value:
            yield f"cases.parquet: {name} of case 0 is {row[name]}, by problem.json {value}"


def _of_case(row: Row, links: Mapping[str, int]) -> Iterator[str]:
    where = f"case {row['case']}"
    if row["objective"] is None:
        if links:
            yield f"{where}: it has no plan, yet links are chosen"
        return
    if sum(links.values()) != row["cost"]:
        yield f"{where}: its links cost {sum(links.values())}, its plan {row['cost']}"
    if row["budget"] is not None and row["cost"] > row["budget"]:
        yield f"{where}: its plan costs {row['cost']}, more than its budget {row['budget']}"
    for group in ("pairs", "weight"):
        today, best, all_ = (row[name] for name in (f"{group}_today", f"{group}_best", group))
        if not today <= best <= all_:
            yield f"{where}: {group} today, with the best plan, and at most are {today}, {best}, {all_}"
    gap = gap_of(row["objective"], row["bound"], minimise=row["budget"] is None)
    if (gap is None) != (row["gap"] is None) or abs((gap or 0.0) - (row["gap"] or 0.0)) > _GAP_TOLERANCE:
        yield f"{where}: its gap is {row['gap']}, by objective and bound {gap}"


def _of_regret(row: Row, cases: list[dict[str, Any]]) -> Iterator[str]:
    best = cases[row["case"]]["weight_best"]
    regret = best - row["weight"] if row["fits"] and best is not None else None
    if row["regret"] != regret:
        yield f"regret.parquet: regret of plan {row['plan']} in case {row['case']} is not {regret}"
