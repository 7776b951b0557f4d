"""Instances are found by name, family, file and folder."""

from __future__ import annotations

import pytest

from optimiser.bench import generators as g
from optimiser.bench.instances import choose, files, region, registered
from optimiser.bench.plan import Limits, Way, plan, ways
from optimiser.problem import save
from optimiser.problem.errors import EnvironmentFault, ProblemError

TINY = g.GridParameters(rows=3, columns=3, candidates=6, pairs=6)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with problem files, away from any public ones."""
    (tmp_path / "work" / "mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work")
    save(g.grid(TINY), "mine/one.json")
    (tmp_path / "work" / "mine" / "optima.json").write_text('{"one": 3}', encoding="utf-8")
    return tmp_path / "work"


def test_names_are_unique():
    names = [one.name for one in registered()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", ["grid_5x5_1", "corridors_3x8_2", "hub_ring_8x2_1", "geometric_30_1",
                                  "hard_200_roads_2", "national_20_2"])  # fmt: skip
def test_a_generated_instance_carries_its_name(name):
    (one,) = choose([name], [])
    assert one.make().name == name


def test_a_pattern_names_several():
    assert [one.name for one in choose(["hard_*"], [])] == [
        "hard_200_empty_1", "hard_200_empty_2", "hard_200_empty_3", "hard_200_roads_1", "hard_200_roads_2",
    ]  # fmt: skip


def test_a_family_is_all_of_it():
    assert [one.name for one in choose([], ["size"])] == [
        "national_20_2", "national_40_2", "national_80_2", "national_160_2", "national_300_2",
    ]  # fmt: skip


def test_the_default_region_has_limits_budgets_and_covers():
    names = [one.name for one in region.region()]
    assert len(names) == 14
    assert {"cities_4h_05", "counties_4h_10", "cities_4h_cover", "counties_4h_cover"} <= set(names)


def test_a_file_is_an_instance(folder):
    (one,) = choose(["mine/one.json"], [])
    assert (one.name, one.family, one.make().name) == ("one", "files", "one")


def test_a_folder_holds_instances_and_other_files_are_passed_over(folder):
    assert [(one.name, one.family) for one in choose(["mine"], [])] == [("one", "mine")]


def test_public_instances_beside_the_working_folder_are_registered(folder):
    beside = folder.parent / "shared" / "instances" / "public"
    beside.mkdir(parents=True)
    save(g.grid(TINY), beside / "net.json")
    assert [one.name for one in choose([], ["public"])] == ["net"]
    assert files.beside()[0].make().name == "net"


def test_an_instance_asked_for_twice_is_there_once(folder):
    assert len(choose(["grid_5x5_1", "grid_5x5_*"], ["grid"])) == 6


def test_two_files_of_one_name_are_refused(folder):
    save(g.grid(TINY), "one.json")
    with pytest.raises(ProblemError, match="two instances have the name 'one'"):
        choose(["mine/one.json", "one.json"], [])


@pytest.mark.parametrize(
    ("words", "families", "told"),
    [
        (["grid_5x5"], [], "did you mean 'grid_5x5_"),
        ([], ["hardd"], "did you mean 'hard'"),
        (["absent.json"], [], "there is no such file"),
        ([], [], "no instance is asked for"),
    ],
)
def test_what_is_not_there_is_told(words, families, told, folder):
    with pytest.raises(ProblemError, match=told):
        choose(words, families)


def present(_solver):
    """Let every solver be here."""


def absent(solver):
    raise EnvironmentFault(f"solver {solver!r} is not here")


def test_a_variant_runs_with_its_first_solver():
    found, notes, faults = ways(["compact", "greedy", "auto"], [], check=present)
    assert found == (Way("compact", "highs"), Way("greedy", "none"), Way("auto", "auto"))
    assert notes == faults == ()


def test_variants_and_solvers_are_combined_where_they_fit():
    found, notes, faults = ways(["compact", "cuts", "greedy"], ["cbc", "highs"], check=present)
    assert found == (
        Way("compact", "cbc"), Way("compact", "highs"), Way("cuts", "highs"), Way("greedy", "none"),
    )  # fmt: skip
    assert notes == ("cuts does not run with cbc",)
    assert faults == ()


def test_a_solver_that_no_variant_runs_with_is_a_fault():
    found, _, faults = ways(["cuts", "greedy"], ["highs", "none-such"], check=present)
    assert found == (Way("cuts", "highs"), Way("greedy", "none"))
    assert [fault.what for fault in faults] == ["no variant that was asked for runs with 'none-such'"]


def test_a_way_that_is_named_and_does_not_exist_is_a_fault():
    found, notes, faults = ways(["greedy", "cuts:cbc"], [], check=present)
    assert (found, notes) == ((Way("greedy", "none"),), ())
    assert [fault.what for fault in faults] == ["cuts does not run with cbc"]


def test_a_variant_may_name_its_solver():
    assert ways(["compact:scip"], ["cbc"], check=present)[0] == (Way("compact", "scip"),)


def test_all_means_every_variant_and_every_solver():
    found, _, faults = ways(["all"], ["all"], check=present)
    assert faults == ()
    assert {Way("compact", "cbc"), Way("cuts", "highs"), Way("greedy", "none")} <= set(found)


def test_a_solver_that_is_not_here_is_left_out_and_told():
    found, notes, faults = ways(["compact", "greedy"], [], check=absent)
    assert (found, notes) == ((Way("greedy", "none"),), ())
    assert [(fault.what, fault.exit_code) for fault in faults] == [
        ("compact/highs: solver 'highs' is not here", 5)
    ]


@pytest.mark.parametrize(("variants", "solvers"), [(["all"], []), (["compact", "greedy"], ["all"])])
def test_a_solver_that_is_not_here_is_a_note_where_all_are_asked_for(variants, solvers):
    found, notes, faults = ways(variants, solvers, check=absent)
    assert Way("greedy", "none") in found
    assert "compact/highs: solver 'highs' is not here" in notes
    assert faults == ()


def test_nothing_left_to_run_is_refused():
    with pytest.raises(ProblemError, match="no variant can be run so"):
        ways(["compact"], [], check=absent)


def test_an_unknown_variant_is_refused():
    with pytest.raises(ProblemError, match="there is no variant 'cutz'"):
        ways(["cutz"], [])


def test_a_plan_holds_every_solve_instance_by_instance():
    two = choose(["grid_5x5_*"], [])
    runs = plan(two, (Way("greedy", "none"), Way("swap", "none")), [1, 2], Limits())
    assert [(run.instance.name, run.seed, run.way.variant) for run in runs[:5]] == [
        ("grid_5x5_1", 1, "greedy"), ("grid_5x5_1", 1, "swap"), ("grid_5x5_1", 2, "greedy"),
        ("grid_5x5_1", 2, "swap"), ("grid_5x5_2", 1, "greedy"),
    ]  # fmt: skip
