"""Check the limits on the weight of the project: anyone lowers them, a raise says what users get for it."""

from __future__ import annotations

import pytest

from tools import structure

FIGURES = {"packages: modules": 10, "pages: lines": 5}


def limits(modules=(10, 10), lines=(5, 5)):
    """Return the limits in force and the lowest ones."""
    pairs = zip(FIGURES, (modules, lines), strict=True)
    return {name: {"limit": limit, "lowest": lowest} for name, (limit, lowest) in pairs}


def test_figures_at_their_limits_are_no_fault():
    assert structure.limit_faults(limits(), FIGURES, "") == []


def test_a_figure_beyond_its_limit_is_a_fault():
    faults = structure.limit_faults(limits(modules=(9, 9)), FIGURES, "")
    assert faults == ["packages: modules: 10, more than 9"]


def test_a_raised_limit_needs_an_entry_with_a_reason():
    raised = limits(modules=(1200, 1100))
    (fault,) = structure.limit_faults(
        raised, FIGURES, "* Limit raised: packages: modules from 1,100 to 1,200: "
    )
    assert "CHANGELOG.md needs an entry `Limit raised: packages: modules from 1,100 to 1,200: ...`" in fault
    entry = "* Limit raised: packages: modules\n  from 1,100 to 1,200: timetables of trams are read too.\n* B"
    assert structure.limit_faults(raised, FIGURES, entry) == []
    assert structure.limit_faults(limits(modules=(1300, 1100)), FIGURES, entry) != []


@pytest.mark.parametrize("missing", FIGURES)
def test_every_figure_has_a_limit_and_every_limit_a_figure(missing):
    known = limits()
    del known[missing]
    assert structure.limit_faults(known, FIGURES, "") == [f"{missing}: no such figure in limits.toml"]
    fewer = {name: value for name, value in FIGURES.items() if name != missing}
    assert structure.limit_faults(limits(), fewer, "") == [f"{missing}: no such figure in limits.toml"]


def test_lowering_writes_the_figures_and_never_raises(tmp_path, monkeypatch):
    path = tmp_path / "limits.toml"
    path.write_text("# Limits.\n", encoding="utf-8")
    monkeypatch.setattr(structure, "LIMITS", path)
    structure.write_limits(limits(modules=(12, 11), lines=(4, 4)), FIGURES)
    assert path.read_text(encoding="utf-8").splitlines() == [
        "# Limits.",
        '"packages: modules" = { limit = 10, lowest = 10 }',
        '"pages: lines" = { limit = 4, lowest = 4 }',
    ]


@pytest.mark.long
def test_the_limits_of_the_project_cover_packages_tools_benchmarks_and_pages():
    known = structure.modules()
    folders = structure.import_graph(known, lambda name: structure.folder_of(name, known))
    figures = structure.figures_of(known, structure.layers(folders))
    parts = {"packages", "second checker", "tools", "benchmarks", "pages"}
    assert {name.split(":")[0] for name in figures} == parts
    assert all(value > 0 for value in figures.values())
