"""A Dask cluster gives the outcomes of the other executors, whatever is lost on the way."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest
from task_drawing import begins, doubles, stop_command, task, wait_for

from optimiser.problem.errors import EnvironmentFault, JobError
from optimiser.tasks import address_of, executor_of, run_tasks
from optimiser.tasks.child_processes import ChildProcesses
from optimiser.tasks.running import kept_path

pytest.importorskip("distributed", reason="the extra cluster is not installed")
from optimiser.tasks import dask_cluster
from optimiser.tasks.dask_cluster import DaskCluster

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are a matter of POSIX")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("POLYRING_CACHE", str(tmp_path / "cache"))


@pytest.fixture(name="cluster", scope="module")
def cluster_fixture():
    """One local cluster for all tests."""
    with DaskCluster(workers=2) as executor:
        yield executor


def results(outcomes):
    return {key: (one.name, one.value, one.fault) for key, one in outcomes.items()}


def task_processes():
    """Return the child processes in which tasks of the local workers run."""
    found = psutil.Process().children(recursive=True)
    return [process for process in found if "optimiser.tasks.worker" in process.cmdline()]


# ---- the same outcomes


@pytest.mark.long
def test_outcomes_are_those_of_child_processes_with_poison_among_them(cluster):
    content = b"shared by some"
    address = address_of(content)
    tasks = [
        *doubles(30),
        task("leave", "leave"),
        task("killed", "get_killed"),
        task("fail", "fail", number=7),
        task("greedy", "eat_memory", memory_mb=2000),
        *(replace(task(f"read {n}", "read", address=address, n=n), contents=(address,)) for n in range(9)),
    ]
    on_cluster = run_tasks(tasks, {address: content}, cluster)
    assert {one.name for one in on_cluster.values() if one.quarantined} == {
        "leave",
        "killed",
        "fail",
        "greedy",
    }
    assert all(one.attempts == (3 if one.quarantined else 1) for one in on_cluster.values())
    for one in tasks:
        kept_path(one.key).unlink(missing_ok=True)
    with ChildProcesses(2) as executor:
        assert results(run_tasks(tasks, {address: content}, executor)) == results(on_cluster)


@pytest.mark.long
def test_a_task_that_hangs_is_ended_and_its_worker_goes_on(cluster):
    workers = set(cluster.client.nthreads())
    found = run_tasks([task("hang", "hang", limit_s=0.05), *doubles(5)], {}, cluster)
    assert [one.fault for one in found.values() if one.quarantined] == [
        "it did not end within its time limit of 0.05 s and was ended"
    ]
    assert set(cluster.client.nthreads()) == workers


def test_contents_are_given_once_to_each_worker_and_to_one_that_joins_later(cluster):
    content = b"x" * 2**20
    address = address_of(content)
    tasks = [replace(task(f"read {n}", "read", address=address, n=n), contents=(address,)) for n in range(20)]
    found = run_tasks(tasks, {address: content}, cluster)
    assert {one.value for one in found.values()} == {content.decode()}
    first = cluster.client.run(_written, address)
    assert len(first) == 2
    assert {size for size, _ in first.values()} == {len(content)}
    more = [replace(one, payload={**one.payload, "again": True}) for one in tasks]
    assert {one.value for one in run_tasks(more, {address: content}, cluster).values()} == {content.decode()}
    assert cluster.client.run(_written, address) == first
    cluster.cluster.scale(3)
    try:
        cluster.client.wait_for_workers(3, timeout=60)
        assert [*cluster.client.run(_written, address).values()][-1][0] == len(content)
        assert {size for size, _ in cluster.client.run(_written, address).values()} == {len(content)}
    finally:
        cluster.cluster.scale(2)
        wait_for(lambda: len(cluster.client.nthreads()) == 2)


def _written(address, dask_worker):
    """Return the size of a content in the folder of a worker, and when it was written."""
    found = (Path(dask_worker.local_directory) / "contents" / address).stat()
    return found.st_size, found.st_mtime_ns


def test_the_scheduler_forgets_tasks_as_they_end(cluster):
    most = []
    tasks = doubles(60)
    run_tasks(tasks, {}, cluster, watch=lambda _p: most.append(len(cluster.cluster.scheduler.tasks)))
    assert 0 < max(most) <= dask_cluster.IN_FLIGHT * 2 + 8
    wait_for(lambda: not cluster.cluster.scheduler.tasks)


def test_the_dashboard_counts_kinds_of_tasks(cluster):
    (one,) = run_tasks([task("case 17", "double", number=17)], {}, cluster).values()
    assert one.name == "case 17"
    assert "case" in cluster.cluster.scheduler.task_prefixes


def listening():
    """Return the addresses at which this process and those it started listen."""
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    sockets = [one for process in processes for one in process.net_connections()]
    return {(one.laddr.ip, one.laddr.port) for one in sockets if one.status == psutil.CONN_LISTEN}


INTRUDER = """
import asyncio, os, pickle, sys
from distributed.core import rpc
os.setgid(65534)
os.setuid(65534)

