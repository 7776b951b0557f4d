"""What a user sees of a solve: where it writes, what it says, and the code that it ends with."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import pytest

from optimiser import problem as problems
from optimiser.cli import frontier
from optimiser.cli import solve as solve_command
from optimiser.engine import solve as engine
from optimiser.engine.child import Ending
from optimiser.problem import Candidate, DesignProblem, Pair, save
from optimiser.problem import result as results
from optimiser.problem.result import Result
from optimiser.run import signals

type Call = Callable[..., tuple[int, str, str]]

PROBLEM = DesignProblem(
    name="drawn",
    nodes=("a", "b", "c"),
    arcs=((0, 1, 100), (1, 2, 100)),
    candidates=(Candidate("ab", 3, ((0, 1, 10),)), Candidate("bc", 4, ((1, 2, 10),))),
    pairs=(Pair(0, 1, 50, 5), Pair(1, 2, 50, 6)),
    budget=4,
)
"""Two pairs, each with a candidate of its own, and money for one of them."""


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """Return the file of a small problem."""
    path = tmp_path / "problem.json"
    save(PROBLEM, path)
    return path


type Message = dict[str, Any]
type Receive = Callable[[Message], None]


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that sets the messages of the solver process, and how it ends."""

    def sends(*messages: Message, then: Ending | BaseException) -> None:
        class Child:
            def start(self) -> None:
                pass

            def close(self) -> None:
                pass

            def __call__(self, _task: Mapping[str, Any], receive: Receive, *, time_limit_s: float) -> Ending:
                assert time_limit_s > 0
                for message in ({"kind": "ready"}, *messages):
                    receive(message)
                if isinstance(then, Ending):
                    return then
                raise then

        monkeypatch.setattr(solve_command, "ChildProcess", Child)

    return sends


def plan(*built: str) -> Message:
    """Return the message of a plan."""
    return {"kind": "plan", "step": "test", "built": list(built)}


