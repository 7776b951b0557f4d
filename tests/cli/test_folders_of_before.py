"""Folders of studies made by commit c78ebf7 open, or are refused by name with the command that makes them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cli_drawing import code_of

import polyring as pr

BEFORE = Path(__file__).parent / "studies_of_c78ebf7"
"""Folders of the drawn region, without their pages and pictures."""
REFUSED = ("frontier", "closures", "atlas", "backcast")


@pytest.mark.parametrize(
    ("study", "expected", "words"),
    [("sweep", 0, "agree"), ("robust", 10, "plan checked; the bound is the word of")],
)
def test_a_sweep_and_a_robust_plan_of_before_pass_the_check(study, expected, words, call):
    code, out, err = call("verify", BEFORE / study)
    assert code == expected, err
    assert words in " ".join(out.split())


def test_a_changed_sweep_of_before_is_found(call, tmp_path):
    folder = shutil.copytree(BEFORE / "sweep", tmp_path / "sweep")
    shutil.copyfile(folder / "plans.parquet", folder / "regret.parquet")
    code, _, err = call("verify", folder)
    assert code == 4
    assert "regret.parquet was changed after the run" in err


def test_a_sweep_of_before_opens_in_python():
    found = pr.load_sweep(BEFORE / "sweep")
    assert len(found.cases) == 5
    assert found.facts["proven"] == 5
    assert set(found.links["candidate_id"]) >= set(found.facts["core"])
    assert "futures" in str(found)


@pytest.mark.parametrize("study", REFUSED)
@pytest.mark.parametrize("command", ["verify", "certify", "cases", "explain", "compare"])
def test_other_folders_of_before_are_refused_by_name(study, command, call):
    further = {"explain": ["1"], "compare": [BEFORE / study]}.get(command, [])
    code, _, err = call(command, BEFORE / study, *further)
    assert code == 2
    assert f"the folder holds what `polyring {study}` wrote" in err
    assert f"`polyring {study} " in err.split("wrote", 1)[1]


@pytest.mark.parametrize("study", REFUSED)
def test_python_refuses_them_by_name(study):
    with pytest.raises(pr.OptimiserError, match=f"what `polyring {study}` wrote"):
        pr.load(BEFORE / study)


def test_each_point_of_a_frontier_of_before_passes_the_check(call):
    points = sorted((BEFORE / "frontier" / "frontier").glob("*.problem.json"))
    assert points
    for problem in points:
        result = problem.with_name(problem.name.replace("problem", "result"))
        assert call("verify", problem, result)[0] == code_of(result)


@pytest.mark.parametrize("study", ["frontier", "sweep", "robust", "closures", "atlas", "backcast"])
def test_their_command_may_write_into_them_again(study, tmp_path):
    from optimiser.run.folder import staged

    folder = shutil.copytree(BEFORE / study, tmp_path / study)
    with staged(folder) as stage:
        (stage / f"{study}.json").write_text("{}", encoding="utf-8")
    assert (folder / f"{study}.json").read_text(encoding="utf-8") == "{}"
