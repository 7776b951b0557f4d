"""Find the one plan that serves many scenarios of a job, and write what it covers in each."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from optimiser.engine.child import ChildProcess
from optimiser.frontier.cases import UNCHANGED, Case, counted_pairs, resolve
from optimiser.frontier.robust import (
    STEPS,
    Alone,
    Composition,
    RobustAnswer,
    Scenario,
    compose,
    level_offset,
    robust_plan,
    solve_alone,
)
from optimiser.job.model import LoadedJob
from optimiser.problem import DesignProblem, model
from optimiser.problem.errors import JobError, VerificationError
from optimiser.report import studies as pages
from optimiser.run.chain import Chain
from optimiser.run.solving import NOT_PROVEN, exit_code, parameters, refuse_empty
from optimiser.studies import answers, folders, frontier, sweep, whatif
from optimiser.studies.cases import not_applicable_to, stated_cases
from optimiser.tasks.cache import Progress
from optimiser.verify.rules import building_faults, coverable, covered_pairs, weight_of

ENDING = "-robust"
"""Ending of the default folder."""
FORMAT = "polyring-robust/1"


@dataclass(frozen=True, eq=False)
class RobustRun(folders.StudyRun):
    """A robust plan of a job, with the weight that it covers in each scenario.

    Attributes
    ----------
    folder
        Where its files are.
    summary
        Contents of `robust.json`.
    scenarios
        One row a scenario: the columns of `scenarios.csv`.
    links
        One row a link of the plan, or of the best plan of some scenario: the columns of `robust_links.csv`.
    exit_code
        0, or 10 where the plan is not proven to the gap asked for.
    """

    summary: Mapping[str, Any]
    scenarios: pd.DataFrame
    links: pd.DataFrame


@whatif.door
def robust(
    job: str | Path | LoadedJob,
    *,
    out: str | Path | None = None,
    progress: Progress | None = None,
    settings: Sequence[str] = (),
) -> RobustRun:
    """Find the robust plan that `[robust]` of a job asks for, check it, and write its folder.

    Parameters
    ----------
    job
        A job, the name of a ready one, or a job file.
    out
        Folder to write; None: that of the job with `ENDING`.
    progress
        Notified of each step.
    settings
        Changes of the job, as `robust.kind="regret"`.

    Raises
    ------
    JobError
        When the job has no scenarios, no budget, or demands that do not go with the kind.
    InfeasibleError
        When it is proven that no plan serves all scenarios.
    VerificationError
        When the plan fails the independent check.
    """
    progress = progress or Progress()
    with folders.opened(job, ENDING, out, progress, settings) as (loaded, target, stage):
        return _write(stage, target, _found(loaded, progress))


class _Found(NamedTuple):
    """The scenarios of a job, the robust plan, and the best plans of the scenarios where asked for."""

    chain: Chain
    words: tuple[str, ...]
    composition: Composition
    answer: RobustAnswer
    alone: Sequence[Alone]


def _found(loaded: LoadedJob, progress: Progress) -> _Found:
    """Resolve the scenarios of a job, and solve them: by themselves, if that is asked for, then together."""
    asked = loaded.job.robust
    if loaded.job.budget.unlimited:
        raise JobError(
            "a robust plan needs a budget",
            where="budget",
            done="Nothing was solved.",
            remedy="Name an amount of money under [budget].",
        )
    drawn = loaded.job.sweep.model_copy(update={"cases": asked.scenarios})
    loaded = replace(loaded, job=loaded.job.model_copy(update={"sweep": drawn}))
    swept = sweep.prepare(loaded, progress)
    chain = swept.chain
    if asked.of == "sweep":
        cases = swept.cases[1:]
        names = [column.id for column in swept.columns]
        shown = ((v if isinstance(v, str) else f"{v:.3g}" for v in row) for row in swept.table.rows[1:])
        words = tuple(", ".join(map(" ".join, zip(names, row, strict=True))) for row in shown)
    else:
        stated = stated_cases(
            chain.loaded.job, chain.candidates.value, has_ring=False, left_out=not_applicable_to(chain)
        )
        # Weights can be added up over the cases that keep what pairs count.
        cases = tuple(one for one in stated if one.times != UNCHANGED or one.prices or one.capacity)
        cases = cases[: asked.scenarios]
        words = tuple(case.description for case in cases)
    if not cases:
        raise JobError(
            "the job has no scenarios: no plausible case changes its times, limits or prices",
            where="robust.of",
            done="Nothing was solved.",
            remedy='Set robust.of = "sweep".',
        )
    base = answers.AskedBase(chain, swept.base.closures).base
    must = {ring.id: chain.result.rings[ring.id] for ring in base.problem.rings if ring.required}

    def problem_of(case: Case) -> DesignProblem:
        """Return the problem of a case with required rings built as in the job's own plan, and no others."""
        return model.with_circuits(resolve(base, case), must)

    progress.ends(f"{len(cases)} scenarios")
    scenarios = []
    for number, case in enumerate(cases, start=1):
        progress.begins(f"Timing and pricing scenario {number} of {len(cases)}")
        scenarios.append(Scenario(name=case.name.replace("/", " per "), problem=problem_of(case)))
    composition = compose(problem_of(Case(name="the job itself")), scenarios, afford=asked.afford)
    params, alone = parameters(loaded.job.solve), list[Alone]()
    with ChildProcess() as process:
        if asked.compare or asked.kind == "regret":
            own = loaded.job.solve.of_study(gap=asked.compare_gap, time_limit_s=asked.compare_time_limit_s)
            for number, scenario in enumerate(scenarios, start=1):
                progress.begins(f"Scenario {number} of {len(scenarios)} by itself: {scenario.name}")
                alone.append(solve_alone(scenario, parameters(own), process))
            progress.ends(f"{len(scenarios)} scenarios by themselves")
        progress.begins("Seeking the robust plan")
        limited = params.replace(gap=asked.gap, time_limit_s=asked.time_limit_s)
        answer = robust_plan(composition, asked, limited, alone=alone, run=process, notify=progress.begins)
    refuse_empty(answer.result)
    return _Found(chain, words, composition, answer, alone)


