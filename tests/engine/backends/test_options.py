"""Options reach each solver under its own names, and what it does not take is refused at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from core_drawing import dense_problem, line
from engine_running import HereProcess

from optimiser.engine import work
from optimiser.engine.backends.cpsat import CpsatMaster
from optimiser.engine.backends.highs import ExtendedHighs, MasterHighs
from optimiser.engine.backends.pulp_solvers import instance
from optimiser.engine.backends.scip_tree import tree_model
from optimiser.engine.backends.solvers import SOLVERS, refuse_options
from optimiser.engine.methods.cuts.relaxation import Relaxation
from optimiser.engine.models.compact import build_compact
from optimiser.engine.models.extended import build_extended
from optimiser.engine.search.task import SolveParameters, Task
from optimiser.engine.solve import prover_of, solve
from optimiser.problem.errors import ProblemError

SHIFT = {"separating/maxrounds": 3}
OFF = {"presolve": "off", "mip_heuristic_effort": 0.25, "mip_detect_symmetry": False}


def asked(problem, **options):
    return Task(problem, "cuts", 60.0, 0.0, 1, 1, "scip", **options)


def of_highs(model):
    return {name: model.getOptionValue(name)[1] for name in OFF}


def test_highs_takes_options_in_every_kind_of_model():
    problem = line()
    lp, _ = build_compact(problem)
    own = Task(problem, "compact", 9.0, 0.0, 1, 1, "highs", options=OFF).settings_of("highs")
    masters = [MasterHighs(problem, integer=integer, **own) for integer in (True, False)]
    masters.append(ExtendedHighs(build_extended(problem), **own))
    lp.solve(instance("highs", seconds=9.0, gap=0.0, **own))
    for model in (lp.solverModel, *(master._model for master in masters)):
        assert of_highs(model) == OFF
    assert of_highs(MasterHighs(problem, threads=1, seed=1)._model) != OFF


def test_scip_takes_options_after_those_of_the_program():
    own = tree_model(asked(line())).model.getParam("separating/maxcuts")
    lp, _ = build_compact(line())
    options = {**SHIFT, "separating/maxcuts": own + 1}
    model = tree_model(asked(line(), options=options)).model
    lp.solve(instance("scip", seconds=9.0, gap=0.0, threads=1, seed=1, options=options))
    for one in (model, lp.solverModel):
        assert (one.getParam("separating/maxrounds"), one.getParam("separating/maxcuts")) == (3, own + 1)


def test_cpsat_takes_options():
    seen = []
    master = CpsatMaster(line(), threads=1, seed=1, options={"stop_after_first_solution": True})
    master.solve(start=None, gap=0.0, turn=0, seconds=9.0, on_point=lambda _bound, point: seen.append(point))
    assert len([point for point in seen if point is not None]) == 1


@pytest.mark.parametrize("variant", ["cuts", "cuts-loop", "paths", "compact"])
def test_solves_side_by_side_have_each_their_own_options(variant, tmp_path):
    problem, both = dense_problem(5), threading.Barrier(2)

    def logged(name):
        told = {"output_flag": True, "log_to_console": False, "log_file": str(tmp_path / name)}
        both.wait()
        return work.solve(
            Task(problem, variant, 60.0, 0.0, 1, 1, "highs", options=told), lambda _message: None
        )

    plain = Task(problem, variant, 60.0, 0.0, 1, 1, "highs")
    work.solve(plain, lambda _message: None)  # compiled code is loaded by one thread
    with ThreadPoolExecutor(2) as threads:
        assert [found[0] for found in threads.map(logged, "ab")] == ["proof", "proof"]
    logs = [(tmp_path / name).read_text().count("Solving") for name in "ab"]
    assert logs[0] == logs[1] > 0
    before = [(tmp_path / name).read_bytes() for name in "ab"]
    work.solve(plain, lambda _message: None)
    assert [(tmp_path / name).read_bytes() for name in "ab"] == before


def test_a_task_passes_options_to_the_solver_that_it_names_alone():
    task = Task(line(), "cuts-loop", 9.0, 0.0, 1, 1, "cpsat", options={"symmetry_level": 1})
    assert task.settings_of("cpsat")["options"] == {"symmetry_level": 1}
    assert not task.settings_of("highs")["options"]
    assert of_highs(Relaxation.of(task)._model) == of_highs(Relaxation(line(), seed=1)._model)


@pytest.mark.parametrize(
    ("solver", "known", "wrong"),
    [
        ("highs", {"presolve": "off"}, {"mip_pool_age_limit": "many"}),
        ("scip", SHIFT, {"separating/maxrounds": "many"}),
        ("cpsat", {"symmetry_level": 1}, {"symmetry_level": "many"}),
    ],
)
def test_unknown_options_and_wrong_values_are_refused(solver, known, wrong):
    refuse_options(solver, known)
    with pytest.raises(ProblemError, match="does not take these options") as told:
        refuse_options(solver, {"nonsense": 1, **wrong})
    (name,) = wrong
    assert told.value.faults == ("nonsense is unknown", f"{name} cannot be 'many'")


def test_highs_refuses_a_value_out_of_range_and_prints_nothing(capfd):
    with pytest.raises(ProblemError) as told:
        refuse_options("highs", {"mip_heuristic_effort": 7, "mip_pool_age_limit": 30})
    assert told.value.faults == ("mip_heuristic_effort cannot be 7",)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("solver", ["highs", "scip", "cpsat"])
def test_what_the_program_sets_itself_is_refused_and_its_own_option_named(solver):
    for option, own in SOLVERS[solver].refused.items():
        with pytest.raises(ProblemError) as told:
            refuse_options(solver, {option: 1})
        assert told.value.faults == (f"{option}: use {own}",)


def test_options_of_integer_programs_are_refused_where_highs_solves_none():
    params = SolveParameters(threads=1, solver="highs", solver_options={"mip_heuristic_effort": 0.25})
    with pytest.raises(ProblemError, match="does not take") as told:
        solve(line(), params=params)
    assert told.value.faults[0].startswith("mip_heuristic_effort has no effect")


@pytest.mark.parametrize(("solver", "why"), [("auto", "none is named"), ("glpk_cmd", "do not reach")])
def test_options_without_a_solver_that_takes_them_are_refused(solver, why):
    with pytest.raises(ProblemError, match=why):
        refuse_options(solver, {"presolve": "off"})


def test_the_result_names_the_options_and_other_solvers_do_not_get_them():
    params = SolveParameters(threads=1, solver="highs", solver_options={"presolve": "off"})
    with HereProcess() as process:
        found = solve(line(), variant="cuts", params=params, run=process)
    assert found.solver.endswith("(presolve = off)")
    assert found.status == "optimal"
    assert not prover_of(line(), params)[1].solver_options
