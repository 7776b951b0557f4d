"""Be the child process: read one task after another, do it, write plans and bounds, and end with the parent.

`child` is the other side. A task is a JSON object with a problem and one of: a `variant` (solve it), a
`question` (answer it from what earlier questions about the same problem left), `certify` (prove a bound in a
form that can be checked). One with `prepare` has no problem and no answer: it loads the machine code of later
tasks.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

from optimiser.engine.child import describe_lack_of_memory
from optimiser.engine.search.lifeline import die_with_parent, output_to
from optimiser.problem import DesignProblem, parse

if TYPE_CHECKING:  # libraries are imported where they are needed, so that the process starts at once
    from optimiser.engine.methods.questions import QuestionSession
    from optimiser.engine.search.task import Task

type Send = Callable[[dict[str, Any]], None]
"""Takes a message for the parent."""


def main() -> None:
    """Do the tasks that standard input gives, one JSON object a line; messages go to standard output."""

    def describe(error: Exception, task: Mapping[str, Any]) -> str:
        from optimiser.engine.methods.own_variant import describe_error

        return describe_error(error, str(task.get("variant", "")))

    serve(lambda send: Session(send).do, describe)


def serve(
    begin: Callable[[Send], Callable[[Mapping[str, Any]], None]],
    describe: Callable[[Exception, Mapping[str, Any]], str],
) -> NoReturn:
    """Do one task after another that standard input gives, until the parent is gone.

    Parameters
    ----------
    begin
        Takes what sends messages, and returns what does a task.
    describe
        Returns what the parent is told about an error in a task.
    """
    die_with_parent()
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    lines: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, lines), daemon=True).start()
    do = begin(lambda message: _write(out, message))
    while True:
        task = json.loads(lines.get())
        try:
            do(task)
        except MemoryError:
            message = describe_lack_of_memory(task.get("memory_mb"))
            _write(out, {"kind": "failed", "reason": "memory", "message": message})
        except Exception as error:  # noqa: BLE001 - whatever went wrong is reported to the parent
            text, detail = describe(error, task), traceback.format_exc()
            _write(out, {"kind": "failed", "reason": "crash", "message": text, "detail": detail})


class Session:
    """Does one task after another, and keeps what the next one can use.

    Parameters
    ----------
    send
        Takes messages.
    warms_up
        Load compiled code before the clock of a task starts.
    """

    def __init__(self, send: Send, *, warms_up: bool = True) -> None:
        self._send = send
        self._warms_up = warms_up
        self._warm: set[tuple[Any, ...]] = set()
        self._questions: QuestionSession | None = None

    def do(self, task: Mapping[str, Any]) -> None:
        """Do a task; its messages end with one of kind `done`, but for one that prepares.

        Parameters
        ----------
        task
            JSON object: `problem`, and the fields of `Task` or those of `_answer` or `_certify`; or
            `prepare`, that is, `with_budget` and `with_ring` of problems to come, and the fields of `Task`.
        """
        if "prepare" in task:
            from optimiser.engine.warm_up import small_problem

            self._warm_up(_task(task, small_problem(name="tiny", **task["prepare"])))
        elif "question" in task:
            self._answer(task)
        elif "certify" in task:
            self._certify(task)
        else:
            self._solve(task)

    def _ready(self, seconds: float, memory_mb: int | None) -> float:
        """Start the clock of a task, once all that it needs is loaded; return what it shows."""
        from optimiser.engine.search.compiled import compile_within

        limit_memory(memory_mb)  # libraries that cannot be loaded say all sorts of things
        self._send({"kind": "ready"})
        compile_within(seconds)
        return time.monotonic()

    def _done(self, begun: float, **details: Any) -> None:  # noqa: ANN401 - JSON values
        self._send({"kind": "done", "seconds": time.monotonic() - begun, **details})

    def _solve(self, values: Mapping[str, Any]) -> None:
        from optimiser.engine.methods.own_variant import SUFFIX
        from optimiser.engine.methods.variants import method_of
        from optimiser.engine.search.compiled import is_large
        from optimiser.engine.search.task import NamedPlan
        from optimiser.engine.work import solve

        start, log = values.get("start"), values.get("log")
        known = None if start is None else NamedPlan(*start)
        options = MappingProxyType(values.get("options", {}))
        task = _task(values, parse(values["problem"]), start=known, log=log is not None, options=options)
        if self._warms_up and is_large(task.problem):
            self._warm_up(task)
        elif not task.variant.endswith(SUFFIX):
            method_of(task.variant)  # loads the libraries of the variant
        begun = self._ready(task.seconds, values.get("memory_mb"))

        def send(message: Mapping[str, Any]) -> None:
            # The parent cannot tell when: it may be busy with earlier messages for seconds.
            self._send({**message, "seconds": round(time.monotonic() - begun, 3)})

        with output_to(log):
            reason, solver, message = solve(task, send)
        self._done(begun, reason=reason, solver=solver, message=message)

    def _certify(self, task: Mapping[str, Any]) -> None:
        """Prove a bound; `certify` has the bound as `claimed`, `seconds` and `seed`."""
        from optimiser.engine.backends.solvers import label
        from optimiser.engine.methods.bound_prover import prove_bound
        from optimiser.engine.search.compiled import is_large
        from optimiser.engine.warm_up import warm_up_proofs

        asked, problem = task["certify"], parse(task["problem"])
        if self._warms_up and is_large(problem) and ("proof",) not in self._warm:
            self._warm.add(("proof",))
            warm_up_proofs()
        begun = self._ready(asked["seconds"], task.get("memory_mb"))

        def report(bound: int | None, nodes: int) -> None:
            seconds = round(time.monotonic() - begun, 3)
            self._send({"kind": "proof", "bound": bound, "nodes": nodes, "seconds": seconds})

        proof = prove_bound(
            problem,
            asked["claimed"],
            seed=asked["seed"],
            left=lambda: float(asked["seconds"]) - (time.monotonic() - begun),
            progress=report,
            send=self._send,
        )
        reason = "proof" if proof.is_complete else "time"
        self._done(begun, reason=reason, solver=label(), message="", document=proof.document)

    def _warm_up(self, task: Task) -> None:
        """Load what a task needs, once for each kind of task."""
        from optimiser.engine.warm_up import warm_up

        kind = (task.variant, task.solver, task.problem.is_plain, task.problem.budget is None)
        if kind not in self._warm:
            self._warm.add(kind)
            warm_up(task)

    def _answer(self, task: Mapping[str, Any]) -> None:
        """Answer a question about the reduced problem of the first such task.

        Its fields: `problem` and `measures`, needed once; `seed`, `threads`, `question`, `seconds`, `gap`,
        `base`, and `known`, plans found elsewhere.
        """
        import numpy as np

        from optimiser.engine.backends.solvers import label
        from optimiser.engine.methods.questions import QuestionSession
        from optimiser.engine.search.compiled import is_large
        from optimiser.engine.search.task import Question
        from optimiser.engine.warm_up import warm_up_questions

        is_warm = self._questions is not None
        if self._questions is None:
            problem = parse(task["problem"])
            measures = np.array(task["measures"], np.int64).reshape(len(task["measures"]), -1)
            if self._warms_up and is_large(problem):
                warm_up_questions(task["threads"])
            self._questions = QuestionSession(problem, measures, seed=task["seed"], threads=task["threads"])
        begun = self._ready(task["seconds"], None)
        for built in task["known"]:
            self._questions.know(built)
        options = {name: task[name] for name in ("seconds", "gap", "base")}
        question = Question.of(task["question"])
        reason, incumbent = self._questions.answer(question, send=self._send, **options)
        counts = {"nodes": incumbent.nodes, "cuts": incumbent.cuts, "warm": is_warm}
        self._done(begun, reason=reason, solver=label(), late=incumbent.stop(), **counts)


def _task(values: Mapping[str, Any], problem: DesignProblem, **more: Any) -> Task:  # noqa: ANN401 - its fields
    """Return the task that a JSON object describes."""
    from optimiser.engine.search.task import Task

    names = ("variant", "seconds", "gap", "effort", "threads", "seed", "solver")
    return Task(problem, **{name: values[name] for name in names}, **more)


def _write(out: BinaryIO, message: dict[str, Any]) -> None:
    """Write a message to the parent; end when it is gone."""
    try:
        out.write(json.dumps(message).encode() + b"\n")
    except BrokenPipeError:
        os._exit(1)


def _listen(lifeline: BinaryIO, lines: queue.Queue[bytes]) -> None:
    """Queue tasks as they come; end when the parent closes its side of the pipe, whatever the system."""
    for line in lifeline:
        lines.put(line)
    os._exit(1)


def limit_memory(megabytes: int | None) -> None:
    """Limit the address space of this process; None takes back the limit of an earlier task."""
    if sys.platform == "win32":
        return
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_AS)
    soft = most if megabytes is None else megabytes * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (soft, most))


if __name__ == "__main__":
    main()
