"""Check that the files of a run or of a sweep say what the check finds, and are those that were written."""

import csv
import dataclasses
import io
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from networks.inputs import checksum
from optimiser import verify
from optimiser.frontier.cases import counted_pairs
from optimiser.problem import DesignProblem, dumps, jsonfile, load
from optimiser.problem.errors import ProblemError, VerificationError
from optimiser.problem.result import Result, gap_of, parse_rings_and_starts
from optimiser.report.wording import unguarded
from optimiser.run.folder import CHECKSUMS, CHECKSUMS_FORMAT
from optimiser.verify import Plan, bound_checker, rules, second_checker

_NEEDED = ("certificate.json", "links.csv", "plan.json", "problem.json", "result.json", "summary.json")
"""Files that every run has."""
_NO_PROOF = (bound_checker.Refused, LookupError, TypeError, ValueError, AttributeError)
"""What the check of a certificate raises where it does not hold."""
_FROM_PLAN = ("cost", "objective", "bound", "gap", "status")
"""Figures of `summary.json` that are those of the plan."""


def check_folder(
    folder: Path, problem: DesignProblem, claimed: Result, plan: Plan
) -> Mapping[str, Any] | None:
    """Refuse a run folder whose files contradict the verified plan, or were changed after the run.

    Returns the proof of its certificate, as `proof_of` does.

    Parameters
    ----------
    folder
        The run folder.
    problem, claimed
        Its problem and its result.
    plan
        What the independent check found about them.

    Raises
    ------
    VerificationError
        With every file that is missing, was changed, or says something else than the check.

    Notes
    -----
    Plan, certificate, summary and the table of links are compared with what the problem and the list of what
    is built give. Everything else is compared with the checksums that the run left, which find a change but
    no forger who writes them anew.
    """
    values = {name: object_of(folder / name) for name in _WITH_PLAN}
    faults = [
        *changed_files(folder, _NEEDED),
        *(f"{name} is missing or no JSON object" for name, value in values.items() if value is None),
        *_link_faults(folder, problem, plan),
    ]
    certificate, found, summary = (values[name] for name in _WITH_PLAN)
    if found is not None:
        true = json.loads(json.dumps(plan.as_dict()))
        faults += (
            f"plan.json: {name} is not what the check finds"
            for name in sorted({*found, *true})
            if found.get(name) != true.get(name)
        )
    if certificate is not None:
        faults += _certificate_faults(certificate, summary or {}, problem, plan)
    if summary is not None:
        faults += _summary_faults(summary, problem, claimed, plan)
    VerificationError.refuse(
        faults,
        "files of the run folder are not what the run wrote, or contradict the check",
        where=str(folder),
        done="Problem and result were checked by themselves and agree.",
        remedy="Run the job again into another folder: polyring run job.toml --out FOLDER.",
    )
    return (certificate or {}).get("bound")


def proof_of(problem: DesignProblem, path: Path) -> Mapping[str, Any] | None:
    """Return the proof in a certificate: its `bound`, None that there is no plan; None where none holds."""
    found = object_of(path) or {}
    try:
        bound_checker.check(json.loads(dumps(problem)), json.loads(json.dumps(found)))
    except _NO_PROOF:
        return None
    proof: Mapping[str, Any] | None = found.get("bound")
    return proof


def confirm(problem: DesignProblem, path: Path) -> str:
    """Return what both checkers, of which neither author had read the other's, say of a certificate.

    Raises
    ------
    VerificationError
        When one of them refuses it, or they differ.
    """
    raw, found = json.loads(dumps(problem)), json.loads(json.dumps(object_of(path) or {}))
    said = dict[str, str]()
    for checker in (bound_checker, second_checker):
        name = checker.__name__.rpartition(".")[2]
        try:
            said[name] = checker.check(raw, found)[0].partition(": a gap")[0]
        except (*_NO_PROOF, second_checker.Refused) as error:
            said[name] = f"REFUSED: {error}"
    first, second = said.values()
    if first != second or first.startswith("REFUSED"):
        raise VerificationError(
            "the two checkers of certificates do not both take it",
            where=str(path),
            faults=[f"{name}: {words}" for name, words in said.items()],
            remedy="Where there is none, polyring certify writes it; where they differ, report both files.",
        )
    return first