# ---- files

_SCENARIOS = (
    "scenario", "description", "coverable", "today", "plan", "best", "bound", "regret", "regret_most",
    "pairs_today", "pairs_plan", "pairs_best", "cost", "budget", "fits",
)  # fmt: skip
"""Columns of `scenarios.csv`; those on the best plan of a scenario by itself may be empty."""


def _write(stage: Path, target: Path, found: _Found) -> RobustRun:
    answer = found.answer
    scenarios = pd.DataFrame(_scenario_rows(found), columns=list(_SCENARIOS))
    links = pd.DataFrame(_link_rows(found))
    summary = _summary(found, scenarios)
    folders.write(
        stage,
        {
            "problem.json": answer.problem,
            "result.json": answer.result,
            "scenarios.csv": scenarios,
            "robust_links.csv": links,
            "robust.json": summary,
        },
    )
    pages.write_robust(summary, scenarios, links, stage)
    gap, level = found.chain.loaded.job.robust.gap, answer.level
    code = exit_code(answer.result, gap)
    if level is not None and (level.gap is None or level.gap > gap):
        code = code or NOT_PROVEN
    return RobustRun(target, code, summary, scenarios, links)


def _scenario_rows(found: _Found) -> Iterator[dict[str, Any]]:
    """Yield the weight that the plan covers in each scenario, by the problem of the scenario itself."""
    built = set(found.answer.result.built)
    covered = set(covered_pairs(found.answer.problem, built))
    for number, (scenario, place) in enumerate(
        zip(found.composition.scenarios, found.composition.pairs, strict=True)
    ):
        problem = scenario.problem
        working = built - {c.id for c in problem.candidates if c.fixed == "out"}
        own = covered_pairs(problem, working)
        if own != {k for k, at in enumerate(place) if at in covered}:
            raise VerificationError(
                "the plan covers other pairs in a scenario than in the composed problem",
                where=f"scenario {scenario.name!r}",
                done="Nothing was written.",
                remedy="Report the job.",
            )
        today, counted = covered_pairs(problem, ()), set(counted_pairs(problem))
        weight = weight_of(problem, own)
        row = {
            "scenario": scenario.name,
            "description": found.words[number],
            "coverable": weight_of(problem, coverable(problem)),
            "today": weight_of(problem, today),
            "plan": weight,
            "pairs_today": len(today & counted),
            "pairs_plan": len(own & counted),
            "cost": problem.cost_of(built),
            "budget": problem.budget,
            "fits": not list(building_faults(problem, working)),
        }
        if found.alone:
            best = found.alone[number]
            row |= {
                "best": best.weight,
                "bound": best.bound,
                "regret": best.weight - weight,
                "regret_most": best.bound - weight,
                "pairs_best": len(covered_pairs(problem, best.built) & counted),
            }
        yield row


