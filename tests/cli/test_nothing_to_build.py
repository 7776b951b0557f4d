"""Without money or without candidates the plan builds nothing and says what is covered today."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_drawing import PLAIN

Call = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("setting", ["budget.amount=0", 'candidates.kinds=["connecting_curve"]'])
def test_a_run_with_nothing_to_build_has_a_valid_plan(setting: str, region: Path, call: Call) -> None:
    job = region / "job.toml"
    job.write_text(job.read_text().replace("share = 0.3", ""), encoding="utf-8")
    code, _, err = call("run", job, "--out", region / "out", *PLAIN, "--set", setting)
    assert code == 0, err
    plan = json.loads((region / "out" / "plan.json").read_text(encoding="utf-8"))
    assert (plan["built"], plan["cost"]) == ([], 0)


def test_a_problem_without_candidates_has_a_valid_plan(tmp_path: Path, call: Call) -> None:
    problem = {
        "format": "polyring-problem/1",
        "name": "none",
        "nodes": ["a", "b"],
        "arcs": [[0, 1, 100]],
        "candidates": [],
        "pairs": [{"origin": 0, "destination": 1, "limit": 120, "weight": 3}],
        "budget": 0,
    }
    (tmp_path / "p.json").write_text(json.dumps(problem))
    code, _, err = call("solve", tmp_path / "p.json", "-o", tmp_path / "r.json")
    assert code == 0, err
    result = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert (result["status"], result["objective"], result["built"]) == ("optimal", 3, [])
