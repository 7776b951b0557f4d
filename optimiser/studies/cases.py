"""Ask a finished run further: plausible cases, what demands bring and cost, other speeds."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from networks.intermodal import AccessParameters
from optimiser import verify
from optimiser.engine.child import ChildProcess
from optimiser.engine.search.incumbent import PlanEvaluator
from optimiser.engine.search.task import cores
from optimiser.frontier.askers import solved
from optimiser.frontier.cases import ALL_PAIRS, Base, Case, TimeChanges, case_from, resolve
from optimiser.frontier.robust import affordable_in_most, with_share_on
from optimiser.job.model import ROBUST_SHARE, Job
from optimiser.job.sections import CASES, CASES_ON, CaseName
from optimiser.measures.coverage import Fairness, TierPrice
from optimiser.measures.uncertainty import least_for_core
from optimiser.problem import DesignProblem, errors, model
from optimiser.problem.result import Result
from optimiser.proposals.table import Candidates
from optimiser.report.inputs import FRAGILE_SHARE, CaseResults
from optimiser.report.wording import WORDS, join_names, money, percent, told_apart
from optimiser.run import demands, folder, pipeline, timing
from optimiser.run.chain import Chain
from optimiser.run.pipeline import Written
from optimiser.run.reporting import Answers, answers_of
from optimiser.run.solving import parameters, within_limit
from optimiser.studies.answers import AskedBase, answers, case_task, counted_of, solved_by
from optimiser.studies.sweep import SweepCases
from optimiser.studies.sweep_factors import kinds_by_class
from optimiser.tasks import Executor, TaskProgress, cache, executor_of
from optimiser.verify import Plan
from optimiser.verify.rules import coverable, covered_pairs

_TIMES = {row["name"]: row.get("times", {}) for row in CASES}
SHORT_CHECK_IN_S = int(_TIMES["check-in 15 min"]["check_in_most_s"])
SHORT_WAIT_S = int(_TIMES["waits at most 15 min"]["wait_most_s"])
"""Longest check-in and wait in the cases that shorten them."""
ALIKE = 0.99
"""Share of the weight of a plan from which on another one is as good."""
MOST_WORKERS = 4
"""Most cases that are solved side by side where nobody says how many; each takes some 400 MB."""
MOST_ASKED = 200_000_000
"""Pairs times candidates of all cases and draws together up to which a run is asked them (assumed)."""
_STATING_S = 0.75
"""Seconds that it takes to state a case and to check its plan, about."""

type Ask = Callable[[Case], Result]
"""Solves a case of the base of a run; what it claims is checked."""


# ---- the plausible cases of a job


def stated_cases(
    job: Job,
    candidates: Candidates,
    *,
    has_ring: bool,
    left_out: Mapping[CaseName, str] = MappingProxyType({}),
) -> tuple[Case, ...]:
    """Return the plausible cases of a job.

    Parameters
    ----------
    job
        The job; what does not apply to it, and what `cases.only` does not name, is left out.
    candidates
        What may be built; it says which kinds there are.
    has_ring
        Whether the plan of the job forms a ring, which the other cases keep.
    left_out
        Cases that do not apply, as `not_applicable` says.
    """
    stated, only = _cases(job, candidates, has_ring=has_ring), job.cases.only
    return tuple(case for case in stated if case.name not in left_out and (not only or case.name in only))


def not_applicable(
    job: Job, candidates: Candidates, access: AccessParameters, *, has_roads: bool, has_trains: bool
) -> dict[CaseName, str]:
    """Return the cases that change nothing in a region, each with the reason.

    Parameters
    ----------
    job
        The job.
    candidates
        What may be built.
    access
        Times at stations.
    has_roads, has_trains
        Whether there are roads, and whether trains run, today.
    """
    modes, found = set(candidates.table["mode"]), dict[CaseName, str]()
    is_screening = bool(job.region.around)
    of_roads = (*CASES_ON["roads"], *(CASES_ON["inferred roads"] if is_screening else ()))
    of_trains = (
        *CASES_ON["rides"],
        *CASES_ON["stations"],
        *(CASES_ON["assumed trains"] if is_screening else ()),
    )
    if not has_roads and "road" not in modes:
        found |= dict.fromkeys(of_roads, "there are neither roads nor candidates for any")
    if not job.times.rail:
        return found
    if not has_trains and "rail" not in modes:
        trains = "there are neither trains nor candidates for any"
        return found | dict.fromkeys(of_trains, trains)
    if job.times.definition == "in_vehicle":
        found |= dict.fromkeys(CASES_ON["stations"], "times in vehicles leave stations out")
    most_s = max(access.check_in_hsr_s, access.check_in_conv_s)
    if most_s <= SHORT_CHECK_IN_S:
        found["check-in 15 min"] = (
            f"nobody is to arrive more than {round(most_s / 60)} minutes before a train"
        )
    if access.wait_cap_s <= SHORT_WAIT_S:
        found["waits at most 15 min"] = f"no wait counts more than {round(access.wait_cap_s / 60)} minutes"
    return found


def too_long(job: Job, problem: DesignProblem, cases: Sequence[Case]) -> dict[CaseName, str]:
    """Return the cases, each with the reason, where all and the draws take too long; none of named ones."""
    pairs, candidates = len(problem.pairs), len(problem.candidates)
    if job.cases.only or pairs * candidates * (len(cases) + job.cases.draws) <= MOST_ASKED:
        return {}
    ask = "“polyring cases RUN --set 'cases.only=[\"NAME\"]'” asks those that it names"
    why = f"too long for {pairs:,} pairs and {candidates:,} candidates, as are joint draws; {ask}"
    return dict.fromkeys([case.name for case in cases], why)


def _cases(job: Job, candidates: Candidates, *, has_ring: bool) -> Iterator[Case]:
    kinds, is_screening = kinds_by_class(candidates), bool(job.region.around)
    holds = {name: bool(own) for name, own in kinds.items()} | {
        "": True,
        "timed connections": bool((candidates.table["kind"] == "timed_transfer").any()),
        "shorter check-in": bool((candidates.table["kind"] == "check_in").any()),
        "trains": job.times.rail or bool((candidates.table["mode"] != "road").any()),
        "screening": is_screening,
        "screening with trains": is_screening and job.times.rail,
        "capacity": job.capacity.enabled and len(candidates.runs) > 0,
        "weights from people": job.objective.weight != "file",
        "one limit": not job.steps.shares,
        "independence": job.independence.counts_pairs,
        "rings": has_ring,
        "periods": bool(job.phasing.names),
        "access": bool((candidates.table["mode"] == "access").any()),
    }
    for row in CASES:
        if holds[row.get("when", "")]:
            prices = [(kind, one) for name, one in row.get("prices", ()) for kind in kinds.get(name, (name,))]
            own = {key: value for key, value in row.items() if key not in ("when", "without", "on")}
            left_out = candidates.table["mode"] == row.get("without")
            out = candidates.table["candidate_id"][left_out].tolist()
            yield case_from(own | {"prices": prices, "fixed_out": out})


# ---- asking them


def spared[T](title: str, make: Callable[[], T], faults: list[str]) -> T | None:
    """Return a value that the plan does not depend on; None, and a fault, where a solver fails."""
    try:
        return make()
    except errors.SolverError as error:
        faults.append(f"{title} failed and is left out: {error.what}.")
        return None


@dataclass(frozen=True)
class Asking:
    """What a finished run can be asked.

    Attributes
    ----------
    done
        The run.
    process
        Solves what is asked one after another.
    workers
        Plausible cases at a time; 0: one after another in this process.
    """

    done: Written
    process: ChildProcess
    workers: int

    @property
    def chain(self) -> Chain:
        """The steps of the run."""
        return self.done.chain

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """The plausible cases."""
        if "cases" not in self.chain.questions:
            return ()
        job, candidates = self.chain.loaded.job, self.chain.candidates.value
        has_ring = bool(self.done.plan.rings)
        return stated_cases(job, candidates, has_ring=has_ring, left_out=self.left_out)

    @cached_property
    def left_out(self) -> dict[CaseName, str]:
        """Cases that change nothing in the region or take too long, each with the reason."""
        job, candidates = self.chain.loaded.job, self.chain.candidates.value
        every = stated_cases(job, candidates, has_ring=bool(self.done.plan.rings))
        return too_long(job, self.chain.design, every) | not_applicable_to(self.chain)

    @cached_property
    def draws(self) -> SweepCases | None:
        """The joint draws of everything uncertain; None where a job asks for none or only for cases."""
        job = self.chain.loaded.job
        if not self.cases or not job.cases.draws or job.cases.only:
            return None
        asked = {"design": "latin-hypercube", "cases": job.cases.draws, "seed": job.solve.seed}
        return SweepCases(self.chain, job.sweep.model_copy(update=asked))

    @cached_property
    def base(self) -> AskedBase:
        """What all cases are resolved from."""
        return AskedBase(self.chain, process=self.process)

    def expected(self) -> dict[str, Any]:
        """Return how much is asked, and about how long it takes, by what the solve took."""
        job, questions = self.chain.loaded.job, self.chain.questions
        solves = 2 * ("prices" in questions) + (self.draws is not None)
        brief = 3 * (self.draws is not None)  # plans of robust money, or of budgets kept
        own_s = self.chain.result.seconds
        side_by_side = max(1, self.workers)
        draws = 0 if self.draws is None else job.cases.draws
        rounds = math.ceil((len(self.cases) + draws) / side_by_side)
        return {
            "cases": len(self.cases),
            "draws": draws,
            "at_a_time": side_by_side,
            "prices": "prices" in questions,
            "speeds": "speeds" in questions,
            "expected_s": round(rounds * (own_s + _STATING_S) + (solves + brief) * own_s),
        }

    def answers(self, executor: Executor) -> Answers:
        """Return the answers; a question whose solve fails is left out, with a fault."""
        chain, done, faults = self.chain, self.done, list[str]()
        questions, job = chain.questions, chain.loaded.job

        cases = self._plausible(executor, faults) if self.cases else None
        road, speeds = chain.times.value.road, None
        if len(road.links):
            kmh = timing.expressway_speeds(road, chain.source.country)
            with chain.progress.step("sensitivity", "Timing trips at other speeds") if kmh else nullcontext():
                speeds = [self._at_speed(one) for one in kmh]
        prices = None
        if "prices" in questions:
            counted, words = chain.counted.value, tuple(demands.fairness_demands(job))
            plan = within_limit(counted, done.plan)
            with chain.progress.step("fairness", "Solving without the demands, to price them"):
                prices = spared(
                    "The price of the demands",
                    lambda: price_demands(self.base.base, plan, asked=words, gap=job.solve.gap, ask=self.ask),
                    faults,
                )
        return Answers(
            cases=cases, speeds=speeds, prices=prices, notes=tuple(self._notes()), faults=tuple(faults)
        )

    def ask(self, case: Case) -> Result:
        """Solve a case with the settings of the job, and decide its rings anew."""
        return self.base.ask(case, self.chain.loaded.job.solve)

    def _at_speed(self, kmh: float) -> dict[str, Any]:
        """Return the share of pairs within the limit, today and with the plan, at a speed on expressways."""
        case = Case(name=f"expressways at {kmh:g} km/h", times=TimeChanges(expressway_kmh=kmh))
        problem = counted_of(self.base.base, case)
        evaluator, groups = PlanEvaluator(problem), np.array([pair.group for pair in problem.pairs])
        row: dict[str, Any] = {"case": case.name}
        for state, built in (("before", ()), ("after", self.done.plan.built)):
            covered = evaluator.covered(built)
            masks = {group: groups == group for group in problem.groups} | {"all": slice(None)}
            row |= {f"{group} {state}": round(float(covered[own].mean()), 6) for group, own in masks.items()}
        return row

    def _plausible(self, executor: Executor, faults: list[str]) -> CaseResults:
        """Return what the plausible cases choose."""
        chain, plan, job = self.chain, self.done.plan, self.chain.loaded.job
        side_by_side = max(1, self.workers)
        settings = job.solve.of_study(
            gap=job.cases.gap,
            time_limit_s=job.cases.time_limit_s,
            threads=max(1, (job.solve.threads or cores()) // side_by_side),
        )
        end = time.monotonic() + job.cases.total_s
        rings = {ring: list(links) for ring, links in plan.rings.items()}
        given = {"built": list(plan.built), "starts": dict(plan.starts), "rings": rings}
        asked = [(self.base, case, False) for case in self.cases]
        if self.draws is not None:  # the first is the job itself
            drawn = enumerate(self.draws.cases[1:], start=1)
            asked += [(self.draws.base, replace(case, name=f"draw {at}"), True) for at, case in drawn]
        tasks = [
            case_task(
                base.address,
                case,
                settings,
                name=f"case {case.name}",
                plan=given | {"is_start": not is_draw},
                limit_s=lambda: min(job.cases.time_limit_s, max(0.0, end - time.monotonic())),
            )
            for base, case, is_draw in asked
        ]

        def watch(state: TaskProgress) -> None:
            if state.latest is None and state.total > state.kept:
                page = self.done.folder / "report.html"
                kept = f" {state.kept} of {state.total} are kept from before." if state.kept else ""
                chain.progress.ends(f"The page is written ({page}); to come: the plausible cases.{kept}")
            chain.progress.begins(f"Plausible cases: {state}")

        with chain.progress.step("cases", "Solving plausible cases"), solved_by(self.process):
            contents = {base.address: base.content for base, *_ in asked}
            outcomes = answers(tasks, list(contents.values()), executor, watch)
        rows, draws = list[dict[str, Any]](), list[dict[str, Any]]()
        for (_, case, is_draw), outcome in zip(asked, outcomes, strict=True):
            if outcome.value is None:
                faults.append(f"The case '{case.name}' failed and is left out: {outcome.fault}.")
            else:
                (draws if is_draw else rows).append(case_row(case, outcome.value))
        counted = chain.counted.value
        found = CaseResults(
            rows=tuple(rows),
            draws=tuple(draws),
            pairs=len(counted.pairs),
            covered=len(within_limit(counted, plan).covered),
            kept=tuple(sorted(model.candidates_on(chain.design, plan.rings))),
            failed=sum(is_draw for _, _, is_draw in asked) - len(draws),
        )
        if self.draws is None or counted.budget is None or counted.periods or not plan.built:
            return found
        other = spared("The most different plan", lambda: self._most_different(found.kept), faults)
        with chain.progress.step("plans", "Looking for plans that keep budgets, and of robust money"):
            plans = tuple(self._surer(found, self.draws.cases[1:], faults))
        return replace(found, other=other, plans=plans)

    def _most_different(self, kept: Sequence[str]) -> dict[str, Any] | None:
        """Return the plan that spends least on what this one builds, of those within `ALIKE` of its weight.

        It keeps what is on rings, as cases do.

        Returns
        -------
        dict
            `built` (ids), `words` (what it builds and this plan does not), without rings `cost` and `shared`
            (money spent on what both build), `pairs` within the limit, and `is_proven`, whether none shares
            less within the gap of the job; None where no plan was found.
        """
        counted, plan = self.chain.counted.value, within_limit(self.chain.counted.value, self.done.plan)
        weight = sum(counted.pairs[k].weight for k in plan.covered)
        case = Case(
            name="most different plan",
            demands=False,
            least=((ALL_PAIRS, math.ceil(ALIKE * weight)),),
            unlike=plan.built,
            rings=False,
            fixed_in=tuple(kept),
        )
        with self.chain.progress.step("other", "Looking for the most different plan as good"):
            result = self.ask(case)
        if not result.has_plan:
            return None
        row = self._figures(resolve(self.base.base, case), result)
        table = self.chain.candidates.value.table.set_index("candidate_id", drop=False)
        other = [name for name in row["built"] if name not in plan.built]
        words = [*told_apart(table.loc[other].to_dict("records")).values()]
        own = set(row["built"]) - set(kept)
        cost, shared = counted.cost_of(own), counted.cost_of(own & set(plan.built))
        return row | {"words": words, "cost": cost, "shared": shared, "pairs": row["best"]}

    def _figures(self, problem: DesignProblem, result: Result) -> dict[str, Any]:
        """Return what `CaseResults.plans` has of the plan that a result claims, once it is checked."""
        counted = self.chain.counted.value
        built = sorted(set(verify.check(problem, result).built) & counted.index.keys())
        pairs = covered_pairs(counted, built)
        return {
            "status": result.status,
            "gap": result.gap,
            "cost": counted.cost_of(built),
            "budget": counted.budget,
            "built": built,
            "best": len(pairs),
            "new": len(pairs - covered_pairs(counted, ())),
            "is_proven": result.is_proven(self.chain.loaded.job.solve.gap),
        }

    def _surer(
        self, found: CaseResults, draws: Sequence[Case], faults: list[str]
    ) -> Iterator[dict[str, Any]]:
        """Yield the best plan that keeps its budget in enough draws, and those of money in sure proposals.

        Sure are all candidates, whether this plan builds them or not, that at least a share of the draws
        choose, each by itself; what rings keep in the draws is not asked, and its money does not count. The
        draws have plans of their own, so what is sure does not depend on a plan, and the best plan of a share
        of sure money is the answer to one problem. It is asked where this plan builds what is not sure.
        Rings are decided anew.
        """
        design, job = self.chain.design, self.chain.loaded.job
        need, share = least_for_core(len(draws), ROBUST_SHARE), job.cases.robust_money
        priced = [resolve(self.base.base, Case(prices=one.prices, budget=one.budget)) for one in draws]
        kept = f"keeps its budget in at least {need} of {len(draws)} joint draws"
        asked = {kept: affordable_in_most(design, priced, need)}
        others, off = {*self.done.plan.built} - {*found.kept}, " off the rings" if found.kept else ""
        for level in (ROBUST_SHARE, FRAGILE_SHARE) if found.is_enough else ():
            sure = found.chosen_by(level)
            such = f"what at least {percent(level, digits=0)} of the draws choose"
            what = f"{such} ({len(sure)} of all candidates, for {money(design.cost_of(sure), design.money)})"
            words = f"puts at least {percent(share, digits=0)} of its money{off} into {what}"
            if not others <= {*sure}:
                part = demands.exact_share(share)
                asked[words] = with_share_on(design, sure, part, aside=found.kept)
        params = parameters(job.solve.of_study(time_limit_s=job.cases.time_limit_s))
        for words, problem in asked.items():
            result = solved(problem, params, self.process)
            if result.has_plan:
                yield {"name": f"plan that {words}", **self._figures(problem, result)}
            else:
                faults.append(f"No plan that {words} was found ({result.status}).")

    def _notes(self) -> Iterator[str]:
        """Yield which of the usual cases are not there since they do not apply, as sentences."""
        chain = self.chain
        if self.cases and self.done.plan.rings:
            yield WORDS["notes"]["rings_kept"]
        if "speeds" not in chain.questions and len(chain.times.value.road.links):
            yield "No case varies the speed on expressways: the map has none."
        reasons: dict[str, list[str]] = {}
        only = chain.loaded.job.cases.only
        for name, why in (self.left_out if "cases" in chain.questions else {}).items():
            if not only or name in only:
                reasons.setdefault(why, []).append(name)
        if reasons:
            words = "; ".join(f"{join_names(names)} ({why})" for why, names in reasons.items())
            yield f"Cases left out: {words}."


def case_row(case: Case, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of `cases.csv` of a case, from the answer to it."""
    return {
        "name": case.name,
        "description": case.description,
        **{name: value[name] for name in ("status", "gap", "seconds", "cost")},
        "ended": value["termination"],
        "built": sorted(name for name, _cost in value["built"]),
        "pairs": value["pairs"],
        **{name: value[f"pairs_{name}"] for name in ("today", "plan", "best")},
        "fits": value["plan_fits"],
    }


