"""Nothing is overwritten in silence: what was set names a folder, and what is replaced is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cli_drawing import TWO_PAIRS

from optimiser.job import find, find_around
from optimiser.problem import save
from optimiser.problem.errors import JobError
from optimiser.run import folder

JOB = "jing-jin-ji"
SET = ("--set", "amount=26000", "--set", 'solve.variant="cuts"')
NAMED = f"{JOB}--budget.amount=26000--solve.variant=cuts"

type Call = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize(
    ("words", "target"),
    [
        (("run", JOB), JOB),
        (("run", JOB, "--cases", "--set", "cases.gap=0.01", "--set", "output.picture=false"), JOB),
        (("run", JOB, *SET), NAMED),
        (("frontier", JOB), f"{JOB}-frontier"),
        (("frontier", JOB, "--points", "5"), f"{JOB}--frontier.points=5-frontier"),
        (("robust", JOB, *SET), f"{NAMED}-robust"),
        (("robust", JOB, "--kind", "regret"), f"{JOB}--robust.kind=regret-robust"),
        (("sweep", JOB, *SET), f"{NAMED}-sweep"),
        (("closures", JOB, *SET), f"{NAMED}-closures"),
        (("backcast", JOB, "--as-of", "2016-03-10"), f"{JOB}--2016-03-10-backcast"),
        (("atlas", "--only", "yangtze-delta"), "atlas"),
        (("run", "--around", "Lagos", "--radius", "200"), "around-lagos--region.radius_km=200"),
    ],
)
def test_what_was_set_names_the_folder_and_each_command_says_what_it_replaces(
    words: tuple[str, ...], target: str, call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)

    @contextmanager
    def staged(home: Path, notify: Callable[[str], object] = str) -> Iterator[Path]:
        notify(f"staged: {home}")
        raise JobError("this is far enough")
        yield home

    monkeypatch.setattr(folder, "staged", staged)
    code, _, err = call(*words)
    assert (code, "this is far enough" in err) == (2, True), err
    assert f"staged: {Path('polyring-runs') / target}\n" in err


def test_a_run_of_a_changed_job_leaves_that_of_the_job_and_both_are_compared(
    region: Path, call: Call, tmp_path: Path
) -> None:
    quick = ("--set", "output.picture=false")
    assert call("run", region / "job.toml", *quick)[0] == 0
    home = next(tmp_path.glob("polyring-runs/*"), region / "job")
    before = (home / "summary.json").read_bytes()
    code, out, err = call("run", region / "job.toml", *quick, "--set", "budget.share=0.05")
    other = home.with_name(f"{home.name}--budget.share=0.05")
    assert (code, "it is replaced" in err) == (0, False)
    assert str(other.name) in out
    assert (home / "summary.json").read_bytes() == before
    assert call("compare", home, other)[0] == 0
    code, _, err = call("run", region / "job.toml", *quick, "--set", "budget.share=0.07", "--out", other)
    assert code == 0
    assert f"{other.name} holds a run of job on 20" in err
    assert call("run", region / "job.toml", *quick, "--set", "budget.share=0.05")[0] == 0
    assert call("cases", region / "job.toml", "--set", "budget.share=0.05", "--dry-run")[0] == 0
    code, _, err = call("cases", region / "job.toml", "--set", "budget.share=0.06", "--dry-run")
    assert (code, "there is no such folder" in err) == (2, True)


def test_a_folder_that_a_command_names_or_a_job_sets_is_taken_as_it_is() -> None:
    assert find(JOB, settings=["output.folder='mine'", "budget.amount=1"]).run_folder().name == "mine"
    assert find_around("Lagos").run_folder() == Path("polyring-runs/around-lagos")


def test_names_of_folders_are_plain_and_no_longer_than_a_file_system_takes() -> None:
    ids = [f"road-new:{number}" for number in range(100)]
    names = [
        find(JOB, settings=[f"candidates.fixed_out={ids[:count]}"]).run_folder().name
        for count in (2, 99, 100)
    ]
    assert names[0] == f"{JOB}--candidates.fixed_out=-road-new-0,road-new-1"
    assert len(set(names)) == 3
    assert max(map(len, names)) < 140


def test_a_file_that_is_replaced_is_named(region: Path, call: Call) -> None:
    out = region / "network.gpkg"
    for said in (False, True):
        code, _, err = call("import", region / "map.osm", "--out", out, "--country", "CN")
        assert (code, f"It will replace the file {out}." in err) == (0, said), err


REPLACED = "It will replace the file {}."


def test_a_certificate_that_is_replaced_is_named_and_not_before_a_refusal(tmp_path: Path, call: Call) -> None:
    save(TWO_PAIRS, tmp_path / "problem.json")
    files, out = (tmp_path / "problem.json", tmp_path / "result.json"), tmp_path / "proof.json"
    out.write_text("{}", encoding="utf-8")
    code, _, err = call("certify", *files, "--out", out)  # there is no result yet
    assert (code, REPLACED.format(out) in err, out.read_text()) == (5, False, "{}")
    assert call("solve", files[0], "--out", files[1])[0] == 0
    assert call("certify", *files, "--out", tmp_path / "none" / "proof.json")[0] == 5
    code, _, err = call("certify", *files, "--out", out)
    assert (code, REPLACED.format(out) in err, "bound" in out.read_text()) == (0, True, True)
    out.unlink()
    assert REPLACED.format(out) not in call("certify", *files, "--out", out)[2]


def test_a_result_that_is_replaced_is_named_and_not_before_a_refusal(tmp_path: Path, call: Call) -> None:
    save(TWO_PAIRS, tmp_path / "problem.json")
    out = tmp_path / "result.json"
    out.write_text("mine", encoding="utf-8")
    words = ("solve", tmp_path / "problem.json", "--out", out)
    for refused in (("--variant", "cats"), ("--variant", "greedy", "--solver", "highs"), ("--start", out)):
        code, _, err = call(*words, *refused)
        assert (code, REPLACED.format(out) in err, out.read_text()) == (2, False, "mine"), err
    code, _, err = call(*words)
    assert (code, REPLACED.format(out) in err) == (0, True)


def test_a_bench_says_which_solves_its_folder_keeps(tmp_path: Path, call: Call) -> None:
    save(TWO_PAIRS, tmp_path / "small.json")
    out = tmp_path / "mine"
    words = ("bench", "--instances", tmp_path / "small.json", "--variant", "greedy", "--out", out)
    kept = f"{out} keeps its rows of earlier solves (1), with new tables."
    for said in (False, True):
        code, _, err = call(*words)
        assert (code, kept in err) == (0, said), err
    save(TWO_PAIRS.replace(budget=3), tmp_path / "small.json")  # another problem of the same name
    before = (out / "summary.md").read_bytes()
    code, _, err = call(*words)
    assert (code, kept in err, (out / "summary.md").read_bytes() == before) == (2, False, True), err


def test_a_job_is_written_beside_what_is_there_or_not_at_all(tmp_path: Path, call: Call) -> None:
    job, cities = tmp_path / "mine.toml", tmp_path / "cities.csv"
    words = ("init", job, "--region", "jing-jin-ji", "--cities", cities)
    for refused in (("--money", "5"), ("--country", "Germany")):
        code, _, err = call(*words, *refused)
        assert (code, job.exists(), cities.exists()) == (2, False, False), err
    cities.write_text("id,name,lon,lat,population\n", encoding="utf-8")
    assert call(*words)[0] == 0
    before = job.read_text()
    code, _, err = call(*words, "--money", "65e9")
    assert (code, "the file exists" in err, "replace" in err) == (2, True, False)
    assert (job.read_text(), len(cities.read_text().splitlines())) == (before, 1)
