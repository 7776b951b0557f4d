"""Do tasks on Dask distributed: a local cluster, or one that exists.

This is the only module that imports `distributed`; `running` imports it when one is asked for. Scheduler
and workers must have the same version of polyring as the command, with its extra `cluster`, where
`dask scheduler` and `dask worker` run. A worker of another version ends the run with a message; it
never contributes a result.

Whoever reaches a scheduler can run code on it and on its workers. Those of a local cluster are threads of the
command, which speak within it (`inproc://`): no other user of the machine reaches them, and what listens, on
127.0.0.1, is the dashboard. On a network use TLS by Dask's own configuration (`distributed.comm.tls`, `tls://`).

How a task travels: its Dask key begins with the first word of its name, so that the dashboard counts kinds.
Each worker thread keeps a child process, which does the work; a task that ends its process ends no worker.
Shared contents are plugins of Dask, which gives them once to each worker, and to those that join later before
any task; a worker keeps them in its local directory, which Dask removes with it. The scheduler forgets them
when the command leaves, but not when that is killed. Only `IN_FLIGHT` tasks a thread are known to the
scheduler at a time, so that its memory does not grow with their number.

Losses: a task whose worker is lost is given to another one by Dask, `ATTEMPTS` times as often as Dask's
`distributed.scheduler.allowed-failures` says, then quarantined. When the scheduler is lost, its address is
tried for `RECONNECT_S`, and the tasks that were under way are submitted again; results that have arrived are
not asked for again. Workers of a lost scheduler end; whatever started them must start them again.
"""

import logging
import queue
import tempfile
import threading
import time
import uuid
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self
from weakref import WeakKeyDictionary

import dask
import distributed
from distributed import CancelledError, Client, Future, KilledWorker, LocalCluster, Worker, get_worker

from optimiser.engine.child import ChildProcess
from optimiser.problem.errors import EnvironmentFault
from optimiser.problem.jsonfile import part_folder
from optimiser.tasks import cache
from optimiser.tasks.child_processes import Cancelled, attempt, new_child, store
from optimiser.tasks.task import ATTEMPTS, Outcome, Task

log = logging.getLogger(__name__)

IN_FLIGHT = 6
"""Tasks that the scheduler knows at a time for each thread of the workers, so that none has to wait."""
CONNECT_S = 10.0
"""Seconds in which a scheduler must answer."""
RECONNECT_S = 300.0
"""Seconds for which the address of a lost scheduler is tried again."""
RETRY_S = 1.0
"""Seconds between two such trials, and between two looks at the number of workers."""
WATCH_S = 0.5
"""Seconds between two looks of a worker whether its tasks are still wanted."""
CLOSE_S = 1.0
"""Seconds for a local cluster to close."""
_LOOPBACK = "127.0.0.1"
"""Where the dashboard of a local cluster listens."""
NO_WORKERS_S = 15.0
"""Seconds without any worker, after which this is said."""

_KEPT = "Results that had arrived are kept: the same command goes on from there."


# ---- on a worker


class _Host:
    """What a worker keeps from task to task: contents on disk, and a child process for each thread."""

    def __init__(self, worker: Worker) -> None:
        self.folder = Path(worker.local_directory) / "contents"  # Dask removes it with the worker
        self.folder.mkdir(exist_ok=True)
        self.own = threading.local()
        self._worker = worker
        self._children: dict[str, ChildProcess] = {}
        self._started: list[ChildProcess] = []
        self._lock = threading.Lock()
        threading.Thread(target=self._watch, daemon=True).start()

    def child(self) -> ChildProcess:
        """Return the child process of this thread, which ends with the worker."""
        if not hasattr(self.own, "child"):
            self.own.child = new_child()
            self._started.append(self.own.child)
        found: ChildProcess = self.own.child
        return found

    def is_wanted(self, dask_key: str) -> bool:
        """Return whether the scheduler still waits for a task that runs here."""
        state = self._worker.state.tasks.get(dask_key)
        return state is not None and state.state in {"executing", "long-running"}

    @contextmanager
    def watched(self, dask_key: str, child: ChildProcess) -> Iterator[None]:
        """End a task within the block when nobody waits for it any more: Dask itself ends no thread."""
        with self._lock:
            self._children[dask_key] = child
        try:
            yield
        finally:
            with self._lock:  # from now on the child may do another task
                del self._children[dask_key]

    def _watch(self) -> None:
        while self._worker.status.name in {"running", "paused"}:
            time.sleep(WATCH_S)
            with self._lock:
                for dask_key, child in self._children.items():
                    if not self.is_wanted(dask_key):
                        child.kill()
        for child in self._started:
            child.kill()