def workers_of(job: Job, workers: int | None) -> int:
    """Return how many plausible cases are solved at a time."""
    return min(MOST_WORKERS, job.solve.threads or cores()) if workers is None else workers


def ask(
    done: Written, process: ChildProcess, *, workers: int | None = None, executor: Executor | None = None
) -> Written:
    """Ask a finished run what it can be asked, and add the answers to its folder.

    What is answered is kept in the cache as it arrives, so that an interrupted call goes on where it ended.

    Parameters
    ----------
    done
        The run.
    process
        Solves what is asked one after another; it stays open.
    workers
        Plausible cases at a time; None: one a core, at most `MOST_WORKERS`.
    executor
        Does the tasks of plausible cases, within its block; None: child processes.
    """
    if executor is None:
        number = workers_of(done.chain.loaded.job, workers)
        with executor_of(workers=number) as own:
            return ask(done, process, executor=own)
    found = Asking(done, process, executor.workers).answers(executor)
    before = answers_of(done.summary) or Answers()
    return pipeline.amend(done, answers=replace(found, states=before.states))


def find_run(
    job: str, settings: Sequence[str], out: Path | None, progress: cache.Progress, process: ChildProcess
) -> Written:
    """Open the finished run of a job, or the one in a folder.

    Parameters
    ----------
    job, settings, out
        As for `optimiser.run.folder.find_finished`; the problem of the run must still follow from the job.
    progress, process
        As for `optimiser.run.pipeline.reopen`.
    """
    home, loaded = folder.find_finished(job, settings, out)
    return pipeline.reopen(home, progress, process, loaded)


