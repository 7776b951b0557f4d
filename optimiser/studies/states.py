"""Ask the alternatives of a job: other budgets or rings, shares of the pairs, each a plan with its proof."""

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
from optimiser.job.model import did_you_mean
from optimiser.job.sections import AS_CHOSEN, RING_WORDS, Alternative, Solve
from optimiser.measures.order import MarginalValues, build_order
from optimiser.measures.valuation import Valuer
from optimiser.problem import DesignProblem
from optimiser.problem.errors import JobError
from optimiser.problem.result import Result, parse
from optimiser.report.geopackage import write_geojson
from optimiser.report.inputs import StateShown, StateStep
from optimiser.report.tables import write_csv
from optimiser.report.wording import money
from optimiser.run import pipeline, reporting, store
from optimiser.run.chain import Chain
from optimiser.run.demands import budgets_of, least_weight
from optimiser.run.folder import seal
from optimiser.run.measuring import exact_seconds
from optimiser.run.pipeline import Written
from optimiser.run.reporting import Answers
from optimiser.run.solving import within_limit
from optimiser.studies import answers as asking
from optimiser.studies import cases, folders
from optimiser.studies.answers import AskedBase, case_task, counted_of, solve_case, solved_by
from optimiser.tasks import Contents, Executor, TaskProgress, cache, executor_of
from optimiser.verify import Plan

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
            least = ((whose, least_weight(share, pairs)),)
            counted = Case(weight_exponent=0.0, demands=False, least=least, **changes)
            found[f"{one.name}, {100 * share:g} %"] = counted
    else:
        named = {f"{one.name}, {amount:,}": amount for amount in budgets_of(one, problem.budget)}
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


