"""What a user sees of rings and periods."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from optimiser.problem import Candidate, DesignProblem, Pair, Period, Ring, RingLink, save

type Call = Callable[..., tuple[int, str, str]]


def triangle(**changes: object) -> DesignProblem:
    """Return two places, a link between them, and a triangle round (2, 1) of which one side may be built."""
    ring = Ring(
        id="triangle",
        required=True,
        centres=((2, 1),),
        nodes=((0, 0), (4, 0), (2, 4)),
        links=(RingLink(0, 1), RingLink(1, 2), RingLink(2, 0, "side")),
    )
    problem = DesignProblem(
        name="triangle",
        nodes=("a", "b"),
        arcs=((0, 1, 100),),
        candidates=(Candidate("link", 3, ((0, 1, 10),)), Candidate("side", 4, ())),
        pairs=(Pair(0, 1, 50, 5),),
        budget=9,
        rings=(ring,),
    )
    return problem.replace(**changes)


def test_a_ring_is_solved_printed_verified_and_scored(call: Call, tmp_path: Path) -> None:
    problem, result = tmp_path / "problem.json", tmp_path / "result.json"
    save(triangle(), problem)
    code, out, _ = call("solve", problem, "-o", result)
    assert code == 0
    assert "ring triangle: formed by 3 links" in out
    assert sorted(json.loads(result.read_text())["rings"][0]["links"]) == [0, 1, 2]
    code, out, _ = call("verify", problem, result)
    assert (code, "everything claimed is true" in out) == (0, True)
    code, out, _ = call("score", problem, "--plan", result)
    assert (code, "Ring triangle: formed by 3 links" in out) == (0, True)


def test_circuits_that_a_plan_does_not_name_are_found(call: Call, tmp_path: Path) -> None:
    problem = tmp_path / "problem.json"
    save(triangle(), problem)
    code, out, _ = call("score", problem, "--built", "side", "--json")
    assert code == 0
    assert sorted(json.loads(out)["rings"][0]["links"]) == [0, 1, 2]


def test_a_plan_with_an_open_ring_is_refused_with_the_place_of_the_gap(call: Call, tmp_path: Path) -> None:
    problem = tmp_path / "problem.json"
    save(triangle(), problem)
    code, _, err = call("score", problem, "--built", "link")
    said = " ".join(err.split())
    assert code == 4
    assert "the ring 'triangle' must be formed" in said
    assert "leave a gap between the bearings" in said
    assert "not built: 'side'" in said


def test_an_optional_ring_may_stay_open(call: Call, tmp_path: Path) -> None:
    problem = tmp_path / "problem.json"
    wish = replace(triangle().rings[0], required=False, reward=3)
    save(triangle(rings=(wish,)), problem)
    code, out, _ = call("score", problem, "--built", "link")
    assert (code, "Ring triangle: not formed; it is not required." in out) == (0, True)
    code, out, _ = call("score", problem, "--built", "side", "--json")
    assert (code, json.loads(out)["objective"]) == (0, 3)


def test_a_circuit_given_with_a_plan_is_checked_and_not_replaced(call: Call, tmp_path: Path) -> None:
    problem, plan = tmp_path / "problem.json", tmp_path / "plan.json"
    save(triangle(), problem)
    plan.write_text(json.dumps({"built": ["side"], "rings": [{"id": "triangle", "links": [0, 1]}]}))
    code, _, err = call("score", problem, "--plan", plan)
    assert (code, "its links are not a closed circuit" in err) == (4, True)


def test_a_ring_with_a_gap_is_refused_with_its_bearings(call: Call, tmp_path: Path) -> None:
    problem = tmp_path / "problem.json"
    barred = tuple(Candidate(c.id, c.cost, c.arcs, fixed="out") for c in triangle().candidates)
    save(triangle(candidates=barred), problem)
    code, _, err = call("solve", problem, "-o", tmp_path / "result.json")
    assert code == 3
    assert "leave a gap between the bearings" in " ".join(err.split())
    assert "'side' is fixed out" in err


def test_periods_are_printed_with_the_built_candidates(call: Call, tmp_path: Path) -> None:
    problem = tmp_path / "problem.json"
    periods = (Period("2026-30", 2, 1), Period("2031-35", 7, 1))
    save(triangle(rings=(), periods=periods), problem)
    code, out, _ = call("solve", problem, "-o", tmp_path / "result.json")
    assert (code, "link (from 2031-35)" in out) == (0, True)


def test_ids_that_hold_commas_can_be_given_with_commas(call: Call, tmp_path: Path) -> None:
    problem = tmp_path / "problem.json"
    names = ("gap:1,2-3,4", "gap:5,6")
    candidates = tuple(Candidate(name, 1, ((0, 1, 10),)) for name in names)
    save(triangle(rings=(), candidates=candidates), problem)
    code, out, _ = call("score", problem, "--built", f"{names[1]}, {names[0]}", "--json")
    assert (code, json.loads(out)["built"]) == (0, sorted(names))
    code, _, err = call("score", problem, "--built", "gap:1,2,gap:5,6")
    assert code == 2
    assert "no candidate has the id 'gap:1'; did you mean '" in err
    assert "no candidate has the id 'gap:5" not in err
