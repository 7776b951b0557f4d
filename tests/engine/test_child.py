from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time

import psutil
import pytest
from core_drawing import dense_problem, line
from tiers import long_case

from optimiser import verify
from optimiser.engine import child as child_module
from optimiser.engine.child import ChildProcess, hard_limit_s
from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import SolveFailure, solve
from optimiser.problem import dumps, jsonfile
from optimiser.problem.errors import EnvironmentFault

POSIX = pytest.mark.skipif(os.name == "nt", reason="signals and groups are a matter of POSIX")

SEND = "import json,os,sys,time\ndef send(**m): print(json.dumps(m),flush=True)\n"


def shim(body):
    """Return the command of a child process that reads one task and then does as it likes."""
    return [sys.executable, "-c", SEND + "task=json.loads(sys.stdin.readline())\n" + body]


def repeating(body):
    """Return the command of a child process that does this for each task."""
    return [sys.executable, "-c", SEND + f"for line in sys.stdin:\n task=json.loads(line);{body}"]


@pytest.fixture
def solve_with(monkeypatch):
    def run(body, **limits):
        monkeypatch.setattr(child_module, "WORKER", shim(body))
        return solve(line(), params=SolveParameters(threads=1, **limits))

    return run


def children():
    """Return the child processes, without the one of Python itself that tracks shared memory."""
    found = psutil.Process().children(recursive=True)
    return [child for child in found if "resource_tracker" not in " ".join(child.cmdline())]


# ---- a solve whose child process fails or makes false claims

READY = 'send(kind="ready");'
PLAN = READY + 'send(kind="plan",step="s",built=["ac","bd"]);'


def ends(reason):
    return f"send(kind='done',reason={reason!r},seconds=0)"


@pytest.mark.parametrize(
    ("body", "termination"),
    [
        ("os._exit(3)", "crash"),
        (PLAN + "raise SystemExit('boom')", "crash"),
        (PLAN + "print('hello',flush=True)", "crash"),
        ('send(kind="failed",reason="memory",message="full")', "memory"),
        pytest.param(PLAN + "os.kill(os.getpid(),9)", "memory", marks=POSIX),
        pytest.param("os.kill(os.getpid(),11)", "crash", marks=POSIX),
        (READY + 'send(kind="bound",step="s",bound=3.0);' + ends("proof"), "refused"),
        (READY + 'send(kind="plan",step="s",built=["ac","xy"]);' + ends("time"), "refused"),
        (READY + 'send(kind="plan",step="s");' + ends("time"), "refused"),
        (READY + 'send(kind="bound",step="s",bound="x");' + ends("time"), "refused"),
        (READY + ends("proof"), "refused"),
    ],
)
def test_a_solver_that_fails_or_makes_false_claims_leaves_a_checked_plan_and_a_valid_bound(
    body, termination, solve_with
):
    with pytest.raises(SolveFailure) as caught:
        solve_with(body)
    result = caught.value.result
    assert caught.value.exit_code == 4
    assert result.termination == termination
    assert result.bound == 18.0
    verify.check(line(), result)


@POSIX
@pytest.mark.parametrize("variant", ["cuts", long_case("compact")])
def test_a_memory_limit_that_is_reached_is_named_and_a_plan_is_kept(variant):
    problem, params = dense_problem(5), SolveParameters(threads=1, memory_mb=60)
    with ChildProcess() as process:
        with pytest.raises(SolveFailure, match="the memory limit of 60 MB was reached") as caught:
            solve(problem, variant=variant, params=params, run=process)
        assert (caught.value.result.termination, caught.value.result.status) == ("memory", "feasible")
        assert verify.check(problem, caught.value.result).built
        assert solve(problem, params=params.replace(memory_mb=None), run=process).status == "optimal"


def test_the_best_plan_before_a_crash_is_kept(solve_with):
    with pytest.raises(SolveFailure) as caught:
        solve_with('send(kind="ready");send(kind="plan",step="s",built=["bd"]);os._exit(1)')
    assert caught.value.result.built == ("bd",)