def refuse_contradicted(problem: DesignProblem, result_file: Path) -> None:
    """Refuse the claim that no plan exists where a file beside the result holds one.

    Parameters
    ----------
    problem
        The problem.
    result_file
        The result that claims it; `certificate.json`, `plan.json` and `summary.json` beside it are read.

    Raises
    ------
    VerificationError
        When one of them holds a plan that meets every constraint.
    """
    folder = result_file.parent
    holders = [name for name in _WITH_PLAN if _holds_plan(problem, object_of(folder / name))]
    VerificationError.refuse(
        [
            f"it is called infeasible, yet {name} beside it holds a plan that meets every constraint"
            for name in holders
        ],
        "the result failed the independent check",
        where=str(result_file),
        done="The claim is refused.",
        remedy="Solve again with another variant or solver, and report the problem file.",
    )


_WITH_PLAN = ("certificate.json", "plan.json", "summary.json")
"""Files of a run folder that say what is built, besides the result."""


def _holds_plan(problem: DesignProblem, value: Mapping[str, Any] | None) -> bool:
    """Return whether a file says what is built, and that meets every constraint."""
    if value is None or value.get("problem", problem.name) != problem.name:
        return False
    items = value.get("built")
    if not isinstance(items, list):
        return False
    names = [item.get("id") if isinstance(item, dict) else item for item in items]
    try:
        rings, starts = parse_rings_and_starts(value, where="")
        verify.score(problem, map(str, names), rings=rings, starts=starts)
    except (ProblemError, VerificationError):
        return False
    return True


def changed_files(folder: Path, needed: Collection[str]) -> Iterator[str]:
    """Yield files that are missing or differ from the checksums.

    Parameters
    ----------
    folder
        The folder.
    needed
        Names of files that must have a checksum.
    """
    listed = object_of(folder / CHECKSUMS)
    if listed is None:
        yield f"{CHECKSUMS} is missing or no JSON object, so that changes cannot be found"
        return
    sums = listed.get("files")
    if listed.get("format") != CHECKSUMS_FORMAT or not isinstance(sums, dict) or not sums:
        yield f"{CHECKSUMS}: it is not a {CHECKSUMS_FORMAT}"
        return
    for name, expected in sorted(sums.items()):
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            yield f"{CHECKSUMS}: {name!r} leads out of the folder"
        elif not path.is_file():
            yield f"{name} is missing"
        elif checksum(path) != expected:
            yield f"{name} was changed after the run"
    yield from (f"{CHECKSUMS} does not list {name}" for name in sorted(set(needed) - sums.keys()))


def _certificate_faults(
    found: Mapping[str, Any], summary: Mapping[str, Any], problem: DesignProblem, plan: Plan
) -> Iterator[str]:
    """Yield how a certificate fails, or proves another bound than the summary says is certified."""
    try:
        bound_checker.check(json.loads(dumps(problem)), json.loads(json.dumps(found)))
    except _NO_PROOF as error:
        yield f"certificate.json does not hold: {error}"
        return
    proved, stated = ((one or {}).get("bound") for one in (found.get("bound"), summary.get("certified")))
    if sorted(item["id"] for item in found.get("built", ())) != list(plan.built):
        yield "certificate.json proves another plan"
    elif {path["pair"] for path in found.get("paths", ())} != set(plan.covered):
        yield "certificate.json shows other pairs than the plan covers"
    elif proved != stated:
        yield f"summary.json: certified.bound is {stated}, the certificate proves {proved}"


