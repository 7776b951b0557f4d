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
from cli_drawing import TWO_PAIRS as PROBLEM
from core_drawing import crowded_line

from optimiser.cli import frontier
from optimiser.cli import solve as solve_command
from optimiser.engine import solve as engine
from optimiser.engine.child import Ending
from optimiser.problem import Pair, Target, save
from optimiser.problem import result as results
from optimiser.problem.result import ProofSource, Result
from optimiser.tasks import signals

type Call = Callable[..., tuple[int, str, str]]


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
    (drawn.parent / "map.osm").write_text("no map: it is not read", encoding="utf-8")
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

    monkeypatch.setattr(solve_command, "load", ended)
    monkeypatch.setattr(frontier, "watching", ended)
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
    assert f"The model is written to {lp} (0.0 MB)." in err
    assert "x0000001 = candidate 'ab'" in lp.read_text(encoding="utf-8")
    assert mps.read_text(encoding="utf-8").startswith("* ")


def test_why_a_model_is_large_is_told(
    drawn: Path, tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(solve_command, "LARGE_MB", 0.0001)
    told = [
        "an arc flow for every pair"
        in call("solve", drawn, "--write-lp", tmp_path / "m.lp", "--variant", way)[2]
        for way in ("auto", "cuts")
    ]
    assert told == [True, False]


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
    assert "no candidate has the id 'abc'; did you mean 'bc'?" in err
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


@pytest.mark.usefixtures("processes")  # HiGHS says once in a process that it runs
def test_the_log_of_the_solver_may_be_printed(drawn: Path, tmp_path: Path, call: Call) -> None:
    words = ("-o", tmp_path / "result.json", "--variant", "compact", "--solver-log", "-")
    code, out, err = call("solve", drawn, *words)
    assert code == 0
    assert "Running HiGHS" in err
    assert "Running HiGHS" not in out


def test_a_log_in_a_folder_that_does_not_exist_is_refused(drawn: Path, tmp_path: Path, call: Call) -> None:
    words = ("-o", tmp_path / "result.json", "--solver-log", tmp_path / "no" / "solver.log")
    assert call("solve", drawn, *words)[0] == 5


# ---- claims that are not believed, and a second solver


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Message]]:
    """Return a function that sets how the tasks of the solver process end, one after another.

    It returns the tasks, to which each one is added as it comes.
    """

    def end(*endings: tuple[list[Message], Ending]) -> list[Message]:
        tasks: list[Message] = []

        class Child:
            def start(self) -> None:
                pass

            def close(self) -> None:
                pass

            def __call__(self, task: Message, receive: Receive, *, time_limit_s: float) -> Ending:
                assert time_limit_s > 0
                messages, ending = endings[len(tasks)]
                tasks.append(task)
                for message in messages:
                    receive(message)
                return ending

        monkeypatch.setattr(solve_command, "ChildProcess", Child)
        return tasks

    return end


def hard(path: Path) -> Path:
    """Return the file of a problem with a plan that only a search finds."""
    problem = crowded_line(targets=(Target("small", 9),), excludes=(("ac", "ad"),))
    save(problem, path)
    return path


def test_a_claim_that_nothing_confirms_in_time_ends_with_nothing_known(
    tmp_path: Path, call: Call, children: Callable[..., list[Message]]
) -> None:
    children(([], Ending("infeasible", solver="HiGHS 1")), ([], Ending("time")))
    output = tmp_path / "r.json"
    code, _, err = call("solve", hard(tmp_path / "p.json"), "-o", output)
    assert code == 4
    assert "that no plan exists is the word of cuts with HiGHS 1 alone: cuts with" in err
    result = results.load(output)
    assert (result.status, result.termination) == ("none", "unconfirmed")


def test_a_confirmed_claim_ends_as_infeasible_and_names_who_confirmed_it(
    tmp_path: Path, call: Call, children: Callable[..., list[Message]]
) -> None:
    confirmed = ([], Ending("infeasible", solver="SCIP 10"))
    no_time = ([], Ending("time"))
    children(([], Ending("infeasible", solver="HiGHS 1")), confirmed, *[no_time] * 99)
    output = tmp_path / "r.json"
    assert call("solve", hard(tmp_path / "p.json"), "-o", output, "--solver", "highs")[0] == 3
    assert results.load(output).infeasible_by == ProofSource("search", "cuts", "SCIP 10")


def test_another_solver_takes_over_and_a_note_says_so(
    drawn: Path, call: Call, children: Callable[..., list[Message]]
) -> None:
    second = ([bound(6.0), plan("bc")], Ending("proof", "", "HiGHS 1", 0.5))
    tasks = children(([plan("ab")], Ending("crash", "the solver process ended with signal 11")), second)
    code, out, err = call("solve", drawn, "-o", drawn.parent / "r.json")
    assert code == 0
    assert "optimal: objective 6" in out
    assert "source of the bound: search, cuts with HiGHS 1" in out
    assert "Note: cuts failed (the solver process ended with signal 11); solved again by" in err
    assert [task["solver"] for task in tasks] == ["auto", "highs"]


