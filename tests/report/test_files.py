from __future__ import annotations

import os

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimiser import report as reports
from optimiser.problem.errors import EnvironmentFault
from optimiser.problem.jsonfile import write_atomically, write_whole
from optimiser.report import tables, wording


def test_a_failed_write_leaves_the_earlier_file(tmp_path):
    path = write_atomically(tmp_path / "x.txt", "old")

    def fail(part) -> None:
        part.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(EnvironmentFault, match="No space left"):
        write_whole(path, fail)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["x.txt"]  # noqa: PTH208 - the plainest way to see all names


@pytest.mark.parametrize("opening", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_text_that_starts_like_a_formula_gets_an_apostrophe(opening):
    assert wording.guard_formula(f"{opening}1+1") == f"'{opening}1+1"


def test_numbers_are_not_guarded(tmp_path):
    path = tables.write_csv(pd.DataFrame({"x": [-1, -2]}), tmp_path / "x.csv")
    assert path.read_text(encoding="utf-8") == "x\n-1\n-2\n"


@given(st.text(min_size=1))
def test_a_guarded_text_never_starts_a_formula(text):
    assert not str(wording.guard_formula(text)).startswith(wording.FORMULA_STARTS)


def test_a_cell_reads_back_as_its_text(tmp_path):
    names = ['a,"b"', "ü 唐山", "two\nlines", "</script>"]
    path = tables.write_csv(pd.DataFrame({"name": names}), tmp_path / "n.csv")
    assert pd.read_csv(path)["name"].tolist() == names


TABLES = ["links.csv", "pairs.csv", "plan.gpkg", "links.geojson", "cities.geojson"]


def written(report, folder, **options):
    """Write a report; return the names of the files that it leaves."""
    reports.write(report, folder, **options)
    assert all(path.stat().st_size > 0 for path in folder.iterdir())
    return {path.name for path in folder.iterdir()}


def test_a_plan_that_builds_nothing_still_makes_every_file(make, tmp_path):
    assert written(make(), tmp_path) == {*TABLES, "plan.png", "report.html"}


def test_picture_and_page_can_be_left_out(report, tmp_path):
    assert written(report, tmp_path, with_picture=False, with_page=False) == set(TABLES)


def test_a_plan_without_rings_writes_no_file_of_rings(make, tmp_path):
    assert not [name for name in written(make("bc"), tmp_path) if name.startswith("ring")]


def test_a_plan_compared_with_known_rings_writes_their_picture(compared, tmp_path):
    known = {"rings.csv", "ring_links.csv", "ring_overlaps.csv", "rings.png"}
    assert known <= written(compared, tmp_path)
