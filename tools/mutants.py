"""Change the code in small ways, and see whether the tests notice.

``python tools/mutants.py --package rings --mutants 20 --seed 1`` draws 20 places in the sources of a package
and changes each of them alone: `<` to `<=`, 3 to 4, + to -, `and` to `or`, `min` to `max`, a statement left
out. It runs the tests that belong to the package until one fails. A mutant that no test notices survives.
Mutants that change nothing that matters are listed with the reason in `tests/equivalent_mutants.toml`, and do
not count.

The mutants run in a copy of the tree in the temporary folder. The checkout is only read. Before, all tests of
the package run once without a change, which records the functions that each test calls. A mutant is shown to
the tests that call its function, the shortest first. What a test calls in a child process is not recorded, so
that some mutants count as survivors which such a test would notice.
"""

from __future__ import annotations

import argparse
import ast
import faulthandler
import importlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import CodeType
from typing import Any, Self, TextIO

import pytest

ROOT = Path(__file__).resolve().parents[1]

EQUIVALENT = ROOT / "tests" / "equivalent_mutants.toml"
"""Mutants that change nothing that matters, each with the reason."""

COPIED = ("networks", "optimiser", "tests", "benchmarks", "docs", "notebooks", "tools")
"""Folders that a mutant's copy of the tree holds, beside the files of the top folder."""

LEAST_LIMIT_S = 30.0
"""Time limit of one test under a mutant, besides a multiple of what it takes without a change."""

LIBRARIES = (
    "geopandas", "highspy", "hypothesis.strategies", "networkx", "numba", "pulp", "scipy.optimize",
    "scipy.sparse.csgraph", "scipy.spatial", "shapely",
)  # fmt: skip
"""Libraries that most tests load; nothing of the project, which each mutant changes."""

ENDED, CRASHED = -1000, 70
"""Instead of the exit code of pytest: the tests of a mutant were ended, or pytest did not return."""

OUTPUT = "output.txt"
"""File beside a task with what pytest wrote."""

LATE = "late.txt"
"""File beside a task that is not empty when a test was ended at its time limit."""


@dataclass(frozen=True)
class Package:
    """Sources that are mutated together, and the tests that must notice.

    Attributes
    ----------
    sources
        Files and folders; modules in folders below a folder are left to packages of their own.
    tests
        Files and folders in the order in which they run, the nearest first.
    without
        Sources that are left out.
    """

    sources: tuple[str, ...]
    tests: tuple[str, ...]
    without: tuple[str, ...] = ()


PACKAGES = {
    "model": Package(
        ("optimiser/engine/models",),
        (
            "tests/engine/models",
            "tests/engine/methods/test_rings.py",
            "tests/engine/methods/test_side.py",
            "tests/engine/methods/test_compact.py",
        ),
        without=("optimiser/engine/models/document.py",),
    ),
    "cuts": Package(("optimiser/engine/methods/cuts",), ("tests/engine/methods/cuts",)),
    "reduction": Package(
        ("optimiser/engine/presolve",),
        ("tests/engine/presolve", "tests/engine/test_explain.py"),
        without=("optimiser/engine/presolve/document.py",),
    ),
    "verify": Package(("optimiser/verify",), ("tests/verify", "tests/engine/methods/test_rings.py")),
    "rings": Package(
        ("optimiser/proposals/rings", "optimiser/problem/ring.py", "optimiser/problem/ring_geometry.py"),
        ("tests/proposals/rings", "tests/problem"),
    ),
    "problem": Package(
        ("optimiser/problem",),
        ("tests/problem", "tests/verify/test_plan.py"),
        without=("optimiser/problem/ring.py", "optimiser/problem/ring_geometry.py"),
    ),
    "frontier": Package(("optimiser/frontier",), ("tests/frontier",)),
    "candidates": Package(("optimiser/proposals",), ("tests/proposals",)),
}
"""What can be mutated, by the name that the command takes."""

