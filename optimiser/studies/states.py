"""Ask the alternatives of a job: other budgets or rings, shares of the pairs, each a plan with its proof."""

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from optimiser import report as reports
from optimiser import verify
from optimiser.engine.child import ChildProcess
from optimiser.engine.search.task import cores
from optimiser.frontier.cases import ALL_KINDS, ALL_PAIRS, Base, Case, case_from, resolve
from optimiser.job.model import LoadedJob, askable, did_you_mean
from optimiser.job.sections import AS_CHOSEN, RING_WORDS, Alternative, Solve
from optimiser.measures.order import MarginalValues, build_order, links_of_rings
from optimiser.measures.valuation import Valuer
from optimiser.problem import DesignProblem, errors
from optimiser.problem.result import Result, parse, rounded_bound
from optimiser.report.geopackage import write_geojson
from optimiser.report.inputs import OF_PLAN, ReportInput, StateShown, StateStep
from optimiser.report.tables import write_csv
from optimiser.report.wording import money
from optimiser.run import demands, measuring, pipeline, reporting, solving, store
from optimiser.run.chain import Chain
from optimiser.run.folder import CHECKSUMS, seal
from optimiser.studies import answers as asking
from optimiser.studies import cases, folders
from optimiser.studies.answers import AskedBase, case_task, counted_of, solve_case, solved_by
from optimiser.tasks import Contents, Executor, cache, executor_of

PLANS, STATES = "plans", "states.json"
"""What is kept of all states: a folder with that of each plan, and the list of the states."""


@dataclass(frozen=True, slots=True)
class State:
    """A question of an alternative: one budget, or one share of the pairs.

    Attributes
    ----------
    name
        Unique among those of a job.
    case
        What differs from the job.
    of
        The alternative.
    """

    name: str
    case: Case
    of: Alternative


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to a state.

    Attributes
    ----------
    result
        What the solver claims; None where it was not asked, or failed.
    order
        Its plan as `ordered` returns it.
    why, is_infeasible
        Why there is no result, and whether that proves that there is no plan.
    """

    result: Result | None = None
    order: Sequence[tuple[str, Sequence[int]]] = ()
    why: str = ""
    is_infeasible: bool = False


NOTHING = Answered()


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan of a state: the problem, the one whose pairs all count, what is claimed, found, and counts."""

    problem: DesignProblem
    counted: DesignProblem
    result: Result
    checked: verify.Plan
    plan: verify.Plan


# ---- what is asked


def states_of(one: Alternative, problem: DesignProblem, best: str | None = None) -> Iterator[State]:
    """Yield the states of an alternative, the cheapest first.

    Parameters
    ----------
    one
        The alternative.
    problem
        The problem of the job, its pairs without steps.
    best
        Id of the best ring; None where there is none, and then an alternative that asks for it has no state.
    """
    if "best" in one.rings and best is None:
        return
    changes: dict[str, Any] = {
        "prices": () if one.prices is None else ((ALL_KINDS, one.prices),),
        "fixed_in": one.fixed_in,
        "fixed_out": one.fixed_out,
        **ring_changes(one, problem, best),
    }
    found = dict[str, Case]()
    if one.shares:
        pairs = sum(one.of in ("all", pair.group) for pair in problem.pairs)
        whose = ALL_PAIRS if one.of == "all" else one.of
        for share in sorted(set(one.shares)):
            least = ((whose, demands.least_weight(share, pairs)),)
            counted = Case(weight_exponent=0.0, demands=False, least=least, **changes)
            found[f"{one.name}, {100 * share:g} %"] = counted
    else:
        named = {f"{one.name}, {amount:,}": amount for amount in demands.budgets_of(one, problem.budget)}
        budgets: dict[str, int | None] = {**named} or {one.name: problem.budget}
        found = {name: Case(budget=budget, **changes) for name, budget in budgets.items()}
    for given, case in found.items():
        name = one.name if len(found) == 1 else given
        yield State(name, replace(case, name=name), one)


def ring_changes(one: Alternative, problem: DesignProblem, best: str | None) -> dict[str, Any]:
    """Return how the rings of an alternative differ from those of the job, as fields of a case.

    A ring that no circuit can form is left out of `all`.
    """
    if one.rings == (AS_CHOSEN,) and not one.shares:
        return {}
    every = {"best": (best or "",), "all": tuple(ring.id for ring in problem.rings if ring.links)}
    ids = every.get(one.rings[0], one.rings) if one.rings else ()
    if not ids or not {*ids}.isdisjoint((AS_CHOSEN, "none")):
        return {"rings": False}
    return only_rings(ids, problem)


def only_rings(ids: tuple[str, ...], problem: DesignProblem) -> dict[str, Any]:
    """Return the fields of a case whose plan forms some rings, and no other."""
    others = tuple(ring.id for ring in problem.rings if ring.id not in ids)
    return {"rings_required": ids, "rings_dropped": others}


