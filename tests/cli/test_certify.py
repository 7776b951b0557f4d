"""`polyring certify` proves the bound of a plan, and says how much of the claim is proved."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_drawing import TWO_PAIRS as PROBLEM
from engine_running import HereProcess

from optimiser.engine.child import Ending
from optimiser.problem import save
from optimiser.verify.bound_checker import main

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def solved(tmp_path: Path, call: Call) -> Path:
    """Return a folder with a small problem and its result."""
    save(PROBLEM, tmp_path / "problem.json")
    assert call("solve", tmp_path / "problem.json", "-o", tmp_path / "result.json")[0] == 0
    return tmp_path


def test_the_bound_of_a_result_is_certified_beside_it(solved: Path, call: Call) -> None:
    code, out, err = call("certify", solved / "problem.json", solved / "result.json")
    assert code == 0, err
    assert "Certified to 0 %: no plan is better than 6." in out
    assert main([str(solved / "problem.json"), str(solved / "certificate.json"), "--gap", "0"]) == 0


def test_both_checkers_are_asked_and_what_one_of_them_refuses_is_told(solved: Path, call: Call) -> None:
    files = (solved / "problem.json", solved / "result.json")
    code, _, err = call("verify", *files, "--both")
    written = solved / "certificate.json"
    assert (code, f"polyring certify {files[0]} {files[1]} --out {written} writes it" in err) == (2, True)
    code, out, _ = call("certify", *files)
    assert f"Ask both checkers: polyring verify {files[0]} {files[1]} --both" in out
    code, out, _ = call("verify", *files, "--both")
    assert code == 0
    assert "the plan holds, its objective is 6; no plan is better than 6" in out
    certificate = json.loads((solved / "certificate.json").read_text())
    certificate["bound"]["bound"] = 5
    (solved / "certificate.json").write_text(json.dumps(certificate))
    code, _, err = call("verify", *files, "--both")
    assert code == 4
    assert "bound_checker: REFUSED: the bound that is proved is 6" in err
    assert "second_checker: REFUSED: the bound that is proved is 6" in err


def test_a_bound_that_nobody_checked_is_told_with_what_proves_it(solved: Path, call: Call) -> None:
    files, proof = (solved / "problem.json", solved / "result.json"), solved / "proof.json"
    result = json.loads(files[1].read_text())
    by_search = {"kind": "search", "variant": "cuts", "solver": "HiGHS"}
    files[1].write_text(json.dumps(result | {"bound_source": by_search}))
    code, _, err = call("verify", *files)
    assert (code, err) == (
        10,
        f"Exit code 10, until the rest is proved: polyring certify {files[0]} {files[1]}\n",
    )
    _, out, _ = call("certify", *files, "--out", proof)
    assert f"polyring verify {files[0]} {files[1]} --certificate {proof}" in out
    code, out, err = call("verify", *files, "--certificate", proof)
    assert (code, err) == (0, "")
    assert "no plan is better than 6" in out


def test_machines_read_what_is_certified(solved: Path, call: Call) -> None:
    code, out, _ = call("certify", solved / "problem.json", solved / "result.json", "--json")
    shown = json.loads(out)
    assert (code, shown["certified_bound"], shown["certified_gap"], shown["is_complete"]) == (0, 6, 0.0, True)


def test_less_than_claimed_is_told(solved: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = {
        "bound": 11,
        "denominator_bits": 0,
        "rows": [],
        "tree": [{"objective": 1, "multipliers": []}],
    }

    def run(*_task: object, **_limit: float) -> Ending:
        return Ending("time", details={"document": everything})

    monkeypatch.setattr(HereProcess, "__call__", run)
    code, out, _ = call("certify", solved / "problem.json", solved / "result.json")
    assert code == 10
    assert "Certified to 83 %: no plan is better than 11; a gap of 0 % is the word of" in out


def test_an_infeasible_result_is_certified(tmp_path: Path, call: Call) -> None:
    save(PROBLEM.replace(budget=None, excludes=(("ab", "bc"),)), tmp_path / "problem.json")
    assert call("solve", tmp_path / "problem.json", "-o", tmp_path / "result.json")[0] == 3
    code, out, err = call(
        "certify", tmp_path / "problem.json", tmp_path / "result.json", "-o", tmp_path / "c.json"
    )
    assert code == 0, err
    assert "Certified: there is no plan." in out
    assert main([str(tmp_path / "problem.json"), str(tmp_path / "c.json")]) == 0


def test_a_problem_without_a_result_is_refused(solved: Path, call: Call) -> None:
    code, _, err = call("certify", solved / "problem.json")
    assert code == 2
    assert "a result is missing" in err


def test_a_run_holds_the_proof_of_its_bound_and_the_script_that_checks_it(done: Path, call: Call) -> None:
    out = done / "out"
    summary = json.loads((out / "summary.json").read_text())
    certificate = json.loads((out / "certificate.json").read_text())
    assert summary["certified"]["bound"] == certificate["bound"]["bound"] == round(summary["bound"])
    assert (out / "bound_checker.py").is_file()
    assert "certified" in (out / "report.html").read_text(encoding="utf-8")


def test_a_run_is_certified_again(done: Path, tmp_path: Path, call: Call) -> None:
    folder = tmp_path / "out"
    shutil.copytree(done / "out", folder)
    job = (done / "out" / "job.toml").read_text(encoding="utf-8").replace('"../', f'"{done.as_posix()}/')
    (folder / "job.toml").write_text(job, encoding="utf-8")
    before = json.loads((folder / "plan.json").read_text())
    code, out, err = call("certify", folder, "--time-limit", "20")
    assert code == 0, err
    assert "Certified to" in out
    assert json.loads((folder / "plan.json").read_text()) == before
    assert call("verify", folder)[0] == 0
