from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from core_drawing import line

from optimiser import verify
from optimiser.engine import process
from optimiser.engine.process import hard_limit_s, run_child
from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import SolveFailure, solve
from optimiser.problem import dumps

POSIX = pytest.mark.skipif(os.name == "nt", reason="signals and groups are a matter of POSIX")


def shim(body):
    """Return the command of a solver process that reads its task and then does as it likes."""
    head = "import json,os,sys,time;task=sys.stdin.buffer.readline()\n"
    say = "def say(**m): print(json.dumps(m),flush=True)\n"
    return [sys.executable, "-c", head + say + body]


@pytest.fixture
def solve_with(monkeypatch):
    def run(body, **limits):
        monkeypatch.setattr(process, "WORKER", shim(body))
        return solve(line(), params=SolveParameters(threads=1, **limits))

    return run


PLAN = 'say(kind="ready");say(kind="plan",step="s",built=[0,1]);'


@pytest.mark.parametrize(
    ("body", "ending"),
    [
        ("os._exit(3)", "crash"),
        (PLAN + "raise SystemExit('boom')", "crash"),
        (PLAN + "print('hello',flush=True)", "crash"),
        ('say(kind="failed",reason="memory",message="full")', "memory"),
        pytest.param(PLAN + "os.kill(os.getpid(),9)", "memory", marks=POSIX),
        pytest.param("os.kill(os.getpid(),11)", "crash", marks=POSIX),
        (
            'say(kind="ready");say(kind="bound",step="s",bound=3.0);say(kind="done",reason="proof",seconds=0)',
            "refused",
        ),
        (
            'say(kind="ready");say(kind="plan",step="s",built=[0,77]);say(kind="done",reason="time",seconds=0)',
            "refused",
        ),
        ('say(kind="ready");say(kind="plan",step="s");say(kind="done",reason="time",seconds=0)', "refused"),
        (
            'say(kind="ready");say(kind="bound",step="s",bound="x");say(kind="done",reason="time",seconds=0)',
            "refused",
        ),
        ('say(kind="ready");say(kind="done",reason="proof",seconds=0)', "refused"),
    ],
)
def test_a_solver_that_fails_or_lies_leaves_a_checked_plan_and_an_honest_bound(body, ending, solve_with):
    with pytest.raises(SolveFailure) as caught:
        solve_with(body)
    result = caught.value.result
    assert caught.value.exit_code == 4
    assert result.termination == ending
    assert result.bound == 18.0
    verify.check(line(), result)


def test_the_best_plan_before_a_crash_is_kept(solve_with):
    with pytest.raises(SolveFailure) as caught:
        solve_with('say(kind="ready");say(kind="plan",step="s",built=[1]);os._exit(1)')
    assert caught.value.result.built == ("bd",)


def test_a_crash_before_any_plan_leaves_the_plan_of_the_reverse_greedy(solve_with):
    with pytest.raises(SolveFailure) as caught:
        solve_with("os._exit(1)")
    assert caught.value.result.built == ("ac", "bd")


def test_a_solver_that_hangs_is_killed_at_its_hard_limit(monkeypatch, solve_with):
    monkeypatch.setattr(process, "hard_limit_s", lambda limit_s: limit_s + 0.5)
    begun = time.monotonic()
    with pytest.raises(SolveFailure, match="time limit") as caught:
        solve_with(PLAN + "time.sleep(60)", time_limit_s=0.1)
    assert time.monotonic() - begun < 10
    assert caught.value.result.built == ("ac", "bd")


def test_the_hard_limit_is_the_time_limit_and_a_fifth_and_ten_seconds():
    assert hard_limit_s(600.0) == 730.0


def test_an_end_of_the_child_with_a_trace_tells_it():
    ending = run_child({}, print, time_limit_s=1, command=shim("raise ValueError('odd')"))
    assert "ValueError: odd" in ending.message


PARENT = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background shell lets its children ignore it
from optimiser.problem import load
from optimiser.engine import process
process.WORKER = [sys.executable, "-c", "import os,sys,threading,time\\n" + {child!r}]
from optimiser.engine.solve import solve
print("go", flush=True)
solve(load({path!r}))
"""


def start_parent(tmp_path, child):
    path = tmp_path / "problem.json"
    path.write_text(dumps(line()), encoding="utf-8")
    code = PARENT.format(child=child, path=str(path))
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def child_of(parent):
    parent.stdout.readline()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        children = psutil.Process(parent.pid).children(recursive=True)
        if children:
            return children[0]
        time.sleep(0.02)
    raise AssertionError("no child process was started")


def is_gone(child, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not child.is_running() or child.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


OWN_WORKER = (
    "from optimiser.engine.backends import worker\nworker._run=lambda *a: time.sleep(60)\nworker.main()"
)


@POSIX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_solver_process_outlives_its_parent(number, tmp_path):
    parent = start_parent(tmp_path, OWN_WORKER)
    child = child_of(parent)
    time.sleep(0.5)
    parent.send_signal(number)
    parent.wait(timeout=10)
    assert is_gone(child, 5)


@POSIX
def test_a_solver_process_that_ignores_everything_is_killed_on_interrupt(tmp_path):
    deaf = "import signal\nsignal.signal(2,signal.SIG_IGN);signal.signal(15,signal.SIG_IGN);time.sleep(60)"
    parent = start_parent(tmp_path, deaf)
    child = child_of(parent)
    time.sleep(0.5)
    parent.send_signal(signal.SIGINT)
    parent.wait(timeout=10)
    assert is_gone(child, 5)


def test_the_task_travels_as_json():
    heard = []
    body = 'say(kind="plan",step="s",built=json.loads(task)["x"]);say(kind="done",reason="time",seconds=0)'
    run_child({"x": [1]}, heard.append, time_limit_s=1, command=shim(body))
    assert heard == [json.loads('{"kind":"plan","step":"s","built":[1]}')]
