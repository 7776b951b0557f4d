"""Kernels give the same results as Python and as machine code, which is kept under what it depends on."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from core_drawing import dense_problem
from tiers import thinned

from optimiser.engine.methods.heuristics.lns import Improver
from optimiser.engine.methods.heuristics.workspace import ShortestTimes
from optimiser.engine.search import compiled, native
from optimiser.engine.search.compiled import ONE, Kernel, Record, use_machine_code
from optimiser.engine.search.tables import Tables, tables
from optimiser.engine.search.task import Task
from optimiser.engine.work import solve


@pytest.fixture(name="as_python")
def as_python_fixture(monkeypatch):
    """Let the kernels run as Python, however long they take."""
    monkeypatch.setattr(compiled, "_TIER", compiled._Tier())
    monkeypatch.setattr(compiled, "INTERPRETED_S", float("inf"))


class Numbers(Record):
    values: np.ndarray
    factor: int


class Nested(Record):
    numbers: Numbers
    limit: int


LEAST = 3


def scaled(n: Numbers, i: int) -> int:
    return n.values[i] * n.factor if n.values[i] >= LEAST else n.values[i]


scaled_inner = compiled.compiled_inner(scaled)


@compiled.compiled
def total(n: Nested) -> int:
    found = 0 * ONE
    for i in range(n.numbers.values.size):
        found = min(found + scaled_inner(n.numbers, i), n.limit)
    return found


def nested(*, limit=1000):
    return Nested(numbers=Numbers(values=np.arange(6), factor=10), limit=limit)


def test_a_kernel_begins_as_python(as_python):
    assert total(nested()) == 0 + 1 + 2 + 30 + 40 + 50
    assert not compiled._TIER.compiles


def test_machine_code_takes_records_in_records():
    use_machine_code()
    assert total(nested()) == 123
    assert total(nested(limit=100)) == 100
    assert total.dispatcher.signatures


def test_arrays_are_shared_with_machine_code():
    use_machine_code()
    record = nested()
    total(record)
    record.numbers.values[:] = 4
    assert total(record) == 240


def test_a_changed_record_is_a_new_one():
    use_machine_code()
    record = nested()
    assert total(record) == 123
    assert total(record._replace(limit=5)) == 5
    assert total(record) == 123


def test_kernels_are_compiled_once_python_has_taken_long(as_python, monkeypatch):
    monkeypatch.setattr(compiled, "INTERPRETED_S", 0.0)
    assert total(nested()) == 123
    assert compiled._TIER.compiles
    assert total(nested()) == 123


def test_a_kernel_takes_arguments_by_name():
    use_machine_code()
    assert total(n=nested()) == 123


@pytest.mark.parametrize("seed", thinned(range(8), 1))
@pytest.mark.parametrize("variant", ["cuts", "benders", "paths"])
def test_a_solve_reports_the_same_as_python_and_as_machine_code(variant, seed, monkeypatch):
    problem = dense_problem(seed)

    def reports():
        sent = []
        solve(Task(problem, variant, 60.0, 0.0, 1, 1, "highs"), sent.append)
        return sent

    use_machine_code()
    mine = reports()
    monkeypatch.setattr(compiled, "_TIER", compiled._Tier())
    monkeypatch.setattr(compiled, "INTERPRETED_S", float("inf"))
    assert reports() == mine


def test_the_random_numbers_of_a_search_are_those_of_machine_code(monkeypatch):
    t = tables(dense_problem(3).canonical())

    def plans():
        taken = []
        Improver(t, seed=5).improve(attempts=30, take=lambda plan: taken.append(plan.tolist()))
        return taken

    use_machine_code()
    mine = plans()
    monkeypatch.setattr(compiled, "_TIER", compiled._Tier())
    monkeypatch.setattr(compiled, "INTERPRETED_S", float("inf"))
    assert plans() == mine


def digest(function):
    return native._digest(Kernel(function), set())


def test_machine_code_is_kept_under_what_its_function_calls_and_reads(monkeypatch):
    before = native._digest(total, set())
    assert native._digest(total, set()) == before
    monkeypatch.setitem(globals(), "LEAST", 4)
    changed = native._digest(total, set())
    assert changed != before
    monkeypatch.setitem(globals(), "scaled_inner", compiled.compiled_inner(lambda n, i: n.values[i] + LEAST))
    assert native._digest(total, set()) not in (before, changed)


def test_a_function_that_calls_itself_has_a_digest():
    assert native._digest(countdown, set()) != native._digest(total, set())


@compiled.compiled
def countdown(n: int) -> int:
    return 0 if n == 0 else countdown(n - 1)


def test_the_machine_code_of_two_records_does_not_share_a_file():
    # Under one name, to keep one would remove the other (`_CodeCache.save_overload`).
    use_machine_code()
    names = [native._packer(record).py_func.__qualname__ for record in (Tables, ShortestTimes)]
    assert len(set(names)) == 2


def test_inner_machine_code_is_linked_again_from_the_disk(tmp_path):
    """Code of a kernel that only kernels call has no entry, also where it is read for a changed caller."""
    (tmp_path / "kernels.py").write_text(
        """
from optimiser.engine.search.compiled import compiled, compiled_inner, use_machine_code

@compiled_inner
def squared(number):
    return number * number

@compiled
def sum_of_squares(numbers):
    total = 0.0
    for number in numbers:
        total += squared(number)
    return total

use_machine_code()
"""
    )
    code = "import kernels, numpy; print(kernels.sum_of_squares(numpy.arange(5.0)))"

    def ask() -> str:
        places = {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
        command = [sys.executable, "-c", code]
        return subprocess.run(
            command, env=os.environ | places, check=True, capture_output=True, text=True
        ).stdout

    assert ask() == "30.0\n"
    assert list(tmp_path.rglob("kernels.squared*.nbc"))
    for path in tmp_path.rglob("kernels.sum_of_squares*"):
        path.unlink()
    assert ask() == "30.0\n"
