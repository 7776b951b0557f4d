"""The independent check imports the problem alone, and counts windings by a method of its own."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import optimiser
from optimiser import verify

FOLDER = Path(verify.__file__).parent


def imports_of(path):
    """Yield every module that a file imports anywhere, lazily or for types alone included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_the_check_imports_only_the_problem_and_numpy(path):
    for name in imports_of(path):
        top = name.split(".")[0]
        assert (
            top in {*sys.stdlib_module_names, "numpy"}
            or name == "optimiser"
            or name.startswith(
                (
                    "optimiser.problem",
                    "optimiser.verify",
                )
            )
        ), name


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_the_check_does_not_use_the_geometry_of_the_model(path):
    assert not any("ring_geometry" in name for name in imports_of(path))


def test_importing_the_check_loads_nothing_of_the_engine_and_no_scientific_library():
    script = "import sys, optimiser.verify; print(*sys.modules, sep='\\n')"
    run = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(optimiser.__file__).parent.parent,
    )
    loaded = run.stdout.split()
    assert "optimiser.verify.rings" in loaded
    assert "optimiser.problem.ring_geometry" not in loaded
    foreign = ("optimiser.engine", "networks", "scipy", "numba", "networkx", "pulp", "highspy", "pandas")
    assert not [name for name in loaded if name.startswith(foreign)]
