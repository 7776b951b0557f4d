"""Test what `polyring` and `optimiser` export."""

from __future__ import annotations

import subprocess
import sys

import pytest
from core_drawing import line

import optimiser
import polyring


@pytest.mark.parametrize("name", polyring.__all__)
def test_every_name_of_the_front_door_can_be_used(name):
    assert getattr(polyring, name) is not None


@pytest.mark.parametrize("name", optimiser.__all__)
def test_every_name_of_optimiser_can_be_used(name):
    assert getattr(optimiser, name) is not None


def test_a_problem_is_solved_and_checked_from_the_front_door(tmp_path):
    polyring.save_problem(line(), tmp_path / "problem.json")
    problem = polyring.load_problem(tmp_path / "problem.json")
    result = polyring.solve(problem, params=polyring.SolveParameters(time_limit_s=20))
    assert polyring.check(problem, result).objective == result.objective


def test_importing_optimiser_loads_no_other_library():
    code = "import sys, optimiser; print([m for m in ('numpy', 'pandas', 'pulp') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"
