"""Check that instances are found by name, family, file and folder."""

from __future__ import annotations

import pytest

from optimiser.bench.generators.families import GridParameters, grid
from optimiser.bench.instances import choose, registered
from optimiser.problem import save
from optimiser.problem.errors import ProblemError

TINY = GridParameters(rows=3, columns=3, candidates=6, pairs=6)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with problem files, away from any public ones."""
    (tmp_path / "work" / "mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work")
    save(grid(TINY), "mine/one.json")
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


@pytest.mark.parametrize(("name", "places"), [("hard_200_empty_1", 75), ("hard_260_empty_1", 100)])
def test_a_hard_instance_has_its_number_of_places(name, places):
    (one,) = choose([name], [])
    assert len(one.make().nodes) == places


def test_a_pattern_matches_several_instances():
    assert [one.name for one in choose(["hard_*"], [])] == [
        "hard_200_empty_1", "hard_200_empty_2", "hard_200_empty_3", "hard_200_roads_1", "hard_200_roads_2",
        "hard_260_empty_1",
    ]  # fmt: skip


def test_a_family_holds_all_its_instances():
    assert [one.name for one in choose([], ["size"])] == [
        "national_20_2", "national_40_2", "national_80_2", "national_160_2", "national_300_2",
    ]  # fmt: skip


def test_the_default_region_has_limits_budgets_and_covers():
    names = [one.name for one in registered() if one.family.startswith(("region", "cover"))]
    assert len(names) == 14
    assert {"cities_4h_05", "counties_4h_10", "cities_4h_cover", "counties_4h_cover"} <= set(names)


def test_a_file_is_an_instance(folder):
    (one,) = choose(["mine/one.json"], [])
    assert (one.name, one.family, one.make().name) == ("one", "files", "one")


def test_a_folder_holds_instances_and_other_files_are_skipped(folder):
    assert [(one.name, one.family) for one in choose(["mine"], [])] == [("one", "mine")]


def test_public_instances_beside_the_working_folder_are_registered(folder):
    beside = folder.parent / "shared" / "instances" / "public"
    beside.mkdir(parents=True)
    save(grid(TINY), beside / "net.json")
    (one,) = choose([], ["public"])
    assert (one.name, one.make().name) == ("net", "net")


def test_an_instance_asked_for_twice_is_listed_once(folder):
    assert len(choose(["grid_5x5_1", "grid_5x5_*"], ["grid"])) == 6


def test_two_files_of_one_name_are_refused(folder):
    save(grid(TINY), "one.json")
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
def test_a_missing_instance_or_family_is_reported(words, families, told, folder):
    with pytest.raises(ProblemError, match=told):
        choose(words, families)