def refuse_unknown(alternatives: Sequence[Alternative], problem: DesignProblem) -> None:
    """Refuse alternatives that name candidates or rings which do not exist, all of them at once."""
    rings = [*RING_WORDS, *(ring.id for ring in problem.rings)]
    named = [
        (one.name, what, name, known)
        for one in alternatives
        for what, names, known in (
            ("candidate", (*one.fixed_in, *one.fixed_out), list(problem.index)),
            ("ring", one.rings, rings),
        )
        for name in names
        if name not in known
    ]
    if named:
        faults = [
            f"'{of}': no {what} has the id '{name}'{did_you_mean(name, known)}"
            for of, what, name, known in named
        ]
        raise JobError(
            "alternatives name what does not exist",
            where="alternatives",
            faults=faults,
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
    return row | ({"order": ordered(counted, result.built)} if counted.pairs else {})


def ordered(counted: DesignProblem, built: Sequence[str]) -> list[tuple[str, list[int]]]:
    """Return what is built in the order of building, with the pairs that come within the limit at each step.

    Parameters
    ----------
    counted
        The problem whose pairs all count within the limit.
    built
        Ids of the plan.
    """
    valuer = Valuer.of(counted)
    links, values = build_order(valuer, built).links, MarginalValues.of(valuer, built)
    covered = [values.covered(links[:at]) for at in range(len(links) + 1)]
    return [(name, sorted(covered[at + 1] - covered[at])) for at, name in enumerate(links)]


@dataclass(frozen=True)
class Asking:
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

    done: Written
    process: ChildProcess
    executor: Executor

    @cached_property
    def base(self) -> AskedBase:
        """What all states are resolved from."""
        return AskedBase(self.done.chain, process=self.process)

    @property
    def alternatives(self) -> tuple[Alternative, ...]:
        """The alternatives of the job."""
        return self.done.chain.loaded.job.alternatives

    def settings(self, one: Alternative) -> Solve:
        """Return how the states of an alternative are solved."""
        solve = self.done.chain.loaded.job.solve
        threads = max(1, (solve.threads or cores()) // max(1, self.executor.workers))
        gap = solve.gap if one.gap is None else one.gap
        return solve.model_copy(update={"gap": gap, "time_limit_s": one.time_limit_s, "threads": threads})

    def answers(self) -> list[tuple[StateShown, Result | None]]:
        """Return all states, the plan of the job first; where the same is asked twice, the first stands."""
        base, chain = self.base.base, self.done.chain
        refuse_unknown(self.alternatives, base.problem)
        best = self._best_ring()
        least = self._least_costs(best)
        states = dict[str, State]()
        for one in self.alternatives:
            for state in states_of(one, base.problem, best):
                states.setdefault(str((replace(state.case, name="").as_dict(), one.gap)), state)
        dear = {state.name: why for state in states.values() if (why := self._too_dear(state, least))}
        asked = [state for state in states.values() if state.name not in dear]
        found = dict(zip([state.name for state in asked], self._ask(asked, "states", "States"), strict=True))
        own = Alternative(name=AS_CHOSEN, gap=chain.loaded.job.solve.gap)
        order = ordered(chain.counted.value, self.done.plan.built)
        found[AS_CHOSEN] = {"result": chain.result.as_dict(), "order": order}
        return [
            shown_of(
                base, state, found.get(state.name), self.settings(state.of).gap, dear.get(state.name, "")
            )
            for state in (State(AS_CHOSEN, Case(), own), *states.values())
        ]

    def _too_dear(self, state: State, least: Mapping[str, Result]) -> str:
        """Return that the rings of a state cost more than its budget, in a sentence; empty if they do not."""
        result, budget = least.get(state.of.name), state.case.budget
        if result is None or budget is None or result.bound is None or result.bound <= budget:
            return ""
        return self._least_needed(result, state.case.rings_required)

    def _least_needed(self, result: Result, rings: Sequence[str]) -> str:
        cost = result.cost if result.has_plan and result.gap == 0 else int(result.bound or 0)
        words = "cost" if result.gap == 0 else "cost at least"
        what = f"the ring {rings[0]} alone costs" if len(rings) == 1 else f"the rings alone {words}"
        return f"{what[:1].upper()}{what[1:]} {money(cost or 0, self.base.base.problem.money)}."

    def _least_costs(self, best: str | None) -> dict[str, Result]:
        """Return the plan of least cost that forms the rings of each alternative which requires some."""
        problem, states = self.base.base.problem, list[State]()
        for one in self.alternatives:
            without = one.shares or ("best" in one.rings and best is None)
            changes = {} if without else ring_changes(one, problem, best)
            if changes.get("rings_required"):
                case = Case(
                    least=((ALL_PAIRS, 0),), fixed_in=one.fixed_in, fixed_out=one.fixed_out, **changes
                )
                states.append(State(one.name, case, one))
        values = self._ask(states, "ring costs", "What rings cost at least")
        answered = (
            (one, value["result"]) for one, value in zip(states, values, strict=True) if "result" in value
        )
        return {one.name: parse(result) for one, result in answered}

    def _best_ring(self) -> str | None:
        """Return the ring of the best plan at the budget of the job, what the ring earns included.

        Each ring alone is required, without its reward; this is added to what the plan is worth. Of equal
        ones it is the first.
        """
        problem, scale = self.base.base.problem, self.done.chain.weight_scale
        rings = [ring for ring in problem.rings if ring.links]
        asking = [one for one in self.alternatives if "best" in one.rings]
        if not asking or not rings:
            return None
        if len(rings) == 1:
            return rings[0].id
        states = [State(ring.id, Case(**only_rings((ring.id,), problem)), asking[0]) for ring in rings]
        worth = dict[str, int]()
        for ring, value in zip(rings, self._ask(states, "best ring", "The best ring"), strict=True):
            result = parse(value["result"]) if "result" in value else None
            if result is not None and result.has_plan and result.objective is not None:
                worth[ring.id] = result.objective + scale * ring.reward
        return max(worth, key=lambda name: worth[name], default=None)

    def _ask(self, states: Sequence[State], step: str, title: str) -> list[dict[str, Any]]:
        """Return the values of `solve_state`; where a task failed, `fault`."""
        if not states:
            return []
        progress = self.done.chain.progress
        tasks = [
            replace(
                case_task(
                    self.base.address, one.case, self.settings(one.of), name=f"state {one.name}", whole=True
                ),
                function="optimiser.studies.states:solve_state",
            )
            for one in states
        ]

        def watch(state: TaskProgress) -> None:
            progress.begins(f"{title}: {state}")

        with progress.step(step, title), solved_by(self.process):
            outcomes = asking.answers(tasks, [self.base.content], self.executor, watch)
        return [one.value or {"fault": one.fault} for one in outcomes]


def shown_of(
    base: Base, state: State, value: Mapping[str, Any] | None, gap: float, dear: str = ""
) -> tuple[StateShown, Result | None]:
    """Return a state as it is shown, once its plan is checked, and its result; None where it has no plan.

    Parameters
    ----------
    base
        What cases are resolved from.
    state
        The state.
    value
        What `solve_state` returned, or the `fault` of its task; None where it was not asked.
    gap
        Gap up to which it counts as proven.
    dear
        Why it cannot have a plan; empty where that is not known beforehand.
    """
    known: dict[str, Any] = {
        "name": state.name,
        "rings": state.of.name,
        "ring_ids": state.case.rings_required,
        "budget": None if state.case.least else resolve(base, state.case).budget,
        "case": state.case.as_dict(),
    }
    if dear:
        return StateShown(**known, status="infeasible", is_proven=True, why=dear), None
    if value is None or "result" not in value:
        why = f"It could not be solved: {(value or {}).get('fault', '')}."
        return StateShown(**known, why=why), None
    result, problem = parse(value["result"]), resolve(base, state.case)
    if not result.has_plan:
        proven = result.status == "infeasible"
        if proven:
            verify.check(problem, result)
        why = "No plan meets this." if proven else "No plan was found in time, and none is excluded."
        status = "infeasible" if proven else "unknown"
        why = f"{why} {result.message}".strip()
        return StateShown(**known, status=status, is_proven=proven, why=why), None
    counted = counted_of(base, state.case)
    plan = within_limit(counted, verify.check(problem, result))
    shown = StateShown(
        **known,
        status=plan.status,
        cost=plan.cost,
        objective=plan.objective,
        bound=plan.bound,
        gap=plan.gap,
        is_proven=result.is_proven(gap),
        covered=tuple(plan.covered),
        order=tuple(StateStep(name, problem.cost_of([name]), tuple(pairs)) for name, pairs in value["order"]),
        circuits={ring: tuple(links) for ring, links in plan.rings.items()},
    )
    return shown, result


# ---- files


def write_states(
    folder: Path, chain: Chain, plan: Plan, base: Base, found: Iterable[tuple[StateShown, Result | None]]
) -> None:
    """Write a folder for each state with a plan: problem, result, plan and certificate, tables, summary."""
    planned = [(state, result) for state, result in found if result is not None and state.name != AS_CHOSEN]
    every = sorted({name for _, result in planned for name in result.built})
    # Exact times are prepared once, for everything that some state builds.
    measured = chain.measured(chain.counted.value, replace(plan, built=tuple(every)))
    for state, result in planned:
        problem, counted = (make(base, case_from(state.case)) for make in (resolve, counted_of))
        own = verify.check(problem, result)
        within = within_limit(counted, own)
        seconds = exact_seconds(measured, within.built)
        findings = chain.findings_of(chain.loaded.job, counted, result, within, seconds=seconds)
        shown, home = reporting.assemble_report(findings), folder / state.slug
        home.mkdir()
        for name, table in reports.csv_tables(shown).items():
            write_csv(table, home / name)
        write_geojson(shown, home)
        folders.write_plan(home, problem, own, findings, shown)
        seal(home)


def ask(done: Written, process: ChildProcess, *, workers: int | None = None) -> Written:
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
    if not job.alternatives:
        return done
    chain.progress.ends(f"The page is written ({done.folder / 'report.html'}); to come: the alternatives.")

    def make(folder: Path) -> None:
        with executor_of(workers=cases.workers_of(job, workers)) as executor:
            asked = Asking(done, process, executor)
            found = asked.answers()
        (folder / PLANS).mkdir()
        with chain.progress.step("state files", "Writing the states"):
            write_states(folder / PLANS, chain, done.plan, asked.base.base, found)
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
    before = reporting.answers_of(done.summary) or Answers()
    parts = {"states": outcome.folder / PLANS}
    done = pipeline.amend(done, answers=replace(before, states=states), parts=parts)
    if not all(state.is_proven for state in states):
        cache.forget(outcome)  # the next run gives what was not proven in time more of it
    return done


def follow(done: Written, process: ChildProcess) -> Written:
    """Ask a run that has just been written all that its job asks besides: alternatives, plausible cases."""
    done = ask(done, process)
    return cases.ask(done, process) if done.chain.loaded.job.cases.enabled else done