def _summary_faults(
    found: Mapping[str, Any], problem: DesignProblem, claimed: Result, plan: Plan
) -> Iterator[str]:
    true: dict[str, Any] = {name: getattr(plan, name) for name in _FROM_PLAN}
    true |= {"built": list(plan.built), "budget": problem.budget}
    true["bound_source"] = None if plan.bound_source is None else dataclasses.asdict(plan.bound_source)
    for name, value in true.items():
        given = sorted(found.get(name) or ()) if name == "built" else found.get(name)
        if given != value:
            yield f"summary.json: {name} is {_short(given)}, the check finds {_short(value)}"
    if str((found.get("solve") or {}).get("solver")) != claimed.solver:
        yield "summary.json: solve.solver is not that of the result"
    for key, pairs in (("before_pairs", plan.covered_before), ("after_pairs", plan.covered)):
        counts = Counter(problem.pairs[k].group for k in set(pairs) & set(counted_pairs(problem)))
        for group, figures in (found.get("coverage") or {}).items():
            count = counts.total() if group == "all" else counts[group]
            if figures.get(key) != count:
                yield f"summary.json: coverage.{group}.{key} is {figures.get(key)}, the check finds {count}"


def _link_faults(folder: Path, problem: DesignProblem, plan: Plan) -> Iterator[str]:
    try:
        text = jsonfile.plain_file(folder / "links.csv").read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text), strict=True))
        costs = {unguarded(row["candidate_id"]): int(row["cost"]) for row in rows}
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        yield f"links.csv cannot be read: {error}"
        return
    if sorted(costs) != list(plan.built) or len(costs) < len(rows):
        yield "links.csv does not list what is built, each once"
        return
    for name, cost in costs.items():
        if cost != problem.cost_of([name]):
            yield f"links.csv: {name} costs {cost}, in the problem {problem.cost_of([name])}"


def object_of(path: Path) -> Mapping[str, Any] | None:
    """Return a JSON object of a file; None where there is none."""
    try:
        value = jsonfile.read_json(path)
    except (OSError, ProblemError):
        return None
    return value if isinstance(value, dict) else None


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


NEEDED = (
    "cases.parquet", "case_links.parquet", "plans.parquet", "problem.json", "regret.parquet", "sweep.json",
)  # fmt: skip
"""Files that every sweep has."""
_GAP_TOLERANCE = 1e-6
_SAID = 8
"""Faults of one sort that are named."""


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
            files = [name for name in NEEDED if name.endswith(".parquet")]
            tables = {name: pq.read_table(folder / name).to_pylist() for name in files}
            problem, summary = load(folder / "problem.json"), object_of(folder / "sweep.json") or {}
            faults = list(_contradictions(problem, summary, tables))
            found = {
                "problem": problem.name,
                "cases": len(tables["cases.parquet"]),
                "plans": len({row["plan"] for row in tables["plans.parquet"]}),
                "proven": summary.get("proven"),
            }
        except (OSError, pa.ArrowException, ProblemError, KeyError, TypeError, IndexError) as error:
            faults = [f"a file cannot be read: {type(error).__name__}: {error}"]
    VerificationError.refuse(
        faults,
        "files of the sweep are not what it wrote, or contradict each other",
        where=str(folder),
        done="Nothing was solved again.",
        remedy="Sweep the job again into another folder; kept cases are not solved again.",
    )
    return found


def _contradictions(
    problem: DesignProblem, summary: Mapping[str, Any], tables: Mapping[str, list[dict[str, Any]]]
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
    yield from [fault for row in cases for fault in _of_case(row, links[row["case"]])][:_SAID]
    regrets = []
    for row in tables["regret.parquet"]:
        best = cases[row["case"]]["weight_best"]
        regret = best - row["weight"] if row["fits"] and best is not None else None
        if row["regret"] != regret:
            where = f"regret.parquet: regret of plan {row['plan']} in case {row['case']}"
            regrets.append(f"{where} is not {regret}")
    yield from regrets[:_SAID]


def _of_first(problem: DesignProblem, row: Mapping[str, Any], links: Mapping[str, int]) -> Iterator[str]:
    """Yield how case 0 contradicts the problem."""
    covered = rules.covered_pairs(problem, links)
    true = {
        "cost": problem.cost_of(links),
        "pairs_best": len(covered & set(counted_pairs(problem))),
        "weight_best": sum(problem.pairs[k].weight for k in covered),
        "budget": problem.budget,
    }
    for name, value in true.items():
        if row[name] != value:
            yield f"cases.parquet: {name} of case 0 is {row[name]}, by problem.json {value}"


def _of_case(row: Mapping[str, Any], links: Mapping[str, int]) -> Iterator[str]:
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
