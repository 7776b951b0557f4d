"""What a user sees of side constraints: plans, and why there is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from optimiser.problem import Candidate, City, DesignProblem, Pair, Target, save

type Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def drawn(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a problem of two pairs, each with a candidate of its own."""

    def written(**changes: object) -> Path:
        problem = DesignProblem(
            name="drawn",
            nodes=("a", "b", "c"),
            arcs=((0, 1, 100), (1, 2, 100)),
            candidates=(Candidate("ab", 3, ((0, 1, 10),)), Candidate("bc", 4, ((1, 2, 10),))),
            pairs=(Pair(0, 1, 50, 5, "small"), Pair(1, 2, 50, 6, "core")),
            budget=9,
            money="kEUR",
        )
        path = tmp_path / "problem.json"
        save(problem.replace(**changes), path)
        return path

    return written


def test_a_target_out_of_reach_is_named_with_its_pairs_and_ends_with_3(
    drawn: Callable[..., Path], call: Call, tmp_path: Path
) -> None:
    problem = drawn(candidates=(Candidate("ab", 3, ((0, 1, 10),)),), targets=(Target("core", 6),))
    code, _, err = call("solve", problem, "-o", tmp_path / "result.json")
    assert code == 3
    assert "the target of 6 for the pairs of group 'core' is 6 short even with everything built" in err
    assert "b - c (100 s, limit 50 s)" in err
    code, out, _ = call("verify", problem, tmp_path / "result.json")
    assert code == 0
    assert "proved again by an argument" in " ".join(out.split())


def test_constraints_that_conflict_are_named(drawn: Callable[..., Path], call: Call, tmp_path: Path) -> None:
    problem = drawn(targets=(Target("core", 6), Target("small", 5)), budget=6)
    code, _, err = call("solve", problem, "-o", tmp_path / "result.json")
    assert code == 3
    assert [line for line in err.splitlines() if line.startswith("  - ")] == [
        "  - these cannot all be met, and without any one of them the others can:",
        "  - the target of 6 for the pairs of group 'core'",
        "  - the target of 5 for the pairs of group 'small'",
        "  - the budget of 6 kEUR",
    ]


def test_covered_cities_are_listed(drawn: Callable[..., Path], call: Call) -> None:
    problem = drawn(cities=(City("bee", 3, (0, 1), 2), City("cee", 2, (1,), 1)))
    code, out, _ = call("score", problem, "--built", "bc", "--json")
    assert code == 0
    scored = json.loads(out)
    assert (scored["objective"], scored["coverage"], scored["cities"]) == (8, 6, ["cee"])


def test_a_result_without_a_plan_is_no_verified_plan(
    drawn: Callable[..., Path], call: Call, tmp_path: Path
) -> None:
    nothing = {
        "format": "polyring-result/1",
        "problem": "drawn",
        "status": "none",
        "built": [],
        "cost": 0,
        "coverage": 0,
        "bound": None,
    }
    (tmp_path / "result.json").write_text(json.dumps(nothing))
    code, out, err = call("verify", drawn(), tmp_path / "result.json")
    assert (code, out) == (4, "")
    assert "result.json: the result holds no plan: none was found, and none is excluded" in err
    code, out, _ = call("verify", drawn(), tmp_path / "result.json", "--json")
    assert (code, json.loads(out)["status"]) == (4, "none")