COMPARISONS: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Lt: ast.LtE(),
    ast.LtE: ast.Lt(),
    ast.Gt: ast.GtE(),
    ast.GtE: ast.Gt(),
    ast.Eq: ast.NotEq(),
    ast.NotEq: ast.Eq(),
    ast.In: ast.NotIn(),
    ast.NotIn: ast.In(),
    ast.Is: ast.IsNot(),
    ast.IsNot: ast.Is(),
}

OPERATORS: dict[type[ast.operator], ast.operator] = {
    ast.Add: ast.Sub(),
    ast.Sub: ast.Add(),
    ast.Mult: ast.FloorDiv(),
    ast.Div: ast.Mult(),
    ast.FloorDiv: ast.Mult(),
    ast.Mod: ast.FloorDiv(),
    ast.BitAnd: ast.BitOr(),
    ast.BitOr: ast.BitAnd(),
}

NAMES = {
    "min": "max",
    "max": "min",
    "minimum": "maximum",
    "maximum": "minimum",
    "argmin": "argmax",
    "argmax": "argmin",
    "any": "all",
    "all": "any",
}
"""Functions and methods that take the same arguments."""

PLAIN_TESTS = (ast.Compare, ast.BoolOp, ast.Constant)
"""Conditions that other changes negate already, or that are constant."""


UNJUDGED = {"annotation", "returns", "decorator_list", "type_params", "bases"}
"""Parts of definitions that hold types and decorators."""


@dataclass(frozen=True)
class Mutant:
    """One change of one place.

    Attributes
    ----------
    path
        The source, relative to the checkout.
    function
        Qualified name of the function or class around it; empty at the top of a module.
    line, column
        Where it begins; from 1.
    before, after
        Source text of the place, and what takes its place.
    start, end
        The place in the UTF-8 bytes of the source.
    is_in_function
        Whether it runs at recorded calls of the function alone: not when the module is imported, and not as
        machine code.
    """

    path: str
    function: str
    line: int
    column: int
    before: str
    after: str
    start: int
    end: int
    is_in_function: bool

    def __str__(self) -> str:
        """Return the place and the change in one line."""
        before, after = (re.sub(r"\s+", " ", text) for text in (self.before, self.after))
        return f"{self.path}:{self.line}:{self.column} {self.function or '(module)'}: {before} -> {after}"

    def applied(self, source: bytes) -> bytes:
        """Return the source with the change."""
        return source[: self.start] + self.after.encode() + source[self.end :]


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant.

    Attributes
    ----------
    mutant
        The mutant.
    state
        `killed`, `timed out` or `survived`; `equivalent` for a survivor that is listed as such.
    by
        The test that failed, or why the mutant is equivalent.
    seconds
        Wall time of its tests.
    """

    mutant: Mutant
    state: str
    by: str
    seconds: float


def mutants_of(path: str, text: str) -> list[Mutant]:
    """Return every mutant of a source.

    Types, decorators, formatted text and what is inside a `raise` are left alone: readers judge messages.

    Parameters
    ----------
    path
        Name of the source in what is returned.
    text
        Its text.
    """
    lines = [0]
    for line in text.encode().split(b"\n"):
        lines.append(lines[-1] + len(line) + 1)
    source, found = text.encode(), []
    for node, function, after, is_in_function in _changes(ast.parse(text), "", in_function=False):
        start = lines[node.lineno - 1] + node.col_offset
        end = lines[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        before = source[start:end].decode()
        place = path, function, node.lineno, node.col_offset + 1
        found.append(Mutant(*place, before, after, start, end, is_in_function))
    return sorted(set(found), key=lambda mutant: (mutant.start, mutant.end, mutant.after))


def _changes(
    tree: ast.AST, function: str, *, in_function: bool
) -> Iterator[tuple[ast.expr | ast.stmt, str, str, bool]]:
    """Yield each place below a node, the function around it, its new text, and whether it is in that."""
    for child in _judged(tree):
        inner, inside = function, in_function
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            inner = f"{function}.{child.name}" if function else child.name
            inside = isinstance(child, ast.FunctionDef) and not _is_kernel(child)
        if isinstance(child, ast.stmt) and _can_be_left_out(child):
            yield child, function, "pass", in_function
        if isinstance(child, ast.expr):
            for after in _replacements(child):
                yield child, function, f"({after})", in_function
        if isinstance(child, ast.If | ast.IfExp | ast.While) and _is_plain(child.test):
            yield child.test, function, f"(not ({ast.unparse(child.test)}))", in_function
        if not isinstance(child, ast.Raise):
            yield from _changes(child, inner, in_function=inside)


def _is_kernel(function: ast.FunctionDef) -> bool:
    """Return whether a function may run as machine code, so that its calls are not recorded."""
    return any(ast.unparse(decorator).startswith("compiled") for decorator in function.decorator_list)


def _judged(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the children of a node whose change may matter."""
    if isinstance(tree, ast.TypeAlias | ast.JoinedStr) or (
        isinstance(tree, ast.keyword) and tree.arg == "strict"
    ):
        return
    for name, value in ast.iter_fields(tree):
        if name not in UNJUDGED:
            yield from (
                one for one in (value if isinstance(value, list) else [value]) if isinstance(one, ast.AST)
            )


