"""Cases are solved from the plan of the job."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest
from base_drawing import plain_base
from core_drawing import line
from engine_running import HereProcess, outcome_of
from ring_square import CIRCUIT, design, square

from networks.intermodal import AccessParameters
from optimiser import verify
from optimiser.frontier.cases import Case, resolve
from optimiser.job import find, sections
from optimiser.job.sections import UNCERTAIN
from optimiser.problem.model import candidates_on, with_circuits
from optimiser.studies import answers, cases
from optimiser.tasks import address_of
from optimiser.tasks.running import InProcess

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
    found = cases.not_applicable(job, roads, access, has_roads=True, has_trains=has_trains)
    assert set(found) == left_out
    assert all(found.values())
    assert cases.not_applicable(job, roads, access, has_roads=False, has_trains=has_trains) == found


def test_cases_on_roads_are_left_out_where_there_are_none():
    trains = SimpleNamespace(table=pd.DataFrame({"mode": ["rail"]}))
    access = AccessParameters.default("CN")
    found = cases.not_applicable(JOB, trains, access, has_roads=False, has_trains=True)
    assert set(found) == {"roads 10 % slower", "roads 10 % faster"}


def test_the_stated_cases_are_those_that_a_job_may_name():
    names = tuple(row["name"] for row in sections.CASES)
    assert len(names) == len(set(names))
    assert sections.Cases(only=names).only == names
    with pytest.raises(ValueError, match="roads 10 % slower"):
        sections.Cases(only=("roads 11 % slower",))
    of_kinds = [row["on"] for row in sections.CASES if "on" in row]
    assert len(UNCERTAIN) == len(of_kinds)  # each kind is one that is looked for


def test_a_screening_has_further_cases_which_are_left_out_like_the_others():
    job = find("around").job
    none = SimpleNamespace(table=pd.DataFrame({"mode": []}))
    access = AccessParameters.default("NG")
    found = cases.not_applicable(job, none, access, has_roads=False, has_trains=False)
    assert set(found) == set(UNCERTAIN)
    further = {
        "roads 25 % slower",
        "roads 25 % faster",
        "trains 40 % slower",
        "trains 60 % faster",
        "no trains",
    }
    assert set(found) - OF_TRAINS - {"roads 10 % slower", "roads 10 % faster"} == further


def planned(problem):
    return verify.check(problem, outcome_of(problem))


@pytest.fixture
def base(tmp_path, monkeypatch):
    """The base of a line, known to tasks that are done in this process."""
    monkeypatch.setenv("POLYRING_CACHE", str(tmp_path))
    found = plain_base(line())
    known = answers.ProcessState(base=(address_of(b"line"), found), engine=HereProcess())
    monkeypatch.setattr(answers, "STATE", known)
    return found


def tasks_of(limit_s=None):
    plan = planned(line())
    given = {"built": list(plan.built), "starts": {}, "rings": {}}
    settings = JOB.solve.model_copy(update={"time_limit_s": 20.0})
    return [
        answers.case_task(
            address_of(b"line"), case, settings, name=f"case {case.name}", plan=given, limit_s=limit_s
        )
        for case in CASES
    ]


def test_each_case_has_the_row_of_a_solve_of_its_own_in_the_order_of_the_cases(base):
    outcomes = answers.answers(tasks_of(), [b"line"], InProcess())
    rows = [cases.case_row(case, one.value) for case, one in zip(CASES, outcomes, strict=True)]
    assert [row["name"] for row in rows] == [case.name for case in CASES]
    for row, case in zip(rows, CASES, strict=True):
        alone = planned(resolve(base, case))
        assert (row["best"], row["gap"]) == (len(alone.covered), 0.0)
        assert row["built"] == list(alone.built)


@pytest.mark.usefixtures("base")
def test_answers_are_kept_and_not_asked_again(monkeypatch):
    first = answers.answers(tasks_of(), [b"line"], InProcess())
    monkeypatch.setattr(answers.solving, "solve", None)
    seen = []
    assert answers.answers(tasks_of(), [b"line"], InProcess(), seen.append) == first
    assert [(state.kept, state.total) for state in seen] == [(3, 3)]


@pytest.mark.usefixtures("base")
def test_a_case_gets_the_limit_that_holds_when_it_begins_and_keeps_its_key(monkeypatch):
    limits = []

    def solve(problem, settings, **_others):
        limits.append(settings.time_limit_s)
        return outcome_of(problem)

    monkeypatch.setattr(answers.solving, "solve", solve)
    left = iter([9.0, 5.0, 0.0])
    under = tasks_of(lambda: next(left))
    assert [task.key for task in under] == [task.key for task in tasks_of()]
    answers.answers(under, [b"line"], InProcess())
    assert limits == [9.0, 5.0, 0.0]


@pytest.mark.usefixtures("base")
def test_what_a_limit_in_seconds_cuts_short_is_marked_and_asked_again_and_all_else_kept_whatever_the_limit(
    monkeypatch,
):
    own, asked = answers.solving.solve, []

    def solve(problem, settings, **others):
        asked.append(settings.time_limit_s)
        found = own(problem, settings, **others)
        return found.replace(termination="time") if len(asked) == 2 else found

    monkeypatch.setattr(answers.solving, "solve", solve)
    first = answers.answers(tasks_of(), [b"line"], InProcess())
    rows = [cases.case_row(case, one.value) for case, one in zip(CASES, first, strict=True)]
    assert [row["ended"] for row in rows] == ["proof", "time", "proof"]
    second = answers.answers(tasks_of(lambda: 50.0), [b"line"], InProcess())  # another limit
    assert asked == [20.0, 20.0, 20.0, 50.0]
    assert [one.value["termination"] for one in second] == ["proof", "proof", "proof"]


def test_circuits_of_the_plan_are_built_in_every_case():
    problem = design(square())
    assert candidates_on(problem, {"outer": CIRCUIT}) == {"east"}
    plain = with_circuits(problem, {"outer": CIRCUIT})
    assert [c.fixed for c in plain.candidates] == ["in", None]
    assert plain.rings == ()
    assert with_circuits(problem, {}) == problem.replace(rings=())


@pytest.mark.parametrize(("most", "only", "is_asked"), [(60, (), True), (59, (), False), (0, ("a",), True)])
def test_a_large_problem_is_asked_only_the_cases_that_the_job_names(monkeypatch, most, only, is_asked):
    job = JOB.model_copy(update={"cases": JOB.cases.model_copy(update={"draws": 2, "only": only})})
    monkeypatch.setattr(
        cases, "MOST_ASKED", most
    )  # three cases and two draws, of 4 pairs and 3 candidates each
    found = cases.too_long(job, SimpleNamespace(pairs=range(4), candidates=range(3)), CASES)
    assert set(found) == (set() if is_asked else {case.name for case in CASES})
    for why in found.values():
        assert why.startswith(
            "too long for 4 pairs and 3 candidates, as are joint draws; “polyring cases RUN --set"
        )