def refuse_unknown(
    alternatives: Sequence[Alternative], problem: DesignProblem, ends: Mapping[str, str]
) -> None:
    """Refuse alternatives that name candidates or rings which do not exist, all of them at once."""
    rings = [*RING_WORDS, *(ring.id for ring in problem.rings)]
    known = {"candidate": {one: ends.get(one, "") for one in problem.index}, "ring": dict.fromkeys(rings, "")}
    faults = [
        f"'{one.name}': no {what} has the id '{name}'{did_you_mean(name, known[what])}"
        for one in alternatives
        for what, names in (("candidate", (*one.fixed_in, *one.fixed_out)), ("ring", one.rings))
        for name in names
        if name not in known[what]
    ]
    errors.JobError.refuse(
        faults,
        "alternatives name what does not exist",
        where="alternatives",
        done="The plan is written; no alternative was asked.",
        remedy="candidates.csv and rings.csv of the run folder list all ids.",
    )


# ---- asking


def solve_state(payload: Mapping[str, Any], contents: Contents) -> dict[str, Any]:
    """Solve a state and put its plan into the order of building: the function of a task.

    Returns
    -------
    dict
        `result` as of `solve_case`; with a plan `order`: ids, and pairs that come within the limit with each.
    """
    row = solve_case(payload, contents)
    result = parse(row["result"])
    if not result.has_plan or asking.STATE.base is None:
        return row
    counted = counted_of(asking.STATE.base[1], case_from(payload["case"]))
    return row | ({"order": ordered(counted, result.built, result.rings)} if counted.pairs else {})


def ordered(
    counted: DesignProblem, built: Sequence[str], circuits: Mapping[str, Sequence[int]]
) -> list[tuple[str, list[int]]]:
    """Return what is built in the order of building, with the pairs that come within the limit at each step.

    Parameters
    ----------
    counted
        The problem whose pairs all count within the limit.
    built
        Ids of the plan.
    circuits
        Positions of the links of each ring that it forms.
    """
    valuer = Valuer.of(counted)
    links, values = (
        build_order(valuer, built, links_of_rings(counted, circuits)).links,
        MarginalValues.of(valuer, built),
    )
    covered = [values.covered(links[:at]) for at in range(len(links) + 1)]
    return [(name, sorted(covered[at + 1] - covered[at])) for at, name in enumerate(links)]