def _can_be_left_out(statement: ast.stmt) -> bool:
    """Return whether a statement acts on what is there: a row that is added, a sum, a refusal."""
    if isinstance(statement, ast.Expr):
        return not isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.Assign):
        return all(isinstance(target, ast.Subscript | ast.Attribute) for target in statement.targets)
    return isinstance(statement, ast.AugAssign | ast.Raise | ast.Continue)


def _is_plain(test: ast.expr) -> bool:
    return not isinstance(test, PLAIN_TESTS) and not (
        isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
    )


def _replacements(node: ast.expr) -> Iterator[str]:  # noqa: C901 - one case a kind of node
    """Yield what may take the place of an expression."""
    match node:
        case ast.Compare(left, ops, comparators):
            for at, op in enumerate(ops):
                if type(op) in COMPARISONS:
                    changed = [*ops[:at], COMPARISONS[type(op)], *ops[at + 1 :]]
                    yield ast.unparse(ast.Compare(left, changed, comparators))
        case ast.BoolOp(op, values):
            yield ast.unparse(ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values))
        case ast.BinOp(left, op, right) if type(op) in OPERATORS and not (_is_text(left) or _is_text(right)):
            yield ast.unparse(ast.BinOp(left, OPERATORS[type(op)], right))
        case ast.UnaryOp(ast.Not() | ast.Invert() | ast.USub(), operand):
            yield ast.unparse(operand)
        case ast.Constant(int() as value) if not isinstance(value, bool):
            yield str(value + 1)
            if value:
                yield str(value - 1)
        case ast.Constant(float() as value):
            yield repr(2 * value if value else 1.0)
        case ast.Constant(bool() as value):
            yield str(not value)
        case ast.Name(name) if name in NAMES:
            yield NAMES[name]
        case ast.Attribute(value, name) if name in NAMES:
            yield f"{ast.unparse(value)}.{NAMES[name]}"


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def sources_of(package: Package) -> list[Path]:
    """Return the files of a package, in order of their paths."""
    found: list[Path] = []
    for name in package.sources:
        path = ROOT / name
        found += sorted(path.glob("*.py")) if path.is_dir() else [path]
    left_out = {ROOT / name for name in package.without}
    return [path for path in found if path.name != "__init__.py" and path not in left_out]


