"""Judge finished results: verify, certify, compare and explain."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from optimiser.cli import screen
from optimiser.cli.options import GAP, SECONDS, SEED, Json, ResultFile, noted, ranged, refuse_output, target
from optimiser.cli.solve import NOTHING, in_words, outline, show_outline
from optimiser.engine.child import ChildProcess
from optimiser.engine.search.task import DAY_S
from optimiser.problem import DesignProblem, load
from optimiser.problem import result as results
from optimiser.problem.errors import ProblemError, SolverError, listed
from optimiser.problem.jsonfile import read_json, write_whole
from optimiser.problem.result import Result, gap_of
from optimiser.report import wording
from optimiser.run import folder

if TYPE_CHECKING:
    from optimiser.engine.certification import Certified
    from optimiser.verify import Plan

PARTLY = 10
"""Exit code where less is certified than the solver claims."""
_FIGURES = (
    "status", "money", "cost", "budget", "objective", "bound", "gap", "gap_of_gain", "definition", "limit_s",
)  # fmt: skip
_RING_KEYS = ("sentence", "formed", "length_km", "existing_km", "new_km", "cost", "candidates")
_IN_ONE = "cities in one alone"
_UNKNOWN = {"by_road": "no ring closed", "dependence": "not measured"}
"""What stands in tables for what a run has no value of."""
_MOST_ROWS = 12
"""Rows of a table that are shown."""


# ---- verify


def verify(
    problem: Annotated[
        Path, typer.Argument(metavar="PROBLEM", help="A problem file, or a folder of a run or a sweep.")
    ],
    result: ResultFile = None,
    both: Annotated[bool, typer.Option("--both", help="Ask both checkers of the certificate.")] = False,
    certificate: Annotated[
        Path | None,
        typer.Option(help="Ask both checkers of this one [default: certificate.json beside RESULT]."),
    ] = None,
    json: Json = False,
) -> int:
    """Check a result against its problem, trusting no solver.

    Exit code 0: all that is claimed was checked. 10: the plan was, but its bound (or that no plan exists) is
    a solver's word; polyring certify proves it, and then this ends with 0.
    """
    from optimiser import verify as checks
    from optimiser.run import folder_check

    if result is None and (problem / "sweep.json").is_file():
        found = folder_check.check_sweep(problem)
        if json:
            screen.as_json(found)
        else:
            screen.line(f"{problem}: the tables of the sweep agree.")
            screen.pairs("", found, heads=("what", "value"))
        return 0

    problem_file, result_file = files_of(problem, result)
    proves = f"polyring certify {_typed(problem, result)}"
    both = both or certificate is not None
    proof_file = certificate or result_file.parent / "certificate.json"
    if both and not proof_file.is_file():
        remedy = f"{proves} --out {shlex.quote(str(proof_file))} writes it; --certificate names another."
        raise ProblemError("there is no certificate", where=str(proof_file), done=NOTHING, remedy=remedy)
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
        folder_check.refuse_contradicted(loaded, result_file)
    proof = folder_check.check_folder(problem, loaded, claimed, plan) if is_run(problem, result) else None
    if certificate or not is_run(problem, result):
        proof = folder_check.proof_of(loaded, proof_file)
    verdict, is_checked = _verdict(loaded, claimed, plan, proof)
    said = folder_check.confirm(loaded, proof_file) if both else ""
    summary = outline(loaded, plan) | {"status": claimed.status, "bound": claimed.bound, "gap": plan.gap}
    summary |= {"infeasible_by": plan.infeasible_by} if plan.infeasible_by else {}
    if json:
        certified = {"certified_bound": (proof or {}).get("bound"), "is_checked": is_checked, "both": said}
        screen.as_json(summary | {"bound_source": claimed.as_dict().get("bound_source")} | certified)
    else:
        source = {} if plan.bound is None else {"source of the bound": plan.bound_source or "not stated"}
        told = {"both checkers": said} if both else {}
        show_outline(f"{result_file}: {verdict}.", summary | source | told)
        if not is_checked:
            screen.note(f"Exit code {PARTLY}, until the rest is proved: {proves}")
    return 0 if is_checked else PARTLY


def _verdict(
    problem: DesignProblem, claimed: Result, plan: Plan, proof: Mapping[str, Any] | None
) -> tuple[str, bool]:
    """Return what the check found, and whether it checked all that is claimed.

    Parameters
    ----------
    proof
        Proof of a bound, or that there is no plan, that was checked; None without one.
    """
    words = wording.WORDS["verdicts"]
    if plan.infeasible_by:
        is_certified = proof is not None and proof["bound"] is None
        word = claimed.infeasible_by.word if claimed.infeasible_by else "the solver"
        verdict = words["certified" if is_certified else plan.infeasible_by].format(word=word)
        return verdict, is_certified or plan.infeasible_by != "solver"
    source = plan.bound_source
    bound = proof["bound"] if proof else None
    if (
        plan.bound is None
        or (source and source.is_recomputed)
        or _claims(problem, claimed, bound)["is_complete"]
    ):
        return words["plan"], True
    word = (source.word if source else claimed.solver) or "the solver"
    return words["bound" if bound is None else "part"].format(
        word=word, bound=wording.integer(bound or 0)
    ), False


def _typed(problem: Path, result: Path | None) -> str:
    """Return the arguments of a command as they were typed."""
    return shlex.join(str(one) for one in (problem, result) if one is not None)


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
            done=NOTHING,
            remedy="Name a problem and a result file, or a run folder.",
        )
    if not found.is_file() and problem.is_dir():
        folder.refuse_study(problem, NOTHING)
    return problem / "problem.json" if problem.is_dir() else problem, found


# ---- certify


def certify(
    problem: Annotated[Path, typer.Argument(metavar="PROBLEM", help="A problem file, or a run folder.")],
    result: ResultFile = None,
    out: Annotated[
        Path | None, target("Certificate to write [default: certificate.json beside RESULT].")
    ] = None,
    time_limit: Annotated[float, ranged(SECONDS, "Hard limit of the proof, seconds.")] = DAY_S,
    seed: Annotated[int, ranged(SEED, "Random seed.")] = 1,
    json: Json = False,
) -> int:
    """Prove the bound of a plan in exact integers, for a check that trusts no solver."""
    from optimiser.verify import bound_checker

    problem_file, result_file = files_of(problem, result)
    loaded, claimed = load(problem_file), results.load(result_file)
    written = out or result_file.parent / "certificate.json"
    if is_run(problem, result) and out is None:
        from optimiser.run import pipeline
        from optimiser.studies import cases

        settings = [f"certificate.time_limit_s={time_limit}"]
        with screen.Display(quiet=json) as display, ChildProcess() as process:
            done = cases.find_run(str(problem), settings, None, display.steps, process)
            noted(written)
            pipeline.amend(replace(done, proof=done.chain.certified() if done.chain.certifies else None))
        shown = _claims(loaded, claimed, _proved_of(written))
    else:
        refuse_output(written, done="Nothing was proved.")
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
        named = "--both" if out is None else f"--certificate {shlex.quote(str(out))}"
        screen.line(f"Ask both checkers: polyring verify {_typed(problem, result)} {named}")
        checker = bound_checker.__file__
        screen.line(f"Check it with Python alone: python {checker} {problem_file} {written}")
    return 0 if shown["is_complete"] else PARTLY


def _proved_of(path: Path) -> int | None:
    """Return the bound that a certificate proves."""
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
    from optimiser.run import store
    from optimiser.verify import bound_checker

    plan = verify.check(problem, claimed)
    none = {"format": bound_checker.FORMAT, "problem": problem.name}
    evidence = verify.certificate(problem, plan) if claimed.has_plan else none
    with screen.Display(quiet=quiet) as display:
        report = display.steps.certifying
        proof = prove(problem, claimed, time_limit_s=time_limit, seed=seed, progress=report)
    write_whole(noted(path), lambda part: store.save_json(part, {**evidence, "bound": proof.document}))
    return proof


def _claims(problem: DesignProblem, claimed: Result, bound: int | None) -> dict[str, Any]:
    """Return what is certified of a result, beside what its solver claims."""
    from optimiser.engine.certification import claimed_bound

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


# ---- compare


def compare(
    first: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, or its job.")],
    second: Annotated[Path | None, typer.Argument(metavar="[RUN]", help="Another run folder.")] = None,
    state: Annotated[
        list[str] | None, typer.Option(help="A state of the first run, in place of the second; or two.")
    ] = None,
    json: Json = False,
) -> None:
    """Put two runs side by side, or states of one."""
    named = [_state_folder(first, name) for name in state or ()]
    runs = [*([] if len(named) > 1 else [first]), *([] if second is None else [second]), *named]
    if len(runs) != 2:
        raise typer.BadParameter("name two runs, or with --state one or two states of a run.")
    first, second = map(folder.of_run, runs)
    summaries = _summary_of(first), _summary_of(second)
    found = difference(*summaries)
    common = _common((first, second))
    found["pairs"] = common.pop("pairs", {})
    if common:
        found["same_cities"] = not any(common[_IN_ONE])
    found["common"] = {} if found["same_cities"] else common
    if json:
        screen.as_json(found)
        return
    names = (str(first), str(second))
    figures = {key: list(map(in_words, summaries, [key] * 2, pair)) for key, pair in found["figures"].items()}
    _show_side_by_side("Figures", figures, names)
    if note := wording.different_moneys(*(str(run.get("money") or "") for run in summaries)):
        screen.line(note)
    limits = [wording.short_hours(run.get("limit_s") or 0) for run in summaries]
    if limits[0] != limits[1]:
        screen.line(f"Pairs count within {limits[0]} in the first and within {limits[1]} in the second.")
    for key, title in wording.WORDS["compared"].items():
        if key != "within" or any(map(any, found["within"].values())):
            _show_side_by_side(title, found[key], names, _UNKNOWN.get(key, ""))
    _show_rings(found["rings"])
    if not found["same_cities"] and not common:
        screen.line("The runs are about different cities: what each builds is in its own folder.")
        for name, run in zip(names, summaries, strict=True):
            for note in filter(None, (run.get("screening"), *run.get("notes", ()))):
                screen.line(f"{name}: {note}")
    else:
        _show_changes(found, summaries)
        _show_unproposed(found["built"], (first, second))


def _show_changes(found: Mapping[str, Any], summaries: Iterable[Mapping[str, Any]]) -> None:
    """Print which pairs are within the limit in one run alone, and what each builds."""
    for which, pairs in found["pairs"].items():
        count = f"{len(pairs)}: {listed(pairs, _MOST_ROWS, '; ')}" if pairs else "none"
        screen.line(f"Pairs within the limit in the {which} alone, {count}")
    built = found["built"]
    titles = {"both": "Built in both", "first": "Only in the first", "second": "Only in the second"}
    if not built["first"] and not built["second"]:
        titles = {"both": "Both build the same"}
    words = wording.told_apart(link for run in summaries for link in run.get("links", ()))
    for key, title in titles.items():  # a link that no run ranks by its id
        names = "; ".join(words.get(name, name) for name in built[key])
        screen.line(f"{title}: {names or 'nothing'}")


def _show_unproposed(built: Mapping[str, Any], homes: Sequence[Path]) -> None:
    """Print what one run builds and the rules of the other left out, with the rule where it is known."""
    for mine, other, home in (("first", "second", homes[1]), ("second", "first", homes[0])):
        known, why = folder.link_ends(home), _left_out(home)
        for name in built[mine] if known else ():
            if name not in known:
                reason = f": {why[name].partition(': ')[2]}" if name in why else ""
                screen.line(f"Not proposed in the {other}: {name}{reason}")


def difference(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of two summaries side by side, and what each builds.

    Parameters
    ----------
    first, second
        Contents of two `summary.json`.

    Returns
    -------
    dict
        `figures` and `coverage`: name to the two values; `within`: tier to the pairs within the limit in
        words; `by_road`: what rings bring between places; `dependence`: measure to its values today and after
        building; `least_cost`: alternative that asks for the least cost to it; `same_cities`: whether both
        count the same pairs in every tier; `built`: ids in `both`, `first` only, `second` only; `rings`: id
        to the two rings, None where a run does not ask for it.
    """
    one, two = set(first["built"]), set(second["built"])
    pairs = [{group: row.get("pairs") for group, row in run["coverage"].items()} for run in (first, second)]
    facts = [_facts(run) for run in (first, second)]
    beside = {
        title: {name: [own[title].get(name) for own in facts] for name in facts[0][title] | facts[1][title]}
        for title in facts[0]
    }
    return beside | {
        "same_cities": pairs[0] == pairs[1] and first.get("title") == second.get("title"),
        "built": {"both": sorted(one & two), "first": sorted(one - two), "second": sorted(two - one)},
    }


