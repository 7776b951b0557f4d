"""One table says what each solver can do, and agrees with what else speaks of solvers."""

from __future__ import annotations

import pkgutil
import re
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

from optimiser.engine.attempt import is_believed
from optimiser.engine.backends.solvers import ANY, BUNDLED, NONE, SOLVERS
from optimiser.engine.methods.variants import VARIANTS

PROJECT = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))
EVERY = pytest.mark.parametrize("solver", SOLVERS.values(), ids=list(SOLVERS))


def test_every_solver_of_a_variant_has_a_row():
    asked = {name for one in VARIANTS.values() for name in (*one.solvers, *one.extended)}
    assert asked == {ANY, *SOLVERS}


def test_every_variant_runs_with_the_solvers_that_can_do_its_work():
    trees = {name for name, solver in SOLVERS.items() if solver.tree}
    assert set(VARIANTS["cuts"].solvers) == {ANY, BUNDLED, *trees}
    assert set(VARIANTS["cuts-loop"].solvers) == {name for name, solver in SOLVERS.items() if solver.master}
    assert VARIANTS["compact"].solvers == tuple(SOLVERS)
    assert {name for name in trees if SOLVERS[name].searches_parts} == {"scip"}


@EVERY
def test_the_package_of_a_solver_is_one_that_can_be_installed_with_polyring(solver):
    extras = PROJECT["project"]["optional-dependencies"]
    named = {re.split(r"[\[>=<]", line)[0] for line in PROJECT["project"]["dependencies"]}
    if not solver.extra:
        assert solver.package in named
    else:
        brought = " ".join(extras[solver.extra])
        assert solver.package in brought or f"pulp[{solver.extra}]" in brought


@EVERY
def test_what_a_row_names_is_there(solver):
    for place in filter(None, (solver.version, solver.tree, solver.master)):
        if find_spec(solver.package) is None:
            pytest.skip(f"{solver.package} is not installed")
        assert callable(pkgutil.resolve_name(place))


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        (ANY, True), (NONE, True), ("highs", True), ("scip", True), ("gurobi", True), ("cpsat", True),
        ("cbc", False), ("GLPK_CMD", False), ("HiGHS", False),
    ],
)  # fmt: skip
def test_bounds_of_commands_and_of_classes_that_nobody_tested_do_not_count(name, counts):
    assert is_believed("compact", name) == counts
    assert not is_believed("mine.py", name)