def _link_rows(found: _Found) -> list[dict[str, Any]]:
    """Return the links of the plan and of the best plans, those of the plan first."""
    problem, built = found.answer.problem, set(found.answer.result.built)
    labels = frontier.labels_of(found.composition.base, found.chain.candidates.value.table)
    chosen = Counter(name for best in found.alone for name in best.built)
    rows = [
        {
            "candidate_id": name,
            **labels[name],
            "cost": problem.cost_of([name]),
            "in_plan": name in built,
            "best_in": chosen[name] if found.alone else None,
        }
        for name in sorted(built | chosen.keys())
    ]
    return sorted(rows, key=lambda row: (not row["in_plan"], -(row["best_in"] or 0), row["candidate_id"]))


def _summary(found: _Found, scenarios: pd.DataFrame) -> dict[str, Any]:
    answer, asked = found.answer, found.chain.loaded.job.robust
    result, plan, base = answer.result, answer.plan, found.composition.base
    summary: dict[str, Any] = {
        "format": FORMAT,
        "name": found.chain.loaded.name,
        **asked.model_dump(include={"kind", "of", "afford"}),
        "scenarios": len(scenarios),
        "share": asked.share if asked.kind == "share" else None,
        "need": (asked.need or len(scenarios)) if asked.kind == "count" else None,
        **{
            key: getattr(result, key)
            for key in ("status", "objective", "bound", "gap", "cost", "seconds", "solver")
        },
        "gap_of_gain": None if plan is None else plan.gap_of_gain,
        "asked_gap": asked.gap,
        "budget": base.budget,
        "money": base.money,
        "links": len(result.built),
        "rings": {ring.id: ring.required for ring in found.chain.design.rings},
        "mean_today": float(scenarios["today"].mean()),
        "mean_plan": float(scenarios["plan"].mean()),
        "versions": dict(result.versions),
    }
    if found.alone:
        summary |= {
            "mean_best": float(scenarios["best"].mean()),
            "largest_regret": int(scenarios["regret"].max()),
            "largest_regret_most": int(scenarios["regret_most"].max()),
        }
    if answer.level is not None:
        # What was proven of the share, or of the regret: reached, and not better than.
        level = answer.level
        proven: dict[str, Any] = {"gap": level.gap, "seconds": level.seconds, "status": level.status}
        if level.level is not None and level.bound is not None:
            if asked.kind == "max_min":
                proven |= {"share": level.level / STEPS, "share_most": level.bound / STEPS}
            else:
                offset = level_offset(found.alone)
                proven |= {"regret": offset - level.level, "regret_least": offset - level.bound}
        summary["level"] = proven
    return summary