def test_a_crash_before_any_plan_leaves_the_plan_of_the_reverse_greedy_heuristic(solve_with):
    with pytest.raises(SolveFailure) as caught:
        solve_with("os._exit(1)")
    assert caught.value.result.built == ("ac", "bd")


def test_a_solver_that_hangs_is_killed_at_its_hard_limit(monkeypatch, solve_with):
    monkeypatch.setattr(child_module, "hard_limit_s", lambda limit_s: limit_s + 0.5)
    body = 'send(kind="bound",step="s",bound=18.5);time.sleep(600)'
    result = solve_with(PLAN + body, time_limit_s=0.1)
    assert (result.built, result.bound) == (("ac", "bd"), 18.0)
    assert (result.termination, result.status) == ("killed", "optimal")
    assert "did not stop at its time limit" in result.message


def test_what_waits_at_the_hard_limit_is_read_before_the_solver_is_given_up(monkeypatch, tmp_path):
    """Checking the first plan takes longer than the solve may take; later ones wait meanwhile."""
    monkeypatch.setattr(child_module, "hard_limit_s", lambda limit_s: limit_s)
    heard = []

    def receive(message):
        heard.append(message)
        if message["kind"] == "plan" and message["n"] == 1:
            while not (tmp_path / "all sent").exists():
                time.sleep(0.02)
            time.sleep(1.2)

    body = READY + 'send(kind="plan",n=1);time.sleep(0.3);send(kind="plan",n=2);send(kind="plan",n=3);'
    body += f"open({str(tmp_path / 'all sent')!r},'w').close();"
    with ChildProcess(shim(body + "time.sleep(600)")) as process:
        assert process({}, receive, time_limit_s=1.0).reason == "killed"
    assert [message.get("n") for message in heard] == [None, 1, 3]
    with ChildProcess(shim(body + 'send(kind="done",reason="time",seconds=0)')) as process:
        assert process({}, receive, time_limit_s=1.0).reason == "time"


@POSIX
def test_temporary_files_of_a_killed_child_are_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(child_module, "hard_limit_s", lambda limit_s: limit_s)
    body = "import tempfile;open(tempfile.mkdtemp()+'/x','w').close();" + READY + "time.sleep(600)"
    with ChildProcess(shim(body)) as process:
        assert process({}, lambda _: None, time_limit_s=0.5).reason == "killed"
        assert not list(tmp_path.iterdir())