def _common(homes: Sequence[Path]) -> dict[str, Any]:
    """Return what two runs say of the cities of both, by name; nothing without a pair of them.

    With `pairs`: those that only the `first` and only the `second` have within the limit after building.
    """
    one, two = map(folder.city_pairs, homes)
    if not (both := sorted(one.keys() & two.keys())):
        return {}
    mine, others = ({city for pair in found for city in pair} for found in (one, two))
    today, after = ([sum(found[pair][at] for pair in both) for found in (one, two)] for at in (0, 1))
    alone = [[within for pair, within in found.items() if pair not in both] for found in (one, two)]
    return {
        _IN_ONE: [", ".join(sorted(mine - others)), ", ".join(sorted(others - mine))],
        "their pairs within": [
            f"{sum(first for first, _ in own)} today, {sum(last for _, last in own)} after, of {len(own)}"
            for own in alone
        ],
        "pairs between the others": [len(both)] * 2,
        "of these within today": today,
        "of these within after": after,
        "pairs": {
            which: [" – ".join(pair) for pair in both if found[pair][1] > other[pair][1]]
            for which, found, other in (("first", one, two), ("second", two, one))
        },
    }


def _facts(run: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what is compared of a summary, with the names of the cities on its rings."""
    by_group, words = sorted(run["coverage"].items()), wording.WORDS["core"]
    listed = (run.get("measures") or {}).get("polycentricity", ())
    measures = {row["measure"]: row for row in listed if row["today"] is not None}
    return {
        "figures": {key: run.get(key) for key in _FIGURES},
        "coverage": {group: row.get("after_weight") for group, row in by_group},
        "within": {group: _within(row) for group, row in by_group},
        "by_road": _by_road(run.get("ring_use")),
        "dependence": {text: _change(measures[name]) for name, text in words.items() if name in measures},
        "least_cost": {
            row["name"]: _least_cost(row, str(run.get("money") or ""))
            for row in run.get("states", ())
            if row["case"].get("least")
        },
        "rings": {
            ring["id"]: {key: ring[key] for key in _RING_KEYS}
            | {"cities": [city["name"] for city in ring["cities"]]}
            for ring in run.get("rings", [])
        },
    }


def _within(row: Mapping[str, Any]) -> str | None:
    """Return how many pairs of a tier are within the limit today, after building, and at most."""
    if not row.get("pairs") or "all_built_pairs" not in row:
        return None
    states = [row[f"{state}_pairs"] for state in ("before", "after", "all_built")]
    counts = ", ".join(f"{pairs} ({100 * pairs / row['pairs']:.0f} %)" for pairs in states)
    return f"{counts} of {row['pairs']}"


def _by_road(use: Mapping[str, Any] | None) -> dict[str, str]:
    """Return what the rings of a plan bring between places by road, on free roads."""
    if use is None:
        return {}
    today, after = use["today"][0], (use["plan"] or use["alone"])[0]
    faster = {f"faster by {least} min or more": after[f"faster_{least}"] for least in (5, 15)}
    return {
        "that pass the cores": f"{today['through_pairs']:,} today, {after['through_pairs']:,} after",
        **{name: f"{count:,} of {after['pairs']:,}" for name, count in faster.items()},
    }


def _change(row: Mapping[str, Any]) -> str:
    factor, unit = (100.0, " %") if row["unit"] == "share" else (1.0, " min")
    today, plan = (
        "none" if row[state] is None else f"{factor * row[state]:.0f}{unit}" for state in ("today", "plan")
    )
    return f"{today} today, {plan} after"


def _least_cost(row: Mapping[str, Any], money: str) -> str:
    """Return the least cost of a share in words, with its bound where it is not proven."""
    if row["cost"] is None:
        return str(row["why"])
    proof = "" if not row["gap"] else f", at least {row['bound']:,.0f}"
    return f"{wording.money(row['cost'], money)}{proof}"


def _show_rings(rings: dict[str, list[dict[str, Any] | None]]) -> None:
    """Print what each ring is in either run, and which cities it gains and loses."""
    for name, (one, two) in rings.items():
        if one == two and one is not None:
            screen.line(f"Ring {name} in both: {one['sentence']}.")
            continue
        for which, ring in (("first", one), ("second", two)):
            words = "not asked for" if ring is None else ring["sentence"]
            screen.line(f"Ring {name} in the {which}: {words}.")
        if one is not None and two is not None and (one["formed"] or two["formed"]):
            before, after = (ring["cities"] if ring["formed"] else [] for ring in (one, two))
            new = ", ".join(city for city in after if city not in before)
            gone = ", ".join(city for city in before if city not in after)
            screen.line(f"Ring {name} gains {new or 'no city'} and loses {gone or 'none'}.")


def _show_side_by_side(
    title: str, values: dict[str, list[Any]], names: tuple[str, str], unknown: str = ""
) -> None:
    columns = ("", names[0], names[1] if names[0] != names[1] else f"{names[1]} ")
    rows = [
        (key.replace("_", " "), *(unknown if one is None else one for one in pair))
        for key, pair in values.items()
    ]
    screen.table(title, [dict(zip(columns, row, strict=True)) for row in rows], right=names)


def _state_folder(home: Path, name: str) -> Path:
    """Return the folder of the plan of a state of a run."""
    from optimiser.job.model import did_you_mean
    from optimiser.job.sections import AS_CHOSEN, slug

    home = folder.of_run(home)
    states = {str(one["name"]): one for one in _summary_of(home).get("states", ())}
    unknown = f"there is no state '{name}'{did_you_mean(name, [*states])}"
    if name not in states or states[name]["cost"] is None:
        raise ProblemError(
            states[name]["why"] if name in states else unknown,
            where=str(home),
            done="Nothing was compared.",
            remedy=f"Its states: {'; '.join(states) or 'none'}.",
        )
    return home if name == AS_CHOSEN else home / "states" / slug(name)


def _summary_of(home: Path) -> dict[str, Any]:
    """Return the contents of the summary of a run."""
    folder.refuse_unfinished(home, [folder.SUMMARY])
    value = read_json(home / folder.SUMMARY)
    if not isinstance(value, dict) or not {"built", "coverage"} <= set(value):
        raise ProblemError("is no summary of a run", where=str(home), done="Nothing was compared.")
    return dict(value)


# ---- explain


def explain(
    home: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, or its job.")],
    link: Annotated[str, typer.Argument(metavar="LINK", help="Rank in links.csv, or id in candidates.csv.")],
    *,
    state: Annotated[str, typer.Option(help="State whose plan is meant [default: the plan].")] = "",
    gap: Annotated[
        float | None, ranged(GAP, "Gap of the plan without it, or with it [default: that of the job].")
    ] = None,
    time_limit: Annotated[float, ranged(SECONDS, "Limit of that solve, preparing it apart, seconds.")] = 60.0,
    json: Json = False,
) -> None:
    """Explain why a plan builds a link or leaves it out, and what the alternative is."""
    home, name = folder.of_run(home), int(link) if link.isdecimal() else link
    other = "without" if _builds(home, name, state) else "with"

    from optimiser.studies.finished import load_run

    with screen.Display(quiet=json) as display:
        run = load_run(home, progress=display.steps)
        try:
            with display.steps.step("explain", f"Preparing, solving and comparing the plan {other} {link}"):
                why = run.why(name, state=state, gap=gap, time_limit_s=time_limit)
        finally:
            run.close()
    tables = {part: getattr(why, part) for part in why.headings}
    if json:
        listed = {part: wording.records(table) for part, table in tables.items()}
        head = {"rank": why.rank, "candidate_id": why.candidate_id, "title": why.title}
        screen.as_json({**head, "sentences": list(why.sentences), **listed, "not_chosen_in": list(why.cases)})
        return
    screen.line(why.head)
    for sentence in why.sentences:
        screen.line(sentence)
    screen.line()
    for part, table in tables.items():
        rows = wording.records(table.drop(columns="same_ends", errors="ignore"))
        more = f" ({_MOST_ROWS} of {len(rows)})" if len(rows) > _MOST_ROWS else ""
        screen.table(f"{why.headings[part]}{more}", [_shown(row) for row in rows[:_MOST_ROWS]])


def _builds(home: Path, name: int | str, state: str) -> bool:
    """Tell whether the plan of a run or its state builds a link; refuse one that is not known there."""
    from optimiser.job.model import unknown_links

    folder.refuse_unfinished(home)
    plan = _state_folder(home, state) if state else home
    ranked = {int(rank): ends for rank, ends in folder.link_ends(plan, "links.csv", "rank").items()}
    if ranked and (faults := unknown_links([name], ranked, folder.link_ends(home), _left_out(home))):
        remedy = (
            "links.csv of the folder has all ranks, candidates.csv all ids; left_out.csv has what was not "
            "proposed, with the reason."
        )
        raise ProblemError(faults[0], where=str(home), done="Nothing was solved.", remedy=remedy)
    return isinstance(name, int) or name in folder.link_ends(plan, "links.csv")


def _left_out(home: Path) -> dict[str, str]:
    """Return why the rules left candidates out that a run does not propose, by id."""
    rows = folder.rows_of(home / "left_out.csv")
    return {row["candidate_id"]: row["reason"] for row in rows if row.get("candidate_id")}


def _shown(row: dict[str, object]) -> dict[str, object]:
    words = {None: "", True: "yes", False: "no"}
    return {
        key.replace("_", " "): words[value] if value is None or isinstance(value, bool) else value
        for key, value in row.items()
    }