async def ask(port):
    try:
        async with rpc("tcp://127.0.0.1:" + port) as found:
            answer = await asyncio.wait_for(found.run_function(function=pickle.dumps(os.getuid)), 3)
            print("taken:", answer["result"])
    except Exception as error:
        print("refused:", type(error).__name__)

for port in sys.argv[1:]:
    asyncio.run(ask(port))
"""
"""Becomes another user, then asks whatever listens to run code."""


def intrude(folder, ports):
    """Let another user of this machine run code by whatever listens at some ports; return what was said."""
    if os.getuid() != 0:
        pytest.skip("only root becomes another user")
    script = folder / "intruder.py"
    script.write_text(INTRUDER)
    command = [sys.executable, str(script), *map(str, ports)]
    environment = {**os.environ, "HOME": str(folder), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        command, env=environment, cwd="/", capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout.split("\n")[:-1]


def test_a_local_cluster_takes_no_code_from_another_user(tmp_path, cluster):
    run_tasks(doubles(2), {}, cluster)
    found = listening()
    assert {ip for ip, _ in found} == {"127.0.0.1"}
    said = intrude(tmp_path, [port for _, port in found])
    assert len(said) == len(found) >= 1
    assert all(line.startswith("refused: ") for line in said)
    with urlopen(cluster.dashboard) as page:  # noqa: S310 - our own address
        assert page.status == 200


@pytest.mark.long
def test_a_scheduler_without_tls_takes_code_from_another_user(tmp_path):
    """What the page on clusters warns of; and the intruder of the test above is one."""
    port = free_port()
    with scheduler_at(port):
        assert intrude(tmp_path, [port]) == [f"taken: {os.getuid()}"]


# ---- losses


@pytest.mark.long
def test_a_killed_worker_loses_no_task_and_none_is_counted_twice(tmp_path):
    tasks = [*doubles(1), *begins(tmp_path, [0.5] * 6)]
    killed, done, port = [], [], free_port()
    with (
        scheduler_at(port),
        worker_of(port, tmp_path / "a") as victim,
        worker_of(port, tmp_path / "b"),
        DaskCluster(address=f"127.0.0.1:{port}") as executor,
    ):
        executor.client.wait_for_workers(2, timeout=60)

        def end(progress):
            done.append(progress.done)
            if progress.done == 1:
                wait_for(psutil.Process(victim.pid).children)
                killed.extend(psutil.Process(victim.pid).children())
                victim.kill()

        found = run_tasks(tasks, {}, executor, watch=end)
        assert executor.workers == 1
    assert [one.value for one in found.values()] == [{"twice": 0}, *["slept"] * 6]
    assert done == list(range(8))
    assert psutil.wait_procs(killed, timeout=60)[1] == []


def test_a_stop_ends_the_processes_of_tasks_and_leaves_the_workers(tmp_path, cluster):
    tasks = [*doubles(1), *begins(tmp_path, (600, 600))]
    running = []

    def stop(progress):
        if progress.done == 1:
            wait_for(lambda: all((tmp_path / f"mark {n}").exists() for n in range(2)))
            running.extend(task_processes())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as stopped:
        run_tasks(tasks, {}, cluster, watch=stop)
    assert stopped.value.__notes__ == ["1 of 3 tasks are done and kept."]
    assert len(running) == 2
    assert psutil.wait_procs(running, timeout=60)[1] == []
    found = run_tasks(doubles(4), {}, cluster)
    assert [one.value["twice"] for one in found.values()] == [0, 2, 4, 6]


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_signal_leaves_no_process_of_a_local_cluster(number, tmp_path):
    processes = stop_command(number, tmp_path, "local")
    assert processes >= 2
    assert len(list((tmp_path / "cache" / "tasks").glob("*/*.json"))) == 2


# ---- an existing scheduler


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def started(*words):
    """Start `dask` with some words; end it with all its processes."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    command = [sys.executable, "-m", "dask", *words]
    process = subprocess.Popen(command, env=environment, start_new_session=True, **quiet)
    try:
        yield process
    finally:
        kill(process)


