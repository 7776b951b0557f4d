"""Without money or without candidates the plan builds nothing and says what is covered today."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_drawing import PLAIN

Call = Callable[..., tuple[int, str, str]]


def _run(region: Path, call: Call, budget: str, *settings: str) -> tuple[dict[str, Any], str]:
    """Return the plan of a run of the drawn region with another budget, and what was printed."""
    job = region / "job.toml"
    job.write_text(job.read_text().replace("share = 0.3", budget), encoding="utf-8")
    keys = [word for one in settings for word in ("--set", one)]
    code, out, err = call("run", job, "--out", region / "out", *PLAIN, *keys)
    assert code == 0, err
    plan = json.loads((region / "out" / "plan.json").read_text(encoding="utf-8"))
    return plan, " ".join(out.split())


@pytest.mark.parametrize(
    ("setting", "cause"),
    [
        (
            "times.limit_s=36000",
            "beyond the limit today. A shorter limit leaves something to do: --set limit=5h30",
        ),
        (
            "budget.amount=0",
            "Nothing can be built: the cheapest candidate allowed, road-upgrade:e-f, costs 11,196",
        ),
        (
            'candidates.kinds=["connecting_curve"]',
            "the kinds asked for (connecting_curve; candidates.kinds).",
        ),
        (
            "times.limit_s=300",
            "Nothing could be proposed. The rules left out: road_link: brings too few pairs",
        ),
        (
            "candidates.fixed_out=['road-upgrade:e-f']",
            "by itself, road-upgrade:b-c, costs 12,416 million CNY. Raise budget.amount.",
        ),
    ],
)
def test_a_run_that_builds_nothing_names_the_cause_and_the_key(
    setting: str, cause: str, region: Path, call: Call
) -> None:
    budget = "amount = 11_400" if "fixed_out" in setting else ""
    plan, told = _run(region, call, budget, setting)
    assert (plan["built"], plan["cost"]) == ([], 0)
    assert cause in told


def test_where_no_budget_is_named_it_buys_the_best_single_proposal(region: Path, call: Call) -> None:
    plan, _ = _run(region, call, "")
    assert plan["built"]


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