@dataclass(frozen=True)
class AskedStates:
    """The alternatives of a finished run, asked by one executor.

    Attributes
    ----------
    done
        The run.
    process
        Solves what is done in this process.
    executor
        Does the tasks, within its block.
    """

    done: pipeline.Written
    process: ChildProcess
    executor: Executor

    @cached_property
    def base(self) -> AskedBase:
        """What all states are resolved from."""
        return AskedBase(self.done.chain, process=self.process)

    @property
    def alternatives(self) -> tuple[Alternative, ...]:
        """The alternatives of the job."""
        return askable(self.done.chain.loaded.job)

    def settings(self, one: Alternative) -> Solve:
        """Return how the states of an alternative are solved."""
        solve = self.done.chain.loaded.job.solve
        threads = max(1, (solve.threads or cores()) // max(1, self.executor.workers))
        gap = solve.gap if one.gap is None else one.gap
        return solve.of_study(gap=gap, time_limit_s=one.time_limit_s, threads=threads)

    def answers(self) -> list[tuple[StateShown, Planned | None]]:
        """Return all states, the plan of the job first; where the same is asked twice, the first stands."""
        base, chain, states = self.base.base, self.done.chain, dict[str, State]()
        refuse_unknown(self.alternatives, base.problem, chain.candidates.value.ends)
        best = self._best_ring()
        for one in self.alternatives:
            for state in states_of(one, base.problem, best):
                states.setdefault(str((replace(state.case, name="").as_dict(), one.gap)), state)
        plan = State(AS_CHOSEN, Case(), Alternative(name=AS_CHOSEN))
        order = ordered(chain.counted.value, self.done.plan.built, self.done.plan.rings)
        found = {plan: Answered(chain.result, order)} | self._too_dear(list(states.values()), best)
        found |= self._answered([state for state in states.values() if state not in found])
        return [
            shown_of(base, state, found[state], self.settings(state.of).gap)
            for state in (plan, *states.values())
        ]

    def _best_ring(self) -> str | None:
        """Return the ring of the best plan at the budget of the job, what the ring earns included.

        Each ring alone is required, without its reward; this is added to what the plan is worth. Of equal
        ones it is the first.
        """
        problem, scale = self.base.base.problem, self.done.chain.weight_scale
        rings = [ring for ring in problem.rings if ring.links]
        wanting = [one for one in self.alternatives if "best" in one.rings]
        if not wanting or len(rings) <= 1:
            return rings[0].id if rings else None
        states = [State(ring.id, Case(**only_rings((ring.id,), problem)), wanting[0]) for ring in rings]
        found = [one.result for one in self._ask(states, "best ring", "The best ring")]
        if not all(one is not None and one.is_settled for one in found):
            self.done.chain.progress.ends(
                "Which ring is best is not known: not all could be asked to the end."
            )
            return None
        worth = {
            ring.id: one.objective + scale * ring.reward
            for ring, one in zip(rings, found, strict=True)
            if one is not None and one.has_plan
        }
        return max(worth, key=lambda name: worth[name], default=None)

    def _too_dear(self, states: Sequence[State], best: str | None) -> dict[State, Answered]:
        """Return the states whose rings alone cost more than they may spend, with what these cost."""
        problem, alone = self.base.base.problem, dict[str, State]()
        for one in self.alternatives:
            fields = {} if "best" in one.rings and best is None else ring_changes(one, problem, best)
            if fields.get("rings_required") and not one.shares:
                alone[one.name] = State(one.name, Case(least=((ALL_PAIRS, 0),), **fields), one)
        decided = any(one.fixed == "in" for one in problem.candidates)
        costs = self._ask(list(alone.values()), "ring costs", "What rings cost at least")
        least = dict(zip(alone, costs, strict=True))
        found = dict[State, Answered]()
        for state in states:
            result, rings = least.get(state.of.name, NOTHING).result, state.case.rings_required
            if result is None or state.case.budget is None or (result.bound or 0) <= state.case.budget:
                continue
            cost = money(int(result.bound or 0), problem.money)
            what, verb = (f"The ring {rings[0]}", "costs") if len(rings) == 1 else ("The rings", "cost")
            verb = "and what is decided cost" if decided else f"alone {verb}"
            why = f"{what} {verb}{'' if result.status == 'optimal' else ' at least'} {cost}."
            found[state] = Answered(why=why, is_infeasible=True)
        return found

    def _answered(self, states: Sequence[State]) -> dict[State, Answered]:
        """Return the answers to states.

        The largest budget of each alternative is asked first. A plan that is best there, and cheap enough for
        a smaller budget, is best there too: what is feasible with less money is feasible with more.
        """
        richest = {one.of.name: one for one in states}  # budgets rise
        first = list(richest.values())
        found = dict(zip(first, self._ask(first, "richest", "States of the largest budgets"), strict=True))
        for state in (one for one in states if one not in found):
            problem = resolve(self.base.base, state.case)
            one = found[richest[state.of.name]]
            if one.result is None or one.result.status != "optimal" or problem.budget is None:
                continue
            if one.result.cost <= problem.budget:
                found[state] = replace(one, result=replace(one.result, problem=problem.name))
        left = [state for state in states if state not in found]
        return found | dict(zip(left, self._ask(left, "states", "States"), strict=True))

    def _ask(self, states: Sequence[State], step: str, title: str) -> list[Answered]:
        """Return the answers of tasks."""
        if not states:
            return []
        progress, address = self.done.chain.progress, self.base.address
        tasks = [
            replace(
                case_task(address, one.case, self.settings(one.of), name=f"state {one.name}", whole=True),
                function="optimiser.studies.states:solve_state",
            )
            for one in states
        ]

        with progress.step(step, title), solved_by(self.process):
            outcomes = asking.answers(
                tasks, [self.base.content], self.executor, lambda now: progress.begins(f"{title}: {now}")
            )
        return [
            Answered(why=f"It could not be solved: {one.fault}.")
            if one.value is None
            else Answered(parse(one.value["result"]), one.value.get("order", ()))
            for one in outcomes
        ]


def shown_of(base: Base, state: State, found: Answered, gap: float) -> tuple[StateShown, Planned | None]:
    """Return a state as it is shown, once its plan is checked, and that plan; None where it has none.

    Parameters
    ----------
    base
        What cases are resolved from.
    state, found
        The state and its answer.
    gap
        Gap up to which it counts as proven.
    """
    problem, result = resolve(base, state.case), found.result
    is_of_several = "best" in state.of.rings and sum(bool(ring.links) for ring in base.problem.rings) > 1
    known: dict[str, Any] = {
        "best_at": base.problem.budget if is_of_several else None,
        "name": state.name,
        "rings": state.of.name,
        "ring_ids": state.case.rings_required,
        "budget": problem.budget,
        "case": state.case.as_dict(),
    }
    checked = None if result is None else verify.check(problem, result)
    if result is None or checked is None or not result.has_plan:
        is_infeasible = found.is_infeasible or (result is not None and result.status == "infeasible")
        words = "No plan does this, proven." if is_infeasible else "No plan was found; none is excluded."
        status = "infeasible" if is_infeasible else "unknown"
        return StateShown(**known, status=status, is_proven=is_infeasible, why=found.why or words), None
    counted = counted_of(base, state.case)
    plan = solving.within_limit(counted, checked)
    shown = StateShown(
        **known,
        status=plan.status,
        cost=plan.cost,
        objective=plan.objective,
        bound=None if plan.bound is None else rounded_bound(plan.bound, minimise=problem.budget is None),
        gap=plan.gap,
        is_proven=result.is_proven(gap),
        covered=tuple(plan.covered),
        order=tuple(StateStep(name, problem.cost_of([name]), tuple(pairs)) for name, pairs in found.order),
        circuits={ring: tuple(links) for ring, links in plan.rings.items()},
    )
    return shown, Planned(problem, counted, result, checked, plan)


# ---- files


def write_states(
    folder: Path, chain: Chain, plan: verify.Plan, found: Iterable[tuple[StateShown, Planned | None]]
) -> None:
    """Write a folder for each state with a plan: problem, result, plan and certificate, tables, summary."""
    planned = [(state, one) for state, one in found if one is not None and state.name != AS_CHOSEN]
    every = sorted({name for _, one in planned for name in one.plan.built})
    # Exact times are prepared once, for everything that some state builds.
    measured = chain.measured(chain.counted.value, replace(plan, built=tuple(every)))
    # What only the budget tells apart has the same tables.
    alike = dict[str, tuple[ReportInput, reporting.Findings, Path]]()
    for state, one in planned:
        home, case = folder / state.slug, {**state.case, "name": "", "budget": 0}
        key = repr((one.plan.built, one.plan.rings, case))
        if key in alike:
            shown, findings, first = alike[key]
            own = {name: getattr(one.plan, name) for name in OF_PLAN}
            shown = replace(shown, budget=one.problem.budget, **own)
            findings = replace(findings, problem=one.counted, result=one.result, plan=one.plan)
            shutil.copytree(first, home, ignore=shutil.ignore_patterns(CHECKSUMS))
        else:
            seconds = measuring.exact_seconds(measured, one.plan.built)
            findings = chain.findings_of(chain.loaded.job, one.counted, one.result, one.plan, seconds=seconds)
            shown = reporting.assemble_report(findings)
            home.mkdir()
            for name, table in reports.csv_tables(shown).items():
                write_csv(table, home / name)
            write_geojson(shown, home)
            alike[key] = shown, findings, home
        folders.write_plan(home, one.problem, one.checked, findings, shown)
        seal(home)


def ask(done: pipeline.Written, process: ChildProcess, *, workers: int | None = None) -> pipeline.Written:
    """Ask a finished run the alternatives of its job, and add the answers to its folder.

    Parameters
    ----------
    done
        The run.
    process
        Solves what is asked one after another; it stays open.
    workers
        States at a time; None: as plausible cases.
    """
    chain, job = done.chain, done.chain.loaded.job
    if not askable(job):
        return done
    page, none = done.folder / "report.html", "--set 'alternatives=[]' asks none of them"
    chain.progress.ends(f"The page is written ({page}); to come: the alternatives ({none}).")

    def make(folder: Path) -> None:
        with executor_of(workers=cases.workers_of(job, workers)) as executor:
            asked = AskedStates(done, process, executor)
            found = asked.answers()
        (folder / PLANS).mkdir()
        with chain.progress.step("state files", "Writing the states"):
            write_states(folder / PLANS, chain, done.plan, found)
        store.save_json(folder / STATES, [asdict(state) for state, _ in found])

    inputs = {
        "problem": chain.problem.key,
        "plan": done.plan.as_dict(),
        "alternatives": [one.model_dump() for one in job.alternatives],
        "solve": job.solve.model_dump(),
        "rings": chain.draft.key,
    }
    outcome = chain.outcome("alternatives", "Asking the alternatives", inputs, make)
    states = tuple(map(reporting.state_of, store.load_json(outcome.folder / STATES)))
    before = reporting.answers_of(done.summary) or reporting.Answers()
    parts = {"states": outcome.folder / PLANS}
    done = pipeline.amend(done, answers=replace(before, states=states), parts=parts)
    if not all(state.is_proven for state in states):
        cache.forget(outcome)  # the next run asks again what was cut short; the other answers are kept
    return done


def run(
    loaded: LoadedJob, process: ChildProcess, *, out: Path | None, progress: cache.Progress | None
) -> pipeline.Written:
    """Run a job as `pipeline.run` does, and ask all that it asks besides: alternatives, plausible cases."""
    done = pipeline.run(loaded, out=out, progress=progress, solver=process)
    try:
        done = ask(done, process)
    except errors.OptimiserError:
        pipeline.amend(done)  # without states the folder is whole, with picture and proof
        raise
    done = cases.ask(done, process) if loaded.job.cases.enabled else done
    pipeline.keep(done)
    return done