def kill(process):
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def answers(port):
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@contextmanager
def scheduler_at(port):
    with started("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard") as process:
        wait_for(lambda: answers(port))
        yield process


def worker_of(port, folder):
    where = ("--local-directory", str(folder), "--no-dashboard", "--no-nanny", "--nthreads", "1")
    return started("worker", f"tcp://127.0.0.1:{port}", "--host", "127.0.0.1", *where)


@pytest.mark.long
def test_a_lost_scheduler_is_found_again_and_nothing_is_done_twice(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(dask_cluster, "CONNECT_S", 2.0)
    port, content = free_port(), b"shared"
    address = address_of(content)
    reads = [replace(task(f"read {n}", "read", address=address, n=n), contents=(address,)) for n in range(4)]
    tasks = [*reads[:2], *begins(tmp_path, [0.3] * 4), *reads[2:]]
    arrived = []
    with (
        scheduler_at(port) as scheduler,
        worker_of(port, tmp_path),
        DaskCluster(address=f"127.0.0.1:{port}") as executor,
    ):
        running = executor.run(tasks, {address: content})
        arrived += [next(running) for _ in range(3)]
        kill(scheduler)
        with scheduler_at(port), worker_of(port, tmp_path):
            arrived += list(running)
    assert sorted(one.key for one in arrived) == sorted(one.key for one in tasks)
    assert {one.value for one in arrived} == {"shared", "slept"}
    assert "found again" in caplog.text


@pytest.mark.long
def test_a_scheduler_that_stays_lost_ends_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr(dask_cluster, "CONNECT_S", 2.0)
    monkeypatch.setattr(dask_cluster, "RECONNECT_S", 1.0)
    port = free_port()
    with scheduler_at(port) as scheduler, DaskCluster(address=f"127.0.0.1:{port}") as executor:
        assert executor.workers == 0
        kill(scheduler)
        with pytest.raises(EnvironmentFault, match="no Dask scheduler answers") as fault:
            run_tasks(doubles(1), {}, executor)
    assert "goes on from there" in str(fault.value)


def test_no_scheduler_is_said_within_seconds(monkeypatch):
    monkeypatch.setattr(dask_cluster, "CONNECT_S", 0.5)
    with (
        pytest.raises(EnvironmentFault, match="no Dask scheduler answers") as fault,
        DaskCluster(address=f"tcp://127.0.0.1:{free_port()}"),
    ):
        pass
    assert "dask scheduler" in str(fault.value)


def test_a_nonsensical_address_is_a_fault():
    with pytest.raises(EnvironmentFault, match="no Dask scheduler"), DaskCluster(address="carrier://pigeon"):
        pass


def test_a_worker_of_another_version_ends_the_run(cluster, monkeypatch):
    """The workers are threads of the command here."""
    names = {threading.main_thread(): "a command"}
    version = lambda: names.get(threading.current_thread(), "a worker")  # noqa: E731 - as short as that
    monkeypatch.setattr(dask_cluster.cache, "code_version", version)
    with pytest.raises(EnvironmentFault, match="another version of polyring"):
        run_tasks(doubles(2), {}, cluster)


# ---- choice


def test_executor_of_makes_clusters():
    assert isinstance(executor_of(workers=2, cluster="local"), DaskCluster)
    assert executor_of(workers=2, cluster="local").workers == 2
    assert isinstance(executor_of(scheduler="tcp://127.0.0.1:1"), DaskCluster)


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({"cluster": "slurm"}, "'slurm' is unknown"),
        ({"scheduler": "a:1", "workers": 3}, "workers of its own"),
        ({"scheduler": "a:1", "cluster": "local"}, "workers of its own"),
    ],
)
def test_executor_of_refuses_contradictions(asked, text):
    with pytest.raises(JobError, match=text):
        executor_of(**asked)


def test_without_the_extra_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "optimiser.tasks.dask_cluster", None)
    with pytest.raises(EnvironmentFault, match="not installed") as fault:
        executor_of(cluster="local")
    assert "uv run --extra cluster" in str(fault.value)
