"""Evenly placed points of a frontier are the same whether one session answers them or tasks do."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

import pytest
from core_drawing import dense_problem
from engine_running import HereProcess
from ring_drawing import ringed
from tiers import thinned

from optimiser.frontier import Limits, Memory, askers, tracing
from optimiser.frontier.tracer import curve
from optimiser.job.sections import Frontier, Solve
from optimiser.studies import frontier
from optimiser.studies.frontier import answer_ahead, traced_curve
from optimiser.tasks import executor_of
from optimiser.tasks.running import InProcess
from optimiser.tasks.task import Outcome, Task

EVEN = Limits(points=12, placing="even", point_s=20.0, total_s=60.0)


@pytest.fixture
def here(monkeypatch):
    """Let solvers answer in this process, which spares the start of another one."""
    monkeypatch.setattr(askers, "ChildProcess", HereProcess)


class Watched(InProcess):
    """Does tasks in this process, notes them, and fails those that `broken` names by their number."""

    def __init__(self, broken=()):
        self.tasks, self.broken = [], broken

    def run(self, tasks, contents):
        for number, task in enumerate(tasks):
            self.tasks.append(task)
            if number in self.broken:
                yield Outcome(key=task.key, name=task.name, fault="it crashed", attempts=3)
            else:
                yield from super().run([task], contents)


def traced(problem, executor=None, *, limits=EVEN, memory=None, **axes):
    """Return the tracer of a frontier that has ended, and its curve."""
    ahead = None if executor is None else partial(answer_ahead, executor=executor, watch=lambda _tracer: None)
    with tracing(problem, limits=limits, memory=memory, ahead=ahead, threads=1, **axes) as tracer:
        list(tracer)
        return tracer, curve(tracer)


def shown(found):
    """Return what a curve says, without the times of its answers."""
    points = [(p.place, p.bound, p.status, p.plan.built, p.plan.rings) for p in found.points]
    return points, found.band, found.proved, found.knee, found.ended, found.open_boxes


@pytest.mark.parametrize("seed", thinned([5, 3, 7, 31, 42], 1))
@pytest.mark.parametrize("axes", ["two_way", "three_way"])
def test_tasks_find_the_curve_of_one_session(seed, axes, here):
    problem = dense_problem(seed)
    groups = tuple(sorted(group for group in problem.groups if group))[:2] if axes == "three_way" else ()
    if axes == "three_way" and len(groups) < 2:
        pytest.skip("drawn without two groups")
    alone, expected = traced(problem, axes=axes, groups=groups)
    executor = Watched()
    tracer, found = traced(problem, executor, axes=axes, groups=groups)
    assert shown(found) == shown(expected)
    assert found.points
    assert found.faults == ()
    # Only the ends, and what must be known before them, are asked in the session itself.
    assert not executor.tasks or tracer.state.answers < alone.state.answers


@pytest.mark.long
def test_a_problem_with_rings_finds_the_same_curve(here):
    executor = Watched()
    assert shown(traced(ringed(), executor)[1]) == shown(traced(ringed())[1])
    assert executor.tasks


@pytest.mark.long
def test_child_processes_find_the_curve_of_one_session(here):
    problem = dense_problem(5)
    with executor_of(workers=2) as executor:
        tracer, found = traced(problem, executor)
    assert tracer.state.ahead
    assert shown(found) == shown(traced(problem)[1])


def test_a_portion_that_fails_is_answered_by_the_session_and_named(here):
    expected = shown(traced(dense_problem(5))[1])
    _, found = traced(dense_problem(5), Watched(broken=(0,)))
    assert shown(found) == expected
    (fault,) = found.faults
    assert fault.startswith("frontier from (")
    assert fault.endswith("failed and was answered here: it crashed")


def test_a_portion_whose_solver_fails_returns_what_it_knows(here, monkeypatch):
    executor = Watched()
    traced(dense_problem(5), executor)
    task = executor.tasks[0]
    ask, asked = askers.SessionAsker.ask, []

    def fail_later(self, question, **options):
        asked.append(question)
        found = ask(self, question, **options)
        return found if len(asked) <= 2 else replace(found, reason="crash", message="it broke")

    (whole,) = InProcess().run([task], contents_of(dense_problem(5)))
    monkeypatch.setattr(askers.SessionAsker, "ask", fail_later)
    (part,) = InProcess().run([task], contents_of(dense_problem(5)))
    assert [one["asked"] for one in part.value] == [one["asked"] for one in whole.value][:2]


def contents_of(problem):
    from optimiser.problem import dumps
    from optimiser.tasks import address_of

    text = dumps(problem).encode()
    return {address_of(text): text}


def test_answers_of_tasks_are_kept_and_known_levels_are_no_tasks(here):
    kept = {}
    memory = Memory(recall=kept.get, keep=lambda found: kept.__setitem__(found.asked, found))
    first, again = Watched(), Watched()
    _, expected = traced(dense_problem(5), first, memory=memory)
    _, found = traced(dense_problem(5), again, memory=memory)
    assert first.tasks
    assert again.tasks == []
    assert shown(found) == shown(expected)


def test_tasks_end_with_the_time_limit_of_the_frontier(here, monkeypatch):
    monkeypatch.setattr(frontier, "PORTION", 1)
    executor, problem = Watched(), dense_problem(5)

    def ahead(tracer, levels, _seconds):
        assert len(levels) > 1
        yield from answer_ahead(tracer, levels, 0.0, executor=executor, watch=lambda _tracer: None)

    with tracing(problem, limits=EVEN, ahead=ahead, threads=1) as tracer:
        list(tracer)
    assert len(executor.tasks) == 1
    assert shown(curve(tracer)) == shown(traced(problem)[1])


def test_a_task_names_its_portion_and_stays_small(here):
    executor = Watched()
    traced(dense_problem(5), executor)
    for task in executor.tasks:
        assert isinstance(task, Task)
        assert 1 <= len(task.payload["levels"]) <= frontier.PORTION
        assert len(json.dumps(task.payload)) < 1_000
        assert task.time_limit_s <= EVEN.total_s
    assert len({task.key for task in executor.tasks}) == len(executor.tasks)


@pytest.mark.long
def test_the_widest_band_is_searched_by_one_session(here, tmp_path, monkeypatch):
    monkeypatch.setenv("POLYRING_CACHE", str(tmp_path))  # answers of an earlier call of pytest are not asked
    executor = Watched()
    settings = Frontier(points=6, placing="widest")
    traced_curve(dense_problem(5), settings, Solve(threads=1), lambda _tracer: None, executor=executor)
    assert executor.tasks == []
    settings = settings.model_copy(update={"placing": "even"})
    found = traced_curve(dense_problem(5), settings, Solve(), lambda _tracer: None, executor=executor)
    assert executor.tasks
    assert {point.threads for point in found.points} == {1}
