"""Check the choice of solver configurations and the plan of a bench."""

from __future__ import annotations

import pytest

from optimiser.bench.instances import Configuration, Limits, choose, configurations, plan
from optimiser.problem.errors import EnvironmentFault, ProblemError


def present(_solver):
    """Treat every solver as installed."""


def absent(solver):
    raise EnvironmentFault(f"solver {solver!r} is not here")


def test_a_variant_runs_with_its_first_solver():
    found, notes, faults = configurations(["compact", "greedy", "auto"], [], check=present)
    assert found == (
        Configuration("compact", "highs"),
        Configuration("greedy", "none"),
        Configuration("auto", "auto"),
    )
    assert notes == faults == ()


def test_variants_are_combined_with_the_solvers_that_fit():
    found, notes, faults = configurations(["compact", "cuts", "greedy"], ["cbc", "highs"], check=present)
    assert [one.label for one in found] == ["compact/cbc", "compact/highs", "cuts/highs", "greedy"]
    assert notes == ("cuts does not run with cbc",)
    assert faults == ()


def test_a_solver_that_no_variant_runs_with_is_a_fault():
    found, _, faults = configurations(["cuts", "greedy"], ["highs", "none-such"], check=present)
    assert found == (Configuration("cuts", "highs"), Configuration("greedy", "none"))
    assert [fault.what for fault in faults] == ["no variant that was asked for runs with 'none-such'"]


def test_a_named_configuration_that_does_not_exist_is_a_fault():
    found, notes, faults = configurations(["greedy", "cuts:cbc"], [], check=present)
    assert (found, notes) == ((Configuration("greedy", "none"),), ())
    assert [fault.what for fault in faults] == ["cuts does not run with cbc"]


def test_a_variant_may_name_its_solver():
    assert configurations(["compact:scip"], ["cbc"], check=present)[0] == (Configuration("compact", "scip"),)


def test_all_means_every_variant_and_every_solver():
    found, _, faults = configurations(["all"], ["all"], check=present)
    assert faults == ()
    assert {
        Configuration("compact", "cbc"),
        Configuration("cuts", "highs"),
        Configuration("greedy", "none"),
    } <= set(found)


def test_a_missing_solver_is_left_out_and_reported():
    found, notes, faults = configurations(["compact", "greedy"], [], check=absent)
    assert (found, notes) == ((Configuration("greedy", "none"),), ())
    assert [(fault.what, fault.exit_code) for fault in faults] == [
        ("compact/highs: solver 'highs' is not here", 5)
    ]


@pytest.mark.parametrize(("variants", "solvers"), [(["all"], []), (["compact", "greedy"], ["all"])])
def test_a_missing_solver_is_only_noted_where_all_are_asked_for(variants, solvers):
    found, notes, faults = configurations(variants, solvers, check=absent)
    assert Configuration("greedy", "none") in found
    assert "compact/highs: solver 'highs' is not here" in notes
    assert faults == ()


def test_a_bench_without_configurations_is_refused():
    with pytest.raises(ProblemError, match="no variant can run with these solvers"):
        configurations(["compact"], [], check=absent)


def test_an_unknown_variant_is_refused():
    with pytest.raises(ProblemError, match="there is no variant 'cutz'"):
        configurations(["cutz"], [])


def test_a_plan_holds_every_solve_instance_by_instance():
    two = choose(["grid_5x5_*"], [])
    runs = plan(two, (Configuration("greedy", "none"), Configuration("swap", "none")), [1, 2], Limits())
    assert [(run.instance.name, run.seed, run.configuration.variant) for run in runs[:5]] == [
        ("grid_5x5_1", 1, "greedy"), ("grid_5x5_1", 1, "swap"), ("grid_5x5_1", 2, "greedy"),
        ("grid_5x5_1", 2, "swap"), ("grid_5x5_2", 1, "greedy"),
    ]  # fmt: skip