def bound(value: float) -> Message:
    """Return the message of a bound."""
    return {"kind": "bound", "step": "test", "bound": value}


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes with names there")
@pytest.mark.parametrize("words", [("solve", "problem.json"), ("import", "map.osm")])
def test_a_pipe_in_the_place_of_the_output_is_refused_before_any_work(
    words: tuple[str, ...], drawn: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(drawn.parent)
    pipe = drawn.parent / "out.gpkg"
    os.mkfifo(pipe)
    code, out, err = call(*words, "-o", "out.gpkg")
    assert (code, out) == (5, "")
    assert "out.gpkg: is not a file but a pipe" in err
    assert stat.S_ISFIFO(pipe.lstat().st_mode)


@pytest.mark.parametrize("signal", [signals.Interrupted(), KeyboardInterrupt()])
def test_an_interrupted_solve_writes_its_best_plan_with_its_bound(
    signal: BaseException, drawn: Path, call: Call, child: Callable[..., None]
) -> None:
    child(plan("ab"), bound(6.0), then=signal)
    output = drawn.parent / "r.json"
    code, out, err = call("solve", drawn, "-o", output)
    assert code == 130
    result = results.load(output)
    assert (result.status, result.termination, result.bound) == ("feasible", "interrupted", 6.0)
    assert result.built == ("ab",)
    assert "NOT proven" in out
    assert f"the best plan so far is in {output}" in err
    assert "resume" not in err


def test_after_an_interruption_no_further_task_is_run(child: Callable[..., None]) -> None:
    child(then=signals.Interrupted())
    with solve_command.Interruption() as interrupted:
        assert interrupted.run({}, lambda _message: None, time_limit_s=1.0).reason == "interrupted"
        assert interrupted.run({}, pytest.fail, time_limit_s=1.0).reason == "interrupted"


def test_an_interrupted_solve_without_a_plan_writes_nothing(
    drawn: Path, call: Call, child: Callable[..., None], tmp_path: Path
) -> None:
    wanted = replace_in(drawn, targets=[{"group": "g", "least": 1}], group="g")
    child(then=signals.Interrupted())
    code, out, err = call("solve", wanted, "-o", tmp_path / "r.json")
    assert (code, out) == (130, "")
    assert "no result was written" in err
    assert not (tmp_path / "r.json").exists()


def replace_in(path: Path, *, group: str, targets: list[object]) -> Path:
    """Return the file of a problem that neither nothing nor everything built solves."""
    value = json.loads(path.read_text())
    value["targets"] = targets
    value["pairs"][0]["group"] = group
    path.write_text(json.dumps(value))
    return path


def test_the_outcome_of_an_interrupted_solve_can_be_read_by_a_machine(
    drawn: Path, call: Call, child: Callable[..., None]
) -> None:
    child(plan("ab"), then=signals.Interrupted())
    code, out, err = call("solve", drawn, "-o", drawn.parent / "r.json", "--json")
    assert code == 130
    assert json.loads(out)["termination"] == "interrupted"
    assert "Interrupted: the best plan so far" in err


@pytest.mark.parametrize(("command", "kept"), [("solve", False), ("frontier", True)])
def test_only_commands_that_keep_steps_promise_to_resume(
    command: str, *, kept: bool, drawn: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(*_: object, **__: object) -> NoReturn:
        raise signals.Interrupted

    monkeypatch.setattr(problems, "load", ended)
    monkeypatch.setattr(frontier, "_trace_file", ended)
    words = ("-o", "r.json") if command == "solve" else ("--out", "f")
    code, _, err = call(command, drawn, *words)
    assert code == 130
    assert ("finished steps are kept" in err) is kept
    assert ("starts anew" in err) is not kept


def test_an_open_gap_is_printed_in_per_cent_as_not_proven(
    drawn: Path, call: Call, child: Callable[..., None]
) -> None:
    child(plan("ab"), bound(8.25), then=Ending("time", "", "", 2.0))
    code, out, err = call("solve", drawn, "-o", drawn.parent / "r.json")
    assert code == 10
    assert "bound 8.25, gap 60 %, NOT proven, 2.0 s" in out
    assert (
        "The gap of 0 % that was asked for is not proven: time ran out; allow more with --time-limit." in err
    )


def test_a_gap_within_the_one_asked_for_is_proven(
    drawn: Path, call: Call, child: Callable[..., None]
) -> None:
    child(plan("ab"), bound(8.25), then=Ending("gap", "", "", 2.0))
    code, out, err = call("solve", drawn, "-o", drawn.parent / "r.json", "--gap", 0.6)
    assert code == 0
    assert "gap 60 %, 2.0 s" in out
    assert "proven" not in out + err


def answered(**changes: Any) -> Callable[..., Result]:
    """Return a solve that gives the plan of the link `ab`."""
    result = Result(
        problem="drawn", status="feasible", built=("ab",), cost=3, coverage=5, objective=5, bound=None,
        gap=None, variant="cuts", seconds=0.1, seed=1, threads=1, solver="none", termination="heuristic",
    )  # fmt: skip
    return lambda *_, **__: result.replace(**changes)


def test_the_notes_of_the_solve_are_printed(drawn: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "solve", answered(message="one thing\nanother"))
    for words in ((), ("--json",)):
        _, _, err = call("solve", drawn, "-o", drawn.parent / "r.json", *words)
        assert [line for line in err.splitlines() if line.startswith("Note: ")] == [
            "Note: one thing.",
            "Note: another.",
        ]
        assert "this variant proves nothing; take --variant auto" in err


@pytest.mark.parametrize("weight", [999_000_000, 4_300_000_001])
def test_an_objective_too_large_for_a_gap_of_zero_is_explained(
    weight: int, drawn: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = PROBLEM.replace(pairs=(Pair(0, 1, 50, weight),))
    save(large, drawn)
    gap = results.gap_of(weight, weight)
    same = answered(
        coverage=weight, objective=weight, bound=float(weight), gap=gap, termination="proof",
        status="feasible" if gap else "optimal",
    )  # fmt: skip
    monkeypatch.setattr(engine, "solve", same)
    code, _, err = call("solve", drawn, "-o", drawn.parent / "r.json")
    assert code == (10 if gap else 0)
    assert ("Count weight in a larger unit" in err) is bool(gap)
    assert call("solve", drawn, "-o", drawn.parent / "r.json", "--gap", "2e-9")[0] == 0


def test_a_model_is_written_without_a_solve(drawn: Path, tmp_path: Path, call: Call) -> None:
    lp, mps = tmp_path / "model.lp", tmp_path / "model.mps"
    code, out, err = call("solve", drawn, "--write-lp", lp, "--write-mps", mps)
    assert (code, out) == (0, "")
    assert f"The model is written to {lp}." in err
    assert "x0000001 = candidate 'ab'" in lp.read_text(encoding="utf-8")
    assert mps.read_text(encoding="utf-8").startswith("* ")


def test_a_solve_that_writes_nothing_is_refused(drawn: Path, call: Call) -> None:
    code, _, err = call("solve", drawn)
    assert code == 2
    assert "--write-lp" in err


def test_a_solve_starts_from_a_result_a_run_folder_or_ids(drawn: Path, tmp_path: Path, call: Call) -> None:
    ids, folder = tmp_path / "plan.txt", tmp_path / "run"
    folder.mkdir()
    ids.write_text("ab\n", encoding="utf-8")
    assert call("solve", drawn, "-o", folder / "result.json")[0] == 0
    for plan in (ids, folder, folder / "result.json"):
        code, out, _ = call("solve", drawn, "-o", tmp_path / "again.json", "--start", plan)
        assert code == 0
        assert "objective 6" in out
        assert results.load(tmp_path / "again.json").trace[0].objective in (5, 6)


def test_a_start_that_is_not_feasible_is_noted(drawn: Path, tmp_path: Path, call: Call) -> None:
    ids = tmp_path / "plan.txt"
    ids.write_text("ab\nbc\nold\n", encoding="utf-8")
    code, out, err = call("solve", drawn, "-o", tmp_path / "result.json", "--start", ids)
    assert code == 0
    assert "objective 6" in out
    assert "the problem lacks 'old'; it costs 7, more than the budget of 4" in err


def test_a_start_of_another_problem_is_refused(drawn: Path, tmp_path: Path, call: Call) -> None:
    ids = tmp_path / "plan.txt"
    ids.write_text("abc\n", encoding="utf-8")
    code, _, err = call("solve", drawn, "-o", tmp_path / "result.json", "--start", ids)
    assert code == 2
    assert "there is no candidate 'abc'; near it: bc, ab" in err
    assert not (tmp_path / "result.json").exists()


def test_a_variant_may_name_its_solver_or_be_a_file_of_ones_own(
    drawn: Path, tmp_path: Path, call: Call
) -> None:
    own = tmp_path / "mine.py"
    own.write_text(
        "from optimiser.engine.methods.heuristics.greedy import greedy\n"
        "from optimiser.engine.methods.own_variant import Variant\n"
        "VARIANT = Variant(name='mine', about='Greedy.', proves=False)\n"
        "def run(t, incumbent, task):\n"
        "    incumbent.plan(greedy(t), 'mine')\n"
        "    return 'heuristic', ''\n",
        encoding="utf-8",
    )
    output = tmp_path / "result.json"
    assert call("solve", drawn, "-o", output, "--variant", "compact:highs")[0] == 0
    assert results.load(output).solver.startswith("HiGHS")
    assert call("solve", drawn, "-o", output, "--variant", own)[0] == 10
    assert results.load(output).variant == "mine"


@pytest.mark.parametrize(
    ("variant", "words"), [("compact", "HiGHS"), ("compact:scip", "SCIP"), ("compact:cpsat", "CP-SAT")]
)
def test_the_log_of_the_solver_goes_to_a_file(
    variant: str, words: str, drawn: Path, tmp_path: Path, call: Call
) -> None:
    log = tmp_path / "solver.log"
    log.write_text("of an earlier solve", encoding="utf-8")
    output = tmp_path / "result.json"
    code, _, err = call("solve", drawn, "-o", output, "--variant", variant, "--solver-log", log)
    text = log.read_text(encoding="utf-8")
    assert code == 0
    assert words.lower() in text.lower()
    assert "earlier" not in text
    assert words not in err


def test_the_log_of_the_solver_may_be_printed(drawn: Path, tmp_path: Path, call: Call) -> None:
    words = ("-o", tmp_path / "result.json", "--variant", "compact", "--solver-log", "-")
    code, out, err = call("solve", drawn, *words)
    assert code == 0
    assert "Running HiGHS" in err
    assert "Running HiGHS" not in out


def test_a_log_in_a_folder_that_does_not_exist_is_refused(drawn: Path, tmp_path: Path, call: Call) -> None:
    words = ("-o", tmp_path / "result.json", "--solver-log", tmp_path / "no" / "solver.log")
    assert call("solve", drawn, *words)[0] == 5