def not_applicable_to(chain: Chain) -> dict[CaseName, str]:
    """Return the cases that change nothing in the region of a job, each with the reason."""
    job = chain.loaded.job
    return not_applicable(
        job,
        chain.candidates.value,
        timing.access_parameters(job, chain.source),
        has_roads=len(chain.times.value.road.links) > 0,
        has_trains=chain.rail is not None and len(chain.rail.services.lines) > 0,
    )


# ---- what demands bring and cost


def price_demands(base: Base, plan: Plan, *, asked: Sequence[str], gap: float, ask: Ask) -> Fairness:
    """Return what the demands of a job change and cost: the case without them, and having both at least cost.

    Parameters
    ----------
    base
        What cases are resolved from: a problem with a budget.
    plan
        Its plan.
    asked
        What is demanded, in words.
    gap
        Gap to which answers are asked.
    ask
        Solves a case.

    Notes
    -----
    The plan meets all that the problem without demands asks for, so its objective there is a bound from below
    for that one: where the solver, within its gap, finds no better plan, the plan itself is taken.
    """
    case = Case(name="without the demands", demands=False)
    whole, free = resolve(base, case), counted_of(base, case)
    mine = verify.score(whole, plan.built, rings=plan.rings, starts=plan.starts)
    result = ask(case)
    best = verify.check(whole, result) if result.has_plan else mine
    best = best if best.objective > mine.objective else mine
    states = (coverable(free), mine.covered_before, mine.covered, best.covered)
    count = len(free.pairs)
    weight = [demands.weight_by_group(free, (k for k in pairs if k < count)) for pairs in states]
    tiers = tuple(TierPrice(t, *(one[t] for one in weight)) for t in model.TIERS if t in free.groups)
    least, proven = (None, False) if free.periods else _cost_of_both(tiers, gap, ask)
    built, other = set(plan.built), set(best.built)
    parts = " of all parts of the pairs" if len(whole.pairs) > count else ""
    periods = " over all periods, each with its factor" if free.periods else ""
    return Fairness(
        demands=tuple(asked),
        tiers=tiers,
        free_gap=result.gap,
        only_plan=tuple(sorted(built - other)),
        only_free=tuple(sorted(other - built)),
        cost_of_both=least,
        both_proven=proven,
        worth_plan=mine.objective,
        worth_free=best.objective,
        counted=f"weight{parts}{periods}",
        budget=free.budget or 0,
        money=free.money,
    )


def _cost_of_both(tiers: Sequence[TierPrice], gap: float, ask: Ask) -> tuple[int | None, bool]:
    """Return the least cost of what demands give to tiers and, in all, of as much as without them.

    Returns
    -------
    tuple
        The cost, None where it was not found or the demands cost nothing; and whether it is proven.
    """
    if sum(tier.gained for tier in tiers) >= 0:
        return None, False
    least = [(tier.tier, tier.plan) for tier in tiers if tier.gained > 0]
    wanted = sum(tier.free for tier in tiers)
    both = Case(name="with both at least cost", demands=False, least=(*least, (ALL_PAIRS, wanted)))
    result = ask(both)
    return (result.cost if result.has_plan else None), result.is_proven(gap)