_HOSTS: WeakKeyDictionary[Worker, _Host] = WeakKeyDictionary()
_LOCK = threading.Lock()


def _host(worker: Worker) -> _Host:
    """Return what a worker keeps."""
    with _LOCK:
        if worker not in _HOSTS:
            _HOSTS[worker] = _Host(worker)
        return _HOSTS[worker]


class _Shared(distributed.WorkerPlugin):
    """Shared contents by their addresses, which each worker writes to its folder."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self.contents = contents

    def setup(self, worker: Worker) -> None:
        """Write them; the memory need not hold them as well."""
        store(self.contents, _host(worker).folder)
        self.contents = {}


def _work(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Do a task in a child process of this thread.

    Parameters
    ----------
    spec
        The task, its key, its key in Dask, and the version of the code.

    Returns
    -------
    dict
        The fields of an `Outcome`; or `version` where this worker has another version of the code; nothing
        where the task was cancelled meanwhile.
    """
    if spec["version"] != cache.code_version():
        return {"version": cache.code_version()}
    worker, task = get_worker(), Task(**spec["task"])
    host = _host(worker)
    child, dask_key = host.child(), spec["dask_key"]
    try:
        with host.watched(dask_key, child):
            outcome = attempt(
                child,
                task,
                spec["key"],
                folder=host.folder,
                worker=str(worker.name),
                wanted=lambda: host.is_wanted(dask_key),
            )
    except Cancelled:
        return {}
    return asdict(outcome)


# ---- in the command


@dataclass(slots=True)
class _Pending:
    """A task that has no outcome yet.

    Attributes
    ----------
    losses
        How often Dask gave it up because its workers were lost.
    run
        Marks the call of `run`, so that other clients of the scheduler do not share its Dask keys.
    submitted
        How often it was submitted; each time it has another Dask key.
    future
        Of the task, while it is under way.
    """

    task: Task
    key: str
    run: str
    losses: int = 0
    submitted: int = 0
    future: Future[Any] | None = None

    @property
    def dask_key(self) -> str:
        """Return a key that Dask counts under the first word of the name."""
        kind, _, rest = self.task.name.partition(" ")
        return f"{kind}-{self.key}-{self.run}-{self.submitted}" + (f"-{rest}" if rest else "")


@dataclass(slots=True)
class _Batch:
    """The tasks of one call of `run`."""

    waiting: deque[_Pending]
    running: dict[str, _Pending] = field(default_factory=dict)
    ended: queue.SimpleQueue[Future[Any]] = field(default_factory=queue.SimpleQueue)

    def wait(self) -> list[_Pending]:
        """Return the tasks whose futures have ended since, after `RETRY_S` at the latest."""
        futures = []
        with suppress(queue.Empty):
            futures.append(self.ended.get(timeout=RETRY_S))
            while True:
                futures.append(self.ended.get_nowait())
        found = [(self.running.get(str(future.key)), future) for future in futures]
        return [one for one, future in found if one is not None and one.future is future]

    def again(self, pending: _Pending) -> None:
        """Let a task that was under way be submitted again, before the others."""
        self.running.pop(pending.dask_key, None)
        pending.future = None
        self.waiting.appendleft(pending)


