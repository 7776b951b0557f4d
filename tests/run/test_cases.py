"""Cases are solved side by side from the plan of the job, and an interruption ends them all."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pandas as pd
import pytest
from core_drawing import line
from engine_running import HereProcess, outcome_of
from ring_square import CIRCUIT, design, square

from networks.intermodal import AccessParameters
from optimiser import verify
from optimiser.frontier.cases import Base, Case, People, resolve
from optimiser.job import find
from optimiser.problem.model import candidates_on, with_circuits
from optimiser.run import cases
from optimiser.run.cases import solve_cases

JOB = find("jing-jin-ji-links", settings=["solve.threads=2"]).job
CASES = tuple(Case(name=f"x{factor}", prices=(("all", float(factor)),)) for factor in (1, 2, 3))
OF_TRAINS = {
    "trains 10 % slower", "trains 10 % faster", "waits at most 15 min", "waits half as long again",
    "check-in 15 min", "access 5 min faster", "access 10 min slower",
}  # fmt: skip


@pytest.mark.parametrize(
    ("country", "definition", "has_trains", "left_out"),
    [
        ("CN", "door_to_door", True, set()),
        ("DE", "door_to_door", True, {"check-in 15 min"}),
        ("CN", "in_vehicle", True, {"check-in 15 min", "access 5 min faster", "access 10 min slower"}),
        ("NG", "door_to_door", False, OF_TRAINS),
    ],
)
def test_cases_that_change_nothing_are_left_out_with_the_reason(country, definition, has_trains, left_out):
    job = JOB.model_copy(update={"times": JOB.times.model_copy(update={"definition": definition})})
    roads = SimpleNamespace(table=pd.DataFrame({"mode": ["road"]}))
    access = AccessParameters.default(country)
    found = cases.senseless(job, roads, access, has_roads=True, has_trains=has_trains)
    assert set(found) == left_out
    assert all(found.values())
    assert cases.senseless(job, roads, access, has_roads=False, has_trains=has_trains) == found


def test_cases_on_roads_are_left_out_where_there_are_none():
    trains = SimpleNamespace(table=pd.DataFrame({"mode": ["rail"]}))
    access = AccessParameters.default("CN")
    found = cases.senseless(JOB, trains, access, has_roads=False, has_trains=True)
    assert set(found) == {"roads 10 % slower", "roads 10 % faster"}


def test_a_screening_has_further_cases_which_are_left_out_like_the_others():
    job = find("around").job
    none = SimpleNamespace(table=pd.DataFrame({"mode": []}))
    access = AccessParameters.default("NG")
    found = cases.senseless(job, none, access, has_roads=False, has_trains=False)
    assert set(found) == set(cases.UNCERTAIN)
    further = {
        "roads 25 % slower",
        "roads 25 % faster",
        "trains 40 % slower",
        "trains 60 % faster",
        "no trains",
    }
    assert set(found) - OF_TRAINS - {"roads 10 % slower", "roads 10 % faster"} == further


def base_of(problem):
    return Base(
        problem=problem,
        timer=lambda _changes: problem,
        costs={},
        people=People({"a": 1}, {"a": "small"}, (("a", "a"),) * len(problem.pairs)),
        factors=(1,) * len(problem.pairs),
    )


def planned(problem):
    return verify.check(problem, outcome_of(problem))


def test_each_case_has_the_row_of_a_solve_of_its_own_in_the_order_of_the_cases():
    base, seen = base_of(line()), []
    rows = solve_cases(base, CASES, planned(line()), JOB, (HereProcess(), HereProcess()), seen.append)
    assert [row["name"] for row in rows] == [case.name for case in CASES]
    assert sorted(text.split(": ")[1] for text in seen) == [case.name for case in CASES]
    for row, case in zip(rows, CASES, strict=True):
        alone = planned(resolve(base, case))
        assert (row["best"], row["gap"]) == (len(alone.covered), 0.0)


def test_circuits_of_the_plan_are_built_in_every_case():
    problem = design(square())
    assert candidates_on(problem, {"outer": CIRCUIT}) == {"east"}
    plain = with_circuits(problem, {"outer": CIRCUIT})
    assert [c.fixed for c in plain.candidates] == ["in", None]
    assert plain.rings == ()
    assert with_circuits(problem, {}) == problem.replace(rings=())


class Hanging:
    """A process that does nothing until it is closed."""

    def __init__(self):
        self.closed, self.begun, self.calls = threading.Event(), threading.Event(), 0

    def __call__(self, _task, _receive, *, time_limit_s):
        self.calls += 1
        self.begun.set()
        assert self.closed.wait(min(30.0, time_limit_s))
        raise OSError("closed")

    def close(self):
        self.closed.set()


def test_an_interruption_closes_every_process_and_starts_no_further_case():
    processes = Hanging(), Hanging()

    def interrupt(text):
        if text.startswith("Case 2"):
            processes[0].begun.wait(30)
            raise KeyboardInterrupt

    problem = line()
    plan = planned(problem)
    with pytest.raises(KeyboardInterrupt):
        solve_cases(base_of(problem), CASES, plan, JOB, processes, interrupt)
    assert all(process.closed.is_set() for process in processes)
    assert sum(process.calls for process in processes) == 1