def drawn(name: str, count: int, seed: int) -> list[Mutant]:
    """Return a sample of the mutants of a package, without a place drawn twice.

    Parameters
    ----------
    name
        The package.
    count
        Number of mutants.
    seed
        Number that decides the sample.
    """
    every: list[Mutant] = []
    for path in sources_of(PACKAGES[name]):
        every += mutants_of(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    generator = random.Random(f"{name} {seed}")  # noqa: S311 - a sample, no secret
    found: dict[tuple[str, int], Mutant] = {}
    for mutant in generator.sample(every, len(every)):
        found.setdefault((mutant.path, mutant.start), mutant)
        if len(found) == count:
            break
    return list(found.values())


class Tree:
    """A copy of the checkout in which one mutant after the other is tested.

    Parameters
    ----------
    folder
        Where the copy is made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ignore = shutil.ignore_patterns(".hypothesis", ".pytest_cache")
        for name in COPIED:
            shutil.copytree(ROOT / name, folder / name, ignore=ignore)
        for path in ROOT.iterdir():
            if path.is_file():
                shutil.copy2(path, folder / path.name)
        changed = {
            "PYTHONPATH": str(folder),
            "POLYRING_SHARED": os.environ.get("POLYRING_SHARED", str(ROOT.parent / "shared")),
            "OPENBLAS_NUM_THREADS": "1",  # a process with threads had better not be forked
        }
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tools.mutants", "--serve"],
            cwd=folder,
            env=os.environ | changed,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        """Return the tree."""
        return self

    def __exit__(self, *_error: object) -> None:
        """End the process that runs the tests."""
        self._server.communicate()

    def write(self, mutant: Mutant) -> None:
        """Put a mutant in the place of its source."""
        self._replace(mutant.path, mutant.applied((ROOT / mutant.path).read_bytes()))

    def restore(self, mutant: Mutant) -> None:
        """Put the source back."""
        self._replace(mutant.path, (ROOT / mutant.path).read_bytes())

    def _replace(self, path: str, content: bytes) -> None:
        """Write a source and drop its byte code, which is only told apart by size and second."""
        target = self.folder / path
        target.write_bytes(content)
        for stale in target.parent.glob(f"__pycache__/{target.stem}.*.pyc"):
            stale.unlink()

    def first_failure(self, task: dict[str, Any], limit_s: float) -> tuple[str, str, dict[str, Any]]:
        """Return `survived`, `killed` or `timed out`, the first test that fails, and what was recorded.

        Parameters
        ----------
        task
            As of `run_tests`.
        limit_s
            Wall time.
        """
        with tempfile.TemporaryDirectory(prefix="mutant-task-") as folder:
            path = Path(folder) / "task.json"
            path.write_text(json.dumps(task), encoding="utf-8")
            code = self._code_of(path, limit_s)
            recorded = json.loads(path.read_text(encoding="utf-8"))
            output = path.with_name(OUTPUT).read_text(encoding="utf-8", errors="replace")
            late = path.with_name(LATE)
            is_late = code == ENDED or (late.is_file() and late.stat().st_size > 0)
        if is_late:
            return "timed out", "", {}
        failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", output, re.MULTILINE)
        if code > 1 and not failed:  # wrong use of pytest, or a fault in it, is no test that fails
            raise SystemExit(f"pytest ended with {code}:\n{output[-2000:]}")
        if code == 0:
            return "survived", "", recorded
        return "killed", failed[0] if failed else f"exit code {code}", recorded

    def _code_of(self, task: Path, limit_s: float) -> int:
        """Return the exit code of the tests of a task, which another process runs."""
        server = self._server
        if server.stdin is None or server.stdout is None:
            raise AssertionError
        server.stdin.write(f"{limit_s} {task}\n")
        server.stdin.flush()
        answer = server.stdout.readline()
        if not answer:
            raise SystemExit("the process that runs the tests ended")
        return int(answer)


def serve() -> None:
    """Run the tests of each task that is named on the standard input, and print the exit codes.

    Each task has a process of its own, which begins with the libraries of others loaded: that is most of what
    a short test takes.
    """
    for name in LIBRARIES:
        importlib.import_module(name)
    # The one thread that is left is that of Arrow's allocator, which is made for forks.
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    for line in sys.stdin:
        limit, path = line.rstrip("\n").split(" ", 1)
        process = os.fork()
        if not process:
            _run_task(Path(path))
        print(_exit_code(process, time.monotonic() + float(limit)), flush=True)


def _run_task(task: Path) -> None:
    """Run the tests of a task in this process, and end it."""
    os.setsid()
    output = os.open(task.with_name(OUTPUT), os.O_WRONLY | os.O_CREAT)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ["POLYRING_CACHE"] = os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(task.with_name("cache"))
    code = CRASHED
    try:
        code = run_tests(task)
    finally:
        sys.stdout.flush()
        os._exit(code)


def _exit_code(process: int, end: float) -> int:
    """Return the exit code of a process, `ENDED` where its time ran out; nothing of its group is left."""
    found, status = 0, 0
    while not found and time.monotonic() < end:
        found, status = os.waitpid(process, os.WNOHANG)
        time.sleep(0.02)
    with suppress(ProcessLookupError):  # a test that was ended may leave child processes
        os.killpg(process, signal.SIGKILL)
    if not found:
        os.waitpid(process, 0)
        return ENDED
    return os.waitstatus_to_exitcode(status)


class Recorder:
    """A pytest plugin that notes which functions each test calls in this process, and how long it takes.

    Parameters
    ----------
    folder
        The tree; calls of functions below `optimiser` in it are noted.
    """

    def __init__(self, folder: Path) -> None:
        self.calls: dict[str, set[str]] = defaultdict(set)
        self.seconds: dict[str, float] = defaultdict(float)
        self._inside = f"{folder}/optimiser/"
        self._from = len(f"{folder}/")
        self._test = ""
        sys.monitoring.use_tool_id(sys.monitoring.PROFILER_ID, "mutants")
        sys.monitoring.set_events(sys.monitoring.PROFILER_ID, sys.monitoring.events.PY_START)
        sys.monitoring.register_callback(
            sys.monitoring.PROFILER_ID, sys.monitoring.events.PY_START, self._started
        )

    def _started(self, code: CodeType, _offset: int) -> object:
        """Note a call; the next one of the same function in the same test is not reported."""
        if self._test and code.co_filename.startswith(self._inside):
            name = code.co_qualname.replace(".<locals>", "")
            self.calls[f"{code.co_filename[self._from :]} {name}"].add(self._test)
        return sys.monitoring.DISABLE

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Note calls for another test from now on."""
        self._test = nodeid.split("[", 1)[0]
        sys.monitoring.restart_events()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add the set-up, call or tear-down of a test."""
        self.seconds[report.nodeid.split("[", 1)[0]] += report.duration


class ShortestFirst:
    """A pytest plugin that runs some tests alone, in the order given.

    Parameters
    ----------
    tests
        Their names without parameters, each with the seconds after which it is ended.
    late
        File that is written to when a test is ended.
    """

    def __init__(self, tests: Mapping[str, float], late: TextIO) -> None:
        self.rank = {test: rank for rank, test in enumerate(tests)}
        self.limit_s = tests
        self.late = late

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """End the process where this test takes too long, also within compiled code."""
        faulthandler.dump_traceback_later(self.limit_s[nodeid.split("[", 1)[0]], exit=True, file=self.late)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Drop the other tests and sort these."""
        names = {item: item.nodeid.split("[", 1)[0] for item in items}
        items[:] = sorted(
            (one for one in items if names[one] in self.rank), key=lambda one: self.rank[names[one]]
        )


def run_tests(task: Path) -> int:
    """Run tests in the tree that is the working directory, and return the exit code of pytest.

    Parameters
    ----------
    task
        JSON file with the `paths` of tests, and with the `tests` among them to run in this order, each with
        its time limit in seconds; without `tests`, all run, and what they call is written to the same file.
    """
    asked = json.loads(task.read_text(encoding="utf-8"))
    options = [
        "-x",
        "-n",
        "0",
        "-q",
        "--no-header",
        "--tb=no",
        "-p",
        "no:cacheprovider",
        "--hypothesis-seed=0",
    ]
    if "tests" in asked:
        with task.with_name(LATE).open("w", encoding="utf-8") as late:
            return int(
                pytest.main([*options, *asked["paths"]], plugins=[ShortestFirst(asked["tests"], late)])
            )
    recorder = Recorder(Path.cwd())
    code = int(pytest.main([*options, *asked["paths"]], plugins=[recorder]))
    calls = {name: sorted(tests) for name, tests in recorder.calls.items()}
    task.write_text(json.dumps({"calls": calls, "seconds": recorder.seconds}), encoding="utf-8")
    return code


class Bench:
    """Tests the mutants of one package in a copy of the tree.

    Parameters
    ----------
    tree
        The copy.
    package
        What is mutated, and the tests that must notice.
    known
        What was recorded of its tests before; None to run them once.
    """

    def __init__(self, tree: Tree, package: Package, known: dict[str, Any] | None = None) -> None:
        self.tree = tree
        self.package = package
        recorded = known
        if recorded is None:
            state, by, recorded = tree.first_failure({"paths": package.tests}, 3600.0)
            if state != "survived":
                raise SystemExit(f"the tests fail without any change, so nothing was measured: {by} {state}")
        self.recorded = recorded
        self.calls: dict[str, list[str]] = recorded["calls"]
        self.seconds: dict[str, float] = recorded["seconds"]

    def tests_of(self, mutant: Mutant) -> list[str]:
        """Return the tests that call the function of a mutant, the shortest first.

        What is outside a function is read when modules are imported, and calls of kernels are not recorded:
        all tests that call a function of the module are asked.
        """
        called = set(self.calls.get(f"{mutant.path} {mutant.function}", []))
        if not mutant.is_in_function:
            called = {
                test
                for name, some in self.calls.items()
                if name.split(" ")[0] == mutant.path
                for test in some
            }
        return sorted(called, key=lambda test: (self.seconds[test], test))

    def limit_s(self, test: str) -> float:
        """Return the time limit of a test alone, which makes what it shared with others of its file anew."""
        file = f"{test.split('::', 1)[0]}::"
        shared_s = sum(seconds for name, seconds in self.seconds.items() if name.startswith(file))
        return LEAST_LIMIT_S + 5.0 * self.seconds[test] + 2.0 * shared_s

    def outcome(self, mutant: Mutant, reason: str | None) -> Outcome:
        """Return what becomes of a mutant.

        Parameters
        ----------
        mutant
            The mutant.
        reason
            Why it is listed as equivalent, or None.
        """
        begun, state, by = time.monotonic(), "survived", "no test runs it"
        tests = self.tests_of(mutant)
        if tests:
            self.tree.write(mutant)
            limits = {test: self.limit_s(test) for test in tests}
            paths = sorted({test.split("::", 1)[0] for test in tests})
            task = {"paths": paths, "tests": limits}
            state, by, _ = self.tree.first_failure(task, LEAST_LIMIT_S + sum(limits.values()))
            self.tree.restore(mutant)
        if state == "survived" and reason is not None:
            state, by = "equivalent", reason
        return Outcome(mutant, state, by, round(time.monotonic() - begun, 1))


def key_of(mutant: Mutant) -> tuple[str, str, str, str]:
    """Return what names a mutant as long as its lines stay: file, function, lines before and after."""
    source = (ROOT / mutant.path).read_bytes()
    first = source.rfind(b"\n", 0, mutant.start) + 1
    last = source.find(b"\n", mutant.end)
    lines = (
        source[first:last],
        source[first : mutant.start] + mutant.after.encode() + source[mutant.end : last],
    )
    before, after = (" ".join(line.decode().split()) for line in lines)
    return mutant.path, mutant.function, before, after


def reasons() -> dict[tuple[str, str, str, str], str]:
    """Return why each listed mutant is equivalent, by its key."""
    entries = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8")).get("mutant", [])
    return {(one["path"], one["function"], one["before"], one["after"]): one["why"] for one in entries}


def table(outcomes: dict[str, list[Outcome]]) -> str:
    """Return the counts of each package as a table in Markdown.

    Parameters
    ----------
    outcomes
        Outcomes by package.
    """
    head = "| package | mutants | killed | timed out | survived | equivalent | killed of those that matter |"
    rows = [head, "|---|---|---|---|---|---|---|"]
    for name, some in outcomes.items():
        count = Counter(outcome.state for outcome in some)
        matter = len(some) - count["equivalent"]
        share = f"{(count['killed'] + count['timed out']) / matter:.0%}" if matter else "none"
        states = (count[state] for state in ("killed", "timed out", "survived", "equivalent"))
        rows.append(f"| {name} | {len(some)} | {' | '.join(map(str, states))} | {share} |")
    return "\n".join(rows)


def measure(name: str, mutants: Sequence[Mutant], bench: Bench) -> list[Outcome]:
    """Test mutants of a package and print each outcome.

    Parameters
    ----------
    name
        The package.
    mutants
        Its mutants.
    bench
        Where they are tested.
    """
    known, found = reasons(), list[Outcome]()
    print(f"{name}: {len(mutants)} mutants; {sum(bench.seconds.values()):.0f} s of tests", flush=True)
    for mutant in mutants:
        outcome = bench.outcome(mutant, known.get(key_of(mutant)))
        found.append(outcome)
        by = f"  ({outcome.by})" if outcome.by else ""
        print(f"{outcome.state:<10} {outcome.seconds:6.1f} s  {mutant}{by}", flush=True)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw mutants, test them and print what became of each.

    Parameters
    ----------
    arguments
        Of the command line; those of the process where None.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument(
        "--package", action="append", choices=PACKAGES, help="may be repeated; all by default"
    )
    parser.add_argument("--mutants", type=int, default=20, help="mutants a package (default: 20)")
    parser.add_argument("--seed", type=int, default=1, help="decides the sample (default: 1)")
    parser.add_argument("--file", default="", help="only mutants whose path contains this text")
    parser.add_argument("--list", action="store_true", help="print the sample and test nothing")
    parser.add_argument("--json", type=Path, help="file for the outcomes")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument(
        "--calls",
        type=Path,
        help="file for what each test calls; read where it is there, so that tests must be as they were",
    )
    parser.add_argument("--again", type=Path, help="outcomes of this sample: test only what survived")
    options = parser.parse_args(arguments)
    if options.serve:
        serve()
        return
    samples = {
        name: [one for one in drawn(name, options.mutants, options.seed) if options.file in one.path]
        for name in options.package or PACKAGES
    }
    if options.again:
        earlier = json.loads(options.again.read_text(encoding="utf-8"))
        again = {
            Mutant(**one["mutant"])
            for some in earlier.values()
            for one in some
            if one["state"] in ("survived", "equivalent")
        }
        samples = {
            name: [one for one in drawn(name, options.mutants, options.seed) if one in again]
            for name in earlier
        }
    if options.list:
        print("\n".join(f"{name}: {mutant}" for name, some in samples.items() for mutant in some))
        return
    outcomes: dict[str, list[Outcome]] = {}
    calls: dict[str, Any] = {}
    if options.calls and options.calls.is_file():
        calls = json.loads(options.calls.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, Tree(Path(folder)) as tree:
        for name, some in samples.items():
            bench = Bench(tree, PACKAGES[name], calls.get(name))
            if options.calls:
                calls[name] = bench.recorded
                options.calls.write_text(json.dumps(calls), encoding="utf-8")
            outcomes[name] = measure(name, some, bench)
            if options.json:
                plain = {one: [asdict(outcome) for outcome in of] for one, of in outcomes.items()}
                options.json.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
    print(table(outcomes))


if __name__ == "__main__":
    main()