def test_where_the_second_solver_fails_too_the_checked_plan_is_written(
    drawn: Path, call: Call, children: Callable[..., list[Message]]
) -> None:
    children(([plan("ab")], Ending("crash", "first")), ([plan("bc")], Ending("crash", "second")))
    code, _, err = call("solve", drawn, "-o", drawn.parent / "r.json")
    assert code == 4
    assert "the solver failed: first" in err
    assert results.load(drawn.parent / "r.json").built == ("ab",)


def test_a_bound_of_ones_own_that_is_not_confirmed_is_said_to_be_a_word(
    drawn: Path, tmp_path: Path, call: Call, children: Callable[..., list[Message]]
) -> None:
    own = tmp_path / "mine.py"
    own.write_text(
        "from optimiser.engine.methods.own_variant import Variant\n"
        "VARIANT = Variant(name='mine', about='Claims.', proves=True)\n"
        "def run(t, incumbent, task):\n    return 'proof', ''\n",
        encoding="utf-8",
    )
    claims = ([plan("ab"), bound(5.0)], Ending("proof", "", "", 1.0))
    children(claims, ([bound(8.0)], Ending("time", "", "HiGHS 1", 9.0)))
    code, out, err = call("solve", drawn, "-o", tmp_path / "r.json", "--variant", own)
    assert code == 10
    assert "bound 8, gap 60 %, NOT proven" in out
    assert "Note: the bound 5 is the word of mine alone: what is proved is 8." in err
    assert "our own prover did not confirm what the solver claims" in err


def test_verify_names_the_source_of_a_bound(drawn: Path, call: Call) -> None:
    output = drawn.parent / "r.json"
    assert call("solve", drawn, "-o", output)[0] == 0
    source = results.load(output).bound_source
    assert source is not None
    code, out, _ = call("verify", drawn, output)
    assert code == 10
    assert f"{output}: plan checked; the bound is the word of {source.word}." in " ".join(out.split())
    assert str(source) in " ".join(out.split())
    assert source.word in repr(results.load(output))
    code, out, _ = call("verify", drawn, output, "--json")
    found = json.loads(out)
    assert (code, found["is_checked"], found["certified_bound"]) == (10, False, None)
    assert found["bound_source"]["kind"] == source.kind
    assert call("certify", drawn, output)[0] == 0
    code, out, _ = call("verify", drawn, output)
    assert (code, "r.json: everything claimed is true." in " ".join(out.split())) == (0, True)
    found = json.loads(call("verify", drawn, output, "--json")[1])
    assert (found["is_checked"], found["certified_bound"]) == (True, 6)
    today = found["coverage_before"]
    assert today < 6
    nothing = {"built": [], "cost": 0} | dict.fromkeys(("coverage", "objective", "bound"), today)
    claim = json.loads(output.read_text()) | {"status": "optimal", "gap": 0.0} | nothing
    output.write_text(json.dumps(claim))  # a lie that no check of the plan finds
    code, out, _ = call("verify", drawn, output)
    assert code == 10
    words = f"a bound of 6, what is claimed beyond that is the word of {source.word}."
    assert f"{output}: plan checked; the certificate proves {words}" in " ".join(out.split())


def test_options_of_a_solver_are_words_with_a_value(call: Call, drawn: Path, tmp_path: Path) -> None:
    output = tmp_path / "result.json"
    words = ("solve", drawn, "-o", output, "--variant", "compact", "--solver", "highs")
    options = (
        "presolve=off",
        "mip_heuristic_effort=0.2",
        "mip_detect_symmetry=false",
        f"log_file={tmp_path}=b",
    )
    code, _, err = call(*words, *[text for one in options for text in ("--solver-option", one)])
    assert code == 0, err
    assert results.load(output).solver.endswith(
        f"(presolve = off, mip_heuristic_effort = 0.2, mip_detect_symmetry = False, log_file = {tmp_path}=b)"
    )
    code, _, err = call(*words, "--solver-option", "presolve")
    assert (code, "'presolve' is not NAME=VALUE" in err) == (2, True)
    code, _, err = call(*words, "--solver-option", "presolv=off")
    assert (code, "presolv is unknown" in err) == (2, True)
    assert "Nothing was solved" in err


def test_what_became_of_a_start_is_shown_and_kept(call: Call, drawn: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    call("solve", drawn, "-o", first)
    code, out, _ = call("solve", drawn, "-o", second, "--start", first)
    assert (code, results.load(second).start) == (0, "taken")
    assert "start: taken as the first plan" in out