@POSIX
def test_temporary_files_of_a_killed_parent_are_removed_by_the_next_solve(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    abandoned = tmp_path / f"{jsonfile.PREFIX}x"
    abandoned.mkdir()
    (abandoned / ".lock").touch()
    with ChildProcess(shim(READY)) as process:
        process.start()
        assert len(list(tmp_path.glob(f"{jsonfile.PREFIX}*"))) == 1
        assert not abandoned.exists()
    assert not list(tmp_path.iterdir())


# ---- one task


def test_the_hard_limit_leaves_time_for_the_check_within_two_seconds_or_a_twentieth():
    assert hard_limit_s(1.0) == pytest.approx(2.6)
    assert hard_limit_s(600.0) == pytest.approx(624.0)


def test_tasks_and_messages_travel_as_json():
    heard = []
    body = 'send(kind="plan",step="s",built=task["x"]);send(kind="done",reason="time",seconds=2,nodes=7)'
    with ChildProcess(shim(body)) as process:
        ending = process({"x": [1]}, heard.append, time_limit_s=1)
    assert heard == [{"kind": "plan", "step": "s", "built": [1]}]
    assert (ending.reason, ending.seconds, dict(ending.details)) == ("time", 2.0, {"nodes": 7})


def test_the_ending_of_a_crashed_child_has_its_last_words():
    with ChildProcess(shim("raise ValueError('odd')")) as process:
        ending = process({}, print, time_limit_s=1)
        assert not process.is_running
    assert ending.reason == "crash"
    assert "ValueError: odd" in ending.message


def test_an_exception_in_the_worker_is_a_crash_with_its_message():
    with ChildProcess() as process:
        ending = process({"problem": 7}, print, time_limit_s=1)
    assert ending.reason == "crash"
    assert "Error" in ending.message


def test_the_clock_of_a_task_starts_when_the_child_is_ready(monkeypatch):
    """The child takes longer to start than the task may take."""
    monkeypatch.setattr(child_module, "hard_limit_s", lambda limit_s: limit_s)
    body = 'time.sleep(1.5);send(kind="ready");send(kind="done",reason="time",seconds=0)'
    with ChildProcess(shim(body)) as process:
        assert process({}, lambda _message: None, time_limit_s=1.0).reason == "time"


def test_a_child_that_does_not_start_in_time_is_killed(monkeypatch):
    monkeypatch.setattr(child_module, "STARTUP_S", 0.2)
    monkeypatch.setattr(child_module, "hard_limit_s", lambda _limit_s: 0.1)
    with ChildProcess(shim("time.sleep(600)")) as process:
        ending = process({}, print, time_limit_s=1)
        assert not process.is_running
    assert ending.reason == "killed"


def test_a_solver_that_hangs_before_the_clock_starts_has_its_limit_and_an_allowance(monkeypatch):
    assert [child_module.startup_s(limit_s) for limit_s in (1.0, 60.0, 86400.0)] == [121.0, 180.0, 300.0]
    monkeypatch.setattr(child_module, "ALLOWANCE_S", 0.2)
    begun = time.monotonic()
    with ChildProcess(shim("time.sleep(600)")) as process:
        ending = process({}, print, time_limit_s=0.3)
    assert (ending.reason, ending.message.split(" after ")[0]) == (
        "killed",
        "the solver process was not ready to start",
    )
    assert time.monotonic() - begun < 60
    body = 'time.sleep(0.5);send(kind="ready");send(kind="done",reason="time",seconds=0)'
    with ChildProcess(shim(body)) as process:  # beyond the allowance, and within it and the limit
        assert process({}, lambda _message: None, time_limit_s=30.0).reason == "time"


def test_a_program_that_does_not_exist_is_a_fault_of_the_environment(tmp_path):
    with (
        ChildProcess([str(tmp_path / "nothing")]) as process,
        pytest.raises(EnvironmentFault, match="cannot be started") as caught,
    ):
        process({}, print, time_limit_s=1)
    assert caught.value.exit_code == 5


# ---- several tasks in one child


def test_tasks_follow_each_other_in_one_child():
    with ChildProcess(
        repeating('send(kind="done",reason="time",seconds=task["n"],pid=os.getpid())')
    ) as process:
        endings = [process({"n": n}, print, time_limit_s=5) for n in range(3)]
        assert process.is_running
    assert [ending.seconds for ending in endings] == [0.0, 1.0, 2.0]
    assert len({ending.details["pid"] for ending in endings}) == 1
    assert not process.is_running


def test_a_task_may_ask_for_a_child_that_did_no_other():
    with ChildProcess(repeating('send(kind="done",reason="time",seconds=0,pid=os.getpid())')) as process:
        endings = [process({"fresh": fresh}, print, time_limit_s=5) for fresh in (True, False, True)]
    pids = [ending.details["pid"] for ending in endings]
    assert pids[0] == pids[1] != pids[2]


def test_after_a_crash_the_next_task_has_a_new_child():
    body = 'os._exit(3) if task["n"]==1 else send(kind="done",reason="time",seconds=0,pid=os.getpid())'
    with ChildProcess(repeating(body)) as process:
        endings = [process({"n": n}, print, time_limit_s=5) for n in range(3)]
    assert [ending.reason for ending in endings] == ["time", "crash", "time"]
    assert endings[0].details["pid"] != endings[2].details["pid"]


def test_after_the_hard_limit_the_next_task_has_a_new_child(monkeypatch):
    monkeypatch.setattr(child_module, "hard_limit_s", lambda limit_s: limit_s)
    body = 'send(kind="ready");time.sleep(task["wait"]);send(kind="done",reason="time",seconds=0)'
    with ChildProcess(repeating(body)) as process:
        endings = [process({"wait": wait}, lambda _: None, time_limit_s=1.0) for wait in (60, 0)]
    assert [ending.reason for ending in endings] == ["killed", "time"]


def test_an_exception_of_the_receiver_ends_the_child_so_that_no_later_task_hears_of_the_first():
    body = 'send(kind="plan",n=task["n"]);send(kind="done",reason="time",seconds=0)'
    heard = []

    def fail(_message):
        raise RuntimeError

    with ChildProcess(repeating(body)) as process:
        with pytest.raises(RuntimeError):
            process({"n": 1}, fail, time_limit_s=5)
        assert not process.is_running
        process({"n": 2}, heard.append, time_limit_s=5)
    assert [message["n"] for message in heard] == [2]


def test_solves_that_share_a_child_find_what_single_ones_find():
    with ChildProcess() as process:
        first = solve(line(), run=process)
        started = children()
        second = solve(line(budget=4), run=process)
        assert children() == started
    assert not children()
    assert (first.objective, first.status) == (18, "optimal")
    assert (second.objective, second.status) == (14, "optimal")


def test_a_shared_child_that_is_killed_fails_one_solve_and_the_next_has_a_new_one():
    with ChildProcess() as process:
        solve(line(), run=process)
        children()[0].kill()
        time.sleep(0.2)
        with pytest.raises(SolveFailure, match="killed"):
            solve(line(), run=process, params=SolveParameters(second_solver=False))
        assert solve(line(), run=process).status == "optimal"


def test_a_progress_function_that_fails_ends_the_shared_child():
    def fail(_point):
        raise RuntimeError

    with ChildProcess() as process:
        solve(line(), run=process)
        assert children()
        with pytest.raises(RuntimeError):
            solve(dense_problem(5), run=process, progress=fail)
        assert solve(line(), run=process).status == "optimal"


# ---- the end of the parent

PARENT = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background shell lets its children ignore it
from optimiser.problem import load
from optimiser.engine import child
child.WORKER = [sys.executable, "-c", {body!r}]
from optimiser.engine.solve import solve
print("go", flush=True)
solve(load({path!r}))
"""


@pytest.fixture
def parent_of(tmp_path):
    """Start a parent whose child does as it likes; return both."""
    started = []

    def start(body):
        path = tmp_path / "problem.json"
        path.write_text(dumps(line()), encoding="utf-8")
        parent = subprocess.Popen(
            [sys.executable, "-c", PARENT.format(body=body, path=str(path))],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        started.append(parent)
        child = child_of(parent)
        time.sleep(0.5)
        return parent, child

    yield start
    for parent in started:
        parent.kill()
        parent.wait()


def child_of(parent):
    parent.stdout.readline()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = psutil.Process(parent.pid).children(recursive=True)
        if found:
            return found[0]
        time.sleep(0.02)
    raise AssertionError("no child process was started")


def is_gone(child, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not child.is_running() or child.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


BUSY_WORKER = """
import time
from optimiser.engine import worker
worker.Session.do = lambda *_: time.sleep(600)
worker.main()
"""


@POSIX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_child_outlives_its_parent(number, parent_of):
    parent, child = parent_of(BUSY_WORKER)
    parent.send_signal(number)
    parent.wait(timeout=60)
    assert is_gone(child, 60)


@POSIX
def test_a_child_that_ignores_signals_is_killed_on_interrupt(parent_of):
    deaf = (
        "import signal,time\nsignal.signal(2,signal.SIG_IGN);signal.signal(15,signal.SIG_IGN);time.sleep(600)"
    )
    parent, child = parent_of(deaf)
    parent.send_signal(signal.SIGINT)
    parent.wait(timeout=60)
    assert is_gone(child, 60)


def test_a_worker_ends_when_its_input_is_closed():
    child = subprocess.Popen(list(child_module.WORKER), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        child.stdin.close()
        assert child.wait(timeout=30) == 1
    finally:
        child.kill()
        child.stdout.close()


def test_an_interrupted_solve_leaves_no_child(monkeypatch):
    monkeypatch.setattr(child_module, "WORKER", shim(PLAN + "time.sleep(600)"))

    def interrupt(_point):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        solve(line(), progress=interrupt)
    assert not children()
