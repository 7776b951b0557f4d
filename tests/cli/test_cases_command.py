"""`polyring cases` asks a finished run further, and adds the answers to its folder and to nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

import polyring as pr
from networks.inputs import checksum
from optimiser.problem.errors import JobError
from optimiser.studies import answers
from optimiser.tasks import signals

FEW = ("--set", 'cases.only=["roads 10 % slower", "no cliff", "all at high costs"]')
SAID = ("report.html", "links.csv", "plan.gpkg", "links.geojson", "cities.geojson", "summary.json", "log.txt")
"""Files that say what was asked: the page, the columns `chosen_in` and `of_cases`, and the summary."""


@pytest.fixture
def copied(done, tmp_path):
    """A copy of a finished run beside it, which tests may change."""
    return shutil.copytree(done / "out", done / tmp_path.name)


def test_the_page_says_in_one_place_what_was_not_asked_and_which_command_asks(done):
    text = (done / "out" / "report.html").read_text(encoding="utf-8")
    (section,) = text.split("What was not asked</h2>")[1:]
    words = "how the proposals fare in plausible cases and what other speeds on expressways change"
    said = f"Not asked yet: {words}. The command “polyring cases RUN”, with the folder of this run, asks."
    assert said in section.partition("</section>")[0]
    assert text.count("“polyring cases RUN”, with the folder of this run, asks") == 1
    summary = json.loads((done / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary["unasked"] == [said]
    assert (summary["sensitivity"], "cases" in summary, "asked" in summary) == (None, False, False)
    assert not (done / "out" / "cases.csv").exists()


def test_a_dry_run_says_how_many_and_how_long_and_changes_nothing(done, copied, call):
    before = {path.name: checksum(path) for path in copied.iterdir() if path.is_file()}
    code, out, _ = call("cases", copied, "--dry-run")
    assert code == 0
    assert "11 plausible cases and 24 joint draws" in out
    assert "other speeds on expressways" in out
    assert "It takes about" in out
    code, out, _ = call("cases", done / "job.toml", "--out", copied, "--dry-run", "--json", *FEW)
    assert code == 0
    asked = json.loads(out)
    assert (asked["cases"], asked["prices"], asked["speeds"]) == (3, False, True)
    assert 0 < asked["expected_s"] < 180
    assert {path.name: checksum(path) for path in copied.iterdir() if path.is_file()} == before


def test_answers_are_added_to_the_folder_and_all_else_stays(copied, call):
    before = {path.name: path.read_bytes() for path in copied.iterdir() if path.is_file()}
    code, out, err = call("cases", copied, *FEW, "--workers", "0")
    assert code == 0, err
    assert "takes joint draws (cases.draws)" in out
    after = {path.name: path.read_bytes() for path in copied.iterdir() if path.is_file()}
    assert set(after) - set(before) == {"cases.csv"}
    assert [n for n in before if after[n] != before[n] and n not in (*SAID, "checksums.json")] == []
    table = pd.read_csv(copied / "cases.csv")
    assert table["name"].tolist() == ["roads 10 % slower", "all at high costs", "no cliff"]
    assert {"pairs", "today", "plan", "best", "gap", "built"} <= set(table)
    links = pd.read_csv(copied / "links.csv")
    assert set(links["of_cases"]) == {len(table)}
    old, new = (json.loads(files["summary.json"]) for files in (before, after))
    changed = {name for name in new if old.get(name) != new[name]}
    assert changed == {"cases", "sensitivity", "asked", "unasked", "links", "seconds"}
    assert new["unasked"] == []
    assert {**new["seconds"], **old["seconds"]} == new["seconds"]
    speeds = new["sensitivity"]
    assert [case["case"] for case in speeds] == [f"expressways at {speed} km/h" for speed in (80, 95, 110)]
    today = [case["all before"] for case in speeds]
    assert today == sorted(today)
    assert "How sure the proposals are" in after["report.html"].decode()
    assert "polyring cases RUN" not in after["report.html"].decode()
    assert call("verify", copied)[0] == 0
    run = pr.load(copied)
    assert run.cases is not None
    assert [row["name"] for row in run.cases.rows] == table["name"].tolist()
    assert set(run.links["of_cases"]) == {len(table)}


def test_an_interrupted_call_keeps_its_answers_and_goes_on_from_there(copied, call, monkeypatch):
    own, count = answers.solving.solve, 0

    def interrupted(*args, **others):
        nonlocal count
        count += 1
        if count == 2:
            raise signals.Interrupted
        return own(*args, **others)

    before = {path.name: checksum(path) for path in copied.iterdir() if path.is_file()}
    monkeypatch.setattr(answers.solving, "solve", interrupted)
    words = ("cases", copied, *FEW, "--workers", "0", "--set", "cases.gap=0.004")
    code, _, err = call(*words)
    assert code == 130
    assert "1 of 3 tasks are done and kept." in err
    assert {path.name: checksum(path) for path in copied.iterdir() if path.is_file()} == before
    code, _, err = call(*words)
    assert (code, count) == (0, 4)
    assert "to come: the plausible cases. 1 of 3 are kept from before." in err


def test_a_run_with_cases_asks_them_after_its_page(done, call):
    folder = done / "asked"
    words = ("run", done / "job.toml", "--out", folder, *FEW, "--cases", "--set", "output.picture=false")
    words = (*words, "--set", "cases.gap=0.006")  # answers that no other test has left
    code, out, err = call(*words)
    assert code == 0
    assert "to come: the plausible cases." in err
    assert "chosen in" in out
    assert len(pd.read_csv(folder / "cases.csv")) == 3
    code, _, err = call(*words)
    assert (code, "to come" in err) == (0, False)


def test_a_job_without_a_finished_run_is_refused_with_the_remedy(done, call, tmp_path):
    code, _, err = call("cases", done / "job.toml", "--out", tmp_path / "none")
    assert code == 2
    assert "there is no such folder" in err
    assert "polyring run" in err


def test_a_job_that_has_changed_since_its_run_is_refused(done, copied, call):
    code, _, err = call("cases", done / "job.toml", "--out", copied, "--set", "times.limit_s=9000")
    assert code == 2
    assert "no longer follows from its job" in err


def test_from_python_a_finished_run_is_asked_and_opened(copied):
    run = pr.cases(copied, settings=[FEW[1]], workers=0)
    assert run.cases is not None
    assert len(run.cases.rows) == 3
    run.close()


def test_a_run_folder_of_an_earlier_version_is_verified_compared_and_refused_by_name(done, call):
    # The text files of a run of the drawn region by commit c78ebf7, of which fewer candidates were kept.
    folder = shutil.copytree(Path(__file__).parent / "run_of_c78ebf7", done / "run-of-before")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert call("verify", folder)[0] == 0
    assert call("compare", folder, done / "out")[0] == 0
    with pytest.raises(JobError, match="no longer follows from its job") as caught:
        pr.load(folder)
    assert "polyring run" in caught.value.remedy
    code, _, err = call("cases", folder)
    assert code == 2
    assert "polyring run" in err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