class DaskCluster:
    """Does tasks on Dask distributed.

    Parameters
    ----------
    workers
        Workers of a cluster on this machine, each a thread of this process; without an address.
    address
        Of an existing scheduler, such as "tcp://10.0.0.1:8786" or "tls://node1:8786".
    """

    def __init__(self, *, workers: int = 0, address: str | None = None) -> None:
        self._asked, self._address = workers, address
        self._stack = ExitStack()
        self._shared: set[str] = set()
        self.cluster: LocalCluster | None = None
        self.client: Client | None = None

    @property
    def workers(self) -> int:
        """Return how many threads the workers have that are there."""
        return sum(self.client.nthreads().values()) if self.client is not None else self._asked

    @property
    def dashboard(self) -> str:
        """Return the address of Dask's dashboard; empty where there is none."""
        if self.cluster is not None:  # Dask would name an address of the network
            port = self.cluster.scheduler_info["services"].get("dashboard")
            return f"http://{_LOOPBACK}:{port}/status" if port else ""
        return "" if self.client is None else str(self.client.dashboard_link or "")

    def __enter__(self) -> Self:
        """Start the local cluster, or find the scheduler.

        Raises
        ------
        EnvironmentFault
            When it cannot be started, or no scheduler answers.
        """
        try:
            if self._address is None:
                self._start_cluster()
            else:
                self.client = self._connected()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        """Leave the scheduler, and end a local cluster."""
        self._close()

    def _start_cluster(self) -> None:
        try:
            folder = self._stack.enter_context(part_folder(Path(tempfile.gettempdir())))
            # The profiles of the workers' own threads would say nothing: children do the work.
            self._stack.enter_context(dask.config.set({"distributed.worker.profile.enabled": False}))
            self.cluster = LocalCluster(
                n_workers=self._asked,
                threads_per_worker=1,
                processes=False,  # each would listen on a port of its own
                dashboard_address=f"{_LOOPBACK}:0",
                worker_dashboard_address=f"{_LOOPBACK}:0",
                memory_limit=None,  # the workers' own processes stay small; tasks have limits of their own
                local_directory=str(folder),
                silence_logs=logging.ERROR,
            )
            self.client = Client(self.cluster, timeout=CONNECT_S, set_as_default=False)
        except (OSError, RuntimeError) as error:
            raise EnvironmentFault(
                f"the local Dask cluster cannot be started ({error})",
                remedy="Leave out --cluster: child processes need no cluster.",
            ) from error

    def _connected(self) -> Client:
        """Return a client of the scheduler at the address."""
        try:
            return Client(self._address, timeout=CONNECT_S, set_as_default=False, name="polyring")
        except (OSError, ValueError, TypeError) as error:
            raise EnvironmentFault(
                f"no Dask scheduler answers within {CONNECT_S:g} s ({str(error).splitlines()[0]})",
                where=str(self._address),
                remedy="Start one with `dask scheduler`; check the address, the firewall, and for tls:// the "
                "certificates in Dask's configuration.",
            ) from error

    def _leave(self) -> None:
        client, self.client = self.client, None
        shared, self._shared = self._shared, set()
        if client is not None:
            with suppress(Exception), _quiet():
                for address in shared if client.status == "running" else ():
                    client.unregister_worker_plugin(address)
            with suppress(Exception), _quiet():
                client.close(timeout=CLOSE_S)

    def _close(self) -> None:
        self._leave()
        cluster, self.cluster = self.cluster, None
        if cluster is not None:
            with suppress(Exception):  # the processes of tasks end with their threads, or with this process
                cluster.close(timeout=CLOSE_S)
        self._stack.close()

    def run(self, tasks: Sequence[Task], contents: Mapping[str, bytes]) -> Generator[Outcome, None, None]:
        """Do tasks; the scheduler gives them to its workers in their order."""
        run = uuid.uuid4().hex
        batch = _Batch(deque(_Pending(task, task.key, run) for task in tasks))
        looked_s, threads = 0.0, 0
        idle_since = time.monotonic()
        try:
            while batch.waiting or batch.running:
                if not self._is_connected():
                    self._reconnect(batch)
                if not self._share(contents):
                    time.sleep(RETRY_S)
                    continue
                if time.monotonic() - looked_s > RETRY_S:
                    looked_s, threads = time.monotonic(), 0
                    with suppress(OSError, TimeoutError):
                        threads = self.workers
                    if threads:
                        idle_since = looked_s
                    elif looked_s - idle_since >= NO_WORKERS_S:  # said once in a while
                        log.warning("no Dask worker has joined the scheduler yet; tasks wait for one")
                        idle_since = looked_s
                while batch.waiting and len(batch.running) < IN_FLIGHT * max(threads, 1):
                    self._submit(batch)
                yield from self._outcomes(batch, batch.wait())
        finally:
            self._cancel(batch)

    def _is_connected(self) -> bool:
        return self.client is not None and self.client.status == "running"

    def _submit(self, batch: _Batch) -> None:
        """Submit the next task."""
        if self.client is None:
            return
        pending = batch.waiting.popleft()
        pending.submitted += 1
        spec = {
            "task": pending.task.handed_out(),
            "key": pending.key,
            "dask_key": pending.dask_key,
            "version": cache.code_version(),
        }
        batch.running[pending.dask_key] = pending
        pending.future = self.client.submit(_work, spec, key=pending.dask_key)
        pending.future.add_done_callback(batch.ended.put)

    def _share(self, contents: Mapping[str, bytes]) -> bool:
        """Give contents to all workers, once; return whether the scheduler took them."""
        missing = contents.keys() - self._shared
        with suppress(OSError, TimeoutError, CancelledError):
            for address in missing:
                if self.client is not None:
                    self.client.register_plugin(_Shared({address: contents[address]}), name=address)
                    self._shared.add(address)
        return contents.keys() <= self._shared

    def _outcomes(self, batch: _Batch, ended: Sequence[_Pending]) -> Iterator[Outcome]:
        """Yield what came out of tasks that have ended; put back those that came to nothing."""
        finished = []
        for pending in ended:
            if pending.future is not None and pending.future.status == "finished":
                finished.append(pending)
            elif pending.future is not None and pending.future.status == "error":
                yield from self._lost(batch, pending)
            else:
                batch.again(pending)
        try:
            values = self.client.gather([one.future for one in finished]) if self.client and finished else []
        except (CancelledError, OSError, TimeoutError, KilledWorker):  # the scheduler, or a worker, is lost
            for pending in finished:
                batch.again(pending)
            return
        for pending, value in zip(finished, values, strict=True):
            if "version" in value:
                raise EnvironmentFault(
                    "a Dask worker has another version of polyring, or of a library that it uses",
                    where=str(self._address or "the local cluster"),
                    remedy="Install the version of this command where the workers run, and start them again.",
                )
            if not value:
                batch.again(pending)
                continue
            del batch.running[pending.dask_key]
            pending.future = None  # the scheduler forgets it
            yield Outcome(**value)

    def _lost(self, batch: _Batch, pending: _Pending) -> Iterator[Outcome]:
        """Submit a task again that Dask has given up; after `ATTEMPTS` times yield its fault."""
        error = pending.future.exception() if pending.future is not None else None
        pending.losses += 1
        if pending.losses < ATTEMPTS:
            batch.again(pending)
            return
        if not isinstance(error, KilledWorker) and isinstance(error, Exception):
            raise error
        del batch.running[pending.dask_key]
        yield Outcome(
            key=pending.key,
            name=pending.task.name,
            fault="the Dask workers that it was given to were lost again and again",
            attempts=pending.submitted,
        )

    def _reconnect(self, batch: _Batch) -> None:
        """Find the lost scheduler again, and let all tasks that were under way be submitted again.

        Raises
        ------
        EnvironmentFault
            When it does not answer for `RECONNECT_S`.
        """
        log.warning("the Dask scheduler is lost; its address is tried for %g s", RECONNECT_S)
        for pending in [*batch.running.values()][::-1]:
            batch.again(pending)
        self._leave()
        if self._address is None:
            raise EnvironmentFault("the scheduler of the local Dask cluster is lost", done=_KEPT)
        end = time.monotonic() + RECONNECT_S
        while self.client is None:
            try:
                self.client = self._connected()
            except EnvironmentFault as fault:
                if time.monotonic() > end:
                    fault.done = _KEPT
                    raise
                time.sleep(RETRY_S)
        log.warning("the Dask scheduler is found again")

    def _cancel(self, batch: _Batch) -> None:
        """Let the scheduler forget what is still under way; its workers then end the processes."""
        futures = [one.future for one in batch.running.values() if one.future is not None]
        if futures and self._is_connected() and self.client is not None:
            with suppress(Exception):
                self.client.cancel(futures)
        batch.running.clear()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep a lost client from printing that it cannot connect: that is said once, in our words."""
    chatty = logging.getLogger("distributed.client")
    before = chatty.level
    chatty.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        chatty.setLevel(before)
