from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys

import highspy
import pytest
from core_drawing import brute_force, crowded_line, line, problems, side_line, side_problems
from hypothesis import given
from hypothesis import strategies as st
from ring_drawing import phased, ringed, whole_brute_force
from tiers import examples

from optimiser.engine.model_file import write_model
from optimiser.problem import Candidate
from optimiser.problem.errors import InfeasibleError, ProblemError

FORMS = ("lp", "mps")


def read_back(path):
    """Return the objective of the problem that HiGHS reaches on a file; None without a plan."""
    highspy.Highs.resetGlobalScheduler(True)
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    assert model.readModel(str(path)) == highspy.HighsStatus.kOk
    model.run()
    if model.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
        return None
    assert model.getModelStatus() == highspy.HighsModelStatus.kOptimal
    found = re.search(r"Objective of the problem = (-?\d+) \* OBJ \+ (\d+)\.", path.read_text("utf-8"))
    return round(int(found[1]) * model.getInfo().objective_function_value + int(found[2]), 6)


@pytest.mark.parametrize("form", FORMS)
@given(problem=st.one_of(problems(), side_problems()))
@examples(30)
def test_the_optimum_of_the_compact_file_is_that_of_the_problem(form, problem, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / f"model.{form}"
    optimum = brute_force(problem)
    try:
        write_model(problem, path, form=form)
    except InfeasibleError:
        assert optimum is None
    else:
        assert read_back(path) == optimum


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("problem", [line(), side_line(), crowded_line(), ringed(), phased()])
def test_side_constraints_rings_and_periods_are_in_the_file(form, problem, tmp_path):
    path = tmp_path / f"model.{form}"
    write_model(problem, path, form=form, variant="compact")
    assert read_back(path) == (brute_force if problem.is_plain else whole_brute_force)(problem)


def test_no_solver_speaks_where_a_model_is_written(tmp_path):
    """HiGHS says once in a process that it runs, so that another process writes the file."""
    words = "from core_drawing import line; from optimiser.engine.model_file import write_model; "
    code = words + "write_model(line(), 'm.lp', form='lp', variant='cuts'); print('written')"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("written\n", "")


@pytest.mark.parametrize("form", FORMS)
@given(problem=problems())
@examples(20)
def test_the_optimum_of_the_file_with_cuts_is_a_bound(form, problem, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / f"model.{form}"
    optimum = brute_force(problem)
    if optimum is None:
        return
    write_model(problem, path, form=form, variant="cuts")
    bound = read_back(path)
    assert bound <= optimum if problem.budget is None else bound >= optimum
    assert "bound" in path.read_text("utf-8")


@pytest.mark.parametrize(("form", "mark"), [("lp", "\\ "), ("mps", "* ")])
def test_the_comments_say_what_the_variables_stand_for(form, mark, tmp_path):
    path = tmp_path / "model"
    write_model(line(), path, form=form)
    text = path.read_text(encoding="utf-8")
    assert f"{mark}x0000001 = candidate 'ac'\n" in text
    assert f"{mark}y0000001 = pair 'a' to 'c'\n" in text
    assert re.search(r"\bx0000001\b(?! =)", text)


def test_the_comments_say_what_presolve_decided(tmp_path):
    fixed = {"ac": "in", "bd": "out"}
    candidates = tuple(dataclasses.replace(c, fixed=fixed.get(c.id, "")) for c in line().candidates)
    path = tmp_path / "model.lp"
    write_model(line(candidates=candidates), path, form="lp")
    text = path.read_text(encoding="utf-8")
    assert "\\ built in any case: 'ac'\n" in text
    assert "\\ not built: 'bd'\n" in text
    assert "\\ always or never covered, or part of another pair: 'a' to 'c'\n" in text


def test_a_line_break_in_an_id_stays_within_its_comment(tmp_path):
    names = {"ac": "a\nc", "bd": "b\rd"}
    candidates = tuple(Candidate(names.get(c.id, c.id), c.cost, c.arcs) for c in line().candidates)
    path = tmp_path / "model.lp"
    write_model(line(candidates=candidates), path, form="lp")
    assert read_back(path) == brute_force(line())


def test_a_variant_without_a_model_is_refused(tmp_path):
    with pytest.raises(ProblemError, match="no model"):
        write_model(line(), tmp_path / "model.lp", form="lp", variant="greedy")
    with pytest.raises(ProblemError, match="no model of a problem with rings"):
        write_model(ringed(), tmp_path / "model.lp", form="lp", variant="cuts-loop")
    assert not list(tmp_path.iterdir())


def test_a_problem_that_presolve_refutes_has_no_file(tmp_path):
    candidates = tuple(dataclasses.replace(c, fixed="in") for c in line().candidates)
    with pytest.raises(InfeasibleError, match="no plan"):
        write_model(line(candidates=candidates), tmp_path / "model.lp", form="lp")
    assert not list(tmp_path.iterdir())
