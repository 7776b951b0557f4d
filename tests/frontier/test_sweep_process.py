"""The process of a frontier answers, keeps what it knows, and leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
import time

import psutil
import pytest
from core_drawing import dense_problem, line

from optimiser.engine.search.task import Question
from optimiser.engine.solve import SolveFailure, solve
from optimiser.engine.sweep_process import SweepProcess
from optimiser.engine.task_process import TaskProcess
from optimiser.frontier import Limits, trace, tracing
from optimiser.problem.errors import SolverError

ASKED = Question(7, (0,), cheapest=False)


def task(problem):
    import json

    from optimiser.engine.presolve import reduce
    from optimiser.frontier.axes import axes_of, top_of
    from optimiser.problem import dumps

    reduced = reduce(top_of(problem)).problem
    measures = axes_of("two_way", problem).measures(reduced).tolist()
    return {"problem": json.loads(dumps(reduced)), "measures": measures, "seed": 1, "threads": 1}


def children():
    """Return the child processes, without the one of Python itself that tracks shared memory."""
    found = psutil.Process().children(recursive=True)
    return [child for child in found if "resource_tracker" not in " ".join(child.cmdline())]


def test_a_frontier_is_traced_in_a_process_that_ends_with_it():
    places = sorted(point.place for point in trace(line(), limits=Limits(points=0)))
    assert places == [(0, 2), (3, 14), (7, 18)]
    assert not children()


def test_leaving_a_frontier_early_ends_its_process():
    with tracing(dense_problem(5), limits=Limits(points=0)) as tracer:
        next(iter(tracer))
        assert len(children()) == 1
    assert not children()


def test_all_points_but_the_first_start_warm():
    warm = [point.warm for point in trace(dense_problem(5), limits=Limits(points=0))]
    assert warm == [False] + [True] * (len(warm) - 1)


def test_a_process_that_dies_is_told_and_the_next_question_has_a_new_one():
    with SweepProcess(task(line())) as process:
        first = process.ask(ASKED, seconds=20, gap=0, base=0, known=())
        children()[0].kill()
        time.sleep(0.2)
        lost = process.ask(ASKED, seconds=20, gap=0, base=0, known=())
        again = process.ask(ASKED, seconds=20, gap=0, base=0, known=[first.built])
    assert (lost.built, lost.reason) == (None, "memory")
    assert (again.built, again.reason, again.warm) == (first.built, "answered", False)


def test_a_process_that_cannot_start_is_a_fault_that_says_so():
    command = (sys.executable, "-c", "import sys; sys.exit('no library')")
    with (
        SweepProcess(task(line()), command=command) as process,
        pytest.raises(SolverError, match="no library"),
    ):
        process.ask(ASKED, seconds=5, gap=0, base=0, known=())


def test_a_killed_parent_takes_the_process_along():
    code = (
        "import time\n"
        "from optimiser.frontier import Limits, tracing\n"
        "from core_drawing import dense_problem\n"
        "with tracing(dense_problem(5), limits=Limits(points=0)) as tracer:\n"
        "    next(iter(tracer)); print('ready', flush=True); time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=_with_path())
    assert parent.stdout.readline().strip() == b"ready"
    child = psutil.Process(parent.pid).children(recursive=True)[0]
    parent.kill()
    parent.wait()
    _, alive = psutil.wait_procs([child], timeout=5)
    assert not alive


def _with_path():
    import os

    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def test_solves_that_share_a_process_answer_as_lone_ones_do():
    problem = line()
    with TaskProcess() as process:
        first = solve(problem, run=process)
        started = children()
        second = solve(problem.replace(budget=4), run=process)
        assert children() == started
    assert not children()
    assert (first.objective, first.status) == (18, "optimal")
    assert (second.objective, second.status) == (14, "optimal")


def test_a_shared_process_that_dies_is_told_and_the_next_task_has_a_new_one():
    with TaskProcess() as process:
        solve(line(), run=process)
        children()[0].kill()
        time.sleep(0.2)
        with pytest.raises(SolveFailure, match="killed"):
            solve(line(), run=process)
        assert solve(line(), run=process).status == "optimal"


def test_a_listener_that_fails_ends_the_shared_process_so_that_no_later_task_hears_of_it():
    def deaf(_point):
        raise RuntimeError

    with TaskProcess() as process:
        with pytest.raises(RuntimeError):
            solve(dense_problem(5), run=process, progress=deaf)
        assert not children()
        assert solve(line(), run=process).status == "optimal"
