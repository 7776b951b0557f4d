"""The pages of the documentation site lead somewhere, and what they show is accepted by the program."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

import polyring as pr
from networks import cities, regions
from optimiser.cli.app import app, call
from optimiser.job import ready_names
from optimiser.problem import problem_file
from optimiser.problem import result as results
from tools import reference_pages, site, tutorials

DOCS = Path(__file__).parents[1] / "docs"


def _page(folder: Path, name: str, body: str) -> None:
    (folder / name).write_text(f"<!DOCTYPE html><html><body>{body}</body></html>", encoding="utf-8")


def _faults(folder: Path, body: str) -> list[str]:
    _page(folder, "a.html", body)
    _page(folder, "b.html", '<h1 id="there">B</h1>')
    return list(site.faults(folder))


@pytest.mark.parametrize(
    "link", ["b.html", "b.html#there", "#here", "https://example.org/", "mailto:a@example.org", "a.html?q=1"]
)
def test_a_link_that_leads_somewhere_is_no_fault(link, tmp_path):
    assert _faults(tmp_path, f'<p id="here"><a href="{link}">x</a></p>') == []


@pytest.mark.parametrize(
    ("link", "fault"),
    [
        ("c.html", "a.html: c.html does not exist"),
        ("b.html#here", "a.html: b.html#here has no such anchor"),
        ("#there", "a.html: #there has no such anchor"),
        ("/b.html", "a.html: /b.html does not exist"),
    ],
)
def test_a_link_that_leads_nowhere_is_named(link, fault, tmp_path):
    assert _faults(tmp_path, f'<a href="{link}">x</a>') == [fault]


@pytest.mark.parametrize(
    "element",
    [
        '<script src="https://cdn.example.org/x.js"></script>',
        '<link rel="stylesheet" href="//cdn.example.org/x.css">',
        '<img src="https://cdn.example.org/x.png">',
    ],
)
def test_what_a_page_loads_from_another_host_is_named(element, tmp_path):
    (fault,) = _faults(tmp_path, element)
    assert "loads" in fault
    assert "cdn.example.org" in fault


def test_what_a_style_sheet_loads_from_another_host_is_named(tmp_path):
    (tmp_path / "x.css").write_text('@import "https://cdn.example.org/font.css";', encoding="utf-8")
    assert list(site.faults(tmp_path)) == ["x.css: loads https://cdn.example.org/font.css"]


def test_every_command_of_the_program_is_on_its_page():
    text = reference_pages.commands()
    for command in ("run", "solve", "convert sndlib"):
        assert f"## `polyring {command}`" in text
    assert "-h, --help" in text


def test_readme_names_every_command_in_its_table():
    rows = re.findall(
        r"^\| (`polyring [^|]*) \|", (DOCS.parent / "README.md").read_text("utf-8"), re.MULTILINE
    )
    named = {word for row in rows for code in re.findall("`([^`]+)`", row) for word in code.split()}
    commands = {one.name or one.callback.__name__ for one in app.registered_commands}
    assert commands | {one.typer_instance.info.name for one in app.registered_groups} <= named


def test_every_key_of_a_job_is_on_its_page():
    text = reference_pages.job_keys()
    for name, field in pr.Job.model_fields.items():
        assert f"[{name}]" in text
        assert all(f"| `{key}` |" in text for key in getattr(field.annotation, "model_fields", {}))
    assert '| `kind` | `"coverage"` | `coverage`, `accessibility`, `max_min` |' in text


def test_every_ready_job_is_on_its_page():
    text = reference_pages.ready_jobs()
    assert all(f"## `{name}`" in text for name in ready_names())


def test_the_problem_of_the_page_on_files_is_solved_by_the_result_beside_it(tmp_path):
    blocks = re.findall(
        r"```json\n(.*?)```", (DOCS / "file-formats.md").read_text(encoding="utf-8"), re.DOTALL
    )
    problem = problem_file.parse(json.loads(blocks[0]))
    (tmp_path / "result.json").write_text(blocks[1], encoding="utf-8")
    plan = pr.verify(problem, results.load(tmp_path / "result.json"))
    assert plan.status == "optimal"


SETTINGS = re.findall(
    r"^\|[^|]*\| (`--set [^|]*?`)", (DOCS / "howto-question.md").read_text(encoding="utf-8"), re.MULTILINE
)


def test_the_commands_of_the_most_frequent_changes_do_what_they_say(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = (DOCS / "howto-question.md").read_text(encoding="utf-8")
    lines = page.split("```")[1].strip().splitlines()
    ran = [shlex.split(line)[1:] for line in lines if line.startswith("polyring ")]
    less, without, started, more, compared = ran
    assert call(started) == 0
    (added,) = (line for line in lines if line.startswith("echo "))
    subprocess.run(["bash", "-c", added], check=True)
    jobs = [pr.find_job(words[1], settings=words[3:4]) for words in (less, without, more)]
    assert jobs[0].job.budget.amount * 5 == pr.find_job("jing-jin-ji").job.budget.amount
    assert jobs[1].job.candidates.fixed_out == ("check-in:region",)
    known = len(cities.load_csv(regions.read("jing-jin-ji").cities))
    assert len(cities.load_csv(jobs[2].files["cities.file"])) == known + 1
    assert compared == ["compare", "polyring-runs/jing-jin-ji", less[-1]]


@pytest.mark.parametrize("example", SETTINGS)
def test_each_change_of_a_question_is_accepted(example):
    words = shlex.split(example.strip("`"))
    settings = [word for word in words if word != "--set"]
    assert pr.find_job("jing-jin-ji", settings=settings)


def test_outputs_of_a_tutorial_are_written_anew():
    page = "a\n```console\n$ echo one\nold\n```\n```pycon\n>>> x = 2\n>>> x\n3\n```\nb\n"
    new = "a\n```console\n$ echo one\none\n```\n```pycon\n>>> x = 2\n>>> x\n2\n```\nb\n"
    assert tutorials.renewed(page) == new


def test_a_command_of_a_tutorial_that_fails_is_an_error():
    with pytest.raises(RuntimeError, match="ended with 3"):
        tutorials.renewed("```console\n$ exit 3\n```\n")
