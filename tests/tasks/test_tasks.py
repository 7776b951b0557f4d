"""Every executor gives the same outcomes, whatever tasks do to their processes."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from dataclasses import replace

import psutil
import pytest
from task_drawing import begins, doubles, stop_command, task, wait_for

from optimiser.engine import child as child_module
from optimiser.engine.child import ChildProcess
from optimiser.problem.errors import EnvironmentFault
from optimiser.tasks import address_of, child_processes, executor_of, run_tasks
from optimiser.tasks.child_processes import ChildProcesses
from optimiser.tasks.running import InProcess, kept_path, load_kept


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("POLYRING_CACHE", str(tmp_path / "cache"))


@pytest.fixture(name="children", scope="module")
def children_fixture():
    """Two child processes for all tests that do not harm them."""
    with ChildProcesses(2) as executor:
        yield executor


def results(tasks, executor, contents=None):
    found = run_tasks(tasks, contents or {}, executor)
    return {one.name: (one.value, one.fault, one.attempts) for one in found.values()}


# ---- names and kept results


def test_a_task_is_named_by_what_its_outcome_depends_on():
    one = task("case 1", "double", number=1)
    same = [replace(one, name="another"), replace(one, time_limit_s=1.0), replace(one, memory_mb=99)]
    other = [
        replace(one, payload={"number": 2}),
        replace(one, function="task_functions:fail"),
        replace(one, contents=("ab",)),
    ]
    assert {each.key for each in same} == {one.key}
    assert len({each.key for each in (one, *other)}) == 4


def test_what_is_done_is_read_and_not_done_again(tmp_path):
    folder = tmp_path / "marks"
    folder.mkdir()
    tasks = [task("case", "fail_at_first", folder=str(folder), failures=0)]
    first = run_tasks(tasks, {}, InProcess())
    (folder / "a mark that would change the value").touch()
    lines = []
    again = run_tasks([replace(tasks[0], name="new name")], {}, InProcess(), watch=lines.append)
    (key,) = first
    assert again == {key: replace(first[key], name="new name")}
    assert [(one.total, one.kept, one.done) for one in lines] == [(1, 1, 1)]


def test_a_torn_result_is_made_again():
    (one,) = doubles(2)[1:]
    run_tasks([one], {}, InProcess())
    kept_path(one.key).write_text('{"value": {"twi')
    assert load_kept(one.key, "") is None
    assert run_tasks([one], {}, InProcess())[one.key].value == {"twice": 2}
    assert load_kept(one.key, "").value == {"twice": 2}


@pytest.mark.parametrize(("name", "value"), [("code", "0" * 64), ("format", "polyring-outcome/0")])
def test_a_result_of_another_version_is_asked_again_and_not_shown(name, value):
    (one,) = doubles(3)[2:]
    run_tasks([one], {}, InProcess())
    old = json.loads(kept_path(one.key).read_text())
    kept_path(one.key).write_text(json.dumps(old | {name: value, "value": {"twice": "of old"}}))
    assert load_kept(one.key, "") is None
    assert run_tasks([one], {}, InProcess())[one.key].value == {"twice": 4}
    assert json.loads(kept_path(one.key).read_text())[name] == old[name]


def test_what_is_added_when_a_task_begins_is_no_part_of_its_key():
    (one,) = doubles(8)[7:]
    late = replace(one, late=lambda: {"number": 20})
    assert late.key == one.key
    assert run_tasks([late], {}, InProcess())[one.key].value == {"twice": 40}


def test_results_that_were_not_used_for_long_are_removed():
    old, used = doubles(2)
    run_tasks([old, used], {}, InProcess())
    for one in (old, used):
        os.utime(kept_path(one.key), (0, 0))
    run_tasks([used], {}, InProcess())
    assert (kept_path(old.key).exists(), kept_path(used.key).exists()) == (False, True)


def test_faults_are_not_kept():
    poison = task("poison", "fail", number=3)
    assert run_tasks([poison], {}, InProcess())[poison.key].quarantined
    assert load_kept(poison.key, "") is None


def test_a_result_that_cannot_be_kept_is_a_fault_of_the_disk(monkeypatch, tmp_path):
    monkeypatch.setenv("POLYRING_CACHE", str(tmp_path / "file"))
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentFault, match="cannot be"):
        run_tasks(doubles(1), {}, InProcess())


def test_the_same_task_twice_is_done_once(children):
    one = doubles(1)[0]
    lines = []
    found = run_tasks([one, replace(one, name="again")], {}, children, watch=lines.append)
    assert [outcome.value for outcome in found.values()] == [{"twice": 0}]
    assert lines[-1].total == 1


# ---- executors


@pytest.mark.parametrize("poison", ["fail", "return_nan"])
def test_errors_are_the_same_in_this_process_and_in_children(poison, children):
    tasks = [*doubles(3), task("poison", poison, number=5)]
    here = results(tasks, InProcess())
    assert here["poison"][1:] in {
        ("ValueError: bad number 5", 3),
        ("ValueError: Out of range float values are not JSON compliant: nan", 3),
    }
    for one in doubles(3):
        kept_path(one.key).unlink()
    assert results(tasks, children) == here


def test_outcomes_come_in_the_order_of_the_tasks(children):
    tasks = doubles(20)
    found = run_tasks(tasks, {}, children)
    assert list(found) == [one.key for one in tasks]
    assert [one.value["twice"] for one in found.values()] == list(range(0, 40, 2))
    assert {one.worker for one in found.values()} <= {"child 1", "child 2"}


def test_contents_are_read_by_address(children):
    content = b"shared by all"
    address = address_of(content)
    one = replace(task("case", "read", address=address), contents=(address,))
    assert results([one], children, {address: content}) == {"case": ("shared by all", "", 1)}
    assert results([replace(one, name="here")], InProcess(), {address: content})["here"][0] == "shared by all"


def test_wrong_and_missing_contents_are_refused():
    one = replace(doubles(1)[0], contents=("0" * 64,))
    with pytest.raises(ValueError, match=r"missing: \['000"):
        run_tasks([one], {}, InProcess())
    with pytest.raises(ValueError, match=r"wrong address: \['11"):
        run_tasks([], {"11": b"x"}, InProcess())


def test_outside_its_block_an_executor_does_nothing():
    with pytest.raises(ValueError, match="within the block"):
        list(ChildProcesses(1).run([], {"address": b"content"}))


def test_children_are_kept_from_task_to_task(children):
    first, second = (
        {
            one.value
            for one in run_tasks(
                [task(f"{k} {n}", "process_id", n=n, k=k) for n in range(9)], {}, children
            ).values()
        }
        for k in "ab"
    )
    assert len(first | second) <= 2


POISON = {
    "leave": (task("leave", "leave"), "the child process ended with exit code 7"),
    "get_killed": (
        task("get_killed", "get_killed"),
        "the child process was killed (signal 9), probably for lack of memory",
    ),
    "eat_memory": (
        task("eat_memory", "eat_memory", memory_mb=2000),
        "the memory limit of 2000 MB was reached",
    ),
    "hang": (
        task("hang", "hang", limit_s=0.1),
        "it did not end within its time limit of 0.1 s and was ended",
    ),
}


@pytest.mark.parametrize("kind", POISON)
def test_poison_kills_its_own_child_alone_and_is_named(kind, monkeypatch):
    monkeypatch.setattr(child_module, "OVERRUN_S", 0.2)
    poison, fault = POISON[kind]
    with ChildProcesses(2) as executor:
        found = results([*doubles(4), poison, *doubles(9)[4:]], executor)
    assert found.pop(kind) == (None, fault, 3)
    assert found == {f"case {n}": ({"twice": 2 * n}, "", 1) for n in range(9)}


def test_a_task_whose_process_dies_twice_is_done_at_the_third_attempt(tmp_path, children):
    one = task("case", "fail_at_first", folder=str(tmp_path), failures=2)
    (tmp_path / "cache").mkdir(exist_ok=True)
    assert results([one], children)["case"][2] in {2, 3}


def test_what_a_task_prints_is_no_message(children):
    assert results([task("case", "print_much")], children) == {"case": (None, "", 1)}


def test_a_child_that_cannot_be_started_stops_all(monkeypatch):
    monkeypatch.setattr(child_processes, "WORKER", ("/does/not/exist",))
    with ChildProcesses(2) as executor, pytest.raises(EnvironmentFault, match="cannot be started"):
        run_tasks(doubles(5), {}, executor)


def test_executor_of_takes_the_number_of_processes():
    assert isinstance(executor_of(workers=0), InProcess)
    assert executor_of(workers=3).workers == 3
    assert executor_of().workers >= 1


# ---- progress, stop and resume


def test_progress_has_rate_and_time_left(children):
    lines = []
    run_tasks([*doubles(3), task("poison", "fail", number=1)], {}, children, watch=lines.append)
    assert [one.done for one in lines] == [0, 1, 2, 3, 4]
    assert lines[0].latest is None
    assert lines[0].left_s is None
    assert lines[-1].left_s == 0
    assert lines[-1].quarantined == 1
    assert lines[-1].rate == pytest.approx(4 / lines[-1].seconds)
    assert str(replace(lines[-1], done=2, total=8, kept=1, seconds=60.0)) == (
        "2 of 8 done, 1 of them kept from before, 1 quarantined, 1 a minute, about 6 min left"
    )
    assert str(replace(lines[-1], done=4, total=8, seconds=2.0, quarantined=0)) == (
        "4 of 8 done, 2 a second, about 2 s left"
    )


def test_a_stop_leaves_no_process_keeps_what_is_done_and_says_so(tmp_path):
    tasks = [*doubles(3), *begins(tmp_path, (600, 600))]

    def stop(progress):
        if progress.done == 3:
            wait_for(lambda: all((tmp_path / f"mark {n}").exists() for n in range(2)))
            raise KeyboardInterrupt

    begun = set(psutil.Process().children(recursive=True))
    with ChildProcesses(2) as executor:
        with pytest.raises(KeyboardInterrupt) as stopped:
            run_tasks(tasks, {}, executor, watch=stop)
        time.sleep(0.1)
        assert results(doubles(3), executor) == {f"case {n}": ({"twice": 2 * n}, "", 1) for n in range(3)}
    assert set(psutil.Process().children(recursive=True)) <= begun
    assert stopped.value.__notes__ == ["3 of 5 tasks are done and kept."]


@pytest.mark.long
@pytest.mark.skipif(os.name == "nt", reason="signals are a matter of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_leaves_no_process_and_what_is_done(number, tmp_path):
    processes = stop_command(number, tmp_path, "none")
    assert processes == 2
    files = list((tmp_path / "cache" / "tasks").glob("*/*.json"))
    assert sorted(json.loads(file.read_text())["name"] for file in files) == ["sleep 0", "sleep 1"]


def test_a_kill_from_another_thread_ends_a_task_of_a_child():
    child = ChildProcess([sys.executable, "-c", "import time; time.sleep(600)"], name="the child process")
    timer = threading.Timer(0.3, child.kill)
    timer.start()
    with child:
        ending = child({}, print, time_limit_s=600)
    assert (ending.reason, ending.message[:28]) == ("memory", "the child process was killed")
